//! Version 1 of the native format, which ctstats no longer writes and always reads; docs/native-format.md
//! specifies it. Its columns have the names that they have in later versions.

mod column;

use super::column::Columns;
use super::container::{self, SectionReader};
use super::tables;
use crate::model::{Contents, ObjectColumns, ObjectId, TextArena, TraceColumns};
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
        "classes" => {
            dump.classes = tables::read_classes(section)?;
            dump.listed = section.column("listed")?;
        }
        "objects" => dump.objects = read_objects(section)?,
        "samples" => dump.samples = tables::read_samples(section, &dump.objects)?,
        "asized" => dump.asized = tables::read_asized(section)?,
        "traces" => dump.traces = read_traces(section)?,
        "snaps" => {
            dump.snapshots = section.value()?;
            dump.snapshot_rows = section.column("snap.row")?;
        }
        "notes" => (dump.notes.protocols, dump.notes.unknown_globals) = section.value()?,
        _ => {}
    }
    Ok(())
}

fn read_text(section: &mut SectionReader<'_>) -> Outcome<TextArena> {
    let lengths: Vec<u64> = section.column("text.length")?;
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

fn read_objects(section: &mut SectionReader<'_>) -> Outcome<ObjectColumns> {
    // In the order of the file.
    let mut objects = ObjectColumns {
        address: section.column("obj.address")?,
        name: section.column("obj.name")?,
        repr: section.column("obj.repr")?,
        birth: section.column("obj.birth")?,
        death: section.column("obj.death")?,
        trace: section.column("obj.trace")?,
        class: section.column("obj.class")?,
        resolution_level: section.column("obj.level")?,
        sample_start: section.column("obj.first")?,
        sample_count: section.column("obj.samples")?,
        ..ObjectColumns::default()
    };
    let wide: Vec<(ObjectId, i128)> = section.value()?;
    objects.wide_address = wide.into_iter().collect();
    tables::same_length("objects", &objects.lengths())?;
    Ok(objects)
}

fn read_traces(section: &mut SectionReader<'_>) -> Outcome<TraceColumns> {
    let files = section.column("frame.file")?;
    let lines = section.column("frame.line")?;
    let functions = section.column("frame.func")?;
    let counts: Vec<u32> = section.column("frame.count")?;
    let mut start = 0;
    let sources = counts.iter().map(|count| {
        let end = start + count.saturating_sub(1) as usize;
        (std::mem::replace(&mut start, end)..end, *count > 0)
    });
    let sources = sources.collect();
    Ok(TraceColumns {
        frames: tables::read_frames(section, files, lines, functions, sources)?,
        ends: section.column("trace.end")?,
        frame_numbers: section.column("trace.frame")?,
    })
}
