//! What the environment says: a variable for every key, told by `jeton config check`; and variables that there are not.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

fn run(folder: &TempDir, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
    command.args(arguments).current_dir(folder.path()).env_clear().envs(environment.iter().copied()).output().unwrap()
}

fn initialised() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let made = run(&folder, &["init"], &[]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    folder
}

fn checked(folder: &TempDir, environment: &[(&str, &str)]) -> Value {
    let output = run(folder, &["config", "check", "--json"], environment);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The keys of the reference page; that it has all of them is tested beside the code.
fn keys() -> Vec<&'static str> {
    let page = include_str!("../../../docs/reference/configuration.md");
    page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect()
}

#[test]
fn config_check_tells_what_holds_of_every_key() {
    let folder = initialised();
    let told = checked(&folder, &[]);
    assert!(keys().len() >= 30);
    for key in keys() {
        assert!(told.get(key).is_some(), "{key}: {told}");
    }
}

#[test]
fn each_variable_holds() {
    let folder = initialised();
    let here = folder.path().to_str().unwrap();
    for (variable, value, expected) in [
        ("JETON_LISTEN", "127.0.0.1:9001", json!("127.0.0.1:9001")),
        ("JETON_METRICS_LISTEN", "127.0.0.1:9002", json!("127.0.0.1:9002")),
        ("JETON_ADMIN_LISTEN", "127.0.0.1:9003", json!("127.0.0.1:9003")),
        ("JETON_LOG_FORMAT", "text", json!("text")),
        ("JETON_CONNECTIONS_MAX", "77", json!(77)),
        ("JETON_ACCESS_LOG", "access.log", json!(format!("{here}/access.log"))),
        ("JETON_ACCESS_LOG_ADDRESSES", "full", json!("full")),
        ("JETON_ACCESS_LOG_KEPT_DAYS", "7", json!(7)),
        ("JETON_ACCESS_LOG_KEPT_BYTES", "32MiB", json!(32 << 20)),
        ("JETON_USAGE", "off", json!("off")),
        ("JETON_TRUSTED_PROXIES", "10.0.0.0/8,192.0.2.1", json!(["10.0.0.0/8", "192.0.2.1"])),
        ("JETON_FORWARDED_HEADER", "forwarded", json!("forwarded")),
        ("JETON_BACKUP_TARGET", "elsewhere", json!(format!("{here}/elsewhere"))),
        ("JETON_BACKUP_TARGET", "none", json!("none")),
        ("JETON_BACKUP_RECIPIENTS", "", json!([])),
        ("JETON_BACKUP_EVERY", "6h", json!("6h")),
        ("JETON_BACKUP_KEPT", "60d", json!("60d")),
        ("JETON_REVOCATION_DURABILITY", "sync", json!("sync")),
        ("JETON_BACKUP_S3_REGION", "eu", json!("eu")),
    ] {
        let key = variable.strip_prefix("JETON_").unwrap().to_ascii_lowercase();
        let told = checked(&folder, &[(variable, value)]);
        assert_eq!(told[&key], expected, "{variable}");
        assert_ne!(checked(&folder, &[])[&key], expected, "{variable}: it would hold without it");
    }
}

#[test]
fn a_variable_that_there_is_not_is_an_error_at_every_command() {
    let folder = initialised();
    for arguments in [&["config", "check"][..], &["serve"], &["key", "list"], &["version"], &["quickstart", "--exit"]] {
        for (variable, near) in [("JETON_METRIC_LISTEN", "JETON_METRICS_LISTEN"), ("JETON_SEVER", "JETON_SERVER")] {
            let output = run(&folder, arguments, &[(variable, "127.0.0.1:1")]);
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
            assert!(said.contains(&format!("there is no variable `{variable}`: did you mean `{near}`?\n  → unset it")), "{said}");
        }
    }
    assert!(run(&folder, &["version"], &[("JETON_SERVICE_HOST", "10.0.0.7"), ("JETON_PORT", "tcp://10.0.0.7:1")]).status.success());
    for (variable, value, needle) in [
        ("JETON_CONNECTIONS_MAX", "many", "`JETON_CONNECTIONS_MAX` is a whole number, not `many`"),
        ("JETON_USAGE", "no", "JETON_USAGE says so"),
        ("JETON_USAGE", "\u{1b}[2J\u{202e}", "JETON_USAGE says so"),
        ("JETON_WHAT\u{1b}[2J\u{202e}", "x", "there is no variable"),
    ] {
        let output = run(&folder, &["config", "check"], &[(variable, value)]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(needle), "{said}");
        assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said}");
    }
}
