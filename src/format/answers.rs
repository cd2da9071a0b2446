//! For tests: what the analyses say of a source.

use crate::analysis::check::{Check, Quantity, Threshold, no_leaks};
use crate::analysis::diff::{Diff, DiffOptions};
use crate::analysis::leaks::{Confidence, KnownLeak, Leaks, LeaksOptions};
use crate::analysis::lifetimes::{Lifetimes, LifetimesOptions};
use crate::analysis::sites::{GroupBy, Sites, SitesOptions};
use crate::analysis::summary::SnapshotSelector;
use crate::select::Filter;
use crate::source::Source;

/// What the analyses tell of the objects that pass a filter.
pub(crate) fn answers(source: &impl Source, filter: &Filter) -> Vec<String> {
    let mut all = Vec::new();
    let limits = [Quantity::MaxAlive, Quantity::MaxGrowth]
        .map(|quantity| Threshold::parse(quantity, "*=1").unwrap());
    let limits = [&limits[..], &[no_leaks(Confidence::Possible)]];
    let options = LeaksOptions {
        filter: filter.clone(),
        ..LeaksOptions::default()
    };
    for limits in limits {
        all.push(match Check::of(source, None, limits, &options) {
            Ok(check) => format!(
                "{:?} {:?}",
                check.outcomes().collect::<Vec<_>>(),
                check.unused
            ),
            Err(error) => error.to_string(),
        });
    }
    let options = LifetimesOptions {
        filter: filter.clone(),
        limit: None,
    };
    all.push(format!("{:?}", Lifetimes::of(source, &options).unwrap()));
    let some = |index| Some(SnapshotSelector::Index(index));
    for (referents, from, to) in [
        (false, None, None),
        (true, None, None),
        (true, some(0), Some(SnapshotSelector::Peak)),
        (true, some(1), some(-2)),
    ] {
        let options = DiffOptions {
            filter: filter.clone(),
            from,
            to,
            referents,
            ..DiffOptions::default()
        };
        all.push(match Diff::of_snapshots(source, &options) {
            Ok(diff) => format!("{diff:?}"),
            Err(error) => error.to_string(),
        });
    }
    let by_line = KnownLeak {
        site: Some("*.py:*".into()),
        ..KnownLeak::ignored("*").unwrap()
    };
    for (between, known) in [
        (None, vec![]),
        (some(0).zip(some(-1)), vec![]),
        (None, vec![by_line]),
    ] {
        let options = LeaksOptions {
            filter: filter.clone(),
            between,
            known,
            ..LeaksOptions::default()
        };
        all.push(match Leaks::of(source, &options) {
            Ok(leaks) => serde_json::to_string(&leaks).unwrap() + &format!("{:?}", leaks.idle),
            Err(error) => error.to_string(),
        });
    }
    for (_, by) in GroupBy::NAMED {
        let options = SitesOptions {
            filter: filter.clone(),
            by,
            ..SitesOptions::default()
        };
        let at = SitesOptions {
            alive_at: some(0),
            snapshot: some(-1),
            ..options.clone()
        };
        for options in [options, at] {
            all.push(match Sites::of(source, &options) {
                Ok(sites) => serde_json::to_string(&sites).unwrap(),
                Err(error) => error.to_string(),
            });
        }
    }
    all
}
