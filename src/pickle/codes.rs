//! Memo entries in about a byte each, or in a byte for several.
//!
//! What a stretch stores is mostly the next of its type, or the last once more: those take no
//! number. An instance with its state, its name and its tuple is one code.

use super::memo::{LET_GO, Packed, join};

/// How many types of packed entries there are.
pub(crate) const TAGS: usize = 16;

/// How an entry's number is told; the type stands in the low four bits.
const NEXT: u8 = 0 << 4;
const LAST: u8 = 1 << 4;
/// What nobody can refer to any more.
const GONE: u8 = 2 << 4;
/// The difference to the last of its type follows.
const OTHER: u8 = 3 << 4;
const HOW: u8 = 3 << 4;

/// An entry whose number was filled in later: how far it is from the first of its type in the
/// stretch, in two bytes.
const FILLED_IN: u8 = 0x40;
const MOST_FILLED_IN: u32 = u16::MAX as u32;

/// A code of several entries: those of [`Codes::append_instance`].
const INSTANCE: u8 = 0x80;
const ROW_IS_LAST: u8 = 0x01;
const HAS_TEXT: u8 = 0x02;
const TEXT_IS_LAST: u8 = 0x04;
/// The difference to the last text follows.
const TEXT_IS_OTHER: u8 = 0x08;
const HAS_TUPLE: u8 = 0x10;

/// The types of the entries of an instance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InstanceTags {
    pub(crate) row: u32,
    pub(crate) text: u32,
    pub(crate) state: u32,
    pub(crate) pair: u32,
    pub(crate) tuple: u32,
}

/// For each type the number that comes next, and the last.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Numbering {
    next: [u32; TAGS],
    last: [u32; TAGS],
}

impl Numbering {
    /// Before the first entry: the next number of each type.
    pub(crate) fn from(next: [u32; TAGS]) -> Numbering {
        Numbering { next, last: next }
    }

    #[inline(always)]
    fn take_next(&mut self, tag: u32) -> u32 {
        let tag = tag as usize;
        let number = self.next[tag];
        self.next[tag] = number.wrapping_add(1);
        self.last[tag] = number;
        number
    }

    #[inline(always)]
    fn take_other(&mut self, tag: u32, number: u32) {
        let tag = tag as usize;
        self.last[tag] = number;
        self.next[tag] = self.next[tag].max(number.wrapping_add(1));
    }
}

/// Writes codes.
#[derive(Default)]
pub(crate) struct Codes {
    bytes: Vec<u8>,
    count: usize,
    numbering: Numbering,
}

