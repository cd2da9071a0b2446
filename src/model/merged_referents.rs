//! Merges the referent trees of several objects into one, so that it shows which attribute holds
//! the bytes.
//!
//! As Pympler's `Snapshot.classes[…]['merged']`: referents of one parent are the same if
//! their names agree up to the first colon (`[V] items: [1, 2]` and `[V] items: []`).
//! Pympler copies what an object has new as it is, so that the referents below are not
//! merged among themselves; here they are, at every level. Trees may share parts or contain
//! themselves, so the walk has a budget.

use std::collections::HashMap;
use std::ops::Range;

use foldhash::fast::FixedState;

use super::cohorts::moments;
use super::{
    Asized, AsizedId, Class, Contents, Snapshot, Survivors, Text, TextArena, TextId, TrackedObject,
};

/// How deep a walk goes. Pympler itself ends near 1000, with a RecursionError.
pub(crate) const MAX_LEVEL: usize = 900;

/// How many referents merging may visit, for each that a dump holds and for a start. Trees of
/// honest dumps share next to nothing.
const VISITS_PER_REFERENT: u64 = 16;
const VISITS_TO_START: u64 = 1 << 20;

/// How many different referents the tree of one class at one snapshot may have: so many, and as
/// many as there are `Asized`. No tree that shares nothing has more.
const FEW_NODES: u64 = 1 << 16;
const MAX_NODES: u64 = 1 << 20;

/// How many nodes and classes the merged trees of a file may have together.
pub(crate) const MOST_NODES: usize = 1 << 18;

/// How many referents there must be for each of them, but for a start.
const REFERENTS_PER_NODE: usize = 8;
const NODES_TO_START: usize = 1 << 12;

/// Referents of one name under one parent, or the objects themselves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Node {
    /// The node's number; that of a root is its own, 0.
    pub(crate) parent: u32,
    /// A text that begins with the name, or none.
    pub(crate) name: TextId,
    /// How many were merged.
    pub(crate) count: u64,
    /// Bytes with all that they refer to.
    pub(crate) size_bytes: i128,
    /// Bytes of their own.
    pub(crate) flat_bytes: i128,
}

impl Node {
    fn new(parent: u32, name: TextId) -> Self {
        Node {
            parent,
            name,
            count: 0,
            size_bytes: 0,
            flat_bytes: 0,
        }
    }

    fn add(&mut self, asized: Asized<'_>) {
        self.size_bytes += i128::from(asized.size_bytes());
        self.flat_bytes += i128::from(asized.flat_bytes());
        self.count += 1;
    }

    /// Its name: that of the referents up to the first colon; `None` where Pympler gave none.
    pub(crate) fn name(self, text: &TextArena) -> Option<Text<'_>> {
        (self.name != TextId::NONE).then(|| head(text, self.name))
    }
}

/// The merged referents of some objects.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct MergedTree {
    /// The objects, and behind them their referents, each behind its parent.
    pub(crate) nodes: Vec<Node>,
    /// Whether the trees unfold further than they were followed.
    pub(crate) is_cut: bool,
}

/// Whose referent trees are merged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Population {
    /// Those of all objects that were measured at a moment, in seconds.
    AllAt(f64),
    /// Those of survivors, as measured at the moment at which they are alive.
    Of(Survivors),
}

impl Population {
    /// The moment, in seconds.
    pub(crate) fn seconds(self) -> f64 {
        match self {
            Population::AllAt(seconds) => seconds,
            Population::Of(survivors) => survivors.alive_at_seconds,
        }
    }
}

/// The merged referents of every class, of one population.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MergedTrees {
    pub(crate) population: Population,
    /// Class by class; `None` where nothing has referents.
    pub(crate) trees: Vec<Option<MergedTree>>,
}

impl MergedTrees {
    /// Merges them, and takes their nodes off those that the next may have; `None` if they are
    /// cut or too many.
    fn of(merger: &mut TreeMerger<'_>, population: Population) -> Option<MergedTrees> {
        let dump = merger.dump;
        merger.moments = vec![population.seconds()];
        let mut trees = Vec::new();
        for class in dump.classes() {
            let admits = |object: TrackedObject<'_>| match population {
                Population::AllAt(_) => true,
                Population::Of(survivors) => survivors.has(object),
            };
            let mut tree = None;
            let objects = class.objects().filter(|&object| admits(object));
            merger.objects(objects, |_, found| tree = Some(found));
            if tree.as_ref().is_some_and(|tree| tree.is_cut) {
                return None;
            }
            let nodes = tree.as_ref().map_or(0, |tree| tree.nodes.len());
            merger.most_nodes = merger.most_nodes.checked_sub(1 + nodes)?;
            trees.push(tree);
        }
        Some(MergedTrees { population, trees })
    }

    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.trees.iter().flatten().flat_map(|tree| &tree.nodes)
    }
}

