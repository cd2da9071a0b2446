//! `ctstats convert`: into the native format and back, whole and in part.

mod common;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use common::{ctstats, fixture, fixtures, run};

fn convert(arguments: &[&str], paths: &[&Path]) -> Output {
    ctstats()
        .arg("convert")
        .args(arguments)
        .args(paths)
        .output()
        .expect("the binary starts")
}

/// All that Pympler's form says of a dump, and its JSON.
fn said(dump: &Path) -> Vec<u8> {
    let mut out = Vec::new();
    for arguments in [
        ["print", "--format", "pympler"],
        ["print", "--format", "ndjson"],
        ["summary", "--format", "pympler"],
    ] {
        out.extend(
            ctstats()
                .args(arguments)
                .arg(dump)
                .output()
                .expect("it starts")
                .stdout,
        );
    }
    out
}

#[test]
fn both_formats_say_the_same() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for dump in fixtures("dumps").iter().step_by(5) {
        let native = folder.path().join("dump.bin");
        let back = folder.path().join("dump.dat");
        for (from, to) in [(dump, &native), (&native, &back)] {
            let output = convert(&[], &[from, to]);
            assert!(
                output.status.success() && output.stdout.is_empty(),
                "{dump:?}"
            );
        }
        assert!(
            fs::read(&native)
                .expect("it is there")
                .starts_with(b"\x89CTSTATS")
        );
        assert!(
            fs::read(&back)
                .expect("it is there")
                .starts_with(b"\x80\x04")
        );
        let expected = said(dump);
        assert!(said(&native) == expected, "{dump:?} in the native format");
        assert!(said(&back) == expected, "{dump:?} back in Pympler's");
    }
}

/// Files of every version of the format are read for ever.
#[test]
fn old_versions_are_read() {
    let expected = said(&fixture("shop.dump"));
    for version in ["v1", "v2", "v2-cohorts"] {
        assert!(said(&fixture(&format!("native/shop-{version}.bin"))) == expected);
    }
}

#[test]
fn a_later_version_is_refused_by_name() {
    let mut bytes = fs::read(fixture("native/shop-v1.bin")).expect("it is there");
    bytes[8] = 3;
    let error = ctstats::Dump::read(&bytes[..])
        .expect_err("it is newer")
        .to_string();
    assert_eq!(
        error,
        "input: written by a newer ctstats: format 3, this one reads up to 2"
    );
}

/// Found by fuzzing: checksums that are right, and a text cut within a character.
#[test]
fn texts_are_checked() {
    let error = ctstats::Dump::load(fixture("native/bad-text.bin")).expect_err("it is damaged");
    assert!(error.to_string().contains("a text is not UTF-8"), "{error}");
}

/// Found by fuzzing: a tree that contains itself is written once, not for ever.
#[test]
fn a_tree_that_contains_itself_is_written_once() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let out = folder.path().join("out.dat");
    let output = convert(&[], &[&fixture("invalid/bomb-self-refs.bin"), &out]);
    assert!(output.status.success());
    assert!(fs::metadata(&out).expect("it is there").len() < 10_000);
    assert_eq!(
        ctstats::Dump::load(&out)
            .expect("it is a dump")
            .object_count(),
        1
    );
}

#[test]
fn damage_is_named_by_section() {
    let mut bytes = fs::read(fixture("native/shop-v1.bin")).expect("it is there");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let error = ctstats::Dump::read(&bytes[..])
        .expect_err("it is damaged")
        .to_string();
    assert!(
        error.contains("section 'notes' is damaged: its checksum differs"),
        "{error}"
    );
}