impl Codes {
    /// Drops all codes.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.count = 0;
    }

    /// Begins a stretch of its own behind the others, whose next numbers are these.
    pub(crate) fn begin(&mut self, next: [u32; TAGS]) {
        self.count = 0;
        self.numbering = Numbering::from(next);
    }

    /// The codes of all stretches.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many entries the last stretch has.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    #[inline]
    pub(crate) fn append(&mut self, (tag, number): Packed) {
        self.count += 1;
        let code = tag as u8;
        let place = tag as usize;
        if number == LET_GO {
            self.bytes.push(code | GONE);
        } else if number == self.numbering.next[place] {
            self.numbering.take_next(tag);
            self.bytes.push(code | NEXT);
        } else if number == self.numbering.last[place] {
            self.bytes.push(code | LAST);
        } else {
            let difference = number.wrapping_sub(self.numbering.last[place]);
            self.numbering.take_other(tag, number);
            self.bytes.push(code | OTHER);
            push_difference(&mut self.bytes, difference);
        }
    }

    /// Appends an entry whose number is not known yet; where to [`fill`](Self::fill) it in.
    pub(crate) fn append_open(&mut self, tag: u32) -> usize {
        self.count += 1;
        self.bytes.extend([tag as u8 | FILLED_IN, 0, 0]);
        self.bytes.len() - 2
    }

    /// Fills in how far a number is from the first; whether that fits.
    pub(crate) fn fill(&mut self, open: usize, from_first: u32) -> bool {
        let bytes = (from_first as u16).to_le_bytes();
        self.bytes[open..open + 2].copy_from_slice(&bytes);
        from_first <= MOST_FILLED_IN
    }

    /// Appends the entries of an instance: itself, its state, its name if that is stored here, the
    /// pair of None and the state, and the tuple that it is in, if there is one.
    #[inline(always)]
    pub(crate) fn append_instance(
        &mut self,
        tags: InstanceTags,
        row: u32,
        text: Option<u32>,
        tuple: Option<u32>,
    ) {
        let InstanceTags {
            row: row_tag,
            text: text_tag,
            state,
            pair,
            tuple: tuple_tag,
        } = tags;
        let numbering = &mut self.numbering;
        let row_is_last = row != numbering.next[row_tag as usize];
        let fits = (!row_is_last || row == numbering.last[row_tag as usize])
            && tuple.is_none_or(|tuple| tuple == numbering.next[tuple_tag as usize]);
        if !fits {
            self.append((row_tag, row));
            self.append((state, LET_GO));
            if let Some(text) = text {
                self.append((text_tag, text));
            }
            self.append((pair, LET_GO));
            if let Some(tuple) = tuple {
                self.append((tuple_tag, tuple));
            }
            return;
        }
        let mut code = INSTANCE;
        self.count += 3;
        if row_is_last {
            code |= ROW_IS_LAST;
        } else {
            numbering.take_next(row_tag);
        }
        if tuple.is_some() {
            code |= HAS_TUPLE;
            self.count += 1;
            numbering.take_next(tuple_tag);
        }
        let Some(text) = text else {
            self.bytes.push(code);
            return;
        };
        self.count += 1;
        code |= HAS_TEXT;
        let place = text_tag as usize;
        if text == numbering.last[place] {
            self.bytes.push(code | TEXT_IS_LAST);
        } else if text == numbering.next[place] {
            numbering.take_next(text_tag);
            self.bytes.push(code);
        } else {
            let difference = text.wrapping_sub(numbering.last[place]);
            numbering.take_other(text_tag, text);
            self.bytes.push(code | TEXT_IS_OTHER);
            push_difference(&mut self.bytes, difference);
        }
    }
}

/// Small differences, of either sign, take one byte.
fn push_difference(bytes: &mut Vec<u8>, difference: u32) {
    let mut left = (difference << 1) ^ ((difference as i32 >> 31) as u32);
    while left >= 0x80 {
        bytes.push(left as u8 | 0x80);
        left >>= 7;
    }
    bytes.push(left as u8);
}

/// The entries that codes stand for.
pub(crate) struct Entries<'c> {
    bytes: std::slice::Iter<'c, u8>,
    numbering: Numbering,
    /// The first number of each type.
    first: [u32; TAGS],
    tags: InstanceTags,
    /// Entries of an instance that are still to come, the next one last.
    waiting: [u32; 4],
    waiting_count: usize,
}

