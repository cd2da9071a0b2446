//! The survivors of a suspect: how many, from where, holding what, and which ones.

use std::cmp::Ordering;
use std::collections::HashMap;

use foldhash::fast::FixedState;
use serde::Serialize;

use super::LeaksOptions;
use super::attribute;
use super::swelling::Compared;
use crate::analysis::merged::{self, MergedRow, Merger, Trees};
use crate::analysis::objects::address;
use crate::analysis::own_code::{OwnCode, OwnFrames};
use crate::analysis::sites::{GroupBy, SiteFrame, frame_text, is_tracker, site_frame};
use crate::analysis::summary::percent;
use crate::error::Error;
use crate::model::{
    Class, ClassId, Column, Contents, Frame, Integer, ObjectId, Population, Projection, Rows,
    Samples, Survivors, Text, Trace, TrackedObject,
};
use crate::select::Filter;
use crate::source::Source;

/// How many origins, attributes and objects are shown of each.
pub(super) const MOST: usize = 5;
const MOST_OBJECTS: usize = 3;

/// Texts are told up to so many characters: many suspects may share one of megabytes.
pub(super) const MAX_TEXT: usize = 1000;

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
    /// In how many of 24 equal spans of the recording it created some that survived, without the
    /// last fifth, whose objects are only young. A line that leaks does so again and again.
    pub spans: usize,
    /// The innermost frame of the program's own code, that created most of them; `None` if all
    /// frames are of the standard library or of installed packages.
    pub own: Option<SiteFrame<'d>>,
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
    /// What they grew by since each object was first measured; `None` unless the class swells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub growth_bytes: Option<i128>,
    /// Those as a share of the survivors' bytes, in percent: of a class that swells, what they grew
    /// by as a share of all growth.
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

/// Looks at the survivors of each of these classes; of a class that swells at the objects that hold
/// more than at first.
///
/// Who survives follows from the lives of the objects of these classes; of survivors the sizes and
/// traces are read, and of the few that are shown the reprs and addresses.
pub(super) fn look<'d>(
    source: &'d impl Source,
    classes: &[(ClassId, Option<&Compared>)],
    survivors: Survivors,
    options: &LeaksOptions,
) -> Result<Vec<SurvivorDetail<'d>>, Error> {
    let filter = &options.filter;
    let members = members_of(source, classes, survivors, filter)?;
    let all = ascending(&members);
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
    for (&(id, compared), members) in classes.iter().zip(&members) {
        let objects: Vec<Measured<'d>> = dump
            .recorded_objects(members)
            .map(|object| (object, size_at(object, survivors.alive_at_seconds)))
            .collect();
        let size_bytes = objects.iter().map(|&(_, size)| i128::from(size)).sum();
        let mut kept = SurvivorDetail {
            objects: objects.len() as u64,
            size_bytes,
            ..SurvivorDetail::default()
        };
        (kept.origins, kept.more_origins) = origins(&objects, size_bytes, survivors, &options.own);
        let class = Class { dump, id };
        let all = objects.iter().map(|&(object, _)| object);
        if let Some(compared) = compared {
            kept.holders = attribute::grown(source, compared)?;
        } else if let Some(tree) = trees.tree(class, all) {
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

/// The numbers of all these objects, each once.
fn ascending(members: &[Vec<ObjectId>]) -> Vec<ObjectId> {
    let mut all: Vec<_> = members.iter().flatten().copied().collect();
    // Those of each class ascend mostly, and a stable sort merges what ascends.
    all.sort();
    all.dedup();
    all
}

/// What created some objects, as `file:line in function`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CreatedBy {
    /// The innermost frame that is not the tracker's; `None` of objects without a trace.
    pub(super) innermost: Option<String>,
    /// The innermost one of the program's own code.
    pub(super) own: Option<String>,
}

/// All lines that created the objects that [`look`] looks at, of each of these classes.
pub(super) fn created_by(
    source: &impl Source,
    classes: &[(ClassId, Option<&Compared>)],
    survivors: Survivors,
    options: &LeaksOptions,
) -> Result<Vec<Vec<CreatedBy>>, Error> {
    let members = members_of(source, classes, survivors, &options.filter)?;
    let rows = ascending(&members);
    let dump = source.fetch(Projection::of([Column::Trace]), Rows::These(&rows))?;
    let dump: &Contents = &dump;
    let mut own = options.own.finder();
    let text = |frame| {
        let line = site_frame(frame, GroupBy::Frame);
        frame_text(line.file, frame.exact_line(), line.function)
    };
    let lines = members.iter().map(|members| {
        let objects = members.iter().filter_map(|&id| dump.recorded_object(id));
        let mut traces: Vec<Option<Trace<'_>>> = objects.map(TrackedObject::trace).collect();
        traces.sort_unstable_by_key(|trace| trace.map(Trace::id));
        traces.dedup_by_key(|trace| trace.map(Trace::id));
        let lines = traces.into_iter().map(|trace| {
            let [innermost, own] = trace.map_or([None; 2], |trace| frames(trace, &mut own));
            CreatedBy {
                innermost: innermost.map(text),
                own: own.map(text),
            }
        });
        let mut lines: Vec<CreatedBy> = lines.collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    });
    Ok(lines.collect())
}

/// The innermost frame of a trace that is not the tracker's, and the innermost own one.
fn frames<'d>(trace: Trace<'d>, own: &mut OwnFrames<'_, 'd>) -> [Option<Frame<'d>>; 2] {
    let innermost = trace.frames().rev().find(|&frame| !is_tracker(frame));
    [innermost, own.frame(trace)]
}

