//! The end of the server.

use std::time::Duration;

use jeton_http::edge::{Drained, Limits};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::client::GET;
use crate::server::Server;
use crate::{PATIENCE, SHORT, WARM};

#[tokio::test]
async fn requests_in_flight_finish_while_idle_connections_close() {
    for warm_connections in WARM {
        let mut server = Server::start(Limits { warm_connections, ..Limits::default() }).await;
        let (mut fresh, mut idle, mut busy) = (server.connect().await, server.connect().await, server.connect().await);
        idle.send(GET).await;
        assert_eq!(idle.response().await.status, 200);
        busy.send(b"GET /wait HTTP/1.1\r\nHost: h\r\n\r\n").await;
        assert_eq!(server.events.recv().await, Some("waiting"));

        server.draining.begin();
        fresh.closed().await;
        idle.closed().await;
        timeout(PATIENCE, async { while TcpStream::connect(server.address).await.is_ok() {} }).await.expect("no connection is accepted");
        assert!(!server.served.is_finished());

        server.release.notify_one();
        assert_eq!(busy.response().await.text(), "200 released");
        busy.closed().await;
        assert_eq!(server.served.await.unwrap(), Drained { aborted: 0 });
    }
}

#[tokio::test]
async fn streams_are_told_to_end() {
    let server = Server::start(Limits::default()).await;
    let mut client = server.connect().await;
    client.send(b"GET /stream HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert!(client.head().await.starts_with("HTTP/1.1 200 "));
    server.draining.begin();
    assert_eq!(client.rest().await.escape_ascii().to_string(), "4\\r\\nlast\\r\\n0\\r\\n\\r\\n");
    assert_eq!(server.served.await.unwrap(), Drained { aborted: 0 });
}

#[tokio::test]
async fn what_does_not_finish_is_dropped() {
    let mut server = Server::start(Limits { drain: SHORT, ..Limits::default() }).await;
    let mut client = server.connect().await;
    client.send(b"GET /wait HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert_eq!(server.events.recv().await, Some("waiting"));
    let start = Instant::now();
    server.draining.begin();
    client.closed().await;
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}, not at the next look at the clock", start.elapsed());
    assert_eq!(server.served.await.unwrap(), Drained { aborted: 1 });
}
