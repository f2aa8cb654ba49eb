//! `jeton key import`.

use std::path::PathBuf;

use clap::Args;
use jeton_core::plain::cut;
use jeton_http::api::rfc3339;
use serde_json::{Map, Value, json};

use super::path::PATH;
use crate::commands::again::Again;
use crate::commands::batches::{Batch, Row, batches, wrong_row};
use crate::commands::context::Context;
use crate::commands::failure::Failure;
use crate::commands::input;
use crate::commands::progress::Progress;
use crate::commands::rate;
use crate::commands::server::Server;
use crate::commands::table::{self, Line, Things};
use crate::render::imported;
use crate::render::text::member;

const EXAMPLES: &str = "\
Examples:
  jeton key import keys.csv --audience https://orders.example --dry-run
  jeton key import - --audience https://orders.example \\
      --owner external:acme < keys.json

A file of CSV names its columns in the first line; JSON is a list of objects.
  sha256                  of the key's text, 64 hexadecimal digits
  owner, name             --owner, and `imported`, where they are left out
  scope                   the API's default if left out
  expires_at              the default, spread over 30 days, if left out, or
                          if it is later than keys may live here
  note, client, environment, max_uses
  allow_ip                networks, with spaces between them
  rate_limit              100/1m
  metadata.NAME           a text to remember
The keys themselves are not needed: whoever holds one goes on as before.
Exits with 1 where one was refused; the others are there.";

/// Take over keys that were made elsewhere, by the SHA-256 of their text
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Import {
    /// A file of CSV or JSON; `-` is standard input
    #[arg(value_name = "-|FILE")]
    file: PathBuf,
    /// The API they are for, by audience or id
    #[arg(long, value_name = "URI")]
    audience: String,
    /// Whose those are that name no owner
    #[arg(long, value_name = "OWNER")]
    owner: Option<String>,
    /// Only tell what would become of them
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    again: Again,
}

const KEYS: Things = Things { one: "a key", many: "keys", needed: "sha256", columns: "sha256,owner,name", help: "jeton key import --help" };
const TEXTS: [&str; 7] = ["sha256", "owner", "name", "scope", "note", "client", "environment"];
const OTHERS: [&str; 5] = ["metadata", "allow_ip", "rate_limit", "max_uses", "expires_at"];
/// Before the name of a text to remember.
const METADATA: &str = "metadata.";
/// What somebody might call a column of texts that must not be in such a file.
const CLEAR: [&str; 6] = ["key", "api_key", "apikey", "secret", "token", "value"];

impl Import {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        // All of it before any is sent: what is no table is none of it.
        let rows = read_table(&input::large_text(&self.file, "the keys")?, self.owner.as_deref())?;
        let total = rows.len();
        let server = context.server()?;
        let (batches, wrong) = batches(rows);
        let mut report = Report::default();
        report.refused.extend(wrong.into_iter().map(wrong_row));
        let mut progress = Progress::new("keys");
        let mut done = report.refused.len();
        for batch in batches {
            done += batch.len();
            self.send(&server, batch, &mut report)?;
            progress.show(done as u64, total as u64);
        }
        drop(progress);
        let is_whole = report.refused.is_empty();
        let refused = report.refused.len();
        context.show(&report.into_json(self.dry_run), imported::imported)?;
        if is_whole {
            Ok(())
        } else {
            let refused = if refused == 1 { "1 key was refused".to_owned() } else { format!("{refused} keys were refused") };
            Err(Failure::no(refused, "mend those lines, and import again: what is there already stays"))
        }
    }

    fn send(&self, server: &Server, batch: Batch, report: &mut Report) -> Result<(), Failure> {
        let said: Vec<Said> = batch.iter().map(|(line, key)| Said::of(*line, key)).collect();
        let keys: Vec<Value> = batch.into_iter().map(|(_, key)| key).collect();
        let body = json!({ "audience": self.audience, "keys": keys, "dry_run": self.dry_run });
        let from = said.first().map_or(0, |said| said.line);
        let answer = self.again.post_part(server, &format!("{PATH}/import"), &body, from).map_err(|failure| {
            failure.after(
                &format!("{} keys are imported, and none from line {from} on", report.imported),
                "mend it, and import again: what is there already stays",
            )
        })?;
        report.add(&answer, &said);
        Ok(())
    }
}

/// Every row of a table of keys; `owner` has those that name none.
///
/// # Errors
/// Where it is no such table.
pub(crate) fn read_table(text: &str, owner: Option<&str>) -> Result<Vec<Row>, Failure> {
    table::read(text, &KEYS, check_column)?.into_iter().map(|line| Ok((line.number, key(line, owner)?))).collect()
}

