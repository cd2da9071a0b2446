//! The form for people: aligned columns of a given width.

use std::io::{self, Write};

use crate::analysis::sites::SiteFrame;
use crate::model::Text;
use crate::report::Paint;
use crate::report::class_names::ClassNames;
use crate::report::fit::{clipped, ending, fit, fit_left, fit_right, width_of, wrap};
use crate::report::report_table::{
    NO_TRACE, NOT_IN_TABLES, Of, ReportTable, Row, SHORTEST_NAME, TableColumn, Value, place, shown,
};
use crate::units::{ByteStyle, thousands};

/// Columns of the page where there is no terminal.
pub const DEFAULT_WIDTH: usize = 120;

/// The least that a page can be and still be read.
pub const NARROWEST: usize = 60;

/// The most: beyond it no eye finds the other end of a row.
pub const WIDEST: usize = 500;

/// How a table looks.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Columns of the page; taken for 60 if less, for 500 if more.
    pub width: usize,
    /// How byte counts are written.
    pub bytes: ByteStyle,
    /// Whether to colour.
    pub paint: Paint,
}

impl Style {
    pub(in crate::report) fn page_width(self) -> usize {
        self.width.clamp(NARROWEST, WIDEST)
    }
}

impl Default for Style {
    fn default() -> Self {
        Style {
            width: DEFAULT_WIDTH,
            bytes: ByteStyle::Units,
            paint: Paint::default(),
        }
    }
}

impl<'s, R: Iterator<Item = Row<'s>> + Clone> ReportTable<'_, R> {
    /// Writes aligned columns of a page, as many as there is room for.
    pub(in crate::report) fn table(&self, out: &mut impl Write, style: Style) -> io::Result<()> {
        let page = TableLayout::of(self, style);
        page.headings(out, self.columns)?;
        for row in self.rows.clone() {
            page.row(out, &row)?;
        }
        let has = |of| {
            let mut shown = page.columns.iter();
            shown.any(|&(column, _)| self.columns[column].name == of)
        };
        let notes = self.notes.iter();
        let notes = notes.filter(|note| note.of.is_empty() || has(note.of));
        let mut notes: Vec<&str> = notes.map(|note| &*note.text).collect();
        notes.extend(page.left_out.as_deref());
        if !notes.is_empty() {
            writeln!(out)?;
        }
        for line in notes.iter().flat_map(|note| wrap(note, page.width)) {
            writeln!(out, "{}", style.paint.aside(line))?;
        }
        Ok(())
    }
}

/// Which columns a page has, and how wide they are.
struct TableLayout<'s> {
    style: Style,
    /// Columns behind the indentation.
    width: usize,
    indent: String,
    /// How the names of the rows are cut to their column.
    names: ClassNames<'s>,
    /// TableColumn numbers and widths; the first is the name's.
    columns: Vec<(usize, usize)>,
    /// Which columns found no room, and which width has it.
    left_out: Option<String>,
}

