//! What keys and commands do.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;

use super::transcript::Who;
use super::{Chat, ChatInfo, Setting, view};
use crate::event::{Ask, Control, Event};
use crate::talk::{Tree, Turn};
use crate::tui::app::{Action, Screen};

const SIZE: Size = Size::new(40, 10);

fn key(chat: &mut Chat, code: KeyCode, modifiers: KeyModifiers) -> Vec<Action> {
    assert_eq!(chat.key(KeyEvent::new(code, modifiers)), Action::None);
    chat.resized(SIZE);
    chat.wishes()
}

fn press(chat: &mut Chat, code: KeyCode) -> Vec<Action> {
    key(chat, code, KeyModifiers::NONE)
}

fn control(chat: &mut Chat, c: char) -> Vec<Action> {
    key(chat, KeyCode::Char(c), KeyModifiers::CONTROL)
}

fn say(chat: &mut Chat, text: &str) -> Vec<Action> {
    chat.paste(text);
    press(chat, KeyCode::Enter)
}

fn setting(name: &str, value: &str) -> Setting {
    Setting {
        name: name.into(),
        value: value.into(),
        about: format!("what {name} means"),
    }
}

fn open() -> Chat {
    let mut chat = Chat::new(ChatInfo {
        model: "m".into(),
        context: 100,
        settings: vec![
            setting("temperature", "0.8"),
            setting("top_k", "40"),
            setting("lang", ""),
        ],
        sessions: vec!["letter".into()],
        history: vec!["earlier".into()],
        ..ChatInfo::default()
    });
    chat.resized(SIZE);
    chat
}

fn answer(chat: &mut Chat, text: &str) -> Vec<Action> {
    chat.update(&Event::Piece {
        text: text.into(),
        token: 1,
        logprob: 0.0,
        top: Vec::new(),
    });
    chat.update(&Event::Answered {
        reason: "eos".into(),
        n_prompt: 1,
        n_generated: 1,
        prefill_ms: 1,
        decode_ms: 1,
    });
    chat.resized(SIZE);
    chat.wishes()
}

/// The turns that an answer is asked for, in short.
fn asked(actions: &[Action]) -> Option<String> {
    let short = |turns: &[Turn]| {
        let turns = turns.iter().map(|t| t.text.as_str());
        turns.collect::<Vec<_>>().join("|")
    };
    actions.iter().find_map(|action| match action {
        Action::Ask(Ask::Answer(turns)) => Some(short(turns)),
        _ => None,
    })
}

fn shown(chat: &Chat) -> Vec<String> {
    let entries = chat.state.transcript.entries.iter();
    entries
        .map(|e| e.text().lines().next().unwrap_or("").to_owned())
        .collect()
}

#[test]
fn enter_sends_and_waits_for_the_answer() {
    let mut chat = open();
    assert_eq!(say(&mut chat, ""), []);
    assert_eq!(asked(&say(&mut chat, "hi")).unwrap(), "hi");
    assert_eq!(say(&mut chat, "more"), []);
    assert_eq!(
        chat.editor.text(),
        "more",
        "what cannot be sent yet is kept"
    );
    let kept = answer(&mut chat, "ho");
    assert!(matches!(&kept[..], [Action::Ask(Ask::Keep(node))] if node.text == "ho"));
    assert_eq!(
        asked(&press(&mut chat, KeyCode::Enter)).unwrap(),
        "hi|ho|more"
    );
}

#[test]
fn lines_are_kept_whether_typed_or_pasted() {
    let mut chat = open();
    chat.paste("one\r\ntwo");
    key(&mut chat, KeyCode::Enter, KeyModifiers::ALT);
    control(&mut chat, 'j');
    chat.paste("x");
    assert_eq!(
        asked(&press(&mut chat, KeyCode::Enter)).unwrap(),
        "one\ntwo\n\nx"
    );
}

