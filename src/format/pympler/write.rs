//! The way back: a dump as Pympler's `load_stats` reads it, so that nobody is locked out.
//!
//! Two pickles of protocol 4, written as they come, in the shape that Pympler 1.x gives
//! them. Only what is referred to again is memoized: classes, names, source lines, and the
//! sizes, traces and frames that are shared. Opaque values were read as their description and go out as text.

use std::collections::HashMap;
use std::io::{self, Write};

use crate::error::Error;
use crate::model::{
    Asized, AsizedId, Dump, Frame, Integer, Number, ObjectId, Snapshot, SnapshotId, TextId,
    TraceId, TrackedObject,
};
use crate::pickle::opcode as op;

/// Items that a pickler puts into a list or dict at a time.
pub(super) const BATCH: usize = 1000;

/// The classes of `pympler.process` by their kind. Those of Windows exist on Windows only,
/// so their figures go into the class that exists everywhere.
const PROCESS_CLASSES: [&str; 5] = [
    "_ProcessMemoryInfo",
    "_ProcessMemoryInfoProc",
    "_ProcessMemoryInfoPS",
    "_ProcessMemoryInfoResource",
    "_ProcessMemoryInfo",
];

impl Dump {
    /// Writes the dump in Pympler's own format, which `Stats.load_stats` of Pympler reads. Fails
    /// with [`Error::Write`] if `out` does.
    pub fn write_pickles(&self, out: &mut impl Write) -> Result<(), Error> {
        let shared = Shared::of(self);
        let index = Pickler::new(out, self, &shared).index();
        let written = index.and_then(|()| Pickler::new(out, self, &shared).snapshots());
        written.map_err(Error::Write)
    }
}

/// Texts of so many bytes are worth an entry of the memo if they come again.
const LONG_TEXT: usize = 64;

/// What is referred to more than once, by number.
struct Shared {
    asized: Vec<bool>,
    /// Long reprs, names of referents and descriptions.
    texts: Vec<bool>,
    traces: Vec<bool>,
    frames: Vec<bool>,
}

impl Shared {
    fn of(dump: &Dump) -> Shared {
        let traces = dump.objects.trace.iter().map(|trace| trace.index());
        let frames = dump.traces.frame_numbers.iter().map(|&n| n as usize);
        let reprs = dump.objects.repr.iter().copied();
        let names = dump.asized.rows.iter().map(|row| row.name);
        let descriptions = dump.snapshots.iter().map(|snapshot| snapshot.desc);
        let texts = reprs.chain(names).chain(descriptions);
        let mut texts = twice(dump.text.len(), texts.map(|id| id.0 as usize));
        for (text, shared) in (0..).zip(&mut texts) {
            *shared &= dump.text.bytes(TextId(text)).len() > LONG_TEXT;
        }
        Shared {
            asized: shared_asized(dump),
            texts,
            traces: twice(dump.traces.ends.len(), traces),
            frames: twice(dump.traces.frames.len(), frames),
        }
    }
}

/// Which of so many numbers come more than once. Those that stand for nothing are beyond them.
fn twice(count: usize, numbers: impl Iterator<Item = usize>) -> Vec<bool> {
    let mut seen = vec![0_u8; count];
    for number in numbers {
        if let Some(times) = seen.get_mut(number) {
            *times = times.saturating_add(1);
        }
    }
    seen.into_iter().map(|times| times > 1).collect()
}

/// Which `Asized` are referred to more than once.
fn shared_asized(dump: &Dump) -> Vec<bool> {
    let mut seen = vec![0_u8; dump.asized.rows.len()];
    let mut see = |id: AsizedId| {
        let count = &mut seen[id.index()];
        *count = count.saturating_add(1);
    };
    dump.samples.asized.iter().copied().for_each(&mut see);
    dump.asized.referents.iter().copied().for_each(&mut see);
    let cached = dump
        .snapshots
        .iter()
        .flat_map(|row| row.classes.iter().flatten());
    cached.filter_map(|cached| cached.merged).for_each(&mut see);
    // A group that several share makes its members shared.
    let mut groups = vec![0_u8; dump.asized.group_start.len()];
    for row in &dump.asized.rows {
        let count = &mut groups[row.group as usize];
        *count = count.saturating_add(1);
        if *count > 1 {
            dump.asized
                .group_members(row.group)
                .iter()
                .copied()
                .for_each(&mut see);
        }
    }
    // So do objects that share their samples.
    let mut last = 0;
    let mut ranges: Vec<(u32, u32)> = dump
        .objects
        .sample_start
        .iter()
        .zip(&dump.objects.sample_count)
        .map(|(&start, &count)| (start, start + count))
        .collect();
    ranges.sort_unstable();
    for (start, end) in ranges {
        for sample in start..last.min(end) {
            see(dump.samples.asized[sample as usize]);
        }
        last = last.max(end);
    }
    seen.into_iter().map(|count| count > 1).collect()
}

