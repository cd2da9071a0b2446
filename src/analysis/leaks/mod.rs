//! What leaks: a verdict on each class, and for each suspect what to know of it next.
//!
//! A leak is told from a cache, a start or mere churn by two things: the trend of instances
//! and bytes over the snapshots, and who survives. Neither is proof; [`Leaks::limits`] says
//! what a dump cannot show.

mod attribute;
mod date;
mod decline;
mod growth;
mod hint;
mod known;
mod mention;
mod survival;
mod suspect;
mod swelling;
mod trend;
mod verdict;

use std::borrow::Cow;
use std::collections::HashMap;

use foldhash::fast::FixedState;
use serde::Serialize;

pub use date::Date;
pub use hint::Hint;
pub use known::{Idle, IdleReason, Ignored, KnownLeak, load_known};
pub use mention::Mention;
pub use survival::Survival;
pub use suspect::{Holder, Origin, SurvivorDetail, SurvivorObject};
pub use trend::Trend;
#[cfg(feature = "fleet")]
pub(super) use trend::median;
pub(super) use trend::upper_median;
pub(super) use verdict::ENOUGH_SNAPSHOTS;
pub use verdict::{Confidence, Evidence, Pattern, Reason, Verdict};

use growth::{Course, Growth};
use hint::Grown;
use swelling::{Compared, Swelling};
use verdict::Rows;

use super::coverage::Coverage;
use super::history::{History, HistoryLimits};
use super::own_code::OwnCode;
use super::summary::{SnapshotName, SnapshotSelector};
use super::traps::Trap;
use crate::error::Error;
use crate::model::{ClassId, Cohorts, Contents, Salvaged, Snapshot, Survivors, Text};
use crate::named::{named, parsed_by_name};
use crate::select::{Filter, Limit};
use crate::source::{Digest, Source};

/// How many snapshots are compared at most, and with however many classes.
const MOST_SNAPSHOTS: usize = 200;
const LEAST_SNAPSHOTS: usize = 16;

/// Classes of so few objects are always looked at for objects that hold more and more; others
/// only if so much of their growth is not explained by the number of instances.
const FEW_OBJECTS: u64 = 200;
const UNEXPLAINED: f64 = 0.2;

/// How many pairs of snapshots are compared, of all classes together. Every class is weighed;
/// where they are many, fewer snapshots are looked at.
const MOST_PAIRS: usize = 80_000_000;

named! {
    /// What to sort classes by.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum LeakSortKey {
        /// Growth in bytes, descending.
        Growth = "growth",
        /// Bytes at the last snapshot, descending.
        Bytes = "bytes",
        /// Growth in instances, descending.
        Active = "active",
        /// How sure the verdict is, descending.
        Confidence = "confidence",
        /// The registered name, ascending.
        ClassName = "classname",
    }
}

parsed_by_name!(LeakSortKey);

impl LeakSortKey {
    /// The order when none is asked for.
    pub const DEFAULT: [LeakSortKey; 2] = [LeakSortKey::Confidence, LeakSortKey::Growth];
}

/// What to look for.
#[derive(Clone, Debug, Default)]
pub struct LeaksOptions {
    /// Which classes, and which objects count.
    pub filter: Filter,
    /// Survivors are those born between these two snapshots; default the first and the last
    /// but one, of two snapshots those.
    pub between: Option<(SnapshotSelector, SnapshotSelector)>,
    /// And alive at this one; default the last.
    pub alive_at: Option<SnapshotSelector>,
    /// Sort keys of suspects, and of the other classes; none means [`LeakSortKey::DEFAULT`].
    pub sort: Vec<LeakSortKey>,
    /// Turns both round.
    pub reverse: bool,
    /// How many suspects to look at closely; of the others only the verdict is told.
    pub limit: Option<Limit>,
    /// Which code is the program's own.
    pub own: OwnCode,
    /// What grew by less is no suspect, in bytes. Classes of 0 bytes have no such floor.
    pub min_growth_bytes: u64,
    /// Suspects that are accepted, and set aside. All of these hold: those that are accepted no
    /// more ([`KnownLeak::is_expired`]) are not to be among them.
    pub known: Vec<KnownLeak>,
}

