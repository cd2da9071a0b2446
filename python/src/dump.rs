//! An open dump that answers with the library's JSON, and hands out tables.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use ctstats::analysis::check::{Check, Quantity, Threshold, Unused, load, no_leaks};
use ctstats::analysis::diff::{Diff, DiffOptions};
use ctstats::analysis::leaks::{Confidence, Date, KnownLeak, Leaks, LeaksOptions, load_known};
use ctstats::analysis::sites::GroupBy;
use ctstats::analysis::summary::{ShareOf, SnapshotSelector, Summary, SummaryOptions};
use ctstats::analysis::{Info, OwnCode};
use ctstats::losses::{Loss, Written};
use ctstats::output::{Compression, Compressor, Output};
use ctstats::report::leaks::LeaksReport;
use ctstats::report::{self, Form, JsonLayout, Report, check, html, info};
use ctstats::select::{Criterion, Filter, Limit, Selection};
use ctstats::tables::Table;
use ctstats::units::{escaped, parse_bytes};
use ctstats::{ByteCount, Damage, Dump, Error, Redaction, Rules, Source};
use pyo3::exceptions::{PyFileExistsError, PyPermissionError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

use crate::error::{Failure, computed};
use crate::stream::Reader;
use crate::table::Rows;

/// Classes, names, reprs, whether alive, the least size in bytes: those of [`Filter`].
type Filters = (
    Vec<String>,
    Vec<String>,
    Vec<String>,
    Option<bool>,
    Option<i64>,
);

fn filter((classes, names, reprs, alive, min_size_bytes): Filters) -> Filter {
    Filter {
        classes,
        names,
        reprs,
        alive,
        min_size_bytes,
    }
}

/// A snapshot as it is named on the command line.
fn selector(text: &str) -> SnapshotSelector {
    match text.parse() {
        Ok(selector) => selector,
        Err(never) => match never {},
    }
}

fn parsed<T: std::str::FromStr<Err = Error>>(texts: &[String]) -> Result<Vec<T>, Failure> {
    let parsed = texts.iter().map(|text| text.parse());
    Ok(parsed.collect::<Result<_, _>>()?)
}

fn limit(text: Option<String>) -> Result<Option<Limit>, Failure> {
    Ok(text.map(|text| text.parse()).transpose()?)
}

fn wrong(what: impl Into<String>) -> Failure {
    PyValueError::new_err(what.into()).into()
}

/// The document that the command prints.
fn document(report: &impl Report) -> Result<String, Failure> {
    written(|out| Form::Json(JsonLayout::Document).write(out, report))
}

/// What is written, as a text.
fn written(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> Result<String, Failure> {
    let mut out = Vec::new();
    write(&mut out)?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// Leaks that are accepted: the files of known ones, and classes.
type Accepted = (Option<PathBuf>, Vec<String>);

/// Those that are accepted today; of the others a sentence each.
fn known((file, ignore): Accepted) -> Result<(Vec<KnownLeak>, Vec<String>), Failure> {
    let mut known = file.map_or(Ok(Vec::new()), load_known)?;
    // The day in UTC, so that a build says the same everywhere.
    let expired = KnownLeak::take_expired(&mut known, Date::of(SystemTime::now()));
    for class in &ignore {
        known.push(KnownLeak::ignored(class)?);
    }
    Ok((known, expired.iter().map(report::known::expired).collect()))
}

/// What an argument of a filter is called.
fn argument(criterion: Criterion) -> &'static str {
    match criterion {
        Criterion::Class => "class_",
        Criterion::Name => "name",
        Criterion::Repr => "repr",
    }
}

/// Fails if something is lost that is not to be replaced by this.
fn refuse_loss(path: &Path, written: Written) -> Result<(), Failure> {
    let Some(loss) = Loss::of(path, written) else {
        return Ok(());
    };
    let what = format!("{}: {loss}", escaped(&path.display().to_string()));
    Err(match loss {
        Loss::ReadOnly => PyPermissionError::new_err(what).into(),
        Loss::NoDump | Loss::Dump => PyFileExistsError::new_err(what).into(),
    })
}

/// One of some choices by its name.
fn choice<T: Copy>(what: &str, choices: &[(&'static str, T)], name: &str) -> Result<T, Failure> {
    let found = choices.iter().find(|choice| choice.0 == name);
    found.map(|choice| choice.1).ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|choice| choice.0).collect();
        wrong(format!("{what} is one of {}", names.join(", ")))
    })
}

/// A dump, with the times as they were recorded, and in order.
#[pyclass(frozen, module = "ctstats._ctstats")]
pub(crate) struct DumpFile {
    recorded: Arc<ctstats::DumpFile>,
    /// The same, unless a clock was set back.
    ordered: Arc<ctstats::DumpFile>,
    path: PathBuf,
}

impl DumpFile {
    fn of(file: ctstats::DumpFile, path: PathBuf) -> Result<Self, Failure> {
        let (recorded, ordered) = match file.apart() {
            Some(apart) => (Arc::new(file), Arc::new(apart.in_order()?)),
            None => {
                let mut dump = file.into_whole()?;
                let ordered = dump.clock_fault().map(|_| {
                    let mut ordered = dump.clone();
                    ordered.put_in_order();
                    ordered.keep_sizes();
                    Arc::new(ordered.into())
                });
                if ordered.is_none() {
                    dump.keep_sizes();
                }
                let recorded = Arc::new(ctstats::DumpFile::from(dump));
                let same = Arc::clone(&recorded);
                (recorded, ordered.unwrap_or(same))
            }
        };
        Ok(DumpFile {
            recorded,
            ordered,
            path,
        })
    }

    /// Asks a question. What is read for it is given back, unless it is in memory anyway.
    fn ask<T: Send>(
        &self,
        py: Python<'_>,
        question: impl FnOnce(&ctstats::DumpFile) -> Result<T, Failure> + Send,
    ) -> PyResult<T> {
        computed(py, || {
            let apart = self.ordered.apart();
            question(apart.as_ref().unwrap_or(&self.ordered))
        })
    }

    fn damage(salvage: bool) -> Damage {
        match salvage {
            true => Damage::Salvage,
            false => Damage::Refuse,
        }
    }
}

#[pymethods]
impl DumpFile {
    /// Opens a file by its name.
    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf, salvage: bool) -> PyResult<Self> {
        computed(py, || {
            let count = ByteCount::default();
            let file = ctstats::DumpFile::open_with(&path, &count, Self::damage(salvage))?;
            DumpFile::of(file, path)
        })
    }

    /// Reads an open file from where it stands.
    #[staticmethod]
    fn read(py: Python<'_>, file: Py<PyAny>, name: String, salvage: bool) -> PyResult<Self> {
        computed(py, || {
            let dump = Dump::read_with(Reader::new(file), Self::damage(salvage));
            let dump = dump.map_err(|error| error.in_file(&name))?;
            DumpFile::of(dump.into(), name.into())
        })
    }

    /// Reads bytes in memory.
    #[staticmethod]
    fn of_bytes(py: Python<'_>, bytes: PyBackedBytes, salvage: bool) -> PyResult<Self> {
        computed(py, || {
            let dump = Dump::read_with(&bytes[..], Self::damage(salvage))?;
            DumpFile::of(dump.into(), "input".into())
        })
    }

    /// The texts of a filter that fit nothing, in a sentence each.
    fn unmatched(&self, py: Python<'_>, filters: Filters) -> PyResult<Vec<String>> {
        let filter = filter(filters);
        self.ask(py, |dump| {
            let unmatched = filter.unmatched(dump)?.0;
            let sentence = |of| report::unmatched::sentence(of, argument);
            Ok(unmatched.iter().map(sentence).collect())
        })
    }

    /// A table by its name; `by` is how sites are grouped.
    fn table(&self, name: &str, filters: Filters, by: &str) -> PyResult<Rows> {
        let by = choice("by", &GroupBy::NAMED, by)?;
        let table = Table::NAMED.into_iter().find(|table| table.0 == name);
        let table = table.ok_or_else(|| PyValueError::new_err(format!("no table {name}")))?;
        Ok(Rows {
            dump: Arc::clone(&self.ordered),
            table: table.1,
            filter: filter(filters),
            by,
        })
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one for each option of the command"
    )]
    fn summary(
        &self,
        py: Python<'_>,
        filters: Filters,
        snapshots: Vec<String>,
        sort: Vec<String>,
        reverse: bool,
        limit: Option<String>,
        share_of: &str,
    ) -> PyResult<String> {
        let share_of = choice("share_of", &ShareOf::NAMED, share_of)?;
        let options = SummaryOptions {
            filter: filter(filters),
            sort: parsed(&sort)?,
            reverse,
            limit: self::limit(limit)?,
            snapshots: snapshots.iter().map(|text| selector(text)).collect(),
            share_of,
            ..SummaryOptions::default()
        };
        self.ask(py, |dump| document(&Summary::of(dump, options)?))
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one for each option of the command"
    )]
    fn leaks(
        &self,
        py: Python<'_>,
        filters: Filters,
        between: Option<(String, String)>,
        alive_at: Option<String>,
        sort: Vec<String>,
        reverse: bool,
        limit: Option<String>,
        own: Vec<String>,
        min_growth: u64,
        accepted: Accepted,
    ) -> PyResult<(String, Vec<String>)> {
        let (known, mut notes) = known(accepted)?;
        let options = LeaksOptions {
            filter: filter(filters),
            between: between.map(|(from, to)| (selector(&from), selector(&to))),
            alive_at: alive_at.map(|text| selector(&text)),
            sort: parsed(&sort)?,
            reverse,
            limit: self::limit(limit)?,
            own: OwnCode::of(&own),
            min_growth_bytes: min_growth,
            known,
        };
        self.ask(py, |dump| {
            let leaks = Leaks::of(dump, &options)?;
            notes.extend(leaks.idle.iter().map(report::known::idle));
            let text = document(&LeaksReport {
                leaks: &leaks,
                dump: &self.path,
            })?;
            Ok((text, notes))
        })
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one for each option of the command"
    )]
    fn diff(
        &self,
        py: Python<'_>,
        other: Option<&DumpFile>,
        filters: Filters,
        from: Option<String>,
        to: Option<String>,
        sort: Vec<String>,
        reverse: bool,
        limit: Option<String>,
        referents: bool,
    ) -> PyResult<String> {
        let options = DiffOptions {
            filter: filter(filters),
            from: from.map(|text| selector(&text)),
            to: to.map(|text| selector(&text)),
            sort: parsed(&sort)?,
            reverse,
            limit: self::limit(limit)?,
            referents,
        };
        let newer = other.map(|other| Arc::clone(&other.ordered));
        let paths =
            [Some(self), other].map(|dump| dump.map(|dump| dump.path.display().to_string()));
        self.ask(py, |dump| {
            let newer_apart = newer.as_ref().and_then(|newer| newer.apart());
            let diff = match &newer {
                Some(newer) => {
                    Diff::of_dumps(dump, newer_apart.as_ref().unwrap_or(newer), &options)
                }
                None => Diff::of_snapshots(dump, &options),
            };
            let [old, new] = paths;
            // The error names the file that something is missing in.
            let mut diff = match diff {
                Err(Error::Incomparable { what, in_newer }) => {
                    let path = new.filter(|_| in_newer).or(old).unwrap_or_default();
                    return Err(wrong(format!("{}: {what}", escaped(&path))));
                }
                diff => diff?,
            };
            let files = old.zip(new).map(|(old, new)| [old, new]);
            diff.files = files;
            document(&diff)
        })
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one for each option of the command"
    )]
    fn check(
        &self,
        py: Python<'_>,
        filters: Filters,
        max_alive: Vec<String>,
        max_bytes: Vec<String>,
        max_growth: Vec<String>,
        no_leaks: Option<String>,
        limits: Option<PathBuf>,
        baseline: Option<&DumpFile>,
        min_growth: u64,
        accepted: Accepted,
        allow_missing: bool,
    ) -> PyResult<(String, Vec<String>)> {
        let (known, mut notes) = known(accepted)?;
        let thresholds = thresholds(limits, [max_alive, max_bytes, max_growth], no_leaks)?;
        let options = LeaksOptions {
            filter: filter(filters),
            min_growth_bytes: min_growth,
            known,
            ..LeaksOptions::default()
        };
        let baseline = baseline.map(|baseline| Arc::clone(&baseline.ordered));
        self.ask(py, |dump| {
            let apart = baseline.as_ref().and_then(|baseline| baseline.apart());
            let baseline = apart.as_ref().or(baseline.as_deref());
            let of = Check::of(dump, baseline, &thresholds, &options)?;
            let uncheckable: Vec<&Unused> = of.uncheckable().collect();
            if !uncheckable.is_empty() && !allow_missing {
                let why = check::of_no_classes(&uncheckable);
                return Err(wrong(check::uncheckable(&why)));
            }
            notes.extend(of.idle.iter().map(report::known::idle));
            Ok((written(|out| check::json(out, &of))?, notes))
        })
    }

    fn info(&self, py: Python<'_>) -> PyResult<String> {
        computed(py, || {
            let apart = self.recorded.apart();
            let of = Info::of(apart.as_ref().unwrap_or(&self.recorded))?;
            written(|out| info::json(out, &of))
        })
    }

    /// Writes the report of pages; what is to be told of known leaks.
    #[expect(
        clippy::too_many_arguments,
        reason = "one for each option of the command"
    )]
    fn to_html(
        &self,
        py: Python<'_>,
        path: PathBuf,
        title: String,
        single_file: bool,
        instances: Option<usize>,
        filters: Filters,
        min_growth: u64,
        accepted: Accepted,
        force: bool,
    ) -> PyResult<Vec<String>> {
        let (known, mut notes) = known(accepted)?;
        let options = html::HtmlOptions {
            title,
            dump: self.path.clone(),
            filter: filter(filters),
            instances,
            min_growth_bytes: min_growth,
            known,
            ..html::HtmlOptions::default()
        };
        self.ask(py, |dump| {
            if !force {
                refuse_loss(&path, Written::Report)?;
            }
            let pages = html::Pages::open(&path, single_file)?;
            let idle = html::write(pages, dump.whole()?, &options)?;
            notes.extend(idle.iter().map(report::known::idle));
            Ok(notes)
        })
    }

    /// Writes what is selected of the dump in the own format, or as two pickles.
    #[expect(
        clippy::too_many_arguments,
        reason = "one for each option of the command"
    )]
    fn convert(
        &self,
        py: Python<'_>,
        path: PathBuf,
        native: bool,
        force: bool,
        compress: &str,
        redact: Vec<String>,
        filters: Filters,
        sort: Vec<String>,
        reverse: bool,
        limit: Option<String>,
    ) -> PyResult<()> {
        let compression = choice("compress", &COMPRESSIONS, compress)?;
        let redact = redact.iter();
        let redact = redact.map(|name| choice("redact", &Redaction::NAMED, name));
        let redact: Vec<Redaction> = redact.collect::<Result<_, _>>()?;
        let selection = Selection {
            filter: filter(filters),
            sort: parsed(&sort)?,
            reverse,
            limit: self::limit(limit)?,
            rules: Rules::Documented,
        };
        computed(py, || {
            if !force {
                refuse_loss(&path, Written::Dump)?;
            }
            let apart = self.recorded.apart();
            let recorded = apart.as_ref().unwrap_or(&self.recorded);
            let mut of = match selection.selects_all() {
                true => Cow::Borrowed(recorded.whole()?),
                false => {
                    let selected = selection.select(recorded)?;
                    Cow::Owned(selected.contents.part(&selected.objects))
                }
            };
            if !redact.is_empty() {
                of = Cow::Owned(of.into_owned().redacted(&redact));
            }
            let mut out = Compressor::new(Output::open(Some(&path))?, compression)?;
            match native {
                true => of.dump_stats_to(&mut out)?,
                false => of.write_pickles(&mut out)?,
            }
            Ok(out.finish()?.finish()?)
        })
    }
}

