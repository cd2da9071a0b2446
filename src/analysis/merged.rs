//! The referents of a class at a snapshot: its coalesced tree, as rows.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use serde::Serialize;

use super::referents::NOTABLE_PERCENT;
use crate::model::{
    Class, Coalesced, Coalescer, Dump, Node, Snapshot, Text, TextId, TrackedObject, Whose,
};
use crate::select::Filter;

/// Which rows of a tree to hand out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Those of so many levels.
    Levels(usize),
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
    coalescer: Coalescer<'d>,
    rows: Rows,
}

impl<'d> Merger<'d> {
    /// A merger of the classes of a dump at these of its snapshots, for such rows.
    pub fn of(dump: &'d Dump, snapshots: &[Snapshot<'d>], rows: Rows) -> Self {
        let coalescer = Coalescer::of(dump, snapshots.iter().copied());
        Merger {
            dump,
            snapshots: snapshots.to_vec(),
            coalescer: match rows {
                Rows::Levels(levels) => coalescer.down_to(levels),
                Rows::Notable(_) => coalescer,
            },
            rows,
        }
    }

    /// The trees of a class, one for each of the snapshots at which its objects have referents.
    pub fn class(
        &mut self,
        class: Class<'d>,
        admits: impl Fn(TrackedObject<'d>) -> bool,
    ) -> Vec<Merged<'d>> {
        let (dump, snapshots, rows) = (self.dump, &self.snapshots, self.rows);
        let mut merged = Vec::new();
        // A tree may be large, and what is told of it is not.
        self.coalescer.class(class, admits, |moment, tree| {
            let of_it = snapshots.iter().filter(|s| s.timestamp_seconds() == moment);
            merged.extend(of_it.map(|s| Merged::of(dump, &tree, s.index(), rows)));
        });
        merged.sort_by_key(|tree| tree.snapshot);
        merged
    }
}

/// The trees of every class that a file keeps.
#[derive(Clone, Copy)]
pub(super) struct KeptTrees<'d> {
    dump: &'d Dump,
    trees: &'d [Option<Coalesced>],
}

impl<'d> KeptTrees<'d> {
    /// Those of the objects that count, if it keeps them.
    pub(super) fn of(dump: &'d Dump, filter: &Filter, whose: Whose) -> Option<Self> {
        let trees = filter.derived(dump)?.trees(whose)?;
        Some(KeptTrees { dump, trees })
    }
}

/// The trees of classes at one snapshot: kept ones, or else merged when they are asked for.
pub(super) struct Trees<'d> {
    kept: Option<KeptTrees<'d>>,
    merger: Merger<'d>,
}

impl<'d> Trees<'d> {
    /// `dump` is the one to merge in, `snapshot` none if nothing is to be told.
    pub(super) fn of(
        kept: Option<KeptTrees<'d>>,
        dump: &'d Dump,
        snapshot: Option<Snapshot<'d>>,
        rows: Rows,
    ) -> Self {
        Trees {
            kept,
            merger: Merger::of(dump, snapshot.as_slice(), rows),
        }
    }

    /// The tree of a class's objects that `admits` lets count: those of whom trees are kept.
    pub(super) fn class(
        &mut self,
        class: Class<'d>,
        admits: impl Fn(TrackedObject<'d>) -> bool,
    ) -> Option<Merged<'d>> {
        match self.kept {
            Some(KeptTrees { dump, trees }) => {
                let tree = trees.get(class.number() as usize)?.as_ref()?;
                Some(Merged::of(dump, tree, 0, self.merger.rows))
            }
            None => self.merger.class(class, admits).pop(),
        }
    }

    /// Shows the rows of that tree; whether it is cut.
    pub(super) fn rows(
        &mut self,
        class: Class<'d>,
        admits: impl Fn(TrackedObject<'d>) -> bool,
        mut see: impl FnMut(MergedRow<'d>),
    ) -> bool {
        let rows = self.merger.rows;
        let Some(KeptTrees { dump, trees }) = self.kept else {
            let dump = self.merger.dump;
            let mut is_cut = false;
            self.merger.coalescer.class(class, admits, |_, tree| {
                walk(dump, &tree, rows, &mut see);
                is_cut |= tree.is_cut;
            });
            return is_cut;
        };
        let tree = trees.get(class.number() as usize);
        if let Some(tree) = tree.and_then(Option::as_ref) {
            walk(dump, tree, rows, see);
        }
        // Trees that are cut are not kept.
        false
    }
}

impl<'d> Merged<'d> {
    /// The rows of a tree, which is of this snapshot, in the order of a walk.
    fn of(dump: &'d Dump, tree: &Coalesced, snapshot: usize, rows: Rows) -> Self {
        let nodes = &tree.nodes;
        let (count, whole) = nodes.first().map_or((0, 0), |r| (r.count, r.size_bytes));
        let mut referents = Vec::new();
        walk(dump, tree, rows, |row| referents.push(row));
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
fn walk<'d>(dump: &'d Dump, tree: &Coalesced, rows: Rows, mut see: impl FnMut(MergedRow<'d>)) {
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
            if matches!(rows, Rows::Notable(most) if seen == most) {
                break;
            }
            seen += 1;
            see(MergedRow {
                level,
                name: names.of(node, dump),
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
            Rows::Levels(levels) => level <= levels,
            Rows::Notable(_) => share(nodes[child].size_bytes) > NOTABLE_PERCENT,
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
    fn of(&mut self, node: Node, dump: &'d Dump) -> Option<Text<'d>> {
        /// Longer ones are worth an entry.
        const SHORT_BYTES: usize = 200;
        let is_short = dump.text.bytes(node.name).len() <= SHORT_BYTES;
        match is_short {
            true => node.name(dump),
            false => *self.0.entry(node.name).or_insert_with(|| node.name(dump)),
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
