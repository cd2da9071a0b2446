//! Derived figures: how many objects of each class were born and died when, by the snapshots
//! between which they did. A dump has few such pairs however many objects it has.

use super::{Class, Dump, Snapshot, TrackedObject};

/// Where a moment lies among some others, each of them once and ascending: at one of them,
/// between two, before all or behind all. Two moments compare as their places do if one of
/// them is among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(u32);

impl Place {
    /// Of a moment that is no number: it is neither before nor behind another.
    pub(crate) const NOWHERE: Place = Place(0);

    fn of(seconds: f64, moments: &[f64]) -> Place {
        if seconds.is_nan() {
            return Place::NOWHERE;
        }
        let before = moments.partition_point(|&moment| moment < seconds);
        let is_at = moments.get(before) == Some(&seconds);
        Place(1 + 2 * before as u32 + u32::from(is_at))
    }

    /// A place by its number: 0 is nowhere, 1 before all, 2 at the first, and so on.
    pub(crate) fn from_number(number: u32) -> Place {
        Place(number)
    }

    pub(crate) fn number(self) -> u32 {
        self.0
    }

    fn is_before(self, other: Place) -> bool {
        self != other && self.is_not_behind(other)
    }

    fn is_not_behind(self, other: Place) -> bool {
        self != Place::NOWHERE && other != Place::NOWHERE && self <= other
    }
}

/// Objects of a class that were born at one place and died at one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cohort {
    pub(crate) birth: Place,
    /// `None` of those that were alive at the end.
    pub(crate) death: Option<Place>,
    /// How many.
    pub(crate) objects: u64,
}

impl Cohort {
    pub(crate) fn is_born_before(&self, moment: Place) -> bool {
        self.birth.is_before(moment)
    }

    /// At a moment or after it, and before another.
    pub(crate) fn is_born_between(&self, from: Place, to: Place) -> bool {
        from.is_not_behind(self.birth) && self.birth.is_before(to)
    }

    /// As [`TrackedObject::is_active_at`].
    pub(crate) fn is_active_at(&self, moment: Place) -> bool {
        self.birth.is_before(moment) && self.death.is_none_or(|death| moment.is_before(death))
    }

    /// At a moment or before it.
    pub(crate) fn is_dead_at(&self, moment: Place) -> bool {
        self.death.is_some_and(|death| death.is_not_behind(moment))
    }
}

/// The cohorts of all classes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Cohorts {
    /// The moments of the snapshots in seconds, ascending, each once.
    pub(crate) moments: Vec<f64>,
    /// Where the cohorts of each class end.
    pub(crate) ends: Vec<u32>,
    /// Class behind class, in each ascending by birth and death.
    pub(crate) cohorts: Vec<Cohort>,
}

impl Cohorts {
    /// Counts the objects that `admits` lets count, of classes that do. One pass.
    pub(crate) fn of<'d>(
        dump: &'d Dump,
        admits_class: impl Fn(Class<'d>) -> bool,
        admits: impl Fn(TrackedObject<'d>) -> bool,
    ) -> Cohorts {
        let mut all = Cohorts {
            moments: moments(dump.snapshots()),
            ..Cohorts::default()
        };
        let mut members = Vec::new();
        for class in dump.classes() {
            members.clear();
            let objects = class.objects().filter(|_| admits_class(class));
            members.extend(objects.filter(|&object| admits(object)).map(|object| {
                let place = |seconds| Place::of(seconds, &all.moments);
                (
                    place(object.birth_seconds()),
                    object.death_seconds().map(place),
                )
            }));
            members.sort_unstable();
            let runs = members.chunk_by(|a, b| a == b);
            all.cohorts.extend(runs.map(|run| Cohort {
                birth: run[0].0,
                death: run[0].1,
                objects: run.len() as u64,
            }));
            all.ends.push(all.cohorts.len() as u32);
        }
        all
    }

    /// Those of a class.
    pub(crate) fn of_class(&self, number: u32) -> &[Cohort] {
        let index = number as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.cohorts[start as usize..self.ends[index] as usize]
    }

    /// The place of a moment.
    pub(crate) fn place(&self, seconds: f64) -> Place {
        Place::of(seconds, &self.moments)
    }
}

/// The distinct moments of some snapshots in seconds, ascending.
pub(crate) fn moments<'d>(snapshots: impl Iterator<Item = Snapshot<'d>>) -> Vec<f64> {
    let times = snapshots.map(Snapshot::timestamp_seconds);
    let mut moments: Vec<f64> = times.filter(|time| !time.is_nan()).collect();
    moments.sort_by(f64::total_cmp);
    // Zeros of both signs are one moment.
    moments.dedup();
    moments
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Moments before, at, between and behind, and what is no number.
    const SECONDS: [f64; 9] = [
        f64::NEG_INFINITY,
        -1.0,
        -0.0,
        0.5,
        1.0,
        1.5,
        2.0,
        f64::INFINITY,
        f64::NAN,
    ];

    #[test]
    fn places_compare_as_moments_do() {
        let moments = [0.0, 1.0, 2.0];
        for moment in [-0.0, 1.0, 2.0, f64::NAN] {
            let at = Place::of(moment, &moments);
            for seconds in SECONDS {
                let place = Place::of(seconds, &moments);
                assert_eq!(place.is_before(at), seconds < moment, "{seconds} {moment}");
                assert_eq!(at.is_before(place), seconds > moment, "{seconds} {moment}");
                assert_eq!(Place::from_number(place.number()), place);
            }
        }
    }

    #[test]
    fn cohorts_live_as_their_objects_do() {
        let dump = Dump::load("fixtures/leaky_shop.dump").unwrap();
        let cohorts = Cohorts::of(&dump, |_| true, |_| true);
        assert!(cohorts.cohorts.len() < dump.object_count());
        let mut counted = 0;
        let seconds = |snapshot: Snapshot<'_>| snapshot.timestamp_seconds();
        for class in dump.classes() {
            let of = cohorts.of_class(class.number());
            for [from, to] in dump
                .snapshots()
                .zip(dump.snapshots().skip(3))
                .map(|(from, to)| [from, to].map(seconds))
            {
                let places = [from, to].map(|moment| cohorts.place(moment));
                let tests: [(&dyn Fn(TrackedObject<'_>) -> bool, &dyn Fn(&Cohort) -> bool); 4] = [
                    (&|o| o.birth_seconds() < from, &|c| {
                        c.is_born_before(places[0])
                    }),
                    (
                        &|o| from <= o.birth_seconds() && o.birth_seconds() < to,
                        &|c| c.is_born_between(places[0], places[1]),
                    ),
                    (&|o| o.is_active_at(to), &|c| c.is_active_at(places[1])),
                    (&|o| o.death_seconds().is_some_and(|d| d <= to), &|c| {
                        c.is_dead_at(places[1])
                    }),
                ];
                for (of_object, of_cohort) in tests {
                    let objects = class.objects().filter(|&object| of_object(object)).count();
                    let cohorts = of.iter().filter(|cohort| of_cohort(cohort));
                    let sum: u64 = cohorts.map(|cohort| cohort.objects).sum();
                    assert_eq!(objects as u64, sum);
                    counted += objects;
                }
            }
        }
        assert!(counted > 1000, "{counted}");
    }
}
