//! Swelling: the bytes that living objects took on after they were first measured. Births and
//! deaths do not count, so that a class whose number changes shows it too.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::growth::Growth;
use crate::error::Error;
use crate::model::{Class, ClassId, Contents, ObjectId, Projection, Rows, Samples, find};
use crate::select::Filter;
use crate::source::Source;

/// The instances of a class that were alive at the last snapshot.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Swelling {
    /// How many were measured twice or more.
    pub(super) measured: u64,
    /// Those of them that hold more than at first, those that took on most first: their numbers in
    /// the dump.
    pub(super) swollen: Vec<ObjectId>,
    /// Bytes that they took on, less those that they gave back.
    pub(super) growth_bytes: i128,
    /// How that sum went on.
    pub(super) growth: Growth,
    /// The instances that were alive at the first snapshot that saw one, and at the last.
    pub(super) at_ends: [Alive; 2],
}

/// The objects that hold what a class grew by, and what they are compared with.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Compared {
    /// Each of these when it was first measured, and last.
    Each(Vec<ObjectId>),
    /// Those alive at a moment, and the larger ones alive at a later one.
    Ends([Alive; 2]),
}

impl Compared {
    /// The objects that hold it.
    pub(super) fn members(&self) -> &[ObjectId] {
        match self {
            Compared::Each(objects) => objects,
            Compared::Ends([_, end]) => &end.objects,
        }
    }
}

/// The instances alive at a snapshot, by their numbers in the dump.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Alive {
    /// The moment of the snapshot.
    pub(super) seconds: f64,
    /// Which.
    pub(super) objects: Vec<ObjectId>,
}

impl Swelling {
    /// Of classes whose ids ascend, measured at these moments, which ascend. Classes of whom
    /// no snapshot saw an instance are left out.
    pub(super) fn of_classes(
        source: &impl Source,
        filter: &Filter,
        classes: &[ClassId],
        seconds: &[f64],
    ) -> Result<HashMap<ClassId, Swelling, FixedState>, Error> {
        if classes.is_empty() {
            return Ok(HashMap::default());
        }
        let wanted = Projection::lives()
            .with_samples(Samples::Sizes)
            .and(filter.projection());
        let objects = source.fetch(wanted, Rows::OfClasses(classes))?;
        let swelling = |&id: &ClassId| Some((id, Swelling::of(&objects, filter, id, seconds)?));
        Ok(classes.iter().filter_map(swelling).collect())
    }

    fn of(dump: &Contents, filter: &Filter, id: ClassId, seconds: &[f64]) -> Option<Swelling> {
        let &last = seconds.last()?;
        // What the sum rose by at each snapshot.
        let mut steps = vec![0_i128; seconds.len()];
        let mut measured = 0;
        let mut swollen = Vec::new();
        let class = Class { dump, id };
        let objects = || class.objects().filter(|&object| filter.admits(object));
        let seen_first = objects().filter_map(|object| {
            let seen = seconds.partition_point(|&at| at <= object.birth_seconds());
            let is_active = |at: &&f64| object.is_active_at(**at);
            seconds.get(seen).filter(is_active).map(|_| seen)
        });
        let start = seconds[seen_first.min()?];
        let alive_at = |seconds: f64| Alive {
            seconds,
            objects: objects()
                .filter(|object| object.is_active_at(seconds))
                .map(|object| dump.recorded_id(object.id()))
                .collect(),
        };
        for object in objects().filter(|object| object.is_active_at(last)) {
            let mut sizes = object.live_samples().filter_map(|sample| {
                let at = find(seconds, sample.time_seconds)?;
                Some((at, sample.asized.size_bytes()))
            });
            let Some((_, first)) = sizes.next() else {
                continue;
            };
            let mut size = first;
            let mut times = 1;
            for (at, next) in sizes {
                steps[at] += i128::from(next) - i128::from(size);
                size = next;
                times += 1;
            }
            if times > 1 {
                measured += 1;
                let growth = size.saturating_sub(first);
                if growth > 0 {
                    swollen.push((dump.recorded_id(object.id()), growth));
                }
            }
        }
        let mut sum = 0;
        let row: Vec<f64> = steps
            .iter()
            .map(|step| {
                sum += step;
                sum as f64
            })
            .collect();
        swollen.sort_by_key(|&(id, growth)| (std::cmp::Reverse(growth), id));
        Some(Swelling {
            measured,
            swollen: swollen.into_iter().map(|(id, _)| id).collect(),
            growth_bytes: sum,
            growth: Growth::of(&row, seconds, 1),
            at_ends: [alive_at(start), alive_at(last)],
        })
    }
}
