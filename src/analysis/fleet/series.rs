//! Dumps joined to processes: checkpoints of one process are one series, of which the last one tells
//! all that the earlier ones do.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use foldhash::fast::FixedState;

use super::facts::{ClassFigures, DumpFacts, LineFacts};
use super::process::Processes;
use crate::fleet::{FleetFile, Label};

/// Labels by which no worker is told, beside times: processes of one worker differ in them.
const OF_PROCESSES: [&str; 2] = ["pid", VERSION];

/// The label of the program's version.
pub(super) const VERSION: &str = "version";

/// Components of a path that tell a file: deployments have folders of their own.
const FILE_COMPONENTS: usize = 2;

/// One process.
#[derive(Debug)]
pub(super) struct Series {
    /// Its last checkpoint.
    pub(super) path: PathBuf,
    /// Labels of that.
    pub(super) labels: Vec<Label>,
    /// How many dumps it has.
    pub(super) dumps: u64,
    pub(super) snapshots: usize,
    pub(super) end_seconds: f64,
    pub(super) span_seconds: f64,
    pub(super) has_traces: bool,
    pub(super) classes: Vec<(u32, ClassFigures)>,
    pub(super) lines: HashSet<u32, FixedState>,
}

/// A line of the program, over all dumps.
#[derive(Debug)]
pub(super) struct Line {
    /// As the first dump that has it names it.
    pub(super) facts: LineFacts,
    /// That dump, and when it was written.
    pub(super) path: PathBuf,
    pub(super) seconds: Option<i64>,
    /// Objects, of all processes.
    pub(super) objects: u64,
}

/// All processes, in the order of their first dumps.
#[derive(Debug, Default)]
pub(super) struct AllSeries {
    pub(super) series: Vec<Series>,
    pub(super) classes: Names<String>,
    pub(super) lines: Vec<Line>,
    pub(super) dumps: u64,
    line_numbers: HashMap<LineKey, u32, FixedState>,
    processes: Processes,
    /// Labels that differ between the checkpoints of one process.
    varying: HashSet<String>,
}

/// What makes a line the same in every version: its text, not its number, which moves.
type LineKey = (String, String, Option<String>);

/// Things and their numbers.
#[derive(Debug)]
pub(super) struct Names<T> {
    pub(super) all: Vec<T>,
    numbers: HashMap<T, u32, FixedState>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Names {
            all: Vec::new(),
            numbers: HashMap::default(),
        }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Names<T> {
    fn number(&mut self, name: T) -> u32 {
        if let Some(&number) = self.numbers.get(&name) {
            return number;
        }
        let number = self.all.len() as u32;
        self.all.push(name.clone());
        self.numbers.insert(name, number);
        number
    }
}

impl AllSeries {
    /// Adds a dump. Dumps come in the order in which they were written.
    pub(super) fn add(&mut self, file: &FleetFile, facts: DumpFacts) {
        self.dumps += 1;
        let place = self.processes.number(&facts.process, || {
            let labels = file.labels.iter();
            labels.filter(|l| is_of_worker(l)).cloned().collect()
        });
        let classes = facts.classes.into_iter().map(|class| {
            let number = self.classes.number(class.class);
            (number, class.figures)
        });
        let classes = classes.collect();
        let lines = facts.lines.into_iter().map(|line| self.line(line, file));
        let lines: HashSet<u32, FixedState> = lines.collect();
        let mut series = Series {
            path: file.path.clone(),
            labels: file.labels.clone(),
            dumps: 1,
            snapshots: facts.snapshots,
            end_seconds: facts.process.end_seconds,
            span_seconds: facts.span_seconds,
            has_traces: facts.has_traces,
            classes,
            lines,
        };
        let Some(known) = self.series.get_mut(place as usize) else {
            return self.series.push(series);
        };
        let pairs = known.labels.iter().zip(&series.labels);
        let varying = pairs.filter(|(a, b)| a != b).map(|(a, _)| a.name.clone());
        self.varying.extend(varying);
        // Where the order of the files is not that of the checkpoints, their moments say more.
        if series.end_seconds >= known.end_seconds {
            std::mem::swap(known, &mut series);
        }
        known.dumps += series.dumps;
        known.lines.extend(series.lines);
    }

    /// The names of the labels that tell a worker: all but times, those that processes differ in, and
    /// those that differ between the dumps of one process.
    pub(super) fn worker_labels(&self) -> Vec<String> {
        let labels = self
            .series
            .first()
            .into_iter()
            .flat_map(|series| &series.labels);
        let labels = labels.filter(|label| is_of_worker(label));
        let labels = labels.filter(|label| !self.varying.contains(&label.name));
        labels.map(|label| label.name.clone()).collect()
    }

    fn line(&mut self, line: LineFacts, file: &FleetFile) -> u32 {
        let key = (
            short_file(&line.file),
            line.function.clone(),
            line.source.clone(),
        );
        let objects = line.objects;
        let next = self.lines.len() as u32;
        let number = *self.line_numbers.entry(key).or_insert(next);
        if number == next {
            self.lines.push(Line {
                facts: line,
                path: file.path.clone(),
                seconds: file.labelled_seconds,
                objects: 0,
            });
        }
        self.lines[number as usize].objects += objects;
        number
    }
}

fn is_of_worker(label: &Label) -> bool {
    !label.is_time && !OF_PROCESSES.contains(&label.name.as_str())
}

/// The end of a path: its file, and the folder that has it.
fn short_file(path: &str) -> String {
    let parts: Vec<&str> = path.rsplit(['/', '\\']).take(FILE_COMPONENTS).collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("/")
}
