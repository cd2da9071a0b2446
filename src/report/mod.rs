//! One file per form. A report lays out numbers that an analysis finished and writes
//! them to any [`Write`](std::io::Write); it computes nothing and knows no terminal.

mod advice;
pub mod check;
mod class_names;
mod coverage;
pub mod csv;
pub mod diff;
mod digits;
#[cfg(feature = "flamegraph")]
pub mod flamegraph;
pub mod folded;
pub mod html;
pub mod info;
pub mod json;
pub mod leaks;
pub mod lifetimes;
pub mod markdown;
mod paint;
pub mod pympler;
pub mod salvaged;
mod sheet;
pub mod sites;
pub mod speedscope;
pub mod table;

pub use crate::similar::did_you_mean;
pub use paint::Paint;
