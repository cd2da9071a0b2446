//! Sizes: what Pympler calls `Asized`, for objects at a snapshot and for what they
//! refer to. Trees in form, but parts may be shared, so they are kept as numbered
//! nodes and every walk over them is bounded.

use std::collections::{BTreeMap, TryReserveError};
use std::ops::Range;

use super::Contents;
use super::id::AsizedId;
use super::text::{Text, TextId};
use crate::room::make_room;

/// An `Asized`: 16 bytes, read and written together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AsizedRow {
    /// Bytes with all that is referred to, or [`WIDE`].
    size: u32,
    /// Bytes without it, or [`WIDE`].
    flat: u32,
    pub(crate) name: TextId,
    /// Which group of referents; 0 for none.
    pub(crate) group: u32,
}

/// Stands for a byte count that is negative or needs more than 32 bits.
const WIDE: u32 = u32::MAX;

/// All `Asized` of a dump, by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct AsizedColumns {
    pub(crate) rows: Vec<AsizedRow>,
    /// The sizes that do not fit into their row.
    wide_sizes: BTreeMap<AsizedId, i64>,
    /// The flat sizes that do not fit into their row.
    wide_flats: BTreeMap<AsizedId, i64>,
    /// Where each group of referents begins in `referents`; group 0 is empty.
    pub(crate) group_start: Vec<u32>,
    /// The members of the groups, group behind group.
    pub(crate) referents: Vec<AsizedId>,
}

impl AsizedColumns {
    /// No `Asized`, and the group of none.
    pub(crate) fn new() -> Self {
        AsizedColumns {
            group_start: vec![0],
            ..AsizedColumns::default()
        }
    }

    /// A new row, nothing in it yet; its id. `None` when there are 2³² − 1 already.
    #[inline]
    pub(crate) fn push(&mut self, name: TextId) -> Option<AsizedId> {
        let id = AsizedId(u32::try_from(self.rows.len()).ok()?);
        self.rows.push(AsizedRow {
            size: 0,
            flat: 0,
            name,
            group: 0,
        });
        Some(id)
    }

    #[inline]
    pub(crate) fn set(
        &mut self,
        id: AsizedId,
        size_bytes: i64,
        flat_bytes: i64,
        name: TextId,
        group: u32,
    ) {
        let narrow = |bytes| u32::try_from(bytes).unwrap_or(WIDE);
        let row = AsizedRow {
            size: narrow(size_bytes),
            flat: narrow(flat_bytes),
            name,
            group,
        };
        if row.size == WIDE {
            self.wide_sizes.insert(id, size_bytes);
        }
        if row.flat == WIDE {
            self.wide_flats.insert(id, flat_bytes);
        }
        self.rows[id.index()] = row;
    }

    pub(crate) fn make_room(&mut self) -> Result<(), TryReserveError> {
        make_room(&mut self.rows)?;
        make_room(&mut self.group_start)?;
        make_room(&mut self.referents)
    }

    /// Appends a stretch of other columns: its rows, groups and referents, of which numbers of rows
    /// and groups move as far as the stretch does. `name` tells what its names become.
    pub(crate) fn append(
        &mut self,
        other: &AsizedColumns,
        rows: Range<usize>,
        groups: Range<usize>,
        referents: Range<usize>,
        name: impl Fn(TextId) -> TextId,
    ) -> Result<(), TryReserveError> {
        let shift = |to: usize, from: usize| (to as u32).wrapping_sub(from as u32);
        let by_rows = shift(self.rows.len(), rows.start);
        let by_groups = shift(self.group_start.len(), groups.start);
        let by_referents = shift(self.referents.len(), referents.start);
        self.rows.try_reserve(rows.len())?;
        self.group_start.try_reserve(groups.len())?;
        self.referents.try_reserve(referents.len())?;
        for (place, row) in other.rows[rows.clone()].iter().enumerate() {
            if row.size == WIDE || row.flat == WIDE {
                let (id, wide) = (
                    AsizedId::at(self.rows.len()),
                    AsizedId::at(rows.start + place),
                );
                let size = other.wide_sizes.get(&wide).filter(|_| row.size == WIDE);
                self.wide_sizes.extend(size.map(|&size| (id, size)));
                let flat = other.wide_flats.get(&wide).filter(|_| row.flat == WIDE);
                self.wide_flats.extend(flat.map(|&flat| (id, flat)));
            }
            let group = match row.group {
                0 => 0,
                group => group.wrapping_add(by_groups),
            };
            self.rows.push(AsizedRow {
                name: name(row.name),
                group,
                ..*row
            });
        }
        let starts = other.group_start[groups].iter();
        self.group_start
            .extend(starts.map(|start| start.wrapping_add(by_referents)));
        let members = other.referents[referents].iter();
        self.referents
            .extend(members.map(|id| AsizedId(id.0.wrapping_add(by_rows))));
        Ok(())
    }

