//! Whether a row of figures goes up, how fast, and whether it stops: robust statistics, which
//! a single odd snapshot does not turn round.

use serde::Serialize;

/// How a figure went over the snapshots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Trend {
    /// At the first snapshot.
    pub first: i128,
    /// At the last one.
    pub last: i128,
    /// The median of the slopes between all pairs of snapshots (Theil and Sen), by the second;
    /// `None` if no time passed.
    pub per_second: Option<f64>,
    /// The same by the snapshot; `None` of one alone.
    pub per_snapshot: Option<f64>,
    /// Rising pairs of snapshots less falling ones, of all pairs (Kendall's tau-a): 1 if it
    /// never fell, -1 if it never rose.
    #[serde(rename = "monotony")]
    pub monotonicity: f64,
    /// Growth from the middle third of the snapshots to the last, of that from the first
    /// third to the middle, by their medians: 1 goes on as it began, 0 has levelled off.
    /// `None` if it did not grow at first, or with fewer than six snapshots.
    pub late_growth: Option<f64>,
}

impl Trend {
    /// Of figures at ascending moments, in seconds.
    pub fn of(seconds: &[f64], figures: &[i128]) -> Trend {
        let (Some(&first), Some(&last)) = (figures.first(), figures.last()) else {
            return Trend::default();
        };
        let mut by_second = Vec::new();
        let mut by_snapshot = Vec::new();
        let mut rising = 0_i64;
        let count = figures.len();
        for later in 1..count {
            for earlier in 0..later {
                let change = figures[later].saturating_sub(figures[earlier]);
                rising += change.signum() as i64;
                by_snapshot.push(change as f64 / (later - earlier) as f64);
                let passed = seconds[later] - seconds[earlier];
                if passed > 0.0 {
                    by_second.push(change as f64 / passed);
                }
            }
        }
        let pairs = (count * (count - 1) / 2).max(1);
        Trend {
            first,
            last,
            per_second: median(&mut by_second),
            per_snapshot: median(&mut by_snapshot),
            monotonicity: rising as f64 / pairs as f64,
            late_growth: late_growth(figures),
        }
    }

    /// From the first snapshot to the last.
    pub fn change(&self) -> i128 {
        self.last.saturating_sub(self.first)
    }
}

fn late_growth(figures: &[i128]) -> Option<f64> {
    if figures.len() < 6 {
        return None;
    }
    let third = figures.len() / 3;
    let parts = [
        &figures[..third],
        &figures[third..figures.len() - third],
        &figures[figures.len() - third..],
    ];
    let [a, b, c] = parts.map(|part| {
        let mut part: Vec<f64> = part.iter().map(|&figure| figure as f64).collect();
        median(&mut part).unwrap_or(0.0)
    });
    (b > a).then(|| (c - b) / (b - a))
}

/// The middle of some numbers, the mean of two middle ones; `None` of none.
pub(in crate::analysis) fn median(numbers: &mut [f64]) -> Option<f64> {
    let middle = numbers.len() / 2;
    if numbers.is_empty() {
        return None;
    }
    let odd = numbers.len() % 2 == 1;
    let (below, &mut upper, _) = numbers.select_nth_unstable_by(middle, f64::total_cmp);
    if odd {
        return Some(upper);
    }
    let lower = below.iter().copied().max_by(f64::total_cmp)?;
    Some(lower / 2.0 + upper / 2.0)
}

/// The middle of some numbers, of two middle ones the larger; 0 of none.
pub(in crate::analysis) fn upper_median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trends() {
        type Case = (&'static [i128], Option<f64>, f64, Option<f64>);
        let cases: &[Case] = &[
            // Figures, slope by the snapshot, monotonicity, late growth.
            (&[0, 10, 20, 30, 40, 50], Some(10.0), 1.0, Some(1.0)),
            (&[0, 10, 20, 20, 20, 20], Some(10.0 / 3.0), 0.6, Some(0.0)),
            (&[5, 5, 5, 5, 5, 5], Some(0.0), 0.0, None),
            (&[50, 40, 30, 20, 10, 0], Some(-10.0), -1.0, None),
            // One odd snapshot does not turn it round.
            (
                &[0, 10, 9000, 30, 40, 50],
                Some(10.0),
                0.6,
                Some(-4470.0 / 4510.0),
            ),
            (&[0, 10], Some(10.0), 1.0, None),
            (&[7], None, 0.0, None),
            (&[], None, 0.0, None),
        ];
        for (figures, slope, monotonicity, late) in cases {
            let seconds: Vec<f64> = (0..figures.len()).map(|n| 2.0 * n as f64).collect();
            let trend = Trend::of(&seconds, figures);
            assert_eq!(trend.per_snapshot, *slope, "{figures:?}");
            assert_eq!(
                trend.per_second,
                slope.map(|slope| slope / 2.0),
                "{figures:?}"
            );
            assert_eq!(trend.monotonicity, *monotonicity, "{figures:?}");
            assert_eq!(trend.late_growth, *late, "{figures:?}");
        }
    }

    #[test]
    fn medians() {
        assert_eq!(median(&mut []), None);
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }
}