/// The three snapshots that survivors are chosen by.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Between<'d> {
    /// Born at this one or after it,
    pub from: SnapshotName<'d>,
    /// before this one,
    pub to: SnapshotName<'d>,
    /// and alive at this one.
    pub alive_at: SnapshotName<'d>,
}

/// A class with its verdict.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassVerdict<'d> {
    /// The registered name.
    pub class: Text<'d>,
    /// The verdict.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// What it rests on.
    #[serde(flatten)]
    pub evidence: Evidence,
    #[serde(skip)]
    id: ClassId,
    /// The objects that hold what it grew by, if it swells.
    #[serde(skip)]
    compared: Option<Compared>,
    /// What grew at the snapshots that were compared, its bytes if it swells, else instances; of
    /// suspects alone.
    #[serde(skip)]
    row: Vec<f64>,
    /// Whether it grew by less than a ten-thousandth of the process: true or not, it matters little.
    pub is_small: bool,
    /// The snapshot after which it began to grow; `None` unless it grows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Since<'d>>,
}

/// When a class began to grow.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Since<'d> {
    /// The snapshot.
    #[serde(flatten)]
    pub snapshot: SnapshotName<'d>,
    /// Whether it is the first of all: it may have grown before.
    pub is_first: bool,
}

/// A class that may leak, looked at closely.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Suspect<'d> {
    /// The class and its verdict.
    #[serde(flatten)]
    pub class: ClassVerdict<'d>,
    /// Its survivors.
    pub kept: SurvivorDetail<'d>,
    /// What may hold them, the best hint first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<Hint<'d>>,
}

/// Something that a dump cannot show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "limit", rename_all = "snake_case")]
pub enum Unknown {
    /// Who keeps an object alive.
    Referrers,
    /// Classes that were not tracked, and memory that no Python object owns.
    UntrackedMemory,
    /// Whether what grew would have gone on growing.
    FurtherGrowth,
    /// What the missing part shows of a dump that is not whole.
    MissingPart,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Leaks<'d> {
    /// What is lost of the dump, if it was read only as far as it is whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salvaged: Option<&'d Salvaged>,
    /// How much of the process the tracked classes explain at all.
    pub coverage: Coverage<'d>,
    /// How many snapshots the verdicts rest on.
    pub snapshots: usize,
    /// How many objects passed the filter, over all classes. Of none nothing can be said.
    pub objects: u64,
    /// Whether a filter was asked for.
    #[serde(skip)]
    pub has_filter: bool,
    /// Whether any object of the dump has a trace.
    #[serde(skip)]
    pub has_traces: bool,
    /// Whether any object of the dump has referents.
    #[serde(skip)]
    pub has_referents: bool,
    /// Which survivors are looked at; `None` with fewer than two snapshots.
    pub between: Option<Between<'d>>,
    /// Those that may leak, sorted: unless asked otherwise likely ones first, then by how much
    /// they grew.
    pub suspects: Vec<Suspect<'d>>,
    /// Suspects that the limit left out: their verdicts alone.
    pub more_suspects: Vec<ClassVerdict<'d>>,
    /// Those that may leak and are known and accepted, sorted in the same way. They are no suspects.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<Ignored<'d>>,
    /// What was to be set aside, but is no suspect.
    #[serde(skip)]
    pub idle: Vec<Idle>,
    /// Those that grow by less and less, as a cache does that fills up; sorted in the same way.
    pub filling: Vec<ClassVerdict<'d>>,
    /// The other classes that hold or held something, sorted in the same way.
    pub cleared: Vec<ClassVerdict<'d>>,
    /// What the verdicts suffer from, in the recording of the whole dump.
    pub traps: Vec<Trap<'d>>,
    /// What this dump cannot show.
    pub limits: Vec<Unknown>,
}

