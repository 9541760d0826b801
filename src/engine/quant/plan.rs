//! What `eu quantize` will do.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::choose::Rules;
use super::table::Quant;
use crate::engine::eval::Gates;
use crate::engine::ops::Precision;
use crate::engine::{Error, Result};

/// What `eu quantize` will do; section `[quantize]` of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// Hugging Face folder or run directory.
    pub model: PathBuf,
    /// GGUF file to write; none: `model-<type>.gguf` beside the model.
    pub output: Option<PathBuf>,
    /// Type of the file, one of [`QUANTS`](super::QUANTS).
    pub r#type: String,
    /// Rules `REGEX=TYPE`: tensors whose name in the file the pattern meets get that type, of
    /// several rules by the first.
    pub tensor: Vec<String>,
    /// Type of the output matrix, or of the embedding that serves as such.
    pub output_type: Option<String>,
    /// Type of the token embedding.
    pub embedding_type: Option<String>,
    /// All matrices get the type the file is named for, none more bits.
    pub pure: bool,
    /// File that says how important each column is, as llama.cpp writes it.
    pub imatrix: Option<PathBuf>,
    /// Text to compute importance from: a prepared folder, or files of records.
    pub importance_data: Vec<PathBuf>,
    /// Tokens of that text to read, from each language the same number.
    pub importance_tokens: u64,
    /// Importance is computed of the output matrix too.
    pub importance_output: bool,
    /// Compute importance and make no file of a model.
    pub importance_only: bool,
    /// File of importance to write, once it is computed.
    pub imatrix_out: Option<PathBuf>,
    /// Most bits a weight of the file: each matrix gets the type that costs the language which
    /// loses most the least. Takes the place of `type`.
    pub target_bpw: Option<f64>,
    /// Text to compare before and after on: a prepared folder, or files of records.
    pub data: Vec<PathBuf>,
    /// Fail (exit 5) when the mean divergence of a language from the model is more nats per token
    /// than this; the file stays.
    pub max_kld: Option<f64>,
    /// Fail (exit 5) when the worst language needs more bits per byte of the file than this; the
    /// file stays.
    pub max_worst_bpb: Option<f64>,
    /// SVG picture of what each language lost.
    pub plot: Option<PathBuf>,
    /// What activations and products are computed in while text is scored.
    pub precision: Precision,
    /// Replace a file that exists.
    pub force: bool,
    /// Threads; 0: one a core.
    pub threads: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Plan {
            model: "run".into(),
            output: None,
            r#type: "q4_k_m".into(),
            tensor: Vec::new(),
            output_type: None,
            embedding_type: None,
            pure: false,
            imatrix: None,
            importance_data: Vec::new(),
            importance_tokens: 100_000,
            importance_output: false,
            importance_only: false,
            imatrix_out: None,
            target_bpw: None,
            data: Vec::new(),
            max_kld: None,
            max_worst_bpb: None,
            plot: None,
            precision: Precision::F32,
            force: false,
            threads: 0,
        }
    }
}

impl Plan {
    /// Refuses types that are not known and patterns that are none, before anything is read.
    ///
    /// # Errors
    /// When there is one, with what would do.
    pub fn check(&self) -> Result<&'static Quant> {
        let settings = [
            ("--max-kld", self.max_kld.is_some()),
            ("--max-worst-bpb", self.max_worst_bpb.is_some()),
            ("--plot", self.plot.is_some()),
        ];
        if let Some((name, _)) = settings.iter().find(|(_, is_set)| *is_set)
            && self.data.is_empty()
        {
            return Err(Error::Usage {
                what: format!("{name} tells what the file lost, but there is no text to see it on"),
                hint: "give text with --data: a prepared folder, or files of records".into(),
            });
        }
        self.check_importance()?;
        Ok(Rules::of(self)?.quant)
    }

    /// Bounds that the worst language is held to.
    pub fn gates(&self) -> Gates {
        Gates {
            max_kld: self.max_kld,
            max_worst_bpb: self.max_worst_bpb,
        }
    }

    /// What the file is called after: its type, or its bits.
    pub fn name(&self) -> String {
        match self.target_bpw {
            Some(bits) => format!("{bits}bpw"),
            None => self.r#type.clone(),
        }
    }

    /// Refuses settings of importance that contradict one another.
    fn check_importance(&self) -> Result<()> {
        let usage = |what: &str, hint: &str| {
            Err(Error::Usage {
                what: what.into(),
                hint: hint.into(),
            })
        };
        let has_text = !self.importance_data.is_empty();
        if has_text && self.imatrix.is_some() {
            return usage(
                "importance is both given (--imatrix) and to be computed (--importance-data)",
                "give one of the two",
            );
        }
        let wants_text = [
            (self.target_bpw.is_some(), "--target-bpw"),
            (self.importance_only, "--importance-only"),
            (self.imatrix_out.is_some(), "--imatrix-out"),
            (self.importance_output, "--importance-output"),
        ];
        if let Some((_, flag)) = wants_text.iter().find(|(is_set, _)| *is_set && !has_text) {
            return usage(
                &format!("{flag} is of importance, which is computed from text: there is none"),
                "give text in the languages that matter with --importance-data",
            );
        }
        if self.importance_only && self.imatrix_out.is_none() {
            return usage(
                "--importance-only makes no file of a model, and there is no other to make",
                "say where importance goes with --imatrix-out",
            );
        }
        match self.target_bpw {
            Some(bits) if !(bits > 0.0 && bits <= 32.0) => usage(
                &format!("--target-bpw {bits}: no number of bits a weight"),
                "give what a weight may take, such as 4.5",
            ),
            Some(_) if self.pure => usage(
                "--pure gives every matrix one type, --target-bpw to each its own",
                "give one of the two",
            ),
            _ => Ok(()),
        }
    }
}
