//! `jeton user export`.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::import::{ATTRIBUTE, BETWEEN, COLUMNS};
use crate::commands::context::Context;
use crate::commands::failure::Failure;
use crate::commands::options::Output;
use crate::commands::progress::Progress;
use crate::commands::server::Server;
use crate::commands::table::COLUMNS_MAX;
use crate::render::text::{escaped, lines};

const EXAMPLES: &str = "\
Examples:
  jeton user export --file people.csv
  jeton user export --json --file people.json
  jeton user export --without-passwords | cut -d , -f 1,3

It is what `jeton user import` takes: CSV, or JSON with --json. Whoever has the
hashes can try passwords where nobody counts: keep the file closed, and remove
it when it is not needed. Second factors and what people allowed stay here;
groups and roles are named, and go along by `jeton export`.";

/// Take people out with the hashes of their passwords, as an import takes them
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Export {
    /// Write it to a new file that only you can read; asks first where there
    /// is one
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Leave the hashes of passwords out
    #[arg(long)]
    without_passwords: bool,
}

impl Export {
    pub(super) fn run(&self, server: &Server, context: &Context) -> Result<(), Failure> {
        if let Some(path) = self.file.as_deref().filter(|path| path.exists()) {
            context.confirm(&format!("Write over {}?", path.display()))?;
        }
        let people = self.people(server)?;
        let text = Zeroizing::new(match context.options.output() {
            Output::Table | Output::Wide => lines(&csv(&people)?),
            Output::Json | Output::Jsonl => escaped(&format!("{:#}\n", json!({ "users": people }))),
        });
        let Some(path) = &self.file else { return context.print(&text) };
        write(path, &text)
            .map_err(|error| Failure::could_not(format!("{} cannot be written: {error}", path.display()), "name another file"))?;
        context.say(&format!("Wrote {} people to {}.", people.len(), path.display()))
    }

    fn people(&self, server: &Server) -> Result<Vec<Value>, Failure> {
        let (mut people, mut after) = (vec![], Value::Null);
        let mut progress = Progress::new("people");
        loop {
            let body = json!({ "after": after, "without_passwords": self.without_passwords });
            let page = server.post("/api/v1/exports/users", &body)?;
            people.extend(page.get("users").and_then(Value::as_array).into_iter().flatten().cloned());
            progress.show(people.len() as u64, people.len() as u64);
            match page.get("next") {
                Some(next) => after = next.clone(),
                None => return Ok(people),
            }
        }
    }
}

/// The people as a table (RFC 4180).
fn csv(people: &[Value]) -> Result<String, Failure> {
    let attributes: BTreeSet<&String> = people.iter().flat_map(attributes_of).map(|(name, _)| name).collect();
    if COLUMNS.len() + attributes.len() > COLUMNS_MAX {
        let sentence = format!("people have {} different attributes, more than a table has columns", attributes.len());
        return Err(Failure::no(sentence, "add --json"));
    }
    let names = attributes.iter().map(|name| format!("{ATTRIBUTE}{name}"));
    let columns: Vec<String> = COLUMNS.iter().map(|name| (*name).to_owned()).chain(names).collect();
    let mut text = format!("{}\n", columns.join(","));
    for person in people {
        let cells: Vec<String> = columns.iter().map(|name| cell(person, name)).collect::<Result<_, _>>()?;
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    Ok(text)
}

fn attributes_of(person: &Value) -> impl Iterator<Item = (&String, &Value)> {
    person.get("attributes").and_then(Value::as_object).into_iter().flatten()
}

fn cell(person: &Value, column: &str) -> Result<String, Failure> {
    let said = match column.strip_prefix(ATTRIBUTE) {
        Some(name) => attributes_of(person).find(|(known, _)| *known == name).map(|(_, text)| text),
        None => person.get(column),
    };
    let text = match said {
        Some(Value::Array(names)) => {
            let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
            if let Some(name) = names.iter().find(|name| name.contains(BETWEEN)) {
                return Err(Failure::no(format!("the name `{name}` has a `{BETWEEN}` in it, as a table has between names"), "add --json"));
            }
            names.join(";")
        }
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let is_quoted = text.contains([',', '"', '\n', '\r']) || text.trim() != text;
    Ok(if is_quoted { format!("\"{}\"", text.replace('"', "\"\"")) } else { text })
}

/// Writes a file that nobody else can read, also where there was one that others could.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::super::import::read_table;
    use super::*;

    #[test]
    fn an_import_reads_what_is_written() {
        let people = [
            json!({
                "username": "ada", "name": "Ada \"the\" Countess, of Lovelace", "email": "ada@example.org", "email_verified": true,
                "disabled": false, "password_hash": "$argon2id$v=19$m=65536,t=4,p=1$c2FsdHNhbHQ$aGFzaA", "groups": ["a", "b c"], "roles": [],
                "attributes": {"costCenter": "7, second floor", "Room": "\"7\""},
            }),
            json!({"username": "bob", "email_verified": false, "disabled": true, "groups": [], "roles": ["x:y clerk"], "attributes": {"costCenter": "8"}}),
        ];
        let text = csv(&people).unwrap();
        let read: Vec<Value> = read_table(&text).unwrap().into_iter().map(|(_, row)| row.unwrap()).collect();
        let mut expected = people.to_vec();
        expected[0].as_object_mut().unwrap().remove("roles");
        expected[1].as_object_mut().unwrap().remove("groups");
        assert_eq!(read, expected, "{text}");
        assert!(csv(&[json!({"groups": ["a;b"]})]).is_err());
        let with = |count: usize| json!({"attributes": (0..count).map(|number| (number.to_string(), json!("x"))).collect::<Map<_, _>>()});
        assert!(read_table(&csv(&[json!({"username": "ada"}), with(56)]).unwrap()).is_ok());
        assert!(csv(&[with(57)]).is_err());
    }
}
