//! What becomes of the files of others: no command loses one, whatever it is told to write where,
//! and whoever ends it.
#![cfg(unix)]

mod common;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use common::{ctstats, fixture};
use rustix::fs::{FlockOperation, flock};
use signal_hook::consts::*;

/// A folder with two dumps, `d.dat` and `old.dat`, and limits.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (from, to) in [
        ("shop.dump", "d.dat"),
        ("leaky_shop.dump", "old.dat"),
        ("limits.toml", "lim.toml"),
    ] {
        fs::copy(fixture(from), folder.path().join(to)).expect("it can be copied");
    }
    folder
}

/// The command as it would be typed in a folder.
fn command(folder: &Path, line: &str) -> Command {
    let mut command = ctstats();
    command
        .current_dir(folder)
        .args(line.split_whitespace())
        .env_remove("RUST_BACKTRACE");
    command
}

fn run(folder: &Path, line: &str) -> Output {
    command(folder, line).output().expect("the binary starts")
}

/// The command as the words after `script` of a shell, `"$@"`.
fn shell(folder: &Path, script: &str, line: &str) -> Command {
    let mut shell = Command::new("sh");
    shell
        .current_dir(folder)
        .args(["-c", script, "sh", env!("CARGO_BIN_EXE_ctstats")])
        .args(line.split_whitespace())
        .env_remove("RUST_BACKTRACE")
        .stdin(Stdio::null());
    shell
}

fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Every file below a folder with its bytes, and every link with its target.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("it can be read") {
            let path = entry.expect("it can be read").path();
            let kind = fs::symlink_metadata(&path)
                .expect("it is there")
                .file_type();
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_symlink() {
                let target = fs::read_link(&path).expect("it is a link");
                all.insert(path, target.into_os_string().into_encoded_bytes());
            } else {
                let bytes = fs::read(&path).expect("it can be read");
                all.insert(path, bytes);
            }
        }
    }
    all
}

/// No output takes the place of a file that the same command reads, whatever its name is and
/// even with --force; only convert does, if it is told to.
#[test]
fn no_output_replaces_what_is_read() {
    let folder = folder();
    let folder = folder.path();
    symlink("d.dat", folder.join("link")).expect("links are allowed");
    symlink("link", folder.join("link2")).expect("links are allowed");
    fs::hard_link(folder.join("d.dat"), folder.join("hard")).expect("links are allowed");
    let before = contents(folder);
    let is_read = "is read by the same command; give the report another name";
    let cases = [
        ("print d.dat -o d.dat", is_read),
        ("print ./d.dat -o d.dat", is_read),
        ("print d.dat -o link2", is_read),
        ("print link -o d.dat", is_read),
        ("print d.dat -o hard", is_read),
        ("summary d.dat -o d.dat", is_read),
        ("summary d.dat --lifetimes -o d.dat", is_read),
        ("leaks d.dat -o d.dat", is_read),
        ("diff d.dat -o d.dat", is_read),
        ("diff old.dat d.dat -o old.dat", is_read),
        ("diff old.dat d.dat -o hard", is_read),
        ("sites d.dat -o d.dat", is_read),
        ("sites d.dat --flamegraph d.dat", is_read),
        ("sites d.dat --speedscope d.dat", is_read),
        ("sites d.dat --pprof d.dat", is_read),
        ("sites old.dat d.dat --folded -o old.dat", is_read),
        ("sites old.dat d.dat --folded --speedscope old.dat", is_read),
        ("check d.dat --max-alive *=99 -o d.dat", is_read),
        ("check d.dat --limits lim.toml -o lim.toml", is_read),
        (
            "check d.dat --baseline old.dat --max-growth *=5% -o old.dat",
            is_read,
        ),
        ("html d.dat -o d.dat", is_read),
        ("html d.dat --single-file -o link", is_read),
        (
            "convert d.dat d.dat --limit 1",
            "d.dat: is the dump to read; give another name, or --force",
        ),
        (
            "convert d.dat hard --limit 1",
            "hard: is the dump to read; give another name, or --force",
        ),
    ];
    for (line, expected) in cases {
        for force in ["", " --force"] {
            if line.starts_with("convert") && !force.is_empty() {
                continue;
            }
            let output = run(folder, &format!("{line}{force}"));
            let error = error(&output);
            assert_eq!(output.status.code(), Some(1), "{line}{force}: {error}");
            assert_eq!(error.lines().count(), 1, "{line}{force}: {error}");
            assert!(error.contains(expected), "{line}{force}: {error}");
            assert!(contents(folder) == before, "{line}{force}");
        }
    }
    // The files behind the standard streams are files, too.
    for (script, line) in [
        ("\"$@\" <d.dat", "print - -o d.dat"),
        ("\"$@\" <d.dat", "convert - hard"),
        ("\"$@\" >>d.dat", "print d.dat"),
        ("\"$@\" >>lim.toml", "check d.dat --limits lim.toml"),
    ] {
        let output = shell(folder, script, line).output().expect("sh is there");
        assert_eq!(output.status.code(), Some(1), "{script} {line}");
        assert!(contents(folder) == before, "{script} {line}");
    }
    let output = run(folder, "convert d.dat d.dat --limit 1 --force");
    assert!(output.status.success(), "{}", error(&output));
    let part = ctstats::Dump::load(folder.join("d.dat")).expect("it is a dump");
    assert_eq!(part.object_count(), 1);
}

