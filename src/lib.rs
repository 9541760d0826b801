//! # Europium: the map
//!
//! Europium makes an open, multilingual European language model end to end. This page is where a
//! stranger starts: the walk of the data, the rooms of the house, and every file that is read or
//! written with the module that does it.
//!
//! ## The walk
//!
//! | from → to | where | command |
//! |---|---|---|
//! | files on disk → pages and [`data::Record`]s | [`data::read`] | `eu prepare` |
//! | pages → main text and facts | [`data::extract`] | `eu prepare`, `eu prepare extract` |
//! | records → may they be used | [`data::optout`] | `eu prepare`, `eu prepare lawful` |
//! | records → their language | [`data::langid`] | `eu prepare`, `eu prepare identify` |
//! | records → good or not, each with its reason | [`data::filter`] | `eu prepare`, `eu prepare filter` |
//! | records → nothing of evaluation sets | [`contamination`], [`data::contamination`] | `eu prepare`, `eu prepare decontaminate` |
//! | records → without personal data | [`data::pii`] | `eu prepare`, `eu prepare redact` |
//! | records → one of each set of copies | [`data::dedup`] | `eu prepare`, `eu prepare dedup` |
//! | kept → balanced tokens | [`data::mix`], [`data::tokenize`], [`shard`] | `eu prepare` |
//! | tokens → batches → model | [`engine::train`], [`engine::model`], [`engine::ops`] | `eu train` |
//! | model → scores per language | [`engine::eval`] | `eu eval` |
//! | model → GGUF | [`engine::quant`], [`engine::gguf`] | `eu quantize` |
//! | model and prompt → words | [`engine::infer`], [`engine::generate`] | `eu chat` |
//!
//! ## The rooms
//!
//! Dependencies go down only: `commands → {tui, data, engine} → ground floor`. The three rooms
//! never name one another; a test (`tests/it/house.rs`) keeps the walls.
//!
//! - **Ground floor**, knows nobody: [`event`] (the only words the rooms exchange), [`fault`]
//!   (how a failure ends the program), [`lang`] (one row per language), [`shard`] (token files and
//!   their mix), [`vocab`] (text ↔ ids), [`talk`] (a conversation as a tree), [`contamination`] (what models are scored on, as hashes),
//!   `letters` (what a character is and folds to), [`disk`] (the only place that creates files), [`hardware`] (what this machine can do),
//!   [`ledger`] (manifests and lineage).
//! - **Room [`data`]**: text on disk → tokens on disk.
//! - **Room [`engine`]**: tokens → model → checkpoint → GGUF → words.
//! - **Room [`tui`]**: screens as functions of state; can be left out (`--no-default-features`).
//! - **Porch [`commands`]**: the `eu` program; the only room that knows the others, and the only
//!   one that prints.
//!
//! ## Every file Europium reads or writes
//!
//! | file | read by | written by |
//! |---|---|---|
//! | documents: WARC, WET, ARC, HTML, JSONL, Parquet, text (`.gz`, `.zst`) | [`data::read`] | other tools |
//! | records `<lang>.jsonl.zst` in `unique/`, `heldout/`, `dropped/<reason>/` | [`data::read`], [`data::browse`] | [`data`] |
//! | `report.json`, `report.html`, `parity.json` of a prepared folder | people, `eu tour`, [`data::browse`] | [`data`] |
//! | robots.txt, tdmrep.json, ai.txt: in crawls, or JSON lines of `host`, `robots`, `tdmrep`, `ai_txt`, `ts` | [`data::optout`] | other tools |
//! | lists of licences (`allow ID`, `deny ID`), block lists (UT1's folders, or one entry a line) | [`data::optout`] | people |
//! | thresholds (`.json`, `.toml`), lists of bad words | [`data::filter`] | people; `eu prepare calibrate` |
//! | evaluation sets: JSONL, JSON, TSV | [`data::contamination`] | other tools |
//! | index of evaluation sets: `EUNGRAMS`, `*.eui` | [`contamination`] | [`contamination`] for `eu prepare decontaminate` |
//! | `contamination.json` and, of the items met, `contamination.eui` of a prepared folder | people; [`contamination`] for `eu eval` | [`data`] |
//! | key of pseudonyms: any bytes | [`data::pii`] | people |
//! | `<output>.work/walk.json`, `done/*.json` | [`data`] | [`data`] |
//! | `units/<n>/`: `unit.json`, `kept.jsonl.zst`, `rows.bin` (40 bytes a record), `dropped.bin` (frames of zstd), `domains.json`, `sites.jsonl.zst`, `sets.json` | [`data`] | [`data`] |
//! | `units/<n>/sketch.bin`: `EUSKTCH` | [`data::dedup`] | [`data::dedup`] |
//! | `tmp/fates/*`: `EUFATES` | [`data::dedup`] | [`data::dedup`] |
//! | counts of paragraphs `EUPARAS`, frequent ones `EUBOILR` | [`data::dedup`] | [`data::dedup`] |
//! | `tokenizer.json` | [`vocab`] | [`data::tokenize`], [`engine::folder`] |
//! | `tokenizer.model` (SentencePiece) | [`vocab`] for `eu inspect` | other tools |
//! | `tokens/{train,valid}/<lang>.{bin,idx}` (Megatron) | [`shard`] | [`shard`] for [`data::tokenize`] |
//! | `.ds`, `.ds.index`, `.ds.metadata` (datatrove, nanotron); `.npy`, `.csv.gz` (dolma, OLMo) | other tools | [`shard`] |
//! | `mix.json` | [`shard::Mix`] | [`shard::Mix`] for [`data`] |
//! | `recipe.toml` | [`commands`]; [`engine::train`] when it resumes | `eu init`; [`engine::train`] (resolved, in the run) |
//! | `events.ndjson` of a run | `eu watch`, [`tui`] | [`commands`] |
//! | `checkpoints/step-*/` with `state/` | [`engine::train`] | [`engine::train`] |
//! | Hugging Face folder: `config.json`, `model.safetensors`, `tokenizer.json`, `tokenizer_config.json`, `special_tokens_map.json`, `generation_config.json` | [`engine::folder`] | [`engine::folder`] |
//! | `*.gguf` | [`engine::gguf`], [`engine::infer`] | [`engine::gguf`] for [`engine::quant`] |
//! | tokens of who may ask a server, one a line | [`commands`] | people |
//! | questions, one a line of JSON | [`commands`] | people |
//! | grammars (GBNF), JSON schemas | [`engine::generate`] | people |
//! | `results_*.json` (lm-evaluation-harness layout) | people, other tools | [`engine::eval`] |
//! | `manifest.json` in every folder made, `<file>.manifest.json` beside every file | [`ledger`] | [`ledger`] |
//! | `assets/`: language table, thresholds, corpus, chat template, words that ask for a language, language identifier, HTML's character references, telephone plans and words beside personal data, page of the report | [`lang`], [`data`], [`engine::folder`] (inside the program) | people; [`data::langid`] (`langid.bin`), `assets/pii-phones.py` |
//! | `config.toml` in `$XDG_CONFIG_HOME/eu` | [`commands`] | people |
//! | conversations `sessions/NAME.jsonl`, questions `history.jsonl` in `$XDG_STATE_HOME/eu` | [`talk`] for [`commands`] | [`disk`] for [`commands`] |
//! | the Hugging Face cache | [`commands`] | `eu pull` |
//! | `completions/`, `man/` | shells, `man` | `eu completions`, `eu man` |
//!
//! ## Words
//!
//! document → **record**; why a record left → **verdict**; file of tokens → **shard**; optimiser
//! update → **step**; a part of `prepare` → **stage**; a piece of its input → **unit**; bits per byte of UTF-8 → **bits per byte**;
//! tokens of a language over tokens of English for the same text → **parity**; what a reader says in a
//! conversation → **question**, what the model says → **answer**, those beside one another → **branches**.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::disallowed_methods))]

pub mod contamination;
pub mod data;
pub mod disk;
pub mod engine;
pub mod event;
pub mod fault;
pub mod hardware;
pub mod lang;
pub mod ledger;
mod letters;
pub mod shard;
pub mod talk;
pub mod vocab;

#[cfg(feature = "cli")]
pub mod commands;
#[cfg(feature = "tui")]
pub mod tui;