/// One pickle on its way.
pub(super) struct Pickler<'p, W> {
    pub(super) out: &'p mut W,
    pub(super) dump: &'p Dump,
    shared: &'p Shared,
    /// How many memo entries there are.
    memoized: u32,
    /// Memo numbers of texts, by their bytes; classes as `module\nname`.
    texts: HashMap<Vec<u8>, u32>,
    /// The same of long ones, by where they stand in memory.
    places: HashMap<usize, u32>,
    /// Memo numbers of long texts that are shared.
    long_texts: HashMap<TextId, u32>,
    asized: HashMap<AsizedId, u32>,
    pub(super) objects: HashMap<ObjectId, u32>,
    snapshots: HashMap<SnapshotId, u32>,
    traces: HashMap<TraceId, u32>,
    frames: HashMap<u32, u32>,
}

/// What is left to write of a tree of `Asized`.
enum Step {
    /// An `Asized` as a whole.
    Begin(AsizedId),
    /// Its size, behind its referents.
    End(AsizedId),
}

impl<'p, W: Write> Pickler<'p, W> {
    fn new(out: &'p mut W, dump: &'p Dump, shared: &'p Shared) -> Self {
        Pickler {
            out,
            dump,
            shared,
            memoized: 0,
            texts: HashMap::new(),
            places: HashMap::new(),
            long_texts: HashMap::new(),
            asized: HashMap::new(),
            objects: HashMap::new(),
            snapshots: HashMap::new(),
            traces: HashMap::new(),
            frames: HashMap::new(),
        }
    }

    pub(super) fn op(&mut self, opcode: u8) -> io::Result<()> {
        self.out.write_all(&[opcode])
    }

    /// Memoizes what is on top; its number.
    pub(super) fn memoize(&mut self) -> io::Result<u32> {
        self.op(op::MEMOIZE)?;
        self.memoized += 1;
        Ok(self.memoized - 1)
    }

    pub(super) fn get(&mut self, number: u32) -> io::Result<()> {
        match u8::try_from(number) {
            Ok(number) => self.out.write_all(&[op::BINGET, number]),
            Err(_) => {
                self.op(op::LONG_BINGET)?;
                self.out.write_all(&number.to_le_bytes())
            }
        }
    }

    /// A text that comes once.
    fn text(&mut self, text: &[u8]) -> io::Result<()> {
        match (u8::try_from(text.len()), u32::try_from(text.len())) {
            (Ok(length), _) => self.out.write_all(&[op::SHORT_BINUNICODE, length])?,
            (_, Ok(length)) => {
                self.op(op::BINUNICODE)?;
                self.out.write_all(&length.to_le_bytes())?;
            }
            _ => {
                self.op(op::BINUNICODE8)?;
                self.out.write_all(&(text.len() as u64).to_le_bytes())?;
            }
        }
        self.out.write_all(text)
    }

    /// A repr, a name of a referent or a description: mostly one that comes once.
    pub(super) fn optional_text(&mut self, id: TextId) -> io::Result<()> {
        if id == TextId::NONE {
            return self.op(op::NONE);
        }
        if let Some(&number) = self.long_texts.get(&id) {
            return self.get(number);
        }
        self.text(self.dump.text.bytes(id))?;
        if self.shared.texts[id.0 as usize] {
            let number = self.memoize()?;
            self.long_texts.insert(id, number);
        }
        Ok(())
    }

