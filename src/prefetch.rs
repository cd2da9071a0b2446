//! Reading ahead on a second thread, so that the disk or the decompressor works while
//! the loader does.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// How much is read at a time.
const BLOCK_BYTES: usize = 256 << 10;

/// How many blocks may wait to be used.
const BLOCKS_AHEAD: usize = 4;

/// The reading end: gives what the other thread read.
pub(crate) struct Prefetch {
    filled: Receiver<io::Result<Vec<u8>>>,
    /// Used blocks go back, so that none is allocated twice.
    used: SyncSender<Vec<u8>>,
    block: Vec<u8>,
    position: usize,
    at_end: bool,
}

impl Prefetch {
    /// Starts to read. The thread ends with its input, or at its next block once this is dropped.
    pub(crate) fn start(source: impl Read + Send + 'static) -> io::Result<Self> {
        let (filled_sender, filled) = sync_channel(BLOCKS_AHEAD);
        let (used, used_receiver) = sync_channel(BLOCKS_AHEAD + 2);
        thread::Builder::new()
            .name("read-ahead".into())
            .spawn(move || read_blocks(source, &filled_sender, &used_receiver))?;
        Ok(Prefetch {
            filled,
            used,
            block: Vec::new(),
            position: 0,
            at_end: false,
        })
    }
}

fn read_blocks(
    mut source: impl Read,
    filled: &SyncSender<io::Result<Vec<u8>>>,
    used: &Receiver<Vec<u8>>,
) {
    loop {
        let mut block = used.try_recv().unwrap_or_default();
        block.resize(BLOCK_BYTES, 0);
        let read = loop {
            match source.read(&mut block) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let outcome = read.map(|length| {
            block.truncate(length);
            block
        });
        let last = outcome.as_ref().map_or(true, |block| block.is_empty());
        if filled.send(outcome).is_err() || last {
            return;
        }
    }
}

impl Read for Prefetch {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.position == self.block.len() && !self.at_end {
            let used = std::mem::take(&mut self.block);
            // With no room for it the block is freed, which is as well.
            let _ = self.used.try_send(used);
            self.position = 0;
            match self.filled.recv() {
                Ok(Ok(block)) => self.block = block,
                Ok(Err(error)) => {
                    self.at_end = true;
                    return Err(error);
                }
                Err(_) => {}
            }
            self.at_end = self.block.is_empty();
        }
        let length = into.len().min(self.block.len() - self.position);
        into[..length].copy_from_slice(&self.block[self.position..self.position + length]);
        self.position += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_ahead_is_what_is_there() {
        let bytes: Vec<u8> = (0..3 * BLOCK_BYTES + 17).map(|n| (n % 251) as u8).collect();
        let mut read = Vec::new();
        Prefetch::start(io::Cursor::new(bytes.clone()))
            .unwrap()
            .read_to_end(&mut read)
            .unwrap();
        assert!(read == bytes);
    }

    #[test]
    fn an_error_arrives_after_what_was_read_before_it() {
        struct Broken(bool);
        impl Read for Broken {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                if std::mem::replace(&mut self.0, true) {
                    return Err(io::Error::other("gone"));
                }
                into[0] = 7;
                Ok(1)
            }
        }
        let mut prefetch = Prefetch::start(Broken(false)).unwrap();
        let mut read = Vec::new();
        assert_eq!(
            prefetch.read_to_end(&mut read).unwrap_err().to_string(),
            "gone"
        );
        assert_eq!(read, [7]);
    }
}
