//! The classes of each snapshot, in each form.

use std::io::{self, Write};

use super::fit::{beginning, fit, wrap};
use super::form::json::{self, JsonLayout};
use super::form::markdown;
use super::form::table::Style;
use super::form::{Report, Rows};
use super::report_table::{LEAST_NAME, Of, ReportTable, Row, TableColumn, Value};
use crate::analysis::long_texts::LongTexts;
use crate::analysis::summary::{Folded, ShareOf, SnapshotSummary, Summary};
use crate::units::{self, ByteStyle, bytes, share, short_time, thousands};

/// Names the shape of the document. Another number means another shape.
pub const SCHEMA: &str = "ctstats.summary/2";

impl Report for Summary<'_> {
    fn table(&self, out: &mut impl Write, style: Style) -> io::Result<()> {
        table(out, self, style)
    }

    fn json(&self, out: &mut impl Write, layout: JsonLayout) -> io::Result<()> {
        json(out, self, layout)
    }

    fn rows(&self, to: &mut impl Rows) -> io::Result<()> {
        rows(self, to)
    }

    fn markdown(&self, out: &mut impl Write, style: ByteStyle) -> io::Result<()> {
        markdown(out, self, style)
    }
}

/// Writes a block for each snapshot: the process, then the classes.
fn table(out: &mut impl Write, summary: &Summary<'_>, style: Style) -> io::Result<()> {
    let mut notes = Notes::default();
    let mut first = true;
    let none = if summary.has_filter() {
        "no class passes the filter"
    } else {
        "no class is tracked"
    };
    summary.each(|snapshot| -> io::Result<()> {
        if !std::mem::take(&mut first) {
            writeln!(out)?;
        }
        notes.gather(&snapshot);
        snapshot_block(out, &snapshot, none, style)
    })?;
    notes.write(out, style)
}

/// The tracked total, and what of it is in no class.
fn tracked(snapshot: &SnapshotSummary<'_>, style: ByteStyle) -> String {
    let total = bytes(snapshot.tracked_total_bytes, style);
    match snapshot.dead_bytes {
        0 => total,
        dead => format!("{total} ({} of it of dead objects)", bytes(dead, style)),
    }
}

/// What the figures are, said once below all of them.
#[derive(Default)]
struct Notes {
    without_asizeof: bool,
    /// What shares are of, and whether that was not recorded at some snapshot.
    share_of: Option<(ShareOf, bool)>,
}

impl Notes {
    fn gather(&mut self, snapshot: &SnapshotSummary<'_>) {
        self.without_asizeof |= snapshot.asizeof_total_bytes.is_none();
        let was_lacking = self.share_of.is_some_and(|(_, lacking)| lacking);
        let lacking = was_lacking || snapshot.share_of_bytes.is_none();
        self.share_of = Some((snapshot.share_of, lacking));
    }

    fn write(&self, out: &mut impl Write, style: Style) -> io::Result<()> {
        let mut lines = Vec::new();
        if let Some((share_of, lacking)) = self.share_of {
            let lacking = if lacking { "; –: not recorded" } else { "" };
            lines.push(format!("share: of {}{lacking}", share_name(share_of)));
        }
        if self.without_asizeof {
            lines.push(
                "asizeof –: not computed; create_snapshot(compute_total=True) records it".into(),
            );
        }
        if !lines.is_empty() {
            writeln!(out)?;
        }
        let width = style.page_width();
        lines.iter().try_for_each(|line| {
            wrap(line, width)
                .iter()
                .try_for_each(|l| writeln!(out, "{}", style.paint.aside(l)))
        })
    }
}

/// What shares are of, in words.
fn share_name(share_of: ShareOf) -> &'static str {
    match share_of {
        ShareOf::Tracked => "the snapshot's tracked total",
        ShareOf::Resident => "the process's resident size",
        ShareOf::Virtual => "the process's virtual size",
        ShareOf::Asizeof => "the snapshot's asizeof total",
    }
}

/// The classes of a snapshot. All of them fit any page.
const SUMMARY: [TableColumn; 5] = [
    TableColumn::new("class", "", "class", 0),
    TableColumn::new("active", "", "active", 0),
    TableColumn::new("sum_bytes", "", "sum", 0),
    TableColumn::new("average_bytes", "", "average", 0),
    TableColumn::new("share_percent", "", "share", 0),
];

fn snapshot_block(
    out: &mut impl Write,
    snapshot: &SnapshotSummary<'_>,
    none: &str,
    style: Style,
) -> io::Result<()> {
    let width = style.page_width();
    let paint = style.paint;
    let size = |count: i128| bytes(count, style.bytes);
    let when = snapshot
        .timestamp_seconds
        .map_or("at no moment".into(), short_time);
    let name = if snapshot.description.is_empty() {
        String::new()
    } else {
        format!(": {}", beginning(snapshot.description, width))
    };
    let head = format!("snapshot {}, {when}{name}", snapshot.snapshot);
    writeln!(out, "{}", paint.subject(fit(&head, width).trim_end()))?;
    let dash = |count: Option<i128>| count.map_or("–".into(), size);
    let figures = [
        (
            "process",
            format!("{} virtual", dash(snapshot.process_virtual_bytes)),
        ),
        (
            "",
            format!("{} resident", dash(snapshot.process_resident_bytes)),
        ),
        ("tracked", tracked(snapshot, style.bytes)),
        ("asizeof", dash(snapshot.asizeof_total_bytes)),
        ("overhead", size(snapshot.overhead_bytes)),
    ];
    let line: Vec<String> = figures
        .iter()
        .map(|(name, text)| format!("{name} {text}").trim().to_owned())
        .collect();
    for part in wrap(&line.join(", "), width - 2) {
        writeln!(out, "  {part}")?;
    }
    if snapshot.classes.is_empty() && snapshot.more.is_none() {
        return writeln!(out, "  {none}");
    }
    class_table(snapshot).table(out, style)
}