    /// A text that comes again and again.
    pub(super) fn name(&mut self, text: &[u8]) -> io::Result<()> {
        // Many may share a long one, which is looked at once.
        let place = Some(text.as_ptr().addr()).filter(|_| text.len() > LONG_TEXT);
        if let Some(&number) = place.and_then(|place| self.places.get(&place)) {
            return self.get(number);
        }
        let number = match self.texts.get(text) {
            Some(&number) => {
                self.get(number)?;
                number
            }
            None => {
                self.text(text)?;
                let number = self.memoize()?;
                self.texts.insert(text.to_vec(), number);
                number
            }
        };
        if let Some(place) = place {
            self.places.insert(place, number);
        }
        Ok(())
    }

    fn class(&mut self, module: &str, name: &str) -> io::Result<()> {
        let key = format!("{module}\n{name}").into_bytes();
        if let Some(&number) = self.texts.get(&key) {
            return self.get(number);
        }
        self.name(module.as_bytes())?;
        self.name(name.as_bytes())?;
        self.op(op::STACK_GLOBAL)?;
        let number = self.memoize()?;
        self.texts.insert(key, number);
        Ok(())
    }

    pub(super) fn instance(&mut self, module: &str, name: &str) -> io::Result<()> {
        self.class(module, name)?;
        self.out.write_all(&[op::EMPTY_TUPLE, op::NEWOBJ])
    }

    pub(super) fn int(&mut self, value: i128) -> io::Result<()> {
        if let Ok(byte) = u8::try_from(value) {
            return self.out.write_all(&[op::BININT1, byte]);
        }
        if let Ok(int) = i32::try_from(value) {
            self.op(op::BININT)?;
            return self.out.write_all(&int.to_le_bytes());
        }
        // Two's complement in as few bytes as keep the sign.
        let bytes = value.to_le_bytes();
        let bits = 129 - value.leading_zeros().max((!value).leading_zeros());
        let length = bits.div_ceil(8) as usize;
        self.out.write_all(&[op::LONG1, length as u8])?;
        self.out.write_all(&bytes[..length])
    }

    /// An int of any size.
    pub(super) fn integer(&mut self, integer: Integer<'_>) -> io::Result<()> {
        match integer.value() {
            Some(value) => self.int(value),
            None => writeln!(self.out, "{}{integer}L", char::from(op::LONG)),
        }
    }

    pub(super) fn float(&mut self, value: f64) -> io::Result<()> {
        self.op(op::BINFLOAT)?;
        self.out.write_all(&value.to_bits().to_be_bytes())
    }

    fn number(&mut self, number: Number) -> io::Result<()> {
        match number {
            Number::Int(int) => self.int(int),
            Number::Float(float) => self.float(float),
            Number::Huge(digits) => self.integer(Integer::of_digits(self.dump.text.get(digits))),
        }
    }

    fn optional_int(&mut self, key: &str, value: Option<i64>) -> io::Result<()> {
        let Some(value) = value else { return Ok(()) };
        self.name(key.as_bytes())?;
        self.int(value.into())
    }

    /// `defaultdict(list)` of class names and lists of objects.
    fn index(&mut self) -> io::Result<()> {
        self.out.write_all(&[op::PROTO, 4])?;
        self.class("collections", "defaultdict")?;
        self.class("builtins", "list")?;
        self.out.write_all(&[op::TUPLE1, op::REDUCE])?;
        let dump = self.dump;
        for class in dump.classes() {
            self.name(class.name().as_bytes())?;
            self.op(op::EMPTY_LIST)?;
            let objects: Vec<_> = class.objects().collect();
            for batch in objects.chunks(BATCH) {
                self.op(op::MARK)?;
                batch.iter().try_for_each(|&object| self.object(object))?;
                self.op(op::APPENDS)?;
            }
            self.op(op::SETITEM)?;
        }
        self.op(op::STOP)
    }

