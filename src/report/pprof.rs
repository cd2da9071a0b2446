//! Stacks as a profile for `go tool pprof`, Pyroscope and Parca: the messages of
//! <https://github.com/google/pprof/blob/main/proto/profile.proto>, packed by gzip.
//!
//! The encoder is our own: a profile needs varints and strings only, which take fewer lines than the
//! generated code of a crate for Protocol Buffers.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::{self, Write};
use std::rc::Rc;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::analysis::stacks::{PartId, Stack, StackFigures, StackPart, Stacks};
use crate::model::{Frame, Text};
use crate::units::escaped;

/// Texts of the dump are told up to so many characters: many frames may share one of megabytes.
const MAX_TEXT: usize = 1000;

/// The same of the texts of a label.
const MAX_LABEL: usize = 200;

/// Fields of `Profile`.
const SAMPLE_TYPE: u32 = 1;
const SAMPLE: u32 = 2;
const MAPPING: u32 = 3;
const LOCATION: u32 = 4;
const FUNCTION: u32 = 5;
const STRING_TABLE: u32 = 6;
const PERIOD_TYPE: u32 = 11;
const PERIOD: u32 = 12;
const COMMENT: u32 = 13;
const DEFAULT_SAMPLE_TYPE: u32 = 14;

/// A figure of a sample: its name and unit in the profile.
type SampleType = (&'static str, &'static str, fn(&StackFigures) -> i128);

/// The names are those of Go's profiles of the heap, which other programs know.
const IN_USE: [SampleType; 2] = [
    ("inuse_objects", "count", |figures| figures.alive.into()),
    ("inuse_space", "bytes", |figures| figures.alive_bytes),
];
const ALLOCATED: [SampleType; 2] = [
    ("alloc_objects", "count", |figures| figures.objects.into()),
    ("alloc_space", "bytes", |figures| figures.size_bytes),
];
/// What was alive at a snapshot was in use at it.
const IN_USE_THEN: [SampleType; 2] = [
    ("inuse_objects", "count", |figures| figures.objects.into()),
    ("inuse_space", "bytes", |figures| figures.size_bytes),
];

/// What is said of a profile.
#[derive(Clone, Copy, Debug)]
pub struct Profile<'p> {
    /// The dump, which stands where other profiles have the program's file.
    pub file: &'p str,
    /// The snapshot whose sizes count, in words; `None` if it is the largest sizes of all objects.
    pub snapshot: Option<&'p str>,
}

/// Writes the stacks of one dump, packed by gzip.
///
/// There are figures of all objects (`alloc_objects`, `alloc_space`) and of those alive at the end
/// (`inuse_objects`, `inuse_space`); of a snapshot only the latter, of what was alive at it. Each
/// sample has its class and the innermost line of own code as labels `class` and `own`.
pub fn write(out: &mut impl Write, stacks: &Stacks<'_>, profile: Profile<'_>) -> io::Result<()> {
    let mut out = GzEncoder::new(out, Compression::default());
    let types: Vec<SampleType> = match profile.snapshot {
        None => ALLOCATED.into_iter().chain(IN_USE).collect(),
        Some(_) => IN_USE_THEN.to_vec(),
    };
    let mut tables = Tables::default();
    // The first text is to be empty.
    tables.text("");
    for &(name, unit, _) in &types {
        let value_type = tables.value_type(name, unit);
        out.write_all(Message::default().message(SAMPLE_TYPE, &value_type).bytes())?;
    }
    for stack in &stacks.stacks {
        let sample = sample(stack, &types, &mut tables);
        out.write_all(Message::default().message(SAMPLE, &sample).bytes())?;
    }
    let sizes = match profile.snapshot {
        None => "sizes: the largest of each object".into(),
        Some(snapshot) => format!("sizes: at {snapshot}"),
    };
    let mut rest = Message::default();
    rest.message(MAPPING, &mapping(tables.text(profile.file)));
    rest.message(PERIOD_TYPE, &tables.value_type("space", "bytes"));
    rest.number(PERIOD, 1);
    let version = concat!("ctstats ", env!("CARGO_PKG_VERSION"));
    for comment in [version, &sizes] {
        rest.number(COMMENT, tables.text(comment));
    }
    rest.number(DEFAULT_SAMPLE_TYPE, tables.text("inuse_space"));
    out.write_all(rest.bytes())?;
    out.write_all(tables.places.bytes())?;
    for text in &tables.in_order {
        let mut entry = Message::default();
        entry.text(STRING_TABLE, text);
        out.write_all(entry.bytes())?;
    }
    out.finish()?;
    Ok(())
}

/// One is enough: some programs fail without any. Nothing is left for them to look up in it.
fn mapping(file: u64) -> Message {
    let mut mapping = Message::default();
    mapping.number(1, 1).number(5, file);
    for has in [7, 8, 9] {
        mapping.number(has, 1);
    }
    mapping
}

