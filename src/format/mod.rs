//! Bytes to dumps and back, a folder a format. Finds out what kind of file it is.

#[cfg(test)]
pub(crate) mod answers;
mod native;
mod open;
mod pympler;

pub use open::DumpFile;
pub use pympler::{
    BuiltFrame, BuiltText, ClassRecord, DumpBuilder, Figure, FrameRecord, ObjectRecord,
    ProcessRecord, SnapshotRecord,
};

use pympler::Ahead;

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, Problem};
use crate::input::{self, ByteCount, Checksum, Checksums, Decompressed};
use crate::model::{Dump, Origin, Salvaged};
use crate::pickle::{Fault, FaultKind, Reader};
use crate::prefetch::Prefetch;
use crate::threads;
use crate::units::thousands;

/// What to do about a dump that is cut short or damaged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Damage {
    /// Refuse it.
    #[default]
    Refuse,
    /// Read it as far as its objects and snapshots are whole. [`Notes::salvaged`] then says what
    /// is lost. Files of ctstats' own format are refused all the same: they keep each figure of
    /// all objects in one place.
    ///
    /// [`Notes::salvaged`]: crate::Notes::salvaged
    Salvage,
}

/// A file of fewer bytes is read before other threads could be of use.
const LEAST_BYTES_AHEAD: u64 = if cfg!(any(test, fuzzing)) { 1 } else { 4 << 20 };

/// More threads than that do not decode: one reads what they look at, and one joins what they made.
const MOST_LOOKERS: usize = 16;

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
        DumpFile::open(path)?.into_whole()
    }

    /// The same of a dump that may be cut short or damaged: reads what is whole of it, and
    /// [`Notes::salvaged`](crate::Notes::salvaged) says what is lost.
    ///
    /// # Errors
    ///
    /// As [`load`](Dump::load), if not one object is whole.
    pub fn salvage(path: impl AsRef<Path>) -> Result<Dump, Error> {
        DumpFile::open_with(path, &ByteCount::default(), Damage::Salvage)?.into_whole()
    }

    /// Reads a dump from anything that gives bytes, compressed or not.
    ///
    /// # Errors
    ///
    /// As for [`load`](Dump::load), with `input` in place of the file's name.
    pub fn read(input: impl Read) -> Result<Dump, Error> {
        Dump::read_with(input, Damage::Refuse)
    }

    /// The same of a dump that may be cut short or damaged.
    ///
    /// # Errors
    ///
    /// As [`read`](Dump::read); of what is salvaged, if not one object is whole.
    pub fn read_with(input: impl Read, damage: Damage) -> Result<Dump, Error> {
        let read_failed = |source| Error::Read {
            file: "input".into(),
            offset: 0,
            source,
        };
        let plain = Decompressed::new(input).map_err(read_failed)?;
        let plain = plain.salvaging(damage == Damage::Salvage);
        let packing = Packing::of(&plain);
        let mut dump = read_plain(Reader::new(plain), damage, None)?;
        packing.note(&mut dump);
        Ok(dump)
    }
}

/// Reads a path from its beginning to its end.
fn load_stream(path: &Path, count: &ByteCount, damage: Damage) -> Result<Dump, Error> {
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
    let plain = plain.salvaging(damage == Damage::Salvage);
    let packing = Packing::of(&plain);
    let size = input::size(path);
    let (reader, ahead) = reader_of(plain, size);
    let mut dump = read_plain(reader, damage, ahead).map_err(|error| error.in_file(&name))?;
    packing.note(&mut dump);
    dump.contents.notes.file_bytes = size;
    Ok(dump)
}

/// A reader of an input whose file has a size, if that is known, and what decodes objects before it
/// comes to them.
fn reader_of(
    plain: Decompressed<impl Read + Send + 'static>,
    size: Option<u64>,
) -> (Reader<'static>, Option<Arc<Ahead>>) {
    let threads = threads::limit().min(MOST_LOOKERS);
    // What is compressed is mostly several times as large.
    let least_bytes = match plain.is_compressed() {
        true => LEAST_BYTES_AHEAD.div_ceil(8),
        false => LEAST_BYTES_AHEAD,
    };
    let is_small = size.is_some_and(|bytes| bytes < least_bytes);
    let reader = if threads > 1 && !is_small {
        let ahead = Arc::new(Ahead::new(threads));
        match Prefetch::start_looking(plain, &ahead, threads) {
            Ok(prefetch) => return (Reader::ahead(prefetch), Some(ahead)),
            Err(plain) => Reader::new(plain),
        }
    } else if plain.is_compressed() {
        // A decompressor is worth a thread; a disk or pipe is read as fast as it is asked.
        Prefetch::start(plain).map_or_else(Reader::new, Reader::ahead)
    } else {
        Reader::new(plain)
    };
    (reader, None)
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
        let notes = &mut dump.contents.notes;
        notes.compression = self.compression;
        notes.checksum = match notes.origin {
            Origin::Native { .. } => Some(native::CHECKSUM),
            Origin::Pympler => self.checksums.of_all().map(Checksum::name),
        };
    }
}

