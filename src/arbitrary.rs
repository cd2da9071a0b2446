//! Arbitrary dumps, and what must hold of each: every format gives back what went in.

use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::analysis::summary::{Summary, SummaryOptions};
use crate::format::answers::answers;
use crate::model::{
    Asized, AsizedColumns, AsizedId, CachedClass, ClassId, ClassRow, Contents, Dump, FrameRow,
    Integer, Number, ObjectId, ProcessMemory, SnapshotId, SnapshotRow, TextId, TraceId,
};
use crate::report::objects::{Detail, Objects};
use crate::report::{JsonLayout, Report};
use crate::select::{Filter, Limit, Selection, SortKey};
use crate::threads::with;
use crate::{Damage, DumpFile, Source};

/// Python text: some of it long, some of it no Unicode.
fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[a-z.]{0,12}".prop_map(String::into_bytes),
        2 => ".{0,20}".prop_map(String::into_bytes),
        1 => "x{250,300}".prop_map(String::into_bytes),
        // A lone surrogate.
        1 => Just(b"a\xed\xb2\x80b".to_vec()),
    ]
}

fn seconds() -> impl Strategy<Value = f64> {
    prop_oneof![
        3 => (0..8_i32).prop_map(f64::from),
        2 => -1.0e3..1.0e6,
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(-0.0), Just(5e-324)],
    ]
}

fn bytes() -> impl Strategy<Value = i64> {
    prop_oneof![4 => 0..5000_i64, 1 => any::<i64>()]
}

fn wide() -> impl Strategy<Value = i128> {
    prop_oneof![3 => 0..1_000_000_i128, 1 => any::<i64>().prop_map(i128::from), 1 => any::<i128>()]
}

/// A number of something that there may be any count of; taken modulo that count.
fn pick() -> impl Strategy<Value = usize> {
    0..1_000_000_usize
}

#[derive(Debug, Clone)]
struct Node {
    size: i64,
    flat: i64,
    name: usize,
    /// Nodes before this one, so that no tree contains itself.
    referents: Vec<usize>,
}

#[derive(Debug, Clone)]
struct Object {
    class: usize,
    address: i128,
    /// The digits of an address beyond 128 bits.
    huge: Option<String>,
    name: usize,
    repr: usize,
    birth: f64,
    death: Option<f64>,
    trace: usize,
    level: Option<i32>,
    samples: Vec<(f64, usize)>,
    born_with_first: bool,
    /// Another class that it stands in as well.
    second: Option<usize>,
}

fn node() -> impl Strategy<Value = Node> {
    (bytes(), bytes(), pick(), vec(pick(), 0..4)).prop_map(|(size, flat, name, referents)| Node {
        size,
        flat,
        name,
        referents,
    })
}

fn object() -> impl Strategy<Value = Object> {
    let huge = proptest::option::weighted(0.1, digits());
    let whole = (pick(), (wide(), huge), pick(), pick(), seconds());
    let rest = (
        proptest::option::of(seconds()),
        pick(),
        proptest::option::of(0..5_i32),
        vec((seconds(), pick()), 0..6),
        any::<bool>(),
        proptest::option::weighted(0.1, pick()),
    );
    (whole, rest).prop_map(
        |(
            (class, (address, huge), name, repr, birth),
            (death, trace, level, samples, first, second),
        )| {
            Object {
                class,
                address,
                huge,
                name,
                repr,
                birth,
                death,
                trace,
                level,
                samples,
                born_with_first: first,
                second,
            }
        },
    )
}

/// The digits of an int beyond 128 bits, with a sign.
fn digits() -> impl Strategy<Value = String> {
    "-?[1-9][0-9]{39,60}"
}

/// A frame, and the digits of its line if that is beyond 64 bits.
fn frame(texts: usize) -> impl Strategy<Value = (FrameRow, Option<String>)> {
    let text = move || (0..texts as u32).prop_map(TextId);
    let source = proptest::option::of(vec(text(), 0..3).prop_map(Vec::into_boxed_slice));
    let index = proptest::option::of(0..5_i64);
    let wide = proptest::option::weighted(0.1, digits());
    (text(), 0..10_000_i64, text(), source, index, wide).prop_map(
        |(file, line, function, source, source_index, wide)| {
            let row = FrameRow {
                file,
                line,
                wide_line: TextId::NONE,
                function,
                source,
                source_index,
            };
            (row, wide)
        },
    )
}

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        wide().prop_map(Number::Int),
        any::<f64>()
            .prop_filter("a pickle has one NaN", |float| !float.is_nan())
            .prop_map(Number::Float)
    ]
}

