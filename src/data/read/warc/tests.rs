//! Crawls as they come, and as they come damaged.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::data::read::{
    Item, Options, PageKind, Position, Quarantined, Unit, Why, open, open_at, open_bytes,
    open_unit, splits,
};
use crate::disk;

/// A folder of the real data; none, with a word on it, where it is not there.
fn real(folder: &str) -> Option<Vec<PathBuf>> {
    #[allow(clippy::disallowed_methods)]
    let Some(root) = std::env::var_os("EU_TEST_DATA") else {
        let _ = writeln!(std::io::stderr(), "skipped: EU_TEST_DATA is not set");
        return None;
    };
    let folder = Path::new(&root).join("data/warc").join(folder);
    let files = disk::walk(&folder).unwrap();
    let is_crawl = |p: &PathBuf| !p.to_string_lossy().ends_with(".jsonl");
    Some(files.into_iter().filter(is_crawl).collect())
}

fn read(path: &Path) -> Vec<Item> {
    open(path, &Options::default())
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

fn read_bytes(name: &str, bytes: &[u8]) -> Vec<Item> {
    let options = Options {
        max_record_bytes: 1 << 20,
        ..Options::default()
    };
    open_bytes(Path::new(name), bytes.to_vec(), &options)
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    e.write_all(bytes).unwrap();
    e.finish().unwrap()
}

/// A response that is a page of `n` paragraphs.
fn record(n: usize) -> Vec<u8> {
    let body: String = (0..n)
        .map(|i| format!("<p>{}</p>\n", i * 7919 % 1000 + n))
        .collect();
    let http = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>{body}</html>");
    let head = format!(
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://a.eu/{n}\r\n\
         WARC-Date: 2024-05-18T05:51:00Z\r\nContent-Type: application/http; msgtype=response\r\n\
         Content-Length: {}\r\n\r\n",
        http.len()
    );
    [head.as_bytes(), http.as_bytes(), b"\r\n\r\n"].concat()
}

fn crawl() -> Vec<Vec<u8>> {
    (0..12).map(|i| record(i * i * 7)).collect()
}

/// The bytes no item covers. One of many records in a gzip member has no size of its own: together
/// they reach to the next member.
fn uncovered(items: &[Item], len: u64) -> Vec<(u64, u64)> {
    let mut spans: Vec<(u64, u64)> = items.iter().map(|i| (i.place().1, i.place().2)).collect();
    spans.sort_unstable();
    spans.push((len, 0));
    let mut reached = 0;
    let mut gaps = Vec::new();
    for (i, &(offset, size)) in spans.iter().enumerate() {
        let next = spans[i..].iter().map(|s| s.0).find(|next| *next > offset);
        let size = match size {
            0 => next.unwrap_or(len) - offset,
            size => size,
        };
        if offset > reached {
            gaps.push((reached, offset));
        }
        reached = reached.max(offset + size);
    }
    gaps
}

fn quarantined(items: &[Item]) -> Vec<&Quarantined> {
    let found = items.iter().filter_map(|item| match item {
        Item::Quarantined(q) => Some(q),
        _ => None,
    });
    found.collect()
}

fn urls(items: &[Item]) -> Vec<String> {
    let of = |item: &Item| match item {
        Item::Page(page) | Item::Robots(page) => page.url.clone(),
        _ => None,
    };
    items.iter().filter_map(of).collect()
}

#[test]
fn one_crawl_is_read_alike_however_it_is_packed() {
    let records = crawl();
    let plain = records.concat();
    let each: Vec<u8> = records.iter().flat_map(|r| gz(r)).collect();
    let frames: Vec<u8> = records
        .iter()
        .flat_map(|r| zstd::encode_all(&r[..], 1).unwrap())
        .collect();
    let one_frame = zstd::encode_all(&plain[..], 1).unwrap();
    let expected = urls(&read_bytes("a.warc", &plain));
    assert_eq!(expected.len(), records.len());
    for bytes in [&plain, &each, &gz(&plain), &frames, &one_frame] {
        let items = read_bytes("a.warc", bytes);
        assert_eq!(urls(&items), expected);
        assert!(quarantined(&items).is_empty(), "{:?}", quarantined(&items));
    }
    for bytes in [&plain, &each, &frames] {
        let items = read_bytes("a.warc", bytes);
        assert_eq!(uncovered(&items, bytes.len() as u64), []);
        // What is noted of its place is the record.
        let Item::Page(page) = &items[5] else {
            panic!("a page")
        };
        let from = page.source.offset as usize;
        let alone = read_bytes("a.warc", &bytes[from..from + page.source.size as usize]);
        assert_eq!(urls(&alone), [page.url.clone().unwrap()]);
    }
}

#[test]
fn real_crawls_are_covered_byte_for_byte() {
    for folder in ["docs", "dolma", "warcio"] {
        let Some(files) = real(folder) else { return };
        for path in files {
            let items = read(&path);
            let len = std::fs::metadata(&path).unwrap().len();
            let name = path.display();
            assert!(!items.is_empty(), "{name}");
            assert_eq!(uncovered(&items, len), [], "{name}");
            let is_odd = path.to_string_lossy().contains("trunc");
            let bad = quarantined(&items);
            assert_eq!(bad.is_empty(), !is_odd, "{name}: {bad:?}");
        }
    }
}

#[test]
fn every_gold_page_is_read() {
    let Some(files) = real("docs") else { return };
    let gold = std::fs::read_to_string(files[0].with_file_name("pages.gold.jsonl")).unwrap();
    let mut gold: Vec<String> = gold
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|page| page["url"].as_str().unwrap().to_string())
        .collect();
    let mut pages = Vec::new();
    let mut n_skipped = 0;
    for path in files {
        let items = read(&path);
        n_skipped += items
            .iter()
            .filter(|i| matches!(i, Item::Skipped(_)))
            .count();
        pages.extend(urls(&items));
    }
    gold.sort();
    pages.sort();
    let missing: Vec<&String> = gold
        .iter()
        .filter(|u| pages.binary_search(u).is_err())
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(n_skipped > 27, "{n_skipped}"); // a warcinfo each, redirects, errors, images
}

