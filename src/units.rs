//! Bytes, shares, moments and untrusted text, written for people. No layout.

use std::borrow::Cow;
use std::fmt::Write as _;

/// How byte counts are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ByteStyle {
    /// `1.2 KiB`: units of 1024.
    #[default]
    Units,
    /// `1,234 B`: every byte.
    Exact,
}

const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/// A byte count. In units it never reads `1024.0 KiB`: what rounds up to that is `1.0 MiB`.
pub fn bytes(count: i128, style: ByteStyle) -> String {
    if style == ByteStyle::Exact || count.unsigned_abs() < 1024 {
        return format!("{} B", thousands(count));
    }
    let mut value = count as f64;
    let mut unit = 0;
    // 1023.95 is the least that one decimal would round up to 1024.0.
    while value.abs() >= 1023.95 && unit < UNITS.len() - 1 {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// A byte count that is an average, to the nearest byte.
pub fn average(count: f64, style: ByteStyle) -> String {
    bytes(count.round() as i128, style)
}

/// A change of an average, always with its sign. Below ten bytes with a decimal: the two averages
/// that it lies between may read alike, and a share of it in percent stands beside it.
pub fn average_change(count: f64, style: ByteStyle) -> String {
    let sign = if count < 0.0 { '-' } else { '+' };
    match count.abs() {
        0.0 => "=".into(),
        tiny @ ..0.05 if tiny > 0.0 => format!("{sign}<0.1 B"),
        small @ ..9.95 if small.fract() != 0.0 => format!("{sign}{small:.1} B"),
        _ => change(count.round() as i128, style),
    }
}

/// Bytes as they are typed: `4096`, or a number and a unit, `64KiB`, `1.5 MB`.
pub fn parse_bytes(text: &str) -> Option<u64> {
    let size = text.parse::<bytesize::ByteSize>().ok()?;
    Some(size.as_u64())
}

/// A change in bytes, always with its sign.
pub fn change(count: i128, style: ByteStyle) -> String {
    let sign = if count < 0 { '-' } else { '+' };
    format!("{sign}{}", bytes(count.saturating_abs(), style))
}

/// An integer with a comma before each group of three digits.
pub fn thousands(count: i128) -> String {
    let digits = count.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3 + 1);
    if count < 0 {
        out.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number with its noun: `1 class`, `2,048 classes`.
pub fn counted(count: usize, one: &str, more: &str) -> String {
    let noun = if count == 1 { one } else { more };
    format!("{} {noun}", thousands(count as i128))
}

/// A share in percent: one decimal, and `<0.1 %` for what that would round to nothing.
pub fn share(percent: f64) -> String {
    if percent > 0.0 && percent < 0.05 {
        return "<0.1 %".into();
    }
    format!("{percent:.1} %")
}

/// A moment as `hh:mm:ss.cc`, in Pympler's form; `inf` and `nan` as they are.
pub fn clock(seconds: f64) -> String {
    if !seconds.is_finite() {
        return format!("{seconds}").to_lowercase();
    }
    let mut out = String::new();
    write_clock(seconds, &mut out);
    out
}

/// Pympler's `pp_timestamp`, digit for digit, for finite moments.
pub(crate) fn write_clock(seconds: f64, out: &mut String) {
    // A negative zero becomes the positive one.
    let hours = (seconds / 3600.0).trunc() + 0.0;
    let minutes = modulo(seconds / 60.0, 60.0) as i128;
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "{hours:02.0}:{minutes:02}:{:05.2}",
        modulo(seconds, 60.0)
    );
}

/// Python's `%` for floats by a positive divisor: the result is never negative.
fn modulo(value: f64, divisor: f64) -> f64 {
    let rest = value % divisor;
    if rest < 0.0 {
        rest + divisor
    } else {
        // Of a negative zero the positive one.
        rest.abs()
    }
}

/// A rate in three digits or so, by the second, minute or hour.
pub fn per_second(rate: f64) -> String {
    match rate {
        0.0 => "0 /s".into(),
        rate if rate < 0.0 => format!("-{}", per_second(-rate)),
        rate if rate >= 99.95 => format!("{} /s", thousands(rate.round() as i128)),
        rate if rate >= 0.05 => format!("{rate:.1} /s"),
        rate => {
            let (per_minute, per_hour) = (rate * 60.0, rate * 3600.0);
            if per_minute >= 0.05 {
                format!("{per_minute:.1} /min")
            } else if per_hour >= 0.05 {
                format!("{per_hour:.1} /h")
            } else {
                "<0.1 /h".into()
            }
        }
    }
}

/// A span or moment in a few characters: `850ms`, `12.4s`, `5m03s`, `2h14m`, `3d04h`.
pub fn short_time(seconds: f64) -> String {
    if !seconds.is_finite() {
        return clock(seconds);
    }
    let (sign, value) = if seconds < 0.0 {
        ("-", -seconds)
    } else {
        ("", seconds)
    };
    // What would round to nothing is something.
    if value > 0.0 && value < 0.0005 {
        return format!("{sign}<1ms");
    }
    if value < 0.9995 {
        return format!("{sign}{:.0}ms", value * 1000.0);
    }
    if value < 59.95 {
        return format!("{sign}{value:.1}s");
    }
    // A thousand million days are no span that a person reads, let alone 300 digits of them.
    if value >= 8.64e13 {
        return format!("{sign}{value:.0e}s");
    }
    let whole = value.round();
    let (seconds, minutes) = (whole % 60.0, (whole / 60.0).floor());
    if minutes < 60.0 {
        return format!("{sign}{minutes}m{seconds:02}s");
    }
    let (minutes, hours) = (minutes % 60.0, (minutes / 60.0).floor());
    if hours < 24.0 {
        return format!("{sign}{hours}h{minutes:02}m");
    }
    format!("{sign}{}d{:02}h", (hours / 24.0).floor(), hours % 24.0)
}

/// Whether a character may act on a terminal, or on the order in which text reads:
/// control characters, line separators, and the marks that turn the direction. Not the
/// joiner U+200D, of which emoji consist.
pub(crate) fn acts(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{ad}' | '\u{180e}' | '\u{200b}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Untrusted text made harmless: what may act on a terminal, and what the log of a build may take
/// for a command, is written as Python's repr would write it (`\x1b`, `\n`, `\u202e`, `\x3a`).
pub fn escaped(text: &str) -> Cow<'_, str> {
    let mut commands = commands(text).into_iter().peekable();
    if !text.contains(acts) && commands.peek().is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for (at, c) in text.char_indices() {
        let code = u32::from(c);
        let _ = match c {
            c if commands.next_if_eq(&at).is_some() => write!(out, "\\x{:02x}", u32::from(c)),
            '\n' => write!(out, "\\n"),
            '\r' => write!(out, "\\r"),
            '\t' => write!(out, "\\t"),
            c if !acts(c) => {
                out.push(c);
                Ok(())
            }
            _ if code < 0x100 => write!(out, "\\x{code:02x}"),
            _ if code < 0x1_0000 => write!(out, "\\u{code:04x}"),
            _ => write!(out, "\\U{code:08x}"),
        };
    }
    Cow::Owned(out)
}

/// Where a character has to be written otherwise, so that the log of a build does not take a line
/// with this text for a command, in ascending order.
///
/// GitHub's takes `::error …::` for one at the start of a line. A word may get there when lines
/// are wrapped, so words count, not only the start of the text.
fn commands(text: &str) -> Vec<usize> {
    let mut found = marks(text);
    for at in pairs(text, b':') {
        let (before, after) = (&text[..at], &text[at + 2..]);
        let rest = after.trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == '-');
        let ends =
            rest.is_empty() || rest.starts_with("::") || rest.starts_with(char::is_whitespace);
        let begins = before.chars().next_back().is_none_or(char::is_whitespace);
        if begins && ends && after.starts_with(|c: char| c.is_ascii_alphabetic()) {
            found.push(at);
        }
    }
    found.sort_unstable();
    found
}

/// Where an ASCII character stands twice. Most texts have none, and each text of a dump is asked.
fn pairs(text: &str, character: u8) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    memchr::memchr_iter(character, bytes).filter(move |at| bytes.get(at + 1) == Some(&character))
}

