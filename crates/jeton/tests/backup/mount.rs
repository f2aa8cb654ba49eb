//! A target whose disk is not mounted: an empty folder is not taken for it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::thread;

use rustix::process::Signal;
use serde_json::Value;

use crate::place::Place;

const TARGET: &str = "jeton-data.backups";
const UNMOUNTED: &str = "is it mounted?";

/// What a folder looks like on which nothing is mounted any more.
fn unmount(place: &Place) {
    fs::rename(place.path(TARGET), place.path("disk")).unwrap();
    fs::create_dir(place.path(TARGET)).unwrap();
}

fn mount(place: &Place) {
    assert_eq!(place.files(""), 0, "nothing is put where nobody would look for it");
    fs::remove_dir_all(place.path(TARGET)).unwrap();
    fs::rename(place.path("disk"), place.path(TARGET)).unwrap();
}

/// Why the target is away, once it is.
fn away(place: &Place) -> String {
    loop {
        if let Some(why) = place.json(&["backup", "list"])["away"]["why"].as_str() {
            return why.to_owned();
        }
    }
}

/// What the doctor says of the tail.
fn is_tail_well(place: &Place) -> bool {
    // Other checks fail in a folder of a test, and it ends with 1.
    let report: Value = serde_json::from_slice(&place.output(&["doctor", "--json"], "").stdout).unwrap();
    let practices = report["practices"].as_array().unwrap().iter();
    let mut checks = practices.flat_map(|practice| practice["checks"].as_array().unwrap());
    checks.find(|check| check["id"] == "recovery.tail").unwrap()["verdict"] == "passed"
}

#[test]
fn a_target_that_is_not_mounted_at_the_start_is_away_until_it_is_or_is_said_to_be_new() {
    let mut place = Place::with_server("");
    let leaked = place.key();
    place.wait_until_shipped();
    assert!(is_tail_well(&place));
    let mark = fs::read_to_string(place.path("jeton-data.backups/target.txt")).unwrap();
    assert!(mark.contains("\nissuer http://127.0.0.1:8420\n"), "{mark}");
    place.end(Signal::TERM);
    unmount(&place);
    place.start("jeton-data");
    let away = away(&place);
    assert!(away.contains(UNMOUNTED) && away.contains("--new-backup-target"), "{away}");
    while !place.json(&["audit", "tail", "-n", "5"]).to_string().contains(UNMOUNTED) {}
    assert!(!is_tail_well(&place));
    place.fails(&["backup", "create"], UNMOUNTED);
    let answer = place.output(&["revoke", "-", "--yes"], &leaked);
    assert!(!answer.status.success(), "the target has not heard of it");
    mount(&place);
    place.hears("takes the ledger's tail again");
    place.wait_until_shipped();
    assert!(is_tail_well(&place));
    place.said(&["revoke", "-", "--yes"], &leaked);
    place.end(Signal::TERM);
    // Another disk, on purpose.
    fs::rename(place.path(TARGET), place.path("disk")).unwrap();
    let root = place.path("jeton-data.root-key").display().to_string();
    let words = ["serve", "--data", "jeton-data", "--root-key-file", &root, "--listen", "127.0.0.1:0", "--issuer", "http://127.0.0.1:8420"];
    place.start_with(&[&words[..], &["--new-backup-target"]].concat());
    place.wait_until_shipped();
    assert_eq!(place.snapshots(), 1, "what a new target lacks is a snapshot");
    place.end(Signal::TERM);
    // It is the target from then on.
    place.start("jeton-data");
    place.wait_until_shipped();
    place.end(Signal::TERM);
    assert_eq!(place.json(&place.restore("restored", &[]))["is_complete"], true);
}

