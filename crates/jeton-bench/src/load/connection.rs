//! One keep-alive connection with at most one request under way.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::traffic::Traffic;
use crate::clock;
use crate::failure::{Doing, Failure};
use crate::http::Reply;

pub(super) struct Connection {
    stream: TcpStream,
    outgoing: Vec<u8>,
    incoming: Vec<u8>,
    filled: usize,
    sent: Option<Instant>,
}

impl Connection {
    pub(super) fn open(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).doing("connecting to the server")?;
        stream.set_nodelay(true).doing("connecting to the server")?;
        stream.set_nonblocking(true).doing("connecting to the server")?;
        Ok(Self { stream, outgoing: Vec::new(), incoming: vec![0; 16 * 1024], filled: 0, sent: None })
    }

    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Sends the next request of `traffic`; false when there is none.
    pub(super) fn send(&mut self, traffic: &mut dyn Traffic) -> Result<bool, Failure> {
        self.outgoing.clear();
        if !traffic.request(&mut self.outgoing) {
            return Ok(false);
        }
        self.sent = Some(clock::now());
        // The socket's buffer is empty here and larger than any request, so one write takes it all.
        let written = self.stream.write(&self.outgoing).doing("sending a request")?;
        if written < self.outgoing.len() {
            return Err(Failure::new("a request did not fit into the socket's buffer"));
        }
        Ok(true)
    }

    /// Reads what has come; the latency when the answer is complete.
    pub(super) fn receive(&mut self, traffic: &mut dyn Traffic) -> Result<Option<Duration>, Failure> {
        if self.filled == self.incoming.len() {
            self.incoming.resize(self.filled * 2, 0);
        }
        let free = self.incoming.get_mut(self.filled..).unwrap_or_default();
        match self.stream.read(free) {
            Ok(0) => return Err(Failure::new("the server closed a connection under load")),
            Ok(count) => self.filled += count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return Ok(None),
            Err(error) => return Err(error).doing("reading an answer"),
        }
        let bytes = self.incoming.get(..self.filled).unwrap_or_default();
        let Some(reply) = Reply::find(bytes).map_err(Failure::new)? else { return Ok(None) };
        if reply.length() != self.filled {
            return Err(Failure::new("the server sent more than one answer to one request"));
        }
        let sent = self.sent.take().ok_or_else(|| Failure::new("the server answered before it was asked"))?;
        let latency = sent.elapsed();
        traffic.answer(reply.status, reply.body(bytes))?;
        self.filled = 0;
        Ok(Some(latency))
    }
}
