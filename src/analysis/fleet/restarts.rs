//! What a restart resets: a class before the end of a process and at the start of the next one of
//! the same worker.

use serde::Serialize;

use super::Groups;
use super::classes::{ClassAcross, Reach};
use super::series::Series;
use crate::analysis::leaks::median;

/// What restarts do to a class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassRestarts {
    /// The registered name.
    pub class: String,
    /// How far its growth reaches.
    pub reach: Reach,
    /// How many restarts there were, of all workers, that had it before.
    pub restarts: usize,
    /// The median of the instances at the last snapshot before.
    pub instances_before: f64,
    /// The median of the instances at the first snapshot after.
    pub instances_after: f64,
    /// The median of the instances at the last snapshot of that process.
    pub instances_last: f64,
}

/// Each class, the largest before a restart first.
pub(super) fn restarts(
    series: &[Series],
    names: &[String],
    workers: &Groups,
    classes: &[ClassAcross],
) -> Vec<ClassRestarts> {
    let mut of_workers: Vec<Vec<&Series>> = vec![Vec::new(); workers.names.len()];
    for (series, &worker) in series.iter().zip(&workers.of_series) {
        of_workers[worker as usize].push(series);
    }
    let mut figures: Vec<Vec<[f64; 3]>> = vec![Vec::new(); names.len()];
    for worker in &of_workers {
        for pair in worker.windows(2) {
            for (class, before) in &pair[0].classes {
                if before.instances_last == 0 {
                    continue;
                }
                let after = pair[1].classes.iter().find(|(other, _)| other == class);
                let [first, last] = after.map_or([0, 0], |(_, after)| {
                    [after.instances_first, after.instances_last]
                });
                figures[*class as usize].push([
                    before.instances_last as f64,
                    first as f64,
                    last as f64,
                ]);
            }
        }
    }
    let reach = |name: &String| {
        let class = classes.iter().find(|class| class.class == *name);
        class.map_or(Reach::None, |class| class.reach)
    };
    let rows = names.iter().zip(figures);
    let mut found: Vec<ClassRestarts> = rows
        .filter(|(_, figures)| !figures.is_empty())
        .map(|(name, figures)| {
            let middle = |at: usize| {
                let mut figures: Vec<f64> = figures.iter().map(|figures| figures[at]).collect();
                median(&mut figures).unwrap_or(0.0)
            };
            ClassRestarts {
                class: name.clone(),
                reach: reach(name),
                restarts: figures.len(),
                instances_before: middle(0),
                instances_after: middle(1),
                instances_last: middle(2),
            }
        })
        .collect();
    found.sort_by(|a, b| {
        let by = b.instances_before.total_cmp(&a.instances_before);
        by.then_with(|| a.class.cmp(&b.class))
    });
    found
}