#[test]
fn a_crawl_cut_anywhere_is_covered_and_keeps_what_is_whole() {
    let records = crawl();
    let each: Vec<Vec<u8>> = records.iter().map(|r| gz(r)).collect();
    for (pieces, bytes) in [(&records, records.concat()), (&each, each.concat())] {
        let step = (bytes.len() / 150).max(1);
        for cut in (1..bytes.len()).step_by(step) {
            let items = read_bytes("a.warc", &bytes[..cut]);
            assert_eq!(uncovered(&items, cut as u64), [], "cut at {cut}: {items:?}");
            let mut end = 0;
            let whole = pieces.iter().take_while(|p| {
                end += p.len();
                end <= cut
            });
            assert!(urls(&items).len() >= whole.count(), "cut at {cut}");
        }
    }
}

#[test]
fn a_flipped_bit_spoils_one_record() {
    let records = crawl();
    let each: Vec<Vec<u8>> = records.iter().map(|r| gz(r)).collect();
    let whole = each.concat();
    let expected = read_bytes("a.warc", &whole);
    for at in (0..whole.len()).step_by((whole.len() / 400).max(1)) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        let items = read_bytes("a.warc", &bytes);
        if at > 2 {
            assert_eq!(uncovered(&items, bytes.len() as u64), [], "bit at {at}");
            let kept = items.iter().filter(|item| expected.contains(item)).count();
            assert!(
                kept + 1 >= records.len(),
                "bit at {at}: {kept} records left: {:?}",
                quarantined(&items)
            );
        }
        // No page is given that was not there.
        let pages = items.iter().filter(|i| matches!(i, Item::Page(_)));
        assert!(
            pages.clone().all(|p| expected.contains(p) || at <= 2),
            "bit at {at}"
        );
    }
}

