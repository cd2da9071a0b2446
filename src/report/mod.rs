//! One file per form. A report lays out numbers that an analysis finished and writes
//! them to any [`Write`](std::io::Write); it computes nothing and knows no terminal.

mod coverage;
pub mod csv;
mod digits;
pub mod html;
pub mod info;
pub mod json;
pub mod leaks;
pub mod markdown;
mod paint;
pub mod pickle;
pub mod pympler;
pub mod table;

pub use paint::Paint;
