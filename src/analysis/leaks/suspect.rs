//! The survivors of a suspect: how many, from where, holding what, and which ones.

use std::cmp::Ordering;
use std::collections::HashMap;

use foldhash::fast::FixedState;
use serde::Serialize;

use crate::analysis::merged::{self, MergedRow, Merger, Trees};
use crate::analysis::objects::address;
use crate::analysis::sites::is_tracker;
use crate::analysis::summary::percent;
use crate::error::Error;
use crate::model::{
    Class, ClassId, Column, Contents, Frame, Integer, ObjectId, Population, Projection, Rows,
    Samples, Survivors, Text, TrackedObject,
};
use crate::select::Filter;
use crate::source::Source;

/// How many origins, attributes and objects are shown of each.
const MOST: usize = 5;
const MOST_OBJECTS: usize = 3;

/// Texts are told up to so many characters: many suspects may share one of megabytes.
const MAX_TEXT: usize = 1000;

/// Objects that were born between two snapshots and are alive at a third.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SurvivorDetail<'d> {
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
    pub oldest: Vec<SurvivorObject<'d>>,
    /// The largest at the third snapshot.
    pub largest: Vec<SurvivorObject<'d>>,
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
pub struct SurvivorObject<'d> {
    /// Its address, in hexadecimal.
    pub address: String,
    /// Its repr when last sized.
    pub repr: Text<'d>,
    /// Seconds since tracking began.
    pub birth_seconds: Option<f64>,
    /// Bytes at the third snapshot.
    pub size_bytes: i64,
}

/// Looks at the survivors of each of these classes.
///
/// Who survives follows from the lives of the objects of these classes; of survivors the sizes and
/// traces are read, and of the few that are shown the reprs and addresses.
pub(super) fn look<'d>(
    source: &'d impl Source,
    classes: &[ClassId],
    survivors: Survivors,
    filter: &Filter,
) -> Result<Vec<SurvivorDetail<'d>>, Error> {
    let members = survivors_of(source, classes, survivors, filter)?;
    let mut all: Vec<_> = members.iter().flatten().copied().collect();
    all.sort_unstable();
    all.dedup();
    let digest = source.digest()?;
    let kept_trees = filter.merged_referents(source, Population::Of(survivors))?;
    let referents = kept_trees.is_none() && digest.contents.all_referents() > 0;
    let samples = Samples::At {
        seconds: survivors.alive_at_seconds,
        referents,
    };
    // To merge trees takes the deaths: samples after them do not count.
    let wanted = Projection::of([Column::Birth, Column::Trace]).with_if(referents, Column::Death);
    let dump = source.keep(source.fetch(wanted.with_samples(samples), Rows::These(&all))?);
    let rows = merged::ReferentRows::Notable(4 * MOST);
    let mut trees = match kept_trees {
        Some(kept) => Trees::Kept(kept, rows),
        None => Trees::Merged(Merger::at(dump, survivors.alive_at_seconds, rows)),
    };
    let mut looks = Vec::with_capacity(classes.len());
    let mut shown = Vec::new();
    for (&id, members) in classes.iter().zip(&members) {
        let objects: Vec<Measured<'d>> = members
            .iter()
            .filter_map(|&id| dump.recorded_object(id))
            .map(|object| (object, size_at(object, survivors.alive_at_seconds)))
            .collect();
        let size_bytes = objects.iter().map(|&(_, size)| i128::from(size)).sum();
        let mut kept = SurvivorDetail {
            objects: objects.len() as u64,
            size_bytes,
            ..SurvivorDetail::default()
        };
        (kept.origins, kept.more_origins) = origins(&objects, size_bytes);
        let class = Class { dump, id };
        let all = objects.iter().map(|&(object, _)| object);
        if let Some(tree) = trees.tree(class, all) {
            kept.holders = holders(&tree.referents);
            kept.holders_cut = tree.cut;
        }
        let look = (kept, oldest(&objects), largest(&objects));
        let objects = look.1.iter().chain(&look.2);
        shown.extend(objects.map(|&(object, _)| dump.recorded_id(object.id())));
        looks.push(look);
    }
    shown.sort_unstable();
    shown.dedup();
    let wanted = Projection::of([Column::Repr, Column::Address]);
    let identities = source.keep(source.fetch(wanted, Rows::These(&shown))?);
    let row = |(object, size_bytes): Measured<'d>| {
        let identity = identities.recorded_object(dump.recorded_id(object.id()))?;
        Some(SurvivorObject {
            address: address(identity),
            repr: identity.repr().head(MAX_TEXT),
            birth_seconds: Some(object.birth_seconds()).filter(|birth| birth.is_finite()),
            size_bytes,
        })
    };
    let looks = looks
        .into_iter()
        .map(|(kept, oldest, largest)| SurvivorDetail {
            oldest: oldest.into_iter().filter_map(row).collect(),
            largest: largest.into_iter().filter_map(row).collect(),
            ..kept
        });
    Ok(looks.collect())
}

/// The numbers of the survivors of each class that the filter lets count, as it lists them.
fn survivors_of(
    source: &impl Source,
    classes: &[ClassId],
    survivors: Survivors,
    filter: &Filter,
) -> Result<Vec<Vec<ObjectId>>, Error> {
    let mut ascending = classes.to_vec();
    ascending.sort_unstable();
    let wanted = Projection::of([Column::Birth, Column::Death]).and(filter.projection());
    let lives = source.fetch(wanted, Rows::OfClasses(&ascending))?;
    let dump: &Contents = &lives;
    let survivors_of = |&id: &ClassId| {
        let objects = Class { dump, id }.objects();
        let objects = objects.filter(|&object| survivors.has(object) && filter.admits(object));
        objects
            .map(|object| dump.recorded_id(object.id()))
            .collect()
    };
    Ok(classes.iter().map(survivors_of).collect())
}

/// The innermost frames that are not the tracker's, those with most bytes first.
fn origins<'d>(objects: &[(TrackedObject<'d>, i64)], all_bytes: i128) -> (Vec<Origin<'d>>, usize) {
    // Traces are few; each is looked at once.
    let mut of_trace: HashMap<_, Option<Frame<'d>>, FixedState> = HashMap::default();
    let mut counted: HashMap<Option<u32>, (Option<Frame<'d>>, u64, i128), FixedState> =
        HashMap::default();
    for &(object, size) in objects {
        let frame = object.trace().and_then(|trace| {
            *of_trace
                .entry(trace.id())
                .or_insert_with(|| trace.frames().rev().find(|&frame| !is_tracker(frame)))
        });
        let origin = counted
            .entry(frame.map(Frame::number))
            .or_insert((frame, 0, 0));
        origin.1 += 1;
        origin.2 += i128::from(size);
    }
    let mut counted: Vec<_> = counted.into_iter().collect();
    counted
        .sort_by_key(|&(number, (_, objects, size))| (std::cmp::Reverse((size, objects)), number));
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

/// A survivor and its bytes at the third snapshot.
type Measured<'d> = (TrackedObject<'d>, i64);

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

/// The size at the snapshot of this moment, at which it is alive: that of the last sample taken
/// then.
fn size_at(object: TrackedObject<'_>, seconds: f64) -> i64 {
    let mut samples = object.samples();
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
