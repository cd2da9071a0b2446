//! `ctstats export`: what the Parquet files hold, read back with the library that engines share, is what
//! the lines of JSON say, which other code writes; and what becomes of the files.

#![cfg(feature = "parquet")]

mod common;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use common::{ctstats, fixture};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::{Value, json};

const TABLES: [&str; 7] = [
    "dumps",
    "snapshots",
    "class_samples",
    "sites",
    "objects",
    "samples",
    "referents",
];

/// Runs it, and returns its status, standard output, and standard error.
fn export(words: &[&str]) -> (Option<i32>, String, String) {
    let output = ctstats().arg("export").args(words).output();
    let output = output.expect("the binary starts");
    let text = |bytes| String::from_utf8(bytes).expect("it is UTF-8");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// All files below a folder, with what they hold.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("it is a folder") {
        let path = entry.expect("it can be read").path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => drop(found.insert(path.clone(), fs::read(path).expect("it can be read"))),
        }
    }
    found
}

/// A value as JSON has it.
fn value(field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(value) => json!(value),
        Field::Long(value) => json!(value),
        // As serde_json reads it, which may be off in the last digit.
        Field::Double(value) => {
            serde_json::from_str(&json!(value).to_string()).expect("it is JSON")
        }
        Field::Str(text) => json!(text),
        Field::TimestampMicros(micros) => {
            let moment = jiff::Timestamp::from_microsecond(*micros).expect("it is a moment");
            json!(moment.to_string())
        }
        Field::MapInternal(map) => {
            let entries = map.entries().iter();
            let text = |field: &Field| value(field).as_str().expect("it is a text").to_owned();
            Value::Object(entries.map(|(key, of)| (text(key), value(of))).collect())
        }
        other => panic!("no column is of {other:?}"),
    }
}

fn parquet_rows(folder: &Path, table: &str) -> Vec<String> {
    let mut rows = Vec::new();
    for path in files(&folder.join(table)).keys() {
        let reader = SerializedFileReader::new(File::open(path).expect("it is there"));
        let reader = reader.expect("it is Parquet");
        let metadata = reader.metadata().file_metadata();
        let keys = metadata.key_value_metadata().expect("it has some");
        assert!(
            keys.iter()
                .any(|of| of.key == "ctstats.schema" && of.value.as_deref() == Some("1"))
        );
        for row in reader.get_row_iter(None).expect("it has rows") {
            let row = row.expect("it can be read");
            let columns = row.get_column_iter();
            let row: serde_json::Map<String, Value> = columns
                .map(|(name, field)| (name.clone(), value(field)))
                .collect();
            rows.push(Value::Object(row).to_string());
        }
    }
    rows.sort();
    rows
}

fn json_rows(words: &[&str], table: &str) -> Vec<String> {
    let (status, text, error) = export(&[words, &["--to", "ndjson", "--table", table]].concat());
    assert_eq!(status, Some(0), "{error}");
    let lines = text.lines().map(|line| {
        let row: Value = serde_json::from_str(line).expect("it is JSON");
        row.to_string()
    });
    let mut rows: Vec<String> = lines.collect();
    rows.sort();
    rows
}

fn names(names: &[&str]) -> Vec<String> {
    let paths = names.iter().map(|name| fixture(name).display().to_string());
    paths.collect()
}

#[test]
fn files_hold_what_the_lines_say() {
    let folder = tempfile::tempdir().expect("there is room");
    let to = folder.path().join("data");
    let dumps = names(&[
        "shop.dump",
        "leaky_shop.dump",
        "checkpoint_early.dump",
        "django.dump.gz",
    ]);
    let mut words: Vec<&str> = dumps.iter().map(String::as_str).collect();
    words.extend(["--labels", "{host}/{worker}.dump*"]);
    let output = to.display().to_string();
    let (status, _, error) = export(&[&words[..], &["--detail", "-o", &output]].concat());
    assert_eq!(status, Some(0), "{error}");
    for table in TABLES {
        let (found, expected) = (parquet_rows(&to, table), json_rows(&words, table));
        assert!(!expected.is_empty(), "{table}");
        assert_eq!(found, expected, "{table}");
    }
    let dumps = parquet_rows(&to, "dumps");
    assert!(
        dumps.iter().all(|row| row.contains(r#""host":"fixtures""#)),
        "{dumps:?}"
    );
}

#[test]
fn a_second_batch_leaves_the_first_as_it_is() {
    let folder = tempfile::tempdir().expect("there is room");
    let to = folder.path().display().to_string();
    let [first, second] = [["shop.dump"], ["prices.dump"]].map(|of| names(&of).remove(0));
    assert_eq!(export(&[&first, "-o", &to]).0, Some(0));
    let before = files(folder.path());
    assert_eq!(before.len(), 5);
    assert_eq!(export(&[&second, "-o", &to]).0, Some(0));
    let both = files(folder.path());
    assert_eq!(both.len(), 10);
    assert!(
        before
            .iter()
            .all(|(path, bytes)| both.get(path) == Some(bytes))
    );
    // The same dumps again are there already.
    let (status, _, error) = export(&[&first, "-o", &to]);
    assert_eq!(status, Some(0));
    assert!(error.contains("has these dumps already"), "{error}");
    assert_eq!(files(folder.path()), both);
}

#[test]
fn what_cannot_be_read_is_named_and_passed_over() {
    let folder = tempfile::tempdir().expect("there is room");
    let [cut, to] = ["cut.dump", "data"].map(|name| folder.path().join(name));
    let dump = fs::read(fixture("shop.dump")).expect("it is there");
    fs::write(&cut, &dump[..dump.len() / 2]).expect("it can be written");
    let good = names(&["prices.dump"]).remove(0);
    let [cut, to] = [cut, to].map(|path| path.display().to_string());
    let (status, _, error) = export(&[&cut, &good, "-o", &to]);
    assert_eq!(status, Some(1));
    assert!(
        error.contains("cut.dump: the dump is cut short at byte"),
        "{error}"
    );
    assert!(error.contains("1 of 2 files could not be read"), "{error}");
    assert_eq!(parquet_rows(Path::new(&to), "dumps").len(), 1);
    assert_eq!(
        export(&[&cut, &good, "-o", &format!("{to}2"), "--keep-going"]).0,
        Some(0)
    );
    // Without any dump there is no data set.
    assert_eq!(
        export(&[&cut, "-o", &format!("{to}3"), "--keep-going"]).0,
        Some(1)
    );
    assert!(!Path::new(&format!("{to}3")).exists());
}

#[test]
fn what_fails_leaves_nothing() {
    let folder = tempfile::tempdir().expect("there is room");
    // A file where a table's folder has to be: the first tables are in their places by then.
    fs::write(folder.path().join("sites"), "mine").expect("it can be written");
    let good = names(&["shop.dump"]).remove(0);
    let (status, _, error) = export(&[&good, "-o", &folder.path().display().to_string()]);
    assert_eq!(status, Some(1), "{error}");
    assert_eq!(files(folder.path()).len(), 1);
}
