//! Requests over HTTP/1.1, one after another on a kept connection.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// Longer than anything an honest answer takes, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A stream of either kind.
trait Stream: Read + Write + Send {}

impl<S: Read + Write + Send> Stream for S {}

/// A connection to the server.
pub(crate) struct Connection {
    stream: BufReader<Box<dyn Stream>>,
}

/// An answer.
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: u16,
    /// Its body.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A member of the JSON object in the body.
    pub(crate) fn member(&self, name: &str) -> Value {
        serde_json::from_slice::<Value>(&self.body).ok().and_then(|value| value.get(name).cloned()).unwrap_or(Value::Null)
    }

    /// A text member of the JSON object in the body.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.member(name).as_str().map(str::to_owned)
    }

    /// Status and body, for a message.
    pub(crate) fn words(&self) -> String {
        format!("{} {}", self.status, String::from_utf8_lossy(&self.body).chars().take(300).collect::<String>())
    }
}

impl Connection {
    /// Over TCP.
    pub(crate) fn tcp(address: SocketAddr) -> io::Result<Connection> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream: BufReader::new(Box::new(stream)) })
    }

    /// Over a Unix socket.
    pub(crate) fn unix(path: &Path) -> io::Result<Connection> {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Connection { stream: BufReader::new(Box::new(stream)) })
    }

    /// A GET.
    pub(crate) fn get(&mut self, path: &str) -> io::Result<Answer> {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"), b"")
    }

    /// A POST of JSON.
    pub(crate) fn post_json(&mut self, path: &str, body: &Value) -> io::Result<Answer> {
        self.post(path, "application/json", "", body.to_string().as_bytes())
    }

    /// A POST of a form by a client that shows its secret.
    pub(crate) fn post_form(&mut self, path: &str, (client, secret): (&str, &str), form: &str) -> io::Result<Answer> {
        let authorization = format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("{client}:{secret}")));
        self.post(path, "application/x-www-form-urlencoded", &authorization, form.as_bytes())
    }

    fn post(&mut self, path: &str, content_type: &str, headers: &str, body: &[u8]) -> io::Result<Answer> {
        let length = body.len();
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n{headers}\r\n");
        self.ask(&head, body)
    }

    fn ask(&mut self, head: &str, body: &[u8]) -> io::Result<Answer> {
        self.stream.get_mut().write_all(&[head.as_bytes(), body].concat())?;
        let status = self.line()?.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(|| broken("no status"))?;
        let (mut length, mut is_chunked) = (0, false);
        loop {
            let line = self.line()?.to_ascii_lowercase();
            match line.split_once(':') {
                None => break,
                Some(("content-length", value)) => length = value.trim().parse().map_err(|_| broken("a length that is no number"))?,
                Some(("transfer-encoding", _)) => is_chunked = true,
                Some(_) => {}
            }
        }
        let body = if is_chunked { self.chunks()? } else { self.exactly(length)? };
        Ok(Answer { status, body })
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = vec![];
        loop {
            let length = usize::from_str_radix(self.line()?.trim(), 16).map_err(|_| broken("a chunk without a length"))?;
            body.extend(self.exactly(length)?);
            self.line()?;
            if length == 0 {
                return Ok(body);
            }
        }
    }

    fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(body)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[track_caller]
    fn check(answer: &'static str, expected: Option<(u16, &str)>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut read = [0; 1_000];
            let _ = stream.read(&mut read).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let found = Connection::tcp(address).unwrap().get("/");
        server.join().unwrap();
        let found = found.ok().map(|answer| (answer.status, String::from_utf8(answer.body).unwrap()));
        assert_eq!(found.as_ref().map(|(status, body)| (*status, body.as_str())), expected, "{answer:?}");
    }

    #[test]
    fn answers_are_read_to_their_end() {
        check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", Some((200, "hello")));
        check("HTTP/1.1 204 No Content\r\n\r\n", Some((204, "")));
        check("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", Some((200, "hello")));
        check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", None);
        check("", None);
    }
}
