//! The tree of a page: elements and text in document order in one array, built in one pass with
//! the end tags that HTML lets authors leave out.

use super::cue::{CueReader, Cues};
use super::entity;
use super::scan::{Attributes, Scanner, Token};
use super::tag::{N_TAGS, Tag};

/// Elements deeper than this are not kept apart from the element they are in; browsers stop at 512.
const MAX_DEPTH: usize = 256;
/// Elements and texts kept, 24 bytes each; the rest of a page beyond is left out.
const MAX_NODES: usize = 2_000_000;
/// Bytes of a page that are read, about.
const MAX_BYTES: usize = 64 << 20;

/// An element, or a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) tag: Tag,
    /// Text without references: of a CDATA section or a raw element.
    pub(super) raw: bool,
    pub(super) cues: Cues,
    /// Index of the element it is in.
    pub(super) parent: u32,
    /// One past the last node in it.
    pub(super) end: u32,
    /// Range in the source: of the text, or of the attributes.
    pub(super) from: u32,
    pub(super) to: u32,
}

/// A page. The first node is the root; nodes `i + 1..nodes[i].end` are in node `i`.
pub(super) struct Tree<'a> {
    pub(super) source: &'a str,
    pub(super) nodes: Vec<Node>,
    /// Characters of each text other than white space; zero for elements.
    pub(super) lens: Vec<u32>,
    /// Something was left out because the page is too large.
    pub(super) cut: bool,
}

/// Characters other than white space; a reference counts as one.
fn visible_len(text: &str, raw: bool) -> u32 {
    let mut len = 0_u32;
    let bytes = text.as_bytes();
    let mut i = 0;
    while let Some(b) = bytes.get(i) {
        match b {
            b' ' | b'\t' | b'\n' | b'\r' | 0xc => {}
            b'&' if !raw => {
                if let Some((chars, n)) =
                    entity::reference(text.get(i..).unwrap_or_default(), false)
                {
                    let blank = chars[0].is_none_or(char::is_whitespace);
                    len = len.saturating_add(u32::from(!blank));
                    i += n;
                    continue;
                }
                len = len.saturating_add(1);
            }
            // Bytes that go on a character do not begin one.
            0x80..=0xbf => {}
            _ => len = len.saturating_add(1),
        }
        i += 1;
    }
    len
}

struct Builder {
    nodes: Vec<Node>,
    /// Open elements.
    stack: Vec<(Tag, u32)>,
    /// How many of each tag are open.
    open: [u32; N_TAGS],
    /// Start tags beyond the greatest depth.
    too_deep: usize,
}

impl<'a> Tree<'a> {
    /// Reads `source`; any text makes a tree.
    pub(super) fn parse(source: &'a str) -> Self {
        let mut cut = source.len() > MAX_BYTES;
        let source = match cut {
            true => source
                .get(..source.floor_char_boundary(MAX_BYTES))
                .unwrap_or_default(),
            false => source,
        };
        let bytes = source.as_bytes();
        let mut builder = Builder::new(bytes.len());
        let mut cues = CueReader::new();
        for token in Scanner::new(bytes) {
            if builder.nodes.len() >= MAX_NODES {
                cut = true;
                break;
            }
            match token {
                Token::Text { from, to } => builder.text(from, to, false),
                Token::Raw { from, to } => builder.text(from, to, true),
                Token::End { tag } => builder.end(tag),
                Token::Start {
                    tag,
                    from,
                    to,
                    closed,
                } => {
                    let mut said = Cues::NONE;
                    if !matches!(
                        tag,
                        Tag::Html | Tag::Body | Tag::Script | Tag::Meta | Tag::Link
                    ) {
                        let bytes = bytes.get(from..to).unwrap_or_default();
                        for (name, value) in Attributes::new(bytes) {
                            said = said.with(cues.attribute(name, value));
                        }
                    }
                    builder.start(tag, said, from, to, closed);
                }
            }
        }
        builder.close_to(0);
        let mut tree = Tree {
            source,
            nodes: builder.nodes,
            lens: Vec::new(),
            cut,
        };
        tree.lens = tree.nodes.iter().map(|node| tree.len(node)).collect();
        tree
    }

    /// The source of a text node, or of an element's attributes.
    pub(super) fn text(&self, node: &Node) -> &'a str {
        let range = node.from as usize..node.to as usize;
        self.source.get(range).unwrap_or_default()
    }

    fn len(&self, node: &Node) -> u32 {
        let silent = |tag: Tag| matches!(tag, Tag::Script | Tag::Style);
        let parent = self.nodes.get(node.parent as usize);
        match node.tag {
            Tag::Text if parent.is_some_and(|p| silent(p.tag)) => 0,
            Tag::Text => visible_len(self.text(node), node.raw),
            _ => 0,
        }
    }

    /// The value of an attribute, references undecoded.
    pub(super) fn attribute(&self, node: &Node, name: &str) -> Option<&'a str> {
        let bytes = self.text(node).as_bytes();
        let (_, value) =
            Attributes::new(bytes).find(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes()))?;
        std::str::from_utf8(value).ok()
    }
}

