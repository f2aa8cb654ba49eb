//! TLS over real connections, by a test authority: who is served, who is cut off, and how a certificate is replaced.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by them")]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use bytes::Bytes;
use http_body::Frame;
use jeton_http::edge::{Certificate, CertificateError, Drained, Draining, Limits, Tls, TlsListener, listen_tcp, serve};
use jeton_http::extract::read_body;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Far above every limit the tests set: what has not happened by then does not happen.
const PATIENCE: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(300);
const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// The first bytes of a client's hello, as far as a peer that dawdles gets.
const BEGUN: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";

// Who is served.

#[tokio::test]
async fn both_versions_are_spoken_by_connections_that_keep_their_buffers_and_ones_that_do_not() {
    for warm_connections in [1_000, 0] {
        let server = Server::start(Limits { warm_connections, ..Limits::default() }).await;
        for version in [&version::TLS12, &version::TLS13] {
            let mut client = server.connect_with(&[version], &["h2", "http/1.1"]).await.unwrap();
            let session = client.get_ref().1;
            assert_eq!(session.protocol_version(), Some(version.version));
            assert_eq!(session.alpn_protocol(), Some(&b"http/1.1"[..]));
            for _ in 0..3 {
                assert_eq!(ask(&mut client, GET).await, "200 hello");
            }
            // One record that holds more requests than one buffer of the server takes.
            client.write_all(&GET.repeat(400)).await.unwrap();
            for _ in 0..400 {
                assert_eq!(response(&mut client).await, "200 hello");
            }
            let body = "b".repeat(60_000);
            let request = format!("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            assert_eq!(ask(&mut client, request.as_bytes()).await, format!("200 {body}"));
            assert_eq!(ask(&mut client, b"GET /large HTTP/1.1\r\nHost: h\r\n\r\n").await.len(), 4 + LARGE);
        }
    }
}

#[tokio::test]
async fn a_client_may_wait_between_its_handshake_and_its_request() {
    for warm_connections in [1_000, 0] {
        let server = Server::start(Limits { header_read: SHORT, warm_connections, ..Limits::default() }).await;
        let mut client = server.connect().await;
        sleep(SHORT * 3).await;
        assert_eq!(ask(&mut client, GET).await, "200 hello");
    }
}

#[tokio::test]
async fn who_trusts_another_authority_or_speaks_another_protocol_is_not_served() {
    let server = Server::start(Limits::default()).await;
    let other = Authority::new();
    assert!(server.connect_trusting(&other, &[&version::TLS13], &[]).await.is_err());
    assert!(server.connect_with(&[&version::TLS13], &["h2"]).await.is_err());
    assert!(server.connect_with(&[&version::TLS13], &[]).await.is_ok(), "who asks for no protocol is given HTTP/1.1");
    assert_eq!(ask(&mut server.connect().await, GET).await, "200 hello");
}

#[tokio::test]
async fn every_answer_binds_browsers_to_https_for_a_year() {
    let server = Server::start(Limits::default()).await;
    for request in ["GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"] {
        let mut client = server.connect().await;
        client.write_all(request.as_bytes()).await.unwrap();
        let answer = rest(&mut client).await.to_ascii_lowercase();
        assert!(answer.contains("\r\nstrict-transport-security: max-age=31536000\r\n"), "{answer}");
    }
}

// Who is told or cut off.

#[tokio::test]
async fn plain_http_is_told_what_is_spoken_here() {
    let server = Server::start(Limits::default()).await;
    for request in [GET.to_vec(), [&b"POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n"[..], &[b'a'; 100_000]].concat()] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(&request).await.unwrap();
        stream.shutdown().await.unwrap();
        let answer = rest(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("use https"), "{answer}");
    }
}

#[tokio::test]
async fn what_is_neither_ends() {
    let server = Server::start(Limits::default()).await;
    for bytes in [&b"\0\0\0\0"[..], b"get / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff\xff", b"\xff\xfe\xfd\xfc\xfb\xfa"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        assert!(!rest(&mut stream).await.starts_with("HTTP"), "{}", bytes.escape_ascii());
    }
    assert_eq!(ask(&mut server.connect().await, GET).await, "200 hello");
}

