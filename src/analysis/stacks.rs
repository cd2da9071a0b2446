//! Stacks: where objects were created, frame by frame from the program's start to the
//! class, each with a weight. What flame graphs are drawn of.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::ops::AddAssign;

use foldhash::fast::RandomState;

use super::sites::{GroupBy, SitesOptions, Traces, is_tracker, unused_own};
use crate::error::Error;
use crate::model::{Contents, Frame, Text, TextId, Trace, TraceId};
use crate::source::Source;
use crate::units::escaped;

/// Longer texts are cut where a stack names them: in honest dumps none is, and in others
/// many stacks may share one of megabytes.
const LONG_TEXT: usize = 1000;

/// Stands for the frames of objects that were tracked without `trace=True`.
const NO_TRACE: &str = "(no trace)";

/// What a stack weighs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weight {
    /// The sizes of its objects, in bytes: the largest, or those at a snapshot.
    #[default]
    Bytes,
    /// How many objects there are.
    Objects,
}

/// Objects of a class that were created by the same frames.
#[derive(Clone)]
pub struct Stack<'d> {
    trace: Option<Trace<'d>>,
    class: Text<'d>,
    /// What it weighs in an older dump; 0 if there is none.
    pub before: i128,
    /// What it weighs.
    pub weight: i128,
    /// What was counted, whatever it weighs; of two dumps, in the newer.
    pub figures: StackFigures,
    /// The innermost frame of own code.
    pub own_frame: Option<Frame<'d>>,
}

/// Figures of the objects of a stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StackFigures {
    /// How many.
    pub objects: u64,
    /// Their sizes, in bytes.
    pub size_bytes: i128,
    /// Those alive at the end of the recording.
    pub alive: u64,
    /// The sizes of those, in bytes.
    pub alive_bytes: i128,
}

impl AddAssign for StackFigures {
    fn add_assign(&mut self, other: StackFigures) {
        self.objects += other.objects;
        self.size_bytes += other.size_bytes;
        self.alive += other.alive;
        self.alive_bytes += other.alive_bytes;
    }
}

/// A part of a stack.
#[derive(Clone, Copy)]
pub enum StackPart<'d> {
    /// A call.
    Frame(Frame<'d>),
    /// Stands for calls that were not recorded.
    NoTrace,
    /// The registered name of the class, at the end.
    Class(Text<'d>),
}

/// The stacks of some objects, each once: in the order of their frames, by function, file and
/// line, then of their class.
#[derive(Clone)]
pub struct Stacks<'d> {
    /// The stacks.
    pub stacks: Vec<Stack<'d>>,
    /// Whether there is an older dump that they are compared with.
    pub are_compared: bool,
    /// What was named as own code, but names no file of any trace, as it was given.
    pub unused_own: Vec<String>,
}

impl<'d> Stacks<'d> {
    /// Weighs the selected objects of a dump, whatever they are grouped by. Fails if the dump
    /// cannot be read, or has no such snapshot.
    pub fn of(
        source: &'d impl Source,
        options: &SitesOptions,
        weight: Weight,
    ) -> Result<Self, Error> {
        let options = SitesOptions {
            by: GroupBy::Frame,
            ..options.clone()
        };
        let Traces { dump, tallies } = Traces::of(source, &options)?;
        let mut finder = options.own.finder();
        let stacks = tallies.into_iter().map(|((trace, class), tally)| {
            let trace = (trace != TraceId::NONE).then_some(Trace { dump, id: trace });
            Stack {
                trace,
                class: dump.class_name(class),
                before: 0,
                weight: match weight {
                    Weight::Bytes => tally.size_bytes,
                    Weight::Objects => tally.objects.into(),
                },
                figures: StackFigures {
                    objects: tally.objects,
                    size_bytes: tally.size_bytes,
                    alive: tally.alive,
                    alive_bytes: tally.alive_bytes,
                },
                own_frame: trace.and_then(|trace| finder.frame(trace)),
            }
        });
        Ok(Stacks {
            stacks: merged(stacks.collect()),
            are_compared: false,
            unused_own: unused_own(dump, &options.own),
        })
    }

    /// The same stacks with what they weigh in an older dump; those that are only there too.
    pub fn since(mut self, older: Stacks<'d>) -> Self {
        self.stacks
            .extend(older.stacks.into_iter().map(|stack| Stack {
                before: stack.weight,
                weight: 0,
                figures: StackFigures::default(),
                ..stack
            }));
        Stacks {
            stacks: merged(self.stacks),
            are_compared: true,
            unused_own: self.unused_own,
        }
    }
}

