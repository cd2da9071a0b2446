//! Damaged, foreign and hostile files: one line on standard error that says what is
//! wrong and what to do, exit status 1, nothing on standard output. Never a panic.

mod common;

use std::io::Write;
use std::process::Stdio;

use common::{ctstats, expect, fixture, fixtures};
use ctstats::report::objects::{Detail, Objects};
use ctstats::report::{Report, Style};

/// What a run came to, in the form of the expectation files.
fn outcome(output: &std::process::Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0) => format!("exit 0\n{errors}"),
        Some(code) => format!(
            "exit {code}, {} bytes printed\n{errors}",
            output.stdout.len()
        ),
        None => format!("killed\n{errors}"),
    }
}

/// Each file of `fixtures/invalid/` has its expectation in `tests/expected/invalid/`.
#[test]
fn every_invalid_file_is_refused_in_one_line() {
    let mut failures = Vec::new();
    for path in fixtures("invalid") {
        let name = path
            .file_name()
            .expect("it has a name")
            .to_string_lossy()
            .into_owned();
        let output = ctstats()
            .args(["print", "--brief", "--format", "csv"])
            .arg(format!("fixtures/invalid/{name}"))
            .output()
            .expect("the binary starts");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let refused = output.status.code() == Some(1)
            && output.stdout.is_empty()
            && errors.lines().count() == 1;
        // Some are sound after all: packed dumps, flips in a text.
        if !(refused || output.status.code() == Some(0)) || errors.contains("panicked") {
            failures.push(format!("{name}: {}", outcome(&output)));
        }
        failures.extend(expect(&format!("invalid/{name}.txt"), &outcome(&output)).err());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A dump that ends anywhere before its end is refused, and so is one that is empty.
#[test]
fn a_dump_cut_anywhere_is_refused() {
    for name in [
        "dumps/quickstart-1.1-py311.dump",
        "dumps/bank-small-0.9-py27.dump",
    ] {
        let whole = std::fs::read(fixture(name)).expect("the fixture is there");
        assert!(ctstats::Dump::read(&whole[..]).is_ok());
        for length in 0..whole.len() {
            let error = ctstats::Dump::read(&whole[..length]).err();
            let error = error.unwrap_or_else(|| panic!("{name} cut at {length} was read"));
            assert!(!error.to_string().contains('\n'));
        }
    }
}

/// Any byte changed gives a dump or an error, never a panic.
#[test]
fn a_dump_with_any_byte_changed_does_no_harm() {
    for name in [
        "dumps/quickstart-1.1-py311.dump",
        "dumps/quickstart-0.2.0-py27.dump",
        "dumps/noproc-ps-1.1-py311.dump",
    ] {
        let whole = std::fs::read(fixture(name)).expect("the fixture is there");
        let mut changed = whole.clone();
        for index in 0..whole.len() {
            for mask in [0x01, 0x10, 0x80, 0xff] {
                changed[index] = whole[index] ^ mask;
                if let Ok(dump) = ctstats::Dump::read(&changed[..]) {
                    let selection = ctstats::select::Selection::default();
                    let selected = selection.select(&dump).expect("it is in memory");
                    let objects = Objects::of(&selected, Detail::default());
                    objects
                        .table(&mut std::io::sink(), Style::default())
                        .expect("a sink takes everything");
                }
            }
            changed[index] = whole[index];
        }
    }
}

/// Compressed data that is cut or damaged is named as such.
#[test]
fn cut_compressed_files_are_refused() {
    for (name, coding) in [("gz", "gzip"), ("zst", "zstd"), ("xz", "xz")] {
        let whole = std::fs::read(fixture(&format!("invalid/packed-{name}.bin")))
            .expect("the fixture is there");
        assert!(ctstats::Dump::read(&whole[..]).is_ok(), "{name}");
        for length in [whole.len() / 2, whole.len() - 20] {
            let error = ctstats::Dump::read(&whole[..length])
                .expect_err("it is cut")
                .to_string();
            assert!(error.contains(coding), "{name} cut at {length}: {error}");
        }
    }
}

/// Opcodes repeated until they would exhaust memory or a stack: what `gen_bombs.py` of
/// the corpus makes, larger. Each has to be refused or read, soon and in little memory.
#[test]
fn bombs_do_no_harm() {
    const EMPTY: &[u8] = b"\x80\x04].";
    let proto = |body: Vec<u8>| [b"\x80\x04", &body[..], EMPTY].concat();
    let count = 3_000_000;
    let bombs: [(&str, Vec<u8>, bool); 9] = [
        (
            "a list nested deep",
            proto([vec![b']'; count], vec![b'a'; count - 1], b".".into()].concat()),
            false,
        ),
        ("marks", proto(vec![b'('; 20_000_000]), false),
        (
            "dicts",
            proto([vec![b'}'; 20_000_000], b".".into()].concat()),
            false,
        ),
        (
            "lists made and dropped",
            proto([b"]0".repeat(20_000_000), b"}.".into()].concat()),
            false,
        ),
        (
            "values on the stack",
            proto([vec![b'N'; 20_000_000], b".".into()].concat()),
            false,
        ),
        (
            "noise before an empty dump",
            proto([b"N0".repeat(count), b"}.".into()].concat()),
            true,
        ),
        (
            "tuples doubled",
            proto([b")".to_vec(), b"2\x86".repeat(200), b".".into()].concat()),
            false,
        ),
        (
            "frames of one opcode",
            proto(
                [
                    b"\x95\x01\0\0\0\0\0\0\0N\x95\x01\0\0\0\0\0\0\x000".repeat(100_000),
                    b"}.".into(),
                ]
                .concat(),
            ),
            true,
        ),
        (
            "memo entries",
            proto([b"}".to_vec(), vec![0x94; 20_000_000], b".".into()].concat()),
            true,
        ),
    ];
    for (name, bytes, valid) in bombs {
        let start = std::time::Instant::now();
        let mut child = ctstats()
            .args(["print", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut input = child.stdin.take().expect("it is piped");
        // It may well close the pipe before the end.
        let _ = input.write_all(&bytes);
        drop(input);
        let output = child.wait_with_output().expect("the binary ends");
        let code = output.status.code();
        assert_eq!(
            code,
            Some(if valid { 0 } else { 1 }),
            "{name}: {}",
            outcome(&output)
        );
        assert!(output.stdout.is_empty(), "{name}");
        // No timing: only that it ends while somebody still waits.
        assert!(start.elapsed().as_secs() < 120, "{name}");
    }
}

/// What `fixtures/abuse.py` makes, in little memory whatever is asked of it.
#[test]
#[cfg(target_os = "linux")]
fn abuse_takes_little_memory() {
    let files = fixtures("invalid");
    let abusive = files
        .iter()
        .filter(|path| path.to_string_lossy().contains("/abuse-"));
    let mut runs = 0;
    for path in abusive {
        for form in ["table", "json", "pympler", "salvage"] {
            let form = match form {
                "salvage" => ["--format", "json", "--salvage"].as_slice(),
                form => &["--format", form],
            };
            // 500,000 KiB of addresses, the program and its threads included.
            let output = std::process::Command::new("sh")
                .arg("-c")
                .arg("ulimit -v 500000; exec \"$0\" \"$@\"")
                .arg(env!("CARGO_BIN_EXE_ctstats"))
                .arg("print")
                .args(form)
                .arg(path)
                .output()
                .expect("the shell starts");
            let code = output.status.code();
            assert!(matches!(code, Some(0 | 1)), "{path:?}: {code:?}");
            assert!(output.stdout.len() < 16 << 20, "{path:?} as {form:?}");
            runs += 1;
        }
    }
    assert!(runs > 20, "the fixtures are there");
}

/// Files that only the file system can refuse.
#[test]
fn what_is_no_file_is_named() {
    let cases = [
        (
            "print fixtures",
            "ctstats: fixtures: cannot be opened: it is a directory, not a file\n",
        ),
        (
            "summary fixtures/no-such.dump",
            "ctstats: fixtures/no-such.dump: cannot be opened: No such file or directory (os error 2)\n",
        ),
    ];
    for (line, error) in cases {
        let output = common::run(line);
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        assert_eq!(String::from_utf8_lossy(&output.stderr), error);
    }
}

/// The hostile files would create these if anything of them ran.
#[test]
fn nothing_is_executed() {
    for path in fixtures("invalid") {
        if path.to_string_lossy().contains("hostile") {
            ctstats()
                .arg("summary")
                .arg(&path)
                .output()
                .expect("the binary starts");
        }
    }
    let created = std::fs::read_dir("/tmp")
        .into_iter()
        .flatten()
        .flatten()
        .find(|entry| {
            entry
                .file_name()
                .to_string_lossy()
                .starts_with("CTSTATS_PWNED")
        });
    assert!(created.is_none(), "{created:?}");
}
