//! Where a deployment may begin: not on a disk that was lost, and not beside the backups of another.

use std::fs;

use rustix::process::Signal;

use crate::place::Place;

const URL: &str = "http://127.0.0.1:8420";

#[test]
fn a_server_begins_nothing_where_a_database_was() {
    let mut place = Place::with_server("");
    place.key();
    place.wait_until_shipped();
    place.end(Signal::TERM);
    fs::rename(place.path("jeton-data"), place.path("lost")).unwrap();
    let serve = ["serve", "--data", "jeton-data", "--issuer", URL, "--root-key-file", "jeton-data.root-key", "--listen", "127.0.0.1:0"];
    place.fails(&serve, "there is no data folder at jeton-data");
    assert!(!place.path("jeton-data").exists());
    // A mount that is missing, and one on which the configuration alone is put back.
    fs::create_dir(place.path("jeton-data")).unwrap();
    place.fails(&serve, "is its disk mounted?");
    assert_eq!(fs::read_dir(place.path("jeton-data")).unwrap().count(), 0);
    fs::copy(place.path("lost/jeton.toml"), place.path("jeton-data/jeton.toml")).unwrap();
    place.fails(&serve, "--new-deployment");
    // The target shows that there was one, whatever anybody says.
    place.fails(&[&serve[..], &["--new-deployment"]].concat(), "has backups of http://127.0.0.1:8420");
    fs::remove_file(place.path("jeton-data.backups/target.txt")).unwrap();
    place.fails(&[&serve[..], &["--new-deployment"]].concat(), "has backups of http://127.0.0.1:8420");
    assert!(!place.path("jeton-data/jeton.db").exists());
    // Elsewhere it begins where somebody says so, once.
    fs::rename(place.path("jeton-data.backups"), place.path("kept")).unwrap();
    place.start_with(&[&serve[..], &["--new-deployment"]].concat());
    place.end(Signal::TERM);
    place.start_with(&serve);
}

#[test]
fn neither_does_init_beside_the_backups_of_its_issuer() {
    let mut place = Place::with_server("");
    place.wait_until_shipped();
    place.end(Signal::KILL);
    fs::remove_dir_all(place.path("jeton-data")).unwrap();
    place.fails(&["init", "--issuer", URL], "has backups of http://127.0.0.1:8420");
    assert!(!place.path("jeton-data").exists(), "nothing was made");
    place.done(&["init", "--data", "other", "--issuer", URL]);
    // The target is named later: the first start sees it.
    let file = place.path("other/jeton.toml");
    fs::write(&file, format!("{}backup_target = \"../jeton-data.backups\"\n", fs::read_to_string(&file).unwrap())).unwrap();
    place.fails(&["serve", "--data", "other", "--listen", "127.0.0.1:0"], "has backups of http://127.0.0.1:8420");
    assert!(!place.path("other/jeton.db").exists());
    fs::rename(place.path("jeton-data.backups"), place.path("kept")).unwrap();
    place.start_with(&["serve", "--data", "other", "--listen", "127.0.0.1:0"]);
    place.end(Signal::TERM);
    // What lets a first start begin is gone with it.
    fs::remove_file(place.path("other/jeton.db")).unwrap();
    place.fails(&["serve", "--data", "other", "--listen", "127.0.0.1:0"], "jeton.db is gone from other");
}
