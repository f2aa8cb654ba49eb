//! HTTP to a server, over its Unix socket or over the network: one request, one connection.

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::runtime::Runtime;

use super::exchange::exchange;
use super::failure::Failure;
use super::remote::Remote;
use super::secret_in_path;

/// The most of an answer that is read.
const ANSWER_BYTES_MAX: usize = 256 * 1024 * 1024;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// The way to a server.
pub(crate) struct Connection {
    way: Way,
    runtime: Runtime,
}

enum Way {
    /// With the proof of a key that asks for itself; whoever administers is known by the socket.
    Socket(PathBuf, Option<HeaderValue>),
    Network(Remote),
}

/// What a server answered.
pub(crate) struct Reply {
    /// The status.
    pub(crate) status: StatusCode,
    /// The body, whole.
    pub(crate) body: Bytes,
}

impl Connection {
    /// The way over this socket. Nothing is asked yet.
    ///
    /// # Errors
    /// When the system gives no reactor.
    pub(crate) fn over(socket: PathBuf) -> Result<Connection, Failure> {
        Connection::by(Way::Socket(socket, None))
    }

    /// The same for a key that asks for itself.
    ///
    /// # Errors
    /// When the system gives no reactor.
    pub(crate) fn over_with(socket: PathBuf, authorization: HeaderValue) -> Result<Connection, Failure> {
        Connection::by(Way::Socket(socket, Some(authorization)))
    }

    /// The way over the network. Nothing is asked yet.
    ///
    /// # Errors
    /// When the system gives no reactor.
    pub(crate) fn to(remote: Remote) -> Result<Connection, Failure> {
        Connection::by(Way::Network(remote))
    }

    fn by(way: Way) -> Result<Connection, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime =
            runtime.map_err(|error| Failure::could_not(format!("the process cannot open files or timers: {error}"), "try again"))?;
        Ok(Connection { way, runtime })
    }

    /// Sends a request and reads the answer whole.
    ///
    /// # Errors
    /// When nobody answers.
    pub(crate) fn ask(&self, method: Method, path: &str, body: Option<Bytes>) -> Result<Reply, Failure> {
        self.ask_once(method, path, body, None)
    }

    /// The same, of a request that is recognised by this text when it is sent again.
    ///
    /// # Errors
    /// When nobody answers.
    pub(crate) fn ask_once(&self, method: Method, path: &str, body: Option<Bytes>, key: Option<&str>) -> Result<Reply, Failure> {
        self.ask_of_type(JSON, method, path, body, key)
    }

    /// Sends a form, and reads the answer whole.
    ///
    /// # Errors
    /// When nobody answers.
    pub(crate) fn ask_form(&self, path: &str, form: String) -> Result<Reply, Failure> {
        self.ask_of_type(FORM, Method::POST, path, Some(Bytes::from(form)), None)
    }

    fn ask_of_type(
        &self,
        media_type: &'static str,
        method: Method,
        path: &str,
        body: Option<Bytes>,
        key: Option<&str>,
    ) -> Result<Reply, Failure> {
        self.runtime.block_on(async {
            let (status, answer) = self.send(media_type, method, path, body, key).await?;
            let body = Limited::new(answer, ANSWER_BYTES_MAX).collect().await.map_err(|error| self.broken(&error))?.to_bytes();
            Ok(Reply { status, body })
        })
    }

    /// Sends a request whose answer comes line by line, and hands each line on as it comes. An answer that is no success is returned whole.
    ///
    /// # Errors
    /// When nobody answers, or the answer breaks off.
    pub(crate) fn ask_lines(&self, path: &str, body: Bytes, mut each: impl FnMut(&[u8])) -> Result<Reply, Failure> {
        self.runtime.block_on(async {
            let (status, answer) = self.send(JSON, Method::POST, path, Some(body), None).await?;
            let mut answer = Limited::new(answer, ANSWER_BYTES_MAX);
            let mut rest = Vec::new();
            while let Some(frame) = answer.frame().await {
                let frame = frame.map_err(|error| self.broken(&error))?;
                rest.extend_from_slice(frame.data_ref().map_or(&[], |data| &data[..]));
                while let Some(end) = rest.iter().position(|byte| *byte == b'\n').filter(|_| status.is_success()) {
                    let line: Vec<u8> = rest.drain(..=end).collect();
                    each(&line);
                }
            }
            Ok(Reply { status, body: Bytes::from(rest) })
        })
    }

    async fn send(
        &self,
        media_type: &'static str,
        method: Method,
        path: &str,
        body: Option<Bytes>,
        key: Option<&str>,
    ) -> Result<(StatusCode, Incoming), Failure> {
        secret_in_path::refuse(path)?;
        let request = Request::builder().method(method);
        let mut request = match &self.way {
            Way::Socket(_, None) => request.uri(path).header(HOST, "localhost"),
            Way::Socket(_, Some(authorization)) => request.uri(path).header(HOST, "localhost").header(AUTHORIZATION, authorization.clone()),
            Way::Network(remote) => remote.address(request, path),
        };
        if body.is_some() {
            request = request.header(CONTENT_TYPE, media_type);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let request = request.body(Full::new(body.unwrap_or_default()));
        let request = request.map_err(|error| Failure::usage(format!("this is no request: {error}"), "write the path as /api/v1/…"))?;
        let answer = match &self.way {
            Way::Socket(socket, _) => {
                let stream = UnixStream::connect(socket).await.map_err(|error| unreachable_server(socket, &error))?;
                exchange(TokioIo::new(stream), request).await.map_err(|error| self.broken(&error))?
            }
            Way::Network(remote) => remote.send(request).await?,
        };
        Ok((answer.status(), answer.into_body()))
    }

    fn broken(&self, error: &dyn std::fmt::Display) -> Failure {
        match &self.way {
            Way::Socket(socket, _) => Failure::could_not(
                format!("the server at {} broke off: {error}", socket.display()),
                "look whether it still runs, and what its log says; then look whether the change was made (`jeton audit tail`)",
            ),
            Way::Network(remote) => remote.broken(error),
        }
    }
}

