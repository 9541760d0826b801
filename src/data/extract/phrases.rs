//! Phrases with which pages point to other pages, in many languages.

/// Beginnings of lines, lower case.
const POINTERS: &[&str] = &[
    "read more", "read also", "also read", "read:", "see also", "more:", "related:", "related ", "more on",
    "watch:", "listen:", "continue reading", "recommended", "don't miss", "sign up", "subscribe",
    "click here", "follow us", "share this", "advertisement", "most read",
    "lesen sie", "lies auch", "auch interessant", "mehr zum thema", "mehr dazu", "mehr lesen", "weiterlesen",
    "siehe auch", "das könnte sie", "das könnte dich", "zum thema", "lesetipp", "anzeige", "empfohlener",
    "jetzt lesen", "passend dazu", "hier geht es", "weitere artikel", "weitere informationen", "zum weiterlesen",
    "lire aussi", "à lire", "lire la suite", "voir aussi", "sur le même", "a lire", "en savoir plus", "publicité",
    "lee también", "lea también", "leer más", "te puede interesar", "le puede interesar", "le recomendamos",
    "ver también", "vea también", "más información", "mira también", "puedes leer", "lea además", "lee además",
    "leia também", "leia mais", "veja também", "saiba mais", "ler também", "pode gostar",
    "leggi anche", "leggi tutto", "ti potrebbe", "potrebbe interessarti", "approfondisci", "per approfondire",
    "llegiu també", "llegeix també", "et pot interessar", "le tamén", "irakurri",
    "lees ook", "lees meer", "zie ook", "meer lezen", "bekijk ook",
    "läs också", "läs även", "läs mer", "les også", "les mer", "læs også", "læs mere", "se også", "se även",
    "lesa meira", "lesið einnig", "lue myös", "lue lisää", "katso myös",
    "loe ka", "loe veel", "loe lisaks", "lasi arī", "lasiet arī", "lasi vairāk", "skaitykite", "taip pat skaitykite",
    "czytaj też", "czytaj także", "czytaj również", "czytaj więcej", "zobacz też", "zobacz także", "zobacz również", "przeczytaj",
    "čtěte také", "přečtěte si", "čtěte více", "mohlo by vás", "viz také", "prečítajte si", "čítajte aj", "čítajte viac", "mohlo by",
    "preberite", "beri tudi", "več o tem", "pročitajte", "pročitaj", "procitajte", "opširnije", "možda vas",
    "прочитајте", "прочитај", "прочетете", "вижте също", "повече по темата", "читайте також", "читайте также", "читать также", "дивіться також", "повеќе",
    "διαβάστε", "δείτε", "citește și", "citeşte şi", "citiți și", "vezi și", "citește mai mult",
    "olvassa el", "olvasd el", "kapcsolódó", "lásd még", "ajánlott", "lexo edhe", "lexo më", "aqra wkoll", "darllen mwy", "darllenwch",
    "léigh freisin", "ilgili haber", "ayrıca bak", "devamını oku", "წაიკითხეთ", "აგრეთვე",
];

/// Longest line that is looked at, in bytes.
const MAX_LINE: usize = 240;

/// The line points to another page; `link_share` of its text is in links.
pub(super) fn is_pointer(text: &str, link_share: f64) -> bool {
    if text.len() > MAX_LINE {
        return false;
    }
    let begin: String = text
        .trim_start_matches(|c: char| !c.is_alphanumeric())
        .chars()
        .take(32)
        .flat_map(char::to_lowercase)
        .collect();
    let points = POINTERS.iter().any(|p| begin.starts_with(p));
    points && (link_share > 0.25 || text.trim_end().ends_with(':') || text.len() < 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_known_in_many_languages_and_sentences_are_not_pointers() {
        for text in ["Lesen Sie auch: Der Tee", "» Lire aussi :", "Διαβάστε επίσης:", "LEIA TAMBÉM"] {
            assert!(is_pointer(text, 0.5), "{text}");
        }
        let text = "Lesen Sie diesen Satz bis zum Ende, denn er ist lang genug, ein Satz zu sein.";
        assert!(!is_pointer(text, 0.0));
    }
}
