//! `ctstats leaks`: the verdict.

use std::collections::BTreeMap;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use ctstats::DumpFile;
use ctstats::analysis::fleet::{ProcessMarks, last_checkpoints};
use ctstats::analysis::leaks::{LeakSortKey, Leaks, LeaksOptions};
use ctstats::analysis::own_code::OwnCode;
use ctstats::analysis::summary::SnapshotSelector;
use ctstats::report::leaks::LeaksReport;
use ctstats::units::escaped;

use super::fleet::FleetArgs;
use super::known::{KnownArgs, on_idle};
use super::several::{DumpsArgs, listed};
use super::sheet::Sheet;
use super::typed::TypedLimit;
use super::{FilterArgs, Opened, REFERENTS_CUT, SELECTION, SheetArgs, note, remarks, warn};

const EXAMPLES: &str = "\
Examples:
  What leaks, where it is created, what holds it:
    ctstats leaks dump.dat
  Who was born in the first hour and is still there at the end:
    ctstats leaks dump.dat --between 0 4 --alive-at last --class Cart
  What is accepted is no suspect, but counted and named:
    ctstats leaks dump.dat --ignore shop.Session --known known.toml
  Of all workers, each by itself (trend compares them):
    ctstats leaks dumps/ --format csv
  For a script:
    ctstats leaks dump.dat --format json | jq -r '.suspects[] | [.class, .confidence] | @tsv'

A file of known leaks:
  [[leak]]
  class = \"shop.Cart\"               # as for --class, or the whole name of one class
  site = \"leaky_shop.py:143\"        # optional: a part of \"file:line in function\"
  why = \"kept until the nightly job\"
  until = 2027-01-31                # optional: the last day (UTC) on which it is accepted

With sites, a suspect is ignored only if they name every line that created its survivors.";

/// Say what leaks: a verdict on each class with its reasons, and each suspect looked at closely.
///
/// A class is likely to leak if it grows, keeps growing, and some of its objects of every interval
/// survive. A cache that fills up, a start-up phase, and objects that come and go do not look like
/// this. For each suspect: the lines that created the survivors, the attributes that hold their
/// bytes, the oldest and largest survivors, and what to run next.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct LeaksArgs {
    #[command(flatten)]
    dumps: DumpsArgs,
    /// Look at survivors that were born between these two snapshots [default: from the first to the
    /// last but one; with two snapshots, these two]. Snapshots are named as for summary.
    #[arg(long, value_names = ["FROM", "TO"], num_args = 2, allow_hyphen_values = true, help_heading = SELECTION)]
    between: Vec<SnapshotSelector>,
    /// Survivors must be alive at this snapshot [default: last]
    #[arg(long, value_name = "SELECTOR", allow_hyphen_values = true, help_heading = SELECTION)]
    alive_at: Option<SnapshotSelector>,
    /// Sort keys, comma-separated or repeated: growth (in bytes), bytes (at the last snapshot),
    /// active (growth in instances), confidence, classname. Figures sort descending. Default:
    /// confidence,growth.
    #[arg(long, value_name = "KEYS", value_delimiter = ',', help_heading = SELECTION)]
    sort: Vec<LeakSortKey>,
    /// Reverse the sorted order.
    #[arg(long, help_heading = SELECTION)]
    reverse: bool,
    #[command(flatten)]
    filter: FilterArgs,
    /// Look closely at the first N suspects, and show only the verdict for the others.
    #[arg(
        long,
        value_name = "N|0.25|25%",
        allow_negative_numbers = true,
        default_value = "10"
    )]
    limit: TypedLimit,
    #[command(flatten, next_help_heading = SELECTION)]
    known: KnownArgs,
    /// The program's own code: a folder, file or package. Repeatable. [default: whatever is neither
    /// of the standard library nor an installed package]
    #[arg(long, value_name = "PREFIX")]
    own: Vec<String>,
    #[command(flatten)]
    many: FleetArgs,
    #[command(flatten)]
    form: SheetArgs,
}

impl LeaksArgs {
    pub(super) fn run(self) -> Result<()> {
        let dumps = self.dumps.find(self.many)?;
        let known = self.known.known.as_ref();
        self.form.check(&dumps.reads(known)?)?;
        let options = LeaksOptions {
            filter: self.filter.filter(),
            between: <[SnapshotSelector; 2]>::try_from(self.between)
                .ok()
                .map(|[from, to]| (from, to)),
            alive_at: self.alive_at,
            sort: self.sort,
            reverse: self.reverse,
            limit: Some(self.limit.get()),
            own: OwnCode::of(&self.own),
            min_growth_bytes: self.known.min_growth.unwrap_or(0),
            known: self.known.accepted()?,
        };
        let marks = dumps.answer(
            self.form.destination(),
            DumpFile::in_order,
            |path, dump, sheet| {
                answer(&options, path, dump, sheet)?;
                match sheet.is_alone() {
                    true => Ok(ProcessMarks::default()),
                    false => dump.ask(ProcessMarks::of),
                }
            },
        )?;
        on_checkpoints(marks);
        Ok(())
    }
}

/// Writes the verdict on one dump.
fn answer(options: &LeaksOptions, path: &Path, dump: &Opened, sheet: &Sheet<'_>) -> Result<()> {
    let found = ManuallyDrop::new(dump.ask(|file| Leaks::of(file, options))?);
    sheet.write(&LeaksReport {
        leaks: &found,
        dump: path,
    })?;
    let mut suspects = found.suspects.iter();
    if suspects.any(|suspect| suspect.kept.holders_cut) {
        warn(REFERENTS_CUT);
    }
    on_idle(&found.idle);
    if !sheet.is_alone() {
        drop(ManuallyDrop::into_inner(found));
    }
    remarks::on_filter(&options.filter, dump)
}

/// Notes which dumps are earlier ones of a process whose last dump has all of their snapshots.
fn on_checkpoints(dumps: Vec<(PathBuf, ProcessMarks)>) {
    let (paths, marks): (Vec<PathBuf>, Vec<ProcessMarks>) = dumps.into_iter().unzip();
    let mut earlier: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (place, last) in last_checkpoints(&marks).into_iter().enumerate() {
        if let Some(last) = last {
            earlier.entry(last).or_default().push(place);
        }
    }
    let name = |place: usize| escaped(&paths[place].display().to_string()).into_owned();
    for (last, earlier) in earlier {
        let names: Vec<String> = earlier.iter().copied().map(name).collect();
        let (are, their) = match names.len() {
            1 => ("is an earlier dump", "its"),
            _ => ("are earlier dumps", "their"),
        };
        note(&format!(
            "{} {are} of the process of {}, which has {their} snapshots as well; `ctstats trend` \
             takes them for one",
            listed(&names),
            name(last)
        ));
    }
}
