//! Finished answers as text. A file for each question says what its report consists of; a file in
//! `form/` lays any report out. All of them write to any [`Write`](std::io::Write); none knows a
//! terminal.

mod advice;
mod blocks;
pub mod check;
mod class_names;
mod coverage;
pub mod diff;
mod digits;
mod fit;
#[cfg(feature = "flamegraph")]
pub mod flamegraph;
#[cfg(feature = "fleet")]
pub mod fleet;
pub mod folded;
pub mod form;
pub mod html;
pub mod info;
pub mod known;
pub mod leaks;
pub mod lifetimes;
pub mod objects;
pub mod overview;
mod paint;
pub mod pprof;
mod prose;
pub mod pympler;
mod reasons;
mod report_table;
pub mod salvaged;
pub mod several;
pub mod sites;
mod sparkline;
pub mod speedscope;
pub mod summary;
mod traps;
pub mod trends;
pub mod unmatched;

pub use crate::similar::did_you_mean;
pub use form::csv::Dialect;
pub use form::json::JsonLayout;
pub use form::table::Style;
pub use form::{Form, Report, Rows};
pub use paint::Paint;

/// So many sentences are joined to one.
const MOST_SENTENCES: usize = 5;

/// Some sentences as one, and how many more there are.
pub fn joined(sentences: &[String]) -> String {
    let shown = sentences.len().min(MOST_SENTENCES);
    let mut text = sentences[..shown].join("; ");
    let more = sentences.len() - shown;
    if more > 0 {
        text.push_str(&format!("; and {more} more"));
    }
    text
}
