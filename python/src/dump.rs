//! An open dump that answers with the library's JSON, and hands out tables.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use ctstats::analysis::check::{Check, Quantity, Threshold, Unused, load, no_leaks};
use ctstats::analysis::diff::{Diff, DiffOptions};
use ctstats::analysis::leaks::{Confidence, KnownLeak, Leaks, LeaksOptions};
use ctstats::analysis::summary::{ShareOf, SnapshotSelector, Summary, SummaryOptions};
use ctstats::analysis::{Info, OwnCode};
use ctstats::output::Output;
use ctstats::report::leaks::LeaksReport;
use ctstats::report::{Form, JsonLayout, Report, check, did_you_mean, html, info};
use ctstats::select::{Filter, Limit};
use ctstats::tables::Table;
use ctstats::units::parse_bytes;
use ctstats::{ByteCount, Damage, Dump, Error, Source};
use pyo3::exceptions::{PyFileExistsError, PyValueError};
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

/// Leaks that are accepted, by their classes.
fn known(ignore: &[String]) -> Result<Vec<KnownLeak>, Failure> {
    let known = ignore.iter().map(|class| KnownLeak::ignored(class));
    Ok(known.collect::<Result<_, _>>()?)
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
                let dump = file.into_whole()?;
                let ordered = dump.clock_fault().map(|_| {
                    let mut ordered = dump.clone();
                    ordered.put_in_order();
                    Arc::new(ordered.into())
                });
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
            let unmatched = filter.unmatched(dump)?.0.into_iter().map(|of| {
                let hint = did_you_mean(&of.similar);
                format!(
                    "{:?} fits no {}{hint}",
                    of.text,
                    match of.criterion {
                        ctstats::select::Criterion::Class => "class",
                        ctstats::select::Criterion::Name => "name of an object",
                        ctstats::select::Criterion::Repr => "repr",
                    }
                )
            });
            Ok(unmatched.collect())
        })
    }

    /// A table by its name.
    fn table(&self, name: &str, filters: Filters) -> PyResult<Rows> {
        let table = Table::NAMED.into_iter().find(|table| table.0 == name);
        let table = table.ok_or_else(|| PyValueError::new_err(format!("no table {name}")))?;
        Ok(Rows {
            dump: Arc::clone(&self.ordered),
            table: table.1,
            filter: filter(filters),
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
        let shares = ShareOf::NAMED.into_iter().find(|share| share.0 == share_of);
        let share_of = shares.ok_or_else(|| {
            let names = ShareOf::NAMED.map(|share| share.0).join(", ");
            PyValueError::new_err(format!("share_of is one of {names}"))
        })?;
        let options = SummaryOptions {
            filter: filter(filters),
            sort: parsed(&sort)?,
            reverse,
            limit: self::limit(limit)?,
            snapshots: snapshots.iter().map(|text| selector(text)).collect(),
            share_of: share_of.1,
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
        ignore: Vec<String>,
    ) -> PyResult<String> {
        let options = LeaksOptions {
            filter: filter(filters),
            between: between.map(|(from, to)| (selector(&from), selector(&to))),
            alive_at: alive_at.map(|text| selector(&text)),
            sort: parsed(&sort)?,
            reverse,
            limit: self::limit(limit)?,
            own: OwnCode::of(&own),
            min_growth_bytes: min_growth,
            known: known(&ignore)?,
        };
        self.ask(py, |dump| {
            let leaks = Leaks::of(dump, &options)?;
            document(&LeaksReport {
                leaks: &leaks,
                dump: &self.path,
            })
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
        let files = other.map(|other| [self, other].map(|dump| dump.path.display().to_string()));
        self.ask(py, |dump| {
            for of in [Some(dump), newer.as_deref()].into_iter().flatten() {
                if of.digest()?.contents.snapshots().len() == 0 {
                    return Err(wrong(
                        "there is nothing to compare: a dump has no snapshots",
                    ));
                }
            }
            let newer_apart = newer.as_ref().and_then(|newer| newer.apart());
            let mut diff = match &newer {
                Some(newer) => {
                    Diff::of_dumps(dump, newer_apart.as_ref().unwrap_or(newer), &options)?
                }
                None => Diff::of_snapshots(dump, &options)?,
            };
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
        ignore: Vec<String>,
        allow_missing: bool,
    ) -> PyResult<String> {
        let thresholds = thresholds(limits, [max_alive, max_bytes, max_growth], no_leaks)?;
        let options = LeaksOptions {
            filter: filter(filters),
            min_growth_bytes: min_growth,
            known: known(&ignore)?,
            ..LeaksOptions::default()
        };
        let baseline = baseline.map(|baseline| Arc::clone(&baseline.ordered));
        self.ask(py, |dump| {
            let apart = baseline.as_ref().and_then(|baseline| baseline.apart());
            let baseline = apart.as_ref().or(baseline.as_deref());
            let of = Check::of(dump, baseline, &thresholds, &options)?;
            let uncheckable: Vec<&Unused> = of.uncheckable().collect();
            if let [first, ..] = uncheckable[..]
                && !allow_missing
            {
                let why = check::of_no_class(first);
                return Err(wrong(format!("cannot be checked: {why}")));
            }
            written(|out| check::json(out, &of))
        })
    }

    fn info(&self, py: Python<'_>) -> PyResult<String> {
        computed(py, || {
            let apart = self.recorded.apart();
            let of = Info::of(apart.as_ref().unwrap_or(&self.recorded))?;
            written(|out| info::json(out, &of))
        })
    }

    /// Writes the report of pages.
    fn to_html(
        &self,
        py: Python<'_>,
        path: PathBuf,
        title: String,
        single_file: bool,
        instances: Option<usize>,
        filters: Filters,
    ) -> PyResult<()> {
        let options = html::HtmlOptions {
            title,
            dump: self.path.clone(),
            filter: filter(filters),
            instances,
            ..html::HtmlOptions::default()
        };
        self.ask(py, |dump| {
            let pages = html::Pages::open(&path, single_file)?;
            html::write(pages, dump.whole()?, &options)?;
            Ok(())
        })
    }

    /// Writes the dump in the own format, or as two pickles.
    fn convert(&self, py: Python<'_>, path: PathBuf, native: bool, force: bool) -> PyResult<()> {
        computed(py, || {
            let there = path
                .metadata()
                .is_ok_and(|there| there.is_file() && there.len() > 0);
            if there && !force && !ctstats::DumpFile::is_dump(&path) {
                let what = format!(
                    "{}: is not a dump, and a dump only replaces a dump",
                    path.display()
                );
                return Err(PyFileExistsError::new_err(what).into());
            }
            let apart = self.recorded.apart();
            let dump = apart.as_ref().unwrap_or(&self.recorded).whole()?;
            let mut out = Output::open(Some(&path))?;
            match native {
                true => dump.dump_stats_to(&mut out)?,
                false => dump.write_pickles(&mut out)?,
            }
            Ok(out.finish()?)
        })
    }
}

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
        return Err(wrong("there is nothing to check: give a limit"));
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
