//! What changed, in every form.

use std::io::{self, Write};

use super::class_names::ClassNames;
use super::fit::{clipped, width_of};
use super::form::json::{self, JsonLayout};
use super::form::markdown;
use super::form::table::Style;
use super::form::{Report, Rows};
use super::report_table::{LEAST_NAME, Note, Of, ReportTable, Row, TableColumn, Value, sorted_by};
use crate::analysis::diff::{ClassDiff, Diff, DiffFigures, DiffSortKey, ReferentDiff, Status};
use crate::analysis::summary::SnapshotName;
use crate::model::Text;
use crate::units::{ByteStyle, bytes, change, escaped, short_time, thousands};

/// Names the shape of the document. Another number means another shape.
pub const SCHEMA: &str = "ctstats.diff/1";

const NAME: TableColumn = TableColumn::new("class", "", "class", 0);
const STATUS: TableColumn = TableColumn::new("status", "", "", 0);

const FIGURES: [TableColumn; 12] = [
    TableColumn::new("active_before", "instances", "before", 4),
    TableColumn::new("active_after", "instances", "after", 2),
    TableColumn::new("active_change", "instances", "change", 0),
    TableColumn::new("active_change_percent", "instances", "%", 9),
    TableColumn::new("bytes_before", "bytes", "before", 3),
    TableColumn::new("bytes_after", "bytes", "after", 1),
    TableColumn::new("bytes_change", "bytes", "change", 0),
    TableColumn::new("bytes_change_percent", "bytes", "%", 0),
    TableColumn::new("average_before", "average", "before", 6),
    TableColumn::new("average_after", "average", "after", 6),
    TableColumn::new("average_change", "average", "change", 8),
    TableColumn::new("average_change_percent", "average", "%", 9),
];

const LIVES: [TableColumn; 3] = [
    TableColumn::new("born", "", "born", 5),
    TableColumn::new("died", "", "died", 5),
    TableColumn::new("survived", "", "survived", 5),
];

impl Report for Diff<'_> {
    /// Writes aligned columns, and below them the attributes that grew.
    fn table(&self, out: &mut impl Write, style: Style) -> io::Result<()> {
        let [from, to] = sides(self);
        let room = style.page_width().saturating_sub(5);
        writeln!(
            out,
            "from {}\nto   {}\n",
            clipped(Text::new(&from), room),
            clipped(Text::new(&to), room)
        )?;
        let columns = columns(self);
        report_table(self, &columns).table(out, style)?;
        let Some(referents) = &self.referents else {
            return Ok(());
        };
        writeln!(out, "\n{}", style.paint.subject("attributes that grew"))?;
        if referents.is_empty() {
            writeln!(out, "  none was recorded; resolution_level=2 does that")?;
        }
        let figures = |row: &ReferentDiff<'_>| {
            format!(
                "  {:>11}  {:>10} → {:<10}",
                change(row.bytes_change, style.bytes),
                bytes(row.bytes_before, style.bytes),
                bytes(row.bytes_after, style.bytes),
            )
        };
        let taken = referents.iter().map(|row| width_of(&figures(row)) + 2);
        let room = style
            .page_width()
            .saturating_sub(taken.max().unwrap_or_default());
        // The class gets what the longest path leaves.
        let paths = referents
            .iter()
            .map(|row| width_of(&escaped(&path(row))) + 1);
        let longest = paths.max().unwrap_or_default();
        let room_of_class = room.saturating_sub(longest).max(room.min(LEAST_NAME));
        let names = ClassNames::of(referents.iter().map(|row| row.class), room_of_class);
        for row in referents {
            let path = path(row);
            let class = names.beside(
                row.class,
                room.saturating_sub(width_of(&escaped(&path)) + 1),
            );
            let text = format!("{class}.{path}");
            let text = clipped(Text::new(&text), room);
            writeln!(out, "{}  {text}", figures(row))?;
        }
        Ok(())
    }

    /// A row for each class; with attributes a row for each of those instead.
    fn rows(&self, to: &mut impl Rows) -> io::Result<()> {
        let Some(referents) = &self.referents else {
            let columns = columns(self);
            return report_table(self, &columns).rows(to);
        };
        to.header(&[
            "class",
            "path",
            "count_before",
            "count_after",
            "bytes_before",
            "bytes_after",
            "bytes_change",
        ])?;
        referents.iter().try_for_each(|row| {
            to.row(&[
                Value::Name(row.class),
                Value::Label(path(row)),
                Value::Count(row.count_before),
                Value::Count(row.count_after),
                Value::Bytes(row.bytes_before),
                Value::Bytes(row.bytes_after),
                Value::ByteChange(row.bytes_change),
            ])
        })
    }

    /// Writes Markdown tables.
    fn markdown(&self, out: &mut impl Write, style: ByteStyle) -> io::Result<()> {
        let [from, to] = sides(self);
        writeln!(
            out,
            "From {} to {}.\n",
            markdown::text(&from),
            markdown::text(&to)
        )?;
        let columns = columns(self);
        report_table(self, &columns).markdown(out, style)?;
        if let Some(referents) = &self.referents {
            writeln!(out, "\n| attribute | before | after | growth |")?;
            writeln!(out, "| --- | ---: | ---: | ---: |")?;
            for row in referents {
                writeln!(
                    out,
                    "| {} | {} | {} | {} |",
                    markdown::cell(&format!("{}.{}", row.class.tail(100), path(row))),
                    bytes(row.bytes_before, style),
                    bytes(row.bytes_after, style),
                    change(row.bytes_change, style)
                )?;
            }
        }
        Ok(())
    }

    /// Writes one document, or a line for each class; with attributes for each of those instead.
    fn json(&self, out: &mut impl Write, layout: JsonLayout) -> io::Result<()> {
        if layout == JsonLayout::Lines {
            return match &self.referents {
                Some(referents) => json::lines(out, referents),
                None => json::lines(out, &self.classes),
            };
        }
        let document = json::document(out, SCHEMA)?
            .salvaged("salvaged", self.salvaged)?
            .salvaged("salvaged_new", self.salvaged_new)?
            .field("files", &self.files)?
            .field("is_one_process", &self.is_one_process)?
            .field("from", &self.from)?
            .field("to", &self.to)?
            .list("classes", &self.classes)?
            .field("more", &self.more)?
            .field("total", &self.total)?;
        let Some(referents) = &self.referents else {
            return document.end();
        };
        let document = document.list("referents", referents)?;
        match self.referents_cut {
            true => document.field("referents_cut", &true)?.end(),
            false => document.end(),
        }
    }
}

