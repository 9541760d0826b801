//! Zstandard frames (RFC 8878): where they begin and end, and their data one after another.

use zstd::stream::raw::{Decoder, Operation};

/// How a frame begins.
pub(super) const MAGIC: &[u8] = b"\x28\xb5\x2f\xfd";
/// How a dictionary begins.
const DICTIONARY: &[u8] = b"\x37\xa4\x30\xec";
/// Longest header of a frame.
pub(super) const MAX_HEADER_BYTES: usize = 18;
/// Bytes unpacked at a time, as the library recommends.
const STEP_BYTES: usize = 128 << 10;

/// What stands where a frame should begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// A frame; its header has so many bytes, and a checksum follows it or not.
    Frame { header: usize, checksum: bool },
    /// A skippable frame of so many bytes in all.
    Skippable(u64),
    /// The beginning of either.
    Cut,
    /// Something else.
    Not,
}

/// Reads the beginning of a frame.
pub(super) fn begin(bytes: &[u8]) -> Begin {
    let Some(magic) = bytes.first_chunk::<4>() else {
        let skippable = matches!(bytes, [] | [0x50..=0x5f] | [0x50..=0x5f, 0x2a, ..]);
        return match MAGIC.starts_with(bytes) || skippable {
            true => Begin::Cut,
            false => Begin::Not,
        };
    };
    if let [0x50..=0x5f, 0x2a, 0x4d, 0x18] = magic {
        let len = bytes.get(4..8).and_then(|len| len.first_chunk::<4>());
        return len.map_or(Begin::Cut, |len| {
            Begin::Skippable(8 + u64::from(u32::from_le_bytes(*len)))
        });
    }
    if magic != MAGIC {
        return Begin::Not;
    }
    let Some(descriptor) = bytes.get(4) else {
        return Begin::Cut;
    };
    if descriptor & 8 != 0 {
        return Begin::Not; // reserved bit
    }
    let single = descriptor & 0x20 != 0;
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let size = match descriptor >> 6 {
        0 => usize::from(single),
        n => 1 << n,
    };
    Begin::Frame {
        header: 5 + usize::from(!single) + dictionary + size,
        checksum: descriptor & 4 != 0,
    }
}

/// Length of the block that begins with these three bytes, header included, and whether it is the
/// frame's last; none when it is none.
pub(super) fn block(bytes: &[u8]) -> Option<(u64, bool)> {
    let [a, b, c] = *bytes.first_chunk::<3>()?;
    let head = u32::from_le_bytes([a, b, c, 0]);
    let len = match head >> 1 & 3 {
        0 | 2 => head >> 3,
        1 => 1, // one byte, repeated
        _ => return None,
    };
    Some((3 + u64::from(len), head & 1 == 1))
}

/// Whether a skippable frame holds a dictionary for the frames behind it, as some crawls have it
/// in front; packed by itself or plain.
pub(super) fn is_dictionary(frame: &[u8]) -> bool {
    let content = frame.get(8..).unwrap_or_default();
    frame.starts_with(b"\x5d") && (content.starts_with(DICTIONARY) || content.starts_with(MAGIC))
}

/// The decoder of one frame after another.
pub(super) struct Frames {
    decoder: Decoder<'static>,
    room: Vec<u8>,
}

/// What a step of decoding gave.
pub(super) struct Step {
    /// Bytes of the input taken.
    pub(super) n_in: usize,
    /// Whether the frame ends here.
    pub(super) ends: bool,
}

impl Frames {
    pub(super) fn new() -> Result<Self, String> {
        Ok(Frames {
            decoder: Decoder::new().map_err(|e| e.to_string())?,
            room: vec![0; STEP_BYTES],
        })
    }

    pub(super) fn reset(&mut self) -> Result<(), String> {
        self.decoder.reinit().map_err(|e| e.to_string())
    }

    /// Unpacks some of `input` to the end of `out`.
    pub(super) fn step(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<Step, String> {
        let status = self
            .decoder
            .run_on_buffers(input, &mut self.room)
            .map_err(|e| format!("damaged zstd data: {}", e.to_string().to_lowercase()))?;
        let unpacked = self.room.get(..status.bytes_written);
        out.extend_from_slice(unpacked.unwrap_or_default());
        Ok(Step {
            n_in: status.bytes_read,
            ends: status.remaining == 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks a frame by its blocks; gives its length.
    fn walk(bytes: &[u8]) -> usize {
        let Begin::Frame { header, checksum } = begin(bytes) else {
            panic!("no frame")
        };
        let mut at = header;
        loop {
            let (len, last) = block(&bytes[at..]).unwrap();
            at += len as usize;
            if last {
                return at + if checksum { 4 } else { 0 };
            }
        }
    }

    #[test]
    fn frames_are_as_long_as_their_blocks() {
        for n in [0, 1, 200, 300, 70_000, 500_000] {
            let text: Vec<u8> = (0..n as u32)
                .map(|i| (i.wrapping_mul(i) >> 7) as u8)
                .collect();
            for bytes in [text, vec![1; n]] {
                let frame = zstd::encode_all(&bytes[..], 1).unwrap();
                assert_eq!(walk(&frame), frame.len(), "{n}");
                let frame = zstd::bulk::compress(&bytes, 3).unwrap();
                assert_eq!(walk(&frame), frame.len(), "{n}");
            }
        }
        assert_eq!(
            begin(b"\x51\x2a\x4d\x18\x05\0\0\0abcde"),
            Begin::Skippable(13)
        );
        assert_eq!(begin(b"\x51\x2a"), Begin::Cut);
        assert_eq!(begin(b"\x28\xb5"), Begin::Cut);
        assert_eq!(begin(b"WARC/1.0"), Begin::Not);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            begin(&bytes);
            block(&bytes);
            let _ = Frames::new().unwrap().step(&bytes, &mut Vec::new());
        }
    }
}