/// The verdicts on the classes, before any suspect is looked at. They take what a summary tells,
/// and who was born and died between which snapshots.
pub struct Verdicts<'d> {
    digest: Digest<'d>,
    options: LeaksOptions,
    /// Of the objects that pass the filter.
    cohorts: Cow<'d, Cohorts>,
    /// The moments of the snapshots that were compared.
    seconds: Vec<f64>,
    /// The objects of each class that took on most; `None` where a filter hides some.
    grown: Option<Vec<Grown<'d>>>,
    objects: u64,
    coverage: Coverage<'d>,
    between: Option<[Snapshot<'d>; 3]>,
    suspects: Vec<ClassVerdict<'d>>,
    more_suspects: Vec<ClassVerdict<'d>>,
    ignored: Vec<Ignored<'d>>,
    idle: Vec<Idle>,
    filling: Vec<ClassVerdict<'d>>,
    cleared: Vec<ClassVerdict<'d>>,
}

impl<'d> Verdicts<'d> {
    /// Weighs the classes.
    ///
    /// # Errors
    ///
    /// If a selector names no snapshot of this dump, or the dump cannot be read.
    pub fn of(source: &'d impl Source, options: &LeaksOptions) -> Result<Self, Error> {
        let digest = source.digest()?;
        let dump = digest.contents;
        let between = between(dump, options)?;
        let history = history(source, &options.filter)?;
        let cohorts = options.filter.cohorts(source)?;
        let (weighed, recording) = weigh(dump, &history, &cohorts);
        let bytes = recording.growths(&weighed);
        let mut held = held(source, &options.filter, &weighed, &bytes, &recording)?;
        let grown = options.filter.is_empty().then(|| grown(&weighed, &held));
        let mut suspects = Vec::new();
        let mut filling = Vec::new();
        let mut cleared = Vec::new();
        for (class, bytes) in weighed.into_iter().zip(bytes) {
            let held = held.remove(&class.id);
            let class = class.judged(bytes, held, &recording, options);
            match class.verdict.confidence {
                Confidence::No => cleared.push(class),
                Confidence::Filling => filling.push(class),
                Confidence::Possible | Confidence::Likely => suspects.push(class),
            }
        }
        sort(&mut filling, options);
        sort(&mut cleared, options);
        sort(&mut suspects, options);
        let survivors = between.map(Survivors::of);
        let (mut suspects, ignored, idle) = known::set_aside(source, suspects, survivors, options)?;
        let more_suspects = suspects.split_off(Limit::kept(options.limit, suspects.len()));
        Ok(Verdicts {
            digest,
            options: options.clone(),
            coverage: coverage(source, &options.filter, &history)?,
            objects: objects(dump, &options.filter, &cohorts),
            seconds: recording.seconds,
            grown,
            cohorts,
            between,
            suspects,
            more_suspects,
            ignored,
            idle,
            filling,
            cleared,
        })
    }

    /// How many snapshots the verdicts rest on.
    pub fn snapshots(&self) -> usize {
        self.seconds.len()
    }

    /// The suspects that are known and accepted.
    pub fn ignored(&self) -> &[Ignored<'d>] {
        &self.ignored
    }

    /// What was to be set aside, but is no suspect.
    pub fn idle(&self) -> &[Idle] {
        &self.idle
    }

