//! A dump out of what a program has in memory, such as the tracker of a running one. Its columns
//! are those that pickles are read into, so that equal texts, frames and traces are one.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::globals::{Global, recognise};
use super::{Loader, SnapshotRow};
use crate::error::Error;
use crate::format::{Damage, explain};
use crate::model::{
    AsizedId, CachedClass, ClassRow, Dump, FrameRow, Number, ObjectId, ProcessMemory, SnapshotId,
    TextId, TraceId,
};
use crate::pickle::{Fault, Outcome, too_large};

/// A text that a builder keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltText(TextId);

/// A frame that a builder keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltFrame(u32);

/// Gathers what is to be a dump, record by record: first what a record consists of, then itself.
/// Records of referents, then of samples, objects, classes and snapshots may come in any order.
///
/// ```
/// use ctstats::{DumpBuilder, ObjectRecord, SnapshotRecord};
///
/// # fn main() -> Result<(), ctstats::Error> {
/// let mut builder = DumpBuilder::new()?;
/// let (name, repr) = (builder.text("Cart".as_bytes())?, builder.text("<Cart>".as_bytes())?);
/// let (size, none) = (builder.asized(56, 56, None, &[])?, builder.text(b"")?);
/// let cart = builder.object(&ObjectRecord {
///     name: Some(name),
///     repr: Some(repr),
///     birth_seconds: 0.5,
///     samples: &[(1.0, size)],
///     ..ObjectRecord::default()
/// })?;
/// builder.class("shop.Cart".as_bytes(), &[cart])?;
/// builder.snapshot(SnapshotRecord {
///     timestamp_seconds: 1.0,
///     description: Some(none),
///     tracked_total_bytes: 56,
///     ..SnapshotRecord::default()
/// })?;
/// let dump = builder.finish()?;
/// assert_eq!(dump.object_count(), 1);
/// # Ok(())
/// # }
/// ```
pub struct DumpBuilder {
    loader: Loader,
    /// Sizes without name and referents, as each object has at its birth: one for each size.
    leaves: HashMap<(i64, i64), AsizedId, FixedState>,
}

/// A tracked object. Texts that are `None` are Python's `None`.
#[derive(Clone, Copy, Debug, Default)]
pub struct ObjectRecord<'r> {
    /// Python's `id()` of it.
    pub address: i128,
    /// Its class name.
    pub name: Option<BuiltText>,
    /// Its repr when it was last sized.
    pub repr: Option<BuiltText>,
    /// Seconds since tracking began.
    pub birth_seconds: f64,
    /// Seconds since tracking began; `None` while alive.
    pub death_seconds: Option<f64>,
    /// Where it was created.
    pub trace: Option<TraceId>,
    /// Its sizes in the order recorded, with their seconds.
    pub samples: &'r [(f64, AsizedId)],
    /// How deep referents are recorded.
    pub resolution_level: Option<i32>,
}

/// A frame of a trace.
#[derive(Clone, Copy, Debug)]
pub struct FrameRecord<'r> {
    /// The file.
    pub file: BuiltText,
    /// The line, from 1.
    pub line: i64,
    /// The function.
    pub function: BuiltText,
    /// The lines of source around it; `None` where Python had no source.
    pub source: Option<&'r [BuiltText]>,
    /// Which of them is the current one.
    pub source_index: Option<i64>,
}

/// A snapshot.
#[derive(Clone, Debug, Default)]
pub struct SnapshotRecord {
    /// Seconds since tracking began.
    pub timestamp_seconds: f64,
    /// Its description; `None` is Python's `None`.
    pub description: Option<BuiltText>,
    /// Bytes of all tracked objects.
    pub tracked_total_bytes: i128,
    /// Bytes of all objects that asizeof found; 0 where it was not computed.
    pub asizeof_total_bytes: i128,
    /// Bytes of the tracker itself.
    pub overhead_bytes: i128,
    /// The process around them.
    pub process: ProcessRecord,
    /// What was computed of each class before, as `Stats.annotate_snapshot` does.
    pub classes: Option<Vec<ClassRecord>>,
}

/// The process at a snapshot: Pympler's `ProcessMemoryInfo`.
#[derive(Clone, Debug, Default)]
pub struct ProcessRecord {
    /// The name of its class in `pympler.process`.
    pub class: String,
    /// Whether the platform gave figures.
    pub available: bool,
    /// Virtual size, in bytes.
    pub virtual_bytes: i128,
    /// Resident set size, in bytes.
    pub resident_bytes: i128,
    /// The process's number.
    pub pid: Option<i64>,
    /// Page faults.
    pub pagefaults: Option<i64>,
    /// Bytes of the segments: data, code, shared, stack.
    pub segments: [Option<i64>; 4],
    /// Labelled texts of the platform.
    pub os_specific: Vec<(BuiltText, BuiltText)>,
}