    /// Drops all rows and groups.
    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        self.wide_sizes.clear();
        self.wide_flats.clear();
        self.group_start.truncate(1);
        self.referents.clear();
    }

    pub(crate) fn held_bytes(&self) -> usize {
        /// A row of a map, with its share of the nodes.
        const WIDE: usize = 24;
        size_of_val(&self.rows[..])
            + (self.wide_sizes.len() + self.wide_flats.len()) * WIDE
            + size_of_val(&self.group_start[..])
            + size_of_val(&self.referents[..])
    }

    /// Drops the last rows: those behind all of these and of what they lead to. With them go the
    /// groups behind those of the others.
    pub(crate) fn truncate_behind(&mut self, kept: impl Iterator<Item = AsizedId>) {
        let behind = |id: AsizedId| id.index() + 1;
        let mut rows = kept.map(behind).max().unwrap_or(0);
        let (mut row, mut groups) = (0, 0);
        while row < rows {
            let group = self.rows[row].group;
            // All up to it stay, so each is looked at once.
            while groups <= group {
                let members = self.group_members(groups).iter().copied();
                rows = members.map(behind).fold(rows, usize::max);
                groups += 1;
            }
            row += 1;
        }
        let groups = groups.max(1) as usize;
        if let Some(&end) = self.group_start.get(groups) {
            self.referents.truncate(end as usize);
            self.group_start.truncate(groups);
        }
        self.rows.truncate(rows);
        self.wide_sizes.split_off(&AsizedId::at(rows));
        self.wide_flats.split_off(&AsizedId::at(rows));
    }

    #[inline]
    pub(crate) fn size(&self, id: AsizedId) -> i64 {
        match self.rows[id.index()].size {
            WIDE => self.wide_sizes.get(&id).copied().unwrap_or(0),
            size => i64::from(size),
        }
    }

    #[inline]
    pub(crate) fn flat(&self, id: AsizedId) -> i64 {
        match self.rows[id.index()].flat {
            WIDE => self.wide_flats.get(&id).copied().unwrap_or(0),
            flat => i64::from(flat),
        }
    }

    /// Whether it has these figures and this name, and refers to nothing.
    #[inline]
    pub(crate) fn is_leaf(
        &self,
        id: AsizedId,
        size_bytes: i64,
        flat_bytes: i64,
        name: TextId,
    ) -> bool {
        let row = self.rows[id.index()];
        row.group == 0
            && row.name == name
            && self.size(id) == size_bytes
            && self.flat(id) == flat_bytes
    }

    #[inline]
    pub(crate) fn group_members(&self, group: u32) -> &[AsizedId] {
        &self.referents[self.group_range(group)]
    }

    /// Where the members of a group stand in `referents`.
    #[inline]
    pub(crate) fn group_range(&self, group: u32) -> Range<usize> {
        if group == 0 {
            return 0..0;
        }
        let index = group as usize;
        let start = self.group_start[index] as usize;
        let end = self
            .group_start
            .get(index + 1)
            .map_or(self.referents.len(), |&e| e as usize);
        start..end
    }
}

/// The size of an object, or of something that it refers to, at one moment.
#[derive(Clone, Copy)]
pub struct Asized<'d> {
    pub(crate) dump: &'d Contents,
    pub(crate) id: AsizedId,
}

impl<'d> Asized<'d> {
    /// Which size of the dump it is; the same for one that is shared.
    pub fn id(self) -> AsizedId {
        self.id
    }
    /// Bytes, all that it refers to included.
    #[inline]
    pub fn size_bytes(self) -> i64 {
        self.dump.asized.size(self.id)
    }

    /// Bytes of the thing itself.
    pub fn flat_bytes(self) -> i64 {
        self.dump.asized.flat(self.id)
    }

    /// Its repr, or for a referent the attribute or key; `None` where Pympler gave none.
    pub fn name(self) -> Option<Text<'d>> {
        self.dump
            .optional_text(self.dump.asized.rows[self.id.index()].name)
    }

    /// What it refers to, in the order recorded. Recorded down to the tracker's resolution level.
    pub fn referents(self) -> impl ExactSizeIterator<Item = Asized<'d>> {
        let group = self.dump.asized.rows[self.id.index()].group;
        let dump = self.dump;
        dump.asized
            .group_members(group)
            .iter()
            .map(move |&id| Asized { dump, id })
    }

    /// How many things it refers to directly.
    pub fn referent_count(self) -> usize {
        self.referents().len()
    }
}
