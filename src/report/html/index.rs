//! The index page: memory over time, what changed, the snapshots, the way to the classes.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use askama::Template;
use serde::Serialize;

use super::answer::Verdicts;
use super::chart::{self, Chart, Scale, Series};
use super::flame::Flame;
use super::names::Names;
use super::sites::{self, SitesTable};
use super::text::{Cell, Exact, shown};
use super::{Answers, HtmlOptions, rendered};
use crate::analysis::history::{ClassHistory, History};
use crate::analysis::info::Info;
use crate::analysis::summary::SnapshotSummary;
use crate::model::Contents;
use crate::report::advice::quoted;
use crate::report::coverage;
use crate::report::form::json;
use crate::report::info::{format_of, size_of};
use crate::units::{ByteStyle, bytes, counted, escaped, short_time, thousands};

/// How many colours there are. More classes than that begin again with the first.
pub(super) const COLORS: usize = 8;

/// How many classes that are no suspects have a colour.
const MOST_OTHERS: usize = 10;

/// How many classes are ranked by their growth.
const MOST_CHANGES: usize = 25;

#[derive(Template)]
#[template(path = "index.html")]
struct Index<'p> {
    title: &'p str,
    facts: String,
    coverage: Vec<String>,
    remarks: Vec<String>,
    answer: String,
    charts: Vec<Titled>,
    legend: Vec<LegendEntry>,
    changed: String,
    changes: Vec<Change>,
    more_changes: Option<String>,
    snapshots: Vec<SnapshotRow>,
    more_snapshots: Option<String>,
    pages: Vec<PageLink<'p>>,
    more_classes: Option<String>,
    sites: SitesTable,
    has_flame: bool,
    provenance: Vec<(&'static str, String)>,
    command: String,
    without_script: &'static str,
    data: String,
}

/// A chart of the index page.
struct Titled {
    id: &'static str,
    chart: String,
}

struct LegendEntry {
    name: String,
    color: String,
    href: Option<String>,
    is_line: bool,
}

struct Change {
    name: String,
    href: Option<String>,
    verdict: &'static str,
    growth: Cell,
    last: Cell,
    from_first: [Cell; 2],
    /// The snapshot where it was largest.
    at: Cell,
    instances: [Cell; 2],
    spark: String,
    spark_text: String,
}

struct SnapshotRow {
    number: usize,
    description: String,
    cells: Vec<Cell>,
}

struct PageLink<'p> {
    name: &'p str,
    href: String,
    aside: String,
}

/// What the script reads.
#[derive(Serialize)]
struct Data<'p> {
    /// Names, pages, verdicts and colours.
    classes: Vec<(&'p str, String, &'static str, String)>,
    snapshots: Vec<SnapshotData>,
    /// How many classes have no row.
    more_classes: usize,
    /// The place of the largest snapshot.
    peak: Option<usize>,
    /// Places of the classes in the chart, from its bottom to its top.
    order: &'p [usize],
    flame: &'p Flame,
}

#[derive(Serialize)]
struct SnapshotData {
    number: usize,
    description: String,
    seconds: Option<f64>,
    active: Vec<u64>,
    sum: Vec<Exact>,
    rest: (u64, Exact),
    total: (u64, Exact),
    /// What shares are of.
    whole: Exact,
}

