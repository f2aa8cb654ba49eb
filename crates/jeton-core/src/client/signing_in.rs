//! What a client is registered with that people sign in to.

use std::sync::Arc;

use jeton_oauth::RedirectUri;

use super::{Application, AuthenticationMethod, Client, GrantType};
use crate::name::refuse_credentials;
use crate::owner::Owner;
use crate::refusal::Refusal;

/// What an address is called that people are sent back to who signed in.
pub(super) const SIGNED_IN: &str = "a redirect address";
/// The same, of those who signed out.
pub(super) const SIGNED_OUT: &str = "a redirect address after signing out";
/// The most addresses of each kind that people are sent back to.
pub const REDIRECT_URIS_MAX: usize = 32;
/// The longest window in which a spent refresh token is answered as before, in seconds.
pub const WINDOW_MAX_SECONDS: i64 = 300;

/// The addresses, each once; `what` is what they are called where one is wrong.
pub(super) fn parse_redirect_uris(texts: &[String], what: &str) -> Result<Vec<RedirectUri>, Refusal> {
    let mut uris = Vec::new();
    for text in texts {
        refuse_credentials(text, what)?;
        let uri = RedirectUri::parse(text).map_err(|problem| Refusal::invalid(format!("{what}: {problem}")))?;
        if !uris.contains(&uri) {
            uris.push(uri);
        }
    }
    if uris.len() > REDIRECT_URIS_MAX {
        return Err(Refusal::invalid(format!("a client has at most {REDIRECT_URIS_MAX} of each kind of redirect address")));
    }
    Ok(uris)
}

/// Where a client is told that somebody signed out; an empty text is nowhere.
pub(super) fn parse_backchannel(text: &str) -> Result<Option<Arc<str>>, Refusal> {
    const WHAT: &str = "the back-channel logout address";
    if text.is_empty() {
        return Ok(None);
    }
    refuse_credentials(text, WHAT)?;
    let uri = RedirectUri::parse(text).map_err(|problem| Refusal::invalid(format!("{WHAT}: {problem}")))?;
    if !text.starts_with("https:") && !uri.is_loopback() {
        return Err(Refusal::invalid(format!("{WHAT} is one of `https`, or of `http` on this machine")));
    }
    Ok(Some(text.into()))
}

pub(super) fn parse_application(name: Option<&str>) -> Result<Application, Refusal> {
    let unknown = || Refusal::invalid("the application type is `web` or `native`");
    name.map_or(Ok(Application::Web), |name| Application::from_name(name).ok_or_else(unknown))
}

pub(super) fn parse_window(seconds: Option<i64>) -> Result<Option<i64>, Refusal> {
    match seconds {
        Some(seconds) if !(0..=WINDOW_MAX_SECONDS).contains(&seconds) => {
            Err(Refusal::invalid(format!("the refresh window has 0 to {WINDOW_MAX_SECONDS} seconds")))
        }
        seconds => Ok(seconds),
    }
}

/// Whether what a client is registered with goes together.
pub(super) fn check(client: &Client) -> Result<(), Refusal> {
    let has = |grant| client.grant_types.contains(&grant);
    if has(GrantType::AuthorizationCode) && client.redirect_uris.is_empty() {
        return Err(Refusal::invalid("people who sign in must be sent back somewhere: `authorization_code` needs a redirect address"));
    }
    if has(GrantType::RefreshToken) && !client.grant_types.iter().any(|grant| grant.is_of_person()) {
        return Err(Refusal::invalid(format!(
            "refresh tokens come of a code: `refresh_token` needs `authorization_code` or `{}` beside it",
            GrantType::DeviceCode.name()
        )));
    }
    if !client.owner.as_ref().is_none_or(|owner| matches!(owner, Owner::Person(_) | Owner::Group(_))) {
        return Err(Refusal::invalid("a person or a group answers for a client: `user:NAME` or `group:NAME`"));
    }
    if client.authentication == AuthenticationMethod::None {
        if has(GrantType::ClientCredentials) {
            return Err(Refusal::invalid(
                "who cannot prove who it is gets no token of its own: `client_credentials` needs another authentication method",
            ));
        }
        if client.may_introspect {
            return Err(Refusal::invalid("who cannot prove who it is may not introspect: take another authentication method"));
        }
        if !client.needs_pkce {
            return Err(Refusal::invalid("who cannot prove who it is shows by a challenge that it asked: `pkce` is `required` for it"));
        }
        let is_of_a_machine = |uri: &RedirectUri| !uri.as_str().starts_with("https://");
        if !client.asks_consent && (client.application == Application::Native || client.redirect_uris.iter().any(is_of_a_machine)) {
            return Err(Refusal::invalid(
                "another program on the machine could ask in its name: people are asked (`consent` is `required`) for a client that cannot prove \
                 who it is, where it is native or has an address that is not https",
            ));
        }
        if !client.rotates {
            return Err(Refusal::invalid(
                "refresh tokens of a client that cannot prove who it is rotate: take another authentication method",
            ));
        }
    }
    Ok(())
}
