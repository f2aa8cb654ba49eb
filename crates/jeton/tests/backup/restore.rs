//! Data folders that are made of backups: what was revoked stays so; and what the metrics tell of backups.

use std::fs;

use rustix::process::Signal;

use crate::place::Place;

#[test]
fn after_a_stop_in_order_everything_is_there_and_what_was_revoked_is_not() {
    let mut place = Place::with_server("");
    let (kept, lost) = (place.token(), place.token());
    let (key, leaked) = (place.key(), place.key());
    place.done(&["backup", "create"]);
    // After the snapshot: the tail alone tells of these.
    let later = place.token();
    place.said(&["revoke", "-", "--yes"], &lost);
    place.said(&["revoke", "-", "--yes"], &leaked);
    place.end(Signal::TERM);
    let restored = place.json(&place.restore("restored", &[]));
    assert_eq!(restored["is_complete"], true, "{restored}");
    place.start("restored");
    for (token, active) in [(&kept, true), (&later, true), (&lost, false)] {
        assert_eq!(place.is_active("restored", token), active);
    }
    assert_eq!((place.standing("restored", &key), place.standing("restored", &leaked)), ("valid".into(), "revoked".into()));
    let entries = place.json(&["audit", "tail", "--data", "restored"]);
    assert!(entries.to_string().contains("incarnation.opened"));
    assert!(place.done(&["audit", "verify", "--data", "restored"]).contains("what was written"));
    place.end(Signal::TERM);
    assert!(place.done(&["check", "--full", "--data", "restored"]).contains("what was written"));
}

#[test]
fn a_server_that_goes_on_from_a_backup_makes_one_of_its_own_at_once() {
    let mut place = Place::with_server("backup_target = \"../kept\"");
    let (kept, leaked) = (place.key(), place.key());
    place.done(&["backup", "create"]);
    let count = |place: &Place, data| place.json(&["backup", "list", "--data", data])["snapshots"].as_array().unwrap().len();
    let before = count(&place, "jeton-data");
    place.end(Signal::TERM);
    let from_kept = |data| [&place.restore(data, &[])[..3], &["kept"], &place.restore(data, &[])[4..]].concat();
    let (restored, again) = (from_kept("restored"), from_kept("again"));
    place.done(&restored);
    place.start("restored");
    place.said(&["revoke", "-", "--yes", "--data", "restored"], &leaked);
    // The tail of the new incarnation goes with no older snapshot.
    while count(&place, "restored") == before {}
    place.done(&["backup", "drill", "--data", "restored"]);
    place.end(Signal::TERM);
    place.done(&again);
    place.start("again");
    assert_eq!((place.standing("again", &kept), place.standing("again", &leaked)), ("valid".into(), "revoked".into()));
}

#[test]
fn after_a_kill_what_is_older_waits_until_the_gap_is_accepted() {
    let mut place = Place::with_server("");
    let (token, key, leaked) = (place.token(), place.key(), place.key());
    place.said(&["revoke", "-", "--yes"], &leaked);
    place.wait_until_shipped();
    place.end(Signal::KILL);
    let restored = place.json(&place.restore("restored", &[]));
    assert_eq!(restored["is_complete"], false, "{restored}");
    place.start("restored");
    assert!(!place.is_active("restored", &token), "access tokens renew by themselves");
    assert_eq!((place.standing("restored", &key), place.standing("restored", &leaked)), ("suspended".into(), "revoked".into()));
    assert!(place.done(&["backup", "list", "--data", "restored"]).contains("accept-gap"));
    let accepted = place.done(&["backup", "restore", "accept-gap", "--yes", "--data", "restored"]);
    assert!(accepted.contains("accepted"), "{accepted}");
    assert_eq!((place.standing("restored", &key), place.standing("restored", &leaked)), ("valid".into(), "revoked".into()));
    assert!(!place.is_active("restored", &token), "what ended has ended");
    let again = place.done(&["backup", "restore", "accept-gap", "--yes", "--data", "restored"]);
    assert!(again.contains("no gap"), "{again}");
}

