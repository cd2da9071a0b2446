//! Objects that other threads decode before the machine comes to them.
//!
//! Nearly all of a dump are `TrackedObject` instances that stand one behind the other, each written
//! as the one before it. Where one begins can be seen from its bytes. So as soon as the machine has
//! read a few of them, what it learnt (an [`Outlook`]) goes to threads that look at each block of the
//! input before the machine does ([`Look`]): they find where objects begin, decode them with the
//! same [shapes](super::shapes) into columns of their own (a [`Chunk`] of [`Run`]s), and count
//! everything from there.
//!
//! Words: a *run* is objects that stand one behind the other, with their columns; all runs of a block
//! are a *chunk*. What a run stores in the memo is a *stretch*, and once it is part of the memo a
//! *segment*.
//!
//! The threads guess: what looks like an object may be part of a text, and what came before is unknown to
//! them. The machine stays the judge. It takes a run ([`Taking`]) only if it has itself come to the
//! very byte at which the run begins and all that was assumed holds; then the run's columns are
//! appended with other numbers, with the effect that shortcuts would have had one by one. Else it
//! goes on by itself. So what is accepted, what is refused, and every byte of the columns is the
//! same with any number of threads.

mod adopt;
mod chunk;
#[cfg(test)]
mod odd;
mod outside;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::Loader;
use super::globals::Global;
use super::shapes::Habits;
use crate::pickle::opcode as op;
use crate::pickle::{Memo, MemoEnd, packed};
use crate::prefetch::Look;
use chunk::{Chunk, Run};
pub(super) use outside::Outside;

/// After so many objects what they have in common is known.
const LEARNT_FROM: usize = if cfg!(any(test, fuzzing)) { 2 } else { 16 };

/// How many of the first memo entries are handed to other threads: names of attributes, classes.
const FIRST_ENTRIES: usize = 1 << 12;

/// So many bytes of memory a byte of an object takes at most: its row and its memo entries, its
/// frames and texts with what finds them again. About 25 were found in frames that are all new.
pub(super) const MOST_PER_BYTE: usize = 32;

/// Blocks that were decoded wait for the machine, at most so many for each thread.
const WAITING_PER_THREAD: usize = 4;

/// When so many bytes were decoded and most of them not taken, it is not worth it.
const TRIED_BYTES: u64 = 16 << 20;

/// What the threads of one dump share: what is known of its objects, and what was decoded.
pub(crate) struct Ahead {
    outlook: RwLock<Option<Arc<Outlook>>>,
    shelf: Mutex<Shelf>,
    /// How many blocks may wait.
    most_waiting: usize,
    /// Bytes of the objects that the machine took.
    taken_bytes: AtomicU64,
}

/// What other threads may assume of all objects that follow.
struct Outlook {
    /// What refers to the class, and what every instance of it begins with behind that.
    opening: Vec<u8>,
    /// How many bytes of it refer to the class.
    class_bytes: usize,
    habits: Habits,
    /// The first entries of the memo.
    entries: Vec<u32>,
    /// The memo's state.
    memo_state: u64,
    globals: Vec<Global>,
}

/// Blocks that were looked at, by the offset at which they begin.
#[derive(Default)]
struct Shelf {
    looked_at: BTreeMap<u64, LookedAt>,
    /// How many of them hold anything.
    waiting: usize,
    /// Chunks to be used again.
    #[allow(
        clippy::vec_box,
        reason = "a chunk goes from thread to thread as it is"
    )]
    spare: Vec<Box<Chunk>>,
}

struct LookedAt {
    /// Where the block ends.
    end: u64,
    chunk: Option<Box<Chunk>>,
}

