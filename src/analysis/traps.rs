//! Traps: what makes a recording hard or impossible to judge, as far as the dump shows it. Each
//! has figures here, and a sentence with the line of Python that mends it in the report.
//!
//! A trap is a property of the recording, not of the program: nothing here says what leaks.

use serde::Serialize;

use super::leaks::{ENOUGH_SNAPSHOTS, upper_median};
use crate::error::Error;
use crate::model::{ClockFault, Cohort, Cohorts, Contents, Snapshot, Text, Totals};
use crate::select::Filter;
use crate::source::Source;

/// How many classes are named of which no object was tracked.
const MOST_NAMED: usize = 5;

/// Snapshots are a burst if they take less than this part of the recording, and less than this
/// part of all births and deaths happens between them.
const BURST_PART: f64 = 0.1;

/// Snapshots stop if no more are taken for this part of the recording, for so many median intervals
/// between two of them, and for longer than for the longest.
const STOP_PART: f64 = 0.25;
const STOP_INTERVALS: f64 = 3.0;

/// An interval that is so many times as long as the next longest one is a jump, if at most
/// [`JUMP_BIRTHS`] as many objects were created in it as in others: the program did not work for
/// that long. Shorter ones than [`JUMP_SECONDS`] are pauses of the program.
const JUMP_INTERVALS: f64 = 10.0;
const JUMP_BIRTHS: f64 = 3.0;
const JUMP_SECONDS: f64 = 10.0;

/// A tracker that takes less than this part of the process does no harm, even if it takes more
/// than the objects that it measures: in a small program it always does.
const HEAVY_PART: f64 = 0.1;

/// The same in bytes where the size of the process is not known.
const HEAVY_BYTES: i128 = 1 << 20;

/// Something about a recording that its answers suffer from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Trap<'d> {
    /// No object was tracked.
    NoObjects,
    /// Of some classes of the index no object was tracked.
    NothingTracked {
        /// How many these are.
        count: usize,
        /// The names of the first of them.
        classes: Vec<Text<'d>>,
    },
    /// No snapshot was taken.
    NoSnapshots,
    /// Too few snapshots to tell growth from chance.
    FewSnapshots {
        /// How many with a time of their own.
        snapshots: usize,
    },
    /// All snapshots were taken within a small part of the recording.
    Burst {
        /// How many.
        snapshots: usize,
        /// From the first of them to the last.
        burst_seconds: f64,
        /// From the first birth or snapshot to the last birth, death or snapshot.
        recording_seconds: f64,
    },
    /// Snapshots stop long before the recording ends.
    SnapshotsStop {
        /// When the last one was taken.
        last_snapshot_seconds: f64,
        /// The last birth or death.
        end_seconds: f64,
        /// The median time between two snapshots.
        interval_seconds: f64,
        /// Whether none has a description, as those that Pympler takes periodically.
        without_descriptions: bool,
        /// How many objects were created after the last one,
        born_after: u64,
        /// of so many.
        objects: u64,
    },
    /// Most objects were created after the last snapshot.
    BornAfterLastSnapshot {
        /// How many were,
        born_after: u64,
        /// of so many.
        objects: u64,
    },
    /// No object was created after the first snapshot.
    OlderThanFirstSnapshot {
        /// How many objects there are.
        objects: u64,
    },
    /// The clock was set back. Other traps in the times of the snapshots are then not looked for.
    ClockSetBack {
        /// The first snapshot that is earlier than the one before it, from 0.
        snapshot: usize,
        /// By how much; `None` if that is no number.
        earlier_seconds: Option<f64>,
    },
    /// The times of the snapshots ascend, but some objects were measured before their birth.
    MeasuredBeforeBirth {
        /// How many.
        objects: u64,
    },
    /// One interval between snapshots that are regular otherwise is far too long.
    ClockSetForward {
        /// The snapshot that it ends with, from 0.
        snapshot: usize,
        /// How long it is.
        jump_seconds: f64,
        /// The median time between two snapshots.
        interval_seconds: f64,
    },
    /// Where objects were created is unknown.
    NoTraces,
    /// What objects refer to is unknown.
    NoReferents,
    /// What asizeof found in all is unknown.
    NoAsizeofTotal {
        /// Whether the snapshots that may have it are missing in a salvaged file.
        is_lost: bool,
    },
    /// The size of the process is unknown.
    NoProcessSize {
        /// As for the asizeof total.
        is_lost: bool,
    },
    /// No size of an object is above 0.
    NoSizes,
    /// The tracker holds more than what it measures, and much of the process.
    HeavyTracker {
        /// The snapshot at which it holds most, from 0.
        snapshot: usize,
        /// What the tracker itself holds.
        overhead_bytes: i128,
        /// What the tracked objects hold.
        tracked_bytes: i128,
        /// The process's resident size; `None` where it was not recorded.
        resident_bytes: Option<i128>,
        /// The class of which the tracker keeps most records: it drops none when an object dies.
        class: Text<'d>,
        /// How many records these are,
        class_objects: u64,
        /// of so many.
        objects: u64,
        /// How many of the class's records are of dead objects.
        class_dead: u64,
    },
}

