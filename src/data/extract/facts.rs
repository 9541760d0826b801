//! What a page says of itself: title, languages, date, address, licences, reservations.

use memchr::memmem;

use super::entity::decode;
use super::linked::{self, Linked};
use super::render::Writer;
use super::tag::Tag;
use super::tree::{Node, Tree};

/// Longest value kept, in bytes; what is longer is cut.
const MAX_VALUE: usize = 2000;
/// Most licences and reservations kept of a page.
const MAX_LIST: usize = 64;

/// Facts of a page.
#[derive(Clone, Default, Debug)]
pub(super) struct Facts {
    pub(super) title: Option<String>,
    /// The title of the browser's window, site name and all.
    pub(super) window_title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) html_lang: Option<String>,
    pub(super) meta_lang: Option<String>,
    pub(super) date: Option<String>,
    pub(super) canonical: Option<String>,
    pub(super) licences: Vec<String>,
    pub(super) robots: Vec<(String, String)>,
    /// The text of the page as its linked data has it.
    pub(super) article_body: Option<String>,
}

/// Candidates in order of trust; the lowest rank wins, the first of equals.
#[derive(Default)]
struct Best(Option<(u8, String)>);

impl Best {
    fn offer(&mut self, rank: u8, value: Option<String>) {
        if let Some(value) = value
            && self.0.as_ref().is_none_or(|best| rank < best.0)
        {
            self.0 = Some((rank, value));
        }
    }

    fn take(self) -> Option<String> {
        self.0.map(|best| best.1)
    }
}

/// Reads the facts of a page.
pub(super) fn facts(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    let mut title = Best::default();
    let mut lang = Best::default();
    let mut date = Best::default();
    let mut address = Best::default();
    let mut description = Best::default();
    for (i, node) in tree.nodes.iter().enumerate() {
        match node.tag {
            Tag::Html => {
                let said = tree.attribute(node, "lang").filter(|l| !l.is_empty());
                let said = said.or_else(|| tree.attribute(node, "xml:lang"));
                facts.html_lang = facts.html_lang.take().or(said.and_then(tidy));
            }
            Tag::Title if facts.window_title.is_none() && !in_picture(tree, node) => {
                facts.window_title = tidy(content(tree, i));
            }
            Tag::Meta => {
                let name = ["name", "property", "itemprop", "http-equiv"]
                    .iter()
                    .find_map(|n| tree.attribute(node, n).filter(|v| !v.is_empty()));
                let (Some(name), Some(value)) = (name, tree.attribute(node, "content")) else {
                    continue;
                };
                let name = decode(name).trim().to_ascii_lowercase();
                let value = tidy(value);
                if is_reservation(&name, value.as_deref().unwrap_or_default())
                    && facts.robots.len() < MAX_LIST
                {
                    facts
                        .robots
                        .push((short(&name), value.clone().unwrap_or_default()));
                }
                let is = |names: &[&str]| names.iter().position(|n| *n == name).map(|n| n as u8);
                if let Some(n) = is(&["og:title", "twitter:title", "dc.title", "title"]) {
                    title.offer(n, value);
                } else if let Some(n) = is(LANGUAGE) {
                    lang.offer(n, value);
                } else if let Some(n) = is(PUBLISHED) {
                    date.offer(n, value.as_deref().and_then(iso_date));
                } else if is(&["og:url"]).is_some() {
                    address.offer(1, value);
                } else if let Some(n) = is(&["og:description", "description"]) {
                    description.offer(n, value);
                } else if is(RIGHTS).is_some() {
                    let value = value.filter(|v| v.starts_with("http") || is_commons(v));
                    licence(&mut facts, value);
                }
            }
            Tag::Link | Tag::A | Tag::Area => {
                let rel = tree.attribute(node, "rel").unwrap_or_default();
                let href = || tree.attribute(node, "href").and_then(tidy);
                let rel_is = |what: &str| {
                    let mut names = rel.split_ascii_whitespace();
                    names.any(|r| r.eq_ignore_ascii_case(what))
                };
                if rel_is("license") || rel_is("licence") {
                    licence(&mut facts, href());
                } else if node.tag == Tag::Link && rel_is("canonical") {
                    address.offer(0, href());
                } else if node.tag == Tag::A && is_commons(tree.text(node)) {
                    licence(&mut facts, href().filter(|h| is_commons(h)));
                }
            }
            Tag::Time => {
                let value = tree.attribute(node, "datetime");
                let published = tree.attribute(node, "pubdate").is_some()
                    || tree.attribute(node, "itemprop") == Some("datePublished");
                let rank = if published { 40 } else { 60 };
                date.offer(rank, value.and_then(iso_date));
            }
            Tag::Script => {
                let kind = tree.attribute(node, "type").unwrap_or_default();
                if kind.to_ascii_lowercase().contains("ld+json") {
                    let Linked {
                        headline,
                        published,
                        language,
                        body,
                        licences,
                    } = linked::read(content(tree, i));
                    title.offer(10, headline.as_deref().and_then(tidy));
                    date.offer(30, published.as_deref().and_then(iso_date));
                    lang.offer(30, language.as_deref().and_then(tidy));
                    facts.article_body = facts.article_body.take().or(body);
                    for found in licences {
                        licence(&mut facts, tidy(&found));
                    }
                }
            }
            _ => {}
        }
    }
    for url in commons_urls(tree.source) {
        licence(&mut facts, Some(url));
    }
    facts.title = title.take().or_else(|| facts.window_title.clone());
    facts.meta_lang = lang.take();
    facts.date = date.take();
    facts.canonical = address.take();
    facts.description = description.take();
    facts
}