/// The same of those commands that count wherever they stand in a line: `##[…]` of GitHub,
/// `##vso[…]` of Azure, `##teamcity[…]`. It is the second `#` that has to be written otherwise.
pub(crate) fn marks(text: &str) -> Vec<usize> {
    let is_mark = |at: &usize| {
        let name = &text[at + 2..];
        name.trim_start_matches(|c: char| c.is_ascii_alphabetic())
            .starts_with('[')
    };
    pairs(text, b'#').filter(is_mark).map(|at| at + 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_counts() {
        let cases: &[(i128, &str)] = &[
            (0, "0 B"),
            (1023, "1,023 B"),
            (1024, "1.0 KiB"),
            (-2048, "-2.0 KiB"),
            (1_048_575, "1.0 MiB"),
            (1 << 50, "1.0 PiB"),
            (1 << 60, "1.0 EiB"),
            (1 << 71, "2048.0 EiB"),
            (i128::MIN, "-147573952589676412928.0 EiB"),
        ];
        for (count, expected) in cases {
            assert_eq!(bytes(*count, ByteStyle::Units), *expected);
        }
        assert_eq!(bytes(-1_234_567, ByteStyle::Exact), "-1,234,567 B");
        assert_eq!(change(-5, ByteStyle::Units), "-5 B");
        assert_eq!(change(2048, ByteStyle::Units), "+2.0 KiB");
    }

    #[test]
    fn numbers_have_their_nouns() {
        let counted = |count| counted(count, "class", "classes");
        assert_eq!(counted(0), "0 classes");
        assert_eq!(counted(1), "1 class");
        assert_eq!(counted(2048), "2,048 classes");
    }

    #[test]
    fn averages() {
        assert_eq!(average(136.6, ByteStyle::Units), "137 B");
        assert_eq!(average(1951.7, ByteStyle::Exact), "1,952 B");
        let cases: &[(f64, &str)] = &[
            (0.0, "="),
            (-0.8, "-0.8 B"),
            (2.0, "+2 B"),
            (9.96, "+10 B"),
            (-0.01, "-<0.1 B"),
            (-2048.4, "-2.0 KiB"),
            (f64::NAN, "+0 B"),
        ];
        for (count, expected) in cases {
            assert_eq!(average_change(*count, ByteStyle::Units), *expected);
        }
    }

    /// Printed by Pympler 1.1's `pp_timestamp`.
    #[test]
    fn clocks_are_those_of_pympler() {
        let cases: &[(f64, &str)] = &[
            (0.0, "00:00:00.00"),
            (59.996, "00:00:60.00"),
            (-0.0, "00:00:00.00"),
            (-0.5, "00:59:59.50"),
            (-61.0, "00:58:59.00"),
            (-3700.25, "-1:58:19.75"),
            (1_700_000_000.0, "472222:13:20.00"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(clock(*seconds), *expected, "{seconds}");
        }
        assert_eq!(clock(f64::INFINITY), "inf");
        assert_eq!(clock(f64::NAN), "nan");
    }

    #[test]
    fn short_times() {
        let cases: &[(f64, &str)] = &[
            (0.0, "0ms"),
            (0.0002, "<1ms"),
            (0.85, "850ms"),
            (12.44, "12.4s"),
            (59.97, "1m00s"),
            (303.0, "5m03s"),
            (8040.0, "2h14m"),
            (273_600.0, "3d04h"),
            (-2.0, "-2.0s"),
            (-1e308, "-1e308s"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(short_time(*seconds), *expected);
        }
    }

    #[test]
    fn nothing_acts_after_escaping() {
        let text = "a\x1b[31m\u{9b}\u{202e}b\nc\u{e0041}é\u{1f600}";
        let safe = escaped(text);
        assert_eq!(safe, "a\\x1b[31m\\x9b\\u202eb\\nc\\U000e0041é\u{1f600}");
        assert!(!safe.contains(acts));
        assert!(matches!(escaped("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn nothing_commands_a_log() {
        let cases = [
            ("::error::x", "\\x3a:error::x"),
            ("  ::add-mask::x", "  \\x3a:add-mask::x"),
            ("a ::error title=b::c", "a \\x3a:error title=b::c"),
            ("\u{3000}::group", "\u{3000}\\x3a:group"),
            ("##[error]x", "#\\x23[error]x"),
            ("a###vso[task.x]y", "a##\\x23vso[task.x]y"),
            ("##teamcity[x] ##[y]", "#\\x23teamcity[x] #\\x23[y]"),
            ("\n::debug::", "\\n\\x3a:debug::"),
        ];
        for (text, expected) in cases {
            assert_eq!(escaped(text), expected);
        }
        let plain = [
            "std::vector::x",
            ":::error::x",
            "a :: b",
            "::",
            "<Peer ::1>",
            "<Peer ::ffff:10.0.0.1>",
            "fe80::1",
            "## [a]",
            "#[derive]",
            "# ## ###",
            "[##]",
        ];
        for text in plain {
            assert!(matches!(escaped(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn shares() {
        assert_eq!(share(0.0), "0.0 %");
        assert_eq!(share(0.01), "<0.1 %");
        assert_eq!(share(93.25), "93.2 %");
    }
}
