//! A native file with any bytes is a dump or an error, read whole or in part; what is a dump
//! can be printed, and written in both formats.

#![no_main]

mod analyses;

use std::io::sink;

use ctstats::select::Selection;
use ctstats::{ClassId, Column, Dump, DumpFile, KeptSizes, ObjectId, Projection, Rows, Rules, Samples, Source};
use libfuzzer_sys::fuzz_target;

/// What questions read of a file that they need not read whole.
fn in_part(bytes: &[u8]) {
    let path = std::env::temp_dir().join(format!("ctstats-fuzz-{}", std::process::id()));
    std::fs::write(&path, bytes).expect("there is room for it");
    let Ok(file) = DumpFile::open(&path) else { return };
    analyses::analyse(&file);
    let Ok(digest) = file.digest() else { return };
    let classes: Vec<_> = (0..100).map(ClassId::from).collect();
    let objects = 0..digest.contents.object_count().min(1000) as u32;
    let objects: Vec<_> = objects.map(ObjectId::from).collect();
    let moments = digest.contents.snapshots().map(|snapshot| snapshot.timestamp_seconds());
    let sizes = KeptSizes { rules: Rules::Pympler, at_peak: true };
    let mut wanted = vec![
        Projection::ALL.with_samples(Samples::None),
        Projection::of([Column::Birth]).with_sizes(sizes),
    ];
    for seconds in moments.take(2) {
        for referents in [false, true] {
            wanted.push(Projection::default().with_samples(Samples::At { seconds, referents }));
        }
    }
    for wanted in wanted {
        for rows in [Rows::All, Rows::OfClasses(&classes), Rows::These(&objects)] {
            let Ok(file) = DumpFile::open(&path) else { return };
            let _ = file.fetch(wanted, rows);
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    in_part(bytes);
    let Ok(dump) = Dump::read(bytes) else { return };
    let selected = Selection::default().select(&dump).expect("it is in memory");
    dump.dump_stats_to(&mut sink()).expect("a sink takes everything");
    dump.write_pickles(&mut sink()).expect("a sink takes everything");
    analyses::analyse(&dump);
    let part = dump.part(&selected.objects);
    assert_eq!(part.object_count(), dump.object_count());
});
