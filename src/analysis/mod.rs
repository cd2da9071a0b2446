//! One file per question. Each takes a dump and returns finished numbers in plain
//! structs; none of them lays anything out.

pub mod info;
pub mod objects;
pub mod referents;
pub mod sites;
pub mod summary;

pub use info::Info;
pub use objects::{ObjectDetail, ObjectRow};
pub use referents::{Cut, ReferentRow};
pub use sites::{Sites, SitesOptions};
pub use summary::{SnapshotSelector, SnapshotSummary, Summary};
