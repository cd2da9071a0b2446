//! The rows of "Where Pympler differs from its documentation": what ctstats does, and
//! that the `pympler` form does as Pympler.

mod common;

use common::run;
use serde_json::Value;

/// The objects that a command line prints, as JSON.
fn objects(line: &str) -> Vec<Value> {
    let output = run(&format!("{line} --format json"));
    assert!(output.status.success(), "{line}");
    let document: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    document["objects"].as_array().expect("a list").clone()
}

fn snapshots(line: &str) -> Vec<Value> {
    let output = run(&format!("{line} --format json"));
    assert!(output.status.success(), "{line}");
    let document: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    document["snapshots"].as_array().expect("a list").clone()
}

fn text(line: &str) -> String {
    String::from_utf8_lossy(&run(line).stdout).into_owned()
}

/// tracked_total is 500, 100, 300, 0: the largest snapshot is the first, Pympler takes the
/// last positive one.
#[test]
fn tsize_is_the_size_in_the_largest_snapshot() {
    const DUMP: &str = "fixtures/edited/edit-tmax_last.dump";
    let mut differs = false;
    for object in objects(&format!("print {DUMP}")) {
        let samples = object["samples"].as_array().expect("a list");
        let at = |snapshot: u64| {
            let found = samples.iter().find(|sample| sample["snapshot"] == snapshot);
            found.map_or(Value::from(0), |sample| sample["size_bytes"].clone())
        };
        assert_eq!(object["peak_size_bytes"], at(0));
        differs |= at(0) != at(2);
    }
    assert!(differs, "the fixture tells nothing");
}

#[test]
fn without_a_limit_everything_is_printed() {
    const DUMP: &str = "fixtures/shop.dump";
    assert_eq!(objects(&format!("print {DUMP}")).len(), 44);
    assert_eq!(objects(&format!("print {DUMP} --limit 1.0")).len(), 44);
    assert_eq!(objects(&format!("print {DUMP} --limit 100%")).len(), 44);
    assert_eq!(objects(&format!("print {DUMP} --limit 1")).len(), 1);
    let heads = |line: &str| {
        text(line)
            .lines()
            .filter(|l| l.starts_with("shop."))
            .count()
    };
    assert_eq!(heads(&format!("print {DUMP} --format pympler")), 44);
    assert_eq!(
        heads(&format!("print {DUMP} --format pympler --limit 1.0")),
        1
    );
}

#[test]
fn a_fraction_is_of_all_objects_and_the_filter_comes_first() {
    // A quarter of 44 objects are 11, of which 8 products are not cut.
    assert_eq!(
        objects("print fixtures/shop.dump --class Product --limit 0.25").len(),
        8
    );
    assert_eq!(
        objects("print fixtures/shop.dump --class Product --limit 0.1").len(),
        4
    );
    assert_eq!(objects("print fixtures/shop.dump --limit 0.0001").len(), 1);
}

#[test]
fn those_alive_come_after_all_that_died() {
    for reverse in [false, true] {
        let flag = if reverse { "--reverse" } else { "" };
        let mut alive: Vec<bool> =
            objects(&format!("print fixtures/shop.dump --sort death {flag}"))
                .iter()
                .map(|object| object["alive"] == true)
                .collect();
        if reverse {
            alive.reverse();
        }
        assert!(alive.is_sorted() && alive.contains(&true) && alive.contains(&false));
    }
}

#[test]
fn reverse_alone_reverses_the_default_order() {
    let order = |flag: &str| {
        objects(&format!("print fixtures/shop.dump {flag}"))
            .iter()
            .map(|object| (object["address"].clone(), object["birth_seconds"].clone()))
            .collect::<Vec<_>>()
    };
    let mut reversed = order("--reverse");
    reversed.reverse();
    assert_eq!(order(""), reversed);
}

/// An object that died goes on being sampled, with the size of None.
#[test]
fn samples_after_death_do_not_count() {
    const DUMP: &str = "fixtures/dumps/bank-1.1-py311.dump";
    for object in objects(&format!("print {DUMP}")) {
        let Some(death) = object["death_seconds"].as_f64() else {
            continue;
        };
        for sample in object["samples"].as_array().expect("a list") {
            assert!(sample["time_seconds"].as_f64().expect("a number") <= death);
        }
    }
    // Pympler counts a phantom of 16 bytes at the snapshot "archived".
    let sum = |snapshot: &Value| snapshot["total"]["sum_bytes"].as_i64().expect("a number");
    let tracked = |snapshot: &Value| snapshot["tracked_total_bytes"].as_i64().expect("a number");
    let archived = &snapshots(&format!("summary {DUMP} --snapshot archived"))[0];
    assert_eq!(tracked(archived) - sum(archived), 16);
}

/// A death at 0.0 is a death, though it is falsy in Python.
#[test]
fn a_death_at_zero_is_a_death() {
    const DUMP: &str = "fixtures/edited/edit-death_zero.dump";
    let dead: Vec<_> = objects(&format!("print {DUMP} --dead"))
        .into_iter()
        .filter(|object| object["death_seconds"] == 0.0)
        .collect();
    assert!(!dead.is_empty(), "the fixture tells nothing");
    assert!(text(&format!("print {DUMP} --dead --brief")).contains("– 0ms"));
    // Pympler shows its address all the same, and that it was finalized.
    let pympler = text(&format!("print {DUMP} --dead --format pympler"));
    let address = dead[0]["address"].as_str().expect("a text");
    assert!(
        pympler.contains(address) && pympler.contains("00:00:00.00                    finalize")
    );
}

