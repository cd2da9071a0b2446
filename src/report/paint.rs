//! Colour, where it is wanted. Five uses of it, each named by its purpose.

use std::fmt::Display;

/// Whether to colour. The default does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paint {
    /// Whether escape sequences are written.
    pub enabled: bool,
}

impl Paint {
    fn wrap(self, code: &str, text: impl Display) -> String {
        if self.enabled {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_string()
        }
    }

    /// Column headings.
    pub(crate) fn heading(self, text: impl Display) -> String {
        self.wrap("1;4", text)
    }

    /// What a row is about.
    pub(crate) fn subject(self, text: impl Display) -> String {
        self.wrap("1", text)
    }

    /// What matters less.
    pub(crate) fn aside(self, text: impl Display) -> String {
        self.wrap("2", text)
    }

    /// More memory than before.
    pub(crate) fn growth(self, text: impl Display) -> String {
        self.wrap("31", text)
    }

    /// Less memory than before.
    pub(crate) fn shrinkage(self, text: impl Display) -> String {
        self.wrap("32", text)
    }
}
