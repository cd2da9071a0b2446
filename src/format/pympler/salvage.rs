//! What is whole of a dump whose pickles come to no end or hold something odd: a program was
//! killed while it wrote, a disk was full, a byte changed.
//!
//! The machine leaves what waited on its stack. In the first pickle that is the index, above it
//! names of classes and lists of objects that were not put into it yet, above those objects that
//! were not put into their list yet, and at the top the parts of what was being read. An instance
//! that was given its state is whole, whatever became of the file behind it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::iter;
use std::ops::Range;

use foldhash::fast::RandomState;

use super::{Loader, OBJECT, SNAPSHOT, UNBUILT, keys};
use crate::model::{ObjectId, SnapshotId, SnapshotRow, TextId, TraceId};
use crate::pickle::{Broken, Fault, Heap, Outcome, Value};

/// The description of snapshots that are rebuilt.
const REBUILT: &[u8] = b"rebuilt";

/// So many snapshots are rebuilt at most, and one more for so many bytes: honest dumps have an
/// object's size in each, and other sizes beside it.
const MOST_REBUILT: u64 = 1 << 16;
const BYTES_PER_REBUILT: u64 = 256;

/// How far reading came.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reached {
    /// Into the first pickle: later objects may be missing, and all snapshots.
    Objects,
    /// Behind the first pickle: snapshots may be missing.
    Snapshots,
    /// Behind both.
    End,
}

/// Why reading stopped, and where.
pub(super) struct Stop {
    pub(super) fault: Box<Fault>,
    pub(super) reached: Reached,
}

/// A class of an index that is not whole.
struct Entry {
    name: Value,
    /// Its objects: the list or tuple that it has, and those that wait to be put into it.
    parts: Vec<Value>,
}

impl Entry {
    fn objects<'h>(&self, heap: &'h Heap) -> impl Iterator<Item = Value> + use<'h, '_> {
        self.parts.iter().flat_map(|&part| {
            let items = Loader::items(heap, part);
            items.unwrap_or_else(|| Box::new(iter::once(part)))
        })
    }
}

impl Loader {
    /// Moves what is whole of the first pickle's dict of lists into the classes.
    pub(super) fn take_unfinished_index(&mut self, broken: &Broken, offset: u64) {
        self.classes.clear();
        self.listed.clear();
        let entries = self.unfinished_entries(broken);
        let mut names = Vec::with_capacity(entries.len());
        for entry in &entries {
            match self.text_of(entry.name, &broken.heap, "a class name of the index") {
                Ok(name) => names.push(name),
                Err(_) => break,
            }
        }
        for (first, last) in keys(&names, &self.texts.arena) {
            let objects = entries[last].objects(&broken.heap);
            // What is odd in it ends the reading here too.
            if self.take_class(names[first], objects, offset).is_err() {
                break;
            }
        }
    }

    /// The classes that the index has so far, and those on their way into it.
    fn unfinished_entries(&self, broken: &Broken) -> Vec<Entry> {
        let Broken { stack, heap, .. } = broken;
        let Some((&Value::Dict(dict), waiting)) = stack.split_first() else {
            return Vec::new();
        };
        let is_sequence = |value| Self::items(heap, value).is_some();
        let first = |value| Self::items(heap, value).and_then(|mut items| items.next());
        let is_whole =
            |value| matches!(value, Value::Built(OBJECT, n) if self.is_whole(ObjectId(n)));
        let pairs = heap.dict(dict).into_iter().flatten();
        let mut entries: Vec<Entry> = pairs
            .take_while(|&&(_, objects)| is_sequence(objects))
            .map(|&(name, objects)| Entry {
                name,
                parts: vec![objects],
            })
            .collect();
        let in_index = entries.len();
        // A changed opcode may have made one tuple or dict of names and lists. One, so that the
        // same one over and over is not looked through each time.
        let mut is_found = false;
        let waiting = waiting.iter().flat_map(|&value| {
            let items = || -> Box<dyn Iterator<Item = Value>> {
                match value {
                    Value::Dict(dict) => {
                        let pairs = heap.dict(dict).into_iter().flatten();
                        Box::new(pairs.flat_map(|&(key, value)| [key, value]))
                    }
                    value => Self::items(heap, value).unwrap_or_else(|| Box::new(iter::empty())),
                }
            };
            let mut lists = items().take(4).filter_map(first);
            if !is_found && lists.any(is_whole) {
                is_found = true;
                return items();
            }
            Box::new(iter::once(value))
        });
        let mut name = None;
        for value in waiting {
            let is_object = is_whole(value);
            match name {
                // Its objects come before there is a list or tuple of them.
                Some(key) if is_object || is_sequence(value) => {
                    entries.push(Entry {
                        name: key,
                        parts: vec![value],
                    });
                    name = None;
                }
                // The parts of an object, or of its class.
                Some(_) => break,
                None if is_object || first(value).is_some_and(is_whole) => {
                    match entries[in_index..].last_mut() {
                        Some(entry) => entry.parts.push(value),
                        None => break,
                    }
                }
                None => name = Some(value),
            }
        }
        // Of a class whose list has just begun nothing is known.
        let is_empty = |last: &Entry| last.objects(heap).next().is_none();
        while entries.len() > in_index && entries.last().is_some_and(is_empty) {
            entries.pop();
        }
        entries
    }

