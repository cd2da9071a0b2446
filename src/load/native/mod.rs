//! The native format: what ctstats itself writes. Opened instead of walked.
//!
//! All integers are little-endian. A file is
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | magic `89 43 54 53 54 41 54 53` (`\x89CTSTATS`) |
//! | 4 | format version; this is version 1 |
//! | 4 | number of sections, at most 64 |
//! | 24 each | section table: name (8 bytes of ASCII, filled up with zeros), length in bytes (8), CRC-32 (4), zero (4) |
//! | 4 | CRC-32 of everything before |
//! | … | the sections, in the order of the table, without gaps |
//!
//! CRC-32 is that of gzip. A section is a sequence of *values*, encoded by bincode 2 with
//! fixed-size integers, and of *columns* of integers. A column is
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | how many integers |
//! | 8 | how many bytes follow |
//! | … | blocks of 1024 integers, the last one shorter |
//!
//! and a block is its least integer (8 bytes, signed), the width of the others in bytes (1
//! byte: 0, 1, 2, 4 or 8), and for each integer its distance from the least in that width. A
//! column of *steps* holds the differences of consecutive integers (the first from 0), with
//! wrap-around at 64 bits. A *text* is a number in the arena, 2³² − 1 stands for `None`; a
//! float is its bits.
//!
//! | section | contents, in this order |
//! | --- | --- |
//! | `text` | column of lengths in bytes; value: all texts (WTF-8), one behind the other |
//! | `classes` | columns: name (text), first in `listed` (steps), count; column of listed object numbers (steps) |
//! | `objects` | columns: address (bits of 64), name (text), repr (text), birth (float), death (float; `7ff8c757a7570001` is alive), trace number + 1 or 0, class, resolution level or −2³¹, first sample (steps), count of samples; value: list of (object, address of 128 bits) for addresses beyond 64 bits |
//! | `samples` | column: 0 where the time is the birth of the lowest object whose samples begin here, else the place in the following + 1; column of times (float); column of `Asized` numbers (steps) |
//! | `asized` | columns: size, flat (bytes), name (text, steps), group (steps); column of where each group begins in the following (steps); column of `Asized` numbers (steps) |
//! | `traces` | columns of frames: file (text), line, function (text), count of source lines + 1 or 0 for none, source index or −2⁶³; column of source lines (text); columns of traces: end in the following (steps), frame numbers |
//! | `snaps` | value: list of snapshots; column of their order |
//! | `notes` | value: protocols, unknown globals |
//!
//! Readers pass over sections that they do not know. Every number is checked before a dump
//! is made of it, so that damage is named by section and never yields a result.

mod column;
mod container;
mod snapshots;
mod verify;

use std::io::Write;
use std::path::Path;

use column::{read_column, read_steps, steps};
use container::{Container, SectionReader, SectionWriter};

use crate::error::Error;
use crate::model::{
    AsizedColumns, ClassRow, Dump, FrameRow, Notes, ObjectColumns, Origin, SampleColumns,
    TextArena, TextId, TraceColumns,
};
use crate::output::Output;
use crate::pickle::{Outcome, Reader};

pub(super) use container::MAGIC;

/// Stands for a frame's missing source index.
const NO_INDEX: i64 = i64::MIN;

impl Dump {
    /// Writes the dump in ctstats' own format to a file, which is replaced whole or not at all.
    ///
    /// # Errors
    ///
    /// [`Error::Write`] if the file cannot be written; the old one is then untouched.
    pub fn dump_stats(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let mut out = Output::open(Some(path.as_ref()))?;
        self.dump_stats_to(&mut out)?;
        out.finish()?;
        Ok(())
    }

    /// Writes the dump in ctstats' own format.
    ///
    /// # Errors
    ///
    /// [`Error::Write`] if `out` fails.
    pub fn dump_stats_to(&self, out: &mut impl Write) -> Result<(), Error> {
        let mut container = Container::default();
        container.add("text", write_text(self));
        container.add("classes", write_classes(self));
        container.add("objects", write_objects(self));
        container.add("samples", write_samples(self));
        container.add("asized", write_asized(self));
        container.add("traces", write_traces(self));
        container.add("snaps", snapshots::write(self));
        container.add("notes", write_notes(self));
        Ok(container.write(out)?)
    }
}

