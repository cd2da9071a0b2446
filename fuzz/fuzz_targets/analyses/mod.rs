//! Every analysis of a source and its report: none may panic, whatever the dump holds. A native
//! file may turn out to be damaged only while an analysis reads it.

use std::io::sink;
use std::path::Path;

use ctstats::analysis::check::{Check, Quantity, Threshold, no_leaks};
use ctstats::analysis::diff::{Diff, DiffOptions};
use ctstats::analysis::info::Info;
use ctstats::analysis::leaks::{Confidence, Leaks, LeaksOptions};
use ctstats::analysis::lifetimes::{Lifetimes, LifetimesOptions};
use ctstats::analysis::sites::{GroupBy, Sites, SitesOptions};
use ctstats::analysis::stacks::{Stacks, Weight};
use ctstats::analysis::summary::{Summary, SummaryOptions};
use ctstats::report::leaks::LeaksReport;
use ctstats::report::objects::{Detail, Objects};
use ctstats::report::{Report, Style, check, flamegraph, folded, speedscope};
use ctstats::select::{Limit, Selection, SortKey};
use ctstats::Source;

const WRITTEN: &str = "a sink takes everything";

/// Asks everything.
pub fn analyse(dump: &impl Source) {
    let style = Style::default();
    if let Ok(of) = Summary::of(dump, SummaryOptions::default()) {
        of.table(&mut sink(), style).expect(WRITTEN);
    }
    let _ = Info::of(dump);
    for sort in [vec![SortKey::Size], vec![SortKey::Repr, SortKey::Tsize, SortKey::Death]] {
        let selection = Selection { sort, limit: Some(Limit::Count(1)), ..Selection::default() };
        if let Ok(selected) = selection.select(dump) {
            Objects::of(&selected, Detail::default()).table(&mut sink(), style).expect(WRITTEN);
        }
    }
    if let Ok(of) = Leaks::of(dump, &LeaksOptions::default()) {
        let of = LeaksReport { leaks: &of, dump: Path::new("dump.dat") };
        of.table(&mut sink(), style).expect(WRITTEN);
    }
    if let Ok(of) = Lifetimes::of(dump, &LifetimesOptions::default()) {
        of.table(&mut sink(), style).expect(WRITTEN);
    }
    let limits = [Quantity::MaxAlive, Quantity::MaxBytes, Quantity::MaxGrowth]
        .map(|quantity| Threshold::parse(quantity, "*=1").expect("it is a threshold"));
    for limits in [&limits[..], &[no_leaks(Confidence::Possible)]] {
        if let Ok(of) = Check::of(dump, None, limits, &LeaksOptions::default()) {
            check::table(&mut sink(), &of, style).expect(WRITTEN);
            check::junit(&mut sink(), &of, "dump", false).expect(WRITTEN);
        }
    }
    let options = DiffOptions { referents: true, limit: Some(Limit::Count(2)), ..DiffOptions::default() };
    for of in [Diff::of_snapshots(dump, &options), Diff::of_dumps(dump, dump, &options)] {
        let Ok(of) = of else { continue };
        of.table(&mut sink(), style).expect(WRITTEN);
    }
    for by in [GroupBy::Frame, GroupBy::Function, GroupBy::Class] {
        if let Ok(of) = Sites::of(dump, &SitesOptions { by, depth: 3, ..SitesOptions::default() }) {
            of.table(&mut sink(), style).expect(WRITTEN);
        }
    }
    let Ok(of) = Stacks::of(dump, &SitesOptions::default(), Weight::Bytes) else { return };
    let of = of.clone().since(of);
    folded::write(&mut sink(), &of).expect(WRITTEN);
    // Nothing may be there to draw.
    let _ = flamegraph::write(&mut sink(), &of, Weight::Bytes);
    speedscope::write(&mut sink(), &of, Weight::Bytes, ["old", "new"]).expect(WRITTEN);
}
