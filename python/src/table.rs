//! A table of a dump, which Arrow's readers take.

use std::sync::Arc;

use ctstats::DumpFile;
use ctstats::analysis::sites::GroupBy;
use ctstats::select::Filter;
use ctstats::tables::{Batch, Strings, Table, Values, each_site};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::arrow::{Batches, schema, schema_capsule, stream_capsule};
use crate::error::{Failure, computed};

/// The rows of a table that pass a filter. Nothing is read before somebody asks for them.
#[pyclass(frozen, module = "ctstats._ctstats")]
pub(crate) struct Rows {
    pub(crate) dump: Arc<DumpFile>,
    pub(crate) table: Table,
    pub(crate) filter: Filter,
    /// How sites are grouped.
    pub(crate) by: GroupBy,
}

impl Rows {
    /// What makes its batches, for whoever has the dump.
    pub(crate) fn asked(&self) -> Asked {
        Asked {
            table: self.table,
            filter: self.filter.clone(),
            by: self.by,
        }
    }
}

/// Which rows of which table.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) table: Table,
    filter: Filter,
    by: GroupBy,
}

impl Asked {
    /// Hands out the rows of a dump, batch by batch.
    pub(crate) fn each<E: From<ctstats::Error>>(
        &self,
        dump: &DumpFile,
        emit: impl FnMut(Batch) -> Result<(), E>,
    ) -> Result<(), E> {
        match self.table {
            Table::Sites => each_site(dump, &self.filter, self.by, emit),
            table => table.each(dump, &self.filter, emit),
        }
    }
}

/// A value as Python has it.
#[derive(Clone, IntoPyObject)]
enum Cell {
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Text(String),
}

/// Why no batch follows.
enum End {
    Enough,
    Failed(Failure),
}

impl From<ctstats::Error> for End {
    fn from(error: ctstats::Error) -> Self {
        End::Failed(error.into())
    }
}

fn cell(batch: &Batch, column: usize, row: usize) -> Option<Cell> {
    let column = &batch.columns[column];
    if column.present.as_ref().is_some_and(|present| !present[row]) {
        return None;
    }
    let text = |texts: &Strings, place: usize| Cell::Text(texts.get(place).into());
    Some(match &column.values {
        Values::Integers(values) => Cell::Integer(values[row]),
        Values::Floats(values) => Cell::Float(values[row]),
        Values::Booleans(values) => Cell::Boolean(values[row]),
        Values::Texts(texts) => text(texts, row),
        Values::Names { keys, names } => text(names, keys[row] as usize),
        // No table of one dump has such.
        Values::Timestamps(_) | Values::Labels { .. } => return None,
    })
}

#[pymethods]
impl Rows {
    /// The name of the table.
    #[getter]
    fn name(&self) -> &'static str {
        self.table.name()
    }

    /// Of each column the name, what it says, its unit, and whether a value may be missing.
    #[getter]
    fn columns(&self) -> Vec<(&'static str, &'static str, &'static str, bool)> {
        let columns = self.table.columns().iter();
        let columns = columns.map(|of| (of.name, of.description(), of.unit, of.is_nullable));
        columns.collect()
    }

    /// The first rows, at most so many, and whether there are more.
    fn head(&self, py: Python<'_>, count: usize) -> PyResult<(Vec<Vec<Option<Cell>>>, bool)> {
        computed(py, || {
            let (mut rows, mut more) = (Vec::new(), false);
            let apart = self.dump.apart();
            let dump = apart.as_ref().unwrap_or(&self.dump);
            let outcome = self.asked().each(dump, |batch| {
                for row in 0..batch.rows {
                    if rows.len() == count {
                        more = true;
                        return Err(End::Enough);
                    }
                    let columns = 0..batch.columns.len();
                    rows.push(columns.map(|column| cell(&batch, column, row)).collect());
                }
                Ok(())
            });
            match outcome {
                Ok(()) | Err(End::Enough) => Ok((rows, more)),
                Err(End::Failed(failure)) => Err(failure),
            }
        })
    }

    /// The schema, for those who want no rows.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        schema_capsule(py, &schema(self.table))
    }

    /// The rows, batch by batch. Another schema than the table's own cannot be asked for.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // Readers cast what they want otherwise.
        drop(requested_schema);
        let batches = Batches::of(Arc::clone(&self.dump), self.asked())?;
        stream_capsule(py, batches)
    }
}
