//! A dump, as Python asks it: loaded from a file, or walked out of a tracker.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use ctstats::analysis::ClassAnnotation;
use ctstats::analysis::summary::{Summary, SummaryOptions};
use ctstats::output::Output;
use ctstats::report::objects::{Detail, Objects};
use ctstats::report::{Report, Style, html, pympler};
use ctstats::select::{Limit, SortKey};
use ctstats::{Dump, ObjectId, Rules, Stats};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::error::{Failure, computed};
use crate::stream::{Reader, Takes, Writer, text};
use crate::views::{self, TrackedObject, Tree};
use crate::walk::{Walk, Wanted};

/// A dump in memory, and the order of its objects.
#[pyclass(frozen, module = "ctstats._ctstats")]
pub(crate) struct Recording {
    /// Locked only to take a copy, or to put one back: nobody waits with it in hand.
    stats: Mutex<Stats>,
}

fn rules(pympler: bool) -> Rules {
    if pympler {
        Rules::Pympler
    } else {
        Rules::Documented
    }
}

impl Recording {
    fn of(dump: Dump, pympler: bool) -> Self {
        Recording {
            stats: Mutex::new(Stats::with_rules(dump, rules(pympler))),
        }
    }

    fn stats(&self) -> Stats {
        self.stats
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn put(&self, stats: Stats) {
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner) = stats;
    }

    /// The places of these objects, if they are all ours.
    fn places(objects: &Bound<'_, PyList>, stats: &Stats) -> Option<Vec<(usize, ObjectId)>> {
        let places = objects.iter().map(|object| {
            let object = object.cast_into_exact::<TrackedObject>().ok()?;
            let object = object.get();
            let is_ours = std::ptr::eq(&*object.dump, stats.dump());
            is_ours.then_some((object.place, object.id))
        });
        places.collect()
    }
}

