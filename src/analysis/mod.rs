//! One file or folder a question. Each takes a [`Source`](crate::Source), fetches what it needs and
//! returns numbers and enums in plain structs.

pub mod annotation;
pub(crate) mod attributes;
pub mod check;
pub mod class;
mod course;
pub mod coverage;
pub mod diff;
#[cfg(feature = "fleet")]
pub mod fleet;
pub mod history;
pub mod info;
pub mod leaks;
pub mod lifetimes;
pub(crate) mod long_texts;
pub mod merged;
pub mod objects;
pub mod overview;
pub mod own_code;
pub mod referents;
pub mod sites;
mod snapshot_selector;
pub mod stacks;
pub mod summary;
pub mod traps;
pub mod trends;

pub use annotation::ClassAnnotation;
pub use check::Check;
pub use class::ClassDetail;
pub use coverage::Coverage;
pub use diff::{Diff, DiffOptions};
#[cfg(feature = "fleet")]
pub use fleet::{DumpFacts, Fleet, FleetBuilder, FleetOptions};
pub use history::{ClassHistory, History};
pub use info::Info;
pub use leaks::{Leaks, LeaksOptions};
pub use lifetimes::{Lifetimes, LifetimesOptions};
pub use merged::{Merged, MergedRow};
pub use objects::{ObjectDetail, ObjectRow};
pub use overview::Overview;
pub use own_code::OwnCode;
pub use referents::{Cut, ReferentRow};
pub use sites::{Sites, SitesOptions};
pub use stacks::{Stacks, Weight};
pub use summary::{SnapshotSelector, SnapshotSummary, Summary};
pub use traps::Trap;
pub use trends::{Trends, TrendsOptions};
