//! The program with a certificate that an authority issues: ordered at the first start, kept, renewed, and kept where the authority is away.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what goes wrong here must fail the test")]

mod directory;

use std::fs;
use std::io::{BufRead as _, BufReader, Lines};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use tempfile::TempDir;

use directory::{Directory, get};

/// A data folder that orders from an authority of the test's own.
struct Desk {
    folder: TempDir,
    port: u16,
    responder: u16,
    directory: Directory,
}

struct Server {
    process: Child,
    log: Lines<BufReader<ChildStderr>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Desk {
    fn new() -> Desk {
        let (port, responder) = (port(), port());
        let desk = Desk { folder: tempfile::tempdir().unwrap(), port, responder, directory: Directory::start(responder) };
        fs::write(desk.folder.path().join("ca.pem"), desk.directory.root_pem()).unwrap();
        let made = desk.command(&["init", "--listen", &format!("127.0.0.1:{port}"), "--issuer", &desk.issuer()]).status().unwrap();
        assert!(made.success());
        desk.configure(&desk.directory.url(), "ca.pem");
        desk
    }

    fn issuer(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    fn configure(&self, directory: &str, ca_file: &str) {
        let path = self.folder.path().join("jeton-data/jeton.toml");
        let text = fs::read_to_string(&path).unwrap();
        let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("acme_")).collect();
        let (kept, responder, ca_file) = (kept.join("\n"), self.responder, self.folder.path().join(ca_file));
        let acme = format!("acme_directory = \"{directory}\"\nacme_contact = \"ops@example.com\"\nacme_listen = \"127.0.0.1:{responder}\"");
        fs::write(path, format!("{kept}\n{acme}\nacme_ca_file = \"{}\"\n", ca_file.display())).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command
    }

    fn serve(&self) -> Server {
        let mut process = self.command(&["serve"]).stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(process.stderr.take().unwrap()).lines();
        Server { process, log }
    }

    /// The certificate that the listener shows to whoever trusts the authority.
    fn shown(&self) -> Vec<u8> {
        let mut roots = RootCertStore::empty();
        roots.add(self.directory.root()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = builder.with_root_certificates(roots).with_no_client_auth();
        let mut session = ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap();
        session.complete_io(&mut TcpStream::connect(("127.0.0.1", self.port)).unwrap()).unwrap();
        session.peer_certificates().unwrap()[0].to_vec()
    }

    /// Asks the server over its socket.
    fn answer(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.command(arguments).output().unwrap().stdout).unwrap()
    }
}

impl Server {
    /// Reads the log until a line says this, and gives that line.
    #[track_caller]
    fn says(&mut self, needle: &str) -> String {
        self.log.by_ref().map_while(Result::ok).find(|line| line.contains(needle)).unwrap()
    }

    fn hang_up(&self) {
        let pid = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    }
}

#[test]
fn a_certificate_is_ordered_once_and_kept() {
    let desk = Desk::new();
    let mut server = desk.serve();
    let line = server.says("there is no certificate yet");
    assert!(line.contains("localhost") && line.contains(&desk.directory.url()), "{line}");
    let line = server.says("the certificate holds");
    assert!(line.contains("4096-01-01T00:00:00Z"), "{line}");
    server.says("jeton serves");
    let first = desk.shown();
    assert_eq!(desk.directory.contacts(), ["mailto:ops@example.com"]);
    // The challenge is closed, and nothing else was ever there.
    for target in ["/", "/livez", "/.well-known/acme-challenge/", "/.well-known/acme-challenge/x", "/.well-known/jwks.json", "/oauth/token"]
    {
        assert_eq!(get(desk.responder, target).map(|(status, body)| (status, body.len())), Some((404, 0)), "{target}");
    }
    let ends = "jeton_certificate_expires_timestamp_seconds 67090118400";
    assert!(desk.answer(&["request", "GET", "/metrics"]).contains(ends));
    assert!(desk.answer(&["config", "check"]).contains("for localhost, ordered from"));
    for name in ["jeton.acme-account", "jeton.acme-certificate"] {
        let path = desk.folder.path().join("jeton-data").join(name);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        let bytes = fs::read(path).unwrap();
        assert!(!bytes.windows(7).any(|window| window == b"PRIVATE" || window == b"key_pkc"), "{name} lies open");
    }
    drop(server);
    let mut server = desk.serve();
    server.says("jeton serves");
    assert_eq!(desk.shown(), first);
    assert_eq!((desk.directory.issued(), desk.directory.accounts()), (1, 1));
}

#[test]
fn a_certificate_is_renewed_when_a_third_is_left_and_kept_while_the_authority_is_away() {
    let desk = Desk::new();
    // Of 74 years less than a third is left.
    desk.directory.issue_for(1975, 2049);
    let mut server = desk.serve();
    server.says("jeton serves");
    let first = desk.shown();
    drop(server);
    desk.directory.go_away(true);
    let mut server = desk.serve();
    let line = server.says("the certificate stays as it was");
    assert!(line.contains("ERROR") && line.contains("acme_directory") && line.contains("2049-01-01T00:00:00Z"), "{line}");
    assert_eq!(desk.shown(), first);
    desk.directory.go_away(false);
    desk.directory.issue_for(2020, 4096);
    server.hang_up();
    let line = server.says("the certificate was renewed");
    assert!(line.contains("4096-01-01T00:00:00Z"), "{line}");
    assert_ne!(desk.shown(), first);
    server.hang_up();
    server.says("one that is not due is not");
    assert_eq!((desk.directory.issued(), desk.directory.accounts()), (2, 1));
}

#[test]
fn the_first_certificate_is_waited_for_and_the_log_says_what_to_do() {
    let desk = Desk::new();
    desk.directory.go_away(true);
    let mut server = desk.serve();
    let line = server.says("the listeners wait; SIGHUP tries at once");
    assert!(line.contains("cannot be reached") && line.contains("look at `acme_directory`"), "{line}");
    desk.directory.go_away(false);
    server.hang_up();
    server.says("jeton serves");
    desk.shown();
    drop(server);
    // Nobody whom it was told to trust.
    let other = Directory::start(desk.responder);
    fs::write(desk.folder.path().join("other.pem"), other.root_pem()).unwrap();
    desk.configure(&other.url(), "ca.pem");
    let mut server = desk.serve();
    server.says("is for another directory");
    let line = server.says("SIGHUP tries at once");
    assert!(line.contains("is not accepted") && line.contains("acme_ca_file"), "{line}");
    drop(server);
    // The authority asks where nobody answers.
    let nowhere = Directory::start(port());
    fs::write(desk.folder.path().join("nowhere.pem"), nowhere.root_pem()).unwrap();
    desk.configure(&nowhere.url(), "nowhere.pem");
    let mut server = desk.serve();
    let line = server.says("SIGHUP tries at once");
    assert!(line.contains("it answered None") && line.contains("port 80"), "{line}");
    assert_eq!(nowhere.issued(), 0);
}
