//! The tracked objects.

use super::column::{Names, Nullable, Texts, columns};
use super::{Batches, fetch, number};
use crate::analysis::long_texts::LongTexts;
use crate::analysis::objects::finite;
use crate::error::Error;
use crate::model::{Column, KeptSizes, Projection, Rules};
use crate::select::Filter;
use crate::source::Source;

columns! {
    /// Objects, in the order of the dump. One that the program put into two classes stands here twice.
    Objects {
        /// Which object of the dump it is, from 0.
        object: Vec<i64>, "";
        /// The class under which it was registered.
        class: Names, "";
        /// The object's own class name.
        name: Names, "";
        /// Its address: Python's id(). Null beyond 63 bits, which no Python has.
        address: Nullable<Vec<i64>>, "";
        /// Its repr when it was last sized.
        repr: Texts, "";
        /// When it was created, since tracking began. Null if that is no finite number.
        birth_seconds: Nullable<Vec<f64>>, "seconds";
        /// When it died. Null while alive.
        death_seconds: Nullable<Vec<f64>>, "seconds";
        /// Whether it was alive at the end of the recording.
        alive: Vec<bool>, "";
        /// Its largest size.
        size_bytes: Vec<i64>, "bytes";
        /// Its size at the peak snapshot; 0 if it was not measured in it.
        peak_size_bytes: Vec<i64>, "bytes";
        /// The file of the frame that created it. Null, here and below, unless tracked with trace=True.
        file: Nullable<Names>, "";
        /// The line of that frame. Null beyond 64 bits as well.
        line: Nullable<Vec<i64>>, "";
        /// The function of that frame.
        function: Nullable<Names>, "";
    }
}

pub(super) fn fill<E: From<Error>>(
    source: &impl Source,
    filter: &Filter,
    mut batches: Batches<'_, Objects, E>,
) -> Result<(), E> {
    let wanted = Projection::of([
        Column::Address,
        Column::Name,
        Column::Repr,
        Column::Birth,
        Column::Death,
        Column::Trace,
    ])
    .with_sizes(KeptSizes {
        rules: Rules::Documented,
        at_peak: true,
    });
    let contents = fetch(source, filter, wanted)?;
    let sizes = contents.sizes(Rules::Documented);
    let mut texts = LongTexts::new();
    for id in filter.selected(&contents, |id| sizes.largest_bytes(id)) {
        texts.begin_row();
        let object = contents.object(id);
        let frame = object.trace().and_then(|trace| trace.frames().next_back());
        let columns = &mut batches.columns;
        columns.object.push(number(&contents, id));
        columns.class.push(texts.shown(object.class().name()));
        columns.name.push(texts.shown(object.name()));
        columns.address.push(i64::try_from(object.address()).ok());
        columns.repr.push(texts.shown(object.repr()));
        columns.birth_seconds.push(finite(object.birth_seconds()));
        let death_seconds = object.death_seconds().and_then(finite);
        columns.death_seconds.push(death_seconds);
        columns.alive.push(object.is_alive());
        columns.size_bytes.push(sizes.largest_bytes(id));
        columns.peak_size_bytes.push(sizes.at_peak_bytes(id));
        columns
            .file
            .push(frame.map(|frame| texts.shown(frame.file())));
        let line = frame.and_then(|frame| i64::try_from(frame.exact_line().nearest()).ok());
        columns.line.push(line);
        let function = frame.map(|frame| texts.shown(frame.function()));
        columns.function.push(function);
        batches.end_row();
        batches.flush_full()?;
    }
    batches.finish()
}
