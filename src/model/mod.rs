//! The contents of a dump: columns inside, views outside.
//!
//! A dump holds millions of objects and tens of millions of sizes, but few classes,
//! names and call sites. So each field is a column, and ids stand for what repeats.
//! Callers never see a column: they get [`TrackedObject`], [`Sample`], [`Asized`],
//! [`Snapshot`], [`Frame`]. The model uses no other module but `room`, and computes no report.

use std::ops::Deref;

mod asized;
mod class_totals;
mod clock;
mod cohorts;
mod digest;
mod id;
mod integer;
mod merged_referents;
mod object;
mod projection;
mod redact;
mod salvaged;
mod sizes;
mod snapshot;
pub(crate) mod subset;
mod survivors;
mod text;
mod timeline;
mod trace;

pub use asized::Asized;
pub use clock::ClockFault;
pub use id::{AsizedId, ClassId, ObjectId, SnapshotId, TraceId};
pub use integer::Integer;
pub use object::{Column, Sample, TrackedObject};
pub use projection::{KeptSizes, Projection, Rows, Samples};
pub use redact::Redaction;
pub use salvaged::Salvaged;
pub use sizes::{Rules, Sizes};
pub use snapshot::{ProcessMemory, Snapshot};
pub use survivors::Survivors;
pub use text::Text;
pub use trace::{Frame, Trace};

pub(crate) use asized::AsizedColumns;
pub(crate) use class_totals::{ClassTotal, ClassTotals};
pub(crate) use cohorts::{Cohort, Cohorts, Place, moments};
pub(crate) use digest::{Figures, Totals};
pub(crate) use merged_referents::{
    KeptMergedTrees, KeptTrees, MAX_LEVEL, MOST_NODES, MergedTree, MergedTrees, Node, Population,
    TreeMerger, find, without_repr,
};
pub(crate) use object::{ObjectColumns, SampleColumns};
pub(crate) use snapshot::{CachedClass, Number, SnapshotRow};
pub(crate) use text::{TextArena, TextId};
pub(crate) use timeline::Timeline;
pub(crate) use trace::{FrameRow, TraceColumns};

/// Everything that a file recorded. It is always whole: what was read of a file in part is
/// [`Contents`], which it dereferences to.
#[derive(Clone, Debug, Default)]
pub struct Dump {
    pub(crate) contents: Contents,
}

impl Deref for Dump {
    type Target = Contents;

    fn deref(&self) -> &Contents {
        &self.contents
    }
}

/// What was read of a dump: all of it, or the columns and objects that were asked for.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    pub(crate) text: TextArena,
    pub(crate) classes: Vec<ClassRow>,
    /// The objects, class behind class, in the order of the index. An object stands
    /// here twice if the program put it into two classes.
    pub(crate) listed: Vec<ObjectId>,
    pub(crate) objects: ObjectColumns,
    pub(crate) samples: SampleColumns,
    pub(crate) asized: AsizedColumns,
    pub(crate) traces: TraceColumns,
    pub(crate) snapshots: Vec<SnapshotRow>,
    /// The snapshots in the order of the dump.
    pub(crate) snapshot_rows: Vec<SnapshotId>,
    pub(crate) notes: Notes,
    /// What a native file says of the whole that this is a part of; `None` if this is the whole.
    pub(crate) of_whole: Option<Box<Totals>>,
    /// Sizes that a native file keeps, if they were asked for, and by whose rules.
    pub(crate) sizes: Option<Box<(Rules, Sizes)>>,
    /// The numbers in the whole of the objects of a part, ascending; `None` if these are the same.
    pub(crate) recorded: Option<Vec<ObjectId>>,
}

/// What loading noticed and no figure shows.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Notes {
    /// Bytes behind the second pickle, which Pympler ignores too.
    pub trailing_bytes: u64,
    /// More bytes followed than were counted.
    pub trailing_uncounted: bool,
    /// What is lost of a dump that was read only as far as it is whole; `None` of whole ones.
    pub salvaged: Option<Salvaged>,
    /// Globals that no Pympler dump needs, as `module.name`. None was imported.
    pub unknown_globals: Vec<String>,
    /// The pickle protocols of the index and of the snapshots.
    pub protocols: [u8; 2],
    /// Which format the dump was read from.
    pub origin: Origin,
    /// How the file was compressed; `None` if it was not.
    pub compression: Option<&'static str>,
    /// Which checksum over its bytes was compared while it was read: `crc32`, `crc64`, `sha256` or
    /// `xxh64`. `None` where there is none over all of them, so that a byte that changed since it
    /// was written need not be noticed: of plain pickles always.
    pub checksum: Option<&'static str>,
    /// The size of the file; `None` where it was no file.
    pub file_bytes: Option<u64>,
    /// The size of the dump itself, decompressed and without what follows it.
    pub dump_bytes: u64,
    /// Why times were moved by [`Dump::put_in_order`]; `None` if they are those recorded.
    pub clock: Option<ClockFault>,
}

/// The format that a dump was read from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Two pickles, as Pympler writes them.
    #[default]
    Pympler,
    /// ctstats' own format.
    Native {
        /// The format's version.
        version: u32,
    },
}

/// A class's row: its name and its part of `listed`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClassRow {
    pub(crate) name: TextId,
    pub(crate) start: u32,
    pub(crate) count: u32,
}