fn sample(stack: &Stack<'_>, types: &[SampleType], tables: &mut Tables) -> Message {
    let mut locations = Vec::new();
    let mut labels = Vec::new();
    for part in stack.parts() {
        match part {
            StackPart::Class(class) => labels.push(("class", shown(class))),
            part => locations.push(tables.location(part)),
        }
    }
    labels.extend(stack.own_frame.map(|frame| ("own", place(frame))));
    let mut sample = Message::default();
    // The innermost first.
    sample.packed(1, locations.into_iter().rev());
    let value = |figure: i128| i64::try_from(figure.clamp(i64::MIN.into(), i64::MAX.into()));
    let values = types.iter().map(|(_, _, of)| value(of(&stack.figures)));
    sample.packed(2, values.map(|value| value.unwrap_or_default() as u64));
    for (key, text) in labels {
        let mut label = Message::default();
        label
            .number(1, tables.text(key))
            .number(2, tables.text(&text));
        sample.message(3, &label);
    }
    sample
}

/// `file:line in function`. There is one for each line, so less of a long text is told.
fn place(frame: Frame<'_>) -> String {
    let file = shown(frame.file().tail(MAX_LABEL));
    let function = shown(frame.function().head(MAX_LABEL));
    format!("{file}:{:.30} in {function}", frame.exact_line())
}

/// A text of the dump, made harmless: pprof writes it to terminals as it is.
fn shown(text: Text<'_>) -> String {
    escaped(&text.head(MAX_TEXT).to_str()).into_owned()
}

/// Texts, functions and locations, each once.
#[derive(Default)]
struct Tables {
    texts: HashMap<Rc<str>, u64>,
    in_order: Vec<Rc<str>>,
    /// By name and file.
    functions: HashMap<[u64; 2], u64>,
    locations: HashMap<PartId, u64>,
    /// Functions and locations, encoded.
    places: Message,
}

impl Tables {
    fn text(&mut self, text: &str) -> u64 {
        if let Some(&number) = self.texts.get(text) {
            return number;
        }
        let number = self.in_order.len() as u64;
        let text: Rc<str> = text.into();
        self.in_order.push(Rc::clone(&text));
        self.texts.insert(text, number);
        number
    }

    fn value_type(&mut self, name: &str, unit: &str) -> Message {
        let mut message = Message::default();
        message
            .number(1, self.text(name))
            .number(2, self.text(unit));
        message
    }

    fn location(&mut self, part: StackPart<'_>) -> u64 {
        let next = self.locations.len() as u64 + 1;
        match self.locations.entry(part.id()) {
            Entry::Occupied(known) => return *known.get(),
            Entry::Vacant(place) => place.insert(next),
        };
        let (function, line) = match part {
            StackPart::Frame(frame) => {
                let [name, file] = [frame.function(), frame.file()].map(shown);
                (self.function(&name, &file), frame.line())
            }
            part => (self.function(&part.name(), ""), 0),
        };
        let mut of_line = Message::default();
        of_line.number(1, function).number(2, line as u64);
        let mut location = Message::default();
        location.number(1, next).number(2, 1).message(4, &of_line);
        self.places.message(LOCATION, &location);
        next
    }

    fn function(&mut self, name: &str, file: &str) -> u64 {
        let key = [self.text(name), self.text(file)];
        let next = self.functions.len() as u64 + 1;
        if let Some(&known) = self.functions.get(&key) {
            return known;
        }
        self.functions.insert(key, next);
        let mut function = Message::default();
        // Without a system name. If both were equal, pprof would take `<module>` for a name of C++
        // and make nothing of it.
        function.number(1, next).number(2, key[0]).number(4, key[1]);
        self.places.message(FUNCTION, &function);
        next
    }
}

/// A message on its way, field by field. Negative numbers are their two's complement.
#[derive(Debug, Default)]
struct Message(Vec<u8>);

impl Message {
    fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// 0 is what a field is that is missing.
    fn number(&mut self, field: u32, value: u64) -> &mut Self {
        if value != 0 {
            self.varint(u64::from(field) << 3);
            self.varint(value);
        }
        self
    }

    fn delimited(&mut self, field: u32, bytes: &[u8]) -> &mut Self {
        self.varint(u64::from(field) << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    fn text(&mut self, field: u32, text: &str) -> &mut Self {
        self.delimited(field, text.as_bytes())
    }

    fn message(&mut self, field: u32, message: &Message) -> &mut Self {
        self.delimited(field, &message.0)
    }

    fn packed(&mut self, field: u32, values: impl Iterator<Item = u64>) -> &mut Self {
        let mut packed = Message::default();
        values.for_each(|value| packed.varint(value));
        self.message(field, &packed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_are_protocol_buffers() {
        let mut message = Message::default();
        message.number(1, 150).number(2, 0).text(2, "testing");
        message.number(16, -1_i64 as u64);
        message.packed(4, [3, 270, 86942].into_iter());
        let expected = [
            // The examples of the format's documentation: 1: 150, 2: "testing".
            &[0x08, 0x96, 0x01, 0x12, 0x07][..],
            b"testing",
            // 16: -1, in ten bytes behind a tag of two.
            &[
                0x80, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01,
            ],
            // 4: [3, 270, 86942].
            &[0x22, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05],
        ];
        assert_eq!(message.bytes(), expected.concat());
    }
}
