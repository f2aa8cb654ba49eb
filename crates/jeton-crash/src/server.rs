//! The server's process: started, waited for, stopped, killed.

use std::fs::{self, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::clock;
use crate::control::Control;
use crate::failure::{Doing, Failure};
use crate::http::Connection;

/// After so long a start has failed, and an end does not come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where everything of a deployment lies.
#[derive(Clone)]
pub(crate) struct Place {
    /// The program.
    pub(crate) program: PathBuf,
    /// The data folder.
    pub(crate) data: PathBuf,
    /// The root file.
    pub(crate) root_key_file: PathBuf,
    /// The recovery identity of its backups.
    pub(crate) recovery_key_file: PathBuf,
    /// What the server wrote to its standard output and error.
    pub(crate) log: PathBuf,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

/// What stands between the server and the C library.
pub(crate) struct Shim<'a> {
    /// The library.
    pub(crate) library: &'a Path,
    /// The page that says what goes wrong.
    pub(crate) control: &'a Control,
    /// Where the old content of what is written goes; `None` keeps none.
    pub(crate) undo: Option<&'a Path>,
}

/// A process.
pub(crate) struct Server {
    child: Child,
    started: Instant,
    place: Place,
}

impl Place {
    /// The socket of the management API.
    pub(crate) fn socket(&self) -> PathBuf {
        self.data.join("jeton.sock")
    }

    /// Makes the data folder and its root file with `jeton init`.
    pub(crate) fn init(&self) -> Result<(), Failure> {
        let output = unspoken(Command::new(&self.program))
            .arg("init")
            .args(["--data".as_ref(), self.data.as_os_str(), "--root-key-file".as_ref(), self.root_key_file.as_os_str()])
            .args(["--listen", &self.address.to_string(), "--json"])
            .output()
            .doing("starting `jeton init`")?;
        let made: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        match made.get("recovery_identity").and_then(Value::as_str).filter(|_| output.status.success()) {
            Some(identity) => fs::write(&self.recovery_key_file, identity).doing("keeping the recovery identity"),
            None => Err(Failure::CouldNot(format!("`jeton init`: {}", String::from_utf8_lossy(&output.stderr)))),
        }
    }

    /// Where backups go when nobody says: beside the data.
    pub(crate) fn backups(&self) -> PathBuf {
        let mut name = self.data.as_os_str().to_owned();
        name.push(".backups");
        PathBuf::from(name)
    }

    /// Makes the data folder of what is on the target, with `jeton backup restore`; what it says.
    pub(crate) fn restore(&self) -> Result<Value, Failure> {
        let output = unspoken(Command::new(&self.program))
            .args(["backup", "restore", "--json"])
            .args(["--from".as_ref(), self.backups().as_os_str(), "--data".as_ref(), self.data.as_os_str()])
            .args(["--identity".as_ref(), self.recovery_key_file.as_os_str()])
            .args(["--root-key-file".as_ref(), self.root_key_file.as_os_str()])
            .output()
            .doing("starting `jeton backup restore`")?;
        if output.status.success() {
            serde_json::from_slice(&output.stdout).doing("reading what `jeton backup restore` says")
        } else {
            Err(Failure::finding(format!("`jeton backup restore`: {}", String::from_utf8_lossy(&output.stderr))))
        }
    }

    /// Starts the server.
    pub(crate) fn start(&self, shim: Option<&Shim<'_>>) -> Result<Server, Failure> {
        self.start_with(&[], shim)
    }

    /// Starts the server with more words on its command line.
    pub(crate) fn start_with(&self, words: &[&str], shim: Option<&Shim<'_>>) -> Result<Server, Failure> {
        let log = OpenOptions::new().create(true).append(true).open(&self.log).doing("opening the log")?;
        // Through a shell, so that a crash may leave a core: what it would hold is searched for secrets.
        let mut command = unspoken(Command::new("sh"));
        command.args(["-c", "ulimit -c unlimited; exec \"$0\" \"$@\""]).arg(&self.program).arg("serve");
        command.args(["--data".as_ref(), self.data.as_os_str()]).args(words);
        command.current_dir(self.log.parent().unwrap_or(Path::new("/"))).stdin(Stdio::null());
        command.stdout(log.try_clone().doing("opening the log")?).stderr(log);
        if let Some(shim) = shim {
            command.env("LD_PRELOAD", shim.library).env("CRASH_SHIM_FOLDER", &self.data).env("CRASH_SHIM_CONTROL", &shim.control.path);
            if let Some(undo) = shim.undo {
                command.env("CRASH_SHIM_UNDO", undo);
            }
        }
        let started = clock::now();
        Ok(Server { child: command.spawn().doing("starting `jeton serve`")?, started, place: self.clone() })
    }

    /// The last lines of the log.
    pub(crate) fn last_words(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = text.lines().rev().take(8).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n  ")
    }
}

impl Server {
    /// Waits until it is ready; how long that took from its start.
    pub(crate) fn ready(&mut self) -> Result<Duration, Failure> {
        while self.started.elapsed() < PATIENCE {
            let ready = Connection::tcp(self.place.address).and_then(|mut connection| connection.get("/readyz"));
            if ready.is_ok_and(|answer| answer.status == 200) {
                return Ok(self.started.elapsed());
            }
            if let Some(status) = self.child.try_wait().doing("asking for the server")? {
                return Err(Failure::finding(format!("the server ended at its start with {status}:\n  {}", self.place.last_words())));
            }
            clock::pause(Duration::from_millis(1));
        }
        Err(Failure::finding(format!("the server was not ready within {} s:\n  {}", PATIENCE.as_secs(), self.place.last_words())))
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) -> Result<(), Failure> {
        self.child.kill().doing("killing the server")?;
        self.child.wait().doing("killing the server").map(drop)
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) -> Result<(), Failure> {
        kill_process(Pid::from_child(&self.child), signal).doing("sending a signal")
    }

    /// Waits until it has ended by itself.
    pub(crate) fn ended(mut self) -> Result<ExitStatus, Failure> {
        let start = clock::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().doing("asking for the server")? {
                return Ok(status);
            }
            clock::pause(Duration::from_millis(1));
        }
        Err(Failure::finding(format!("the server did not end:\n  {}", self.place.last_words())))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to kill.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Without what this machine's user may have told Jeton, or its tests.
fn unspoken(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("JETON_")) {
        command.env_remove(name);
    }
    command
}
