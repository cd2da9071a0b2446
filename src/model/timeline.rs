//! What some classes held over time, told by what changed from one moment to the next. Most
//! classes of a dump of many have nothing at most moments, and take nothing here.

use super::{ClassId, ClassTotals, Contents, Rules, TrackedObject};
use crate::threads;

/// Fewer objects are added up before threads have begun.
const LEAST_SHARED: usize = if cfg!(test) { 4 } else { 1 << 16 };

/// What a class had at a moment and not at the one before.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Change {
    /// By how much the instances that are alive became more.
    pub(crate) step: i64,
    /// Bytes of its instances at this moment; at the next one they are 0, but for another change.
    pub(crate) sum_bytes: i128,
    /// Bytes that Pympler measured of its dead at this moment.
    pub(crate) dead_bytes: i128,
}

/// The changes of some classes, moment by moment.
pub(crate) struct Timeline {
    /// The moments in seconds, ascending, each once.
    times: Vec<f64>,
    /// Where the changes at each moment begin in `order`; one more, where they end.
    starts: Vec<u32>,
    /// Places in the following columns, moment behind moment.
    order: Vec<u32>,
    /// Which class, by its place among those asked for.
    classes: Vec<u32>,
    steps: Vec<i64>,
    sums: Vec<i128>,
    /// Bytes measured of the dead of all classes, moment by moment.
    dead: Vec<i128>,
}

