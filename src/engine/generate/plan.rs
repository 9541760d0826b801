//! What `eu chat` will do.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::super::ops::Precision;
use super::super::{Error, Result};
use super::stop::{MAX_STOP_BYTES, MAX_STOPS};
use crate::lang::Lang;

/// How `eu chat` chooses tokens; section `[chat]` of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// Folder, GGUF file or run directory.
    pub model: PathBuf,
    /// Divides the logits; 0: always the likeliest token.
    pub temperature: f64,
    /// How far the temperature goes below and above, by how sure the model is; 0: not at all.
    pub dynatemp_range: f64,
    /// Above 1 the temperature rises later with doubt, below 1 sooner.
    pub dynatemp_exponent: f64,
    /// Keep tokens within this many standard deviations of the highest logit; 0: all.
    pub top_n_sigma: f64,
    /// Keep this many likeliest tokens; 0: all.
    pub top_k: usize,
    /// Keep the tokens of the most usual surprise that make up this probability; 1: all.
    pub typical_p: f64,
    /// Keep the likeliest tokens that make up this probability; 1: all.
    pub top_p: f64,
    /// Keep tokens at least this likely, relative to the likeliest; 0: all.
    pub min_p: f64,
    /// How often all likely tokens but the least likely of them are left out; 0: never.
    pub xtc_probability: f64,
    /// Probability from which a token counts as likely for that.
    pub xtc_threshold: f64,
    /// Divides the logits of tokens that were there lately; 1: not at all.
    pub repeat_penalty: f64,
    /// Taken from the logit of a token that was there lately.
    pub presence_penalty: f64,
    /// Taken from the logit of a token for each time it was there lately.
    pub frequency_penalty: f64,
    /// Tokens that count as lately for these penalties; 0: all.
    pub repeat_last_n: usize,
    /// DRY: what a token loses that makes a repetition longer than allowed; 0: nothing.
    pub dry_multiplier: f64,
    /// DRY: by how much that grows with each further token.
    pub dry_base: f64,
    /// DRY: tokens that may be repeated freely.
    pub dry_allowed_length: usize,
    /// DRY: tokens in which repetitions are looked for; 0: all.
    pub dry_last_n: usize,
    /// DRY: texts that no repetition reaches across.
    pub dry_breakers: Vec<String>,
    /// Version of Mirostat to keep the surprise constant, in place of leaving tokens out; 0: none.
    pub mirostat: u8,
    /// Mirostat: the surprise to keep, in bits.
    pub mirostat_tau: f64,
    /// Mirostat: how fast it learns.
    pub mirostat_eta: f64,
    /// Added to logits: `ID+X` or `TEXT-X` each.
    pub logit_bias: Vec<String>,
    /// Texts that end an answer and are no part of it.
    pub stop: Vec<String>,
    /// Grammar that an answer must follow, in GBNF.
    pub grammar: Option<String>,
    /// File with such a grammar.
    pub grammar_file: Option<PathBuf>,
    /// JSON schema that an answer must follow, or a file with one.
    pub json_schema: Option<String>,
    /// Most tokens guessed from what was said before and checked together; 0: none.
    pub draft: usize,
    /// Most tokens to generate; 0: until the context is full.
    pub max_tokens: usize,
    /// Largest context used; 0: the model's own.
    pub context: usize,
    /// Forget the oldest half of a full context and go on, in place of ending there.
    pub context_shift: bool,
    /// What keys and values are kept in: `f16` or `q8_0`.
    pub kv: String,
    /// System prompt of a conversation.
    pub system: Option<String>,
    /// Language the model is asked to answer in.
    pub lang: Option<String>,
    /// Keep neither conversations nor questions.
    pub no_history: bool,
    /// Continue text as it is, without a chat template.
    pub raw: bool,
    /// Likeliest tokens told beside each token, with their log-probabilities; none: nothing more
    /// than the text.
    pub logprobs: Option<usize>,
    /// Answers written side by side, where many are asked for.
    pub parallel: usize,
    /// What the chat template is told beside the conversation: `enable_thinking=false`.
    pub template_arg: Vec<String>,
    /// Where the work is done: `auto`, `cpu`, `reference`.
    pub device: String,
    /// Instruction set of the processor: `auto`, `amx`, `avx512`, `avx2`, `neon`, `scalar`.
    pub cpu: String,
    /// What activations and products are computed in.
    pub precision: Precision,
    /// Seed of the choice of tokens; none: another one each time.
    pub seed: Option<u64>,
    /// Threads; 0: one a core.
    pub threads: usize,
}

