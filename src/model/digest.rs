//! Figures that follow from the columns. A native file keeps them, so that they can be told
//! without the columns.

use super::merged_referents::MergedTrees;
use super::{ClassTotals, Cohorts, Contents, Rules, Snapshot};

/// More class totals than these are not kept: classes and snapshots are both many, and what they
/// hold is sooner computed than read.
const MOST_CLASS_TOTALS: usize = 1 << 20;

/// Cohorts are kept if there are so many objects for each of them.
const OBJECTS_PER_COHORT: usize = 8;
const COHORTS_TO_START: usize = 1 << 12;

/// Figures of all objects.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    /// Every class at every snapshot; `None` if those are too many.
    pub(crate) class_totals: Option<ClassTotals>,
    /// Who was born and died between which snapshots; `None` if those are too many.
    pub(crate) cohorts: Option<Cohorts>,
    /// Trees of referents; see [`Contents::merged_trees`].
    pub(crate) merged_trees: Vec<MergedTrees>,
}

/// What there is in a dump as a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Totals {
    /// Listed objects.
    pub(crate) objects: u64,
    /// Those that were alive at the end.
    pub(crate) alive: u64,
    pub(crate) samples: u64,
    pub(crate) referents: u64,
    /// Sizes, those of objects and of referents.
    pub(crate) asized: u64,
    /// Distinct traces.
    pub(crate) traces: u64,
    /// The first birth or snapshot and the last birth, death or snapshot; `None` if there is none.
    pub(crate) span_seconds: Option<(f64, f64)>,
    /// Whether some object has a size.
    pub(crate) has_sizes: bool,
}

impl Figures {
    /// Computes all but the merged trees: a pass for the class totals, one for the cohorts. None of a
    /// dump whose times contradict its order: whoever counts lives reads it whole and puts it in
    /// order first.
    pub(crate) fn of(dump: &Contents) -> Figures {
        if dump.clock_fault().is_some() {
            return Figures::default();
        }
        let few = dump.classes.len().saturating_mul(dump.snapshots.len()) <= MOST_CLASS_TOTALS;
        let cohorts = Cohorts::of(dump, |_| true, |_| true);
        let most = COHORTS_TO_START + dump.listed.len() / OBJECTS_PER_COHORT;
        Figures {
            class_totals: few.then(|| ClassTotals::of(dump)),
            cohorts: (cohorts.cohorts.len() <= most).then_some(cohorts),
            merged_trees: Vec::new(),
        }
    }
}

impl Totals {
    pub(crate) fn of(dump: &Contents) -> Totals {
        let mut sizes = dump
            .objects()
            .map(|object| object.largest_bytes(Rules::Documented));
        let (alive, span_seconds) = Totals::lives(dump);
        Totals {
            objects: dump.listed.len() as u64,
            alive,
            samples: dump.samples.time.len() as u64,
            referents: dump.asized.referents.len() as u64,
            asized: dump.asized.rows.len() as u64,
            traces: dump.traces.ends.len() as u64,
            span_seconds,
            has_sizes: sizes.any(|bytes| bytes != 0),
        }
    }

    /// How many objects are alive, and the first and the last time of all in seconds. One pass
    /// over the lives.
    pub(crate) fn lives(dump: &Contents) -> (u64, Option<(f64, f64)>) {
        let mut alive = 0;
        let (mut first, mut last) = (f64::INFINITY, f64::NEG_INFINITY);
        let mut see = |time: f64| {
            if time.is_finite() {
                (first, last) = (time.min(first), time.max(last));
            }
        };
        for object in dump.objects() {
            see(object.birth_seconds());
            match object.death_seconds() {
                Some(death) => see(death),
                None => alive += 1,
            }
        }
        dump.snapshots()
            .map(Snapshot::timestamp_seconds)
            .for_each(see);
        (alive, (first <= last).then_some((first, last)))
    }
}

impl Contents {
    /// What there is in the whole, from the file if that says it.
    pub(crate) fn totals(&self) -> Totals {
        match &self.of_whole {
            Some(totals) => (**totals).clone(),
            None => Totals::of(self),
        }
    }

    /// How many sizes of referents the whole has.
    pub(crate) fn all_referents(&self) -> u64 {
        let recorded = self.asized.referents.len() as u64;
        self.of_whole.as_ref().map_or(recorded, |all| all.referents)
    }

    /// Whether the whole has objects, and none of them a trace.
    pub(crate) fn is_without_traces(&self) -> bool {
        let recorded = (self.listed.len() as u64, self.traces.ends.len() as u64);
        let all = self.of_whole.as_ref();
        let (objects, traces) = all.map_or(recorded, |all| (all.objects, all.traces));
        objects > 0 && traces == 0
    }

    /// How many `Asized` the whole has.
    pub(crate) fn all_asized(&self) -> u64 {
        let recorded = self.asized.rows.len() as u64;
        self.of_whole.as_ref().map_or(recorded, |all| all.asized)
    }
}
