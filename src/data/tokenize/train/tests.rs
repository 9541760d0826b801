//! Vocabularies trained on the embedded Declaration, and beside the crate `tokenizers`.

use super::*;
use crate::data::corpus;
use crate::data::tokenize::train_unigram;
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
        let ids = vocab.encode(text).unwrap();
        assert_eq!(vocab.decode(&ids), *text);
        assert!(ids.len() < text.len());
    }
    // Bytes that no language has, and names of special tokens, are ordinary text.
    for odd in ["\u{10ffff}\0\r\n\u{7f}", "x<|endoftext|>y"] {
        let ids = vocab.encode(odd).unwrap();
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
fn a_vocabulary_too_small_is_refused() {
    assert!(train(&[], MIN_VOCAB - 1, 4.0).is_err());
    assert_eq!(
        train(&[], MIN_VOCAB, 4.0).unwrap().get_vocab_size(true),
        MIN_VOCAB
    );
}

/// Languages with their declaration as text and as parallel text.
fn judged(texts: &[Vec<String>]) -> Vec<Texts<'_>> {
    texts
        .iter()
        .map(|own| Texts {
            texts: own.iter().map(String::as_str).collect(),
            parallel: own.iter().map(String::as_str).collect(),
        })
        .collect()
}

fn plan(vocab_size: usize, pressure: f64) -> TrainPlan {
    TrainPlan {
        vocab_size,
        balance: Balance {
            pressure,
            ..Balance::default()
        },
        ..TrainPlan::default()
    }
}

#[test]
fn merges_are_those_of_the_crate() {
    use tokenizers::models::TrainerWrapper;
    use tokenizers::models::bpe::BpeTrainer;

    let texts = declaration();
    let all: Vec<&str> = texts.iter().flatten().map(String::as_str).collect();
    let one = [Texts {
        texts: all.clone(),
        parallel: Vec::new(),
    }];
    let ours = train_bpe(&one, &plan(6000, 0.0), || true).unwrap();
    let trainer = BpeTrainer::builder()
        .vocab_size(6000)
        .min_frequency(MIN_FREQUENCY)
        .show_progress(false)
        .special_tokens(
            SPECIALS
                .map(|s| tokenizers::AddedToken::from(s, true))
                .to_vec(),
        )
        .initial_alphabet(byte_chars().into())
        .build();
    let mut theirs = train(&[], MIN_VOCAB, 1.0).unwrap();
    theirs
        .train(&mut TrainerWrapper::from(trainer), all.into_iter())
        .unwrap();
    assert_eq!(
        ours.to_string(false).unwrap(),
        theirs.to_string(false).unwrap()
    );
}

#[test]
fn under_pressure_the_worst_language_pays_less() {
    let texts = declaration();
    let langs = judged(&texts);
    let lengths = |pressure: f64| -> Vec<usize> {
        let tokenizer = train_bpe(&langs, &plan(6000, pressure), || true).unwrap();
        let vocab = Vocab::from_tokenizer(tokenizer).unwrap();
        let n = |own: &Vec<String>| {
            own.iter()
                .map(|text| vocab.encode(text).unwrap().len())
                .sum()
        };
        texts.iter().map(n).collect()
    };
    let (plain, balanced) = (lengths(0.0), lengths(Balance::default().pressure));
    let worst = |lengths: &[usize]| lengths.iter().copied().max().unwrap();
    assert!(10 * worst(&balanced) < 9 * worst(&plain));
    let sum = |lengths: &[usize]| lengths.iter().sum::<usize>();
    assert!(100 * sum(&balanced) <= 103 * sum(&plain));
}

#[test]
fn order_and_threads_change_nothing() {
    let mut texts = declaration();
    let trained = |texts: &[Vec<String>], threads: usize| -> [String; 2] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let langs = judged(texts);
        pool.install(|| {
            [
                train_bpe(&langs, &plan(3000, 4.0), || true).unwrap(),
                train_unigram(&langs, &plan(3000, 4.0), || true).unwrap(),
            ]
            .map(|tokenizer| tokenizer.to_string(false).unwrap())
        })
    };
    let first = trained(&texts, 1);
    texts.iter_mut().for_each(|texts| texts.reverse());
    assert!(trained(&texts, 3) == first);
}

#[test]
fn a_unigram_vocabulary_gives_the_ids_of_the_crate() {
    let texts = declaration();
    let tokenizer = train_unigram(&judged(&texts), &plan(3000, 4.0), || true).unwrap();
    let vocab = Vocab::from_tokenizer(tokenizer).unwrap();
    assert_eq!(vocab.len(), 3000);
    for text in texts.iter().flatten() {
        let ids = vocab.encode(text).unwrap();
        assert_eq!(ids, vocab.encode_by_crate(text).unwrap());
        assert_eq!(vocab.decode(&ids), *text);
    }
    let odd = format!("\u{10ffff}\0\r\n<|endoftext|> {}", "ab".repeat(3000));
    assert_eq!(
        vocab.encode(&odd).unwrap(),
        vocab.encode_by_crate(&odd).unwrap()
    );
}

#[test]
fn a_request_to_stop_is_heard() {
    let texts = declaration();
    let stopped = train_bpe(&judged(&texts), &plan(3000, 4.0), || false);
    assert!(matches!(stopped, Err(Error::Interrupted { .. })));
}

#[test]
#[allow(clippy::print_stderr)] // the one line that says why nothing was tested
fn every_corpus_file_gives_the_ids_of_the_crate() {
    let Some(root) = std::env::var_os("EU_TEST_DATA") else {
        return eprintln!("skipped: EU_TEST_DATA is not set");
    };
    let vocab = Vocab::from_tokenizer(trained(&declaration(), 8000)).unwrap();
    let root = std::path::Path::new(&root).join("data/corpus-eu");
    let files = crate::data::read::files(&[root]).unwrap();
    assert!(files.len() > 200, "{}", files.len());
    for file in files {
        let records = crate::data::read::records(std::slice::from_ref(&file), "text").unwrap();
        for record in records.take(6) {
            let text = record.unwrap().text;
            let text: String = text.chars().take(4000).collect();
            assert_eq!(
                vocab.encode(&text).unwrap(),
                vocab.encode_by_crate(&text).unwrap(),
                "{file:?}"
            );
        }
    }
}
