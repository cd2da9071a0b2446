//! How the steps of a row decline, as those of something do that fills up.
//!
//! Where each interval fills the same share of the room that is left, the steps fall as
//! `exp(-interval / tau)`. This is weighed against a constant rate, which a leak has, and against
//! a fast start that a constant rate follows.

/// Steps that fall as an exponential does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Decline {
    /// In how many intervals a step falls to 37 % (1/e) of what it was.
    pub(super) tau_intervals: f64,
    /// Whether nothing simpler explains the steps as well.
    pub(super) is_clear: bool,
}

/// With fewer steps every curve fits.
const ENOUGH_STEPS: usize = 6;

/// The shortest and the longest `tau` that are looked at, as shares of the row, and the factor
/// between two of them. A longer one is hardly told from a constant rate.
const SHORTEST: f64 = 0.08;
const LONGEST: f64 = 1.0;
const FINER: f64 = 1.06;

impl Decline {
    /// The decline that fits best (least squares); `None` if a constant rate fits better than all.
    pub(super) fn of(row: &[f64]) -> Option<Decline> {
        let steps: Vec<f64> = row.windows(2).map(|pair| pair[1] - pair[0]).collect();
        if steps.len() < ENOUGH_STEPS {
            return None;
        }
        let count = steps.len() as f64;
        let constant = rest_of_mean(&steps);
        let two_rates = (1..steps.len())
            .map(|at| rest_of_mean(&steps[..at]) + rest_of_mean(&steps[at..]))
            .fold(f64::INFINITY, f64::min);
        let (decline, tau) = taus(count)
            .map(|tau| (rest_of_decline(&steps, tau), tau))
            .min_by(|a, b| a.0.total_cmp(&b.0))?;
        if decline >= constant {
            return None;
        }
        // Schwarz's criterion: what is left, and a price for each figure that was fitted.
        let mean = (row[row.len() - 1] - row[0]) / count;
        // What comes one by one wavers by the root of its number (Poisson), so no curve of a few
        // steps fits better than that.
        let one = smallest(&steps);
        let floor = one * mean.abs() + f64::MIN_POSITIVE;
        let price = count.ln();
        let cost = |rest: f64, figures: f64| count * (rest / count + floor).ln() + figures * price;
        let cost_of_decline = cost(decline, 2.0);
        Some(Decline {
            tau_intervals: tau,
            // It must be better by one more price, as it denies what looks like a leak.
            is_clear: cost_of_decline + price < cost(constant, 1.0)
                && cost_of_decline < cost(two_rates, 3.0),
        })
    }
}

fn taus(count: f64) -> impl Iterator<Item = f64> {
    std::iter::successors(Some(SHORTEST * count), |tau| Some(tau * FINER))
        .take_while(move |&tau| tau < LONGEST * count)
}

/// The smallest step that is one, up or down.
fn smallest(steps: &[f64]) -> f64 {
    let sizes = steps.iter().map(|step| step.abs());
    sizes
        .filter(|&size| size > 0.0)
        .fold(f64::INFINITY, f64::min)
}

/// What the mean does not explain, as a sum of squares.
fn rest_of_mean(steps: &[f64]) -> f64 {
    let mean = steps.iter().sum::<f64>() / steps.len() as f64;
    steps.iter().map(|step| (step - mean).powi(2)).sum()
}

/// What the best decline of this `tau` does not explain; infinite of one that rises.
fn rest_of_decline(steps: &[f64], tau: f64) -> f64 {
    // Exponentials are most of what a fit costs, and each is needed three times.
    let curve: Vec<f64> = (0..steps.len())
        .map(|at| (-(at as f64) / tau).exp())
        .collect();
    let (mut product, mut square) = (0.0, 0.0);
    for (step, height) in steps.iter().zip(&curve) {
        product += step * height;
        square += height.powi(2);
    }
    let first = product / square;
    if first <= 0.0 {
        return f64::INFINITY;
    }
    let steps = steps.iter().zip(&curve);
    steps
        .map(|(step, height)| (step - first * height).powi(2))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decline(figures: &[i32]) -> Option<Decline> {
        let row: Vec<f64> = figures.iter().map(|&figure| figure.into()).collect();
        Decline::of(&row)
    }

    /// 1000 (1 - exp(-t / 5)), to whole numbers.
    #[test]
    fn an_exponential_is_known_again() {
        let row: Vec<i32> = (0..16)
            .map(|at| (1000.0 * (1.0 - (-f64::from(at) / 5.0).exp())) as i32)
            .collect();
        let decline = decline(&row).unwrap();
        assert!(decline.is_clear);
        assert!((decline.tau_intervals - 5.0).abs() < 0.3, "{decline:?}");
    }

    #[test]
    fn leaks_do_not_decline() {
        for row in [
            &[0, 4, 8, 12, 16, 20, 24, 28][..],
            // A fast start, and a leak.
            &[0, 50, 90, 92, 94, 96, 98, 100, 102, 104, 106, 108, 110],
            &[0, 6, 9, 15, 18, 24, 31, 34, 41, 43, 51, 54],
            &[0, 1, 3, 6, 10, 15, 21, 28, 36],
        ] {
            assert!(
                !decline(row).is_some_and(|decline| decline.is_clear),
                "{row:?}"
            );
        }
        // Few that come at random.
        assert!(!decline(&[0, 3, 5, 7, 8, 9, 11, 12]).unwrap().is_clear);
        assert_eq!(decline(&[0, 9, 12, 13]), None, "too short");
        assert_eq!(decline(&[7, 7, 7, 7, 7, 7, 7, 7]), None, "no steps");
        assert_eq!(decline(&[]), None);
    }
}
