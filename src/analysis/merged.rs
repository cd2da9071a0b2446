//! The referents of a class at a snapshot: its coalesced tree, as rows.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use serde::Serialize;

use super::referents::NOTABLE_PERCENT;
use crate::model::{
    Class, Coalesced, Coalescer, Dump, Snapshot, Text, TextId, TrackedObject, Whose,
};
use crate::select::Filter;

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
    coalescer: Coalescer<'d>,
}

impl<'d> Merger<'d> {
    /// A merger of the classes of a dump at these of its snapshots.
    pub fn of(dump: &'d Dump, snapshots: &[Snapshot<'d>]) -> Self {
        Merger {
            dump,
            snapshots: snapshots.to_vec(),
            coalescer: Coalescer::of(dump, snapshots.iter().copied()),
        }
    }

    /// The trees of a class, one for each of the snapshots at which its objects have referents.
    pub fn class(
        &mut self,
        class: Class<'d>,
        admits: impl Fn(TrackedObject<'d>) -> bool,
        rows: Rows,
    ) -> Vec<Merged<'d>> {
        let trees = self.coalescer.class(class, admits);
        let merged = self.snapshots.iter().filter_map(|snapshot| {
            let mut trees = trees.iter();
            let at = trees.find(|(moment, _)| *moment == snapshot.timestamp_seconds());
            at.map(|(_, tree)| Merged::of(self.dump, tree, snapshot.index(), rows))
        });
        merged.collect()
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
    ) -> Self {
        Trees {
            kept,
            merger: Merger::of(dump, snapshot.as_slice()),
        }
    }

    /// The tree of a class's objects that `admits` lets count: those of whom trees are kept.
    pub(super) fn class(
        &mut self,
        class: Class<'d>,
        admits: impl Fn(TrackedObject<'d>) -> bool,
        rows: Rows,
    ) -> Option<Merged<'d>> {
        match self.kept {
            Some(KeptTrees { dump, trees }) => {
                let tree = trees.get(class.number() as usize)?.as_ref()?;
                Some(Merged::of(dump, tree, 0, rows))
            }
            None => self.merger.class(class, admits, rows).pop(),
        }
    }
}

impl<'d> Merged<'d> {
    /// The rows of a tree, which is of this snapshot, in the order of a walk.
    fn of(dump: &'d Dump, tree: &Coalesced, snapshot: usize, rows: Rows) -> Self {
        let nodes = &tree.nodes;
        let (count, whole) = nodes.first().map_or((0, 0), |r| (r.count, r.size_bytes));
        let share = |size: i128| super::summary::percent(size, whole);
        let mut children = vec![Vec::new(); nodes.len()];
        for (number, node) in nodes.iter().enumerate().skip(1) {
            children[node.parent as usize].push(number);
        }
        // Nodes may share a name of megabytes, which is then looked at once.
        let mut names: HashMap<TextId, Option<Text<'d>>, FixedState> = HashMap::default();
        let mut referents = Vec::new();
        let mut pile = vec![(0, 0)];
        while let Some((number, level)) = pile.pop() {
            let Some(node) = nodes.get(number) else { break };
            if level > 0 {
                if matches!(rows, Rows::Notable(most) if referents.len() == most) {
                    break;
                }
                referents.push(MergedRow {
                    level,
                    name: *names.entry(node.name).or_insert_with(|| node.name(dump)),
                    count: node.count,
                    size_bytes: node.size_bytes,
                    flat_bytes: node.flat_bytes,
                    share_percent: share(node.size_bytes),
                });
            }
            let start = pile.len();
            let below = children[number].iter().map(|&child| (child, level + 1));
            pile.extend(below.filter(|&(child, _)| {
                rows == Rows::All || share(nodes[child].size_bytes) > NOTABLE_PERCENT
            }));
            // The next one stands last: the largest, among equals the first recorded.
            pile[start..].reverse();
            pile[start..].sort_by_key(|&(child, _)| nodes[child].size_bytes);
        }
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
