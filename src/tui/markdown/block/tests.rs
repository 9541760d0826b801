//! Blocks of Markdown told apart.

use super::*;

/// Blocks in short, for eyes.
fn short(found: &[Block]) -> String {
    let each = |block: &Block| match &block.what {
        What::Heading(level, text) => format!("h{level}({text})"),
        What::Paragraph(text) => format!("p({})", text.replace('\n', "/")),
        What::Code { lang, text } => format!("code {lang}({})", text.replace('\n', "/")),
        What::Quote(inside) => format!("quote({})", short(inside)),
        What::List { start, items } => {
            let items: Vec<String> = items.iter().map(|item| short(item)).collect();
            let start = start.map_or("ul".into(), |n| format!("ol{n}"));
            format!("{start}({})", items.join("; "))
        }
        What::Table(table) => format!("table({:?})", table.rows),
        What::Rule => "rule".into(),
    };
    found.iter().map(each).collect::<Vec<_>>().join(" ")
}

#[test]
fn blocks_are_told_apart() {
    for (source, expected) in [
        (
            "# One #\ntext\nmore\n\n---\n###x",
            "h1(One) p(text/more) rule p(###x)",
        ),
        (
            "a\n```rust x\nlet a;\n\n  b\n```\nc",
            "p(a) code rust(let a;//  b) p(c)",
        ),
        ("```\nopen\n", "code (open)"),
        ("~~~~\n~~~\n~~~~", "code (~~~)"),
        ("> a\nb\n> > c\n\nd", "quote(p(a/b) quote(p(c))) p(d)"),
        ("    four\n\n    five\nx", "code (four//five) p(x)"),
        ("* * *\n***bold***", "rule p(***bold***)"),
        ("1986. A year\nx\n2. next", "ol1986(p(A year/x); p(next))"),
        ("a\n-5 degrees\n-", "p(a/-5 degrees/-)"),
    ] {
        assert_eq!(short(&blocks(source)), expected, "{source:?}");
    }
}

#[test]
fn lists_nest_by_their_columns_and_go_on_behind_empty_lines() {
    for (source, expected) in [
        ("- a\n- b\n\n- c\n\nd", "ul(p(a); p(b); p(c)) p(d)"),
        (
            "1. a\n   - b\n     more\n2. c",
            "ol1(p(a) ul(p(b/more)); p(c))",
        ),
        ("1. a\n  - b\n2. c", "ol1(p(a) ul(p(b)); p(c))"),
        (
            "- a\n\n  second\n  ```\n  x\n  ```\n- b",
            "ul(p(a) p(second) code (x); p(b))",
        ),
        ("- a\n* b", "ul(p(a)) ul(p(b))"),
        ("3) a\n4) b", "ol3(p(a); p(b))"),
        ("- a\nlazy\n\nnot lazy", "ul(p(a/lazy)) p(not lazy)"),
        ("-\n\n  x", "ul() p(x)"),
    ] {
        assert_eq!(short(&blocks(source)), expected, "{source:?}");
    }
}

#[test]
fn tables_have_a_head_a_line_and_rows() {
    let found = blocks("t\n| a | b\\|c |\n|:--|--:|\n| 1 | 2 | 3 |\n|4|\n\nx");
    let [_, table, _] = found.as_slice() else {
        panic!("{}", short(&found));
    };
    let What::Table(table) = &table.what else {
        panic!("{table:?}");
    };
    assert_eq!(table.aligns, [Align::Left, Align::Right]);
    assert_eq!(table.rows, [["a", "b|c"], ["1", "2"], ["4", ""]]);
    for none in ["a | b\n--", "a | b\n--|--|--", "a\n---", "a|b\n-x|--"] {
        assert!(!short(&blocks(none)).contains("table"), "{none:?}");
    }
}

#[test]
fn nesting_without_end_is_cut() {
    let deep = "> ".repeat(5000) + "x";
    assert!(short(&blocks(&deep)).len() < 20_000);
    let deep: String = (0..300).map(|i| " ".repeat(2 * i) + "- x\n").collect();
    assert!(!blocks(&deep).is_empty());
}
