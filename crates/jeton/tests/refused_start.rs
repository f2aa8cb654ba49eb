//! A start that is refused leaves the data folder as it was, byte for byte, also where the process before was killed and its log was used.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what goes wrong here must fail the test")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use jeton_core::commit::Commit;
use jeton_core::moment::{Moment, Time};
use jeton_core::record::{Row, Table};
use jeton_core::schema::{TABLES_OF_VERSION_1, TABLES_SINCE_VERSION_2};
use jeton_core::{deployment, key};
use jeton_store::schema::SCHEMA;
use jeton_store::store::{Fault, Group, Store as _, Submission, Subscriber};
use jeton_store::table::{Migration, Schema, Step};
use jeton_store_sqlite::{OpenError, Options, SqliteStore};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::sync::oneshot;

const ISSUER: &str = "http://127.0.0.1:8420";

/// A folder with a data folder and its root file in it.
struct Place(TempDir);

impl Place {
    /// With an API, a client and a token, after a server that ended so.
    fn after(signal: Signal) -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        place.done(&["init", "--issuer", ISSUER]);
        let mut server = place.start(&[]);
        place.done(&["api", "create", "--audience", "a:b"]);
        place.done(&["client", "create", "--name", "worker", "--audience", "a:b"]);
        place.done(&["token", "issue", "--client", "worker"]);
        end(&mut server, signal);
        place
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("jeton-data")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
        command.args(arguments).current_dir(self.0.path()).env_clear();
        command
    }

    #[track_caller]
    fn done(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts a server that must come up.
    fn start(&self, flags: &[&str]) -> Child {
        self.start_told(flags).0
    }

    /// The same, with what it said until then.
    fn start_told(&self, flags: &[&str]) -> (Child, Vec<String>) {
        let arguments = [&["serve", "--listen", "127.0.0.1:0"], flags].concat();
        let mut server = self.command(&arguments).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(server.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut told = Vec::new();
        let started = lines.by_ref().any(|line| {
            told.push(line);
            told.last().is_some_and(|line| line.contains("jeton serves"))
        });
        std::thread::spawn(move || lines.for_each(drop));
        assert!(started, "the server did not start: {told:#?}");
        (server, told)
    }

    /// Starts a server that must refuse, in these words, and touch nothing.
    #[track_caller]
    fn refuses(&self, flags: &[&str], words: &str) {
        let before = contents(&self.data());
        let arguments = [&["serve", "--listen", "127.0.0.1:0"], flags].concat();
        let mut server = self.command(&arguments).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        for line in BufReader::new(server.stderr.take().unwrap()).lines().map_while(Result::ok) {
            // It would not end.
            if line.contains("jeton serves") {
                end(&mut server, Signal::KILL);
                panic!("{flags:?}: it was served");
            }
            said.push_str(&line);
        }
        assert_eq!(server.wait().unwrap().code(), Some(3), "{flags:?}: {said}");
        assert!(said.contains(words), "{flags:?}: {said}");
        let after = contents(&self.data());
        let touched: Vec<_> = after.iter().filter(|(name, bytes)| before.get(*name) != Some(*bytes)).map(|(name, _)| name).collect();
        assert!(before == after, "{flags:?}: touched: {touched:?}");
    }
}

fn end(server: &mut Child, signal: Signal) {
    kill_process(Pid::from_child(server), signal).unwrap();
    server.wait().unwrap();
}

/// Every file's bytes; a socket has none.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(Result::unwrap);
    files.map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap_or_default())).collect()
}

