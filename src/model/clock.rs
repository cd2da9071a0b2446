//! A clock that was set back while a program recorded. Pympler takes its times from the wall
//! clock (`time.time()`), so births, deaths and snapshots may contradict the order in which they
//! really happened. That order is in the samples: every snapshot measures all objects that were
//! created before it, one after the other, and measures `None` in the place of the dead.

use std::collections::HashMap;
use std::ops::{Range, RangeInclusive};

use foldhash::fast::FixedState;

use super::{Contents, Dump, ObjectId, Snapshot, TrackedObject};

/// What Pympler calls what it measures in the place of an object that died.
const DEAD: &[u8] = b"None";

/// How the times of a dump contradict the order of its snapshots.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClockFault {
    /// The first snapshot that is earlier than the one before it, by its number from 0; `None`
    /// if the times of the snapshots ascend.
    pub snapshot: Option<usize>,
    /// By how many seconds it is earlier.
    pub set_back_seconds: f64,
    /// How many objects were measured by a snapshot that is earlier than their birth. Without a
    /// snapshot that goes back that may also be the work of threads, which create objects while
    /// a snapshot is taken.
    pub objects: u64,
}

impl Contents {
    /// Whether the times of this dump contradict the order of its snapshots; `None` if they can
    /// be used as they are. One pass over the objects.
    pub fn clock_fault(&self) -> Option<ClockFault> {
        let mut fault = ClockFault::default();
        let times: Vec<f64> = self.snapshots().map(Snapshot::timestamp_seconds).collect();
        let back = times.windows(2).position(|pair| pair[1] < pair[0]);
        if let Some(before) = back {
            fault.snapshot = Some(before + 1);
            fault.set_back_seconds = times[before] - times[before + 1];
        }
        let is_odd = |object: &TrackedObject<'_>| {
            let mut measured = object.samples().skip(1);
            let first = measured.next();
            first.is_some_and(|sample| sample.time_seconds < object.birth_seconds())
        };
        fault.objects = self.objects().filter(is_odd).count() as u64;
        (back.is_some() || fault.objects > 0).then_some(fault)
    }
}

impl Dump {
    /// Moves times that contradict the order of the snapshots, so that lives can be counted: the
    /// snapshots ascend, and every object is born before the first snapshot that measured it and
    /// dies before the first that found it dead. Distances in time across a clock that was set
    /// back are lost: they become the median distance of two snapshots. What was moved is in
    /// [`Notes::clock`](super::Notes::clock). A dump without fault stays as it is.
    pub fn put_in_order(&mut self) {
        let Some(fault) = self.clock_fault() else {
            return;
        };
        let contents = &mut self.contents;
        // They follow from the lives.
        contents.sizes = None;
        let timeline = Timeline::of(contents);
        let mut is_moved = vec![false; contents.objects.len()];
        for class in 0..contents.classes.len() {
            let row = contents.classes[class];
            let listed = row.start as usize..(row.start + row.count) as usize;
            let before = timeline.births(contents, listed.clone());
            for (place, before) in listed.zip(before) {
                let id = contents.listed[place];
                // An object in two classes is moved once.
                if !std::mem::replace(&mut is_moved[id.index()], true) {
                    timeline.put(contents, id, before);
                }
            }
        }
        let rows = contents.snapshot_rows.iter().zip(&timeline.moved);
        for (id, &time) in rows {
            contents.snapshots[id.index()].timestamp = time;
        }
        contents.notes.clock = Some(fault);
    }
}

/// The times of the snapshots, as they were recorded and in order.
struct Timeline {
    recorded: Vec<f64>,
    moved: Vec<f64>,
    /// The snapshots of each recorded time, ascending.
    at: HashMap<u64, Vec<usize>, FixedState>,
    /// The median distance of two snapshots in seconds.
    step: f64,
}

impl Timeline {
    fn of(dump: &Contents) -> Timeline {
        let recorded: Vec<f64> = dump.snapshots().map(Snapshot::timestamp_seconds).collect();
        let distances = recorded.windows(2).map(|pair| pair[1] - pair[0]);
        let is_step = |step: &f64| step.is_finite() && *step > 0.0;
        let mut steps: Vec<f64> = distances.clone().filter(is_step).collect();
        steps.sort_by(f64::total_cmp);
        let step = steps.get(steps.len() / 2).copied().unwrap_or(1.0);
        let mut moved: Vec<f64> = Vec::with_capacity(recorded.len());
        let first = recorded.first().copied().filter(|time| time.is_finite());
        moved.extend(first.or(recorded.first().and(Some(0.0))));
        for distance in distances {
            let last = moved.last().copied().unwrap_or_default();
            // Two snapshots of the same time stay together, as Pympler sees them.
            let is_kept = distance.is_finite() && distance >= 0.0;
            moved.push(last + if is_kept { distance } else { step });
        }
        let mut at: HashMap<u64, Vec<usize>, FixedState> = HashMap::default();
        for (snapshot, &time) in recorded.iter().enumerate() {
            at.entry(bits(time)).or_default().push(snapshot);
        }
        Timeline {
            recorded,
            moved,
            at,
            step,
        }
    }

