//! The order of names as people expect it: worker-9 before worker-10.

use std::cmp::Ordering;

/// Compares two names. Runs of digits are compared as numbers, of any length.
pub(crate) fn natural(a: &str, b: &str) -> Ordering {
    let (mut x, mut y) = (a.as_bytes(), b.as_bytes());
    while let (Some(&first), Some(&other)) = (x.first(), y.first()) {
        if first.is_ascii_digit() && other.is_ascii_digit() {
            let (number, rest) = number(x);
            let (other, other_rest) = self::number(y);
            // Without leading zeros a longer number is a greater one.
            let ordering = (number.len(), number).cmp(&(other.len(), other));
            if ordering.is_ne() {
                return ordering;
            }
            (x, y) = (rest, other_rest);
        } else if first != other {
            return first.cmp(&other);
        } else {
            (x, y) = (&x[1..], &y[1..]);
        }
    }
    // Names that differ in leading zeros alone are still two names.
    x.len().cmp(&y.len()).then_with(|| a.cmp(b))
}

/// The digits at the start, without leading zeros, and what follows them.
fn number(text: &[u8]) -> (&[u8], &[u8]) {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(digits);
    let zeros = digits.iter().take_while(|&&byte| byte == b'0').count();
    (&digits[zeros..], rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names() {
        let ordered = [
            "", "a", "a2", "a10", "a10b", "b-1.9", "b-1.10", "b-01.10", "b-2", "ä",
        ];
        for (place, a) in ordered.iter().enumerate() {
            for (other, b) in ordered.iter().enumerate() {
                // "b-01.10" differs from "b-1.10" in a zero alone: "0" stands before "1".
                if [a, b].iter().all(|name| name.ends_with("1.10")) {
                    continue;
                }
                assert_eq!(natural(a, b), place.cmp(&other), "{a:?} {b:?}");
            }
        }
        assert_eq!(natural("b-01.10", "b-1.10"), Ordering::Less);
        assert_eq!(natural("9".repeat(400).as_str(), "1e"), Ordering::Greater);
    }
}
