//! How wide what a person reads may be.

use std::io::IsTerminal;
use std::os::fd::AsFd;

/// The columns of the terminal that this is, or that the environment says that it leads to; `None`: nobody says.
pub(crate) fn columns(stream: &(impl AsFd + IsTerminal)) -> Option<usize> {
    let size = stream.is_terminal().then(|| rustix::termios::tcgetwinsize(stream).ok()).flatten();
    let columns = size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0);
    columns.or_else(said)
}

/// What the environment says of the width, as for `ls` and `ps`: for output that a pipe carries to a page or a file.
#[expect(clippy::disallowed_methods, reason = "how wide a page is, is no configuration of a server")]
fn said() -> Option<usize> {
    std::env::var("COLUMNS").ok()?.parse().ok().filter(|columns| *columns > 0)
}
