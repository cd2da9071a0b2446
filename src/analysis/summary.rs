//! What each snapshot held, class by class.
//!
//! Computed for all snapshots in one pass over the samples. The cells of classes and
//! snapshots are bounded: where a dump has so many of both that they would not fit,
//! the snapshots are taken in blocks.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::model::{Cell, Cells, Dump, Rules, Snapshot, Text};
use crate::select::{Filter, Limit, named};

/// Cells of classes and moments that are computed at a time: 96 MiB of them, by both rules.
const BLOCK_CELLS: usize = 2 << 20;

/// What to sort a snapshot's classes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassSortKey {
    /// The registered name, ascending.
    ClassName,
    /// The sum of sizes, descending.
    Size,
    /// Active instances, descending.
    Active,
    /// The average size, descending.
    Average,
    /// The share of the process, descending.
    Share,
}

impl ClassSortKey {
    /// All keys by the names that users type.
    pub const NAMED: [(&'static str, ClassSortKey); 5] = [
        ("classname", ClassSortKey::ClassName),
        ("size", ClassSortKey::Size),
        ("active", ClassSortKey::Active),
        ("average", ClassSortKey::Average),
        ("share", ClassSortKey::Share),
    ];
}

impl FromStr for ClassSortKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        named(&ClassSortKey::NAMED, text)
    }
}

/// Names one snapshot of a dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SnapshotSelector {
    /// Its number from 0; negative from the end, -1 the last.
    Index(i64),
    /// The first one.
    First,
    /// The last one.
    Last,
    /// The largest one.
    Peak,
    /// All with this description.
    Description(String),
}

impl FromStr for SnapshotSelector {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "first" => SnapshotSelector::First,
            "last" => SnapshotSelector::Last,
            "peak" => SnapshotSelector::Peak,
            _ => text.parse().map_or_else(
                |_| SnapshotSelector::Description(text.into()),
                SnapshotSelector::Index,
            ),
        })
    }
}

impl fmt::Display for SnapshotSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SnapshotSelector::Index(index) => write!(f, "{index}"),
            SnapshotSelector::First => f.write_str("first"),
            SnapshotSelector::Last => f.write_str("last"),
            SnapshotSelector::Peak => f.write_str("peak"),
            SnapshotSelector::Description(text) => f.write_str(text),
        }
    }
}

impl SnapshotSelector {
    /// The snapshots it names, in the order of the dump; none if there is no such one.
    pub fn find<'d>(&self, dump: &'d Dump) -> Vec<Snapshot<'d>> {
        let mut all = dump.snapshots();
        let one = match self {
            SnapshotSelector::First => all.next(),
            SnapshotSelector::Last => all.next_back(),
            SnapshotSelector::Peak => dump.peak_snapshot(),
            SnapshotSelector::Index(index) => usize::try_from(*index)
                .ok()
                .or_else(|| {
                    all.len()
                        .checked_sub(usize::try_from(index.unsigned_abs()).ok()?)
                })
                .and_then(|index| all.nth(index)),
            SnapshotSelector::Description(text) => {
                return all
                    .filter(|s| s.description().to_str() == text.as_str())
                    .collect();
            }
        };
        one.into_iter().collect()
    }
}

/// A snapshot by its names.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SnapshotName<'d> {
    /// Its number, from 0.
    pub snapshot: usize,
    /// Its description; may be empty.
    pub description: Text<'d>,
    /// Seconds since tracking began; `None` if that is no finite number.
    pub timestamp_seconds: Option<f64>,
}

impl<'d> SnapshotName<'d> {
    pub(super) fn of(snapshot: Snapshot<'d>) -> Self {
        SnapshotName {
            snapshot: snapshot.index(),
            description: snapshot.description(),
            timestamp_seconds: Some(snapshot.timestamp_seconds()).filter(|t| t.is_finite()),
        }
    }
}

/// What to summarise and how.
#[derive(Clone, Debug, Default)]
pub struct SummaryOptions {
    /// Which classes, and which objects count.
    pub filter: Filter,
    /// Sort keys of the classes; none means by name.
    pub sort: Vec<ClassSortKey>,
    /// Turns the sorted classes round.
    pub reverse: bool,
    /// How many classes of each snapshot to keep; the others are folded into one.
    pub limit: Option<Limit>,
    /// Which snapshots; none means all.
    pub snapshots: Vec<SnapshotSelector>,
    /// Whose figures.
    pub rules: Rules,
}

/// A class at a snapshot.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassFigures<'d> {
    /// The registered name.
    pub class: Text<'d>,
    /// Instances alive at that moment.
    pub active: u64,
    /// Bytes of all of them.
    pub sum_bytes: i128,
    /// Bytes of each on average; 0 where none is active.
    pub average_bytes: f64,
    /// The sum as a share of the process's size, in percent.
    pub share_percent: f64,
    #[serde(skip)]
    pub(crate) number: u32,
}

/// Classes that a limit folded into one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Folded {
    /// How many classes.
    pub classes: usize,
    /// Their instances alive at that moment.
    pub active: u64,
    /// Bytes of all of them.
    pub sum_bytes: i128,
    /// As for a class.
    pub average_bytes: f64,
    /// As for a class.
    pub share_percent: f64,
}

