//! Texts of a filter that fit nothing, in words.

use super::did_you_mean;
use crate::select::{Criterion, Unmatched};
use crate::units::escaped;

/// What users typed is told up to so many characters.
const MAX_TYPED: usize = 200;

/// That a text fits nothing, and what there is that is like it. `name` says what the filter of this
/// criterion is called where it was given: a flag, or an argument.
pub fn sentence(unmatched: &Unmatched, name: impl Fn(Criterion) -> &'static str) -> String {
    let what = match unmatched.criterion {
        Criterion::Class => "no registered class matches",
        Criterion::Name => "no object's class name contains",
        Criterion::Repr => "no repr contains",
    };
    let text: String = unmatched.text.chars().take(MAX_TYPED).collect();
    let similar = did_you_mean(&unmatched.similar);
    let name = name(unmatched.criterion);
    format!("{what} {name} '{}'{similar}", escaped(&text))
}
