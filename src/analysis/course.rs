//! Classes moment by moment: goes through the changes of a timeline and tells at each moment who
//! holds something, and who comes first. A moment takes as long as there are changes since the
//! last one, and not as long as there are classes.

use std::collections::BTreeSet;

use super::summary::{ClassSortKey, SummaryOptions};
use crate::model::{ClassTotal, Timeline};

/// How classes that hold no bytes at a moment are ordered: all figures but one are 0 of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    /// By their places.
    ByPlace,
    /// Those with more instances first.
    ByActive,
}

/// The classes at the moment in hand, by their places among those that are asked for.
pub(super) struct Course {
    active: Vec<u32>,
    sums: Vec<i128>,
    /// Those that hold bytes, ascending.
    holding: Vec<u32>,
    /// Those whose instances became more or fewer on the way to this moment.
    stepped: Vec<u32>,
    /// All of them by what they have less than the most instances, and place; kept where they are
    /// ordered by that.
    by_active: BTreeSet<(u32, u32)>,
    rest: Rest,
    reverse: bool,
    /// All of them together.
    total: ClassTotal,
    /// The changes before this moment are added up.
    next: usize,
}

impl Course {
    /// Before the first moment.
    pub(super) fn of(classes: usize, options: &SummaryOptions) -> Self {
        let keys = options.sort.iter();
        let mut telling = keys.filter_map(|key| match key {
            ClassSortKey::ClassName => Some(Rest::ByPlace),
            ClassSortKey::Active => Some(Rest::ByActive),
            ClassSortKey::Size | ClassSortKey::Average | ClassSortKey::Share => None,
        });
        let mut course = Course {
            active: vec![0; classes],
            sums: vec![0; classes],
            holding: Vec::new(),
            stepped: Vec::new(),
            by_active: BTreeSet::new(),
            rest: match options.limit {
                Some(_) => telling.next().unwrap_or(Rest::ByPlace),
                None => Rest::ByPlace,
            },
            reverse: options.reverse,
            total: ClassTotal::default(),
            next: 0,
        };
        if course.rest == Rest::ByActive {
            course.by_active = (0..classes as u32).map(|place| (u32::MAX, place)).collect();
        }
        course
    }

    /// Goes to a moment of a timeline, back to its beginning if it is an earlier one; `None` is no
    /// moment of it, at which nobody lives.
    pub(super) fn go(&mut self, timeline: &Timeline, moment: Option<usize>) {
        self.stepped.clear();
        if self.next > 0 && moment.is_none_or(|moment| moment + 1 < self.next) {
            self.begin();
        }
        let Some(moment) = moment else { return };
        if moment + 1 == self.next {
            return;
        }
        self.forget();
        while self.next <= moment {
            for (place, step, _) in timeline.at(self.next).filter(|change| change.1 != 0) {
                self.step(place, step);
            }
            self.next += 1;
        }
        for (place, _, sum_bytes) in timeline.at(moment).filter(|change| change.2 != 0) {
            self.holding.push(place);
            self.sums[place as usize] = sum_bytes;
            self.total.sum_bytes += sum_bytes;
        }
    }

    /// Back to before the first moment.
    pub(super) fn begin(&mut self) {
        self.forget();
        for place in 0..self.active.len() as u32 {
            let active = i64::from(self.active[place as usize]);
            if active != 0 {
                self.step(place, -active);
            }
        }
        self.next = 0;
    }

    /// The bytes are those of one moment.
    fn forget(&mut self) {
        for place in self.holding.drain(..) {
            self.sums[place as usize] = 0;
        }
        self.total.sum_bytes = 0;
    }

    fn step(&mut self, place: u32, by: i64) {
        let active = &mut self.active[place as usize];
        let before = *active;
        self.stepped.push(place);
        // A class has fewer objects than 2³², and no more end than begin.
        *active = (i64::from(before) + by) as u32;
        self.total.active = self.total.active.wrapping_add_signed(by);
        if self.rest == Rest::ByActive {
            self.by_active.remove(&(u32::MAX - before, place));
            self.by_active.insert((u32::MAX - *active, place));
        }
    }

    /// A class at this moment.
    pub(super) fn cell(&self, place: u32) -> ClassTotal {
        ClassTotal {
            sum_bytes: self.sums[place as usize],
            active: self.active[place as usize].into(),
        }
    }

    /// All classes together.
    pub(super) fn total(&self) -> ClassTotal {
        self.total
    }

    /// Those that hold bytes, ascending.
    pub(super) fn holding(&self) -> &[u32] {
        &self.holding
    }

    /// Those whose figures may be others than at the moment before, but for those that hold no bytes
    /// any longer; some of them twice.
    pub(super) fn touched(&self) -> impl Iterator<Item = u32> {
        self.holding.iter().chain(&self.stepped).copied()
    }

    /// Classes among which are the first `keep` in the order asked for: those that hold bytes, and
    /// as many of the others.
    pub(super) fn candidates(&self, keep: usize) -> Vec<u32> {
        let all = self.active.len();
        if keep >= all {
            return (0..all as u32).collect();
        }
        let holds_nothing = |place: &u32| self.sums[*place as usize] == 0;
        let places = 0..all as u32;
        let ordered = self.by_active.iter().map(|&(_, place)| place);
        let mut candidates = self.holding.clone();
        match (self.rest, self.reverse) {
            (Rest::ByPlace, false) => candidates.extend(places.filter(holds_nothing).take(keep)),
            (Rest::ByPlace, true) => {
                candidates.extend(places.rev().filter(holds_nothing).take(keep));
            }
            (Rest::ByActive, false) => candidates.extend(ordered.filter(holds_nothing).take(keep)),
            (Rest::ByActive, true) => {
                candidates.extend(ordered.rev().filter(holds_nothing).take(keep));
            }
        }
        candidates
    }
}
