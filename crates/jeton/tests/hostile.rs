//! Every command with bad input, and with a server whose every word steers a terminal: exit codes as they are promised, and a terminal that
//! is left alone. A command without an entry fails.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "what goes wrong here must fail the test")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

/// What a command needs to be asked: a server; nothing; or it is one itself, and its own tests start it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    Server,
    Nothing,
    Serves,
}
use Asks::{Nothing, Server, Serves};

const ID: &str = "0199a2b3c4d57e6f8a9b0c1d2e3f4a5b";

/// Each command with arguments that are right. `FILE` is a file that holds what it takes.
const COMMANDS: &[(&str, Asks, &[&str])] = &[
    ("quickstart", Serves, &[]),
    ("init", Serves, &[]),
    ("serve", Serves, &[]),
    ("api create", Server, &["--audience", "urn:new", "--name", "New", "--scope", "new:read=Read it", "--default-scope", "new:read"]),
    ("api list", Server, &[]),
    ("api show", Server, &["a:b"]),
    ("api update", Server, &["a:b", "--name", "Another"]),
    ("client create", Server, &["--name", "shop", "--audience", "a:b", "--contact", "Ada"]),
    ("client list", Server, &[]),
    ("client show", Server, &["worker"]),
    ("client update", Server, &["worker", "--jwks", "FILE", "--token-endpoint-auth-method", "private_key_jwt"]),
    ("client secret create", Server, &["worker", "--overlap", "1h"]),
    ("client secret list", Server, &["worker"]),
    ("client secret suspend", Server, &["worker", "secret_0123456789abcdefghij", "--why", "leaked"]),
    ("client secret resume", Server, &["worker", "secret_0123456789abcdefghij"]),
    ("client secret revoke", Server, &["worker", "secret_0123456789abcdefghij"]),
    ("admin create", Server, &["--username", "boss", "--role", "auditor", "--allow-ip", "127.0.0.0/8"]),
    ("admin list", Server, &[]),
    ("user create", Server, &["--username", "eve", "--name", "Eve", "--email", "eve@example.org"]),
    ("user list", Server, &[]),
    ("user show", Server, &["ada"]),
    ("user update", Server, &["ada", "--name", "Ada"]),
    ("user set-password", Server, &["ada"]),
    ("user invite", Server, &["eve", "--email", "eve@example.org"]),
    ("user disable", Server, &["eve", "--why", "owner_left"]),
    ("user enable", Server, &["eve"]),
    ("user unlock", Server, &["eve"]),
    ("user reset-mfa", Server, &["eve"]),
    ("user reset-passkeys", Server, &["eve"]),
    ("user delete", Server, &["eve", "--transfer-to", "group:billing", "--dry-run"]),
    ("user erase", Server, &["eve", "--dry-run"]),
    ("user import", Server, &["FILE"]),
    ("user export", Server, &["--without-passwords"]),
    ("session list", Server, &["--user", "ada"]),
    ("session revoke", Server, &[ID]),
    ("consent list", Server, &["ada"]),
    ("consent revoke", Server, &["ada", "worker"]),
    ("grant list", Server, &["--user", "ada", "--client", "worker"]),
    ("grant revoke", Server, &[ID]),
    ("group create", Server, &["--name", "shipping", "--description", "Who ships"]),
    ("group list", Server, &[]),
    ("group show", Server, &["billing"]),
    ("group update", Server, &["billing", "--description", "Who bills"]),
    ("group members", Server, &["billing"]),
    ("group add", Server, &["billing", "ada"]),
    ("group remove", Server, &["billing", "ada"]),
    (
        "provider create",
        Server,
        &[
            "--name",
            "p",
            "--issuer",
            "https://p.example",
            "--client-id",
            "c",
            "--client-secret",
            "FILE",
            "--role-claim",
            "g",
            "--role",
            "a=clerk",
        ],
    ),
    ("provider list", Server, &[]),
    ("provider show", Server, &["corp"]),
    ("provider update", Server, &["corp", "--title", "Another", "--domain", "example.com"]),
    ("role create", Server, &["--audience", "a:b", "--name", "packer", "--scope", "read"]),
    ("role list", Server, &[]),
    ("role show", Server, &["clerk"]),
    ("role update", Server, &["clerk", "--description", "Who sells"]),
    ("role holders", Server, &["role_owner"]),
    ("role assign", Server, &["clerk", "user:ada"]),
    ("role unassign", Server, &["clerk", "user:ada"]),
    ("key create", Server, &["--owner", "external:acme", "--audience", "a:b", "--name", "k", "--note", "n", "--rate-limit", "5/1m"]),
    ("key import", Server, &["FILE", "--audience", "a:b", "--owner", "external:acme"]),
    ("key list", Server, &["--owner", "external:acme"]),
    ("key show", Server, &["KEY"]),
    ("key explain", Server, &["KEY", "--client-ip", "192.0.2.7"]),
    ("key verify", Server, &["FILE", "--client-ip", "192.0.2.7", "--user-agent", "curl/8"]),
    ("key update", Server, &["KEY", "--note", "another"]),
    ("key rotate", Server, &["KEY", "--overlap", "1h"]),
    ("key end-previous", Server, &["KEY"]),
    ("key transfer", Server, &["KEY", "--owner", "external:other"]),
    ("key suspend", Server, &["KEY", "--why", "in a public repository"]),
    ("key resume", Server, &["KEY"]),
    ("key revoke", Server, &["KEY", "--why", "leaked"]),
    (
        "token get",
        Nothing,
        &["--client", "client_0123456789abcdefghij", "--secret-file", "FILE", "--server", "http://127.0.0.1:1", "--scope", "read"],
    ),
    ("token issue", Server, &["--client", "worker"]),
    ("token show", Server, &["FILE"]),
    ("token explain", Server, &["FILE"]),
    ("token introspect", Server, &["FILE"]),
    ("token suspend", Server, &[ID, "--why", "leaked"]),
    ("token resume", Server, &[ID]),
    ("revoke", Server, &["FILE", "--why", "case 4711"]),
    ("suspend", Server, &["FILE", "--why", "case 4711"]),
    ("resume", Server, &["--owner", "external:acme"]),
    ("suspension list", Server, &[]),
    ("usage", Server, &["client:worker", "--last", "1h"]),
    ("usage unused", Server, &["--days", "7"]),
    ("usage shared", Server, &[]),
    ("policy show", Server, &[]),
    ("policy set", Server, &["client_secret", "--max", "90d", "--client", "worker"]),
    ("policy explain", Server, &["client_secret", "--client", "worker"]),
    ("policy exception create", Server, &["--key", "KEY", "--owner", "Ada", "--reason", "why", "--until", "2031-01-01T00:00:00Z"]),
    ("policy exception list", Server, &[]),
    ("policy exception end", Server, &["exception_0123456789abcdefghij"]),
    ("signing-key list", Server, &[]),
    ("signing-key rotate", Server, &["--force", "--alg", "EdDSA"]),
    ("signing-key revoke", Server, &["none", "--why", "leaked"]),
    ("root-key list", Server, &[]),
    ("root-key rotate", Server, &[]),
    ("audit tail", Server, &["-n", "20"]),
    ("audit show", Server, &["3"]),
    ("audit verify", Server, &["--checkpoint", "FILE"]),
    ("audit checkpoint", Server, &[]),
    ("check", Server, &["--full"]),
    ("recovery-kit", Nothing, &[]),
    ("backup list", Server, &[]),
    ("backup create", Server, &[]),
    ("backup verify", Server, &[]),
    ("backup drill", Server, &["--receipt", "FILE"]),
    ("backup restore accept-gap", Server, &[]),
    ("backup restore", Nothing, &["--from", "folder", "--identity", "FILE", "--root-key-file", "FILE"]),
    ("doctor", Server, &[]),
    ("export", Server, &[]),
    ("diff", Server, &["FILE"]),
    ("apply", Server, &["FILE"]),
    ("config check", Nothing, &[]),
    ("jwt decode", Nothing, &["FILE"]),
    ("jwt verify", Nothing, &["FILE", "--jwks", "FILE", "--audience", "a:b"]),
    ("jwt sign", Nothing, &["--key", "FILE", "--claims", "FILE", "--typ", "JWT"]),
    ("exec", Nothing, &["--client", "worker", "--secret-file", "FILE", "--server", "http://127.0.0.1:1", "--", "true"]),
    ("login", Nothing, &["--client", "client_0123456789abcdefghij", "--server", "http://127.0.0.1:1", "--scope", "read"]),
    ("logout", Nothing, &["--server", "http://127.0.0.1:1"]),
    ("whoami", Nothing, &["--server", "http://127.0.0.1:1"]),
    ("request", Server, &["POST", "/api/v1/tokens/introspect", "--body", "FILE"]),
    ("version", Nothing, &[]),
    ("completions", Nothing, &["bash"]),
    // What these name goes.
    ("group delete", Server, &["billing"]),
    ("provider delete", Server, &["corp"]),
    ("role delete", Server, &["clerk"]),
    ("admin remove", Server, &["boss"]),
    ("client delete", Server, &["worker"]),
    ("api delete", Server, &["a:b"]),
];