fn snapshot(texts: usize) -> impl Strategy<Value = SnapshotRow> {
    let text = move || (0..texts as u32).prop_map(TextId);
    let process = (
        any::<bool>(),
        wide(),
        wide(),
        0..4_u8,
        vec((text(), text()), 0..3),
    )
        .prop_map(
            |(available, virtual_bytes, resident_bytes, kind, os_specific)| ProcessMemory {
                available,
                virtual_bytes,
                resident_bytes,
                kind,
                os_specific,
                ..ProcessMemory::default()
            },
        );
    let cached = (text(), number(), number(), number(), number()).prop_map(
        |(class, sum, average, percent, active)| CachedClass {
            class,
            sum,
            average,
            percent,
            active,
            merged: None,
        },
    );
    // A dict has each key once.
    let classes = vec(cached, 0..3).prop_map(|mut classes| {
        classes.sort_by_key(|cached: &CachedClass| cached.class);
        classes.dedup_by_key(|cached| cached.class);
        classes
    });
    (
        seconds(),
        text(),
        wide(),
        wide(),
        wide(),
        process,
        proptest::option::of(classes),
    )
        .prop_map(
            |(timestamp, desc, tracked_total, asizeof_total, overhead, process, classes)| {
                SnapshotRow {
                    timestamp,
                    desc,
                    tracked_total,
                    asizeof_total,
                    overhead,
                    process,
                    classes,
                }
            },
        )
}

prop_compose! {
    fn dump()(texts in vec(text(), 8..20))(
        classes in 1..4_usize,
        nodes in vec(node(), 1..30),
        objects in vec(object(), 0..12),
        frames in vec(frame(texts.len()), 0..6),
        traces in vec(vec(pick(), 0..5), 0..4),
        snapshots in vec(snapshot(texts.len()), 0..5),
        texts in Just(texts),
    ) -> Dump {
        build(texts, classes, &nodes, &objects, frames, &traces, snapshots)
    }
}

