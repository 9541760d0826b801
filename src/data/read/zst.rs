//! Zstandard frames (RFC 8878): where they begin and end, and their data one after another.

use zstd::stream::raw::{Decoder, Operation};

/// How a frame begins.
pub(super) const MAGIC: &[u8] = b"\x28\xb5\x2f\xfd";
/// How a dictionary begins.
const DICTIONARY: &[u8] = b"\x37\xa4\x30\xec";
/// Longest header of a frame.
pub(super) const MAX_HEADER_BYTES: usize = 18;
/// Bytes a block unpacks to at most.
const STEP_BYTES: usize = 128 << 10;
/// Bytes of a block at most, its header included.
const MAX_BLOCK_BYTES: usize = 3 + STEP_BYTES;

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

/// The decoder of one frame after another. It is given a frame part by part, and every frame a
/// decoder of its own, so that what is unpacked before an error, and where the error is, comes of
/// the frame's bytes alone and not of what was read before it or how much was read at a time.
pub(super) struct Frames {
    decoder: Decoder<'static>,
    room: Vec<u8>,
    next: Part,
    checksum: bool,
}

/// A part of a frame (RFC 8878, section 3.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Header,
    Block,
    LastBlock,
    Checksum,
    End,
}

impl Frames {
    pub(super) fn new() -> Result<Self, String> {
        Ok(Frames {
            decoder: Decoder::new().map_err(|e| e.to_string())?,
            room: vec![0; STEP_BYTES],
            next: Part::Header,
            checksum: false,
        })
    }

    pub(super) fn reset(&mut self) -> Result<(), String> {
        self.decoder = Decoder::new().map_err(|e| e.to_string())?;
        (self.next, self.checksum) = (Part::Header, false);
        Ok(())
    }

    /// Whether the frame has been unpacked to its end.
    pub(super) fn at_end(&self) -> bool {
        self.next == Part::End
    }

    /// Length of the part of the frame that begins with `ahead`, of which [`MAX_HEADER_BYTES`] are
    /// enough; none where they are too few.
    pub(super) fn part_len(&mut self, ahead: &[u8]) -> Result<Option<usize>, String> {
        match self.next {
            Part::Header => match begin(ahead) {
                Begin::Frame { header, checksum } => {
                    self.checksum = checksum;
                    Ok(Some(header))
                }
                Begin::Cut => Ok(None),
                Begin::Skippable(_) | Begin::Not => Err("not a zstd frame".into()),
            },
            Part::Block | Part::LastBlock if ahead.len() < 3 => Ok(None),
            Part::Block | Part::LastBlock => {
                let (len, is_last) = block(ahead).ok_or("damaged zstd data")?;
                if is_last {
                    self.next = Part::LastBlock;
                }
                let len = usize::try_from(len).ok().filter(|n| *n <= MAX_BLOCK_BYTES);
                len.map(Some).ok_or("damaged zstd data".into())
            }
            Part::Checksum => Ok(Some(4)),
            Part::End => Ok(Some(0)),
        }
    }

    /// Unpacks `part`, whole as [`Frames::part_len`] said, to the end of `out`.
    pub(super) fn step(&mut self, part: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let status = self.decoder.run_on_buffers(part, &mut self.room);
        let status = status.map_err(|e| match self.next {
            Part::Header => format!("zstd frame: {}", e.to_string().to_lowercase()),
            Part::Checksum => "checksum of the zstd frame does not hold".into(),
            _ => "damaged zstd data".into(),
        })?;
        if status.bytes_read != part.len() {
            return Err("damaged zstd data".into());
        }
        let unpacked = self.room.get(..status.bytes_written);
        out.extend_from_slice(unpacked.unwrap_or_default());
        self.next = match self.next {
            Part::Header | Part::Block => Part::Block,
            Part::LastBlock if self.checksum => Part::Checksum,
            Part::LastBlock | Part::Checksum | Part::End => Part::End,
        };
        Ok(())
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

    /// Unpacks the frame at the front of `bytes`: what came of it, its end or what it failed at.
    fn unpack(frames: &mut Frames, bytes: &[u8]) -> (Vec<u8>, Result<usize, String>) {
        let (mut out, mut at) = (Vec::new(), 0);
        frames.reset().unwrap();
        while !frames.at_end() {
            let rest = &bytes[at..];
            let part = frames.part_len(&rest[..rest.len().min(MAX_HEADER_BYTES)]);
            let part = part.map(|len| len.and_then(|len| rest.get(..len)));
            let step = match part {
                Ok(Some(part)) => frames.step(part, &mut out).map(|()| part.len()),
                Ok(None) => Err("cut short".into()),
                Err(what) => Err(what),
            };
            match step {
                Ok(n) => at += n,
                Err(what) => return (out, Err(format!("{at}: {what}"))),
            }
        }
        (out, Ok(at))
    }

    #[test]
    fn a_frame_that_lies_fails_alike_whatever_came_before_it() {
        // One segment of 10 bytes, as it says, in two blocks of 8 as they come.
        let mut liar = b"\x28\xb5\x2f\xfd\x20\x0a".to_vec();
        for head in [8 << 3, 8 << 3 | 1_u8] {
            liar.extend([head, 0, 0]);
            liar.extend(b"12345678");
        }
        let alone = unpack(&mut Frames::new().unwrap(), &liar);
        assert_eq!(
            alone,
            (b"12345678".to_vec(), Err("17: damaged zstd data".into()))
        );
        let mut frames = Frames::new().unwrap();
        let large = zstd::encode_all(&vec![7; 1 << 20][..], 1).unwrap();
        assert_eq!(unpack(&mut frames, &large).1, Ok(large.len()));
        assert_eq!(unpack(&mut frames, &liar), alone);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            begin(&bytes);
            block(&bytes);
            let mut frame = MAGIC.to_vec();
            frame.extend(&bytes);
            let mut frames = Frames::new().unwrap();
            let (_, alone) = unpack(&mut frames, &frame);
            assert_eq!(unpack(&mut frames, &frame).1, alone);
            let _ = unpack(&mut frames, &bytes);
        }
    }
}
