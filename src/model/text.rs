//! Text of a dump: class names, reprs, descriptions, source lines.
//!
//! Python text may hold lone surrogates, so it is kept as WTF-8: UTF-8 in which a
//! surrogate has its three-byte form. All of it stands in one arena.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::TryReserveError;
use std::fmt;
use std::hash::{Hash, Hasher};

use crate::room::make_room;

/// The number of a text in a dump's arena.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, bincode::Decode, bincode::Encode,
)]
pub(crate) struct TextId(pub(crate) u32);

impl TextId {
    /// Stands for Python's `None`, which prints as `None` and is no text.
    pub(crate) const NONE: TextId = TextId(u32::MAX);

    /// Stands for the text that a stretch of a pickle refers to and does not hold itself: which one,
    /// by its number among those. Only while the stretch is decoded apart from the rest.
    pub(crate) fn outside(number: u32) -> Option<TextId> {
        (number <= MOST_OUTSIDE).then(|| TextId(FIRST_OUTSIDE + number))
    }

    /// The number that [`outside`](Self::outside) was given.
    #[inline]
    pub(crate) fn outside_number(self) -> Option<u32> {
        let number = self.0.checked_sub(FIRST_OUTSIDE)?;
        (number <= MOST_OUTSIDE).then_some(number)
    }
}

/// Numbers that no arena reaches in the memory that there is.
const FIRST_OUTSIDE: u32 = 0xf000_0000;
const MOST_OUTSIDE: u32 = 0x00ff_ffff;

#[derive(Clone, Debug, Default)]
pub(crate) struct TextArena {
    bytes: Vec<u8>,
    /// Where each text ends; it begins where the one before it ends.
    ends: Vec<u64>,
}

impl TextArena {
    /// Keeps a text. `None` when there are 2³² − 1 already.
    #[inline]
    pub(crate) fn push(&mut self, wtf8: &[u8]) -> Option<TextId> {
        let number = u32::try_from(self.ends.len())
            .ok()
            .filter(|&n| n != u32::MAX)?;
        self.bytes.extend_from_slice(wtf8);
        self.ends.push(self.bytes.len() as u64);
        Some(TextId(number))
    }

    pub(crate) fn make_room(&mut self) -> Result<(), TryReserveError> {
        make_room(&mut self.bytes)?;
        make_room(&mut self.ends)
    }

    /// Drops all but the first texts.
    pub(crate) fn truncate(&mut self, texts: usize) {
        self.ends.truncate(texts);
        let end = self.ends.last().copied().unwrap_or(0);
        self.bytes.truncate(end as usize);
    }

    pub(crate) fn held_bytes(&self) -> usize {
        self.bytes.len() + size_of_val(&self.ends[..])
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Where each text ends; it begins where the one before it ends.
    pub(crate) fn ends(&self) -> &[u64] {
        &self.ends
    }

    /// All texts, one behind the other.
    pub(crate) fn all_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// An arena of texts that end there; `None` if they do not end in these bytes.
    pub(crate) fn from_parts(ends: Vec<u64>, bytes: Vec<u8>) -> Option<Self> {
        let whole = ends.is_sorted()
            && ends.last().copied().unwrap_or(0) == bytes.len() as u64
            && u32::try_from(ends.len()).is_ok();
        whole.then_some(TextArena { bytes, ends })
    }

    /// A text's bytes; those of `None` for [`TextId::NONE`].
    #[inline]
    pub(crate) fn bytes(&self, id: TextId) -> &[u8] {
        let index = id.0 as usize;
        let Some(&end) = self.ends.get(index) else {
            return b"None";
        };
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start as usize..end as usize]
    }

    #[inline]
    pub(crate) fn get(&self, id: TextId) -> Text<'_> {
        Text(self.bytes(id))
    }
}

/// A text of the dump, as Python held it.
///
/// Ordered by code point, as Python orders `str`.
#[derive(Clone, Copy)]
pub struct Text<'d>(&'d [u8]);

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        // Many objects may share one text of megabytes, which is then not looked at.
        std::ptr::eq(self.0, other.0) || self.0 == other.0
    }
}

impl Eq for Text<'_> {}

