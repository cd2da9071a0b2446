//! Many dumps: which files are meant, what their paths say of them, and in which order they were
//! written.
//!
//! What a dump holds is left to whoever asks: [`read_each`] opens them, a bounded number at a time.

mod checksum;
mod files;
mod labels;
mod natural;
mod read;

pub(crate) use checksum::checksum;
pub use files::{Argument, FleetFile, FleetFiles, GivenFiles, Order};
pub use labels::{Label, LabelTemplate};
pub use read::read_each;
