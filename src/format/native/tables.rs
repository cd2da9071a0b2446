//! The model as sections, and back whole.

use std::collections::HashMap;
use std::ops::Range;
use std::thread;

use foldhash::fast::FixedState;

use super::column::{Bytes, Columns, PackedColumn, all, bytes, column};
use super::container::{SectionOut, Sections};
use super::schema::Stored;
use super::{NO_INDEX, figures, schema};
use crate::model::{
    AsizedColumns, AsizedId, ClassRow, Column, Contents, Figures, FrameRow, Notes, ObjectColumns,
    ObjectId, Projection, Rules, Salvaged, SampleColumns, Sizes, TextArena, TextId, Totals,
    TraceColumns,
};
use crate::pickle::{Outcome, malformed, no_memory};
use crate::room::with_room;
use crate::threads::{self, Meanwhile};

/// The section of addresses beyond 128 bits.
pub(super) const HUGE_ADDRESSES: &str = "obj.huge";

/// The section of line numbers beyond 64 bits.
pub(super) const WIDE_LINES: &str = "frame.wide";

/// The section of dumps that were salvaged: what is lost of them.
const SALVAGED: &str = "salvaged";

type Make<'j, 'd> = Box<dyn Fn() -> SectionOut<'d> + Send + Sync + 'j>;

