//! Says which classes may leak, and where their survivors were created.
//!
//!     cargo run --example leaks -- dump.dat

#![allow(clippy::print_stdout)]

use ctstats::DumpFile;
use ctstats::analysis::leaks::{Leaks, LeaksOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1);
    // A native file is read as far as the question needs it.
    let file = DumpFile::open(path.as_deref().unwrap_or("fixtures/leaky_shop.dump"))?.in_order()?;
    let leaks = Leaks::of(&file, &LeaksOptions::default())?;
    for suspect in &leaks.suspects {
        let verdict = &suspect.class.verdict;
        println!(
            "{}: {:?}, {:?}",
            suspect.class.class, verdict.confidence, verdict.pattern
        );
        for origin in &suspect.kept.origins {
            if let (Some(file), Some(line)) = (origin.file, origin.line) {
                println!("  {} survivors from {file}:{line}", origin.objects);
            }
        }
    }
    println!("{} classes do not look like a leak", leaks.cleared.len());
    Ok(())
}
