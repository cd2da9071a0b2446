//! Derived figures: what each class held at each moment.

use std::ops::AddAssign;

use super::cohorts::distinct;
use super::timeline::ClassColumn;
use super::{Contents, Rules, Snapshot};

/// A class at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClassTotal {
    /// Bytes of its instances.
    pub(crate) sum_bytes: i128,
    /// Instances that are alive.
    pub(crate) active: u64,
}

impl ClassTotal {
    /// What remains when a part is taken away.
    pub(crate) fn without(self, part: ClassTotal) -> ClassTotal {
        ClassTotal {
            sum_bytes: self.sum_bytes - part.sum_bytes,
            active: self.active - part.active,
        }
    }
}

impl AddAssign for ClassTotal {
    fn add_assign(&mut self, other: ClassTotal) {
        self.sum_bytes += other.sum_bytes;
        self.active += other.active;
    }
}

/// All classes at the moments of all snapshots. A native file keeps them, if they are few.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ClassTotals {
    /// The moments in seconds, ascending, each once.
    pub(crate) times: Vec<f64>,
    /// How many classes.
    pub(crate) classes: usize,
    /// Moment behind moment, in each the classes: instances that are alive.
    pub(crate) active: Vec<u32>,
    /// The same: their bytes as documented.
    pub(crate) sums: Vec<i128>,
    /// The same: bytes that Pympler measured of the dead, which it adds to those.
    pub(crate) dead: Vec<i128>,
}

impl ClassTotals {
    /// One pass over the objects.
    pub(crate) fn of(dump: &Contents) -> ClassTotals {
        let times = distinct(dump.snapshots().map(Snapshot::timestamp_seconds));
        let classes = dump.classes.len();
        let count = times.len() * classes;
        let mut cells = ClassTotals {
            classes,
            active: vec![0; count],
            sums: vec![0; count],
            dead: vec![0; count],
            times,
        };
        let mut column = ClassColumn::new(cells.times.len());
        for (place, class) in dump.classes().enumerate() {
            for object in class.objects() {
                column.add(object, &cells.times);
            }
            // From one change to the next as many are alive.
            let (mut active, mut next) = (0_i64, 0);
            let mut fill = |to: usize, active: i64, all: &mut [u32]| {
                for moment in std::mem::replace(&mut next, to)..to {
                    all[moment * classes + place] = active as u32;
                }
            };
            column.finish(|moment, change| {
                fill(moment, active, &mut cells.active);
                active += change.step;
                cells.sums[moment * classes + place] = change.sum_bytes;
                cells.dead[moment * classes + place] = change.dead_bytes;
            });
            fill(cells.times.len(), active, &mut cells.active);
        }
        cells
    }

    /// Whether a class has an instance or a size at some moment.
    pub(crate) fn is_used(&self, class: usize) -> bool {
        let mut places = (0..self.times.len()).map(|moment| moment * self.classes + class);
        places.any(|at| self.active[at] != 0 || self.sums[at] != 0 || self.dead[at] != 0)
    }

    /// A class at a moment, both by their places.
    pub(crate) fn cell(&self, moment: usize, class: usize, rules: Rules) -> ClassTotal {
        let at = moment * self.classes + class;
        let dead_bytes = match rules {
            Rules::Documented => 0,
            Rules::Pympler => self.dead[at],
        };
        ClassTotal {
            sum_bytes: self.sums[at] + dead_bytes,
            active: self.active[at].into(),
        }
    }
}
