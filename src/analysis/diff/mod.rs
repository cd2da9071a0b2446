//! What changed, class by class: between two snapshots of a dump, or between two dumps.
//!
//! The figures of either side are those of [`Summary`](super::summary::Summary). Inside one dump objects are known
//! again, so it can be told who was born, died and survived; between two if they are of one process.

mod one_process;

use std::collections::HashMap;
use std::ops::AddAssign;

use foldhash::fast::FixedState;
use serde::Serialize;

use super::attributes::{ATTRIBUTE_LEVELS, Attributes, Names};
use super::history::{ClassUsage, visit};
use super::merged::{Merger, ReferentRows, Trees};
use super::summary::{SnapshotName, SnapshotSelector, SummaryOptions, average};
use crate::error::Error;
use crate::model::{Class, Contents, Population, Salvaged, Snapshot, Text};
use crate::named::{in_turn, named, parsed_by_name};
use crate::select::{Filter, Limit};
use crate::source::Source;

/// How many attributes are told of.
const MOST_REFERENTS: usize = 20;

named! {
    /// What to sort classes by.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum DiffSortKey {
        /// Growth in bytes, descending.
        Growth = "growth",
        /// Bytes after, descending.
        Bytes = "bytes",
        /// Growth in instances, descending.
        Active = "active",
        /// The average after, descending.
        Average = "average",
        /// The registered name, ascending.
        ClassName = "classname",
    }
}

parsed_by_name!(DiffSortKey);

/// What to compare and how.
#[derive(Clone, Debug, Default)]
pub struct DiffOptions {
    /// Which classes, and which objects count.
    pub filter: Filter,
    /// The snapshot before: of one dump the first if not given, of the old one of two the last.
    pub from: Option<SnapshotSelector>,
    /// The snapshot after: the last if not given.
    pub to: Option<SnapshotSelector>,
    /// Sort keys; none means by growth. What ties is sorted by class name.
    pub sort: Vec<DiffSortKey>,
    /// Turns the sorted classes round.
    pub reverse: bool,
    /// How many classes to keep; the others are folded into one.
    pub limit: Option<Limit>,
    /// Whether to tell which attributes grew.
    pub referents: bool,
}

impl DiffOptions {
    /// The sort keys that are meant.
    fn keys(&self) -> &[DiffSortKey] {
        match &self.sort[..] {
            [] => &[DiffSortKey::Growth],
            keys => keys,
        }
    }
}

/// Whether a class is on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It has instances or bytes on both sides.
    Both,
    /// Only after.
    New,
    /// Only before.
    Gone,
    /// On neither, but some were born and died between the two.
    Between,
}

/// What some instances were before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct DiffFigures {
    /// Instances alive before.
    pub active_before: u64,
    /// Instances alive after.
    pub active_after: u64,
    /// After less before.
    pub active_change: i128,
    /// The change as a share of before, in percent; `None` of nothing.
    pub active_change_percent: Option<f64>,
    /// Their bytes before.
    pub bytes_before: i128,
    /// Their bytes after.
    pub bytes_after: i128,
    /// After less before.
    pub bytes_change: i128,
    /// The change as a share of before, in percent; `None` of nothing.
    pub bytes_change_percent: Option<f64>,
    /// Bytes of each before, on average; 0 of none.
    pub average_before: f64,
    /// Bytes of each after, on average; 0 of none.
    pub average_after: f64,
    /// After less before.
    pub average_change: f64,
    /// The change as a share of before, in percent; `None` of nothing.
    pub average_change_percent: Option<f64>,
    /// Born at the first snapshot or after it, and before the second. `None` between dumps, and
    /// if the second is the earlier one.
    pub born: Option<u64>,
    /// Of those and of the active before, those that were dead at the second.
    pub died: Option<u64>,
    /// Active at both.
    pub survived: Option<u64>,
}

/// A class on both sides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassDiff<'d> {
    /// The registered name.
    pub class: Text<'d>,
    /// Whether it is on both.
    pub status: Status,
    /// What it was before and after.
    #[serde(flatten)]
    pub figures: DiffFigures,
}