    /// All classes that were weighed, suspects first, then those that are known.
    pub fn into_classes(self) -> impl Iterator<Item = ClassVerdict<'d>> {
        let suspects = self.suspects.into_iter().chain(self.more_suspects);
        let ignored = self.ignored.into_iter().map(|ignored| ignored.verdict);
        let others = self.filling.into_iter().chain(self.cleared);
        suspects.chain(ignored).chain(others)
    }

    /// Looks at the suspects.
    fn look(self, source: &'d impl Source) -> Result<Leaks<'d>, Error> {
        let totals = self.digest.totals()?;
        let notes = self.digest.contents.notes();
        let mut limits = vec![
            Unknown::Referrers,
            Unknown::UntrackedMemory,
            Unknown::FurtherGrowth,
        ];
        let salvaged = notes.salvaged.as_ref();
        if salvaged.is_some() {
            limits.push(Unknown::MissingPart);
        }
        let mut kept = vec![SurvivorDetail::default(); self.suspects.len()];
        if let Some(survivors) = self.between.map(Survivors::of).filter(|_| !kept.is_empty()) {
            let suspects = self.suspects.iter();
            let classes: Vec<_> = suspects
                .map(|class| (class.id, class.compared.as_ref()))
                .collect();
            kept = suspect::look(source, &classes, survivors, &self.options)?;
        }
        // Traps are those of the whole recording.
        let all = match self.options.filter.is_empty() {
            true => self.cohorts,
            false => Filter::default().cohorts(source)?,
        };
        let suspects = self.suspects.into_iter().zip(kept);
        let suspects = suspects.map(|(class, kept)| Suspect {
            class,
            kept,
            hints: Vec::new(),
        });
        let mut suspects: Vec<Suspect<'d>> = suspects.collect();
        if !suspects.is_empty() && totals.referents > 0 {
            let grown = match self.grown {
                Some(grown) => grown,
                None => grown_of_all(source)?,
            };
            let hints = hint::hints(source, &suspects, grown, &self.seconds)?;
            for (suspect, hints) in suspects.iter_mut().zip(hints) {
                suspect.hints = hints;
            }
        }
        Ok(Leaks {
            salvaged,
            coverage: self.coverage,
            snapshots: self.seconds.len(),
            objects: self.objects,
            has_filter: !self.options.filter.is_empty(),
            has_traces: totals.traces > 0,
            has_referents: totals.referents > 0,
            suspects,
            more_suspects: self.more_suspects,
            ignored: self.ignored,
            idle: self.idle,
            filling: self.filling,
            between: self.between.map(|[from, to, alive_at]| Between {
                from: SnapshotName::of(from),
                to: SnapshotName::of(to),
                alive_at: SnapshotName::of(alive_at),
            }),
            cleared: self.cleared,
            traps: Trap::among(&totals, &all, source)?,
            limits,
        })
    }
}

impl ClassVerdict<'_> {
    /// The number of the class in its dump.
    pub(crate) fn id(&self) -> ClassId {
        self.id
    }

    /// What grew at the snapshots that were compared, its bytes if it swells, else instances; empty
    /// unless it is a suspect.
    #[cfg(feature = "fleet")]
    pub(super) fn row(&self) -> &[f64] {
        &self.row
    }
}

impl<'d> Leaks<'d> {
    /// All classes that were weighed, but for those that are ignored: suspects first, then those that
    /// may fill a cache, then those that do not grow.
    pub fn classes(&self) -> impl Iterator<Item = &ClassVerdict<'d>> + Clone {
        let suspects = self.suspects.iter().map(|suspect| &suspect.class);
        let others = self.filling.iter().chain(&self.cleared);
        suspects.chain(&self.more_suspects).chain(others)
    }

    /// Weighs the classes and looks at the suspects.
    ///
    /// # Errors
    ///
    /// If a selector names no snapshot of this dump, or the dump cannot be read.
    pub fn of(source: &'d impl Source, options: &LeaksOptions) -> Result<Self, Error> {
        Verdicts::of(source, options)?.look(source)
    }
}

/// A class with the figures that its verdict rests on.
struct Weighed<'d> {
    class: Text<'d>,
    id: ClassId,
    evidence: Evidence,
    /// How many objects there were.
    objects: u64,
    /// Instances alive at each snapshot.
    instances: Vec<f64>,
    /// Their bytes.
    bytes: Vec<f64>,
}

