//! The program says what it lacks.

#![expect(clippy::unwrap_used, reason = "what goes wrong here must fail the test")]

use std::process::Command;

#[track_caller]
fn check(arguments: &[&str], said: &str) {
    let output = Command::new(env!("CARGO_BIN_EXE_example-api")).args(arguments).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), text.contains(said)), (Some(1), true), "{arguments:?}: {text}");
}

#[test]
fn what_is_missing_is_said() {
    check(&[], "Usage: example-api ISSUER CLIENT_FILE LISTEN");
    check(&["http://127.0.0.1:1", "nowhere.json", "127.0.0.1:0"], "nowhere.json cannot be read");
    check(&["http://127.0.0.1:1", "Cargo.toml", "127.0.0.1:0"], "Cargo.toml is no JSON");
}
