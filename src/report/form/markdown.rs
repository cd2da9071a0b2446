//! Markdown tables, for tickets and merge requests. Texts of the dump call nobody, refer to nothing
//! and lead nowhere.

use std::borrow::Cow;
use std::io::{self, Write};

use crate::report::report_table::{Of, ReportTable, Row, TableColumn, shown, whole};
use crate::units::{ByteStyle, escaped};

impl<'s, R: Iterator<Item = Row<'s>> + Clone> ReportTable<'_, R> {
    /// Writes a Markdown table and the notes.
    pub(in crate::report) fn markdown(
        &self,
        out: &mut impl Write,
        style: ByteStyle,
    ) -> io::Result<()> {
        let heading = |column: &TableColumn| format!("{} {}", column.group, column.heading);
        let headings: Vec<String> = self.columns.iter().map(heading).collect();
        let headings: Vec<&str> = headings.iter().map(|heading| heading.trim()).collect();
        writeln!(out, "| {} |", headings.join(" | "))?;
        let first = self.rows.clone().find(|row| row.of == Of::One);
        let right = |column: usize| {
            let value = first.as_ref().and_then(|row| row.values.get(column));
            column > 0 && !value.is_some_and(|value| value.is_text())
        };
        let rules: Vec<&str> = (0..headings.len())
            .map(|column| if right(column) { "---:" } else { "---" })
            .collect();
        writeln!(out, "| {} |", rules.join(" | "))?;
        for row in self.rows.clone() {
            write!(out, "|")?;
            for (column, value) in row.values.iter().enumerate() {
                let text = match value {
                    value if value.is_text() => cell(&whole(value)),
                    value => shown(value, style),
                };
                match (column, row.of) {
                    (0, Of::More) => write!(out, " *{text}* |")?,
                    (0, Of::Total) => write!(out, " **{text}** |")?,
                    _ => write!(out, " {text} |")?,
                }
            }
            writeln!(out)?;
        }
        for note in &self.notes {
            writeln!(out, "\n{}", text(&note.text))?;
        }
        Ok(())
    }
}

/// Untrusted text in a cell of a table: what Markdown or HTML would act on is escaped.
pub(in crate::report) fn cell(text: &str) -> String {
    harmless(text, true)
}

/// The same outside of tables.
pub(in crate::report) fn text(text: &str) -> String {
    harmless(text, false)
}

fn harmless(text: &str, is_cell: bool) -> String {
    let text = escaped(text);
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(char::is_whitespace) {
        let trimmed = word.trim_end_matches(char::is_whitespace);
        if is_live(trimmed) {
            out.push_str(&code(trimmed, is_cell));
        } else {
            for c in trimmed.chars() {
                match c {
                    '<' => out.push_str("&lt;"),
                    '>' => out.push_str("&gt;"),
                    '&' => out.push_str("&amp;"),
                    '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '#' | '!' | '~' | '$' => {
                        out.extend(['\\', c]);
                    }
                    c => out.push(c),
                }
            }
        }
        out.push_str(&word[trimmed.len()..]);
    }
    out
}

/// Whether GitHub or GitLab make more of a word than text: `@name` calls somebody, `#12` and `GH-12`
/// refer to an issue, addresses become links and `:bug:` a picture. They look for these in what
/// Markdown has become, so that backslashes and entities are of no use.
fn is_live(word: &str) -> bool {
    // One of these is in each of them, and in few other words.
    let may_be = |byte: u8| matches!(byte, b'@' | b':' | b'#' | b'w' | b'W' | b'-');
    if !word.bytes().any(may_be) {
        return false;
    }
    let digit = |after: &str| after.starts_with(|c: char| c.is_ascii_digit());
    let is_name = |name: &str| {
        let is_of_names = |c: char| c.is_ascii_alphanumeric() || "_+-".contains(c);
        name.chars().all(is_of_names) && name.contains(|c: char| c.is_ascii_alphabetic())
    };
    let lower = || word.to_ascii_lowercase();
    let mut between_colons = word.split(':');
    let _ends = (between_colons.next(), between_colons.next_back());
    word.contains('@')
        || word.contains("://")
        || word.split('#').skip(1).any(digit)
        || word.contains(['w', 'W']) && lower().contains("www.")
        || word.contains('-') && lower().split("gh-").skip(1).any(digit)
        || between_colons.any(is_name)
}

/// A word as code, which is nothing but text to all of them.
pub(in crate::report) fn code(word: &str, is_cell: bool) -> String {
    let runs = word.split(|c| c != '`').map(str::len);
    let fence = "`".repeat(runs.max().unwrap_or(0) + 1);
    let pad = if word.starts_with('`') || word.ends_with('`') {
        " "
    } else {
        ""
    };
    // A table looks for its bars first, also within code. A backslash before one is doubled, as
    // the bar would part cells otherwise, and then seen twice.
    let mut word = Cow::Borrowed(word);
    if is_cell && word.contains('|') {
        let mut out = String::new();
        let mut slashes = 0;
        for c in word.chars() {
            if c == '|' {
                out.push_str(&"\\".repeat(slashes + 1));
            }
            slashes = if c == '\\' { slashes + 1 } else { 0 };
            out.push(c);
        }
        word = out.into();
    }
    format!("{fence}{pad}{word}{pad}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_text_only() {
        assert_eq!(cell("<b>|*x*"), "&lt;b&gt;\\|\\*x\\*");
        assert_eq!(cell("a\nb"), "a\\\\nb");
    }

    #[test]
    fn words_that_are_live_become_code() {
        let cases = [
            ("<Cart of @alice, 3>", "&lt;Cart of `@alice,` 3&gt;"),
            ("a@b.example", "`a@b.example`"),
            ("see http://x.example/a_b", "see `http://x.example/a_b`"),
            ("WWW.x.example", "`WWW.x.example`"),
            ("<Order #12>", "&lt;Order `#12>`"),
            ("org/repo#12", "`org/repo#12`"),
            ("gh-7 GH-12", "`gh-7` `GH-12`"),
            (":bug: x:y:z", "`:bug:` `x:y:z`"),
            ("`@a`", "`` `@a` ``"),
            ("@a``b", "```@a``b```"),
            ("@a|b\\|c", "`@a\\|b\\\\\\|c`"),
            ("@a\n@b", "`@a\\n@b`"),
        ];
        for (text, expected) in cases {
            assert_eq!(cell(text), expected);
        }
        assert_eq!(text("@a|b"), "`@a|b`");
        let plain = [
            "shop.Cart",
            "00:00:05.33: noon",
            "/tmp/shop.py:12:x 1:23:y",
            "high-speed 1-2 (a: b, c:d)",
            "wow. w",
            "a:b c:d",
        ];
        for word in plain {
            assert_eq!(text(word), word);
        }
    }
}
