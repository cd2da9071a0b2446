//! Tables have the figures that the command prints: each is held against the JSON of `print`,
//! `summary` and `sites`, which are written by other code.

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::{ctstats, fixture, fixtures};
use ctstats::select::Filter;
use ctstats::tables::{BATCH_ROWS, Kind, Table, Values};
use ctstats::{DumpFile, Error};
use serde_json::{Value, json};

/// A row by the names of its columns.
type Row = BTreeMap<&'static str, Value>;

/// A number as serde_json reads it, which may be off in the last digit.
fn as_parsed(value: f64) -> Value {
    serde_json::from_str(&json!(value).to_string()).expect("it is JSON")
}

/// All rows of a table, with the times as they were recorded, which `print` shows.
fn rows(table: Table, path: &Path, filter: &Filter) -> Vec<Row> {
    rows_of(DumpFile::open(path).expect("it is a dump"), table, filter)
}

/// The same with the times in order, which `summary` and `sites` tell.
fn rows_in_order(table: Table, path: &Path, filter: &Filter) -> Vec<Row> {
    let dump = DumpFile::open(path).and_then(DumpFile::in_order);
    rows_of(dump.expect("it is a dump"), table, filter)
}

fn rows_of(dump: DumpFile, table: Table, filter: &Filter) -> Vec<Row> {
    let mut rows = Vec::new();
    let read = table.each(&dump, filter, |batch| -> Result<(), Error> {
        assert!(batch.rows > 0 && batch.rows < 3 * BATCH_ROWS);
        for at in 0..batch.rows {
            let columns = batch.columns.iter().zip(table.columns());
            let row = columns.map(|(column, schema)| {
                let is_present = column.present.as_ref().is_none_or(|present| present[at]);
                assert_eq!(
                    column.present.is_some(),
                    schema.is_nullable,
                    "{}",
                    schema.name
                );
                let value = match (&column.values, schema.kind) {
                    (Values::Integers(values), Kind::Integer) => json!(values[at]),
                    (Values::Floats(values), Kind::Float) => as_parsed(values[at]),
                    (Values::Booleans(values), Kind::Boolean) => json!(values[at]),
                    (Values::Texts(texts), Kind::Text) => json!(texts.get(at)),
                    (Values::Names { keys, names }, Kind::Name) if is_present => {
                        json!(names.get(keys[at] as usize))
                    }
                    (Values::Names { .. }, Kind::Name) => Value::Null,
                    (_, kind) => panic!("{} is not {kind:?}", schema.name),
                };
                (schema.name, if is_present { value } else { Value::Null })
            });
            rows.push(row.collect());
        }
        Ok(())
    });
    read.expect("the table can be read");
    rows
}

/// The lines that a command writes of a dump.
fn lines(command: &str, path: &Path, flags: &[&str]) -> Vec<Value> {
    let output = ctstats()
        .args([command, "--format", "ndjson"])
        .args(flags)
        .arg(path)
        .output();
    let output = output.expect("the binary starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("it is UTF-8");
    let lines = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("it is JSON"));
    lines.collect()
}

/// The dumps that are compared: pickles of many kinds, and the same as native files.
fn dumps() -> Vec<std::path::PathBuf> {
    let more = [
        "shop.dump",
        "leaky_shop.dump",
        "prices.dump",
        "markup.dump",
        "orders.dump",
    ];
    let more = more
        .iter()
        .chain(&["checkpoint_late.dump", "django.dump.gz", "registry.dump.gz"]);
    let mut dumps: Vec<_> = more.map(|name| fixture(name)).collect();
    dumps.extend(fixtures("dumps").into_iter().filter(|path| {
        let name = path.display().to_string();
        // Lines of megabytes.
        DumpFile::open(path).is_ok() && !name.contains("huge")
    }));
    dumps.extend(
        fixtures("native")
            .into_iter()
            .filter(|path| DumpFile::open(path).is_ok()),
    );
    dumps
}

/// Filters, and the flags that mean the same.
fn filters() -> Vec<(Filter, &'static [&'static str])> {
    let none = Filter::default;
    vec![
        (none(), &[]),
        (
            Filter {
                classes: vec!["Cart".into(), "o".into()],
                ..none()
            },
            &["--class", "Cart", "--class", "o"],
        ),
        (
            Filter {
                alive: Some(true),
                ..none()
            },
            &["--alive"],
        ),
        (
            Filter {
                alive: Some(false),
                min_size_bytes: Some(500),
                ..none()
            },
            &["--dead", "--min-size", "500"],
        ),
        (
            Filter {
                names: vec!["a".into()],
                reprs: vec!["<".into()],
                ..none()
            },
            &["--name", "a", "--repr", "<"],
        ),
    ]
}

/// Of the many small dumps all, and of the others what each filter leaves.
fn filters_for(path: &Path) -> Vec<(Filter, &'static [&'static str])> {
    let is_one_of_many = path.parent() != fixture("shop.dump").parent();
    let count = if is_one_of_many { 1 } else { usize::MAX };
    filters().into_iter().take(count).collect()
}

