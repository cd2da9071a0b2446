//! `ctstats count`: how many objects there are.

use anyhow::Result;
use clap::Args;

use ctstats::analysis::count::{Count, CountOptions};

use super::{FilterArgs, Input, SheetArgs, open_in_order, remarks};

/// Count the objects that pass a filter.
#[derive(Debug, Args)]
pub(super) struct CountArgs {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    form: SheetArgs,
}

impl CountArgs {
    pub(super) fn run(self) -> Result<()> {
        let filter = self.filter.filter();
        self.form.check(&[&self.input.dump])?;
        let dump = open_in_order(&self.input.dump, self.form.page.reading)?;
        let options = CountOptions { filter };
        self.form
            .write(&dump.ask(|file| Count::of(file, &options))?)?;
        remarks::on_filter(&options.filter, &dump)
    }
}
