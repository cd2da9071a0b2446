//! `ctstats html`: the statistics as pages with graphs.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use ctstats::report::html::{self, HtmlOptions, Pages};
use ctstats::{HtmlStats, Source};

use super::known::{KnownArgs, on_idle};
use super::place::{self, Kind};
use super::{
    FilterArgs, Input, OUTPUT, ReadingArgs, SELECTION, Usage, inputs, open_in_order, remarks,
};

const EXAMPLES: &str = "\
Examples:
  profile.html, and profile_files/ with a page for each class:
    ctstats html dump.dat
  One file, to attach to a ticket:
    ctstats html dump.dat -o cart-leak.html --single-file --class Cart
  From a pipe, with the ten thousand largest instances of each class:
    zcat dump.dat.gz | ctstats html - -o report.html --instances 10000";

/// Write the statistics as HTML pages with graphs: what leaks, memory over time, each class.
///
/// The pages need no network and no server: they open from disk. With filters the figures of
/// classes are of the objects that pass; process sizes and tracked totals stay those recorded.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct HtmlArgs {
    #[command(flatten)]
    input: Input,
    /// The page to write. The pages of the classes go into a folder named after it (of
    /// profile.html: profile_files). A report that is there is replaced whole or not at all.
    #[arg(long, short, value_name = "FILE", default_value = "profile.html", help_heading = OUTPUT)]
    output: PathBuf,
    /// Replace the page even if it is a dump, or read-only.
    #[arg(long, help_heading = OUTPUT)]
    force: bool,
    /// The heading [default: ClassTracker Statistics and the dump's name]
    #[arg(long, value_name = "TEXT", help_heading = OUTPUT)]
    title: Option<String>,
    /// Put everything into the one page; with -o - to standard output. Without JavaScript only the
    /// index of such a page shows.
    #[arg(long, help_heading = OUTPUT)]
    single_file: bool,
    /// How many instances of each class to embed, the largest first; the pages say how many
    /// more there are [default: 1000 shared among the suspects and 1000 among all classes, 5 to 250
    /// of each]
    #[arg(long, value_name = "N", help_heading = OUTPUT)]
    instances: Option<usize>,
    #[command(flatten, next_help_heading = OUTPUT)]
    reading: ReadingArgs,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten, next_help_heading = SELECTION)]
    known: KnownArgs,
}

impl HtmlArgs {
    pub(super) fn run(self) -> Result<()> {
        if self.output == Path::new("-") && !self.single_file {
            return Err(Usage(
                "a report in several files cannot go to standard output; \
                 add --single-file, or name a page with -o"
                    .into(),
            )
            .into());
        }
        let input = &self.input.dump;
        let kind = if self.single_file {
            Kind::Report
        } else {
            Kind::Pages
        };
        let reads = inputs([Some(input), self.known.known.as_ref()])?;
        place::refuse_losses(&reads, &[(&self.output, kind)], self.force)?;
        let known = self.known.accepted()?;
        let dump = open_in_order(input, self.reading)?;
        let name = match input.file_name() {
            Some(name) if input != Path::new("-") => {
                format!(": {}", ctstats::units::escaped(&name.to_string_lossy()))
            }
            _ => String::new(),
        };
        let options = HtmlOptions {
            title: self
                .title
                .unwrap_or_else(|| format!("{}{name}", HtmlStats::TITLE)),
            dump: input.clone(),
            command: std::iter::once("ctstats".into())
                .chain(std::env::args_os().skip(1))
                .collect(),
            filter: self.filter.filter(),
            instances: self.instances,
            min_growth_bytes: self.known.min_growth.unwrap_or(0),
            known,
            ..HtmlOptions::default()
        };
        crate::interrupt::leave_nothing_behind();
        let pages = Pages::open(&self.output, self.single_file)?;
        let idle = html::write(pages, dump.ask(|file| file.whole())?, &options)?;
        place::tell(&self.output, kind, "");
        on_idle(&idle);
        remarks::on_filter(&options.filter, &dump)
    }
}
