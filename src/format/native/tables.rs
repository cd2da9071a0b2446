//! The model as sections, and back whole.

use std::collections::HashMap;
use std::thread;

use foldhash::fast::FixedState;

use super::column::{Bytes, PackedColumn, all, bytes, column};
use super::container::{SectionOut, Sections};
use super::parallel::{self, Meanwhile};
use super::{NO_INDEX, figures, schema};
use crate::model::{
    AsizedColumns, AsizedId, ClassRow, Column, Contents, Figures, FrameRow, Notes, ObjectColumns,
    ObjectId, Projection, Rules, Salvaged, SampleColumns, Sizes, TextArena, TextId, Totals,
    TraceColumns,
};
use crate::pickle::{Outcome, malformed, no_memory};
use crate::room::with_room;

/// A section's name and how it is made.
type Job<'j, 'd> = (&'static str, figures::Make<'j, 'd>);

/// The section of addresses beyond 128 bits.
pub(super) const HUGE_ADDRESSES: &str = "obj.huge";

/// The section of line numbers beyond 64 bits.
pub(super) const WIDE_LINES: &str = "frame.wide";

/// The section of dumps that were salvaged: what is lost of them.
const SALVAGED: &str = "salvaged";

/// Sections to be made, of the dump's own bytes where these stand in the file as they are.
struct Jobs<'j, 'd>(Vec<Job<'j, 'd>>);

impl<'j, 'd> Jobs<'j, 'd> {
    fn add(&mut self, name: &'static str, make: impl Fn() -> SectionOut<'d> + Send + Sync + 'j) {
        self.0.push((name, Box::new(make)));
    }

    fn column<I: Iterator<Item = i64>>(
        &mut self,
        name: &'static str,
        values: impl Fn() -> I + Send + Sync + 'j,
    ) {
        self.add(name, move || column(values()));
    }

    /// A value of the decimal digits of what no column holds, by number. Hardly any dump has such.
    fn digits(&mut self, name: &'static str, digits: impl Iterator<Item = (u32, TextId)>) {
        let digits: Vec<(u32, u32)> = digits.map(|(number, digits)| (number, digits.0)).collect();
        if !digits.is_empty() {
            self.add(name, move || SectionOut::value(&digits));
        }
    }

    /// Sizes by both rules: those by Pympler's as what they are more.
    fn sizes(&mut self, sizes: &'j [Sizes; 2]) {
        let [documented, pympler] = sizes;
        self.column("obj.largest", || documented.all_largest().iter().copied());
        self.column("obj.at_peak", || documented.all_at_peak().iter().copied());
        self.column("obj.p_largest", || {
            differences(pympler.all_largest(), documented.all_largest())
        });
        self.column("obj.p_at_peak", || {
            differences(pympler.all_at_peak(), documented.all_at_peak())
        });
    }

    /// Addresses that no column holds. Hardly any dump has such.
    fn odd_addresses(&mut self, objects: &ObjectColumns) {
        let wide = objects.wide_address.iter();
        let wide: Vec<(u32, i128)> = wide.map(|(id, &address)| (id.0, address)).collect();
        self.add("obj.wide", move || SectionOut::value(&wide));
        let huge = objects.huge_address.iter();
        self.digits(HUGE_ADDRESSES, huge.map(|(id, &digits)| (id.0, digits)));
    }

    /// What objects and their referents were measured to be.
    fn asized(&mut self, asized: &'j AsizedColumns) {
        let ids = move || (0..asized.rows.len()).map(AsizedId::at);
        self.column("asized.size", move || ids().map(|id| asized.size(id)));
        self.column("asized.flat", move || ids().map(|id| asized.flat(id)));
        self.column("asized.name", move || {
            asized.rows.iter().map(|row| row.name.0.into())
        });
        self.column("asized.group", move || {
            asized.rows.iter().map(|row| row.group.into())
        });
        self.column("group.start", move || numbers(&asized.group_start));
        self.column("referent", move || numbers(&asized.referents));
    }

    /// The frames that created objects.
    fn traces(&mut self, traces: &'j TraceColumns) {
        let TraceColumns {
            frames,
            ends,
            frame_numbers,
        } = traces;
        self.column("frame.file", move || {
            frames.iter().map(|frame| frame.file.0.into())
        });
        self.column("frame.line", move || frames.iter().map(|frame| frame.line));
        let wide_lines = (0..).zip(frames).map(|(n, frame)| (n, frame.wide_line));
        self.digits(
            WIDE_LINES,
            wide_lines.filter(|&(_, digits)| digits != TextId::NONE),
        );
        self.column("frame.func", move || {
            frames.iter().map(|frame| frame.function.0.into())
        });
        self.column("frame.known", move || {
            frames.iter().map(|frame| frame.source.is_some().into())
        });
        self.column("frame.end", move || {
            let lengths = frames
                .iter()
                .map(|frame| frame.source.iter().flatten().count());
            lengths.scan(0, |end, length| {
                *end += length as i64;
                Some(*end)
            })
        });
        self.column("frame.index", move || {
            frames
                .iter()
                .map(|frame| frame.source_index.unwrap_or(NO_INDEX))
        });
        self.column("source", move || {
            let lines = frames
                .iter()
                .flat_map(|frame| frame.source.iter().flatten());
            lines.map(|line| line.0.into())
        });
        self.column("trace.end", move || numbers(ends));
        self.column("trace.frame", move || numbers(frame_numbers));
    }

    fn run(self) -> Vec<(&'static str, SectionOut<'d>)> {
        parallel::each(&self.0, |(name, make)| (*name, make()))
    }
}

/// All sections of a dump, in the order of the file, and how many integers their columns hold.
pub(super) fn write(dump: &Contents) -> (Vec<(&'static str, SectionOut<'_>)>, u64) {
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
    let (totals, figures, codes, sizes) = (&totals, &figures, &codes, &sizes);

    let mut jobs = Jobs(Vec::new());
    jobs.add("totals", move || figures::totals(totals));
    let notes = (dump.notes.protocols, &dump.notes.unknown_globals);
    jobs.add("notes", move || SectionOut::value(&notes));
    if let Some(lost) = &dump.notes.salvaged {
        jobs.add(SALVAGED, move || salvaged(lost));
    }
    jobs.add("snaps", || SectionOut::value(&dump.snapshots));
    jobs.column("snap.row", move || numbers(&dump.snapshot_rows));

    let classes = &dump.classes;
    jobs.column("class.name", move || {
        classes.iter().map(|class| class.name.0.into())
    });
    jobs.column("class.start", move || {
        classes.iter().map(|class| class.start.into())
    });
    jobs.column("class.count", move || {
        classes.iter().map(|class| class.count.into())
    });
    for (name, make) in figures::columns(figures) {
        jobs.0.push((name, make));
    }

    jobs.column("text.end", move || {
        dump.text.ends().iter().map(|&end| end as i64)
    });
    jobs.add("text.bytes", || bytes(dump.text.all_bytes()));

    let objects = &dump.objects;
    jobs.column("listed", move || numbers(&dump.listed));
    for row in &schema::OBJECTS {
        jobs.add(row.name, move || row.write(objects));
        match row.name {
            "obj.death" => jobs.sizes(sizes),
            "obj.address" => jobs.odd_addresses(objects),
            _ => {}
        }
    }

    jobs.column("sample.time", move || numbers(&codes.0));
    jobs.column("times", move || numbers(&codes.1));
    jobs.column("sample.asized", move || numbers(&dump.samples.asized));

    jobs.asized(&dump.asized);
    jobs.traces(&dump.traces);
    (jobs.run(), integers(dump) + figures::integers(figures))
}

/// What is lost of a dump.
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

/// How many integers the columns of a dump hold together, but for what follows from others.
fn integers(dump: &Contents) -> u64 {
    let traces = &dump.traces;
    let lines = traces.frames.iter().flat_map(|frame| frame.source.iter());
    let lines: usize = lines.map(|lines| lines.len()).sum();
    let columns = [
        (1, dump.snapshot_rows.len()),
        (3, dump.classes.len()),
        (1, dump.text.len()),
        (1, dump.listed.len()),
        (14, dump.objects.len()),
        (3, dump.samples.time.len()),
        (4, dump.asized.rows.len()),
        (1, dump.asized.group_start.len()),
        (1, dump.asized.referents.len()),
        (6, traces.frames.len()),
        (1, lines),
        (1, traces.ends.len()),
        (1, traces.frame_numbers.len()),
    ];
    let counts = columns.map(|(columns, rows)| columns * rows as u64);
    counts
        .iter()
        .fold(0, |sum, &count| sum.saturating_add(count))
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
    let samples = read_samples(sections, &objects)?;
    Ok(Contents {
        text: read_text(sections)?,
        classes: read_classes(sections)?,
        listed: all(sections, "listed")?,
        objects,
        samples,
        asized: read_asized(sections)?,
        traces: read_traces(sections)?,
        snapshots: sections.value("snaps")?,
        snapshot_rows: all(sections, "snap.row")?,
        notes: read_notes(sections)?,
        ..Contents::default()
    })
}

fn numbers<T: schema::Stored>(values: &[T]) -> impl Iterator<Item = i64> + '_ {
    values.iter().map(|value| value.to_file())
}

