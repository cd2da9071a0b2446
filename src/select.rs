//! Which objects, and in which order: filter, sort, reverse, limit. Yields object ids; prints
//! nothing.

mod class_pattern;
mod figures;
mod filter;
mod unmatched;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

pub(crate) use class_pattern::ClassPattern;
pub use class_pattern::means;
pub use filter::Filter;
pub(crate) use unmatched::similar_classes;
pub use unmatched::{Criterion, Unmatched};

use crate::error::{Error, Problem};
use crate::model::{
    Column, Contents, KeptSizes, ObjectId, Projection, Rows, Rules, Sizes, TrackedObject,
};
use crate::named::{named, parsed_by_name};
use crate::source::{Fetched, Source};
use crate::threads;

/// By how many threads objects are sorted, and how many each of them gets at least. Tests have few.
const MOST_SHARES: usize = 8;
const LEAST_SHARE: usize = if cfg!(test) { 10 } else { 1 << 15 };

/// Of so many objects at most one is worth reading on its own.
const SPARSE: usize = 8;

named! {
    /// What to sort objects by. The names are those of Pympler's `sort_stats`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum SortKey {
        /// The name under which the class was registered, ascending.
        ClassName = "classname",
        /// The object's class name, ascending.
        Name = "name",
        /// When it was created, ascending.
        Birth = "birth",
        /// When it died, ascending; those alive last.
        Death = "death",
        /// Its largest size, descending.
        Size = "size",
        /// Its size at the peak snapshot, descending.
        Tsize = "tsize",
        /// Its repr, ascending.
        Repr = "repr",
    }
}

parsed_by_name!(SortKey);

impl SortKey {
    /// The order when none is asked for: Pympler's own.
    pub const DEFAULT: [SortKey; 7] = [
        SortKey::ClassName,
        SortKey::Tsize,
        SortKey::Birth,
        SortKey::Death,
        SortKey::Name,
        SortKey::Repr,
        SortKey::Size,
    ];
}

/// How much of a list to keep, from its start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// The first N.
    Count(u64),
    /// A share of all that there is, above 0 and at most 1.
    Share(f64),
    /// The same in percent. Kept apart because Pympler takes a share of 1.0 for one object.
    Percent(f64),
}

impl Limit {
    /// How many of a list to keep, where `all` is the length before any filter.
    pub fn count(self, all: usize, rules: Rules) -> usize {
        let share = match self {
            Limit::Count(count) => return usize::try_from(count).unwrap_or(usize::MAX),
            Limit::Share(share) if share >= 1.0 && rules == Rules::Pympler => return 1,
            Limit::Share(share) => share,
            Limit::Percent(percent) => percent / 100.0,
        };
        if share >= 1.0 {
            return usize::MAX;
        }
        ((all as f64 * share) as usize).max(1)
    }

    /// How many of so many rows an optional limit keeps.
    pub(crate) fn kept(limit: Option<Limit>, all: usize) -> usize {
        limit.map_or(all, |limit| limit.count(all, Rules::Documented).min(all))
    }
}

impl FromStr for Limit {
    type Err = Error;

    /// `20`, `0.25` or `25%`. A decimal above 1 is rounded down, as in Pympler.
    fn from_str(text: &str) -> Result<Self, Error> {
        let limit = match text.strip_suffix('%') {
            Some(percent) => {
                let percent = percent.trim().parse().ok();
                let percent = percent.filter(|&percent| percent > 0.0 && percent <= 100.0);
                percent.map(Limit::Percent)
            }
            None => match (text.parse::<u64>(), text.parse::<f64>()) {
                (Ok(count), _) => (count > 0).then_some(Limit::Count(count)),
                (_, Ok(share)) if share > 0.0 && share <= 1.0 => Some(Limit::Share(share)),
                (_, Ok(count)) if count > 1.0 && count.is_finite() => {
                    Some(Limit::Count(count as u64))
                }
                _ => None,
            },
        };
        limit.ok_or_else(|| {
            Error::Invalid(format!(
                "'{text}' is not a limit: give a number above 0 (20), a fraction (0.25) or a percentage (25%)"
            ))
        })
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Count(count) => write!(f, "{count}"),
            Limit::Share(share) => write!(f, "{share}"),
            Limit::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

/// What to show of a dump's objects.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Which objects.
    pub filter: Filter,
    /// Sort keys, the first one first; none means [`SortKey::DEFAULT`].
    pub sort: Vec<SortKey>,
    /// Turns the sorted list round, ties included.
    pub reverse: bool,
    /// How many to keep; `None` for all.
    pub limit: Option<Limit>,
    /// By whose rules sizes are computed.
    pub rules: Rules,
}

/// The outcome of a selection.
#[derive(Clone)]
pub struct Selected<'s> {
    /// The selected objects, with everything that was recorded of them.
    pub contents: &'s Contents,
    /// The objects in the order asked for.
    pub objects: Vec<ObjectId>,
    /// Sizes of these contents' objects, by the selection's rules.
    pub sizes: Cow<'s, Sizes>,
    /// How many objects the dump lists.
    pub all: usize,
    /// The sum of the largest sizes of all of them.
    pub all_bytes: i128,
    /// The texts of the filter that fit nothing in the dump.
    pub unmatched: Vec<Unmatched>,
}

