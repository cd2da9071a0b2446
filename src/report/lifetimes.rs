//! How long objects live, in every form.

use std::io::{self, Write};

use super::csv::Dialect;
use super::json::{self, Stringing};
use super::sheet::{Column, LEAST_NAME, Note, Of, Row, Sheet, Value};
use super::table::Style;
use crate::analysis::lifetimes::{Lifetimes, Lives};
use crate::units::{ByteStyle, short_time, thousands};

/// Names the shape of the document. Another number means another shape.
pub const SCHEMA: &str = "ctstats.lifetimes/1";

const COLUMNS: [Column; 9] = [
    Column::new("class", "", "class", 0),
    Column::new("created", "", "created", 0),
    Column::new("alive", "", "alive", 0),
    Column::new("died", "", "died", 0),
    Column::new("churn_per_second", "", "churn", 3),
    Column::new("median_age_at_death_seconds", "age at death", "median", 1),
    Column::new("p95_age_at_death_seconds", "age at death", "95th pct", 1),
    Column::new("median_survivor_age_seconds", "survivor age", "median", 2),
    Column::new("oldest_survivor_age_seconds", "survivor age", "oldest", 2),
];

/// Writes aligned columns.
pub fn table(out: &mut impl Write, lifetimes: &Lifetimes<'_>, style: Style) -> io::Result<()> {
    sheet(lifetimes).table(out, style)
}

/// Writes a row for each class.
pub fn csv(out: &mut impl Write, lifetimes: &Lifetimes<'_>, dialect: Dialect) -> io::Result<()> {
    sheet(lifetimes).csv(out, dialect)
}

/// Writes a Markdown table.
pub fn markdown(
    out: &mut impl Write,
    lifetimes: &Lifetimes<'_>,
    style: ByteStyle,
) -> io::Result<()> {
    sheet(lifetimes).markdown(out, style)
}

/// Writes one document, or a line for each class.
pub fn json(
    out: &mut impl Write,
    lifetimes: &Lifetimes<'_>,
    stringing: Stringing,
) -> io::Result<()> {
    if stringing == Stringing::Lines {
        return json::lines(out, &lifetimes.classes);
    }
    json::document(out, SCHEMA)?
        .salvaged("salvaged", lifetimes.salvaged)?
        .field("start_seconds", &lifetimes.start_seconds)?
        .field("end_seconds", &lifetimes.end_seconds)?
        .list("classes", &lifetimes.classes)?
        .field("more", &lifetimes.more)?
        .field("total", &lifetimes.total)?
        .end()
}

fn sheet<'s>(
    lifetimes: &'s Lifetimes<'_>,
) -> Sheet<'static, impl Iterator<Item = Row<'s>> + Clone> {
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
            "from {} to {} of the recording, where survivors have their age",
            short_time(start),
            short_time(end)
        ),
        _ => "the recording has no moment, so nothing has an age".into(),
    };
    Sheet {
        columns: &COLUMNS,
        rows: classes.chain(more).chain(std::iter::once(total)),
        least_name: LEAST_NAME,
        indent: 0,
        notes: vec![
            Note::new("", recording),
            Note::new("churn_per_second", "churn: deaths for each second"),
            Note::new(
                "p95_age_at_death_seconds",
                "95th pct: 95 of 100 that died were not older",
            ),
        ],
    }
}

fn row<'s>(of: Of, name: Value<'s>, lives: &Lives) -> Row<'s> {
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
