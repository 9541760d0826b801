//! What a message that begins with `/` means.

/// One command: a row of the help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Its name with the slash.
    pub name: &'static str,
    /// What can follow it, for the help.
    pub arg: &'static str,
    /// What it does.
    pub what: &'static str,
    /// False for what needs the screen.
    pub in_lines: bool,
}

const fn row(name: &'static str, arg: &'static str, what: &'static str) -> Row {
    Row {
        name,
        arg,
        what,
        in_lines: true,
    }
}

/// Every command, in the order of the help.
pub const COMMANDS: [Row; 13] = [
    row("/help", "", "these lines"),
    row("/sys", "[TEXT|off]", "begin anew under this system prompt"),
    row("/regen", "", "answer the last question again"),
    row("/edit", "[TEXT]", "ask the last question otherwise"),
    row("/branch", "[N]", "go to another question or answer"),
    row("/save", "[NAME]", "keep the conversation under a name"),
    row("/load", "NAME", "go on with a kept conversation"),
    row("/sessions", "", "list the kept conversations"),
    row(
        "/set",
        "[NAME VALUE]",
        "show or change how tokens are chosen",
    ),
    row("/lang", "[CODE|off]", "language of the answers"),
    row("/stats", "", "tokens and times so far"),
    Row {
        name: "/copy",
        arg: "[N]",
        what: "copy the last answer, or its code block N",
        in_lines: false,
    },
    row("/clear", "", "begin a new conversation"),
];

/// The last row, apart because it ends the help.
const QUIT: Row = row("/quit", "", "leave");

/// What a command asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Show the help.
    Help,
    /// Begin anew under a system prompt (empty: under none); show the one there is if none is given.
    System(Option<String>),
    /// Answer the last question again.
    Regenerate,
    /// Ask the last question otherwise; with no text, write it anew first.
    Edit(Option<String>),
    /// Go to the branch of a number, to the next one if it is none.
    Branch(Option<usize>),
    /// Keep the conversation, under its own name if none is given.
    Save(Option<String>),
    /// Go on with a kept conversation.
    Load(String),
    /// List the kept conversations.
    Sessions,
    /// Change a setting; show all if none is named.
    Set(Option<(String, String)>),
    /// Change the language of the answers (empty: any); tell it if none is given.
    Lang(Option<String>),
    /// Tell tokens and times.
    Stats,
    /// Copy the last answer, or a code block of it, counted from 1.
    Copy(Option<usize>),
    /// Begin a new conversation.
    Clear,
    /// Leave.
    Quit,
}

/// What was typed.
#[derive(Debug, PartialEq, Eq)]
pub enum Typed {
    /// Something for the model.
    Say(String),
    /// A command.
    Command(Command),
    /// A command that cannot be used so, and why.
    Wrong(String),
}

/// Reads a message; `//` at the start sends a slash itself.
pub fn read(text: &str) -> Typed {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix("//") {
        return Typed::Say(format!("/{rest}"));
    }
    if !text.starts_with('/') {
        return Typed::Say(text.into());
    }
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim();
    let given = (!rest.is_empty()).then(|| rest.to_owned());
    let command = match (name, given) {
        ("/help", None) => Command::Help,
        ("/sys" | "/system", text) => Command::System(text.map(on)),
        ("/regen", None) => Command::Regenerate,
        ("/edit", text) => Command::Edit(text),
        ("/branch" | "/copy", None) => numbered(name, None),
        ("/branch" | "/copy", Some(n)) => match n.parse() {
            Ok(n) => numbered(name, Some(n)),
            Err(_) => return Typed::Wrong(format!("{name} takes a number")),
        },
        ("/save", name) => Command::Save(name),
        ("/load", Some(name)) => Command::Load(name),
        ("/load", None) => return Typed::Wrong("/load needs a name; /sessions lists them".into()),
        ("/sessions", None) => Command::Sessions,
        ("/set", None) => Command::Set(None),
        ("/set", Some(words)) => match words.split_once(|c: char| c.is_whitespace() || c == '=') {
            Some((name, value)) => {
                let value = value.trim().to_owned();
                Command::Set(Some((name.trim().replace('-', "_"), value)))
            }
            None => return Typed::Wrong("/set needs a name and a value".into()),
        },
        ("/lang", code) => Command::Lang(code.map(on)),
        ("/stats", None) => Command::Stats,
        ("/clear", None) => Command::Clear,
        ("/quit" | "/exit", None) => Command::Quit,
        _ if rows().any(|row| row.name == name) => {
            return Typed::Wrong(format!("{name} takes no text"));
        }
        _ => return Typed::Wrong(format!("unknown command {name}; /help lists them")),
    };
    Typed::Command(command)
}

