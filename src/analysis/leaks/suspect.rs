//! The survivors of a suspect: how many, from where, holding what, and which ones.

use std::cmp::Ordering;
use std::collections::HashMap;

use foldhash::fast::FixedState;
use serde::Serialize;

use super::{ClassVerdict, Suspect};
use crate::analysis::merged::{KeptTrees, MergedRow, Rows, Trees};
use crate::analysis::objects::address;
use crate::analysis::sites::is_tracker;
use crate::analysis::summary::percent;
use crate::model::{Class, Dump, Frame, Integer, Snapshot, Survivors, Text, TrackedObject};

/// How many origins, attributes and objects are shown of each.
const MOST: usize = 5;
const MOST_OBJECTS: usize = 3;

/// Texts are told up to so many characters: many suspects may share one of megabytes.
const MAX_TEXT: usize = 1000;

/// Objects that were born between two snapshots and are alive at a third.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Kept<'d> {
    /// How many.
    pub objects: u64,
    /// Their bytes at the third snapshot.
    pub size_bytes: i128,
    /// Where they were created, those with most bytes first.
    pub origins: Vec<Origin<'d>>,
    /// How many origins more there are.
    pub more_origins: usize,
    /// What holds their bytes at the third snapshot, down to two levels.
    pub holders: Vec<Holder<'d>>,
    /// Whether their trees of referents were not followed to their ends.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub holders_cut: bool,
    /// The oldest of them.
    pub oldest: Vec<KeptObject<'d>>,
    /// The largest at the third snapshot.
    pub largest: Vec<KeptObject<'d>>,
}

/// A line of code that created some of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Origin<'d> {
    /// The file; `None` for objects without a trace.
    pub file: Option<Text<'d>>,
    /// The line, from 1.
    pub line: Option<Integer<'d>>,
    /// The function.
    pub function: Option<Text<'d>>,
    /// The first source line without its indentation; `None` where there is none.
    pub source: Option<Text<'d>>,
    /// How many it created.
    pub objects: u64,
    /// Their bytes at the third snapshot.
    pub size_bytes: i128,
    /// Those as a share of all of them, in percent.
    pub share_percent: f64,
}

/// An attribute that holds bytes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Holder<'d> {
    /// Names from the object on, as Pympler gives them.
    pub path: Vec<Option<Text<'d>>>,
    /// How many referents were merged.
    pub count: u64,
    /// Their bytes.
    pub size_bytes: i128,
    /// Those as a share of the survivors' bytes, in percent.
    pub share_percent: f64,
}

/// One of the survivors.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeptObject<'d> {
    /// Its address, in hexadecimal.
    pub address: String,
    /// Its repr when last sized.
    pub repr: Text<'d>,
    /// Seconds since tracking began.
    pub birth_seconds: Option<f64>,
    /// Bytes at the third snapshot.
    pub size_bytes: i64,
}

/// Looks at one suspect after the other.
pub(super) struct Looker<'d> {
    dump: &'d Dump,
    survivors: Option<Survivors>,
    trees: Trees<'d>,
}

impl<'d> Looker<'d> {
    /// `dump` may be a part of the whole, without the referents if their trees are known.
    pub(super) fn of(
        dump: &'d Dump,
        between: Option<[Snapshot<'d>; 3]>,
        kept: Option<KeptTrees<'d>>,
    ) -> Self {
        Looker {
            dump,
            survivors: between.map(Survivors::of),
            trees: Trees::of(
                kept,
                dump,
                between.map(|[.., alive_at]| alive_at),
                Rows::Notable(4 * MOST),
            ),
        }
    }

    pub(super) fn look(
        &mut self,
        class: ClassVerdict<'d>,
        admits: impl Fn(TrackedObject<'d>) -> bool,
    ) -> Suspect<'d> {
        let kept = self.kept(&class, admits);
        Suspect { class, kept }
    }

    fn kept(
        &mut self,
        class: &ClassVerdict<'d>,
        admits: impl Fn(TrackedObject<'d>) -> bool,
    ) -> Kept<'d> {
        let Some(survivors) = self.survivors else {
            return Kept::default();
        };
        let is_kept = |object| survivors.has(object) && admits(object);
        let class = Class {
            dump: self.dump,
            number: class.number,
        };
        let objects = measured(class, survivors, &admits);
        let size_bytes = objects.iter().map(|&(_, size)| i128::from(size)).sum();
        let mut kept = Kept {
            objects: objects.len() as u64,
            size_bytes,
            ..Kept::default()
        };
        (kept.origins, kept.more_origins) = self.origins(&objects, size_bytes);
        if let Some(tree) = self.trees.class(class, is_kept) {
            kept.holders = holders(&tree.referents);
            kept.holders_cut = tree.cut;
        }
        let row = |(object, size_bytes): Measured<'d>| KeptObject {
            address: address(object),
            repr: object.repr().head(MAX_TEXT),
            birth_seconds: Some(object.birth_seconds()).filter(|birth| birth.is_finite()),
            size_bytes,
        };
        kept.oldest = oldest(&objects).into_iter().map(row).collect();
        kept.largest = largest(&objects).into_iter().map(row).collect();
        kept
    }

