//! Tab-separated values: what a clipboard takes into a spreadsheet. What may act on a terminal is
//! escaped (`\t`, `\n`), so a tab only parts cells.

use std::io::{self, Write};

use super::Rows;
use crate::report::report_table::{Value, exact};
use crate::units::escaped;

/// Tab-separated values on their way.
pub(super) struct TsvRows<W>(pub(super) W);

impl<W: Write> Rows for TsvRows<W> {
    fn header(&mut self, names: &[&str]) -> io::Result<()> {
        writeln!(self.0, "{}", names.join("\t"))
    }

    fn row(&mut self, values: &[Value<'_>]) -> io::Result<()> {
        let cell = |value| escaped(&exact(value, &mut itoa::Buffer::new())).into_owned();
        let cells: Vec<String> = values.iter().map(cell).collect();
        writeln!(self.0, "{}", cells.join("\t"))
    }
}
