//! Builds the model from a Pympler dump: two pickles, the index and the snapshots.
//!
//! Each instance is moved into the columns as soon as the pickle has finished it
//! (BUILD), and its state is let go. Instances of classes that are not Pympler's
//! stay opaque: a name, perhaps a text, and an error only where a figure is needed.

use super::fields::{self, Field, field};
use super::frames::{FrameParts, Frames};
use super::globals::{Global, recognise};
use super::shapes;
use super::texts::Texts;
use crate::model::{
    AsizedColumns, CachedClass, ClassRow, Dump, FrameRow, Notes, Number, ObjectColumns,
    ProcessMemory, SampleColumns, SnapshotRow, TextId,
};
use crate::pickle::{
    Builder, Fault, FaultKind, Heap, Kind, List, Memo, Outcome, Pairs, Pickled, Reader, Value,
    bad_value, malformed, read_pickle, too_large, unfit,
};

// The kinds of finished values. The first nine fit into a packed memo entry.
pub(super) const ASIZED: Kind = 0;
/// A tuple of `Asized`: the number of a group of referents.
pub(super) const GROUP: Kind = 1;
/// A tuple of a time and an `Asized`.
pub(super) const SAMPLE: Kind = 2;
pub(super) const FRAME: Kind = 3;
pub(super) const OBJECT: Kind = 4;
/// A tuple of None and a dict: the state of an instance with slots. The dict's number.
pub(super) const SLOTS: Kind = 5;
const SNAPSHOT: Kind = 6;
const EMPTY_TUPLE: Kind = 7;
const OPAQUE: Kind = 8;
pub(super) const TRACE: Kind = 9;
const PROCESS: Kind = 10;
/// A tuple that says of which class an instance is to be made. The class's number.
const RECIPE: Kind = 11;

/// Marks an instance that was created and not yet given its state.
const UNBUILT: TextId = TextId(u32::MAX - 1);

/// How many globals are remembered by name for the notes.
const UNKNOWN_NAMED: usize = 100;

/// Reads both pickles.
pub(super) fn load(reader: &mut Reader<'_>) -> Outcome<Dump> {
    let mut loader = Loader::new()?;
    let index = read_pickle(reader, &mut loader)?;
    loader
        .take_index(&index, reader.offset())
        .map_err(|fault| place(fault, reader))?;
    if reader.peek(1)?.is_empty() {
        let what = "only the first of its two pickles is there, the snapshots are missing; \
                    copy the whole file, or let dump_stats finish";
        return Err(place(FaultKind::Missing(what.into()).boxed(), reader));
    }
    let snapshots = read_pickle(reader, &mut loader)?;
    loader
        .take_snapshots(&snapshots)
        .map_err(|fault| place(fault, reader))?;
    let claimed = index.frames_end.max(snapshots.frames_end);
    if claimed > reader.offset() {
        let needs = claimed - reader.offset();
        let left = reader.skip(needs)?;
        if left < needs {
            let what = format!(
                "a frame ends {} bytes behind the end of the file",
                needs - left
            );
            return Err(place(malformed(what), reader));
        }
    }
    loader.notes.protocols = [index.protocol, snapshots.protocol];
    loader.finish().map_err(|fault| place(fault, reader))
}

fn place(mut fault: Box<Fault>, reader: &Reader<'_>) -> Box<Fault> {
    fault.offset = reader.offset();
    fault
}

/// A global as the pickle named it.
pub(super) struct ClassName {
    module: TextId,
    name: TextId,
    pub(super) global: Global,
}

/// An instance of somebody else's class, or what somebody's function would return.
struct Opaque {
    class: u32,
    /// The text that a subclass of `str` was made of.
    text: Option<TextId>,
    /// By a call of a function: not even its type is known.
    called: bool,
}

pub(super) struct Loader {
    pub(super) texts: Texts,
    pub(super) frames: Frames,
    pub(super) globals: Vec<ClassName>,
    opaques: Vec<Opaque>,
    pub(super) objects: ObjectColumns,
    pub(super) samples: SampleColumns,
    pub(super) asized: AsizedColumns,
    processes: Vec<ProcessMemory>,
    snapshots: Vec<SnapshotRow>,
    snapshot_rows: Vec<u32>,
    classes: Vec<ClassRow>,
    listed: Vec<u32>,
    notes: Notes,
    /// Instances of Pympler's classes without state.
    unbuilt: u64,
    /// Referents on their way into a group, those of outer ones first.
    pub(super) gathered: Vec<u32>,
}

