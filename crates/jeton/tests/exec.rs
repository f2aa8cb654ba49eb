//! Commands that run with a fresh token or a key, and `jeton token get`: what is in their environment, in files, and in what is printed.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what goes wrong here must fail the test")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Output, Stdio};
use std::thread;

use jeton_core::rfc3339;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// A server, a client with its secret in `secret.txt`, and what is said to commands that ask it from elsewhere.
struct Desk {
    folder: TempDir,
    server: Child,
    url: String,
    client: String,
    secret: String,
}

impl Desk {
    fn new() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("127.0.0.1:{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
        let url = format!("http://{address}");
        assert!(command(&folder, &["init", "--listen", &address, "--issuer", &url]).output().unwrap().status.success());
        let mut server = command(&folder, &["serve"]).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
        let started = lines.by_ref().map_while(Result::ok).any(|line| line.contains("jeton serves"));
        // Read on, so that the log never fills its pipe.
        thread::spawn(move || lines.for_each(drop));
        let mut desk = Desk { folder, server, url, client: String::new(), secret: String::new() };
        assert!(started, "the server did not start");
        desk.here(&["api", "create", "--audience", "a:b", "--scope", "read=Read", "--scope", "write=Write"]);
        desk.here(&["api", "create", "--audience", "a:c", "--scope", "read=Read"]);
        let made = desk.here(&["client", "create", "--name", "worker", "--audience", "a:b", "--audience", "a:c", "--scope", "read"]);
        desk.client = made["client_id"].as_str().unwrap().to_owned();
        desk.secret = made["client_secret"].as_str().unwrap().to_owned();
        desk.put("secret.txt", &desk.secret);
        desk
    }