/// Which figure of the process the shares are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ShareOf {
    /// The process's virtual size.
    Virtual,
    /// The total of asizeof, for want of the process's size.
    Asizeof,
    /// The tracked total, for want of both.
    Tracked,
}

/// A snapshot with its classes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SnapshotSummary<'d> {
    /// Its number in the dump, from 0.
    pub snapshot: usize,
    /// Its description; may be empty.
    pub description: Text<'d>,
    /// Seconds since tracking began; `None` if that is no finite number.
    pub timestamp_seconds: Option<f64>,
    /// The process's virtual size; `None` where it was not recorded.
    pub process_virtual_bytes: Option<i128>,
    /// The process's resident size; `None` where it was not recorded.
    pub process_resident_bytes: Option<i128>,
    /// Bytes of all tracked objects, as the tracker added them up.
    pub tracked_total_bytes: i128,
    /// Bytes that Pympler measured of the selected objects after their death. They are in the
    /// tracked total and, by [`Rules::Documented`], in no class.
    pub dead_bytes: i128,
    /// Bytes of everything asizeof found; `None` where it was not computed.
    pub asizeof_total_bytes: Option<i128>,
    /// Bytes that the tracker itself takes.
    pub overhead_bytes: i128,
    /// What the shares are of, in bytes.
    pub share_of_bytes: i128,
    /// Which figure that is.
    pub share_of: ShareOf,
    /// The classes, sorted, and cut to the limit.
    pub classes: Vec<ClassFigures<'d>>,
    /// The classes that the limit cut, if any.
    pub more: Option<Folded>,
    /// All selected classes together.
    pub total: Folded,
}

/// The summary of a dump: figures are computed as snapshots are asked for.
pub struct Summary<'d> {
    dump: &'d Dump,
    options: SummaryOptions,
    /// Numbers of the selected classes; for [`Rules::Pympler`] and by default sorted by name.
    classes: Vec<u32>,
    snapshots: Vec<Snapshot<'d>>,
}

impl<'d> Summary<'d> {
    /// Chooses classes and snapshots.
    ///
    /// # Errors
    ///
    /// If a selector names no snapshot of this dump; the error is that selector.
    pub fn of(dump: &'d Dump, options: SummaryOptions) -> Result<Self, SnapshotSelector> {
        let mut classes: Vec<_> = dump
            .classes()
            .filter(|class| options.filter.admits_class(class.name()))
            .collect();
        classes.sort_by_key(|class| class.name());
        let mut snapshots: Vec<_> = dump.snapshots().collect();
        if !options.snapshots.is_empty() {
            let mut chosen = vec![false; snapshots.len()];
            for selector in &options.snapshots {
                let found = selector.find(dump);
                if found.is_empty() {
                    return Err(selector.clone());
                }
                found
                    .iter()
                    .for_each(|snapshot| chosen[snapshot.index()] = true);
            }
            snapshots.retain(|snapshot| chosen[snapshot.index()]);
        }
        let classes = classes.iter().map(|class| class.number()).collect();
        Ok(Summary {
            dump,
            options,
            classes,
            snapshots,
        })
    }

    /// How many classes there are to show before a limit cuts them.
    pub fn class_count(&self) -> usize {
        self.classes.len()
    }

    /// Whether it is of some objects only.
    pub fn has_filter(&self) -> bool {
        !self.options.filter.is_empty()
    }

