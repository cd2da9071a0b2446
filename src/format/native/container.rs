//! The file around the sections: magic number, version, table, checksums.

use std::borrow::Cow;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use bincode::config::{Configuration, Fixint, Limit, LittleEndian};
use bincode::{BorrowDecode, Decode, Encode};

use crate::input::ByteCount;
use crate::pickle::{Fault, FaultKind, Outcome, Reader, malformed, no_memory, too_large};

/// The first bytes of a native file.
pub(in crate::format) const MAGIC: &[u8; 8] = b"\x89CTSTATS";

/// What all blocks of a native file have.
pub(in crate::format) const CHECKSUM: &str = "crc32";

/// The version that is written. All up to it are read.
pub(super) const VERSION: u32 = 2;

const MAX_SECTIONS: u32 = 64;

/// Bytes before the section table.
pub(super) const HEAD_BYTES: u64 = 16;

/// Bytes of a row of the section table.
const ROW_BYTES: u64 = 40;

/// What a value may allocate: lists of snapshots and of odd addresses, which are few. Without
/// a limit ten bytes can make bincode allocate half a terabyte.
const LIMIT_BYTES: usize = 1 << 30;

const CODING: Configuration<LittleEndian, Fixint, Limit<LIMIT_BYTES>> = bincode::config::standard()
    .with_fixed_int_encoding()
    .with_limit();

/// Writing needs no limit; the bytes are the same.
fn bincode_unlimited() -> Configuration<LittleEndian, Fixint> {
    bincode::config::standard().with_fixed_int_encoding()
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes[at..]
        .first_chunk()
        .map_or(0, |eight| u64::from_le_bytes(*eight))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes[at..]
        .first_chunk()
        .map_or(0, |four| u32::from_le_bytes(*four))
}

/// Whether a checksum is right. A fuzzer has to get past it.
pub(super) fn is_intact(bytes: &[u8], stored: u32) -> bool {
    cfg!(fuzzing) || crc32fast::hash(bytes) == stored
}

/// A section on its way out. Its checksum in the table covers its head; what follows has
/// checksums of its own in that.
pub(super) struct SectionOut<'d> {
    pub(super) head: Vec<u8>,
    pub(super) rest: Cow<'d, [u8]>,
    /// How many integers it holds in columns.
    pub(super) integers: u64,
}

impl SectionOut<'_> {
    fn length(&self) -> u64 {
        (self.head.len() + self.rest.len()) as u64
    }

    /// A section that is one value.
    pub(super) fn value(value: &impl Encode) -> Self {
        let head = bincode::encode_to_vec(value, bincode_unlimited());
        SectionOut {
            head: head.expect("a vector takes everything"),
            rest: Cow::Borrowed(&[]),
            integers: 0,
        }
    }
}

