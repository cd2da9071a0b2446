//! How any report is laid out: one form a file.

pub mod csv;
pub mod json;
pub mod markdown;
pub mod table;

use std::io::{self, Write};

use super::report_table::Value;
use crate::units::ByteStyle;
use csv::{CsvRows, Dialect};
use json::JsonLayout;
use table::Style;

/// A form, with what it needs to know of its reader.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// Aligned columns, for people.
    Table(Style),
    /// One document, or an object a line.
    Json(JsonLayout),
    /// RFC 4180.
    Csv(Dialect),
    /// For tickets and merge requests.
    Markdown(ByteStyle),
}

impl Form {
    /// Writes a report. Fails if `out` does.
    pub fn write(self, out: &mut impl Write, report: &impl Report) -> io::Result<()> {
        match self {
            Form::Table(style) => report.table(out, style),
            Form::Json(layout) => report.json(out, layout),
            Form::Csv(dialect) => report.csv(out, dialect),
            Form::Markdown(style) => report.markdown(out, style),
        }
    }
}

/// An answer that every form can lay out: `form.write(&mut out, &answer)`. All of it fails as `out`
/// does.
pub trait Report {
    /// Writes what people read on a terminal.
    fn table(&self, out: &mut impl Write, style: Style) -> io::Result<()>;

    /// Writes a document with a versioned schema, or its rows, one a line.
    fn json(&self, out: &mut impl Write, layout: JsonLayout) -> io::Result<()>;

    /// Hands out a header and the rows, for forms that programs read.
    fn rows(&self, to: &mut impl Rows) -> io::Result<()>;

    /// Writes the rows as CSV.
    fn csv(&self, out: &mut impl Write, dialect: Dialect) -> io::Result<()> {
        let mut rows = CsvRows::of(out, dialect);
        self.rows(&mut rows)?;
        rows.flush()
    }

    /// Writes what people read in a ticket.
    fn markdown(&self, out: &mut impl Write, style: ByteStyle) -> io::Result<()>;
}

/// A form that consists of rows, each a value for each column.
pub trait Rows {
    /// Begins with the names of the columns.
    fn header(&mut self, names: &[&str]) -> io::Result<()>;

    /// Writes a row.
    fn row(&mut self, values: &[Value<'_>]) -> io::Result<()>;
}
