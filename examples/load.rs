//! Loads a dump and looks at it: how much was tracked, and the largest objects.
//!
//!     cargo run --example load -- dump.dat

#![allow(clippy::print_stdout)]

use ctstats::select::{Limit, Selection, SortKey};
use ctstats::{Dump, Rules};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1);
    let dump = Dump::load(path.as_deref().unwrap_or("fixtures/shop.dump"))?;
    println!(
        "{} objects in {} snapshots",
        dump.object_count(),
        dump.snapshots().len()
    );

    let largest = Selection {
        sort: vec![SortKey::Size],
        limit: Some(Limit::Count(3)),
        ..Selection::default()
    };
    for &id in &largest.select(&dump)?.objects {
        let object = dump.object(id);
        let bytes = object.largest_bytes(Rules::Documented);
        print!("{bytes} bytes: {}", object.class().name());
        match object.trace().and_then(|trace| trace.frames().next_back()) {
            Some(frame) => println!(", created by {}:{}", frame.file(), frame.line()),
            None => println!(),
        }
    }
    Ok(())
}
