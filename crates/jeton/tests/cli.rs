//! The program as people use it: exit codes, what goes to standard output, and what an error says.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what goes wrong here must fail the test")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with the program in it, and a server where one is asked for.
struct Desk {
    folder: TempDir,
    server: Option<Child>,
}

/// What a command answered.
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Desk {
    fn empty() -> Desk {
        Desk { folder: tempfile::tempdir().unwrap(), server: None }
    }

    /// With a server that answers.
    fn with_server() -> Desk {
        let mut desk = Desk::empty();
        desk.done(&["init", "--issuer", "http://127.0.0.1:8420"]);
        desk.start_server();
        desk
    }

    fn start_server(&mut self) {
        let mut server = self.command(&["serve", "--listen", "127.0.0.1:0"]).stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(server.stderr.take().unwrap());
        let mut lines = log.lines();
        let started = lines.by_ref().map_while(Result::ok).any(|line| line.contains("jeton serves"));
        // Read on, so that the log never fills its pipe.
        std::thread::spawn(move || lines.for_each(drop));
        self.server = Some(server);
        assert!(started, "the server did not start");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command
    }

    fn run(&self, arguments: &[&str], input: &str) -> Said {
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
    fn done(&self, arguments: &[&str]) -> String {
        let said = self.run(arguments, "");
        assert_eq!(said.code, 0, "{arguments:?}: {}{}", said.out, said.err);
        said.out
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.done(&[arguments, &["--json"]].concat())).unwrap()
    }

    #[track_caller]
    fn fails(&self, arguments: &[&str], input: &str, code: i32, needle: &str) {
        let said = self.run(arguments, input);
        assert_eq!(said.code, code, "{arguments:?}: {}{}", said.out, said.err);
        assert!(said.err.contains(needle), "{arguments:?}: {}", said.err);
        assert!(!said.err.contains("panicked"), "{}", said.err);
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }
}

impl Desk {
    /// Ends the server as a person would.
    fn stop_server(&mut self) {
        let mut server = self.server.take().unwrap();
        let pid = rustix::process::Pid::from_child(&server);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        assert!(server.wait().unwrap().success());
    }

