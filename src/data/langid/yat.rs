//! Ekavian to ijekavian: Serbian text as a Bosnian would spell it.
//!
//! Where Serbian writes `e` for the old vowel yat (`vreme`, `mesto`), Bosnian and Croatian write
//! `ije` or `je`. Which words have it is read off the word lists: a word of the Serbian list that
//! becomes a word of the Bosnian list when an `e` is replaced, and is itself not one.

use std::collections::HashMap;

use super::train::{Shelf, Shelves, Sources};

/// A word must be this many times as frequent in its own list as in the other.
const TIMES: usize = 4;
/// The language whose text is rewritten, and the one that gets it.
const FROM: &str = "srp_Latn";
const TO: &str = "bos_Latn";
/// The sources that hold lists of words.
const LISTS: &str = "words";

/// The sources that are rewritten, by the start of their names.
const REWRITTEN: &str = "gnome-user-docs";

/// Gives Bosnian the manuals that only Serbian and Croatian have, rewritten.
pub(super) fn fill(group: &mut Shelves) {
    let (Some(from), Some(to)) = (group.get(FROM), group.get(TO)) else {
        return;
    };
    let (ekavian, ijekavian) = (counts(from), counts(to));
    let count = |of: &HashMap<String, usize>, word: &str| of.get(word).copied().unwrap_or(0);
    let mut known: HashMap<String, String> = HashMap::new();
    for (word, &n) in &ekavian {
        let (n_ijekavian, spelt) = spellings(word)
            .map(|spelt| (count(&ijekavian, &spelt), spelt))
            .max()
            .unwrap_or_default();
        let is_ekavian = n > TIMES * count(&ekavian, &spelt);
        if is_ekavian && n_ijekavian > TIMES * count(&ijekavian, word) {
            known.insert(word.clone(), spelt);
        }
    }
    let rewrite = |sources: &Sources| -> Sources {
        let lacking = sources
            .iter()
            .filter(|(name, _)| name.starts_with(REWRITTEN));
        let spelt = |(name, texts): (&String, &Vec<String>)| {
            let texts = texts.iter().map(|text| respell(text, &known)).collect();
            (name.clone(), texts)
        };
        lacking.map(spelt).collect()
    };
    let (sources, held_out) = (rewrite(&from.sources), rewrite(&from.held_out));
    if let Some(to) = group.get_mut(TO) {
        to.sources.extend(sources);
        to.held_out.extend(held_out);
    }
}

/// How often each word occurs in the lists of words.
fn counts(shelf: &Shelf) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    let lists = shelf
        .sources
        .iter()
        .filter(|(name, _)| name.starts_with(LISTS));
    for word in lists
        .flat_map(|(_, texts)| texts)
        .flat_map(|text| text.split(' '))
    {
        *counts.entry(word.to_lowercase()).or_default() += 1;
    }
    counts
}

/// The word with one `e`, or each of two, replaced by `ije` or `je`.
fn spellings(word: &str) -> impl Iterator<Item = String> {
    let places = word.match_indices('e').map(|(at, _)| at);
    places.flat_map(move |at| ["ije", "je"].map(|yat| [&word[..at], yat, &word[at + 1..]].concat()))
}

/// The text with every known word respelt; a capital in front is kept.
fn respell(text: &str, known: &HashMap<String, String>) -> String {
    let mut spelt = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while !rest.is_empty() {
        let is_letter = rest.starts_with(char::is_alphabetic);
        let len = rest
            .find(|c: char| c.is_alphabetic() != is_letter)
            .unwrap_or(rest.len());
        let (part, tail) = rest.split_at(len);
        match known.get(&part.to_lowercase()) {
            Some(word) if part.starts_with(char::is_uppercase) => {
                let mut letters = word.chars();
                spelt.extend(letters.next().into_iter().flat_map(char::to_uppercase));
                spelt.push_str(letters.as_str());
            }
            Some(word) => spelt.push_str(word),
            None => spelt.push_str(part),
        }
        rest = tail;
    }
    spelt
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shelf(sources: &[(&str, &str)]) -> Shelf {
        let mut shelf = Shelf::default();
        for (name, text) in sources {
            shelf
                .sources
                .insert(name.to_string(), vec![text.to_string()]);
        }
        shelf
    }

    #[test]
    fn serbian_manuals_are_respelt_by_the_word_lists() {
        let manual = "Vreme i mesto: Reka (reke), sedmica i vremena.";
        let serbian = [
            (LISTS, "vreme vremena mesto reka reke sedmica i"),
            (REWRITTEN, manual),
            ("treebank", manual),
        ];
        let bosnian = "vrijeme vremena mjesto rijeka rijeke sedmica i";
        let mut group = Shelves::new();
        group.insert(FROM.into(), shelf(&serbian));
        group.insert(TO.into(), shelf(&[(LISTS, bosnian)]));
        // A word has to be seen several times to be believed.
        for shelf in group.values_mut() {
            let words = shelf.sources.get_mut(LISTS).unwrap();
            words[0] = [words[0].as_str(); 5].join(" ");
        }
        fill(&mut group);
        let sources = &group[TO].sources;
        let expected = "Vrijeme i mjesto: Rijeka (rijeke), sedmica i vremena.";
        assert_eq!(sources[REWRITTEN], [expected]);
        assert!(!sources.contains_key("treebank"));
    }

    #[test]
    fn a_group_without_both_languages_is_left_alone() {
        let mut group = Shelves::new();
        group.insert(FROM.into(), shelf(&[(REWRITTEN, "vreme")]));
        fill(&mut group);
        assert_eq!(group.len(), 1);
    }
}
