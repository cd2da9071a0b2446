//! The classes at the snapshots.

use super::column::{Names, Nullable, columns};
use super::{Batches, narrow};
use crate::analysis::summary::{SnapshotSummary, Summary, SummaryOptions};
use crate::error::Error;
use crate::select::Filter;
use crate::source::Source;

columns! {
    /// Classes at snapshots: snapshot behind snapshot, in each the classes by name.
    ClassSamples {
        /// The snapshot; that of the table snapshots.
        snapshot: Vec<i64>, "";
        /// When it was taken, since tracking began. Null if that is no finite number.
        timestamp_seconds: Nullable<Vec<f64>>, "seconds";
        /// The registered name.
        class: Names, "";
        /// Instances alive at that moment.
        active: Vec<i64>, "";
        /// Their sizes together.
        sum_bytes: Vec<i64>, "bytes";
        /// The size of each on average; 0 where none is active.
        average_bytes: Vec<f64>, "bytes";
        /// The sum as a share of the snapshot's tracked total. Null where that is not known.
        share_percent: Nullable<Vec<f64>>, "percent";
    }
}

pub(super) fn fill<E: From<Error>>(
    source: &impl Source,
    filter: &Filter,
    mut batches: Batches<'_, ClassSamples, E>,
) -> Result<(), E> {
    let options = SummaryOptions {
        filter: filter.clone(),
        ..SummaryOptions::default()
    };
    Summary::of(source, options)?.each(|of: SnapshotSummary<'_>| -> Result<(), E> {
        for class in &of.classes {
            let columns = &mut batches.columns;
            columns.snapshot.push(of.snapshot as i64);
            columns.timestamp_seconds.push(of.timestamp_seconds);
            columns.class.push(class.class);
            columns.active.push(class.active as i64);
            let bytes = narrow(class.sum_bytes, "sum_bytes")?;
            columns.sum_bytes.push(bytes);
            columns.average_bytes.push(class.average_bytes);
            columns.share_percent.push(class.share_percent);
            batches.end_row();
            batches.flush_full()?;
        }
        Ok(())
    })?;
    batches.finish()
}