/// Words that no terminal may be shown as they are.
const STEERING: &str = "a\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}2J\u{202e}b\u{2066}\u{61c}\u{0}\r\nc";

struct Desk {
    folder: TempDir,
    server: Option<Child>,
    url: String,
    token: String,
    key: String,
}

struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Desk {
    fn empty() -> Desk {
        let desk =
            Desk { folder: tempfile::tempdir().unwrap(), server: None, url: String::new(), token: String::new(), key: ID.to_owned() };
        desk.write("FILE", b"jtn_key_none");
        desk.write("people.csv", b"username,name\nhedy,Hedy Example\n");
        desk.write("keys.csv", format!("sha256\n{}\n", "0".repeat(64)).as_bytes());
        desk
    }

    fn with_server() -> Desk {
        let mut desk = Desk::empty();
        let address = format!("127.0.0.1:{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
        desk.url = format!("http://{address}");
        assert_eq!(desk.run(&["init", "--listen", &address, "--issuer", &desk.url], "").code, 0);
        let mut server = desk.command(&["serve"]).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
        let started = lines.by_ref().map_while(Result::ok).any(|line| line.contains("jeton serves"));
        // Read on, so that the log never fills its pipe.
        thread::spawn(move || lines.for_each(drop));
        desk.server = Some(server);
        assert!(started, "the server did not start");
        desk.token = desk.made(&["admin", "create", "--username", "desk", "--role", "owner"], "key");
        desk.made(&["api", "create", "--audience", "a:b", "--scope", "read=Read"], "id");
        desk.made(&["client", "create", "--name", "worker", "--audience", "a:b"], "client_id");
        desk.made(&["user", "create", "--username", "ada"], "id");
        desk.made(&["group", "create", "--name", "billing"], "id");
        desk.write("secret.txt", b"s3cret");
        let provider = ["--name", "corp", "--issuer", "https://corp.example", "--client-id", "c", "--client-secret", "secret.txt"];
        desk.made(&[&["provider", "create"], &provider[..]].concat(), "id");
        desk.made(&["role", "create", "--audience", "a:b", "--name", "clerk", "--scope", "read"], "id");
        desk.key = desk.made(&["key", "create", "--owner", "external:acme", "--audience", "a:b", "--name", "k"], "id");
        desk
    }

    #[track_caller]
    fn made(&self, arguments: &[&str], member: &str) -> String {
        let said = self.run(&[arguments, &["--json"]].concat(), "");
        assert_eq!(said.code, 0, "{arguments:?}: {}", said.err);
        serde_json::from_str::<Value>(&said.out).unwrap()[member].as_str().unwrap().to_owned()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
        command.args(arguments).current_dir(self.folder.path()).env_clear().env("JETON_TOKEN", &self.token).stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str], input: impl AsRef<[u8]>) -> Said {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A command that reads nothing may be gone by now.
        let _ = child.stdin.take().unwrap().write_all(input.as_ref());
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code().expect("it was not killed"), out: text(output.stdout), err: text(output.stderr) }
    }

    fn write(&self, name: &str, text: &[u8]) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// The words of a command.
    fn words<'a>(&'a self, command: &'a str, arguments: &'a [&'a str]) -> Vec<&'a str> {
        let arguments = arguments.iter().map(|word| match *word {
            "KEY" => self.key.as_str(),
            "FILE" if command == "key import" => "keys.csv",
            "FILE" if command == "user import" => "people.csv",
            word => word,
        });
        command.split(' ').chain(arguments).chain(["--yes"]).collect()
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

/// Whether nothing in a text steers a terminal: lines end, and that is all.
#[track_caller]
fn is_left_alone(label: &str, said: &Said) {
    for text in [&said.out, &said.err] {
        let steers = |letter: &char| {
            (letter.is_control() && *letter != '\n')
                || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        let found: BTreeSet<char> = text.chars().filter(steers).collect();
        assert!(found.is_empty(), "{label} prints {found:?}: {text:?}");
    }
    assert!(!said.err.contains("panicked") && (0..=4).contains(&said.code), "{label}: {} {}", said.code, said.err);
}

fn commands(asks: Asks) -> impl Iterator<Item = &'static (&'static str, Asks, &'static [&'static str])> {
    COMMANDS.iter().filter(move |(_, needs, _)| *needs == asks)
}

#[test]
fn every_command_has_an_entry() {
    let reference = include_str!("../../../docs/reference/command-line.md");
    let headings = reference.lines().filter_map(|line| line.trim_start_matches('#').strip_prefix(" `jeton ")?.strip_suffix('`'));
    let headings: BTreeSet<&str> = headings.collect();
    let is_leaf = |name: &&str| !headings.iter().any(|other| other.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')));
    let leaves: BTreeSet<&str> = headings.iter().copied().filter(is_leaf).collect();
    let listed: BTreeSet<&str> = COMMANDS.iter().map(|(command, _, _)| *command).collect();
    // One that has commands below it may be a command itself.
    let missing: Vec<_> = leaves.difference(&listed).chain(listed.difference(&headings)).collect();
    assert!(missing.is_empty(), "write an entry for each command in this file: {missing:?}");
    assert_eq!(listed.len(), COMMANDS.len());
}

#[test]
fn without_a_server_it_could_not() {
    let desk = Desk::empty();
    for (command, _, arguments) in commands(Server) {
        let said = desk.run(&desk.words(command, arguments), "jtn_key_none");
        is_left_alone(command, &said);
        // What is in a file may be looked at first.
        let codes: &[i32] = if arguments.contains(&"FILE") { &[2, 3] } else { &[3] };
        assert!(
            codes.contains(&said.code) && said.err.contains("→") && said.out.is_empty(),
            "{command}: {} {}{}",
            said.code,
            said.out,
            said.err
        );
        let nobody = format!("http://127.0.0.1:{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
        let said = desk.run(&[&desk.words(command, arguments)[..], &["--server", &nobody]].concat(), "");
        is_left_alone(command, &said);
        let is_told = said.code == 4 && said.err.contains("JETON_TOKEN") || said.code == 2 && arguments.contains(&"FILE");
        assert!(is_told, "{command}: {} {}{}", said.code, said.out, said.err);
    }
}

#[test]
fn files_that_cannot_be_read() {
    let desk = Desk::with_server();
    fs::create_dir(desk.folder.path().join("folder")).unwrap();
    desk.write("large", &vec![b'x'; (1 << 20) + 1]);
    desk.write("bytes", b"\xff\xfe\0");
    desk.write("steering", STEERING.as_bytes());
    desk.write("empty", b"");
    let mut tried = 0;
    for (command, _, arguments) in COMMANDS {
        for place in arguments.iter().enumerate().filter(|(_, word)| **word == "FILE").map(|(place, _)| place) {
            for (name, input) in [("missing", ""), ("folder", ""), ("large", ""), ("bytes", ""), ("steering", ""), ("empty", "")]
                .map(|(name, input)| (name, input.as_bytes().to_vec()))
                .into_iter()
                .chain([("-", b"\xff\xfe".to_vec()), ("-", vec![b'x'; (1 << 20) + 1]), ("-", STEERING.into())])
            {
                let mut words = arguments.to_vec();
                words[place] = name;
                let label = format!("{command} {words:?} < {:.20}", String::from_utf8_lossy(&input));
                let said = desk.run(&desk.words(command, &words), &input);
                is_left_alone(&label, &said);
                let unread = matches!(name, "missing" | "folder" | "large" | "bytes") || (name == "-" && input.len() != STEERING.len());
                let codes: &[i32] = match name {
                    // A word that is no file may be meant as an id.
                    "missing" => &[2, 3],
                    // Of these a folder may be given, which holds nothing here.
                    "folder" if matches!(*command, "diff" | "apply") => &[2],
                    // The other file may be looked at first.
                    _ if unread && arguments.iter().filter(|word| **word == "FILE").count() > 1 => &[2, 3],
                    // What is no table is seen before its end.
                    _ if unread && matches!(*command, "key import" | "user import") => &[2, 3],
                    _ if unread => &[3],
                    "empty" if matches!(*command, "diff" | "apply" | "key import" | "user import") => &[0, 2],
                    _ => &[1, 2, 3],
                };
                assert!(codes.contains(&said.code), "{label}: {} {}{}", said.code, said.out, said.err);
                assert!(said.err.contains("→") || said.code <= 1, "{label}: {}", said.err);
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "only {tried} were tried");
}

#[test]
fn words_that_steer_are_refused_or_shown_harmless() {
    let desk = Desk::with_server();
    for (command, _, arguments) in COMMANDS.iter().filter(|(_, asks, _)| *asks != Serves) {
        for place in (0..arguments.len()).filter(|place| !arguments[*place].starts_with('-')) {
            // No argument of a process has a zero in it.
            let steering = STEERING.replace('\0', "");
            let long = "x".repeat(100_000);
            for word in [steering.as_str(), &long] {
                let mut words = arguments.to_vec();
                words[place] = word;
                let said = desk.run(&desk.words(command, &words), "");
                let label = format!("{command} {:.200}", format!("{words:?}"));
                is_left_alone(&label, &said);
                assert!((1..=3).contains(&said.code), "{label}: {} {:.500}{:.500}", said.code, said.out, said.err);
            }
        }
    }
}

#[test]
fn nobody_reads_the_answer() {
    let desk = Desk::with_server();
    for (command, _, arguments) in COMMANDS.iter().filter(|(_, asks, _)| *asks != Serves) {
        let (reader, closed) = std::io::pipe().unwrap();
        drop(reader);
        let output = desk.command(&desk.words(command, arguments)).stdout(closed).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code().is_some_and(|code| code <= 4), "{command}: {:?} {err}", output.status);
        assert!(!err.contains("panicked"), "{command}: {err}");
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = desk.command(&desk.words(command, arguments)).stdout(full).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code().is_some_and(|code| (1..=4).contains(&code)), "{command}: {:?} {err}", output.status);
        assert!(!err.contains("panicked"), "{command}: {err}");
    }
}

#[test]
fn a_server_that_steers_terminals_is_shown_harmless() {
    let desk = Desk::with_server();
    let poisoned = poisoning(desk.url.strip_prefix("http://").unwrap().to_owned());
    let mut shown = 0;
    for (command, _, arguments) in commands(Server) {
        for output in ["table", "json", "jsonl"] {
            let said = desk.run(&[&desk.words(command, arguments)[..], &["--server", &poisoned, "-o", output]].concat(), "");
            is_left_alone(&format!("{command} -o {output}"), &said);
            shown += usize::from(said.out.contains('\u{fffd}') || said.err.contains('\u{fffd}') || said.out.contains("u202e"));
        }
    }
    assert!(shown > 100, "only {shown} showed what the server said");
}

/// A server that hands on what another one answers, each text in it with words that steer a terminal.
fn poisoning(upstream: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let upstream = upstream.clone();
            thread::spawn(move || hand_on(stream, &upstream));
        }
    });
    url
}

