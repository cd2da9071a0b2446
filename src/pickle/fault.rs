//! What is wrong with a pickle, and at which byte. Knows no file names: the
//! loader turns a fault into the crate's [`Error`](crate::Error).

use std::collections::TryReserveError;
use std::io;

/// The result of everything that reads a pickle. Boxed, so that success is one word.
pub(crate) type Outcome<T> = Result<T, Box<Fault>>;

/// A reason to give up on a pickle.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Bytes before the opcode at fault, from the start of the (decompressed) input.
    pub(crate) offset: u64,
    /// The opcode's name, where one was being read.
    pub(crate) opcode: Option<&'static str>,
    pub(crate) kind: FaultKind,
    /// How many whole objects were read before.
    pub(crate) whole_objects: u64,
}

#[derive(Debug)]
pub(crate) enum FaultKind {
    /// The input ends where `needs` more bytes were due and only `left` remain.
    CutShort { needs: u64, left: u64 },
    /// The input ends behind the first of two pickles.
    OnlyFirst,
    /// Not a pickle, or a damaged one.
    Malformed(String),
    /// A sound pickle of something else.
    Unfit(String),
    /// A value that is needed and cannot be used.
    Value(String),
    /// More than ctstats counts to, or more than any such file can hold.
    TooLarge(String),
    /// A native file of a version to come.
    Newer(String),
    /// There is not enough memory.
    NoMemory,
    /// The input could not be read.
    Io(io::Error),
}

impl Fault {
    /// Whether there was no memory for what was read.
    pub(crate) fn is_of_memory(&self) -> bool {
        match &self.kind {
            FaultKind::NoMemory => true,
            FaultKind::Io(error) => error.kind() == io::ErrorKind::OutOfMemory,
            _ => false,
        }
    }

    /// Whether the file may have come to it on its way. No damage makes a dump larger than any, or
    /// of a version to come.
    pub(crate) fn is_damage(&self) -> bool {
        !self.is_of_memory() && !matches!(self.kind, FaultKind::TooLarge(_) | FaultKind::Newer(_))
    }
}

impl FaultKind {
    /// Boxes the fault; the machine adds the offset of the opcode it was at.
    #[cold]
    pub(crate) fn boxed(self) -> Box<Fault> {
        Box::new(Fault {
            offset: 0,
            opcode: None,
            kind: self,
            whole_objects: 0,
        })
    }
}

#[cold]
pub(crate) fn malformed(what: impl Into<String>) -> Box<Fault> {
    FaultKind::Malformed(what.into()).boxed()
}

#[cold]
pub(crate) fn unfit(what: impl Into<String>) -> Box<Fault> {
    FaultKind::Unfit(what.into()).boxed()
}

#[cold]
pub(crate) fn bad_value(what: impl Into<String>) -> Box<Fault> {
    FaultKind::Value(what.into()).boxed()
}

/// There is not enough memory.
#[cold]
pub(crate) fn no_memory(_: TryReserveError) -> Box<Fault> {
    FaultKind::NoMemory.boxed()
}

#[cold]
pub(crate) fn too_large(what: impl Into<String>) -> Box<Fault> {
    FaultKind::TooLarge(what.into()).boxed()
}
