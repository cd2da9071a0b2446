//! What the attributes of all classes hold at each snapshot: the script compares any two of them.

use std::io;

use serde::Serialize;

use super::packed;
use super::text::{Exact, shown};
use crate::analysis::attributes::Attributes;
use crate::model::Text;

/// Figures of all classes together: what a page can carry.
const MOST_FIGURES: usize = 300_000;

/// Attributes of a class, at most and at least.
const MOST: usize = 300;
const FEWEST: usize = 5;

/// All of it, as the script reads it.
#[derive(Serialize)]
pub(super) struct AttributesData {
    classes: Vec<ClassData>,
    /// Attributes of a class that are embedded at most.
    #[serde(skip)]
    most: usize,
}

#[derive(Serialize)]
struct ClassData {
    /// The place of the class.
    class: usize,
    /// Places of the snapshots where referents were recorded.
    measured: Vec<usize>,
    attributes: Vec<AttributeData>,
    /// How many have no row: those that changed least.
    left_out: usize,
    /// Whether the trees unfold further than they were followed.
    cut: bool,
}

/// The row of its parent, its name, and counts and bytes at each snapshot.
#[derive(Serialize)]
struct AttributeData(Option<usize>, Option<String>, Vec<u64>, Vec<Exact>);

impl AttributesData {
    /// None yet, of so many classes at so many snapshots.
    pub(super) fn of(classes: usize, snapshots: usize) -> Self {
        let each = MOST_FIGURES / (2 * classes * snapshots).max(1);
        AttributesData {
            classes: Vec::new(),
            most: each.clamp(FEWEST, MOST),
        }
    }

    /// Adds a class, unless nothing was recorded of it.
    pub(super) fn add(
        &mut self,
        class: usize,
        attributes: &Attributes<'_>,
        measured: Vec<usize>,
        cut: bool,
    ) {
        if measured.is_empty() {
            return;
        }
        let chosen = most_changed(attributes, self.most);
        let row = |&at: &usize| {
            let parent = attributes.parent(at);
            AttributeData(
                parent.and_then(|parent| chosen.binary_search(&parent).ok()),
                attributes.name(at).map(|name: Text<'_>| shown(name)),
                attributes.counts(at).to_vec(),
                attributes.bytes(at).iter().copied().map(Exact).collect(),
            )
        };
        self.classes.push(ClassData {
            class,
            measured,
            attributes: chosen.iter().map(row).collect(),
            left_out: attributes.len() - chosen.len(),
            cut,
        });
    }

    /// The data for the script; `None` if nothing was recorded.
    pub(super) fn packed(&self) -> io::Result<Option<String>> {
        (!self.classes.is_empty()).then(|| packed(self)).transpose()
    }
}

/// The attributes that changed most, in their order: each with what it is a part of.
fn most_changed(attributes: &Attributes<'_>, most: usize) -> Vec<usize> {
    let change = |at: &usize| {
        let bytes = attributes.bytes(*at).iter();
        let ends = bytes.fold(None, |ends: Option<(i128, i128)>, &bytes| {
            Some(ends.map_or((bytes, bytes), |(a, b)| (a.min(bytes), b.max(bytes))))
        });
        ends.map_or(0, |(least, most)| most - least)
    };
    let mut order: Vec<usize> = (0..attributes.len()).collect();
    // Stable: a parent stands before its parts where they change as much.
    order.sort_by_key(|at| std::cmp::Reverse(change(at)));
    order.truncate(most);
    order.sort_unstable();
    // Parents stand before their parts, so one pass drops what has lost its parent.
    let mut chosen = Vec::with_capacity(order.len());
    for at in order {
        let parent = attributes.parent(at);
        if parent.is_none_or(|parent| chosen.binary_search(&parent).is_ok()) {
            chosen.push(at);
        }
    }
    chosen
}
