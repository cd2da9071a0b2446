//! Sizes: what Pympler calls `Asized`, for objects at a snapshot and for what they
//! refer to. Trees in form, but parts may be shared, so they are kept as numbered
//! nodes and every walk over them is bounded.

use std::collections::HashMap;

use super::Dump;
use super::text::{Text, TextId};

/// Byte counts, nearly all below 4 GiB: four bytes each, the others on the side.
#[derive(Clone, Debug, Default)]
pub(crate) struct ByteCounts {
    small: Vec<u32>,
    wide: HashMap<u32, i64>,
}

impl ByteCounts {
    /// Stands for "look on the side".
    const WIDE: u32 = u32::MAX;

    #[inline]
    pub(crate) fn push(&mut self, bytes: i64) {
        self.small.push(0);
        self.set(self.small.len() - 1, bytes);
    }

    #[inline]
    pub(crate) fn set(&mut self, index: usize, bytes: i64) {
        match u32::try_from(bytes) {
            Ok(small) if small != Self::WIDE => self.small[index] = small,
            _ => {
                self.small[index] = Self::WIDE;
                self.wide.insert(index as u32, bytes);
            }
        }
    }

    #[inline]
    pub(crate) fn get(&self, index: usize) -> i64 {
        match self.small[index] {
            Self::WIDE => self.wide.get(&(index as u32)).copied().unwrap_or(0),
            small => i64::from(small),
        }
    }

    pub(crate) fn truncate(&mut self, length: usize) {
        self.small.truncate(length);
    }
}

/// All `Asized` of a dump, by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct AsizedColumns {
    /// Size with all that is referred to, in bytes.
    pub(crate) size: ByteCounts,
    /// Size without it, in bytes.
    pub(crate) flat: ByteCounts,
    pub(crate) name: Vec<TextId>,
    /// Which group of referents; 0 for none.
    pub(crate) group: Vec<u32>,
    /// Where each group of referents begins in `referents`; group 0 is empty.
    pub(crate) group_start: Vec<u32>,
    /// Numbers of `Asized`, group behind group.
    pub(crate) referents: Vec<u32>,
}

impl AsizedColumns {
    /// A new row, nothing in it yet; its number. `None` when there are 2³² − 1 already.
    #[inline]
    pub(crate) fn push(&mut self, name: TextId) -> Option<u32> {
        let number = u32::try_from(self.name.len()).ok()?;
        self.size.push(0);
        self.flat.push(0);
        self.name.push(name);
        self.group.push(0);
        Some(number)
    }

    /// Drops the last rows.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.size.truncate(length);
        self.flat.truncate(length);
        self.name.truncate(length);
        self.group.truncate(length);
    }

    #[inline]
    pub(crate) fn group_members(&self, group: u32) -> &[u32] {
        if group == 0 {
            return &[];
        }
        let index = group as usize;
        let start = self.group_start[index] as usize;
        let end = self
            .group_start
            .get(index + 1)
            .map_or(self.referents.len(), |&e| e as usize);
        &self.referents[start..end]
    }
}

/// The size of an object, or of something that it refers to, at one moment.
#[derive(Clone, Copy)]
pub struct Asized<'d> {
    pub(crate) dump: &'d Dump,
    pub(crate) number: u32,
}

impl<'d> Asized<'d> {
    /// Bytes, all that it refers to included.
    #[inline]
    pub fn size_bytes(self) -> i64 {
        self.dump.asized.size.get(self.number as usize)
    }

    /// Bytes of the thing itself.
    pub fn flat_bytes(self) -> i64 {
        self.dump.asized.flat.get(self.number as usize)
    }

    /// Its repr, or for a referent the attribute or key; `None` where Pympler gave none.
    pub fn name(self) -> Option<Text<'d>> {
        self.dump
            .optional_text(self.dump.asized.name[self.number as usize])
    }

    /// What it refers to, in the order recorded. Recorded down to the tracker's resolution level.
    pub fn referents(self) -> impl ExactSizeIterator<Item = Asized<'d>> {
        let group = self.dump.asized.group[self.number as usize];
        let dump = self.dump;
        dump.asized
            .group_members(group)
            .iter()
            .map(move |&number| Asized { dump, number })
    }

    /// How many things it refers to directly.
    pub fn referent_count(self) -> usize {
        self.referents().len()
    }
}