#[test]
fn a_folder_that_is_another_s_is_not_touched() {
    for signal in [Signal::KILL, Signal::INT] {
        let place = Place::after(signal);
        place.done(&["init", "--data", "other", "--issuer", ISSUER]);
        place.refuses(&["--issuer", "https://id.example"], "belongs to the issuer http://127.0.0.1:8420");
        place.refuses(&["--root-key-file", "other.root-key"], "root file that belongs to this data folder");
        let config = fs::read_to_string(place.data().join("jeton.toml")).unwrap();
        fs::write(place.data().join("jeton.toml"), config.replace("\"jtn\"", "\"other\"")).unwrap();
        place.refuses(&[], "begin with `jtn`");
        fs::write(place.data().join("jeton.toml"), config).unwrap();
        end(&mut place.start(&[]), Signal::INT);
    }
}

#[test]
fn an_older_root_file_is_told_by_the_epoch_that_it_lacks() {
    let place = Place::after(Signal::INT);
    fs::copy(place.0.path().join("jeton-data.root-key"), place.0.path().join("older.root-key")).unwrap();
    let mut server = place.start(&[]);
    place.done(&["root-key", "rotate", "--yes"]);
    end(&mut server, Signal::INT);
    place.refuses(&["--root-key-file", "older.root-key"], "epoch 2 of the root key, which the root file lacks");
    end(&mut place.start(&[]), Signal::INT);
}

#[test]
fn what_a_start_would_refuse_is_told_beforehand() {
    let place = Place::after(Signal::INT);
    place.done(&["init", "--data", "other", "--issuer", ISSUER]);
    let before = contents(&place.data());
    assert!(place.done(&["config", "check"]).contains("The root file opens what is in the data folder"));
    for (flags, words) in [
        (["--root-key-file", "other.root-key"], "root file that belongs to this data folder"),
        (["--issuer", "https://id.example"], "belongs to the issuer http://127.0.0.1:8420"),
    ] {
        let output = place.command(&[&["config", "check"], &flags[..]].concat()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(words), "{said}");
    }
    assert!(contents(&place.data()) == before);
}

#[test]
fn a_clock_is_not_accepted_for_a_folder_that_is_another_s() {
    let place = Place::after(Signal::KILL);
    place.refuses(&["--accept-clock", "--issuer", "https://id.example"], "belongs to the issuer");
}

#[test]
fn a_folder_that_lost_its_database_is_not_begun_anew() {
    for signal in [Signal::KILL, Signal::INT] {
        let place = Place::after(signal);
        fs::remove_file(place.data().join("jeton.db")).unwrap();
        place.refuses(&[], "jeton.db is gone");
        for file in ["jeton.db-wal", "jeton.db-shm"] {
            fs::remove_file(place.data().join(file)).unwrap();
            place.refuses(&[], "jeton.db is gone");
        }
    }
}

#[test]
fn a_root_file_in_the_data_folder_is_refused() {
    let place = Place::after(Signal::INT);
    fs::copy(place.0.path().join("jeton-data.root-key"), place.data().join("root.key")).unwrap();
    std::os::unix::fs::symlink(place.data(), place.0.path().join("elsewhere")).unwrap();
    for path in ["jeton-data/root.key", "elsewhere/root.key", "elsewhere/../jeton-data/./root.key"] {
        place.refuses(&["--root-key-file", path], "apart from the data folder");
    }
}

/// The schema as it was before version 3.
static OLDER_TABLES: [&Table; 11] = {
    let [a, b, c, d, e, f, g, h, i] = TABLES_OF_VERSION_1;
    let [j, k] = TABLES_SINCE_VERSION_2;
    [a, b, c, d, e, f, g, h, i, j, k]
};
static OLDER_MIGRATIONS: [Migration; 2] = [
    Migration { version: 1, steps: &[Step::CreateTables(&TABLES_OF_VERSION_1)] },
    Migration { version: 2, steps: &[Step::CreateTables(&TABLES_SINCE_VERSION_2)] },
];
static OLDER: Schema = Schema { version: 2, tables: &OLDER_TABLES, migrations: &OLDER_MIGRATIONS };

