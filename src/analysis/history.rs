//! The classes over the snapshots: who held how much when. The figures are those of
//! [`Summary`], turned so that a class has a row.

use std::convert::Infallible;
use std::ops::AddAssign;

use serde::Serialize;

use super::course::Course;
use super::summary::{SnapshotSelector, SnapshotSummary, Summary, SummaryOptions};
use crate::error::Error;
use crate::model::{Class, ClassId, ClassTotal, Contents, Text};
use crate::select::Filter;
use crate::source::Source;

/// The instances of a class at a snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ClassUsage {
    /// Instances alive at that moment.
    pub active: u64,
    /// Bytes of all of them.
    pub sum_bytes: i128,
}

impl ClassUsage {
    pub(super) fn of(cell: ClassTotal) -> ClassUsage {
        ClassUsage {
            active: cell.active,
            sum_bytes: cell.sum_bytes,
        }
    }
}

impl AddAssign for ClassUsage {
    fn add_assign(&mut self, other: ClassUsage) {
        self.active += other.active;
        self.sum_bytes += other.sum_bytes;
    }
}

/// A class over all snapshots of a [`History`].
#[derive(Clone, Debug, Serialize)]
pub struct ClassHistory<'d> {
    /// The registered name.
    pub class: Text<'d>,
    /// What it held, snapshot by snapshot.
    pub held: Vec<ClassUsage>,
    #[serde(skip)]
    pub(crate) id: ClassId,
}

impl<'d> ClassHistory<'d> {
    /// The most bytes that it held at any snapshot.
    pub fn most_bytes(&self) -> i128 {
        let sums = self.held.iter().map(|held| held.sum_bytes);
        sums.max().unwrap_or(0)
    }

    /// The place of the snapshot where it held most, the first such one; `None` if it held
    /// nothing at any.
    pub fn peak(&self) -> Option<usize> {
        let most = self.most_bytes();
        let peak = self.held.iter().position(|held| held.sum_bytes == most);
        peak.filter(|_| most > 0)
    }

    /// The class in its dump.
    pub fn class_of(&self, dump: &'d Contents) -> Class<'d> {
        Class { dump, id: self.id }
    }
}

/// What to keep of a dump that has more than fits.
#[derive(Clone, Copy, Debug)]
pub struct HistoryLimits {
    /// Snapshots: the first, the last, the largest, and others evenly spread between them.
    pub snapshots: usize,
    /// Classes: those that held most at any snapshot.
    pub classes: usize,
    /// Whether classes that never had an instance, of which there is nothing to tell, are left out
    /// without being counted.
    pub only_used: bool,
}

/// Classes over snapshots.
#[derive(Clone, Debug, Serialize)]
pub struct History<'d> {
    /// The snapshots with their totals; their `classes` are empty.
    pub snapshots: Vec<SnapshotSummary<'d>>,
    /// How many snapshots are not among them.
    pub snapshots_left_out: usize,
    /// The classes: those that held most at any snapshot first.
    pub classes: Vec<ClassHistory<'d>>,
    /// How many classes are not among them.
    pub classes_left_out: usize,
    /// What those hold together, snapshot by snapshot.
    pub rest: Vec<ClassUsage>,
}

impl<'d> History<'d> {
    /// Gathers it: one pass over the dump's samples, two if there are too many classes.
    ///
    /// # Errors
    ///
    /// If the dump cannot be read.
    pub fn of(
        source: &'d impl Source,
        filter: &Filter,
        limits: HistoryLimits,
    ) -> Result<Self, Error> {
        let dump = source.digest()?.contents;
        let chosen = spread(dump, limits.snapshots);
        let options = SummaryOptions {
            filter: filter.clone(),
            // No selector means all, also of none.
            snapshots: if chosen.len() < dump.snapshots().len() {
                let index = |&index: &usize| SnapshotSelector::Index(index as i64);
                chosen.iter().map(index).collect()
            } else {
                Vec::new()
            },
            ..SummaryOptions::default()
        };
        let mut history = History {
            snapshots: Vec::with_capacity(chosen.len()),
            snapshots_left_out: dump.snapshots().len() - chosen.len(),
            classes_left_out: 0,
            classes: Vec::new(),
            rest: vec![ClassUsage::default(); chosen.len()],
        };
        let summary = Summary::of(source, options)?;
        let dump = summary.contents();
        let mut places = summary.places();
        if limits.only_used {
            places.retain(|&(_, id)| summary.is_used(id));
        }
        if places.len() > limits.classes {
            history.classes_left_out = places.len() - limits.classes;
            places = largest(dump, &summary, places, limits.classes);
        }
        let row = |&(_, id): &(u32, ClassId)| ClassHistory {
            class: dump.class_name(id),
            held: vec![ClassUsage::default(); chosen.len()],
            id,
        };
        history.classes = places.iter().map(row).collect();
        let mut snapshots = Vec::with_capacity(chosen.len());
        go_through(&summary, |at, course, dead| {
            let snapshot = summary.totals(summary.snapshot(at), course, dead);
            let mut rest = course.total();
            for (row, &(place, _)) in history.classes.iter_mut().zip(&places) {
                let cell = course.cell(place);
                row.held[at] = ClassUsage::of(cell);
                rest = rest.without(cell);
            }
            history.rest[at] = ClassUsage::of(rest);
            snapshots.push(snapshot);
        });
        snapshots.sort_by_key(|snapshot| snapshot.snapshot);
        history.snapshots = snapshots;
        history
            .classes
            .sort_by_key(|class| (std::cmp::Reverse(class.most_bytes()), class.class));
        Ok(history)
    }

