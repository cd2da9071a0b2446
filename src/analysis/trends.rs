//! What each class held at the first snapshot, at its own peak and at the last: a row for each
//! class where a [`Summary`] has a block for each snapshot.
//!
//! Peaks are of all snapshots. The figures of single snapshots are kept of as many as fit into
//! memory.

use serde::Serialize;

use super::history::{go_through, spread};
use super::summary::{SnapshotName, Summary, SummaryOptions};
use crate::error::Error;
use crate::model::{ClassId, ClassTotal, Salvaged, Text};
use crate::named::{named, parsed_by_name};
use crate::select::{Filter, Limit};
use crate::source::Source;

/// Classes at single snapshots that are kept: 32 MB of them.
const MOST_KEPT: usize = 1 << 20;

/// Snapshots that are kept of however many classes.
const LEAST_SNAPSHOTS: usize = 2;

/// Descriptions are told up to so many characters: many snapshots may share one of megabytes.
const MAX_TEXT: usize = 1000;

named! {
    /// What to sort classes by.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum TrendSortKey {
        /// The registered name, ascending.
        ClassName = "classname",
        /// Bytes at the class's own peak, descending.
        Size = "size",
        /// Instances at the class's own peak, descending.
        Active = "active",
        /// Growth in bytes from the first snapshot to the last, descending.
        Growth = "growth",
    }
}

parsed_by_name!(TrendSortKey);

/// Which classes, in which order.
#[derive(Clone, Debug, Default)]
pub struct TrendsOptions {
    /// Which classes, and which objects count.
    pub filter: Filter,
    /// Sort keys; none means by size. What ties is sorted by name.
    pub sort: Vec<TrendSortKey>,
    /// Turns the sorted classes round.
    pub reverse: bool,
    /// How many classes to keep; the others are folded into one.
    pub limit: Option<Limit>,
}

impl TrendsOptions {
    /// The sort keys that are meant.
    fn keys(&self) -> &[TrendSortKey] {
        match &self.sort[..] {
            [] => &[TrendSortKey::Size],
            keys => keys,
        }
    }
}

/// A figure over the snapshots.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FigureOverTime {
    /// At the first snapshot.
    pub first: i128,
    /// The most at any snapshot, not less than 0.
    pub peak: i128,
    /// The earliest snapshot that has so much; `None` if nothing was held at any.
    pub peak_snapshot: Option<usize>,
    /// At the last snapshot.
    pub last: i128,
    /// From the first snapshot to the last.
    pub change: i128,
    /// At each of [`Trends::snapshots`].
    pub by_snapshot: Vec<i128>,
}

/// What some objects held over the snapshots.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct UsageOverTime {
    /// Instances that were alive.
    pub instances: FigureOverTime,
    /// Their bytes.
    pub bytes: FigureOverTime,
}

/// A class over the snapshots.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassTrend<'d> {
    /// The registered name.
    pub class: Text<'d>,
    /// What it held.
    #[serde(flatten)]
    pub held: UsageOverTime,
}

/// Classes that a limit folded into one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FoldedTrend {
    /// How many classes.
    pub classes: usize,
    /// What they held together.
    #[serde(flatten)]
    pub held: UsageOverTime,
}

/// The classes over the snapshots.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trends<'d> {
    /// What is lost of the dump, if it was read only as far as it is whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salvaged: Option<&'d Salvaged>,
    /// The snapshots of which single figures are told: all of them if not too many, else the first,
    /// the last, the largest, and others evenly spread.
    pub snapshots: Vec<SnapshotName<'d>>,
    /// How many snapshots are not among them.
    pub snapshots_left_out: usize,
    /// What the classes are sorted by, the first key first.
    #[serde(skip)]
    pub sort: Vec<TrendSortKey>,
    /// The classes, sorted, and cut to the limit.
    pub classes: Vec<ClassTrend<'d>>,
    /// The classes that the limit cut, if any.
    pub more: Option<FoldedTrend>,
    /// All selected classes together.
    pub total: FoldedTrend,
}

