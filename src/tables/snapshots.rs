//! The snapshots.

use super::column::{Nullable, Texts, columns};
use super::{Batches, narrow, narrow_if_any};
use crate::analysis::summary::{SnapshotSummary, Summary, SummaryOptions};
use crate::error::Error;
use crate::select::Filter;
use crate::source::Source;

columns! {
    /// Snapshots, in the order of the dump.
    Snapshots {
        /// Which snapshot of the dump it is, from 0.
        snapshot: Vec<i64>, "";
        /// The text given to create_snapshot; may be empty.
        description: Texts, "";
        /// When it was taken, since tracking began. Null if that is no finite number.
        timestamp_seconds: Nullable<Vec<f64>>, "seconds";
        /// The process's virtual size. Null where it was not recorded.
        process_virtual_bytes: Nullable<Vec<i64>>, "bytes";
        /// The process's resident size. Null where it was not recorded.
        process_resident_bytes: Nullable<Vec<i64>>, "bytes";
        /// All tracked objects, as the tracker added them up.
        tracked_total_bytes: Vec<i64>, "bytes";
        /// What Pympler measured of the selected objects after their death: in the tracked total, and
        /// in no class.
        dead_bytes: Vec<i64>, "bytes";
        /// Everything that asizeof found. Null where it was not computed.
        asizeof_total_bytes: Nullable<Vec<i64>>, "bytes";
        /// What the tracker itself takes.
        overhead_bytes: Vec<i64>, "bytes";
        /// The selected instances that were alive.
        active: Vec<i64>, "";
        /// Their sizes together.
        sum_bytes: Vec<i64>, "bytes";
    }
}

pub(super) fn fill<E: From<Error>>(
    source: &impl Source,
    filter: &Filter,
    mut batches: Batches<'_, Snapshots, E>,
) -> Result<(), E> {
    let options = SummaryOptions {
        filter: filter.clone(),
        ..SummaryOptions::default()
    };
    Summary::of(source, options)?.each(|of: SnapshotSummary<'_>| -> Result<(), E> {
        let columns = &mut batches.columns;
        columns.snapshot.push(of.snapshot as i64);
        columns.description.push(of.description);
        columns.timestamp_seconds.push(of.timestamp_seconds);
        let bytes = narrow_if_any(of.process_virtual_bytes, "process_virtual_bytes")?;
        columns.process_virtual_bytes.push(bytes);
        let bytes = narrow_if_any(of.process_resident_bytes, "process_resident_bytes")?;
        columns.process_resident_bytes.push(bytes);
        let bytes = narrow(of.tracked_total_bytes, "tracked_total_bytes")?;
        columns.tracked_total_bytes.push(bytes);
        columns
            .dead_bytes
            .push(narrow(of.dead_bytes, "dead_bytes")?);
        let bytes = narrow_if_any(of.asizeof_total_bytes, "asizeof_total_bytes")?;
        columns.asizeof_total_bytes.push(bytes);
        let bytes = narrow(of.overhead_bytes, "overhead_bytes")?;
        columns.overhead_bytes.push(bytes);
        columns.active.push(of.total.active as i64);
        let bytes = narrow(of.total.sum_bytes, "sum_bytes")?;
        columns.sum_bytes.push(bytes);
        batches.end_row();
        batches.flush_full()
    })?;
    batches.finish()
}
