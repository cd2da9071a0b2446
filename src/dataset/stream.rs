//! Rows of a table as Arrow's IPC stream.

use std::io::{self, Write};

use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, SchemaRef};

use super::DataTable;
use crate::tables::{Batch, arrow};

/// Writes the rows of one table.
pub struct ArrowStream<W: Write> {
    writer: StreamWriter<W>,
    schema: SchemaRef,
}

impl<W: Write> ArrowStream<W> {
    /// For this table. The schema is written at once.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn new(out: W, table: DataTable) -> io::Result<Self> {
        let schema = arrow::schema(&table.columns());
        let writer = StreamWriter::try_new(out, &schema).map_err(written)?;
        Ok(ArrowStream { writer, schema })
    }

    /// Writes some rows.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn write(&mut self, batch: Batch) -> io::Result<()> {
        let batch = arrow::record_batch(&self.schema, batch).map_err(written)?;
        self.writer.write(&batch).map_err(written)
    }

    /// Writes the end, and gives the writer back.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn finish(mut self) -> io::Result<W> {
        self.writer.finish().map_err(written)?;
        self.writer.into_inner().map_err(written)
    }
}

fn written(error: ArrowError) -> io::Error {
    match error {
        ArrowError::IoError(_, error) => error,
        error => io::Error::other(error),
    }
}
