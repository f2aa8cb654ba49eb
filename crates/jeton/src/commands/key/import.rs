//! `jeton key import`.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};

use super::path::PATH;
use super::table::{self, Line};
use crate::commands::again::Again;
use crate::commands::context::Context;
use crate::commands::failure::Failure;
use crate::commands::input;
use crate::commands::progress::Progress;
use crate::commands::rate;
use crate::commands::server::Server;
use crate::render::api_keys;

const EXAMPLES: &str = "\
Examples:
  jeton key import keys.csv --audience https://orders.example --dry-run
  jeton key import - --audience https://orders.example \\
      --owner external:acme < keys.json

A file of CSV names its columns in the first line; JSON is a list of objects.
  sha256                  of the key's text, 64 hexadecimal digits
  owner, name             --owner, and `imported`, where they are left out
  scope, note, client, environment, expires_at, max_uses
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

/// The most keys of a request, and about how many bytes.
const AT_ONCE: usize = 100;
const BATCH_BYTES: usize = 48 * 1024;

const TEXTS: [&str; 7] = ["sha256", "owner", "name", "scope", "note", "client", "environment"];
/// What somebody might call a column of texts that must not be in such a file.
const CLEAR: [&str; 6] = ["key", "api_key", "apikey", "secret", "token", "value"];

impl Import {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let lines = table::read(&input::large_text(&self.file, "the keys")?)?;
        let total = u64::try_from(lines.len()).unwrap_or(u64::MAX);
        let server = context.server()?;
        let mut report = Report::default();
        let mut progress = Progress::new("keys");
        let (mut batch, mut bytes): (Vec<(u64, Value)>, usize) = (vec![], 0);
        for (done, line) in (0_u64..).zip(lines) {
            let number = line.number;
            let key = match self.key(line)? {
                Ok(key) => key,
                Err(detail) => {
                    report.refused.push(json!({ "line": number, "code": "invalid_request", "detail": detail }));
                    continue;
                }
            };
            let size = key.to_string().len();
            if batch.len() == AT_ONCE || bytes + size > BATCH_BYTES {
                self.send(&server, std::mem::take(&mut batch), &mut report)?;
                bytes = 0;
                progress.show(done, total);
            }
            bytes += size;
            batch.push((number, key));
        }
        self.send(&server, batch, &mut report)?;
        drop(progress);
        let is_whole = report.refused.is_empty();
        let refused = report.refused.len();
        context.show(&report.into_json(self.dry_run), api_keys::imported)?;
        if is_whole {
            Ok(())
        } else {
            Err(Failure::no(format!("{refused} keys were refused"), "mend those lines, and import again: what is there already stays"))
        }
    }

    /// What a line says, as the API takes it; or what is wrong with it.
    fn key(&self, line: Line) -> Result<Result<Value, String>, Failure> {
        let mut key = Map::new();
        let mut metadata = Map::new();
        for (name, value) in line.members {
            if CLEAR.contains(&name.as_str()) {
                return Err(Failure::usage(
                    format!("the input has a column `{name}`: keys are not given in clear"),
                    "give the SHA-256 of each key as `sha256`: printf %s \"$KEY\" | sha256sum",
                ));
            }
            let text = value.as_str();
            let read = match (name.as_str(), text) {
                ("allow_ip", Some(text)) => Ok(json!(text.split_whitespace().collect::<Vec<_>>())),
                ("rate_limit", Some(text)) => rate::parse(text).map(rate::Rate::to_json),
                ("max_uses", Some(text)) => text.parse::<i64>().map(Value::from).map_err(|_| "`max_uses` is no number".to_owned()),
                ("metadata" | "allow_ip" | "rate_limit" | "max_uses" | "expires_at", _) => Ok(value),
                (name, _) if TEXTS.contains(&name) => Ok(value),
                (name, Some(text)) if name.strip_prefix("metadata.").is_some() => {
                    metadata.insert(name.trim_start_matches("metadata.").to_owned(), Value::from(text));
                    continue;
                }
                _ => {
                    let known = format!("{}, expires_at, allow_ip, rate_limit, max_uses, metadata.NAME", TEXTS.join(", "));
                    let name: String = name.escape_debug().take(60).collect();
                    return Err(Failure::usage(format!("there is no column `{name}`"), format!("the columns are {known}")));
                }
            };
            match read {
                Ok(value) => drop(key.insert(name, value)),
                Err(detail) => return Ok(Err(detail)),
            }
        }
        if !metadata.is_empty() {
            key.insert("metadata".to_owned(), Value::Object(metadata));
        }
        let defaults = [("owner", self.owner.as_deref()), ("name", Some("imported"))];
        for (name, text) in defaults.into_iter().filter_map(|(name, text)| Some((name, text?))) {
            key.entry(name).or_insert_with(|| Value::from(text));
        }
        Ok(match ["sha256", "owner"].into_iter().find(|name| !key.contains_key(*name)) {
            Some("owner") => Err("there is no `owner`: give one in the line, or --owner".to_owned()),
            Some(_) => Err("there is no `sha256`".to_owned()),
            None => Ok(Value::Object(key)),
        })
    }

    fn send(&self, server: &Server, batch: Vec<(u64, Value)>, report: &mut Report) -> Result<(), Failure> {
        if batch.is_empty() {
            return Ok(());
        }
        let (lines, keys): (Vec<u64>, Vec<Value>) = batch.into_iter().unzip();
        let body = json!({ "audience": self.audience, "keys": keys, "dry_run": self.dry_run });
        let from = lines.first().copied().unwrap_or_default();
        let answer = self.again.post_part(server, &format!("{PATH}/import"), &body, from).map_err(|failure| {
            failure.after(
                &format!("{} keys are imported, and none from line {from} on", report.imported),
                "mend it, and import again: what is there already stays",
            )
        })?;
        report.add(&answer, &lines);
        Ok(())
    }
}

/// What became of the keys of all requests.
#[derive(Default)]
struct Report {
    imported: usize,
    existed: usize,
    refused: Vec<Value>,
}

impl Report {
    fn add(&mut self, answer: &Value, lines: &[u64]) {
        let items = |name: &str| answer.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        self.imported += items("imported").len();
        self.existed += items("existed").len();
        for mut refused in items("refused") {
            let place = refused.get("index").and_then(Value::as_u64).and_then(|index| usize::try_from(index).ok());
            let line = place.and_then(|place| lines.get(place)).copied().unwrap_or_default();
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
