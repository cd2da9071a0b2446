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
//! | `error` | the one [`Error`]: the file, the offset, what to do next |
//! | `config` | TOML files that users write: limits, known leaks |
//! | `input`, `prefetch` | a path or standard input → plain bytes; the only place that opens files for reading; reading ahead on other threads, and looking at what was read |
//! | [`threads`] | how many threads may work on one question, and work that they share |
//! | `room` | memory for what grows with a file, reserved before it is needed |
//! | `pickle` | a safe interpreter of all pickle opcodes that knows nothing of Pympler |
//! | `model` | columns inside, views outside ([`TrackedObject`], [`Sample`], [`Asized`], [`Snapshot`], [`Frame`]); a [`Dump`] is whole, [`Contents`] may be a part of one |
//! | `source` | [`Source`]: a digest, the columns of a [`Projection`] of some rows, or the whole; what an answer borrows from |
//! | `format` | bytes ⇄ dumps, in and out: `pympler` reads and writes pickles (on all cores, as `docs/decoding.md` tells), `native` columns; [`DumpFile`] is a source that reads what a question needs |
//! | `fleet` | many dumps: which files are meant, the labels in their paths, their order |
//! | [`select`] | filter → sort → reverse → limit, yielding object ids; which figures of a filter a file keeps |
//! | [`analysis`] | one question a file or folder: takes a source, states its projection, returns numbers in plain structs that serialise |
//! | [`tables`] | what a dump holds as columns for engines, one table a file: its schema, and batches of its rows |
//! | `dataset` | the tables of many dumps, each row with its dump, as Parquet, Arrow's stream, or JSON |
//! | [`report`] | what the report on a question consists of, one file a question; `form` lays any [`report::Report`] out, one file a form |
//! | `named` | choices that users type by name, each written once |
//! | [`similar`] | "did you mean": the names most like one that was typed |
//! | [`units`] | bytes, shares, times; control characters of untrusted text |
//! | [`losses`] | which files an output does not replace unless it is told to |
//! | [`output`] | the only place that opens files for writing; replaces them whole or not at all |
//! | [`Stats`], [`ConsoleStats`], [`HtmlStats`] | Pympler's names for the above |
//!
//! # What holds everywhere
//!
//! - Modules depend on each other in one direction. The model uses only `room` and `threads`; formats know no
//!   analyses and no reports; reports know analyses, and the pages of `report::html` also ask them
//!   for what each class page shows, so that only one class is in memory at a time.
//! - Figures that follow from the columns (totals, class totals, cohorts, merged referents) are
//!   computed in the model. A native file keeps them; `select::figures` is the one place that asks
//!   whether it does.
//! - A column that no projection names is not read, and whoever asks for it panics with its name:
//!   that is a mistake of ours, never of a file.
//! - The library never prints, exits or looks at the terminal; only the binary does.
//! - There is no tree of a file's values, no recursion over a file's structure without a
//!   bound, no allocation from a length that a file claims, and no `unsafe`.
//! - Whatever a file can cause is an [`Error`]; a panic is a bug of ours.

#![forbid(unsafe_code)]

pub mod analysis;
#[cfg(test)]
mod arbitrary;
mod config;
#[cfg(feature = "fleet")]
pub mod dataset;
mod error;
#[cfg(feature = "fleet")]
pub mod fleet;
mod format;
mod input;
pub mod losses;
mod model;
mod named;
pub mod output;
mod pickle;
mod prefetch;
pub mod report;
mod room;
pub mod select;
pub mod similar;
mod source;
mod stats;
pub mod tables;
pub mod threads;
pub mod units;

pub use error::{Error, Problem};
pub use format::{
    BuiltFrame, BuiltText, ClassRecord, Damage, DumpBuilder, DumpFile, Figure, FrameRecord,
    ObjectRecord, ProcessRecord, SnapshotRecord,
};
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