/// What was computed of a class at a snapshot.
#[derive(Clone, Copy, Debug)]
pub struct ClassRecord {
    /// The name under which it was registered.
    pub class: BuiltText,
    /// Bytes of its objects.
    pub sum: Figure,
    /// Bytes of one of its objects.
    pub average: Figure,
    /// The share of the process, in percent.
    pub percent: Figure,
    /// How many were alive.
    pub active: Figure,
    /// The root of the merged referents.
    pub merged: Option<AsizedId>,
}

/// A number of the type that Python has it in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Figure {
    /// An int.
    Int(i128),
    /// A float.
    Float(f64),
}

impl From<Figure> for Number {
    fn from(figure: Figure) -> Self {
        match figure {
            Figure::Int(int) => Number::Int(int),
            Figure::Float(float) => Number::Float(float),
        }
    }
}

/// The model has NaNs of its own.
fn seconds(seconds: f64) -> f64 {
    if seconds.is_nan() { f64::NAN } else { seconds }
}

fn text_id(text: Option<BuiltText>) -> TextId {
    text.map_or(TextId::NONE, |text| text.0)
}

/// More than ctstats counts to, or than there is memory for.
#[allow(clippy::boxed_local, reason = "faults come in boxes")]
fn failed(fault: Box<Fault>) -> Error {
    explain(*fault, &[], Damage::Refuse).in_file("the tracker")
}

/// Every method fails if there is more of a kind than ctstats counts to, which are 2³² − 1.
impl DumpBuilder {
    /// Nothing yet.
    pub fn new() -> Result<Self, Error> {
        Ok(DumpBuilder {
            loader: Loader::new().map_err(failed)?,
            leaves: HashMap::default(),
        })
    }

    /// Keeps a text: UTF-8, lone surrogates of Python in their three-byte form.
    pub fn text(&mut self, wtf8: &[u8]) -> Result<BuiltText, Error> {
        let text = self.loader.texts.intern(wtf8);
        text.map(BuiltText).map_err(failed)
    }

    /// Keeps a size: bytes with and without its referents.
    pub fn asized(
        &mut self,
        size_bytes: i64,
        flat_bytes: i64,
        name: Option<BuiltText>,
        referents: &[AsizedId],
    ) -> Result<AsizedId, Error> {
        let is_leaf = name.is_none() && referents.is_empty();
        if is_leaf && let Some(&known) = self.leaves.get(&(size_bytes, flat_bytes)) {
            return Ok(known);
        }
        let group = self.loader.new_group(referents).map_err(failed)?;
        let full = || failed(too_large("it holds more than 4,294,967,295 sizes"));
        let columns = &mut self.loader.asized;
        let id = columns.push(TextId::NONE).ok_or_else(full)?;
        columns.set(id, size_bytes, flat_bytes, text_id(name), group);
        if is_leaf {
            self.leaves.insert((size_bytes, flat_bytes), id);
        }
        Ok(id)
    }

    /// Keeps a frame.
    pub fn frame(&mut self, frame: &FrameRecord<'_>) -> Result<BuiltFrame, Error> {
        let row = FrameRow {
            file: frame.file.0,
            line: frame.line,
            wide_line: TextId::NONE,
            function: frame.function.0,
            source: frame
                .source
                .map(|lines| lines.iter().map(|line| line.0).collect()),
            source_index: frame.source_index,
        };
        let loader = &mut self.loader;
        let number = loader.frames.frame_row(row, &mut loader.texts);
        number.map(BuiltFrame).map_err(failed)
    }

    /// Keeps a trace, the outermost frame first.
    pub fn trace(&mut self, frames: &[BuiltFrame]) -> Result<TraceId, Error> {
        let numbers: Vec<u32> = frames.iter().map(|frame| frame.0).collect();
        self.loader.frames.trace(&numbers).map_err(failed)
    }

    /// Keeps an object, which is in no class yet.
    pub fn object(&mut self, object: &ObjectRecord<'_>) -> Result<ObjectId, Error> {
        self.take_object(object).map_err(failed)
    }