const LANGUAGE: &[&str] = &[
    "content-language",
    "og:locale",
    "language",
    "dc.language",
    "dcterms.language",
    "inlanguage",
    "lang",
];

/// Names under which the date of publication is given.
const PUBLISHED: &[&str] = &[
    "article:published_time",
    "og:published_time",
    "datepublished",
    "date.published",
    "publish-date",
    "publish_date",
    "published_time",
    "pubdate",
    "publishdate",
    "publication_date",
    "dc.date.issued",
    "dcterms.issued",
    "dc.date.created",
    "dcterms.created",
    "dc.date",
    "dcterms.date",
    "date",
    "datecreated",
];

const RIGHTS: &[&str] = &[
    "dc.rights",
    "dcterms.rights",
    "dcterms.license",
    "dc.rights.license",
    "license",
    "licence",
    "rights",
    "copyright",
    "cc:license",
];

/// The text in an element that holds only text.
fn content<'a>(tree: &Tree<'a>, i: usize) -> &'a str {
    let child = tree
        .nodes
        .get(i + 1)
        .filter(|n| n.tag == Tag::Text && n.parent as usize == i);
    child.map_or("", |n| tree.text(n))
}

fn in_picture(tree: &Tree, node: &Node) -> bool {
    let parent = tree.nodes.get(node.parent as usize);
    parent.is_some_and(|p| matches!(p.tag, Tag::Svg | Tag::Math | Tag::Other))
}

fn short(text: &str) -> String {
    let end = text.floor_char_boundary(MAX_VALUE.min(text.len()));
    text.get(..end).unwrap_or_default().to_owned()
}

/// References decoded, white space squeezed; `None` if nothing is left.
pub(super) fn tidy(value: &str) -> Option<String> {
    let end = value.floor_char_boundary(MAX_VALUE.min(value.len()));
    let mut writer = Writer::new();
    writer.text(value.get(..end).unwrap_or_default(), false);
    Some(writer.out).filter(|out| !out.is_empty())
}

fn licence(facts: &mut Facts, found: Option<String>) {
    if let Some(found) = found
        && facts.licences.len() < MAX_LIST
        && !facts.licences.contains(&found)
    {
        facts.licences.push(found);
    }
}

/// Robots meta tags for all or for one crawler, and reservations of text and data mining.
fn is_reservation(name: &str, content: &str) -> bool {
    let crawlers = [
        "google-extended",
        "applebot-extended",
        "anthropic-ai",
        "claude-web",
    ];
    name.contains("robots")
        || name.ends_with("bot")
        || name.ends_with("bot-news")
        || name.starts_with("tdm-")
        || name.starts_with("tdm:")
        || crawlers.contains(&name)
        || matches!(
            name,
            "noai" | "noimageai" | "ai" | "slurp" | "teoma" | "perplexity-user"
        )
        || content
            .to_ascii_lowercase()
            .split([',', ' '])
            .any(|w| w == "noai" || w == "noimageai")
}

fn is_commons(text: &str) -> bool {
    memmem::find(text.as_bytes(), b"creativecommons.org/").is_some()
}