impl Ord for Text<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        if std::ptr::eq(self.0, other.0) {
            return Ordering::Equal;
        }
        self.0.cmp(other.0)
    }
}

impl PartialOrd for Text<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Text<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<'d> Text<'d> {
    /// Wraps ordinary text.
    pub fn new(text: &'d str) -> Self {
        Text(text.as_bytes())
    }

    pub(crate) fn from_wtf8(wtf8: &'d [u8]) -> Self {
        Text(wtf8)
    }

    /// Its bytes in WTF-8: UTF-8, but lone surrogates have their three-byte form.
    pub fn as_bytes(self) -> &'d [u8] {
        self.0
    }

    /// The text as UTF-8, each lone surrogate written as `\udc80`.
    pub fn to_str(self) -> Cow<'d, str> {
        match str::from_utf8(self.0) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(
                self.code_points()
                    .map(|code| match char::from_u32(code) {
                        Some(c) => c.to_string(),
                        None => format!("\\u{code:04x}"),
                    })
                    .collect(),
            ),
        }
    }

    /// Whether it has no characters.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Its first code points, at most `count`. Looks at no more of it than that.
    pub fn head(self, count: usize) -> Text<'d> {
        let starts = self
            .0
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte & 0xc0 != 0x80);
        let end = starts.map(|(at, _)| at).nth(count);
        Text(&self.0[..end.unwrap_or(self.0.len())])
    }

    /// Its last code points, at most `count`. Looks at no more of it than that.
    pub fn tail(self, count: usize) -> Text<'d> {
        if count == 0 {
            return Text(b"");
        }
        let starts = self
            .0
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, byte)| **byte & 0xc0 != 0x80);
        let start = starts.map(|(at, _)| at).nth(count - 1);
        Text(&self.0[start.unwrap_or(0)..])
    }

    /// Without white space at both ends.
    pub fn trim(self) -> Text<'d> {
        Text(str::from_utf8(self.0).map_or(self.0.trim_ascii(), |text| text.trim().as_bytes()))
    }

    /// Whether `part` occurs in it, case-sensitive. The empty text occurs everywhere.
    pub fn contains(self, part: &str) -> bool {
        memchr::memmem::find(self.0, part.as_bytes()).is_some()
    }

    /// Its code points, surrogates included.
    pub fn code_points(self) -> impl Iterator<Item = u32> + 'd {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (&lead, _) = rest.split_first()?;
            let (length, bits) = match lead {
                0..0x80 => (1, u32::from(lead)),
                0x80..0xe0 => (2, u32::from(lead & 0x1f)),
                0xe0..0xf0 => (3, u32::from(lead & 0x0f)),
                _ => (4, u32::from(lead & 0x07)),
            };
            let length = rest.len().min(length);
            let (head, tail) = rest.split_at(length);
            rest = tail;
            Some(
                head[1..]
                    .iter()
                    .fold(bits, |code, &b| code << 6 | u32::from(b & 0x3f)),
            )
        })
    }
}

impl serde::Serialize for Text<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_str())
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_str(), f)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_by_number() {
        let mut arena = TextArena::default();
        let a = arena.push(b"").unwrap();
        let b = arena.push("aé\u{1f600}".as_bytes()).unwrap();
        assert_eq!(arena.bytes(a), b"");
        assert_eq!(arena.get(b).to_str(), "aé\u{1f600}");
        assert_eq!(arena.get(TextId::NONE).to_str(), "None");
    }

    #[test]
    fn heads_and_tails_are_cut_between_characters() {
        let text = Text::new("aé\u{1f600}z");
        assert_eq!(text.head(2), Text::new("aé"));
        assert_eq!(text.tail(2), Text::new("\u{1f600}z"));
        assert_eq!((text.head(9), text.tail(9)), (text, text));
        assert!(text.head(0).is_empty() && text.tail(0).is_empty());
    }

    #[test]
    fn lone_surrogates_are_code_points() {
        let text = Text(b"a\xed\xb2\x80\xc3\xa9");
        assert_eq!(text.code_points().collect::<Vec<_>>(), [0x61, 0xdc80, 0xe9]);
        assert_eq!(text.to_str(), "a\\udc80é");
    }
}
