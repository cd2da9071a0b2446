//! Where reports go: standard output, a pager, or a file that is replaced whole or not at all.
//! The one place that opens files for writing.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempPath;

use crate::units::escaped;

mod folder;
mod staging;

pub use folder::PageWithFolder;
pub use staging::Staging;

/// An open destination. A file appears under its name only on [`finish`](Self::finish).
pub struct Output {
    sink: Sink,
    /// What errors name; `None` for standard output.
    name: Option<PathBuf>,
}

enum Sink {
    Stdout(BufWriter<StdoutLock<'static>>),
    /// Whatever shows it on the terminal of standard output.
    Pager(BufWriter<Box<dyn Write>>),
    /// A regular file: written beside its place, then renamed.
    File {
        out: BufWriter<File>,
        temporary: TempPath,
        place: PathBuf,
    },
    /// A device or a pipe by name, which nothing may be renamed over.
    Device(BufWriter<File>),
}

/// The temporary files and folders that are being written.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes the temporary files of outputs that will not be finished: for a program that is
/// told to stop. Waits for an output that is being put into its place. From then on whoever
/// opens or finishes one waits for the program's end, so that none is left by a hair's breadth.
pub fn remove_unfinished() {
    let mut unfinished = unfinished();
    for path in unfinished.drain(..) {
        // While a folder is taken away another thread may write one more file into it.
        for _ in 0..MAX_REMOVALS {
            // They are ours, and if one stays it is in the way of nobody.
            let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
            if fs::symlink_metadata(&path).is_err() {
                break;
            }
        }
    }
    std::mem::forget(unfinished);
}

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How often a folder is taken away that is being written into.
const MAX_REMOVALS: usize = 100;

/// Links that are followed to a file that is not there yet, as many as Linux follows.
const MAX_LINKS: usize = 40;

impl Output {
    /// Opens a path; `None` and `-` are standard output.
    ///
    /// # Errors
    ///
    /// If the path's directory cannot be written to, or if its links lead nowhere; the error
    /// names the path. Or if standard output is closed.
    pub fn open(path: Option<&Path>) -> io::Result<Output> {
        let name = path.filter(|path| !is_stdout(path));
        let sink = match name {
            None => Sink::stdout()?,
            Some(path) => Sink::open(path).map_err(|error| named(path, &error))?,
        };
        let name = name.map(PathBuf::from);
        Ok(Output { sink, name })
    }

    /// A pager, which shows what it gets on the terminal of standard output, and which is waited for
    /// when it is dropped.
    pub fn to_pager(pager: impl Write + 'static) -> Output {
        Output {
            sink: Sink::Pager(BufWriter::new(Box::new(pager))),
            name: None,
        }
    }

    /// Whether what is written is shown on a terminal at once.
    pub fn is_terminal(&self) -> bool {
        match &self.sink {
            Sink::Pager(_) => true,
            Sink::Stdout(_) => io::stdout().is_terminal(),
            Sink::File { .. } => false,
            Sink::Device(file) => file.get_ref().is_terminal(),
        }
    }

    /// Writes what is buffered, and puts a file into its place.
    ///
    /// # Errors
    ///
    /// If writing or renaming fails; the old file is then untouched.
    pub fn finish(self) -> io::Result<()> {
        let name = self.name;
        self.sink.finish().map_err(|error| name_it(&name, error))
    }
}

/// Whether a path stands for standard output.
pub fn is_stdout(path: &Path) -> bool {
    ["-", "/dev/stdout", "/dev/fd/1"]
        .map(Path::new)
        .contains(&path)
}

impl Sink {
    /// Standard output. Rust takes what is written to one that is not open for written, so this
    /// asks first.
    fn stdout() -> io::Result<Sink> {
        let out = io::stdout().lock();
        #[cfg(unix)]
        {
            use rustix::fs::{OFlags, fcntl_getfl};
            let writes = |flags: OFlags| flags & OFlags::ACCMODE != OFlags::RDONLY;
            if !fcntl_getfl(&out).is_ok_and(writes) {
                return Err(io::Error::other(
                    "standard output is not open; redirect it into a file or a pipe",
                ));
            }
        }
        Ok(Sink::Stdout(BufWriter::new(out)))
    }

