//! What Python has in memory of a tracker into a dump. Looks at attributes only, so whatever has
//! those of Pympler's classes will do.
//!
//! Nothing of Pympler runs meanwhile and the interpreter's lock is held, so other threads cannot
//! change a tracker halfway.

use std::collections::HashMap;

use ctstats::{
    AsizedId, BuiltFrame, BuiltText, ClassRecord, Dump, DumpBuilder, Figure, FrameRecord, ObjectId,
    ObjectRecord, ProcessRecord, SnapshotRecord, TraceId,
};
use foldhash::fast::FixedState;
use pyo3::exceptions::{PyRecursionError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyFloat, PyList, PyString, PyTuple};

use crate::error::Failure;

/// How deep referents go. Pympler itself ends near 1000, with a RecursionError too.
const MAX_LEVEL: usize = 900;

/// What of objects is looked at.
#[derive(Clone, Copy)]
pub(crate) enum Wanted {
    All,
    /// Lives and sizes, without traces and referents; names and reprs if asked for.
    ToSort {
        names: bool,
        reprs: bool,
    },
}

impl Wanted {
    fn is_all(self) -> bool {
        matches!(self, Wanted::All)
    }
}

/// Gathers a dump. What is known by its address in memory is held on to, so that no other object
/// gets that address.
pub(crate) struct Walk<'py> {
    py: Python<'py>,
    builder: DumpBuilder,
    wanted: Wanted,
    texts: HashMap<usize, (Bound<'py, PyAny>, BuiltText), FixedState>,
    /// `None` while its referents are looked at.
    asized: HashMap<usize, (Bound<'py, PyAny>, Option<AsizedId>), FixedState>,
    frames: HashMap<FrameKey, BuiltFrame, FixedState>,
    samples: Vec<(f64, AsizedId)>,
}

/// File, line, function, source and which line of it; texts by their addresses.
type FrameKey = (usize, i64, usize, usize, Option<i64>);

fn address(of: &Bound<'_, PyAny>) -> usize {
    of.as_ptr().addr()
}

/// The items of a list or tuple, or of anything that Python can go through. Those of a list are
/// copied first: while they are looked at it may change.
fn items<'py>(of: &Bound<'py, PyAny>) -> PyResult<Vec<Bound<'py, PyAny>>> {
    if let Ok(list) = of.cast::<PyList>() {
        Ok(list.iter().collect())
    } else if let Ok(tuple) = of.cast::<PyTuple>() {
        Ok(tuple.iter().collect())
    } else {
        of.try_iter()?.collect()
    }
}

fn figure(of: &Bound<'_, PyAny>) -> PyResult<Figure> {
    match of.cast::<PyFloat>() {
        Ok(float) => Ok(Figure::Float(float.value())),
        Err(_) => of.extract().map(Figure::Int),
    }
}

/// An attribute that not every kind has.
fn optional<'py, T>(of: &Bound<'py, PyAny>, name: &Bound<'py, PyString>) -> Option<T>
where
    T: for<'a> FromPyObject<'a, 'py>,
{
    of.getattr(name).ok()?.extract().ok()
}

impl<'py> Walk<'py> {
    pub(crate) fn new(py: Python<'py>, wanted: Wanted) -> Result<Self, Failure> {
        Ok(Walk {
            py,
            builder: DumpBuilder::new()?,
            wanted,
            texts: HashMap::default(),
            asized: HashMap::default(),
            frames: HashMap::default(),
            samples: Vec::new(),
        })
    }

    pub(crate) fn finish(self) -> Result<Dump, Failure> {
        Ok(self.builder.finish()?)
    }

    /// The objects of a class.
    pub(crate) fn class(
        &mut self,
        name: &Bound<'py, PyAny>,
        objects: &Bound<'py, PyAny>,
    ) -> Result<(), Failure> {
        let objects = items(objects)?;
        let ids = objects.iter().map(|object| self.object(object));
        let ids = ids.collect::<Result<Vec<ObjectId>, Failure>>()?;
        let name = wtf8(name)?;
        Ok(self.builder.class(name.as_bytes(), &ids)?)
    }