impl<'d> Weighed<'d> {
    /// The verdict, and since when the class grows.
    fn judged(
        self,
        bytes: Growth,
        held: Option<Swelling>,
        recording: &Recording<'_, 'd>,
        options: &LeaksOptions,
    ) -> ClassVerdict<'d> {
        let rows = Rows {
            instances: recording.growth(&self.instances),
            bytes,
            held,
            waves: self.waves(),
            tests: recording.tests,
        };
        let verdict = self.evidence.verdict(&rows, options.min_growth_bytes);
        let swells = verdict.pattern == Pattern::Swelling;
        let (since, compared) = match rows.held.filter(|_| swells) {
            Some(swelling) if verdict.reasons.contains(&Reason::ReplacedByLarger) => {
                (rows.bytes.since, Some(Compared::Ends(swelling.at_ends)))
            }
            Some(swelling) => {
                let since = swelling.growth.since;
                (since, Some(Compared::Each(swelling.swollen)))
            }
            None => (rows.instances.since, None),
        };
        let grows = verdict.confidence != Confidence::No;
        let row = match verdict.confidence {
            Confidence::No | Confidence::Filling => Vec::new(),
            _ if swells => self.bytes,
            _ => self.instances,
        };
        ClassVerdict {
            class: self.class,
            is_small: grows && self.evidence.is_small_in(recording.process_bytes),
            verdict,
            evidence: self.evidence,
            id: self.id,
            since: Some(since)
                .filter(|_| grows)
                .and_then(|since| recording.since(since)),
            compared,
            row,
        }
    }

    fn comes_and_goes(&self) -> bool {
        self.evidence.survival.born > self.evidence.survival.survived
    }

    /// What the number of instances grew by, since the first snapshot that saw one or the one before,
    /// in roots of its mean.
    fn waves(&self) -> f64 {
        let row = &self.instances[growth::emptiness(&self.instances)..];
        let mean = row.iter().sum::<f64>() / row.len().max(1) as f64;
        match (row.first(), row.last()) {
            (Some(first), Some(last)) => (last - first) / mean.max(1.0).sqrt(),
            _ => 0.0,
        }
    }

    /// Whether its living instances may hold more than at first: of many objects only if their
    /// number does not explain what the class grew by.
    fn may_swell(&self, bytes: &Growth, recording: &Recording<'_, '_>) -> bool {
        let (Some(&last), Some(&number_last)) = (self.bytes.last(), self.instances.last()) else {
            return false;
        };
        let Some(start) = self.instances.iter().position(|&number| number > 0.0) else {
            return false;
        };
        let (first, number) = (self.bytes[start], self.instances[start]);
        let growth = last - first;
        if recording.seconds.len() < ENOUGH_SNAPSHOTS || number_last <= 0.0 || growth <= 0.0 {
            return false;
        }
        let by_number = (number_last - number) * first / number;
        if self.objects > FEW_OBJECTS && growth - by_number <= UNEXPLAINED * growth {
            return false;
        }
        ![Course::Still, Course::Stopped, Course::Once].contains(&bytes.course)
    }
}

/// What is the same for all classes.
struct Recording<'h, 'd> {
    history: &'h History<'d>,
    /// The moments of the snapshots that are compared, ascending, and their places in the history.
    seconds: Vec<f64>,
    places: Vec<usize>,
    /// How many classes come and go.
    tests: usize,
    /// The size of the process at the last snapshot; `None` where it is unknown.
    process_bytes: Option<i128>,
}

impl<'d> Recording<'_, 'd> {
    /// How a row of figures goes on.
    fn growth(&self, figures: &[f64]) -> Growth {
        Growth::of(figures, &self.seconds, self.tests)
    }

    /// How the bytes of each class go on.
    fn growths(&self, weighed: &[Weighed<'_>]) -> Vec<Growth> {
        let rows = weighed.iter().map(|class| &class.bytes);
        rows.map(|bytes| self.growth(bytes)).collect()
    }

    /// The compared snapshot of this number as a beginning of growth.
    fn since(&self, number: usize) -> Option<Since<'d>> {
        let snapshot = &self.history.snapshots[*self.places.get(number)?];
        Some(Since {
            snapshot: SnapshotName::of_summary(snapshot),
            is_first: number == 0,
        })
    }
}