impl<'s> TableLayout<'s> {
    fn of<R: Iterator<Item = Row<'s>> + Clone>(sheet: &ReportTable<'_, R>, style: Style) -> Self {
        let width = style.page_width() - sheet.indent;
        let mut widths: Vec<usize> = sheet
            .columns
            .iter()
            .map(|column| width_of(column.heading))
            .collect();
        for row in sheet.rows.clone() {
            for (taken, value) in widths.iter_mut().zip(&row.values) {
                *taken = width_of(&cell(value, style.bytes, width)).max(*taken);
            }
        }
        let mut columns: Vec<(usize, usize)> = widths.into_iter().enumerate().collect();
        columns.retain(|&(column, _)| sheet.columns[column].dispensable != NOT_IN_TABLES);
        let name = columns.first().map_or(0, |&(_, width)| width);
        // Two spaces stand between columns.
        let figures = |columns: &[(usize, usize)]| -> usize {
            columns.iter().skip(1).map(|(_, width)| width + 2).sum()
        };
        let whole = figures(&columns) + name.min(sheet.least_name);
        let all: Vec<usize> = columns.iter().map(|&(column, _)| column).collect();
        while figures(&columns) + name.min(sheet.least_name) > width {
            // Whether it may go, then how gladly; of those that are alike the last goes first.
            let ranked = columns.iter().skip(1).map(|&(number, _)| {
                let column = &sheet.columns[number];
                (!column.is_sorted_by, column.dispensable, number)
            });
            let Some((true, most, last)) = ranked.max() else {
                break;
            };
            if most == 0 && figures(&columns) + name.min(SHORTEST_NAME) <= width {
                break;
            }
            columns.retain(|&(number, _)| {
                let column = &sheet.columns[number];
                let goes = if most == 0 {
                    number == last
                } else {
                    column.dispensable == most && !column.is_sorted_by
                };
                number == 0 || !goes
            });
        }
        let left_out = all
            .iter()
            .filter(|&&c| columns.iter().all(|&(shown, _)| shown != c));
        let left_out = left_out.map(|&column| &sheet.columns[column]);
        let left_out = left_out_of(left_out, whole);
        let room = width.saturating_sub(figures(&columns)).max(SHORTEST_NAME);
        let mut names = ClassNames::default();
        if let Some((_, name)) = columns.first_mut() {
            *name = (*name).min(room);
            names = ClassNames::of(sheet.rows.clone().filter_map(name_of), *name);
        }
        TableLayout {
            style,
            width,
            indent: " ".repeat(sheet.indent),
            names,
            columns,
            left_out,
        }
    }

    fn headings(&self, out: &mut impl Write, columns: &[TableColumn]) -> io::Result<()> {
        let paint = self.style.paint;
        if columns.iter().any(|column| !column.group.is_empty()) {
            let mut line = String::new();
            let mut rest = self.columns.iter().peekable();
            while let Some(&(column, width)) = rest.next() {
                let group = columns[column].group;
                let mut width = width;
                while let Some((_, more)) =
                    rest.next_if(|&&(next, _)| !group.is_empty() && columns[next].group == group)
                {
                    width += 2 + more;
                }
                if column > 0 {
                    line.push_str("  ");
                }
                line.push_str(&fit(&ruled(group, width), width));
            }
            writeln!(out, "{}{}", self.indent, paint.aside(line.trim_end()))?;
        }
        let mut line = String::new();
        for &(column, width) in &self.columns {
            let heading = columns[column].heading;
            if column == 0 {
                line.push_str(&fit(heading, width));
            } else {
                line.push_str("  ");
                line.push_str(&fit_right(heading, width));
            }
        }
        writeln!(out, "{}{}", self.indent, paint.heading(line.trim_end()))
    }

    fn row(&self, out: &mut impl Write, row: &Row<'_>) -> io::Result<()> {
        let paint = self.style.paint;
        let mut line = self.indent.clone();
        for &(column, width) in &self.columns {
            let Some(value) = row.values.get(column) else {
                continue;
            };
            let text = match (column, value) {
                (0, &Value::Name(name)) => self.names.cut(name),
                _ => cell(value, self.style.bytes, self.width),
            };
            if column == 0 {
                let text = fit_left(&text, width);
                line.push_str(&match row.of {
                    Of::One => paint.subject(text),
                    Of::More => paint.aside(text),
                    Of::Total => text,
                });
                continue;
            }
            line.push_str("  ");
            let text = fit_right(&text, width);
            line.push_str(&match value.direction() {
                std::cmp::Ordering::Greater => paint.growth(text),
                std::cmp::Ordering::Less => paint.shrinkage(text),
                std::cmp::Ordering::Equal => text,
            });
        }
        writeln!(out, "{}", line.trim_end())?;
        if let Some(Value::Site(frames, own)) = row.values.first() {
            self.below(out, frames)?;
            if let &Some((frame, more)) = own {
                self.own(out, frame, more)?;
            }
        }
        Ok(())
    }

    /// What stands under a site: its source line, and where it was called from.
    fn below(&self, out: &mut impl Write, frames: &[SiteFrame<'_>]) -> io::Result<()> {
        for (index, frame) in frames.iter().rev().enumerate() {
            if index > 0 {
                let room = self.width.saturating_sub(12);
                let place = fit_left(&place(frame, Some(room)), room);
                writeln!(out, "  called by {}", place.trim_end())?;
            }
            self.source(out, frame)?;
        }
        Ok(())
    }

    fn source(&self, out: &mut impl Write, frame: &SiteFrame<'_>) -> io::Result<()> {
        let Some(source) = frame.source.filter(|source| !source.is_empty()) else {
            return Ok(());
        };
        let room = self.width.saturating_sub(6);
        let source = clipped(source, room);
        writeln!(out, "      {}", self.style.paint.aside(source))
    }

    /// The frame of own code under a site of other code.
    fn own(&self, out: &mut impl Write, frame: &SiteFrame<'_>, more: u64) -> io::Result<()> {
        let more = match more {
            0 => String::new(),
            more => format!(" and {} more", thousands(more.into())),
        };
        let room = self.width.saturating_sub("  own code ".len() + more.len());
        let place = fit_left(&place(frame, Some(room)), room);
        writeln!(out, "  own code {}{more}", place.trim_end())?;
        self.source(out, frame)
    }
}

/// A note on the columns that found no room: those of a group together.
fn left_out_of<'c>(columns: impl Iterator<Item = &'c TableColumn>, whole: usize) -> Option<String> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for column in columns {
        match groups.last_mut() {
            Some((group, headings)) if *group == column.group => headings.push(column.heading),
            _ => groups.push((column.group, vec![column.heading])),
        }
    }
    if groups.is_empty() {
        return None;
    }
    let groups = groups.iter().map(|(group, headings)| {
        let headings = headings.join(", ");
        format!("{group} {headings}").trim_start().to_owned()
    });
    let names: Vec<String> = groups.collect();
    let remedy = if whole <= WIDEST {
        format!("--width {whole}")
    } else {
        "--format csv".into()
    };
    Some(format!(
        "left out: {} ({remedy} shows all)",
        names.join("; ")
    ))
}

/// The class that a row is named after.
fn name_of<'s>(row: Row<'s>) -> Option<Text<'s>> {
    match row.values.first() {
        Some(&Value::Name(name)) => Some(name),
        _ => None,
    }
}

/// A group's name in the middle of a line over its columns.
fn ruled(group: &str, width: usize) -> String {
    let taken = width_of(group);
    if group.is_empty() || width < taken + 4 {
        return fit_right(group, width);
    }
    let left = (width - taken - 2) / 2;
    let right = width - taken - 2 - left;
    format!("{} {group} {}", "─".repeat(left), "─".repeat(right))
}

/// A value for people, texts no longer than can matter for a page of this width.
pub(in crate::report) fn cell(value: &Value<'_>, style: ByteStyle, width: usize) -> String {
    match value {
        Value::Name(text) | Value::Text(text) => ending(*text, width),
        Value::Site(frames, _) => frames
            .last()
            .map_or(NO_TRACE.into(), |frame| place(frame, Some(width))),
        value => shown(value, style),
    }
}
