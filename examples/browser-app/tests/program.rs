//! The program says what it lacks.

#![expect(clippy::unwrap_used, reason = "what goes wrong here must fail the test")]

use std::process::Command;

#[track_caller]
fn check(arguments: &[&str], said: &str) {
    let output = Command::new(env!("CARGO_BIN_EXE_example-browser-app")).args(arguments).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), text.contains(said)), (Some(1), true), "{arguments:?}: {text}");
}

#[test]
fn what_is_missing_is_said() {
    let with = |file: &'static str, home: &'static str| ["http://127.0.0.1:1", file, "http://127.0.0.1:2", home, "127.0.0.1:0"];
    check(&[], "Usage: example-browser-app ISSUER CLIENT_FILE API HOME LISTEN");
    check(&with("nowhere.json", "http://127.0.0.1:3"), "nowhere.json cannot be read");
    let folder = std::env::temp_dir().join(format!("example-browser-app-{}.json", std::process::id()));
    std::fs::write(&folder, r#"{"client_id":"client_a","client_secret":"b"}"#).unwrap();
    let file: &'static str = folder.to_str().unwrap().to_owned().leak();
    // What is secret would travel in the clear.
    check(&with(file, "http://shop.example"), "the address of the application");
    check(&with(file, "http://127.0.0.1:3"), "does not answer");
    std::fs::remove_file(&folder).unwrap();
}
