//! One request and its answer, waiting for it: what a set-up needs, not a measurement.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use super::reply::Reply;
use crate::failure::{Doing, Failure};

const PATIENCE: Duration = Duration::from_secs(30);

/// Sends `request` over TCP and gives status and body.
pub(crate) fn exchange(address: SocketAddr, request: &[u8]) -> Result<(u16, Vec<u8>), Failure> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE).doing("connecting to the server")?;
    stream.set_read_timeout(Some(PATIENCE)).doing("connecting to the server")?;
    converse(stream, request)
}

/// Sends `request` over the Unix socket at `path` and gives status and body.
pub(crate) fn exchange_on_socket(path: &Path, request: &[u8]) -> Result<(u16, Vec<u8>), Failure> {
    let stream = UnixStream::connect(path).doing("connecting to the server's socket")?;
    stream.set_read_timeout(Some(PATIENCE)).doing("connecting to the server's socket")?;
    converse(stream, request)
}

fn converse(mut stream: impl Read + Write, request: &[u8]) -> Result<(u16, Vec<u8>), Failure> {
    stream.write_all(request).doing("sending a request")?;
    let mut bytes = Vec::new();
    let mut part = [0_u8; 16 * 1024];
    loop {
        let count = stream.read(&mut part).doing("reading an answer")?;
        if count == 0 {
            return Err(Failure::new("the server closed the connection before it answered"));
        }
        bytes.extend_from_slice(part.get(..count).unwrap_or_default());
        if let Some(reply) = Reply::find(&bytes).map_err(Failure::new)? {
            return Ok((reply.status, reply.body(&bytes).to_vec()));
        }
    }
}
