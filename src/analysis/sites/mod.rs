//! Where objects were created: grouped by the innermost frames of their traces, or by
//! what else they have in common.
//!
//! Objects are counted by the id of their trace and class (`count`), and each distinct trace is
//! looked at once (`group`).

mod count;
mod group;

use std::borrow::Cow;

use serde::Serialize;

pub(crate) use count::Traces;

use super::own_code::OwnCode;
use super::summary::{SnapshotName, SnapshotSelector, percent};
use crate::error::Error;
use crate::model::{
    Class, Column, Contents, Frame, Integer, KeptSizes, ObjectId, Projection, Salvaged, Samples,
    Sizes, Snapshot, Text, TextId,
};
use crate::named::{named, parsed_by_name};
use crate::select::{Filter, Limit};
use crate::source::Source;
use count::{Measured, count, trace_of};
use group::{by_frames, by_text, figures_of, sort};

/// How many frames a site may have.
pub const MAX_DEPTH: usize = 100;

/// Texts of frames are told up to so many characters: in honest dumps none is longer, and in
/// others many frames may share one of megabytes.
const MAX_TEXT: usize = 1000;

named! {
    /// What the objects of a group have in common.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
    #[serde(rename_all = "snake_case")]
    pub enum GroupBy {
        /// The innermost frames: file, line and function.
        #[default]
        Frame = "frame",
        /// The innermost frames of own code; where there are none, the innermost frames.
        Own = "own",
        /// The innermost frames, whatever the line.
        Function = "function",
        /// The files of the innermost frames.
        File = "file",
        /// The registered class name.
        Class = "class",
        /// The object's own class name.
        Name = "name",
        /// The repr.
        Repr = "repr",
    }
}

impl GroupBy {
    /// Whether it asks for traces.
    pub fn is_of_frames(self) -> bool {
        !matches!(self, GroupBy::Class | GroupBy::Name | GroupBy::Repr)
    }

    /// Whether it tells lines apart.
    pub fn is_of_lines(self) -> bool {
        matches!(self, GroupBy::Frame | GroupBy::Own)
    }
}

named! {
    /// What to sort sites by.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum SiteSortKey {
        /// Bytes of all objects, descending.
        Size = "size",
        /// Bytes of those alive, descending.
        AliveBytes = "alive-bytes",
        /// How many objects, descending.
        Objects = "objects",
        /// How many are alive, descending.
        Alive = "alive",
        /// How many survived, descending.
        Survivors = "survivors",
        /// The site itself, ascending.
        Site = "site",
    }
}

parsed_by_name!(SiteSortKey);

/// What to group and how.
#[derive(Clone, Debug)]
pub struct SitesOptions {
    /// Which objects count.
    pub filter: Filter,
    /// What makes a group.
    pub by: GroupBy,
    /// How many frames make a site, counted from the innermost; 1 to [`MAX_DEPTH`].
    pub depth: usize,
    /// Which frames are of own code.
    pub own: OwnCode,
    /// Only objects that were alive at this snapshot.
    pub alive_at: Option<SnapshotSelector>,
    /// Only objects that were alive at this snapshot, with their sizes at it. Otherwise the
    /// size of an object is its largest.
    pub snapshot: Option<SnapshotSelector>,
    /// Sort keys; none means by size. What ties is sorted by the site.
    pub sort: Vec<SiteSortKey>,
    /// Turns the sorted sites round.
    pub reverse: bool,
    /// How many sites to keep; the others are folded into one.
    pub limit: Option<Limit>,
}

impl SitesOptions {
    /// What it looks at of objects, whose sizes are the largest, or those at a snapshot.
    fn projection(&self, snapshot: Option<Snapshot<'_>>) -> Projection {
        let projection = Projection::of([Column::Birth, Column::Death])
            .with_if(self.by.is_of_frames(), Column::Trace)
            .with_if(self.by == GroupBy::Name, Column::Name)
            .with_if(self.by == GroupBy::Repr, Column::Repr);
        let projection = match snapshot {
            None => projection.with_sizes(KeptSizes::default()),
            Some(snapshot) => projection.with_samples(Samples::At {
                seconds: snapshot.timestamp_seconds(),
                referents: false,
            }),
        };
        projection.and(self.filter.projection())
    }

    /// The sort keys that are meant.
    fn keys(&self) -> &[SiteSortKey] {
        match &self.sort[..] {
            [] => &[SiteSortKey::Size],
            keys => keys,
        }
    }
}