/// What a native file keeps of them, with the names of their nodes.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeptMergedTrees {
    pub(crate) text: TextArena,
    pub(crate) merged_trees: Vec<MergedTrees>,
}

impl KeptMergedTrees {
    pub(crate) fn trees(&self, population: Population) -> Option<KeptTrees<'_>> {
        let mut merged_trees = self.merged_trees.iter();
        let trees = merged_trees.find(|trees| trees.population == population)?;
        Some(KeptTrees {
            text: &self.text,
            trees: &trees.trees,
        })
    }
}

/// Trees that a native file keeps, class by class.
#[derive(Clone, Copy)]
pub(crate) struct KeptTrees<'d> {
    pub(crate) text: &'d TextArena,
    pub(crate) trees: &'d [Option<MergedTree>],
}

impl<'d> KeptTrees<'d> {
    /// The tree of a class; `None` where nothing has referents.
    pub(crate) fn of_class(&self, class: Class<'_>) -> Option<&'d MergedTree> {
        self.trees.get(class.id().index())?.as_ref()
    }
}

impl Contents {
    /// The trees that questions ask for if nothing else is said: all objects at the first
    /// snapshot, the last and the largest, and the survivors. Fewer where nobody would gain:
    /// none that are cut, and only while they are far fewer nodes than there are referents.
    pub(crate) fn merged_trees(&self) -> Vec<MergedTrees> {
        let referents = self.asized.referents.len();
        let Some(snapshots) = self.first_and_last_snapshots().filter(|_| referents > 0) else {
            return Vec::new();
        };
        let [first, _, last] = snapshots;
        let all = [Some(first), Some(last), self.peak_snapshot()];
        let all = all.into_iter().flatten();
        let mut wanted: Vec<Population> = Vec::new();
        for moment in all.map(Snapshot::timestamp_seconds) {
            let population = Population::AllAt(moment);
            if !moment.is_nan() && !wanted.contains(&population) {
                wanted.push(population);
            }
        }
        wanted.push(Population::Of(Survivors::of(snapshots)));
        // One for all, so that each name is looked at once. It must not take long: what is not
        // kept can be read.
        let mut merger = TreeMerger::of(self, std::iter::empty());
        merger.budget = VISITS_TO_START + (wanted.len() * referents) as u64;
        merger.most_nodes = MOST_NODES.min(NODES_TO_START + referents / REFERENTS_PER_NODE);
        let kept = wanted
            .into_iter()
            .map_while(|population| MergedTrees::of(&mut merger, population));
        kept.collect()
    }
}

/// Merges the trees of one class after the other.
pub(crate) struct TreeMerger<'d> {
    dump: &'d Contents,
    /// The distinct moments of the snapshots, ascending.
    moments: Vec<f64>,
    /// The number of the key that each text begins with, plus one; 0 while unknown.
    key_of_text: Vec<u32>,
    /// Numbers of keys.
    keys: HashMap<&'d [u8], u32, FixedState>,
    /// Referents left to visit.
    budget: u64,
    /// How many nodes a tree may have.
    most_nodes: usize,
    /// How deep trees are merged; what lies below is not asked for.
    deepest: usize,
    /// Where a walk is, level by level: the node above, and which of its referents are left.
    levels: Vec<(u32, Range<usize>)>,
    /// The node of each parent and key of the tree in hand.
    places: HashMap<(u32, u32), u32, FixedState>,
}

impl<'d> TreeMerger<'d> {
    /// One for the classes of a dump at these of its snapshots.
    pub(crate) fn of(dump: &'d Contents, snapshots: impl Iterator<Item = Snapshot<'d>>) -> Self {
        TreeMerger {
            dump,
            moments: moments(snapshots),
            key_of_text: Vec::new(),
            keys: HashMap::default(),
            budget: VISITS_PER_REFERENT
                .saturating_mul(dump.all_referents())
                .saturating_add(VISITS_TO_START),
            most_nodes: FEW_NODES.saturating_add(dump.all_asized()).min(MAX_NODES) as usize,
            deepest: usize::MAX,
            levels: Vec::new(),
            places: HashMap::default(),
        }
    }

    /// The same, but merges no deeper than so many levels.
    pub(crate) fn down_to(self, deepest: usize) -> Self {
        TreeMerger { deepest, ..self }
    }

    /// Shows the trees of some objects of a class, one after the other, with
    /// the moments at which they have referents, ascending.
    pub(crate) fn objects(
        &mut self,
        objects: impl Iterator<Item = TrackedObject<'d>>,
        mut see: impl FnMut(f64, MergedTree),
    ) {
        let roots = self.roots(objects);
        for (moment, roots) in roots.iter().enumerate() {
            let has_referents = |&root: &AsizedId| self.asized(root).referent_count() > 0;
            if roots.iter().any(has_referents) {
                see(self.moments[moment], self.merge(roots));
            }
        }
    }