impl Ahead {
    /// For so many threads that look ahead.
    pub(crate) fn new(threads: usize) -> Ahead {
        Ahead {
            outlook: RwLock::default(),
            shelf: Mutex::default(),
            most_waiting: threads.saturating_mul(WAITING_PER_THREAD),
            taken_bytes: AtomicU64::new(0),
        }
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn outlook(&self) -> Option<Arc<Outlook>> {
        let outlook = self.outlook.read().unwrap_or_else(PoisonError::into_inner);
        outlook.clone()
    }

    fn set_outlook(&self, outlook: Option<Arc<Outlook>>) {
        let mut place = self.outlook.write().unwrap_or_else(PoisonError::into_inner);
        *place = outlook;
    }
}

impl Look for Ahead {
    fn is_looking(&self) -> bool {
        self.outlook().is_some()
    }

    fn look(&self, bytes: &[u8], offset: u64) {
        let outlook = self.outlook();
        let chunk = outlook.and_then(|outlook| {
            let mut shelf = self.shelf();
            // The machine may have no use for them.
            if shelf.waiting >= self.most_waiting {
                return None;
            }
            shelf.waiting += 1;
            let spare = shelf.spare.pop();
            drop(shelf);
            let Some(mut chunk) = spare.or_else(|| Chunk::new().map(Box::new)) else {
                self.shelf().one_less();
                return None;
            };
            chunk.decode(bytes, offset, &outlook);
            Some(chunk)
        });
        let end = offset + bytes.len() as u64;
        self.shelf()
            .looked_at
            .insert(offset, LookedAt { end, chunk });
    }
}

/// The machine's side of it.
pub(super) struct Taking {
    ahead: Arc<Ahead>,
    /// How many objects were taken as shortcuts.
    learnt_from: usize,
    outlook: Option<Arc<Outlook>>,
    chunk: Option<Box<Chunk>>,
    /// Nothing is known of what lies before this offset but the chunk.
    known_to: u64,
    /// Bytes of the objects that were decoded.
    decoded_bytes: u64,
    /// Whether it is not worth it, or no longer possible.
    is_over: bool,
}

impl Taking {
    pub(super) fn of(ahead: Arc<Ahead>) -> Taking {
        Taking {
            ahead,
            learnt_from: 0,
            outlook: None,
            chunk: None,
            known_to: 0,
            decoded_bytes: 0,
            is_over: false,
        }
    }

    /// How many bytes the run takes that begins at an offset, which only grows.
    #[inline]
    pub(super) fn at(&mut self, offset: u64) -> Option<usize> {
        self.outlook.as_ref()?;
        if offset >= self.known_to {
            self.next_chunk(offset);
        }
        let runs = &mut self.chunk.as_mut()?.runs;
        while runs.front().is_some_and(|run| run.start < offset) {
            runs.pop_front();
        }
        let run = runs.front().filter(|run| run.start == offset)?;
        Some(run.bytes)
    }

    /// Takes the chunk of the block that an offset is in.
    fn next_chunk(&mut self, offset: u64) {
        let mut shelf = self.ahead.shelf();
        shelf.give_back(self.chunk.take());
        while let Some(first) = shelf.looked_at.first_entry()
            && *first.key() <= offset
        {
            let LookedAt { end, chunk } = first.remove();
            if offset < end {
                self.known_to = end;
                self.decoded_bytes += chunk.as_ref().map_or(0, |chunk| chunk.decoded_bytes);
                self.chunk = chunk;
                break;
            }
            shelf.give_back(chunk);
        }
        drop(shelf);
        let taken_bytes = self.ahead.taken_bytes.load(Ordering::Relaxed);
        if self.decoded_bytes > TRIED_BYTES && taken_bytes < self.decoded_bytes / 2 {
            self.give_up();
        }
    }

    /// The state of the memo that other threads assume.
    fn memo_state(&self) -> Option<u64> {
        self.outlook.as_ref().map(|outlook| outlook.memo_state)
    }

    /// The run that [`at`](Self::at) told of, with the chunk that it is of.
    fn take_run(&mut self) -> Option<(Run, Box<Chunk>)> {
        let mut chunk = self.chunk.take()?;
        match chunk.runs.pop_front() {
            Some(run) => Some((run, chunk)),
            None => {
                self.chunk = Some(chunk);
                None
            }
        }
    }

