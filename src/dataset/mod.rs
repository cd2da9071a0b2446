//! A data set: the tables of many dumps, in which each row tells its dump.
//!
//! One schema, whose version is [`SCHEMA_VERSION`]: the tables of [`crate::tables`] with the column
//! `dump` in front, and the table `dumps`, whose rows say what is known of each dump. Who writes one
//! reads a dump at a time with [`DumpTables`]. docs/parquet.md describes it for readers.

mod dumps;
mod lines;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "parquet")]
mod stream;
#[cfg(feature = "parquet")]
mod writer;

use crate::error::Error;
use crate::fleet::FleetFile;
use crate::format::DumpFile;
use crate::named::named;
use crate::select::Filter;
use crate::tables::{Batch, ColumnData, ColumnSchema, Kind, Table};
use crate::units::escaped;

pub use dumps::{DumpRecord, content_id};
pub use lines::JsonLines;
#[cfg(feature = "parquet")]
pub use stream::ArrowStream;
#[cfg(feature = "parquet")]
pub use writer::{ParquetDataSet, Written};

/// The version of the schema: of names, types and meanings. A column more does not change it.
pub const SCHEMA_VERSION: u32 = 1;

named! {
    /// A table of a data set.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum DataTable {
        /// A row for each dump.
        Dumps = "dumps",
        /// A row for each snapshot of each dump.
        Snapshots = "snapshots",
        /// A row for each class at each snapshot.
        ClassSamples = "class_samples",
        /// A row for each line of code that created objects.
        Sites = "sites",
        /// A row for each tracked object.
        Objects = "objects",
        /// A row for each size that was measured of an object while it lived.
        Samples = "samples",
        /// A row for each thing that an object referred to when it was measured.
        Referents = "referents",
    }
}

/// The column in front of the others in every table but `dumps`.
const DUMP: ColumnSchema = ColumnSchema::of(
    "dump",
    Kind::Name,
    false,
    "",
    "The dump; the id of the table dumps.",
);

impl DataTable {
    /// Whether it has many rows for an object, so that it is only written if it is asked for.
    pub fn is_detail(self) -> bool {
        matches!(self, DataTable::Samples | DataTable::Referents)
    }

    /// Its columns.
    pub fn columns(self) -> Vec<ColumnSchema> {
        match self.table() {
            None => dumps::columns().to_vec(),
            Some(table) => [&[DUMP], table.columns()].concat(),
        }
    }

    /// The table of one dump that its rows are of; `None` for [`DataTable::Dumps`].
    fn table(self) -> Option<Table> {
        match self {
            DataTable::Dumps => None,
            DataTable::Snapshots => Some(Table::Snapshots),
            DataTable::ClassSamples => Some(Table::ClassSamples),
            DataTable::Sites => Some(Table::Sites),
            DataTable::Objects => Some(Table::Objects),
            DataTable::Samples => Some(Table::Samples),
            DataTable::Referents => Some(Table::Referents),
        }
    }
}

/// The rows of one dump, of which all that may fail has been done.
///
/// So a dump that cannot be read has no rows at all: whoever reads many passes it over.
pub struct DumpTables {
    /// What is known of the dump.
    pub record: DumpRecord,
    /// For what is too large to be ready.
    dump: Option<DumpFile>,
    ready: Vec<(DataTable, Vec<Batch>)>,
    tables: Vec<DataTable>,
}

impl DumpTables {
    /// Reads these tables of a dump, whose times are in order. `id` is that of its content, see
    /// [`content_id`]; what else is known of the file is not asked of the file system again.
    ///
    /// # Errors
    ///
    /// As [`Dump::load`](crate::Dump::load), and if a figure does not fit into 64 bits.
    pub fn read(
        id: String,
        dump: DumpFile,
        file: &FleetFile,
        tables: &[DataTable],
    ) -> Result<DumpTables, Error> {
        DumpTables::of(id, dump, file, tables).map_err(|error| {
            let name = file.path.display().to_string();
            match error {
                // A figure that does not fit is one of this dump.
                Error::Invalid(what) => Error::Invalid(format!("{}: {what}", escaped(&name))),
                error => error.in_file(&name),
            }
        })
    }

    fn of(
        id: String,
        dump: DumpFile,
        file: &FleetFile,
        tables: &[DataTable],
    ) -> Result<DumpTables, Error> {
        let record = DumpRecord::of(id, &dump, file)?;
        let (details, others): (Vec<_>, Vec<_>) =
            tables.iter().copied().partition(|table| table.is_detail());
        let dump = match details.is_empty() {
            true => dump,
            // What is not read now could turn out to be damaged when half of the rows are written.
            false => dump.into_whole()?.into(),
        };
        let mut ready = Vec::new();
        for table in others {
            let mut batches = Vec::new();
            match table.table() {
                None => batches.push(record.batch()),
                Some(of) => of.each(&dump, &Filter::default(), |batch| -> Result<(), Error> {
                    batches.push(record.with_dump(batch));
                    Ok(())
                })?,
            }
            ready.push((table, batches));
        }
        Ok(DumpTables {
            record,
            dump: Some(dump).filter(|_| !details.is_empty()),
            ready,
            tables: details,
        })
    }

    /// Hands the rows out, table behind table.
    ///
    /// # Errors
    ///
    /// Those of `emit`.
    pub fn each<E: From<Error>>(
        self,
        mut emit: impl FnMut(DataTable, Batch) -> Result<(), E>,
    ) -> Result<(), E> {
        for (table, batches) in self.ready {
            for batch in batches {
                emit(table, batch)?;
            }
        }
        let Some(dump) = &self.dump else {
            return Ok(());
        };
        for (table, of) in self
            .tables
            .iter()
            .filter_map(|&table| Some((table, table.table()?)))
        {
            of.each(dump, &Filter::default(), |batch| {
                emit(table, self.record.with_dump(batch))
            })?;
        }
        Ok(())
    }
}

impl DumpRecord {
    /// The rows of a table with the column `dump` in front.
    fn with_dump(&self, mut batch: Batch) -> Batch {
        let dump = ColumnData::same_name(&self.id, batch.rows);
        batch.columns.insert(0, dump);
        batch
    }
}