    /// The `Asized` of the objects at each moment.
    fn roots(&self, objects: impl Iterator<Item = TrackedObject<'d>>) -> Vec<Vec<AsizedId>> {
        let mut objects = objects.enumerate().peekable();
        if self.dump.referent_count() == 0 || objects.peek().is_none() {
            return Vec::new();
        }
        let mut roots = vec![Vec::new(); self.moments.len()];
        // Of several samples of an object at one moment the last counts.
        let mut last = vec![u32::MAX; self.moments.len()];
        for (index, object) in objects {
            for sample in object.live_samples() {
                let Some(moment) = find(&self.moments, sample.time_seconds) else {
                    continue;
                };
                if std::mem::replace(&mut last[moment], index as u32) == index as u32 {
                    roots[moment].pop();
                }
                roots[moment].push(sample.asized.id);
            }
        }
        roots
    }

    fn asized(&self, id: AsizedId) -> Asized<'d> {
        Asized {
            dump: self.dump,
            id,
        }
    }

    fn merge(&mut self, roots: &[AsizedId]) -> MergedTree {
        let mut tree = MergedTree::default();
        tree.nodes.push(Node::new(0, TextId::NONE));
        self.places.clear();
        for &root in roots {
            let root = self.asized(root);
            tree.nodes[0].add(root);
            self.descend(&mut tree, root, 0);
        }
        tree
    }

    /// Merges all that `root`, which is merged into the first node, refers to.
    fn descend(&mut self, tree: &mut MergedTree, root: Asized<'d>, node: u32) {
        let asized = &self.dump.asized;
        let members = |id: AsizedId| asized.group_range(asized.rows[id.index()].group);
        self.levels.clear();
        self.levels.push((node, members(root.id)));
        while let Some(&mut (parent, ref mut left)) = self.levels.last_mut() {
            let Some(place) = left.next() else {
                self.levels.pop();
                continue;
            };
            if self.budget == 0 {
                tree.is_cut = true;
                return;
            }
            self.budget -= 1;
            let id = asized.referents[place];
            let name = asized.rows[id.index()].name;
            let Some(node) = self.node(tree, parent, name) else {
                tree.is_cut = true;
                continue;
            };
            tree.nodes[node as usize].add(self.asized(id));
            let below = members(id);
            if below.is_empty() || self.levels.len() >= self.deepest {
                continue;
            }
            if self.levels.len() < MAX_LEVEL {
                self.levels.push((node, below));
            } else {
                tree.is_cut = true;
            }
        }
    }

    /// The node of a name below another, made if need be; `None` if there are too many.
    fn node(&mut self, tree: &mut MergedTree, parent: u32, name: TextId) -> Option<u32> {
        let key = self.key(name);
        if let Some(&node) = self.places.get(&(parent, key)) {
            return Some(node);
        }
        let next = tree.nodes.len();
        if next >= self.most_nodes {
            return None;
        }
        self.places.insert((parent, key), next as u32);
        tree.nodes.push(Node::new(parent, name));
        Some(next as u32)
    }

    /// The number of the key that a text begins with.
    fn key(&mut self, id: TextId) -> u32 {
        if id == TextId::NONE {
            return u32::MAX;
        }
        if self.key_of_text.is_empty() {
            self.key_of_text = vec![0; self.dump.text.len()];
        }
        let known = self.key_of_text.get(id.0 as usize).copied().unwrap_or(0);
        if known > 0 {
            return known - 1;
        }
        let next = self.keys.len() as u32;
        let key = *self
            .keys
            .entry(head(&self.dump.text, id).as_bytes())
            .or_insert(next);
        if let Some(place) = self.key_of_text.get_mut(id.0 as usize) {
            *place = key + 1;
        }
        key
    }
}

/// Which of these moments, which ascend, this one is.
pub(crate) fn find(moments: &[f64], seconds: f64) -> Option<usize> {
    let at = moments.partition_point(|&moment| moment < seconds);
    (moments.get(at) == Some(&seconds)).then_some(at)
}

/// The name of a referent up to its first colon: a repr stands behind it, which changes when the
/// referent does.
pub(crate) fn without_repr(name: Text<'_>) -> Text<'_> {
    let name = name.as_bytes();
    Text::from_wtf8(memchr::memchr(b':', name).map_or(name, |colon| &name[..colon]))
}

fn head(text: &TextArena, id: TextId) -> Text<'_> {
    without_repr(Text::from_wtf8(text.bytes(id)))
}
