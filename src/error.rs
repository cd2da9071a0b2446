//! Why a dump could not be read or a report not be written. One line each, with the
//! file, the offset where there is one, and the next step.

use std::fmt;
use std::io;

use crate::units::escaped;

/// The crate's one error type. What only writes to a writer that it is given fails as that does,
/// with an [`io::Error`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be opened.
    Open {
        /// The path, or `-`.
        file: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// Reading failed on the way.
    Read {
        /// The path, or `-`.
        file: String,
        /// Bytes read before, decompressed.
        offset: u64,
        /// What the operating system or the decompressor said.
        source: io::Error,
    },
    /// The bytes are no dump, or a damaged or unfinished one.
    Dump {
        /// The path, or `-`.
        file: String,
        /// Where it went wrong, in bytes from the start (decompressed); `None` if the whole is wrong.
        offset: Option<u64>,
        /// What is wrong with it.
        problem: Problem,
        /// What is there, and what to do.
        what: String,
    },
    /// A file of limits, or of known leaks, is none.
    Config {
        /// The path, or `-`.
        file: String,
        /// What it is meant to be.
        meant: &'static str,
        /// What is wrong, and where.
        what: String,
    },
    /// A selector names no snapshot of the dump. Says which there are.
    NoSnapshot(String),
    /// A text is no sort key, limit or threshold. Says which there are, or what one looks like.
    Invalid(String),
    /// A limit cannot be checked.
    Unchecked {
        /// Why, and what to do.
        what: String,
        /// Whether it is the baseline that lacks something.
        in_baseline: bool,
    },
    /// Dumps cannot be compared.
    Incomparable {
        /// Why, and what to do.
        what: String,
        /// Whether it is the newer one that lacks something.
        in_newer: bool,
    },
    /// A report or a dump could not be written. Names the file, if it is an
    /// [`Output`](crate::output::Output) that was opened by its name.
    Write(io::Error),
}

/// The kinds of bad dumps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// It holds nothing.
    Empty,
    /// It is a file of another kind, or a pickle of something else.
    Foreign,
    /// It ends too early.
    CutShort,
    /// Its bytes are no pickle.
    Corrupt,
    /// It is a native file, and its bytes are not those that were written.
    Damaged,
    /// It is a dump, but a value that is needed is none that can be used.
    Value,
    /// It is a native file of a later ctstats.
    Newer,
    /// There is less memory than it takes.
    NoMemory,
    /// It goes beyond what ctstats counts to, or beyond what an honest file makes.
    TooLarge,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Problem::Empty => "the file is empty",
            Problem::Foreign => "not a Pympler dump",
            Problem::CutShort => "the dump is cut short",
            Problem::Corrupt => "the pickle is damaged",
            Problem::Damaged => "the file is damaged",
            Problem::Newer => "written by a newer ctstats",
            Problem::Value => "a value cannot be used",
            Problem::NoMemory => "there is not enough memory for it",
            Problem::TooLarge => "the dump is too large or abusive",
        })
    }
}

impl Error {
    /// Names the file of an error that arose before its name was known, as that of
    /// [`Dump::read`](crate::Dump::read) does.
    pub fn in_file(mut self, name: &str) -> Self {
        match &mut self {
            Error::Open { file, .. }
            | Error::Read { file, .. }
            | Error::Dump { file, .. }
            | Error::Config { file, .. } => name.clone_into(file),
            _ => {}
        }
        self
    }

    /// A bad dump, as a whole.
    pub(crate) fn dump(file: &str, problem: Problem, what: impl Into<String>) -> Self {
        Error::Dump {
            file: file.into(),
            offset: None,
            problem,
            what: what.into(),
        }
    }

    /// Whether the reader of our output went away, which is no failure.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Error::Write(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, what) = match self {
            Error::Open { file, source } => (file, format!("cannot be opened: {source}")),
            Error::Read {
                file,
                offset,
                source,
            } => (file, format!("reading failed at byte {offset}: {source}")),
            Error::Dump {
                file,
                offset,
                problem,
                what,
            } => {
                let at = offset.map_or(String::new(), |offset| format!(" at byte {offset}"));
                (file, format!("{problem}{at}: {}", escaped(what)))
            }
            Error::Config { file, meant, what } => (
                file,
                format!("cannot be used as {meant}: {}", escaped(what)),
            ),
            Error::NoSnapshot(what)
            | Error::Invalid(what)
            | Error::Unchecked { what, .. }
            | Error::Incomparable { what, .. } => {
                return f.write_str(what);
            }
            Error::Write(source) => return write!(f, "writing the output failed: {source}"),
        };
        write!(f, "{}: {what}", escaped(file))
    }
}

/// Has no source: the cause is in the line already, and naming it once more would double it.
impl std::error::Error for Error {}