impl<'d> Trap<'d> {
    /// Finds all traps of a recording, in the order in which they should be mended: what was
    /// tracked, when it was measured, what was recorded of it, and at which price. Fails if the dump
    /// cannot be read.
    pub fn all(source: &'d impl Source) -> Result<Vec<Trap<'d>>, Error> {
        let cohorts = Filter::default().cohorts(source)?;
        Trap::among(&source.digest()?.totals()?, &cohorts, source)
    }

    /// The same where the totals, and the cohorts of all objects, are known already.
    pub(super) fn among(
        totals: &Totals,
        cohorts: &Cohorts,
        source: &'d impl Source,
    ) -> Result<Vec<Trap<'d>>, Error> {
        let recording = Recording::of(source.digest()?.contents, totals, cohorts);
        let mut traps = recording.untracked();
        let fault = clock_fault(source)?;
        traps.extend(fault.map(|fault| Trap::of_clock(&fault)));
        if fault.is_none_or(|fault| fault.snapshot.is_none()) {
            traps.extend(recording.badly_timed());
        }
        traps.extend(recording.not_recorded());
        traps.extend(recording.heavy_tracker());
        Ok(traps)
    }

    fn of_clock(fault: &ClockFault) -> Self {
        match fault.snapshot {
            Some(snapshot) => Trap::ClockSetBack {
                snapshot,
                earlier_seconds: Some(fault.set_back_seconds).filter(|by| by.is_finite()),
            },
            None => Trap::MeasuredBeforeBirth {
                objects: fault.objects,
            },
        }
    }
}

/// How the times contradict the order of the snapshots; `None` if they do not.
fn clock_fault(source: &impl Source) -> Result<Option<ClockFault>, Error> {
    let digest = source.digest()?;
    let dump = digest.contents;
    // Those that were put in order show no fault any more.
    if dump.notes().clock.is_some() {
        return Ok(dump.notes().clock);
    }
    let is_kept = match digest.file {
        Some(file) => file.class_totals()?.is_some(),
        None => false,
    };
    // A file keeps class totals only of times that are in order. Those of version 0.1.0 kept them
    // of any, so the snapshots are looked at too.
    let times: Vec<f64> = dump.snapshots().map(Snapshot::timestamp_seconds).collect();
    let goes_back = times.windows(2).any(|pair| pair[1] < pair[0]);
    if is_kept && !goes_back {
        return Ok(None);
    }
    Ok(source.whole()?.clock_fault())
}

/// The figures that traps are found in.
struct Recording<'d, 'f> {
    dump: &'d Contents,
    totals: &'f Totals,
    cohorts: &'f Cohorts,
    /// When snapshots were taken, ascending, each moment once.
    moments: Vec<f64>,
}

