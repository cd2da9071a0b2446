//! What users type, and what it means: flags become the library's options here and
//! nowhere else.

mod check;
mod completions;
mod convert;
mod diff;
mod export;
mod fleet;
mod held;
mod html;
mod info;
mod known;
mod leaks;
mod man;
mod overview;
mod place;
mod print;
mod remarks;
mod several;
mod sheet;
mod sites;
mod summary;
mod trend;
mod typed;

use std::cell::Cell;
use std::io::{IsTerminal, Write};
use std::mem::ManuallyDrop;
use std::num::{NonZeroU16, NonZeroUsize};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Parser, Subcommand, ValueEnum};

use ctstats::analysis::OwnCode;
use ctstats::output::{Output, is_stdout};
use ctstats::report::form::table;
use ctstats::report::{self, Dialect, JsonLayout, Paint, Report, Style, pympler};
use ctstats::select::Filter;
use ctstats::units::{ByteStyle, parse_bytes};
use ctstats::{ByteCount, Damage, Dump, DumpFile, Rules, Source};

use crate::progress::{Progress, When};

use place::Kind;
use sheet::Destination;

const EXAMPLES: &str = "\
Examples:
  ctstats dump.dat
  ctstats print dump.dat --sort size --limit 10
  ctstats summary dump.dat --snapshot peak --sort size --limit 5
  ctstats leaks dump.dat
  ctstats diff before.dat after.dat --referents
  zcat dump.dat.gz | ctstats print - --class Cart --format csv | head

Exit status: 0 success (also when the reader of a pipe goes away), 1 the dump or
a file cannot be read or written, 2 wrong usage, 3 a limit of check is broken.

Dumps are what Pympler's tracker.stats.dump_stats(\"dump.dat\") writes. They are
read as data: nothing in them is imported or executed.";

