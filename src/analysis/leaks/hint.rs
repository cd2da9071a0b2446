//! Who may refer to a suspect: attributes of other tracked objects that hold more and more, and
//! whose names mention the suspect. A hint and no proof: names are texts that programs make.
//!
//! Pympler names what an object refers to by its repr, cut to 80 characters, so that the names of
//! a list tell what is in it. Merged referents are without reprs, and so the referents of a few
//! objects are read: those of each class that took on most bytes since they were first measured.
//! Nothing else can hold more and more.

use std::collections::HashMap;
use std::ops::ControlFlow;

use foldhash::fast::FixedState;
use serde::Serialize;

use super::attribute::{CLASS, DICT, has_attributes};
use super::mention::{Mention, Spellings};
use super::suspect::MAX_TEXT;
use super::verdict::MOST_PRUNED;
use super::{ClassVerdict, Suspect};
use crate::error::Error;
use crate::model::{
    Asized, ClassId, Contents, ObjectId, Projection, Rows, Samples, Text, find, without_repr,
};
use crate::source::Source;

/// So many objects of a class are looked at, and so many of all classes. Of a native file each costs
/// an eighth of a millisecond, which is a 300th of all the rest for a dump of 290 MB.
pub(super) const MOST_OBJECTS: usize = 2;
const MOST_OF_ALL: usize = 16;

/// So many referents of all of them are looked at, and so many again to tell how they grew.
const MOST_REFERENTS: usize = 1 << 15;

/// So many attributes are followed over the snapshots for a suspect, and so many are told.
const MOST_FOLLOWED: usize = 4;
const MOST_TOLD: usize = 2;

/// How deep attributes of attributes are followed.
const DEEPEST: usize = 8;

/// In so many intervals an attribute and the suspect must both have grown.
const LEAST_TOGETHER: usize = 2;

/// At least this share of what the attribute took on must be of intervals in which the suspect grew.
const TOGETHER: f64 = 0.8;

/// An attribute that may hold the instances of a suspect.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hint<'d> {
    /// The class of the objects that have it.
    pub class: Text<'d>,
    /// Its names from the object on, as Pympler gives them.
    pub path: Vec<Text<'d>>,
    /// By what its names mention the suspect.
    pub mention: Mention,
    /// In how many objects they do, of the few that were looked at.
    pub objects: u64,
    /// Its bytes in these, at the last snapshot. Tracked objects are not in it: their bytes are counted
    /// at themselves.
    pub size_bytes: i128,
    /// What those grew by.
    pub growth_bytes: i128,
    /// In how many intervals between snapshots the suspect grew, of those in which the objects were
    /// measured.
    pub intervals: usize,
    /// In how many of these the attribute grew, too.
    pub intervals_together: usize,
}

/// The objects of a class that hold more than at first, those that took on most first.
#[derive(Clone, Debug)]
pub(super) struct Grown<'d> {
    pub(super) id: ClassId,
    pub(super) class: Text<'d>,
    /// How many objects of the class there were.
    pub(super) of: u64,
    pub(super) growth_bytes: i128,
    pub(super) objects: Vec<ObjectId>,
}

/// An attribute whose names mention a suspect.
struct Candidate<'d> {
    suspect: usize,
    class: Text<'d>,
    path: Vec<Text<'d>>,
    mention: Mention,
    size_bytes: i128,
    /// Numbers in the dump.
    objects: Vec<ObjectId>,
}

/// Hints on these suspects, for each the best first; `seconds` are the moments of the snapshots that
/// were compared, ascending.
pub(super) fn hints<'d>(
    source: &'d impl Source,
    suspects: &[Suspect<'d>],
    mut grown: Vec<Grown<'d>>,
    seconds: &[f64],
) -> Result<Vec<Vec<Hint<'d>>>, Error> {
    let mut hints: Vec<Vec<Hint<'d>>> = suspects.iter().map(|_| Vec::new()).collect();
    let Some(&last) = seconds.last().filter(|_| !suspects.is_empty()) else {
        return Ok(hints);
    };
    // What keeps others is mostly one of its kind: a registry, a cache, an application.
    grown.sort_by_key(|grown| (grown.of, std::cmp::Reverse(grown.growth_bytes)));
    let mut room = MOST_OF_ALL;
    for one in &mut grown {
        one.objects.truncate(room);
        room -= one.objects.len();
    }
    let of = grown.iter().flat_map(|one| &one.objects).copied();
    let at_last = Samples::At {
        seconds: last,
        referents: true,
    };
    let dump = read(source, of.collect(), at_last)?;
    let candidates = candidates(dump, suspects, &grown, last);
    if candidates.is_empty() {
        return Ok(hints);
    }
    let of = candidates.iter().flat_map(|one| &one.objects).copied();
    let dump = read(source, of.collect(), Samples::All)?;
    let mut budget = MOST_REFERENTS;
    for candidate in candidates {
        let row = row(dump, &candidate, seconds, &mut budget);
        let suspect = candidate.suspect;
        hints[suspect].extend(hint(candidate, &row, &suspects[suspect].class));
    }
    for hints in &mut hints {
        hints.sort_by_key(|hint| {
            let by = (hint.mention, hint.intervals_together, hint.growth_bytes);
            std::cmp::Reverse(by)
        });
        hints.truncate(MOST_TOLD);
    }
    Ok(hints)
}

