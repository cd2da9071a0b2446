//! Many dumps of one program: which class grows in all workers and which in one alone, which lines
//! create objects since when, and what a restart resets.
//!
//! Every process is judged by the rules of [`leaks`](super::leaks) on its last dump. What is told of
//! all of them together rests on those verdicts, and on medians of the processes' figures.

mod classes;
mod facts;
mod lines;
mod outliers;
mod process;
mod restarts;
mod robust;
mod series;

use std::path::PathBuf;

use serde::Serialize;

pub use classes::{ClassAcross, Reach};
pub use facts::DumpFacts;
pub use lines::NewLine;
pub use outliers::{Outlier, OutlierKind};
pub use process::{ProcessMarks, last_checkpoints};
pub use restarts::ClassRestarts;

use super::leaks::{ENOUGH_SNAPSHOTS, median};
use super::own_code::OwnCode;
use crate::error::Error;
use crate::fleet::{FleetFile, FleetFiles, Label, Order};
use crate::select::Filter;
use series::{AllSeries, Series};

/// What to look for.
#[derive(Clone, Debug, Default)]
pub struct FleetOptions {
    /// Which classes, and which objects count.
    pub filter: Filter,
    /// Which code is the program's own.
    pub own: OwnCode,
    /// What grew by less in a process is no suspect there, in bytes.
    pub min_growth_bytes: u64,
    /// The labels whose values are compared with each other; none means workers.
    pub by: Vec<String>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fleet {
    /// How many dumps were read.
    pub dumps: u64,
    /// How many processes they are of: checkpoints of one process are known by their objects.
    pub processes: usize,
    /// How many workers they are of: by all labels but times, `version`, `pid`, and those that differ
    /// between the dumps of one process. Without labels each process is a worker.
    pub workers: usize,
    /// The labels whose values are compared with each other.
    pub by: Vec<String>,
    /// Whether those are the labels of a worker.
    #[serde(skip)]
    pub is_by_worker: bool,
    /// How many such values there are.
    pub groups: usize,
    /// What the order of the dumps follows.
    pub order: Order,
    /// What could not be found, read or placed, a line each.
    pub failed: Vec<String>,
    /// How many files have the content of another one, which counts once.
    pub duplicates: usize,
    /// How many files below a folder are no dumps.
    pub no_dumps: usize,
    /// The moments of the first and the last dump, in seconds since 1970, by their labels.
    pub span_seconds: Option<[i64; 2]>,
    /// How many processes have too few snapshots for a verdict.
    pub processes_too_short: usize,
    /// How many processes recorded no traces, so that lines are not known.
    pub processes_without_traces: usize,
    /// The median of the lengths of the recordings, in seconds.
    pub recording_median_seconds: Option<f64>,
    /// The classes: those that grow in most groups first.
    pub classes: Vec<ClassAcross>,
    /// Groups that differ from the others, those that differ most first.
    pub outliers: Vec<Outlier>,
    /// Whether there are too few groups to tell by how much one of them differs.
    pub too_few_groups_for_outliers: bool,
    /// Lines that create objects in later processes alone, the earliest first.
    pub new_lines: Vec<NewLine>,
    /// What a restart does to a class, the largest first; empty without a worker that restarted.
    pub restarts: Vec<ClassRestarts>,
}

/// The processes of some dumps, which are added one by one.
#[derive(Debug)]
pub struct FleetBuilder {
    options: FleetOptions,
    order: Order,
    failed: Vec<String>,
    duplicates: usize,
    no_dumps: usize,
    all: AllSeries,
    span: Option<[i64; 2]>,
}

impl FleetBuilder {
    /// Of no dump yet. What was not found among the files is told of.
    pub fn new(files: &FleetFiles, options: &FleetOptions) -> FleetBuilder {
        FleetBuilder {
            options: options.clone(),
            order: files.order,
            failed: files.failed.iter().map(Error::to_string).collect(),
            duplicates: files.duplicates.len(),
            no_dumps: files.no_dumps.len(),
            all: AllSeries::default(),
            span: None,
        }
    }

