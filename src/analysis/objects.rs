//! What there is to say of one tracked object: its row, and everything below it.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use serde::Serialize;

use super::long_texts::LongTexts;
use super::referents::{self, Depth, ReferentDetail, Walker};
use crate::model::{
    Contents, Frame, Integer, ObjectId, Sample, Sizes, Snapshot, Text, Trace, TraceId,
    TrackedObject,
};

/// How many frames of a trace are shown. Python ends a recursion at a thousand, and objects
/// may share one endless trace.
const MAX_FRAMES: usize = 5000;

/// A trace of so many frames, or of so many bytes of text, is written once in a report: other
/// objects that were created by it refer to the first.
const LONG_TRACE: usize = 100;
const LONG_TRACE_BYTES: usize = 16 << 10;

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
    pub line: Integer<'d>,
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

/// An object with all that was recorded of it but its samples, of which each may be large:
/// [`Details::samples`] hands them out one by one.
#[derive(Clone, Debug, Serialize)]
pub struct ObjectDetail<'d> {
    /// The object in one line.
    #[serde(flatten)]
    pub row: ObjectRow<'d>,
    /// Where it was created, outermost frame first; `None` unless tracked with `trace=True`, or if
    /// it stands in `trace_as`.
    pub trace: Option<Vec<FrameDetail<'d>>>,
    /// The first object with the same trace, if that is long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_as: Option<TraceAs>,
    /// How many inner frames of an endless trace are left out.
    pub frames_cut: usize,
    /// How many sizes were measured while it lived.
    #[serde(skip)]
    pub samples: usize,
    /// How many samples Pympler took after its death; they say nothing and are not shown.
    #[serde(skip)]
    pub samples_after_death: usize,
}

/// An object of the same report that was created by the same frames.
#[derive(Clone, Debug, Serialize)]
pub struct TraceAs {
    /// Its place among the objects of the report, from 0.
    pub object: usize,
    /// Its address, in hexadecimal.
    pub address: String,
    /// How many frames there are.
    pub frames: usize,
}

/// What a report left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Referents, because their trees repeat themselves or are too many.
    pub referents: bool,
    /// The ends of long texts that many objects share.
    pub texts: bool,
}

/// Finds the snapshot of a moment.
pub struct SnapshotsByTime<'d> {
    by_time: Vec<Snapshot<'d>>,
}

impl<'d> SnapshotsByTime<'d> {
    /// Sorts the snapshots by time. Those without a time (NaN) are found by nobody.
    pub fn of(dump: &'d Contents) -> Self {
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

    /// The sizes of an object while it lived.
    pub(crate) fn samples<'s>(
        &'s self,
        object: TrackedObject<'d>,
    ) -> impl Iterator<Item = Measured<'d>> + use<'d, 's> {
        let mut before = None;
        object.live_samples().map(move |sample| {
            let size_bytes = sample.asized.size_bytes();
            Measured {
                sample,
                snapshot: self.at(sample.time_seconds),
                change_bytes: before
                    .replace(size_bytes)
                    .map(|before: i64| size_bytes.saturating_sub(before)),
            }
        })
    }
}

/// A sample among those of its object.
pub(crate) struct Measured<'d> {
    pub(crate) sample: Sample<'d>,
    /// The snapshot of its moment; `None` for the size at birth.
    pub(crate) snapshot: Option<Snapshot<'d>>,
    /// Bytes since the sample before; `None` for the first.
    pub(crate) change_bytes: Option<i64>,
}

/// A finite number; JSON has no other.
pub(crate) fn finite(seconds: f64) -> Option<f64> {
    Some(seconds).filter(|s| s.is_finite())
}

impl<'d> ObjectRow<'d> {
    fn of(object: TrackedObject<'d>, sizes: &Sizes, texts: &mut LongTexts) -> Self {
        texts.begin_row();
        ObjectRow {
            class: texts.shown(object.class().name()),
            name: texts.shown(object.name()),
            address: address(object),
            repr: texts.shown(object.repr()),
            birth_seconds: finite(object.birth_seconds()),
            death_seconds: object.death_seconds().and_then(finite),
            alive: object.is_alive(),
            size_bytes: sizes.largest_bytes(object.id()),
            peak_size_bytes: sizes.at_peak_bytes(object.id()),
        }
    }
}

/// The object's address as Python's `hex()` writes it.
pub(crate) fn address(object: TrackedObject<'_>) -> String {
    let address = object.exact_address();
    let sign = if address.is_negative() { "-" } else { "" };
    format!("{sign}0x{}", address.hexadecimal())
}

/// Gathers what there is to say of one object after the other.
pub struct Details<'d, 's> {
    sizes: &'s Sizes,
    depth: Depth,
    snapshots: SnapshotsByTime<'d>,
    walker: Walker,
    texts: LongTexts,
    cut: bool,
}

/// The traces of a report that are so long that each is written once.
#[derive(Default)]
pub struct LongTraces<'d> {
    /// The first object of each, with its place in the report; `None` for traces that are short.
    first: HashMap<TraceId, Option<(usize, TrackedObject<'d>)>, FixedState>,
}

impl<'d> LongTraces<'d> {
    /// Those of the objects of a report.
    pub fn among(dump: &'d Contents, objects: &[ObjectId]) -> Self {
        let mut first = HashMap::default();
        for (place, &id) in objects.iter().enumerate() {
            let object = dump.object(id);
            if let Some(trace) = object.trace() {
                let entry = first.entry(trace.id());
                entry.or_insert_with(|| is_long(trace).then_some((place, object)));
            }
        }
        LongTraces { first }
    }