impl Loader {
    fn new() -> Outcome<Self> {
        let mut texts = Texts::new();
        fields::register(&mut texts)?;
        Ok(Loader {
            texts,
            frames: Frames::default(),
            globals: Vec::new(),
            opaques: Vec::new(),
            objects: ObjectColumns::default(),
            samples: SampleColumns::default(),
            // Group 0 is that of no referents.
            asized: AsizedColumns {
                group_start: vec![0],
                ..AsizedColumns::default()
            },
            processes: Vec::new(),
            snapshots: Vec::new(),
            snapshot_rows: Vec::new(),
            classes: Vec::new(),
            listed: Vec::new(),
            notes: Notes::default(),
            unbuilt: 0,
            gathered: Vec::new(),
        })
    }

    /// Moves the first pickle's dict of lists into the classes.
    fn take_index(&mut self, index: &Pickled, offset: u64) -> Outcome<()> {
        let Value::Dict(dict) = index.value else {
            return Err(unfit(format!(
                "its first pickle is {}, not a dict of tracked objects",
                self.describe_type(index.value)
            )));
        };
        // A key that comes again replaces the list but keeps its place, as in Python.
        let mut rows = std::collections::HashMap::new();
        let mut pairs: Pairs = Vec::new();
        for &(key, value) in index.heap.dict(dict)? {
            let name = self.text_of(key, &index.heap, "a class name of the index")?;
            let row = *rows
                .entry(self.texts.arena.bytes(name).to_vec())
                .or_insert(pairs.len());
            if row == pairs.len() {
                pairs.push((Value::Text(name.0), value));
            } else {
                pairs[row].1 = value;
            }
        }
        for (key, value) in pairs {
            let Value::Text(name) = key else { continue };
            let Value::List(list) = value else {
                return Err(unfit(format!(
                    "its index gives {} for a class, not a list of tracked objects",
                    self.describe_type(value)
                )));
            };
            self.take_class(TextId(name), index.heap.list(list), offset)?;
        }
        Ok(())
    }

    fn take_class(&mut self, name: TextId, list: &List, offset: u64) -> Outcome<()> {
        let class = self.classes.len() as u32;
        let start = self.listed.len();
        for value in list.values() {
            let Value::Built(OBJECT, number) = value else {
                return Err(unfit(format!(
                    "its index lists {} where a TrackedObject belongs",
                    self.describe_type(value)
                )));
            };
            self.listed.push(number);
            self.objects.class[number as usize] = class;
            // Lists may be shared, so a short file can list its objects without end.
            if self.listed.len() as u64 > offset + (1 << 20) {
                return Err(too_large(
                    "its classes share lists of objects over and over",
                ));
            }
        }
        let count = (self.listed.len() - start) as u32;
        self.classes.push(ClassRow {
            name,
            start: start as u32,
            count,
        });
        Ok(())
    }

    /// Moves the second pickle's list into the order of snapshots.
    fn take_snapshots(&mut self, snapshots: &Pickled) -> Outcome<()> {
        let Value::List(list) = snapshots.value else {
            return Err(unfit(format!(
                "its second pickle is {}, not a list of snapshots",
                self.describe_type(snapshots.value)
            )));
        };
        for value in snapshots.heap.list(list).values() {
            let Value::Built(SNAPSHOT, number) = value else {
                return Err(unfit(format!(
                    "its list of snapshots holds {}",
                    self.describe_type(value)
                )));
            };
            self.snapshot_rows.push(number);
        }
        Ok(())
    }

    fn finish(self) -> Outcome<Dump> {
        if self.unbuilt > 0 {
            return Err(bad_value(format!(
                "{} of its instances have no state",
                self.unbuilt
            )));
        }
        // Samples may be shared as well; every analysis walks them object by object.
        let walked: u64 = self
            .listed
            .iter()
            .map(|&n| u64::from(self.objects.sample_count[n as usize]))
            .sum();
        if walked > 64 * (self.samples.time.len() as u64 + (1 << 20)) {
            return Err(too_large("its objects share their sizes over and over"));
        }
        Ok(Dump {
            text: self.texts.arena,
            classes: self.classes,
            listed: self.listed,
            objects: self.objects,
            samples: self.samples,
            asized: self.asized,
            traces: self.frames.columns,
            snapshots: self.snapshots,
            snapshot_rows: self.snapshot_rows,
            notes: self.notes,
        })
    }

    fn full_name(&self, class: u32) -> String {
        let class = &self.globals[class as usize];
        let arena = &self.texts.arena;
        format!("{}.{}", arena.get(class.module), arena.get(class.name))
    }

    /// A value's type for messages, with the name of what is opaque.
    fn describe_type(&self, value: Value) -> String {
        match value {
            Value::Class(class) => format!("the class {}", self.full_name(class)),
            Value::Built(OPAQUE, number) => self.describe_opaque(number),
            Value::Built(ASIZED, _) => "an Asized".into(),
            Value::Built(OBJECT, _) => "a TrackedObject".into(),
            Value::Built(SNAPSHOT, _) => "a Snapshot".into(),
            Value::Built(PROCESS, _) => "a ProcessMemoryInfo".into(),
            Value::Built(..) => "a tuple".into(),
            other => other.type_name().into(),
        }
    }

