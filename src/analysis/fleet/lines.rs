//! Lines that create objects in later processes alone: what a deployment brought.

use serde::Serialize;

use super::robust::chance_of_none_before;
use super::series::{Line, Series, VERSION};

/// How probable chance may be for a line that is called new, over all lines together.
const CHANCE: f64 = 0.001;

/// Where processes are too few for that: it is in nearly all later ones, and in none of several
/// before.
const NEARLY_ALL: f64 = 0.9;
const SEVERAL: usize = 2;

/// A line that creates objects in later processes alone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NewLine {
    /// The file as the first dump that has it names it.
    pub file: String,
    /// The line in that dump, from 1; `None` where it is not known.
    pub line: Option<u64>,
    /// The function.
    pub function: String,
    /// The text of the line; `None` where there is no source.
    pub source: Option<String>,
    /// The first version that has it, and none before; `None` without such a label.
    pub since_version: Option<String>,
    /// When the first dump that has it was written, in seconds since 1970, by its labels.
    pub since_seconds: Option<i64>,
    /// How many processes before lack it.
    pub processes_before: usize,
    /// How many from then on have it.
    pub processes_with: usize,
    /// How many there are from then on.
    pub processes_after: usize,
    /// How probable it is that chance alone puts them all so late.
    pub chance: f64,
    /// Objects that it created, in all dumps.
    pub objects: u64,
    /// The first dump that has it.
    pub dump: String,
}

/// The lines that are new, the earliest first. Processes stand in the order of their first dumps.
pub(super) fn new_lines(series: &[Series], lines: &[Line]) -> Vec<NewLine> {
    let traced: Vec<&Series> = series.iter().filter(|series| series.has_traces).collect();
    let ranks = ranks(&traced);
    let mut having: Vec<Vec<u32>> = vec![Vec::new(); lines.len()];
    for (place, series) in (0..).zip(&traced) {
        for &line in &series.lines {
            having[line as usize].push(place);
        }
    }
    let mut found = Vec::new();
    for (line, having) in lines.iter().zip(having) {
        let first = having.iter().map(|&place| ranks[place as usize]).min();
        let Some(first) = first else { continue };
        let before = ranks.iter().filter(|&&rank| rank < first).count();
        let after = traced.len() - before;
        let chance = chance_of_none_before(traced.len(), before, having.len());
        let surely = before > 0 && chance * (lines.len() as f64) < CHANCE;
        let nearly_all = having.len() as f64 >= NEARLY_ALL * after as f64;
        let is_new = surely || nearly_all && before >= SEVERAL && having.len() >= SEVERAL;
        if !is_new {
            continue;
        }
        let earliest = having.iter().find(|&&place| ranks[place as usize] == first);
        let earliest = earliest.and_then(|&place| version(traced[place as usize]));
        found.push((
            first,
            NewLine {
                file: line.facts.file.clone(),
                line: line.facts.line,
                function: line.facts.function.clone(),
                source: line.facts.source.clone(),
                since_version: earliest.map(str::to_owned),
                since_seconds: line.seconds,
                processes_before: before,
                processes_with: having.len(),
                processes_after: after,
                chance,
                objects: line.objects,
                dump: line.path.display().to_string(),
            },
        ));
    }
    found.sort_by(|(x, a), (y, b)| {
        let by = x.cmp(y).then(b.objects.cmp(&a.objects));
        by.then_with(|| (&a.file, a.line).cmp(&(&b.file, b.line)))
    });
    found.into_iter().map(|(_, line)| line).collect()
}

/// Where each process stands: by its version, in the order in which those were first seen, or else
/// by its place.
fn ranks(traced: &[&Series]) -> Vec<usize> {
    if !traced.iter().all(|series| version(series).is_some()) {
        return (0..traced.len()).collect();
    }
    let mut versions: Vec<&str> = Vec::new();
    let ranks = traced.iter().map(|series| {
        let version = version(series).unwrap_or_default();
        let known = versions.iter().position(|known| *known == version);
        known.unwrap_or_else(|| {
            versions.push(version);
            versions.len() - 1
        })
    });
    ranks.collect()
}

fn version(series: &Series) -> Option<&str> {
    let label = series.labels.iter().find(|label| label.name == VERSION)?;
    Some(&label.value)
}
