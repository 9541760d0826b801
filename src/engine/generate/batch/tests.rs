//! Answers in company, which must be those of each alone.

use std::cell::RefCell;
use std::collections::HashMap;

use super::super::tests::{loaded, plan};
use super::super::{Plan, Text, prompt_ids};
use super::*;
use crate::engine::infer::Weights;
use crate::engine::load::Speaker;
use crate::engine::model::{Config, Model, init};
use crate::engine::ops::{Executor, Precision};
use crate::event::{Control, Silent};
use crate::fault::{Fault, Kind};

/// Everything told of some jobs, in the order of their numbers.
fn run(batch: &mut Batch<'_>, jobs: Vec<Job>) -> Vec<Result<Answer>> {
    let ids: Vec<JobId> = jobs.into_iter().map(|job| batch.add(job)).collect();
    let mut ends = HashMap::new();
    let mut pieces: HashMap<JobId, String> = HashMap::new();
    let mut tell = |id, told| match told {
        Told::Piece { text, .. } => pieces.entry(id).or_default().push_str(&text),
        Told::End(answer) => drop(ends.insert(id, Ok(answer))),
        Told::Failed(error) => drop(ends.insert(id, Err(error))),
    };
    while batch.step(&mut tell).unwrap() {}
    let mut answers = Vec::new();
    for id in ids {
        let end = ends.remove(&id).expect("every job ends");
        if let Ok(answer) = &end {
            assert_eq!(pieces.remove(&id).unwrap_or_default(), answer.text);
        }
        answers.push(end);
    }
    answers
}

fn job(speaker: &Speaker, prompt: &str, plan: &Plan) -> Job {
    Job {
        prompt: prompt_ids(&speaker.vocab, prompt).unwrap(),
        sampler: Sampler::new(plan, &speaker.vocab, plan.seed.unwrap()).unwrap(),
        max_tokens: plan.max_tokens,
    }
}

/// A model wide enough for every kernel.
fn speaker() -> Speaker {
    let mut speaker = loaded();
    let config = Config {
        n_vocab: speaker.vocab.len(),
        d_model: 64,
        n_layers: 2,
        n_heads: 2,
        n_kv_heads: 1,
        head_dim: 32,
        d_ff: 96,
        tied: true,
        rope_theta: 1e4,
        norm_eps: 1e-5,
        context: 700,
    };
    let mut params = init(&config, 5);
    params.iter_mut().for_each(|p| *p *= 3.0);
    let model = Model { params, config };
    speaker.weights = Weights::of_model(&model).unwrap();
    speaker
}

fn batch<'m>(speaker: &'m Speaker, executor: &Executor, most: usize) -> Batch<'m> {
    let reader = Decoder::new(&speaker.weights, executor, 0).unwrap();
    Batch::new(reader, &speaker.vocab, most)
}

/// Plans that choose differently, each with a seed of its own.
fn plans() -> Vec<Plan> {
    let stop = Plan {
        stop: vec!["q".into(), "zz".into()],
        ..plan(3, 30)
    };
    let repeating = Plan {
        repeat_penalty: 1.3,
        temperature: 1.2,
        ..plan(4, 25)
    };
    let greedy = Plan {
        temperature: 0.0,
        ..plan(1, 20)
    };
    vec![greedy, plan(2, 12), stop, repeating, plan(5, 1)]
}

fn alone(speaker: &Speaker, executor: &Executor, job: Job) -> Answer {
    let mut text = Text::new(&speaker.weights, executor, 0).unwrap();
    let (mut sampler, max) = (job.sampler, job.max_tokens);
    let control = Control::default();
    text.answer(
        &speaker.vocab,
        &job.prompt,
        &mut sampler,
        max,
        &control,
        &Silent,
    )
    .unwrap()
}

#[test]
fn answers_are_the_same_bytes_alone_in_company_and_over_what_was_kept() {
    let speaker = speaker();
    let words = "all human beings are born free and equal in dignity and rights. ".repeat(9);
    // of one part and several, with ends of few tokens and of many; two begin alike
    let prompts = [
        &words[..4],
        &words[3..90],
        &words[..262],
        &words[..300],
        &words[7..530],
        "",
    ];
    for precision in [Precision::F32, Precision::Bf16] {
        let executor = Executor::cpu(2).unwrap().in_precision(precision);
        let jobs = || -> Vec<Job> {
            let plans = plans();
            let each = prompts.iter().enumerate();
            each.map(|(n, prompt)| job(&speaker, prompt, &plans[n % plans.len()]))
                .collect()
        };
        let expected: Vec<Answer> = jobs()
            .into_iter()
            .map(|job| alone(&speaker, &executor, job))
            .collect();
        for most in [2, 20] {
            let mut batch = batch(&speaker, &executor, most);
            for turn in 0..2 {
                for (n, answer) in run(&mut batch, jobs()).into_iter().enumerate() {
                    let (answer, expected) = (answer.unwrap(), &expected[n]);
                    let what = format!("{precision:?}, {most} at a time, {turn}: {n}");
                    assert_eq!(answer.tokens, expected.tokens, "{what}");
                    assert_eq!(answer.text, expected.text, "{what}");
                    assert_eq!(answer.reason, expected.reason, "{what}");
                }
            }
        }
    }
}

