//! Every analysis of a dump and its report: none may panic, whatever the dump holds.

use std::io::sink;
use std::path::Path;

use ctstats::analysis::check::{Check, Quantity, Threshold, no_leaks};
use ctstats::analysis::diff::{Diff, DiffOptions};
use ctstats::analysis::leaks::{Confidence, LeaksOptions, Verdicts};
use ctstats::analysis::lifetimes::{Lifetimes, LifetimesOptions};
use ctstats::analysis::sites::{GroupBy, Sites, SitesOptions};
use ctstats::analysis::stacks::{Stacks, Weight};
use ctstats::report::table::Style;
use ctstats::report::{check, diff, flamegraph, folded, leaks, lifetimes, sites, speedscope};
use ctstats::select::{Filter, Limit};
use ctstats::{Dump, Sizes};

/// `part` has of the survivors everything; it may be the dump itself.
pub fn analyse(dump: &Dump, part: &Dump) {
    let verdicts = Verdicts::of(dump, &LeaksOptions::default()).expect("no snapshot is asked for");
    leaks::table(&mut sink(), &verdicts.look(part), Path::new("dump.dat"), Style::default()).expect("a sink takes everything");
    let of = Lifetimes::of(dump, &LifetimesOptions::default());
    lifetimes::table(&mut sink(), &of, Style::default()).expect("a sink takes everything");
    let limits = [Quantity::MaxAlive, Quantity::MaxBytes, Quantity::MaxGrowth]
        .map(|quantity| Threshold::parse(quantity, "*=1").expect("it is a threshold"));
    for limits in [&limits[..], &[no_leaks(Confidence::Possible)]] {
        if let Ok(of) = Check::of(dump, None, limits, &Filter::default()) {
            check::table(&mut sink(), &of, Style::default()).expect("a sink takes everything");
            check::junit(&mut sink(), &of, "dump", false).expect("a sink takes everything");
        }
    }
    let options = DiffOptions { referents: true, limit: Some(Limit::Count(2)), ..DiffOptions::default() };
    for of in [Diff::of_snapshots(dump, &options), Diff::of_dumps(dump, part, &options)] {
        let Ok(of) = of else { continue };
        diff::table(&mut sink(), &of, Style::default()).expect("a sink takes everything");
    }
}

/// The same of what takes sizes.
pub fn group(dump: &Dump, sizes: &Sizes) {
    for by in [GroupBy::Frame, GroupBy::Function, GroupBy::Class] {
        let of = Sites::of(dump, sizes, &SitesOptions { by, depth: 3, ..SitesOptions::default() });
        sites::table(&mut sink(), &of, Style::default()).expect("a sink takes everything");
    }
    let of = Stacks::of(dump, sizes, &Filter::default(), Weight::Bytes);
    let of = of.clone().since(of);
    folded::write(&mut sink(), &of).expect("a sink takes everything");
    // Nothing may be there to draw.
    let _ = flamegraph::write(&mut sink(), &of, Weight::Bytes);
    speedscope::write(&mut sink(), &of, Weight::Bytes, ["old", "new"]).expect("a sink takes everything");
}
