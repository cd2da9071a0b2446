//! Dumps that are cut short or damaged, read as far as they are whole.

mod common;

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write as _, sink};
use std::path::Path;
use std::process::{Output, Stdio};

use common::{ctstats, fixture, fixtures};
use ctstats::analysis::leaks::{Leaks, LeaksOptions};
use ctstats::analysis::summary::{Summary, SummaryOptions};
use ctstats::report::leaks::LeaksReport;
use ctstats::report::objects::{Detail, Objects};
use ctstats::report::{Form, JsonLayout, Report, Style, html};
use ctstats::select::Selection;
use ctstats::{Asized, Damage, Dump, Rules, Snapshot, TrackedObject};

/// A tree of sizes.
fn tree(out: &mut String, size: Asized<'_>) {
    let figures = (size.size_bytes(), size.flat_bytes(), size.name());
    write!(out, "({figures:?}").expect("a string takes everything");
    size.referents().for_each(|referent| tree(out, referent));
    out.push(')');
}

/// All that a dump holds of an object itself.
fn described(object: TrackedObject<'_>) -> String {
    let mut out = format!(
        "{:?} {} {:?} {:?} {:?} {:?}",
        object.exact_address(),
        object.name(),
        object.repr(),
        object.birth_seconds(),
        object.death_seconds(),
        object.resolution_level(),
    );
    for frame in object.trace().iter().flat_map(|trace| trace.frames()) {
        let lines: Vec<_> = frame.source_lines().collect();
        let place = (frame.file(), frame.exact_line(), frame.function());
        write!(out, "\n  {place:?} {lines:?}").expect("a string takes everything");
    }
    for sample in object.samples() {
        write!(out, "\n  {:?} ", sample.time_seconds).expect("a string takes everything");
        tree(&mut out, sample.asized);
    }
    out
}

/// The objects of a dump, class by class.
fn objects(dump: &Dump) -> Vec<Vec<String>> {
    let classes = dump.classes().map(|class| {
        let objects = class.objects().map(described);
        objects
            .map(|object| format!("{} {object}", class.name()))
            .collect()
    });
    classes.collect()
}

/// What a snapshot says.
fn snapshot(of: Snapshot<'_>) -> String {
    let process = of.process();
    let process = (
        process.available,
        process.virtual_bytes,
        process.resident_bytes,
    );
    let totals = (
        of.tracked_total_bytes(),
        of.asizeof_total_bytes(),
        of.overhead_bytes(),
    );
    let head = (of.timestamp_seconds(), of.description());
    format!("{head:?} {totals:?} {process:?}")
}

fn salvaged(bytes: &[u8]) -> Option<Dump> {
    let dump = Dump::read_with(bytes, Damage::Salvage);
    match dump {
        Ok(dump) => Some(dump),
        Err(error) => {
            let error = error.to_string();
            assert!(!error.contains("--salvage reads"), "{error}");
            None
        }
    }
}

/// No report of it may panic, and the native format takes it.
fn report(dump: &Dump) {
    let selected = Selection::default().select(dump).expect("it is in memory");
    let report = Objects::of(&selected, Detail::default());
    let style = Style::default();
    for form in [Form::Json(JsonLayout::Document), Form::Table(style)] {
        form.write(&mut sink(), &report).expect("it is written");
    }
    for rules in [Rules::Documented, Rules::Pympler] {
        let options = SummaryOptions {
            rules,
            ..SummaryOptions::default()
        };
        let summary = Summary::of(dump, options).expect("no snapshot is asked for");
        summary.table(&mut sink(), style).expect("it is written");
    }
    let of = Leaks::of(dump, &LeaksOptions::default()).expect("no snapshot is asked for");
    let of = LeaksReport {
        leaks: &of,
        dump: Path::new("dump.dat"),
    };
    of.table(&mut sink(), style).expect("it is written");
    let mut native = Vec::new();
    dump.dump_stats_to(&mut native).expect("it is written");
    let again = Dump::read(&native[..]).expect("it is a dump");
    assert_eq!(again.notes().salvaged, dump.notes().salvaged);
    assert_eq!(objects(&again), objects(dump));
    let snapshots = |dump: &Dump| dump.snapshots().map(snapshot).collect::<Vec<_>>();
    assert_eq!(snapshots(&again), snapshots(dump));
}

