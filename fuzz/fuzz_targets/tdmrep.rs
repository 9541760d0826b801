//! tdmrep.json of the TDM Reservation Protocol.
#![no_main]

use europium::data::optout::TdmRules;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let rules = TdmRules::parse(bytes);
    for path in [
        "/",
        "/a/b?c=d",
        "/%C3%A9",
        "/é*",
        "",
        "*",
        "/aaaaaaaaaaaaaaaaaaaaaaaab",
    ] {
        let Some(found) = rules.reservation(path) else {
            continue;
        };
        assert!(found.rule >= 1 && found.rule <= bytes.len(), "{found:?}");
        assert!(found.location.chars().count() <= 200);
        assert!(
            found
                .policy
                .is_none_or(|policy| policy.chars().count() <= 200)
        );
        assert_eq!(
            rules.reservation(path),
            TdmRules::parse(bytes).reservation(path)
        );
    }
});
