//! Where objects were created, in every form.

use std::io::{self, Write};

use super::form::json::{self, JsonLayout};
use super::form::table::Style;
use super::form::{Report, Rows};
use super::leaks::snapshot;
use super::report_table::{
    LEAST_NAME, LEAST_SITE, NOT_IN_TABLES, Note, Of, ReportTable, Row, TableColumn, Value,
    sorted_by,
};
use crate::analysis::sites::{GroupBy, SiteFigures, SiteFrame, SiteRow, SiteSortKey, Sites};
use crate::units::{ByteStyle, counted, thousands};

/// Names the shape of the document. Another number means another shape.
pub const SCHEMA: &str = "ctstats.sites/1";

const FIGURES: [TableColumn; 7] = [
    TableColumn::new("objects", "", "objects", 0),
    TableColumn::new("alive", "", "alive", 0),
    TableColumn::new("survivors", "", "survivors", 2),
    TableColumn::new("size_bytes", "", "bytes", 0),
    TableColumn::new("alive_bytes", "", "alive bytes", 3),
    TableColumn::new("share_percent", "", "share", 1),
    TableColumn::new("classes", "", "classes", 4),
];

/// The source line of the innermost frame.
const SOURCE: TableColumn = TableColumn::new("source", "", "source", NOT_IN_TABLES);
const OWN_FRAME: TableColumn = TableColumn::new("own_frame", "", "own code", NOT_IN_TABLES);

impl Report for Sites<'_> {
    fn table(&self, out: &mut impl Write, style: Style) -> io::Result<()> {
        report_table(self, &columns(self, true)).table(out, style)
    }

    fn rows(&self, to: &mut impl Rows) -> io::Result<()> {
        report_table(self, &columns(self, true)).rows(to)
    }

    fn markdown(&self, out: &mut impl Write, style: ByteStyle) -> io::Result<()> {
        let differs = |site: &SiteRow<'_>| site.own_frame.as_ref() != site.frames.last();
        let with_own = self.sites.iter().any(differs);
        report_table(self, &columns(self, with_own)).markdown(out, style)
    }

    fn json(&self, out: &mut impl Write, layout: JsonLayout) -> io::Result<()> {
        if layout == JsonLayout::Lines {
            return json::lines(out, &self.sites);
        }
        json::document(out, SCHEMA)?
            .salvaged("salvaged", self.salvaged)?
            .field("by", &self.by)?
            .field("depth", &self.depth)?
            .field("alive_at", &self.alive_at)?
            .field("snapshot", &self.snapshot)?
            .list("sites", &self.sites)?
            .field("more", &self.more)?
            .field("outside_objects", &self.outside_objects)?
            .field("total", &self.total)?
            .end()
    }
}

/// Where own frames are all those of the sites, a Markdown table, which has no other place for
/// them, does without.
fn columns(sites: &Sites<'_>, with_own: bool) -> Vec<TableColumn> {
    let name = match sites.by {
        GroupBy::Frame | GroupBy::Own => TableColumn::new("site", "", "created in", 0),
        GroupBy::Function => TableColumn::new("function", "", "created in", 0),
        GroupBy::File => TableColumn::new("file", "", "created in", 0),
        GroupBy::Class => TableColumn::new("class", "", "class", 0),
        GroupBy::Name => TableColumn::new("name", "", "name", 0),
        GroupBy::Repr => TableColumn::new("repr", "", "repr", 0),
    };
    let mut columns = vec![name];
    columns.extend(FIGURES);
    if sites.by.is_of_lines() {
        columns.push(SOURCE);
    }
    if sites.by.is_of_frames() && with_own {
        columns.push(OWN_FRAME);
    }
    let keys = sites.sort.iter().map(|key| match key {
        SiteSortKey::Size => "size_bytes",
        SiteSortKey::AliveBytes => "alive_bytes",
        SiteSortKey::Objects => "objects",
        SiteSortKey::Alive => "alive",
        SiteSortKey::Survivors => "survivors",
        SiteSortKey::Site => name.name,
    });
    sorted_by(&mut columns, keys);
    columns
}

