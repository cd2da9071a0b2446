//! The only door from bytes to a [`Dump`]: finds out what kind of file it is.

#[cfg(test)]
pub(crate) mod answers;
mod native;
mod open;
mod pympler;

pub use open::{DumpFile, Lives};

use std::io::Read;
use std::path::Path;

use crate::error::{Error, Problem};
use crate::input::{self, ByteCount, Checksum, Checksums, Decompressed};
use crate::model::{Dump, Origin};
use crate::pickle::{Fault, FaultKind, Reader};
use crate::prefetch::Prefetch;

/// Bytes behind the dump that are counted before we say "more than".
const TRAILING_LIMIT: u64 = 1 << 30;

impl Dump {
    /// Reads a dump from a path, or from standard input for `-`.
    ///
    /// Plain, gzip, zstd and xz files are told apart by their first bytes. Nothing in
    /// the file is imported or executed.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened or read, or is no sound dump. The error names the
    /// file, and the offset in bytes where there is one.
    pub fn load(path: impl AsRef<Path>) -> Result<Dump, Error> {
        DumpFile::open(path)?.whole()
    }

    /// Reads a dump from anything that gives bytes, compressed or not.
    ///
    /// # Errors
    ///
    /// As for [`load`](Dump::load), with `input` in place of the file's name.
    pub fn read(input: impl Read) -> Result<Dump, Error> {
        let read_failed = |source| Error::Read {
            file: "input".into(),
            offset: 0,
            source,
        };
        let plain = Decompressed::new(input).map_err(read_failed)?;
        let packing = Packing::of(&plain);
        let mut dump = read_plain(Reader::new(plain))?;
        packing.note(&mut dump);
        Ok(dump)
    }
}

/// Reads a path from its beginning to its end.
fn load_stream(path: &Path, count: &ByteCount) -> Result<Dump, Error> {
    let name = if path == Path::new(input::STDIN) {
        "standard input".into()
    } else {
        path.display().to_string()
    };
    let failed = |source| Error::Read {
        file: name.clone(),
        offset: 0,
        source,
    };
    let plain = Decompressed::new(count.counting(input::open(path)?)).map_err(failed)?;
    let packing = Packing::of(&plain);
    // A decompressor is worth a thread; a disk or pipe is read as fast as it is asked.
    let reader = if plain.is_compressed() {
        Prefetch::start(plain).map_or_else(Reader::new, Reader::ahead)
    } else {
        Reader::new(plain)
    };
    let mut dump = read_plain(reader).map_err(|error| error.in_file(&name))?;
    packing.note(&mut dump);
    dump.notes.file_bytes = input::size(path);
    Ok(dump)
}

/// How an input is packed: told before it is read, but for the checksums.
struct Packing {
    compression: Option<&'static str>,
    checksums: Checksums,
}

impl Packing {
    fn of(plain: &Decompressed<impl Read>) -> Self {
        Packing {
            compression: plain.coding_name(),
            checksums: plain.checksums(),
        }
    }

    /// Notes it in the dump that was read.
    fn note(self, dump: &mut Dump) {
        let notes = &mut dump.notes;
        notes.compression = self.compression;
        notes.checksum = match notes.origin {
            Origin::Native { .. } => Some(native::CHECKSUM),
            Origin::Pympler => self.checksums.of_all().map(Checksum::name),
        };
    }
}

fn read_plain(mut reader: Reader<'_>) -> Result<Dump, Error> {
    let head = reader
        .peek(64)
        .map_err(|fault| explain(*fault, &[]))?
        .to_vec();
    if head.is_empty() {
        return Err(Error::Dump {
            file: "input".into(),
            offset: None,
            problem: Problem::Empty,
            what: "the program was stopped before dump_stats wrote; record it again".into(),
        });
    }
    let loaded = if head.starts_with(native::MAGIC) {
        native::load(&mut reader)
    } else {
        pympler::load(&mut reader)
    };
    let mut dump = loaded.map_err(|fault| explain(*fault, &head))?;
    dump.notes.dump_bytes = reader.offset();
    let trailing = reader
        .skip(TRAILING_LIMIT)
        .map_err(|fault| explain(*fault, &[]))?;
    dump.notes.trailing_bytes = trailing;
    dump.notes.trailing_uncounted = trailing == TRAILING_LIMIT;
    Ok(dump)
}

/// Whether these first bytes of a file, decompressed, are of a dump: of a native one, of a pickle
/// that names Pympler's tracker, or all of one without any object.
fn begins_as_dump(head: &[u8]) -> bool {
    let is_pickle = match head {
        [0x80, protocol, ..] => *protocol <= 5,
        // An empty dict of protocol 1.
        [b'}', ..] => true,
        _ => PICKLES_OF_TEXT.iter().any(|start| head.starts_with(start)),
    };
    let names_tracker = || memchr::memmem::find(head, b"pympler").is_some();
    head.starts_with(native::MAGIC) || is_pickle && (names_tracker() || Dump::read(head).is_ok())
}

/// How dumps of protocol 0 begin, which are text.
const PICKLES_OF_TEXT: [&[u8]; 5] = [b"ccollections\n", b"(dp", b"(d.", b"c__builtin__\n", b"(lp"];

