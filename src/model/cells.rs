//! Derived figures: what each class held at each moment.

use super::cohorts::distinct;
use super::{Dump, TrackedObject};

/// A class at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    /// Bytes of its instances.
    pub(crate) sum_bytes: i128,
    /// Instances that are alive.
    pub(crate) active: u64,
}

impl Cell {
    /// All of them together.
    pub(crate) fn sum(cells: impl Iterator<Item = Cell>) -> Cell {
        cells.fold(Cell::default(), |a, b| Cell {
            sum_bytes: a.sum_bytes + b.sum_bytes,
            active: a.active + b.active,
        })
    }

    /// What remains when a part is taken away.
    pub(crate) fn without(self, part: Cell) -> Cell {
        Cell {
            sum_bytes: self.sum_bytes - part.sum_bytes,
            active: self.active - part.active,
        }
    }
}

/// Some classes at some moments.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cells {
    /// The moments in seconds, ascending, each once.
    pub(crate) times: Vec<f64>,
    /// How many classes.
    pub(crate) classes: usize,
    /// Moment behind moment, in each the classes.
    pub(crate) cells: Vec<Cell>,
}

impl Cells {
    /// One pass over the objects of some classes that `admits` lets count, by both of the rules: as
    /// documented, and as Pympler counts.
    pub(crate) fn by_both(
        dump: &Dump,
        classes: &[u32],
        moments: impl Iterator<Item = f64>,
        admits: impl Fn(TrackedObject<'_>) -> bool,
    ) -> [Cells; 2] {
        let times = distinct(moments);
        let mut both = [0, 1].map(|_| vec![Cell::default(); times.len() * classes.len()]);
        let mut column = Column::new(times.len());
        let rows = dump.classes().collect::<Vec<_>>();
        for (place, &number) in classes.iter().enumerate() {
            column.clear();
            for object in rows[number as usize].objects() {
                if admits(object) {
                    column.add(object, &times);
                }
            }
            column.finish(|moment, cells| {
                for (all, cell) in both.iter_mut().zip(cells) {
                    all[moment * classes.len() + place] = cell;
                }
            });
        }
        both.map(|cells| Cells {
            times: times.clone(),
            classes: classes.len(),
            cells,
        })
    }

    /// The classes at a moment; none if it is not among the moments.
    pub(crate) fn at(&self, seconds: f64) -> &[Cell] {
        let found = self
            .times
            .binary_search_by(|time| time.total_cmp(&seconds))
            .ok()
            // Zeros of both signs are one moment.
            .or_else(|| self.times.iter().position(|&time| time == seconds));
        found.map_or(&[], |moment| {
            &self.cells[moment * self.classes..][..self.classes]
        })
    }
}

/// The figures of one class, moment by moment.
struct Column {
    sums: Vec<i128>,
    /// Bytes of the samples that Pympler took after an object's death.
    phantoms: Vec<i128>,
    /// How many objects begin to be active at a moment, less those that end. One longer than the moments.
    steps: Vec<i64>,
    /// The last size of the object in hand at each moment, and which object that was.
    last: Vec<(u64, i64)>,
    /// The number of the object in hand, from 1.
    in_hand: u64,
}

impl Column {
    fn new(moments: usize) -> Self {
        Column {
            sums: vec![0; moments],
            phantoms: vec![0; moments],
            steps: vec![0; moments + 1],
            last: vec![(0, 0); moments],
            in_hand: 0,
        }
    }

    fn clear(&mut self) {
        self.sums.fill(0);
        self.phantoms.fill(0);
        self.steps.fill(0);
    }

    fn add(&mut self, object: TrackedObject<'_>, times: &[f64]) {
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
            self.steps[from] += 1;
            self.steps[to] -= 1;
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
                &mut self.phantoms
            } else {
                &mut self.sums
            };
            let size = sample.asized.size_bytes();
            let (object, before) = self.last[guess];
            // Of several samples at one moment the last counts.
            if object == self.in_hand {
                sums[guess] -= i128::from(before);
            }
            self.last[guess] = (self.in_hand, size);
            sums[guess] += i128::from(size);
            guess += 1;
        }
    }

    /// Shows each moment's cell by both of the rules.
    fn finish(&self, mut set: impl FnMut(usize, [Cell; 2])) {
        let mut instances = 0;
        for (moment, (&documented, step)) in self.sums.iter().zip(&self.steps).enumerate() {
            instances += step;
            let active = instances.unsigned_abs();
            let pympler = documented + self.phantoms[moment];
            let cell = |sum_bytes| Cell { sum_bytes, active };
            set(moment, [cell(documented), cell(pympler)]);
        }
    }
}
