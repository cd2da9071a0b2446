//! JSON: one document, or an object a line. Exact bytes, seconds as recorded.
//!
//! Characters that act on a terminal, and on the log of a build, are written as `\u`
//! escapes, which every reader turns back; lone surrogates, which JSON cannot carry, as the
//! text `\udc80`.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, Serializer};

use crate::model::Salvaged;
use crate::units::{acts, marks};

/// How a report becomes JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonLayout {
    /// One document with a list.
    Document,
    /// A line each.
    Lines,
}

/// Writes a line for each row.
pub(in crate::report) fn lines(out: &mut impl Write, rows: &[impl Serialize]) -> io::Result<()> {
    rows.iter().try_for_each(|row| {
        value(out, row)?;
        writeln!(out)
    })
}

/// A document on its way: the schema, then fields, and lists with a line for each row.
pub(in crate::report) struct Document<'o, W>(&'o mut W);

/// Begins a document of a schema.
pub(in crate::report) fn document<'o, W: Write>(
    out: &'o mut W,
    schema: &str,
) -> io::Result<Document<'o, W>> {
    write!(out, "{{\"schema\":\"{schema}\"")?;
    Ok(Document(out))
}

impl<W: Write> Document<'_, W> {
    /// What is lost of a dump that was salvaged; nothing of a whole one, so that documents of
    /// these stay as they are.
    pub(in crate::report) fn salvaged(
        self,
        name: &str,
        lost: Option<&Salvaged>,
    ) -> io::Result<Self> {
        match lost {
            Some(lost) => self.field(name, lost),
            None => Ok(self),
        }
    }

    pub(in crate::report) fn field(self, name: &str, of: &impl Serialize) -> io::Result<Self> {
        write!(self.0, ",\"{name}\":")?;
        value(self.0, of)?;
        Ok(self)
    }

    /// The same where there is something to tell, so that documents without stay as they are.
    pub(in crate::report) fn field_if(
        self,
        name: &str,
        of: &impl Serialize,
        is_told: bool,
    ) -> io::Result<Self> {
        match is_told {
            true => self.field(name, of),
            false => Ok(self),
        }
    }

    /// Begins a list that is written by others, up to the end of the document.
    pub(in crate::report) fn begin_list(self, name: &str) -> io::Result<()> {
        write!(self.0, ",\"{name}\":[")
    }

    pub(in crate::report) fn list<R: Serialize>(
        self,
        name: &str,
        rows: impl IntoIterator<Item = R>,
    ) -> io::Result<Self> {
        write!(self.0, ",\"{name}\":[")?;
        let mut end: &[u8] = b"]";
        for row in rows {
            self.0.write_all(match end {
                b"]" => b"\n",
                _ => b",\n",
            })?;
            end = b"\n]";
            value(self.0, &row)?;
        }
        self.0.write_all(end)?;
        Ok(self)
    }

    /// The same if there are any rows, so that documents without stay as they are.
    pub(in crate::report) fn list_if_any<R: Serialize>(
        self,
        name: &str,
        rows: &[R],
    ) -> io::Result<Self> {
        match rows.is_empty() {
            true => Ok(self),
            false => self.list(name, rows),
        }
    }

    pub(in crate::report) fn end(self) -> io::Result<()> {
        writeln!(self.0, "}}")
    }
}

/// Writes one value, compact and safe.
pub(in crate::report) fn value(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    value
        .serialize(&mut Serializer::with_formatter(out, Safe(acts)))
        .map_err(io::Error::from)
}

/// A value as it can stand in a script element of an HTML page, which it cannot end.
pub(in crate::report) fn embedded(embedded: &impl Serialize) -> String {
    let marks = |c| acts(c) || matches!(c, '<' | '>' | '&');
    let mut out = Vec::new();
    let outcome = embedded.serialize(&mut Serializer::with_formatter(&mut out, Safe(marks)));
    // Writing to memory does not fail, and what is embedded has no odd keys.
    outcome.map_or_else(
        |_| "null".into(),
        |()| String::from_utf8_lossy(&out).into_owned(),
    )
}

/// Whether a byte is a character that nothing here escapes. Some others are not escaped either. A
/// table, as each byte of each name and text is looked up.
static IS_PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = b' ';
    while byte <= b'~' {
        plain[byte as usize] = !matches!(byte, b'#' | b'<' | b'>' | b'&');
        byte += 1;
    }
    plain
};

fn is_plain(byte: u8) -> bool {
    IS_PLAIN[usize::from(byte)]
}

/// Compact JSON that escapes more than JSON asks for: such characters too, and what the log of a
/// build takes for a command wherever it stands in a line.
struct Safe(fn(char) -> bool);

impl Formatter for Safe {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // Nearly all texts are plain, and a million of them are looked at byte by byte.
        if fragment.bytes().all(is_plain) {
            return out.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        let mut marks = marks(fragment).into_iter().peekable();
        loop {
            let start = fragment.len() - rest.len();
            let found = rest.find(self.0).map(|at| start + at);
            let Some(at) = found.into_iter().chain(marks.peek().copied()).min() else {
                break;
            };
            let _ = marks.next_if_eq(&at);
            let (head, tail) = rest.split_at(at - start);
            out.write_all(head.as_bytes())?;
            let mut chars = tail.chars();
            if let Some(c) = chars.next() {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}")?;
                }
            }
            rest = chars.as_str();
        }
        out.write_all(rest.as_bytes())
    }

    fn write_char_escape<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        CompactFormatter.write_char_escape(out, escape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_turn_back_into_the_text() {
        let text = "##[error]a\x1b[0m\u{9b}\u{202e}\"\\\n\u{7f}é\u{1f600}###vso[\u{e0041}";
        let mut out = Vec::new();
        value(&mut out, &text).unwrap();
        let json = String::from_utf8(out).unwrap();
        assert!(!json.contains(acts), "{json}");
        assert!(!json.contains("##[") && !json.contains("##vso["), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

    #[test]
    fn what_is_embedded_ends_no_script() {
        let text = "</script><!--<script>&\u{2028}";
        let json = embedded(&text);
        assert!(!json.contains(['<', '>', '&', '\u{2028}']), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
