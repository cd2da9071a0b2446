//! `ctstats trend` on a fleet whose faults were planted (`benches/fleet.py`), and on the same fleet in
//! other files.
#![cfg(feature = "fleet")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::fixture;
use ctstats::analysis::fleet::{DumpFacts, Fleet, FleetBuilder, FleetOptions, GroupName, Reach};
use ctstats::fleet::{FleetFiles, LabelTemplate, read_each};
use ctstats::{ByteCount, Damage, Dump};

const LABELS: &str = "{host}/{worker}-{version}-{date:%Y-%m-%d}.*";

fn fleet_of(paths: &[PathBuf], threads: usize) -> Fleet {
    let template = LabelTemplate::of(LABELS).expect("it is a template");
    let files = FleetFiles::find(paths, Some(&template), std::io::empty());
    let options = FleetOptions::default();
    let mut fleet = FleetBuilder::new(&files, &options);
    read_each(
        &files.files,
        threads,
        Damage::Refuse,
        &ByteCount::default(),
        |_, dump| DumpFacts::of(&dump.in_order()?, &options),
        |file, facts| {
            match facts {
                Ok(facts) => fleet.add(file, facts),
                Err(error) => fleet.fail(&error),
            }
            true
        },
    );
    fleet.finish()
}

/// Writes what a dump of the fleet holds, below another folder.
fn copied(to: &Path, write: impl Fn(&Path, &Path)) {
    for host in ["web-1", "web-2"] {
        fs::create_dir_all(to.join(host)).expect("it can be made");
        for path in common::fixtures(&format!("fleet/{host}")) {
            let name = path.file_name().expect("it has a name");
            write(&path, &to.join(host).join(name));
        }
    }
}

/// A fleet without what tells its files.
fn without_paths(mut fleet: Fleet) -> Fleet {
    fleet.classes.iter_mut().for_each(|class| class.dump = None);
    fleet
        .outliers
        .iter_mut()
        .for_each(|found| found.dump.clear());
    fleet
        .new_lines
        .iter_mut()
        .for_each(|line| line.dump.clear());
    fleet
}

#[test]
fn what_was_planted_is_found_and_nothing_else() {
    let fleet = fleet_of(&[fixture("fleet")], 2);
    assert_eq!((fleet.dumps, fleet.processes, fleet.workers), (27, 27, 9));
    let most = fleet
        .classes
        .iter()
        .filter(|class| class.reach == Reach::Most);
    assert_eq!(
        most.map(|class| class.class.as_str()).collect::<Vec<_>>(),
        ["shop.Cart"]
    );
    let [alone] = &fleet.outliers[..] else {
        panic!("{:?}", fleet.outliers)
    };
    assert_eq!(alone.class, "shop.Stream");
    let GroupName::Labels(labels) = &alone.group else {
        panic!("{:?}", alone.group)
    };
    let values: Vec<&str> = labels.iter().map(|label| label.value.as_str()).collect();
    assert_eq!(values, ["web-2", "w1"]);
    let [line] = &fleet.new_lines[..] else {
        panic!("{:?}", fleet.new_lines)
    };
    assert_eq!(line.file, "/srv/shop/app/pricing.py");
    assert_eq!(line.since_version.as_deref(), Some("3.0"));
    assert_eq!((line.processes_with, line.processes_before), (17, 10));
    // The numbers of all other lines moved by three with that version; they are not new.
}

#[test]
fn threads_and_formats_change_nothing() {
    let one = fleet_of(&[fixture("fleet")], 1);
    assert_eq!(one, fleet_of(&[fixture("fleet")], 7));
    let folder = tempfile::tempdir().expect("there is room");
    copied(folder.path(), |from, to| {
        let dump = Dump::load(from).expect("it is a dump");
        let mut bytes = Vec::new();
        dump.dump_stats_to(&mut bytes).expect("a vector takes it");
        fs::write(to, bytes).expect("it can be written");
    });
    let native = fleet_of(&[folder.path().into()], 2);
    assert_eq!(without_paths(one), without_paths(native));
}

/// A broken file is named and passed over; a copy counts once. The others are judged as ever.
#[test]
fn broken_files_and_copies_change_nothing() {
    let folder = tempfile::tempdir().expect("there is room");
    copied(folder.path(), |from, to| {
        fs::copy(from, to).expect("it can be copied");
    });
    let of = |name: &str| folder.path().join(name);
    fs::copy(
        of("web-1/w1-3.0-2026-11-02.dump.gz"),
        of("web-2/z-3.0-2026-11-02.dump.gz"),
    )
    .expect("it can be copied");
    let whole = fs::read(of("web-1/w1-3.0-2026-11-02.dump.gz")).expect("it can be read");
    fs::write(
        of("web-1/w1-3.0-2026-11-09.dump.gz"),
        &whole[..whole.len() / 2],
    )
    .expect("written");
    fs::write(of("web-2/README"), "no dump").expect("written");
    let mut fleet = fleet_of(&[folder.path().into()], 2);
    assert_eq!((fleet.duplicates, fleet.no_dumps), (1, 1));
    let [failed] = &fleet.failed[..] else {
        panic!("{:?}", fleet.failed)
    };
    assert!(
        failed.contains("w1-3.0-2026-11-09.dump.gz: reading failed at byte"),
        "{failed}"
    );
    fleet.failed.clear();
    (fleet.duplicates, fleet.no_dumps) = (0, 0);
    // Of two files of one content the first by its name is read.
    let whole = fleet_of(&[fixture("fleet")], 2);
    assert_eq!(without_paths(fleet), without_paths(whole));
}