#[test]
fn wrong_lengths_spoil_one_record() {
    for wrong in [-40i64, -1, 40, 2_000, 900_000, 5_000_000] {
        let mut records = crawl();
        let text = String::from_utf8(records[6].clone()).unwrap();
        let (before, after) = text.split_once("Content-Length: ").unwrap();
        let (len, after) = after.split_once("\r\n").unwrap();
        let len = len.parse::<i64>().unwrap() + wrong;
        records[6] = format!("{before}Content-Length: {len}\r\n{after}").into_bytes();
        let each: Vec<u8> = records.iter().flat_map(|r| gz(r)).collect();
        for bytes in [records.concat(), each] {
            let items = read_bytes("a.warc", &bytes);
            assert_eq!(uncovered(&items, bytes.len() as u64), [], "{wrong}");
            if wrong < 1_000_000 {
                assert_eq!(
                    urls(&items).len(),
                    records.len() - 1,
                    "{wrong}: {:?}",
                    quarantined(&items)
                );
            }
            assert!(!quarantined(&items).is_empty());
        }
    }
}

#[test]
fn garbage_between_records_is_quarantined() {
    let records = crawl();
    for junk in [
        &b"\0\0\0\0"[..],
        b"\x1f\x8b\x08\0garbage",
        b"lorem ipsum\r\n\r\ndolor",
    ] {
        let plain = [&records[3][..], junk, b"\r\n", &records[4]].concat();
        let each = [&gz(&records[3])[..], junk, &gz(&records[4])].concat();
        for bytes in [plain, each] {
            let items = read_bytes("a.warc", &bytes);
            assert_eq!(uncovered(&items, bytes.len() as u64), []);
            assert!(!quarantined(&items).is_empty());
            assert!(
                urls(&items).contains(&"https://a.eu/112".to_string()),
                "{items:?}"
            );
        }
    }
}

#[test]
fn what_is_too_large_is_passed_over() {
    let bomb = {
        let http = [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b' '; 20 << 20]].concat();
        let head = format!(
            "WARC/1.0\r\nWARC-Type: response\r\nContent-Type: application/http\r\n\
             Content-Length: {}\r\n\r\n",
            http.len()
        );
        [head.as_bytes(), &http, b"\r\n\r\n"].concat()
    };
    for bytes in [
        [&record(3)[..], &bomb, &record(4)].concat(),
        [gz(&record(3)), gz(&bomb), gz(&record(4))].concat(),
        gz(&[&record(3)[..], &bomb, &record(4)].concat()),
    ] {
        let items = read_bytes("a.warc", &bytes);
        let q = quarantined(&items);
        assert_eq!(q.len(), 1);
        assert!(q[0].what.contains("more than 1048576"), "{}", q[0].what);
        assert!(!urls(&items).is_empty());
    }
}

#[test]
fn records_become_what_they_are() {
    let make = |warc_type: &str, extra: &str, block: &str| {
        let head = format!(
            "WARC/1.1\nwarc-type: {warc_type}\r\nWARC-Target-URI: <https://a.eu/robots.txt>\r\n\
             {extra}Content-Length: {}\r\n\r\n{block}\r\n\r\n",
            block.len()
        );
        let mut items = read_bytes("x", head.as_bytes());
        assert_eq!(items.len(), 1);
        items.remove(0)
    };
    let http = "HTTP/1.1 404 Not Found\r\n\r\n";
    let Item::Robots(page) = make("response", "Content-Type: application/http\r\n", http) else {
        panic!("robots")
    };
    assert_eq!((page.kind, page.status), (PageKind::RobotsTxt, 404));
    let Item::Skipped(skipped) = make("request", "", "GET / HTTP/1.1\r\n\r\n") else {
        panic!("skipped")
    };
    assert_eq!(skipped.why, Why::WarcType("request".into()));
    let wet = "Content-Type: text/plain\r\nWARC-Identified-Content-Language: est,eng\r\n\
               WARC-Date: 2024-05-18T05:51:00Z\r\n";
    let Item::Record(record) = make("conversion", wet, "Tere\nmaailm\n") else {
        panic!("a record")
    };
    assert_eq!(
        (record.text.as_str(), record.code()),
        ("Tere\nmaailm", "ekk_Latn")
    );
    assert_eq!(record.fields.get("ts").unwrap(), "2024-05-18T05:51:00Z");
    assert_eq!(
        record.to_json().get("lang").unwrap().to_string(),
        r#"["est","eng"]"#
    );
}

