//! Snapshots: the process as a whole at the moments when objects were sized.
//!
//! A native file has the rows as bincode encodes them, so their fields keep their order.

use bincode::{Decode, Encode};

use super::Contents;
use super::id::{AsizedId, SnapshotId};
use super::text::{Text, TextId};

/// A number out of a cached annotation, of the type that it had.
#[derive(Clone, Copy, Debug, Decode, Encode, PartialEq)]
pub(crate) enum Number {
    Int(i128),
    Float(f64),
    /// An int beyond 128 bits, by its decimal digits. Only of what is printed as it is: the count
    /// of the active, and the share.
    Huge(TextId),
}

/// What Pympler knew of the process (`pympler.process.ProcessMemoryInfo`), in bytes.
#[derive(Clone, Debug, Decode, Default, Encode, PartialEq)]
pub struct ProcessMemory {
    /// Whether the platform gave figures at all.
    pub available: bool,
    /// Virtual size, in bytes.
    pub virtual_bytes: i128,
    /// Resident set size, in bytes; 0 where it is unknown.
    pub resident_bytes: i128,
    pub(crate) kind: u8,
    /// The process's number; `None`, here and below, where the dump does not say.
    pub pid: Option<i64>,
    /// Page faults until then.
    pub pagefaults: Option<i64>,
    /// Bytes of the data segment.
    pub data_segment: Option<i64>,
    /// Bytes of the code segment.
    pub code_segment: Option<i64>,
    /// Bytes of shared segments.
    pub shared_segment: Option<i64>,
    /// Bytes of the stack.
    pub stack_segment: Option<i64>,
    /// Labelled texts of the platform: (label, text).
    pub(crate) os_specific: Vec<(TextId, TextId)>,
}

/// One class's figures as Pympler had cached them in the snapshot.
#[derive(Clone, Debug, Decode, Encode)]
pub(crate) struct CachedClass {
    pub(crate) class: TextId,
    pub(crate) sum: Number,
    pub(crate) average: Number,
    pub(crate) percent: Number,
    pub(crate) active: Number,
    /// The root of the merged tree.
    pub(crate) merged: Option<AsizedId>,
}

impl CachedClass {
    /// A class of which nothing was cached.
    pub(crate) fn empty(class: TextId) -> Self {
        let zero = Number::Int(0);
        CachedClass {
            class,
            sum: zero,
            average: zero,
            percent: zero,
            active: zero,
            merged: None,
        }
    }
}

/// A snapshot's row. Dumps have few.
#[derive(Clone, Debug, Decode, Encode)]
pub(crate) struct SnapshotRow {
    pub(crate) timestamp: f64,
    pub(crate) desc: TextId,
    pub(crate) tracked_total: i128,
    pub(crate) asizeof_total: i128,
    pub(crate) overhead: i128,
    pub(crate) process: ProcessMemory,
    /// `Snapshot.classes`: `None` where the dump has none.
    pub(crate) classes: Option<Vec<CachedClass>>,
}

impl SnapshotRow {
    /// Shows the number of every text in it.
    pub(crate) fn each_text(&mut self, mut see: impl FnMut(&mut TextId)) {
        see(&mut self.desc);
        for (label, value) in &mut self.process.os_specific {
            see(label);
            see(value);
        }
        for cached in self.classes.iter_mut().flatten() {
            see(&mut cached.class);
            for number in [&mut cached.active, &mut cached.percent] {
                if let Number::Huge(digits) = number {
                    see(digits);
                }
            }
        }
    }

    /// A snapshot of nothing at time zero.
    pub(crate) fn empty(desc: TextId) -> Self {
        SnapshotRow {
            timestamp: 0.0,
            desc,
            tracked_total: 0,
            asizeof_total: 0,
            overhead: 0,
            process: ProcessMemory::default(),
            classes: None,
        }
    }
}

/// The moment when the tracked objects were sized, and the process around them.
#[derive(Clone, Copy)]
pub struct Snapshot<'d> {
    pub(crate) dump: &'d Contents,
    pub(crate) place: usize,
}

impl<'d> Snapshot<'d> {
    pub(crate) fn row(self) -> &'d SnapshotRow {
        &self.dump.snapshots[self.id().index()]
    }

    /// Which snapshot of the dump it is; the same for one that the dump has at several places.
    pub fn id(self) -> SnapshotId {
        self.dump.snapshot_rows[self.place]
    }

    /// Its place in the dump, from 0.
    pub fn index(self) -> usize {
        self.place
    }

    /// Seconds since the program started tracking.
    pub fn timestamp_seconds(self) -> f64 {
        self.row().timestamp
    }

    /// The description given to `create_snapshot`; may be empty.
    pub fn description(self) -> Text<'d> {
        self.dump.text.get(self.row().desc)
    }

    /// Bytes of all tracked objects.
    pub fn tracked_total_bytes(self) -> i128 {
        self.row().tracked_total
    }

    /// Bytes of all objects that asizeof found; `None` where it was not computed
    /// (`create_snapshot(compute_total=True)` computes it; the dump then has 0).
    pub fn asizeof_total_bytes(self) -> Option<i128> {
        Some(self.row().asizeof_total).filter(|&bytes| bytes != 0)
    }

    /// Bytes that the tracker itself takes.
    pub fn overhead_bytes(self) -> i128 {
        self.row().overhead
    }

    /// What the operating system said of the process.
    pub fn process(self) -> &'d ProcessMemory {
        &self.row().process
    }

    /// What the platform said of the process besides, as pairs of a label and a text.
    pub fn process_labels(self) -> impl ExactSizeIterator<Item = (Text<'d>, Text<'d>)> {
        let text = &self.dump.text;
        let labels = self.row().process.os_specific.iter();
        labels.map(|&(label, of)| (text.get(label), text.get(of)))
    }

    /// What shares are of: the process's virtual size, or the next best figure.
    ///
    /// As `Snapshot.total` of Pympler: `vsz` if available, else `asizeof_total`, else `tracked_total`.
    pub fn total_bytes(self) -> i128 {
        let row = self.row();
        if row.process.available {
            row.process.virtual_bytes
        } else if row.asizeof_total != 0 {
            row.asizeof_total
        } else {
            row.tracked_total
        }
    }
}
