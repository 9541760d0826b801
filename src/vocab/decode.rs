//! Bytes that tokens stand for, and text of tokens as they come.

use super::sentence::SPACE;

/// Text of tokens as they come, holding back bytes until they are whole characters.
#[derive(Debug, Default)]
pub struct Decoder {
    pending: Vec<u8>,
}

impl Decoder {
    /// Takes the bytes of one token; returns the characters that are whole now.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.pending.extend_from_slice(bytes);
        let mut text = String::new();
        loop {
            match std::str::from_utf8(&self.pending) {
                Ok(whole) => {
                    text.push_str(whole);
                    self.pending.clear();
                    return text;
                }
                Err(e) => {
                    let (whole, rest) = self.pending.split_at(e.valid_up_to());
                    text.push_str(&String::from_utf8_lossy(whole));
                    match e.error_len() {
                        // The character may still be completed by the next token.
                        None => {
                            self.pending = rest.to_vec();
                            return text;
                        }
                        Some(n) => {
                            text.push(char::REPLACEMENT_CHARACTER);
                            self.pending = rest[n..].to_vec();
                        }
                    }
                }
            }
        }
    }

    /// What is left at the end of the text.
    pub fn finish(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.pending)).into_owned()
    }
}

/// Character that stands for each byte in byte-level vocabularies (GPT-2): printable Latin-1
/// stands for itself, the rest follow from U+0100 on.
pub fn byte_chars() -> [char; 256] {
    let printable = |b: u8| matches!(b, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let mut next = 0x100u32;
    std::array::from_fn(|b| {
        if printable(b as u8) {
            char::from(b as u8)
        } else {
            next += 1;
            char::from_u32(next - 1).expect("U+0100 to U+0143 are characters")
        }
    })
}

/// Bytes by the character that stands for them ([`byte_chars`]); 256 where there is none.
static BYTES: std::sync::LazyLock<[u16; 0x144]> = std::sync::LazyLock::new(|| {
    let mut bytes = [256; 0x144];
    for (byte, c) in byte_chars().into_iter().enumerate() {
        bytes[c as usize] = byte as u16;
    }
    bytes
});

/// The byte that a character of a byte-level vocabulary stands for.
#[inline]
pub(super) fn byte_of(c: char) -> Option<u8> {
    let byte = BYTES.get(c as usize)?;
    u8::try_from(*byte).ok()
}

/// Appends the bytes of a token of a byte-level vocabulary; characters that stand for none are
/// their own.
pub(super) fn byte_level(token: &str, out: &mut Vec<u8>) {
    for c in token.chars() {
        match byte_of(c) {
            Some(byte) => out.push(byte),
            None => out.extend(c.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
}

/// The byte of `<0x0A>`.
pub(super) fn hex_byte(token: &str) -> Option<u8> {
    let hex = token.strip_prefix("<0x")?.strip_suffix('>')?;
    u8::from_str_radix(hex, 16).ok()
}

/// Appends what a SentencePiece token stands for: `▁` is a space and `<0x0A>` a byte.
pub(super) fn sentencepiece(token: &str, out: &mut Vec<u8>) {
    match hex_byte(token) {
        Some(byte) => out.push(byte),
        None => unspaced(token, out),
    }
}

/// Appends a SentencePiece token that is text.
pub(super) fn unspaced(text: &str, out: &mut Vec<u8>) {
    for (i, part) in text.split(SPACE).enumerate() {
        if i > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(part.as_bytes());
    }
}
