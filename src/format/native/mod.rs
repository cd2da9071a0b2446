//! The native format: what ctstats itself writes. Opened instead of walked, and read only as
//! far as a command needs it.
//!
//! All integers are little-endian. A file is
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | magic `89 43 54 53 54 41 54 53` (`\x89CTSTATS`) |
//! | 4 | format version; this is version 2 ([version 1](v1) is read too) |
//! | 4 | number of sections, at most 64 |
//! | 40 each | section table: name (16 bytes of ASCII, filled up with zeros), length in bytes (8), length of its head (8), CRC-32 of its head (4), zero (4) |
//! | 4 | CRC-32 of everything before |
//! | … | the sections, in the order of the table, without gaps |
//!
//! CRC-32 is that of gzip. A section is one of three kinds:
//!
//! - A *value*, encoded by bincode 2 with fixed-size integers. All of it is head.
//! - A *column* of integers. Its head is how many there are (8 bytes) and, for each block, the
//!   block's length in bytes (4) and its CRC-32 (4). The blocks follow, of 4096 integers each,
//!   the last one of fewer.
//! - *Bytes*. The head is how many there are (8 bytes) and the CRC-32 of each 64 KiB (4); the
//!   bytes follow.
//!
//! A block begins with a byte: the width of its packed integers in bits, 0 to 64, and 128 more
//! if they are steps. Plain, the least of its integers follows (8 bytes, signed), and then the
//! distance of each from that. As steps, its first integer follows (8 bytes) and the least step
//! (8 bytes), and then for each integer but the first the distance of its step, the difference
//! to the one before, from the least. Distances and steps wrap around at 64 bits. The packed
//! integers stand one behind the other from the lowest bit of the first byte on.
//!
//! A *text* is a number in the arena, 2³² − 1 stands for `None`; a float is its bits. In
//! values an int has the width that is given, a list its length (8 bytes) before its items, an
//! option a byte (0: none, 1: something) before what it holds, a choice its number (4 bytes)
//! before what that holds, a bool is a byte, a string is its length (8 bytes) and its UTF-8.
//!
//! A file holds at most 2²⁴ integers and 8 more for each of its bytes, or it is refused; where
//! columns are so even that they take less, the writer adds a value `filling` of zeros.
//!
//! | section | contents |
//! | --- | --- |
//! | `totals` | value: counts (8 bytes each) of listed objects, alive ones, samples, referents, traces; option: first and last moment (floats); bool: whether any object has a size |
//! | `notes` | value: the pickle's protocols (2 bytes), list of strings: unknown globals |
//! | `salvaged` | value, of dumps that were cut short or damaged: string: why reading stopped; where it did and bytes not read (8 bytes each), bool: more than were counted; objects, snapshots, rebuilt snapshots (8 bytes each); bools: whether all objects, all snapshots are there |
//! | `snaps`, `snap.row` | value: list of snapshots (below); column: their order |
//! | `class.name`, `.start`, `.count` | columns: text, first in `listed`, how many |
//! | `cell.times` | column: the moments of all snapshots (floats), ascending |
//! | `cell.active`, `.sum`, `.p_sum` | columns, moment behind moment, in each all classes: instances alive, bytes, and what Pympler's bytes are more. The four are absent where they would be more than 2²⁰, or a sum 2⁶² or more |
//! | `cohort.end` | column: where the cohorts of each class end in the next three |
//! | `cohort.birth`, `.death`, `.count` | columns: place of the births, place of the deaths + 1 or 0 of those alive, how many objects |
//! | `tree.whose` | value: list of merged_trees: a moment (float), option: two floats |
//! | `tree.nodes` | column: trees behind trees, in each all classes: how many nodes the tree has |
//! | `tree.parent`, `.name`, `.count`, `.size`, `.flat` | columns: node number in the tree, text, how many were merged, bytes, bytes |
//! | `text.end`, `text.bytes` | column: where each text ends in the bytes; bytes: all texts (WTF-8) |
//! | `listed` | column: object numbers, class behind class |
//! | `obj.class`, `.birth`, `.death` | columns: class, float, float (`7ff8c757a7570001` is alive) |
//! | `obj.largest`, `.at_peak` | columns: largest size in bytes, size at the peak snapshot |
//! | `obj.p_largest`, `.p_at_peak` | columns: what these are more as Pympler reads them |
//! | `obj.name`, `.repr` | columns: texts |
//! | `obj.address`, `.wide` | column: address (bits of 64); value: list of (object, address of 128 bits) for those beyond |
//! | `obj.huge` | value: list of (object, text): the decimal digits of addresses beyond 128 bits, of which `.wide` has the nearest; absent if there are none |
//! | `obj.trace`, `.level` | columns: trace number + 1 or 0, resolution level or −2³¹ |
//! | `obj.first`, `.samples` | columns: first sample, count of samples |
//! | `sample.time`, `times` | columns: 0 where the time is the birth of each object whose samples begin here (and none goes over it), else the place in the other + 1; floats |
//! | `sample.asized` | column: number of an `Asized` |
//! | `asized.size`, `.flat`, `.name`, `.group` | columns: bytes, bytes, text, group or 0 |
//! | `group.start`, `referent` | columns: where each group begins in the other, which holds numbers of `Asized` |
//! | `frame.file`, `.line`, `.func` | columns: text, line, text |
//! | `frame.wide` | value: list of (frame, text): the decimal digits of lines beyond 64 bits, of which `.line` has the nearest; absent if there are none |
//! | `frame.known`, `.end`, `.index` | columns: whether there is source, where its lines end in `source`, index of the current one or −2⁶³ |
//! | `source` | column: texts |
//! | `trace.end`, `.frame` | columns: where each trace ends in the other, which holds frame numbers |
//!
//! A place is where a moment lies among the distinct ones of the snapshots, ascending: 1 before
//! all, 2 at the first, 3 between the first and the second, and so on; 0 if it is no number. A
//! cohort is all objects of a class that were born and died at the same places; cohorts are kept
//! if there are no more than 4096 and an eighth of the objects.
//!
//! A trees has the merged referents of each class (see `model::merged_referents`): of all objects measured
//! at the moment, or with two floats of those born at the first of these or after it, before the
//! second, and alive at the moment. Of two snapshots and more it is kept for the first, the last and
//! the peak one, and for those born between the first and the last but one that are alive at the
//! last. A tree's
//! first node is the objects, its name none; each other one stands behind its parent. The name of
//! a node is that of the text up to its first colon. KeptMergedTrees are left out that unfold further
//! than they were followed, or with a sum of 2⁶² or more; all of them together have at most 2¹⁸ nodes and classes, and no more
//! than 4096 and an eighth of the referents.
//!
//! Classes stand one behind the other in `listed`, and so do ends and starts: they ascend.
//! Group 0, of none, stands in `group.start` too; a group ends where the next begins. An
//! object in two classes has the last as its class. Sizes leave out samples after the death,
//! and the peak is the first snapshot of the greatest tracked total; as Pympler reads them all
//! samples count, and the peak is the last snapshot of a positive total.
//!
//! A snapshot is: timestamp (float), description (4 bytes: text), tracked total, asizeof total
//! and overhead (16 bytes each), the process, option: list of cached classes. A process is:
//! available (bool), virtual and resident size (16 bytes each), kind (byte: place in
//! `_ProcessMemoryInfo`, `…Proc`, `…PS`, `…Resource`, `…Win32`), options of 8 bytes: pid,
//! pagefaults, data, code, shared and stack segment; list of pairs of texts (4 bytes each). A
//! cached class is: name (4 bytes: text); sum, average, percent and active, each a choice of 0:
//! int (16 bytes), 1: float or 2: text (4 bytes), the digits of a percent or active beyond; option: its merged referents (4 bytes: an `Asized`).
//!
//! Readers pass over sections that they do not know. Files of before November 2026 have no
//! cohorts and no merged_trees. Every number is checked before a dump
//! is made of it, so that damage is named by section and never yields a result.