fn differences<'a>(values: &'a [i64], from: &'a [i64]) -> impl Iterator<Item = i64> + 'a {
    values.iter().zip(from).map(|(a, b)| a.wrapping_sub(*b))
}

pub(super) fn read_text(sections: &Sections) -> Outcome<TextArena> {
    let ends = all(sections, "text.end")?;
    let bytes = Bytes::open(sections, "text.bytes")?.all()?;
    TextArena::from_parts(ends, bytes)
        .ok_or_else(|| malformed("section 'text.end' is damaged: lengths of texts"))
}

pub(super) fn read_classes(sections: &Sections) -> Outcome<Vec<ClassRow>> {
    let names: Vec<u32> = all(sections, "class.name")?;
    let starts: Vec<u32> = all(sections, "class.start")?;
    let counts: Vec<u32> = all(sections, "class.count")?;
    same_length("class", &[names.len(), starts.len(), counts.len()])?;
    Ok(class_rows(&names, &starts, &counts))
}

/// Classes of columns that are equally long.
pub(super) fn class_rows(names: &[u32], starts: &[u32], counts: &[u32]) -> Vec<ClassRow> {
    let rows = names.iter().zip(starts).zip(counts);
    rows.map(|((&name, &start), &count)| ClassRow {
        name: TextId(name),
        start,
        count,
    })
    .collect()
}