/// What lies in the folder of an old report stays, if it is read or not.
#[test]
fn a_report_replaces_reports_only() {
    let folder = folder();
    let folder = folder.path();
    let files = folder.join("r_files");
    assert!(run(folder, "html d.dat -o r.html").status.success());
    fs::copy(folder.join("d.dat"), files.join("d.dat")).expect("it can be copied");
    let before = contents(folder);
    for line in [
        "html r_files/d.dat -o r.html",
        "html r_files/d.dat -o r.html --force",
        "html d.dat -o r.html",
    ] {
        let output = run(folder, line);
        let error = error(&output);
        assert_eq!(output.status.code(), Some(1), "{line}: {error}");
        let says = [
            "is inside r_files, which",
            "r_files: holds 'd.dat', which no report",
        ];
        assert!(says.iter().any(|says| error.contains(says)), "{error}");
        assert!(contents(folder) == before, "{line}");
    }
    // Under a name as reports have them.
    fs::rename(files.join("d.dat"), files.join("0009-d.html")).expect("it can be renamed");
    let before = contents(folder);
    let output = run(folder, "html r_files/0009-d.html -o r.html");
    let error = error(&output);
    assert!(
        error.contains("is inside r_files, which the report replaces"),
        "{error}"
    );
    assert!(contents(folder) == before);
    fs::remove_file(files.join("0009-d.html")).expect("it is there");
    // As the first release left it: its mark does not say what is in the folder.
    fs::write(
        files.join("ctstats-report.txt"),
        "Written by ctstats html, which replaces this folder as a whole.\n",
    )
    .expect("it can be written");
    assert!(run(folder, "html old.dat -o r.html").status.success());
    assert!(files.join("0000-shop.Product.html").exists());
}

/// Two outputs of one run are two files.
#[test]
fn no_output_replaces_another() {
    let folder = folder();
    let folder = folder.path();
    symlink("new", folder.join("link")).expect("links are allowed");
    fs::write(folder.join("there"), "old").expect("it can be written");
    fs::hard_link(folder.join("there"), folder.join("hard")).expect("links are allowed");
    let before = contents(folder);
    for line in [
        "sites d.dat --flamegraph new --speedscope new",
        "sites d.dat --pprof new --speedscope new",
        "sites d.dat --folded -o new --speedscope ./new",
        "sites d.dat --flamegraph there --speedscope hard",
        "sites d.dat --folded --flamegraph -",
    ] {
        let output = run(folder, line);
        let error = error(&output);
        assert_eq!(output.status.code(), Some(2), "{line}: {error}");
        assert!(error.contains("would be written twice"), "{line}: {error}");
        assert!(
            contents(folder) == before && output.stdout.is_empty(),
            "{line}"
        );
    }
    // The shell has made the file by then, and it is empty.
    let line = "sites d.dat --folded --flamegraph out.svg";
    let output = shell(folder, "\"$@\" >out.svg", line).output();
    let output = output.expect("sh is there");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(fs::read(folder.join("out.svg")).expect("it is there"), b"");
    // What goes nowhere may go there twice.
    let line = "sites d.dat --flamegraph /dev/null --speedscope /dev/null";
    assert!(run(folder, line).status.success());
}

