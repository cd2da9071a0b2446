//! Choices that users type by name: the variants of an enum, each with its name, written once.

use std::cmp::Ordering;

use crate::error::Error;
use crate::similar::{did_you_mean, similar};

/// Defines such an enum, with `NAMED`: all variants by the names that users type.
macro_rules! named {
    (
        $(#[$doc:meta])*
        pub enum $choice:ident {
            $($(#[$variant_doc:meta])* $variant:ident = $name:literal,)*
        }
    ) => {
        $(#[$doc])*
        pub enum $choice {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $choice {
            /// All of them by the names that users type.
            pub const NAMED: [(&'static str, $choice); [$($name),*].len()] =
                [$(($name, $choice::$variant)),*];

            /// The name that users type.
            pub fn name(self) -> &'static str {
                match self {
                    $($choice::$variant => $name,)*
                }
            }
        }
    };
}

/// Makes such an enum one of sort keys, which are parsed.
macro_rules! parsed_by_name {
    ($choice:ident) => {
        impl std::str::FromStr for $choice {
            type Err = crate::error::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                crate::named::sort_key(&$choice::NAMED, text)
            }
        }
    };
}

pub(crate) use {named, parsed_by_name};

/// Finds a key by its name; the error lists all names.
pub(crate) fn sort_key<K: Copy>(keys: &[(&str, K)], text: &str) -> Result<K, Error> {
    keys.iter()
        .find(|(name, _)| *name == text)
        .map(|(_, key)| *key)
        .ok_or_else(|| {
            let names: Vec<&str> = keys.iter().map(|(name, _)| *name).collect();
            let similar = similar(text, names.iter().copied());
            let similar: Vec<String> = similar.into_iter().map(String::from).collect();
            Error::Invalid(format!(
                "there is no sort key '{text}'; the keys are {}{}",
                names.join(", "),
                did_you_mean(&similar)
            ))
        })
}

/// Compares by some keys in turn, and at last by `tie`.
pub(crate) fn in_turn<K>(
    keys: &[K],
    by: impl FnMut(&K) -> Ordering,
    reverse: bool,
    tie: impl FnOnce() -> Ordering,
) -> Ordering {
    let ordering = keys.iter().map(by).find(|ordering| ordering.is_ne());
    let ordering = ordering.unwrap_or_else(tie);
    if reverse {
        ordering.reverse()
    } else {
        ordering
    }
}