/// Reads a native file, from its magic number on.
pub(super) fn load(reader: &mut Reader<'_>) -> Outcome<Dump> {
    let mut dump = Dump::default();
    let version = container::read(reader, |name, section| {
        match name {
            "text" => dump.text = read_text(section)?,
            "classes" => (dump.classes, dump.listed) = read_classes(section)?,
            "objects" => dump.objects = read_objects(section)?,
            "samples" => dump.samples = read_samples(section, &dump.objects)?,
            "asized" => dump.asized = read_asized(section)?,
            "traces" => dump.traces = read_traces(section)?,
            "snaps" => (dump.snapshots, dump.snapshot_rows) = snapshots::read(section)?,
            "notes" => dump.notes = read_notes(section)?,
            _ => {}
        }
        Ok(())
    })?;
    dump.notes.origin = Origin::Native { version };
    verify::verify(&dump)?;
    Ok(dump)
}

fn texts(ids: &[TextId]) -> impl Iterator<Item = i64> + '_ {
    ids.iter().map(|id| i64::from(id.0))
}

fn numbers(values: &[u32]) -> impl Iterator<Item = i64> + '_ {
    values.iter().map(|&value| i64::from(value))
}

fn floats(values: impl Iterator<Item = f64>) -> impl Iterator<Item = i64> {
    values.map(|value| value.to_bits() as i64)
}

fn write_text(dump: &Dump) -> SectionWriter {
    let mut section = SectionWriter::default();
    section.column(dump.text.lengths().map(|length| length as i64));
    section.value(&dump.text.all_bytes());
    section
}

fn read_text(section: &mut SectionReader<'_>) -> Outcome<TextArena> {
    let lengths: Vec<u64> = read_column(section)?;
    let bytes: &[u8] = section.borrowed()?;
    TextArena::from_parts(&lengths, bytes).ok_or_else(|| section.wrong("lengths of texts"))
}

fn write_classes(dump: &Dump) -> SectionWriter {
    let mut section = SectionWriter::default();
    section.column(dump.classes.iter().map(|class| i64::from(class.name.0)));
    section.column(steps(
        dump.classes.iter().map(|class| i64::from(class.start)),
    ));
    section.column(dump.classes.iter().map(|class| i64::from(class.count)));
    section.column(steps(numbers(&dump.listed)));
    section
}

fn read_classes(section: &mut SectionReader<'_>) -> Outcome<(Vec<ClassRow>, Vec<u32>)> {
    let names: Vec<u32> = read_column(section)?;
    let starts: Vec<u32> = read_steps(section)?;
    let counts: Vec<u32> = read_column(section)?;
    section.same_length("classes", &[names.len(), starts.len(), counts.len()])?;
    let rows = names.iter().zip(&starts).zip(&counts);
    let classes = rows
        .map(|((&name, &start), &count)| ClassRow {
            name: TextId(name),
            start,
            count,
        })
        .collect();
    Ok((classes, read_steps(section)?))
}

fn write_objects(dump: &Dump) -> SectionWriter {
    let mut section = SectionWriter::default();
    let objects = &dump.objects;
    section.column(objects.address.iter().map(|&address| address as i64));
    section.column(texts(&objects.name));
    section.column(texts(&objects.repr));
    section.column(floats(objects.birth.iter().copied()));
    section.column(floats(objects.raw_deaths().iter().copied()));
    section.column(numbers(&objects.trace));
    section.column(numbers(&objects.class));
    section.column(objects.resolution_level.iter().map(|&level| level.into()));
    section.column(steps(numbers(&objects.sample_start)));
    section.column(numbers(&objects.sample_count));
    let mut wide: Vec<(u32, i128)> = objects.wide_address.iter().map(|(&n, &a)| (n, a)).collect();
    wide.sort_unstable();
    section.value(&wide);
    section
}

fn read_objects(section: &mut SectionReader<'_>) -> Outcome<ObjectColumns> {
    let address: Vec<i64> = read_column(section)?;
    let name: Vec<u32> = read_column(section)?;
    let repr: Vec<u32> = read_column(section)?;
    let birth: Vec<i64> = read_column(section)?;
    let death: Vec<i64> = read_column(section)?;
    let float = |bits: i64| f64::from_bits(bits as u64);
    let mut objects = ObjectColumns::default();
    objects.address = address.into_iter().map(|address| address as u64).collect();
    objects.name = name.into_iter().map(TextId).collect();
    objects.repr = repr.into_iter().map(TextId).collect();
    objects.birth = birth.into_iter().map(float).collect();
    objects.set_raw_deaths(death.into_iter().map(float).collect());
    objects.trace = read_column(section)?;
    objects.class = read_column(section)?;
    objects.resolution_level = read_column(section)?;
    objects.sample_start = read_steps(section)?;
    objects.sample_count = read_column(section)?;
    let wide: Vec<(u32, i128)> = section.value()?;
    objects.wide_address = wide.into_iter().collect();
    section.same_length("objects", &objects.lengths())?;
    Ok(objects)
}

