//! Whether a dump keeps to limits: a gate for automated tests. Each class is held against the
//! threshold that names it best.

mod threshold;

use std::collections::HashMap;

use foldhash::fast::FixedState;
use serde::Serialize;

pub use threshold::{Most, Quantity, Threshold, from_toml, load, no_leaks};

use super::diff::{change_percent, held};
use super::history::ClassUsage;
use super::leaks::{ClassVerdict, Idle, KnownLeak, LeaksOptions, Verdict, Verdicts};
use super::summary::SnapshotName;
use crate::error::Error;
use crate::model::{Contents, Salvaged, Snapshot, Text};
use crate::select::{Filter, similar_classes};
use crate::source::Source;
use threshold::{Rule, followed};

/// What a class has of a quantity.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Found {
    /// Instances.
    Alive {
        /// Alive at the end of the recording.
        alive: u64,
    },
    /// Bytes.
    Bytes {
        /// At the snapshot.
        bytes: i128,
    },
    /// Growth.
    Growth {
        /// At the snapshot before.
        bytes_before: i128,
        /// At the snapshot.
        bytes: i128,
        /// After less before.
        bytes_change: i128,
        /// The change as a share of before, in percent; `None` of nothing or less.
        bytes_change_percent: Option<f64>,
    },
    /// A verdict.
    Leak(Verdict),
}

/// A class held against a threshold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome<'d> {
    /// The registered name.
    pub class: Text<'d>,
    /// What it is held against.
    #[serde(flatten)]
    pub threshold: Threshold,
    /// What it has.
    pub found: Found,
    /// Whether that is more than it may have, and not accepted.
    pub is_breach: bool,
    /// By what it is accepted, if it is more than it may have and a known leak.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<KnownLeak>,
}

/// What was checked, and what came of it.
#[derive(Clone, Debug)]
pub struct Check<'d> {
    /// What is lost of the dump, if it was read only as far as it is whole.
    pub salvaged: Option<&'d Salvaged>,
    /// The same of the baseline.
    pub salvaged_baseline: Option<&'d Salvaged>,
    /// The snapshot that is checked; `None` if no threshold needs one.
    pub at: Option<SnapshotName<'d>>,
    /// The one that growth is from.
    pub since: Option<SnapshotName<'d>>,
    /// Whether that is of another dump.
    pub has_baseline: bool,
    /// How many [`outcomes`](Check::outcomes) there are.
    pub checked: usize,
    /// How many of those are breaches.
    pub breaches: usize,
    /// How many would be, were they not known and accepted.
    pub ignored: usize,
    /// Thresholds of no class that passes the filter: they were not checked.
    pub unused: Vec<Unused>,
    /// Known leaks that are none.
    pub idle: Vec<Idle>,
    /// The names of the classes, each once, ascending.
    names: Vec<Text<'d>>,
    rules: Vec<Rule>,
    figures: Figures<'d>,
}

