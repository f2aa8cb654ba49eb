//! Snapshots that somebody asks for: the server's work, whoever waits for it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;

use rustix::process::Signal;
use serde_json::Value;

use crate::place::Place;

/// Asks, and reads the head of the answer alone.
fn asked(place: &Place, path: &str) -> BufReader<UnixStream> {
    let mut stream = UnixStream::connect(place.path("jeton-data/jeton.sock")).unwrap();
    let body = "{}";
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: jeton\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert!(line.contains(" 200 "), "{line}");
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).unwrap();
    }
    reader
}

/// Asks until there are so many snapshots.
fn wait_for(place: &Place, snapshots: usize) {
    while place.json(&["backup", "list"])["snapshots"].as_array().unwrap().len() < snapshots {}
}

#[test]
fn a_snapshot_is_answered_line_by_line_and_made_whoever_waits() {
    let mut place = Place::with_server("");
    // The first, which the server makes by itself.
    wait_for(&place, 1);
    for path in ["/api/v1/backups", "/api/v1/backups/verify"] {
        let mut answer = String::new();
        asked(&place, path).read_to_string(&mut answer).unwrap();
        assert!(answer.contains("{\"progress\":") && answer.contains("{\"report\":"), "{path}: {answer}");
    }
    drop(asked(&place, "/api/v1/backups"));
    // Nobody waits for the third.
    wait_for(&place, 3);
    assert!(place.end(Signal::TERM).success());
}

#[test]
fn snapshots_that_are_asked_for_at_once_are_made_one_after_the_other() {
    let place = Place::with_server("");
    wait_for(&place, 1);
    let made: Vec<Value> = std::thread::scope(|scope| {
        let asking = [0; 4].map(|_| scope.spawn(|| place.json(&["backup", "create"])));
        asking.map(|asking| asking.join().unwrap()).into()
    });
    let mut ids: Vec<&str> = made.iter().map(|snapshot| snapshot["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4, "{made:?}");
    // Each ends before the next begins.
    let mut sequences: Vec<u64> = made.iter().map(|snapshot| snapshot["sequence"].as_u64().unwrap()).collect();
    sequences.sort_unstable();
    sequences.dedup();
    assert_eq!(sequences.len(), 4, "{made:?}");
    assert!(place.json(&["backup", "verify"])["problems"].as_array().unwrap().is_empty());
}
