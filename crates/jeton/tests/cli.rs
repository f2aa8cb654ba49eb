//! The program as people use it: exit codes, what goes to standard output, and what an error says.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what goes wrong here must fail the test")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
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
        let mut server = desk.command(&["serve", "--listen", "127.0.0.1:0"]).stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(server.stderr.take().unwrap());
        let mut lines = log.lines();
        let started = lines.by_ref().map_while(Result::ok).any(|line| line.contains("jeton serves"));
        // Read on, so that the log never fills its pipe.
        std::thread::spawn(move || lines.for_each(drop));
        desk.server = Some(server);
        assert!(started, "the server did not start");
        desk
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
    desk.fails(&["api", "list"], "", 3, "the server is not running at ./jeton-data/jeton.sock");
    desk.fails(&["api", "list"], "", 3, "start it with `jeton serve --data ./jeton-data`");
    desk.fails(&["request", "GET", "api"], "", 2, "slash");
    desk.fails(&["api", "update", "a:b", "--access-token-lifetime", "soon"], "", 2, "90s, 15m, 24h or 90d");
    desk.fails(&["revoke"], "", 2, "nothing is named");
    desk.fails(&["revoke", "--client", "a", "--api", "b"], "", 2, "cannot be used with");
    desk.fails(&["revoke", "--client", "a"], "", 2, "add --yes");
    desk.fails(&["revoke", "--before", "now", "--yes"], "", 2, "add --everything");
    desk.fails(&["revoke", "--everything"], "", 2, "EVERY token of this server, of every client and for every API");
    desk.fails(&["revoke", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln"], "", 2, "not given as an argument");
    assert!(desk.done(&["config", "check"]).contains("sound"));
    desk.write("jeton-data/jeton.toml", "isuer = \"https://a.example\"\n");
    desk.fails(&["config", "check"], "", 1, "did you mean `issuer`?");
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
    for (flags, needle) in [
        (["--issuer", "https://x.example"], "another issuer"),
        (["--audience", "https://x.example"], "another audience"),
        (["--typ", "JWT"], "another type"),
    ] {
        desk.fails(&[&verify[..], &flags[..]].concat(), &token, 1, needle);
    }
    let named = ["--issuer", "https://a.example", "--audience", "https://b.example", "--typ", "at+jwt"];
    let said = desk.run(&[&verify[..], &named[..]].concat(), &token);
    assert_eq!((said.code, said.out.contains("Not compared")), (0, false), "{}", said.out);
    let forged = token.replacen('.', ".e30", 1);
    desk.fails(&verify, &forged, 1, "");
    let old = desk.run(&["jwt", "sign", "--key", "key.json"], r#"{"iss":"a","aud":"b","exp":1700000000}"#).out;
    desk.fails(&verify, &old, 1, "expired");
    desk.fails(&["jwt", "decode", "-"], "not a token", 1, "opaque");
    desk.fails(&["jwt", "decode", "-"], "", 2, "no token in the input");
    desk.fails(&["jwt", "decode", token.trim()], "", 2, "not given as an argument");
    desk.fails(&["jwt", "sign", "--key", "public.json"], "{}", 2, "public.json");
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
    desk.done(&["token", "suspend", id]);
    desk.fails(&["token", "introspect", "-"], token, 1, "not active");
    assert_eq!(desk.run(&["token", "resume", "-"], token).code, 0);
    assert_eq!(desk.run(&["revoke", "-"], token).out, "Revoked 1 access token.\n");
    desk.fails(&["token", "introspect", "-"], token, 1, "not active");
    desk.fails(&["token", "resume", id], "", 1, "nothing brings it back");
    desk.fails(&["token", "issue", "--client", "worker", "--scope", "admin"], "", 2, "admin");
    desk.json(&["token", "issue", "--client", "worker"]);
    desk.fails(&["revoke", "--client", "worker"], "y\n", 2, "add --yes");
    assert!(desk.done(&["revoke", "--client", "worker", "--dry-run"]).starts_with("Would end 1 access token"));
    assert!(desk.done(&["revoke", "--client", "worker", "--yes"]).starts_with("Revoked 1 access token"));
    assert_eq!(desk.json(&["revoke", "--everything", "--before", "now", "--yes"])["fell"]["access_tokens"], 0);
    desk.fails(&["revoke", "--user", "mallory", "--yes"], "", 1, "nobody of that name is known");
    desk.fails(&["client", "show", "nobody"], "", 1, "jeton client list");
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
    assert_eq!(desk.json(&["root-key", "rotate"])["epochs"].as_array().unwrap().len(), 2);
    assert!(desk.done(&["audit", "tail", "-n", "3"]).contains("root_key.rotated"));
    assert!(desk.done(&["audit", "verify"]).contains("The ledger is what was written"));
    assert!(desk.done(&["audit", "checkpoint"]).starts_with("127.0.0.1:8420\n"));
    assert!(desk.done(&["check", "--full"]).contains("What was read is what was written"));
    assert!(desk.done(&["request", "get", "/api/v1/statistics"]).contains("\"clients\":1"));
    desk.fails(&["request", "GET", "/api/v1/nothing"], "", 1, "404");
    desk.fails(&["request", "POST", "/api/v1/apis", "--body", "-"], "{}", 2, "400");
    desk.done(&["client", "delete", "worker", "--yes"]);
    assert_eq!(desk.done(&["api", "delete", "a:b", "--yes"]), "Removed a:b: every token for it is dead.\n");
    desk.fails(&["api", "delete", "a:b", "--yes"], "", 1, "no API");
    assert!(Path::new(&desk.folder.path().join("jeton-data.root-key")).exists());
}
    desk.fails(&["request", "GET", "/nope"], "", 1, "its paths begin with /api/v1, such as /api/v1/apis");
