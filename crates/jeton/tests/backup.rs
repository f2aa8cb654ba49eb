//! Backups of a server that runs, and data folders that are made of them: what was revoked stays so.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "what goes wrong here must fail the test")]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// A folder with a data folder, its root file, its backups and the recovery identity in it.
struct Place {
    folder: TempDir,
    server: Option<Child>,
    log: Option<Receiver<String>>,
}

impl Place {
    /// With a server of an API and a client, and with these lines in its configuration.
    fn with_server(lines: &str) -> Place {
        let mut place = Place { folder: tempfile::tempdir().unwrap(), server: None, log: None };
        let made = place.json(&["init", "--issuer", "http://127.0.0.1:8420"]);
        place.write("recovery.key", made["recovery_identity"].as_str().unwrap());
        let file = place.path("jeton-data/jeton.toml");
        fs::write(&file, format!("{}{lines}\n", fs::read_to_string(&file).unwrap())).unwrap();
        place.start("jeton-data");
        place.done(&["api", "create", "--audience", "a:b", "--scope", "read=Read", "--token-format", "opaque"]);
        place.done(&["client", "create", "--name", "worker", "--audience", "a:b", "--may-introspect"]);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command
    }

    fn output(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self.command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A command that reads nothing may be gone by now.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    #[track_caller]
    fn said(&self, arguments: &[&str], input: &str) -> String {
        let output = self.output(arguments, input);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn done(&self, arguments: &[&str]) -> String {
        self.said(arguments, "")
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.done(&[arguments, &["--json"]].concat())).unwrap()
    }

    #[track_caller]
    fn fails(&self, arguments: &[&str], needle: &str) {
        let output = self.output(arguments, "");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(needle), "{arguments:?}: {said}");
    }

