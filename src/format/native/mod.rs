//! The native format: what ctstats itself writes. Opened instead of walked, and read only as
//! far as a command needs it.
//!
//! docs/native-format.md specifies the files. `schema` has one row for each column of objects;
//! `tables` and `figures` have the other sections, in the order of the file.

mod block;
mod column;
mod container;
mod figures;
mod file;
mod rows;
mod schema;
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

    /// Writes the dump in ctstats' own format. Fails with [`Error::Write`] if `out` does.
    pub fn dump_stats_to(&self, out: &mut impl Write) -> Result<(), Error> {
        let sections = tables::write(self);
        container::write(out, &sections).map_err(Error::Write)
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
            dump.contents.notes = Notes {
                protocols: dump.notes.protocols,
                unknown_globals: dump.notes.unknown_globals.clone(),
                ..Notes::default()
            };
            let mut again = Dump::read(&native(&dump)[..]).unwrap();
            assert_eq!(again.notes.origin, Origin::Native { version: 2 });
            let notes = &mut again.contents.notes;
            notes.origin = Origin::Pympler;
            notes.dump_bytes = 0;
            notes.checksum = None;
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
