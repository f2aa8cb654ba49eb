//! The program with a certificate: served, replaced by a signal, kept where the new one is bad, refused at the start.

#![expect(clippy::unwrap_used, reason = "what goes wrong here must fail the test")]

use std::fs;
use std::io::{BufRead as _, BufReader, Lines, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tempfile::TempDir;

/// A data folder, an authority, and a pair that it signed.
struct Desk {
    folder: TempDir,
    port: u16,
    issuer: Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
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

impl Desk {
    fn new() -> Desk {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap().der().clone();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let desk = Desk { folder: tempfile::tempdir().unwrap(), port, issuer: Issuer::new(params, key), root };
        desk.put_pair();
        let made = desk.run(&["init", "--listen", &format!("127.0.0.1:{port}"), "--issuer", &format!("https://localhost:{port}")]);
        assert!(made.status.success(), "{made:?}");
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put_pair(&self) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        fs::write(self.path("cert.pem"), params.signed_by(&key, &self.issuer).unwrap().pem()).unwrap();
        fs::write(self.path("key.pem"), key.serialize_pem()).unwrap();
        fs::set_permissions(self.path("key.pem"), fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn serve(&self) -> Server {
        let mut command = self.command(&["serve", "--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
        let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(process.stderr.take().unwrap()).lines();
        let mut server = Server { process, log };
        server.says("jeton serves");
        server
    }

    fn connect(&self) -> StreamOwned<ClientConnection, TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = builder.with_root_certificates(roots).with_no_client_auth();
        let session = ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap();
        let mut stream = StreamOwned::new(session, TcpStream::connect(("127.0.0.1", self.port)).unwrap());
        stream.conn.complete_io(&mut stream.sock).unwrap();
        stream
    }

    #[track_caller]
    fn refuses(&self, arguments: &[&str], code: i32, needle: &str) {
        let output = self.run(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(needle) && said.contains('→'), "{said}");
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

/// Asks whether the server lives, and gives what certificate it shows.
fn ask(stream: &mut StreamOwned<ClientConnection, TcpStream>) -> Vec<u8> {
    stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head.split_once("content-length: ").and_then(|(_, rest)| rest.split("\r\n").next()).unwrap();
    stream.read_exact(&mut vec![0; length.parse().unwrap()]).unwrap();
    stream.conn.peer_certificates().unwrap().first().unwrap().to_vec()
}

#[test]
fn the_certificate_is_replaced_by_a_signal_and_a_bad_one_changes_nothing() {
    let desk = Desk::new();
    let mut server = desk.serve();
    let mut open = desk.connect();
    let first = ask(&mut open);
    desk.put_pair();
    assert_eq!(ask(&mut desk.connect()), first, "nobody said that it changed, and no minute went by");
    server.hang_up();
    server.says("was read again");
    let second = ask(&mut desk.connect());
    assert_ne!(second, first);
    assert_eq!(ask(&mut open), first, "who was connected still is");
    fs::write(desk.path("cert.pem"), "no certificate").unwrap();
    server.hang_up();
    let line = server.says("stays as it was");
    assert!(line.contains("there is no certificate") && line.contains("put the pair right") && line.contains("ERROR"), "{line}");
    assert_eq!(ask(&mut desk.connect()), second);
    desk.put_pair();
    server.hang_up();
    server.says("was read again");
    assert_ne!(ask(&mut desk.connect()), second);
}

#[test]
fn a_hangup_without_a_certificate_ends_nothing() {
    let desk = Desk::new();
    let mut process = desk.command(&["serve"]).stderr(Stdio::piped()).spawn().unwrap();
    let log = BufReader::new(process.stderr.take().unwrap()).lines();
    let mut server = Server { process, log };
    server.says("jeton serves");
    server.hang_up();
    server.says("there is no certificate to read again");
    assert_eq!(server.process.try_wait().unwrap(), None);
}

#[test]
fn a_pair_that_cannot_be_used_is_refused_at_the_start() {
    let desk = Desk::new();
    let serve = ["serve", "--tls-cert", "cert.pem", "--tls-key", "key.pem"];
    let check = ["config", "check", "--tls-cert", "cert.pem", "--tls-key", "key.pem"];
    assert!(desk.run(&check).status.success());
    let bad = |needle: &str| {
        desk.refuses(&serve, 3, needle);
        desk.refuses(&check, 1, needle);
        desk.put_pair();
    };
    fs::set_permissions(desk.path("key.pem"), fs::Permissions::from_mode(0o644)).unwrap();
    bad("chmod 600 key.pem");
    fs::write(desk.path("key.pem"), KeyPair::generate().unwrap().serialize_pem()).unwrap();
    bad("belongs to another certificate");
    fs::remove_file(desk.path("cert.pem")).unwrap();
    bad("cert.pem cannot be read");
    fs::write(desk.path("key.pem"), "\u{1b}[31m").unwrap();
    bad("there is no private key");
    desk.refuses(&["serve", "--tls-cert", "cert.pem"], 3, "--tls-key");
    desk.refuses(&[&serve[..], &["--issuer", "http://127.0.0.1:8420"]].concat(), 3, "with https");
}
