//! JSON lines, as they are and packed; a record written is the record read.
#![no_main]

use std::path::Path;

use europium::data::read::{self, Item, Options};
use libfuzzer_sys::fuzz_target;

mod places;

fuzz_target!(|bytes: &[u8]| {
    let Some((mode, bytes)) = bytes.split_first() else {
        return;
    };
    let options = places::options(if mode & 4 == 0 { 1 << 20 } else { 100 });
    let is_nothing = |b: u8| b.is_ascii_whitespace() || b"\xef\xbb\xbf".contains(&b);
    match mode % 4 {
        2 => {
            let frames = bytes.chunks(512).map(places::frame);
            let bytes = frames.collect::<Vec<_>>().concat();
            places::check("deu.jsonl.zst", &bytes, &options, is_nothing);
        }
        _ => places::check("deu.jsonl", bytes, &options, is_nothing),
    }
    let options = Options::default();
    for item in read::open_bytes(Path::new("a.jsonl"), bytes.to_vec(), &options).expect("opens") {
        let Ok(Item::Record(record)) = item else {
            continue;
        };
        let line = serde_json::to_vec(&record.to_json()).expect("a record is JSON");
        let mut again = read::open_bytes(Path::new("a.jsonl"), line, &options).expect("opens");
        let Some(Ok(Item::Record(read))) = again.next() else {
            panic!("{record:?} is no record when it is read again");
        };
        assert_eq!((&read.id, &read.text), (&record.id, &record.text));
        assert_eq!(read.to_json(), record.to_json());
        assert_eq!(read.lang, record.lang);
    }
});
