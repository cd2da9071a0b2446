//! The flame graph of the index page: who created what, frame by frame, as a tree that the
//! script draws. `ctstats sites --flamegraph` draws the same stacks whole, as a picture.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use serde::Serialize;

use super::text::Exact;
use crate::analysis::own_code::OwnCode;
use crate::analysis::stacks::{PartId, Stack, StackPart, Stacks};
use crate::units::counted;

/// Stacks that are drawn, the heaviest; the others become one.
const MOST_STACKS: usize = 50_000;

/// Innermost parts of a stack that are drawn.
const MOST_PARTS: usize = 64;

/// Frames that are drawn, the widest. Others are too narrow to be seen or pointed at.
const MOST_FRAMES: usize = 1500;

/// What a frame must weigh of the whole: a pixel or two of a wide screen.
const NARROWEST: f64 = 0.001;

/// Characters of a name.
const MOST_CHARACTERS: usize = 200;

/// The tree, for the script.
#[derive(Default, Serialize)]
pub(super) struct Flame {
    total: Exact,
    frames: Vec<FrameData>,
    /// How many frames are too narrow.
    left_out: usize,
}

/// A frame: its place below its parent, which comes before it; −1 of those at the root.
#[derive(Serialize)]
struct FrameData(i64, String, Exact, Kind);

/// What a frame is of.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// The program's own code.
    Own,
    /// The standard library, an installed package.
    Other,
    Class,
}

/// A node of the tree while it is made.
struct Node<'d> {
    parent: Option<usize>,
    /// `None` stands for stacks that are not drawn.
    part: Option<StackPart<'d>>,
    weight: i128,
    kind: Kind,
}

impl Flame {
    /// The stacks that have traces; nothing if none has.
    pub(super) fn of(stacks: &Stacks<'_>) -> Flame {
        let (nodes, more) = nodes(stacks);
        let total: i128 = nodes
            .iter()
            .filter(|node| node.parent.is_none())
            .map(|node| node.weight)
            .sum();
        // A parent weighs at least as much as what is below it, so it is kept with it.
        let mut order: Vec<usize> = (0..nodes.len()).collect();
        order.sort_by_key(|&at| (std::cmp::Reverse(nodes[at].weight), at));
        order.retain(|&at| nodes[at].weight as f64 > NARROWEST * total as f64);
        order.truncate(MOST_FRAMES);
        let left_out = nodes.len() - order.len();
        let mut places: HashMap<usize, usize, RandomState> = HashMap::default();
        let mut frames = Vec::with_capacity(order.len());
        for at in order {
            let node = &nodes[at];
            let parent = node.parent.and_then(|parent| places.get(&parent));
            let parent = parent.map_or(-1, |&place| place as i64);
            places.insert(at, frames.len());
            let name = match node.part {
                Some(part) => part.name().chars().take(MOST_CHARACTERS).collect(),
                None => format!("({})", counted(more, "more stack", "more stacks")),
            };
            frames.push(FrameData(parent, name, Exact(node.weight), node.kind));
        }
        Flame {
            total: Exact(total),
            frames,
            left_out,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }
}

/// The frames of the heaviest stacks, each after its parent; and how many stacks are not among
/// them, whose weight stands at the end.
fn nodes<'d>(stacks: &Stacks<'d>) -> (Vec<Node<'d>>, usize) {
    let traced = |stack: &&Stack<'d>| {
        stack.weight > 0 && !matches!(stack.parts().next(), Some(StackPart::NoTrace))
    };
    let mut heaviest: Vec<&Stack<'d>> = stacks.stacks.iter().filter(traced).collect();
    heaviest.sort_by_key(|stack| std::cmp::Reverse(stack.weight));
    let rest = heaviest.split_off(heaviest.len().min(MOST_STACKS));
    let own = OwnCode::default();
    let mut own = own.finder();
    let mut nodes: Vec<Node<'d>> = Vec::new();
    let mut known: HashMap<(Option<usize>, PartId), usize, RandomState> = HashMap::default();
    for stack in heaviest {
        let skipped = stack.parts().count().saturating_sub(MOST_PARTS);
        let mut parent = None;
        for part in stack.parts().skip(skipped) {
            let at = *known.entry((parent, part.id())).or_insert_with(|| {
                let kind = match part {
                    StackPart::Frame(frame) if own.is_own(frame) => Kind::Own,
                    StackPart::Frame(_) | StackPart::NoTrace => Kind::Other,
                    StackPart::Class(_) => Kind::Class,
                };
                nodes.push(Node {
                    parent,
                    part: Some(part),
                    weight: 0,
                    kind,
                });
                nodes.len() - 1
            });
            nodes[at].weight += stack.weight;
            parent = Some(at);
        }
    }
    if !rest.is_empty() {
        nodes.push(Node {
            parent: None,
            part: None,
            weight: rest.iter().map(|stack| stack.weight).sum(),
            kind: Kind::Other,
        });
    }
    (nodes, rest.len())
}
