//! Training a byte-level BPE vocabulary on text in which every language counts alike.
//!
//! The tokenizer has no normaliser: llama.cpp applies none to byte-level vocabularies, and what
//! is trained here must read the same there.

use rayon::prelude::*;
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{AddedToken, ModelWrapper, SplitDelimiterBehavior, Tokenizer};

use crate::data::error::{Error, Result};
use crate::data::mix::allot_evenly;
use crate::vocab::{PRE_TOKENIZERS, SPECIALS, byte_chars};

/// The smallest vocabulary: the special tokens and every byte.
pub const MIN_VOCAB: usize = SPECIALS.len() + 256;

/// Characters of text a vocabulary is trained on at most, repetitions included. More changes it
/// little, and the crate counts pairs in 32 bits.
const SAMPLE_CHARS: u64 = 256 << 20;

/// A pair of tokens seen less often is not merged.
const MIN_FREQUENCY: u64 = 2;

/// Trains a vocabulary of at most `vocab_size` tokens on `texts`, one list a language. Each
/// language gives the same number of characters where it can (bytes would leave Georgian a third
/// of what Latin script gets), repeating its texts up to `max_epochs`
/// times; less where there is not enough text for so many merges.
///
/// # Errors
/// When `vocab_size` is below [`MIN_VOCAB`] or the crate refuses its settings.
pub fn train(texts: &[Vec<&str>], vocab_size: usize, max_epochs: f64) -> Result<Tokenizer> {
    if vocab_size < MIN_VOCAB {
        return Err(Error::usage(
            format!(
                "a vocabulary of {vocab_size} tokens cannot hold the {MIN_VOCAB} it begins with"
            ),
            "give a larger --vocab-size, such as 32768",
        ));
    }
    let specials = SPECIALS.map(|name| AddedToken::from(name, true));
    let trainer = BpeTrainer::builder()
        .vocab_size(vocab_size)
        .min_frequency(MIN_FREQUENCY)
        .show_progress(false)
        .special_tokens(specials.to_vec())
        .initial_alphabet(byte_chars().into())
        .build();
    let mut trainer = TrainerWrapper::from(trainer);
    let mut tokenizer = untrained().map_err(|e| Error::Failed(format!("tokenizer: {e}")))?;
    tokenizer
        .train(&mut trainer, sample(texts, max_epochs).into_iter())
        .map_err(|e| Error::Failed(format!("tokenizer: training failed: {e}")))?;
    Ok(tokenizer)
}

fn untrained() -> tokenizers::Result<Tokenizer> {
    let cut = &PRE_TOKENIZERS[0];
    let model = BPE::builder().ignore_merges(cut.ignore_merges).build()?;
    let split = Split::new(
        SplitPattern::Regex(cut.pattern.into()),
        SplitDelimiterBehavior::Isolated,
        false,
    )?;
    let bytes = ByteLevel::new(false, true, false);
    let steps: Vec<PreTokenizerWrapper> = vec![split.into(), bytes.into()];
    let mut tokenizer = Tokenizer::new(ModelWrapper::from(model));
    tokenizer
        .with_pre_tokenizer(Some(Sequence::new(steps)))
        .with_decoder(Some(bytes));
    Ok(tokenizer)
}

/// The texts to train on: every language's, from the first on, again and again until its share
/// of characters is reached.
fn sample<'a>(texts: &[Vec<&'a str>], max_epochs: f64) -> Vec<&'a str> {
    let n_chars = |text: &str| text.chars().count() as u64;
    let sizes: Vec<u64> = texts
        .par_iter()
        .map(|texts| texts.iter().map(|text| n_chars(text)).sum())
        .collect();
    let budget = sizes.iter().sum::<u64>().min(SAMPLE_CHARS);
    let shares = allot_evenly(&sizes, budget as f64, max_epochs);
    let mut sample = Vec::new();
    for (texts, share) in texts.iter().zip(shares) {
        let mut left = share;
        for text in texts.iter().cycle() {
            // The text that crosses the end is taken if most of it fits.
            let n = n_chars(text) as f64;
            left -= n;
            if left < -0.5 * n || share == 0.0 {
                break;
            }
            sample.push(*text);
        }
    }
    sample
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::corpus;
    use crate::lang::Lang;
    use crate::vocab::{END_OF_TEXT, Vocab};

    fn declaration() -> Vec<Vec<String>> {
        let own = |lang: &'static Lang| {
            let records = corpus::records().filter(move |r| r.lang == Some(lang));
            records.map(|r| r.text).collect()
        };
        Lang::all().iter().map(own).collect()
    }

    fn trained(texts: &[Vec<String>], vocab_size: usize) -> Tokenizer {
        let texts: Vec<Vec<&str>> = texts
            .iter()
            .map(|t| t.iter().map(String::as_str).collect())
            .collect();
        train(&texts, vocab_size, 4.0).unwrap()
    }

    #[test]
    fn every_language_comes_back_as_it_was_and_specials_come_first() {
        let texts = declaration();
        let vocab = Vocab::from_tokenizer(trained(&texts, 1500)).unwrap();
        assert_eq!(vocab.len(), 1500);
        for (id, name) in SPECIALS.iter().enumerate() {
            assert_eq!(vocab.special(name), Some(id as u32));
        }
        for text in texts.iter().flatten() {
            let ids = vocab.encode(text);
            assert_eq!(vocab.decode(&ids), *text);
            assert!(ids.len() < text.len());
        }
        // Bytes that no language has, and names of special tokens, are ordinary text.
        for odd in ["\u{10ffff}\0\r\n\u{7f}", "x<|endoftext|>y"] {
            let ids = vocab.encode(odd);
            assert_eq!(vocab.decode(&ids), odd);
            assert!(ids.iter().all(|id| !vocab.is_special(*id)));
        }
        assert_eq!(
            (vocab.bos, vocab.eos.first()),
            (vocab.special(END_OF_TEXT), Some(&0))
        );
    }

    #[test]
    fn training_again_gives_the_same_bytes() {
        let texts = declaration();
        let first = trained(&texts, 3000).to_string(true).unwrap();
        for _ in 0..2 {
            assert_eq!(trained(&texts, 3000).to_string(true).unwrap(), first);
        }
    }

    #[test]
    fn languages_give_alike_to_the_sample() {
        let (large, small) = (vec!["abcdefghij"; 100], vec!["xyxyxyxyxy"; 10]);
        let sample = sample(&[large, small, vec![]], 4.0);
        assert_eq!(sample.iter().filter(|t| t.starts_with('x')).count(), 40);
        assert_eq!(sample.iter().filter(|t| t.starts_with('a')).count(), 70);
    }

    #[test]
    fn a_vocabulary_too_small_is_refused() {
        assert!(train(&[], MIN_VOCAB - 1, 4.0).is_err());
        assert_eq!(
            train(&[], MIN_VOCAB, 4.0).unwrap().get_vocab_size(true),
            MIN_VOCAB
        );
    }
}
