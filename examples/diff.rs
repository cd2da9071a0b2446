//! Compares the last snapshots of two dumps, class by class.
//!
//!     cargo run --example diff -- before.dat after.dat

#![allow(clippy::print_stdout)]

use ctstats::Dump;
use ctstats::analysis::diff::{Diff, DiffOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut paths = std::env::args().skip(1);
    let old = paths
        .next()
        .unwrap_or_else(|| "fixtures/checkpoint_early.dump".into());
    let new = paths
        .next()
        .unwrap_or_else(|| "fixtures/checkpoint_late.dump".into());
    let (old, new) = (Dump::load(old)?, Dump::load(new)?);
    let diff = Diff::of_dumps(&old, &new, &DiffOptions::default())?;
    for class in &diff.classes {
        let figures = &class.figures;
        println!(
            "{}: {:+} instances, {:+} bytes",
            class.class, figures.active_change, figures.bytes_change
        );
    }
    Ok(())
}
