//! Cues: what the class, id, role and other attributes of an element say it is for. Only words
//! of the trade in many languages are known, never the names of sites.

use xxhash_rust::xxh3::xxh3_64;

use super::vocabulary::{HIDDEN_NAMES, SHOWN_ENDS, UNPRINTED_NAMES, WORDS};

macro_rules! cues {
    ($($(#[$doc:meta])* $name:ident = $bit:expr),* $(,)?) => {
        impl Cues { $($(#[$doc])* pub(super) const $name: Cues = Cues(1 << $bit);)* }
    };
}

/// A set of cues.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Cues(pub(super) u32);

cues! {
    /// Menus, breadcrumbs, page numbers.
    NAV = 0,
    /// Head of the site.
    TOP = 1,
    /// Foot of the site, legal lines.
    FOOT = 2,
    /// Beside the text.
    SIDE = 3,
    /// What readers wrote.
    COMMENT = 4,
    /// Share buttons and other networks.
    SHARE = 5,
    /// Other pages: related, popular, teasers.
    RELATED = 6,
    /// Advertisements.
    AD = 7,
    /// Consent, cookies, pop-ups.
    CONSENT = 8,
    /// Author, date, keywords: about the text.
    ABOUT = 9,
    /// Words under a picture.
    CAPTION = 10,
    /// Newsletter, subscription, login, payment.
    SUBSCRIBE = 11,
    /// Not shown.
    HIDDEN = 12,
    /// Names a text: article, story, post.
    SUBJECT = 13,
    /// Names the inside of something: body, content, text.
    INSIDE = 14,
    /// The main part of a page.
    MAIN = 15,
    /// The body of an article, said outright.
    CONTENT = 16,
    /// Cancels what the same name says: has-sidebar, no-comments.
    CANCEL = 17,
    /// Controls: toolbars, players, forms.
    CONTROL = 18,
    /// A title.
    TITLE = 19,
    /// The lead of an article.
    LEAD = 20,
    /// Names a list of things.
    LIST = 21,
    /// Print, audio and other services about the text.
    WIDGET = 22,
    /// A picture and what stands with it.
    PICTURE = 23,
    /// Cookies and consent to them, by name.
    COOKIE = 24,
    /// Who wrote the text.
    AUTHOR = 25,
}

impl Cues {
    /// None.
    pub(super) const NONE: Cues = Cues(0);
    /// What is hardly ever part of the text.
    pub(super) const BAD: Cues = Cues(
        Cues::NAV.0
            | Cues::TOP.0
            | Cues::FOOT.0
            | Cues::SIDE.0
            | Cues::SHARE.0
            | Cues::RELATED.0
            | Cues::AD.0
            | Cues::CONSENT.0
            | Cues::COOKIE.0
            | Cues::SUBSCRIBE.0
            | Cues::CONTROL.0
            | Cues::WIDGET.0,
    );

    /// Both.
    pub(super) const fn with(self, other: Cues) -> Cues {
        Cues(self.0 | other.0)
    }

    /// Has any of `other`.
    #[inline]
    pub(super) const fn any(self, other: Cues) -> bool {
        self.0 & other.0 != 0
    }

    /// Without those of `other`.
    pub(super) const fn without(self, other: Cues) -> Cues {
        Cues(self.0 & !other.0)
    }
}

const SLOTS: usize = 4096;
const CACHE: usize = 1024;
/// Longest word in the vocabulary, in bytes.
const MAX_WORD: usize = 16;
/// Longest attribute value that is looked at, in bytes: a hostile one costs no more.
const MAX_VALUE: usize = 1024;

const fn key(word: &[u8]) -> u128 {
    let mut key = 0;
    let mut i = 0;
    while i < word.len() {
        key = key << 8 | word[i].to_ascii_lowercase() as u128;
        i += 1;
    }
    key
}

const fn slot(key: u128) -> usize {
    let folded = (key as u64) ^ ((key >> 64) as u64).wrapping_mul(0xff51_afd7_ed55_8ccd);
    (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52) as usize
}

static TABLE: [(u128, u32); SLOTS] = {
    let mut table = [(0, 0); SLOTS];
    let mut row = 0;
    while row < WORDS.len() {
        let words = WORDS[row].1.as_bytes();
        let mut from = 0;
        while from < words.len() {
            let mut to = from;
            while to < words.len() && words[to] != b' ' {
                to += 1;
            }
            let mut word = 0;
            let mut i = from;
            while i < to {
                word = word << 8 | words[i] as u128;
                i += 1;
            }
            if to > from {
                assert!(to - from <= MAX_WORD, "a word is too long");
                let mut at = slot(word);
                while table[at].0 != 0 && table[at].0 != word {
                    at = (at + 1) % SLOTS;
                }
                table[at] = (word, table[at].1 | WORDS[row].0.0);
            }
            from = to + 1;
        }
        row += 1;
    }
    table
};

/// Cues of one lower or upper case word.
fn word_cues(word: &[u8]) -> Cues {
    if word.is_empty() || word.len() > MAX_WORD {
        return Cues::NONE;
    }
    let key = key(word);
    let mut at = slot(key);
    while let Some((found, cues)) = TABLE.get(at % SLOTS) {
        if *found == key {
            return Cues(*cues);
        }
        if *found == 0 {
            break;
        }
        at += 1;
    }
    Cues::NONE
}

/// Cues of a word, or of the two words it is made of.
fn compound_cues(word: &[u8]) -> Cues {
    let whole = word_cues(word);
    if whole != Cues::NONE || word.len() < 6 || word.len() > 24 {
        return whole;
    }
    for cut in 3..=word.len() - 3 {
        let (first, second) = word.split_at(cut);
        let second = word_cues(second);
        if second != Cues::NONE {
            let first = word_cues(first);
            if first != Cues::NONE {
                return first.with(second);
            }
        }
    }
    Cues::NONE
}

/// Cues of one name: words are parted by anything that is no letter, and by a change of case.
fn name_cues(name: &[u8]) -> Cues {
    let mut cues = Cues::NONE;
    let mut from = 0;
    let letter = |b: &u8| b.is_ascii_alphabetic() || *b >= 0x80;
    while from < name.len() {
        let rest = name.get(from..).unwrap_or_default();
        let Some(first) = rest.first().filter(|b| letter(b)) else {
            from += 1;
            continue;
        };
        // Upper case goes on (`URL`), lower case goes on, and `Word` is one word.
        let mut len = 1;
        let mut last = *first;
        while let Some(b) = rest.get(len).filter(|b| letter(b)) {
            if last.is_ascii_lowercase() && b.is_ascii_uppercase() {
                break;
            }
            last = *b;
            len += 1;
        }
        cues = cues.with(compound_cues(rest.get(..len).unwrap_or_default()));
        from += len;
    }
    if cues.any(Cues::CANCEL) {
        return Cues::NONE;
    }
    if cues.any(Cues::INSIDE) {
        // Text and picture: a module that has both.
        cues = cues.without(Cues::PICTURE);
    }
    if cues.any(Cues::SUBJECT.with(Cues::MAIN))
        && cues.any(Cues::INSIDE)
        && !cues.any(
            Cues::BAD
                .with(Cues::COMMENT)
                .with(Cues::CAPTION)
                .with(Cues::ABOUT)
                .with(Cues::LIST)
                .with(Cues::TITLE),
        )
    {
        cues = cues.with(if cues.any(Cues::SUBJECT) {
            Cues::CONTENT
        } else {
            Cues::MAIN
        });
    }
    cues
}

/// Reads attribute values; the same few return all over a page and are remembered.
pub(super) struct CueReader {
    cache: Vec<(u64, Cues)>,
}

impl CueReader {
    pub(super) fn new() -> Self {
        Self {
            cache: vec![(0, Cues::NONE); CACHE],
        }
    }

    /// Cues of a list of names, as in `class`.
    pub(super) fn names(&mut self, value: &[u8]) -> Cues {
        if value.is_empty() {
            return Cues::NONE;
        }
        let value = value.get(..MAX_VALUE).unwrap_or(value);
        let hash = xxh3_64(value);
        let at = (hash % CACHE as u64) as usize;
        if let Some((seen, cues)) = self.cache.get(at)
            && *seen == hash
        {
            return *cues;
        }
        let names = || value.split(u8::is_ascii_whitespace);
        let mut cues = names().map(name_cues).fold(Cues::NONE, Cues::with);
        let hides = |name: &[u8]| HIDDEN_NAMES.iter().any(|h| name == h.as_bytes());
        let shows = |name: &[u8]| SHOWN_ENDS.iter().any(|s| name.ends_with(s.as_bytes()));
        if names().any(hides) && !names().any(shows) {
            cues = cues.with(Cues::HIDDEN);
        }
        let unprinted = |name: &[u8]| UNPRINTED_NAMES.iter().any(|h| name == h.as_bytes());
        if names().any(unprinted) {
            cues = cues.with(Cues::CONTROL);
        }
        if let Some(entry) = self.cache.get_mut(at) {
            *entry = (hash, cues);
        }
        cues
    }

    /// Cues of one attribute of an element. `hidden` is none: scripts show what it hides, and
    /// what stays hidden has other names as well.
    pub(super) fn attribute(&mut self, name: &[u8], value: &[u8]) -> Cues {
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        match name.len() {
            2 if is("id") => self.names(value),
            4 if is("role") => role(value),
            5 if is("class") => self.names(value),
            5 if is("style") => style(value),
            8 if is("itemprop") => item(value),
            10 if is("aria-modal") => Cues::CONSENT,
            11 if is("aria-hidden") && value.eq_ignore_ascii_case(b"true") => Cues::HIDDEN,
            11 if is("data-testid") => self.names(value).without(Cues::HIDDEN),
            14 if is("data-component") => self.names(value).without(Cues::HIDDEN),
            _ => Cues::NONE,
        }
    }
}

/// WAI-ARIA landmark and widget roles.
fn role(value: &[u8]) -> Cues {
    let lower = value.to_ascii_lowercase();
    match lower.as_slice() {
        b"main" => Cues::MAIN,
        b"article" => Cues::SUBJECT,
        b"navigation" | b"menu" | b"menubar" | b"tablist" | b"directory" => Cues::NAV,
        b"banner" => Cues::TOP,
        b"contentinfo" => Cues::FOOT,
        b"complementary" => Cues::SIDE,
        b"search" | b"toolbar" | b"button" | b"listbox" | b"slider" => Cues::CONTROL,
        b"dialog" | b"alertdialog" => Cues::CONSENT,
        _ => Cues::NONE,
    }
}

/// Microdata of schema.org.
fn item(value: &[u8]) -> Cues {
    let lower = value.to_ascii_lowercase();
    match lower.as_slice() {
        b"articlebody" => Cues::CONTENT,
        b"comment" => Cues::COMMENT,
        b"author" => Cues::AUTHOR,
        b"publisher" | b"datepublished" | b"datemodified" | b"keywords" => Cues::ABOUT,
        b"caption" => Cues::CAPTION,
        b"headline" => Cues::TITLE,
        _ => Cues::NONE,
    }
}

/// Whether a style attribute hides the element.
fn style(value: &[u8]) -> Cues {
    let mut squeezed = [0_u8; 256];
    let mut len = 0;
    for b in value.iter().filter(|b| !b.is_ascii_whitespace()) {
        let Some(to) = squeezed.get_mut(len) else {
            break;
        };
        *to = b.to_ascii_lowercase();
        len += 1;
    }
    let squeezed = squeezed.get(..len).unwrap_or_default();
    let has = |what: &[u8]| memchr::memmem::find(squeezed, what).is_some();
    if has(b"display:none") || has(b"visibility:hidden") {
        Cues::HIDDEN
    } else {
        Cues::NONE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_word_by_word_in_many_languages() {
        let cues = |value: &str| CueReader::new().names(value.as_bytes());
        for (names, expected) in [
            ("entry-content", Cues::CONTENT),
            ("articleBody", Cues::CONTENT),
            ("artikeltext", Cues::CONTENT),
            ("main-content", Cues::MAIN),
            ("left siteNavigation x", Cues::NAV),
            ("relatedposts", Cues::RELATED),
            ("kommentare", Cues::COMMENT),
            ("publicidad", Cues::AD),
            ("reklama", Cues::AD),
            ("x visually-hidden", Cues::HIDDEN),
            ("cookie-consent", Cues::COOKIE),
        ] {
            assert!(cues(names).any(expected), "{names}: {:x}", cues(names).0);
        }
        for (names, not) in [
            ("has-sidebar", Cues::SIDE),
            ("comment-body", Cues::CONTENT),
            ("field--label-hidden", Cues::HIDDEN),
            ("hidden md:block", Cues::HIDDEN),
            ("badge", Cues::AD),
            ("shadow", Cues::AD),
            ("header-content", Cues::CONTENT),
        ] {
            assert!(!cues(names).any(not), "{names}: {:x}", cues(names).0);
        }
    }

    #[test]
    fn styles_and_roles_are_read() {
        let mut reader = CueReader::new();
        assert_eq!(reader.attribute(b"STYLE", b"Display : none"), Cues::HIDDEN);
        assert_eq!(reader.attribute(b"style", b"display: block"), Cues::NONE);
        assert_eq!(reader.attribute(b"role", b"Main"), Cues::MAIN);
    }
}
