//! What there is to say of one tracked object: its row, and everything below it.

use serde::Serialize;

use super::referents::{self, Depth, ReferentDetail, Walker};
use crate::model::{Dump, Sizes, Snapshot, Text, TrackedObject};

/// How many frames of a trace are shown. Python ends a recursion at a thousand, and objects
/// may share one endless trace.
const MAX_FRAMES: usize = 5000;

/// How many source lines of a frame are shown. Trackers record one.
const MAX_LINES: usize = 1000;

/// An object in one line.
#[derive(Clone, Debug, Serialize)]
pub struct ObjectRow<'d> {
    /// The registered class name.
    pub class: Text<'d>,
    /// The object's own class name.
    pub name: Text<'d>,
    /// Its address, in hexadecimal.
    pub address: String,
    /// The object's repr when last sized.
    pub repr: Text<'d>,
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
pub struct FrameDetail<'d> {
    /// The file.
    pub file: Text<'d>,
    /// The line, from 1.
    pub line: i64,
    /// The function.
    pub function: Text<'d>,
    /// The source lines without their indentation.
    pub source: Vec<Text<'d>>,
}

/// A size at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct SampleDetail<'d> {
    /// Seconds since tracking began.
    pub time_seconds: Option<f64>,
    /// Which snapshot this is of, from 0; `None` for the size at birth.
    pub snapshot: Option<usize>,
    /// That snapshot's description.
    pub description: Option<Text<'d>>,
    /// Bytes with all that the object refers to.
    pub size_bytes: i64,
    /// Bytes of its own.
    pub flat_bytes: i64,
    /// Bytes since the sample before; `None` for the first.
    pub change_bytes: Option<i64>,
    /// What the object refers to, as far as it was recorded.
    pub referents: Vec<ReferentDetail<'d>>,
    /// Whether the tree of referents was too large to be written whole.
    pub referents_cut: bool,
}

/// An object with all that was recorded of it.
#[derive(Clone, Debug, Serialize)]
pub struct ObjectDetail<'d> {
    /// The object in one line.
    #[serde(flatten)]
    pub row: ObjectRow<'d>,
    /// Where it was created, outermost frame first; `None` unless tracked with `trace=True`.
    pub trace: Option<Vec<FrameDetail<'d>>>,
    /// How many inner frames of an endless trace are left out.
    pub frames_cut: usize,
    /// Its sizes while it lived.
    pub samples: Vec<SampleDetail<'d>>,
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

impl<'d> ObjectRow<'d> {
    /// Gathers the row of an object.
    pub fn of(object: TrackedObject<'d>, sizes: &Sizes) -> Self {
        ObjectRow {
            class: object.class().name(),
            name: object.name(),
            address: address(object.address()),
            repr: object.repr(),
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

impl<'d> ObjectDetail<'d> {
    /// Gathers everything of an object.
    pub fn of(
        object: TrackedObject<'d>,
        sizes: &Sizes,
        snapshots: &SnapshotsByTime<'d>,
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
                    description: snapshot.map(Snapshot::description),
                    size_bytes,
                    flat_bytes: sample.asized.flat_bytes(),
                    change_bytes,
                    referents,
                    referents_cut: cut.cut,
                }
            })
            .collect();
        let trace = object.trace();
        ObjectDetail {
            row: ObjectRow::of(object, sizes),
            frames_cut: trace.map_or(0, |trace| trace.frames().len().saturating_sub(MAX_FRAMES)),
            trace: trace.map(|trace| {
                trace
                    .frames()
                    .take(MAX_FRAMES)
                    .map(FrameDetail::of)
                    .collect()
            }),
            samples_after_death: object.samples().len() - samples.len(),
            samples,
        }
    }
}

impl<'d> FrameDetail<'d> {
    fn of(frame: crate::model::Frame<'d>) -> Self {
        FrameDetail {
            file: frame.file(),
            line: frame.line(),
            function: frame.function(),
            source: frame
                .source_lines()
                .take(MAX_LINES)
                .map(Text::trim)
                .collect(),
        }
    }
}
