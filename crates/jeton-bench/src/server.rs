//! A server process on the server's core, ended with the value that stands for it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::affinity::Cores;
use crate::clock;
use crate::failure::{Doing, Failure};
use crate::http::{exchange, get};

const PATIENCE: Duration = Duration::from_secs(120);

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    errors: PathBuf,
    /// Held open: a server may print more than its address, and would fail if nobody could read it.
    _output: Option<BufReader<ChildStdout>>,
}

impl Server {
    /// Starts a server that prints its address as its first line.
    pub(crate) fn announced(command: &mut Command, cores: Cores, errors: &Path) -> Result<Self, Failure> {
        let mut child = spawn(command.stdout(Stdio::piped()), cores, errors)?;
        let mut line = String::new();
        let mut output = child.stdout.take().map(BufReader::new);
        if let Some(output) = &mut output {
            output.read_line(&mut line).doing("reading a server's address")?;
        }
        match line.trim().parse() {
            Ok(address) => Ok(Self { child, address, errors: errors.to_path_buf(), _output: output }),
            Err(_) => {
                // Without an address there is nobody to talk to, and it may have ended by itself.
                child.kill().ok();
                child.wait().ok();
                Err(Failure::new(format!("a server did not start: {}", last_words(errors))))
            }
        }
    }

    /// Starts a server that will listen at `address`, and gives the time from its start to its first good answer to `path`.
    pub(crate) fn at(
        command: &mut Command,
        address: SocketAddr,
        path: &str,
        cores: Cores,
        errors: &Path,
    ) -> Result<(Self, Duration), Failure> {
        let start = clock::now();
        let child = spawn(command.stdout(Stdio::null()), cores, errors)?;
        let mut server = Self { child, address, errors: errors.to_path_buf(), _output: None };
        let request = get(path);
        while start.elapsed() < PATIENCE {
            if let Ok((200, _)) = exchange(address, &request) {
                return Ok((server, start.elapsed()));
            }
            if server.child.try_wait().doing("asking for a server")?.is_some() {
                return Err(Failure::new(format!("a server ended at its start: {}", last_words(errors))));
            }
            clock::pause(Duration::from_micros(200));
        }
        Err(Failure::new(format!("no answer from {path} within {} s", PATIENCE.as_secs())))
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// What it last wrote to its standard error, for a failure's message.
    pub(crate) fn last_words(&self) -> String {
        last_words(&self.errors)
    }

    /// Asks it to end and waits until it has.
    pub(crate) fn end(mut self) -> Result<(), Failure> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).doing("ending a server")?;
        let start = clock::now();
        while self.child.try_wait().doing("ending a server")?.is_none() {
            if ended_too_late(start) {
                return Err(Failure::new("a server did not end within 30 s of being asked"));
            }
            clock::pause(Duration::from_millis(1));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to kill.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// An address of this machine that nobody listens at.
pub(crate) fn free_address() -> Result<SocketAddr, Failure> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).doing("looking for a free port")?;
    listener.local_addr().doing("looking for a free port")
}

fn ended_too_late(start: Instant) -> bool {
    start.elapsed() > Duration::from_secs(30)
}

fn spawn(command: &mut Command, cores: Cores, errors: &Path) -> Result<Child, Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    let file = File::create(errors).doing("creating a log file")?;
    command.stdin(Stdio::null()).stderr(file);
    cores.on_server(|| command.spawn())?.doing(&format!("starting {program}"))
}

fn last_words(errors: &Path) -> String {
    let text = fs::read_to_string(errors).unwrap_or_default();
    let mut lines: Vec<&str> = text.lines().rev().filter(|line| !line.trim().is_empty()).take(3).collect();
    lines.reverse();
    if lines.is_empty() { "it wrote nothing".to_owned() } else { lines.join(" / ") }
}