    fn open(path: &Path) -> io::Result<Sink> {
        let existing = match fs::metadata(path) {
            Ok(existing) => Some(existing),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            // Such as links in a circle, of which none is to be replaced.
            Err(error) => return Err(error),
        };
        if existing.as_ref().is_some_and(fs::Metadata::is_dir) {
            return Err(io::Error::other("it is a directory, not a file"));
        }
        if existing
            .as_ref()
            .is_some_and(|metadata| !metadata.is_file())
        {
            return Ok(Sink::Device(BufWriter::new(File::create(path)?)));
        }
        // A link is followed, so that the file behind it is replaced and not the link.
        let place = fs::canonicalize(path).unwrap_or_else(|_| behind_links(path));
        let directory = match place.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".ctstats-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As any file that a shell creates: the umask takes its share of these.
            let mode = existing.as_ref().map_or(0o666, |m| m.permissions().mode());
            builder.permissions(fs::Permissions::from_mode(mode));
        }
        // A signal finds it among the unfinished ones, or comes before it is there.
        let mut unfinished = unfinished();
        let (file, temporary) = builder
            .tempfile_in(directory)
            .map_err(|error| without_path(&error))?
            .into_parts();
        unfinished.push(temporary.to_path_buf());
        drop(unfinished);
        if let Some(existing) = existing {
            // What was private stays private; who may not change that keeps the umask's.
            let _ = file.set_permissions(existing.permissions());
        }
        Ok(Sink::File {
            out: BufWriter::new(file),
            temporary,
            place,
        })
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Sink::Stdout(mut out) => out.flush(),
            Sink::Pager(mut out) => out.flush(),
            Sink::Device(mut out) => out.flush(),
            Sink::File {
                out,
                temporary,
                place,
            } => {
                out.into_inner()
                    .map_err(io::IntoInnerError::into_error)?
                    .sync_all()?;
                let mut unfinished = unfinished();
                unfinished.retain(|path| *path != *temporary);
                temporary.persist(place).map_err(|error| error.error)
            }
        }
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Sink::Stdout(out) => out,
            Sink::Pager(out) => out,
            Sink::File { out, .. } => out,
            Sink::Device(out) => out,
        }
    }
}

/// Where links lead to whose end is not there yet.
fn behind_links(path: &Path) -> PathBuf {
    let mut place = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(target) = fs::read_link(&place) else {
            break;
        };
        place = place.parent().unwrap_or(Path::new("")).join(target);
    }
    place
}

/// The temporary file's name, which `tempfile` adds, tells nobody anything.
fn without_path(error: &io::Error) -> io::Error {
    let text = error.to_string();
    let cause = text.split(" at path ").next().unwrap_or_default();
    io::Error::new(error.kind(), cause)
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    let path = path.display().to_string();
    io::Error::new(error.kind(), format!("{}: {error}", escaped(&path)))
}

fn name_it(name: &Option<PathBuf>, error: io::Error) -> io::Error {
    match name {
        Some(path) => named(path, &error),
        None => error,
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.sink.writer().write(bytes);
        written.map_err(|error| name_it(&self.name, error))
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.sink.writer().flush();
        flushed.map_err(|error| name_it(&self.name, error))
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
    /// Begins. Fails if the compressor cannot be set up.
    pub fn new(out: W, compression: Compression) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Compressor::Plain(out),
            Compression::Gzip => {
                let level = flate2::Compression::default();
                Compressor::Gzip(Box::new(flate2::write::GzEncoder::new(out, level)))
            }
            Compression::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(out, 0)?;
                // Without it most changes of a byte would go unnoticed. Gzip always has one.
                encoder.include_checksum(true)?;
                Compressor::Zstd(encoder)
            }
        })
    }

    /// Ends the compressed data; the output below. Fails as that does.
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
