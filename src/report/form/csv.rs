//! CSV by RFC 4180: a header, then a row for each object, or for each class of each
//! snapshot. Exact bytes. What may act on a terminal is escaped (`\x1b`, `\n`), so that
//! every record is one line. What a spreadsheet would run is made text if it is for one.

use std::borrow::Cow;
use std::io::{self, Write};

use super::Rows;
use crate::report::report_table::{Value, exact};
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
    /// A text of the dump as a cell. Figures, which may be negative, are none.
    fn cell(self, text: &str) -> Cow<'_, str> {
        // The wide ones are formulas where people type them.
        let begins = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
        let text = escaped(text);
        if self == Dialect::Spreadsheet && text.trim_start().starts_with(begins) {
            return format!("'{text}").into();
        }
        text
    }
}

/// CSV on its way.
pub(in crate::report) struct CsvRows<W: Write> {
    writer: csv::Writer<W>,
    dialect: Dialect,
}

impl<W: Write> CsvRows<W> {
    pub(in crate::report) fn of(out: W, dialect: Dialect) -> Self {
        let quotes = match dialect {
            Dialect::Plain => csv::QuoteStyle::Necessary,
            Dialect::Spreadsheet => csv::QuoteStyle::NonNumeric,
        };
        let mut writer = csv::WriterBuilder::new();
        writer.terminator(csv::Terminator::CRLF).quote_style(quotes);
        CsvRows {
            writer: writer.from_writer(out),
            dialect,
        }
    }

    pub(in crate::report) fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }

    fn field(&mut self, value: &Value<'_>) -> Result<(), csv::Error> {
        let mut digits = itoa::Buffer::new();
        let text = exact(value, &mut digits);
        match value.is_text() {
            true => self.writer.write_field(&*self.dialect.cell(&text)),
            false => self.writer.write_field(&*text),
        }
    }
}

/// Unwraps the io error, so that a closed pipe is seen as one.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

impl<W: Write> Rows for CsvRows<W> {
    fn header(&mut self, names: &[&str]) -> io::Result<()> {
        self.writer.write_record(names).map_err(io_error)
    }

    fn row(&mut self, values: &[Value<'_>]) -> io::Result<()> {
        let mut values = values.iter();
        let written = values.try_for_each(|value| self.field(value));
        let ended = written.and_then(|()| self.writer.write_record(None::<&[u8]>));
        ended.map_err(io_error)
    }
}
