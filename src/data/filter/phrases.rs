//! Phrases to look for in a text, whatever their case.

use aho_corasick::AhoCorasick;

/// Most phrases of one list.
const MAX_PHRASES: usize = 100_000;
/// Most bytes of a phrase.
const MAX_PHRASE_BYTES: usize = 1000;

/// A list of phrases, ready to be looked for; letters of ASCII match in either case.
#[derive(Debug, Clone)]
pub(super) struct Phrases {
    list: Vec<String>,
    search: Option<AhoCorasick>,
}

impl Phrases {
    /// Prepares a list; blank phrases do not count.
    ///
    /// # Errors
    /// What is wrong with the list: too many phrases, or one too long.
    pub(super) fn new<S: AsRef<str>>(phrases: &[S]) -> Result<Self, String> {
        let list: Vec<String> = phrases.iter().map(|p| p.as_ref().to_string()).collect();
        let list: Vec<String> = list.into_iter().filter(|p| !p.trim().is_empty()).collect();
        if list.len() > MAX_PHRASES {
            return Err(format!("more than {MAX_PHRASES} phrases"));
        }
        if let Some(long) = list.iter().find(|p| p.len() > MAX_PHRASE_BYTES) {
            let head: String = long.chars().take(20).collect();
            return Err(format!(
                "phrase \"{head}…\" is longer than {MAX_PHRASE_BYTES} bytes"
            ));
        }
        let mut builder = AhoCorasick::builder();
        builder.ascii_case_insensitive(true);
        let search = match list.is_empty() {
            true => None,
            false => Some(builder.build(&list).map_err(|e| e.to_string())?),
        };
        Ok(Phrases { list, search })
    }

    /// Where one of them begins and which it is, from left to right, none inside another.
    pub(super) fn places<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (usize, usize)> + 'a {
        let search = self.search.iter();
        search.flat_map(move |s| {
            s.find_iter(text)
                .map(|m| (m.start(), m.pattern().as_usize()))
        })
    }

    /// Begin and end of every one of them, inside another too.
    pub(super) fn all<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (usize, usize)> + 'a {
        let search = self.search.iter();
        search.flat_map(move |s| s.find_overlapping_iter(text).map(|m| (m.start(), m.end())))
    }
}

impl PartialEq for Phrases {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_found_in_either_case_and_bad_lists_are_refused() {
        let phrases = Phrases::new(&["use cookies", " ", "éa"]).unwrap();
        let places = |text| phrases.places(text).collect::<Vec<_>>();
        assert_eq!(places("We Use Cookies"), [(3, 0)]);
        assert_eq!(places("éA use cookies éa"), [(0, 1), (4, 0), (16, 1)]);
        assert_eq!(places("cookies"), []);
        assert_eq!(Phrases::new::<&str>(&[]).unwrap().places("x").count(), 0);
        assert!(Phrases::new(&["x".repeat(1001)]).is_err());
        let both = Phrases::new(&["ab", "b"]).unwrap();
        assert_eq!(both.all("ab").collect::<Vec<_>>(), [(0, 2), (1, 2)]);
    }
}
