//! The browser as it looks: a person reads these pictures before they change.

use std::io;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;
use ratatui::style::Modifier;

use super::{Beginnings, Browser, Check, Document, Found, Group, Library, Totals, view};
use crate::event::Control;
use crate::tui::app::Screen;
use crate::tui::picture;

struct Shelf {
    groups: Vec<Group>,
    /// Documents asked for at once, and in all.
    most: usize,
    n_read: usize,
}

fn text(i: u64) -> String {
    let mail = "schreibe an anna@example.org und 漢字 auch";
    format!("Text {i} \u{1b}[31m\n{mail}\n{}", "lang ".repeat(40))
}

impl Library for Shelf {
    fn groups(&self) -> &[Group] {
        &self.groups
    }

    fn totals(&self) -> Option<Totals> {
        (!self.groups.is_empty()).then_some(Totals {
            n_seen: 12_400,
            n_kept: 12_345,
            n_heldout: 52,
            n_dropped: 3,
        })
    }

    fn beginnings(&mut self, group: usize, from: u64, n: usize) -> io::Result<Beginnings> {
        let total = self.groups[group].n_docs.unwrap_or(0);
        if self.groups[group].name == "damaged" {
            return Err(io::Error::other("x.jsonl.zst: damaged at byte 7"));
        }
        let end = total.min(from + n as u64).max(from.min(total));
        let texts: Vec<String> = (from.min(end)..end).map(text).collect();
        self.most = self.most.max(texts.len());
        self.n_read += texts.len();
        Ok(Beginnings {
            texts,
            ended: end == total,
        })
    }

    fn document(&mut self, group: usize, at: u64) -> io::Result<Option<Document>> {
        let group = &self.groups[group];
        let why = [
            "dropped by filter: few_letters",
            "alpha_ratio 0.41, should be at least 0.8",
        ];
        let text = text(at);
        let mail = text.find("anna").unwrap();
        Ok((at < group.n_docs.unwrap_or(0)).then(|| Document {
            id: format!("{at:04x}"),
            why: why
                .map(String::from)
                .into_iter()
                .filter(|_| group.dropped)
                .collect(),
            facts: vec![
                ("lang".into(), "[\"deu_Latn\"]".into()),
                ("u".into(), "https://example.org/\u{202e}a".into()),
            ],
            n_bytes: text.len() + if at == 2 { 1_000_000 } else { 0 },
            marks: vec![1..1, mail..mail + 16, 5..6, 1000..1001],
            text,
        }))
    }

    fn checks(&mut self, _: usize, at: u64) -> io::Result<Vec<Check>> {
        if at == 1 {
            return Err(io::Error::other("own.toml: cannot open: not found"));
        }
        let check = |reason: &str, value, threshold, ok, on| Check {
            reason: reason.into(),
            value,
            bound: "at least",
            threshold,
            ok,
            on,
        };
        Ok(vec![
            check("too_few_words", 52.0, 50.0, true, true),
            check("few_letters", 0.412_345, 0.8, false, true),
            check("wds", 0.1, 0.5, false, false),
        ])
    }

    fn search(&mut self, group: usize, from: u64, words: Option<&str>) -> io::Result<Found> {
        let end = self.groups[group].n_docs.unwrap_or(0);
        // A thousand documents at a time.
        let until = end.min(from + 1000);
        let found = words.and_then(|words| (from..until).find(|i| text(*i).contains(words)));
        Ok(match found {
            Some(at) => Found::At(at),
            None if until < end => Found::NotBefore(until),
            None => Found::End(end),
        })
    }
}

fn browser(width: u16, height: u16) -> Browser<Shelf> {
    let group = |name: &str, lang: &str, dropped, n| Group {
        name: name.into(),
        lang: lang.into(),
        dropped,
        n_docs: Some(n),
    };
    let groups = vec![
        group("unique", "deu_Latn", false, 12_345),
        group("few_letters", "deu_Latn", true, 2),
        group("few_letters", "ell_Grek", true, 3),
        group("damaged", "und", true, 1),
    ];
    let shelf = Shelf {
        groups,
        most: 0,
        n_read: 0,
    };
    let mut browser = Browser::new(shelf, "data");
    browser.resized(Size::new(width, height));
    browser
}

