//! The `eu` command: parse, dispatch, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    europium::commands::main(std::env::args_os())
}
