//! `TrackedObject` instances into columns: their life, their trace, their samples.

use super::fields::{Field, field};
use super::frames::FrameParts;
use super::{EMPTY_TUPLE, FRAME, Loader, SAMPLE, SAMPLES, TRACE, UNBUILT, built_twice};
use crate::model::{FrameRow, TextId};
use crate::pickle::{Heap, List, Outcome, Pairs, Value, bad_value, too_large};

impl Loader {
    pub(super) fn build_object(
        &mut self,
        heap: &mut Heap,
        number: u32,
        pairs: &Pairs,
    ) -> Outcome<()> {
        const CLASS: &str = "TrackedObject";
        let index = number as usize;
        let (mut address, mut birth) = (None, None);
        let (mut name, mut repr) = (TextId::NONE, TextId::NONE);
        for &(key, value) in pairs {
            let Value::Text(key) = key else { continue };
            match field(TextId(key), &self.texts) {
                Some(Field::Id) => {
                    address = Some(
                        heap.as_int(value)
                            .ok_or_else(|| self.no_number(value, CLASS, Field::Id))?,
                    );
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
                    self.objects.trace[index] = self.trace_of(heap, value)?.map_or(0, |n| n + 1);
                }
                Some(Field::Snapshots) => {
                    let (start, count) = self.samples_of(heap, value)?;
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
                self.objects.wide_address.insert(number, address);
            }
        }
        self.objects.birth[index] = birth.ok_or_else(|| self.missing(CLASS, Field::Birth))?;
        if self.objects.name[index] != UNBUILT {
            return Err(built_twice(CLASS));
        }
        self.unbuilt -= 1;
        self.objects.name[index] = name;
        self.objects.repr[index] = repr;
        Ok(())
    }

    /// The trace that a value of `TrackedObject.trace` is. What is no list of frames
    /// becomes a trace of one frame that says what it is: a trace is never needed.
    pub(super) fn trace_of(&mut self, heap: &mut Heap, value: Value) -> Outcome<Option<u32>> {
        let mut frames = Vec::new();
        match value {
            Value::None => return Ok(None),
            Value::Built(EMPTY_TUPLE, _) => {}
            Value::List(list) => {
                if let List::Taken(Value::Built(TRACE, trace)) = heap.list(list) {
                    return Ok(Some(*trace));
                }
                for item in heap.list(list).values() {
                    frames.push(match item {
                        Value::Built(FRAME, number) => number,
                        other => self.odd_frame(heap, other)?,
                    });
                }
            }
            other => frames.push(self.odd_frame(heap, other)?),
        }
        let trace = self.frames.trace(&frames)?;
        // A list that stands for others must go on to.
        if let Value::List(list) = value
            && !matches!(heap.list(list), List::Taken(_))
        {
            heap.set_list(list, List::Taken(Value::Built(TRACE, trace)));
        }
        Ok(Some(trace))
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
            function,
            source,
            source_index: None,
        };
        self.frames.frame_row(row, &mut self.texts)
    }

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
                other => {
                    let mut lines = Vec::new();
                    for value in other.values() {
                        let Value::Text(text) = value else {
                            return Ok(None);
                        };
                        lines.push(TextId(text));
                    }
                    let FrameParts {
                        file,
                        line,
                        function,
                        source_index,
                        ..
                    } = parts;
                    let source = Some(self.source_of(heap, lines)?);
                    let row = FrameRow {
                        file,
                        line,
                        function,
                        source,
                        source_index,
                    };
                    self.frames.frame_row(row, &mut self.texts)?
                }
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

    /// Which samples a value of `TrackedObject.snapshots` is: the first and how many.
    pub(super) fn samples_of(&mut self, heap: &mut Heap, value: Value) -> Outcome<(u32, u32)> {
        if let Value::Built(SAMPLES, object) = value {
            let (objects, index) = (&self.objects, object as usize);
            return Ok((objects.sample_start[index], objects.sample_count[index]));
        }
        let Value::List(list) = value else {
            return Err(bad_value(format!(
                "TrackedObject.snapshots is {}, not a list",
                self.describe_type(value)
            )));
        };
        match *heap.list(list) {
            List::Run { length: 0, .. } => return Ok((0, 0)),
            List::Run {
                kind: SAMPLE,
                first,
                length,
            }
            | List::Frozen {
                kind: SAMPLE,
                first,
                length,
            } => {
                heap.set_list(
                    list,
                    List::Frozen {
                        kind: SAMPLE,
                        first,
                        length,
                    },
                );
                return Ok((first, length));
            }
            _ => {}
        }
        // Samples that are shared or out of order are copied into a run of their own.
        let start = self.samples.time.len();
        for item in heap.list(list).values() {
            let Value::Built(SAMPLE, number) = item else {
                return Err(bad_value(format!(
                    "TrackedObject.snapshots holds {}, not a time and an Asized",
                    self.describe_type(item)
                )));
            };
            let (time, asized) = (
                self.samples.time[number as usize],
                self.samples.asized[number as usize],
            );
            self.new_sample(time, asized)?;
        }
        let first = start as u32;
        let length = (self.samples.time.len() - start) as u32;
        heap.set_list(
            list,
            List::Frozen {
                kind: SAMPLE,
                first,
                length,
            },
        );
        Ok((first, length))
    }

    #[inline]
    pub(super) fn new_sample(&mut self, time: f64, asized: u32) -> Outcome<u32> {
        let number = u32::try_from(self.samples.time.len())
            .map_err(|_| too_large("it holds more than 4,294,967,295 samples"))?;
        self.samples.time.push(time);
        self.samples.asized.push(asized);
        Ok(number)
    }
}
