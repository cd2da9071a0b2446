//! Columns: integers by their place. A column is read whole, or only the blocks that hold
//! what is asked for.

use std::ops::Range;

use super::block::{BLOCK, pack, unpack};
use super::container::{Section, SectionOut, Sections, u32_at, u64_at};
use super::schema::Stored;
use crate::pickle::{Outcome, no_memory};
use crate::room::with_room;

/// Bytes of text that one checksum covers.
const TEXT_BLOCK: u64 = 64 << 10;

/// Bytes that are read at a time where all of a column is.
const READ_BYTES: u64 = 256 << 10;

/// To unpack a block once more counts as an integer for so many of its own.
const INTEGERS_PER_JUMP: u64 = 8;

/// Packs a column: a head of how many there are and, for each block, its length in bytes and
/// its checksum; then the blocks.
pub(super) fn column(values: impl Iterator<Item = i64>) -> SectionOut<'static> {
    let (mut table, mut rest) = (Vec::new(), Vec::new());
    let mut count: u64 = 0;
    let mut block = Vec::with_capacity(BLOCK);
    let mut values = values.peekable();
    while values.peek().is_some() {
        block.clear();
        block.extend(values.by_ref().take(BLOCK));
        count += block.len() as u64;
        let start = rest.len();
        pack(&block, &mut rest);
        table.extend(((rest.len() - start) as u32).to_le_bytes());
        table.extend(crc32fast::hash(&rest[start..]).to_le_bytes());
    }
    let mut head = count.to_le_bytes().to_vec();
    head.extend(table);
    SectionOut {
        head,
        rest: rest.into(),
        integers: count,
    }
}

/// Packs bytes: a head of how many there are and a checksum for each 64 KiB.
pub(super) fn bytes(all: &[u8]) -> SectionOut<'_> {
    let mut head = (all.len() as u64).to_le_bytes().to_vec();
    for block in all.chunks(TEXT_BLOCK as usize) {
        head.extend(crc32fast::hash(block).to_le_bytes());
    }
    SectionOut {
        head,
        rest: all.into(),
        integers: 0,
    }
}

struct Block {
    /// Where it begins in its section.
    start: u64,
    length: u32,
    sum: u32,
}

pub(super) struct PackedColumn<'s> {
    section: Section<'s>,
    count: u64,
    blocks: Vec<Block>,
    /// Which block is unpacked in `values`.
    at_hand: Option<usize>,
    /// How often one was, for single integers.
    unpacked: usize,
    values: Vec<i64>,
    packed: Vec<u8>,
}

