//! The objects of a dump, as Pympler shows them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use ctstats::{Asized, Dump, ObjectId, Stats, Text};
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyRecursionError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

use crate::error::Failure;
use crate::stream::text;

/// How many sizes one attribute unfolds into at most. Those of a dump may share their referents.
pub(crate) const MOST_SIZES: usize = 1 << 20;

/// An object that the tracker followed, as a dump has it: Pympler's ``TrackedObject``.
///
/// Its attributes are those of Pympler's; they cannot be set, others can.
#[pyclass(frozen, dict, weakref, module = "ctstats")]
pub(crate) struct TrackedObject {
    pub(crate) dump: Arc<Dump>,
    pub(crate) id: ObjectId,
    /// Its place among all objects of the dump.
    pub(crate) place: usize,
    /// The class in whose list it stands there.
    class: Py<PyString>,
    size: i64,
    tsize: i64,
    /// What sizes are shown as.
    asized: Py<PyAny>,
}

/// All objects of a dump, class by class.
pub(crate) fn index<'py>(
    py: Python<'py>,
    stats: &Stats,
    asized: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyDict>> {
    let index = PyDict::new(py);
    let mut place = 0;
    // One in two classes is one object in both lists.
    let objects = stats.dump().objects().map(|object| object.id().index());
    let is_shared = stats.dump().object_count() > objects.max().map_or(0, |last| last + 1);
    let mut known = HashMap::new();
    for class in stats.dump().classes() {
        let name = text(py, class.name().as_bytes())?;
        let objects = PyList::empty(py);
        for object in class.objects() {
            let view = TrackedObject {
                dump: stats.shared_dump(),
                id: object.id(),
                place,
                class: name.clone().unbind(),
                size: stats.sizes().largest_bytes(object.id()),
                tsize: stats.sizes().at_peak_bytes(object.id()),
                asized: asized.clone().unbind(),
            };
            place += 1;
            if !is_shared {
                objects.append(view)?;
                continue;
            }
            let known = known.entry(object.id());
            let view = match known {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(Bound::new(py, view)?),
            };
            objects.append(&*view)?;
        }
        index.set_item(name, objects)?;
    }
    Ok(index)
}

fn shown<'py>(py: Python<'py>, of: Text<'_>) -> PyResult<Bound<'py, PyString>> {
    text(py, of.as_bytes())
}

impl TrackedObject {
    fn object(&self) -> ctstats::TrackedObject<'_> {
        self.dump.object(self.id)
    }
}

#[pymethods]
impl TrackedObject {
    /// The name under which its class was registered.
    #[getter]
    fn classname(&self, py: Python<'_>) -> Py<PyString> {
        self.class.clone_ref(py)
    }

    /// Its class name.
    #[getter]
    fn name<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        shown(py, self.object().name())
    }

    /// Its repr when it was last sized; clipped by Pympler to 128 characters.
    #[getter]
    fn repr<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        shown(py, self.object().repr())
    }

    /// Its address: what id() gave for it.
    #[getter]
    fn id<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let address = self.object().exact_address();
        let sign = if address.is_negative() { "-" } else { "" };
        let digits = format!("{sign}{}", address.hexadecimal());
        py.get_type::<pyo3::types::PyInt>().call1((digits, 16))
    }

    /// When it was created, in seconds since tracking began.
    #[getter]
    fn birth(&self) -> f64 {
        self.object().birth_seconds()
    }

    /// When it died, in seconds since tracking began; None while alive.
    #[getter]
    fn death(&self) -> Option<f64> {
        self.object().death_seconds()
    }

    /// The largest size measured, in bytes.
    #[getter]
    fn size(&self) -> i64 {
        self.size
    }

    /// The size during the largest snapshot, in bytes.
    #[getter]
    fn tsize(&self) -> i64 {
        self.tsize
    }

    /// Where it was created, the outermost frame first: a list of (file, line, function, source
    /// lines, which of them). None unless it was tracked with trace=True.
    #[getter]
    fn trace<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyList>>> {
        let Some(trace) = self.object().trace() else {
            return Ok(None);
        };
        let frames = PyList::empty(py);
        for frame in trace.frames() {
            let lines = frame.source_lines().map(|line| shown(py, line));
            let lines = lines.collect::<PyResult<Vec<_>>>()?;
            let lines = if frame.has_source() {
                Some(lines)
            } else {
                None
            };
            let parts = (
                shown(py, frame.file())?,
                frame.line(),
                shown(py, frame.function())?,
                lines,
                frame.source_index(),
            );
            frames.append(parts)?;
        }
        Ok(Some(frames))
    }

    /// Its sizes in the order recorded: a list of (seconds, Asized). The first is its basic size at
    /// birth.
    #[getter]
    fn snapshots<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let samples = PyList::empty(py);
        let mut tree = Tree::of(self.asized.bind(py));
        for sample in self.object().samples() {
            samples.append((sample.time_seconds, tree.asized(sample.asized, 0)?))?;
        }
        Ok(samples)
    }

    /// How deep its referents were recorded; None where the dump does not say.
    #[getter(_resolution_level)]
    fn resolution_level(&self) -> Option<i32> {
        self.object().resolution_level()
    }

    /// The largest size measured, in bytes, samples after its death included.
    fn get_max_size(&self) -> i64 {
        let sizes = self
            .object()
            .samples()
            .map(|sample| sample.asized.size_bytes());
        sizes.max().unwrap_or(0)
    }

    /// Its size at a snapshot, in bytes; 0 if it was not measured at exactly that moment.
    fn get_size_at_time(&self, timestamp: Option<f64>) -> i64 {
        let sample = self
            .object()
            .samples()
            .rfind(|s| Some(s.time_seconds) == timestamp);
        sample.map_or(0, |sample| sample.asized.size_bytes())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let object = self.object();
        let address = object.exact_address().hexadecimal();
        let class = self.class.bind(py);
        Ok(format!(
            "<ctstats.TrackedObject {class} at 0x{address}, {}>",
            object.repr()
        ))
    }
}

