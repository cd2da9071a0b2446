//! Tables of the sites where objects were created.

use askama::Template;
use serde::Serialize;

use super::text::{Cell, shown};
use crate::analysis::sites::{SiteRow, Sites};
use crate::units::{ByteStyle, bytes, counted};

/// A row of such a table.
#[derive(Serialize)]
struct SiteCells {
    place: String,
    source: String,
    cells: Vec<Cell>,
}

/// The table, or what would record it; and what stands below.
#[derive(Template, Serialize)]
#[template(path = "sites.html")]
pub(super) struct SitesTable {
    sites: Vec<SiteCells>,
    text: String,
    /// Whether it is what a script fills in.
    #[serde(skip)]
    is_blank: bool,
}

/// What a script fills in with other sites.
pub(super) fn blank() -> SitesTable {
    SitesTable {
        sites: Vec::new(),
        text: String::new(),
        is_blank: true,
    }
}

/// These sites as a table.
pub(super) fn table(sites: &Sites<'_>) -> SitesTable {
    let has_traces = sites.sites.iter().any(|site| !site.frames.is_empty());
    SitesTable {
        sites: match has_traces {
            true => sites.sites.iter().map(cells).collect(),
            false => Vec::new(),
        },
        text: text(sites),
        is_blank: false,
    }
}

/// What stands below the table.
fn text(sites: &Sites<'_>) -> String {
    let survivors = "Survivors: alive at the end, and already at the last snapshot but one.";
    match &sites.more {
        None => survivors.into(),
        Some(more) => format!(
            "{} created {}, of {} together. {survivors}",
            counted(more.sites, "more site", "more sites"),
            counted(more.figures.objects as usize, "instance", "instances"),
            bytes(more.figures.size_bytes, ByteStyle::Units)
        ),
    }
}

fn cells(site: &SiteRow<'_>) -> SiteCells {
    let frame = site.frames.last();
    let figures = &site.figures;
    SiteCells {
        place: frame.map_or("no trace".into(), |frame| {
            let line = frame
                .line
                .map_or(String::new(), |line| format!(":{line:.30}"));
            let function = frame
                .function
                .map_or(String::new(), |f| format!(" in {}", shown(f)));
            format!("{}{line}{function}", shown(frame.file))
        }),
        source: frame
            .and_then(|frame| frame.source)
            .map_or(String::new(), shown),
        cells: vec![
            Cell::count(figures.objects.into()),
            Cell::count(figures.alive.into()),
            Cell::count(figures.survivors.into()),
            Cell::bytes(figures.size_bytes),
            Cell::bytes(figures.alive_bytes),
            figures
                .share_percent
                .map_or_else(|| Cell::none("of nothing"), Cell::percent),
        ],
    }
}
