//! Reads the memory dumps that Python programs record with Pympler's `ClassTracker`, and
//! answers what is in them: which class, which instances, allocated where, holding what.
//!
//! A dump is what `tracker.stats.dump_stats("dump.dat")` wrote: two pickles. They are read
//! as data, by an interpreter that imports, calls and executes nothing; whatever the file
//! holds, reading it ends with a [`Dump`] or an [`Error`], in bounded memory.
//!
//! # Loading and looking
//!
//! ```
//! use ctstats::Dump;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let dump = Dump::load("fixtures/shop.dump")?;
//! assert_eq!(dump.object_count(), 44);
//!
//! let peak = dump.peak_snapshot().ok_or("the dump has no snapshots")?;
//! assert_eq!(peak.description().to_str(), "wednesday");
//!
//! let oldest = dump.objects().find(|object| object.class().name().contains("Cart"));
//! let oldest = oldest.ok_or("the dump has no carts")?;
//! assert!(oldest.is_alive());
//! for frame in oldest.trace().into_iter().flat_map(|trace| trace.frames()) {
//!     println!("{}:{} in {}", frame.file(), frame.line(), frame.function());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Sorting and printing, with Pympler's names
//!
//! ```
//! use ctstats::select::Limit;
//! use ctstats::{ConsoleStats, Stats};
//!
//! # fn main() -> Result<(), ctstats::Error> {
//! let mut stats = Stats::load_stats("fixtures/shop.dump")?;
//! stats.sort_stats(&["size".parse()?]).reverse_order();
//!
//! let mut text = Vec::new();
//! let mut console = ConsoleStats::new(&mut stats);
//! console.print_stats(&mut text, Some("Cart"), Some(Limit::Count(3)))?;
//! console.print_summary(&mut text, None)?;
//! # assert!(String::from_utf8_lossy(&text).contains("shop.Cart"));
//! # Ok(())
//! # }
//! ```
//!
//! [`select::Selection`] has all filters; [`report`] has the other forms.
//!
//! # Numbers
//!
//! ```
//! use ctstats::Dump;
//! use ctstats::analysis::summary::{ClassSortKey, SnapshotSelector, Summary, SummaryOptions};
//!
//! # fn main() -> Result<(), ctstats::Error> {
//! let dump = Dump::load("fixtures/shop.dump")?;
//! let options = SummaryOptions {
//!     sort: vec![ClassSortKey::Size],
//!     snapshots: vec![SnapshotSelector::Last],
//!     ..SummaryOptions::default()
//! };
//! Summary::of(&dump, options)?.each(|snapshot| -> Result<(), ctstats::Error> {
//!     assert_eq!(snapshot.classes[0].class.to_str(), "shop.Cart");
//!     assert_eq!(snapshot.classes[0].active, 18);
//!     Ok(())
//! })?;
//! # Ok(())
//! # }
//! ```
//!
//! # The code, in the order in which data flows
//!
//! | module | owns |
//! | --- | --- |
//! | `input`, `prefetch` | a path or standard input → plain bytes; decompression on a second thread |
//! | `room` | room in what grows with a file, asked for in time |
//! | `pickle` | a safe interpreter of all pickle opcodes that knows nothing of Pympler |
//! | `format` | the only door between bytes and a [`Dump`], in and out: `pympler` with shortcuts for what most of a dump consists of, `native` column by column; [`DumpFile`] reads as much as a question asks for |
//! | `model` | columns inside, views outside ([`TrackedObject`], [`Sample`], [`Asized`], [`Snapshot`], [`Frame`]) |
//! | [`select`] | filter → sort → reverse → limit, yielding object ids |
//! | [`analysis`] | one question a file (`leaks` and `check`: a folder), answered in plain structs that serialise; `check` reads its limits through `input` |
//! | [`report`] | one form a file, laid out and written to any [`std::io::Write`] |
//! | [`similar`] | "did you mean": the names most like one that was typed |
//! | [`units`] | bytes, shares, moments, untrusted text made harmless |
//! | [`output`] | the only place that opens files for writing; replaces them whole |
//! | [`Stats`], [`ConsoleStats`], [`HtmlStats`] | Pympler's names for the above |
//!
//! # What holds everywhere
//!
//! - Nothing points back: the model imports no other module, loading knows selections but
//!   no analyses and no reports, reports compute nothing.
//! - Figures that follow from the columns (`model::derived`: totals, cells, cohorts, merged
//!   trees) are computed in one place; a native file keeps them, and nobody can tell from a
//!   report where they came from.
//! - The library never prints, exits or looks at the terminal; only the binary does.
//! - There is no tree of a file's values, no recursion over a file's structure without a
//!   bound, no allocation from a length that a file claims, and no `unsafe`.
//! - Whatever a file can cause is an [`Error`]; a panic is a bug of ours.

#![forbid(unsafe_code)]

pub mod analysis;
#[cfg(test)]
mod arbitrary;
mod error;
mod format;
mod input;
mod model;
pub mod output;
mod pickle;
mod prefetch;
pub mod report;
mod room;
pub mod select;
pub mod similar;
mod source;
mod stats;
pub mod units;

pub use error::{Error, Problem};
pub use format::{Damage, DumpFile};
pub use input::{ByteCount, Counted};
pub use model::{
    Asized, AsizedId, Class, ClassId, ClockFault, Column, Contents, Dump, Frame, Integer,
    KeptSizes, Notes, ObjectId, Origin, ProcessMemory, Projection, Redaction, Rows, Rules,
    Salvaged, Sample, Samples, Sizes, Snapshot, SnapshotId, Survivors, Text, Trace, TraceId,
    TrackedObject,
};
pub use source::{Digest, Fetched, Source};
pub use stats::{ConsoleStats, HtmlStats, Stats};

/// The programs of docs/library.md are tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/library.md")]
struct LibraryPage;
