//! Nearly equal texts in bounded memory: bands -> buckets -> pairs -> shingle sets -> clusters.
//!
//! Candidates that hang together, by pairs that are to be compared, are a knot. Pairs and shingle
//! sets are sorted by knot, so that both are read once from front to back and a knot at a time is
//! in memory; a knot that does not fit is compared in blocks.

use std::sync::Mutex;

use rayon::prelude::*;

use super::buckets::Bucket;
use super::elect::elect;
use super::fates::Copy;
use super::forest::{Bits, Forest};
use super::resolve::{Run, Texts, check};
use super::shingles::{ShingleSets, is_similar, jaccard};
use super::sort::{Rows, Sorted, Sorter};
use super::tape::{Tape, TapeReader};
use crate::data::error::{Error, Result};

/// Knot, and the numbers of two of its documents, the smaller one first.
type Pair = (u32, u32, u32);
/// Knot, number of the document, its shingles.
type Set = (u32, u32, Vec<u32>);

/// Lets one of each cluster of nearly equal texts stay; the similarity of each that goes with
/// the one that stays, by number.
pub(super) fn near(run: &mut Run, texts: &dyn Texts) -> Result<Sorted<(u32, u64)>> {
    let (pairs, mut knots) = candidates(run)?;
    let mut candidates = Bits::new(run.n_documents() as usize);
    let pairs = by_knot(run, &pairs, &mut knots, &mut candidates)?;
    let sets = shingle_sets(run, texts, &candidates, &mut knots)?;

    let mut groups = Bits::new(run.n_documents() as usize);
    let min = run.plan.shape.min_jaccard;
    let mut forest = std::mem::replace(&mut run.forest, Forest::new(0));
    let n_pairs = compare(run, &sets, &pairs, &mut |a, b, set_a, set_b| {
        if forest.root(a) != forest.root(b) && is_similar(set_a, set_b, min) {
            forest.join(a, b);
            groups.set(a);
            groups.set(b);
        }
        Ok(())
    });
    run.forest = forest;
    run.n_candidate_pairs = n_pairs?;
    drop(pairs);

    let mut against: Sorter<Pair> = run.table()?;
    elect(run, Copy::Near, &groups, &mut |gone, survivor| {
        against.push((knots.root(gone), gone.min(survivor), gone.max(survivor)))
    })?;
    drop(knots);
    let mut similarities: Sorter<(u32, u64)> = run.table()?;
    compare(run, &sets, &against.sorted()?, &mut |a, b, set_a, set_b| {
        let gone = if run.gone.get(a) { a } else { b };
        similarities.push((gone, jaccard(set_a, set_b).to_bits()))
    })?;
    similarities.sorted()
}

/// The pairs that share a band, some of them several times, and what hangs together by them.
fn candidates(run: &Run) -> Result<(Tape<(u32, u32)>, Forest)> {
    // Key of the band, place within the bucket, number.
    let mut table: Sorter<(u64, (u64, u64), u32)> = run.table()?;
    run.each_left(|ordinal, sketch| {
        let mut keys = sketch.keys.iter();
        keys.try_for_each(|key| table.push((*key, sketch.place(), ordinal)))
    })?;
    let table = table.sorted()?;
    let mut rows = table.rows()?;
    let mut knots = Forest::new(run.n_documents() as usize);
    let mut pairs = Tape::new(&run.plan.work)?;
    let mut pair = |a: u32, b: u32| {
        knots.join(a, b);
        pairs.push(&(a.min(b), a.max(b)))
    };
    let mut bucket = Bucket::new();
    while let Some((key, _, ordinal)) = rows.next()? {
        check(run.control)?;
        bucket.push(ordinal, &mut pair)?;
        if rows.peek().is_none_or(|next| next.0 != key) {
            bucket.end(&mut pair)?;
        }
    }
    pairs.flush()?;
    Ok((pairs, knots))
}

/// The pairs sorted by knot; every document of one becomes a candidate.
fn by_knot(
    run: &Run,
    pairs: &Tape<(u32, u32)>,
    knots: &mut Forest,
    candidates: &mut Bits,
) -> Result<Sorted<Pair>> {
    let mut table: Sorter<Pair> = run.table()?;
    let mut reader = pairs.read(0, pairs.end(), 1 << 16);
    while let Some((a, b)) = reader.next()? {
        check(run.control)?;
        candidates.set(a);
        candidates.set(b);
        table.push((knots.root(a), a, b))?;
    }
    table.sorted()
}

/// The shingles of all candidates, sorted by knot.
fn shingle_sets(
    run: &Run,
    texts: &dyn Texts,
    candidates: &Bits,
    knots: &mut Forest,
) -> Result<Tape<Set>> {
    let table: Mutex<(Sorter<Set>, &mut Forest)> = Mutex::new((run.table()?.alone(), knots));
    let poisoned = || Error::Failed("a thread of the deduplication failed".into());
    let units = run.starts.windows(2).enumerate();
    let units: Vec<(usize, u32, u32)> =
        units.map(|(unit, ends)| (unit, ends[0], ends[1])).collect();
    units.into_par_iter().try_for_each_init(
        || ShingleSets::new(run.plan.shape.ngram),
        |sets, (unit, start, end)| {
            let wanted = (start..end).filter(|i| candidates.get(*i));
            let wanted: Vec<u32> = wanted.map(|i| i - start).collect();
            if wanted.is_empty() {
                return Ok(());
            }
            let mut n_found = 0;
            texts.each(unit, &wanted, &mut |index, text| {
                check(run.control)?;
                if wanted.get(n_found) != Some(&index) {
                    return Err(missing(run, unit));
                }
                n_found += 1;
                let set = sets.of(text);
                let mut table = table.lock().map_err(|_| poisoned())?;
                let (table, knots) = &mut *table;
                table.push((knots.root(start + index), start + index, set))
            })?;
            match n_found == wanted.len() {
                true => Ok(()),
                false => Err(missing(run, unit)),
            }
        },
    )?;
    let (table, _) = table.into_inner().map_err(|_| poisoned())?;
    table.sorted()?.into_tape(&run.plan.work)
}

