//! What a server does by itself, seen as people see it: on the ledger, and in what commands show.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what goes wrong here must fail the test")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use jeton_core::api_key::{self, ApiKey};
use jeton_core::commit::Commit;
use jeton_core::id::ApiKeyId;
use jeton_core::moment::{Moment, Time};
use jeton_core::record::Value as Cell;
use jeton_store::schema::SCHEMA;
use jeton_store::store::{Fault, Group, Store as _, Submission, Subscriber};
use jeton_store_sqlite::{Options, SqliteStore};
use serde_json::Value;
use tempfile::TempDir;

const AUDIENCE: &str = "https://orders.example";
const DAY: i64 = 86_400;

struct Desk {
    folder: TempDir,
    port: u16,
    server: Option<Child>,
}

impl Desk {
    /// A server with an API and a client.
    fn new() -> Desk {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut desk = Desk { folder: tempfile::tempdir().unwrap(), port, server: None };
        desk.done(&["init", "--issuer", "http://127.0.0.1:8420", "--listen", &format!("127.0.0.1:{port}")]);
        desk.start();
        desk.done(&["api", "create", "--audience", AUDIENCE, "--scope", "read=Read"]);
        desk.done(&["client", "create", "--name", "shop", "--audience", AUDIENCE, "--scope", "read"]);
        desk
    }

    fn start(&mut self) {
        let mut server = self.command(&["serve"]).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
        let started = lines.by_ref().map_while(Result::ok).any(|line| line.contains("jeton serves"));
        // Read on, so that the log never fills its pipe.
        std::thread::spawn(move || lines.for_each(drop));
        self.server = Some(server);
        assert!(started, "the server did not start");
    }

    /// Ends the server as a person would.
    fn stop(&mut self) {
        let mut server = self.server.take().unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_child(&server), rustix::process::Signal::TERM).unwrap();
        assert!(server.wait().unwrap().success());
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command
    }

    #[track_caller]
    fn done(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.done(&[arguments, &["--json"]].concat())).unwrap()
    }

    fn make_key(&self) -> Value {
        self.json(&["key", "create", "--owner", "client:shop", "--name", "till", "--audience", AUDIENCE, "--scope", "read"])
    }

    /// Writes a key as it would be, had it been made so many days earlier; no server may run.
    fn age(&self, id: &str, days: i64) {
        let options = Options::new(self.folder.path().join("jeton-data"), &SCHEMA, [7; 32]);
        let store = SqliteStore::open(options, Arc::new(Deaf)).unwrap();
        let place = vec![Cell::Id(ApiKeyId::parse(id).unwrap().0)];
        let mut key = ApiKey::from_row(&store.view().unwrap().get(&api_key::TABLE, &place).unwrap().unwrap().record).unwrap();
        let seconds = days * DAY;
        for moment in [&mut key.created_at, &mut key.updated_at, &mut key.active_since, &mut key.answers_from] {
            *moment -= seconds;
        }
        key.current.created_at -= seconds;
        key.current.expires_at -= seconds;
        let commit = Commit::new(&mut Moment::new(Time::EPOCH, [8; 32])).put(&api_key::TABLE, key.row());
        let (reply, answer) = tokio::sync::oneshot::channel();
        store.submit(vec![Submission { commit, owner: Arc::from(""), reply }]);
        answer.blocking_recv().unwrap().unwrap();
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

/// Hears of commits and keeps nothing.
struct Deaf;

impl Subscriber for Deaf {
    fn applied(&self, _group: &Group<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn lost(&self, fault: &Fault) {
        panic!("{fault}");
    }
}

/// A start goes over every key soon, and not an hour later.
#[test]
fn what_time_does_to_keys_is_written_down_soon_after_a_start() {
    let mut desk = Desk::new();
    let [soon, gone, other] = [desk.make_key(), desk.make_key(), desk.make_key()].map(|made| made["id"].as_str().unwrap().to_owned());
    desk.stop();
    desk.age(&soon, 89);
    desk.age(&gone, 500);
    desk.start();
    let mut following = desk.command(&["audit", "tail", "--follow", "-n", "1"]).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(following.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut told = vec![];
    for line in lines.filter(|line| line.contains("credential.expiring") || line.contains("api_key.removed")) {
        told.push(line);
        if told.len() == 2 {
            break;
        }
    }
    following.kill().unwrap();
    following.wait().unwrap();
    let told = told.join(" ");
    for (kind, id) in [("credential.expiring", &soon), ("api_key.removed", &gone)] {
        assert!(told.contains(kind) && told.contains(&id[..8]), "{kind} {id}: {told}");
    }
    assert!(!told.contains(&other), "{told}");
    let listed: Vec<Value> = desk.json(&["key", "list"])["items"].as_array().unwrap().iter().map(|key| key["id"].clone()).collect();
    assert_eq!(listed, [other, soon]);
}

/// Whoever handed it in heard that it is looked at: an end in order keeps that word.
#[test]
fn what_was_handed_in_is_ended_before_the_server_ends() {
    let mut desk = Desk::new();
    let made = desk.make_key();
    let body = serde_json::json!({"credentials": [made["key"]]}).to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", desk.port)).unwrap();
    let head = format!(
        "POST /credentials/revoke HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n",
        body.len()
    );
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    desk.stop();
    desk.start();
    let shown = desk.json(&["key", "show", made["id"].as_str().unwrap()]);
    assert_eq!((&shown["state"], &shown["why"]), (&"revoked".into(), &"reported".into()), "{shown}");
}
