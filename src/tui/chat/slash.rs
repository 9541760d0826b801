//! What a message that begins with `/` means.

use crate::event::Ask;

/// Every command with its argument and what it does.
pub(super) const COMMANDS: [(&str, &str, &str); 5] = [
    ("/help", "", "these lines"),
    ("/clear", "", "forget the conversation"),
    ("/regen", "", "answer the last message again"),
    ("/system", " TEXT", "begin anew with this system prompt"),
    ("/quit", "", "leave"),
];

/// The keys worth knowing.
const KEYS: [(&str, &str); 6] = [
    ("Enter", "send"),
    ("Alt-Enter, Ctrl-J", "new line"),
    ("Up, Down", "your messages before"),
    ("PgUp, PgDn", "scroll"),
    ("Esc", "stop the answer"),
    ("Ctrl-C", "stop; again: leave"),
];

/// What was typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// Something for the model.
    Ask(Ask),
    /// Show the help.
    Help,
    /// The command cannot be used so.
    Wrong(String),
}

/// Reads a message; `//` at the start sends a slash itself.
pub(super) fn read(text: &str) -> Typed {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix("//") {
        return Typed::Ask(Ask::Say(format!("/{rest}")));
    }
    if !text.starts_with('/') {
        return Typed::Ask(Ask::Say(text.into()));
    }
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    match (name, rest.trim()) {
        ("/help", "") => Typed::Help,
        ("/clear", "") => Typed::Ask(Ask::Clear),
        ("/regen", "") => Typed::Ask(Ask::Regenerate),
        ("/quit", "") => Typed::Ask(Ask::Quit),
        ("/system", "") => Typed::Wrong("/system needs a text".into()),
        ("/system", prompt) => Typed::Ask(Ask::System(prompt.into())),
        _ if COMMANDS.iter().any(|(known, _, _)| *known == name) => {
            Typed::Wrong(format!("{name} takes no text"))
        }
        _ => Typed::Wrong(format!("unknown command {name}; /help lists them")),
    }
}

/// The lines of `/help`.
pub(super) fn help() -> String {
    let commands = COMMANDS
        .iter()
        .map(|(name, arg, what)| (format!("{name}{arg}"), *what));
    let keys = KEYS.iter().map(|(key, what)| ((*key).to_owned(), *what));
    let lines: Vec<String> = commands
        .chain(keys)
        .map(|(left, what)| format!("{left:18} {what}"))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_read_and_helped_with() {
        for (name, arg, _) in COMMANDS {
            let typed = read(&format!("{name}{arg}"));
            assert!(!matches!(typed, Typed::Wrong(_)), "{name}");
            assert!(help().contains(name));
        }
        assert_eq!(
            read("/system be  kind "),
            Typed::Ask(Ask::System("be  kind".into()))
        );
        assert_eq!(read(" hello\n"), Typed::Ask(Ask::Say("hello".into())));
        assert_eq!(read("//help"), Typed::Ask(Ask::Say("/help".into())));
    }

    #[test]
    fn slips_say_what_is_wrong() {
        for (typed, wrong) in [
            ("/hlep", "unknown command /hlep; /help lists them"),
            ("/clear all", "/clear takes no text"),
            ("/system ", "/system needs a text"),
        ] {
            assert_eq!(read(typed), Typed::Wrong(wrong.into()));
        }
    }
}
