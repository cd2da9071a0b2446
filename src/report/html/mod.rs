//! The report as HTML pages with graphs: what Pympler's `HtmlStats.create_html` promises.
//!
//! An index page, and a page for each class; or all of them in one. Every text of the dump
//! goes through a template that escapes it, or through JSON that a script reads as text and
//! nothing else; the pages' policy allows no script, style or image but their own, and no
//! network. Figures are those of the analyses. What is left out is counted on the page.

mod answer;
mod attributes;
mod chart;
mod class;
#[cfg(test)]
mod colors;
mod flame;
#[cfg(feature = "fleet")]
mod fleet;
mod index;
mod instances;
mod names;
mod sites;
mod text;

#[cfg(feature = "fleet")]
pub use fleet::fleet;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use askama::Template;
use data_encoding::BASE64;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::analysis::coverage::Coverage;
use crate::analysis::history::{History, HistoryLimits};
use crate::analysis::info::Info;
use crate::analysis::leaks::{Idle, KnownLeak, Leaks, LeaksOptions};
use crate::analysis::sites::{Sites, SitesOptions};
use crate::analysis::stacks::{Stacks, Weight};
use crate::error::Error;
use crate::model::{Contents, Dump, Rules, Sizes};
use crate::output::{Output, PageWithFolder};
use crate::report::form::json;
use crate::report::salvaged;
use crate::select::{Filter, Limit};

use answer::Verdicts;
use flame::Flame;
use names::Names;

/// How the pages look.
const CSS: &str = include_str!("templates/report.css");

/// What they do beyond that: tables that sort, search and turn pages, trees that open. One script
/// of files that own a noun each; none of their names is seen outside.
const JS: &str = concat!(
    "\"use strict\";\n(() => {\n",
    include_str!("templates/js/figures.js"),
    include_str!("templates/js/address.js"),
    include_str!("templates/js/table.js"),
    include_str!("templates/js/tree.js"),
    include_str!("templates/js/span.js"),
    include_str!("templates/js/index.js"),
    include_str!("templates/js/attributes.js"),
    include_str!("templates/js/class.js"),
    include_str!("templates/js/copy.js"),
    include_str!("templates/js/chart.js"),
    include_str!("templates/js/flame.js"),
    include_str!("templates/js/packed.js"),
    include_str!("templates/js/views.js"),
    include_str!("templates/js/print.js"),
    "})();\n"
);

/// How many snapshots the pages show at most. No eye tells more apart in a chart.
const MOST_SNAPSHOTS: usize = 200;

/// How many classes have a page at most.
const MOST_CLASSES: usize = 500;

/// How many suspects are looked at closely.
const MOST_SUSPECTS: u64 = 10;

/// How many sites the index page shows.
const MOST_SITES: u64 = 50;

/// How many instances are embedded unless it is said for each class: so many shared among the
/// suspects and as many among all classes, within bounds.
const INSTANCES: usize = 1000;
const FEWEST_INSTANCES: usize = 5;
const MOST_INSTANCES: usize = 250;

/// Where style and script are, seen from a page of the folder.
const BESIDE: &str = "";

/// What the report is to show.
#[derive(Clone, Debug, Default)]
pub struct HtmlOptions {
    /// The heading.
    pub title: String,
    /// The file of the dump, which commands on the pages name; empty if nobody knows.
    pub dump: PathBuf,
    /// The words of the command that makes the report; none if it is made by other means.
    pub command: Vec<OsString>,
    /// Which classes, and which objects count.
    pub filter: Filter,
    /// How many instances of each class are embedded, the largest first. `None`: 1,000 are
    /// shared among the suspects, and 1,000 among all classes; at least 5 and at most 250 for
    /// each.
    pub instances: Option<usize>,
    /// As [`LeaksOptions::min_growth_bytes`].
    pub min_growth_bytes: u64,
    /// As [`LeaksOptions::known`].
    pub known: Vec<KnownLeak>,
    /// What the pages of classes are called, where each is a file.
    pub names: PageNames,
}

/// What the pages of classes are called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PageNames {
    /// After the number of the class and its name: `0000-shop.Cart.html`.
    #[default]
    Numbered,
    /// As Pympler calls them, after the name alone: `shop_Cart.html`. Of names that are the same
    /// then, each has its number as well.
    Pympler,
}

