//! Where objects were created: instantiation traces, each distinct one kept once.

use super::id::TraceId;
use super::text::{Text, TextId};
use super::{Contents, Integer};

/// A frame's columns. Few are distinct, so a row each.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FrameRow {
    pub(crate) file: TextId,
    /// The nearest there is, if it is beyond 64 bits.
    pub(crate) line: i64,
    /// The decimal digits of a line beyond 64 bits, or [`TextId::NONE`].
    pub(crate) wide_line: TextId,
    pub(crate) function: TextId,
    /// `None` where Python had no source.
    pub(crate) source: Option<Box<[TextId]>>,
    /// Which of the source lines is the current one.
    pub(crate) source_index: Option<i64>,
}

/// All traces of a dump, by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct TraceColumns {
    pub(crate) frames: Vec<FrameRow>,
    /// Where each trace ends in `frame_numbers`.
    pub(crate) ends: Vec<u32>,
    pub(crate) frame_numbers: Vec<u32>,
}

impl TraceColumns {
    /// Drops the last traces, and the frames behind those of the others.
    pub(crate) fn truncate(&mut self, traces: usize) {
        self.ends.truncate(traces);
        let end = self.ends.last().copied().unwrap_or(0);
        self.frame_numbers.truncate(end as usize);
        let last = self.frame_numbers.iter().max();
        self.frames
            .truncate(last.map_or(0, |&last| last as usize + 1));
    }

    pub(crate) fn frames_of(&self, trace: TraceId) -> &[u32] {
        let index = trace.index();
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.frame_numbers[start as usize..self.ends[index] as usize]
    }
}

/// The call stack at the moment an object was created. Equal stacks have equal ids.
#[derive(Clone, Copy)]
pub struct Trace<'d> {
    pub(crate) dump: &'d Contents,
    pub(crate) id: TraceId,
}

impl<'d> Trace<'d> {
    /// Which trace of the dump it is; the same for equal traces.
    pub fn id(self) -> TraceId {
        self.id
    }

    /// The frames, outermost first. May be empty.
    pub fn frames(self) -> impl DoubleEndedIterator<Item = Frame<'d>> + ExactSizeIterator {
        let dump = self.dump;
        dump.traces
            .frames_of(self.id)
            .iter()
            .map(move |&number| Frame { dump, number })
    }
}

/// One frame of a trace.
#[derive(Clone, Copy)]
pub struct Frame<'d> {
    dump: &'d Contents,
    number: u32,
}

impl<'d> Frame<'d> {
    pub(crate) fn row(self) -> &'d FrameRow {
        &self.dump.traces.frames[self.number as usize]
    }

    /// The frame of a number that there is.
    pub(crate) fn of(dump: &'d Contents, number: u32) -> Self {
        Frame { dump, number }
    }

    /// Its number in the dump, from 0; the same for equal frames.
    pub fn number(self) -> u32 {
        self.number
    }

    /// Tells its dump from others that are loaded.
    pub(crate) fn dump_address(self) -> usize {
        std::ptr::from_ref(self.dump).addr()
    }

    /// The file as Python named it.
    pub fn file(self) -> Text<'d> {
        self.dump.text.get(self.row().file)
    }

    /// The line number, from 1. Of one beyond 64 bits, as only other tools write it, the nearest;
    /// see [`exact_line`](Self::exact_line).
    pub fn line(self) -> i64 {
        self.row().line
    }

    /// The line number, whatever its size.
    pub fn exact_line(self) -> Integer<'d> {
        let row = self.row();
        match row.wide_line {
            TextId::NONE => Integer::within(row.line.into()),
            digits => Integer::of_digits(self.dump.text.get(digits)),
        }
    }

    /// The function's name.
    pub fn function(self) -> Text<'d> {
        self.dump.text.get(self.row().function)
    }

    /// Whether Python had source for it.
    pub fn has_source(self) -> bool {
        self.row().source.is_some()
    }

    /// Which of the source lines is the current one.
    pub fn source_index(self) -> Option<i64> {
        self.row().source_index
    }

    /// Source lines as recorded, indentation and line feed included. None where Python had no source.
    pub fn source_lines(self) -> impl Iterator<Item = Text<'d>> {
        let dump = self.dump;
        self.row()
            .source
            .as_deref()
            .unwrap_or(&[])
            .iter()
            .map(move |&id| dump.text.get(id))
    }
}