mod block;
mod column;
mod container;
mod figures;
mod file;
mod parallel;
mod rows;
mod schema;
mod snapshots;
mod tables;
mod v1;
mod verify;

use std::io::Write;
use std::path::Path;

use container::{HEAD_BYTES, Sections};

use crate::error::Error;
use crate::model::{Contents, Dump, Origin};
use crate::output::Output;
use crate::pickle::{Outcome, Reader, too_large};

pub(super) use container::{CHECKSUM, MAGIC};
pub(super) use file::NativeFile;

/// Stands for no index of a source line.
const NO_INDEX: i64 = i64::MIN;

impl Dump {
    /// Writes the dump in ctstats' own format to a path, which is replaced whole or not at
    /// all; `-` is standard output.
    ///
    /// # Errors
    ///
    /// [`Error::Write`] if the file cannot be written; an old one is then untouched.
    pub fn dump_stats(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let mut out = Output::open(Some(path.as_ref())).map_err(Error::Write)?;
        self.dump_stats_to(&mut out)?;
        out.finish().map_err(Error::Write)
    }

    /// Writes the dump in ctstats' own format.
    ///
    /// # Errors
    ///
    /// [`Error::Write`] if `out` fails.
    pub fn dump_stats_to(&self, out: &mut impl Write) -> Result<(), Error> {
        let (sections, integers) = tables::write(self);
        container::write(out, &sections, integers).map_err(Error::Write)
    }
}

