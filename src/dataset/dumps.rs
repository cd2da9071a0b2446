//! The table `dumps`: what is known of each dump.

use std::io::Read;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use crate::analysis::objects::finite;
use crate::error::Error;
use crate::fleet::{FleetFile, checksum};
use crate::format::DumpFile;
use crate::model::{Column, Contents, Origin, Projection, Rows, Snapshot};
use crate::source::Source;
use crate::tables::{Batch, ColumnData, ColumnSchema, Kind, Strings, Values};

/// Digits of an id: among 10⁹ dumps two have the same one with a chance of one in two million.
const ID_DIGITS: usize = 20;

/// What is known of a dump.
#[derive(Clone, Debug, PartialEq)]
pub struct DumpRecord {
    /// The first 20 hexadecimal digits of the SHA-256 of the file's content.
    pub id: String,
    /// The file as it was named.
    pub path: String,
    /// What its path says: (name, value).
    pub labels: Vec<(String, String)>,
    /// The process's number; `None` where the dump does not say.
    pub pid: Option<i64>,
    /// When it was written, in microseconds since 1970; `None` if nothing says so.
    pub written_at_micros: Option<i64>,
    /// Whether a label says when it was written; else the file system does.
    pub is_time_labelled: bool,
    /// What all checkpoints of one process have in common.
    pub process: String,
    /// The moments of the first and the last snapshot, in seconds since tracking began; `None`
    /// without one.
    pub span_seconds: Option<[f64; 2]>,
    /// The format.
    pub format: &'static str,
    /// The size of the file.
    pub file_bytes: i64,
    /// How many objects were tracked.
    pub objects: i64,
    /// Those alive at the end of the recording.
    pub alive: i64,
    /// How many snapshots there are.
    pub snapshots: i64,
    /// Whether only a part of a damaged dump could be read.
    pub is_salvaged: bool,
}

const COLUMNS: [ColumnSchema; 20] = {
    use Kind::{Boolean, Float, Integer, Labels, Name, Text, Timestamp};
    let of = ColumnSchema::of;
    [
        of(
            "id",
            Text,
            false,
            "",
            "The first 20 hexadecimal digits of the SHA-256 of the file's content.",
        ),
        of("path", Text, false, "", "The file as it was named."),
        of(
            "host",
            Name,
            true,
            "",
            "The label of this name. Null, as the next two, if the path has none.",
        ),
        of("worker", Name, true, "", "The label of this name."),
        of("version", Name, true, "", "The label of this name."),
        of(
            "pid",
            Integer,
            true,
            "",
            "The process's number. Null where the dump does not say.",
        ),
        of(
            "process",
            Name,
            false,
            "",
            "The same for all dumps of one process: made of its number and of the birth, address and class of \
             its oldest object.",
        ),
        of(
            "written_at",
            Timestamp,
            true,
            "",
            "When the dump was written, by a label of its path, else by the modification time of the file.",
        ),
        of(
            "written_at_from",
            Name,
            true,
            "",
            "What says so: label, or modification_time.",
        ),
        of(
            "started_at",
            Timestamp,
            true,
            "",
            "When tracking began: written_at less the time of the last snapshot. Null without snapshots.",
        ),
        of(
            "started_seconds",
            Float,
            true,
            "seconds",
            "The same as a number, in seconds since 1970. Added to timestamp_seconds it tells when a snapshot was taken.",
        ),
        of(
            "first_seconds",
            Float,
            true,
            "seconds",
            "When the first snapshot was taken, since tracking began. Null, as the next one, without snapshots.",
        ),
        of(
            "last_seconds",
            Float,
            true,
            "seconds",
            "When the last snapshot was taken.",
        ),
        of("labels", Labels, false, "", "All labels of the path."),
        of("format", Name, false, "", "pympler, or native."),
        of(
            "file_bytes",
            Integer,
            false,
            "bytes",
            "The size of the file.",
        ),
        of(
            "objects",
            Integer,
            false,
            "",
            "How many objects were tracked.",
        ),
        of(
            "alive",
            Integer,
            false,
            "",
            "Those alive at the end of the recording.",
        ),
        of(
            "snapshots",
            Integer,
            false,
            "",
            "How many snapshots there are.",
        ),
        of(
            "salvaged",
            Boolean,
            false,
            "",
            "Whether only a part of a damaged dump could be read.",
        ),
    ]
};

pub(super) fn columns() -> &'static [ColumnSchema] {
    &COLUMNS
}

impl DumpRecord {
    /// What a file and its path say.
    pub(super) fn of(id: String, dump: &DumpFile, file: &FleetFile) -> Result<DumpRecord, Error> {
        let digest = dump.digest()?;
        let (contents, totals) = (digest.contents, digest.totals()?);
        let labelled = file.labelled_seconds.map(|seconds| seconds as f64);
        let written = labelled.or(file.modified_seconds);
        let times = contents.snapshots().map(Snapshot::timestamp_seconds);
        let times = times.filter(|seconds| seconds.is_finite());
        let span = times.map(|seconds| [seconds; 2]);
        let mut pids = contents
            .snapshots()
            .filter_map(|snapshot| snapshot.process().pid);
        let pid = pids.next_back();
        let notes = contents.notes();
        let labels = file.labels.iter();
        Ok(DumpRecord {
            process: process(dump, pid)?.unwrap_or_else(|| id.clone()),
            id,
            path: file.path.display().to_string(),
            labels: labels
                .map(|label| (label.name.clone(), label.value.clone()))
                .collect(),
            pid,
            written_at_micros: written.and_then(micros),
            is_time_labelled: labelled.is_some(),
            span_seconds: span.reduce(|[a, b], [c, d]| [a.min(c), b.max(d)]),
            format: match notes.origin {
                Origin::Pympler => "pympler",
                Origin::Native { .. } => "native",
            },
            file_bytes: i64::try_from(file.size_bytes).unwrap_or(i64::MAX),
            objects: totals.objects as i64,
            alive: totals.alive as i64,
            snapshots: contents.snapshots().len() as i64,
            is_salvaged: notes.salvaged.is_some(),
        })
    }

