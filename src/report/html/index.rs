//! The index page: memory over time, what changed, the snapshots, the way to the classes.

use std::io;

use askama::Template;
use serde::Serialize;

use super::chart::{self, Chart, Scale, Series};
use super::names::Names;
use super::text::{Cell, Exact, shown};
use super::{HtmlOptions, rendered};
use crate::analysis::coverage::Coverage;
use crate::analysis::history::{ClassHistory, History};
use crate::analysis::summary::{SnapshotSummary, percent};
use crate::model::Contents;
use crate::report::coverage;
use crate::report::form::json;
use crate::units::{ByteStyle, bytes, counted, share, short_time, thousands};

/// Classes up to this share of the tracked total are folded into "other", as Pympler does.
const NOTABLE_PERCENT: f64 = 3.0;

/// How many classes have a colour of their own.
const COLORS: usize = 12;

/// How many classes are ranked by their growth.
const MOST_CHANGES: usize = 25;

#[derive(Template)]
#[template(path = "index.html")]
struct Index<'p> {
    title: &'p str,
    facts: String,
    coverage: Vec<String>,
    remarks: Vec<String>,
    charts: Vec<Scaled>,
    legend: Vec<LegendEntry>,
    changed: String,
    changes: Vec<Change>,
    more_changes: Option<String>,
    snapshots: Vec<SnapshotRow>,
    more_snapshots: Option<String>,
    pages: Vec<PageLink<'p>>,
    more_classes: Option<String>,
    without_script: &'static str,
    data: String,
}

/// The chart on one of the scales.
struct Scaled {
    id: &'static str,
    label: &'static str,
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
    until_largest: [Cell; 2],
    /// The snapshot where it was largest.
    at: Cell,
    from_last: [Cell; 4],
    spark: String,
    spark_text: String,
}

struct SnapshotRow {
    number: usize,
    description: String,
    cells: Vec<Cell>,
    aside: String,
    shares_text: String,
    parts: Vec<SharePart>,
    remark: Option<String>,
    open: bool,
}

/// A class's part of a snapshot.
struct SharePart {
    color: String,
    x: String,
    width: String,
    text: String,
}

struct PageLink<'p> {
    name: &'p str,
    href: String,
    aside: String,
}

/// What the script reads.
#[derive(Serialize)]
struct Data<'p> {
    /// Names and pages.
    classes: Vec<(&'p str, String)>,
    snapshots: Vec<SnapshotData>,
    /// How many classes have no row.
    more_classes: usize,
}

