//! Reading ahead on a second thread, so that the disk or the decompressor works while
//! the loader does; and looking at what was read on others. Where no thread can be started nothing
//! is read ahead.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

/// Room at the front of a block, for what the reader has left of the one before.
pub(crate) const HEADROOM_BYTES: usize = 64 << 10;

/// How much is read at a time.
const BLOCK_BYTES: usize = 256 << 10;

/// How many bytes a block has at least, once threads look at blocks. An object on the border of two
/// blocks is not found.
const LOOKED_AT_BYTES: usize = if cfg!(any(test, fuzzing)) {
    4 << 10
} else {
    512 << 10
};

/// How many blocks may wait to be used.
const BLOCKS_AHEAD: usize = 4;

/// A stretch of the input: `bytes[HEADROOM_BYTES..end]`.
pub(crate) struct Block {
    pub(crate) bytes: Vec<u8>,
    pub(crate) end: usize,
}

/// How many blocks may wait for a thread that looks at them, and how many may wait behind it for the
/// reader.
const BLOCKS_PER_LOOKER: usize = 1;

/// Looks at each block before it is read, at several blocks at a time.
pub(crate) trait Look: Send + Sync + 'static {
    /// Looks at bytes of the input that begin at an offset.
    fn look(&self, bytes: &[u8], offset: u64);

    /// Whether there is anything to look for yet. As long as not, blocks are given as they come.
    fn is_looking(&self) -> bool;
}

/// What goes from thread to thread: a block or why there is none, and the offset where it begins.
type Filled = (u64, io::Result<Block>);

/// The reading end: gives what the other threads read.
pub(crate) struct Prefetch {
    /// Where the blocks come from, one after the other in turn.
    filled: Vec<Receiver<Filled>>,
    /// Which of them is next.
    turn: usize,
    lookers: Vec<Option<JoinHandle<()>>>,
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

    /// The same with so many threads that look at each block before it is given, as far as threads
    /// can be started.
    pub(crate) fn start_looking<R: Read + Send + 'static>(
        source: R,
        look: &Arc<impl Look>,
        threads: usize,
    ) -> Result<Self, R> {
        let mut to_lookers = Vec::new();
        let mut from_lookers = Vec::new();
        let mut lookers = Vec::new();
        for _ in 0..threads {
            let (give, take) = sync_channel::<Filled>(BLOCKS_PER_LOOKER);
            let (filled_sender, filled) = sync_channel(BLOCKS_PER_LOOKER);
            let look = Arc::clone(look);
            let look_at_all = move || {
                for (offset, block) in take {
                    if let Ok(block) = &block {
                        look.look(&block.bytes[HEADROOM_BYTES..block.end], offset);
                    }
                    if filled_sender.send((offset, block)).is_err() {
                        return;
                    }
                }
            };
            let thread = thread::Builder::new().name("look-ahead".into());
            let Ok(looker) = thread.spawn(look_at_all) else {
                break;
            };
            to_lookers.push(give);
            from_lookers.push(filled);
            lookers.push(Some(looker));
        }
        if lookers.is_empty() {
            return Prefetch::start(source);
        }
        let thread = thread::Builder::new();
        let look = Arc::clone(look);
        let least_bytes = move || {
            if look.is_looking() {
                LOOKED_AT_BYTES
            } else {
                1
            }
        };
        let prefetch = Prefetch::start_into(thread, source, to_lookers, least_bytes)?;
        Ok(Prefetch {
            filled: from_lookers,
            lookers,
            ..prefetch
        })
    }

    fn start_on<R: Read + Send + 'static>(thread: thread::Builder, source: R) -> Result<Self, R> {
        let (filled_sender, filled) = sync_channel(BLOCKS_AHEAD);
        let prefetch = Prefetch::start_into(thread, source, vec![filled_sender], || 1)?;
        Ok(Prefetch {
            filled: vec![filled],
            ..prefetch
        })
    }

    /// Reads blocks into these, one after the other in turn. Blocks have so many bytes at least,
    /// but for the last.
    fn start_into<R: Read + Send + 'static>(
        thread: thread::Builder,
        source: R,
        into: Vec<SyncSender<Filled>>,
        least_bytes: impl Fn() -> usize + Send + 'static,
    ) -> Result<Self, R> {
        let (used, used_receiver) = sync_channel(BLOCKS_AHEAD + 2 + 2 * into.len());
        // A thread that does not start keeps nothing of what it was to have.
        let (give, take) = sync_channel(1);
        let read = move || {
            if let Ok(source) = take.recv() {
                let source = Source {
                    input: source,
                    least_bytes,
                    failed: None,
                };
                read_blocks(source, &into, &used_receiver);
            }
        };
        match thread.name("read-ahead".into()).spawn(read) {
            Ok(_) => {
                // It waits for this.
                let _ = give.send(source);
                Ok(Prefetch {
                    filled: Vec::new(),
                    turn: 0,
                    lookers: Vec::new(),
                    used,
                })
            }
            Err(_) => Err(source),
        }
    }

    /// The next block; `None` at the end of the input.
    pub(crate) fn next(&mut self) -> io::Result<Option<Block>> {
        let Ok((_, block)) = self.filled[self.turn].recv() else {
            self.pass_on_panic();
            return Ok(None);
        };
        self.turn = (self.turn + 1) % self.filled.len();
        block.map(Some)
    }

    /// A thread that ended in a panic must not look like the end of the input. Only that one is
    /// waited for whose turn it is: it gives no more, so it ends. Others may wait for this one.
    #[cold]
    fn pass_on_panic(&mut self) {
        if let Some(looker) = self.lookers.get_mut(self.turn).and_then(Option::take)
            && let Err(panic) = looker.join()
        {
            std::panic::resume_unwind(panic);
        }
    }

    /// Gives a block's room back. With no place for it, it is freed, which is as well.
    pub(crate) fn reuse(&mut self, bytes: Vec<u8>) {
        // One that a long line made huge is not kept.
        if bytes.len() <= HEADROOM_BYTES + BLOCK_BYTES.max(LOOKED_AT_BYTES) {
            let _ = self.used.try_send(bytes);
        }
    }
}

