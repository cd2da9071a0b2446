//! Groups that differ from the others: one that leaks alone, grows faster, or holds more.

use serde::Serialize;

use super::classes::{InGroup, Judged, SECONDS_AN_HOUR, at};
use super::facts::ClassFigures;
use super::robust::{Spread, critical_deviations};
use super::series::Series;
use super::{GroupName, Groups};
use crate::analysis::leaks::{Confidence, median};

/// From so many groups on the others say what is usual.
pub(super) const ENOUGH_GROUPS: usize = 5;

/// A group that holds more than others without growing must hold so many times as much: loads differ.
const TIMES_AS_MUCH: f64 = 2.0;

/// How a group differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutlierKind {
    /// It leaks, and most others do not.
    LeaksAlone,
    /// All leak, and it far faster.
    GrowsFaster,
    /// It holds far more than the others, without growing.
    HoldsMore,
}

/// A group that differs from the others.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outlier {
    /// The class.
    pub class: String,
    /// The group.
    pub group: GroupName,
    /// How it differs.
    pub kind: OutlierKind,
    /// The verdict on the class in this group.
    pub confidence: Confidence,
    /// The figure that differs: its slope by the hour, or what it holds at the last snapshot. Medians
    /// over the processes of the group.
    pub figure: f64,
    /// Whether the figure is in bytes, or else in instances.
    pub is_bytes: bool,
    /// The median of the figures of all groups.
    pub median: f64,
    /// The median of their distances from that.
    pub mad: f64,
    /// How many standard deviations it lies above the median; `None` of too few groups.
    pub deviations: Option<f64>,
    /// How many groups have the class.
    pub groups: usize,
    /// The last dump of the group.
    pub dump: String,
}

/// The groups in which a class differs, one reason each. `classes` is how many are tested.
pub(super) fn outliers(
    judged: &Judged<'_>,
    series: &[Series],
    groups: &Groups,
    classes: usize,
) -> Vec<Outlier> {
    let count = judged.groups.len();
    if count < 2 {
        return Vec::new();
    }
    let critical = critical_deviations(count * classes);
    let slopes = Figures::of(judged, series, judged.swells, |f| judged.per_hour(f), true);
    let levels = Figures::of(
        judged,
        series,
        false,
        |f| Some(f.instances_last as f64),
        false,
    );
    let is_far = |figures: &Figures, place: usize| {
        let deviations = figures.deviations(place)?;
        (deviations > critical).then_some(deviations)
    };
    let mut found = Vec::new();
    for (place, group) in judged.groups.iter().enumerate() {
        let confidence = group.confidence.unwrap_or(Confidence::No);
        let grows = confidence >= Confidence::Possible;
        let all_grow = judged.most >= Confidence::Possible;
        let twice = |figures: &Figures| {
            figures.of_groups[place].is_some_and(|figure| {
                figure >= TIMES_AS_MUCH * figures.spread.map_or(0.0, |spread| spread.median)
            })
        };
        let (kind, figures, deviations) = match () {
            // Of few groups nothing is usual, so the verdict must be sure.
            () if grows && !all_grow && count < ENOUGH_GROUPS => {
                if confidence < Confidence::Likely {
                    continue;
                }
                (OutlierKind::LeaksAlone, &slopes, None)
            }
            () if count < ENOUGH_GROUPS => continue,
            () if grows => match is_far(&slopes, place) {
                Some(deviations) if !all_grow => {
                    (OutlierKind::LeaksAlone, &slopes, Some(deviations))
                }
                Some(deviations) if twice(&slopes) => {
                    (OutlierKind::GrowsFaster, &slopes, Some(deviations))
                }
                _ => continue,
            },
            () if all_grow || !twice(&levels) => continue,
            () => match is_far(&levels, place) {
                Some(deviations) => (OutlierKind::HoldsMore, &levels, Some(deviations)),
                None => continue,
            },
        };
        let (Some(figure), Some(spread)) = (figures.of_groups[place], figures.spread) else {
            continue;
        };
        let last = group
            .rows
            .iter()
            .map(|&(number, _)| number)
            .max()
            .unwrap_or(0);
        found.push(Outlier {
            class: judged.name.to_owned(),
            group: groups.names[group.group as usize].clone(),
            kind,
            confidence,
            figure,
            is_bytes: figures.is_bytes,
            median: spread.median,
            mad: spread.mad,
            deviations,
            groups: count,
            dump: series[last as usize].path.display().to_string(),
        });
    }
    found
}

/// A figure of each group.
struct Figures {
    of_groups: Vec<Option<f64>>,
    spread: Option<Spread>,
    is_bytes: bool,
}

impl Figures {
    fn of(
        judged: &Judged<'_>,
        series: &[Series],
        is_bytes: bool,
        figure: impl Fn(&ClassFigures) -> Option<f64>,
        is_slope: bool,
    ) -> Figures {
        let middle = |group: &InGroup, of: &dyn Fn(&Series, &ClassFigures) -> Option<f64>| {
            let rows = group.rows.iter().filter_map(|&row| {
                let (series, figures) = at(series, row);
                of(series, figures)
            });
            median(&mut rows.collect::<Vec<f64>>())
        };
        let of_groups: Vec<Option<f64>> = judged
            .groups
            .iter()
            .map(|group| middle(group, &|_, figures| figure(figures)))
            .collect();
        // What chance makes of counts: the root of them, of slopes over the time that they took.
        let over_all = |of: &dyn Fn(&Series, &ClassFigures) -> Option<f64>| {
            let groups = judged.groups.iter().filter_map(|group| middle(group, of));
            median(&mut groups.collect::<Vec<f64>>()).unwrap_or(0.0)
        };
        let instances = over_all(&|_, figures| Some(figures.instances_last as f64)).max(1.0);
        let mut least = instances.sqrt();
        if is_bytes {
            let bytes = over_all(&|_, figures| Some(figures.bytes_last as f64)).max(1.0);
            least *= bytes / instances;
        }
        if is_slope {
            let hours = over_all(&|series, _| Some(series.span_seconds)) / SECONDS_AN_HOUR;
            least = if hours > 0.0 { least / hours } else { 0.0 };
        }
        let known: Vec<f64> = of_groups.iter().flatten().copied().collect();
        Figures {
            spread: Spread::of(&known, least),
            of_groups,
            is_bytes,
        }
    }

    fn deviations(&self, place: usize) -> Option<f64> {
        Some(self.spread?.deviations(self.of_groups[place]?))
    }
}

/// Those that leak alone first, then those that differ most.
pub(super) fn sort(outliers: &mut [Outlier]) {
    outliers.sort_by(|a, b| {
        let far = |outlier: &Outlier| outlier.deviations.unwrap_or(f64::INFINITY);
        let by = a.kind.cmp(&b.kind).then(b.confidence.cmp(&a.confidence));
        by.then(far(b).total_cmp(&far(a)))
            .then_with(|| (&a.class, &a.group).cmp(&(&b.class, &b.group)))
    });
}
