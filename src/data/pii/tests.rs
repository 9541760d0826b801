use std::collections::BTreeMap;
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::lang::Lang;

/// A file of the test data, or none, said in a line.
#[allow(clippy::disallowed_methods, clippy::print_stderr)]
fn data(path: &str) -> Option<String> {
    let Some(root) = std::env::var_os("EU_TEST_DATA") else {
        eprintln!("skipped: EU_TEST_DATA is not set");
        return None;
    };
    std::fs::read_to_string(PathBuf::from(root).join(path)).ok()
}

fn find(text: &str, lang: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    Finder::new(&Options::default()).find(text, Lang::find(lang), &mut spans);
    spans
}

fn kinds(text: &str, lang: &str) -> Vec<(Kind, String)> {
    let value = |span: &Span| text[span.start..span.end].to_string();
    find(text, lang)
        .iter()
        .map(|span| (span.kind, value(span)))
        .collect()
}

fn key(bytes: &[u8]) -> Mode {
    Mode::Pseudonymise(Key::new(bytes).unwrap())
}

#[test]
fn injected_data_is_found_in_every_language_and_little_else() {
    let Some(lines) = data("data/pii/injected.jsonl") else {
        return;
    };
    let mut table: BTreeMap<String, [f64; 4]> = BTreeMap::new(); // found, there, false, said
    for line in lines.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let (text, lang) = (row["text"].as_str().unwrap(), row["lang"].as_str().unwrap());
        let spans = find(text, lang);
        let place = |gold: &serde_json::Value, end: &str| gold[end].as_u64().unwrap() as usize;
        let gold = row["spans"].as_array().unwrap();
        let counts = table.entry(lang.to_string()).or_default();
        for gold in gold.iter().filter(|gold| gold["type"] != "PERSON") {
            let (start, end) = (place(gold, "byte_start"), place(gold, "byte_end"));
            let shared = |s: &Span| s.end.min(end).saturating_sub(s.start.max(start));
            let found = spans.iter().any(|s| shared(s) * 10 >= (end - start) * 8);
            counts[0] += f64::from(u8::from(found));
            counts[1] += 1.0;
        }
        for span in &spans {
            let meets = |gold: &serde_json::Value| {
                span.start < place(gold, "byte_end") && place(gold, "byte_start") < span.end
            };
            counts[2] += f64::from(u8::from(!gold.iter().any(meets)));
            counts[3] += 1.0;
        }
    }
    assert_eq!(table.len(), 37);
    for (lang, [found, there, wrong, said]) in table {
        assert!(found >= 0.95 * there, "{lang}: {found} of {there} found");
        assert!(wrong <= 0.05 * said, "{lang}: {wrong} of {said} are none");
    }
}

#[test]
fn what_needs_no_word_is_found_in_every_language() {
    for lang in Lang::all() {
        let name = &lang.endonym;
        let text = format!(
            "{name} anna@example.org, {name} 8.8.4.114; {name} AT61 1904 3002 3457 3201, {name} \
             4111 1111 1111 1111. {name}: +49 30 901820 {name}"
        );
        let found: Vec<Kind> = kinds(&text, &lang.code).into_iter().map(|f| f.0).collect();
        let all = [Kind::Email, Kind::Ip, Kind::Iban, Kind::Card, Kind::Phone];
        assert_eq!(found, all, "{text}");
    }
}

#[test]
fn a_word_makes_a_number_a_telephone_a_plate_or_a_place() {
    for (lang, text, kind, value) in [
        (
            "hu",
            "Telefonszám: 06 20 127 5609.",
            Kind::Phone,
            "06 20 127 5609",
        ),
        ("lt", "tel. (0-612) 73114)", Kind::Phone, "(0-612) 73114"),
        ("de", "Kennzeichen B-AB 1234.", Kind::Plate, "B-AB 1234"),
        ("fi", "rekisterinumero ABC-123,", Kind::Plate, "ABC-123"),
        (
            "fr",
            "coordonnées 48.85661, 2.35222.",
            Kind::Coordinates,
            "48.85661, 2.35222",
        ),
        (
            "en",
            "at 51°30'26\"N 0°07'39\"W.",
            Kind::Coordinates,
            "51°30'26\"N 0°07'39\"W",
        ),
        (
            "pt",
            "contribuinte n.º 123456789",
            Kind::NationalId,
            "123456789",
        ),
        ("nl", "btw NL004495445B01.", Kind::TaxId, "NL004495445B01"),
    ] {
        let found = kinds(text, lang);
        let kind = if kind == Kind::NationalId {
            Kind::TaxId
        } else {
            kind
        };
        assert_eq!(found, [(kind, value.to_string())], "{lang}: {text}");
    }
}

