//! What a dump holds as tables: columns of plain numbers and texts, for engines that work on such.
//! A file for each table states its schema once, and fills it in batches of bounded size.
//!
//! It knows no format of tables; whoever writes Arrow or Parquet turns a [`Batch`] into it.
//!
//! ```
//! use ctstats::select::Filter;
//! use ctstats::tables::{Batch, Table, Values};
//! use ctstats::{Dump, Error};
//!
//! # fn main() -> Result<(), Error> {
//! let dump = Dump::load("fixtures/shop.dump")?;
//! let place = Table::Objects.place("size_bytes").expect("objects have sizes");
//! let mut size_bytes = 0;
//! Table::Objects.each(&dump, &Filter::default(), |batch: Batch| -> Result<(), Error> {
//!     if let Values::Integers(sizes) = &batch.columns[place].values {
//!         size_bytes += sizes.iter().sum::<i64>();
//!     }
//!     Ok(())
//! })?;
//! assert!(size_bytes > 0);
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "arrow")]
pub mod arrow;
mod class_samples;
mod classes;
mod column;
mod objects;
mod referents;
mod samples;
mod sites;
mod snapshots;

use crate::analysis::sites::GroupBy;
use crate::error::Error;
use crate::model::{Class, Column, Contents, ObjectId, Projection, Rows};
use crate::named::named;
use crate::select::Filter;
use crate::source::{Fetched, Source};

use column::Columns;
pub use column::{ColumnData, ColumnSchema, Kind, Strings, Values};

/// A batch has so many rows. The last one has fewer; the tree of one sample may make it longer, by
/// [`MAX_ROWS`](crate::analysis::referents::MAX_ROWS) at most.
pub const BATCH_ROWS: usize = 1 << 16;

named! {
    /// A table that every dump has.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Table {
        /// A row for each tracked object, class behind class.
        Objects = "objects",
        /// A row for each size that was measured of an object while it lived.
        Samples = "samples",
        /// A row for each snapshot.
        Snapshots = "snapshots",
        /// A row for each class.
        Classes = "classes",
        /// A row for each class at each snapshot.
        ClassSamples = "class_samples",
        /// A row for each line of code that created objects.
        Sites = "sites",
        /// A row for each thing that an object referred to when it was measured.
        Referents = "referents",
    }
}

/// Rows of a table, column by column in the order of [`Table::columns`].
#[derive(Clone, Debug)]
pub struct Batch {
    /// How many rows there are.
    pub rows: usize,
    /// The columns, each with a value for each row.
    pub columns: Vec<ColumnData>,
}

#[cfg(feature = "parquet")]
impl Batch {
    /// About how many bytes it takes in memory.
    pub(crate) fn held_bytes(&self) -> usize {
        let columns = self.columns.iter();
        columns
            .map(|column| size_of::<ColumnData>() + column.held_bytes())
            .sum()
    }
}

impl Table {
    /// Its columns.
    pub fn columns(self) -> &'static [ColumnSchema] {
        match self {
            Table::Objects => objects::Objects::SCHEMA,
            Table::Samples => samples::Samples::SCHEMA,
            Table::Snapshots => snapshots::Snapshots::SCHEMA,
            Table::Classes => classes::Classes::SCHEMA,
            Table::ClassSamples => class_samples::ClassSamples::SCHEMA,
            Table::Sites => sites::Sites::SCHEMA,
            Table::Referents => referents::Referents::SCHEMA,
        }
    }

    /// The place of a column.
    pub fn place(self, column: &str) -> Option<usize> {
        self.columns().iter().position(|own| own.name == column)
    }

    /// Hands out the rows of the objects that pass a filter, batch by batch; none of an empty table.
    /// Of [`Table::Snapshots`] and [`Table::ClassSamples`] all snapshots have rows, with what passes.
    ///
    /// # Errors
    ///
    /// As [`Dump::load`](crate::Dump::load); as `emit`; and if a figure does not fit into 64 bits.
    pub fn each<E: From<Error>>(
        self,
        source: &impl Source,
        filter: &Filter,
        mut emit: impl FnMut(Batch) -> Result<(), E>,
    ) -> Result<(), E> {
        let emit = &mut emit;
        match self {
            Table::Objects => objects::fill(source, filter, Batches::of(emit)),
            Table::Samples => samples::fill(source, filter, Batches::of(emit)),
            Table::Snapshots => snapshots::fill(source, filter, Batches::of(emit)),
            Table::Classes => classes::fill(source, filter, Batches::of(emit)),
            Table::ClassSamples => class_samples::fill(source, filter, Batches::of(emit)),
            Table::Sites => sites::fill(source, filter, GroupBy::default(), Batches::of(emit)),
            Table::Referents => referents::fill(source, filter, Batches::of(emit)),
        }
    }
}