#[test]
fn what_is_answered_under_sync_is_on_the_target() {
    let mut place = Place::with_server("revocation_durability = \"sync\"");
    place.wait_until_shipped();
    let leaked: Vec<String> = (0..5).map(|_| place.key()).collect();
    for (place_of, key) in leaked.iter().enumerate() {
        place.said(&["revoke", "-", "--yes"], key);
        if place_of == 3 {
            break;
        }
    }
    place.end(Signal::KILL);
    let restored = place.json(&place.restore("restored", &[]));
    assert_eq!(restored["is_complete"], true, "{restored}");
    place.start("restored");
    let standings: Vec<String> = leaked.iter().map(|key| place.standing("restored", key)).collect();
    assert_eq!(standings, ["revoked", "revoked", "revoked", "revoked", "valid"]);
}

/// A time to go back to: what is done from here on is of a later one.
pub(crate) fn a_second(place: &Place) -> i64 {
    place.wait_until_shipped();
    let entries = place.json(&["audit", "tail", "-n", "1"]);
    let until = entries["items"][0]["time"].as_str().unwrap().to_owned();
    let second = jeton_http::api::rfc3339::parse(&format!("{}Z", until.get(..19).unwrap())).unwrap() + 1;
    // Times are given to the second.
    while place.json(&["audit", "checkpoint"])["signed_at"].as_str().unwrap() <= jeton_http::api::rfc3339::format(second).as_str() {}
    second
}

#[test]
fn an_earlier_time_gives_nothing_that_was_given_since_beside_what_was_taken() {
    let mut place = Place::with_server("");
    place.done(&["api", "create", "--audience", "c:d", "--scope", "r=Read", "--scope", "w=Write"]);
    let made = place.json(&["client", "create", "--name", "shop", "--audience", "c:d", "--scope", "r"]);
    let client = made["id"].as_str().or(made["client_id"].as_str()).unwrap().to_owned();
    let second = a_second(&place);
    // One commit gives a scope, and changes what the client is called.
    place.done(&["client", "update", &client, "--scope", "r", "--scope", "w", "--name", "store"]);
    place.end(Signal::TERM);
    let restored = place.json(&place.restore("restored", &["--until", &second.to_string()]));
    assert_eq!((&restored["is_complete"], &restored["stopped"]), (&true.into(), &0.into()), "{restored}");
    place.start("restored");
    let shown = place.json(&["client", "show", &client, "--data", "restored"]);
    assert_eq!((shown["name"].as_str(), shown["scope"].as_str()), (Some("shop"), Some("r")), "{shown}");
    place.end(Signal::TERM);
    assert!(place.done(&["check", "--full", "--data", "restored"]).contains("what was written"));
}

#[test]
fn an_earlier_time_takes_back_what_was_given_and_not_what_was_taken() {
    let mut place = Place::with_server("");
    let (kept, leaked) = (place.key(), place.key());
    let second = a_second(&place);
    let given = place.key();
    place.said(&["revoke", "-", "--yes"], &leaked);
    place.end(Signal::TERM);
    let restored = place.json(&place.restore("restored", &["--until", &second.to_string()]));
    assert_eq!(restored["is_complete"], true, "{restored}");
    place.start("restored");
    let standings = [&kept, &leaked, &given].map(|key| place.standing("restored", key));
    assert_eq!(standings, ["valid", "revoked", "not_found"]);
    place.end(Signal::TERM);
    assert!(place.done(&["check", "--full", "--data", "restored"]).contains("what was written"));
}

