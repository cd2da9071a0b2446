//! Some objects of a file and all that they refer to, read without the others.

use std::collections::HashMap;
use std::ops::Range;

use foldhash::fast::RandomState;

use super::column::{Bytes, Column};
use super::container::Sections;
use super::tables::{self, float};
use super::{NO_INDEX, derived, snapshots};
use crate::model::{
    AsizedColumns, ClassRow, Derived, Dump, FrameRow, ObjectColumns, SampleColumns, TextArena,
    TextId, TraceColumns,
};
use crate::pickle::{Outcome, malformed, too_large};

/// Reads the objects of these numbers, which ascend, as a dump of their own with all classes
/// and snapshots. The objects get the numbers from 0 on.
pub(super) fn read(sections: &Sections, objects: &[u32]) -> Outcome<Dump> {
    let mut dump = without_objects(
        sections,
        read_classes(sections)?,
        derived::of_whole(sections)?,
    )?;
    dump.objects = read_objects(sections, objects)?;
    list(&mut dump)?;
    let first_samples = Column::open(sections, "obj.first")?.gather(objects)?;
    dump.samples = read_samples(sections, &mut dump.objects, &first_samples)?;
    let merged = dump.snapshots.iter_mut().flat_map(|snapshot| {
        let classes = snapshot.classes.iter_mut().flatten();
        classes.filter_map(|cached| cached.merged.as_mut())
    });
    dump.asized = read_asized(sections, dump.samples.asized.iter_mut().chain(merged))?;
    dump.traces = read_traces(sections, &mut dump.objects.trace)?;
    read_texts(sections, &mut dump)?;
    Ok(dump)
}

/// A dump of these classes and what is known of the whole, with all snapshots, that may get
/// objects. Texts and `Asized` keep the numbers of the file for now.
pub(super) fn without_objects(
    sections: &Sections,
    classes: Vec<ClassRow>,
    derived: Derived,
) -> Outcome<Dump> {
    Ok(Dump {
        asized: AsizedColumns::new(),
        classes,
        derived: Some(Box::new(derived)),
        notes: tables::read_notes(sections)?,
        snapshots: snapshots::read_value(sections)?,
        snapshot_rows: super::column::all(sections, "snap.row")?,
        ..Dump::default()
    })
}

/// The classes without their objects.
fn read_classes(sections: &Sections) -> Outcome<Vec<ClassRow>> {
    let mut classes = tables::read_classes(sections)?;
    unlist(&mut classes);
    Ok(classes)
}

/// Takes their objects from classes.
pub(super) fn unlist(classes: &mut [ClassRow]) {
    for class in classes {
        (class.start, class.count) = (0, 0);
    }
}

/// Puts the objects into the lists of their classes.
fn list(dump: &mut Dump) -> Outcome<()> {
    for &class in &dump.objects.class {
        let row = dump.classes.get_mut(class as usize);
        row.ok_or_else(|| malformed("section 'obj.class' is damaged: no such class"))?
            .count += 1;
    }
    let mut start = 0;
    let mut places = Vec::with_capacity(dump.classes.len());
    for class in &mut dump.classes {
        class.start = start;
        places.push(start as usize);
        start += class.count;
    }
    dump.listed = vec![0; dump.objects.len()];
    for (number, &class) in dump.objects.class.iter().enumerate() {
        let place = &mut places[class as usize];
        dump.listed[*place] = number as u32;
        *place += 1;
    }
    Ok(())
}

fn read_objects(sections: &Sections, numbers: &[u32]) -> Outcome<ObjectColumns> {
    fn some<T: TryFrom<i64>>(
        sections: &Sections,
        name: &'static str,
        numbers: &[u32],
    ) -> Outcome<Vec<T>> {
        Column::open(sections, name)?.gather(numbers)
    }
    let texts = |name| -> Outcome<Vec<TextId>> {
        Ok(some(sections, name, numbers)?
            .into_iter()
            .map(TextId)
            .collect())
    };
    let floats = |name| -> Outcome<Vec<f64>> {
        Ok(some(sections, name, numbers)?
            .into_iter()
            .map(float)
            .collect())
    };
    let address: Vec<i64> = some(sections, "obj.address", numbers)?;
    let wide: Vec<(u32, i128)> = sections.value("obj.wide")?;
    let mut objects = ObjectColumns::of_nothing(numbers.len());
    objects.address = address.into_iter().map(|address| address as u64).collect();
    objects.name = texts("obj.name")?;
    objects.repr = texts("obj.repr")?;
    objects.birth = floats("obj.birth")?;
    objects.trace = some(sections, "obj.trace", numbers)?;
    objects.class = some(sections, "obj.class", numbers)?;
    objects.resolution_level = some(sections, "obj.level", numbers)?;
    objects.sample_count = some(sections, "obj.samples", numbers)?;
    objects.set_raw_deaths(floats("obj.death")?);
    for (number, address) in wide {
        if let Ok(own) = numbers.binary_search(&number) {
            objects.wide_address.insert(own as u32, address);
        }
    }
    for (number, digits) in tables::digits(sections, tables::HUGE_ADDRESSES)? {
        if let Ok(own) = numbers.binary_search(&number) {
            objects.huge_address.insert(own as u32, digits);
        }
    }
    Ok(objects)
}

