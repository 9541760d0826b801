//! Tokens in, logits out: the layers at work on rows of several texts at once.

use super::Weights;
use super::pass::{Part, Room};
use super::seen::Seen;
use crate::engine::ops::blocks::{Products, Rows};
use crate::engine::ops::decode::{Angles, Kept, PAGE, Pages};
use crate::engine::ops::{Executor, Isa, Precision, Team};
use crate::engine::{Error, Result};

/// Most rows that go through the layers together.
const ROWS: usize = 512;

/// A text of a decoder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct TextId(pub(super) usize);

/// Of which tokens the logits are wanted: each expects the token after its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// Of none: there is more to read.
    Nothing,
    /// Of the last.
    Last,
    /// Of the last so many.
    Ends(usize),
    /// Of each.
    All,
}

/// Tokens to append to a text.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The text.
    pub text: TextId,
    /// The tokens.
    pub tokens: &'a [u32],
    /// Whose logits are wanted.
    pub wants: Wants,
}

impl Ask<'_> {
    /// The first token whose logits are wanted.
    fn first_wanted(&self) -> usize {
        let n = self.tokens.len();
        match self.wants {
            Wants::Nothing => n,
            Wants::Last => n - 1,
            Wants::Ends(some) => n - some.min(n),
            Wants::All => 0,
        }
    }
}

/// Who hears logits: the number of the ask, that of the token in it, and the logits `[V]`.
pub(super) type Hears<'a> = &'a mut dyn FnMut(usize, usize, &mut [f32]);

/// Who hears logits of several tokens together: of each the number of its ask and its own in it,
/// and all logits `[n, V]`. The team does nothing else meanwhile.
pub(super) type HearsAll<'a> = &'a mut dyn FnMut(&mut Team, &[(usize, usize)], &mut [f32]);

/// What is known of a text: its length, and the pages of its keys and values.
#[derive(Debug, Default)]
pub(super) struct Text {
    pub(super) len: usize,
    pub(super) pages: Vec<usize>,
}

/// A model at work.
pub struct Decoder<'m> {
    pub(super) weights: &'m Weights,
    pub(super) isa: Isa,
    pub(super) team: Team,
    pub(super) products: Products,
    pub(super) rows: Rows,
    pub(super) pages: Pages,
    pub(super) texts: Vec<Option<Text>>,
    pub(super) context: usize,
    pub(super) angles: [Angles; 2],
    pub(super) room: Room,
    /// What went into matrices, where somebody wants to know.
    pub(super) seen: Option<Seen>,
}

/// Pages for the keys and values of a model.
fn pages(weights: &Weights, kept: Kept) -> Pages {
    let shape = &weights.shape;
    Pages::new(kept, shape.n_layers, shape.n_kv_heads, shape.head_dim)
}

impl<'m> Decoder<'m> {
    /// A decoder of texts of at most `context` tokens each; 0: as many as the model was made for.
    ///
    /// # Errors
    /// When the model was made for fewer, or the system starts no threads.
    pub fn new(weights: &'m Weights, executor: &Executor, context: usize) -> Result<Self> {
        let shape = &weights.shape;
        if context > shape.context {
            return Err(Error::Usage {
                what: format!(
                    "a context of {context} tokens is asked of a model made for {}",
                    shape.context
                ),
                hint: format!("ask for at most {}", shape.context),
            });
        }
        Ok(Decoder {
            isa: executor.isa(),
            team: Team::new(executor.n_threads())?,
            products: Products::new(executor.isa(), executor.precision() == Precision::F32),
            rows: Rows::Counted,
            pages: pages(weights, Kept::F16),
            texts: Vec::new(),
            context: if context == 0 { shape.context } else { context },
            angles: shape.angles(),
            room: Room::default(),
            seen: None,
            weights,
        })
    }

    /// The same, with weights in blocks multiplied in f32 where they would lose bits on their way:
    /// activations in eight bits, or weights in bf16. Slower; what a model says is then its own,
    /// and not the machine's.
    pub fn in_f32(mut self) -> Self {
        self.products = self.products.in_f32();
        self
    }

    /// The same, with keys and values in eight bits, not in sixteen.
    pub fn in_eights(mut self) -> Self {
        self.pages = pages(self.weights, Kept::Q8); // nothing was read: `self` is new
        self.texts.clear();
        self
    }

    /// What went into the matrices since the last call; the first one begins to look.
    pub(in crate::engine) fn look(&mut self) -> Option<Seen> {
        let shape = &self.weights.shape;
        let (d, q, ff) = (shape.d_model, shape.q_width(), shape.d_ff);
        self.seen.replace(Seen::new(shape.n_layers, d, q, ff))
    }

    /// Most tokens of a text.
    pub fn context(&self) -> usize {
        self.context
    }

    /// Bytes of a token's keys and values, at most.
    pub fn position_bytes(&self) -> usize {
        let shape = &self.weights.shape;
        2 * shape.n_layers * shape.kv_width() * size_of::<half::f16>()
    }

    /// Tokens of the vocabulary.
    pub fn n_vocab(&self) -> usize {
        self.weights.shape.n_vocab
    }

