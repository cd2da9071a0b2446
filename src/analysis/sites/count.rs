//! Objects counted by the id of their trace, or of a text, and their class.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::Hash;

use foldhash::fast::RandomState;

use super::SitesOptions;
use crate::analysis::summary::SnapshotSelector;
use crate::error::Error;
use crate::model::{
    Class, ClassId, Contents, ObjectId, Rows, Rules, Sizes, Snapshot, TraceId, TrackedObject,
};
use crate::source::Source;

/// What was read of a dump to count its objects.
pub(super) struct Measured<'d, 's> {
    pub(super) dump: &'d Contents,
    /// The largest sizes, where they are asked for.
    pub(super) sizes: Option<Cow<'s, Sizes>>,
    pub(super) alive_at: Option<Snapshot<'d>>,
    pub(super) snapshot: Option<Snapshot<'d>>,
}

impl<'d> Measured<'d, 'd> {
    pub(super) fn read(source: &'d impl Source, options: &SitesOptions) -> Result<Self, Error> {
        let digest = source.digest()?.contents;
        let find = |selector: &Option<SnapshotSelector>| {
            let found = selector.as_ref().map(|selector| selector.first(digest));
            found.transpose()
        };
        let (alive_at, snapshot) = (find(&options.alive_at)?, find(&options.snapshot)?);
        let wanted = options.projection(snapshot);
        let dump = source.keep(source.fetch(wanted, Rows::All)?);
        let sizes = wanted.sizes.map(|_| dump.sizes(Rules::Documented));
        Ok(Measured {
            dump,
            sizes,
            alive_at,
            snapshot,
        })
    }
}

impl Measured<'_, '_> {
    fn largest_bytes(&self, id: ObjectId) -> i64 {
        let sizes = self.sizes.as_deref();
        sizes.map_or(0, |sizes| sizes.largest_bytes(id))
    }

    /// Whether an object is counted, and its bytes; `None` if it is neither counted nor measured.
    fn of(&self, object: TrackedObject<'_>) -> Option<(bool, i64)> {
        let is_active_at =
            |snapshot: Snapshot<'_>| object.is_active_at(snapshot.timestamp_seconds());
        if !self.alive_at.is_none_or(is_active_at) {
            return None;
        }
        let Some(snapshot) = self.snapshot else {
            return Some((true, self.largest_bytes(object.id())));
        };
        let sample = object.live_sample_at(snapshot.timestamp_seconds());
        let size = sample.map(|sample| sample.asized.size_bytes());
        let is_active = is_active_at(snapshot);
        (is_active || size.is_some()).then_some((is_active, size.unwrap_or(0)))
    }
}

/// What was counted of the selected objects of a dump.
pub(crate) struct Traces<'d> {
    pub(crate) dump: &'d Contents,
    /// By trace and class, in no order.
    pub(crate) tallies: Vec<((TraceId, ClassId), Tally)>,
}

impl<'d> Traces<'d> {
    pub(crate) fn of(source: &'d impl Source, options: &SitesOptions) -> Result<Self, Error> {
        let measured = Measured::read(source, options)?;
        let dump = measured.dump;
        let admitted = dump
            .classes()
            .filter(|class| options.filter.admits_class(class.name()));
        let counted = count(&measured, admitted, options, trace_of(dump));
        Ok(Traces {
            dump,
            tallies: counted.into_iter().collect(),
        })
    }
}

/// The traces of objects.
pub(super) fn trace_of(dump: &Contents) -> impl Fn(Class<'_>, ObjectId) -> TraceId {
    |_, object| dump.objects.trace[object.index()]
}
/// What was counted of some objects.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) objects: u64,
    pub(crate) alive: u64,
    pub(super) survivors: u64,
    pub(crate) size_bytes: i128,
    pub(crate) alive_bytes: i128,
}

impl Tally {
    pub(super) fn add(&mut self, other: Tally) {
        self.objects += other.objects;
        self.alive += other.alive;
        self.survivors += other.survivors;
        self.size_bytes += other.size_bytes;
        self.alive_bytes += other.alive_bytes;
    }
}

/// Objects by trace or text and class. In a dump of a million there are few of these, unless they
/// are grouped by repr.
pub(super) type Counted<I> = HashMap<(I, ClassId), Tally, RandomState>;

pub(super) fn count<'d, I: Copy + Ord + Hash>(
    measured: &Measured<'d, '_>,
    classes: impl Iterator<Item = Class<'d>>,
    options: &SitesOptions,
    of: impl Fn(Class<'d>, ObjectId) -> I,
) -> Counted<I> {
    let dump = measured.dump;
    let before_last = dump
        .snapshots()
        .nth_back(1)
        .map(Snapshot::timestamp_seconds);
    let mut counted = Counted::default();
    for class in classes {
        // Objects that were created together mostly stand together.
        let mut run: Option<(I, Tally)> = None;
        for object in class.objects() {
            let id = object.id();
            let largest_bytes = || measured.largest_bytes(id);
            if !options.filter.admits_object(object, largest_bytes) {
                continue;
            }
            let Some((is_counted, size)) = measured.of(object) else {
                continue;
            };
            let key = of(class, id);
            let size = i128::from(size);
            let alive = object.is_alive();
            let survives = alive && before_last.is_some_and(|time| object.is_active_at(time));
            let one = Tally {
                objects: is_counted.into(),
                alive: (is_counted && alive).into(),
                survivors: (is_counted && survives).into(),
                size_bytes: size,
                alive_bytes: if alive { size } else { 0 },
            };
            match &mut run {
                Some((of, tally)) if *of == key => tally.add(one),
                _ => {
                    if let Some((of, tally)) = run.replace((key, one)) {
                        counted.entry((of, class.id())).or_default().add(tally);
                    }
                }
            }
        }
        if let Some((of, tally)) = run {
            counted.entry((of, class.id())).or_default().add(tally);
        }
    }
    counted
}
