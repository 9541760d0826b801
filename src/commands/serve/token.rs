//! Who may ask: tokens in a file that only its owner reads.

use std::hint::black_box;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::super::fail::{Failure, Result};
use crate::disk;

/// Fewest characters of a token: with fewer it can be guessed.
const MIN_TOKEN: usize = 16;
/// Most bytes of the file.
const MAX_FILE: u64 = 1 << 20;

/// The tokens that open the door, as digests: all of the same length.
pub(super) struct Tokens(Vec<[u8; 32]>);

impl Tokens {
    /// Reads a file with a token in each line; empty lines count for nothing.
    ///
    /// # Errors
    /// When it cannot be read, others than its owner can read or write it, or a token is too
    /// short or cannot be sent in a header.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let failed = |e| disk::Error::io(path, "read", e);
        let file = std::fs::File::open(path).map_err(|e| disk::Error::io(path, "open", e))?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = file.metadata().map_err(failed)?.permissions().mode();
            if mode & 0o077 != 0 {
                let what = format!(
                    "{}: others can read or change this file (mode {:03o})",
                    path.display(),
                    mode & 0o777
                );
                return Err(Failure::usage(what)
                    .hint(format!("chmod 600 {}", path.display()))
                    .into());
            }
        }
        let mut text = String::new();
        file.take(MAX_FILE)
            .read_to_string(&mut text)
            .map_err(failed)?;
        Self::read(&text, &path.display().to_string())
    }

    fn read(text: &str, name: &str) -> Result<Self> {
        let mut tokens = Vec::new();
        for (no, line) in text.lines().enumerate() {
            let token = line.trim();
            if token.is_empty() {
                continue;
            }
            let wrong = |what: &str| {
                Failure::usage(format!("{name}:{}: {what}", no + 1))
                    .hint("`openssl rand -hex 32` makes a good one")
            };
            if token.len() < MIN_TOKEN {
                return Err(wrong("a token has at least 16 characters").into());
            }
            if !token.bytes().all(|b| b.is_ascii_graphic()) {
                return Err(wrong("a token has letters, digits and signs of ASCII only").into());
            }
            tokens.push(Sha256::digest(token).into());
        }
        match tokens.is_empty() {
            true => Err(Failure::usage(format!("{name}: no token"))
                .hint("write one in a line of its own")
                .into()),
            false => Ok(Tokens(tokens)),
        }
    }

    /// Whether a header `Authorization` names one of them. It takes as long for one as for
    /// another, and tells nothing of how near a wrong one is.
    pub(super) fn admits(&self, header: Option<&[u8]>) -> bool {
        let given = header.and_then(|header| {
            let (scheme, token) = header.split_at_checked(7)?;
            scheme.eq_ignore_ascii_case(b"bearer ").then_some(token)
        });
        let Some(given) = given else {
            return false;
        };
        let given = Sha256::digest(given.trim_ascii());
        let differs = |token: &[u8; 32]| {
            let bits = token
                .iter()
                .zip(&given)
                .fold(0, |all, (a, b)| all | (a ^ b));
            black_box(bits) != 0
        };
        // All of them are looked at, whichever it is.
        let n_alike = self.0.iter().filter(|token| !differs(token)).count();
        n_alike > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "0123456789abcdef";
    const OTHER: &str = "fedcba9876543210";

    #[test]
    fn each_token_of_the_file_opens_and_nothing_else() {
        let tokens = Tokens::read(&format!("{ONE}\n\n  {OTHER}  \n"), "t").unwrap();
        for (header, opens) in [
            (format!("Bearer {ONE}"), true),
            (format!("bearer  {OTHER} "), true),
            (format!("Bearer {ONE}0"), false),
            (format!("Bearer {}", &ONE[1..]), false),
            (format!("Basic {ONE}"), false),
            (ONE.into(), false),
            ("Bearer ".into(), false),
            ("Bear".into(), false),
        ] {
            assert_eq!(tokens.admits(Some(header.as_bytes())), opens, "{header}");
        }
        assert!(!tokens.admits(None));
    }

    #[test]
    fn a_weak_token_is_refused_with_its_line() {
        for (text, said) in [
            (format!("{ONE}\nshort"), "t:2: a token has at least"),
            (format!("{ONE}ä"), "t:1: a token has letters"),
            (String::from("\n \n"), "t: no token"),
        ] {
            let error = Tokens::read(&text, "t").err().unwrap().to_string();
            assert!(error.starts_with(said), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        disk::replace_bytes(&path, ONE.as_bytes()).unwrap();
        for (mode, opens) in [(0o600, true), (0o640, false), (0o604, false), (0o400, true)] {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&path, permissions).unwrap();
            assert_eq!(Tokens::open(&path).is_ok(), opens, "{mode:o}");
        }
    }
}