fn build(
    mut texts: Vec<Vec<u8>>,
    classes: usize,
    nodes: &[Node],
    objects: &[Object],
    frames: Vec<(FrameRow, Option<String>)>,
    traces: &[Vec<usize>],
    snapshots: Vec<SnapshotRow>,
) -> Dump {
    let mut dump = Contents {
        asized: AsizedColumns::new(),
        ..Contents::default()
    };
    // No two of the class names, which come first, are equal.
    for (number, name) in texts.iter_mut().enumerate().take(classes) {
        name.extend(format!("#{number}").bytes());
    }
    for text in &texts {
        dump.text.push(text).unwrap();
    }
    let text = |number: usize| TextId((number % texts.len()) as u32);
    for node in nodes {
        let id = dump.asized.push(TextId::NONE).unwrap();
        let members = node.referents.iter().filter(|_| id.0 > 0);
        let members: Vec<_> = members
            .map(|n| AsizedId::at(n % id.index().max(1)))
            .collect();
        let mut group = 0;
        if !members.is_empty() {
            group = dump.asized.group_start.len() as u32;
            dump.asized
                .group_start
                .push(dump.asized.referents.len() as u32);
            dump.asized.referents.extend(members);
        }
        let name = if node.name % 7 == 0 {
            TextId::NONE
        } else {
            text(node.name)
        };
        dump.asized.set(id, node.size, node.flat, name, group);
    }
    for (mut row, wide) in frames {
        if let Some(digits) = wide {
            row.line = if digits.starts_with('-') {
                i64::MIN
            } else {
                i64::MAX
            };
            row.wide_line = dump.text.push(digits.as_bytes()).unwrap();
        }
        dump.traces.frames.push(row);
    }
    for trace in traces {
        let count = dump.traces.frames.len();
        let frames = trace.iter().filter(|_| count > 0);
        dump.traces
            .frame_numbers
            .extend(frames.map(|n| (n % count.max(1)) as u32));
        dump.traces
            .ends
            .push(dump.traces.frame_numbers.len() as u32);
    }
    let mut lists = vec![Vec::new(); classes];
    for object in objects {
        let index = dump.objects.push();
        let columns = &mut dump.objects;
        let mut address = object.address;
        if let Some(digits) = &object.huge {
            let digits = dump.text.push(digits.as_bytes()).unwrap();
            columns.huge_address.insert(ObjectId::at(index), digits);
            address = Integer::of_digits(dump.text.get(digits)).nearest();
        }
        match u64::try_from(address) {
            Ok(address) => columns.address[index] = address,
            Err(_) => {
                columns.wide_address.insert(ObjectId::at(index), address);
            }
        }
        columns.name[index] = text(object.name);
        columns.repr[index] = text(object.repr);
        columns.birth[index] = object.birth;
        columns.set_death(index, object.death);
        let trace = (object.trace % (traces.len() + 1)).checked_sub(1);
        columns.trace[index] = trace.map_or(TraceId::NONE, TraceId::at);
        let mut listed_in = vec![object.class % classes];
        listed_in.extend(object.second.map(|class| class % classes));
        listed_in.sort_unstable();
        listed_in.dedup();
        columns.class[index] = ClassId::at(listed_in[listed_in.len() - 1]);
        columns.resolution_level[index] = object.level.unwrap_or(i32::MIN);
        columns.sample_start[index] = dump.samples.time.len() as u32;
        columns.sample_count[index] = object.samples.len() as u32;
        for (place, (time, node)) in object.samples.iter().enumerate() {
            let born = place == 0 && object.born_with_first;
            dump.samples
                .time
                .push(if born { object.birth } else { *time });
            let id = AsizedId::at(node % nodes.len());
            dump.samples.asized.push(id);
        }
        for class in listed_in {
            lists[class].push(ObjectId::at(index));
        }
    }
    for (class, list) in lists.iter().enumerate() {
        dump.classes.push(ClassRow {
            name: TextId(class as u32),
            start: dump.listed.len() as u32,
            count: list.len() as u32,
        });
        dump.listed.extend(list);
    }
    dump.snapshot_rows = (0..snapshots.len()).map(SnapshotId::at).collect();
    dump.snapshots = snapshots;
    Dump { contents: dump }
}

/// A tree, as far as a test can stand: parts may be shared without end.
fn tree(out: &mut String, node: Asized<'_>, room: &mut u32) {
    let figures = (node.size_bytes(), node.flat_bytes(), node.name());
    write!(out, "({figures:?}").unwrap();
    for referent in node.referents() {
        if *room > 0 {
            *room -= 1;
            tree(out, referent, room);
        }
    }
    out.push(')');
}

/// All that a dump says, whatever its numbers.
fn described(dump: &Dump) -> String {
    let mut out = String::new();
    let mut room = 20_000;
    for class in dump.classes() {
        writeln!(out, "{:?}", class.name()).unwrap();
        for object in class.objects() {
            let life = (object.birth_seconds(), object.death_seconds());
            let row = (object.exact_address(), object.name(), object.repr(), life);
            writeln!(out, " {row:?} {:?}", object.resolution_level()).unwrap();
            for frame in object.trace().into_iter().flat_map(|trace| trace.frames()) {
                let lines: Vec<_> = frame.source_lines().collect();
                let place = (frame.file(), frame.exact_line(), frame.function());
                let source = (frame.has_source(), lines, frame.source_index());
                writeln!(out, "  {place:?} {source:?}").unwrap();
            }
            for sample in object.samples() {
                write!(out, "  {:?} ", sample.time_seconds).unwrap();
                tree(&mut out, sample.asized, &mut room);
                out.push('\n');
            }
        }
    }
    for snapshot in dump.snapshots() {
        let row = snapshot.row();
        let figures = (row.tracked_total, row.asizeof_total, row.overhead);
        let head = (
            snapshot.timestamp_seconds(),
            snapshot.description(),
            figures,
        );
        let process = (
            &row.process.available,
            row.process.virtual_bytes,
            row.process.resident_bytes,
        );
        let texts = row.process.os_specific.iter();
        let texts: Vec<_> = texts
            .map(|&(a, b)| (dump.text.get(a), dump.text.get(b)))
            .collect();
        writeln!(out, "{head:?} {process:?} {texts:?}").unwrap();
        for cached in row.classes.iter().flatten() {
            let numbers = (cached.sum, cached.average, cached.percent, cached.active);
            writeln!(out, " {:?} {numbers:?}", dump.text.get(cached.class)).unwrap();
        }
    }
    out
}

