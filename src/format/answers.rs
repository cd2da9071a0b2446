//! For tests: what the analyses say of a file that they read in part, and of the whole.

use crate::analysis::check::{Check, Quantity, Threshold, no_leaks};
use crate::analysis::diff::{Diff, DiffOptions, Side};
use crate::analysis::leaks::{Confidence, LeaksOptions, Verdicts};
use crate::analysis::lifetimes::{Lifetimes, LifetimesOptions};
use crate::analysis::sites::{GroupBy, Sites, SitesOptions};
use crate::analysis::summary::SnapshotSelector;
use crate::format::{DumpFile, Lives};
use crate::model::{Dump, Rules, Sizes};
use crate::select::Filter;

/// What the analyses tell of a native file of which they read what they need, and of the whole.
pub(crate) fn answers(
    whole: &Dump,
    file: impl Fn() -> DumpFile,
    filter: &Filter,
) -> Vec<[String; 2]> {
    let mut all = Vec::new();
    let (history, _) = file().history(filter, false).unwrap();
    let limits = [Quantity::MaxAlive, Quantity::MaxGrowth]
        .map(|quantity| Threshold::parse(quantity, "*=1").unwrap());
    let limits = [&limits[..], &[no_leaks(Confidence::Possible)]];
    for limits in limits {
        let check = |dump: &Dump| match Check::of(dump, None, limits, filter) {
            Ok(check) => format!(
                "{:?} {:?}",
                check.outcomes().collect::<Vec<_>>(),
                check.unused
            ),
            Err(unchecked) => format!("{unchecked:?}"),
        };
        all.push([check(&history), check(whole)]);
    }
    let lifetimes = |dump: &Dump| {
        let options = LifetimesOptions {
            filter: filter.clone(),
            limit: None,
        };
        format!("{:?}", Lifetimes::of(dump, &options))
    };
    all.push([
        lifetimes(&file().lifetimes(filter).unwrap()),
        lifetimes(whole),
    ]);
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
        let (dump, rest) = file().history(filter, referents).unwrap();
        let dump = match rest {
            Some(rest) if options.needs_referents(&dump, Side::Both) => rest.whole().unwrap(),
            _ => dump,
        };
        let diff = |dump: &Dump| format!("{:?}", Diff::of_snapshots(dump, &options));
        all.push([diff(&dump), diff(whole)]);
    }
    for between in [None, some(0).zip(some(-1))] {
        let options = LeaksOptions {
            filter: filter.clone(),
            between,
            ..LeaksOptions::default()
        };
        let (dump, rest) = file().history(filter, true).unwrap();
        let Ok(verdicts) = Verdicts::of(&dump, &options) else {
            continue;
        };
        let part = rest
            .zip(verdicts.survivors())
            .map(|(rest, (classes, survivors))| {
                let referents = verdicts.needs_referents();
                let shown = |part: &Dump| verdicts.shown(part);
                rest.survivors(&classes, survivors, referents, shown)
                    .unwrap()
            });
        let found = verdicts.look(part.as_ref().unwrap_or(&dump));
        let expected = Verdicts::of(whole, &options).unwrap().look(whole);
        all.push([found, expected].map(|found| serde_json::to_string(&found).unwrap()));
    }
    let whole_sizes = Sizes::of(whole, Rules::Documented);
    for (_, by) in GroupBy::NAMED {
        let more = Lives {
            traces: by.is_of_frames(),
            names: by == GroupBy::Name || !filter.names.is_empty(),
            reprs: by == GroupBy::Repr || !filter.reprs.is_empty(),
            addresses: false,
            sizes: true,
        };
        let options = SitesOptions {
            filter: filter.clone(),
            by,
            ..SitesOptions::default()
        };
        let (dump, sizes) = file().lives(more).unwrap();
        all.push(
            [(&dump, &sizes), (whole, &whole_sizes)].map(|(dump, sizes)| {
                serde_json::to_string(&Sites::of(dump, sizes, &options)).unwrap()
            }),
        );
    }
    all
}
