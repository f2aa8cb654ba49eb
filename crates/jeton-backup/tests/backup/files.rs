//! Files that go with snapshots: as they were, put once, and found where a bit of them is another.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use jeton_backup::files::{Source, Sources};
use jeton_backup::identity::Identity;
use jeton_backup::kept_file::{FileKind, KeptFile};
use jeton_backup::manifest::Manifest;
use jeton_backup::names::{FILES, SnapshotId};
use jeton_backup::problem::What;
use jeton_backup::put_back::put_back;
use jeton_backup::restore::manifest;
use jeton_backup::retention::{prune, take_back};
use jeton_backup::snapshot::{Beside, Snapshot};
use jeton_backup::verify::verify;
use jeton_store::conformance::SCHEMA;
use jeton_store::store::Store;

use crate::stage::note_key;
use crate::whole::Backup;

const DAY: i64 = 86_400;

/// A backup of a folder with files.
pub(crate) struct Filed {
    pub(crate) backup: Backup,
    data: PathBuf,
}

impl Filed {
    fn new() -> Filed {
        Filed::sealed_for(&Identity::generate())
    }

    pub(crate) fn sealed_for(identity: &Identity) -> Filed {
        let backup = Backup::sealed_for(identity, 51, 0);
        backup.busy.live(20);
        let data = backup.folder.path().join("data");
        fs::create_dir_all(data.join("logs")).unwrap();
        Filed { backup, data }
    }

    pub(crate) fn write(&self, path: &str, content: &[u8]) {
        fs::write(self.data.join(path), content).unwrap();
    }

    /// A snapshot; the access log is what lies in its folder, and the youngest name is still written to.
    pub(crate) async fn snapshot(&self, number: u8, known: Vec<KeptFile>) -> Manifest {
        let backup = &self.backup;
        let (data, id) = (self.data.clone(), SnapshotId::new(backup.busy.now(), [number; 4]));
        let beside = Beside { sources: Sources::new(move || sources(&data)), known, ..Beside::default() };
        let store: Arc<dyn Store> = backup.busy.clone();
        let (target, sealing) = (&backup.target, &backup.sealing);
        let snapshot = Snapshot { store, schema: &SCHEMA, target, sealing, id: id.clone(), beside, progress: &|_| {} };
        let made = snapshot.make(backup.busy.now(), || backup.busy.now()).await.unwrap();
        assert_eq!(manifest(target, &backup.opening, &id).await.unwrap(), made);
        made
    }

    async fn put_back(&self, manifest: &Manifest, name: &str) -> PathBuf {
        let folder = self.backup.folder.path().join(name);
        let put = put_back(&self.backup.target, &self.backup.opening, &manifest.files, &folder).await.unwrap();
        assert!(put.iter().all(|file| file.missing.is_none()), "{put:?}");
        folder
    }

    async fn there(&self) -> Vec<String> {
        self.backup.target.list(FILES).await.unwrap().into_iter().map(|listed| listed.name).collect()
    }
}