/// These objects with what they refer to.
fn read(
    source: &impl Source,
    mut objects: Vec<ObjectId>,
    samples: Samples,
) -> Result<&Contents, Error> {
    objects.sort_unstable();
    objects.dedup();
    let wanted = Projection::lives().with_samples(samples);
    Ok(source.keep(source.fetch(wanted, Rows::These(&objects))?))
}

/// The attributes of these objects at the last snapshot whose names mention a suspect: of each
/// suspect those with most bytes.
fn candidates<'d>(
    dump: &'d Contents,
    suspects: &[Suspect<'d>],
    grown: &[Grown<'d>],
    last: f64,
) -> Vec<Candidate<'d>> {
    let spellings = Spellings::of(suspects);
    let mut budget = MOST_REFERENTS;
    let mut candidates: Vec<Candidate<'d>> = Vec::new();
    for class in grown {
        let mut places: HashMap<(usize, Vec<Text<'d>>), usize, FixedState> = HashMap::default();
        for &id in &class.objects {
            let object = dump.recorded_object(id);
            let sample = object.and_then(|object| object.live_sample_at(last));
            let Some(sample) = sample else { continue };
            for found in attributes(sample.asized, &spellings, &mut budget) {
                let suspect = found.suspect;
                // What refers to others of its class is a list or a tree, and no holder.
                if suspects[suspect].class.id == class.id {
                    continue;
                }
                let place = *places
                    .entry((suspect, found.path.clone()))
                    .or_insert_with(|| {
                        candidates.push(Candidate {
                            class: class.class,
                            objects: Vec::new(),
                            size_bytes: 0,
                            mention: found.mention,
                            suspect,
                            path: found.path,
                        });
                        candidates.len() - 1
                    });
                let candidate = &mut candidates[place];
                candidate.objects.push(id);
                candidate.size_bytes += i128::from(found.size_bytes);
                candidate.mention = candidate.mention.max(found.mention);
            }
        }
    }
    let by = |one: &Candidate<'d>| {
        (
            one.suspect,
            std::cmp::Reverse((one.mention, one.size_bytes)),
        )
    };
    candidates.sort_by_key(by);
    let mut followed = vec![0; suspects.len()];
    candidates.retain(|one| {
        followed[one.suspect] += 1;
        followed[one.suspect] <= MOST_FOLLOWED
    });
    candidates
}

/// A mention of a suspect below an attribute of one object.
struct Found<'d> {
    suspect: usize,
    path: Vec<Text<'d>>,
    mention: Mention,
    size_bytes: i64,
}

/// What stands below the same attribute.
#[derive(Clone, Copy)]
struct Waiting<'d> {
    asized: Asized<'d>,
    /// The number of its attribute; `None` for the object itself.
    attribute: Option<usize>,
    /// Whether what it refers to are attributes of their own.
    is_open: bool,
    level: usize,
}