fn write_samples(dump: &Dump) -> SectionWriter {
    // A time is mostly that of a snapshot, or the birth of the object.
    const OTHER: i64 = -1;
    let mut codes = vec![OTHER; dump.samples.time.len()];
    mark_births(&dump.objects, codes.len(), |sample, birth| {
        let same = dump.samples.time[sample].to_bits() == birth.to_bits();
        codes[sample] = if same { 0 } else { OTHER };
    });
    let mut places = std::collections::HashMap::new();
    let mut times = Vec::new();
    for (code, time) in codes.iter_mut().zip(&dump.samples.time) {
        if *code == OTHER {
            let next = times.len() as i64 + 1;
            *code = *places.entry(time.to_bits()).or_insert(next);
            if *code == next {
                times.push(*time);
            }
        }
    }
    let mut section = SectionWriter::default();
    section.column(codes.iter().copied());
    section.column(floats(times.iter().copied()));
    section.column(steps(numbers(&dump.samples.asized)));
    section
}

/// Shows each sample with which some object's samples begin, and that object's birth; the
/// lowest such object comes last.
fn mark_births(objects: &ObjectColumns, samples: usize, mut mark: impl FnMut(usize, f64)) {
    for index in (0..objects.len()).rev() {
        let start = objects.sample_start[index] as usize;
        if objects.sample_count[index] > 0 && start < samples {
            mark(start, objects.birth[index]);
        }
    }
}

fn read_samples(
    section: &mut SectionReader<'_>,
    objects: &ObjectColumns,
) -> Outcome<SampleColumns> {
    let codes: Vec<u32> = read_column(section)?;
    let times: Vec<i64> = read_column(section)?;
    let asized: Vec<u32> = read_steps(section)?;
    section.same_length("samples", &[codes.len(), asized.len()])?;
    let mut time = Vec::with_capacity(codes.len());
    for &code in &codes {
        let known = (code as usize)
            .checked_sub(1)
            .map(|place| times.get(place).copied());
        match known {
            None => time.push(f64::NAN),
            Some(Some(bits)) => time.push(f64::from_bits(bits as u64)),
            Some(None) => return Err(section.wrong("a place among the times")),
        }
    }
    mark_births(objects, codes.len(), |sample, birth| {
        if codes[sample] == 0 {
            time[sample] = birth;
        }
    });
    Ok(SampleColumns { time, asized })
}

fn write_asized(dump: &Dump) -> SectionWriter {
    let mut section = SectionWriter::default();
    let columns = &dump.asized;
    let count = columns.rows.len() as u32;
    section.column((0..count).map(|number| columns.size(number)));
    section.column((0..count).map(|number| columns.flat(number)));
    section.column(steps(columns.rows.iter().map(|row| row.name.0.into())));
    section.column(steps(columns.rows.iter().map(|row| row.group.into())));
    section.column(steps(numbers(&columns.group_start)));
    section.column(steps(numbers(&columns.referents)));
    section
}

fn read_asized(section: &mut SectionReader<'_>) -> Outcome<AsizedColumns> {
    let sizes: Vec<i64> = read_column(section)?;
    let flats: Vec<i64> = read_column(section)?;
    let names: Vec<u32> = read_steps(section)?;
    let groups: Vec<u32> = read_steps(section)?;
    section.same_length(
        "Asized",
        &[sizes.len(), flats.len(), names.len(), groups.len()],
    )?;
    let mut columns = AsizedColumns::default();
    columns.rows.reserve(sizes.len());
    let rows = sizes.iter().zip(&flats).zip(&names).zip(&groups);
    for (((&size, &flat), &name), &group) in rows {
        let number = columns
            .push(TextId(name))
            .ok_or_else(|| section.wrong("its length"))?;
        columns.set(number, size, flat, TextId(name), group);
    }
    columns.group_start = read_steps(section)?;
    columns.referents = read_steps(section)?;
    Ok(columns)
}

