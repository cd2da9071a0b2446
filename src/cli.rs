//! What users type, and what it means: flags become the library's options here and
//! nowhere else.

mod check;
mod diff;
mod html;
mod leaks;
mod sites;

use std::io::Write;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Parser, Subcommand, ValueEnum};

use ctstats::analysis::info::Info;
use ctstats::analysis::lifetimes::{Lifetimes, LifetimesOptions};
use ctstats::analysis::summary::{ClassSortKey, SnapshotSelector, Summary, SummaryOptions};
use ctstats::output::{Compression, Compressor, Output};
use ctstats::report::{Paint, csv, info, json, lifetimes, markdown, pickle, pympler, table};
use ctstats::select::{Filter, Limit, Selection, SortKey};
use ctstats::units::{ByteStyle, thousands};
use ctstats::{ByteCount, Dump, DumpFile, Redaction, Rules};

use crate::progress::{Progress, When};

const EXAMPLES: &str = "\
Examples:
  ctstats print dump.dat --sort size --limit 10
  ctstats summary dump.dat --snapshot peak --sort size --limit 5
  zcat dump.dat.gz | ctstats print - --class Cart --format csv | head

Exit status: 0 success (also when the reader of a pipe goes away), 1 the dump or
a file cannot be read or written, 2 wrong usage.

Dumps are what Pympler's tracker.stats.dump_stats(\"dump.dat\") writes. They are
read as data: nothing in them is imported or executed.";

/// Analyze the memory dumps that Python programs record with Pympler's ClassTracker.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Print(Print),
    Summary(SummaryArgs),
    Diff(diff::DiffArgs),
    Leaks(leaks::LeaksArgs),
    Sites(sites::SitesArgs),
    Check(check::CheckArgs),
    Html(html::HtmlArgs),
    Convert(Convert),
    Info(InfoArgs),
}

const SELECTION: &str = "Which objects, in which order";
const OUTPUT: &str = "Output";

const PRINT_EXAMPLES: &str = "\
Examples:
  The ten largest objects, each with its trace, sizes and referents:
    ctstats print dump.dat --sort size --limit 10
  One line for each living object of two classes:
    ctstats print dump.dat --class Cart --class Order --alive --brief
  The oldest survivors above 1 MiB, for jq:
    ctstats print dump.dat --alive --min-size 1MiB --sort birth --format ndjson | jq .repr
  Exactly what Pympler would print:
    ctstats print dump.dat --sort size --limit 3 --format pympler";

/// Print tracked objects: class, lifetime, sizes, trace and referents.
///
/// Objects are filtered, sorted and then cut to the limit. Without --sort they come
/// in Pympler's order: classname, tsize, birth, death, name, repr, size.
#[derive(Debug, Args)]
#[command(after_help = PRINT_EXAMPLES)]
struct Print {
    #[command(flatten)]
    input: Input,
    /// Sort keys, comma-separated or repeated: classname, name, birth, death, size (largest),
    /// tsize (at the peak snapshot), repr. Sizes sort descending, the others ascending.
    #[arg(long, value_name = "KEYS", value_delimiter = ',', help_heading = SELECTION)]
    sort: Vec<SortKey>,
    /// Reverse the sorted order.
    #[arg(long, help_heading = SELECTION)]
    reverse: bool,
    #[command(flatten)]
    filter: FilterArgs,
    /// Keep the first N objects, or a share of all tracked ones (0.25 or 25%).
    #[arg(long, value_name = "N|0.25|25%", allow_negative_numbers = true)]
    limit: Option<Limit>,
    /// Only the row of each object, without trace, sizes and referents.
    #[arg(long, help_heading = OUTPUT)]
    brief: bool,
    #[command(flatten)]
    form: FormArgs,
}

const SUMMARY_EXAMPLES: &str = "\
Examples:
  All snapshots, classes by name:
    ctstats summary dump.dat
  The five largest classes when memory was highest:
    ctstats summary dump.dat --snapshot peak --sort size --limit 5
  First against last, as CSV:
    ctstats summary dump.dat --snapshot first --snapshot last --format csv
  Which classes come and go, and how long their objects live:
    ctstats summary dump.dat --lifetimes";