/// The view of the index page.
pub(super) fn view(
    dump: &Contents,
    answers: &Answers<'_>,
    options: &HtmlOptions,
    names: &Names,
    verdicts: &Verdicts<'_>,
) -> io::Result<String> {
    let history = answers.history;
    let colors = Colors::of(history, verdicts);
    let memory = Memory::of(history, names, &colors, verdicts);
    let changes = changes(history, names, verdicts);
    rendered(&Index {
        title: &options.title,
        facts: facts(dump),
        coverage: coverage::sentences(answers.coverage)
            .into_iter()
            // A figure and its unit stay in one line.
            .map(|sentence| sentence.replace(" %", "\u{a0}%"))
            .collect(),
        remarks: remarks(dump, options),
        answer: verdicts.answer()?,
        charts: memory.charts()?,
        legend: memory.legend(),
        changed: changed(history),
        more_changes: (changes.len() < history.classes.len()).then(|| {
            let more = history.classes.len() - changes.len();
            format!(
                "{} more that grew less: the tables of the snapshots have them all.",
                thousands(more as i128)
            )
        }),
        changes,
        snapshots: history.snapshots.iter().map(snapshot_row).collect(),
        more_snapshots: (history.snapshots_left_out > 0).then(|| {
            format!(
                "{} more between these, which ctstats summary prints. The first, the last and \
                 the largest are shown.",
                counted(history.snapshots_left_out, "snapshot", "snapshots")
            )
        }),
        pages: page_links(dump, history, names, verdicts),
        more_classes: (history.classes_left_out > 0).then(|| {
            format!(
                "{} more have no page: those with one held most at some snapshot. \
                 With --class a report shows others.",
                counted(history.classes_left_out, "class", "classes")
            )
        }),
        sites: sites::table(answers.sites),
        provenance: provenance(answers.info, options),
        command: command(options),
        without_script: without_script(names),
        has_flame: !answers.flame.is_empty(),
        data: data(answers, names, verdicts, &colors),
    })
}

/// Where the figures come from.
fn provenance(info: &Info, options: &HtmlOptions) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let Some(name) = options.dump.file_name() {
        facts.push(("dump", escaped(&name.to_string_lossy()).into_owned()));
    }
    facts.push(("format", format_of(info)));
    facts.push(("size", size_of(info, ByteStyle::Units)));
    facts.push((
        "recorded when",
        "unknown: a dump has times since tracking began only".into(),
    ));
    facts
}

/// The command that makes this report, for a shell; empty if there is none.
fn command(options: &HtmlOptions) -> String {
    let words = options.command.iter().map(|word| {
        let text = quoted(Path::new(word));
        let is_option = word.as_encoded_bytes().starts_with(b"-");
        // Files whose names look like options are told apart by a folder; these are options.
        match text.strip_prefix("'./").filter(|_| is_option) {
            Some(option) => match option.trim_end_matches('\'') {
                plain if plain.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') => {
                    plain.into()
                }
                _ => format!("'{option}"),
            },
            None => text,
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// What the table of changes tells.
fn changed(history: &History<'_>) -> String {
    match (history.snapshots.first(), history.snapshots.last()) {
        (Some(first), Some(last)) if first.snapshot != last.snapshot => format!(
            "From {} to {}, the classes that grew most first. {}{}",
            named(first),
            named(last),
            history.peak().map_or(String::new(), |peak| {
                let peak = named(&history.snapshots[peak]);
                format!("All classes together were largest at {peak}.")
            }),
            if history.snapshots_left_out > 0 {
                " “Largest” is that of the snapshots that are shown."
            } else {
                ""
            }
        ),
        _ => "One snapshot only, so nothing can have changed; a second one makes growth visible."
            .into(),
    }
}

fn page_links<'n>(
    dump: &Contents,
    history: &History<'_>,
    names: &'n Names,
    verdicts: &Verdicts<'_>,
) -> Vec<PageLink<'n>> {
    let classes = history.classes.iter().enumerate();
    classes
        .map(|(at, class)| PageLink {
            name: names.shown(at),
            href: names.href(at, class.id),
            aside: format!(
                "{}, {}",
                counted(
                    class.class_of(dump).objects().len(),
                    "instance",
                    "instances"
                ),
                verdicts.words(class)
            ),
        })
        .collect()
}

/// What readers miss whose browser runs no script.
fn without_script(names: &Names) -> &'static str {
    if names.in_one_page() {
        "The tables of classes at each snapshot and the views of the classes need this page’s \
         script; the charts and the table of snapshots do not. Without --single-file ctstats \
         html writes a page for each class, whose figures, charts and sites show without it."
    } else {
        "The tables of classes at each snapshot need this page’s script; the charts and the \
         table of snapshots do not."
    }
}

