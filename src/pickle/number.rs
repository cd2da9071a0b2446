//! The spellings that pickles have for numbers.

use num_bigint::BigInt;

use super::fault::{Outcome, malformed};

/// CPython refuses longer decimal ints since 3.11 (`sys.get_int_max_str_digits`).
const MAX_DIGITS: usize = 4300;

/// No int of so many decimal digits takes more bytes.
const MAX_BYTES: usize = MAX_DIGITS * 5 / 12;

/// A number of the pickle, as far as it can be told.
#[derive(Debug, PartialEq)]
pub(crate) enum Int {
    Bool(bool),
    Within(i128),
    /// The decimal digits of one beyond 128 bits, with its sign.
    Beyond(String),
    /// One of more digits than anybody writes out.
    Endless,
}

/// Two's complement, little-endian, of any length.
pub(crate) fn from_two_complement(bytes: &[u8]) -> Int {
    let is_negative = bytes.last().is_some_and(|high| high & 0x80 != 0);
    let fill = if is_negative { 0xff } else { 0 };
    let significant = bytes.iter().rposition(|&byte| byte != fill);
    let significant = significant.map_or(0, |last| last + 1);
    let mut wide = [fill; 16];
    let kept = significant.min(16);
    wide[..kept].copy_from_slice(&bytes[..kept]);
    // The sign must survive the cut: the last byte kept has to carry it.
    if significant <= 16 && wide[15] >> 7 == fill >> 7 {
        return Int::Within(i128::from_le_bytes(wide));
    }
    if significant > MAX_BYTES {
        return Int::Endless;
    }
    let digits = BigInt::from_signed_bytes_le(bytes).to_string();
    match digits.trim_start_matches('-').len() {
        ..=MAX_DIGITS => Int::Beyond(digits),
        _ => Int::Endless,
    }
}

/// The decimal line of INT (bools included) and LONG (a trailing `L` allowed).
pub(crate) fn from_decimal(line: &[u8], long: bool) -> Outcome<Int> {
    let text = str::from_utf8(line).unwrap_or("").trim();
    let digits = if long {
        text.strip_suffix('L').unwrap_or(text)
    } else {
        text
    };
    if !long && (digits == "00" || digits == "01") {
        return Ok(Int::Bool(digits == "01"));
    }
    if let Ok(value) = digits.parse::<i128>() {
        return Ok(Int::Within(value));
    }
    let unsigned = digits.strip_prefix(['-', '+']).unwrap_or(digits);
    if unsigned.is_empty()
        || unsigned.len() > MAX_DIGITS
        || !unsigned.bytes().all(|b| b.is_ascii_digit())
    {
        return Err(malformed("the line of an int is no decimal number"));
    }
    let sign = if digits.starts_with('-') { "-" } else { "" };
    Ok(Int::Beyond(format!(
        "{sign}{}",
        unsigned.trim_start_matches('0')
    )))
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
        let int = |bytes: &[u8]| match from_two_complement(bytes) {
            Int::Within(int) => Some(int),
            _ => None,
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

    /// Python's `str()` of the same ints.
    #[test]
    fn digits_of_two_complement() {
        let beyond = |bytes: &[u8]| match from_two_complement(bytes) {
            Int::Beyond(digits) => digits,
            other => panic!("{other:?}"),
        };
        let power = |exponent: usize, sign: u8| {
            let mut bytes = vec![0; exponent / 8];
            bytes.extend([1 << (exponent % 8), 0]);
            if sign != 0 {
                // -2^n: ones from the bit n on.
                let last = bytes.len() - 2;
                bytes[last] = 0_u8.wrapping_sub(bytes[last]);
                bytes[last + 1] = 0xff;
            }
            bytes
        };
        assert_eq!(
            beyond(&power(127, 0)),
            "170141183460469231731687303715884105728"
        );
        assert_eq!(
            beyond(&power(130, 0xff)),
            "-1361129467683753853853498429727072845824"
        );
        assert_eq!(
            beyond(&power(160, 0xff)),
            "-1461501637330902918203684832716283019655932542976"
        );
        assert_eq!(
            beyond(&power(200, 0)),
            "1606938044258990275541962092341162602522202993782792835301376"
        );
        // The largest of 4300 digits has 14,285 bits.
        assert_eq!(beyond(&power(14_283, 0)).len(), 4300);
        assert_eq!(from_two_complement(&power(14_285, 0)), Int::Endless);
        assert_eq!(from_two_complement(&power(20_000, 0xff)), Int::Endless);
    }

    #[test]
    fn decimal_lines() {
        let decimal = |line: &str, long| from_decimal(line.as_bytes(), long).ok();
        let within = |int| Some(Int::Within(int));
        let beyond = |digits: String| Some(Int::Beyond(digits));
        assert_eq!(decimal("01", false), Some(Int::Bool(true)));
        assert_eq!(decimal("00", false), Some(Int::Bool(false)));
        assert_eq!(decimal("01", true), within(1));
        assert_eq!(decimal("-7L", true), within(-7));
        assert_eq!(decimal("140400000000", false), within(140_400_000_000));
        assert_eq!(decimal(&"9".repeat(4300), false), beyond("9".repeat(4300)));
        let (nines, signed) = ("9".repeat(40), format!("-00{}L", "9".repeat(40)));
        assert_eq!(decimal(&signed, true), beyond(format!("-{nines}")));
        assert_eq!(decimal(&format!("+{nines}"), true), beyond(nines));
        assert_eq!(decimal(&"0".repeat(50), true), within(0));
        assert_eq!(decimal(&"9".repeat(4301), false), None);
        assert_eq!(decimal("7x", false), None);
        assert_eq!(decimal("", false), None);
        assert_eq!(float_from_decimal(b"1e-3").unwrap(), 0.001);
        assert!(float_from_decimal(b"inf").unwrap().is_infinite());
        assert!(float_from_decimal(b"abc").is_err());
    }
}