/// A column: all of it, or what stands at some places, which ascend.
pub(super) fn some<T: schema::Stored>(
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
        let wide = wide.into_iter();
        objects.wide_address = wide
            .filter_map(|(n, address)| Some((place(n)?, address)))
            .collect();
        let huge = digits(sections, HUGE_ADDRESSES)?.into_iter();
        objects.huge_address = huge
            .filter_map(|(n, digits)| Some((place(n)?, digits)))
            .collect();
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

fn read_samples(sections: &Sections, objects: &ObjectColumns) -> Outcome<SampleColumns> {
    let codes: Vec<u32> = all(sections, "sample.time")?;
    let times: Vec<f64> = all(sections, "times")?;
    let asized: Vec<AsizedId> = all(sections, "sample.asized")?;
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
    let mut codes = codes;
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

fn read_asized(sections: &Sections) -> Outcome<AsizedColumns> {
    let sizes: Vec<i64> = all(sections, "asized.size")?;
    let flats: Vec<i64> = all(sections, "asized.flat")?;
    let names: Vec<u32> = all(sections, "asized.name")?;
    let groups: Vec<u32> = all(sections, "asized.group")?;
    same_length(
        "asized",
        &[sizes.len(), flats.len(), names.len(), groups.len()],
    )?;
    let mut columns = asized_rows(&sizes, &flats, &names, &groups)?;
    columns.group_start = all(sections, "group.start")?;
    columns.referents = all(sections, "referent")?;
    Ok(columns)
}

/// `Asized` of columns that are equally long, without the groups.
pub(super) fn asized_rows(
    sizes: &[i64],
    flats: &[i64],
    names: &[u32],
    groups: &[u32],
) -> Outcome<AsizedColumns> {
    let mut columns = AsizedColumns::default();
    columns.rows = with_room(sizes.len()).map_err(no_memory)?;
    let rows = sizes.iter().zip(flats).zip(names).zip(groups);
    for (((&size, &flat), &name), &group) in rows {
        let id = columns.push(TextId(name));
        let id = id.ok_or_else(|| malformed("section 'asized' is damaged: its length"))?;
        columns.set(id, size, flat, TextId(name), group);
    }
    Ok(columns)
}

pub(super) fn read_traces(sections: &Sections) -> Outcome<TraceColumns> {
    let files: Vec<u32> = all(sections, "frame.file")?;
    let lines: Vec<i64> = all(sections, "frame.line")?;
    let functions: Vec<u32> = all(sections, "frame.func")?;
    let known: Vec<u8> = all(sections, "frame.known")?;
    let ends: Vec<u32> = all(sections, "frame.end")?;
    let indexes: Vec<i64> = all(sections, "frame.index")?;
    let sources: Vec<u32> = all(sections, "source")?;
    let lengths = [
        files.len(),
        lines.len(),
        functions.len(),
        known.len(),
        ends.len(),
        indexes.len(),
    ];
    same_length("frame", &lengths)?;
    let mut frames = with_room(files.len()).map_err(no_memory)?;
    let mut start = 0;
    for index in 0..files.len() {
        let end = ends[index] as usize;
        let source = sources.get(start..end);
        let source =
            source.ok_or_else(|| malformed("section 'frame.end' is damaged: its lines"))?;
        start = end;
        frames.push(FrameRow {
            file: TextId(files[index]),
            line: lines[index],
            wide_line: TextId::NONE,
            function: TextId(functions[index]),
            source: (known[index] != 0).then(|| source.iter().copied().map(TextId).collect()),
            source_index: Some(indexes[index]).filter(|&index| index != NO_INDEX),
        });
    }
    for (number, digits) in digits(sections, WIDE_LINES)? {
        let frame = frames.get_mut(number as usize);
        let frame = frame.ok_or_else(|| malformed("section 'frame.wide' is damaged: a frame"))?;
        frame.wide_line = digits;
    }
    Ok(TraceColumns {
        frames,
        ends: all(sections, "trace.end")?,
        frame_numbers: all(sections, "trace.frame")?,
    })
}

/// The decimal digits of what no column holds, by number; mostly there is no such section.
pub(super) fn digits(sections: &Sections, name: &'static str) -> Outcome<Vec<(u32, TextId)>> {
    if !sections.has(name) {
        return Ok(Vec::new());
    }
    let digits: Vec<(u32, u32)> = sections.value(name)?;
    let digits = digits.into_iter();
    Ok(digits.map(|(number, id)| (number, TextId(id))).collect())
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
