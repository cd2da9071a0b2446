//! Derived figures: what each class held at each moment.

use std::ops::AddAssign;

use super::cohorts::distinct;
use super::timeline::each_change;
use super::{ClassId, Contents, Rules, Snapshot};

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
        let all: Vec<ClassId> = (0..classes).map(ClassId::at).collect();
        let mut steps = vec![0_i64; count];
        each_change(
            dump,
            &all,
            &cells.times,
            |_| true,
            |place, moment, change| {
                let cell = moment * classes + place;
                steps[cell] = change.step;
                cells.sums[cell] = change.sum_bytes;
                cells.dead[cell] = change.dead_bytes;
            },
        );
        // From one change to the next as many are alive.
        for cell in 0..count {
            let before = cell.checked_sub(classes).map_or(0, |before| steps[before]);
            steps[cell] += before;
            cells.active[cell] = steps[cell] as u32;
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