/// Whatever comes, and however long: it is ended in time, little of it is taken, and nobody else notices.
#[tokio::test]
async fn garbage_without_end_is_ended() {
    let server = Server::start(Limits { header_read: SHORT, linger: SHORT, idle: PATIENCE * 2, ..Limits::default() }).await;
    let record = |head: &[u8], content: &[u8]| [head, content].concat();
    let full = [0; 16 * 1024];
    // What comes first, and what comes again and again after it.
    let floods = [
        ("noise", noise(1), noise(2)),
        ("zeros", full.to_vec(), full.to_vec()),
        ("records of no kind", vec![], record(b"\x99\x03\x03\x40\x00", &full)),
        ("records that are too long", vec![], record(b"\x16\x03\x01\xff\xff", &full)),
        ("records of nothing", vec![], b"\x16\x03\x01\x00\x00".repeat(1_000)),
        ("a hello of 16 MiB", record(b"\x16\x03\x01\x00\x04", b"\x01\xff\xff\xff"), record(b"\x16\x03\x01\x40\x00", &full)),
        ("a hello byte by byte", record(b"\x16\x03\x01\x00\x04", b"\x01\x00\xff\xff"), b"\x16\x03\x01\x00\x01\x00".repeat(1_000)),
        ("alerts that only warn", vec![], b"\x15\x03\x01\x00\x02\x01\x5a".repeat(1_000)),
        ("changes of the cipher", vec![], b"\x14\x03\x03\x00\x01\x01".repeat(1_000)),
        ("noise after a hello", BEGUN.to_vec(), noise(3)),
    ];
    for (what, first, again) in floods {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let taken = flood(what, &mut stream, &first, &again).await;
        assert!(taken <= TAKEN_MOST, "{what}: {taken} bytes were taken");
    }
    // After a handshake: what was not enciphered is nothing.
    let (mut stream, _) = server.connect().await.into_inner();
    let taken = flood("noise after a handshake", &mut stream, b"", &noise(4)).await;
    assert!(taken <= TAKEN_MOST, "{taken} bytes were taken");
    // Plain HTTP is told so, and what it goes on with is thrown away for as long as a header may take.
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    flood("plain HTTP", &mut stream, b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n\r\n", &full).await;
    assert_eq!(ask(&mut server.connect().await, GET).await, "200 hello");
}

/// What the kernel takes for both sides while nobody reads, and some.
const TAKEN_MOST: usize = 32 * 1024 * 1024;

/// Sends without end until it is not taken any more, which must come; how many bytes went.
async fn flood(what: &str, stream: &mut TcpStream, first: &[u8], again: &[u8]) -> usize {
    let sending = async {
        let mut sent = 0;
        let mut next = first;
        while stream.write_all(next).await.is_ok() {
            sent += next.len();
            next = again;
        }
        sent
    };
    timeout(PATIENCE, sending).await.unwrap_or_else(|_| panic!("{what} goes on without end"))
}

/// The same in every run.
fn noise(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..16 * 1024).map(next).collect()
}

#[tokio::test]
async fn who_dawdles_is_cut_off() {
    let server = Server::start(Limits { header_read: SHORT, idle: PATIENCE * 2, ..Limits::default() }).await;
    for bytes in [BEGUN, b"GET"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let _ = rest(&mut stream).await;
    }
    let mut client = server.connect().await;
    client.write_all(b"GET / HTTP/1.1\r\nHost:").await.unwrap();
    assert!(rest(&mut client).await.starts_with("HTTP/1.1 408 "), "the last word is said in TLS too");
}

#[tokio::test]
async fn who_takes_nothing_is_reset() {
    let mut server = Server::start(Limits { write: SHORT, ..Limits::default() }).await;
    let mut client = server.connect().await;
    client.write_all(b"GET /endless HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    // Nothing is read until the server has given up.
    timeout(PATIENCE, server.ended.recv()).await.expect("the server gives up");
}

#[tokio::test]
async fn handshakes_that_never_end_take_no_more_places_than_there_are() {
    let server = Server::start(Limits { header_read: SHORT * 4, connections: 20, ..Limits::default() }).await;
    let mut begun = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(BEGUN).await.unwrap();
        begun.push(stream);
    }
    assert!(server.try_connect().await.is_err(), "no place is left");
    for mut stream in begun {
        let _ = rest(&mut stream).await;
    }
    assert_eq!(ask(&mut server.connect().await, GET).await, "200 hello");
}

#[tokio::test]
async fn the_end_of_the_server_is_said() {
    let server = Server::start(Limits::default()).await;
    let mut idle = server.connect().await;
    assert_eq!(ask(&mut idle, GET).await, "200 hello");
    let mut begun = TcpStream::connect(server.address).await.unwrap();
    begun.write_all(BEGUN).await.unwrap();
    server.draining.begin();
    let read = timeout(PATIENCE, idle.read_u8()).await.expect("it ends").unwrap_err();
    assert_eq!(read.kind(), std::io::ErrorKind::UnexpectedEof);
    assert!(!read.to_string().contains("close_notify"), "the end is said by the server, not made up by the network: {read}");
    drop(begun);
    assert_eq!(server.served.await.unwrap(), Drained { aborted: 0 });
}

// The certificate.

#[tokio::test]
async fn another_certificate_is_shown_to_whoever_comes_next_and_nobody_is_dropped() {
    let server = Server::start(Limits::default()).await;
    let mut before = server.connect().await;
    let shown = |client: &TlsStream<TcpStream>| client.get_ref().1.peer_certificates().unwrap()[0].to_vec();
    server.tls.replace(server.authority.certificate().1).unwrap();
    let mut after = server.connect().await;
    assert_ne!(shown(&before), shown(&after));
    assert_eq!(ask(&mut before, GET).await, "200 hello");
    assert_eq!(ask(&mut after, GET).await, "200 hello");
}