fn report_table<'s>(
    sites: &'s Sites<'_>,
    columns: &'s [TableColumn],
) -> ReportTable<'s, impl Iterator<Item = Row<'s>> + Clone> {
    let one = move |site: &'s SiteRow<'_>| {
        let name = match site.name {
            Some(repr) if sites.by == GroupBy::Repr => Value::Text(repr),
            Some(name) => Value::Name(name),
            None => Value::Site(&site.frames, own_beside(site)),
        };
        row(Of::One, name, &site.figures, columns, Some(site))
    };
    let folded = move |of, name, figures| row(of, Value::Label(name), figures, columns, None);
    let more = sites.more.iter().map(move |more| {
        let name = format!("{} more", thousands(more.sites as i128));
        folded(Of::More, name, &more.figures)
    });
    let total = std::iter::once(&sites.total)
        .map(move |total| folded(Of::Total, "total".into(), &total.figures));
    let mut notes = vec![Note::new("", sizes(sites))];
    if sites.total.figures.survivors > 0 {
        notes.push(Note::new(
            "survivors",
            "survivors: alive at the end, and active at the last snapshot but one already",
        ));
    }
    notes.extend(outside(sites).map(|text| Note::new("", text)));
    ReportTable {
        columns,
        rows: sites.sites.iter().map(one).chain(more).chain(total),
        least_name: match sites.by.is_of_frames() {
            true => LEAST_SITE,
            false => LEAST_NAME,
        },
        indent: 0,
        notes,
    }
}

/// The own frame, if it is none of those that are shown anyway.
fn own_beside<'s>(site: &'s SiteRow<'_>) -> Option<(&'s SiteFrame<'s>, u64)> {
    let own = site.own_frame.as_ref()?;
    let is_shown = site.own_frames == 1 && site.frames.contains(own);
    (!is_shown).then_some((own, site.own_frames - 1))
}

/// Says which objects count, and which size of each.
fn sizes(sites: &Sites<'_>) -> String {
    let alive_at = sites.alive_at.as_ref().map(snapshot);
    let at = sites.snapshot.as_ref().map(snapshot);
    match (alive_at, at) {
        (None, None) => "bytes: the largest size of each object; share: of all of them".into(),
        (Some(alive_at), None) => format!(
            "objects: those that were alive at {alive_at}; bytes: the largest size of each; \
             share: of all of them"
        ),
        (None, Some(at)) => format!(
            "objects: those that were alive at {at}; bytes: the size of each at it; \
             share: of all of them"
        ),
        (Some(alive_at), Some(at)) => format!(
            "objects: those that were alive at {alive_at} and at {at}; bytes: the size of each \
             at the latter; share: of all of them"
        ),
    }
}

/// Says that some objects have no own frame.
fn outside(sites: &Sites<'_>) -> Option<String> {
    let objects = sites.outside_objects.filter(|&objects| objects > 0)?;
    let place = match sites.by {
        GroupBy::Own => ": here they are at their innermost frame",
        _ => "",
    };
    Some(format!(
        "no frame of {} is of your own code{place}; --own PREFIX names what is",
        counted(objects as usize, "object", "objects")
    ))
}

fn row<'s>(
    of: Of,
    name: Value<'s>,
    figures: &SiteFigures,
    columns: &[TableColumn],
    site: Option<&'s SiteRow<'_>>,
) -> Row<'s> {
    let mut values = vec![
        name,
        Value::Count(figures.objects),
        Value::Count(figures.alive),
        Value::Count(figures.survivors),
        Value::Bytes(figures.size_bytes),
        Value::Bytes(figures.alive_bytes),
        Value::of(figures.share_percent, Value::Percent),
        Value::Count(figures.classes),
    ];
    let source = || site?.frames.last()?.source;
    let own_frame = || site?.own_frame.as_ref();
    values.extend(
        columns[values.len()..]
            .iter()
            .map(|column| match column.name {
                "source" => source().map_or(Value::Nothing, Value::Text),
                _ => own_frame().map_or(Value::Nothing, |frame| {
                    Value::Site(std::slice::from_ref(frame), None)
                }),
            }),
    );
    Row { of, values }
}
