//! How long the objects of each class live: what was created, what died and at which age,
//! and how old the survivors are.

use serde::Serialize;

use crate::error::Error;
use crate::model::{Class, Column, Projection, Rows, Salvaged, Text, Totals, TrackedObject};
use crate::select::{Filter, Limit};
use crate::source::Source;

/// Which lives to look at.
#[derive(Clone, Debug, Default)]
pub struct LifetimesOptions {
    /// Which objects count.
    pub filter: Filter,
    /// How many classes to keep, those with the most objects; the others are folded into one.
    pub limit: Option<Limit>,
}

impl LifetimesOptions {
    /// What it looks at of objects.
    pub fn projection(&self) -> Projection {
        Projection::of([Column::Birth, Column::Death]).and(self.filter.projection())
    }
}

/// The lives of some objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct LifetimeFigures {
    /// How many were created while they were tracked.
    pub created: u64,
    /// Those alive at the end of the recording.
    pub alive: u64,
    /// Those that died.
    pub died: u64,
    /// Deaths for each second of the recording; `None` if that took no time.
    pub churn_per_second: Option<f64>,
    /// The age that half of those that died did not outlive; `None` if none died.
    pub median_age_at_death_seconds: Option<f64>,
    /// The age that 95 of 100 of them did not outlive.
    pub p95_age_at_death_seconds: Option<f64>,
    /// At the end of the recording, half of those alive were not older; `None` if none is.
    pub median_survivor_age_seconds: Option<f64>,
    /// The age of the oldest of them.
    pub oldest_survivor_age_seconds: Option<f64>,
}

/// The lives of a class's objects.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassLifetimes<'d> {
    /// The registered name.
    pub class: Text<'d>,
    /// Its objects' lives.
    #[serde(flatten)]
    pub lives: LifetimeFigures,
}

/// Classes that a limit folded into one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FoldedLifetimes {
    /// How many classes.
    pub classes: usize,
    /// The lives of all their objects.
    #[serde(flatten)]
    pub lives: LifetimeFigures,
}

/// The lives of a dump's objects.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lifetimes<'d> {
    /// What is lost of the dump, if it was read only as far as it is whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salvaged: Option<&'d Salvaged>,
    /// The first finite moment of the recording, in seconds since tracking began.
    pub start_seconds: Option<f64>,
    /// The last one, at which survivors have their age.
    pub end_seconds: Option<f64>,
    /// The classes by name, cut to the limit.
    pub classes: Vec<ClassLifetimes<'d>>,
    /// The classes that the limit cut, if any.
    pub more: Option<FoldedLifetimes>,
    /// All selected objects together.
    pub total: FoldedLifetimes,
}

impl<'d> Lifetimes<'d> {
    /// Counts and ages the selected objects. Fails if the dump cannot be read.
    pub fn of(source: &'d impl Source, options: &LifetimesOptions) -> Result<Self, Error> {
        let span = Span::of(&source.digest()?.totals()?);
        let dump = source.keep(source.fetch(options.projection(), Rows::All)?);
        let mut classes: Vec<Class<'d>> = options.filter.classes_of(dump).collect();
        let all = classes.len();
        let keep = Limit::kept(options.limit, all);
        classes.sort_by_key(|class| class.name());
        if keep < all {
            classes.sort_by_key(|class| std::cmp::Reverse(class.objects().len()));
        }
        let mut total = Ages::default();
        let mut more = Ages::default();
        let mut kept = Vec::with_capacity(keep);
        for (index, class) in classes.into_iter().enumerate() {
            let ages = Ages::of(class, &options.filter, span);
            total.extend(&ages);
            if index < keep {
                kept.push(ClassLifetimes {
                    class: class.name(),
                    lives: ages.lives(span),
                });
            } else {
                more.extend(&ages);
            }
        }
        kept.sort_by_key(|row| row.class);
        let fold = |classes, ages: Ages| FoldedLifetimes {
            classes,
            lives: ages.lives(span),
        };
        Ok(Lifetimes {
            salvaged: dump.notes.salvaged.as_ref(),
            start_seconds: span.map(|span| span.start),
            end_seconds: span.map(|span| span.end),
            classes: kept,
            more: (keep < all).then(|| fold(all - keep, more)),
            total: fold(all, total),
        })
    }
}

/// The first and the last moment of a recording, both finite.
#[derive(Clone, Copy)]
struct Span {
    start: f64,
    end: f64,
}

impl Span {
    fn of(totals: &Totals) -> Option<Span> {
        let (start, end) = totals.span_seconds?;
        Some(Span { start, end })
    }
}

/// Counts of objects, and the ages of those that have one.
#[derive(Default)]
struct Ages {
    alive: u64,
    died: u64,
    at_death: Vec<f64>,
    of_survivors: Vec<f64>,
}

impl LifetimeFigures {
    /// Those of the selected objects of one class, whatever the filter says of classes. `totals`
    /// are those of the dump.
    pub(crate) fn of_class(class: Class<'_>, filter: &Filter, totals: &Totals) -> LifetimeFigures {
        let span = Span::of(totals);
        Ages::of(class, filter, span).lives(span)
    }
}

