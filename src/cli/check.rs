//! `ctstats check`: a gate for automated tests.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, ValueEnum};

use ctstats::analysis::check::{Check, Quantity, Threshold, Unused, load, no_leaks};
use ctstats::analysis::leaks::{Confidence, LeaksOptions};
use ctstats::report::check;
use ctstats::select::Filter;
use ctstats::units::escaped;

use super::known::{KnownArgs, on_idle};
use super::{
    FilterArgs, Input, Opened, PageArgs, Usage, inputs, is_closed_pipe, note, open_in_order,
    remarks,
};

const EXAMPLES: &str = "\
Examples:
  No more than 100 carts may be alive at the end of a test:
    ctstats check dump.dat --max-alive shop.Cart=100
  No class above 10 MiB, those of the cache above 200 MiB, and nothing that looks like a leak:
    ctstats check dump.dat --max-bytes '*=10MiB' --max-bytes 'cache.*=200MiB' --no-leaks
  Nothing that looks like a leak but what is known and accepted:
    ctstats check dump.dat --no-leaks --known known.toml --min-growth 16KiB
  No class may grow by more than 5 % from one release to the next:
    ctstats check new.dat --baseline old.dat --max-growth '*=5%'
  The same from a file, for the pages of a CI:
    ctstats check dump.dat --limits limits.toml --format junit -o ctstats.xml

A file of limits:
  no_leaks = true              # or \"possible\", as --no-leaks=possible
  [max_alive]
  \"shop.Cart\" = 100
  [max_bytes]
  \"*\" = \"10MiB\"
  [max_growth]
  \"shop.*\" = \"5%\"

CLASS is the registered name of a class, or a part of such names, or a pattern for whole names in
which * stands for any text. A class is compared with the limit that spells out most of its name.
Of equally good limits the last one counts; limits from the command line follow those of the file.
Leaks that are known (ctstats leaks --help shows such a file) and classes to ignore are no breaches;
they are counted and named.
A limit that fits no class cannot be checked: this is an error, unless --allow-missing is given.

Exit status: 0 all limits hold, 3 some do not, 1 the dump or a file cannot be read or a limit
cannot be checked, 2 wrong usage.";

/// Check a dump against limits, and fail if it breaks one: a gate for automated tests.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    input: Input,
    /// At most N instances of CLASS alive at the end of the recording. Repeatable.
    #[arg(long, value_name = "CLASS=N", allow_hyphen_values = true, value_parser = |text: &str| Threshold::parse(Quantity::MaxAlive, text), help_heading = LIMITS)]
    max_alive: Vec<Threshold>,
    /// At most SIZE bytes of CLASS at the last snapshot: 4096, 10MiB. Repeatable.
    #[arg(long, value_name = "CLASS=SIZE", allow_hyphen_values = true, value_parser = |text: &str| Threshold::parse(Quantity::MaxBytes, text), help_heading = LIMITS)]
    max_bytes: Vec<Threshold>,
    /// At most this growth in bytes from the first snapshot to the last: 5%, 1MiB. Repeatable.
    #[arg(long, value_name = "CLASS=5%|SIZE", allow_hyphen_values = true, value_parser = |text: &str| Threshold::parse(Quantity::MaxGrowth, text), help_heading = LIMITS)]
    max_growth: Vec<Threshold>,
    /// Measure growth from the last snapshot of OLD, another dump.
    #[arg(long, value_name = "OLD", help_heading = LIMITS)]
    baseline: Option<PathBuf>,
    /// No class may look like a leak to `ctstats leaks`: by default no likely one, with =possible
    /// not even a possible one.
    #[arg(long, value_enum, value_name = "FROM", num_args = 0..=1, require_equals = true,
        default_missing_value = "likely", help_heading = LIMITS)]
    no_leaks: Option<From>,
    #[command(flatten, next_help_heading = LIMITS)]
    known: KnownArgs,
    /// Limits from a TOML file.
    #[arg(long, value_name = "FILE.toml", help_heading = LIMITS)]
    limits: Option<PathBuf>,
    /// Skip limits of classes that the dump does not have, or that the filter leaves out.
    #[arg(long, help_heading = LIMITS)]
    allow_missing: bool,
    #[command(flatten)]
    filter: FilterArgs,
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = Form::Table, help_heading = super::OUTPUT)]
    format: Form,
    #[command(flatten, next_help_heading = super::OUTPUT)]
    page: PageArgs,
}

const LIMITS: &str = "Limits";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum From {
    Likely,
    Possible,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A line for each breach, for people
    Table,
    /// One document with a versioned `schema`, with all that was checked
    Json,
    /// XML with a test case for each class and limit
    Junit,
    /// Workflow commands that GitHub shows as annotations
    Github,
}

/// Some limits do not hold. All is said already; only the exit status is left.
#[derive(Debug)]
pub(crate) struct Breach;

impl std::fmt::Display for Breach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("some limits do not hold")
    }
}

