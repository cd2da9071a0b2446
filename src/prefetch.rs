//! Reading ahead on a second thread, so that the disk or the decompressor works while
//! the loader does. Where no thread can be started nothing is read ahead.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Room at the front of a block, for what the reader has left of the one before.
pub(crate) const HEADROOM_BYTES: usize = 64 << 10;

/// How much is read at a time.
const BLOCK_BYTES: usize = 256 << 10;

/// How many blocks may wait to be used.
const BLOCKS_AHEAD: usize = 4;

/// A stretch of the input: `bytes[HEADROOM_BYTES..end]`.
pub(crate) struct Block {
    pub(crate) bytes: Vec<u8>,
    pub(crate) end: usize,
}

/// The reading end: gives what the other thread read.
pub(crate) struct Prefetch {
    filled: Receiver<io::Result<Block>>,
    /// Used blocks go back, so that none is allocated twice.
    used: SyncSender<Vec<u8>>,
}

impl Prefetch {
    /// Starts to read. The thread ends with its input, or at its next block once this is dropped.
    ///
    /// Gives the source back if no thread can be started.
    pub(crate) fn start<R: Read + Send + 'static>(source: R) -> Result<Self, R> {
        Prefetch::start_on(thread::Builder::new(), source)
    }

    fn start_on<R: Read + Send + 'static>(thread: thread::Builder, source: R) -> Result<Self, R> {
        let (filled_sender, filled) = sync_channel(BLOCKS_AHEAD);
        let (used, used_receiver) = sync_channel(BLOCKS_AHEAD + 2);
        // A thread that does not start keeps nothing of what it was to have.
        let (give, take) = sync_channel(1);
        let read = move || {
            if let Ok(source) = take.recv() {
                read_blocks(source, &filled_sender, &used_receiver);
            }
        };
        match thread.name("read-ahead".into()).spawn(read) {
            Ok(_) => {
                // It waits for this.
                let _ = give.send(source);
                Ok(Prefetch { filled, used })
            }
            Err(_) => Err(source),
        }
    }

    /// The next block; `None` at the end of the input.
    pub(crate) fn next(&mut self) -> io::Result<Option<Block>> {
        self.filled.recv().map_or(Ok(None), |block| block.map(Some))
    }

    /// Gives a block's room back. With no place for it, it is freed, which is as well.
    pub(crate) fn reuse(&mut self, bytes: Vec<u8>) {
        let _ = self.used.try_send(bytes);
    }
}

fn read_blocks(
    mut source: impl Read,
    filled: &SyncSender<io::Result<Block>>,
    used: &Receiver<Vec<u8>>,
) {
    loop {
        let mut bytes = used.try_recv().unwrap_or_default();
        let length = HEADROOM_BYTES + BLOCK_BYTES;
        if let Err(error) = bytes.try_reserve(length.saturating_sub(bytes.len())) {
            let _ = filled.send(Err(error.into()));
            return;
        }
        bytes.resize(length, 0);
        let block = match source.read(&mut bytes[HEADROOM_BYTES..]) {
            Ok(0) => return,
            Ok(length) => Ok(Block {
                bytes,
                end: HEADROOM_BYTES + length,
            }),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let failed = block.is_err();
        if filled.send(block).is_err() || failed {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(source: impl Read + Send + 'static) -> (Vec<u8>, Option<String>) {
        let mut prefetch = Prefetch::start(source)
            .ok()
            .expect("a thread can be started");
        let mut read = Vec::new();
        loop {
            match prefetch.next() {
                Ok(Some(block)) => {
                    read.extend_from_slice(&block.bytes[HEADROOM_BYTES..block.end]);
                    prefetch.reuse(block.bytes);
                }
                Ok(None) => return (read, None),
                Err(error) => return (read, Some(error.to_string())),
            }
        }
    }

    #[test]
    fn what_is_read_ahead_is_what_is_there() {
        let bytes: Vec<u8> = (0..3 * BLOCK_BYTES + 17).map(|n| (n % 251) as u8).collect();
        let (read, error) = read_all(io::Cursor::new(bytes.clone()));
        assert!(read == bytes && error.is_none());
    }

    #[test]
    fn without_a_thread_the_source_comes_back() {
        let thread = thread::Builder::new().stack_size(usize::MAX / 4);
        let source = Prefetch::start_on(thread, &b"all of it"[..]).err();
        assert_eq!(source, Some(&b"all of it"[..]));
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
        assert_eq!(read_all(Broken(false)), (vec![7], Some("gone".into())));
    }
}
