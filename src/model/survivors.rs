//! Who stays: objects that were born between two snapshots and are alive at a third.

use super::object::lives_at;
use super::{Contents, Snapshot, TrackedObject};

/// Those born at one moment or after it, before a second, and alive at a third. Moments are
/// seconds since tracking began.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Survivors {
    /// Born at this moment or after it,
    pub from_seconds: f64,
    /// before this one,
    pub to_seconds: f64,
    /// and alive at this one.
    pub alive_at_seconds: f64,
}

impl Survivors {
    /// Those of three snapshots.
    pub(crate) fn of(snapshots: [Snapshot<'_>; 3]) -> Survivors {
        let [from, to, alive_at] = snapshots.map(Snapshot::timestamp_seconds);
        Survivors {
            from_seconds: from,
            to_seconds: to,
            alive_at_seconds: alive_at,
        }
    }

    /// Whether an object is one of them.
    pub(crate) fn has(self, object: TrackedObject<'_>) -> bool {
        self.has_life(object.birth_seconds(), object.death_seconds())
    }

    /// Whether an object of this birth and death, in seconds, is one of them.
    pub(crate) fn has_life(self, birth: f64, death: Option<f64>) -> bool {
        birth >= self.from_seconds
            && birth < self.to_seconds
            && lives_at(birth, death, self.alive_at_seconds)
    }
}

impl Contents {
    /// The snapshots that survivors are chosen by if nothing else is said: the first, the last
    /// but one, and the last; of two snapshots the last is the second as well.
    pub(crate) fn first_and_last_snapshots(&self) -> Option<[Snapshot<'_>; 3]> {
        let mut snapshots = self.snapshots();
        let (first, last) = (snapshots.next()?, snapshots.next_back()?);
        Some([first, snapshots.next_back().unwrap_or(last), last])
    }
}
