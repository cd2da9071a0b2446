//! Any bytes are a dump or an error; what is a dump can be printed in every form.

#![no_main]

mod analyses;

use std::io::sink;

use ctstats::analysis::summary::{Summary, SummaryOptions};
use ctstats::report::objects::{Detail, Objects};
use ctstats::report::{Dialect, Form, JsonLayout, Style, pympler};
use ctstats::select::Selection;
use ctstats::{Damage, Dump, Rules};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let dump = match Dump::read(bytes) {
        Ok(dump) => dump,
        Err(error) => {
            let line = error.to_string();
            assert!(!line.contains(|c: char| c.is_control()), "{line:?}");
            // What is whole of it is a dump like any other.
            match Dump::read_with(bytes, Damage::Salvage) {
                Ok(dump) => dump,
                Err(_) => return,
            }
        }
    };
    let mut native = Vec::new();
    dump.dump_stats_to(&mut native).expect("a vector takes everything");
    Dump::read(&native[..]).expect("what was written is read");
    analyses::analyse(&dump);
    for rules in [Rules::Documented, Rules::Pympler] {
        let selected = Selection { rules, ..Selection::default() }.select(&dump).expect("it is in memory");
        let summary = Summary::of(&dump, SummaryOptions { rules, ..SummaryOptions::default() });
        let Ok(summary) = summary else { panic!("no snapshot was asked for") };
        if rules == Rules::Pympler {
            let mut writer = pympler::Writer::new(sink(), false);
            writer.objects(&selected).expect("a sink takes everything");
            writer.summary(&summary).expect("a sink takes everything");
        } else {
            let objects = Objects::of(&selected, Detail::default());
            let style = Style::default();
            for form in [Form::Table(style), Form::Json(JsonLayout::Lines), Form::Csv(Dialect::Plain), Form::Markdown(style.bytes)] {
                form.write(&mut sink(), &objects).expect("a sink takes everything");
                form.write(&mut sink(), &summary).expect("a sink takes everything");
            }
        }
    }
});