/// One request, whose connection ends with its answer. Whoever breaks off is not waited for.
fn hand_on(client: TcpStream, upstream: &str) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        head += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut server = TcpStream::connect(upstream).ok()?;
    server.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).ok()?;
    server.write_all(&body).ok()?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).ok()?;
    let split = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, body) = (String::from_utf8(answer[..split].to_vec()).ok()?, &answer[split + 4..]);
    let is_chunked = head.to_ascii_lowercase().contains("transfer-encoding");
    // What comes line by line is handed on as it is.
    let body = match serde_json::from_slice(body) {
        Ok(value) if !is_chunked => poison(value).to_string().into_bytes(),
        _ => body.to_vec(),
    };
    let kept = head
        .lines()
        .filter(|line| !line.to_ascii_lowercase().starts_with("content-length") && !line.to_ascii_lowercase().starts_with("connection"));
    let mut head = kept.collect::<Vec<_>>().join("\r\n");
    head += if is_chunked { "\r\nConnection: close" } else { "" };
    if !is_chunked {
        head += &format!("\r\nConnection: close\r\nContent-Length: {}", body.len());
    }
    let mut client = client;
    client.write_all(format!("{head}\r\n\r\n").as_bytes()).ok()?;
    client.write_all(&body).ok()
}

fn poison(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(format!("{STEERING}{text}{STEERING}")),
        Value::Array(items) => Value::Array(items.into_iter().map(poison).collect()),
        // Where a list goes on is not for people, and sent back as it is.
        Value::Object(members) => Value::Object(
            members.into_iter().map(|(name, value)| if name == "next" { (name, value) } else { (name, poison(value)) }).collect(),
        ),
        other => other,
    }
}
