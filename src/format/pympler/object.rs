//! `TrackedObject` instances into columns and back: their life, their trace, their samples.

use std::io::{self, Write};

use super::fields::{Field, field};
use super::frames::FrameParts;
use super::write::{BATCH, Pickler};
use super::{FRAME, Loader, SAMPLE, SAMPLES, TRACE, UNBUILT, built_twice};
use crate::model::{AsizedId, FrameRow, Integer, ObjectId, TextId, TraceId, TrackedObject};
use crate::pickle::opcode as op;
use crate::pickle::{Heap, List, Outcome, Pairs, Run, Value, bad_value, too_large};

/// Adds the attributes of a `TrackedObject` to those of other classes, and gives them all to a macro.
macro_rules! object_fields {
    ($then:ident $($before:ident = $before_name:literal,)* ; $($behind:tt)*) => {
        $then! {
            $($before = $before_name,)*
            Id = "id",
            Repr = "repr",
            Birth = "birth",
            Death = "death",
            Trace = "trace",
            Snapshots = "snapshots",
            ResolutionLevel = "_resolution_level",
            $($behind)*
        }
    };
}

pub(super) use object_fields;

impl<W: Write> Pickler<'_, W> {
    pub(super) fn object(&mut self, object: TrackedObject<'_>) -> io::Result<()> {
        if let Some(&number) = self.objects.get(&object.id()) {
            return self.get(number);
        }
        self.instance("pympler.classtracker", "TrackedObject")?;
        // Only an object that is listed twice is ever asked for again.
        if self.dump.listed.len() > self.dump.objects.len() {
            let number = self.memoize()?;
            self.objects.insert(object.id(), number);
        }
        self.out.write_all(&[op::EMPTY_DICT, op::MARK])?;
        let columns = &self.dump.objects;
        let index = object.id().index();
        self.name(b"id")?;
        self.integer(object.exact_address())?;
        self.name(b"repr")?;
        self.optional_text(columns.repr[index])?;
        self.name(b"name")?;
        match self.dump.optional_text(columns.name[index]) {
            Some(name) => self.name(name.as_bytes())?,
            None => self.op(op::NONE)?,
        }
        self.name(b"birth")?;
        self.float(object.birth_seconds())?;
        self.name(b"death")?;
        match object.death_seconds() {
            Some(death) => self.float(death)?,
            None => self.op(op::NONE)?,
        }
        self.name(b"trace")?;
        self.trace(object)?;
        self.name(b"snapshots")?;
        self.op(op::EMPTY_LIST)?;
        let samples: Vec<_> = object.samples().collect();
        for batch in samples.chunks(BATCH) {
            self.op(op::MARK)?;
            for sample in batch {
                self.float(sample.time_seconds)?;
                self.asized(sample.asized)?;
                self.op(op::TUPLE2)?;
            }
            self.op(op::APPENDS)?;
        }
        if let Some(level) = object.resolution_level() {
            self.name(b"_resolution_level")?;
            self.int(level.into())?;
        }
        self.out.write_all(&[op::SETITEMS, op::BUILD])
    }
}

