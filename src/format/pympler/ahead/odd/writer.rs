//! Turns the description of a dump into a pickle of protocol 4.

use std::collections::HashMap;

use super::part::{
    Asized, Frame, KEY_NAMES, Key, Kind, Known, Object, Part, Place, Referents, Sample, Samples,
    Source, TEXTS, Text, Trace,
};
use crate::pickle::opcode as op;

/// Numbers of memo entries: the dict of classes comes first, then the names of attributes, then
/// module, name and class of each of two classes.
const FIRST_KEY: usize = 1;
const TRACKED_OBJECT: usize = FIRST_KEY + KEY_NAMES.len() + 2;
const ASIZED: usize = TRACKED_OBJECT + 3;

/// Writes a pickle as described, and counts memo entries as an unpickler does.
pub(super) struct Writer {
    bytes: Vec<u8>,
    entry_count: usize,
    /// The numbers of entries by their kind. A number that was stored under again stays where it was.
    numbers: HashMap<Kind, Vec<usize>>,
    /// How many texts were new.
    new_texts: usize,
    /// The last repr that was written in full.
    repr: String,
    /// Whether there is an object in the list.
    has_object: bool,
}

impl Writer {
    /// The bytes of a dump with these parts, of which the first objects are nothing special.
    pub(super) fn dump(parts: &[Part]) -> Vec<u8> {
        let mut writer = Writer {
            bytes: vec![op::PROTO, 4, op::EMPTY_DICT],
            entry_count: 0,
            numbers: HashMap::new(),
            new_texts: 0,
            repr: String::new(),
            has_object: false,
        };
        writer.memoize(Kind::Other);
        for name in KEY_NAMES {
            writer.stored_text(name);
            writer.write(&[op::POP]);
        }
        for (module, class, number) in [
            ("pympler.classtracker", "TrackedObject", TRACKED_OBJECT),
            ("pympler.asizeof", "Asized", ASIZED),
        ] {
            writer.stored_text(module);
            writer.stored_text(class);
            writer.write(&[op::STACK_GLOBAL]);
            assert_eq!(writer.entry_count, number);
            writer.memoize(Kind::Other);
            writer.write(&[op::POP]);
        }
        writer.begin_class();
        writer.part(&Part::Objects {
            of: vec![Object::usual()],
            times: 5,
        });
        for part in parts {
            writer.part(part);
        }
        writer.end_class();
        writer.write(&[op::STOP]);
        // There are no snapshots.
        writer.write(&[op::PROTO, 4, op::EMPTY_LIST, op::STOP]);
        writer.bytes
    }

    fn part(&mut self, part: &Part) {
        match *part {
            Part::Objects { ref of, times } => {
                for object in of.iter().cycle().take(of.len() * times) {
                    self.object(object);
                }
            }
            Part::Pop => self.write(&[op::NONE, op::POP]),
            Part::FrameHead(length) => {
                self.write(&[op::FRAME]);
                self.write(&length.to_le_bytes());
            }
            // Without an object there is nothing that could be stored.
            Part::Memoize(_) | Part::Put(_) if !self.has_object => {}
            Part::Memoize(times) => {
                for _ in 0..times {
                    self.memoize(Kind::Object);
                }
            }
            Part::Put(ref place) => self.put(place),
            Part::Bytes(count) => {
                let from = self.bytes.len().saturating_sub(count);
                let piece = self.bytes[from..].to_vec();
                self.write(&[op::BINBYTES]);
                self.write(&(piece.len() as u32).to_le_bytes());
                self.write(&piece);
                self.write(&[op::POP]);
            }
            Part::NextClass => {
                self.end_class();
                self.begin_class();
            }
            Part::Nones(count) => self.bytes.extend(vec![op::NONE; count]),
        }
    }

    fn begin_class(&mut self) {
        self.text(&Text::New);
        self.write(&[op::EMPTY_LIST]);
        self.memoize(Kind::Other);
        self.write(&[op::MARK]);
        self.has_object = false;
    }

    fn end_class(&mut self) {
        self.write(&[op::APPENDS, op::SETITEM]);
    }

