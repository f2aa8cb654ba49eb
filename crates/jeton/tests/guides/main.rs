//! Every command in the documentation, run as it stands: a server of its own for each page, its commands in one shell.

#![expect(clippy::unwrap_used, reason = "what goes wrong here must fail the test")]

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

mod named;
mod unrun;

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

/// What the pages' commands need beside Jeton.
const TOOLS: [&str; 6] = ["bash", "curl", "jq", "node", "npm", "python3"];

const JETON: &str = env!("CARGO_BIN_EXE_jeton");

/// What the server of each page is told beside what `jeton init` writes.
const SERVED_WITH: [(&str, &str); 1] = [("JETON_ACCESS_LOG", "jeton-data/access.log")];

/// The page that makes a server itself, at the address that every page names: it is told of another beside its commands.
const UNSERVED: &str = "../README.md";

/// What pages of reference begin with: something to look at.
const FURNISHED: &str = "\
jeton api create --audience https://orders.example --scope orders:read=Read --scope orders:write=Write > /dev/null
jeton client create --name worker --audience https://orders.example --scope orders:read --json > worker.json
jeton client create --name orders --audience https://orders.example --may-introspect --json > orders.json
jeton token issue --client worker > token.txt
for each in 1 2 3; do
  jeton key create --owner external:acme --audience https://orders.example --name acme --json > key.json
  jq -r .key key.json > key.txt
  KEY=\"$(jq -r .id key.json)\"
done
# Its lines are written each second.
for _ in $(seq 100); do grep -q /api/v1/keys jeton-data/access.log 2> /dev/null && break; sleep 0.1; done
";

/// A program in a folder, without what this machine's user may have told Jeton.
fn command(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("JETON_")) {
        command.env_remove(name);
    }
    command
}

