//! Many dumps of one program, in every form: the answer in a sentence, then the classes, the workers
//! that differ, the lines that are new, and what restarts do.

mod prose;

use std::io::{self, Write};

use super::form::json::{self, JsonLayout};
use super::form::table::Style;
use super::form::{Report, Rows};
use super::leaks::confidence;
use super::prose::Prose;
use super::report_table::{
    LEAST_NAME, NOT_IN_TABLES, Note, Of, ReportTable, Row, TableColumn, Value,
};
use crate::analysis::fleet::{
    ClassAcross, ClassRestarts, Fleet, NewLine, Outlier, OutlierKind, Reach,
};
use crate::model::Text;
use crate::named::named;
use crate::units::{ByteStyle, escaped};

pub(super) use prose::{Section, group_nouns, headline, provenance, sections};
use prose::{group, moment};

/// Names the shape of the document. Another number means another shape.
pub const SCHEMA: &str = "ctstats.fleet/1";

const SECONDS_AN_HOUR: f64 = 3600.0;

named! {
    /// Which rows to hand out, for forms that consist of rows.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum FleetRows {
        /// A row a class.
        #[default]
        Classes = "classes",
        /// A row for each worker that differs from the others.
        Outliers = "outliers",
        /// A row for each new line.
        Lines = "lines",
        /// A row for each class that was there before a restart.
        Restarts = "restarts",
    }
}

/// The answer with what its report needs besides.
#[derive(Clone, Copy, Debug)]
pub struct FleetReport<'f> {
    /// The answer.
    pub fleet: &'f Fleet,
    /// Which rows to hand out.
    pub rows: FleetRows,
}

const CLASSES: [TableColumn; 13] = [
    TableColumn::new("class", "", "class", 0),
    TableColumn::new("reach", "", "reach", NOT_IN_TABLES),
    TableColumn::new("confidence", "", "verdict", 0),
    TableColumn::new("groups_growing", "grows in", "groups", 0),
    TableColumn::new("groups_judged", "grows in", "of", 0),
    TableColumn::new("processes_growing", "grows in", "processes", 1),
    TableColumn::new("processes_judged", "grows in", "of", 1),
    TableColumn::new("processes", "processes", "all", NOT_IN_TABLES),
    TableColumn::new("instances_per_second", "median", "instances", 4),
    TableColumn::new("bytes_per_hour", "median", "bytes/h", 2),
    TableColumn::new("instances_last", "median at the end", "instances", 5),
    TableColumn::new("bytes_last", "median at the end", "bytes", 1),
    TableColumn::new("course", "", "course", 6),
];

const OUTLIERS: [TableColumn; 10] = [
    TableColumn::new("class", "", "class", 0),
    TableColumn::new("group", "", "worker", 0),
    TableColumn::new("kind", "", "how", 0),
    TableColumn::new("confidence", "", "verdict", 0),
    TableColumn::new("figure", "", "figure", 0),
    TableColumn::new("unit", "", "unit", 0),
    TableColumn::new("median", "", "median", 0),
    TableColumn::new("mad", "", "MAD", 0),
    TableColumn::new("deviations", "", "deviations", 0),
    TableColumn::new("dump", "", "dump", 0),
];

const LINES: [TableColumn; 10] = [
    TableColumn::new("file", "", "file", 0),
    TableColumn::new("line", "", "line", 0),
    TableColumn::new("function", "", "function", 0),
    TableColumn::new("source", "", "source", 0),
    TableColumn::new("since_version", "", "since version", 0),
    TableColumn::new("since_time", "", "since", 0),
    TableColumn::new("processes_before", "processes", "before", 0),
    TableColumn::new("processes_with", "processes", "with", 0),
    TableColumn::new("processes_after", "processes", "after", 0),
    TableColumn::new("dump", "", "dump", 0),
];

