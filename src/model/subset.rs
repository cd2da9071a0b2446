//! A subset of a dump: what some of its objects refer to, and nothing else. One walk serves the
//! dump in memory that is cut and the native file of which rows are gathered: both are a [`Whole`].

use std::collections::HashMap;
use std::convert::Infallible;

use foldhash::fast::RandomState;

use super::asized::AsizedColumns;
use super::id::{AsizedId, ClassId, ObjectId, TraceId};
use super::object::{ObjectColumns, SampleColumns};
use super::text::{TextArena, TextId};
use super::trace::{FrameRow, TraceColumns};
use super::{ClassRow, Contents, Dump};

/// An `Asized` as a row.
pub(crate) struct AsizedFields {
    pub(crate) size_bytes: i64,
    pub(crate) flat_bytes: i64,
    pub(crate) name: TextId,
    pub(crate) group: u32,
}

/// What a subset is taken from. Everything is asked for by ascending numbers.
pub(crate) trait Whole {
    /// Why something cannot be had.
    type Fault;
    /// Which number of the subset a number of the whole became.
    type Numbers: Numbers;

    /// The numbers of the `Asized`, none of them known.
    fn asized_numbers(&self) -> Self::Numbers;
    fn asized(&mut self, id: AsizedId) -> Result<AsizedFields, Self::Fault>;
    /// Shows the members of a group of referents.
    fn members(&mut self, group: u32, see: impl FnMut(AsizedId)) -> Result<(), Self::Fault>;
    /// Shows the frames of a trace, by their numbers.
    fn frames_of(&mut self, trace: TraceId, see: impl FnMut(u32)) -> Result<(), Self::Fault>;
    fn frames(&mut self, numbers: &[u32]) -> Result<Vec<FrameRow>, Self::Fault>;
    /// Appends texts to an arena.
    fn texts(&mut self, ids: &[TextId], arena: &mut TextArena) -> Result<(), Self::Fault>;
    /// That the subset has more of something than there are numbers.
    fn too_many(&self) -> Self::Fault;
}

/// A map from numbers of the whole to those of a subset.
pub(crate) trait Numbers {
    fn get(&self, number: u32) -> Option<u32>;
    fn set(&mut self, number: u32, own: u32);
}

/// Of a file only a few are looked at.
impl Numbers for HashMap<u32, u32, RandomState> {
    fn get(&self, number: u32) -> Option<u32> {
        HashMap::get(self, &number).copied()
    }

    fn set(&mut self, number: u32, own: u32) {
        self.insert(number, own);
    }
}

/// A place for each number of a dump in memory; those that are not used take no memory.
pub(crate) struct Places(Vec<u32>);

impl Places {
    fn of(count: usize) -> Self {
        Places(vec![0; count])
    }
}

impl Numbers for Places {
    fn get(&self, number: u32) -> Option<u32> {
        self.0.get(number as usize)?.checked_sub(1)
    }

    fn set(&mut self, number: u32, own: u32) {
        self.0[number as usize] = own + 1;
    }
}

/// Copies the `Asized` of these ids and all that they refer to, level by level, each level in the
/// order of the whole; the ids become those of what is returned.
pub(crate) fn asized<'n, W: Whole>(
    whole: &mut W,
    roots: impl Iterator<Item = &'n mut AsizedId>,
) -> Result<AsizedColumns, W::Fault> {
    let roots: Vec<&mut AsizedId> = roots.collect();
    let mut level: Vec<AsizedId> = roots.iter().map(|root| **root).collect();
    let mut columns = AsizedColumns::new();
    let mut own = whole.asized_numbers();
    let mut own_groups: HashMap<u32, u32, RandomState> = HashMap::default();
    while !level.is_empty() {
        level.sort_unstable();
        level.dedup();
        let mut found = Vec::new();
        for &id in &level {
            if own.get(id.0).is_some() {
                continue;
            }
            let fields = whole.asized(id)?;
            let row = columns.push(fields.name).ok_or_else(|| whole.too_many())?;
            own.set(id.0, row.0);
            let own_group = match (fields.group, own_groups.get(&fields.group)) {
                (0, _) => 0,
                (_, Some(&known)) => known,
                (group, None) => {
                    let own_group = columns.group_start.len() as u32;
                    columns.group_start.push(columns.referents.len() as u32);
                    whole.members(group, |member| {
                        columns.referents.push(member);
                        found.push(member);
                    })?;
                    own_groups.insert(group, own_group);
                    own_group
                }
            };
            columns.set(
                row,
                fields.size_bytes,
                fields.flat_bytes,
                fields.name,
                own_group,
            );
        }
        level = found;
    }
    for id in columns.referents.iter_mut().chain(roots) {
        // Everything that is referred to was copied.
        *id = AsizedId(own.get(id.0).unwrap_or_default());
    }
    Ok(columns)
}