impl<'d, 'f> Recording<'d, 'f> {
    fn of(dump: &'d Contents, totals: &'f Totals, cohorts: &'f Cohorts) -> Self {
        let moments = cohorts.moments.iter().copied();
        Recording {
            dump,
            totals,
            cohorts,
            moments: moments.filter(|moment| moment.is_finite()).collect(),
        }
    }

    /// What was not tracked at all.
    fn untracked(&self) -> Vec<Trap<'d>> {
        if self.totals.objects == 0 {
            return vec![Trap::NoObjects];
        }
        let classes = self.dump.classes();
        let empty = classes.filter(|class| self.cohorts.of_class(class.id()).is_empty());
        let mut classes: Vec<Text<'d>> = empty.map(|class| class.name()).collect();
        let count = classes.len();
        classes.truncate(MOST_NAMED);
        let some = (count > 0).then_some(Trap::NothingTracked { count, classes });
        some.into_iter().collect()
    }

    /// Snapshots that were taken too seldom, too late, too early, or by a clock that jumped.
    fn badly_timed(&self) -> Vec<Trap<'d>> {
        let mut traps = Vec::new();
        let snapshots = self.moments.len();
        if snapshots == 0 {
            return traps;
        }
        if snapshots < ENOUGH_SNAPSHOTS {
            traps.push(Trap::FewSnapshots { snapshots });
        }
        // A burst explains why all was born before it or after it.
        if let Some(burst) = self.burst() {
            traps.push(burst);
        } else {
            traps.extend(self.stop().or_else(|| self.born_after_last()));
            traps.extend(self.older_than_first());
            traps.extend(self.jump());
        }
        traps
    }

    fn burst(&self) -> Option<Trap<'d>> {
        let (&first, &last) = (self.moments.first()?, self.moments.last()?);
        let (begin, end) = self.totals.span_seconds?;
        let (burst_seconds, recording_seconds) = (last - first, end - begin);
        let (from, to) = (self.cohorts.place(first), self.cohorts.place(last));
        let is_between = |place| from <= place && place <= to;
        let (mut all, mut between) = (0, 0);
        for cohort in &self.cohorts.cohorts {
            for place in [Some(cohort.birth), cohort.death].into_iter().flatten() {
                all += cohort.objects;
                between += u64::from(is_between(place)) * cohort.objects;
            }
        }
        let is_burst = self.moments.len() > 1
            && burst_seconds < recording_seconds * BURST_PART
            && (between as f64) < all as f64 * BURST_PART;
        is_burst.then_some(Trap::Burst {
            snapshots: self.moments.len(),
            burst_seconds,
            recording_seconds,
        })
    }

    fn stop(&self) -> Option<Trap<'d>> {
        let (begin, end) = self.totals.span_seconds?;
        let last = *self.moments.last()?;
        let longest = self.intervals().into_iter().reduce(f64::max)?;
        let interval_seconds = upper_median(self.intervals());
        let rest = end - last;
        let stops = self.moments.len() >= ENOUGH_SNAPSHOTS
            && rest > (end - begin) * STOP_PART
            && rest > interval_seconds * STOP_INTERVALS
            && rest > longest;
        let mut descriptions = self.dump.snapshots().map(Snapshot::description);
        stops.then(|| Trap::SnapshotsStop {
            last_snapshot_seconds: last,
            end_seconds: end,
            interval_seconds,
            without_descriptions: descriptions.all(|description| description.is_empty()),
            born_after: self.born_after(last),
            objects: self.totals.objects,
        })
    }

    fn born_after_last(&self) -> Option<Trap<'d>> {
        let born_after = self.born_after(*self.moments.last()?);
        let objects = self.totals.objects;
        (born_after > objects / 2).then_some(Trap::BornAfterLastSnapshot {
            born_after,
            objects,
        })
    }

    /// Of a single object nothing can accumulate. Where snapshots are few that is said already.
    fn older_than_first(&self) -> Option<Trap<'d>> {
        let first = self.cohorts.place(*self.moments.first()?);
        let objects = self.totals.objects;
        let mut cohorts = self.cohorts.cohorts.iter();
        let are_older = self.moments.len() >= ENOUGH_SNAPSHOTS
            && objects > 1
            && cohorts.all(|cohort| cohort.is_born_before(first));
        are_older.then_some(Trap::OlderThanFirstSnapshot { objects })
    }

    fn jump(&self) -> Option<Trap<'d>> {
        let mut intervals = self.intervals();
        let longest = intervals.iter().enumerate();
        let (at, _) = longest.max_by(|(_, a), (_, b)| a.total_cmp(b))?;
        let jump_seconds = intervals.swap_remove(at);
        let next_longest = intervals.iter().copied().reduce(f64::max)?;
        let born = self.born_between(self.moments[at], self.moments[at + 1]);
        let (first, last) = (*self.moments.first()?, *self.moments.last()?);
        let born_in_others = self.born_between(first, last) - born;
        let jumps = intervals.len() >= ENOUGH_SNAPSHOTS
            && jump_seconds >= JUMP_SECONDS
            && jump_seconds >= next_longest * JUMP_INTERVALS
            && born as f64 * intervals.len() as f64 <= born_in_others as f64 * JUMP_BIRTHS;
        let mut snapshots = self.dump.snapshots();
        let end = snapshots.find(|s| s.timestamp_seconds() == self.moments[at + 1])?;
        jumps.then_some(Trap::ClockSetForward {
            snapshot: end.index(),
            jump_seconds,
            interval_seconds: upper_median(intervals),
        })
    }

    /// Fields that a recording can have and this one has not.
    fn not_recorded(&self) -> Vec<Trap<'d>> {
        let dump = self.dump;
        let objects = self.totals.objects > 0;
        let snapshots = dump.snapshots().len() > 0;
        let lost = dump.notes().salvaged.as_ref();
        let is_lost = lost.is_some_and(|lost| lost.snapshots == 0 && lost.snapshots_rebuilt > 0);
        let has_asizeof = |snapshot: Snapshot<'_>| snapshot.asizeof_total_bytes().is_some();
        let has_process = |snapshot: Snapshot<'_>| snapshot.process().available;
        let all = [
            (!snapshots, Trap::NoSnapshots),
            (objects && self.totals.traces == 0, Trap::NoTraces),
            (
                objects && snapshots && self.totals.referents == 0,
                Trap::NoReferents,
            ),
            (
                snapshots && !dump.snapshots().any(has_asizeof),
                Trap::NoAsizeofTotal { is_lost },
            ),
            (
                snapshots && !dump.snapshots().any(has_process),
                Trap::NoProcessSize { is_lost },
            ),
            (
                objects && snapshots && !self.totals.has_sizes,
                Trap::NoSizes,
            ),
        ];
        let missing = all.into_iter().filter(|(is_missing, _)| *is_missing);
        missing.map(|(_, trap)| trap).collect()
    }

    fn heavy_tracker(&self) -> Option<Trap<'d>> {
        let snapshots = self.dump.snapshots();
        let snapshot = snapshots.reduce(|a, b| {
            if b.overhead_bytes() > a.overhead_bytes() {
                b
            } else {
                a
            }
        })?;
        let overhead_bytes = snapshot.overhead_bytes();
        let tracked_bytes = snapshot.tracked_total_bytes();
        let resident = snapshot.process().resident_bytes;
        let resident_bytes = Some(resident).filter(|&bytes| bytes > 0);
        let is_heavy = match resident_bytes {
            Some(resident) => overhead_bytes as f64 > resident as f64 * HEAVY_PART,
            None => overhead_bytes > HEAVY_BYTES,
        };
        if !is_heavy || overhead_bytes <= tracked_bytes {
            return None;
        }
        let class =
            (self.dump.classes()).max_by_key(|class| self.cohorts.objects_of(class.id()))?;
        let is_dead = |cohort: &&Cohort| cohort.death.is_some();
        let dead = self.cohorts.of_class(class.id()).iter().filter(is_dead);
        Some(Trap::HeavyTracker {
            snapshot: snapshot.index(),
            overhead_bytes,
            tracked_bytes,
            resident_bytes,
            class: class.name(),
            class_objects: self.cohorts.objects_of(class.id()),
            objects: self.totals.objects,
            class_dead: dead.map(|cohort| cohort.objects).sum(),
        })
    }

    fn born_after(&self, moment: f64) -> u64 {
        let moment = self.cohorts.place(moment);
        let cohorts = self.cohorts.cohorts.iter();
        let after = cohorts.filter(|cohort| cohort.birth > moment);
        after.map(|cohort| cohort.objects).sum()
    }

    fn born_between(&self, from: f64, to: f64) -> u64 {
        let (from, to) = (self.cohorts.place(from), self.cohorts.place(to));
        let cohorts = self.cohorts.cohorts.iter();
        let between = cohorts.filter(|cohort| cohort.is_born_between(from, to));
        between.map(|cohort| cohort.objects).sum()
    }

    /// Seconds between each two snapshots.
    fn intervals(&self) -> Vec<f64> {
        let pairs = self.moments.windows(2);
        pairs.map(|pair| pair[1] - pair[0]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Dump;

    fn leaky_shop() -> Dump {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        Dump::load(root.join("fixtures/leaky_shop.dump")).unwrap()
    }

    /// The good recording of twelve snapshots, if only some of these had been taken.
    #[test]
    fn snapshots_that_are_left_out_are_missed() {
        let cases: [(&[usize], &[&str]); 7] = [
            (&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], &[]),
            (&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], &[]),
            (&[0, 3, 6, 8], &[]),
            (&[0, 1, 2, 3, 4, 5], &["SnapshotsStop"]),
            (&[0, 1, 2, 3], &["SnapshotsStop"]),
            (&[0, 1, 2], &["FewSnapshots", "BornAfterLastSnapshot"]),
            (&[0], &["FewSnapshots", "BornAfterLastSnapshot"]),
        ];
        for (taken, expected) in cases {
            let mut dump = leaky_shop();
            let rows = taken.iter().map(|&place| dump.snapshot_rows[place]);
            dump.contents.snapshot_rows = rows.collect();
            let found = Trap::all(&dump).unwrap();
            let is_expected = |(trap, name): (&Trap<'_>, &&str)| {
                let told = format!("{trap:?}");
                told.starts_with(*name)
            };
            // The last snapshot has the total that asizeof found.
            let timed = found.iter();
            let timed: Vec<_> = timed
                .filter(|trap| !matches!(trap, Trap::NoAsizeofTotal { .. }))
                .cloned()
                .collect();
            assert_eq!(timed.len(), expected.len(), "{taken:?}: {timed:?}");
            assert!(
                timed.iter().zip(expected).all(is_expected),
                "{taken:?}: {timed:?}"
            );
        }
    }

    /// Half as long as the shortest jump, and twice as long.
    #[test]
    fn a_jump_is_told_from_a_pause() {
        for (seconds, jumps) in [(JUMP_SECONDS / 2.0, false), (JUMP_SECONDS * 2.0, true)] {
            let mut dump = leaky_shop();
            let times: Vec<f64> = dump.snapshots().map(Snapshot::timestamp_seconds).collect();
            let clock = |time: &mut f64| *time += if *time < times[6] { 0.0 } else { seconds };
            let contents = &mut dump.contents;
            contents.samples.time.iter_mut().for_each(clock);
            contents.objects.birth.iter_mut().for_each(clock);
            let snapshots = contents.snapshots.iter_mut();
            snapshots.for_each(|snapshot| clock(&mut snapshot.timestamp));
            let found = Trap::all(&dump).unwrap();
            let is_jump =
                |trap: &Trap<'_>| matches!(trap, Trap::ClockSetForward { snapshot: 6, .. });
            assert_eq!(found.iter().any(is_jump), jumps, "{found:?}");
        }
    }
}