const RESTARTS: [TableColumn; 6] = [
    TableColumn::new("class", "", "class", 0),
    TableColumn::new("reach", "", "reach", 0),
    TableColumn::new("restarts", "", "restarts", 0),
    TableColumn::new("instances_before", "instances", "before", 0),
    TableColumn::new("instances_after", "instances", "after", 0),
    TableColumn::new("instances_last", "instances", "last", 0),
];

impl Report for FleetReport<'_> {
    fn table(&self, out: &mut impl Write, style: Style) -> io::Result<()> {
        let fleet = self.fleet;
        let mut page = Prose {
            out,
            width: style.page_width(),
            bytes: style.bytes,
            paint: style.paint,
        };
        page.paragraph("", &headline(fleet))?;
        page.paragraph("", &provenance(fleet))?;
        if !fleet.classes.is_empty() {
            writeln!(page.out)?;
            classes(fleet).table(page.out, style)?;
        }
        for sheet in sections(fleet, style.bytes) {
            page.heading(&sheet.heading)?;
            for part in &sheet.parts {
                page.item("  - ", &part.text)?;
                for command in &part.commands {
                    writeln!(page.out, "    {command}")?;
                }
            }
        }
        Ok(())
    }

    fn json(&self, out: &mut impl Write, layout: JsonLayout) -> io::Result<()> {
        let fleet = self.fleet;
        if layout == JsonLayout::Lines {
            return match self.rows {
                FleetRows::Classes => json::lines(out, &fleet.classes),
                FleetRows::Outliers => json::lines(out, &fleet.outliers),
                FleetRows::Lines => json::lines(out, &fleet.new_lines),
                FleetRows::Restarts => json::lines(out, &fleet.restarts),
            };
        }
        json::document(out, SCHEMA)?
            .field("headline", &headline(fleet))?
            .field("dumps", &fleet.dumps)?
            .field("processes", &fleet.processes)?
            .field("workers", &fleet.workers)?
            .field("by", &fleet.by)?
            .field("groups", &fleet.groups)?
            .field("order", &fleet.order)?
            .field("span_seconds", &fleet.span_seconds)?
            .field("recording_median_seconds", &fleet.recording_median_seconds)?
            .field("processes_too_short", &fleet.processes_too_short)?
            .field("processes_without_traces", &fleet.processes_without_traces)?
            .field(
                "too_few_groups_for_outliers",
                &fleet.too_few_groups_for_outliers,
            )?
            .field("duplicates", &fleet.duplicates)?
            .field("no_dumps", &fleet.no_dumps)?
            .list("failed", &fleet.failed)?
            .list("classes", &fleet.classes)?
            .list("outliers", &fleet.outliers)?
            .list("new_lines", &fleet.new_lines)?
            .list("restarts", &fleet.restarts)?
            .end()
    }

    fn rows(&self, to: &mut impl Rows) -> io::Result<()> {
        let fleet = self.fleet;
        let texts = |rows: Vec<Vec<Value<'static>>>, columns: &'static [TableColumn]| {
            let rows = rows.into_iter().map(|values| Row {
                of: Of::One,
                values,
            });
            ReportTable::of(columns, rows.collect::<Vec<_>>().into_iter())
        };
        match self.rows {
            FleetRows::Classes => classes(fleet).rows(to),
            FleetRows::Outliers => {
                let rows = fleet.outliers.iter().map(outlier_row).collect();
                texts(rows, &OUTLIERS).rows(to)
            }
            FleetRows::Lines => {
                let rows = fleet.new_lines.iter().map(line_row).collect();
                texts(rows, &LINES).rows(to)
            }
            FleetRows::Restarts => {
                let rows = fleet.restarts.iter().map(restart_row).collect();
                texts(rows, &RESTARTS).rows(to)
            }
        }
    }

    fn markdown(&self, out: &mut impl Write, style: ByteStyle) -> io::Result<()> {
        let fleet = self.fleet;
        let mut notes = vec![
            Note::new("", headline(fleet)),
            Note::new("", provenance(fleet)),
        ];
        for section in sections(fleet, style) {
            notes.push(Note::new("", format!("{}:", section.heading)));
            let parts = section.parts.into_iter();
            notes.extend(parts.map(|part| Note::new("", part.text)));
        }
        let table = ReportTable {
            notes,
            ..classes(fleet)
        };
        table.markdown(out, style)
    }
}