    /// Starts a server on a folder, on the configuration of the first.
    fn start(&mut self, data: &str) {
        let root = self.path("jeton-data.root-key").display().to_string();
        let config = self.path("jeton-data/jeton.toml").display().to_string();
        let arguments = ["serve", "--data", data, "--config", &config, "--root-key-file", &root, "--listen", "127.0.0.1:0"];
        let mut server = self.command(&arguments).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(server.stderr.take().unwrap()).lines();
        let (tell, log) = channel();
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(tell.send(line))));
        (self.server, self.log) = (Some(server), Some(log));
        self.hears("jeton serves");
    }

    /// Waits until the server's log says so.
    #[track_caller]
    fn hears(&self, needle: &str) {
        let log = self.log.as_ref().unwrap();
        let mut heard = Vec::new();
        while let Ok(line) = log.recv() {
            if line.contains(needle) {
                return;
            }
            heard.push(line);
        }
        panic!("the server never said `{needle}`: {heard:#?}");
    }

    fn end(&mut self, signal: Signal) {
        let mut server = self.server.take().unwrap();
        kill_process(Pid::from_child(&server), signal).unwrap();
        server.wait().unwrap();
    }

    /// Asks until everything is on the target.
    fn wait_until_shipped(&self) {
        while {
            let backups = self.json(&["backup", "list"]);
            backups["shipped"] != backups["size"] || backups["snapshots"].as_array().unwrap().is_empty()
        } {}
    }

    /// A figure of the metrics.
    #[track_caller]
    fn sample(&self, name: &str) -> f64 {
        let page = self.done(&["request", "GET", "/metrics"]);
        let figure = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        figure.unwrap_or_else(|| panic!("there is no {name}: {page}")).parse().unwrap()
    }

    fn token(&self) -> String {
        let issued = self.json(&["token", "issue", "--client", "worker"]);
        issued["access_token"].as_str().unwrap().to_owned()
    }

    fn key(&self) -> String {
        let made = self.json(&["key", "create", "--owner", "external:acme", "--client", "worker", "--audience", "a:b", "--name", "acme"]);
        made["key"].as_str().unwrap().to_owned()
    }

    fn is_active(&self, data: &str, token: &str) -> bool {
        let output = self.output(&["token", "introspect", "-", "--data", data, "--json"], token);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        answer["active"].as_bool().unwrap()
    }

    fn standing(&self, data: &str, key: &str) -> String {
        let output = self.output(&["key", "verify", "-", "--data", data, "--json"], key);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        answer["code"].as_str().unwrap().to_owned()
    }

    fn restore<'a>(&self, data: &'a str, more: &[&'a str]) -> Vec<&'a str> {
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

#[test]
fn after_a_stop_in_order_everything_is_there_and_what_was_revoked_is_not() {
    let mut place = Place::with_server("");
    let (kept, lost) = (place.token(), place.token());
    let (key, leaked) = (place.key(), place.key());
    place.done(&["backup", "create"]);
    // After the snapshot: the tail alone tells of these.
    let later = place.token();
    place.said(&["revoke", "-", "--yes"], &lost);
    place.said(&["revoke", "-", "--yes"], &leaked);
    place.end(Signal::TERM);
    let restored = place.json(&place.restore("restored", &[]));
    assert_eq!(restored["is_complete"], true, "{restored}");
    place.start("restored");
    for (token, active) in [(&kept, true), (&later, true), (&lost, false)] {
        assert_eq!(place.is_active("restored", token), active);
    }
    assert_eq!((place.standing("restored", &key), place.standing("restored", &leaked)), ("valid".into(), "revoked".into()));
    let entries = place.json(&["audit", "tail", "--data", "restored"]);
    assert!(entries.to_string().contains("incarnation.opened"));
    assert!(place.done(&["audit", "verify", "--data", "restored"]).contains("what was written"));
    place.end(Signal::TERM);
    assert!(place.done(&["check", "--full", "--data", "restored"]).contains("what was written"));
}

#[test]
fn after_a_kill_what_is_older_waits_until_the_gap_is_accepted() {
    let mut place = Place::with_server("");
    let (token, key, leaked) = (place.token(), place.key(), place.key());
    place.said(&["revoke", "-", "--yes"], &leaked);
    place.wait_until_shipped();
    place.end(Signal::KILL);
    let restored = place.json(&place.restore("restored", &[]));
    assert_eq!(restored["is_complete"], false, "{restored}");
    place.start("restored");
    assert!(!place.is_active("restored", &token), "access tokens renew by themselves");
    assert_eq!((place.standing("restored", &key), place.standing("restored", &leaked)), ("suspended".into(), "revoked".into()));
    assert!(place.done(&["backup", "list", "--data", "restored"]).contains("accept-gap"));
    let accepted = place.done(&["backup", "restore", "accept-gap", "--yes", "--data", "restored"]);
    assert!(accepted.contains("accepted"), "{accepted}");
    assert_eq!((place.standing("restored", &key), place.standing("restored", &leaked)), ("valid".into(), "revoked".into()));
    assert!(!place.is_active("restored", &token), "what ended has ended");
    let again = place.done(&["backup", "restore", "accept-gap", "--yes", "--data", "restored"]);
    assert!(again.contains("no gap"), "{again}");
}

#[test]
fn a_checkpoint_that_was_kept_elsewhere_shows_that_nothing_is_missing() {
    let mut place = Place::with_server("");
    let key = place.key();
    place.wait_until_shipped();
    let size = place.json(&["backup", "list"])["size"].as_u64().unwrap();
    let note = loop {
        let note = place.done(&["audit", "checkpoint"]);
        if note.lines().nth(1).and_then(|line| line.parse().ok()) == Some(size) {
            break note;
        }
    };
    place.end(Signal::KILL);
    place.write("checkpoint.txt", &note);
    let restored = place.json(&place.restore("restored", &["--checkpoint", "checkpoint.txt"]));
    assert_eq!(restored["is_complete"], true, "{restored}");
    place.start("restored");
    assert_eq!(place.standing("restored", &key), "valid");
}

#[test]
fn what_is_answered_under_sync_is_on_the_target() {
    let mut place = Place::with_server("revocation_durability = \"sync\"");
    place.wait_until_shipped();
    let leaked: Vec<String> = (0..5).map(|_| place.key()).collect();
    for (place_of, key) in leaked.iter().enumerate() {
        place.said(&["revoke", "-", "--yes"], key);
        if place_of == 3 {
            break;
        }
    }
    place.end(Signal::KILL);
    let restored = place.json(&place.restore("restored", &[]));
    assert_eq!(restored["is_complete"], true, "{restored}");
    place.start("restored");
    let standings: Vec<String> = leaked.iter().map(|key| place.standing("restored", key)).collect();
    assert_eq!(standings, ["revoked", "revoked", "revoked", "revoked", "valid"]);
}

#[test]
fn an_earlier_time_takes_back_what_was_given_and_not_what_was_taken() {
    let mut place = Place::with_server("");
    let (kept, leaked) = (place.key(), place.key());
    place.wait_until_shipped();
    let entries = place.json(&["audit", "tail", "-n", "1"]);
    let until = entries["items"][0]["time"].as_str().unwrap().to_owned();
    let second = jeton_http::api::rfc3339::parse(&format!("{}Z", until.get(..19).unwrap())).unwrap() + 1;
    // Times are given to the second: what comes now is of a later one.
    while place.json(&["audit", "checkpoint"])["signed_at"].as_str().unwrap() <= jeton_http::api::rfc3339::format(second).as_str() {}
    let given = place.key();
    place.said(&["revoke", "-", "--yes"], &leaked);
    place.end(Signal::TERM);
    let restored = place.json(&place.restore("restored", &["--until", &second.to_string()]));
    assert_eq!(restored["is_complete"], true, "{restored}");
    place.start("restored");
    let standings = [&kept, &leaked, &given].map(|key| place.standing("restored", key));
    assert_eq!(standings, ["valid", "revoked", "not_found"]);
    place.end(Signal::TERM);
    assert!(place.done(&["check", "--full", "--data", "restored"]).contains("what was written"));
}

#[test]
fn what_cannot_be_restored_is_named_and_leaves_nothing_behind() {
    let mut place = Place::with_server("");
    place.wait_until_shipped();
    place.end(Signal::TERM);
    let around = || {
        let names = fs::read_dir(place.folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    };
    let before = around();
    place.fails(&place.restore("jeton-data", &[]), "is not empty");
    place.done(&["init", "--data", "other", "--issuer", "http://127.0.0.1:8420"]);
    let mut words = place.restore("restored", &[]);
    words[7] = "other.root-key";
    place.fails(&words, "was not written with this root key");
    let other = place.json(&["init", "--data", "third", "--issuer", "http://127.0.0.1:8420"]);
    place.write("recovery.key", other["recovery_identity"].as_str().unwrap());
    place.fails(&place.restore("restored", &[]), "does not open with this identity");
    assert!(around().iter().all(|name| !name.contains("restor")), "{:?}", around());
    for made in ["other", "third"] {
        fs::remove_dir_all(place.path(made)).unwrap();
        fs::remove_file(place.path(&format!("{made}.root-key"))).unwrap();
    }
    assert_eq!(around(), before);
}

#[test]
fn a_target_that_goes_away_is_told_of_and_catches_up() {
    let mut place = Place::with_server("");
    place.wait_until_shipped();
    fs::rename(place.path("jeton-data.backups"), place.path("away")).unwrap();
    place.write("jeton-data.backups", "in the way");
    place.key();
    place.hears("the backup target is away");
    // The ledger hears of it after the log.
    while !place.json(&["audit", "tail", "-n", "5"]).to_string().contains("backup.target_lost") {}
    assert_eq!(place.sample("jeton_backup_target_reachable"), 0.0);
    assert!(place.sample("jeton_backup_failures_total{kind=\"tail\"}") >= 1.0);
    // The clock goes on while it is away.
    while place.sample("jeton_backup_tail_behind_seconds") < 1.0 {}
    fs::remove_file(place.path("jeton-data.backups")).unwrap();
    fs::rename(place.path("away"), place.path("jeton-data.backups")).unwrap();
    place.hears("takes the ledger's tail again");
    place.wait_until_shipped();
    assert_eq!(place.sample("jeton_backup_target_reachable"), 1.0);
    place.end(Signal::TERM);
    assert_eq!(place.json(&place.restore("restored", &[]))["is_complete"], true);
}

#[test]
fn the_metrics_tell_of_backups_and_of_the_process() {
    let mut place = Place::with_server("access_log = \"access.log\"");
    let made = place.json(&["backup", "create"]);
    place.wait_until_shipped();
    let at = place.sample("jeton_backup_last_success_timestamp_seconds");
    assert!(at >= place.sample("process_start_time_seconds").floor() && at < 4e9);
    assert_eq!(place.sample("jeton_backup_snapshot_size_bytes"), made["bytes"].as_f64().unwrap());
    assert_eq!(place.sample("jeton_backup_snapshot_duration_seconds"), made["seconds"].as_f64().unwrap());
    for (name, least) in [
        ("jeton_backup_objects_total{kind=\"tail\"}", 1.0),
        ("jeton_backup_objects_total{kind=\"snapshot\"}", 2.0),
        ("jeton_backup_bytes_total{kind=\"tail\"}", 100.0),
        ("jeton_backup_bytes_total{kind=\"snapshot\"}", made["bytes"].as_f64().unwrap()),
        ("jeton_backup_interval_seconds", 86_400.0),
        ("jeton_backup_target_reachable", 1.0),
        ("jeton_http_request_duration_seconds_count{endpoint=\"management\"}", 3.0),
        ("jeton_http_request_duration_seconds_sum{endpoint=\"management\"}", 1e-6),
        ("process_cpu_seconds_total", 1e-6),
        ("process_resident_memory_bytes", 1e6),
        ("process_open_fds", 5.0),
        ("process_max_fds", 100.0),
    ] {
        assert!(place.sample(name) >= least, "{name}");
    }
    for name in ["jeton_backup_failures_total{kind=\"snapshot\"}", "jeton_access_log_dropped_total{why=\"failed\"}", "jeton_restore_gap"] {
        assert_eq!(place.sample(name), 0.0, "{name}");
    }
    // The next process finds the newest on the target.
    place.end(Signal::TERM);
    place.start("jeton-data");
    while !place.done(&["request", "GET", "/metrics"]).contains("jeton_backup_last_success_timestamp_seconds ") {}
    assert_eq!(place.sample("jeton_backup_last_success_timestamp_seconds"), at);
}