    /// The moments of the snapshots that have one, ascending, and their places.
    pub fn timed(&self) -> (Vec<f64>, Vec<usize>) {
        let snapshots = self.snapshots.iter().enumerate();
        let mut timed: Vec<(f64, usize)> = snapshots
            .filter_map(|(place, snapshot)| Some((snapshot.timestamp_seconds?, place)))
            .collect();
        timed.sort_by(|a, b| a.0.total_cmp(&b.0));
        timed.into_iter().unzip()
    }

    /// The place of the largest snapshot among these: the first with the greatest tracked
    /// total. `None` without a snapshot that holds anything.
    pub fn peak(&self) -> Option<usize> {
        let mut peak = None;
        let mut most = 0;
        for (place, snapshot) in self.snapshots.iter().enumerate() {
            if snapshot.tracked_total_bytes > most {
                most = snapshot.tracked_total_bytes;
                peak = Some(place);
            }
        }
        peak
    }
}

/// Shows the classes at each snapshot of a summary whose selectors are numbers of snapshots that
/// there are, as [`Summary::visit`] does.
pub(super) fn visit<'d>(
    source: &'d impl Source,
    options: SummaryOptions,
    mut see: impl FnMut(&Summary<'d>, usize, &Course, i128),
) -> Result<(), Error> {
    let summary = Summary::of(source, options)?;
    go_through(&summary, |at, course, dead| see(&summary, at, course, dead));
    Ok(())
}

/// Shows the classes at each snapshot, as [`Summary::visit`] does, to somebody who never fails.
pub(super) fn go_through(summary: &Summary<'_>, mut see: impl FnMut(usize, &Course, i128)) {
    let visited = summary.visit(usize::MAX, |at, course, dead| -> Result<(), Infallible> {
        see(at, course, dead);
        Ok(())
    });
    match visited {
        Ok(()) => {}
        Err(never) => match never {},
    }
}

/// The classes that held most at any snapshot; among equals those with more objects. Places in
/// the summary, and ids.
fn largest(
    dump: &Contents,
    summary: &Summary<'_>,
    places: Vec<(u32, ClassId)>,
    keep: usize,
) -> Vec<(u32, ClassId)> {
    let mut most = vec![0; summary.class_count()];
    go_through(summary, |_, course, _| {
        for &place in course.holding() {
            let most = &mut most[place as usize];
            *most = course.cell(place).sum_bytes.max(*most);
        }
    });
    let mut ranked = places;
    ranked.sort_by_key(|&(place, id)| {
        let objects = dump.classes[id.index()].count;
        (std::cmp::Reverse((most[place as usize], objects)), id)
    });
    ranked.truncate(keep);
    ranked
}

/// Numbers of at most `most` snapshots, ascending: the first, the last, the largest, and
/// others evenly spread.
pub(super) fn spread(dump: &Contents, most: usize) -> Vec<usize> {
    let count = dump.snapshots().len();
    if count <= most {
        return (0..count).collect();
    }
    let steps = most.saturating_sub(2).max(1);
    let mut chosen: Vec<usize> = (0..steps).map(|step| step * count / steps).collect();
    chosen.push(count - 1);
    chosen.extend(dump.peak_snapshot().map(|peak| peak.index()));
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Dump;

    fn shop() -> Dump {
        Dump::load("fixtures/shop.dump").unwrap()
    }

    const ALL: HistoryLimits = HistoryLimits {
        snapshots: 100,
        classes: 100,
        only_used: false,
    };

    #[test]
    fn rows_are_the_summary_turned() {
        let dump = shop();
        let history = History::of(&dump, &Filter::default(), ALL).unwrap();
        assert_eq!(history.classes_left_out + history.snapshots_left_out, 0);
        let mut place = 0;
        let summary = Summary::of(&dump, SummaryOptions::default()).unwrap();
        let each = summary.each(|snapshot| -> Result<(), Infallible> {
            for class in &snapshot.classes {
                let row = history.classes.iter().find(|row| row.class == class.class);
                let held = row.unwrap().held[place];
                assert_eq!(
                    (held.active, held.sum_bytes),
                    (class.active, class.sum_bytes)
                );
            }
            assert_eq!(history.rest[place], ClassUsage::default());
            place += 1;
            Ok(())
        });
        let Ok(()) = each;
        assert_eq!(place, history.snapshots.len());
        assert!(history.classes.is_sorted_by_key(|row| -row.most_bytes()));
        for row in &history.classes {
            let most = row.most_bytes();
            let Some(peak) = row.peak() else {
                assert_eq!(most, 0);
                continue;
            };
            assert_eq!(row.held[peak].sum_bytes, most);
            let mut before = row.held[..peak].iter();
            assert!(before.all(|held| held.sum_bytes < most));
        }
    }

    #[test]
    fn what_is_left_out_is_in_the_rest() {
        let dump = shop();
        let few = HistoryLimits {
            snapshots: 3,
            classes: 1,
            only_used: false,
        };
        let history = History::of(&dump, &Filter::default(), few).unwrap();
        let all = History::of(&dump, &Filter::default(), ALL).unwrap();
        assert_eq!(history.classes_left_out, all.classes.len() - 1);
        assert_eq!(history.classes[0].class, all.classes[0].class);
        assert!(history.snapshots.len() <= 3 && history.snapshots_left_out > 0);
        for (place, snapshot) in history.snapshots.iter().enumerate() {
            let whole = history.rest[place].sum_bytes + history.classes[0].held[place].sum_bytes;
            assert_eq!(whole, snapshot.total.sum_bytes);
        }
        let peak = dump.peak_snapshot().unwrap().index();
        assert!(history.snapshots.iter().any(|s| s.snapshot == peak));
    }
}
