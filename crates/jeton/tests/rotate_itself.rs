//! A key that rotates itself: what becomes of its file, also where the answer is lost.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what goes wrong here must fail the test")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Output, Stdio};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

/// A server, and a key in `key.txt` that everybody can read.
struct Desk {
    folder: TempDir,
    server: Child,
    address: String,
    id: String,
    first: String,
}

impl Desk {
    fn new() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("127.0.0.1:{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
        let init = ["init", "--listen", &address, "--issuer", &format!("http://{address}")];
        assert!(command(&folder, &init).output().unwrap().status.success());
        let mut server = command(&folder, &["serve"]).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
        let started = lines.by_ref().map_while(Result::ok).any(|line| line.contains("jeton serves"));
        // Read on, so that the log never fills its pipe.
        thread::spawn(move || lines.for_each(drop));
        let mut desk = Desk { folder, server, address, id: String::new(), first: String::new() };
        assert!(started, "the server did not start");
        desk.here(&["api", "create", "--audience", "a:b"]);
        let made = desk.here(&["key", "create", "--owner", "external:acme", "--audience", "a:b", "--name", "k"]);
        desk.id = made["id"].as_str().unwrap().to_owned();
        desk.first = made["key"].as_str().unwrap().to_owned();
        desk.put("key.txt", &desk.first);
        desk
    }

    /// As the owner of the process.
    #[track_caller]
    fn here(&self, arguments: &[&str]) -> Value {
        let output = command(&self.folder, arguments).args(["--json", "--yes"]).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    /// From elsewhere, with nothing but the key.
    fn rotate(&self, address: &str, arguments: &[&str], input: &str) -> Output {
        let server = format!("http://{address}");
        let mut command = command(&self.folder, &["key", "rotate", "--self", "--server", &server, "--data", "nowhere"]);
        let mut child = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // It may have ended before it read that.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    }

    fn kept(&self) -> String {
        fs::read_to_string(self.folder.path().join("key.txt")).unwrap().trim().to_owned()
    }

    fn mode(&self) -> u32 {
        fs::metadata(self.folder.path().join("key.txt")).unwrap().permissions().mode() & 0o777
    }

    fn generation(&self) -> Value {
        self.here(&["key", "show", &self.id])["generation"].clone()
    }

    /// Whether a text is accepted.
    fn is_accepted(&self, key: &str) -> bool {
        self.put("presented.txt", key);
        command(&self.folder, &["key", "verify", "presented.txt"]).output().unwrap().status.success()
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

/// A way to the server that swallows the first answers, after the server has given them; and its address.
fn losing(address: &str, mut answers: usize) -> String {
    let (listener, address) = (TcpListener::bind("127.0.0.1:0").unwrap(), address.to_owned());
    let own = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, mut server) = (client.unwrap(), TcpStream::connect(&address).unwrap());
            let (mut asked, mut forth) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut asked, &mut forth));
            if answers == 0 {
                thread::spawn(move || std::io::copy(&mut server, &mut client));
            } else {
                answers -= 1;
                let mut answered = [0; 64];
                assert_ne!(server.read(&mut answered).unwrap(), 0);
                client.shutdown(std::net::Shutdown::Both).unwrap();
            }
        }
    });
    own
}

#[test]
fn the_file_has_the_new_key() {
    let desk = Desk::new();
    let output = desk.rotate(&desk.address, &["--key-file", "key.txt"], "");
    let (said, second) = (text(&output.stdout), desk.kept());
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(said.contains("The new text is in key.txt. The old text goes on until"), "{said}");
    assert!(!said.contains(&second) && !text(&output.stderr).contains(&second), "it is in the file alone");
    assert_ne!(second, desk.first);
    assert_eq!((desk.mode(), desk.generation()), (0o600, 1.into()));
    assert!(!desk.folder.path().join("key.txt.new").exists());
    assert!(desk.is_accepted(&second) && desk.is_accepted(&desk.first));
    desk.here(&["key", "end-previous", &desk.id]);
    assert!(!desk.is_accepted(&desk.first));
    let output = desk.rotate(&desk.address, &["--key-file", "key.txt"], "");
    assert_eq!((output.status.code(), desk.kept()), (Some(3), second), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("seconds at the earliest"), "{}", text(&output.stderr));
}