/// Where a report goes.
pub enum Pages {
    /// Everything in one page.
    Single(Output),
    /// An index page, and the others in a folder beside it.
    Folder(PageWithFolder),
}

impl Pages {
    /// Opens the page of this path, and unless everything is to be in one, the folder beside it.
    ///
    /// # Errors
    ///
    /// If they cannot be written. The error names the path.
    pub fn open(path: &Path, single_file: bool) -> io::Result<Pages> {
        Ok(if single_file {
            Pages::Single(Output::open(Some(path))?)
        } else {
            Pages::Folder(PageWithFolder::open(path)?)
        })
    }

    /// Appends to the index page.
    fn index(&mut self, html: &str) -> io::Result<()> {
        match self {
            Pages::Single(page) => page.write_all(html.as_bytes()),
            Pages::Folder(pages) => pages.page().write_all(html.as_bytes()),
        }
    }

    /// Puts everything into its place.
    fn finish(self) -> io::Result<()> {
        match self {
            Pages::Single(page) => page.finish(),
            Pages::Folder(pages) => pages.finish(),
        }
    }
}

/// Writes the report of a dump; it appears as a whole or not at all. Returns the known leaks that set
/// nothing aside.
///
/// # Errors
///
/// If it cannot be written.
pub fn write(pages: Pages, dump: &Dump, options: &HtmlOptions) -> Result<Vec<Idle>, Error> {
    let sizes = Sizes::of(dump, Rules::Documented);
    let limits = HistoryLimits {
        snapshots: MOST_SNAPSHOTS,
        classes: MOST_CLASSES,
        only_used: false,
    };
    let history = History::of(dump, &options.filter, limits)?;
    let coverage = Coverage::of(dump)?;
    let leaks = Leaks::of(
        dump,
        &LeaksOptions {
            filter: options.filter.clone(),
            limit: Some(Limit::Count(MOST_SUSPECTS)),
            min_growth_bytes: options.min_growth_bytes,
            known: options.known.clone(),
            ..LeaksOptions::default()
        },
    )?;
    let info = Info::with(dump, leaks.traps.clone())?;
    let of_sites = SitesOptions {
        filter: options.filter.clone(),
        limit: Some(Limit::Count(MOST_SITES)),
        ..SitesOptions::default()
    };
    let sites = Sites::of(dump, &of_sites)?;
    let answers = Answers {
        info: &info,
        sites: &sites,
        flame: Flame::of(&Stacks::of(dump, &of_sites, Weight::Bytes)?),
        history: &history,
        coverage: &coverage,
        leaks: &leaks,
    };
    lay_out(pages, dump, &sizes, &answers, options).map_err(Error::Write)?;
    Ok(leaks.idle)
}

/// What the pages show, each asked once.
struct Answers<'p> {
    info: &'p Info<'p>,
    sites: &'p Sites<'p>,
    flame: Flame,
    history: &'p History<'p>,
    coverage: &'p Coverage<'p>,
    leaks: &'p Leaks<'p>,
}

