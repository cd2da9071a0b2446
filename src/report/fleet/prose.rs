//! What the report on many dumps says in sentences.

use std::path::Path;

use crate::analysis::fleet::{
    ClassAcross, ClassRestarts, Fleet, GroupName, NewLine, Outlier, OutlierKind, Reach,
};
use crate::analysis::leaks::Confidence;
use crate::fleet::Order;
use crate::report::advice::{python_name, quoted};
use crate::units::{ByteStyle, change, counted, escaped, short_time, thousands};

/// How many of each are told of.
const MOST_TOLD: usize = 10;

/// The answer in a sentence or three.
pub(in crate::report) fn headline(fleet: &Fleet) -> String {
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
pub(in crate::report) fn group_nouns(fleet: &Fleet) -> [String; 2] {
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
pub(in crate::report) fn provenance(fleet: &Fleet) -> String {
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
pub(in crate::report) struct Section {
    pub(in crate::report) heading: String,
    pub(in crate::report) parts: Vec<Part>,
}

/// A sentence, and what to run or look at.
pub(in crate::report) struct Part {
    pub(in crate::report) text: String,
    pub(in crate::report) commands: Vec<String>,
}

impl From<String> for Part {
    fn from(text: String) -> Part {
        Part {
            text,
            commands: Vec::new(),
        }
    }
}

pub(in crate::report) fn sections(fleet: &Fleet, style: ByteStyle) -> Vec<Section> {
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

pub(super) fn group(name: &GroupName) -> String {
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
pub(super) fn moment(seconds: i64) -> String {
    let Ok(moment) = jiff::Timestamp::from_second(seconds) else {
        return seconds.to_string();
    };
    let text = moment.to_string();
    text.strip_suffix("T00:00:00Z")
        .map_or(text.clone(), str::to_owned)
}