/// Sorts, and makes one of what reads the same.
fn merged<'d>(mut stacks: Vec<Stack<'d>>) -> Vec<Stack<'d>> {
    let places = Places::of(&stacks);
    stacks.sort_by(|a, b| places.compare(a, b));
    stacks.dedup_by(|next, kept| {
        let same = places.compare(next, kept).is_eq();
        if same {
            kept.before += next.before;
            kept.weight += next.weight;
            kept.figures += next.figures;
        }
        same
    });
    stacks
}

/// The places of frames and classes in the order of what they read: each text is compared a
/// few times, and its place however often stacks are.
struct Places<'d> {
    /// Of each dump the place of every frame by its number, 0 for those of the tracker.
    frames: Vec<(&'d Contents, Vec<u32>)>,
    classes: HashMap<Text<'d>, u32, RandomState>,
}

impl<'d> Places<'d> {
    fn of(stacks: &[Stack<'d>]) -> Self {
        let mut dumps: Vec<&'d Contents> = Vec::new();
        for trace in stacks.iter().filter_map(|stack| stack.trace) {
            if !dumps.iter().any(|&dump| std::ptr::eq(dump, trace.dump)) {
                dumps.push(trace.dump);
            }
        }
        let all = |dump: &'d Contents| {
            let numbers = 0..dump.traces.frames.len() as u32;
            numbers.map(move |number| Frame::of(dump, number))
        };
        let told = dumps.iter().flat_map(|&dump| all(dump));
        let told = told.filter(|&frame| !is_tracker(frame));
        let texts = told.clone();
        let texts = places(texts.flat_map(|f| [shown(f.function()), shown(f.file())]));
        let key = |frame: Frame<'d>| {
            let [function, file] = [frame.function(), frame.file()].map(|text| texts[&shown(text)]);
            (function, file, frame.exact_line())
        };
        let keys = places(told.map(key));
        let place = |frame| match is_tracker(frame) {
            true => 0,
            false => keys[&key(frame)] + 1,
        };
        let frames = dumps
            .iter()
            .map(|&dump| (dump, all(dump).map(place).collect()));
        Places {
            frames: frames.collect(),
            classes: places(stacks.iter().map(|stack| shown(stack.class))),
        }
    }

    fn compare(&self, a: &Stack<'d>, b: &Stack<'d>) -> Ordering {
        let class = |stack: &Stack<'d>| self.classes.get(&shown(stack.class));
        let same = |a: Trace<'d>, b: Trace<'d>| a.id == b.id && std::ptr::eq(a.dump, b.dump);
        let traces = match (a.trace, b.trace) {
            (Some(a), Some(b)) if !same(a, b) => self.frames(a).cmp(self.frames(b)),
            (Some(a), None) => self.frames(a).cmp([]),
            (None, Some(b)) => std::iter::empty().cmp(self.frames(b)),
            _ => Ordering::Equal,
        };
        traces.then_with(|| class(a).cmp(&class(b)))
    }

    /// The places of a trace's frames, outermost first, without those of the tracker.
    fn frames(&self, trace: Trace<'d>) -> impl Iterator<Item = u32> {
        let mut dumps = self.frames.iter();
        let of = dumps.find(|(dump, _)| std::ptr::eq(*dump, trace.dump));
        let places = of.map_or(&[][..], |(_, places)| places);
        let frames = trace.frames();
        let places = frames.filter_map(|frame| places.get(frame.number() as usize).copied());
        places.filter(|&place| place > 0)
    }
}

/// As much of a text as stacks show.
fn shown(text: Text<'_>) -> Text<'_> {
    text.head(LONG_TEXT)
}

/// The place of each of some values in their order, from 0; equal ones have one.
fn places<K: Copy + Ord + std::hash::Hash>(
    values: impl Iterator<Item = K>,
) -> HashMap<K, u32, RandomState> {
    let distinct: HashSet<K, RandomState> = values.collect();
    let mut sorted: Vec<K> = distinct.into_iter().collect();
    sorted.sort_unstable();
    sorted.into_iter().zip(0..).collect()
}

impl<'d> Stack<'d> {
    /// Its parts, outermost first. The frames of Pympler's own tracker are left out.
    pub fn parts(&self) -> impl Iterator<Item = StackPart<'d>> + use<'d> {
        let frames = self.trace.into_iter().flat_map(Trace::frames);
        let mut frames = frames.filter(|&frame| !is_tracker(frame)).peekable();
        let none = frames.peek().is_none().then_some(StackPart::NoTrace);
        frames
            .map(StackPart::Frame)
            .chain(none)
            .chain([StackPart::Class(self.class)])
    }
}

/// Tells parts of stacks apart without their texts.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PartId {
    /// Where the dump stands in memory: texts have numbers in one dump.
    dump: usize,
    texts: [TextId; 3],
    line: i64,
}

