//! Parquet tables: of this program's own making with damage, and any bytes.
#![no_main]

use europium::data::read::{self, Position};
use libfuzzer_sys::fuzz_target;

mod guarded;
mod places;

fuzz_target!(
    // The library below panics on some damaged tables, and the reader takes that for damage; what
    // reaches the target still ends it.
    init: guarded::quiet(),
    |bytes: &[u8]| {
        let path = places::file("a.parquet", bytes);
        let options = places::options(1 << 16);
        let Ok(mut reader) = read::open(&path, &options) else {
            return;
        };
        let (mut items, mut at) = (Vec::new(), vec![reader.position()]);
        while let Some(item) = reader.next() {
            items.push(format!("{item:?}"));
            at.push(reader.position());
            if items.len() > 2000 {
                return; // a few bytes of a dictionary may be any number of rows
            }
        }
        let n = bytes.iter().map(|b| usize::from(*b)).sum::<usize>() % at.len();
        let rest = |at: Position| -> Vec<String> {
            let reader = read::open_at(&path, at, &options).expect("it was opened before");
            reader.map(|item| format!("{item:?}")).collect()
        };
        assert_eq!(rest(at[n]), items[n..], "reading goes on at {:?}", at[n]);
        let units = read::splits(&path, 1).expect("it was opened before");
        assert!(!units.is_empty());
    }
);
