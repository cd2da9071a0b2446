//! What it would be a pity to lose: files that an output does not replace unless it is told to.

use std::fmt;
use std::io;
use std::path::Path;

use crate::format::DumpFile;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// Text or pages. Takes the place of any file but a dump.
    Report,
    /// A dump. Takes the place of dumps only.
    Dump,
}

/// Why a file is not to be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Somebody marked it so.
    ReadOnly,
    /// It is no dump, and a dump is written.
    NoDump,
    /// It is a dump, and a report is written.
    Dump,
}

impl Loss {
    /// What would be lost if this were written to a path; `None` if nothing is there, or it may go.
    pub fn of(path: &Path, written: Written) -> Option<Loss> {
        let existing = path.metadata().ok().filter(|existing| existing.is_file())?;
        // Who may do everything may write to it all the same, so the marks count too.
        let is_writable = || std::fs::OpenOptions::new().write(true).open(path);
        if existing.permissions().readonly()
            || is_writable().is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
        {
            return Some(Loss::ReadOnly);
        }
        match (written, DumpFile::is_dump(path)) {
            (Written::Dump, false) => (existing.len() > 0).then_some(Loss::NoDump),
            (Written::Report, true) => Some(Loss::Dump),
            _ => None,
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Loss::ReadOnly => "is read-only",
            Loss::NoDump => "is not a dump, and a dump only replaces a dump",
            Loss::Dump => "is a dump, and a report does not replace a dump",
        })
    }
}