/// Copies the traces that objects have; the objects' ids become those of what is returned.
pub(crate) fn traces<W: Whole>(
    whole: &mut W,
    traces: &mut [TraceId],
) -> Result<TraceColumns, W::Fault> {
    let mut wanted = traces.to_vec();
    wanted.retain(|&trace| trace != TraceId::NONE);
    wanted.sort_unstable();
    wanted.dedup();
    let mut columns = TraceColumns::default();
    if wanted.is_empty() {
        return Ok(columns);
    }
    for &trace in &wanted {
        whole.frames_of(trace, |frame| columns.frame_numbers.push(frame))?;
        columns.ends.push(columns.frame_numbers.len() as u32);
    }
    for trace in traces.iter_mut() {
        // That of no trace is not among them.
        let own = wanted.binary_search(trace);
        *trace = own.map_or(TraceId::NONE, TraceId::at);
    }
    let mut frames = columns.frame_numbers.clone();
    frames.sort_unstable();
    frames.dedup();
    columns.frames = whole.frames(&frames)?;
    for number in &mut columns.frame_numbers {
        *number = frames.binary_search(number).unwrap_or_default() as u32;
    }
    Ok(columns)
}

/// Appends texts to an arena; their numbers become those in it. `each` shows all numbers.
pub(crate) fn texts<W: Whole>(
    whole: &mut W,
    arena: &mut TextArena,
    mut each: impl FnMut(&mut dyn FnMut(&mut TextId)),
) -> Result<(), W::Fault> {
    let mut wanted = Vec::new();
    each(&mut |id| {
        if *id != TextId::NONE {
            wanted.push(*id);
        }
    });
    wanted.sort_unstable();
    wanted.dedup();
    let before = arena.len() as u32;
    whole.texts(&wanted, arena)?;
    each(&mut |id| {
        if *id != TextId::NONE {
            *id = TextId(before + wanted.binary_search(id).unwrap_or_default() as u32);
        }
    });
    Ok(())
}

impl Contents {
    /// Shows every number of a text that classes and snapshots have.
    pub(crate) fn each_text_of_digest(&mut self, see: &mut dyn FnMut(&mut TextId)) {
        let classes = self.classes.iter_mut();
        classes.for_each(|class| see(&mut class.name));
        for snapshot in &mut self.snapshots {
            snapshot.each_text(&mut *see);
        }
    }

    /// Shows every number of a text that objects have, and what they refer to.
    pub(crate) fn each_text_of_objects(&mut self, see: &mut dyn FnMut(&mut TextId)) {
        let objects = &mut self.objects;
        let texts = objects.name.iter_mut().chain(&mut objects.repr);
        texts.for_each(&mut *see);
        objects.huge_address.values_mut().for_each(&mut *see);
        let rows = self.asized.rows.iter_mut();
        rows.for_each(|row| see(&mut row.name));
        for frame in &mut self.traces.frames {
            see(&mut frame.file);
            see(&mut frame.function);
            see(&mut frame.wide_line);
            frame.source.iter_mut().flatten().for_each(&mut *see);
        }
    }

    /// Shows the ids of the merged trees that snapshots cached.
    pub(crate) fn merged_of(
        snapshots: &mut [super::SnapshotRow],
    ) -> impl Iterator<Item = &mut AsizedId> {
        let cached = snapshots.iter_mut();
        let cached = cached.flat_map(|snapshot| snapshot.classes.iter_mut().flatten());
        cached.filter_map(|cached| cached.merged.as_mut())
    }

