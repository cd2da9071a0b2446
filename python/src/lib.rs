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

use pyo3::prelude::*;

/// The compiled part of ctstats.
#[pymodule]
fn _ctstats(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("Error", error::class(module.py())?)?;
    module.add_class::<dump::DumpFile>()?;
    module.add_function(wrap_pyfunction!(dump::size, module)?)?;
    module.add_class::<table::Rows>()?;
    module.add_class::<dataset::DataRows>()?;
    module.add_class::<recording::Recording>()?;
    module.add_class::<views::TrackedObject>()
}