/// Print the classes of each snapshot: active instances, sum, average, share.
///
/// The share is of the process's virtual size at the snapshot (where that was not
/// recorded, of the asizeof total or the tracked total). An object is active if it
/// was born before the snapshot and had not died by then.
#[derive(Debug, Args)]
#[command(after_help = SUMMARY_EXAMPLES)]
struct SummaryArgs {
    #[command(flatten)]
    input: Input,
    /// Only this snapshot: its number from 0, -1 for the last, its description, first, last
    /// or peak. Repeatable.
    #[arg(long, value_name = "SELECTOR", allow_hyphen_values = true, help_heading = SELECTION)]
    snapshot: Vec<SnapshotSelector>,
    /// Instead of the snapshots tell of each class what was created, is alive and died, how
    /// many die each second, at which age, and how old the survivors are.
    #[arg(long, conflicts_with_all = ["snapshot", "sort", "reverse"], help_heading = SELECTION)]
    lifetimes: bool,
    /// Sort keys, comma-separated or repeated: classname, size, active, average, share.
    /// Figures sort descending. Default: classname.
    #[arg(long, value_name = "KEYS", value_delimiter = ',', help_heading = SELECTION)]
    sort: Vec<ClassSortKey>,
    /// Reverse the sorted order.
    #[arg(long, help_heading = SELECTION)]
    reverse: bool,
    #[command(flatten)]
    filter: FilterArgs,
    /// Keep the first N classes of each snapshot and fold the others into one row; of
    /// lifetimes those with most objects.
    #[arg(long, value_name = "N|0.25|25%", allow_negative_numbers = true)]
    limit: Option<Limit>,
    #[command(flatten)]
    form: FormArgs,
}

const INFO_EXAMPLES: &str = "\
Examples:
  What is in it, and what the next recording should have:
    ctstats info dump.dat
  How many objects were alive, for a script:
    ctstats info dump.dat --format json | jq .alive";

/// Say what a dump is: format, size, counts, time span, peak, and what was not recorded.
#[derive(Debug, Args)]
#[command(after_help = INFO_EXAMPLES)]
struct InfoArgs {
    #[command(flatten)]
    input: Input,
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = InfoForm::Table)]
    format: InfoForm,
    /// Write exact bytes instead of KiB and MiB.
    #[arg(long)]
    bytes: bool,
    /// When to colour. NO_COLOR turns auto into never.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    color: Color,
    #[command(flatten)]
    progress: ProgressArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum InfoForm {
    /// Lines for people
    Table,
    /// One object with a versioned `schema`
    Json,
}

impl InfoArgs {
    fn run(self) -> Result<()> {
        let (dump, ()) = load(&self.input.dump, self.progress, |file| {
            Ok((file.outline()?, ()))
        })?;
        let info = Info::of(&dump);
        let mut out = Output::open(None)?;
        match self.format {
            InfoForm::Table => {
                let style = byte_style(self.bytes);
                let paint = self.color.paint(&out);
                info::table(&mut out, &info, style, paint)?;
            }
            InfoForm::Json => info::json(&mut out, &info)?,
        }
        out.finish()?;
        Ok(())
    }
}

const CONVERT_EXAMPLES: &str = "\
Examples:
  Into ctstats' own format, a fifth of the size and quicker to open:
    ctstats convert dump.dat dump.bin
  Compressed, for the archive:
    ctstats convert dump.dat dump.bin.zst
  Only the carts, without reprs, to send to somebody who has Pympler:
    ctstats convert dump.dat carts.dat --class Cart --redact repr
  The hundred largest objects, from a pipe into a pipe:
    zcat dump.dat.gz | ctstats convert - - --sort size --limit 100 > part.bin";

