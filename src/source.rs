//! Where the answers of analyses come from: a dump in memory, or a file that is read as far as a
//! question needs it. An analysis states what it needs and cannot tell the two apart.

use std::ops::Deref;

use crate::error::Error;
use crate::model::{
    ClassTotals, Cohorts, Contents, Dump, KeptTrees, Population, Projection, Rows, Totals,
};

/// What dumps are read from.
///
/// A source owns what answers borrow from: [`Source::keep`] makes what was read last as long as
/// the source.
pub trait Source {
    /// What needs no object: classes, snapshots, and figures of the whole. Fails as [`Dump::load`].
    fn digest(&self) -> Result<Digest<'_>, Error>;

    /// At least these columns of at least these objects. Fails as [`Dump::load`].
    fn fetch(&self, wanted: Projection, rows: Rows<'_>) -> Result<Fetched<'_>, Error>;

    /// Keeps what was read as long as the source lives, so that answers may borrow from it.
    fn keep<'s>(&'s self, fetched: Fetched<'s>) -> &'s Contents;

    /// Everything. Fails as [`Dump::load`].
    fn whole(&self) -> Result<&Dump, Error>;

    /// How errors name it: the file.
    fn name(&self) -> &str;
}

/// Objects that were read.
pub enum Fetched<'s> {
    /// The source had them already.
    Known(&'s Contents),
    /// They were read for this question.
    Read(Box<Contents>),
}

impl Deref for Fetched<'_> {
    type Target = Contents;

    fn deref(&self) -> &Contents {
        match self {
            Fetched::Known(contents) => contents,
            Fetched::Read(contents) => contents,
        }
    }
}

/// What a dump is without its objects.
///
/// Figures follow from the objects. A native file keeps some of them.
#[derive(Clone, Copy)]
pub struct Digest<'s> {
    /// The classes and snapshots, and what loading noticed. The objects may be missing.
    pub contents: &'s Contents,
    pub(crate) file: Option<&'s dyn KeptFigures>,
}

/// Figures that a native file keeps.
pub(crate) trait KeptFigures {
    /// Reads the totals of the classes; `None` if the file is without them.
    fn class_totals(&self) -> Result<Option<&ClassTotals>, Error>;

    /// Reads who was born and died between which snapshots; `None` if the file is without.
    fn cohorts(&self) -> Result<Option<&Cohorts>, Error>;

    /// Reads the merged referents of every class; `None` if the file is without them.
    fn merged_referents(&self, population: Population) -> Result<Option<KeptTrees<'_>>, Error>;
}

impl<'s> Digest<'s> {
    /// Whether there are objects, and none of them has a trace.
    pub fn is_without_traces(&self) -> bool {
        self.contents.is_without_traces()
    }

    /// How much there is of everything.
    pub(crate) fn totals(&self) -> Result<Totals, Error> {
        // Reading the cohorts compares how many objects are alive.
        if let Some(file) = self.file {
            file.cohorts()?;
        }
        Ok(self.contents.totals())
    }
}

impl Source for Dump {
    fn digest(&self) -> Result<Digest<'_>, Error> {
        Ok(Digest {
            contents: &self.contents,
            file: None,
        })
    }

    fn fetch(&self, _: Projection, _: Rows<'_>) -> Result<Fetched<'_>, Error> {
        Ok(Fetched::Known(&self.contents))
    }

    fn keep<'s>(&'s self, fetched: Fetched<'s>) -> &'s Contents {
        match fetched {
            Fetched::Known(contents) => contents,
            Fetched::Read(_) => unreachable!("a dump in memory reads nothing"),
        }
    }

    fn whole(&self) -> Result<&Dump, Error> {
        Ok(self)
    }

    fn name(&self) -> &str {
        "input"
    }
}
