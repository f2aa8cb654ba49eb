//! People who were erased, and backups from before: no restore brings them back, and what is made of a backup has nothing of them in its files.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what goes wrong here must fail the test")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use jeton_core::record::Value as Column;
use jeton_core::schema::CHANGE;
use jeton_store::schema::SCHEMA;
use jeton_store::store::{Fault, Group, Store as _, Subscriber};
use jeton_store_sqlite::{Options, SqliteStore};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// A folder with a data folder, its root file, its backups and the recovery identity in it.
struct Place {
    folder: TempDir,
    server: Option<Child>,
    /// The lines of its log.
    log: Option<Receiver<String>>,
}

impl Place {
    /// A second that came after all that was told so far, and is over: an earlier time is given to the second.
    fn a_second_that_is_over(&self) -> String {
        let signed_after = |second: &str| loop {
            let signed = self.json(&["audit", "checkpoint"])["signed_at"].as_str().unwrap().to_owned();
            if signed.as_str() > second {
                break signed;
            }
        };
        let entries = self.json(&["audit", "tail"]);
        let last = entries["items"].as_array().unwrap().iter().map(|entry| entry["time"].as_str().unwrap()).max().unwrap();
        let next = signed_after(&format!("{}Z", last.get(..19).unwrap()));
        signed_after(&next);
        next
    }

    fn new() -> Place {
        let place = Place { folder: tempfile::tempdir().unwrap(), server: None, log: None };
        let made = place.json(&["init", "--issuer", "http://127.0.0.1:8420"]);
        fs::write(place.path("recovery.key"), made["recovery_identity"].as_str().unwrap()).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().unwrap()
    }

    #[track_caller]
    fn done(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.done(&[arguments, &["--json"]].concat())).unwrap()
    }

    /// Starts a server on a folder, on the configuration of the first.
    fn start(&mut self, data: &str) {
        let root = self.path("jeton-data.root-key").display().to_string();
        let config = self.path("jeton-data/jeton.toml").display().to_string();
        let arguments = ["serve", "--data", data, "--config", &config, "--root-key-file", &root, "--listen", "127.0.0.1:0"];
        let mut server = self.command(&arguments).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
        assert!(lines.by_ref().map_while(Result::ok).any(|line| line.contains("jeton serves")));
        let (tell, log) = mpsc::channel();
        // Read on, so that the log never fills its pipe.
        thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(tell.send(line))));
        (self.server, self.log) = (Some(server), Some(log));
    }

    /// Waits until the server's log says this.
    fn hears(&self, words: &str) {
        assert!(self.log.as_ref().unwrap().iter().any(|line| line.contains(words)), "the server ended before it said: {words}");
    }

    fn end(&mut self, signal: Signal) {
        let mut server = self.server.take().unwrap();
        kill_process(Pid::from_child(&server), signal).unwrap();
        server.wait().unwrap();
    }

    fn restore(&self, data: &str, more: &[&str]) -> Value {
        let words = ["backup", "restore", "--from", "jeton-data.backups", "--identity", "recovery.key"];
        self.json(&[&words[..], &["--root-key-file", "jeton-data.root-key", "--data", data], more].concat())
    }

    /// Ada, with a key, of whom somebody wrote something; then a backup.
    fn with_ada() -> (Place, String) {
        Place::with_ada_under("")
    }

    /// The same under a configuration that says more.
    fn with_ada_under(more: &str) -> (Place, String) {
        let mut place = Place::new();
        let config = place.path("jeton-data/jeton.toml");
        fs::write(&config, format!("{}\n{more}\n", fs::read_to_string(&config).unwrap())).unwrap();
        place.start("jeton-data");
        place.has_its_first_snapshot();
        place.done(&["api", "create", "--audience", "a:b", "--scope", "read=Read"]);
        let ada = place.json(&["user", "create", "--username", "ada-lovelace", "--name", "Ada Müller", "--email", "ada@example.org"]);
        place.done(&["user", "create", "--username", "bob"]);
        place.done(&["role", "create", "--name", "reader", "--audience", "a:b", "--scope", "read"]);
        place.done(&["role", "assign", "reader", "user:ada-lovelace"]);
        place.done(&["key", "create", "--owner", "user:ada-lovelace", "--audience", "a:b", "--name", "zeppelin laptop", "--scope", "read"]);
        place.done(&["revoke", "--user", "ada-lovelace", "--why", "her telephone was stolen", "--yes"]);
        place.names_her_in_acme_s("kept by Ada Müller when she left");
        place.done(&["backup", "create"]);
        (place, ada["id"].as_str().unwrap().to_owned())
    }

    /// Waits for the snapshot that a server makes by itself when it starts: one that is asked for while it is under way is that one, and may
    /// lack what was made meanwhile.
    fn has_its_first_snapshot(&self) {
        while self.json(&["backup", "list"])["snapshots"].as_array().unwrap().is_empty() {}
    }

    /// A key that is not hers, revoked for a reason that names her.
    fn names_her_in_acme_s(&self, why: &str) {
        let key = self.json(&["key", "create", "--owner", "external:acme", "--audience", "a:b", "--name", "acme", "--scope", "read"]);
        self.done(&["key", "revoke", key["id"].as_str().unwrap(), "--why", why, "--yes"]);
    }

    /// Nobody's keys are there but acme's, which say nothing of her.
    #[track_caller]
    fn only_acme_s(&self, data: &str) {
        let keys = self.json(&["key", "list", "--data", data]);
        for key in keys["items"].as_array().unwrap() {
            assert_eq!((&key["owner"], &key["state"], &key["why"]), (&"external:acme".into(), &"revoked".into(), &"unspecified".into()));
        }
        assert!(!keys["items"].as_array().unwrap().is_empty());
    }

    #[track_caller]
    fn is_forgotten(&mut self, data: &str, id: &str) {
        is_named_nowhere(&self.path(data));
        self.start(data);
        let output = self.output(&["user", "show", id, "--data", data]);
        assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        assert!(self.done(&["user", "list", "--data", data]).contains("bob"));
        self.only_acme_s(data);
        self.end(Signal::TERM);
        assert!(self.done(&["check", "--full", "--data", data]).contains("what was written"));
        assert!(self.done(&["audit", "verify", "--data", data]).contains("what was written"));
        is_named_nowhere(&self.path(data));
    }
}