    /// Moves what is whole of the second pickle's list into the order of snapshots.
    pub(super) fn take_unfinished_snapshots(&mut self, broken: &Broken) {
        self.snapshot_rows.clear();
        let Broken { stack, heap, .. } = broken;
        // The list or tuple of them, and those that wait to be put into it.
        let values = stack.iter().flat_map(|&value| {
            let items = Self::items(heap, value);
            items.unwrap_or_else(|| Box::new(iter::once(value)))
        });
        for value in values {
            match value {
                Value::Built(SNAPSHOT, number)
                    if self.snapshots[number as usize].desc != UNBUILT =>
                {
                    self.snapshot_rows.push(SnapshotId(number));
                }
                _ => break,
            }
        }
    }

    pub(super) fn is_whole(&self, object: ObjectId) -> bool {
        self.objects.name[object.index()] != UNBUILT
    }

    pub(super) fn count_whole(&self) -> u64 {
        let listed = self.listed.iter();
        listed.filter(|&&object| self.is_whole(object)).count() as u64
    }

    /// Lets go of all that is not whole, and of what is not listed behind the last that is.
    pub(super) fn keep_whole(&mut self) {
        let mut end = 0;
        for class in &mut self.classes {
            let listed = class.start as usize..class.start as usize + class.count as usize;
            class.start = end as u32;
            for place in listed {
                let object = self.listed[place];
                if self.objects.name[object.index()] != UNBUILT {
                    self.listed[end] = object;
                    end += 1;
                }
            }
            class.count = end as u32 - class.start;
        }
        self.listed.truncate(end);

        let objects = &mut self.objects;
        let last = self.listed.iter().max();
        objects.truncate(last.map_or(0, |last| last.index() + 1));
        for index in 0..objects.len() {
            if objects.name[index] == UNBUILT {
                objects.reset(index);
            }
        }
        let ends = objects.sample_start.iter().zip(&objects.sample_count);
        let end = ends.map(|(&start, &count)| start as usize + count as usize);
        let end = end.max();
        self.samples.truncate(end.unwrap_or(0));
        let last = self.snapshot_rows.iter().max();
        self.snapshots
            .truncate(last.map_or(0, |last| last.index() + 1));
        for row in &mut self.snapshots {
            if row.desc == UNBUILT {
                *row = SnapshotRow::empty(TextId::NONE);
            }
        }
        let cached = self.snapshots.iter().flat_map(|row| row.classes.iter());
        let merged = cached.flatten().filter_map(|cached| cached.merged);
        let roots = self.samples.asized.iter().copied().chain(merged);
        self.asized.truncate_behind(roots);
        for row in &mut self.asized.rows {
            if row.name == UNBUILT {
                row.name = TextId::NONE;
            }
        }
        let traces = self.objects.trace.iter();
        let last = traces.filter(|&&trace| trace != TraceId::NONE).max();
        let traces = last.map_or(0, |last| last.index() + 1);
        self.frames.columns.truncate(traces);
        self.unbuilt = 0;
    }