fn class_table<'s>(
    snapshot: &'s SnapshotSummary<'_>,
) -> ReportTable<'static, impl Iterator<Item = Row<'s>> + Clone> {
    let row = |of, name, active: u64, sum, average, percent| Row {
        of,
        values: vec![
            name,
            Value::Count(active),
            Value::Bytes(sum),
            Value::Average(average),
            Value::of(percent, Value::Percent),
        ],
    };
    let classes = snapshot.classes.iter().map(move |c| {
        let name = Value::Name(c.class);
        row(
            Of::One,
            name,
            c.active,
            c.sum_bytes,
            c.average_bytes,
            c.share_percent,
        )
    });
    let folded = move |of, name, f: &Folded| {
        let name = Value::Label(name);
        row(
            of,
            name,
            f.active,
            f.sum_bytes,
            f.average_bytes,
            f.share_percent,
        )
    };
    let more = snapshot.more.iter().map(move |more| {
        let name = format!("{} more", thousands(more.classes as i128));
        folded(Of::More, name, more)
    });
    let total =
        std::iter::once(&snapshot.total).map(move |all| folded(Of::Total, "total".into(), all));
    ReportTable {
        columns: &SUMMARY,
        rows: classes.chain(more).chain(total),
        least_name: LEAST_NAME,
        indent: 2,
        notes: Vec::new(),
    }
}

/// Writes the snapshots as one document, or a line each.
fn json(out: &mut impl Write, summary: &Summary<'_>, layout: JsonLayout) -> io::Result<()> {
    let document = layout == JsonLayout::Document;
    if document {
        json::document(out, SCHEMA)?
            .salvaged("salvaged", summary.salvaged())?
            .begin_list("snapshots")?;
    }
    let mut before: &[u8] = b"\n";
    summary.each(|snapshot: SnapshotSummary<'_>| -> io::Result<()> {
        if document {
            out.write_all(std::mem::replace(&mut before, b",\n"))?;
        }
        json::value(out, &snapshot)?;
        if !document {
            writeln!(out)?;
        }
        Ok(())
    })?;
    if document {
        writeln!(out, "\n]}}")?;
    }
    Ok(())
}

/// The classes of each snapshot; classes that a limit folded are one row without a class.
fn rows(summary: &Summary<'_>, to: &mut impl Rows) -> io::Result<()> {
    to.header(&[
        "snapshot",
        "description",
        "timestamp_seconds",
        "process_virtual_bytes",
        "process_resident_bytes",
        "tracked_total_bytes",
        "asizeof_total_bytes",
        "overhead_bytes",
        "class",
        "active",
        "sum_bytes",
        "average_bytes",
        "share_percent",
        "share_of",
        "dead_bytes",
    ])?;
    let mut texts = LongTexts::new();
    summary.each(|snapshot: SnapshotSummary<'_>| -> io::Result<()> {
        let mut row = |class, active, sum, average, share| {
            texts.begin_row();
            to.row(&[
                Value::Count(snapshot.snapshot as u64),
                Value::Text(texts.shown(snapshot.description)),
                Value::of(snapshot.timestamp_seconds, Value::Seconds),
                Value::of(snapshot.process_virtual_bytes, Value::Bytes),
                Value::of(snapshot.process_resident_bytes, Value::Bytes),
                Value::Bytes(snapshot.tracked_total_bytes),
                Value::of(snapshot.asizeof_total_bytes, Value::Bytes),
                Value::Bytes(snapshot.overhead_bytes),
                class,
                Value::Count(active),
                Value::Bytes(sum),
                Value::Average(average),
                Value::of(share, Value::Percent),
                Value::Word(snapshot.share_of.name()),
                Value::Bytes(snapshot.dead_bytes),
            ])
        };
        for c in &snapshot.classes {
            let name = Value::Name(c.class);
            row(
                name,
                c.active,
                c.sum_bytes,
                c.average_bytes,
                c.share_percent,
            )?;
        }
        snapshot.more.iter().try_for_each(|m| {
            row(
                Value::Nothing,
                m.active,
                m.sum_bytes,
                m.average_bytes,
                m.share_percent,
            )
        })
    })?;
    summary.note_texts_cut(texts.is_cut);
    Ok(())
}

/// Writes a heading and a table for each snapshot.
fn markdown(out: &mut impl Write, summary: &Summary<'_>, style: ByteStyle) -> io::Result<()> {
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
            markdown::text(&snapshot.description.to_str())
        )?;
        let dash = |count: Option<i128>| count.map_or("– (not recorded)".into(), size);
        writeln!(
            out,
            "Process {} virtual, {} resident; tracked {}, asizeof {}, overhead {}. Shares are of {}.\n",
            dash(snapshot.process_virtual_bytes),
            dash(snapshot.process_resident_bytes),
            tracked(&snapshot, style),
            snapshot
                .asizeof_total_bytes
                .map_or("– (not computed)".into(), size),
            size(snapshot.overhead_bytes),
            share_name(snapshot.share_of),
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
                &markdown::cell(&c.class.to_str()),
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
