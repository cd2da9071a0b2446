//! What the pickle may refer back to.
//!
//! A pickle memoizes nearly everything that it writes and reads almost none of it
//! again: a dump of a million objects has tens of millions of entries. So an entry
//! is four bytes: four bits for the type, the rest for the number. What does not fit
//! stands in a side table. Entries of what other threads decoded come as a [`Segment`] each.

use std::cell::RefCell;
use std::collections::{HashMap, TryReserveError};

use foldhash::fast::FixedState;

use super::codes::InstanceTags;
use super::fault::{Outcome, malformed, no_memory, too_large};
use super::segment::Segment;
use super::value::Value;
use crate::room::{is_short, make_room};

const NUMBER_BITS: u32 = 28;
pub(super) const NUMBER_MASK: u32 = (1 << NUMBER_BITS) - 1;

/// The number of a dict that was let go before the memo came to know it: no living one has it.
pub(crate) const LET_GO: u32 = NUMBER_MASK;

/// From so many on, equal entries in a row are kept as one. No pickler stores a value twice.
const LEAST_RUN: usize = 1 << 16;

/// Fewer entries are not worth a segment.
const LEAST_PACKED: usize = 256;

/// Entries far beyond the count. No pickler leaves gaps at all.
const SPARSE_LIMIT: usize = 1 << 20;

const UNSET: u32 = 0;
const TEXT: u32 = 1;
const LIST: u32 = 2;
const DICT: u32 = 3;
const TUPLE: u32 = 4;
const CLASS: u32 = 5;
const SIDE: u32 = 6;
/// The builder's kinds follow from here; kinds beyond the four bits stand aside.
const BUILT: u32 = 7;

/// A type and a number below 2²⁸.
pub(crate) type Packed = (u32, u32);

/// The four bytes of an entry.
#[inline(always)]
pub(super) const fn join((tag, number): Packed) -> u32 {
    tag << NUMBER_BITS | number
}

/// The type and the number of an entry.
#[inline(always)]
pub(crate) const fn split(entry: u32) -> Packed {
    (entry >> NUMBER_BITS, entry & NUMBER_MASK)
}

/// The types of packed entries that shortcuts meet or make.
pub(crate) mod packed {
    use super::{BUILT, CLASS, DICT, LET_GO, LIST, NUMBER_MASK, Packed, TEXT};
    use crate::pickle::Kind;

    /// The largest number that an entry has room for.
    pub(crate) const MOST: u32 = NUMBER_MASK;
    pub(crate) use super::split;

    pub(crate) const TEXT_TAG: u32 = TEXT;
    pub(crate) const LIST_TAG: u32 = LIST;
    pub(crate) const CLASS_TAG: u32 = CLASS;
    pub(crate) const STATE_TAG: u32 = DICT;
    /// A state that is gone by the time anybody could ask for it.
    pub(crate) const STATE: Packed = (DICT, LET_GO);

    /// The tag of a kind of finished value. Only for kinds below 9.
    pub(crate) const fn built_tag(kind: Kind) -> u32 {
        BUILT + kind as u32
    }

    pub(crate) const fn list(number: u32) -> Packed {
        (LIST, number)
    }

    pub(crate) const fn text(number: u32) -> Packed {
        (TEXT, number)
    }
}

/// The end of a memo, as shortcuts see it.
pub(crate) trait MemoEnd {
    /// Whether it is of a stretch that is decoded apart from what comes before it.
    const IS_APART: bool;

    /// How many entries stand beside each other, if all are numbered without gaps and MEMOIZE would
    /// go on behind the last: what a shortcut needs.
    fn length(&self) -> Option<usize>;

    /// Changes whenever an entry may have come to mean something else.
    fn state(&self) -> u64;

    /// Appends an entry behind the last, as MEMOIZE does. `false`: the shortcut has to give up.
    fn append(&mut self, entry: Packed) -> bool;

    /// Appends the entries of an instance: itself, its state, its name if that is stored here, the
    /// pair of None and the state, and the tuple that it is in, if there is one. `false`: the
    /// shortcut has to give up.
    fn append_instance(
        &mut self,
        tags: InstanceTags,
        row: u32,
        text: Option<u32>,
        tuple: Option<u32>,
    ) -> bool;

