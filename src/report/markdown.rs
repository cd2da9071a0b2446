//! Markdown tables, for tickets and merge requests.

use std::io::{self, Write};

use super::table;
use crate::analysis::objects::ObjectRow;
use crate::analysis::summary::{SnapshotSummary, Summary};
use crate::model::Dump;
use crate::select::Selected;
use crate::units::{self, ByteStyle, bytes, clock, escaped, share, thousands};

/// Writes a table of the selected objects.
pub fn objects(
    out: &mut impl Write,
    dump: &Dump,
    selected: &Selected,
    style: ByteStyle,
) -> io::Result<()> {
    writeln!(
        out,
        "| class | address | born | died | largest | at peak | repr |"
    )?;
    writeln!(out, "| --- | --- | ---: | ---: | ---: | ---: | --- |")?;
    for &number in &selected.objects {
        let row = ObjectRow::of(dump.object(number), &selected.sizes);
        let died = match row.death_seconds {
            Some(death) => clock(death),
            None if row.alive => "alive".into(),
            None => "at no moment".into(),
        };
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} |",
            cell(&row.class.to_str()),
            row.address,
            row.birth_seconds.map_or("?".into(), clock),
            died,
            bytes(row.size_bytes.into(), style),
            bytes(row.peak_size_bytes.into(), style),
            cell(&row.repr.to_str()),
        )?;
    }
    Ok(())
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
            .map_or("at no moment".into(), clock);
        let name = if snapshot.description.is_empty() {
            ""
        } else {
            ": "
        };
        writeln!(
            out,
            "### Snapshot {}, {when}{name}{}\n",
            snapshot.snapshot,
            cell(&snapshot.description.to_str())
        )?;
        let dash = |count: Option<i128>| count.map_or("– (not recorded)".into(), size);
        writeln!(
            out,
            "Process {} virtual, {} resident; tracked {}, asizeof {}, overhead {}.\n",
            dash(snapshot.process_virtual_bytes),
            dash(snapshot.process_resident_bytes),
            table::tracked(&snapshot, style),
            snapshot
                .asizeof_total_bytes
                .map_or("– (not computed)".into(), size),
            size(snapshot.overhead_bytes),
        )?;
        writeln!(out, "| class | active | sum | average | share |")?;
        writeln!(out, "| --- | ---: | ---: | ---: | ---: |")?;
        let mut row = |name: &str, active: u64, sum, average: f64, percent| {
            writeln!(
                out,
                "| {name} | {} | {} | {} | {} |",
                thousands(active.into()),
                size(sum),
                units::average(average, style),
                share(percent)
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

/// Untrusted text in a cell: what Markdown or HTML would act on is escaped.
pub(super) fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in escaped(text).chars() {
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
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_text_only() {
        assert_eq!(cell("<b>|*x*"), "&lt;b&gt;\\|\\*x\\*");
        assert_eq!(cell("a\nb"), "a\\\\nb");
    }
}
