//! Whole pages, hostile pages, and the gold pages of the shared data where they are.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::{Options, page};

fn text(html: &str) -> String {
    page(html, &Options::default()).text
}

const PAGE: &str = r##"<!DOCTYPE html><html lang="cs"><head><title>Čaj | Noviny</title>
<style>p { color: red }</style></head><body class="has-sidebar">
<header><a href="/">Noviny</a><nav><ul><li><a href="/a">Domov</a><li><a href="/b">Svět</a></ul></nav></header>
<div class="cookie-banner"><p>Tato stránka používá soubory cookie, aby se vám lépe četla a nám lépe vydělávala.</p></div>
<main><article><h1>Čaj</h1><p class="perex">Čaj se pije po celém světě a&nbsp;už velmi dlouho, říká se.</p>
<div class="article-body"><p>První od&shy;stavec má <b>dvě</b> věty. Druhá věta je <a href="/x">s odkazem</a> a delší.</p>
<h2>Jak se vaří</h2><ol><li>Voda se ohřeje, ale nenechá se vařit příliš dlouho.<li>Čaj se zalije.</ol>
<pre>def caj():
    return "čaj"</pre>
<table><tr><th>Druh<th>Minut</tr><tr><td>zelený<td>3</tr></table>
<p>Třetí odstavec je poslední a říká, že čaj je hotový a že se má pít horký.</p>
<figure><img src="x.png"><figcaption>Obrázek šálku s čajem na stole, foto archiv redakce.</figcaption></figure>
<p>Čtěte také: <a href="/y">Káva je lepší</a></p></div></article>
<section class="comments"><p>Pan Novák: To vůbec není pravda, čaj se vaří úplně jinak a já to vím nejlépe!</p></section></main>
<aside><h3>Nejčtenější</h3><ul><li><a href="/1">Jedna</a><li><a href="/2">Dvě</a></ul></aside>
<footer><p>© Noviny, všechna práva vyhrazena. Kontakt na redakci najdete zde v patičce.</p></footer>
<script>var text = "<p>Toto není text stránky, ale skriptu, a nikdo ho nemá číst.</p>";</script></body></html>"##;

#[test]
fn a_page_gives_its_text_a_line_a_paragraph_and_nothing_else() {
    let expected = "Čaj se pije po celém světě a už velmi dlouho, říká se.\n\
        První odstavec má dvě věty. Druhá věta je s odkazem a delší.\n\
        Jak se vaří\n\
        - Voda se ohřeje, ale nenechá se vařit příliš dlouho.\n\
        - Čaj se zalije.\n\
        def caj():\n    return \"čaj\"\n\
        Druh | Minut\n\
        zelený | 3\n\
        Třetí odstavec je poslední a říká, že čaj je hotový a že se má pít horký.";
    let extracted = page(PAGE, &Options::default());
    assert_eq!(extracted.text, expected);
    assert_eq!(extracted.title.as_deref(), Some("Čaj | Noviny"));
    assert_eq!(extracted.html_lang.as_deref(), Some("cs"));
    assert!(extracted.n_dropped > 5);
    let options = Options {
        comments: true,
        tables: false,
    };
    let other = page(PAGE, &options).text;
    assert!(
        other.contains("Pan Novák") && !other.contains("zelený"),
        "{other}"
    );
}

#[test]
fn breaks_part_paragraphs_and_repeats_stand_once() {
    let long = "Dette er en lang nok setning til at den er et avsnitt i en tekst.";
    let html = format!("<body><div>{long}<br><br>{long} To.<br>Kort linje.</div><p>{long}</p>");
    assert_eq!(text(&html), format!("{long}\n{long} To.\nKort linje."));
}

#[test]
fn xhtml_frames_and_bare_text_are_read() {
    let long = "Это достаточно длинное предложение, чтобы быть абзацем в тексте.";
    for html in [
        format!("<?xml version=\"1.0\"?><html xmlns=\"x\"><body><p>{long}</p><br/></body></html>"),
        format!("<frameset><frame src=a><noframes><p>x</p></noframes></frameset><p>{long}"),
        format!("<p><![CDATA[{long}]]></p>"),
        long.to_owned(),
    ] {
        assert_eq!(text(&html), long, "{html}");
    }
}

#[test]
fn a_page_without_a_body_gives_the_text_of_its_linked_data() {
    let body = "Tämä on artikkelin teksti, jonka sivu näyttää vasta ohjelmansa avulla. ".repeat(8);
    let html = format!(
        "<script type=\"application/ld+json\">{{\"@type\":\"NewsArticle\",\"headline\":\"T\",\
         \"articleBody\":\"{body}\"}}</script><body><div id=app></div>"
    );
    assert_eq!(text(&html), body.trim());
}

