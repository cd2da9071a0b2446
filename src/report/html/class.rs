//! The page of a class: its figures, its life over time, what its instances hold, where
//! they were created, and the largest of them.

use std::io;

use askama::Template;
use serde::Serialize;

use super::answer::{OneVerdict, Verdicts};
use super::attributes::AttributesData;
use super::chart::{self, Chart, Scale, Series};
use super::index::named;
use super::instances::{ClassData, Embedder};
use super::names::Names;
use super::sites::{self, SitesTable};
use super::text::Cell;
use super::{HtmlOptions, packed, rendered};
use crate::analysis::attributes::{Attributes, Names as AttributeNames};
use crate::analysis::class::{ClassDetail, Step, steps};
use crate::analysis::history::{ClassHistory, ClassUsage, History};
use crate::analysis::lifetimes::LifetimeFigures;
use crate::analysis::merged::{Merger, ReferentRows};
use crate::analysis::sites::{Sites, SitesOptions};
use crate::analysis::summary::SnapshotSummary;
use crate::model::{ClassId, Contents, Sizes, Snapshot, Totals, TrackedObject};
use crate::report::form::json;
use crate::select::{Filter, Limit};
use crate::units::{ByteStyle, bytes, counted, short_time, thousands};

/// Steps of births and deaths that are drawn each; of more, so many moments.
const MOST_STEPS: usize = 200;

/// ReferentRows of a class's referents at one snapshot.
const MOST_REFERENTS: usize = 100;

/// Sites of a class.
const MOST_SITES: u64 = 20;

/// What the page of a class shows.
#[derive(Serialize)]
pub(super) struct ClassView<'p> {
    pub(super) number: ClassId,
    name: &'p str,
    sentence: String,
    verdict: OneVerdict,
    figures: Vec<Figure>,
    charts: Vec<Titled>,
    sites: SitesTable,
    instances_text: String,
    data: ClassData,
}

/// It as markup.
#[derive(Template)]
#[template(path = "class.html")]
struct ClassPage<'p> {
    view: &'p ClassView<'p>,
    index: &'p str,
    title: &'p str,
    verdict: String,
    has_history: bool,
    has_referents: bool,
    /// Whether it is what a script fills in: it then has all parts.
    is_blank: bool,
    data: String,
}

#[derive(Serialize)]
struct Figure {
    /// The figure's name in JSON reports.
    key: &'static str,
    name: &'static str,
    cell: Cell,
}

#[derive(Serialize)]
struct Titled {
    id: &'static str,
    label: &'static str,
    chart: Chart,
}

/// Makes the pages of the classes one after the other.
pub(super) struct Classes<'d, 'p> {
    dump: &'d Contents,
    history: &'p History<'d>,
    totals: Totals,
    sizes: &'p Sizes,
    options: &'p HtmlOptions,
    verdicts: &'p Verdicts<'p>,
    names: &'p Names,
    merger: Merger<'d>,
    attribute_names: AttributeNames<'d>,
    /// What the views that were made add to the index page.
    attributes: AttributesData,
    embedder: Embedder<'d, 'p>,
}

impl<'d, 'p> Classes<'d, 'p> {
    /// Of a history.
    pub(super) fn of(
        dump: &'d Contents,
        history: &'p History<'d>,
        sizes: &'p Sizes,
        options: &'p HtmlOptions,
        verdicts: &'p Verdicts<'p>,
        names: &'p Names,
    ) -> Self {
        let mut snapshots: Vec<Snapshot<'d>> = dump.snapshots().collect();
        let mut kept = history.snapshots.iter().map(|s| s.snapshot).peekable();
        snapshots.retain(|s| kept.next_if_eq(&s.index()).is_some());
        Classes {
            dump,
            history,
            totals: dump.totals(),
            sizes,
            options,
            verdicts,
            names,
            merger: Merger::of(dump, &snapshots, ReferentRows::Notable(MOST_REFERENTS)),
            attribute_names: AttributeNames::default(),
            attributes: AttributesData::of(history.classes.len(), snapshots.len()),
            embedder: Embedder::of(dump, &snapshots, sizes),
        }
    }

