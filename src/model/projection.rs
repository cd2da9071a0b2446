//! What to read of tracked objects: which of their columns, and which of the objects.

use super::{ClassId, Column, ObjectId, Rules};

/// Which samples of objects to read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Samples {
    /// None.
    #[default]
    None,
    /// Of each object the last one of this moment, in seconds: its size, and what it refers to
    /// only if that is asked for.
    At {
        /// The moment.
        seconds: f64,
        /// Whether to read what the objects refer to.
        referents: bool,
    },
    /// All of them, without what they refer to.
    Sizes,
    /// All of them, with all that they refer to.
    All,
}

/// Sizes of objects that a native file keeps, so that they can be told without samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeptSizes {
    /// By whose rules.
    pub rules: Rules,
    /// Whether to read the sizes at the peak snapshot beside the largest ones.
    pub at_peak: bool,
}

/// Which columns of tracked objects to read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Projection {
    columns: u16,
    pub(crate) samples: Samples,
    pub(crate) sizes: Option<KeptSizes>,
}

impl Projection {
    /// Everything that was recorded. Sizes follow from the samples.
    pub const ALL: Projection = Projection {
        columns: u16::MAX,
        samples: Samples::All,
        sizes: None,
    };

    /// Births and deaths.
    pub(crate) const fn lives() -> Projection {
        Projection {
            columns: 1 << Column::Birth as u16 | 1 << Column::Death as u16,
            samples: Samples::None,
            sizes: None,
        }
    }

    /// These columns alone.
    pub fn of<const N: usize>(columns: [Column; N]) -> Self {
        columns
            .into_iter()
            .fold(Projection::default(), Projection::with)
    }

    /// The same and this column.
    pub fn with(self, column: Column) -> Self {
        Projection {
            columns: self.columns | 1 << column as u16,
            ..self
        }
    }

    /// The same and this column, if it is needed.
    pub fn with_if(self, is_needed: bool, column: Column) -> Self {
        match is_needed {
            true => self.with(column),
            false => self,
        }
    }

    /// The same with these samples.
    pub const fn with_samples(self, samples: Samples) -> Self {
        Projection { samples, ..self }
    }

    /// The same and these sizes.
    pub const fn with_sizes(self, sizes: KeptSizes) -> Self {
        Projection {
            sizes: Some(sizes),
            ..self
        }
    }

    /// What either of two asks for. Samples and sizes are those of the first, if it asks for any.
    pub fn and(self, other: Projection) -> Self {
        Projection {
            columns: self.columns | other.columns,
            samples: match self.samples {
                Samples::None => other.samples,
                samples => samples,
            },
            sizes: self.sizes.or(other.sizes),
        }
    }

    /// Whether it has a column.
    pub fn has(self, column: Column) -> bool {
        self.columns & 1 << column as u16 != 0
    }
}

/// Which objects to read.
#[derive(Clone, Copy, Debug)]
pub enum Rows<'r> {
    /// All of them.
    All,
    /// Those that these classes list. The ids ascend.
    OfClasses(&'r [ClassId]),
    /// Those of these ids, which ascend. An object is listed by its own class alone.
    These(&'r [ObjectId]),
}
