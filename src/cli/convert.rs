//! `ctstats convert`: into ctstats' own format, or back into Pympler's.

use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, ValueEnum};

use ctstats::output::{Compression, Compressor};
use ctstats::report::objects;
use ctstats::select::{Selection, SortKey};
use ctstats::units::ByteStyle;
use ctstats::{ByteCount, Redaction, Rules};

use crate::progress::Progress;

use super::place::{self, Kind};
use super::typed::TypedLimit;
use super::{FilterArgs, OUTPUT, ReadingArgs, SELECTION, note, open, open_as_recorded, remarks};

const EXAMPLES: &str = "\
Examples:
  Into ctstats' own format, a fifth of the size and quicker to open:
    ctstats convert dump.dat dump.bin
  Compressed, for the archive:
    ctstats convert dump.dat dump.bin.zst
  Only the carts, without reprs, to send to somebody who has Pympler:
    ctstats convert dump.dat carts.dat --class Cart --redact repr
  The hundred largest objects, from a pipe into a pipe:
    zcat dump.dat.gz | ctstats convert - - --sort size --limit 100 > part.bin";

/// Convert a dump into ctstats' own format, or back into one that Pympler loads.
///
/// OUT is replaced whole or not at all. With filters or a limit only the selected
/// objects are written, with all snapshots.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Convert {
    /// The dump to read, of either format: a file, or - for standard input.
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// The file to write, or - for standard output. Its ending tells the format (.dat, .pkl,
    /// .pickle and .dump: pympler, anything else: native) and the compression (.gz, .zst).
    #[arg(value_name = "OUT")]
    out: PathBuf,
    /// Replace OUT even if it is IN, or no dump, or read-only.
    #[arg(long, help_heading = OUTPUT)]
    force: bool,
    /// The format to write, whatever the ending of OUT.
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = OUTPUT)]
    to: Option<Target>,
    /// The compression to write, whatever the ending of OUT.
    #[arg(long, value_enum, value_name = "CODING", help_heading = OUTPUT)]
    compress: Option<Coding>,
    /// Replace these texts by placeholders (repr-1, file-2), comma-separated or repeated.
    /// Class and attribute names stay.
    #[arg(long, value_enum, value_name = "TEXTS", value_delimiter = ',', help_heading = OUTPUT)]
    redact: Vec<Redact>,
    #[command(flatten, next_help_heading = OUTPUT)]
    reading: ReadingArgs,
    /// Sort keys, as for print: the order of the objects within their class.
    #[arg(long, value_name = "KEYS", value_delimiter = ',', help_heading = SELECTION)]
    sort: Vec<SortKey>,
    /// Reverse the sorted order.
    #[arg(long, help_heading = SELECTION)]
    reverse: bool,
    #[command(flatten)]
    filter: FilterArgs,
    /// Keep the first N objects, or a share of all tracked ones (0.25 or 25%).
    #[arg(long, value_name = "N|0.25|25%", allow_negative_numbers = true, help_heading = SELECTION)]
    limit: Option<TypedLimit>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Target {
    /// ctstats' own format
    Native,
    /// Two pickles, as Pympler's load_stats reads them
    Pympler,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Coding {
    Zstd,
    Gzip,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Redact {
    /// Reprs of objects and of what they refer to
    Repr,
    /// Files, functions and source lines
    Trace,
    /// Descriptions of snapshots
    Desc,
}

impl Convert {
    pub(super) fn run(self) -> Result<()> {
        let (target, compression) = self.outcome();
        place::refuse_losses(&[&self.input], &[(&self.out, Kind::Dump)], self.force)?;
        let format = self.format(target, compression);
        let selection = Selection {
            filter: self.filter.filter(),
            sort: self.sort,
            reverse: self.reverse,
            limit: self.limit.map(TypedLimit::get),
            rules: Rules::Documented,
        };
        let dump = open_as_recorded(&self.input, self.reading)?;
        let mut dump = if selection.selects_all() {
            dump.into_whole()?
        } else {
            let selected = dump.ask(|file| selection.select(file))?;
            remarks::on_selection(&selection.filter, &selected);
            if selected.objects.len() < selected.all {
                note(&objects::extent(&selected, ByteStyle::Units));
            }
            let part = selected.contents.part(&selected.objects);
            // What is needed no longer makes room for what is written.
            drop(ManuallyDrop::into_inner(dump.file));
            part
        };
        let redactions: Vec<Redaction> = self
            .redact
            .iter()
            .map(|redact| match redact {
                Redact::Repr => Redaction::Repr,
                Redact::Trace => Redaction::Trace,
                Redact::Desc => Redaction::Desc,
            })
            .collect();
        if !redactions.is_empty() {
            dump = dump.redacted(&redactions);
        }
        let dump = &*ManuallyDrop::new(dump);
        let out = open(&self.out)?;
        if out.is_terminal() {
            anyhow::bail!("a dump is not text: give a file, or pipe the output into one");
        }
        let count = ByteCount::default();
        let what = format!(
            "writing {}",
            ctstats::units::escaped(&self.out.display().to_string())
        );
        let progress = Progress::watch(self.reading.progress, what, count.clone(), None);
        let mut out = Compressor::new(count.counting(out), compression)?;
        match target {
            Target::Native => dump.dump_stats_to(&mut out)?,
            Target::Pympler => dump.write_pickles(&mut out)?,
        }
        out.finish()?.into_inner().finish()?;
        drop(progress);
        place::tell(&self.out, Kind::Dump, &format);
        Ok(())
    }

    /// The format that was written, in words, and how to get the other one where the ending of
    /// OUT says nothing of it.
    fn format(&self, target: Target, compression: Compression) -> String {
        let format = match target {
            Target::Pympler => "in Pympler's format",
            Target::Native if self.to.is_some() || self.ending().1.as_deref() == Some("bin") => {
                "in ctstats' own format"
            }
            Target::Native => {
                "in ctstats' own format (--to pympler, or an ending of .dat, .pkl, .pickle or \
                 .dump, chooses Pympler's)"
            }
        };
        match compression {
            Compression::None => format.into(),
            Compression::Gzip => format!("{format}, gzip"),
            Compression::Zstd => format!("{format}, zstd"),
        }
    }

    /// The compression that the ending of OUT tells, and the ending before that.
    fn ending(&self) -> (Compression, Option<String>) {
        let ending = |path: &Path| path.extension().and_then(|e| e.to_str().map(String::from));
        let (coding, rest) = match ending(&self.out).as_deref() {
            Some("gz") => (Compression::Gzip, self.out.with_extension("")),
            Some("zst") => (Compression::Zstd, self.out.with_extension("")),
            _ => (Compression::None, self.out.clone()),
        };
        (coding, ending(&rest))
    }

    /// What the flags and the ending of OUT say.
    fn outcome(&self) -> (Target, Compression) {
        let (coding, ending) = self.ending();
        let target = match ending.as_deref() {
            Some("dat" | "pkl" | "pickle" | "dump") => Target::Pympler,
            _ => Target::Native,
        };
        let compression = match self.compress {
            None => coding,
            Some(Coding::Zstd) => Compression::Zstd,
            Some(Coding::Gzip) => Compression::Gzip,
            Some(Coding::None) => Compression::None,
        };
        (self.to.unwrap_or(target), compression)
    }
}