/// What living instances took on, of the classes that may swell.
fn held(
    source: &impl Source,
    filter: &Filter,
    weighed: &[Weighed<'_>],
    bytes: &[Growth],
    recording: &Recording<'_, '_>,
) -> Result<HashMap<ClassId, Swelling, FixedState>, Error> {
    let candidates = weighed.iter().zip(bytes);
    let candidates = candidates.filter(|(class, bytes)| class.may_swell(bytes, recording));
    let mut classes: Vec<ClassId> = candidates.map(|(class, _)| class.id).collect();
    classes.sort_unstable();
    Swelling::of_classes(source, filter, &classes, &recording.seconds)
}

/// The objects of each class that took on most, of classes whose living objects go on doing so: sizes
/// that waver are no sign of somebody who keeps things.
fn grown<'d>(
    weighed: &[Weighed<'d>],
    held: &HashMap<ClassId, Swelling, FixedState>,
) -> Vec<Grown<'d>> {
    let grown = weighed.iter().filter_map(|class| {
        let swelling = held.get(&class.id)?;
        let goes_on = [Course::GoesOn, Course::Slowing, Course::Uncertain];
        let goes_on = goes_on.contains(&swelling.growth.course);
        let swollen = swelling.swollen.iter().take(hint::MOST_OBJECTS);
        let swollen = swollen.filter(|_| goes_on);
        Some(Grown {
            id: class.id,
            class: class.class,
            of: class.objects,
            growth_bytes: swelling.growth_bytes,
            objects: swollen.copied().collect(),
        })
    });
    grown.filter(|grown| !grown.objects.is_empty()).collect()
}

/// The same of all classes: who holds a suspect may not pass the filter.
fn grown_of_all<'d>(source: &'d impl Source) -> Result<Vec<Grown<'d>>, Error> {
    let all = Filter::default();
    let history = history(source, &all)?;
    let cohorts = all.cohorts(source)?;
    let (weighed, recording) = weigh(source.digest()?.contents, &history, &cohorts);
    let bytes = recording.growths(&weighed);
    let held = held(source, &all, &weighed, &bytes, &recording)?;
    Ok(grown(&weighed, &held))
}

/// What the classes held at the snapshots that are compared.
fn history<'d>(source: &'d impl Source, filter: &Filter) -> Result<History<'d>, Error> {
    let classes = source.digest()?.contents.classes().len();
    let limits = HistoryLimits {
        snapshots: snapshots_compared(classes),
        classes: usize::MAX,
        only_used: true,
    };
    History::of(source, filter, limits)
}

/// Classes that held something, with their figures, and what is the same for all of them.
fn weigh<'h, 'd>(
    dump: &Contents,
    history: &'h History<'d>,
    cohorts: &Cohorts,
) -> (Vec<Weighed<'d>>, Recording<'h, 'd>) {
    let (seconds, places) = history.timed();
    let weighed = weighed(dump, history, &places, &seconds, cohorts);
    let comes_and_goes = |class: &&Weighed<'_>| class.comes_and_goes();
    let recording = Recording {
        tests: weighed.iter().filter(comes_and_goes).count(),
        process_bytes: history.snapshots.last().and_then(|last| {
            let process = last.process_resident_bytes.or(last.process_virtual_bytes);
            process.or(last.asizeof_total_bytes)
        }),
        history,
        seconds,
        places,
    };
    (weighed, recording)
}

fn weighed<'d>(
    dump: &Contents,
    history: &History<'d>,
    places: &[usize],
    seconds: &[f64],
    cohorts: &Cohorts,
) -> Vec<Weighed<'d>> {
    let mut weighed = Vec::new();
    for row in &history.classes {
        let figures = |of: fn(&super::history::ClassUsage) -> i128| -> Vec<i128> {
            places.iter().map(|&place| of(&row.held[place])).collect()
        };
        let bytes = figures(|held| held.sum_bytes);
        let instances = figures(|held| held.active.into());
        if bytes.iter().chain(&instances).all(|&figure| figure == 0) {
            continue;
        }
        let trend = |figures: &[i128]| {
            let trend = Trend::of(seconds, figures);
            // Where times were moved, nobody knows how many seconds passed.
            let per_second = trend.per_second.filter(|_| dump.notes().clock.is_none());
            Trend {
                per_second,
                ..trend
            }
        };
        let start = instances.iter().position(|&instances| instances > 0);
        let evidence = Evidence {
            snapshots: seconds.len(),
            span_seconds: match (seconds.first(), seconds.last()) {
                (Some(first), Some(last)) => last - first,
                _ => 0.0,
            },
            instances: trend(&instances),
            bytes: trend(&bytes),
            bytes_at_start: start.map_or(0, |start| bytes[start]),
            weightless: bytes.iter().all(|&bytes| bytes == 0),
            survival: Survival::of(cohorts, row.id, seconds),
        };
        let floats = |figures: &[i128]| figures.iter().map(|&figure| figure as f64).collect();
        weighed.push(Weighed {
            class: row.class,
            id: row.id,
            evidence,
            objects: cohorts.objects_of(row.id),
            instances: floats(&instances),
            bytes: floats(&bytes),
        });
    }
    weighed
}

