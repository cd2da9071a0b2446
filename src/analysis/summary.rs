//! What each snapshot held, class by class.
//!
//! Computed for all snapshots in one pass over the samples. What changes from one to the next is
//! bounded: where that would be too much, the snapshots are taken in blocks.

use std::cell::Cell;

use serde::Serialize;

use super::course::Course;
use super::long_texts::LongTexts;
pub use super::snapshot_selector::SnapshotSelector;
use crate::error::Error;
use crate::model::{
    self, ClassId, ClassTotals, Contents, Rules, Salvaged, Snapshot, Text, Timeline, TrackedObject,
    moments,
};
use crate::named::{in_turn, named, parsed_by_name};
use crate::select::{Filter, Limit};
use crate::source::Source;

/// How many changes are looked at together: 36 MB of them. Of more samples more, so that these
/// are gone through a few times at most.
const BLOCK_CHANGES: usize = if cfg!(any(test, fuzzing)) {
    16
} else {
    1 << 20
};
const SAMPLES_PER_CHANGE: usize = 4;

/// Rows of classes that are kept until those of earlier snapshots were shown.
const WAITING_ROWS: usize = if cfg!(any(test, fuzzing)) {
    32
} else {
    1 << 14
};

named! {
    /// What to sort a snapshot's classes by.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum ClassSortKey {
        /// The registered name, ascending.
        ClassName = "classname",
        /// The sum of sizes, descending.
        Size = "size",
        /// Active instances, descending.
        Active = "active",
        /// The average size, descending.
        Average = "average",
        /// The share, descending.
        Share = "share",
    }
}

parsed_by_name!(ClassSortKey);

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

    pub(super) fn of_summary(summary: &SnapshotSummary<'d>) -> Self {
        SnapshotName {
            snapshot: summary.snapshot,
            description: summary.description,
            timestamp_seconds: summary.timestamp_seconds,
        }
    }

    /// With so many characters of the description at most.
    pub(super) fn short(snapshot: Snapshot<'d>, characters: usize) -> Self {
        let name = SnapshotName::of(snapshot);
        SnapshotName {
            description: name.description.head(characters),
            ..name
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
    /// By whose rules figures are. By [`Rules::Pympler`] shares are of what they are of in Pympler.
    pub rules: Rules,
    /// What shares are of.
    pub share_of: ShareOf,
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
    /// The sum as a share of [`SnapshotSummary::share_of_bytes`], in percent; `None` where that
    /// was not recorded.
    pub share_percent: Option<f64>,
    #[serde(skip)]
    pub(crate) id: ClassId,
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
    pub share_percent: Option<f64>,
}

named! {
    /// What shares are of.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
    #[serde(rename_all = "snake_case")]
    pub enum ShareOf {
        /// The tracked total of the snapshot.
        #[default]
        Tracked = "tracked",
        /// The process's resident size.
        Resident = "resident",
        /// The process's virtual size.
        Virtual = "virtual",
        /// The total of asizeof.
        Asizeof = "asizeof",
    }
}

impl ShareOf {
    /// The figure of a snapshot in bytes; `None` where it was not recorded.
    fn bytes(self, snapshot: Snapshot<'_>) -> Option<i128> {
        let process = snapshot.process();
        match self {
            ShareOf::Tracked => Some(snapshot.tracked_total_bytes()),
            ShareOf::Resident => Some(process.resident_bytes).filter(|&bytes| bytes != 0),
            ShareOf::Virtual => process.available.then_some(process.virtual_bytes),
            ShareOf::Asizeof => snapshot.asizeof_total_bytes(),
        }
    }

    /// What Pympler's shares are of: the process's virtual size, or the next best figure.
    fn of_pympler(snapshot: Snapshot<'_>) -> Self {
        match (snapshot.process().available, snapshot.asizeof_total_bytes()) {
            (true, _) => ShareOf::Virtual,
            (false, Some(_)) => ShareOf::Asizeof,
            (false, None) => ShareOf::Tracked,
        }
    }
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
    /// What the shares are of.
    pub share_of: ShareOf,
    /// That in bytes; `None` where it was not recorded.
    pub share_of_bytes: Option<i128>,
    /// The classes, sorted, and cut to the limit.
    pub classes: Vec<ClassFigures<'d>>,
    /// The classes that the limit cut, if any.
    pub more: Option<Folded>,
    /// All selected classes together.
    pub total: Folded,
}

/// The summary of a dump: figures are computed as snapshots are asked for.
pub struct Summary<'d> {
    dump: &'d Contents,
    /// What the file keeps of every class at every snapshot.
    kept: Option<&'d ClassTotals>,
    options: SummaryOptions,
    /// The selected classes; for [`Rules::Pympler`] and by default sorted by name.
    classes: Vec<ClassId>,
    snapshots: Vec<Snapshot<'d>>,
    texts_cut: Cell<bool>,
}