/// Dumps of several picklers, protocols and shapes, and how many bytes each further cut takes.
const DUMPS: [(&str, usize); 12] = [
    ("dumps/web-1.1-py312", 37),
    ("dumps/tree-1.0.1-py39", 41),
    ("dumps/bank-small-0.9-py27", 13),
    ("dumps/quickstart-0.2.0-py27", 3),
    ("dumps/annotated.full-1.1-py311", 17),
    ("dumps/exotic-name-tuple-1.1-py311", 5),
    ("variants/bank-small-1.1-py311.c0", 23),
    ("variants/bank-small-1.1-py311.torture1", 17),
    ("variants/bank-small-1.1-py311.onepickler", 13),
    ("edited/rebuilt-tuples", 37),
    ("edited/rebuilt-mixed", 41),
    ("edited/edit-ordered", 19),
];

fn read(name: &str) -> Vec<u8> {
    fs::read(fixture(&format!("{name}.dump"))).expect("the fixture is there")
}

/// Wherever a dump is cut: what came before is there, and nothing else.
#[test]
fn what_is_cut_off_is_all_that_is_lost() {
    for (name, step) in DUMPS {
        let bytes = read(name);
        let whole = Dump::read(&bytes[..]).expect("it is whole");
        let all = objects(&whole);
        let count: usize = all.iter().map(Vec::len).sum();
        let snapshots: Vec<String> = whole.snapshots().map(snapshot).collect();
        let (mut most_objects, mut most_snapshots, mut found) = (0, 0, 0);
        for length in (0..bytes.len()).step_by(step) {
            let Some(part) = salvaged(&bytes[..length]) else {
                assert_eq!(most_objects, 0, "{name} cut at {length}");
                continue;
            };
            let lost = part.notes().salvaged.clone().expect("something is lost");
            // Each class has the first of its objects, and they are what they were.
            let some = objects(&part);
            assert!(some.len() <= all.len(), "{name} cut at {length}");
            for (some, all) in some.iter().zip(&all) {
                assert!(all.starts_with(some), "{name} cut at {length}");
            }
            assert!(part.object_count() >= most_objects && part.object_count() <= count);
            assert_eq!(lost.objects, part.object_count() as u64);
            most_objects = part.object_count();
            // So have the snapshots, and behind them come those that are rebuilt.
            let some: Vec<String> = part.snapshots().map(snapshot).collect();
            let read = lost.snapshots as usize;
            assert!(
                snapshots.starts_with(&some[..read]),
                "{name} cut at {length}"
            );
            assert_eq!(some.len() - read, lost.snapshots_rebuilt as usize);
            assert!(read >= most_snapshots, "{name} cut at {length}");
            most_snapshots = read;
            assert!(!lost.objects_complete || most_objects == count);
            assert!(!lost.snapshots_complete || read == snapshots.len());
            assert!(lost.stopped_at_byte + lost.bytes_not_read <= length as u64);
            assert!(part.sample_count() <= whole.sample_count());
            found += 1;
            if found % 97 == 1 {
                report(&part);
            }
        }
        assert!(most_objects == count && found > 50, "{name}: {found} cuts");
        let whole = salvaged(&bytes).expect("it is whole");
        assert_eq!(whole.notes().salvaged, None);
    }
}

/// Where a dump is damaged: all that comes before is read, and nothing panics. Behind it a byte
/// may have come to mean something else, until that is noticed.
#[test]
fn a_changed_byte_costs_nothing_before_it() {
    for (name, step) in [
        ("dumps/web-1.1-py312", 101),
        ("dumps/bank-small-0.9-py27", 29),
        ("variants/bank-small-1.1-py311.c0", 41),
        ("edited/rebuilt-mixed", 89),
    ] {
        let bytes = read(name);
        let listed = |dump: &Dump| objects(dump).concat();
        let all = listed(&Dump::read(&bytes[..]).expect("it is whole"));
        let mut changed = bytes.clone();
        let mut before = 0;
        let mut damaged = 0;
        for index in (0..bytes.len()).step_by(step) {
            if let Some(cut) = salvaged(&bytes[..index]) {
                before = cut.object_count();
            }
            for mask in [0x01, 0x10, 0x80, 0xff] {
                changed[index] ^= mask;
                if Dump::read(&changed[..]).is_err() {
                    let place = format!("{name} byte {index} ^ {mask:#x}");
                    let part = salvaged(&changed).map_or(Vec::new(), |part| {
                        if damaged % 199 == 0 {
                            report(&part);
                        }
                        listed(&part)
                    });
                    assert!(part.len() >= before, "{place}: {} of {before}", part.len());
                    assert!(part[..before] == all[..before], "{place}");
                    damaged += 1;
                }
                changed[index] = bytes[index];
            }
        }
        assert!(damaged > 200, "{name}: {damaged}");
    }
}