impl Timeline {
    /// One pass over the objects of some classes that `admits` lets count, at moments that ascend.
    pub(crate) fn of(
        dump: &Contents,
        classes: &[ClassId],
        times: Vec<f64>,
        rules: Rules,
        admits: impl Fn(TrackedObject<'_>) -> bool + Sync,
    ) -> Timeline {
        let mut changes = Changes::new(times.clone(), rules);
        each_change(dump, classes, &times, admits, |place, moment, change| {
            changes.push(place as u32, moment, change);
        });
        changes.in_order()
    }

    /// Those of figures that are known.
    pub(crate) fn of_class_totals(
        cells: &ClassTotals,
        classes: &[ClassId],
        rules: Rules,
    ) -> Timeline {
        let mut changes = Changes::new(cells.times.clone(), rules);
        for (place, class) in (0..).zip(classes) {
            let mut before = 0;
            for moment in 0..cells.times.len() {
                let cell = |rules| cells.cell(moment, class.index(), rules);
                let [documented, pympler] = [Rules::Documented, Rules::Pympler].map(cell);
                let active = documented.active as i64;
                let change = Change {
                    step: active - std::mem::replace(&mut before, active),
                    sum_bytes: documented.sum_bytes,
                    dead_bytes: pympler.sum_bytes - documented.sum_bytes,
                };
                if change.is_some() {
                    changes.push(place, moment, change);
                }
            }
        }
        changes.in_order()
    }

    /// How many changes there are at each of the moments, which ascend.
    pub(crate) fn count(
        dump: &Contents,
        classes: &[ClassId],
        times: &[f64],
        admits: impl Fn(TrackedObject<'_>) -> bool,
    ) -> Vec<u32> {
        let mut counts = vec![0; times.len()];
        let mut column = ClassColumn::new(times.len());
        let all = dump.classes();
        let rows: Vec<_> = all.collect();
        for id in classes {
            for object in rows[id.index()].objects().filter(|&o| admits(o)) {
                column.add(object, times);
            }
            column.finish(|moment, _| counts[moment] += 1);
        }
        counts
    }

    /// The place of a moment, if it is one of them.
    pub(crate) fn moment(&self, seconds: f64) -> Option<usize> {
        let at = self.times.partition_point(|&time| time < seconds);
        (self.times.get(at) == Some(&seconds)).then_some(at)
    }

    /// The changes at a moment, in the order of the classes: the class, by how much more are alive,
    /// and the bytes of those.
    pub(crate) fn at(&self, moment: usize) -> impl Iterator<Item = (u32, i64, i128)> {
        let range = self.starts[moment] as usize..self.starts[moment + 1] as usize;
        self.order[range].iter().map(|&change| {
            let at = change as usize;
            (self.classes[at], self.steps[at], self.sums[at])
        })
    }

    /// Bytes that Pympler measured of the dead of all classes at a moment.
    pub(crate) fn dead_bytes(&self, moment: usize) -> i128 {
        self.dead[moment]
    }
}

impl Change {
    fn is_some(&self) -> bool {
        self.step != 0 || self.sum_bytes != 0 || self.dead_bytes != 0
    }
}

/// The changes of some classes, class behind class: its place among them, the moment, the change.
/// Threads share the classes if there are many objects.
pub(super) fn each_change(
    dump: &Contents,
    classes: &[ClassId],
    times: &[f64],
    admits: impl Fn(TrackedObject<'_>) -> bool + Sync,
    mut push: impl FnMut(usize, usize, Change),
) {
    let rows: Vec<_> = dump.classes().collect();
    let add = |id: ClassId, column: &mut ClassColumn, push: &mut dyn FnMut(usize, Change)| {
        for object in rows[id.index()].objects().filter(|&o| admits(o)) {
            column.add(object, times);
        }
        column.finish(push);
    };
    if threads::limit() == 1 || dump.objects.len() < LEAST_SHARED {
        let mut column = ClassColumn::new(times.len());
        for (place, &id) in classes.iter().enumerate() {
            add(id, &mut column, &mut |moment, change| {
                push(place, moment, change)
            });
        }
        return;
    }
    let changes = threads::each(classes, |&id| {
        let mut changes = Vec::new();
        add(
            id,
            &mut ClassColumn::new(times.len()),
            &mut |moment, change| {
                changes.push((moment, change));
            },
        );
        changes
    });
    for (place, changes) in changes.into_iter().enumerate() {
        for (moment, change) in changes {
            push(place, moment, change);
        }
    }
}

/// A timeline on its way, class behind class.
struct Changes {
    timeline: Timeline,
    rules: Rules,
    moments: Vec<u32>,
}

impl Changes {
    fn new(times: Vec<f64>, rules: Rules) -> Self {
        Changes {
            timeline: Timeline {
                starts: vec![0; times.len() + 1],
                dead: vec![0; times.len()],
                times,
                order: Vec::new(),
                classes: Vec::new(),
                steps: Vec::new(),
                sums: Vec::new(),
            },
            rules,
            moments: Vec::new(),
        }
    }

    fn push(&mut self, place: u32, moment: usize, change: Change) {
        let timeline = &mut self.timeline;
        timeline.classes.push(place);
        timeline.steps.push(change.step);
        timeline.sums.push(match self.rules {
            Rules::Documented => change.sum_bytes,
            Rules::Pympler => change.sum_bytes + change.dead_bytes,
        });
        timeline.dead[moment] += change.dead_bytes;
        timeline.starts[moment + 1] += 1;
        self.moments.push(moment as u32);
    }

    /// Sorts the changes by their moments, those of one in the order of the classes.
    fn in_order(self) -> Timeline {
        let mut timeline = self.timeline;
        for moment in 1..timeline.starts.len() {
            timeline.starts[moment] += timeline.starts[moment - 1];
        }
        timeline.order = vec![0; self.moments.len()];
        let mut next = timeline.starts.clone();
        for (change, &moment) in (0..).zip(&self.moments) {
            let place = &mut next[moment as usize];
            timeline.order[*place as usize] = change;
            *place += 1;
        }
        timeline
    }
}

/// The figures of one class at some moments.
pub(super) struct ClassColumn {
    sums: Vec<i128>,
    /// Bytes of the samples that Pympler took after an object's death.
    dead: Vec<i128>,
    /// How many objects begin to be active at a moment, less those that end. One longer than the moments.
    steps: Vec<i64>,
    /// The last size of the object in hand at each moment, and which object that was.
    last: Vec<(u64, i64)>,
    /// The number of the object in hand, from 1.
    in_hand: u64,
    /// The number of the last object before those of this class.
    before: u64,
    /// The moments of which something is known, some of them more than once.
    known: Vec<u32>,
}

impl ClassColumn {
    pub(super) fn new(moments: usize) -> Self {
        ClassColumn {
            sums: vec![0; moments],
            dead: vec![0; moments],
            steps: vec![0; moments + 1],
            last: vec![(0, 0); moments],
            in_hand: 0,
            before: 0,
            known: Vec::new(),
        }
    }

    /// Adds an object of the class in hand. The moments ascend.
    pub(super) fn add(&mut self, object: TrackedObject<'_>, times: &[f64]) {
        self.in_hand += 1;
        let birth = object.birth_seconds();
        let death = object.death_seconds();
        // A birth that is no number lies before no moment.
        let from = if birth.is_nan() {
            times.len()
        } else {
            times.partition_point(|&time| time <= birth)
        };
        let to = death.map_or(times.len(), |death| {
            times.partition_point(|&time| death > time)
        });
        if from < to {
            self.step(from, 1);
            self.step(to, -1);
        }
        // Samples follow the snapshots, so the next moment is mostly the next sample's.
        let mut guess = from;
        for sample in object.samples() {
            let time = sample.time_seconds;
            if times.get(guess).is_none_or(|&t| t != time) {
                guess = times.partition_point(|&t| t < time);
                if times.get(guess).is_none_or(|&t| t != time) {
                    continue;
                }
            }
            // All samples at one moment lie on the same side of the death.
            let sums = if sample.is_after(death) {
                &mut self.dead
            } else {
                &mut self.sums
            };
            let size = sample.asized.size_bytes();
            let (object, before) = self.last[guess];
            // Of several samples at one moment the last counts.
            if object == self.in_hand {
                sums[guess] -= i128::from(before);
            } else if object <= self.before {
                self.known.push(guess as u32);
            }
            self.last[guess] = (self.in_hand, size);
            sums[guess] += i128::from(size);
            guess += 1;
        }
    }

    fn step(&mut self, moment: usize, by: i64) {
        if self.steps[moment] == 0 {
            self.known.push(moment as u32);
        }
        self.steps[moment] += by;
    }

    /// Shows what changed at which moments, in their order, and begins another class.
    pub(super) fn finish(&mut self, mut see: impl FnMut(usize, Change)) {
        let mut known = std::mem::take(&mut self.known);
        known.sort_unstable();
        known.dedup();
        for moment in known.drain(..).map(|moment| moment as usize) {
            let change = Change {
                step: std::mem::take(&mut self.steps[moment]),
                // Behind the last moment only steps are known.
                sum_bytes: self.sums.get_mut(moment).map_or(0, std::mem::take),
                dead_bytes: self.dead.get_mut(moment).map_or(0, std::mem::take),
            };
            if moment < self.sums.len() && change.is_some() {
                see(moment, change);
            }
        }
        self.known = known;
        self.before = self.in_hand;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Dump;
    use crate::model::{Class, ClassTotal, Snapshot, moments};

    impl Timeline {
        /// The cells of all classes, moment by moment.
        fn cells(&self, classes: usize) -> Vec<Vec<ClassTotal>> {
            let mut row = vec![ClassTotal::default(); classes];
            let moments = 0..self.times.len();
            let rows = moments.map(|moment| {
                row.iter_mut().for_each(|cell| cell.sum_bytes = 0);
                for (class, step, sum_bytes) in self.at(moment) {
                    let cell = &mut row[class as usize];
                    cell.active = cell.active.checked_add_signed(step).unwrap();
                    cell.sum_bytes = sum_bytes;
                }
                row.clone()
            });
            rows.collect()
        }
    }

    /// As it is told object by object.
    fn expected(dump: &Contents, times: &[f64], rules: Rules) -> Vec<Vec<ClassTotal>> {
        let cell = |class: crate::model::Class<'_>, seconds: f64| {
            let mut cell = ClassTotal::default();
            for object in class.objects() {
                cell.active += u64::from(object.is_active_at(seconds));
                let death = object
                    .death_seconds()
                    .filter(|_| rules == Rules::Documented);
                let last = object.samples().rfind(|s| s.time_seconds == seconds);
                let counts = last.filter(|sample| !sample.is_after(death));
                cell.sum_bytes += counts.map_or(0, |sample| sample.asized.size_bytes().into());
            }
            cell
        };
        let row = |&seconds: &f64| dump.classes().map(|class| cell(class, seconds)).collect();
        times.iter().map(row).collect()
    }

    #[test]
    fn changes_add_up_to_what_objects_say() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let mut compared = 0;
        for entry in ["dumps", "edited"]
            .iter()
            .flat_map(|f| root.join(f).read_dir().unwrap())
        {
            let Ok(dump) = Dump::load(entry.unwrap().path()) else {
                continue;
            };
            if dump.classes.len() * dump.snapshots.len() * dump.listed.len() > 1_000_000 {
                continue;
            }
            let times = moments(dump.snapshots());
            let classes: Vec<_> = dump.classes().map(Class::id).collect();
            let cells = ClassTotals::of(&dump);
            for rules in [Rules::Documented, Rules::Pympler] {
                let expected = expected(&dump, &times, rules);
                let timeline = Timeline::of(&dump, &classes, times.clone(), rules, |_| true);
                assert_eq!(timeline.cells(classes.len()), expected);
                let again = Timeline::of_class_totals(&cells, &classes, rules);
                assert_eq!(again.cells(classes.len()), expected);
                assert_eq!(again.dead, timeline.dead);
                let counts = Timeline::count(&dump, &classes, &times, |_| true);
                let starts = counts.iter().scan(0, |at, count| {
                    *at += count;
                    Some(*at)
                });
                assert!(starts.eq(timeline.starts[1..].iter().copied()));
                for snapshot in dump.snapshots().map(Snapshot::timestamp_seconds) {
                    assert_eq!(timeline.moment(snapshot).is_none(), snapshot.is_nan());
                }
                compared += 1;
            }
        }
        assert!(compared > 100, "{compared}");
    }
}
