//! Commands about one dump that are asked about several: whatever the form, the report on each is the
//! one that the command writes of it alone.
#![cfg(feature = "cli")]

mod common;

use std::fs;
use std::path::Path;

use common::{ctstats, fixture, run};
use serde_json::Value;

const DUMPS: [&str; 4] = [
    "fixtures/shop.dump",
    "fixtures/leaky_shop.dump",
    "fixtures/checkpoint_early.dump",
    "fixtures/checkpoint_late.dump",
];

const COMMANDS: [&str; 7] = [
    "summary --snapshot last",
    "summary --trend --limit 2",
    "summary --lifetimes",
    "sites --limit 3",
    "sites --by file",
    "leaks",
    "leaks --class Cart --limit 1",
];

/// What a line prints, if it goes well.
fn printed(line: &str) -> String {
    let output = run(line);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{line}: {error}");
    String::from_utf8(output.stdout).expect("it is UTF-8")
}

/// The reports on each as one, made of what each is alone.
fn joined(form: &str, reports: &[(String, String)]) -> String {
    let mut all = String::new();
    for (number, (name, report)) in reports.iter().enumerate() {
        let blank = if number == 0 { "" } else { "\n" };
        match form {
            "table" | "pympler" => all += &format!("{blank}==> {name} <==\n{report}"),
            "markdown" => all += &format!("{blank}## {}\n\n{report}", name.replace('_', "\\_")),
            "ndjson" => {
                for line in report.lines() {
                    all += &format!("{{\"dump\":\"{name}\",{}\n", &line[1..]);
                }
            }
            "csv" => {
                for (place, line) in report.lines().enumerate() {
                    match place {
                        0 if number > 0 => {}
                        0 => all += &format!("dump,{line}\r\n"),
                        _ => all += &format!("{name},{line}\r\n"),
                    }
                }
            }
            _ => unreachable!("{form} is none of the forms"),
        }
    }
    all
}

#[test]
fn each_report_is_that_of_the_dump_alone() {
    for command in COMMANDS {
        for form in ["table", "markdown", "pympler", "ndjson", "csv"] {
            if form == "pympler" && command != COMMANDS[0] {
                continue;
            }
            let reports = DUMPS.map(|dump| {
                let report = printed(&format!("{command} {dump} --format {form}"));
                assert!(!report.is_empty() || form == "ndjson", "{command} {dump}");
                (dump.to_owned(), report)
            });
            for threads in [1, 3] {
                let all = format!(
                    "{command} {} --format {form} --threads {threads}",
                    DUMPS.join(" ")
                );
                assert_eq!(printed(&all), joined(form, &reports), "{all}");
            }
        }
    }
}

#[test]
fn a_document_has_the_document_of_each() {
    let parsed = |line: &str| -> Value {
        serde_json::from_str(&printed(&format!("{line} --format json"))).expect("it is JSON")
    };
    for command in COMMANDS {
        let all = parsed(&format!("{command} {}", DUMPS.join(" ")));
        assert_eq!(all["schema"], "ctstats.reports/1");
        assert_eq!(all["failed"], Value::Array(Vec::new()));
        let reports = all["reports"].as_array().expect("it is a list");
        assert_eq!(reports.len(), DUMPS.len());
        for (report, dump) in reports.iter().zip(DUMPS) {
            assert_eq!(report["dump"], dump);
            assert_eq!(report["report"], parsed(&format!("{command} {dump}")));
        }
    }
}

/// Each is compared with the one before it. Rows of dumps of different processes have no births and
/// deaths, but the columns.
#[test]
fn comparisons_are_those_of_two() {
    let [_, _, early, late] = DUMPS;
    let dumps = [early, late, DUMPS[0], late];
    let pairs: Vec<[&str; 2]> = dumps.windows(2).map(|pair| [pair[0], pair[1]]).collect();
    let all = dumps.join(" ");
    for form in ["table", "markdown", "ndjson", "csv"] {
        let together = printed(&format!("diff {all} --format {form} --referents"));
        let mut last = 0;
        for [old, new] in &pairs {
            let alone = printed(&format!("diff {old} {new} --format {form} --referents"));
            for line in alone.lines().skip(usize::from(form == "csv")) {
                let line = match form {
                    "csv" => format!("{old},{new},{line}"),
                    "ndjson" => {
                        let rest = &line[1..];
                        format!("{{\"dump_before\":\"{old}\",\"dump_after\":\"{new}\",{rest}")
                    }
                    _ => line.to_owned(),
                };
                let found = together[last..].find(&line);
                let found = found.unwrap_or_else(|| panic!("{form} {old} {new}: {line}"));
                last += found;
            }
        }
    }
    let csv = printed(&format!("diff {all} --format csv"));
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    let names = rows.headers().expect("there is a header").clone();
    assert_eq!(names.get(names.len() - 3), Some("born"));
    for row in rows.records() {
        let row = row.expect("each row has as many fields as the header");
        let is_one_process = &row[0] == early;
        assert_eq!(row[names.len() - 1].is_empty(), !is_one_process, "{row:?}");
    }
    let document = printed(&format!("diff {all} --format json"));
    let document: Value = serde_json::from_str(&document).expect("it is JSON");
    for (report, [old, new]) in document["reports"].as_array().unwrap().iter().zip(pairs) {
        assert_eq!(report["dump_before"], old);
        let alone = printed(&format!("diff {old} {new} --format json"));
        let alone: Value = serde_json::from_str(&alone).expect("it is JSON");
        assert_eq!(report["report"], alone);
    }
}

