//! Many dumps of one program, in every form: the answer in a sentence, then the classes, the workers
//! that differ, the lines that are new, and what restarts do.

use std::io::{self, Write};
use std::path::Path;

use super::advice::{python_name, quoted};
use super::form::json::{self, JsonLayout};
use super::form::table::Style;
use super::form::{Report, Rows};
use super::leaks::confidence;
use super::prose::Prose;
use super::report_table::{
    LEAST_NAME, NOT_IN_TABLES, Note, Of, ReportTable, Row, TableColumn, Value,
};
use crate::analysis::fleet::{
    ClassAcross, ClassRestarts, Fleet, GroupName, NewLine, Outlier, OutlierKind, Reach,
};
use crate::analysis::leaks::Confidence;
use crate::fleet::Order;
use crate::model::Text;
use crate::named::named;
use crate::units::{ByteStyle, change, counted, escaped, short_time, thousands};

/// Names the shape of the document. Another number means another shape.
pub const SCHEMA: &str = "ctstats.fleet/1";

/// How many of each are told of in prose.
const MOST_TOLD: usize = 10;

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

/// The answer in a sentence or three.
pub(super) fn headline(fleet: &Fleet) -> String {
    if fleet.dumps == 0 {
        return "No dump could be read, so nothing can be said.".into();
    }
    let most: Vec<&ClassAcross> = reaching(fleet, Reach::Most).collect();
    let all = counted(fleet.classes.len(), "class", "classes");
    let [_, groups] = group_nouns(fleet);
    let mut text = match &most[..] {
        [] if fleet.processes_too_short == fleet.processes => {
            "No process has enough snapshots for a verdict.".into()
        }
        [] => format!("None of {all} grows in most {groups}."),
        [one] => format!(
            "{} {} in {} of {}.",
            escaped(&one.class),
            leaks(one.confidence),
            thousands(one.groups_growing as i128),
            counted_groups(fleet, one.groups_judged),
        ),
        several => format!(
            "{} of {all} grow in most {groups}: {}.",
            thousands(several.len() as i128),
            names(several.iter().map(|class| &class.class)),
        ),
    };
    let of_kind = |kind| {
        fleet
            .outliers
            .iter()
            .filter(move |outlier| outlier.kind == kind)
    };
    let alone: Vec<&Outlier> = of_kind(OutlierKind::LeaksAlone).collect();
    match &alone[..] {
        [] => {}
        [one] => {
            text += &format!(
                " {} {} in {} alone.",
                escaped(&one.class),
                leaks(one.confidence),
                group(&one.group)
            );
        }
        several => {
            text += &format!(
                " What leaks in some {groups}, but not in most: {}.",
                names(several.iter().map(|outlier| &outlier.class))
            );
        }
    }
    match &fleet.new_lines[..] {
        [] => {}
        [one] => {
            text += &format!(" {} creates objects since {}.", place(one), since(one));
        }
        several => {
            let lines = counted(several.len(), "line", "lines");
            text += &format!(" {lines} create objects in later processes alone.");
        }
    }
    text
}

/// What one group of a fleet is called, and several.
pub(super) fn group_nouns(fleet: &Fleet) -> [String; 2] {
    match &fleet.by[..] {
        [] => ["process", "processes"].map(str::to_owned),
        _ if fleet.is_by_worker => ["worker", "workers"].map(str::to_owned),
        by => ["value", "values"].map(|noun| format!("{noun} of {}", escaped(&by.join(", ")))),
    }
}

/// So many groups, with their noun.
fn counted_groups(fleet: &Fleet, count: usize) -> String {
    let [one, several] = group_nouns(fleet);
    counted(count, &one, &several)
}

fn reaching(fleet: &Fleet, reach: Reach) -> impl Iterator<Item = &ClassAcross> {
    fleet
        .classes
        .iter()
        .filter(move |class| class.reach == reach)
}

/// Some names, the first ones of many; each once.
fn names<'n>(names: impl Iterator<Item = &'n String>) -> String {
    let mut shown: Vec<&str> = Vec::new();
    for name in names {
        if !shown.contains(&name.as_str()) {
            shown.push(name);
        }
    }
    let more = shown.len().saturating_sub(MOST_TOLD);
    shown.truncate(MOST_TOLD);
    let mut text = shown
        .iter()
        .map(|name| escaped(name))
        .collect::<Vec<_>>()
        .join(", ");
    if more > 0 {
        text += &format!(" and {}", counted(more, "other", "others"));
    }
    text
}

fn leaks(sure: Confidence) -> &'static str {
    match sure {
        Confidence::Likely => "likely leaks",
        _ => "may leak",
    }
}

