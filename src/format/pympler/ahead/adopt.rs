//! Appends what another thread decoded, with the numbers that it has in the whole.

use std::collections::TryReserveError;
use std::sync::atomic::Ordering;

use super::super::lists::{Of, Shared};
use super::super::{FRAME, Loader, OBJECT};
use super::Taking;
use super::chunk::{Chunk, Counts, Run, next_numbers};
use crate::model::{TextId, TraceId};
use crate::pickle::{
    Adopted, Heap, Mapped, Memo, MemoEnd, Numbers, Outcome, Packed, Segment, no_memory, packed,
};

/// The numbers in the whole of what a run counted for itself.
struct Renumbered {
    texts: Box<[u32]>,
    outside: Vec<TextId>,
    frames: Box<[u32]>,
    traces: Vec<TraceId>,
    lists: Box<[u32]>,
}

impl Renumbered {
    #[inline]
    fn text(&self, from: &Counts, own: TextId) -> TextId {
        if own == TextId::NONE {
            return own;
        }
        match own.outside_number() {
            Some(number) => self.outside[number as usize - from.outside],
            None => TextId(self.texts[own.0 as usize - from.texts]),
        }
    }
}

impl Loader {
    /// Takes the run that begins where the machine is; see [`Builder::adopt`](crate::pickle::Builder).
    pub(in super::super) fn adopt_run(
        &mut self,
        heap: &mut Heap,
        memo: &mut Memo,
        passes: &mut dyn FnMut(u64),
    ) -> Outcome<Option<Adopted>> {
        let taken = self.ahead.as_mut().and_then(|taking| taking.take_run());
        let Some((run, chunk)) = taken else {
            return Ok(None);
        };
        // Once the file has stored an entry again, nothing is as it was assumed.
        let assumed = self.ahead.as_ref().and_then(Taking::memo_state);
        let is_known = memo.length().is_some() && assumed == Some(memo.state());
        let adopted = match is_known {
            true => self.append(&run, &chunk, heap, memo, passes)?,
            false => None,
        };
        if let Some(taking) = &mut self.ahead {
            taking.chunk = Some(chunk);
            if !is_known {
                taking.give_up();
            }
            if adopted.is_some() {
                let taken_bytes = &taking.ahead.taken_bytes;
                taken_bytes.fetch_add(run.bytes as u64, Ordering::Relaxed);
            }
        }
        Ok(adopted)
    }

    fn append(
        &mut self,
        run: &Run,
        chunk: &Chunk,
        heap: &mut Heap,
        memo: &mut Memo,
        passes: &mut dyn FnMut(u64),
    ) -> Outcome<Option<Adopted>> {
        let base = self.counts(heap);
        if !has_numbers_for(&base, run) {
            return Ok(None);
        }
        let Some(outside) = outside_texts(run, chunk, memo) else {
            return Ok(None);
        };
        // From here on nothing fails but for want of memory.
        let (from, to) = (run.from, run.to);
        let numbers = self.renumber(run, chunk, outside, heap)?;
        let text = |own| numbers.text(&from, own);
        self.append_columns(run, chunk, &base, text, &numbers.traces)
            .map_err(no_memory)?;
        let became = Numbers {
            next: next_numbers(&base),
            mapped: [
                (packed::TEXT_TAG, numbers.texts),
                (packed::LIST_TAG, numbers.lists),
                (packed::built_tag(FRAME), numbers.frames),
            ]
            .map(|(tag, numbers)| Mapped { tag, numbers }),
        };
        let written = chunk.memo.written(&run.stretch);
        memo.append_segment(Box::new(Segment::new(&written, became)));
        // The machine itself passes the last.
        if let Some((_, ends)) = chunk.ends[run.ends.clone()].split_last() {
            for &end in ends {
                passes(run.start + u64::from(end));
            }
        }
        Ok(Some(Adopted {
            kind: OBJECT,
            first: base.objects as u32,
            count: (to.objects - from.objects) as u32,
        }))
    }

    /// How much there is of everything, and of nothing outside.
    pub(super) fn counts(&self, heap: &Heap) -> Counts {
        Counts {
            objects: self.objects.len(),
            samples: self.samples.time.len(),
            rows: self.asized.rows.len(),
            groups: self.asized.group_start.len(),
            referents: self.asized.referents.len(),
            texts: self.texts.arena.len(),
            lists: heap.list_count(),
            frames: self.frames.columns.frames.len(),
            traces: self.frames.columns.ends.len(),
            outside: 0,
        }
    }

