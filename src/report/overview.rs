//! A dump at a glance: one screen for people, a document for programs, a page for tickets.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::advice::quoted;
use super::fit::{clipped, clipped_left, fit_left, width_of, wrap};
use super::form::json;
use super::form::markdown;
use super::form::table::Style;
use super::info;
use super::known;
use super::leaks::{IGNORED, confidence, headline};
use super::report_table::{Of, ReportTable, Row, TableColumn, Value, place};
use crate::analysis::leaks::{Confidence, Ignored, Pattern};
use crate::analysis::overview::{ClassWord, Overview};
use crate::analysis::sites::SiteRow;
use crate::analysis::trends::{ClassTrend, FigureOverTime};
use crate::model::Text;
use crate::units::{ByteStyle, bytes, counted, escaped, share, short_time, thousands};

/// Names the shape of the document. Another number means another shape.
pub const SCHEMA: &str = "ctstats.overview/1";

/// Lines of a screen of 24, of which the shell's prompt takes one.
const MOST_LINES: usize = 23;

/// Classes in a ticket.
const MOST_CLASSES: usize = 10;

/// Ignored suspects that a screen names.
const MOST_IGNORED: usize = 3;

/// Columns that a name has at least.
const LEAST_NAME: usize = 12;

const COLUMNS: [TableColumn; 7] = [
    TableColumn::new("class", "", "class", 0),
    TableColumn::new("bytes_by_snapshot", "", "bytes", 2),
    TableColumn::new("bytes_first", "", "first", 3),
    TableColumn::new("bytes_peak", "", "peak", 1),
    TableColumn::new("bytes_last", "", "last", 0),
    TableColumn::new("bytes_change", "", "growth", 0),
    TableColumn::new("confidence", "", "leak", 0),
];

/// What stands for the file in commands that would not fit with its name.
const PLACEHOLDER: &str = "DUMP";

/// Writes a screen of at most 24 lines, as wide as the page is. `dump` is the file that the
/// commands in it name.
pub fn table(
    out: &mut impl Write,
    overview: &Overview<'_>,
    dump: &Path,
    style: Style,
) -> io::Result<()> {
    let width = style.page_width();
    let paint = style.paint;
    let mut head = Vec::new();
    let name = fit_left(&name_of(dump), width);
    head.push(paint.subject(name.trim_end()));
    let what = what(overview, style.bytes);
    head.extend(what.iter().flat_map(|clause| wrap(clause, width)));
    head.push(String::new());
    let verdict = wrap(&headline(&overview.leaks), width);
    head.extend(verdict.into_iter().map(|line| paint.subject(line)));
    let ignored = ignored(overview);
    let named = ignored.iter().take(MOST_IGNORED);
    head.extend(named.map(|line| clipped(Text::new(line), width)));
    if ignored.len() > MOST_IGNORED {
        let more = ignored.len() - MOST_IGNORED;
        let more = counted(more, "more suspect is ignored", "more suspects are ignored");
        head.push(more);
    }
    let mut foot = vec![String::new()];
    foot.extend(created(overview, style));
    foot.push(String::new());
    foot.extend(next_lines(overview, dump, width));
    let mut classes = Vec::new();
    // Each class takes a line, and what else a table has is known once it is laid out.
    let mut rows = told(overview).count().min(MOST_LINES);
    while rows > 0 {
        classes.clear();
        class_table(overview, rows).table(&mut classes, style)?;
        let lines = classes.iter().filter(|&&byte| byte == b'\n').count();
        let excess = (head.len() + 1 + lines + foot.len()).saturating_sub(MOST_LINES);
        if excess == 0 || rows == 1 {
            break;
        }
        rows = rows.saturating_sub(excess).max(1);
    }
    head.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    if !classes.is_empty() {
        writeln!(out)?;
        out.write_all(&classes)?;
    }
    foot.iter().try_for_each(|line| writeln!(out, "{line}"))
}

/// Writes a page for a ticket.
pub fn markdown(
    out: &mut impl Write,
    overview: &Overview<'_>,
    dump: &Path,
    style: ByteStyle,
) -> io::Result<()> {
    writeln!(out, "### {}\n", markdown::text(&name_of(dump)))?;
    for clause in what(overview, style) {
        writeln!(out, "{}\n", markdown::text(&clause))?;
    }
    writeln!(out, "**{}**\n", markdown::text(&headline(&overview.leaks)))?;
    let ignored = ignored(overview);
    for line in &ignored {
        writeln!(out, "- {}", markdown::text(line))?;
    }
    if !ignored.is_empty() {
        writeln!(out)?;
    }
    class_table(overview, MOST_CLASSES).markdown(out, style)?;
    writeln!(out)?;
    if overview.sites.is_empty() {
        writeln!(out, "{}", markdown::text(without_sites(overview)))?;
    } else {
        writeln!(out, "Created most:\n")?;
    }
    for site in &overview.sites {
        let line = format!(
            "{} {}",
            site_figures(site, style).join(" "),
            frame(site, None)
        );
        writeln!(out, "- {}", markdown::text(&line))?;
    }
    Ok(())
}

