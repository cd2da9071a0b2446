//! The classes over all snapshots, a row each, in every form.

use std::io::{self, Write};

use super::fit::clipped;
use super::form::json::{self, JsonLayout};
use super::form::table::Style;
use super::form::{Report, Rows};
use super::report_table::{
    LEAST_NAME, NOT_IN_TABLES, Note, Of, ReportTable, Row, TableColumn, Value, sorted_by,
};
use super::sparkline::MOST_BLOCKS;
use crate::analysis::summary::SnapshotName;
use crate::analysis::trends::{FigureOverTime, TrendSortKey, Trends, UsageOverTime};
use crate::units::{ByteStyle, short_time, thousands};

/// Names the shape of the document. Another number means another shape.
pub const SCHEMA: &str = "ctstats.trend/1";

/// Columns of a description.
const MOST_NAME: usize = 40;

const COLUMNS: [TableColumn; 13] = [
    TableColumn::new("class", "", "class", 0),
    TableColumn::new("instances_first", "instances", "first", 4),
    TableColumn::new("instances_peak", "instances", "peak", 3),
    TableColumn::new(
        "instances_peak_snapshot",
        "instances",
        "peak at",
        NOT_IN_TABLES,
    ),
    TableColumn::new("instances_last", "instances", "last", 2),
    TableColumn::new("instances_change", "instances", "change", 2),
    TableColumn::new("instances_by_snapshot", "instances", "trend", 5),
    TableColumn::new("bytes_first", "bytes", "first", 1),
    TableColumn::new("bytes_peak", "bytes", "peak", 1),
    TableColumn::new("bytes_peak_snapshot", "bytes", "peak at", NOT_IN_TABLES),
    TableColumn::new("bytes_last", "bytes", "last", 0),
    TableColumn::new("bytes_change", "bytes", "change", 0),
    TableColumn::new("bytes_by_snapshot", "bytes", "trend", 0),
];

impl Report for Trends<'_> {
    fn table(&self, out: &mut impl Write, style: Style) -> io::Result<()> {
        report_table(self, &columns(self)).table(out, style)
    }

    fn rows(&self, to: &mut impl Rows) -> io::Result<()> {
        report_table(self, &COLUMNS).rows(to)
    }

    fn markdown(&self, out: &mut impl Write, style: ByteStyle) -> io::Result<()> {
        report_table(self, &COLUMNS).markdown(out, style)
    }

    fn json(&self, out: &mut impl Write, layout: JsonLayout) -> io::Result<()> {
        if layout == JsonLayout::Lines {
            return json::lines(out, &self.classes);
        }
        json::document(out, SCHEMA)?
            .salvaged("salvaged", self.salvaged)?
            .list("snapshots", &self.snapshots)?
            .field("snapshots_left_out", &self.snapshots_left_out)?
            .list("classes", &self.classes)?
            .field("more", &self.more)?
            .field("total", &self.total)?
            .end()
    }
}

/// The columns, those marked that rows are sorted by.
fn columns(trends: &Trends<'_>) -> [TableColumn; 13] {
    let mut columns = COLUMNS;
    let keys = trends.sort.iter().map(|key| match key {
        TrendSortKey::ClassName => "class",
        TrendSortKey::Size => "bytes_peak",
        TrendSortKey::Active => "instances_peak",
        TrendSortKey::Growth => "bytes_change",
    });
    sorted_by(&mut columns, keys);
    columns
}

fn report_table<'c, 's>(
    trends: &'s Trends<'_>,
    columns: &'c [TableColumn],
) -> ReportTable<'c, impl Iterator<Item = Row<'s>> + Clone> {
    let classes = trends
        .classes
        .iter()
        .map(|class| row(Of::One, Value::Name(class.class), &class.held));
    let more = trends.more.iter().map(|more| {
        let name = format!("{} more", thousands(more.classes as i128));
        row(Of::More, Value::Label(name), &more.held)
    });
    let total = row(Of::Total, Value::Label("total".into()), &trends.total.held);
    ReportTable {
        columns,
        rows: classes.chain(more).chain(std::iter::once(total)),
        least_name: LEAST_NAME,
        indent: 0,
        notes: notes(trends),
    }
}

fn row<'s>(of: Of, name: Value<'s>, held: &'s UsageOverTime) -> Row<'s> {
    let at = |figure: &FigureOverTime| {
        Value::of(
            figure.peak_snapshot.map(|snapshot| snapshot as u64),
            Value::Count,
        )
    };
    let (instances, bytes) = (&held.instances, &held.bytes);
    let count = |figure: i128| Value::Count(u64::try_from(figure).unwrap_or(0));
    let values = vec![
        name,
        count(instances.first),
        count(instances.peak),
        at(instances),
        count(instances.last),
        Value::CountChange(instances.change),
        Value::Series(&instances.by_snapshot),
        Value::Bytes(bytes.first),
        Value::Bytes(bytes.peak),
        at(bytes),
        Value::Bytes(bytes.last),
        Value::ByteChange(bytes.change),
        Value::Series(&bytes.by_snapshot),
    ];
    Row { of, values }
}

fn notes(trends: &Trends<'_>) -> Vec<Note> {
    let (Some(first), Some(last)) = (trends.snapshots.first(), trends.snapshots.last()) else {
        return Vec::new();
    };
    let name = |snapshot: &SnapshotName<'_>| {
        let when = snapshot.timestamp_seconds;
        let when = when.map_or("at no moment".into(), short_time);
        let name = clipped(snapshot.description, MOST_NAME);
        let colon = if name.is_empty() { "" } else { ": " };
        format!("snapshot {}, {when}{colon}{name}", snapshot.snapshot)
    };
    let shown = trends.snapshots.len();
    let blocks = if shown > MOST_BLOCKS {
        let each = shown.div_ceil(MOST_BLOCKS);
        format!("a block for up to {each} snapshots, as high as the largest of them")
    } else {
        "a block for each snapshot".into()
    };
    let left_out = match trends.snapshots_left_out {
        0 => String::new(),
        count => format!(
            "; {} more snapshots are not in it",
            thousands(count as i128)
        ),
    };
    vec![
        Note::new("", format!("first: {}", name(first))),
        Note::new("", format!("last: {}", name(last))),
        Note::new("", "peak: the most of the row at any snapshot"),
        Note::new(
            "bytes_by_snapshot",
            format!("trend: {blocks}, from 0 to the peak of the row{left_out}"),
        ),
    ]
}