    /// Gives texts, frames, traces and lists of a run their numbers, in the order in which shortcuts
    /// would have met them.
    fn renumber(
        &mut self,
        run: &Run,
        chunk: &Chunk,
        outside: Vec<OutsideNumber>,
        heap: &mut Heap,
    ) -> Outcome<Renumbered> {
        let (from, to) = (run.from, run.to);
        let own = &chunk.loader;
        let mut texts = Vec::new();
        texts
            .try_reserve_exact(to.texts - from.texts)
            .map_err(no_memory)?;
        for number in from.texts..to.texts {
            let id = TextId(number as u32);
            let (bytes, hash) = (own.texts.arena.bytes(id), own.texts.hash_of(id));
            texts.push(self.texts.intern_hashed(bytes, hash)?.0);
        }
        let outside = outside.into_iter().map(|text| match text {
            OutsideNumber::OfWhole(id) => id,
            OutsideNumber::Own(id) => TextId(texts[id.0 as usize - from.texts]),
        });
        let mut numbers = Renumbered {
            outside: outside.collect(),
            texts: texts.into(),
            frames: Box::default(),
            traces: Vec::with_capacity(to.traces - from.traces),
            lists: Box::default(),
        };
        let mut frames = Vec::with_capacity(to.frames - from.frames);
        for parts in &chunk.outside().frames[from.frames..to.frames] {
            let text = |own| numbers.text(&from, own);
            let parts = super::super::frames::FrameParts {
                file: text(parts.file),
                function: text(parts.function),
                source: parts.source.map(text),
                ..*parts
            };
            frames.push(self.frames.frame(parts, &mut self.texts)?);
        }
        let mut gathered = Vec::new();
        for trace in from.traces..to.traces {
            gathered.clear();
            let own_frames = own.frames.columns.frames_of(TraceId::at(trace)).iter();
            gathered.extend(own_frames.map(|&frame| frames[frame as usize - from.frames]));
            numbers.traces.push(self.frames.trace(&gathered)?);
        }
        let mut lists = Vec::with_capacity(to.lists - from.lists);
        let mut shared = chunk.lists[run.lists.clone()].iter().peekable();
        for list in from.lists..to.lists {
            let of = shared.next_if(|&&(number, _)| number as usize == list);
            lists.push(match of {
                Some(&(_, Shared::Frame(frame))) => {
                    let line = chunk.outside().frames[frame as usize].source;
                    let line = line.map_or(TextId::NONE, |line| numbers.text(&from, line));
                    let frame = frames[frame as usize - from.frames];
                    self.lists.shared(Of::Frame(frame, line), heap)
                }
                Some(&(_, Shared::Trace(trace))) => {
                    let trace = numbers.traces[trace as usize - from.traces];
                    self.lists.shared(Of::Trace(trace), heap)
                }
                None => heap.adopt_list(crate::pickle::List::EMPTY),
            });
        }
        self.lists.keep();
        numbers.frames = frames.into();
        numbers.lists = lists.into();
        Ok(numbers)
    }

    fn append_columns(
        &mut self,
        run: &Run,
        chunk: &Chunk,
        base: &Counts,
        text: impl Fn(TextId) -> TextId,
        traces: &[TraceId],
    ) -> Result<(), TryReserveError> {
        let (from, to) = (run.from, run.to);
        let own = &chunk.loader;
        self.objects
            .append(&own.objects, from.objects..to.objects)?;
        let objects = &mut self.objects;
        let samples_by = (base.samples as u32).wrapping_sub(from.samples as u32);
        for name in &mut objects.name[base.objects..] {
            *name = text(*name);
        }
        for repr in &mut objects.repr[base.objects..] {
            *repr = text(*repr);
        }
        let counts = &objects.sample_count[base.objects..];
        for (start, &count) in objects.sample_start[base.objects..].iter_mut().zip(counts) {
            // Those without samples have them nowhere.
            if count > 0 {
                *start = start.wrapping_add(samples_by);
            }
        }
        for trace in &mut objects.trace[base.objects..] {
            if *trace != TraceId::NONE {
                *trace = traces[trace.index() - from.traces];
            }
        }
        self.samples.append(
            &own.samples,
            from.samples..to.samples,
            (base.rows as u32).wrapping_sub(from.rows as u32),
        )?;
        self.asized.append(
            &own.asized,
            from.rows..to.rows,
            from.groups..to.groups,
            from.referents..to.referents,
            text,
        )
    }
}

/// Whether all numbers of a run fit into memo entries, as those of shortcuts have to.
fn has_numbers_for(base: &Counts, run: &Run) -> bool {
    let (from, to) = (&run.from, &run.to);
    let ends = [
        base.objects + (to.objects - from.objects),
        base.samples + (to.samples - from.samples),
        base.rows + (to.rows - from.rows),
        base.groups + (to.groups - from.groups),
        base.texts + (to.texts - from.texts),
        base.lists + (to.lists - from.lists),
        base.frames + (to.frames - from.frames),
    ];
    let referents = base.referents + (to.referents - from.referents);
    let traces = base.traces + (to.traces - from.traces);
    ends.iter().all(|&end| end <= packed::MOST as usize)
        && referents.max(traces) < packed::MOST as usize
}

/// What a text outside of a run turned out to be.
enum OutsideNumber {
    OfWhole(TextId),
    /// It is one of the run's own, of an object before.
    Own(TextId),
}

/// Looks up what a run refers to by number. `None`: not all of it is a text that was memoized before.
fn outside_texts(run: &Run, chunk: &Chunk, memo: &Memo) -> Option<Vec<OutsideNumber>> {
    let before = memo.count();
    let written = chunk.memo.written(&run.stretch);
    let texts = chunk.outside().texts[run.from.outside..run.to.outside].iter();
    let found = texts.map(|text| {
        let number = text.number as usize;
        let (entry, is_own): (Packed, bool) = match number.checked_sub(before) {
            None => (memo.packed(number)?, false),
            Some(own) if own < text.asked_at => (packed::split(written.entry(own)?), true),
            Some(_) => return None,
        };
        match entry {
            (packed::TEXT_TAG, id) if is_own => Some(OutsideNumber::Own(TextId(id))),
            (packed::TEXT_TAG, id) => Some(OutsideNumber::OfWhole(TextId(id))),
            _ => None,
        }
    });
    found.collect()
}
