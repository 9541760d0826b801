//! Element names that matter to the tree or to the text, as numbers.

macro_rules! tags {
    ($($variant:ident $name:literal),* $(,)?) => {
        /// The name of an element; names without meaning here are `Other`.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub(super) enum Tag { Other, Text, Root, $($variant),* }

        const NAMES: &[(&str, Tag)] = &[$(($name, Tag::$variant)),*];
    };
}

tags! {
    A "a", Abbr "abbr", Address "address", Area "area", Article "article", Aside "aside",
    Audio "audio", B "b", Base "base", Big "big", Blockquote "blockquote", Body "body", Br "br",
    Button "button", Canvas "canvas", Caption "caption", Center "center", Cite "cite",
    Code "code", Col "col", Colgroup "colgroup", Datalist "datalist", Dd "dd", Del "del",
    Details "details", Dialog "dialog", Dir "dir", Div "div", Dl "dl", Dt "dt", Em "em",
    Embed "embed", Fieldset "fieldset", Figcaption "figcaption", Figure "figure", Font "font",
    Footer "footer", Form "form", Frame "frame", Frameset "frameset", H1 "h1", H2 "h2", H3 "h3",
    H4 "h4", H5 "h5", H6 "h6", Head "head", Header "header", Hgroup "hgroup", Hr "hr",
    Html "html", I "i", Iframe "iframe", Img "img", Input "input", Label "label",
    Legend "legend", Li "li", Link "link", Listing "listing", Main "main", Map "map",
    Math "math", Menu "menu", Meta "meta", Meter "meter", Nav "nav", Noembed "noembed",
    Noframes "noframes", Noscript "noscript", Object "object", Ol "ol", Optgroup "optgroup",
    Option "option", P "p", Param "param", Picture "picture", Plaintext "plaintext", Pre "pre",
    Progress "progress", Rp "rp", Rt "rt", Ruby "ruby", S "s", Samp "samp", Script "script",
    Search "search", Section "section", Select "select", Small "small", Source "source",
    Span "span", Strike "strike", Strong "strong", Style "style", Sub "sub", Summary "summary",
    Sup "sup", Svg "svg", Table "table", Tbody "tbody", Td "td", Template "template",
    Textarea "textarea", Tfoot "tfoot", Th "th", Thead "thead", Time "time", Title "title",
    Tr "tr", Track "track", Tt "tt", U "u", Ul "ul", Video "video", Wbr "wbr", Xmp "xmp",
}

/// One more than the highest number of a tag.
pub(super) const N_TAGS: usize = NAMES.len() + 3;

/// Longest name in the table, in bytes.
const MAX_NAME: usize = 10;
const SLOTS: usize = 512;

const fn key(name: &[u8]) -> u128 {
    let mut key = 0;
    let mut i = 0;
    while i < name.len() {
        key = key << 8 | name[i].to_ascii_lowercase() as u128;
        i += 1;
    }
    key
}

const fn slot(key: u128) -> usize {
    let folded = (key as u64) ^ ((key >> 64) as u64).wrapping_mul(0x9e37_79b9);
    (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 55) as usize
}

/// Open addressing; the table is built when the program is.
static TABLE: [(u128, Tag); SLOTS] = {
    let mut table = [(0, Tag::Other); SLOTS];
    let mut i = 0;
    while i < NAMES.len() {
        let key = key(NAMES[i].0.as_bytes());
        let mut at = slot(key);
        while table[at].0 != 0 {
            at = (at + 1) % SLOTS;
        }
        table[at] = (key, NAMES[i].1);
        i += 1;
    }
    table
};

impl Tag {
    /// The tag called `name`, in any case.
    #[inline]
    pub(super) fn of(name: &[u8]) -> Self {
        if name.is_empty() || name.len() > MAX_NAME {
            return Tag::Other;
        }
        let key = key(name);
        let mut at = slot(key);
        while let Some((found, tag)) = TABLE.get(at % SLOTS) {
            if *found == key {
                return *tag;
            }
            if *found == 0 {
                break;
            }
            at += 1;
        }
        Tag::Other
    }

