//! A class across all processes: in which share of them it grows, and how fast.

use serde::Serialize;

use super::Groups;
use super::facts::{COURSE_POINTS, ClassFigures};
use super::outliers::{Outlier, OutlierKind};
use super::series::Series;
use crate::analysis::leaks::{Confidence, Pattern, median};

pub(super) const SECONDS_AN_HOUR: f64 = 3600.0;

/// How far the growth of a class reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// It grows in no group, or in so few that chance explains it.
    None,
    /// It grows in some groups, and there by far more than in the others.
    Some,
    /// It grows in more than half of the groups.
    Most,
}

/// A class across all processes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassAcross {
    /// The registered name.
    pub class: String,
    /// How far its growth reaches.
    pub reach: Reach,
    /// How sure that is: of `most` the verdict that more than half of the groups have at least, of
    /// `some` the best that such a group has.
    pub confidence: Confidence,
    /// What most of the suspects do; `None` without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<Pattern>,
    /// How many processes have it.
    pub processes: usize,
    /// In how many of them there are enough snapshots for a verdict.
    pub processes_judged: usize,
    /// In how many of those it is a suspect.
    pub processes_growing: usize,
    /// How many groups have a process that was judged.
    pub groups_judged: usize,
    /// In how many of those more than half of the judged processes suspect it.
    pub groups_growing: usize,
    /// The median over all processes of the slope of instances (Theil and Sen), by the hour; `None`
    /// where no time passed.
    pub instances_per_hour: Option<f64>,
    /// The same of bytes.
    pub bytes_per_hour: Option<f64>,
    /// The median over all processes of the instances at the last snapshot.
    pub instances_last: f64,
    /// The same of bytes.
    pub bytes_last: f64,
    /// What grew, summed over the processes that suspect it, at equal shares of their recordings:
    /// bytes if it swells, else instances.
    pub course: Vec<i128>,
    /// The last dump of the process in which it grew fastest; `None` without a suspect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dump: Option<String>,
}

/// The processes of each class: the number of the process, and where in it the class stands.
pub(super) fn by_class(series: &[Series], classes: usize) -> Vec<Vec<(u32, u32)>> {
    let mut rows = vec![Vec::new(); classes];
    for (number, series) in (0..).zip(series) {
        for (place, (class, _)) in (0..).zip(&series.classes) {
            rows[*class as usize].push((number, place));
        }
    }
    rows
}

/// A class in one group.
pub(super) struct InGroup {
    pub(super) group: u32,
    /// The verdict that more than half of its judged processes have; `None` if none is judged.
    pub(super) confidence: Option<Confidence>,
    /// Its processes, by their numbers, with their figures.
    pub(super) rows: Vec<(u32, u32)>,
}

/// A class with its verdict in each group.
pub(super) struct Judged<'s> {
    pub(super) name: &'s str,
    rows: Vec<(&'s Series, &'s ClassFigures)>,
    pub(super) groups: Vec<InGroup>,
    /// Whether what grows are bytes of living instances.
    pub(super) swells: bool,
    /// The verdict that more than half of the groups have.
    pub(super) most: Confidence,
}