fn missing(run: &Run, unit: usize) -> Error {
    let path = run.sketches.get(unit).cloned().unwrap_or_default();
    const HINT: &str = "the input changed: remove the sketches and give the command again";
    Error::line(&path, 1, "a text of these sketches was not found", HINT)
}

/// What is done with two documents that are compared, by number and set.
type Met<'a> = &'a mut dyn FnMut(u32, u32, &[u32], &[u32]) -> Result<()>;

/// Gives `met` each pair once, with the sets; how many there were.
fn compare(run: &Run, sets: &Tape<Set>, pairs: &Sorted<Pair>, met: Met) -> Result<u64> {
    let mut pairs = Pairs {
        rows: pairs.rows()?,
        n: 0,
    };
    let mut reader = sets.read(0, sets.end(), run.table_bytes.clamp(1 << 12, 1 << 18));
    let mut next = reader.next()?;
    let mut block: Vec<(u32, Vec<u32>)> = Vec::new();
    while let Some((knot, ordinal, set)) = next.take() {
        check(run.control)?;
        block.clear();
        let mut n_bytes = bytes(&set);
        block.push((ordinal, set));
        // Where the rest of the knot begins, if there is one.
        let mut rest = None;
        loop {
            let at = reader.at();
            next = reader.next()?;
            match &mut next {
                Some((other, ordinal, set)) if *other == knot => {
                    n_bytes += bytes(set);
                    if n_bytes > run.table_bytes {
                        rest = Some(at);
                        break;
                    }
                    block.push((*ordinal, std::mem::take(set)));
                }
                _ => break,
            }
        }
        let far = within(run, knot, &block, &mut pairs, rest.is_some(), met)?;
        if let (Some(at), Some(far)) = (rest, far) {
            let rest = sets.read(at, sets.end(), 1 << 16);
            beyond(run, knot, &block, &far.sorted()?, rest, met)?;
        }
    }
    match pairs.rows.peek() {
        None => Ok(pairs.n),
        Some(_) => Err(Error::Failed("a candidate has no shingles".into())), // never
    }
}

fn bytes(set: &[u32]) -> usize {
    size_of::<(u32, Vec<u32>)>() + size_of_val(set)
}

/// Pairs in order, each once.
struct Pairs<'a> {
    rows: Rows<'a, Pair>,
    n: u64,
}

impl Pairs<'_> {
    /// The next pair of this knot whose first document is not above `last`.
    fn next(&mut self, knot: u32, last: u32) -> Result<Option<(u32, u32)>> {
        match self.rows.peek() {
            Some((other, a, _)) if *other == knot && *a <= last => {}
            _ => return Ok(None),
        }
        let Some(pair) = self.rows.next()? else {
            return Ok(None);
        };
        while self.rows.peek() == Some(&pair) {
            self.rows.next()?;
        }
        self.n += 1;
        Ok(Some((pair.1, pair.2)))
    }
}

fn find(block: &[(u32, Vec<u32>)], ordinal: u32) -> Option<&[u32]> {
    let at = block.binary_search_by_key(&ordinal, |row| row.0).ok()?;
    block.get(at).map(|row| &row.1[..])
}

/// Compares the pairs within a block; those that reach beyond it, the other document first.
fn within(
    run: &Run,
    knot: u32,
    block: &[(u32, Vec<u32>)],
    pairs: &mut Pairs,
    goes_on: bool,
    met: Met,
) -> Result<Option<Sorter<(u32, u32)>>> {
    let last = block.last().map_or(0, |row| row.0);
    let mut far = match goes_on {
        true => Some(run.table()?),
        false => None,
    };
    while let Some((a, b)) = pairs.next(knot, last)? {
        match (find(block, a), find(block, b), &mut far) {
            (Some(set_a), Some(set_b), _) => met(a, b, set_a, set_b)?,
            (Some(_), None, Some(far)) if b > last => far.push((b, a))?,
            _ => return Err(Error::Failed("a candidate has no shingles".into())), // never
        }
    }
    Ok(far)
}

/// Compares a block with the rest of its knot.
fn beyond(
    run: &Run,
    knot: u32,
    block: &[(u32, Vec<u32>)],
    far: &Sorted<(u32, u32)>,
    mut rest: TapeReader<Set>,
    met: Met,
) -> Result<()> {
    let mut far = far.rows()?;
    while far.peek().is_some() {
        check(run.control)?;
        let Some((_, ordinal, set)) = rest.next()?.filter(|row| row.0 == knot) else {
            return Err(Error::Failed("a candidate has no shingles".into())); // never
        };
        while far.peek().is_some_and(|row| row.0 == ordinal) {
            if let Some((b, a)) = far.next()?
                && let Some(set_a) = find(block, a)
            {
                met(a, b, set_a, &set)?;
            }
        }
    }
    Ok(())
}