    pub(super) fn trace(&mut self, object: TrackedObject<'_>) -> io::Result<()> {
        let Some(trace) = object.trace() else {
            return self.op(op::NONE);
        };
        if let Some(&memo) = self.traces.get(&trace.id()) {
            return self.get(memo);
        }
        self.op(op::EMPTY_LIST)?;
        if self.shared.traces[trace.id().index()] {
            let memo = self.memoize()?;
            self.traces.insert(trace.id(), memo);
        }
        let frames: Vec<_> = trace.frames().collect();
        for batch in frames.chunks(BATCH) {
            self.op(op::MARK)?;
            batch.iter().try_for_each(|&frame| self.frame(frame))?;
            self.op(op::APPENDS)?;
        }
        Ok(())
    }

    fn frame(&mut self, frame: Frame<'_>) -> io::Result<()> {
        if let Some(&memo) = self.frames.get(&frame.number()) {
            return self.get(memo);
        }
        self.op(op::MARK)?;
        self.name(frame.file().as_bytes())?;
        self.integer(frame.exact_line())?;
        self.name(frame.function().as_bytes())?;
        if frame.has_source() {
            self.op(op::EMPTY_LIST)?;
            let lines: Vec<_> = frame.source_lines().collect();
            for batch in lines.chunks(BATCH) {
                self.op(op::MARK)?;
                batch
                    .iter()
                    .try_for_each(|line| self.name(line.as_bytes()))?;
                self.op(op::APPENDS)?;
            }
        } else {
            self.op(op::NONE)?;
        }
        match frame.source_index() {
            Some(index) => self.int(index.into())?,
            None => self.op(op::NONE)?,
        }
        self.op(op::TUPLE)?;
        if self.shared.frames[frame.number() as usize] {
            let memo = self.memoize()?;
            self.frames.insert(frame.number(), memo);
        }
        Ok(())
    }

    /// A tree, each `Asized` before its referents, iteratively.
    pub(super) fn asized(&mut self, root: Asized<'_>) -> io::Result<()> {
        let columns = &self.dump.asized;
        let mut steps = vec![Step::Begin(root.id())];
        while let Some(step) = steps.pop() {
            match step {
                Step::Begin(id) => {
                    if let Some(&memo) = self.asized.get(&id) {
                        self.get(memo)?;
                        continue;
                    }
                    self.instance("pympler.asizeof", "Asized")?;
                    if self.shared.asized[id.index()] {
                        let memo = self.memoize()?;
                        self.asized.insert(id, memo);
                    }
                    self.out.write_all(&[op::NONE, op::EMPTY_DICT, op::MARK])?;
                    self.name(b"flat")?;
                    self.int(columns.flat(id).into())?;
                    self.name(b"name")?;
                    let row = columns.rows[id.index()];
                    self.optional_text(row.name)?;
                    self.name(b"refs")?;
                    self.op(op::MARK)?;
                    steps.push(Step::End(id));
                    let members = columns.group_members(row.group);
                    steps.extend(members.iter().rev().map(|&member| Step::Begin(member)));
                }
                Step::End(id) => {
                    self.op(op::TUPLE)?;
                    self.name(b"size")?;
                    self.int(columns.size(id).into())?;
                    self.out.write_all(&[op::SETITEMS, op::TUPLE2, op::BUILD])?;
                }
            }
        }
        Ok(())
    }

    fn snapshots(&mut self) -> io::Result<()> {
        self.out.write_all(&[op::PROTO, 4, op::EMPTY_LIST])?;
        let snapshots: Vec<_> = self.dump.snapshots().collect();
        for batch in snapshots.chunks(BATCH) {
            self.op(op::MARK)?;
            batch
                .iter()
                .try_for_each(|&snapshot| self.snapshot(snapshot))?;
            self.op(op::APPENDS)?;
        }
        self.op(op::STOP)
    }