    fn describe_opaque(&self, number: u32) -> String {
        let opaque = &self.opaques[number as usize];
        let name = self.full_name(opaque.class);
        if opaque.called {
            format!("the result of {name}(…), which ctstats does not call")
        } else {
            format!("an instance of {name}")
        }
    }

    /// Python's `str()` of a value, for places where text belongs and anything may stand.
    fn text_of(&mut self, value: Value, heap: &Heap, place: &str) -> Outcome<TextId> {
        let text = match value {
            Value::Text(number) => return Ok(TextId(number)),
            Value::None => return Ok(TextId::NONE),
            Value::Built(OPAQUE, number) => {
                let opaque = &self.opaques[number as usize];
                match opaque.text {
                    Some(text) => return Ok(text),
                    None if opaque.called && place.starts_with("a class name") => {
                        return Err(unfit(format!(
                            "{place} is {}",
                            self.describe_opaque(number)
                        )));
                    }
                    None => format!("<{}>", self.full_name(opaque.class)),
                }
            }
            Value::Tuple(number) => {
                let items = heap.tuple(number);
                let mut parts: Vec<String> = items
                    .iter()
                    .take(16)
                    .map(|&item| self.repr_of(item, heap))
                    .collect();
                if items.len() > 16 {
                    parts.push("...".into());
                }
                let comma = if items.len() == 1 { "," } else { "" };
                format!("({}{comma})", parts.join(", "))
            }
            other => self.repr_of(other, heap),
        };
        self.texts.intern(text.as_bytes())
    }

    /// Python's `repr()` of a value without parts, and a word for one with parts.
    fn repr_of(&self, value: Value, heap: &Heap) -> String {
        match value {
            Value::None => "None".into(),
            Value::Bool(true) => "True".into(),
            Value::Bool(false) => "False".into(),
            Value::Int(_) | Value::Wide(_) => heap
                .as_int(value)
                .map(|int| int.to_string())
                .unwrap_or_default(),
            Value::Float(float) => python_float(float),
            Value::Text(number) => quoted(&self.texts.arena.get(TextId(number)).to_str()),
            Value::Bytes(number) => {
                format!(
                    "b{}",
                    quoted(&self.texts.arena.get(TextId(number)).to_str())
                )
            }
            Value::Class(class) => format!("<class '{}'>", self.full_name(class)),
            Value::Built(EMPTY_TUPLE, _) => "()".into(),
            Value::List(list) => {
                let items: Vec<String> = heap
                    .list(list)
                    .values()
                    .take(16)
                    .map(|item| match item {
                        Value::List(_) | Value::Tuple(_) => "...".into(),
                        item => self.repr_of(item, heap),
                    })
                    .collect();
                format!("[{}]", items.join(", "))
            }
            other => format!("<{}>", self.describe_type(other)),
        }
    }

    /// A whole number of bytes, or an error that names what stands there instead.
    fn bytes_of(&self, value: Value, heap: &Heap, class: &str, of: Field) -> Outcome<i64> {
        let int = heap.as_int(value);
        int.and_then(|int| i64::try_from(int).ok())
            .ok_or_else(|| self.no_number(value, class, of))
    }

    /// A moment in seconds, or an error that names what stands there instead.
    fn seconds_of(&self, value: Value, heap: &Heap, class: &str, of: Field) -> Outcome<f64> {
        seconds(value, heap).ok_or_else(|| self.no_number(value, class, of))
    }

    #[cold]
    fn no_number(&self, value: Value, class: &str, of: Field) -> Box<Fault> {
        let needs = match of {
            Field::Birth | Field::Death | Field::Timestamp => "a time in seconds",
            _ => "an int of 64 bits",
        };
        let found = self.describe_type(value);
        bad_value(format!(
            "{class}.{} is {found}, {needs} is needed",
            fields::name(of)
        ))
    }

    fn missing(&self, class: &str, of: Field) -> Box<Fault> {
        bad_value(format!("a {class} has no {}", fields::name(of)))
    }

    /// The pairs of a state, whichever way it was written; `None` if there are none.
    fn take_state(&mut self, heap: &mut Heap, state: Value) -> Outcome<Option<Pairs>> {
        match state {
            Value::Dict(dict) | Value::Built(SLOTS, dict) => heap.take_dict(dict).map(Some),
            Value::Tuple(number) => match *heap.tuple(number) {
                [_, Value::Dict(dict)] => heap.take_dict(dict).map(Some),
                _ => Ok(None),
            },
            _ => Ok(None),
        }
    }

