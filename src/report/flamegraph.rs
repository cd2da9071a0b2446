//! Flame graphs as SVG, drawn by inferno. Of two dumps the widths are those of the newer,
//! red what grew and blue what shrank.
//!
//! Inferno reads lines, so names that it would take for something else are changed a little
//! first. It escapes what is markup; what no XML may hold is replaced here. A style sheet and a
//! script of ours follow its own: labels that begin with what tells frames apart, dark colours,
//! and the keyboard.

use std::io::{self, Write};

use inferno::flamegraph::color::BasicPalette;
use inferno::flamegraph::{self, Options, Palette, TextTruncateDirection};

use super::folded::end;
use crate::analysis::stacks::{Stack, StackPart, Stacks, Weight};
use crate::units::counted;

/// Innermost parts of a stack that are drawn. Python's recursion ends at a thousand.
const MAX_PARTS: usize = 1500;

/// Bytes of all names together. Beyond it stacks become one, the lightest first: they would
/// be too narrow to be seen.
const MAX_BYTES: usize = 64 << 20;

/// Sums beyond it are drawn in larger units: a float cannot tell them apart.
const MAX_SUM: i128 = 1 << 53;

/// What its own style sheet and script lack.
const LOOK: &str = include_str!("flamegraph/look.css");
const READING: &str = include_str!("flamegraph/reading.js");

/// How a picture ends.
const END: &str = "</svg>";

/// Whether there is something to draw.
pub fn is_drawable(stacks: &Stacks<'_>) -> bool {
    stacks.stacks.iter().any(|stack| stack.weight > 0)
}

/// Draws the stacks.
///
/// # Errors
///
/// If there is nothing to draw, and those of `out`.
pub fn write(out: &mut impl Write, stacks: &Stacks<'_>, weight: Weight) -> io::Result<()> {
    let lines = lines(stacks, MAX_BYTES);
    if lines.is_empty() {
        let why = "there is nothing to draw: no selected object has a size";
        return Err(io::Error::other(why));
    }
    let mut options = Options::default();
    options.title = match weight {
        Weight::Bytes => "Bytes by where objects were created".into(),
        Weight::Objects => "Objects by where they were created".into(),
    };
    options.count_name = match weight {
        Weight::Bytes => "bytes".into(),
        Weight::Objects => "objects".into(),
    };
    options.name_type = "Site:".into();
    options.colors = Palette::Basic(BasicPalette::Mem);
    options.text_truncate_direction = TextTruncateDirection::Right;
    // The same dump, the same picture.
    options.deterministic = true;
    let mut picture = BeforeEnd {
        out,
        held: Vec::new(),
    };
    flamegraph::from_lines(&mut options, lines.iter().map(String::as_str), &mut picture)?;
    let BeforeEnd { out, held } = picture;
    let title = &options.title;
    write!(
        out,
        "<title>{title}</title><style type=\"text/css\">{LOOK}</style>\
         <script type=\"text/ecmascript\"><![CDATA[{READING}]]></script>"
    )?;
    out.write_all(&held)?;
    writeln!(out)
}

/// Passes on what is written but for the end of the picture, so that more can come before it.
struct BeforeEnd<'w, W> {
    out: &'w mut W,
    held: Vec<u8>,
}

impl<W: Write> Write for BeforeEnd<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        let ready = self.held.len().saturating_sub(END.len());
        self.out.write_all(&self.held[..ready])?;
        self.held.drain(..ready);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Folded lines as inferno reads them.
fn lines(stacks: &Stacks<'_>, max_bytes: usize) -> Vec<String> {
    let positive = |weight: i128| weight.max(0);
    let sum = stacks.stacks.iter().map(|stack| positive(stack.weight));
    let before = stacks.stacks.iter().map(|stack| positive(stack.before));
    let sum: i128 = sum.sum();
    if sum == 0 {
        return Vec::new();
    }
    let unit = sum.max(before.sum()) / MAX_SUM + 1;
    let mut heaviest: Vec<&Stack<'_>> = stacks
        .stacks
        .iter()
        .filter(|stack| stack.weight > 0 || stack.before > 0)
        .collect();
    heaviest.sort_by_key(|stack| std::cmp::Reverse(stack.weight));
    let mut lines = Vec::new();
    let mut left = max_bytes;
    let mut more = [0, 0];
    let mut cut = 0;
    let figures = |[before, weight]: [i128; 2]| {
        let [before, weight] = [before, weight].map(|weight| positive(weight) / unit);
        match stacks.are_compared {
            true => format!(" {before} {weight}"),
            false => format!(" {weight}"),
        }
    };
    for stack in heaviest {
        let line = if left > 0 {
            names(stack)
        } else {
            String::new()
        };
        left = left.saturating_sub(line.len());
        if left == 0 {
            cut += 1;
            more[0] += positive(stack.before);
            more[1] += positive(stack.weight);
            continue;
        }
        lines.push(line + &figures([stack.before, stack.weight]));
    }
    if cut > 0 {
        let cut = counted(cut, "more stack", "more stacks");
        lines.push(format!("({cut}){}", figures(more)));
    }
    lines
}

