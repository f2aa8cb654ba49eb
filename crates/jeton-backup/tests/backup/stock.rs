//! A snapshot read without a line of Jeton: `docs/backup-format.md`, age as its author wrote it in another language (which npm brings by
//! version and hash), and the program zstd. Where they cannot be had, the test says that it was not played.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jeton_backup::identity::Identity;
use serde_json::Value;

use crate::files::Filed;
use crate::stage::rows_of;

/// The folder with the reader and what it needs; `None`, and a word about it, where that cannot be had.
fn reader() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stock");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stock-age-0.3.1");
    fs::create_dir_all(&folder).unwrap();
    for name in ["package.json", "package-lock.json", "read.mjs"] {
        fs::copy(here.join(name), folder.join(name)).unwrap();
    }
    let is_there = || folder.join("node_modules/age-encryption/package.json").exists();
    if !is_there() {
        let words = "ci --ignore-scripts --no-audit --no-fund --silent";
        let _ = Command::new("npm").args(words.split(' ')).current_dir(&folder).status();
    }
    let runs = |program: &str| Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    if is_there() && runs("node") && runs("zstd") {
        return Some(folder);
    }
    // Not through `println`, which a test that passes keeps to itself.
    writeln!(std::io::stderr(), "NOT PLAYED: a backup read with stock age and zstd: node, zstd or what npm brings is not there").unwrap();
    None
}

#[tokio::test]
async fn stock_age_and_zstd_open_a_snapshot_by_the_documentation_alone() {
    let Some(reader) = reader() else { return };
    let identity = Identity::generate();
    let filed = Filed::sealed_for(&identity);
    filed.backup.busy.live(200);
    let content: [(&str, &[u8]); 3] = [
        ("jeton.toml", b"# no end of line at the end\nissuer = \"https://id.example\""),
        ("logs/access.log.1", b"{\"path\":\"/oauth/token\"}\r\n\n{}\n"),
        ("logs/access.log.2.gz", &[0x1f, 0x8b, 0xff, b'\n', 0, 1]),
    ];
    content.iter().for_each(|(path, bytes)| filed.write(path, bytes));
    filed.snapshot(1, vec![]).await;
    let target = filed.backup.folder.path().join("backups");
    let read = |identity: &str, root: &str| {
        Command::new("node").arg(reader.join("read.mjs")).arg(&target).args([identity, root]).output().unwrap()
    };
    let root = format!("1:{}", "01".repeat(32));
    let output = read(&identity.reveal(), &root);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows: BTreeSet<String> = found["rows"].as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect();
    let expected: BTreeSet<String> = rows_of(&*filed.backup.busy.store).iter().map(|row| row.to_line().unwrap()).collect();
    assert_eq!(rows, expected);
    for (path, bytes) in content {
        assert_eq!(found["files"][path], STANDARD.encode(bytes), "{path}");
    }
    // The reader would say what it is not.
    let said = |output: std::process::Output| (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned());
    let (done, words) = said(read(&Identity::generate().reveal(), &root));
    assert!(!done && words.contains("identity"), "{words}");
    let (done, words) = said(read(&identity.reveal(), &format!("1:{}", "02".repeat(32))));
    assert!(!done && words.contains("is not of this root key"), "{words}");
}