    fn build_asized(&mut self, heap: &mut Heap, number: u32, pairs: &Pairs) -> Outcome<()> {
        const CLASS: &str = "Asized";
        let index = number as usize;
        let mut size = None;
        let mut name = TextId::NONE;
        for &(key, value) in pairs {
            let Value::Text(key) = key else { continue };
            match field(TextId(key), &self.texts) {
                Some(Field::Size) => {
                    size = Some(self.bytes_of(value, heap, CLASS, Field::Size)?);
                }
                Some(Field::Flat) => {
                    let flat = self.bytes_of(value, heap, CLASS, Field::Flat)?;
                    self.asized.flat.set(index, flat);
                }
                Some(Field::Name) => name = self.text_of(value, heap, "Asized.name")?,
                Some(Field::Refs) => self.asized.group[index] = self.group_of(heap, value)?,
                _ => {}
            }
        }
        self.asized
            .size
            .set(index, size.ok_or_else(|| self.missing(CLASS, Field::Size))?);
        self.unbuilt -= u64::from(self.asized.name[index] == UNBUILT);
        self.asized.name[index] = name;
        Ok(())
    }

    /// The group of referents that a value of `Asized.refs` is.
    fn group_of(&mut self, heap: &mut Heap, value: Value) -> Outcome<u32> {
        match value {
            Value::Built(GROUP, group) => Ok(group),
            Value::Built(EMPTY_TUPLE, _) | Value::None => Ok(0),
            // Coalesced trees have lists.
            Value::List(list) => {
                if let List::Taken(Value::Built(GROUP, group)) = heap.list(list) {
                    return Ok(*group);
                }
                let mut members = Vec::new();
                for item in heap.list(list).values() {
                    let Value::Built(ASIZED, number) = item else {
                        return Err(self.no_referent(item));
                    };
                    members.push(number);
                }
                let group = self.new_group(&members)?;
                heap.set_list(list, List::Taken(Value::Built(GROUP, group)));
                Ok(group)
            }
            Value::Tuple(tuple) => {
                let odd = heap
                    .tuple(tuple)
                    .iter()
                    .find(|v| !matches!(v, Value::Built(ASIZED, _)));
                Err(self.no_referent(odd.copied().unwrap_or(value)))
            }
            other => Err(self.no_referent(other)),
        }
    }

    #[cold]
    fn no_referent(&self, value: Value) -> Box<Fault> {
        bad_value(format!("Asized.refs holds {}", self.describe_type(value)))
    }

    fn new_group(&mut self, members: &[u32]) -> Outcome<u32> {
        if members.is_empty() {
            return Ok(0);
        }
        let columns = &mut self.asized;
        let start = u32::try_from(columns.referents.len())
            .map_err(|_| too_large("it holds more than 4,294,967,295 referents"))?;
        columns.referents.extend_from_slice(members);
        columns.group_start.push(start);
        Ok((columns.group_start.len() - 1) as u32)
    }

    fn build_object(&mut self, heap: &mut Heap, number: u32, pairs: &Pairs) -> Outcome<()> {
        const CLASS: &str = "TrackedObject";
        let index = number as usize;
        let (mut address, mut birth) = (None, None);
        let (mut name, mut repr) = (TextId::NONE, TextId::NONE);
        for &(key, value) in pairs {
            let Value::Text(key) = key else { continue };
            match field(TextId(key), &self.texts) {
                Some(Field::Id) => {
                    address = Some(
                        heap.as_int(value)
                            .ok_or_else(|| self.no_number(value, CLASS, Field::Id))?,
                    );
                }
                Some(Field::Repr) => repr = self.text_of(value, heap, "TrackedObject.repr")?,
                Some(Field::Name) => name = self.text_of(value, heap, "TrackedObject.name")?,
                Some(Field::Birth) => {
                    birth = Some(self.seconds_of(value, heap, CLASS, Field::Birth)?);
                }
                Some(Field::Death) => {
                    let death = match value {
                        Value::None => None,
                        value => Some(self.seconds_of(value, heap, CLASS, Field::Death)?),
                    };
                    self.objects.set_death(index, death);
                }
                Some(Field::Trace) => {
                    self.objects.trace[index] = self.trace_of(heap, value)?.map_or(0, |n| n + 1);
                }
                Some(Field::Snapshots) => {
                    let (start, count) = self.samples_of(heap, value)?;
                    self.objects.sample_start[index] = start;
                    self.objects.sample_count[index] = count;
                }
                Some(Field::ResolutionLevel) => {
                    let level = heap
                        .as_int(value)
                        .and_then(|level| i32::try_from(level).ok());
                    self.objects.resolution_level[index] = level.unwrap_or(i32::MIN);
                }
                _ => {}
            }
        }
        let address = address.ok_or_else(|| self.missing(CLASS, Field::Id))?;
        match u64::try_from(address) {
            Ok(address) => self.objects.address[index] = address,
            Err(_) => {
                self.objects.wide_address.insert(number, address);
            }
        }
        self.objects.birth[index] = birth.ok_or_else(|| self.missing(CLASS, Field::Birth))?;
        self.unbuilt -= u64::from(self.objects.name[index] == UNBUILT);
        self.objects.name[index] = name;
        self.objects.repr[index] = repr;
        Ok(())
    }