    /// The value of a label.
    pub fn label(&self, name: &str) -> Option<&str> {
        let mut labels = self.labels.iter();
        let found = labels.find(|(of, _)| of == name);
        found.map(|(_, value)| value.as_str())
    }

    /// When tracking began, in microseconds since 1970.
    pub fn started_at_micros(&self) -> Option<i64> {
        let written = self.written_at_micros? as f64 / 1e6;
        micros(written - self.span_seconds?[1])
    }

    /// The day on which it was written, in UTC.
    pub fn date(&self) -> Option<Date> {
        let written = Timestamp::from_microsecond(self.written_at_micros?).ok()?;
        Some(written.to_zoned(TimeZone::UTC).date())
    }

    /// Its row.
    pub(super) fn batch(&self) -> Batch {
        let started = self.started_at_micros();
        let names = |name: Option<&str>| {
            let name_or_none = name.unwrap_or("");
            ColumnData {
                present: Some(vec![name.is_some()]),
                ..ColumnData::same_name(name_or_none, 1)
            }
        };
        let text = |text: &str| required(Values::Texts(Strings::from_iter([text])));
        let integer = |value: i64| required(Values::Integers(vec![value]));
        let moment = |micros: Option<i64>| ColumnData {
            values: Values::Timestamps(vec![micros.unwrap_or(0)]),
            present: Some(vec![micros.is_some()]),
        };
        let float = |value: Option<f64>| ColumnData {
            values: Values::Floats(vec![value.unwrap_or(0.0)]),
            present: Some(vec![value.is_some()]),
        };
        let from = match self.is_time_labelled {
            true => "label",
            false => "modification_time",
        };
        let labels = Values::Labels {
            offsets: vec![0, self.labels.len() as i32],
            names: self.labels.iter().map(|(name, _)| name.as_str()).collect(),
            values: self
                .labels
                .iter()
                .map(|(_, value)| value.as_str())
                .collect(),
        };
        let columns = vec![
            text(&self.id),
            text(&self.path),
            names(self.label("host")),
            names(self.label("worker")),
            names(self.label("version")),
            ColumnData {
                values: Values::Integers(vec![self.pid.unwrap_or(0)]),
                present: Some(vec![self.pid.is_some()]),
            },
            ColumnData::same_name(&self.process, 1),
            moment(self.written_at_micros),
            names(self.written_at_micros.map(|_| from)),
            moment(started),
            float(started.map(|micros| micros as f64 / 1e6)),
            float(self.span_seconds.map(|[first, _]| first)),
            float(self.span_seconds.map(|[_, last]| last)),
            required(labels),
            ColumnData::same_name(self.format, 1),
            integer(self.file_bytes),
            integer(self.objects),
            integer(self.alive),
            integer(self.snapshots),
            required(Values::Booleans(vec![self.is_salvaged])),
        ];
        Batch { rows: 1, columns }
    }
}

fn required(values: Values) -> ColumnData {
    ColumnData {
        values,
        present: None,
    }
}

/// Microseconds since 1970, if that is a moment of these millennia.
fn micros(seconds: f64) -> Option<i64> {
    let micros = (finite(seconds)? * 1e6).round();
    let micros = (micros.abs() < i64::MAX as f64).then_some(micros as i64)?;
    Timestamp::from_microsecond(micros).ok().map(|_| micros)
}

/// What tells a process from others, and is the same in all its dumps; `None` without objects.
fn process(source: &impl Source, pid: Option<i64>) -> Result<Option<String>, Error> {
    let wanted = Projection::of([Column::Class, Column::Birth, Column::Address]);
    let fetched = source.fetch(wanted, Rows::All)?;
    let contents: &Contents = &fetched;
    let oldest = contents.objects().min_by(|a, b| {
        let by = a.birth_seconds().total_cmp(&b.birth_seconds());
        by.then_with(|| a.address().cmp(&b.address()))
    });
    Ok(oldest.map(|object| {
        let mut sum = Sha256::new();
        // A process that was forked has objects of its parent, but a number of its own.
        sum.update(pid.unwrap_or(-1).to_le_bytes());
        sum.update(object.birth_seconds().to_bits().to_le_bytes());
        sum.update(object.address().to_le_bytes());
        sum.update(object.class().name().as_bytes());
        hexadecimal(&sum.finalize())
    }))
}

fn hexadecimal(sum: &[u8]) -> String {
    let mut digits = data_encoding::HEXLOWER.encode(sum);
    digits.truncate(ID_DIGITS);
    digits
}

/// The id of a dump with this content.
///
/// # Errors
///
/// If it cannot be read; the error has this name.
pub fn content_id(content: impl Read, name: &str) -> Result<String, Error> {
    match checksum(content) {
        Ok(sum) => Ok(hexadecimal(&sum)),
        Err((offset, source)) => Err(Error::Read {
            file: name.to_owned(),
            offset,
            source,
        }),
    }
}