#[test]
fn what_cannot_be_restored_is_named_and_leaves_nothing_behind() {
    let mut place = Place::with_server("");
    place.wait_until_shipped();
    place.end(Signal::TERM);
    let around = || {
        let names = fs::read_dir(place.folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    };
    let before = around();
    place.fails(&place.restore("jeton-data", &[]), "is not empty");
    place.done(&["init", "--data", "other", "--issuer", "http://127.0.0.1:8420"]);
    let mut words = place.restore("restored", &[]);
    words[7] = "other.root-key";
    place.fails(&words, "was not written with this root key");
    let other = place.json(&["init", "--data", "third", "--issuer", "http://127.0.0.1:8420"]);
    place.write("recovery.key", other["recovery_identity"].as_str().unwrap());
    place.fails(&place.restore("restored", &[]), "does not open with this identity");
    assert!(around().iter().all(|name| !name.contains("restor")), "{:?}", around());
    for made in ["other", "third"] {
        fs::remove_dir_all(place.path(made)).unwrap();
        fs::remove_file(place.path(&format!("{made}.root-key"))).unwrap();
    }
    assert_eq!(around(), before);
}

#[test]
fn a_target_that_goes_away_is_told_of_and_catches_up() {
    let mut place = Place::with_server("");
    place.wait_until_shipped();
    fs::rename(place.path("jeton-data.backups"), place.path("away")).unwrap();
    place.write("jeton-data.backups", "in the way");
    place.key();
    place.hears("the backup target is away");
    // The ledger hears of it after the log.
    while !place.json(&["audit", "tail", "-n", "5"]).to_string().contains("backup.target_lost") {}
    assert_eq!(place.sample("jeton_backup_target_reachable"), 0.0);
    assert!(place.sample("jeton_backup_failures_total{kind=\"tail\"}") >= 1.0);
    // The clock goes on while it is away.
    while place.sample("jeton_backup_tail_behind_seconds") < 1.0 {}
    fs::remove_file(place.path("jeton-data.backups")).unwrap();
    fs::rename(place.path("away"), place.path("jeton-data.backups")).unwrap();
    place.hears("takes the ledger's tail again");
    place.wait_until_shipped();
    assert_eq!(place.sample("jeton_backup_target_reachable"), 1.0);
    place.end(Signal::TERM);
    assert_eq!(place.json(&place.restore("restored", &[]))["is_complete"], true);
}

#[test]
fn the_metrics_tell_of_backups_and_of_the_process() {
    let mut place = Place::with_server("access_log = \"access.log\"");
    let made = place.json(&["backup", "create"]);
    place.wait_until_shipped();
    let at = place.sample("jeton_backup_last_success_timestamp_seconds");
    assert!(at >= place.sample("process_start_time_seconds").floor() && at < 4e9);
    assert_eq!(place.sample("jeton_backup_snapshot_size_bytes"), made["bytes"].as_f64().unwrap());
    assert_eq!(place.sample("jeton_backup_snapshot_duration_seconds"), made["seconds"].as_f64().unwrap());
    for (name, least) in [
        ("jeton_backup_objects_total{kind=\"tail\"}", 1.0),
        ("jeton_backup_objects_total{kind=\"snapshot\"}", 2.0),
        ("jeton_backup_bytes_total{kind=\"tail\"}", 100.0),
        ("jeton_backup_bytes_total{kind=\"snapshot\"}", made["bytes"].as_f64().unwrap()),
        ("jeton_backup_interval_seconds", 86_400.0),
        ("jeton_backup_target_reachable", 1.0),
        ("jeton_http_request_duration_seconds_count{endpoint=\"management\"}", 3.0),
        ("jeton_http_request_duration_seconds_sum{endpoint=\"management\"}", 1e-6),
        ("process_cpu_seconds_total", 1e-6),
        ("process_resident_memory_bytes", 1e6),
        ("process_open_fds", 5.0),
        ("process_max_fds", 100.0),
    ] {
        assert!(place.sample(name) >= least, "{name}");
    }
    for name in ["jeton_backup_failures_total{kind=\"snapshot\"}", "jeton_access_log_dropped_total{why=\"failed\"}", "jeton_restore_gap"] {
        assert_eq!(place.sample(name), 0.0, "{name}");
    }
    // The next process finds the newest on the target.
    place.end(Signal::TERM);
    place.start("jeton-data");
    while !place.done(&["request", "GET", "/metrics"]).contains("jeton_backup_last_success_timestamp_seconds ") {}
    assert_eq!(place.sample("jeton_backup_last_success_timestamp_seconds"), at);
}
