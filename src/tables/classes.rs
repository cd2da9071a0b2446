//! The classes.

use super::column::{Names, columns};
use super::{Batches, fetch, narrow};
use crate::analysis::class::ClassDetail;
use crate::error::Error;
use crate::model::{Column, KeptSizes, Projection, Rules};
use crate::select::Filter;
use crate::source::Source;

columns! {
    /// Classes, in the order of registration, whenever their instances lived.
    Classes {
        /// The registered name.
        class: Names, "";
        /// How many instances were tracked.
        objects: Vec<i64>, "";
        /// Those alive at the end of the recording.
        alive: Vec<i64>, "";
        /// Those that died.
        died: Vec<i64>, "";
        /// The smallest of the largest sizes of its instances; 0 of none.
        smallest_bytes: Vec<i64>, "bytes";
        /// The largest size of any instance; 0 of none.
        largest_bytes: Vec<i64>, "bytes";
        /// The largest sizes of all instances together.
        size_bytes: Vec<i64>, "bytes";
        /// The mean of the largest sizes; 0 of none.
        average_bytes: Vec<f64>, "bytes";
    }
}

pub(super) fn fill<E: From<Error>>(
    source: &impl Source,
    filter: &Filter,
    mut batches: Batches<'_, Classes, E>,
) -> Result<(), E> {
    let wanted = Projection::of([Column::Death]).with_sizes(KeptSizes::default());
    let contents = fetch(source, filter, wanted)?;
    let sizes = contents.sizes(Rules::Documented);
    for class in filter.classes_of(&contents) {
        let admits = |object| filter.admits(object);
        let detail = ClassDetail::of(class, &sizes, admits);
        let columns = &mut batches.columns;
        columns.class.push(class.name());
        columns.objects.push(detail.objects as i64);
        columns.alive.push(detail.alive as i64);
        columns.died.push(detail.died as i64);
        columns.smallest_bytes.push(detail.smallest_bytes);
        columns.largest_bytes.push(detail.largest_bytes);
        let bytes = narrow(detail.size_bytes, "size_bytes")?;
        columns.size_bytes.push(bytes);
        columns.average_bytes.push(detail.average_bytes);
        batches.end_row();
        batches.flush_full()?;
    }
    batches.finish()
}