#[test]
fn the_ending_tells_format_and_compression() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let cases: [(&str, &[&str], &[u8]); 8] = [
        ("a.bin", &[], b"\x89CTSTATS"),
        ("a", &[], b"\x89CTSTATS"),
        ("a.dat", &[], b"\x80\x04"),
        ("a.pkl", &[], b"\x80\x04"),
        ("a.bin.zst", &[], b"\x28\xb5\x2f\xfd"),
        ("a.dat.gz", &[], b"\x1f\x8b"),
        ("b.dat", &["--to", "native"], b"\x89CTSTATS"),
        ("b.bin", &["--compress", "gzip"], b"\x1f\x8b"),
    ];
    let expected = said(&fixture("shop.dump"));
    for (name, arguments, magic) in cases {
        let out = folder.path().join(name);
        assert!(
            convert(arguments, &[&fixture("shop.dump"), &out])
                .status
                .success(),
            "{name}"
        );
        assert!(
            fs::read(&out).expect("it is there").starts_with(magic),
            "{name}"
        );
        assert!(said(&out) == expected, "{name}");
    }
}

/// What `convert` packs has a checksum: a byte that changed is an error, or changes nothing.
#[test]
fn a_byte_changed_in_a_packed_file_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let native = |bytes: &[u8]| {
        let dump = ctstats::Dump::read(bytes).ok()?;
        let mut out = Vec::new();
        dump.dump_stats_to(&mut out)
            .expect("a vector takes everything");
        Some((out, dump.notes().checksum))
    };
    for (name, checksum) in [("a.dat.zst", "xxh64"), ("a.dat.gz", "crc32")] {
        let out = folder.path().join(name);
        assert!(
            convert(&[], &[&fixture("shop.dump"), &out])
                .status
                .success()
        );
        let mut bytes = fs::read(&out).expect("it is there");
        let whole = native(&bytes).expect("it is a dump");
        assert_eq!(whole.1, Some(checksum), "{name}");
        let mut noticed = 0;
        for index in (0..bytes.len()).step_by(5) {
            bytes[index] ^= 1 << (index % 8);
            match native(&bytes) {
                Some((changed, _)) => assert!(changed == whole.0, "{name}: byte {index}"),
                None => noticed += 1,
            }
            bytes[index] ^= 1 << (index % 8);
        }
        assert!(noticed > bytes.len() / 6, "{name}: {noticed}");
    }
}

#[test]
fn pipes_work_at_both_ends() {
    let mut child = ctstats()
        .args(["convert", "-", "-", "--to", "pympler"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let whole = fs::read(fixture("shop.dump")).expect("it is there");
    child
        .stdin
        .take()
        .expect("it is piped")
        .write_all(&whole)
        .expect("it is read");
    let output = child.wait_with_output().expect("the binary ends");
    assert!(output.status.success());
    assert_eq!(
        ctstats::Dump::read(&output.stdout[..])
            .expect("it is a dump")
            .object_count(),
        44
    );
}

#[test]
fn a_part_holds_what_was_selected() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let out = folder.path().join("part.bin");
    let arguments = ["--class", "Cart", "--sort", "size", "--limit", "3"];
    let output = convert(&arguments, &[&fixture("shop.dump"), &out]);
    let part = ctstats()
        .args(["print", "--sort", "size"])
        .arg(&out)
        .output()
        .expect("it starts");
    let whole = run("print fixtures/shop.dump --class Cart --sort size --limit 3");
    assert_eq!(output.stderr, whole.stderr);
    // The peak of the snapshots is that of the whole dump.
    assert_eq!(part.stdout, whole.stdout);
}

#[test]
fn redacted_texts_are_in_neither_format() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for name in ["out.bin", "out.dat"] {
        let out = folder.path().join(name);
        let output = convert(
            &["--redact", "repr,trace,desc"],
            &[&fixture("shop.dump"), &out],
        );
        assert!(output.status.success());
        let bytes = fs::read(&out).expect("it is there");
        for secret in ["customer-5", "shop.py", "monday"] {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} in {name}");
        }
    }
}

#[test]
fn a_failed_convert_leaves_the_old_file() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let out = folder.path().join("out.bin");
    fs::write(&out, "old").expect("it can be written");
    let output = convert(&[], &[&fixture("invalid/other-text.bin"), &out]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(fs::read_to_string(&out).expect("it is there"), "old");
    assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 1);
}