/// A class in the document.
#[derive(Serialize)]
struct ClassRow<'o, 'd> {
    #[serde(flatten)]
    class: &'o ClassTrend<'d>,
    confidence: Option<Confidence>,
    pattern: Option<Pattern>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_ignored: bool,
}

/// Writes one document, with all classes.
pub fn json(out: &mut impl Write, overview: &Overview<'_>, dump: &Path) -> io::Result<()> {
    let (leaks, trends) = (&overview.leaks, &overview.trends);
    let classes = trends.classes.iter().map(|class| {
        let word = overview.verdict(class);
        ClassRow {
            class,
            confidence: word.map(|word| word.confidence),
            pattern: word.map(|word| word.pattern),
            is_ignored: word.is_some_and(|word| word.is_ignored),
        }
    });
    let count = |confidence| {
        let of = leaks.classes().map(|class| class.verdict.confidence);
        of.filter(|&of| of == confidence).count()
    };
    json::document(out, SCHEMA)?
        .field("file", &dump.display().to_string())?
        .field("info", &overview.info)?
        .field("headline", &headline(leaks))?
        .field(
            "classes_judged",
            &(leaks.classes().count() + leaks.ignored.len()),
        )?
        .field("likely", &count(Confidence::Likely))?
        .field("possible", &count(Confidence::Possible))?
        .field("filling", &count(Confidence::Filling))?
        .list_if_any("ignored", &leaks.ignored)?
        .list("snapshots", &trends.snapshots)?
        .field("snapshots_left_out", &trends.snapshots_left_out)?
        .list("classes", classes)?
        .field("total", &trends.total)?
        .list("sites", &overview.sites)?
        .field(
            "next",
            &next(overview, &quoted(dump)).map(|(command, _)| command),
        )?
        .end()
}

/// The verdict on a class in a word.
fn word(of: ClassWord) -> &'static str {
    match of.is_ignored {
        true => IGNORED,
        false => confidence(of.confidence),
    }
}

/// The suspects that are known and accepted, each with the reason.
fn ignored(overview: &Overview<'_>) -> Vec<String> {
    let ignored = overview.leaks.ignored.iter();
    let line =
        |one: &Ignored<'_>| format!("ignored {}: {}", one.class, known::sentence(&one.known));
    ignored.map(line).collect()
}

fn name_of(dump: &Path) -> String {
    match dump.to_str() {
        Some("-") => "standard input".into(),
        _ => escaped(&dump.display().to_string()).into_owned(),
    }
}

/// What the dump is, in a paragraph or two.
fn what(overview: &Overview<'_>, style: ByteStyle) -> Vec<String> {
    let info = &overview.info;
    let span = match (info.first_seconds, info.last_seconds) {
        (Some(first), Some(last)) => {
            format!(", {} to {}", short_time(first), short_time(last))
        }
        _ => String::new(),
    };
    let mut what = vec![format!(
        "{}, {}; {}, {} ({} alive); {}{span}",
        info::format_of(info),
        info::size_of(info, style),
        counted(info.classes, "class", "classes"),
        counted(info.objects, "object", "objects"),
        thousands(info.alive as i128),
        counted(info.snapshots, "snapshot", "snapshots"),
    )];
    if info.salvaged.is_some() {
        what.push("It is not whole: ctstats info --salvage says what is lost.".into());
    }
    what
}

/// The classes that held something.
fn told<'o, 'd>(overview: &'o Overview<'d>) -> impl Iterator<Item = &'o ClassTrend<'d>> + Clone {
    let classes = overview.trends.classes.iter();
    classes.filter(|class| overview.verdict(class).is_some())
}

/// The first of the classes, the others in a row, and all of them.
fn class_table<'o>(
    overview: &'o Overview<'_>,
    rows: usize,
) -> ReportTable<'static, impl Iterator<Item = Row<'o>> + Clone> {
    let row = |class: &'o ClassTrend<'_>| Row {
        of: Of::One,
        values: values(
            Value::Name(class.class),
            &class.held.bytes,
            Value::Word(overview.verdict(class).map_or("", word)),
        ),
    };
    let others = told(overview).skip(rows);
    let count = others.clone().count();
    let more = (count > 0).then(|| {
        let sum = |of: fn(&FigureOverTime) -> i128| -> i128 {
            others.clone().map(|class| of(&class.held.bytes)).sum()
        };
        let suspects = |sure| {
            let verdicts = others.clone().filter_map(|class| overview.verdict(class));
            verdicts
                .filter(|of| of.confidence == sure && !of.is_ignored)
                .count()
        };
        let suspects = [Confidence::Likely, Confidence::Possible]
            .map(|sure| (suspects(sure), confidence(sure)));
        let suspects = suspects.iter().filter(|(count, _)| *count > 0);
        let suspects: Vec<String> = suspects
            .map(|(count, sure)| format!("{} {sure}", thousands(*count as i128)))
            .collect();
        Row {
            of: Of::More,
            values: vec![
                Value::Label(format!("{} more", thousands(count as i128))),
                Value::Nothing,
                Value::Bytes(sum(|bytes| bytes.first)),
                Value::Nothing,
                Value::Bytes(sum(|bytes| bytes.last)),
                Value::ByteChange(sum(|bytes| bytes.change)),
                Value::Label(if suspects.is_empty() {
                    "no".into()
                } else {
                    suspects.join(", ")
                }),
            ],
        }
    });
    let total = Row {
        of: Of::Total,
        values: values(
            Value::Label("total".into()),
            &overview.trends.total.held.bytes,
            Value::Word(""),
        ),
    };
    ReportTable {
        least_name: LEAST_NAME,
        ..ReportTable::of(
            &COLUMNS,
            told(overview)
                .take(rows)
                .map(row)
                .chain(more)
                .chain(std::iter::once(total)),
        )
    }
}

