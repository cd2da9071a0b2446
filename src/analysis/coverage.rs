//! How much of the process the tracked classes explain: of its size at the peak, and of
//! its growth. What they do not explain, no figure of the dump can.

use serde::Serialize;

use crate::model::{Dump, Snapshot, Text};

/// The tracked classes against the process.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Coverage<'d> {
    /// At the largest snapshot; `None` if no snapshot holds anything.
    pub peak: Option<Covered<'d>>,
    /// From the first snapshot to the last; `None` with fewer than two.
    pub growth: Option<Covered<'d>>,
}

/// Bytes tracked, and the process's bytes that they are part of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Covered<'d> {
    /// The snapshot's number, from 0: for growth the last one's.
    pub snapshot: usize,
    /// Its description; may be empty.
    pub description: Text<'d>,
    /// Bytes of the tracked objects, or how much they grew.
    pub tracked_bytes: i128,
    /// The process's virtual size; `None` where it was not recorded.
    pub virtual_bytes: Option<i128>,
    /// The process's resident size; `None` where it was not recorded.
    pub resident_bytes: Option<i128>,
    /// What asizeof found; `None` where it was not computed.
    pub asizeof_bytes: Option<i128>,
}

impl<'d> Coverage<'d> {
    /// Compares them.
    pub fn of(dump: &'d Dump) -> Self {
        let peak = dump.peak_snapshot().map(Covered::at);
        let mut snapshots = dump.snapshots();
        let growth = match (snapshots.next(), snapshots.next_back()) {
            (Some(first), Some(last)) => Some(Covered::at(last).since(&Covered::at(first))),
            _ => None,
        };
        Coverage { peak, growth }
    }
}

impl<'d> Covered<'d> {
    fn at(snapshot: Snapshot<'d>) -> Self {
        let process = snapshot.process();
        let known = |bytes: i128| Some(bytes).filter(|&bytes| bytes != 0);
        Covered {
            snapshot: snapshot.index(),
            description: snapshot.description(),
            tracked_bytes: snapshot.tracked_total_bytes(),
            virtual_bytes: known(process.virtual_bytes).filter(|_| process.available),
            resident_bytes: known(process.resident_bytes),
            asizeof_bytes: snapshot.asizeof_total_bytes(),
        }
    }

    fn since(&self, before: &Covered<'_>) -> Self {
        let change =
            |after: Option<i128>, before: Option<i128>| Some(after?.saturating_sub(before?));
        Covered {
            snapshot: self.snapshot,
            description: self.description,
            tracked_bytes: self.tracked_bytes.saturating_sub(before.tracked_bytes),
            virtual_bytes: change(self.virtual_bytes, before.virtual_bytes),
            resident_bytes: change(self.resident_bytes, before.resident_bytes),
            asizeof_bytes: change(self.asizeof_bytes, before.asizeof_bytes),
        }
    }
}
