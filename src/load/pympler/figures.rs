//! Numbers that are needed: sizes, addresses, moments. Where something else stands, the
//! error names it.

use super::Loader;
use super::fields::{self, Field};
use crate::pickle::{Fault, Heap, Outcome, Value, bad_value};

impl Loader {
    /// A whole number of bytes, or an error that names what stands there instead.
    pub(super) fn bytes_of(
        &self,
        value: Value,
        heap: &Heap,
        class: &str,
        of: Field,
    ) -> Outcome<i64> {
        let int = heap.as_int(value);
        int.and_then(|int| i64::try_from(int).ok())
            .ok_or_else(|| self.no_number(value, class, of))
    }

    /// A moment in seconds, or an error that names what stands there instead.
    pub(super) fn seconds_of(
        &self,
        value: Value,
        heap: &Heap,
        class: &str,
        of: Field,
    ) -> Outcome<f64> {
        seconds(value, heap).ok_or_else(|| self.no_number(value, class, of))
    }

    #[cold]
    pub(super) fn no_number(&self, value: Value, class: &str, of: Field) -> Box<Fault> {
        let needs = match of {
            Field::Birth | Field::Death | Field::Timestamp => "a time in seconds",
            _ => "an int of 64 bits",
        };
        let found = self.describe_type(value);
        bad_value(format!(
            "{class}.{} is {found}, {needs} is needed",
            fields::name(of)
        ))
    }

    pub(super) fn missing(&self, class: &str, of: Field) -> Box<Fault> {
        bad_value(format!("{class} instance has no {}", fields::name(of)))
    }
}

/// A number as seconds. A NaN becomes the standard one, since the model has NaNs of its own.
pub(super) fn seconds(value: Value, heap: &Heap) -> Option<f64> {
    let seconds = match value {
        Value::Float(float) => float,
        other => heap.as_int(other)? as f64,
    };
    Some(if seconds.is_nan() { f64::NAN } else { seconds })
}