/// Classes together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FoldedDiff {
    /// How many classes.
    pub classes: usize,
    /// What they were before and after.
    #[serde(flatten)]
    pub figures: DiffFigures,
}

/// What the instances of a class refer to by one name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReferentDiff<'d> {
    /// The registered name of the class.
    pub class: Text<'d>,
    /// Names from the instance on, as Pympler gives them, up to the first colon.
    pub path: Vec<Option<Text<'d>>>,
    /// How many were merged before.
    pub count_before: u64,
    /// How many were merged after.
    pub count_after: u64,
    /// Their bytes before.
    pub bytes_before: i128,
    /// Their bytes after.
    pub bytes_after: i128,
    /// After less before.
    pub bytes_change: i128,
}

/// A comparison.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diff<'d> {
    /// What is lost of the dump, if it was read only as far as it is whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salvaged: Option<&'d Salvaged>,
    /// The same of a newer dump, if there are two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salvaged_new: Option<&'d Salvaged>,
    /// The files of the old and the new dump, if there are two and whoever compares them says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<[String; 2]>,
    /// Whether two dumps are of one process: some objects that were alive before are in both, by
    /// address, birth and class.
    pub is_one_process: bool,
    /// The snapshot before.
    pub from: SnapshotName<'d>,
    /// The snapshot after.
    pub to: SnapshotName<'d>,
    /// What the classes are sorted by, the first key first.
    #[serde(skip)]
    pub sort: Vec<DiffSortKey>,
    /// The classes that are on either side or were between, sorted, and cut to the limit.
    pub classes: Vec<ClassDiff<'d>>,
    /// The classes that the limit cut, if any.
    pub more: Option<FoldedDiff>,
    /// All of them together.
    pub total: FoldedDiff,
    /// The attributes that grew most; `None` unless asked for.
    pub referents: Option<Vec<ReferentDiff<'d>>>,
    /// Whether some trees of referents were not followed to their ends.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub referents_cut: bool,
}

/// Fails if a dump has no snapshots.
fn need_snapshots(source: &impl Source, in_newer: bool) -> Result<(), Error> {
    match source.digest()?.contents.snapshots().len() {
        0 => Err(Error::Incomparable {
            what: "there is nothing to compare: the dump has no snapshots; \
                   tracker.create_snapshot() records one"
                .into(),
            in_newer,
        }),
        _ => Ok(()),
    }
}

impl<'d> Diff<'d> {
    /// Compares two snapshots of a dump. Fails if it has none, a selector names none of them, or the
    /// dump cannot be read.
    pub fn of_snapshots(source: &'d impl Source, options: &DiffOptions) -> Result<Self, Error> {
        need_snapshots(source, false)?;
        let dump = source.digest()?.contents;
        let find = |selector: &Option<SnapshotSelector>, default| {
            selector.as_ref().unwrap_or(&default).first(dump)
        };
        let from = find(&options.from, SnapshotSelector::First)?;
        let to = find(&options.to, SnapshotSelector::Last)?;
        // From a later one to an earlier one nobody is born or dies.
        let turnover = (from.timestamp_seconds() <= to.timestamp_seconds())
            .then(|| turnover(source, &options.filter, from, to))
            .transpose()?;
        Diff::between(
            (source, from),
            (source, to),
            turnover.as_ref(),
            true,
            options,
        )
    }

    /// Compares a snapshot of an old dump with one of a new dump. Fails if one of them has none, a
    /// selector names no snapshot, or a dump cannot be read.
    pub fn of_dumps(
        old: &'d impl Source,
        new: &'d impl Source,
        options: &DiffOptions,
    ) -> Result<Self, Error> {
        need_snapshots(old, false)?;
        need_snapshots(new, true)?;
        let last = SnapshotSelector::Last;
        let from = options.from.as_ref().unwrap_or(&last);
        let from = from.first(old.digest()?.contents)?;
        let to = options.to.as_ref().unwrap_or(&last);
        let to = to.first(new.digest()?.contents)?;
        let turnover = one_process::turnover((old, from), (new, to), &options.filter)?;
        Diff::between((old, from), (new, to), turnover.as_ref(), false, options)
    }