    /// The trace that a value of `TrackedObject.trace` is. What is no list of frames
    /// becomes a trace of one frame that says what it is: a trace is never needed.
    fn trace_of(&mut self, heap: &mut Heap, value: Value) -> Outcome<Option<u32>> {
        let mut frames = Vec::new();
        match value {
            Value::None => return Ok(None),
            Value::Built(EMPTY_TUPLE, _) => {}
            Value::List(list) => {
                if let List::Taken(Value::Built(TRACE, trace)) = heap.list(list) {
                    return Ok(Some(*trace));
                }
                for item in heap.list(list).values() {
                    frames.push(match item {
                        Value::Built(FRAME, number) => number,
                        other => self.odd_frame(heap, other)?,
                    });
                }
            }
            other => frames.push(self.odd_frame(heap, other)?),
        }
        let trace = self.frames.trace(&frames)?;
        if let Value::List(list) = value {
            heap.set_list(list, List::Taken(Value::Built(TRACE, trace)));
        }
        Ok(Some(trace))
    }

    /// A frame of more or fewer fields than five, or something else altogether.
    fn odd_frame(&mut self, heap: &Heap, value: Value) -> Outcome<u32> {
        let items = match value {
            Value::Tuple(tuple) => heap.tuple(tuple),
            _ => &[],
        };
        let (file, line, function) = match *items {
            [
                Value::Text(file),
                Value::Int(line),
                Value::Text(function),
                ..,
            ] => (TextId(file), line, TextId(function)),
            _ => {
                let nowhere = self.texts.intern(b"?")?;
                (self.text_of(value, heap, "a frame")?, 0, nowhere)
            }
        };
        let source = match items.get(3) {
            Some(&Value::List(list)) => Some(
                heap.list(list)
                    .values()
                    .filter_map(|v| {
                        if let Value::Text(n) = v {
                            Some(TextId(n))
                        } else {
                            None
                        }
                    })
                    .collect(),
            ),
            _ => None,
        };
        let row = FrameRow {
            file,
            line,
            function,
            source,
            source_index: None,
        };
        self.frames.frame_row(row, &mut self.texts)
    }

    /// Which samples a value of `TrackedObject.snapshots` is: the first and how many.
    fn samples_of(&mut self, heap: &mut Heap, value: Value) -> Outcome<(u32, u32)> {
        let Value::List(list) = value else {
            return Err(bad_value(format!(
                "TrackedObject.snapshots is {}, not a list",
                self.describe_type(value)
            )));
        };
        match *heap.list(list) {
            List::Run { length: 0, .. } => return Ok((0, 0)),
            List::Run {
                kind: SAMPLE,
                first,
                length,
            } => return Ok((first, length)),
            _ => {}
        }
        // Samples that are shared or out of order are copied into a run of their own.
        let start = self.samples.time.len();
        for item in heap.list(list).values() {
            let Value::Built(SAMPLE, number) = item else {
                return Err(bad_value(format!(
                    "TrackedObject.snapshots holds {}, not a time and an Asized",
                    self.describe_type(item)
                )));
            };
            let (time, asized) = (
                self.samples.time[number as usize],
                self.samples.asized[number as usize],
            );
            self.new_sample(time, asized)?;
        }
        let first = start as u32;
        let length = (self.samples.time.len() - start) as u32;
        heap.set_list(
            list,
            List::Run {
                kind: SAMPLE,
                first,
                length,
            },
        );
        Ok((first, length))
    }

    #[inline]
    fn new_sample(&mut self, time: f64, asized: u32) -> Outcome<u32> {
        let number = u32::try_from(self.samples.time.len())
            .map_err(|_| too_large("it holds more than 4,294,967,295 samples"))?;
        self.samples.time.push(time);
        self.samples.asized.push(asized);
        Ok(number)
    }