    /// Replaces an entry that a shortcut appended, by what [`length`](Self::length) was before it.
    fn replace(&mut self, index: usize, entry: Packed);

    /// Appends an entry of this type whose number is not known yet; where to [`fill`](Self::fill)
    /// it in.
    fn append_open(&mut self, tag: u32) -> usize;

    /// Fills in the number of an entry, before anybody asks for it. `false`: the shortcut has to give
    /// up.
    fn fill(&mut self, open: usize, entry: Packed) -> bool;

    /// Takes back what a shortcut appended.
    fn truncate(&mut self, length: usize);

    /// An entry as it is packed, if it has one of the types that need no side table.
    fn packed(&self, number: usize) -> Option<Packed>;
}

#[derive(Default)]
pub(crate) struct Memo {
    /// Entries by number, packed. Zero: never stored.
    dense: Vec<u32>,
    /// How many of the dense entries were never stored.
    gaps: usize,
    /// Values that do not pack.
    side: Vec<Value>,
    /// Entries far beyond the count, which only odd files have.
    sparse: HashMap<u32, Value>,
    /// How often an entry was stored under a number of its own choice, perhaps again.
    stored: u64,
    /// Entries in a row that do not stand among the dense ones. There are none where there are gaps.
    runs: Vec<Run>,
    /// Whether any of them is one entry under many numbers.
    has_equal: bool,
    /// Whether such were put back once, and stay there.
    stays_unfolded: bool,
    /// Entries of segments that were asked for lately, by their numbers: many objects refer to the
    /// same texts.
    asked: RefCell<HashMap<usize, u32, FixedState>>,
}

/// Entries under many numbers in a row.
struct Run {
    /// The first number.
    start: usize,
    length: usize,
    entries: Entries,
    /// How many dense entries stand before it.
    dense: usize,
}

enum Entries {
    /// All are this one: in the file each is one byte.
    Equal(u32),
    /// What another thread decoded.
    Segment(Box<Segment>),
}

/// How many entries of segments are remembered.
const MOST_ASKED: usize = 1 << 12;

impl Memo {
    #[inline]
    fn pack(&mut self, value: Value) -> u32 {
        let (tag, number) = match value {
            Value::Text(n) => (TEXT, n),
            Value::Built(kind, n) => (BUILT + u32::from(kind), n),
            Value::List(n) => (LIST, n),
            Value::Dict(n) => (DICT, n),
            Value::Tuple(n) => (TUPLE, n),
            Value::Class(n) => (CLASS, n),
            _ => (16, 0),
        };
        if tag < 16 && number < NUMBER_MASK {
            return join((tag, number));
        }
        // The same value memoized over and over costs one.
        if self.side.last() != Some(&value) {
            self.side.push(value);
        }
        join((SIDE, (self.side.len() - 1) as u32))
    }

    /// How many numbers were stored: where MEMOIZE stores next, as in CPython.
    pub(crate) fn count(&self) -> usize {
        self.entry_count() - self.gaps + self.sparse.len()
    }

    /// How many entries there are beside the sparse ones, gaps among them.
    fn entry_count(&self) -> usize {
        let runs = self.runs.last();
        // Behind the last run the dense entries go on.
        let taken_out = runs.map_or(0, |run| run.start + run.length - run.dense);
        taken_out + self.dense.len()
    }

    /// Bytes that it would take if all entries stood side by side: what is refused must not depend
    /// on how they are kept.
    pub(crate) fn held_bytes(&self) -> usize {
        self.entry_count() * size_of::<u32>()
            + size_of_val(&self.side[..])
            + self.sparse.capacity() * size_of::<(u32, Value)>()
    }

    /// Makes room for what the next stretch of the pickle may add.
    pub(crate) fn make_room(&mut self) -> Result<(), TryReserveError> {
        if is_short(&self.dense) {
            self.fold();
        }
        make_room(&mut self.dense)?;
        make_room(&mut self.side)
    }

    /// Stores under the next free number.
    #[inline]
    pub(crate) fn memoize(&mut self, value: Value) -> Outcome<()> {
        let is_plain = !self.has_equal && self.dense_length().is_some();
        if is_plain && self.side.len() < NUMBER_MASK as usize {
            let packed = self.pack(value);
            if self.dense.len() == self.dense.capacity() {
                self.fold();
            }
            self.dense.push(packed);
            return Ok(());
        }
        self.memoize_oddly(value)
    }