/// Whatever the order, the same rows. Numbers are compared as they are written.
fn assert_same(what: &str, mut ours: Vec<Value>, mut theirs: Vec<Value>) {
    let in_order = |rows: &mut Vec<Value>| rows.sort_by_cached_key(Value::to_string);
    in_order(&mut ours);
    in_order(&mut theirs);
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (our, their) in ours.iter().zip(&theirs) {
        assert_eq!(our, their, "{what}");
    }
}

fn pick(row: &Row, columns: &[&str]) -> Value {
    columns.iter().map(|&column| row[column].clone()).collect()
}

fn pick_line(line: &Value, fields: &[&str]) -> Value {
    fields.iter().map(|field| line[field].clone()).collect()
}

const SAMPLE: [&str; 4] = ["snapshot", "size_bytes", "flat_bytes", "change_bytes"];
const REFERENT: [&str; 5] = ["level", "name", "size_bytes", "flat_bytes", "share_percent"];

#[test]
fn objects_samples_and_referents_are_those_of_print() {
    let mut counts = [0; 3];
    for path in dumps() {
        for (filter, flags) in filters_for(&path) {
            let what = format!("{} {flags:?}", path.display());
            let lines = lines("print", &path, flags);
            let objects = rows(Table::Objects, &path, &filter);
            let fields = [
                "class",
                "name",
                "repr",
                "birth_seconds",
                "death_seconds",
                "alive",
                "size_bytes",
                "peak_size_bytes",
            ];
            let ours = objects.iter().map(|row| {
                let address = row["address"].as_i64().map(|address| {
                    let sign = if address < 0 { "-" } else { "" };
                    format!("{sign}0x{:x}", address.unsigned_abs())
                });
                let frame = pick(row, &["file", "line", "function"]);
                json!([pick(row, &fields), address, frame])
            });
            let mut traces = BTreeMap::new();
            let theirs = lines.iter().enumerate().map(|(place, line)| {
                let trace = match line["trace_as"]["object"].as_u64() {
                    Some(first) => traces[&(first as usize)],
                    None => &line["trace"],
                };
                traces.insert(place, trace);
                let frame = trace.as_array().and_then(|frames| frames.last());
                let frame = frame.map_or(json!([null, null, null]), |frame| {
                    let line = frame["line"].as_i64();
                    json!([frame["file"], line, frame["function"]])
                });
                let address = line["address"]
                    .as_str()
                    .filter(|address| address.len() < 19);
                json!([pick_line(line, &fields), address, frame])
            });
            // An endless trace is cut in JSON.
            if lines.iter().all(|line| line["frames_cut"] == 0) {
                assert_same(&what, ours.collect(), theirs.collect());
            }
            counts[0] += objects.len();

            let all = rows(Table::Samples, &path, &filter);
            let ours = all.iter().map(|row| {
                json!([
                    row["class"],
                    row["sample"],
                    row["time_seconds"],
                    pick(row, &SAMPLE)
                ])
            });
            let samples = |line: &Value| line["samples"].as_array().expect("a list").clone();
            let theirs = lines.iter().flat_map(|line| {
                let samples = samples(line).into_iter().enumerate();
                let class = line["class"].clone();
                samples.map(move |(place, of)| {
                    json!([class, place, of["time_seconds"], pick_line(&of, &SAMPLE)])
                })
            });
            assert_same(&what, ours.collect(), theirs.collect());
            counts[1] += all.len();

            let all = rows(Table::Referents, &path, &filter);
            let ours = all.iter().filter(|row| row["level"] != 0).map(|row| {
                json!([
                    row["class"],
                    row["sample"],
                    row["snapshot"],
                    row["referents_cut"],
                    row["referent"],
                    pick(row, &REFERENT)
                ])
            });
            let theirs = lines.iter().flat_map(|line| {
                let samples = samples(line).into_iter().enumerate();
                let class = line["class"].clone();
                samples.flat_map(move |(place, of)| {
                    let referents = of["referents"].as_array().expect("a list").clone();
                    let class = class.clone();
                    referents.into_iter().enumerate().map(move |(at, row)| {
                        json!([
                            class,
                            place,
                            of["snapshot"],
                            of["referents_cut"],
                            at,
                            pick_line(&row, &REFERENT)
                        ])
                    })
                })
            });
            assert_same(&what, ours.collect(), theirs.collect());
            counts[2] += all.len();
        }
    }
    assert!(counts.iter().all(|&count| count > 1000), "{counts:?}");
}