impl Selection {
    /// Whether it leaves every object where it is.
    pub fn selects_all(&self) -> bool {
        self.filter.is_empty() && self.limit.is_none() && self.sort.is_empty() && !self.reverse
    }

    /// What it looks at of objects.
    pub fn projection(&self) -> Projection {
        let has = |key| self.keys().contains(&key);
        Projection::of([Column::Class])
            .with_if(has(SortKey::Birth), Column::Birth)
            .with_if(has(SortKey::Death), Column::Death)
            .with_if(has(SortKey::Name), Column::Name)
            .with_if(has(SortKey::Repr), Column::Repr)
            .with_sizes(KeptSizes {
                rules: self.rules,
                at_peak: has(SortKey::Tsize),
            })
            .and(self.filter.projection())
    }

    /// Filters, sorts, reverses and cuts. Fails if the dump cannot be read.
    pub fn select<'s>(&self, source: &'s impl Source) -> Result<Selected<'s>, Error> {
        if self.limit.is_none() && self.filter.is_empty() {
            return Ok(self.choose(source.whole()?));
        }
        let all = source.fetch(self.projection(), Rows::All)?;
        if let Fetched::Known(contents) = all {
            return Ok(self.choose(contents));
        }
        let chosen = self.choose(&all);
        if chosen.objects.len() > all.object_count() / SPARSE {
            drop(all);
            return Ok(self.choose(source.whole()?));
        }
        let mut numbers = chosen.objects.clone();
        numbers.sort_unstable();
        numbers.dedup();
        let read = source.fetch(Projection::ALL, Rows::These(&numbers))?;
        let contents = source.keep(read);
        let sizes = Sizes::of(contents, self.rules);
        // The file's own figures chose them, but those of the samples are told.
        let by_peak = self.keys().contains(&SortKey::Tsize);
        let same = |(own, &n): (ObjectId, &ObjectId)| {
            sizes.largest_bytes(own) == chosen.sizes.largest_bytes(n)
                && (!by_peak || sizes.at_peak_bytes(own) == chosen.sizes.at_peak_bytes(n))
        };
        if !(0..).map(ObjectId).zip(&numbers).all(same) {
            let what = "section 'obj.largest' or 'obj.at_peak' is damaged: it is not what the \
                        samples say; convert the dump again";
            return Err(Error::dump(source.name(), Problem::Damaged, what));
        }
        let own = |id| ObjectId::at(numbers.binary_search(id).unwrap_or_default());
        Ok(Selected {
            contents,
            objects: chosen.objects.iter().map(own).collect(),
            sizes: Cow::Owned(sizes),
            unmatched: chosen.unmatched,
            ..chosen
        })
    }

    /// The sort keys that are meant.
    pub(crate) fn keys(&self) -> &[SortKey] {
        if self.sort.is_empty() {
            &SortKey::DEFAULT
        } else {
            &self.sort
        }
    }

    /// The same among objects of which all is read that it looks at.
    fn choose<'c>(&self, dump: &'c Contents) -> Selected<'c> {
        let sizes = dump.sizes(self.rules);
        let mut objects = self.filter.selected(dump, |id| sizes.largest_bytes(id));
        let all = dump.object_count();
        let limit = self
            .limit
            .map_or(usize::MAX, |limit| limit.count(all, self.rules));
        sort(dump, &sizes, self.keys(), self.reverse, limit, &mut objects);
        Selected {
            contents: dump,
            objects,
            all,
            all_bytes: all_bytes(dump, &sizes),
            unmatched: self.filter.unmatched_in(dump),
            sizes,
        }
    }
}

