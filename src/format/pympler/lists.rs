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

/// What a list stands for: the frame, by its number, whose source line it holds, or the trace.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shared {
    Frame(u32),
    Trace(u32),
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

    /// The lists of these frames and traces, and what each stands for, in the order of their numbers.
    /// Empty lists are not among them.
    pub(super) fn of(
        &self,
        frames: std::ops::Range<usize>,
        traces: std::ops::Range<usize>,
    ) -> Vec<(u32, Shared)> {
        let of = |lists: &[u32], numbers: std::ops::Range<usize>, as_shared: fn(u32) -> Shared| {
            let lists = numbers.filter_map(|number| Some((*lists.get(number)?, number as u32)));
            let made = lists.filter(|&(list, _)| list != NONE);
            made.map(|(list, number)| (list, as_shared(number)))
                .collect::<Vec<_>>()
        };
        let mut all = of(&self.by_frame, frames, Shared::Frame);
        all.extend(of(&self.by_trace, traces, Shared::Trace));
        all.sort_unstable_by_key(|&(list, _)| list);
        all
    }

    /// Drops all of it.
    pub(super) fn clear(&mut self) {
        self.by_frame.clear();
        self.by_trace.clear();
        self.fresh.clear();
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