/// What was looked at.
pub(super) fn provenance(fleet: &Fleet) -> String {
    let mut text = counted(fleet.dumps as usize, "dump", "dumps");
    text += &format!(" of {}", counted(fleet.processes, "process", "processes"));
    text += &format!(" of {}", counted(fleet.workers, "worker", "workers"));
    if let Some([first, last]) = fleet.span_seconds {
        text += &format!(", from {} to {}", moment(first), moment(last));
    }
    if let Some(seconds) = fleet.recording_median_seconds {
        text += &format!("; the median recording takes {}", short_time(seconds));
    }
    text += match fleet.order {
        Order::LabelledTime => ". In the order of the times in their labels.",
        Order::Labels => ". In the order of their labels.",
        Order::ModificationTime => {
            ". In the order in which they were modified, which copying may change: --labels reads a \
             date from their paths."
        }
    };
    text
}

/// A heading with what belongs to it.
pub(super) struct Section {
    pub(super) heading: String,
    pub(super) parts: Vec<Part>,
}

/// A sentence, and what to run or look at.
pub(super) struct Part {
    pub(super) text: String,
    pub(super) commands: Vec<String>,
}

impl From<String> for Part {
    fn from(text: String) -> Part {
        Part {
            text,
            commands: Vec::new(),
        }
    }
}

pub(super) fn sections(fleet: &Fleet, style: ByteStyle) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut section = |heading: &str, mut parts: Vec<Part>, all: usize| {
        let more = all.saturating_sub(parts.len());
        if more > 0 {
            parts.push(format!("{} more; --format json has all", thousands(more as i128)).into());
        }
        if !parts.is_empty() {
            let heading = heading.to_owned();
            sections.push(Section { heading, parts });
        }
    };
    let growing = || {
        fleet
            .classes
            .iter()
            .filter(|class| class.reach == Reach::Most)
    };
    let parts = growing().take(MOST_TOLD).map(|class| {
        let rate = rate(class.instances_per_hour, class.bytes_per_hour, style);
        Part {
            text: format!(
                "{} {} in {} of {}{rate}; where it grows fastest:",
                escaped(&class.class),
                leaks(class.confidence),
                thousands(class.processes_growing as i128),
                counted(class.processes_judged, "process", "processes"),
            ),
            commands: class
                .dump
                .iter()
                .map(|dump| command(dump, &class.class))
                .collect(),
        }
    });
    section(
        &format!("What grows in most {}", group_nouns(fleet)[1]),
        parts.collect(),
        growing().count(),
    );
    let parts = fleet.outliers.iter().take(MOST_TOLD).map(|outlier| Part {
        text: outlier_sentence(outlier, fleet, style),
        commands: vec![command(&outlier.dump, &outlier.class)],
    });
    section(
        "Who differs from the others",
        parts.collect(),
        fleet.outliers.len(),
    );
    let parts = fleet.new_lines.iter().take(MOST_TOLD).map(|line| Part {
        text: line_sentence(line),
        commands: line
            .source
            .iter()
            .map(|source| escaped(source).into_owned())
            .collect(),
    });
    section("Lines that are new", parts.collect(), fleet.new_lines.len());
    let told = |restart: &&ClassRestarts| restart.reach != Reach::None;
    let restarts: Vec<&ClassRestarts> = fleet.restarts.iter().filter(told).collect();
    let parts = restarts
        .iter()
        .take(MOST_TOLD)
        .map(|restart| restart_sentence(restart).into());
    section("What a restart resets", parts.collect(), restarts.len());
    let missing: Vec<Part> = missing(fleet).into_iter().map(Part::from).collect();
    let count = missing.len();
    section("What was not looked at", missing, count);
    sections
}

fn command(dump: &str, class: &str) -> String {
    let class = python_name(class).map_or(String::new(), |class| format!(" --class {class}"));
    format!("ctstats leaks {}{class}", quoted(Path::new(dump)))
}

/// How fast something grows, in half of all processes.
fn rate(instances_per_hour: Option<f64>, bytes_per_hour: Option<f64>, style: ByteStyle) -> String {
    match (instances_per_hour, bytes_per_hour) {
        (Some(instances), Some(size)) => format!(
            ", by {} and {} an hour in the median process",
            counted_change(instances),
            change(size.round() as i128, style),
        ),
        _ => String::new(),
    }
}

/// A number of instances that need not be whole.
fn counted_change(figure: f64) -> String {
    let sign = if figure < 0.0 { '-' } else { '+' };
    let figure = figure.abs();
    match figure < 99.95 {
        true => format!("{sign}{figure:.1} instances"),
        false => format!("{sign}{} instances", thousands(figure.round() as i128)),
    }
}

