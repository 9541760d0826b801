//! The ways to cut words that llama.cpp knows by name (`tokenizer.ggml.pre`), for reading.
//!
//! Each is a row of patterns. The first cuts the text into what it matches and what lies between,
//! the next one cuts these parts, and so on. The patterns are those llama.cpp applies, which are
//! not always the ones the makers of a model wrote: letters of more than ASCII have no case there,
//! for example. So ids are its ids. Not here are those of its names that no pattern says: `afmoe`,
//! `tiny_aya` (numbers counted from their ends) and those that do not write bytes as characters.

use std::sync::{LazyLock, OnceLock};

use tokenizers::utils::SysRegex;

use super::{GPT2_PATTERN, PRE_TOKENIZERS, PreTokenizer};

/// Ends of words and white space, which many patterns end with.
macro_rules! ends {
    () => {
        r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    };
}
/// English contractions in any case, of ASCII letters only.
macro_rules! contractions {
    () => {
        r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
    };
}
/// A word of letters and marks as DeepSeek cuts it, up to its punctuation.
macro_rules! deepseek {
    () => {
        concat!(
            r##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|"##,
            r"[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+"
        )
    };
}
/// Words in which a capital may begin anew, where $upper are letters but a to z and $lower letters
/// but A to Z; $end may follow them.
macro_rules! cased {
    ($upper:literal, $lower:literal, $end:expr) => {
        concat!(
            r"[^\r\n\p{L}\p{N}]?",
            $upper,
            "*",
            $lower,
            "+",
            $end,
            r"|[^\r\n\p{L}\p{N}]?",
            $upper,
            "+",
            $lower,
            "*",
            $end
        )
    };
}
/// Words in which a capital begins anew, as the makers of these vocabularies write it.
macro_rules! cased_letters {
    ($end:literal) => {
        cased!(
            r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]",
            r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]",
            $end
        )
    };
}

/// A way to cut words.
pub struct Pre {
    /// Values of `tokenizer.ggml.pre`; the first is the usual one.
    pub names: &'static [&'static str],
    /// How.
    pub(super) cuts: Cuts,
    /// Whether a whole word of the vocabulary is taken without merging.
    pub ignore_merges: bool,
    /// Whether `bos` is put in front where a file does not say.
    pub adds_bos: bool,
}

/// By what words are cut.
pub(super) enum Cuts {
    /// As this row of [`PRE_TOKENIZERS`] does.
    As(usize),
    /// By patterns one after another.
    By(Steps),
}

/// Patterns, made ready when they are first used.
pub(super) struct Steps {
    patterns: &'static [&'static str],
    ready: OnceLock<Vec<SysRegex>>,
}

impl Steps {
    fn new(patterns: &'static [&'static str]) -> Self {
        Steps {
            patterns,
            ready: OnceLock::new(),
        }
    }

    /// The patterns, ready to be applied.
    pub(super) fn ready(&self) -> &[SysRegex] {
        self.ready.get_or_init(|| {
            let ready = |pattern: &&str| SysRegex::new(pattern);
            let ready: Result<_, _> = self.patterns.iter().map(ready).collect();
            ready.expect("a test makes every pattern ready")
        })
    }
}

impl Pre {
    /// The way that has this name.
    pub fn named(name: &str) -> Option<&'static Pre> {
        KNOWN.iter().find(|pre| pre.names.contains(&name))
    }

    /// All names, in the order of the table.
    pub fn names() -> impl Iterator<Item = &'static str> {
        KNOWN.iter().flat_map(|pre| pre.names).copied()
    }

    /// The patterns, and whether every digit is cut off before them.
    pub(super) fn patterns(&self) -> (Vec<&'static str>, bool) {
        match &self.cuts {
            Cuts::As(row) => {
                let PreTokenizer {
                    pattern,
                    single_digits,
                    ..
                } = PRE_TOKENIZERS[*row];
                (vec![pattern], single_digits)
            }
            Cuts::By(steps) => (steps.patterns.to_vec(), false),
        }
    }
}