/// Analyze the memory dumps that Python programs record with Pympler's ClassTracker.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES, disable_help_subcommand = true,
    override_usage = "ctstats [OPTIONS] <COMMAND>\n       ctstats <DUMP>")]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Write to the terminal itself, without a pager. Else a report on a terminal goes through what
    /// CTSTATS_PAGER or PAGER names, or through less; an empty name, or cat, is none.
    #[arg(long, global = true, help_heading = OUTPUT, display_order = 100)]
    no_pager: bool,
    /// How many threads work at a time, and how many of many dumps are read at a time. Reports do not
    /// depend on it [default: as many as there are processors]
    #[arg(long, value_name = "N", global = true, help_heading = READING, display_order = 100,
        value_parser = clap::value_parser!(u16).range(1..=512))]
    threads: Option<u16>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Overview(overview::OverviewArgs),
    Print(print::Print),
    Summary(summary::SummaryArgs),
    Diff(diff::DiffArgs),
    Leaks(leaks::LeaksArgs),
    Sites(sites::SitesArgs),
    Check(check::CheckArgs),
    Trend(trend::TrendArgs),
    Html(html::HtmlArgs),
    Convert(convert::Convert),
    Export(export::ExportArgs),
    Info(info::InfoArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

const SELECTION: &str = "Which objects, in which order";
const OUTPUT: &str = "Output";
const READING: &str = "Reading";

#[derive(Debug, Args)]
struct Input {
    /// The dump: a file, or - for standard input. Plain, gzip, zstd or xz.
    #[arg(value_name = "DUMP")]
    dump: PathBuf,
}

/// How dumps are read.
#[derive(Clone, Copy, Debug, Args)]
struct ReadingArgs {
    /// Read dumps that are cut short or damaged as far as their objects and snapshots are whole,
    /// and say what is lost.
    #[arg(long, help_heading = READING)]
    salvage: bool,
    /// When to show the progress of a read or write that takes more than a second. Auto: on a
    /// terminal.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = When::Auto)]
    progress: When,
}

impl ReadingArgs {
    /// What is to be done about a damaged dump.
    fn damage(self) -> Damage {
        match self.salvage {
            true => Damage::Salvage,
            false => Damage::Refuse,
        }
    }
}

#[derive(Debug, Args)]
#[command(next_help_heading = SELECTION)]
struct FilterArgs {
    /// Only classes whose registered name contains CLASS. With a * in it, CLASS is a pattern for the
    /// whole name. Repeatable: any of them.
    #[arg(long, value_name = "CLASS", allow_hyphen_values = true)]
    class: Vec<String>,
    /// Only objects whose own class name contains TEXT. Repeatable.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    name: Vec<String>,
    /// Only objects whose repr contains TEXT. Repeatable.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    repr: Vec<String>,
    /// Only objects that were alive at the end of the recording.
    #[arg(long, conflicts_with = "dead")]
    alive: bool,
    /// Only objects that died.
    #[arg(long)]
    dead: bool,
    /// Only objects whose largest size is at least this: 4096, 64KiB, 1.5MiB.
    #[arg(long, value_name = "SIZE", value_parser = parse_size, allow_negative_numbers = true)]
    min_size: Option<i64>,
}

impl FilterArgs {
    fn filter(&self) -> Filter {
        Filter {
            classes: self.class.clone(),
            names: self.name.clone(),
            reprs: self.repr.clone(),
            alive: match (self.alive, self.dead) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            },
            min_size_bytes: self.min_size,
        }
    }

    /// Its flags, and which of them a filter has.
    fn flags(filter: &Filter) -> [(&'static str, bool); 6] {
        [
            ("--class", !filter.classes.is_empty()),
            ("--name", !filter.names.is_empty()),
            ("--repr", !filter.reprs.is_empty()),
            ("--alive", filter.alive == Some(true)),
            ("--dead", filter.alive == Some(false)),
            ("--min-size", filter.min_size_bytes.is_some()),
        ]
    }
}

/// Which code is the program's own.
#[derive(Debug, Args)]
struct OwnArgs {
    /// Your own code: a folder or file (/srv/shop), or a package or a folder's name (shop,
    /// shop.models). Repeatable. Default: all that is neither standard library nor in
    /// site-packages or dist-packages.
    #[arg(long, value_name = "PREFIX", value_parser = parse_own, help_heading = SELECTION)]
    own: Vec<String>,
}

impl OwnArgs {
    fn is_given(&self) -> bool {
        !self.own.is_empty()
    }

    fn own_code(&self) -> OwnCode {
        OwnCode::of(&self.own)
    }
}

fn parse_own(text: &str) -> Result<String, String> {
    let is_named = text.contains(|c| !"./\\".contains(c)) || text.starts_with('/');
    let what = "give a folder (/srv/shop) or a package (shop)";
    is_named.then(|| text.into()).ok_or_else(|| what.into())
}

fn parse_size(text: &str) -> Result<i64, String> {
    parse_bytes(text)
        .and_then(|bytes| i64::try_from(bytes).ok())
        .ok_or_else(|| "give bytes (4096), or a number and a unit (64KiB, 1.5MiB)".into())
}

#[derive(Debug, Args)]
#[command(next_help_heading = OUTPUT)]
struct FormArgs<F: ValueEnum + Default + Send + Sync + 'static = Form> {
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = F::default())]
    format: F,
    /// In csv, put ' before texts that Excel and LibreOffice would run as formulas: those that
    /// begin with =, +, - or @.
    #[arg(long)]
    spreadsheet: bool,
    #[command(flatten)]
    page: PageArgs,
}

/// The form of a report that Pympler has not.
type SheetArgs = FormArgs<SheetForm>;