impl<'s> Judged<'s> {
    pub(super) fn of(
        name: &'s str,
        rows: &[(u32, u32)],
        series: &'s [Series],
        groups: &Groups,
    ) -> Judged<'s> {
        let mut in_groups: Vec<InGroup> = Vec::new();
        let mut sorted = rows.to_vec();
        sorted.sort_by_key(|&(number, _)| (groups.of_series[number as usize], number));
        for rows in
            sorted.chunk_by(|a, b| groups.of_series[a.0 as usize] == groups.of_series[b.0 as usize])
        {
            let judged = rows.iter().map(|&row| at(series, row));
            let judged = judged.filter(|(series, _)| series.is_judged());
            let confidences: Vec<Confidence> =
                judged.map(|(_, figures)| figures.confidence).collect();
            in_groups.push(InGroup {
                group: groups.of_series[rows[0].0 as usize],
                confidence: of_most(confidences),
                rows: rows.to_vec(),
            });
        }
        let rows: Vec<_> = rows.iter().map(|&row| at(series, row)).collect();
        let suspects = rows.iter().filter(|(_, figures)| is_suspect(figures));
        let swelling = suspects
            .clone()
            .filter(|(_, f)| f.pattern == Pattern::Swelling);
        let confidences = in_groups.iter().filter_map(|group| group.confidence);
        let most = of_most(confidences.collect());
        Judged {
            name,
            swells: swelling.count() * 2 > suspects.count(),
            rows,
            groups: in_groups,
            most: most.unwrap_or(Confidence::No),
        }
    }

    /// The slope of what grows, by the hour: bytes if it swells, else instances.
    pub(super) fn per_hour(&self, figures: &ClassFigures) -> Option<f64> {
        let slope = match self.swells {
            true => figures.bytes_per_second,
            false => figures.instances_per_second,
        };
        slope.map(|slope| slope * SECONDS_AN_HOUR)
    }

    /// What is told of it, with the groups that were found to differ.
    pub(super) fn across(self, outliers: &[Outlier]) -> ClassAcross {
        let alone = outliers
            .iter()
            .filter(|outlier| outlier.kind == OutlierKind::LeaksAlone);
        let (reach, confidence) = match alone.map(|outlier| outlier.confidence).max() {
            _ if self.most >= Confidence::Possible => (Reach::Most, self.most),
            Some(confidence) => (Reach::Some, confidence),
            None => (Reach::None, self.most),
        };
        let judged = self.rows.iter().filter(|(series, _)| series.is_judged());
        let suspects = || self.rows.iter().filter(|(_, figures)| is_suspect(figures));
        let fastest = suspects().max_by(|a, b| {
            let [x, y] = [a, b].map(|(_, figures)| self.per_hour(figures).unwrap_or(0.0));
            x.total_cmp(&y)
        });
        let middle = |of: fn(&ClassFigures) -> Option<f64>| {
            let figures = self.rows.iter().filter_map(|(_, figures)| of(figures));
            median(&mut figures.collect::<Vec<f64>>())
        };
        let by_hour = |slope: f64| slope * SECONDS_AN_HOUR;
        let growing = |group: &&InGroup| {
            group
                .confidence
                .is_some_and(|confidence| confidence >= Confidence::Possible)
        };
        ClassAcross {
            class: self.name.to_owned(),
            reach,
            confidence,
            pattern: most_common(suspects().map(|(_, figures)| figures.pattern)),
            processes: self.rows.len(),
            processes_judged: judged.clone().count(),
            processes_growing: judged.filter(|(_, figures)| is_suspect(figures)).count(),
            groups_judged: self
                .groups
                .iter()
                .filter(|g| g.confidence.is_some())
                .count(),
            groups_growing: self.groups.iter().filter(growing).count(),
            instances_per_hour: middle(|f| f.instances_per_second).map(by_hour),
            bytes_per_hour: middle(|f| f.bytes_per_second).map(by_hour),
            instances_last: middle(|f| Some(f.instances_last as f64)).unwrap_or(0.0),
            bytes_last: middle(|f| Some(f.bytes_last as f64)).unwrap_or(0.0),
            course: course(suspects().map(|&(_, figures)| figures)),
            dump: fastest.map(|(series, _)| series.path.display().to_string()),
        }
    }
}

/// A process, and its figures of a class.
pub(super) fn at(series: &[Series], (number, place): (u32, u32)) -> (&Series, &ClassFigures) {
    let series = &series[number as usize];
    (series, &series.classes[place as usize].1)
}

pub(super) fn is_suspect(figures: &ClassFigures) -> bool {
    figures.confidence >= Confidence::Possible
}

/// The highest verdict that more than half of some have at least; `None` of none.
fn of_most(mut confidences: Vec<Confidence>) -> Option<Confidence> {
    confidences.sort_unstable_by(|a, b| b.cmp(a));
    confidences.get(confidences.len() / 2).copied()
}

fn most_common(patterns: impl Iterator<Item = Pattern>) -> Option<Pattern> {
    let mut counts: Vec<(Pattern, usize)> = Vec::new();
    for pattern in patterns {
        match counts.iter_mut().find(|(known, _)| *known == pattern) {
            Some((_, count)) => *count += 1,
            None => counts.push((pattern, 1)),
        }
    }
    counts
        .into_iter()
        .max_by_key(|&(_, count)| count)
        .map(|(pattern, _)| pattern)
}

fn course<'f>(suspects: impl Iterator<Item = &'f ClassFigures>) -> Vec<i128> {
    let mut sums = [0.0; COURSE_POINTS];
    let mut any = false;
    for figures in suspects.filter(|figures| figures.course.len() == COURSE_POINTS) {
        any = true;
        for (sum, point) in sums.iter_mut().zip(&figures.course) {
            *sum += f64::from(*point);
        }
    }
    if any {
        sums.map(|sum| sum as i128).to_vec()
    } else {
        Vec::new()
    }
}

/// Those that grow in most groups first, then those of most bytes.
pub(super) fn sort(classes: &mut [ClassAcross]) {
    classes.sort_by(|a, b| {
        let by = (b.reach, b.confidence).cmp(&(a.reach, a.confidence));
        let bytes = b.bytes_last.total_cmp(&a.bytes_last);
        let instances = b.instances_last.total_cmp(&a.instances_last);
        by.then(bytes)
            .then(instances)
            .then_with(|| a.class.cmp(&b.class))
    });
}
