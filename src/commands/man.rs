//! `eu man`: one manual page a command, made from the same source as the help.

use std::path::PathBuf;

use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::cli;
use super::fail::{Failure, Result};
use super::out::Out;
use super::settings;
use crate::disk;

const EXAMPLES: &str = "\
Examples:
  eu man train | man -l -                  read the page of eu train
  eu man ~/.local/share/man/man1           write all pages to a folder";

/// What can be typed after `eu man`.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct Args {
    /// A command (none: eu itself) to print, or a folder to write every page to.
    #[arg(value_name = "COMMAND|DIR")]
    pub page: Option<String>,
}

/// Prints a page or writes all of them.
///
/// # Errors
/// When the command is not known or a file cannot be written.
pub fn run(args: &Args, out: &Out) -> Result<()> {
    let pages = pages();
    let wanted = args.page.as_deref().unwrap_or("eu");
    let name = match wanted {
        "eu" => "eu.1".to_string(),
        command => format!("eu-{}.1", command.replace(' ', "-")),
    };
    if let Some((_, page)) = pages.iter().find(|(file, _)| *file == name) {
        return out.bytes(page);
    }
    let folder = PathBuf::from(wanted);
    if !folder.is_dir() && !wanted.contains(std::path::MAIN_SEPARATOR) {
        let known: Vec<String> = cli::command()
            .get_subcommands()
            .map(|c| c.get_name().to_string())
            .collect();
        let hint = match settings::nearest(wanted, &known) {
            Some(near) => format!("did you mean `{near}`? a new folder is written as ./{wanted}"),
            None => format!("commands are: {}", known.join(", ")),
        };
        return Err(
            Failure::usage(format!("no command and no folder is named `{wanted}`"))
                .hint(hint)
                .into(),
        );
    }
    for (file, page) in &pages {
        disk::replace_bytes(&folder.join(file), page)?;
    }
    out.say(&format!(
        "wrote {} pages to {}",
        pages.len(),
        folder.display()
    ));
    Ok(())
}

/// Every page with its file name, `eu.1` and `eu-<command>.1`.
pub fn pages() -> Vec<(String, Vec<u8>)> {
    let mut command = cli::command().disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    collect(&command, &mut pages);
    pages.sort();
    pages
}

fn collect(command: &clap::Command, pages: &mut Vec<(String, Vec<u8>)>) {
    let man = Man::new(command.clone())
        .date("")
        .source(concat!("Europium ", env!("CARGO_PKG_VERSION")))
        .manual("Europium");
    pages.push((man.get_filename(), render(&man, command)));
    for sub in command.get_subcommands().filter(|c| !c.is_hide_set()) {
        collect(sub, pages);
    }
}

/// The page: as clap would lay it out, with the examples before the options.
fn render(man: &Man, command: &clap::Command) -> Vec<u8> {
    let mut page = Vec::new();
    let mut examples = Roff::default();
    if let Some(text) = command.get_before_help() {
        examples.control("SH", ["EXAMPLES"]);
        examples.control("nf", []);
        for line in text.to_string().lines().skip(1) {
            examples.text([roman(line.trim_start())]);
        }
        examples.control("fi", []);
    }
    let has_subcommands = command.get_subcommands().any(|c| !c.is_hide_set());
    let written = man
        .render_title(&mut page)
        .and_then(|()| man.render_name_section(&mut page))
        .and_then(|()| man.render_synopsis_section(&mut page))
        .and_then(|()| man.render_description_section(&mut page))
        .and_then(|()| examples.to_writer(&mut page))
        .and_then(|()| man.render_options_section(&mut page))
        .and_then(|()| match has_subcommands {
            true => man.render_subcommands_section(&mut page),
            false => Ok(()),
        })
        .and_then(|()| match command.get_after_help().is_some() {
            true => man.render_extra_section(&mut page),
            false => Ok(()),
        });
    debug_assert!(written.is_ok(), "a vector takes every byte");
    page
}