/// What was given; nothing for the word that takes a thing away.
fn on(given: String) -> String {
    if given == "off" { String::new() } else { given }
}

fn numbered(name: &str, n: Option<usize>) -> Command {
    match name {
        "/copy" => Command::Copy(n),
        _ => Command::Branch(n),
    }
}

fn rows() -> impl Iterator<Item = &'static Row> {
    COMMANDS.iter().chain([&QUIT])
}

/// The lines of the help; off the screen only what can be done there.
pub fn help(on_screen: bool) -> Vec<String> {
    rows()
        .filter(|row| on_screen || row.in_lines)
        .map(|row| format!("{:22} {}", format!("{} {}", row.name, row.arg), row.what))
        .collect()
}

/// The row of the command that a message begins with.
pub fn row_of(text: &str) -> Option<&'static Row> {
    let name = text.split_whitespace().next()?;
    rows().find(|row| row.name == name)
}

/// What the beginning of a command may become, in the order of the help: commands by their
/// first letters, then the names of settings after `/set` and of conversations after `/load`.
pub fn complete(text: &str, settings: &[String], sessions: &[String]) -> Vec<String> {
    if !text.starts_with('/') || text.starts_with("//") {
        return Vec::new();
    }
    let Some((name, rest)) = text.split_once(' ') else {
        let fits = rows().filter(|row| row.name.starts_with(text));
        return fits.map(|row| row.name.to_owned()).collect();
    };
    let names = match name {
        "/set" => settings,
        "/load" => sessions,
        _ => return Vec::new(),
    };
    let rest = rest.trim_start();
    let fits = names.iter().filter(|known| known.starts_with(rest));
    fits.map(|known| format!("{name} {known}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(text: &str) -> Command {
        match read(text) {
            Typed::Command(command) => command,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn every_command_is_read_and_helped_with() {
        let help = help(true).join("\n");
        for row in rows() {
            let arg = row.arg.trim_matches(['[', ']']).replace("N", "1");
            command(&format!("{} {arg}", row.name));
            assert!(help.contains(row.name));
        }
        assert!(!super::help(false).join("\n").contains("/copy"));
        assert_eq!(
            command("/sys be  kind "),
            Command::System(Some("be  kind".into()))
        );
        let set = Command::Set(Some(("top_k".into(), "3".into())));
        assert_eq!(
            (command("/set top-k  3"), command("/set top_k=3")),
            (set.clone(), set)
        );
        assert_eq!(command("/lang off"), Command::Lang(Some(String::new())));
        assert_eq!(command("/branch 2"), Command::Branch(Some(2)));
        assert_eq!(read(" hello\n"), Typed::Say("hello".into()));
        assert_eq!(read("//help"), Typed::Say("/help".into()));
    }

    #[test]
    fn slips_say_what_is_wrong() {
        for (typed, wrong) in [
            ("/hlep", "unknown command /hlep; /help lists them"),
            ("/clear all", "/clear takes no text"),
            ("/quit now", "/quit takes no text"),
            ("/copy x", "/copy takes a number"),
            ("/set top_k", "/set needs a name and a value"),
            ("/load", "/load needs a name; /sessions lists them"),
        ] {
            assert_eq!(read(typed), Typed::Wrong(wrong.into()));
        }
    }

    #[test]
    fn the_beginning_of_a_command_becomes_the_whole() {
        let (settings, sessions) = (["top_k".into(), "top_p".into()], ["letter".into()]);
        let done = |text: &str| complete(text, &settings, &sessions);
        assert_eq!(done("/s"), ["/sys", "/save", "/sessions", "/set", "/stats"]);
        assert_eq!(done("/q"), ["/quit"]);
        assert_eq!(row_of("/set top_k 3").unwrap().name, "/set");
        assert_eq!((row_of("/s"), row_of("")), (None, None));
        assert_eq!(done("/set to"), ["/set top_k", "/set top_p"]);
        assert_eq!(done("/load l"), ["/load letter"]);
        for none in ["", "hi", "//s", "/sys a", "/x"] {
            assert!(done(none).is_empty(), "{none}");
        }
    }
}
