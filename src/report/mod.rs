//! Finished answers as text. A file for each question says what its report consists of; a file in
//! `form/` lays any report out. All of them write to any [`Write`]; none knows a terminal.

mod advice;
pub mod check;
mod class_names;
mod coverage;
pub mod diff;
mod digits;
mod fit;
#[cfg(feature = "flamegraph")]
pub mod flamegraph;
pub mod folded;
pub mod form;
pub mod html;
pub mod info;
pub mod leaks;
pub mod lifetimes;
pub mod objects;
mod paint;
pub mod pympler;
mod reasons;
mod report_table;
pub mod salvaged;
pub mod sites;
pub mod speedscope;
pub mod summary;

use std::io::{self, Write};

pub use crate::similar::did_you_mean;
pub use form::Form;
pub use form::csv::Dialect;
pub use form::json::JsonLayout;
pub use form::table::Style;
pub use paint::Paint;

use crate::units::ByteStyle;

/// An answer that every form can lay out: `form.write(&mut out, &answer)`.
pub trait Report {
    /// Writes what people read on a terminal.
    ///
    /// # Errors
    ///
    /// If `out` fails.
    fn table(&self, out: &mut impl Write, style: Style) -> io::Result<()>;

    /// Writes a document with a versioned schema, or its rows, one a line.
    ///
    /// # Errors
    ///
    /// If `out` fails.
    fn json(&self, out: &mut impl Write, layout: JsonLayout) -> io::Result<()>;

    /// Writes a header and the rows.
    ///
    /// # Errors
    ///
    /// If `out` fails.
    fn csv(&self, out: &mut impl Write, dialect: Dialect) -> io::Result<()>;

    /// Writes what people read in a ticket.
    ///
    /// # Errors
    ///
    /// If `out` fails.
    fn markdown(&self, out: &mut impl Write, style: ByteStyle) -> io::Result<()>;
}
