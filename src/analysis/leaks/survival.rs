//! Who stays: the objects of a class by when they were born, and how many of them are alive
//! at the end. A leak keeps some of every time; a cache keeps the latest, or the first; churn
//! keeps none but the youngest.

use serde::Serialize;

use crate::model::{ClassId, Cohort, Cohorts, Place};

/// Births are counted in at most so many spans of time.
const MOST_SPANS: usize = 24;

/// Births and survivors of a class between the first snapshot and the last.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Survival {
    /// Objects born after the first snapshot and before the last.
    pub born: u64,
    /// Those of them that were alive at the last.
    pub survived: u64,
    /// How many spans of time between snapshots have births; there are at most 24.
    pub spans_with_births: usize,
    /// In how many of those somebody was born who survived.
    pub spans_with_survivors: usize,
    /// Span by span: born and survived.
    #[serde(skip)]
    spans: Vec<(u64, u64)>,
    /// How likely the old ones die as seldom as they do, if they died as often as the young ones.
    #[serde(skip)]
    pub(super) old_age_chance: f64,
}

impl Survival {
    /// Counts the objects of a class of these cohorts. `seconds` are moments of snapshots,
    /// ascending.
    pub(super) fn of(cohorts: &Cohorts, class: ClassId, seconds: &[f64]) -> Survival {
        let places: Vec<Place> = seconds.iter().map(|&at| cohorts.place(at)).collect();
        let (Some(&first), Some(&last)) = (places.first(), places.last()) else {
            return Survival::default();
        };
        // Evenly many snapshots in each span, so that spans end where something was measured.
        let count = (places.len() - 1).min(MOST_SPANS);
        let ends: Vec<Place> = (1..=count)
            .map(|n| places[n * (places.len() - 1) / count])
            .collect();
        let mut spans = vec![(0, 0); count];
        let born = |cohort: &&Cohort| cohort.is_born_between(first, last);
        for cohort in cohorts.of_class(class).iter().filter(born) {
            let span = ends.partition_point(|&end| !cohort.is_born_before(end));
            spans[span].0 += cohort.objects;
            if cohort.is_active_at(last) {
                spans[span].1 += cohort.objects;
            }
        }
        Survival {
            born: spans.iter().map(|span| span.0).sum(),
            survived: spans.iter().map(|span| span.1).sum(),
            spans_with_births: spans.iter().filter(|span| span.0 > 0).count(),
            spans_with_survivors: spans.iter().filter(|span| span.1 > 0).count(),
            spans,
            old_age_chance: Ages::of(cohorts.of_class(class), &places).old_age_chance(),
        }
    }

    /// Survivors without those of the last fifth of the spans, who are only young.
    pub(super) fn survived_early(&self) -> u64 {
        self.part(0.0, 0.8).1
    }

    /// How many of those that were born died, as a share.
    pub(super) fn share_died(&self) -> f64 {
        (self.born - self.survived) as f64 / self.born.max(1) as f64
    }

    /// Births and survivors of a part of the spans, from one share of the time to another.
    fn part(&self, from: f64, to: f64) -> (u64, u64) {
        let place = |share: f64| (share * self.spans.len() as f64).round() as usize;
        let part = &self.spans[place(from)..place(to)];
        part.iter()
            .fold((0, 0), |sum, span| (sum.0 + span.0, sum.1 + span.1))
    }

    /// Whether some of every time stay: survivors among the old and among those of the middle,
    /// in at least half of the spans that have births or in three, and not so that each time
    /// has far fewer than the one after it, as where everybody dies sooner or later.
    pub(super) fn is_of_every_time(&self) -> bool {
        if self.spans.len() < 3 {
            return false;
        }
        let [(old_born, old), (middle_born, middle)] = [self.part(0.0, 0.4), self.part(0.4, 0.8)];
        let (early_spans, _) = self
            .spans
            .split_at(self.spans.len() - self.spans.len().div_ceil(5));
        let births = early_spans.iter().filter(|span| span.0 > 0).count();
        let survivors = early_spans.iter().filter(|span| span.1 > 0).count();
        let rate = |(born, survived): (u64, u64)| survived as f64 / born.max(1) as f64;
        let flat = rate((old_born, old)) >= 0.35 * rate((middle_born, middle));
        old > 0 && middle > 0 && flat && (survivors >= 3 || 2 * survivors >= births.max(2))
    }

