//! Long texts that stand in a report again and again. A file may refer to one text of megabytes
//! from a million places for two bytes each; reports write it out where it first comes, and later
//! as long as that stays in proportion to what else they list.

use std::collections::HashSet;

use foldhash::fast::FixedState;

use crate::model::Text;

/// Texts of so many bytes are not counted. Pympler clips reprs to 128 characters and names of
/// referents to 80.
const SHORT_BYTES: usize = 200;

/// How many bytes may be repeated to start with, and for each row of a report.
const BYTES_TO_START: usize = 16 << 20;
const BYTES_PER_ROW: usize = 1 << 10;

/// So many characters are left of a text that would be too much.
const LEFT_CHARACTERS: usize = 40;

/// Which long texts a report has shown, and how much it may repeat.
pub(crate) struct LongTexts {
    /// Where they stand in memory.
    shown: HashSet<usize, FixedState>,
    left_bytes: usize,
    /// Whether some were cut.
    pub(crate) is_cut: bool,
}

impl LongTexts {
    /// Those of a report that has shown nothing.
    pub(crate) fn new() -> Self {
        LongTexts {
            shown: HashSet::default(),
            left_bytes: BYTES_TO_START,
            is_cut: false,
        }
    }

    /// Those of a report that shows none of them whole.
    pub(crate) fn whole() -> Self {
        LongTexts {
            left_bytes: usize::MAX,
            ..LongTexts::new()
        }
    }

    pub(crate) fn begin_row(&mut self) {
        self.left_bytes = self.left_bytes.saturating_add(BYTES_PER_ROW);
    }

    /// As much of a text as this row shows.
    #[inline]
    pub(crate) fn shown<'d>(&mut self, text: Text<'d>) -> Text<'d> {
        if text.as_bytes().len() <= SHORT_BYTES {
            return text;
        }
        self.long(text)
    }

    #[cold]
    fn long<'d>(&mut self, text: Text<'d>) -> Text<'d> {
        let bytes = text.as_bytes();
        if self.shown.insert(bytes.as_ptr().addr()) {
            return text;
        }
        match self.left_bytes.checked_sub(bytes.len()) {
            Some(left) => {
                self.left_bytes = left;
                text
            }
            None => {
                self.is_cut = true;
                text.head(LEFT_CHARACTERS)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_is_bounded_and_what_does_not_is_whole() {
        let mut texts = LongTexts::new();
        let (short, long) = ("s".repeat(200), "x".repeat(1 << 20));
        let [short, long] = [&short, &long].map(|text| Text::new(text));
        let shown = (0..100_000).filter(|_| texts.shown(long) == long).count();
        assert_eq!(shown, 1 + 16);
        assert_eq!(texts.shown(long), Text::new(&"x".repeat(40)));
        assert!(texts.is_cut);
        assert_eq!(texts.shown(short), short);
        // Others are shown at least once, and more of them the more rows there are.
        let other = "y".repeat(1 << 20);
        assert_eq!(texts.shown(Text::new(&other)), Text::new(&other));
        (0..1024).for_each(|_| texts.begin_row());
        assert_eq!(texts.shown(long), long);
    }
}