    /// An empty text.
    pub fn begin(&mut self) -> TextId {
        let free = self.texts.iter().position(Option::is_none);
        let at = free.unwrap_or(self.texts.len());
        match self.texts.get_mut(at) {
            Some(text) => *text = Some(Text::default()),
            None => self.texts.push(Some(Text::default())),
        }
        TextId(at)
    }

    /// A text that begins as another does, whose pages both have as long as neither changes them.
    pub fn fork(&mut self, text: TextId) -> TextId {
        let of = self.text(text);
        let (len, pages) = (of.len, of.pages.clone());
        pages.iter().for_each(|page| self.pages.share(*page));
        let fork = self.begin();
        *self.text_mut(fork) = Text { len, pages };
        fork
    }

    /// Forgets a text.
    pub fn end(&mut self, text: TextId) {
        self.truncate(text, 0);
        self.texts[text.0] = None;
    }

    /// Tokens of a text.
    pub fn len(&self, text: TextId) -> usize {
        self.text(text).len
    }

    /// Whether a text has no tokens.
    pub fn is_empty(&self, text: TextId) -> bool {
        self.len(text) == 0
    }

    /// Forgets all but the first `n` tokens of a text.
    pub fn truncate(&mut self, text: TextId, n: usize) {
        let of = self.text_mut(text);
        of.len = of.len.min(n);
        let n_pages = of.len.div_ceil(PAGE).min(of.pages.len());
        let given = of.pages.split_off(n_pages);
        given.into_iter().for_each(|page| self.pages.give(page));
    }

    pub(super) fn text(&self, text: TextId) -> &Text {
        self.texts[text.0]
            .as_ref()
            .expect("a text that was not ended")
    }

    pub(super) fn text_mut(&mut self, text: TextId) -> &mut Text {
        self.texts[text.0]
            .as_mut()
            .expect("a text that was not ended")
    }

    /// Tokens from which on those read together are rounded otherwise than fewer; none where this
    /// machine rounds alike however many there are.
    pub fn least_many(&self) -> Option<usize> {
        self.products.least_many()
    }

    /// As [`Decoder::read`], rounded as if few or many tokens were read together, however many
    /// there are: what is heard then depends on nothing but the text. The rows whose logits are
    /// wanted are few behind the last layer's keys and values in either case.
    ///
    /// # Errors
    /// As [`Decoder::read`].
    pub(in crate::engine) fn read_as(
        &mut self,
        rows: Rows,
        asks: &[Ask<'_>],
        hears: HearsAll<'_>,
    ) -> Result<()> {
        self.rows = rows;
        let done = self.read_together(asks, hears);
        self.rows = Rows::Counted;
        done
    }

    /// Appends tokens to texts, each named once; the logits that are wanted go to `hears`.
    ///
    /// # Errors
    /// Refused, with the texts left as they were: no tokens, more than a context has room for,
    /// tokens outside of the vocabulary. Told when logits come: a weight is no number.
    pub fn read(&mut self, asks: &[Ask<'_>], hears: Hears<'_>) -> Result<()> {
        let n_vocab = self.n_vocab();
        self.read_together(asks, &mut |_, tokens, logits| {
            for ((ask, at), logits) in tokens.iter().zip(logits.chunks_exact_mut(n_vocab)) {
                hears(*ask, *at, logits);
            }
        })
    }

    fn read_together(&mut self, asks: &[Ask<'_>], hears: HearsAll<'_>) -> Result<()> {
        for ask in asks {
            self.check(ask)?;
        }
        let mut parts: Vec<Part> = Vec::new();
        let mut row = 0;
        for (number, ask) in asks.iter().enumerate() {
            let (mut first, start) = (0, self.len(ask.text));
            while first < ask.tokens.len() {
                if row == ROWS {
                    self.pass(&parts, asks, hears)?;
                    parts.clear();
                    row = 0;
                }
                let n = (ask.tokens.len() - first).min(ROWS - row);
                parts.push(Part {
                    ask: number,
                    first,
                    text: ask.text,
                    row,
                    n,
                    pos: start + first,
                    wanted: ask.first_wanted().saturating_sub(first).min(n),
                });
                (first, row) = (first + n, row + n);
            }
        }
        self.pass(&parts, asks, hears)
    }

    fn check(&self, ask: &Ask<'_>) -> Result<()> {
        let n = ask.tokens.len();
        let room = self.context.saturating_sub(self.len(ask.text));
        if n == 0 {
            return Err(Error::Usage {
                what: "there is no text to continue".into(),
                hint: "begin with a token, such as the one that ends a text".into(),
            });
        }
        if n > room {
            let context = self.context;
            return Err(Error::Usage {
                what: format!("{n} tokens do not fit: {room} of the context of {context} are left"),
                hint: "use a larger context or a shorter text".into(),
            });
        }
        let n_vocab = self.n_vocab();
        match ask.tokens.iter().find(|t| **t as usize >= n_vocab) {
            Some(token) => Err(Error::Failed(format!(
                "token {token} is outside of a vocabulary of {n_vocab}"
            ))),
            None => Ok(()),
        }
    }
}