/// Reads the samples of each object, which begin at `first`. Their `Asized` keep the numbers of
/// the file for now.
fn read_samples(
    sections: &Sections,
    objects: &mut ObjectColumns,
    first: &[u32],
) -> Outcome<SampleColumns> {
    let mut times = SampleTimes::open(sections)?;
    let mut asized = Column::open(sections, "sample.asized")?;
    let mut samples = SampleColumns::default();
    for (own, &start) in first.iter().enumerate() {
        let full = || too_large("it holds more than 4,294,967,295 samples");
        objects.sample_start[own] = u32::try_from(samples.time.len()).map_err(|_| full())?;
        for sample in times.range(start, objects.sample_count[own])? {
            let birth = Some(objects.birth[own]).filter(|_| sample == u64::from(start));
            samples.time.push(times.get(sample, birth)?);
            samples.asized.push(asized.get_as(sample)?);
        }
    }
    Ok(samples)
}

/// When samples were taken.
pub(super) struct SampleTimes<'s> {
    codes: Column<'s>,
    times: Vec<f64>,
}

impl<'s> SampleTimes<'s> {
    pub(super) fn open(sections: &'s Sections) -> Outcome<Self> {
        Ok(SampleTimes {
            codes: Column::open(sections, "sample.time")?,
            times: tables::read_floats(sections, "times")?,
        })
    }

    /// The places of the samples of an object.
    pub(super) fn range(&mut self, start: u32, count: u32) -> Outcome<Range<u64>> {
        let start = u64::from(start);
        self.codes.range(start, start + u64::from(count))
    }

    /// The time of one, in seconds. The first of an object may be at its birth.
    #[inline]
    pub(super) fn get(&mut self, sample: u64, birth: Option<f64>) -> Outcome<f64> {
        let code: u32 = self.codes.get_as(sample)?;
        let time = match (code as usize).checked_sub(1) {
            Some(known) => self.times.get(known).copied(),
            None => birth,
        };
        time.ok_or_else(|| malformed("section 'sample.time' is damaged: a place"))
    }
}

/// Reads the `Asized` of these numbers and all that they refer to, level by level, each level
/// in the order of the file; the numbers become those of what is returned.
pub(super) fn read_asized<'n>(
    sections: &Sections,
    roots: impl Iterator<Item = &'n mut u32>,
) -> Outcome<AsizedColumns> {
    let roots: Vec<&mut u32> = roots.collect();
    let mut level: Vec<u32> = roots.iter().map(|root| **root).collect();
    let mut sizes = Column::open(sections, "asized.size")?;
    let mut flats = Column::open(sections, "asized.flat")?;
    let mut names = Column::open(sections, "asized.name")?;
    let mut groups = Column::open(sections, "asized.group")?;
    let mut starts = Column::open(sections, "group.start")?;
    let mut referents = Column::open(sections, "referent")?;

    let mut columns = AsizedColumns::new();
    let mut own: HashMap<u32, u32, RandomState> = HashMap::default();
    let mut own_groups: HashMap<u32, u32, RandomState> = HashMap::default();
    while !level.is_empty() {
        level.sort_unstable();
        level.dedup();
        let mut found = Vec::new();
        for &number in &level {
            if own.contains_key(&number) {
                continue;
            }
            let at = u64::from(number);
            let (size, flat) = (sizes.get(at)?, flats.get(at)?);
            let name = TextId(names.get_as(at)?);
            let group: u32 = groups.get_as(at)?;
            let row = columns.push(name).ok_or_else(|| too_large("its sizes"))?;
            own.insert(number, row);
            let own_group = match (group, own_groups.get(&group)) {
                (0, _) => 0,
                (_, Some(&known)) => known,
                _ => {
                    let start: u32 = starts.get_as(group.into())?;
                    let next = u64::from(group) + 1;
                    let end = if next < starts.count() {
                        starts.get_as(next)?
                    } else {
                        referents.count()
                    };
                    let group_number = columns.group_start.len() as u32;
                    columns.group_start.push(columns.referents.len() as u32);
                    for referent in referents.range(start.into(), end)? {
                        let number: u32 = referents.get_as(referent)?;
                        columns.referents.push(number);
                        found.push(number);
                    }
                    own_groups.insert(group, group_number);
                    group_number
                }
            };
            columns.set(row, size, flat, name, own_group);
        }
        level = found;
    }
    for number in columns.referents.iter_mut().chain(roots) {
        // Everything that is referred to was read.
        *number = own.get(number).copied().unwrap_or_default();
    }
    Ok(columns)
}