/// Where a report goes and how it looks.
#[derive(Debug, Args)]
struct PageArgs {
    /// Write exact bytes in tables instead of KiB and MiB.
    #[arg(long)]
    bytes: bool,
    /// Write to FILE, which is replaced whole or not at all.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace FILE even if it is a dump, or read-only.
    #[arg(long)]
    force: bool,
    /// When to colour tables. NO_COLOR and TERM=dumb turn auto into never.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    color: Color,
    /// Width of tables in columns, 60 to 500 [default: that of the terminal; if standard output is
    /// not a terminal: COLUMNS, else the terminal of standard error or input, else 120]
    #[arg(long, value_name = "COLUMNS", allow_negative_numbers = true,
        value_parser = clap::value_parser!(u16).range(table::NARROWEST as i64..=table::WIDEST as i64))]
    width: Option<u16>,
    #[command(flatten)]
    reading: ReadingArgs,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Aligned columns, for people
    #[default]
    Table,
    /// One document with a versioned `schema`; exact bytes and seconds
    Json,
    /// The same, one object or snapshot a line, streaming
    Ndjson,
    /// RFC 4180, one row for each object or class; see --spreadsheet
    Csv,
    /// Tables for tickets
    Markdown,
    /// Byte for byte what Pympler 1.1 prints
    Pympler,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum SheetForm {
    /// Aligned columns, for people
    #[default]
    Table,
    /// One document with a versioned `schema`; exact bytes and seconds
    Json,
    /// Its rows, one a line
    Ndjson,
    /// RFC 4180, its rows; see --spreadsheet
    Csv,
    /// A table for tickets
    Markdown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

impl Color {
    fn paint(self, out: &Output) -> Paint {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let enabled = match self {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => out.is_terminal() && !no_color && !is_dumb(),
        };
        Paint { enabled }
    }
}

/// Whether the terminal says that it knows no escape sequences.
pub(crate) fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|name| name == "dumb")
}

fn byte_style(exact: bool) -> ByteStyle {
    if exact {
        ByteStyle::Exact
    } else {
        ByteStyle::Units
    }
}

impl SheetForm {
    /// The form that it means, for a report of this style.
    fn layout(self, style: Style, dialect: Dialect) -> report::Form {
        match self {
            SheetForm::Table => report::Form::Table(style),
            SheetForm::Json => report::Form::Json(JsonLayout::Document),
            SheetForm::Ndjson => report::Form::Json(JsonLayout::Lines),
            SheetForm::Csv => report::Form::Csv(dialect),
            SheetForm::Markdown => report::Form::Markdown(style.bytes),
        }
    }
}

impl<F: ValueEnum + Default + Send + Sync + 'static> FormArgs<F> {
    /// Fails if the flags contradict each other, or if the report would cost somebody a file.
    /// Before these files are read, which may take a while.
    fn check(&self, reads: &[&Path]) -> Result<()> {
        let form = self.format.to_possible_value();
        if self.spreadsheet && form.is_none_or(|form| form.get_name() != "csv") {
            let what = "--spreadsheet is about csv; add --format csv";
            return Err(Usage(what.into()).into());
        }
        self.page.refuse_losses(reads)
    }

    fn dialect(&self) -> Dialect {
        if self.spreadsheet {
            Dialect::Spreadsheet
        } else {
            Dialect::Plain
        }
    }
}

impl SheetArgs {
    fn write(&self, report: &impl Report) -> Result<()> {
        self.destination().alone().write(report)
    }

    /// What becomes of reports.
    fn destination(&self) -> Destination<'_> {
        Destination {
            page: &self.page,
            form: Some(self.format),
            dialect: self.dialect(),
        }
    }
}

impl FormArgs {
    /// The form, unless it is Pympler's, which only some questions have.
    fn sheet_form(&self) -> Option<SheetForm> {
        Some(match self.format {
            Form::Table => SheetForm::Table,
            Form::Json => SheetForm::Json,
            Form::Ndjson => SheetForm::Ndjson,
            Form::Csv => SheetForm::Csv,
            Form::Markdown => SheetForm::Markdown,
            Form::Pympler => return None,
        })
    }