/// What a line says, as the API takes it; or what is wrong with it.
fn key(line: Line, owner: Option<&str>) -> Result<Result<Value, String>, Failure> {
    let mut key = Map::new();
    let mut metadata = Map::new();
    for (name, value) in line.members {
        check_column(&name)?;
        let text = value.as_str();
        let read = match (name.as_str(), text) {
            ("allow_ip", Some(text)) => Ok(json!(text.split_whitespace().collect::<Vec<_>>())),
            ("rate_limit", Some(text)) => rate::parse(text).map(rate::Rate::to_json),
            ("max_uses", Some(text)) => text.parse::<i64>().map(Value::from).map_err(|_| "`max_uses` is no number".to_owned()),
            (name, Some(text)) if name.starts_with(METADATA) => {
                metadata.insert(name.trim_start_matches(METADATA).to_owned(), Value::from(text));
                continue;
            }
            (name, None) if name.starts_with(METADATA) => Err(format!("`{}` is no text", cut(name, 60))),
            _ => Ok(value),
        };
        match read {
            Ok(value) => drop(key.insert(name, value)),
            Err(detail) => return Ok(Err(detail)),
        }
    }
    if !metadata.is_empty() {
        key.insert("metadata".to_owned(), Value::Object(metadata));
    }
    let defaults = [("owner", owner), ("name", Some("imported"))];
    for (name, text) in defaults.into_iter().filter_map(|(name, text)| Some((name, text?))) {
        key.entry(name).or_insert_with(|| Value::from(text));
    }
    Ok(match ["sha256", "owner"].into_iter().find(|name| !key.contains_key(*name)) {
        Some("owner") => Err("there is no `owner`: give one in the line, or --owner".to_owned()),
        Some(_) => Err("there is no `sha256`".to_owned()),
        None => Ok(Value::Object(key)),
    })
}

/// Refuses a column that is none.
fn check_column(name: &str) -> Result<(), Failure> {
    if CLEAR.contains(&name) {
        return Err(Failure::usage(
            format!("the input has a column `{name}`: keys are not given in clear"),
            "give the SHA-256 of each key as `sha256`: printf %s \"$KEY\" | sha256sum",
        ));
    }
    if TEXTS.contains(&name) || OTHERS.contains(&name) || name.starts_with(METADATA) {
        return Ok(());
    }
    let known = format!("{}, expires_at, allow_ip, rate_limit, max_uses, metadata.NAME", TEXTS.join(", "));
    Err(Failure::usage(format!("there is no column `{}`", cut(name, 60)), format!("the columns are {known}")))
}

/// What a line said of what may come out otherwise.
struct Said {
    line: u64,
    /// When it ends, in seconds; with the text of it.
    end: Option<(i64, String)>,
    names_scope: bool,
}

impl Said {
    fn of(line: u64, key: &Value) -> Said {
        let end = key.get("expires_at").and_then(Value::as_str);
        let end = end.and_then(|text| Some((rfc3339::parse(text)?, text.to_owned())));
        Said { line, end, names_scope: key.get("scope").is_some_and(|scope| !scope.is_null()) }
    }
}

/// What became of the keys of all requests.
#[derive(Default)]
struct Report {
    imported: usize,
    existed: usize,
    refused: Vec<Value>,
    /// Those that end before their line says.
    shortened: Vec<Value>,
    /// Those whose line names no scope, with what they have.
    unscoped: Vec<Value>,
    /// How many name no end, and when the first and the last of them end, in seconds.
    spread: Option<(u64, i64, i64)>,
}

impl Report {
    fn add(&mut self, answer: &Value, said: &[Said]) {
        let items = |name: &str| answer.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        let said_of = |item: &Value| said.get(usize::try_from(item.get("index")?.as_u64()?).ok()?);
        let imported = items("imported");
        self.imported += imported.len();
        self.existed += items("existed").len();
        imported.iter().filter_map(|made| Some((made, said_of(made)?))).for_each(|(made, said)| self.compare(made, said));
        for mut refused in items("refused") {
            let line = said_of(&refused).map_or(0, |said| said.line);
            if let Some(members) = refused.as_object_mut() {
                members.remove("index");
                members.insert("line".to_owned(), Value::from(line));
            }
            self.refused.push(refused);
        }
    }

    /// Notes where a key is not as its line says, or as nobody said.
    fn compare(&mut self, made: &Value, said: &Said) {
        let ends_at = member(made, "expires_at");
        let Some(ends_at_seconds) = rfc3339::parse(&ends_at) else { return };
        match &said.end {
            Some((end, text)) if ends_at_seconds < *end => {
                self.shortened.push(json!({ "line": said.line, "said": text, "ends_at": ends_at }));
            }
            Some(_) => {}
            None => {
                let (keys, first, last) = self.spread.unwrap_or((0, ends_at_seconds, ends_at_seconds));
                self.spread = Some((keys + 1, first.min(ends_at_seconds), last.max(ends_at_seconds)));
            }
        }
        if !said.names_scope {
            self.unscoped.push(json!({ "line": said.line, "scope": member(made, "scope") }));
        }
    }

    fn into_json(mut self, dry_run: bool) -> Value {
        self.refused.sort_by_key(|refused| refused.get("line").and_then(Value::as_u64));
        let mut report = json!({
            "imported": self.imported, "existed": self.existed, "refused": self.refused, "shortened": self.shortened,
            "unscoped": self.unscoped, "dry_run": dry_run,
        });
        if let (Some((keys, first, last)), Some(report)) = (self.spread, report.as_object_mut()) {
            let spread = json!({ "keys": keys, "first": rfc3339::format(first), "last": rfc3339::format(last) });
            report.insert("spread".to_owned(), spread);
        }
        report
    }
}
