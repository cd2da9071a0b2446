//! `ctstats info`: what a dump is.

use anyhow::Result;
use clap::{Args, ValueEnum};

use ctstats::analysis::info::Info;
use ctstats::report::info;

use super::{Input, PageArgs, open_as_recorded};

const EXAMPLES: &str = "\
Examples:
  What is in it, and what the next recording should have:
    ctstats info dump.dat
  How many objects were alive, for a script:
    ctstats info dump.dat --format json | jq .alive";

/// Say what a dump is: format, size, counts, time span, peak, and traps of the recording.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct InfoArgs {
    #[command(flatten)]
    input: Input,
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = InfoForm::Table)]
    format: InfoForm,
    #[command(flatten)]
    page: PageArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum InfoForm {
    /// Lines for people
    Table,
    /// One object with a versioned `schema`
    Json,
    /// A table for tickets
    Markdown,
}

impl InfoArgs {
    pub(super) fn run(self) -> Result<()> {
        let page = &self.page;
        page.refuse_losses(&[&self.input.dump])?;
        let dump = open_as_recorded(&self.input.dump, page.reading)?;
        let info = dump.ask(Info::of)?;
        let mut out = page.open()?;
        let style = page.style(&out);
        match self.format {
            InfoForm::Table => info::table(&mut out, &info, style)?,
            InfoForm::Json => info::json(&mut out, &info)?,
            InfoForm::Markdown => info::markdown(&mut out, &info, style.bytes)?,
        }
        page.finish(out)
    }
}
