//! Builds the model from a Pympler dump: two pickles, the index and the snapshots.
//!
//! Each instance is moved into the columns as soon as the pickle has finished it
//! (BUILD), and its state is let go. Instances of classes that are not Pympler's
//! stay opaque: a name, perhaps a text, and an error only where a figure is needed.

mod ahead;
mod asized;
mod build;
mod describe;
mod fields;
mod figures;
mod frames;
mod globals;
mod leaf;
mod lists;
mod object;
mod salvage;
mod sequences;
mod shapes;
mod snapshot;
mod texts;
mod write;

use std::collections::{HashMap, TryReserveError};
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::FixedState;

pub(crate) use ahead::Ahead;
use ahead::{Outside, Taking};
pub use build::{
    BuiltFrame, BuiltText, ClassRecord, DumpBuilder, Figure, FrameRecord, ObjectRecord,
    ProcessRecord, SnapshotRecord,
};
use frames::Frames;
use globals::{Global, recognise};
use lists::Lists;
use salvage::{Reached, Stop};
use shapes::Habits;
use texts::Texts;

use super::{Damage, reason};
use crate::model::{
    AsizedColumns, AsizedId, CachedClass, ClassId, ClassRow, Contents, Notes, ObjectColumns,
    ObjectId, ProcessMemory, Salvaged, SampleColumns, SnapshotId, SnapshotRow, TextArena, TextId,
};
use crate::pickle::{
    Adopted, Builder, Fault, FaultKind, Heap, Kind, Memo, Outcome, Pairs, Pickled, Reader, Value,
    bad_value, malformed, no_memory, read_pickle, too_large, unfit,
};
use crate::room::make_room;

// The kinds of finished values. The first nine fit into a packed memo entry.
const ASIZED: Kind = 0;
/// A tuple of `Asized`: the number of a group of referents.
const GROUP: Kind = 1;
/// A tuple of a time and an `Asized`.
const SAMPLE: Kind = 2;
const FRAME: Kind = 3;
const OBJECT: Kind = 4;
/// A tuple of None and a dict: the state of an instance with slots. The dict's number.
const SLOTS: Kind = 5;
/// The list of samples of an object that a shortcut took: the object's number.
const SAMPLES: Kind = 6;
const EMPTY_TUPLE: Kind = 7;
const OPAQUE: Kind = 8;
const TRACE: Kind = 9;
const PROCESS: Kind = 10;
/// A tuple that says of which class an instance is to be made. The class's number.
const RECIPE: Kind = 11;
const SNAPSHOT: Kind = 12;

/// Marks an instance that was created and not yet given its state.
const UNBUILT: TextId = TextId(u32::MAX - 1);

/// The longest name of a global, its module included.
const MAX_GLOBAL_BYTES: usize = 4096;

/// So often objects may be listed before they need so many bytes for each time: they take far
/// more, but for those in several classes.
const MOST_LISTED: u64 = 1 << 20;
const BYTES_PER_LISTED: u64 = 16;

/// How many globals are remembered by name for the notes.
const UNKNOWN_NAMED: usize = 100;

/// Reads both pickles; what is whole of them, if that is asked for.
///
/// With `ahead`, takes what other threads decode of it as the reader's bytes come.
pub(super) fn load(
    reader: &mut Reader<'_>,
    damage: Damage,
    ahead: Option<Arc<Ahead>>,
) -> Outcome<Contents> {
    let loader = Loader {
        damage,
        ahead: ahead.map(Taking::of),
        ..Loader::new()?
    };
    load_with(loader, reader)
}

fn load_with(mut loader: Loader, reader: &mut Reader<'_>) -> Outcome<Contents> {
    if let Err(stop) = loader.read(reader) {
        loader.salvage(stop, reader)?;
    }
    loader.finish().map_err(|fault| place(fault, reader))
}

/// Equal samples are one row, and a row that is used somewhere must not change.
#[cold]
fn built_twice(class: &str) -> Box<Fault> {
    bad_value(format!(
        "{class} instance is given its state twice, which no pickler does"
    ))
}

fn place(mut fault: Box<Fault>, reader: &Reader<'_>) -> Box<Fault> {
    fault.offset = reader.offset();
    fault
}

