//! Rows of a table as JSON, one a line.

use std::io::{self, Write};

use serde_json::Value;

use super::DataTable;
use crate::tables::{Batch, ColumnData, ColumnSchema, Values};

/// Writes the rows of one table.
pub struct JsonLines<W> {
    out: W,
    columns: Vec<ColumnSchema>,
}

impl<W: Write> JsonLines<W> {
    /// For this table.
    pub fn new(out: W, table: DataTable) -> Self {
        let columns = table.columns();
        JsonLines { out, columns }
    }

    /// Writes some rows.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn write(&mut self, batch: &Batch) -> io::Result<()> {
        for row in 0..batch.rows {
            let columns = self.columns.iter().zip(&batch.columns);
            for (place, (schema, column)) in columns.enumerate() {
                self.out.write_all(if place == 0 { b"{" } else { b"," })?;
                serde_json::to_writer(&mut self.out, schema.name)?;
                self.out.write_all(b":")?;
                serde_json::to_writer(&mut self.out, &value(column, row))?;
            }
            self.out.write_all(b"}\n")?;
        }
        Ok(())
    }

    /// The writer.
    pub fn into_inner(self) -> W {
        self.out
    }
}

fn value(column: &ColumnData, row: usize) -> Value {
    if column.present.as_ref().is_some_and(|present| !present[row]) {
        return Value::Null;
    }
    match &column.values {
        Values::Integers(values) => values[row].into(),
        Values::Floats(values) => values[row].into(),
        Values::Booleans(values) => values[row].into(),
        Values::Texts(texts) => texts.get(row).into(),
        Values::Names { keys, names } => names.get(keys[row] as usize).into(),
        Values::Timestamps(micros) => moment(micros[row]),
        Values::Labels {
            offsets,
            names,
            values,
        } => {
            let places = offsets[row] as usize..offsets[row + 1] as usize;
            let labels = places.map(|at| (names.get(at).to_owned(), values.get(at).into()));
            Value::Object(labels.collect())
        }
    }
}

/// As RFC 3339 has it: 2026-11-26T13:30:00Z.
fn moment(micros: i64) -> Value {
    let moment = jiff::Timestamp::from_microsecond(micros);
    moment.map_or(Value::Null, |moment| moment.to_string().into())
}
