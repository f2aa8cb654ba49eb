//! A server, the API that writes down what it is shown, and the web application.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use jeton_example_api::AUDIENCE;
use jeton_example_browser_app::Settings;
use jeton_verify::Verifier;
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::person::Web;

pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// The tokens that came to the API, in their order, and how each was answered.
type Presented = Arc<Mutex<Vec<(String, u16)>>>;

/// Everything, on ports of its own.
pub(crate) struct Place {
    folder: TempDir,
    server: Child,
    pub(crate) issuer: String,
    pub(crate) home: String,
    api: String,
    presented: Presented,
    web: Web,
}

impl Place {
    /// With access tokens that live so long.
    pub(crate) async fn new(lifetime: &str) -> Place {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("127.0.0.1:{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
        let issuer = format!("http://{address}");
        assert!(command(&folder, &["init", "--listen", &address, "--issuer", &issuer]).output().unwrap().status.success());
        let mut server = command(&folder, &["serve"]).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
        let started = lines.by_ref().map_while(Result::ok).any(|line| line.contains("jeton serves"));
        // Read on, so that the log never fills its pipe.
        thread::spawn(move || lines.for_each(drop));
        let mut place =
            Place { folder, server, issuer, home: String::new(), api: String::new(), presented: Presented::default(), web: Web::new() };
        assert!(started, "the server did not start");
        place.furnish(lifetime);
        place.serve_api().await;
        place.serve_application().await;
        place
    }

    fn furnish(&self, lifetime: &str) {
        let scopes = ["--scope", "orders:read=See your orders", "--scope", "orders:write=Change your orders"];
        self.here(&[&["api", "create", "--audience", AUDIENCE, "--access-token-lifetime", lifetime], scopes.as_slice()].concat());
        self.told(&["user", "create", "--username", "ada", "--name", "Ada <i>Example</i>", "--password-stdin"], PASSWORD);
        self.here(&["role", "create", "--audience", AUDIENCE, "--name", "clerk", "--scope", "orders:read", "--scope", "orders:write"]);
        self.here(&["role", "assign", "clerk", "user:ada"]);
    }

    async fn serve_api(&mut self) {
        let made = self.here(&["client", "create", "--name", "orders-api", "--audience", AUDIENCE, "--may-introspect"]);
        let (id, secret) = (text(&made, "client_id"), text(&made, "client_secret"));
        let verifier = Verifier::builder(&self.issuer, AUDIENCE).client(id, secret).start().await.unwrap();
        let api = jeton_example_api::router(&verifier).layer(from_fn_with_state(self.presented.clone(), write_down));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        self.api = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, api).await });
    }

    async fn serve_application(&mut self) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        self.home = format!("http://{}", listener.local_addr().unwrap());
        let (callback, after) = (format!("{}/callback", self.home), format!("{}/", self.home));
        let grants = ["--grant-type", "authorization_code", "--grant-type", "refresh_token"];
        let addresses = ["--redirect-uri", &callback, "--post-logout-redirect-uri", &after];
        let words = [["client", "create", "--name", "shop", "--audience", AUDIENCE].as_slice(), &grants, &addresses].concat();
        let made = self.here(&words);
        let settings = Settings {
            issuer: self.issuer.clone(),
            client_id: text(&made, "client_id"),
            client_secret: text(&made, "client_secret").into(),
            home: self.home.clone(),
            api: self.api.clone(),
        };
        let application = jeton_example_browser_app::router(settings).await.unwrap();
        tokio::spawn(async move { axum::serve(listener, application).await });
    }

    /// A command of whoever owns the server.
    #[track_caller]
    pub(crate) fn here(&self, arguments: &[&str]) -> Value {
        self.told(arguments, "")
    }

    #[track_caller]
    fn told(&self, arguments: &[&str], input: &str) -> Value {
        let mut command = command(&self.folder, arguments);
        let command = command.args(["--json", "--yes"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    /// The tokens that came to the API until now.
    pub(crate) fn presented(&self) -> Vec<(String, u16)> {
        self.presented.lock().unwrap().clone()
    }

    /// How the API answers somebody with a token.
    pub(crate) async fn ask_api(&self, method: &str, path: &str, token: &str) -> u16 {
        self.web.with_token(method, &format!("{}{path}", self.api), token).await
    }

    /// The API refuses a token, now or so soon.
    pub(crate) async fn is_refused_within(&self, at_most: Duration, token: &str) {
        let until = Instant::now() + at_most;
        loop {
            let status = self.ask_api("GET", "/orders", token).await;
            if status == 401 {
                return;
            }
            assert!(Instant::now() < until, "{status} after {at_most:?}");
            sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

async fn write_down(State(presented): State<Presented>, request: Request, next: Next) -> Response {
    let token = request.headers().get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer ")).map(str::to_owned);
    let response = next.run(request).await;
    presented.lock().unwrap().extend(token.map(|token| (token, response.status().as_u16())));
    response
}

fn command(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
    command.args(arguments).current_dir(folder.path()).env_clear();
    command
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap().to_owned()
}
