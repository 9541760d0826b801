use super::*;
use crate::data::read::stored::Input;

/// Members that begin every 32 bytes inside of each other, of stored blocks that end at one
/// place: each goes on through all that follow, and fails where the file ends.
fn nested(len: usize) -> Vec<u8> {
    const BLOCK: usize = 32 << 10;
    let mut bytes = Vec::with_capacity(len + BLOCK);
    while bytes.len() < len {
        let block_end = bytes.len() + BLOCK;
        let stored = |from: usize| {
            let n = (block_end - from - 5) as u16;
            [&[0][..], &n.to_le_bytes(), &(!n).to_le_bytes()].concat()
        };
        bytes.extend(stored(bytes.len()));
        while bytes.len() + 48 < block_end {
            bytes.extend(b"\x1f\x8b\x08\0\0\0\0\0\0\x03");
            bytes.extend(stored(bytes.len()));
            bytes.extend(b"WARC/1.1\r\n\r\nxxxxx");
        }
        bytes.resize(block_end, b' ');
    }
    bytes
}

#[test]
fn members_inside_of_members_are_unpacked_a_few_times_each() {
    let mut bytes = b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec();
    bytes.extend(nested(10 << 20));
    let len = bytes.len() as u64;
    let stored = Stored::new(Input::Bytes(io::Cursor::new(bytes)));
    let mut unpacked = Unpacked::new(stored, 0).unwrap();
    unpacked.expect(|head| head.starts_with(b"WARC/") || head.starts_with(b"\x1f\x8b"));
    let (mut n_unpacked, mut n_tries, mut last) = (0, 0, 0);
    loop {
        let have = unpacked.ensure(1).unwrap();
        n_unpacked += unpacked.bytes().len() as u64;
        unpacked.consume(usize::MAX);
        assert!(n_unpacked <= 2 * PASSED_PART * len, "{n_tries} tries");
        match have {
            Have::Enough => {}
            Have::End => break,
            Have::Break => {
                let damage = unpacked.take_break().unwrap();
                assert!(damage.offset >= last && damage.size > 0);
                last = damage.offset + damage.size;
                n_tries += 1;
            }
        }
    }
    assert_eq!(last, len);
    assert!(n_tries > 100, "{n_tries} members were tried");
}
