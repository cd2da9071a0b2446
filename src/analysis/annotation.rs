//! What Pympler's `Stats.annotate_snapshot` computes of each class at a snapshot, quirks included:
//! for programs that read `snapshot.classes`. Other questions have their own figures.

use std::collections::{HashMap, VecDeque};

use foldhash::fast::FixedState;

use super::summary::percent;
use crate::error::{Error, Problem};
use crate::model::{Asized, Contents, MAX_LEVEL, Snapshot, Text, without_repr};

/// How many referents merging may visit, for each that a dump holds and for a start.
const VISITS_PER_REFERENT: u64 = 16;
const VISITS_TO_START: u64 = 1 << 20;

/// A class at a snapshot.
pub struct ClassAnnotation<'d> {
    /// The name under which it was registered.
    pub class: Text<'d>,
    /// Bytes of its objects, those measured after their death included.
    pub sum_bytes: i128,
    /// How many were alive.
    pub active: u64,
    /// Bytes of its objects by the count of those alive; `None` if none was.
    pub average_bytes: Option<f64>,
    /// The share of the process, in percent; `None` if that has no size.
    pub share_percent: Option<f64>,
    /// Their referents, merged by name.
    pub merged: AnnotationTree<'d>,
}

impl<'d> ClassAnnotation<'d> {
    /// Annotates a snapshot of a dump: each class, in the order of registration.
    ///
    /// # Errors
    ///
    /// If the trees of referents unfold further than an honest tracker's do.
    pub fn of_snapshot(
        dump: &'d Contents,
        snapshot: Snapshot<'d>,
    ) -> Result<Vec<ClassAnnotation<'d>>, Error> {
        let moment = snapshot.timestamp_seconds();
        let mut visits = VISITS_TO_START + VISITS_PER_REFERENT * dump.referent_count() as u64;
        let mut annotations = Vec::new();
        for class in dump.classes() {
            let (mut sum_bytes, mut active) = (0, 0);
            let mut merged = AnnotationTree::new();
            for object in class.objects() {
                active += u64::from(object.is_active_at(moment));
                if let Some(sample) = object.sample_at(moment) {
                    sum_bytes += i128::from(sample.asized.size_bytes());
                    merged.merge(sample.asized, &mut visits)?;
                }
            }
            let total = snapshot.total_bytes();
            annotations.push(ClassAnnotation {
                class: class.name(),
                sum_bytes,
                active,
                average_bytes: (active > 0).then(|| sum_bytes as f64 / active as f64),
                share_percent: (total != 0).then(|| percent(sum_bytes, total)),
                merged,
            });
        }
        Ok(annotations)
    }
}

/// The referents of objects, merged as Pympler merges them: those of one parent are the same if
/// their names agree up to the first colon. What only one object has keeps the names below it.
pub struct AnnotationTree<'d> {
    nodes: Vec<Node<'d>>,
}

struct Node<'d> {
    size_bytes: i128,
    flat_bytes: i128,
    name: Option<Text<'d>>,
    referents: Referents<'d>,
}

enum Referents<'d> {
    /// None, and nothing was merged.
    Nothing,
    /// Those of a size of the dump, of which nothing was merged yet.
    Recorded(Asized<'d>),
    /// Their numbers, and the last of each key.
    Merged(Vec<u32>, HashMap<Key<'d>, u32, FixedState>),
}

type Key<'d> = Option<Text<'d>>;

/// A node as it is shown.
#[derive(Clone, Copy, Debug)]
pub struct AnnotationNode<'d> {
    /// How deep it is: 0 for the objects themselves.
    pub level: usize,
    /// Bytes with its referents.
    pub size_bytes: i128,
    /// Bytes without them.
    pub flat_bytes: i128,
    /// Its name; `None` where there is none.
    pub name: Option<Text<'d>>,
    /// Whether other objects may be merged into it: Pympler then keeps its referents in a list.
    pub is_merged: bool,
}