/// A node whose referents are still to come: itself, whether it was merged, its referents so far.
type Open<'py> = (Bound<'py, PyAny>, bool, Vec<Bound<'py, PyAny>>);

/// Makes trees of sizes, which Python holds whole.
pub(crate) struct Tree<'a, 'py> {
    /// `Asized` of Pympler, or what is like it.
    class: &'a Bound<'py, PyAny>,
    left: usize,
}

impl<'a, 'py> Tree<'a, 'py> {
    pub(crate) fn of(class: &'a Bound<'py, PyAny>) -> Self {
        Tree {
            class,
            left: MOST_SIZES,
        }
    }

    fn asized(&mut self, of: Asized<'_>, level: usize) -> PyResult<Bound<'py, PyAny>> {
        let py = self.class.py();
        let left = self.left.checked_sub(1).filter(|_| level < 900);
        let Some(left) = left else {
            let what =
                "a size has more referents than can be shown: they share their parts over and over";
            return Err(PyRecursionError::new_err(what));
        };
        self.left = left;
        let referents = of
            .referents()
            .map(|referent| self.asized(referent, level + 1));
        let referents = referents.collect::<PyResult<Vec<_>>>()?;
        let name = of.name().map(|name| shown(py, name)).transpose()?;
        self.class.call1((
            of.size_bytes(),
            of.flat_bytes(),
            PyTuple::new(py, referents)?,
            name,
        ))
    }

    /// The root of merged referents.
    pub(crate) fn merged(
        &self,
        tree: &ctstats::analysis::annotation::AnnotationTree<'_>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = self.class.py();
        // The nodes from the root to the one in hand, each with its referents so far.
        let mut open: Vec<Open<'py>> = Vec::new();
        let close = |open: &mut Vec<Open<'py>>| {
            let Some((node, is_merged, referents)) = open.pop() else {
                return Ok::<_, PyErr>(());
            };
            let referents = if is_merged {
                PyList::new(py, referents)?.into_any()
            } else {
                PyTuple::new(py, referents)?.into_any()
            };
            node.setattr("refs", referents)?;
            match open.last_mut() {
                Some((_, _, above)) => above.push(node),
                // The root stays.
                None => open.push((node, is_merged, Vec::new())),
            }
            Ok(())
        };
        tree.each(MOST_SIZES, |node| -> Result<(), Failure> {
            while open.len() > node.level {
                close(&mut open)?;
            }
            let name = node.name.map(|name| shown(py, name)).transpose()?;
            let sizes = (node.size_bytes, node.flat_bytes, PyTuple::empty(py), name);
            open.push((self.class.call1(sizes)?, node.is_merged, Vec::new()));
            Ok(())
        })
        .map_err(PyErr::from)?;
        while open.len() > 1 {
            close(&mut open)?;
        }
        close(&mut open)?;
        match open.pop() {
            Some((root, _, _)) => Ok(root),
            None => py.None().into_bound_py_any(py),
        }
    }
}