#[test]
fn an_older_folder_that_is_another_s_stays_an_older_one() {
    let place = Place::after(Signal::INT);
    place.done(&["init", "--data", "other", "--issuer", ISSUER]);
    write_again_as_older(&place.data());
    place.refuses(&["--issuer", "https://id.example"], "belongs to the issuer http://127.0.0.1:8420");
    place.refuses(&["--root-key-file", "other.root-key"], "root file that belongs to this data folder");
    let older = open(&place.data(), &OLDER);
    assert!(older.view().unwrap().get(&deployment::TABLE, &vec![deployment::KEY]).unwrap().is_some(), "an older Jeton opens it still");
    drop(older);
    end(&mut place.start(&[]), Signal::INT);
}

#[test]
fn an_upgrade_keeps_the_database_that_the_older_version_opens() {
    let place = Place::after(Signal::INT);
    write_again_as_older(&place.data());
    let kept = place.data().join("jeton.version-2.db");
    let told = place.done(&["config", "check"]);
    assert!(told.contains("from version 2 to") && told.contains("jeton.version-2.db"), "{told}");
    assert!(!kept.exists(), "nothing is written by a check");
    // Of an upgrade that was killed while it copied.
    fs::write(place.data().join("jeton.kept.new"), "half").unwrap();
    let (mut server, told) = place.start_told(&[]);
    let way_back = told.iter().find(|line| line.contains("the way back")).unwrap_or_else(|| panic!("{told:#?}"));
    assert!(way_back.contains("jeton.version-2.db"), "{way_back}");
    end(&mut server, Signal::KILL);
    assert!(!place.data().join("jeton.kept.new").exists());
    assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    // The older version refuses what it was brought to, and goes on with what was kept.
    let newer = SqliteStore::open(Options::new(place.data(), &OLDER, [9; 32]), Arc::new(Deaf)).map(drop);
    assert!(matches!(newer, Err(OpenError::Newer { known: 2, .. })), "{newer:?}");
    let back = place.0.path().join("back");
    fs::create_dir(&back).unwrap();
    fs::copy(&kept, back.join("jeton.db")).unwrap();
    let older = open(&back, &OLDER);
    assert!(older.view().unwrap().get(&deployment::TABLE, &vec![deployment::KEY]).unwrap().is_some());
    drop(older);
    // The next start finds nothing to do; what was kept stays for its week.
    let (mut server, told) = place.start_told(&[]);
    assert!(told.iter().all(|line| !line.contains("the way back")), "{told:#?}");
    end(&mut server, Signal::INT);
    assert!(kept.exists());
}