/// Patterns of `tokenizer.json` that have a name in GGUF files too, under which llama.cpp cuts a
/// little differently: letters beyond ASCII are there both capital and small, so that `straßeÜber`
/// is one word and `ÜBER` two.
pub static NAMED_ALIKE: [PreTokenizer; 2] = [
    PreTokenizer {
        name: "tekken",
        pattern: concat!(
            cased_letters!(""),
            r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*",
            ends!()
        ),
        ignore_merges: true,
        single_digits: false,
        adds_bos: true,
    },
    PreTokenizer {
        name: "gpt-4o",
        pattern: concat!(
            cased_letters!(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"),
            r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*",
            ends!()
        ),
        ignore_merges: false,
        single_digits: false,
        adds_bos: false,
    },
];

/// A row that neither takes whole words nor adds `bos`.
fn by(names: &'static [&'static str], patterns: &'static [&'static str]) -> Pre {
    Pre {
        names,
        cuts: Cuts::By(Steps::new(patterns)),
        ignore_merges: false,
        adds_bos: false,
    }
}

fn like(names: &'static [&'static str], row: usize) -> Pre {
    Pre {
        names,
        cuts: Cuts::As(row),
        ignore_merges: false,
        adds_bos: false,
    }
}

fn whole(pre: Pre) -> Pre {
    Pre {
        ignore_merges: true,
        ..pre
    }
}

fn with_bos(pre: Pre) -> Pre {
    Pre {
        adds_bos: true,
        ..pre
    }
}

// Rows of PRE_TOKENIZERS.
const LLAMA3: usize = 0;
const QWEN2: usize = 1;
const GPT2: usize = 2;
const SMOLLM: usize = 3;
const QWEN2_PATTERN: &str = PRE_TOKENIZERS[QWEN2].pattern;

const HAN_KANA: &str = r"[\u{4e00}-\u{9fa5}\u{3040}-\u{309f}\u{30a0}-\u{30ff}]+";
const DEEPSEEK: &str = concat!(deepseek!(), r"[\r\n]*", ends!());
const BLOOM: &str = r" ?[^(\s|.,!?\u{2026}\u{3002}\u{ff0c}\u{3001}\u{964}\u{6d4}\u{60c})]+";
/// Letters that have case, as of when DeepSeek's first vocabulary was made.
const DEEPSEEK_LETTERS: &str = concat!(
    r"\s?[",
    r"A-Za-z\u{b5}\u{c0}-\u{d6}\u{d8}-\u{f6}\u{f8}-\u{1ba}\u{1bc}-\u{1bf}\u{1c4}-\u{293}",
    r"\u{295}-\u{2af}\u{370}-\u{373}\u{376}\u{377}\u{37b}-\u{37d}\u{37f}\u{386}",
    r"\u{388}-\u{38a}\u{38c}\u{38e}-\u{3a1}\u{3a3}-\u{3f5}\u{3f7}-\u{481}\u{48a}-\u{52f}",
    r"\u{531}-\u{556}\u{10a0}-\u{10c5}\u{13a0}-\u{13f5}\u{13f8}-\u{13fd}\u{1c90}-\u{1cba}",
    r"\u{1cbd}-\u{1cbf}\u{1d00}-\u{1d2b}\u{1d6b}-\u{1d77}\u{1d79}-\u{1d9a}",
    r"\u{1e00}-\u{1f15}\u{1f18}-\u{1f1d}\u{1f20}-\u{1f45}\u{1f48}-\u{1f4d}",
    r"\u{1f50}-\u{1f57}\u{1f59}\u{1f5b}\u{1f5d}\u{1f5f}-\u{1f7d}\u{1f80}-\u{1fb4}",
    r"\u{1fb6}-\u{1fbc}\u{1fbe}\u{1fc2}-\u{1fc4}\u{1fc6}-\u{1fcc}\u{1fd0}-\u{1fd3}",
    r"\u{1fd6}-\u{1fdb}\u{1fe0}-\u{1fec}\u{1ff2}-\u{1ff4}\u{1ff6}-\u{1ffc}\u{2102}\u{2107}",
    r"\u{210a}-\u{2113}\u{2115}\u{2119}-\u{211d}\u{2124}\u{2126}\u{2128}\u{212a}-\u{212d}",
    r"\u{212f}-\u{2134}\u{2139}\u{213c}-\u{213f}\u{2145}-\u{2149}\u{214e}\u{2183}\u{2184}",
    r"\u{2c00}-\u{2c7b}\u{2c7e}-\u{2ce4}\u{2ceb}-\u{2cee}\u{2cf2}\u{2cf3}\u{a640}-\u{a66d}",
    r"\u{a680}-\u{a69b}\u{a722}-\u{a76f}\u{a771}-\u{a787}\u{a78b}-\u{a78e}",
    r"\u{ab70}-\u{abbf}\u{fb00}-\u{fb06}\u{fb13}-\u{fb17}\u{ff21}-\u{ff3a}",
    r"\u{ff41}-\u{ff5a}\u{10400}-\u{1044f}\u{104b0}-\u{104d3}\u{104d8}-\u{104fb}",
    r"\u{10c80}-\u{10cb2}\u{10cc0}-\u{10cf2}\u{118a0}-\u{118df}\u{1e900}-\u{1e943}",
    r"]+",
);