impl<'s> PackedColumn<'s> {
    pub(super) fn open(sections: &'s Sections, name: &'static str) -> Outcome<Self> {
        let section = sections.section(name)?;
        let head = section.head()?;
        if head.len() < 8 {
            return Err(section.wrong("it is too short"));
        }
        let (count, table) = (u64_at(&head, 0), &head[8..]);
        if table.len() as u64 != 8 * count.div_ceil(BLOCK as u64) {
            return Err(section.wrong("the length of a column"));
        }
        let mut start = section.head_length();
        let mut blocks = Vec::with_capacity(table.len() / 8);
        for row in table.chunks_exact(8) {
            let (length, sum) = (u32_at(row, 0), u32_at(row, 4));
            blocks.push(Block { start, length, sum });
            start += u64::from(length);
        }
        if start != section.length() {
            return Err(section.wrong("the length of its blocks"));
        }
        Ok(PackedColumn {
            section,
            count,
            blocks,
            at_hand: None,
            unpacked: 0,
            values: Vec::new(),
            packed: Vec::new(),
        })
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    fn length_of(&self, block: usize) -> usize {
        (self.count - (block * BLOCK) as u64).min(BLOCK as u64) as usize
    }

    fn check_block(&self, block: usize, packed: &[u8]) -> Outcome<()> {
        self.section.check(packed, self.blocks[block].sum)
    }

    fn unpack(&mut self, block: usize, packed: &[u8]) -> Outcome<()> {
        self.at_hand = None;
        let length = self.length_of(block);
        self.check_block(block, packed)?;
        unpack(packed, length, &mut self.values).ok_or_else(|| self.section.wrong("a column"))?;
        self.at_hand = Some(block);
        Ok(())
    }

    #[inline]
    pub(super) fn get(&mut self, index: u64) -> Outcome<i64> {
        let block = index as usize / BLOCK;
        if self.at_hand != Some(block) || index >= self.count {
            self.unpack_block_of(index)?;
        }
        Ok(self.values[index as usize % BLOCK])
    }

    /// Makes the block of an integer the one at hand.
    fn unpack_block_of(&mut self, index: u64) -> Outcome<()> {
        if index >= self.count {
            return Err(self.section.wrong("something refers beyond its end"));
        }
        let block = index as usize / BLOCK;
        if self.at_hand != Some(block) {
            // Whoever goes through a column in its order unpacks each once; a file may send
            // readers to and fro.
            self.unpacked += 1;
            if self.unpacked > self.blocks.len() {
                self.section.spend(BLOCK as u64 / INTEGERS_PER_JUMP)?;
            }
            let Block { start, length, .. } = self.blocks[block];
            let mut packed = std::mem::take(&mut self.packed);
            self.section.read(start, length.into(), &mut packed)?;
            self.unpack(block, &packed)?;
            self.packed = packed;
        }
        Ok(())
    }

    /// A range of them from one place to another of this column, for which there is room.
    pub(super) fn range(&mut self, start: u64, end: u64) -> Outcome<Range<u64>> {
        if start > end || end > self.count {
            return Err(self.section.wrong("something refers beyond its end"));
        }
        self.section.spend(end - start)?;
        Ok(start..end)
    }

    /// One integer, as a type that it must fit.
    pub(super) fn get_as<T: Stored>(&mut self, index: u64) -> Outcome<T> {
        let value = self.get(index)?;
        self.fit(value)
    }

    /// Those at some places, which had better ascend.
    pub(super) fn gather<T: Stored>(&mut self, places: &[impl Stored]) -> Outcome<Vec<T>> {
        self.section.spend(places.len() as u64)?;
        let mut all = with_room(places.len()).map_err(no_memory)?;
        let mut rest = places;
        while let [first, ..] = rest {
            let first = first.to_file() as u64;
            self.unpack_block_of(first)?;
            let start = first - first % BLOCK as u64;
            // Those of the same block.
            let mut taken = 0;
            for place in rest {
                let at = (place.to_file() as u64).wrapping_sub(start);
                let Some(&value) = self.values.get(at as usize) else {
                    break;
                };
                all.push(self.fit(value)?);
                taken += 1;
            }
            rest = &rest[taken..];
        }
        Ok(all)
    }

    /// Appends those from one place to another.
    pub(super) fn append<T: Stored>(&mut self, places: Range<u64>, to: &mut Vec<T>) -> Outcome<()> {
        let Range { mut start, end } = self.range(places.start, places.end)?;
        while start < end {
            self.unpack_block_of(start)?;
            let at = start as usize % BLOCK;
            let here = (end - start).min((self.values.len() - at) as u64);
            for &value in &self.values[at..at + here as usize] {
                to.push(self.fit(value)?);
            }
            start += here;
        }
        Ok(())
    }

    #[inline]
    fn fit<T: Stored>(&self, value: i64) -> Outcome<T> {
        T::of_file(value).ok_or_else(|| self.section.wrong("a column"))
    }

    pub(super) fn all<T: Stored>(&mut self) -> Outcome<Vec<T>> {
        self.section.spend(self.count)?;
        let mut all = with_room(self.count as usize).map_err(no_memory)?;
        self.each_block(|column, block, packed| {
            column.unpack(block, packed)?;
            for &value in &column.values {
                all.push(column.fit(value)?);
            }
            Ok(())
        })?;
        Ok(all)
    }

    /// Checks the checksums and looks at nothing.
    pub(super) fn check(mut self) -> Outcome<()> {
        self.each_block(|column, block, packed| column.check_block(block, packed))
    }

    fn each_block(
        &mut self,
        mut see: impl FnMut(&mut Self, usize, &[u8]) -> Outcome<()>,
    ) -> Outcome<()> {
        let mut next = 0;
        let mut packed = Vec::new();
        while next < self.blocks.len() {
            // As many blocks as make a decent read.
            let start = self.blocks[next].start;
            let mut end = next;
            let mut length = 0;
            while end < self.blocks.len() && length < READ_BYTES {
                length += u64::from(self.blocks[end].length);
                end += 1;
            }
            self.section.read(start, length, &mut packed)?;
            for block in next..end {
                let at = (self.blocks[block].start - start) as usize;
                let length = self.blocks[block].length as usize;
                see(self, block, &packed[at..at + length])?;
            }
            next = end;
        }
        Ok(())
    }
}

/// Where columns come from that are read whole, in the order of the file.
pub(super) trait Columns {
    fn column<T: Stored>(&mut self, name: &'static str) -> Outcome<Vec<T>>;
}

impl Columns for &Sections {
    fn column<T: Stored>(&mut self, name: &'static str) -> Outcome<Vec<T>> {
        all(self, name)
    }
}

/// Reads a whole column into integers of a type; one that does not fit is damage.
pub(super) fn all<T: Stored>(sections: &Sections, name: &'static str) -> Outcome<Vec<T>> {
    PackedColumn::open(sections, name)?.all()
}

/// Texts of a file, one behind the other.
pub(super) struct Bytes<'s> {
    section: Section<'s>,
    count: u64,
    sums: Vec<u8>,
    at_hand: Option<u64>,
    block: Vec<u8>,
}

impl<'s> Bytes<'s> {
    pub(super) fn open(sections: &'s Sections, name: &'static str) -> Outcome<Self> {
        let section = sections.section(name)?;
        let mut sums = section.head()?;
        let count = section.length() - section.head_length();
        if sums.len() < 8
            || u64_at(&sums, 0) != count
            || (sums.len() - 8) as u64 != 4 * count.div_ceil(TEXT_BLOCK)
        {
            return Err(section.wrong("its length"));
        }
        sums.drain(..8);
        Ok(Bytes {
            section,
            count,
            sums,
            at_hand: None,
            block: Vec::new(),
        })
    }

