//! `ctstats export`: the tables of many dumps, for engines.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use ctstats::dataset::{DataTable, DumpTables, JsonLines, content_id};
use ctstats::fleet::{FleetFile, FleetFiles, LabelTemplate};
use ctstats::units::counted;
use ctstats::{DumpFile, Error};

use super::fleet::FleetArgs;
use super::place::{self, Kind};
use super::{OUTPUT, ReadingArgs, SELECTION, Usage, note, open, say};

const EXAMPLES: &str = "\
Examples:
  A Parquet data set of a folder of dumps, with hosts, workers and days from their paths:
    ctstats export dumps/ -o dataset --labels '{host}/{worker}-{date:%Y-%m-%d}.dump'
  The dumps of the next day into the same data set; its other files stay as they are:
    ctstats export dumps/2026-11-27/ -o dataset
  Which class holds most, in DuckDB:
    duckdb -c \"select class, max(sum_bytes) from 'dataset/class_samples/*/*.parquet' group by 1\"
  One table through a pipe:
    ctstats export dumps/ --to ndjson --table class_samples | jq -r .class | sort | uniq -c

The tables are dumps, snapshots, class_samples, sites and objects; with --detail also samples and
referents. docs/parquet.md describes their columns, queries/ has SQL for them.

Exit status: as for all commands, and 1 if a file could not be read, unless --keep-going.";

/// Files that are read together: no more is in memory at once than comes of them, or of one file
/// that is larger.
const TOGETHER_BYTES: u64 = 32 << 20;

/// Write the tables of dumps as Parquet, for DuckDB, Polars, Spark and others.
///
/// DIR gets a folder for each table, in it one for each day (date=2026-11-26), in it files of this
/// batch of dumps. They appear whole or not at all, and files of other batches stay as they are.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ExportArgs {
    /// Dumps: files, folders with all below them, patterns ('dumps/*.dump'), @FILE for a list of
    /// names, or - for a list from standard input: a name a line, or ended by a zero byte.
    #[arg(value_name = "DUMP", required = true)]
    dumps: Vec<PathBuf>,
    /// The folder of the data set; for ndjson and arrow the file [default: standard output].
    #[arg(long, short, value_name = "DIR", help_heading = OUTPUT)]
    output: Option<PathBuf>,
    /// What is written.
    #[arg(long, value_enum, value_name = "FORM", default_value_t = To::Parquet, help_heading = OUTPUT)]
    to: To,
    /// The table that ndjson and arrow have.
    #[arg(long, value_enum, value_name = "TABLE", help_heading = OUTPUT)]
    table: Option<TableArg>,
    /// Also write samples and referents: a row for each size of each object, and for each thing that
    /// it referred to.
    #[arg(long, help_heading = SELECTION)]
    detail: bool,
    /// What the paths say, as '{host}/{worker}-{date:%Y-%m-%d}.dump'; see trend.
    #[arg(long, value_name = "TEMPLATE", value_parser = LabelTemplate::of, help_heading = SELECTION)]
    labels: Option<LabelTemplate>,
    #[command(flatten)]
    many: FleetArgs,
    #[command(flatten)]
    reading: ReadingArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum To {
    /// A data set of Parquet files
    Parquet,
    /// One table as JSON, a row a line
    Ndjson,
    /// One table as Arrow's IPC stream
    Arrow,
}

/// The tables, as clap lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TableArg(DataTable);

impl ValueEnum for TableArg {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [TableArg; DataTable::NAMED.len()] = {
            let mut all = [TableArg(DataTable::Dumps); DataTable::NAMED.len()];
            let mut place = 0;
            while place < all.len() {
                all[place] = TableArg(DataTable::NAMED[place].1);
                place += 1;
            }
            all
        };
        &ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(self.0.name().into())
    }
}

/// Files that were read, and those that were not.
#[derive(Default)]
struct Count {
    read: usize,
    failed: usize,
}

impl ExportArgs {
    pub(super) fn run(self) -> Result<()> {
        let tables = self.tables()?;
        let files = FleetFiles::find(&self.dumps, self.labels.as_ref(), io::stdin().lock());
        for error in &files.failed {
            say(&error.to_string());
        }
        let mut count = Count {
            failed: files.failed.len(),
            ..Count::default()
        };
        match self.to {
            To::Parquet => self.write_parquet(&files.files, &tables, &mut count)?,
            To::Ndjson => {
                let (table, out) = (tables[0], self.open(&files.files)?);
                let mut lines = JsonLines::new(out, table);
                self.read(&files.files, &tables, &mut count, |dump| {
                    dump.each(|_, batch| lines.write(&batch).map_err(Error::Write))
                })?;
                lines.into_inner().finish()?;
            }
            To::Arrow => self.write_arrow(&files.files, tables[0], &mut count)?,
        }
        if count.read == 0 {
            bail!("none of the dumps could be read, so there is nothing to export");
        }
        if !files.duplicates.is_empty() {
            note(&format!(
                "{} the content of another one, and counted once",
                match files.duplicates.len() {
                    1 => "1 file has".into(),
                    many => format!("{} have", counted(many, "file", "files")),
                }
            ));
        }
        if count.failed > 0 && !self.many.keep_going {
            bail!(
                "{} of {} files could not be read; the others are exported (--keep-going exits with 0)",
                count.failed,
                count.failed + count.read + files.duplicates.len()
            );
        }
        Ok(())
    }