    /// As the owner of the process.
    #[track_caller]
    fn here(&self, arguments: &[&str]) -> Value {
        let output = command(&self.folder, arguments).args(["--json", "--yes"]).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    /// From elsewhere, with nothing but what is named.
    fn elsewhere(&self, arguments: &[&str]) -> Command {
        let mut command = command(&self.folder, arguments);
        command.env("JETON_SERVER", &self.url).env("JETON_DATA", "nowhere").env("PATH", std::env::var_os("PATH").unwrap());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.elsewhere(arguments).output().unwrap()
    }

    /// The same as the client, whose secret is in a file.
    fn as_client(&self, arguments: &[&str], more: &[&str]) -> Output {
        self.run(&[arguments, &["--client", &self.client, "--secret-file", "secret.txt", "--audience", "a:b"], more].concat())
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), format!("{text}\n")).unwrap();
    }

    fn kept(&self) -> String {
        fs::read_to_string(self.folder.path().join("key.txt")).unwrap().trim().to_owned()
    }

    /// What is in the folder.
    fn files(&self) -> BTreeSet<String> {
        fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// A key in `key.txt`; and its id.
    fn key(&self, life: &str) -> String {
        let made = self.here(&["key", "create", "--owner", "external:acme", "--audience", "a:b", "--name", "k", "--expires-in", life]);
        self.put("key.txt", made["key"].as_str().unwrap());
        made["id"].as_str().unwrap().to_owned()
    }

    fn generation(&self, key: &str) -> Value {
        self.here(&["key", "show", key])["generation"].clone()
    }

    /// Waits until half of the life of a key is over.
    fn wait_for_half(&self, key: &str) {
        let shown = self.here(&["key", "show", key]);
        let time = |name: &str| rfc3339::parse(shown[name].as_str().unwrap()).unwrap();
        let half = time("created_at") + (time("expires_at") - time("created_at")) / 2;
        let wait = format!("until [ $(date +%s) -ge {half} ]; do sleep 0.05; done");
        assert!(Command::new("sh").args(["-c", &wait]).status().unwrap().success());
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn command(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
    command.args(arguments).current_dir(folder.path()).env_clear();
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_client_gets_a_token_by_its_secret() {
    let desk = Desk::new();
    let token = text(&desk.as_client(&["token", "get"], &[]).stdout);
    desk.put("token.txt", &token);
    let shown = desk.here(&["token", "show", "token.txt"]);
    assert_eq!((&shown["audience"], &shown["scope"]), (&"a:b".into(), &"read".into()));
    let answer: Value = serde_json::from_slice(&desk.as_client(&["token", "get"], &["--json", "--scope", "read"]).stdout).unwrap();
    assert_eq!((&answer["token_type"], &answer["scope"]), (&"Bearer".into(), &"read".into()));
    assert!(answer["expires_in"].as_i64().unwrap() > 0 && answer["access_token"] != token.trim());
    // From standard input, where more is than the secret, and from the environment.
    let get = ["token", "get", "--client", &desk.client, "--audience", "a:c"];
    let mut child = desk.elsewhere(&[&get[..], &["--secret-file", "-"]].concat()).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{{\"client_secret\": \"{}\"}}", desk.secret).as_bytes()).unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    let output = desk.elsewhere(&get).env("JETON_CLIENT_SECRET", &desk.secret).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn who_gets_no_token_hears_why() {
    let desk = Desk::new();
    let check = |arguments: &[&str], secret: &str, code: i32, needle: &str| {
        let output = desk.elsewhere(arguments).env("JETON_CLIENT_SECRET", secret).output().unwrap();
        let err = text(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(code), 0), "{arguments:?}: {err}");
        assert!(err.contains(needle) && (secret.is_empty() || !err.contains(secret)), "{arguments:?}: {err}");
    };
    let (client, secret) = (desk.client.as_str(), desk.secret.as_str());
    for command in [&["token", "get"][..], &["exec"]] {
        let of = |arguments: &[&'static str]| -> Vec<&str> {
            let run: &[&str] = if command == ["exec"] { &["--", "true"] } else { &[] };
            [command, &["--client", client], arguments, run].concat()
        };
        check(&of(&["--audience", "a:b"]), &secret.replace("jtn_cs_", "jtn_cs_x"), 4, "invalid_client");
        check(&of(&[]), secret, 2, "invalid_target");
        check(&of(&["--audience", "a:d"]), secret, 2, "invalid_target");
        check(&of(&["--audience", "a:b", "--scope", "write"]), secret, 2, "invalid_scope");
        check(&of(&["--audience", "a:b"]), "", 2, "--secret-file");
        check(&of(&["--audience", "a:b", "--secret-file", "none.txt"]), "", 3, "none.txt");
        check(&of(&["--audience", "a:b", "--server", "http://127.0.0.1:1"]), secret, 3, "cannot be reached");
    }
    check(&["token", "get"], secret, 4, "`jeton login`");
    check(&["exec", "--", "true"], secret, 4, "--client");
    check(&["exec", "--client", client], secret, 2, "CMD");
    check(&["exec", "--client", client, "--key-file", "key.txt", "--", "true"], secret, 2, "cannot be used with");
    check(&["exec", "--client", client, "--variable", "1A", "--", "true"], secret, 2, "begins with no digit");
    check(&["exec", "--client", client, "--audience", "a:b", "--", "no-such-program"], secret, 3, "no-such-program cannot be run");
    let output = command(&desk.folder, &["token", "get", "--client", client]).output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr).contains("--server")), (Some(2), true));
}

#[test]
fn a_command_has_a_fresh_token_and_nothing_is_left() {
    let desk = Desk::new();
    let before = desk.files();
    let output = desk.as_client(&["exec", "--variable", "TOKEN"], &["--", "sh", "-c", "echo $TOKEN; env | grep -c SECRET; cat; exit 7"]);
    assert_eq!(output.status.code(), Some(7), "{}", text(&output.stderr));
    let (token, rest) = (text(&output.stdout).lines().next().unwrap().to_owned(), text(&output.stdout));
    assert!(rest.ends_with("\n0\n") && text(&output.stderr).is_empty(), "{rest}{}", text(&output.stderr));
    assert_eq!(desk.files(), before);
    desk.put("token.txt", &token);
    assert_eq!(desk.here(&["token", "introspect", "token.txt"])["active"], true);
    // Also what the environment held.
    let exec = ["exec", "--client", &desk.client, "--audience", "a:b", "--", "sh", "-c", "env; kill -TERM $$"];
    let output = desk.elsewhere(&exec).env("JETON_CLIENT_SECRET", &desk.secret).output().unwrap();
    assert_eq!(output.status.signal(), Some(15), "the command is this process");
    let environment = text(&output.stdout);
    assert!(environment.contains("JETON_TOKEN=") && !environment.contains(&desk.secret), "{environment}");
}

