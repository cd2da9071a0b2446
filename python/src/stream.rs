//! Python's files: whatever has `read`, or `write`.

use std::io::{self, Read, Write};

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

/// So much is read or written at a time.
const BLOCK_BYTES: usize = 256 << 10;

/// A text of the library as Python's `str`; lone surrogates come out as they went in.
pub(crate) fn text<'py>(py: Python<'py>, wtf8: &[u8]) -> PyResult<Bound<'py, PyString>> {
    match str::from_utf8(wtf8) {
        Ok(text) => Ok(PyString::new(py, text)),
        Err(_) => {
            let bytes = PyBytes::new(py, wtf8);
            let decoded = bytes.call_method1("decode", ("utf-8", "surrogatepass"))?;
            Ok(decoded.cast_into()?)
        }
    }
}

/// A binary file that Python reads.
pub(crate) struct Reader {
    file: Py<PyAny>,
    /// What was read and not yet asked for.
    block: Vec<u8>,
    taken: usize,
}

impl Reader {
    pub(crate) fn new(file: Py<PyAny>) -> Self {
        Reader {
            file,
            block: Vec::new(),
            taken: 0,
        }
    }
}

impl Read for Reader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.block.len() {
            let block = Python::attach(|py| -> PyResult<Vec<u8>> {
                let block = self
                    .file
                    .bind(py)
                    .call_method1(intern!(py, "read"), (BLOCK_BYTES,))?;
                let Ok(block) = block.cast::<PyBytes>() else {
                    let what = block.get_type().name()?;
                    let what =
                        format!("a file opened in binary mode is needed: read() gave {what}");
                    return Err(PyTypeError::new_err(what));
                };
                Ok(block.as_bytes().to_vec())
            });
            self.block = block.map_err(io::Error::from)?;
            self.taken = 0;
        }
        let read = (&self.block[self.taken..]).read(into)?;
        self.taken += read;
        Ok(read)
    }
}

/// What a Python file takes.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Takes {
    Text,
    Bytes,
}

/// A file that Python writes, in blocks. [`finish`](Self::finish) writes the last one.
pub(crate) struct Writer {
    file: Py<PyAny>,
    takes: Takes,
    block: Vec<u8>,
}

impl Writer {
    pub(crate) fn new(file: Py<PyAny>, takes: Takes) -> Self {
        Writer {
            file,
            takes,
            block: Vec::new(),
        }
    }

    /// Writes what is there up to the last whole character.
    fn write_block(&mut self) -> io::Result<()> {
        let is_inside = |byte: &u8| byte & 0xc0 == 0x80;
        let end = match self.takes {
            Takes::Bytes => self.block.len(),
            // The last character may lack bytes, so it waits.
            Takes::Text => self
                .block
                .iter()
                .rposition(|byte| !is_inside(byte))
                .unwrap_or(0),
        };
        self.send(end)
    }

    fn send(&mut self, end: usize) -> io::Result<()> {
        if end == 0 {
            return Ok(());
        }
        Python::attach(|py| -> PyResult<()> {
            let write = intern!(py, "write");
            let block = &self.block[..end];
            match self.takes {
                Takes::Text => self
                    .file
                    .bind(py)
                    .call_method1(write, (text(py, block)?,))?,
                Takes::Bytes => {
                    let block = PyBytes::new(py, block);
                    self.file.bind(py).call_method1(write, (block,))?
                }
            };
            Ok(())
        })
        .map_err(io::Error::from)?;
        self.block.drain(..end);
        Ok(())
    }

    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.send(self.block.len())
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.block.extend_from_slice(bytes);
        if self.block.len() >= BLOCK_BYTES {
            self.write_block()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