fn sources(data: &Path) -> Vec<Source> {
    let of = |file, path: String, is_finished| Source { file, at: data.join(&path), path, folder: None, is_finished };
    let mut logs: Vec<String> =
        fs::read_dir(data.join("logs")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    logs.sort();
    let logs = logs.iter().map(|name| of(FileKind::AccessLog, format!("logs/{name}"), name != "access.log"));
    std::iter::once(of(FileKind::Configuration, "jeton.toml".into(), false)).chain(logs).collect()
}

fn same(one: &Path, other: &Path, path: &str) {
    assert!(fs::read(one.join(path)).unwrap() == fs::read(other.join(path)).unwrap(), "{path} is another");
    let modified = |folder: &Path| fs::metadata(folder.join(path)).unwrap().modified().unwrap().duration_since(SystemTime::UNIX_EPOCH);
    assert_eq!(modified(one).unwrap().as_secs(), modified(other).unwrap().as_secs(), "{path}");
}

#[tokio::test]
async fn files_come_back_as_they_were_and_those_that_are_finished_are_put_once() {
    let filed = Filed::new();
    let long: Vec<u8> =
        (0..150_000).flat_map(|number: u32| format!("{{\"number\":{number},\"path\":\"/oauth/token\"}}\r\n").into_bytes()).collect();
    filed.write("jeton.toml", b"# no end of line at the end\nissuer = \"https://id.example\"");
    filed.write("logs/access.log", b"{\"one\":1}\n{\"two\":2}\n{\"half");
    filed.write("logs/access.log.1", &long);
    filed.write("logs/access.log.2.gz", &[&[0x1f, 0x8b, 0xff, b'\n'][..], &[0; 200_000]].concat());
    filed.write("logs/access.log.3", b"");
    let first = filed.snapshot(1, vec![]).await;
    let back = filed.put_back(&first, "back").await;
    for path in ["jeton.toml", "logs/access.log.1", "logs/access.log.2.gz", "logs/access.log.3"] {
        same(&filed.data, &back, path);
    }
    assert_eq!(fs::read(back.join("logs/access.log")).unwrap(), b"{\"one\":1}\n{\"two\":2}\n", "what is being written is left out");
    // Only what may have changed is put once more.
    filed.backup.busy.wait(60);
    filed.write("logs/access.log.3", b"it was not finished after all\n");
    let second = filed.snapshot(2, first.files.clone()).await;
    let id = SnapshotId::parse(&second.snapshot).unwrap().to_string();
    let anew = |manifest: &Manifest| -> Vec<String> {
        let of_this = manifest.files.iter().filter(|file| file.parts.iter().any(|part| part.name.contains(&id)));
        of_this.map(|file| file.path.clone()).collect()
    };
    assert_eq!(anew(&second), ["jeton.toml", "logs/access.log", "logs/access.log.3"]);
    let back = filed.put_back(&second, "again").await;
    for path in ["logs/access.log.1", "logs/access.log.2.gz", "logs/access.log.3"] {
        same(&filed.data, &back, path);
    }
    let found = verify(&filed.backup.target, &filed.backup.opening, Some(&note_key()), &|_| {}).await.unwrap();
    assert_eq!((found.files, found.problems), (8, vec![]), "one that both have is opened once; an empty one is in each");
}

#[tokio::test]
async fn what_was_turned_aside_while_it_was_read_is_there_once_and_what_cannot_be_read_is_said() {
    let filed = Filed::new();
    filed.write("jeton.toml", b"");
    filed.write("logs/access.log", b"{}\n");
    // Another name of the same file, as where it is turned aside between two looks.
    fs::hard_link(filed.data.join("logs/access.log"), filed.data.join("logs/access.log.1")).unwrap();
    fs::create_dir(filed.data.join("logs/access.log.2")).unwrap();
    let made = filed.snapshot(1, vec![]).await;
    let found: Vec<_> = made.files.iter().map(|file| (file.path.as_str(), file.bytes, file.unread.is_some())).collect();
    assert_eq!(found, [("jeton.toml", 0, false), ("logs/access.log", 3, false), ("logs/access.log.2", 0, true)]);
}

#[tokio::test]
async fn a_part_that_is_another_is_named_and_put_again_where_it_is_gone() {
    let filed = Filed::new();
    filed.write("jeton.toml", b"a = 1\n");
    filed.write("logs/access.log.1", b"{}\n");
    let made = filed.snapshot(1, vec![]).await;
    let name = made.files[1].parts[0].name.clone();
    let sealed = filed.backup.target.get(&name).await.unwrap().to_vec();
    for place in [0, sealed.len() / 2, sealed.len() - 1] {
        let mut flipped = sealed.clone();
        flipped[place] ^= 1;
        filed.backup.target.put(&name, flipped).await.unwrap();
        let problems = filed.backup.problems().await;
        assert!(matches!(&problems[..], [(found, What::Damaged(_))] if *found == name), "{problems:?}");
        let folder = filed.backup.folder.path().join(format!("damaged-{place}"));
        let failure = put_back(&filed.backup.target, &filed.backup.opening, &made.files, &folder).await.unwrap_err();
        assert!(failure.to_string().contains(&name), "{failure}");
    }
    filed.backup.target.delete(&name).await.unwrap();
    assert_eq!(filed.backup.problems().await, [(name, What::Missing)]);
    let again = filed.snapshot(2, made.files).await;
    filed.put_back(&again, "again").await;
}

#[tokio::test]
async fn nothing_is_put_over_what_is_there_or_out_of_the_folder() {
    let filed = Filed::new();
    filed.write("jeton.toml", b"a = 1\n");
    let mut made = filed.snapshot(1, vec![]).await;
    let folder = filed.backup.folder.path().join("taken");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("jeton.toml"), "there before").unwrap();
    let kept = made.files.remove(0);
    for path in ["../out.toml", "/tmp/jeton-out.toml", "", "a/../../out.toml", "."] {
        made.files.push(KeptFile { path: path.into(), ..kept.clone() });
    }
    made.files.push(kept.clone());
    made.files.push(KeptFile { file: FileKind::AccessLog, folder: Some("/var/log".into()), path: "a.log".into(), ..kept });
    let put = put_back(&filed.backup.target, &filed.backup.opening, &made.files, &folder).await.unwrap();
    let missing: Vec<bool> = put.iter().map(|file| file.missing.is_some()).collect();
    assert_eq!(missing, [true, true, true, true, true, true, false], "{put:?}");
    assert_eq!(fs::read_to_string(folder.join("jeton.toml")).unwrap(), "there before");
    assert!(!folder.with_file_name("out.toml").exists());
    assert_eq!(fs::read_to_string(folder.join("access-log/a.log")).unwrap(), "a = 1\n");
}

