//! Commands that ask a server over the network: who is asked, who is trusted, and what is said where it cannot be.

#![expect(clippy::unwrap_used, reason = "what goes wrong here must fail the test")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

/// A token in looks only.
const TOKEN: &str = "jtn_pat_example";

struct Desk {
    folder: TempDir,
    server: Option<Child>,
}

struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Desk {
    fn new() -> Desk {
        Desk { folder: tempfile::tempdir().unwrap(), server: None }
    }

    /// With a server whose certificate for localhost is signed by the authority in `ca.pem`; and its URL.
    fn with_server() -> (Desk, String) {
        let mut desk = Desk::new();
        desk.put_pair();
        let url = format!("https://localhost:{}", port());
        let listen = url.replace("https://localhost", "127.0.0.1");
        let init = ["init", "--listen", &listen, "--issuer", &url];
        assert_eq!(desk.run(&init, &[]).code, 0);
        desk.serve(&["serve", "--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
        (desk, url)
    }

    fn serve(&mut self, arguments: &[&str]) {
        let mut server = self.command(arguments, &[]).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
        let started = lines.by_ref().map_while(Result::ok).any(|line| line.contains("jeton serves"));
        // Read on, so that the log never fills its pipe.
        thread::spawn(move || lines.for_each(drop));
        self.server = Some(server);
        assert!(started, "the server did not start");
    }

    fn put_pair(&self) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        self.write("ca.pem", &params.self_signed(&key).unwrap().pem());
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        self.write("cert.pem", &params.signed_by(&key, &issuer).unwrap().pem());
        self.write("key.pem", &key.serialize_pem());
        fs::set_permissions(self.folder.path().join("key.pem"), fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn command(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
        command.args(arguments).current_dir(self.folder.path()).env_clear().envs(environment.iter().copied()).stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Said {
        let output = self.command(arguments, environment).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    #[track_caller]
    fn fails(&self, arguments: &[&str], environment: &[(&str, &str)], code: i32, needle: &str) {
        let said = self.run(arguments, environment);
        assert_eq!(said.code, code, "{arguments:?}: {}{}", said.out, said.err);
        assert!(said.err.contains(needle), "{arguments:?}: {}", said.err);
        assert!(!said.err.contains(TOKEN) && !said.err.contains("panicked"), "{}", said.err);
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

/// A free port: nobody else takes it in the moment until somebody does.
fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A server that gives one answer, and the head of what it was asked.
fn answering(answer: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(head).unwrap().to_ascii_lowercase()
    });
    (url, asked)
}

#[test]
fn the_token_is_sent_and_the_path_lies_below_the_url() {
    let desk = Desk::new();
    desk.write("token.txt", &format!(" {TOKEN}\n"));
    let readable = |mode| std::fs::set_permissions(desk.folder.path().join("token.txt"), std::fs::Permissions::from_mode(mode)).unwrap();
    readable(0o600);
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n{\"items\":[]}";
    for (arguments, environment) in [(&["--token-file", "token.txt"][..], [("JETON_TOKEN", "another")]), (&[], [("JETON_TOKEN", TOKEN)])] {
        let (url, asked) = answering(answer);
        let server = format!("{url}/below/");
        let said = desk.run(&[&["api", "list", "--server", &server], arguments].concat(), &environment);
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        let asked = asked.join().unwrap();
        assert!(asked.starts_with("get /below/api/v1/apis"), "{asked}");
        assert!(asked.contains(&format!("authorization: bearer {TOKEN}\r\n")), "{asked}");
        assert!(asked.contains(&format!("host: {}\r\n", url.trim_start_matches("http://"))), "{asked}");
    }
    readable(0o644);
    let (url, asked) = answering(answer);
    let said = desk.run(&["api", "list", "--server", &url, "--token-file", "token.txt"], &[]);
    assert_eq!(said.err, "Others on this machine may read the token in token.txt: `chmod 600 token.txt`.\n");
    drop(asked.join().unwrap());
    let (url, asked) = answering(answer);
    let said = desk.run(&["api", "list"], &[("JETON_SERVER", &url), ("JETON_TOKEN", TOKEN)]);
    assert_eq!(said.code, 0, "{}", said.err);
    drop(asked.join().unwrap());
}

#[test]
fn what_the_server_answers_decides_the_exit_code() {
    let desk = Desk::new();
    let check = |answer: &'static str, code: i32, needle: &str| {
        let (url, asked) = answering(answer);
        desk.fails(&["api", "list", "--server", &url], &[("JETON_TOKEN", TOKEN)], code, needle);
        drop(asked.join().unwrap());
    };
    check("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n", 4, "jeton admin create");
    let no_such = "HTTP/1.1 404 Not Found\r\ncontent-length: 40\r\n\r\n{\"code\":\"not_found\",\"detail\":\"no such\"} ";
    check(no_such, 1, "no such");
    check("HTTP/1.1 409 Conflict\r\ncontent-length: 19\r\n\r\n{\"code\":\"conflict\"}", 1, "answered 409");
    // Whoever does not know the question has not answered it.
    check("HTTP/1.1 404 Not Found\r\ncontent-length: 23\r\n\r\n{\"code\":\"no_such_path\"}", 3, "admin_listen");
    check("HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno", 3, "--server");
    check("HTTP/1.1 408 Late\r\ncontent-length: 0\r\n\r\n", 3, "answered 408");
    check("HTTP/1.1 425 Early\r\ncontent-length: 0\r\n\r\n", 3, "answered 425");
    check("HTTP/1.1 429 Slower\r\ncontent-length: 23\r\n\r\n{\"code\":\"rate_limited\"}", 3, "answered 429");
    check("HTTP/1.1 422 Other\r\ncontent-length: 31\r\n\r\n{\"code\":\"idempotency_mismatch\"}", 2, "answered 422");
    check("HTTP/1.1 403 Forbidden\r\ncontent-length: 36\r\n\r\n{\"detail\":\"`jeton:apis:read` lacks\"}", 3, "jeton:apis:read");
    check("HTTP/1.1 302 Found\r\nlocation: https://other.example\r\ncontent-length: 0\r\n\r\n", 3, "answered 302");
    check("HTTP/1.1 500 Oops\r\ncontent-length: 27\r\n\r\n{\"detail\":\"\\u001b[31mred\"}\n", 3, "red");
    check("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", 3, "broke off");
    check("garbage\r\n\r\n", 3, "broke off");
}

/// In a leak this is what people type.
#[test]
fn a_secret_that_is_given_for_an_id_is_not_sent() {
    let desk = Desk::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let secret = format!("jtn_key_{}", "0aA1".repeat(15));
    let commands = "key show|key explain|key update --note n|key rotate|key end-previous|key transfer --owner external:a|key suspend|key resume|key revoke|token show|\
                    client show|client secret list|signing-key revoke|policy exception end|usage|key list --search|key create --name n --like";
    for command in commands.split('|') {
        let words: Vec<&str> = command.split(' ').chain([secret.as_str(), "--server", &url]).collect();
        let said = desk.run(&words, &[("JETON_TOKEN", TOKEN)]);
        assert!(said.code == 2 && !said.err.contains(&secret) && said.err.contains("token"), "{command}: {} {}", said.code, said.err);
        assert!(listener.accept().is_err(), "{command}: somebody was asked");
    }
}

/// A server that answers each request by its head and body; it breaks off where there is no answer.
fn talking(mut answer: impl FnMut(&str) -> Option<String> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let (mut head, mut length) = (String::new(), 0);
            while !head.ends_with("\r\n\r\n") {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                head += &line;
            }
            reader.read_exact(&mut vec![0; length]).unwrap();
            if let Some(body) = answer(&head) {
                let text = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                reader.get_mut().write_all(text.as_bytes()).unwrap();
            }
        }
    });
    url
}

/// The secret is in the answer alone.
#[test]
fn apply_asks_once_more_for_an_answer_that_was_lost() {
    let desk = Desk::new();
    let mut keys = Vec::new();
    let url = talking(move |head| {
        if head.starts_with("GET ") {
            return Some("{\"items\":[]}".to_owned());
        }
        let key = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("idempotency-key: ").map(str::to_owned));
        keys.push(key?);
        (keys.len() == 2 && keys[0] == keys[1])
            .then(|| "{\"name\":\"worker\",\"client_id\":\"c\",\"client_secret\":\"shown once\"}".to_owned())
    });
    desk.write("deployment.toml", "[[client]]\nname = 'worker'\n");
    let said = desk.run(&["apply", "deployment.toml", "--yes", "--server", &url], &[("JETON_TOKEN", TOKEN)]);
    assert!(said.code == 0 && said.out.contains("shown once"), "{} {}{}", said.code, said.out, said.err);
}

#[test]
fn all_rules_are_shown() {
    let desk = Desk::new();
    let (url, asked) = answering("HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"items\":[]}");
    assert_eq!(desk.run(&["policy", "show", "--server", &url], &[("JETON_TOKEN", TOKEN)]).code, 0);
    let asked = asked.join().unwrap();
    assert!(asked.starts_with("get /api/v1/policies?limit=1000 "), "{asked}");
}

#[test]
fn nobody_is_asked_without_a_token_or_in_the_clear() {
    let desk = Desk::new();
    let server = ["api", "list", "--server", "https://id.example"];
    desk.fails(&server, &[], 4, "JETON_TOKEN");
    desk.fails(&server, &[], 4, "jeton admin create");
    desk.fails(&server, &[("JETON_TOKEN", " ")], 4, "--token-file");
    desk.fails(&server, &[("JETON_TOKEN", "two words")], 2, "no token");
    desk.fails(&server, &[("JETON_TOKEN", "a\r\nx-other: b")], 2, "no token");
    desk.fails(&server, &[("JETON_TOKEN", "\u{202e}")], 2, "no token");
    desk.fails(&[&server[..], &["--token-file", "none.txt"]].concat(), &[], 3, "none.txt");
    desk.fails(&[&server[..], &["--token-file", "-"]].concat(), &[], 2, "standard input");
    for url in ["http://id.example", "ftp://id.example", "id.example", "https://user@id.example", "https://id.example?a", "", "\u{1b}[31m"]
    {
        desk.fails(&["api", "list", "--server", url], &[("JETON_TOKEN", TOKEN)], 2, "https://HOST");
    }
    let nobody = format!("http://127.0.0.1:{}", port());
    desk.fails(&["api", "list", "--server", &nobody], &[("JETON_TOKEN", TOKEN)], 3, "cannot be reached");
}

#[test]
fn the_authority_is_the_one_that_is_named() {
    let (desk, url) = Desk::with_server();
    let token = [("JETON_TOKEN", TOKEN)];
    let ask = |arguments: &[&'static str], url: &str| -> Vec<String> {
        ["api", "list", "--server", url].iter().chain(arguments).map(|word| (*word).to_owned()).collect()
    };
    let check = |words: Vec<String>, code: i32, needle: &str| {
        desk.fails(&words.iter().map(String::as_str).collect::<Vec<_>>(), &token, code, needle);
    };
    check(ask(&[], &url), 3, "--ca-file");
    check(ask(&["--ca-file", "ca.pem"], &url.replace("localhost", "127.0.0.1")), 3, "for another name");
    check(ask(&["--ca-file", "key.pem"], &url), 3, "none in it");
    check(ask(&["--ca-file", "none.pem"], &url), 3, "none.pem");
    check(ask(&[], &url.replace("https", "http")), 2, "use https");
    // It is trusted, and says that the token is none.
    let said = desk.run(&["api", "list", "--server", &url, "--ca-file", "ca.pem"], &token);
    assert!(!said.err.contains("certificate") && !said.err.contains("reached"), "{}", said.err);
    // The socket of the same folder is asked where no server is named.
    assert_eq!(desk.run(&["api", "list"], &[]).code, 0);
    let said = desk.run(&["config", "check"], &[("JETON_SERVER", &url)]);
    assert!(said.out.contains(&format!("Commands ask {url}")), "{}{}", said.out, said.err);
}

/// What an owner may do, in an order in which each has what it needs.
const COMMANDS: &[&str] = &[
    "api create --audience https://orders.example --scope orders:read=Read",
    "api list",
    "api show https://orders.example",
    "api update https://orders.example --access-token-lifetime 15m",
    "client create --name worker --audience https://orders.example",
    "client list",
    "client show worker",
    "client secret create worker --overlap 24h",
    "client secret list worker",
    "user create --username grace",
    "user list",
    "user show grace",
    "user invite lin --email lin@example.com",
    "user export --without-passwords",
    "user disable grace",
    "user enable grace",
    "user unlock grace",
    "user reset-mfa grace",
    "user reset-passkeys grace",
    "group create --name billing",
    "group add billing grace",
    "group members billing",
    "group list",
    "role create --audience https://orders.example --name clerk --scope orders:read",
    "role assign clerk group:billing",
    "role holders clerk",
    "role list",
    "provider list",
    "key create --owner external:acme --audience https://orders.example --scope orders:read --name acme",
    "key list",
    "suspension list",
    "policy show",
    "usage",
    "signing-key list",
    "audit tail",
    "audit checkpoint",
    "audit verify",
    "check",
    "request GET /api/v1/administrators/self",
    "export",
];

#[test]
fn an_administrator_does_from_elsewhere_what_they_may() {
    let (desk, url) = Desk::with_server();
    let token = |username: &str, role: &str| {
        desk.write("administrator.json", &format!(r#"{{"username":"{username}","role":"{role}"}}"#));
        let said = desk.run(&["request", "POST", "/api/v1/administrators", "--body", "administrator.json"], &[]);
        assert_eq!(said.code, 0, "{}", said.err);
        let answer: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        answer.get("key").and_then(serde_json::Value::as_str).unwrap().to_owned()
    };
    let (owner, auditor) = (token("ada", "owner"), token("alan", "auditor"));
    // No folder is there: what is answered comes from the server.
    let run = |token: &str, command: &str| {
        let words: Vec<&str> = command.split(' ').chain(["--yes", "--data", "none"]).collect();
        desk.run(&words, &[("JETON_SERVER", &url), ("JETON_CA_FILE", "ca.pem"), ("JETON_TOKEN", token)])
    };
    for command in COMMANDS {
        let said = run(&owner, command);
        assert_eq!(said.code, 0, "{command}: {}{}", said.out, said.err);
        assert!(!said.out.is_empty() && !said.err.contains(&owner), "{command}: {}", said.err);
    }
    assert_eq!(run(&auditor, "api list").code, 0);
    let said = run(&auditor, "api delete https://orders.example");
    assert!(said.code == 3 && said.err.contains("jeton:apis:write"), "{}: {}", said.code, said.err);
    let said = run("jtn_pat_none", "api list");
    assert!(said.code == 4 && !said.err.contains("jtn_pat_none"), "{}: {}", said.code, said.err);
}

#[test]
fn administrators_have_a_listener_of_their_own() {
    let mut desk = Desk::new();
    let (public, admin) = (format!("127.0.0.1:{}", port()), format!("127.0.0.1:{}", port()));
    assert_eq!(desk.run(&["init", "--listen", &public], &[]).code, 0);
    desk.fails(&["serve", "--admin-listen", &public], &[], 3, "of its own");
    desk.fails(&["serve", "--admin-listen", "8422"], &[], 2, "address and a port");
    desk.serve(&["serve", "--admin-listen", &admin]);
    let taken = ["serve", "--listen", "127.0.0.1:0", "--issuer", "https://a.example", "--admin-listen", &admin, "--data", "other"];
    assert_eq!(desk.run(&["init", "--data", "other", "--issuer", "https://a.example"], &[]).code, 0);
    desk.fails(&taken, &[], 3, "choose another as `admin_listen`");
    for (request, at_public, at_admin) in [
        ("GET /readyz", true, false),
        ("GET /.well-known/jwks.json", true, false),
        ("POST /api/v1/keys/verify", true, true),
        ("GET /api/v1/keys/self", true, true),
        ("GET /api/v1/apis", false, true),
        ("GET /api/v1/audit/entries", false, true),
        ("GET /metrics", false, true),
    ] {
        assert_eq!(status(&public, request) != 404, at_public, "{request}");
        let status = status(&admin, request);
        assert_eq!(status != 404, at_admin, "{request}");
        assert_ne!(status, 200, "{request}: nobody is signed in");
    }
}

/// Who names both has said so (decision 32): the numbers are there without proof, and nothing else is.
#[test]
fn metrics_may_have_a_listener_beside_that_of_administrators() {
    let mut desk = Desk::new();
    let [public, admin, metrics] = [(); 3].map(|()| format!("127.0.0.1:{}", port()));
    assert_eq!(desk.run(&["init", "--listen", &public, "--admin-listen", &admin], &[]).code, 0);
    let file = desk.folder.path().join("jeton-data/jeton.toml");
    fs::write(&file, format!("{}metrics_listen = \"{metrics}\"\n", fs::read_to_string(&file).unwrap())).unwrap();
    let said = desk.run(&["config", "check"], &[]).out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains(&format!("on the socket, with a token on {admin}, and for whoever reaches it")), "{said}");
    desk.serve(&["serve"]);
    for (address, request, expected) in [
        (&public, "GET /metrics", 404),
        (&admin, "GET /metrics", 401),
        (&metrics, "GET /metrics", 200),
        (&metrics, "GET /api/v1/apis", 404),
        (&metrics, "GET /api/v1/doctor", 404),
    ] {
        assert_eq!(status(address, request), expected, "{request} at {address}");
    }
}

fn status(address: &str, request: &str) -> u16 {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.write_all(format!("{request} HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}
