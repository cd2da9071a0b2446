//! Frames and traces on their way into the model: equal ones get one number.
//! A program creates its objects at few places, so nearly every frame is a known one.

use std::collections::{HashMap, TryReserveError};
use std::hash::{BuildHasher, Hash};

use foldhash::fast::{FixedState, RandomState};

use super::texts::Texts;
use crate::model::{FrameRow, TextId, TraceColumns, TraceId};
use crate::pickle::{Outcome, too_large};
use crate::room::make_room;

/// How many frames are known by their parts.
const MOST_PARTS: usize = 1 << 16;

/// The parts of a frame with at most one source line, which nearly all are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct FrameParts {
    pub(super) file: TextId,
    pub(super) line: i64,
    pub(super) function: TextId,
    /// `None` where Python had no source.
    pub(super) source: Option<TextId>,
    pub(super) source_index: Option<i64>,
}

/// The trace columns and what finds frames and traces in them.
#[derive(Default)]
pub(super) struct Frames {
    pub(super) columns: TraceColumns,
    /// The frames asked for lately.
    by_parts: HashMap<FrameParts, u32, FixedState>,
    by_row: Numbers,
    by_frames: Numbers,
}

/// Finds the numbers of what stands in columns by its hash. Two of one hash, which chance does not
/// bring about, are not told apart by it: the second is then not found again.
#[derive(Default)]
struct Numbers {
    hasher: RandomState,
    by_hash: HashMap<u64, u32, FixedState>,
}

impl Numbers {
    /// The number of a value that `is` tells to be the one, or its hash.
    #[inline]
    fn find(&self, value: &(impl Hash + ?Sized), is: impl FnOnce(u32) -> bool) -> Result<u32, u64> {
        let hash = self.hasher.hash_one(value);
        let known = self.by_hash.get(&hash).copied();
        known.filter(|&number| is(number)).ok_or(hash)
    }

    fn held_bytes(&self) -> usize {
        self.by_hash.capacity() * size_of::<(u64, u32)>()
    }
}

impl Frames {
    pub(super) fn held_bytes(&self) -> usize {
        /// The block of memory of a source line.
        const SOURCE: usize = 32;
        self.columns.frames.len() * (size_of::<FrameRow>() + SOURCE)
            + size_of_val(&self.columns.ends[..])
            + size_of_val(&self.columns.frame_numbers[..])
            + self.by_parts.capacity() * size_of::<(FrameParts, u32)>()
            + self.by_row.held_bytes()
            + self.by_frames.held_bytes()
    }

    pub(super) fn make_room(&mut self) -> Result<(), TryReserveError> {
        make_room(&mut self.columns.frames)?;
        make_room(&mut self.columns.ends)?;
        make_room(&mut self.columns.frame_numbers)
    }

    /// Finds none of the traces that were kept up to now.
    pub(super) fn forget(&mut self) {
        self.by_frames.by_hash.clear();
    }

    /// Drops all frames and traces.
    pub(super) fn clear(&mut self) {
        self.columns.frames.clear();
        self.columns.ends.clear();
        self.columns.frame_numbers.clear();
        self.by_parts.clear();
        self.by_row.by_hash.clear();
        self.forget();
    }

    /// The number of a frame with at most one source line.
    #[inline]
    pub(super) fn frame(&mut self, parts: FrameParts, texts: &mut Texts) -> Outcome<u32> {
        if let Some(&number) = self.by_parts.get(&parts) {
            return Ok(number);
        }
        let source: Option<Box<[TextId]>> = parts.source.map(|line| [line].into());
        let row = FrameRow {
            file: parts.file,
            line: parts.line,
            wide_line: TextId::NONE,
            function: parts.function,
            source,
            source_index: parts.source_index,
        };
        let number = self.frame_row(row, texts)?;
        if self.by_parts.len() == MOST_PARTS {
            self.by_parts.clear();
        }
        self.by_parts.insert(parts, number);
        Ok(number)
    }

    /// The number of any frame.
    pub(super) fn frame_row(&mut self, mut row: FrameRow, texts: &mut Texts) -> Outcome<u32> {
        // The native format has no word for it, and no source has such a line.
        row.source_index = row.source_index.filter(|&index| index != i64::MIN);
        row.file = texts.canonical(row.file);
        row.function = texts.canonical(row.function);
        if row.wide_line != TextId::NONE {
            row.wide_line = texts.canonical(row.wide_line);
        }
        for line in row.source.iter_mut().flat_map(|lines| lines.iter_mut()) {
            *line = texts.canonical(*line);
        }
        let frames = &mut self.columns.frames;
        let hash = match self
            .by_row
            .find(&row, |number| frames[number as usize] == row)
        {
            Ok(number) => return Ok(number),
            Err(hash) => hash,
        };
        let number = u32::try_from(frames.len())
            .map_err(|_| too_large("it holds more than 4,294,967,295 distinct frames"))?;
        frames.push(row);
        self.by_row.by_hash.insert(hash, number);
        Ok(number)
    }

    pub(super) fn trace(&mut self, frames: &[u32]) -> Outcome<TraceId> {
        let columns = &mut self.columns;
        let is = |number| columns.frames_of(TraceId(number)) == frames;
        let hash = match self.by_frames.find(frames, is) {
            Ok(number) => return Ok(TraceId(number)),
            Err(hash) => hash,
        };
        columns.frame_numbers.extend_from_slice(frames);
        let end = u32::try_from(columns.frame_numbers.len())
            .map_err(|_| too_large("its traces hold more than 4,294,967,295 frames"))?;
        let id = TraceId::at(columns.ends.len());
        columns.ends.push(end);
        self.by_frames.by_hash.insert(hash, id.0);
        Ok(id)
    }
}
