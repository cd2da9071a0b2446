//! A data set of Parquet files: a folder for each table, in it one for each day, in it the files of
//! each batch of dumps.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::parquet::ParquetFile;
use super::{DataTable, DumpRecord, DumpTables};
use crate::error::Error;
use crate::output::Staging;
use crate::tables::Batch;

/// Rows of a table and day that are held until they are written together.
const ROW_GROUP_BYTES: usize = 32 << 20;

/// All rows that are held.
const HELD_BYTES: usize = 96 << 20;

/// A file that has so many bytes gets no more.
const FILE_BYTES: u64 = 192 << 20;

/// Files that are open at once.
const OPEN_FILES: usize = 64;

/// Digits of the name of a batch.
const BATCH_DIGITS: usize = 16;

/// A day, as Hive names the folder of those without one.
const NO_DATE: &str = "__HIVE_DEFAULT_PARTITION__";

/// A batch of dumps that becomes part of a data set.
///
/// All its files are written into a folder of their own, and appear in their places at the end.
pub struct ParquetDataSet {
    staging: Staging,
    partitions: HashMap<(DataTable, Option<Date>), Partition>,
    held_bytes: usize,
    /// Counts what happens, to know which file was written to last.
    clock: u64,
    files: usize,
    ids: Vec<String>,
    written: Written,
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The name of the batch, with which its files begin.
    pub batch: String,
    /// How many dumps there are.
    pub dumps: usize,
    /// The rows of all tables.
    pub rows: u64,
    /// How many files there are.
    pub files: usize,
    /// Their sizes together.
    pub bytes: u64,
    /// Whether the data set has this batch already, so that nothing was written.
    pub was_there: bool,
}

/// The rows of one table and day.
#[derive(Default)]
struct Partition {
    batches: Vec<Batch>,
    held_bytes: usize,
    file: Option<(PathBuf, ParquetFile)>,
    done: Vec<PathBuf>,
    last_write: u64,
}

impl ParquetDataSet {
    /// Begins a batch of a data set, which need not exist.
    ///
    /// # Errors
    ///
    /// If the folder cannot be made or written to; the error names it.
    pub fn open(folder: &Path) -> io::Result<ParquetDataSet> {
        Ok(ParquetDataSet {
            staging: Staging::open(folder)?,
            partitions: HashMap::new(),
            held_bytes: 0,
            clock: 0,
            files: 0,
            ids: Vec::new(),
            written: Written::default(),
        })
    }

    /// Adds the rows of a dump.
    ///
    /// # Errors
    ///
    /// If they cannot be written; the error names the file.
    pub fn push(&mut self, dump: DumpTables) -> Result<(), Error> {
        let date = dump.record.date();
        self.ids.push(dump.record.id.clone());
        dump.each(|table, batch| self.push_batch(table, date, batch).map_err(Error::Write))
    }

    fn push_batch(&mut self, table: DataTable, date: Option<Date>, batch: Batch) -> io::Result<()> {
        let bytes = batch.held_bytes();
        self.written.rows += batch.rows as u64;
        self.held_bytes += bytes;
        let partition = self.partitions.entry((table, date)).or_default();
        partition.held_bytes += bytes;
        partition.batches.push(batch);
        if partition.held_bytes >= ROW_GROUP_BYTES {
            self.flush((table, date))?;
        }
        while self.held_bytes >= HELD_BYTES {
            let held = self.partitions.iter();
            let largest = held.max_by_key(|(_, partition)| partition.held_bytes);
            let Some((&key, _)) = largest else { break };
            self.flush(key)?;
        }
        Ok(())
    }

    /// Writes what is held of a table and day.
    fn flush(&mut self, key: (DataTable, Option<Date>)) -> io::Result<()> {
        let Some(partition) = self.partitions.get_mut(&key) else {
            return Ok(());
        };
        self.held_bytes -= std::mem::take(&mut partition.held_bytes);
        self.clock += 1;
        partition.last_write = self.clock;
        let batches = std::mem::take(&mut partition.batches);
        if batches.is_empty() {
            return Ok(());
        }
        if partition.file.is_none() {
            self.files += 1;
            let (path, file) = self.staging.create(&format!("{}.parquet", self.files))?;
            let file = ParquetFile::new(file, key.0);
            let file = file.map_err(|error| self.staging.named(&error))?;
            partition.file = Some((path, file));
        }
        let (_, file) = partition.file.as_mut().expect("it was opened above");
        let is_written = file.write(batches);
        is_written.map_err(|error| self.staging.named(&error))?;
        if file.bytes_written() >= FILE_BYTES {
            self.close(key)?;
        }
        self.close_oldest()
    }

    /// Ends the file of a table and day; what follows goes into another one.
    fn close(&mut self, key: (DataTable, Option<Date>)) -> io::Result<()> {
        let Some(partition) = self.partitions.get_mut(&key) else {
            return Ok(());
        };
        if let Some((path, file)) = partition.file.take() {
            let bytes = file.finish();
            self.written.bytes += bytes.map_err(|error| self.staging.named(&error))?;
            self.written.files += 1;
            partition.done.push(path);
        }
        Ok(())
    }

    /// Keeps to the files that may be open.
    fn close_oldest(&mut self) -> io::Result<()> {
        let open = self.partitions.iter();
        let open = open.filter(|(_, partition)| partition.file.is_some());
        let oldest = open
            .clone()
            .min_by_key(|(_, partition)| partition.last_write);
        match oldest {
            Some((&key, _)) if open.count() > OPEN_FILES => self.close(key),
            _ => Ok(()),
        }
    }

    /// Puts all files into their places; without dumps there are none.
    ///
    /// # Errors
    ///
    /// If that fails; the data set is then as it was.
    pub fn finish(mut self) -> io::Result<Written> {
        let mut keys: Vec<_> = self.partitions.keys().copied().collect();
        keys.sort_by_key(|(table, date)| (table.name(), *date));
        // A batch counts when its dumps are there: they come last.
        keys.sort_by_key(|(table, _)| *table == DataTable::Dumps);
        for &key in &keys {
            self.flush(key)?;
            self.close(key)?;
        }
        self.written.dumps = self.ids.len();
        self.written.batch = batch(&mut self.ids);
        let mut moves = Vec::new();
        for key in keys {
            let (table, date) = key;
            let date = date.map_or(NO_DATE.to_owned(), |date| date.to_string());
            for (part, from) in self.partitions[&key].done.iter().enumerate() {
                let name = format!("{}-{part:04}.parquet", self.written.batch);
                let folder = Path::new(table.name()).join(format!("date={date}"));
                moves.push((from.clone(), folder.join(name)));
            }
        }
        // The name says which dumps there are, so the same ones are never there twice.
        if self
            .staging
            .has_any(moves.iter().map(|(_, to)| to.as_path()))
        {
            self.written.was_there = true;
            return Ok(self.written);
        }
        self.staging.finish(&moves)?;
        Ok(self.written)
    }
}

impl DumpRecord {
    /// How a folder is named in which its rows are.
    pub fn partition(&self) -> String {
        self.date()
            .map_or(NO_DATE.to_owned(), |date| date.to_string())
    }
}

/// The name of a batch of these dumps, in whichever order.
fn batch(ids: &mut [String]) -> String {
    ids.sort();
    let mut sum = Sha256::new();
    for id in ids.iter() {
        sum.update(id);
    }
    let mut name = data_encoding::HEXLOWER.encode(&sum.finalize());
    name.truncate(BATCH_DIGITS);
    name
}
