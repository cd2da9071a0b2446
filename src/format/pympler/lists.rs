//! Lists that stand for one another: the source lines of equal frames, the frames of equal
//! traces. Picklers write one for each object, and the heap needs one for each text.

use crate::model::{TextId, TraceId};
use crate::pickle::{Heap, List, Value};

use super::TRACE;

/// No list yet.
const NONE: u32 = u32::MAX;

/// What a list was taken for.
#[derive(Clone, Copy)]
pub(super) enum Of {
    /// The one source line of a frame: the frame's number, the line.
    Frame(u32, TextId),
    /// The frames of a trace.
    Trace(TraceId),
}

/// The lists of one pickle's heap that are shared.
#[derive(Default)]
pub(super) struct Lists {
    by_frame: Vec<u32>,
    by_trace: Vec<u32>,
    /// What got a list since the last [`keep`](Self::keep).
    fresh: Vec<Of>,
}

impl Lists {
    pub(super) fn held_bytes(&self) -> usize {
        size_of_val(&self.by_frame[..]) + size_of_val(&self.by_trace[..])
    }

    /// The number of the list that stands for all of these.
    #[inline]
    pub(super) fn shared(&mut self, of: Of, heap: &mut Heap) -> u32 {
        let place = self.place(of);
        if *place == NONE {
            let value = match of {
                Of::Frame(_, line) => Value::Text(line.0),
                Of::Trace(trace) => Value::Built(TRACE, trace.0),
            };
            *place = heap.adopt_list(List::Taken(value));
            let list = *place;
            self.fresh.push(of);
            return list;
        }
        *place
    }

    #[inline]
    fn place(&mut self, of: Of) -> &mut u32 {
        let (lists, number) = match of {
            Of::Frame(number, _) => (&mut self.by_frame, number as usize),
            Of::Trace(trace) => (&mut self.by_trace, trace.index()),
        };
        if lists.len() <= number {
            lists.resize(number + 1, NONE);
        }
        &mut lists[number]
    }

    /// A shortcut came to its end: its lists stay.
    #[inline]
    pub(super) fn keep(&mut self) {
        self.fresh.clear();
    }

    /// A shortcut gave up: the heap has lost its lists.
    pub(super) fn take_back(&mut self) {
        while let Some(of) = self.fresh.pop() {
            *self.place(of) = NONE;
        }
    }
}
