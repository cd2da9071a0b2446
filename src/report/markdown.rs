//! Markdown tables, for tickets and merge requests. Texts of the dump call nobody, refer to nothing
//! and lead nowhere.

use std::borrow::Cow;
use std::io::{self, Write};

use super::table;
use crate::analysis::objects::{Details, LeftOut};
use crate::analysis::referents::Depth;
use crate::analysis::summary::{SnapshotSummary, Summary};
use crate::select::Selected;
use crate::units::{self, ByteStyle, bytes, escaped, share, short_time, thousands};

/// Writes a table of the selected objects.
pub fn objects(
    out: &mut impl Write,
    selected: &Selected<'_>,
    style: ByteStyle,
) -> io::Result<LeftOut> {
    let dump = selected.contents;
    let mut details = Details::of(dump, &selected.sizes, Depth::All);
    writeln!(
        out,
        "| class | address | born | died | largest | at peak | repr |"
    )?;
    writeln!(out, "| --- | --- | ---: | ---: | ---: | ---: | --- |")?;
    for &number in &selected.objects {
        let row = details.row(dump.object(number));
        let died = match row.death_seconds {
            Some(death) => short_time(death),
            None if row.alive => "alive".into(),
            None => "at no moment".into(),
        };
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} |",
            cell(&row.class.to_str()),
            row.address,
            row.birth_seconds.map_or("?".into(), short_time),
            died,
            bytes(row.size_bytes.into(), style),
            bytes(row.peak_size_bytes.into(), style),
            cell(&row.repr.to_str()),
        )?;
    }
    Ok(details.left_out())
}

/// Writes a heading and a table for each snapshot.
pub fn summary(out: &mut impl Write, summary: &Summary<'_>, style: ByteStyle) -> io::Result<()> {
    let size = |count| bytes(count, style);
    let mut first = true;
    summary.each(|snapshot: SnapshotSummary<'_>| -> io::Result<()> {
        if !std::mem::take(&mut first) {
            writeln!(out)?;
        }
        let when = snapshot
            .timestamp_seconds
            .map_or("at no moment".into(), short_time);
        let name = if snapshot.description.is_empty() {
            ""
        } else {
            ": "
        };
        writeln!(
            out,
            "### Snapshot {}, {when}{name}{}\n",
            snapshot.snapshot,
            text(&snapshot.description.to_str())
        )?;
        let dash = |count: Option<i128>| count.map_or("– (not recorded)".into(), size);
        writeln!(
            out,
            "Process {} virtual, {} resident; tracked {}, asizeof {}, overhead {}. Shares are of {}.\n",
            dash(snapshot.process_virtual_bytes),
            dash(snapshot.process_resident_bytes),
            table::tracked(&snapshot, style),
            snapshot
                .asizeof_total_bytes
                .map_or("– (not computed)".into(), size),
            size(snapshot.overhead_bytes),
            table::share_name(snapshot.share_of),
        )?;
        writeln!(out, "| class | active | sum | average | share |")?;
        writeln!(out, "| --- | ---: | ---: | ---: | ---: |")?;
        let mut row = |name: &str, active: u64, sum, average: f64, percent: Option<f64>| {
            writeln!(
                out,
                "| {name} | {} | {} | {} | {} |",
                thousands(active.into()),
                size(sum),
                units::average(average, style),
                percent.map_or("–".into(), share)
            )
        };
        for c in &snapshot.classes {
            row(
                &cell(&c.class.to_str()),
                c.active,
                c.sum_bytes,
                c.average_bytes,
                c.share_percent,
            )?;
        }
        if let Some(m) = &snapshot.more {
            let name = format!("*{} more*", thousands(m.classes as i128));
            row(
                &name,
                m.active,
                m.sum_bytes,
                m.average_bytes,
                m.share_percent,
            )?;
        }
        let t = &snapshot.total;
        row(
            "**total**",
            t.active,
            t.sum_bytes,
            t.average_bytes,
            t.share_percent,
        )
    })
}

/// Untrusted text in a cell of a table: what Markdown or HTML would act on is escaped.
pub(super) fn cell(text: &str) -> String {
    harmless(text, true)
}

/// The same outside of tables.
pub(super) fn text(text: &str) -> String {
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
fn code(word: &str, is_cell: bool) -> String {
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
