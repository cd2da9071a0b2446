//! What a dump is, as lines for people, as one JSON object, or as a Markdown table.

use std::io::{self, Write};

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width};

use super::form::table::Style;
use super::form::{json, markdown};
use super::{salvaged, traps};
use crate::analysis::info::{Info, Peak};
use crate::units::{ByteStyle, bytes, escaped, share, short_time, thousands};

/// Names the shape of the document. Another number means another shape.
pub const SCHEMA: &str = "ctstats.info/2";

/// Columns of the names and the blanks behind them.
const NAMES: u16 = 12;

/// Writes lines for people.
pub fn table(out: &mut impl Write, info: &Info<'_>, style: Style) -> io::Result<()> {
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(style.page_width()).unwrap_or(u16::MAX));
    let traps = named("traps", trap_lines(info));
    for (name, text) in lines(info, style.bytes).into_iter().chain(traps) {
        table.add_row([name, &text]);
    }
    let mut columns = table.column_iter_mut();
    if let (Some(names), Some(texts)) = (columns.next(), columns.next()) {
        names.set_padding((0, 2));
        names.set_constraint(ColumnConstraint::Absolute(Width::Fixed(NAMES)));
        texts.set_padding((0, 0));
    }
    for line in table.lines() {
        // Names are of ASCII letters.
        let (name, text) = line.split_at(usize::from(NAMES) - 2);
        writeln!(out, "{}{}", style.paint.subject(name), text.trim_end())?;
    }
    Ok(())
}

/// Writes a table for a ticket.
pub fn markdown(out: &mut impl Write, info: &Info<'_>, style: ByteStyle) -> io::Result<()> {
    writeln!(out, "| dump | |\n| --- | --- |")?;
    for (name, text) in lines(info, style) {
        writeln!(out, "| {name} | {} |", markdown::cell(&text))?;
    }
    for trap in traps::told(&info.traps) {
        writeln!(out, "| trap | {} |", trap.markdown(true))?;
    }
    Ok(())
}

/// What is told of a dump, each line with its name. A line without one belongs to that before it.
fn lines(info: &Info<'_>, style: ByteStyle) -> Vec<(&'static str, String)> {
    let count = |count: usize| thousands(count as i128);
    let mut lines = vec![("format", format_of(info)), ("size", size_of(info, style))];
    lines.extend(checksum_of(info).map(|text| ("checksum", text)));
    let salvaged = info.salvaged.as_ref().map(salvaged::clauses);
    lines.extend(named("salvaged", salvaged.unwrap_or_default()));
    let lives = format!(
        "{} ({} alive, {} dead)",
        count(info.objects),
        count(info.alive),
        count(info.dead)
    );
    lines.extend([
        ("classes", count(info.classes)),
        ("objects", lives),
        ("samples", count(info.samples)),
        ("referents", count(info.referents)),
        ("sites", count(info.sites)),
        ("snapshots", count(info.snapshots)),
    ]);
    if let (Some(first), Some(last)) = (info.first_seconds, info.last_seconds) {
        let time = format!("{} to {}", short_time(first), short_time(last));
        lines.push(("time", time));
    }
    let peak = info.peak.as_ref().map(|peak| peak_lines(peak, style));
    lines.extend(named("peak", peak.unwrap_or_default()));
    let unknown = info.unknown_globals.iter();
    let unknown =
        unknown.map(|global| format!("{} (named in the pickle, not imported)", escaped(global)));
    lines.extend(named("unknown", unknown.collect()));
    lines
}

/// Each trap in a line, and below it the lines of Python that mend it.
fn trap_lines(info: &Info<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for trap in traps::told(&info.traps) {
        let (sentence, python) = trap.lines();
        lines.push(sentence);
        lines.extend(python.iter().map(|line| format!("  {line}")));
    }
    if lines.is_empty() {
        lines.push("none found".into());
    }
    lines
}

/// Lines of which the first has the name.
fn named(name: &'static str, lines: Vec<String>) -> impl Iterator<Item = (&'static str, String)> {
    let names = std::iter::once(name).chain(std::iter::repeat(""));
    names.zip(lines)
}

/// What to do where nothing would notice a byte that changed.
fn checksum_of(info: &Info<'_>) -> Option<String> {
    let coding = info.compression.filter(|_| info.checksum.is_none())?;
    let remedy = if coding == "xz" {
        "xz --check=crc64"
    } else {
        "zstd --check"
    };
    Some(format!(
        "none in its {coding} data: a byte that changed would not be noticed; pack with {remedy}, \
         or let ctstats convert write a .zst"
    ))
}

pub(super) fn format_of(info: &Info<'_>) -> String {
    match info.format_version {
        Some(version) => format!("ctstats' own, version {version}"),
        None => match info.pickle_protocols {
            [a, b] if a == b => format!("Pympler's, pickle protocol {a}"),
            [a, b] => format!("Pympler's, pickle protocols {a} and {b}"),
        },
    }
}

pub(super) fn size_of(info: &Info<'_>, style: ByteStyle) -> String {
    let size = |count: u64| bytes(count.into(), style);
    match (info.compression, info.file_bytes) {
        (Some(coding), Some(file)) => format!(
            "{} in {coding}, {} without",
            size(file),
            size(info.dump_bytes)
        ),
        (Some(coding), None) => format!("{} without {coding}", size(info.dump_bytes)),
        (None, _) => size(info.dump_bytes),
    }
}

/// The largest snapshot, and its share of the process.
fn peak_lines(peak: &Peak, style: ByteStyle) -> Vec<String> {
    let name = if peak.description.is_empty() {
        String::new()
    } else {
        format!(" ({})", escaped(&peak.description))
    };
    let tracked = bytes(peak.tracked_total_bytes, style);
    let mut lines = vec![format!(
        "snapshot {}{name}: {tracked} tracked",
        peak.snapshot
    )];
    let shares = [
        (
            peak.share_of_virtual_percent,
            peak.process_virtual_bytes,
            "virtual",
        ),
        (
            peak.share_of_resident_percent,
            peak.process_resident_bytes,
            "resident",
        ),
    ];
    for (percent, whole, name) in shares {
        if let (Some(percent), Some(whole)) = (percent, whole) {
            // Of memory that is shared or swapped out it may be more than all.
            let share = if percent > 100.0 {
                "more than".into()
            } else {
                format!("{} of", share(percent))
            };
            let whole = bytes(whole, style);
            lines.push(format!("{share} the process's {whole} {name}"));
        }
    }
    lines
}

/// Writes one JSON object.
pub fn json(out: &mut impl Write, info: &Info<'_>) -> io::Result<()> {
    #[derive(serde::Serialize)]
    struct Document<'i> {
        schema: &'static str,
        #[serde(flatten)]
        info: &'i Info<'i>,
        traps: Vec<traps::ToldTrap<'i, 'i>>,
    }
    json::value(
        out,
        &Document {
            schema: SCHEMA,
            info,
            traps: traps::told(&info.traps),
        },
    )?;
    writeln!(out)
}
