//! A key that lies in a file: what it is told of itself, and how it takes the place of its own text there.

use std::io;
use std::path::Path;

use jeton_token::Secret;
use serde_json::Value;
use zeroize::Zeroizing;

use super::path::PATH;
use crate::commands::context::{Context, NO_KEY};
use crate::commands::failure::Failure;
use crate::commands::input;
use crate::replacement::Replacement;

/// What the server says of a text that is no key.
const NOT_KNOWN: &str = "this key is not accepted: not_found";

/// The text in a file that the server knows as a key, and what the key is told of itself.
///
/// # Errors
/// When the file cannot be read, or no key in it is accepted.
pub(crate) fn known(context: &Context, file: &Path) -> Result<(Secret, Value), Failure> {
    asked(file, |key| Ok((key.clone(), context.server_for_key(key)?.get_as_key(&format!("{PATH}/self"))?)))
}

/// Lets the key in a file, or on standard input, rotate itself: what the server answers, with the new text in it.
///
/// # Errors
/// As of [`known`].
pub(super) fn rotated(context: &Context, file: &Path, body: &Value) -> Result<Value, Failure> {
    asked(file, |key| context.server_for_key(key)?.post_as_key(&format!("{PATH}/self/rotate"), body))
}

/// The same, and puts the new text into the file before anybody hears it. Room is made first: what cannot be kept is not asked for.
///
/// # Errors
/// As of [`known`], and when the file cannot be written.
pub(crate) fn replaced(context: &Context, file: &Path, body: &Value) -> Result<(Secret, Value), Failure> {
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
    let mut rotated = rotated(context, file, body)?;
    let key = rotated.as_object_mut().and_then(|members| members.remove("key"));
    let Some(Value::String(key)) = key else {
        return Err(Failure::could_not("the server answered no key", "look whether --server names a server of Jeton"));
    };
    let key = Secret::new(key);
    begun.finish(Zeroizing::new(format!("{}\n", key.expose())).as_bytes()).map_err(lost)?;
    Ok((key, rotated))
}

fn asked<T>(file: &Path, ask: impl Fn(&Secret) -> Result<T, Failure>) -> Result<T, Failure> {
    // What is no word cannot be a key that asks for itself: in it there may be one.
    let is_unknown = |failure: &Failure| [NO_KEY, NOT_KNOWN].contains(&failure.sentence());
    input::pasted(file)?.ask(ask, |answer| answer.as_ref().is_err_and(is_unknown))
}