    /// The innermost frames that are not the tracker's, those with most bytes first.
    fn origins(
        &self,
        objects: &[(TrackedObject<'d>, i64)],
        all_bytes: i128,
    ) -> (Vec<Origin<'d>>, usize) {
        // Traces are few; each is looked at once.
        let mut of_trace: HashMap<u32, Option<Frame<'d>>, FixedState> = HashMap::default();
        let mut counted: HashMap<Option<u32>, (Option<Frame<'d>>, u64, i128), FixedState> =
            HashMap::default();
        for &(object, size) in objects {
            let frame = object.trace().and_then(|trace| {
                *of_trace
                    .entry(trace.number())
                    .or_insert_with(|| trace.frames().rev().find(|&frame| !is_tracker(frame)))
            });
            let origin = counted
                .entry(frame.map(Frame::number))
                .or_insert((frame, 0, 0));
            origin.1 += 1;
            origin.2 += i128::from(size);
        }
        let mut counted: Vec<_> = counted.into_iter().collect();
        counted.sort_by_key(|&(number, (_, objects, size))| {
            (std::cmp::Reverse((size, objects)), number)
        });
        let more = counted.len().saturating_sub(MOST);
        let origins = counted
            .into_iter()
            .take(MOST)
            .map(|(_, (frame, objects, size_bytes))| Origin {
                file: frame.map(|frame| frame.file().head(MAX_TEXT)),
                line: frame.map(Frame::exact_line),
                function: frame.map(|frame| frame.function().head(MAX_TEXT)),
                source: frame
                    .and_then(|frame| Some(frame.source_lines().next()?.trim().head(MAX_TEXT))),
                objects,
                size_bytes,
                share_percent: percent(size_bytes, all_bytes),
            });
        (origins.collect(), more)
    }
}

/// A survivor and its bytes at the third snapshot.
type Measured<'d> = (TrackedObject<'d>, i64);

/// The survivors of a class that `admits` lets count.
fn measured<'d>(
    class: Class<'d>,
    survivors: Survivors,
    admits: impl Fn(TrackedObject<'d>) -> bool,
) -> Vec<Measured<'d>> {
    let kept = class
        .objects()
        .filter(|&object| survivors.has(object) && admits(object));
    kept.map(|object| (object, size_at(object, survivors.alive_at_seconds)))
        .collect()
}

/// The numbers of those that are shown one by one.
pub(super) fn shown<'d>(
    class: Class<'d>,
    survivors: Survivors,
    admits: impl Fn(TrackedObject<'d>) -> bool,
) -> Vec<u32> {
    let objects = measured(class, survivors, admits);
    let shown = oldest(&objects).into_iter().chain(largest(&objects));
    shown.map(|(object, _)| object.number()).collect()
}

fn oldest<'d>(objects: &[Measured<'d>]) -> Vec<Measured<'d>> {
    least(objects, |a, b| {
        a.0.birth_seconds().total_cmp(&b.0.birth_seconds())
    })
}

fn largest<'d>(objects: &[Measured<'d>]) -> Vec<Measured<'d>> {
    least(objects, |a, b| b.1.cmp(&a.1))
}

/// The first few in an order, among equals the first recorded.
fn least<'d>(
    objects: &[Measured<'d>],
    order: impl Fn(&Measured<'d>, &Measured<'d>) -> Ordering,
) -> Vec<Measured<'d>> {
    let mut least: Vec<Measured<'d>> = Vec::with_capacity(MOST_OBJECTS + 1);
    for object in objects {
        let place = least.partition_point(|before| order(before, object).is_le());
        if place < MOST_OBJECTS {
            least.insert(place, *object);
            least.truncate(MOST_OBJECTS);
        }
    }
    least
}

/// The size at the snapshot of this moment: that of the last sample taken then.
fn size_at(object: TrackedObject<'_>, seconds: f64) -> i64 {
    let mut samples = object.live_samples();
    let sample = samples.rfind(|sample| sample.time_seconds == seconds);
    sample.map_or(0, |sample| sample.asized.size_bytes())
}

/// The attributes themselves: `__dict__` holds everything and says nothing.
fn holders<'d>(rows: &[MergedRow<'d>]) -> Vec<Holder<'d>> {
    let mut path: Vec<Option<Text<'d>>> = Vec::new();
    let mut holders: Vec<Holder<'d>> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        path.truncate(row.level - 1);
        path.push(row.name.map(|name| name.head(MAX_TEXT)));
        let has_parts = rows.get(at + 1).is_some_and(|next| next.level > row.level);
        if row.level <= 2 && !(row.level == 1 && has_parts) {
            holders.push(Holder {
                path: path.clone(),
                count: row.count,
                size_bytes: row.size_bytes,
                share_percent: row.share_percent,
            });
        }
    }
    holders.sort_by_key(|holder| std::cmp::Reverse(holder.size_bytes));
    holders.truncate(MOST);
    holders
}
