//! The memo of a stretch of a pickle that is decoded apart from what comes before it.

use super::codes::{Codes, InstanceTags, TAGS};
use super::memo::{MemoEnd, Packed, join, split};
use super::segment::Written;

/// Knows only the first entries of the whole; what the stretch itself stores is written as codes.
pub(crate) struct ApartMemo {
    first: Vec<u32>,
    codes: Codes,
    replaced: Vec<(u32, u32)>,
    tags: InstanceTags,
    /// The next numbers before the stretch.
    next: [u32; TAGS],
    /// Where its codes and replaced entries begin.
    begins: (usize, usize),
}

/// Some entries of a stretch, from its first on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    codes: (usize, usize),
    count: usize,
    replaced: (usize, usize),
    next: [u32; TAGS],
}

impl ApartMemo {
    /// Of instances with entries of these types.
    pub(crate) fn new(tags: InstanceTags) -> ApartMemo {
        ApartMemo {
            first: Vec::new(),
            codes: Codes::default(),
            replaced: Vec::new(),
            tags,
            next: [0; TAGS],
            begins: (0, 0),
        }
    }

    /// Drops all stretches, and begins with these entries of the whole.
    pub(crate) fn clear(&mut self, first: &[u32]) {
        self.first.clear();
        self.first.extend_from_slice(first);
        self.codes.clear();
        self.replaced.clear();
    }

    /// Begins a stretch whose next numbers are these.
    pub(crate) fn begin(&mut self, next: [u32; TAGS]) {
        self.codes.begin(next);
        self.next = next;
        self.begins = (self.codes.bytes().len(), self.replaced.len());
    }

    /// The stretch as far as it was written up to now. What is written to it later and belongs to
    /// something that is given up is not part of it.
    pub(crate) fn stretch(&self) -> Stretch {
        Stretch {
            codes: (self.begins.0, self.codes.bytes().len()),
            count: self.codes.count(),
            replaced: (self.begins.1, self.replaced.len()),
            next: self.next,
        }
    }

    /// Ends it.
    pub(crate) fn end(&mut self, stretch: &Stretch) {
        self.replaced[stretch.replaced.0..stretch.replaced.1].sort_unstable();
    }

    /// What a stretch that ended consists of.
    pub(crate) fn written(&self, stretch: &Stretch) -> Written<'_> {
        Written {
            codes: &self.codes.bytes()[stretch.codes.0..stretch.codes.1],
            count: stretch.count,
            replaced: &self.replaced[stretch.replaced.0..stretch.replaced.1],
            next: stretch.next,
            tags: self.tags,
        }
    }
}

impl MemoEnd for ApartMemo {
    const IS_APART: bool = true;

    fn length(&self) -> Option<usize> {
        Some(self.codes.count())
    }

    fn state(&self) -> u64 {
        0
    }

    #[inline(always)]
    fn append(&mut self, entry: Packed) -> bool {
        self.codes.append(entry);
        true
    }

    #[inline(always)]
    fn append_instance(
        &mut self,
        tags: InstanceTags,
        row: u32,
        text: Option<u32>,
        tuple: Option<u32>,
    ) -> bool {
        self.codes.append_instance(tags, row, text, tuple);
        true
    }

    fn replace(&mut self, index: usize, entry: Packed) {
        self.replaced.push((index as u32, join(entry)));
    }

    fn append_open(&mut self, tag: u32) -> usize {
        self.codes.append_open(tag)
    }

    fn fill(&mut self, open: usize, (tag, number): Packed) -> bool {
        let from_first = number.wrapping_sub(self.next[tag as usize]);
        self.codes.fill(open, from_first)
    }

    /// A stretch ends where an instance is given up, see [`stretch`](ApartMemo::stretch).
    fn truncate(&mut self, _: usize) {}

    fn packed(&self, number: usize) -> Option<Packed> {
        self.first.get(number).copied().map(split)
    }
}
