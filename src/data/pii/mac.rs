//! HMAC-SHA-256 (RFC 2104) and a stream of draws from it.

use sha2::{Digest, Sha256};

/// The authentication code of `parts`, one after the other, under `key`.
pub(super) fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    const BLOCK: usize = 64; // bytes SHA-256 takes at a time
    let mut block = [0u8; BLOCK];
    let hashed = Sha256::digest(key);
    let key = if key.len() > BLOCK {
        hashed.as_slice()
    } else {
        key
    };
    for (slot, byte) in block.iter_mut().zip(key) {
        *slot = *byte;
    }
    let pad = |with: u8| Sha256::new_with_prefix(block.map(|b| b ^ with));
    let mut inner = pad(0x36);
    for part in parts {
        inner.update(part);
    }
    let mut outer = pad(0x5c);
    outer.update(inner.finalize());
    outer.finalize().into()
}

/// Endless bytes that depend on key and value alone.
#[derive(Debug)]
pub(super) struct Draw {
    seed: [u8; 32],
    block: [u8; 32],
    used: usize,
    count: u64,
}

impl Draw {
    /// Draws from a code.
    pub(super) fn new(seed: [u8; 32]) -> Self {
        Draw {
            seed,
            block: seed,
            used: 0,
            count: 0,
        }
    }

    fn byte(&mut self) -> u8 {
        if self.used == self.block.len() {
            self.count += 1;
            self.block = hmac(&self.seed, &[&self.count.to_le_bytes()]);
            self.used = 0;
        }
        self.used += 1;
        self.block.get(self.used - 1).copied().unwrap_or(0)
    }

    /// One of `alphabet`, each as likely as the others; 0 of an empty one.
    pub(super) fn pick(&mut self, alphabet: &[u8]) -> u8 {
        let n = alphabet.len().clamp(1, 256);
        let fair = 256 - 256 % n;
        loop {
            let byte = usize::from(self.byte());
            if byte < fair {
                return alphabet.get(byte % n).copied().unwrap_or(0);
            }
        }
    }

    /// A decimal digit.
    pub(super) fn digit(&mut self) -> u8 {
        self.pick(b"0123456789")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_of_rfc_4231() {
        let hex = |code: [u8; 32]| code.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let first = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
        assert_eq!(hex(hmac(&[0x0b; 20], &[b"Hi ", b"There"])), first);
        let long = "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54";
        let data = b"Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(hex(hmac(&[0xaa; 131], &[data])), long);
    }
}
