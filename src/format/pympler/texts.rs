//! Texts on their way into the arena. Most repeat soon after they first came, so a
//! small cache by hash finds them again; it may miss, and then a text stands twice.

use std::collections::HashMap;
use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use crate::model::{TextArena, TextId};
use crate::pickle::{Outcome, too_large};

/// Slots of the cache: 32 KiB of them, so that what streams by does not drive them out.
const SLOTS: usize = 1 << 12;

/// Texts longer than this are not looked for.
pub(super) const CACHED_BYTES: usize = 512;

/// The arena and what finds texts in it.
#[derive(Default)]
pub(super) struct Texts {
    pub(super) arena: TextArena,
    /// By the low bits of a text's hash: its high bits, and the last text that had both.
    recent: Vec<(u32, TextId)>,
    hasher: FixedState,
    /// The first number of each text that was asked for by [`canonical`](Self::canonical).
    canonical: HashMap<u64, TextId, FixedState>,
    /// The outcome for each that was asked for, so that no text is hashed twice.
    canonical_numbers: HashMap<TextId, TextId, FixedState>,
    /// The hashes of all texts of the arena, if they are to be kept.
    hashes: Option<Vec<u64>>,
    /// Texts before this one are not found.
    found_from: u32,
}

impl Texts {
    pub(super) fn new() -> Self {
        Texts {
            recent: vec![(0, TextId::NONE); SLOTS],
            hasher: FixedState::with_seed(0x6374_7374_6174_7331),
            ..Texts::default()
        }
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.arena.held_bytes()
            + self.canonical.capacity() * size_of::<(u64, TextId)>()
            + self.canonical_numbers.capacity() * size_of::<(TextId, TextId)>()
    }

    /// Keeps a text, or finds that it was kept not long ago.
    #[inline]
    pub(super) fn intern(&mut self, wtf8: &[u8]) -> Outcome<TextId> {
        if wtf8.len() > CACHED_BYTES {
            return self.push(wtf8);
        }
        self.intern_hashed(wtf8, self.hasher.hash_one(wtf8))
    }

    /// The same of a text whose hash is known.
    #[inline]
    pub(super) fn intern_hashed(&mut self, wtf8: &[u8], hash: u64) -> Outcome<TextId> {
        let (slot, tag) = (hash as usize % SLOTS, (hash >> 32) as u32);
        let (recent_tag, recent) = self.recent[slot];
        // The tag spares new texts, which are most, a look into the arena.
        if recent_tag == tag
            && recent != TextId::NONE
            && recent.0 >= self.found_from
            && self.arena.bytes(recent) == wtf8
        {
            return Ok(recent);
        }
        let id = self.push(wtf8)?;
        self.recent[slot] = (tag, id);
        if let Some(hashes) = &mut self.hashes {
            hashes.resize(id.0 as usize, 0);
            hashes.push(hash);
        }
        Ok(id)
    }

    /// Keeps the hashes of all texts from now on, which are short.
    pub(super) fn keep_hashes(&mut self) {
        self.hashes = Some(Vec::new());
    }

    /// The hash of a text, which was kept.
    pub(super) fn hash_of(&self, id: TextId) -> u64 {
        let hashes = self.hashes.as_deref().unwrap_or_default();
        hashes.get(id.0 as usize).copied().unwrap_or_default()
    }

    /// Finds none of the texts that were kept up to now.
    pub(super) fn forget(&mut self) {
        self.found_from = self.arena.len() as u32;
    }

    /// Drops all but the first texts, and forgets those too.
    pub(super) fn truncate(&mut self, texts: usize) {
        self.arena.truncate(texts);
        self.forget();
        self.recent.fill((0, TextId::NONE));
        if let Some(hashes) = &mut self.hashes {
            hashes.truncate(texts);
        }
    }

    fn push(&mut self, wtf8: &[u8]) -> Outcome<TextId> {
        self.arena
            .push(wtf8)
            .ok_or_else(|| too_large("it holds more than 4,294,967,294 texts"))
    }

    /// The one number that stands for all equal texts. For the few that are compared by number.
    pub(super) fn canonical(&mut self, id: TextId) -> TextId {
        if let Some(&known) = self.canonical_numbers.get(&id) {
            return known;
        }
        let bytes = self.arena.bytes(id);
        let first = *self
            .canonical
            .entry(self.hasher.hash_one(bytes))
            .or_insert(id);
        let canonical = if self.arena.bytes(first) == bytes {
            first
        } else {
            id
        };
        self.canonical_numbers.insert(id, canonical);
        canonical
    }
}
