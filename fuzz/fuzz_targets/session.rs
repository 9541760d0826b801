//! A kept conversation of anybody: messages that can be are a tree, and written they are read again.
#![no_main]

use europium::talk::{self, Role};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let kept = talk::read_lines(bytes);
    let mut tree = kept.tree;
    let path = tree.path();
    assert_eq!(path.first().and_then(|node| node.parent), None);
    for pair in path.windows(2) {
        assert_eq!(pair[1].parent, Some(pair[0].id));
    }
    let lines = talk::lines_of(tree.nodes(), tree.head().map(|node| node.id));
    let again = talk::read_lines(lines.as_bytes());
    assert!(again.notes.is_empty(), "{:?}", again.notes);
    assert_eq!(again.tree.nodes(), tree.nodes());
    assert_eq!(again.tree.path(), tree.path());
    let asked = tree.ask("more");
    assert!(tree.get(asked).is_some_and(|node| node.role == Role::User));
    tree.answer("yes", 1, 1, "eos");
    let (at, _) = tree.place(asked).expect("it was added above");
    assert!(tree.go(asked, at) && tree.reopen() == Some(asked));
});
