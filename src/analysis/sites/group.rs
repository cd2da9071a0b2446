//! What was counted, put together by frames or by a text, and sorted. Traces share their texts, and
//! hostile ones share long texts, so texts are compared once and stand for a rank from then on.

use std::collections::HashMap;
use std::hash::Hash;

use foldhash::fast::RandomState;

use super::count::{Counted, Tally};
use super::{
    GroupBy, MAX_DEPTH, SiteFigures, SiteRow, SiteSortKey, SitesOptions, is_tracker, site_frame,
};
use crate::model::{ClassId, Contents, Frame, Text, TextId, Trace, TraceId};

/// What a group has in common; ordered as its text is.
pub(super) enum Site<'d> {
    Named {
        rank: u32,
        name: Text<'d>,
    },
    Frames {
        /// What tells it from others, outermost frame first.
        key: Box<[FrameKey]>,
        /// A frame for each of them.
        frames: Box<[Frame<'d>]>,
    },
}

/// What tells frames apart: the rank of the file, the line, the rank of the function. What
/// is not asked for is 0.
pub(super) type FrameKey = (u32, i64, u32);

pub(super) struct Group<'d> {
    site: Site<'d>,
    tally: Tally,
    /// Numbers of the classes, each once.
    classes: Vec<ClassId>,
    /// Frames of own code with what each created; any may come again.
    own: Vec<(FrameKey, Frame<'d>, Tally)>,
}

impl<'d> Group<'d> {
    pub(super) fn figures(&self, dump: &Contents) -> SiteFigures {
        figures(dump, self.tally, self.classes.clone())
    }

    pub(super) fn row(mut self, by: GroupBy, figures: SiteFigures) -> SiteRow<'d> {
        self.own.sort_by_key(|&(key, ..)| key);
        self.own.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.2.add(next.2);
            }
            same
        });
        // Among equals the first.
        let most = self
            .own
            .iter()
            .rev()
            .max_by_key(|(_, _, tally)| (tally.size_bytes, tally.objects));
        let (frames, name) = match self.site {
            Site::Named { name, .. } => (Vec::new(), Some(name)),
            Site::Frames { frames, .. } => {
                let frames = frames.iter().map(|&frame| site_frame(frame, by));
                (frames.collect(), None)
            }
        };
        SiteRow {
            frames,
            own_frame: most.map(|&(_, frame, _)| site_frame(frame, by)),
            own_frames: self.own.len() as u64,
            name,
            figures,
        }
    }
}
pub(super) fn figures_of(dump: &Contents, groups: &[Group<'_>]) -> SiteFigures {
    let mut tally = Tally::default();
    let mut classes = Vec::new();
    for group in groups {
        tally.add(group.tally);
        classes.extend_from_slice(&group.classes);
    }
    figures(dump, tally, classes)
}

/// Classes of one name count once, though a dump may list it twice.
pub(super) fn figures(dump: &Contents, tally: Tally, mut classes: Vec<ClassId>) -> SiteFigures {
    classes.sort_unstable();
    classes.dedup();
    if classes.len() > 1 {
        classes.sort_unstable_by_key(|&id| dump.class_name(id));
        classes.dedup_by_key(|id| dump.class_name(*id));
    }
    SiteFigures {
        objects: tally.objects,
        alive: tally.alive,
        survivors: tally.survivors,
        size_bytes: tally.size_bytes,
        alive_bytes: tally.alive_bytes,
        share_percent: None,
        classes: classes.len() as u64,
    }
}

/// Texts by their place in the order of all of them: each is read a few times, however
/// often it is compared.
pub(crate) struct Ranks(HashMap<TextId, u32, RandomState>);

impl Ranks {
    pub(crate) fn of(dump: &Contents, ids: impl Iterator<Item = TextId>) -> Ranks {
        let mut ids: Vec<TextId> = ids.collect();
        ids.sort_unstable();
        ids.dedup();
        ids.sort_by_key(|&id| dump.text.get(id));
        let mut ranks = HashMap::with_capacity_and_hasher(ids.len(), RandomState::default());
        let mut rank = 0;
        for (index, &id) in ids.iter().enumerate() {
            if index > 0 && dump.text.bytes(ids[index - 1]) != dump.text.bytes(id) {
                rank += 1;
            }
            ranks.insert(id, rank);
        }
        Ranks(ranks)
    }

    pub(crate) fn rank(&self, id: TextId) -> u32 {
        self.0.get(&id).copied().unwrap_or_default()
    }
}

pub(super) fn by_text<'d>(dump: &'d Contents, counted: &Counted<TextId>) -> Vec<Group<'d>> {
    let ranks = Ranks::of(dump, counted.keys().map(|&(id, _)| id));
    gather(
        counted,
        |id| ranks.rank(id),
        |rank, id| Site::Named {
            rank,
            name: dump.text.get(id),
        },
        |_| None,
    )
}

/// Where the objects of a trace were created.
pub(super) struct TraceSite<'d> {
    /// The frames that make the site, outermost first.
    frames: Box<[Frame<'d>]>,
    own: Option<Frame<'d>>,
}

