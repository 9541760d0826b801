//! That patterns are patterns, names are names, and both tables agree.

use std::collections::HashSet;

use super::*;

#[test]
fn every_pattern_is_one_and_every_name_is_there_once() {
    for pre in KNOWN.iter() {
        if let Cuts::By(steps) = &pre.cuts {
            assert_eq!(steps.ready().len(), steps.patterns.len());
        }
    }
    let mut seen = HashSet::new();
    assert!(Pre::names().all(|name| seen.insert(name)));
    assert!(Pre::named("viking").is_some() && Pre::named("unheard-of").is_none());
}

#[test]
fn patterns_that_are_named_alike_cut_alike_but_for_capitals_beyond_ascii() {
    for row in &NAMED_ALIKE {
        let written = SysRegex::new(row.pattern).unwrap();
        let Cuts::By(steps) = &Pre::named(row.name).unwrap().cuts else {
            panic!("{} is cut by hand", row.name);
        };
        let cuts = |pattern: &SysRegex, text| pattern.find_iter(text).collect::<Vec<_>>();
        let both = |text| [cuts(&written, text), cuts(&steps.ready()[0], text)];
        let [a, b] = both("Straße UEBER camelCase don't 1234, x/\n\n  ქართული Ούτε ΟΥΤΕ iPhone");
        assert_eq!(a, b, "{}", row.name);
        let [a, b] = both("straßeÜber");
        assert_eq!((a.len(), b.len()), (2, 1), "{}", row.name);
        let [a, b] = both(" ÜBER");
        assert_eq!((a.len(), b.len()), (1, 2), "{}", row.name);
    }
}

#[test]
fn rows_for_writing_are_found_by_their_names() {
    for (at, row) in PRE_TOKENIZERS.iter().enumerate() {
        let pre = Pre::named(row.name).unwrap();
        assert!(matches!(pre.cuts, Cuts::As(n) if n == at), "{}", row.name);
        assert_eq!(pre.adds_bos, row.adds_bos, "{}", row.name);
        assert_eq!(pre.ignore_merges, row.ignore_merges, "{}", row.name);
    }
}
