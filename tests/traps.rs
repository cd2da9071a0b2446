//! Traps of recordings. `fixtures/traps.py` records a dump for each: what `info` and `leaks` say of
//! it is in `tests/expected/traps-NAME.txt`.

mod common;

use std::collections::BTreeSet;

use common::{expect, fixture, run};
use ctstats::analysis::traps::Trap;
use ctstats::{Dump, DumpFile};
use serde_json::Value;

/// The dumps, without the one that shows no trap. Each is named after the trap that it shows, but
/// for snapshots that stop for two reasons.
const NAMES: [&str; 15] = [
    "born_after_last_snapshot",
    "burst",
    "clock_set_back",
    "clock_set_forward",
    "few_snapshots",
    "heavy_tracker",
    "measured_before_birth",
    "no_asizeof_total",
    "no_objects",
    "no_referents",
    "no_traces",
    "nothing_tracked",
    "older_than_first_snapshot",
    "snapshots_end_early",
    "snapshots_stop",
];

fn path(name: &str) -> String {
    format!("fixtures/traps/{name}.dump.gz")
}

fn printed(line: &str) -> String {
    let output = run(line);
    assert_eq!(output.status.code(), Some(0), "{line}");
    String::from_utf8(output.stdout).expect("it is UTF-8")
}

/// The traps in a JSON document.
fn traps(line: &str) -> Vec<Value> {
    let document: Value = serde_json::from_str(&printed(line)).expect("it is JSON");
    document["traps"]
        .as_array()
        .expect("it has a list of traps")
        .clone()
}

fn codes(traps: &[Value]) -> Vec<String> {
    let code = |trap: &Value| trap["code"].as_str().expect("it has a code").to_owned();
    traps.iter().map(code).collect()
}

/// The part of a report of `leaks` that tells of traps, up to the next heading.
fn section(report: &str) -> Option<&str> {
    let start = report.find("Traps of this recording")?;
    let section = &report[start..];
    let end = section.find("\nWhat this data").unwrap_or(section.len());
    Some(&section[..end])
}

#[test]
fn each_trap_is_told() {
    let mut failures = Vec::new();
    for name in NAMES.into_iter().chain(["none"]) {
        let dump = path(name);
        let info = format!("info {dump} --width 100");
        let json = format!("info {dump} --format json");
        let mut outcome = format!(
            "$ ctstats {info}\n{}\n$ ctstats {json} | jq .traps[]\n",
            printed(&info)
        );
        let found = traps(&json);
        for trap in &found {
            outcome += &format!("{trap}\n");
        }
        outcome += "\n$ ctstats leaks, the traps of its text and of its Markdown\n";
        for format in ["table --width 100", "markdown"] {
            let told = printed(&format!("leaks {dump} --format {format}"));
            outcome += section(&told).unwrap_or("none\n");
        }
        failures.extend(expect(&format!("traps-{name}.txt"), &outcome).err());
        assert_eq!(
            traps(&format!("leaks {dump} --format json")),
            found,
            "{name}"
        );
        let code = match name {
            "snapshots_end_early" => "snapshots_stop",
            name => name,
        };
        let codes = codes(&found);
        if name == "none" {
            assert!(codes.is_empty(), "{codes:?}");
            continue;
        }
        // Pympler's periodic snapshots have no total.
        let others = codes.iter().filter(|other| *other != code);
        let others: Vec<&String> = others.collect();
        assert_eq!(others.len() + 1, codes.len(), "{name}: {codes:?}");
        let is_periodic = name == "snapshots_stop";
        assert!(
            others.is_empty() || (is_periodic && others == ["no_asizeof_total"]),
            "{name}: {codes:?}"
        );
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Recordings that lack nothing.
#[test]
fn good_recordings_have_no_trap() {
    for dump in ["fixtures/leaky_shop.dump", "fixtures/shop.dump"] {
        for command in ["info", "leaks"] {
            let found = traps(&format!("{command} {dump} --format json"));
            assert!(found.is_empty(), "{command} {dump}: {found:?}");
        }
        assert_eq!(section(&printed(&format!("leaks {dump}"))), None);
    }
}

/// A native file says the same as the pickle that it was made of.
#[test]
fn native_files_show_the_same_traps() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let native = folder.path().join("dump.bin");
    let mut codes = BTreeSet::new();
    for name in NAMES {
        let dump = Dump::load(fixture(&format!("traps/{name}.dump.gz"))).expect("it is a dump");
        dump.dump_stats(&native).expect("it can be written");
        let file = DumpFile::open(&native).expect("it is a dump");
        let of_dump = Trap::all(&dump).expect("it is in memory");
        assert_eq!(Trap::all(&file).expect("it can be read"), of_dump, "{name}");
        codes.insert(format!("{of_dump:?}"));
    }
    assert_eq!(codes.len(), NAMES.len());
}