    /// The objects of a list, each of the class that its `classname` says, numbered in the order of
    /// the list.
    pub(crate) fn list(&mut self, objects: &Bound<'py, PyList>) -> Result<(), Failure> {
        let mut classes: Vec<(Bound<'py, PyAny>, Vec<ObjectId>)> = Vec::new();
        let mut numbers: HashMap<Vec<u8>, usize> = HashMap::new();
        // One object after the other mostly has the same class, and then the very same name.
        let mut last = (0, 0);
        for object in items(objects)? {
            let name = object.getattr(intern!(self.py, "classname"))?;
            if classes.is_empty() || last.0 != address(&name) {
                let new = classes.len();
                let number = *numbers
                    .entry(wtf8(&name)?.as_bytes().to_vec())
                    .or_insert(new);
                if number == new {
                    classes.push((name.clone(), Vec::new()));
                }
                last = (address(&classes[number].0), number);
                // Another object of an equal name is looked up again.
                last.0 = if last.0 == address(&name) { last.0 } else { 0 };
            }
            let id = self.object(&object)?;
            classes[last.1].1.push(id);
        }
        for (name, ids) in classes {
            self.builder.class(wtf8(&name)?.as_bytes(), &ids)?;
        }
        Ok(())
    }

    /// A tracked object.
    fn object(&mut self, object: &Bound<'py, PyAny>) -> Result<ObjectId, Failure> {
        let py = self.py;
        let death = object.getattr(intern!(py, "death"))?;
        let trace = if self.wanted.is_all() {
            self.trace(&object.getattr(intern!(py, "trace"))?)?
        } else {
            None
        };
        let mut samples = std::mem::take(&mut self.samples);
        samples.clear();
        for sample in items(&object.getattr(intern!(py, "snapshots"))?)? {
            let sample = sample.cast::<PyTuple>().map_err(PyErr::from)?;
            let (time, size) = (sample.get_item(0)?.extract()?, sample.get_item(1)?);
            samples.push((time, self.asized(&size, 0)?));
        }
        let (names, reprs) = match self.wanted {
            Wanted::All => (true, true),
            Wanted::ToSort { names, reprs } => (names, reprs),
        };
        let (mut name, mut repr) = (None, None);
        if names {
            name = self.repeated_text(&object.getattr(intern!(py, "name"))?)?;
        }
        if reprs {
            repr = self.text(&object.getattr(intern!(py, "repr"))?)?;
        }
        // Nothing is sorted by the others.
        let (address, resolution_level) = if self.wanted.is_all() {
            let address = object.getattr(intern!(py, "id"))?.extract()?;
            (address, optional(object, intern!(py, "_resolution_level")))
        } else {
            (0, None)
        };
        let record = ObjectRecord {
            address,
            name,
            repr,
            birth_seconds: object.getattr(intern!(py, "birth"))?.extract()?,
            death_seconds: if death.is_none() {
                None
            } else {
                Some(death.extract()?)
            },
            trace,
            samples: &samples,
            resolution_level,
        };
        let id = self.builder.object(&record)?;
        self.samples = samples;
        Ok(id)
    }

    fn asized(&mut self, asized: &Bound<'py, PyAny>, level: usize) -> Result<AsizedId, Failure> {
        let py = self.py;
        let size = asized.getattr(intern!(py, "size"))?.extract()?;
        if !self.wanted.is_all() {
            return Ok(self.builder.asized(size, 0, None, &[])?);
        }
        let flat = asized.getattr(intern!(py, "flat"))?.extract()?;
        let name = self.repeated_text(&asized.getattr(intern!(py, "name"))?)?;
        let referents = items(&asized.getattr(intern!(py, "refs"))?)?;
        if referents.is_empty() {
            return Ok(self.builder.asized(size, flat, name, &[])?);
        }
        let known = self.asized.insert(address(asized), (asized.clone(), None));
        match known {
            Some((_, Some(id))) => {
                self.asized
                    .insert(address(asized), (asized.clone(), Some(id)));
                return Ok(id);
            }
            Some((_, None)) => {
                let what = "a size contains itself among its referents";
                return Err(PyRecursionError::new_err(what).into());
            }
            None if level == MAX_LEVEL => {
                let what = format!("referents go deeper than {MAX_LEVEL} levels");
                return Err(PyRecursionError::new_err(what).into());
            }
            None => {}
        }
        let ids = referents
            .iter()
            .map(|referent| self.asized(referent, level + 1));
        let ids = ids.collect::<Result<Vec<AsizedId>, Failure>>()?;
        let id = self.builder.asized(size, flat, name, &ids)?;
        self.asized
            .insert(address(asized), (asized.clone(), Some(id)));
        Ok(id)
    }

    /// A trace; Pympler prints none that is empty.
    fn trace(&mut self, trace: &Bound<'py, PyAny>) -> Result<Option<TraceId>, Failure> {
        if !trace.is_truthy()? {
            return Ok(None);
        }
        let frames = items(trace)?;
        let frames = frames.iter().map(|frame| self.frame(frame));
        let frames = frames.collect::<Result<Vec<BuiltFrame>, Failure>>()?;
        Ok(Some(self.builder.trace(&frames)?))
    }

    fn frame(&mut self, frame: &Bound<'py, PyAny>) -> Result<BuiltFrame, Failure> {
        let [file, line, function, source, index] = &items(frame)?[..] else {
            let what = "a frame of a trace is not (file, line, function, source lines, index)";
            return Err(PyTypeError::new_err(what).into());
        };
        let line = line.extract()?;
        let source_index = index.extract().ok();
        let lines = if source.is_none() {
            Vec::new()
        } else {
            items(source)?
        };
        // Python's cache of source gives out the same text for the same line.
        let source_address = match &lines[..] {
            [] => usize::from(!source.is_none()),
            [line] => address(line),
            _ => 2,
        };
        let key = (
            address(file),
            line,
            address(function),
            source_address,
            source_index,
        );
        if lines.len() <= 1
            && let Some(&known) = self.frames.get(&key)
        {
            return Ok(known);
        }
        let lines = lines.iter().map(|line| self.some_text(line));
        let lines = lines.collect::<Result<Vec<BuiltText>, Failure>>()?;
        let built = FrameRecord {
            file: self.some_text(file)?,
            line,
            function: self.some_text(function)?,
            source: (!source.is_none()).then_some(&lines),
            source_index,
        };
        let built = self.builder.frame(&built)?;
        if lines.len() <= 1 {
            self.frames.insert(key, built);
        }
        Ok(built)
    }

    /// A snapshot.
    pub(crate) fn snapshot(&mut self, snapshot: &Bound<'py, PyAny>) -> Result<(), Failure> {
        let py = self.py;
        let classes = snapshot.getattr(intern!(py, "classes"))?;
        let record = SnapshotRecord {
            timestamp_seconds: snapshot.getattr(intern!(py, "timestamp"))?.extract()?,
            description: self.text(&snapshot.getattr(intern!(py, "desc"))?)?,
            tracked_total_bytes: snapshot.getattr(intern!(py, "tracked_total"))?.extract()?,
            asizeof_total_bytes: snapshot.getattr(intern!(py, "asizeof_total"))?.extract()?,
            overhead_bytes: optional(snapshot, intern!(py, "overhead")).unwrap_or(0),
            process: self.process(&snapshot.getattr(intern!(py, "system_total"))?)?,
            classes: if classes.is_none() {
                None
            } else {
                Some(self.classes(&classes)?)
            },
        };
        Ok(self.builder.snapshot(record)?)
    }

    fn process(&mut self, process: &Bound<'py, PyAny>) -> Result<ProcessRecord, Failure> {
        let py = self.py;
        let mut os_specific = Vec::new();
        if let Ok(pairs) = process.getattr(intern!(py, "os_specific")) {
            for pair in items(&pairs)? {
                let (label, text): (Bound<'py, PyAny>, Bound<'py, PyAny>) = pair.extract()?;
                os_specific.push((self.some_text(&label)?, self.some_text(&text)?));
            }
        }
        let available = process.getattr(intern!(py, "available"))?.is_truthy()?;
        Ok(ProcessRecord {
            class: process.get_type().name()?.to_string(),
            available,
            virtual_bytes: process.getattr(intern!(py, "vsz"))?.extract()?,
            resident_bytes: optional(process, intern!(py, "rss")).unwrap_or(0),
            pid: optional(process, intern!(py, "pid")),
            pagefaults: optional(process, intern!(py, "pagefaults")),
            segments: [
                optional(process, intern!(py, "data_segment")),
                optional(process, intern!(py, "code_segment")),
                optional(process, intern!(py, "shared_segment")),
                optional(process, intern!(py, "stack_segment")),
            ],
            os_specific,
        })
    }

    /// What `annotate_snapshot` left in a snapshot.
    fn classes(&mut self, classes: &Bound<'py, PyAny>) -> Result<Vec<ClassRecord>, Failure> {
        let py = self.py;
        let classes = classes.cast::<PyDict>().map_err(PyErr::from)?.items();
        let mut records = Vec::with_capacity(classes.len());
        for pair in classes {
            let (class, figures): (Bound<'py, PyAny>, Bound<'py, PyAny>) = pair.extract()?;
            let merged = match figures.get_item(intern!(py, "merged")) {
                Ok(merged) if self.wanted.is_all() => Some(self.asized(&merged, 0)?),
                _ => None,
            };
            records.push(ClassRecord {
                class: self.some_text(&class)?,
                sum: figure(&figures.get_item(intern!(py, "sum"))?)?,
                average: figure(&figures.get_item(intern!(py, "avg"))?)?,
                percent: figure(&figures.get_item(intern!(py, "pct"))?)?,
                active: figure(&figures.get_item(intern!(py, "active"))?)?,
                merged,
            });
        }
        Ok(records)
    }

    /// A text as Python's `str()` has it; `None` of None.
    fn text(&mut self, of: &Bound<'py, PyAny>) -> Result<Option<BuiltText>, Failure> {
        if of.is_none() {
            return Ok(None);
        }
        Ok(Some(self.builder.text(wtf8(of)?.as_bytes())?))
    }

    /// The same of one that many have, often as the very same object.
    fn repeated_text(&mut self, of: &Bound<'py, PyAny>) -> Result<Option<BuiltText>, Failure> {
        if of.is_none() {
            return Ok(None);
        }
        self.some_text(of).map(Some)
    }

    /// The same, but None is a text as well.
    fn some_text(&mut self, of: &Bound<'py, PyAny>) -> Result<BuiltText, Failure> {
        if let Some((_, known)) = self.texts.get(&address(of)) {
            return Ok(*known);
        }
        let text = self.builder.text(wtf8(of)?.as_bytes())?;
        self.texts.insert(address(of), (of.clone(), text));
        Ok(text)
    }
}

/// The text that Python's `str()` makes of a value, lone surrogates in their three-byte form.
fn wtf8<'py>(of: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    let text = of.str()?;
    match text.encode_utf8() {
        Ok(utf8) => Ok(utf8),
        Err(_) => Ok(text
            .call_method1("encode", ("utf-8", "surrogatepass"))?
            .cast_into()?),
    }
}