impl<'c> Entries<'c> {
    /// Of codes that were written from these next numbers on.
    pub(crate) fn of(bytes: &'c [u8], next: [u32; TAGS], tags: InstanceTags) -> Entries<'c> {
        Entries {
            bytes: bytes.iter(),
            numbering: Numbering::from(next),
            first: next,
            tags,
            waiting: [0; 4],
            waiting_count: 0,
        }
    }

    fn byte(&mut self) -> Option<u8> {
        self.bytes.next().copied()
    }

    fn difference(&mut self) -> Option<u32> {
        let (mut folded, mut shift) = (0_u32, 0);
        loop {
            let byte = self.byte()?;
            folded |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
            shift += 7;
        }
        Some((folded >> 1) ^ (folded & 1).wrapping_neg())
    }

    fn other(&mut self, tag: u32) -> Option<u32> {
        let difference = self.difference()?;
        let number = self.numbering.last[tag as usize].wrapping_add(difference);
        self.numbering.take_other(tag, number);
        Some(number)
    }

    fn wait(&mut self, entry: Packed) {
        self.waiting[self.waiting_count] = join(entry);
        self.waiting_count += 1;
    }
}

impl Iterator for Entries<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        if self.waiting_count > 0 {
            self.waiting_count -= 1;
            return Some(self.waiting[self.waiting_count]);
        }
        let code = self.byte()?;
        let tag = u32::from(code & 0x0f);
        if code & (INSTANCE | FILLED_IN) == FILLED_IN {
            let from_first = u16::from_le_bytes([self.byte()?, self.byte()?]);
            let number = self.first[tag as usize].wrapping_add(from_first.into());
            return Some(join((tag, number)));
        }
        if code & INSTANCE == 0 {
            let number = match code & HOW {
                NEXT => self.numbering.take_next(tag),
                LAST => self.numbering.last[tag as usize],
                GONE => LET_GO,
                _ => self.other(tag)?,
            };
            return Some(join((tag, number)));
        }
        let tags = self.tags;
        let row = match code & ROW_IS_LAST {
            0 => self.numbering.take_next(tags.row),
            _ => self.numbering.last[tags.row as usize],
        };
        if code & HAS_TUPLE != 0 {
            let tuple = self.numbering.take_next(tags.tuple);
            self.wait((tags.tuple, tuple));
        }
        self.wait((tags.pair, LET_GO));
        if code & HAS_TEXT != 0 {
            let text = if code & TEXT_IS_LAST != 0 {
                self.numbering.last[tags.text as usize]
            } else if code & TEXT_IS_OTHER != 0 {
                self.other(tags.text)?
            } else {
                self.numbering.take_next(tags.text)
            };
            self.wait((tags.text, text));
        }
        self.wait((tags.state, LET_GO));
        Some(join((tags.row, row)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OF: InstanceTags = InstanceTags {
        row: 7,
        text: 1,
        state: 3,
        pair: 12,
        tuple: 9,
    };

    #[derive(Clone, Debug)]
    enum Step {
        One(Packed),
        /// Filled in when all are written: the type, and how far from the first.
        Open(u32, u16),
        Instance(u32, Option<u32>, Option<u32>),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let number = || prop_oneof![0..6_u32, 0..LET_GO, Just(LET_GO - 1)];
        let open = (0..TAGS as u32, any::<u16>()).prop_map(|(tag, far)| Step::Open(tag, far));
        let one = (0..TAGS as u32, prop_oneof![number(), Just(LET_GO)]).prop_map(Step::One);
        let instance = (
            number(),
            proptest::option::of(number()),
            proptest::option::of(number()),
        );
        let instance = instance.prop_map(|(row, text, tuple)| Step::Instance(row, text, tuple));
        proptest::collection::vec(prop_oneof![one, open, instance], 0..200)
    }

    proptest! {
        /// The expectation is the plain list of entries.
        #[test]
        fn entries_come_back(steps in steps(), first in 0..3_u32) {
            let mut codes = Codes::default();
            codes.begin([first; TAGS]);
            let (mut expected, mut opens) = (Vec::new(), Vec::new());
            for step in steps {
                match step {
                    Step::One(entry) => {
                        codes.append(entry);
                        expected.push(join(entry));
                    }
                    Step::Open(tag, far) => {
                        opens.push((codes.append_open(tag), far));
                        expected.push(join((tag, first + u32::from(far))));
                    }
                    Step::Instance(row, text, tuple) => {
                        codes.append_instance(OF, row, text, tuple);
                        expected.extend([join((OF.row, row)), join((OF.state, LET_GO))]);
                        expected.extend(text.map(|text| join((OF.text, text))));
                        expected.push(join((OF.pair, LET_GO)));
                        expected.extend(tuple.map(|tuple| join((OF.tuple, tuple))));
                    }
                }
            }
            for (open, far) in opens {
                prop_assert!(codes.fill(open, far.into()));
            }
            let entries: Vec<u32> = Entries::of(codes.bytes(), [first; TAGS], OF).collect();
            prop_assert_eq!(codes.count(), expected.len());
            prop_assert_eq!(entries, expected);
        }
    }
}