/// Convert a dump into ctstats' own format, or back into one that Pympler loads.
///
/// OUT is replaced whole or not at all. With filters or a limit only the selected
/// objects are written, with all snapshots.
#[derive(Debug, Args)]
#[command(after_help = CONVERT_EXAMPLES)]
struct Convert {
    /// The dump to read, of either format: a file, or - for standard input.
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// The file to write, or - for standard output. Its ending tells the format (.dat, .pkl,
    /// .pickle and .dump: pympler, anything else: native) and the compression (.gz, .zst).
    #[arg(value_name = "OUT")]
    out: PathBuf,
    /// The format to write, whatever the ending of OUT.
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = OUTPUT)]
    to: Option<Target>,
    /// The compression to write, whatever the ending of OUT.
    #[arg(long, value_enum, value_name = "CODING", help_heading = OUTPUT)]
    compress: Option<Coding>,
    /// Replace these texts by placeholders (repr-1, file-2), comma-separated or repeated.
    /// Class and attribute names stay.
    #[arg(long, value_enum, value_name = "TEXTS", value_delimiter = ',', help_heading = OUTPUT)]
    redact: Vec<Redact>,
    #[command(flatten, next_help_heading = OUTPUT)]
    progress: ProgressArgs,
    /// Sort keys, as for print: the order of the objects within their class.
    #[arg(long, value_name = "KEYS", value_delimiter = ',', help_heading = SELECTION)]
    sort: Vec<SortKey>,
    /// Reverse the sorted order.
    #[arg(long, help_heading = SELECTION)]
    reverse: bool,
    #[command(flatten)]
    filter: FilterArgs,
    /// Keep the first N objects, or a share of all tracked ones (0.25 or 25%).
    #[arg(long, value_name = "N|0.25|25%", allow_negative_numbers = true, help_heading = SELECTION)]
    limit: Option<Limit>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Target {
    /// ctstats' own format
    Native,
    /// Two pickles, as Pympler's load_stats reads them
    Pympler,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Coding {
    Zstd,
    Gzip,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Redact {
    /// Reprs of objects and of what they refer to
    Repr,
    /// Files, functions and source lines
    Trace,
    /// Descriptions of snapshots
    Desc,
}

impl Convert {
    fn run(self) -> Result<()> {
        let (target, compression) = self.outcome();
        let selection = Selection {
            filter: self.filter.filter(),
            sort: self.sort,
            reverse: self.reverse,
            limit: self.limit,
            rules: Rules::Documented,
        };
        let (dump, selected) = load(&self.input, self.progress, |file| {
            if selection.selects_all() {
                return Ok((file.whole()?, None));
            }
            let (dump, selected) = file.select(&selection)?;
            Ok((dump, Some(selected)))
        })?;
        let redactions: Vec<Redaction> = self
            .redact
            .iter()
            .map(|redact| match redact {
                Redact::Repr => Redaction::Repr,
                Redact::Trace => Redaction::Trace,
                Redact::Desc => Redaction::Desc,
            })
            .collect();
        let mut part = None;
        if let Some(selected) = selected {
            if selected.objects.len() < selected.all {
                note(&table::extent(&selected, ByteStyle::Units));
            }
            part = Some(ManuallyDrop::new(dump.part(&selected.objects)));
        }
        if !redactions.is_empty() {
            part = Some(ManuallyDrop::new(
                part.as_ref().unwrap_or(&dump).redacted(&redactions),
            ));
        }
        let dump = part.as_ref().unwrap_or(&dump);
        crate::interrupt::leave_nothing_behind();
        let out = Output::open(Some(&self.out))?;
        if out.is_terminal() {
            anyhow::bail!("a dump is no text: give a file, or pipe the output into one");
        }
        let count = ByteCount::default();
        let what = format!(
            "writing {}",
            ctstats::units::escaped(&self.out.display().to_string())
        );
        let _progress = Progress::watch(self.progress.progress, what, count.clone(), None);
        let mut out = Compressor::new(count.counting(out), compression)?;
        match target {
            Target::Native => dump.dump_stats_to(&mut out)?,
            Target::Pympler => pickle::dump(&mut out, dump)?,
        }
        out.finish()?.into_inner().finish()?;
        Ok(())
    }

    /// What the flags and the ending of OUT say.
    fn outcome(&self) -> (Target, Compression) {
        let ending = |path: &Path| path.extension().and_then(|e| e.to_str().map(String::from));
        let (coding, rest) = match ending(&self.out).as_deref() {
            Some("gz") => (Compression::Gzip, self.out.with_extension("")),
            Some("zst") => (Compression::Zstd, self.out.with_extension("")),
            _ => (Compression::None, self.out.clone()),
        };
        let target = match ending(&rest).as_deref() {
            Some("dat" | "pkl" | "pickle" | "dump") => Target::Pympler,
            _ => Target::Native,
        };
        let compression = match self.compress {
            None => coding,
            Some(Coding::Zstd) => Compression::Zstd,
            Some(Coding::Gzip) => Compression::Gzip,
            Some(Coding::None) => Compression::None,
        };
        (self.to.unwrap_or(target), compression)
    }
}

#[derive(Debug, Args)]
struct Input {
    /// The dump: a file, or - for standard input. Plain, gzip, zstd or xz.
    #[arg(value_name = "DUMP")]
    dump: PathBuf,
}

#[derive(Clone, Copy, Debug, Args)]
struct ProgressArgs {
    /// When to show how far a read or write is that takes more than a second. Auto: on a
    /// terminal.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = When::Auto)]
    progress: When,
}

#[derive(Debug, Args)]
#[command(next_help_heading = SELECTION)]
struct FilterArgs {
    /// Only classes whose registered name contains TEXT. Repeatable: any of them.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
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
    fn filter(self) -> Filter {
        Filter {
            classes: self.class,
            names: self.name,
            reprs: self.repr,
            alive: match (self.alive, self.dead) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            },
            min_size_bytes: self.min_size,
        }
    }
}

fn parse_size(text: &str) -> Result<i64, String> {
    text.parse::<bytesize::ByteSize>()
        .ok()
        .and_then(|size| i64::try_from(size.as_u64()).ok())
        .ok_or_else(|| "give bytes (4096), or a number and a unit (64KiB, 1.5MiB)".into())
}

#[derive(Debug, Args)]
#[command(next_help_heading = OUTPUT)]
struct FormArgs {
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = Form::Table)]
    format: Form,
    #[command(flatten)]
    page: PageArgs,
}

