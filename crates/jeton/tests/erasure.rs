//! People who were erased, and backups from before: no restore brings them back, and what is made of a backup has nothing of them in its files.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what goes wrong here must fail the test")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// A folder with a data folder, its root file, its backups and the recovery identity in it.
struct Place {
    folder: TempDir,
    server: Option<Child>,
}

impl Place {
    fn new() -> Place {
        let place = Place { folder: tempfile::tempdir().unwrap(), server: None };
        let made = place.json(&["init", "--issuer", "http://127.0.0.1:8420"]);
        fs::write(place.path("recovery.key"), made["recovery_identity"].as_str().unwrap()).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().unwrap()
    }

    #[track_caller]
    fn done(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.done(&[arguments, &["--json"]].concat())).unwrap()
    }

    /// Starts a server on a folder, on the configuration of the first.
    fn start(&mut self, data: &str) {
        let root = self.path("jeton-data.root-key").display().to_string();
        let config = self.path("jeton-data/jeton.toml").display().to_string();
        let arguments = ["serve", "--data", data, "--config", &config, "--root-key-file", &root, "--listen", "127.0.0.1:0"];
        let mut server = self.command(&arguments).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
        assert!(lines.by_ref().map_while(Result::ok).any(|line| line.contains("jeton serves")));
        std::thread::spawn(move || lines.for_each(drop));
        self.server = Some(server);
    }

    fn end(&mut self, signal: Signal) {
        let mut server = self.server.take().unwrap();
        kill_process(Pid::from_child(&server), signal).unwrap();
        server.wait().unwrap();
    }

    fn restore(&self, data: &str, more: &[&str]) -> Value {
        let words = ["backup", "restore", "--from", "jeton-data.backups", "--identity", "recovery.key"];
        self.json(&[&words[..], &["--root-key-file", "jeton-data.root-key", "--data", data], more].concat())
    }

    /// Ada, with a key, of whom somebody wrote something; then a backup.
    fn with_ada() -> (Place, String) {
        let mut place = Place::new();
        place.start("jeton-data");
        place.done(&["api", "create", "--audience", "a:b", "--scope", "read=Read"]);
        let ada = place.json(&["user", "create", "--username", "ada-lovelace", "--name", "Ada Müller", "--email", "ada@example.org"]);
        place.done(&["user", "create", "--username", "bob"]);
        place.done(&["role", "create", "--name", "reader", "--audience", "a:b", "--scope", "read"]);
        place.done(&["role", "assign", "reader", "user:ada-lovelace"]);
        place.done(&["key", "create", "--owner", "user:ada-lovelace", "--audience", "a:b", "--name", "zeppelin laptop", "--scope", "read"]);
        place.done(&["revoke", "--user", "ada-lovelace", "--why", "her telephone was stolen", "--yes"]);
        place.done(&["backup", "create"]);
        (place, ada["id"].as_str().unwrap().to_owned())
    }

    #[track_caller]
    fn is_forgotten(&mut self, data: &str, id: &str) {
        is_named_nowhere(&self.path(data));
        self.start(data);
        let output = self.output(&["user", "show", id, "--data", data]);
        assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        assert!(self.done(&["user", "list", "--data", data]).contains("bob"));
        assert_eq!(self.json(&["key", "list", "--data", data])["items"], Value::Array(vec![]));
        self.end(Signal::TERM);
        assert!(self.done(&["check", "--full", "--data", data]).contains("what was written"));
        assert!(self.done(&["audit", "verify", "--data", data]).contains("what was written"));
        is_named_nowhere(&self.path(data));
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

/// What no file of a folder may say.
const SAID: [&str; 5] = ["ada-lovelace", "Ada Müller", "ada@example.org", "zeppelin", "her telephone"];

#[track_caller]
fn is_named_nowhere(folder: &Path) {
    let named = named_in(folder);
    assert!(named.is_empty(), "{named:?}");
}

/// Which of them the files of a folder say.
fn named_in(folder: &Path) -> Vec<String> {
    let mut named = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Ok(bytes) = fs::read(&path) else { continue };
        // What is no text is read as something else; what is looked for stays as it is.
        let text = String::from_utf8_lossy(&bytes);
        let has = |said: &&str| text.contains(said);
        named.extend(SAID.into_iter().filter(has).map(|said| format!("{} says {said}", path.display())));
    }
    named
}

#[test]
fn no_restore_brings_back_who_was_erased() {
    let (mut place, id) = Place::with_ada();
    assert!(!named_in(&place.path("jeton-data")).is_empty(), "what is looked for is to be found before");
    // The ledger's time tells this one from the erasure.
    let before = place.json(&["audit", "tail"]);
    let until = before["items"].as_array().unwrap().iter().map(|entry| entry["time"].as_str().unwrap()).max().unwrap().to_owned();
    let erased = place.json(&["user", "erase", "ada-lovelace", "--yes"]);
    assert_eq!((erased["keys"].clone(), erased["roles"].clone(), erased["entries"].clone()), (1.into(), 1.into(), 2.into()));
    // Nothing of the tail after the answer is asked for: the erasure is on the target by now.
    place.end(Signal::KILL);
    place.restore("whole", &[]);
    place.is_forgotten("whole", &id);
    place.restore("earlier", &["--until", &until]);
    place.is_forgotten("earlier", &id);
    fs::remove_dir_all(place.path("jeton-data.backups/tail")).unwrap();
    let restored = place.restore("cut", &[]);
    assert_eq!(restored["is_complete"], false);
    place.is_forgotten("cut", &id);
}

#[test]
fn it_is_answered_once_the_target_has_it() {
    let (mut place, id) = Place::with_ada();
    let away = place.path("away");
    fs::rename(place.path("jeton-data.backups"), &away).unwrap();
    fs::write(place.path("jeton-data.backups"), "in the way").unwrap();
    let output = place.output(&["user", "erase", "ada-lovelace", "--yes"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("the backup target"), "{said}");
    assert!(!place.output(&["user", "show", &id]).status.success(), "it holds here all the same");
    fs::remove_file(place.path("jeton-data.backups")).unwrap();
    fs::rename(&away, place.path("jeton-data.backups")).unwrap();
    place.end(Signal::TERM);
    place.restore("whole", &[]);
    place.is_forgotten("whole", &id);
}