    fn build_snapshot(&mut self, heap: &mut Heap, number: u32, pairs: &Pairs) -> Outcome<()> {
        const CLASS: &str = "Snapshot";
        let mut row = SnapshotRow::empty(TextId::NONE);
        let mut timestamp = None;
        for &(key, value) in pairs {
            let Value::Text(key) = key else { continue };
            let Some(of) = field(TextId(key), &self.texts) else {
                continue;
            };
            let int = || {
                heap.as_int(value)
                    .ok_or_else(|| self.no_number(value, CLASS, of))
            };
            match of {
                Field::Timestamp => timestamp = Some(self.seconds_of(value, heap, CLASS, of)?),
                Field::TrackedTotal => row.tracked_total = int()?,
                Field::AsizeofTotal => row.asizeof_total = int()?,
                Field::Overhead => row.overhead = int()?,
                Field::Desc => row.desc = self.text_of(value, heap, "Snapshot.desc")?,
                Field::SystemTotal => match value {
                    Value::Built(PROCESS, process) => {
                        row.process = self.processes[process as usize].clone();
                    }
                    // Shares then refer to the next best figure.
                    _ => row.process = ProcessMemory::default(),
                },
                Field::Classes => row.classes = self.cached_classes(heap, value)?,
                _ => {}
            }
        }
        row.timestamp = timestamp.ok_or_else(|| self.missing(CLASS, Field::Timestamp))?;
        let slot = &mut self.snapshots[number as usize];
        self.unbuilt -= u64::from(slot.desc == UNBUILT);
        *slot = row;
        Ok(())
    }

    /// `Snapshot.classes`: what annotate_snapshot had computed before the dump.
    fn cached_classes(
        &mut self,
        heap: &mut Heap,
        value: Value,
    ) -> Outcome<Option<Vec<CachedClass>>> {
        let Value::Dict(dict) = value else {
            return Ok(None);
        };
        let mut classes = Vec::new();
        for &(key, value) in heap.dict(dict)? {
            let class = self.text_of(key, heap, "a class name of Snapshot.classes")?;
            let Value::Dict(figures) = value else {
                continue;
            };
            let mut cached = CachedClass::empty(class);
            for &(key, value) in heap.dict(figures)? {
                let Value::Text(key) = key else { continue };
                let Some(of) = field(TextId(key), &self.texts) else {
                    continue;
                };
                let figure = match of {
                    Field::Sum => &mut cached.sum,
                    Field::Avg => &mut cached.average,
                    Field::Pct => &mut cached.percent,
                    Field::Active => &mut cached.active,
                    Field::Merged => {
                        if let Value::Built(ASIZED, number) = value {
                            cached.merged = Some(number);
                        }
                        continue;
                    }
                    _ => continue,
                };
                *figure = match value {
                    Value::Float(float) => Number::Float(float),
                    other => Number::Int(
                        heap.as_int(other)
                            .ok_or_else(|| self.no_number(other, "Snapshot.classes", of))?,
                    ),
                };
            }
            classes.push(cached);
        }
        // The dicts inside are states in all but name: let them go with their owner.
        for (_, figures) in heap.take_dict(dict)? {
            if let Value::Dict(figures) = figures
                && let Ok(pairs) = heap.take_dict(figures)
            {
                heap.recycle(pairs);
            }
        }
        Ok(Some(classes))
    }

    fn build_process(&mut self, heap: &Heap, number: u32, pairs: &Pairs) -> Outcome<()> {
        const CLASS: &str = "ProcessMemoryInfo";
        let mut row = ProcessMemory {
            kind: self.processes[number as usize].kind,
            ..Default::default()
        };
        for &(key, value) in pairs {
            let Value::Text(key) = key else { continue };
            let Some(of) = field(TextId(key), &self.texts) else {
                continue;
            };
            let int = || {
                heap.as_int(value)
                    .ok_or_else(|| self.no_number(value, CLASS, of))
            };
            let small = || heap.as_int(value).and_then(|int| i64::try_from(int).ok());
            match of {
                Field::Vsz => row.virtual_bytes = int()?,
                Field::Rss => row.resident_bytes = int()?,
                Field::Available => row.available = !matches!(heap.as_int(value), None | Some(0)),
                Field::Pid => row.pid = small(),
                Field::Pagefaults => row.pagefaults = small(),
                Field::DataSegment => row.data_segment = small(),
                Field::CodeSegment => row.code_segment = small(),
                Field::SharedSegment => row.shared_segment = small(),
                Field::StackSegment => row.stack_segment = small(),
                Field::OsSpecific => {
                    let Value::List(list) = value else { continue };
                    for item in heap.list(list).values() {
                        let Value::Tuple(tuple) = item else { continue };
                        if let [Value::Text(label), Value::Text(text)] = *heap.tuple(tuple) {
                            row.os_specific.push((TextId(label), TextId(text)));
                        }
                    }
                }
                _ => {}
            }
        }
        self.processes[number as usize] = row;
        Ok(())
    }

    fn opaque(
        &mut self,
        heap: &Heap,
        class: u32,
        arguments: Value,
        called: bool,
    ) -> Outcome<Value> {
        // Only a subclass of str is made of one text: `cls.__new__(cls, 'text')`, or
        // `_reconstructor(cls, str, 'text')` in protocols 0 and 1.
        let text = match arguments {
            Value::Tuple(tuple) => match *heap.tuple(tuple) {
                [Value::Text(text)] | [Value::Class(_), Value::Class(_), Value::Text(text)] => {
                    Some(TextId(text)).filter(|_| !called)
                }
                _ => None,
            },
            _ => None,
        };
        if let Some(last) = self.opaques.last()
            && (last.class, last.text, last.called) == (class, text, called)
        {
            return Ok(Value::Built(OPAQUE, (self.opaques.len() - 1) as u32));
        }
        self.opaques.push(Opaque {
            class,
            text,
            called,
        });
        Ok(Value::Built(OPAQUE, (self.opaques.len() - 1) as u32))
    }