#[pymethods]
impl Recording {
    /// Reads a file by its name.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf, pympler: bool) -> PyResult<Self> {
        computed(py, || Ok(Recording::of(Dump::load(path)?, pympler)))
    }

    /// Reads an open file from where it stands; also gives how many bytes the dump had, if it was
    /// not compressed.
    #[staticmethod]
    fn read(py: Python<'_>, file: Py<PyAny>, pympler: bool) -> PyResult<(Self, Option<u64>)> {
        let name = file
            .bind(py)
            .getattr("name")
            .and_then(|name| name.extract::<String>());
        let name = name.unwrap_or_else(|_| "input".into());
        computed(py, || {
            let dump = Dump::read(Reader::new(file)).map_err(|error| error.in_file(&name))?;
            let notes = dump.notes();
            let bytes = notes.compression.is_none().then_some(notes.dump_bytes);
            Ok((Recording::of(dump, pympler), bytes))
        })
    }

    /// Walks an index, which is a list of names and lists, and a list of snapshots. Only lives and
    /// sizes, unless the whole is wanted.
    #[staticmethod]
    fn walk<'py>(
        py: Python<'py>,
        index: Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>,
        snapshots: Vec<Bound<'py, PyAny>>,
        whole: bool,
        pympler: bool,
    ) -> PyResult<Self> {
        let walk = || -> Result<Dump, Failure> {
            let wanted = match whole {
                true => Wanted::All,
                false => Wanted::ToSort {
                    names: false,
                    reprs: false,
                },
            };
            let mut walk = Walk::new(py, wanted)?;
            for (name, objects) in &index {
                walk.class(name, objects)?;
            }
            for snapshot in &snapshots {
                walk.snapshot(snapshot)?;
            }
            walk.finish()
        };
        let dump = walk()?;
        computed(py, || Ok(Recording::of(dump, pympler)))
    }

    /// Walks a list of objects, each of the class that its `classname` says, and a list of
    /// snapshots: as far as these sort keys need it, or all of it without keys. The objects have the
    /// order of the list, and get their sizes as attributes.
    #[staticmethod]
    fn walk_list<'py>(
        py: Python<'py>,
        objects: &Bound<'py, PyList>,
        snapshots: Vec<Bound<'py, PyAny>>,
        keys: Option<Vec<String>>,
        pympler: bool,
    ) -> PyResult<Self> {
        let wanted = keys.map_or(Wanted::All, |keys| Wanted::ToSort {
            names: keys.iter().any(|key| key == "name"),
            reprs: keys.iter().any(|key| key == "repr"),
        });
        // The walk may run code of the objects' own, which may change the list.
        let objects = PyList::new(py, objects.iter())?;
        let walk = || -> Result<Dump, Failure> {
            let mut walk = Walk::new(py, wanted)?;
            walk.list(&objects)?;
            for snapshot in &snapshots {
                walk.snapshot(snapshot)?;
            }
            walk.finish()
        };
        let dump = walk()?;
        let recording = computed(py, || Ok(Recording::of(dump, pympler)))?;
        let mut stats = recording.stats();
        for (number, object) in (0..).zip(&objects) {
            if object.is_exact_instance_of::<TrackedObject>() {
                continue;
            }
            let id = ObjectId::from(number);
            let (size, tsize) = (
                stats.sizes().largest_bytes(id),
                stats.sizes().at_peak_bytes(id),
            );
            object.setattr(intern!(py, "size"), size)?;
            object.setattr(intern!(py, "tsize"), tsize)?;
        }
        let order = (0..objects.len() as u32).map(ObjectId::from);
        stats.set_sorted(Some(order.collect()));
        recording.put(stats);
        Ok(recording)
    }

    /// A list of the objects that were walked, in the order.
    fn arranged<'py>(&self, objects: &Bound<'py, PyList>) -> PyResult<Bound<'py, PyList>> {
        let stats = self.stats();
        let order = stats.sorted().unwrap_or_default().iter();
        let arranged = order.map(|id| objects.get_item(id.index()));
        PyList::new(objects.py(), arranged.collect::<PyResult<Vec<_>>>()?)
    }

    /// Uses the sizes of Pympler, or those documented.
    fn use_rules(&self, py: Python<'_>, pympler: bool) -> PyResult<()> {
        let mut stats = self.stats();
        let stats = computed(py, || {
            stats.use_rules(rules(pympler));
            Ok(stats)
        })?;
        self.put(stats);
        Ok(())
    }

    /// Sorts by these keys.
    fn sort(&self, py: Python<'_>, keys: Vec<String>) -> PyResult<()> {
        let keys = keys.iter().map(|key| key.parse::<SortKey>());
        let keys = keys.collect::<Result<Vec<_>, _>>().map_err(Failure::from)?;
        let mut stats = self.stats();
        let stats = computed(py, || {
            stats.sort_stats(&keys);
            Ok(stats)
        })?;
        self.put(stats);
        Ok(())
    }

    /// Turns the order round; that of the index, if it was not sorted.
    fn reverse(&self) {
        let mut stats = self.stats();
        let mut order = match stats.sorted() {
            Some(sorted) => sorted.to_vec(),
            None => stats.dump().objects().map(|object| object.id()).collect(),
        };
        order.reverse();
        stats.set_sorted(Some(order));
        self.put(stats);
    }

    #[getter]
    fn is_sorted(&self) -> bool {
        self.stats().sorted().is_some()
    }

    /// The order of the objects, each by its place in the index; empty if it was not sorted. An
    /// object in two classes stands at the first of its places.
    fn order(&self) -> Vec<u32> {
        let stats = self.stats();
        let Some(sorted) = stats.sorted() else {
            return Vec::new();
        };
        let objects = stats.dump().objects();
        let mut places = vec![u32::MAX; objects.len()];
        for (place, object) in (0..).zip(objects) {
            let of = object.id().index();
            if places.len() <= of {
                places.resize(of + 1, u32::MAX);
            }
            places[of] = places[of].min(place);
        }
        sorted.iter().map(|id| places[id.index()]).collect()
    }

    /// How many objects there are in the order, or in the index if it was not sorted.
    fn __len__(&self) -> usize {
        let stats = self.stats();
        stats
            .sorted()
            .map_or(stats.dump().object_count(), <[_]>::len)
    }

    /// Takes over the order of a list of objects. False if some of them are not of this dump.
    fn take_order(&self, objects: &Bound<'_, PyList>) -> bool {
        let mut stats = self.stats();
        let Some(places) = Recording::places(objects, &stats) else {
            return false;
        };
        let order = places.into_iter().map(|(_, id)| id).collect::<Vec<_>>();
        stats.set_sorted(Some(order).filter(|order| !order.is_empty()));
        self.put(stats);
        true
    }

    /// Whether an index is still the one that index() gave.
    fn has(&self, index: &Bound<'_, PyDict>) -> PyResult<bool> {
        let stats = self.stats();
        if index.len() != stats.dump().classes().len() {
            return Ok(false);
        }
        let mut at = 0;
        for (pair, class) in index.items().iter().zip(stats.dump().classes()) {
            let (name, objects): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair.extract()?;
            let Ok(objects) = objects.cast::<PyList>() else {
                return Ok(false);
            };
            let Some(places) = Recording::places(objects, &stats) else {
                return Ok(false);
            };
            let in_place = places.iter().zip(at..).all(|((place, _), at)| *place == at);
            if places.len() != class.objects().len()
                || !in_place
                || !name.eq(text(index.py(), class.name().as_bytes())?)?
            {
                return Ok(false);
            }
            at += places.len();
        }
        Ok(true)
    }

    /// The objects by class. Sizes are shown as instances of `asized`.
    fn index<'py>(
        &self,
        py: Python<'py>,
        asized: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyDict>> {
        views::index(py, &self.stats(), asized)
    }

    /// The names of the classes, in the order of registration.
    fn classes<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, pyo3::types::PyString>>> {
        let stats = self.stats();
        let names = stats
            .dump()
            .classes()
            .map(|class| text(py, class.name().as_bytes()));
        names.collect()
    }

    /// Snapshots, each made by `snapshot` of its figures, and its process by `memory`.
    fn snapshots<'py>(
        &self,
        py: Python<'py>,
        snapshot: &Bound<'py, PyAny>,
        memory: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyList>> {
        let stats = self.stats();
        let list = PyList::empty(py);
        for of in stats.dump().snapshots() {
            let process = of.process();
            let labels = of.process_labels().map(|(label, of)| {
                PyResult::Ok((text(py, label.as_bytes())?, text(py, of.as_bytes())?))
            });
            let process = memory.call1((
                process.available,
                process.virtual_bytes,
                process.resident_bytes,
                process.pid,
                process.pagefaults,
                process.data_segment,
                process.code_segment,
                process.shared_segment,
                process.stack_segment,
                labels.collect::<PyResult<Vec<_>>>()?,
            ))?;
            list.append(snapshot.call1((
                of.timestamp_seconds(),
                text(py, of.description().as_bytes())?,
                of.tracked_total_bytes(),
                of.asizeof_total_bytes().unwrap_or(0),
                of.overhead_bytes(),
                process,
            ))?)?;
        }
        Ok(list)
    }

    /// What `annotate_snapshot` of Pympler computes of the snapshot at a place.
    fn annotate<'py>(
        &self,
        py: Python<'py>,
        place: usize,
        asized: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let stats = self.stats();
        let dump = stats.dump();
        let Some(snapshot) = dump.snapshots().nth(place) else {
            let what = format!("there is no snapshot {place}");
            return Err(pyo3::exceptions::PyIndexError::new_err(what));
        };
        let annotations = computed(py, || Ok(ClassAnnotation::of_snapshot(dump, snapshot)?))?;
        let classes = PyDict::new(py);
        for class in annotations {
            let figures = PyDict::new(py);
            figures.set_item("sum", class.sum_bytes)?;
            // Python's division gives floats; what stands for one by zero is an int.
            match class.average_bytes {
                Some(average) => figures.set_item("avg", average)?,
                None => figures.set_item("avg", 0)?,
            }
            match class.share_percent {
                Some(percent) => figures.set_item("pct", percent)?,
                None => figures.set_item("pct", 0)?,
            }
            figures.set_item("active", class.active)?;
            figures.set_item("merged", Tree::of(asized).merged(&class.merged)?)?;
            classes.set_item(text(py, class.class.as_bytes())?, figures)?;
        }
        Ok(classes)
    }

    /// Writes objects to a text file: of the class, and so many. Says whether trees were cut.
    fn print_objects(
        &self,
        py: Python<'_>,
        file: Py<PyAny>,
        class: Option<String>,
        count: Option<u64>,
        pympler: bool,
    ) -> PyResult<bool> {
        let stats = self.stats();
        computed(py, || {
            let selected = stats.selected(class.as_deref(), count.map(Limit::Count));
            let mut out = Writer::new(file, Takes::Text);
            let is_cut = if pympler {
                pympler::Writer::new(&mut out, false)
                    .objects(&selected)?
                    .cut
            } else {
                let objects = Objects::of(&selected, Detail::default());
                objects.table(&mut out, Style::default())?;
                objects.left_out().referents
            };
            out.finish()?;
            Ok(is_cut)
        })
    }

    /// Writes the classes of each snapshot to a text file.
    fn print_summary(&self, py: Python<'_>, file: Py<PyAny>, pympler: bool) -> PyResult<()> {
        let stats = self.stats();
        computed(py, || {
            let options = SummaryOptions {
                rules: rules(pympler),
                ..SummaryOptions::default()
            };
            let summary = Summary::of(stats.dump(), options)?;
            let mut out = Writer::new(file, Takes::Text);
            if pympler {
                pympler::Writer::new(&mut out, false).summary(&summary)?;
            } else {
                summary.table(&mut out, Style::default())?;
            }
            Ok(out.finish()?)
        })
    }

    /// Writes the two pickles of a dump to a binary file.
    fn write_pickles(&self, py: Python<'_>, file: Py<PyAny>) -> PyResult<()> {
        let stats = self.stats();
        computed(py, || {
            let mut out = Writer::new(file, Takes::Bytes);
            stats.dump().write_pickles(&mut out)?;
            Ok(out.finish()?)
        })
    }

    /// Writes the same to a file of this name, which appears whole or not at all.
    fn save_pickles(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let stats = self.stats();
        computed(py, || {
            let mut out = Output::open(Some(&path))?;
            stats.dump().write_pickles(&mut out)?;
            Ok(out.finish()?)
        })
    }

    /// Writes the HTML report.
    fn create_html(&self, py: Python<'_>, path: PathBuf, title: String) -> PyResult<()> {
        let stats = self.stats();
        computed(py, || {
            let pages = html::Pages::open(&path, false)?;
            let options = html::HtmlOptions {
                title,
                names: html::PageNames::Pympler,
                ..html::HtmlOptions::default()
            };
            html::write(pages, stats.dump(), &options)?;
            Ok(())
        })
    }
}