#[test]
fn escape_stops_the_answer_once() {
    let mut chat = open();
    assert_eq!(press(&mut chat, KeyCode::Esc), []);
    say(&mut chat, "hi");
    assert_eq!(press(&mut chat, KeyCode::Esc), [Action::Stop]);
    assert_eq!(
        press(&mut chat, KeyCode::Esc),
        [],
        "twice would mean: end now"
    );
    assert!(!chat.done());
}

#[test]
fn control_c_stops_or_clears_and_then_leaves() {
    let mut chat = open();
    say(&mut chat, "hi");
    assert_eq!(control(&mut chat, 'c'), [Action::Stop]);
    control(&mut chat, 'c');
    assert!(chat.done());
    let mut chat = open();
    chat.paste("draft");
    assert_eq!(control(&mut chat, 'c'), []);
    assert_eq!(chat.editor.text(), "");
    press(&mut chat, KeyCode::Char('x'));
    control(&mut chat, 'c');
    assert!(!chat.done(), "another key took it back");
    control(&mut chat, 'c');
    assert!(chat.done());
}

#[test]
fn a_signal_leaves_but_a_stopped_answer_does_not() {
    let control = Control::default();
    let mut chat = open();
    say(&mut chat, "hi");
    press(&mut chat, KeyCode::Esc);
    control.request_stop();
    answer(&mut chat, "");
    chat.tick(1, &control);
    assert!(!chat.done());
    let mut idle = open();
    idle.tick(1, &control);
    assert!(idle.done());
}

#[test]
fn an_answer_made_again_and_a_question_edited_are_branches() {
    let mut chat = open();
    assert_eq!(say(&mut chat, "/regen"), []);
    say(&mut chat, "hi");
    answer(&mut chat, "one");
    assert_eq!(asked(&say(&mut chat, "/regen")).unwrap(), "hi");
    answer(&mut chat, "two");
    assert_eq!(shown(&chat), ["hi", "two"]);
    assert_eq!(press(&mut chat, KeyCode::Left), [Action::Ask(Ask::At(2))]);
    assert_eq!(shown(&chat), ["hi", "one"]);
    assert_eq!(
        press(&mut chat, KeyCode::Left),
        [],
        "there is nothing before the first"
    );
    assert_eq!(say(&mut chat, "/branch"), [Action::Ask(Ask::At(3))]);
    assert_eq!(shown(&chat), ["hi", "two"]);
    say(&mut chat, "/branch 9");
    assert_eq!(shown(&chat).last().unwrap(), "there are 2 branches");

    say(&mut chat, "/edit");
    assert_eq!(chat.editor.text(), "hi");
    assert_eq!(asked(&say(&mut chat, "!")).unwrap(), "hi!");
    answer(&mut chat, "three");
    assert_eq!(asked(&say(&mut chat, "/edit ho")).unwrap(), "ho");
    answer(&mut chat, "four");
    assert_eq!(shown(&chat), ["ho", "four"]);
    assert_eq!(chat.state.tree.place(1), Some((1, 3)));
}

#[test]
fn a_message_is_chosen_edited_and_its_branches_gone_through() {
    let mut chat = open();
    for (question, text) in [("a", "1"), ("b", "2")] {
        say(&mut chat, question);
        answer(&mut chat, text);
    }
    for _ in 0..3 {
        key(&mut chat, KeyCode::Up, KeyModifiers::ALT);
    }
    press(&mut chat, KeyCode::Enter);
    assert_eq!(
        (chat.editor.text(), chat.editing),
        ("a", Some(1)),
        "the question of the answer"
    );
    press(&mut chat, KeyCode::Esc);
    assert_eq!((chat.editor.text(), chat.editing), ("", None));
    press(&mut chat, KeyCode::Enter);
    assert_eq!(asked(&say(&mut chat, "a")).unwrap(), "aa");
    answer(&mut chat, "3");
    for _ in 0..2 {
        key(&mut chat, KeyCode::Up, KeyModifiers::ALT);
    }
    press(&mut chat, KeyCode::Left);
    assert_eq!(shown(&chat), ["a", "1", "b", "2"]);
    press(&mut chat, KeyCode::Right);
    assert_eq!(shown(&chat), ["aa", "3"], "the choice stays at its place");
    press(&mut chat, KeyCode::Esc);
    assert_eq!(chat.chosen, None);
}

