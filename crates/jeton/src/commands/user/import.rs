//! `jeton user import`.

use std::path::PathBuf;

use clap::Args;
use jeton_core::plain::cut;
use serde_json::{Map, Value, json};

use crate::commands::again::Again;
use crate::commands::batches::{Batch, Row, batches, wrong_row};
use crate::commands::context::Context;
use crate::commands::failure::Failure;
use crate::commands::input;
use crate::commands::progress::Progress;
use crate::commands::server::Server;
use crate::commands::table::{self, Line, Things};
use crate::render::imported;

const EXAMPLES: &str = "\
Examples:
  jeton user import people.csv --dry-run
  jeton user import - < people.json

A file of CSV names its columns in the first line; JSON is a list of objects.
  username                whoever has it here already stays as they are
  name, email
  email_verified          whether letters reach them there: true or false
  disabled                whether nothing of theirs is accepted: true or false
  password_hash           of argon2id, argon2i, bcrypt, scrypt or PBKDF2, as
                          they, Django, passlib or Werkzeug write it
  attribute.NAME          what is known of them by a name, for claims; in JSON
                          `attributes`, an object
  groups, roles           by name, with `;` between them in CSV; they must be
                          here. Of two roles of one name: AUDIENCE NAME
Passwords themselves are not needed: people sign in with those they have, and
the hash is made anew when they do. Exits with 1 where one was refused; the
others are here.";

/// Take in people who are known elsewhere, with the hashes of their passwords
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Import {
    /// A file of CSV or JSON; `-` is standard input
    #[arg(value_name = "-|FILE")]
    file: PathBuf,
    /// Only tell what would become of them
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    again: Again,
}

const PEOPLE: Things = Things {
    one: "a person",
    many: "users",
    needed: "username",
    columns: "username,email,password_hash",
    help: "jeton user import --help",
};

/// Before the name of an attribute, in a column of CSV.
pub(super) const ATTRIBUTE: &str = "attribute.";
pub(super) const COLUMNS: [&str; 8] = ["username", "name", "email", "email_verified", "disabled", "password_hash", "groups", "roles"];
/// Between names in a column of CSV.
pub(super) const BETWEEN: char = ';';

/// What became of the people of all requests.
#[derive(Default)]
struct Report {
    imported: usize,
    existed: usize,
    refused: Vec<Value>,
}

impl Import {
    pub(super) fn run(&self, server: &Server, context: &Context) -> Result<(), Failure> {
        // All of it before any is sent: what is no table is none of it.
        let rows = read_table(&input::large_text(&self.file, "the people")?)?;
        let total = rows.len();
        let (batches, wrong) = batches(rows);
        let mut report = Report { refused: wrong.into_iter().map(wrong_row).collect(), ..Report::default() };
        let mut progress = Progress::new("people");
        let mut done = report.refused.len();
        for batch in batches {
            done += batch.len();
            self.send(server, batch, &mut report)?;
            progress.show(done as u64, total as u64);
        }
        drop(progress);
        let refused = report.refused.len();
        context.show(&report.into_json(self.dry_run), imported::imported)?;
        if refused == 0 {
            return Ok(());
        }
        let refused = if refused == 1 { "1 person was refused".to_owned() } else { format!("{refused} people were refused") };
        Err(Failure::no(refused, "mend those lines, and import again: who is here already stays"))
    }

    fn send(&self, server: &Server, batch: Batch, report: &mut Report) -> Result<(), Failure> {
        let (lines, users): (Vec<u64>, Vec<Value>) = batch.into_iter().unzip();
        let from = lines.first().copied().unwrap_or(0);
        let body = json!({ "users": users, "dry_run": self.dry_run });
        let answer = self.again.post_part(server, "/api/v1/imports/users", &body, from).map_err(|failure| {
            failure.after(
                &format!("{} people are imported, and none from line {from} on", report.imported),
                "mend it, and import again: who is here already stays",
            )
        })?;
        report.add(&answer, &lines);
        Ok(())
    }
}

impl Report {
    fn add(&mut self, answer: &Value, lines: &[u64]) {
        let items = |name: &str| answer.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        self.imported += items("imported").len();
        self.existed += items("existed").len();
        for mut refused in items("refused") {
            let index = refused.get("index").and_then(Value::as_u64).and_then(|index| usize::try_from(index).ok());
            let line = index.and_then(|index| lines.get(index)).copied().unwrap_or(0);
            if let Some(members) = refused.as_object_mut() {
                members.remove("index");
                members.insert("line".to_owned(), Value::from(line));
            }
            self.refused.push(refused);
        }
    }

