//! The file around the sections: magic number, version, table, checksums.

use std::io::{self, Write};

use bincode::config::{Configuration, Fixint, Limit, LittleEndian};
use bincode::{BorrowDecode, Decode, Encode};

use crate::pickle::{Fault, FaultKind, Outcome, Reader, malformed, too_large};

/// The first bytes of a native file.
pub(in crate::load) const MAGIC: &[u8; 8] = b"\x89CTSTATS";

/// The version that is written. All up to it are read.
const VERSION: u32 = 1;

const MAX_SECTIONS: u32 = 64;

/// Bytes of a row of the section table.
const ROW_BYTES: u64 = 24;

/// What a value may allocate: lists of snapshots and of odd addresses, which are few. Without
/// a limit ten bytes can make bincode allocate half a terabyte.
const LIMIT_BYTES: usize = 1 << 30;

const CODING: Configuration<LittleEndian, Fixint, Limit<LIMIT_BYTES>> = bincode::config::standard()
    .with_fixed_int_encoding()
    .with_limit();

/// A section on its way out.
#[derive(Default)]
pub(super) struct SectionWriter {
    pub(super) body: Vec<u8>,
}

impl SectionWriter {
    /// Appends a value.
    pub(super) fn value(&mut self, value: &impl Encode) {
        bincode::encode_into_std_write(value, &mut self.body, bincode_unlimited())
            .expect("a vector takes everything");
    }
}

/// Writing needs no limit; the bytes are the same.
fn bincode_unlimited() -> Configuration<LittleEndian, Fixint> {
    bincode::config::standard().with_fixed_int_encoding()
}

/// A section on its way in.
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

    /// Damage in this section.
    #[cold]
    pub(super) fn wrong(&self, what: &str) -> Box<Fault> {
        malformed(format!("section '{}' is damaged: {what}", self.name))
    }

    /// Columns of one thing have one length.
    pub(super) fn same_length(&self, of: &str, lengths: &[usize]) -> Outcome<()> {
        if lengths.windows(2).all(|pair| pair[0] == pair[1]) {
            return Ok(());
        }
        Err(self.wrong(&format!("columns of {of} differ in length")))
    }
}

/// The sections of a file.
#[derive(Default)]
pub(super) struct Container {
    sections: Vec<(&'static str, Vec<u8>)>,
}

impl Container {
    pub(super) fn add(&mut self, name: &'static str, section: SectionWriter) {
        self.sections.push((name, section.body));
    }

    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let mut head = Vec::new();
        head.extend(MAGIC);
        head.extend(VERSION.to_le_bytes());
        head.extend((self.sections.len() as u32).to_le_bytes());
        for (name, body) in &self.sections {
            let mut padded = [0; 8];
            padded[..name.len()].copy_from_slice(name.as_bytes());
            head.extend(padded);
            head.extend((body.len() as u64).to_le_bytes());
            head.extend(crc32fast::hash(body).to_le_bytes());
            head.extend([0; 4]);
        }
        head.extend(crc32fast::hash(&head).to_le_bytes());
        out.write_all(&head)?;
        self.sections
            .iter()
            .try_for_each(|(_, body)| out.write_all(body))
    }
}

/// Reads the table and hands each section, checked, to `take`; the format's version.
pub(super) fn read(
    reader: &mut Reader<'_>,
    mut take: impl FnMut(&str, &mut SectionReader<'_>) -> Outcome<()>,
) -> Outcome<u32> {
    let start = reader.take(16)?.to_vec();
    let number =
        |at: usize| u32::from_le_bytes([start[at], start[at + 1], start[at + 2], start[at + 3]]);
    let (version, count) = (number(8), number(12));
    if version > VERSION {
        let what = format!("format {version}, this one reads up to {VERSION}");
        return Err(FaultKind::Newer(what).boxed());
    }
    if version == 0 || count > MAX_SECTIONS {
        return Err(malformed("its header is damaged"));
    }
    let table = reader.take(u64::from(count) * ROW_BYTES)?.to_vec();
    let stored = u32::from_le_bytes(reader.array()?);
    let mut sum = crc32fast::Hasher::new();
    sum.update(&start);
    sum.update(&table);
    if sum.finalize() != stored {
        return Err(malformed("its header is damaged: the checksum differs"));
    }
    for row in table.chunks_exact(ROW_BYTES as usize) {
        let name = str::from_utf8(&row[..8])
            .unwrap_or("?")
            .trim_end_matches('\0');
        let length = u64::from_le_bytes([
            row[8], row[9], row[10], row[11], row[12], row[13], row[14], row[15],
        ]);
        let stored = u32::from_le_bytes([row[16], row[17], row[18], row[19]]);
        if usize::try_from(length).is_err() {
            return Err(too_large(format!("section '{name}' is of {length} bytes")));
        }
        let offset = reader.offset();
        let at = |mut fault: Box<Fault>| {
            fault.offset = offset;
            fault
        };
        let body = reader.take(length).map_err(at)?;
        let mut section = SectionReader::new(name, body);
        if crc32fast::hash(body) != stored {
            return Err(at(section.wrong("its checksum differs")));
        }
        take(name, &mut section).map_err(at)?;
    }
    Ok(version)
}
