//! Xz streams in a row, one decoder for each: every stream has a checksum of a kind of its own,
//! or none, and a decoder of all tells nobody which.

use std::io::{self, Cursor, Read};

use lzma_rust2::XzReader;

use super::checksum::{Checksum, Checksums};
use super::{Coding, Whole};

/// Bytes of a stream's header: magic, flags, their checksum.
const HEADER_BYTES: usize = 12;

/// Decodes all streams.
pub(super) struct XzStreams<R: Read> {
    /// `None` behind the last.
    stream: Option<XzReader<Whole<R>>>,
    checksums: Checksums,
}

impl<R: Read> XzStreams<R> {
    /// Begins with an input whose first header is put back.
    pub(super) fn new(input: Whole<R>, checksums: Checksums) -> Self {
        let mut streams = XzStreams {
            stream: None,
            checksums,
        };
        streams.begin(input);
        streams
    }

    fn begin(&mut self, input: Whole<R>) {
        let header = input.get_ref().0.get_ref();
        // What is no header the decoder refuses.
        if let Some(flags) = header.get(7) {
            self.checksums.add(match flags & 15 {
                1 => Some(Checksum::Crc32),
                4 => Some(Checksum::Crc64),
                10 => Some(Checksum::Sha256),
                _ => None,
            });
        }
        self.stream = Some(XzReader::new(input, false));
    }

    /// Goes on with the stream behind the padding, if there is one.
    fn next(&mut self, mut rest: R) -> io::Result<()> {
        let mut padding = 0_u64;
        let mut header = Vec::new();
        loop {
            let wanted = (HEADER_BYTES - header.len()) as u64;
            rest.by_ref().take(wanted).read_to_end(&mut header)?;
            let zeros = header.iter().take_while(|&&byte| byte == 0).count();
            if zeros == 0 {
                break;
            }
            padding += zeros as u64;
            header.drain(..zeros);
        }
        if !padding.is_multiple_of(4) {
            return Err(wrong("stream padding size not multiple of 4"));
        }
        if header.is_empty() {
            return Ok(());
        }
        if Coding::of(&header) != Some(Coding::Xz) {
            return Err(wrong("invalid data after stream"));
        }
        self.begin(Cursor::new(header).chain(rest));
        Ok(())
    }
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl<R: Read> Read for XzStreams<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        while let Some(stream) = &mut self.stream {
            let read = stream.read(into)?;
            if read > 0 {
                return Ok(read);
            }
            if let Some(stream) = self.stream.take() {
                let (_, rest) = stream.into_inner().into_inner();
                self.next(rest)?;
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Python's `lzma.compress(b"abc\n", check=…)` writes.
    fn stream(check: u8) -> Vec<u8> {
        let (header, content_check, index) = match check {
            0 => (
                "0000ff12d941",
                "",
                "0001140467a6450906729e7a010000000000595a",
            ),
            1 => (
                "00016922de36",
                "4e818847",
                "000118046be9f0a59042990d010000000001595a",
            ),
            4 => (
                "0004e6d6b446",
                "87692d8f3933e9db",
                "00011c046f2c9cc11fb6f37d010000000004595a",
            ),
            _ => (
                "000ae1fb0ca1",
                "edeaaff3f1774ad2888673770c6d64097e391bc362d7d6fb34982ddf0efd18cb",
                "00013404c582c19c189b4b9a01000000000a595a",
            ),
        };
        let block = "0200210116000000742fe5a30100036162630a00";
        let hex = ["fd377a585a00", header, block, content_check, index].concat();
        data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap()
    }

    fn read(bytes: &[u8]) -> (Result<String, String>, Option<Checksum>) {
        let checksums = Checksums::default();
        let (head, rest) = bytes.split_at(bytes.len().min(HEADER_BYTES));
        let input = Cursor::new(head.to_vec()).chain(rest);
        let mut streams = XzStreams::new(input, checksums.clone());
        let mut text = String::new();
        let outcome = streams.read_to_string(&mut text).map(|_| text);
        (outcome.map_err(|e| e.to_string()), checksums.of_all())
    }

    #[test]
    fn every_stream_counts() {
        let [none, crc32, crc64, sha256] = [0, 1, 4, 10].map(stream);
        let text = |times: usize| Ok("abc\n".repeat(times));
        assert_eq!(read(&none), (text(1), None));
        assert_eq!(read(&crc32), (text(1), Some(Checksum::Crc32)));
        assert_eq!(read(&crc64), (text(1), Some(Checksum::Crc64)));
        assert_eq!(read(&sha256), (text(1), Some(Checksum::Sha256)));
        let both = [&crc64[..], &[0; 8], &crc64[..], &[0; 400]].concat();
        assert_eq!(read(&both), (text(2), Some(Checksum::Crc64)));
        let mixed = [&crc64[..], &none[..], &sha256[..]].concat();
        assert_eq!(read(&mixed), (text(3), None));
    }

    #[test]
    fn checks_are_compared_and_padding_is_whole() {
        for (check, at) in [(1, 32), (4, 34), (10, 40)] {
            let mut changed = stream(check);
            changed[at] ^= 1;
            assert!(read(&changed).0.is_err(), "check {check}");
        }
        let whole = stream(4);
        for (behind, what) in [
            (&[0; 3][..], "stream padding"),
            (b"\0\0\0\0other", "invalid data"),
            (b"\xfd7zX", "invalid data"),
        ] {
            let error = read(&[&whole, behind].concat()).0.unwrap_err();
            assert!(error.contains(what), "{error}");
        }
        let cut = [&whole[..], &whole[..20]].concat();
        assert!(read(&cut).0.is_err());
    }
}
