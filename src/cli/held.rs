//! Lines for standard error that wait for their turn: what a thread says of one dump of several is
//! told when that dump's report is.

use std::cell::RefCell;

thread_local! {
    static HELD: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Does something, and holds what this thread says meanwhile.
pub(super) fn hold<T>(work: impl FnOnce() -> T) -> (T, Vec<String>) {
    HELD.set(Some(Vec::new()));
    let done = work();
    (done, HELD.take().unwrap_or_default())
}

/// Holds a line if this thread's lines are held; otherwise gives it back.
pub(super) fn take(line: &str) -> Result<(), &str> {
    HELD.with_borrow_mut(|held| {
        let lines = held.as_mut().ok_or(line)?;
        lines.push(line.into());
        Ok(())
    })
}

/// A line about some files in three parts: `warning: ` or nothing, the file, and what is said of it.
/// A line that begins with the name of one file is about that one.
pub(super) fn parts<'l>(names: &[&str], line: &'l str) -> (&'static str, String, &'l str) {
    let (kind, text) = match line.strip_prefix(WARNING) {
        Some(text) => (WARNING, text),
        None => ("", line),
    };
    let named = |name: &&str| {
        let rest = text.strip_prefix(*name)?.strip_prefix(": ")?;
        Some((kind, (*name).to_owned(), rest))
    };
    let named = names.iter().find_map(named);
    named.unwrap_or_else(|| (kind, names.join(" → "), text))
}

/// What warnings begin with.
const WARNING: &str = "warning: ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_about_files() {
        let cases = [
            (
                "no object has a trace",
                ("", "a → b", "no object has a trace"),
            ),
            (
                "warning: nothing passes",
                ("warning: ", "a → b", "nothing passes"),
            ),
            ("a: cut short", ("", "a", "cut short")),
            ("warning: b: cut short", ("warning: ", "b", "cut short")),
            ("ab: cut short", ("", "a → b", "ab: cut short")),
        ];
        for (line, (kind, name, text)) in cases {
            assert_eq!(parts(&["a", "b"], line), (kind, name.into(), text));
        }
        assert_eq!(parts(&["a"], "x"), ("", "a".into(), "x"));
    }

    #[test]
    fn only_what_is_said_meanwhile_is_held() {
        let (_, held) = hold(|| take("one"));
        assert_eq!(held, ["one"]);
        assert_eq!(take("two"), Err("two"));
    }
}