    /// Puts snapshots in the place of those that are missing behind the last one read: every
    /// snapshot sizes all objects at one time, which is its own. How many.
    ///
    /// The sum of the sizes is the tracked total, as Pympler has it: with what it measures in the
    /// place of dead objects. That of a part of the objects is of that part.
    pub(super) fn rebuild_snapshots(&mut self, offset: u64) -> Outcome<u64> {
        let mut is_listed = vec![false; self.objects.len()];
        for &object in &self.listed {
            is_listed[object.index()] = true;
        }
        let most = MOST_REBUILT + offset / BYTES_PER_REBUILT;
        let mut totals: HashMap<u64, i128, RandomState> = HashMap::default();
        let mut is_ascending = true;
        let listed = || (0..is_listed.len()).filter(|&object| is_listed[object]);
        for run in listed().map(|object| self.snapshot_samples(object)) {
            is_ascending &= self.samples.time[run.clone()].is_sorted();
            for sample in run {
                let time = self.samples.time[sample];
                let size = self.asized.size(self.samples.asized[sample]);
                if time.is_finite() {
                    *totals.entry(moment(time)).or_default() += i128::from(size);
                }
            }
            if totals.len() as u64 > most {
                return Ok(0);
            }
        }
        let mut order: Vec<u64> = totals.keys().copied().collect();
        sort(&mut order);
        if !is_ascending {
            let runs = listed().map(|object| &self.samples.time[self.snapshot_samples(object)]);
            order = order_of(&order, runs);
        }
        let rows = self.snapshot_rows.iter();
        let known: HashSet<u64, RandomState> = rows
            .map(|id| moment(self.snapshots[id.index()].timestamp))
            .collect();
        let last = order.iter().rposition(|time| known.contains(time));
        order.drain(..last.map_or(0, |last| last + 1));
        order.retain(|time| !known.contains(time));
        let desc = self.texts.intern(REBUILT)?;
        for &time in &order {
            self.snapshot_rows
                .push(SnapshotId::at(self.snapshots.len()));
            self.snapshots.push(SnapshotRow {
                timestamp: f64::from_bits(time),
                tracked_total: totals[&time],
                ..SnapshotRow::empty(desc)
            });
        }
        Ok(order.len() as u64)
    }

    /// The samples that snapshots took of an object: all but that of its birth.
    fn snapshot_samples(&self, object: usize) -> Range<usize> {
        let start = self.objects.sample_start[object] as usize;
        let end = start + self.objects.sample_count[object] as usize;
        let times = &self.samples.time[start..end];
        let born = times.first() == Some(&self.objects.birth[object]);
        start + usize::from(born)..end
    }
}

/// Moments in the order of the snapshots, where a clock was set back: that in which objects were
/// sized at them, and among those of which that is not known the earlier one first. `moments` are
/// in the order of time.
fn order_of<'t>(moments: &[u64], runs: impl Iterator<Item = &'t [f64]>) -> Vec<u64> {
    let places: HashMap<u64, u32, RandomState> = moments.iter().copied().zip(0..).collect();
    let mut follow: Vec<Vec<u32>> = vec![Vec::new(); moments.len()];
    let mut before: Vec<u32> = vec![0; moments.len()];
    let mut seen = HashSet::<(u32, u32), RandomState>::default();
    for times in runs {
        let mut places = times.iter().filter_map(|&time| places.get(&moment(time)));
        let mut last = places.next();
        for place in places {
            if let Some(&last) = last
                && last != *place
                && seen.insert((last, *place))
            {
                follow[last as usize].push(*place);
                before[*place as usize] += 1;
            }
            last = Some(place);
        }
    }
    // The first of those that wait for no other, again and again.
    let ready = (0..moments.len() as u32).filter(|&place| before[place as usize] == 0);
    let mut ready: BTreeSet<u32> = ready.collect();
    let mut order = Vec::with_capacity(moments.len());
    while let Some(place) = ready.pop_first() {
        order.push(moments[place as usize]);
        for &next in &follow[place as usize] {
            before[next as usize] -= 1;
            if before[next as usize] == 0 {
                ready.insert(next);
            }
        }
    }
    // Of objects that contradict each other the order is that of time.
    let rest = moments
        .iter()
        .zip(&before)
        .filter(|(_, before)| **before > 0);
    order.extend(rest.map(|(&moment, _)| moment));
    order
}

/// A time as a key. Zeros of both signs are one.
fn moment(seconds: f64) -> u64 {
    (seconds + 0.0).to_bits()
}

fn sort(moments: &mut [u64]) {
    moments.sort_unstable_by(|&a, &b| f64::from_bits(a).total_cmp(&f64::from_bits(b)));
}
