//! Addresses: split, brought to one form, looked up in block lists.
#![no_main]

use europium::data::dedup::normal_url;
use europium::data::optout::{BlockList, Url};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let (address, list) = text.split_once('\n').unwrap_or((&text, ""));
    if let Some(normal) = normal_url(address) {
        assert!(!normal.is_empty() && !normal.contains('#'));
        let again = normal_url(&format!("http://{normal}"));
        assert_eq!(
            again.as_deref(),
            Some(normal.as_str()),
            "the form is its own form"
        );
    }
    if let Some(url) = Url::parse(address) {
        assert!(url.path.starts_with('/') && !url.path.contains('#'));
        assert!(!url.host.is_empty());
        let scheme = if url.https { "https" } else { "http" };
        let whole = format!("{scheme}://{}{}", url.authority(), url.path);
        assert_eq!(Url::parse(&whole).as_ref(), Some(&url), "{whole}");
        let mut blocked = BlockList::default();
        blocked.add("a", list.as_bytes());
        blocked.finish();
        if let Some(found) = blocked.find(&url) {
            assert_eq!(found.category, "a");
        }
        let mut own = BlockList::default();
        own.add("own", url.host.as_bytes());
        own.finish();
        assert_eq!(own.find(&url).is_some(), !own.is_empty(), "{}", url.host);
    }
});