/// The form of a report that Pympler has not.
#[derive(Debug, Args)]
#[command(next_help_heading = OUTPUT)]
struct SheetArgs {
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = SheetForm::Table)]
    format: SheetForm,
    #[command(flatten)]
    page: PageArgs,
}

/// Where a report goes and how it looks.
#[derive(Debug, Args)]
struct PageArgs {
    /// Write exact bytes in tables instead of KiB and MiB.
    #[arg(long)]
    bytes: bool,
    /// Write to FILE, which is replaced whole or not at all.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// When to colour tables. NO_COLOR turns auto into never.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    color: Color,
    /// Columns of tables, 60 to 500 [default: the terminal's, 120 without one]
    #[arg(long, value_name = "COLUMNS", allow_negative_numbers = true)]
    width: Option<usize>,
    #[command(flatten)]
    progress: ProgressArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Aligned columns, for people
    Table,
    /// One document with a versioned `schema`; exact bytes and seconds
    Json,
    /// The same, one object or snapshot a line, streaming
    Ndjson,
    /// RFC 4180, one row for each object or class
    Csv,
    /// Tables for tickets
    Markdown,
    /// Byte for byte what Pympler 1.1 prints
    Pympler,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SheetForm {
    /// Aligned columns, for people
    Table,
    /// One document with a versioned `schema`; exact bytes and seconds
    Json,
    /// Its rows, one a line
    Ndjson,
    /// RFC 4180, its rows
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
            Color::Auto => out.is_terminal() && !no_color,
        };
        Paint { enabled }
    }
}

fn byte_style(exact: bool) -> ByteStyle {
    if exact {
        ByteStyle::Exact
    } else {
        ByteStyle::Units
    }
}

impl FormArgs {
    fn rules(&self) -> Rules {
        if self.format == Form::Pympler {
            Rules::Pympler
        } else {
            Rules::Documented
        }
    }
}

/// Opens a report's file, which is not to be one of the dumps.
fn open(path: &Path, dumps: &[&Path]) -> Result<Output> {
    not_a_dump(path, dumps)?;
    crate::interrupt::leave_nothing_behind();
    Ok(Output::open(Some(path))?)
}