/// A dump takes the place of dumps only, and a report that of anything else, unless it is forced.
#[test]
fn what_is_there_is_replaced_by_its_kind() {
    let kinds: [(&str, &[u8], bool); 8] = [
        // Name, its bytes, whether it is a dump.
        (
            "pickle",
            &fs::read(fixture("shop.dump")).expect("it is there"),
            true,
        ),
        (
            "native",
            &fs::read(fixture("native/shop-v1.bin")).expect("it is there"),
            true,
        ),
        (
            "packed",
            &fs::read(fixture("invalid/packed-zst.bin")).expect("it is there"),
            true,
        ),
        (
            "packed text",
            &fs::read(fixture("invalid/packed-gz-of-text.bin")).expect("it is there"),
            false,
        ),
        (
            "other pickle",
            b"\x80\x04\x95\x0c\0\0\0\0\0\0\0\x8c\x06thesis\x94.",
            false,
        ),
        ("text", b"years of pympler", false),
        (
            "report",
            &run(&fixture("."), "print shop.dump").stdout,
            false,
        ),
        ("script", b"#!/bin/sh\nrm -rf /\n", false),
    ];
    let folder = folder();
    let folder = folder.path();
    let there = folder.join("there");
    for (name, bytes, is_dump) in kinds {
        for (line, writes_dump) in [
            ("print d.dat --brief -o there", false),
            ("sites d.dat --speedscope there", false),
            ("sites d.dat --pprof there", false),
            ("html d.dat -o there", false),
            ("convert d.dat there", true),
        ] {
            for force in [false, true] {
                fs::write(&there, bytes).expect("it can be written");
                let flag = if force { " --force" } else { "" };
                let output = run(folder, &format!("{line}{flag}"));
                let error = error(&output);
                let what = format!("{line}{flag} over {name}: {error}");
                let is_kept = fs::read(&there).expect("it is there") == bytes;
                assert_eq!(is_kept, writes_dump != is_dump && !force, "{what}");
                assert_eq!(output.status.code(), Some(i32::from(is_kept)), "{what}");
                assert_eq!(is_kept, error.contains("or --force"), "{what}");
                assert_eq!(is_kept, error.contains("there: is "), "{what}");
            }
        }
    }
    // What `mktemp` made is there to be written to.
    for line in ["print d.dat -o there", "convert d.dat there"] {
        fs::write(&there, "").expect("it can be written");
        assert!(run(folder, line).status.success(), "{line}");
    }
}

/// A file that may only be read stays, though the directory would allow to replace it.
#[test]
fn a_read_only_file_stays() {
    let folder = folder();
    let folder = folder.path();
    let there = folder.join("there");
    for (line, bytes) in [
        ("print d.dat -o there", "old".into()),
        ("html d.dat -o there", "old".into()),
        ("html d.dat --single-file -o there", "old".into()),
        (
            "convert old.dat there",
            fs::read(fixture("shop.dump")).expect("it is there"),
        ),
    ] {
        let bytes: Vec<u8> = bytes;
        fs::write(&there, &bytes).expect("it can be written");
        fs::set_permissions(&there, fs::Permissions::from_mode(0o444)).expect("it is ours");
        let output = run(folder, line);
        assert_eq!(output.status.code(), Some(1), "{line}");
        let expected =
            "ctstats: there: is read-only; give another name, or --force to replace it\n";
        assert_eq!(error(&output), expected, "{line}");
        assert!(fs::read(&there).expect("it is there") == bytes, "{line}");
        let output = run(folder, &format!("{line} --force"));
        assert!(output.status.success(), "{line}: {}", error(&output));
        assert!(fs::read(&there).expect("it is there") != bytes, "{line}");
        let mode = fs::metadata(&there).expect("it is there").permissions();
        assert_eq!(mode.mode() & 0o777, 0o444, "{line}");
        fs::remove_file(&there).expect("it is ours");
    }
}

/// Links that lead round in a circle are no place for a file, and stay.
#[test]
fn links_in_a_circle_stay() {
    let folder = folder();
    let folder = folder.path();
    symlink("b", folder.join("a")).expect("links are allowed");
    symlink("a", folder.join("b")).expect("links are allowed");
    symlink("r_files", folder.join("r_files")).expect("links are allowed");
    let before = contents(folder);
    for line in [
        "print d.dat -o a",
        "convert d.dat a",
        "html d.dat -o a",
        "html d.dat --single-file -o b",
        "html d.dat -o r.html",
        "sites d.dat --flamegraph a",
        "print d.dat -o a --force",
    ] {
        let output = run(folder, line);
        assert_eq!(output.status.code(), Some(1), "{line}");
        assert_eq!(error(&output).lines().count(), 1, "{line}");
        assert!(contents(folder) == before, "{line}");
    }
}