    /// The same where there are gaps or runs.
    #[cold]
    fn memoize_oddly(&mut self, value: Value) -> Outcome<()> {
        if self.runs.is_empty() || self.side.len() >= NUMBER_MASK as usize {
            return self.put(self.count() as u64, value);
        }
        let packed = self.pack(value);
        if let Some(run) = self.runs.last_mut()
            && run.dense == self.dense.len()
            && matches!(run.entries, Entries::Equal(entry) if entry == packed)
        {
            run.length += 1;
            return Ok(());
        }
        if self.dense.len() == self.dense.capacity() {
            self.fold();
        }
        self.dense.push(packed);
        Ok(())
    }

    /// Takes a run off the end of the dense entries, if most of them are one. Asked only when
    /// their room runs out, so that it costs honest files nothing.
    #[cold]
    fn fold(&mut self) {
        let before = self.runs.last().map_or(0, |run| run.dense);
        let fresh = &self.dense[before..];
        let Some(&entry) = fresh.last().filter(|_| !self.stays_unfolded) else {
            return;
        };
        let length = fresh.iter().rev().take_while(|&&e| e == entry).count();
        if length < LEAST_RUN.max(fresh.len() / 2) {
            return;
        }
        let start = self.count() - length;
        let dense = self.dense.len() - length;
        self.dense.truncate(dense);
        self.dense.shrink_to_fit();
        self.has_equal = true;
        self.runs.push(Run {
            start,
            length,
            entries: Entries::Equal(entry),
            dense,
        });
    }

    /// Appends what another thread decoded, as so many MEMOIZE do. Only where
    /// [`dense_length`](Self::dense_length) tells that there are no gaps.
    pub(crate) fn append_segment(&mut self, segment: Box<Segment>) {
        self.pack_tail(segment.tags());
        if segment.len() < LEAST_PACKED {
            self.dense.extend(segment.entries());
            return;
        }
        let start = self.count();
        self.push_run(start, segment);
    }

    /// Packs what was stored since the last segment, so that it takes no more than that.
    fn pack_tail(&mut self, tags: InstanceTags) {
        // What stands before the first is asked for over and over.
        let Some(run) = self.runs.last() else {
            return;
        };
        let (start, dense) = (run.start + run.length, run.dense);
        if self.dense.len() - dense >= LEAST_PACKED {
            let segment = Segment::of_whole(&self.dense[dense..], tags);
            self.dense.truncate(dense);
            self.push_run(start, Box::new(segment));
        }
    }

    fn push_run(&mut self, start: usize, segment: Box<Segment>) {
        let length = segment.len();
        self.runs.push(Run {
            start,
            length,
            entries: Entries::Segment(segment),
            dense: self.dense.len(),
        });
    }

    /// Puts all runs back among the dense entries, each of which can then be replaced.
    fn unfold(&mut self) -> Result<(), TryReserveError> {
        let length = self.entry_count();
        let folded = std::mem::take(&mut self.dense);
        self.dense.try_reserve(length)?;
        let mut next = 0;
        for run in std::mem::take(&mut self.runs) {
            self.dense.extend_from_slice(&folded[next..run.dense]);
            match run.entries {
                Entries::Equal(entry) => self.dense.resize(run.start + run.length, entry),
                Entries::Segment(segment) => self.dense.extend(segment.entries()),
            }
            next = run.dense;
        }
        self.dense.extend_from_slice(&folded[next..]);
        self.stays_unfolded |= std::mem::take(&mut self.has_equal);
        Ok(())
    }

    /// The entry of a number; unset where none was stored.
    #[inline]
    fn entry(&self, number: usize) -> Option<u32> {
        // Most ask for one of the first.
        match self.runs.first() {
            Some(run) if number >= run.start => self.among_runs(number),
            _ => self.dense.get(number).copied(),
        }
    }

    /// The entry of a number, where there are runs.
    #[cold]
    fn among_runs(&self, number: usize) -> Option<u32> {
        let before = self.runs.partition_point(|run| run.start <= number);
        match self.runs[..before].last() {
            None => self.dense.get(number).copied(),
            Some(run) if number - run.start < run.length => Some(match &run.entries {
                Entries::Equal(entry) => *entry,
                Entries::Segment(segment) => self.in_segment(number, segment, run.start),
            }),
            Some(run) => {
                let behind = number - run.start - run.length;
                self.dense.get(run.dense + behind).copied()
            }
        }
    }

