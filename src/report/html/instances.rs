//! What the script of a class's page reads: the class at each snapshot, its referents, and
//! its largest instances with their traces, samples and referents. Texts, frames and traces
//! that repeat stand once.

use std::collections::HashMap;
use std::convert::Infallible;

use foldhash::fast::FixedState;
use serde::{Serialize, Serializer};

use super::text::{Exact, Line, shown};
use crate::analysis::history::{ClassHistory, History};
use crate::analysis::merged::Merged;
use crate::analysis::objects::address;
use crate::analysis::referents::{Depth, Walker};
use crate::model::{
    Contents, Frame, ObjectId, Sizes, Snapshot, Text, Trace, TraceId, TrackedObject,
};
use crate::select::{self, SortKey};

/// Frames of a trace, counted from the innermost.
const MOST_FRAMES: usize = 100;

/// Samples of an instance that are of no snapshot shown, and rows of its referents.
const MOST_ODD_SAMPLES: usize = 20;
const MOST_REFERENTS: usize = 60;

/// Figures of a row of an instance's referents.
const ROW: usize = 4;

/// A snapshot: number, description, seconds, and what shares are of.
type SnapshotData = (usize, String, Option<f64>, Exact);

/// All of it.
#[derive(Default, Serialize)]
pub(super) struct ClassData {
    /// None where the index page is in the same file, which has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshots: Option<Vec<SnapshotData>>,
    /// The place of the largest of them.
    peak: Option<usize>,
    active: Vec<u64>,
    sum: Vec<Exact>,
    merged: Vec<MergedData>,
    instances: Vec<Instance>,
    traces: Vec<TraceData>,
    /// File, line, function, source.
    frames: Vec<(u32, Line, u32, Option<u32>)>,
    texts: Vec<String>,
    #[serde(skip)]
    known: Known,
}

/// What stands in the tables already.
#[derive(Default)]
struct Known {
    texts: HashMap<String, u32, FixedState>,
    frames: HashMap<u32, u32, FixedState>,
    traces: HashMap<TraceId, u32, FixedState>,
}

#[derive(Serialize)]
struct MergedData {
    /// The place of the snapshot.
    at: usize,
    objects: u64,
    size: Exact,
    /// Level, name, count, size, flat size; row behind row. A name of -1 is none.
    rows: Vec<Exact>,
    left_out: usize,
    cut: bool,
}

#[derive(Serialize)]
struct TraceData {
    frames: Vec<u32>,
    /// Outer frames that are left out.
    left_out: usize,
}

/// An instance; for the script a list in this order, which is much shorter.
struct Instance {
    address: String,
    birth: Option<f64>,
    death: Option<f64>,
    alive: bool,
    size: Exact,
    peak: Exact,
    repr: u32,
    /// The object's own class name, if it is another than the registered one.
    name: Option<u32>,
    trace: Option<u32>,
    /// When, bytes, and bytes of its own unless as before.
    samples: Vec<Sample>,
    /// Samples that are left out.
    more: usize,
    /// Which of the samples the referents are of.
    of: Option<usize>,
    /// Level, name, size, flat size; row behind row.
    referents: Vec<Exact>,
    /// Rows of them that are left out.
    left_out: usize,
}

impl Serialize for Instance {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (
            (&self.address, self.birth, self.death, self.alive),
            (self.size, self.peak, self.repr, self.name, self.trace),
            (&self.samples, self.more),
            (self.of, &self.referents, self.left_out),
        )
            .serialize(serializer)
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Sample {
    As(Moment, Exact),
    New(Moment, Exact, Exact),
}

/// When a sample was taken.
#[derive(Serialize)]
#[serde(untagged)]
enum Moment {
    /// At the snapshot of this place.
    Snapshot(usize),
    /// In seconds, between those shown.
    Seconds([Option<f64>; 1]),
}

impl ClassData {
    /// The class at each snapshot; nothing else yet.
    pub(super) fn of(history: &History<'_>, row: &ClassHistory<'_>, is_alone: bool) -> Self {
        let snapshots = history.snapshots.iter().map(|s| {
            let whole = Exact(s.tracked_total_bytes);
            (s.snapshot, shown(s.description), s.timestamp_seconds, whole)
        });
        ClassData {
            snapshots: is_alone.then(|| snapshots.collect()),
            peak: history.peak(),
            active: row.held.iter().map(|held| held.active).collect(),
            sum: row.held.iter().map(|held| Exact(held.sum_bytes)).collect(),
            ..ClassData::default()
        }
    }

    /// Whether referents were recorded.
    pub(super) fn has_referents(&self) -> bool {
        !self.merged.is_empty()
    }

    /// Places of the snapshots where they were.
    pub(super) fn measured(&self) -> Vec<usize> {
        self.merged.iter().map(|tree| tree.at).collect()
    }

