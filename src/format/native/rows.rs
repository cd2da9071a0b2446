//! Some objects of a file and what they refer to, read without the others.

use std::collections::HashMap;
use std::ops::Range;

use foldhash::fast::RandomState;

use super::NO_INDEX;
use super::column::{Bytes, PackedColumn, all};
use super::container::Sections;
use super::tables;
use crate::model::subset::{AsizedFields, Whole};
use crate::model::{
    AsizedColumns, AsizedId, ClassId, ClassRow, Contents, FrameRow, ObjectColumns, ObjectId,
    SampleColumns, TextArena, TextId, TraceId,
};
use crate::pickle::{Fault, Outcome, malformed, too_large};

/// Objects that some classes list, in the lists of their classes. They get numbers from 0 on; their
/// numbers in the file, which ascend.
pub(super) fn list_of_classes(
    sections: &Sections,
    contents: &mut Contents,
    classes: &[ClassId],
) -> Outcome<Vec<ObjectId>> {
    let mut column = PackedColumn::open(sections, "listed")?;
    let (mut listed, mut end) = (Vec::new(), 0);
    for (class, row) in (0..).map(ClassId).zip(&mut contents.classes) {
        if u64::from(row.start) != end {
            return Err(malformed("section 'class.start' is damaged: its classes"));
        }
        let from = end;
        end += u64::from(row.count);
        (row.start, row.count) = (listed.len() as u32, 0);
        if classes.binary_search(&class).is_ok() {
            column.append(from..end, &mut listed)?;
            row.count = listed.len() as u32 - row.start;
        }
    }
    if end != column.count() {
        return Err(malformed("section 'class.count' is damaged: its classes"));
    }
    // An object may be listed by several classes, and several times.
    let mut numbers: Vec<ObjectId> = listed.clone();
    // Those of each class ascend mostly, and a stable sort merges what ascends.
    numbers.sort();
    numbers.dedup();
    let mut next = 0;
    for number in &mut listed {
        // Mostly they ascend.
        if numbers.get(next) != Some(number) {
            next = numbers.binary_search(number).unwrap_or_default();
        }
        *number = ObjectId::at(next);
        next += 1;
    }
    contents.listed = listed;
    Ok(numbers)
}

/// Puts the objects into the lists of their own classes.
/// None if the classes of the objects were not read.
pub(super) fn list(dump: &mut Contents) -> Outcome<()> {
    unlist(&mut dump.classes);
    for class in &dump.objects.class {
        let row = dump.classes.get_mut(class.index());
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
    dump.listed = vec![ObjectId(0); dump.objects.class.len()];
    for (number, class) in dump.objects.class.iter().enumerate() {
        let place = &mut places[class.index()];
        dump.listed[*place] = ObjectId::at(number);
        *place += 1;
    }
    Ok(())
}

/// Takes their objects from classes.
pub(super) fn unlist(classes: &mut [ClassRow]) {
    for class in classes {
        (class.start, class.count) = (0, 0);
    }
}

/// Reads the samples of objects whose columns were read: all of them, or of each the last one of a
/// moment. Their `Asized` keep the numbers of the file for now.
pub(super) fn read_samples(
    sections: &Sections,
    objects: &mut ObjectColumns,
    moment_seconds: Option<f64>,
) -> Outcome<SampleColumns> {
    let mut times = SampleTimes::open(sections)?;
    let mut asized = PackedColumn::open(sections, "sample.asized")?;
    let mut samples = SampleColumns::default();
    for own in 0..objects.len() {
        let (start, birth) = (objects.sample_start[own], objects.birth[own]);
        let range = times.range(start, objects.sample_count[own])?;
        let full = || too_large("it holds more than 4,294,967,295 samples");
        let first = u32::try_from(samples.time.len()).map_err(|_| full())?;
        let mut time_of = |sample| {
            let birth = Some(birth).filter(|_| sample == u64::from(start));
            times.get(sample, birth)
        };
        match moment_seconds {
            None => {
                for sample in range {
                    samples.time.push(time_of(sample)?);
                    samples.asized.push(asized.get_as(sample)?);
                }
            }
            Some(moment) => {
                // Mostly it is the very last.
                for sample in range.rev() {
                    if time_of(sample)? == moment {
                        samples.time.push(moment);
                        samples.asized.push(asized.get_as(sample)?);
                        break;
                    }
                }
            }
        }
        objects.sample_start[own] = first;
        objects.sample_count[own] = samples.time.len() as u32 - first;
    }
    Ok(samples)
}

/// When samples were taken.
pub(super) struct SampleTimes<'s> {
    codes: PackedColumn<'s>,
    times: Vec<f64>,
}