#[test]
fn snapshots_and_class_samples_are_those_of_summary() {
    let mut compared = 0;
    for path in dumps() {
        for (filter, flags) in filters_for(&path) {
            let what = format!("{} {flags:?}", path.display());
            let lines = lines("summary", &path, flags);
            let fields = [
                "snapshot",
                "description",
                "timestamp_seconds",
                "process_virtual_bytes",
                "process_resident_bytes",
                "tracked_total_bytes",
                "dead_bytes",
                "asizeof_total_bytes",
                "overhead_bytes",
            ];
            let snapshots = rows_in_order(Table::Snapshots, &path, &filter);
            let ours = snapshots
                .iter()
                .map(|row| json!([pick(row, &fields), row["active"], row["sum_bytes"]]));
            let theirs = lines.iter().map(|line| {
                json!([
                    pick_line(line, &fields),
                    line["total"]["active"],
                    line["total"]["sum_bytes"]
                ])
            });
            assert_same(&what, ours.collect(), theirs.collect());

            let figures = [
                "class",
                "active",
                "sum_bytes",
                "average_bytes",
                "share_percent",
            ];
            let all = rows_in_order(Table::ClassSamples, &path, &filter);
            let ours = all.iter().map(|row| {
                json!([
                    row["snapshot"],
                    row["timestamp_seconds"],
                    pick(row, &figures)
                ])
            });
            let theirs = lines.iter().flat_map(|line| {
                let classes = line["classes"].as_array().expect("a list").iter();
                classes.map(|class| {
                    json!([
                        line["snapshot"],
                        line["timestamp_seconds"],
                        pick_line(class, &figures)
                    ])
                })
            });
            assert_same(&what, ours.collect(), theirs.collect());
            compared += all.len();
        }
    }
    assert!(compared > 1000, "{compared}");
}

#[test]
fn sites_are_those_of_sites() {
    let figures = [
        "objects",
        "alive",
        "survivors",
        "size_bytes",
        "alive_bytes",
        "share_percent",
        "classes",
    ];
    let frame = |frame: &Value| json!([frame["file"], frame["line"].as_i64(), frame["function"]]);
    let mut compared = 0;
    for path in dumps() {
        for (filter, flags) in filters_for(&path) {
            let what = format!("{} {flags:?}", path.display());
            let all = rows_in_order(Table::Sites, &path, &filter);
            let ours = all.iter().map(|row| {
                let (own, at) = (
                    pick(row, &["own_file", "own_line", "own_function"]),
                    pick(row, &["file", "line", "function"]),
                );
                json!([at, row["source"], own, pick(row, &figures)])
            });
            let lines = lines("sites", &path, flags);
            let theirs = lines.iter().map(|line| {
                let inner = line["frames"].as_array().and_then(|frames| frames.last());
                let inner = inner.unwrap_or(&Value::Null);
                json!([
                    frame(inner),
                    inner["source"],
                    frame(&line["own_frame"]),
                    pick_line(line, &figures)
                ])
            });
            // The order is part of the table.
            assert_eq!(
                ours.collect::<Vec<_>>(),
                theirs.collect::<Vec<_>>(),
                "{what}"
            );
            compared += all.len();
        }
    }
    assert!(compared > 100, "{compared}");
}

/// The classes have what a count of the objects gives.
#[test]
fn classes_are_counts_of_the_objects() {
    let mut compared = 0;
    for path in dumps() {
        for (filter, flags) in filters_for(&path) {
            let objects = rows(Table::Objects, &path, &filter);
            let of = |row: &Row, column: &str| row[column].as_i64().expect("a number");
            let mut counted: BTreeMap<String, [i64; 4]> = BTreeMap::new();
            for row in &objects {
                let size = of(row, "size_bytes");
                let sums = counted.entry(row["class"].to_string()).or_default();
                sums[0] += 1;
                sums[1] += i64::from(row["alive"] == true);
                sums[2] += size;
                sums[3] = if sums[0] == 1 {
                    size
                } else {
                    sums[3].max(size)
                };
            }
            let mut told: BTreeMap<String, [i64; 4]> = BTreeMap::new();
            for row in rows(Table::Classes, &path, &filter) {
                assert_eq!(of(&row, "objects"), of(&row, "alive") + of(&row, "died"));
                let figures = ["objects", "alive", "size_bytes", "largest_bytes"];
                let figures = figures.map(|column| of(&row, column));
                if figures[0] > 0 {
                    told.insert(row["class"].to_string(), figures);
                }
            }
            // Objects in two classes, and two classes of one name, count otherwise.
            let numbers: std::collections::BTreeSet<_> =
                objects.iter().map(|row| of(row, "object")).collect();
            if numbers.len() == objects.len() {
                assert_eq!(told, counted, "{} {flags:?}", path.display());
                compared += 1;
            }
        }
    }
    assert!(compared > 50, "{compared}");
}

/// Objects of a native file have the numbers that they have in the pickle, whatever the filter.
#[test]
fn native_files_have_the_same_tables() {
    let folder = tempfile::tempdir().expect("a folder for it");
    let mut compared = 0;
    for name in [
        "shop.dump",
        "leaky_shop.dump",
        "prices.dump",
        "registry.dump.gz",
    ] {
        let native = folder.path().join("dump.bin");
        let dump = ctstats::Dump::load(fixture(name)).expect("it is a dump");
        dump.dump_stats(&native).expect("it can be written");
        for (filter, flags) in filters() {
            for (_, table) in Table::NAMED {
                let ours = rows(table, &fixture(name), &filter);
                assert_eq!(
                    rows(table, &native, &filter),
                    ours,
                    "{name} {table:?} {flags:?}"
                );
                compared += ours.len();
            }
        }
    }
    assert!(compared > 1000, "{compared}");
}
