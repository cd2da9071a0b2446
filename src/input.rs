//! A path or standard input to plain bytes. The one place that opens files for
//! reading, and that knows compression: by magic number, never by name.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use crate::error::Error;

/// The name that stands for standard input.
pub const STDIN: &str = "-";

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

    fn name(self) -> &'static str {
        match self {
            Coding::Gzip => "gzip",
            Coding::Zstd => "zstd",
            Coding::Xz => "xz",
        }
    }
}

/// Opens a path, or standard input for `-`.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read>, Error> {
    let failed = |source| Error::Open { file: path.display().to_string(), source };
    if path == Path::new(STDIN) {
        return Ok(Box::new(io::stdin().lock()));
    }
    let file = File::open(path).map_err(failed)?;
    // Linux opens a directory like a file and fails on the first read only.
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(failed(io::Error::other("it is a directory, not a file")));
    }
    Ok(Box::new(file))
}

/// Decompresses what is compressed and passes the rest through.
pub(crate) fn decompressed<'r>(mut raw: impl Read + 'r) -> io::Result<Box<dyn Read + 'r>> {
    let mut head = Vec::new();
    raw.by_ref().take(6).read_to_end(&mut head)?;
    let coding = Coding::MAGIC.iter().find(|(magic, _)| head.starts_with(magic)).map(|c| c.1);
    let raw = Cursor::new(head).chain(raw);
    let Some(coding) = coding else { return Ok(Box::new(raw)) };
    let inner: Box<dyn Read + 'r> = match coding {
        // Several members in a row are one file, as for gunzip.
        Coding::Gzip => Box::new(flate2::read::MultiGzDecoder::new(raw)),
        Coding::Zstd => Box::new(zstd::stream::read::Decoder::new(raw)?),
        Coding::Xz => Box::new(lzma_rust2::XzReader::new(raw, true)),
    };
    Ok(Box::new(Decompressor { inner, coding }))
}

/// Names the coding in the errors of a decompressor.
struct Decompressor<'r> {
    inner: Box<dyn Read + 'r>,
    coding: Coding,
}

impl Read for Decompressor<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.inner.read(into).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            kind => io::Error::new(
                kind,
                format!("its {} data is cut short or damaged ({error})", self.coding.name()),
            ),
        })
    }
}
