//! How any report is laid out: one form a file.

pub mod csv;
pub mod json;
pub mod markdown;
pub mod table;

use std::io::{self, Write};

use super::Report;
use crate::units::ByteStyle;
use csv::Dialect;
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
    /// Writes a report.
    ///
    /// # Errors
    ///
    /// If `out` fails.
    pub fn write(self, out: &mut impl Write, report: &impl Report) -> io::Result<()> {
        match self {
            Form::Table(style) => report.table(out, style),
            Form::Json(layout) => report.json(out, layout),
            Form::Csv(dialect) => report.csv(out, dialect),
            Form::Markdown(style) => report.markdown(out, style),
        }
    }
}