impl<'d> Check<'d> {
    /// Each class with each quantity that it has a threshold of; breaches first. Made one by one:
    /// a dump may have a million classes.
    pub fn outcomes(&self) -> impl Iterator<Item = Outcome<'d>> {
        let others = self.all().filter(|outcome| !outcome.is_breach);
        self.breaches().chain(others)
    }

    /// Those that are breaches.
    pub fn breaches(&self) -> impl Iterator<Item = Outcome<'d>> {
        self.all().filter(|outcome| outcome.is_breach)
    }

    /// Those that would be, were they not known and accepted.
    pub fn ignored(&self) -> impl Iterator<Item = Outcome<'d>> {
        self.all().filter(|outcome| !outcome.known.is_empty())
    }

    /// The same by quantity and class.
    fn all(&self) -> impl Iterator<Item = Outcome<'d>> {
        let pairs = Quantity::NAMED.into_iter().flat_map(|(_, quantity)| {
            let names = self.names.iter();
            names.map(move |&class| (quantity, class))
        });
        pairs.filter_map(|(quantity, class)| {
            let threshold = followed(&self.rules, quantity, class)?;
            let found = self.figures.of(quantity, class)?;
            let is_more = found.is_more_than(threshold.most);
            let known = self.figures.known.get(&class);
            let known = known.filter(|_| is_more && quantity == Quantity::NoLeaks);
            Some(Outcome {
                class,
                threshold: threshold.clone(),
                is_breach: is_more && known.is_none(),
                known: known.cloned().unwrap_or_default(),
                found,
            })
        })
    }

    /// The thresholds that were not checked though they were meant to be. A gate that does not
    /// know the class that it guards, or checks nothing at all, must not pass; that a filter
    /// leaves out some classes and checks others is what it is for.
    pub fn uncheckable(&self) -> impl Iterator<Item = &Unused> {
        let all = self.unused.iter();
        all.filter(|unused| !unused.is_filtered_out || self.checked == 0)
    }
}

/// A threshold of no class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Unused {
    /// The threshold.
    #[serde(flatten)]
    pub threshold: Threshold,
    /// Whether the dump has such classes, and the filter leaves them out.
    pub is_filtered_out: bool,
    /// Else the classes of the dump with names like that: at most three, the best first.
    pub similar: Vec<String>,
}

impl<'d> Check<'d> {
    /// Holds the classes of a dump against thresholds, at its last snapshot. Growth is from the
    /// last snapshot of `baseline`, without one from the dump's first. Leaks are judged by `options`,
    /// of which the filter holds for all thresholds.
    ///
    /// # Errors
    ///
    /// If a threshold cannot be checked: a gate that checks nothing must not pass.
    pub fn of<S: Source>(
        source: &'d S,
        baseline: Option<&'d S>,
        thresholds: &[Threshold],
        options: &LeaksOptions,
    ) -> Result<Self, Error> {
        let filter = &options.filter;
        let asks = |quantity| thresholds.iter().any(|t| t.quantity == quantity);
        let dump = source.digest()?.contents;
        let old = baseline.map(|baseline| baseline.digest()).transpose()?;
        let old = old.map(|digest| digest.contents);
        let mut at = None;
        let mut since = None;
        if asks(Quantity::MaxBytes) {
            at = Some(last(dump, Quantity::MaxBytes, false)?);
        }
        if asks(Quantity::MaxGrowth) {
            let now = last(dump, Quantity::MaxGrowth, false)?;
            at = Some(now);
            since = Some(match old {
                Some(old) => last(old, Quantity::MaxGrowth, true)?,
                None => dump.snapshots().next().unwrap_or(now),
            });
        }
        let names: Vec<Text<'d>> = dump.classes().map(|class| class.name()).collect();
        let rules = Rule::all(thresholds, &names);
        let mut passing = names.clone();
        passing.retain(|&name| filter.admits_class(name));
        // Where no object passes, no class has a figure.
        if !filter.unmatched(source)?.1 {
            passing.clear();
        }
        passing.sort_unstable();
        passing.dedup();
        let mut figures = Figures::default();
        if asks(Quantity::MaxAlive) {
            figures.alive = alive(source, filter)?;
        }
        if let Some(at) = at {
            figures.after = held(source, filter, at)?;
        }
        if let Some(snapshot) = since {
            figures.before = held(baseline.unwrap_or(source), filter, snapshot)?;
        }
        let mut idle = Vec::new();
        if asks(Quantity::NoLeaks) {
            let verdicts = verdicts(source, options)?;
            idle = verdicts.idle().to_vec();
            let ignored = verdicts.ignored().iter();
            figures.known = ignored.map(|one| (one.class, one.known.clone())).collect();
            let figure = |class: ClassVerdict<'d>| (class.class, Found::Leak(class.verdict));
            figures.leaks = verdicts.into_classes().map(figure).collect();
        }
        let unused = rules
            .iter()
            .filter(|rule| !rule.classes.means_one_of(&passing));
        let unused = unused.map(|rule| {
            let is_filtered_out = rule.classes.means_one_of(&names);
            let similar = if is_filtered_out {
                Vec::new()
            } else {
                similar_classes(dump, &rule.threshold.pattern)
            };
            Unused {
                threshold: rule.threshold.clone(),
                is_filtered_out,
                similar,
            }
        });
        let unused = unused.collect();
        let mut check = Check {
            salvaged: dump.notes.salvaged.as_ref(),
            salvaged_baseline: old.and_then(|old| old.notes.salvaged.as_ref()),
            at: at.map(SnapshotName::of),
            since: since.map(SnapshotName::of),
            has_baseline: since.is_some() && baseline.is_some(),
            checked: 0,
            breaches: 0,
            ignored: 0,
            unused,
            idle,
            names: passing,
            rules,
            figures,
        };
        let mut counts = (0, 0, 0);
        for outcome in check.all() {
            counts.0 += 1;
            counts.1 += usize::from(outcome.is_breach);
            counts.2 += usize::from(!outcome.known.is_empty());
        }
        (check.checked, check.breaches, check.ignored) = counts;
        Ok(check)
    }
}

