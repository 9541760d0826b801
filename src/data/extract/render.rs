//! Lines of the tree as text: references decoded, white space squeezed, characters that are not
//! text left out.

use super::entity;
use super::measure::Line;
use super::tag::Tag;
use super::tree::Tree;

/// Appends characters so that white space is single and never leads.
pub(super) struct Writer {
    pub(super) out: String,
    /// White space was seen and not yet written.
    space: bool,
    /// Lines are kept as they are.
    pub(super) pre: bool,
}

impl Writer {
    pub(super) fn new() -> Self {
        Self {
            out: String::new(),
            space: false,
            pre: false,
        }
    }

    /// Ends a line; empty ones do not come about.
    pub(super) fn end_line(&mut self) {
        self.space = false;
        let len = self.out.trim_end_matches([' ', '\n', '\t']).len();
        self.out.truncate(len);
        if !self.out.is_empty() {
            self.out.push('\n');
        }
    }

    fn at_line_start(&self) -> bool {
        self.out.is_empty() || self.out.ends_with('\n')
    }

    /// Appends what is no markup.
    pub(super) fn text(&mut self, text: &str, raw: bool) {
        let bytes = text.as_bytes();
        let mut i = 0;
        while let Some(b) = bytes.get(i).copied() {
            match b {
                b'&' if !raw => {
                    let rest = text.get(i..).unwrap_or_default();
                    let (chars, n) =
                        entity::reference(rest, false).unwrap_or(([Some('&'), None], 1));
                    chars.into_iter().flatten().for_each(|c| self.char(c));
                    i += n;
                }
                0x21..=0x7e => {
                    // A run of plain characters at once.
                    let rest = bytes.get(i..).unwrap_or_default();
                    let plain = |b: &u8| matches!(b, 0x21..=0x25 | 0x27..=0x7e);
                    let n = rest
                        .iter()
                        .position(|b| !plain(b))
                        .unwrap_or(rest.len())
                        .max(1);
                    self.flush();
                    self.out.push_str(text.get(i..i + n).unwrap_or_default());
                    i += n;
                }
                _ => {
                    let Some(c) = text.get(i..).and_then(|rest| rest.chars().next()) else {
                        return;
                    };
                    self.char(c);
                    i += c.len_utf8();
                }
            }
        }
    }

    #[inline]
    fn flush(&mut self) {
        if self.space {
            self.space = false;
            if !self.at_line_start() {
                self.out.push(' ');
            }
        }
    }

    fn char(&mut self, c: char) {
        match c {
            '\n' if self.pre => {
                let len = self.out.trim_end_matches(' ').len();
                self.out.truncate(len);
                if !self.out.is_empty() {
                    self.out.push('\n');
                }
            }
            ' ' | '\t' if self.pre => self.out.push(c),
            _ if is_junk(c) => {}
            _ if c.is_whitespace() => self.space = true,
            _ => {
                self.flush();
                self.out.push(c);
            }
        }
    }
}

/// Characters that are no text: controls, soft hyphens, zero-width spaces, byte order marks,
/// private use, non-characters. Joiners stay, since words of some scripts need them, as do the
/// marks that order right-to-left text.
fn is_junk(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{8}'
            | '\u{b}'
            | '\u{e}'..='\u{1f}'
            | '\u{7f}'..='\u{84}'
            | '\u{86}'..='\u{9f}'
            | '\u{ad}'
            | '\u{200b}'
            | '\u{2060}'..='\u{2064}'
            | '\u{206a}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e000}'..='\u{f8ff}'
            | '\u{fdd0}'..='\u{fdef}'
            | '\u{fffe}'..='\u{ffff}'
            | '\u{e0000}'..='\u{e007f}'
            | '\u{f0000}'..
    )
}

/// The text of nodes `from..to` without what `skip` names, on one line unless preformatted.
pub(super) fn line(
    writer: &mut Writer,
    tree: &Tree,
    from: usize,
    to: usize,
    skip: impl Fn(usize) -> bool,
) {
    let mut i = from;
    while let Some(node) = tree.nodes.get(i).filter(|_| i < to) {
        if node.tag == Tag::Text {
            writer.text(tree.text(node), node.raw);
        } else if skip(i) {
            i = node.end as usize;
            continue;
        }
        i += 1;
    }
}

/// The text of a line, all of it.
pub(super) fn text(tree: &Tree, of: &Line) -> String {
    let mut writer = Writer::new();
    line(&mut writer, tree, of.from as usize, of.to as usize, |_| {
        false
    });
    writer.out
}
