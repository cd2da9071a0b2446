//! The section of snapshots: few rows, of many kinds of fields, so values and no columns.

use bincode::{Decode, Encode};

use super::container::{SectionOut, SectionReader, Sections};
use crate::model::{AsizedId, CachedClass, Contents, Number, ProcessMemory, SnapshotRow, TextId};
use crate::pickle::Outcome;

/// A snapshot as it stands in the file: [`SnapshotRow`], field by field.
#[derive(Encode, Decode)]
struct Snapshot {
    timestamp: f64,
    desc: u32,
    tracked_total: i128,
    asizeof_total: i128,
    overhead: i128,
    process: Process,
    classes: Option<Vec<Cached>>,
}

/// [`ProcessMemory`]; sizes in bytes.
#[derive(Encode, Decode)]
struct Process {
    available: bool,
    vsz: i128,
    rss: i128,
    kind: u8,
    pid: Option<i64>,
    pagefaults: Option<i64>,
    data_segment: Option<i64>,
    code_segment: Option<i64>,
    shared_segment: Option<i64>,
    stack_segment: Option<i64>,
    /// Texts.
    os_specific: Vec<(u32, u32)>,
}

/// [`CachedClass`].
#[derive(Encode, Decode)]
struct Cached {
    class: u32,
    sum: Figure,
    average: Figure,
    percent: Figure,
    active: Figure,
    merged: Option<u32>,
}

/// [`Number`].
#[derive(Clone, Copy, Encode, Decode)]
enum Figure {
    Int(i128),
    Float(f64),
    /// A text.
    Huge(u32),
}

pub(super) fn write(dump: &Contents) -> SectionOut<'static> {
    let rows: Vec<Snapshot> = dump.snapshots.iter().map(to_file).collect();
    SectionOut::value(&rows)
}

/// Reads the section of a file.
pub(super) fn read_value(sections: &Sections) -> Outcome<Vec<SnapshotRow>> {
    let rows: Vec<Snapshot> = sections.value("snaps")?;
    Ok(rows.into_iter().map(from_file).collect())
}

/// Reads the same value, which version 1 has too.
pub(super) fn read(section: &mut SectionReader<'_>) -> Outcome<Vec<SnapshotRow>> {
    let rows: Vec<Snapshot> = section.value()?;
    Ok(rows.into_iter().map(from_file).collect())
}

fn to_file(row: &SnapshotRow) -> Snapshot {
    let process = &row.process;
    Snapshot {
        timestamp: row.timestamp,
        desc: row.desc.0,
        tracked_total: row.tracked_total,
        asizeof_total: row.asizeof_total,
        overhead: row.overhead,
        process: Process {
            available: process.available,
            vsz: process.virtual_bytes,
            rss: process.resident_bytes,
            kind: process.kind,
            pid: process.pid,
            pagefaults: process.pagefaults,
            data_segment: process.data_segment,
            code_segment: process.code_segment,
            shared_segment: process.shared_segment,
            stack_segment: process.stack_segment,
            os_specific: process
                .os_specific
                .iter()
                .map(|(a, b)| (a.0, b.0))
                .collect(),
        },
        classes: row.classes.as_ref().map(|classes| {
            classes
                .iter()
                .map(|cached| Cached {
                    class: cached.class.0,
                    sum: figure(cached.sum),
                    average: figure(cached.average),
                    percent: figure(cached.percent),
                    active: figure(cached.active),
                    merged: cached.merged.map(|root| root.0),
                })
                .collect()
        }),
    }
}

fn from_file(row: Snapshot) -> SnapshotRow {
    let process = row.process;
    SnapshotRow {
        timestamp: row.timestamp,
        desc: TextId(row.desc),
        tracked_total: row.tracked_total,
        asizeof_total: row.asizeof_total,
        overhead: row.overhead,
        process: ProcessMemory {
            available: process.available,
            virtual_bytes: process.vsz,
            resident_bytes: process.rss,
            kind: process.kind,
            pid: process.pid,
            pagefaults: process.pagefaults,
            data_segment: process.data_segment,
            code_segment: process.code_segment,
            shared_segment: process.shared_segment,
            stack_segment: process.stack_segment,
            os_specific: process
                .os_specific
                .into_iter()
                .map(|(a, b)| (TextId(a), TextId(b)))
                .collect(),
        },
        classes: row.classes.map(|classes| {
            classes
                .into_iter()
                .map(|cached| CachedClass {
                    class: TextId(cached.class),
                    sum: number(cached.sum),
                    average: number(cached.average),
                    percent: number(cached.percent),
                    active: number(cached.active),
                    merged: cached.merged.map(AsizedId),
                })
                .collect()
        }),
    }
}

fn figure(number: Number) -> Figure {
    match number {
        Number::Int(int) => Figure::Int(int),
        Number::Float(float) => Figure::Float(float),
        Number::Huge(digits) => Figure::Huge(digits.0),
    }
}

fn number(figure: Figure) -> Number {
    match figure {
        Figure::Int(int) => Number::Int(int),
        Figure::Float(float) => Number::Float(float),
        Figure::Huge(digits) => Number::Huge(TextId(digits)),
    }
}
