//! Numbers that are needed: sizes, addresses, moments. Where something else stands, the
//! error names it.

use super::Loader;
use super::fields::{self, Field};
use crate::model::{Integer, TextId};
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
        self.seconds(value, heap)
            .ok_or_else(|| self.no_number(value, class, of))
    }

    /// A number as seconds. A NaN becomes the standard one, since the model has NaNs of its own.
    #[inline]
    pub(super) fn seconds(&self, value: Value, heap: &Heap) -> Option<f64> {
        let seconds = match value {
            Value::Float(float) => float,
            // As Python rounds it, which refuses what no float holds.
            Value::Huge(digits) => {
                let digits = self.texts.arena.bytes(TextId(digits));
                let seconds: f64 = str::from_utf8(digits).ok()?.parse().ok()?;
                Some(seconds).filter(|seconds| seconds.is_finite())?
            }
            other => heap.as_int(other)? as f64,
        };
        Some(if seconds.is_nan() { f64::NAN } else { seconds })
    }

    /// An int that is told and compared but not counted with; beyond 128 bits the nearest.
    pub(super) fn nearest_int(&self, value: Value, heap: &Heap) -> Option<i128> {
        match value {
            Value::Huge(Value::ENDLESS) => None,
            Value::Huge(digits) => {
                Some(Integer::of_digits(self.texts.arena.get(TextId(digits))).nearest())
            }
            other => heap.as_int(other),
        }
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
