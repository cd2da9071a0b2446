//! The verdicts of `ctstats leaks` on histories whose truth is known: the classes of
//! `fixtures/histories.dump.gz` are named after it (`benches/verdict.py` made them, and
//! measures many more).

mod common;

use std::collections::BTreeMap;

use common::fixture;
use ctstats::analysis::leaks::{Confidence, Leaks, LeaksOptions, Mention, Pattern};
use ctstats::analysis::summary::SnapshotSelector;
use ctstats::select::{Filter, Limit};
use ctstats::{Dump, DumpFile};

const LEAKS: [&str; 4] = ["steady", "stepwise", "hidden", "swelling"];

fn histories() -> Dump {
    Dump::load(fixture("histories.dump.gz")).expect("it is a dump")
}

#[test]
fn leaks_are_told_from_caches_and_churn() {
    let dump = histories();
    let leaks = Leaks::of(&dump, &LeaksOptions::default()).expect("no snapshot is asked for");
    let mut told: BTreeMap<String, Vec<Confidence>> = BTreeMap::new();
    let suspects = leaks.suspects.iter().map(|suspect| &suspect.class);
    for class in suspects.chain(&leaks.cleared) {
        let name = class.class.to_str();
        let kind = name
            .split('.')
            .next()
            .expect("a split has a first part")
            .to_owned();
        told.entry(kind).or_default().push(class.verdict.confidence);
    }
    assert_eq!(told.len(), 12);
    for (kind, verdicts) in &told {
        assert_eq!(verdicts.len(), 3, "{kind}");
        let wanted = |confidence: &Confidence| {
            (*confidence != Confidence::No) == LEAKS.contains(&kind.as_str())
        };
        assert!(verdicts.iter().all(wanted), "{kind}: {verdicts:?}");
    }
    let order: Vec<_> = leaks
        .suspects
        .iter()
        .map(|s| s.class.verdict.confidence)
        .collect();
    assert!(
        order.is_sorted_by(|a, b| a >= b),
        "likely ones first: {order:?}"
    );
}

/// The suspects of the shop are those that its program leaks, with the lines that do it.
#[test]
fn the_leaking_lines_are_named() {
    let dump = Dump::load(fixture("leaky_shop.dump")).expect("it is a dump");
    let leaks = Leaks::of(&dump, &LeaksOptions::default()).expect("no snapshot is asked for");
    let suspects: Vec<_> = leaks
        .suspects
        .iter()
        .map(|suspect| {
            let origin = &suspect.kept.origins[0];
            let function = origin
                .function
                .expect("it was traced")
                .to_str()
                .into_owned();
            (
                suspect.class.class.to_str().into_owned(),
                function,
                suspect.kept.origins.len(),
            )
        })
        .collect();
    let expected = [
        ("shop.Cart", "browse", 1),
        ("shop.Subscription", "watch_price", 1),
    ];
    assert_eq!(
        suspects,
        expected.map(|(class, function, n)| (class.into(), function.into(), n))
    );
    let holder = &leaks.suspects[0].kept.holders[0];
    let path: Vec<_> = holder
        .path
        .iter()
        .map(|name| name.expect("it has one").to_str())
        .collect();
    assert_eq!(path, ["__dict__", "[V] items"]);
    assert!(holder.share_percent > 80.0);
    let pattern = |name: &str| {
        let class = leaks
            .cleared
            .iter()
            .find(|class| class.class.to_str() == name);
        class.expect("it is cleared").verdict.pattern
    };
    assert_eq!(pattern("shop.CachedPage"), Pattern::LevelledOff);
    assert_eq!(pattern("shop.ImportJob"), Pattern::Shrinking);
    assert_eq!(pattern("shop.Session"), Pattern::Churn);
    assert_eq!(pattern("shop.Product"), Pattern::Steady);
}