    fn between(
        (old, from): (&'d impl Source, Snapshot<'d>),
        (new, to): (&'d impl Source, Snapshot<'d>),
        turnover: Option<&HashMap<Text<'d>, Turnover, FixedState>>,
        is_one_dump: bool,
        options: &DiffOptions,
    ) -> Result<Self, Error> {
        let before = held(old, &options.filter, from)?;
        let after = held(new, &options.filter, to)?;
        let none = Sums {
            turnover: turnover.map(|_| Turnover::default()),
            ..Sums::default()
        };
        let (mut rows, total) = rows(&before, &after, turnover, none);
        let mut referents = None;
        if options.referents {
            let sides = [
                side(old, from, &options.filter)?,
                side(new, to, &options.filter)?,
            ];
            referents = Some(grown_referents(sides, &options.filter));
        }
        let (referents, cut) = referents.unzip();
        sort(&mut rows, options);
        let all = rows.len();
        let keep = Limit::kept(options.limit, all);
        let more = (keep < all).then(|| {
            let mut sums = none;
            rows[keep..].iter().for_each(|(_, of)| sums.add(*of));
            FoldedDiff {
                classes: all - keep,
                figures: sums.figures(),
            }
        });
        rows.truncate(keep);
        let salvaged_new = new.digest()?.contents.notes.salvaged.as_ref();
        Ok(Diff {
            salvaged: old.digest()?.contents.notes.salvaged.as_ref(),
            salvaged_new: salvaged_new.filter(|_| !is_one_dump),
            files: None,
            is_one_process: is_one_dump || turnover.is_some(),
            from: SnapshotName::of(from),
            to: SnapshotName::of(to),
            sort: options.keys().to_vec(),
            classes: rows.into_iter().map(|(row, _)| row).collect(),
            more,
            total,
            referents,
            referents_cut: cut == Some(true),
        })
    }
}

/// A row for each class on which there is something to say, and all of them together.
fn rows<'d>(
    before: &HashMap<Text<'d>, ClassUsage, FixedState>,
    after: &HashMap<Text<'d>, ClassUsage, FixedState>,
    turnover: Option<&HashMap<Text<'d>, Turnover, FixedState>>,
    none: Sums,
) -> (Vec<(ClassDiff<'d>, Sums)>, FoldedDiff) {
    let names = before.keys().chain(after.keys());
    let names = names.chain(turnover.into_iter().flat_map(HashMap::keys));
    let mut names: Vec<Text<'d>> = names.copied().collect();
    names.sort_unstable();
    names.dedup();
    let (mut total, mut classes) = (none, 0);
    let mut rows = Vec::new();
    for class in names {
        let of = |side: &HashMap<Text<'d>, ClassUsage, FixedState>| {
            side.get(&class).copied().unwrap_or_default()
        };
        let sums = Sums {
            before: of(before),
            after: of(after),
            turnover: turnover.map(|turnover| turnover.get(&class).copied().unwrap_or_default()),
        };
        let Some(status) = sums.status() else {
            continue;
        };
        total.add(sums);
        classes += 1;
        let row = ClassDiff {
            class,
            status,
            figures: sums.figures(),
        };
        rows.push((row, sums));
    }
    let figures = total.figures();
    (rows, FoldedDiff { classes, figures })
}