impl Selected<'_> {
    /// The sum of the largest sizes of what was selected, in bytes.
    pub fn selected_bytes(&self) -> i128 {
        self.objects
            .iter()
            .map(|&n| i128::from(self.sizes.largest_bytes(n)))
            .sum()
    }
}

/// The sum of the largest sizes of all listed objects.
pub(crate) fn all_bytes(dump: &Contents, sizes: &Sizes) -> i128 {
    let listed = dump.listed.iter();
    listed.map(|&n| i128::from(sizes.largest_bytes(n))).sum()
}

/// Sorts objects and keeps the first `limit`.
///
/// As many keys as fit are packed into 128 bits that order as they do, so that most
/// comparisons touch no column; ties go on to the columns and end at the position.
pub(crate) fn sort(
    dump: &Contents,
    sizes: &Sizes,
    keys: &[SortKey],
    reverse: bool,
    limit: usize,
    objects: &mut Vec<ObjectId>,
) {
    let ranks = match keys.contains(&SortKey::ClassName) {
        true => class_ranks(dump),
        false => Vec::new(),
    };
    let value = |id: ObjectId, key| prefix(dump.object(id), sizes, &ranks, key);
    let shares = shares(objects.len());
    let (fields, rest) = pack(keys, &shares, objects, value);
    let packed = |position: u32| {
        let id = objects[position as usize];
        let key = fields.iter().fold(0, |packed, field| {
            let bits = (value(id, field.key) - field.least) >> field.dropped_bits;
            packed << field.bits | u128::from(bits)
        });
        (key, position)
    };
    let order = |a: &(u128, u32), b: &(u128, u32)| {
        let ordering = a.0.cmp(&b.0).then_with(|| {
            let pair = [a.1, b.1].map(|position| dump.object(objects[position as usize]));
            rest.iter()
                .map(|&key| compare(pair, sizes, &ranks, key))
                .find(|ordering| ordering.is_ne())
                .unwrap_or_else(|| a.1.cmp(&b.1))
        });
        if reverse {
            ordering.reverse()
        } else {
            ordering
        }
    };
    let sorted = threads::each(&shares, |share| {
        first(share.clone().map(packed), limit, order)
    });
    *objects = merged(&sorted, order)
        .take(limit)
        .map(|(_, position)| objects[position as usize])
        .collect();
}

/// Positions in as many stretches as there are threads, if each gets many. They are merged by one.
fn shares(count: usize) -> Vec<Range<u32>> {
    let most = threads::limit().min(MOST_SHARES);
    let threads = most.min(count / LEAST_SHARE).max(1);
    let end = |share: usize| (count * share / threads) as u32;
    let shares = (0..threads).map(|share| end(share)..end(share + 1));
    shares.collect()
}

/// What some lists that are in order have, in order.
fn merged<T: Copy>(
    lists: &[Vec<T>],
    order: impl Fn(&T, &T) -> Ordering,
) -> impl Iterator<Item = T> {
    let mut rests: Vec<&[T]> = lists.iter().map(Vec::as_slice).collect();
    std::iter::from_fn(move || {
        let begun = rests.iter_mut().filter(|rest| !rest.is_empty());
        let next = begun.min_by(|a, b| order(&a[0], &b[0]))?;
        let (first, rest) = next.split_first()?;
        *next = rest;
        Some(*first)
    })
}

/// The first `limit` of some items in order. Holds few more than that.
pub(crate) fn first<T: Copy>(
    items: impl Iterator<Item = T>,
    limit: usize,
    order: impl Fn(&T, &T) -> Ordering,
) -> Vec<T> {
    if limit == 0 {
        return Vec::new();
    }
    let enough = limit.saturating_mul(2).max(1024);
    let most = items.size_hint().1.unwrap_or(enough);
    let mut kept: Vec<T> = Vec::with_capacity(most.min(enough));
    // Once there are enough, the last of them bars whatever comes behind it.
    let mut bar: Option<T> = None;
    for item in items {
        if bar.as_ref().is_some_and(|bar| order(bar, &item).is_lt()) {
            continue;
        }
        kept.push(item);
        if kept.len() == enough {
            let (_, last, _) = kept.select_nth_unstable_by(limit - 1, &order);
            bar = Some(*last);
            kept.truncate(limit);
        }
    }
    kept.sort_unstable_by(&order);
    kept.truncate(limit);
    kept
}

