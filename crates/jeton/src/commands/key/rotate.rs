//! `jeton key rotate`: by whoever administers, or by the key itself.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value, json};

use super::super::again::Again;
use super::super::context::Context;
use super::super::duration;
use super::super::failure::Failure;
use super::in_file;
use super::path::path;
use crate::render::api_keys;
use crate::render::text::member;

const EXAMPLES: &str = "\
Examples:
  jeton key rotate 0199a2b3c4d57e6f8a9b0c1d2e3f4a5b --overlap 24h
  jeton key rotate 0199a2b3c4d57e6f8a9b0c1d2e3f4a5b --overlap 0s \\
      --json | jq -r .key
  jeton key rotate --self --key-file key.txt --server https://tokens.example

Everything but the text is carried over. The new text is shown once; with
--self it takes the place of the old one in the file, for its owner alone.
With --self nobody has to be signed in: the key proves itself. Where the
answer was lost, run it again: the same text is answered for a day, until it
is used. A key that is bound to networks needs --server.";

/// Less would not be enough to ask again, and then nobody could.
const LEAST_OVERLAP_SECONDS: i64 = 60;

/// Replace a key's text; the old one goes on for a while
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Rotate {
    /// Its id: see `jeton key list`
    #[arg(value_name = "KEY", required_unless_present = "itself")]
    key: Option<String>,
    /// Rotate the key that --key-file holds, by itself
    #[arg(long = "self", requires = "key_file", conflicts_with_all = ["key", "idempotency_key"])]
    itself: bool,
    /// The file that holds the key, and then the new one; or `-`: read from
    /// standard input, and printed
    #[arg(long, value_name = "FILE|-", requires = "itself")]
    key_file: Option<PathBuf>,
    /// How long the old text goes on: 24h if left out, 30d at most
    #[arg(long, value_name = "TIME", value_parser = duration::seconds)]
    overlap: Option<i64>,
    /// How long the new one lives: as long as the old one was given if left out
    #[arg(long, value_name = "TIME", value_parser = duration::seconds)]
    expires_in: Option<i64>,
    #[command(flatten)]
    again: Again,
}

impl Rotate {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        match (&self.key, &self.key_file) {
            (Some(key), _) => {
                context.show(&self.again.post(&context.server()?, &format!("{}/rotate", path(key)?), &self.body())?, api_keys::created)
            }
            (None, Some(file)) if file == Path::new("-") => {
                context.show(&in_file::rotated(context, file, &self.body_by_itself()?)?, api_keys::created)
            }
            (None, Some(file)) => self.replace(context, file),
            (None, None) => Err(Failure::usage("nothing says which key", "name its id, or --self and --key-file")),
        }
    }

    /// Rotates the key in a file, and puts the new one there.
    fn replace(&self, context: &Context, file: &Path) -> Result<(), Failure> {
        let (_, rotated) = in_file::replaced(context, file, &self.body_by_itself()?)?;
        context.show(&rotated, |key, view| {
            let until = member(key, "previous_expires_at");
            let old = if until.is_empty() {
                "The old text is not accepted any more.".to_owned()
            } else {
                format!("The old text goes on until {until}.")
            };
            format!("{}\nThe new text is in {}. {old}\n", api_keys::show(key, view), file.display())
        })
    }

    /// What a key asks for itself.
    fn body_by_itself(&self) -> Result<Value, Failure> {
        if self.overlap.is_some_and(|seconds| seconds < LEAST_OVERLAP_SECONDS) {
            return Err(Failure::usage(
                "by itself a key keeps its old text for a minute at least: with that it asks again where the answer is lost",
                "leave --overlap out, or say 1m; afterwards `jeton key end-previous KEY` ends the old text at once",
            ));
        }
        Ok(self.body())
    }

    fn body(&self) -> Value {
        let mut body = Map::new();
        body.extend(self.overlap.map(|seconds| ("overlap_seconds".to_owned(), json!(seconds))));
        body.extend(self.expires_in.map(|seconds| ("expires_in_seconds".to_owned(), json!(seconds))));
        Value::Object(body)
    }
}
