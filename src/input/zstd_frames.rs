//! Follows zstd data as it passes, from frame to frame (RFC 8878), to see which of them have
//! a checksum of their content. Decodes nothing and refuses nothing: that is the decoder's.

use std::io::{self, Read};

use super::checksum::{Checksum, Checksums};

const MAGIC: u32 = 0xfd2f_b528;

/// The first of the 16 magic numbers of frames that decoders pass over.
const SKIPPABLE: u32 = 0x184d_2a50;

/// What the next bytes are.
#[derive(Clone, Copy)]
enum Part {
    Magic,
    /// How many bytes of a skippable frame follow.
    SkippableSize,
    /// The first byte of a frame's header, which tells the rest.
    Descriptor,
    BlockHeader,
    /// This is no zstd data.
    Unknown,
}

impl Part {
    fn bytes(self) -> usize {
        match self {
            Part::Magic | Part::SkippableSize => 4,
            Part::Descriptor => 1,
            Part::BlockHeader => 3,
            Part::Unknown => usize::MAX,
        }
    }
}

/// Passes through what it reads.
pub(super) struct ZstdFrames<R> {
    inner: R,
    checksums: Checksums,
    part: Part,
    /// The first bytes of the part.
    gathered: Vec<u8>,
    /// Bytes before the next part that tell nothing.
    skip: u64,
    /// Whether a checksum follows the last block of this frame.
    has_checksum: bool,
}

impl<R> ZstdFrames<R> {
    pub(super) fn new(inner: R, checksums: Checksums) -> Self {
        ZstdFrames {
            inner,
            checksums,
            part: Part::Magic,
            gathered: Vec::new(),
            skip: 0,
            has_checksum: false,
        }
    }

    fn follow(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !matches!(self.part, Part::Unknown) {
            let skipped = usize::try_from(self.skip).map_or(bytes.len(), |n| n.min(bytes.len()));
            self.skip -= skipped as u64;
            bytes = &bytes[skipped..];
            let missing = self.part.bytes() - self.gathered.len();
            let (now, later) = bytes.split_at(missing.min(bytes.len()));
            self.gathered.extend_from_slice(now);
            bytes = later;
            if self.gathered.len() == self.part.bytes() {
                let mut number = [0; 4];
                number[..self.gathered.len()].copy_from_slice(&self.gathered);
                self.gathered.clear();
                self.next(u32::from_le_bytes(number));
            }
        }
    }

    /// Goes on behind a part, given as a number.
    fn next(&mut self, number: u32) {
        self.part = match self.part {
            Part::Magic if number == MAGIC => Part::Descriptor,
            Part::Magic if number & !15 == SKIPPABLE => Part::SkippableSize,
            Part::SkippableSize => {
                self.skip = number.into();
                Part::Magic
            }
            Part::Descriptor => {
                let is_single_segment = number & 1 << 5 != 0;
                let window = u64::from(!is_single_segment);
                let dictionary = [0, 1, 2, 4][number as usize & 3];
                let content_size = match number >> 6 {
                    0 => u64::from(is_single_segment),
                    bits => 1 << bits,
                };
                self.skip = window + dictionary + content_size;
                self.has_checksum = number & 1 << 2 != 0;
                let checksum = self.has_checksum.then_some(Checksum::Xxh64);
                self.checksums.add(checksum);
                Part::BlockHeader
            }
            Part::BlockHeader => {
                let (is_last, kind, size) = (number & 1 != 0, number >> 1 & 3, number >> 3);
                // A block of kind 1 is one byte, repeated.
                self.skip = if kind == 1 { 1 } else { size.into() };
                if is_last {
                    self.skip += 4 * u64::from(self.has_checksum);
                    Part::Magic
                } else {
                    Part::BlockHeader
                }
            }
            Part::Magic | Part::Unknown => Part::Unknown,
        };
    }
}

impl<R: Read> Read for ZstdFrames<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.follow(&into[..read]);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// A frame of these bytes, as the encoder writes it.
    fn frame(bytes: &[u8], checksum: bool, size_known: bool) -> Vec<u8> {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        encoder.include_checksum(checksum).unwrap();
        if size_known {
            encoder
                .set_pledged_src_size(Some(bytes.len() as u64))
                .unwrap();
        }
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn found(bytes: &[u8]) -> Option<Checksum> {
        // Read as whole, and byte by byte.
        let [whole, drip] = [usize::MAX, 1].map(|most| {
            let checksums = Checksums::default();
            let mut frames = ZstdFrames::new(bytes, checksums.clone());
            let mut buffer = [0; 4096];
            let most = most.min(buffer.len());
            while frames.read(&mut buffer[..most]).unwrap() > 0 {}
            checksums.of_all()
        });
        assert_eq!(whole, drip);
        whole
    }

    /// As pzstd writes it: a frame to skip comes before each.
    #[test]
    fn a_file_may_begin_with_a_frame_to_skip() {
        let skippable = b"\x50\x2a\x4d\x18\x04\0\0\0\x10\0\0\0";
        let file = [&skippable[..], &frame(b"what it holds", true, true)].concat();
        let mut plain = crate::input::Decompressed::new(&file[..]).unwrap();
        let mut bytes = Vec::new();
        plain.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"what it holds");
        assert_eq!(plain.coding_name(), Some("zstd"));
    }

    #[test]
    fn every_frame_counts() {
        // Noise, which stays as it is, and zeros, which become blocks of one byte.
        let noise: Vec<u8> = (0..400_000_u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect();
        let contents = [&noise[..], &[0; 400_000], b"", b"short", &noise[..70_000]];
        let skippable = b"\x5f\x2a\x4d\x18\x03\0\0\0abc";
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for content in contents {
            for size_known in [true, false] {
                let sealed = frame(content, true, size_known);
                let bare = frame(content, false, size_known);
                assert_eq!(found(&sealed), Some(Checksum::Xxh64));
                assert_eq!(found(&bare), None);
                with.extend(skippable);
                with.extend(&sealed);
                without.extend(&sealed);
                without.extend(&bare);
            }
        }
        assert_eq!(found(&with), Some(Checksum::Xxh64));
        assert_eq!(found(&without), None);
        assert_eq!(found(b""), None);
        assert_eq!(found(b"no zstd data at all"), None);
    }
}