/// Reads the traces that objects have; the objects' numbers become those of what is returned.
pub(super) fn read_traces(sections: &Sections, traces: &mut [u32]) -> Outcome<TraceColumns> {
    let mut numbers: Vec<u32> = traces.iter().copied().filter(|&trace| trace > 0).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let mut columns = TraceColumns::default();
    if numbers.is_empty() {
        return Ok(columns);
    }
    let mut ends = Column::open(sections, "trace.end")?;
    let mut frames = Column::open(sections, "trace.frame")?;
    for &number in &numbers {
        let index = u64::from(number - 1);
        let (start, end) = between(&mut ends, index)?;
        for place in frames.range(start, end)? {
            columns.frame_numbers.push(frames.get_as(place)?);
        }
        columns.ends.push(columns.frame_numbers.len() as u32);
    }
    for trace in traces.iter_mut() {
        // Zero, which stands for none, is not among them.
        *trace = numbers.binary_search(trace).map_or(0, |own| own as u32 + 1);
    }
    let mut wanted = columns.frame_numbers.clone();
    wanted.sort_unstable();
    wanted.dedup();
    columns.frames = read_frames(sections, &wanted)?;
    for number in &mut columns.frame_numbers {
        *number = wanted.binary_search(number).unwrap_or_default() as u32;
    }
    Ok(columns)
}

/// Where the one before ends, and where this one does.
fn between(ends: &mut Column<'_>, index: u64) -> Outcome<(u64, u64)> {
    let start = match index.checked_sub(1) {
        None => 0,
        Some(before) => ends.get_as(before)?,
    };
    Ok((start, ends.get_as(index)?))
}

fn read_frames(sections: &Sections, numbers: &[u32]) -> Outcome<Vec<FrameRow>> {
    let mut files = Column::open(sections, "frame.file")?;
    let mut lines = Column::open(sections, "frame.line")?;
    let mut functions = Column::open(sections, "frame.func")?;
    let mut known = Column::open(sections, "frame.known")?;
    let mut ends = Column::open(sections, "frame.end")?;
    let mut indexes = Column::open(sections, "frame.index")?;
    let mut sources = Column::open(sections, "source")?;
    let mut frames = Vec::with_capacity(numbers.len());
    for index in numbers.iter().map(|&number| u64::from(number)) {
        let (start, end) = between(&mut ends, index)?;
        let source = sources
            .range(start, end)?
            .map(|line| Ok(TextId(sources.get_as(line)?)))
            .collect::<Outcome<_>>()?;
        frames.push(FrameRow {
            file: TextId(files.get_as(index)?),
            line: lines.get(index)?,
            wide_line: TextId::NONE,
            function: TextId(functions.get_as(index)?),
            source: (known.get(index)? != 0).then_some(source),
            source_index: Some(indexes.get(index)?).filter(|&index| index != NO_INDEX),
        });
    }
    for (number, digits) in tables::digits(sections, tables::WIDE_LINES)? {
        if let Ok(own) = numbers.binary_search(&number) {
            frames[own].wide_line = digits;
        }
    }
    Ok(frames)
}

/// Reads the texts that a dump has numbers of; these become those of its own arena.
pub(super) fn read_texts(sections: &Sections, dump: &mut Dump) -> Outcome<()> {
    let mut numbers = Vec::new();
    each_text(dump, |id| {
        // Objects whose texts are not asked for have none, a million times over.
        if *id != TextId::NONE {
            numbers.push(id.0);
        }
    });
    numbers.sort_unstable();
    numbers.dedup();
    let mut arena = TextArena::default();
    copy_texts(sections, &numbers, &mut arena)?;
    dump.text = arena;
    each_text(dump, |id| {
        if *id != TextId::NONE {
            *id = TextId(numbers.binary_search(&id.0).unwrap_or_default() as u32);
        }
    });
    Ok(())
}

/// Appends the texts of these numbers, which had better ascend.
pub(super) fn copy_texts(
    sections: &Sections,
    numbers: &[u32],
    arena: &mut TextArena,
) -> Outcome<()> {
    if numbers.is_empty() {
        return Ok(());
    }
    let mut ends = Column::open(sections, "text.end")?;
    let mut bytes = Bytes::open(sections, "text.bytes")?;
    let mut text = Vec::new();
    for &number in numbers {
        let (start, end) = between(&mut ends, number.into())?;
        text.clear();
        bytes.copy(start, end, &mut text)?;
        // A part has no more texts than the whole, whose numbers fit.
        arena.push(&text).ok_or_else(|| too_large("its texts"))?;
    }
    Ok(())
}

/// Shows every number of a text that a dump holds.
fn each_text(dump: &mut Dump, mut see: impl FnMut(&mut TextId)) {
    dump.classes
        .iter_mut()
        .for_each(|class| see(&mut class.name));
    let objects = &mut dump.objects;
    objects
        .name
        .iter_mut()
        .chain(&mut objects.repr)
        .for_each(&mut see);
    dump.asized
        .rows
        .iter_mut()
        .for_each(|row| see(&mut row.name));
    objects.huge_address.values_mut().for_each(&mut see);
    for frame in &mut dump.traces.frames {
        see(&mut frame.file);
        see(&mut frame.function);
        see(&mut frame.wide_line);
        frame.source.iter_mut().flatten().for_each(&mut see);
    }
    for snapshot in &mut dump.snapshots {
        snapshot.each_text(&mut see);
    }
    derived::each_text(dump, see);
}