    pub(super) fn all(&self) -> Outcome<Vec<u8>> {
        let mut all = Vec::new();
        self.section
            .read(self.section.head_length(), self.count, &mut all)?;
        let blocks = all.chunks(TEXT_BLOCK as usize);
        for (block, sum) in blocks.zip(self.sums.chunks_exact(4)) {
            self.section.check(block, u32_at(sum, 0))?;
        }
        Ok(all)
    }

    pub(super) fn copy(&mut self, start: u64, end: u64, out: &mut Vec<u8>) -> Outcome<()> {
        if start > end || end > self.count {
            return Err(self.section.wrong("lengths of texts"));
        }
        // A byte of text takes an eighth of an integer.
        self.section.spend((end - start).div_ceil(8))?;
        let mut at = start;
        while at < end {
            let number = at / TEXT_BLOCK;
            let from = number * TEXT_BLOCK;
            if self.at_hand != Some(number) {
                self.at_hand = None;
                let length = TEXT_BLOCK.min(self.count - from);
                let place = self.section.head_length() + from;
                self.section.read(place, length, &mut self.block)?;
                let sum = u32_at(&self.sums, 4 * number as usize);
                self.section.check(&self.block, sum)?;
                self.at_hand = Some(number);
            }
            let to = end.min(from + TEXT_BLOCK);
            out.extend_from_slice(&self.block[(at - from) as usize..(to - from) as usize]);
            at = to;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pickle::Reader;

    fn file(sections: &[(&'static str, SectionOut<'_>)]) -> Vec<u8> {
        let mut out = Vec::new();
        super::super::container::write(&mut out, sections).unwrap();
        out
    }

    fn open(bytes: &[u8]) -> Sections {
        let head = bytes.first_chunk().unwrap();
        Sections::of_stream(&mut Reader::new(&bytes[16..]), head).unwrap()
    }

    #[test]
    fn columns_come_back_whole_and_in_part() {
        let columns: [Vec<i64>; 5] = [
            vec![],
            vec![-7],
            (0..50_000).collect(),
            vec![i64::MIN, 0, i64::MAX, -1],
            (0..9000).map(|n| n % 300 * 70_000).collect(),
        ];
        for values in columns {
            let bytes = file(&[("test", column(values.iter().copied()))]);
            let sections = open(&bytes);
            assert_eq!(all::<i64>(&sections, "test").unwrap(), values);
            let mut column = PackedColumn::open(&sections, "test").unwrap();
            assert_eq!(column.count(), values.len() as u64);
            for (index, &value) in values.iter().enumerate().step_by(777) {
                assert_eq!(column.get(index as u64).unwrap(), value);
            }
            assert!(column.get(values.len() as u64).is_err());
        }
    }

    #[test]
    fn bytes_come_back_whole_and_in_part() {
        let text: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
        let file = file(&[("test", bytes(&text))]);
        let sections = open(&file);
        let mut bytes = Bytes::open(&sections, "test").unwrap();
        assert_eq!(bytes.all().unwrap(), text);
        for (start, end) in [(0, 0), (5, 70_000), (65_536, 65_537), (199_999, 200_000)] {
            let mut out = Vec::new();
            bytes.copy(start, end, &mut out).unwrap();
            assert_eq!(out, text[start as usize..end as usize]);
        }
        assert!(bytes.copy(0, 200_001, &mut Vec::new()).is_err());
    }

    #[test]
    fn what_does_not_fit_is_damage() {
        let bytes = file(&[("test", column([1 << 40].into_iter()))]);
        assert!(all::<u32>(&open(&bytes), "test").is_err());
        assert!(PackedColumn::open(&open(&bytes), "none").is_err());
    }

    #[test]
    fn a_length_that_nothing_backs_is_refused() {
        let mut section = column(std::iter::repeat_n(0, 30_000_000));
        // A file that is not filled up.
        section.integers = 0;
        assert!(all::<i64>(&open(&file(&[("test", section)])), "test").is_err());
        section = column(std::iter::repeat_n(0, 1_000_000));
        assert!(all::<i64>(&open(&file(&[("test", section)])), "test").is_ok());
    }

    /// Found by review: a file of a megabyte that sends its readers to and fro for minutes.
    #[test]
    fn jumps_come_to_an_end() {
        let bytes = file(&[("test", column(0..10_000))]);
        let sections = open(&bytes);
        let mut column = PackedColumn::open(&sections, "test").unwrap();
        let mut jumps = (0..100_000).map(|jump| column.get(jump % 2 * 5000));
        assert!(jumps.by_ref().take(1000).all(|value| value.is_ok()));
        assert!(jumps.any(|value| value.is_err()));
    }
}
