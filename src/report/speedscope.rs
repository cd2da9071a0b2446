//! Stacks as <https://www.speedscope.app> opens them: a table of frames, and a profile whose
//! samples are the stacks. Of two dumps there are two profiles.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::{self, Write};

use serde::Serialize;

use super::form::json;
use crate::analysis::stacks::{self, PartId, Stack, StackPart, Stacks, Weight};
use crate::model::Integer;

/// Names the format.
const SCHEMA: &str = "https://www.speedscope.app/file-format-schema.json";

#[derive(Serialize)]
struct SharedFrame<'d> {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<Integer<'d>>,
}

impl<'d> SharedFrame<'d> {
    fn of(part: StackPart<'d>) -> SharedFrame<'d> {
        match part {
            StackPart::Frame(frame) => SharedFrame {
                name: stacks::text(frame.function()),
                file: Some(stacks::text(frame.file())),
                line: Some(frame.exact_line()),
            },
            StackPart::NoTrace | StackPart::Class(_) => SharedFrame {
                name: part.name(),
                file: None,
                line: None,
            },
        }
    }
}

/// Writes one document. What weighs nothing, or less, is no sample.
pub fn write(
    out: &mut impl Write,
    stacks: &Stacks<'_>,
    weight: Weight,
    names: [&str; 2],
) -> io::Result<()> {
    write!(out, "{{\"$schema\":\"{SCHEMA}\",\"exporter\":\"ctstats@")?;
    write!(out, "{}\",\"name\":", env!("CARGO_PKG_VERSION"))?;
    json::value(out, &names[1])?;
    write!(
        out,
        ",\"activeProfileIndex\":{}",
        u8::from(stacks.are_compared)
    )?;
    write!(out, ",\"shared\":{{\"frames\":[")?;
    let numbers = frames(out, stacks)?;
    write!(out, "\n]}},\"profiles\":[")?;
    if stacks.are_compared {
        profile(out, stacks, &numbers, weight, names[0], |stack| {
            stack.before
        })?;
        write!(out, ",")?;
    }
    profile(out, stacks, &numbers, weight, names[1], |stack| {
        stack.weight
    })?;
    writeln!(out, "]}}")
}

/// Writes every frame and class once; their numbers.
fn frames(out: &mut impl Write, stacks: &Stacks<'_>) -> io::Result<HashMap<PartId, usize>> {
    let mut numbers = HashMap::new();
    for part in stacks.stacks.iter().flat_map(Stack::parts) {
        let number = numbers.len();
        let Entry::Vacant(place) = numbers.entry(part.id()) else {
            continue;
        };
        place.insert(number);
        out.write_all(if number == 0 { b"\n" } else { b",\n" })?;
        json::value(out, &SharedFrame::of(part))?;
    }
    Ok(numbers)
}

fn profile(
    out: &mut impl Write,
    stacks: &Stacks<'_>,
    numbers: &HashMap<PartId, usize>,
    weight: Weight,
    name: &str,
    weigh: impl Fn(&Stack<'_>) -> i128,
) -> io::Result<()> {
    let weighing = || stacks.stacks.iter().filter(|stack| weigh(stack) > 0);
    let unit = match weight {
        Weight::Bytes => "bytes",
        Weight::Objects => "none",
    };
    write!(out, "\n{{\"type\":\"sampled\",\"name\":")?;
    json::value(out, &name)?;
    let sum: i128 = weighing().map(&weigh).sum();
    write!(
        out,
        ",\"unit\":\"{unit}\",\"startValue\":0,\"endValue\":{sum},"
    )?;
    write!(out, "\"samples\":[")?;
    for (index, stack) in weighing().enumerate() {
        out.write_all(if index == 0 { b"\n[" } else { b",\n[" })?;
        for (index, part) in stack.parts().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let number = numbers.get(&part.id()).copied().unwrap_or_default();
            write!(out, "{comma}{number}")?;
        }
        write!(out, "]")?;
    }
    write!(out, "\n],\"weights\":[")?;
    for (index, stack) in weighing().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(out, "{comma}{}", weigh(stack))?;
    }
    write!(out, "]}}")
}
