//! A command that runs below this process: the signals that come here go on to it, and what it ends with is what this ends with.

use std::fs::File;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitCode, ExitStatus};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, getpgrp, kill_process};
use rustix::termios::tcgetpgrp;
use tokio::select;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};

/// What goes on to the command; what a terminal sends, it has sent to the command already.
const SIGNALS: [(SignalKind, Signal, bool); 6] = [
    (SignalKind::terminate(), Signal::TERM, false),
    (SignalKind::hangup(), Signal::HUP, false),
    (SignalKind::user_defined1(), Signal::USR1, false),
    (SignalKind::user_defined2(), Signal::USR2, false),
    (SignalKind::interrupt(), Signal::INT, true),
    (SignalKind::quit(), Signal::QUIT, true),
];

/// Runs a command to its end. Meanwhile `beside` is called on a thread of its own, each time after as long as it said.
///
/// # Errors
/// When the command cannot be begun.
pub(super) fn run(command: &mut Command, beside: impl FnMut() -> Duration + Send + 'static) -> io::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let status = runtime.block_on(async {
        let mut signals = heard()?;
        let mut child = command.spawn()?;
        let pid = Pid::from_child(&child);
        let (done, mut ended) = oneshot::channel();
        thread::spawn(move || done.send(child.wait()));
        thread::spawn(move || again(beside));
        loop {
            select! {
                biased;
                status = &mut ended => return status.unwrap_or_else(|_| Err(io::ErrorKind::Interrupted.into())),
                // Who has just ended hears nothing any more.
                Some(signal) = signals.recv() => drop(kill_process(pid, signal)),
            }
        }
    })?;
    Ok(code(status))
}

/// The signals that come, from now on.
fn heard() -> io::Result<mpsc::UnboundedReceiver<Signal>> {
    let (sender, receiver) = mpsc::unbounded_channel();
    for (kind, heard, is_typed) in SIGNALS {
        let (mut stream, sender) = (signal(kind)?, sender.clone());
        tokio::spawn(async move {
            while stream.recv().await.is_some() {
                if !(is_typed && is_in_foreground()) && sender.send(heard).is_err() {
                    return;
                }
            }
        });
    }
    Ok(receiver)
}

/// Whether a terminal sends what is typed there to this process and those below it.
fn is_in_foreground() -> bool {
    File::open("/dev/tty").is_ok_and(|terminal| tcgetpgrp(&terminal).is_ok_and(|group| group == getpgrp()))
}

fn again(mut beside: impl FnMut() -> Duration) {
    loop {
        thread::park_timeout(beside());
    }
}

/// As a shell says it.
fn code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| Some(128 + status.signal()?)).and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}