fn key(name: Option<Text<'_>>) -> Key<'_> {
    name.map(without_repr)
}

fn endless() -> Error {
    let what = "the trees of referents share their parts over and over, or contain themselves";
    Error::dump("input", Problem::TooLarge, what)
}

fn visit(visits: &mut u64) -> Result<(), Error> {
    *visits = visits.checked_sub(1).ok_or_else(endless)?;
    Ok(())
}

impl<'d> AnnotationTree<'d> {
    fn new() -> Self {
        AnnotationTree {
            nodes: vec![Node {
                size_bytes: 0,
                flat_bytes: 0,
                name: None,
                referents: Referents::Nothing,
            }],
        }
    }

    fn push(&mut self, asized: Asized<'d>, name: Option<Text<'d>>) -> u32 {
        self.nodes.push(Node {
            size_bytes: asized.size_bytes().into(),
            flat_bytes: asized.flat_bytes().into(),
            name,
            referents: Referents::Recorded(asized),
        });
        (self.nodes.len() - 1) as u32
    }

    /// `_merge_asized` of Pympler. Merges into one node happen in its order, which is what counts.
    fn merge(&mut self, root: Asized<'d>, visits: &mut u64) -> Result<(), Error> {
        let mut waiting = VecDeque::from([(0, root, 0)]);
        while let Some((base, other, level)) = waiting.pop_front() {
            visit(visits)?;
            if level > MAX_LEVEL {
                return Err(endless());
            }
            let node = &mut self.nodes[base as usize];
            node.size_bytes += i128::from(other.size_bytes());
            node.flat_bytes += i128::from(other.flat_bytes());
            if level > 0 {
                node.name = key(node.name);
            }
            let (mut members, mut keys) = self.members(base, visits)?;
            let known = members.len();
            for referent in other.referents() {
                let name = key(referent.name());
                match keys.get(&name) {
                    Some(&at) => waiting.push_back((at, referent, level + 1)),
                    None => members.push(self.push(referent, name)),
                }
            }
            // Only the next object finds what this one had new.
            for &new in &members[known..] {
                keys.insert(self.nodes[new as usize].name, new);
            }
            self.nodes[base as usize].referents = Referents::Merged(members, keys);
        }
        Ok(())
    }

    /// Takes the referents of a node, which are to be merged.
    #[expect(clippy::type_complexity)]
    fn members(
        &mut self,
        node: u32,
        visits: &mut u64,
    ) -> Result<(Vec<u32>, HashMap<Key<'d>, u32, FixedState>), Error> {
        let referents = &mut self.nodes[node as usize].referents;
        let recorded = match std::mem::replace(referents, Referents::Nothing) {
            Referents::Nothing => return Ok((Vec::new(), HashMap::default())),
            Referents::Merged(members, keys) => return Ok((members, keys)),
            Referents::Recorded(asized) => asized,
        };
        let mut members = Vec::new();
        let mut keys = HashMap::default();
        for referent in recorded.referents() {
            visit(visits)?;
            let at = self.push(referent, referent.name());
            keys.insert(key(referent.name()), at);
            members.push(at);
        }
        Ok((members, keys))
    }

    /// Shows all nodes, each before its referents. Fails as `see` does, and if there are more than
    /// so many.
    pub fn each<E: From<Error>>(
        &self,
        most: usize,
        mut see: impl FnMut(AnnotationNode<'d>) -> Result<(), E>,
    ) -> Result<(), E> {
        enum At<'d> {
            Node(u32),
            Recorded(Asized<'d>),
        }
        let mut waiting = vec![(At::Node(0), 0)];
        let mut seen = 0;
        while let Some((at, level)) = waiting.pop() {
            seen += 1;
            if seen > most || level > MAX_LEVEL {
                return Err(endless().into());
            }
            let start = waiting.len();
            let node = |size_bytes, flat_bytes, name, is_merged| AnnotationNode {
                level,
                size_bytes,
                flat_bytes,
                name,
                is_merged,
            };
            let recorded = |asized: Asized<'d>| {
                let below = move |referent| (At::Recorded(referent), level + 1);
                asized.referents().map(below)
            };
            match at {
                At::Node(number) => {
                    let of = &self.nodes[number as usize];
                    let is_merged = matches!(of.referents, Referents::Merged(..));
                    see(node(of.size_bytes, of.flat_bytes, of.name, is_merged))?;
                    match &of.referents {
                        Referents::Nothing => {}
                        Referents::Merged(members, _) => {
                            let below = |&member| (At::Node(member), level + 1);
                            waiting.extend(members.iter().map(below));
                        }
                        Referents::Recorded(asized) => waiting.extend(recorded(*asized)),
                    }
                }
                At::Recorded(asized) => {
                    let (size, flat) = (asized.size_bytes(), asized.flat_bytes());
                    see(node(size.into(), flat.into(), asized.name(), false))?;
                    waiting.extend(recorded(asized));
                }
            }
            waiting[start..].reverse();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::summary::{Summary, SummaryOptions};
    use crate::model::Rules;
    use crate::{Dump, DumpBuilder, ObjectRecord, SnapshotRecord};

    /// python/tests compare the trees with those of Pympler itself.
    #[test]
    fn figures_are_those_of_summaries() {
        let mut annotated = 0;
        for name in ["shop.dump", "leaky_shop.dump", "checkpoint_late.dump"] {
            let path = format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
            let dump = Dump::load(path).unwrap();
            let options = SummaryOptions {
                rules: Rules::Pympler,
                ..SummaryOptions::default()
            };
            let summary = Summary::of(&dump, options).unwrap();
            let done = summary.each(|figures| -> Result<(), Error> {
                let snapshot = dump.snapshots().nth(figures.snapshot).unwrap();
                let annotations = ClassAnnotation::of_snapshot(&dump, snapshot)?;
                for class in &figures.classes {
                    let found = annotations.iter().find(|a| a.class == class.class).unwrap();
                    assert_eq!(found.sum_bytes, class.sum_bytes);
                    assert_eq!(found.active, class.active);
                    assert_eq!(found.average_bytes.unwrap_or(0.0), class.average_bytes);
                    assert_eq!(found.share_percent, class.share_percent);
                    let mut nodes = Vec::new();
                    found.merged.each(1 << 20, |node| {
                        nodes.push(node);
                        Ok::<_, Error>(())
                    })?;
                    assert_eq!((nodes[0].level, nodes[0].size_bytes), (0, class.sum_bytes));
                    annotated += 1;
                }
                Ok(())
            });
            done.unwrap();
        }
        assert!(annotated > 50);
    }

    /// Two objects whose sizes refer to the next one twice, forty levels deep.
    #[test]
    fn trees_without_end_are_refused() {
        let mut builder = DumpBuilder::new().unwrap();
        let mut size = builder.asized(1, 1, None, &[]).unwrap();
        for level in 0..40 {
            let name = builder.text(format!("level {level}").as_bytes()).unwrap();
            size = builder.asized(2, 1, Some(name), &[size, size]).unwrap();
        }
        let samples = [(1.0, size)];
        let record = ObjectRecord {
            samples: &samples,
            ..ObjectRecord::default()
        };
        let one = builder.object(&record).unwrap();
        builder.class(b"one", &[one]).unwrap();
        let two = [(); 2].map(|()| builder.object(&record).unwrap());
        builder.class(b"two", &two).unwrap();
        let snapshot = SnapshotRecord {
            timestamp_seconds: 1.0,
            ..SnapshotRecord::default()
        };
        builder.snapshot(snapshot).unwrap();
        let dump = builder.finish().unwrap();
        let snapshot = dump.snapshots().next().unwrap();
        // Merging the trees of two would not end; of one it is the tree that is shown.
        let refused = ClassAnnotation::of_snapshot(&dump, snapshot).map(|_| ());
        let what = "share their parts over and over";
        assert!(refused.unwrap_err().to_string().contains(what));
        let mut merged = AnnotationTree::new();
        merged
            .merge(dump.object(one).samples().next().unwrap().asized, &mut 100)
            .unwrap();
        let shown = merged.each(1 << 16, |_| Ok::<_, Error>(()));
        assert!(shown.unwrap_err().to_string().contains(what));
    }
}
