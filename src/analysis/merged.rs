//! The referents of a class at a snapshot: the trees of all its objects laid one over the
//! other, so that it shows which attribute holds the bytes of the class.
//!
//! As Pympler's `Snapshot.classes[…]['merged']`: referents of one parent are the same if
//! their names agree up to the first colon (`[V] items: [1, 2]` and `[V] items: []`).
//! Pympler copies what an object has new as it is, so that the referents below are not
//! merged among themselves; here they are, at every level. Trees may share parts or contain
//! themselves, so the walk has a budget.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use serde::Serialize;

use super::referents::{MAX_LEVEL, NOTABLE_PERCENT, ROWS_PER_REFERENT, ROWS_TO_START};
use crate::model::{Asized, Class, Dump, Snapshot, Text, TextId, TrackedObject};

/// How many different referents the tree of one class at one snapshot may have.
const MAX_NODES: usize = 1 << 20;

/// Which rows of a tree to hand out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// All.
    All,
    /// Those above [`NOTABLE_PERCENT`] of the class, and at most so many, the largest first at
    /// each level.
    Notable(usize),
}

/// The coalesced tree of a class at a snapshot.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Merged<'d> {
    /// The snapshot's number, from 0.
    pub snapshot: usize,
    /// How many objects were measured.
    pub objects: u64,
    /// Bytes of all of them.
    pub size_bytes: i128,
    /// The referents, each before its own, the largest first.
    pub referents: Vec<MergedRow<'d>>,
    /// How many rows are left out, as too small or too many.
    pub left_out: usize,
    /// Whether the trees unfold further than they were followed.
    pub cut: bool,
}

/// Referents of one name under one parent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MergedRow<'d> {
    /// 1 for what the objects refer to themselves.
    pub level: usize,
    /// The name up to its first colon; `None` where Pympler gave none.
    pub name: Option<Text<'d>>,
    /// How many referents were merged.
    pub count: u64,
    /// Bytes with all that they refer to.
    pub size_bytes: i128,
    /// Bytes of their own.
    pub flat_bytes: i128,
    /// The size as a share of that of the class's objects, in percent.
    pub share_percent: f64,
}

/// Merges the trees of one class after the other.
pub struct Merger<'d> {
    dump: &'d Dump,
    snapshots: Vec<Snapshot<'d>>,
    /// Their distinct moments, ascending.
    moments: Vec<f64>,
    /// The number of the key that each text begins with, plus one; 0 while unknown.
    key_of_text: Vec<u32>,
    /// Numbers of keys.
    keys: HashMap<&'d [u8], u32, FixedState>,
    /// Referents left to visit.
    budget: u64,
    /// What waits to be visited: the node it is merged into, the `Asized`, its level.
    waiting: Vec<(u32, u32, usize)>,
}

/// One tree while it grows.
#[derive(Default)]
struct Tree<'d> {
    nodes: Vec<Node<'d>>,
    /// By parent and key.
    places: HashMap<(u32, u32), u32, FixedState>,
    cut: bool,
}

struct Node<'d> {
    name: Option<Text<'d>>,
    size_bytes: i128,
    flat_bytes: i128,
    count: u64,
    children: Vec<u32>,
}

impl<'d> Node<'d> {
    fn new(name: Option<Text<'d>>) -> Self {
        Node {
            name,
            size_bytes: 0,
            flat_bytes: 0,
            count: 0,
            children: Vec::new(),
        }
    }

    fn add(&mut self, asized: Asized<'_>) {
        self.size_bytes += i128::from(asized.size_bytes());
        self.flat_bytes += i128::from(asized.flat_bytes());
        self.count += 1;
    }
}

