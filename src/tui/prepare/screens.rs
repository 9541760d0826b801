//! The browser as it looks: a person reads these pictures before they change.

use std::io;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;

use super::{Browser, Document, Group, Library, view};
use crate::tui::app::Screen;
use crate::tui::picture;

struct Shelf(Vec<Group>);

impl Library for Shelf {
    fn groups(&self) -> &[Group] {
        &self.0
    }

    fn read(&mut self, group: usize, from: usize, n: usize) -> io::Result<Vec<Document>> {
        let Some(group) = self.0.get(group) else {
            return Ok(Vec::new());
        };
        if group.name == "damaged" {
            return Err(io::Error::other("x.jsonl.zst: damaged at byte 7"));
        }
        let total = group.n_docs.unwrap_or(0) as usize;
        let document = |i: usize| Document {
            id: format!("{i:04x}"),
            facts: vec![(
                "dropped by".into(),
                "filter: few_letters, alpha_ratio 0.41".into(),
            )],
            text: format!(
                "Text {i} \u{1b}[31m\nschreibe an anna@example.org und 漢字 auch\n{}",
                "lang ".repeat(40)
            ),
            marks: vec![23..39, 5..6, 1000..1001],
        };
        Ok((from..total.min(from + n)).map(document).collect())
    }
}

fn browser(width: u16, height: u16) -> Browser<Shelf> {
    let group = |name: &str, lang: &str, dropped, n| Group {
        name: name.into(),
        lang: lang.into(),
        dropped,
        n_docs: Some(n),
    };
    let shelf = Shelf(vec![
        group("unique", "deu_Latn", false, 12_345),
        group("few_letters", "deu_Latn", true, 2),
        group("damaged", "und", true, 1),
    ]);
    let mut browser = Browser::new(shelf, "data");
    browser.resized(Size::new(width, height));
    browser
}

fn press(browser: &mut Browser<Shelf>, keys: &[KeyCode]) {
    for key in keys {
        browser.key(KeyEvent::new(*key, KeyModifiers::NONE));
    }
}

fn screen(browser: &Browser<Shelf>, width: u16, height: u16) -> String {
    picture::text(&picture::buffer(width, height, |frame| {
        view(browser, frame)
    }))
}

#[test]
fn groups_documents_and_text_stand_side_by_side() {
    let mut browser = browser(100, 12);
    press(&mut browser, &[KeyCode::Tab, KeyCode::Down]);
    insta::assert_snapshot!(screen(&browser, 100, 12), @r"
    eu prepare view  data
    > + deu_Latn unique      12.3k   Text 0 ␛[31m schreibe… id 0001
      - deu_Latn few_letters     2 > Text 1 ␛[31m schreibe… dropped by filter: few_letters, alpha_ratio…
      - und damaged              1   Text 2 ␛[31m schreibe… ────────────────────────────────────────────
                                     Text 3 ␛[31m schreibe… Text 1 ␛[31m
                                     Text 4 ␛[31m schreibe… schreibe an anna@example.org und 漢字 auch
                                     Text 5 ␛[31m schreibe… lang lang lang lang lang lang lang lang lang
                                     Text 6 ␛[31m schreibe… lang lang lang lang lang lang lang lang lang
                                     Text 7 ␛[31m schreibe… lang lang lang lang lang lang lang lang lang
                                     Text 8 ␛[31m schreibe… lang lang lang lang lang lang lang lang lang
                                     Text 9 ␛[31m schreibe… lang lang lang lang
    arrows move   Tab pane   n p document   q leave
    ");
}

#[test]
fn a_narrow_terminal_shows_one_pane_and_damage_is_told() {
    let mut browser = browser(40, 8);
    press(&mut browser, &[KeyCode::End]);
    insta::assert_snapshot!(screen(&browser, 40, 8), @r"
    eu prepare view  data
      + deu_Latn unique                12.3k
      - deu_Latn few_letters               2
    > - und damaged                        1



    arrows move   Tab pane   n p document  …
    ");
    press(&mut browser, &[KeyCode::Tab, KeyCode::Tab]);
    insta::assert_snapshot!(screen(&browser, 40, 8), @r"
    eu prepare view  data
    ! x.jsonl.zst: damaged at byte 7
    no document here




    arrows move   Tab pane   n p document  …
    ");
}

#[test]
fn documents_are_read_as_they_are_asked_for_and_ends_are_ends() {
    let mut browser = browser(80, 24);
    press(&mut browser, &[KeyCode::Tab, KeyCode::End]);
    assert_eq!(browser.document, 4095, "so many of a group are held");
    press(
        &mut browser,
        &[KeyCode::Home, KeyCode::Up, KeyCode::Char('p')],
    );
    assert_eq!(browser.document, 0);
    press(
        &mut browser,
        &[KeyCode::Tab, KeyCode::End, KeyCode::PageDown],
    );
    assert!(browser.scroll < 20);
    assert!(!browser.done());
    press(&mut browser, &[KeyCode::Char('q')]);
    assert!(browser.done());
}

#[test]
fn any_size_and_an_empty_folder_are_drawn() {
    for (w, h) in [(1, 1), (10, 2), (71, 5), (72, 6), (300, 100)] {
        let mut browser = browser(w, h);
        press(&mut browser, &[KeyCode::Tab, KeyCode::Tab]);
        screen(&browser, w, h);
        let mut empty = Browser::new(Shelf(Vec::new()), "");
        press(
            &mut empty,
            &[KeyCode::Tab, KeyCode::End, KeyCode::Char('n')],
        );
        screen(&empty, w, h);
    }
}
