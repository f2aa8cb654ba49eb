//! The configuration and the access log, which go with a backup and come back with it.

use std::fs;

use rustix::process::Signal;

use crate::place::Place;

#[test]
fn the_configuration_and_the_access_log_come_back_and_the_folder_starts_with_them() {
    let mut place = Place::with_server("access_log = \"access.log\"");
    fs::write(place.path("jeton-data/access.log.20260101T000000Z"), "{\"old\":true}\n").unwrap();
    fs::write(place.path("jeton-data/access.log.notes"), "none of the log\n").unwrap();
    place.token();
    let log = place.path("jeton-data/access.log");
    // Lines are written each second.
    while !fs::read_to_string(&log).unwrap().contains("/api/v1/") {}
    let written = fs::read_to_string(&log).unwrap();
    place.done(&["backup", "create"]);
    let verified = place.json(&["backup", "verify"]);
    assert_eq!(verified["problems"].as_array().map(Vec::len), Some(0), "{verified}");
    assert!(verified["files"].as_u64().unwrap() >= 3, "{verified}");
    place.end(Signal::TERM);
    let restored = place.json(&place.restore("restored", &[]));
    let text = |path: &str| fs::read_to_string(place.path(path)).unwrap();
    assert_eq!(text("restored/jeton.toml"), text("jeton-data/jeton.toml"));
    assert!(text("restored/access.log").starts_with(&written));
    assert_eq!(text("restored/access.log.20260101T000000Z"), "{\"old\":true}\n");
    assert!(!place.path("restored/access.log.notes").exists());
    // What the restore says to go on with does.
    assert_eq!(restored["serve"], "jeton serve --data restored");
    let root = place.path("jeton-data.root-key");
    fs::rename(place.path("restored/jeton.toml"), place.path("kept.toml")).unwrap();
    let file = text("kept.toml").replace("127.0.0.1:8420\"\nroot", "127.0.0.1:0\"\nroot");
    fs::write(place.path("restored/jeton.toml"), file).unwrap();
    place.start_with(&["serve", "--data", "restored"]);
    place.end(Signal::TERM);
    // A root file that lies elsewhere by now is named.
    fs::rename(root, place.path("moved.root-key")).unwrap();
    let words = place.restore("again", &["--without-files"]);
    let words: Vec<&str> = words.into_iter().map(|word| if word == "jeton-data.root-key" { "moved.root-key" } else { word }).collect();
    let again = place.json(&words);
    assert_eq!(again["serve"], "jeton serve --data again --root-key-file moved.root-key --issuer http://127.0.0.1:8420");
    assert!(!place.path("again/jeton.toml").exists() && again["files"].as_array().unwrap().is_empty(), "{again}");
    let words: Vec<&str> = words[..words.len() - 1].iter().map(|word| if *word == "again" { "third" } else { word }).collect();
    assert_eq!(place.json(&words)["serve"], "jeton serve --data third --root-key-file moved.root-key");
}

#[test]
fn an_access_log_of_another_folder_comes_back_beside_the_data() {
    let place = Place::without_server("");
    let file = place.path("jeton-data/jeton.toml");
    fs::create_dir(place.path("logs")).unwrap();
    let line = format!("access_log = \"{}\"\n", place.path("logs/a.log").display());
    fs::write(&file, format!("{}{line}", fs::read_to_string(&file).unwrap())).unwrap();
    let mut place = place;
    place.start("jeton-data");
    place.done(&["backup", "create"]);
    place.end(Signal::TERM);
    let restored = place.json(&place.restore("restored", &[]));
    let folder = place.path("logs").display().to_string();
    assert_eq!(restored["files"][1]["was_in"], folder.as_str(), "{restored}");
    assert!(place.path("restored/access-log/a.log").exists());
}
