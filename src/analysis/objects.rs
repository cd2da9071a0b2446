//! What there is to say of one tracked object: its row, and everything below it.

use serde::Serialize;

use super::referents::{self, Depth, ReferentDetail, Walker};
use crate::model::{Dump, Sizes, Snapshot, Text, TrackedObject};

/// An object in one line.
#[derive(Clone, Debug, Serialize)]
pub struct ObjectRow {
    /// The registered class name.
    pub class: String,
    /// The object's own class name.
    pub name: String,
    /// Its address, in hexadecimal.
    pub address: String,
    /// The object's repr when last sized.
    pub repr: String,
    /// Seconds since tracking began.
    pub birth_seconds: Option<f64>,
    /// Seconds since tracking began; `None` while alive.
    pub death_seconds: Option<f64>,
    /// Whether it was alive at the end.
    pub alive: bool,
    /// Its largest size, in bytes.
    pub size_bytes: i64,
    /// Its size at the peak snapshot, in bytes; 0 if it was not measured in it.
    pub peak_size_bytes: i64,
}

/// A frame of the trace.
#[derive(Clone, Debug, Serialize)]
pub struct FrameDetail {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: i64,
    /// The function.
    pub function: String,
    /// The source lines without their indentation.
    pub source: Vec<String>,
}

/// A size at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct SampleDetail {
    /// Seconds since tracking began.
    pub time_seconds: Option<f64>,
    /// Which snapshot this is of, from 0; `None` for the size at birth.
    pub snapshot: Option<usize>,
    /// That snapshot's description.
    pub description: Option<String>,
    /// Bytes with all that the object refers to.
    pub size_bytes: i64,
    /// Bytes of its own.
    pub flat_bytes: i64,
    /// Bytes since the sample before; `None` for the first.
    pub change_bytes: Option<i64>,
    /// What the object refers to, as far as it was recorded.
    pub referents: Vec<ReferentDetail>,
    /// Whether the tree of referents was too large to be written whole.
    pub referents_cut: bool,
}

/// An object with all that was recorded of it.
#[derive(Clone, Debug, Serialize)]
pub struct ObjectDetail {
    /// The object in one line.
    #[serde(flatten)]
    pub row: ObjectRow,
    /// Where it was created, outermost frame first; `None` unless tracked with `trace=True`.
    pub trace: Option<Vec<FrameDetail>>,
    /// Its sizes while it lived.
    pub samples: Vec<SampleDetail>,
    /// How many samples Pympler took after its death; they say nothing and are not shown.
    pub samples_after_death: usize,
}

/// Finds the snapshot of a moment.
pub struct SnapshotsByTime<'d> {
    by_time: Vec<Snapshot<'d>>,
}

impl<'d> SnapshotsByTime<'d> {
    /// Sorts the snapshots by time. Those without a time (NaN) are found by nobody.
    pub fn of(dump: &'d Dump) -> Self {
        let mut by_time: Vec<_> = dump
            .snapshots()
            .filter(|s| !s.timestamp_seconds().is_nan())
            .collect();
        by_time.sort_by(|a, b| a.timestamp_seconds().total_cmp(&b.timestamp_seconds()));
        SnapshotsByTime { by_time }
    }

    /// The snapshot with exactly this timestamp, as Pympler compares them.
    pub fn at(&self, seconds: f64) -> Option<Snapshot<'d>> {
        let index = self
            .by_time
            .partition_point(|s| s.timestamp_seconds() < seconds);
        self.by_time
            .get(index)
            .copied()
            .filter(|s| s.timestamp_seconds() == seconds)
    }
}

/// A finite number; JSON has no other.
fn finite(seconds: f64) -> Option<f64> {
    Some(seconds).filter(|s| s.is_finite())
}

impl ObjectRow {
    /// Gathers the row of an object.
    pub fn of(object: TrackedObject<'_>, sizes: &Sizes) -> Self {
        ObjectRow {
            class: object.class().name().to_str().into(),
            name: object.name().to_str().into(),
            address: address(object.address()),
            repr: object.repr().to_str().into(),
            birth_seconds: finite(object.birth_seconds()),
            death_seconds: object.death_seconds().and_then(finite),
            alive: object.is_alive(),
            size_bytes: sizes.largest_bytes(object.number()),
            peak_size_bytes: sizes.at_peak_bytes(object.number()),
        }
    }
}

/// An address as Python's `hex()` writes it.
pub(crate) fn address(address: i128) -> String {
    let sign = if address < 0 { "-" } else { "" };
    format!("{sign}0x{:x}", address.unsigned_abs())
}

impl ObjectDetail {
    /// Gathers everything of an object.
    pub fn of(
        object: TrackedObject<'_>,
        sizes: &Sizes,
        snapshots: &SnapshotsByTime<'_>,
        depth: Depth,
        walker: &mut Walker,
    ) -> Self {
        let mut before = None;
        let samples: Vec<SampleDetail> = object
            .live_samples()
            .map(|sample| {
                let size_bytes = sample.asized.size_bytes();
                let (referents, cut) = referents::details(walker, sample.asized, depth);
                let snapshot = snapshots.at(sample.time_seconds);
                let change_bytes = before.map(|before: i64| size_bytes.saturating_sub(before));
                before = Some(size_bytes);
                SampleDetail {
                    time_seconds: finite(sample.time_seconds),
                    snapshot: snapshot.map(Snapshot::index),
                    description: snapshot.map(|s| s.description().to_str().into()),
                    size_bytes,
                    flat_bytes: sample.asized.flat_bytes(),
                    change_bytes,
                    referents,
                    referents_cut: cut.cut,
                }
            })
            .collect();
        ObjectDetail {
            row: ObjectRow::of(object, sizes),
            trace: object
                .trace()
                .map(|trace| trace.frames().map(FrameDetail::of).collect()),
            samples_after_death: object.samples().len() - samples.len(),
            samples,
        }
    }
}

impl FrameDetail {
    fn of(frame: crate::model::Frame<'_>) -> Self {
        FrameDetail {
            file: frame.file().to_str().into(),
            line: frame.line(),
            function: frame.function().to_str().into(),
            source: frame
                .source_lines()
                .map(Text::to_str)
                .map(|l| l.trim().into())
                .collect(),
        }
    }
}