/// Born between the first two of three snapshots and alive at the third, counted by hand.
#[test]
fn three_snapshots_choose_the_survivors() {
    let dump = Dump::load(fixture("leaky_shop.dump")).expect("it is a dump");
    let index = SnapshotSelector::Index;
    let options = LeaksOptions {
        between: Some((index(2), index(5))),
        alive_at: Some(index(7)),
        filter: Filter {
            classes: vec!["Cart".into()],
            ..Filter::default()
        },
        ..LeaksOptions::default()
    };
    let leaks = Leaks::of(&dump, &options).expect("the snapshots are there");
    let time = |number| {
        dump.snapshots()
            .nth(number)
            .expect("it is there")
            .timestamp_seconds()
    };
    let expected = dump.objects().filter(|object| {
        object.class().name().contains("Cart")
            && object.birth_seconds() >= time(2)
            && object.birth_seconds() < time(5)
            && object.is_active_at(time(7))
    });
    let kept = &leaks.suspects[0].kept;
    assert_eq!(kept.objects, expected.count() as u64);
    assert_eq!(kept.objects, 12);
    let unknown = LeaksOptions {
        alive_at: Some(SnapshotSelector::Index(99)),
        ..LeaksOptions::default()
    };
    let error = Leaks::of(&dump, &unknown).expect_err("there is no such snapshot");
    assert!(error.to_string().starts_with("no snapshot '99'"), "{error}");
}

/// Whatever the dump holds there is an answer, and a limit only shortens it.
#[test]
fn every_dump_has_an_answer() {
    for folder in ["dumps", "edited", "invalid"] {
        for path in common::fixtures(folder) {
            let Ok(dump) = DumpFile::open(&path).and_then(DumpFile::into_whole) else {
                continue;
            };
            let leaks = Leaks::of(&dump, &LeaksOptions::default()).expect("none is asked for");
            let one = LeaksOptions {
                limit: Some(Limit::Count(1)),
                ..LeaksOptions::default()
            };
            let fewer = Leaks::of(&dump, &one).expect("none is asked for");
            let all = leaks.suspects.len() + leaks.more_suspects.len();
            assert_eq!(
                fewer.suspects.len() + fewer.more_suspects.len(),
                all,
                "{}",
                path.display()
            );
            assert!(fewer.suspects.len() <= 1);
        }
    }
}

/// Every command that is printed runs as it stands, whatever the file is called, and shows
/// something of the suspect in few lines.
#[test]
#[cfg(unix)]
fn printed_commands_run() {
    use std::process::Command;
    let folder = tempfile::tempdir().expect("a folder can be made");
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_ctstats"));
    let path = std::env::join_paths(binary.parent()).expect("it is no odd folder");
    let mut commands = 0;
    for name in ["dump.dat", "the carts' dump.dat", "-dump$HOME.dat"] {
        std::fs::copy(fixture("leaky_shop.dump"), folder.path().join(name)).expect("it is there");
        let leaks = Command::new(binary)
            .current_dir(folder.path())
            .args(["leaks", "--width", "80", "--", name])
            .output()
            .expect("the binary starts");
        let text = String::from_utf8(leaks.stdout).expect("it is UTF-8");
        let printed = text.lines().filter(|line| line.starts_with("    ctstats "));
        for line in printed {
            let output = Command::new("/bin/sh")
                .current_dir(folder.path())
                .env("PATH", &path)
                .args(["-c", line])
                .output()
                .expect("there is a shell");
            let shown = String::from_utf8(output.stdout).expect("it is UTF-8");
            assert!(output.status.success(), "{line}");
            assert!(shown.contains("shop."), "{line}: {shown}");
            assert!(shown.lines().count() < 100, "{line}: {shown}");
            commands += 1;
        }
    }
    assert_eq!(
        commands,
        3 * 2 * 2,
        "three names, two suspects, two commands"
    );
}