/// A global as the pickle named it.
struct ClassName {
    module: TextId,
    name: TextId,
    global: Global,
}

/// An instance of somebody else's class, or what somebody's function would return.
#[derive(PartialEq)]
struct Opaque {
    class: u32,
    /// The text that a subclass of `str` was made of.
    text: Option<TextId>,
    /// By a call of a function: not even its type is known.
    called: bool,
}

#[derive(Default)]
struct Loader {
    texts: Texts,
    frames: Frames,
    globals: Vec<ClassName>,
    /// By module, a zero, and name.
    global_numbers: HashMap<Vec<u8>, u32>,
    opaques: Vec<Opaque>,
    objects: ObjectColumns,
    samples: SampleColumns,
    asized: AsizedColumns,
    processes: Vec<ProcessMemory>,
    snapshots: Vec<SnapshotRow>,
    snapshot_rows: Vec<SnapshotId>,
    /// Which snapshot took a dict as its `classes`, by the dict's number in this pickle.
    cached: HashMap<u32, SnapshotId>,
    /// What was made of tuples of this pickle.
    taken_tuples: HashMap<u32, Value, FixedState>,
    /// Cached classes, those that stand in memory more often than in the file apart.
    cached_classes: usize,
    cached_copies: usize,
    /// Labelled texts of processes, as often as they stand in memory.
    labels: usize,
    /// Lines of frames with more or fewer than one.
    source_lines: usize,
    classes: Vec<ClassRow>,
    listed: Vec<ObjectId>,
    notes: Notes,
    /// Instances of Pympler's classes without state.
    unbuilt: u64,
    /// What to do if it is not whole.
    damage: Damage,
    /// Whether whole instances are taken in one step. Off only to test that it changes nothing.
    shortcuts: bool,
    /// Referents on their way into a group, those of outer ones first.
    gathered: Vec<AsizedId>,
    /// Frames on their way into a trace.
    gathered_frames: Vec<u32>,
    /// Lists of this pickle that shortcuts share.
    lists: Lists,
    /// What shortcuts expect.
    habits: Habits,
    /// What other threads decode of this pickle.
    ahead: Option<Taking>,
    /// What lies outside of the stretch of a pickle that is decoded apart from the rest.
    outside: Option<Outside>,
}

/// The keys of a dict, in their order: where each stands first, and where last. Its place is that
/// of the first and its value that of the last, as in Python.
fn keys(names: &[TextId], arena: &TextArena) -> Vec<(usize, usize)> {
    // The same text is mostly one number, and looked at once, however long it is.
    let mut order: Vec<u32> = (0..names.len() as u32).collect();
    order.sort_unstable_by_key(|&place| (names[place as usize], place));
    let numbers = order.chunk_by(|&a, &b| names[a as usize] == names[b as usize]);
    let hasher = foldhash::fast::RandomState::default();
    let mut found: Vec<(u64, u32, u32)> = numbers
        .map(|places| {
            let (first, last) = (places[0], places[places.len() - 1]);
            (
                hasher.hash_one(arena.bytes(names[first as usize])),
                first,
                last,
            )
        })
        .collect();
    drop(order);
    let text = |key: &(u64, u32, u32)| arena.bytes(names[key.1 as usize]);
    found.sort_unstable();
    found.dedup_by(|next, kept| {
        let same = next.0 == kept.0 && text(next) == text(kept);
        if same {
            kept.2 = kept.2.max(next.2);
        }
        same
    });
    found.sort_unstable_by_key(|&(_, first, _)| first);
    let places = found.into_iter();
    places
        .map(|(_, first, last)| (first as usize, last as usize))
        .collect()
}

impl Loader {
    fn new() -> Outcome<Self> {
        let mut texts = Texts::new();
        fields::register(&mut texts)?;
        Ok(Loader {
            texts,
            asized: AsizedColumns::new(),
            shortcuts: true,
            ..Loader::default()
        })
    }

