//! What the tests share: running the binary, and expectations that stand in files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file below fixtures/.
pub(crate) fn fixture(name: &str) -> PathBuf {
    root().join("fixtures").join(name)
}

/// The binary in the repository's folder, with nothing on standard input and no terminal.
pub(crate) fn ctstats() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ctstats"));
    command
        .current_dir(root())
        .stdin(Stdio::null())
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS");
    command
}

/// Runs the binary with arguments as they would be typed.
#[allow(dead_code, reason = "not every test crate runs a line")]
pub(crate) fn run(line: &str) -> Output {
    ctstats()
        .args(line.split_whitespace())
        .output()
        .expect("the binary starts")
}

/// All fixtures of a folder, in the order of their names.
#[allow(dead_code, reason = "not every test crate walks a folder")]
pub(crate) fn fixtures(folder: &str) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(fixture(folder))
        .expect("the folder is there")
        .map(|entry| entry.expect("the folder can be read").path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "{folder} holds no fixtures");
    paths
}

/// Holds an outcome against `tests/expected/NAME`; with `CTSTATS_UPDATE=1` rewrites it.
#[allow(dead_code, reason = "not every test crate has expectations in files")]
pub(crate) fn expect(name: &str, outcome: &str) -> Result<(), String> {
    let path = root().join("tests/expected").join(name);
    if std::env::var_os("CTSTATS_UPDATE").is_some() {
        fs::create_dir_all(path.parent().expect("it has a folder")).expect("it can be made");
        fs::write(&path, outcome).expect("the expectation can be written");
        return Ok(());
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    if expected == outcome {
        return Ok(());
    }
    let differs = expected
        .lines()
        .zip(outcome.lines())
        .position(|(a, b)| a != b);
    let line = differs.unwrap_or(expected.lines().count().min(outcome.lines().count()));
    Err(format!(
        "{name} differs from its expectation at line {}:\n  expected: {}\n  printed:  {}\n\
         CTSTATS_UPDATE=1 cargo test rewrites the expectations; then read the diff",
        line + 1,
        expected.lines().nth(line).unwrap_or("(end)"),
        outcome.lines().nth(line).unwrap_or("(end)"),
    ))
}