    /// Computes the snapshots one after the other and hands each to `emit`.
    pub fn each<E>(
        &self,
        mut emit: impl FnMut(SnapshotSummary<'d>) -> Result<(), E>,
    ) -> Result<(), E> {
        let SummaryOptions { filter, rules, .. } = &self.options;
        let derived = filter.derived(self.dump);
        let of_all = derived.and_then(|all| all.documented.as_ref().zip(all.pympler.as_ref()));
        if let Some((documented, pympler)) = of_all {
            let cell = |row: &[Cell], place: u32| {
                let class = self.classes[place as usize];
                row.get(class as usize).copied().unwrap_or_default()
            };
            return self.snapshots.iter().try_for_each(|&snapshot| {
                let time = snapshot.timestamp_seconds();
                let rows = [documented, pympler].map(|cells| cells.at(time));
                emit(self.figures(snapshot, rows.map(|row| move |place| cell(row, place))))
            });
        }
        let block_length = (BLOCK_CELLS / self.classes.len().max(1)).max(1);
        self.snapshots.chunks(block_length).try_for_each(|block| {
            let moments = block.iter().map(|snapshot| snapshot.timestamp_seconds());
            let cells = Cells::by_both(self.dump, &self.classes, moments, |object| {
                filter.admits_object(object, || object.largest_bytes(*rules))
            });
            let cell =
                |row: &[Cell], place: u32| row.get(place as usize).copied().unwrap_or_default();
            block.iter().try_for_each(|&snapshot| {
                let time = snapshot.timestamp_seconds();
                let rows = cells.each_ref().map(|cells| cells.at(time));
                emit(self.figures(snapshot, rows.map(|row| move |place| cell(row, place))))
            })
        })
    }

    /// The figures of a snapshot, from those of its classes by their place in `self.classes`: as
    /// documented, and as Pympler counts.
    fn figures(
        &self,
        snapshot: Snapshot<'d>,
        [documented, pympler]: [impl Fn(u32) -> Cell; 2],
    ) -> SnapshotSummary<'d> {
        let places = 0..self.classes.len() as u32;
        let sum = |cell: &dyn Fn(u32) -> Cell| Cell::sum(places.clone().map(cell)).sum_bytes;
        let dead_bytes = sum(&pympler) - sum(&documented);
        let cell: &dyn Fn(u32) -> Cell = match self.options.rules {
            Rules::Documented => &documented,
            Rules::Pympler => &pympler,
        };
        let time = snapshot.timestamp_seconds();
        let whole = snapshot.total_bytes();
        let all = self.classes.len();
        let keep = self
            .options
            .limit
            .map_or(all, |limit| limit.count(all, Rules::Documented).min(all));
        let kept = self.ranked(keep, whole, cell);
        let total = Cell::sum((0..all as u32).map(&cell));
        let more = (keep < all).then(|| {
            let shown = Cell::sum(kept.iter().map(|&index| cell(index)));
            fold(total.without(shown), all - keep, whole)
        });
        let total = fold(total, all, whole);
        let classes = kept
            .iter()
            .map(|&index| {
                let number = self.classes[index as usize];
                let figures = cell(index);
                ClassFigures {
                    class: self.dump.class_name(number),
                    active: figures.active,
                    sum_bytes: figures.sum_bytes,
                    average_bytes: average(figures.sum_bytes, figures.active),
                    share_percent: percent(figures.sum_bytes, whole),
                    number,
                }
            })
            .collect();
        let process = snapshot.process();
        SnapshotSummary {
            snapshot: snapshot.index(),
            description: snapshot.description(),
            timestamp_seconds: Some(time).filter(|t| t.is_finite()),
            process_virtual_bytes: process.available.then_some(process.virtual_bytes),
            process_resident_bytes: Some(process.resident_bytes).filter(|&bytes| bytes != 0),
            tracked_total_bytes: snapshot.tracked_total_bytes(),
            dead_bytes,
            asizeof_total_bytes: snapshot.asizeof_total_bytes(),
            overhead_bytes: snapshot.overhead_bytes(),
            share_of_bytes: whole,
            share_of: match (process.available, snapshot.asizeof_total_bytes()) {
                (true, _) => ShareOf::Virtual,
                (false, Some(_)) => ShareOf::Asizeof,
                (false, None) => ShareOf::Tracked,
            },
            classes,
            more,
            total,
        }
    }

    /// The first `keep` of the selected classes in the order asked for, as places in
    /// `self.classes`. Those are by name, which is the order of what ties.
    fn ranked(&self, keep: usize, whole: i128, cell: impl Fn(u32) -> Cell) -> Vec<u32> {
        let compare = |&a: &u32, &b: &u32| {
            let (x, y) = (cell(a), cell(b));
            let average = |cell: Cell| average(cell.sum_bytes, cell.active);
            let by = |key: &ClassSortKey| match key {
                ClassSortKey::ClassName => a.cmp(&b),
                ClassSortKey::Size => y.sum_bytes.cmp(&x.sum_bytes),
                ClassSortKey::Active => y.active.cmp(&x.active),
                ClassSortKey::Average => average(y).total_cmp(&average(x)),
                ClassSortKey::Share => {
                    percent(y.sum_bytes, whole).total_cmp(&percent(x.sum_bytes, whole))
                }
            };
            let mut keys = self.options.sort.iter().map(by);
            let ordering = keys.find(|ordering| ordering.is_ne()).unwrap_or(a.cmp(&b));
            if self.options.reverse {
                ordering.reverse()
            } else {
                ordering
            }
        };
        let mut order: Vec<u32> = (0..self.classes.len() as u32).collect();
        // Snapshots may be many, and classes too: what is not shown is not sorted.
        if keep < order.len() {
            order.select_nth_unstable_by(keep, compare);
            order.truncate(keep);
        }
        order.sort_unstable_by(compare);
        order
    }
}

fn fold(cell: Cell, classes: usize, whole: i128) -> Folded {
    Folded {
        classes,
        active: cell.active,
        sum_bytes: cell.sum_bytes,
        average_bytes: average(cell.sum_bytes, cell.active),
        share_percent: percent(cell.sum_bytes, whole),
    }
}

/// `sum / active` as Python divides ints; 0 for none.
pub(crate) fn average(sum_bytes: i128, active: u64) -> f64 {
    if active == 0 {
        0.0
    } else {
        sum_bytes as f64 / active as f64
    }
}

/// `sum * 100.0 / whole`; 0 of nothing.
pub(crate) fn percent(sum_bytes: i128, whole: i128) -> f64 {
    if whole == 0 {
        0.0
    } else {
        sum_bytes as f64 * 100.0 / whole as f64
    }
}