    /// Reads both pickles into the columns. Where that stops, what came before is there.
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), Stop> {
        let stop = |reached| move |fault| Stop { fault, reached };
        let index = read_pickle(reader, self).map_err(|broken| {
            self.notes.protocols = [broken.protocol; 2];
            self.take_unfinished_index(&broken, reader.offset());
            stop(Reached::Objects)(broken.fault)
        })?;
        self.notes.protocols = [index.protocol; 2];
        if let Err(fault) = self.take_index(&index, reader.offset()) {
            let broken = index.broken(place(fault, reader));
            self.take_unfinished_index(&broken, reader.offset());
            return Err(stop(Reached::Objects)(broken.fault));
        }
        let rest = reader.peek(1).map_err(stop(Reached::Snapshots))?;
        if rest.is_empty() {
            let fault = FaultKind::OnlyFirst.boxed();
            return Err(stop(Reached::Snapshots)(place(fault, reader)));
        }
        // There are objects in the first alone.
        self.ahead = None;
        // The numbers of its dicts and lists mean nothing in the next.
        self.cached.clear();
        self.taken_tuples.clear();
        self.lists = Lists::default();
        self.habits = Habits::default();
        let snapshots = read_pickle(reader, self).map_err(|broken| {
            self.take_unfinished_snapshots(&broken);
            stop(Reached::Snapshots)(broken.fault)
        })?;
        self.notes.protocols[1] = snapshots.protocol;
        if let Err(fault) = self.take_snapshots(&snapshots) {
            let broken = snapshots.broken(place(fault, reader));
            self.take_unfinished_snapshots(&broken);
            return Err(stop(Reached::Snapshots)(broken.fault));
        }
        let claimed = index.frames_end.max(snapshots.frames_end);
        let needs = claimed.saturating_sub(reader.offset());
        let left = reader.skip(needs).map_err(stop(Reached::End))?;
        if left < needs {
            let what = format!(
                "a frame ends {} bytes behind the end of the file",
                needs - left
            );
            return Err(stop(Reached::End)(place(malformed(what), reader)));
        }
        if self.unbuilt > 0 {
            let fault = bad_value(format!("{} of its instances have no state", self.unbuilt));
            return Err(stop(Reached::End)(place(fault, reader)));
        }
        Ok(())
    }

    /// Keeps what is whole, if that is asked for and there is an object among it.
    fn salvage(&mut self, stop: Stop, reader: &Reader<'_>) -> Outcome<()> {
        let Stop { mut fault, reached } = stop;
        if !fault.is_damage() {
            return Err(fault);
        }
        let objects = self.count_whole();
        if self.damage == Damage::Refuse || objects == 0 {
            fault.whole_objects = objects;
            return Err(fault);
        }
        self.keep_whole();
        let snapshots = self.snapshot_rows.len() as u64;
        let snapshots_complete = reached == Reached::End;
        let mut snapshots_rebuilt = 0;
        if !snapshots_complete {
            snapshots_rebuilt = self.rebuild_snapshots(reader.offset())?;
        }
        self.notes.salvaged = Some(Salvaged {
            stopped_at_byte: fault.offset,
            reason: reason(&fault),
            bytes_not_read: 0,
            bytes_uncounted: false,
            objects,
            snapshots,
            objects_complete: reached != Reached::Objects,
            snapshots_complete,
            snapshots_rebuilt,
        });
        Ok(())
    }

    /// Moves the first pickle's dict of lists into the classes.
    fn take_index(&mut self, index: &Pickled, offset: u64) -> Outcome<()> {
        let Value::Dict(dict) = index.value else {
            return Err(unfit(format!(
                "its first pickle is {}, not a dict of tracked objects",
                self.describe_type(index.value)
            )));
        };
        let pairs = index.heap.dict(dict)?;
        let mut names = Vec::with_capacity(pairs.len());
        for &(key, _) in pairs {
            names.push(self.text_of(key, &index.heap, "a class name of the index")?);
        }
        for (first, last) in keys(&names, &self.texts.arena) {
            let Some(objects) = Self::items(&index.heap, pairs[last].1) else {
                return Err(unfit(format!(
                    "its index gives {} for a class, not a list of tracked objects",
                    self.describe_type(pairs[last].1)
                )));
            };
            self.take_class(names[first], objects, offset)?;
        }
        Ok(())
    }

    /// Lists the objects of a class, as far as they are objects.
    fn take_class(
        &mut self,
        name: TextId,
        objects: impl Iterator<Item = Value>,
        offset: u64,
    ) -> Outcome<()> {
        let start = self.listed.len();
        let outcome = self.list(objects, offset);
        self.classes.push(ClassRow {
            name,
            start: start as u32,
            count: (self.listed.len() - start) as u32,
        });
        outcome
    }

    fn list(&mut self, objects: impl Iterator<Item = Value>, offset: u64) -> Outcome<()> {
        let class = ClassId::at(self.classes.len());
        for value in objects {
            make_room(&mut self.listed).map_err(no_memory)?;
            let Value::Built(OBJECT, number) = value else {
                return Err(unfit(format!(
                    "its index lists {} where a TrackedObject belongs",
                    self.describe_type(value)
                )));
            };
            // Lists may be shared, so a short file can list its objects without end.
            if self.listed.len() as u64 >= offset / BYTES_PER_LISTED + MOST_LISTED {
                return Err(too_large(
                    "its classes share lists of objects over and over",
                ));
            }
            self.listed.push(ObjectId(number));
            self.objects.class[number as usize] = class;
        }
        Ok(())
    }

    /// Moves the second pickle's list into the order of snapshots.
    fn take_snapshots(&mut self, snapshots: &Pickled) -> Outcome<()> {
        let Some(rows) = Self::items(&snapshots.heap, snapshots.value) else {
            return Err(unfit(format!(
                "its second pickle is {}, not a list of snapshots",
                self.describe_type(snapshots.value)
            )));
        };
        for value in rows {
            let Value::Built(SNAPSHOT, number) = value else {
                return Err(unfit(format!(
                    "its list of snapshots holds {}",
                    self.describe_type(value)
                )));
            };
            self.snapshot_rows.push(SnapshotId(number));
        }
        Ok(())
    }

    fn finish(self) -> Outcome<Contents> {
        let dump = Contents {
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
            ..Contents::default()
        };
        if !dump.is_proportionate() {
            return Err(too_large("its objects share their sizes over and over"));
        }
        Ok(dump)
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
        self.new_opaque(
            heap,
            Opaque {
                class,
                text,
                called,
            },
        )
    }

    /// Keeps what is opaque; the same one after the other is one.
    fn new_opaque(&mut self, heap: &Heap, opaque: Opaque) -> Outcome<Value> {
        if self.opaques.last() != Some(&opaque) {
            heap.afford(self.opaques.len())?;
            self.opaques.push(opaque);
        }
        Ok(Value::Built(OPAQUE, (self.opaques.len() - 1) as u32))
    }
}

