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

/// What holds when nobody says is what the page says.
#[test]
fn the_defaults_of_the_page_are_those_of_the_program() {
    let folder = initialised();
    let told = checked(&folder, &[]);
    let page = include_str!("../../../docs/reference/configuration.md");
    let (mut literal, mut described) = (0, vec![]);
    for line in page.lines().filter(|line| line.starts_with("| `")) {
        let mut cells = line.split('|').map(str::trim);
        let (key, usual) = (cells.nth(1).unwrap().trim_matches('`'), cells.nth(1).unwrap());
        let holds = match &told[key] {
            Value::String(text) => text.clone(),
            Value::Array(items) if items.is_empty() => String::new(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        let word = usual.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')).filter(|word| !word.contains('`'));
        match word {
            Some("2GiB") => assert_eq!(holds, (2_u64 << 30).to_string(), "{key}"),
            // Of the environment, which says nothing here.
            Some(word) if word.starts_with("AWS_") => assert_eq!(holds, "", "{key}"),
            Some(word) => {
                literal += 1;
                assert_eq!(holds, word, "{key}");
            }
            // `jeton init` writes one down.
            _ if key == "backup_recipients" => assert!(holds.starts_with("[\"age1"), "{holds}"),
            None if usual.is_empty() || usual.starts_with("none") => assert!(matches!(holds.as_str(), "" | "none"), "{key}: {holds}"),
            None => described.push((key, holds)),
        }
    }
    assert!(literal >= 11, "{literal}");
    let ends = [
        ("issuer", "http://127.0.0.1:8420"),
        ("acme_ca_file", ""),
        ("root_key_file", "jeton-data.root-key"),
        ("log_format", "json"),
        ("smtp_port", ""),
        ("smtp_ca_file", ""),
        ("backup_target", "jeton-data.backups"),
        ("backup_s3_region", ""),
        ("backup_s3_secret_file", ""),
    ];
    let names: Vec<&str> = described.iter().map(|(key, _)| *key).collect();
    assert_eq!(names, ends.map(|(key, _)| key), "what has no literal default is told here");
    for ((key, holds), (_, end)) in described.iter().zip(ends) {
        assert!(holds.ends_with(end) && holds.is_empty() == end.is_empty(), "{key}: {holds}");
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
