//! What is taken out is what a plain count says.

use super::*;
use proptest::prelude::*;

const RULE: BoilerplateRule = BoilerplateRule {
    min_words: 2,
    min_host_pages: 3,
    min_corpus_pages: 5,
};

fn gathered(pages: &[(Option<&str>, String)], n_units: usize) -> Boilerplate {
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for unit in 0..n_units {
        let mut counter = ParagraphCounter::new(folder.path(), 1000, RULE.min_words).unwrap();
        for (host, text) in pages.iter().skip(unit).step_by(n_units) {
            counter.add(text, *host).unwrap();
        }
        paths.push(folder.path().join(format!("{unit}.counts")));
        counter.write(&paths[unit]).unwrap();
    }
    let control = Control::default();
    let found = Boilerplate::gather(&paths, &RULE, folder.path(), 20_000, &control).unwrap();
    let path = folder.path().join("frequent");
    found.write(&path).unwrap();
    assert_eq!(Boilerplate::read(&path).unwrap(), found);
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_goes_is_what_a_plain_count_says(
        picks in proptest::collection::vec((0usize..4, proptest::collection::vec(0usize..9, 0..6)), 1..40),
        n_units in 1usize..4,
    ) {
        const HOSTS: [Option<&str>; 4] = [None, Some("a.eu"), Some("b.eu"), Some("c.eu")];
        let line = |i: &usize| match i {
            8 => "kurz".to_string(),
            i => format!("Zeile {}", "x".repeat(i + 1)),
        };
        let pages: Vec<(Option<&str>, String)> = picks
            .iter()
            .map(|(host, lines)| (HOSTS[*host], lines.iter().map(line).collect::<Vec<_>>().join("\n")))
            .collect();
        let found = gathered(&pages, n_units);
        let n_pages = |wanted: &str, at: Option<Option<&str>>| {
            let with = pages.iter().filter(|(host, text)| {
                at.is_none_or(|at| at == *host) && text.lines().any(|l| l == wanted)
            });
            with.count() as u64
        };
        let hash = |text: &str| xxh3_64(text.as_bytes());
        let keeps = |text: &str, wanted: &str, at: Option<Option<&str>>| {
            let mut with = pages.iter().filter(|(host, text)| {
                at.is_none_or(|at| at == *host) && text.lines().any(|l| l == wanted)
            });
            with.all(|(_, other)| hash(text) <= hash(other))
        };
        for (host, text) in &pages {
            let goes = |l: &str, at, least| n_pages(l, at) >= least && !keeps(text, l, at);
            let left: Vec<&str> = text
                .lines()
                .filter(|l| {
                    let on_host = host.is_some() && goes(l, Some(*host), RULE.min_host_pages);
                    *l == "kurz" || !(on_host || goes(l, None, RULE.min_corpus_pages))
                })
                .collect();
            let (applied, removed) = found.apply(text, *host);
            prop_assert_eq!(applied.lines().collect::<Vec<_>>(), left.clone());
            prop_assert_eq!(removed.len(), text.lines().count() - left.len());
        }
    }
}

#[test]
fn what_was_removed_is_told_by_its_bytes() {
    let page = |i: usize| {
        (
            Some("a.eu"),
            format!("Über uns alle\r\nText {}\nAlle Rechte, 2024", "x".repeat(i)),
        )
    };
    let found = gathered(&(0..4).map(page).collect::<Vec<_>>(), 2);
    let text = "über UNS alle\r\nNeues hier\nAlle Rechte, 1999";
    let (left, removed) = found.apply(text, Some("a.eu"));
    assert_eq!(left, "Neues hier");
    let spans: Vec<&str> = removed.iter().map(|r| &text[r.start..r.end]).collect();
    assert_eq!(spans, ["über UNS alle", "Alle Rechte, 1999"]);
    assert!(removed.iter().all(|r| r.on_host));
    assert_eq!(found.apply(text, None).0, text);
    assert_eq!(found.n_frequent(), (2, 0));
    let pages: Vec<_> = removed.iter().map(|r| found.n_pages(r.paragraph)).collect();
    assert_eq!((pages, found.n_pages(1)), (vec![Some(4), Some(4)], None));
    // Rows of numbers stay, however often pages have one like them.
    let row = |_| (Some("a.eu"), "12 | 30 | 7\nAnno 1999".to_string());
    let found = gathered(&(0..4).map(row).collect::<Vec<_>>(), 1);
    assert_eq!(found.n_frequent(), (0, 0));
}

#[test]
fn more_than_memory_holds_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut counter = ParagraphCounter::new(folder.path(), 1000, 1).unwrap();
    for i in 0..100 {
        counter.add(&"x".repeat(i + 1), Some("a.eu")).unwrap();
    }
    let path = folder.path().join("counts");
    counter.write(&path).unwrap();
    let rule = BoilerplateRule {
        min_host_pages: 1,
        ..RULE
    };
    let error = Boilerplate::gather(&[path], &rule, folder.path(), 320, &Control::default());
    assert!(
        error
            .unwrap_err()
            .to_string()
            .starts_with("more than 10 paragraphs")
    );
}
