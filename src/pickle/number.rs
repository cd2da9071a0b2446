//! The spellings that pickles have for numbers.

use super::fault::{Outcome, malformed};
use super::heap::Heap;
use super::value::Value;

/// CPython refuses longer decimal ints since 3.11 (`sys.get_int_max_str_digits`).
const MAX_DIGITS: usize = 4300;

/// Two's complement, little-endian, of any length.
pub(crate) fn from_two_complement(bytes: &[u8], heap: &mut Heap) -> Value {
    let fill = match bytes.last() {
        Some(high) if high & 0x80 != 0 => 0xff,
        _ => 0,
    };
    let significant = bytes
        .iter()
        .rposition(|&b| b != fill)
        .map_or(0, |last| last + 1);
    let mut wide = [fill; 16];
    let kept = significant.min(16);
    wide[..kept].copy_from_slice(&bytes[..kept]);
    // The sign must survive the cut: the last byte kept has to carry it.
    if significant > 16 || wide[15] >> 7 != fill >> 7 {
        return Value::Huge(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    }
    heap.int(i128::from_le_bytes(wide))
}

/// The decimal line of INT (bools included) and LONG (a trailing `L` allowed).
pub(crate) fn from_decimal(line: &[u8], long: bool, heap: &mut Heap) -> Outcome<Value> {
    let text = str::from_utf8(line).unwrap_or("").trim();
    let digits = if long {
        text.strip_suffix('L').unwrap_or(text)
    } else {
        text
    };
    if !long && (digits == "00" || digits == "01") {
        return Ok(Value::Bool(digits == "01"));
    }
    if let Ok(value) = digits.parse::<i128>() {
        return Ok(heap.int(value));
    }
    let unsigned = digits.strip_prefix(['-', '+']).unwrap_or(digits);
    if unsigned.is_empty()
        || unsigned.len() > MAX_DIGITS
        || !unsigned.bytes().all(|b| b.is_ascii_digit())
    {
        return Err(malformed("the line of an int is no decimal number"));
    }
    Ok(Value::Huge(unsigned.len() as u32))
}

/// The decimal line of FLOAT.
pub(crate) fn float_from_decimal(line: &[u8]) -> Outcome<f64> {
    str::from_utf8(line)
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .ok_or_else(|| malformed("the line of a float is no decimal number"))
}

/// The decimal line of PUT and GET.
pub(crate) fn memo_number(line: &[u8]) -> Outcome<u64> {
    str::from_utf8(line)
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .ok_or_else(|| malformed("the line of a memo number is no decimal number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_complement() {
        let mut heap = Heap::default();
        let mut int = |bytes: &[u8]| {
            let value = from_two_complement(bytes, &mut heap);
            heap.as_int(value)
        };
        let cases: &[(&[u8], Option<i128>)] = &[
            (b"", Some(0)),
            (b"\x00", Some(0)),
            (b"\xff", Some(-1)),
            (b"\xff\x00", Some(255)),
            (
                b"\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
                Some(-128),
            ),
            (b"\x05\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", Some(5)),
            (b"\0\0\0\0\0\0\0\x80", Some(i128::from(i64::MIN))),
            (b"\0\0\0\0\0\0\0\0\0\0\0\0\x10", Some(1 << 100)),
            (b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x80\0", None),
            (b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", None),
        ];
        for (bytes, expected) in cases {
            assert_eq!(int(bytes), *expected, "{bytes:?}");
        }
    }

    #[test]
    fn decimal_lines() {
        let mut heap = Heap::default();
        let mut decimal = |line: &str, long| from_decimal(line.as_bytes(), long, &mut heap).ok();
        assert_eq!(decimal("01", false), Some(Value::Bool(true)));
        assert_eq!(decimal("00", false), Some(Value::Bool(false)));
        assert_eq!(decimal("01", true), Some(Value::Int(1)));
        assert_eq!(decimal("-7L", true), Some(Value::Int(-7)));
        assert_eq!(
            decimal("140400000000", false),
            Some(Value::Int(140_400_000_000))
        );
        assert_eq!(decimal(&"9".repeat(4300), false), Some(Value::Huge(4300)));
        assert_eq!(decimal(&"9".repeat(4301), false), None);
        assert_eq!(decimal("7x", false), None);
        assert_eq!(decimal("", false), None);
        assert_eq!(float_from_decimal(b"1e-3").unwrap(), 0.001);
        assert!(float_from_decimal(b"inf").unwrap().is_infinite());
        assert!(float_from_decimal(b"abc").is_err());
    }
}