impl Default for SitesOptions {
    fn default() -> Self {
        SitesOptions {
            filter: Filter::default(),
            by: GroupBy::default(),
            depth: 1,
            own: OwnCode::default(),
            alive_at: None,
            snapshot: None,
            sort: Vec::new(),
            reverse: false,
            limit: None,
        }
    }
}

/// A frame of a site.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SiteFrame<'d> {
    /// The file as Python named it.
    pub file: Text<'d>,
    /// The line, from 1; `None` where lines are not told apart.
    pub line: Option<Integer<'d>>,
    /// The function; `None` where functions are not told apart.
    pub function: Option<Text<'d>>,
    /// The first source line without its indentation; `None` where there is no source, or
    /// lines are not told apart.
    pub source: Option<Text<'d>>,
}

/// Figures of some objects. Where sizes are those at a snapshot, an object that it measured but
/// that was not alive at it counts with its bytes alone, as in
/// [`Summary`](super::summary::Summary).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct SiteFigures {
    /// How many were created.
    pub objects: u64,
    /// Those alive at the end of the recording.
    pub alive: u64,
    /// Those alive at the end that were already active at the last snapshot but one.
    pub survivors: u64,
    /// The sizes of all of them, in bytes.
    pub size_bytes: i128,
    /// The sizes of those alive at the end, in bytes.
    pub alive_bytes: i128,
    /// Of the sizes of all selected objects, in percent; `None` if those are 0.
    pub share_percent: Option<f64>,
    /// How many classes they are of, by registered names.
    pub classes: u64,
}

/// A site with what was created there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SiteRow<'d> {
    /// The frames, outermost first; empty if the objects have no trace, or are grouped by
    /// something else.
    pub frames: Vec<SiteFrame<'d>>,
    /// The innermost frame of own code, which may be that of `frames`. Where there are several,
    /// that of most bytes; `None` if all frames are outside.
    pub own_frame: Option<SiteFrame<'d>>,
    /// How many there are.
    pub own_frames: u64,
    /// The class name or repr that the objects have in common; `None` if they are grouped
    /// by frames.
    pub name: Option<Text<'d>>,
    /// What was created there.
    #[serde(flatten)]
    pub figures: SiteFigures,
}

/// Sites that a limit folded into one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FoldedSites {
    /// How many sites.
    pub sites: usize,
    /// What was created there.
    #[serde(flatten)]
    pub figures: SiteFigures,
}

/// The sites of some objects.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sites<'d> {
    /// What is lost of the dump, if it was read only as far as it is whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salvaged: Option<&'d Salvaged>,
    /// What makes a group.
    pub by: GroupBy,
    /// How many frames make a site.
    pub depth: usize,
    /// The snapshot at which the objects were alive, if only such ones count.
    pub alive_at: Option<SnapshotName<'d>>,
    /// The snapshot whose sizes count; `None` if it is the largest sizes.
    pub snapshot: Option<SnapshotName<'d>>,
    /// How many objects have a trace, but no frame of own code; `None` if traces were not asked
    /// for.
    pub outside_objects: Option<u64>,
    /// What was named as own code, but names no file of any trace, as it was given.
    #[serde(skip)]
    pub unused_own: Vec<String>,
    /// What the sites are sorted by, the first key first.
    #[serde(skip)]
    pub sort: Vec<SiteSortKey>,
    /// The sites, sorted, and cut to the limit.
    pub sites: Vec<SiteRow<'d>>,
    /// The sites that the limit cut, if any.
    pub more: Option<FoldedSites>,
    /// All selected objects together.
    pub total: FoldedSites,
}

impl<'d> Sites<'d> {
    /// Groups the objects of a dump. Fails if the dump cannot be read, or has no such snapshot.
    pub fn of(source: &'d impl Source, options: &SitesOptions) -> Result<Self, Error> {
        let measured = Measured::read(source, options)?;
        let admitted = measured
            .dump
            .classes()
            .filter(|class| options.filter.admits_class(class.name()));
        Ok(Sites::among(&measured, admitted, options))
    }

    /// Groups the objects of one class by their largest sizes, whatever the filter says of classes.
    pub fn of_class(class: Class<'d>, sizes: &Sizes, options: &SitesOptions) -> Self {
        let measured = Measured {
            dump: class.dump,
            sizes: Some(Cow::Borrowed(sizes)),
            alive_at: None,
            snapshot: None,
        };
        Sites::among(&measured, std::iter::once(class), options)
    }

