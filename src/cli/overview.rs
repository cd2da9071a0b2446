//! `ctstats overview`, and what `ctstats DUMP` shows: a dump at a glance.

use std::mem::ManuallyDrop;

use anyhow::Result;
use clap::{Args, ValueEnum};

use ctstats::analysis::overview::{Overview, OverviewOptions};
use ctstats::report::overview;

use super::known::{KnownArgs, on_idle};
use super::{Input, OUTPUT, PageArgs, SELECTION, byte_style, inputs, open_in_order};

const EXAMPLES: &str = "\
Examples:
  A screen about a dump; without a command a file means the same:
    ctstats overview dump.dat
    ctstats dump.dat
  A file that is named like a command:
    ctstats ./leaks
  How many classes are likely to leak, for a script:
    ctstats overview dump.dat --format json | jq .likely";

/// Show a dump in one screen: what it is, the verdict, the largest classes, what to run next.
///
/// It fits 24 lines of 80 columns: the classes with the largest bytes at their own peaks, each with
/// its verdict, as many as there is room for; the others in one row; and the three lines that
/// created most. Without a command `ctstats DUMP` shows the same.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct OverviewArgs {
    #[command(flatten)]
    input: Input,
    #[command(flatten, next_help_heading = SELECTION)]
    known: KnownArgs,
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = OverviewForm::Table, help_heading = OUTPUT)]
    format: OverviewForm,
    #[command(flatten, next_help_heading = OUTPUT)]
    page: PageArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OverviewForm {
    /// A screen for people
    Table,
    /// One document with a versioned `schema`, with all classes
    Json,
    /// A page for tickets, with ten classes
    Markdown,
}

impl OverviewArgs {
    pub(super) fn run(self) -> Result<()> {
        let (page, path) = (&self.page, &self.input.dump);
        page.refuse_losses(&inputs([Some(path), self.known.known.as_ref()])?)?;
        let options = OverviewOptions {
            min_growth_bytes: self.known.min_growth.unwrap_or(0),
            known: self.known.accepted()?,
        };
        let dump = open_in_order(path, page.reading)?;
        let overview = ManuallyDrop::new(dump.ask(|file| Overview::of(file, &options))?);
        let mut out = page.open()?;
        match self.format {
            OverviewForm::Table => {
                let style = page.style(&out);
                overview::table(&mut out, &overview, path, style)?;
            }
            OverviewForm::Json => overview::json(&mut out, &overview, path)?,
            OverviewForm::Markdown => {
                overview::markdown(&mut out, &overview, path, byte_style(page.bytes))?;
            }
        }
        page.finish(out)?;
        on_idle(&overview.leaks.idle);
        Ok(())
    }
}