/// Whether these first bytes are of a native file whose columns can be read one by one.
pub(super) fn is_columnar(head: &[u8; 12]) -> bool {
    head.starts_with(MAGIC) && head[8..] != 1_u32.to_le_bytes()
}

/// Reads a native file of any version whole, from its magic number on.
pub(super) fn load(reader: &mut Reader<'_>) -> Outcome<Contents> {
    let head: [u8; HEAD_BYTES as usize] = reader.array()?;
    let version = container::version(&head)?;
    let dump = match version {
        1 => v1::read(reader, &head)?,
        _ => {
            let sections = Sections::of_stream(reader, &head)?;
            let dump = sound(version, tables::read(&sections)?)?;
            figures::compare(&sections, &dump)?;
            return Ok(dump);
        }
    };
    sound(version, dump)
}

/// What was read of a dump, once all its numbers are checked.
fn sound(version: u32, mut dump: Contents) -> Outcome<Contents> {
    dump.notes.origin = Origin::Native { version };
    verify::verify(&dump)?;
    if dump.is_proportionate() {
        Ok(dump)
    } else {
        Err(too_large("its objects share their sizes over and over"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Notes;

    fn fixtures() -> Vec<std::path::PathBuf> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        ["dumps", "edited", "variants"]
            .iter()
            .flat_map(|folder| std::fs::read_dir(root.join(folder)).unwrap())
            .map(|entry| entry.unwrap().path())
            .chain([root.join("shop.dump")])
            .collect()
    }

    fn native(dump: &Dump) -> Vec<u8> {
        let mut bytes = Vec::new();
        dump.dump_stats_to(&mut bytes).unwrap();
        bytes
    }

    /// Every column comes back to the bit; `Debug` shows all of them.
    #[test]
    fn what_was_written_is_read() {
        let mut compared = 0;
        for path in fixtures() {
            let Ok(mut dump) = Dump::load(&path) else {
                continue;
            };
            dump.notes = Notes {
                protocols: dump.notes.protocols,
                unknown_globals: std::mem::take(&mut dump.notes.unknown_globals),
                ..Notes::default()
            };
            let mut again = Dump::read(&native(&dump)[..]).unwrap();
            assert_eq!(again.notes.origin, Origin::Native { version: 2 });
            again.notes.origin = Origin::Pympler;
            again.notes.dump_bytes = 0;
            again.notes.checksum = None;
            assert_eq!(format!("{dump:?}"), format!("{again:?}"), "{path:?}");
            compared += 1;
        }
        assert!(compared > 240, "{compared}");
    }

    #[test]
    fn a_file_cut_anywhere_is_refused() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/shop.dump");
        let bytes = native(&Dump::load(path).unwrap());
        for length in 0..bytes.len() {
            assert!(Dump::read(&bytes[..length]).is_err(), "cut at {length}");
        }
    }

    #[test]
    fn a_file_with_any_byte_changed_is_refused() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/shop.dump");
        let bytes = native(&Dump::load(path).unwrap());
        let mut changed = bytes.clone();
        for index in 0..bytes.len() {
            for mask in [0x01, 0x80] {
                changed[index] ^= mask;
                assert!(Dump::read(&changed[..]).is_err(), "byte {index}");
                changed[index] = bytes[index];
            }
        }
    }
}
