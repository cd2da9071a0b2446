//! What is kept of one dump of many: some figures of each class, the lines that created objects, and
//! by what its process is known again.

use super::FleetOptions;
use super::process::ProcessMarks;
use crate::analysis::leaks::{Confidence, LeaksOptions, Pattern, Verdicts};
use crate::analysis::sites::{GroupBy, Sites, SitesOptions};
use crate::error::Error;
use crate::source::Source;

/// How many points a course keeps.
pub(super) const COURSE_POINTS: usize = 12;

/// What is kept of one dump.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DumpFacts {
    /// How many snapshots it has.
    pub(super) snapshots: usize,
    /// From the first snapshot to the last, in seconds.
    pub(super) span_seconds: f64,
    pub(super) process: ProcessMarks,
    /// Whether any object has a trace.
    pub(super) has_traces: bool,
    pub(super) classes: Vec<ClassFacts>,
    pub(super) lines: Vec<LineFacts>,
}

/// A class in one dump.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ClassFacts {
    pub(super) class: String,
    pub(super) figures: ClassFigures,
}

/// The figures of a class in one process.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ClassFigures {
    pub(super) confidence: Confidence,
    pub(super) pattern: Pattern,
    pub(super) instances_first: i128,
    pub(super) instances_last: i128,
    pub(super) bytes_last: i128,
    /// The median of the slopes between all pairs of snapshots (Theil and Sen).
    pub(super) instances_per_second: Option<f64>,
    pub(super) bytes_per_second: Option<f64>,
    /// What grew, at equal shares of the recording; empty unless it is a suspect.
    pub(super) course: Vec<f32>,
}

/// A line that created objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LineFacts {
    pub(super) file: String,
    pub(super) line: Option<u64>,
    pub(super) function: String,
    pub(super) source: Option<String>,
    pub(super) objects: u64,
}

impl DumpFacts {
    /// Gathers them.
    ///
    /// # Errors
    ///
    /// If the dump cannot be read.
    pub fn of(source: &impl Source, options: &FleetOptions) -> Result<DumpFacts, Error> {
        let digest = source.digest()?;
        let contents = digest.contents;
        let times = contents.snapshots().map(|s| s.timestamp_seconds());
        let (first, last) = times
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(first, last), time| {
                (first.min(time), last.max(time))
            });
        let has_snapshots = first <= last;
        let has_traces = digest.totals()?.traces > 0;
        Ok(DumpFacts {
            snapshots: contents.snapshots().len(),
            span_seconds: if has_snapshots { last - first } else { 0.0 },
            process: ProcessMarks::of(source)?,
            has_traces,
            classes: classes(source, options)?,
            lines: match has_traces {
                true => lines(source, options)?,
                false => Vec::new(),
            },
        })
    }
}

fn classes(source: &impl Source, options: &FleetOptions) -> Result<Vec<ClassFacts>, Error> {
    let options = LeaksOptions {
        filter: options.filter.clone(),
        own: options.own.clone(),
        min_growth_bytes: options.min_growth_bytes,
        ..LeaksOptions::default()
    };
    let verdicts = Verdicts::of(source, &options)?;
    let facts = verdicts.into_classes().map(|class| {
        let (instances, bytes) = (&class.evidence.instances, &class.evidence.bytes);
        ClassFacts {
            class: class.class.to_str().into_owned(),
            figures: ClassFigures {
                confidence: class.verdict.confidence,
                pattern: class.verdict.pattern,
                instances_first: instances.first,
                instances_last: instances.last,
                bytes_last: bytes.last,
                instances_per_second: instances.per_second,
                bytes_per_second: bytes.per_second,
                course: course(class.row()),
            },
        }
    });
    Ok(facts.collect())
}

/// A row at so many equal shares of its length.
fn course(row: &[f64]) -> Vec<f32> {
    if row.is_empty() {
        return Vec::new();
    }
    let last = row.len() - 1;
    let point = |number: usize| row[number * last / (COURSE_POINTS - 1)] as f32;
    (0..COURSE_POINTS).map(point).collect()
}

fn lines(source: &impl Source, options: &FleetOptions) -> Result<Vec<LineFacts>, Error> {
    let options = SitesOptions {
        filter: options.filter.clone(),
        by: GroupBy::Own,
        own: options.own.clone(),
        ..SitesOptions::default()
    };
    let sites = Sites::of(source, &options)?;
    let lines = sites.sites.iter().filter_map(|site| {
        let frame = site.frames.last()?;
        Some(LineFacts {
            file: frame.file.to_str().into_owned(),
            line: frame.line.and_then(|line| line.to_string().parse().ok()),
            function: frame
                .function
                .map(|f| f.to_str().into_owned())
                .unwrap_or_default(),
            source: frame.source.map(|source| source.to_str().trim().to_owned()),
            objects: site.figures.objects,
        })
    });
    Ok(lines.collect())
}
