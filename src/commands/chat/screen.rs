//! The chat on a full screen; the model answers on a thread of its own.

use std::path::Path;
use std::sync::mpsc;

use clap::CommandFactory;

use super::super::cli::Cli;
use super::super::fail::{self, Failure, Result};
use super::super::out::Out;
use super::super::sinks::Screen;
use super::desk::{Desk, live};
use crate::disk;
use crate::event::Control;
use crate::fault::Kind;
use crate::talk::Tree;
use crate::tui::chat::{self, ChatInfo, Setting};

/// Shows a conversation until the reader leaves it.
///
/// # Errors
/// When the terminal fails.
pub(super) fn show(
    mut desk: Desk<'_, '_>,
    context: usize,
    (tree, notes): (Tree, Vec<String>),
    control: &Control,
    out: &Out,
) -> Result<()> {
    let (wish, wishes) = mpsc::channel();
    let (news, events) = mpsc::channel();
    let plan = desk.plan();
    let info = ChatInfo {
        model: plan.model.display().to_string(),
        context: context as u64,
        system: plan.system.clone().unwrap_or_default(),
        settings: settings(live(plan)),
        session: desk.book.name().to_owned(),
        sessions: desk.book.names(),
        history: desk.book.questions(),
        tree,
        notes,
    };
    std::thread::scope(|scope| {
        let worker = std::thread::Builder::new().spawn_scoped(scope, move || {
            let sink = Screen(news);
            for wish in wishes {
                desk.serve(wish, control, &sink);
            }
        });
        let worker = worker.map_err(|e| Failure::new(Kind::Failed, format!("no thread: {e}")))?;
        let shown = chat::run(wish, events, control, info, out.colors());
        control.request_stop(); // an answer that nobody reads
        if let Err(panic) = worker.join() {
            return Err(fail::of_panic(&*panic));
        }
        Ok(shown.map_err(|e| disk::Error::io(Path::new("terminal"), "draw on", e))?)
    })
}

/// Settings with what they mean, in the words of the help.
fn settings(values: Vec<(String, String)>) -> Vec<Setting> {
    let cli = Cli::command();
    let chat = cli.find_subcommand("chat");
    let about = |name: &str| {
        let of_chat = chat.into_iter().flat_map(clap::Command::get_arguments);
        let mut all = of_chat.chain(cli.get_arguments());
        let arg = all.find(|arg| arg.get_id() == name)?;
        Some(arg.get_help()?.to_string())
    };
    let setting = |(name, value): (String, String)| Setting {
        about: about(&name).unwrap_or_default(),
        name,
        value,
    };
    values.into_iter().map(setting).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::generate::Plan;

    #[test]
    fn every_setting_says_what_it_means() {
        for setting in settings(live(&Plan::default())) {
            assert!(!setting.about.is_empty(), "{}", setting.name);
        }
    }
}