    /// Writes a report, or what Pympler prints.
    fn write(
        &self,
        report: &impl Report,
        pympler: impl FnOnce(&mut pympler::Writer<&mut dyn Write>) -> std::io::Result<()>,
    ) -> Result<()> {
        self.destination().alone().write_or(report, pympler)
    }

    /// What becomes of reports.
    fn destination(&self) -> Destination<'_> {
        Destination {
            page: &self.page,
            form: self.sheet_form(),
            dialect: self.dialect(),
        }
    }

    fn rules(&self) -> Rules {
        if self.format == Form::Pympler {
            Rules::Pympler
        } else {
            Rules::Documented
        }
    }
}

/// Opens an output, of which an unfinished one is taken away when a signal ends the program. One
/// on a terminal goes through a pager.
fn open(path: &Path) -> Result<Output> {
    crate::interrupt::leave_nothing_behind();
    if is_stdout(path)
        && let Some(pager) = crate::pager::start()
    {
        return Ok(Output::to_pager(pager));
    }
    Ok(Output::open(Some(path))?)
}

/// Puts a report into its place.
fn finish(out: Output, path: &Path) -> Result<()> {
    out.finish()?;
    place::tell(path, Kind::Report, "");
    Ok(())
}

impl PageArgs {
    fn path(&self) -> &Path {
        self.output.as_deref().unwrap_or(Path::new("-"))
    }

    /// Whether people read the report as it is written.
    fn is_terminal(&self) -> bool {
        is_stdout(self.path()) && std::io::stdout().is_terminal()
    }

    /// Fails if the report would cost somebody a file.
    fn refuse_losses(&self, reads: &[&Path]) -> Result<()> {
        place::refuse_losses(reads, &[(self.path(), Kind::Report)], self.force)
    }

    /// Opens the report's file, or standard output.
    fn open(&self) -> Result<Output> {
        open(self.path())
    }

    /// Writes a report into its place.
    fn write(&self, form: SheetForm, dialect: Dialect, report: &impl Report) -> Result<()> {
        let mut out = self.open()?;
        form.layout(self.style(&out), dialect)
            .write(&mut out, report)?;
        self.finish(out)
    }

    /// Puts the report into its place.
    fn finish(&self, out: Output) -> Result<()> {
        finish(out, self.path())
    }

    fn style(&self, out: &Output) -> Style {
        Style {
            width: self.width.map_or_else(|| columns(out), usize::from),
            bytes: byte_style(self.bytes),
            paint: self.color.paint(out),
        }
    }
}

/// The columns of a page nobody gave a width for: a reader behind a pipe has the terminal that
/// the other streams have.
fn columns(out: &Output) -> usize {
    let environment = || -> Option<usize> {
        let columns: NonZeroU16 = std::env::var("COLUMNS").ok()?.trim().parse().ok()?;
        Some(columns.get().into())
    };
    // Of standard output, or else of standard error or input.
    let terminal = || Some(usize::from(terminal_size::terminal_size()?.0.0));
    let columns = if out.is_terminal() {
        terminal().or_else(environment)
    } else {
        environment().or_else(terminal)
    };
    columns.unwrap_or(table::DEFAULT_WIDTH)
}

impl Cli {
    pub(crate) fn run(self) -> Result<()> {
        if self.no_pager {
            crate::pager::turn_off();
        }
        if let Some(threads) = self
            .threads
            .and_then(|count| NonZeroUsize::new(count.into()))
        {
            ctstats::threads::set_limit(threads);
        }
        match self.command {
            Command::Overview(overview) => overview.run(),
            Command::Print(print) => print.run(),
            Command::Summary(summary) => summary.run(),
            Command::Diff(diff) => diff.run(),
            Command::Leaks(leaks) => leaks.run(),
            Command::Sites(sites) => sites.run(),
            Command::Check(check) => check.run(),
            Command::Trend(trend) => trend.run(),
            Command::Html(html) => html.run(),
            Command::Convert(convert) => convert.run(),
            Command::Export(export) => export.run(),
            Command::Info(info) => info.run(),
            Command::Completions(completions) => completions.run(),
            Command::Man(man) => man.run(),
        }
    }
}