/// A class as it was registered with the tracker.
#[derive(Clone, Copy)]
pub struct Class<'d> {
    pub(crate) dump: &'d Contents,
    pub(crate) id: ClassId,
}

impl<'d> Class<'d> {
    /// Which class of the dump it is.
    pub fn id(self) -> ClassId {
        self.id
    }

    /// The name under which it was registered.
    pub fn name(self) -> Text<'d> {
        self.dump.text.get(self.dump.classes[self.id.index()].name)
    }

    /// Its objects in the order of their creation.
    pub fn objects(self) -> impl ExactSizeIterator<Item = TrackedObject<'d>> {
        let dump = self.dump;
        let row = dump.classes[self.id.index()];
        let start = row.start as usize;
        dump.listed[start..start + row.count as usize]
            .iter()
            .map(move |&id| TrackedObject { dump, id })
    }
}

impl Contents {
    /// The classes in the order of registration.
    pub fn classes(&self) -> impl ExactSizeIterator<Item = Class<'_>> {
        let ids = (0..self.classes.len()).map(ClassId::at);
        ids.map(move |id| Class { dump: self, id })
    }

    /// The tracked objects, class behind class. An object in two classes comes twice.
    pub fn objects(&self) -> impl ExactSizeIterator<Item = TrackedObject<'_>> {
        self.listed
            .iter()
            .map(move |&id| TrackedObject { dump: self, id })
    }

    /// How many sizes of objects were recorded.
    pub fn sample_count(&self) -> usize {
        self.samples.time.len()
    }

    /// How many sizes of referents were recorded.
    pub fn referent_count(&self) -> usize {
        self.asized.referents.len()
    }

    /// How many distinct traces there are.
    pub fn trace_count(&self) -> usize {
        self.traces.ends.len()
    }

    /// How many objects are listed: what a fraction as a limit is of.
    pub fn object_count(&self) -> usize {
        self.listed.len()
    }

    /// The object of an id.
    ///
    /// # Panics
    ///
    /// If no object of this dump has it.
    pub fn object(&self, id: ObjectId) -> TrackedObject<'_> {
        assert!(id.index() < self.objects.len(), "no object has this id");
        TrackedObject { dump: self, id }
    }

    /// The id in the whole of an object of this part.
    pub(crate) fn recorded_id(&self, id: ObjectId) -> ObjectId {
        self.recorded
            .as_ref()
            .map_or(id, |recorded| recorded[id.index()])
    }

    /// The object of an id in the whole.
    pub(crate) fn recorded_object(&self, id: ObjectId) -> Option<TrackedObject<'_>> {
        let own = match &self.recorded {
            Some(recorded) => ObjectId::at(recorded.binary_search(&id).ok()?),
            None => id,
        };
        let id = (own.index() < self.objects.len()).then_some(own)?;
        Some(TrackedObject { dump: self, id })
    }

    /// The objects of some ids in the whole. Mostly these ascend, and then each is soon found behind the
    /// one before.
    pub(crate) fn recorded_objects(
        &self,
        ids: &[ObjectId],
    ) -> impl Iterator<Item = TrackedObject<'_>> {
        /// So many are looked at one by one.
        const NEAR: usize = 16;
        let mut next = 0;
        ids.iter().filter_map(move |&id| {
            let Some(recorded) = &self.recorded else {
                return self.recorded_object(id);
            };
            let near = recorded.iter().skip(next).take(NEAR);
            let place = near
                .take_while(|&&other| other <= id)
                .position(|&other| other == id);
            let place = match place {
                Some(behind) => next + behind,
                None => recorded.binary_search(&id).ok()?,
            };
            next = place + 1;
            let id = ObjectId::at(place);
            (place < self.objects.len()).then_some(TrackedObject { dump: self, id })
        })
    }

    /// The snapshots in the order recorded.
    pub fn snapshots(&self) -> impl ExactSizeIterator<Item = Snapshot<'_>> + DoubleEndedIterator {
        (0..self.snapshot_rows.len()).map(move |place| Snapshot { dump: self, place })
    }

    /// The largest snapshot: the first of those with the greatest tracked total.
    ///
    /// Pympler means this and takes the last with a positive total, since its `maxsize` is never updated.
    pub fn peak_snapshot(&self) -> Option<Snapshot<'_>> {
        self.snapshots()
            .filter(|snapshot| snapshot.tracked_total_bytes() > 0)
            .reduce(|a, b| {
                if b.tracked_total_bytes() > a.tracked_total_bytes() {
                    b
                } else {
                    a
                }
            })
    }

    /// What loading noticed.
    pub fn notes(&self) -> &Notes {
        &self.notes
    }

    /// Whether walking it object by object visits each sample a bounded number of times.
    /// Objects may share samples, so that a short file could unfold without end.
    pub(crate) fn is_proportionate(&self) -> bool {
        let all = &self.objects.sample_count;
        let counts = self.listed.iter().filter_map(|id| all.get(id.index()));
        counts.map(|&count| u64::from(count)).sum::<u64>()
            <= 4 * self.samples.time.len() as u64 + (1 << 20)
    }

    pub(crate) fn class_name(&self, id: ClassId) -> Text<'_> {
        Class { dump: self, id }.name()
    }

    pub(crate) fn optional_text(&self, id: TextId) -> Option<Text<'_>> {
        (id != TextId::NONE).then(|| self.text.get(id))
    }
}