    fn snapshot(&mut self, snapshot: Snapshot<'_>) -> io::Result<()> {
        if let Some(&number) = self.snapshots.get(&snapshot.id()) {
            return self.get(number);
        }
        let row = snapshot.row();
        self.instance("pympler.classtracker", "Snapshot")?;
        let number = self.memoize()?;
        self.snapshots.insert(snapshot.id(), number);
        self.out.write_all(&[op::EMPTY_DICT, op::MARK])?;
        for (key, value) in [
            ("tracked_total", row.tracked_total),
            ("asizeof_total", row.asizeof_total),
            ("overhead", row.overhead),
        ] {
            self.name(key.as_bytes())?;
            self.int(value)?;
        }
        self.name(b"timestamp")?;
        self.float(row.timestamp)?;
        self.name(b"desc")?;
        self.optional_text(row.desc)?;
        self.name(b"system_total")?;
        self.process(snapshot)?;
        self.name(b"classes")?;
        match &row.classes {
            None => self.op(op::NONE)?,
            Some(classes) => {
                self.op(op::EMPTY_DICT)?;
                for cached in classes {
                    self.name(self.dump.text.bytes(cached.class))?;
                    self.out.write_all(&[op::EMPTY_DICT, op::MARK])?;
                    for (key, figure) in [
                        ("sum", cached.sum),
                        ("avg", cached.average),
                        ("pct", cached.percent),
                        ("active", cached.active),
                    ] {
                        self.name(key.as_bytes())?;
                        self.number(figure)?;
                    }
                    if let Some(id) = cached.merged {
                        self.name(b"merged")?;
                        self.asized(Asized {
                            dump: self.dump,
                            id,
                        })?;
                    }
                    self.out.write_all(&[op::SETITEMS, op::SETITEM])?;
                }
            }
        }
        self.out.write_all(&[op::SETITEMS, op::BUILD])
    }

    fn process(&mut self, snapshot: Snapshot<'_>) -> io::Result<()> {
        let process = snapshot.process();
        let class = PROCESS_CLASSES
            .get(usize::from(process.kind))
            .unwrap_or(&PROCESS_CLASSES[0]);
        self.instance("pympler.process", class)?;
        self.out.write_all(&[op::EMPTY_DICT, op::MARK])?;
        self.name(b"vsz")?;
        self.int(process.virtual_bytes)?;
        self.name(b"rss")?;
        self.int(process.resident_bytes)?;
        self.name(b"available")?;
        self.op(if process.available {
            op::NEWTRUE
        } else {
            op::NEWFALSE
        })?;
        self.optional_int("pid", process.pid)?;
        self.optional_int("pagefaults", process.pagefaults)?;
        self.optional_int("data_segment", process.data_segment)?;
        self.optional_int("code_segment", process.code_segment)?;
        self.optional_int("shared_segment", process.shared_segment)?;
        self.optional_int("stack_segment", process.stack_segment)?;
        self.name(b"os_specific")?;
        self.out.write_all(&[op::EMPTY_LIST, op::MARK])?;
        for &(label, text) in &process.os_specific {
            self.name(self.dump.text.bytes(label))?;
            self.text(self.dump.text.bytes(text))?;
            self.op(op::TUPLE2)?;
        }
        self.out.write_all(&[op::APPENDS, op::SETITEMS, op::BUILD])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::summary::{Summary, SummaryOptions};
    use crate::model::Rules;
    use crate::report::objects::{Detail, Objects};
    use crate::report::{JsonLayout, Report, pympler};
    use crate::select::Selection;

    /// All that every form says of a dump.
    fn said(whole: &Dump) -> Vec<u8> {
        let mut out = Vec::new();
        let selected = Selection::default().select(whole).unwrap();
        let report = Objects::of(&selected, Detail::default());
        report.json(&mut out, JsonLayout::Lines).unwrap();
        let options = SummaryOptions {
            rules: Rules::Pympler,
            ..SummaryOptions::default()
        };
        let summary = Summary::of(whole, options).unwrap();
        summary.json(&mut out, JsonLayout::Lines).unwrap();
        let mut writer = pympler::Writer::new(&mut out, false);
        writer.objects(&selected).unwrap();
        writer.summary(&summary).unwrap();
        out
    }

    #[test]
    fn what_was_written_says_the_same() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let mut compared = 0;
        for folder in ["dumps", "edited", "variants"] {
            for entry in std::fs::read_dir(root.join(folder)).unwrap() {
                let path = entry.unwrap().path();
                let Ok(whole) = Dump::load(&path) else {
                    continue;
                };
                let mut bytes = Vec::new();
                whole.write_pickles(&mut bytes).unwrap();
                let again = Dump::read(&bytes[..]).unwrap();
                assert!(said(&whole) == said(&again), "{path:?}");
                compared += 1;
            }
        }
        assert!(compared > 240, "{compared}");
    }
}
