//! Bytes to primitives, through one window that slides over the input.
//!
//! The reader counts the offset and trusts no length: what a file claims to hold
//! is allocated only as fast as it really arrives.

use std::io::{self, Read};

use super::fault::{Fault, FaultKind, Outcome};
use crate::prefetch::{HEADROOM_BYTES, Prefetch};

/// How much the window holds: small enough for the second-level cache, large
/// enough that the system call costs nothing.
const WINDOW_BYTES: usize = 512 << 10;

/// How much of the input a shortcut sees, if there is so much. Objects that take more have mostly
/// the head of a frame of the pickle among them, of which Python writes one for each 64 KiB. What
/// is left of a window must fit before a block that was read ahead. In tests less, so that small
/// dumps are not all of it.
pub(super) const LOOK_AHEAD_BYTES: usize = if cfg!(any(test, fuzzing)) {
    4 << 10
} else {
    HEADROOM_BYTES
};

enum Source<'r> {
    /// Read when they are asked for.
    Direct(Box<dyn Read + 'r>),
    /// Read ahead on another thread.
    Ahead(Prefetch),
}

/// A cursor over an input of any length.
pub(crate) struct Reader<'r> {
    source: Source<'r>,
    window: Vec<u8>,
    /// The next byte to read is `window[position]`.
    position: usize,
    /// `window[..filled]` holds input.
    filled: usize,
    /// The offset of `window[0]` in the input; wraps below zero where room was left before it.
    base: u64,
    at_end: bool,
    /// What failed when it was tried to look further ahead than was asked for.
    failed: Option<Box<Fault>>,
}

impl<'r> Reader<'r> {
    pub(crate) fn new(source: impl Read + 'r) -> Self {
        Reader::over(Source::Direct(Box::new(source)))
    }

    /// Reads what another thread reads ahead.
    pub(crate) fn ahead(prefetch: Prefetch) -> Self {
        Reader::over(Source::Ahead(prefetch))
    }

    fn over(source: Source<'r>) -> Self {
        Reader {
            source,
            window: vec![0; WINDOW_BYTES],
            position: 0,
            filled: 0,
            base: 0,
            at_end: false,
            failed: None,
        }
    }

    #[inline]
    pub(crate) fn offset(&self) -> u64 {
        self.base.wrapping_add(self.position as u64)
    }

    /// What is at hand without reading more of the input.
    #[inline]
    pub(crate) fn at_hand(&self) -> &[u8] {
        &self.window[self.position..self.filled]
    }

    /// Reads on if the end of the window is near. Where that fails, what is at hand can still be
    /// read.
    #[inline]
    pub(crate) fn look_ahead(&mut self) {
        while self.filled - self.position < LOOK_AHEAD_BYTES
            && !self.at_end
            && self.failed.is_none()
        {
            self.failed = self.fill().err();
        }
    }