/// Addresses of Creative Commons licences anywhere in the source: data and comments included.
fn commons_urls(source: &str) -> Vec<String> {
    let bytes = source.as_bytes();
    let mut found: Vec<String> = Vec::new();
    for at in memmem::find_iter(bytes, b"creativecommons.org/").take(1000) {
        let rest = source.get(at..).unwrap_or_default();
        let ends = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_'));
        let url = rest.split(ends).next().unwrap_or_default();
        let path = url.strip_prefix("creativecommons.org/").unwrap_or_default();
        let deed = ["licenses/", "publicdomain/"].iter().any(|p| {
            path.strip_prefix(p)
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))
        });
        let url = format!("https://{}", url.trim_end_matches('.'));
        if deed && url.len() < 200 && !found.contains(&url) && found.len() < MAX_LIST {
            found.push(url);
        }
    }
    found
}

/// The day in a date as pages write it: `2024-05-03T…`, `20240503`, `2024/05/03`, `03.05.2024`.
pub(super) fn iso_date(text: &str) -> Option<String> {
    let text = text.trim();
    let mut parts: Vec<&str> = text
        .get(..text.floor_char_boundary(10.min(text.len())))?
        .split(|c: char| !c.is_ascii_digit())
        .collect();
    if let [one, ..] = parts.as_slice()
        && one.len() == 8
    {
        parts = vec![one.get(..4)?, one.get(4..6)?, one.get(6..8)?];
    }
    let [first, month, third, ..] = parts.as_slice() else {
        return None;
    };
    let (year, day) = match (first.len(), third.len()) {
        (4, 1 | 2) => (first, third),
        (1 | 2, 4) => (third, first),
        _ => return None,
    };
    let (year, month, day): (u32, u32, u32) =
        (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let real = (1990..2100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    real.then(|| format!("{year:04}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_found_where_pages_put_them() {
        let html = r#"<html lang="de-AT"><head><title>Tee &amp; Kaffee | Seite</title>
            <meta property="og:title" content="Tee &amp; Kaffee">
            <meta http-equiv="Content-Language" content="de">
            <meta name="robots" content="noindex, noai"><meta name="GPTBot" content="nofollow">
            <meta name="tdm-reservation" content="1"><meta name="date" content="3.5.2024">
            <link rel="canonical" href="https://example.org/tee?a=1&amp;b=2">
            <script type="application/ld+json">{"@graph": [{"@type": "Article",
              "datePublished": "2024-05-04T10:00:00Z", "license": "https://example.org/l",
              "articleBody": "Der Text."}]}</script></head><body>
            <a rel="license" href="http://creativecommons.org/licenses/by-sa/4.0/">CC</a>"#;
        let facts = facts(&Tree::parse(html));
        assert_eq!(facts.title.as_deref(), Some("Tee & Kaffee"));
        assert_eq!(facts.window_title.as_deref(), Some("Tee & Kaffee | Seite"));
        assert_eq!(facts.html_lang.as_deref(), Some("de-AT"));
        assert_eq!(facts.meta_lang.as_deref(), Some("de"));
        assert_eq!(facts.date.as_deref(), Some("2024-05-03"));
        assert_eq!(
            facts.canonical.as_deref(),
            Some("https://example.org/tee?a=1&b=2")
        );
        assert_eq!(facts.article_body.as_deref(), Some("Der Text."));
        let robots: Vec<_> = facts
            .robots
            .iter()
            .map(|r| (r.0.as_str(), r.1.as_str()))
            .collect();
        assert_eq!(
            robots,
            [
                ("robots", "noindex, noai"),
                ("gptbot", "nofollow"),
                ("tdm-reservation", "1")
            ]
        );
        assert_eq!(
            facts.licences,
            [
                "https://example.org/l",
                "http://creativecommons.org/licenses/by-sa/4.0/",
                "https://creativecommons.org/licenses/by-sa/4.0/"
            ]
        );
    }

    #[test]
    fn dates_are_days_or_nothing() {
        for (text, expected) in [
            ("2024-05-03T10:00:00+02:00", Some("2024-05-03")),
            ("20240503", Some("2024-05-03")),
            (" 2024/5/3", Some("2024-05-03")),
            ("03.05.2024", Some("2024-05-03")),
            ("2024-13-03", None),
            ("heute", None),
            ("5 maj 2024", None),
            ("ééééééé", None),
            ("", None),
        ] {
            assert_eq!(iso_date(text).as_deref(), expected, "{text}");
        }
    }
}