    /// Before which snapshots some listed objects of a class were born; their number for those born
    /// after the last. An object that died before a snapshot could measure it was born between
    /// its neighbours, for a class lists its objects in the order of their creation.
    fn births(&self, dump: &Contents, listed: Range<usize>) -> Vec<usize> {
        let objects: Vec<_> = dump.listed[listed]
            .iter()
            .map(|&id| dump.object(id))
            .collect();
        let first = |&object| self.snapshots_of(object).into_iter().flatten().next();
        let mut births: Vec<Option<usize>> = objects.iter().map(first).collect();
        let mut latest = vec![self.moved.len(); births.len()];
        for place in (1..births.len()).rev() {
            latest[place - 1] = births[place].unwrap_or(latest[place]);
        }
        let mut earliest = 0;
        for (place, birth) in births.iter_mut().enumerate() {
            let between = earliest..=latest[place];
            let seconds = objects[place].birth_seconds();
            earliest = *birth.get_or_insert_with(|| self.place(seconds, between));
        }
        births.into_iter().flatten().collect()
    }

    /// Before which of some snapshots a recorded time lies.
    fn place(&self, recorded: f64, snapshots: RangeInclusive<usize>) -> usize {
        let fits = |snapshot: &usize| self.fitting(recorded, *snapshot).is_some();
        // Any early time fits before the first snapshot, and any late one behind the last.
        let inner = snapshots
            .clone()
            .find(|at| self.recorded.len() > *at && *at > 0 && fits(at));
        let outer = || snapshots.clone().find(fits);
        inner.or_else(outer).unwrap_or(*snapshots.end())
    }

    /// Moves the birth, the samples and the death of an object that was born before this snapshot.
    fn put(&self, dump: &mut Contents, id: ObjectId, before: usize) {
        let object = dump.object(id);
        let measured_at = self.snapshots_of(object);
        let found_dead = object
            .samples()
            .zip(&measured_at)
            .filter(|(sample, _)| sample.asized.name().is_some_and(|n| n.as_bytes() == DEAD))
            .find_map(|(_, snapshot)| *snapshot);
        // A snapshot passes over the dead whose address another object has.
        let last = measured_at.iter().flatten().next_back();
        let behind = last.map_or(before, |last| last + 1);
        let birth = self.between(object.birth_seconds(), before, f64::NEG_INFINITY);
        let death = object.death_seconds();
        let death = death.map(|death| self.between(death, found_dead.unwrap_or(behind), birth));
        let index = id.index();
        let start = dump.objects.sample_start[index] as usize;
        for (sample, snapshot) in (start..).zip(measured_at) {
            dump.samples.time[sample] = snapshot.map_or(birth, |snapshot| self.moved[snapshot]);
        }
        dump.objects.birth[index] = birth;
        dump.objects.set_death(index, death);
    }

    /// Which snapshot took each sample of an object: the next one of that time. `None` of the
    /// first sample, which is taken at birth, and of those of no snapshot.
    fn snapshots_of(&self, object: TrackedObject<'_>) -> Vec<Option<usize>> {
        let mut next = 0;
        let birth = object.birth_seconds();
        let snapshot = |(index, time): (usize, f64)| {
            if index == 0 && time == birth {
                return None;
            }
            let of_time = self.at.get(&bits(time))?;
            let found = *of_time.get(of_time.partition_point(|&snapshot| snapshot < next))?;
            next = found + 1;
            Some(found)
        };
        let times = object.samples().map(|sample| sample.time_seconds);
        times.enumerate().map(snapshot).collect()
    }

    /// A time in the interval before a snapshot and after `least`: the one recorded, moved as one
    /// of the snapshots around it, or else the middle.
    fn between(&self, recorded: f64, snapshot: usize, least: f64) -> f64 {
        if !recorded.is_finite() {
            return recorded;
        }
        if let Some(moved) = self
            .fitting(recorded, snapshot)
            .filter(|&moved| moved > least)
        {
            return moved;
        }
        let (from, to) = self.interval(snapshot);
        let from = from.max(least);
        match (from.is_finite(), to.is_finite()) {
            (true, true) => from / 2.0 + to / 2.0,
            (true, false) => from + self.step / 2.0,
            (false, true) => to - self.step / 2.0,
            (false, false) => recorded,
        }
    }