/// One comparison of several: as a list of rows it always has the columns of births and deaths, so
/// that all of them have the same ones.
pub struct DiffOfSeveral<'r, 'd>(pub &'r Diff<'d>);

impl Report for DiffOfSeveral<'_, '_> {
    fn table(&self, out: &mut impl Write, style: Style) -> io::Result<()> {
        self.0.table(out, style)
    }

    fn json(&self, out: &mut impl Write, layout: JsonLayout) -> io::Result<()> {
        self.0.json(out, layout)
    }

    fn rows(&self, to: &mut impl Rows) -> io::Result<()> {
        let is_of_classes = self.0.referents.is_none();
        match is_of_classes && self.0.total.figures.born.is_none() {
            true => self.0.rows(&mut WithoutLives(to)),
            false => self.0.rows(to),
        }
    }

    fn markdown(&self, out: &mut impl Write, style: ByteStyle) -> io::Result<()> {
        self.0.markdown(out, style)
    }
}

/// Rows of which nobody knows who was born and died.
struct WithoutLives<'r, R>(&'r mut R);

impl<R: Rows> Rows for WithoutLives<'_, R> {
    fn header(&mut self, names: &[&str]) -> io::Result<()> {
        let names = names.iter().copied();
        let lives = LIVES.iter().map(|column| column.name);
        self.0.header(&names.chain(lives).collect::<Vec<_>>())
    }

    fn row(&mut self, values: &[Value<'_>]) -> io::Result<()> {
        let nothing = LIVES.map(|_| Value::Nothing);
        self.0.row(&[values, &nothing].concat())
    }
}

fn columns(diff: &Diff<'_>) -> Vec<TableColumn> {
    let mut columns = vec![NAME, STATUS];
    columns.extend(FIGURES);
    if diff.total.figures.born.is_some() {
        columns.extend(LIVES);
    }
    let keys = diff.sort.iter().map(|key| match key {
        DiffSortKey::Growth => "bytes_change",
        DiffSortKey::Bytes => "bytes_after",
        DiffSortKey::Active => "active_change",
        DiffSortKey::Average => "average_after",
        DiffSortKey::ClassName => NAME.name,
    });
    sorted_by(&mut columns, keys);
    columns
}

