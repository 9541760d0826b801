//! One gzip member after another (RFC 1952), each with its checksum.

use flate2::{Crc, Decompress, FlushDecompress, Status};

/// How every gzip member begins: magic, and the one method there is.
pub(super) const MAGIC: &[u8] = b"\x1f\x8b\x08";
/// Longest header: an extra field of 64 KiB, and a name and a comment as long together.
pub(super) const MAX_HEADER_BYTES: usize = 128 << 10;
/// CRC-32 and length behind the data.
pub(super) const TRAILER_BYTES: usize = 8;

/// What stands where a gzip header should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Header {
    /// A header of so many bytes.
    Whole(usize),
    /// The beginning of one.
    Cut,
    /// Something else.
    Not,
}

/// Reads a header off the first bytes of a member.
pub(super) fn header(bytes: &[u8]) -> Header {
    let known = bytes.len().min(MAGIC.len());
    if bytes.get(..known) != MAGIC.get(..known) {
        return Header::Not;
    }
    let Some(flags) = bytes.get(3) else {
        return Header::Cut;
    };
    if flags & 0xe0 != 0 {
        return Header::Not; // reserved bits
    }
    let mut len = 10;
    if flags & 4 != 0 {
        let (Some(low), Some(high)) = (bytes.get(10), bytes.get(11)) else {
            return Header::Cut;
        };
        len += 2 + usize::from(u16::from_le_bytes([*low, *high]));
    }
    for flag in [8, 16] {
        if flags & flag != 0 {
            let text = bytes.get(len..).unwrap_or_default();
            match text.iter().position(|b| *b == 0) {
                Some(n) => len += n + 1,
                None if text.len() > MAX_HEADER_BYTES => return Header::Not,
                None => return Header::Cut,
            }
        }
    }
    if flags & 2 != 0 {
        len += 2;
    }
    match len {
        len if len > MAX_HEADER_BYTES => Header::Not,
        len if len > bytes.len() || bytes.len() < 10 => Header::Cut,
        len => Header::Whole(len),
    }
}

/// The decoder of one member's data.
pub(super) struct Member {
    inflate: Decompress,
    crc: Crc,
}

/// What a step of decoding gave.
pub(super) struct Step {
    /// Bytes of the input taken.
    pub(super) n_in: usize,
    /// Whether the data ends here; the trailer follows.
    pub(super) ends: bool,
}

impl Member {
    pub(super) fn new() -> Self {
        Member {
            inflate: Decompress::new(false),
            crc: Crc::new(),
        }
    }

    pub(super) fn reset(&mut self) {
        self.inflate.reset(false);
        self.crc.reset();
    }

    /// Unpacks some of `input` into the spare capacity of `out`.
    pub(super) fn step(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<Step, String> {
        let (n_in, n_out) = (self.inflate.total_in(), out.len());
        let status = self
            .inflate
            .decompress_vec(input, out, FlushDecompress::None)
            .map_err(|_| "damaged deflate data".to_string())?;
        self.crc.update(out.get(n_out..).unwrap_or_default());
        Ok(Step {
            n_in: usize::try_from(self.inflate.total_in() - n_in).unwrap_or(0),
            ends: status == Status::StreamEnd,
        })
    }

    /// Whether the trailer's checksum and length are those of the data.
    pub(super) fn agrees(&self, trailer: &[u8]) -> bool {
        let mut expected = self.crc.sum().to_le_bytes().to_vec();
        expected.extend(self.crc.amount().to_le_bytes());
        trailer == expected
    }
}

/// Bytes of a member that are looked at to tell whether it is one: a header with a long name, and
/// what packs its first words. In foreign bytes a member may seem to begin at every third byte, and
/// names and empty blocks go on as long as they like.
const MAX_PROBE_BYTES: usize = 2 << 10;

/// The first bytes a member unpacks to; none where it is none, as far as `bytes` show.
pub(super) fn probe(bytes: &[u8]) -> Option<Vec<u8>> {
    let bytes = bytes.get(..MAX_PROBE_BYTES).unwrap_or(bytes);
    let Header::Whole(len) = header(bytes) else {
        return None;
    };
    let mut out = Vec::with_capacity(512);
    Member::new().step(bytes.get(len..)?, &mut out).ok()?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_known_from_its_cut_and_from_other_bytes() {
        let whole = b"\x1f\x8b\x08\x1c\0\0\0\0\0\x03\x02\0abname\0comment\0";
        assert_eq!(header(whole), Header::Whole(whole.len()));
        for n in 0..whole.len() {
            assert_eq!(header(&whole[..n]), Header::Cut, "{n}");
        }
        assert_eq!(
            header(b"\x1f\x8b\x08\0\0\0\0\0\0\x03xyz"),
            Header::Whole(10)
        );
        assert_eq!(header(b"\x1f\x8c"), Header::Not);
        assert_eq!(header(b"\x1f\x8b\x08\x80"), Header::Not);
        assert_eq!(header(b"WARC/1.0"), Header::Not);
    }

    #[test]
    fn a_probe_looks_at_no_more_than_its_share_of_a_member() {
        let named = |n: usize| {
            let mut bytes = b"\x1f\x8b\x08\x08\0\0\0\0\0\x03".to_vec();
            bytes.resize(bytes.len() + n, b'x');
            bytes.extend(b"\0\x01\x02\0\xfd\xffab"); // one stored block of two bytes
            probe(&bytes)
        };
        assert_eq!(named(1000), Some(b"ab".to_vec()));
        assert_eq!(named(3000), None);
        // Blocks of nothing, with text behind them.
        let empty = |n: usize| {
            let mut bytes = b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec();
            bytes.extend(b"\0\0\0\xff\xff".repeat(n));
            bytes.extend(b"\x01\x02\0\xfd\xffab");
            probe(&bytes)
        };
        assert_eq!(empty(300), Some(b"ab".to_vec()));
        assert_eq!(empty(500), Some(Vec::new()));
    }
}
