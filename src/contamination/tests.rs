//! Sets -> index -> hits, by hand, by plants and by damage.

use super::*;

const TEXT: &str = "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit \
    Vernunft und Gewissen begabt und sollen einander im Geist der Brüderlichkeit begegnen.";

fn build(items: &[(&str, &str, &[&str])]) -> Index {
    let mut builder = Builder::new(Settings::default());
    for (benchmark, id, parts) in items {
        builder.add(Item {
            benchmark,
            id,
            parts,
        });
    }
    builder.build()
}

#[test]
fn a_copied_item_is_found_with_its_place() {
    let index = build(&[
        ("x", "1", &[TEXT, "Ja"]),
        (
            "y",
            "2",
            &["noch ein ganz anderer Text mit mehr als acht Wörtern"],
        ),
    ]);
    let document = format!(
        "Vorspann, kurz. {} Nachspann.",
        TEXT.to_uppercase().replace(' ', " - ")
    );
    let hits = index.check(&document, &mut Scratch::default());
    let found: Vec<_> = hits
        .iter()
        .map(|h| (h.benchmark, h.id, h.n, h.n_matched, h.share))
        .collect();
    assert_eq!(found, [("x", "1", 8, 19, 1.0), ("x", "1", 13, 14, 1.0)]);
    for hit in &hits {
        let span = &document[hit.span.clone()];
        assert!(
            span.starts_with("ALLE") && span.ends_with("BEGEGNEN"),
            "{span}"
        );
        assert!(index.contaminates(hit, &Rule::default()));
    }
    assert!(
        index
            .check("Nichts davon.", &mut Scratch::default())
            .is_empty()
    );
    assert!(index.check("", &mut Scratch::default()).is_empty());
}

#[test]
fn short_items_are_matched_as_a_whole_or_counted() {
    let index = build(&[
        ("x", "four", &["a b c d"]),
        ("x", "five", &["ab c d", "The cat sat down twice"]),
        (
            "x",
            "eight",
            &[
                "one two three four five six seven eight",
                "a small part of it",
            ],
        ),
    ]);
    let set = &index.benchmarks()[0];
    assert_eq!((set.n_items, set.n_short), (3, 1));
    let ids = |text: &str| {
        let hits = index.check(text, &mut Scratch::default());
        hits.iter()
            .map(|h| (h.id.to_string(), h.whole))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        ids("so the cat sat down twice more"),
        [("five".to_string(), true)]
    );
    assert_eq!(ids("the cat sat down once"), []);
    assert_eq!(ids("ab c d; a b c d; a small part of it"), []);
}

#[test]
fn what_a_whole_set_shares_is_no_evidence() {
    let ask = "Choose the right answer to the question below";
    let mut builder = Builder::new(Settings::default());
    for i in 0..200u32 {
        let name: String = i.to_string().bytes().map(|b| char::from(b + 49)).collect();
        let text = format!("{ask} {name}");
        builder.add(Item {
            benchmark: "many",
            id: &i.to_string(),
            parts: &[&text],
        });
    }
    builder.add(Item {
        benchmark: "one",
        id: "0",
        parts: &[ask],
    });
    let index = builder.build();
    let hits = index.check(ask, &mut Scratch::default());
    assert_eq!(
        hits.iter().map(|h| h.benchmark).collect::<Vec<_>>(),
        ["one"]
    );
    assert_eq!(index.benchmarks()[0].n_common, 1);
    let hits = index.check(&format!("{ask} bb"), &mut Scratch::default());
    assert_eq!(hits.iter().filter(|h| h.benchmark == "many").count(), 1);
}

#[test]
fn runs_of_numbers_say_nothing() {
    let numbers = "2, 10.0, 10.9, 12.0, 13.3, 15.0, 16.0, 17.1, 18.5";
    let index = build(&[
        ("x", "1", &[numbers]),
        ("x", "2", &["between 1 and 9 there are 3 primes of 4 kinds"]),
    ]);
    assert!(index.check(numbers, &mut Scratch::default()).is_empty());
    let hits = index.check(
        "Between 2 and 8 there are 5 primes of 6 kinds.",
        &mut Scratch::default(),
    );
    assert_eq!(hits.first().map(|h| h.id), Some("2"));
    assert_eq!(index.benchmarks()[0].n_short, 1);
}

