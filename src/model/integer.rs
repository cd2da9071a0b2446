//! An int of any size, as Python has them. What is only printed need not fit into a machine's
//! word: the digits of what does not are a text of the dump.

use std::cmp::Ordering;
use std::fmt;

use num_bigint::BigUint;
use serde::{Serialize, Serializer};

use super::text::Text;

/// Python itself writes no longer ones (`sys.get_int_max_str_digits`).
const MAX_DIGITS: usize = 4300;

/// An int that is printed and not counted with: a line number, an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Integer<'d>(Value<'d>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Value<'d> {
    Within(i128),
    /// Decimal digits, with a sign if it is negative, of one beyond 128 bits.
    Beyond(Text<'d>),
}

impl<'d> Integer<'d> {
    pub(crate) fn within(value: i128) -> Self {
        Integer(Value::Within(value))
    }

    /// One of these decimal digits. What is no number, as a damaged file may have it, is 0.
    pub(crate) fn of_digits(digits: Text<'d>) -> Self {
        let text = str::from_utf8(digits.as_bytes()).unwrap_or("");
        if let Ok(value) = text.parse() {
            return Integer::within(value);
        }
        let magnitude = text.strip_prefix('-').unwrap_or(text);
        let is_number = (1..=MAX_DIGITS).contains(&magnitude.len())
            && magnitude.bytes().all(|b| b.is_ascii_digit());
        // Of one number there is one text, so that equal texts are equal numbers.
        if is_number && !magnitude.starts_with('0') {
            Integer(Value::Beyond(digits))
        } else {
            Integer::within(0)
        }
    }

    /// Its value; that of the nearest there is for one beyond 128 bits.
    pub fn nearest(self) -> i128 {
        match self.0 {
            Value::Within(value) => value,
            Value::Beyond(_) if self.is_negative() => i128::MIN,
            Value::Beyond(_) => i128::MAX,
        }
    }

    /// Its value, if 128 bits hold it.
    pub(crate) fn value(self) -> Option<i128> {
        match self.0 {
            Value::Within(value) => Some(value),
            Value::Beyond(_) => None,
        }
    }

    /// Bytes of the text of one beyond 128 bits; 0 of others, which are short.
    pub(crate) fn beyond_bytes(self) -> usize {
        match self.0 {
            Value::Within(_) => 0,
            Value::Beyond(digits) => digits.as_bytes().len(),
        }
    }

    /// Whether it is below 0.
    pub fn is_negative(self) -> bool {
        match self.0 {
            Value::Within(value) => value < 0,
            Value::Beyond(digits) => digits.as_bytes().starts_with(b"-"),
        }
    }

    /// The hexadecimal digits of its magnitude, without a sign.
    pub fn hexadecimal(self) -> String {
        match self.0 {
            Value::Within(value) => format!("{:x}", value.unsigned_abs()),
            Value::Beyond(digits) => {
                let magnitude = digits.as_bytes();
                let magnitude = magnitude.strip_prefix(b"-").unwrap_or(magnitude);
                let magnitude = BigUint::parse_bytes(magnitude, 10);
                magnitude.unwrap_or_default().to_str_radix(16)
            }
        }
    }
}

impl PartialOrd for Integer<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Integer<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = match (self.0, other.0) {
            (Value::Beyond(a), Value::Beyond(b)) if self.is_negative() == other.is_negative() => {
                (a, b)
            }
            (Value::Within(a), Value::Within(b)) => return a.cmp(&b),
            // One beyond is greater than all within, or less.
            (Value::Beyond(_), _) if self.is_negative() => return Ordering::Less,
            (Value::Beyond(_), _) => return Ordering::Greater,
            _ => return other.cmp(self).reverse(),
        };
        let longer = a.as_bytes().len().cmp(&b.as_bytes().len());
        let order = longer.then(a.cmp(&b));
        if self.is_negative() {
            order.reverse()
        } else {
            order
        }
    }
}

/// Its decimal digits; with a precision no more than so many characters, the last one `…` if
/// some are left out.
impl fmt::Display for Integer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0, f.precision()) {
            (Value::Within(value), _) => write!(f, "{value}"),
            (Value::Beyond(digits), Some(most)) if most > 0 && digits.as_bytes().len() > most => {
                write!(f, "{}…", digits.head(most - 1))
            }
            (Value::Beyond(digits), _) => write!(f, "{digits}"),
        }
    }
}

/// A number of JSON, which has no largest.
impl Serialize for Integer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Within(value) => match i64::try_from(value) {
                Ok(value) => serializer.serialize_i64(value),
                Err(_) => serializer.serialize_i128(value),
            },
            Value::Beyond(digits) => {
                let number = serde_json::value::RawValue::from_string(digits.to_string());
                number
                    .map_err(serde::ser::Error::custom)?
                    .serialize(serializer)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(digits: &str) -> Integer<'_> {
        Integer::of_digits(Text::new(digits))
    }

    /// Python's `hex()` of the same ints.
    #[test]
    fn hexadecimal_digits() {
        let power = "1606938044258990275541962092341162602522202993782792835301376";
        assert_eq!(of(power).hexadecimal(), format!("1{}", "0".repeat(50)));
        let cases = [
            ("0", "0"),
            ("-255", "ff"),
            (
                "340282366920938463463374607431768211455",
                "ffffffffffffffffffffffffffffffff",
            ),
            (
                "-123456789012345678901234567890123456789012345678901234567890",
                "13aaf504e4bc1e62173f87a4378c37b49c8ccff196ce3f0ad2",
            ),
        ];
        for (digits, hexadecimal) in cases {
            assert_eq!(of(digits).hexadecimal(), hexadecimal, "{digits}");
        }
    }

    #[test]
    fn they_are_in_order_and_printed_whole_or_clipped() {
        let nines = "9".repeat(45);
        let minus = format!("-{nines}");
        let eights = "8".repeat(45);
        let all = [
            of(&minus),
            of("-1000000000000000000000000000000000000000"),
            Integer::within(i128::MIN),
            Integer::within(-5),
            Integer::within(7),
            Integer::within(i128::MAX),
            of("1000000000000000000000000000000000000000"),
            of(&eights),
            of(&nines),
        ];
        for (place, a) in all.iter().enumerate() {
            for (other, b) in all.iter().enumerate() {
                assert_eq!(a.cmp(b), place.cmp(&other), "{a} {b}");
            }
        }
        assert_eq!(
            format!("{} {:.6}", of(&minus), of(&minus)),
            format!("{minus} -9999…")
        );
        assert_eq!(serde_json::to_string(&of(&minus)).unwrap(), minus);
        assert_eq!(serde_json::to_string(&of("-7")).unwrap(), "-7");
        assert_eq!(all[0].nearest(), i128::MIN);
        for damaged in ["", "-", "12x", "007", "9999 "] {
            assert_eq!(
                of(damaged),
                Integer::within(if damaged == "007" { 7 } else { 0 })
            );
        }
    }
}