    /// Never has content.
    pub(super) fn is_void(self) -> bool {
        use Tag::*;
        matches!(
            self,
            Area | Base
                | Br
                | Col
                | Embed
                | Frame
                | Hr
                | Img
                | Input
                | Link
                | Meta
                | Param
                | Source
                | Track
                | Wbr
        )
    }

    /// Content is characters up to the end tag, not markup.
    pub(super) fn is_raw(self) -> bool {
        use Tag::*;
        matches!(
            self,
            Script | Style | Textarea | Title | Noembed | Noframes | Iframe | Xmp
        )
    }

    /// Begins and ends a line of text.
    pub(super) fn is_block(self) -> bool {
        use Tag::*;
        self.closes_p()
            || self.is_table_part()
            || matches!(
                self,
                Root | Body
                    | Html
                    | Head
                    | Li
                    | Dd
                    | Dt
                    | Br
                    | Option
                    | Optgroup
                    | Legend
                    | Video
                    | Audio
                    | Object
                    | Iframe
                    | Select
                    | Textarea
                    | Noscript
                    | Title
                    | Template
                    | Canvas
            )
    }

    /// A start tag of this ends an open paragraph.
    pub(super) fn closes_p(self) -> bool {
        use Tag::*;
        self.is_heading()
            || matches!(
                self,
                Address
                    | Article
                    | Aside
                    | Blockquote
                    | Center
                    | Details
                    | Dialog
                    | Dir
                    | Div
                    | Dl
                    | Fieldset
                    | Figcaption
                    | Figure
                    | Footer
                    | Form
                    | Header
                    | Hgroup
                    | Hr
                    | Listing
                    | Main
                    | Menu
                    | Nav
                    | Ol
                    | P
                    | Plaintext
                    | Pre
                    | Search
                    | Section
                    | Summary
                    | Table
                    | Ul
                    | Xmp
            )
    }

    /// `h1` to `h6`.
    pub(super) fn is_heading(self) -> bool {
        use Tag::*;
        matches!(self, H1 | H2 | H3 | H4 | H5 | H6)
    }

    /// Inside a table: a row, a cell, or what holds rows.
    pub(super) fn is_table_part(self) -> bool {
        use Tag::*;
        matches!(
            self,
            Caption | Colgroup | Tbody | Td | Tfoot | Th | Thead | Tr
        )
    }

    /// Keeps its white space.
    pub(super) fn is_pre(self) -> bool {
        matches!(
            self,
            Tag::Pre | Tag::Listing | Tag::Xmp | Tag::Plaintext | Tag::Textarea
        )
    }

    /// Nothing in it is text of the page for a reader without scripts, pictures or forms.
    pub(super) fn is_silent(self) -> bool {
        use Tag::*;
        matches!(
            self,
            Script
                | Style
                | Head
                | Title
                | Template
                | Noscript
                | Iframe
                | Noembed
                | Noframes
                | Svg
                | Math
                | Canvas
                | Object
                | Audio
                | Video
                | Select
                | Option
                | Optgroup
                | Datalist
                | Textarea
                | Button
                | Progress
                | Meter
                | Rp
                | Rt
                | Map
                | Dialog
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_case_and_no_other() {
        for (name, tag) in NAMES {
            assert_eq!(Tag::of(name.as_bytes()), *tag);
            assert_eq!(Tag::of(name.to_uppercase().as_bytes()), *tag);
            assert!(name.len() <= MAX_NAME);
            assert!((*tag as usize) < N_TAGS);
        }
        for other in ["", "x", "amp-img", "blockquotes", "h7", "\0"] {
            assert_eq!(Tag::of(other.as_bytes()), Tag::Other);
        }
    }
}