    /// Other threads shall not go on, and what they decoded is of no use.
    fn withdraw(&mut self) {
        self.ahead.set_outlook(None);
        self.outlook = None;
        self.chunk = None;
        *self.ahead.shelf() = Shelf::default();
    }

    /// It is not worth it, or no longer possible.
    pub(super) fn give_up(&mut self) {
        self.is_over = true;
        self.withdraw();
    }
}

impl Drop for Taking {
    /// No objects follow, or nobody wants them.
    fn drop(&mut self) {
        self.withdraw();
    }
}

impl Shelf {
    fn give_back(&mut self, chunk: Option<Box<Chunk>>) {
        if let Some(chunk) = chunk {
            self.one_less();
            self.spare.push(chunk);
        }
    }

    /// A block that held something does not wait any more. All may have been thrown away meanwhile.
    fn one_less(&mut self) {
        self.waiting = self.waiting.saturating_sub(1);
    }
}

impl Loader {
    /// Tells other threads what objects of this class have in common, once some of them were read.
    pub(super) fn look_out(&mut self, class: u32, memo: &Memo) {
        let Some(taking) = &mut self.ahead else {
            return;
        };
        taking.learnt_from += 1;
        if taking.outlook.is_some() || taking.is_over || taking.learnt_from % LEARNT_FROM != 0 {
            return;
        }
        let Some(habits) = self.habits.learnt() else {
            return;
        };
        let entries = memo.first_entries(FIRST_ENTRIES);
        let is_class = |entry: &u32| packed::split(*entry) == (packed::CLASS_TAG, class);
        let Some(number) = entries.iter().position(is_class) else {
            return;
        };
        let mut opening = match u8::try_from(number) {
            Ok(number) => vec![op::BINGET, number],
            Err(_) => [&[op::LONG_BINGET][..], &(number as u32).to_le_bytes()].concat(),
        };
        let class_bytes = opening.len();
        opening.extend(super::shapes::OBJECT_OPENING);
        let outlook = Arc::new(Outlook {
            opening,
            class_bytes,
            habits,
            entries: entries.to_vec(),
            memo_state: memo.state(),
            globals: self.globals.iter().map(|class| class.global).collect(),
        });
        taking.outlook = Some(Arc::clone(&outlook));
        taking.ahead.set_outlook(Some(outlook));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{Damage, explain};
    use crate::model::Dump;
    use crate::pickle::{Fault, Reader};
    use crate::prefetch::Prefetch;
    use std::io::{Cursor, Read};
    use std::path::Path;

    /// Gives blocks, and has each looked at right before.
    struct Looking<'b> {
        bytes: &'b [u8],
        offset: u64,
        block_bytes: usize,
        ahead: Arc<Ahead>,
    }

