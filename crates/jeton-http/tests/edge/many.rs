//! Many connections, and one too many.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use jeton_http::edge::{Limits, raise_open_file_limit};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout};

use crate::PATIENCE;
use crate::client::{Client, GET};
use crate::server::Server;

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    for limits in [Limits { connections: 2, ..Limits::default() }, Limits { connections_per_address: Some(2), ..Limits::default() }] {
        let server = Server::start(limits).await;
        let mut clients = [server.connect().await, server.connect().await];
        for client in &mut clients {
            client.send(GET).await;
            assert_eq!(client.response().await.status, 200);
        }
        let mut third = server.connect().await;
        let answer = String::from_utf8(third.rest().await).unwrap();
        assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 1"), "{answer}");
        drop(clients);
        // The server learns of the free places when it reads of the end; asked again meanwhile, it refuses again.
        timeout(PATIENCE, async {
            loop {
                let mut client = server.connect().await;
                if client.stream.write_all(GET).await.is_ok() && client.rest_or_head().await.starts_with(b"HTTP/1.1 200 ") {
                    break;
                }
            }
        })
        .await
        .unwrap();
    }
}

const MANY: usize = 10_000;
const SERVER_MARK: &str = "JETON_EDGE_TEST_SERVER";

/// The server of the next test, in a process of its own: it has its own files and memory. Ends when its standard input does.
#[test]
#[ignore = "the other half of ten_thousand_connections_are_served"]
fn serve_ten_thousand() {
    if std::env::var_os(SERVER_MARK).is_none() {
        return;
    }
    raise_open_file_limit().unwrap();
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let server = Server::start(Limits::default()).await;
        println!("listening {}", server.address);
        tokio::task::spawn_blocking(|| std::io::stdin().lines().count()).await.unwrap();
    });
}

#[tokio::test]
async fn ten_thousand_connections_are_served() {
    let files = raise_open_file_limit().unwrap();
    if files.is_some_and(|files| files < 12_000) {
        println!("skipped: only {files:?} files may be open, {MANY} connections need more");
        return;
    }
    let (mut process, address) = start_in_own_process();
    let before = resident_kib(process.id());
    let start = Instant::now();
    let mut clients = Vec::with_capacity(MANY);
    while clients.len() < MANY {
        let batch = (0..100).map(|_| Client::connect(address));
        clients.extend(futures_util::future::join_all(batch).await);
    }
    println!("{MANY} opened in {:?}", start.elapsed());
    // The second round finds each connection still open.
    for round in 0..2 {
        let mut worst = Duration::ZERO;
        for client in &mut clients {
            let start = Instant::now();
            client.send(GET).await;
            assert_eq!(client.response().await.status, 200);
            worst = worst.max(start.elapsed());
        }
        println!("round {round}: all served by {:?}, worst {worst:?}", start.elapsed());
    }
    let each = (resident_kib(process.id()) - before) as f64 / MANY as f64;
    println!("{each:.1} KiB resident for each");
    assert!(each <= 16.0, "{each} KiB");
    drop(process.stdin.take());
    assert!(process.wait().unwrap().success());
}

fn start_in_own_process() -> (Child, SocketAddr) {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "many::serve_ten_thousand", "--ignored", "--nocapture"])
        .env(SERVER_MARK, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(process.stdout.take().unwrap());
    let mut line = String::new();
    let address = loop {
        line.clear();
        assert_ne!(output.read_line(&mut line).unwrap(), 0, "the server says where it listens");
        if let Some((_, address)) = line.split_once("listening ") {
            break address.trim().parse().unwrap();
        }
    };
    std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
    process.stdin.as_mut().unwrap().flush().unwrap();
    (process, address)
}

fn resident_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