    fn among(
        measured: &Measured<'d, '_>,
        classes: impl Iterator<Item = Class<'d>>,
        options: &SitesOptions,
    ) -> Self {
        let dump = measured.dump;
        let columns = &dump.objects;
        let text = |class: Class<'_>, object: ObjectId| match options.by {
            GroupBy::Name => columns.name[object.index()],
            GroupBy::Repr => columns.repr[object.index()],
            _ => dump.classes[class.id().index()].name,
        };
        let (mut groups, outside_objects) = if options.by.is_of_frames() {
            let counted = count(measured, classes, options, trace_of(dump));
            by_frames(dump, &counted, options)
        } else {
            let counted = count(measured, classes, options, text);
            (by_text(dump, &counted), None)
        };
        let total = figures_of(dump, &groups);
        let all = groups.len();
        let keep = Limit::kept(options.limit, all);
        sort(&mut groups, keep, options);
        let share = |mut figures: SiteFigures| {
            let whole = total.size_bytes;
            figures.share_percent = (whole != 0).then(|| percent(figures.size_bytes, whole));
            figures
        };
        let more = (keep < all).then(|| FoldedSites {
            sites: all - keep,
            figures: share(figures_of(dump, &groups[keep..])),
        });
        groups.truncate(keep);
        let sites = groups.into_iter().map(|group| {
            let figures = share(group.figures(dump));
            group.row(options.by, figures)
        });
        Sites {
            salvaged: dump.notes.salvaged.as_ref(),
            by: options.by,
            depth: options.depth,
            alive_at: measured.alive_at.map(SnapshotName::of),
            snapshot: measured.snapshot.map(SnapshotName::of),
            outside_objects,
            unused_own: outside_objects.map_or(Vec::new(), |_| unused_own(dump, &options.own)),
            sort: options.keys().to_vec(),
            sites: sites.collect(),
            more,
            total: FoldedSites {
                sites: all,
                figures: share(total),
            },
        }
    }
}
/// Whether a frame is of Pympler's own tracker, which stands at the end of every trace.
pub(crate) fn is_tracker(frame: Frame<'_>) -> bool {
    let file = frame.file().as_bytes();
    file.ends_with(b"pympler/classtracker.py") || file.ends_with(b"pympler\\classtracker.py")
}

