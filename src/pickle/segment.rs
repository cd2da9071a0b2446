//! A stretch of the memo that another thread decoded, without knowing what came before it.
//!
//! Its entries count each type from the first that the stretch made. Where that stands in the whole
//! is known when the stretch is appended, so an entry is translated when it is asked for, which
//! happens to almost none: so they are kept as [`Codes`](super::codes::Codes), in a byte or less.

use std::cell::{Cell, OnceCell};

use super::codes::{Codes, Entries, InstanceTags, TAGS};
use super::memo::{LET_GO, join, split};

/// A stretch that is asked so often keeps its entries in four bytes each from then on, so that no
/// file makes it decode its codes over and over.
const ASKED_OFTEN: u32 = 16;

/// The numbers that a stretch has in the whole.
#[derive(Clone, Debug)]
pub(crate) struct Numbers {
    /// The next number of each type in the whole, where the stretch begins. They count on from there
    /// as the stretch does, but for those that are mapped.
    pub(crate) next: [u32; TAGS],
    pub(crate) mapped: [Mapped; 3],
}

/// A type whose numbers in the whole are in no order.
#[derive(Clone, Debug)]
pub(crate) struct Mapped {
    pub(crate) tag: u32,
    /// The numbers in the whole, in the order in which the stretch counts them from its first.
    pub(crate) numbers: Box<[u32]>,
}

/// The entries of a stretch as it wrote them.
#[derive(Clone, Debug)]
pub(crate) struct Written<'c> {
    pub(crate) codes: &'c [u8],
    pub(crate) count: usize,
    /// Entries that became others later, by their places, which grow.
    pub(crate) replaced: &'c [(u32, u32)],
    /// The next number of each type before the first.
    pub(crate) next: [u32; TAGS],
    pub(crate) tags: InstanceTags,
}

impl Written<'_> {
    /// The entry in a place.
    pub(crate) fn entry(&self, index: usize) -> Option<u32> {
        let is_replaced = |&(place, _): &(u32, u32)| place as usize;
        if let Ok(found) = self.replaced.binary_search_by_key(&index, is_replaced) {
            return Some(self.replaced[found].1);
        }
        Entries::of(self.codes, self.next, self.tags).nth(index)
    }
}

/// The entries of a stretch, and what their numbers are in the whole.
pub(crate) struct Segment {
    codes: Box<[u8]>,
    count: usize,
    replaced: Box<[(u32, u32)]>,
    next: [u32; TAGS],
    tags: InstanceTags,
    /// `None` where they are those of the whole already.
    numbers: Option<Numbers>,
    asked: Cell<u32>,
    /// All entries, translated.
    unpacked: OnceCell<Box<[u32]>>,
}

impl Segment {
    /// Of what was written, and of the numbers of each type.
    pub(crate) fn new(written: &Written<'_>, numbers: Numbers) -> Segment {
        Segment {
            codes: written.codes.into(),
            count: written.count,
            replaced: written.replaced.into(),
            next: written.next,
            tags: written.tags,
            numbers: Some(numbers),
            asked: Cell::new(0),
            unpacked: OnceCell::new(),
        }
    }

    /// Of entries of the whole.
    pub(super) fn of_whole(entries: &[u32], tags: InstanceTags) -> Segment {
        let mut codes = Codes::default();
        for &entry in entries {
            codes.append(split(entry));
        }
        Segment {
            codes: codes.bytes().into(),
            count: entries.len(),
            replaced: Box::default(),
            next: [0; TAGS],
            tags,
            numbers: None,
            asked: Cell::new(0),
            unpacked: OnceCell::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The types of the entries of instances in it.
    pub(super) fn tags(&self) -> InstanceTags {
        self.tags
    }

    fn written(&self) -> Written<'_> {
        Written {
            codes: &self.codes,
            count: self.count,
            replaced: &self.replaced,
            next: self.next,
            tags: self.tags,
        }
    }

    fn translated(&self, entry: u32) -> u32 {
        let ((tag, number), Some(numbers)) = (split(entry), &self.numbers) else {
            return entry;
        };
        if number == LET_GO {
            // What is gone is gone in the whole too.
            return entry;
        }
        let behind = number.wrapping_sub(self.next[tag as usize]);
        let mapped = numbers.mapped.iter().find(|mapped| mapped.tag == tag);
        let number = match mapped {
            Some(mapped) => mapped.numbers[behind as usize],
            None => numbers.next[tag as usize].wrapping_add(behind),
        };
        join((tag, number))
    }

    /// The entry in this place of the stretch, which it has.
    pub(super) fn entry(&self, index: usize) -> u32 {
        if self.asked.get() >= ASKED_OFTEN {
            let unpacked = self.unpacked.get_or_init(|| self.entries().into());
            return unpacked[index];
        }
        self.asked.set(self.asked.get() + 1);
        let entry = self.written().entry(index);
        self.translated(entry.expect("a segment has as many entries as it says"))
    }

    /// All of them.
    pub(super) fn entries(&self) -> Vec<u32> {
        let entries = Entries::of(&self.codes, self.next, self.tags);
        let mut entries: Vec<u32> = entries.collect();
        for &(place, entry) in &self.replaced {
            entries[place as usize] = entry;
        }
        for entry in &mut entries {
            *entry = self.translated(*entry);
        }
        entries
    }
}