    fn frame_of(&mut self, heap: &Heap, items: &[Value]) -> Outcome<Option<Value>> {
        let [
            Value::Text(file),
            Value::Int(line),
            Value::Text(function),
            source,
            index,
        ] = *items
        else {
            return Ok(None);
        };
        let source_index = match index {
            Value::Int(index) => Some(index),
            Value::None => None,
            _ => return Ok(None),
        };
        let mut parts = FrameParts {
            file: TextId(file),
            line,
            function: TextId(function),
            source: None,
            source_index,
        };
        let number = match source {
            Value::None => self.frames.frame(parts, &mut self.texts)?,
            Value::List(list) => match heap.list(list) {
                &List::One(Value::Text(text)) => {
                    parts.source = Some(TextId(text));
                    self.frames.frame(parts, &mut self.texts)?
                }
                other => {
                    let mut lines = Vec::new();
                    for value in other.values() {
                        let Value::Text(text) = value else {
                            return Ok(None);
                        };
                        lines.push(TextId(text));
                    }
                    let FrameParts {
                        file,
                        line,
                        function,
                        source_index,
                        ..
                    } = parts;
                    let source = Some(lines.into());
                    let row = FrameRow {
                        file,
                        line,
                        function,
                        source,
                        source_index,
                    };
                    self.frames.frame_row(row, &mut self.texts)?
                }
            },
            _ => return Ok(None),
        };
        Ok(Some(Value::Built(FRAME, number)))
    }
}

/// A number as seconds. A NaN becomes the standard one, since the model has NaNs of its own.
fn seconds(value: Value, heap: &Heap) -> Option<f64> {
    let seconds = match value {
        Value::Float(float) => float,
        other => heap.as_int(other)? as f64,
    };
    Some(if seconds.is_nan() { f64::NAN } else { seconds })
}

/// Python's repr of a float, near enough for a description.
fn python_float(float: f64) -> String {
    let text = format!("{float:?}");
    text.replace("NaN", "nan")
}

/// Python's repr of a text.
fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c == quote => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

impl Builder for Loader {
    #[inline]
    fn text(&mut self, wtf8: &[u8]) -> Outcome<u32> {
        self.texts.intern(wtf8).map(|id| id.0)
    }

    fn class(&mut self, module: u32, name: u32) -> Outcome<u32> {
        let (module, name) = (TextId(module), TextId(name));
        let arena = &self.texts.arena;
        let same = |class: &ClassName| {
            class.module == module && class.name == name
                || arena.bytes(class.module) == arena.bytes(module)
                    && arena.bytes(class.name) == arena.bytes(name)
        };
        if let Some(known) = self.globals.iter().position(same) {
            return Ok(known as u32);
        }
        // Looked through one by one, so their number has to be bounded.
        if self.globals.len() >= 10_000 {
            return Err(too_large("it names more than 10,000 different globals"));
        }
        let global = recognise(arena.bytes(module), arena.bytes(name));
        self.globals.push(ClassName {
            module,
            name,
            global,
        });
        let number = (self.globals.len() - 1) as u32;
        if global == Global::Unknown && self.notes.unknown_globals.len() < UNKNOWN_NAMED {
            let name = self.full_name(number);
            self.notes.unknown_globals.push(name);
        }
        Ok(number)
    }

    #[inline]
    fn tuple(&mut self, heap: &mut Heap, items: &[Value]) -> Outcome<Option<Value>> {
        Ok(match *items {
            [] => Some(Value::Built(EMPTY_TUPLE, 0)),
            [Value::None, Value::Dict(dict)] => Some(Value::Built(SLOTS, dict)),
            [
                time @ (Value::Float(_) | Value::Int(_)),
                Value::Built(ASIZED, asized),
            ] => match seconds(time, heap) {
                Some(time) => Some(Value::Built(SAMPLE, self.new_sample(time, asized)?)),
                None => None,
            },
            [Value::Built(ASIZED, _), ..] => {
                // Numbers are gathered in place: a group is what lies behind the last one.
                let start = self.asized.referents.len();
                for item in items {
                    let Value::Built(ASIZED, number) = *item else {
                        self.asized.referents.truncate(start);
                        return Ok(None);
                    };
                    self.asized.referents.push(number);
                }
                let start = u32::try_from(start)
                    .map_err(|_| too_large("it holds more than 4,294,967,295 referents"))?;
                self.asized.group_start.push(start);
                Some(Value::Built(
                    GROUP,
                    (self.asized.group_start.len() - 1) as u32,
                ))
            }
            [Value::Text(_), Value::Int(_), Value::Text(_), _, _] => self.frame_of(heap, items)?,
            [Value::Class(class)] | [Value::Class(class), Value::Class(_), Value::None] => {
                Some(Value::Built(RECIPE, class))
            }
            _ => None,
        })
    }