    fn into_json(mut self, dry_run: bool) -> Value {
        self.refused.sort_by_key(|refused| refused.get("line").and_then(Value::as_u64));
        json!({ "imported": self.imported, "existed": self.existed, "refused": self.refused, "dry_run": dry_run })
    }
}

/// Every row of a table of people.
///
/// # Errors
/// Where it is no such table.
pub(crate) fn read_table(text: &str) -> Result<Vec<Row>, Failure> {
    table::read(text, &PEOPLE, check_column)?.into_iter().map(|line| Ok((line.number, person(line)?))).collect()
}

/// What a line says, as the API takes it; or what is wrong with it.
fn person(line: Line) -> Result<Result<Value, String>, Failure> {
    let (mut person, mut attributes) = (Map::new(), Map::new());
    for (name, value) in line.members {
        check_column(&name)?;
        if let Some(attribute) = name.strip_prefix(ATTRIBUTE) {
            attributes.insert(attribute.to_owned(), value);
            continue;
        }
        let read = match (name.as_str(), value.as_str()) {
            ("email_verified" | "disabled", Some(text)) => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => Ok(json!(true)),
                "false" | "no" | "0" => Ok(json!(false)),
                _ => Err(format!("`{name}` is neither true nor false")),
            },
            ("groups" | "roles", Some(text)) => {
                Ok(json!(text.split(BETWEEN).map(str::trim).filter(|name| !name.is_empty()).collect::<Vec<_>>()))
            }
            ("attributes", Some(_)) => Err(format!("`attributes` is no object: a table has a column `{ATTRIBUTE}NAME` for each")),
            _ => Ok(value),
        };
        match read {
            Ok(value) => drop(person.insert(name, value)),
            Err(detail) => return Ok(Err(detail)),
        }
    }
    if !attributes.is_empty() {
        person.insert("attributes".to_owned(), Value::Object(attributes));
    }
    Ok(if person.contains_key("username") { Ok(Value::Object(person)) } else { Err("there is no `username`".to_owned()) })
}

/// Refuses a column that is none.
fn check_column(name: &str) -> Result<(), Failure> {
    if name == "password" {
        return Err(Failure::usage(
            "the input has a column `password`: passwords are not given in clear",
            "give the hash of each as `password_hash`, or nothing: `jeton user invite` lets people choose one",
        ));
    }
    if COLUMNS.contains(&name) || name == "attributes" || name.strip_prefix(ATTRIBUTE).is_some_and(|attribute| !attribute.is_empty()) {
        return Ok(());
    }
    Err(Failure::usage(
        format!("there is no column `{}`", cut(name, 60)),
        format!("the columns are {}, {ATTRIBUTE}NAME", COLUMNS.join(", ")),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &Value) {
        let rows: Vec<Value> = read_table(text)
            .unwrap()
            .into_iter()
            .map(|(line, row)| match row {
                Ok(row) => json!([line, row]),
                Err(detail) => json!([line, detail]),
            })
            .collect();
        assert_eq!(json!(rows), *expected, "{text}");
    }

    #[track_caller]
    fn refused(text: &str, words: &str) {
        let failure = read_table(text).unwrap_err().to_json().to_string();
        assert!(failure.contains(words), "{failure}");
    }

    #[test]
    fn rows() {
        check(
            "username,email_verified,disabled,groups,roles,Attribute.costCenter\nada,TRUE,0,\"billing; night shift;\",a:b clerk,7\nbob,,maybe,,,\n",
            &json!([
                [2, {
                    "username": "ada", "email_verified": true, "disabled": false, "groups": ["billing", "night shift"], "roles": ["a:b clerk"],
                    "attributes": {"costCenter": "7"},
                }],
                [3, "`disabled` is neither true nor false"],
            ]),
        );
        check(
            r#"{"users": [{"username": "ada", "groups": ["a; b"], "disabled": true, "attributes": {"room": "7"}}, {"name": "x"}]}"#,
            &json!([[1, {"username": "ada", "groups": ["a; b"], "disabled": true, "attributes": {"room": "7"}}], [2, "there is no `username`"]]),
        );
        refused("username,password\nada,hunter2\n", "not given in clear");
        refused("username,attribute.\nada,7\n", "there is no column `attribute.`");
        refused("username,shoe_size\nada,38\n", "there is no column `shoe_size`");
        refused("name,email\nAda,ada@example.org\n", "no column is called `username`");
        refused("ada,ada@example.org\n", "the first line is a person");
    }
}
