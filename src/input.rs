//! A path or standard input to plain bytes. The one place that opens files for
//! reading, and that knows compression: by magic number, never by name.

mod checksum;
mod xz_streams;
mod zstd_frames;

use std::fs::File;
use std::io::{self, Cursor, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Error;
use crate::room::with_room;
pub(crate) use checksum::{Checksum, Checksums};
use xz_streams::XzStreams;
use zstd_frames::ZstdFrames;

/// The name that stands for standard input.
pub(crate) const STDIN: &str = "-";

/// How the bytes were packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Zstd,
    Xz,
}

impl Coding {
    const MAGIC: [(&'static [u8], Coding); 3] = [
        (b"\x1f\x8b", Coding::Gzip),
        (b"\x28\xb5\x2f\xfd", Coding::Zstd),
        (b"\xfd7zXZ\0", Coding::Xz),
    ];

    /// The one that these first bytes are of.
    fn of(head: &[u8]) -> Option<Coding> {
        // What pzstd writes begins with a frame that decoders skip.
        if let [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] = head {
            return Some(Coding::Zstd);
        }
        let mut known = Coding::MAGIC.iter();
        known
            .find(|(magic, _)| head.starts_with(magic))
            .map(|c| c.1)
    }

    fn name(self) -> &'static str {
        match self {
            Coding::Gzip => "gzip",
            Coding::Zstd => "zstd",
            Coding::Xz => "xz",
        }
    }
}

/// How many bytes have been read or written so far. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct ByteCount(Arc<AtomicU64>);

impl ByteCount {
    /// Bytes until now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts what is read or written through it.
    pub fn counting<T>(&self, inner: T) -> Counted<T> {
        Counted {
            inner,
            count: self.clone(),
        }
    }
}

/// A reader or writer whose bytes are counted.
#[derive(Debug)]
pub struct Counted<T> {
    inner: T,
    count: ByteCount,
}

