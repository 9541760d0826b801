//! Settings that people write as words: `4G`, `3/16`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number of bytes: `4G`, `512M`, `1000000`. Units are powers of 1024.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

const UNITS: [(char, u32); 4] = [('T', 40), ('G', 30), ('M', 20), ('K', 10)];

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("{text}: not a number of bytes, such as 4G or 512M");
        let bare = text
            .trim()
            .trim_end_matches(['B', 'b'])
            .trim_end_matches('i');
        let unit = |c: char| UNITS.iter().find(|(unit, _)| unit.eq_ignore_ascii_case(&c));
        let (digits, shift) = match bare.chars().last().and_then(unit) {
            Some((_, shift)) => (&bare[..bare.len() - 1], *shift),
            None => (bare, 0),
        };
        let n: f64 = digits.trim().parse().map_err(|_| refused())?;
        let n = n * (1u64 << shift) as f64;
        match n.is_finite() && (0.0..1e18).contains(&n) {
            true => Ok(Bytes(n as u64)),
            false => Err(refused()),
        }
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let whole = |(_, shift): &&(char, u32)| self.0 > 0 && self.0.is_multiple_of(1 << shift);
        match UNITS.iter().find(whole) {
            Some((unit, shift)) => write!(f, "{}{unit}", self.0 >> shift),
            None => write!(f, "{}", self.0),
        }
    }
}

/// One of so many processes that share a walk: `1/16` to `16/16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardOf {
    /// Which one, from 1.
    pub i: usize,
    /// Of how many.
    pub n: usize,
}

impl ShardOf {
    /// Its first unit; it takes every `n`th from there.
    pub(super) fn first(self) -> usize {
        self.i - 1
    }
}

impl FromStr for ShardOf {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('/').and_then(|(i, n)| {
            let (i, n) = (i.trim().parse().ok()?, n.trim().parse().ok()?);
            (1 <= i && i <= n).then_some(ShardOf { i, n })
        });
        parsed.ok_or_else(|| format!("{text}: not a shard, such as 1/16 to 16/16"))
    }
}

impl fmt::Display for ShardOf {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}/{}", self.i, self.n)
    }
}

/// Written and read as their words; bytes also as a bare number.
macro_rules! words {
    ($($name:ident)*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                #[derive(Deserialize)]
                #[serde(untagged)]
                enum Written {
                    Word(String),
                    Number(u64),
                }
                let word = match Written::deserialize(from)? {
                    Written::Word(word) => word,
                    Written::Number(number) => number.to_string(),
                };
                word.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
words!(Bytes ShardOf);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_people_write_them() {
        for (text, n) in [
            ("4G", 4 << 30),
            ("512m", 512 << 20),
            ("1.5 GiB", 3 << 29),
            ("7", 7),
            ("2kB", 2048),
        ] {
            assert_eq!(text.parse(), Ok(Bytes(n)), "{text}");
        }
        assert_eq!(Bytes(4 << 30).to_string(), "4G");
        assert_eq!(Bytes(1000).to_string(), "1000");
        for text in ["", "G", "-1", "4X", "1e99", "nan"] {
            assert!(text.parse::<Bytes>().is_err(), "{text}");
        }
        assert_eq!("3/16".parse(), Ok(ShardOf { i: 3, n: 16 }));
        for text in ["0/4", "5/4", "1", "a/b", "1/0"] {
            assert!(text.parse::<ShardOf>().is_err(), "{text}");
        }
        let read: Bytes = serde_json::from_str("\"4G\"").unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), "\"4G\"");
        assert_eq!(serde_json::from_str::<Bytes>("5").unwrap(), Bytes(5));
    }
}
