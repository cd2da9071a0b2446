//! Micro-benches on dumps made in memory: `cargo bench --bench micro`.
//!
//! Throughput in bytes of the dump and in objects. Nothing here is asserted.

mod dump;

use ctstats::analysis::summary::{Summary, SummaryOptions};
use ctstats::report::pympler;
use ctstats::select::{Limit, Selection, SortKey};
use ctstats::{Dump, Rules, Sizes};
use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};

use dump::Shape;

const PLAIN: Shape = Shape {
    objects: 20_000,
    snapshots: 10,
    referents: 0,
};
const DETAILED: Shape = Shape {
    objects: 4_000,
    snapshots: 10,
    referents: 6,
};

fn main() {
    divan::main();
}

#[divan::bench(args = [&PLAIN, &DETAILED])]
fn load(bencher: Bencher<'_, '_>, shape: &Shape) {
    let bytes = dump::write(shape);
    bencher
        .counter(BytesCount::new(bytes.len()))
        .counter(ItemsCount::new(shape.objects))
        .bench(|| Dump::read(black_box(&bytes[..])).expect("it is a dump"));
}

/// The same dump without memo entries for instances, which has no shortcut: opcode by opcode.
#[divan::bench(args = [&PLAIN, &DETAILED])]
fn load_opcode_by_opcode(bencher: Bencher<'_, '_>, shape: &Shape) {
    let bytes = dump::write_unusual(shape);
    bencher
        .counter(BytesCount::new(bytes.len()))
        .counter(ItemsCount::new(shape.objects))
        .bench(|| Dump::read(black_box(&bytes[..])).expect("it is a dump"));
}

#[divan::bench]
fn sizes(bencher: Bencher<'_, '_>) {
    let dump = Dump::read(&dump::write(&PLAIN)[..]).expect("it is a dump");
    bencher
        .counter(ItemsCount::new(PLAIN.objects))
        .bench(|| Sizes::of(black_box(&dump), Rules::Documented));
}

#[divan::bench(args = ["default", "size", "repr", "size, first 20"])]
fn select(bencher: Bencher<'_, '_>, order: &str) {
    let dump = Dump::read(&dump::write(&PLAIN)[..]).expect("it is a dump");
    let mut selection = Selection::default();
    match order {
        "size" => selection.sort = vec![SortKey::Size],
        "repr" => selection.sort = vec![SortKey::Repr],
        "size, first 20" => {
            selection.sort = vec![SortKey::Size];
            selection.limit = Some(Limit::Count(20));
        }
        _ => {}
    }
    bencher
        .counter(ItemsCount::new(PLAIN.objects))
        .bench(|| black_box(&selection).select(black_box(&dump)));
}

#[divan::bench]
fn summarise(bencher: Bencher<'_, '_>) {
    let dump = Dump::read(&dump::write(&PLAIN)[..]).expect("it is a dump");
    bencher.counter(ItemsCount::new(PLAIN.objects)).bench(|| {
        let summary = Summary::of(&dump, SummaryOptions::default()).expect("nothing is asked for");
        summary.each(|snapshot| -> Result<(), ()> {
            black_box(snapshot);
            Ok(())
        })
    });
}

#[divan::bench(args = [&PLAIN, &DETAILED])]
fn print_as_pympler(bencher: Bencher<'_, '_>, shape: &Shape) {
    let dump = Dump::read(&dump::write(shape)[..]).expect("it is a dump");
    let selected = Selection {
        rules: Rules::Pympler,
        ..Selection::default()
    }
    .select(&dump)
    .expect("it is in memory");
    bencher
        .counter(ItemsCount::new(shape.objects))
        .bench(|| pympler::Writer::new(std::io::sink(), false).objects(&selected));
}
