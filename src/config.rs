//! Small TOML files that users write: limits, leaks that are known. Whatever is wrong with one is
//! an error of one line: the file, the line in it, what is wrong.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::input;

/// No such file is larger.
const MAX_BYTES: u64 = 1 << 20;

/// What a file is meant to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meant {
    /// As what it cannot be used.
    pub(crate) name: &'static str,
    /// What shows how one is written.
    pub(crate) shown_by: &'static str,
}

/// Reads a text that is meant to be such a thing. `of` makes it of what stands in the file, or
/// says what is wrong.
pub(crate) fn read<F: DeserializeOwned, T>(
    text: &str,
    meant: Meant,
    of: impl FnOnce(F) -> Result<T, String>,
) -> Result<T, Error> {
    parse(text, meant)
        .and_then(of)
        .map_err(|what| Error::Config {
            file: "input".into(),
            meant: meant.name,
            what,
        })
}

/// The same of a file; `-` is standard input.
pub(crate) fn load<F: DeserializeOwned, T>(
    path: &Path,
    meant: Meant,
    of: impl FnOnce(F) -> Result<T, String>,
) -> Result<T, Error> {
    let wrong = |what: String| Error::Config {
        file: path.display().to_string(),
        meant: meant.name,
        what,
    };
    let bytes = input::small_file(path, MAX_BYTES)?;
    let bytes = bytes.ok_or_else(|| wrong(format!("it is larger than {MAX_BYTES} bytes")))?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8 text".into()))?;
    parse(&text, meant).and_then(of).map_err(wrong)
}

fn parse<F: DeserializeOwned>(text: &str, meant: Meant) -> Result<F, String> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(String::new(), |span| {
            let before = text.get(..span.start).unwrap_or(text);
            format!("line {}: ", before.matches('\n').count() + 1)
        });
        let what = error.message().replace('\n', " ");
        // Ours say what to do; those of TOML do not.
        let next = match what.contains(';') {
            true => String::new(),
            false => format!("; {} shows such a file", meant.shown_by),
        };
        format!("{line}{what}{next}")
    })
}
