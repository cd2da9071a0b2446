//! Frames and traces on their way into the model: equal ones get one number.
//! A program creates its objects at few places, so nearly every frame is a known one.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::texts::Texts;
use crate::model::{FrameRow, TextId, TraceColumns};
use crate::pickle::{Outcome, too_large};

/// The parts of a frame with at most one source line, which nearly all are.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
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
    by_parts: HashMap<FrameParts, u32, FixedState>,
    by_row: HashMap<FrameRow, u32, FixedState>,
    by_frames: HashMap<Box<[u32]>, u32, FixedState>,
}

impl Frames {
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
            function: parts.function,
            source,
            source_index: parts.source_index,
        };
        let number = self.frame_row(row, texts)?;
        self.by_parts.insert(parts, number);
        Ok(number)
    }

    /// The number of any frame.
    pub(super) fn frame_row(&mut self, mut row: FrameRow, texts: &mut Texts) -> Outcome<u32> {
        row.file = texts.canonical(row.file);
        row.function = texts.canonical(row.function);
        for line in row.source.iter_mut().flat_map(|lines| lines.iter_mut()) {
            *line = texts.canonical(*line);
        }
        if let Some(&number) = self.by_row.get(&row) {
            return Ok(number);
        }
        let number = u32::try_from(self.columns.frames.len())
            .map_err(|_| too_large("it holds more than 4,294,967,295 distinct frames"))?;
        self.columns.frames.push(row.clone());
        self.by_row.insert(row, number);
        Ok(number)
    }

    /// The number of a trace.
    pub(super) fn trace(&mut self, frames: &[u32]) -> Outcome<u32> {
        if let Some(&number) = self.by_frames.get(frames) {
            return Ok(number);
        }
        self.columns.frame_numbers.extend_from_slice(frames);
        let end = u32::try_from(self.columns.frame_numbers.len())
            .map_err(|_| too_large("its traces hold more than 4,294,967,295 frames"))?;
        let number = self.columns.ends.len() as u32;
        self.columns.ends.push(end);
        self.by_frames.insert(frames.into(), number);
        Ok(number)
    }
}
