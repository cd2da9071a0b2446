//! Derived figures: how many objects of each class were born and died when, by the snapshots
//! between which they did. A dump has few such pairs however many objects it has.

use super::{Class, ClassId, Contents, Projection, Snapshot, TrackedObject};

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
    /// What counting takes of the objects.
    pub(crate) const PROJECTION: Projection = Projection::lives();

    /// Counts the objects that `admits` lets count, of classes that do. One pass.
    pub(crate) fn of<'d>(
        dump: &'d Contents,
        admits_class: impl Fn(Class<'d>) -> bool,
        admits: impl Fn(TrackedObject<'d>) -> bool,
    ) -> Cohorts {
        let mut all = Cohorts {
            moments: moments(dump.snapshots()),
            ..Cohorts::default()
        };
        let mut counter = Counter::of(&all.moments);
        for class in dump.classes() {
            if admits_class(class) {
                counter.begin(class.objects().len());
                for object in class.objects().filter(|&object| admits(object)) {
                    counter.add(object);
                }
                counter.finish(&mut all.cohorts);
            }
            all.ends.push(all.cohorts.len() as u32);
        }
        all
    }

    /// Those of a class.
    pub(crate) fn of_class(&self, class: ClassId) -> &[Cohort] {
        let index = class.index();
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.cohorts[start as usize..self.ends[index] as usize]
    }

    /// How many objects a class has.
    pub(crate) fn objects_of(&self, class: ClassId) -> u64 {
        let cohorts = self.of_class(class).iter();
        cohorts.map(|cohort| cohort.objects).sum()
    }

    pub(crate) fn place(&self, seconds: f64) -> Place {
        Place::of(seconds, &self.moments)
    }
}

/// Counts the objects of one class after the other.
struct Counter<'m> {
    moments: &'m [f64],
    /// How many deaths there are to tell apart: being alive, nowhere, and all places.
    deaths: usize,
    /// By birth and death, as numbers.
    counts: Vec<u64>,
    /// Where a class has few objects for so many counts: births and deaths, to be sorted.
    pairs: Vec<usize>,
    is_sparse: bool,
}

impl<'m> Counter<'m> {
    fn of(moments: &'m [f64]) -> Self {
        Counter {
            moments,
            deaths: 2 * moments.len() + 3,
            counts: Vec::new(),
            pairs: Vec::new(),
            is_sparse: false,
        }
    }

    fn begin(&mut self, objects: usize) {
        let counts = self.deaths.saturating_mul(self.deaths - 1);
        self.is_sparse = counts / 4 > objects;
        if !self.is_sparse {
            self.counts.resize(counts, 0);
        }
    }

    fn add(&mut self, object: TrackedObject<'_>) {
        let place = |seconds| Place::of(seconds, self.moments).0 as usize;
        let death = object.death_seconds().map_or(0, |death| place(death) + 1);
        let pair = place(object.birth_seconds()) * self.deaths + death;
        if self.is_sparse {
            self.pairs.push(pair);
        } else {
            self.counts[pair] += 1;
        }
    }

    fn finish(&mut self, cohorts: &mut Vec<Cohort>) {
        let deaths = self.deaths;
        let cohort = |pair: usize, objects| Cohort {
            birth: Place((pair / deaths) as u32),
            death: (pair % deaths)
                .checked_sub(1)
                .map(|place| Place(place as u32)),
            objects,
        };
        if self.is_sparse {
            self.pairs.sort_unstable();
            let runs = self.pairs.chunk_by(|a, b| a == b);
            cohorts.extend(runs.map(|run| cohort(run[0], run.len() as u64)));
            self.pairs.clear();
            return;
        }
        let counts = self.counts.iter_mut().map(std::mem::take).enumerate();
        let some = counts.filter(|&(_, count)| count > 0);
        cohorts.extend(some.map(|(pair, count)| cohort(pair, count)));
    }
}

/// The distinct moments of some snapshots in seconds, ascending.
pub(crate) fn moments<'d>(snapshots: impl Iterator<Item = Snapshot<'d>>) -> Vec<f64> {
    distinct(snapshots.map(Snapshot::timestamp_seconds))
}

/// Distinct moments in seconds, ascending, without what is no number.
pub(super) fn distinct(seconds: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut moments: Vec<f64> = seconds.filter(|time| !time.is_nan()).collect();
    moments.sort_by(f64::total_cmp);
    // Zeros of both signs are one moment.
    moments.dedup();
    moments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Dump;

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
        for (from, to) in dump.snapshots().zip(dump.snapshots().skip(3)) {
            let [from, to] = [from, to].map(Snapshot::timestamp_seconds);
            let [at, then] = [from, to].map(|moment| cohorts.place(moment));
            for class in dump.classes() {
                let mut of_objects = [0; 4];
                for object in class.objects() {
                    let birth = object.birth_seconds();
                    let facts = [
                        birth < from,
                        from <= birth && birth < to,
                        object.is_active_at(to),
                        object.death_seconds().is_some_and(|death| death <= to),
                    ];
                    (0..4).for_each(|fact| of_objects[fact] += u64::from(facts[fact]));
                }
                let mut of_cohorts = [0; 4];
                for cohort in cohorts.of_class(class.id()) {
                    let facts = [
                        cohort.is_born_before(at),
                        cohort.is_born_between(at, then),
                        cohort.is_active_at(then),
                        cohort.is_dead_at(then),
                    ];
                    (0..4).for_each(|fact| {
                        of_cohorts[fact] += u64::from(facts[fact]) * cohort.objects
                    });
                }
                assert_eq!(of_objects, of_cohorts);
                counted += of_objects.iter().sum::<u64>();
            }
        }
        assert!(counted > 1000, "{counted}");
    }

    /// Many objects are counted in a table, few are sorted.
    #[test]
    fn both_ways_to_count_agree() {
        let dump = Dump::load("fixtures/leaky_shop.dump").unwrap();
        let moments = moments(dump.snapshots());
        let mut counter = Counter::of(&moments);
        for class in dump.classes() {
            let both = [0, usize::MAX].map(|objects| {
                let mut cohorts = Vec::new();
                counter.begin(objects);
                class.objects().for_each(|object| counter.add(object));
                counter.finish(&mut cohorts);
                cohorts
            });
            assert_eq!(both[0], both[1]);
            assert!(!both[0].is_empty());
        }
    }
}