impl StackPart<'_> {
    /// Equal for frames of one place, and for one class.
    pub(crate) fn id(self) -> PartId {
        let id = |dump: usize, texts, line| PartId { dump, texts, line };
        match self {
            StackPart::Frame(frame) => {
                let row = frame.row();
                let texts = [row.file, row.function, row.wide_line];
                id(frame.dump_address(), texts, row.line)
            }
            StackPart::NoTrace => id(0, [TextId::NONE; 3], 0),
            StackPart::Class(class) => {
                // A class has one name, which stands in one place.
                let bytes = class.as_bytes();
                id(bytes.as_ptr().addr(), [TextId::NONE; 3], bytes.len() as i64)
            }
        }
    }

    /// Its name in a stack: `function (file:line)` or the class. Harmless, and without the
    /// semicolon that stands between names.
    pub fn name(self) -> String {
        match self {
            StackPart::Frame(frame) => {
                let (function, file) = (text(frame.function()), text(frame.file()));
                format!("{function} ({file}:{:.30})", frame.exact_line())
            }
            StackPart::NoTrace => NO_TRACE.into(),
            StackPart::Class(class) => text(class),
        }
    }
}

/// A text of the dump as part of a name.
pub(crate) fn text(text: Text<'_>) -> String {
    let head = shown(text);
    let cut = if head == text { "" } else { "…" };
    // In this order: what takes the place of semicolons is to be harmless, too.
    escaped(&head.to_str().replace(';', ":")).into_owned() + cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Dump;

    fn load(name: &str) -> Dump {
        Dump::load(format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    fn lines(stacks: &Stacks<'_>) -> Vec<String> {
        let line = |stack: &Stack<'_>| {
            let names: Vec<String> = stack.parts().map(StackPart::name).collect();
            names.join(";")
        };
        stacks.stacks.iter().map(line).collect()
    }

    fn of(dump: &Dump, weight: Weight) -> Stacks<'_> {
        Stacks::of(dump, &SitesOptions::default(), weight).unwrap()
    }

    #[test]
    fn stacks_are_told_once_and_add_up() {
        for name in [
            "shop.dump",
            "dumps/weirdstr-1.1-py313.dump",
            "dumps/web-1.1-py312.dump",
            "edited/edit-frame_fields.dump",
        ] {
            let dump = load(name);
            let stacks = of(&dump, Weight::Objects);
            let lines = lines(&stacks);
            let distinct: HashSet<&String> = lines.iter().collect();
            assert_eq!(distinct.len(), lines.len(), "{name}: {lines:#?}");
            let heads = lines.iter().map(|line| line.split(" (").next());
            assert!(heads.is_sorted(), "{name}: {lines:#?}");
            let weights: i128 = stacks.stacks.iter().map(|stack| stack.weight).sum();
            assert_eq!(weights, dump.object_count() as i128, "{name}");
        }
    }

    #[test]
    fn two_dumps_are_joined_by_text() {
        let (old, new) = (load("shop.dump"), load("dumps/web-1.1-py312.dump"));
        let joined = of(&new, Weight::Bytes).since(of(&new, Weight::Bytes));
        let alone = of(&new, Weight::Bytes);
        assert_eq!(lines(&joined), lines(&alone));
        assert!(
            joined
                .stacks
                .iter()
                .all(|stack| stack.before == stack.weight)
        );
        let joined = of(&new, Weight::Bytes).since(of(&old, Weight::Bytes));
        let lengths = [&old, &new].map(|dump| of(dump, Weight::Bytes).stacks.len());
        assert_eq!(joined.stacks.len(), lengths.iter().sum::<usize>());
    }

    #[test]
    fn names_keep_stacks_apart() {
        assert_eq!(text(Text::new("a;b\n\x1b")), "a:b\\n\\x1b");
        assert_eq!(text(Text::new(";;error;;x")), "\\x3a:error::x");
        let long = "é".repeat(5000);
        assert_eq!(text(Text::new(&long)).chars().count(), LONG_TEXT + 1);
    }
}