#[derive(Serialize)]
struct SnapshotData {
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
    history: &History<'_>,
    coverage: &Coverage<'_>,
    options: &HtmlOptions,
    names: &Names,
) -> io::Result<String> {
    let colors = Colors::of(history);
    let memory = Memory::of(history, names, &colors);
    let changes = changes(history, names);
    rendered(&Index {
        title: &options.title,
        facts: facts(dump),
        coverage: coverage::sentences(coverage)
            .into_iter()
            // A figure and its unit stay in one line.
            .map(|sentence| sentence.replace(" %", "\u{a0}%"))
            .collect(),
        remarks: remarks(dump, options),
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
        snapshots: (0..history.snapshots.len())
            .map(|place| snapshot_row(history, place, names, &colors))
            .collect(),
        more_snapshots: (history.snapshots_left_out > 0).then(|| {
            format!(
                "{} more between these, which ctstats summary prints. The first, the last and \
                 the largest are shown.",
                counted(history.snapshots_left_out, "snapshot", "snapshots")
            )
        }),
        pages: page_links(dump, history, names),
        more_classes: (history.classes_left_out > 0).then(|| {
            format!(
                "{} more have no page: those with one held most at some snapshot. \
                 With --class a report shows others.",
                counted(history.classes_left_out, "class", "classes")
            )
        }),
        without_script: without_script(names),
        data: data(history, names),
    })
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

fn page_links<'n>(dump: &Contents, history: &History<'_>, names: &'n Names) -> Vec<PageLink<'n>> {
    let classes = history.classes.iter().enumerate();
    classes
        .map(|(at, class)| PageLink {
            name: names.shown(at),
            href: names.href(at, class.id),
            aside: counted(
                class.class_of(dump).objects().len(),
                "instance",
                "instances",
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
}

impl Colors {
    fn of(history: &History<'_>) -> Self {
        let notable = |class: &ClassHistory<'_>| {
            class
                .held
                .iter()
                .zip(&history.snapshots)
                .any(|(held, snapshot)| {
                    percent(held.sum_bytes, snapshot.total.sum_bytes) > NOTABLE_PERCENT
                })
        };
        let mut next = 0..COLORS;
        let classes = history.classes.iter();
        let of_class = classes
            .map(|class| notable(class).then(|| next.next()).flatten())
            .collect();
        Colors { of_class }
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
    /// Places of the snapshots that have a time, in its order.
    places: Vec<usize>,
    seconds: Vec<f64>,
}

impl<'p> Memory<'p> {
    fn of(history: &'p History<'p>, names: &'p Names, colors: &'p Colors) -> Self {
        let (seconds, places) = history.timed();
        Memory {
            history,
            names,
            colors,
            places,
            seconds,
        }
    }

    fn snapshots(&self) -> impl Iterator<Item = &SnapshotSummary<'p>> {
        self.places
            .iter()
            .map(|&place| &self.history.snapshots[place])
    }

    fn lines(&self) -> Vec<Series<'static>> {
        let series = |name, color, of: fn(&SnapshotSummary<'_>) -> Option<i128>| Series {
            name,
            color,
            values: self
                .snapshots()
                .map(|s| of(s).map(|bytes| bytes as f64))
                .collect(),
        };
        vec![
            series("tracked total", "tracked", |s| Some(s.tracked_total_bytes)),
            series("asizeof total", "asizeof", |s| s.asizeof_total_bytes),
            series("process, resident", "resident", |s| {
                s.process_resident_bytes
            }),
            series("process, virtual", "virtual", |s| s.process_virtual_bytes),
        ]
    }

    fn areas(&self) -> Vec<Area> {
        let mut areas: Vec<Area> = Vec::new();
        let mut other: Vec<f64> = self
            .places
            .iter()
            .map(|&p| self.history.rest[p].sum_bytes as f64)
            .collect();
        for (at, class) in self.history.classes.iter().enumerate() {
            let values = self.places.iter().map(|&p| class.held[p].sum_bytes as f64);
            match self.colors.class(at) {
                Some(color) => areas.push(Area {
                    name: self.names.shown(at).to_owned(),
                    color,
                    href: Some(self.names.href(at, class.id)),
                    values: values.collect(),
                }),
                None => other.iter_mut().zip(values).for_each(|(sum, v)| *sum += v),
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

    /// The chart on several scales: the process's sizes dwarf what is tracked.
    fn charts(&self) -> io::Result<Vec<Scaled>> {
        if self.places.is_empty() {
            return Ok(Vec::new());
        }
        let areas = self.areas();
        let lines = self.lines();
        let texts: Vec<String> = (0..self.places.len())
            .map(|at| self.text(at, &areas, &lines))
            .collect();
        // Each scale shows the lines of those before it as well.
        let scales = [
            ("tracked", "tracked classes", 1),
            ("asizeof", "with the asizeof total", 2),
            ("resident", "with the resident size", 3),
            ("virtual", "with the virtual size", 4),
        ];
        let mut charts = Vec::new();
        for (id, label, shown) in scales {
            if shown > 1 && !is_recorded(&lines[shown - 1]) {
                continue;
            }
            let drawn: Vec<&Series<'_>> =
                lines[..shown].iter().filter(|s| is_recorded(s)).collect();
            let stack =
                (0..self.places.len()).map(|at| areas.iter().map(|area| area.values[at]).sum());
            let values = drawn
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
            let chart = Chart {
                id: format!("memory-{id}"),
                title: format!("Memory over time: {label}"),
                description: format!(
                    "Stacked areas of {} and lines of totals at {}, from 0 to {}. The values are \
                     in the table of snapshots and in each snapshot’s table of classes.",
                    counted(areas.len(), "class", "classes"),
                    counted(self.places.len(), "snapshot", "snapshots"),
                    bytes(scale_top(&scale), ByteStyle::Units)
                ),
                readout: texts.last().cloned().unwrap_or_default(),
                x_ticks: chart::time_ticks(&scale, short_time),
                y_ticks: chart::value_ticks(&scale, 1024.0, |v| bytes(v as i128, ByteStyle::Units)),
                areas: chart::stacked(&scale, &self.seconds, &series),
                lines: drawn
                    .iter()
                    .map(|s| chart::line(&scale, &self.seconds, s))
                    .collect(),
                marks: chart::marks(&scale, &self.seconds, texts.clone()),
            };
            charts.push(Scaled {
                id,
                label,
                chart: rendered(&chart)?,
            });
        }
        Ok(charts)
    }

    /// A snapshot's values in words.
    fn text(&self, at: usize, areas: &[Area], lines: &[Series<'_>]) -> String {
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

    /// What is drawn, and nothing else. The style sheet hides the lines that the chosen scale
    /// does not show.
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
        let lines = self.lines().into_iter().filter(is_recorded);
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

fn scale_top(scale: &Scale) -> i128 {
    scale.most() as i128
}

/// The classes by their growth from the first snapshot to the last.
fn changes(history: &History<'_>, names: &Names) -> Vec<Change> {
    let Some(last) = history.snapshots.len().checked_sub(1) else {
        return Vec::new();
    };
    let growth = |class: &ClassHistory<'_>| class.held[last].sum_bytes - class.held[0].sum_bytes;
    let mut order: Vec<usize> = (0..history.classes.len()).collect();
    order.sort_by_key(|&at| std::cmp::Reverse(growth(&history.classes[at])));
    order.truncate(MOST_CHANGES);
    let (seconds, places) = history.timed();
    order
        .into_iter()
        .map(|at| {
            let class = &history.classes[at];
            let [first, end] = [0, last].map(|place| class.held[place]);
            let values: Vec<f64> = places
                .iter()
                .map(|&place| class.held[place].sum_bytes as f64)
                .collect();
            Change {
                name: names.shown(at).to_owned(),
                href: Some(names.href(at, class.id)),
                until_largest: [first.sum_bytes, class.most_bytes()].map(Cell::bytes),
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
                from_last: [
                    Cell::bytes(end.sum_bytes),
                    Cell::change(growth(class)),
                    Cell::count(first.active.into()),
                    Cell::count(end.active.into()),
                ],
                spark: chart::spark(&seconds, &values),
                spark_text: format!(
                    "{} at first, {} at most, {} at last",
                    bytes(first.sum_bytes, ByteStyle::Units),
                    bytes(class.most_bytes(), ByteStyle::Units),
                    bytes(end.sum_bytes, ByteStyle::Units)
                ),
            }
        })
        .collect()
}

fn snapshot_row(
    history: &History<'_>,
    place: usize,
    names: &Names,
    colors: &Colors,
) -> SnapshotRow {
    let snapshot = &history.snapshots[place];
    let whole = snapshot.total.sum_bytes;
    let parts = share_parts(history, place, names, colors);
    let texts: Vec<&str> = parts.iter().map(|part| part.text.as_str()).collect();
    let peak = history.peak() == Some(place);
    SnapshotRow {
        number: snapshot.snapshot,
        description: shown(snapshot.description),
        cells: vec![
            Cell::seconds(snapshot.timestamp_seconds),
            Cell::known_bytes(snapshot.process_virtual_bytes, "not recorded"),
            Cell::known_bytes(snapshot.process_resident_bytes, "not recorded"),
            Cell::bytes(snapshot.tracked_total_bytes),
            Cell::known_bytes(
                snapshot.asizeof_total_bytes,
                "not computed; create_snapshot(compute_total=True) records it",
            ),
            Cell::bytes(snapshot.overhead_bytes),
        ],
        aside: format!(
            "{}, {} of {}, {}{}",
            snapshot
                .timestamp_seconds
                .map_or("at no moment".into(), short_time),
            bytes(snapshot.total.sum_bytes, ByteStyle::Units),
            counted(snapshot.total.classes, "class", "classes"),
            counted(snapshot.total.active as usize, "instance", "instances"),
            if peak { ", the peak" } else { "" }
        ),
        shares_text: if texts.is_empty() {
            "nothing was measured".into()
        } else {
            texts.join("; ")
        },
        remark: remark(&parts, whole),
        parts,
        open: history.peak().map_or(place == 0, |peak| peak == place),
    }
}

/// The bar of a snapshot: a part for each class that is large enough to be seen, and the others.
fn share_parts(
    history: &History<'_>,
    place: usize,
    names: &Names,
    colors: &Colors,
) -> Vec<SharePart> {
    let whole = history.snapshots[place].total.sum_bytes;
    let mut parts = Vec::new();
    let mut x = 0.0;
    let mut others = whole;
    let mut folded = history.classes.len() + history.classes_left_out;
    let mut part = |name: &str, color: String, sum: i128| {
        let percent = percent(sum, whole);
        parts.push(SharePart {
            color,
            x: format!("{x:.2}"),
            width: format!("{:.2}", percent.clamp(0.0, 100.0)),
            text: format!(
                "{name}: {}, {}",
                bytes(sum, ByteStyle::Units),
                share(percent)
            ),
        });
        x += percent;
    };
    // The largest first, whatever the order elsewhere.
    let mut order: Vec<usize> = (0..history.classes.len()).collect();
    order.sort_by_key(|&at| std::cmp::Reverse(history.classes[at].held[place].sum_bytes));
    for at in order {
        let sum = history.classes[at].held[place].sum_bytes;
        if percent(sum, whole) <= NOTABLE_PERCENT {
            break;
        }
        others -= sum;
        folded -= 1;
        part(
            names.shown(at),
            colors.class(at).unwrap_or_else(|| OTHER.into()),
            sum,
        );
    }
    if others > 0 {
        let name = format!("other ({})", counted(folded, "class", "classes"));
        part(&name, OTHER.into(), others);
    }
    parts
}

/// What a bar cannot say, and what the shares of the table are of.
fn remark(parts: &[SharePart], whole: i128) -> Option<String> {
    let shares =
        "The bar shows parts of what is tracked; shares in the table are of the snapshot’s \
                  tracked total."
            .to_owned();
    Some(if whole == 0 {
        "Nothing tracked was alive and measured at this snapshot.".into()
    } else if parts.iter().all(|part| part.color == OTHER) {
        format!("No class is above {NOTABLE_PERCENT} % of what is tracked. {shares}")
    } else {
        shares
    })
}

fn data(history: &History<'_>, names: &Names) -> String {
    let classes = history.classes.iter().enumerate();
    let snapshots = history.snapshots.iter().enumerate();
    json::embedded(&Data {
        classes: classes
            .map(|(at, class)| (names.shown(at), names.href(at, class.id)))
            .collect(),
        snapshots: snapshots
            .map(|(place, snapshot)| {
                let held = || history.classes.iter().map(|class| class.held[place]);
                let rest = history.rest[place];
                SnapshotData {
                    active: held().map(|held| held.active).collect(),
                    sum: held().map(|held| Exact(held.sum_bytes)).collect(),
                    rest: (rest.active, Exact(rest.sum_bytes)),
                    total: (snapshot.total.active, Exact(snapshot.total.sum_bytes)),
                    whole: Exact(snapshot.tracked_total_bytes),
                }
            })
            .collect(),
        more_classes: history.classes_left_out,
    })
}