#[test]
fn a_target_that_is_unmounted_while_the_server_runs_gets_nothing_meanwhile_and_catches_up() {
    let mut place = Place::with_server("");
    place.wait_until_shipped();
    unmount(&place);
    place.hears("the backup target is away");
    let key = place.key();
    place.fails(&["backup", "create"], UNMOUNTED);
    mount(&place);
    place.hears("takes the ledger's tail again");
    place.wait_until_shipped();
    let verified = place.json(&["backup", "verify"]);
    assert_eq!(verified["problems"].as_array().unwrap().len(), 0, "{verified}");
    place.end(Signal::TERM);
    assert_eq!(place.json(&place.restore("restored", &[]))["is_complete"], true);
    place.start("restored");
    assert_eq!(place.standing("restored", &key), "valid");
}

#[test]
fn a_mark_that_alone_is_lost_is_left_again_and_that_of_another_deployment_is_heeded() {
    let mut place = Place::with_server("");
    place.wait_until_shipped();
    place.end(Signal::TERM);
    let mark = place.path("jeton-data.backups/target.txt");
    fs::remove_file(&mark).unwrap();
    place.start("jeton-data");
    place.wait_until_shipped();
    assert!(mark.exists());
    place.end(Signal::TERM);
    for (text, needle) in [
        (
            "jeton backup target\nissuer https://other.example\nbegun 2026-01-01T00:00:00Z\n",
            "is the backup target of https://other.example",
        ),
        ("something else\n", "does not say whose target this is"),
        ("", "does not say whose target this is"),
    ] {
        fs::write(&mark, text).unwrap();
        place.start("jeton-data");
        let away = away(&place);
        assert!(away.contains(needle), "{away}");
        place.end(Signal::TERM);
    }
}

#[test]
fn a_bucket_that_is_away_is_told_of_once() {
    // Nobody listens there any more.
    let address = TcpListener::bind("127.0.0.1:0").and_then(|gone| gone.local_addr()).unwrap();
    let lines = format!(
        "backup_target = \"s3://backups/jeton\"\nbackup_s3_endpoint = \"http://{address}\"\nbackup_s3_access_key_id = \"me\"\n\
         backup_s3_secret_file = \"secret\""
    );
    let mut place = Place::without_server(&lines);
    place.write("jeton-data/secret", "of the test");
    place.start("jeton-data");
    while !place.done(&["request", "GET", "/metrics"]).contains("jeton_backup_target_reachable 0") {}
    place.json(&["api", "create", "--audience", "a:b", "--scope", "read=Read"]);
    let mut said = std::mem::take(&mut place.first_words);
    said.extend(place.end_and_read(Signal::TERM));
    let told = |needle: &str| said.iter().filter(|line| line.contains(needle)).count();
    assert_eq!(told("the backup target is away"), 1, "{said:#?}");
    assert_eq!((told("whether a snapshot is due"), told("the backup failed"), told("receipts")), (0, 0, 0), "{said:#?}");
}

#[test]
fn the_line_of_the_page_and_the_usual_variables_lead_to_the_bucket() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operations/back-up.md")).unwrap();
    let line = page.lines().find_map(|line| line.strip_prefix("    ").filter(|line| line.starts_with("backup_target = \"s3://"))).unwrap();
    let bucket = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", bucket.local_addr().unwrap());
    // Who asks first is heard, and nobody is answered.
    let heard = thread::spawn(move || {
        let (asking, _) = bucket.accept().unwrap();
        BufReader::new(asking).lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
    });
    let mut place = Place::without_server(line);
    let mut command = place.command(&[]);
    let keys =
        [("AWS_ACCESS_KEY_ID", "key-of-the-page"), ("AWS_SECRET_ACCESS_KEY", "secret of the page"), ("AWS_ENDPOINT_URL", &*endpoint)];
    command.envs(keys);
    place.start_within(command, "jeton-data");
    let head = heard.join().unwrap();
    assert!(head.lines().next().unwrap().contains("/backups"), "{head}");
    assert!(head.contains("Credential=key-of-the-page/") && !head.contains("secret of the page"), "{head}");
    place.end(Signal::TERM);
}
