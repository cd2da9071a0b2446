//! Odd dumps: what picklers write seldom or never. Looking ahead must change nothing of them.
//!
//! A dump is described by [`Part`]s, which a [`Writer`] turns into a pickle. Descriptions are drawn
//! at random, and those that are known for a defect stand in the fixed cases. Nothing here knows
//! what a dump should come to: one thread tells what is expected.

mod draw;
mod part;
mod writer;

use std::cell::Cell;

use proptest::test_runner::{Config, TestRunner};

use super::tests::{How, assert_same, loaded};
use crate::format::Damage;
use draw::{apply, odd_dump};
use part::{Object, Part, Place};
use writer::Writer;

/// So many dumps are drawn, unless `PROPTEST_CASES` says otherwise. They take 10 s in a debug build.
const CASES: u32 = 150;

/// Compares in blocks of several sizes; how many bytes of how many were taken.
fn compare(bytes: &[u8], name: &str) -> u64 {
    let sizes = || [700, 6000, 1 << 16].map(How::Looking);
    assert_same(bytes, Damage::Salvage, sizes(), name);
    assert_same(bytes, Damage::Refuse, sizes(), name)
}

#[test]
fn looking_ahead_changes_nothing_of_odd_dumps() {
    let drawn = Config::default();
    let cases = match std::env::var_os("PROPTEST_CASES") {
        Some(_) => drawn.cases,
        None => CASES,
    };
    let mut runner = TestRunner::new(Config {
        cases,
        source_file: Some(file!()),
        ..drawn
    });
    let (all, taken, number) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let outcome = runner.run(&odd_dump(), |(parts, change)| {
        let mut bytes = Writer::dump(&parts);
        if let Some(change) = &change {
            apply(change, &mut bytes);
        }
        taken.set(taken.get() + compare(&bytes, "with blocks"));
        all.set(all.get() + bytes.len() as u64);
        number.set(number.get() + 1);
        if number.get() % 10 == 0 {
            assert_same(&bytes, Damage::Refuse, [How::Threads(3)], "with threads");
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    // It is not the one way that is compared with itself.
    let (all, taken) = (all.get(), taken.get());
    assert!(taken > all / 8, "{taken} of {all} bytes were taken");
}

#[test]
fn looking_ahead_changes_nothing_of_what_was_once_a_defect() {
    let without = Object::without_samples;
    let usual = Object::usual;
    let behind_false_objects = vec![usual().times(20), Part::Bytes(4000), without().times(30)];
    let cases = [
        (
            "objects without samples",
            vec![Part::Objects {
                of: vec![usual(), without(), usual()],
                times: 100,
            }],
        ),
        (
            "objects without samples behind what looks like objects with some",
            vec![behind_false_objects; 10].concat(),
        ),
        (
            // One thread has as many others before them, and keeps them side by side.
            "many equal entries of the memo behind many others",
            vec![
                usual().times(6000),
                Part::Memoize(140_000),
                usual().times(300),
            ],
        ),
        (
            "an entry stored again behind objects",
            vec![
                usual().times(300),
                Part::Put(Place::Used(0)),
                usual().times(300),
            ],
        ),
    ];
    for (name, parts) in cases {
        let taken = compare(&Writer::dump(&parts), name);
        assert!(taken > 10_000, "{name}: {taken}");
    }
}

/// How much memory is refused, and where, depends on all that was allocated before.
#[test]
fn looking_ahead_changes_nothing_of_what_is_refused() {
    let usual = Object::usual;
    let nones = Part::Nones(2_200_000);
    let cases = [
        (
            "many values on the stack",
            vec![Object::small().times(5000), nones.clone()],
        ),
        (
            "equal entries of the memo, of which one was stored again before",
            vec![
                usual().times(300),
                Part::Put(Place::Used(0)),
                Part::Memoize(200_000),
                nones.clone(),
            ],
        ),
        (
            "many equal entries of the memo",
            vec![usual().times(300), Part::Memoize(200_000), nones],
        ),
    ];
    for (name, parts) in cases {
        let bytes = Writer::dump(&parts);
        let (alone, _) = loaded(&bytes, Damage::Refuse, How::Alone);
        let (ahead, taken) = loaded(&bytes, Damage::Refuse, How::Looking(1 << 16));
        let reason = alone.expect_err(name);
        assert!(reason.contains("bytes of memory"), "{name}: {reason}");
        assert_eq!(ahead.expect_err(name), reason, "{name}");
        assert!(taken > 10_000, "{name}: {taken}");
    }
}
