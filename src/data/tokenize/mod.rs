//! Text to tokens: train a vocabulary on balanced text, measure what each language pays for it,
//! pack documents into shards.

mod balance;
mod merges;
mod pack;
mod parity;
mod repeats;
mod sample;
mod train;
mod unigram;
mod words;

pub use balance::Balance;
pub use pack::{Packed, id_of, pack_file, text_of};
pub use parity::{Comparison, Parity, ParityRow, Premium, REFERENCE, compare, parity};
pub use repeats::{Repeats, Rounds, SOURCE_FIELDS, Said};
pub use train::{MIN_VOCAB, Texts, TrainPlan, train, train_bpe};
pub use unigram::train_unigram;
