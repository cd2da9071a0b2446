//! `ctstats html` without a browser: what is written where, and that nothing in a dump can
//! change that. `tests/browser/report.mjs` opens the pages.

mod common;

use std::fs;
use std::io::Read as _;
use std::path::Path;

use common::{ctstats, fixture, fixtures, run};
use ctstats::analysis::leaks::{Leaks, LeaksOptions};
use ctstats::{Dump, HtmlStats, Stats};
use data_encoding::BASE64;
use flate2::read::ZlibDecoder;

fn html(dump: &Path, folder: &Path, arguments: &[&str]) -> std::process::Output {
    ctstats()
        .arg("html")
        .arg(dump)
        .arg("-o")
        .arg(folder.join("profile.html"))
        .args(arguments)
        .output()
        .expect("the binary starts")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("it is there");
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut names: Vec<_> = entries
        .map(|entry| name(entry.expect("it can be read")))
        .collect();
    names.sort();
    names
}

/// Texts of a dump come into a page escaped: no element, no attribute, no comment of theirs.
fn assert_is_sound(page: &str) {
    // The only elements that run or load anything are ours, once each.
    for (element, most) in [
        ("<script", 3),
        ("<link", 1),
        ("<style", 1),
        ("<img", 0),
        ("<iframe", 0),
    ] {
        let views = page
            .matches("<script type=\"application/json\" class=\"data\">")
            .count();
        let packed = page
            .matches("<script type=\"text/plain\" class=\"packed")
            .count();
        let most = if element == "<script" {
            views + packed + 1
        } else {
            most
        };
        assert!(page.matches(element).count() <= most, "{element}");
    }
    for attribute in [
        " onerror=",
        " onload=",
        " onfocus=",
        " onmouseover=",
        " style=",
    ] {
        let inside = page
            .split('<')
            .skip(1)
            .map(|tag| tag.split('>').next().unwrap_or_default());
        for tag in inside {
            // What stands within quotes is a value; entities keep it there.
            let outside: String = tag.split('"').step_by(2).collect();
            assert!(!outside.contains(attribute.trim_end_matches('=')), "{tag}");
        }
    }
    assert!(page.contains("Content-Security-Policy\" content=\"default-src &#39;none&#39;"));
    let acts = page.chars().find(|&c| {
        c.is_control() && c != '\n'
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}')
    });
    assert_eq!(acts, None);
}

/// Whatever the dump: a report of sound pages, or one line that says why not and no file.
#[test]
fn every_fixture_makes_a_report_or_an_error() {
    let mut reports = 0;
    for folder in ["dumps", "edited", "invalid"] {
        for dump in fixtures(folder) {
            let place = tempfile::tempdir().expect("a folder can be made");
            let output = html(&dump, place.path(), &[]);
            let error = String::from_utf8_lossy(&output.stderr).into_owned();
            match output.status.code() {
                Some(0) => {
                    reports += 1;
                    assert_eq!(names(place.path()), ["profile.html", "profile_files"]);
                    let files = place.path().join("profile_files");
                    for name in names(&files) {
                        if name.ends_with(".html") {
                            let page = fs::read_to_string(files.join(&name)).expect("it is UTF-8");
                            assert_is_sound(&page);
                            assert!(page.len() < 3_000_000, "{}: {name}", dump.display());
                        }
                    }
                    let index = place.path().join("profile.html");
                    assert_is_sound(&fs::read_to_string(index).expect("it is UTF-8"));
                }
                Some(1) => {
                    assert_eq!(error.lines().count(), 1, "{}: {error}", dump.display());
                    assert!(names(place.path()).is_empty(), "{}", dump.display());
                }
                code => panic!("{}: {code:?} {error}", dump.display()),
            }
            assert!(output.stdout.is_empty());
        }
    }
    assert!(reports > 100, "{reports}");
}

#[test]
fn markup_stays_text() {
    let place = tempfile::tempdir().expect("a folder can be made");
    let dump = common::fixture("markup.dump");
    let title = "</title><script>window.stolen=1</script>";
    assert!(
        html(&dump, place.path(), &["--title", title])
            .status
            .success()
    );
    let files = place.path().join("profile_files");
    let pages: Vec<_> = names(&files)
        .into_iter()
        .filter(|name| name.ends_with(".html"))
        .collect();
    assert_eq!(pages.len(), 30, "a page for each class: {pages:?}");
    for name in &pages {
        assert_is_sound(&fs::read_to_string(files.join(name)).expect("it is UTF-8"));
    }
    let single = html(&dump, place.path(), &["--single-file"]);
    assert!(single.status.success());
    let page = fs::read_to_string(place.path().join("profile.html")).expect("it is UTF-8");
    assert!(page.contains("script-src &#39;sha256-") && !page.contains("<script src"));
    assert_eq!(page.matches("window.stolen=1</script>").count(), 0);
    assert!(!Path::new("/tmp/ctstats-escaped").exists());
}