impl<'d> Summary<'d> {
    /// What is lost of the dump, if it was read only as far as it is whole.
    pub(crate) fn salvaged(&self) -> Option<&'d Salvaged> {
        self.dump.notes.salvaged.as_ref()
    }

    /// Chooses classes and snapshots. Fails if a selector names no snapshot of this dump, or the
    /// dump cannot be read.
    pub fn of(source: &'d impl Source, options: SummaryOptions) -> Result<Self, Error> {
        let kept = options.filter.class_totals(source)?;
        let dump = match kept {
            Some(_) => source.digest()?.contents,
            None => source.whole()?,
        };
        let mut classes: Vec<_> = options.filter.classes_of(dump).collect();
        classes.sort_by_key(|class| class.name());
        let mut snapshots: Vec<_> = dump.snapshots().collect();
        if !options.snapshots.is_empty() {
            let mut chosen = vec![false; snapshots.len()];
            for selector in &options.snapshots {
                let found = selector.find(dump);
                if found.is_empty() {
                    return Err(selector.names_none(dump));
                }
                found
                    .iter()
                    .for_each(|snapshot| chosen[snapshot.index()] = true);
            }
            snapshots.retain(|snapshot| chosen[snapshot.index()]);
        }
        let classes = classes.iter().map(|class| class.id()).collect();
        Ok(Summary {
            dump,
            kept,
            options,
            classes,
            snapshots,
            texts_cut: Cell::new(false),
        })
    }

    /// What the dump holds beside objects.
    pub(crate) fn contents(&self) -> &'d Contents {
        self.dump
    }

    /// Whether a class has instances at all.
    pub(super) fn is_used(&self, class: ClassId) -> bool {
        match self.kept {
            Some(totals) => totals.is_used(class.index()),
            None => self.dump.classes[class.index()].count > 0,
        }
    }

    /// How many classes there are to show before a limit cuts them.
    pub fn class_count(&self) -> usize {
        self.classes.len()
    }

    /// How many snapshots there are to show.
    pub fn snapshot_count(&self) -> usize {
        self.snapshots.len()
    }

    /// How many lines the table of all snapshots takes at least.
    pub fn least_lines(&self) -> usize {
        // A blank line, two of the snapshot, the headings and the total.
        self.snapshots.len().saturating_mul(self.keep() + 5)
    }

    /// Whether it is of some objects only.
    pub fn has_filter(&self) -> bool {
        !self.options.filter.is_empty()
    }

    /// Whether a report has cut long texts where they came again.
    pub fn texts_cut(&self) -> bool {
        self.texts_cut.get()
    }

    /// Remembers that a report has cut long texts.
    pub(crate) fn note_texts_cut(&self, is_cut: bool) {
        self.texts_cut.set(self.texts_cut.get() || is_cut);
    }

    /// Computes the snapshots one after the other and hands each to `emit`.
    pub fn each<E>(
        &self,
        mut emit: impl FnMut(SnapshotSummary<'d>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut texts = LongTexts::new();
        let mut waiting: Vec<Option<SnapshotSummary<'d>>> = Vec::new();
        let mut next = 0;
        let all = self.classes.len();
        // They come in the order of their moments, which for few is not that of the dump.
        self.visit(WAITING_ROWS / self.keep().max(4), |place, course, dead| {
            let mut figures = self.totals(self.snapshots[place], course, dead);
            let kept = self.ranked(course, figures.share_of_bytes);
            let whole = figures.share_of_bytes;
            figures.more = (kept.len() < all).then(|| {
                let mut rest = course.total();
                for &index in &kept {
                    rest = rest.without(course.cell(index));
                }
                fold(rest, all - kept.len(), whole)
            });
            let row = |&index: &u32| self.row(index, course.cell(index), whole);
            figures.classes = kept.iter().map(row).collect();
            figures.description = texts.shown(figures.description);
            for class in &mut figures.classes {
                texts.begin_row();
                class.class = texts.shown(class.class);
            }
            self.note_texts_cut(texts.is_cut);
            if waiting.len() <= place - next {
                waiting.resize_with(place - next + 1, || None);
            }
            waiting[place - next] = Some(figures);
            let ready = waiting.iter().take_while(|figures| figures.is_some());
            let ready = ready.count();
            next += ready;
            waiting.drain(..ready).flatten().try_for_each(&mut emit)
        })
    }

    /// Shows the classes at each snapshot by their places in `self.classes`, with the snapshot's
    /// place and the bytes that Pympler measured of the dead. Of so many snapshots that follow each
    /// other in the dump those with the earlier moments come first.
    pub(super) fn visit<E>(
        &self,
        together: usize,
        mut see: impl FnMut(usize, &Course, i128) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut course = Course::of(self.classes.len(), &self.options);
        let mut show = |timeline: &Timeline, first: usize, block: &[Snapshot<'d>]| {
            course.begin();
            for (part, snapshots) in block.chunks(together.max(1)).enumerate() {
                let first = first + part * together.max(1);
                let seconds = snapshots
                    .iter()
                    .map(|s| timeline.moment(s.timestamp_seconds()));
                let mut order: Vec<(Option<usize>, usize)> = seconds.zip(first..).collect();
                order.sort_unstable();
                for (moment, place) in order {
                    course.go(timeline, moment);
                    let dead = moment.map_or(0, |moment| timeline.dead_bytes(moment));
                    see(place, &course, dead)?;
                }
            }
            Ok(())
        };
        let SummaryOptions { filter, rules, .. } = &self.options;
        if let Some(cells) = self.kept {
            let timeline = Timeline::of_class_totals(cells, &self.classes, *rules);
            return show(&timeline, 0, &self.snapshots);
        }
        let admits = |object: TrackedObject<'_>| {
            filter.admits_object(object, || object.largest_bytes(*rules))
        };
        let mut first = 0;
        for length in self.blocks(admits) {
            let block = &self.snapshots[first..first + length];
            let times = moments(block.iter().copied());
            let timeline = Timeline::of(self.dump, &self.classes, times, *rules, admits);
            show(&timeline, first, block)?;
            first += length;
        }
        Ok(())
    }

    /// How many snapshots are taken at a time.
    fn blocks(&self, admits: impl Fn(TrackedObject<'_>) -> bool) -> Vec<usize> {
        let dump = self.dump;
        let all = self.snapshots.len();
        let samples = dump.sample_count();
        // An object is born and dies, and is measured now and then.
        let changes = samples.saturating_add(2 * dump.object_count());
        let used = dump.classes().filter(|class| class.objects().len() > 0);
        if changes.min(used.count().saturating_mul(all)) <= BLOCK_CHANGES {
            return vec![all];
        }
        let most = BLOCK_CHANGES + samples / SAMPLES_PER_CHANGE;
        let times = moments(self.snapshots.iter().copied());
        let counts = Timeline::count(dump, &self.classes, &times, admits);
        let mut blocks = Vec::new();
        let (mut length, mut held) = (0, 0);
        for snapshot in &self.snapshots {
            let seconds = snapshot.timestamp_seconds();
            let at = times.partition_point(|&time| time < seconds);
            let here = counts.get(at).map_or(0, |&count| count as usize);
            if length > 0 && held + here > most {
                blocks.push(length);
                (length, held) = (0, 0);
            }
            length += 1;
            held += here;
        }
        blocks.push(length);
        blocks
    }

    /// The selected classes: their places, and their ids.
    pub(super) fn places(&self) -> Vec<(u32, ClassId)> {
        (0..).zip(self.classes.iter().copied()).collect()
    }

    pub(super) fn snapshot(&self, place: usize) -> Snapshot<'d> {
        self.snapshots[place]
    }

    /// How many classes of each snapshot are shown.
    fn keep(&self) -> usize {
        Limit::kept(self.options.limit, self.classes.len())
    }

    /// A snapshot without its classes.
    pub(super) fn totals(
        &self,
        snapshot: Snapshot<'d>,
        course: &Course,
        dead_bytes: i128,
    ) -> SnapshotSummary<'d> {
        let share_of = match self.options.rules {
            Rules::Documented => self.options.share_of,
            Rules::Pympler => ShareOf::of_pympler(snapshot),
        };
        let whole = share_of.bytes(snapshot);
        let process = snapshot.process();
        SnapshotSummary {
            snapshot: snapshot.index(),
            description: snapshot.description(),
            timestamp_seconds: Some(snapshot.timestamp_seconds()).filter(|t| t.is_finite()),
            process_virtual_bytes: process.available.then_some(process.virtual_bytes),
            process_resident_bytes: Some(process.resident_bytes).filter(|&bytes| bytes != 0),
            tracked_total_bytes: snapshot.tracked_total_bytes(),
            dead_bytes,
            asizeof_total_bytes: snapshot.asizeof_total_bytes(),
            overhead_bytes: snapshot.overhead_bytes(),
            share_of,
            share_of_bytes: whole,
            classes: Vec::new(),
            more: None,
            total: fold(course.total(), self.classes.len(), whole),
        }
    }

    fn row(&self, place: u32, cell: model::ClassTotal, whole: Option<i128>) -> ClassFigures<'d> {
        let id = self.classes[place as usize];
        ClassFigures {
            class: self.dump.class_name(id),
            active: cell.active,
            sum_bytes: cell.sum_bytes,
            average_bytes: average(cell.sum_bytes, cell.active),
            share_percent: whole.map(|whole| percent(cell.sum_bytes, whole)),
            id,
        }
    }

    /// The selected classes in the order asked for, cut to the limit, as places in `self.classes`.
    /// Those are by name, which is the order of what ties.
    fn ranked(&self, course: &Course, whole: Option<i128>) -> Vec<u32> {
        let compare = |&a: &u32, &b: &u32| {
            let (x, y) = (course.cell(a), course.cell(b));
            let average = |cell: model::ClassTotal| average(cell.sum_bytes, cell.active);
            let by = |key: &ClassSortKey| match key {
                ClassSortKey::ClassName => a.cmp(&b),
                ClassSortKey::Size => y.sum_bytes.cmp(&x.sum_bytes),
                ClassSortKey::Active => y.active.cmp(&x.active),
                ClassSortKey::Average => average(y).total_cmp(&average(x)),
                ClassSortKey::Share => {
                    let share =
                        |cell: model::ClassTotal| percent(cell.sum_bytes, whole.unwrap_or(0));
                    share(y).total_cmp(&share(x))
                }
            };
            in_turn(&self.options.sort, by, self.options.reverse, || a.cmp(&b))
        };
        let keep = self.keep();
        let mut order = course.candidates(keep);
        // Snapshots may be many, and classes too: what is not shown is not sorted.
        if keep < order.len() {
            order.select_nth_unstable_by(keep, compare);
            order.truncate(keep);
        }
        order.sort_unstable_by(compare);
        order
    }
}