/// Of reports that are written at the same moment the last one stays, page and folder of the
/// same, and none fails.
#[test]
fn reports_at_once_do_not_mix() {
    let folder = folder();
    let folder = folder.path();
    for _ in 0..3 {
        let children: Vec<_> = (0..8)
            .map(|number| {
                command(
                    folder,
                    &format!("html d.dat -o r.html --title Title{number}"),
                )
                .stderr(Stdio::piped())
                .spawn()
                .expect("the binary starts")
            })
            .collect();
        for child in children {
            let output = child.wait_with_output().expect("it ends");
            assert!(output.status.success(), "{}", error(&output));
        }
        let title = |path: PathBuf| {
            let page = fs::read_to_string(path).expect("it is there");
            let at = page.find("Title").expect("it has a title");
            page[at..at + "Title0".len()].to_owned()
        };
        let index = title(folder.join("r.html"));
        assert_eq!(index, title(folder.join("r_files/0000-shop.Product.html")));
    }
    assert_nothing_unfinished(folder, "reports");
    // Whoever changes the directory is waited for.
    let held = File::open(folder).expect("it is there");
    flock(&held, FlockOperation::LockExclusive).expect("it can be locked");
    let mut child = command(folder, "html d.dat -o late.html")
        .spawn()
        .expect("the binary starts");
    std::thread::sleep(Duration::from_millis(700));
    assert!(child.try_wait().expect("it can be asked").is_none());
    assert!(!folder.join("late.html").exists() && !folder.join("late_files").exists());
    drop(held);
    assert!(child.wait().expect("it ends").success());
    assert!(folder.join("late.html").exists());
}

/// What cannot be written was not written, also where nobody can see it: standard output that is
/// closed or only open for reading, and the help on a full disk.
#[test]
fn what_is_not_written_is_an_error() {
    let folder = folder();
    let folder = folder.path();
    let closed = "writing the output failed: standard output is not open";
    let lines = [
        "--help",
        "--version",
        "print --help",
        "print d.dat",
        "print d.dat --format pympler",
        "summary d.dat --format json",
        "summary d.dat --lifetimes --format csv",
        "leaks d.dat",
        "diff d.dat --format markdown",
        "sites d.dat --folded",
        "check d.dat --max-alive *=999",
        "check d.dat --max-alive *=0",
        "html d.dat --single-file -o -",
        "convert d.dat -",
        "info d.dat",
        "print d.dat -o /dev/stdout",
    ];
    for line in lines {
        for script in [
            "exec \"$@\" >&-",
            "exec \"$@\" <&- >&-",
            "exec \"$@\" 1</dev/null",
        ] {
            let output = shell(folder, script, line).output().expect("sh is there");
            assert_eq!(output.status.code(), Some(1), "{script}: {line}");
            assert!(
                error(&output).contains(closed),
                "{line}: {}",
                error(&output)
            );
            assert_eq!(
                error(&output).lines().count(),
                1,
                "{line}: {}",
                error(&output)
            );
        }
        // What is written into a file needs no standard output, and errors need none at all.
        let script = "exec \"$@\" >&- 2>&-";
        let output = shell(folder, script, line).output().expect("sh is there");
        assert_eq!(output.status.code(), Some(1), "{line}");
    }
    let output = shell(folder, "exec \"$@\" <&- >&- 2>&-", "print d.dat -o out.txt").output();
    assert!(output.expect("sh is there").status.success());
    assert_eq!(
        fs::read(folder.join("out.txt")).expect("it is there"),
        run(folder, "print d.dat").stdout
    );
    if cfg!(target_os = "linux") {
        for line in lines.iter().filter(|line| !line.ends_with("/dev/stdout")) {
            let full = File::create("/dev/full").expect("Linux has it");
            let output = command(folder, line).stdout(full).output();
            let output = output.expect("the binary starts");
            assert_eq!(output.status.code(), Some(1), "{line}");
            let error = error(&output);
            assert!(error.contains("No space left on device"), "{line}: {error}");
            assert_eq!(error.lines().count(), 1, "{line}: {error}");
        }
    }
    // Help that nobody reads to the end is no error.
    let output = shell(folder, "\"$@\" | :; true", "--help").output();
    assert_eq!(error(&output.expect("sh is there")), "");
}

/// Whether this process ignores a signal, where the system tells that.
fn is_ignored(number: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask >> (number - 1) & 1 == 1)
}

