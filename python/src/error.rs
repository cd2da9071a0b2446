//! Errors and panics of the library as Python's exceptions.

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::exceptions::{PyException, PyIsADirectoryError, PyMemoryError, PyOSError, PyValueError};
use pyo3::prelude::*;

pyo3::create_exception!(ctstats, Error, PyException);

/// `errno.EISDIR`, which is the same everywhere.
const EISDIR: i32 = 21;

const DOC: &str = "\
A dump that cannot be read, or a tracker that holds what no tracker records.

``str(error)`` is the line that the command ctstats prints.

file: the name of the file, as str; None where there is none.
offset: where it went wrong, in bytes from the start of the decompressed file; None if the whole is wrong.";

/// The class, whose instances have the attributes `file` and `offset`.
pub(crate) fn class(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let class = py.get_type::<Error>();
    class.setattr("__doc__", DOC)?;
    class.setattr("file", py.None())?;
    class.setattr("offset", py.None())?;
    Ok(class.into_any())
}

/// An error of the library, on its way to Python. [`From`] of both kinds lets `?` take either.
pub(crate) struct Failure(PyErr);

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Failure(error)
    }
}

impl From<ctstats::Error> for Failure {
    fn from(error: ctstats::Error) -> Self {
        Failure(exception(error))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        // One that a Python file raised comes out as it was raised.
        Failure(error.into())
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        failure.0
    }
}

/// The exception of an error: that of Python where it has one, else `ctstats.Error`.
fn exception(error: ctstats::Error) -> PyErr {
    let text = error.to_string();
    let (file, offset) = match error {
        ctstats::Error::Open { file, source } => {
            return match source.raw_os_error() {
                // Python makes FileNotFoundError and its kin of the number.
                Some(number) => {
                    let what = source.to_string();
                    let what = what
                        .split(" (os error")
                        .next()
                        .unwrap_or_default()
                        .to_owned();
                    PyOSError::new_err((number, what, file))
                }
                None if source.kind() == ErrorKind::IsADirectory => {
                    PyIsADirectoryError::new_err((EISDIR, source.to_string(), file))
                }
                None => PyOSError::new_err(text),
            };
        }
        ctstats::Error::Read { source, .. } if is_raised(&source) => return source.into(),
        ctstats::Error::Read { file, offset, .. } => (Some(file), Some(offset)),
        ctstats::Error::Write(source) => return source.into(),
        ctstats::Error::Dump {
            problem: ctstats::Problem::NoMemory,
            ..
        } => {
            return PyMemoryError::new_err(text);
        }
        ctstats::Error::Dump { file, offset, .. } => (Some(file), offset),
        ctstats::Error::Config { file, .. } => (Some(file), None),
        ctstats::Error::NoSnapshot(_) | ctstats::Error::Invalid(_) => {
            return PyValueError::new_err(text);
        }
        _ => (None, None),
    };
    with_place(text, file, offset)
}

/// Whether a Python file raised it.
fn is_raised(error: &std::io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<PyErr>())
}

fn with_place(text: String, file: Option<String>, offset: Option<u64>) -> PyErr {
    Python::attach(|py| {
        let error = Error::new_err(text);
        let placed = error.value(py).setattr("file", file);
        let placed = placed.and_then(|()| error.value(py).setattr("offset", offset));
        placed.err().unwrap_or(error)
    })
}

/// Runs what needs no Python while other threads may use it. A panic, which is a bug of ours,
/// becomes an exception.
pub(crate) fn computed<T: Send>(
    py: Python<'_>,
    compute: impl FnOnce() -> Result<T, Failure> + Send,
) -> PyResult<T> {
    let outcome = py.detach(|| catch_unwind(AssertUnwindSafe(compute)));
    let panic = match outcome {
        Ok(outcome) => return outcome.map_err(PyErr::from),
        Err(panic) => panic,
    };
    let what = panic.downcast_ref::<String>().map(String::as_str);
    let what = what.or_else(|| panic.downcast_ref::<&str>().copied());
    let text = format!(
        "a bug of ctstats, please report it: {}",
        what.unwrap_or("a panic")
    );
    Err(with_place(text, None, None))
}
