//! SentencePiece's own file, `tokenizer.model`: what it holds, as far as a reader is told.
//!
//! It is a protocol buffer (sentencepiece_model.proto): fields one after the other, each a number
//! of field and kind, then a number or a length and so many bytes. Fields that are not known are
//! passed over; messages are read two deep, so that nothing here grows with anything but the file.

use super::TokenKind;

/// Most pieces; vocabularies have up to some hundred thousand.
const MAX_PIECES: usize = 1 << 22;

/// What the file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Pieces {
    /// How text is cut: `unigram`, `bpe`, `word` or `char`.
    pub algorithm: &'static str,
    /// Every piece by its id, with its score and what it is.
    pub pieces: Vec<Piece>,
    /// Pieces that were asked for; 0 where the file does not say.
    pub wanted: i64,
    /// Characters without a piece become bytes.
    pub byte_fallback: bool,
    /// Ids of what is unknown, of the begin and the end of text, and of padding; none where it is
    /// below zero, which turns it off.
    pub special: [Option<i64>; 4],
    /// How text is brought to one form.
    pub normalizer: Normalizer,
}

/// One piece.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// Its spelling; what is no UTF-8 is replaced.
    pub text: String,
    /// Log-probability, or the negative rank of a merge.
    pub score: f32,
    /// What it is.
    pub kind: TokenKind,
}

/// How text is brought to one form before it is cut.
#[derive(Debug, Clone, PartialEq)]
pub struct Normalizer {
    /// Name of the rules: `nmt_nfkc`, `identity`.
    pub name: String,
    /// Bytes of the rules themselves.
    pub rules_bytes: usize,
    /// A space is put in front of text.
    pub adds_space: bool,
    /// Several spaces become one, and those at the ends are taken away.
    pub removes_spaces: bool,
}

/// Fields of the messages, by their numbers in sentencepiece_model.proto.
mod field {
    pub(super) const PIECES: u64 = 1;
    pub(super) const TRAINER: u64 = 2;
    pub(super) const NORMALIZER: u64 = 3;
    pub(super) const PIECE_TEXT: u64 = 1;
    pub(super) const PIECE_SCORE: u64 = 2;
    pub(super) const PIECE_TYPE: u64 = 3;
    pub(super) const MODEL_TYPE: u64 = 3;
    pub(super) const VOCAB_SIZE: u64 = 4;
    pub(super) const BYTE_FALLBACK: u64 = 35;
    pub(super) const UNK_ID: u64 = 40;
    pub(super) const PAD_ID: u64 = 43;
    pub(super) const NAME: u64 = 1;
    pub(super) const RULES: u64 = 2;
    pub(super) const ADDS_SPACE: u64 = 3;
    pub(super) const REMOVES_SPACES: u64 = 4;
}

