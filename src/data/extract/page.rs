//! One page in, its text and facts out.

use super::choose::{Level, choose};
use super::facts::facts;
use super::lines::Lines;
use super::render::Writer;
use super::scan::{Scanner, Token};
use super::tree::Tree;

/// What to take.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Keep what readers wrote under the text.
    pub comments: bool,
    /// Keep tables of data.
    pub tables: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            comments: false,
            tables: true,
        }
    }
}

/// Text and facts of a page.
#[derive(Clone, Default, Debug)]
pub struct Extracted {
    /// The main text, a paragraph, heading, item or table row a line.
    pub text: String,
    /// The title, without the site's name where the page gives both.
    pub title: Option<String>,
    /// Language of the root element, as written.
    pub html_lang: Option<String>,
    /// Language said by meta elements or linked data, as written.
    pub meta_lang: Option<String>,
    /// Day of publication, `YYYY-MM-DD`.
    pub date: Option<String>,
    /// The page's own address for itself, as written.
    pub canonical: Option<String>,
    /// Addresses (rarely names) of licences.
    pub licences: Vec<String>,
    /// Every robots, crawler and text-and-data-mining meta element: lower-case name, content.
    pub robots: Vec<(String, String)>,
    /// The page was too large to be read whole.
    pub cut: bool,
    /// Lines kept.
    pub n_kept: usize,
    /// Lines left out as boilerplate.
    pub n_dropped: usize,
}

/// Bytes of text below which a page is looked at again with less trust in its names.
const MIN_TEXT: usize = 250;

/// Takes the main text and the facts out of `html`.
pub fn page(html: &str, options: &Options) -> Extracted {
    let tree = Tree::parse(html);

    let facts = facts(&tree);
    let mut lines = choose(&tree, &facts, options, Level::Strict);
    if lines.text.len() < MIN_TEXT {
        let loose = choose(&tree, &facts, options, Level::Loose);
        if loose.text.len() > 2 * lines.text.len() {
            lines = loose;
        }
    }
    if let Some(body) = &facts.article_body
        && lines.text.len() < MIN_TEXT
        && body.len() > 2 * lines.text.len().max(MIN_TEXT)
    {
        lines = said(body);
    }
    Extracted {
        text: lines.text,
        title: facts.title,
        html_lang: facts.html_lang,
        meta_lang: facts.meta_lang,
        date: facts.date,
        canonical: facts.canonical,
        licences: facts.licences,
        robots: facts.robots,
        cut: tree.cut,
        n_kept: lines.n_kept,
        n_dropped: lines.n_dropped,
    }
}

/// The text that linked data gives, which may hold markup of its own.
fn said(body: &str) -> Lines {
    let mut text = String::with_capacity(body.len());
    for line in body.lines() {
        let mut writer = Writer::new();
        for token in Scanner::new(line.as_bytes()) {
            match token {
                Token::Text { from, to } => {
                    writer.text(line.get(from..to).unwrap_or_default(), false);
                }
                Token::Start { tag, .. } | Token::End { tag } if tag.is_block() => {
                    writer.end_line();
                }
                _ => {}
            }
        }
        if !writer.out.is_empty() {
            text.push_str(writer.out.trim_end());
            text.push('\n');
        }
    }
    text.truncate(text.trim_end().len());
    Lines {
        n_kept: text.lines().count(),
        n_dropped: 0,
        text,
    }
}