fn press(browser: &mut Browser<Shelf>, keys: &[KeyCode]) {
    for key in keys {
        browser.key(KeyEvent::new(*key, KeyModifiers::NONE));
    }
}

/// Keys of letters; `\n` is Enter.
fn type_in(browser: &mut Browser<Shelf>, text: &str) {
    for c in text.chars() {
        let key = if c == '\n' {
            KeyCode::Enter
        } else {
            KeyCode::Char(c)
        };
        press(browser, &[key]);
    }
}

fn wait(browser: &mut Browser<Shelf>, n_ticks: usize) {
    for _ in 0..n_ticks {
        browser.tick(0, &Control::default());
    }
}

fn screen(browser: &Browser<Shelf>, width: u16, height: u16) -> String {
    picture::text(&picture::buffer(width, height, |frame| {
        view(browser, frame)
    }))
}

/// The letters of a screen that are drawn in a way.
fn drawn(browser: &Browser<Shelf>, modifier: Modifier) -> String {
    let buf = picture::buffer(100, 14, |frame| view(browser, frame));
    let cells = buf
        .content
        .iter()
        .filter(|cell| cell.modifier.contains(modifier));
    cells.map(|cell| cell.symbol()).collect()
}

#[test]
fn groups_documents_and_text_stand_side_by_side() {
    let mut browser = browser(100, 14);
    press(&mut browser, &[KeyCode::Tab, KeyCode::Down]);
    insta::assert_snapshot!(screen(&browser, 100, 14), @r"
    eu prepare view  data   12 400 seen = 12 345 kept + 52 held out + 3 dropped
    4 groups                       document 2 of 12 345     [1 text]  2 checks   3 record  1 marked
    > + deu_Latn unique      12.3k   Text 0 ␛[31m schreibe… id 0001
      - deu_Latn few_letters     2 > Text 1 ␛[31m schreibe… kept to train on
      - ell_Grek few_letters     3   Text 2 ␛[31m schreibe… https://example.org/�a
      - und damaged              1   Text 3 ␛[31m schreibe… ────────────────────────────────────────────
                                     Text 4 ␛[31m schreibe… Text 1 ␛[31m
                                     Text 5 ␛[31m schreibe… schreibe an anna@example.org und 漢字 auch
                                     Text 6 ␛[31m schreibe… lang lang lang lang lang lang lang lang lang
                                     Text 7 ␛[31m schreibe… lang lang lang lang lang lang lang lang lang
                                     Text 8 ␛[31m schreibe… lang lang lang lang lang lang lang lang lang
                                     Text 9 ␛[31m schreibe… lang lang lang lang lang lang lang lang lang
                                     Text 10 ␛[31m schreib… lang lang lang lang
    ? keys   q leave   arrows move   Tab pane   n p document   / search   f filter
    ");
    assert_eq!(drawn(&browser, Modifier::REVERSED), "anna@example.org");
}

#[test]
fn what_was_dropped_shows_why_and_every_check() {
    let mut browser = browser(100, 14);
    press(
        &mut browser,
        &[KeyCode::Down, KeyCode::Down, KeyCode::Char('2')],
    );
    insta::assert_snapshot!(screen(&browser, 100, 14), @r"
    eu prepare view  data   12 400 seen = 12 345 kept + 52 held out + 3 dropped
    4 groups                       document 1 of 3           1 text  [2 checks]  3 record  1 marked
      + deu_Latn unique      12.3k > Text 0 ␛[31m schreibe… id 0000
      - deu_Latn few_letters     2   Text 1 ␛[31m schreibe… dropped by filter: few_letters
    > - ell_Grek few_letters     3   Text 2 ␛[31m schreibe… alpha_ratio 0.41, should be at least 0.8
      - und damaged              1                          https://example.org/�a
                                                            ────────────────────────────────────────────
                                                            ! few_letters    0.412  at least 0.800
                                                              too_few_words     52  at least 50
                                                              wds            0.100  at least 0.500, off



    ? keys   q leave   arrows move   Tab pane   n p document   / search   f filter
    ");
    assert!(drawn(&browser, Modifier::REVERSED).starts_with("! few_letters"));
    type_in(&mut browser, "n3");
    assert!(screen(&browser, 100, 14).contains("lang  [\"deu_Latn\"]"));
    type_in(&mut browser, "2");
    assert!(screen(&browser, 100, 14).contains("! own.toml: cannot open: not found"));
    type_in(&mut browser, "n");
    assert!(screen(&browser, 100, 14).contains("shown are the first 2"));
}

#[test]
fn a_narrow_terminal_shows_one_pane_and_damage_is_told() {
    let mut browser = browser(40, 9);
    press(&mut browser, &[KeyCode::End]);
    insta::assert_snapshot!(screen(&browser, 40, 9), @r"
    eu prepare view  data
    4 groups
      + deu_Latn unique                12.3k
      - deu_Latn few_letters               2
      - ell_Grek few_letters               3
    > - und damaged                        1


    ? keys   q leave   arrows move   Tab pa…
    ");
    press(&mut browser, &[KeyCode::Tab, KeyCode::Tab]);
    insta::assert_snapshot!(screen(&browser, 40, 9), @r"
    eu prepare view  data
    [1 text]  2 checks   3 record
    ! x.jsonl.zst: damaged at byte 7
    no document here




    ? keys   q leave   arrows move   Tab pa…
    ");
}

#[test]
fn the_help_names_every_key() {
    let mut browser = browser(100, 14);
    press(&mut browser, &[KeyCode::Char('?')]);
    insta::assert_snapshot!(screen(&browser, 100, 14), @r"
    eu prepare view  data   12 400 seen = 12 345 kept + 52 held out + 3 dropped
    ↑ ↓, PgUp PgDn  move within the pane; Home, End: to its ends
    Tab, ← →        next pane, pane before
    n, p            next document, document before
    1, 2, 3         text; every check beside its threshold; the record
    m               next span that tells why: personal data, what was counted
    /               search the documents of the group, as written
    / Enter         the same words again, in the documents after this one
    f               list groups by words: a language, a reason, kept, dropped
    s               the largest group first, or reason by reason
    Esc             stop a search, list all groups, leave
    q, Ctrl-C       leave

    ? keys   q leave   arrows move   Tab pane   n p document   / search   f filter
    ");
    press(&mut browser, &[KeyCode::Esc]);
    assert!(!browser.done() && !browser.help);
}

#[test]
fn groups_are_listed_by_words_and_by_size() {
    let mut browser = browser(100, 14);
    type_in(&mut browser, "fDROPPED deu");
    insta::assert_snapshot!(screen(&browser, 100, 14), @r"
    eu prepare view  data   12 400 seen = 12 345 kept + 52 held out + 3 dropped
    2 in 1 of 4 groups             document 1 of 2          [1 text]  2 checks   3 record  1 marked
    > - deu_Latn few_letters     2 > Text 0 ␛[31m schreibe… id 0000
                                     Text 1 ␛[31m schreibe… dropped by filter: few_letters
                                                            alpha_ratio 0.41, should be at least 0.8
                                                            https://example.org/�a
                                                            ────────────────────────────────────────────
                                                            Text 0 ␛[31m
                                                            schreibe an anna@example.org und 漢字 auch
                                                            lang lang lang lang lang lang lang lang lang
                                                            lang lang lang lang lang lang lang lang lang
                                                            lang lang lang lang lang lang lang lang lang
                                                            lang lang lang lang lang lang lang lang lang
    list groups with: DROPPED deu
    ");
    press(&mut browser, &[KeyCode::Backspace, KeyCode::Enter]);
    assert_eq!(browser.listed, [1]);
    press(&mut browser, &[KeyCode::Esc]);
    assert_eq!(browser.listed.len(), 4, "all again");
    assert_eq!(browser.group, 1, "the chosen one stays");
    type_in(&mut browser, "s");
    assert_eq!((&browser.listed[..], browser.group), (&[0, 2, 1, 3][..], 2));
    type_in(&mut browser, "fnowhere\n");
    assert!(screen(&browser, 100, 14).contains("no group has these words"));
    type_in(&mut browser, "n p m 1 2 3 /x\n");
    press(
        &mut browser,
        &[KeyCode::End, KeyCode::Tab, KeyCode::End, KeyCode::Esc],
    );
    assert!(!browser.done());
}

#[test]
fn words_are_searched_for_a_little_at_a_time_and_marked() {
    let mut browser = browser(100, 14);
    type_in(&mut browser, "/Text 4321 \n");
    assert!(screen(&browser, 100, 14).contains("searching, 1 000 documents done   Esc stop"));
    wait(&mut browser, 9);
    assert_eq!(browser.document, 4321);
    assert_eq!(drawn(&browser, Modifier::UNDERLINED), "Text 4321 ");
    type_in(&mut browser, "/\n");
    wait(&mut browser, 99);
    assert!(screen(&browser, 100, 14).contains("not found up to the last document, 12 345"));
    assert_eq!(browser.document, 4321, "stays where it was");
    type_in(&mut browser, "/Text 99\n");
    press(&mut browser, &[KeyCode::Esc]);
    wait(&mut browser, 99);
    assert_eq!(
        browser.document, 4321,
        "a search that was stopped finds nothing"
    );
    assert!(!browser.done());
    type_in(&mut browser, "/漢\n");
    assert_eq!(
        browser.document, 4321,
        "the chosen document is looked at first"
    );
    type_in(&mut browser, "/漢\n");
    assert_eq!(browser.document, 4322);
}

#[test]
fn little_is_held_of_many_documents_and_ends_are_ends() {
    let mut browser = browser(80, 24);
    press(&mut browser, &[KeyCode::Tab, KeyCode::End]);
    wait(&mut browser, 99);
    assert_eq!(browser.document, 12_344);
    press(
        &mut browser,
        &[KeyCode::Down, KeyCode::Char('n'), KeyCode::PageDown],
    );
    assert_eq!(browser.document, 12_344);
    for _ in 0..700 {
        press(&mut browser, &[KeyCode::Up]);
    }
    assert_eq!(browser.document, 11_644);
    assert!(screen(&browser, 80, 24).contains("> Text 11644"));
    press(
        &mut browser,
        &[KeyCode::Home, KeyCode::Up, KeyCode::Char('p')],
    );
    assert_eq!(browser.document, 0);
    for i in 1..1000 {
        press(&mut browser, &[KeyCode::Down]);
        assert_eq!(browser.document, i);
    }
    let Shelf { most, n_read, .. } = browser.library;
    assert!(most <= 512 && n_read < 20 * 512, "{most} {n_read}");
    browser.resized(Size::new(80, 12));
    press(
        &mut browser,
        &[KeyCode::Tab, KeyCode::End, KeyCode::PageDown],
    );
    assert!(browser.scroll > 0 && browser.scroll < 20);
    assert!(!browser.done());
    press(&mut browser, &[KeyCode::Char('q')]);
    assert!(browser.done());
}

#[test]
fn any_size_and_an_empty_folder_are_drawn() {
    for (w, h) in [(1, 1), (10, 2), (71, 5), (72, 6), (20, 8), (300, 100)] {
        let mut browser = browser(w, h);
        for keys in ["", "2", "3", "?", "/search for this", "fdeu"] {
            type_in(&mut browser, keys);
            screen(&browser, w, h);
            press(&mut browser, &[KeyCode::Esc, KeyCode::Tab]);
        }
        let shelf = Shelf {
            groups: Vec::new(),
            most: 0,
            n_read: 0,
        };
        let mut empty = Browser::new(shelf, "");
        press(
            &mut empty,
            &[KeyCode::Tab, KeyCode::End, KeyCode::Char('n')],
        );
        type_in(&mut empty, "pm123s/x\nfx");
        screen(&empty, w, h);
    }
}