/// The names of a stack, joined by semicolons.
fn names(stack: &Stack<'_>) -> String {
    let all = stack.parts().count();
    let mut names = Vec::new();
    if all > MAX_PARTS {
        let cut = counted(all - MAX_PARTS, "more frame", "more frames");
        names.push(format!("({cut})"));
    }
    let shown = stack.parts().skip(all.saturating_sub(MAX_PARTS));
    names.extend(shown.map(|part| match part {
        StackPart::Class(_) => drawable(&end(&part.name())),
        StackPart::Frame(_) | StackPart::NoTrace => drawable(&part.name()),
    }));
    names.join(";")
}

/// A name that inferno takes for one: not empty, no comment, nothing at its ends that it
/// would trim. Without what no XML may hold.
fn drawable(name: &str) -> String {
    let name = name.trim().replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
    if name.is_empty() {
        return "?".into();
    }
    if name.starts_with("# ") {
        return format!("\\{name}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::sites::SitesOptions;
    use crate::model::Dump;

    fn load(name: &str) -> Dump {
        Dump::load(format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    fn of(dump: &Dump) -> Stacks<'_> {
        Stacks::of(dump, &SitesOptions::default(), Weight::Bytes).unwrap()
    }

    fn drawn(stacks: &Stacks<'_>) -> String {
        let mut out = Vec::new();
        write(&mut out, stacks, Weight::Bytes).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_stack_is_drawn_and_the_same_every_time() {
        let dump = load("shop.dump");
        let svg = drawn(&of(&dump));
        assert!(svg.contains("<title>shop.Cart ("), "{svg}");
        assert!(svg.contains("var truncate_text_right = true;"));
        // Ours is within the picture, behind its own.
        let [own, ours, end] = ["function init(evt)", READING, END].map(|part| svg.rfind(part));
        assert!(own < ours && ours < end, "{own:?} {ours:?} {end:?}");
        assert!(svg.ends_with("]]></script></svg>\n") && !READING.contains("]]>"));
        assert_eq!(svg, drawn(&of(&dump)));
    }

    /// Whatever names a dump has, the picture is one, and holds no markup of theirs.
    #[test]
    fn odd_names_are_drawn() {
        let folder = format!("{}/fixtures", env!("CARGO_MANIFEST_DIR"));
        for folder in ["dumps", "edited"].map(|name| format!("{folder}/{name}")) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let Ok(dump) = Dump::load(&path) else {
                    continue;
                };
                let stacks = of(&dump);
                let mut out = Vec::new();
                let drawn = write(&mut out, &stacks, Weight::Bytes);
                let weighs = stacks.stacks.iter().any(|stack| stack.weight > 0);
                assert_eq!(drawn.is_ok(), weighs, "{}: {drawn:?}", path.display());
                let both = of(&dump).since(stacks);
                assert_eq!(write(&mut out, &both, Weight::Bytes).is_ok(), weighs);
            }
        }
    }

    #[test]
    fn names_are_drawable() {
        let cases = [
            ("", "?"),
            ("\u{3000}a\u{3000}", "a"),
            ("# a", "\\# a"),
            ("#a", "#a"),
            ("a\u{ffff}", "a\u{fffd}"),
            ("<lambda> (a&b.py:1)", "<lambda> (a&b.py:1)"),
        ];
        for (name, expected) in cases {
            assert_eq!(drawable(name), expected);
        }
    }

    #[test]
    fn what_is_too_much_becomes_one() {
        let dump = load("shop.dump");
        let stacks = of(&dump);
        let lines = lines(&stacks, 140);
        assert_eq!((stacks.stacks.len(), lines.len()), (3, 2), "{lines:?}");
        assert!(lines[1].starts_with("(2 more stacks) "), "{lines:?}");
        let sum = |line: &String| line.rsplit(' ').next().unwrap().parse::<i128>().unwrap();
        let whole: i128 = stacks.stacks.iter().map(|stack| stack.weight).sum();
        assert_eq!(lines.iter().map(sum).sum::<i128>(), whole);
    }
}