#[test]
fn log_probabilities_are_the_same_too() {
    let speaker = speaker();
    let executor = Executor::cpu(2).unwrap().in_precision(Precision::Bf16);
    let logprobs = |most, n_others| {
        let mut batch = batch(&speaker, &executor, most);
        let mut asked = job(&speaker, &"abc ".repeat(20), &plan(1, 8));
        asked.sampler.tell_top(3);
        let id = batch.add(asked);
        for n in 0..n_others {
            batch.add(job(&speaker, &"xyz ".repeat(9 * n + 1), &plan(2, 15)));
        }
        let mut heard = Vec::new();
        let mut tell = |of, told| {
            if let (
                true,
                Told::Piece {
                    logprob,
                    top,
                    token,
                    ..
                },
            ) = (of == id, told)
            {
                assert_eq!(top.len(), 3);
                assert!(top.is_sorted_by(|a, b| a.1 >= b.1));
                assert!(top[0].1 >= logprob && top.iter().all(|t| t.0 != token || t.1 == logprob));
                heard.push((token, logprob, top));
            }
        };
        while batch.step(&mut tell).unwrap() {}
        assert!(heard.len() >= 8);
        heard
    };
    assert_eq!(logprobs(1, 0), logprobs(14, 13));
}

#[test]
fn a_prompt_asked_for_several_answers_is_read_once() {
    let speaker = speaker();
    let executor = Executor::cpu(1).unwrap();
    let prompt = "one prompt, many answers; ".repeat(12);
    let mut batch = batch(&speaker, &executor, 4);
    let jobs = (0..6).map(|seed| job(&speaker, &prompt, &plan(seed, 9)));
    let answers = run(&mut batch, jobs.collect());
    let n_prompt = prompt_ids(&speaker.vocab, &prompt).unwrap().len();
    for (seed, answer) in answers.into_iter().enumerate() {
        let answer = answer.unwrap();
        let n_reused = if seed == 0 { 0 } else { n_prompt - 1 };
        assert_eq!((answer.n_reused, answer.n_prompt), (n_reused, n_prompt));
        let expected = alone(
            &speaker,
            &executor,
            job(&speaker, &prompt, &plan(seed as u64, 9)),
        );
        assert_eq!(answer.tokens, expected.tokens);
    }
    // A conversation that goes on is read from where it stood, at least behind its first prompt.
    let said = run(
        &mut batch,
        vec![job(&speaker, "and so on, and so on", &plan(1, 9))],
    )
    .remove(0)
    .unwrap();
    let longer = format!("and so on, and so on{} and on", said.text);
    let next = run(&mut batch, vec![job(&speaker, &longer, &plan(1, 9))])
        .remove(0)
        .unwrap();
    assert!(next.n_reused >= 20, "{next:?}");
}

#[test]
fn who_writes_is_not_held_up_by_a_long_prompt() {
    let speaker = speaker();
    let mut batch = batch(&speaker, &Executor::cpu(1).unwrap(), 3);
    let writes = batch.add(job(&speaker, "short", &plan(1, 40)));
    let heard = RefCell::new(Vec::new());
    let mut tell = |id, told| {
        if let Told::Piece { .. } = told {
            heard.borrow_mut().push(id);
        }
    };
    batch.step(&mut tell).unwrap();
    heard.borrow_mut().clear(); // a prompt that is read the way of many writes in the same step
    let long = batch.add(job(&speaker, &"long ".repeat(110), &plan(1, 4)));
    let short = batch.add(job(&speaker, "brief", &plan(1, 4)));
    for _ in 0..4 {
        batch.step(&mut tell).unwrap();
    }
    let n = |id: JobId| heard.borrow().iter().filter(|heard| **heard == id).count();
    assert_eq!(n(writes), 4, "one each step");
    assert!(
        n(short) >= 3,
        "a short prompt has its share beside a long one"
    );
    assert!((1..4).contains(&n(long)), "550 tokens take three steps");
}