fn read_plain(
    mut reader: Reader<'_>,
    damage: Damage,
    ahead: Option<Arc<Ahead>>,
) -> Result<Dump, Error> {
    let head = reader
        .peek(64)
        .map_err(|fault| explain(*fault, &[], damage))?
        .to_vec();
    if head.is_empty() {
        let what = "the program was stopped before dump_stats wrote; record it again";
        return Err(Error::dump("input", Problem::Empty, what));
    }
    let loaded = if head.starts_with(native::MAGIC) {
        native::load(&mut reader)
    } else {
        pympler::load(&mut reader, damage, ahead)
    };
    let contents = loaded.map_err(|fault| explain(*fault, &head, damage))?;
    let mut dump = Dump { contents };
    let contents = &mut dump.contents;
    let notes = &mut contents.notes;
    let stopped = match notes.origin {
        // Of a native file it says what became of another.
        Origin::Native { .. } => None,
        Origin::Pympler => notes.salvaged.as_ref().map(|lost| lost.stopped_at_byte),
    };
    notes.dump_bytes = stopped.unwrap_or(reader.offset());
    let rest = reader.skip(TRAILING_LIMIT);
    let behind = reader.offset().saturating_sub(notes.dump_bytes);
    let is_uncounted = behind >= TRAILING_LIMIT;
    match (rest, &mut notes.salvaged) {
        // It stopped before all of these, and why is said already.
        (_, Some(lost)) if stopped.is_some() => {
            lost.bytes_not_read = behind;
            lost.bytes_uncounted = is_uncounted;
        }
        (Err(fault), None) if damage == Damage::Salvage => {
            notes.salvaged = Some(Salvaged {
                stopped_at_byte: fault.offset,
                reason: reason(&fault),
                bytes_not_read: 0,
                bytes_uncounted: false,
                objects: contents.listed.len() as u64,
                snapshots: contents.snapshot_rows.len() as u64,
                objects_complete: true,
                snapshots_complete: true,
                snapshots_rebuilt: 0,
            });
        }
        (Err(fault), _) => return Err(explain(*fault, &[], damage)),
        (Ok(trailing), _) => {
            notes.trailing_bytes = trailing;
            notes.trailing_uncounted = is_uncounted;
        }
    }
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

/// What is wrong with a dump, and what is there.
struct Finding {
    problem: Problem,
    what: String,
    /// The next step.
    remedy: Option<&'static str>,
    /// Where, in bytes from the start; `None` if the whole is wrong.
    offset: Option<u64>,
}

/// What a fault means for a dump, native or not; `None` if it is none of the dump's.
fn finding(fault: &Fault, is_native: bool) -> Option<Finding> {
    const COPY: &str = "copy the whole file in binary mode, or record it again";
    const COPY_NATIVE: &str = "copy the whole file in binary mode, or convert the dump again";
    const COPY_AGAIN: &str = "copy the file again in binary mode, or convert the dump again";
    const WRITTEN_BY: &str = "give the file that tracker.stats.dump_stats() wrote";
    let Fault { opcode, offset, .. } = *fault;
    let known = (offset > 0).then_some(offset);
    let (problem, what, remedy, offset) = match &fault.kind {
        FaultKind::CutShort { needs, left } if is_native => {
            let what = format!("{needs} bytes are needed, {left} left");
            (Problem::CutShort, what, Some(COPY_NATIVE), Some(offset))
        }
        FaultKind::Malformed(what) if is_native => {
            (Problem::Damaged, what.clone(), Some(COPY_AGAIN), known)
        }
        FaultKind::CutShort { needs, left } => {
            let s = if *needs == 1 { "" } else { "s" };
            let what = match opcode {
                Some(name) => format!("opcode {name} needs {needs} byte{s}, {left} left"),
                None => "the pickle has no end".into(),
            };
            (Problem::CutShort, what, Some(COPY), Some(offset))
        }
        FaultKind::OnlyFirst => {
            let what = "only the first of its two pickles is there, the snapshots are missing";
            let remedy = "copy the whole file, or let dump_stats finish";
            (Problem::CutShort, what.into(), Some(remedy), Some(offset))
        }
        FaultKind::Malformed(what) if offset == 0 => {
            (Problem::Foreign, what.clone(), Some(WRITTEN_BY), Some(0))
        }
        FaultKind::Malformed(what) => {
            let by = opcode.map(|name| format!(" (opcode {name})"));
            let what = what.clone() + &by.unwrap_or_default();
            let remedy = "copy the file again in binary mode";
            (Problem::Corrupt, what, Some(remedy), Some(offset))
        }
        FaultKind::Unfit(what) => (
            Problem::Foreign,
            what.clone(),
            Some(WRITTEN_BY),
            Some(offset),
        ),
        FaultKind::Value(what) => (Problem::Value, what.clone(), None, Some(offset)),
        FaultKind::Newer(what) => (Problem::Newer, what.clone(), None, None),
        FaultKind::TooLarge(what) => (Problem::TooLarge, what.clone(), None, Some(offset)),
        FaultKind::NoMemory => {
            let what = "a dump takes about as much as its file, decompressed; convert it where there \
                        is more, as of a native file most commands take less";
            (Problem::NoMemory, what.into(), None, known)
        }
        FaultKind::Io(_) => return None,
    };
    Some(Finding {
        problem,
        what,
        remedy,
        offset,
    })
}

/// Why reading stopped: what a fault means, without a next step.
fn reason(fault: &Fault) -> String {
    match (finding(fault, false), &fault.kind) {
        (Some(Finding { problem, what, .. }), _) => format!("{problem}: {what}"),
        (None, FaultKind::Io(source)) => format!("reading failed: {source}"),
        (None, _) => String::new(),
    }
}

/// Turns a fault into an error: what it means for a dump, and the next step.
fn explain(mut fault: Fault, head: &[u8], damage: Damage) -> Error {
    if fault.is_of_memory() {
        fault.kind = FaultKind::NoMemory;
    }
    let file = String::from("input");
    let whole = fault.whole_objects;
    let kind_of_file = match &fault.kind {
        FaultKind::Io(_) | FaultKind::NoMemory => None,
        // It is no other file if there are tracked objects in it.
        _ if whole > 0 => None,
        FaultKind::CutShort { .. } | FaultKind::Malformed(_) => foreign(head).or(text_kind(head)),
        _ => foreign(head),
    };
    if let Some(kind_of_file) = kind_of_file {
        let what = format!("it looks like {kind_of_file}");
        return Error::dump("input", Problem::Foreign, what);
    }
    let is_native = head.starts_with(native::MAGIC);
    let salvage = match damage {
        Damage::Refuse if whole == 1 => Some("--salvage reads the whole object before it".into()),
        Damage::Refuse if whole > 1 => Some(format!(
            "--salvage reads the {} whole objects before it",
            thousands(whole.into())
        )),
        Damage::Salvage if is_native && fault.is_damage() => Some(NOT_SALVAGED.into()),
        Damage::Salvage if fault.is_damage() => {
            Some("there is not one whole object to salvage".into())
        }
        _ => None,
    };
    let Some(Finding {
        problem,
        what,
        remedy,
        offset,
    }) = finding(&fault, is_native)
    else {
        let FaultKind::Io(mut source) = fault.kind else {
            unreachable!("every other fault is one of the dump");
        };
        if let Some(salvage) = salvage {
            source = io::Error::new(source.kind(), format!("{source}; {salvage}"));
        }
        return Error::Read {
            file,
            offset: fault.offset,
            source,
        };
    };
    // A newer ctstats is the only step for its files.
    let salvage = salvage.filter(|_| problem != Problem::Newer);
    let parts = [Some(what), remedy.map(String::from), salvage];
    let what = parts.into_iter().flatten().collect::<Vec<_>>().join("; ");
    Error::Dump {
        file,
        offset,
        problem,
        what,
    }
}

/// Why a native file is never salvaged.
const NOT_SALVAGED: &str = "--salvage cannot help: a file of ctstats' own format keeps each figure \
                            of all objects in one place, so that no object of it is whole";