    #[inline]
    fn instance(&mut self, heap: &mut Heap, class: u32, arguments: Value) -> Outcome<Value> {
        let full = || too_large("it holds more than 4,294,967,295 instances of one class");
        match self.globals[class as usize].global {
            Global::Asized => {
                let number = self.asized.push(UNBUILT).ok_or_else(full)?;
                self.unbuilt += 1;
                Ok(Value::Built(ASIZED, number))
            }
            Global::TrackedObject => {
                let number = u32::try_from(self.objects.push()).map_err(|_| full())?;
                self.objects.name[number as usize] = UNBUILT;
                self.unbuilt += 1;
                Ok(Value::Built(OBJECT, number))
            }
            Global::Snapshot => {
                let number = u32::try_from(self.snapshots.len()).map_err(|_| full())?;
                self.snapshots.push(SnapshotRow::empty(UNBUILT));
                self.unbuilt += 1;
                Ok(Value::Built(SNAPSHOT, number))
            }
            Global::Process(kind) => {
                let number = u32::try_from(self.processes.len()).map_err(|_| full())?;
                self.processes.push(ProcessMemory {
                    kind,
                    ..Default::default()
                });
                Ok(Value::Built(PROCESS, number))
            }
            Global::Dict => heap.new_dict_here(),
            _ => self.opaque(heap, class, arguments, false),
        }
    }

    fn call(&mut self, heap: &mut Heap, class: u32, arguments: Value) -> Outcome<Value> {
        match self.globals[class as usize].global {
            Global::Dict => {
                let dict = heap.new_dict_here()?;
                // Python 2 writes an OrderedDict as a call with a list of pairs.
                if let (Value::Dict(number), Value::Tuple(tuple)) = (dict, arguments)
                    && let [Value::List(list)] = *heap.tuple(tuple)
                {
                    let pairs: Vec<Value> = heap.list(list).values().collect();
                    for pair in pairs {
                        let items: Vec<Value> = match pair {
                            Value::List(pair) => heap.list(pair).values().collect(),
                            Value::Tuple(pair) => heap.tuple(pair).to_vec(),
                            _ => Vec::new(),
                        };
                        heap.set_items(number, &items)?;
                    }
                }
                Ok(dict)
            }
            Global::Reconstructor | Global::NewObj => match arguments {
                Value::Built(RECIPE, class) => self.instance(heap, class, arguments),
                Value::Tuple(tuple) => match *heap.tuple(tuple) {
                    [Value::Class(class), ..] => self.opaque(heap, class, arguments, false),
                    _ => Err(malformed("an instance is made of no class")),
                },
                _ => Err(malformed("an instance is made of no class")),
            },
            Global::Unknown | Global::Builtin => self.opaque(heap, class, arguments, true),
            _ => self.instance(heap, class, arguments),
        }
    }

    fn build(&mut self, heap: &mut Heap, instance: Value, state: Value) -> Outcome<()> {
        let Value::Built(kind, number) = instance else {
            return Err(malformed(format!(
                "{} is given a state",
                instance.type_name()
            )));
        };
        let Some(pairs) = self.take_state(heap, state)? else {
            return Ok(());
        };
        match kind {
            ASIZED => self.build_asized(heap, number, &pairs)?,
            OBJECT => self.build_object(heap, number, &pairs)?,
            SNAPSHOT => self.build_snapshot(heap, number, &pairs)?,
            PROCESS => self.build_process(heap, number, &pairs)?,
            _ => {}
        }
        heap.recycle(pairs);
        Ok(())
    }

    #[inline]
    fn shortcut(
        &mut self,
        class: u32,
        bytes: &[u8],
        heap: &mut Heap,
        memo: &mut Memo,
    ) -> Option<(usize, Value)> {
        match self.globals[class as usize].global {
            Global::Asized => shapes::asized(self, bytes, heap, memo),
            Global::TrackedObject => shapes::tracked_object(self, bytes, heap, memo),
            _ => None,
        }
    }

    fn set(&mut self) -> Outcome<Value> {
        let module = self.text(b"builtins")?;
        let name = self.text(b"set")?;
        let class = self.class(module, name)?;
        Ok(Value::Built(OPAQUE, {
            self.opaques.push(Opaque {
                class,
                text: None,
                called: false,
            });
            (self.opaques.len() - 1) as u32
        }))
    }
}
