//! What lies far from the others: by the median and the median absolute deviation, which a few far
//! ones do not move.

use crate::analysis::leaks::median;

/// The median absolute deviation of a normal distribution is its standard deviation times this.
const MAD_OF_DEVIATION: f64 = 0.6745;

/// How probable it may be that chance alone makes any of all figures that were tested an outlier.
const CHANCE: f64 = 0.01;

/// The middle of some figures, and how far from it they lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    pub(super) median: f64,
    /// The median of the distances from the median.
    pub(super) mad: f64,
    /// The standard deviation that is reckoned with, at least `least`.
    pub(super) deviation: f64,
}

impl Spread {
    /// Of some figures; `None` of none. `least` is what chance alone makes of a figure: of a count,
    /// the root of it (Poisson).
    pub(super) fn of(figures: &[f64], least: f64) -> Option<Spread> {
        let median_of = |figures: &[f64]| median(&mut figures.to_vec());
        let center = median_of(figures)?;
        let distances: Vec<f64> = figures
            .iter()
            .map(|figure| (figure - center).abs())
            .collect();
        let mad = median_of(&distances)?;
        Some(Spread {
            median: center,
            mad,
            deviation: (mad / MAD_OF_DEVIATION).max(least),
        })
    }

    /// How many deviations a figure lies above the median.
    pub(super) fn deviations(&self, figure: f64) -> f64 {
        match self.deviation > 0.0 {
            true => (figure - self.median) / self.deviation,
            false => 0.0,
        }
    }
}

/// How many deviations are more than chance, where so many figures are tested: the tail of a normal
/// distribution beyond z is below exp(-z²/2)/2 (Chernoff), and all tests share the chance of one
/// (Bonferroni).
pub(super) fn critical_deviations(tests: usize) -> f64 {
    (2.0 * (tests.max(1) as f64 / (2.0 * CHANCE)).ln()).sqrt()
}

/// How probable it is that so many `before` of `all` lack what `with` of `all` have, if it does not
/// matter which come first: the hypergeometric distribution.
pub(super) fn chance_of_none_before(all: usize, before: usize, with: usize) -> f64 {
    let after = all.saturating_sub(before);
    if with > after {
        return 0.0;
    }
    let factors = (0..with).map(|n| (after - n) as f64 / (all - n) as f64);
    factors.product()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_far_from_the_others() {
        let spread = Spread::of(&[1.0, 2.0, 3.0, 4.0, 100.0], 0.0).unwrap();
        assert_eq!((spread.median, spread.mad), (3.0, 1.0));
        assert!((spread.deviations(100.0) - 97.0 * 0.6745).abs() < 1e-9);
        let alike = Spread::of(&[5.0; 9], 2.0).unwrap();
        assert_eq!(alike.deviations(9.0), 2.0);
        assert_eq!(Spread::of(&[5.0; 9], 0.0).unwrap().deviations(9.0), 0.0);
        assert_eq!(Spread::of(&[], 1.0), None);
    }

    /// Against exact tails of the normal distribution: 3.72 deviations for 1/10,000 and 4.75 for
    /// 1/1,000,000 (tables of the distribution).
    #[test]
    fn chance_is_never_taken_for_more() {
        assert!(critical_deviations(100) > 3.72);
        assert!(critical_deviations(100) < 4.4);
        assert!(critical_deviations(10_000) > 4.75);
    }

    #[test]
    fn who_comes_first_by_chance() {
        // Of 4, the first 2 lack what the last 2 have: one of six ways to choose 2 of 4.
        assert!((chance_of_none_before(4, 2, 2) - 1.0 / 6.0).abs() < 1e-12);
        assert_eq!(chance_of_none_before(4, 0, 2), 1.0);
        assert_eq!(chance_of_none_before(4, 3, 2), 0.0);
        assert_eq!(chance_of_none_before(0, 0, 0), 1.0);
    }
}