impl Plan {
    /// Refuses settings that make no sense.
    ///
    /// # Errors
    /// [`Error::Usage`] with the name of the setting.
    pub(super) fn check(&self) -> Result<()> {
        if !KV.contains(&self.kv.as_str()) {
            return Err(Error::Usage {
                what: format!("kv = {:?} is not known", self.kv),
                hint: format!("choose one of {}", KV.join(", ")),
            });
        }
        self.check_numbers()?;
        self.check_texts()
    }

    fn check_numbers(&self) -> Result<()> {
        let any = f64::NEG_INFINITY..=f64::INFINITY;
        let positive = 0.0..=f64::INFINITY;
        let (share, above_0) = (0.0..=1.0, f64::MIN_POSITIVE..=f64::INFINITY);
        for (name, value, range, hint) in [
            (
                "temperature",
                self.temperature,
                &positive,
                "give 0 for the likeliest token, or a number such as 0.8",
            ),
            (
                "dynatemp_range",
                self.dynatemp_range,
                &positive,
                "give 0 for none, or such as 0.5",
            ),
            (
                "dynatemp_exponent",
                self.dynatemp_exponent,
                &above_0,
                "give a number such as 1",
            ),
            (
                "top_n_sigma",
                self.top_n_sigma,
                &positive,
                "give 0 for all, or a number such as 1.5",
            ),
            (
                "typical_p",
                self.typical_p,
                &share,
                "give a number from 0 to 1, such as 0.9",
            ),
            (
                "top_p",
                self.top_p,
                &share,
                "give a number from 0 to 1, such as 0.95",
            ),
            (
                "min_p",
                self.min_p,
                &share,
                "give a number from 0 to 1, such as 0.05",
            ),
            (
                "xtc_probability",
                self.xtc_probability,
                &share,
                "give a number from 0 to 1",
            ),
            (
                "xtc_threshold",
                self.xtc_threshold,
                &share,
                "give a number from 0 to 1, such as 0.1",
            ),
            (
                "repeat_penalty",
                self.repeat_penalty,
                &above_0,
                "give 1 for none, or such as 1.1",
            ),
            (
                "presence_penalty",
                self.presence_penalty,
                &any,
                "give 0 for none, or such as 0.5",
            ),
            (
                "frequency_penalty",
                self.frequency_penalty,
                &any,
                "give 0 for none, or such as 0.5",
            ),
            (
                "dry_multiplier",
                self.dry_multiplier,
                &positive,
                "give 0 for none, or such as 0.8",
            ),
            (
                "dry_base",
                self.dry_base,
                &(1.0..=1e6),
                "give a number from 1, such as 1.75",
            ),
            (
                "mirostat",
                f64::from(self.mirostat),
                &(0.0..=2.0),
                "give 0 for none, 1 or 2",
            ),
            (
                "mirostat_tau",
                self.mirostat_tau,
                &positive,
                "give a number of bits, such as 5",
            ),
            (
                "mirostat_eta",
                self.mirostat_eta,
                &share,
                "give a number from 0 to 1, such as 0.1",
            ),
            (
                "draft",
                self.draft as f64,
                &(0.0..=MAX_DRAFT),
                "give 0 for none, or such as 8",
            ),
            (
                "logprobs",
                self.logprobs.unwrap_or(0) as f64,
                &(0.0..=MAX_LOGPROBS),
                "give how many tokens, such as 5",
            ),
            (
                "parallel",
                self.parallel as f64,
                &(1.0..=MAX_PARALLEL),
                "give how many answers, such as 8",
            ),
        ] {
            if !value.is_finite() || !range.contains(&value) {
                return Err(Error::Usage {
                    what: format!("{name} = {value} makes no sense"),
                    hint: hint.into(),
                });
            }
        }
        self.lang().map(drop)
    }