/// Why a socket cannot be reached, in words.
fn unreachable_server(socket: &Path, error: &io::Error) -> Failure {
    let shown = socket.display();
    let data = socket.parent().unwrap_or(Path::new("."));
    let serve = format!("start it with `jeton serve --data {}`", data.display());
    match error.kind() {
        io::ErrorKind::NotFound if !data.is_dir() => Failure::could_not(
            format!("there is no data folder at {}", data.display()),
            format!("name it with --data or JETON_DATA, or make one with `jeton init --data {}`", data.display()),
        ),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            Failure::could_not(format!("the server is not running at {shown}"), serve)
        }
        io::ErrorKind::PermissionDenied => Failure::could_not(
            format!("you may not use the socket {shown}"),
            "run the command as the user that the server runs as, or as root: its owner administers",
        ),
        io::ErrorKind::InvalidInput => Failure::could_not(
            format!("the path {shown} is too long for a socket"),
            "go into the folder above it and name it shorter: `cd …; jeton --data ./jeton-data …`",
        ),
        _ => Failure::could_not(format!("the server at {shown} cannot be reached: {error}"), serve),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(socket: &Path, expected: &str) {
        let connection = Connection::over(socket.to_owned()).unwrap();
        let failure = connection.ask(Method::GET, "/", None).err().unwrap();
        assert_eq!(failure.exit_code(), 3);
        let text = failure.to_string().replace(&socket.parent().unwrap().display().to_string(), "DATA");
        assert_eq!(text, expected);
    }

    #[test]
    fn a_server_that_is_not_there_is_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("jeton.sock");
        check(&socket, "the server is not running at DATA/jeton.sock\n  → start it with `jeton serve --data DATA`");
        drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
        check(&socket, "the server is not running at DATA/jeton.sock\n  → start it with `jeton serve --data DATA`");
        check(
            &folder.path().join("none/jeton.sock"),
            "there is no data folder at DATA\n  → name it with --data or JETON_DATA, or make one with `jeton init --data DATA`",
        );
        let long = folder.path().join("x".repeat(120));
        std::fs::create_dir(&long).unwrap();
        check(
            &long.join("jeton.sock"),
            "the path DATA/jeton.sock is too long for a socket\n  → go into the folder above it and name it shorter: `cd …; jeton --data ./jeton-data …`",
        );
    }
}
