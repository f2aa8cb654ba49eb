//! Peers that take too long.

use std::time::Duration;

use jeton_http::edge::{Limits, raise_open_file_limit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval, timeout};

use crate::client::GET;
use crate::server::Server;
use crate::{PATIENCE, SHORT, WARM};

/// As many peers as these tests have, each of whom sends a beginning and then drips until it is ended: how long it lived, and what it was told.
async fn drip(server: &Server, beginning: &str, drip: &'static [u8]) -> Vec<JoinHandle<(Duration, String)>> {
    let mut slow = Vec::new();
    for _ in 0..75 {
        let mut client = server.connect().await;
        client.send(beginning.as_bytes()).await;
        slow.push(tokio::spawn(async move {
            let start = Instant::now();
            let mut ticks = interval(Duration::from_millis(20));
            let mut answer = Vec::new();
            loop {
                tokio::select! {
                    read = client.stream.read_buf(&mut answer) => if !read.is_ok_and(|length| length > 0) { break },
                    _ = ticks.tick() => { let _ = client.stream.write_all(drip).await; }
                }
            }
            (start.elapsed(), String::from_utf8(answer).unwrap())
        }));
    }
    slow
}

/// Expects that others are served beside such peers, and that these are answered 408 and ended.
async fn check_slow(beginning: &str, dripped: &'static [u8]) {
    raise_open_file_limit().unwrap();
    // None of them is ended here: whoever is served is served beside all of them, and no clock has to say so.
    let long = 10 * PATIENCE;
    let patient = Server::start(Limits { header_read: long, body_read: long, request: long, ..Limits::default() }).await;
    let slow = drip(&patient, beginning, dripped).await;
    let mut honest = patient.connect().await;
    for _ in 0..100 {
        honest.send(GET).await;
        assert_eq!(honest.response().await.status, 200);
    }
    assert!(slow.iter().all(|client| !client.is_finished()), "each of them is still slow");
    slow.iter().for_each(JoinHandle::abort);
    let server = Server::start(Limits { header_read: SHORT, body_read: SHORT, ..Limits::default() }).await;
    for client in drip(&server, beginning, dripped).await {
        let (lived, answer) = client.await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer:?} to {beginning:?}");
        assert!(lived >= SHORT / 2 && lived < PATIENCE, "{lived:?} for {beginning:?}");
    }
    server.is_well().await;
}

#[tokio::test]
async fn slow_request_lines_are_ended() {
    check_slow("GET /a", b"a").await;
}

#[tokio::test]
async fn slow_headers_are_ended() {
    check_slow("GET / HTTP/1.1\r\nHost: h\r\nX: a", b"a").await;
}

#[tokio::test]
async fn slow_bodies_are_ended() {
    check_slow("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 900\r\n\r\na", b"a").await;
}

#[tokio::test]
async fn slow_chunks_are_ended() {
    check_slow("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n").await;
}

#[tokio::test]
async fn a_slow_header_on_a_kept_connection_is_ended() {
    for warm_connections in WARM {
        let server = Server::start(Limits { header_read: SHORT, warm_connections, ..Limits::default() }).await;
        let mut client = server.connect().await;
        client.send(GET).await;
        assert_eq!(client.response().await.status, 200);
        client.send(b"GET / HT").await;
        assert_eq!(client.response().await.status, 408);
        client.closed().await;
    }
}

#[tokio::test]
async fn a_header_begun_behind_another_request_is_ended_too() {
    for warm_connections in WARM {
        let server = Server::start(Limits { header_read: SHORT, idle: 2 * SHORT, warm_connections, ..Limits::default() }).await;
        let mut client = server.connect().await;
        client.send(&[GET, b"GET / HT"].concat()).await;
        assert_eq!(client.response().await.status, 200);
        let _ = client.rest().await;
    }
}

#[tokio::test]
async fn silent_connections_are_ended() {
    for warm_connections in WARM {
        let server = Server::start(Limits { idle: SHORT, warm_connections, ..Limits::default() }).await;
        let mut fresh = server.connect().await;
        let mut kept = server.connect().await;
        kept.send(GET).await;
        assert_eq!(kept.response().await.status, 200);
        fresh.closed().await;
        kept.closed().await;
    }
}

#[tokio::test]
async fn a_crowd_makes_idleness_short() {
    let server = Server::start(Limits { header_read: SHORT, connections: 4, ..Limits::default() }).await;
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(server.connect().await);
    }
    let gone = clients.iter_mut().map(|client| Box::pin(client.closed()));
    futures_util::future::select_all(gone).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_reset() {
    let mut server = Server::start(Limits { write: SHORT, ..Limits::default() }).await;
    let mut client = server.connect().await;
    client.send(b"GET /endless HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let event = timeout(PATIENCE, server.events.recv()).await.expect("the stream is dropped in time");
    assert_eq!(event, Some("stream dropped"));
    // What the kernel still held for it is dropped too: a reset, no orderly end.
    let end = timeout(PATIENCE, async {
        while client.stream.read(&mut [0; 65_536]).await? > 0 {}
        Ok::<_, std::io::Error>(())
    });
    assert_eq!(end.await.unwrap().map_err(|error| error.kind()), Err(std::io::ErrorKind::ConnectionReset));
    server.is_well().await;
}

#[tokio::test]
async fn a_stream_is_not_idle() {
    let server = Server::start(Limits { idle: SHORT, warm_connections: 0, ..Limits::default() }).await;
    let mut client = server.connect().await;
    client.send(b"GET /stream HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert!(client.head().await.starts_with("HTTP/1.1 200 "));
    // Two idle connections that live and end one after the other are the clock here.
    for _ in 0..2 {
        server.connect().await.closed().await;
    }
    server.release.notify_one();
    let rest = client.rest().await;
    assert_eq!(rest.escape_ascii().to_string(), "4\\r\\nlast\\r\\n0\\r\\n\\r\\n");
}
