//! Folded stacks: a line for each, its names joined by semicolons, then its weight. What
//! flamegraph.pl, inferno and speedscope read; lines with two weights, of two dumps, are read by
//! the first two, while speedscope takes the older one for a part of the name.

use std::io::{self, Write};

use crate::analysis::stacks::{Stack, StackPart, Stacks};

/// Writes the stacks with their weights; of two dumps both, the older first. What weighs less
/// than nothing, which none of those programs reads, weighs nothing.
pub fn write(out: &mut impl Write, stacks: &Stacks<'_>) -> io::Result<()> {
    for stack in &stacks.stacks {
        write_stack(out, stack)?;
        if stacks.are_compared {
            write!(out, " {}", stack.before.max(0))?;
        }
        writeln!(out, " {}", stack.weight.max(0))?;
    }
    Ok(())
}

fn write_stack(out: &mut impl Write, stack: &Stack<'_>) -> io::Result<()> {
    for (index, part) in stack.parts().enumerate() {
        if index > 0 {
            out.write_all(b";")?;
        }
        let name = part.name();
        match part {
            StackPart::Class(_) => out.write_all(end(&name).as_bytes())?,
            StackPart::Frame(_) | StackPart::NoTrace => out.write_all(name.as_bytes())?,
        }
    }
    Ok(())
}

/// The end of a stack. One that ends in a number of its own would be taken for a weight; one
/// without a name for none, as blanks are trimmed.
pub(super) fn end(name: &str) -> String {
    if name.is_empty() {
        return "(no name)".into();
    }
    let trimmed = name.trim_end();
    let blanks = name[trimmed.len()..].chars().count();
    if blanks > 0 {
        return trimmed.to_owned() + &"\\x20".repeat(blanks);
    }
    match name.rsplit_once(' ') {
        Some((head, tail)) if tail.chars().all(|c| c.is_ascii_digit() || c == '.') => {
            format!("{head}\u{a0}{tail}")
        }
        _ => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_weights() {
        let cases = [
            ("shop.Cart", "shop.Cart"),
            ("a b", "a b"),
            ("a 12", "a\u{a0}12"),
            ("a 1.5", "a\u{a0}1.5"),
            ("", "(no name)"),
            (" ", "\\x20"),
            ("a ", "a\\x20"),
        ];
        for (name, expected) in cases {
            assert_eq!(end(name), expected);
        }
    }
}