impl Builder {
    fn new(len: usize) -> Self {
        let root = Node {
            tag: Tag::Root,
            raw: false,
            cues: Cues::NONE,
            parent: 0,
            end: 0,
            from: 0,
            to: 0,
        };
        let mut nodes = Vec::with_capacity((len / 24).clamp(16, MAX_NODES / 4));
        nodes.push(root);
        Self {
            nodes,
            stack: vec![(Tag::Root, 0)],
            open: [0; N_TAGS],
            too_deep: 0,
        }
    }

    fn push(&mut self, tag: Tag, cues: Cues, from: usize, to: usize, raw: bool) -> u32 {
        let index = self.nodes.len() as u32;
        self.nodes.push(Node {
            tag,
            raw,
            cues,
            parent: self.stack.last().map_or(0, |top| top.1),
            end: index + 1,
            from: from as u32,
            to: to as u32,
        });
        index
    }

    fn text(&mut self, from: usize, to: usize, raw: bool) {
        self.push(Tag::Text, Cues::NONE, from, to, raw);
    }

    fn n_open(&self, tag: Tag) -> u32 {
        self.open.get(tag as usize).copied().unwrap_or(0)
    }

    /// Closes open elements until `depth` are left.
    fn close_to(&mut self, depth: usize) {
        while self.stack.len() > depth {
            let Some((tag, index)) = self.stack.pop() else {
                return;
            };
            let end = self.nodes.len() as u32;
            if let Some(node) = self.nodes.get_mut(index as usize) {
                node.end = end;
            }
            if let Some(open) = self.open.get_mut(tag as usize) {
                *open = open.saturating_sub(1);
            }
        }
    }

    /// Closes the innermost open `tag`, and what is in it, unless a `barrier` lies between.
    fn close(&mut self, tag: Tag, barrier: impl Fn(Tag) -> bool) -> bool {
        if self.n_open(tag) == 0 {
            return false;
        }
        for depth in (1..self.stack.len()).rev() {
            let Some((open, _)) = self.stack.get(depth).copied() else {
                return false;
            };
            if open == tag {
                self.close_to(depth);
                return true;
            }
            if barrier(open) {
                return false;
            }
        }
        false
    }

    fn start(&mut self, tag: Tag, cues: Cues, from: usize, to: usize, closed: bool) {
        self.close_implied(tag);
        let is_leaf = tag.is_void() || (closed && (tag.is_silent() || self.in_picture()));
        if !is_leaf && self.stack.len() >= MAX_DEPTH {
            self.too_deep += 1;
            return;
        }
        let index = self.push(tag, cues, from, to, false);
        if !is_leaf {
            self.stack.push((tag, index));
            if let Some(open) = self.open.get_mut(tag as usize) {
                *open += 1;
            }
        }
    }

    fn in_picture(&self) -> bool {
        self.n_open(Tag::Svg) + self.n_open(Tag::Math) > 0
    }

    fn end(&mut self, tag: Tag) {
        use Tag::*;
        if self.too_deep > 0 {
            self.too_deep -= 1;
            return;
        }
        match tag {
            // What follows `</body>` is body as well.
            Html | Body => {}
            Br => self.start(Br, Cues::NONE, 0, 0, false),
            P if self.n_open(P) == 0 => {}
            Other => {
                // Names unknown here are told apart by depth alone: only the innermost closes.
                if self.stack.last().is_some_and(|top| top.0 == Other) {
                    self.close_to(self.stack.len() - 1);
                } else {
                    self.close(Other, Tag::is_block);
                }
            }
            _ if tag.is_void() => {}
            _ if tag.is_heading() => {
                let open = |s: &(Tag, u32)| s.0.is_heading() || s.0.closes_p();
                let depth = self.stack.iter().rposition(open).unwrap_or(0);
                if self.stack.get(depth).is_some_and(|top| top.0.is_heading()) {
                    self.close_to(depth);
                }
            }
            Table => {
                self.close(Table, |_| false);
            }
            _ if tag.is_table_part() => {
                self.close(tag, |t| t == Table);
            }
            _ if tag.is_block() => {
                self.close(tag, |t| {
                    matches!(t, Table | Td | Th | Caption | Template | Object)
                });
            }
            _ => {
                self.close(tag, |t| t.is_block());
            }
        }
    }