    /// Passes over bytes that [`at_hand`](Self::at_hand) showed.
    #[inline]
    pub(crate) fn advance(&mut self, bytes: usize) {
        debug_assert!(self.position + bytes <= self.filled);
        self.position += bytes;
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Outcome<u8> {
        if self.position == self.filled {
            self.require(1)?;
        }
        let byte = self.window[self.position];
        self.position += 1;
        Ok(byte)
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Outcome<[u8; N]> {
        if self.filled - self.position < N {
            self.require(N as u64)?;
        }
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.window[self.position..self.position + N]);
        self.position += N;
        Ok(bytes)
    }

    /// The next `length` bytes, in one piece.
    #[inline]
    pub(crate) fn take(&mut self, length: u64) -> Outcome<&[u8]> {
        if ((self.filled - self.position) as u64) < length {
            self.require(length)?;
        }
        let start = self.position;
        self.position += length as usize;
        Ok(&self.window[start..self.position])
    }

    /// The bytes up to the next line feed, which is passed over.
    pub(crate) fn line(&mut self) -> Outcome<&[u8]> {
        let mut searched = 0;
        loop {
            let unread = &self.window[self.position..self.filled];
            if let Some(found) = memchr::memchr(b'\n', &unread[searched..]) {
                let start = self.position;
                self.position += searched + found + 1;
                return Ok(&self.window[start..self.position - 1]);
            }
            searched = unread.len();
            self.require(searched as u64 + 1)?;
        }
    }

    /// The first bytes of the input (fewer if it is shorter), nothing passed over.
    pub(crate) fn peek(&mut self, length: usize) -> Outcome<&[u8]> {
        match self.require(length as u64) {
            Err(fault) if !matches!(fault.kind, FaultKind::CutShort { .. }) => return Err(fault),
            _ => {}
        }
        let end = self.filled.min(self.position + length);
        Ok(&self.window[self.position..end])
    }

    /// Reads on to the end, but no further than `limit` bytes: how many there were.
    pub(crate) fn skip(&mut self, limit: u64) -> Outcome<u64> {
        let mut skipped = 0;
        loop {
            let unread = ((self.filled - self.position) as u64).min(limit - skipped);
            self.position += unread as usize;
            skipped += unread;
            if skipped == limit {
                return Ok(skipped);
            }
            if self.fill()? == 0 {
                return Ok(skipped);
            }
        }
    }

    /// Sees to it that `length` unread bytes are in the window.
    #[cold]
    fn require(&mut self, length: u64) -> Outcome<()> {
        while ((self.filled - self.position) as u64) < length {
            if self.fill()? == 0 {
                let left = (self.filled - self.position) as u64;
                return Err(FaultKind::CutShort {
                    needs: length,
                    left,
                }
                .boxed());
            }
        }
        Ok(())
    }

    /// Reads once; how many bytes came, 0 at the end.
    fn fill(&mut self) -> Outcome<usize> {
        if let Some(fault) = self.failed.take() {
            return Err(fault);
        }
        if self.at_end {
            return Ok(0);
        }
        let filled = match &mut self.source {
            Source::Direct(_) => self.fill_direct(),
            Source::Ahead(_) => self.fill_ahead(),
        };
        let offset = self.base.wrapping_add(self.filled as u64);
        let length = filled.map_err(|error| {
            Box::new(Fault {
                offset,
                opcode: None,
                kind: FaultKind::Io(error),
                whole_objects: 0,
            })
        })?;
        self.at_end = length == 0;
        Ok(length)
    }

    /// Makes room first: by dropping what was read, and by doubling the window only when
    /// it is full of unread bytes.
    fn fill_direct(&mut self) -> io::Result<usize> {
        let Source::Direct(source) = &mut self.source else {
            return Ok(0);
        };
        if self.position > 0 {
            self.window.copy_within(self.position..self.filled, 0);
            self.base += self.position as u64;
            self.filled -= self.position;
            self.position = 0;
        }
        if self.filled == self.window.len() {
            self.window.resize(self.window.len() * 2, 0);
        }
        loop {
            match source.read(&mut self.window[self.filled..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(length) => {
                    self.filled += length;
                    return Ok(length);
                }
            }
        }
    }

    /// Takes the next block for its window, with what is unread in the room before it. Only
    /// what is too long for that room is copied together.
    fn fill_ahead(&mut self) -> io::Result<usize> {
        let Source::Ahead(prefetch) = &mut self.source else {
            return Ok(0);
        };
        let Some(mut block) = prefetch.next()? else {
            return Ok(0);
        };
        let length = block.end - HEADROOM_BYTES;
        let unread = self.position..self.filled;
        if unread.len() > HEADROOM_BYTES {
            self.window.truncate(self.filled);
            self.window
                .extend_from_slice(&block.bytes[HEADROOM_BYTES..block.end]);
            self.filled = self.window.len();
            prefetch.reuse(block.bytes);
            return Ok(length);
        }
        let start = HEADROOM_BYTES - unread.len();
        block.bytes[start..HEADROOM_BYTES].copy_from_slice(&self.window[unread]);
        let used = std::mem::replace(&mut self.window, block.bytes);
        prefetch.reuse(used);
        self.base = self
            .base
            .wrapping_add(self.position as u64)
            .wrapping_sub(start as u64);
        self.position = start;
        self.filled = block.end;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time, as a slow pipe does.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            match self.0.split_first() {
                Some((&byte, rest)) => {
                    into[0] = byte;
                    self.0 = rest;
                    Ok(1)
                }
                None => Ok(0),
            }
        }
    }

    #[test]
    fn a_slow_pipe_reads_like_a_file() {
        let mut reader = Reader::new(Drip(b"ab\ncdefgh"));
        assert_eq!(reader.peek(4).unwrap(), b"ab\nc");
        assert_eq!(reader.line().unwrap(), b"ab");
        assert_eq!(reader.array::<2>().unwrap(), *b"cd");
        assert_eq!(reader.take(3).unwrap(), b"efg");
        assert_eq!(reader.offset(), 8);
        assert_eq!(reader.skip(100).unwrap(), 1);
        assert_eq!(reader.skip(100).unwrap(), 0);
    }

    #[test]
    fn a_length_beyond_the_input_is_refused_without_allocating_it() {
        let mut reader = Reader::new(&b"abc"[..]);
        let fault = reader.take(1 << 60).unwrap_err();
        assert!(matches!(fault.kind, FaultKind::CutShort { needs, left: 3 } if needs == 1 << 60));
        assert_eq!(reader.window.len(), WINDOW_BYTES);
    }

    #[test]
    fn the_window_grows_for_a_long_string() {
        let long = vec![b'x'; 3 * WINDOW_BYTES];
        let mut reader = Reader::new(&long[..]);
        reader.byte().unwrap();
        assert_eq!(
            reader.take(long.len() as u64 - 1).unwrap().len(),
            long.len() - 1
        );
        assert!(reader.line().is_err());
    }
}
