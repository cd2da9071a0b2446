//! The spellings that pickles have for text, all turned into WTF-8: UTF-8 in
//! which lone surrogates keep their three-byte form, as Python's
//! `surrogatepass` writes them.

/// Where `bytes` stop being UTF-8 with surrogates allowed; `None` if they are whole.
///
/// Python's picklers write text with `surrogatepass`, so lone surrogates are normal.
pub(crate) fn invalid_at(bytes: &[u8]) -> Option<usize> {
    let mut start = 0;
    while let Err(error) = std::str::from_utf8(&bytes[start..]) {
        let at = start + error.valid_up_to();
        match bytes[at..] {
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..] => start = at + 3,
            _ => return Some(at),
        }
    }
    None
}

/// An 8-bit string of Python 2: UTF-8 where it is that, and each other byte as
/// the surrogate U+DC80..U+DCFF that Python's `surrogateescape` stands for it.
pub(crate) fn decode_8bit(bytes: &[u8], out: &mut Vec<u8>) {
    let mut rest = bytes;
    loop {
        match std::str::from_utf8(rest) {
            Ok(_) => {
                out.extend_from_slice(rest);
                return;
            }
            Err(error) => {
                let valid = error.valid_up_to();
                out.extend_from_slice(&rest[..valid]);
                // One byte at a time: Python escapes each byte of a bad sequence on its own.
                push_code_point(0xdc00 + u32::from(rest[valid]), out);
                rest = &rest[valid + 1..];
            }
        }
    }
}

/// Appends a code point, a surrogate too. `false` if it is beyond U+10FFFF.
pub(crate) fn push_code_point(code: u32, out: &mut Vec<u8>) -> bool {
    match char::from_u32(code) {
        Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None if code < 0x11_0000 => {
            out.push(0xe0 | (code >> 12) as u8);
            out.push(0x80 | ((code >> 6) & 0x3f) as u8);
            out.push(0x80 | (code & 0x3f) as u8);
        }
        None => return false,
    }
    true
}

/// The raw-unicode-escape coding of protocol 0: `\uXXXX` and `\UXXXXXXXX` are
/// code points, every other byte is Latin-1. `None` if an escape is broken.
pub(crate) fn decode_raw_unicode(line: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut rest = line;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        let digits = match (byte, tail.first()) {
            (b'\\', Some(b'u')) => 4,
            (b'\\', Some(b'U')) => 8,
            // As in CPython, a backslash takes the next character with it, so that
            // an escaped backslash does not begin an escape.
            (b'\\', Some(&next)) => {
                out.push(b'\\');
                push_code_point(u32::from(next), out);
                rest = &tail[1..];
                continue;
            }
            _ => {
                push_code_point(u32::from(byte), out);
                continue;
            }
        };
        let code = hex(tail.get(1..=digits)?)?;
        if !push_code_point(code, out) {
            return None;
        }
        rest = &tail[1 + digits..];
    }
    Some(())
}

/// The quoted form of protocol 0's STRING: a Python 2 string literal without its
/// prefix. The bytes that it stands for, or `None` if it is no such literal.
pub(crate) fn unquote(line: &[u8]) -> Option<Vec<u8>> {
    let (&quote, rest) = line.split_first()?;
    let (&last, body) = rest.split_last()?;
    if last != quote || !matches!(quote, b'\'' | b'"') {
        return None;
    }
    let mut out = Vec::with_capacity(body.len());
    let mut bytes = body.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next()? {
            b'\n' => {}
            b'a' => out.push(7),
            b'b' => out.push(8),
            b't' => out.push(b'\t'),
            b'n' => out.push(b'\n'),
            b'v' => out.push(11),
            b'f' => out.push(12),
            b'r' => out.push(b'\r'),
            b'x' => {
                let pair = [bytes.next()?, bytes.next()?];
                out.push(u8::try_from(hex(&pair)?).ok()?);
            }
            digit @ b'0'..=b'7' => {
                let mut code = u32::from(digit - b'0');
                for _ in 0..2 {
                    if let Some(&next @ b'0'..=b'7') = bytes.peek() {
                        code = code * 8 + u32::from(next - b'0');
                        bytes.next();
                    }
                }
                out.push((code & 0xff) as u8);
            }
            other @ (b'\\' | b'\'' | b'"') => out.push(other),
            // Python keeps the backslash of an escape it does not know.
            other => out.extend_from_slice(&[b'\\', other]),
        }
    }
    Some(out)
}

fn hex(digits: &[u8]) -> Option<u32> {
    let mut code: u32 = 0;
    for &digit in digits {
        code = code.checked_mul(16)? + char::from(digit).to_digit(16)?;
    }
    Some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(line: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        decode_raw_unicode(line, &mut out).map(|()| out)
    }

    #[test]
    fn surrogates_are_text_and_other_bad_bytes_are_not() {
        let cases: &[(&[u8], Option<usize>)] = &[
            (b"plain", None),
            ("caf\u{e9} \u{1f600}".as_bytes(), None),
            (b"a\xed\xa0\x80b", None),
            (b"\xed\xb2\x80\xed\xa0\xbd", None),
            (b"a\xff", Some(1)),
            (b"ok\xed\xa0", Some(2)),
            (b"\xc0\x80", Some(0)),
        ];
        for (bytes, expected) in cases {
            assert_eq!(invalid_at(bytes), *expected, "{bytes:?}");
        }
    }

    #[test]
    fn eight_bit_strings_keep_every_byte() {
        let mut out = Vec::new();
        decode_8bit(b"a\xe9\xe4z", &mut out);
        // surrogateescape: U+DCE9, U+DCE4
        assert_eq!(out, b"a\xed\xb3\xa9\xed\xb3\xa4z");
        out.clear();
        decode_8bit("é".as_bytes(), &mut out);
        assert_eq!(out, "é".as_bytes());
    }

    #[test]
    fn raw_unicode_escapes() {
        assert_eq!(raw(b"a\\u00e9b").unwrap(), "aéb".as_bytes());
        assert_eq!(raw(b"\\U0001f600").unwrap(), "\u{1f600}".as_bytes());
        assert_eq!(raw(b"\xe9").unwrap(), "é".as_bytes());
        assert_eq!(raw(b"\\\\u0041").unwrap(), b"\\\\u0041");
        assert_eq!(raw(b"\\ud800").unwrap(), b"\xed\xa0\x80");
        assert_eq!(raw(b"\\u00g0"), None);
        assert_eq!(raw(b"\\U00110000"), None);
        assert_eq!(raw(b"\\u12"), None);
        assert_eq!(raw(b"end\\").unwrap(), b"end\\");
    }

    #[test]
    fn quoted_strings() {
        assert_eq!(unquote(b"'a\\x00\\'\\\\\\n\\101'").unwrap(), b"a\0'\\\nA");
        assert_eq!(unquote(b"\"it's\"").unwrap(), b"it's");
        assert_eq!(unquote(b"'\\q'").unwrap(), b"\\q");
        assert_eq!(unquote(b"'open"), None);
        assert_eq!(unquote(b"bare"), None);
        assert_eq!(unquote(b"'"), None);
    }
}
