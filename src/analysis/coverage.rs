//! How much of the process the tracked classes explain: of its size at the peak, and of
//! its growth. What they do not explain, no figure of the dump can.

use std::collections::HashMap;

use serde::Serialize;

use super::history::visit;
use super::summary::{SnapshotSelector, SummaryOptions};
use crate::error::Error;
use crate::model::{Contents, Snapshot, Text};
use crate::source::Source;

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
    /// Bytes of the tracked objects, or how much they grew: the sum of all classes, as in a
    /// summary. The tracker's own total also has what it measured of the dead.
    pub tracked_bytes: i128,
    /// The process's virtual size; `None` where it was not recorded.
    pub virtual_bytes: Option<i128>,
    /// The process's resident size; `None` where it was not recorded.
    pub resident_bytes: Option<i128>,
    /// What asizeof found; `None` where it was not computed.
    pub asizeof_bytes: Option<i128>,
}

impl<'d> Coverage<'d> {
    /// Compares them. Fails if the dump cannot be read.
    pub fn of(source: &'d impl Source) -> Result<Self, Error> {
        let dump = source.digest()?.contents;
        let mut sums = HashMap::new();
        let mut all = dump.snapshots();
        let ends = [all.next(), all.next_back(), dump.peak_snapshot()];
        let index = |snapshot: Snapshot<'_>| SnapshotSelector::Index(snapshot.index() as i64);
        let snapshots: Vec<_> = ends.into_iter().flatten().map(index).collect();
        // No selector means all, also of none.
        if !snapshots.is_empty() {
            let options = SummaryOptions {
                snapshots,
                ..SummaryOptions::default()
            };
            visit(source, options, |summary, place, course, _| {
                let snapshot = summary.snapshot(place).index();
                sums.insert(snapshot, course.total().sum_bytes);
            })?;
        }
        Ok(Coverage::with(dump, |snapshot| {
            sums.get(&snapshot).copied()
        }))
    }

    /// The same with what the classes hold together at the first, the last and the largest
    /// snapshot, by their numbers, in bytes.
    pub(super) fn with(dump: &'d Contents, sum_bytes: impl Fn(usize) -> Option<i128>) -> Self {
        let at = |snapshot: Snapshot<'d>| {
            let sum_bytes = sum_bytes(snapshot.index());
            Covered::at(
                snapshot,
                sum_bytes.unwrap_or(snapshot.tracked_total_bytes()),
            )
        };
        let mut snapshots = dump.snapshots();
        let growth = match (snapshots.next(), snapshots.next_back()) {
            (Some(first), Some(last)) => Some(at(last).since(&at(first))),
            _ => None,
        };
        Coverage {
            peak: dump.peak_snapshot().map(at),
            growth,
        }
    }
}

impl<'d> Covered<'d> {
    fn at(snapshot: Snapshot<'d>, tracked_bytes: i128) -> Self {
        let process = snapshot.process();
        let known = |bytes: i128| Some(bytes).filter(|&bytes| bytes != 0);
        Covered {
            snapshot: snapshot.index(),
            description: snapshot.description(),
            tracked_bytes,
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
