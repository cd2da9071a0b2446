//! Pympler's `Stats`, `ConsoleStats` and `HtmlStats` in Rust dress, for those who know them. A thin
//! layer: what it does is done by [`select`](crate::select), [`analysis`](crate::analysis)
//! and [`report`](crate::report).

use std::borrow::Cow;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::analysis::summary::{Summary, SummaryOptions};
use crate::error::Error;
use crate::model::{Dump, ObjectId, Rules, Sizes};
use crate::report::html::{self, HtmlOptions, Pages};
use crate::report::objects::{Detail, Objects};
use crate::report::{Report, Style};
use crate::select::{self, Limit, Selected, SortKey};

/// A dump and the order in which its objects are to be shown.
pub struct Stats {
    dump: Dump,
    sizes: Sizes,
    /// The objects; `None` until sorted.
    sorted: Option<Vec<ObjectId>>,
    /// The file; empty if there is none.
    path: PathBuf,
}

impl Stats {
    /// Reads what `Stats.dump_stats` of Pympler wrote; `-` is standard input. Fails as
    /// [`Dump::load`].
    pub fn load_stats(path: impl AsRef<Path>) -> Result<Stats, Error> {
        let path = path.as_ref();
        let stats = Stats::new(Dump::load(path)?);
        Ok(Stats {
            path: path.to_owned(),
            ..stats
        })
    }

    /// Statistics of a dump that was loaded.
    pub fn new(dump: Dump) -> Stats {
        let sizes = Sizes::of(&dump, Rules::Documented);
        Stats {
            dump,
            sizes,
            sorted: None,
            path: PathBuf::new(),
        }
    }

    /// The dump.
    pub fn dump(&self) -> &Dump {
        &self.dump
    }

    /// Sorts the objects by these keys in turn; no keys mean Pympler's default order. A
    /// second sort keeps the order of the first where its keys tie.
    pub fn sort_stats(&mut self, keys: &[SortKey]) -> &mut Self {
        let keys = match keys {
            [] => &SortKey::DEFAULT[..],
            keys => keys,
        };
        let (dump, all) = (&self.dump, usize::MAX);
        let mut objects = self.sorted.take().unwrap_or_else(|| dump.listed.clone());
        select::sort(dump, &self.sizes, keys, false, all, &mut objects);
        self.sorted = Some(objects);
        self
    }

    /// Turns the order round, ties included. Objects not sorted yet are sorted first.
    pub fn reverse_order(&mut self) -> &mut Self {
        if self.sorted.is_none() {
            self.sort_stats(&[]);
        }
        if let Some(sorted) = &mut self.sorted {
            sorted.reverse();
        }
        self
    }
}

/// Statistics as text for consoles.
pub struct ConsoleStats<'s> {
    stats: &'s mut Stats,
    style: Style,
}

impl<'s> ConsoleStats<'s> {
    /// Text of the default [`Style`]: 120 columns, no colour.
    pub fn new(stats: &'s mut Stats) -> Self {
        ConsoleStats::with_style(stats, Style::default())
    }

    /// Text of a style.
    pub fn with_style(stats: &'s mut Stats, style: Style) -> Self {
        ConsoleStats { stats, style }
    }

    /// Writes the tracked objects: those whose registered class name contains `class`, as
    /// many as `limit` allows, in the order of the last sort. Fails with [`Error::Write`] if `out`
    /// does.
    pub fn print_stats(
        &mut self,
        out: &mut impl Write,
        class: Option<&str>,
        limit: Option<Limit>,
    ) -> Result<(), Error> {
        if self.stats.sorted.is_none() {
            self.stats.sort_stats(&[]);
        }
        let Stats {
            dump,
            sizes,
            sorted,
            ..
        } = &self.stats;
        let mut objects = sorted.clone().unwrap_or_default();
        if let Some(class) = class {
            objects.retain(|&number| dump.object(number).class().name().contains(class));
        }
        let all = dump.object_count();
        objects.truncate(limit.map_or(usize::MAX, |limit| limit.count(all, Rules::Documented)));
        let selected = Selected {
            contents: dump,
            objects,
            sizes: Cow::Borrowed(sizes),
            all,
            all_bytes: select::all_bytes(dump, sizes),
            unmatched: Vec::new(),
        };
        let objects = Objects::of(&selected, Detail::default());
        objects.table(out, self.style).map_err(Error::Write)
    }

    /// Writes the classes of each snapshot. Fails with [`Error::Write`] if `out` does.
    pub fn print_summary(
        &mut self,
        out: &mut impl Write,
        class: Option<&str>,
    ) -> Result<(), Error> {
        let mut options = SummaryOptions::default();
        options.filter.classes.extend(class.map(String::from));
        let summary = Summary::of(&self.stats.dump, options)?;
        summary.table(out, self.style).map_err(Error::Write)
    }
}

/// Statistics as HTML pages with graphs.
pub struct HtmlStats<'s> {
    stats: &'s Stats,
}

impl<'s> HtmlStats<'s> {
    /// The title when none is given: Pympler's own.
    pub const TITLE: &'static str = "ClassTracker Statistics";

    /// Pages of these statistics.
    pub fn new(stats: &'s Stats) -> Self {
        HtmlStats { stats }
    }

    /// Writes the index page to `path`, and the page of each class, style and script into the
    /// folder `profile_files` beside a page `profile.html`. A report that was there is replaced
    /// whole or not at all.
    ///
    /// # Errors
    ///
    /// [`Error::Write`] if they cannot be written, or if there is a folder of that name which
    /// no report wrote.
    pub fn create_html(&self, path: impl AsRef<Path>, title: &str) -> Result<(), Error> {
        let options = HtmlOptions {
            dump: self.stats.path.clone(),
            title: title.into(),
            ..HtmlOptions::default()
        };
        let pages = Pages::open(path.as_ref(), false).map_err(Error::Write)?;
        html::write(pages, &self.stats.dump, &options)
    }
}