#[test]
fn the_order_of_items_makes_no_difference() {
    let items: [(&str, &str, &[&str]); 3] = [
        ("b", "2", &[TEXT, "a b c d e f"]),
        (
            "a",
            "1",
            &["Jeder hat das Recht auf Leben, Freiheit und Sicherheit der Person."],
        ),
        ("b", "1", &["a b c d e f", TEXT]),
    ];
    let mut turned = items;
    turned.reverse();
    assert_eq!(build(&items).to_bytes(), build(&turned).to_bytes());
}

#[test]
fn the_report_names_sets_and_items() {
    let other = "Jeder hat das Recht auf Leben, Freiheit und Sicherheit der Person.";
    let index = build(&[
        ("a", "1", &[TEXT]),
        ("a", "2", &["x y"]),
        ("b", "1", &[TEXT, other]),
    ]);
    let rule = Rule::default();
    let mut tallies = [Tally::default(), Tally::default()];
    for (i, text) in [
        TEXT,
        other,
        "nichts",
        "Alle Menschen sind frei und gleich an Würde",
    ]
    .iter()
    .enumerate()
    {
        let hits = index.check(text, &mut Scratch::default());
        let met = index.met(&hits, &rule);
        assert_eq!(met.is_empty(), i >= 2, "{text}");
        assert_eq!(index.is_met(text, &mut Scratch::default()), i < 2, "{text}");
        let lang = ["deu_Latn", "ltz_Latn"][i % 2];
        // A tally goes through a file between the part that counted and the sum.
        tallies[i % 2].count(&index, &met, lang);
        let json = serde_json::to_string(&tallies[i % 2]).unwrap();
        tallies[i % 2] = serde_json::from_str(&json).unwrap();
    }
    let [mut sum, second] = tallies;
    sum.add(&second);
    let report = sum.report(&index);
    assert_eq!((report.n_docs, report.n_docs_hit), (4, 2));
    let rows: Vec<_> = report
        .benchmarks
        .iter()
        .map(|b| &b.counts)
        .map(|b| (b.n_items, b.n_short, b.n_items_hit, b.n_docs_hit))
        .collect();
    assert_eq!(rows, [(2, 1, 1, 1), (1, 0, 1, 2)]);
    let b = &report.benchmarks[1];
    assert_eq!((b.items[0].id.as_str(), b.items[0].n_docs), ("1", 2));
    assert_eq!(b.items[0].share, 1.0);
    let langs = [("deu_Latn".to_string(), 1), ("ltz_Latn".to_string(), 1)];
    assert_eq!(b.counts.langs, langs.into());
    let n_hashes: u64 = report.benchmarks.iter().map(|b| b.counts.n_hashes).sum();
    assert_eq!(n_hashes, index.n_hashes() as u64);
    let read: Report = serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
    assert_eq!(read, report);
}

#[test]
fn the_index_of_items_given_away_finds_these_as_the_whole_does_and_no_others() {
    let other = "Jeder hat das Recht auf Leben, Freiheit und Sicherheit der Person.";
    let third = "Niemand darf in Sklaverei oder Leibeigenschaft gehalten werden, in keiner Form.";
    let index = build(&[
        ("a", "1", &[third]),
        ("b", "1", &[other]),
        ("b", "2", &[TEXT, other]),
        ("c", "1", &["Sag das nicht noch einmal"]),
    ]);
    let mut tally = Tally::default();
    let text = format!("{TEXT} Sag das nicht noch einmal!");
    let hits = index.check(&text, &mut Scratch::default());
    tally.count(&index, &index.met(&hits, &Rule::default()), "deu_Latn");
    let part = tally.given_away(&index);
    let part = Index::from_bytes(&part.to_bytes()).unwrap();
    assert_eq!(part.n_items(), 2);
    let told = |index: &Index, text: &str| {
        let hits = index.check(text, &mut Scratch::default()).into_iter();
        hits.map(|h| {
            (
                h.benchmark.to_string(),
                h.id.to_string(),
                h.n,
                h.n_matched,
                h.share,
            )
        })
        .collect::<Vec<_>>()
    };
    assert_eq!(told(&part, &text), told(&index, &text));
    assert_eq!(told(&part, third), []);
    assert!(told(&part, other).iter().all(|hit| hit.1 == "2"));
    assert_eq!(told(&index, other).len(), 2 * told(&part, other).len());
    let none = Tally::default().given_away(&index);
    assert!(
        !Index::from_bytes(&none.to_bytes())
            .unwrap()
            .is_met(TEXT, &mut Scratch::default())
    );
}