    /// An entry of a segment, which may have been asked for not long ago.
    fn in_segment(&self, number: usize, segment: &Segment, start: usize) -> u32 {
        let mut asked = self.asked.borrow_mut();
        if asked.len() >= MOST_ASKED {
            asked.clear();
        }
        let entry = asked.entry(number);
        *entry.or_insert_with(|| segment.entry(number - start))
    }

    /// How many entries stand beside each other; see [`MemoEnd::length`]. Segments do not count.
    #[inline]
    pub(crate) fn dense_length(&self) -> Option<usize> {
        let is_plain = self.gaps == 0 && self.sparse.is_empty();
        is_plain.then_some(self.dense.len())
    }

    /// The first entries, at most so many of them, as long as no segment came before.
    pub(crate) fn first_entries(&self, most: usize) -> &[u32] {
        let dense = self.runs.first().map_or(self.dense.len(), |run| run.dense);
        &self.dense[..dense.min(most)]
    }

    #[inline(always)]
    fn append_all<const N: usize>(&mut self, entries: [Packed; N]) -> bool {
        let fits = entries.iter().all(|entry| entry.1 <= NUMBER_MASK);
        self.dense.extend_from_slice(&entries.map(join));
        fits
    }

    /// Stores under a given number.
    pub(crate) fn put(&mut self, number: u64, value: Value) -> Outcome<()> {
        self.stored += 1;
        if !self.runs.is_empty() {
            self.unfold().map_err(no_memory)?;
        }
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        if self.side.len() >= NUMBER_MASK as usize {
            return Err(too_large("more memo entries than ctstats counts to"));
        }
        // Picklers number on and on; a gap is filled with unset entries only as far as
        // the entries that were really stored account for.
        if index <= self.count() * 2 + 1024 {
            if index >= self.dense.len() {
                self.gaps += index + 1 - self.dense.len();
                self.dense.resize(index + 1, UNSET);
            }
            let packed = self.pack(value);
            let entry = &mut self.dense[index];
            self.gaps -= usize::from(*entry == UNSET);
            *entry = packed;
            return Ok(());
        }
        let number = u32::try_from(number)
            .map_err(|_| malformed(format!("memo number {number} is beyond 32 bits")))?;
        if self.sparse.len() >= SPARSE_LIMIT {
            return Err(too_large(
                "its memo is full of gaps, as no pickler leaves it",
            ));
        }
        self.sparse.insert(number, value);
        Ok(())
    }

    #[inline]
    pub(crate) fn get(&self, number: u64) -> Outcome<Value> {
        let index = usize::try_from(number).ok();
        let packed = index.and_then(|index| self.entry(index));
        let packed = packed.unwrap_or(UNSET);
        let number_part = packed & NUMBER_MASK;
        Ok(match packed >> NUMBER_BITS {
            UNSET => return self.get_sparse(number),
            TEXT => Value::Text(number_part),
            LIST => Value::List(number_part),
            DICT => Value::Dict(number_part),
            TUPLE => Value::Tuple(number_part),
            CLASS => Value::Class(number_part),
            SIDE => self.side[number_part as usize],
            kind => Value::Built((kind - BUILT) as u8, number_part),
        })
    }

    #[cold]
    fn get_sparse(&self, number: u64) -> Outcome<Value> {
        u32::try_from(number)
            .ok()
            .and_then(|key| self.sparse.get(&key))
            .copied()
            .ok_or_else(|| malformed(format!("memo entry {number} was never stored")))
    }
}

impl MemoEnd for Memo {
    const IS_APART: bool = false;

    #[inline(always)]
    fn length(&self) -> Option<usize> {
        self.dense_length()
    }

    #[inline(always)]
    fn state(&self) -> u64 {
        self.stored
    }

    #[inline(always)]
    fn append(&mut self, entry: Packed) -> bool {
        self.dense.push(join(entry));
        entry.1 <= NUMBER_MASK
    }