/// Sections to be made, of the dump's own bytes where these stand in the file as they are.
#[derive(Default)]
pub(super) struct Jobs<'j, 'd>(Vec<(&'static str, Make<'j, 'd>)>);

impl<'j, 'd> Jobs<'j, 'd> {
    pub(super) fn add(
        &mut self,
        name: &'static str,
        make: impl Fn() -> SectionOut<'d> + Send + Sync + 'j,
    ) {
        self.0.push((name, Box::new(make)));
    }

    pub(super) fn column<I: Iterator<Item = i64>>(
        &mut self,
        name: &'static str,
        values: impl Fn() -> I + Send + Sync + 'j,
    ) {
        self.add(name, move || column(values()));
    }

    /// A column of a figure of each row.
    pub(super) fn rows<T: Sync>(
        &mut self,
        name: &'static str,
        rows: &'j [T],
        figure: impl Fn(&T) -> i64 + Copy + Send + Sync + 'j,
    ) {
        self.column(name, move || rows.iter().map(figure));
    }

    pub(super) fn values<T: Stored + Sync>(&mut self, name: &'static str, values: &'j [T]) {
        self.rows(name, values, |value| value.to_file());
    }

    /// A value of the decimal digits of what no column holds, by number. Hardly any dump has such.
    fn digits(&mut self, name: &'static str, digits: impl Iterator<Item = (u32, TextId)>) {
        let digits: Vec<(u32, TextId)> = digits.collect();
        if !digits.is_empty() {
            self.add(name, move || SectionOut::value(&digits));
        }
    }

    /// Sizes by both rules: those by Pympler's as what they are more.
    fn sizes(&mut self, sizes: &'j [Sizes; 2]) {
        let [documented, pympler] = sizes.each_ref().map(Sizes::all);
        self.values("obj.largest", documented[0]);
        self.values("obj.at_peak", documented[1]);
        for (name, at) in [("obj.p_largest", 0), ("obj.p_at_peak", 1)] {
            let pairs = move || pympler[at].iter().zip(documented[at]);
            self.column(name, move || pairs().map(|(a, b)| a.wrapping_sub(*b)));
        }
    }

    /// Addresses that no column holds. Hardly any dump has such.
    fn odd_addresses(&mut self, objects: &'j ObjectColumns) {
        self.add("obj.wide", || SectionOut::value(&objects.wide_address));
        let huge = objects.huge_address.iter();
        self.digits(HUGE_ADDRESSES, huge.map(|(id, &digits)| (id.0, digits)));
    }

    /// What objects and their referents were measured to be.
    fn asized(&mut self, asized: &'j AsizedColumns) {
        let ids = move || (0..asized.rows.len()).map(AsizedId::at);
        self.column("asized.size", move || ids().map(|id| asized.size(id)));
        self.column("asized.flat", move || ids().map(|id| asized.flat(id)));
        self.rows("asized.name", &asized.rows, |row| row.name.to_file());
        self.rows("asized.group", &asized.rows, |row| row.group.into());
        self.values("group.start", &asized.group_start);
        self.values("referent", &asized.referents);
    }

    /// The frames that created objects.
    fn traces(&mut self, traces: &'j TraceColumns) {
        let frames = &traces.frames;
        self.rows("frame.file", frames, |frame| frame.file.to_file());
        self.rows("frame.line", frames, |frame| frame.line);
        let wide_lines = (0..).zip(frames).map(|(n, frame)| (n, frame.wide_line));
        let wide_lines = wide_lines.filter(|&(_, digits)| digits != TextId::NONE);
        self.digits(WIDE_LINES, wide_lines);
        self.rows("frame.func", frames, |frame| frame.function.to_file());
        self.rows("frame.known", frames, |frame| frame.source.is_some().into());
        let lines = |frame: &'j FrameRow| frame.source.iter().flatten();
        self.column("frame.end", move || {
            frames.iter().scan(0, move |end, frame| {
                *end += lines(frame).count() as i64;
                Some(*end)
            })
        });
        self.rows("frame.index", frames, |frame| {
            frame.source_index.unwrap_or(NO_INDEX)
        });
        self.column("source", move || {
            frames.iter().flat_map(lines).map(|line| line.to_file())
        });
        self.values("trace.end", &traces.ends);
        self.values("trace.frame", &traces.frame_numbers);
    }
}

/// All sections of a dump, in the order of the file.
pub(super) fn write(dump: &Contents) -> Vec<(&'static str, SectionOut<'_>)> {
    // Several columns want these, and a core that waits for another does nothing.
    let (totals, figures, codes, sizes) = thread::scope(|scope| {
        let merged_trees = Meanwhile::begin(scope, || dump.merged_trees());
        let figures = Meanwhile::begin(scope, || (Totals::of(dump), Figures::of(dump)));
        let codes = time_codes(dump);
        let sizes = [Rules::Documented, Rules::Pympler].map(|rules| Sizes::of(dump, rules));
        let (totals, mut figures) = figures.end();
        figures.merged_trees = merged_trees.end();
        (totals, figures, codes, sizes)
    });
    let (totals, times) = (&totals, &codes.1);

    let mut jobs = Jobs::default();
    jobs.add("totals", move || figures::totals(totals));
    let notes = (dump.notes.protocols, &dump.notes.unknown_globals);
    jobs.add("notes", move || SectionOut::value(&notes));
    if let Some(lost) = &dump.notes.salvaged {
        jobs.add(SALVAGED, move || salvaged(lost));
    }
    jobs.add("snaps", || SectionOut::value(&dump.snapshots));
    jobs.values("snap.row", &dump.snapshot_rows);

    jobs.rows("class.name", &dump.classes, |class| class.name.to_file());
    jobs.rows("class.start", &dump.classes, |class| class.start.into());
    jobs.rows("class.count", &dump.classes, |class| class.count.into());
    figures::columns(&mut jobs, &figures);

    jobs.values("text.end", dump.text.ends());
    jobs.add("text.bytes", || bytes(dump.text.all_bytes()));

    let objects = &dump.objects;
    jobs.values("listed", &dump.listed);
    for row in &schema::OBJECTS {
        jobs.add(row.name, move || row.write(objects));
        match row.name {
            "obj.death" => jobs.sizes(&sizes),
            "obj.address" => jobs.odd_addresses(objects),
            _ => {}
        }
    }

    jobs.values("sample.time", &codes.0);
    jobs.add("times", move || SectionOut {
        // Counted as if there was one for each sample.
        integers: dump.samples.time.len() as u64,
        ..column(times.iter().map(|time| time.to_file()))
    });
    jobs.values("sample.asized", &dump.samples.asized);

    jobs.asized(&dump.asized);
    jobs.traces(&dump.traces);
    threads::each(&jobs.0, |(name, make)| (*name, make()))
}

fn salvaged(lost: &Salvaged) -> SectionOut<'static> {
    let Salvaged {
        stopped_at_byte,
        reason,
        bytes_not_read,
        bytes_uncounted,
        objects,
        snapshots,
        objects_complete,
        snapshots_complete,
        snapshots_rebuilt,
    } = lost;
    let bytes = (stopped_at_byte, bytes_not_read, bytes_uncounted);
    let counts = (objects, snapshots, snapshots_rebuilt);
    let complete = (objects_complete, snapshots_complete);
    SectionOut::value(&(reason, bytes, counts, complete))
}

/// Reads everything, and checks it.
pub(super) fn read(sections: &Sections) -> Outcome<Contents> {
    sections.begin();
    // What follows from the rest is not needed, but a damaged file is a damaged file.
    figures::check(sections)?;
    for name in [
        "obj.largest",
        "obj.at_peak",
        "obj.p_largest",
        "obj.p_at_peak",
    ] {
        if sections.has(name) {
            PackedColumn::open(sections, name)?.check()?;
        }
    }
    let objects = read_objects(sections, Projection::ALL, None)?;
    let samples = read_samples(&mut &*sections, &objects)?;
    Ok(Contents {
        text: read_text(sections)?,
        classes: read_classes(&mut &*sections)?,
        listed: all(sections, "listed")?,
        objects,
        samples,
        asized: read_asized(&mut &*sections)?,
        traces: read_traces(sections)?,
        snapshots: sections.value("snaps")?,
        snapshot_rows: all(sections, "snap.row")?,
        notes: read_notes(sections)?,
        ..Contents::default()
    })
}

pub(super) fn read_text(sections: &Sections) -> Outcome<TextArena> {
    let ends = all(sections, "text.end")?;
    let bytes = Bytes::open(sections, "text.bytes")?.all()?;
    TextArena::from_parts(ends, bytes)
        .ok_or_else(|| malformed("section 'text.end' is damaged: lengths of texts"))
}

pub(super) fn read_classes(from: &mut impl Columns) -> Outcome<Vec<ClassRow>> {
    let names: Vec<TextId> = from.column("class.name")?;
    let starts: Vec<u32> = from.column("class.start")?;
    let counts: Vec<u32> = from.column("class.count")?;
    same_length("class", &[names.len(), starts.len(), counts.len()])?;
    let rows = names.into_iter().zip(starts).zip(counts);
    let rows = rows.map(|((name, start), count)| ClassRow { name, start, count });
    Ok(rows.collect())
}

/// A column: all of it, or what stands at some places, which ascend.
pub(super) fn some<T: Stored>(
    sections: &Sections,
    name: &'static str,
    numbers: Option<&[ObjectId]>,
) -> Outcome<Vec<T>> {
    let mut column = PackedColumn::open(sections, name)?;
    match numbers {
        None => column.all(),
        Some(numbers) => column.gather(numbers),
    }
}

/// The columns of objects that are asked for: of all of them, or of those of numbers that ascend.
pub(super) fn read_objects(
    sections: &Sections,
    wanted: Projection,
    numbers: Option<&[ObjectId]>,
) -> Outcome<ObjectColumns> {
    let mut objects = schema::read(sections, wanted, numbers)?;
    if wanted.has(Column::Address) {
        let place = |number: u32| match numbers {
            None => Some(ObjectId(number)),
            Some(ids) => ids.binary_search(&ObjectId(number)).ok().map(ObjectId::at),
        };
        let wide: Vec<(u32, i128)> = sections.value("obj.wide")?;
        let wide = wide.into_iter().filter_map(|(n, of)| Some((place(n)?, of)));
        objects.wide_address = wide.collect();
        let huge = digits(sections, HUGE_ADDRESSES)?.into_iter();
        let huge = huge.filter_map(|(n, digits)| Some((place(n)?, digits)));
        objects.huge_address = huge.collect();
    }
    Ok(objects)
}

/// Columns of one thing have one length.
pub(super) fn same_length(of: &str, lengths: &[usize]) -> Outcome<()> {
    if lengths.windows(2).all(|pair| pair[0] == pair[1]) {
        return Ok(());
    }
    Err(malformed(format!(
        "section '{of}' is damaged: its columns differ in length"
    )))
}

/// For each sample 0 where its time is the birth of every object whose samples begin with
/// it, and no object's samples go over it; else the place among the other times + 1.
fn time_codes(dump: &Contents) -> (Vec<u32>, Vec<f64>) {
    const UNKNOWN: u32 = u32::MAX;
    const OTHER: u32 = u32::MAX - 1;
    let (objects, times) = (&dump.objects, &dump.samples.time);
    let mut codes = vec![UNKNOWN; times.len()];
    for (index, &start) in objects.sample_start.iter().enumerate() {
        let end = start as usize + objects.sample_count[index] as usize;
        let run = start as usize..end;
        let Some((first, others)) = codes.get_mut(run).and_then(<[u32]>::split_first_mut) else {
            continue;
        };
        let born = times[start as usize].to_bits() == objects.birth[index].to_bits();
        *first = if born && *first != OTHER { 0 } else { OTHER };
        others.fill(OTHER);
    }
    let mut places: HashMap<u64, u32, FixedState> = HashMap::default();
    let mut others: Vec<f64> = Vec::new();
    // Samples follow the snapshots, so the next time is mostly the one behind the last.
    let mut guess = 0;
    for (code, time) in codes.iter_mut().zip(times) {
        if *code == 0 {
            continue;
        }
        let bits = time.to_bits();
        if others
            .get(guess)
            .is_none_or(|other| other.to_bits() != bits)
        {
            let next = others.len() as u32;
            guess = *places.entry(bits).or_insert(next) as usize;
            if guess == others.len() {
                others.push(*time);
            }
        }
        guess += 1;
        *code = guess as u32;
    }
    (codes, others)
}

pub(super) fn read_samples(
    from: &mut impl Columns,
    objects: &ObjectColumns,
) -> Outcome<SampleColumns> {
    let mut codes: Vec<u32> = from.column("sample.time")?;
    let times: Vec<f64> = from.column("times")?;
    let asized: Vec<AsizedId> = from.column("sample.asized")?;
    same_length("sample", &[codes.len(), asized.len()])?;
    let mut births = 0;
    let mut time = with_room(codes.len()).map_err(no_memory)?;
    for &code in &codes {
        time.push(match (code as usize).checked_sub(1) {
            None => {
                births += 1;
                f64::NAN
            }
            Some(place) => *times
                .get(place)
                .ok_or_else(|| malformed("section 'sample.time' is damaged: a place"))?,
        });
    }
    for (index, &start) in objects.sample_start.iter().enumerate() {
        if objects.sample_count[index] > 0
            && let Some(code @ 0) = codes.get_mut(start as usize)
        {
            time[start as usize] = objects.birth[index];
            *code = u32::MAX;
            births -= 1;
        }
    }
    if births > 0 {
        return Err(malformed(
            "section 'sample.time' is damaged: a birth without an object",
        ));
    }
    Ok(SampleColumns { time, asized })
}

pub(super) fn read_asized(from: &mut impl Columns) -> Outcome<AsizedColumns> {
    let sizes: Vec<i64> = from.column("asized.size")?;
    let flats: Vec<i64> = from.column("asized.flat")?;
    let names: Vec<TextId> = from.column("asized.name")?;
    let groups: Vec<u32> = from.column("asized.group")?;
    let lengths = [sizes.len(), flats.len(), names.len(), groups.len()];
    same_length("asized", &lengths)?;
    let mut columns = AsizedColumns::default();
    columns.rows = with_room(sizes.len()).map_err(no_memory)?;
    let rows = sizes.iter().zip(flats).zip(names).zip(groups);
    for (((&size, flat), name), group) in rows {
        let id = columns.push(name);
        let id = id.ok_or_else(|| malformed("section 'asized' is damaged: its length"))?;
        columns.set(id, size, flat, name, group);
    }
    columns.group_start = from.column("group.start")?;
    columns.referents = from.column("referent")?;
    Ok(columns)
}

pub(super) fn read_traces(sections: &Sections) -> Outcome<TraceColumns> {
    let files: Vec<TextId> = all(sections, "frame.file")?;
    let lines: Vec<i64> = all(sections, "frame.line")?;
    let functions: Vec<TextId> = all(sections, "frame.func")?;
    let known: Vec<u8> = all(sections, "frame.known")?;
    let ends: Vec<u32> = all(sections, "frame.end")?;
    let mut start = 0;
    let sources = known.iter().zip(ends).map(|(&known, end)| {
        let lines = std::mem::replace(&mut start, end as usize)..end as usize;
        (lines, known != 0)
    });
    let mut traces = TraceColumns {
        frames: read_frames(&mut &*sections, files, lines, functions, sources.collect())?,
        ends: all(sections, "trace.end")?,
        frame_numbers: all(sections, "trace.frame")?,
    };
    for (number, digits) in digits(sections, WIDE_LINES)? {
        let frame = traces.frames.get_mut(number as usize);
        let frame = frame.ok_or_else(|| malformed("section 'frame.wide' is damaged: a frame"))?;
        frame.wide_line = digits;
    }
    Ok(traces)
}

/// Frames, of each the range of its source lines and whether it has any. Reads these, and which is
/// the current one.
pub(super) fn read_frames(
    from: &mut impl Columns,
    files: Vec<TextId>,
    lines: Vec<i64>,
    functions: Vec<TextId>,
    sources: Vec<(Range<usize>, bool)>,
) -> Outcome<Vec<FrameRow>> {
    let indexes: Vec<i64> = from.column("frame.index")?;
    let all_lines: Vec<TextId> = from.column("source")?;
    let count = files.len();
    let lengths = [
        count,
        lines.len(),
        functions.len(),
        sources.len(),
        indexes.len(),
    ];
    same_length("frame", &lengths)?;
    let mut frames = with_room(count).map_err(no_memory)?;
    for (index, (range, is_known)) in sources.into_iter().enumerate() {
        let source = all_lines.get(range);
        let source =
            source.ok_or_else(|| malformed("section 'frame.end' is damaged: its lines"))?;
        frames.push(FrameRow {
            file: files[index],
            line: lines[index],
            wide_line: TextId::NONE,
            function: functions[index],
            source: is_known.then(|| source.into()),
            source_index: Some(indexes[index]).filter(|&index| index != NO_INDEX),
        });
    }
    Ok(frames)
}

/// The decimal digits of what no column holds, by number; mostly there is no such section.
pub(super) fn digits(sections: &Sections, name: &'static str) -> Outcome<Vec<(u32, TextId)>> {
    if !sections.has(name) {
        return Ok(Vec::new());
    }
    sections.value(name)
}

pub(super) fn read_notes(sections: &Sections) -> Outcome<Notes> {
    let (protocols, unknown_globals): ([u8; 2], Vec<String>) = sections.value("notes")?;
    Ok(Notes {
        protocols,
        unknown_globals,
        salvaged: read_salvaged(sections)?,
        ..Notes::default()
    })
}

fn read_salvaged(sections: &Sections) -> Outcome<Option<Salvaged>> {
    if !sections.has(SALVAGED) {
        return Ok(None);
    }
    type Value = (String, (u64, u64, bool), (u64, u64, u64), (bool, bool));
    let (reason, bytes, counts, complete): Value = sections.value(SALVAGED)?;
    Ok(Some(Salvaged {
        stopped_at_byte: bytes.0,
        reason,
        bytes_not_read: bytes.1,
        bytes_uncounted: bytes.2,
        objects: counts.0,
        snapshots: counts.1,
        objects_complete: complete.0,
        snapshots_complete: complete.1,
        snapshots_rebuilt: counts.2,
    }))
}
