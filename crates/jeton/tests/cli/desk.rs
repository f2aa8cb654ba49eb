//! A folder with the program in it, and what its commands say.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with the program in it, and a server where one is asked for.
pub(crate) struct Desk {
    pub(crate) folder: TempDir,
    pub(crate) server: Option<Child>,
}

/// What a command answered.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Desk {
    pub(crate) fn empty() -> Desk {
        Desk { folder: tempfile::tempdir().unwrap(), server: None }
    }

    /// With a server that answers.
    pub(crate) fn with_server() -> Desk {
        let mut desk = Desk::empty();
        desk.done(&["init", "--issuer", "http://127.0.0.1:8420"]);
        desk.start_server();
        desk
    }

    pub(crate) fn start_server(&mut self) {
        let mut server = self.command(&["serve", "--listen", "127.0.0.1:0"]).stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(server.stderr.take().unwrap());
        let mut lines = log.lines();
        let started = lines.by_ref().map_while(Result::ok).any(|line| line.contains("jeton serves"));
        // Read on, so that the log never fills its pipe.
        std::thread::spawn(move || lines.for_each(drop));
        self.server = Some(server);
        assert!(started, "the server did not start");
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command
    }

    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Said {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A command that reads nothing may be gone by now.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Said {
            code: output.status.code().expect("it was not killed"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let said = self.run(arguments, "");
        assert_eq!(said.code, 0, "{arguments:?}: {}{}", said.out, said.err);
        said.out
    }

    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.done(&[arguments, &["--json"]].concat())).unwrap()
    }

    /// The same of a command whose answer may be no.
    #[track_caller]
    pub(crate) fn json_of_any(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.run(&[arguments, &["--json"]].concat(), "").out).unwrap()
    }

    #[track_caller]
    pub(crate) fn fails(&self, arguments: &[&str], input: &str, code: i32, needle: &str) {
        let said = self.run(arguments, input);
        assert_eq!(said.code, code, "{arguments:?}: {}{}", said.out, said.err);
        assert!(said.err.contains(needle), "{arguments:?}: {}", said.err);
        assert!(!said.err.contains("panicked"), "{}", said.err);
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }
}

impl Desk {
    /// Ends the server as a person would.
    pub(crate) fn stop_server(&mut self) {
        let mut server = self.server.take().unwrap();
        let pid = rustix::process::Pid::from_child(&server);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        assert!(server.wait().unwrap().success());
    }

    /// Ends it as a fault would: it has no last word.
    pub(crate) fn kill_server(&mut self) {
        let mut server = self.server.take().unwrap();
        server.kill().unwrap();
        server.wait().unwrap();
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}
