//! Each key of the file has a variable of the environment, stands where it should among the others, and is on its page.

use std::collections::BTreeSet;
use std::fs;

use super::environment::{self, Variable};
use super::key::{self, KEYS};
use super::{Config, FILE_NAME, File, Overrides, above};

/// Every key with a value that is right; a key that is new does not compile here.
fn full() -> File {
    let text = |text: &str| Some(text.to_owned());
    File {
        issuer: text("https://id.example"),
        listen: text("127.0.0.1:1"),
        metrics_listen: text("127.0.0.1:2"),
        admin_listen: text("127.0.0.1:3"),
        tls_cert_file: Some("/c".into()),
        tls_key_file: Some("/k".into()),
        acme_directory: text("https://acme.example/directory"),
        acme_contact: text("ops@example.com"),
        acme_listen: text("127.0.0.1:4"),
        acme_ca_file: Some("/a".into()),
        root_key_file: Some("/r".into()),
        token_prefix: text("acme"),
        log_format: text("text"),
        connections_max: Some(7),
        access_log: Some("/l".into()),
        access_log_addresses: text("full"),
        access_log_kept_days: Some(8),
        access_log_kept_bytes: Some(toml::Value::from("32MiB").try_into().unwrap()),
        usage: text("off"),
        password_list_file: Some("/p".into()),
        doctor_accepted: Some(vec!["recovery.target until 2027-06-30: one disk".to_owned()]),
        trusted_proxies: Some(vec!["10.0.0.0/8".to_owned(), "192.0.2.1".to_owned()]),
        forwarded_header: text("forwarded"),
        smtp_host: text("mail.example.com"),
        smtp_port: Some(2_525),
        smtp_security: text("tls"),
        smtp_username: text("jeton"),
        smtp_password_file: Some("/w".into()),
        smtp_from: text("jeton@example.com"),
        smtp_ca_file: Some("/m".into()),
        backup_target: text("/b"),
        backup_recipients: Some(vec!["age1one".to_owned()]),
        backup_every: text("1h"),
        backup_kept: text("2d"),
        backup_drill_every: text("3d"),
        revocation_durability: text("sync"),
        backup_target_rotates: text("on"),
        backup_s3_endpoint: text("https://s3.example"),
        backup_s3_region: text("eu"),
        backup_s3_access_key_id: text("id"),
        backup_s3_secret_file: Some("/s".into()),
    }
}

#[test]
fn every_key_has_a_variable() {
    let whole = toml::Table::try_from(full()).unwrap();
    let keys: BTreeSet<&str> = KEYS.iter().map(|(key, _)| *key).collect();
    assert_eq!(whole.keys().map(String::as_str).collect::<BTreeSet<_>>(), keys);
    let text = |value: &toml::Value| match value {
        toml::Value::Array(items) => items.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>().join(","),
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let variables: Vec<Variable> = whole.iter().map(|(key, value)| (key::variable(key).into(), text(value).into())).collect();
    assert_eq!(above(&File::default(), environment::said(&variables).unwrap()), Ok(full()));
    // Each by itself, and nothing else.
    for variable in variables {
        let one =
            toml::Table::try_from(above(&File::default(), environment::said(std::slice::from_ref(&variable)).unwrap()).unwrap()).unwrap();
        assert_eq!(one.len(), 1, "{variable:?}");
        assert!(one.iter().all(|(key, value)| whole.get(key) == Some(value)), "{variable:?}");
    }
}

#[test]
fn the_environment_stands_above_the_file_and_below_flags() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(FILE_NAME), "issuer = \"https://a.example\"\nconnections_max = 7\n").unwrap();
    let environment = vec![("JETON_ISSUER".into(), "https://b.example".into()), ("JETON_USAGE".into(), "off".into())];
    let overrides = Overrides { data: folder.path().to_owned(), environment, ..Overrides::default() };
    let config = Config::load(&overrides).unwrap();
    assert_eq!((config.issuer.as_str(), config.connections_max), ("https://b.example", 7));
    assert!(!config.observing.counts_usage);
    let flag = Overrides { issuer: Some("https://c.example".to_owned()), ..overrides.clone() };
    assert_eq!(Config::load(&flag).unwrap().issuer.as_str(), "https://c.example");
    let wrong = Overrides { environment: vec![("JETON_USAGE".into(), "no".into())], ..overrides };
    assert!(Config::load(&wrong).unwrap_err().ends_with("JETON_USAGE says so"));
}

#[test]
fn the_reference_page_names_every_key_and_variable() {
    let page = include_str!("../../../../docs/reference/configuration.md");
    for (key, _) in KEYS {
        let line = page.lines().find(|line| line.starts_with(&format!("| `{key}` |"))).unwrap_or_else(|| panic!("{key}"));
        assert!(line.contains(&format!("`{}`", key::variable(key))), "{key}");
    }
}
