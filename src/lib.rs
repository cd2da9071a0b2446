//! Reads the memory dumps that Python programs record with Pympler's `ClassTracker`.

pub mod analysis;
mod error;
mod input;
mod load;
mod model;
pub mod output;
mod pickle;
mod prefetch;
pub mod report;
pub mod select;
mod stats;
pub mod units;

pub use error::{Error, Problem};
pub use model::{
    Asized, Class, Dump, Frame, Notes, Number, ProcessMemory, Rules, Sample, Sizes, Snapshot, Text,
    Trace, TrackedObject,
};
pub use stats::{ConsoleStats, Stats};
