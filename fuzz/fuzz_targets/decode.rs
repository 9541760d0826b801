//! Bytes of a page to text, with and without a declared encoding.
#![no_main]

use europium::data::read::decode_hinted;
use libfuzzer_sys::fuzz_target;

const CHARSETS: [Option<&str>; 8] = [
    None,
    Some("utf-8"),
    Some("iso-8859-2"),
    Some("windows-1251"),
    Some("iso-2022-jp"),
    Some("utf-16"),
    Some("gb18030"),
    Some("x-user-defined"),
];

fuzz_target!(|bytes: &[u8]| {
    let Some((mode, bytes)) = bytes.split_first() else {
        return;
    };
    let charset = CHARSETS[usize::from(mode % 8)];
    let tld = [None, Some("bg"), Some("gr"), Some("")][usize::from(mode / 8 % 4)];
    let (text, name) = decode_hinted(bytes, charset, tld);
    assert!(
        text.len() <= 3 * bytes.len() + 3,
        "{} bytes of {name}",
        text.len()
    );
    assert_eq!(name, name.to_ascii_lowercase());
    let label = (name != "replacement").then_some(name);
    assert!(label.is_none_or(|name| {
        let again = decode_hinted(text.as_bytes(), Some("utf-8"), None);
        // Text is UTF-8 from here on, unless it begins like something else.
        again.1 == "utf-8"
            || text.starts_with('\u{feff}')
            || text.contains('\0')
            || name == "iso-2022-jp"
    }));
});