#[test]
fn a_young_key_is_given_to_a_command_as_it_is() {
    let desk = Desk::new();
    let (key, before) = (desk.key("1h"), desk.files());
    let output = desk.run(&["exec", "--key-file", "key.txt", "--", "sh", "-c", "echo $JETON_TOKEN; exit 3"]);
    assert_eq!((output.status.code(), text(&output.stdout).trim()), (Some(3), desk.kept().as_str()));
    assert_eq!((desk.generation(&key), desk.files()), (0.into(), before));
    let output = desk.run(&["exec", "--key-file", "key.txt", "--", "sh", "-c", "kill -KILL $$"]);
    assert_eq!(output.status.code(), Some(137));
    // What the key is for may be there while this server is not.
    let away = ["exec", "--key-file", "key.txt", "--server", "http://127.0.0.1:1", "--", "sh", "-c", "echo $JETON_TOKEN"];
    let output = desk.run(&away);
    assert_eq!((output.status.code(), text(&output.stdout).trim()), (Some(0), desk.kept().as_str()));
    assert!(text(&output.stderr).contains("is used as it is"), "{}", text(&output.stderr));
    desk.here(&["key", "revoke", &key]);
    let output = desk.run(&["exec", "--key-file", "key.txt", "--", "touch", "begun"]);
    assert_eq!((output.status.code(), desk.files().contains("begun")), (Some(1), false));
    assert!(text(&output.stderr).contains("not accepted: revoked") && !text(&output.stderr).contains(&desk.kept()));
}

#[test]
fn a_key_rotates_itself_where_half_of_its_life_is_over() {
    let desk = Desk::new();
    let (key, first) = (desk.key("20s"), desk.kept());
    desk.wait_for_half(&key);
    // Several begin at once: one of them rotates, and all have the new text, which was in the file before.
    let exec = ["exec", "--key-file", "key.txt", "--", "sh", "-c", "test $JETON_TOKEN = $(cat key.txt) && echo $JETON_TOKEN"];
    let children: Vec<Child> = (0..4).map(|_| desk.elsewhere(&exec).spawn().unwrap()).collect();
    let outputs: Vec<Output> = children.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    let second = desk.kept();
    assert_ne!(second, first);
    for output in &outputs {
        let err = text(&output.stderr);
        assert_eq!((output.status.code(), text(&output.stdout).trim()), (Some(0), second.as_str()), "{err}");
        assert!(!err.contains("as it is") && !err.contains(&first) && !err.contains(&second), "{err}");
    }
    assert_eq!(desk.generation(&key), 1);
    assert_eq!(outputs.iter().filter(|output| text(&output.stderr).contains("half of its life was over")).count(), 1);
    // Whoever has the old text goes on.
    desk.put("first.txt", &first);
    assert!(command(&desk.folder, &["key", "verify", "first.txt"]).output().unwrap().status.success());
}

#[test]
fn a_key_rotates_itself_while_its_command_runs() {
    let desk = Desk::new();
    let key = desk.key("8s");
    let verify = format!("{} key verify key.txt", env!("CARGO_BIN_EXE_jeton"));
    let wait = format!("until [ $JETON_TOKEN != $(cat key.txt) ]; do sleep 0.05; done; unset JETON_SERVER JETON_DATA; {verify}");
    let output = desk.run(&["exec", "--key-file", "key.txt", "--", "sh", "-c", &wait]);
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(desk.generation(&key), 1);
}

#[test]
fn signals_go_on_to_the_command() {
    let desk = Desk::new();
    desk.key("1h");
    let wait = "trap 'echo heard; exit 9' TERM; echo ready; while :; do sleep 0.05; done";
    let mut child = desk.elsewhere(&["exec", "--key-file", "key.txt", "--", "sh", "-c", wait]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert_eq!(lines.next().as_deref(), Some("ready"));
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(lines.next().as_deref(), Some("heard"));
    assert_eq!(child.wait().unwrap().code(), Some(9));
}