#[test]
fn reading_goes_on_from_any_position_and_parts_are_the_whole() {
    let mut files: Vec<PathBuf> = Vec::new();
    let folder = tempfile::tempdir().unwrap();
    let records: Vec<Vec<u8>> = (0..120).map(|i| record(i * 13 % 97)).collect();
    for (name, bytes) in [
        ("plain.warc", records.concat()),
        ("each.warc.gz", records.iter().flat_map(|r| gz(r)).collect()),
        ("one.warc.gz", gz(&records.concat())),
        (
            "five.warc.gz",
            records.chunks(5).flat_map(|c| gz(&c.concat())).collect(),
        ),
        (
            "frames.warc.zst",
            records
                .chunks(3)
                .flat_map(|c| zstd::encode_all(&c.concat()[..], 1).unwrap())
                .collect(),
        ),
    ] {
        let path = folder.path().join(name);
        disk::replace_bytes(&path, &bytes).unwrap();
        let mut damaged = bytes.clone();
        damaged[bytes.len() / 2] ^= 8;
        let path2 = folder.path().join(format!("damaged-{name}"));
        disk::replace_bytes(&path2, &damaged).unwrap();
        files.extend([path, path2]);
    }
    for set in ["docs", "dolma", "warcio"] {
        files.extend(real(set).unwrap_or_default().into_iter().take(4));
    }
    let options = Options::default();
    for path in files {
        let name = path.display();
        let whole = read(&path);
        let mut reader = open(&path, &options).unwrap();
        for n in 0..=whole.len() {
            let position = reader.position();
            if n % 7 < 3 || n + 2 > whole.len() {
                let rest = open_at(&path, position, &options).unwrap().take(3);
                let rest: Vec<Item> = rest.map(Result::unwrap).collect();
                let expected = &whole[n..whole.len().min(n + 3)];
                assert!(
                    rest == expected,
                    "{name} item {n} {position:?}\n{:.900}\n{:.900}",
                    format!("{rest:?}"),
                    format!("{expected:?}")
                );
            }
            reader.next();
        }
        for target in [4096, 9_000, 50_000] {
            let units: Vec<Unit> = splits(&path, target).unwrap();
            assert_eq!(units[0].start, Position::default());
            let parts = units
                .iter()
                .flat_map(|unit| open_unit(unit, &options).unwrap());
            let parts: Vec<Item> = parts.map(Result::unwrap).collect();
            assert_eq!(places(&parts), places(&whole), "{name} {target}");
            let len = std::fs::metadata(&path).unwrap().len();
            let cuts =
                !name.to_string().contains("one.warc") && !name.to_string().contains("damaged");
            if cuts && len > 20_000 && target == 4096 {
                assert!(units.len() > 2, "{name} {}", units.len());
            }
        }
    }
}

/// What items are, but for the number of the record.
fn places(items: &[Item]) -> Vec<String> {
    let place = |item: &Item| {
        let (_, offset, size) = item.place();
        let what = match item {
            Item::Page(page) | Item::Robots(page) => {
                format!("{:?} {:?}", page.url, page.body.len())
            }
            Item::Record(record) => record.text.clone(),
            Item::Skipped(skipped) => format!("{:?}", skipped.why),
            Item::Quarantined(q) => q.what.clone(),
        };
        format!("{offset} {size} {what}")
    };
    items.iter().map(place).collect()
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic_or_lose_any(
        bytes: Vec<u8>,
        lines in "(WARC/1\\.[01]\r?\n|Content-Length: [0-9]{1,3}\r?\n|\r?\n|[a-z]{0,5}\n|http://a 1 20140216050221 b [0-9]\n){0,12}",
    ) {
        for bytes in [bytes, lines.clone().into_bytes(), gz(lines.as_bytes())] {
            let items = read_bytes("a.warc", &bytes);
            let gaps = uncovered(&items, bytes.len() as u64);
            let blank = |(from, to): &(u64, u64)| {
                bytes[*from as usize..*to as usize].iter().all(|b| matches!(b, b'\r' | b'\n'))
            };
            let empty = lines.trim().is_empty();
            proptest::prop_assert!(empty || gaps.iter().all(blank), "{gaps:?} {items:?}");
        }
    }
}