/// How a dump may be compressed.
const COMPRESSIONS: [(&str, Compression); 3] = [
    ("none", Compression::None),
    ("gzip", Compression::Gzip),
    ("zstd", Compression::Zstd),
];

/// The limits of a file, and those of each kind behind them.
fn thresholds(
    file: Option<PathBuf>,
    typed: [Vec<String>; 3],
    leaks: Option<String>,
) -> Result<Vec<Threshold>, Failure> {
    let mut thresholds = match file {
        Some(path) => load(path)?,
        None => Vec::new(),
    };
    let kinds = [Quantity::MaxAlive, Quantity::MaxBytes, Quantity::MaxGrowth];
    for (quantity, texts) in kinds.into_iter().zip(typed) {
        for text in texts {
            thresholds.push(Threshold::parse(quantity, &text)?);
        }
    }
    if let Some(name) = leaks {
        let from = Confidence::named(&name)
            .ok_or_else(|| wrong("no_leaks is True, \"likely\" or \"possible\""))?;
        thresholds.push(no_leaks(from));
    }
    if thresholds.is_empty() {
        return Err(wrong(format!("{}: give a limit", check::NOTHING_TO_CHECK)));
    }
    Ok(thresholds)
}

/// The bytes of a size as the command takes it: 4096, 64KiB, 1.5MiB.
#[pyfunction]
pub(crate) fn size(text: &str) -> PyResult<i64> {
    let size = parse_bytes(text).and_then(|bytes| i64::try_from(bytes).ok());
    size.ok_or_else(|| {
        let what = "give bytes (4096), or a number and a unit (64KiB, 1.5MiB)";
        PyValueError::new_err(what)
    })
}