    /// Survivors born in the later half, of those born in the earlier one, both without the
    /// very last, who are only young. `None` if none of the earlier ones survived.
    pub(super) fn late_share(&self) -> Option<f64> {
        let [(_, early), (_, late)] = [self.part(0.0, 0.45), self.part(0.45, 0.9)];
        (early > 0).then(|| late as f64 / early as f64)
    }
}

/// How many objects died at which age. The age is the number of snapshots that saw the object
/// alive.
struct Ages {
    /// Objects that reached the age while there was a next snapshot to see them die before.
    at_risk: Vec<f64>,
    /// Those of them that were dead at that snapshot.
    died: Vec<f64>,
}

impl Ages {
    /// Of the objects that were born after the first of these places.
    fn of(cohorts: &[Cohort], places: &[Place]) -> Ages {
        let count = places.len();
        let mut ages = Ages {
            at_risk: vec![0.0; count + 1],
            died: vec![0.0; count + 1],
        };
        let Some(&begin) = places.first() else {
            return ages;
        };
        for cohort in cohorts
            .iter()
            .filter(|cohort| !cohort.is_born_before(begin))
        {
            let born = places.partition_point(|&place| !cohort.is_born_before(place));
            let dead = match cohort.death {
                Some(_) => places.partition_point(|&place| !cohort.is_dead_at(place)),
                None => count,
            };
            if born >= count {
                continue;
            }
            let objects = cohort.objects as f64;
            let age = dead.saturating_sub(born);
            // At risk at every age up to this one, if the next snapshot is there.
            let risks = if dead < count { age + 1 } else { count - born };
            add(&mut ages.at_risk, risks, objects);
            if dead < count {
                ages.died[age] += objects;
            }
        }
        // What was added at the last age counts at all before.
        for age in (0..count).rev() {
            ages.at_risk[age] += ages.at_risk[age + 1];
        }
        ages
    }

    /// The young are up to twice as old as objects are on average when they die. Whoever is older
    /// and goes on living is kept: what is dropped by chance or by a bound dies at every age.
    fn old_age_chance(&self) -> f64 {
        let deaths: f64 = self.died.iter().sum();
        if deaths == 0.0 {
            return 1.0;
        }
        let sum_of_ages = self.died.iter().enumerate();
        let mean = sum_of_ages
            .map(|(age, died)| age as f64 * died)
            .sum::<f64>()
            / deaths;
        let old = (1.0 + (2.0 * mean).ceil()) as usize;
        if old >= self.died.len() {
            return 1.0;
        }
        let sum = |figures: &[f64]| figures.iter().sum::<f64>();
        let rate = sum(&self.died[..old]) / sum(&self.at_risk[..old]).max(1.0);
        let expected = rate * sum(&self.at_risk[old..]);
        at_most(sum(&self.died[old..]), expected)
    }
}

/// Adds so many objects that are at risk at this many ages; see [`Ages::of`].
fn add(at_risk: &mut [f64], ages: usize, objects: f64) {
    if let Some(last) = ages.checked_sub(1) {
        at_risk[last] += objects;
    }
}

/// How likely there are at most so many events where this many are expected (Poisson).
fn at_most(events: f64, expected: f64) -> f64 {
    let mut term = (-expected).exp();
    let mut sum = term;
    for event in 1..=(events as u64).min(10_000) {
        term *= expected / event as f64;
        sum += term;
    }
    sum.min(1.0)
}
