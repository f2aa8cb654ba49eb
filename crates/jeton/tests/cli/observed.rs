//! What is seen of a server: tables, uses, metrics, and the doctor.

use std::io::Write as _;

use serde_json::Value;

use crate::desk::Desk;

#[test]
fn tables_fit_eighty_columns() {
    let desk = Desk::with_server();
    let api = "https://orders-of-a-department.example";
    desk.done(&["api", "create", "--audience", api, "--scope", "orders:read", "--scope", "orders:write"]);
    let name = "the client with the long name that nobody could shorten";
    desk.done(&["client", "create", "--name", name, "--audience", api]);
    desk.done(&["token", "issue", "--client", name]);
    desk.done(&["revoke", "--client", name, "--yes"]);
    for command in [&["audit", "tail"][..], &["client", "list"], &["api", "list"], &["signing-key", "list"], &["policy", "show"]] {
        for line in desk.done(command).lines() {
            assert!(line.chars().count() <= 80, "{command:?}: {line}");
        }
    }
    let wide = desk.command(&["client", "list"]).env("COLUMNS", "200").output().unwrap();
    assert!(String::from_utf8(wide.stdout).unwrap().contains(name));
    let tail = desk.done(&["audit", "tail", "-n", "4"]);
    assert!(!tail.contains("_seconds"), "times are told as they lie from now: {tail}");
}

#[test]
fn metrics_are_on_the_socket_and_on_a_listener_of_their_own() {
    let mut desk = Desk::empty();
    desk.done(&["init", "--issuer", "http://127.0.0.1:8420"]);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let path = desk.folder.path().join("jeton-data/jeton.toml");
    let config = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{config}metrics_listen = \"{address}\"\n")).unwrap();
    desk.start_server();
    desk.done(&["api", "create", "--audience", "https://orders.example"]);
    let page = get(address, "/metrics");
    let fsyncs = page.lines().find_map(|line| line.strip_prefix("jeton_store_fsync_seconds_sum ")).unwrap();
    assert!(fsyncs.parse::<f64>().unwrap() > 0.0, "the engine has a clock: {page}");
    assert!(desk.done(&["request", "GET", "/metrics"]).contains("jeton_registered{kind=\"api\"} 1\n"));
    for elsewhere in ["/oauth/token", "/api/v1/apis", "/"] {
        assert!(get(address, elsewhere).starts_with("HTTP/1.1 404"), "{elsewhere}");
    }
}

fn get(address: std::net::SocketAddr, path: &str) -> String {
    use std::io::Read as _;
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn what_was_used_is_told() {
    let desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b"]);
    desk.done(&["client", "create", "--name", "worker", "--audience", "a:b"]);
    assert!(desk.done(&["usage", "client:worker"]).starts_with("Nothing was counted of client:client_"));
    desk.done(&["token", "issue", "--client", "worker"]);
    // Within a second.
    let told = (0..10_000)
        .map(|_| desk.done(&["usage", "client:worker", "--last", "2h"]))
        .find(|told| told.contains("issued") && told.contains("Last used "))
        .unwrap();
    assert!(told.starts_with("FROM ") && told.contains("Last used ") && told.lines().all(|line| line.chars().count() <= 80), "{told}");
    assert!(desk.done(&["client", "show", "worker"]).contains("last used"));
    assert!(desk.done(&["usage", "api:a:b", "--resolution", "day", "--json"]).contains("\"count\": 1"));
    desk.fails(&["usage", "worker"], "", 2, "no subject");
}

#[test]
fn a_server_that_is_killed_lets_the_next_one_know_what_counting_lost() {
    let mut desk = Desk::with_server();
    desk.done(&["api", "create", "--audience", "a:b"]);
    desk.done(&["client", "create", "--name", "worker", "--audience", "a:b"]);
    let told = |desk: &Desk| {
        let usage = desk.json(&["usage", "client:worker"]);
        let counts = usage["items"].as_array().unwrap().iter().map(|item| item["count"].as_u64().unwrap());
        (counts.sum::<u64>(), usage["seconds_lost"].as_u64().unwrap())
    };
    // What is told was folded in some second; by the time a later one is, the store has it.
    let counted = |desk: &Desk, expected: u64| {
        desk.done(&["token", "issue", "--client", "worker"]);
        assert!((0..10_000).any(|_| told(desk).0 == expected), "{:?}", told(desk));
    };
    counted(&desk, 1);
    desk.stop_server();
    desk.start_server();
    assert_eq!(told(&desk), (1, 0), "a last word was said: nothing is lost");
    counted(&desk, 2);
    counted(&desk, 3);
    desk.kill_server();
    desk.start_server();
    let (uses, seconds_lost) = told(&desk);
    assert!((2..=3).contains(&uses), "the second in which it was killed may be lost, and no other: {uses}");
    assert_eq!(seconds_lost, 1);
    counted(&desk, uses + 1);
    desk.stop_server();
    desk.start_server();
    assert_eq!(told(&desk), (uses + 1, 1), "known from now on, and counted once");
}

#[test]
fn the_doctor_sees_the_files_around_the_server() {
    let desk = Desk::with_server();
    let said = desk.run(&["doctor"], "");
    assert_eq!(said.code, 1, "no access log is written: {}", said.out);
    assert!(said.out.starts_with("Grade: D\n") && said.out.contains("check  monitoring.access_log (high)"), "{}", said.out);
    assert!(said.out.lines().all(|line| line.chars().count() <= 80), "{}", said.out);
    desk.fails(&["doctor", "--fail-under", "C"], "", 1, "the grade is D, and --fail-under says C");
    desk.done(&["doctor", "--fail-under", "d"]);
    desk.fails(&["doctor", "--fail-under", "E"], "", 2, "A, B, C, D, F");
    let storage = |out: &str| {
        let report: Value = serde_json::from_str(out).unwrap();
        report["practices"][2]["grade"].clone()
    };
    assert_eq!(storage(&desk.run(&["doctor", "--json"], "").out), "A");
    let root_file = desk.folder.path().join("jeton-data.root-key");
    std::fs::set_permissions(&root_file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    assert_eq!(storage(&desk.run(&["doctor", "--json"], "").out), "F");
}

#[test]
fn what_is_accepted_lets_the_doctor_pass() {
    let mut desk = Desk::empty();
    desk.done(&["init", "--issuer", "http://127.0.0.1:8420"]);
    let path = desk.folder.path().join("jeton-data/jeton.toml");
    let config = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{config}access_log = \"access.log\"\n")).unwrap();
    desk.start_server();
    desk.fails(&["doctor", "--fail-under", "C"], "", 1, "the grade is D");
    let now_micros = desk.json(&["audit", "tail", "-n", "1"]).pointer("/items/0/time_micros").unwrap().as_i64().unwrap();
    let tomorrow = jeton_http::api::rfc3339::format(now_micros / 1_000_000 + 86_400);
    let until = tomorrow.get(.."2026-01-31".len()).unwrap();
    desk.stop_server();
    let accepted = format!("doctor_accepted = [\"recovery.target until {until}: one disk\"]\n");
    std::fs::write(&path, format!("{config}access_log = \"access.log\"\n{accepted}")).unwrap();
    desk.start_server();
    let said = desk.done(&["doctor", "--fail-under", "C"]);
    assert!(said.contains("accepted  recovery.target (high)\n") && said.contains("1 accepted"), "{said}");
}
