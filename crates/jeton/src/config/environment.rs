//! What the environment says: a variable for each key of the file, above the file and below the flags.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use jeton_token::Secret;
use toml::{Table, Value};

use super::key::{Holds, KEYS, variable};
use super::nearest::nearest;

/// A variable and what it holds.
pub(crate) type Variable = (OsString, OsString);

const PREFIX: &str = "JETON_";

/// What may hold the secret of a client that asks for a token.
pub(crate) const CLIENT_SECRET: &str = "JETON_CLIENT_SECRET";

/// The variables that are no keys: of every command, of one that serves, and the filter of the log.
const OTHERS: [&str; 9] = [
    "JETON_DATA",
    "JETON_SERVER",
    "JETON_TOKEN",
    CLIENT_SECRET,
    "JETON_CA_FILE",
    "JETON_CONFIG",
    "JETON_TLS_CERT",
    "JETON_TLS_KEY",
    "JETON_LOG",
];

/// The variables of this process that are meant for Jeton.
pub(crate) fn of_process() -> Vec<Variable> {
    std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(PREFIX.as_bytes())).collect()
}

/// The data folder that the environment names.
pub(crate) fn data_folder() -> Option<PathBuf> {
    std::env::var_os("JETON_DATA").map(PathBuf::from)
}

/// Where this user's programs keep what they remember (XDG Base Directory Specification); `None`: nothing says so.
pub(crate) fn state_folder() -> Option<PathBuf> {
    folder("XDG_STATE_HOME", ".local/state")
}

/// The same for what they are set to.
pub(crate) fn settings_folder() -> Option<PathBuf> {
    folder("XDG_CONFIG_HOME", ".config")
}

fn folder(variable: &str, below_home: &str) -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
    Some(named(variable).or_else(|| Some(named("HOME")?.join(below_home)))?.join("jeton"))
}

/// The secret of a client that asks for a token, where the environment holds it: no flag, which every user of the machine could see.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub(crate) fn client_secret() -> Option<Secret> {
    let text = Secret::new(std::env::var(CLIENT_SECRET).ok()?);
    Some(Secret::from(text.expose().trim())).filter(|secret| !secret.is_empty())
}

/// Where systemd keeps what this service alone may read (`LoadCredential=`).
pub(crate) fn credentials_folder() -> Option<PathBuf> {
    std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from)
}

/// Refuses a variable that nobody reads: who set it believes that it holds.
///
/// # Errors
/// In words for people, with the nearest name.
pub(crate) fn check_names(variables: &[Variable]) -> Result<(), String> {
    let known: Vec<String> = KEYS.iter().map(|(key, _)| variable(key)).chain(OTHERS.map(str::to_owned)).collect();
    for (name, value) in variables {
        let Some(name) = name.to_str() else { return Err(format!("there is no variable {}", name.display())) };
        if known.iter().any(|known| known == name) || is_of_a_cluster(name, value) {
            continue;
        }
        return Err(match nearest(known.iter().map(String::as_str), name) {
            Some(near) => format!("there is no variable `{name}`: did you mean `{near}`?"),
            None => format!("there is no variable `{name}`"),
        });
    }
    Ok(())
}

/// What Kubernetes and Docker put into the environment where a service or container is called `jeton`: nobody wrote it for us.
fn is_of_a_cluster(name: &str, value: &OsStr) -> bool {
    let is_protocol = |text: &str| ["_TCP", "_UDP", "_SCTP"].iter().any(|protocol| text.contains(protocol));
    let is_address = value.to_str().is_some_and(|value| ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme)));
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || (name.ends_with("_PORT") && is_address)
        || (name.contains("_PORT_") && is_protocol(name))
}

/// The keys that variables speak of, as the file would have them. What they name lies where the command runs.
///
/// # Errors
/// In words for people: which variable, and what it may hold.
pub(crate) fn said(variables: &[Variable]) -> Result<Table, String> {
    let mut table = Table::new();
    for (key, holds) in KEYS {
        let name = variable(key);
        let Some((_, value)) = variables.iter().find(|(said, _)| said.to_str() == Some(&name)) else { continue };
        let text = value.to_str().ok_or_else(|| format!("`{name}` is no text"))?;
        table.insert(key.to_owned(), value_of(holds, text).map_err(|problem| format!("`{name}` {problem}, not `{text}`"))?);
    }
    Ok(table)
}