/// What the classes held at a snapshot, by their registered names, where they held anything.
pub(super) fn held<'d>(
    source: &'d impl Source,
    filter: &Filter,
    snapshot: Snapshot<'d>,
) -> Result<HashMap<Text<'d>, ClassUsage, FixedState>, Error> {
    let options = SummaryOptions {
        filter: filter.clone(),
        snapshots: vec![SnapshotSelector::Index(snapshot.index() as i64)],
        ..SummaryOptions::default()
    };
    let mut held: HashMap<Text<'d>, ClassUsage, FixedState> = HashMap::default();
    visit(source, options, |summary, _, course, _| {
        for (place, number) in summary.places() {
            let cell = ClassUsage::of(course.cell(place));
            if cell != ClassUsage::default() {
                let name = summary.contents().class_name(number);
                *held.entry(name).or_default() += cell;
            }
        }
    })?;
    Ok(held)
}

/// Who came and went between two snapshots of a dump.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Turnover {
    born: u64,
    died: u64,
    survived: u64,
}

impl AddAssign for Turnover {
    fn add_assign(&mut self, other: Turnover) {
        self.born += other.born;
        self.died += other.died;
        self.survived += other.survived;
    }
}

fn turnover<'d>(
    source: &'d impl Source,
    filter: &Filter,
    from: Snapshot<'d>,
    to: Snapshot<'d>,
) -> Result<HashMap<Text<'d>, Turnover, FixedState>, Error> {
    let dump = source.digest()?.contents;
    let cohorts = filter.cohorts(source)?;
    let [from, to] = [from, to].map(|snapshot| cohorts.place(snapshot.timestamp_seconds()));
    let mut all: HashMap<Text<'d>, Turnover, FixedState> = HashMap::default();
    for class in filter.classes_of(dump) {
        let mut turnover = Turnover::default();
        for cohort in cohorts.of_class(class.id()) {
            let born = cohort.is_born_between(from, to);
            let was = cohort.is_active_at(from);
            let count = |counts: bool| if counts { cohort.objects } else { 0 };
            turnover.born += count(born);
            turnover.died += count((was || born) && cohort.is_dead_at(to));
            turnover.survived += count(was && cohort.is_active_at(to));
        }
        if turnover != Turnover::default() {
            *all.entry(class.name()).or_default() += turnover;
        }
    }
    Ok(all)
}

/// Sums of either side.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    before: ClassUsage,
    after: ClassUsage,
    turnover: Option<Turnover>,
}

impl Sums {
    fn add(&mut self, other: Sums) {
        self.before += other.before;
        self.after += other.after;
        if let Some(other) = other.turnover {
            *self.turnover.get_or_insert_default() += other;
        }
    }

    /// Whether the class is on both sides; `None` if it is on neither, nor was between.
    fn status(&self) -> Option<Status> {
        let some = |usage| usage != ClassUsage::default();
        match (some(self.before), some(self.after)) {
            (true, true) => Some(Status::Both),
            (false, true) => Some(Status::New),
            (true, false) => Some(Status::Gone),
            (false, false) => {
                let was_between = self.turnover.is_some_and(|turnover| turnover.born > 0);
                was_between.then_some(Status::Between)
            }
        }
    }

    fn figures(&self) -> DiffFigures {
        let [
            ClassUsage {
                active: active_before,
                sum_bytes: bytes_before,
            },
            ClassUsage {
                active: active_after,
                sum_bytes: bytes_after,
            },
        ] = [self.before, self.after];
        let active_change = i128::from(active_after) - i128::from(active_before);
        let bytes_change = bytes_after - bytes_before;
        let average_before = average(bytes_before, active_before);
        let average_after = average(bytes_after, active_after);
        let average_change = average_after - average_before;
        DiffFigures {
            active_before,
            active_after,
            active_change,
            active_change_percent: change_percent(active_change as f64, active_before as f64),
            bytes_before,
            bytes_after,
            bytes_change,
            bytes_change_percent: change_percent(bytes_change as f64, bytes_before as f64),
            average_before,
            average_after,
            average_change,
            average_change_percent: change_percent(average_change, average_before),
            born: self.turnover.map(|turnover| turnover.born),
            died: self.turnover.map(|turnover| turnover.died),
            survived: self.turnover.map(|turnover| turnover.survived),
        }
    }
}

