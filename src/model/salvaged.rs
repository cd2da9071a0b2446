//! What became of a dump that is cut short or damaged and was read all the same, as far as its
//! objects and snapshots are whole.

use serde::Serialize;

/// What is there of it, and what is lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Salvaged {
    /// Where reading stopped, in bytes from the start (decompressed).
    pub stopped_at_byte: u64,
    /// Why: what stands there.
    pub reason: String,
    /// Bytes behind it that were not read.
    pub bytes_not_read: u64,
    /// More bytes follow than were counted.
    pub bytes_uncounted: bool,
    /// How many objects were read: all that are whole.
    pub objects: u64,
    /// How many snapshots were read.
    pub snapshots: u64,
    /// Whether those are all objects that the program dumped. Where they are not, the last one and
    /// all later ones are missing, and all snapshots.
    pub objects_complete: bool,
    /// Whether those are all snapshots.
    pub snapshots_complete: bool,
    /// How many of the missing snapshots stand behind those read all the same, rebuilt from the
    /// times and sizes of the objects: with the sum of these as their tracked total, but without
    /// description, process size and overhead.
    pub snapshots_rebuilt: u64,
}
