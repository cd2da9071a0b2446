//! `ctstats summary`: the classes of each snapshot, or over all of them, or how long their objects
//! live.

use std::path::Path;
use std::str::FromStr;

use anyhow::Result;
use clap::{Args, ValueEnum};

use ctstats::analysis::lifetimes::{Lifetimes, LifetimesOptions};
use ctstats::analysis::summary::{
    ClassSortKey, ShareOf, SnapshotSelector, Summary, SummaryOptions,
};
use ctstats::analysis::trends::{TrendSortKey, Trends, TrendsOptions};
use ctstats::{DumpFile, Rules, Source};

use super::fleet::FleetArgs;
use super::several::{Dumps, DumpsArgs, Prepare};
use super::sheet::Sheet;
use super::typed::TypedLimit;
use super::{
    FilterArgs, Form, FormArgs, LONG_TEXTS_CUT, Opened, SELECTION, Usage, note, remarks, warn,
};

const EXAMPLES: &str = "\
Examples:
  All snapshots, classes by name:
    ctstats summary dump.dat
  The five largest classes when memory was highest:
    ctstats summary dump.dat --snapshot peak --sort size --limit 5
  First against last, as CSV:
    ctstats summary dump.dat --snapshot first --snapshot last --format csv
  Which classes grew, a row each over all snapshots:
    ctstats summary dump.dat --trend --sort growth
  Which classes come and go, and how long their objects live:
    ctstats summary dump.dat --lifetimes
  The same class in the dumps of all workers, as one CSV:
    ctstats summary 'dumps/*.dat' --trend --class shop.Cart --format csv";

/// More lines than anybody reads.
const MANY_LINES: usize = 200;

/// Print the classes of each snapshot: active instances, sum, average, share.
///
/// The share is of the tracked total of the snapshot, or of what --share-of names. An object is
/// active if it was born before the snapshot and had not died by then.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SummaryArgs {
    #[command(flatten)]
    dumps: DumpsArgs,
    /// Only this snapshot: its number from 0, -1 for the last, its description, first, last
    /// or peak. Repeatable.
    #[arg(long, value_name = "SELECTOR", allow_hyphen_values = true, help_heading = SELECTION)]
    snapshot: Vec<SnapshotSelector>,
    /// Instead of the snapshots tell of each class what was created, is alive and died, how
    /// many die each second, at which age, and how old the survivors are.
    #[arg(long, conflicts_with_all = ["snapshot", "sort", "reverse"], help_heading = SELECTION)]
    lifetimes: bool,
    /// Instead of the snapshots tell of each class in one row what it held at the first snapshot, at
    /// its own peak and at the last: instances and bytes, each with a sparkline.
    #[arg(long, conflicts_with_all = ["snapshot", "lifetimes"], help_heading = SELECTION)]
    trend: bool,
    /// Sort keys, comma-separated or repeated: classname, size, active, average, share.
    /// Figures sort descending. Default: classname. With --trend: classname, size and active (at the
    /// class's own peak), growth (in bytes); default: size.
    #[arg(long, value_name = "KEYS", value_delimiter = ',', help_heading = SELECTION)]
    sort: Vec<TypedKey>,
    /// Reverse the sorted order.
    #[arg(long, help_heading = SELECTION)]
    reverse: bool,
    /// What shares are of [default: tracked]. The pympler form has its own rule.
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with_all = ["lifetimes", "trend"],
        help_heading = SELECTION)]
    share_of: Option<Of>,
    #[command(flatten)]
    filter: FilterArgs,
    /// Keep the first N classes of each snapshot, or of the trend, and fold the others into one
    /// row; of lifetimes those with most objects.
    #[arg(long, value_name = "N|0.25|25%", allow_negative_numbers = true)]
    limit: Option<TypedLimit>,
    #[command(flatten)]
    many: FleetArgs,
    #[command(flatten)]
    form: FormArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Of {
    /// The tracked total of the snapshot
    Tracked,
    /// The process's resident size
    Resident,
    /// The process's virtual size
    Virtual,
    /// The snapshot's asizeof total
    Asizeof,
}

/// A sort key of snapshots, or of the trend.
#[derive(Clone, Copy, Debug)]
enum TypedKey {
    /// Of snapshots, and some of them of the trend too.
    OfClass(ClassSortKey),
    /// Of the trend only.
    Growth,
}

impl FromStr for TypedKey {
    type Err = ctstats::Error;

    fn from_str(text: &str) -> Result<Self, ctstats::Error> {
        match text {
            "growth" => Ok(TypedKey::Growth),
            text => text.parse().map(TypedKey::OfClass),
        }
    }
}

impl TypedKey {
    fn of_snapshots(self) -> Result<ClassSortKey> {
        match self {
            TypedKey::OfClass(key) => Ok(key),
            TypedKey::Growth => {
                let what = "--sort growth is about all snapshots; add --trend";
                Err(Usage(what.into()).into())
            }
        }
    }