#[test]
fn what_is_wrong_with_a_pair_is_told() {
    let authority = Authority::new();
    let ((chain, key), _) = authority.certificate();
    let ((other, _), _) = authority.certificate();
    let check = |chain: &str, key: &str, expected: CertificateError| {
        assert_eq!(Certificate::parse(chain.as_bytes(), key.as_bytes()).err(), Some(expected));
    };
    assert!(Certificate::parse(chain.as_bytes(), key.as_bytes()).is_ok());
    assert!(Certificate::parse(format!("{chain}{other}").as_bytes(), format!("{chain}{key}").as_bytes()).is_ok());
    check("", &key, CertificateError::NoCertificate);
    check(&key, &key, CertificateError::NoCertificate);
    check(&chain[..chain.len() / 2], &key, CertificateError::NotACertificate);
    check("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &key, CertificateError::NotACertificate);
    check(&chain, "", CertificateError::NoKey);
    check(&chain, &chain, CertificateError::NoKey);
    check(&chain, &key[..key.len() / 2], CertificateError::NoKey);
    check(&chain, &key.replace("PRIVATE", "ENCRYPTED PRIVATE"), CertificateError::KeyEncrypted);
    check(&chain, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", CertificateError::KeyUnusable);
    check(&other, &key, CertificateError::KeyOfAnother);
    let said = format!("{:?}", Certificate::parse(chain.as_bytes(), key.as_bytes()).unwrap());
    assert_eq!(said, "Certificate");
}

// The authority, the server and the client that the tests use.

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: rustls::pki_types::CertificateDer<'static>,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap().der().clone();
        Authority { issuer: Issuer::new(params, key), root }
    }

    /// A new pair for localhost: as it lies in files, and as it is served.
    fn certificate(&self) -> ((String, String), Certificate) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let (chain, key) = (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem());
        let parsed = Certificate::parse(chain.as_bytes(), key.as_bytes()).unwrap();
        ((chain, key), parsed)
    }
}

const LARGE: usize = 3_000_000;

struct Server {
    address: SocketAddr,
    draining: Draining,
    served: JoinHandle<Drained>,
    tls: Tls,
    authority: Authority,
    ended: mpsc::UnboundedReceiver<()>,
}

impl Server {
    async fn start(limits: Limits) -> Server {
        let authority = Authority::new();
        let tls = Tls::new(authority.certificate().1).unwrap();
        let tcp = listen_tcp("127.0.0.1:0".parse().unwrap()).unwrap();
        let (address, draining) = (tcp.local_addr().unwrap(), Draining::new());
        let (sender, ended) = mpsc::unbounded_channel();
        let router = Router::new()
            .route("/", get(async || "hello"))
            .route("/large", get(async || vec![b'a'; LARGE]))
            .route("/endless", get(async move || Body::new(Endless(sender))))
            .route("/echo", post(async |body: Body| read_body(body, 100_000).await.unwrap()));
        let served = tokio::spawn(serve(TlsListener::new(tcp, tls.clone()), router, limits, draining.clone()));
        Server { address, draining, served, tls, authority, ended }
    }

    async fn connect(&self) -> TlsStream<TcpStream> {
        self.try_connect().await.unwrap()
    }

    async fn try_connect(&self) -> std::io::Result<TlsStream<TcpStream>> {
        self.connect_with(&[&version::TLS13], &["http/1.1"]).await
    }

    async fn connect_with(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        protocols: &[&str],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        self.connect_trusting(&self.authority, versions, protocols).await
    }

    async fn connect_trusting(
        &self,
        authority: &Authority,
        versions: &[&'static SupportedProtocolVersion],
        protocols: &[&str],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(authority.root.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let stream = TcpStream::connect(self.address).await?;
        let connecting = TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), stream);
        timeout(PATIENCE, connecting).await.expect("the handshake ends")
    }
}

struct Endless(mpsc::UnboundedSender<()>);

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'a'; 64 * 1024])))))
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

async fn ask<S: AsyncReadExt + AsyncWriteExt + Unpin>(stream: &mut S, request: &[u8]) -> String {
    timeout(PATIENCE, stream.write_all(request)).await.expect("the server takes it").unwrap();
    response(stream).await
}

/// Status and body of the next response. Byte by byte, so that the one after it stays where it is.
async fn response<S: AsyncReadExt + Unpin>(stream: &mut S) -> String {
    let read = async {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        let length = head.split_once("content-length: ").and_then(|(_, rest)| rest.split("\r\n").next()).unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        stream.read_exact(&mut body).await.unwrap();
        format!("{} {}", head.split(' ').nth(1).unwrap(), String::from_utf8(body).unwrap())
    };
    timeout(PATIENCE, read).await.expect("an answer in time")
}

/// Everything until the connection ends, which it must.
async fn rest<S: AsyncReadExt + Unpin>(stream: &mut S) -> String {
    let mut received = Vec::new();
    let read = async { while stream.read_buf(&mut received).await.is_ok_and(|length| length > 0) {} };
    timeout(PATIENCE, read).await.expect("the connection ends");
    String::from_utf8_lossy(&received).into_owned()
}