impl Builder for Loader {
    fn held_bytes(&self) -> usize {
        let notes = self.notes.unknown_globals.iter().map(String::len);
        let cached = self.cached_classes + self.cached_copies;
        self.texts.held_bytes()
            + self.frames.held_bytes()
            + self.lists.held_bytes()
            + self.objects.held_bytes()
            + self.samples.held_bytes()
            + self.asized.held_bytes()
            + size_of_val(&self.opaques[..])
            + size_of_val(&self.processes[..])
            + size_of_val(&self.snapshots[..])
            + self.source_lines * size_of::<TextId>()
            + self.labels * size_of::<(TextId, TextId)>()
            + self.taken_tuples.capacity() * size_of::<(u32, Value)>()
            + cached * size_of::<CachedClass>()
            + notes.sum::<usize>()
    }

    fn make_room(&mut self) -> Result<(), TryReserveError> {
        self.texts.arena.make_room()?;
        self.frames.make_room()?;
        self.objects.make_room()?;
        self.samples.make_room()?;
        self.asized.make_room()
    }

    fn is_precious(&self, value: Value) -> bool {
        match value {
            Value::Built(OBJECT, number) => self.is_whole(ObjectId(number)),
            Value::Built(SNAPSHOT, number) => self.snapshots[number as usize].desc != UNBUILT,
            _ => false,
        }
    }

    fn saves(&self) -> bool {
        self.damage == Damage::Salvage
    }