/// Figures of classes by their registered names. Those that are not in it have nothing of a
/// quantity, and no verdict.
#[derive(Clone, Debug, Default)]
struct Figures<'d> {
    /// Instances alive at the end.
    alive: HashMap<Text<'d>, u64, FixedState>,
    /// What they held at the snapshot that growth is from, and at the one that is checked.
    before: HashMap<Text<'d>, ClassUsage, FixedState>,
    after: HashMap<Text<'d>, ClassUsage, FixedState>,
    leaks: HashMap<Text<'d>, Found, FixedState>,
    /// By what the leaks are accepted that are.
    known: HashMap<Text<'d>, Vec<KnownLeak>, FixedState>,
}

impl<'d> Figures<'d> {
    fn of(&self, quantity: Quantity, class: Text<'d>) -> Option<Found> {
        let sum = |side: &HashMap<Text<'d>, ClassUsage, FixedState>| {
            side.get(&class).map_or(0, |held| held.sum_bytes)
        };
        Some(match quantity {
            Quantity::MaxAlive => Found::Alive {
                alive: self.alive.get(&class).copied().unwrap_or(0),
            },
            Quantity::MaxBytes => Found::Bytes {
                bytes: sum(&self.after),
            },
            Quantity::MaxGrowth => {
                let [bytes_before, bytes] = [&self.before, &self.after].map(sum);
                let bytes_change = bytes - bytes_before;
                let bytes_change_percent = change_percent(bytes_change as f64, bytes_before as f64);
                Found::Growth {
                    bytes_before,
                    bytes,
                    bytes_change,
                    bytes_change_percent,
                }
            }
            Quantity::NoLeaks => self.leaks.get(&class)?.clone(),
        })
    }
}

impl Found {
    fn is_more_than(&self, most: Most) -> bool {
        match (self, most) {
            (Found::Alive { alive }, Most::Objects(most)) => *alive > most,
            (Found::Bytes { bytes }, Most::Bytes(most)) => *bytes > most,
            (Found::Growth { bytes_change, .. }, Most::Bytes(most)) => *bytes_change > most,
            // A class that held nothing before has no share to grow by: any growth is too much.
            (
                Found::Growth {
                    bytes_change,
                    bytes_change_percent,
                    ..
                },
                Most::Percent(most),
            ) => bytes_change_percent.map_or(*bytes_change > 0, |percent| percent > most),
            (Found::Leak(verdict), Most::Below(from)) => verdict.confidence >= from,
            // A quantity has one kind of threshold.
            _ => false,
        }
    }
}

