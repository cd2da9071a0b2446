//! Writes where the objects that are alive were created as folded stacks, for flame graphs.
//!
//!     cargo run --example folded -- dump.dat | inferno-flamegraph > graph.svg

#![allow(clippy::print_stdout)]

use ctstats::DumpFile;
use ctstats::analysis::sites::SitesOptions;
use ctstats::analysis::stacks::{Stacks, Weight};
use ctstats::report::folded;
use ctstats::select::Filter;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1);
    let file = DumpFile::open(path.as_deref().unwrap_or("fixtures/shop.dump"))?;
    let alive = SitesOptions {
        filter: Filter {
            alive: Some(true),
            ..Filter::default()
        },
        ..SitesOptions::default()
    };
    let stacks = Stacks::of(&file, &alive, Weight::Bytes)?;
    folded::write(&mut std::io::stdout().lock(), &stacks)?;
    Ok(())
}
