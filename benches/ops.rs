//! `cargo bench --bench ops`: how exact and how fast every operation is with every instruction set
//! of this machine; the same table as `eu doctor --ops`, whose options it takes after `--`.

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    // cargo itself adds --bench
    let args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let mut eu = Command::new(env!("CARGO_BIN_EXE_eu"));
    match eu.args(["doctor", "--ops"]).args(args).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