pub(crate) use check::Breach;

/// Wrong usage that the arguments alone do not reveal.
#[derive(Debug)]
pub(crate) struct Usage(String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// An open dump, which lives as long as the process: to free a million objects one by one would
/// only delay the exit.
struct Opened {
    file: ManuallyDrop<DumpFile>,
    progress: Cell<Option<Progress>>,
}

impl Opened {
    /// A dump that was opened. Says what loading noticed.
    fn of(path: &Path, file: DumpFile, progress: Option<Progress>) -> Result<Opened> {
        let progress = progress.filter(|_| !file.is_read_whole());
        remarks::on_loading(path, file.digest()?.contents.notes());
        Ok(Opened {
            file: ManuallyDrop::new(file),
            progress: Cell::new(progress),
        })
    }

    /// Frees it, for a process that reads many.
    fn close(self) {
        drop(ManuallyDrop::into_inner(self.file));
    }

    /// Answers a question, for which some files are read only now.
    fn ask<'o, T>(
        &'o self,
        question: impl FnOnce(&'o DumpFile) -> Result<T, ctstats::Error>,
    ) -> Result<T> {
        let answer = question(&self.file);
        self.progress.take();
        answer.map_err(|error| match error {
            ctstats::Error::NoSnapshot(what) => Usage(what).into(),
            error => error.into(),
        })
    }

    /// Everything, to be changed or written.
    fn into_whole(self) -> Result<Dump> {
        let whole = ManuallyDrop::into_inner(self.file).into_whole();
        Ok(whole?)
    }
}

/// Opens a dump for those who count lives.
fn open_in_order(path: &Path, reading: ReadingArgs) -> Result<Opened> {
    open_dump(path, reading, DumpFile::in_order)
}

/// Opens a dump as it was recorded.
fn open_as_recorded(path: &Path, reading: ReadingArgs) -> Result<Opened> {
    open_dump(path, reading, Ok)
}

/// Opens a dump, and says what loading noticed.
fn open_dump(
    path: &Path,
    reading: ReadingArgs,
    prepare: impl FnOnce(DumpFile) -> Result<DumpFile, ctstats::Error>,
) -> Result<Opened> {
    let count = ByteCount::default();
    let progress = Progress::reading(reading.progress, path, count.clone());
    let file = prepare(DumpFile::open_with(path, &count, reading.damage())?)?;
    Opened::of(path, file, Some(progress))
}

/// The files of a command that reads several, each if it is given. Standard input can be one
/// of them only.
fn inputs<'p>(given: impl IntoIterator<Item = Option<&'p PathBuf>>) -> Result<Vec<&'p Path>> {
    let paths: Vec<&Path> = given.into_iter().flatten().map(PathBuf::as_path).collect();
    let count = paths.iter().filter(|&&path| path == Path::new("-")).count();
    if count > 1 {
        let what = "standard input can be read once; give a file for the other";
        return Err(Usage(what.into()).into());
    }
    Ok(paths)
}

/// Whether whoever reads the output went away, which is no failure.
pub(crate) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
            || cause
                .downcast_ref::<ctstats::Error>()
                .is_some_and(ctstats::Error::is_closed_pipe)
    })
}

const REFERENTS_CUT: &str =
    "some referents repeat themselves without end or are too many; they were cut";

const LONG_TEXTS_CUT: &str =
    "some long texts are shared by many; where they came again they were cut";

/// Something is odd with the dump.
fn warn(text: &str) {
    say(&format!("warning: {text}"));
}

/// A remark that only matters to a reader.
fn note(text: &str) {
    say(text);
}

/// Writes a line to standard error. If nobody can read it, that is no reason to fail.
pub(crate) fn say(line: &str) {
    if let Err(line) = held::take(line) {
        let _ = writeln!(std::io::stderr(), "ctstats: {line}");
    }
}