fn read_blocks(
    mut source: Source<impl Read, impl Fn() -> usize>,
    into: &[SyncSender<Filled>],
    used: &Receiver<Vec<u8>>,
) {
    let mut offset = 0;
    for filled in into.iter().cycle() {
        let Some(block) = source.next(used.try_recv().unwrap_or_default()) else {
            return;
        };
        let (begins, is_last) = (offset, block.is_err());
        if let Ok(block) = &block {
            offset += (block.end - HEADROOM_BYTES) as u64;
        }
        if filled.send((begins, block)).is_err() || is_last {
            return;
        }
    }
}

/// Where blocks are read from.
struct Source<R, L> {
    input: R,
    /// The next block has so many bytes at least, but for the last.
    least_bytes: L,
    /// Why no more blocks follow.
    failed: Option<io::Error>,
}

impl<R: Read, L: Fn() -> usize> Source<R, L> {
    /// Reads a block into these bytes; `None` at the end of the input. What was read before an error
    /// comes before it.
    fn next(&mut self, mut bytes: Vec<u8>) -> Option<io::Result<Block>> {
        if let Some(error) = self.failed.take() {
            return Some(Err(error));
        }
        let length = HEADROOM_BYTES + BLOCK_BYTES.max(LOOKED_AT_BYTES);
        if let Err(error) = bytes.try_reserve(length.saturating_sub(bytes.len())) {
            return Some(Err(error.into()));
        }
        bytes.resize(length, 0);
        let mut end = HEADROOM_BYTES;
        let least_bytes = (self.least_bytes)();
        while end < HEADROOM_BYTES + least_bytes {
            match self.input.read(&mut bytes[end..]) {
                Ok(0) => break,
                Ok(length) => end += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failed = Some(error);
                    break;
                }
            }
        }
        match self.failed.take() {
            Some(error) if end == HEADROOM_BYTES => Some(Err(error)),
            failed => {
                self.failed = failed;
                (end > HEADROOM_BYTES).then_some(Ok(Block { bytes, end }))
            }
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

    struct Nobody;

    impl Look for Nobody {
        fn look(&self, _: &[u8], _: u64) {}

        fn is_looking(&self) -> bool {
            false
        }
    }

    #[test]
    fn what_nobody_looks_for_is_given_at_once() {
        struct Slow(Receiver<u8>);
        impl Read for Slow {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                let Ok(byte) = self.0.recv() else {
                    return Ok(0);
                };
                into[0] = byte;
                Ok(1)
            }
        }
        let (give, take) = sync_channel(4);
        let prefetch = Prefetch::start_looking(Slow(take), &Arc::new(Nobody), 2);
        let Ok(mut prefetch) = prefetch else {
            panic!("no thread can be started");
        };
        for byte in [7, 8] {
            give.send(byte).unwrap();
            let block = prefetch.next().unwrap().expect("a byte was given");
            assert_eq!(block.bytes[HEADROOM_BYTES..block.end], [byte]);
        }
        drop(give);
        assert!(prefetch.next().unwrap().is_none());
    }

    #[test]
    fn a_panic_is_no_end_of_the_input() {
        struct Failing;
        impl Look for Failing {
            fn look(&self, _: &[u8], offset: u64) {
                assert!(offset < 3, "as it was to be");
            }

            fn is_looking(&self) -> bool {
                false
            }
        }
        /// Gives one byte at a time.
        struct Drip(u8);
        impl Read for Drip {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                self.0 += 1;
                into[0] = self.0;
                Ok(usize::from(self.0 < 9))
            }
        }
        for _ in 0..20 {
            let prefetch = Prefetch::start_looking(Drip(0), &Arc::new(Failing), 2);
            let Ok(mut prefetch) = prefetch else {
                panic!("no thread can be started");
            };
            let read = std::panic::AssertUnwindSafe(|| while let Ok(Some(_)) = prefetch.next() {});
            assert!(std::panic::catch_unwind(read).is_err());
        }
    }

    #[test]
    fn what_is_read_before_an_error_comes_before_it() {
        struct Broken(u8);
        impl Read for Broken {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                self.0 += 1;
                into[0] = self.0;
                match self.0 {
                    4 => Err(io::Error::other("gone")),
                    _ => Ok(1),
                }
            }
        }
        let prefetch = Prefetch::start_looking(Broken(0), &Arc::new(Nobody), 3);
        let Ok(mut prefetch) = prefetch else {
            panic!("no thread can be started");
        };
        let mut read = Vec::new();
        let error = loop {
            match prefetch.next() {
                Ok(Some(block)) => read.extend_from_slice(&block.bytes[HEADROOM_BYTES..block.end]),
                Ok(None) => panic!("the error is lost"),
                Err(error) => break error,
            }
        };
        assert_eq!((read, error.to_string()), (vec![1, 2, 3], "gone".into()));
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