    impl Read for Looking<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let length = self.block_bytes.min(into.len());
            let length = self.bytes.read(&mut into[..length])?;
            self.ahead.look(&into[..length], self.offset);
            self.offset += length as u64;
            Ok(length)
        }
    }

    /// How a dump is read.
    pub(super) enum How {
        Alone,
        /// In blocks of so many bytes, of which each is looked at.
        Looking(usize),
        Threads(usize),
    }

    /// What a dump comes to: its native file, or why it is refused; and how many bytes the machine
    /// took from who looks ahead.
    pub(super) fn loaded(bytes: &[u8], damage: Damage, how: How) -> (Result<Vec<u8>, String>, u64) {
        let ahead = Arc::new(Ahead::new(4));
        let mut reader = match how {
            How::Alone => Reader::new(bytes),
            How::Looking(block_bytes) => Reader::new(Looking {
                bytes,
                offset: 0,
                block_bytes,
                ahead: Arc::clone(&ahead),
            }),
            How::Threads(threads) => {
                let source = Cursor::new(bytes.to_vec());
                let prefetch = Prefetch::start_looking(source, &ahead, threads);
                let Ok(prefetch) = prefetch else {
                    panic!("no thread can be started");
                };
                Reader::ahead(prefetch)
            }
        };
        let loaded = super::super::load(&mut reader, damage, Some(Arc::clone(&ahead)));
        let taken = ahead.taken_bytes.load(Ordering::Relaxed);
        let native = loaded.map(|contents| {
            let mut native = Vec::new();
            let dump = Dump { contents };
            dump.dump_stats_to(&mut native).expect("there is memory");
            native
        });
        let head = &bytes[..bytes.len().min(64)];
        let refused = |fault: Box<Fault>| explain(*fault, head, damage).to_string();
        (native.map_err(refused), taken)
    }

    /// Compares what comes of a dump with and without looking ahead, in each of these ways; how many
    /// bytes were taken at most.
    pub(super) fn assert_same<const N: usize>(
        bytes: &[u8],
        damage: Damage,
        ways: [How; N],
        name: &str,
    ) -> u64 {
        let (alone, _) = loaded(bytes, damage, How::Alone);
        let taken = ways.map(|how| {
            let (ahead, taken) = loaded(bytes, damage, how);
            assert!(alone == ahead, "{name}");
            taken
        });
        taken.into_iter().max().unwrap_or_default()
    }

    /// All fixtures, decompressed.
    fn fixtures(of: &[&str]) -> Vec<(String, Vec<u8>)> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let mut all = Vec::new();
        for folder in of {
            for entry in std::fs::read_dir(root.join(folder)).expect("it is there") {
                let path = entry.expect("it can be read").path();
                if path.is_file() {
                    let file = std::fs::File::open(&path).expect("it can be read");
                    let mut bytes = Vec::new();
                    let plain = crate::input::Decompressed::new(file).expect("it can be read");
                    // Of one that is cut as much as there is.
                    let _ = plain.take(8 << 20).read_to_end(&mut bytes);
                    all.push((path.display().to_string(), bytes));
                }
            }
        }
        all
    }

    const FOLDERS: [&str; 7] = [
        ".", "dumps", "edited", "variants", "invalid", "field", "traps",
    ];

    #[test]
    fn looking_ahead_changes_nothing() {
        let all = fixtures(&FOLDERS);
        assert!(all.len() > 500, "{}", all.len());
        let mut taken_of = 0;
        for (name, bytes) in &all {
            for damage in [Damage::Refuse, Damage::Salvage] {
                // The blocks end anywhere.
                let ways = [How::Looking(700), How::Looking(2500)];
                taken_of += u64::from(assert_same(bytes, damage, ways, name) > 0);
            }
        }
        // It is not the one way that is compared with itself.
        assert!(taken_of > 100, "{taken_of}");
    }

    #[test]
    fn threads_change_nothing() {
        for (name, bytes) in &fixtures(&["."]) {
            assert_same(bytes, Damage::Refuse, [How::Threads(3)], name);
        }
    }

    /// Whatever is cut or changed, before, at and behind the heads of the pickle's frames.
    #[test]
    fn looking_ahead_changes_nothing_of_damaged_dumps() {
        let all = fixtures(&["dumps"]);
        let is_it = |(name, _): &&(String, Vec<u8>)| name.ends_with("tree-1.0.1-py39.dump");
        let (name, whole) = all.iter().find(is_it).expect("it is there");
        let frames = memchr::memmem::find_iter(whole, &[op::FRAME]);
        let places: Vec<usize> = frames.chain((0..whole.len()).step_by(31)).collect();
        let mut taken = 0;
        for place in places {
            for place in [place.saturating_sub(1), place, place + 9] {
                let place = place.min(whole.len() - 1);
                let how = || [How::Looking(1 << 12)];
                taken += assert_same(&whole[..place], Damage::Salvage, how(), name);
                for mask in [0x01, 0xff] {
                    let mut changed = whole.clone();
                    changed[place] ^= mask;
                    let what = format!("{name}, byte {place} ^ {mask}");
                    taken += assert_same(&changed, Damage::Refuse, how(), &what);
                }
            }
        }
        assert!(taken > 1 << 20, "{taken}");
    }
}
