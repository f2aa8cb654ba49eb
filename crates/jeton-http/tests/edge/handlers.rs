//! Handlers that do not answer.

use jeton_http::edge::Limits;

use crate::SHORT;
use crate::server::Server;

#[tokio::test]
async fn a_handler_that_does_not_answer_is_dropped() {
    let mut server = Server::start(Limits { request: SHORT, ..Limits::default() }).await;
    let mut client = server.connect().await;
    client.send(b"GET /wait HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert_eq!(server.events.recv().await, Some("waiting"));
    let response = client.response().await;
    assert_eq!(response.status, 503);
    assert!(response.body.contains("temporarily_unavailable"), "{}", response.body);
    client.closed().await;
}

#[tokio::test]
async fn a_handler_that_panics_is_answered_for() {
    let server = Server::start(Limits::default()).await;
    for path in ["/panic", "/panic-later"] {
        let mut client = server.connect().await;
        client.send(format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes()).await;
        let response = client.response().await;
        assert_eq!(response.status, 500);
        assert!(response.body.contains("server_error") && !response.body.contains("secret"), "{}", response.body);
        client.closed().await;
    }
    server.is_well().await;
}