/// Megabytes of what a page should not be; each must end soon and in little memory.
#[test]
fn hostile_pages_end() {
    let n = 1_000_000;
    let pages = [
        "<".repeat(n),
        "<!--".repeat(n),
        "<script>".repeat(n),
        "<title>".repeat(n),
        "<textarea>".repeat(n),
        "&".repeat(n),
        "&amp".repeat(n),
        "&notanentity".repeat(n / 4),
        "&#".repeat(n),
        "\0".repeat(n),
        "<p>".repeat(n),
        "<a href=x>y".repeat(n / 4),
        "<h1><a>t".repeat(n / 4),
        "<table><tr><td>x".repeat(n / 4),
        "<td>x".repeat(n),
        "<div class=article-body>".repeat(n / 4),
        "<svg><div>".repeat(n / 4),
        "</div>".repeat(n),
        "<div>".repeat(n / 4) + &"</p>".repeat(n / 4),
        format!("<div {}>", "a=b ".repeat(n)),
        format!("<div class=\"{}\">x", "nav ".repeat(n)),
        format!("<div class=\"{}\">x", "x".repeat(n)),
        format!("<pre>{}", " \n".repeat(n)),
        format!("<p>{}", "x ".repeat(n)),
        format!(
            "<script type=application/ld+json>{{\"headline\":{}",
            "[".repeat(n)
        ),
        "<li>creativecommons.org/licenses/by/4.0".repeat(n / 16),
        "<meta name=robots content=noai>".repeat(n / 16),
        "<![CDATA[".repeat(n / 4),
        "<?".repeat(n),
        "<b><div>".repeat(n / 4) + &"</b>".repeat(n / 4),
    ];
    for html in pages {
        let extracted = page(&html, &Options::default());
        assert!(extracted.text.len() <= 4 * html.len());
        assert!(extracted.robots.len() <= 64 && extracted.licences.len() <= 64);
    }
}

/// Pieces that meet in broken markup.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[<>/a-z \"'=&;#!-]{0,12}",
        "\\PC{0,8}",
        prop::sample::select(vec![
            "<p>",
            "</p>",
            "<div class='article-body'>",
            "</div>",
            "<table>",
            "<tr>",
            "<td>",
            "</table>",
            "<li>",
            "<a href=x>",
            "</a>",
            "<script>",
            "</script>",
            "<!--",
            "-->",
            "<svg>",
            "<br>",
            "<pre>",
            "</pre>",
            "<h1>",
            "<h2 hidden>",
            "&eacute",
            "&#x",
            "<title>",
            "<![CDATA[",
            "]]>",
            "<noscript>",
            "<template>",
            "<nav>",
            "<form>",
            "\0",
            "\u{ad}",
        ])
        .prop_map(str::to_owned),
    ]
}

proptest! {
    #[test]
    fn any_text_is_a_page(pieces in prop::collection::vec(piece(), 0..60)) {
        let html = pieces.concat();
        let extracted = page(&html, &Options::default());
        let again = page(&html, &Options::default());
        prop_assert_eq!(&extracted.text, &again.text);
        let junk = ['\0', '\u{ad}'];
        prop_assert!(!extracted.text.contains(junk), "junk");
    }
}

/// Words of a text, four by four.
fn shingles(text: &str) -> std::collections::HashMap<Vec<String>, i64> {
    let lower = text.to_lowercase();
    let words: Vec<String> = lower
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|w| !w.is_empty())
        .map(str::to_owned)
        .collect();
    let mut counts = std::collections::HashMap::new();
    for window in words.windows(4) {
        *counts.entry(window.to_vec()).or_default() += 1;
    }
    counts
}

/// Characters, whatever their encoding; a page that is not UTF-8 loses a few.
fn unpacked(path: &Path) -> String {
    let file = std::fs::File::open(path).expect("page");
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file)
        .read_to_end(&mut bytes)
        .expect("gzip");
    String::from_utf8_lossy(&bytes).into_owned()
}

fn json(path: &Path) -> serde_json::Map<String, serde_json::Value> {
    let text = std::fs::read_to_string(path).expect("gold");
    serde_json::from_str(&text).expect("gold is JSON")
}

/// Mean F1 of word shingles against whole gold texts.
fn article_score(root: &Path) -> f64 {
    let mut scores = Vec::new();
    for (name, entry) in &json(&root.join("ground-truth.json")) {
        let want = shingles(entry["articleBody"].as_str().unwrap_or_default());
        let got = shingles(&text(&unpacked(&root.join(format!("html/{name}.html.gz")))));
        let both: i64 = want
            .iter()
            .map(|(k, n)| got.get(k).map_or(0, |m| *n.min(m)))
            .sum();
        let all = want.values().sum::<i64>() + got.values().sum::<i64>();
        scores.push(2.0 * both as f64 / all.max(1) as f64);
    }
    scores.iter().sum::<f64>() / scores.len().max(1) as f64
}

/// F1 over pieces that must and must not be in the text.
fn piece_score(root: &Path) -> f64 {
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (mut hits, mut wrong) = (0_u32, 0_u32);
    for entry in json(&root.join("evaldata.json")).values() {
        let page = root
            .join("html")
            .join(entry["html"].as_str().unwrap_or_default());
        let got = squeezed(&text(&unpacked(&page)));
        let pieces = |key: &str| entry[key].as_array().cloned().unwrap_or_default();
        for (key, wanted) in [("with", true), ("without", false)] {
            for piece in pieces(key) {
                let found = got.contains(&squeezed(piece.as_str().unwrap_or_default()));
                hits += u32::from(found && wanted);
                wrong += u32::from(found != wanted);
            }
        }
    }
    f64::from(2 * hits) / f64::from((2 * hits + wrong).max(1))
}

/// Floors: what trafilatura 2.3.1 gets on the same pages.
#[test]
fn gold_pages_are_extracted_as_well_as_promised() {
    #[allow(clippy::disallowed_methods)]
    let root = std::env::var_os("EU_TEST_DATA").map(PathBuf::from);
    let Some(root) = root.map(|root| root.join("data/webextract")) else {
        let _ = writeln!(std::io::stderr(), "skipped: EU_TEST_DATA is not set");
        return;
    };
    let articles = article_score(&root.join("aeb"));
    assert!(articles >= 0.961, "F1 over articles is {articles:.4}");
    let pieces = piece_score(&root.join("trafilatura"));
    assert!(pieces >= 0.927, "F1 over pieces is {pieces:.4}");
}