    #[inline(always)]
    fn append_instance(
        &mut self,
        tags: InstanceTags,
        row: u32,
        text: Option<u32>,
        tuple: Option<u32>,
    ) -> bool {
        let (row, state, pair) = ((tags.row, row), (tags.state, LET_GO), (tags.pair, LET_GO));
        let text = text.map(|text| (tags.text, text));
        let tuple = tuple.map(|tuple| (tags.tuple, tuple));
        match (text, tuple) {
            (None, None) => self.append_all([row, state, pair]),
            (Some(text), None) => self.append_all([row, state, text, pair]),
            (None, Some(tuple)) => self.append_all([row, state, pair, tuple]),
            (Some(text), Some(tuple)) => self.append_all([row, state, text, pair, tuple]),
        }
    }

    #[inline(always)]
    fn replace(&mut self, index: usize, entry: Packed) {
        self.dense[index] = join(entry);
    }

    #[inline]
    fn append_open(&mut self, tag: u32) -> usize {
        self.dense.push(join((tag, LET_GO)));
        self.dense.len() - 1
    }

    #[inline]
    fn fill(&mut self, open: usize, entry: Packed) -> bool {
        self.dense[open] = join(entry);
        entry.1 <= NUMBER_MASK
    }

    fn truncate(&mut self, length: usize) {
        self.dense.truncate(length);
    }

    #[inline]
    fn packed(&self, number: usize) -> Option<Packed> {
        self.entry(number).map(split)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_went_in() {
        let mut memo = Memo::default();
        let values = [
            Value::Text(7),
            Value::Built(3, 1 << 27),
            Value::Built(200, 1),
            Value::Built(0, u32::MAX),
            Value::Float(0.5),
            Value::None,
            Value::Class(2),
        ];
        for value in values {
            memo.memoize(value).unwrap();
        }
        for (number, value) in values.iter().enumerate() {
            assert_eq!(memo.get(number as u64).unwrap(), *value);
        }
        assert!(memo.get(7).is_err());
    }

    /// Each number is twice the one before, as far as a gap could ever be filled.
    #[test]
    fn doubling_numbers_cost_an_entry_each() {
        let mut memo = Memo::default();
        let mut number = 1024;
        while number < 1 << 32 {
            memo.put(number, Value::None).unwrap();
            number = 2 * (number + 1) + 1024;
        }
        assert!(memo.dense.len() < 5000, "{}", memo.dense.len());
    }

    /// One byte of the file each.
    #[test]
    fn one_value_in_many_numbers_costs_next_to_nothing() {
        let mut memo = Memo::default();
        let mut expected = Vec::new();
        let runs = [
            (Value::Text(1), 3),
            (Value::None, 700_000),
            (Value::Text(2), 1),
        ];
        let more = [
            (Value::List(3), 500_000),
            (Value::Text(4), 70_000),
            (Value::None, 2),
        ];
        for (value, count) in runs.into_iter().chain(more) {
            for _ in 0..count {
                memo.memoize(value).unwrap();
                expected.push(value);
            }
        }
        assert!(memo.dense.capacity() < 1 << 19, "{}", memo.dense.capacity());
        assert_eq!(memo.count(), expected.len());
        let same = |memo: &Memo, expected: &[Value]| {
            let get = |number: usize| memo.get(number as u64).unwrap();
            assert!((0..expected.len()).all(|number| get(number) == expected[number]));
            assert!(memo.get(expected.len() as u64).is_err());
        };
        same(&memo, &expected);
        // Any number may be stored again.
        memo.put(400_000, Value::Text(5)).unwrap();
        expected[400_000] = Value::Text(5);
        same(&memo, &expected);
        memo.memoize(Value::Text(6)).unwrap();
        expected.push(Value::Text(6));
        same(&memo, &expected);
    }

    #[test]
    fn a_huge_number_costs_one_entry() {
        let mut memo = Memo::default();
        memo.put(0x7fff_ffff, Value::None).unwrap();
        assert_eq!(memo.dense.len(), 0);
        assert_eq!(memo.get(0x7fff_ffff).unwrap(), Value::None);
        // CPython numbers MEMOIZE by the count of entries, not by the largest number.
        memo.memoize(Value::Text(1)).unwrap();
        assert_eq!(memo.get(1).unwrap(), Value::Text(1));
        assert!(memo.put(1 << 32, Value::None).is_err());
    }
}
