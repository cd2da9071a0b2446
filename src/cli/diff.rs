//! `ctstats diff`: what changed.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use ctstats::analysis::diff::{Diff, DiffOptions, DiffSortKey};
use ctstats::analysis::summary::SnapshotSelector;
use ctstats::units::escaped;

use super::typed::TypedLimit;
use super::{
    FilterArgs, REFERENTS_CUT, SELECTION, SheetArgs, inputs, note, open_in_order, remarks, warn,
};

const EXAMPLES: &str = "\
Examples:
  From the first snapshot to the last, the classes that grew most first:
    ctstats diff dump.dat --limit 10
  What a deployment changed, each dump at its last snapshot:
    ctstats diff before.dat after.dat
  Which attributes grew while it was busy:
    ctstats diff dump.dat --from noon --to peak --referents

In fixtures/leaky_shop.dump, `diff --class Cart --referents` names Cart.__dict__ → [V] items:
the items of carts that nobody releases are most of what the class grew by.";

/// Compare two snapshots of a dump, or two dumps: what each class was before and after.
///
/// Between the snapshots of one dump, or of two dumps of one process, objects are known again:
/// born, died and survived are told as well. Classes are matched by the names under which they were registered.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct DiffArgs {
    /// The dump: a file, or - for standard input. Plain, gzip, zstd or xz.
    #[arg(value_name = "DUMP")]
    dump: PathBuf,
    /// A newer dump to compare it with.
    #[arg(value_name = "NEW")]
    new: Option<PathBuf>,
    /// The snapshot before, named as for summary [default: first; of two dumps the last of DUMP]
    #[arg(long, value_name = "SELECTOR", allow_hyphen_values = true, help_heading = SELECTION)]
    from: Option<SnapshotSelector>,
    /// The snapshot after [default: last]
    #[arg(long, value_name = "SELECTOR", allow_hyphen_values = true, help_heading = SELECTION)]
    to: Option<SnapshotSelector>,
    /// Tell which attributes grew, from the referents that were recorded. As csv and
    /// ndjson those are the rows.
    #[arg(long, help_heading = SELECTION)]
    referents: bool,
    /// Sort keys, comma-separated or repeated: growth (in bytes), bytes (after), active (growth
    /// in instances), average (after), classname. Figures sort descending. Default: growth.
    #[arg(long, value_name = "KEYS", value_delimiter = ',', help_heading = SELECTION)]
    sort: Vec<DiffSortKey>,
    /// Reverse the sorted order.
    #[arg(long, help_heading = SELECTION)]
    reverse: bool,
    #[command(flatten)]
    filter: FilterArgs,
    /// Keep the first N classes and fold the others into one row.
    #[arg(long, value_name = "N|0.25|25%", allow_negative_numbers = true, help_heading = SELECTION)]
    limit: Option<TypedLimit>,
    #[command(flatten)]
    form: SheetArgs,
}

impl DiffArgs {
    pub(super) fn run(self) -> Result<()> {
        let options = DiffOptions {
            filter: self.filter.filter(),
            from: self.from,
            to: self.to,
            sort: self.sort,
            reverse: self.reverse,
            limit: self.limit.map(TypedLimit::get),
            referents: self.referents,
        };
        let dumps = inputs([Some(&self.dump), self.new.as_ref()])?;
        self.form.check(&dumps)?;
        let reading = self.form.page.reading;
        let old = open_in_order(&self.dump, reading)?;
        let new = match &self.new {
            Some(new) => Some(open_in_order(new, reading)?),
            None => None,
        };
        let compare = || match &new {
            Some(new) => old.ask(|old| Diff::of_dumps(old, &*new.file, &options)),
            None => old.ask(|old| Diff::of_snapshots(old, &options)),
        };
        let mut found =
            compare().map_err(|error| naming_the_file(error, &self.dump, self.new.as_ref()))?;
        let names = |new: &PathBuf| [&self.dump, new].map(|path| path.display().to_string());
        found.files = self.new.as_ref().map(names);
        self.form.write(&found)?;
        if found.referents_cut {
            warn(REFERENTS_CUT);
        }
        match &new {
            Some(new) => remarks::on_filter_of_two(&options.filter, &old, new)?,
            None => remarks::on_filter(&options.filter, &old)?,
        }
        if found.from == found.to && new.is_none() {
            note("both are the same snapshot, so nothing can have changed");
        } else if found.total.figures.born.is_none() && new.is_none() {
            note(
                "the second snapshot is the earlier one, so no object is born or dies between them",
            );
        }
        Ok(())
    }
}

/// Names the file that something is missing in.
fn naming_the_file(error: anyhow::Error, dump: &Path, newer: Option<&PathBuf>) -> anyhow::Error {
    match error.downcast_ref() {
        Some(ctstats::Error::Incomparable { what, in_newer }) => {
            let newer = newer.filter(|_| *in_newer).map(PathBuf::as_path);
            let path = newer.unwrap_or(dump).display().to_string();
            anyhow::anyhow!("{}: {what}", escaped(&path))
        }
        _ => error,
    }
}
