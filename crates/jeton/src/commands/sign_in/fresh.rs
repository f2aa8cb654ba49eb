//! A token of somebody who signed in, fresh: where it ends soon, another is got by the refresh token, by one process at a time.

use jeton_oauth::token::GrantType;
use jeton_oauth::{ErrorCode, Issuer};

use super::kept::{AccessToken, SignIn};
use super::vault::Vault;
use crate::clock::Clock;
use crate::commands::connection::Connection;
use crate::commands::failure::Failure;
use crate::commands::options::Options;
use crate::commands::remote::Remote;
use crate::commands::token_endpoint::{self, Refused};

/// The token for an API; `None`: nobody signed in at that server from here.
///
/// # Errors
/// When the sign-in has ended, is not for that API, or the server cannot be asked.
pub(crate) fn token(server: &Issuer, options: &Options, audience: Option<&str>, scope: &str) -> Result<Option<AccessToken>, Failure> {
    let Some(vault) = Vault::of(server) else { return Ok(None) };
    let now_seconds = Clock::start().now().seconds();
    let Some(kept) = vault.read()? else { return Ok(None) };
    if let Some(good) = good(&kept, audience, scope, now_seconds) {
        return Ok(Some(good));
    }
    let _held = vault.lock()?;
    // Whoever was before may have done it.
    let Some(mut kept) = vault.read()? else { return Ok(None) };
    if let Some(good) = good(&kept, audience, scope, now_seconds) {
        return Ok(Some(good));
    }
    let audience = named(&kept, audience).to_owned();
    let ended = || Failure::sign_in(format!("the sign-in at {server} has ended"), "sign in again: `jeton login`");
    let refresh_token = kept.refresh_token.clone().ok_or_else(ended)?;
    let mut parameters = vec![
        ("grant_type", GrantType::RefreshToken.as_str()),
        ("client_id", kept.client.as_str()),
        ("refresh_token", refresh_token.expose()),
        ("resource", audience.as_str()),
    ];
    parameters.extend((!scope.is_empty()).then_some(("scope", scope)));
    let connection = Connection::to(Remote::with(server, options, None)?)?;
    match token_endpoint::ask(&connection, &kept.token_path, &parameters) {
        Ok(received) => {
            let token = kept.take(&received, &audience, scope.is_empty(), now_seconds);
            vault.write(&kept)?;
            Ok(Some(token))
        }
        Err(Refused::Told(error)) if error.code == ErrorCode::InvalidGrant => {
            vault.remove()?;
            Err(ended())
        }
        Err(Refused::Told(error)) if error.code == ErrorCode::InvalidTarget => Err(Failure::usage(
            format!("the sign-in at {server} is not for that API"),
            "sign in for it: `jeton login --audience URI`, once for each API that you need",
        )),
        Err(refused) => Err(refused.into()),
    }
}

fn good(kept: &SignIn, audience: Option<&str>, scope: &str, now_seconds: i64) -> Option<AccessToken> {
    kept.good(named(kept, audience), now_seconds).filter(|_| scope.is_empty()).cloned()
}

/// The API that is named, or else the first that was asked for.
fn named<'a>(kept: &'a SignIn, audience: Option<&'a str>) -> &'a str {
    audience.or_else(|| kept.audiences.first().map(String::as_str)).unwrap_or_default()
}
