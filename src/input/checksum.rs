//! Which checksum packed data has over what is packed. Gzip always has one; zstd and xz leave
//! it to who packs, for each frame or stream.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// A checksum of content, which the decoder compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Checksum {
    Crc32 = 1,
    Crc64,
    Sha256,
    Xxh64,
}

impl Checksum {
    const ALL: [(Checksum, &'static str); 4] = [
        (Checksum::Crc32, "crc32"),
        (Checksum::Crc64, "crc64"),
        (Checksum::Sha256, "sha256"),
        (Checksum::Xxh64, "xxh64"),
    ];

    /// Its usual name.
    pub(crate) fn name(self) -> &'static str {
        Checksum::ALL[self as usize - 1].1
    }
}

/// The checksums of the parts seen so far. Clones count together, so that it can be asked while
/// another thread reads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Checksums(Arc<AtomicU8>);

/// No part was seen.
const NOTHING: u8 = 0;

/// Some part has none, whatever the others have.
const MISSING: u8 = u8::MAX;

impl Checksums {
    /// Counts a part in.
    pub(super) fn add(&self, checksum: Option<Checksum>) {
        let code = checksum.map_or(MISSING, |checksum| checksum as u8);
        // The largest stays, and that is the one that stands for none.
        self.0.fetch_max(code, Ordering::Relaxed);
    }

    /// The checksum that every part has (one of them, where they differ); `None` if some part
    /// has none, or if there is no part.
    pub(crate) fn of_all(&self) -> Option<Checksum> {
        match self.0.load(Ordering::Relaxed) {
            NOTHING | MISSING => None,
            code => Some(Checksum::ALL[usize::from(code) - 1].0),
        }
    }
}
