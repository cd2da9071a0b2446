//! Folded stacks: a line for each, its names joined by semicolons, then its weight. What
//! flamegraph.pl, inferno and speedscope read.

use std::io::{self, Write};

use crate::analysis::stacks::{Part, Stack, Stacks};

/// Writes the stacks with their weights; of two dumps both, the older first.
pub fn write(out: &mut impl Write, stacks: &Stacks<'_>) -> io::Result<()> {
    for stack in &stacks.stacks {
        write_stack(out, stack)?;
        if stacks.are_compared {
            write!(out, " {}", stack.before)?;
        }
        writeln!(out, " {}", stack.weight)?;
    }
    Ok(())
}

/// Writes the names.
fn write_stack(out: &mut impl Write, stack: &Stack<'_>) -> io::Result<()> {
    for (index, part) in stack.parts().enumerate() {
        if index > 0 {
            out.write_all(b";")?;
        }
        let name = part.name();
        match part {
            Part::Class(_) => out.write_all(end(&name).as_bytes())?,
            Part::Frame(_) | Part::NoTrace => out.write_all(name.as_bytes())?,
        }
    }
    Ok(())
}

/// The end of a stack. One that ends in a number of its own would be taken for a weight.
pub(super) fn end(name: &str) -> String {
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
            ("a ", "a\u{a0}"),
        ];
        for (name, expected) in cases {
            assert_eq!(end(name), expected);
        }
    }
}
