//! One class as a whole: how many instances, how large, alive when.

use serde::Serialize;

use crate::model::{Class, Sizes, TrackedObject};

/// The instances of a class, whenever they lived.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ClassDetail {
    /// How many were tracked.
    pub objects: u64,
    /// Those alive at the end of the recording.
    pub alive: u64,
    /// Those that died.
    pub died: u64,
    /// The smallest of the largest sizes of its instances, in bytes; 0 of none.
    pub smallest_bytes: i64,
    /// The largest size of any instance, in bytes.
    pub largest_bytes: i64,
    /// The largest sizes of all instances together, in bytes.
    pub size_bytes: i128,
    /// The mean of the largest sizes, in bytes; 0 of none.
    pub average_bytes: f64,
}

impl ClassDetail {
    /// Counts the instances that `admits` lets count.
    pub fn of<'d>(
        class: Class<'d>,
        sizes: &Sizes,
        admits: impl Fn(TrackedObject<'d>) -> bool,
    ) -> ClassDetail {
        let mut detail = ClassDetail::default();
        for object in class.objects().filter(|&object| admits(object)) {
            let size = sizes.largest_bytes(object.number());
            if detail.objects == 0 {
                (detail.smallest_bytes, detail.largest_bytes) = (size, size);
            }
            detail.objects += 1;
            detail.alive += u64::from(object.is_alive());
            detail.smallest_bytes = detail.smallest_bytes.min(size);
            detail.largest_bytes = detail.largest_bytes.max(size);
            detail.size_bytes += i128::from(size);
        }
        detail.died = detail.objects - detail.alive;
        detail.average_bytes = super::summary::average(detail.size_bytes, detail.objects);
        detail
    }
}

/// Instances alive from a moment on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Seconds since tracking began.
    pub time_seconds: f64,
    /// How many were alive from then on.
    pub alive: u64,
}

/// How many instances of a class were alive when: a step at each birth and death, or at
/// `most` evenly spread moments if there are more than that. Births and deaths at no finite
/// moment are left out.
pub fn steps<'d>(
    class: Class<'d>,
    most: usize,
    admits: impl Fn(TrackedObject<'d>) -> bool,
) -> Vec<Step> {
    let mut births = Vec::new();
    let mut deaths = Vec::new();
    for object in class.objects().filter(|&object| admits(object)) {
        let birth = object.birth_seconds();
        if birth.is_finite() {
            births.push(birth);
            deaths.extend(object.death_seconds().filter(|death| death.is_finite()));
        }
    }
    births.sort_unstable_by(f64::total_cmp);
    deaths.sort_unstable_by(f64::total_cmp);
    let mut moments: Vec<f64> = births.iter().chain(&deaths).copied().collect();
    moments.sort_unstable_by(f64::total_cmp);
    moments.dedup();
    if let (true, Some(&first), Some(&last)) =
        (moments.len() > most, moments.first(), moments.last())
    {
        let step = (last - first) / (most.max(2) - 1) as f64;
        moments = (0..most).map(|n| first + n as f64 * step).collect();
    }
    moments
        .into_iter()
        .map(|time_seconds| {
            let until = |moments: &[f64]| moments.partition_point(|&m| m <= time_seconds) as u64;
            Step {
                time_seconds,
                // A death before its birth, which only hand-made dumps have, takes nobody away.
                alive: until(&births).saturating_sub(until(&deaths)),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Dump, Rules};

    #[test]
    fn steps_end_at_those_alive() {
        let dump = Dump::load("fixtures/shop.dump").unwrap();
        let sizes = Sizes::of(&dump, Rules::Documented);
        for class in dump.classes() {
            let detail = ClassDetail::of(class, &sizes, |_| true);
            assert_eq!(detail.objects as usize, class.objects().len());
            for most in [1000, 5] {
                let steps = steps(class, most, |_| true);
                assert!(steps.len() <= most);
                assert_eq!(steps.last().unwrap().alive, detail.alive, "{most}");
                assert!(steps.is_sorted_by(|a, b| a.time_seconds < b.time_seconds));
            }
        }
    }
}