fn fold(cell: model::ClassTotal, classes: usize, whole: Option<i128>) -> Folded {
    Folded {
        classes,
        active: cell.active,
        sum_bytes: cell.sum_bytes,
        average_bytes: average(cell.sum_bytes, cell.active),
        share_percent: whole.map(|whole| percent(cell.sum_bytes, whole)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Dump;

    fn each<'d>(dump: &'d impl Source, options: &SummaryOptions) -> Vec<SnapshotSummary<'d>> {
        let summary = Summary::of(dump, options.clone()).unwrap();
        let mut all = Vec::new();
        let done = summary.each(|snapshot| -> Result<(), std::convert::Infallible> {
            all.push(snapshot);
            Ok(())
        });
        let Ok(()) = done;
        all
    }

    /// Those that a limit keeps are the first of all, whatever they are sorted by; and what the
    /// native file of a dump says is what the dump says.
    #[test]
    fn a_limit_keeps_the_first_and_folds_the_rest() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let folders = ["dumps", "edited"].map(|folder| root.join(folder).read_dir().unwrap());
        let paths = folders
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path());
        let mut compared = 0;
        for path in paths.chain([root.join("leaky_shop.dump")]) {
            let Ok(dump) = Dump::load(path) else { continue };
            let folder = tempfile::tempdir().unwrap();
            let native = folder.path().join("dump.bin");
            dump.dump_stats(&native).unwrap();
            let kept = crate::DumpFile::open(&native).unwrap();
            for (_, key) in ClassSortKey::NAMED {
                for (reverse, rules) in [(false, Rules::Documented), (true, Rules::Pympler)] {
                    let all = SummaryOptions {
                        sort: vec![key],
                        reverse,
                        rules,
                        ..SummaryOptions::default()
                    };
                    let some = SummaryOptions {
                        limit: Some(Limit::Count(3)),
                        ..all.clone()
                    };
                    let (whole, cut) = (each(&dump, &all), each(&dump, &some));
                    assert_eq!(each(&kept, &all), whole);
                    assert_eq!(each(&kept, &some), cut);
                    assert_eq!(whole.len(), dump.snapshots().len());
                    for (whole, cut) in whole.iter().zip(&cut) {
                        let (shown, rest) = whole.classes.split_at(cut.classes.len());
                        assert_eq!(cut.classes, shown);
                        assert_eq!((&cut.total, cut.snapshot), (&whole.total, whole.snapshot));
                        let sums = rest.iter().map(|class| class.sum_bytes);
                        let active = rest.iter().map(|class| class.active);
                        let more = cut.more.as_ref();
                        let more = more.map_or((0, 0), |more| (more.sum_bytes, more.active));
                        assert_eq!(more, (sums.sum(), active.sum()));
                        compared += 1;
                    }
                }
            }
        }
        assert!(compared > 3000, "{compared}");
    }
}