fn value_of(holds: Holds, text: &str) -> Result<Value, &'static str> {
    let absolute = |path: &str| {
        let absolute = std::path::absolute(Path::new(path)).ok().and_then(|path| path.to_str().map(str::to_owned));
        absolute.map(Value::String).ok_or("names a file or a folder")
    };
    match holds {
        Holds::Text => Ok(text.into()),
        Holds::Path => absolute(text),
        Holds::Place if text == "none" || text.contains("://") => Ok(text.into()),
        Holds::Place => absolute(text),
        Holds::Number => text.parse::<u32>().map(|number| i64::from(number).into()).map_err(|_| "is a whole number"),
        Holds::List => Ok(Value::Array(text.split([',', ' ']).filter(|item| !item.is_empty()).map(Value::from).collect())),
        Holds::Sentences => Ok(Value::Array(text.split(';').map(str::trim).filter(|item| !item.is_empty()).map(Value::from).collect())),
    }
}

/// A problem with a key, with the variable that speaks of it where one does.
pub(crate) fn named(problem: String, said: &Table) -> String {
    match said.keys().find(|key| problem.contains(&format!("`{key}`"))) {
        Some(key) => format!("{problem}; {} says so", variable(key)),
        None => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Vec<Variable> {
        pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    #[test]
    fn an_unknown_variable_names_the_nearest() {
        for (name, expected) in [
            ("JETON_LISTN", "did you mean `JETON_LISTEN`?"),
            ("JETON_ACCESSLOG", "did you mean `JETON_ACCESS_LOG`?"),
            ("JETON_SERVR", "did you mean `JETON_SERVER`?"),
            ("JETON_TRUSTED_PROXY", "did you mean `JETON_TRUSTED_PROXIES`?"),
        ] {
            assert!(check_names(&variables(&[(name, "x")])).unwrap_err().ends_with(expected), "{name}");
        }
        assert_eq!(check_names(&variables(&[("JETON_WHATEVER_ELSE", "x")])).unwrap_err(), "there is no variable `JETON_WHATEVER_ELSE`");
    }

    #[test]
    fn what_a_cluster_sets_is_nobodys_mistake() {
        let set = [
            ("JETON_SERVICE_HOST", "10.0.0.7"),
            ("JETON_SERVICE_PORT", "8420"),
            ("JETON_SERVICE_PORT_HTTP", "8420"),
            ("JETON_PORT", "tcp://10.0.0.7:8420"),
            ("JETON_PORT_8420_TCP_ADDR", "10.0.0.7"),
            ("JETON_ADMIN_PORT_8421_TCP", "tcp://10.0.0.7:8421"),
        ];
        assert_eq!(check_names(&variables(&set)), Ok(()));
        assert!(check_names(&variables(&[("JETON_PORT", "8420")])).is_err(), "a person wrote this");
    }

    #[test]
    fn values_are_what_the_file_would_have() {
        let said = said(&variables(&[
            ("JETON_CONNECTIONS_MAX", "7"),
            ("JETON_TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1"),
            ("JETON_BACKUP_RECIPIENTS", ""),
            ("JETON_ACCESS_LOG", "access.log"),
            ("JETON_BACKUP_TARGET", "s3://bucket/prefix"),
            ("JETON_USAGE", "off"),
        ]))
        .unwrap();
        let here = std::path::absolute("access.log").unwrap();
        let expected = format!(
            "access_log = {here:?}\nbackup_recipients = []\nbackup_target = \"s3://bucket/prefix\"\nconnections_max = 7\n\
             trusted_proxies = [\"10.0.0.0/8\", \"192.0.2.1\"]\nusage = \"off\"\n"
        );
        assert_eq!(said, expected.parse::<Table>().unwrap());
    }

    #[test]
    fn a_wrong_value_names_its_variable() {
        for (name, value, needle) in [
            ("JETON_CONNECTIONS_MAX", "many", "`JETON_CONNECTIONS_MAX` is a whole number, not `many`"),
            ("JETON_ACCESS_LOG_KEPT_DAYS", "-1", "whole number"),
            ("JETON_ACCESS_LOG", "", "names a file"),
        ] {
            let problem = said(&variables(&[(name, value)])).unwrap_err();
            assert!(problem.contains(needle), "{problem}");
        }
        let told = named("`usage` is `on` or `off`, not `no`".to_owned(), &said(&variables(&[("JETON_USAGE", "no")])).unwrap());
        assert_eq!(told, "`usage` is `on` or `off`, not `no`; JETON_USAGE says so");
    }
}
