//! Who asks a server elsewhere: the token that is named, or that of who signed in from here.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Once;

use http::header::HeaderValue;
use jeton_core::api::management;
use jeton_oauth::Issuer;
use jeton_token::Secret;

use super::aside::aside;
use super::bearer::bearer;
use super::failure::Failure;
use super::input;
use super::options::Options;
use super::sign_in::fresh;
use crate::render::text::lines;

/// The token as it is sent. What cannot be in a header line is no token.
///
/// # Errors
/// When nobody is signed in, or what is there cannot be sent.
pub(super) fn of(server: &Issuer, options: &Options) -> Result<HeaderValue, Failure> {
    let unsigned = || {
        Failure::sign_in(
            format!("nobody is signed in at {server}"),
            "sign in with `jeton login`; or put an administrator's token into JETON_TOKEN, or name a file that holds it with --token-file: where the \
             server runs, `jeton admin create` makes one",
        )
    };
    let text = match &options.token_file {
        Some(file) if file.as_path() == Path::new("-") => {
            return Err(Failure::usage("standard input belongs to the command", "name a file with --token-file, or set JETON_TOKEN"));
        }
        Some(file) => {
            warn_of_readers(file);
            Secret::new(input::text(file, "the token")?)
        }
        None => match from_environment() {
            Some(token) => token,
            None => signed_in(server, options)?.ok_or_else(unsigned)?,
        },
    };
    let token = text.expose().trim();
    if token.is_empty() {
        return Err(unsigned());
    }
    let no_token = || Failure::usage("what is in JETON_TOKEN or --token-file is no token", "it is one word, of letters, digits and signs");
    bearer(token).ok_or_else(no_token)
}

/// Whether a token is named: then nobody who signed in is asked for.
pub(super) fn is_named(options: &Options) -> bool {
    options.token_file.is_some() || from_environment().is_some()
}

/// That of who signed in from here, for the management API.
fn signed_in(server: &Issuer, options: &Options) -> Result<Option<Secret>, Failure> {
    let audience = management::audience(server.as_str());
    Ok(fresh::token(server, options, Some(&audience), "")?.map(|token| token.text))
}

/// Says where others may read a token: it is an administrator's.
fn warn_of_readers(file: &Path) {
    let mode = std::fs::metadata(file).map(|found| found.permissions().mode());
    if mode.is_ok_and(|mode| mode & 0o077 != 0) {
        static TOLD: Once = Once::new();
        let shown = file.display();
        TOLD.call_once(|| aside(&lines(&format!("Others on this machine may read the token in {shown}: `chmod 600 {shown}`."))));
    }
}

#[expect(clippy::disallowed_methods, reason = "a token is no argument, which `env` of clap would make it")]
fn from_environment() -> Option<Secret> {
    std::env::var("JETON_TOKEN").ok().map(Secret::new)
}
