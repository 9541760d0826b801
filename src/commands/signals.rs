//! Signals become requests: Ctrl-C or SIGTERM once asks the work to end well, twice ends the
//! program now; SIGUSR1 asks for a checkpoint.

use std::sync::Arc;

use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;

use super::fail::{Failure, Result};
use super::out::Out;
use crate::event::Control;
use crate::fault::Kind;

/// Listens from now on, for commands whose work looks at `control`.
///
/// Commands that do not call this end at the first signal, as every program does.
///
/// # Errors
/// When the system does not let us listen.
pub fn listen(control: &Arc<Control>, out: &Arc<Out>) -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGUSR1])
        .map_err(|e| Failure::new(Kind::Failed, format!("cannot listen to signals: {e}")))?;
    let (control, out) = (control.clone(), out.clone());
    std::thread::spawn(move || {
        for signal in signals.forever() {
            if signal == SIGUSR1 {
                control.request_checkpoint();
                continue;
            }
            control.request_stop();
            if control.stop_now() {
                end_now(128 + signal);
            }
            out.say("stopping after the step in hand; once more to stop now");
        }
    });
    Ok(())
}

/// Gives the terminal back and ends the process: the reader asked twice and waits for nothing.
#[allow(clippy::exit, clippy::disallowed_methods)]
fn end_now(code: i32) -> ! {
    #[cfg(feature = "tui")]
    if crossterm::terminal::is_raw_mode_enabled().unwrap_or(false) {
        use std::io::IsTerminal;
        let _ = crossterm::terminal::disable_raw_mode();
        if std::io::stdout().is_terminal() {
            let _ = crossterm::execute!(
                std::io::stdout(),
                crossterm::terminal::LeaveAlternateScreen,
                crossterm::cursor::Show
            );
        }
    }
    std::process::exit(code)
}