    /// The first object with a trace, if that is long and stands before this place.
    fn trace_as(&self, trace: Trace<'d>, place: usize) -> Option<TraceAs> {
        let &(object, first) = self.first.get(&trace.id())?.as_ref()?;
        (object < place).then(|| TraceAs {
            object,
            address: address(first),
            frames: trace.frames().len(),
        })
    }
}

fn is_long(trace: Trace<'_>) -> bool {
    let texts = |frame: Frame<'_>| {
        let lines: usize = frame.source_lines().map(|line| line.as_bytes().len()).sum();
        let names = frame.file().as_bytes().len() + frame.function().as_bytes().len();
        names + frame.exact_line().beyond_bytes() + lines
    };
    trace.frames().len() > LONG_TRACE || trace.frames().map(texts).sum::<usize>() > LONG_TRACE_BYTES
}

impl<'d, 's> Details<'d, 's> {
    /// Of the objects of a dump.
    pub fn of(dump: &'d Contents, sizes: &'s Sizes, depth: Depth) -> Self {
        Details {
            sizes,
            depth,
            snapshots: SnapshotsByTime::of(dump),
            walker: Walker::of(dump),
            texts: match depth {
                Depth::All => LongTexts::new(),
                // Tables clip each text themselves.
                Depth::Notable => LongTexts::whole(),
            },
            cut: false,
        }
    }

    /// What was left out until now.
    pub fn left_out(&self) -> LeftOut {
        LeftOut {
            referents: self.cut,
            texts: self.texts.is_cut,
        }
    }

    /// Begins a block of objects that is made apart from those before and behind it.
    pub(crate) fn begin_block(&mut self) {
        self.walker.begin_block();
        self.texts.begin_block();
        self.cut = false;
    }

    /// Whether the block took no more than a block may.
    pub(crate) fn is_within_bounds(&self) -> bool {
        self.walker.is_within_bounds() && self.texts.is_within_bounds()
    }

    /// Charges what a block took. `false`, and nothing is charged, if so much is not left.
    pub(crate) fn book(&mut self, block: &Details<'_, '_>) -> bool {
        if !self.walker.covers(&block.walker) || !self.texts.book(&block.texts) {
            return false;
        }
        self.walker.charge(&block.walker);
        self.cut |= block.cut;
        true
    }

    /// The row of an object.
    pub fn row(&mut self, object: TrackedObject<'d>) -> ObjectRow<'d> {
        ObjectRow::of(object, self.sizes, &mut self.texts)
    }

    /// The frame that created an object: the innermost one.
    pub(crate) fn created_in(&mut self, object: TrackedObject<'d>) -> Option<FrameDetail<'d>> {
        let frame = object.trace()?.frames().next_back()?;
        Some(FrameDetail::of(frame, &mut self.texts))
    }

    /// Everything of the object at a place of the report but its samples.
    pub fn object(
        &mut self,
        place: usize,
        object: TrackedObject<'d>,
        traces: &LongTraces<'d>,
    ) -> ObjectDetail<'d> {
        let row = self.row(object);
        let trace = object.trace();
        let trace_as = trace.and_then(|trace| traces.trace_as(trace, place));
        let samples = object.live_samples().count();
        let own = trace.filter(|_| trace_as.is_none());
        let texts = &mut self.texts;
        ObjectDetail {
            row,
            frames_cut: own.map_or(0, |trace| trace.frames().len().saturating_sub(MAX_FRAMES)),
            trace: own.map(|trace| {
                let frames = trace.frames().take(MAX_FRAMES);
                frames.map(|frame| FrameDetail::of(frame, texts)).collect()
            }),
            trace_as,
            samples_after_death: object.samples().len() - samples,
            samples,
        }
    }

    /// Hands out the sizes of an object while it lived. Fails as `see` does.
    pub fn samples<E>(
        &mut self,
        object: TrackedObject<'d>,
        mut see: impl FnMut(SampleDetail<'d>) -> Result<(), E>,
    ) -> Result<(), E> {
        for measured in self.snapshots.samples(object) {
            let (sample, snapshot) = (measured.sample, measured.snapshot);
            let (referents, cut) =
                referents::details(&mut self.walker, &mut self.texts, sample.asized, self.depth);
            self.cut |= cut.cut;
            see(SampleDetail {
                time_seconds: finite(sample.time_seconds),
                snapshot: snapshot.map(Snapshot::index),
                description: snapshot.map(|snapshot| self.texts.shown(snapshot.description())),
                size_bytes: sample.asized.size_bytes(),
                flat_bytes: sample.asized.flat_bytes(),
                change_bytes: measured.change_bytes,
                referents,
                referents_cut: cut.cut,
            })?;
        }
        Ok(())
    }
}

impl<'d> FrameDetail<'d> {
    fn of(frame: Frame<'d>, texts: &mut LongTexts) -> Self {
        let source = frame.source_lines().take(MAX_LINES);
        FrameDetail {
            source: source.map(|line| texts.shown(line.trim())).collect(),
            file: texts.shown(frame.file()),
            line: frame.exact_line(),
            function: texts.shown(frame.function()),
        }
    }
}
