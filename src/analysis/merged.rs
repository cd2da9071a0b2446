//! The referents of a class at a snapshot: its merged referents, as rows.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use serde::Serialize;

use super::attributes::ATTRIBUTE_LEVELS;
use super::referents::NOTABLE_PERCENT;
use crate::model::{
    Class, Contents, KeptTrees, MergedTree, Node, Snapshot, Text, TextArena, TextId, TrackedObject,
    TreeMerger,
};

/// Which rows of a tree to hand out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferentRows {
    /// Those of so many levels.
    Levels(usize),
    /// Those above [`NOTABLE_PERCENT`] of the class, and at most so many, the largest first at
    /// each level.
    Notable(usize),
}

/// The merged referents of a class at a snapshot.
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
    dump: &'d Contents,
    snapshots: Vec<Snapshot<'d>>,
    trees: TreeMerger<'d>,
    rows: ReferentRows,
}

impl<'d> Merger<'d> {
    /// A merger of the classes of a dump at these of its snapshots, for such rows.
    pub fn of(dump: &'d Contents, snapshots: &[Snapshot<'d>], rows: ReferentRows) -> Self {
        let trees = TreeMerger::of(dump, snapshots.iter().copied());
        Merger {
            dump,
            snapshots: snapshots.to_vec(),
            trees: match rows {
                ReferentRows::Levels(levels) => trees.down_to(levels),
                ReferentRows::Notable(_) => trees,
            },
            rows,
        }
    }

    /// A merger of classes at one moment, in seconds.
    pub(super) fn at(dump: &'d Contents, seconds: f64, rows: ReferentRows) -> Self {
        let snapshots = dump.snapshots();
        let mut at = snapshots.filter(|snapshot| snapshot.timestamp_seconds() == seconds);
        Merger::of(dump, at.next().as_slice(), rows)
    }

    /// The trees of some objects of a class, one for each of the snapshots at which they have
    /// referents.
    pub fn objects(&mut self, objects: impl Iterator<Item = TrackedObject<'d>>) -> Vec<Merged<'d>> {
        self.objects_and_attributes(objects, |_, _| {})
    }

    /// The same; and shows the attributes at each of the snapshots, by its place among those of
    /// the merger, each attribute before its own.
    pub(crate) fn objects_and_attributes(
        &mut self,
        objects: impl Iterator<Item = TrackedObject<'d>>,
        mut see: impl FnMut(usize, MergedRow<'d>),
    ) -> Vec<Merged<'d>> {
        let (text, snapshots, rows) = (&self.dump.text, &self.snapshots, self.rows);
        let mut merged = Vec::new();
        // A tree may be large, and what is told of it is not.
        self.trees.objects(objects, |moment, tree| {
            let of_it = snapshots.iter().enumerate();
            for (place, snapshot) in of_it.filter(|(_, s)| s.timestamp_seconds() == moment) {
                merged.push(Merged::of(text, &tree, snapshot.index(), rows));
                let attributes = ReferentRows::Levels(ATTRIBUTE_LEVELS);
                walk(text, &tree, attributes, |row| see(place, row));
            }
        });
        merged.sort_by_key(|tree| tree.snapshot);
        merged
    }
}