#[test]
fn a_question_that_failed_is_put_back_and_asked_otherwise_beside_it() {
    let mut chat = open();
    say(&mut chat, "too long");
    chat.update(&Event::Note {
        warning: true,
        text: "the prompt is too long".into(),
    });
    chat.update(&Event::Answered {
        reason: "failed".into(),
        n_prompt: 0,
        n_generated: 0,
        prefill_ms: 0,
        decode_ms: 0,
    });
    assert_eq!(chat.editor.text(), "too long");
    chat.editor.set("short");
    assert_eq!(asked(&press(&mut chat, KeyCode::Enter)).unwrap(), "short");
    assert_eq!(chat.state.tree.place(2), Some((2, 2)));
}

#[test]
fn a_kept_conversation_takes_the_place_of_the_one_on_the_screen() {
    let mut kept = Tree::default();
    kept.begin("be kind");
    kept.ask("old");
    kept.answer("words", 7, 3, "eos");
    kept.reopen();
    kept.answer("others", 7, 3, "eos");
    let mut chat = open();
    say(&mut chat, "hi");
    answer(&mut chat, "ho");
    chat.update(&Event::Loaded {
        name: "letter".into(),
        nodes: kept.nodes().to_vec(),
        head: Some(3),
    });
    chat.update(&Event::Note {
        warning: true,
        text: "line 9: left out".into(),
    });
    assert_eq!(
        shown(&chat),
        ["be kind", "old", "words", "line 9: left out"]
    );
    assert_eq!(chat.state.context_share(), Some(0.1));
    assert_eq!(chat.state.info.session, "letter");
    assert_eq!(
        asked(&say(&mut chat, "go on")).unwrap(),
        "be kind|old|words|go on"
    );
    answer(&mut chat, "on");
    for _ in 0..5 {
        key(&mut chat, KeyCode::Up, KeyModifiers::ALT);
    }
    press(&mut chat, KeyCode::Enter);
    assert_eq!(chat.editor.text(), "/sys be kind");
}