    fn of_trend(self) -> Result<TrendSortKey> {
        match self {
            TypedKey::OfClass(ClassSortKey::ClassName) => Ok(TrendSortKey::ClassName),
            TypedKey::OfClass(ClassSortKey::Size) => Ok(TrendSortKey::Size),
            TypedKey::OfClass(ClassSortKey::Active) => Ok(TrendSortKey::Active),
            TypedKey::OfClass(ClassSortKey::Average | ClassSortKey::Share) => {
                let what = "--trend has no averages and shares; it is sorted by classname, size, \
                            active or growth";
                Err(Usage(what.into()).into())
            }
            TypedKey::Growth => Ok(TrendSortKey::Growth),
        }
    }
}

impl SummaryArgs {
    pub(super) fn run(self) -> Result<()> {
        let dumps = self.dumps.find(self.many)?;
        self.form.check(&dumps.reads(None)?)?;
        if self.lifetimes {
            return self.lifetimes(&dumps);
        }
        if self.trend {
            return self.trend(&dumps);
        }
        if self.share_of.is_some() && self.form.format == Form::Pympler {
            let what =
                "Pympler's shares are of the process's virtual size; choose another --format";
            return Err(Usage(what.into()).into());
        }
        let sort = self.sort.iter().map(|key| key.of_snapshots());
        let options = SummaryOptions {
            filter: self.filter.filter(),
            sort: sort.collect::<Result<_>>()?,
            reverse: self.reverse,
            limit: self.limit.clone().map(TypedLimit::get),
            snapshots: self.snapshot.clone(),
            rules: self.form.rules(),
            share_of: match self.share_of {
                None | Some(Of::Tracked) => ShareOf::Tracked,
                Some(Of::Resident) => ShareOf::Resident,
                Some(Of::Virtual) => ShareOf::Virtual,
                Some(Of::Asizeof) => ShareOf::Asizeof,
            },
        };
        let prepare: Prepare = match options.rules {
            // What Pympler prints follows from the times as they were recorded.
            Rules::Pympler => Ok,
            Rules::Documented => DumpFile::in_order,
        };
        let (format, is_terminal) = (self.form.format, self.form.page.is_terminal());
        self.each(&dumps, prepare, |dump, sheet| {
            let summary = dump.ask(|file| Summary::of(file, options.clone()))?;
            sheet.write_or(&summary, |pympler| pympler.summary(&summary))?;
            // The pympler form writes what Pympler does.
            if summary.texts_cut() && format != Form::Pympler {
                warn(LONG_TEXTS_CUT);
            }
            remarks::on_filter(&options.filter, dump)?;
            let is_long = summary.least_lines() > MANY_LINES && summary.snapshot_count() > 1;
            if is_long && format == Form::Table && is_terminal && sheet.is_alone() {
                note("this is more than 200 lines; --trend shows one row a class");
            }
            remark_on_snapshots(dump)
        })
    }

    /// Answers each dump.
    fn each(
        &self,
        dumps: &Dumps<'_>,
        prepare: Prepare,
        answer: impl Fn(&Opened, &Sheet<'_>) -> Result<()> + Sync,
    ) -> Result<()> {
        let answer = |_: &Path, dump: &Opened, sheet: &Sheet<'_>| answer(dump, sheet);
        dumps.answer(self.form.destination(), prepare, answer)?;
        Ok(())
    }

    fn trend(&self, dumps: &Dumps<'_>) -> Result<()> {
        if self.form.sheet_form().is_none() {
            let what = "Pympler prints no trend; choose another --format";
            return Err(Usage(what.into()).into());
        }
        let sort = self.sort.iter().map(|key| key.of_trend());
        let options = TrendsOptions {
            filter: self.filter.filter(),
            sort: sort.collect::<Result<_>>()?,
            reverse: self.reverse,
            limit: self.limit.clone().map(TypedLimit::get),
        };
        self.each(dumps, DumpFile::in_order, |dump, sheet| {
            sheet.write(&dump.ask(|file| Trends::of(file, &options))?)?;
            remarks::on_filter(&options.filter, dump)?;
            remark_on_snapshots(dump)
        })
    }

    fn lifetimes(&self, dumps: &Dumps<'_>) -> Result<()> {
        if self.form.sheet_form().is_none() {
            return Err(
                Usage("Pympler prints no lifetimes; choose another --format".into()).into(),
            );
        }
        let options = LifetimesOptions {
            filter: self.filter.filter(),
            limit: self.limit.clone().map(TypedLimit::get),
        };
        self.each(dumps, DumpFile::in_order, |dump, sheet| {
            sheet.write(&dump.ask(|file| Lifetimes::of(file, &options))?)?;
            remarks::on_filter(&options.filter, dump)
        })
    }
}

fn remark_on_snapshots(dump: &Opened) -> Result<()> {
    if dump.ask(|file| file.digest())?.contents.snapshots().len() == 0 {
        note("the dump has no snapshots; tracker.create_snapshot() records one");
    }
    Ok(())
}
