//! The survivors of some classes, read without anybody else: their lives, their traces, and
//! their sizes at the moment at which they are alive; of a few of them also reprs and addresses.

use super::column::Column;
use super::container::Sections;
use super::tables::{self, float};
use super::{derived, part};
use crate::model::{AsizedColumns, Dump, ObjectColumns, SampleColumns, Survivors, TextId};
use crate::pickle::{Outcome, malformed, too_large};

/// Reads those of these classes as a dump of their own with all classes and snapshots; and their
/// numbers in the file, which ascend. Each has at most one sample, with what this refers to if
/// asked for; names, reprs and addresses they have none.
pub(super) fn read(
    sections: &Sections,
    classes: &[u32],
    survivors: Survivors,
    referents: bool,
) -> Outcome<(Dump, Vec<u32>)> {
    let mut dump = part::without_objects(
        sections,
        tables::read_classes(sections)?,
        derived::of_whole(sections)?,
    )?;
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
    objects.retain(|&own| (own as usize) < numbers.len());
    objects.sort_unstable();
    objects.dedup();
    let in_file: Vec<u32> = objects.iter().map(|&own| numbers[own as usize]).collect();
    let reprs: Vec<u32> = Column::open(sections, "obj.repr")?.gather(&in_file)?;
    let addresses: Vec<i64> = Column::open(sections, "obj.address")?.gather(&in_file)?;
    let wide: Vec<(u32, i128)> = sections.value("obj.wide")?;
    let mut huge = tables::digits(sections, tables::HUGE_ADDRESSES)?;
    huge.retain(|(number, _)| in_file.binary_search(number).is_ok());

    // Texts that several share are read once.
    let mut texts = reprs.clone();
    texts.extend(huge.iter().map(|(_, digits)| digits.0));
    texts.retain(|&repr| TextId(repr) != TextId::NONE);
    texts.sort_unstable();
    texts.dedup();
    let before = dump.text.len() as u32;
    part::copy_texts(sections, &texts, &mut dump.text)?;

    let columns = &mut dump.objects;
    columns.repr = vec![TextId::NONE; columns.len()];
    columns.address = vec![0; columns.len()];
    for (&own, (repr, address)) in objects.iter().zip(reprs.iter().zip(addresses)) {
        columns.address[own as usize] = address as u64;
        if let Ok(place) = texts.binary_search(repr) {
            columns.repr[own as usize] = TextId(before + place as u32);
        }
    }
    for (number, address) in wide {
        if let Ok(place) = in_file.binary_search(&number) {
            columns.wide_address.insert(objects[place], address);
        }
    }
    for (number, digits) in huge {
        let digits = texts.binary_search(&digits.0);
        if let (Ok(place), Ok(text)) = (in_file.binary_search(&number), digits) {
            let digits = TextId(before + text as u32);
            columns.huge_address.insert(objects[place], digits);
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
    // What is listed of these classes; an object may be so in several, and several times.
    let mut listed = Vec::new();
    let mut ends = Vec::with_capacity(dump.classes.len());
    let mut column = Column::open(sections, "listed")?;
    let mut end = 0;
    for (class, row) in (0..).zip(&dump.classes) {
        if u64::from(row.start) != end {
            return Err(malformed("section 'class.start' is damaged: its classes"));
        }
        end += u64::from(row.count);
        if classes.binary_search(&class).is_ok() {
            for place in column.range(row.start.into(), end)? {
                listed.push(column.get_as::<u32>(place)?);
            }
        }
        ends.push(listed.len());
    }
    if end != column.count() {
        return Err(malformed("section 'class.count' is damaged: its classes"));
    }
    let mut numbers = listed.clone();
    numbers.sort_unstable();
    numbers.dedup();
    let births: Vec<i64> = Column::open(sections, "obj.birth")?.gather(&numbers)?;
    let deaths: Vec<i64> = Column::open(sections, "obj.death")?.gather(&numbers)?;
    let mut kept = Vec::new();
    let mut kept_deaths = Vec::new();
    // Of each of them its own number, if it survived.
    let mut own = vec![u32::MAX; numbers.len()];
    for (place, (birth, death)) in births.into_iter().zip(deaths).enumerate() {
        let (birth, death) = (float(birth), float(death));
        if survivors.has_life(birth, ObjectColumns::death_of(death)) {
            own[place] = kept.len() as u32;
            kept.push(numbers[place]);
            dump.objects.birth.push(birth);
            kept_deaths.push(death);
        }
    }
    dump.objects.set_raw_deaths(kept_deaths);
    dump.objects.class = vec![u32::MAX; kept.len()];

    let (mut start, mut next) = (0, 0);
    for ((class, row), end) in (0..).zip(&mut dump.classes).zip(ends) {
        row.start = dump.listed.len() as u32;
        for number in &listed[start..end] {
            // Mostly they ascend.
            if numbers.get(next) != Some(number) {
                next = numbers.binary_search(number).unwrap_or_default();
            }
            if own[next] != u32::MAX {
                dump.objects.class[own[next] as usize] = class;
                dump.listed.push(own[next]);
            }
            next += 1;
        }
        row.count = dump.listed.len() as u32 - row.start;
        start = end;
    }
    Ok(kept)
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
    objects.sample_start = vec![0; numbers.len()];
    objects.sample_count = vec![0; numbers.len()];
    for (own, (&start, count)) in first.iter().zip(counts).enumerate() {
        // Mostly it is the very last.
        for sample in times.range(start, count)?.rev() {
            let birth = Some(objects.birth[own]).filter(|_| sample == u64::from(start));
            if times.get(sample, birth)? == moment_seconds {
                objects.sample_start[own] = samples.time.len() as u32;
                objects.sample_count[own] = 1;
                samples.time.push(moment_seconds);
                samples.asized.push(asized.get_as(sample)?);
                break;
            }
        }
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
