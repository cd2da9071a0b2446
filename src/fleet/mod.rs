//! Many dumps: which files are meant, what their paths say of them, and in which order they were
//! written.
//!
//! Nothing here reads what a dump holds, but for the first bytes of files that lie in a folder.

mod files;
mod labels;
mod natural;

pub use files::{FleetFile, FleetFiles, Order};
pub use labels::{Label, LabelTemplate};
