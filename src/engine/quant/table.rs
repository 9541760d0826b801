//! The types of files, and the mix of types each is made of.
//!
//! The mixes are those of llama.cpp (`llama-quant.cpp`), so that a file made here has the size and
//! the quality its name promises there.

/// A type of file.
#[derive(Debug, PartialEq, Eq)]
pub struct Quant {
    /// What it is called on the command line and in file names.
    pub name: &'static str,
    /// Value of `general.file_type` (llama.h, `llama_ftype`).
    pub file_type: u32,
    /// Type of the matrices that no rule below names.
    pub(super) matrix: &'static str,
    /// Matrices that get another type; of several rules for one the first counts.
    pub(super) mix: &'static [Rule],
    /// One line for people who choose.
    pub about: &'static str,
}

/// Matrices of some layers that get another type than the rest.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) part: Part,
    pub(super) when: When,
    /// The type they get.
    pub(super) kind: &'static str,
}

/// What a matrix is, as far as its type depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The embedding of tokens.
    Embedding,
    /// The output matrix, where it is not the embedding.
    Output,
    /// Keys of attention.
    Key,
    /// Values of attention: small where heads share them, and precious.
    Value,
    /// What attention gives back.
    AttentionOutput,
    /// The last matrix of the feed-forward block.
    Down,
    /// Any other.
    Other,
}

/// In which layers, or in which models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Always,
    /// In the first so many layers.
    First(usize),
    /// In the first layers, one of so many.
    FirstOf(usize),
    /// In the first eighth, the last eighth, and every third layer between.
    Spread,
    /// Where four query heads or more share a value head.
    Shared,
    /// In the first eighth, where columns have importance.
    FirstEighthWeighed,
    /// In the first eighth, where columns have no importance.
    FirstEighthPlain,
}

const fn rule(part: Part, when: When, kind: &'static str) -> Rule {
    Rule { part, when, kind }
}

const fn quant(
    name: &'static str,
    file_type: u32,
    matrix: &'static str,
    mix: &'static [Rule],
    about: &'static str,
) -> Quant {
    Quant {
        name,
        file_type,
        matrix,
        mix,
        about,
    }
}

use Part::{AttentionOutput, Down, Value};
use When::{Always, First, FirstEighthPlain, FirstEighthWeighed, FirstOf, Shared, Spread};

/// What `_m` types of four and five bits give to what suffers most.
const SPREAD_Q6: &[Rule] = &[rule(Value, Spread, "Q6_K"), rule(Down, Spread, "Q6_K")];
/// What types of uneven levels give more bits to.
const UNEVEN: &[Rule] = &[
    rule(Value, Shared, "Q5_K"),
    rule(Down, FirstEighthPlain, "Q5_K"),
];

/// Every type of file, most bits first.
pub static QUANTS: [Quant; 18] = [
    quant(
        "f16",
        1,
        "F16",
        &[],
        "half precision: 16 bits, all but lossless",
    ),
    quant(
        "bf16",
        32,
        "BF16",
        &[],
        "brain floats: 16 bits, the range of f32",
    ),
    quant("q8_0", 7, "Q8_0", &[], "8.5 bits, hardly any loss"),
    quant("q6_k", 18, "Q6_K", &[], "6.6 bits, very little loss"),
    quant(
        "q5_1",
        9,
        "Q5_1",
        &[],
        "6 bits, plain blocks with an offset",
    ),
    quant(
        "q5_k_m",
        17,
        "Q5_K",
        SPREAD_Q6,
        "about 5.7 bits, more where it matters: little loss",
    ),
    quant("q5_k_s", 16, "Q5_K", &[], "5.5 bits, little loss"),
    quant(
        "q5_0",
        8,
        "Q5_0",
        &[rule(Down, FirstEighthWeighed, "Q5_1")],
        "5.5 bits, plain blocks",
    ),
    quant(
        "q4_1",
        3,
        "Q4_1",
        &[],
        "5 bits, plain blocks with an offset",
    ),
    quant(
        "q4_k_m",
        15,
        "Q4_K",
        SPREAD_Q6,
        "about 4.9 bits, more where it matters: the usual choice",
    ),
    quant(
        "q4_k_s",
        14,
        "Q4_K",
        &[
            rule(Value, First(4), "Q5_K"),
            rule(Down, FirstOf(8), "Q5_K"),
        ],
        "about 4.6 bits, a little smaller than the usual choice",
    ),
    quant(
        "q4_0",
        2,
        "Q4_0",
        &[rule(Down, FirstEighthWeighed, "Q4_1")],
        "4.5 bits, plain blocks, fastest on many machines",
    ),
    quant(
        "iq4_nl",
        25,
        "IQ4_NL",
        UNEVEN,
        "4.5 bits, uneven levels, for rows of any whole 32",
    ),
    quant("iq4_xs", 30, "IQ4_XS", UNEVEN, "4.3 bits, uneven levels"),
    quant(
        "q3_k_l",
        13,
        "Q3_K",
        &[
            rule(Value, Always, "Q5_K"),
            rule(Down, Always, "Q5_K"),
            rule(AttentionOutput, Always, "Q5_K"),
        ],
        "about 4.3 bits, of which most matrices have 3.4: much loss",
    ),
    quant(
        "q3_k_m",
        12,
        "Q3_K",
        &[
            rule(Value, First(2), "Q5_K"),
            rule(Value, Always, "Q4_K"),
            rule(Down, FirstOf(16), "Q5_K"),
            rule(Down, Always, "Q4_K"),
            rule(AttentionOutput, Always, "Q4_K"),
        ],
        "about 3.9 bits: much loss",
    ),
    quant("q3_k_s", 11, "Q3_K", &[], "3.4 bits: great loss"),
    quant(
        "q2_k",
        10,
        "Q2_K",
        &[
            rule(Value, Shared, "Q4_K"),
            rule(Value, Always, "Q3_K"),
            rule(Down, Always, "Q3_K"),
            rule(AttentionOutput, Always, "Q3_K"),
        ],
        "about 3 bits: what is left when nothing else fits",
    ),
];

impl Quant {
    /// The type of that name, in any case.
    pub fn named(name: &str) -> Option<&'static Quant> {
        QUANTS.iter().find(|q| q.name.eq_ignore_ascii_case(name))
    }
}