    /// The row of the language asked for.
    ///
    /// # Errors
    /// When no language is called so.
    pub fn lang(&self) -> Result<Option<&'static Lang>> {
        let Some(name) = self.lang.as_deref().filter(|name| !name.is_empty()) else {
            return Ok(None);
        };
        let wrong = |what: String| Error::Usage {
            what,
            hint: "give the code of one language, such as de".into(),
        };
        let named = Lang::select(&[name]).map_err(|e| wrong(e.to_string()))?;
        match named.as_slice() {
            [lang] => Ok(Some(lang)),
            _ => Err(wrong(format!("lang = {name} is a set of languages"))),
        }
    }

    fn check_texts(&self) -> Result<()> {
        let usage = |what: String, hint: &str| {
            let hint = hint.into();
            Err(Error::Usage { what, hint })
        };
        for (name, texts) in [("stop", &self.stop), ("dry_breakers", &self.dry_breakers)] {
            if texts.len() > MAX_STOPS {
                let what = format!("{name}: {} texts are too many", texts.len());
                return usage(what, &format!("give at most {MAX_STOPS}"));
            }
            if texts
                .iter()
                .any(|text| text.len() > MAX_STOP_BYTES || text.is_empty())
            {
                let hint = format!("give texts of 1 to {MAX_STOP_BYTES} bytes");
                return usage(format!("{name}: a text is empty or too long"), &hint);
            }
        }
        let given = [
            self.grammar.is_some().then_some("grammar"),
            self.grammar_file.is_some().then_some("grammar_file"),
            self.json_schema.is_some().then_some("json_schema"),
        ];
        let given: Vec<&str> = given.into_iter().flatten().collect();
        match given[..] {
            [first, second, ..] => usage(
                format!("{first} and {second} cannot both hold"),
                "an answer follows one grammar or one schema",
            ),
            _ => Ok(()),
        }
    }
}

/// What keys and values can be kept in.
pub const KV: [&str; 2] = ["f16", "q8_0"];

/// Most tokens that are worth guessing.
const MAX_DRAFT: f64 = 256.0;
/// Most tokens told beside each.
const MAX_LOGPROBS: f64 = 256.0;
/// Most answers side by side.
const MAX_PARALLEL: f64 = 1024.0;

impl Default for Plan {
    fn default() -> Self {
        Plan {
            model: "run".into(),
            temperature: 0.8,
            dynatemp_range: 0.0,
            dynatemp_exponent: 1.0,
            top_n_sigma: 0.0,
            top_k: 40,
            typical_p: 1.0,
            top_p: 0.95,
            min_p: 0.05,
            xtc_probability: 0.0,
            xtc_threshold: 0.1,
            repeat_penalty: 1.0,
            presence_penalty: 0.0,
            frequency_penalty: 0.0,
            repeat_last_n: 64,
            dry_multiplier: 0.0,
            dry_base: 1.75,
            dry_allowed_length: 2,
            dry_last_n: 64,
            dry_breakers: ["\n", ":", "\"", "*"].map(String::from).to_vec(),
            mirostat: 0,
            mirostat_tau: 5.0,
            mirostat_eta: 0.1,
            logit_bias: Vec::new(),
            stop: Vec::new(),
            grammar: None,
            grammar_file: None,
            json_schema: None,
            draft: 0,
            max_tokens: 256,
            context: 0,
            context_shift: false,
            kv: KV[0].into(),
            system: None,
            lang: None,
            no_history: false,
            raw: false,
            logprobs: None,
            parallel: 8,
            template_arg: Vec::new(),
            device: "auto".into(),
            cpu: "auto".into(),
            precision: Precision::F32,
            seed: None,
            threads: 0,
        }
    }
}
