//! Two dumps of one process: objects that are in both are known again by their address, birth and
//! class, so that it can be told who was born, died and survived as inside one dump.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::Turnover;
use crate::error::Error;
use crate::model::{Column, Projection, Rows, Snapshot, Text, TrackedObject};
use crate::select::Filter;
use crate::source::Source;

/// What makes an object one: no two have the same address at the same moment. Births count to the
/// bit, for Pympler writes them again as they were; classes have the numbers of their names.
type Identity = (u64, i128, u32);

/// Numbers of class names, over both dumps.
#[derive(Default)]
struct Names<'d>(HashMap<Text<'d>, u32, FixedState>);

impl<'d> Names<'d> {
    fn identity(&mut self, object: TrackedObject<'d>) -> Identity {
        let next = self.0.len() as u32;
        let class = *self.0.entry(object.class().name()).or_insert(next);
        (object.birth_seconds().to_bits(), object.address(), class)
    }
}

/// Who was born, died and survived from a snapshot of an old dump to one of a new dump; `None` if
/// no object that was alive at the first is in the new dump, or if the second is the earlier one.
/// An object that the new dump lacks died: its tracker forgot it.
pub(super) fn turnover<'d>(
    (old, from): (&'d impl Source, Snapshot<'d>),
    (new, to): (&'d impl Source, Snapshot<'d>),
    filter: &Filter,
) -> Result<Option<HashMap<Text<'d>, Turnover, FixedState>>, Error> {
    let identity = Projection::of([Column::Class, Column::Birth, Column::Death, Column::Address]);
    let wanted = identity.and(filter.projection());
    let old = old.keep(old.fetch(wanted, Rows::All)?);
    let new = new.keep(new.fetch(wanted, Rows::All)?);
    let [from, to] = [from, to].map(Snapshot::timestamp_seconds);
    let mut names = Names::default();
    let mut were: Vec<Identity> = filter
        .passing(old)
        .filter(|object| object.is_active_at(from))
        .map(|object| names.identity(object))
        .collect();
    were.sort_unstable();
    were.dedup();
    let mut is_known = vec![false; were.len()];
    let mut all: HashMap<Text<'d>, Turnover, FixedState> = HashMap::default();
    for object in filter.passing(new) {
        let was = were.binary_search(&names.identity(object)).ok();
        if let Some(place) = was {
            is_known[place] = true;
        }
        let was = was.is_some();
        let born = from <= object.birth_seconds() && object.birth_seconds() < to;
        let is_dead = object.death_seconds().is_some_and(|death| death <= to);
        let turnover = Turnover {
            born: born.into(),
            died: ((was || born) && is_dead).into(),
            survived: (was && object.is_active_at(to)).into(),
        };
        if turnover != Turnover::default() {
            *all.entry(object.class().name()).or_default() += turnover;
        }
    }
    if !is_known.contains(&true) || from > to {
        return Ok(None);
    }
    let classes: HashMap<u32, Text<'d>> = names.0.iter().map(|(&name, &n)| (n, name)).collect();
    let forgotten = were
        .iter()
        .zip(&is_known)
        .filter(|(_, is_known)| !**is_known);
    for ((_, _, class), _) in forgotten {
        all.entry(classes[class]).or_default().died += 1;
    }
    Ok(Some(all))
}