impl<'d> Trends<'d> {
    /// Goes through the snapshots twice: once for the figures that classes are sorted by, and once
    /// for those of single snapshots.
    ///
    /// # Errors
    ///
    /// If the dump cannot be read.
    pub fn of(source: &'d impl Source, options: &TrendsOptions) -> Result<Self, Error> {
        let summary = Summary::of(
            source,
            SummaryOptions {
                filter: options.filter.clone(),
                ..SummaryOptions::default()
            },
        )?;
        let dump = summary.contents();
        let places = summary.places();
        let all = places.len();
        let snapshots = dump.snapshots().len();
        let mut held = vec![UsageOverTime::default(); all];
        go_through(&summary, |at, course, _| {
            let is_end = at == 0 || at + 1 == snapshots;
            let mut see = |place: u32| {
                held[place as usize].see(at, snapshots, course.cell(place));
            };
            // Classes may be many, and snapshots too: what did not change has no new peak.
            if is_end {
                places.iter().for_each(|&(place, _)| see(place));
            } else {
                course.touched().for_each(see);
            }
        });
        let order = ranked(&held, options);
        let keep = Limit::kept(options.limit, all);
        let kept: Vec<(u32, ClassId)> = order[..keep].iter().map(|&at| places[at]).collect();
        let chosen = spread(dump, (MOST_KEPT / keep.max(1)).max(LEAST_SNAPSHOTS));
        let row = |(&at, &(_, id)): (&usize, &(u32, ClassId))| ClassTrend {
            class: dump.class_name(id),
            held: std::mem::take(&mut held[at]).with_room(chosen.len()),
        };
        let mut classes: Vec<ClassTrend<'d>> = order.iter().zip(&kept).map(row).collect();
        let mut more = UsageOverTime::default().with_room(chosen.len());
        let mut total = more.clone();
        go_through(&summary, |at, course, _| {
            let place = chosen.binary_search(&at).ok();
            let mut rest = course.total();
            total.see(at, snapshots, rest);
            total.keep(place, rest);
            if place.is_none() && keep == all {
                return;
            }
            for (row, &(class, _)) in classes.iter_mut().zip(&kept) {
                let cell = course.cell(class);
                row.held.keep(place, cell);
                rest = rest.without(cell);
            }
            more.see(at, snapshots, rest);
            more.keep(place, rest);
        });
        let name = |&index: &usize| SnapshotName::short(summary.snapshot(index), MAX_TEXT);
        Ok(Trends {
            salvaged: summary.salvaged(),
            snapshots: chosen.iter().map(name).collect(),
            snapshots_left_out: snapshots - chosen.len(),
            sort: options.keys().to_vec(),
            classes,
            more: (keep < all).then(|| FoldedTrend {
                classes: all - keep,
                held: more,
            }),
            total: FoldedTrend {
                classes: all,
                held: total,
            },
        })
    }
}

impl UsageOverTime {
    /// With figures of so many snapshots, to be kept.
    fn with_room(mut self, snapshots: usize) -> Self {
        self.instances.by_snapshot = vec![0; snapshots];
        self.bytes.by_snapshot = vec![0; snapshots];
        self
    }

    /// Takes note of one of so many snapshots.
    fn see(&mut self, at: usize, snapshots: usize, cell: ClassTotal) {
        self.instances.see(at, snapshots, cell.active.into());
        self.bytes.see(at, snapshots, cell.sum_bytes);
    }

    /// Keeps the figures of a snapshot, if it is chosen, at its place among those.
    fn keep(&mut self, place: Option<usize>, cell: ClassTotal) {
        if let Some(place) = place {
            self.instances.by_snapshot[place] = cell.active.into();
            self.bytes.by_snapshot[place] = cell.sum_bytes;
        }
    }
}

impl FigureOverTime {
    /// Snapshots come in the order of their moments.
    fn see(&mut self, at: usize, snapshots: usize, figure: i128) {
        if at == 0 {
            self.first = figure;
        }
        if at + 1 == snapshots {
            self.last = figure;
        }
        self.change = self.last.saturating_sub(self.first);
        if figure > self.peak {
            (self.peak, self.peak_snapshot) = (figure, Some(at));
        }
    }
}

