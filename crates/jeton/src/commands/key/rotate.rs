//! `jeton key rotate`: by whoever administers, or by the key itself.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use jeton_token::Secret;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::super::again::Again;
use super::super::context::{Context, NO_KEY};
use super::super::duration;
use super::super::failure::Failure;
use super::super::input;
use super::path::{PATH, path};
use crate::render::api_keys;
use crate::render::text::member;
use crate::replacement::Replacement;

const EXAMPLES: &str = "\
Examples:
  jeton key rotate 0199a2b3c4d57e6f8a9b0c1d2e3f4a5b --overlap 24h
  jeton key rotate 0199a2b3c4d57e6f8a9b0c1d2e3f4a5b --overlap 0s --json | jq -r .key
  jeton key rotate --self --key-file key.txt --server https://tokens.example

Everything but the text is carried over. The new text is shown once; with
--self it takes the place of the old one in the file, for its owner alone.
With --self nobody has to be signed in: the key proves itself. Where the
answer was lost, run it again: the same text is answered for a day, until it
is used. A key that is bound to networks needs --server.";

/// What the server says of a text that is no key.
const NOT_KNOWN: &str = "this key is not accepted: not_found";

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
            (None, Some(file)) if file == Path::new("-") => context.show(&self.rotated(context, file)?, api_keys::created),
            (None, Some(file)) => self.replace(context, file),
            (None, None) => Err(Failure::usage("nothing says which key", "name its id, or --self and --key-file")),
        }
    }

    /// Rotates the key in a file, and puts the new one there. Room is made first: what cannot be kept is not asked for.
    fn replace(&self, context: &Context, file: &Path) -> Result<(), Failure> {
        let shown = file.display();
        let unchanged = |error: io::Error| {
            Failure::could_not(format!("{shown} cannot be replaced: {error}"), "look who may write its folder; the key is as it was")
        };
        let lost = |error: io::Error| {
            Failure::could_not(
                format!("the key has another text, which cannot be written to {shown}: {error}"),
                "make room and run it again: the same text is answered for a day, until it is used",
            )
        };
        let begun = Replacement::begin(file).map_err(unchanged)?;
        let mut rotated = self.rotated(context, file)?;
        let key = rotated.as_object_mut().and_then(|members| members.remove("key"));
        let Some(Value::String(key)) = key else {
            return Err(Failure::could_not("the server answered no key", "look whether --server names a server of Jeton"));
        };
        begun.finish(Zeroizing::new(key + "\n").as_bytes()).map_err(lost)?;
        context.show(&rotated, |key, view| {
            let until = member(key, "previous_expires_at");
            let old = if until.is_empty() {
                "The old text is not accepted any more.".to_owned()
            } else {
                format!("The old text goes on until {until}.")
            };
            format!("{}\nThe new text is in {shown}. {old}\n", api_keys::show(key, view))
        })
    }

    /// What the server answers to the key that this holds.
    fn rotated(&self, context: &Context, file: &Path) -> Result<Value, Failure> {
        let key = input::pasted(file)?;
        if self.overlap.is_some_and(|seconds| seconds < LEAST_OVERLAP_SECONDS) {
            return Err(Failure::usage(
                "by itself a key keeps its old text for a minute at least: with that it asks again where the answer is lost",
                "leave --overlap out, or say 1m; afterwards `jeton key end-previous KEY` ends the old text at once",
            ));
        }
        let ask = |key: &Secret| context.server_for_key(key)?.post_as_key(&format!("{PATH}/self/rotate"), &self.body());
        // What is no word cannot be a key that asks for itself: in it there may be one.
        let is_unknown = |failure: &Failure| [NO_KEY, NOT_KNOWN].contains(&failure.sentence());
        key.ask(ask, |answer| answer.as_ref().is_err_and(is_unknown))
    }

    fn body(&self) -> Value {
        let mut body = Map::new();
        body.extend(self.overlap.map(|seconds| ("overlap_seconds".to_owned(), json!(seconds))));
        body.extend(self.expires_in.map(|seconds| ("expires_in_seconds".to_owned(), json!(seconds))));
        Value::Object(body)
    }
}