/// Hands out the rows of [`Table::Sites`], grouped by something else of the frames than lines. What
/// the objects of a row do not have in common is null.
///
/// # Errors
///
/// As [`Table::each`], and [`Error::Invalid`] if `by` is nothing of frames.
pub fn each_site<E: From<Error>>(
    source: &impl Source,
    filter: &Filter,
    by: GroupBy,
    mut emit: impl FnMut(Batch) -> Result<(), E>,
) -> Result<(), E> {
    if !by.is_of_frames() {
        let names = GroupBy::NAMED.into_iter().filter(|of| of.1.is_of_frames());
        let names: Vec<&str> = names.map(|of| of.0).collect();
        let what = format!("sites are by {}, not by {}", names.join(", "), by.name());
        return Err(Error::Invalid(what).into());
    }
    sites::fill(source, filter, by, Batches::of(&mut emit))
}

/// The columns of a table while they grow, and who takes them when they are long enough.
struct Batches<'e, C, E> {
    /// What the row at hand is pushed to.
    columns: C,
    rows: usize,
    emit: &'e mut dyn FnMut(Batch) -> Result<(), E>,
}

impl<'e, C: Columns, E> Batches<'e, C, E> {
    fn of(emit: &'e mut dyn FnMut(Batch) -> Result<(), E>) -> Self {
        Batches {
            columns: C::default(),
            rows: 0,
            emit,
        }
    }

    /// Says that every column has a value more.
    #[inline]
    fn end_row(&mut self) {
        self.rows += 1;
    }

    /// Hands the rows out if they are enough.
    #[inline]
    fn flush_full(&mut self) -> Result<(), E> {
        match self.rows >= BATCH_ROWS {
            true => self.flush(),
            false => Ok(()),
        }
    }

    fn flush(&mut self) -> Result<(), E> {
        let rows = std::mem::take(&mut self.rows);
        let columns = std::mem::take(&mut self.columns).finish();
        (self.emit)(Batch { rows, columns })
    }

    fn finish(mut self) -> Result<(), E> {
        match self.rows {
            0 => Ok(()),
            _ => self.flush(),
        }
    }
}

/// Reads at least these columns of the objects that pass a filter.
fn fetch<'s>(
    source: &'s impl Source,
    filter: &Filter,
    wanted: Projection,
) -> Result<Fetched<'s>, Error> {
    let wanted = wanted.with(Column::Class).and(filter.projection());
    if filter.classes.is_empty() {
        return source.fetch(wanted, Rows::All);
    }
    let digest = source.digest()?.contents;
    let classes: Vec<_> = filter.classes_of(digest).map(Class::id).collect();
    source.fetch(wanted, Rows::OfClasses(&classes))
}

/// The number of an object in the whole dump, by which tables are joined.
fn number(contents: &Contents, id: ObjectId) -> i64 {
    contents.recorded_id(id).0.into()
}

/// A figure that tables have in 64 bits. Only hand-made dumps have others.
fn narrow(value: i128, what: &str) -> Result<i64, Error> {
    i64::try_from(value).map_err(|_| {
        Error::Invalid(format!(
            "the table has 64 bits for {what}, and the dump has {value}"
        ))
    })
}

fn narrow_if_any(value: Option<i128>, what: &str) -> Result<Option<i64>, Error> {
    value.map(|value| narrow(value, what)).transpose()
}
