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

/// How many bytes of long texts a block may show that is made apart from others.
const BYTES_OF_A_BLOCK: usize = 1 << 20;

/// So many characters are left of a text that would be too much.
const LEFT_CHARACTERS: usize = 40;

/// Which long texts a report has shown, and how much it may repeat.
pub(crate) struct LongTexts {
    /// Where they stand in memory.
    shown: HashSet<usize, FixedState>,
    left_bytes: usize,
    /// Whether some were cut.
    pub(crate) is_cut: bool,
    /// Whether all are shown whole, so that none is counted.
    is_whole: bool,
    /// What a block showed that is made apart from others; `None` for the report itself.
    block: Option<Block>,
}

/// Long texts of a block of rows.
#[derive(Default)]
struct Block {
    /// How many rows began.
    rows: usize,
    /// The row, the place in memory and the bytes of each.
    texts: Vec<(usize, usize, usize)>,
    bytes: usize,
}

impl LongTexts {
    /// Those of a report that has shown nothing.
    pub(crate) fn new() -> Self {
        LongTexts {
            shown: HashSet::default(),
            left_bytes: BYTES_TO_START,
            is_cut: false,
            is_whole: false,
            block: None,
        }
    }

    /// Those of a report that clips them itself.
    pub(crate) fn whole() -> Self {
        LongTexts {
            is_whole: true,
            ..LongTexts::new()
        }
    }

    pub(crate) fn begin_row(&mut self) {
        self.left_bytes = self.left_bytes.saturating_add(BYTES_PER_ROW);
        if let Some(block) = &mut self.block {
            block.rows += 1;
        }
    }

    /// Begins a block of rows that are made apart from those before and behind them. It shows all of
    /// every text; whether the report may do so is asked when the block takes its place:
    /// [`LongTexts::book`].
    pub(crate) fn begin_block(&mut self) {
        let block = self.block.get_or_insert_default();
        (block.rows, block.bytes) = (0, 0);
        block.texts.clear();
        self.is_cut = false;
    }

    /// Whether the block showed no more than it may.
    pub(crate) fn is_within_bounds(&self) -> bool {
        !self.is_cut
    }

    /// Counts what a block showed that is [within bounds](LongTexts::is_within_bounds). `false`, and
    /// nothing is counted, if some of it would have been cut.
    pub(crate) fn book(&mut self, block: &LongTexts) -> bool {
        let Some(block) = &block.block else {
            return true;
        };
        let mut left = self.left_bytes;
        let mut rows = 0;
        let mut new = Vec::new();
        for &(row, place, bytes) in &block.texts {
            left = left.saturating_add((row - rows).saturating_mul(BYTES_PER_ROW));
            rows = row;
            if self.shown.insert(place) {
                new.push(place);
            } else if let Some(rest) = left.checked_sub(bytes) {
                left = rest;
            } else {
                new.iter().for_each(|place| {
                    self.shown.remove(place);
                });
                return false;
            }
        }
        self.left_bytes = left.saturating_add((block.rows - rows).saturating_mul(BYTES_PER_ROW));
        true
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
        if self.is_whole {
            return text;
        }
        let bytes = text.as_bytes();
        if let Some(block) = &mut self.block {
            block.bytes = block.bytes.saturating_add(bytes.len());
            self.is_cut |= block.bytes > BYTES_OF_A_BLOCK;
            if self.is_cut {
                return text.head(LEFT_CHARACTERS);
            }
            let place = bytes.as_ptr().addr();
            block.texts.push((block.rows, place, bytes.len()));
            return text;
        }
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

    /// Blocks that are made apart show and count what one thread does, up to the one that cannot.
    #[test]
    fn blocks_count_as_their_rows_do() {
        let long: Vec<String> = (0..8).map(|n| "x".repeat(250_000 + n)).collect();
        let [mut all, mut booked, mut block] = [(); 3].map(|()| LongTexts::new());
        let rows = |texts: &mut LongTexts, block: usize| -> Vec<usize> {
            let row = |row: usize| {
                texts.begin_row();
                let text = &long[(block * 7 + row * row) % long.len()];
                texts.shown(Text::new(text)).as_bytes().len()
            };
            (0..3).map(row).collect()
        };
        let mut booked_blocks = 0;
        loop {
            let expected = rows(&mut all, booked_blocks);
            block.begin_block();
            let made = rows(&mut block, booked_blocks);
            assert!(block.is_within_bounds());
            if !booked.book(&block) {
                assert_ne!(made, expected);
                // Nothing of it is counted.
                assert_eq!(rows(&mut booked, booked_blocks), expected);
                break;
            }
            assert_eq!(made, expected);
            booked_blocks += 1;
        }
        assert_eq!(booked.left_bytes, all.left_bytes);
        assert!((20..40).contains(&booked_blocks), "{booked_blocks}");
    }

    #[test]
    fn a_block_shows_so_much_and_no_more() {
        let mut block = LongTexts::new();
        let long = "x".repeat(BYTES_OF_A_BLOCK / 2);
        block.begin_block();
        for _ in 0..2 {
            assert_eq!(block.shown(Text::new(&long)), Text::new(&long));
        }
        assert!(block.is_within_bounds());
        block.shown(Text::new(&long));
        assert!(!block.is_within_bounds());
        block.begin_block();
        assert!(block.is_within_bounds());
    }
}
