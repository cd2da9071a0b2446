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
        }
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