impl Loader {
    pub(super) fn build_object(
        &mut self,
        heap: &mut Heap,
        id: ObjectId,
        pairs: &Pairs,
    ) -> Outcome<()> {
        const CLASS: &str = "TrackedObject";
        let index = id.index();
        // Before anything of it changes: it may be all that is salvaged.
        if self.objects.name[index] != UNBUILT {
            return Err(built_twice(CLASS));
        }
        let (mut address, mut birth) = (None, None);
        let (mut name, mut repr) = (TextId::NONE, TextId::NONE);
        for &(key, value) in pairs {
            match field(key, &self.texts) {
                Some(Field::Id) => {
                    let nearest = self.nearest_int(value, heap);
                    address = Some(nearest.ok_or_else(|| self.no_number(value, CLASS, Field::Id))?);
                    if let Value::Huge(digits) = value {
                        self.objects.huge_address.insert(id, TextId(digits));
                    }
                }
                Some(Field::Repr) => repr = self.text_of(value, heap, "TrackedObject.repr")?,
                Some(Field::Name) => name = self.text_of(value, heap, "TrackedObject.name")?,
                Some(Field::Birth) => {
                    birth = Some(self.seconds_of(value, heap, CLASS, Field::Birth)?);
                }
                Some(Field::Death) => {
                    let death = match value {
                        Value::None => None,
                        value => Some(self.seconds_of(value, heap, CLASS, Field::Death)?),
                    };
                    self.objects.set_death(index, death);
                }
                Some(Field::Trace) => {
                    self.objects.trace[index] = self.trace_of(heap, value)?;
                }
                Some(Field::Snapshots) => {
                    let (start, count) = self.samples_of(heap, id, value)?;
                    self.objects.sample_start[index] = start;
                    self.objects.sample_count[index] = count;
                }
                Some(Field::ResolutionLevel) => {
                    let level = heap
                        .as_int(value)
                        .and_then(|level| i32::try_from(level).ok());
                    self.objects.resolution_level[index] = level.unwrap_or(i32::MIN);
                }
                _ => {}
            }
        }
        let address = address.ok_or_else(|| self.missing(CLASS, Field::Id))?;
        match u64::try_from(address) {
            Ok(address) => self.objects.address[index] = address,
            Err(_) => {
                self.objects.wide_address.insert(id, address);
            }
        }
        self.objects.birth[index] = birth.ok_or_else(|| self.missing(CLASS, Field::Birth))?;
        self.unbuilt -= 1;
        self.objects.name[index] = name;
        self.objects.repr[index] = repr;
        Ok(())
    }

    /// The trace that a value of `TrackedObject.trace` is; none where Pympler prints none. What
    /// is no list or tuple of frames becomes a trace of one frame that says what it is: a trace is
    /// never needed.
    pub(super) fn trace_of(&mut self, heap: &mut Heap, value: Value) -> Outcome<TraceId> {
        if let Some(Value::Built(TRACE, trace)) = self.taken(heap, value) {
            return Ok(TraceId(trace));
        }
        let is_nothing = match value {
            Value::None | Value::Bool(false) | Value::Int(0) => true,
            Value::Text(number) => self.texts.arena.bytes(TextId(number)).is_empty(),
            _ => false,
        };
        if is_nothing {
            return Ok(TraceId::NONE);
        }
        let items = Self::items(heap, value).map(Iterator::collect::<Vec<_>>);
        let items = items.unwrap_or_else(|| vec![value]);
        let mut frames = Vec::with_capacity(items.len());
        for item in items {
            frames.push(self.frame_at(heap, item)?);
        }
        let trace = self.frames.trace(&frames)?;
        // A list that stands for others must go on to.
        if self.taken(heap, value).is_none() {
            self.take(heap, value, Value::Built(TRACE, trace.0));
        }
        Ok(trace)
    }

    /// The frame that an item of a trace is, whatever it is.
    fn frame_at(&mut self, heap: &mut Heap, value: Value) -> Outcome<u32> {
        if let Value::Built(FRAME, number) = value {
            return Ok(number);
        }
        if let Some(Value::Built(FRAME, number)) = self.taken(heap, value) {
            return Ok(number);
        }
        let fields = Self::items(heap, value).map(|items| items.take(6).collect::<Vec<_>>());
        let number = match self.any_frame(heap, &fields.unwrap_or_default())? {
            Some(number) => number,
            None => self.odd_frame(heap, value)?,
        };
        if self.taken(heap, value).is_none() {
            self.take(heap, value, Value::Built(FRAME, number));
        }
        Ok(number)
    }

