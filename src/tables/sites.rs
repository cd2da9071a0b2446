//! The lines that created objects.

use super::column::{Names, Nullable, Texts, columns};
use super::{Batches, narrow};
use crate::analysis::sites::{self, GroupBy, SitesOptions};
use crate::error::Error;
use crate::model::Integer;
use crate::select::Filter;
use crate::source::Source;

columns! {
    /// Lines of code, those that created the most bytes first. Objects without a trace are in a row
    /// without a file.
    Sites {
        /// The file of the frame that created the objects. Null, here and below, where none was
        /// recorded.
        file: Nullable<Names>, "";
        /// The line. Null beyond 64 bits as well.
        line: Nullable<Vec<i64>>, "";
        /// The function.
        function: Nullable<Names>, "";
        /// The source line. Null where Python had none.
        source: Nullable<Texts>, "";
        /// The file of the innermost frame of the program's own code. Null where all are outside.
        own_file: Nullable<Names>, "";
        /// The line of that frame.
        own_line: Nullable<Vec<i64>>, "";
        /// The function of that frame.
        own_function: Nullable<Names>, "";
        /// How many objects were created.
        objects: Vec<i64>, "";
        /// Those alive at the end of the recording.
        alive: Vec<i64>, "";
        /// Those alive at the end that were already active at the last snapshot but one.
        survivors: Vec<i64>, "";
        /// The largest sizes of all of them together.
        size_bytes: Vec<i64>, "bytes";
        /// The largest sizes of those alive at the end.
        alive_bytes: Vec<i64>, "bytes";
        /// The size as a share of that of all sites. Null where that is 0.
        share_percent: Nullable<Vec<f64>>, "percent";
        /// How many classes they are of.
        classes: Vec<i64>, "";
    }
}

pub(super) fn fill<E: From<Error>>(
    source: &impl Source,
    filter: &Filter,
    by: GroupBy,
    mut batches: Batches<'_, Sites, E>,
) -> Result<(), E> {
    let options = SitesOptions {
        filter: filter.clone(),
        by,
        ..SitesOptions::default()
    };
    let line = |line: Option<Integer<'_>>| i64::try_from(line?.nearest()).ok();
    for site in sites::Sites::of(source, &options)?.sites {
        let frame = site.frames.last();
        let own = site.own_frame.as_ref();
        let figures = site.figures;
        let columns = &mut batches.columns;
        columns.file.push(frame.map(|frame| frame.file));
        columns.line.push(frame.and_then(|frame| line(frame.line)));
        columns
            .function
            .push(frame.and_then(|frame| frame.function));
        columns.source.push(frame.and_then(|frame| frame.source));
        columns.own_file.push(own.map(|own| own.file));
        columns.own_line.push(own.and_then(|own| line(own.line)));
        columns.own_function.push(own.and_then(|own| own.function));
        columns.objects.push(figures.objects as i64);
        columns.alive.push(figures.alive as i64);
        columns.survivors.push(figures.survivors as i64);
        let bytes = narrow(figures.size_bytes, "size_bytes")?;
        columns.size_bytes.push(bytes);
        let bytes = narrow(figures.alive_bytes, "alive_bytes")?;
        columns.alive_bytes.push(bytes);
        columns.share_percent.push(figures.share_percent);
        columns.classes.push(figures.classes as i64);
        batches.end_row();
        batches.flush_full()?;
    }
    batches.finish()
}
