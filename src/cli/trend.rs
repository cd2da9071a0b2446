//! `ctstats trend`: many dumps of one program.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, ValueEnum};

use ctstats::analysis::fleet::{DumpFacts, FleetBuilder, FleetOptions};
use ctstats::fleet::{FleetFiles, LabelTemplate};
use ctstats::report::fleet::{FleetReport, FleetRows};
use ctstats::report::html;

use super::fleet::FleetArgs;
use super::place::{self, Kind};
use super::{FilterArgs, OwnArgs, SELECTION, SheetArgs, SheetForm, Usage, parse_size, say};
use super::{finish, open};

const EXAMPLES: &str = "\
Examples:
  A folder with the dumps of all workers:
    ctstats trend dumps/
  With hosts, workers and days from their paths:
    ctstats trend dumps/ --labels '{host}/{worker}-{date:%Y-%m-%d}.dump'
  Which host differs from the others:
    ctstats trend dumps/ --labels '{host}/{worker}-{date:%Y-%m-%d}.dump' --by host
  A line is new since which version:
    ctstats trend 'dumps/*.dump' --labels '{worker}-{version}-{date:%Y-%m-%d}.dump'
  The dumps of a week, by their names:
    find dumps -newer monday -print0 | ctstats trend -
  A page to attach to a ticket:
    ctstats trend dumps/ --html trend.html
  The workers that leak alone, for a script:
    ctstats trend dumps/ --format ndjson --rows outliers | jq -r '[.class, .dump] | @tsv'

Labels: {name} is a part of the path without a slash, {name:%Y-%m-%d} a date or time in UTC
(%Y %m %d %H %M %S %F %T %j %b %y %s %z), * anything but a slash. The template is compared with the
end of the path. {version} orders lines by version; a worker is told by all labels but times,
version and pid.

Exit status: as for all commands, and 1 if a file could not be read, unless --keep-going.";

/// Say what grows across many dumps: workers, days, versions.
///
/// Every process is judged as leaks does, on its last dump. A class grows in most workers if more
/// than half of them suspect it; a worker leaks alone if it suspects a class that most others do not,
/// and its slope lies far from their median. A line is new if it creates objects in later processes
/// alone. Checkpoints of one process are known by their objects and count as one process.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct TrendArgs {
    /// Dumps: files, folders with all below them, patterns ('dumps/*.dump'), @FILE for a list of
    /// names, or - for a list from standard input: a name a line, or ended by a zero byte.
    #[arg(value_name = "DUMP", required = true)]
    dumps: Vec<PathBuf>,
    /// What the paths say, as '{host}/{worker}-{date:%Y-%m-%d}.dump'.
    #[arg(long, value_name = "TEMPLATE", value_parser = LabelTemplate::of, help_heading = SELECTION)]
    labels: Option<LabelTemplate>,
    /// The labels whose values are compared with each other, comma-separated [default: those of a
    /// worker].
    #[arg(long, value_name = "LABELS", value_delimiter = ',', requires = "labels", help_heading = SELECTION)]
    by: Vec<String>,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    own: OwnArgs,
    /// Do not suspect classes that grew by fewer bytes than this in a process: 4096, 1MiB.
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = SELECTION)]
    min_growth: Option<i64>,
    /// Which rows csv and ndjson have.
    #[arg(long, value_enum, value_name = "ROWS", default_value_t = RowsArg::Classes)]
    rows: RowsArg,
    /// Write a page with all of it into FILE, in place of the report.
    #[arg(long, value_name = "OUT.html", conflicts_with_all = ["format", "rows", "output"])]
    html: Option<PathBuf>,
    /// The heading of the page.
    #[arg(
        long,
        value_name = "TEXT",
        requires = "html",
        default_value = "Many dumps"
    )]
    title: String,
    #[command(flatten)]
    many: FleetArgs,
    #[command(flatten)]
    form: SheetArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RowsArg {
    /// A row a class
    Classes,
    /// A row for each worker that differs from the others
    Outliers,
    /// A row for each new line
    Lines,
    /// A row for each class that was there before a restart
    Restarts,
}

impl RowsArg {
    fn get(self) -> FleetRows {
        match self {
            RowsArg::Classes => FleetRows::Classes,
            RowsArg::Outliers => FleetRows::Outliers,
            RowsArg::Lines => FleetRows::Lines,
            RowsArg::Restarts => FleetRows::Restarts,
        }
    }
}

impl TrendArgs {
    pub(super) fn run(self) -> Result<()> {
        self.refuse_unknown_labels()?;
        let has_rows = matches!(self.form.format, SheetForm::Csv | SheetForm::Ndjson);
        if self.rows != RowsArg::Classes && !has_rows {
            let what = "--rows is for csv and ndjson; the other forms have all of it";
            return Err(Usage(what.into()).into());
        }
        let files = FleetFiles::find(&self.dumps, self.labels.as_ref(), io::stdin().lock());
        let paths: Vec<&Path> = files.files.iter().map(|file| file.path.as_path()).collect();
        match &self.html {
            Some(page) => {
                let force = self.form.page.force;
                place::refuse_losses(&paths, &[(page, Kind::Report)], force)?;
            }
            None => self.form.check(&paths)?,
        }
        let options = FleetOptions {
            filter: self.filter.filter(),
            own: self.own.own_code(),
            min_growth_bytes: self.min_growth.unwrap_or(0).try_into().unwrap_or(0),
            by: self.by.clone(),
        };
        files
            .failed
            .iter()
            .for_each(|error| say(&error.to_string()));
        let mut fleet = FleetBuilder::new(&files, &options);
        self.many.read(
            &files.files,
            [&files.files[..]],
            self.form.page.reading,
            |_, dump| DumpFacts::of(&dump.in_order()?, &options),
            |file, facts| {
                match facts {
                    Ok(facts) => fleet.add(file, facts),
                    Err(error) => {
                        say(&error.to_string());
                        fleet.fail(&error);
                    }
                }
                Ok(())
            },
        )?;
        let fleet = fleet.finish();
        if fleet.dumps == 0 {
            anyhow::bail!("none of the dumps could be read, so there is nothing to tell");
        }
        match &self.html {
            Some(path) => {
                let mut out = open(path)?;
                html::fleet(&mut out, &fleet, &self.title)?;
                finish(out, path)?;
            }
            None => self.form.write(&FleetReport {
                fleet: &fleet,
                rows: self.rows.get(),
            })?,
        }
        if !fleet.failed.is_empty() && !self.many.keep_going {
            anyhow::bail!(
                "{} of {} files could not be read; the report is of the others (--keep-going exits with 0)",
                fleet.failed.len(),
                files.failed.len() + files.files.len() + files.duplicates.len()
            );
        }
        Ok(())
    }

    fn refuse_unknown_labels(&self) -> Result<()> {
        let Some(labels) = &self.labels else {
            return Ok(());
        };
        for name in &self.by {
            if !labels.names().any(|known| known == name) {
                let known: Vec<&str> = labels.names().collect();
                let what = format!("--by {name}: the labels are {}", known.join(", "));
                return Err(Usage(what).into());
            }
        }
        Ok(())
    }
}
