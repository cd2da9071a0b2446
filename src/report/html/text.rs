//! Texts and figures of the page. Templates escape what HTML acts on; here texts lose what
//! acts on a reader's eyes, and their length.

use serde::{Serialize, Serializer};

use crate::model::{Integer, Text};
use crate::units::{self, ByteStyle, escaped};

/// Pympler clips reprs to 128 characters and names to 80; only hand-made dumps have more.
pub(super) const MOST_CHARACTERS: usize = 500;

/// A text of the dump: control characters and direction marks escaped, and not endless.
pub(super) fn shown(text: Text<'_>) -> String {
    let head = text.head(MOST_CHARACTERS);
    let mut out = escaped(&head.to_str()).into_owned();
    if head.as_bytes().len() < text.as_bytes().len() {
        out.push('…');
    }
    out
}

/// A figure: its value for sorting, as people read it, and exact.
#[derive(Serialize)]
pub(super) struct Cell {
    pub(super) value: String,
    pub(super) text: String,
    pub(super) exact: String,
}

impl Cell {
    pub(super) fn bytes(count: i128) -> Cell {
        Cell {
            value: count.to_string(),
            text: units::bytes(count, ByteStyle::Units),
            exact: units::bytes(count, ByteStyle::Exact),
        }
    }

    pub(super) fn change(count: i128) -> Cell {
        Cell {
            value: count.to_string(),
            text: units::change(count, ByteStyle::Units),
            exact: units::change(count, ByteStyle::Exact),
        }
    }

    /// Bytes that may not have been recorded.
    pub(super) fn known_bytes(count: Option<i128>, otherwise: &str) -> Cell {
        count.map_or_else(|| Cell::none(otherwise), Cell::bytes)
    }

    pub(super) fn count(count: i128) -> Cell {
        Cell {
            value: count.to_string(),
            text: units::thousands(count),
            exact: String::new(),
        }
    }

    pub(super) fn percent(percent: f64) -> Cell {
        Cell {
            value: percent.to_string(),
            text: units::share(percent),
            exact: String::new(),
        }
    }

    pub(super) fn seconds(seconds: Option<f64>) -> Cell {
        match seconds {
            Some(seconds) => Cell {
                value: seconds.to_string(),
                text: units::short_time(seconds),
                exact: units::clock(seconds),
            },
            None => Cell::none("at no moment"),
        }
    }

    pub(super) fn per_second(rate: Option<f64>) -> Cell {
        match rate {
            Some(rate) => Cell {
                value: rate.to_string(),
                text: units::per_second(rate),
                exact: String::new(),
            },
            None => Cell::none("the recording took no time"),
        }
    }

    pub(super) fn average(bytes: f64) -> Cell {
        Cell {
            value: bytes.to_string(),
            ..Cell::bytes(bytes.round() as i128)
        }
    }

    pub(super) fn none(why: &str) -> Cell {
        Cell {
            value: String::new(),
            text: "–".into(),
            exact: why.into(),
        }
    }
}

/// An integer for a script, which counts exactly to 2⁵³ only: greater ones are texts.
#[derive(Clone, Copy, Default)]
pub(super) struct Exact(pub(super) i128);

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.unsigned_abs() <= 1 << 53 {
            serializer.serialize_i64(self.0 as i64)
        } else {
            serializer.collect_str(&self.0)
        }
    }
}

/// A line number for a script, which shows it.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Line {
    Number(Exact),
    /// Of one beyond 128 bits, and not all of them.
    Digits(String),
}

impl From<Integer<'_>> for Line {
    fn from(line: Integer<'_>) -> Self {
        match line.value() {
            Some(value) => Line::Number(Exact(value)),
            None => Line::Digits(format!("{line:.30}")),
        }
    }
}
