//! The conversation as it looks: a person reads these pictures before they change.

use ratatui::buffer::CellWidth;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;
use ratatui::style::{Color, Modifier};

use super::{Chat, ChatInfo, Setting, view};
use crate::event::Event;
use crate::tui::app::Screen;
use crate::tui::{picture, theme};

fn chat(width: u16, height: u16) -> Chat {
    let mut chat = Chat::new(ChatInfo {
        model: "model-q4_k_m.gguf".into(),
        context: 1024,
        ..ChatInfo::default()
    });
    chat.resized(Size::new(width, height));
    chat
}

fn say(chat: &mut Chat, text: &str, answer: &str) {
    chat.paste(text);
    chat.key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE));
    for word in answer.split_inclusive(' ') {
        chat.update(&Event::Piece {
            text: word.into(),
            token: 1,
            logprob: -1.0,
            top: Vec::new(),
        });
    }
    chat.update(&Event::Answered {
        reason: "eos".into(),
        n_prompt: 300,
        n_generated: 41,
        prefill_ms: 20,
        decode_ms: 2000,
    });
}

fn screen(chat: &mut Chat, width: u16, height: u16) -> String {
    chat.resized(Size::new(width, height));
    picture::text(&picture::buffer(width, height, |frame| view(chat, frame)))
}

/// Wide, right-to-left, combining, joined, and a word longer than any row.
const SCRIPTS: &str = "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。 \
    يولد جميع الناس أحراراً متساوين في الكرامة والحقوق. Z\u{30c}ene e\u{301}te\u{301} 👩\u{200d}🔬 \
    Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz";

