//! Where reports go: standard output, or a file that is replaced whole or not at all.
//! The one place that opens files for writing.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// An open destination. A file appears under its name only on [`finish`](Self::finish).
pub enum Output {
    /// Standard output.
    Stdout(BufWriter<StdoutLock<'static>>),
    /// A regular file: written beside its place, then renamed.
    File(BufWriter<NamedTempFile>, PathBuf),
    /// A device or a pipe by name, which nothing may be renamed over.
    Device(BufWriter<File>),
}

impl Output {
    /// Opens a path; `None` and `-` are standard output.
    ///
    /// # Errors
    ///
    /// If the path's directory cannot be written to.
    pub fn open(path: Option<&Path>) -> io::Result<Output> {
        let Some(path) = path.filter(|path| *path != Path::new("-")) else {
            return Ok(Output::Stdout(BufWriter::new(io::stdout().lock())));
        };
        // A link is followed, so that the file behind it is replaced and not the link.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => {
                return Err(io::Error::other("it is a directory, not a file"));
            }
            Ok(metadata) if !metadata.is_file() => {
                return Ok(Output::Device(BufWriter::new(File::create(&path)?)));
            }
            _ => {}
        }
        let directory = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".ctstats-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As any file that a shell creates: the umask takes its share of these.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        Ok(Output::File(
            BufWriter::new(builder.tempfile_in(directory)?),
            path,
        ))
    }

    /// Whether what is written is shown on a terminal at once.
    pub fn is_terminal(&self) -> bool {
        match self {
            Output::Stdout(_) => io::stdout().is_terminal(),
            Output::File(..) => false,
            Output::Device(file) => file.get_ref().is_terminal(),
        }
    }

    /// Writes what is buffered, and puts a file into its place.
    ///
    /// # Errors
    ///
    /// If writing or renaming fails; the old file is then untouched.
    pub fn finish(self) -> io::Result<()> {
        match self {
            Output::Stdout(mut out) => out.flush(),
            Output::Device(mut out) => out.flush(),
            Output::File(out, path) => {
                let file = out.into_inner().map_err(|error| error.into_error())?;
                file.as_file().sync_all()?;
                file.persist(path).map_err(|error| error.error)?;
                Ok(())
            }
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Output::Stdout(out) => out.write(bytes),
            Output::File(out, _) => out.write(bytes),
            Output::Device(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Output::Stdout(out) => out.flush(),
            Output::File(out, _) => out.flush(),
            Output::Device(out) => out.flush(),
        }
    }
}

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// As gzip does.
    Gzip,
    /// As zstd does.
    Zstd,
}

/// Compresses on the way to an output.
pub enum Compressor<W: Write> {
    /// Passes through.
    Plain(W),
    /// Packs as gzip.
    Gzip(Box<flate2::write::GzEncoder<W>>),
    /// Packs as zstd.
    Zstd(zstd::stream::write::Encoder<'static, W>),
}

impl<W: Write> Compressor<W> {
    /// Begins.
    ///
    /// # Errors
    ///
    /// If the compressor cannot be set up.
    pub fn new(out: W, compression: Compression) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Compressor::Plain(out),
            Compression::Gzip => {
                let level = flate2::Compression::default();
                Compressor::Gzip(Box::new(flate2::write::GzEncoder::new(out, level)))
            }
            Compression::Zstd => Compressor::Zstd(zstd::stream::write::Encoder::new(out, 0)?),
        })
    }

    /// Ends the compressed data; the output below.
    ///
    /// # Errors
    ///
    /// If the output fails.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Compressor::Plain(out) => Ok(out),
            Compressor::Gzip(out) => out.finish(),
            Compressor::Zstd(out) => out.finish(),
        }
    }
}

impl<W: Write> Write for Compressor<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Compressor::Plain(out) => out.write(bytes),
            Compressor::Gzip(out) => out.write(bytes),
            Compressor::Zstd(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Compressor::Plain(out) => out.flush(),
            Compressor::Gzip(out) => out.flush(),
            Compressor::Zstd(out) => out.flush(),
        }
    }
}