/// The places of classes that stand by name in the order asked for.
fn ranked(held: &[UsageOverTime], options: &TrendsOptions) -> Vec<usize> {
    let mut order: Vec<usize> = (0..held.len()).collect();
    order.sort_by(|&a, &b| {
        let (x, y) = (&held[a], &held[b]);
        let by = |key: &TrendSortKey| match key {
            TrendSortKey::ClassName => a.cmp(&b),
            TrendSortKey::Size => y.bytes.peak.cmp(&x.bytes.peak),
            TrendSortKey::Active => y.instances.peak.cmp(&x.instances.peak),
            TrendSortKey::Growth => y.bytes.change.cmp(&x.bytes.change),
        };
        let mut keys = options.keys().iter().map(by);
        keys.find(|ordering| ordering.is_ne()).unwrap_or(a.cmp(&b))
    });
    if options.reverse {
        order.reverse();
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::summary::SnapshotSummary;
    use crate::model::Dump;
    use std::convert::Infallible;

    fn blocks(dump: &Dump) -> Vec<SnapshotSummary<'_>> {
        let mut blocks = Vec::new();
        let summary = Summary::of(dump, SummaryOptions::default()).unwrap();
        let Ok(()) = summary.each(|block| -> Result<(), Infallible> {
            blocks.push(block);
            Ok(())
        });
        blocks
    }

    fn is_turned(figure: &FigureOverTime, all: &[i128]) {
        let most = all.iter().copied().max().unwrap_or(0);
        let ends = [all.first(), all.last()].map(|end| end.copied().unwrap_or(0));
        assert_eq!([figure.first, figure.last], ends);
        assert_eq!((figure.peak, figure.change), (most, ends[1] - ends[0]));
        let peak = all.iter().position(|&one| one == most);
        assert_eq!(figure.peak_snapshot, peak.filter(|_| most > 0));
        assert_eq!(figure.by_snapshot, all);
    }

    /// Rows hold what the blocks of a summary do, also what is folded, and also where the clock
    /// was set back, so that snapshots come in another order; a native file says the same.
    #[test]
    fn rows_are_the_blocks_turned() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        for name in [
            "shop.dump",
            "leaky_shop.dump",
            "dumps/empty.nothing-1.1-py311.dump",
            "dumps/empty.only-snapshots-1.1-py311.dump",
            "edited/edit-nan_times.dump",
            "clock_set_back.dump.gz",
        ] {
            let dump = Dump::load(root.join(name)).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let native = folder.path().join("dump.bin");
            dump.dump_stats(&native).unwrap();
            let native = crate::DumpFile::open(&native).unwrap();
            let blocks = blocks(&dump);
            for limit in [None, Some(Limit::Count(1))] {
                let options = TrendsOptions {
                    limit,
                    ..TrendsOptions::default()
                };
                let trends = Trends::of(&dump, &options).unwrap();
                assert_eq!(Trends::of(&native, &options).unwrap(), trends, "{name}");
                assert_eq!(trends.snapshots.len(), blocks.len());
                let each = |of: &dyn Fn(&SnapshotSummary<'_>) -> i128| -> Vec<i128> {
                    blocks.iter().map(of).collect()
                };
                let total = &trends.total.held;
                is_turned(&total.bytes, &each(&|block| block.total.sum_bytes));
                is_turned(&total.instances, &each(&|block| block.total.active.into()));
                for row in &trends.classes {
                    let sum = |block: &SnapshotSummary<'_>| {
                        let mut classes = block.classes.iter();
                        classes
                            .find(|class| class.class == row.class)
                            .unwrap()
                            .sum_bytes
                    };
                    is_turned(&row.held.bytes, &each(&sum));
                }
                if let Some(more) = &trends.more {
                    let shown = &trends.classes[0].held.bytes.by_snapshot;
                    let rest = total.bytes.by_snapshot.iter().zip(shown);
                    let rest: Vec<i128> = rest.map(|(all, one)| all - one).collect();
                    is_turned(&more.held.bytes, &rest);
                }
            }
        }
    }

    #[test]
    fn rows_are_sorted() {
        let dump = Dump::load("fixtures/leaky_shop.dump").unwrap();
        let sorted = |keys: &[TrendSortKey], reverse| {
            let options = TrendsOptions {
                sort: keys.to_vec(),
                reverse,
                ..TrendsOptions::default()
            };
            Trends::of(&dump, &options).unwrap().classes
        };
        let by_name = sorted(&[TrendSortKey::ClassName], false);
        assert!(by_name.is_sorted_by_key(|row| row.class));
        let by_size = sorted(&[], false);
        assert!(by_size.is_sorted_by_key(|row| (-row.held.bytes.peak, row.class)));
        assert_eq!(sorted(&[TrendSortKey::Size], false), by_size);
        let by_count = sorted(&[TrendSortKey::Active], false);
        assert!(by_count.is_sorted_by_key(|row| -row.held.instances.peak));
        let mut by_growth = sorted(&[TrendSortKey::Growth], true);
        by_growth.reverse();
        assert!(by_growth.is_sorted_by_key(|row| -row.held.bytes.change));
        assert_ne!(by_growth, by_size);
    }
}
