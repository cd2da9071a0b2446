//! A page about many dumps: what [`FleetReport`](crate::report::fleet::FleetReport) says, in one file.

use std::io::{self, Write};

use askama::Template;

use super::text::Cell;
use super::{Page, chart, rendered};
use crate::analysis::fleet::{ClassAcross, Fleet};
use crate::report::fleet::{Section, group_nouns, headline, provenance, sections, verdict};
use crate::units::{ByteStyle, bytes, change, escaped, thousands};

#[derive(Template)]
#[template(path = "fleet.html")]
struct FleetPage<'f> {
    title: &'f str,
    headline: String,
    facts: String,
    groups: String,
    classes: Vec<ClassRow>,
    sections: Vec<Section>,
}

struct ClassRow {
    name: String,
    verdict: &'static str,
    counts: Vec<Cell>,
    spark: String,
    spark_text: String,
    figures: Vec<Cell>,
}

/// A figure that is no whole number, with all its digits where the pointer rests.
fn figure(figure: f64, text: String) -> Cell {
    Cell {
        value: figure.to_string(),
        exact: figure.to_string(),
        text,
    }
}

/// A slope by the hour.
fn slope(rate: Option<f64>, text: impl Fn(f64) -> String) -> Cell {
    rate.map_or_else(
        || Cell::none("no time passed"),
        |rate| figure(rate, text(rate)),
    )
}

/// Writes the page. Fails as `out` does.
pub fn fleet(out: &mut impl Write, fleet: &Fleet, title: &str) -> io::Result<()> {
    let page = Page {
        single_file: true,
        notice: None,
    };
    let title = escaped(title);
    let [_, groups] = group_nouns(fleet);
    let body = FleetPage {
        title: &title,
        headline: headline(fleet),
        facts: provenance(fleet),
        groups,
        classes: fleet.classes.iter().map(class_row).collect(),
        sections: sections(fleet, ByteStyle::Units),
    };
    out.write_all(page.head(&title, "")?.as_bytes())?;
    out.write_all(rendered(&body)?.as_bytes())?;
    out.write_all(page.foot("")?.as_bytes())
}

fn class_row(class: &ClassAcross) -> ClassRow {
    let course: Vec<f64> = class.course.iter().map(|&figure| figure as f64).collect();
    let places: Vec<f64> = (0..course.len()).map(|place| place as f64).collect();
    let spark_text = match (class.course.first(), class.course.last()) {
        (Some(first), Some(last)) => format!("from {} to {}", thousands(*first), thousands(*last)),
        _ => String::new(),
    };
    ClassRow {
        name: escaped(&class.class).into_owned(),
        verdict: verdict(class),
        counts: [
            class.groups_growing,
            class.groups_judged,
            class.processes_growing,
            class.processes_judged,
        ]
        .map(|count| Cell::count(count as i128))
        .into(),
        spark: if course.is_empty() {
            String::new()
        } else {
            chart::spark(&places, &course)
        },
        spark_text,
        figures: vec![
            slope(class.instances_per_hour, |rate| format!("{rate:+.1}")),
            slope(class.bytes_per_hour, |rate| {
                change(rate.round() as i128, ByteStyle::Units)
            }),
            figure(
                class.instances_last,
                thousands(class.instances_last.round() as i128),
            ),
            figure(
                class.bytes_last,
                bytes(class.bytes_last.round() as i128, ByteStyle::Units),
            ),
        ],
    }
}
