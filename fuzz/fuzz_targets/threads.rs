//! Any bytes come to the same with one thread and with several: the same native file, or the same
//! refusal.

#![no_main]

use std::num::NonZeroUsize;
use std::path::Path;

use ctstats::{ByteCount, Damage, DumpFile, threads};
use libfuzzer_sys::fuzz_target;

/// What a file comes to.
fn loaded(path: &Path, damage: Damage, thread_count: usize) -> Result<Vec<u8>, String> {
    threads::set_limit(NonZeroUsize::new(thread_count).expect("it is not zero"));
    let file = DumpFile::open_with(path, &ByteCount::default(), damage);
    let dump = file.and_then(DumpFile::into_whole).map_err(|error| error.to_string())?;
    let mut native = Vec::new();
    dump.dump_stats_to(&mut native).expect("a vector takes everything");
    Ok(native)
}

fuzz_target!(|bytes: &[u8]| {
    let path = std::env::temp_dir().join(format!("ctstats-fuzz-threads-{}", std::process::id()));
    std::fs::write(&path, bytes).expect("there is room for it");
    for damage in [Damage::Refuse, Damage::Salvage] {
        let alone = loaded(&path, damage, 1);
        assert_eq!(alone, loaded(&path, damage, 3));
    }
});