/// `HtmlStats.create_html(path, title)`, as Pympler names it, writes what the command writes.
#[test]
fn the_library_writes_the_same() {
    let place = tempfile::tempdir().expect("a folder can be made");
    let dump = common::fixture("shop.dump");
    let [ours, theirs] = ["a", "b"].map(|name| place.path().join(name));
    for folder in [&ours, &theirs] {
        fs::create_dir(folder).expect("it can be made");
    }
    assert!(html(&dump, &ours, &["--title", "Shop"]).status.success());
    let stats = Stats::load_stats(&dump).expect("it is a dump");
    let page = theirs.join("profile.html");
    HtmlStats::new(&stats)
        .create_html(&page, "Shop")
        .expect("it can be written");
    let read = |folder: &Path| -> Vec<String> {
        let files = folder.join("profile_files");
        let paths = names(&files).into_iter().map(|name| files.join(name));
        let paths = std::iter::once(folder.join("profile.html")).chain(paths);
        paths.map(|path| without_command(&path)).collect()
    };
    for (ours, theirs) in read(&ours).iter().zip(read(&theirs)) {
        assert!(*ours == theirs, "they differ");
    }
    assert_eq!(read(&ours).len(), read(&theirs).len());
}

/// A page without the command that made it, which a library does not know.
fn without_command(path: &Path) -> String {
    let page = fs::read_to_string(path).expect("it is there");
    let command = page.split_once("<p>The command that made it:</p>");
    match command.and_then(|(before, after)| Some((before, after.split_once("</p>")?.1))) {
        Some((before, after)) => format!("{before}{after}"),
        None => page,
    }
}

/// The answer comes first, with the words of `ctstats leaks` and the name of the file.
#[test]
fn the_answer_comes_first() {
    let output = run("html fixtures/leaky_shop.dump --single-file -o - --title=$HOME");
    let page = String::from_utf8(output.stdout).expect("it is UTF-8");
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}"));
    let in_order = [
        "<p class=\"headline\">2 of 6 classes likely leak.</p>",
        "<article class=\"card likely\" aria-label=\"shop.Cart\">",
        "ctstats print fixtures/leaky_shop.dump --class shop.Cart --alive",
        "<article class=\"card likely\" aria-label=\"shop.Subscription\">",
        "No leak as far as this shows",
        "levelled off: it grew and then stopped, as a full cache does",
        "<h2 id=\"memory\">",
        "ctstats html fixtures/leaky_shop.dump --single-file -o - &#39;--title=$HOME&#39;",
    ];
    assert!(in_order.map(place).is_sorted());
    assert!(place("growth began: shop.Cart, shop.Subscription") > place("<h2 id=\"memory\">"));
}

/// The views of the classes in a report of one file, as the script reads them.
fn unpacked(page: &str) -> Vec<String> {
    let scripts = page.split("<script type=\"text/plain\" class=\"packed\" data-view=\"class-");
    let unpack = |script: &str| {
        let (_, rest) = script.split_once("\">").expect("the element begins");
        let (packed, _) = rest.split_once("</script>").expect("the element ends");
        let bytes = BASE64.decode(packed.as_bytes()).expect("it is base64");
        let mut text = String::new();
        let outcome = ZlibDecoder::new(bytes.as_slice()).read_to_string(&mut text);
        outcome.expect("it is deflated");
        text
    };
    scripts.skip(1).map(unpack).collect()
}

/// In one file the browser lays out a view when it is opened; until then it is packed.
#[test]
fn views_of_classes_wait_packed() {
    let output = run("html fixtures/many_classes.dump.gz --single-file -o -");
    let page = String::from_utf8(output.stdout).expect("it is UTF-8");
    // That of the index, and the blank one of a class.
    assert_eq!(page.matches("<main class=\"view\"").count(), 2);
    let views = unpacked(&page);
    assert_eq!(views.len(), 300);
    for view in views {
        let view: serde_json::Value = serde_json::from_str(&view).expect("it is JSON");
        assert!(
            view["name"]
                .as_str()
                .is_some_and(|name| name.starts_with("many."))
        );
        // What the index page has is not repeated.
        assert!(view["data"].get("snapshots").is_none());
    }
    assert!(page.contains("the views of the classes need this page’s script"));
}