impl Ages {
    fn of(class: Class<'_>, filter: &Filter, span: Option<Span>) -> Ages {
        let mut ages = Ages::default();
        for object in class.objects().filter(|&object| filter.admits(object)) {
            ages.add(object, span);
        }
        ages
    }

    fn add(&mut self, object: TrackedObject<'_>, span: Option<Span>) {
        let birth = object.birth_seconds();
        let (count, ages, until) = match object.death_seconds() {
            Some(death) => (&mut self.died, &mut self.at_death, Some(death)),
            None => {
                let end = span.map(|span| span.end);
                (&mut self.alive, &mut self.of_survivors, end)
            }
        };
        *count += 1;
        let age = until.map(|until| until - birth);
        // Of a birth or death at no finite moment there is no age.
        ages.extend(age.filter(|age| age.is_finite()));
    }

    fn extend(&mut self, other: &Ages) {
        self.alive += other.alive;
        self.died += other.died;
        self.at_death.extend_from_slice(&other.at_death);
        self.of_survivors.extend_from_slice(&other.of_survivors);
    }

    fn lives(mut self, span: Option<Span>) -> LifetimeFigures {
        let seconds = span.map(|span| span.end - span.start);
        LifetimeFigures {
            created: self.alive + self.died,
            alive: self.alive,
            died: self.died,
            churn_per_second: seconds
                // A span of finite moments may still be none: from -1e308 to 1e308.
                .filter(|&seconds| seconds > 0.0 && seconds.is_finite())
                .map(|seconds| self.died as f64 / seconds)
                .filter(|churn| churn.is_finite()),
            median_age_at_death_seconds: nearest_rank(&mut self.at_death, 0.5),
            p95_age_at_death_seconds: nearest_rank(&mut self.at_death, 0.95),
            median_survivor_age_seconds: nearest_rank(&mut self.of_survivors, 0.5),
            oldest_survivor_age_seconds: nearest_rank(&mut self.of_survivors, 1.0),
        }
    }
}

/// The least of some values that a share of them does not exceed. Puts them into another order.
fn nearest_rank(values: &mut [f64], share: f64) -> Option<f64> {
    let rank = (share * values.len() as f64).ceil() as usize;
    let index = rank.checked_sub(1)?;
    (index < values.len()).then(|| *values.select_nth_unstable_by(index, f64::total_cmp).1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Dump;

    #[test]
    fn ranks_are_the_nearest() {
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        let cases: &[(&[f64], f64, Option<f64>)] = &[
            (&[], 0.5, None),
            (&[7.0], 0.5, Some(7.0)),
            (&[7.0], 0.95, Some(7.0)),
            (&[1.0, 2.0], 0.5, Some(1.0)),
            (&[1.0, 2.0, 3.0], 0.5, Some(2.0)),
            (&[1.0, 2.0, 3.0], 0.95, Some(3.0)),
            (&hundred, 0.5, Some(50.0)),
            (&hundred, 0.95, Some(95.0)),
        ];
        for (sorted, share, expected) in cases {
            let mut values: Vec<f64> = sorted.iter().rev().copied().collect();
            let found = nearest_rank(&mut values, *share);
            assert_eq!(found, *expected, "{share} of {sorted:?}");
        }
    }

    #[test]
    fn a_limit_folds_the_classes_with_fewer_objects() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/shop.dump");
        let dump = Dump::load(path).unwrap();
        let whole = Lifetimes::of(&dump, &LifetimesOptions::default()).unwrap();
        assert_eq!(whole.more, None);
        let options = LifetimesOptions {
            limit: Some(Limit::Count(2)),
            ..LifetimesOptions::default()
        };
        let cut = Lifetimes::of(&dump, &options).unwrap();
        let more = cut.more.expect("there are three classes");
        assert_eq!((cut.classes.len(), more.classes), (2, 1));
        assert_eq!(cut.total, whole.total);
        let kept: u64 = cut.classes.iter().map(|row| row.lives.created).sum();
        assert_eq!(kept + more.lives.created, whole.total.lives.created);
        assert!(cut.classes.iter().all(|row| whole.classes.contains(row)));
    }

    /// No moment that a file can hold makes a figure that JSON cannot.
    #[test]
    fn odd_moments_have_no_age() {
        let path = "/fixtures/edited/edit-nan_times.dump";
        let dump = Dump::load(format!("{}{path}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let lifetimes = Lifetimes::of(&dump, &LifetimesOptions::default()).unwrap();
        let all = lifetimes.classes.iter().map(|row| row.lives);
        for lives in all.chain([lifetimes.total.lives]) {
            assert_eq!(lives.created, lives.alive + lives.died);
            for figure in [
                lives.churn_per_second,
                lives.median_age_at_death_seconds,
                lives.p95_age_at_death_seconds,
                lives.median_survivor_age_seconds,
                lives.oldest_survivor_age_seconds,
            ] {
                assert!(figure.is_none_or(f64::is_finite));
            }
        }
    }
}
