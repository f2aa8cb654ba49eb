//! What is read of providers, for whoever hands it anything: the fuzz targets.

use jeton_oauth::Issuer;

use super::exchange::Given;
use super::metadata::Metadata;

/// The addresses that a document of this issuer names, as far as they are asked or people are sent there; `None`: it is refused.
#[must_use]
pub fn metadata(text: &[u8], issuer: &Issuer) -> Option<Vec<String>> {
    let Metadata { authorization, token, keys, userinfo, .. } = Metadata::parse(text, issuer).ok()?;
    Some([authorization, token, keys].into_iter().chain(userinfo).map(|endpoint| endpoint.uri.to_string()).collect())
}

/// The ID token in an answer to a code, and the access token beside it; `None`: it is refused.
#[must_use]
pub fn given(text: &[u8]) -> Option<(String, Option<String>)> {
    let Given { id_token, access_token } = Given::parse(text).ok()?;
    Some((id_token, access_token.map(|token| token.expose().to_owned())))
}