impl<'d> Merger<'d> {
    /// A merger of the classes of a dump at these of its snapshots.
    pub fn of(dump: &'d Dump, snapshots: &[Snapshot<'d>]) -> Self {
        let times = snapshots
            .iter()
            .map(|snapshot| snapshot.timestamp_seconds());
        let mut moments: Vec<f64> = times.filter(|time| !time.is_nan()).collect();
        moments.sort_by(f64::total_cmp);
        // Zeros of both signs are one moment.
        moments.dedup();
        Merger {
            dump,
            snapshots: snapshots.to_vec(),
            moments,
            key_of_text: Vec::new(),
            keys: HashMap::default(),
            budget: ROWS_TO_START + ROWS_PER_REFERENT * dump.referent_count() as u64,
            waiting: Vec::new(),
        }
    }

    /// The trees of a class, one for each of the snapshots at which its objects have referents.
    pub fn class(
        &mut self,
        class: Class<'d>,
        admits: impl Fn(TrackedObject<'d>) -> bool,
        rows: Rows,
    ) -> Vec<Merged<'d>> {
        let roots = self.roots(class, admits);
        let mut trees = Vec::new();
        for at in 0..self.snapshots.len() {
            let snapshot = self.snapshots[at];
            let Some(moment) = self.moment(snapshot.timestamp_seconds()) else {
                continue;
            };
            // Two snapshots at one moment have one tree; that is too rare to keep it.
            let roots = &roots[moment];
            if roots
                .iter()
                .any(|&root| self.asized(root).referent_count() > 0)
            {
                let tree = self.merge(roots);
                trees.push(tree.hand_out(snapshot.index(), rows));
            }
        }
        trees
    }

    fn moment(&self, seconds: f64) -> Option<usize> {
        let at = self.moments.partition_point(|&moment| moment < seconds);
        (self.moments.get(at) == Some(&seconds)).then_some(at)
    }

    /// Numbers of the `Asized` of the class's objects at each moment.
    fn roots(&self, class: Class<'d>, admits: impl Fn(TrackedObject<'d>) -> bool) -> Vec<Vec<u32>> {
        let mut roots: Vec<Vec<u32>> = vec![Vec::new(); self.moments.len()];
        if self.dump.referent_count() == 0 {
            return roots;
        }
        // Of several samples of an object at one moment the last counts.
        let mut last = vec![u32::MAX; self.moments.len()];
        for (index, object) in class.objects().enumerate() {
            if !admits(object) {
                continue;
            }
            for sample in object.live_samples() {
                let Some(moment) = self.moment(sample.time_seconds) else {
                    continue;
                };
                if std::mem::replace(&mut last[moment], index as u32) == index as u32 {
                    roots[moment].pop();
                }
                roots[moment].push(sample.asized.number);
            }
        }
        roots
    }

    fn asized(&self, number: u32) -> Asized<'d> {
        Asized {
            dump: self.dump,
            number,
        }
    }

    fn merge(&mut self, roots: &[u32]) -> Tree<'d> {
        let mut tree = Tree::default();
        tree.nodes.push(Node::new(None));
        for &root in roots {
            let root = self.asized(root);
            tree.nodes[0].add(root);
            self.expand(&mut tree, root, 0, 1);
            while let Some((node, number, level)) = self.waiting.pop() {
                let asized = self.asized(number);
                tree.nodes[node as usize].add(asized);
                if level < MAX_LEVEL {
                    self.expand(&mut tree, asized, node, level + 1);
                } else {
                    tree.cut |= asized.referent_count() > 0;
                }
            }
        }
        tree
    }

    /// Puts the referents of `asized`, which was merged into `parent`, on the pile.
    fn expand(&mut self, tree: &mut Tree<'d>, asized: Asized<'d>, parent: u32, level: usize) {
        for referent in asized.referents() {
            if self.budget == 0 {
                tree.cut = true;
                return;
            }
            self.budget -= 1;
            let id = self.dump.asized.rows[referent.number as usize].name;
            let key = self.key(id);
            let next = tree.nodes.len() as u32;
            let node = *tree.places.entry((parent, key)).or_insert(next);
            if node == next {
                if tree.nodes.len() == MAX_NODES {
                    tree.places.remove(&(parent, key));
                    tree.cut = true;
                    return;
                }
                let name = (id != TextId::NONE).then(|| head(self.dump, id));
                tree.nodes.push(Node::new(name));
                tree.nodes[parent as usize].children.push(node);
            }
            self.waiting.push((node, referent.number, level));
        }
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
            .entry(head(self.dump, id).as_bytes())
            .or_insert(next);
        if let Some(place) = self.key_of_text.get_mut(id.0 as usize) {
            *place = key + 1;
        }
        key
    }
}

/// A name up to its first colon.
fn head(dump: &Dump, id: TextId) -> Text<'_> {
    let name = dump.text.bytes(id);
    Text::from_wtf8(memchr::memchr(b':', name).map_or(name, |colon| &name[..colon]))
}

impl<'d> Tree<'d> {
    /// The rows in the order of the walk.
    fn hand_out(self, snapshot: usize, rows: Rows) -> Merged<'d> {
        let root = &self.nodes[0];
        let whole = root.size_bytes;
        let share = |size: i128| super::summary::percent(size, whole);
        let mut referents = Vec::new();
        let mut pile = vec![(0, 0)];
        while let Some((node, level)) = pile.pop() {
            let node: &Node = &self.nodes[node as usize];
            if level > 0 {
                if matches!(rows, Rows::Notable(most) if referents.len() == most) {
                    break;
                }
                referents.push(MergedRow {
                    level,
                    name: node.name,
                    count: node.count,
                    size_bytes: node.size_bytes,
                    flat_bytes: node.flat_bytes,
                    share_percent: share(node.size_bytes),
                });
            }
            let start = pile.len();
            let children = node.children.iter().map(|&child| (child, level + 1));
            pile.extend(children.filter(|&(child, _)| {
                rows == Rows::All || share(self.nodes[child as usize].size_bytes) > NOTABLE_PERCENT
            }));
            // The next one stands last: the largest, among equals the first recorded.
            pile[start..].reverse();
            pile[start..].sort_by_key(|&(child, _)| self.nodes[child as usize].size_bytes);
        }
        Merged {
            snapshot,
            objects: root.count,
            size_bytes: whole,
            left_out: self.nodes.len() - 1 - referents.len(),
            referents,
            cut: self.cut,
        }
    }
}
