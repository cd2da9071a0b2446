//! The `pympler` form against what real Pympler 1.1 printed (`fixtures/oracle/`, made by
//! `fixtures/generate.py`), byte for byte.

mod common;

use std::fs;

use common::{ctstats, fixture, fixtures};

/// A call and what Pympler printed for it.
struct Section {
    arguments: Vec<String>,
    text: Vec<u8>,
}

/// Takes a file of sections apart: `### ctstats ARGUMENTS (N bytes)`, then N bytes.
fn sections(mut file: &[u8]) -> Vec<Section> {
    let mut sections = Vec::new();
    while !file.is_empty() {
        let end = file
            .iter()
            .position(|&b| b == b'\n')
            .expect("a heading ends");
        let heading = str::from_utf8(&file[..end]).expect("a heading is text");
        let call = heading
            .strip_prefix("### ctstats ")
            .expect("a section has a heading");
        let (arguments, length) = call.rsplit_once(" (").expect("a heading has a length");
        let length = length
            .strip_suffix(" bytes)")
            .expect("a length is in bytes");
        let length: usize = length.parse().expect("a length is a number");
        let text = file[end + 1..end + 1 + length].to_vec();
        sections.push(Section {
            arguments: arguments.split(' ').map(String::from).collect(),
            text,
        });
        file = &file[end + 1 + length..];
    }
    sections
}

/// Checks every section of the dump's oracle; the failures.
fn failures(dump: &std::path::Path) -> Vec<String> {
    let stem = dump
        .file_stem()
        .expect("it has a name")
        .to_string_lossy()
        .into_owned();
    let Ok(oracle) = fs::read(fixture("oracle").join(format!("{stem}.txt"))) else {
        return Vec::new();
    };
    let mut failures = Vec::new();
    for section in sections(&oracle) {
        let output = ctstats()
            .args(&section.arguments)
            .args(["--format", "pympler"])
            .arg(dump)
            .output()
            .expect("the binary starts");
        if !output.status.success() || output.stdout != section.text {
            failures.push(format!("{stem}: {}", section.arguments.join(" ")));
        }
    }
    failures
}

fn check(folder: &str, at_least: usize) {
    let dumps: Vec<_> = fixtures(folder)
        .into_iter()
        .filter(|p| p.extension().is_some_and(|e| e == "dump"))
        .collect();
    assert!(dumps.len() >= at_least, "{folder} lost fixtures");
    let failures: Vec<_> = dumps.iter().flat_map(|dump| failures(dump)).collect();
    assert!(
        failures.is_empty(),
        "differ from Pympler 1.1:\n{}",
        failures.join("\n")
    );
}

#[test]
fn real_dumps_print_as_in_pympler() {
    check("dumps", 84);
}

/// The edges of units, times, percentages, ties, missing and odd attributes.
#[test]
fn edited_dumps_print_as_in_pympler() {
    check("edited", 29);
}

#[test]
fn the_demonstration_prints_as_in_pympler() {
    check(".", 1);
}

/// Other picklers and protocols say the same in other opcodes: `BASE.HOW.dump` prints
/// what `BASE.dump` prints, wherever that one stands.
#[test]
fn variants_print_as_their_originals() {
    let print = |dump: &std::path::Path, command: &str| {
        let output = ctstats()
            .args([command, "--format", "pympler"])
            .arg(dump)
            .output()
            .expect("the binary starts");
        (output.status.code(), output.stdout)
    };
    let mut checked = 0;
    let mut failures = Vec::new();
    for variant in fixtures("variants") {
        let name = variant
            .file_name()
            .expect("it has a name")
            .to_string_lossy()
            .into_owned();
        let base = name
            .trim_end_matches(".dump")
            .rsplit_once('.')
            .expect("it names its base")
            .0;
        let original = ["dumps", "edited"]
            .iter()
            .map(|folder| fixture(folder).join(format!("{base}.dump")))
            .find(|path| path.exists());
        // These hold other data than any original, or data that no pickler wrote.
        let Some(original) = original.filter(|_| !name.contains("sharedmemo")) else {
            continue;
        };
        for command in ["print", "summary"] {
            if print(&variant, command) != print(&original, command) {
                failures.push(format!("{name}: {command}"));
            }
        }
        checked += 1;
    }
    assert!(checked > 100, "only {checked} variants were checked");
    assert!(
        failures.is_empty(),
        "differ from their originals:\n{}",
        failures.join("\n")
    );
}