/// The groups, and how many objects have frames of which none is own.
pub(super) fn by_frames<'d>(
    dump: &'d Contents,
    counted: &Counted<TraceId>,
    options: &SitesOptions,
) -> (Vec<Group<'d>>, Option<u64>) {
    let by = options.by;
    let sites = trace_sites(dump, counted, options);
    let all = sites
        .values()
        .flat_map(|site| site.frames.iter().copied().chain(site.own));
    let ranks = Ranks::of(
        dump,
        all.flat_map(|frame| [frame.row().file, frame.row().function]),
    );
    let frame_key = |frame: Frame<'_>| -> FrameKey {
        let row = frame.row();
        let (file, function) = (ranks.rank(row.file), ranks.rank(row.function));
        match by {
            GroupBy::File => (file, 0, 0),
            GroupBy::Function => (file, 0, function),
            _ => (file, row.line, function),
        }
    };
    let frames = |id| sites.get(&id).map(|site| &*site.frames).unwrap_or_default();
    let groups = gather(
        counted,
        |id| -> Box<[FrameKey]> { frames(id).iter().map(|&frame| frame_key(frame)).collect() },
        |key, id| Site::Frames {
            key,
            frames: frames(id).into(),
        },
        |id| {
            let own = sites.get(&id)?.own?;
            Some((frame_key(own), own))
        },
    );
    let is_outside = |id| {
        let site: Option<&TraceSite<'_>> = sites.get(id);
        site.is_some_and(|site| site.own.is_none() && !site.frames.is_empty())
    };
    let outside = counted.iter().filter(|((id, _), _)| is_outside(id));
    let outside = outside.map(|(_, tally)| tally.objects).sum();
    (groups, Some(outside))
}

/// Where the objects of each trace were created. Each trace is looked at once.
pub(super) fn trace_sites<'d>(
    dump: &'d Contents,
    counted: &Counted<TraceId>,
    options: &SitesOptions,
) -> HashMap<TraceId, TraceSite<'d>, RandomState> {
    let mut traces: Vec<_> = counted.keys().map(|&(id, _)| id).collect();
    traces.retain(|&id| id != TraceId::NONE);
    traces.sort_unstable();
    traces.dedup();
    let mut finder = options.own.finder();
    let depth = options.depth.clamp(1, MAX_DEPTH);
    let site = |id| {
        let trace = Trace { dump, id };
        let own = finder.frame(trace);
        let start = own.filter(|_| options.by == GroupBy::Own);
        let mut frames: Vec<_> = trace
            .frames()
            .rev()
            .skip_while(|frame| start.is_some_and(|start| start.number() != frame.number()))
            .filter(|&frame| !is_tracker(frame))
            .take(depth)
            .collect();
        frames.reverse();
        let frames = frames.into();
        (id, TraceSite { frames, own })
    };
    traces.into_iter().map(site).collect()
}
/// Puts together what has the same key, in an order that is the same every time.
pub(super) fn gather<'d, I: Copy + Ord, K: Clone + Eq + Hash>(
    counted: &Counted<I>,
    key: impl Fn(I) -> K,
    site: impl Fn(K, I) -> Site<'d>,
    own: impl Fn(I) -> Option<(FrameKey, Frame<'d>)>,
) -> Vec<Group<'d>> {
    let mut sorted: Vec<_> = counted.iter().collect();
    sorted.sort_unstable_by_key(|((id, class), _)| (*id, *class));
    let mut groups: Vec<Group<'d>> = Vec::new();
    let mut places: HashMap<K, usize, RandomState> = HashMap::default();
    let mut last: Option<(I, usize)> = None;
    for (&(id, class), tally) in sorted {
        let place = match last {
            Some((of, place)) if of == id => place,
            _ => {
                let key = key(id);
                *places.entry(key.clone()).or_insert_with(|| {
                    groups.push(Group {
                        site: site(key, id),
                        tally: Tally::default(),
                        classes: Vec::new(),
                        own: Vec::new(),
                    });
                    groups.len() - 1
                })
            }
        };
        last = Some((id, place));
        let group = &mut groups[place];
        group.tally.add(*tally);
        group.classes.push(class);
        let own = own(id).map(|(key, frame)| (key, frame, *tally));
        group.own.extend(own);
    }
    groups
}

/// Sorts the first `keep`; the others follow in any order.
pub(super) fn sort(groups: &mut [Group<'_>], keep: usize, options: &SitesOptions) {
    let by_site = |a: &Group<'_>, b: &Group<'_>| match (&a.site, &b.site) {
        (Site::Named { rank: a, .. }, Site::Named { rank: b, .. }) => a.cmp(b),
        (Site::Frames { key: a, .. }, Site::Frames { key: b, .. }) => a.cmp(b),
        // There is one kind at a time.
        _ => std::cmp::Ordering::Equal,
    };
    let keys = options.keys();
    let compare = |a: &Group<'_>, b: &Group<'_>| {
        let (x, y) = (&a.tally, &b.tally);
        let by = |key: &SiteSortKey| match key {
            SiteSortKey::Size => y.size_bytes.cmp(&x.size_bytes),
            SiteSortKey::AliveBytes => y.alive_bytes.cmp(&x.alive_bytes),
            SiteSortKey::Objects => y.objects.cmp(&x.objects),
            SiteSortKey::Alive => y.alive.cmp(&x.alive),
            SiteSortKey::Survivors => y.survivors.cmp(&x.survivors),
            SiteSortKey::Site => by_site(a, b),
        };
        let ordering = keys.iter().map(by).find(|ordering| ordering.is_ne());
        let ordering = ordering.unwrap_or_else(|| by_site(a, b));
        if options.reverse {
            ordering.reverse()
        } else {
            ordering
        }
    };
    // What is not shown is not sorted.
    if keep > 0 && keep < groups.len() {
        groups.select_nth_unstable_by(keep, compare);
    }
    groups[..keep].sort_unstable_by(compare);
}