fn report_table<'s>(
    diff: &'s Diff<'_>,
    columns: &'s [TableColumn],
) -> ReportTable<'s, impl Iterator<Item = Row<'s>> + Clone> {
    let status = |status| match status {
        Status::Both => Value::Nothing,
        Status::New => Value::Word("new"),
        Status::Gone => Value::Word("gone"),
        Status::Between => Value::Word("between"),
    };
    let one = move |class: &'s ClassDiff<'_>| {
        row(
            Of::One,
            Value::Name(class.class),
            status(class.status),
            &class.figures,
        )
    };
    let more = diff.more.iter().map(|more| {
        let name = format!("{} more", thousands(more.classes as i128));
        row(Of::More, Value::Label(name), Value::Nothing, &more.figures)
    });
    let total = std::iter::once(&diff.total).map(|total| {
        row(
            Of::Total,
            Value::Label("total".into()),
            Value::Nothing,
            &total.figures,
        )
    });
    let mut notes = vec![Note::new(
        "",
        "a negative change means fewer instances or fewer bytes than before",
    )];
    if diff.total.figures.born.is_some() {
        notes.push(Note::new(
            "born",
            "born, died: between the two; survived: alive at both",
        ));
    }
    if diff.is_one_process && diff.files.is_some() {
        notes.push(Note::new(
            "",
            "both dumps are of one process: objects are known again by address, birth and class",
        ));
    }
    let is_between = |class: &ClassDiff<'_>| class.status == Status::Between;
    if diff.classes.iter().any(is_between) {
        notes.push(Note::new(
            "",
            "between: all its instances were created and died between the two snapshots",
        ));
    }
    ReportTable {
        columns,
        rows: diff.classes.iter().map(one).chain(more).chain(total),
        least_name: LEAST_NAME,
        indent: 0,
        notes,
    }
}

fn row<'s>(of: Of, name: Value<'s>, status: Value<'s>, figures: &DiffFigures) -> Row<'s> {
    let percent = |percent| Value::of(percent, Value::PercentChange);
    let mut values = vec![
        name,
        status,
        Value::Count(figures.active_before),
        Value::Count(figures.active_after),
        Value::CountChange(figures.active_change),
        percent(figures.active_change_percent),
        Value::Bytes(figures.bytes_before),
        Value::Bytes(figures.bytes_after),
        Value::ByteChange(figures.bytes_change),
        percent(figures.bytes_change_percent),
        Value::Average(figures.average_before),
        Value::Average(figures.average_after),
        Value::AverageChange(figures.average_change),
        percent(figures.average_change_percent),
    ];
    let lives = [figures.born, figures.died, figures.survived];
    values.extend(lives.into_iter().flatten().map(Value::Count));
    Row { of, values }
}

/// The two sides, with their files if there are two; not yet made harmless.
fn sides(diff: &Diff<'_>) -> [String; 2] {
    let [from, to] = [&diff.from, &diff.to].map(side);
    // The end of a long path says most.
    let files = diff.files.as_ref();
    match files.map(|files| files.each_ref().map(|file| Text::new(file).tail(60))) {
        Some([old, new]) => [format!("{old}, {from}"), format!("{new}, {to}")],
        None => [from, to],
    }
}

/// `snapshot 3, 00:00:04.25: wednesday`, not yet made harmless.
pub(super) fn side(side: &SnapshotName<'_>) -> String {
    let when = side
        .timestamp_seconds
        .map_or("at no moment".into(), short_time);
    let name = if side.description.is_empty() {
        String::new()
    } else {
        format!(": {}", side.description.head(200))
    };
    format!("snapshot {}, {when}{name}", side.snapshot)
}

fn names(row: &ReferentDiff<'_>) -> Vec<String> {
    let name = |name: &Option<Text<'_>>| match name {
        Some(name) => name.head(200).to_str().into_owned(),
        None => "(no name)".into(),
    };
    row.path.iter().map(name).collect()
}

/// `__dict__ → [V] items`.
fn path(row: &ReferentDiff<'_>) -> String {
    names(row).join(" → ")
}