/// Referents up to 0.1 % of the object are left out of the table, at every level.
#[test]
fn thresholds_apply_at_each_level() {
    const DUMP: &str = "fixtures/dumps/tree-deep-1.1-py311.dump";
    let mut levels = 0;
    for object in objects(&format!("print {DUMP}")) {
        for sample in object["samples"].as_array().expect("a list") {
            let total = sample["size_bytes"].as_f64().expect("a number");
            for referent in sample["referents"].as_array().expect("a list") {
                let size = referent["size_bytes"].as_f64().expect("a number");
                let share = referent["share_percent"].as_f64().expect("a number");
                assert!((share - size * 100.0 / total).abs() < 1e-9);
                levels = levels.max(referent["level"].as_u64().expect("a number"));
            }
        }
    }
    assert!(levels > 3, "the fixture tells nothing");
    let table = text(&format!("print {DUMP}"));
    assert!(!table.contains("  0.0 %") && !table.contains("<0.1 %"));
}

/// Pympler has no PB and calls a pebibyte an EB.
#[test]
fn there_are_pebibytes() {
    const DUMP: &str = "fixtures/edited/edit-sizes_units.dump";
    let table = text(&format!("print {DUMP}"));
    assert!(
        table.contains(" TiB") && table.contains("1.0 PiB"),
        "{table}"
    );
    assert!(text(&format!("print {DUMP} --format pympler")).contains("   1.00 EB"));
}

/// Figures that Pympler had cached in the dump, even edited ones, are computed anew.
#[test]
fn cached_annotations_are_never_trusted() {
    const DUMP: &str = "fixtures/edited/edit-classes_edited.dump";
    let ours = snapshots(&format!("summary {DUMP}"));
    let base = snapshots("summary fixtures/dumps/bank-small-1.1-py311.dump");
    assert_eq!(ours, base);
    assert_ne!(
        text(&format!("summary {DUMP} --format pympler")),
        text("summary fixtures/dumps/bank-small-1.1-py311.dump --format pympler")
    );
}

/// Where an annotation lacks a class, Pympler raises KeyError.
#[test]
fn a_class_missing_from_an_annotation_is_computed() {
    assert_eq!(
        text("summary fixtures/edited/edit-classes_empty.dump --format pympler"),
        text("summary fixtures/dumps/bank-small-1.1-py311.dump --format pympler")
    );
}

#[test]
fn an_asizeof_total_of_zero_was_not_computed() {
    let snapshots = snapshots("summary fixtures/shop.dump");
    assert!(snapshots[0]["asizeof_total_bytes"].is_number());
    assert!(snapshots[1]["asizeof_total_bytes"].is_null());
    let table = text("summary fixtures/shop.dump");
    assert!(table.contains("asizeof –,") && table.contains("asizeof –: not computed"));
    assert!(text("summary fixtures/shop.dump --format pympler").contains("active      0     B"));
}

/// Born at a snapshot or dead at one: neither is active in it.
#[test]
fn active_is_strictly_between_birth_and_death() {
    const DUMP: &str = "fixtures/edited/edit-active_edges.dump";
    let objects = objects(&format!("print {DUMP}"));
    for snapshot in snapshots(&format!("summary {DUMP}")) {
        let time = snapshot["timestamp_seconds"].as_f64().expect("a number");
        let active = objects.iter().filter(|object| {
            object["birth_seconds"].as_f64().expect("a number") < time
                && object["death_seconds"]
                    .as_f64()
                    .is_none_or(|death| death > time)
        });
        assert_eq!(snapshot["total"]["active"], active.count());
    }
}

/// Of several samples at one timestamp the last counts.
#[test]
fn the_last_sample_of_a_moment_counts() {
    const DUMP: &str = "fixtures/edited/edit-dup_entry_ts.dump";
    let objects = objects(&format!("print {DUMP}"));
    for snapshot in snapshots(&format!("summary {DUMP}")) {
        let sum: i64 = objects
            .iter()
            .filter_map(|object| {
                let samples = object["samples"].as_array().expect("a list");
                let same =
                    |sample: &&Value| sample["time_seconds"] == snapshot["timestamp_seconds"];
                samples.iter().rfind(same)?["size_bytes"].as_i64()
            })
            .sum();
        assert_eq!(snapshot["total"]["sum_bytes"], sum);
    }
}

/// 2⁵¹ bytes and more, negative sizes, addresses of 100 bits: nothing overflows.
#[test]
fn odd_numbers_are_numbers() {
    let addresses: Vec<_> = objects("print fixtures/edited/edit-ids.dump")
        .iter()
        .map(|object| object["address"].as_str().expect("a text").to_owned())
        .collect();
    assert!(
        addresses.contains(&"0x10000000000000000000000000".to_owned()),
        "{addresses:?}"
    );
    assert!(
        addresses.iter().any(|address| address.starts_with('-')),
        "{addresses:?}"
    );
    assert!(
        run("print fixtures/edited/edit-sizes_negative.dump")
            .status
            .success()
    );
    assert!(
        run("summary fixtures/edited/edit-size_over_eb.dump")
            .status
            .success()
    );
}