/// Every snapshot sizes all objects at one time, so where all objects are there, the times of the
/// snapshots are too, and the sum of the sizes is what Pympler had counted.
#[test]
fn snapshots_are_rebuilt_as_they_were() {
    let others = ["shop.dump", "leaky_shop.dump"].map(fixture);
    let (mut dumps, mut rebuilt) = (0, 0);
    for path in fixtures("dumps").into_iter().chain(others) {
        let bytes = fs::read(&path).expect("the fixture is there");
        let Ok(whole) = Dump::read(&bytes[..]) else {
            continue;
        };
        let between = memchr::memchr_iter(b'.', &bytes).map(|at| &bytes[..=at]);
        let only_objects = between
            .filter(|start| start.len() < bytes.len() && b"\x80(]".contains(&bytes[start.len()]))
            .find_map(|start| {
                let dump = Dump::read_with(start, Damage::Salvage).ok()?;
                let lost = dump.notes().salvaged.as_ref()?;
                lost.objects_complete.then_some(dump)
            });
        let Some(dump) = only_objects else {
            assert_eq!(whole.object_count(), 0, "{path:?}");
            continue;
        };
        let moments = |dump: &Dump| -> Vec<(u64, i128)> {
            let counted = dump.snapshots().filter(|of| of.tracked_total_bytes() > 0);
            counted
                .map(|of| (of.timestamp_seconds().to_bits(), of.tracked_total_bytes()))
                .collect()
        };
        let mut expected = moments(&whole);
        expected.dedup();
        let name = path.display();
        // In one of them a snapshot was edited away.
        if !name.to_string().contains("loaded-edited") {
            assert_eq!(moments(&dump), expected, "{name}");
        }
        dumps += 1;
        rebuilt += expected.len();
    }
    assert!(
        dumps > 70 && rebuilt > 250,
        "{dumps} dumps, {rebuilt} snapshots"
    );
}

/// The flag changes nothing of whole dumps, whatever is odd about them.
#[test]
fn whole_dumps_are_read_as_ever() {
    let mut read = 0;
    for folder in ["dumps", "edited", "variants", "native", "invalid"] {
        for path in fixtures(folder) {
            let Ok(whole) = Dump::load(&path) else {
                continue;
            };
            let again = Dump::salvage(&path).expect("it is whole");
            assert_eq!(again.notes(), whole.notes(), "{path:?}");
            let native = |dump: &Dump| {
                let mut bytes = Vec::new();
                dump.dump_stats_to(&mut bytes).expect("it is written");
                bytes
            };
            assert!(native(&again) == native(&whole), "{path:?}");
            read += 1;
        }
    }
    assert!(read > 250, "{read}");
}

