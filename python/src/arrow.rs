//! Batches of tables as Arrow has them, on their way through another thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use arrow_array::ffi::FFI_ArrowSchema;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, Schema, SchemaRef};
use ctstats::tables::{Table, arrow};
use ctstats::{DumpFile, Error};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::table::Asked;

/// Batches that wait until somebody takes them.
const WAITING: usize = 2;

/// The schema of a table.
pub(crate) fn schema(table: Table) -> SchemaRef {
    arrow::schema(table.columns())
}

/// Why no batch follows.
enum End {
    /// The reader has gone away.
    Unwanted,
    Failed(ArrowError),
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        End::Failed(ArrowError::ExternalError(Box::new(error)))
    }
}

/// What the other thread sends; `None` at the end of the table.
type Sent = Result<Option<RecordBatch>, ArrowError>;

/// The batches of a table, made by a thread of its own while the ones before are looked at.
pub(crate) struct Batches {
    schema: SchemaRef,
    /// `None` once the last one was taken.
    sent: Option<Receiver<Sent>>,
}

impl Batches {
    /// Begins to make them. Of a file that is read where it is asked, another reading of it.
    pub(crate) fn of(dump: Arc<DumpFile>, asked: Asked) -> std::io::Result<Batches> {
        let (to, sent) = sync_channel(WAITING);
        let schema = schema(asked.table);
        let own = Arc::clone(&schema);
        let make = move || {
            let outcome = catch_unwind(AssertUnwindSafe(|| send(&to, &own, &dump, &asked)));
            let _ = match outcome {
                Ok(Ok(())) => to.send(Ok(None)),
                Ok(Err(End::Unwanted)) => Ok(()),
                Ok(Err(End::Failed(error))) => to.send(Err(error)),
                Err(_) => {
                    let what = "a bug of ctstats, please report it: a panic";
                    to.send(Err(ArrowError::ComputeError(what.into())))
                }
            };
        };
        std::thread::Builder::new()
            .name("ctstats table".into())
            .spawn(make)?;
        let sent = Some(sent);
        Ok(Batches { schema, sent })
    }
}

fn send(
    to: &SyncSender<Sent>,
    schema: &SchemaRef,
    dump: &DumpFile,
    asked: &Asked,
) -> Result<(), End> {
    let apart = dump.apart();
    asked.each(apart.as_ref().unwrap_or(dump), |batch| {
        let batch = arrow::record_batch(schema, batch).map_err(End::Failed)?;
        to.send(Ok(Some(batch))).map_err(|_| End::Unwanted)
    })
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.sent.as_ref()?.recv();
        match next {
            Ok(Ok(Some(batch))) => Some(Ok(batch)),
            Ok(Ok(None)) => {
                self.sent = None;
                None
            }
            Err(_) => {
                self.sent = None;
                let what = "the thread that reads the table has gone away";
                Some(Err(ArrowError::ComputeError(what.into())))
            }
            Ok(Err(error)) => {
                self.sent = None;
                Some(Err(error))
            }
        }
    }
}

impl RecordBatchReader for Batches {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

/// A schema as Arrow's C interface has it.
pub(crate) fn schema_capsule<'py>(
    py: Python<'py>,
    schema: &Schema,
) -> PyResult<Bound<'py, PyCapsule>> {
    let schema = FFI_ArrowSchema::try_from(schema);
    let schema = schema.map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
    PyCapsule::new_with_value(py, schema, c"arrow_schema")
}

/// Batches as Arrow's C interface has them.
pub(crate) fn stream_capsule<'py>(
    py: Python<'py>,
    batches: impl RecordBatchReader + Send + 'static,
) -> PyResult<Bound<'py, PyCapsule>> {
    let stream = FFI_ArrowArrayStream::new(Box::new(batches));
    PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
}