    /// Adds the merged referents.
    pub(super) fn merge(&mut self, merged: &[Merged<'_>], history: &History<'_>) {
        for tree in merged {
            let place = history
                .snapshots
                .iter()
                .position(|s| s.snapshot == tree.snapshot);
            let Some(at) = place else { continue };
            let mut rows = Vec::with_capacity(5 * tree.referents.len());
            for row in &tree.referents {
                let name = row.name.map_or(-1, |name| i128::from(self.text(name)));
                let figures = [
                    row.level as i128,
                    name,
                    row.count.into(),
                    row.size_bytes,
                    row.flat_bytes,
                ];
                rows.extend(figures.map(Exact));
            }
            self.merged.push(MergedData {
                at,
                objects: tree.objects,
                size: Exact(tree.size_bytes),
                rows,
                left_out: tree.left_out,
                cut: tree.cut,
            });
        }
    }

    fn text(&mut self, text: Text<'_>) -> u32 {
        let next = self.texts.len() as u32;
        let shown = shown(text);
        *self.known.texts.entry(shown).or_insert_with_key(|shown| {
            self.texts.push(shown.clone());
            next
        })
    }

    fn frame(&mut self, frame: Frame<'_>) -> u32 {
        if let Some(&known) = self.known.frames.get(&frame.number()) {
            return known;
        }
        let source = frame
            .source_lines()
            .next()
            .map(|line| self.text(line.trim()));
        let row = (
            self.text(frame.file()),
            frame.exact_line().into(),
            self.text(frame.function()),
            source,
        );
        let number = self.frames.len() as u32;
        self.frames.push(row);
        self.known.frames.insert(frame.number(), number);
        number
    }

    fn trace(&mut self, trace: Trace<'_>) -> u32 {
        if let Some(&known) = self.known.traces.get(&trace.id()) {
            return known;
        }
        let left_out = trace.frames().len().saturating_sub(MOST_FRAMES);
        let frames = trace
            .frames()
            .skip(left_out)
            .map(|frame| self.frame(frame))
            .collect();
        let number = self.traces.len() as u32;
        self.traces.push(TraceData { frames, left_out });
        self.known.traces.insert(trace.id(), number);
        number
    }
}

/// Chooses and embeds the largest instances.
pub(super) struct Embedder<'d, 'p> {
    dump: &'d Contents,
    sizes: &'p Sizes,
    /// Moments of the snapshots shown and their places, ascending.
    places: Vec<(f64, usize)>,
    walker: Walker,
}

impl<'d, 'p> Embedder<'d, 'p> {
    pub(super) fn of(dump: &'d Contents, snapshots: &[Snapshot<'d>], sizes: &'p Sizes) -> Self {
        let seconds = snapshots
            .iter()
            .map(|snapshot| snapshot.timestamp_seconds())
            .enumerate();
        let mut places: Vec<(f64, usize)> = seconds
            .filter(|(_, s)| !s.is_nan())
            .map(|(place, s)| (s, place))
            .collect();
        places.sort_by(|a, b| a.0.total_cmp(&b.0));
        Embedder {
            dump,
            sizes,
            places,
            walker: Walker::of(dump),
        }
    }

    /// Embeds the largest of these objects, up to `most`; how many.
    pub(super) fn embed(
        &mut self,
        data: &mut ClassData,
        mut objects: Vec<ObjectId>,
        most: usize,
    ) -> usize {
        select::sort(
            self.dump,
            self.sizes,
            &[SortKey::Size],
            false,
            most,
            &mut objects,
        );
        for &id in &objects {
            let instance = self.instance(data, self.dump.object(id));
            data.instances.push(instance);
        }
        objects.len()
    }

    fn instance(&mut self, data: &mut ClassData, object: TrackedObject<'d>) -> Instance {
        let finite = |seconds: f64| Some(seconds).filter(|s| s.is_finite());
        let mut samples = Vec::new();
        let mut flats = None;
        let mut more = 0;
        let mut odd = 0;
        let mut largest: Option<(usize, i64)> = None;
        let mut root = None;
        for sample in object.live_samples() {
            let moment = match self.place(sample.time_seconds) {
                Some(place) => Moment::Snapshot(place),
                None if odd == MOST_ODD_SAMPLES => {
                    more += 1;
                    continue;
                }
                None => {
                    odd += 1;
                    Moment::Seconds([finite(sample.time_seconds)])
                }
            };
            let (size, flat) = (sample.asized.size_bytes(), sample.asized.flat_bytes());
            // The tree of the largest sample says what made the object so large.
            if sample.asized.referent_count() > 0 && largest.is_none_or(|(_, most)| size > most) {
                largest = Some((samples.len(), size));
                root = Some(sample.asized);
            }
            let exact = Exact(size.into());
            samples.push(if flats.replace(flat) == Some(flat) {
                Sample::As(moment, exact)
            } else {
                Sample::New(moment, exact, Exact(flat.into()))
            });
        }
        let mut referents = Vec::new();
        let mut left_out = 0;
        if let Some(root) = root {
            let outcome = self
                .walker
                .walk(root, Depth::Notable, |row| -> Result<(), Infallible> {
                    if referents.len() >= MOST_REFERENTS * ROW {
                        left_out += 1;
                        return Ok(());
                    }
                    let name = row
                        .asized
                        .name()
                        .map_or(-1, |name| i128::from(data.text(name)));
                    let [size, flat] =
                        [row.asized.size_bytes(), row.asized.flat_bytes()].map(i128::from);
                    referents.extend([row.level as i128, name, size, flat].map(Exact));
                    Ok(())
                });
            match outcome {
                Ok(_) => {}
                Err(never) => match never {},
            }
        }
        Instance {
            address: address(object),
            birth: finite(object.birth_seconds()),
            death: object.death_seconds().and_then(finite),
            alive: object.is_alive(),
            size: Exact(self.sizes.largest_bytes(object.id()).into()),
            peak: Exact(self.sizes.at_peak_bytes(object.id()).into()),
            repr: data.text(object.repr()),
            name: (object.name() != object.class().name()).then(|| data.text(object.name())),
            trace: object.trace().map(|trace| data.trace(trace)),
            samples,
            more,
            of: largest.map(|(at, _)| at),
            referents,
            left_out,
        }
    }

    fn place(&self, seconds: f64) -> Option<usize> {
        let at = self.places.partition_point(|&(moment, _)| moment < seconds);
        self.places
            .get(at)
            .filter(|&&(moment, _)| moment == seconds)
            .map(|&(_, place)| place)
    }
}