/// What was decompressed before the data end or turn out damaged is used.
#[test]
fn packed_dumps_are_salvaged() {
    let plain = fs::read(fixture("leaky_shop.dump")).expect("the fixture is there");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&plain).expect("a vector takes everything");
    let gzip = gzip.finish().expect("a vector takes everything");
    let mut zstd = zstd::stream::write::Encoder::new(Vec::new(), 1).expect("it can be made");
    zstd.include_checksum(true).expect("it can");
    // Blocks of their own, so that some are whole.
    for chunk in plain.chunks(20_000) {
        zstd.write_all(chunk).expect("a vector takes everything");
        zstd.flush().expect("a vector takes everything");
    }
    let zstd = zstd.finish().expect("a vector takes everything");
    let unpack = |coding: &str, bytes: &[u8]| {
        let mut out = Vec::new();
        let mut byte = [0];
        let mut reader: Box<dyn Read> = match coding {
            "gzip" => Box::new(flate2::read::GzDecoder::new(bytes)),
            _ => Box::new(zstd::stream::read::Decoder::new(bytes).expect("it can be made")),
        };
        while let Ok(1) = reader.read(&mut byte) {
            out.push(byte[0]);
        }
        out
    };
    for (coding, packed) in [("gzip", gzip), ("zstd", zstd)] {
        let mut counts = Vec::new();
        for tenth in [2, 5, 9] {
            let length = packed.len() * tenth / 10;
            let mut changed = packed.clone();
            changed[length] ^= 0x55;
            for (is_cut, damaged) in [(true, &packed[..length]), (false, &changed)] {
                let before = salvaged(&unpack(coding, damaged)).map_or(0, |d| d.object_count());
                let dump = salvaged(damaged);
                let found = dump.as_ref().map_or(0, |dump| dump.object_count());
                // At most what the last little piece of it held is lost.
                assert!(
                    before <= found + 1 && found <= before,
                    "{coding} at {length}"
                );
                if let Some(lost) = dump.and_then(|dump| dump.notes().salvaged.clone()) {
                    let reason = &lost.reason;
                    let named = reason.contains(&format!("its {coding} data"));
                    assert!(named || !is_cut, "{reason}");
                }
                counts.push(found);
            }
        }
        assert!(
            counts.iter().any(|&count| count > 500),
            "{coding}: {counts:?}"
        );
        // All is there, but nothing proves it.
        let mut changed = packed.clone();
        let last = changed.len() - 2;
        changed[last] ^= 1;
        assert!(Dump::read(&changed[..]).is_err());
        let lost = salvaged(&changed)
            .expect("it is there")
            .notes()
            .salvaged
            .clone();
        let lost = lost.expect("the checksum differs");
        assert!(lost.objects_complete && lost.snapshots_complete && lost.snapshots == 12);
    }
}

fn run(arguments: &[&str], dump: &Path) -> Output {
    ctstats()
        .args(arguments)
        .arg(dump)
        .output()
        .expect("the binary starts")
}

/// A dump that was cut while the objects were written, and one that was while the snapshots were.
fn cut_dumps(folder: &Path) -> [std::path::PathBuf; 2] {
    let bytes = fs::read(fixture("leaky_shop.dump")).expect("the fixture is there");
    [bytes.len() / 2, bytes.len() - 400].map(|length| {
        let path = folder.join(format!("cut-{length}.dat"));
        fs::write(&path, &bytes[..length]).expect("it can be written");
        path
    })
}

