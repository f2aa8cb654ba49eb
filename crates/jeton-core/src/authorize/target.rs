//! Where an answer may go: only where its client registered. Until that is known, whatever is wrong stays on a page of ours.

use jeton_oauth::RedirectUri;

use crate::client::{Application, Client, GrantType};

/// Why nobody may be sent anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoTarget {
    /// The client may not ask for people to sign in.
    NotOffered,
    /// It did not say where, and registered not one address, but none or several.
    Unsaid,
    /// It registered another address.
    Unregistered,
}

/// Where the answer to a client goes.
///
/// # Errors
/// [`NoTarget`].
pub fn target(client: &Client, redirect_uri: Option<&str>) -> Result<RedirectUri, NoTarget> {
    if !client.grant_types.contains(&GrantType::AuthorizationCode) {
        return Err(NoTarget::NotOffered);
    }
    let Some(asked) = redirect_uri else {
        return match client.redirect_uris.as_slice() {
            [only] => Ok(only.clone()),
            _ => Err(NoTarget::Unsaid),
        };
    };
    let is_native = client.application == Application::Native;
    if !client.redirect_uris.iter().any(|known| known.allows(asked, is_native)) {
        return Err(NoTarget::Unregistered);
    }
    RedirectUri::parse(asked).map_err(|_| NoTarget::Unregistered)
}
