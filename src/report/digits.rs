//! Numbers as bytes, as C's printf writes them, without the cost of a format string: the
//! `pympler` form writes tens of millions.

use crate::units;

/// `%{width}d`.
pub(super) fn decimal(value: i128, width: usize, out: &mut Vec<u8>) {
    let mut digits = itoa::Buffer::new();
    // Those of 64 bits are quicker, and most.
    let digits = match i64::try_from(value) {
        Ok(value) => digits.format(value),
        Err(_) => digits.format(value),
    };
    out.resize(out.len() + width.saturating_sub(digits.len()), b' ');
    out.extend_from_slice(digits.as_bytes());
}

/// `%0{width}x`.
pub(super) fn hexadecimal(value: i128, width: usize, out: &mut Vec<u8>) {
    let mut digits = [b'0'; 40];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    while rest > 0 {
        at -= 1;
        digits[at] = b"0123456789abcdef"[(rest & 15) as usize];
        rest >>= 4;
    }
    let sign = usize::from(value < 0);
    out.extend_from_slice(&b"-"[..sign]);
    at = at.min(digits.len() - (width - sign).clamp(1, digits.len()));
    out.extend_from_slice(&digits[at..]);
}

/// `%{width}.2f` of a number of hundredths.
pub(super) fn hundredths(value: u64, width: usize, out: &mut Vec<u8>) {
    decimal((value / 100).into(), width.saturating_sub(3), out);
    let rest = (value % 100) as u8;
    out.extend_from_slice(&[b'.', b'0' + rest / 10, b'0' + rest % 10]);
}

/// `value / 2^shift` rounded to an integer, ties to even, as printf rounds.
pub(super) fn round_shifted(value: u128, shift: u32) -> u64 {
    if shift == 0 {
        return value as u64;
    }
    let (whole, rest) = (value >> shift, value & ((1 << shift) - 1));
    let half = 1 << (shift - 1);
    let up = rest > half || rest == half && whole & 1 == 1;
    (whole + u128::from(up)) as u64
}

/// Pympler's `pp_timestamp`; `inf` and `nan`, for which it raises, as they are.
pub(super) fn clock(seconds: f64, out: &mut Vec<u8>) {
    // Beyond these the long way is taken; a dump of 30,000 years has time for it.
    if !(0.0..1e12).contains(&seconds) {
        out.extend_from_slice(units::clock(seconds).as_bytes());
        return;
    }
    // A negative zero becomes the positive one.
    let seconds = seconds + 0.0;
    // Below an hour most divisions are known.
    let hours = if seconds < 3600.0 {
        0
    } else {
        (seconds / 3600.0) as u64
    };
    let minutes = (seconds / 60.0 % 60.0) as u64;
    let rest = if seconds < 60.0 {
        seconds
    } else {
        seconds % 60.0
    };
    two_digits(hours, out);
    out.push(b':');
    two_digits(minutes, out);
    out.push(b':');
    // A float is a 53-bit integer and a power of two: its hundredths are exact integers
    // but for the rounding.
    let bits = rest.to_bits();
    let exponent = (bits >> 52) as u32;
    let mantissa = bits & ((1 << 52) - 1) | u64::from(exponent != 0) << 52;
    let shift = 1075 - exponent.max(1);
    let rounded = if shift > 120 {
        0
    } else {
        round_shifted(u128::from(mantissa) * 100, shift)
    };
    two_digits(rounded / 100, out);
    out.extend_from_slice(&[
        b'.',
        b'0' + (rounded / 10 % 10) as u8,
        b'0' + (rounded % 10) as u8,
    ]);
}

/// `%02d`.
fn two_digits(value: u64, out: &mut Vec<u8>) {
    if value < 100 {
        out.extend_from_slice(&[b'0' + (value / 10) as u8, b'0' + (value % 10) as u8]);
    } else {
        decimal(value.into(), 2, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn integers_are_padded_as_by_printf() {
        for (value, width) in [(0, 0), (7, 4), (-7, 4), (12345, 3), (i128::MIN, 2), (-5, 0)] {
            assert_eq!(
                written(|out| decimal(value, width, out)),
                format!("{value:width$}")
            );
        }
        // Python: '%08x' % -255 is '-00000ff'.
        let cases = [
            (0, "00000000"),
            (255, "000000ff"),
            (-255, "-00000ff"),
            (1 << 100, "10000000000000000000000000"),
        ];
        for (value, expected) in cases {
            assert_eq!(written(|out| hexadecimal(value, 8, out)), expected);
        }
    }

    /// The short way and the long way, which the tests of `units` hold against Pympler.
    #[test]
    fn clocks_are_those_of_units() {
        let mut seconds: f64 = 1e-9;
        while seconds < 1e13 {
            for value in [
                seconds,
                seconds.round() + 0.005,
                seconds.floor() + 0.125,
                -seconds,
            ] {
                assert_eq!(
                    written(|out| clock(value, out)),
                    units::clock(value),
                    "{value:e}"
                );
            }
            seconds *= 1.0137;
        }
        for value in [
            0.0,
            -0.0,
            59.995,
            59.996,
            3599.999,
            f64::INFINITY,
            f64::MIN_POSITIVE,
            5e-324,
        ] {
            assert_eq!(
                written(|out| clock(value, out)),
                units::clock(value),
                "{value:e}"
            );
        }
    }
}
