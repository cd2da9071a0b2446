//! A block of the input as another thread decoded it: objects in runs, in columns of its own.

use std::collections::VecDeque;
use std::ops::Range;

use memchr::memmem;

use super::super::lists::Shared;
use super::super::{ASIZED, ClassName, FRAME, GROUP, Loader, OBJECT, SAMPLE, SAMPLES, shapes};
use super::{Outlook, Outside};
use crate::model::TextId;
use crate::pickle::{ApartMemo, Heap, SHORTCUT_BYTES, Stretch, TAGS, packed};

/// What looks like an object and is none is tried so often in a block. Each costs at most
/// [`SHORTCUT_BYTES`], and honest blocks have one at each frame of the pickle, of which each holds
/// as many bytes.
const MOST_FAILURES: usize = 64;

/// Shorter runs are read by the machine in no more time than it takes to join them.
const LEAST_RUN_BYTES: usize = if cfg!(any(test, fuzzing)) { 1 } else { 4 << 10 };

/// How much there is of everything that an object may add to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counts {
    pub(super) objects: usize,
    pub(super) samples: usize,
    pub(super) rows: usize,
    pub(super) groups: usize,
    pub(super) referents: usize,
    pub(super) texts: usize,
    pub(super) lists: usize,
    pub(super) frames: usize,
    pub(super) traces: usize,
    pub(super) outside: usize,
}

/// Objects that stand one behind the other.
pub(super) struct Run {
    /// Where the first begins: behind what refers to its class.
    pub(super) start: u64,
    /// From there to the end of the last.
    pub(super) bytes: usize,
    /// Which of the chunk's ends are theirs.
    pub(super) ends: Range<usize>,
    pub(super) from: Counts,
    pub(super) to: Counts,
    /// What they store in the memo.
    pub(super) stretch: Stretch,
    /// Which of the chunk's shared lists are theirs.
    pub(super) lists: Range<usize>,
}

/// Runs of objects and the columns that they are in.
pub(super) struct Chunk {
    pub(super) loader: Loader,
    pub(super) heap: Heap,
    pub(super) memo: ApartMemo,
    /// Where objects end, from the start of their run on.
    pub(super) ends: Vec<u32>,
    /// What lists stand for, by their numbers; the others are empty.
    pub(super) lists: Vec<(u32, Shared)>,
    pub(super) runs: VecDeque<Run>,
    /// How many bytes of the block are in runs.
    pub(super) decoded_bytes: u64,
    /// Texts that every loader begins with.
    first_texts: usize,
}

impl Chunk {
    pub(super) fn new() -> Option<Chunk> {
        let mut loader = Loader::new().ok()?;
        let first_texts = loader.texts.arena.len();
        loader.texts.keep_hashes();
        loader.outside = Some(Outside::default());
        Some(Chunk {
            loader,
            heap: Heap::default(),
            memo: ApartMemo::new(shapes::ENTRIES),
            ends: Vec::new(),
            lists: Vec::new(),
            runs: VecDeque::new(),
            decoded_bytes: 0,
            first_texts,
        })
    }

    /// What the runs refer to outside of them.
    pub(super) fn outside(&self) -> &Outside {
        let outside = self.loader.outside.as_ref();
        outside.expect("a chunk's loader has one from the start")
    }

    /// Decodes the objects of a block that begins at an offset.
    pub(super) fn decode(&mut self, bytes: &[u8], offset: u64, outlook: &Outlook) {
        self.clear(outlook);
        let opening = memmem::Finder::new(&outlook.opening);
        let (mut at, mut failures) = (0, 0);
        while failures < MOST_FAILURES
            && let Some(found) = opening.find(&bytes[at..])
        {
            let start = at + found + outlook.class_bytes;
            let (length, has_failed) = self.decode_run(bytes, start, offset, outlook);
            failures += usize::from(has_failed);
            at = start + length;
        }
    }

    /// Decodes the objects from the first, whose class was named before `start`, to the last that
    /// follows at once: how many bytes that is, and whether one more began that was not to be
    /// decoded here.
    fn decode_run(
        &mut self,
        bytes: &[u8],
        start: usize,
        offset: u64,
        outlook: &Outlook,
    ) -> (usize, bool) {
        self.loader.texts.forget();
        self.loader.frames.forget();
        self.loader.habits = outlook.habits.clone();
        if let Some(outside) = &mut self.loader.outside {
            outside.forget();
        }
        let from = self.counts();
        self.memo.begin(next_numbers(&from));
        let (mut to, mut stretch) = (from, self.memo.stretch());
        let first_end = self.ends.len();
        let mut at = start;
        let has_failed = loop {
            let window = &bytes[at..];
            let window = &window[..window.len().min(SHORTCUT_BYTES)];
            let Chunk {
                loader, heap, memo, ..
            } = self;
            let Some((length, _)) = shapes::tracked_object(loader, window, heap, memo) else {
                break true;
            };
            at += length;
            self.ends.push((at - start) as u32);
            to = self.counts();
            stretch = self.memo.stretch();
            if !bytes[at..].starts_with(&outlook.opening) {
                break false;
            }
            at += outlook.class_bytes;
        };
        let ends = first_end..self.ends.len();
        let length = self.ends[ends.clone()]
            .last()
            .map_or(0, |&end| end as usize);
        self.decoded_bytes += length as u64;
        if length >= LEAST_RUN_BYTES {
            self.memo.end(&stretch);
            let first_list = self.lists.len();
            let (frames, traces) = (from.frames..to.frames, from.traces..to.traces);
            self.lists.extend(self.loader.lists.of(frames, traces));
            self.runs.push_back(Run {
                start: offset + start as u64,
                bytes: length,
                ends,
                from,
                to,
                stretch,
                lists: first_list..self.lists.len(),
            });
        }
        (length, has_failed)
    }

    fn counts(&self) -> Counts {
        Counts {
            // Frames without their texts are none of the loader's.
            frames: self.outside().frames.len(),
            outside: self.outside().texts.len(),
            ..self.loader.counts(&self.heap)
        }
    }

    fn clear(&mut self, outlook: &Outlook) {
        let loader = &mut self.loader;
        loader.objects.truncate(0);
        loader.samples.truncate(0);
        loader.asized.clear();
        loader.frames.clear();
        loader.texts.truncate(self.first_texts);
        loader.lists.clear();
        if let Some(outside) = &mut loader.outside {
            outside.clear();
        }
        loader.globals.clear();
        let globals = outlook.globals.iter();
        loader.globals.extend(globals.map(|&global| ClassName {
            module: TextId::NONE,
            name: TextId::NONE,
            global,
        }));
        self.heap.truncate_lists(0);
        self.memo.clear(&outlook.entries);
        self.ends.clear();
        self.lists.clear();
        self.runs.clear();
        self.decoded_bytes = 0;
    }
}

/// The next number of each type of memo entry, where there is so much of everything.
pub(super) fn next_numbers(counts: &Counts) -> [u32; TAGS] {
    let mut next = [0; TAGS];
    let mut set = |tag: u32, count: usize| next[tag as usize] = count as u32;
    set(packed::TEXT_TAG, counts.texts);
    set(packed::LIST_TAG, counts.lists);
    set(packed::built_tag(ASIZED), counts.rows);
    set(packed::built_tag(GROUP), counts.groups);
    set(packed::built_tag(SAMPLE), counts.samples);
    set(packed::built_tag(FRAME), counts.frames);
    set(packed::built_tag(OBJECT), counts.objects);
    set(packed::built_tag(SAMPLES), counts.objects);
    next
}
