//! What tells a content from others: its SHA-256.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

/// The SHA-256 of a content; where it cannot be read, after how many bytes, and why.
pub(crate) fn checksum(mut content: impl Read) -> Result<[u8; 32], (u64, io::Error)> {
    let (mut sum, mut offset) = (Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 16];
    loop {
        match content.read(&mut buffer) {
            Ok(0) => return Ok(sum.finalize().into()),
            Ok(read) => {
                sum.update(&buffer[..read]);
                offset += read as u64;
            }
            Err(error) => return Err((offset, error)),
        }
    }
}