/// The last snapshot, which a quantity needs.
fn last(dump: &Contents, quantity: Quantity, in_baseline: bool) -> Result<Snapshot<'_>, Error> {
    dump.snapshots().next_back().ok_or_else(|| {
        let what = format!(
            "{} cannot be checked: the dump has no snapshots; tracker.create_snapshot() records one",
            quantity.name()
        );
        Error::Unchecked { what, in_baseline }
    })
}

/// Instances alive at the end, by registered names, where there are any.
fn alive<'d>(
    source: &'d impl Source,
    filter: &Filter,
) -> Result<HashMap<Text<'d>, u64, FixedState>, Error> {
    let mut counts: HashMap<Text<'d>, u64, FixedState> = HashMap::default();
    let dump = source.digest()?.contents;
    let cohorts = filter.cohorts(source)?;
    for class in filter.classes_of(dump) {
        let cohorts = cohorts.of_class(class.id()).iter();
        let alive = cohorts.filter(|cohort| cohort.death.is_none());
        let alive: u64 = alive.map(|alive| alive.objects).sum();
        if alive > 0 {
            *counts.entry(class.name()).or_default() += alive;
        }
    }
    Ok(counts)
}

/// The verdicts on the classes that held something.
fn verdicts<'d>(source: &'d impl Source, options: &LeaksOptions) -> Result<Verdicts<'d>, Error> {
    let needed = super::leaks::ENOUGH_SNAPSHOTS;
    let verdicts = Verdicts::of(source, options)?;
    let snapshots = verdicts.snapshots();
    if snapshots < needed {
        let what = format!(
            "--no-leaks cannot be checked: a verdict needs {needed} snapshots, and the dump \
             has {snapshots}; call tracker.create_snapshot() more often"
        );
        return Err(Error::Unchecked {
            what,
            in_baseline: false,
        });
    }
    Ok(verdicts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::leaks::Confidence;
    use crate::model::Dump;

    fn load(name: &str) -> Dump {
        Dump::load(format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    fn thresholds(all: &[(Quantity, &str)]) -> Vec<Threshold> {
        let parse = |&(quantity, text): &(Quantity, &str)| Threshold::parse(quantity, text);
        all.iter().map(parse).collect::<Result<_, _>>().unwrap()
    }

    /// The limit itself holds, one less does not.
    #[test]
    fn limits_hold_up_to_themselves() {
        let dump = load("leaky_shop.dump");
        use Quantity::{MaxAlive, MaxBytes, MaxGrowth};
        let cases = [
            ((MaxAlive, "shop.Cart=44"), false),
            ((MaxAlive, "shop.Cart=43"), true),
            ((MaxBytes, "shop.Cart=91008"), false),
            ((MaxBytes, "shop.Cart=91007"), true),
            ((MaxGrowth, "shop.Product=0%"), false),
            ((MaxGrowth, "shop.Cart=91008"), false),
            ((MaxGrowth, "shop.Cart=91007"), true),
            // If there was nothing before, any growth is too much; what became smaller did not grow.
            ((MaxGrowth, "shop.Cart=1000000%"), true),
            ((MaxGrowth, "shop.ImportJob=0"), false),
        ];
        for (threshold, breach) in cases {
            let check = Check::of(
                &dump,
                None,
                &thresholds(&[threshold]),
                &LeaksOptions::default(),
            );
            let check = check.unwrap();
            assert_eq!(check.checked, 1, "{threshold:?}");
            assert_eq!(check.breaches, usize::from(breach), "{threshold:?}");
        }
    }

    #[test]
    fn a_baseline_is_what_growth_is_from() {
        let (old, new) = (load("shop.dump"), load("leaky_shop.dump"));
        let limits = thresholds(&[(Quantity::MaxGrowth, "*=100%")]);
        let check = Check::of(&new, Some(&old), &limits, &LeaksOptions::default()).unwrap();
        let names: Vec<_> = check
            .breaches()
            .map(|outcome| outcome.class.to_str())
            .collect();
        let expected = [
            "shop.CachedPage",
            "shop.Cart",
            "shop.Product",
            "shop.Session",
            "shop.Subscription",
        ];
        assert_eq!(names, expected);
        assert!(check.has_baseline);
    }

    /// A gate that can check nothing does not pass.
    #[test]
    fn what_cannot_be_checked_is_no_success() {
        let empty = load("dumps/empty.zero-snapshots-1.1-py311.dump");
        let shop = load("shop.dump");
        let check = |dump, baseline, limits: &[Threshold]| match Check::of(
            dump,
            baseline,
            limits,
            &LeaksOptions::default(),
        ) {
            Err(Error::Unchecked { what, in_baseline }) => (what, in_baseline),
            other => panic!("{other:?}"),
        };
        let bytes = thresholds(&[(Quantity::MaxBytes, "*=1")]);
        let growth = thresholds(&[(Quantity::MaxGrowth, "*=1%")]);
        let none = |flag, in_baseline| {
            let why = "cannot be checked: the dump has no snapshots; \
                       tracker.create_snapshot() records one";
            (format!("{flag} {why}"), in_baseline)
        };
        assert_eq!(check(&empty, None, &bytes), none("--max-bytes", false));
        assert_eq!(
            check(&shop, Some(&empty), &growth),
            none("--max-growth", true)
        );
        let leaks = [no_leaks(Confidence::Likely)];
        let (few, in_baseline) = check(&empty, None, &leaks);
        assert!(few.contains("needs 4 snapshots, and the dump has 0") && !in_baseline);
        let alive = thresholds(&[(Quantity::MaxAlive, "no.such=1")]);
        let check = Check::of(&empty, None, &alive, &LeaksOptions::default()).unwrap();
        assert_eq!(check.unused[0].threshold, alive[0]);
    }

    /// A limit of a class that the dump or the filter lacks is told, with what is most like it.
    #[test]
    fn limits_of_no_class_are_told() {
        let dump = load("leaky_shop.dump");
        let unused = |filter: &Filter, limits: &[(Quantity, &str)]| {
            let options = LeaksOptions {
                filter: filter.clone(),
                ..LeaksOptions::default()
            };
            let check = Check::of(&dump, None, &thresholds(limits), &options).unwrap();
            let unused = check.unused.into_iter();
            let unused: Vec<_> = unused
                .map(|unused| (unused.threshold.pattern, unused.similar.join(" ")))
                .collect();
            unused
        };
        use Quantity::{MaxAlive, MaxBytes, MaxGrowth};
        let all = Filter::default();
        let limits = [
            (MaxAlive, "Cart=3"),
            (MaxBytes, "Crat=3"),
            (MaxGrowth, "Cart*=3"),
        ];
        let like = |pattern: &str| (pattern.to_owned(), "shop.Cart".to_owned());
        assert_eq!(unused(&all, &limits), [like("Crat"), like("Cart*")]);
        let product = Filter {
            classes: vec!["Product".into()],
            ..Filter::default()
        };
        assert_eq!(unused(&product, &limits[..1]).len(), 1);
        // Its class passes, but not one of its objects.
        let nothing = Filter {
            min_size_bytes: Some(1 << 40),
            ..Filter::default()
        };
        assert_eq!(unused(&nothing, &limits[..1]).len(), 1);
    }

    #[test]
    fn likely_leaks_are_breaches() {
        let dump = load("leaky_shop.dump");
        let leaks = [no_leaks(Confidence::Likely)];
        let check = Check::of(&dump, None, &leaks, &LeaksOptions::default()).unwrap();
        let names: Vec<_> = check
            .breaches()
            .map(|outcome| outcome.class.to_str())
            .collect();
        assert_eq!(names, ["shop.Cart", "shop.Subscription"]);
    }
}
