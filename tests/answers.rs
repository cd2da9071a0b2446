//! Every figure of the analyses against a second opinion: `fixtures/answers.py` computed
//! `fixtures/answers/` from the dumps alone, and shares no code with ctstats.

mod common;

use std::fs;
use std::path::Path;

use common::{fixtures, run};
use serde_json::Value;

/// What the answers are about, and the answers.
fn answers() -> Vec<(String, Value)> {
    let read = |path: &Path| {
        let text = fs::read_to_string(path).expect("it can be read");
        let answer: Value = serde_json::from_str(&text).expect("it is JSON");
        let dumps: Vec<_> = list(&answer["dumps"]).iter().map(text_of).collect();
        (dumps.join(" "), answer)
    };
    fixtures("answers").iter().map(|path| read(path)).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn text_of(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// What tells a row from the others of its list: its class, its path of referents, its
/// place in the program. Nothing for what is not a row.
fn row_name(row: &Value) -> Option<String> {
    let frame = |frame: &Value| match &frame["file"] {
        Value::Null => "no trace".to_owned(),
        file => format!("{file}:{}:{}", frame["line"], frame["function"]),
    };
    if let Some(class) = row["class"].as_str() {
        return Some(match &row["path"] {
            Value::Null => class.to_owned(),
            path => format!("{class} {path}"),
        });
    }
    if let Some(frames) = row["frames"].as_array() {
        let frames: Vec<_> = frames.iter().map(frame).collect();
        return Some(format!("{} {}", frames.join(" > "), row["name"]));
    }
    row["objects"].is_number().then(|| frame(row))
}

/// Says of each figure of the answer where the program tells another. What it tells beyond
/// the answer is not looked at, but for rows.
fn compare(at: &str, answer: &Value, told: &Value, wrong: &mut Vec<String>) {
    match (answer, told) {
        (Value::Object(answer), Value::Object(told)) => {
            for (field, answer) in answer {
                let at = format!("{at}, {field}");
                match told.get(field) {
                    Some(told) => compare(&at, answer, told, wrong),
                    None => wrong.push(format!("{at}: it is not told")),
                }
            }
        }
        (Value::Array(answer), Value::Array(told))
            if answer.iter().chain(told).all(|row| row_name(row).is_some()) =>
        {
            let find = |name, rows: &[Value]| rows.iter().position(|row| row_name(row) == name);
            for row in answer {
                let name = row_name(row);
                let at = format!("{at}, {}", name.as_deref().unwrap_or_default());
                match find(name, told) {
                    Some(index) => compare(&at, row, &told[index], wrong),
                    None => wrong.push(format!("{at}: it is missing")),
                }
            }
            for name in told.iter().map(row_name) {
                let at = format!("{at}, {}", name.as_deref().unwrap_or_default());
                if find(name, answer).is_none() {
                    wrong.push(format!("{at}: it is too many"));
                }
            }
            if answer.len() != told.len() {
                wrong.push(format!("{at}: {} rows, not {}", told.len(), answer.len()));
            }
        }
        (Value::Array(answer), Value::Array(told)) if answer.len() == told.len() => {
            for (index, (answer, told)) in answer.iter().zip(told).enumerate() {
                compare(&format!("{at}, {index}"), answer, told, wrong);
            }
        }
        (Value::Number(answer), Value::Number(told)) if answer != told => {
            let numbers = answer.as_f64().zip(told.as_f64());
            let (answer, told) = numbers.expect("a number of JSON is a float");
            if (answer - told).abs() > 1e-9 * answer.abs().max(told.abs()) {
                wrong.push(format!("{at}: {told}, not {answer}"));
            }
        }
        _ if answer == told => {}
        _ => wrong.push(format!("{at}: {told}, not {answer}")),
    }
}

/// The classes of `leaks` in one list. Only of suspects it tells which objects they keep, and of
/// those that swell which objects hold more than at first.
fn leaks_alike(answer: &mut Value, told: &mut Value) {
    let mut classes = Vec::new();
    for part in ["suspects", "more_suspects", "filling", "cleared"] {
        let rows = list(&told[part]);
        assert!(
            rows.iter()
                .all(|row| (part == "suspects") == row["kept"].is_object())
        );
        classes.extend_from_slice(rows);
    }
    for row in answer["classes"].as_array_mut().expect("a list") {
        let told = classes.iter().find(|told| told["class"] == row["class"]);
        let row = row.as_object_mut().expect("a row");
        let swollen = row.remove("swollen").expect("it is there");
        match told {
            Some(told) if told["kept"].is_null() => drop(row.remove("kept")),
            Some(told) if told["pattern"] == "swelling" => row["kept"] = swollen,
            _ => {}
        }
    }
    told["classes"] = classes.into();
}

/// Whether the rows stand in the order that the command promises.
fn in_order(command: &str, told: &Value) -> bool {
    let figure = |row: &Value, name| row[name].as_i64().expect("a figure");
    let grown = |row: &Value| -figure(row, "bytes_change");
    let rows = |name| list(&told[name]).iter();
    match command {
        "diff --referents" => rows("referents").is_sorted_by_key(grown),
        _ if command.starts_with("diff") => {
            rows("classes").is_sorted_by_key(|row| (grown(row), text_of(&row["class"]).to_owned()))
        }
        _ if command.starts_with("sites") => {
            rows("sites").is_sorted_by_key(|row| -figure(row, "size_bytes"))
        }
        _ => true,
    }
}

/// What a command line prints as JSON.
fn printed(line: &str) -> Value {
    serde_json::from_slice(&run(line).stdout).expect("it is JSON")
}

/// One part of the answers, of the dumps that have it.
fn answers_on(part: &str) -> impl Iterator<Item = (String, Value)> {
    let of = move |(dumps, answer): (String, Value)| Some((dumps, answer.get(part)?.clone()));
    answers().into_iter().filter_map(of)
}

fn report(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn commands_tell_the_right_figures() {
    let mut wrong = Vec::new();
    for (dumps, answer) in answers() {
        for (command, answer) in answer["commands"].as_object().expect("commands") {
            let at = format!("{command} {dumps}");
            let output = run(&format!("{at} --format json"));
            assert_eq!(output.status.success(), !answer.is_null(), "{at}");
            if answer.is_null() {
                continue;
            }
            let mut told: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
            let mut answer = answer.clone();
            if command.starts_with("leaks") {
                leaks_alike(&mut answer, &mut told);
            }
            compare(&at, &answer, &told, &mut wrong);
            if !in_order(command, &told) {
                wrong.push(format!("{at}: the rows are not in order"));
            }
        }
    }
    report(&wrong);
}

#[test]
fn stacks_have_the_right_weights() {
    let mut wrong = Vec::new();
    for (dumps, answer) in answers_on("folded") {
        let at = format!("sites --folded {dumps}");
        let output = String::from_utf8(run(&at).stdout).expect("it is UTF-8");
        let mut told: Vec<_> = output.lines().collect();
        told.sort_unstable();
        compare(&at, &answer, &told.into(), &mut wrong);
    }
    report(&wrong);
}

#[test]
fn lifetimes_are_right() {
    let mut wrong = Vec::new();
    for (dump, answer) in answers_on("lifetimes") {
        let at = format!("summary --lifetimes {dump}");
        let told = printed(&format!("{at} --format json"));
        compare(&at, &answer, &told, &mut wrong);
    }
    report(&wrong);
}

/// Every figure that a limit of 0 is held against.
#[test]
fn checks_have_the_right_figures() {
    let mut wrong = Vec::new();
    for (dump, answer) in answers_on("check") {
        for (flag, answered, found) in [
            ("--max-alive", "alive", "alive"),
            ("--max-bytes", "bytes", "bytes"),
            ("--max-growth", "growth_bytes", "bytes_change"),
        ] {
            let at = format!("check {dump} {flag} *=0");
            let output = run(&format!("{at} --format json"));
            let rows = list(&answer["classes"]);
            if rows.iter().any(|row| row[answered].is_null()) {
                assert_eq!(output.status.code(), Some(1), "{at}");
                continue;
            }
            let told: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
            let mut breaches = 0;
            for row in rows {
                let at = format!("{at}, {}", row["class"]);
                let outcomes = list(&told["outcomes"]);
                match outcomes.iter().find(|told| told["class"] == row["class"]) {
                    Some(told) => compare(&at, &row[answered], &told["found"][found], &mut wrong),
                    None => wrong.push(format!("{at}: it is missing")),
                }
                breaches += u64::from(row[answered].as_i64() > Some(0));
            }
            compare(&at, &breaches.into(), &told["breaches"], &mut wrong);
            let status = if breaches > 0 { 3 } else { 0 };
            assert_eq!(output.status.code(), Some(status), "{at}");
        }
    }
    report(&wrong);
}
