//! Columns of integers, in as few bytes as they fit, block by block.

use super::container::{SectionReader, SectionWriter};
use crate::pickle::Outcome;

/// Integers that share a least one and a width.
const BLOCK: usize = 1024;

/// The differences of consecutive integers.
pub(super) fn steps(values: impl Iterator<Item = i64>) -> impl Iterator<Item = i64> {
    let mut before = 0_i64;
    values.map(move |value| {
        let step = value.wrapping_sub(before);
        before = value;
        step
    })
}

impl SectionWriter {
    /// Appends a column.
    pub(super) fn column(&mut self, values: impl Iterator<Item = i64>) {
        let mut packed = Vec::new();
        let mut count: u64 = 0;
        let mut block = Vec::with_capacity(BLOCK);
        let mut values = values.peekable();
        while values.peek().is_some() {
            block.clear();
            block.extend(values.by_ref().take(BLOCK));
            count += block.len() as u64;
            pack(&block, &mut packed);
        }
        self.value(&count);
        self.value(&packed);
    }
}

fn pack(block: &[i64], packed: &mut Vec<u8>) {
    let least = block.iter().copied().min().unwrap_or(0);
    let most = block.iter().copied().max().unwrap_or(0);
    let distance = |value: i64| value.wrapping_sub(least) as u64;
    let width = match distance(most) {
        0 => 0,
        1..=0xff => 1,
        0x100..=0xffff => 2,
        0x1_0000..=0xffff_ffff => 4,
        _ => 8,
    };
    packed.extend(least.to_le_bytes());
    packed.push(width);
    for &value in block {
        packed.extend_from_slice(&distance(value).to_le_bytes()[..usize::from(width)]);
    }
}

/// Reads a column into integers of a type; one that does not fit is damage.
pub(super) fn read_column<T: TryFrom<i64>>(section: &mut SectionReader<'_>) -> Outcome<Vec<T>> {
    read(section, |value| value)
}

/// Reads a column of steps.
pub(super) fn read_steps<T: TryFrom<i64>>(section: &mut SectionReader<'_>) -> Outcome<Vec<T>> {
    let mut sum = 0_i64;
    read(section, |step| {
        sum = sum.wrapping_add(step);
        sum
    })
}

fn read<T: TryFrom<i64>>(
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
            match T::try_from(undo(value)) {
                Ok(value) => {
                    values.push(value);
                    Some(())
                }
                Err(_) => None,
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_come_back() {
        let columns: [Vec<i64>; 6] = [
            vec![],
            vec![7],
            (0..5000).collect(),
            vec![i64::MIN, 0, i64::MAX, -1],
            (0..3000).map(|n| n % 300 * 70_000).collect(),
            vec![3; 2049],
        ];
        for values in columns {
            let mut writer = SectionWriter::default();
            writer.column(values.iter().copied());
            writer.column(steps(values.iter().copied()));
            let mut reader = SectionReader::new("test", &writer.body);
            assert_eq!(read_column::<i64>(&mut reader).unwrap(), values);
            assert_eq!(read_steps::<i64>(&mut reader).unwrap(), values);
        }
    }

    #[test]
    fn a_column_takes_little() {
        let mut writer = SectionWriter::default();
        writer.column((0..100_000).map(|n| 1_000_000 + n % 200));
        assert!(writer.body.len() < 102_000, "{}", writer.body.len());
        let mut writer = SectionWriter::default();
        writer.column(steps(0..100_000));
        assert!(writer.body.len() < 3000, "{}", writer.body.len());
    }

    #[test]
    fn what_does_not_fit_is_damage() {
        let mut writer = SectionWriter::default();
        writer.column([1 << 40].into_iter());
        assert!(read_column::<u32>(&mut SectionReader::new("test", &writer.body)).is_err());
        let huge = [u64::MAX.to_le_bytes(), 0_u64.to_le_bytes()].concat();
        assert!(read_column::<u32>(&mut SectionReader::new("test", &huge)).is_err());
    }
}
