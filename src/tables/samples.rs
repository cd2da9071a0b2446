//! The sizes of objects.

use super::column::{Names, Nullable, columns};
use super::{Batches, fetch, number};
use crate::analysis::objects::{SnapshotsByTime, finite};
use crate::error::Error;
use crate::model::{self, Column, Projection, Snapshot};
use crate::select::Filter;
use crate::source::Source;

columns! {
    /// Sizes, object behind object, in the order in which they were measured. Those that Pympler
    /// measures after the death of an object are left out.
    Samples {
        /// The object; that of the table objects.
        object: Vec<i64>, "";
        /// The class under which it was registered.
        class: Names, "";
        /// Which sample of the object it is, from 0.
        sample: Vec<i64>, "";
        /// When it was measured. Null if that is no finite number.
        time_seconds: Nullable<Vec<f64>>, "seconds";
        /// The snapshot that it is of, from 0. Null for the size at birth.
        snapshot: Nullable<Vec<i64>>, "";
        /// The size with all that the object refers to.
        size_bytes: Vec<i64>, "bytes";
        /// The size of the object itself.
        flat_bytes: Vec<i64>, "bytes";
        /// The difference to the sample before. Null for the first.
        change_bytes: Nullable<Vec<i64>>, "bytes";
    }
}

pub(super) fn fill<E: From<Error>>(
    source: &impl Source,
    filter: &Filter,
    mut batches: Batches<'_, Samples, E>,
) -> Result<(), E> {
    let wanted = Projection::of([Column::Death]).with_samples(model::Samples::Sizes);
    let contents = fetch(source, filter, wanted)?;
    let snapshots = SnapshotsByTime::of(&contents);
    for id in filter.selected_slowly(&contents) {
        let object = contents.object(id);
        for (place, measured) in (0..).zip(snapshots.samples(object)) {
            let columns = &mut batches.columns;
            columns.object.push(number(&contents, id));
            columns.class.push(object.class().name());
            columns.sample.push(place);
            columns
                .time_seconds
                .push(finite(measured.sample.time_seconds));
            let snapshot = measured.snapshot.map(Snapshot::index);
            columns.snapshot.push(snapshot.map(|index| index as i64));
            columns.size_bytes.push(measured.sample.asized.size_bytes());
            columns.flat_bytes.push(measured.sample.asized.flat_bytes());
            columns.change_bytes.push(measured.change_bytes);
            batches.end_row();
            batches.flush_full()?;
        }
    }
    batches.finish()
}