/// A snapshot by its number and description.
pub(super) fn named(snapshot: &SnapshotSummary<'_>) -> String {
    if snapshot.description.is_empty() {
        format!("snapshot {}", snapshot.snapshot)
    } else {
        format!(
            "snapshot {} (“{}”)",
            snapshot.snapshot,
            shown(snapshot.description)
        )
    }
}

fn facts(dump: &Contents) -> String {
    let totals = dump.totals();
    let span = totals.span_seconds.map_or(String::new(), |(first, last)| {
        format!(" over {}", short_time(last - first))
    });
    format!(
        "{} of {} tracked{span}, {} alive at the end, {}.",
        counted(totals.objects as usize, "object", "objects"),
        counted(dump.classes().len(), "class", "classes"),
        thousands(totals.alive.into()),
        counted(dump.snapshots().len(), "snapshot", "snapshots"),
    )
}

fn remarks(dump: &Contents, options: &HtmlOptions) -> Vec<String> {
    let mut remarks = Vec::new();
    if !options.filter.is_empty() {
        remarks.push(
            "Only a part of the dump: the figures of classes are of the objects that the \
             report’s filters let pass."
                .into(),
        );
    }
    if let Some(fault) = dump.notes().clock {
        let how = fault.snapshot.map_or(String::new(), |snapshot| {
            format!(": snapshot {snapshot} was recorded as earlier than the one before it")
        });
        remarks.push(format!(
            "Times contradict the order of the snapshots{how}. Lives are judged by that order, and \
             times that contradict it are moved."
        ));
    }
    if dump.object_count() == 0 {
        remarks.push("The dump holds no tracked objects.".into());
    }
    remarks
}

/// Which class has which colour, in all charts of the page.
struct Colors {
    /// By place in the history: a number of the palette, or `None` for what is folded.
    of_class: Vec<Option<usize>>,
    /// Places of the classes that have one, from the bottom of the chart to its top.
    order: Vec<usize>,
}

impl Colors {
    /// Suspects first, then the largest others.
    fn of(history: &History<'_>, verdicts: &Verdicts<'_>) -> Self {
        let mut order: Vec<usize> = verdicts.suspects().collect();
        let others = history.classes.iter().enumerate();
        let others = others.filter(|(at, class)| !order.contains(at) && class.most_bytes() > 0);
        let others: Vec<usize> = others.map(|(at, _)| at).take(MOST_OTHERS).collect();
        order.extend(others);
        let mut of_class = vec![None; history.classes.len()];
        for (rank, &at) in order.iter().enumerate() {
            of_class[at] = Some(rank % COLORS);
        }
        Colors { of_class, order }
    }

    fn class(&self, at: usize) -> Option<String> {
        self.of_class[at].map(|color| format!("c{color}"))
    }
}

const OTHER: &str = "other";

/// A class in the chart, or the others together.
struct Area {
    name: String,
    color: String,
    href: Option<String>,
    /// Bytes at each snapshot that has a time.
    values: Vec<f64>,
}

/// The chart of memory over time.
struct Memory<'p> {
    history: &'p History<'p>,
    names: &'p Names,
    colors: &'p Colors,
    verdicts: &'p Verdicts<'p>,
    /// Places of the snapshots that have a time, in its order.
    places: Vec<usize>,
    seconds: Vec<f64>,
}

impl<'p> Memory<'p> {
    fn of(
        history: &'p History<'p>,
        names: &'p Names,
        colors: &'p Colors,
        verdicts: &'p Verdicts<'p>,
    ) -> Self {
        let (seconds, places) = history.timed();
        Memory {
            history,
            names,
            colors,
            verdicts,
            places,
            seconds,
        }
    }

