//! The extension module `ctstats._ctstats`: what Python needs of the library, and nothing that is
//! not about Python.
//!
//! [`walk`] turns what Python has in memory into a dump, [`recording`] asks a dump for answers,
//! [`views`] shows its objects, [`stream`] reads and writes Python's files, and [`error`] turns
//! errors and panics into exceptions. [`dump`] asks an open file for answers and tables, which
//! [`table`] hands over as [`arrow`] makes them; [`dataset`] has them as data sets do.

mod arrow;
mod dataset;
mod dump;
mod error;
mod recording;
mod stream;
mod table;
mod views;
mod walk;

use std::num::NonZeroUsize;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// The most threads that may be asked for, as on the command line.
const MOST_THREADS: usize = 512;

/// Lets so many threads of ctstats work at a time in this process, from 1 to 512. Without it there
/// are as many as there are processors that the process may use. Answers do not depend on it.
#[pyfunction]
fn set_threads(count: usize) -> PyResult<()> {
    let count = NonZeroUsize::new(count).filter(|count| count.get() <= MOST_THREADS);
    let wrong = || PyValueError::new_err(format!("count must be from 1 to {MOST_THREADS}"));
    ctstats::threads::set_limit(count.ok_or_else(wrong)?);
    Ok(())
}

/// The compiled part of ctstats.
#[pymodule]
fn _ctstats(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("Error", error::class(module.py())?)?;
    module.add_class::<dump::DumpFile>()?;
    module.add_function(wrap_pyfunction!(dump::size, module)?)?;
    module.add_function(wrap_pyfunction!(set_threads, module)?)?;
    module.add_class::<table::Rows>()?;
    module.add_class::<dataset::DataRows>()?;
    module.add_class::<recording::Recording>()?;
    module.add_class::<views::TrackedObject>()
}