/// Every command reads what is whole, says so on standard error, and marks its document.
#[test]
fn every_command_salvages() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let limits = ["--max-alive", "*=1000", "--no-leaks"];
    let mut commands = vec![
        vec!["print"],
        vec!["summary"],
        vec!["summary", "--lifetimes"],
        vec!["diff"],
        vec!["diff", "--referents"],
        vec!["leaks"],
        vec!["sites"],
        vec!["info"],
        [&["check"], &limits[..]].concat(),
    ];
    for path in cut_dumps(folder.path()) {
        for command in &mut commands {
            let refused = run(command, &path);
            assert_eq!(refused.status.code(), Some(1), "{command:?}");
            let error = String::from_utf8_lossy(&refused.stderr);
            assert!(
                error.contains("; --salvage reads the "),
                "{command:?}: {error}"
            );

            let plain = [&command[..], &["--salvage"]].concat();
            let output = run(&plain, &path);
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(
                matches!(output.status.code(), Some(0 | 3)),
                "{command:?}: {error}"
            );
            assert!(
                error.contains(": salvaged: reading stopped at byte "),
                "{error}"
            );
            assert!(
                error.contains(" rebuilt from the times and sizes "),
                "{error}"
            );

            let document = [&plain[..], &["--format", "json"]].concat();
            let output = run(&document, &path);
            let document: serde_json::Value =
                serde_json::from_slice(&output.stdout).expect("it is JSON");
            let lost = &document["salvaged"];
            assert!(lost["stopped_at_byte"].is_u64(), "{command:?}");
            assert!(lost["objects"].as_u64() > Some(100), "{command:?}");
            assert_eq!(lost["snapshots_complete"], false);
        }
        let page = folder.path().join("page.html");
        for single in [&["--single-file"][..], &[]] {
            let arguments = ["html", "--salvage", "--force", "-o"];
            let page = page.to_str().expect("it is UTF-8");
            let output = run(&[&arguments[..], &[page], single].concat(), &path);
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(
                output.status.success() && error.contains("salvaged"),
                "{error}"
            );
            let mut pages = vec![fs::read_to_string(page).expect("it is there")];
            if single.is_empty() {
                let beside = fs::read_dir(folder.path().join("page_files")).expect("it is there");
                let paths = beside.map(|entry| entry.expect("it is there").path());
                let views = paths.filter(|path| path.extension().is_some_and(|e| e == "html"));
                pages.extend(views.map(|path| fs::read_to_string(path).expect("it is there")));
                assert!(pages.len() > 2);
            }
            for page in pages {
                let notices = page
                    .matches("This dump was not whole and was salvaged")
                    .count();
                assert_eq!(notices, 1);
            }
        }
    }
    let whole = fixture("leaky_shop.dump");
    for command in commands {
        let arguments = [&command[..], &["--salvage", "--format", "json"]].concat();
        let output = run(&arguments, &whole);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!error.contains("salvage"), "{error}");
        assert!(!String::from_utf8_lossy(&output.stdout).contains("salvaged"));
    }
}

/// Of two dumps either may be salvaged, and the document says which.
#[test]
fn either_of_two_dumps_may_be_salvaged() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let [_, cut] = cut_dumps(folder.path());
    let whole = fixture("shop.dump");
    let document = |arguments: &[&str], paths: [&Path; 2]| -> serde_json::Value {
        let output = ctstats()
            .args(arguments)
            .args(paths)
            .args(["--salvage", "--format", "json"])
            .output()
            .expect("the binary starts");
        serde_json::from_slice(&output.stdout).expect("it is JSON")
    };
    let diff = document(&["diff"], [&whole, &cut]);
    assert!(diff["salvaged"].is_null() && diff["salvaged_new"]["objects"].is_u64());
    let diff = document(&["diff"], [&cut, &whole]);
    assert!(diff["salvaged"]["objects"].is_u64() && diff["salvaged_new"].is_null());
    let check = ["check", "--max-growth", "shop.Cart=1000%", "--baseline"];
    let check = document(&check, [&cut, &whole]);
    assert!(check["salvaged"].is_null() && check["salvaged_baseline"]["objects"].is_u64());
    let folded = ctstats()
        .args(["sites", "--folded", "--salvage"])
        .args([&whole, &cut])
        .output()
        .expect("the binary starts");
    assert!(folded.status.success());
    assert!(String::from_utf8_lossy(&folded.stderr).contains("salvaged"));
}

/// A gate says in each form that it saw a part.
#[test]
fn a_gate_tells_its_readers() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let [cut, _] = cut_dumps(folder.path());
    for (form, mark) in [
        (
            "junit",
            "<property name=\"salvaged\" value=\"reading stopped",
        ),
        (
            "github",
            "::warning title=ctstats: salvaged::reading stopped",
        ),
    ] {
        let check = [
            "check",
            "--max-alive",
            "*=1000",
            "--salvage",
            "--format",
            form,
        ];
        let output = run(&check, &cut);
        assert!(output.status.success());
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains(mark), "{text}");
    }
}

/// The commands that `leaks` prints work on the same file.
#[test]
fn what_leaks_advises_salvages_too() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let [cut, _] = cut_dumps(folder.path());
    let output = run(&["leaks", "--salvage", "--format", "json"], &cut);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let suspects = document["suspects"].as_array().expect("a list");
    let next = suspects
        .iter()
        .flat_map(|of| of["next"].as_array().expect("a list"));
    let mut commands = 0;
    for command in next {
        let words = command.as_str().expect("a text").split(' ').skip(1);
        let output = ctstats().args(words).output().expect("the binary starts");
        assert!(output.status.success(), "{command}");
        commands += 1;
    }
    assert!(commands > 0);
}