    /// A dump of these objects alone, in this order within their classes, with all
    /// snapshots. Classes without any of them are left out. What the snapshots say of the
    /// whole (tracked total, cached annotations) stays as it was recorded.
    ///
    /// # Panics
    ///
    /// If an id is not that of an object of this dump.
    pub fn part(&self, objects: &[ObjectId]) -> Dump {
        // Stable: those of a class keep their order.
        let mut by_class = objects.to_vec();
        let class = |&id: &ObjectId| self.object(id).class().id();
        by_class.sort_by_key(class);
        let mut part = Contents {
            notes: self.notes.clone(),
            snapshots: self.snapshots.clone(),
            snapshot_rows: self.snapshot_rows.clone(),
            ..Contents::default()
        };
        // An object that is listed twice is copied once.
        let mut own = Places::of(self.objects.len());
        let mut copied = Vec::with_capacity(by_class.len());
        let mut classes = Vec::with_capacity(by_class.len());
        for members in by_class.chunk_by(|a, b| class(a) == class(b)) {
            let start = part.listed.len() as u32;
            for &member in members {
                let known = own.get(member.0).unwrap_or_else(|| {
                    own.set(member.0, copied.len() as u32);
                    copied.push(member);
                    classes.push(ClassId::at(part.classes.len()));
                    copied.len() as u32 - 1
                });
                part.listed.push(ObjectId(known));
            }
            part.classes.push(ClassRow {
                start,
                count: members.len() as u32,
                ..self.classes[class(&members[0]).index()]
            });
        }
        part.objects = self.objects.gather(&copied);
        part.objects.class = classes;
        part.samples = self.samples.of(&mut part.objects);
        let mut whole = self;
        let merged = Contents::merged_of(&mut part.snapshots);
        let done =
            asized(&mut whole, part.samples.asized.iter_mut().chain(merged)).and_then(|asized| {
                part.asized = asized;
                part.traces = traces(&mut whole, &mut part.objects.trace)?;
                let mut text = TextArena::default();
                texts(&mut whole, &mut text, |see| {
                    part.each_text_of_digest(see);
                    part.each_text_of_objects(see);
                })?;
                part.text = text;
                Ok(())
            });
        match done {
            Ok(()) => Dump { contents: part },
            Err(never) => match never {},
        }
    }
}

impl SampleColumns {
    /// The samples of objects whose ranges are those in this; they become those of what is
    /// returned. The `Asized` keep their ids.
    fn of(&self, objects: &mut ObjectColumns) -> SampleColumns {
        let mut samples = SampleColumns::default();
        let ranges = objects.sample_start.iter_mut().zip(&objects.sample_count);
        for (start, &count) in ranges {
            let range = *start as usize..*start as usize + count as usize;
            *start = samples.time.len() as u32;
            samples.time.extend_from_slice(&self.time[range.clone()]);
            samples.asized.extend_from_slice(&self.asized[range]);
        }
        samples
    }
}

/// A dump in memory has everything, and more than any part of it.
impl Whole for &Contents {
    type Fault = Infallible;
    type Numbers = Places;

    fn asized_numbers(&self) -> Places {
        Places::of(self.asized.rows.len())
    }

    fn asized(&mut self, id: AsizedId) -> Result<AsizedFields, Infallible> {
        let row = self.asized.rows[id.index()];
        Ok(AsizedFields {
            size_bytes: self.asized.size(id),
            flat_bytes: self.asized.flat(id),
            name: row.name,
            group: row.group,
        })
    }

    fn members(&mut self, group: u32, see: impl FnMut(AsizedId)) -> Result<(), Infallible> {
        self.asized
            .group_members(group)
            .iter()
            .copied()
            .for_each(see);
        Ok(())
    }

    fn frames_of(&mut self, trace: TraceId, see: impl FnMut(u32)) -> Result<(), Infallible> {
        self.traces.frames_of(trace).iter().copied().for_each(see);
        Ok(())
    }

    fn frames(&mut self, numbers: &[u32]) -> Result<Vec<FrameRow>, Infallible> {
        let row = |&number: &u32| self.traces.frames[number as usize].clone();
        Ok(numbers.iter().map(row).collect())
    }

    fn texts(&mut self, ids: &[TextId], arena: &mut TextArena) -> Result<(), Infallible> {
        for &id in ids {
            arena
                .push(self.text.bytes(id))
                .expect("a part has no more texts than the whole");
        }
        Ok(())
    }

    fn too_many(&self) -> Infallible {
        unreachable!("a part is no larger than the whole, whose numbers fit")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::objects::{Detail, Objects};
    use crate::report::{JsonLayout, Report};
    use crate::select::{Filter, Selection};

    fn lines(dump: &Dump, filter: Filter) -> Vec<u8> {
        let mut out = Vec::new();
        let selected = Selection {
            filter,
            ..Selection::default()
        }
        .select(dump)
        .unwrap();
        let report = Objects::of(&selected, Detail::default());
        report.json(&mut out, JsonLayout::Lines).unwrap();
        out
    }

    #[test]
    fn a_part_says_of_its_objects_what_the_whole_says() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        for name in [
            "shop.dump",
            "dumps/bank-1.1-py313.dump",
            "edited/edit-ids.dump",
        ] {
            let whole = Dump::load(root.join(name)).unwrap();
            let filter = Filter {
                alive: Some(true),
                ..Filter::default()
            };
            let selection = Selection {
                filter: filter.clone(),
                ..Selection::default()
            };
            let part = whole.part(&selection.select(&whole).unwrap().objects);
            assert!(part.object_count() < whole.object_count());
            assert_eq!(part.snapshots().len(), whole.snapshots().len());
            assert_eq!(
                lines(&part, Filter::default()),
                lines(&whole, filter),
                "{name}"
            );
        }
    }
}