#[test]
fn an_index_is_read_as_it_was_written_and_refused_when_damaged() {
    let index = build(&[("a", "1", &[TEXT]), ("b", "ü", &["a b c d e f"])]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.idx");
    index.save(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let read = Index::open(&path).unwrap();
    assert_eq!(read.to_bytes(), bytes);
    let mut scratch = Scratch::default();
    assert_eq!(
        read.check(TEXT, &mut scratch),
        index.check(TEXT, &mut Scratch::default())
    );
    for cut in 0..bytes.len() {
        assert!(Index::from_bytes(&bytes[..cut]).is_err(), "{cut}");
    }
    for at in 0..bytes.len() {
        let mut bent = bytes.clone();
        bent[at] ^= 0x10;
        assert!(Index::from_bytes(&bent).is_err(), "{at}");
        // With a sum that fits, whatever is read must not panic, nor when it is asked.
        let body = bent.len() - 8;
        let sum = xxhash_rust::xxh3::xxh3_64(&bent[..body]);
        bent[body..].copy_from_slice(&sum.to_le_bytes());
        if let Ok(index) = Index::from_bytes(&bent) {
            let hits = index.check(TEXT, &mut scratch);
            let mut tally = Tally::default();
            tally.count(&index, &index.met(&hits, &Rule::default()), "und");
            let _ = tally.report(&index);
            let _ = tally.given_away(&index);
        }
    }
    let error = Index::open(&folder.path().join("y")).unwrap_err();
    assert!(error.to_string().contains('y'));
}

proptest::proptest! {
    #[test]
    fn every_run_of_an_item_is_found_and_no_other(
        item in proptest::collection::vec(0u8..40, 8..30),
        text in proptest::collection::vec(0u8..40, 0..40),
        from in 0usize..20,
    ) {
        let words = |list: &[u8]| list.iter()
            .map(|w| char::from(b'a' + w % 26).to_string().repeat(1 + usize::from(w / 26)))
            .collect::<Vec<_>>();
        let item = words(&item);
        let from = from.min(item.len() - 8);
        let mut text = words(&text);
        text.splice(text.len() / 2..text.len() / 2, item[from..from + 8].iter().cloned());
        let index = build(&[("x", "1", &[&item.join(" ")])]);
        let mut expected: Vec<&[String]> = item.windows(8).filter(|run| text.windows(8).any(|r| r == *run)).collect();
        expected.sort();
        expected.dedup();
        let text = text.join(" ");
        let hits = index.check(&text, &mut Scratch::default());
        let found = hits.iter().find(|h| h.n == 8).map(|h| h.n_matched as usize);
        proptest::prop_assert_eq!(found, Some(expected.len()));
    }

    #[test]
    fn any_text_can_be_asked(text in "\\PC{0,200}") {
        let index = build(&[("a", "1", &[TEXT]), ("a", "2", &[&text])]);
        let hits = index.check(&text, &mut Scratch::default());
        for hit in hits {
            proptest::prop_assert!(text.get(hit.span.clone()).is_some());
            proptest::prop_assert!(hit.share > 0.0 && hit.share <= 1.0);
        }
    }
}
