//! What each snapshot held, class by class.
//!
//! Computed for all snapshots in one pass over the samples. The cells of classes and
//! snapshots are bounded: where a dump has so many of both that they would not fit,
//! the snapshots are taken in blocks.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::model::{Dump, Rules, Snapshot, Text, TrackedObject};
use crate::select::{Filter, Limit, named};

/// Cells of classes and moments that are computed at a time: 96 MiB of them.
const BLOCK_CELLS: usize = 4 << 20;

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

/// Instances and bytes of each class at each of some moments.
struct Block {
    /// The moments, ascending, each once.
    times: Vec<f64>,
    /// By moment, then class.
    cells: Vec<Cell>,
    classes: usize,
}

#[derive(Clone, Copy, Default)]
struct Cell {
    sum_bytes: i128,
    active: u64,
}

impl Cell {
    fn sum(cells: impl Iterator<Item = Cell>) -> Cell {
        cells.fold(Cell::default(), |a, b| Cell {
            sum_bytes: a.sum_bytes + b.sum_bytes,
            active: a.active + b.active,
        })
    }

    fn without(self, part: Cell) -> Cell {
        Cell {
            sum_bytes: self.sum_bytes - part.sum_bytes,
            active: self.active - part.active,
        }
    }

    fn average(self) -> f64 {
        average(self.sum_bytes, self.active)
    }

    fn folded(self, classes: usize, whole: i128) -> Folded {
        Folded {
            classes,
            active: self.active,
            sum_bytes: self.sum_bytes,
            average_bytes: self.average(),
            share_percent: percent(self.sum_bytes, whole),
        }
    }
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

    /// Computes the snapshots one after the other and hands each to `emit`.
    pub fn each<E>(&self, mut emit: impl FnMut(SnapshotSummary) -> Result<(), E>) -> Result<(), E> {
        let block_length = (BLOCK_CELLS / self.classes.len().max(1)).max(1);
        for snapshots in self.snapshots.chunks(block_length) {
            let block = self.block(snapshots);
            snapshots
                .iter()
                .try_for_each(|&snapshot| emit(self.figures(snapshot, &block)))?;
        }
        Ok(())
    }

    /// One pass over the objects of the selected classes.
    fn block(&self, snapshots: &[Snapshot<'_>]) -> Block {
        let mut times: Vec<f64> = snapshots
            .iter()
            .map(|s| s.timestamp_seconds())
            .filter(|t| !t.is_nan())
            .collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        let classes = self.classes.len();
        let mut cells = vec![Cell::default(); times.len() * classes];
        let mut column = Column::new(times.len());
        let rows = self.dump.classes().collect::<Vec<_>>();
        for (class, &number) in self.classes.iter().enumerate() {
            column.clear();
            for object in rows[number as usize].objects() {
                let rules = self.options.rules;
                if self
                    .options
                    .filter
                    .admits_object(object, || object.largest_bytes(rules))
                {
                    column.add(object, &times, rules);
                }
            }
            column.finish(|moment, cell| cells[moment * classes + class] = cell);
        }
        Block {
            times,
            cells,
            classes,
        }
    }

    fn figures(&self, snapshot: Snapshot<'d>, block: &Block) -> SnapshotSummary<'d> {
        let time = snapshot.timestamp_seconds();
        let moment = block
            .times
            .binary_search_by(|t| t.total_cmp(&time))
            .ok()
            .or_else(|| {
                // Zeros of both signs are one moment.
                block.times.iter().position(|&t| t == time)
            });
        let whole = snapshot.total_bytes();
        let cells = moment.map_or(&[][..], |m| {
            &block.cells[m * block.classes..][..block.classes]
        });
        let cell = |index: u32| cells.get(index as usize).copied().unwrap_or_default();
        let all = self.classes.len();
        let keep = self
            .options
            .limit
            .map_or(all, |limit| limit.count(all, Rules::Documented).min(all));
        let kept = self.ranked(keep, whole, cell);
        let total = Cell::sum((0..all as u32).map(cell));
        let more = (keep < all).then(|| {
            let shown = Cell::sum(kept.iter().map(|&index| cell(index)));
            total.without(shown).folded(all - keep, whole)
        });
        let total = total.folded(all, whole);
        let classes = kept
            .iter()
            .map(|&index| {
                let number = self.classes[index as usize];
                let figures = cell(index);
                ClassFigures {
                    class: self.dump.class_name(number),
                    active: figures.active,
                    sum_bytes: figures.sum_bytes,
                    average_bytes: figures.average(),
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
            let by = |key: &ClassSortKey| match key {
                ClassSortKey::ClassName => a.cmp(&b),
                ClassSortKey::Size => y.sum_bytes.cmp(&x.sum_bytes),
                ClassSortKey::Active => y.active.cmp(&x.active),
                ClassSortKey::Average => y.average().total_cmp(&x.average()),
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

/// The figures of one class, moment by moment.
struct Column {
    sums: Vec<i128>,
    /// How many objects begin to be active at a moment, less those that end. One longer than the moments.
    steps: Vec<i64>,
    /// The last size of the object in hand at each moment, and which object that was.
    last: Vec<(u64, i64)>,
    /// The number of the object in hand, from 1.
    in_hand: u64,
}

impl Column {
    fn new(moments: usize) -> Self {
        Column {
            sums: vec![0; moments],
            steps: vec![0; moments + 1],
            last: vec![(0, 0); moments],
            in_hand: 0,
        }
    }

    fn clear(&mut self) {
        self.sums.fill(0);
        self.steps.fill(0);
    }

    fn add(&mut self, object: TrackedObject<'_>, times: &[f64], rules: Rules) {
        self.in_hand += 1;
        let birth = object.birth_seconds();
        let death = object.death_seconds();
        // A birth that is no number lies before no moment.
        let from = if birth.is_nan() {
            times.len()
        } else {
            times.partition_point(|&time| time <= birth)
        };
        let to = death.map_or(times.len(), |death| {
            times.partition_point(|&time| death > time)
        });
        if from < to {
            self.steps[from] += 1;
            self.steps[to] -= 1;
        }
        let death = death.filter(|_| rules == Rules::Documented);
        // Samples follow the snapshots, so the next moment is mostly the next sample's.
        let mut guess = from;
        for sample in object.samples() {
            let time = sample.time_seconds;
            if times.get(guess).is_none_or(|&t| t != time) {
                guess = times.partition_point(|&t| t < time);
                if times.get(guess).is_none_or(|&t| t != time) {
                    continue;
                }
            }
            if sample.is_after(death) {
                continue;
            }
            let size = sample.asized.size_bytes();
            let (object, before) = self.last[guess];
            // Of several samples at one moment the last counts.
            if object == self.in_hand {
                self.sums[guess] -= i128::from(before);
            }
            self.last[guess] = (self.in_hand, size);
            self.sums[guess] += i128::from(size);
            guess += 1;
        }
    }

    fn finish(&self, mut set: impl FnMut(usize, Cell)) {
        let mut active = 0;
        for (moment, (&sum_bytes, step)) in self.sums.iter().zip(&self.steps).enumerate() {
            active += step;
            set(
                moment,
                Cell {
                    sum_bytes,
                    active: active.unsigned_abs(),
                },
            );
        }
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