/// The trees of classes at one snapshot: kept ones, or else merged when they are asked for.
pub(super) enum Trees<'d> {
    /// A file keeps them.
    Kept(KeptTrees<'d>, ReferentRows),
    /// They are merged of the objects.
    Merged(Merger<'d>),
}

impl<'d> Trees<'d> {
    /// Whether there may be a tree of a class.
    pub(super) fn may_have(&self, class: Class<'d>) -> bool {
        match self {
            Trees::Kept(kept, _) => kept.of_class(class).is_some(),
            Trees::Merged(_) => class.objects().len() > 0,
        }
    }

    /// The tree of some objects of a class: those of whom trees are kept.
    pub(super) fn tree(
        &mut self,
        class: Class<'d>,
        objects: impl Iterator<Item = TrackedObject<'d>>,
    ) -> Option<Merged<'d>> {
        match self {
            Trees::Kept(kept, rows) => {
                let tree = kept.of_class(class)?;
                Some(Merged::of(kept.text, tree, 0, *rows))
            }
            Trees::Merged(merger) => merger.objects(objects).pop(),
        }
    }

    /// Shows the rows of that tree; whether it is cut.
    pub(super) fn rows(
        &mut self,
        class: Class<'d>,
        objects: impl Iterator<Item = TrackedObject<'d>>,
        mut see: impl FnMut(MergedRow<'d>),
    ) -> bool {
        let mut is_cut = false;
        match self {
            // Trees that are cut are not kept.
            Trees::Kept(kept, rows) => {
                if let Some(tree) = kept.of_class(class) {
                    walk(kept.text, tree, *rows, see);
                }
            }
            Trees::Merged(merger) => merger.trees.objects(objects, |_, tree| {
                walk(&merger.dump.text, &tree, merger.rows, &mut see);
                is_cut |= tree.is_cut;
            }),
        }
        is_cut
    }
}

impl<'d> Merged<'d> {
    /// The rows of a tree, which is of this snapshot, in the order of a walk.
    fn of(text: &'d TextArena, tree: &MergedTree, snapshot: usize, rows: ReferentRows) -> Self {
        let nodes = &tree.nodes;
        let (count, whole) = nodes.first().map_or((0, 0), |r| (r.count, r.size_bytes));
        let mut referents = Vec::new();
        walk(text, tree, rows, |row| referents.push(row));
        Merged {
            snapshot,
            objects: count,
            size_bytes: whole,
            left_out: nodes.len().saturating_sub(1 + referents.len()),
            referents,
            cut: tree.is_cut,
        }
    }
}

/// Shows the rows of a tree, each before its own.
fn walk<'d>(
    text: &'d TextArena,
    tree: &MergedTree,
    rows: ReferentRows,
    mut see: impl FnMut(MergedRow<'d>),
) {
    let nodes = &tree.nodes;
    let whole = nodes.first().map_or(0, |root| root.size_bytes);
    let share = |size: i128| super::summary::percent(size, whole);
    let children = Children::of(nodes);
    let mut names = Names::default();
    let mut seen = 0;
    let mut pile = vec![(0, 0)];
    while let Some((number, level)) = pile.pop() {
        let Some(&node) = nodes.get(number) else {
            break;
        };
        if level > 0 {
            if matches!(rows, ReferentRows::Notable(most) if seen == most) {
                break;
            }
            seen += 1;
            see(MergedRow {
                level,
                name: names.of(node, text),
                count: node.count,
                size_bytes: node.size_bytes,
                flat_bytes: node.flat_bytes,
                share_percent: share(node.size_bytes),
            });
        }
        let start = pile.len();
        let below = children.of_node(number).iter();
        let below = below.map(|&child| (child as usize, level + 1));
        pile.extend(below.filter(|&(child, level)| match rows {
            ReferentRows::Levels(levels) => level <= levels,
            ReferentRows::Notable(_) => share(nodes[child].size_bytes) > NOTABLE_PERCENT,
        }));
        // The next one stands last: the largest, among equals the first recorded.
        pile[start..].reverse();
        pile[start..].sort_by_key(|&(child, _)| nodes[child].size_bytes);
    }
}

/// Names of nodes. Many may share a long one, which is then looked at once.
#[derive(Default)]
struct Names<'d>(HashMap<TextId, Option<Text<'d>>, FixedState>);

impl<'d> Names<'d> {
    fn of(&mut self, node: Node, text: &'d TextArena) -> Option<Text<'d>> {
        /// Longer ones are worth an entry.
        const SHORT_BYTES: usize = 200;
        let is_short = text.bytes(node.name).len() <= SHORT_BYTES;
        match is_short {
            true => node.name(text),
            false => *self.0.entry(node.name).or_insert_with(|| node.name(text)),
        }
    }
}

/// The children of each node, in their order.
struct Children {
    /// Where those of each node end.
    ends: Vec<u32>,
    children: Vec<u32>,
}

impl Children {
    fn of(nodes: &[Node]) -> Self {
        let mut ends = vec![0; nodes.len()];
        for node in nodes.iter().skip(1) {
            ends[node.parent as usize] += 1;
        }
        let mut start = 0;
        for end in &mut ends {
            start += std::mem::replace(end, start);
        }
        let mut children = vec![0; nodes.len().saturating_sub(1)];
        for (child, node) in (0..).zip(nodes).skip(1) {
            let place = &mut ends[node.parent as usize];
            children[*place as usize] = child;
            *place += 1;
        }
        Children { ends, children }
    }

    fn of_node(&self, number: usize) -> &[u32] {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.children[start as usize..self.ends[number] as usize]
    }
}