impl<T> Counted<T> {
    /// What is counted no longer.
    pub fn into_inner(self) -> T {
        self.inner
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.count.add(read as u64);
        Ok(read)
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.count.add(written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Opens a path, or standard input for `-`.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read + Send>, Error> {
    let failed = |source| Error::Open {
        file: path.display().to_string(),
        source,
    };
    if path == Path::new(STDIN) {
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(path).map_err(failed)?;
    // Linux opens a directory like a file and fails on the first read only.
    if file.metadata().map_err(failed)?.is_dir() {
        let what = "it is a directory, not a file";
        return Err(failed(io::Error::new(io::ErrorKind::IsADirectory, what)));
    }
    Ok(Box::new(file))
}

/// Opens a file that is larger than so many bytes and can be read anywhere; `None` of everything
/// else, also of what cannot be opened.
pub(crate) fn open_file(path: &Path, min_bytes: u64) -> Option<File> {
    if path == Path::new(STDIN) {
        return None;
    }
    // A pipe by name would lose what is read of it here.
    size(path).filter(|&size| size > min_bytes)?;
    File::open(path).ok()
}

/// All of a small file, as it is; `None` if it is larger than that.
pub(crate) fn small_file(path: &Path, max_bytes: u64) -> Result<Option<Vec<u8>>, Error> {
    let mut bytes = Vec::new();
    let read = open(path)?.take(max_bytes + 1).read_to_end(&mut bytes);
    read.map_err(|source| Error::Read {
        file: path.display().to_string(),
        offset: bytes.len() as u64,
        source,
    })?;
    Ok((bytes.len() as u64 <= max_bytes).then_some(bytes))
}

/// The size of a regular file in bytes.
pub(crate) fn size(path: &Path) -> Option<u64> {
    let metadata = std::fs::metadata(path).ok()?;
    (path != Path::new(STDIN) && metadata.is_file()).then_some(metadata.len())
}

/// Decompresses what is compressed and passes the rest through.
pub(crate) struct Decompressed<R: Read> {
    inner: Inner<R>,
    /// `None` where it passes everything through.
    coding: Option<Coding>,
    checksums: Checksums,
    /// How many bytes a decompressor is asked for at a time, if it is known to fail.
    step: Option<usize>,
    /// Why it failed, behind what it gave before.
    failed: Option<io::Error>,
}

/// Decompressors lose what they made in the very call in which they fail: a little at most, if
/// they are asked for little. 512 costs time, but only where something is salvaged.
const SALVAGE_STEP: usize = 512;

/// The input with its first bytes put back.
type Whole<R> = io::Chain<Cursor<Vec<u8>>, R>;

enum Inner<R: Read> {
    Plain(Whole<R>),
    Gzip(Box<flate2::read::MultiGzDecoder<Whole<R>>>),
    Zstd(zstd::stream::read::Decoder<'static, io::BufReader<ZstdFrames<Whole<R>>>>),
    Xz(Box<XzStreams<R>>),
}

/// More than a decompressor of gzip takes.
const GZIP_BYTES: usize = 256 << 10;

/// How many of the first bytes are looked at.
const HEAD_BYTES: u64 = 12;

impl<R: Read> Decompressed<R> {
    /// Looks at the first bytes.
    pub(crate) fn new(mut raw: R) -> io::Result<Self> {
        let mut head = Vec::new();
        raw.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
        let checksums = Checksums::default();
        let coding = Coding::of(&head);
        let whole = Cursor::new(head).chain(raw);
        let inner = match coding {
            None => Inner::Plain(whole),
            // Several members in a row are one file, as for gunzip.
            Some(Coding::Gzip) => {
                // Without it the decompressor panics.
                with_room::<u8>(GZIP_BYTES)
                    .map_err(|_| io::Error::new(io::ErrorKind::OutOfMemory, "not enough memory"))?;
                checksums.add(Some(Checksum::Crc32));
                Inner::Gzip(Box::new(flate2::read::MultiGzDecoder::new(whole)))
            }
            Some(Coding::Zstd) => {
                let frames = ZstdFrames::new(whole, checksums.clone());
                Inner::Zstd(zstd::stream::read::Decoder::new(frames)?)
            }
            Some(Coding::Xz) => Inner::Xz(Box::new(XzStreams::new(whole, checksums.clone()))),
        };
        Ok(Decompressed {
            inner,
            coding,
            checksums,
            step: None,
            failed: None,
        })
    }

    /// The same; if asked to, it gives of data that is cut short or damaged all that was
    /// decompressed before it fails.
    pub(crate) fn salvaging(mut self, is_asked: bool) -> Self {
        self.step = is_asked.then_some(SALVAGE_STEP);
        self
    }

    /// The checksums of what was decompressed so far; none of what is not compressed.
    pub(crate) fn checksums(&self) -> Checksums {
        self.checksums.clone()
    }

    /// What it decompresses, by name.
    pub(crate) fn coding_name(&self) -> Option<&'static str> {
        self.coding.map(Coding::name)
    }

    /// Whether there is anything to decompress.
    pub(crate) fn is_compressed(&self) -> bool {
        self.coding.is_some()
    }
}

/// Whether a decompressor got no memory. zstd, which is no Rust, says so in words only.
fn is_of_memory(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::OutOfMemory || error.to_string().contains("not enough memory")
}

impl<R: Read> Decompressed<R> {
    fn decompress(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.inner {
            Inner::Plain(reader) => return reader.read(into),
            Inner::Gzip(reader) => reader.read(into),
            Inner::Zstd(reader) => reader.read(into),
            Inner::Xz(reader) => reader.read(into),
        };
        let name = self.coding_name().unwrap_or_default();
        read.map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            _ if is_of_memory(&error) => io::Error::new(
                io::ErrorKind::OutOfMemory,
                format!("there is not enough memory to decompress its {name} data"),
            ),
            kind => io::Error::new(
                kind,
                format!("its {name} data is cut short or damaged ({error})"),
            ),
        })
    }
}

impl<R: Read> Read for Decompressed<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let Some(step) = self.step.filter(|_| self.is_compressed()) else {
            return self.decompress(into);
        };
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut filled = 0;
        while filled < into.len() {
            let end = into.len().min(filled + step);
            match self.decompress(&mut into[filled..end]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if filled == 0 => return Err(error),
                Err(error) => {
                    self.failed = Some(error);
                    break;
                }
            }
        }
        Ok(filled)
    }
}