/// Writes the report of these answers.
fn lay_out(
    mut pages: Pages,
    dump: &Dump,
    sizes: &Sizes,
    answers: &Answers<'_>,
    options: &HtmlOptions,
) -> io::Result<()> {
    let history = answers.history;
    let names = match &mut pages {
        Pages::Single(_) => Names::in_one(history),
        Pages::Folder(pages) => {
            let (page, folder) = (pages.page_name(), pages.folder_name());
            let names = Names::of(history, page, folder, options.names);
            if options.names == PageNames::Pympler {
                pages.list(names.files())?;
            }
            names
        }
    };
    let page = Page {
        single_file: names.in_one_page(),
        notice: notice(dump),
    };
    pages.index(&page.head(&options.title, names.assets())?)?;
    let verdicts = Verdicts::of(answers.leaks, history, &names, &options.dump);
    pages.index(&index::view(dump, answers, options, &names, &verdicts)?)?;
    let mut classes = class::Classes::of(dump, history, sizes, options, &verdicts, &names);
    if names.in_one_page() {
        pages.index(&format!("<template>\n{}\n</template>\n", classes.blank()?))?;
    }
    let [of_suspect, of_other] = [verdicts.suspects().count(), history.classes.len()]
        .map(|classes| (INSTANCES / classes.max(1)).clamp(FEWEST_INSTANCES, MOST_INSTANCES));
    for (at, class) in history.classes.iter().enumerate() {
        let each = match verdicts.is_suspect(class) {
            true => of_suspect,
            false => of_other,
        };
        let view = classes.view(at, options.instances.unwrap_or(each));
        match &mut pages {
            // Inert until the script unpacks it: laying out hundreds of views takes seconds.
            Pages::Single(_) => pages.index(&format!(
                "<script type=\"text/plain\" class=\"packed\" data-view=\"class-{}\">{}</script>\n",
                view.number,
                view.packed()?
            ))?,
            Pages::Folder(pages) => {
                let title = format!("{} – {}", names.shown(at), options.title);
                let head = page.head(&title, BESIDE)?;
                let foot = page.foot(BESIDE)?;
                pages.file(names.file(at), &[&head, &classes.markup(&view)?, &foot])?;
            }
        }
    }
    if let Some(packed) = classes.attributes().packed()? {
        let script = "<script type=\"text/plain\" class=\"packed-attributes\">";
        pages.index(&format!("{script}{packed}</script>\n"))?;
    }
    if let Pages::Folder(pages) = &pages {
        pages.file("report.css", &[CSS])?;
        pages.file("report.js", &[JS])?;
    }
    pages.index(&page.foot(names.assets())?)?;
    pages.finish()
}

/// That figures are those of a dump which is not whole.
fn notice(dump: &Contents) -> Option<String> {
    let lost = dump.notes.salvaged.as_ref()?;
    let clauses = salvaged::clauses(lost).join("; ");
    Some(format!(
        "This dump was not whole and was salvaged: {clauses}."
    ))
}

/// What all pages have around their views.
struct Page {
    single_file: bool,
    /// What every reader has to know.
    notice: Option<String>,
}

/// Where style and script are.
enum Assets<'p> {
    Inline,
    /// In the folder of this reference.
    Beside(&'p str),
}

#[derive(Template)]
#[template(path = "head.html")]
struct Head<'p> {
    policy: &'p str,
    generator: &'static str,
    title: &'p str,
    assets: Assets<'p>,
    notice: Option<&'p str>,
}

#[derive(Template)]
#[template(path = "foot.html")]
struct Foot<'p> {
    generator: &'static str,
    assets: Assets<'p>,
}

const GENERATOR: &str = concat!("ctstats ", env!("CARGO_PKG_VERSION"));

impl Page {
    fn assets<'p>(&self, folder: &'p str) -> Assets<'p> {
        if self.single_file {
            Assets::Inline
        } else {
            Assets::Beside(folder)
        }
    }

    fn head(&self, title: &str, folder: &str) -> io::Result<String> {
        rendered(&Head {
            policy: &policy(self.single_file),
            generator: GENERATOR,
            title,
            assets: self.assets(folder),
            notice: self.notice.as_deref(),
        })
    }

    fn foot(&self, folder: &str) -> io::Result<String> {
        rendered(&Foot {
            generator: GENERATOR,
            assets: self.assets(folder),
        })
    }
}

/// What the browser may do: nothing, but for this one style and this one script. Inline they
/// are told by their hash; of files opened from disk browsers know no origin, only the scheme.
fn policy(single_file: bool) -> String {
    let source = |asset: &str| {
        if single_file {
            format!("'sha256-{}'", BASE64.encode(&Sha256::digest(asset)))
        } else {
            "'self' file:".into()
        }
    };
    format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        source(CSS),
        source(JS)
    )
}

/// Data for the script, as JSON that is packed: many figures repeat.
fn packed(data: &impl Serialize) -> io::Result<String> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    packed.write_all(json::embedded(data).as_bytes())?;
    Ok(BASE64.encode(&packed.finish()?))
}

/// A template filled in.
fn rendered(template: &impl Template) -> io::Result<String> {
    template.render().map_err(io::Error::other)
}
