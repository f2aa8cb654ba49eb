//! Requests that are answered as they should be.

use jeton_http::edge::{Drained, Draining, Limits, Peer, serve};
use tokio::net::{UnixListener, UnixStream};

use crate::WARM;
use crate::client::{Client, GET, echo};
use crate::server::{Server, router};

#[tokio::test]
async fn kept_alive_and_pipelined_requests_are_answered_in_order() {
    for warm_connections in WARM {
        let server = Server::start(Limits { warm_connections, ..Limits::default() }).await;
        let mut client = server.connect().await;
        for _ in 0..3 {
            client.send(GET).await;
            assert_eq!(client.response().await.text(), "200 hello");
        }
        client.send(&[GET, &echo("one"), GET, &echo("two")].concat()).await;
        for expected in ["200 hello", "200 one", "200 hello", "200 two"] {
            assert_eq!(client.response().await.text(), expected);
        }
        // More than one turn of the server takes, and more than one buffer holds.
        client.send(&[GET.repeat(1_000), echo("last")].concat()).await;
        for _ in 0..1_000 {
            assert_eq!(client.response().await.text(), "200 hello");
        }
        assert_eq!(client.response().await.text(), "200 last");
    }
}

#[tokio::test]
async fn a_body_may_come_later_chunked_or_on_demand() {
    for warm_connections in WARM {
        let server = Server::start(Limits { warm_connections, ..Limits::default() }).await;
        let mut client = server.connect().await;
        client.send(b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n").await;
        client.send(b"bo").await;
        client.send(b"dy").await;
        assert_eq!(client.response().await.text(), "200 body");
        client.send(b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n").await;
        assert_eq!(client.head().await, "HTTP/1.1 100 Continue\r\n\r\n");
        client.send(b"body").await;
        assert_eq!(client.response().await.text(), "200 body");
        client.send(b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n").await;
        assert_eq!(client.response().await.text(), "200 body");
        client.closed().await;
    }
}

#[tokio::test]
async fn the_peer_is_known() {
    let server = Server::start(Limits::default()).await;
    let mut client = server.connect().await;
    let own = client.stream.local_addr().unwrap();
    client.send(b"GET /peer HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert_eq!(client.response().await.text(), format!("200 {:?}", Peer::Tcp(own)));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("edge.sock");
    let draining = Draining::new();
    let listener = UnixListener::bind(&path).unwrap();
    let served = tokio::spawn(serve(listener, router(draining.clone()), Limits::default(), draining.clone()));
    let mut client = Client { stream: UnixStream::connect(&path).await.unwrap(), received: Vec::new() };
    client.send(b"GET /peer HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let expected = Peer::Unix { uid: rustix::process::getuid().as_raw(), pid: i32::try_from(std::process::id()).ok() };
    assert_eq!(client.response().await.text(), format!("200 {expected:?}"));
    draining.begin();
    client.closed().await;
    assert_eq!(served.await.unwrap(), Drained { aborted: 0 });
}

#[tokio::test]
async fn host_and_target() {
    let server = Server::start(Limits::default()).await;
    let check = async |request: &[u8], expected: u16| {
        let mut client = server.connect().await;
        client.send(request).await;
        assert_eq!(client.response().await.status, expected, "{}", request.escape_ascii());
        if expected >= 400 {
            client.closed().await;
        }
    };
    check(b"GET / HTTP/1.1\r\nHost: any.example\r\n\r\n", 200).await;
    check(b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 200).await;
    check(b"GET / HTTP/1.0\r\n\r\n", 200).await;
    check(b"GET http://other.example/ HTTP/1.1\r\nHost: any.example\r\n\r\n", 200).await;
    check(b"GET / HTTP/1.1\r\n\r\n", 400).await;
    check(b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400).await;
    check(b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400).await;
    check(b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400).await;
    check(b"CONNECT other.example:443 HTTP/1.1\r\nHost: other.example:443\r\n\r\n", 501).await;
}

#[tokio::test]
async fn a_browser_does_nothing_with_an_answer_that_says_nothing_else() {
    let server = Server::start(Limits::default()).await;
    let check = async |request: &[u8], status: &str| {
        let mut client = server.connect().await;
        client.send(request).await;
        let head = client.head().await.to_ascii_lowercase();
        assert!(head.starts_with(&format!("http/1.1 {status} ")), "{head}");
        let policy = "\r\ncontent-security-policy: default-src 'none'; base-uri 'none'; frame-ancestors 'none'\r\n";
        assert!(head.contains(policy) && head.contains("\r\nx-content-type-options: nosniff\r\n"), "{head}");
        assert!(!head.contains("strict-transport-security"), "plain http must not bind a browser to https: {head}");
    };
    check(GET, "200").await;
    check(b"GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n", "404").await;
    check(b"GET /panic HTTP/1.1\r\nHost: h\r\n\r\n", "500").await;
    check(b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", "400").await;
    check(&[&b"GET /"[..], &[b'a'; 9_000], b" HTTP/1.1\r\nHost: h\r\n\r\n"].concat(), "414").await;
}