/// The numbers of the objects of each class to look at, as it lists them: those that swell, or
/// the survivors that the filter lets count.
fn members_of(
    source: &impl Source,
    classes: &[(ClassId, Option<&Compared>)],
    survivors: Survivors,
    filter: &Filter,
) -> Result<Vec<Vec<ObjectId>>, Error> {
    let piling_up = classes.iter().filter(|(_, compared)| compared.is_none());
    let mut ascending: Vec<ClassId> = piling_up.map(|&(id, _)| id).collect();
    ascending.sort_unstable();
    let wanted = Projection::of([Column::Birth, Column::Death]).and(filter.projection());
    let lives = source.fetch(wanted, Rows::OfClasses(&ascending))?;
    let dump: &Contents = &lives;
    let members_of = |&(id, compared): &(ClassId, Option<&Compared>)| {
        if let Some(compared) = compared {
            return compared.members().to_vec();
        }
        let objects = Class { dump, id }.objects();
        let objects = objects.filter(|&object| survivors.has(object) && filter.admits(object));
        objects
            .map(|object| dump.recorded_id(object.id()))
            .collect()
    };
    Ok(classes.iter().map(members_of).collect())
}

/// What one line created.
#[derive(Default)]
struct Created<'d> {
    frame: Option<Frame<'d>>,
    objects: u64,
    size_bytes: i128,
    /// A bit for each span of the recording.
    spans: u32,
    /// Own frames, and how many objects they created.
    own: HashMap<Option<u32>, (Option<Frame<'d>>, u64), FixedState>,
}

/// The recording is cut into so many spans.
const SPANS: f64 = 24.0;

/// Objects of these last spans are only young.
const YOUNG_SPANS: f64 = 5.0;

/// The innermost frames that are not the tracker's. Those whose objects survive from most of the
/// time come first, and of equal ones those with most bytes: a pool that was filled once has
/// more objects than a line that leaks, and does not grow.
fn origins<'d>(
    objects: &[(TrackedObject<'d>, i64)],
    all_bytes: i128,
    survivors: Survivors,
    own: &OwnCode,
) -> (Vec<Origin<'d>>, usize) {
    // Traces are few; each is looked at once.
    let mut of_trace: HashMap<_, [Option<Frame<'d>>; 2], FixedState> = HashMap::default();
    let mut created: HashMap<Option<u32>, Created<'d>, FixedState> = HashMap::default();
    let line_of = |frame| site_frame(frame, GroupBy::Frame);
    let mut own = own.finder();
    let length = survivors.alive_at_seconds - survivors.from_seconds;
    for &(object, size) in objects {
        let [frame, own] = object.trace().map_or([None; 2], |trace| {
            *of_trace
                .entry(trace.id())
                .or_insert_with(|| frames(trace, &mut own))
        });
        let origin = created.entry(frame.map(Frame::number)).or_default();
        origin.frame = frame;
        origin.objects += 1;
        origin.size_bytes += i128::from(size);
        let since = (object.birth_seconds() - survivors.from_seconds) / length;
        let span = (since * SPANS).floor();
        if (0.0..SPANS - YOUNG_SPANS).contains(&span) {
            origin.spans |= 1 << span as u32;
        }
        let entry = origin.own.entry(own.map(Frame::number));
        entry.or_insert((own, 0)).1 += 1;
    }
    let mut created: Vec<_> = created.into_iter().collect();
    created.sort_by_key(|(number, created)| {
        let figures = (
            created.spans.count_ones(),
            created.size_bytes,
            created.objects,
        );
        (std::cmp::Reverse(figures), *number)
    });
    let more = created.len().saturating_sub(MOST);
    let created = created.into_iter().take(MOST);
    let origins = created.map(|(_, created)| {
        let own = created.own.into_iter();
        let most = own.max_by_key(|&(number, (_, objects))| (objects, std::cmp::Reverse(number)));
        let line = created.frame.map(line_of);
        Origin {
            file: line.as_ref().map(|line| line.file),
            line: line.as_ref().and_then(|line| line.line),
            function: line.as_ref().and_then(|line| line.function),
            source: line.and_then(|line| line.source),
            objects: created.objects,
            size_bytes: created.size_bytes,
            share_percent: match all_bytes {
                // Their bytes are counted elsewhere.
                0 => percent(created.objects.into(), objects.len() as i128),
                _ => percent(created.size_bytes, all_bytes),
            },
            spans: created.spans.count_ones() as usize,
            own: most.and_then(|(_, (frame, _))| frame).map(line_of),
        }
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

/// The size at the snapshot of this moment, at which it is alive.
fn size_at(object: TrackedObject<'_>, seconds: f64) -> i64 {
    let sample = object.sample_at(seconds);
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
                growth_bytes: None,
                share_percent: row.share_percent,
            });
        }
    }
    holders.sort_by_key(|holder| std::cmp::Reverse(holder.size_bytes));
    holders.truncate(MOST);
    holders
}
