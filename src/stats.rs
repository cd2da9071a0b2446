//! Pympler's `Stats`, `ConsoleStats` and `HtmlStats` in Rust dress, for those who know them. A thin
//! layer: what it does is done by [`select`](crate::select), [`analysis`](crate::analysis)
//! and [`report`](crate::report).

use std::borrow::Cow;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::analysis::summary::{Summary, SummaryOptions};
use crate::error::Error;
use crate::model::{Dump, ObjectId, Rules, Sizes};
use crate::report::html::{self, HtmlOptions, Pages};
use crate::report::objects::{Detail, Objects};
use crate::report::{Report, Style};
use crate::select::{self, Limit, Selected, SortKey};

/// A dump and the order in which its objects are to be shown. Clones share the dump, and have an
/// order of their own.
#[derive(Clone)]
pub struct Stats {
    dump: Arc<Dump>,
    sizes: Arc<Sizes>,
    /// The objects; `None` until sorted.
    sorted: Option<Arc<Vec<ObjectId>>>,
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
    pub fn new(dump: impl Into<Arc<Dump>>) -> Stats {
        Stats::with_rules(dump, Rules::Documented)
    }

    /// Statistics with the sizes that these rules give.
    pub fn with_rules(dump: impl Into<Arc<Dump>>, rules: Rules) -> Stats {
        let dump = dump.into();
        let sizes = Sizes::of(&dump, rules);
        Stats {
            dump,
            sizes: Arc::new(sizes),
            sorted: None,
            path: PathBuf::new(),
        }
    }

    /// The dump.
    pub fn dump(&self) -> &Dump {
        &self.dump
    }

    /// The dump, to hold on to.
    pub fn shared_dump(&self) -> Arc<Dump> {
        self.dump.clone()
    }

    /// The objects' sizes.
    pub fn sizes(&self) -> &Sizes {
        &self.sizes
    }

    /// The same dump with the sizes that these rules give, and its objects in the same order.
    pub fn use_rules(&mut self, rules: Rules) {
        self.sizes = Arc::new(Sizes::of(&self.dump, rules));
    }

    /// The objects in the order of the last sort; `None` until sorted.
    pub fn sorted(&self) -> Option<&[ObjectId]> {
        self.sorted.as_ref().map(|sorted| &sorted[..])
    }

    /// Puts the objects into an order of the caller's; `None` means that they are not sorted.
    ///
    /// # Panics
    ///
    /// If the dump has no object of one of these ids.
    pub fn set_sorted(&mut self, objects: Option<Vec<ObjectId>>) {
        for &id in objects.iter().flatten() {
            self.dump.object(id);
        }
        self.sorted = objects.map(Arc::new);
    }

    /// Of the objects in their order those whose registered class name contains `class`, as many
    /// as `limit` allows. Objects not sorted yet come in the order of the dump.
    pub fn selected(&self, class: Option<&str>, limit: Option<Limit>) -> Selected<'_> {
        let Stats { dump, sizes, .. } = self;
        let all = dump.object_count();
        let limit = limit.map_or(usize::MAX, |limit| limit.count(all, Rules::Documented));
        let sorted = self.sorted().unwrap_or(&dump.listed).iter().copied();
        let has = |id| class.is_none_or(|class| dump.object(id).class().name().contains(class));
        Selected {
            contents: dump,
            objects: sorted.filter(|&id| has(id)).take(limit).collect(),
            sizes: Cow::Borrowed(sizes),
            all,
            all_bytes: select::all_bytes(dump, sizes),
            unmatched: Vec::new(),
        }
    }

    /// Sorts the objects by these keys in turn; no keys mean Pympler's default order. A
    /// second sort keeps the order of the first where its keys tie.
    pub fn sort_stats(&mut self, keys: &[SortKey]) -> &mut Self {
        let keys = match keys {
            [] => &SortKey::DEFAULT[..],
            keys => keys,
        };
        let (dump, all) = (&self.dump, usize::MAX);
        let sorted = self.sorted.take();
        let mut objects = sorted.map_or_else(|| dump.listed.clone(), Arc::unwrap_or_clone);
        select::sort(dump, &self.sizes, keys, false, all, &mut objects);
        self.sorted = Some(Arc::new(objects));
        self
    }

    /// Turns the order round, ties included. Objects not sorted yet are sorted first.
    pub fn reverse_order(&mut self) -> &mut Self {
        if self.sorted.is_none() {
            self.sort_stats(&[]);
        }
        if let Some(sorted) = &mut self.sorted {
            Arc::make_mut(sorted).reverse();
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
        let selected = self.stats.selected(class, limit);
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
        let summary = Summary::of(&*self.stats.dump, options)?;
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
        html::write(pages, &self.stats.dump, &options).map(drop)
    }
}
