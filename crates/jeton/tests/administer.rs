//! Administrators of each role, who ask the program's server from elsewhere: what they may, and what those are told who may not.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what goes wrong here must fail the test")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

const ROLES: [&str; 4] = ["owner", "operator", "developer", "auditor"];

/// What somebody tries; how the permission that it needs begins; and whether an owner, an operator, a developer and an auditor may.
const TRIED: &[(&[&str], &str, [bool; 4])] = &[
    (&["api", "list"], "jeton:apis:read", [true, true, true, true]),
    (&["admin", "list"], "jeton:roles:read", [true, true, true, true]),
    (&["request", "GET", "/api/v1/statistics"], "jeton:server:read", [true, true, true, true]),
    (&["usage"], "jeton:usage:read", [true, true, true, true]),
    (&["audit", "tail", "-n", "1"], "jeton:audit:read", [true, true, false, true]),
    (&["audit", "verify"], "jeton:audit:read", [true, true, false, true]),
    (&["client", "update", "worker", "--contact", "Ada"], "jeton:clients:write", [true, true, true, false]),
    (&["token", "issue", "--client", "worker"], "jeton:tokens:issue", [true, true, true, false]),
    (&["key", "create", "--owner", "client:worker", "--audience", "a:b", "--name", "k"], "jeton:keys:write", [true, true, true, false]),
    (&["revoke", "--everything", "--dry-run"], "jeton:", [true, true, false, false]),
    (&["policy", "set", "client_secret", "--max", "90d"], "jeton:policies:write", [true, true, false, false]),
    (&["signing-key", "rotate", "--force"], "jeton:signing_keys:write", [true, true, false, false]),
    (&["user", "update", "eve", "--name", "Eve"], "jeton:people:write", [true, true, false, false]),
    (&["role", "assign", "role_owner", "user:eve"], "jeton:roles:write", [true, false, false, false]),
    (&["admin", "create", "--username", "mallory", "--role", "owner"], "jeton:roles:write", [true, false, false, false]),
    (&["root-key", "rotate"], "jeton:root_key:write", [true, false, false, false]),
];

/// A server, and how it is asked from elsewhere.
struct Desk {
    folder: TempDir,
    server: Child,
    url: String,
}

struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Desk {
    fn new(is_encrypted: bool) -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("127.0.0.1:{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
        let url = if is_encrypted { address.replace("127.0.0.1", "https://localhost") } else { format!("http://{address}") };
        let made = command(&folder).args(["init", "--listen", &address, "--issuer", &url]).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let mut serve = command(&folder);
        serve.arg("serve");
        if is_encrypted {
            put_pair(&folder);
            serve.args(["--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
        }
        let mut server = serve.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
        let started = lines.by_ref().map_while(Result::ok).any(|line| line.contains("jeton serves"));
        // Read on, so that the log never fills its pipe.
        thread::spawn(move || lines.for_each(drop));
        let desk = Desk { folder, server, url };
        assert!(started, "the server did not start");
        desk
    }

    /// On the server's machine, over its socket.
    #[track_caller]
    fn here(&self, arguments: &[&str]) -> String {
        let output = command(&self.folder).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// From elsewhere, with this token. The folder that is named does not exist there.
    fn elsewhere(&self, token: &str, arguments: &[&str]) -> Said {
        let mut command = command(&self.folder);
        command.args(arguments).args(["--server", &self.url, "--data", "nowhere", "--yes"]).env("JETON_TOKEN", token);
        if self.url.starts_with("https") {
            command.env("JETON_CA_FILE", "ca.pem");
        }
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let said = Said { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) };
        assert!(!said.err.contains(token) && !said.err.contains("panicked"), "{}", said.err);
        said
    }

    fn administrator(&self, username: &str, role: &str) -> String {
        let made = self.here(&["admin", "create", "--username", username, "--role", role, "--json"]);
        serde_json::from_str::<serde_json::Value>(&made).unwrap()["key"].as_str().unwrap().to_owned()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn command(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
    command.current_dir(folder.path()).env_clear().stdin(Stdio::null());
    command
}

/// An authority in `ca.pem`, and a pair for localhost that it signed.
fn put_pair(folder: &TempDir) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
    write("ca.pem", params.self_signed(&key).unwrap().pem());
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    write("cert.pem", CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap().pem());
    write("key.pem", key.serialize_pem());
    fs::set_permissions(folder.path().join("key.pem"), fs::Permissions::from_mode(0o600)).unwrap();
}

fn each_role_may_what_it_may(is_encrypted: bool) {
    let desk = Desk::new(is_encrypted);
    desk.here(&["api", "create", "--audience", "a:b"]);
    desk.here(&["client", "create", "--name", "worker", "--audience", "a:b"]);
    desk.here(&["user", "create", "--username", "eve"]);
    for (place, role) in ROLES.iter().enumerate().rev() {
        let token = desk.administrator(&format!("the-{role}"), role);
        for (arguments, permission, may) in TRIED {
            let said = desk.elsewhere(&token, arguments);
            let shown = format!("{role} {arguments:?}: {} {}{}", said.code, said.out, said.err);
            if may[place] {
                assert_eq!(said.code, 0, "{shown}");
                continue;
            }
            assert_eq!((said.code, said.out.as_str()), (3, ""), "{shown}");
            assert!(said.err.contains(&format!("the permission `{permission}")) && said.err.contains("` lacks"), "{shown}");
            assert!(said.err.contains("→ ask an owner of this deployment for a role that has it"), "{shown}");
        }
    }
    let refused = desk.elsewhere("jtn_pat_nothing", &["api", "list"]);
    assert_eq!((refused.code, refused.out.as_str()), (4, ""), "{}", refused.err);
    assert!(refused.err.contains("JETON_TOKEN"), "{}", refused.err);
}

#[test]
fn over_loopback_each_role_may_what_it_may() {
    each_role_may_what_it_may(false);
}

#[test]
fn over_tls_each_role_may_what_it_may() {
    each_role_may_what_it_may(true);
}

#[test]
fn who_is_removed_or_disabled_administers_nothing() {
    let desk = Desk::new(false);
    let (ada, eve) = (desk.administrator("ada", "operator"), desk.administrator("eve", "auditor"));
    let code = |token: &str, arguments: &[&str]| desk.elsewhere(token, arguments).code;
    assert_eq!((code(&ada, &["key", "list"]), code(&eve, &["key", "list"])), (0, 0));
    // Who acts is named, and nobody gives what they have not.
    assert_eq!(code(&ada, &["api", "create", "--audience", "a:b"]), 0);
    assert!(desk.here(&["audit", "tail", "-n", "5"]).contains("key:"), "the ledger names the token that acted");
    assert_eq!(code(&ada, &["admin", "create", "--username", "mallory", "--role", "owner"]), 3);
    // A role that is taken lacks at once; a token that has ended says nothing of who it was.
    desk.here(&["role", "unassign", "role_operator", "user:ada"]);
    assert_eq!(code(&ada, &["key", "list"]), 3);
    desk.here(&["user", "disable", "eve", "--yes"]);
    assert_eq!(code(&eve, &["key", "list"]), 4);
    desk.here(&["user", "enable", "eve"]);
    desk.here(&["admin", "remove", "eve", "--yes"]);
    let said = desk.elsewhere(&eve, &["key", "list"]);
    assert!(said.code == 4 && said.err.contains("→"), "{} {}", said.code, said.err);
}
