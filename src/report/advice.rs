//! What to do next about a suspect: commands for a shell, and lines for a Python prompt of the
//! running program. Each works when it is pasted as it stands.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use crate::analysis::leaks::{Leaks, Pattern, Suspect};
use crate::units::{acts, marks};

/// What to do next.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Advice {
    /// Commands for a shell.
    pub(super) next: Vec<String>,
    /// Lines of Python that belong together: they show what refers to an instance.
    pub(super) python: Vec<String>,
    /// A line of Python for the next recording; `None` if this one lacks nothing.
    pub(super) recording: Option<String>,
}

impl Advice {
    /// What to do about a suspect of this dump.
    pub(super) fn on(suspect: &Suspect<'_>, leaks: &Leaks<'_>, dump: &Path) -> Advice {
        let name = suspect.class.class.to_str();
        let mut dump = quoted(dump);
        if leaks.salvaged.is_some() {
            dump += " --salvage";
        }
        let class = quoted(Path::new(harmless_part(&name)));
        // The oldest shows what is kept, the largest what swells. One object with all that it holds
        // is about a screen.
        let key = match suspect.class.verdict.pattern {
            Pattern::Swelling => "size",
            _ => "birth",
        };
        let mut next = vec![format!(
            "ctstats print {dump} --class {class} --alive --sort {key} --limit 1"
        )];
        let mut origins = suspect.kept.origins.iter();
        if origins.any(|origin| origin.file.is_some()) {
            next.push(format!(
                "ctstats sites {dump} --class {class} --alive --depth 5 --limit 3"
            ));
        }
        let missing = [
            (!leaks.has_traces).then_some("trace=True"),
            (!leaks.has_referents).then_some("resolution_level=2"),
        ];
        let missing: Vec<&str> = missing.into_iter().flatten().collect();
        let short = python_name(&name);
        Advice {
            next,
            python: short.map(referrers).unwrap_or_default(),
            recording: short
                .filter(|_| !missing.is_empty())
                .map(|short| format!("tracker.track_class({short}, {})", missing.join(", "))),
        }
    }
}

/// What a class is probably called in the program's code: the end of its registered name. Only a
/// plain name makes a line of Python.
pub(super) fn python_name(class: &str) -> Option<&str> {
    let short = class.rsplit('.').next().unwrap_or_default();
    let is_name = !short.is_empty() && short.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then_some(short)
}

/// Lines that print what refers to an instance of a class. One walk finds the instance and one
/// its referrers, however many there are; the prompt's own names are not told; and `reprlib`
/// keeps a list of all instances to a line.
fn referrers(class: &str) -> Vec<String> {
    vec![
        "import gc, reprlib".into(),
        // The youngest generation comes first, so the last one is old: it was kept.
        format!("it = [o for o in gc.get_objects() if type(o).__name__ == '{class}'][-1]"),
        "by = [r for r in gc.get_referrers(it) if r is not globals()]".into(),
        "print(*[type(r).__name__ + ' ' + reprlib.repr(r) for r in by], sep='\\n')".into(),
    ]
}

/// The longest part of a class name that a shell can be given as it is: a part of a name is
/// enough for `--class`.
fn harmless_part(name: &str) -> &str {
    let odd = |c: char| acts(c) || c == char::REPLACEMENT_CHARACTER;
    let parts = name.split(odd);
    parts
        .max_by_key(|part| part.chars().count())
        .unwrap_or_default()
}

/// A path or name as one word of a shell.
pub(super) fn quoted(word: &Path) -> String {
    let text = word.to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "./_-+:@%,".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) && (!text.starts_with('-') || text == "-") {
        return text.into_owned();
    }
    if word.to_str().is_some() && !text.contains(acts) && marks(&text).is_empty() {
        // What begins with a hyphen would be an option.
        let here = if text.starts_with('-') { "./" } else { "" };
        return format!("'{here}{}'", text.replace('\'', "'\\''"));
    }
    // As bash, ksh and zsh read it, and the POSIX shells of 2024.
    let mut out = String::from("$'");
    for chunk in word.as_os_str().as_encoded_bytes().utf8_chunks() {
        for c in chunk.valid().chars() {
            let _ = match c {
                '\'' | '\\' => write!(out, "\\{c}"),
                // Two of these may command the log of a build.
                c if acts(c) || c == '#' => c
                    .encode_utf8(&mut [0; 4])
                    .bytes()
                    .try_for_each(|byte| write!(out, "\\{byte:03o}")),
                c => write!(out, "{c}"),
            };
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\{byte:03o}");
        }
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_shell() {
        let cases = [
            ("dump.dat", "dump.dat"),
            ("-", "-"),
            ("", "''"),
            ("/tmp/a b.dat", "'/tmp/a b.dat'"),
            ("it's.dat", "'it'\\''s.dat'"),
            ("-x.dat", "'./-x.dat'"),
            ("$HOME", "'$HOME'"),
            ("a\x1b'\n", "$'a\\033\\'\\012'"),
            ("a #1 [b]", "'a #1 [b]'"),
            ("##[error]a", "$'\\043\\043[error]a'"),
        ];
        for (word, expected) in cases {
            assert_eq!(quoted(Path::new(word)), expected);
        }
        assert_eq!(harmless_part("a.\x1b[31mLongest\nb"), "[31mLongest");
    }
}