    /// Ends it as a fault would: it has no last word.
    fn kill_server(&mut self) {
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

/// A key of RFC 8037, appendix A: anybody has it.
const KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","kid":"rfc8037",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const PUBLIC: &str =
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","kid":"rfc8037","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

#[test]
fn without_a_server() {
    let desk = Desk::empty();
    assert!(desk.done(&["version"]).starts_with("jeton "));
    assert!(desk.done(&["completions", "bash"]).contains("signing-key"));
    desk.fails(&[], "", 2, "Usage: jeton");
    desk.fails(&["api", "lst"], "", 2, "similar subcommand");
    desk.fails(&["api", "create"], "", 2, "--audience");
    desk.fails(&["api", "list"], "", 3, "there is no data folder at ./jeton-data");
    desk.fails(&["api", "list"], "", 3, "jeton init --data ./jeton-data");
    assert!(desk.done(&["init"]).contains("jeton serve --data ./jeton-data"));
    desk.fails(&["init"], "", 3, "exists already");
    for arguments in [&["check"][..], &["check", "--full"]] {
        desk.fails(arguments, "", 3, "./jeton-data was not started yet: there is nothing in it to check\n  → start it with `jeton serve");
    }
    desk.fails(
        &["serve", "--listen", "127.0.0.1:0", "--issuer", "http://127.0.0.1:8420", "--data", "nope"],
        "",
        3,
        "there is no data folder at nope\n  → name it with --data or JETON_DATA",
    );
    desk.fails(&["api", "list"], "", 3, "the server is not running at ./jeton-data/jeton.sock");
    desk.fails(&["api", "list"], "", 3, "start it with `jeton serve --data ./jeton-data`");
    desk.fails(&["request", "GET", "api"], "", 2, "slash");
    desk.fails(&["api", "update", "a:b", "--access-token-lifetime", "soon"], "", 2, "90s, 15m, 24h or 90d");
    desk.fails(&["revoke"], "", 2, "nothing is named");
    desk.fails(&["policy", "set", "client_secret"], "", 2, "<--default <TIME>|--max <TIME>|--idle <TIME>|--unset>");
    desk.fails(&["policy", "set", "passwords", "--max", "1d"], "", 2, "the kinds are access_token, client_secret");
    desk.fails(&["policy", "explain", "passwords"], "", 2, "the kinds are access_token, client_secret");
    for command in ["init", "serve", "quickstart"] {
        desk.fails(&[command, "--issuer", "orders", "--data", "new"], "", 2, "for '--issuer <URL>'");
        desk.fails(&[command, "--listen", "8420", "--data", "new"], "", 2, "write an address and a port, such as 127.0.0.1:8420");
    }
    for time in ["tomorrow", "2026-01-31", "-1"] {
        let before = format!("--before={time}");
        desk.fails(&["revoke", "--client", "a", &before], "", 2, "for '--before <now|TIME>': write now, a time as 2026-01-31T12:00:00Z");
    }
    desk.fails(&["revoke", "019967c5a3807d2f8e51b0a4c3d2e1f0", "--before", "now"], "", 2, "cannot be used with '--before");
    let exception = ["policy", "exception", "create", "worker", "secret_x", "--owner", "a", "--reason", "b", "--until", "tomorrow"];
    desk.fails(&exception, "", 2, "for '--until <TIME>': write a time as 2027-05-31T00:00:00Z");
    desk.fails(&["revoke", "--client", "a", "--api", "b"], "", 2, "cannot be used with");
    desk.fails(&["revoke", "--client", "a"], "", 2, "add --yes");
    desk.fails(&["revoke", "--before", "now", "--yes"], "", 2, "add --everything");
    desk.fails(&["revoke", "--everything"], "", 2, "EVERY token and key of this server, of every client and for every");
    desk.fails(&["revoke", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln"], "", 2, "not given as an argument");
    let api = ["api", "list", "--server", "https://localhost:8443/api/v1"];
    desk.fails(&api, "", 2, "leave /api/v1 out");
    desk.fails(&["revoke", "none.txt"], "", 2, "no id of a token or key, and no file of that name");
    let said = desk.run(&["revoke", "--clent", "a", "--json"], "");
    let problem: Value = serde_json::from_str(&said.err).unwrap();
    assert_eq!((said.code, &problem["exit_code"]), (2, &2.into()), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("'--clent'"), "{problem}");
    assert!(desk.done(&["revoke", "--help", "--json"]).contains("Usage: jeton revoke"));
    let usage = desk.done(&["revoke", "--help"]);
    assert!(usage.contains("Usage: jeton revoke [--dry-run] <ID|-|FILE>\n"), "{usage}");
    assert!(desk.done(&["config", "check"]).contains("sound"));
    desk.write("jeton-data/jeton.toml", "isuer = \"https://a.example\"\n");
    desk.fails(&["config", "check"], "", 1, "did you mean `issuer`?\n  → docs/reference/configuration.md");
    desk.fails(&["serve"], "", 3, "did you mean `issuer`?\n  → put it right, and let `jeton config check`");
}

#[test]
fn tokens_offline() {
    let desk = Desk::empty();
    desk.write("key.json", KEY);
    desk.write("public.json", PUBLIC);
    let claims = r#"{"iss":"https://a.example","aud":["https://b.example"],"exp":4000000000,"iat":1700000000}"#;
    let token = desk.run(&["jwt", "sign", "--key", "key.json", "--claims", "-", "--typ", "at+jwt"], claims).out;
    assert_eq!(token.trim().matches('.').count(), 2, "{token}");
    let said = desk.run(&["jwt", "decode", "-"], &token);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("2096-10-02T07:06:40Z") && said.out.contains("NOT checked"), "{}", said.out);
    let verify = ["jwt", "verify", "-", "--jwks", "public.json"];
    let said = desk.run(&verify, &token);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("Not asked: whether it was revoked"), "{}", said.out);
    for (flags, needle) in [
        (["--issuer", "https://x.example"], "another issuer\n  iss expected: https://x.example\n  iss found:    https://a.example\n"),
        (["--audience", "https://x.example"], "aud expected: https://x.example\n  aud found:    [\"https://b.example\"]\n"),
        (["--typ", "JWT"], "typ expected: JWT\n  typ found:    at+jwt\n"),
    ] {
        desk.fails(&[&verify[..], &flags[..]].concat(), &token, 1, needle);
    }
    desk.write("other.json", &PUBLIC.replace("rfc8037", "other"));
    let other = ["jwt", "verify", "-", "--jwks", "other.json"];
    desk.fails(&other, &token, 1, "kid expected: other\n  kid found:    rfc8037\n");
    desk.fails(&["jwt", "verify", "-", "--jwks", "-"], &token, 2, "both to come from standard input");
    desk.fails(&["jwt", "sign", "--key", "-"], KEY, 2, "both to come from standard input");
    let named = ["--issuer", "https://a.example", "--audience", "https://b.example", "--typ", "at+jwt"];
    let said = desk.run(&[&verify[..], &named[..]].concat(), &token);
    assert_eq!((said.code, said.out.contains("Not compared")), (0, false), "{}", said.out);
    let forged = token.replacen('.', ".e30", 1);
    desk.fails(&verify, &forged, 1, "");
    let old = desk.run(&["jwt", "sign", "--key", "key.json"], r#"{"iss":"a","aud":"b","exp":1700000000}"#).out;
    desk.fails(&verify, &old, 1, "expired\n  exp expected: after 20");
    desk.fails(&verify, &old, 1, "exp found:    2023-11-14T22:13:20Z (");
    desk.fails(&["jwt", "decode", "-"], "not a token", 1, "opaque");
    desk.fails(&["jwt", "decode", "-"], "", 2, "no token in the input");
    desk.fails(&["jwt", "decode", token.trim()], "", 2, "not given as an argument");
    desk.fails(&["jwt", "sign", "--key", "public.json"], "{}", 2, "public.json: this is a JWK Set, not one JWK");
    desk.write("pem", "-----BEGIN PRIVATE KEY-----\n");
    desk.fails(&["jwt", "sign", "--key", "pem"], "{}", 2, "pem: this is PEM, not a JWK\n  → name a file with one private JWK");
    desk.fails(
        &["jwt", "verify", "-", "--jwks", "pem"],
        &token,
        2,
        "pem: this is PEM, not a JWK\n  → name a JWK Set or a JWK; a server publishes",
    );
    // One key, without a name and an algorithm of its own: what signs with it is verified with it.
    let bare = |text: &str| text.replace(r#""kid":"rfc8037","#, "").replace(r#""alg":"EdDSA","#, "");
    desk.write("bare.json", &bare(KEY));
    desk.write("bare-public.json", bare(PUBLIC).trim_start_matches(r#"{"keys":["#).trim_end_matches("]}"));
    desk.fails(&["jwt", "sign", "--key", "bare.json"], claims, 2, "name it with --alg, such as --alg ES256");
    desk.write("bare-set.json", &bare(PUBLIC));
    for keys in ["bare.json", "bare-public.json", "bare-set.json"] {
        desk.fails(&["jwt", "verify", "-", "--jwks", keys], &token, 2, "name it with --alg, such as --alg ES256");
    }
    let signed = desk.run(&["jwt", "sign", "--key", "bare.json", "--alg", "EdDSA"], claims).out;
    for keys in ["bare.json", "bare-public.json"] {
        let said = desk.run(&["jwt", "verify", "-", "--jwks", keys, "--alg", "EdDSA"], &signed);
        assert_eq!(said.code, 0, "{keys}: {}", said.err);
    }
    desk.fails(&["jwt", "sign", "--key", "key.json"], "{\"a\":1,\"a\":2}", 2, "same member twice");
}

#[test]
fn a_token_s_life() {
    let desk = Desk::with_server();
    let api = "https://orders.example";
    assert!(desk.done(&["api", "list"]).contains("There is no API yet"));
    desk.done(&["api", "create", "--audience", api, "--scope", "orders:read=Read orders", "--scope", "orders:write"]);
    let secret = desk.json(&["client", "create", "--name", "worker", "--audience", api])["client_secret"].clone();
    assert!(secret.as_str().unwrap().starts_with("jtn_cs_"), "{secret}");
    assert!(desk.done(&["client", "list"]).contains("worker"));
    assert_eq!(desk.json(&["client", "show", "worker"]).get("client_secret"), None);
    let issued = desk.json(&["token", "issue", "--client", "worker", "--scope", "orders:read"]);
    let (token, id) = (issued["access_token"].as_str().unwrap(), issued["id"].as_str().unwrap());
    assert_eq!(desk.run(&["jwt", "verify", "--issuer", "http://127.0.0.1:8420", "--audience", api], token).code, 0);
    assert_eq!(desk.run(&["token", "introspect", "-"], token).code, 0);
    // A token is named by its id, or read from a file or standard input: everywhere.
    desk.write("token.txt", token);
    for source in [id, "token.txt"] {
        assert!(desk.done(&["token", "show", source]).contains(id), "{source}");
    }
    assert!(desk.run(&["token", "show", "-"], token).out.contains(id));
    desk.done(&["revoke", "token.txt", "--dry-run"]);
    assert_eq!(desk.json(&["token", "introspect", id])["active"], true);
    desk.done(&["token", "suspend", id]);
    desk.fails(&["token", "introspect", id], "", 1, "not active");
    desk.fails(&["token", "introspect", "-"], token, 1, "not active");
    assert_eq!(desk.run(&["token", "resume", "-"], token).code, 0);
    assert_eq!(desk.run(&["revoke", "-"], token).out, "Revoked 1 access token.\n");
    desk.fails(&["token", "introspect", "-"], token, 1, "not active");
    desk.fails(&["token", "resume", id], "", 1, "nothing brings it back");
    desk.fails(&["policy", "set", "client_secret", "--client", "worker", "--max", "900d"], "", 2, "lies between 1s and 366d here");
    desk.fails(&["token", "issue", "--client", "worker", "--scope", "admin"], "", 2, "admin");
    desk.json(&["token", "issue", "--client", "worker"]);
    desk.fails(&["revoke", "--client", "worker"], "y\n", 2, "add --yes");
    assert_eq!(desk.done(&["suspend", "--client", "worker", "--dry-run"]), "Would suspend 1 access token and 1 client secret.\n");
    desk.fails(&["suspend", "--client", "worker"], "", 2, "add --yes");
    desk.fails(&["suspend"], "", 2, "nothing is named");
    desk.fails(&["suspend", "--client", "worker", "--api", api], "", 2, "cannot be used with");
    assert_eq!(desk.done(&["suspend", "--client", "worker", "--yes"]), "Suspended 1 access token and 1 client secret.\n");
    desk.fails(&["token", "issue", "--client", "worker"], "", 3, "suspended");
    assert_eq!(desk.done(&["resume", "--client", "worker"]), "Resumed 1 access token and 1 client secret.\n");
    assert_eq!(desk.done(&["resume", "--client", "worker"]), "It was not suspended, or is over: nothing changed.\n");
    assert!(desk.done(&["revoke", "--client", "worker", "--dry-run"]).starts_with("Would end 1 access token"));
    assert!(desk.done(&["revoke", "--client", "worker", "--yes"]).starts_with("Revoked 1 access token"));
    assert_eq!(desk.json(&["revoke", "--everything", "--before", "now", "--yes"])["fell"]["access_tokens"], 0);
    desk.fails(&["revoke", "--user", "mallory", "--yes"], "", 1, "nobody of that name is known");
    desk.fails(&["client", "show", "nobody"], "", 1, "jeton client list");
    desk.done(&["api", "create", "--audience", "a:b"]);
    desk.done(&["client", "update", "worker", "--audience", api, "--audience", "a:b"]);
    desk.fails(&["token", "issue", "--client", "worker"], "", 2, "name one with --audience");
    desk.fails(&["token", "issue", "--client", "worker"], "", 2, "  → name the one that it is for: ");
    desk.fails(&["client", "create", "--name", "worker"], "", 1, "choose another name");
    desk.fails(&["api", "create", "--audience", "a:b"], "", 1, "jeton api update AUDIENCE");
    let issued = desk.json(&["token", "issue", "--client", "worker", "--audience", api]);
    let key = issued["signing_key"].as_str().unwrap();
    desk.done(&["signing-key", "revoke", key, "--yes"]);
    let said = desk.run(&["token", "introspect", "-", "--json"], issued["access_token"].as_str().unwrap());
    let state: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, &state["active"], &state["standing"]), (1, &false.into(), &"revoked".into()), "{state}");
    assert_eq!(state["remark"], format!("the key that signed it, {key}, was revoked"));
}

#[test]
fn tables_fit_eighty_columns() {
    let desk = Desk::with_server();
    let api = "https://orders-of-a-department.example";
    desk.done(&["api", "create", "--audience", api, "--scope", "orders:read", "--scope", "orders:write"]);
    let name = "the client with the long name that nobody could shorten";
    desk.done(&["client", "create", "--name", name, "--audience", api]);
    desk.done(&["token", "issue", "--client", name]);
    desk.done(&["revoke", "--client", name, "--yes"]);
    for command in [&["audit", "tail"][..], &["client", "list"], &["api", "list"], &["signing-key", "list"], &["policy", "show"]] {
        for line in desk.done(command).lines() {
            assert!(line.chars().count() <= 80, "{command:?}: {line}");
        }
    }
    let wide = desk.command(&["client", "list"]).env("COLUMNS", "200").output().unwrap();
    assert!(String::from_utf8(wide.stdout).unwrap().contains(name));
    let tail = desk.done(&["audit", "tail", "-n", "4"]);
    assert!(!tail.contains("_seconds"), "times are told as they lie from now: {tail}");
}

#[test]
fn the_ledger_is_followed() {
    let desk = Desk::with_server();
    let mut following = desk.command(&["audit", "tail", "--follow", "-n", "1"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.next().is_some());
    desk.done(&["api", "create", "--audience", "a:b"]);
    let line = lines.find(|line| line.contains("api.created"));
    following.kill().unwrap();
    following.wait().unwrap();
    assert!(line.is_some_and(|line| line.contains("audience=a:b")));
}

#[test]
fn the_ledger_is_read_without_a_server() {
    let mut desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b"]);
    desk.done(&["client", "create", "--name", "worker", "--audience", "a:b"]);
    desk.done(&["token", "issue", "--client", "worker"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    desk.fails(
        &["serve", "--listen", &address],
        "",
        3,
        "./jeton-data is open in another process: a server answers at ./jeton-data/jeton.sock",
    );
    let served = desk.json(&["audit", "verify"]);
    assert_eq!(served["read_by"], "server");
    assert!(desk.done(&["audit", "verify"]).contains("stop it, and try again"));
    desk.write("kept.txt", &desk.done(&["audit", "checkpoint"]));
    desk.fails(&["audit", "verify", "--checkpoint", "kept.txt"], "", 2, "a server holds this data folder");
    desk.stop_server();
    let read = desk.json(&["audit", "verify"]);
    assert_eq!((&read["read_by"], &read["findings"]), (&"command".into(), &Value::Array(Vec::new())));
    assert!(read["entries"].as_u64() >= served["entries"].as_u64());
    assert!(desk.done(&["audit", "verify", "--checkpoint", "kept.txt"]).contains("the one you kept covers"));
    let kept = std::fs::read_to_string(desk.folder.path().join("kept.txt")).unwrap();
    let root = kept.lines().nth(2).unwrap();
    let forged = kept.replace(root, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    let said = desk.run(&["audit", "verify", "--checkpoint", "-"], &forged);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.out.contains("the entries before it are not those"), "{}", said.out);
    desk.fails(&["audit", "verify", "--checkpoint", "-"], "hello", 2, "no checkpoint of a ledger");
    assert!(desk.done(&["audit", "tail", "-n", "4"]).contains("token.issued"));
    assert_eq!(desk.json(&["audit", "tail", "-n", "1", "--from", "0"])["items"][0]["kind"], "deployment.created");
    desk.fails(&["audit", "checkpoint"], "", 3, "the server is not running");
    desk.fails(&["check"], "", 3, "`jeton check --full --data ./jeton-data` reads the folder itself");
    let database = desk.folder.path().join("jeton-data/jeton.db");
    let mut bytes = std::fs::read(&database).unwrap();
    let place = bytes.windows(15).position(|window| window == b"\"name\":\"worker\"").unwrap();
    bytes[place + 8] = b'W';
    std::fs::write(&database, bytes).unwrap();
    desk.fails(&["audit", "verify"], "", 1, "the ledger is not what was written");
}

#[test]
fn a_tour_that_cannot_start_says_so_at_once() {
    let desk = Desk::empty();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for command in ["quickstart", "serve"] {
        let said = desk.run(&[command, "--listen", &address], "");
        assert_eq!((said.code, said.out.as_str()), (3, ""), "{command}: {}", said.err);
        assert!(said.err.ends_with("  → stop what holds it, or choose another with --listen\n"), "{command}: {}", said.err);
    }
    assert!(!desk.folder.path().join("jeton-data").exists(), "a folder that was made would keep the issuer of the taken port");
    desk.done(&["init", "--listen", "127.0.0.1:8499"]);
    desk.fails(&["quickstart", "--listen", "127.0.0.1:8498"], "", 3, "the issuer of ./jeton-data is http://127.0.0.1:8499");
    desk.fails(&["quickstart", "--listen", "127.0.0.1:8498"], "", 3, "jeton quickstart --listen 127.0.0.1:8498 --data ./tour-data");
    desk.done(&["init", "--issuer", "https://id.example", "--data", "./public"]);
    desk.fails(&["quickstart", "--data", "./public"], "", 3, "plain HTTP");
}

#[test]
fn a_tour_leaves_the_folder_of_a_server_alone() {
    let mut desk = Desk::empty();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    desk.done(&["init", "--listen", &free]);
    let refused =
        "no tour was taken in it: its API and clients do not belong there\n  → give the tour a folder of its own: `jeton quickstart";
    desk.fails(&["quickstart"], "", 3, refused);
    desk.start_server();
    desk.done(&["api", "create", "--audience", "https://orders.example"]);
    desk.stop_server();
    desk.fails(&["quickstart"], "", 3, refused);
    desk.start_server();
    assert_eq!(desk.json(&["api", "list"])["items"].as_array().unwrap().len(), 1);
    assert!(desk.done(&["client", "list"]).contains("There is no client yet"));
}

/// Two at once wrote over each other, and what was sealed under the epoch that was lost could not be opened any more.
#[test]
fn a_root_key_that_is_rotated_by_many_at_once_opens_everything_afterwards() {
    let mut desk = Desk::with_server();
    let rotate = || desk.command(&["root-key", "rotate"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let rotations: Vec<Child> = std::iter::repeat_with(rotate).take(12).collect();
    let done = rotations.into_iter().filter_map(|mut rotation| rotation.wait().ok()).filter(std::process::ExitStatus::success).count();
    assert_eq!(done, 12);
    desk.stop_server();
    desk.start_server();
    assert_eq!(desk.json(&["root-key", "list"])["epochs"].as_array().unwrap().len(), 13);
}

#[test]
fn a_policy_asks_before_credentials_end_otherwise() {
    let desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b"]);
    desk.done(&["client", "create", "--name", "worker", "--audience", "a:b"]);
    let set = ["policy", "set", "client_secret", "--client", "worker"];
    let max = |max| [&set[..], &["--max", max]].concat();
    desk.fails(&max("90d"), "", 2, "1 client secret would end earlier than now. Set it?");
    desk.done(&[&max("1s")[..], &["--yes"]].concat());
    // It ends within the second that begins now.
    while desk.json(&["client", "secret", "list", "worker"])["items"][0]["is_live"] != false {}
    let unset = [&set[..], &["--unset"]].concat();
    let planned = desk.done(&[&unset[..], &["--dry-run"]].concat());
    assert!(planned.contains("1 client secret that had ended would come back to life."), "{planned}");
    desk.fails(&unset, "", 2, "1 client secret that had ended would come back to life. Set it?");
    assert!(desk.done(&[&unset[..], &["--yes"]].concat()).contains("1 client secret that had ended comes back to life."));
}

#[test]
fn a_shorter_lifetime_of_an_api_asks_before_tokens_end() {
    let desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b"]);
    desk.done(&["client", "create", "--name", "worker", "--audience", "a:b"]);
    let token = desk.json(&["token", "issue", "--client", "worker"])["access_token"].as_str().unwrap().to_owned();
    let shorter = ["api", "update", "a:b", "--access-token-lifetime", "5m"];
    assert!(
        desk.done(&[&shorter[..], &["--dry-run"]].concat())
            .ends_with("0 access tokens would expire, 1 more would end earlier than they were to.\n")
    );
    desk.fails(&shorter, "", 2, "1 access token would end earlier than now. Set it?");
    assert_eq!(desk.json(&["api", "show", "a:b"])["access_token_lifetime_seconds"], 3600);
    desk.write("deployment.toml", "[[api]]\naudience = 'a:b'\naccess_token_lifetime_seconds = 300\n");
    let said = desk.run(&["diff", "deployment.toml"], "");
    assert!(said.code == 1 && said.out.contains("! 1 expire sooner"), "{}", said.out);
    desk.done(&[&shorter[..], &["--yes"]].concat());
    let until = |answer: &Value| answer["exp"].as_i64().unwrap() - answer["iat"].as_i64().unwrap();
    let answer = serde_json::from_str(&desk.run(&["token", "introspect", "-", "--json"], &token).out).unwrap();
    assert_eq!(until(&answer), 300, "{answer}");
    // Nothing ends by a longer one, or by a name.
    desk.done(&["api", "update", "a:b", "--access-token-lifetime", "1h"]);
    desk.done(&["api", "update", "a:b", "--name", "B"]);
}

#[test]
fn apply_says_what_it_did_and_refuses_what_it_cannot_do_before() {
    let desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b", "--scope", "read=Read"]);
    for (text, needle) in [
        (
            "[[client]]\nname = 'worker'\naudiences = ['c:d']\n",
            "the client worker is for the API c:d, which is neither there nor in the files",
        ),
        (
            "[[group]]\nname = 'g'\n[[policy]]\nkind = 'client_secret'\nmax_seconds = 99999999999\n",
            "policy client_secret cannot be as the files say",
        ),
        ("[[role]]\nbuilt_in = 'boss'\n", "boss of Jeton"),
    ] {
        desk.write("bad.toml", text);
        for command in [&["diff", "bad.toml"][..], &["apply", "bad.toml", "--dry-run"], &["apply", "bad.toml", "--yes"]] {
            desk.fails(command, "", 2, needle);
            assert!(!desk.run(command, "").out.contains("Done"));
        }
    }
    assert_eq!(desk.json(&["group", "list"])["items"].as_array().unwrap().len(), 0);

    let client = "[[client]]\nname = 'worker'\naudiences = ['a:b']\n";
    desk.write("half.toml", &format!("{client}[[group]]\nname = '{}'\n", "g".repeat(400)));
    assert!(desk.done(&["apply", "half.toml", "--dry-run"]).ends_with("\n2 to make\n"));
    let said = desk.run(&["apply", "half.toml", "--yes", "--json"], "");
    let told: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(told["items"].as_array().unwrap().len(), 1, "{told}");
    assert!(told["items"][0]["done"] == true && told["items"][0]["client_secret"].as_str().unwrap().starts_with("jtn_cs_"), "{told}");
    assert!(said.code != 0 && said.err.contains("1 of 2 changes are made"), "{}", said.err);
    let said = desk.run(&["apply", "half.toml", "--yes"], "");
    assert!(said.code != 0 && !said.out.contains("Done."), "{}", said.out);

    // What falls is told first.
    desk.done(&["token", "issue", "--client", "worker"]);
    desk.write("less.toml", "[[client]]\nname = 'other'\naudiences = ['a:b']\n[[api]]\naudience = 'a:b'\n[api.scopes]\nwrite = ''\n");
    let said = desk.run(&["diff", "less.toml", "--prune"], "");
    assert!(said.out.contains("- client worker\n    ! ends 1 access token\n"), "{}", said.out);
    assert!(said.out.contains("    ! read cannot be used any more"), "{}", said.out);
    assert!(said.err.contains("`jeton apply FILE --prune`"), "{}", said.err);
}

#[test]
fn a_role_of_jeton_that_a_group_was_given_by_hand_is_seen() {
    let desk = Desk::with_server();
    desk.done(&["group", "create", "--name", "root"]);
    desk.done(&["api", "create", "--audience", "a:b", "--scope", "read=Read"]);
    desk.done(&["role", "create", "--audience", "a:b", "--name", "clerk", "--scope", "read"]);
    desk.done(&["export", "--file", "deployment.toml"]);
    desk.done(&["diff", "deployment.toml", "--prune"]);
    for role in ["role_owner", "clerk"] {
        desk.done(&["role", "assign", role, "group:root"]);
    }
    let said = desk.run(&["diff", "deployment.toml"], "");
    assert_eq!(said.code, 1);
    for line in ["- assignment group:root holds owner of Jeton\n", "- assignment group:root holds clerk at a:b\n"] {
        assert!(said.out.contains(line), "{}", said.out);
    }
    desk.done(&["export", "--file", "with.toml"]);
    desk.done(&["apply", "deployment.toml", "--yes"]);
    desk.done(&["diff", "deployment.toml"]);
    // And back: a deployment that is built anew has its owners.
    desk.done(&["apply", "with.toml", "--yes"]);
    assert!(desk.done(&["role", "holders", "role_owner"]).contains("root"));
}

/// `serve` named `jeton init`, which named `serve`.
#[test]
fn a_root_file_that_is_gone_is_put_back() {
    let mut desk = Desk::empty();
    desk.done(&["init"]);
    let root = desk.folder.path().join("jeton-data.root-key");
    let away = desk.folder.path().join("away");
    std::fs::rename(&root, &away).unwrap();
    desk.fails(&["serve", "--listen", "127.0.0.1:0"], "", 3, "remove ./jeton-data/jeton.toml, and `jeton init` makes both anew");
    std::fs::rename(&away, &root).unwrap();
    desk.start_server();
    desk.stop_server();
    std::fs::rename(&root, &away).unwrap();
    for (command, code) in [(&["serve", "--listen", "127.0.0.1:0"][..], 3), (&["config", "check"], 1)] {
        desk.fails(command, "", code, "put your copy back, or name it with --root-key-file; without it ./jeton-data cannot be opened");
    }
    std::fs::rename(&away, &root).unwrap();
    desk.start_server();
}

#[test]
fn a_folder_that_others_can_write_is_not_served() {
    let mut desk = Desk::with_server();
    desk.stop_server();
    let chmod = |name: &str, mode: u32| {
        let path = desk.folder.path().join(name);
        let before = std::fs::metadata(&path).unwrap().permissions();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        before.mode()
    };
    for (name, mode) in [("jeton-data", 0o777), ("jeton-data", 0o720), ("jeton-data/jeton.db", 0o666), ("jeton-data/jeton.toml", 0o666)] {
        let before = chmod(name, mode);
        let serve = ["serve", "--listen", "127.0.0.1:0"];
        desk.fails(&serve, "", 3, &format!("others can write ./{name}, and with it change what is refused\n  → `chmod go-w ./{name}`"));
        desk.fails(&["config", "check"], "", 1, &format!("`chmod go-w ./{name}`"));
        chmod(name, before);
    }
    chmod("jeton-data", 0o755);
    desk.start_server();
}

#[test]
fn what_a_change_replaces_is_asked_for() {
    let desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b", "--scope", "read", "--scope", "write"]);
    desk.done(&["api", "create", "--audience", "c:d"]);
    let id = desk.json(&["client", "create", "--name", "worker", "--audience", "a:b", "--scope", "read"])["client_id"].to_string();
    let id = id.trim_matches('"');
    let issue = ["token", "issue", "--client", "worker"];
    let hint = format!("let worker have (what is named replaces what it has): `jeton client update {id} --scope read --scope write`");
    desk.fails(&[&issue[..], &["--scope", "write"]].concat(), "", 2, &hint);
    let hint = format!("let worker ask for (what is named replaces what it has): `jeton client update {id} --audience a:b --audience c:d`");
    desk.fails(&[&issue[..], &["--audience", "c:d"]].concat(), "", 2, &hint);
    let update = ["client", "update", "worker", "--audience", "c:d"];
    desk.fails(&update, "", 2, "what the client worker has, without a:b. Change it? To keep: --audience a:b");
    desk.fails(&["client", "update", "worker", "--scope", "write"], "", 2, "without read. Change it? To keep: --scope read");
    desk.done(&["client", "update", "worker", "--audience", "a:b", "--audience", "c:d", "--scope", "read", "--scope", "write"]);
    let update = ["api", "update", "a:b", "--scope", "new=New", "--scope", "read"];
    desk.fails(&update, "", 2, "what the API a:b has, without write. Change it? To keep: --scope write");
    assert_eq!(desk.json(&["api", "show", "a:b"])["scopes"].as_object().unwrap().len(), 2);
    desk.done(&[&update[..], &["--yes"]].concat());
}

#[test]
fn what_administers() {
    let desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b"]);
    desk.done(&["client", "create", "--name", "worker", "--audience", "a:b"]);
    assert!(desk.json(&["client", "secret", "create", "worker", "--overlap", "1h"])["client_secret"].is_string());
    desk.fails(&["client", "secret", "create", "worker"], "", 1, "jeton client secret revoke");
    let lines = desk.done(&["client", "secret", "list", "worker", "-o", "jsonl"]);
    let ids: Vec<Value> = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone()).collect();
    desk.done(&["client", "secret", "revoke", "worker", ids[0].as_str().unwrap(), "--yes"]);
    assert_eq!(desk.json(&["token", "issue", "--client", "worker"])["standing"], "active");
    assert!(desk.done(&["audit", "tail", "-n", "2"]).contains("token.issued"), "who issued it is on the ledger");
    desk.fails(&["signing-key", "rotate"], "", 1, "--force");
    assert!(desk.done(&["signing-key", "rotate", "--force"]).contains("from now on"));
    let rotated = desk.json(&["root-key", "rotate"]);
    assert_eq!(rotated["epochs"].as_array().unwrap().len(), 2);
    assert!(rotated["root_file"].as_str().unwrap().ends_with("jeton-data.root-key"), "{rotated}");
    assert!(desk.done(&["audit", "tail", "-n", "3"]).contains("root_key.rotated"));
    assert!(desk.done(&["audit", "verify"]).contains("The ledger is what was written"));
    assert!(desk.done(&["audit", "checkpoint"]).starts_with("127.0.0.1:8420\n"));
    assert!(desk.done(&["check", "--full"]).contains("What was read is what was written"));
    assert!(desk.done(&["request", "get", "/api/v1/statistics"]).contains("\"clients\":1"));
    desk.fails(&["request", "GET", "/api/v1/nothing"], "", 3, "404");
    desk.fails(&["request", "GET", "/nope"], "", 3, "its paths begin with /api/v1, such as /api/v1/apis");
    desk.fails(&["request", "POST", "/api/v1/apis", "--body", "-"], "{}", 2, "400");
    desk.write("large.json", &format!("{{\"audience\":\"{}\"}}", "a".repeat(100_000)));
    let said = desk.run(&["request", "POST", "/api/v1/apis", "--body", "large.json"], "");
    let problem: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, &problem["code"], &problem["status"]), (2, &"too_large".into(), &413.into()), "{}", said.err);
    desk.fails(&["audit", "tail", "-n", "1001"], "", 2, "1001 is not in 0..=1000");
    assert!(desk.done(&["config", "check"]).contains("was not tried"));
    let said = desk.run(&["client", "show", "nobody", "--json"], "");
    let problem: Value = serde_json::from_str(&said.err).unwrap();
    assert_eq!((said.code, said.out.as_str(), &problem["exit_code"]), (1, "", &1.into()), "{problem}");
    assert!(problem["hint"].as_str().unwrap().contains("jeton client list"), "{problem}");
    let done = desk.json(&["client", "delete", "worker", "--yes"]);
    assert_eq!(done["done"], "Removed worker: its secrets and tokens are dead.");
    assert_eq!(desk.done(&["api", "delete", "a:b", "--yes"]), "Removed a:b: what was for it is dead, 0 access tokens.\n");
    desk.fails(&["api", "delete", "a:b", "--yes"], "", 1, "no API");
    assert!(Path::new(&desk.folder.path().join("jeton-data.root-key")).exists());
}

#[test]
fn administrators() {
    let desk = Desk::with_server();
    let made = desk.json(&["admin", "create", "--username", "boss", "--role", "operator", "--expires-in", "30d"]);
    assert!(made["key"].as_str().unwrap().starts_with("jtn_pat_"), "{made}");
    assert!(desk.done(&["admin", "list"]).contains("operator"));
    desk.fails(&["admin", "create", "--username", "x", "--role", "king"], "", 2, "possible values");
    desk.fails(&["admin", "create", "--username", "\u{202e}x", "--role", "owner"], "", 2, "a-z, 0-9");
    desk.fails(&["admin", "remove", "nobody", "--yes"], "", 1, "no user");
    assert_eq!(desk.done(&["admin", "remove", "boss", "--yes"]), "boss administers nothing any longer.\n");
    assert!(desk.done(&["admin", "list"]).contains("jeton admin create"));
}

#[test]
fn people_groups_and_roles() {
    let desk = Desk::with_server();
    let api = "https://orders.example";
    desk.done(&["api", "create", "--audience", api, "--scope", "orders:read=Read orders", "--scope", "orders:write"]);
    for (noun, needle) in [("user", "nobody yet"), ("group", "no group yet"), ("role", "role_auditor"), ("admin", "jeton admin create")] {
        assert!(desk.done(&[noun, "list"]).contains(needle), "{noun}");
    }
    assert_eq!(desk.json(&["user", "create", "--username", "Ada", "--name", "Ada Example"])["username"], "ada");
    desk.fails(&["user", "create", "--username", "ada"], "", 1, "somebody has this username already");
    desk.fails(&["user", "create", "--username", "a b"], "", 2, "a-z, 0-9");
    desk.fails(&["user", "create", "--username", "eve", "--name", "\u{202e}eve"], "", 2, "direction of writing");
    desk.done(&["group", "create", "--name", "billing", "--description", "Who bills"]);
    desk.done(&["role", "create", "--audience", api, "--name", "clerk", "--scope", "orders:read", "--scope", "orders:write"]);
    desk.fails(&["role", "create", "--audience", api, "--name", "boss", "--scope", "admin"], "", 2, "`admin` is no scope");
    assert_eq!(desk.done(&["group", "add", "billing", "ada"]), "ada is in billing.\n");
    assert_eq!(desk.done(&["role", "assign", "clerk", "group:billing"]), "group:billing holds clerk.\n");
    desk.fails(&["role", "assign", "clerk", "ada"], "", 2, "user:USERNAME");
    desk.fails(&["role", "assign", "clerk", "user:eve"], "", 1, "jeton user list");
    assert!(desk.done(&["group", "members", "billing"]).contains("ada"));
    assert!(desk.done(&["role", "holders", "clerk"]).contains("billing"));
    let shown = desk.done(&["user", "show", "ada"]);
    assert!(shown.contains("clerk at https://orders.example, by billing"), "{shown}");
    for (noun, lines) in [("user", 2), ("group", 2), ("role", 6)] {
        let listed = desk.done(&[noun, "list"]);
        assert_eq!(listed.lines().count(), lines, "{listed}");
    }
    assert_eq!(desk.json(&["role", "update", "clerk", "--scope", "orders:read"])["scope"], "orders:read");
    desk.fails(&["user", "update", "ada"], "", 2, "nothing to change");
    desk.fails(&["user", "disable", "ada"], "y\n", 2, "add --yes");
    assert_eq!(desk.json(&["user", "disable", "ada", "--yes"])["state"], "disabled");
    assert!(desk.done(&["audit", "tail", "-n", "2"]).contains("tokens.cut_off"));
    assert_eq!(desk.json(&["user", "enable", "ada"])["state"], "active");
    assert!(desk.done(&["revoke", "--user", "ada", "--yes"]).starts_with("Revoked 0 access tokens"));
    desk.done(&["role", "unassign", "clerk", "group:billing"]);
    desk.done(&["group", "remove", "billing", "ada"]);
    desk.done(&["group", "delete", "billing", "--yes"]);
    desk.done(&["role", "delete", "clerk", "--yes"]);
    desk.fails(&["group", "show", "billing"], "", 1, "jeton group list");
    assert!(desk.done(&["audit", "verify"]).contains("The ledger is what was written"));
}

#[test]
fn a_key_s_life() {
    let desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "https://orders.example", "--scope", "read=Read", "--default-scope", "read"]);
    let external = ["key", "create", "--owner", "external:acme", "--audience", "https://orders.example", "--name", "acme"];
    let made = desk.json(&[&external[..], &["--max-uses", "2", "--rate-limit", "100/1m"]].concat());
    let (id, text) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    desk.write("key.txt", text);
    assert!(desk.done(&["key", "list"]).contains("external:acme"));
    assert!(!desk.done(&["key", "show", id]).contains(text));
    assert!(desk.done(&["key", "verify", "key.txt", "--scope", "read"]).starts_with("Accepted."));
    let refused = |needle: &str| {
        let said = desk.run(&["key", "verify", "-"], text);
        assert_eq!(said.code, 1, "{}{}", said.out, said.err);
        assert!(said.out.contains(needle), "{}", said.out);
    };
    assert!(desk.done(&["key", "suspend", id, "--why", "leaked"]).contains("until it is resumed"));
    refused("it is suspended");
    assert!(desk.done(&["key", "resume", id]).contains("accepted again"));
    assert!(desk.done(&["key", "verify", "key.txt"]).starts_with("Accepted."));
    refused("as often as it may be");
    assert_eq!(desk.run(&["suspend", "-"], text).out, "Suspended 1 API key.\n");
    assert_eq!(desk.done(&["resume", "--key", id]), "Resumed 1 API key.\n");
    assert_eq!(desk.done(&["revoke", "--key", id, "--dry-run"]), "Would end 1 API key.\n");
    assert!(desk.done(&["key", "revoke", id, "--yes"]).contains("is revoked"));
    assert_eq!(desk.run(&["revoke", "-"], text).out, "It was over already: nothing fell.\n");
    refused("it is revoked");
    assert!(desk.done(&["key", "list", "--state", "active"]).starts_with("There is no such key."));
    desk.fails(&["key", "verify", text], "", 2, "not given as an argument");
    desk.fails(&[&external[..], &["--rate-limit", "often"]].concat(), "", 2, "100/1m");
}

#[test]
fn metrics_are_on_the_socket_and_on_a_listener_of_their_own() {
    let mut desk = Desk::empty();
    desk.done(&["init", "--issuer", "http://127.0.0.1:8420"]);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let path = desk.folder.path().join("jeton-data/jeton.toml");
    let config = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{config}metrics_listen = \"{address}\"\n")).unwrap();
    desk.start_server();
    desk.done(&["api", "create", "--audience", "https://orders.example"]);
    let page = get(address, "/metrics");
    let fsyncs = page.lines().find_map(|line| line.strip_prefix("jeton_store_fsync_seconds_sum ")).unwrap();
    assert!(fsyncs.parse::<f64>().unwrap() > 0.0, "the engine has a clock: {page}");
    assert!(desk.done(&["request", "GET", "/metrics"]).contains("jeton_registered{kind=\"api\"} 1\n"));
    for elsewhere in ["/oauth/token", "/api/v1/apis", "/"] {
        assert!(get(address, elsewhere).starts_with("HTTP/1.1 404"), "{elsewhere}");
    }
}

fn get(address: std::net::SocketAddr, path: &str) -> String {
    use std::io::Read as _;
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn what_was_used_is_told() {
    let desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b"]);
    desk.done(&["client", "create", "--name", "worker", "--audience", "a:b"]);
    assert!(desk.done(&["usage", "client:worker"]).starts_with("Nothing was counted of client:client_"));
    desk.done(&["token", "issue", "--client", "worker"]);
    // Within a second.
    let told = (0..10_000)
        .map(|_| desk.done(&["usage", "client:worker", "--last", "2h"]))
        .find(|told| told.contains("issued") && told.contains("Last used "))
        .unwrap();
    assert!(told.starts_with("FROM ") && told.contains("Last used ") && told.lines().all(|line| line.chars().count() <= 80), "{told}");
    assert!(desk.done(&["client", "show", "worker"]).contains("last used"));
    assert!(desk.done(&["usage", "api:a:b", "--resolution", "day", "--json"]).contains("\"count\": 1"));
    desk.fails(&["usage", "worker"], "", 2, "no subject");
}

#[test]
fn a_server_that_is_killed_lets_the_next_one_know_what_counting_lost() {
    let mut desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b"]);
    desk.done(&["client", "create", "--name", "worker", "--audience", "a:b"]);
    let told = |desk: &Desk| {
        let usage = desk.json(&["usage", "client:worker"]);
        let counts = usage["items"].as_array().unwrap().iter().map(|item| item["count"].as_u64().unwrap());
        (counts.sum::<u64>(), usage["seconds_lost"].as_u64().unwrap())
    };
    // What is told was folded in some second; by the time a later one is, the store has it.
    let counted = |desk: &Desk, expected: u64| {
        desk.done(&["token", "issue", "--client", "worker"]);
        assert!((0..10_000).any(|_| told(desk).0 == expected), "{:?}", told(desk));
    };
    counted(&desk, 1);
    desk.stop_server();
    desk.start_server();
    assert_eq!(told(&desk), (1, 0), "a last word was said: nothing is lost");
    counted(&desk, 2);
    counted(&desk, 3);
    desk.kill_server();
    desk.start_server();
    let (uses, seconds_lost) = told(&desk);
    assert!((2..=3).contains(&uses), "the second in which it was killed may be lost, and no other: {uses}");
    assert_eq!(seconds_lost, 1);
    counted(&desk, uses + 1);
    desk.stop_server();
    desk.start_server();
    assert_eq!(told(&desk), (uses + 1, 1), "known from now on, and counted once");
}

#[test]
fn the_doctor_sees_the_files_around_the_server() {
    let desk = Desk::with_server();
    let said = desk.run(&["doctor"], "");
    assert_eq!(said.code, 1, "no access log is written: {}", said.out);
    assert!(said.out.starts_with("Grade: D\n") && said.out.contains("check    monitoring.access_log (high)"), "{}", said.out);
    assert!(said.out.lines().all(|line| line.chars().count() <= 80), "{}", said.out);
    desk.fails(&["doctor", "--fail-under", "C"], "", 1, "the grade is D, and --fail-under says C");
    desk.done(&["doctor", "--fail-under", "d"]);
    desk.fails(&["doctor", "--fail-under", "E"], "", 2, "A, B, C, D, F");
    let storage = |out: &str| {
        let report: Value = serde_json::from_str(out).unwrap();
        report["practices"][2]["grade"].clone()
    };
    assert_eq!(storage(&desk.run(&["doctor", "--json"], "").out), "A");
    let root_file = desk.folder.path().join("jeton-data.root-key");
    std::fs::set_permissions(&root_file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    assert_eq!(storage(&desk.run(&["doctor", "--json"], "").out), "F");
}

/// The start reads no rows of tokens: a page that went bad is met by whoever asks for what lies on it, and by nobody else.
#[test]
fn a_page_that_went_bad_is_said_and_answers_no() {
    let mut desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b", "--token-format", "opaque"]);
    desk.done(&["client", "create", "--name", "worker", "--audience", "a:b"]);
    let id = desk.json(&["token", "issue", "--client", "worker"])["id"].as_str().unwrap().to_owned();
    assert!(desk.done(&["token", "show", &id]).contains("active"));
    desk.stop_server();
    let path = desk.folder.path().join("jeton-data/jeton.db");
    let mut database = std::fs::read(&path).unwrap();
    let token: Vec<u8> = id.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect();
    // Behind the key lie the row's other columns; the ledger's entry, which the start reads, names the token and no client behind it.
    let is_row = |at: &usize| database[*at..].starts_with(&token) && database[*at..at + 60].windows(7).any(|text| text == b"client_");
    let places: Vec<usize> = (0..database.len() - 60).filter(is_row).collect();
    assert!(!places.is_empty(), "the row lies in the database");
    places.iter().for_each(|at| database[at + 24] ^= 1);
    std::fs::write(&path, database).unwrap();
    desk.start_server();
    desk.fails(&["token", "show", &id], "", 3, "a row of table `access_token` is not what was written");
    desk.done(&["token", "issue", "--client", "worker"]);
    assert_ne!(desk.run(&["check", "--full"], "").code, 0);
}

/// Each member that the API lets be changed has a flag, also for taking it away.
#[test]
fn what_limits_a_key_is_set_and_taken_away() {
    let desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b", "--scope", "read=Read"]);
    desk.done(&["client", "create", "--name", "shop", "--audience", "a:b"]);
    let create =
        ["key", "create", "--owner", "external:acme", "--audience", "a:b", "--name", "k", "--note", "n", "--allow-ip", "192.0.2.0/24"];
    let limits = ["--rate-limit", "5/1m", "--max-uses", "9", "--metadata", "order=4711", "--metadata", "by=ada=eve"];
    let made = desk.json(&[&create[..], &limits].concat());
    assert_eq!(made["metadata"], json!({"order": "4711", "by": "ada=eve"}));
    let id = made["id"].as_str().unwrap();
    let explained = desk.done(&["key", "explain", id]);
    assert!(
        explained.replace('\n', " ").contains("Each use is judged besides, by its networks, its rate, how often it may be used"),
        "{explained}"
    );
    let stays = desk.json(&["key", "update", id, "--name", "other"]);
    for name in ["note", "allow_ip", "rate_limit", "max_uses", "metadata", "scope"] {
        assert_eq!(stays[name], made[name], "{name}");
    }
    let none = ["--note", "", "--any-ip", "--no-rate-limit", "--no-max-uses", "--no-metadata", "--expires-in", "1h"];
    let bare = desk.json(&[&["key", "update", id][..], &none].concat());
    let is_nothing = |value: &Value| value.is_null() || *value == json!([]) || *value == json!({});
    for name in ["note", "allow_ip", "rate_limit", "max_uses", "metadata"] {
        assert!(is_nothing(&bare[name]), "{name}: {}", bare[name]);
    }
    assert!(bare["expires_at"].as_str().unwrap() < made["expires_at"].as_str().unwrap());
    let moved = desk.json(&["key", "transfer", id, "--owner", "external:other", "--client", "shop"]);
    assert!(moved["owner"] == "external:other" && moved["client"].is_string(), "{moved}");
    desk.fails(&["client", "secret", "revoke", "shop", "", "--yes"], "", 2, "a name or an id is empty");
    desk.fails(&["api", "show", ""], "", 2, "a name or an id is empty");
    let nobody = [&["key", "create", "--owner", "user:nobody"][..], &create[4..]].concat();
    desk.fails(&nobody, "", 1, "`jeton user list`");
    desk.done(&["user", "create", "--username", "ada"]);
    let beyond = ["key", "create", "--owner", "user:ada", "--audience", "a:b", "--name", "k", "--scope", "read"];
    desk.fails(&beyond, "", 2, "`jeton role assign`");
    desk.fails(&[&create[..], &["--expires-in", "400d"]].concat(), "", 2, "--help says what may be given");
    desk.fails(&["key", "update", id, "--metadata", "order"], "", 2, "NAME=TEXT");
    desk.fails(&["key", "update", id, "--any-ip", "--allow-ip", "192.0.2.0/24"], "", 2, "cannot be used with");
}

/// What comes out otherwise than somebody may think is said where it is done.
#[test]
fn what_nobody_asked_for_is_said() {
    let desk = Desk::with_server();
    let api = "https://orders.example";
    desk.done(&["api", "create", "--audience", api, "--scope", "orders:read", "--scope", "orders:write"]);
    desk.done(&["client", "create", "--name", "worker", "--audience", api]);
    let rows = [("a", "orders:read", "2099-01-01T00:00:00Z"), ("b", "", ""), ("c", "orders:read", "")];
    let lines = rows.map(|(digit, scope, ends_at)| format!("{},external:acme,{scope},{ends_at}\n", digit.repeat(64)));
    desk.write("keys.csv", &format!("sha256,owner,scope,expires_at\n{}", lines.concat()));
    let import = ["key", "import", "keys.csv", "--audience", api];
    let planned = desk.done(&[&import[..], &["--dry-run"]].concat());
    for words in [
        "3 would be imported, 0 there already, 0 refused.",
        "2 name no end, and end ",
        "1 ends earlier than said",
        "  line 2: 20",
        ", not 2099-01-01",
        "1 names no scope",
        "  line 3: orders:read orders:write\n",
    ] {
        assert!(planned.contains(words), "{words}: {planned}");
    }
    let done = desk.json(&import);
    assert_eq!((&done["shortened"][0]["line"], &done["unscoped"][0]["line"], &done["spread"]["keys"]), (&json!(2), &json!(3), &json!(2)));
    let again = desk.done(&import);
    assert_eq!(again, "0 imported, 3 there already, 0 refused.\n");

    desk.fails(&["policy", "set", "api_key", "--max", "60", "--dry-run"], "", 2, "write 60s, 60m, 60h or 60d");
    let made = desk.done(&["key", "create", "--owner", "client:worker", "--audience", api, "--name", "nightly"]);
    assert!(made.contains("suspended after 30 d, revoked after 60 d"), "{made}");
    let id = desk.json(&["key", "list", "--search", "nightly"])["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(desk.done(&["key", "resume", &id]), "nightly is accepted again.\n");
    desk.done(&["suspend", "--client", "worker", "--yes"]);
    assert!(desk.done(&["key", "resume", &id]).contains("still refused: suspended"));
    desk.done(&["user", "create", "--username", "ada"]);
    desk.done(&["user", "disable", "ada", "--yes"]);
    assert!(desk.done(&["user", "enable", "ada"]).contains("stays dead"));
}
