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
            let size = sizes.largest_bytes(object.id());
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

/// How many instances of a class were alive when: a step at each birth and death. If there are
/// more than `most` moments, they are evenly spread, each with the most that were alive from it
/// to the next. Births and deaths at no finite moment are left out.
pub fn steps<'d>(
    class: Class<'d>,
    most: usize,
    admits: impl Fn(TrackedObject<'d>) -> bool,
) -> Vec<Step> {
    let mut events = Vec::new();
    for object in class.objects().filter(|&object| admits(object)) {
        let birth = object.birth_seconds();
        if birth.is_finite() {
            events.push((birth, 1_i64));
            let death = object.death_seconds().filter(|death| death.is_finite());
            events.extend(death.map(|death| (death, -1)));
        }
    }
    events.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut alive = 0;
    let each = events.chunk_by(|a, b| a.0 == b.0).map(|together| {
        alive += together.iter().map(|event| event.1).sum::<i64>();
        Step {
            time_seconds: together[0].0,
            // A death before its birth, which only hand-made dumps have, takes nobody away.
            alive: alive.max(0) as u64,
        }
    });
    let steps: Vec<Step> = each.collect();
    match (steps.first(), steps.last()) {
        (Some(&first), Some(&last)) if steps.len() > most => spread(&steps, first, last, most),
        _ => steps,
    }
}

/// Evenly spread moments from the first step to the last, which is one of them.
fn spread(steps: &[Step], first: Step, last: Step, most: usize) -> Vec<Step> {
    let width = (last.time_seconds - first.time_seconds) / (most.max(2) - 1) as f64;
    let mut rest = steps;
    let mut alive = 0;
    let mut out: Vec<Step> = (0..most - 1)
        .map(|n| {
            let from = first.time_seconds + n as f64 * width;
            let end = rest.partition_point(|step| step.time_seconds < from + width);
            let (here, later) = rest.split_at(end);
            rest = later;
            let highest = here.iter().map(|step| step.alive).max().unwrap_or(0);
            // What began before goes on until the first step, if there is one so late.
            let goes_on = here.first().is_none_or(|step| step.time_seconds > from);
            let highest = if goes_on { highest.max(alive) } else { highest };
            alive = here.last().map_or(alive, |step| step.alive);
            Step {
                time_seconds: from,
                alive: highest,
            }
        })
        .collect();
    out.push(last);
    out
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
            let highest = |most| {
                steps(class, most, |_| true)
                    .iter()
                    .map(|step| step.alive)
                    .max()
            };
            assert_eq!(
                highest(5),
                highest(1000),
                "a peak between two moments is seen"
            );
        }
    }
}