    /// A recorded time, moved as the snapshot before or after the interval that ends with a
    /// snapshot; `None` if it is then not in that interval.
    fn fitting(&self, recorded: f64, snapshot: usize) -> Option<f64> {
        let (from, to) = self.interval(snapshot);
        let ends = [snapshot.checked_sub(1), Some(snapshot)]
            .into_iter()
            .flatten();
        ends.filter(|&end| end < self.moved.len())
            .map(|end| recorded + (self.moved[end] - self.recorded[end]))
            .find(|&moved| from < moved && moved < to)
    }

    /// The interval before a snapshot, from the one before it.
    fn interval(&self, snapshot: usize) -> (f64, f64) {
        let before = snapshot.checked_sub(1);
        let from = before.map_or(f64::NEG_INFINITY, |before| self.moved[before]);
        let to = self.moved.get(snapshot).copied().unwrap_or(f64::INFINITY);
        (from, to)
    }
}

/// Times compare as Python compares them: zeros of both signs are equal.
fn bits(seconds: f64) -> u64 {
    (seconds + 0.0).to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::history::{History, HistoryLimits};
    use crate::analysis::leaks::{Leaks, LeaksOptions};
    use crate::model::ObjectColumns;
    use crate::select::Filter;

    fn load(name: &str) -> Dump {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        Dump::load(root.join("fixtures").join(name)).unwrap()
    }

    /// The recording as it would be if the clock was set back by so much at a moment.
    fn set_back(dump: &Dump, moment: f64, seconds: f64) -> Dump {
        let mut dump = dump.clone();
        let clock = |time: f64| if time < moment { time } else { time - seconds };
        let contents = &mut dump.contents;
        for time in &mut contents.samples.time {
            *time = clock(*time);
        }
        for snapshot in &mut contents.snapshots {
            snapshot.timestamp = clock(snapshot.timestamp);
        }
        let objects = &mut contents.objects;
        for number in 0..objects.len() {
            objects.birth[number] = clock(objects.birth[number]);
            let death = ObjectColumns::death_of(objects.death[number]).map(clock);
            objects.set_death(number, death);
        }
        dump
    }

    /// What lives and verdicts come to. Of objects that no snapshot measured it may be lost in
    /// which interval they were born, so births are compared only if `births` is set.
    fn lives(dump: &Dump, births: bool) -> Vec<String> {
        let limits = HistoryLimits {
            snapshots: 100,
            classes: 100,
            only_used: false,
        };
        let history = History::of(dump, &Filter::default(), limits).unwrap();
        let held = history.classes.iter();
        let held = held.map(|class| format!("{} {:?}", class.class, class.held));
        let leaks = Leaks::of(dump, &LeaksOptions::default()).unwrap();
        let suspects = leaks.suspects.iter().map(|suspect| {
            let class = &suspect.class;
            let survival = &class.evidence.survival;
            let born = births.then(|| format!("{survival:?}"));
            let (pattern, kept) = (class.verdict.pattern, suspect.kept.objects);
            let name = class.class;
            format!("{name} {pattern:?} {} {kept} {born:?}", survival.survived)
        });
        held.chain(suspects).collect()
    }

    #[test]
    fn lives_are_those_of_a_clock_that_goes_on() {
        for name in ["leaky_shop.dump", "shop.dump"] {
            let dump = load(name);
            assert_eq!(dump.clock_fault(), None);
            let expected = [false, true].map(|births| lives(&dump, births));
            let times: Vec<f64> = dump.snapshots().map(Snapshot::timestamp_seconds).collect();
            let mut faults = [0, 0];
            for pair in times.windows(2) {
                for share in [0.01, 0.3, 0.7, 0.99] {
                    let moment = pair[0] + share * (pair[1] - pair[0]);
                    for seconds in [0.1, 0.4, 3600.0, 1e9] {
                        let mut odd = set_back(&dump, moment, seconds);
                        let Some(fault) = odd.clock_fault() else {
                            continue;
                        };
                        let is_long = usize::from(fault.snapshot.is_some());
                        faults[is_long] += 1;
                        odd.put_in_order();
                        assert_eq!(odd.clock_fault(), None);
                        assert_eq!(odd.notes().clock, Some(fault));
                        let found = lives(&odd, is_long == 1);
                        assert_eq!(found, expected[is_long], "{name} {moment} {seconds}");
                    }
                }
            }
            assert!(faults[0] >= 3 && faults[1] > 20, "{faults:?}");
        }
    }

    #[test]
    fn a_dump_in_order_stays_as_it_is() {
        let dump = load("leaky_shop.dump");
        let mut same = dump.clone();
        same.put_in_order();
        assert_eq!(same.samples.time, dump.samples.time);
        assert_eq!(same.objects.birth, dump.objects.birth);
        assert_eq!(same.notes(), dump.notes());
    }
}