/// `convert` writes a whole dump of what is whole. ctstats' own format remembers where it came
/// from; Pympler's has no place for that.
#[test]
fn convert_writes_a_whole_dump_of_it() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for cut in cut_dumps(folder.path()) {
        let expected = Dump::salvage(&cut).expect("some of it is whole");
        for (name, remembers) in [("out.bin", true), ("out.dat", false), ("out.bin.zst", true)] {
            let out = folder.path().join(name);
            let output = ctstats()
                .args(["convert", "--salvage", "--force"])
                .args([&cut, &out])
                .output()
                .expect("the binary starts");
            assert!(output.status.success());
            let dump = Dump::load(&out).expect("it is whole");
            assert_eq!(objects(&dump), objects(&expected), "{name}");
            let snapshots = |dump: &Dump| dump.snapshots().map(snapshot).collect::<Vec<_>>();
            assert_eq!(snapshots(&dump), snapshots(&expected), "{name}");
            let lost = remembers
                .then(|| expected.notes().salvaged.clone())
                .flatten();
            assert_eq!(dump.notes().salvaged, lost, "{name}");
            let info = run(&["info"], &out);
            let error = String::from_utf8_lossy(&info.stderr).into_owned();
            let said = error.contains("converted from a dump that was salvaged: reading stopped");
            assert_eq!(said, remembers, "{error}");
        }
    }
}

/// Of a file of ctstats' own format nothing is whole if a part is missing, and that is said.
#[test]
fn native_files_are_not_salvaged() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut native = Vec::new();
    let whole = Dump::load(fixture("leaky_shop.dump")).expect("it is whole");
    whole.dump_stats_to(&mut native).expect("it is written");
    let path = folder.path().join("cut.bin");
    let mut changed = native.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    for bytes in [&native[..native.len() - 100], &changed] {
        fs::write(&path, bytes).expect("it can be written");
        let output = run(&["info", "--salvage"], &path);
        assert_eq!(output.status.code(), Some(1));
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            error.contains("; --salvage cannot help: a file of ctstats' own format"),
            "{error}"
        );
        assert!(error.contains("convert the dump again"), "{error}");
        assert!(!String::from_utf8_lossy(&run(&["info"], &path).stderr).contains("--salvage"));
    }
}

#[test]
fn standard_input_is_salvaged() {
    let bytes = fs::read(fixture("leaky_shop.dump")).expect("the fixture is there");
    let mut child = ctstats()
        .args(["info", "-", "--salvage", "--format", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut input = child.stdin.take().expect("it is piped");
    input.write_all(&bytes[..200_000]).expect("it is read");
    drop(input);
    let output = child.wait_with_output().expect("the binary ends");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        error.starts_with("ctstats: warning: -: salvaged: "),
        "{error}"
    );
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let lost = &document["salvaged"];
    let read = lost["stopped_at_byte"].as_u64().expect("a number");
    assert_eq!(
        read + lost["bytes_not_read"].as_u64().expect("a number"),
        200_000
    );
    assert_eq!(lost["objects"], document["objects"]);
}

/// Files in which nothing is whole stay errors, and say so in one line.
#[test]
fn nothing_whole_is_an_error() {
    let mut refused = 0;
    for path in fixtures("invalid") {
        let output = run(&["info", "--salvage"], &path);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!error.contains("panicked"), "{path:?}: {error}");
        match output.status.code() {
            Some(0) => {}
            Some(1) => {
                assert!(
                    output.stdout.is_empty() && error.lines().count() == 1,
                    "{error}"
                );
                refused += 1;
            }
            code => panic!("{path:?}: {code:?}"),
        }
    }
    assert!(refused > 50, "{refused}");
}

#[test]
fn a_page_of_a_whole_dump_has_no_notice() {
    let dump = Dump::load(fixture("shop.dump")).expect("it is whole");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let page = folder.path().join("page.html");
    let pages = html::Pages::open(&page, true).expect("it can be written");
    html::write(pages, &dump, &html::HtmlOptions::default()).expect("it is written");
    let text = fs::read_to_string(page).expect("it is there");
    assert!(!text.contains("<aside class=\"notice\""));
}
