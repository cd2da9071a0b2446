//! The survivors of some classes, read without anybody else: their lives, their traces, and
//! their sizes at the moment at which they are alive; of a few of them also reprs and addresses.

use super::column::Column;
use super::container::Sections;
use super::tables::{self, float};
use super::{part, snapshots};
use crate::model::{AsizedColumns, Dump, ObjectColumns, SampleColumns, Survivors, TextId};
use crate::pickle::{Outcome, too_large};

/// Reads those of these classes as a dump of their own with all classes and snapshots; and their
/// numbers in the file, which ascend. Each has at most one sample, with what this refers to if
/// asked for; names, reprs and addresses they have none.
pub(super) fn read(
    sections: &Sections,
    classes: &[u32],
    survivors: Survivors,
    referents: bool,
) -> Outcome<(Dump, Vec<u32>)> {
    let mut dump = Dump {
        asized: AsizedColumns::new(),
        classes: tables::read_classes(sections)?,
        notes: tables::read_notes(sections)?,
        snapshots: snapshots::read_value(sections)?,
        snapshot_rows: super::column::all(sections, "snap.row")?,
        ..Dump::default()
    };
    let numbers = read_lives(sections, &mut dump, classes, survivors)?;
    let objects = &mut dump.objects;
    objects.trace = Column::open(sections, "obj.trace")?.gather(&numbers)?;
    dump.samples = read_samples(sections, objects, &numbers, survivors.alive_at_seconds)?;
    // What snapshots say of a class is not asked for.
    for snapshot in &mut dump.snapshots {
        snapshot.classes = None;
    }
    dump.asized = if referents {
        part::read_asized(sections, dump.samples.asized.iter_mut())?
    } else {
        read_sizes(sections, &mut dump.samples.asized)?
    };
    dump.traces = part::read_traces(sections, &mut dump.objects.trace)?;
    part::read_texts(sections, &mut dump)?;
    Ok((dump, numbers))
}

/// Adds the reprs and addresses of some objects. `numbers` are those of all of them in the file.
pub(super) fn identify(
    sections: &Sections,
    dump: &mut Dump,
    numbers: &[u32],
    mut objects: Vec<u32>,
) -> Outcome<()> {
    objects.sort_unstable();
    objects.dedup();
    // By number in the file, so that its columns are gone through once.
    let in_file = objects.iter().filter_map(|&own| numbers.get(own as usize));
    let in_file: Vec<u32> = in_file.copied().collect();
    let reprs: Vec<u32> = Column::open(sections, "obj.repr")?.gather(&in_file)?;
    let addresses: Vec<i64> = Column::open(sections, "obj.address")?.gather(&in_file)?;
    let wide: Vec<(u32, i128)> = sections.value("obj.wide")?;
    let columns = &mut dump.objects;
    columns.repr = vec![TextId::NONE; columns.len()];
    columns.address = vec![0; columns.len()];
    for (&own, (repr, address)) in objects.iter().zip(reprs.into_iter().zip(addresses)) {
        columns.address[own as usize] = address as u64;
        if TextId(repr) != TextId::NONE {
            columns.repr[own as usize] = TextId(dump.text.len() as u32);
            part::copy_texts(sections, &[repr], &mut dump.text)?;
        }
    }
    for (number, address) in wide {
        if let Ok(place) = in_file.binary_search(&number) {
            columns.wide_address.insert(objects[place], address);
        }
    }
    Ok(())
}

/// Reads the classes, births and deaths of survivors, and puts them into the lists of their
/// classes; their numbers in the file.
fn read_lives(
    sections: &Sections,
    dump: &mut Dump,
    classes: &[u32],
    survivors: Survivors,
) -> Outcome<Vec<u32>> {
    let mut listed = Column::open(sections, "listed")?;
    let mut births = Column::open(sections, "obj.birth")?;
    let mut deaths = Column::open(sections, "obj.death")?;
    // Numbers in the file, class behind class; an object may be in several.
    let mut kept: Vec<u32> = Vec::new();
    let mut lives: Vec<(u32, f64, f64, u32)> = Vec::new();
    for (class, row) in (0..).zip(&mut dump.classes) {
        let start = u64::from(row.start);
        let end = start + u64::from(row.count);
        row.start = kept.len() as u32;
        if classes.binary_search(&class).is_ok() {
            for place in listed.range(start, end)? {
                let object: u32 = listed.get_as(place)?;
                let birth = float(births.get(object.into())?);
                let death = float(deaths.get(object.into())?);
                if survivors.has_life(birth, ObjectColumns::death_of(death)) {
                    kept.push(object);
                    lives.push((object, birth, death, class));
                }
            }
        }
        row.count = kept.len() as u32 - row.start;
    }
    // Stable, so that the last class of an object comes last.
    lives.sort_by_key(|&(object, ..)| object);
    lives.dedup_by(|later, first| {
        let same = later.0 == first.0;
        if same {
            *first = *later;
        }
        same
    });
    let numbers: Vec<u32> = lives.iter().map(|&(object, ..)| object).collect();
    let own = |number| numbers.binary_search(number).unwrap_or_default() as u32;
    dump.listed = kept.iter().map(own).collect();
    dump.objects.birth = lives.iter().map(|&(_, birth, ..)| birth).collect();
    dump.objects.class = lives.iter().map(|&(.., class)| class).collect();
    let deaths = lives.iter().map(|&(_, _, death, _)| death).collect();
    dump.objects.set_raw_deaths(deaths);
    Ok(numbers)
}

/// Reads of each object the last sample of a moment. Its `Asized` keeps the number of the file
/// for now.
fn read_samples(
    sections: &Sections,
    objects: &mut ObjectColumns,
    numbers: &[u32],
    moment_seconds: f64,
) -> Outcome<SampleColumns> {
    let first: Vec<u32> = Column::open(sections, "obj.first")?.gather(numbers)?;
    let counts: Vec<u32> = Column::open(sections, "obj.samples")?.gather(numbers)?;
    let mut times = part::SampleTimes::open(sections)?;
    let mut asized = Column::open(sections, "sample.asized")?;
    let mut samples = SampleColumns::default();
    for (own, (&start, count)) in first.iter().zip(counts).enumerate() {
        objects.sample_start.push(samples.time.len() as u32);
        // Mostly it is the very last.
        for sample in times.range(start, count)?.rev() {
            let birth = Some(objects.birth[own]).filter(|_| sample == u64::from(start));
            if times.get(sample, birth)? == moment_seconds {
                samples.time.push(moment_seconds);
                samples.asized.push(asized.get_as(sample)?);
                break;
            }
        }
        let count = samples.time.len() as u32 - objects.sample_start[own];
        objects.sample_count.push(count);
    }
    Ok(samples)
}

/// Reads the sizes of the `Asized` of these numbers, which become those of what is returned.
fn read_sizes(sections: &Sections, numbers: &mut [u32]) -> Outcome<AsizedColumns> {
    let mut places: Vec<u32> = (0..numbers.len() as u32).collect();
    places.sort_by_key(|&place| numbers[place as usize]);
    let ascending: Vec<u32> = places.iter().map(|&at| numbers[at as usize]).collect();
    let sizes: Vec<i64> = Column::open(sections, "asized.size")?.gather(&ascending)?;
    let mut columns = AsizedColumns::new();
    for (&place, size) in places.iter().zip(sizes) {
        let row = columns.push(TextId::NONE);
        let row = row.ok_or_else(|| too_large("its sizes"))?;
        columns.set(row, size, 0, TextId::NONE, 0);
        numbers[place as usize] = row;
    }
    Ok(columns)
}