#[test]
fn texts_have_no_more_positions_than_they_may() {
    let speaker = speaker();
    let executor = Executor::cpu(1).unwrap();
    let jobs = || -> Vec<Job> {
        let prompt = |n: usize| format!("{n} of them {}", "and more ".repeat(n));
        (0..12)
            .map(|n| job(&speaker, &prompt(n), &plan(n as u64, 10)))
            .collect()
    };
    let expected = run(&mut batch(&speaker, &executor, 12), jobs());
    let mut batch = batch(&speaker, &executor, 12).hold_at_most(300);
    for job in jobs() {
        batch.add(job);
    }
    let (mut ends, mut together) = (HashMap::new(), 0);
    loop {
        let mut tell = |id, told| {
            if let Told::End(answer) = told {
                ends.insert(id, answer.tokens);
            }
        };
        if !batch.step(&mut tell).unwrap() {
            break;
        }
        let working = batch.working.iter().map(|work| work.tokens.len());
        let kept = batch.kept.iter().map(|kept| kept.tokens.len());
        assert!(working.chain(kept).sum::<usize>() <= 300);
        together = together.max(batch.n_working());
    }
    assert!((2..12).contains(&together), "{together} together");
    for (n, answer) in expected.into_iter().enumerate() {
        assert_eq!(ends[&JobId(n as u64)], answer.unwrap().tokens, "{n}");
    }
    // What needs more than all of it is answered alone.
    let large = run(
        &mut batch,
        vec![job(&speaker, &"x".repeat(400), &plan(1, 4))],
    );
    assert_eq!(large[0].as_ref().unwrap().tokens.len(), 4);
}

#[test]
fn what_cannot_be_answered_fails_alone_and_what_is_cancelled_is_told_no_more() {
    let speaker = speaker();
    let executor = Executor::cpu(1).unwrap();
    let mut batch = batch(&speaker, &executor, 2);
    let (mut empty, mut outside) = (
        job(&speaker, "a", &plan(1, 3)),
        job(&speaker, "b", &plan(1, 3)),
    );
    empty.prompt.clear();
    outside.prompt.push(9999);
    let long = job(&speaker, &"x".repeat(700), &plan(1, 3));
    for wrong in [&empty, &outside, &long] {
        assert_eq!(batch.check(wrong).unwrap_err().kind(), Kind::Usage);
    }
    let nothing = Plan {
        grammar: Some("root ::= \"\u{3b1}\"".into()),
        logit_bias: (0..speaker.vocab.len())
            .map(|id| format!("{id}-inf"))
            .collect(),
        ..plan(1, 3)
    };
    let jobs = vec![
        empty,
        job(&speaker, "good", &plan(1, 3)),
        outside,
        job(&speaker, "no token may be said", &nothing),
        long,
        job(&speaker, "good too", &plan(2, 3)),
    ];
    let ends = run(&mut batch, jobs);
    let good: Vec<bool> = ends.iter().map(Result::is_ok).collect();
    assert_eq!(good, [false, true, false, false, false, true]);

    let ids: Vec<JobId> = (0..3)
        .map(|n| batch.add(job(&speaker, "c", &plan(n, 50))))
        .collect();
    let mut heard = Vec::new();
    batch.step(&mut |id, _| heard.push(id)).unwrap();
    assert!(heard.contains(&ids[0]) && !heard.contains(&ids[2]));
    batch.cancel(ids[0]);
    batch.cancel(ids[2]);
    batch.cancel(ids[2]);
    heard.clear();
    while batch.step(&mut |id, _| heard.push(id)).unwrap() {}
    assert!(heard.len() > 1 && heard.iter().all(|id| *id == ids[1]));
    assert_eq!((batch.n_working(), batch.n_waiting()), (0, 0));
}

#[test]
fn contexts_shift_in_company_as_they_do_alone() {
    let mut speaker = loaded(); // a context of 96 tokens
    speaker.vocab.eos.clear();
    let executor = Executor::cpu(1).unwrap();
    let prompts = [
        "abc",
        "abc and more, abc and more",
        &"too long, much too long ".repeat(9),
    ];
    let plans: Vec<Plan> = (0..3).map(|seed| plan(seed, 230)).collect();
    let jobs = || {
        prompts
            .iter()
            .zip(&plans)
            .map(|(p, plan)| job(&speaker, p, plan))
    };
    let mut batch = batch(&speaker, &executor, 3);
    let ids: Vec<JobId> = jobs().map(|job| batch.add_shifting(job, Some(5))).collect();
    let mut ends = HashMap::new();
    let mut tell = |id, told| {
        if let Told::End(answer) = told {
            ends.insert(id, answer);
        }
    };
    while batch.step(&mut tell).unwrap() {}
    for (id, mut job) in ids.iter().zip(jobs()) {
        let mut text = Text::new(&speaker.weights, &executor, 0).unwrap();
        text.shift_behind(Some(5));
        let control = Control::default();
        let vocab = &speaker.vocab;
        let alone = text.answer(vocab, &job.prompt, &mut job.sampler, 230, &control, &Silent);
        let (alone, answer) = (alone.unwrap(), &ends[id]);
        assert_eq!(alone.tokens.len(), 230, "{alone:?}");
        assert_eq!(
            (&answer.tokens, answer.n_prompt),
            (&alone.tokens, alone.n_prompt)
        );
    }
}
