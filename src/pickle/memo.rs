//! What the pickle may refer back to.
//!
//! A pickle memoizes nearly everything that it writes and reads almost none of it
//! again: a dump of a million objects has tens of millions of entries. So an entry
//! is four bytes: four bits for the type, the rest for the number. What does not fit
//! stands in a side table.

use std::collections::HashMap;

use super::fault::{Outcome, malformed, too_large};
use super::value::Value;

const NUMBER_BITS: u32 = 28;
const NUMBER_MASK: u32 = (1 << NUMBER_BITS) - 1;

/// The number of a dict that was let go before the memo came to know it: no living one has it.
pub(crate) const LET_GO: u32 = NUMBER_MASK;

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
const fn join((tag, number): Packed) -> u32 {
    tag << NUMBER_BITS | number
}

/// The types of packed entries that shortcuts meet or make.
pub(crate) mod packed {
    use super::{BUILT, CLASS, DICT, LET_GO, LIST, Packed, TEXT};
    use crate::pickle::Kind;

    pub(crate) const TEXT_TAG: u32 = TEXT;
    pub(crate) const CLASS_TAG: u32 = CLASS;
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

/// The memo of one pickle.
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
}

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
    fn count(&self) -> usize {
        self.dense.len() - self.gaps + self.sparse.len()
    }

    /// Stores under the next free number.
    #[inline]
    pub(crate) fn memoize(&mut self, value: Value) -> Outcome<()> {
        if self.dense_length().is_some() && self.side.len() < NUMBER_MASK as usize {
            let packed = self.pack(value);
            self.dense.push(packed);
            return Ok(());
        }
        self.put(self.count() as u64, value)
    }

    /// How many entries there are, if they are numbered without gaps and MEMOIZE would
    /// go on behind the last: what a shortcut needs.
    #[inline]
    pub(crate) fn dense_length(&self) -> Option<usize> {
        (self.gaps == 0 && self.sparse.is_empty()).then_some(self.dense.len())
    }

    /// Appends an entry behind the last, as MEMOIZE does, for a shortcut. `false`: it has to give up.
    #[inline]
    pub(crate) fn append(&mut self, value: Packed) -> bool {
        self.dense.push(join(value));
        value.1 <= NUMBER_MASK
    }

    /// Appends some entries, for a shortcut. `false`: it has to give up.
    #[inline(always)]
    pub(crate) fn append_all<const N: usize>(&mut self, values: [Packed; N]) -> bool {
        let fits = values.iter().all(|value| value.1 <= NUMBER_MASK);
        self.dense.extend_from_slice(&values.map(join));
        fits
    }

    /// Changes whenever an entry may have come to mean something else.
    #[inline]
    pub(crate) fn state(&self) -> u64 {
        self.stored
    }

    /// Replaces an entry that a shortcut appended.
    #[inline]
    pub(crate) fn replace(&mut self, index: usize, value: Packed) {
        self.dense[index] = join(value);
    }

    /// Takes back what a shortcut appended.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.dense.truncate(length);
    }

    /// An entry as it is packed, if it has one of the types that need no side table.
    #[inline]
    pub(crate) fn packed(&self, number: usize) -> Option<Packed> {
        let packed = *self.dense.get(number)?;
        Some((packed >> NUMBER_BITS, packed & NUMBER_MASK))
    }

    /// Stores under a given number.
    pub(crate) fn put(&mut self, number: u64, value: Value) -> Outcome<()> {
        self.stored += 1;
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
        let packed = usize::try_from(number)
            .ok()
            .and_then(|index| self.dense.get(index))
            .copied();
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