impl Pieces {
    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// In words, when they are cut, no protocol buffer, or hold no pieces.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut found = Pieces {
            algorithm: "unigram",
            pieces: Vec::new(),
            wanted: 0,
            byte_fallback: false,
            special: [Some(0), Some(1), Some(2), None],
            normalizer: Normalizer {
                name: String::new(),
                rules_bytes: 0,
                adds_space: true,
                removes_spaces: true,
            },
        };
        let mut fields = Fields { bytes, at: 0 };
        while let Some((number, value)) = fields.next()? {
            match (number, value) {
                (field::PIECES, Field::Bytes(bytes)) => {
                    if found.pieces.len() == MAX_PIECES {
                        return Err(format!("there are more than {MAX_PIECES} pieces in it"));
                    }
                    let what = |e| format!("piece {}: {e}", found.pieces.len());
                    let piece = piece(bytes).map_err(what)?;
                    found.pieces.push(piece);
                }
                (field::TRAINER, Field::Bytes(bytes)) => found
                    .set_trainer(bytes)
                    .map_err(|e| format!("settings of training: {e}"))?,
                (field::NORMALIZER, Field::Bytes(bytes)) => found
                    .normalizer
                    .set(bytes)
                    .map_err(|e| format!("normaliser: {e}"))?,
                _ => {}
            }
        }
        match found.pieces.is_empty() {
            true => Err("there are no pieces in it".into()),
            false => Ok(found),
        }
    }

    fn set_trainer(&mut self, bytes: &[u8]) -> Result<(), String> {
        let mut fields = Fields { bytes, at: 0 };
        while let Some((number, value)) = fields.next()? {
            match (number, value) {
                (field::MODEL_TYPE, Field::Number(n)) => {
                    self.algorithm = match n {
                        1 => "unigram",
                        2 => "bpe",
                        3 => "word",
                        4 => "char",
                        _ => return Err(format!("{n} is no way to cut text")),
                    }
                }
                (field::VOCAB_SIZE, Field::Number(n)) => self.wanted = n.cast_signed(),
                (field::BYTE_FALLBACK, Field::Number(n)) => self.byte_fallback = n != 0,
                (field::UNK_ID..=field::PAD_ID, Field::Number(n)) => {
                    let id = n.cast_signed();
                    self.special[(number - field::UNK_ID) as usize] =
                        Some(id).filter(|id| *id >= 0);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Normalizer {
    fn set(&mut self, bytes: &[u8]) -> Result<(), String> {
        let mut fields = Fields { bytes, at: 0 };
        while let Some((number, value)) = fields.next()? {
            match (number, value) {
                (field::NAME, Field::Bytes(name)) => {
                    self.name = String::from_utf8_lossy(name).into_owned();
                }
                (field::RULES, Field::Bytes(rules)) => self.rules_bytes = rules.len(),
                (field::ADDS_SPACE, Field::Number(n)) => self.adds_space = n != 0,
                (field::REMOVES_SPACES, Field::Number(n)) => self.removes_spaces = n != 0,
                _ => {}
            }
        }
        Ok(())
    }
}

fn piece(bytes: &[u8]) -> Result<Piece, String> {
    let mut piece = Piece {
        text: String::new(),
        score: 0.0,
        kind: TokenKind::Normal,
    };
    let mut fields = Fields { bytes, at: 0 };
    while let Some((number, value)) = fields.next()? {
        match (number, value) {
            (field::PIECE_TEXT, Field::Bytes(text)) => {
                piece.text = String::from_utf8_lossy(text).into_owned();
            }
            (field::PIECE_SCORE, Field::Four(score)) => piece.score = f32::from_le_bytes(score),
            (field::PIECE_TYPE, Field::Number(n)) => {
                piece.kind = match n {
                    1 => TokenKind::Normal,
                    2 => TokenKind::Unknown,
                    3 => TokenKind::Control,
                    4 => TokenKind::UserDefined,
                    5 => TokenKind::Unused,
                    6 => TokenKind::Byte,
                    _ => return Err(format!("{n} is no type of piece")),
                }
            }
            _ => {}
        }
    }
    Ok(piece)
}

/// A field's value.
enum Field<'a> {
    Number(u64),
    Four([u8; 4]),
    /// Eight bytes, which no field that is read has.
    Eight,
    Bytes(&'a [u8]),
}

/// The fields of a message.
struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    /// The next field's number and value; none at the end.
    fn next(&mut self) -> Result<Option<(u64, Field<'a>)>, String> {
        if self.at == self.bytes.len() {
            return Ok(None);
        }
        let key = self.number()?;
        let value = match key & 7 {
            0 => Field::Number(self.number()?),
            1 => {
                self.take(8)?;
                Field::Eight
            }
            2 => {
                let len = self.number()?;
                let len = usize::try_from(len).map_err(|_| self.ends())?;
                Field::Bytes(self.take(len)?)
            }
            5 => Field::Four(self.take(4)?.try_into().map_err(|_| self.ends())?),
            kind => return Err(format!("byte {}: a field of kind {kind}", self.at)),
        };
        Ok(Some((key >> 3, value)))
    }

    fn ends(&self) -> String {
        format!("byte {}: ends inside of a field", self.at)
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8], String> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = rest.get(..n).ok_or_else(|| self.ends())?;
        self.at += n;
        Ok(taken)
    }

    /// Seven bits a byte, the lowest first; the eighth says that more follow.
    fn number(&mut self) -> Result<u64, String> {
        let mut n = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            n |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(n);
            }
        }
        Err(format!("byte {}: a number of more than 64 bits", self.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(n: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut n = n;
        while n >= 0x80 {
            bytes.push(n as u8 | 0x80);
            n >>= 7;
        }
        bytes.push(n as u8);
        bytes
    }

    fn bytes(field: u64, value: &[u8]) -> Vec<u8> {
        [
            number(field << 3 | 2),
            number(value.len() as u64),
            value.to_vec(),
        ]
        .concat()
    }

    fn varint(field: u64, value: u64) -> Vec<u8> {
        [number(field << 3), number(value)].concat()
    }

    fn a_piece(text: &str, score: f32, kind: u64) -> Vec<u8> {
        let score = [vec![2 << 3 | 5], score.to_le_bytes().to_vec()].concat();
        bytes(
            1,
            &[bytes(1, text.as_bytes()), score, varint(3, kind)].concat(),
        )
    }

    fn sample() -> Vec<u8> {
        let trainer = [
            varint(3, 2),
            varint(4, 3),
            varint(35, 1),
            varint(41, 1),
            varint(42, 2),
            varint(43, (-1i64).cast_unsigned()),
            bytes(9, b"ignored"),
            [vec![10 << 3 | 5], vec![0; 4], vec![11 << 3 | 1], vec![0; 8]].concat(),
        ];
        let normalizer = [bytes(1, b"nmt_nfkc"), bytes(2, &[0; 77]), varint(3, 0)];
        [
            a_piece("<unk>", 0.0, 2),
            a_piece("<s>", 0.0, 3),
            a_piece("\u{2581}\u{17c}\u{f3}\u{142}w", -1.5, 1),
            bytes(2, &trainer.concat()),
            bytes(3, &normalizer.concat()),
            bytes(99, b"something new"),
        ]
        .concat()
    }

    #[test]
    fn what_the_file_says_is_read() {
        let found = Pieces::parse(&sample()).unwrap();
        assert_eq!((found.algorithm, found.wanted), ("bpe", 3));
        assert_eq!(found.special, [Some(0), Some(1), Some(2), None]);
        assert!(found.byte_fallback && !found.normalizer.adds_space);
        assert!(found.normalizer.removes_spaces, "where nothing is said");
        assert_eq!(found.normalizer.name, "nmt_nfkc");
        assert_eq!(found.normalizer.rules_bytes, 77);
        assert_eq!(found.pieces[1].kind, TokenKind::Control);
        let last = &found.pieces[2];
        assert_eq!((last.text.as_str(), last.score), ("\u{2581}żółw", -1.5));
    }

    #[test]
    fn a_file_cut_anywhere_is_refused_or_holds_what_was_whole() {
        let whole = sample();
        let all = Pieces::parse(&whole).unwrap().pieces;
        for n in 0..whole.len() {
            if let Ok(found) = Pieces::parse(&whole[..n]) {
                assert!(all.starts_with(&found.pieces), "{n}");
            }
        }
        assert!(Pieces::parse(&whole[..4]).is_err());
    }

    #[test]
    fn what_is_no_such_file_is_refused() {
        for bytes in [
            &b""[..],
            b"\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x", // a length of 2^64 - 1
            b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", // a number of 71 bits
            b"\x0b\x0c",                                    // a group
            b"\x12\x02\x18\x09\x0a\x00",                    // an algorithm nobody knows
            b"plain text of no kind at all\n",
        ] {
            assert!(Pieces::parse(bytes).is_err(), "{bytes:?}");
        }
    }
}
