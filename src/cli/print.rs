//! `ctstats print`: the objects themselves.

use std::mem::ManuallyDrop;

use anyhow::Result;
use clap::Args;

use ctstats::report::objects::{self, Detail, Objects};
use ctstats::select::{Selection, SortKey};

use super::typed::TypedLimit;
use super::{
    FilterArgs, FormArgs, Input, LONG_TEXTS_CUT, OUTPUT, REFERENTS_CUT, SELECTION, byte_style,
    note, open_as_recorded, remarks, warn,
};

const EXAMPLES: &str = "\
Examples:
  The ten largest objects, each with its trace, sizes and referents:
    ctstats print dump.dat --sort size --limit 10
  One line for each living object of two classes:
    ctstats print dump.dat --class Cart --class Order --alive --brief
  The oldest survivors above 1 MiB, for jq:
    ctstats print dump.dat --alive --min-size 1MiB --sort birth --format ndjson | jq .repr
  Exactly what Pympler would print:
    ctstats print dump.dat --sort size --limit 3 --format pympler";

/// Print tracked objects: class, lifetime, sizes, trace and referents.
///
/// Objects are filtered, sorted and then cut to the limit. Without --sort they come
/// in Pympler's order: classname, tsize, birth, death, name, repr, size.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Print {
    #[command(flatten)]
    input: Input,
    /// Sort keys, comma-separated or repeated: classname, name, birth, death, size (largest),
    /// tsize (at the peak snapshot), repr. Sizes sort descending, the others ascending.
    #[arg(long, value_name = "KEYS", value_delimiter = ',', help_heading = SELECTION)]
    sort: Vec<SortKey>,
    /// Reverse the sorted order.
    #[arg(long, help_heading = SELECTION)]
    reverse: bool,
    #[command(flatten)]
    filter: FilterArgs,
    /// Keep the first N objects, or a share of all tracked ones (0.25 or 25%).
    #[arg(long, value_name = "N|0.25|25%", allow_negative_numbers = true)]
    limit: Option<TypedLimit>,
    /// Only the row of each object, without trace, sizes and referents.
    #[arg(long, help_heading = OUTPUT)]
    brief: bool,
    /// Show the referents at every snapshot, also where they are those of the one before.
    #[arg(long, conflicts_with = "brief", help_heading = OUTPUT)]
    every: bool,
    #[command(flatten)]
    form: FormArgs,
}

impl Print {
    pub(super) fn run(self) -> Result<()> {
        let page = &self.form.page;
        self.form.check(&[&self.input.dump])?;
        let selection = Selection {
            filter: self.filter.filter(),
            sort: self.sort,
            reverse: self.reverse,
            limit: self.limit.map(TypedLimit::get),
            rules: self.form.rules(),
        };
        let dump = open_as_recorded(&self.input.dump, page.reading)?;
        let detail = match (self.brief, self.every) {
            (true, _) => Detail::Rows,
            (_, true) => Detail::EveryTree,
            _ => Detail::Trees,
        };
        let selected = ManuallyDrop::new(dump.ask(|file| selection.select(file))?);
        let objects = Objects::of(&selected, detail);
        let mut is_cut = false;
        self.form.write(&objects, |pympler| {
            is_cut = pympler.objects(&selected)?.cut;
            Ok(())
        })?;
        let left_out = objects.left_out();
        if left_out.referents || is_cut {
            warn(REFERENTS_CUT);
        }
        if left_out.texts {
            warn(LONG_TEXTS_CUT);
        }
        remarks::on_selection(&selection.filter, &selected);
        if selected.objects.len() < selected.all {
            note(&objects::extent(&selected, byte_style(page.bytes)));
        }
        Ok(())
    }
}
