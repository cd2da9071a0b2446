//! How long objects live, in every form.

use std::io::{self, Write};

use super::form::json::{self, JsonLayout};
use super::form::table::Style;
use super::form::{Report, Rows};
use super::report_table::{LEAST_NAME, Note, Of, ReportTable, Row, TableColumn, Value};
use crate::analysis::lifetimes::{LifetimeFigures, Lifetimes};
use crate::units::{ByteStyle, short_time, thousands};

/// Names the shape of the document. Another number means another shape.
pub const SCHEMA: &str = "ctstats.lifetimes/1";

const COLUMNS: [TableColumn; 9] = [
    TableColumn::new("class", "", "class", 0),
    TableColumn::new("created", "", "created", 0),
    TableColumn::new("alive", "", "alive", 0),
    TableColumn::new("died", "", "died", 0),
    TableColumn::new("churn_per_second", "", "churn", 3),
    TableColumn::new("median_age_at_death_seconds", "age at death", "median", 1),
    TableColumn::new("p95_age_at_death_seconds", "age at death", "95th pct", 1),
    TableColumn::new("median_survivor_age_seconds", "survivor age", "median", 2),
    TableColumn::new("oldest_survivor_age_seconds", "survivor age", "oldest", 2),
];

impl Report for Lifetimes<'_> {
    fn table(&self, out: &mut impl Write, style: Style) -> io::Result<()> {
        report_table(self).table(out, style)
    }

    fn rows(&self, to: &mut impl Rows) -> io::Result<()> {
        report_table(self).rows(to)
    }

    fn markdown(&self, out: &mut impl Write, style: ByteStyle) -> io::Result<()> {
        report_table(self).markdown(out, style)
    }

    fn json(&self, out: &mut impl Write, layout: JsonLayout) -> io::Result<()> {
        if layout == JsonLayout::Lines {
            return json::lines(out, &self.classes);
        }
        json::document(out, SCHEMA)?
            .salvaged("salvaged", self.salvaged)?
            .field("start_seconds", &self.start_seconds)?
            .field("end_seconds", &self.end_seconds)?
            .list("classes", &self.classes)?
            .field("more", &self.more)?
            .field("total", &self.total)?
            .end()
    }
}

fn report_table<'s>(
    lifetimes: &'s Lifetimes<'_>,
) -> ReportTable<'static, impl Iterator<Item = Row<'s>> + Clone> {
    let classes = lifetimes
        .classes
        .iter()
        .map(|class| row(Of::One, Value::Name(class.class), &class.lives));
    let more = lifetimes.more.iter().map(|more| {
        let name = format!("{} more", thousands(more.classes as i128));
        row(Of::More, Value::Label(name), &more.lives)
    });
    let total = row(
        Of::Total,
        Value::Label("total".into()),
        &lifetimes.total.lives,
    );
    let recording = match (lifetimes.start_seconds, lifetimes.end_seconds) {
        (Some(start), Some(end)) => format!(
            "recorded from {} to {}; ages of survivors are those at the end",
            short_time(start),
            short_time(end)
        ),
        _ => "the recording has no valid time, so no object has an age".into(),
    };
    ReportTable {
        columns: &COLUMNS,
        rows: classes.chain(more).chain(std::iter::once(total)),
        least_name: LEAST_NAME,
        indent: 0,
        notes: vec![
            Note::new("", recording),
            Note::new("churn_per_second", "churn: deaths for each second"),
            Note::new(
                "p95_age_at_death_seconds",
                "95th pct: 95 % of the objects that died were at most this old",
            ),
        ],
    }
}

fn row<'s>(of: Of, name: Value<'s>, lives: &LifetimeFigures) -> Row<'s> {
    let seconds = |age| Value::of(age, Value::Seconds);
    let values = vec![
        name,
        Value::Count(lives.created),
        Value::Count(lives.alive),
        Value::Count(lives.died),
        Value::of(lives.churn_per_second, Value::PerSecond),
        seconds(lives.median_age_at_death_seconds),
        seconds(lives.p95_age_at_death_seconds),
        seconds(lives.median_survivor_age_seconds),
        seconds(lives.oldest_survivor_age_seconds),
    ];
    Row { of, values }
}