fn not_a_dump(report: &Path, dumps: &[&Path]) -> Result<()> {
    let real = |path: &Path| path.canonicalize().ok();
    if let Some(place) = real(report)
        && dumps.iter().any(|dump| real(dump).as_ref() == Some(&place))
    {
        let path = report.display().to_string();
        let path = ctstats::units::escaped(&path);
        anyhow::bail!("{path}: is the dump itself; give the report another name");
    }
    Ok(())
}

impl PageArgs {
    /// Opens the report's file, or standard output.
    fn open(&self, dumps: &[&Path]) -> Result<Output> {
        match &self.output {
            Some(path) => open(path, dumps),
            None => Ok(Output::open(None)?),
        }
    }

    fn style(&self, out: &Output, brief: bool) -> table::Style {
        let terminal = || {
            let size = out
                .is_terminal()
                .then(terminal_size::terminal_size)
                .flatten();
            size.map_or(table::DEFAULT_WIDTH, |(width, _)| width.0.into())
        };
        table::Style {
            width: self.width.unwrap_or_else(terminal),
            bytes: byte_style(self.bytes),
            paint: self.color.paint(out),
            brief,
        }
    }
}

impl Cli {
    /// Does what was asked for.
    pub(crate) fn run(self) -> Result<()> {
        match self.command {
            Command::Print(print) => print.run(),
            Command::Summary(summary) => summary.run(),
            Command::Diff(diff) => diff.run(),
            Command::Leaks(leaks) => leaks.run(),
            Command::Sites(sites) => sites.run(),
            Command::Check(check) => check.run(),
            Command::Html(html) => html.run(),
            Command::Convert(convert) => convert.run(),
            Command::Info(info) => info.run(),
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

impl Print {
    fn run(self) -> Result<()> {
        let selection = Selection {
            filter: self.filter.filter(),
            sort: self.sort,
            reverse: self.reverse,
            limit: self.limit,
            rules: self.form.rules(),
        };
        let (dump, selected) = load(&self.input.dump, self.form.page.progress, |file| {
            file.select(&selection)
        })?;
        let selected = ManuallyDrop::new(selected);
        let mut out = self.form.page.open(&[&self.input.dump])?;
        let style = self.form.page.style(&out, self.brief);
        let bytes = style.bytes;
        let cut = match self.form.format {
            Form::Table => table::objects(&mut out, &dump, &selected, style)?.cut,
            Form::Json => json::objects(&mut out, &dump, &selected, json::Stringing::Document)?.cut,
            Form::Ndjson => json::objects(&mut out, &dump, &selected, json::Stringing::Lines)?.cut,
            Form::Csv => csv::objects(&mut out, &dump, &selected).map(|()| false)?,
            Form::Markdown => {
                markdown::objects(&mut out, &dump, &selected, bytes).map(|()| false)?
            }
            Form::Pympler => {
                let escape = out.is_terminal();
                pympler::Writer::new(&mut out, escape)
                    .objects(&dump, &selected)?
                    .cut
            }
        };
        out.finish()?;
        if cut {
            warn("some referents repeat themselves without end or are too many; they were cut");
        }
        if selected.all == 0 {
            note("the dump holds no tracked objects; track_class follows those created after it");
        }
        if selected.objects.len() < selected.all {
            note(&table::extent(&selected, bytes));
        }
        Ok(())
    }
}

impl SummaryArgs {
    fn run(self) -> Result<()> {
        if self.lifetimes {
            return self.lifetimes();
        }
        let options = SummaryOptions {
            filter: self.filter.filter(),
            sort: self.sort,
            reverse: self.reverse,
            limit: self.limit,
            snapshots: self.snapshot,
            rules: self.form.rules(),
        };
        let (dump, ()) = load(&self.input.dump, self.form.page.progress, |file| {
            Ok((file.summary(&options.filter, options.rules)?, ()))
        })?;
        let summary = Summary::of(&dump, options).map_err(|selector| no_such(&dump, &selector))?;
        let mut out = self.form.page.open(&[&self.input.dump])?;
        let style = self.form.page.style(&out, false);
        match self.form.format {
            Form::Table => table::summary(&mut out, &summary, style)?,
            Form::Json => json::summary(&mut out, &summary, json::Stringing::Document)?,
            Form::Ndjson => json::summary(&mut out, &summary, json::Stringing::Lines)?,
            Form::Csv => csv::summary(&mut out, &summary)?,
            Form::Markdown => markdown::summary(&mut out, &summary, style.bytes)?,
            Form::Pympler => {
                let escape = out.is_terminal();
                pympler::Writer::new(&mut out, escape).summary(&dump, &summary)?;
            }
        }
        out.finish()?;
        if dump.snapshots().len() == 0 {
            note("the dump has no snapshots; tracker.create_snapshot() records one");
        }
        Ok(())
    }
}

impl SummaryArgs {
    fn lifetimes(self) -> Result<()> {
        if self.form.format == Form::Pympler {
            return Err(
                Usage("Pympler prints no lifetimes; choose another --format".into()).into(),
            );
        }
        let options = LifetimesOptions {
            filter: self.filter.filter(),
            limit: self.limit,
        };
        let page = &self.form.page;
        let (dump, ()) = load(&self.input.dump, page.progress, |file| {
            Ok((file.lifetimes(&options.filter)?, ()))
        })?;
        let of = Lifetimes::of(&dump, &options);
        let mut out = page.open(&[&self.input.dump])?;
        let style = page.style(&out, false);
        match self.form.format {
            Form::Json => lifetimes::json(&mut out, &of, json::Stringing::Document)?,
            Form::Ndjson => lifetimes::json(&mut out, &of, json::Stringing::Lines)?,
            Form::Csv => lifetimes::csv(&mut out, &of)?,
            Form::Markdown => lifetimes::markdown(&mut out, &of, style.bytes)?,
            Form::Table | Form::Pympler => lifetimes::table(&mut out, &of, style)?,
        }
        out.finish()?;
        Ok(())
    }
}

/// Loads a dump for the rest of the process's life: freeing a million objects one by
/// one would only delay the exit.
fn load<T>(
    path: &Path,
    progress: ProgressArgs,
    read: impl FnOnce(DumpFile) -> Result<(Dump, T), ctstats::Error>,
) -> Result<(ManuallyDrop<Dump>, T)> {
    let count = ByteCount::default();
    let progress = Progress::reading(progress.progress, path, count.clone());
    let (dump, with) = read(DumpFile::open_counted(path, &count)?)?;
    drop(progress);
    let notes = dump.notes();
    if notes.trailing_bytes > 0 {
        let more = if notes.trailing_uncounted {
            "more than "
        } else {
            ""
        };
        let count = thousands(notes.trailing_bytes.into());
        let s = if notes.trailing_bytes == 1 { "" } else { "s" };
        warn(&format!(
            "{}: {more}{count} byte{s} behind the dump ignored, as Pympler does \
             (dump_stats with close=False may have appended another)",
            ctstats::units::escaped(&path.display().to_string()),
        ));
    }
    Ok((ManuallyDrop::new(dump), with))
}

fn no_such(dump: &Dump, selector: &SnapshotSelector) -> Usage {
    let selector = ctstats::units::escaped(&selector.to_string()).into_owned();
    let count = dump.snapshots().len();
    if count == 0 {
        return Usage(format!(
            "no snapshot '{selector}': the dump has no snapshots; tracker.create_snapshot() records one"
        ));
    }
    let names: Vec<String> = dump
        .snapshots()
        .map(|s| s.description().to_str().into_owned())
        .filter(|name| !name.is_empty())
        .take(8)
        .map(|name| {
            let clipped: String = name.chars().take(40).collect();
            format!("'{}'", ctstats::units::escaped(&clipped))
        })
        .collect();
    let described = if names.is_empty() {
        String::new()
    } else {
        format!(", described as {}", names.join(", "))
    };
    Usage(format!(
        "no snapshot '{selector}': there are 0 to {}{described}",
        count - 1
    ))
}

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
    let _ = writeln!(std::io::stderr(), "ctstats: {line}");
}