/// The attributes of an object, and of objects in them, that mention suspects. An attribute is what an
/// object's `__dict__` or slots name; what stands below a container belongs to it.
fn attributes<'d>(root: Asized<'d>, spellings: &Spellings, budget: &mut usize) -> Vec<Found<'d>> {
    let [dict, class] = [DICT, CLASS].map(Text::new);
    // Of each attribute the one above, its name, its bytes, and how it mentions whom.
    let mut paths: Vec<(Option<usize>, Text<'d>, i64)> = Vec::new();
    let mut mentions: HashMap<(usize, usize), Mention, FixedState> = HashMap::default();
    let mut waiting = vec![Waiting {
        asized: root,
        attribute: None,
        is_open: true,
        level: 0,
    }];
    while let Some(above) = waiting.pop() {
        for asized in above.asized.referents() {
            if *budget == 0 {
                waiting.clear();
                break;
            }
            *budget -= 1;
            let name = asized.name().unwrap_or(Text::new(""));
            if name == class {
                continue;
            }
            let mut here = Waiting {
                asized,
                level: above.level + 1,
                ..above
            };
            // The names of attributes say nothing of what is in them.
            let is_key = above.is_open && name.as_bytes().starts_with(b"[K] ");
            if is_key {
                continue;
            }
            if above.is_open {
                paths.push((above.attribute, without_repr(name), asized.size_bytes()));
                here.attribute = Some(paths.len() - 1);
                here.is_open = name == dict || has_attributes(asized);
            }
            if let Some(attribute) = here.attribute {
                spellings.mentioned(name, |suspect, mention| {
                    let known = mentions.entry((attribute, suspect)).or_insert(mention);
                    *known = mention.max(*known);
                });
            }
            if here.level < DEEPEST {
                waiting.push(here);
            }
        }
    }
    let mut found: Vec<Found<'d>> = Vec::new();
    for ((attribute, suspect), mention) in mentions {
        let mut path = Vec::new();
        let mut at = Some(attribute);
        while let Some(number) = at {
            path.push(paths[number].1.head(MAX_TEXT));
            at = paths[number].0;
        }
        path.reverse();
        found.push(Found {
            suspect,
            path,
            mention,
            size_bytes: paths[attribute].2,
        });
    }
    // Not in the order of hashes.
    found.sort_by(|a, b| (a.suspect, &a.path).cmp(&(b.suspect, &b.path)));
    found
}

/// The bytes of an attribute at each moment; `None` where no object was measured.
fn row(
    dump: &Contents,
    candidate: &Candidate<'_>,
    seconds: &[f64],
    budget: &mut usize,
) -> Vec<Option<i128>> {
    let mut row = vec![None; seconds.len()];
    for object in candidate
        .objects
        .iter()
        .filter_map(|&id| dump.recorded_object(id))
    {
        for sample in object.live_samples() {
            let Some(at) = find(seconds, sample.time_seconds) else {
                continue;
            };
            let Some(bytes) = bytes_at(sample.asized, &candidate.path, budget) else {
                continue;
            };
            *row[at].get_or_insert(0) += bytes;
        }
    }
    row
}

/// The bytes of what is at a path; `None` if there is nothing, or too much to look at.
fn bytes_at(root: Asized<'_>, path: &[Text<'_>], budget: &mut usize) -> Option<i128> {
    let mut here = root;
    for &wanted in path {
        let found = here.referents().try_for_each(|referent| {
            if *budget == 0 {
                return ControlFlow::Break(None);
            }
            *budget -= 1;
            let name = without_repr(referent.name().unwrap_or(Text::new("")));
            match name.head(MAX_TEXT) == wanted {
                true => ControlFlow::Break(Some(referent)),
                false => ControlFlow::Continue(()),
            }
        });
        here = found.break_value().flatten()?;
    }
    Some(here.size_bytes().into())
}

/// The hint, if the attribute grew along with the suspect.
fn hint<'d>(
    candidate: Candidate<'d>,
    row: &[Option<i128>],
    suspect: &ClassVerdict<'d>,
) -> Option<Hint<'d>> {
    let mut steps = Vec::new();
    for (at, pair) in row.windows(2).enumerate() {
        let (Some(before), Some(after)) = (pair[0], pair[1]) else {
            continue;
        };
        let suspect_grew = suspect.row.get(at + 1) > suspect.row.get(at);
        steps.push((after - before, suspect_grew));
    }
    let rises = |together: bool| -> i128 {
        let steps = steps.iter().filter(|step| step.1 || !together);
        steps.map(|step| step.0.max(0)).sum()
    };
    let falls: i128 = steps.iter().map(|step| (-step.0).max(0)).sum();
    let (all, together) = (rises(false) as f64, rises(true) as f64);
    let intervals = steps.iter().filter(|step| step.1).count();
    let intervals_together = steps.iter().filter(|step| step.1 && step.0 > 0).count();
    let grows_along = intervals_together >= LEAST_TOGETHER
        && together >= TOGETHER * all
        && falls as f64 <= MOST_PRUNED * all;
    grows_along.then(|| Hint {
        class: candidate.class,
        path: candidate.path,
        mention: candidate.mention,
        objects: candidate.objects.len() as u64,
        size_bytes: candidate.size_bytes,
        growth_bytes: steps.iter().map(|step| step.0).sum(),
        intervals,
        intervals_together,
    })
}