#[test]
fn it_asks_over_the_socket_where_the_server_runs() {
    let desk = Desk::new();
    let over_socket = ["key", "rotate", "--self", "--key-file", "key.txt", "--overlap", "1m", "--json"];
    let output = command(&desk.folder, &over_socket).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&answer["generation"], &answer["key"]), (&1.into(), &Value::Null));
    assert!(desk.is_accepted(&desk.kept()) && desk.kept() != desk.first);
}

#[test]
fn from_standard_input_to_standard_output() {
    let desk = Desk::new();
    let output = desk.rotate(&desk.address, &["--key-file", "-", "--json"], &format!("{}\n", desk.first));
    assert!(output.status.success(), "{}", text(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(desk.is_accepted(answer["key"].as_str().unwrap()));
    assert_eq!((desk.kept(), desk.generation()), (desk.first.clone(), 1.into()));
}

#[test]
fn a_lost_answer_is_told_once_more() {
    let desk = Desk::new();
    // One is lost: nobody notices.
    let output = desk.rotate(&losing(&desk.address, 1), &["--key-file", "key.txt"], "");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(desk.generation(), 1);
    assert!(desk.is_accepted(&desk.kept()));
}

#[test]
fn where_all_answers_are_lost_it_is_run_again() {
    let desk = Desk::new();
    // The file is as it was, and whoever runs it again gets what was made then.
    let (first, losing) = (desk.kept(), losing(&desk.address, usize::MAX));
    let output = desk.rotate(&losing, &["--key-file", "key.txt"], "");
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("run it again: a lost answer is told once more"), "{}", text(&output.stderr));
    assert_eq!((desk.kept(), desk.generation()), (first.clone(), 1.into()));
    assert!(desk.rotate(&desk.address, &["--key-file", "key.txt"], "").status.success());
    assert_eq!(desk.generation(), 1, "the same");
    assert!(desk.kept() != first && desk.is_accepted(&desk.kept()));
}

#[test]
fn what_cannot_be_done_leaves_the_file_as_it_was() {
    let desk = Desk::new();
    let check = |arguments: &[&str], input: &str, code: i32, needle: &str| {
        let output = desk.rotate(&desk.address, arguments, input);
        assert_eq!((output.status.code(), desk.kept()), (Some(code), desk.first.clone()), "{arguments:?}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(needle), "{arguments:?}: {}", text(&output.stderr));
    };
    check(&[], "", 2, "--key-file");
    check(&["--key-file", "key.txt", "0199a2b3c4d57e6f8a9b0c1d2e3f4a5b"], "", 2, "cannot be used with");
    check(&["--key-file", "none.txt"], "", 3, "none.txt cannot be replaced");
    check(&["--key-file", "-"], "", 2, "no token in the input");
    check(&["--key-file", "-"], "two words", 2, "what is there is no key");
    check(&["--key-file", "-"], "\u{1b}[31m\u{202e}", 2, "what is there is no key");
    check(&["--key-file", "-"], "jtn_key_nobody", 1, "not accepted: not_found");
    check(&["--key-file", "key.txt", "--overlap", "31d"], "", 2, "30 days");
    check(&["--key-file", "key.txt", "--overlap", "0s"], "", 2, "a minute at least");
    // What could not be kept is not asked for.
    fs::create_dir(desk.folder.path().join("key.txt.new")).unwrap();
    check(&["--key-file", "key.txt"], "", 3, "the key is as it was");
    assert_eq!(desk.generation(), 0);
    fs::remove_dir(desk.folder.path().join("key.txt.new")).unwrap();
    desk.here(&["key", "revoke", &desk.id]);
    check(&["--key-file", "key.txt"], "", 1, "not accepted: revoked");
    assert!(!desk.folder.path().join("key.txt.new").exists());
}