/// The commands of the page, over a folder of an older version. No older program is at hand: this one stands in for it.
#[test]
fn the_page_of_upgrades_is_played() {
    let place = Place::after(Signal::INT);
    write_again_as_older(&place.data());
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations/upgrade.md")).unwrap();
    let here = |line: &str| line.replace("prod", "jeton-data").replace("version-10", "version-2");
    let lines: Vec<String> = page.lines().filter_map(|line| line.strip_prefix("    ")).map(here).collect();
    let [check, back @ .., serve, accept] = &lines[..] else { panic!("{lines:?}") };
    let run = |line: &String| {
        let path = format!("{}:/usr/bin:/bin", Path::new(env!("CARGO_BIN_EXE_jeton")).parent().unwrap().display());
        let output = Command::new("bash").args(["-euc", line]).current_dir(place.0.path()).env_clear().env("PATH", path).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let told = run(check);
    assert!(told.contains("from version 2 to") && told.contains("jeton.version-2.db"), "{told}");
    let (mut server, told) = place.start_told(&[]);
    assert!(told.iter().any(|line| line.contains("the way back")), "{told:#?}");
    place.done(&["client", "create", "--name", "since"]);
    end(&mut server, Signal::INT);
    assert_eq!(back.iter().map(run).collect::<String>(), "");
    let flags: Vec<&str> = serve.strip_prefix("jeton serve ").unwrap().split(' ').collect();
    let (mut server, _) = place.start_told(&flags);
    let clients = place.done(&["client", "list", "--data", "back"]);
    assert!(!clients.contains("since"), "it is as before the upgrade: {clients}");
    let gap = |place: &Place| place.done(&["backup", "list", "--data", "back"]).contains("accept-gap");
    assert!(gap(&place), "what was revoked since is not known");
    run(&format!("{accept} --yes"));
    assert!(!gap(&place));
    end(&mut server, Signal::INT);
}

/// While a copy is made, once it is kept, and later: while tables are brought up to date.
#[test]
fn an_upgrade_that_is_killed_is_made_by_the_next_start() {
    let place = Place::after(Signal::INT);
    let (kept, copy) = (place.data().join("jeton.version-2.db"), place.data().join("jeton.kept.new"));
    let owner = rows_of_owner(&place.data());
    assert!(owner.len() > 1);
    for round in 0..6 {
        // A folder that was put back to before what its target has is not served.
        for path in [place.data().with_extension("backups"), place.data().join("jeton.backup-targets")] {
            if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { drop(fs::remove_file(path)) }
        }
        write_again_as_older(&place.data());
        let mut server = place.command(&["serve", "--listen", "127.0.0.1:0"]).stderr(Stdio::null()).spawn().unwrap();
        let has_begun = || if round % 3 == 0 { copy.exists() || kept.exists() } else { kept.exists() };
        while !has_begun() && server.try_wait().unwrap().is_none() {}
        // Each time a little later.
        let looks = if round % 3 == 2 { round * 200 } else { 0 };
        (0..looks).for_each(|_| drop(kept.metadata()));
        end(&mut server, Signal::KILL);
        let (mut server, _) = place.start_told(&[]);
        end(&mut server, Signal::INT);
        assert!(kept.exists() && !copy.exists(), "round {round}");
        let rows = rows_of_owner(&place.data());
        assert!(owner.iter().all(|row| rows.contains(row)), "round {round}");
        fs::remove_file(&kept).unwrap();
    }
}

/// Puts a store of the older schema, with the same owner, into the place of the newer one, as a kill leaves it.
fn write_again_as_older(data: &Path) {
    let owner = rows_of_owner(data);
    for name in ["jeton.db", "jeton.db-wal", "jeton.db-shm", "jeton.negatives"] {
        fs::remove_file(data.join(name)).unwrap();
    }
    let store = open(data, &OLDER);
    let mut moment = Moment::new(Time::from_seconds(1_700_000_000), [4; 32]);
    let commit = owner.into_iter().fold(Commit::new(&mut moment), |commit, (table, row)| commit.put(table, row));
    let (reply, answer) = oneshot::channel();
    store.submit(vec![Submission { commit, owner: Arc::from(""), reply }]);
    answer.blocking_recv().unwrap().unwrap();
    let left: Vec<_> = ["jeton.db", "jeton.db-wal"].map(|name| (name, fs::read(data.join(name)).unwrap())).into();
    drop(store);
    left.into_iter().for_each(|(name, bytes)| fs::write(data.join(name), bytes).unwrap());
    fs::remove_file(data.join("jeton.db-shm")).unwrap();
}

fn rows_of_owner(data: &Path) -> Vec<(&'static Table, Row)> {
    let store = open(data, &SCHEMA);
    let view = store.view().unwrap();
    let mut rows = Vec::new();
    for table in [&deployment::TABLE, &key::TABLE] {
        let mut keep = |row: &jeton_core::record::Versioned<Row>| {
            rows.push((table, row.record.clone()));
            true
        };
        view.scan(table, &mut keep).unwrap();
    }
    rows
}

fn open(data: &Path, schema: &'static Schema) -> Arc<SqliteStore> {
    SqliteStore::open(Options::new(data, schema, [9; 32]), Arc::new(Deaf)).unwrap()
}

struct Deaf;

impl Subscriber for Deaf {
    fn applied(&self, _: &Group<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn lost(&self, _: &Fault) {}
}
