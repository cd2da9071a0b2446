//! Values in words: what stands where text belongs, and what a message calls a thing.

use super::{ASIZED, EMPTY_TUPLE, Loader, OBJECT, OPAQUE, PROCESS, SAMPLES, SNAPSHOT};
use crate::model::TextId;
use crate::pickle::{Heap, Outcome, Value, unfit};

/// How long a text is that is made of something else, in characters.
const MAX_TEXT: usize = 1000;

/// How many items of a tuple or list stand in a description.
const MAX_ITEMS: usize = 16;

/// How much of a text stands in a description.
const MAX_DESCRIBED: usize = 200;

impl Loader {
    pub(super) fn full_name(&self, class: u32) -> String {
        let class = &self.globals[class as usize];
        let arena = &self.texts.arena;
        format!("{}.{}", arena.get(class.module), arena.get(class.name))
    }

    /// A value's type for messages, with the name of what is opaque.
    pub(super) fn describe_type(&self, value: Value) -> String {
        match value {
            Value::Class(class) => format!("the class {}", self.full_name(class)),
            Value::Built(OPAQUE, number) => self.describe_opaque(number),
            Value::Built(ASIZED, _) => "an Asized".into(),
            Value::Built(OBJECT, _) => "a TrackedObject".into(),
            Value::Built(SNAPSHOT, _) => "a Snapshot".into(),
            Value::Built(SAMPLES, _) => "a list".into(),
            Value::Built(PROCESS, _) => "a ProcessMemoryInfo".into(),
            Value::Built(..) => "a tuple".into(),
            Value::Huge(Value::ENDLESS) => "an int of more than 4,300 digits".into(),
            other => other.type_name().into(),
        }
    }

    pub(super) fn describe_opaque(&self, number: u32) -> String {
        let opaque = &self.opaques[number as usize];
        let name = self.full_name(opaque.class);
        if opaque.called {
            format!("the result of {name}(…), which ctstats does not call")
        } else {
            format!("an instance of {name}")
        }
    }

    /// Python's `str()` of a value, for places where text belongs and anything may stand.
    pub(super) fn text_of(&mut self, value: Value, heap: &Heap, place: &str) -> Outcome<TextId> {
        let text = match value {
            Value::Text(number) => return Ok(TextId(number)),
            Value::None => return Ok(TextId::NONE),
            Value::Built(OPAQUE, number) => {
                let opaque = &self.opaques[number as usize];
                match opaque.text {
                    Some(text) => return Ok(text),
                    None if opaque.called && place.starts_with("a class name") => {
                        return Err(unfit(format!(
                            "{place} is {}",
                            self.describe_opaque(number)
                        )));
                    }
                    None => format!("<{}>", self.full_name(opaque.class)),
                }
            }
            Value::Tuple(number) => {
                let items = heap.tuple(number);
                let reprs = items.iter().map(|&item| self.repr_of(item, heap));
                let mut text = String::from("(");
                push_list(&mut text, reprs);
                text.push_str(if items.len() == 1 { ",)" } else { ")" });
                text
            }
            other => self.repr_of(other, heap),
        };
        // It is made anew each time, however often the file refers to the value.
        let end = text
            .char_indices()
            .nth(MAX_TEXT)
            .map_or(text.len(), |(at, _)| at);
        self.texts.intern(&text.as_bytes()[..end])
    }

    /// A text, or the beginning of a long one: a description is made anew each time.
    fn beginning_of(&self, id: TextId) -> String {
        let text = self.texts.arena.get(id);
        let code_points = text.code_points().take(MAX_DESCRIBED);
        code_points
            .map(|code| char::from_u32(code).unwrap_or('\u{fffd}'))
            .collect()
    }

    /// Python's `repr()` of a value without parts, and a word for one with parts.
    pub(super) fn repr_of(&self, value: Value, heap: &Heap) -> String {
        match value {
            Value::None => "None".into(),
            Value::Bool(true) => "True".into(),
            Value::Bool(false) => "False".into(),
            Value::Huge(digits) if digits != Value::ENDLESS => self.beginning_of(TextId(digits)),
            Value::Int(_) | Value::Wide(_) => heap
                .as_int(value)
                .map(|int| int.to_string())
                .unwrap_or_default(),
            Value::Float(float) => python_float(float),
            Value::Text(number) => quoted(&self.beginning_of(TextId(number))),
            Value::Bytes(number) => {
                format!("b{}", quoted(&self.beginning_of(TextId(number))))
            }
            Value::Class(class) => format!("<class '{}'>", self.full_name(class)),
            Value::Built(EMPTY_TUPLE, _) => "()".into(),
            Value::List(list) => {
                let items = heap.list(list).values().take(MAX_ITEMS);
                let reprs = items.map(|item| match item {
                    Value::List(_) | Value::Tuple(_) => "...".into(),
                    item => self.repr_of(item, heap),
                });
                let mut text = String::from("[");
                push_list(&mut text, reprs);
                text + "]"
            }
            other => format!("<{}>", self.describe_type(other)),
        }
    }
}

/// Items as in a list, as far as a description goes.
fn push_list(text: &mut String, items: impl Iterator<Item = String>) {
    for (index, item) in items.enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        if index == MAX_ITEMS || text.len() > MAX_TEXT {
            text.push_str("...");
            return;
        }
        text.push_str(&item);
    }
}

/// Python's repr of a float, near enough for a description.
fn python_float(float: f64) -> String {
    let text = format!("{float:?}");
    text.replace("NaN", "nan")
}

fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c == quote => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}
