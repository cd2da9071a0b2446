//! The tables of a data set, of one dump at a time: for engines that read many dumps on many machines.

use std::path::PathBuf;

use arrow_array::{RecordBatch, RecordBatchIterator};
use arrow_schema::SchemaRef;
use ctstats::dataset::{DataTable, DumpTables, content_id};
use ctstats::fleet::{FleetFile, LabelTemplate};
use ctstats::tables::arrow;
use ctstats::{Damage, Dump, DumpFile, Error};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyCapsule;

use crate::arrow::{schema_capsule, stream_capsule};
use crate::error::{Failure, computed};

/// Rows of a table, of one dump or of none.
#[pyclass(frozen, module = "ctstats._ctstats")]
pub(crate) struct DataRows {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

#[pymethods]
impl DataRows {
    /// No rows of a table: its schema.
    #[staticmethod]
    fn none(table: &str) -> PyResult<Self> {
        Ok(DataRows {
            schema: arrow::schema(&named(table)?.columns()),
            batches: Vec::new(),
        })
    }

    /// The rows that a dump has, with the labels that its path has by a template.
    #[staticmethod]
    fn of(
        py: Python<'_>,
        table: &str,
        content: PyBackedBytes,
        path: PathBuf,
        labels: Option<&str>,
        modified_seconds: Option<f64>,
    ) -> PyResult<Self> {
        let table = named(table)?;
        computed(py, || {
            let template = labels.map(LabelTemplate::of).transpose()?;
            let size = content.len() as u64;
            let file = FleetFile::of(path, template.as_ref(), modified_seconds, size)?;
            let name = file.path.display().to_string();
            let dump = Dump::read_with(&content[..], Damage::Refuse);
            let dump = DumpFile::from(dump.map_err(|error| error.in_file(&name))?).in_order()?;
            let id = content_id(&content[..], &name)?;
            let schema = arrow::schema(&table.columns());
            let mut batches = Vec::new();
            DumpTables::read(id, dump, &file, &[table])?.each(|_, batch| {
                let batch = arrow::record_batch(&schema, batch);
                let batch = batch.map_err(|error| Error::Invalid(error.to_string()))?;
                batches.push(batch);
                Ok::<(), Failure>(())
            })?;
            Ok(DataRows { schema, batches })
        })
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        schema_capsule(py, &self.schema)
    }

    /// The rows, batch by batch.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // Readers cast what they want otherwise.
        drop(requested_schema);
        let batches = self.batches.clone().into_iter().map(Ok);
        let batches = RecordBatchIterator::new(batches, self.schema.clone());
        stream_capsule(py, batches)
    }
}

fn named(name: &str) -> PyResult<DataTable> {
    let table = DataTable::NAMED.into_iter().find(|table| table.0 == name);
    table.map(|(_, table)| table).ok_or_else(|| {
        let names = DataTable::NAMED.map(|(name, _)| name).join(", ");
        PyValueError::new_err(format!("table is one of {names}"))
    })
}