static KNOWN: LazyLock<[Pre; 29]> = LazyLock::new(|| {
    [
        whole(with_bos(like(
            &[
                "llama-bpe",
                "llama3",
                "llama-v3",
                "falcon3",
                "falcon-h1",
                "pixtral",
                "midm-2.0",
                "lfm2",
                "jina-v5-nano",
            ],
            LLAMA3,
        ))),
        like(&["dbrx", "smaug-bpe", "chatglm-bpe"], LLAMA3),
        whole(like(&["glm4", "glm5"], LLAMA3)),
        like(
            &[
                "qwen2",
                "deepseek-r1-qwen",
                "kormo",
                "f2llmv2",
                "stablelm2",
                "megrez",
                "hunyuan",
                "grok-2",
                "solar-open",
            ],
            QWEN2,
        ),
        like(
            &[
                "gpt-2",
                "phi-2",
                "mpt",
                "olmo",
                "jais",
                "jina-es",
                "jina-de",
                "jina-v1-en",
                "jina-v2-es",
                "jina-v2-de",
                "jina-v2-code",
                "roberta-bpe",
                "gigachat",
                "a.x-4.0",
                "mellum",
                "modern-bert",
                "exaone4",
                "trillion",
                "granite-docling",
            ],
            GPT2,
        ),
        like(
            &[
                "smollm",
                "starcoder",
                "refact",
                "command-r",
                "codeshell",
                "exaone",
                "minerva-7b",
                "mellum2",
            ],
            SMOLLM,
        ),
        by(
            &["default"],
            &[
                r"[\p{P}$+<=>^~|]+",
                GPT2_PATTERN,
                r"\p{N}+",
                "[0-9][0-9][0-9]",
            ],
        ),
        by(
            &["falcon"],
            &[r"[\p{P}$+<=>^~|`]+", GPT2_PATTERN, "[0-9][0-9][0-9]"],
        ),
        by(
            &["deepseek-llm"],
            &[
                r"[\r\n]",
                DEEPSEEK_LETTERS,
                r"\s?[!-/:-~\u{ff01}-\u{ff0f}\u{ff1a}-\u{ff5e}\u{2018}-\u{201f}\u{3000}-\u{3002}]+",
                r"\s+\z",
                r"[\u{4e00}-\u{9fa5}\u{800}-\u{4e00}\u{ac00}-\u{d7ff}]+",
                r"\p{N}+",
            ],
        ),
        by(
            &["deepseek-coder"],
            &[
                r"[\r\n]",
                r"\s?\p{L}+",
                r"\s?\p{P}+",
                r"[\u{4e00}-\u{9fa5}\u{800}-\u{4e00}\u{ac00}-\u{d7ff}]+",
                r"\p{N}",
            ],
        ),
        by(
            &["deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"],
            &[r"\p{N}{1,3}", HAN_KANA, DEEPSEEK],
        ),
        by(
            &["spark2_5"],
            &[
                r"\p{N}{1,3}",
                HAN_KANA,
                concat!(deepseek!(), r"|[\r\n]|\s+(?!\S)|\s+"),
                r"\p{N}",
            ],
        ),
        whole(by(
            &["youtu"],
            &[
                r"[\u{ac00}-\u{d7a3}\u{3131}-\u{318e}]+|[\u{ff01}\u{2026}\u{201c}\u{201d}\u{2018}\u{2019}\u{2014}\u{ff1a}\u{ff1b}\u{ff0c}\u{3001}-\u{303f}\u{fe30}-\u{fe4f}]+|[\u{3105}-\u{312f}]+|[\u{4e00}-\u{9fa5}\u{3040}-\u{309f}\u{30a0}-\u{30ff}]+",
                concat!(
                    r"[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+",
                    contractions!(),
                    r"?|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*",
                    ends!()
                ),
            ],
        )),
        by(&["bloom", "poro-chat", "gpt3-finnish"], &[BLOOM]),
        by(&["viking"], &[BLOOM, r"\p{N}"]),
        whole(with_bos(by(
            &["tekken"],
            &[concat!(
                cased!(r"[\p{L}--[a-z]]", r"[\p{L}--[A-Z]]", ""),
                r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*",
                ends!()
            )],
        ))),
        by(
            &["gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"],
            &[concat!(
                cased!(
                    r"[\p{L}--[a-z]]",
                    r"[\p{L}--[A-Z]]",
                    concat!(contractions!(), "?")
                ),
                r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*",
                ends!()
            )],
        ),
        whole(by(
            &["granite-embed-multi-97m"],
            &[concat!(
                cased!(
                    r"[\p{L}\p{M}--[a-z]]",
                    r"[\p{L}\p{M}--[A-Z]]",
                    concat!(contractions!(), "?")
                ),
                r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*",
                ends!()
            )],
        )),
        by(
            &["kimi-k2"],
            &[concat!(
                r"\p{Han}+|[^\r\n\p{L}\p{N}]?[\p{L}--\p{Han}]+",
                contractions!(),
                r"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*",
                ends!()
            )],
        ),
        with_bos(by(
            &["chameleon"],
            &[
                "<sentinel:[0-9]+>",
                "IMGIMG[A-I]{1,4}Z",
                r"[\t\n]|    |  ",
                r"\p{N}",
                r"[\p{P}!-/:-@\[-`{-~]",
                GPT2_PATTERN,
            ],
        )),
        by(&["superbpe"], &[r"\p{N}+", r"(?=(\d{3})+(?!\d))"]),
        by(
            &["bailingmoe", "bailingmoe2", "llada-moe"],
            &[concat!(
                contractions!(),
                r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
            )],
        ),
        by(
            &["seed-coder"],
            &[concat!(
                contractions!(),
                r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}\r\n]+",
                ends!()
            )],
        ),
        by(
            &["ufakzeka"],
            &[concat!(
                r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*",
                ends!()
            )],
        ),
        by(
            &["qwen35"],
            &[concat!(
                contractions!(),
                r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*",
                ends!()
            )],
        ),
        by(
            &["exaone-moe"],
            &[concat!(
                contractions!(),
                r"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+",
                r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+"
            )],
        ),
        by(&["laguna"], &[r"[^\n]+|\n+", QWEN2_PATTERN]),
        by(
            &["jais-2"],
            &[concat!(
                contractions!(),
                r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+",
                r"|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)",
                r"|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}"
            )],
        ),
        whole(by(
            &["minicpm5"],
            &[
                r"\p{N}{1,3}",
                concat!(
                    contractions!(),
                    r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*",
                    ends!()
                ),
            ],
        )),
    ]
});

#[cfg(test)]
mod tests;
