//! The extension module `ctstats._ctstats`: what Python needs of the library, and nothing that is
//! not about Python.

use pyo3::prelude::*;

#[pymodule]
fn _ctstats(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))
}
