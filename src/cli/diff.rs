//! `ctstats diff`: what changed.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use ctstats::DumpFile;
use ctstats::analysis::diff::{Diff, DiffOptions, DiffSortKey};
use ctstats::analysis::summary::SnapshotSelector;
use ctstats::fleet::{Argument, FleetFile, GivenFiles};
use ctstats::report::diff::DiffOfSeveral;
use ctstats::report::several::Subject;
use ctstats::units::escaped;

use super::fleet::FleetArgs;
use super::several::{Question, ask_each, refuse_standard_input};
use super::sheet::Sheet;
use super::typed::TypedLimit;
use super::{
    FilterArgs, Opened, REFERENTS_CUT, ReadingArgs, SELECTION, SheetArgs, Usage, inputs, note,
    open_in_order, remarks, warn,
};
use crate::progress::When;

const EXAMPLES: &str = "\
Examples:
  From the first snapshot to the last, the classes that grew most first:
    ctstats diff dump.dat --limit 10
  What a deployment changed, each dump at its last snapshot:
    ctstats diff before.dat after.dat
  What changed from each day to the next:
    ctstats diff monday.dat tuesday.dat wednesday.dat --format csv
  Which attributes grew while it was busy:
    ctstats diff dump.dat --from noon --to peak --referents

In fixtures/leaky_shop.dump, `diff --class Cart --referents` names Cart.__dict__ → [V] items:
the items of carts that nobody releases are most of what the class grew by.";

/// Compare two snapshots of a dump, or two and more dumps: what each class was before and after.
///
/// Between the snapshots of one dump, or of two dumps of one process, objects are known again:
/// born, died and survived are told as well. Classes are matched by the names under which they were registered.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct DiffArgs {
    /// The dump, and newer ones: each is compared with the one before it. Files, or - for standard
    /// input as one of two; plain, gzip, zstd or xz; patterns ('dumps/*.dat'), @FILE for a list of names.
    #[arg(value_name = "DUMP", required = true)]
    dumps: Vec<PathBuf>,
    /// The snapshot before, named as for summary [default: first; of several dumps the last
    /// of the one before]
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
    many: FleetArgs,
    #[command(flatten)]
    form: SheetArgs,
}

impl DiffArgs {
    pub(super) fn run(self) -> Result<()> {
        let options = DiffOptions {
            filter: self.filter.filter(),
            from: self.from.clone(),
            to: self.to.clone(),
            sort: self.sort.clone(),
            reverse: self.reverse,
            limit: self.limit.clone().map(TypedLimit::get),
            referents: self.referents,
        };
        let is_file = |path: &PathBuf| Argument::of(path).is_one_file();
        let (old, new) = match &self.dumps[..] {
            [one] if is_file(one) => (one, None),
            [old, new] if is_file(old) && is_file(new) => (old, Some(new)),
            _ => return self.each(&options),
        };
        self.form.check(&inputs([Some(old), new])?)?;
        let reading = self.form.page.reading;
        let sheet = self.form.destination().alone();
        let old = (old.as_path(), open_in_order(old, reading)?);
        let new = match new {
            Some(new) => Some((new.as_path(), open_in_order(new, reading)?)),
            None => None,
        };
        let new = new.as_ref().map(|(path, dump)| (*path, dump));
        compare(&options, (old.0, &old.1), new, &sheet)
    }

    /// Compares each of several dumps with the one before it.
    fn each(&self, options: &DiffOptions) -> Result<()> {
        let mut folders = self.dumps.iter();
        if let Some(folder) = folders.find(|path| Argument::of(path) == Argument::Folder) {
            let what = format!(
                "{}: diff compares each dump with the one before it, and a folder does not say which \
                 that is; name the dumps in their order, or give a pattern or a list",
                escaped(&folder.display().to_string())
            );
            return Err(Usage(what).into());
        }
        refuse_standard_input(&self.dumps)?;
        let given = GivenFiles::find(&self.dumps);
        if given.failed.is_empty() && given.files.len() < 2 {
            let what = "diff of a pattern or a list compares each dump with the one before it, and \
                        there is one only; name the dump to compare two of its snapshots";
            return Err(Usage(what.into()).into());
        }
        let reads: Vec<&Path> = given.files.iter().map(|file| file.path.as_path()).collect();
        self.form.check(&reads)?;
        // Answers of threads: a bar for each file would be too many.
        let quiet = ReadingArgs {
            progress: When::Never,
            ..self.form.page.reading
        };
        let before = |file: &FleetFile| {
            let mut files = given.files.iter();
            let place = files.position(|one| std::ptr::eq(one, file)).unwrap_or(0);
            given.files[place.saturating_sub(1)].path.as_path()
        };
        let question = Question {
            noun: ["comparison", "comparisons"],
            subject: |file: &FleetFile| {
                let name = |path: &Path| path.display().to_string();
                Subject::Change(name(before(file)), name(&file.path))
            },
            answer: |file: &FleetFile, new: DumpFile, sheet: &Sheet<'_>| {
                let path = before(file);
                let old = open_in_order(path, quiet)?;
                let new = Opened::of(&file.path, new.in_order()?, None)?;
                let written = compare(options, (path, &old), Some((&file.path, &new)), sheet);
                old.close();
                new.close();
                written
            },
        };
        let asked = given.files.get(1..).unwrap_or_default();
        ask_each(&given, asked, self.many, self.form.destination(), question)?;
        Ok(())
    }
}

/// Writes what changed in a dump, or from it to a newer one.
fn compare(
    options: &DiffOptions,
    (old_path, old): (&Path, &Opened),
    new: Option<(&Path, &Opened)>,
    sheet: &Sheet<'_>,
) -> Result<()> {
    let new_path = new.map(|(path, _)| path);
    let compared = match new {
        Some((_, new)) => old.ask(|old| Diff::of_dumps(old, &*new.file, options)),
        None => old.ask(|old| Diff::of_snapshots(old, options)),
    };
    let mut found = compared.map_err(|error| naming_the_file(error, old_path, new_path))?;
    let names = |new: &Path| [old_path, new].map(|path| path.display().to_string());
    found.files = new_path.map(names);
    match sheet.is_alone() {
        true => sheet.write(&found)?,
        false => sheet.write(&DiffOfSeveral(&found))?,
    }
    if found.referents_cut {
        warn(REFERENTS_CUT);
    }
    match new {
        Some((_, new)) => remarks::on_filter_of_two(&options.filter, old, new)?,
        None => remarks::on_filter(&options.filter, old)?,
    }
    if found.from == found.to && new.is_none() {
        note("both are the same snapshot, so nothing can have changed");
    } else if found.total.figures.born.is_none() && new.is_none() {
        note("the second snapshot is the earlier one, so no object is born or dies between them");
    }
    Ok(())
}

/// Names the file that something is missing in.
fn naming_the_file(error: anyhow::Error, dump: &Path, newer: Option<&Path>) -> anyhow::Error {
    match error.downcast_ref() {
        Some(ctstats::Error::Incomparable { what, in_newer }) => {
            let newer = newer.filter(|_| *in_newer);
            let path = newer.unwrap_or(dump).display().to_string();
            anyhow::anyhow!("{}: {what}", escaped(&path))
        }
        _ => error,
    }
}
