//! A server over https, under an authority that only this test knows; an API, somebody who may read there, and applications.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Where applications that nobody serves get their answers.
pub(crate) const CALLBACK: &str = "https://shop.example/callback";
/// The password of everybody here.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A folder, and the server that runs in it.
pub(crate) struct Place {
    folder: TempDir,
    pub(crate) issuer: String,
    server: Option<Child>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

impl Place {
    /// A server, the API `https://orders.example`, and `ada`, who may read there.
    pub(crate) fn new() -> Place {
        let port = free_port();
        let mut place = Place { folder: tempfile::tempdir().unwrap(), issuer: format!("https://localhost:{port}"), server: None };
        place.certify();
        place.done(&["init", "--listen", &format!("127.0.0.1:{port}"), "--issuer", &place.issuer], "");
        place.serve(&[]);
        place.done(&["api", "create", "--audience", "https://orders.example", "--scope", "orders:read=See your orders"], "");
        let ada = ["user", "create", "--username", "ada", "--name", "Ada Example", "--email", "ada@example.com", "--password-stdin"];
        place.done(&ada, PASSWORD);
        place.done(&["role", "create", "--audience", "https://orders.example", "--name", "reader", "--scope", "orders:read"], "");
        place.done(&["role", "assign", "reader", "user:ada"], "");
        place
    }

    /// Registers an application, and says what it must know.
    pub(crate) fn application(&self, name: &str, redirect_uri: &str) -> Value {
        let words =
            ["client", "create", "--name", name, "--audience", "https://orders.example", "--scope", "orders:read", "--may-introspect"];
        let grants = ["--grant-type", "authorization_code", "--grant-type", "refresh_token", "--redirect-uri", redirect_uri, "--json"];
        let made: Value = serde_json::from_str(&self.done(&[&words[..], &grants].concat(), "")).unwrap();
        json!({
            "issuer": self.issuer,
            "client_id": made["client_id"],
            "client_secret": made["client_secret"],
            "redirect_uri": redirect_uri,
            "scope": "openid profile offline_access orders:read",
            "audience": "https://orders.example",
            "authority": self.authority(),
        })
    }

    /// Registers a program on a device that shows a code, and has no secret: its id.
    pub(crate) fn device(&self, name: &str) -> String {
        let words = ["client", "create", "--name", name, "--audience", "https://orders.example", "--scope", "orders:read", "--json"];
        let grants = ["--grant-type", "urn:ietf:params:oauth:grant-type:device_code", "--grant-type", "refresh_token"];
        let more = ["--token-endpoint-auth-method", "none", "--contact", "Ada Example, ada@example.com"];
        let made: Value = serde_json::from_str(&self.done(&[&words[..], &grants, &more].concat(), "")).unwrap();
        made["client_id"].as_str().unwrap().to_owned()
    }

    /// Takes somebody in who may read at the API: the link by which they choose a password.
    pub(crate) fn invite(&self, username: &str) -> String {
        let email = format!("{username}@example.com");
        let words = ["user", "invite", username, "--email", &email, "--role", "reader", "--json"];
        let invited: Value = serde_json::from_str(&self.done(&words, "")).unwrap();
        invited["link"].as_str().unwrap().to_owned()
    }

    /// Lets people sign in by a provider, which nobody serves.
    pub(crate) fn provider(&self, name: &str) {
        let issuer = format!("http://127.0.0.1:{}", free_port());
        let words = ["provider", "create", "--name", name, "--title", "Example Corp", "--issuer", &issuer, "--client-id", "jeton"];
        self.done(&[&words[..], &["--client-secret", "-"]].concat(), "a secret of ours");
    }

    /// The certificate of the authority.
    pub(crate) fn authority(&self) -> PathBuf {
        self.path("authority.pem")
    }

    /// A file of the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder, for whoever works in it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command of the program.
    pub(crate) fn done(&self, arguments: &[&str], input: &str) -> String {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A command that reads nothing may be gone by now.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command
    }

    fn certify(&self) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        // A certificate that has the name of its issuer is taken for one that signed itself.
        params.distinguished_name.push(DnType::CommonName, "the authority of a test");
        let key = KeyPair::generate().unwrap();
        fs::write(self.authority(), params.self_signed(&key).unwrap().pem()).unwrap();
        let authority = Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        fs::write(self.path("cert.pem"), params.signed_by(&key, &authority).unwrap().pem()).unwrap();
        fs::write(self.path("key.pem"), key.serialize_pem()).unwrap();
        fs::set_permissions(self.path("key.pem"), fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Lets the server write letters from now on, which nobody takes: they wait.
    pub(crate) fn write_letters(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
        let port = free_port().to_string();
        let post = [("HOST", "127.0.0.1"), ("PORT", &port), ("SECURITY", "none"), ("FROM", "jeton@example.com")];
        self.serve(&post.map(|(key, value)| (format!("JETON_SMTP_{key}"), value)));
    }

    fn serve(&mut self, told: &[(String, &str)]) {
        let mut command = self.command(&["serve", "--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
        command.envs(told.iter().map(|(name, value)| (name, value)));
        let mut server = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
        let started = lines.by_ref().map_while(Result::ok).any(|line| line.contains("jeton serves"));
        // Read on, so that the log never fills its pipe.
        std::thread::spawn(move || lines.for_each(drop));
        self.server = Some(server);
        assert!(started, "the server did not start");
    }
}

/// A free port: nobody else takes it in the moment until the server does.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