    fn take_object(&mut self, object: &ObjectRecord<'_>) -> Outcome<ObjectId> {
        let loader = &mut self.loader;
        let start = loader.samples.time.len() as u32;
        for &(time, asized) in object.samples {
            loader.new_sample(seconds(time), asized)?;
        }
        let columns = &mut loader.objects;
        let index = columns.push();
        if u32::try_from(index).is_err() {
            return Err(too_large("it holds more than 4,294,967,295 objects"));
        }
        let id = ObjectId::at(index);
        columns.name[index] = text_id(object.name);
        columns.repr[index] = text_id(object.repr);
        columns.birth[index] = seconds(object.birth_seconds);
        columns.set_death(index, object.death_seconds.map(seconds));
        columns.trace[index] = object.trace.unwrap_or(TraceId::NONE);
        columns.sample_start[index] = start;
        columns.sample_count[index] = object.samples.len() as u32;
        columns.resolution_level[index] = object.resolution_level.unwrap_or(i32::MIN);
        match u64::try_from(object.address) {
            Ok(address) => columns.address[index] = address,
            Err(_) => {
                columns.wide_address.insert(id, object.address);
            }
        }
        Ok(id)
    }

    /// Lists objects of this builder as those of a class, under the name by which it was registered.
    pub fn class(&mut self, name: &[u8], objects: &[ObjectId]) -> Result<(), Error> {
        let name = self.text(name)?.0;
        let loader = &mut self.loader;
        let class = crate::model::ClassId::at(loader.classes.len());
        let start = loader.listed.len();
        let full = || failed(too_large("it lists more than 4,294,967,295 objects"));
        let end = u32::try_from(start + objects.len()).map_err(|_| full())?;
        for &object in objects {
            loader.objects.class[object.index()] = class;
        }
        loader.listed.extend_from_slice(objects);
        loader.classes.push(ClassRow {
            name,
            start: start as u32,
            count: end - start as u32,
        });
        Ok(())
    }

    /// Adds a snapshot behind the others.
    pub fn snapshot(&mut self, snapshot: SnapshotRecord) -> Result<(), Error> {
        let loader = &mut self.loader;
        let row = SnapshotRow {
            timestamp: seconds(snapshot.timestamp_seconds),
            desc: text_id(snapshot.description),
            tracked_total: snapshot.tracked_total_bytes,
            asizeof_total: snapshot.asizeof_total_bytes,
            overhead: snapshot.overhead_bytes,
            process: snapshot.process.row(),
            classes: snapshot
                .classes
                .map(|classes| classes.into_iter().map(ClassRecord::row).collect()),
        };
        let full = || failed(too_large("it holds more than 4,294,967,295 snapshots"));
        let number = u32::try_from(loader.snapshots.len()).map_err(|_| full())?;
        loader.snapshots.push(row);
        loader.snapshot_rows.push(SnapshotId(number));
        Ok(())
    }

    /// The dump.
    pub fn finish(mut self) -> Result<Dump, Error> {
        // The protocol that a dump of Pympler has, which is written if this one is.
        self.loader.notes.protocols = [4; 2];
        let contents = self.loader.finish().map_err(failed)?;
        Ok(Dump { contents })
    }
}

impl ProcessRecord {
    fn row(self) -> ProcessMemory {
        let kind = match recognise(b"pympler.process", self.class.as_bytes()) {
            Global::Process(kind) => kind,
            _ => 0,
        };
        let [data_segment, code_segment, shared_segment, stack_segment] = self.segments;
        let os_specific = self.os_specific.into_iter();
        ProcessMemory {
            available: self.available,
            virtual_bytes: self.virtual_bytes,
            resident_bytes: self.resident_bytes,
            kind,
            pid: self.pid,
            pagefaults: self.pagefaults,
            data_segment,
            code_segment,
            shared_segment,
            stack_segment,
            os_specific: os_specific.map(|(label, text)| (label.0, text.0)).collect(),
        }
    }
}