#[test]
fn commands_become_wishes() {
    let mut chat = open();
    let wish = |chat: &mut Chat, text: &str| match say(chat, text).as_slice() {
        [Action::Ask(wish)] => wish.clone(),
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(wish(&mut chat, "/load letter"), Ask::Load("letter".into()));
    assert_eq!(wish(&mut chat, "/sessions"), Ask::Sessions);
    assert_eq!(wish(&mut chat, "/clear"), Ask::Clear);
    let set = |name: &str, value: &str| Ask::Set {
        name: name.into(),
        value: value.into(),
    };
    assert_eq!(wish(&mut chat, "/set top-k 3"), set("top_k", "3"));
    assert_eq!(wish(&mut chat, "/lang sv"), set("lang", "sv"));
    assert_eq!(wish(&mut chat, "/lang off"), set("lang", ""));
    assert!(
        matches!(wish(&mut chat, "/save x"), Ask::Save { name: Some(name), .. } if name == "x")
    );
    for (typed, word) in [
        ("/help", "/help"),
        ("/stats", "messages"),
        ("/set", "temperature"),
        ("/sys", "no system prompt"),
        ("/hlep", "unknown command"),
        ("/copy", "there is no answer"),
    ] {
        assert_eq!(say(&mut chat, typed), [], "{typed}");
        let last = shown(&chat).pop().unwrap();
        assert!(last.contains(word), "{typed}: {last}");
    }
    say(&mut chat, "/quit");
    assert!(chat.done());
}

#[test]
fn an_answer_or_its_code_goes_to_the_clipboard() {
    let mut chat = open();
    say(&mut chat, "hi");
    answer(&mut chat, "A\u{202e}\x1b\n```sh\n\tls\n```\n");
    assert_eq!(
        say(&mut chat, "/copy"),
        [Action::Copy("A\n```sh\n\tls\n```\n".into())]
    );
    assert_eq!(say(&mut chat, "/copy 1"), [Action::Copy("\tls".into())]);
    assert_eq!(say(&mut chat, "/copy 2"), []);
    assert!(shown(&chat).pop().unwrap().contains("1 blocks"));
}

#[test]
fn a_setting_is_changed_in_the_panel() {
    let mut chat = open();
    press(&mut chat, KeyCode::Tab);
    press(&mut chat, KeyCode::Down);
    press(&mut chat, KeyCode::Char('5'));
    let set = Ask::Set {
        name: "top_k".into(),
        value: "5".into(),
    };
    assert_eq!(press(&mut chat, KeyCode::Enter), [Action::Ask(set)]);
    assert_eq!(
        chat.state.setting("top_k"),
        "40",
        "until it is known to be possible"
    );
    chat.update(&Event::Setting {
        name: "top_k".into(),
        value: "5".into(),
    });
    assert_eq!(chat.state.setting("top_k"), "5");
    press(&mut chat, KeyCode::F(2));
    press(&mut chat, KeyCode::Char('x'));
    assert_eq!(chat.editor.text(), "x", "the panel is closed");
}

#[test]
fn tab_completes_commands() {
    let mut chat = open();
    for (typed, completed) in [
        ("/br", "/branch "),
        ("/se", "/se"),
        ("/set to", "/set top_k "),
        ("/load ", "/load letter "),
    ] {
        chat.editor.set(typed);
        press(&mut chat, KeyCode::Tab);
        assert_eq!(chat.editor.text(), completed);
    }
}

#[test]
fn earlier_questions_come_back() {
    let mut chat = open();
    for text in ["one", "two"] {
        say(&mut chat, text);
        answer(&mut chat, "x");
    }
    chat.paste("draft");
    press(&mut chat, KeyCode::Up);
    assert_eq!(chat.editor.text(), "two");
    for _ in 0..5 {
        press(&mut chat, KeyCode::Up);
    }
    assert_eq!(chat.editor.text(), "earlier");
    for _ in 0..4 {
        press(&mut chat, KeyCode::Down);
    }
    assert_eq!(chat.editor.text(), "draft");

    control(&mut chat, 'r');
    press(&mut chat, KeyCode::Char('o'));
    assert_eq!(chat.editor.text(), "two");
    control(&mut chat, 'r');
    assert_eq!(chat.editor.text(), "one");
    press(&mut chat, KeyCode::Esc);
    assert_eq!(chat.editor.text(), "draft");
    control(&mut chat, 'r');
    press(&mut chat, KeyCode::Char('n'));
    assert_eq!(press(&mut chat, KeyCode::Enter), [], "found, not sent yet");
    assert_eq!(
        asked(&press(&mut chat, KeyCode::Enter)).unwrap(),
        "one|x|two|x|one"
    );
}

#[test]
fn whoever_scrolled_up_keeps_the_place_while_the_answer_grows() {
    let mut chat = open();
    for n in 0..30 {
        chat.state.note(Who::Note, &format!("line {n}"));
    }
    say(&mut chat, "hi");
    press(&mut chat, KeyCode::PageUp);
    let screen = |chat: &Chat| {
        let buf = crate::tui::picture::buffer(40, 10, |frame| view(chat, frame));
        let text = crate::tui::picture::text(&buf);
        text.lines().take(6).collect::<Vec<_>>().join("\n")
    };
    let before = screen(&chat);
    for _ in 0..20 {
        chat.update(&Event::Piece {
            text: "words and words\n".into(),
            token: 1,
            logprob: 0.0,
            top: Vec::new(),
        });
        chat.resized(SIZE);
    }
    assert_eq!(screen(&chat), before);
    for _ in 0..100 {
        press(&mut chat, KeyCode::PageUp);
    }
    let top = chat.scroll;
    press(&mut chat, KeyCode::PageDown);
    assert!(chat.scroll < top, "the top is not overshot");
}