/// As much of a frame as tells groups apart.
pub(super) fn site_frame(frame: Frame<'_>, by: GroupBy) -> SiteFrame<'_> {
    SiteFrame {
        file: frame.file().head(MAX_TEXT),
        line: by.is_of_lines().then(|| frame.exact_line()),
        function: (by != GroupBy::File).then(|| frame.function().head(MAX_TEXT)),
        source: frame
            .source_lines()
            .next()
            .filter(|_| by.is_of_lines())
            .map(|line| line.trim().head(MAX_TEXT)),
    }
}

/// `file:line in function`, not yet made harmless.
pub(crate) fn frame_text(file: Text<'_>, line: Integer<'_>, function: Option<Text<'_>>) -> String {
    let function = function.map_or(String::new(), |f| format!(" in {}", f.head(200)));
    format!("{}:{line:.30}{function}", file.tail(1000))
}

/// What names no file of the traces, if there are any.
pub(crate) fn unused_own(dump: &Contents, own: &OwnCode) -> Vec<String> {
    if dump.traces.frames.is_empty() {
        return Vec::new();
    }
    let mut files: Vec<TextId> = dump.traces.frames.iter().map(|row| row.file).collect();
    files.sort_unstable();
    files.dedup();
    let unused = own.unused(files.into_iter().map(|id| dump.text.get(id)));
    unused.into_iter().map(String::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::summary::{SnapshotSummary, Summary, SummaryOptions};
    use crate::model::{Dump, Rules};

    fn shop() -> Dump {
        Dump::load(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/shop.dump")).unwrap()
    }

    fn sites(dump: &Dump, options: SitesOptions) -> Sites<'_> {
        Sites::of(dump, &options).unwrap()
    }

    /// However objects are grouped, each is in one group.
    #[test]
    fn groups_add_up() {
        let dump = shop();
        for (name, by) in GroupBy::NAMED {
            for depth in [1, 2, MAX_DEPTH] {
                let options = SitesOptions {
                    by,
                    depth,
                    ..SitesOptions::default()
                };
                let sites = sites(&dump, options);
                let sum = |of: fn(&SiteFigures) -> i128| -> i128 {
                    sites.sites.iter().map(|row| of(&row.figures)).sum()
                };
                let total = sites.total.figures;
                assert_eq!(total.objects, 44, "{name}");
                assert_eq!(sum(|f| f.objects.into()), total.objects.into(), "{name}");
                assert_eq!(sum(|f| f.size_bytes), total.size_bytes, "{name}");
                assert_eq!(sum(|f| f.alive_bytes), total.alive_bytes, "{name}");
                assert_eq!(total.classes, 3, "{name}");
                assert_eq!(total.share_percent, Some(100.0), "{name}");
            }
        }
    }

    /// The sites of each class are those of all of them, apart.
    #[test]
    fn classes_one_by_one_are_the_whole() {
        let dump = shop();
        let sizes = Sizes::of(&dump, Rules::Documented);
        let options = SitesOptions::default();
        let whole = Sites::of(&dump, &options).unwrap().total.figures;
        let parts = dump
            .classes()
            .map(|class| Sites::of_class(class, &sizes, &options).total.figures);
        assert_eq!(parts.map(|part| part.objects).sum::<u64>(), whole.objects);
    }

    #[test]
    fn a_limit_folds_and_keeps_the_sum() {
        let dump = shop();
        let whole = sites(&dump, SitesOptions::default());
        for reverse in [false, true] {
            let options = SitesOptions {
                limit: Some(Limit::Count(1)),
                reverse,
                ..SitesOptions::default()
            };
            let cut = sites(&dump, options);
            let end = if reverse {
                whole.sites.last()
            } else {
                whole.sites.first()
            };
            assert_eq!(cut.sites.first(), end);
            let more = cut.more.expect("there are more");
            assert_eq!(more.sites + 1, whole.sites.len());
            assert_eq!(
                more.figures.size_bytes + cut.sites[0].figures.size_bytes,
                whole.total.figures.size_bytes
            );
        }
    }

    /// What lived at a snapshot, and its bytes, are those of `summary`, also by other groups.
    #[test]
    fn snapshots_have_the_figures_of_summary() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/");
        let dumps = std::fs::read_dir(format!("{folder}dumps")).unwrap();
        let dumps = dumps.map(|entry| entry.unwrap().path());
        let more = ["leaky_shop.dump", "prices.dump", "django.dump.gz"];
        let mut compared = 0;
        for path in dumps.chain(more.map(|name| format!("{folder}{name}").into())) {
            let Ok(dump) = Dump::load(&path) else {
                continue;
            };
            if dump.snapshots().len() * dump.object_count() > 100_000 {
                continue;
            }
            let summary = Summary::of(&dump, SummaryOptions::default()).unwrap();
            let each = |snapshot: SnapshotSummary<'_>| -> Result<(), Error> {
                for by in [GroupBy::Class, GroupBy::Own] {
                    let options = SitesOptions {
                        snapshot: Some(SnapshotSelector::Index(snapshot.snapshot as i64)),
                        by,
                        ..SitesOptions::default()
                    };
                    let total = sites(&dump, options).total.figures;
                    let told = (total.objects, total.size_bytes);
                    let expected = (snapshot.total.active, snapshot.total.sum_bytes);
                    assert_eq!(told, expected, "{} {snapshot:?}", path.display());
                    compared += u64::from(expected.1 > 0);
                }
                Ok(())
            };
            summary.each(each).unwrap();
        }
        assert!(compared > 100, "{compared}");
    }

    #[test]
    fn those_alive_at_a_snapshot_keep_their_largest_sizes() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/prices.dump");
        let dump = Dump::load(path).unwrap();
        let figures = |alive_at: Option<SnapshotSelector>, snapshot: Option<SnapshotSelector>| {
            let options = SitesOptions {
                by: GroupBy::Class,
                alive_at,
                snapshot,
                ..SitesOptions::default()
            };
            let total = sites(&dump, options).total.figures;
            (total.objects, total.alive, total.size_bytes)
        };
        let [first, last] = [SnapshotSelector::First, SnapshotSelector::Last].map(Some);
        let whole = figures(None, None);
        let [at_first, at_last] = [first.clone(), last.clone()].map(|at| figures(at, None));
        // Eight of sixteen were there first, and four of them to the end.
        assert_eq!((at_first.0, at_first.1, whole.0), (8, 4, 16));
        assert_eq!((at_last.0, at_last.1), (11, 11));
        let measured = figures(None, first.clone());
        assert_eq!((measured.0, measured.1), (8, 4));
        assert!(measured.2 < at_first.2, "they grew later");
        let both = figures(first, last);
        assert_eq!((both.0, both.1), (4, 4));
        assert!(both.2 < measured.2, "the others died");
    }
}
