//! A target that is looked at without a server.

use rustix::process::Signal;

use crate::place::Place;

const OPENED: [&str; 6] = ["--from", "jeton-data.backups", "--identity", "recovery.key", "--root-key-file", "jeton-data.root-key"];

#[test]
fn where_the_server_is_lost_its_target_says_what_there_is() {
    let mut place = Place::with_server("");
    place.key();
    let made = place.json(&["backup", "create"]);
    place.wait_until_shipped();
    place.done(&["backup", "drill"]);
    place.end(Signal::KILL);
    std::fs::remove_dir_all(place.path("jeton-data")).unwrap();
    // By the names alone.
    let listed = place.json(&["backup", "list", "--from", "jeton-data.backups"]);
    let newest = listed["snapshots"].as_array().unwrap().last().unwrap();
    assert!(newest["id"] == made["id"] && newest["created_at"].is_string(), "{listed}");
    assert!(newest["rows"].is_null() && listed["tails"].as_array().unwrap().len() == 1, "{listed}");
    assert!(place.done(&["backup", "list", "--from", "jeton-data.backups"]).contains(made["id"].as_str().unwrap()));
    // Opened.
    let listed = place.json(&[&["backup", "list"], &OPENED[..]].concat());
    let newest = listed["snapshots"].as_array().unwrap().last().unwrap();
    assert_eq!((&newest["rows"], &newest["sequence"]), (&made["rows"], &made["sequence"]), "{listed}");
    assert_eq!(newest["incarnation"], listed["tails"][0]["incarnation"], "{listed}");
    assert!(place.done(&[&["backup", "list"], &OPENED[..]].concat()).contains(newest["until"].as_str().unwrap()));
    let verified = place.json(&[&["backup", "verify"], &OPENED[..]].concat());
    assert_eq!((verified["receipts"].as_u64(), verified["problems"].as_array().unwrap().len()), (Some(1), 0), "{verified}");
    // To a time before the oldest there is nothing, and it is said from when on there is.
    let oldest = listed["snapshots"][0]["until"].as_str().unwrap().to_owned();
    place.fails(&place.restore("restored", &["--until", "2026-01-01T00:00:00Z"]), &oldest);
    place.json(&place.restore("restored", &["--until", &oldest]));
}

#[test]
fn who_has_an_identity_already_opens_the_backups_with_it() {
    let place = Place::without_server("");
    let recipient = std::fs::read_to_string(place.path("jeton-data/jeton.toml")).unwrap();
    let recipient = recipient.split('"').find(|word| word.starts_with("age1")).unwrap().to_owned();
    let words = ["init", "--data", "second", "--issuer", "http://127.0.0.1:8420", "--recovery-recipient", &recipient];
    let made = place.json(&words);
    assert!(made["recovery_identity"].is_null(), "{made}");
    for entry in std::fs::read_dir(place.path("second")).unwrap().map(Result::unwrap) {
        assert!(!std::fs::read_to_string(entry.path()).unwrap().contains("AGE-SECRET-KEY-1"), "{entry:?}");
    }
    let mut place = place;
    place.start_with(&["serve", "--data", "second", "--listen", "127.0.0.1:0"]);
    place.done(&["backup", "create", "--data", "second"]);
    place.end(Signal::TERM);
    let restore = ["backup", "restore", "--from", "second.backups", "--identity", "recovery.key"];
    let restored = place.json(&[&restore[..], &["--root-key-file", "second.root-key", "--data", "restored"]].concat());
    assert_eq!(restored["is_complete"], true, "{restored}");
    place.fails(&["init", "--data", "third", "--recovery-recipient", "AGE-SECRET-KEY-1QQ"], "recipient");
    assert!(!place.path("third").exists());
}

#[test]
fn a_file_that_is_no_identity_is_told_in_whole_sentences() {
    let mut place = Place::with_server("");
    place.wait_until_shipped();
    place.end(Signal::TERM);
    let identity = std::fs::read_to_string(place.path("recovery.key")).unwrap();
    let root = std::fs::read_to_string(place.path("jeton-data.root-key")).unwrap();
    for wrong in ["", "# a comment\n", "nothing of the kind\n", &root, &format!("{identity}\n{identity}"), identity.get(..40).unwrap()] {
        place.write("wrong.key", wrong);
        let mut words = place.restore("restored", &[]);
        words[5] = "wrong.key";
        let said = String::from_utf8(place.output(&words, "").stderr).unwrap();
        assert!(said.contains("starts with `AGE-SECRET-KEY-`"), "{said}");
        assert!(!said.contains("whoever saw this line") && !said.contains('…'), "{said}");
        assert!(!said.contains(identity.get(20..40).unwrap()), "{said}");
    }
}

#[test]
fn what_is_wrong_with_a_target_is_named_without_a_server() {
    let mut place = Place::with_server("");
    place.wait_until_shipped();
    place.end(Signal::TERM);
    for words in [&["--from", "nowhere"][..], &["--from", "ftp://a/b"]] {
        for command in ["list", "verify"] {
            assert!(!place.output(&[&["backup", command], words].concat(), "").status.success(), "{command} {words:?}");
        }
    }
    place.fails(&["backup", "verify", "--from", "jeton-data.backups"], "--identity and --root-key-file are needed");
    place.fails(&["backup", "list", "--identity", "recovery.key"], "--from");
    let folder = std::fs::read_dir(place.path("jeton-data.backups/snapshots")).unwrap().next().unwrap().unwrap().path();
    std::fs::write(folder.join("part-00001.age"), "x").unwrap();
    let output = place.output(&[&["backup", "verify"], &OPENED[..]].concat(), "");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.code() == Some(1) && said.contains("part-00001.age"), "{said}");
    std::fs::write(folder.join("manifest.age"), "x").unwrap();
    let listed = place.json(&[&["backup", "list"], &OPENED[..]].concat());
    assert!(listed["problems"][0].as_str().unwrap().contains("manifest.age"), "{listed}");
}