impl ClassRecord {
    fn row(self) -> CachedClass {
        CachedClass {
            class: self.class.0,
            sum: self.sum.into(),
            average: self.average.into(),
            percent: self.percent.into(),
            active: self.active.into(),
            merged: self.merged,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Asized, Text};

    /// Records again all that a dump has.
    struct Again {
        builder: DumpBuilder,
        asized: HashMap<AsizedId, AsizedId>,
    }

    impl Again {
        fn text(&mut self, text: Text<'_>) -> BuiltText {
            self.builder.text(text.as_bytes()).unwrap()
        }

        fn asized(&mut self, of: Asized<'_>) -> AsizedId {
            if let Some(&known) = self.asized.get(&of.id()) {
                return known;
            }
            let referents: Vec<_> = of.referents().map(|of| self.asized(of)).collect();
            let name = of.name().map(|name| self.text(name));
            let (size, flat) = (of.size_bytes(), of.flat_bytes());
            let id = self.builder.asized(size, flat, name, &referents).unwrap();
            self.asized.insert(of.id(), id);
            id
        }

        fn object(&mut self, of: crate::TrackedObject<'_>) -> ObjectId {
            let trace = of.trace().map(|trace| {
                let frames = trace.frames().map(|frame| {
                    let lines: Vec<_> = frame.source_lines().map(|line| self.text(line)).collect();
                    let frame = FrameRecord {
                        file: self.text(frame.file()),
                        line: frame.line(),
                        function: self.text(frame.function()),
                        source: frame.has_source().then_some(&lines),
                        source_index: frame.source_index(),
                    };
                    self.builder.frame(&frame).unwrap()
                });
                let frames: Vec<_> = frames.collect();
                self.builder.trace(&frames).unwrap()
            });
            let samples: Vec<_> = of
                .samples()
                .map(|sample| (sample.time_seconds, self.asized(sample.asized)))
                .collect();
            let record = ObjectRecord {
                address: of.address(),
                name: Some(self.text(of.name())),
                repr: Some(self.text(of.repr())),
                birth_seconds: of.birth_seconds(),
                death_seconds: of.death_seconds(),
                trace,
                samples: &samples,
                resolution_level: of.resolution_level(),
            };
            self.builder.object(&record).unwrap()
        }

        fn snapshot(&mut self, of: crate::Snapshot<'_>) {
            let process = of.process();
            let labels = of.process_labels();
            let os_specific = labels.map(|(a, b)| (self.text(a), self.text(b))).collect();
            let record = SnapshotRecord {
                timestamp_seconds: of.timestamp_seconds(),
                description: Some(self.text(of.description())),
                tracked_total_bytes: of.tracked_total_bytes(),
                asizeof_total_bytes: of.asizeof_total_bytes().unwrap_or(0),
                overhead_bytes: of.overhead_bytes(),
                process: ProcessRecord {
                    class: super::super::globals::PROCESS_CLASSES[process.kind as usize].into(),
                    available: process.available,
                    virtual_bytes: process.virtual_bytes,
                    resident_bytes: process.resident_bytes,
                    pid: process.pid,
                    pagefaults: process.pagefaults,
                    segments: [
                        process.data_segment,
                        process.code_segment,
                        process.shared_segment,
                        process.stack_segment,
                    ],
                    os_specific,
                },
                classes: None,
            };
            self.builder.snapshot(record).unwrap();
        }
    }

    /// What is built of a dump's records is that dump: both are written alike.
    #[test]
    fn a_dump_is_built_again() {
        for name in [
            "shop.dump",
            "leaky_shop.dump",
            "checkpoint_late.dump",
            "markup.dump",
        ] {
            let path = format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
            let dump = Dump::load(path).unwrap();
            let mut again = Again {
                builder: DumpBuilder::new().unwrap(),
                asized: HashMap::new(),
            };
            for class in dump.classes() {
                let objects: Vec<_> = class.objects().map(|object| again.object(object)).collect();
                again
                    .builder
                    .class(class.name().as_bytes(), &objects)
                    .unwrap();
            }
            for snapshot in dump.snapshots() {
                again.snapshot(snapshot);
            }
            let built = again.builder.finish().unwrap();
            let texts = [&dump, &built].map(|dump| {
                use crate::report::pympler::Writer;
                let mut out = Vec::new();
                let selected = crate::select::Selection::default().select(dump).unwrap();
                Writer::new(&mut out, false).objects(&selected).unwrap();
                out
            });
            assert!(texts[0] == texts[1], "{name}");
            // Sizes of births are shared, so they are not written at the same length.
            let read_again = |dump: &Dump| {
                let mut pickles = Vec::new();
                dump.write_pickles(&mut pickles).unwrap();
                Dump::read(&pickles[..]).unwrap()
            };
            for (a, b) in read_again(&built).snapshots().zip(dump.snapshots()) {
                assert_eq!(a.process().virtual_bytes, b.process().virtual_bytes);
                assert_eq!(a.process().kind, b.process().kind);
                assert_eq!(a.total_bytes(), b.total_bytes());
                assert_eq!(a.process_labels().len(), b.process_labels().len());
            }
        }
    }

    /// The model marks the living by a NaN of its own.
    #[test]
    fn no_moment_is_taken_for_another() {
        let mut builder = DumpBuilder::new().unwrap();
        let size = builder.asized(1 << 40, -1, None, &[]).unwrap();
        let object = builder
            .object(&ObjectRecord {
                address: -5,
                death_seconds: Some(f64::from_bits(0x7ff8_c757_a757_0001)),
                samples: &[(f64::NAN, size)],
                ..ObjectRecord::default()
            })
            .unwrap();
        builder.class(b"\xed\xb2\x80", &[object]).unwrap();
        let dump = builder.finish().unwrap();
        let object = dump.object(object);
        assert!(!object.is_alive() && object.death_seconds().unwrap().is_nan());
        assert_eq!(object.address(), -5);
        assert_eq!(object.largest_bytes(crate::Rules::Pympler), 1 << 40);
        assert_eq!(object.class().name().to_str(), "\\udc80");
    }
}