    fn object(&mut self, object: &Object) {
        if object.has_long_get {
            self.long_get(TRACKED_OBJECT);
        } else {
            self.get(TRACKED_OBJECT);
        }
        self.write(&[op::EMPTY_TUPLE, op::NEWOBJ]);
        self.memoize(Kind::Object);
        self.write(&[op::EMPTY_DICT]);
        self.memoize(Kind::Other);
        self.write(&[op::MARK]);
        for &key in &object.keys {
            self.key(key);
            match key {
                Key::Id => self.int(object.address),
                Key::Repr => self.repr(&object.repr),
                Key::Name => self.text(&object.name),
                Key::Birth => self.float(object.birth),
                Key::Death => match object.death {
                    Some(death) => self.float(death),
                    None => self.write(&[op::NONE]),
                },
                Key::Trace => self.trace(&object.trace),
                Key::Snapshots => self.samples(&object.samples),
                Key::ResolutionLevel => self.int(object.level),
                Key::Flat | Key::Refs | Key::Size => self.write(&[op::NONE]),
            }
        }
        self.write(&[op::SETITEMS, op::BUILD]);
        self.has_object = true;
    }

    /// A text that [`Text::Repr`] refers to.
    fn repr(&mut self, repr: &Text) {
        self.repr = match *repr {
            Text::New => format!("<new {}>", self.new_texts),
            Text::Usual(text) | Text::Unstored(text) => TEXTS[text].to_owned(),
            _ => std::mem::take(&mut self.repr),
        };
        self.text(repr);
    }

    fn text(&mut self, text: &Text) {
        match text {
            Text::None => self.write(&[op::NONE]),
            Text::New => {
                let new = format!("<new {}>", self.new_texts);
                self.new_texts += 1;
                self.stored_text(&new);
            }
            Text::Usual(text) => self.stored_text(TEXTS[*text]),
            Text::Unstored(text) => self.unstored_text(TEXTS[*text]),
            Text::Repr => {
                let repr = self.repr.clone();
                self.stored_text(&repr);
            }
            Text::Known(known) => self.known(known),
        }
    }

    fn stored_text(&mut self, text: &str) {
        self.unstored_text(text);
        self.memoize(Kind::Text);
    }

    fn unstored_text(&mut self, text: &str) {
        let length = u8::try_from(text.len()).expect("texts are short");
        self.write(&[op::SHORT_BINUNICODE, length]);
        self.write(text.as_bytes());
    }

    fn trace(&mut self, trace: &Trace) {
        match trace {
            Trace::None => self.write(&[op::NONE]),
            Trace::Known(known) => self.known(known),
            Trace::Empty { is_marked } => {
                self.write(&[op::EMPTY_LIST]);
                self.memoize(Kind::Trace);
                if *is_marked {
                    self.write(&[op::MARK, op::APPENDS]);
                }
            }
            Trace::Frames(frames) => {
                self.write(&[op::EMPTY_LIST]);
                self.memoize(Kind::Trace);
                self.write(&[op::MARK]);
                for frame in frames {
                    self.frame(frame);
                }
                self.write(&[op::APPENDS]);
            }
        }
    }

    fn frame(&mut self, frame: &Frame) {
        let (file, line, function, source, is_stored) = match frame {
            Frame::Known(known) => return self.known(known),
            Frame::New {
                file,
                line,
                function,
                source,
                is_stored,
            } => (file, *line, function, source, *is_stored),
        };
        self.write(&[op::MARK]);
        self.text(file);
        self.int(line);
        self.text(function);
        match source {
            Source::None => self.write(&[op::NONE, op::NONE]),
            Source::Line(line, index) => {
                self.write(&[op::EMPTY_LIST]);
                self.memoize(Kind::Source);
                self.text(line);
                self.write(&[op::APPEND]);
                self.int(*index);
            }
            Source::Known(known) => {
                self.known(known);
                self.int(0);
            }
        }
        self.write(&[op::TUPLE]);
        self.memoize_if(is_stored, Kind::Frame);
    }

    fn samples(&mut self, samples: &Samples) {
        let (samples, is_batch) = match samples {
            Samples::Known(known) => return self.known(known),
            Samples::New { of, is_batch } => (of, *is_batch),
        };
        self.write(&[op::EMPTY_LIST]);
        self.memoize(Kind::Samples);
        if is_batch {
            self.write(&[op::MARK]);
        }
        for sample in samples {
            self.sample(sample, !is_batch);
        }
        if is_batch {
            self.write(&[op::APPENDS]);
        }
    }

    fn sample(&mut self, sample: &Sample, is_alone: bool) {
        let append: &[u8] = if is_alone { &[op::APPEND] } else { &[] };
        match sample {
            Sample::Known(known) => {
                self.known(known);
                self.write(append);
            }
            Sample::New {
                time,
                asized,
                is_stored,
                times,
            } => {
                for _ in 0..*times {
                    self.float(*time);
                    self.asized(asized);
                    self.write(&[op::TUPLE2]);
                    self.memoize_if(*is_stored, Kind::Sample);
                    self.write(append);
                }
            }
        }
    }