    /// Adds a dump. Dumps come in the order in which they were written.
    pub fn add(&mut self, file: &FleetFile, facts: DumpFacts) {
        if let Some(seconds) = file.labelled_seconds {
            let [first, last] = self.span.unwrap_or([seconds; 2]);
            self.span = Some([first.min(seconds), last.max(seconds)]);
        }
        self.all.add(file, facts);
    }

    /// Passes over a dump that cannot be read.
    pub fn fail(&mut self, error: &Error) {
        self.failed.push(error.to_string());
    }

    /// Answers, when all dumps are there.
    pub fn finish(self) -> Fleet {
        let worker_labels = self.all.worker_labels();
        let AllSeries {
            series,
            classes: names,
            lines,
            dumps,
            ..
        } = self.all;
        let workers = Groups::of(&series, &worker_labels);
        let groups = match &self.options.by[..] {
            [] => &workers,
            by => &Groups::of(&series, by),
        };
        let by_class = classes::by_class(&series, names.all.len());
        let mut classes: Vec<ClassAcross> = Vec::new();
        let mut outliers: Vec<Outlier> = Vec::new();
        let used = by_class.iter().filter(|rows| !rows.is_empty()).count();
        for (name, rows) in names.all.iter().zip(&by_class) {
            if rows.is_empty() {
                continue;
            }
            let judged = classes::Judged::of(name, rows, &series, groups);
            let found = outliers::outliers(&judged, &series, groups, used);
            classes.push(judged.across(&found));
            outliers.extend(found);
        }
        classes::sort(&mut classes);
        outliers::sort(&mut outliers);
        let mut spans: Vec<f64> = series.iter().map(|series| series.span_seconds).collect();
        // Without labels nobody knows which process followed which.
        let restarts = match worker_labels.is_empty() {
            true => Vec::new(),
            false => restarts::restarts(&series, &names.all, &workers, &classes),
        };
        Fleet {
            dumps,
            processes: series.len(),
            workers: workers.names.len(),
            groups: groups.names.len(),
            is_by_worker: groups.by == workers.by,
            by: groups.by.clone(),
            order: self.order,
            failed: self.failed,
            duplicates: self.duplicates,
            no_dumps: self.no_dumps,
            span_seconds: self.span,
            processes_too_short: series.iter().filter(|series| !series.is_judged()).count(),
            processes_without_traces: series.iter().filter(|series| !series.has_traces).count(),
            recording_median_seconds: median(&mut spans),
            too_few_groups_for_outliers: groups.names.len() < outliers::ENOUGH_GROUPS,
            new_lines: lines::new_lines(&series, &lines),
            classes,
            outliers,
            restarts,
        }
    }
}

impl Series {
    /// Whether it has enough snapshots for a verdict.
    fn is_judged(&self) -> bool {
        self.snapshots >= ENOUGH_SNAPSHOTS
    }
}

/// Processes that are compared with each other.
struct Groups {
    /// The labels that make a group.
    by: Vec<String>,
    /// What each is called.
    names: Vec<GroupName>,
    /// The group of each process.
    of_series: Vec<u32>,
}

/// What is compared with others: a worker, a host, a version, or a process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(untagged)]
pub enum GroupName {
    /// By its labels.
    Labels(Vec<Label>),
    /// A process, by its last dump.
    Dump(PathBuf),
}

impl Groups {
    /// By these labels; each process is one of its own without any.
    fn of(series: &[Series], by: &[String]) -> Groups {
        let name = |series: &Series| match by.is_empty() {
            true => GroupName::Dump(series.path.clone()),
            false => GroupName::Labels(labels(series, by)),
        };
        let mut numbers = std::collections::BTreeMap::new();
        let mut names = Vec::new();
        let of_series = series.iter().map(|series| {
            *numbers.entry(name(series)).or_insert_with_key(|name| {
                names.push(name.clone());
                names.len() as u32 - 1
            })
        });
        let of_series = of_series.collect();
        Groups {
            by: by.to_vec(),
            names,
            of_series,
        }
    }
}

/// Some labels of a process, in this order.
fn labels(series: &Series, by: &[String]) -> Vec<Label> {
    let found = by.iter().filter_map(|name| {
        let label = series.labels.iter().find(|label| label.name == *name);
        label.cloned()
    });
    found.collect()
}
