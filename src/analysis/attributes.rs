//! What the attributes of a class hold at several snapshots, and which of them tell of a growth.
//!
//! An attribute is a referent by its path; those of all objects of the class are merged.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::merged::MergedRow;
use crate::model::Text;

/// How deep attributes are told of: Pympler's `__dict__` is one level.
pub(crate) const ATTRIBUTE_LEVELS: usize = 3;

/// An attribute says it all if so much of what its parent grew by is its own, in percent.
const SAYS_IT_ALL: i128 = 90;

/// The parent of attributes that have none.
const ROOT: u32 = u32::MAX;

/// The attributes of a class at so many snapshots, each before its own.
pub(crate) struct Attributes<'d> {
    snapshots: usize,
    places: Vec<Attribute<'d>>,
    /// Counts and bytes of an attribute at each snapshot, attribute behind attribute.
    counts: Vec<u64>,
    bytes: Vec<i128>,
    /// By parent and name.
    known: HashMap<(u32, u32), u32, FixedState>,
    /// The row before and those above it.
    above: Vec<u32>,
}

struct Attribute<'d> {
    parent: u32,
    level: u32,
    name: Option<Text<'d>>,
}

impl<'d> Attributes<'d> {
    /// None yet, at so many snapshots.
    pub(crate) fn at(snapshots: usize) -> Self {
        Attributes {
            snapshots,
            places: Vec::new(),
            counts: Vec::new(),
            bytes: Vec::new(),
            known: HashMap::default(),
            above: Vec::new(),
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// How many referents one of them was at each snapshot.
    pub(crate) fn counts(&self, at: usize) -> &[u64] {
        &self.counts[at * self.snapshots..][..self.snapshots]
    }

    /// Its bytes at each snapshot.
    pub(crate) fn bytes(&self, at: usize) -> &[i128] {
        &self.bytes[at * self.snapshots..][..self.snapshots]
    }

    /// The attribute that it is a part of.
    pub(crate) fn parent(&self, at: usize) -> Option<usize> {
        let parent = self.places[at].parent;
        (parent != ROOT).then_some(parent as usize)
    }

    /// Its name; `None` where Pympler gave none.
    pub(crate) fn name(&self, at: usize) -> Option<Text<'d>> {
        self.places[at].name
    }

    /// The names on the way to it, its own last.
    pub(crate) fn path(&self, at: usize) -> Vec<Option<Text<'d>>> {
        let mut path = Vec::with_capacity(self.places[at].level as usize);
        let mut next = Some(at);
        while let Some(at) = next {
            path.push(self.name(at));
            next = self.parent(at);
        }
        path.reverse();
        path
    }

    /// Adds a row of the tree at one of the snapshots. They come in the order of a walk.
    pub(crate) fn graft(&mut self, names: &mut Names<'d>, snapshot: usize, row: MergedRow<'d>) {
        self.above.truncate(row.level - 1);
        let parent = self.above.last().copied().unwrap_or(ROOT);
        let places = &mut self.places;
        let known = self.known.entry((parent, names.number(row.name)));
        let at = *known.or_insert_with(|| {
            places.push(Attribute {
                parent,
                level: row.level as u32,
                name: row.name,
            });
            (places.len() - 1) as u32
        });
        let cells = self.places.len() * self.snapshots;
        self.counts.resize(cells, 0);
        self.bytes.resize(cells, 0);
        let cell = at as usize * self.snapshots + snapshot;
        self.counts[cell] += row.count;
        self.bytes[cell] += row.size_bytes;
        self.above.push(at);
    }

    /// By how much an attribute grew from the first to the second of two snapshots.
    pub(crate) fn growth(&self, at: usize, [before, after]: [usize; 2]) -> i128 {
        self.bytes(at)[after] - self.bytes(at)[before]
    }

    /// Those that grew, but for those of which a single part says it all.
    pub(crate) fn telling(&self, between: [usize; 2]) -> impl Iterator<Item = usize> {
        let growth = |at| self.growth(at, between);
        let mut told = vec![true; self.len()];
        for at in 0..self.len() {
            if let Some(parent) = self.parent(at)
                && growth(at) * 100 >= growth(parent) * SAYS_IT_ALL
            {
                told[parent] = false;
            }
            told[at] &= growth(at) > 0;
        }
        let told = told.into_iter().enumerate();
        told.filter(|(_, told)| *told).map(|(at, _)| at)
    }
}

/// Numbers of names. Long names of either side may be many times the same piece of memory, which
/// is looked at once.
#[derive(Default)]
pub(crate) struct Names<'d> {
    of_pieces: HashMap<(*const u8, usize), u32, FixedState>,
    of_texts: HashMap<Text<'d>, u32, FixedState>,
}

impl<'d> Names<'d> {
    fn number(&mut self, name: Option<Text<'d>>) -> u32 {
        let Some(name) = name else { return u32::MAX };
        let bytes = name.as_bytes();
        /// Longer ones are worth an entry.
        const SHORT_BYTES: usize = 200;
        let texts = &mut self.of_texts;
        let mut number = || {
            let next = texts.len() as u32;
            *texts.entry(name).or_insert(next)
        };
        if bytes.len() <= SHORT_BYTES {
            return number();
        }
        let known = self.of_pieces.entry((bytes.as_ptr(), bytes.len()));
        *known.or_insert_with(number)
    }
}