    /// Which tables are asked for.
    fn tables(&self) -> Result<Vec<DataTable>> {
        let usage = |what: &str| Err(Usage(what.into()).into());
        match (self.to, self.table) {
            (To::Parquet, Some(_)) => {
                return usage("--table is for ndjson and arrow; a data set has all tables");
            }
            (To::Parquet, None) if self.output.is_none() => {
                return usage("a data set needs a folder: give -o DIR");
            }
            (To::Ndjson | To::Arrow, None) => {
                let names = DataTable::NAMED.map(|(name, _)| name).join(", ");
                return usage(&format!("give --table, one of {names}"));
            }
            (_, Some(TableArg(table))) => return Ok(vec![table]),
            (To::Parquet, None) => {}
        }
        let all = DataTable::NAMED.iter().map(|&(_, table)| table);
        Ok(all
            .filter(|table| self.detail || !table.is_detail())
            .collect())
    }

    /// Reads the files one after the other, and shows what each has.
    fn read(
        &self,
        files: &[FleetFile],
        tables: &[DataTable],
        outcome: &mut Count,
        mut see: impl FnMut(DumpTables) -> Result<(), Error>,
    ) -> Result<()> {
        self.many.read(
            files,
            Together(files),
            self.reading,
            |file, dump| tables_of(file, dump.in_order()?, tables),
            |_, dump| match dump {
                Ok(dump) => {
                    outcome.read += 1;
                    see(dump)
                }
                Err(error) => {
                    say(&error.to_string());
                    outcome.failed += 1;
                    Ok(())
                }
            },
        )
    }

    /// The file, or standard output.
    fn open(&self, files: &[FleetFile]) -> Result<ctstats::output::Output> {
        let path = self.output.as_deref().unwrap_or(Path::new("-"));
        let reads: Vec<&Path> = files.iter().map(|file| file.path.as_path()).collect();
        place::refuse_losses(&reads, &[(path, Kind::Report)], false)?;
        open(path)
    }

    #[cfg(feature = "parquet")]
    fn write_parquet(
        &self,
        files: &[FleetFile],
        tables: &[DataTable],
        count: &mut Count,
    ) -> Result<()> {
        use std::io::IsTerminal;

        use ctstats::dataset::ParquetDataSet;
        use ctstats::units::{ByteStyle, bytes, escaped};

        let Some(folder) = &self.output else {
            return Ok(());
        };
        crate::interrupt::leave_nothing_behind();
        let mut data_set = ParquetDataSet::open(folder)?;
        self.read(files, tables, count, |dump| data_set.push(dump))?;
        if count.read == 0 {
            return Ok(());
        }
        let written = data_set.finish()?;
        let name = folder.display().to_string();
        let folder = escaped(&name);
        if written.was_there {
            note(&format!(
                "{folder}: has these dumps already, in files of the name {}-*.parquet; nothing was \
                 written (remove them to write them anew)",
                written.batch
            ));
        } else if io::stderr().is_terminal() {
            note(&format!(
                "{folder}: {} of {} in {} of {}",
                counted(written.rows as usize, "row", "rows"),
                counted(written.dumps, "dump", "dumps"),
                counted(written.files, "file", "files"),
                bytes(written.bytes.into(), ByteStyle::Units),
            ));
        }
        Ok(())
    }

    #[cfg(feature = "parquet")]
    fn write_arrow(&self, files: &[FleetFile], table: DataTable, count: &mut Count) -> Result<()> {
        use ctstats::dataset::ArrowStream;

        let out = self.open(files)?;
        if out.is_terminal() {
            bail!("Arrow's stream is not text: give a file with -o, or pipe the output into one");
        }
        let mut stream = ArrowStream::new(out, table)?;
        self.read(files, &[table], count, |dump| {
            dump.each(|_, batch| stream.write(batch).map_err(Error::Write))
        })?;
        Ok(stream.finish()?.finish()?)
    }

    #[cfg(not(feature = "parquet"))]
    fn write_parquet(&self, _: &[FleetFile], _: &[DataTable], _: &mut Count) -> Result<()> {
        self.refuse()
    }

    #[cfg(not(feature = "parquet"))]
    fn write_arrow(&self, _: &[FleetFile], _: DataTable, _: &mut Count) -> Result<()> {
        self.refuse()
    }

    #[cfg(not(feature = "parquet"))]
    fn refuse(&self) -> Result<()> {
        bail!(
            "this build of ctstats writes neither Parquet nor Arrow: pip install ctstats brings one that \
             does, or cargo install ctstats --features parquet; --to ndjson works here"
        )
    }
}

fn tables_of(file: &FleetFile, dump: DumpFile, tables: &[DataTable]) -> Result<DumpTables, Error> {
    let name = file.path.display().to_string();
    let content = File::open(&file.path).map_err(|source| Error::Open {
        file: name.clone(),
        source,
    })?;
    DumpTables::read(content_id(content, &name)?, dump, file, tables)
}

/// Runs of files that are read together.
struct Together<'f>(&'f [FleetFile]);

impl<'f> Iterator for Together<'f> {
    type Item = &'f [FleetFile];

    fn next(&mut self) -> Option<Self::Item> {
        let mut bytes = 0;
        let fit = self.0.iter().take_while(|file| {
            bytes += file.size_bytes;
            bytes <= TOGETHER_BYTES
        });
        // At least one, however large it is.
        let count = fit.count().max(1).min(self.0.len());
        let (together, rest) = self.0.split_at(count);
        self.0 = rest;
        (!together.is_empty()).then_some(together)
    }
}