    /// The view of the class at this place of the history, with its largest `instances`.
    pub(super) fn view(&mut self, at: usize, instances: usize) -> ClassView<'p> {
        let row = &self.history.classes[at];
        let class = row.class_of(self.dump);
        let filter = &self.options.filter;
        let admits = |object: TrackedObject<'d>| admits(filter, self.sizes, object);
        let detail = ClassDetail::of(class, self.sizes, admits);
        let mut attributes = Attributes::at(self.history.snapshots.len());
        let objects = class.objects().filter(|&object| admits(object));
        let names = &mut self.attribute_names;
        let merged = self.merger.objects_and_attributes(objects, |place, row| {
            attributes.graft(names, place, row);
        });
        let sites = Sites::of_class(
            class,
            self.sizes,
            &SitesOptions {
                filter: filter.clone(),
                limit: Some(Limit::Count(MOST_SITES)),
                ..SitesOptions::default()
            },
        );
        let objects: Vec<_> = class
            .objects()
            .filter(|&o| admits(o))
            .map(TrackedObject::id)
            .collect();
        let mut data = ClassData::of(self.history, row, !self.names.in_one_page());
        data.merge(&merged, self.history);
        let is_cut = merged.iter().any(|tree| tree.cut);
        self.attributes
            .add(at, &attributes, data.measured(), is_cut);
        let embedded = self.embedder.embed(&mut data, objects, instances);
        let lives = LifetimeFigures::of_class(class, filter, &self.totals);
        ClassView {
            number: row.id,
            name: self.names.shown(at),
            sentence: sentence(&detail, row, self.history),
            verdict: self.verdicts.of_class(row),
            figures: figures(&detail, &lives),
            charts: self.charts(row, &admits),
            sites: sites::table(&sites),
            instances_text: instances_text(detail.objects, embedded, self.history),
            data,
        }
    }

    /// What the attributes of the classes held at each snapshot, of the views that were made.
    pub(super) fn attributes(&self) -> &AttributesData {
        &self.attributes
    }

    /// A view as markup.
    pub(super) fn markup(&self, view: &ClassView<'_>) -> io::Result<String> {
        rendered(&ClassPage {
            view,
            index: self.names.index(),
            title: &self.options.title,
            verdict: self.verdicts.shown(&view.verdict)?,
            has_history: !self.history.snapshots.is_empty(),
            has_referents: view.data.has_referents(),
            is_blank: false,
            data: json::embedded(&view.data),
        })
    }

    /// The markup that a script fills in with any view of the same page.
    pub(super) fn blank(&self) -> io::Result<String> {
        let view = ClassView {
            number: ClassId::at(0),
            name: "",
            sentence: String::new(),
            verdict: OneVerdict::None,
            figures: Vec::new(),
            charts: Vec::new(),
            sites: sites::blank(),
            instances_text: String::new(),
            data: ClassData::default(),
        };
        rendered(&ClassPage {
            view: &view,
            index: self.names.index(),
            title: &self.options.title,
            verdict: String::new(),
            has_history: !self.history.snapshots.is_empty(),
            has_referents: true,
            is_blank: true,
            data: String::new(),
        })
    }

    fn charts(
        &self,
        row: &ClassHistory<'d>,
        admits: &impl Fn(TrackedObject<'d>) -> bool,
    ) -> Vec<Titled> {
        let mut charts = Vec::new();
        let mut push = |id, label, chart| charts.push(Titled { id, label, chart });
        let (seconds, places) = self.history.timed();
        let steps = steps(row.class_of(self.dump), MOST_STEPS, admits);
        // Both charts have one time axis: what stands above each other happened at once.
        let ends = steps.first().into_iter().chain(steps.last());
        let mut moments = seconds.clone();
        moments.extend(ends.map(|step| step.time_seconds));
        if let Some(chart) = self.alive_chart(row, &steps, &moments) {
            push("alive", "Instances over time", chart);
        }
        if !places.is_empty() {
            push("bytes", "Bytes over time", self.bytes_chart(row, &moments));
        }
        charts
    }

    /// What the class held at each snapshot that has a time.
    fn held_at<'h>(
        &'h self,
        row: &'h ClassHistory<'d>,
    ) -> (
        Vec<f64>,
        impl Iterator<Item = (&'h SnapshotSummary<'d>, ClassUsage)>,
    ) {
        let (seconds, places) = self.history.timed();
        let held = places
            .into_iter()
            .map(|place| (&self.history.snapshots[place], row.held[place]));
        (seconds, held)
    }

    /// Instances alive; `None` if there never was one. `moments` are those of both charts.
    fn alive_chart(
        &self,
        row: &ClassHistory<'d>,
        steps: &[Step],
        moments: &[f64],
    ) -> Option<Chart> {
        let (first, last) = (steps.first()?, steps.last()?);
        let (seconds, held) = self.held_at(row);
        // The line goes on to the last snapshot, if that is later.
        let end = seconds
            .last()
            .copied()
            .unwrap_or(last.time_seconds)
            .max(last.time_seconds);
        let mut points = vec![(first.time_seconds, 0.0)];
        points.extend(
            steps
                .iter()
                .map(|step| (step.time_seconds, step.alive as f64)),
        );
        points.push((end, last.alive as f64));
        let values = points.iter().map(|point| point.1);
        let scale = Scale::of(moments.iter().copied(), values);
        let texts: Vec<String> = held
            .map(|(snapshot, held)| {
                format!(
                    "{}: {} alive",
                    named(snapshot),
                    counted(held.active as usize, "instance", "instances")
                )
            })
            .collect();
        Some(Chart {
            id: format!("class-{}-alive", row.id),
            title: "Instances alive over time".into(),
            description: format!(
                "A line that rises with births and falls with deaths, {}, to at most {}.",
                if steps.len() == MOST_STEPS {
                    format!("at {MOST_STEPS} moments the most until the next")
                } else {
                    counted(steps.len(), "step", "steps")
                },
                thousands(scale.most() as i128)
            ),
            readout: texts.last().cloned().unwrap_or_default(),
            x_ticks: chart::time_ticks(&scale, short_time),
            y_ticks: chart::value_ticks(&scale, 1000.0, |v| {
                if v.fract() == 0.0 {
                    thousands(v as i128)
                } else {
                    String::new()
                }
            }),
            height: scale.height(),
            labels: Vec::new(),
            beginnings: Vec::new(),
            areas: Vec::new(),
            lines: vec![chart::steps(&scale, "instances alive", "c1", &points)],
            marks: Vec::new(),
            script: Some(("active", scale.ends())),
        })
    }

    /// Bytes of the instances. `moments` are those of both charts.
    fn bytes_chart(&self, row: &ClassHistory<'d>, moments: &[f64]) -> Chart {
        let (seconds, held) = self.held_at(row);
        let held: Vec<_> = held.collect();
        let values: Vec<Option<f64>> = held
            .iter()
            .map(|(_, held)| Some(held.sum_bytes as f64))
            .collect();
        let scale = Scale::of(moments.iter().copied(), values.iter().flatten().copied());
        let texts: Vec<String> = held
            .iter()
            .map(|(snapshot, held)| {
                format!(
                    "{}: {}",
                    named(snapshot),
                    bytes(held.sum_bytes, ByteStyle::Units)
                )
            })
            .collect();
        let series = [Series {
            name: "bytes of all instances",
            color: "c1",
            values,
        }];
        Chart {
            id: format!("class-{}-bytes", row.id),
            title: "Bytes over time".into(),
            description: format!(
                "The size of all instances at {}, from 0 to {}. The values are in the table below.",
                counted(seconds.len(), "snapshot", "snapshots"),
                bytes(scale.most() as i128, ByteStyle::Units)
            ),
            readout: texts.last().cloned().unwrap_or_default(),
            x_ticks: chart::time_ticks(&scale, short_time),
            y_ticks: chart::value_ticks(&scale, 1024.0, |v| bytes(v as i128, ByteStyle::Units)),
            height: scale.height(),
            labels: Vec::new(),
            beginnings: Vec::new(),
            areas: chart::stacked(&scale, &seconds, &series),
            lines: series
                .iter()
                .map(|s| chart::line(&scale, &seconds, s))
                .collect(),
            marks: Vec::new(),
            script: Some(("sum", scale.ends())),
        }
    }
}