fn sort(classes: &mut [ClassVerdict<'_>], options: &LeaksOptions) {
    let keys = match &options.sort[..] {
        [] => &LeakSortKey::DEFAULT[..],
        keys => keys,
    };
    classes.sort_by(|a, b| {
        let (x, y) = (&a.evidence, &b.evidence);
        let by = |key: &LeakSortKey| match key {
            LeakSortKey::Growth => y.bytes.change().cmp(&x.bytes.change()),
            LeakSortKey::Bytes => y.bytes.last.cmp(&x.bytes.last),
            LeakSortKey::Active => y.instances.change().cmp(&x.instances.change()),
            LeakSortKey::Confidence => b.verdict.confidence.cmp(&a.verdict.confidence),
            LeakSortKey::ClassName => a.class.cmp(&b.class),
        };
        // What is small comes last, unless an order was asked for.
        let small = match options.sort[..] {
            [] => a.is_small.cmp(&b.is_small),
            _ => std::cmp::Ordering::Equal,
        };
        let ordering = keys.iter().map(by).find(|ordering| ordering.is_ne());
        let ordering = Some(small).filter(|small| small.is_ne()).or(ordering);
        ordering.unwrap_or(std::cmp::Ordering::Equal)
    });
    if options.reverse {
        classes.reverse();
    }
}

/// Of all classes: without a filter those are weighed already.
fn coverage<'d>(
    source: &'d impl Source,
    filter: &Filter,
    history: &History<'_>,
) -> Result<Coverage<'d>, Error> {
    if !filter.is_empty() {
        return Coverage::of(source);
    }
    Ok(Coverage::with(source.digest()?.contents, |number| {
        let mut snapshots = history.snapshots.iter();
        let snapshot = snapshots.find(|snapshot| snapshot.snapshot == number)?;
        Some(snapshot.total.sum_bytes)
    }))
}

/// How many objects pass the filter; `cohorts` may be of all classes.
fn objects(dump: &Contents, filter: &Filter, cohorts: &Cohorts) -> u64 {
    let classes = dump.classes();
    let classes = classes.filter(|class| filter.admits_class(class.name()));
    let objects = classes.map(|class| cohorts.objects_of(class.id()));
    objects.sum()
}

fn snapshots_compared(classes: usize) -> usize {
    (MOST_PAIRS / classes.max(1))
        .isqrt()
        .clamp(LEAST_SNAPSHOTS, MOST_SNAPSHOTS)
}

/// The three snapshots; the defaults are the first, the last but one, and the last.
fn between<'d>(
    dump: &'d Contents,
    options: &LeaksOptions,
) -> Result<Option<[Snapshot<'d>; 3]>, Error> {
    let find = |selector: &SnapshotSelector| selector.first(dump);
    let default = |place: usize| Some(dump.first_and_last_snapshots()?[place]);
    let (from, to) = match &options.between {
        Some((from, to)) => (Some(find(from)?), Some(find(to)?)),
        None => (default(0), default(1)),
    };
    let alive_at = match &options.alive_at {
        Some(selector) => Some(find(selector)?),
        None => default(2),
    };
    Ok(match (from, to, alive_at) {
        (Some(from), Some(to), Some(alive_at)) => Some([from, to, alive_at]),
        _ => None,
    })
}