    /// The frame of five fields, whatever Pympler can print of them; `None` if it cannot.
    fn any_frame(&mut self, heap: &Heap, fields: &[Value]) -> Outcome<Option<u32>> {
        let [file, line, function, source, index] = *fields else {
            return Ok(None);
        };
        let Some((line, wide_line)) = self.line_of(heap, line)? else {
            return Ok(None);
        };
        let source = match source {
            Value::None => None,
            lines => {
                let lines = Self::items(heap, lines).map(|lines| {
                    lines.map(|line| match line {
                        Value::Text(number) => Some(TextId(number)),
                        _ => None,
                    })
                });
                let Some(Some(lines)) = lines.map(Iterator::collect) else {
                    return Ok(None);
                };
                Some(self.source_of(heap, lines)?)
            }
        };
        let row = FrameRow {
            file: self.formatted(file, heap)?,
            line,
            wide_line,
            function: self.formatted(function, heap)?,
            source,
            source_index: match index {
                Value::Int(index) => Some(index),
                _ => None,
            },
        };
        self.frames.frame_row(row, &mut self.texts).map(Some)
    }

    /// The same of a tuple, at once.
    #[cold]
    pub(super) fn any_frame_of(&mut self, heap: &Heap, items: &[Value]) -> Outcome<Option<Value>> {
        let frame = self.any_frame(heap, items)?;
        Ok(frame.map(|number| Value::Built(FRAME, number)))
    }

    /// What `%s` makes of a value.
    fn formatted(&mut self, value: Value, heap: &Heap) -> Outcome<TextId> {
        match self.text_of(value, heap, "a frame")? {
            TextId::NONE => self.texts.intern(b"None"),
            text => Ok(text),
        }
    }

    /// The line number that `%d` makes of a value: the nearest of 64 bits, and the digits of one
    /// that is beyond. `None` where that raises.
    fn line_of(&mut self, heap: &Heap, value: Value) -> Outcome<Option<(i64, TextId)>> {
        let digits = match value {
            Value::Int(line) => return Ok(Some((line, TextId::NONE))),
            Value::Huge(Value::ENDLESS) => return Ok(None),
            Value::Huge(digits) => TextId(digits),
            Value::Float(float) if !float.is_finite() => return Ok(None),
            Value::Float(float) => {
                // Exact, as an int of Python is.
                let digits = format!("{:.0}", float.trunc() + 0.0);
                self.texts.intern(digits.as_bytes())?
            }
            other => match heap.as_int(other) {
                Some(line) => self.texts.intern(line.to_string().as_bytes())?,
                None => return Ok(None),
            },
        };
        let line = Integer::of_digits(self.texts.arena.get(digits)).nearest();
        Ok(Some(match i64::try_from(line) {
            Ok(line) => (line, TextId::NONE),
            Err(_) if line < 0 => (i64::MIN, digits),
            Err(_) => (i64::MAX, digits),
        }))
    }

    /// A frame of more or fewer fields than five, or something else altogether.
    pub(super) fn odd_frame(&mut self, heap: &Heap, value: Value) -> Outcome<u32> {
        let items = match value {
            Value::Tuple(tuple) => heap.tuple(tuple),
            _ => &[],
        };
        let (file, line, function) = match *items {
            [
                Value::Text(file),
                Value::Int(line),
                Value::Text(function),
                ..,
            ] => (TextId(file), line, TextId(function)),
            _ => {
                let nowhere = self.texts.intern(b"?")?;
                (self.text_of(value, heap, "a frame")?, 0, nowhere)
            }
        };
        let source = match items.get(3) {
            Some(&Value::List(list)) => {
                let texts = heap.list(list).values().filter_map(|value| match value {
                    Value::Text(number) => Some(TextId(number)),
                    _ => None,
                });
                Some(self.source_of(heap, texts.collect())?)
            }
            _ => None,
        };
        let row = FrameRow {
            file,
            line,
            wide_line: TextId::NONE,
            function,
            source,
            source_index: None,
        };
        self.frames.frame_row(row, &mut self.texts)
    }