    fn asized(&mut self, asized: &Asized) {
        let (keys, name, size, flat, referents) = match asized {
            Asized::Known(known) => return self.known(known),
            Asized::New {
                keys,
                name,
                size,
                flat,
                referents,
            } => (keys, name, *size, *flat, referents),
        };
        self.get(ASIZED);
        self.write(&[op::EMPTY_TUPLE, op::NEWOBJ]);
        self.memoize(Kind::Asized);
        self.write(&[op::NONE, op::EMPTY_DICT]);
        self.memoize(Kind::Other);
        self.write(&[op::MARK]);
        for &key in keys {
            self.key(key);
            match key {
                Key::Flat => self.int(flat),
                Key::Name => self.text(name),
                Key::Refs => self.referents(referents),
                _ => self.int(size),
            }
        }
        self.write(&[op::SETITEMS, op::TUPLE2]);
        self.memoize(Kind::Other);
        self.write(&[op::BUILD]);
    }

    fn referents(&mut self, referents: &Referents) {
        let (of, is_marked, is_stored) = match referents {
            Referents::Known(known) => return self.known(known),
            Referents::New {
                of,
                is_marked,
                is_stored,
            } => (of, *is_marked, *is_stored),
        };
        let end = match of.len() {
            1 if !is_marked => op::TUPLE1,
            2 if !is_marked => op::TUPLE2,
            3 if !is_marked => op::TUPLE3,
            0 => return self.write(&[op::EMPTY_TUPLE]),
            _ => op::TUPLE,
        };
        if end == op::TUPLE {
            self.write(&[op::MARK]);
        }
        for asized in of {
            self.asized(asized);
        }
        self.write(&[end]);
        self.memoize_if(is_stored, Kind::Referents);
    }

    fn key(&mut self, key: Key) {
        self.get(FIRST_KEY + key as usize);
    }

    fn int(&mut self, value: i128) {
        if let Ok(byte) = u8::try_from(value) {
            self.write(&[op::BININT1, byte]);
        } else if let Ok(short) = u16::try_from(value) {
            self.write(&[op::BININT2]);
            self.write(&short.to_le_bytes());
        } else if let Ok(int) = i32::try_from(value) {
            self.write(&[op::BININT]);
            self.write(&int.to_le_bytes());
        } else {
            // One more for the sign.
            let bits = 1 + i128::BITS - value.max(!value).leading_zeros();
            let length = bits.div_ceil(8) as u8;
            self.write(&[op::LONG1, length]);
            self.write(&value.to_le_bytes()[..length.into()]);
        }
    }

    fn float(&mut self, value: f64) {
        self.write(&[op::BINFLOAT]);
        self.write(&value.to_bits().to_be_bytes());
    }

    fn known(&mut self, known: &Known) {
        let count = self.entry_count;
        let number = match *known {
            Known::Of(kind, ago) => {
                let numbers = self.numbers.get(&kind).map_or(&[][..], Vec::as_slice);
                let place = numbers.len().checked_sub(1 + ago % numbers.len().max(1));
                // As long as there is none of the kind, the class of objects stands for it.
                place.map_or(TRACKED_OBJECT, |place| numbers[place])
            }
            Known::Any(ago) => count - 1 - ago % count,
            Known::Later(later) => count + later,
        };
        self.get(number);
    }

    fn get(&mut self, number: usize) {
        match u8::try_from(number) {
            Ok(number) => self.write(&[op::BINGET, number]),
            Err(_) => self.long_get(number),
        }
    }

    fn long_get(&mut self, number: usize) {
        self.write(&[op::LONG_BINGET]);
        self.write(&(number as u32).to_le_bytes());
    }

    fn memoize(&mut self, kind: Kind) {
        self.write(&[op::MEMOIZE]);
        self.numbers.entry(kind).or_default().push(self.entry_count);
        self.entry_count += 1;
    }

    fn memoize_if(&mut self, is_stored: bool, kind: Kind) {
        if is_stored {
            self.memoize(kind);
        }
    }

    fn put(&mut self, place: &Place) {
        let number = match *place {
            Place::Used(ago) => self.entry_count - 1 - ago % self.entry_count,
            Place::Free(beyond) => {
                self.entry_count += 1;
                self.entry_count - 1 + beyond as usize
            }
        };
        self.write(&[op::LONG_BINPUT]);
        self.write(&(number as u32).to_le_bytes());
    }

    fn write(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }
}
