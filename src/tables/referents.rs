//! What objects refer to.

use super::column::{Names, Nullable, columns};
use super::{Batches, fetch, number};
use crate::analysis::long_texts::LongTexts;
use crate::analysis::objects::SnapshotsByTime;
use crate::analysis::referents::{self, Depth, Walker};
use crate::error::Error;
use crate::model::{self, Column, Projection, Snapshot};
use crate::select::Filter;
use crate::source::Source;

columns! {
    /// Referents, sample behind sample, each in front of what it refers to itself: the largest first.
    Referents {
        /// The object; that of the table objects.
        object: Vec<i64>, "";
        /// The class under which it was registered.
        class: Names, "";
        /// Which sample of the object it is of; that of the table samples.
        sample: Vec<i64>, "";
        /// The snapshot of that sample, from 0. Null for the size at birth.
        snapshot: Nullable<Vec<i64>>, "";
        /// The place in the tree of the sample, from 0.
        referent: Vec<i64>, "";
        /// 1 for what the object refers to itself, 2 for what that refers to, and so on. 0 stands for
        /// a tree of which nothing could be told.
        level: Vec<i64>, "";
        /// Attribute, key or repr. Null where Pympler gave none.
        name: Nullable<Names>, "";
        /// The size with all that it refers to.
        size_bytes: Vec<i64>, "bytes";
        /// The size of the thing itself.
        flat_bytes: Vec<i64>, "bytes";
        /// The size as a share of the object's.
        share_percent: Vec<f64>, "percent";
        /// Whether the tree of the sample is too large, or contains itself, and is not here whole.
        referents_cut: Vec<bool>, "";
    }
}

pub(super) fn fill<E: From<Error>>(
    source: &impl Source,
    filter: &Filter,
    mut batches: Batches<'_, Referents, E>,
) -> Result<(), E> {
    let wanted = Projection::of([Column::Death]).with_samples(model::Samples::All);
    let contents = fetch(source, filter, wanted)?;
    let snapshots = SnapshotsByTime::of(&contents);
    let mut walker = Walker::of(&contents);
    let mut texts = LongTexts::new();
    for id in filter.selected_slowly(&contents) {
        let object = contents.object(id);
        for (sample, measured) in (0..).zip(snapshots.samples(object)) {
            let snapshot = measured.snapshot.map(Snapshot::index);
            let root = measured.sample.asized;
            let (rows, cut) = referents::details(&mut walker, &mut texts, root, Depth::All);
            let mut row = |referent: i64, level: usize, name, size_bytes, flat_bytes, share| {
                let columns = &mut batches.columns;
                columns.object.push(number(&contents, id));
                columns.class.push(object.class().name());
                columns.sample.push(sample);
                columns.snapshot.push(snapshot.map(|index| index as i64));
                columns.referent.push(referent);
                columns.level.push(level as i64);
                columns.name.push(name);
                columns.size_bytes.push(size_bytes);
                columns.flat_bytes.push(flat_bytes);
                columns.share_percent.push(share);
                columns.referents_cut.push(cut.cut);
                batches.end_row();
            };
            for (place, of) in (0..).zip(&rows) {
                let (name, share) = (of.name, of.share_percent);
                row(place, of.level, name, of.size_bytes, of.flat_bytes, share);
            }
            if rows.is_empty() && cut.cut {
                row(0, 0, None, 0, 0, 0.0);
            }
            batches.flush_full()?;
        }
    }
    batches.finish()
}