/// A free port: nobody else takes it in the moment until the server does.
fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn serve(folder: &Path, address: &str) -> Server {
    let made = command(JETON, folder).args(["init", "--issuer", &format!("http://{address}"), "--listen", address]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut server = command(JETON, folder).arg("serve").envs(SERVED_WITH).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
    let started = lines.by_ref().map_while(Result::ok).any(|line| line.contains("jeton serves"));
    // Read on, so that the log never fills its pipe.
    std::thread::spawn(move || lines.for_each(drop));
    let server = Server(server);
    assert!(started, "the server did not start");
    server
}

/// The shell blocks of a page, in order.
fn script(name: &str, page: &str) -> String {
    let name = name.strip_prefix("../").map_or_else(|| format!("docs/{name}"), str::to_owned);
    let blocks = page.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.filter(|block| !unrun::is_unrun(&name, block)).collect()
}

#[track_caller]
fn check(name: &str, shows: &[&str]) {
    run(name, "", shows);
}

/// A page of reference, whose commands need something to be there.
#[track_caller]
fn check_furnished(name: &str, shows: &[&str]) {
    run(name, FURNISHED, shows);
}

#[track_caller]
fn run(name: &str, before: &str, shows: &[&str]) {
    let page = std::fs::read_to_string(docs().join(name)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let missing = |tool: &&str| !command(tool, folder.path()).arg("--version").output().is_ok_and(|output| output.status.success());
    let missing: Vec<&str> = TOOLS.iter().copied().filter(missing).collect();
    assert!(missing.is_empty(), "install {missing:?} to run the commands of {name}");
    let address = format!("127.0.0.1:{}", port());
    let _server = (name != UNSERVED).then(|| serve(folder.path(), &address));
    // Pages are read with the ports they name, and run beside each other with ports of their own.
    let script =
        script(name, &page).replace("127.0.0.1:8420", &address).replace("8421", &port().to_string()).replace("8422", &port().to_string());
    assert!(!script.is_empty(), "{name} has no commands");
    let ended = "trap 'kill $(jobs -p) 2> /dev/null || true' EXIT";
    let script = format!("{ended}\nPATH='{}':\"$PATH\"\n{before}{script}", Path::new(JETON).parent().unwrap().display());
    let mut bash = command("bash", folder.path());
    if name == UNSERVED {
        bash.envs([("JETON_LISTEN", address.clone()), ("JETON_ISSUER", format!("http://{address}"))]);
    }
    let output = bash.args(["-euxo", "pipefail", "-c", &script]).output().unwrap();
    let said = format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{name}:\n{said}");
    for shown in shows {
        assert!(said.contains(shown), "{name} does not show {shown}:\n{said}");
    }
    assert!(!said.contains("\"error\": \"server_error\"") && !said.contains("\"status\": 5"), "{name}:\n{said}");
}

#[test]
fn the_first_page() {
    let shows = ["ready", "\"access_token\": \"", "Would live for 90 d", "tokens.cut_off", "no server had to be believed"];
    check("../README.md", &shows);
}

#[test]
fn the_tutorial() {
    check("tutorial.md", &["\"active\": true", "\"active\": false", "invalid_scope", "orders:read"]);
}

#[test]
fn move_keys_here() {
    let shows =
        ["2 would be imported", "2 imported, 0 there already", "0 imported, 2 there already", "This is the key's text.", "acme, nightly"];
    check("how-to/move-keys-here.md", &shows);
}

#[test]
fn move_people_here() {
    let shows = ["2 would be imported", "2 imported, 0 there already", "0 imported, 2 there already", "ada,Ada Example", "users.exported"];
    check("how-to/move-people-here.md", &shows);
}

#[test]
fn keys_for_customers() {
    check(
        "how-to/keys-for-customers.md",
        &["\"valid\": true", "\"remaining\": 99", "external:acme", "Suspended 1 API key", "Resumed 1 API key", "Would end 1 API key"],
    );
}

#[test]
fn a_leaked_key() {
    check("how-to/a-leaked-key.md", &["is revoked", "api_key.revoked"]);
}

#[test]
fn rotate_without_downtime() {
    check(
        "how-to/rotate-without-downtime.md",
        &["live", "no longer accepted", "The new text is in key.txt", "Accepted.", "had before is not accepted"],
    );
}

#[test]
fn protect_an_api_in_node() {
    check("how-to/protect-an-api-in-node.md", &["the orders of ", "asked: 401", "offline: 200"]);
}

#[test]
fn protect_an_api_in_python() {
    check("how-to/protect-an-api-in-python.md", &["the orders of ", "asked: 401", "offline: accepted, scope orders:read"]);
}

#[test]
fn protect_an_api_in_rust() {
    check("how-to/protect-an-api-in-rust.md", &["of client:client_"]);
}

#[test]
fn web() {
    let shows = [
        "Hello, Ada Example. Your token allows: offline_access openid orders:read profile",
        "the browser keeps shop",
        "the browser keeps jeton_session",
        "grant.created",
    ];
    check("how-to/web.md", &shows);
}

#[test]
fn single_page() {
    check("how-to/single-page.md", &["first: two orders", "again: two orders", "left: nothing is held any more"]);
}

#[test]
fn native() {
    let shows = ["Ada Example, by the browser, may offline_access openid orders:read profile", "Ada Example, without a browser", "left"];
    check("how-to/native.md", &shows);
}

#[test]
fn examples() {
    for program in ["example-api", "example-browser-app"] {
        assert!(Path::new(JETON).with_file_name(program).exists(), "`cargo build --workspace` makes {program}");
    }
    let shows = ["orders: [{\"item\":\"tea\",\"order\":1}]", "pay out: 403 That needs", "signed out: True"];
    check("../examples/README.md", &shows);
}

#[test]
fn service() {
    check("how-to/service.md", &["200 200 200 - it may orders:read", "Would end 1 access token", "Revoked 1 access token"]);
}

#[test]
fn command_line() {
    let shows = ["a token of ", "https://orders.example", "a key of ", "Go back to the terminal", "Ada Example", "not signed in: 4"];
    check("how-to/command-line.md", &shows);
}

#[test]
fn version_control() {
    check("how-to/version-control.md", &["Nothing to change", "+ role clerk", "4 to make", "- group forgotten", "differs: 1"]);
}

#[test]
fn back_up() {
    check("operations/back-up.md", &["tail", "snapshots", "RECOVERY KIT", "age1"]);
}

#[test]
fn restore() {
    check("operations/restore.md", &["Nothing whose end was acknowledged until", "Accepted."]);
}

#[test]
fn drill() {
    let shows = ["The drill passed", "same none", "2 of 2 tokens that were revoked", "opened a backup", "receipts"];
    check("operations/drill.md", &shows);
}

#[test]
fn another_machine() {
    check("operations/another-machine.md", &["https://orders.example"]);
}

#[test]
fn lost_disk() {
    check("operations/lost-disk.md", &["It cannot be shown that nothing after", "The gap is accepted", "Accepted."]);
}

#[test]
fn lost_root_key() {
    check("operations/lost-root-key.md", &["root"]);
}

#[test]
fn leaked_signing_key() {
    check("operations/leaked-signing-key.md", &["revoked"]);
}

#[test]
fn leaked_token() {
    check("operations/leaked-token.md", &["Revoked 1 access token"]);
}

#[test]
fn a_person_is_erased() {
    check("operations/erase-a-person.md", &["Would go with user_", "Erased, with 0 keys", "what was written"]);
}

#[test]
fn tls() {
    check("how-to/tls.md", &["\"issuer\":\"https://localhost:", "use https", "HUP"]);
}

#[test]
fn administrators() {
    let shows =
        ["the permission `jeton:apis:write` lacks", "refused with 3", "not signed in: 4", "ended: 4", "auditor", "administers nothing"];
    check("how-to/administrators.md", &shows);
}

#[test]
fn usage() {
    check("usage.md", &["issued", "\"verifiers\"", "uses are counted since", "two applications use it"]);
}

#[test]
fn policies() {
    check("policies.md", &["api_key", "would expire", "Ada Example", "is accepted again"]);
}

#[test]
fn management_api() {
    check_furnished(
        "reference/management-api.md",
        &["\"audience\":\"https://orders.example\"", "\"next\":", "the same answer, and one key"],
    );
}

#[test]
fn metrics() {
    check_furnished("reference/metrics.md", &["# TYPE jeton_", "jeton_ledger"]);
}

#[test]
fn access_log() {
    check_furnished("reference/access-log.md", &["/api/v1/keys"]);
}

#[test]
fn configuration() {
    check("reference/configuration.md", &["The configuration is sound", "127.0.0.1:9000", "did you mean `JETON_LISTEN`?"]);
}

#[test]
fn doctor() {
    check_furnished("reference/doctor.md", &["Grade: ", "today", "something is to be done: 1"]);
}