#[test]
fn numbers_of_other_things_are_left() {
    for (lang, text) in [
        ("da", "født 28.12.1992 (1939-1945)"),
        ("es", "475 631 758 habitantes"),
        (
            "en",
            "ISBN 978-1-951017-64-4, v7.10.16-8, 9a1f7aa536eafa2880e6b5d0a9d936500c6bdf0d",
        ),
        (
            "en",
            "https://example.org/p/4111111111111111 from -2147483648",
        ),
        ("nl", "NL40DZBG3962172322 4853753763167439"),
        ("el", "(EL) 2012/742, 01:13-12:27, -19.71085, 101.57353"),
        (
            "en",
            "127.0.0.1 192.168.0.1 255.255.255.0 2001:db8::1 f(1234567.89)",
        ),
        ("sv", "section 1.2.3.4 and 12.4.1.3"),
    ] {
        assert_eq!(kinds(text, lang), [], "{text}");
    }
}

#[test]
fn only_what_is_asked_for_is_found() {
    let options = Options {
        kinds: vec![Kind::Ip],
        private_ips: true,
        ..Options::default()
    };
    let mut spans = Vec::new();
    let text = "a@example.org 10.0.0.138 +49 30 901820";
    Finder::new(&options).find(text, None, &mut spans);
    assert_eq!(spans.iter().map(|s| s.kind).collect::<Vec<_>>(), [Kind::Ip]);
}

#[test]
fn positions_are_in_characters_as_hplt_counts() {
    let text = "Ää ☎ +49 30 901820, ела@пример.бг";
    let spans = find(text, "de");
    let chars: Vec<char> = text.chars().collect();
    for (span, [start, end]) in spans.iter().zip(unicode_offsets(text, &spans)) {
        let value: String = chars[start..end].iter().collect();
        assert_eq!(value, text[span.start..span.end]);
    }
    assert_eq!(spans.len(), 2);
}

#[test]
fn masks_name_the_kind() {
    let text = "Mail an@example.org oder +49 30 901820!";
    let (masked, spans) = redact(text, &find(text, "de"), &Mode::Mask);
    assert_eq!(masked, "Mail <EMAIL> oder <PHONE>!");
    assert_eq!(&masked[spans[1].start..spans[1].end], "<PHONE>");
    assert_eq!(redact(text, &find(text, "de"), &Mode::Annotate).0, text);
}

