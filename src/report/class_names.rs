//! Names of classes in a column that may be too narrow for them.
//!
//! Of dotted names the end tells most, so the beginning is cut, at a dot. Names of one table
//! that would read alike then are cut otherwise, so that each is told from the others.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;

use foldhash::fast::RandomState;

use super::fit::{ending, fit_left, width_of};
use crate::model::Text;

/// Columns of a name that are looked at to tell it from others, however long it is.
const MOST_LOOKED_AT: usize = 250;

/// How the names of a table are cut to a width.
#[derive(Debug, Default)]
pub(super) struct ClassNames<'d> {
    width: usize,
    /// Those that would read like another one.
    told_apart: HashMap<Text<'d>, String, RandomState>,
}

impl<'d> ClassNames<'d> {
    /// Looks at all names of a table, in any order. Names that fit are not kept.
    pub(super) fn of(names: impl IntoIterator<Item = Text<'d>>, width: usize) -> Self {
        let state = RandomState::default();
        // Names may be many and long: of what would be shown only a figure is kept.
        let mut cut: Vec<(u64, Text<'d>)> = Vec::new();
        for name in names {
            let shown = ending(name, width);
            if width_of(&shown) > width {
                cut.push((state.hash_one(&*at_dot(&shown, width)), name));
            }
        }
        cut.sort_unstable();
        cut.dedup();
        let is_taken = |text: &str| {
            let hash = state.hash_one(text);
            cut.binary_search_by_key(&hash, |&(hash, _)| hash).is_ok()
        };
        let mut told_apart = HashMap::default();
        let mut texts: HashSet<String> = HashSet::new();
        let groups = cut.chunk_by(|a, b| a.0 == b.0);
        let mut groups: Vec<&[(u64, Text<'d>)]> = groups.filter(|group| group.len() > 1).collect();
        // Numbers follow from the names, not from the hashes.
        groups.sort_unstable_by_key(|group| group[0].1);
        for alike in groups {
            let names = || alike.iter().map(|&(_, name)| name);
            let common = common_parts(names());
            for name in names() {
                let mut text = apart(name, common, width);
                if is_taken(&text) || !texts.insert(text.clone()) {
                    let mark = format!(" #{}", told_apart.len() + 1);
                    let room = width.saturating_sub(mark.len());
                    text = fit_left(&text, room).trim_end().to_owned() + &mark;
                }
                told_apart.insert(name, text);
            }
        }
        ClassNames { width, told_apart }
    }

    /// A name of the table in at most so many columns, made harmless.
    pub(super) fn cut(&self, name: Text<'_>) -> String {
        match self.told_apart.get(&name) {
            Some(text) => text.clone(),
            None => at_dot(&ending(name, self.width), self.width),
        }
    }

    /// The same where a row has room for more columns: the whole name if that fits.
    pub(super) fn beside(&self, name: Text<'_>, room: usize) -> String {
        let whole = ending(name, room);
        if width_of(&whole) <= room {
            return whole;
        }
        self.cut(name)
    }
}

/// A name without its first parts, as few as it takes; if not even its last part fits, the end
/// of that.
pub(super) fn at_dot(name: &str, width: usize) -> String {
    if width_of(name) <= width {
        return name.into();
    }
    let ends = name.match_indices('.').map(|(at, _)| &name[at + 1..]);
    let mut ends = ends.filter(|end| !end.is_empty() && width_of(end) < width);
    match ends.next() {
        Some(end) => format!("…{end}"),
        None => fit_left(name, width).trim_end().into(),
    }
}

/// In how many of their last parts all of some names are the same.
fn common_parts<'d>(mut names: impl Iterator<Item = Text<'d>>) -> usize {
    let Some(first) = names.next() else { return 0 };
    let first = ending(first, MOST_LOOKED_AT);
    names.fold(usize::MAX, |common, name| {
        let name = ending(name, MOST_LOOKED_AT);
        let alike = first.rsplit('.').zip(name.rsplit('.'));
        alike.take_while(|(a, b)| a == b).count().min(common)
    })
}

/// Of a name the part before those that it has in common with others, then the end of those.
fn apart(name: Text<'_>, common: usize, width: usize) -> String {
    let name = ending(name, MOST_LOOKED_AT);
    let mut parts = name.rsplitn(common + 2, '.');
    let end: Vec<&str> = parts.by_ref().take(common).collect();
    let end: Vec<&str> = end.into_iter().rev().collect();
    let end = end.join(".");
    let part = parts.next().unwrap_or_default();
    let before = if parts.next().is_some() { "…" } else { "" };
    // The end gets half of the width if it needs that.
    let room = width - (width_of(&end) + 1).min(width / 2);
    let part = at_dot(&format!("{before}{part}"), room);
    let room = width.saturating_sub(width_of(&part));
    match common {
        0 => part,
        _ => part + &at_dot(&format!(".{end}"), room),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_at_a_dot() {
        let cases = [
            ("app.models.User", 15, "app.models.User"),
            ("app.models.User", 14, "…models.User"),
            ("app.models.User", 12, "…models.User"),
            ("app.models.User", 11, "…User"),
            ("app.models.User", 4, "…ser"),
            ("app.models.", 9, "…models."),
            ("名名.名名", 6, "…名名"),
        ];
        for (name, width, expected) in cases {
            assert_eq!(at_dot(name, width), expected, "{name} {width}");
        }
    }

    #[test]
    fn names_of_a_table_stay_apart() {
        let long = |begin: &str| format!("{begin}{}", "a".repeat(5000));
        let (a, b) = (long("a."), long("b."));
        let names = [
            "shop.one.models.base.UserProfile",
            "shop.two.models.base.UserProfile",
            "x.shop.two.models.base.UserProfile",
            "AVeryLongNameThatEndsInFactory",
            "AnotherLongNameThatEndsInFactory",
            "y.AnotherLongNameThatEndsInFactory",
            "web.Request",
            &a,
            &b,
        ];
        for width in 12..40 {
            let of = ClassNames::of(names.map(Text::new), width);
            let shown: HashSet<String> =
                names.iter().map(|&name| of.cut(Text::new(name))).collect();
            assert_eq!(shown.len(), names.len(), "{width}: {shown:?}");
            assert!(
                shown.iter().all(|name| width_of(name) <= width),
                "{shown:?}"
            );
        }
        let of = ClassNames::of(names[..2].iter().map(|name| Text::new(name)), 24);
        let shown = [names[0], names[1]].map(|name| of.cut(Text::new(name)));
        assert_eq!(shown, ["…one…base.UserProfile", "…two…base.UserProfile"]);
    }
}