    /// The same of a tuple as Pympler writes it.
    pub(super) fn frame_of(&mut self, heap: &Heap, items: &[Value]) -> Outcome<Option<Value>> {
        let [
            Value::Text(file),
            Value::Int(line),
            Value::Text(function),
            source,
            index,
        ] = *items
        else {
            return Ok(None);
        };
        let source_index = match index {
            Value::Int(index) => Some(index),
            Value::None => None,
            _ => return Ok(None),
        };
        let mut parts = FrameParts {
            file: TextId(file),
            line,
            function: TextId(function),
            source: None,
            source_index,
        };
        let number = match source {
            Value::None => self.frames.frame(parts, &mut self.texts)?,
            Value::List(list) => match heap.list(list) {
                &(List::One(Value::Text(text)) | List::Taken(Value::Text(text))) => {
                    parts.source = Some(TextId(text));
                    self.frames.frame(parts, &mut self.texts)?
                }
                // Trackers record one line.
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        Ok(Some(Value::Built(FRAME, number)))
    }

    /// The source lines of a frame. Many frames may have the same list of them.
    fn source_of(&mut self, heap: &Heap, lines: Vec<TextId>) -> Outcome<Box<[TextId]>> {
        self.source_lines += lines.len();
        heap.afford(2 * self.source_lines)?;
        Ok(lines.into())
    }

    /// Which samples a value of `TrackedObject.snapshots` of an object is: the first and how many.
    pub(super) fn samples_of(
        &mut self,
        heap: &mut Heap,
        object: ObjectId,
        value: Value,
    ) -> Outcome<(u32, u32)> {
        let taken = self.taken(heap, value).unwrap_or(value);
        if let Value::Built(SAMPLES, object) = taken {
            let (objects, index) = (&self.objects, object as usize);
            return Ok((objects.sample_start[index], objects.sample_count[index]));
        }
        let frozen = |first, length| {
            List::Frozen(Run {
                kind: SAMPLE,
                first,
                length,
            })
        };
        if let Value::List(list) = value {
            match *heap.list(list) {
                List::Run(run) if run.length == 0 => return Ok((0, 0)),
                List::Run(run) | List::Frozen(run) if run.kind == SAMPLE => {
                    heap.set_list(list, List::Frozen(run));
                    return Ok((run.first, run.length));
                }
                _ => {}
            }
        }
        let Some(items) = Self::items(heap, value) else {
            return Err(bad_value(format!(
                "TrackedObject.snapshots is {}, not a list",
                self.describe_type(value)
            )));
        };
        let mut samples = Vec::new();
        for item in items.collect::<Vec<_>>() {
            let sample = self.sample_of(heap, item)?;
            samples.push(sample.ok_or_else(|| {
                bad_value(format!(
                    "TrackedObject.snapshots holds {}, not a time and an Asized",
                    self.describe_type(item)
                ))
            })?);
        }
        let first = self.in_a_row(&samples)?;
        let length = samples.len() as u32;
        match value {
            Value::List(list) => heap.set_list(list, frozen(first, length)),
            tuple => self.take(heap, tuple, Value::Built(SAMPLES, object.0)),
        }
        Ok((first, length))
    }

    /// The first of samples that follow each other. Those that are shared or out of order are
    /// copied into a run of their own.
    fn in_a_row(&mut self, samples: &[u32]) -> Outcome<u32> {
        let first = samples.first().copied().unwrap_or_default();
        if samples.iter().zip(first..).all(|(&a, b)| a == b) {
            return Ok(first);
        }
        let start = self.samples.time.len();
        for &number in samples {
            let columns = &self.samples;
            let (time, asized) = (
                columns.time[number as usize],
                columns.asized[number as usize],
            );
            self.new_sample(time, asized)?;
        }
        Ok(start as u32)
    }

    #[inline]
    pub(super) fn new_sample(&mut self, time: f64, asized: AsizedId) -> Outcome<u32> {
        let number = u32::try_from(self.samples.time.len())
            .map_err(|_| too_large("it holds more than 4,294,967,295 samples"))?;
        self.samples.time.push(time);
        self.samples.asized.push(asized);
        Ok(number)
    }
}