/// What a file that failed as a dump is instead, and what to do with it, by its first bytes.
fn foreign(head: &[u8]) -> Option<&'static str> {
    const BASE64: &str = "a pickle in base64; decode it first (base64 -d FILE | ctstats print -)";
    const KINDS: [(&[u8], &str); 14] = [
        (
            b"PK\x03\x04",
            "a zip archive; unpack it first (unzip -p FILE | ctstats print -)",
        ),
        (
            b"BZh",
            "bzip2 data; decompress it first (bzip2 -dc FILE | ctstats print -)",
        ),
        (b"7z\xbc\xaf", "a 7-zip archive; unpack it first"),
        (
            b"\x04\x22\x4d\x18",
            "lz4 data; decompress it first (lz4 -dc FILE | ctstats print -)",
        ),
        (
            b"\x1f\x8b",
            "gzip in gzip; decompress it once more (zcat FILE | ctstats print -)",
        ),
        (
            b"version https://git-lfs",
            "a git-lfs pointer; fetch the file itself (git lfs pull)",
        ),
        (b"\x7fELF", "an ELF program or library"),
        (b"\x93NUMPY", "a numpy array"),
        (b"SQLite format 3", "an SQLite database"),
        // Protocols 2 to 5.
        (b"gAJ", BASE64),
        (b"gAN", BASE64),
        (b"gAS", BASE64),
        (b"gAW", BASE64),
        (
            b"\xc2\x80",
            "a pickle that was converted to UTF-8 on its way; copy it in binary mode",
        ),
    ];
    KINDS
        .iter()
        .find(|(magic, _)| head.starts_with(magic))
        .map(|(_, kind)| *kind)
}

/// What text a file that is no pickle seems to be. Pickles of protocol 0 are text too, so
/// only for a file that failed as one and does not begin like a dump of that protocol.
fn text_kind(head: &[u8]) -> Option<&'static str> {
    let printable = head
        .iter()
        .all(|b| matches!(b, b'\t' | b'\n' | b'\r' | b' '..=b'~'));
    let mut dump = PICKLES_OF_TEXT.iter();
    if !printable || head.len() < 4 || dump.any(|start| head.starts_with(start)) {
        return None;
    }
    match head.iter().find(|b| !b.is_ascii_whitespace())? {
        b'<' => Some("HTML or XML; perhaps an error page was saved in its place"),
        b'{' | b'[' => Some("JSON"),
        _ => Some("text"),
    }
}

/// Turns a fault into an error: what it means for a dump, and the next step.
fn explain(fault: Fault, head: &[u8]) -> Error {
    const WRITTEN_BY: &str = "give the file that tracker.stats.dump_stats() wrote";
    let Fault {
        offset,
        opcode,
        kind,
    } = fault;
    let kind = match kind {
        FaultKind::Io(error) if error.kind() == std::io::ErrorKind::OutOfMemory => {
            FaultKind::NoMemory
        }
        kind => kind,
    };
    let file = String::from("input");
    let kind_of_file = match &kind {
        FaultKind::Io(_) | FaultKind::NoMemory => None,
        FaultKind::CutShort { .. } | FaultKind::Malformed(_) => foreign(head).or(text_kind(head)),
        _ => foreign(head),
    };
    if let Some(kind_of_file) = kind_of_file {
        let what = format!("it looks like {kind_of_file}");
        return Error::Dump {
            file,
            offset: None,
            problem: Problem::Foreign,
            what,
        };
    }
    let native = head.starts_with(native::MAGIC);
    let (problem, what) = match kind {
        FaultKind::CutShort { needs, left } if native => {
            let what = format!("{needs} bytes are needed, {left} left");
            (
                Problem::CutShort,
                what + "; copy the whole file in binary mode, or convert the dump again",
            )
        }
        FaultKind::Malformed(what) if native => {
            let what = what + "; copy the file again in binary mode, or convert the dump again";
            return Error::Dump {
                file,
                offset: Some(offset).filter(|&offset| offset > 0),
                problem: Problem::Damaged,
                what,
            };
        }
        FaultKind::CutShort { needs, left } => {
            let s = if needs == 1 { "" } else { "s" };
            let what = match opcode {
                Some(name) => format!("opcode {name} needs {needs} byte{s}, {left} left"),
                None => "the pickle has no end".into(),
            };
            (
                Problem::CutShort,
                what + "; copy the whole file in binary mode, or record it again",
            )
        }
        FaultKind::Missing(what) => (Problem::CutShort, what),
        FaultKind::Malformed(what) if offset == 0 => {
            (Problem::Foreign, format!("{what}; {WRITTEN_BY}"))
        }
        FaultKind::Malformed(what) => {
            let by = opcode
                .map(|name| format!(" (opcode {name})"))
                .unwrap_or_default();
            (
                Problem::Corrupt,
                format!("{what}{by}; copy the file again in binary mode"),
            )
        }
        FaultKind::Unfit(what) => (Problem::Foreign, format!("{what}; {WRITTEN_BY}")),
        FaultKind::Value(what) => (Problem::Value, what),
        FaultKind::Newer(what) => {
            return Error::Dump {
                file,
                offset: None,
                problem: Problem::Newer,
                what,
            };
        }
        FaultKind::TooLarge(what) => (Problem::TooLarge, what),
        FaultKind::NoMemory => {
            let what = "a dump takes about as much as its file, decompressed; convert it where there \
                        is more, as of a native file most commands take less";
            return Error::Dump {
                file,
                offset: Some(offset).filter(|&offset| offset > 0),
                problem: Problem::NoMemory,
                what: what.into(),
            };
        }
        FaultKind::Io(source) => {
            return Error::Read {
                file,
                offset,
                source,
            };
        }
    };
    Error::Dump {
        file,
        offset: Some(offset),
        problem,
        what,
    }
}