fn outlier_sentence(outlier: &Outlier, fleet: &Fleet, style: ByteStyle) -> String {
    let class = escaped(&outlier.class);
    let figure = |figure: f64| match (outlier.kind, outlier.is_bytes) {
        (OutlierKind::HoldsMore, _) => thousands(figure.round() as i128),
        (_, true) => format!("{} an hour", change(figure.round() as i128, style)),
        (_, false) => format!("{} an hour", counted_change(figure)),
    };
    let what = match outlier.kind {
        OutlierKind::LeaksAlone => format!(
            "{} there, and not in most others",
            leaks(outlier.confidence)
        ),
        OutlierKind::GrowsFaster => "grows there far faster than elsewhere".into(),
        OutlierKind::HoldsMore => {
            "has more instances there than elsewhere, but does not grow".into()
        }
    };
    let far = outlier.deviations.map_or(String::new(), |deviations| {
        format!(", {deviations:.1} deviations away")
    });
    format!(
        "{class} in {}: {what}: {}; the median of {} is {}{far}",
        group(&outlier.group),
        figure(outlier.figure),
        counted_groups(fleet, outlier.groups),
        figure(outlier.median),
    )
}

fn line_sentence(line: &NewLine) -> String {
    let before = thousands(line.processes_before as i128);
    format!(
        "since {}: {}, in {} of {} from then on and in none of {before} before",
        since(line),
        place(line),
        thousands(line.processes_with as i128),
        counted(line.processes_after, "process", "processes"),
    )
}

fn restart_sentence(restart: &ClassRestarts) -> String {
    let count = |figure: f64| thousands(figure.round() as i128);
    format!(
        "{}: {} instances before a restart, {} at the first snapshot after it, {} at the end of the \
         new process (medians of {})",
        escaped(&restart.class),
        count(restart.instances_before),
        count(restart.instances_after),
        count(restart.instances_last),
        counted(restart.restarts, "restart", "restarts"),
    )
}

/// What the answer lacks, and what would give it.
fn missing(fleet: &Fleet) -> Vec<String> {
    let mut missing = Vec::new();
    let of = counted(fleet.processes, "process", "processes");
    if !fleet.failed.is_empty() {
        let failed = counted(fleet.failed.len(), "file", "files");
        missing.push(format!(
            "{failed} could not be read; standard error names them"
        ));
    }
    if fleet.duplicates > 0 {
        let files = counted(fleet.duplicates, "file has", "files have");
        missing.push(format!(
            "{files} the content of another one, which counts once"
        ));
    }
    if fleet.no_dumps > 0 {
        let one = "file in the folders is no dump";
        missing.push(counted(
            fleet.no_dumps,
            one,
            "files in the folders are no dumps",
        ));
    }
    if fleet.processes_too_short > 0 {
        let short = thousands(fleet.processes_too_short as i128);
        missing.push(format!(
            "{short} of {of} have fewer than four snapshots, too few for a verdict"
        ));
    }
    if fleet.processes_without_traces > 0 {
        let count = thousands(fleet.processes_without_traces as i128);
        missing.push(format!(
            "{count} of {of} recorded no traces, so lines are not compared: \
             tracker.track_class(Cls, trace=True) records them"
        ));
    }
    if fleet.too_few_groups_for_outliers && fleet.dumps > 0 {
        missing.push(format!(
            "how far one {} lies from the others: from five on they say what is usual",
            group_nouns(fleet)[0]
        ));
    }
    if fleet.by.is_empty() && fleet.processes > 1 {
        missing.push(
            "without --labels every process is a worker of its own, and no restart is known".into(),
        );
    }
    missing
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

fn group(name: &GroupName) -> String {
    match name {
        GroupName::Dump(path) => escaped(&path.display().to_string()).into_owned(),
        GroupName::Labels(labels) => {
            let labels = labels
                .iter()
                .map(|label| format!("{}={}", escaped(&label.name), escaped(&label.value)));
            labels.collect::<Vec<_>>().join(" ")
        }
    }
}

fn place(line: &NewLine) -> String {
    let number = line
        .line
        .map_or(String::new(), |number| format!(":{number}"));
    format!(
        "{}{number} in {}",
        escaped(&line.file),
        escaped(&line.function)
    )
}

fn since(line: &NewLine) -> String {
    match (&line.since_version, line.since_seconds) {
        (Some(version), Some(seconds)) => {
            format!("version {} ({})", escaped(version), moment(seconds))
        }
        (Some(version), None) => format!("version {}", escaped(version)),
        (None, Some(seconds)) => moment(seconds),
        (None, None) => escaped(&line.dump).into_owned(),
    }
}

/// A moment in UTC; of midnight the day alone.
fn moment(seconds: i64) -> String {
    let Ok(moment) = jiff::Timestamp::from_second(seconds) else {
        return seconds.to_string();
    };
    let text = moment.to_string();
    text.strip_suffix("T00:00:00Z")
        .map_or(text.clone(), str::to_owned)
}