#[test]
fn a_conversation_begins() {
    insta::assert_snapshot!(screen(&mut chat(40, 10), 40, 10), @r"
    eu chat  model-q4_k_m.gguf






    ────────────────────────────────────────
    > write a message, /help for help
    Enter sends   context 0%
    ");
}

#[test]
fn every_script_is_broken_by_its_width() {
    let mut chat = chat(80, 24);
    say(&mut chat, "Alle Menschen", SCRIPTS);
    chat.paste("漢字 e\u{301}\nnext");
    insta::assert_snapshot!(screen(&mut chat, 80, 24), @r"
    eu chat  model-q4_k_m.gguf

    > Alle Menschen

      すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等で
      ある。 يولد جميع الناس أحراراً متساوين في الكرامة والحقوق. Žene été 👩‍🔬
      Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz













    ────────────────────────────────────────────────────────────────────────────────
    > 漢字 é
      next
    Enter sends   20 tokens/s   context ███▍────── 33% of 1 024
    ");
}

#[test]
fn a_small_terminal_shows_the_latest_rows() {
    let mut chat = chat(40, 10);
    say(&mut chat, "Alle Menschen", SCRIPTS);
    insta::assert_snapshot!(screen(&mut chat, 40, 10), @r"
    eu chat  model-q4_k_m.gguf
      であり、かつ、尊厳と権利とについて平等
      である。 يولد جميع الناس أحراراً
      متساوين في الكرامة والحقوق. Žene été
      👩‍🔬
      Rindfleischetikettierungsüberwachungsa
      ufgabenübertragungsgesetz
    ────────────────────────────────────────
    > write a message, /help for help
    Enter sends   20 tokens/s   context 33%
    ");
}

#[test]
fn hostile_answers_are_shown_and_do_nothing() {
    let mut chat = chat(40, 10);
    say(
        &mut chat,
        "hi",
        "\x1b]0;owned\x07 \x1b[2J\u{9b}31m \u{202e}evil\u{202c} a\u{301}\u{301}\rb",
    );
    insta::assert_snapshot!(screen(&mut chat, 40, 10), @r"
    eu chat  model-q4_k_m.gguf

    > hi

      ␛]0;owned␇ ␛[2J�31m �evil� á́b


    ────────────────────────────────────────
    > write a message, /help for help
    Enter sends   20 tokens/s   context 33%
    ");
}

const MARKED: &str = "\
## Antwort
Es sind **drei** Dinge, `a`, *b* und [c](https://x.eu):

1. eins
   - innen
2. zwei

```python
def f(x): return \"漢字\" # so
```

| Land | Zahl |
|---|--:|
| Malta | 1 |
";

#[test]
fn an_answer_is_set_as_it_is_meant() {
    let mut chat = chat(80, 24);
    say(&mut chat, "Was ist es?", MARKED);
    insta::assert_snapshot!(screen(&mut chat, 80, 24), @r#"
    eu chat  model-q4_k_m.gguf

    > Was ist es?

      ## Antwort
      Es sind drei Dinge, `a`, b und c (https://x.eu):

      1. eins
         ◦ innen
      2. zwei

      ┌ python 1
      │ def f(x): return "漢字" # so
      └─

      Land  │ Zahl
      ──────┼─────
      Malta │    1



    ────────────────────────────────────────────────────────────────────────────────
    > write a message, /help for help
    Enter sends   20 tokens/s   context ███▍────── 33% of 1 024
    "#);
}

#[test]
fn branches_the_panel_and_what_can_follow_a_slash_are_seen() {
    let mut chat = Chat::new(ChatInfo {
        model: "model-q4_k_m.gguf".into(),
        context: 1024,
        settings: [
            (
                "temperature",
                "0.8",
                "Divides the logits; 0: always the likeliest token",
            ),
            ("top_k", "40", "x"),
            ("lang", "", "y"),
        ]
        .map(|(name, value, about)| Setting {
            name: name.into(),
            value: value.into(),
            about: about.into(),
        })
        .to_vec(),
        system: "be kind to whoever asks".into(),
        session: "letter".into(),
        ..ChatInfo::default()
    });
    chat.resized(Size::new(80, 18));
    say(&mut chat, "one", "first");
    say(&mut chat, "/regen", "second");
    chat.paste("/s");
    insta::assert_snapshot!(screen(&mut chat, 80, 18), @r"
    eu chat  model-q4_k_m.gguf   kept as letter

    # be kind to whoever asks

    > one
      ‹ 2/2 ›
      second








    ────────────────────────────────────────────────────────────────────────────────
    > /s
    /sys  /save  /sessions  /set  /stats   20 tokens/s   context 33%
    ");
    chat.key(KeyEvent::new(KeyCode::F(2), KeyModifiers::NONE));
    chat.key(KeyEvent::new(KeyCode::Char('1'), KeyModifiers::NONE));
    insta::assert_snapshot!(screen(&mut chat, 80, 18), @r"
    eu chat  model-q4_k_m.gguf   kept as letter
                                      ┌ model ─────────────────────────────────────┐
    # be kind to whoever asks         │model    model-q4_k_m.gguf                  │
                                      │system   be kind to whoever asks            │
    > one                             │                                            │
      ‹ 2/2 ›                         │▸ temperature  1▏                           │
      second                          │  top_k        40                           │
                                      │  lang         -                            │
                                      │                                            │
                                      │                                            │
                                      │                                            │
                                      │                                            │
                                      │                                            │
                                      │                                            │
                                      │Divides the logits; 0: always the likeliest…│
    ──────────────────────────────────└────────────────────────────────────────────┘
    > /s
    /sys  /save  /sessions  /set  /stats   20 tokens/s   context 33%
    ");
    chat.key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE));
    chat.key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE));
    chat.key(KeyEvent::new(KeyCode::Char('r'), KeyModifiers::CONTROL));
    chat.key(KeyEvent::new(KeyCode::Char('o'), KeyModifiers::NONE));
    let row = screen(&mut chat, 80, 18);
    insta::assert_snapshot!(row.lines().last().unwrap(), @"seek: o   20 tokens/s   context ███▍────── 33% of 1 024");
}

#[test]
fn without_colour_weight_and_signs_still_tell() {
    let mut chat = chat(80, 24);
    say(&mut chat, "Was ist es?", MARKED);
    chat.resized(Size::new(80, 24));
    let mut buf = picture::buffer(80, 24, |frame| view(&chat, frame));
    theme::strip(&mut buf);
    let has = |text: &str, modifier: Modifier| {
        let cells = buf.content.iter().filter(|c| c.modifier.contains(modifier));
        let letters: String = cells.map(|c| c.symbol()).collect();
        assert!(letters.contains(text), "{text} in {letters}");
    };
    has("drei", Modifier::BOLD);
    has("def", Modifier::BOLD);
    has("b", Modifier::ITALIC);
    has("Antwort", Modifier::UNDERLINED);
    has("# so", Modifier::DIM);
    assert!(
        buf.content
            .iter()
            .all(|c| c.fg == Color::Reset && c.bg == Color::Reset)
    );
}

#[test]
fn every_row_is_exactly_as_wide_as_the_screen() {
    for width in [1, 2, 3, 5, 8, 13, 40, 80, 132] {
        for height in [0, 1, 2, 3, 5, 6, 8, 24] {
            let mut chat = chat(width, height);
            for _ in 0..3 {
                say(&mut chat, SCRIPTS, SCRIPTS);
            }
            say(
                &mut chat,
                "/regen",
                &MARKED.replace("drei", SCRIPTS).replace("Malta", SCRIPTS),
            );
            chat.paste(SCRIPTS);
            chat.resized(Size::new(width, height));
            chat.key(KeyEvent::new(KeyCode::PageUp, KeyModifiers::NONE));
            if height % 2 == 0 {
                chat.key(KeyEvent::new(KeyCode::F(2), KeyModifiers::NONE));
            }
            let buf = picture::buffer(width, height, |frame| view(&chat, frame));
            assert_eq!(
                buf,
                picture::buffer(width, height, |frame| view(&chat, frame))
            );
            for y in 0..height {
                let mut x = 0;
                while x < width {
                    x += buf[(x, y)].symbol().cell_width().max(1);
                }
                assert!(
                    x == width || width == 1,
                    "a wide letter hangs over at {width}x{height}"
                );
            }
        }
    }
}