impl ClassView<'_> {
    /// The view for a script: hundreds of views as markup, with their charts, would be many
    /// times as large as what they say.
    pub(super) fn packed(&self) -> io::Result<String> {
        packed(self)
    }
}

fn admits(filter: &Filter, sizes: &Sizes, object: TrackedObject<'_>) -> bool {
    filter.admits_object(object, || sizes.largest_bytes(object.id()))
}

fn sentence(detail: &ClassDetail, row: &ClassHistory<'_>, history: &History<'_>) -> String {
    let mut text = format!(
        "{} tracked: {} alive at the end, {} died.",
        counted(detail.objects as usize, "instance", "instances"),
        thousands(detail.alive.into()),
        thousands(detail.died.into())
    );
    let at = |place: usize| {
        format!(
            "{}: {}, {}",
            named(&history.snapshots[place]),
            counted(row.held[place].active as usize, "instance", "instances"),
            bytes(row.held[place].sum_bytes, ByteStyle::Units)
        )
    };
    match (row.peak(), history.peak()) {
        (Some(own), of_all) => {
            text.push_str(&format!(" They were largest at {}.", at(own)));
            if let Some(of_all) = of_all.filter(|&of_all| of_all != own) {
                let text_of_all = " All classes together were largest at";
                text.push_str(&format!("{text_of_all} {}.", at(of_all)));
            }
        }
        (None, _) if history.snapshots.is_empty() => {}
        (None, _) => text.push_str(" They held nothing at any snapshot."),
    }
    text
}

