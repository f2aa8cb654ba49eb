//! Requests whose bytes are not as they should be.

use jeton_http::edge::Limits;

use crate::SHORT;
use crate::server::Server;

#[tokio::test]
async fn malformed_framing_is_refused_and_ends_the_connection() {
    let server = Server::start(Limits::default()).await;
    for request in [
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbody!",
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4, 5\r\n\r\nbody!",
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: +4\r\n\r\nbody",
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\n folded: line\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n",
        "GET / HTTP/3.7\r\nHost: h\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /\r\n\r\n",
        "G<>ET / HTTP/1.1\r\nHost: h\r\n\r\n",
    ] {
        let mut client = server.connect().await;
        client.send(request.as_bytes()).await;
        assert_eq!(client.response().await.status, 400, "{request:?}");
        client.closed().await;
    }
}

#[tokio::test]
async fn nothing_follows_a_request_whose_end_could_be_disputed() {
    let server = Server::start(Limits::default()).await;
    for header in
        ["Content-Length: 5\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 5", "Transfer-Encoding: chunked"]
    {
        let mut client = server.connect().await;
        let smuggled = "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\nsmuggled";
        client.send(format!("POST /echo HTTP/1.1\r\nHost: h\r\n{header}\r\n\r\n0\r\n\r\n{smuggled}").as_bytes()).await;
        assert_eq!(client.response().await.text(), "200 ", "{header}");
        client.closed().await;
    }
}

#[tokio::test]
async fn garbage_never_fails_the_server() {
    let server = Server::start(Limits { header_read: SHORT, ..Limits::default() }).await;
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    println!("seed {random:#x}");
    let mut inputs: Vec<Vec<u8>> = vec![
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        b"\0\0\0\0\r\n\r\n".to_vec(),
        b"SSH-2.0-OpenSSH_9.9\r\n".to_vec(),
    ];
    for _ in 0..30 {
        inputs.push(
            (0..200)
                .map(|_| {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    random.to_le_bytes()[3]
                })
                .collect(),
        );
    }
    for input in inputs {
        let mut client = server.connect().await;
        client.send(&input).await;
        client.send(b"\r\n\r\n").await;
        let answer = client.rest().await;
        let status = answer.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        assert!(!status.starts_with(b"5") && !status.starts_with(b"2"), "{} for {}", answer.escape_ascii(), input.escape_ascii());
    }
    server.is_well().await;
}

#[tokio::test]
async fn bytes_that_are_no_text_are_no_failure() {
    let server = Server::start(Limits::default()).await;
    for (request, statuses) in [
        (&b"GET / HTTP/1.1\r\nHost: h\r\nX-Name: \xff\xfe\r\n\r\n"[..], [200, 200]),
        (b"GET /named/\xff\xfe HTTP/1.1\r\nHost: h\r\n\r\n", [400, 404]),
        (b"GET /named/%ff%fe HTTP/1.1\r\nHost: h\r\n\r\n", [400, 404]),
        (b"GET /?a=%ff&b=\xff HTTP/1.1\r\nHost: h\r\n\r\n", [200, 400]),
        (b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Type: \xff\r\nContent-Length: 2\r\n\r\n\xff\xfe", [200, 200]),
    ] {
        let mut client = server.connect().await;
        client.send(request).await;
        let status = client.response().await.status;
        assert!(statuses.contains(&status), "{status} for {}", request.escape_ascii());
    }
}
