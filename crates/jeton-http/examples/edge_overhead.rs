//! What the connection edge costs a request, beside bare `axum::serve`: CPU time of the server, one core each for it and the load.
//!
//! `cargo run --release -p jeton-http --example edge_overhead [seconds a round]`

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement for a person to run: it prints, and ends where it fails")]

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::post;
use bytes::Bytes;
use jeton_http::edge::{Draining, Limits, listen_tcp, raise_open_file_limit, serve};
use jeton_http::extract::read_body;
use rustix::thread::{CpuSet, sched_setaffinity};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CONNECTIONS: usize = 64;
const ROUNDS: usize = 5;
const REQUEST: &str = "POST /token HTTP/1.1\r\nHost: 127.0.0.1:8420\r\nAccept: */*\r\nContent-Type: application/x-www-form-urlencoded\r\n\
    Content-Length: 72\r\n\r\ngrant_type=client_credentials&client_id=orders&scope=orders.read&pad=123";
static ANSWER: [u8; 200] = [b'x'; 200];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("serve") => run_server(arguments.get(1).map(String::as_str).unwrap_or_default()),
        seconds => {
            let seconds = seconds.and_then(|seconds| seconds.parse().ok()).unwrap_or(2);
            compare(Duration::from_secs(seconds));
        }
    }
}

fn compare(time: Duration) {
    pin_to(1);
    raise_open_file_limit().unwrap();
    let kinds = ["bare", "edge"];
    let runtime = runtime();
    let mut figures: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (kind, figures) in kinds.iter().zip(&mut figures) {
            let (mut server, address) = start_server(kind);
            runtime.block_on(load(address, Duration::from_millis(300)));
            let before = cpu_nanoseconds(server.id());
            let requests = runtime.block_on(load(address, time));
            let nanoseconds = cpu_nanoseconds(server.id()) - before;
            let each = nanoseconds as f64 / 1e3 / requests as f64;
            println!("{kind}: {each:.2} µs of CPU a request, {:.0} requests/s", requests as f64 / time.as_secs_f64());
            figures.push(each);
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }
    for (kind, figures) in kinds.iter().zip(&mut figures) {
        figures.sort_by(f64::total_cmp);
        println!("{kind}: median {:.2} µs, best {:.2} µs", figures.get(ROUNDS / 2).unwrap(), figures.first().unwrap());
        let (mut server, address) = start_server(kind);
        let (before, count) = (resident_kib(server.id()), 5_000);
        let connections = runtime.block_on(open(address, count));
        let each = (resident_kib(server.id()) - before) as f64 / count as f64;
        println!("{kind}: {each:.1} KiB resident for each of {count} connections that were served once");
        drop(connections);
        server.kill().unwrap();
        server.wait().unwrap();
    }
}

/// Requests answered in that time, one at a time on each connection.
async fn load(address: SocketAddr, time: Duration) -> u64 {
    let end = Instant::now() + time;
    let clients: Vec<_> = (0..CONNECTIONS).map(|_| tokio::spawn(client(address, end))).collect();
    let mut requests = 0;
    for client in clients {
        requests += client.await.unwrap();
    }
    requests
}

async fn client(address: SocketAddr, end: Instant) -> u64 {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut requests = 0;
    while timeout_at(end, exchange(&mut stream)).await.is_ok() {
        requests += 1;
    }
    requests
}

async fn exchange(stream: &mut TcpStream) {
    stream.write_all(REQUEST.as_bytes()).await.unwrap();
    let mut answer = [0; 1024];
    let mut length = 0;
    while !answer.get(..length).unwrap().ends_with(&ANSWER) {
        let read = stream.read(answer.get_mut(length..).unwrap()).await.unwrap();
        assert_ne!(read, 0, "the server ended the connection");
        length += read;
    }
}

async fn open(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    let mut connections = Vec::with_capacity(count);
    for _ in 0..count {
        let mut stream = TcpStream::connect(address).await.unwrap();
        exchange(&mut stream).await;
        connections.push(stream);
    }
    connections
}

fn run_server(kind: &str) {
    pin_to(0);
    raise_open_file_limit().unwrap();
    runtime().block_on(async {
        let listener = listen_tcp("127.0.0.1:0".parse().unwrap()).unwrap();
        println!("{}", listener.local_addr().unwrap());
        match kind {
            "bare" => axum::serve(listener, Router::new().route("/token", post(bare))).await.unwrap(),
            _ => {
                serve(listener, Router::new().route("/token", post(edge)), Limits::default(), Draining::new()).await;
            }
        }
    });
}

async fn bare(body: Bytes) -> impl IntoResponse {
    assert_eq!(body.len(), 72);
    ([(CONTENT_TYPE, "application/json")], Bytes::from_static(&ANSWER))
}

async fn edge(body: Body) -> impl IntoResponse {
    let body = read_body(body, 64 * 1024).await.unwrap();
    assert_eq!(body.len(), 72);
    ([(CONTENT_TYPE, "application/json")], Bytes::from_static(&ANSWER))
}

fn start_server(kind: &str) -> (Child, SocketAddr) {
    let mut server = Command::new(std::env::current_exe().unwrap()).args(["serve", kind]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (server, line.trim().parse().unwrap())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Pins to a core, where there is one of that number.
fn pin_to(core: usize) {
    let mut cores = CpuSet::new();
    cores.set(core);
    let _ = sched_setaffinity(None, &cores);
}

fn cpu_nanoseconds(process: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/schedstat")).unwrap();
    text.split_whitespace().next().unwrap().parse().unwrap()
}

fn resident_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