    fn snapshots(&self) -> impl Iterator<Item = &SnapshotSummary<'p>> {
        self.places
            .iter()
            .map(|&place| &self.history.snapshots[place])
    }

    /// What is drawn with the classes, and what is of the process.
    fn lines(&self) -> [Vec<Series<'static>>; 2] {
        let series = |name, color, of: fn(&SnapshotSummary<'_>) -> Option<i128>| Series {
            name,
            color,
            values: self
                .snapshots()
                .map(|s| of(s).map(|bytes| bytes as f64))
                .collect(),
        };
        let tracked = series("tracked total", "tracked", |s| Some(s.tracked_total_bytes));
        let asizeof = series("asizeof total", "asizeof", |s| s.asizeof_total_bytes);
        let resident = |s: &SnapshotSummary<'_>| s.process_resident_bytes;
        let resident = series("process, resident", "resident", resident);
        let process_virtual = |s: &SnapshotSummary<'_>| s.process_virtual_bytes;
        let process_virtual = series("process, virtual", "virtual", process_virtual);
        [vec![tracked], vec![asizeof, resident, process_virtual]]
    }

    fn areas(&self) -> Vec<Area> {
        let mut areas: Vec<Area> = Vec::new();
        let mut other: Vec<f64> = self
            .places
            .iter()
            .map(|&p| self.history.rest[p].sum_bytes as f64)
            .collect();
        let values = |at: usize| {
            let held = &self.history.classes[at].held;
            self.places.iter().map(|&p| held[p].sum_bytes as f64)
        };
        for &at in &self.colors.order {
            areas.extend(self.colors.class(at).map(|color| Area {
                name: self.names.shown(at).to_owned(),
                color,
                href: Some(self.names.href(at, self.history.classes[at].id)),
                values: values(at).collect(),
            }));
        }
        for at in 0..self.history.classes.len() {
            if self.colors.of_class[at].is_none() {
                other
                    .iter_mut()
                    .zip(values(at))
                    .for_each(|(sum, v)| *sum += v);
            }
        }
        if other.iter().any(|&bytes| bytes != 0.0) {
            areas.push(Area {
                name: self.other_name(),
                color: OTHER.into(),
                href: None,
                values: other,
            });
        }
        areas
    }

    fn other_name(&self) -> String {
        let folded = self
            .colors
            .of_class
            .iter()
            .filter(|color| color.is_none())
            .count();
        let folded = folded + self.history.classes_left_out;
        format!("other ({})", counted(folded, "class", "classes"))
    }

    /// The classes, and below them on the same time axis what dwarfs them: the process.
    fn charts(&self) -> io::Result<Vec<Titled>> {
        if self.places.is_empty() {
            return Ok(Vec::new());
        }
        let areas = self.areas();
        let [tracked, process] = self.lines();
        let lines: Vec<&Series<'_>> = tracked.iter().chain(&process).collect();
        let texts: Vec<String> = (0..self.places.len())
            .map(|at| self.text(at, &areas, &lines))
            .collect();
        let mut charts = vec![Titled {
            id: "tracked",
            chart: rendered(&self.classes_chart(&areas, &tracked, texts.clone()))?,
        }];
        let process: Vec<Series<'_>> = process.into_iter().filter(is_recorded).collect();
        if !process.is_empty() {
            charts.push(Titled {
                id: "process",
                chart: rendered(&self.process_chart(&process, texts))?,
            });
        }
        Ok(charts)
    }

    fn classes_chart(&self, areas: &[Area], lines: &[Series<'_>], texts: Vec<String>) -> Chart {
        let stack = (0..self.places.len()).map(|at| areas.iter().map(|area| area.values[at]).sum());
        let values = lines
            .iter()
            .flat_map(|s| s.values.iter().flatten().copied());
        let scale = Scale::of(self.seconds.iter().copied(), stack.chain(values));
        let series: Vec<Series<'_>> = areas
            .iter()
            .map(|area| Series {
                name: &area.name,
                color: &area.color,
                values: area.values.iter().copied().map(Some).collect(),
            })
            .collect();
        Chart {
            id: "memory-tracked".into(),
            title: "Memory of the tracked classes over time".into(),
            description: format!(
                "Stacked areas of {} and a line of the tracked total at {}, from 0 to {}. \
                 Suspects are at the bottom. The values are in the tables of the snapshots.",
                counted(areas.len(), "class", "classes"),
                counted(self.places.len(), "snapshot", "snapshots"),
                bytes(scale.most() as i128, ByteStyle::Units)
            ),
            readout: texts.last().cloned().unwrap_or_default(),
            height: scale.height(),
            x_ticks: chart::time_ticks(&scale, short_time),
            y_ticks: chart::value_ticks(&scale, 1024.0, |v| bytes(v as i128, ByteStyle::Units)),
            labels: chart::edge_labels(&scale, &series),
            beginnings: self.beginnings(&scale),
            areas: chart::stacked(&scale, &self.seconds, &series),
            lines: lines
                .iter()
                .map(|s| chart::line(&scale, &self.seconds, s))
                .collect(),
            marks: chart::marks(&scale, &self.seconds, texts, &self.numbers()),
            script: None,
        }
    }

    fn process_chart(&self, lines: &[Series<'_>], texts: Vec<String>) -> Chart {
        let values = lines
            .iter()
            .flat_map(|s| s.values.iter().flatten().copied());
        let scale = Scale::of(self.seconds.iter().copied(), values).low();
        Chart {
            id: "memory-process".into(),
            title: "Memory of the process over time".into(),
            description: format!(
                "Lines of what was recorded of the process, on the same time axis, from 0 to {}. \
                 The values are in the table of snapshots.",
                bytes(scale.most() as i128, ByteStyle::Units)
            ),
            readout: String::new(),
            height: scale.height(),
            x_ticks: chart::time_ticks(&scale, short_time),
            y_ticks: chart::value_ticks(&scale, 1024.0, |v| bytes(v as i128, ByteStyle::Units)),
            labels: Vec::new(),
            beginnings: Vec::new(),
            areas: Vec::new(),
            lines: lines
                .iter()
                .map(|s| chart::line(&scale, &self.seconds, s))
                .collect(),
            marks: chart::marks(&scale, &self.seconds, texts, &self.numbers()),
            script: None,
        }
    }

    /// The numbers of the snapshots.
    fn numbers(&self) -> Vec<usize> {
        self.snapshots().map(|snapshot| snapshot.snapshot).collect()
    }

    /// Where suspects began to grow; those of one snapshot together.
    fn beginnings(&self, scale: &Scale) -> Vec<chart::Beginning> {
        let mut names: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for (snapshot, name) in self.verdicts.beginnings() {
            names.entry(snapshot).or_default().push(name);
        }
        let at = |snapshot| self.numbers().iter().position(|&number| number == snapshot);
        let beginnings = names.iter().filter_map(|(&snapshot, names)| {
            let text = format!("growth began: {}", names.join(", "));
            Some(chart::beginning(scale, self.seconds[at(snapshot)?], text))
        });
        beginnings.collect()
    }

    /// A snapshot's values in words.
    fn text(&self, at: usize, areas: &[Area], lines: &[&Series<'_>]) -> String {
        let snapshot = &self.history.snapshots[self.places[at]];
        let mut text = format!("{} at {}", named(snapshot), short_time(self.seconds[at]));
        let classes = areas
            .iter()
            .map(|area| (area.name.as_str(), Some(area.values[at])));
        let totals = lines.iter().map(|series| (series.name, series.values[at]));
        for (name, value) in totals.chain(classes) {
            if let Some(value) = value.filter(|&value| value != 0.0) {
                text.push_str(&format!(
                    "\n{name}: {}",
                    bytes(value as i128, ByteStyle::Units)
                ));
            }
        }
        text
    }

    /// What is drawn, and nothing else.
    fn legend(&self) -> Vec<LegendEntry> {
        let areas = self.areas().into_iter();
        let areas = areas
            .filter(|area| area.values.iter().any(|&bytes| bytes > 0.0))
            .map(|area| LegendEntry {
                name: area.name,
                color: area.color,
                href: area.href,
                is_line: false,
            });
        let lines = self.lines().into_iter().flatten().filter(is_recorded);
        let lines = lines.map(|series| LegendEntry {
            name: series.name.into(),
            color: series.color.into(),
            href: None,
            is_line: true,
        });
        areas.chain(lines).collect()
    }
}

/// Whether there is something of it to draw.
fn is_recorded(series: &Series<'_>) -> bool {
    series.values.iter().any(Option::is_some)
}

/// The classes by their growth from the first snapshot to the last.
fn changes(history: &History<'_>, names: &Names, verdicts: &Verdicts<'_>) -> Vec<Change> {
    let Some(last) = history.snapshots.len().checked_sub(1) else {
        return Vec::new();
    };
    let growth = |class: &ClassHistory<'_>| class.held[last].sum_bytes - class.held[0].sum_bytes;
    let mut order: Vec<usize> = (0..history.classes.len()).collect();
    order.sort_by_key(|&at| std::cmp::Reverse(growth(&history.classes[at])));
    order.truncate(MOST_CHANGES);
    let row = |at: usize| {
        let class = &history.classes[at];
        let [first, end] = [0, last].map(|place| class.held[place]);
        let (spark, spark_text) = verdicts.spark(at);
        Change {
            name: names.shown(at).to_owned(),
            href: Some(names.href(at, class.id)),
            verdict: verdicts.words(class),
            growth: Cell::change(growth(class)),
            last: Cell::bytes(end.sum_bytes),
            from_first: [first.sum_bytes, class.most_bytes()].map(Cell::bytes),
            at: class.peak().map_or_else(
                || Cell::none("nothing at any snapshot"),
                |peak| {
                    let snapshot = &history.snapshots[peak];
                    Cell {
                        exact: named(snapshot),
                        ..Cell::count(snapshot.snapshot as i128)
                    }
                },
            ),
            instances: [first.active, end.active].map(|count| Cell::count(count.into())),
            spark,
            spark_text,
        }
    };
    order.into_iter().map(row).collect()
}

fn snapshot_row(snapshot: &SnapshotSummary<'_>) -> SnapshotRow {
    SnapshotRow {
        number: snapshot.snapshot,
        description: shown(snapshot.description),
        cells: vec![
            Cell::seconds(snapshot.timestamp_seconds),
            Cell::bytes(snapshot.tracked_total_bytes),
            Cell::known_bytes(snapshot.process_resident_bytes, "not recorded"),
            Cell::known_bytes(snapshot.process_virtual_bytes, "not recorded"),
            Cell::known_bytes(
                snapshot.asizeof_total_bytes,
                "not computed; create_snapshot(compute_total=True) records it",
            ),
            Cell::bytes(snapshot.overhead_bytes),
        ],
    }
}

fn data(answers: &Answers<'_>, names: &Names, verdicts: &Verdicts<'_>, colors: &Colors) -> String {
    let history = answers.history;
    let classes = history.classes.iter().enumerate();
    let snapshots = history.snapshots.iter().enumerate();
    json::embedded(&Data {
        classes: classes
            .map(|(at, class)| {
                let color = colors.class(at).unwrap_or_else(|| OTHER.into());
                let href = names.href(at, class.id);
                (names.shown(at), href, verdicts.words(class), color)
            })
            .collect(),
        snapshots: snapshots
            .map(|(place, snapshot)| {
                let held = || history.classes.iter().map(|class| class.held[place]);
                let rest = history.rest[place];
                SnapshotData {
                    number: snapshot.snapshot,
                    description: shown(snapshot.description),
                    seconds: snapshot.timestamp_seconds,
                    active: held().map(|held| held.active).collect(),
                    sum: held().map(|held| Exact(held.sum_bytes)).collect(),
                    rest: (rest.active, Exact(rest.sum_bytes)),
                    total: (snapshot.total.active, Exact(snapshot.total.sum_bytes)),
                    whole: Exact(snapshot.tracked_total_bytes),
                }
            })
            .collect(),
        more_classes: history.classes_left_out,
        peak: history.peak(),
        order: &colors.order,
        flame: &answers.flame,
    })
}