fn printed(dump: &impl Source, selection: &Selection) -> Vec<u8> {
    let mut out = Vec::new();
    let selected = selection.select(dump).unwrap();
    let report = Objects::of(&selected, Detail::default());
    report.json(&mut out, JsonLayout::Lines).unwrap();
    out
}

fn summed(dump: &impl Source) -> Vec<u8> {
    let mut out = Vec::new();
    let summary = Summary::of(dump, SummaryOptions::default()).unwrap();
    summary.json(&mut out, JsonLayout::Lines).unwrap();
    out
}

proptest! {
    #[test]
    fn native_gives_back_every_column(dump in dump()) {
        let mut bytes = Vec::new();
        dump.dump_stats_to(&mut bytes).unwrap();
        let mut again = Dump::read(&bytes[..]).unwrap();
        again.contents.notes = dump.notes.clone();
        prop_assert_eq!(format!("{dump:?}"), format!("{again:?}"));
    }

    #[test]
    fn a_pickle_gives_back_all_that_was_said(dump in dump()) {
        let mut bytes = Vec::new();
        dump.write_pickles(&mut bytes).unwrap();
        let again = Dump::read(&bytes[..]).unwrap();
        prop_assert_eq!(described(&dump), described(&again));
    }

    /// Wherever a pickle is cut or damaged, what is salvaged of it is a dump like any other.
    #[test]
    fn what_is_salvaged_is_a_dump(
        dump in dump(),
        at in 0.0..1.0_f64,
        change in proptest::option::of(1..=255_u8),
    ) {
        let mut bytes = Vec::new();
        dump.write_pickles(&mut bytes).unwrap();
        let at = (at * bytes.len() as f64) as usize;
        let cut = Dump::read_with(&bytes[..at], Damage::Salvage);
        if let Ok(part) = &cut {
            // A cut takes nothing from what comes before it.
            prop_assert!(part.listed.len() <= dump.listed.len());
            let whole = described(&dump);
            for class in part.classes() {
                for object in class.objects() {
                    let row = (object.exact_address(), object.name(), object.repr());
                    let row = format!("{row:?}");
                    let is_known = whole.contains(row.trim_end_matches(')'));
                    prop_assert!(is_known, "{}", row);
                }
            }
        }
        let salvaged = match change {
            None => cut,
            Some(change) => {
                bytes[at] ^= change;
                Dump::read_with(&bytes[..], Damage::Salvage)
            }
        };
        if let Ok(part) = salvaged {
            let mut native = Vec::new();
            part.dump_stats_to(&mut native).unwrap();
            let again = Dump::read(&native[..]).unwrap();
            prop_assert_eq!(described(&part), described(&again));
            prop_assert_eq!(&part.notes.salvaged, &again.notes.salvaged);
            summed(&part);
        }
    }

    /// Blocks of objects that several threads write depend on nothing but their place.
    #[test]
    fn many_threads_write_what_one_does(dump in dump()) {
        let selection = Selection::default();
        let [one, many] = [1, 3].map(|threads| with(threads, || printed(&dump, &selection)));
        prop_assert_eq!(one, many);
    }

    #[test]
    fn what_is_read_in_part_is_as_in_the_whole(
        dump in dump(),
        key in 0..7_usize,
        reverse: bool,
        limit in 1..3_u64,
        alive in proptest::option::of(any::<bool>()),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dump.bin");
        dump.dump_stats(&path).unwrap();
        let selection = Selection {
            filter: Filter { alive, ..Filter::default() },
            sort: vec![SortKey::NAMED[key].1],
            reverse,
            limit: Some(Limit::Count(limit)),
            ..Selection::default()
        };
        let file = DumpFile::open(&path).unwrap();
        prop_assert_eq!(printed(&file, &selection), printed(&dump, &selection));
        let file = DumpFile::open(&path).unwrap();
        prop_assert_eq!(summed(&file), summed(&dump));
        prop_assert_eq!(answers(&file, &selection.filter), answers(&dump, &selection.filter));
    }
}
