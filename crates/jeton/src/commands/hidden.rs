//! A secret typed by a person: not shown while it is typed.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// Asks for a line on the terminal without showing it; `None` where standard input is no terminal.
///
/// # Errors
/// When the terminal cannot be read.
pub(crate) fn line(prompt: &str) -> io::Result<Option<String>> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Ok(None);
    }
    let hidden = Hidden::start()?;
    write!(io::stderr(), "{prompt}: ")?;
    let mut line = String::new();
    stdin.lock().read_line(&mut line)?;
    drop(hidden);
    // The line end was not shown either.
    writeln!(io::stderr())?;
    Ok(Some(line))
}

/// A terminal that shows nothing, until this goes.
struct Hidden(Termios);

impl Hidden {
    fn start() -> io::Result<Hidden> {
        let before = tcgetattr(io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &hidden)?;
        Ok(Hidden(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}
