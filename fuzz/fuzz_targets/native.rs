//! A native file with any bytes is a dump or an error, read whole or in part; what is a dump
//! can be printed, and written in both formats.

#![no_main]

mod analyses;

use std::io::sink;

use ctstats::analysis::info::Info;
use ctstats::analysis::summary::{Summary, SummaryOptions};
use ctstats::report::table;
use ctstats::select::{Filter, Limit, Selection, SortKey};
use ctstats::analysis::leaks::{LeaksOptions, Verdicts};
use ctstats::{Dump, DumpFile, Lives, Rules, Sizes, Survivors};
use libfuzzer_sys::fuzz_target;

fn summarize(dump: &Dump) {
    let Ok(summary) = Summary::of(dump, SummaryOptions::default()) else {
        panic!("no snapshot was asked for")
    };
    table::summary(&mut sink(), &summary, table::Style::default()).expect("a sink takes everything");
}

/// What commands read of a file that they need not read whole.
fn in_part(bytes: &[u8]) {
    let path = std::env::temp_dir().join(format!("ctstats-fuzz-{}", std::process::id()));
    std::fs::write(&path, bytes).expect("there is room for it");
    let Ok(file) = DumpFile::open(&path) else { return };
    if let Ok(dump) = file.summary(&Filter::default()) {
        summarize(&dump);
        let _ = Info::of(&dump);
    }
    for sort in [vec![SortKey::Size], vec![SortKey::Repr, SortKey::Tsize, SortKey::Death]] {
        let selection = Selection { sort, limit: Some(Limit::Count(1)), ..Selection::default() };
        let Ok(file) = DumpFile::open(&path) else { return };
        if let Ok((dump, selected)) = file.select(&selection) {
            table::objects(&mut sink(), &dump, &selected, table::Style::default())
                .expect("a sink takes everything");
        }
    }
    let Ok(file) = DumpFile::open(&path) else { return };
    if let Ok((dump, rest)) = file.history(&Filter::default(), true) {
        let verdicts = Verdicts::of(&dump, &LeaksOptions::default()).expect("no snapshot is asked for");
        let part = rest.zip(verdicts.survivors()).map(|(rest, (classes, survivors))| {
            let shown = |part: &Dump| verdicts.shown(part);
            rest.survivors(&classes, survivors, verdicts.needs_referents(), shown)
        });
        if let Some(Ok(part)) = part {
            analyses::analyse(&dump, &part);
        }
    }
    // Whatever the verdict is, everybody may be looked at.
    let Ok(file) = DumpFile::open(&path) else { return };
    let Ok(dump) = file.outline() else { return };
    let moments = dump.snapshots().map(|snapshot| snapshot.timestamp_seconds());
    for alive_at_seconds in moments.take(3) {
        let everybody = Survivors { from_seconds: f64::MIN, to_seconds: f64::MAX, alive_at_seconds };
        let classes: Vec<u32> = (0..100).collect();
        for referents in [false, true] {
            let Ok(file) = DumpFile::open(&path) else { return };
            let all = |part: &Dump| (0..part.object_count() as u32).collect();
            let _ = file.survivors(&classes, everybody, referents, all);
        }
    }
    let Ok(file) = DumpFile::open(&path) else { return };
    if let Ok((dump, sizes)) = file.lives(Lives { traces: true, sizes: true, ..Lives::default() }) {
        analyses::group(&dump, &sizes);
    }
}

fuzz_target!(|bytes: &[u8]| {
    in_part(bytes);
    let Ok(dump) = Dump::read(bytes) else { return };
    let selected = Selection::default().select(&dump);
    table::objects(&mut sink(), &dump, &selected, table::Style::default())
        .expect("a sink takes everything");
    summarize(&dump);
    dump.dump_stats_to(&mut sink()).expect("a sink takes everything");
    dump.write_pickles(&mut sink()).expect("a sink takes everything");
    analyses::analyse(&dump, &dump);
    analyses::group(&dump, &Sizes::of(&dump, Rules::Documented));
    let part = dump.part(&selected.objects);
    assert_eq!(part.object_count(), dump.object_count());
});