/// A change as a share of what was before, in percent. Of nothing, or less, there is none.
pub(super) fn change_percent(change: f64, before: f64) -> Option<f64> {
    (before > 0.0).then(|| change * 100.0 / before)
}

fn sort(rows: &mut [(ClassDiff<'_>, Sums)], options: &DiffOptions) {
    rows.sort_by(|(a, _), (b, _)| {
        let (x, y) = (&a.figures, &b.figures);
        let by = |key: &DiffSortKey| match key {
            DiffSortKey::Growth => y.bytes_change.cmp(&x.bytes_change),
            DiffSortKey::Bytes => y.bytes_after.cmp(&x.bytes_after),
            DiffSortKey::Active => y.active_change.cmp(&x.active_change),
            DiffSortKey::Average => y.average_after.total_cmp(&x.average_after),
            DiffSortKey::ClassName => a.class.cmp(&b.class),
        };
        in_turn(options.keys(), by, options.reverse, || {
            a.class.cmp(&b.class)
        })
    });
}

/// The merged referents of a dump at a snapshot, and the dump with the classes that these are of.
struct TreesAt<'d> {
    dump: &'d Contents,
    trees: Trees<'d>,
}

/// Those of the objects that count: kept ones, or else of the objects themselves.
fn side<'d>(
    source: &'d impl Source,
    snapshot: Snapshot<'d>,
    filter: &Filter,
) -> Result<TreesAt<'d>, Error> {
    let digest = source.digest()?;
    let rows = ReferentRows::Levels(ATTRIBUTE_LEVELS);
    let seconds = snapshot.timestamp_seconds();
    if let Some(kept) = filter.merged_referents(source, Population::AllAt(seconds))? {
        return Ok(TreesAt {
            dump: digest.contents,
            trees: Trees::Kept(kept, rows),
        });
    }
    let dump = match digest.contents.all_referents() {
        0 => digest.contents,
        _ => source.whole()?,
    };
    Ok(TreesAt {
        dump,
        trees: Trees::Merged(Merger::of(dump, &[snapshot], rows)),
    })
}

/// The attributes that grew most, over all classes; and whether some trees were not followed to
/// their ends.
fn grown_referents<'d>(
    mut sides: [TreesAt<'d>; 2],
    filter: &Filter,
) -> (Vec<ReferentDiff<'d>>, bool) {
    // The classes of either side by name: a dump may list one twice.
    let mut by_name: HashMap<Text<'d>, [Vec<Class<'d>>; 2], FixedState> = HashMap::default();
    for (side, at) in sides.iter().enumerate() {
        let classes = filter.classes_of(at.dump);
        for class in classes.filter(|&class| at.trees.may_have(class)) {
            by_name.entry(class.name()).or_default()[side].push(class);
        }
    }
    let mut by_name: Vec<_> = by_name.into_iter().collect();
    by_name.sort_unstable_by_key(|&(name, _)| name);
    let mut grown = Vec::new();
    let mut names = Names::default();
    let mut is_cut = false;
    for (name, classes) in by_name {
        let mut both = Attributes::at(2);
        for (side, classes) in classes.into_iter().enumerate() {
            for class in classes {
                let objects = class.objects().filter(|&object| filter.admits(object));
                let graft = |row| both.graft(&mut names, side, row);
                is_cut |= sides[side].trees.rows(class, objects, graft);
            }
        }
        let both = &both;
        grown.extend(both.telling([0, 1]).map(|at| ReferentDiff {
            class: name,
            path: both.path(at),
            count_before: both.counts(at)[0],
            count_after: both.counts(at)[1],
            bytes_before: both.bytes(at)[0],
            bytes_after: both.bytes(at)[1],
            bytes_change: both.growth(at, [0, 1]),
        }));
        // Stable: what ties stays by class and in the order of its tree.
        grown.sort_by_key(|row: &ReferentDiff<'_>| std::cmp::Reverse(row.bytes_change));
        grown.truncate(MOST_REFERENTS);
    }
    (grown, is_cut)
}