fn write_traces(dump: &Dump) -> SectionWriter {
    let mut section = SectionWriter::default();
    let TraceColumns {
        frames,
        ends,
        frame_numbers,
    } = &dump.traces;
    section.column(frames.iter().map(|frame| frame.file.0.into()));
    section.column(frames.iter().map(|frame| frame.line));
    section.column(frames.iter().map(|frame| frame.function.0.into()));
    section.column(frames.iter().map(|frame| {
        frame
            .source
            .as_ref()
            .map_or(0, |lines| lines.len() as i64 + 1)
    }));
    section.column(
        frames
            .iter()
            .map(|frame| frame.source_index.unwrap_or(NO_INDEX)),
    );
    section.column(
        frames
            .iter()
            .flat_map(|frame| frame.source.iter().flatten())
            .map(|line| line.0.into()),
    );
    section.column(steps(numbers(ends)));
    section.column(numbers(frame_numbers));
    section
}

fn read_traces(section: &mut SectionReader<'_>) -> Outcome<TraceColumns> {
    let files: Vec<u32> = read_column(section)?;
    let lines: Vec<i64> = read_column(section)?;
    let functions: Vec<u32> = read_column(section)?;
    let counts: Vec<u32> = read_column(section)?;
    let indexes: Vec<i64> = read_column(section)?;
    let sources: Vec<u32> = read_column(section)?;
    let lengths = [
        files.len(),
        lines.len(),
        functions.len(),
        counts.len(),
        indexes.len(),
    ];
    section.same_length("frames", &lengths)?;
    let mut rest = &sources[..];
    let mut frames = Vec::with_capacity(files.len());
    for index in 0..files.len() {
        let source = match (counts[index] as usize).checked_sub(1) {
            None => None,
            Some(count) => {
                let parts = rest.split_at_checked(count);
                let (lines, behind) = parts.ok_or_else(|| section.wrong("source lines"))?;
                rest = behind;
                Some(lines.iter().copied().map(TextId).collect())
            }
        };
        frames.push(FrameRow {
            file: TextId(files[index]),
            line: lines[index],
            function: TextId(functions[index]),
            source,
            source_index: Some(indexes[index]).filter(|&index| index != NO_INDEX),
        });
    }
    Ok(TraceColumns {
        frames,
        ends: read_steps(section)?,
        frame_numbers: read_column(section)?,
    })
}

fn write_notes(dump: &Dump) -> SectionWriter {
    let mut section = SectionWriter::default();
    section.value(&(dump.notes.protocols, &dump.notes.unknown_globals));
    section
}

fn read_notes(section: &mut SectionReader<'_>) -> Outcome<Notes> {
    let (protocols, unknown_globals): ([u8; 2], Vec<String>) = section.value()?;
    Ok(Notes {
        protocols,
        unknown_globals,
        ..Notes::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixtures() -> Vec<std::path::PathBuf> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        ["dumps", "edited", "variants"]
            .iter()
            .flat_map(|folder| std::fs::read_dir(root.join(folder)).unwrap())
            .map(|entry| entry.unwrap().path())
            .chain([root.join("shop.dump")])
            .collect()
    }

    fn native(dump: &Dump) -> Vec<u8> {
        let mut bytes = Vec::new();
        dump.dump_stats_to(&mut bytes).unwrap();
        bytes
    }

    /// Every column comes back to the bit; `Debug` shows all of them.
    #[test]
    fn what_was_written_is_read() {
        let mut compared = 0;
        for path in fixtures() {
            let Ok(mut dump) = Dump::load(&path) else {
                continue;
            };
            dump.notes = Notes {
                protocols: dump.notes.protocols,
                unknown_globals: std::mem::take(&mut dump.notes.unknown_globals),
                ..Notes::default()
            };
            let mut again = Dump::read(&native(&dump)[..]).unwrap();
            assert_eq!(again.notes.origin, Origin::Native { version: 1 });
            again.notes.origin = Origin::Pympler;
            again.notes.dump_bytes = 0;
            assert_eq!(format!("{dump:?}"), format!("{again:?}"), "{path:?}");
            compared += 1;
        }
        assert!(compared > 240, "{compared}");
    }

    #[test]
    fn a_file_cut_anywhere_is_refused() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/shop.dump");
        let bytes = native(&Dump::load(path).unwrap());
        for length in 0..bytes.len() {
            assert!(Dump::read(&bytes[..length]).is_err(), "cut at {length}");
        }
    }

    #[test]
    fn a_file_with_any_byte_changed_is_refused() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/shop.dump");
        let bytes = native(&Dump::load(path).unwrap());
        let mut changed = bytes.clone();
        for index in 0..bytes.len() {
            for mask in [0x01, 0x80] {
                changed[index] ^= mask;
                assert!(Dump::read(&changed[..]).is_err(), "byte {index}");
                changed[index] = bytes[index];
            }
        }
    }
}