fn figures(detail: &ClassDetail, lives: &LifetimeFigures) -> Vec<Figure> {
    let figure = |key, name, cell| Figure { key, name, cell };
    let mut figures = vec![
        figure("objects", "instances", Cell::count(detail.objects.into())),
        figure("alive", "alive", Cell::count(detail.alive.into())),
        figure("died", "died", Cell::count(detail.died.into())),
        figure(
            "churn_per_second",
            "churn",
            Cell::per_second(lives.churn_per_second),
        ),
        figure(
            "smallest_bytes",
            "smallest",
            Cell::bytes(detail.smallest_bytes.into()),
        ),
        figure(
            "average_bytes",
            "average",
            Cell::average(detail.average_bytes),
        ),
        figure(
            "largest_bytes",
            "largest",
            Cell::bytes(detail.largest_bytes.into()),
        ),
    ];
    let ages = [
        (
            "median_age_at_death_seconds",
            "median age at death",
            lives.median_age_at_death_seconds,
        ),
        (
            "p95_age_at_death_seconds",
            "95 % died by",
            lives.p95_age_at_death_seconds,
        ),
        (
            "median_survivor_age_seconds",
            "survivors’ median age",
            lives.median_survivor_age_seconds,
        ),
        (
            "oldest_survivor_age_seconds",
            "oldest survivor",
            lives.oldest_survivor_age_seconds,
        ),
    ];
    let ages = ages.into_iter().filter(|(_, _, age)| age.is_some());
    figures.extend(ages.map(|(key, name, age)| figure(key, name, Cell::seconds(age))));
    figures
}

fn instances_text(all: u64, embedded: usize, history: &History<'_>) -> String {
    let more = all.saturating_sub(embedded as u64);
    let which = match (more, all) {
        (0, 0) => return "No instances.".into(),
        (0, 1) => "The one instance.".into(),
        (0, _) => format!("All {} instances.", thousands(all.into())),
        _ => format!(
            "The {} of {} by size; {} not in this report. ctstats html --instances N embeds more \
             of them, ctstats print lists all.",
            counted(embedded, "largest", "largest"),
            counted(all as usize, "instance", "instances"),
            counted(more as usize, "more is", "more are")
        ),
    };
    match history.peak() {
        Some(peak) => format!(
            "{which} At peak: at {}, when all classes together were largest.",
            named(&history.snapshots[peak])
        ),
        None => which,
    }
}
