//! Converts a dump into ctstats' own format, without the reprs of the objects.
//!
//!     cargo run --example convert -- dump.dat dump.bin

#![allow(clippy::print_stdout)]

use ctstats::{Dump, Redaction};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut paths = std::env::args().skip(1);
    let from = paths.next().unwrap_or_else(|| "fixtures/shop.dump".into());
    let to = paths.next().unwrap_or_else(|| "shop.bin".into());
    let dump = Dump::load(from)?.redacted(&[Redaction::Repr]);
    dump.dump_stats(&to)?;
    let again = Dump::load(&to)?;
    println!("{to}: {} objects, reprs replaced", again.object_count());
    Ok(())
}
