//! Which attribute of swelling objects grew: the referents of each object when it was first
//! measured, and at the last snapshot, side by side.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::suspect::{Holder, MAX_TEXT, MOST};
use super::swelling::Compared;
use crate::analysis::summary::percent;
use crate::error::Error;
use crate::model::{Asized, ObjectId, Projection, Rows, Samples, Text, without_repr};
use crate::source::Source;

/// How many objects are compared: those that took on most.
const MOST_OBJECTS: usize = 500;

/// How deep attributes are followed.
const DEEPEST: usize = 24;

/// By so many referents an object of a class of Python is told from a container.
const REFERENTS_TOLD_BY: usize = 64;

/// A step is followed if it brought so much of what the one above it grew by, in percent.
const FOLLOWED_PERCENT: i128 = 50;

/// What objects of classes of Python refer to, as Pympler names it.
pub(super) const DICT: &str = "__dict__";
pub(super) const CLASS: &str = "__class__";

/// Whether this is an object with attributes, and not a container with items.
pub(super) fn has_attributes(asized: Asized<'_>) -> bool {
    let referents = asized.referents().take(REFERENTS_TOLD_BY);
    let mut names = referents.filter_map(Asized::name);
    names.any(|name| [DICT, CLASS].map(Text::new).contains(&name))
}

/// Referents of one name below the same parents, at either time.
#[derive(Default)]
struct Pair<'d> {
    before: Vec<Asized<'d>>,
    after: Vec<Asized<'d>>,
}

impl<'d> Pair<'d> {
    fn bytes(asized: &[Asized<'d>]) -> i128 {
        let sizes = asized.iter().map(|asized| i128::from(asized.size_bytes()));
        sizes.sum()
    }

    fn growth(&self) -> i128 {
        Pair::bytes(&self.after) - Pair::bytes(&self.before)
    }

    /// Whether these are objects with attributes, and not containers with items.
    fn have_attributes(&self) -> bool {
        let mut few = self.after.iter().chain(&self.before).take(8);
        few.any(|&asized| has_attributes(asized))
    }

    /// The referents by name, those that grew most first.
    fn referents(&self) -> Vec<(Text<'d>, Pair<'d>)> {
        let mut by_name: HashMap<Text<'d>, Pair<'d>, FixedState> = HashMap::default();
        let both = [(&self.before, false), (&self.after, true)];
        for (asized, is_after) in both {
            for referent in asized.iter().flat_map(|asized| asized.referents()) {
                let name = referent.name().unwrap_or(Text::new(""));
                let pair = by_name.entry(without_repr(name)).or_default();
                match is_after {
                    true => pair.after.push(referent),
                    false => pair.before.push(referent),
                }
            }
        }
        let mut referents: Vec<_> = by_name.into_iter().collect();
        referents.sort_by_key(|(name, pair)| (std::cmp::Reverse(pair.growth()), *name));
        referents
    }
}

/// The attributes of these objects that grew, that which explains most first; none where
/// referents were not recorded.
pub(super) fn grown<'d>(
    source: &'d impl Source,
    compared: &Compared,
) -> Result<Vec<Holder<'d>>, Error> {
    let few = |objects: &[ObjectId]| objects[..objects.len().min(MOST_OBJECTS)].to_vec();
    let [before, after] = match compared {
        Compared::Each(objects) => [few(objects), few(objects)],
        Compared::Ends([start, end]) => [few(&start.objects), few(&end.objects)],
    };
    let mut ids: Vec<ObjectId> = before.iter().chain(&after).copied().collect();
    ids.sort_unstable();
    ids.dedup();
    let wanted = Projection::lives().with_samples(Samples::All);
    let dump = source.keep(source.fetch(wanted, Rows::These(&ids))?);
    let objects = |ids: Vec<ObjectId>| ids.into_iter().filter_map(|id| dump.recorded_object(id));
    let first = objects(before).filter_map(|object| {
        let birth = object.birth_seconds();
        let mut samples = object.live_samples();
        samples.find(|sample| match compared {
            // Pympler's first sample is of the bare object.
            Compared::Each(_) => sample.time_seconds > birth,
            Compared::Ends([start, _]) => sample.time_seconds == start.seconds,
        })
    });
    let last = objects(after).filter_map(|object| object.live_samples().next_back());
    let roots = Pair {
        before: first.map(|sample| sample.asized).collect(),
        after: last.map(|sample| sample.asized).collect(),
    };
    let whole = roots.growth();
    let dict = Text::new(DICT);
    let mut path = Vec::new();
    let mut holders = Vec::new();
    let mut here = roots;
    // Down the attributes of attributes, as long as one of them says most of it.
    while path.len() < DEEPEST {
        let is_dict = path.last() == Some(&dict);
        if !is_dict && !here.have_attributes() {
            break;
        }
        let growth = here.growth();
        let mut referents = here.referents();
        referents.retain(|(_, pair)| pair.growth() > 0);
        let Some((name, most)) = referents.first() else {
            break;
        };
        if !path.is_empty() && most.growth() * 100 < growth * FOLLOWED_PERCENT && !is_dict {
            break;
        }
        if *name != dict || most.after.iter().all(|a| a.referent_count() == 0) {
            holders = referents[..referents.len().min(MOST)]
                .iter()
                .map(|(name, pair)| holder(&path, *name, pair, whole))
                .collect();
        }
        path.push(*name);
        here = referents.swap_remove(0).1;
    }
    Ok(holders)
}

fn holder<'d>(above: &[Text<'d>], name: Text<'d>, pair: &Pair<'d>, whole: i128) -> Holder<'d> {
    let path = above.iter().chain([&name]);
    Holder {
        path: path.map(|name| Some(name.head(MAX_TEXT))).collect(),
        count: pair.after.len() as u64,
        size_bytes: Pair::bytes(&pair.after),
        growth_bytes: Some(pair.growth()),
        share_percent: percent(pair.growth(), whole),
    }
}