/// A sort key's part of the packed bits.
struct Field {
    key: SortKey,
    /// The least value there is, from which the others are counted.
    least: u64,
    bits: u32,
    /// Low bits that found no room.
    dropped_bits: u32,
}

/// Lays out the first keys in 128 bits, each in as many as its values differ in. Also
/// the keys that are still to be compared where the packed bits tie.
fn pack<'k>(
    keys: &'k [SortKey],
    shares: &[Range<u32>],
    objects: &[ObjectId],
    value: impl Fn(ObjectId, SortKey) -> u64 + Sync,
) -> (Vec<Field>, &'k [SortKey]) {
    let mut fields = Vec::new();
    let mut room = u128::BITS;
    for (index, &key) in keys.iter().enumerate() {
        let extremes = threads::each(shares, |share| {
            let objects = &objects[share.start as usize..share.end as usize];
            objects.iter().fold((u64::MAX, 0), |(least, most), &id| {
                let value = value(id, key);
                (least.min(value), most.max(value))
            })
        });
        let least = extremes.iter().map(|&(least, _)| least).min();
        let most = extremes.iter().map(|&(_, most)| most).max();
        let (least, most) = (least.unwrap_or(u64::MAX), most.unwrap_or(0));
        let wanted = u64::BITS - most.saturating_sub(least).leading_zeros();
        let bits = wanted.min(room);
        room -= bits;
        fields.push(Field {
            key,
            least,
            bits,
            dropped_bits: (wanted - bits).min(63),
        });
        // Of a text only the beginning is in its value.
        if bits < wanted || matches!(key, SortKey::Name | SortKey::Repr) {
            return (fields, &keys[index..]);
        }
    }
    (fields, &[])
}

/// The place of each class in the order of names; equal names have equal places.
fn class_ranks(dump: &Contents) -> Vec<u32> {
    let mut by_name: Vec<_> = dump
        .classes()
        .map(|class| (class.name(), class.id()))
        .collect();
    by_name.sort_unstable();
    let mut ranks = vec![0; by_name.len()];
    let mut rank = 0;
    for (index, (name, id)) in by_name.iter().enumerate() {
        if index > 0 && by_name[index - 1].0 != *name {
            rank += 1;
        }
        ranks[id.index()] = rank;
    }
    ranks
}

/// 64 bits that order as the key does; for texts only their beginning.
fn prefix(object: TrackedObject<'_>, sizes: &Sizes, ranks: &[u32], key: SortKey) -> u64 {
    let text = |text: &[u8]| {
        let mut head = [0; 8];
        let length = text.len().min(8);
        head[..length].copy_from_slice(&text[..length]);
        u64::from_be_bytes(head)
    };
    match key {
        SortKey::ClassName => u64::from(ranks[object.class().id().index()]),
        SortKey::Name => text(object.name().as_bytes()),
        SortKey::Repr => text(object.repr().as_bytes()),
        SortKey::Birth => time_order(object.birth_seconds()),
        SortKey::Death => object.death_seconds().map_or(u64::MAX, time_order),
        SortKey::Size => descending(sizes.largest_bytes(object.id())),
        SortKey::Tsize => descending(sizes.at_peak_bytes(object.id())),
    }
}

