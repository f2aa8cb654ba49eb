//! The client that the tests use: what it sends is sent byte by byte.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::PATIENCE;

pub(crate) const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

pub(crate) fn echo(body: &str) -> Vec<u8> {
    format!("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

pub(crate) struct Client<S> {
    pub(crate) stream: S,
    pub(crate) received: Vec<u8>,
}

pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn text(&self) -> String {
        format!("{} {}", self.status, self.body)
    }
}

impl Client<TcpStream> {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, received: Vec::new() }
    }
}

impl<S: AsyncReadExt + AsyncWriteExt + Unpin> Client<S> {
    /// Sends, and says whether the server took it; whether it should have is for the answer to show.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> bool {
        timeout(PATIENCE, self.stream.write_all(bytes)).await.expect("the server takes what is sent, or ends").is_ok()
    }

    /// The next head, 1xx included, as it came.
    pub(crate) async fn head(&mut self) -> String {
        loop {
            if let Some(end) = self.received.windows(4).position(|window| window == b"\r\n\r\n") {
                return String::from_utf8(self.received.drain(..end + 4).collect()).unwrap();
            }
            self.receive().await;
        }
    }

    /// The next response, whose length must be stated.
    pub(crate) async fn response(&mut self) -> Response {
        let head = self.head().await.to_ascii_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head.split_once("content-length: ").map(|(_, rest)| rest.split("\r\n").next().unwrap().parse::<usize>().unwrap());
        let length = length.unwrap_or_else(|| panic!("no length in {head}"));
        while self.received.len() < length {
            self.receive().await;
        }
        Response { status, body: String::from_utf8_lossy(&self.received.drain(..length).collect::<Vec<_>>()).into_owned() }
    }

    async fn receive(&mut self) {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.received)).await.expect("an answer in time");
        assert!(read.as_ref().is_ok_and(|length| *length > 0), "{read:?} after {}", self.received.escape_ascii());
    }

    /// Everything until the connection ends, which it must.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let read = async { while self.stream.read_buf(&mut self.received).await.is_ok_and(|length| length > 0) {} };
        timeout(PATIENCE, read).await.expect("the connection ends");
        std::mem::take(&mut self.received)
    }

    /// What comes first.
    pub(crate) async fn rest_or_head(&mut self) -> Vec<u8> {
        let _ = timeout(PATIENCE, self.stream.read_buf(&mut self.received)).await.expect("an answer or the end");
        std::mem::take(&mut self.received)
    }

    /// The connection ends, and nothing more comes before.
    pub(crate) async fn closed(&mut self) {
        let rest = self.rest().await;
        assert!(rest.is_empty(), "{}", rest.escape_ascii());
    }
}
