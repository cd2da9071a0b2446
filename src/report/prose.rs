//! Prose for people: headings, paragraphs and items in lines that fit the page.

use std::io::{self, Write};

use super::Paint;
use super::fit::wrap;
use crate::units::{ByteStyle, bytes};

/// A page of prose with figures.
pub(super) struct Prose<'o, W: Write> {
    pub(super) out: &'o mut W,
    /// In columns.
    pub(super) width: usize,
    pub(super) bytes: ByteStyle,
    pub(super) paint: Paint,
}

impl<W: Write> Prose<'_, W> {
    /// A number of bytes.
    pub(super) fn size(&self, count: i128) -> String {
        bytes(count, self.bytes)
    }

    /// What follows is about.
    pub(super) fn heading(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "\n{}", self.paint.subject(text))
    }

    /// Text in lines that fit.
    pub(super) fn paragraph(&mut self, indent: &str, text: &str) -> io::Result<()> {
        for line in wrap(text, self.width - indent.len()) {
            writeln!(self.out, "{indent}{line}")?;
        }
        Ok(())
    }

    /// A paragraph whose first line begins with a mark.
    pub(super) fn item(&mut self, mark: &str, text: &str) -> io::Result<()> {
        for (at, line) in wrap(text, self.width - mark.len()).iter().enumerate() {
            let lead = if at == 0 {
                mark.to_owned()
            } else {
                " ".repeat(mark.len())
            };
            writeln!(self.out, "{lead}{line}")?;
        }
        Ok(())
    }
}