    /// Closes what a start tag of `tag` ends without an end tag.
    fn close_implied(&mut self, tag: Tag) {
        use Tag::*;
        if self.in_picture() && (tag.closes_p() || matches!(tag, Br | Img | Span | Ul | Li | Body))
        {
            let depth = self.stack.iter().position(|s| matches!(s.0, Svg | Math));
            self.close_to(depth.unwrap_or(self.stack.len()).max(1));
        }
        if self.n_open(Head) > 0 && (tag == Body || tag.closes_p() || matches!(tag, A | Span | Img))
        {
            self.close(Head, |_| false);
        }
        if tag.closes_p() && self.n_open(P) > 0 {
            self.close(P, |t| {
                matches!(t, Table | Td | Th | Caption | Button | Object | Template)
            });
        }
        let lists = |t| matches!(t, Ul | Ol | Menu | Dir | Table | Td | Th);
        let tables = |t| t == Table;
        match tag {
            A => {
                self.close(A, |t| matches!(t, Table | Td | Th | Object | Template));
            }
            Li => {
                self.close(Li, lists);
            }
            Dd | Dt => {
                let stop = |t| matches!(t, Dl | Table | Td | Th | Ul | Ol);
                self.close(Dd, stop);
                self.close(Dt, stop);
            }
            Option => {
                self.close(Option, |t| matches!(t, Select | Datalist | Optgroup));
            }
            Optgroup => {
                self.close(Optgroup, |t| t == Select);
            }
            Button => {
                self.close(Button, |_| false);
            }
            Td | Th => {
                self.close(Td, tables);
                self.close(Th, tables);
            }
            Tr => {
                self.close(Tr, tables);
                self.close(Caption, tables);
            }
            Tbody | Thead | Tfoot => {
                for part in [Tbody, Thead, Tfoot, Caption, Colgroup, Tr] {
                    self.close(part, tables);
                }
            }
            _ if tag.is_heading() && self.stack.last().is_some_and(|top| top.0.is_heading()) => {
                self.close_to(self.stack.len() - 1);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree in one line: text as it is, elements in brackets.
    fn told(html: &str) -> String {
        let tree = Tree::parse(html);
        let mut out = String::new();
        let mut ends = Vec::new();
        for (i, node) in tree.nodes.iter().enumerate() {
            while ends.last().is_some_and(|end| *end as usize <= i) {
                ends.pop();
                out.push(']');
            }
            if node.tag == Tag::Text {
                out.push_str(tree.text(node));
            } else {
                out.push_str(&format!("[{:?} ", node.tag));
                ends.push(node.end);
            }
        }
        out.push_str(&"]".repeat(ends.len()));
        out.trim_start_matches("[Root ")
            .trim_end_matches(']')
            .to_owned()
    }

    #[test]
    fn end_tags_may_be_left_out() {
        for (html, expected) in [
            ("<p>a<p>b<div>c</div>d", "[P a][P b][Div c]d"),
            (
                "<ul><li>a<li>b<ul><li>c</ul><li>d</ul>e",
                "[Ul [Li a][Li b[Ul [Li c]]][Li d]]e",
            ),
            (
                "<table><tr><td>a<td>b<tr><th>c</table>d",
                "[Table [Tr [Td a][Td b]][Tr [Th c]]]d",
            ),
            ("<dl><dt>a<dd>b<dt>c</dl>d", "[Dl [Dt a][Dd b][Dt c]]d"),
            ("<div><b>a</div>b</b>c", "[Div [B a]]bc"),
            ("<b>a<p>b</b>c</p>d", "[B a[P bc]d"),
            ("<h1>a<h2>b</h1>c", "[H1 a][H2 b]c"),
            ("<a>a<a>b</a>c", "[A a][A b]c"),
            (
                "<table><tr><td></div>a</td></tr></table>b",
                "[Table [Tr [Td a]]]b",
            ),
            ("<svg><path/><g>a<p>b", "[Svg [Other ][Other a]][P b"),
            ("<br/>a</br>b<img>c", "[Br ]a[Br ]b[Img ]c"),
        ] {
            assert_eq!(told(html), expected, "{html}");
        }
    }

    #[test]
    fn a_million_levels_are_as_good_as_few() {
        for tag in ["div", "b", "a", "table", "li", "p", "h1", "svg", "x"] {
            let html = format!("<{tag}>").repeat(1_000_000);
            let tree = Tree::parse(&html);
            let depth = |mut i: usize| {
                let mut n = 0;
                while i > 0 {
                    i = tree.nodes[i].parent as usize;
                    n += 1;
                }
                n
            };
            assert!(depth(tree.nodes.len() - 1) <= MAX_DEPTH, "{tag}");
        }
    }
}