fn classes<'f>(fleet: &'f Fleet) -> ReportTable<'static, impl Iterator<Item = Row<'f>> + Clone> {
    ReportTable {
        columns: &CLASSES,
        rows: fleet.classes.iter().map(class_row),
        least_name: LEAST_NAME,
        indent: 0,
        notes: Vec::new(),
    }
}

fn class_row(class: &ClassAcross) -> Row<'_> {
    let values = vec![
        Value::Name(Text::new(&class.class)),
        Value::Word(reach(class.reach)),
        Value::Word(verdict(class)),
        Value::Count(class.groups_growing as u64),
        Value::Count(class.groups_judged as u64),
        Value::Count(class.processes_growing as u64),
        Value::Count(class.processes_judged as u64),
        Value::Count(class.processes as u64),
        Value::of(
            class.instances_per_hour.map(|rate| rate / SECONDS_AN_HOUR),
            Value::PerSecond,
        ),
        Value::of(class.bytes_per_hour, Value::AverageChange),
        Value::Count(class.instances_last.max(0.0).round() as u64),
        Value::Bytes(class.bytes_last.round() as i128),
        Value::Series(&class.course),
    ];
    Row {
        of: Of::One,
        values,
    }
}

fn label(text: &str) -> Value<'static> {
    Value::Label(escaped(text).into_owned())
}

fn outlier_row(outlier: &Outlier) -> Vec<Value<'static>> {
    vec![
        label(&outlier.class),
        Value::Label(group(&outlier.group)),
        Value::Word(kind(outlier.kind)),
        Value::Word(confidence(outlier.confidence)),
        Value::Average(outlier.figure),
        Value::Word(match (outlier.kind, outlier.is_bytes) {
            (OutlierKind::HoldsMore, _) => "instances",
            (_, true) => "bytes/hour",
            (_, false) => "instances/hour",
        }),
        Value::Average(outlier.median),
        Value::Average(outlier.mad),
        Value::of(outlier.deviations, Value::Average),
        label(&outlier.dump),
    ]
}

fn line_row(line: &NewLine) -> Vec<Value<'static>> {
    let text = |text: &Option<String>| text.as_deref().map_or(Value::Nothing, label);
    vec![
        label(&line.file),
        Value::of(line.line, Value::Count),
        label(&line.function),
        text(&line.source),
        text(&line.since_version),
        line.since_seconds
            .map_or(Value::Nothing, |seconds| Value::Label(moment(seconds))),
        Value::Count(line.processes_before as u64),
        Value::Count(line.processes_with as u64),
        Value::Count(line.processes_after as u64),
        label(&line.dump),
    ]
}

fn restart_row(restart: &ClassRestarts) -> Vec<Value<'static>> {
    vec![
        label(&restart.class),
        Value::Word(reach(restart.reach)),
        Value::Count(restart.restarts as u64),
        Value::Average(restart.instances_before),
        Value::Average(restart.instances_after),
        Value::Average(restart.instances_last),
    ]
}

/// The verdict on a class; no of one that a few processes suspect by chance.
pub(super) fn verdict(class: &ClassAcross) -> &'static str {
    match class.reach {
        Reach::None => "no",
        Reach::Some | Reach::Most => confidence(class.confidence),
    }
}

fn reach(reach: Reach) -> &'static str {
    match reach {
        Reach::None => "none",
        Reach::Some => "some",
        Reach::Most => "most",
    }
}

fn kind(kind: OutlierKind) -> &'static str {
    match kind {
        OutlierKind::LeaksAlone => "leaks alone",
        OutlierKind::GrowsFaster => "grows faster",
        OutlierKind::HoldsMore => "holds more",
    }
}