/// Hears of commits and keeps nothing.
struct Deaf;

impl Subscriber for Deaf {
    fn applied(&self, _: &Group<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn lost(&self, _: &Fault) {}
}

/// What the copies of rows that are kept for backups say of her; no server may run.
fn copies_naming_her(data: &Path) -> Vec<String> {
    let store = SqliteStore::open(Options::new(data.to_owned(), &SCHEMA, [7; 32]), Arc::new(Deaf)).unwrap();
    let rows = store.view().unwrap().walk(&CHANGE, None, None, usize::MAX).unwrap();
    let lines = rows.iter().filter_map(|row| row.record.get(1).and_then(Column::as_text)).flat_map(|lines| lines.lines());
    lines.filter(|line| SAID.iter().any(|said| line.contains(said))).map(str::to_owned).collect()
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// What no file of a folder may say.
const SAID: [&str; 5] = ["ada-lovelace", "Ada Müller", "ada@example.org", "zeppelin", "her telephone"];

#[track_caller]
fn is_named_nowhere(folder: &Path) {
    let named = named_in(folder);
    assert!(named.is_empty(), "{named:?}");
}

/// Which of them the files of a folder say.
fn named_in(folder: &Path) -> Vec<String> {
    let mut named = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Ok(bytes) = fs::read(&path) else { continue };
        // What is no text is read as something else; what is looked for stays as it is.
        let text = String::from_utf8_lossy(&bytes);
        let has = |said: &&str| text.contains(said);
        named.extend(SAID.into_iter().filter(has).map(|said| format!("{} says {said}", path.display())));
    }
    named
}

#[test]
fn no_restore_brings_back_who_was_erased() {
    let (mut place, id) = Place::with_ada();
    assert!(!named_in(&place.path("jeton-data")).is_empty(), "what is looked for is to be found before");
    let until = place.a_second_that_is_over();
    let erased = place.json(&["user", "erase", "ada-lovelace", "--yes"]);
    assert_eq!((erased["keys"].clone(), erased["roles"].clone(), erased["entries"].clone()), (1.into(), 1.into(), 3.into()));
    // Nothing of the tail after the answer is asked for: the erasure is on the target by now.
    place.end(Signal::KILL);
    assert_eq!(copies_naming_her(&place.path("jeton-data")), Vec::<String>::new());
    place.restore("whole", &[]);
    place.is_forgotten("whole", &id);
    place.restore("earlier", &["--until", &until]);
    place.is_forgotten("earlier", &id);
    fs::remove_dir_all(place.path("jeton-data.backups/tail")).unwrap();
    let restored = place.restore("cut", &[]);
    assert_eq!(restored["is_complete"], false);
    place.is_forgotten("cut", &id);
}

/// Pages that were divided keep copies of rows that moved, and free ones of what was there: nothing of it is left in the folder's files, while
/// the server runs and after it.
#[test]
fn no_byte_of_the_folder_says_who_was_erased() {
    let (mut place, id) = Place::with_ada();
    let lines: Vec<String> = (0..600).map(|key| format!("{key:064x},user:ada-lovelace,zeppelin {key},read")).collect();
    fs::write(place.path("keys.csv"), format!("sha256,owner,name,scope\n{}\n", lines.join("\n"))).unwrap();
    place.done(&["key", "import", "keys.csv", "--audience", "a:b"]);
    for number in 0..12 {
        place.names_her_in_acme_s(&format!("lent to ada-lovelace, {number}"));
        place.done(&["user", "create", "--username", &format!("somebody{number}"), "--name", "Some Body, of whom nothing goes"]);
    }
    let entries = place.json(&["audit", "tail", "-n", "1000"]);
    let entries = entries["items"].as_array().unwrap();
    let says = |entry: &&Value| SAID.iter().any(|said| entry["data"].to_string().contains(said));
    let salts: Vec<String> = entries.iter().filter(says).map(|entry| entry["salt"].as_str().unwrap().to_owned()).collect();
    assert!(salts.len() > 12, "{}", salts.len());
    let folder = place.path("jeton-data");
    place.done(&["user", "erase", "ada-lovelace", "--yes"]);
    is_named_nowhere(&folder);
    for salt in &salts {
        let salt: Vec<u8> = (0..16).map(|place| u8::from_str_radix(&salt[2 * place..2 * place + 2], 16).unwrap()).collect();
        for file in ["jeton.db", "jeton.db-wal"] {
            let bytes = fs::read(folder.join(file)).unwrap();
            assert!(!bytes.windows(16).any(|bytes| bytes == salt), "{file} has a salt");
        }
    }
    assert!(!place.output(&["user", "show", &id]).status.success());
    place.end(Signal::TERM);
    is_named_nowhere(&folder);
    assert!(place.done(&["check", "--full"]).contains("what was written"));
    assert!(place.done(&["audit", "verify"]).contains("what was written"));
}

#[test]
fn it_is_answered_once_the_target_has_it() {
    let (mut place, id) = Place::with_ada();
    let away = place.path("away");
    fs::rename(place.path("jeton-data.backups"), &away).unwrap();
    fs::write(place.path("jeton-data.backups"), "in the way").unwrap();
    let output = place.output(&["user", "erase", "ada-lovelace", "--yes"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("the backup target"), "{said}");
    assert!(!place.output(&["user", "show", &id]).status.success(), "it holds here all the same");
    fs::remove_file(place.path("jeton-data.backups")).unwrap();
    fs::rename(&away, place.path("jeton-data.backups")).unwrap();
    place.end(Signal::TERM);
    place.restore("whole", &[]);
    place.is_forgotten("whole", &id);
}

/// The process is killed while her keys go, one after the other: the next one goes on with it by itself, and so does whoever is made of what
/// was shipped until then. A restore of what is older has nothing of her.
#[test]
fn an_erasure_amid_which_the_server_is_killed_is_gone_on_with() {
    // What is removed is on the target by then.
    let (mut place, id) = Place::with_ada_under("revocation_durability = \"sync\"");
    let lines: Vec<String> = (0..200).map(|key| format!("{key:064x},user:ada-lovelace,zeppelin {key},read")).collect();
    fs::write(place.path("keys.csv"), format!("sha256,owner,name,scope\n{}\n", lines.join("\n"))).unwrap();
    place.done(&["key", "import", "keys.csv", "--audience", "a:b"]);
    let mut asking =
        place.command(&["user", "erase", "ada-lovelace", "--yes"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while place.json(&["audit", "tail", "-n", "1"])["items"][0]["kind"] != "api_key.removed" {
        thread::yield_now();
    }
    place.end(Signal::KILL);
    assert!(!asking.wait().unwrap().success(), "it was over before the server was killed");
    assert!(!copies_naming_her(&place.path("jeton-data")).is_empty(), "what is looked for is to be found before");
    place.restore("amid", &[]);
    for data in ["jeton-data", "amid"] {
        place.start(data);
        place.hears("erasures that were broken off were gone on with");
        assert!(!place.output(&["user", "show", &id, "--data", data]).status.success());
        place.only_acme_s(data);
        place.end(Signal::TERM);
        assert_eq!(copies_naming_her(&place.path(data)), Vec::<String>::new());
        assert!(place.done(&["check", "--full", "--data", data]).contains("what was written"));
        assert!(place.done(&["audit", "verify", "--data", data]).contains("what was written"));
        if data == "jeton-data" {
            place.restore("whole", &[]);
        }
    }
    place.is_forgotten("whole", &id);
}

/// A disk that was away for longer than is known what each commit erased: it is told of everything that was.
#[test]
fn a_target_that_comes_back_after_a_week_brings_back_nobody() {
    let (mut place, id) = Place::with_ada();
    let until = place.a_second_that_is_over();
    place.end(Signal::TERM);
    let (backups, disk) = (place.path("jeton-data.backups"), place.path("disk"));
    // Another one has its turn.
    fs::rename(&backups, &disk).unwrap();
    fs::create_dir(&backups).unwrap();
    fs::copy(disk.join("target.txt"), backups.join("target.txt")).unwrap();
    place.start("jeton-data");
    place.done(&["user", "erase", "ada-lovelace", "--yes"]);
    place.done(&["user", "create", "--username", "zora", "--name", "Zora Example"]);
    place.done(&["user", "erase", "zora", "--yes"]);
    place.end(Signal::TERM);
    let store = SqliteStore::open(Options::new(place.path("jeton-data"), &SCHEMA, [7; 32]), Arc::new(Deaf)).unwrap();
    let head = store.head();
    store.drop_expired(head.time.plus_seconds(5 * 86_400)).unwrap();
    let left = store.view().unwrap().walk(&CHANGE, None, None, usize::MAX).unwrap();
    assert_eq!((left.len(), store.head().size), (0, head.size), "nobody knows any more what was changed");
    drop(store);
    fs::rename(&backups, place.path("other")).unwrap();
    fs::rename(&disk, &backups).unwrap();
    place.start("jeton-data");
    while place.json(&["backup", "list"])["shipped"] != place.json(&["backup", "list"])["size"] {}
    place.end(Signal::TERM);
    let restored = place.restore("earlier", &["--until", &until]);
    assert_eq!(restored["lost_erasures"], Value::Array(vec![]), "{restored}");
    let forgotten = place.done(&["audit", "tail", "-n", "1000", "--data", "earlier"]);
    assert!(!SAID.iter().any(|said| forgotten.contains(said)), "{forgotten}");
    place.is_forgotten("earlier", &id);
}

/// Where the object is lost that says who was erased, the tail says it; where that is lost too, a newer snapshot tells that there was one.
#[test]
fn an_erasure_that_the_target_has_lost_is_known_of_the_tail_or_missed() {
    let (mut place, id) = Place::with_ada();
    let until = place.a_second_that_is_over();
    place.done(&["user", "erase", "ada-lovelace", "--yes"]);
    place.done(&["backup", "create"]);
    place.done(&["backup", "verify"]);
    fs::remove_dir_all(place.path("jeton-data.backups/erasures")).unwrap();
    let verified = place.output(&["backup", "verify"]);
    let said = String::from_utf8_lossy(&verified.stdout).into_owned() + &String::from_utf8_lossy(&verified.stderr);
    assert!(!verified.status.success() && said.contains("erasures/") && said.contains("not everything"), "{said}");
    place.end(Signal::TERM);
    let whole = place.restore("whole", &[]);
    assert_eq!((&whole["is_complete"], &whole["lost_erasures"]), (&true.into(), &Value::Array(vec![])), "{whole}");
    let earlier = place.restore("earlier", &["--until", &until]);
    assert_eq!((&earlier["is_complete"], &earlier["lost_erasures"]), (&true.into(), &Value::Array(vec![])), "{earlier}");
    for data in ["whole", "earlier"] {
        place.is_forgotten(data, &id);
    }
    fs::remove_dir_all(place.path("jeton-data.backups/tail")).unwrap();
    let cut = place.restore("cut", &["--until", &until]);
    let lost = cut["lost_erasures"].as_array().unwrap();
    assert!(cut["is_complete"] == false && lost.len() == 1 && lost[0].as_str().unwrap().starts_with("erasures/"), "{cut}");
    let words =
        ["backup", "restore", "--from", "jeton-data.backups", "--identity", "recovery.key", "--root-key-file", "jeton-data.root-key"];
    let said = place.done(&[&words[..], &["--data", "again", "--until", &until]].concat());
    assert!(said.contains("erase them once more"), "{said}");
}

/// What is put once more, since it took something away, says nothing of them.
#[test]
fn what_is_made_again_of_after_an_earlier_time_names_nobody_who_was_erased() {
    let (mut place, id) = Place::with_ada();
    let key = place.json(&["key", "create", "--owner", "external:acme", "--audience", "a:b", "--name", "acme", "--scope", "read"]);
    let key = key["id"].as_str().unwrap();
    let next = place.a_second_that_is_over();
    place.done(&["key", "revoke", key, "--why", "Ada Müller left and kept it", "--yes"]);
    place.done(&["user", "erase", "ada-lovelace", "--yes"]);
    place.end(Signal::TERM);
    let restored = place.restore("earlier", &["--until", &next]);
    assert_eq!(restored["is_complete"], true, "{restored}");
    is_named_nowhere(&place.path("earlier"));
    place.start("earlier");
    assert_eq!(place.json(&["key", "show", key, "--data", "earlier"])["state"], "revoked");
    assert!(!place.output(&["user", "show", &id, "--data", "earlier"]).status.success());
    place.end(Signal::TERM);
    assert!(place.done(&["check", "--full", "--data", "earlier"]).contains("what was written"));
    is_named_nowhere(&place.path("earlier"));
}

/// Somebody was named before they were known here, and the backup is of then: it has no row that says what they were called.
#[test]
fn a_reason_of_before_they_were_known_is_forgotten_with_them() {
    let mut place = Place::new();
    place.start("jeton-data");
    place.has_its_first_snapshot();
    place.done(&["api", "create", "--audience", "a:b", "--scope", "read=Read"]);
    place.names_her_in_acme_s("asked for by ada@example.org");
    place.done(&["backup", "create"]);
    assert!(!named_in(&place.path("jeton-data")).is_empty(), "what is looked for is to be found before");
    place.done(&["user", "create", "--username", "ada-lovelace", "--email", "ada@example.org"]);
    place.done(&["user", "erase", "ada-lovelace", "--yes"]);
    place.only_acme_s("jeton-data");
    place.end(Signal::KILL);
    assert_eq!(copies_naming_her(&place.path("jeton-data")), Vec::<String>::new());
    fs::remove_dir_all(place.path("jeton-data.backups/tail")).unwrap();
    place.restore("cut", &[]);
    is_named_nowhere(&place.path("cut"));
    place.start("cut");
    place.only_acme_s("cut");
    place.end(Signal::TERM);
    assert!(place.done(&["check", "--full", "--data", "cut"]).contains("what was written"));
}
