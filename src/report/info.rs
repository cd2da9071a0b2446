//! What a dump is, as lines for people or as one JSON object.

use std::io::{self, Write};

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width};

use super::form::json;
use super::form::table::Style;
use super::{reasons, salvaged};
use crate::analysis::info::{Info, Peak};
use crate::units::{ByteStyle, bytes, escaped, share, short_time, thousands};

/// Names the shape of the document. Another number means another shape.
pub const SCHEMA: &str = "ctstats.info/1";

/// Columns of the names and the blanks behind them.
const NAMES: u16 = 12;

/// Writes lines for people.
pub fn table(out: &mut impl Write, info: &Info, style: Style) -> io::Result<()> {
    let (width, paint, style) = (style.page_width(), style.paint, style.bytes);
    let count = |count: usize| thousands(count as i128);
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(u16::MAX));
    let mut line = |name: &str, text: String| {
        table.add_row([name, &text]);
    };
    let salvaged = info.salvaged.as_ref().map(salvaged::clauses);
    let salvaged = salvaged.unwrap_or_default();
    line("format", format_of(info));
    line("size", size_of(info, style));
    if let (Some(coding), None) = (info.compression, info.checksum) {
        let remedy = if coding == "xz" {
            "xz --check=crc64"
        } else {
            "zstd --check"
        };
        line(
            "checksum",
            format!(
                "none in its {coding} data: a byte that changed would not be noticed; \
                 pack with {remedy}, or let ctstats convert write a .zst"
            ),
        );
    }
    for (index, clause) in salvaged.iter().enumerate() {
        line(if index == 0 { "salvaged" } else { "" }, clause.clone());
    }
    line("classes", count(info.classes));
    let lives = format!(
        "{} ({} alive, {} dead)",
        count(info.objects),
        count(info.alive),
        count(info.dead)
    );
    line("objects", lives);
    line("samples", count(info.samples));
    line("referents", count(info.referents));
    line("sites", count(info.sites));
    line("snapshots", count(info.snapshots));
    if let (Some(first), Some(last)) = (info.first_seconds, info.last_seconds) {
        line(
            "time",
            format!("{} to {}", short_time(first), short_time(last)),
        );
    }
    if let Some(peak) = &info.peak {
        peak_lines(peak, style, &mut line);
    }
    for (index, missing) in info.missing.iter().enumerate() {
        let name = if index == 0 { "missing" } else { "" };
        let (what, remedy) = reasons::missing(*missing);
        line(name, format!("{what}: {remedy}"));
    }
    for (index, global) in info.unknown_globals.iter().enumerate() {
        let name = if index == 0 { "unknown" } else { "" };
        line(
            name,
            format!("{} (named in the pickle, not imported)", escaped(global)),
        );
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
        writeln!(out, "{}{}", paint.subject(name), text.trim_end())?;
    }
    Ok(())
}

fn format_of(info: &Info) -> String {
    match info.format_version {
        Some(version) => format!("ctstats' own, version {version}"),
        None => match info.pickle_protocols {
            [a, b] if a == b => format!("Pympler's, pickle protocol {a}"),
            [a, b] => format!("Pympler's, pickle protocols {a} and {b}"),
        },
    }
}

fn size_of(info: &Info, style: ByteStyle) -> String {
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
fn peak_lines(peak: &Peak, style: ByteStyle, line: &mut impl FnMut(&str, String)) {
    let name = if peak.description.is_empty() {
        String::new()
    } else {
        format!(" ({})", escaped(&peak.description))
    };
    let tracked = bytes(peak.tracked_total_bytes, style);
    line(
        "peak",
        format!("snapshot {}{name}: {tracked} tracked", peak.snapshot),
    );
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
            line("", format!("{share} the process's {whole} {name}"));
        }
    }
}

/// Writes one JSON object.
pub fn json(out: &mut impl Write, info: &Info) -> io::Result<()> {
    #[derive(serde::Serialize)]
    struct Document<'i> {
        schema: &'static str,
        #[serde(flatten)]
        info: &'i Info,
    }
    json::value(
        out,
        &Document {
            schema: SCHEMA,
            info,
        },
    )?;
    writeln!(out)
}