impl std::error::Error for Breach {}

impl CheckArgs {
    pub(super) fn run(self) -> Result<()> {
        let input = &self.input.dump;
        let reads = inputs([
            Some(input),
            self.baseline.as_ref(),
            self.limits.as_ref(),
            self.known.known.as_ref(),
        ])?;
        self.page.refuse_losses(&reads)?;
        let thresholds = self.thresholds()?;
        let options = LeaksOptions {
            filter: self.filter.filter(),
            min_growth_bytes: self.known.min_growth.unwrap_or(0),
            known: self.known.accepted()?,
            ..LeaksOptions::default()
        };
        let filter = &options.filter;
        let open = |path: &Path| open_in_order(path, self.page.reading);
        let dump = open(input)?;
        let baseline = self.baseline.as_deref().map(open).transpose()?;
        let old = baseline.as_ref().map(|baseline| &*baseline.file);
        // The error names the file that something is missing in.
        let of = match Check::of(&*dump.file, old, &thresholds, &options) {
            Err(ctstats::Error::Unchecked { what, in_baseline }) => {
                let baseline = self.baseline.as_ref().filter(|_| in_baseline);
                let path = baseline.unwrap_or(input).display().to_string();
                anyhow::bail!("{}: {what}", escaped(&path))
            }
            of => of?,
        };
        let mut out = self.page.open()?;
        let style = self.page.style(&out);
        let written = match self.format {
            Form::Table => check::table(&mut out, &of, style),
            Form::Json => check::json(&mut out, &of),
            Form::Junit => {
                let name = input.display().to_string();
                check::junit(&mut out, &of, &name, self.allow_missing)
            }
            Form::Github => check::github(&mut out, &of, self.allow_missing),
        };
        match written
            .map_err(Into::into)
            .and_then(|()| self.page.finish(out))
        {
            // `ctstats check … | head` goes on being a gate.
            Err(error) if is_closed_pipe(&error) => {}
            written => written?,
        }
        on_idle(&of.idle);
        let uncheckable: Vec<&Unused> = of.uncheckable().collect();
        if !uncheckable.is_empty() && !self.allow_missing {
            let path = input.display().to_string();
            let why = of_no_class(&uncheckable, filter, &dump)?;
            anyhow::bail!(
                "{}: {} (--allow-missing passes over such limits)",
                escaped(&path),
                check::uncheckable(&why)
            );
        }
        // GitHub has them among the annotations.
        if !of.unused.is_empty() && self.format != Form::Github {
            let unused: Vec<&Unused> = of.unused.iter().collect();
            let why = of_no_class(&unused, filter, &dump)?;
            note(&format!("not checked: {why}"));
        }
        if of.breaches > 0 {
            return Err(Breach.into());
        }
        Ok(())
    }

    /// The limits of the file and of the command line, in this order.
    fn thresholds(&self) -> Result<Vec<Threshold>> {
        let mut thresholds = match &self.limits {
            Some(path) => load(path)?,
            None => Vec::new(),
        };
        let typed = [&self.max_alive, &self.max_bytes, &self.max_growth];
        thresholds.extend(typed.into_iter().flatten().cloned());
        thresholds.extend(self.no_leaks.map(|from| {
            no_leaks(match from {
                From::Likely => Confidence::Likely,
                From::Possible => Confidence::Possible,
            })
        }));
        let has = |quantity| {
            let mut all = thresholds.iter();
            all.any(|threshold| threshold.quantity == quantity)
        };
        let has_growth = has(Quantity::MaxGrowth);
        if let Some(flag) = self.known.given()
            && !thresholds.is_empty()
            && !has(Quantity::NoLeaks)
        {
            let what = format!("{flag} is about leaks; give --no-leaks too");
            return Err(Usage(what).into());
        }
        if thresholds.is_empty() || self.baseline.is_some() && !has_growth {
            let what = match &self.limits {
                _ if !thresholds.is_empty() => {
                    "a baseline is what growth is from; give --max-growth too".to_owned()
                }
                Some(path) => format!(
                    "{}: no limits in {}",
                    check::NOTHING_TO_CHECK,
                    escaped(&path.display().to_string())
                ),
                None => format!(
                    "{}; give --max-alive, --max-bytes, --max-growth, --no-leaks or --limits",
                    check::NOTHING_TO_CHECK
                ),
            };
            return Err(Usage(what).into());
        }
        Ok(thresholds)
    }
}

/// Why some limits could not be checked: what the filter leaves, or else the limits one by one.
fn of_no_class(unused: &[&Unused], filter: &Filter, dump: &Opened) -> Result<String> {
    if !filter.is_empty() {
        let (unmatched, some_pass) = dump.ask(|file| filter.unmatched(file))?;
        if !some_pass {
            return Ok(remarks::nothing_passes(filter, &unmatched));
        }
    }
    Ok(check::of_no_classes(unused))
}
