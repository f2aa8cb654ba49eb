//! A key in a file that is kept fresh: it rotates itself where half of its life is over.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jeton_http::api::rfc3339;
use jeton_token::Secret;
use serde_json::{Value, json};

use crate::commands::aside::aside;
use crate::commands::context::Context;
use crate::commands::failure::Failure;
use crate::commands::input;
use crate::commands::key::in_file;
use crate::render::text::{lines, member, shown};

/// How long the old text goes on at the least and at the most, as the server has it, in seconds.
const OVERLAP_SECONDS: (i64, i64) = (60, 30 * 86_400);

/// How soon it is tried again where it could not be done, in seconds.
const AGAIN_SECONDS: (i64, i64) = (2, 3_600);

/// How soon a server that could not be asked is asked again, in seconds.
const UNASKED_SECONDS: i64 = 60;

/// A key as it is to be used now.
pub(super) struct Fresh {
    /// Its text.
    pub(super) text: Secret,
    /// How long it is fresh.
    pub(super) wait: Duration,
}

/// The key in a file, rotated where half of its life is over. Whoever else does the same with that folder waits, and finds what was done.
///
/// # Errors
/// When no key in it is accepted. One that cannot be asked about, or that had to be rotated and could not be, is used as it is.
pub(super) fn fresh(context: &Context, file: &Path) -> Result<Fresh, Failure> {
    let _held = lock(file).map_err(|error| {
        Failure::could_not(format!("{} cannot be looked at: {error}", file.display()), "name a file that holds a key with --key-file")
    })?;
    let (text, own) = match in_file::known(context, file) {
        Ok(known) => known,
        // What the key is for may be there while this server is not.
        Err(failure) if failure.is_unasked() => {
            let text = input::token(file)?;
            tell_not_rotated(file, &failure);
            return Ok(Fresh { text, wait: seconds(UNASKED_SECONDS) });
        }
        Err(failure) => return Err(failure),
    };
    let Some(life) = Life::of(&own) else {
        return Err(Failure::could_not("the server does not say how long the key lives", "look whether --server names a server of Jeton"));
    };
    if context.now_seconds < life.half() {
        return Ok(Fresh { text, wait: life.until_half(context.now_seconds) });
    }
    match in_file::replaced(context, file, &json!({ "overlap_seconds": life.left(context.now_seconds) })) {
        Ok((text, own)) => {
            tell_rotated(file, &own);
            let wait = Life::of(&own).map_or(AGAIN_SECONDS.1, |life| life.half() - context.now_seconds);
            Ok(Fresh { text, wait: seconds(wait) })
        }
        // Both texts live, or the server is busy: the one that is there is accepted.
        Err(failure) => {
            tell_not_rotated(file, &failure);
            Ok(Fresh { text, wait: seconds(life.left(context.now_seconds) / 8) })
        }
    }
}

/// What keeps the key in a file fresh, again and again; it says how long nothing is to be done.
pub(super) fn keeping(context: &Context, file: PathBuf, first: Duration) -> impl FnMut() -> Duration + Send + 'static {
    let options = context.options.clone();
    let mut first = Some(first);
    move || {
        if let Some(wait) = first.take() {
            return wait;
        }
        match fresh(&Context::new(options.clone()), &file) {
            Ok(fresh) => fresh.wait,
            Err(failure) => {
                tell_not_rotated(&file, &failure);
                seconds(AGAIN_SECONDS.1)
            }
        }
    }
}

/// From when to when the text of a key is good, in seconds.
struct Life {
    made_at: i64,
    ends_at: i64,
}

impl Life {
    fn of(own: &Value) -> Option<Life> {
        let time = |name: &str| rfc3339::parse(&member(own, name));
        Some(Life { made_at: time("secret_created_at")?, ends_at: time("expires_at")? })
    }

    fn half(&self) -> i64 {
        self.made_at + (self.ends_at - self.made_at) / 2
    }

    fn until_half(&self, now_seconds: i64) -> Duration {
        seconds(self.half() - now_seconds)
    }

    /// For how long the old text is to go on: whoever has it loses nothing, as far as a server lets that be.
    fn left(&self, now_seconds: i64) -> i64 {
        (self.ends_at - now_seconds).clamp(OVERLAP_SECONDS.0, OVERLAP_SECONDS.1)
    }
}

/// A time to wait: the server is not asked in a loop.
fn seconds(wait: i64) -> Duration {
    Duration::from_secs(u64::try_from(wait.max(AGAIN_SECONDS.0)).unwrap_or_default())
}

fn tell_not_rotated(file: &Path, failure: &Failure) {
    aside(&format!("The key in {} is used as it is: {failure}", shown(&file.display().to_string())));
}

fn tell_rotated(file: &Path, own: &Value) {
    let until = match member(own, "previous_expires_at") {
        until if until.is_empty() => "is not accepted any more".to_owned(),
        until => format!("goes on until {until}"),
    };
    aside(&lines(&format!("The key in {} has another text, since half of its life was over; the old one {until}.", file.display())));
}

/// Holds the folder of a file, until it is dropped: the file itself gives way to another.
fn lock(file: &Path) -> io::Result<File> {
    let folder = std::fs::canonicalize(file)?;
    let held = File::open(folder.parent().unwrap_or(&folder))?;
    held.lock()?;
    Ok(held)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(made_at: i64, ends_at: i64, now_seconds: i64, is_due: bool, left: i64) {
        let life = Life { made_at, ends_at };
        assert_eq!((now_seconds >= life.half(), life.left(now_seconds)), (is_due, left));
    }

    #[test]
    fn half_of_a_life() {
        check(1_000, 3_000, 1_999, false, 1_001);
        check(1_000, 3_000, 2_000, true, 1_000);
        check(1_000, 3_000, 2_990, true, 60);
        check(0, 90 * 86_400, 45 * 86_400, true, 30 * 86_400);
        check(5, 5, 5, true, 60);
    }

    #[test]
    fn a_key_says_how_long_it_lives() {
        let own = json!({ "secret_created_at": "2027-01-15T08:00:00Z", "expires_at": "2027-01-15T09:00:00Z" });
        assert_eq!(Life::of(&own).map(|life| life.half()), rfc3339::parse("2027-01-15T08:30:00Z"));
        assert!(Life::of(&json!({ "expires_at": "2027-01-15T09:00:00Z" })).is_none());
    }
}
