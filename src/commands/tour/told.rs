//! What a tour came to: the table of languages and the voices.

use std::path::PathBuf;

use serde::Serialize;

use super::super::table::Table;
use super::super::{out, sinks};
use super::route::quoted;
use crate::event::LangScore;
use crate::lang::Lang;
use crate::{data, engine};

/// What the tour came to: schema `tour/1`.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    pub(super) dir: PathBuf,
    pub(super) n_langs: usize,
    pub(super) langs: Vec<Row>,
    pub(super) voices: Vec<Voice>,
    pub(super) data: PathBuf,
    pub(super) model: PathBuf,
    pub(super) gguf: PathBuf,
    pub(super) results: PathBuf,
    pub(super) commands: Vec<String>,
    pub(super) elapsed_ms: u64,
}

/// One language, from its text to its edge model.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) lang: String,
    pub(super) name: String,
    pub(super) tokens_per_word: Option<f64>,
    pub(super) parity: Option<f64>,
    pub(super) bpb_before: Option<f64>,
    pub(super) bpb_after: f64,
    pub(super) quantisation_loss: Option<f64>,
}

/// The model heard in one language.
#[derive(Debug, Serialize)]
pub(super) struct Voice {
    pub(super) lang: String,
    pub(super) prompt: String,
    pub(super) text: String,
}

/// Gathers what the stages said of one language.
pub(super) fn row(
    score: &LangScore,
    prepared: &data::Report,
    before: &[LangScore],
    quantized: &engine::quant::Report,
) -> Row {
    let text = prepared.langs.iter().find(|row| row.lang == score.lang);
    let loss = quantized.losses.iter().find(|loss| loss.lang == score.lang);
    Row {
        lang: score.lang.clone(),
        name: Lang::find(&score.lang).map_or_else(String::new, |lang| lang.name.clone()),
        tokens_per_word: text.and_then(|row| row.tokens_per_word),
        parity: text.and_then(|row| row.parity),
        bpb_before: before
            .iter()
            .find(|b| b.lang == score.lang)
            .map(|b| b.bits_per_byte),
        bpb_after: score.bits_per_byte,
        quantisation_loss: loss.map(|loss| loss.loss),
    }
}

/// The table for people, the voices, and where everything lies.
pub(super) fn text(told: &Told) -> String {
    let headings = [
        "lang",
        "name",
        ">tokens/word",
        ">parity",
        ">bpb before",
        ">bpb after",
        ">q4_k_m loss",
    ];
    let mut table = Table::new(&headings);
    let known = |x: Option<f64>, digits: usize| x.map_or("-".into(), |x| format!("{x:.digits$}"));
    for row in &told.langs {
        table.row([
            sinks::short(&row.lang),
            row.name.clone(),
            known(row.tokens_per_word, 2),
            known(row.parity, 2),
            known(row.bpb_before, 3),
            known(Some(row.bpb_after), 3),
            row.quantisation_loss
                .map_or("-".into(), |x| format!("{x:+.4}")),
        ]);
    }
    let mut text = String::from("bits per byte (bpb) of held-out articles, worst language first\n");
    text.push_str(&table.text());
    text.push('\n');
    for voice in &told.voices {
        let words = out::clean(&format!("{}{}", voice.prompt, voice.text));
        text.push_str(&format!("{:8} {words}\n", sinks::short(&voice.lang)));
    }
    text.push('\n');
    let places = [
        ("tokens", &told.data),
        ("model", &told.model),
        ("scores", &told.results),
        ("GGUF", &told.gguf),
    ];
    for (what, path) in places {
        text.push_str(&format!("{what:8} {}\n", path.display()));
    }
    text.push_str(&format!(
        "{} languages in {}; now try: eu chat {} --raw\n",
        told.n_langs,
        out::span(told.elapsed_ms),
        quoted(&told.gguf.to_string_lossy())
    ));
    text
}