#[tokio::test]
async fn files_leave_with_the_last_snapshot_that_names_them() {
    let filed = Filed::new();
    filed.write("jeton.toml", b"a = 1\n");
    filed.write("logs/access.log.1", b"{}\n");
    let mut known = Vec::new();
    for number in 1..=3 {
        let made = filed.snapshot(number, known).await;
        known = made.files;
        filed.backup.busy.wait(DAY);
    }
    // Of one that never came to its end; somebody may be at the other.
    let (over, lately) =
        (SnapshotId::new(filed.backup.busy.now(), [8; 4]), SnapshotId::new(filed.backup.busy.now().plus_seconds(2 * 3_600), [9; 4]));
    for id in [&over, &lately] {
        filed.backup.target.put(&id.file(1), vec![1]).await.unwrap();
    }
    filed.backup.busy.wait(2 * 3_600);
    assert_eq!(filed.there().await.len(), 6, "a configuration each, one part of the log, and what came to no end");
    let now = filed.backup.busy.now();
    prune(&filed.backup.target, &filed.backup.opening, 3_600, now).await.unwrap();
    let there = filed.there().await;
    assert_eq!(there.len(), 4, "the log is named by those that stay: {there:?}");
    assert!(there.contains(&lately.file(1)) && !there.contains(&over.file(1)), "{there:?}");
    assert_eq!(filed.backup.problems().await, []);
    take_back(&filed.backup.target, &lately).await.unwrap();
    fs::remove_file(filed.data.join("logs/access.log.1")).unwrap();
    filed.backup.busy.wait(DAY);
    for number in 4..=5 {
        filed.snapshot(number, known.clone()).await;
        filed.backup.busy.wait(DAY);
    }
    prune(&filed.backup.target, &filed.backup.opening, 3_600, filed.backup.busy.now()).await.unwrap();
    assert_eq!(filed.there().await.len(), 2, "two configurations");
}
