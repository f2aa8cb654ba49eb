//! Requests that are too large, and floods.

use jeton_http::edge::Limits;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::echo;
use crate::server::Server;
use crate::{PATIENCE, SHORT};

#[tokio::test]
async fn what_is_too_large_is_refused_and_ends_the_connection() {
    let server = Server::start(Limits::default()).await;
    let check = async |request: String, expected: u16| {
        let mut client = server.connect().await;
        assert!(client.send(request.as_bytes()).await, "no reset keeps the client from reading its answer: {request:.60}");
        let response = client.response().await;
        assert_eq!(response.status, expected, "{request:.60}");
        if expected >= 400 {
            client.closed().await;
            assert!(response.body.is_empty() || response.body.starts_with("{\"error\":\"invalid_request\""), "{}", response.body);
        }
    };
    let target = |length: usize| format!("GET /?{} HTTP/1.1\r\nHost: h\r\n\r\n", "a".repeat(length - 2));
    check(target(8 * 1024), 200).await;
    check(target(8 * 1024 + 1), 414).await;
    check(target(100 * 1024), 431).await;

    // "GET / HTTP/1.1\r\nHost: h\r\nX: …\r\n\r\n" is 34 bytes and the value.
    let header = |length: usize| format!("GET / HTTP/1.1\r\nHost: h\r\nX: {}\r\n\r\n", "a".repeat(length - 32));
    assert_eq!(header(100).len(), 100);
    check(header(16 * 1024), 200).await;
    check(header(16 * 1024 + 1), 431).await;
    check(header(1024 * 1024), 431).await;

    let lines = |count: usize| format!("GET / HTTP/1.1\r\nHost: h\r\n{}\r\n", "a: b\r\n".repeat(count - 1));
    check(lines(64), 200).await;
    check(lines(65), 431).await;
    check(lines(200), 431).await;

    let body = |length: usize| format!("POST /drain HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n{}", "a".repeat(length));
    check(body(64 * 1024), 200).await;
    check(body(64 * 1024 + 1), 413).await;
    check(body(4 * 1024 * 1024), 413).await;
    check("POST /drain HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000000000000000\r\nExpect: 100-continue\r\n\r\n".into(), 413).await;

    let chunked = |length: usize| {
        let chunk = "1000\r\n".to_owned() + &"a".repeat(4096) + "\r\n";
        format!("POST /drain HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n", chunk.repeat(length / 4096))
    };
    check(chunked(64 * 1024), 200).await;
    check(chunked(68 * 1024), 413).await;
    check(chunked(1024 * 1024), 413).await;
}

/// Whoever sends so fast that there is always more to read is overdue all the same.
#[tokio::test]
async fn a_flood_does_not_hold_the_clock_up() {
    let server = Server::start(Limits { linger: SHORT, ..Limits::default() }).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"POST /drain HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000000000000000\r\n\r\n").await.unwrap();
    let piece = vec![b'a'; 256 * 1024];
    let flood = async { while stream.write_all(&piece).await.is_ok() {} };
    timeout(PATIENCE, flood).await.expect("what is sent after the refusal is read for a while only");
    server.is_well().await;
}

#[tokio::test]
async fn a_route_may_ask_for_less() {
    let server = Server::start(Limits::default()).await;
    let mut client = server.connect().await;
    client.send(&echo(&"a".repeat(1_000))).await;
    assert_eq!(client.response().await.status, 200);
    client.send(&echo(&"a".repeat(1_001))).await;
    assert_eq!(client.response().await.status, 413);
}

#[tokio::test]
async fn nothing_follows_a_body_that_nobody_read() {
    let server = Server::start(Limits { linger: SHORT, ..Limits::default() }).await;
    for body in ["a".to_owned(), "a".repeat(900), "a".repeat(900) + "GET / HTTP/1.1\r\nHost: h\r\n\r\n"] {
        let mut client = server.connect().await;
        client.send(format!("POST /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 900\r\n\r\n{body}").as_bytes()).await;
        assert_eq!(client.response().await.status, 200);
        client.closed().await;
    }
}
