//! `ctstats info`: what a dump is.

use anyhow::Result;
use clap::{Args, ValueEnum};

use ctstats::analysis::info::Info;
use ctstats::output::Output;
use ctstats::report::info;

use super::{Color, Input, ProgressArgs, byte_style, load, remarks};

const EXAMPLES: &str = "\
Examples:
  What is in it, and what the next recording should have:
    ctstats info dump.dat
  How many objects were alive, for a script:
    ctstats info dump.dat --format json | jq .alive";

/// Say what a dump is: format, size, counts, time span, peak, and what was not recorded.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct InfoArgs {
    #[command(flatten)]
    input: Input,
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = InfoForm::Table)]
    format: InfoForm,
    /// Write exact bytes instead of KiB and MiB.
    #[arg(long)]
    bytes: bool,
    /// When to colour. NO_COLOR turns auto into never.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    color: Color,
    #[command(flatten)]
    progress: ProgressArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum InfoForm {
    /// Lines for people
    Table,
    /// One object with a versioned `schema`
    Json,
}

impl InfoArgs {
    pub(super) fn run(self) -> Result<()> {
        let (dump, ()) = load(&self.input.dump, self.progress, |file| {
            Ok((file.outline()?, ()))
        })?;
        let info = Info::of(&dump);
        let clock = dump.clock_fault();
        let mut out = Output::open(None)?;
        match self.format {
            InfoForm::Table => {
                let style = byte_style(self.bytes);
                let paint = self.color.paint(&out);
                info::table(&mut out, &info, style, paint)?;
            }
            InfoForm::Json => info::json(&mut out, &info)?,
        }
        out.finish()?;
        if let Some(fault) = clock {
            remarks::on_clock(&self.input.dump, &fault);
        }
        Ok(())
    }
}
