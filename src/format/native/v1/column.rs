//! Columns of version 1: blocks of 1024 integers, each in the same number of bytes.

use super::super::column::Columns;
use super::super::container::SectionReader;
use super::super::schema::Stored;
use crate::pickle::Outcome;

/// Integers that share a least one and a width.
const BLOCK: usize = 1024;

/// The columns of steps, by the names that they have in later versions.
const STEPS: [&str; 10] = [
    "class.start",
    "listed",
    "obj.first",
    "sample.asized",
    "asized.name",
    "asized.group",
    "group.start",
    "referent",
    "trace.end",
    "snap.row",
];

/// The next column of a section, whatever its name.
impl Columns for SectionReader<'_> {
    fn column<T: Stored>(&mut self, name: &'static str) -> Outcome<Vec<T>> {
        let mut sum = 0_i64;
        let is_steps = STEPS.contains(&name);
        read(self, |value| {
            sum = if is_steps {
                sum.wrapping_add(value)
            } else {
                value
            };
            sum
        })
    }
}

fn read<T: Stored>(
    section: &mut SectionReader<'_>,
    mut undo: impl FnMut(i64) -> i64,
) -> Outcome<Vec<T>> {
    let count: u64 = section.value()?;
    let mut packed: &[u8] = section.borrowed()?;
    // Each block of 1024 needs nine bytes, so a count cannot ask for more than a hundred
    // times what is there.
    let blocks = packed.len() / 9;
    let count = usize::try_from(count)
        .ok()
        .filter(|&count| count.div_ceil(BLOCK) <= blocks);
    let count = count.ok_or_else(|| section.wrong("the length of a column"))?;
    let mut values = Vec::with_capacity(count);
    while values.len() < count {
        let length = BLOCK.min(count - values.len());
        let block = unpack(&mut packed, length, |value| {
            values.push(T::of_file(undo(value))?);
            Some(())
        });
        block.ok_or_else(|| section.wrong("a column"))?;
    }
    if packed.is_empty() {
        Ok(values)
    } else {
        Err(section.wrong("the length of a column"))
    }
}

/// Reads a block of `length` integers off `packed`; `None` if it is damaged or refused.
fn unpack(
    packed: &mut &[u8],
    length: usize,
    mut take: impl FnMut(i64) -> Option<()>,
) -> Option<()> {
    let (least, rest) = packed.split_first_chunk::<8>()?;
    let (&width, rest) = rest.split_first()?;
    let least = i64::from_le_bytes(*least);
    let width = usize::from(width);
    if !matches!(width, 0 | 1 | 2 | 4 | 8) {
        return None;
    }
    let (body, rest) = rest.split_at_checked(width * length)?;
    *packed = rest;
    let mut each = |distance: u64| take(least.wrapping_add(distance as i64));
    match width {
        0 => (0..length).try_for_each(|_| each(0)),
        1 => body.iter().try_for_each(|&byte| each(byte.into())),
        2 => body
            .as_chunks()
            .0
            .iter()
            .try_for_each(|&b| each(u16::from_le_bytes(b).into())),
        4 => body
            .as_chunks()
            .0
            .iter()
            .try_for_each(|&b| each(u32::from_le_bytes(b).into())),
        _ => body
            .as_chunks()
            .0
            .iter()
            .try_for_each(|&b| each(u64::from_le_bytes(b))),
    }
}
