//! CSV by RFC 4180: a header, then a row for each object, or for each class of each
//! snapshot. Exact bytes. What may act on a terminal is escaped (`\x1b`, `\n`), so that
//! every record is one line. What a spreadsheet would run is made text if it is for one.

use std::borrow::Cow;
use std::io::{self, Write};

use crate::report::report_table::{Of, ReportTable, Row, Value, whole};
use crate::units::escaped;

/// Who reads the CSV.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Programs, which take a cell for what it is.
    #[default]
    Plain,
    /// Excel, LibreOffice and their like, which take a cell that begins with `=`, `+`, `-` or `@`
    /// for a formula and run it: texts of the dump that begin so get a `'` in front. Whatever is
    /// no figure stands in quotes, as some of them part cells at other characters than commas.
    Spreadsheet,
}

impl Dialect {
    pub(in crate::report) fn writer<W: Write>(self, out: W) -> csv::Writer<W> {
        let quotes = match self {
            Dialect::Plain => csv::QuoteStyle::Necessary,
            Dialect::Spreadsheet => csv::QuoteStyle::NonNumeric,
        };
        csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .quote_style(quotes)
            .from_writer(out)
    }

    /// A text of the dump as a cell. Figures, which may be negative, are none.
    pub(in crate::report) fn cell(self, text: &str) -> Cow<'_, str> {
        // The wide ones are formulas where people type them.
        let begins = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
        let text = escaped(text);
        if self == Dialect::Spreadsheet && text.trim_start().starts_with(begins) {
            return format!("'{text}").into();
        }
        text
    }
}

pub(in crate::report) fn optional(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// Unwraps the io error, so that a closed pipe is seen as one.
pub(in crate::report) fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

impl<'s, R: Iterator<Item = Row<'s>> + Clone> ReportTable<'_, R> {
    /// Writes a header and the rows, but for the total. What a limit cut has an empty name.
    pub(in crate::report) fn csv(&self, out: &mut impl Write, dialect: Dialect) -> io::Result<()> {
        let mut writer = dialect.writer(out);
        writer
            .write_record(self.columns.iter().map(|column| column.name))
            .map_err(io_error)?;
        for row in self.rows.clone().filter(|row| row.of != Of::Total) {
            let cells = row.values.iter().enumerate().map(|(column, value)| {
                if column == 0 && row.of == Of::More {
                    return String::new();
                }
                plain(value, dialect)
            });
            writer.write_record(cells).map_err(io_error)?;
        }
        writer.flush()
    }
}

/// A value for programs: exact, and nothing where it is not defined.
pub(in crate::report) fn plain(value: &Value<'_>, dialect: Dialect) -> String {
    match value {
        Value::Count(count) => count.to_string(),
        Value::CountChange(count) | Value::Bytes(count) | Value::ByteChange(count) => {
            count.to_string()
        }
        Value::Average(figure)
        | Value::AverageChange(figure)
        | Value::Percent(figure)
        | Value::PercentChange(figure)
        | Value::Seconds(figure)
        | Value::PerSecond(figure) => figure.to_string(),
        Value::Nothing | Value::Site([]) => String::new(),
        text => dialect.cell(&whole(text)).into_owned(),
    }
}