impl<'s> SampleTimes<'s> {
    pub(super) fn open(sections: &'s Sections) -> Outcome<Self> {
        Ok(SampleTimes {
            codes: PackedColumn::open(sections, "sample.time")?,
            times: all(sections, "times")?,
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

/// A native file as what a subset is taken from. Columns are opened when something of them is
/// asked for.
pub(super) struct FileRows<'s> {
    sections: &'s Sections,
    asized: Option<AsizedReader<'s>>,
    traces: Option<[PackedColumn<'s>; 2]>,
}

impl<'s> FileRows<'s> {
    pub(super) fn of(sections: &'s Sections) -> Self {
        FileRows {
            sections,
            asized: None,
            traces: None,
        }
    }

    fn asized_reader(&mut self) -> Outcome<&mut AsizedReader<'s>> {
        let reader = match self.asized.take() {
            Some(reader) => reader,
            None => AsizedReader::open(self.sections)?,
        };
        Ok(self.asized.insert(reader))
    }

    fn trace_columns(&mut self) -> Outcome<&mut [PackedColumn<'s>; 2]> {
        let columns = match self.traces.take() {
            Some(columns) => columns,
            None => [
                PackedColumn::open(self.sections, "trace.end")?,
                PackedColumn::open(self.sections, "trace.frame")?,
            ],
        };
        Ok(self.traces.insert(columns))
    }
}

struct AsizedReader<'s> {
    sizes: PackedColumn<'s>,
    flats: PackedColumn<'s>,
    names: PackedColumn<'s>,
    groups: PackedColumn<'s>,
    starts: PackedColumn<'s>,
    referents: PackedColumn<'s>,
}

impl<'s> AsizedReader<'s> {
    fn open(sections: &'s Sections) -> Outcome<Self> {
        let open = |name| PackedColumn::open(sections, name);
        Ok(AsizedReader {
            sizes: open("asized.size")?,
            flats: open("asized.flat")?,
            names: open("asized.name")?,
            groups: open("asized.group")?,
            starts: open("group.start")?,
            referents: open("referent")?,
        })
    }
}

impl Whole for FileRows<'_> {
    type Fault = Box<Fault>;
    type Numbers = HashMap<u32, u32, RandomState>;

    fn asized_numbers(&self) -> Self::Numbers {
        HashMap::default()
    }

    fn asized(&mut self, id: AsizedId) -> Outcome<AsizedFields> {
        let reader = self.asized_reader()?;
        let at = id.0.into();
        Ok(AsizedFields {
            size_bytes: reader.sizes.get(at)?,
            flat_bytes: reader.flats.get(at)?,
            name: reader.names.get_as(at)?,
            group: reader.groups.get_as(at)?,
        })
    }

    fn members(&mut self, group: u32, mut see: impl FnMut(AsizedId)) -> Outcome<()> {
        let AsizedReader {
            starts, referents, ..
        } = self.asized_reader()?;
        let start: u32 = starts.get_as(group.into())?;
        let next = u64::from(group) + 1;
        let end = if next < starts.count() {
            starts.get_as(next)?
        } else {
            referents.count()
        };
        for referent in referents.range(start.into(), end)? {
            see(referents.get_as(referent)?);
        }
        Ok(())
    }

    fn frames_of(&mut self, trace: TraceId, mut see: impl FnMut(u32)) -> Outcome<()> {
        let [ends, frames] = self.trace_columns()?;
        let (start, end) = between(ends, trace.0.into())?;
        for place in frames.range(start, end)? {
            see(frames.get_as(place)?);
        }
        Ok(())
    }

    fn frames(&mut self, numbers: &[u32]) -> Outcome<Vec<FrameRow>> {
        read_frames(self.sections, numbers)
    }

    fn texts(&mut self, ids: &[TextId], arena: &mut TextArena) -> Outcome<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut ends = PackedColumn::open(self.sections, "text.end")?;
        let mut bytes = Bytes::open(self.sections, "text.bytes")?;
        let mut text = Vec::new();
        for id in ids {
            let (start, end) = between(&mut ends, id.0.into())?;
            text.clear();
            bytes.copy(start, end, &mut text)?;
            arena.push(&text).ok_or_else(|| self.too_many())?;
        }
        Ok(())
    }

    fn too_many(&self) -> Box<Fault> {
        too_large("what some objects refer to")
    }
}

/// Where the one before ends, and where this one does.
fn between(ends: &mut PackedColumn<'_>, index: u64) -> Outcome<(u64, u64)> {
    let start = match index.checked_sub(1) {
        None => 0,
        Some(before) => ends.get_as(before)?,
    };
    Ok((start, ends.get_as(index)?))
}

fn read_frames(sections: &Sections, numbers: &[u32]) -> Outcome<Vec<FrameRow>> {
    let mut files = PackedColumn::open(sections, "frame.file")?;
    let mut lines = PackedColumn::open(sections, "frame.line")?;
    let mut functions = PackedColumn::open(sections, "frame.func")?;
    let mut known = PackedColumn::open(sections, "frame.known")?;
    let mut ends = PackedColumn::open(sections, "frame.end")?;
    let mut indexes = PackedColumn::open(sections, "frame.index")?;
    let mut sources = PackedColumn::open(sections, "source")?;
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

/// Reads the sizes of the `Asized` of these numbers, which become those of what is returned.
pub(super) fn read_sizes(sections: &Sections, numbers: &mut [AsizedId]) -> Outcome<AsizedColumns> {
    let mut places: Vec<u32> = (0..numbers.len() as u32).collect();
    places.sort_by_key(|&place| numbers[place as usize]);
    let ascending: Vec<_> = places.iter().map(|&at| numbers[at as usize]).collect();
    let sizes: Vec<i64> = PackedColumn::open(sections, "asized.size")?.gather(&ascending)?;
    let mut columns = AsizedColumns::new();
    for (&place, size) in places.iter().zip(sizes) {
        let row = columns.push(TextId::NONE);
        let row = row.ok_or_else(|| too_large("its sizes"))?;
        columns.set(row, size, 0, TextId::NONE, 0);
        numbers[place as usize] = row;
    }
    Ok(columns)
}