    #[inline]
    fn text(&mut self, wtf8: &[u8]) -> Outcome<u32> {
        self.texts.intern(wtf8).map(|id| id.0)
    }

    fn class(&mut self, module: u32, name: u32) -> Outcome<u32> {
        let (module, name) = (TextId(module), TextId(name));
        let arena = &self.texts.arena;
        if arena.bytes(module).len() + arena.bytes(name).len() > MAX_GLOBAL_BYTES {
            return Err(malformed("the name of a global is longer than any"));
        }
        let key = [arena.bytes(module), b"\0", arena.bytes(name)].concat();
        if let Some(&known) = self.global_numbers.get(&key) {
            return Ok(known);
        }
        // Their names are kept for good, and no program has so many.
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
        self.global_numbers.insert(key, number);
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
                time @ (Value::Float(_)
                | Value::Int(_)
                | Value::Wide(_)
                | Value::Huge(_)
                | Value::Bool(_)),
                Value::Built(ASIZED, asized),
            ] => match self.seconds(time, heap) {
                Some(time) => Some(Value::Built(
                    SAMPLE,
                    self.new_sample(time, AsizedId(asized))?,
                )),
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
                    self.asized.referents.push(AsizedId(number));
                }
                let start = u32::try_from(start)
                    .map_err(|_| too_large("it holds more than 4,294,967,295 referents"))?;
                self.asized.group_start.push(start);
                Some(Value::Built(
                    GROUP,
                    (self.asized.group_start.len() - 1) as u32,
                ))
            }
            [Value::Text(_), Value::Int(_), Value::Text(_), _, _] => {
                match self.frame_of(heap, items)? {
                    None => self.any_frame_of(heap, items)?,
                    frame => frame,
                }
            }
            [
                Value::Text(_),
                Value::Wide(_) | Value::Huge(_) | Value::Float(_) | Value::Bool(_),
                Value::Text(_),
                _,
                _,
            ] => self.any_frame_of(heap, items)?,
            // Of the objects of a class, or of the snapshots, and nothing else.
            [first @ Value::Built(OBJECT | SNAPSHOT, _), ..]
                if self.saves()
                    && self.is_precious(first)
                    && !items.iter().all(|&item| self.is_precious(item)) =>
            {
                return Err(malformed("whole objects would get lost"));
            }
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
                let id = self.asized.push(UNBUILT).ok_or_else(full)?;
                self.unbuilt += 1;
                Ok(Value::Built(ASIZED, id.0))
            }
            Global::TrackedObject => {
                heap.afford(self.objects.len())?;
                let number = u32::try_from(self.objects.push()).map_err(|_| full())?;
                self.objects.name[number as usize] = UNBUILT;
                self.unbuilt += 1;
                Ok(Value::Built(OBJECT, number))
            }
            Global::Snapshot => {
                // A row takes hundreds of bytes.
                heap.afford(8 * self.snapshots.len())?;
                let number = u32::try_from(self.snapshots.len()).map_err(|_| full())?;
                self.snapshots.push(SnapshotRow::empty(UNBUILT));
                self.unbuilt += 1;
                Ok(Value::Built(SNAPSHOT, number))
            }
            Global::Process(kind) => {
                heap.afford(8 * self.processes.len())?;
                let number = u32::try_from(self.processes.len()).map_err(|_| full())?;
                self.processes.push(ProcessMemory {
                    kind,
                    ..Default::default()
                });
                Ok(Value::Built(PROCESS, number))
            }
            Global::Dict => heap.new_dict(),
            _ => self.opaque(heap, class, arguments, false),
        }
    }

    fn call(&mut self, heap: &mut Heap, class: u32, arguments: Value) -> Outcome<Value> {
        match self.globals[class as usize].global {
            Global::Dict => {
                let dict = heap.new_dict()?;
                // Python 2 writes an OrderedDict as a call with a list of pairs.
                if let (Value::Dict(number), Value::Tuple(tuple)) = (dict, arguments)
                    && let [pairs] = *heap.tuple(tuple)
                {
                    let pairs: Vec<Value> =
                        Self::items(heap, pairs).into_iter().flatten().collect();
                    for pair in pairs {
                        let items = Self::items(heap, pair).into_iter().flatten();
                        heap.set_items(number, &items.collect::<Vec<_>>())?;
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
            ASIZED => self.build_asized(heap, AsizedId(number), &pairs)?,
            OBJECT => self.build_object(heap, ObjectId(number), &pairs)?,
            SNAPSHOT => self.build_snapshot(heap, SnapshotId(number), &pairs)?,
            PROCESS => self.build_process(heap, number, &pairs)?,
            _ => {}
        }
        heap.recycle(pairs);
        Ok(())
    }

    fn appended(&self, kind: Kind) -> Outcome<()> {
        match kind {
            SAMPLES => Err(malformed("a list grows after it was used")),
            _ => Ok(()),
        }
    }

    #[inline]
    fn shortcut(
        &mut self,
        class: u32,
        bytes: &[u8],
        heap: &mut Heap,
        memo: &mut Memo,
    ) -> Option<(usize, Value)> {
        if !self.shortcuts {
            return None;
        }
        match self.globals[class as usize].global {
            Global::Asized => shapes::asized(self, bytes, heap, memo),
            Global::TrackedObject => {
                let taken = shapes::tracked_object(self, bytes, heap, memo);
                if taken.is_some() && self.ahead.is_some() {
                    self.look_out(class, memo);
                }
                taken
            }
            _ => None,
        }
    }

    #[inline]
    fn ahead(&mut self, class: u32, offset: u64) -> Option<usize> {
        let is_object = self.globals[class as usize].global == Global::TrackedObject;
        self.ahead.as_mut().filter(|_| is_object)?.at(offset)
    }

    fn adopt(
        &mut self,
        heap: &mut Heap,
        memo: &mut Memo,
        passes: &mut dyn FnMut(u64),
    ) -> Outcome<Option<Adopted>> {
        self.adopt_run(heap, memo, passes)
    }

    fn most_for(&self, bytes: usize) -> usize {
        // Every index doubles when it is full.
        bytes.saturating_mul(ahead::MOST_PER_BYTE)
            + 2 * (self.frames.held_bytes() + self.texts.held_bytes())
    }

    fn set(&mut self, heap: &Heap) -> Outcome<Value> {
        let module = self.text(b"builtins")?;
        let name = self.text(b"set")?;
        let class = self.class(module, name)?;
        self.new_opaque(
            heap,
            Opaque {
                class,
                text: None,
                called: false,
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Dump;
    use crate::report::objects::{Detail, Objects};
    use crate::report::{JsonLayout, Report};
    use crate::select::Selection;

    /// Everything that a dump holds of its objects; `None` if it was refused.
    fn objects(bytes: &[u8], shortcuts: bool) -> Option<String> {
        let loader = Loader {
            shortcuts,
            ..Loader::new().unwrap()
        };
        let contents = load_with(loader, &mut Reader::new(bytes)).ok()?;
        let dump = Dump { contents };
        let mut out = Vec::new();
        let selected = Selection::default().select(&dump).unwrap();
        let report = Objects::of(&selected, Detail::default());
        report.json(&mut out, JsonLayout::Lines).unwrap();
        Some(String::from_utf8(out).unwrap())
    }

    /// On whole dumps, and on damaged ones, where shortcuts give up halfway.
    #[test]
    fn shortcuts_change_nothing() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let mut compared = 0;
        for folder in ["dumps", "edited", "variants", "invalid"] {
            for entry in std::fs::read_dir(root.join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.to_string_lossy().contains("bomb") {
                    continue;
                }
                let bytes = std::fs::read(&path).unwrap();
                assert_eq!(objects(&bytes, true), objects(&bytes, false), "{path:?}");
                compared += 1;
            }
        }
        assert!(compared > 400);
        let whole = std::fs::read(root.join("dumps/tree-1.0.1-py39.dump")).unwrap();
        let mut changed = whole.clone();
        for index in (0..whole.len()).step_by(13) {
            for mask in [0x01, 0xff] {
                changed[index] ^= mask;
                let (short, long) = (objects(&changed, true), objects(&changed, false));
                assert_eq!(short, long, "byte {index} ^ {mask}");
                changed[index] = whole[index];
            }
        }
    }
}
