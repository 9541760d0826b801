//! Of each set of copies one stays.

use super::fates::Copy;
use super::forest::Bits;
use super::resolve::{Run, check};
use super::sort::Sorter;
use crate::data::error::Result;

/// A document of a set: the set, its rank (newest first where that counts, longest, smallest id,
/// smallest hash of the bytes), its number.
type Row = (u32, u64, u64, Vec<u8>, u64, u32);

/// Lets the best of each tree stay and the others go. `groups` are the documents of trees with
/// more than one left; `dropped` learns of each that goes and who stays for it.
pub(super) fn elect(
    run: &mut Run,
    copy: Copy,
    groups: &Bits,
    dropped: &mut dyn FnMut(u32, u32) -> Result<()>,
) -> Result<()> {
    let mut forest = std::mem::replace(&mut run.forest, super::forest::Forest::new(0));
    let mut table: Sorter<Row> = run.table()?;
    let filled = run.each_left(|ordinal, sketch| {
        if !groups.get(ordinal) {
            return Ok(());
        }
        let age = match copy {
            Copy::Url => u64::MAX - sketch.time,
            Copy::Exact | Copy::Near => 0,
        };
        let (shortness, id, bytes_hash) = sketch.rank();
        let id = id.as_bytes().to_vec();
        table.push((
            forest.root(ordinal),
            age,
            shortness,
            id,
            bytes_hash,
            ordinal,
        ))
    });
    run.forest = forest;
    filled?;
    let table = table.sorted()?;
    let mut rows = table.rows()?;
    let mut best: Option<(u32, u32, Vec<u8>)> = None;
    while let Some((root, _, _, id, _, ordinal)) = rows.next()? {
        check(run.control)?;
        match &best {
            Some((set, survivor, name)) if *set == root => {
                run.gone.set(ordinal);
                run.fates
                    .push((ordinal, copy.code(), *survivor, name.clone()))?;
                dropped(ordinal, *survivor)?;
            }
            _ => best = Some((root, ordinal, id)),
        }
    }
    Ok(())
}