/// Dumps of small programs with known truth: what leaks is likely to, what does not is no suspect, and
/// the creating line and the attribute are those of the program. The same from native files.
#[test]
fn programs_of_known_truth_are_judged_right() {
    let truth = std::fs::read(fixture("field/truth.json")).expect("it is there");
    let truth: serde_json::Value = serde_json::from_slice(&truth).expect("it is JSON");
    let mut judged = 0;
    for of in truth.as_array().expect("a list") {
        let name = of["dump"].as_str().expect("a name");
        let folder = tempfile::tempdir().expect("a folder can be made");
        let native = folder.path().join("dump.bin");
        let pickle = fixture(&format!("field/{name}"));
        let converted = std::process::Command::new(env!("CARGO_BIN_EXE_ctstats"))
            .args(["convert".as_ref(), pickle.as_os_str(), native.as_os_str()])
            .status();
        assert!(converted.expect("the binary starts").success(), "{name}");
        for path in [&pickle, &native] {
            let file = DumpFile::open(path).expect("it is a dump");
            let leaks = Leaks::of(&file, &LeaksOptions::default()).expect("none is asked for");
            let suspects = leaks.suspects.iter().map(|suspect| &suspect.class);
            let mut suspects: Vec<_> = suspects.map(|class| class.class.to_str()).collect();
            suspects.sort();
            let list = of["leaks"].as_array().expect("a list");
            let text = |leak: &'static str| {
                move |of: &serde_json::Value| of[leak].as_str().map(str::to_owned)
            };
            let mut expected: Vec<_> = list.iter().filter_map(text("class")).collect();
            expected.sort();
            assert_eq!(suspects, expected, "{name}");
            for leak in list {
                let class = text("class")(leak).expect("it has one");
                let mut suspects = leaks.suspects.iter();
                let suspect = suspects.find(|suspect| suspect.class.class.to_str() == class);
                let suspect = suspect.expect("it is among them");
                assert_eq!(
                    suspect.class.verdict.confidence,
                    Confidence::Likely,
                    "{name}"
                );
                if let Some(attribute) = text("attribute")(leak) {
                    let path = &suspect.kept.holders[0].path;
                    let last = path.last().copied().flatten().expect("it has a name");
                    assert_eq!(last.to_str(), attribute, "{name}");
                }
                if let Some(line) = leak["site"]["line"].as_i64() {
                    let origin = &suspect.kept.origins[0];
                    let told = origin.line.map(|line| line.to_string());
                    assert_eq!(told, Some(line.to_string()), "{name}");
                }
                judged += 1;
            }
        }
    }
    assert_eq!(judged, 20, "ten leaks, each twice");
}

/// What keeps the suspects of `registry.py` is hinted at, and what only looks like it is not: as a
/// pickle and as a native file, with a filter and without.
#[test]
fn holders_of_suspects_are_hinted_at() {
    let path = fixture("registry.dump.gz");
    let folder = tempfile::tempdir().expect("there is room");
    let native = folder.path().join("registry.bin");
    let converted = std::process::Command::new(env!("CARGO_BIN_EXE_ctstats"))
        .args(["convert".as_ref(), path.as_os_str(), native.as_os_str()])
        .status();
    assert!(converted.expect("the binary starts").success());
    let truth = [
        ("shop.Cart", "shop.Registry __dict__ [V] carts"),
        (
            "shop.Job",
            "shop.Application __dict__ [V] store __dict__ [V] jobs",
        ),
        ("shop.Order", "shop.Index __dict__ [V] by_number"),
        ("shop.Subscription", "shop.Hub __dict__ [V] listeners"),
        ("shop.Ticket", "shop.Desk tickets"),
    ];
    let of_suspect = |name: &str| Filter {
        classes: vec![name.into()],
        ..Filter::default()
    };
    let mut told = Vec::new();
    for file in [&path, &native] {
        let file = DumpFile::open(file).expect("it is a dump");
        let hints = |filter: Filter| {
            let options = LeaksOptions {
                filter,
                limit: None,
                ..LeaksOptions::default()
            };
            let leaks = Leaks::of(&file, &options).expect("no snapshot is asked for");
            let mut told = Vec::new();
            for suspect in &leaks.suspects {
                for hint in &suspect.hints {
                    let names = std::iter::once(&hint.class).chain(&hint.path);
                    let names: Vec<String> = names.map(ToString::to_string).collect();
                    let by = (hint.mention, hint.size_bytes, hint.growth_bytes);
                    let figures = (by, hint.objects, hint.intervals, hint.intervals_together);
                    told.push((suspect.class.class.to_string(), names.join(" "), figures));
                }
            }
            told.sort();
            told
        };
        let all = hints(Filter::default());
        let pairs = all.iter().map(|hint| (&*hint.0, &*hint.1));
        assert!(pairs.eq(truth), "{all:?}");
        let each = truth.iter().flat_map(|(name, _)| hints(of_suspect(name)));
        assert_eq!(each.collect::<Vec<_>>(), all);
        // The list's own bytes, as Pympler measured them: those of the carts are at the carts.
        let (mention, bytes, growth) = all[0].2.0;
        assert_eq!((mention, bytes, growth), (Mention::Address, 664, 608));
        assert_eq!(all[1].2.0.0, Mention::Name);
        told.push(all);
    }
    assert_eq!(told[0], told[1]);
}
