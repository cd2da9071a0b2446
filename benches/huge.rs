//! Writes a dump too large for Pympler to write: ten million objects take a Python process
//! more than 40 GB.
//!
//!     cargo bench --bench huge -- OUT [OBJECTS [SNAPSHOTS]]

#![expect(clippy::print_stderr, reason = "a bench prints")]

mod dump;

use std::fs::File;
use std::io::{BufWriter, Write};

fn main() -> std::io::Result<()> {
    // Cargo adds `--bench`.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let Some(path) = arguments.first() else {
        eprintln!("no file given: cargo bench --bench huge -- OUT [OBJECTS [SNAPSHOTS]]");
        return Ok(());
    };
    let number = |index: usize, default| {
        let argument = arguments.get(index);
        argument.map_or(default, |text| text.parse().expect("it is a number"))
    };
    let shape = dump::Shape {
        objects: number(1, 10_000_000),
        snapshots: number(2, 4),
        referents: 0,
    };
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    dump::write_to(&mut out, &shape, false)?;
    out.flush()
}
