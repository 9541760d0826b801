//! What holds of every reader, whatever the bytes: each byte of a file is in one item or between
//! two, reading goes on where it stopped, and the parts of a file are the file.

#![allow(dead_code)] // each target uses a part

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use europium::data::read::{self, Item, Options, Position};

thread_local! {
    static PACKER: std::cell::RefCell<zstd::bulk::Compressor<'static>> =
        zstd::bulk::Compressor::new(1).expect("packs").into();
}

/// The bytes as one zstd frame.
pub fn frame(bytes: &[u8]) -> Vec<u8> {
    PACKER.with_borrow_mut(|packer| packer.compress(bytes).expect("packs"))
}

/// A folder of this process; `fuzz/run` sees to it that it is in memory, and goes.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("europium-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for files");
    folder
});

/// A file of that name with these bytes; the next call may write over it.
pub fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = FOLDER.join(name);
    std::fs::write(&path, bytes).expect("a file is written");
    path
}

/// Options that let small inputs be too long.
pub fn options(max_record_bytes: usize) -> Options {
    Options {
        max_record_bytes,
        ..Options::default()
    }
}

/// Reads `bytes` as a file called `name` in every way there is. `between` says which bytes may
/// stand outside of items in a file that is not packed.
pub fn check(name: &str, bytes: &[u8], options: &Options, between: fn(u8) -> bool) {
    // What begins as a table is read as one from a file, and from a file alone.
    if begins_as_table(bytes) {
        return;
    }
    let path = file(name, bytes);
    let mut reader = read::open_bytes(&path, bytes.to_vec(), options).expect("bytes are opened");
    let mut items = Vec::new();
    let mut places = vec![reader.position()];
    // A block of zstd unpacks to 128 KiB at most, and has a byte at least.
    let packed = bytes.starts_with(&[0x1f, 0x8b]) || is_zstd(bytes);
    let most = (bytes.len() + 1) << if packed { 17 } else { 0 };
    while let Some(item) = reader.next() {
        items.push(item.expect("bytes are read"));
        places.push(reader.position());
        assert!(items.len() <= most, "items of nothing");
    }
    in_order(&items, bytes, packed, between);

    // Where to stop comes of the input, so that a finding is found again.
    let at = bytes.iter().map(|b| usize::from(*b)).sum::<usize>() % places.len();
    if let (Some(place), Some(left)) = (places.get(at), items.get(at..)) {
        assert_eq!(
            rest(&path, *place, options),
            left,
            "reading goes on at {place:?}"
        );
    }
    if bytes.len() > 4096 {
        parts(&path, &items, options);
    }
}

fn begins_as_table(bytes: &[u8]) -> bool {
    let mut head = [0; 4];
    let unpacked = if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::bufread::MultiGzDecoder::new(bytes).read_exact(&mut head)
    } else if is_zstd(bytes) {
        zstd::Decoder::new(bytes).and_then(|mut zstd| zstd.read_exact(&mut head))
    } else {
        (&mut &bytes[..]).read_exact(&mut head)
    };
    unpacked.is_ok() && head == *b"PAR1"
}

fn is_zstd(bytes: &[u8]) -> bool {
    let magic = bytes.first_chunk().map(|m| u32::from_le_bytes(*m));
    magic.is_some_and(|m| m == 0xfd2f_b528 || m & 0xffff_fff0 == 0x184d_2a50)
}

fn in_order(items: &[Item], bytes: &[u8], packed: bool, between: fn(u8) -> bool) {
    let len = bytes.len() as u64;
    let mut end = 0;
    for item in items {
        let (_, offset, size) = item.place();
        assert!(
            offset <= len && size <= len - offset,
            "beyond the file: {item:?}"
        );
        if packed {
            assert!(offset >= end, "before the one before: {item:?}");
            end = offset;
        } else {
            assert!(offset >= end, "in the one before: {item:?}");
            let gap = &bytes[end as usize..offset as usize];
            assert!(gap.iter().all(|b| between(*b)), "{end}..{offset} is lost");
            end = offset + size;
        }
    }
    if !packed {
        let gap = &bytes[end as usize..];
        assert!(gap.iter().all(|b| between(*b)), "{end}..{len} is lost");
    }
}

fn rest(path: &Path, start: Position, options: &Options) -> Vec<Item> {
    let reader = read::open_at(path, start, options).expect("the file is opened");
    reader.map(|item| item.expect("the file is read")).collect()
}

/// Every item that is whole is in one part, once; damage may be told by two parts that meet it.
fn parts(path: &Path, items: &[Item], options: &Options) {
    let units = read::splits(path, 4096).expect("the file is cut");
    let mut read = Vec::new();
    for unit in &units {
        let reader = read::open_unit(unit, options).expect("the part is opened");
        read.extend(reader.map(|item| item.expect("the part is read")));
    }
    let whole = |items: &[Item]| -> Vec<Item> {
        let whole = items.iter().filter(|i| !matches!(i, Item::Quarantined(_)));
        whole.cloned().map(without_line).collect()
    };
    assert_eq!(whole(&read), whole(items), "{} parts", units.len());
}

/// A part does not know how many lines were before it.
fn without_line(mut item: Item) -> Item {
    match &mut item {
        Item::Record(record) => record.source.line = 0,
        Item::Page(page) | Item::Robots(page) => page.source.line = 0,
        Item::Skipped(skipped) => skipped.source.line = 0,
        Item::Quarantined(damage) => damage.line = 0,
    }
    item
}