fn values<'o>(name: Value<'o>, bytes: &'o FigureOverTime, leak: Value<'o>) -> Vec<Value<'o>> {
    vec![
        name,
        Value::Series(&bytes.by_snapshot),
        Value::Bytes(bytes.first),
        Value::Bytes(bytes.peak),
        Value::Bytes(bytes.last),
        Value::ByteChange(bytes.change),
        leak,
    ]
}

/// The lines that created most, or why there are none.
fn created(overview: &Overview<'_>, style: Style) -> Vec<String> {
    let width = style.page_width();
    if overview.sites.is_empty() {
        return wrap(without_sites(overview), width);
    }
    let heading = style.paint.subject("created most");
    let figures = overview
        .sites
        .iter()
        .map(|site| site_figures(site, style.bytes));
    let figures: Vec<[String; 3]> = figures.collect();
    let most = |column: usize| {
        let widths = figures.iter().map(|figures| width_of(&figures[column]));
        widths.max().unwrap_or(0)
    };
    let widths = [0, 1, 2].map(most);
    let lines = overview.sites.iter().zip(&figures).map(|(site, figures)| {
        let figures: Vec<String> = figures
            .iter()
            .zip(widths)
            .map(|(figure, width)| super::fit::fit_right(figure, width))
            .collect();
        let figures = figures.join("  ");
        let room = width.saturating_sub(width_of(&figures) + 4);
        let place = clipped_left(Text::new(&frame(site, Some(room))), room);
        format!("  {figures}  {place}")
    });
    std::iter::once(heading).chain(lines).collect()
}

fn without_sites(overview: &Overview<'_>) -> &'static str {
    if overview.info.objects == 0 {
        "no line created anything: the dump holds no tracked objects"
    } else {
        "which lines created most was not recorded; tracker.track_class(Cls, trace=True) records it"
    }
}

/// Bytes, their share, and how many objects.
fn site_figures(site: &SiteRow<'_>, style: ByteStyle) -> [String; 3] {
    let figures = &site.figures;
    [
        bytes(figures.size_bytes, style),
        figures.share_percent.map_or("–".into(), share),
        format!("× {}", thousands(figures.objects.into())),
    ]
}

/// The innermost frame in a line.
fn frame(site: &SiteRow<'_>, width: Option<usize>) -> String {
    let frame = site.frames.last();
    frame.map_or(String::new(), |frame| place(frame, width))
}

/// What to run next, and what it tells. `dump` is a word of a shell.
fn next(overview: &Overview<'_>, dump: &str) -> [(String, &'static str); 3] {
    let salvage = match overview.info.salvaged {
        Some(_) => " --salvage",
        None => "",
    };
    let has_verdict = overview.leaks.objects > 0 && overview.leaks.snapshots >= 2;
    let first = if has_verdict {
        (
            format!("ctstats leaks {dump}{salvage}"),
            "why, since when, from which lines",
        )
    } else {
        (
            format!("ctstats info {dump}{salvage}"),
            "what was not recorded",
        )
    };
    [
        first,
        (
            format!("ctstats summary {dump} --trend{salvage}"),
            "every class over all snapshots",
        ),
        (
            format!("ctstats html {dump} -o report.html{salvage}"),
            "all of it as pages",
        ),
    ]
}

/// The same in lines, which are not wrapped: they are to be copied.
fn next_lines(overview: &Overview<'_>, dump: &Path, width: usize) -> Vec<String> {
    let mut next_ones = next(overview, &quoted(dump));
    let longest = |next: &[(String, &str); 3]| {
        let widths = next.iter().map(|(command, _)| width_of(command));
        widths.max().unwrap_or(0)
    };
    if longest(&next_ones) + 2 > width {
        next_ones = next(overview, PLACEHOLDER);
    }
    let room = longest(&next_ones);
    let told = next_ones.iter().map(|(_, what)| width_of(what)).max();
    let is_told = room + told.unwrap_or(0) + "    # ".len() <= width;
    let lines = next_ones.iter().map(|(command, what)| match is_told {
        true => format!("  {command:room$}  # {what}"),
        false => format!("  {command}"),
    });
    lines.collect()
}