fn compare(pair: [TrackedObject<'_>; 2], sizes: &Sizes, ranks: &[u32], key: SortKey) -> Ordering {
    match key {
        SortKey::Name => pair[0].name().cmp(&pair[1].name()),
        SortKey::Repr => pair[0].repr().cmp(&pair[1].repr()),
        _ => {
            let [a, b] = pair.map(|object| prefix(object, sizes, ranks, key));
            a.cmp(&b)
        }
    }
}

fn descending(bytes: i64) -> u64 {
    !(bytes as u64 ^ 1 << 63)
}

/// Floats as integers in the same order: zeros equal, NaN behind all others but the living.
fn time_order(seconds: f64) -> u64 {
    let bits = (seconds + 0.0).to_bits();
    if seconds.is_nan() {
        return u64::MAX - 1;
    }
    if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits() {
        let cases: &[(&str, Option<Limit>)] = &[
            ("20", Some(Limit::Count(20))),
            ("1", Some(Limit::Count(1))),
            ("2.9", Some(Limit::Count(2))),
            ("0.25", Some(Limit::Share(0.25))),
            ("1.0", Some(Limit::Share(1.0))),
            ("25%", Some(Limit::Percent(25.0))),
            ("100%", Some(Limit::Percent(100.0))),
            ("0", None),
            ("-5", None),
            ("0%", None),
            ("101%", None),
            ("nan", None),
            ("inf", None),
            ("ten", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Limit>().ok(), *expected, "{text}");
        }
    }

    /// SEMANTICS, "limit": a share is of all objects, at least one, rounded down.
    #[test]
    fn shares_are_of_all_objects() {
        let count = |limit, rules| Limit::count(limit, 10, rules);
        assert_eq!(count(Limit::Share(0.25), Rules::Documented), 2);
        assert_eq!(count(Limit::Share(0.0001), Rules::Documented), 1);
        assert_eq!(count(Limit::Percent(50.0), Rules::Documented), 5);
        assert_eq!(count(Limit::Share(1.0), Rules::Documented), usize::MAX);
        assert_eq!(count(Limit::Share(1.0), Rules::Pympler), 1);
        assert_eq!(count(Limit::Percent(100.0), Rules::Pympler), usize::MAX);
    }

    #[test]
    fn packed_keys_keep_the_order() {
        let times = [
            f64::NEG_INFINITY,
            -1.5,
            -0.0,
            0.5,
            7.0,
            f64::INFINITY,
            f64::NAN,
        ];
        for pair in times.windows(2) {
            assert!(time_order(pair[0]) < time_order(pair[1]), "{pair:?}");
        }
        assert_eq!(time_order(0.0), time_order(-0.0));
        for pair in [i64::MAX, 5, 0, -5, i64::MIN].windows(2) {
            assert!(descending(pair[0]) < descending(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn the_first_are_those_of_the_whole_order() {
        let items: Vec<u32> = (0..10_000_u32)
            .map(|n| n.wrapping_mul(0x9e37_79b9))
            .collect();
        let mut sorted = items.clone();
        sorted.sort_unstable();
        for limit in [0, 1, 2, 700, 4999, 10_000, usize::MAX] {
            let expected = &sorted[..limit.min(sorted.len())];
            let order = |a: &u32, b: &u32| a.cmp(b);
            assert_eq!(first(items.iter().copied(), limit, order), expected);
            assert_eq!(first(sorted.iter().copied().rev(), limit, order), expected);
        }
    }

    /// Several threads sort and cut as one does, whatever the keys and the limit.
    #[test]
    fn shares_are_merged_into_the_whole_order() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/leaky_shop.dump");
        let dump = crate::model::Dump::load(path).unwrap();
        let all_keys = SortKey::NAMED.iter().map(|&(_, key)| vec![key]);
        for sort in all_keys.chain([vec![], vec![SortKey::Repr, SortKey::Size]]) {
            for limit in [None, Some(1), Some(7), Some(500)] {
                let selection = Selection {
                    sort: sort.clone(),
                    reverse: limit == Some(7),
                    limit: limit.map(Limit::Count),
                    ..Selection::default()
                };
                let [one, many, more] = [1, 2, 7].map(|threads| {
                    threads::with(threads, || selection.select(&dump).unwrap().objects)
                });
                assert_eq!(one.len(), limit.map_or(dump.object_count(), |n| n as usize));
                assert_eq!(many, one, "{sort:?} {limit:?}");
                assert_eq!(more, one, "{sort:?} {limit:?}");
            }
        }
    }

    #[test]
    fn an_unknown_key_lists_the_seven() {
        let error = "sze".parse::<SortKey>().unwrap_err().to_string();
        for (name, _) in SortKey::NAMED {
            assert!(error.contains(name));
        }
    }
}