#[test]
fn pseudonyms_keep_kind_and_shape_and_tell_nothing() {
    let values = [
        (Kind::Email, "anna.berg@firma.de"),
        (Kind::Phone, "+49 30 1234567"),
        (Kind::Phone, "+358 13 1221955"),
        (Kind::Ip, "22.181.117.210"),
        (Kind::Ip, "ec0e:8930:9e53:791:fbca:a22f:f98a:6244"),
        (Kind::Iban, "AT61 1904 3002 3457 3201"),
        (Kind::Card, "4111-1111-1111-1111"),
        (Kind::NationalId, "231262-337C"),
        (Kind::Secret, "ghp_a8Xk29dLw0Qz7VbN3mRt5yUi1oPs4fGh6jKe"),
    ];
    let text: String = values
        .iter()
        .map(|(_, value)| format!("{value} | "))
        .collect();
    let spans = find(&text, "fi");
    let found: Vec<Kind> = spans.iter().map(|span| span.kind).collect();
    assert_eq!(found, values.map(|value| value.0));
    let (one, moved) = redact(&text, &spans, &key(b"one"));
    assert_eq!(redact(&text, &spans, &key(b"one")).0, one);
    assert_ne!(redact(&text, &spans, &key(b"two")).0, one);
    let drawn: Vec<&str> = moved
        .iter()
        .map(|span| &one[span.start..span.end])
        .collect();
    for ((kind, value), drawn) in values.iter().zip(&drawn) {
        assert_ne!(value, drawn);
        let shape = |text: &str| -> String {
            text.chars()
                .map(|c| if c.is_alphanumeric() { 'x' } else { c })
                .collect()
        };
        if !matches!(kind, Kind::Email | Kind::Ip | Kind::Secret) {
            assert_eq!(shape(value), shape(drawn));
        }
    }
    assert!(drawn[0].ends_with(".example.org") && drawn[1].starts_with("+49 30 23125"));
    assert!(drawn[2].starts_with("+358 ") && drawn[4].starts_with("2001:db8:"));
    let net = ["192.0.2.", "198.51.100.", "203.0.113."];
    assert!(net.iter().any(|net| drawn[3].starts_with(net)));
    assert!(drawn[5].starts_with("AT") && ids::validate("at", "iban", drawn[5]) == Some(true));
    assert!(drawn[5].contains(" 0000 "), "{}", drawn[5]);
    let card: Vec<u8> = drawn[6].bytes().filter(u8::is_ascii_digit).collect();
    assert!(drawn[6].starts_with("0000-00") && ids::luhn(&card) && !ids::card(&card));
    assert_eq!(ids::validate("fi", "hetu", drawn[7]), Some(false));
    assert!(drawn[8].starts_with("EXAMPLE"));
}

#[test]
fn one_value_in_two_spellings_has_one_pseudonym() {
    let text = "Ruf +49 30 1234567 oder +49 (30) 123-4567, A@firma.de, a@firma.de, b@firma.de";
    let spans = find(text, "de");
    let (out, moved) = redact(text, &spans, &key(b"k"));
    let drawn: Vec<String> = moved
        .iter()
        .map(|span| out[span.start..span.end].to_string())
        .collect();
    let digits = |text: &str| {
        text.chars()
            .filter(char::is_ascii_digit)
            .collect::<String>()
    };
    assert_eq!(digits(&drawn[0]), digits(&drawn[1]));
    assert_eq!(drawn[2], drawn[3]);
    assert_ne!(drawn[3], drawn[4]);
    let domain = |text: &str| text.split('@').nth(1).map(str::to_string);
    assert_eq!(domain(&drawn[3]), domain(&drawn[4]));
}

#[test]
fn hostile_text_comes_to_an_end() {
    let blocks = [
        "1",
        "@",
        "1 ",
        "1.",
        "a@b.",
        "a:1",
        "+49 ",
        "(at)a",
        "_1",
        "-----BEGIN PRIVATE KEY-----",
        "AT61 1904 3002 3457 3201 ",
        "1°",
        "é1",
        "1\0",
        "(1)",
        "\u{202f}1",
    ];
    for block in blocks {
        let text = block.repeat(200_000 / block.len());
        let spans = find(&text, "fr");
        let (masked, _) = redact(&text, &spans, &Mode::Mask);
        assert!(masked.len() <= 2 * text.len());
    }
}

proptest! {
    #[test]
    fn spans_lie_in_order_within_any_text(
        text in any::<String>(),
        shaped in "[-+0-9a-fA-F@.:/() №é°'=_]{0,120}",
        lang in 0usize..39,
    ) {
        let lang = &Lang::all()[lang];
        for text in [text, shaped] {
            let spans = find(&text, &lang.code);
            let mut end = 0;
            for span in &spans {
                prop_assert!(end <= span.start && span.start < span.end);
                prop_assert!(text.get(span.start..span.end).is_some());
                end = span.end;
            }
            for mode in [Mode::Annotate, Mode::Mask, key(b"k")] {
                let (out, moved) = redact(&text, &spans, &mode);
                prop_assert_eq!(moved.len(), spans.len());
                prop_assert!(moved.iter().all(|s| out.get(s.start..s.end).is_some()));
            }
        }
    }
}