/// A signal that ends the program, of whatever kind, leaves no unfinished file, and ends it as
/// ever; one that was ignored when it started goes on being ignored.
#[test]
fn no_signal_leaves_an_unfinished_file() {
    let folder = folder();
    let folder = folder.path();
    for (number, signal) in [
        (SIGHUP, "HUP"),
        (SIGINT, "INT"),
        (SIGQUIT, "QUIT"),
        (SIGUSR1, "USR1"),
        (SIGUSR2, "USR2"),
        (SIGALRM, "ALRM"),
        (SIGTERM, "TERM"),
        (SIGXCPU, "XCPU"),
    ] {
        // What whoever runs the tests ignores (nohup), the program ignores too.
        if is_ignored(number) {
            continue;
        }
        let mut stopped = 0;
        for delay in 0..12 {
            // Without a core file of what QUIT ends.
            let script = "ulimit -c 0; exec \"$@\"";
            let line = "html old.dat -o page.html --instances 100000";
            let mut child = shell(folder, script, line).spawn().expect("sh is there");
            std::thread::sleep(Duration::from_millis(delay * 6));
            kill(child.id(), signal);
            let status = child.wait().expect("it ends");
            stopped += usize::from(status.signal() == Some(number));
            assert!(
                status.success() || status.signal() == Some(number),
                "{signal} {status}"
            );
            assert_nothing_unfinished(folder, signal);
        }
        assert!(stopped > 0, "{signal} stopped no run");
    }
    if cfg!(target_os = "linux") {
        let script = "trap '' HUP; echo ignored; exec \"$@\"";
        let line = "html old.dat -o ignored.html --instances 100000";
        let mut child = shell(folder, script, line)
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh is there");
        let mut said = [0; 8];
        let mut stdout = child.stdout.take().expect("it is piped");
        stdout.read_exact(&mut said).expect("the shell says it");
        while child.try_wait().expect("it can be asked").is_none() {
            kill(child.id(), "HUP");
            std::thread::sleep(Duration::from_millis(3));
        }
        assert!(child.wait().expect("it ends").success());
        assert!(folder.join("ignored.html").exists());
    }
}

fn kill(id: u32, signal: &str) {
    let kill = Command::new("kill")
        .args([format!("-{signal}"), id.to_string()])
        .stderr(Stdio::null())
        .status();
    kill.expect("kill is there");
}

fn assert_nothing_unfinished(folder: &Path, what: &str) {
    let left: Vec<_> = fs::read_dir(folder)
        .expect("it is there")
        .map(|entry| entry.expect("it is there").file_name())
        .filter(|name| name.to_string_lossy().starts_with(".ctstats"))
        .collect();
    assert!(left.is_empty(), "{left:?} after {what}");
}

/// A file that grows beyond what is allowed is an error as on a full disk, and leaves nothing.
#[test]
fn a_limit_of_file_size_is_named() {
    let folder = folder();
    let folder = folder.path();
    let before = contents(folder);
    for line in [
        "print d.dat -o out",
        "html old.dat -o r.html",
        "html old.dat --single-file -o r.html",
        "convert old.dat out.dat",
        "sites old.dat --flamegraph out.svg",
    ] {
        // Blocks of 512 bytes, or of 1024 in some shells.
        let output = shell(folder, "ulimit -f 4; exec \"$@\"", line).output();
        let output = output.expect("sh is there");
        let error = error(&output);
        assert_eq!(output.status.code(), Some(1), "{line}: {error}");
        assert!(error.contains("File too large"), "{line}: {error}");
        assert_eq!(error.lines().count(), 1, "{line}: {error}");
        assert!(contents(folder) == before, "{line}");
    }
    let output = shell(folder, "ulimit -f 4; exec \"$@\" >out", "print d.dat").output();
    assert_eq!(output.expect("sh is there").status.code(), Some(1));
}

/// Bytes behind a native file are none that Pympler put there.
#[test]
fn what_follows_a_native_file_is_told_as_it_is() {
    let folder = folder();
    let folder = folder.path();
    let mut bytes = fs::read(fixture("native/shop-v2.bin")).expect("it is there");
    bytes.push(b'\n');
    fs::write(folder.join("d.bin"), &bytes).expect("it can be written");
    let output = run(folder, "summary d.bin");
    assert!(output.status.success());
    assert_eq!(
        error(&output),
        "ctstats: warning: d.bin: 1 byte behind the dump ignored: the dump is whole, but something \
         was appended to the file that ctstats did not write; copy it again, or convert the dump \
         again\n"
    );
    assert_eq!(output.stdout, run(folder, "summary d.dat").stdout);
}