/// Folders, patterns and lists are the files that they name, in the order of names, or of the list.
#[test]
fn folders_patterns_and_lists() {
    let folder = tempfile::tempdir().expect("it can be made");
    let root = folder.path();
    let copy = |from: &str, to: &str| {
        fs::copy(fixture(from), root.join(to)).expect("it can be copied");
    };
    fs::create_dir(root.join("d")).expect("it can be made");
    copy("shop.dump", "d/w10.dat");
    copy("leaky_shop.dump", "d/w9.dat");
    // A copy is a dump like any other: nothing is added up.
    copy("shop.dump", "d/w11.dat");
    fs::write(root.join("d/notes.txt"), "no dump").expect("it can be written");
    fs::write(root.join("names"), "d/w11.dat\nd/w9.dat\n").expect("it can be written");
    let run = |line: &str| {
        let mut command = ctstats();
        command.current_dir(root).args(line.split_whitespace());
        let output = command.output().expect("the binary starts");
        let text = |bytes| String::from_utf8(bytes).expect("it is UTF-8");
        (text(output.stdout), text(output.stderr))
    };
    let named = run("summary --trend d/w9.dat d/w10.dat d/w11.dat").0;
    assert_eq!(named.matches("==> ").count(), 3);
    let (of_folder, remarks) = run("summary --trend d");
    assert_eq!(of_folder, named);
    assert!(remarks.contains("1 file is no dump"), "{remarks}");
    assert_eq!(run("summary --trend d/*.dat").0, named);
    let of_list = run("summary --trend @names").0;
    assert_eq!(of_list, run("summary --trend d/w11.dat d/w9.dat").0);
    // A folder with one dump, too, so that its form does not depend on how many there are.
    fs::remove_file(root.join("d/w9.dat")).expect("it can be removed");
    fs::remove_file(root.join("d/w11.dat")).expect("it can be removed");
    let alone = run("summary --trend d/w10.dat").0;
    let of_folder = run("summary --trend d").0;
    assert_eq!(of_folder, format!("==> d/w10.dat <==\n{alone}"));
}

/// A dump that cannot be read costs the others nothing, and the report replaces a file whole.
#[test]
fn a_report_of_the_others_is_written() {
    let folder = tempfile::tempdir().expect("it can be made");
    let out = folder.path().join("report.txt");
    let write = |dumps: &str, more: &[&str]| {
        let mut command = ctstats();
        command.arg("leaks").args(dumps.split(' ')).args(more);
        command.arg("-o").arg(&out);
        command.status().expect("the binary starts").code()
    };
    let dumps = format!("{} fixtures/nowhere.dump {}", DUMPS[0], DUMPS[1]);
    assert_eq!(write(&dumps, &[]), Some(1));
    let text = fs::read_to_string(&out).expect("it was written");
    let (first, second) = (printed(&format!("leaks {}", DUMPS[0])), DUMPS[1]);
    let expected = format!("==> {} <==\n{first}\n==> {second} <==\n", DUMPS[0]);
    assert!(text.starts_with(&expected), "{text}");
    assert_eq!(write(&dumps, &["--keep-going"]), Some(0));
    assert_eq!(fs::read_to_string(&out).expect("it was written"), text);
    // Without any report the file stays.
    let none = "fixtures/nowhere.dump fixtures/invalid/trunc-b0-002080.bin";
    assert_eq!(write(none, &["--keep-going"]), Some(1));
    assert_eq!(fs::read_to_string(&out).expect("it is there"), text);
    // No report replaces a dump that is read.
    let dump = folder.path().join("a.dump");
    fs::copy(Path::new(DUMPS[0]), &dump).expect("it can be copied");
    let mut command = ctstats();
    command
        .arg("leaks")
        .arg(DUMPS[1])
        .arg(&dump)
        .arg("-o")
        .arg(&dump);
    let output = command.output().expect("the binary starts");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(fs::read(&dump).ok(), fs::read(DUMPS[0]).ok());
}