/// A class that is gone when the total is largest tells what it held before.
#[test]
fn a_class_is_told_by_its_own_largest() {
    let output = run("html fixtures/many_classes.dump.gz --single-file -o - --class many.Early");
    let page = String::from_utf8(output.stdout).expect("it is UTF-8");
    let cells = "title=\"0 B\">0 B</td><td class=\"number\" data-value=\"20480\" \
                 title=\"20,480 B\">20.0 KiB</td><td class=\"number\" data-value=\"1\" \
                 title=\"snapshot 1\"><a href=\"#snapshot-1\">1</a></td>";
    assert!(page.contains(cells), "{page}");
    let sentence = "They were largest at snapshot 1: 8 instances, 20.0 KiB. All classes together \
                    were largest at snapshot 12 (“step 12”): 0 instances, 0 B.";
    let view: serde_json::Value = serde_json::from_str(&unpacked(&page)[0]).expect("it is JSON");
    let told = view["sentence"].as_str().expect("it is a text");
    assert!(told.ends_with(sentence), "{told}");
}

/// What is left out is counted, and what is chosen is chosen.
#[test]
fn what_is_left_out_is_said() {
    let line = "html fixtures/leaky_shop.dump --single-file -o - --instances 10 --class Cart";
    let output = run(line);
    let page = String::from_utf8(output.stdout).expect("it is UTF-8");
    let views = unpacked(&page).concat();
    assert!(
        views.contains("The 10 largest of 88 instances by size; 78 more are not in this report.")
    );
    assert!(page.contains("Only a part of the dump"));
    assert!(page.contains(">shop.Cart<") && !page.contains(">shop.Request<"));
    for (dump, text) in [
        (
            "dumps/empty.nothing-1.1-py311",
            "The dump has no tracked classes.",
        ),
        (
            "dumps/empty.nothing-1.1-py311",
            "The dump holds no tracked objects.",
        ),
        (
            "dumps/empty.zero-snapshots-1.1-py311",
            "The dump has no snapshots",
        ),
        (
            "edited/edit-nan_times",
            "Times contradict the order of the snapshots: snapshot 1 was recorded as earlier",
        ),
    ] {
        let output = run(&format!("html fixtures/{dump}.dump --single-file -o -"));
        let page = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(page.contains(text), "{dump}: {text}");
    }
    let place = tempfile::tempdir().expect("a folder can be made");
    let dump = common::fixture("dumps/quickstart-1.1-py311.dump");
    assert!(html(&dump, place.path(), &[]).status.success());
    let files = place.path().join("profile_files");
    for name in names(&files).iter().filter(|name| name.ends_with(".html")) {
        let page = fs::read_to_string(files.join(name)).expect("it is UTF-8");
        assert!(page.contains("no referents were recorded."), "{name}");
        assert!(!page.contains("data-referents"), "{name}");
    }
}

/// Cards have the hints of `leaks`, and what is known and accepted has no card but a line with the
/// reason.
#[test]
fn hints_and_ignored_suspects_are_told() {
    let folder = tempfile::tempdir().expect("there is room");
    let page = |dump: &str, arguments: &[&str]| {
        let output = html(&fixture(dump), folder.path(), arguments);
        assert!(output.status.success());
        let page = fs::read_to_string(folder.path().join("profile.html")).expect("it is text");
        (page, String::from_utf8(output.stderr).expect("it is text"))
    };
    let dump = Dump::load(fixture("registry.dump.gz")).expect("it is a dump");
    let leaks = Leaks::of(&dump, &LeaksOptions::default()).expect("no snapshot is asked for");
    let hints = leaks.suspects.iter().map(|suspect| suspect.hints.len());
    let (registry, _) = page("registry.dump.gz", &[]);
    assert_eq!(
        registry.matches("; its names ").count(),
        hints.sum::<usize>()
    );
    assert!(registry.contains("<dt>hint, no proof</dt><dd>"));

    let (all, _) = page("leaky_shop.dump", &[]);
    let flags = ["--ignore", "shop.Cart", "--ignore", "shop.Crat"];
    let (page, told) = page("leaky_shop.dump", &flags);
    let cards = |page: &str| page.matches("<article class=\"card").count();
    assert_eq!(cards(&page) + 1, cards(&all));
    assert!(!all.contains("Ignored suspects"));
    let (_, ignored) = page
        .split_once("<h3>Ignored suspects</h3>")
        .expect("it is told");
    let (line, _) = ignored.split_once("</ul>").expect("it is a list");
    assert!(line.contains(">shop.Cart</a>") && line.contains("--ignore shop.Cart"));
    assert!(page.contains("1 suspect ignored"));
    assert!(
        told.contains("--ignore 'shop.Crat' hides nothing"),
        "{told}"
    );
}
