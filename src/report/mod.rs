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
pub mod pickle;
pub mod pympler;
mod sheet;
pub mod sites;
pub mod speedscope;
pub mod table;

pub use paint::Paint;

use crate::units::escaped;

/// `; did you mean 'shop.Cart'?`, or nothing if nothing is similar. For the end of a sentence.
pub fn did_you_mean(similar: &[String]) -> String {
    let clipped = |name: &String| name.chars().take(200).collect::<String>();
    let quoted: Vec<String> = similar
        .iter()
        .map(|name| format!("'{}'", escaped(&clipped(name))))
        .collect();
    match &quoted[..] {
        [] => String::new(),
        [one] => format!("; did you mean {one}?"),
        [all @ .., last] => format!("; did you mean {} or {last}?", all.join(", ")),
    }
}