pub(super) fn write(out: &mut impl Write, sections: &[(&str, SectionOut<'_>)]) -> io::Result<()> {
    let bytes = sections.iter().map(|(_, section)| section.length());
    let integers: u64 = sections.iter().map(|(_, section)| section.integers).sum();
    let least = integers.saturating_sub(INTEGERS) / INTEGERS_PER_BYTE;
    let filling = usize::try_from(least.saturating_sub(bytes.sum())).unwrap_or(usize::MAX);
    let filling = SectionOut {
        head: vec![0; filling],
        rest: Cow::Borrowed(&[]),
        integers: 0,
    };
    let sections = sections.iter().map(|(name, section)| (*name, section));
    let sections: Vec<_> = sections
        .chain((!filling.head.is_empty()).then_some(("filling", &filling)))
        .collect();
    let mut head = Vec::new();
    head.extend(MAGIC);
    head.extend(VERSION.to_le_bytes());
    head.extend((sections.len() as u32).to_le_bytes());
    for (name, section) in &sections {
        let mut padded = [0; 16];
        padded[..name.len()].copy_from_slice(name.as_bytes());
        head.extend(padded);
        head.extend(section.length().to_le_bytes());
        head.extend((section.head.len() as u64).to_le_bytes());
        head.extend(crc32fast::hash(&section.head).to_le_bytes());
        head.extend([0; 4]);
    }
    head.extend(crc32fast::hash(&head).to_le_bytes());
    out.write_all(&head)?;
    sections.iter().try_for_each(|(_, section)| {
        out.write_all(&section.head)?;
        out.write_all(&section.rest)
    })
}

/// Checks the head of a file; its version.
pub(super) fn version(head: &[u8; HEAD_BYTES as usize]) -> Outcome<u32> {
    match u32_at(head, 8) {
        0 => Err(malformed("its header is damaged")),
        version if version > VERSION => {
            let what = format!("format {version}, this one reads up to {VERSION}");
            Err(FaultKind::Newer(what).boxed())
        }
        version => Ok(version),
    }
}

pub(super) fn section_count(head: &[u8; HEAD_BYTES as usize]) -> Outcome<u32> {
    Some(u32_at(head, 12))
        .filter(|&count| count <= MAX_SECTIONS)
        .ok_or_else(|| malformed("its header is damaged"))
}

pub(super) fn check_table(head: &[u8], table: &[u8], stored: u32) -> Outcome<()> {
    if is_intact(&[head, table].concat(), stored) {
        Ok(())
    } else {
        Err(malformed("its header is damaged: the checksum differs"))
    }
}

struct Row {
    name: String,
    /// Where the section begins in the file.
    start: u64,
    length: u64,
    head_length: u64,
    sum: u32,
}

enum Store {
    File(File, ByteCount),
    /// Section by section.
    Memory(Vec<Vec<u8>>),
}

pub(super) struct Sections {
    rows: Vec<Row>,
    store: Store,
    /// Where the last section ends.
    pub(super) end: u64,
    /// Integers that may still be unpacked.
    budget: Cell<u64>,
}

/// Integers that any file may hold.
const INTEGERS: u64 = 1 << 24;

/// Integers for each byte that it may hold beside those: columns in which nothing changes
/// take next to none. Writers fill their files up.
const INTEGERS_PER_BYTE: u64 = 8;

impl Sections {
    fn new(rows: Vec<Row>, store: Store, end: u64) -> Self {
        let sections = Sections {
            rows,
            store,
            end,
            budget: Cell::default(),
        };
        sections.begin();
        sections
    }

    /// Begins another reading: what the one before took does not count.
    pub(super) fn begin(&self) {
        let most = INTEGERS_PER_BYTE.saturating_mul(self.end);
        self.budget.set(INTEGERS.saturating_add(most));
    }

    /// Takes integers off the budget; `false` if no file of this size has so many.
    pub(super) fn spend(&self, integers: u64) -> bool {
        let left = self.budget.get().checked_sub(integers);
        self.budget.set(left.unwrap_or_default());
        left.is_some()
    }

    /// Those of a file that can be read anywhere. Reads the table.
    pub(super) fn of_file(mut file: File, count: ByteCount) -> Outcome<Sections> {
        let size = file.metadata().map_err(failed)?.len();
        let cut = |end: u64| {
            let kind = FaultKind::CutShort {
                needs: end.saturating_sub(size),
                left: 0,
            };
            let mut fault = kind.boxed();
            fault.offset = size;
            fault
        };
        let mut head = [0; HEAD_BYTES as usize];
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        file.read_exact(&mut head).map_err(|_| cut(HEAD_BYTES))?;
        version(&head)?;
        let table_bytes = u64::from(section_count(&head)?) * ROW_BYTES;
        let mut table = vec![0; table_bytes as usize + 4];
        file.read_exact(&mut table)
            .map_err(|_| cut(HEAD_BYTES + table_bytes + 4))?;
        let (rows, end) = rows(&head, &table)?;
        if end > size {
            return Err(cut(end));
        }
        Ok(Sections::new(rows, Store::File(file, count), end))
    }

    /// Those of a stream, read whole, from behind its head on.
    pub(super) fn of_stream(
        reader: &mut Reader<'_>,
        head: &[u8; HEAD_BYTES as usize],
    ) -> Outcome<Sections> {
        let table_bytes = u64::from(section_count(head)?) * ROW_BYTES;
        let table = reader.take(table_bytes + 4)?.to_vec();
        let (rows, end) = rows(head, &table)?;
        let bodies = rows.iter().map(|row| {
            let offset = reader.offset();
            reader
                .take(row.length)
                .map(<[u8]>::to_vec)
                .map_err(|mut fault| {
                    fault.offset = offset;
                    fault
                })
        });
        let store = Store::Memory(bodies.collect::<Outcome<_>>()?);
        Ok(Sections::new(rows, store, end))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.rows.iter().any(|row| row.name == name)
    }

    pub(super) fn section(&self, name: &'static str) -> Outcome<Section<'_>> {
        let index = self.rows.iter().position(|row| row.name == name);
        let index = index.ok_or_else(|| malformed(format!("section '{name}' is missing")))?;
        Ok(Section {
            sections: self,
            index,
        })
    }

    /// A section that is one value.
    pub(super) fn value<T: Decode<()>>(&self, name: &'static str) -> Outcome<T> {
        let section = self.section(name)?;
        let head = section.head()?;
        let mut reader = SectionReader::new(name, &head);
        let value = reader.value();
        value.map_err(|fault| section.at(fault))
    }
}

fn failed(error: io::Error) -> Box<Fault> {
    FaultKind::Io(error).boxed()
}

/// Reads the table and the checksum behind it; also where the last section ends.
fn rows(head: &[u8], table: &[u8]) -> Outcome<(Vec<Row>, u64)> {
    let (table, sum) = table.split_at(table.len() - 4);
    check_table(head, table, u32_at(sum, 0))?;
    let mut end = HEAD_BYTES + table.len() as u64 + 4;
    let mut rows = Vec::new();
    for row in table.chunks_exact(ROW_BYTES as usize) {
        let name = str::from_utf8(&row[..16]).unwrap_or("?");
        let name = name.trim_end_matches('\0').to_owned();
        let (length, head_length) = (u64_at(row, 16), u64_at(row, 24));
        let start = end;
        end = end
            .checked_add(length)
            .filter(|_| head_length <= length)
            .ok_or_else(|| malformed("its header is damaged"))?;
        rows.push(Row {
            name,
            start,
            length,
            head_length,
            sum: u32_at(row, 32),
        });
    }
    Ok((rows, end))
}

/// A section on its way in.
#[derive(Clone, Copy)]
pub(super) struct Section<'s> {
    sections: &'s Sections,
    index: usize,
}

impl Section<'_> {
    fn row(&self) -> &Row {
        &self.sections.rows[self.index]
    }

    /// Bytes of the head, which the table's checksum covers.
    pub(super) fn head_length(&self) -> u64 {
        self.row().head_length
    }

    pub(super) fn length(&self) -> u64 {
        self.row().length
    }

    /// Takes integers off what the file may hold.
    pub(super) fn spend(&self, integers: u64) -> Outcome<()> {
        if self.sections.spend(integers) {
            Ok(())
        } else {
            Err(self.too_large())
        }
    }

    /// Its head, checked.
    pub(super) fn head(&self) -> Outcome<Vec<u8>> {
        let mut head = Vec::new();
        self.read(0, self.head_length(), &mut head)?;
        self.check(&head, self.row().sum)?;
        Ok(head)
    }

    /// Compares a part of the section with its checksum.
    pub(super) fn check(&self, bytes: &[u8], stored: u32) -> Outcome<()> {
        if is_intact(bytes, stored) {
            Ok(())
        } else {
            Err(self.wrong("its checksum differs"))
        }
    }

    /// Replaces `into` by a part of the section.
    pub(super) fn read(&self, from: u64, length: u64, into: &mut Vec<u8>) -> Outcome<()> {
        let inside = from.checked_add(length);
        if inside.is_none_or(|end| end > self.length()) {
            return Err(self.wrong("it is too short"));
        }
        match &self.sections.store {
            Store::Memory(bodies) => {
                let body = &bodies[self.index];
                into.clear();
                into.extend_from_slice(&body[from as usize..(from + length) as usize]);
            }
            Store::File(file, count) => {
                let mut file: &File = file;
                let start = SeekFrom::Start(self.row().start + from);
                // Lengths lie within the file, so the buffer is no larger than it. What it holds
                // is written over, so that no zeros need be written.
                let length_bytes = usize::try_from(length).map_err(|_| self.wrong("its length"))?;
                into.try_reserve(length_bytes.saturating_sub(into.len()))
                    .map_err(no_memory)?;
                into.resize(length_bytes, 0);
                file.seek(start)
                    .and_then(|_| file.read_exact(into))
                    .map_err(|error| self.at(failed(error)))?;
                count.add(length);
            }
        }
        Ok(())
    }

    #[cold]
    pub(super) fn wrong(&self, what: &str) -> Box<Fault> {
        self.at(damage(&self.row().name, what))
    }

    #[cold]
    fn too_large(&self) -> Box<Fault> {
        let what = format!(
            "section '{}' unfolds to more than any file of its size",
            self.row().name
        );
        self.at(too_large(what))
    }

    fn at(&self, mut fault: Box<Fault>) -> Box<Fault> {
        fault.offset = self.row().start;
        fault
    }
}

#[cold]
fn damage(section: &str, what: &str) -> Box<Fault> {
    malformed(format!("section '{section}' is damaged: {what}"))
}

/// Bytes of a section from which values are taken one after the other.
pub(super) struct SectionReader<'s> {
    name: &'s str,
    rest: &'s [u8],
}

impl<'s> SectionReader<'s> {
    pub(super) fn new(name: &'s str, body: &'s [u8]) -> Self {
        SectionReader { name, rest: body }
    }

    /// Reads a value that is owned.
    pub(super) fn value<T: Decode<()>>(&mut self) -> Outcome<T> {
        let (value, used) = bincode::decode_from_slice(self.rest, CODING)
            .map_err(|error| self.wrong(&error.to_string()))?;
        self.rest = &self.rest[used..];
        Ok(value)
    }

    /// Reads bytes in place, however many there are.
    pub(super) fn borrowed<T: BorrowDecode<'s, ()>>(&mut self) -> Outcome<T> {
        let (value, used) = bincode::borrow_decode_from_slice(self.rest, bincode_unlimited())
            .map_err(|error| self.wrong(&error.to_string()))?;
        self.rest = &self.rest[used..];
        Ok(value)
    }

    #[cold]
    pub(super) fn wrong(&self, what: &str) -> Box<Fault> {
        damage(self.name, what)
    }
}
