//! A deployment in a folder: its server, its backups, and the commands that are run there.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// A folder with a data folder, its root file, its backups and the recovery identity in it.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    server: Option<Child>,
    log: Option<Mutex<Receiver<String>>>,
    /// What the log said until the server served.
    pub(crate) first_words: Vec<String>,
}

impl Place {
    /// With a server of an API and a client, and with these lines in its configuration.
    pub(crate) fn with_server(lines: &str) -> Place {
        let mut place = Place::without_server(lines);
        place.start("jeton-data");
        place.declare();
        place
    }

    /// Declares the API and the client.
    pub(crate) fn declare(&self) {
        self.done(&["api", "create", "--audience", "a:b", "--scope", "read=Read", "--token-format", "opaque"]);
        self.done(&["client", "create", "--name", "worker", "--audience", "a:b", "--scope", "read", "--may-introspect"]);
    }

    /// With a data folder that no server was started on.
    pub(crate) fn without_server(lines: &str) -> Place {
        let place = Place { folder: tempfile::tempdir().unwrap(), server: None, log: None, first_words: Vec::new() };
        let made = place.json(&["init", "--issuer", "http://127.0.0.1:8420"]);
        place.write("recovery.key", made["recovery_identity"].as_str().unwrap());
        let file = place.path("jeton-data/jeton.toml");
        fs::write(&file, format!("{}{lines}\n", fs::read_to_string(&file).unwrap())).unwrap();
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command
    }

    pub(crate) fn output(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self.command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A command that reads nothing may be gone by now.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    #[track_caller]
    pub(crate) fn said(&self, arguments: &[&str], input: &str) -> String {
        let output = self.output(arguments, input);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        self.said(arguments, "")
    }

    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.done(&[arguments, &["--json"]].concat())).unwrap()
    }

    #[track_caller]
    pub(crate) fn fails(&self, arguments: &[&str], needle: &str) {
        let output = self.output(arguments, "");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(needle), "{arguments:?}: {said}");
    }

    /// Starts a server on a folder, on the configuration of the first.
    pub(crate) fn start(&mut self, data: &str) {
        self.start_within(self.command(&[]), data);
    }

    /// The same by a command that takes the arguments of `jeton`.
    pub(crate) fn start_within(&mut self, command: Command, data: &str) {
        self.start_within_with(command, data, &[]);
    }

    /// The same with more words.
    pub(crate) fn start_within_with(&mut self, command: Command, data: &str, more: &[&str]) {
        let root = self.path("jeton-data.root-key").display().to_string();
        let config = self.path("jeton-data/jeton.toml").display().to_string();
        let words = ["serve", "--data", data, "--config", &config, "--root-key-file", &root, "--listen", "127.0.0.1:0"];
        self.start_as(command, &[&words[..], more].concat());
    }

    /// Starts a server by these words alone.
    pub(crate) fn start_with(&mut self, arguments: &[&str]) {
        self.start_as(self.command(&[]), arguments);
    }

    fn start_as(&mut self, mut command: Command, arguments: &[&str]) {
        let mut server = command.args(arguments).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(server.stderr.take().unwrap()).lines();
        let (tell, log) = channel();
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(tell.send(line))));
        (self.server, self.log) = (Some(server), Some(Mutex::new(log)));
        self.first_words = self.hears("jeton serves");
    }

    /// Waits until the server's log says so; what it said until then.
    #[track_caller]
    pub(crate) fn hears(&self, needle: &str) -> Vec<String> {
        let log = self.log.as_ref().unwrap().lock().unwrap();
        let mut heard = Vec::new();
        while let Ok(line) = log.recv() {
            heard.push(line);
            if heard.last().is_some_and(|line| line.contains(needle)) {
                return heard;
            }
        }
        panic!("the server never said `{needle}`: {heard:#?}");
    }

    /// Kills the server, and leaves it to be ended.
    pub(crate) fn kill(&self) {
        kill_process(Pid::from_child(self.server.as_ref().unwrap()), Signal::KILL).unwrap();
    }

    pub(crate) fn end(&mut self, signal: Signal) -> ExitStatus {
        let mut server = self.server.take().unwrap();
        // Whoever was killed before is gone, and waited for.
        let _ = kill_process(Pid::from_child(&server), signal);
        server.wait().unwrap()
    }

    /// Waits until the server has ended by itself.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        self.server.take().unwrap().wait().unwrap()
    }

    /// The same; what the log says until its end.
    pub(crate) fn end_and_read(&mut self, signal: Signal) -> Vec<String> {
        self.end(signal);
        self.log.take().unwrap().into_inner().unwrap().into_iter().collect()
    }

    /// Asks until everything is on the target.
    pub(crate) fn wait_until_shipped(&self) {
        while {
            let backups = self.json(&["backup", "list"]);
            backups["shipped"] != backups["size"] || backups["snapshots"].as_array().unwrap().is_empty()
        } {}
    }

    /// How many snapshots there are on the target.
    pub(crate) fn snapshots(&self) -> usize {
        let Ok(listed) = fs::read_dir(self.path("jeton-data.backups/snapshots")) else { return 0 };
        listed.filter(|entry| entry.as_ref().unwrap().path().join("manifest.age").exists()).count()
    }

    /// How many files there are below a folder of the target, half-written ones too.
    pub(crate) fn files(&self, folder: &str) -> usize {
        let mut folders = vec![self.path("jeton-data.backups").join(folder)];
        let mut count = 0;
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_dir() { folders.push(entry.path()) } else { count += 1 }
            }
        }
        count
    }

    /// Begins a command that nobody waits for.
    pub(crate) fn begin(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// A figure of the metrics.
    #[track_caller]
    pub(crate) fn sample(&self, name: &str) -> f64 {
        let page = self.done(&["request", "GET", "/metrics"]);
        let figure = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        figure.unwrap_or_else(|| panic!("there is no {name}: {page}")).parse().unwrap()
    }

    pub(crate) fn token(&self) -> String {
        let issued = self.json(&["token", "issue", "--client", "worker"]);
        issued["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn key(&self) -> String {
        let made = self.json(&["key", "create", "--owner", "external:acme", "--client", "worker", "--audience", "a:b", "--name", "acme"]);
        made["key"].as_str().unwrap().to_owned()
    }

    pub(crate) fn is_active(&self, data: &str, token: &str) -> bool {
        let output = self.output(&["token", "introspect", "-", "--data", data, "--json"], token);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        answer["active"].as_bool().unwrap()
    }

    pub(crate) fn standing(&self, data: &str, key: &str) -> String {
        let output = self.output(&["key", "verify", "-", "--data", data, "--json"], key);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        answer["code"].as_str().unwrap().to_owned()
    }

    pub(crate) fn restore<'a>(&self, data: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        let words = ["backup", "restore", "--from", "jeton-data.backups", "--identity", "recovery.key"];
        [&words[..], &["--root-key-file", "jeton-data.root-key", "--data", data], more].concat()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}
