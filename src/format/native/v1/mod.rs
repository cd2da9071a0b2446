//! Version 1 of the native format, which ctstats no longer writes and always reads.
//!
//! All integers are little-endian. A file is
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | magic `89 43 54 53 54 41 54 53` (`\x89CTSTATS`) |
//! | 4 | format version, 1 |
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
//! Readers pass over sections that they do not know.

mod column;

use column::{read_column, read_steps};

use super::container::{self, SectionReader};
use super::{NO_INDEX, tables};
use crate::model::{
    AsizedColumns, AsizedId, ClassRow, Contents, FrameRow, Notes, ObjectColumns, ObjectId,
    SampleColumns, TextArena, TextId, TraceColumns,
};
use crate::pickle::{Fault, Outcome, Reader};

/// Bytes of a row of the section table.
const ROW_BYTES: u64 = 24;

/// Reads the table and the sections behind it, from after the section count on.
pub(super) fn read(reader: &mut Reader<'_>, head: &[u8; 16]) -> Outcome<Contents> {
    let mut dump = Contents::default();
    let count = container::section_count(head)?;
    let table = reader.take(u64::from(count) * ROW_BYTES)?.to_vec();
    let stored = u32::from_le_bytes(reader.array()?);
    container::check_table(head, &table, stored)?;
    for row in table.chunks_exact(ROW_BYTES as usize) {
        let name = str::from_utf8(&row[..8])
            .unwrap_or("?")
            .trim_end_matches('\0');
        let length = container::u64_at(row, 8);
        let stored = container::u32_at(row, 16);
        let offset = reader.offset();
        let at = |mut fault: Box<Fault>| {
            fault.offset = offset;
            fault
        };
        let body = reader.take(length).map_err(at)?;
        let mut section = SectionReader::new(name, body);
        if !container::is_intact(body, stored) {
            return Err(at(section.wrong("its checksum differs")));
        }
        take(&mut dump, name, &mut section).map_err(at)?;
    }
    Ok(dump)
}

fn take(dump: &mut Contents, name: &str, section: &mut SectionReader<'_>) -> Outcome<()> {
    match name {
        "text" => dump.text = read_text(section)?,
        "classes" => (dump.classes, dump.listed) = read_classes(section)?,
        "objects" => dump.objects = read_objects(section)?,
        "samples" => dump.samples = read_samples(section, &dump.objects)?,
        "asized" => dump.asized = read_asized(section)?,
        "traces" => dump.traces = read_traces(section)?,
        "snaps" => {
            dump.snapshots = section.value()?;
            dump.snapshot_rows = read_steps(section)?;
        }
        "notes" => dump.notes = read_notes(section)?,
        _ => {}
    }
    Ok(())
}

fn read_text(section: &mut SectionReader<'_>) -> Outcome<TextArena> {
    let lengths: Vec<u64> = read_column(section)?;
    let bytes: &[u8] = section.borrowed()?;
    let ends = lengths.iter().scan(0_u64, |end, length| {
        *end = end.checked_add(*length)?;
        Some(*end)
    });
    let ends: Vec<u64> = ends.collect();
    Some(ends)
        .filter(|ends| ends.len() == lengths.len())
        .and_then(|ends| TextArena::from_parts(ends, bytes.to_vec()))
        .ok_or_else(|| section.wrong("lengths of texts"))
}

fn read_classes(section: &mut SectionReader<'_>) -> Outcome<(Vec<ClassRow>, Vec<ObjectId>)> {
    let names: Vec<u32> = read_column(section)?;
    let starts: Vec<u32> = read_steps(section)?;
    let counts: Vec<u32> = read_column(section)?;
    section.same_length("classes", &[names.len(), starts.len(), counts.len()])?;
    let classes = tables::class_rows(&names, &starts, &counts);
    Ok((classes, read_steps(section)?))
}

fn read_objects(section: &mut SectionReader<'_>) -> Outcome<ObjectColumns> {
    // In the order of the file.
    let mut objects = ObjectColumns {
        address: read_column(section)?,
        name: read_column(section)?,
        repr: read_column(section)?,
        birth: read_column(section)?,
        death: read_column(section)?,
        trace: read_column(section)?,
        class: read_column(section)?,
        resolution_level: read_column(section)?,
        sample_start: read_steps(section)?,
        sample_count: read_column(section)?,
        ..ObjectColumns::default()
    };
    let wide: Vec<(u32, i128)> = section.value()?;
    let wide = wide.into_iter();
    objects.wide_address = wide.map(|(id, address)| (ObjectId(id), address)).collect();
    section.same_length("objects", &objects.lengths())?;
    Ok(objects)
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
    let times: Vec<f64> = read_column(section)?;
    let asized: Vec<AsizedId> = read_steps(section)?;
    section.same_length("samples", &[codes.len(), asized.len()])?;
    let mut time = Vec::with_capacity(codes.len());
    for &code in &codes {
        let known = (code as usize)
            .checked_sub(1)
            .map(|place| times.get(place).copied());
        match known {
            None => time.push(f64::NAN),
            Some(Some(known)) => time.push(known),
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

fn read_asized(section: &mut SectionReader<'_>) -> Outcome<AsizedColumns> {
    let sizes: Vec<i64> = read_column(section)?;
    let flats: Vec<i64> = read_column(section)?;
    let names: Vec<u32> = read_steps(section)?;
    let groups: Vec<u32> = read_steps(section)?;
    section.same_length(
        "Asized",
        &[sizes.len(), flats.len(), names.len(), groups.len()],
    )?;
    let mut columns = tables::asized_rows(&sizes, &flats, &names, &groups)?;
    columns.group_start = read_steps(section)?;
    columns.referents = read_steps(section)?;
    Ok(columns)
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
            wide_line: TextId::NONE,
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

fn read_notes(section: &mut SectionReader<'_>) -> Outcome<Notes> {
    let (protocols, unknown_globals): ([u8; 2], Vec<String>) = section.value()?;
    Ok(Notes {
        protocols,
        unknown_globals,
        ..Notes::default()
    })
}
