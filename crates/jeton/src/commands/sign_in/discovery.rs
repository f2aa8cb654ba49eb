//! What a server says of itself (OpenID Connect Discovery 1.0), as far as signing in needs it.

use http::Method;
use jeton_oauth::Issuer;
use jeton_oauth::metadata::{MAX_DOCUMENT_LEN, OPENID_CONFIGURATION, ServerMetadata};

use crate::commands::connection::Connection;
use crate::commands::failure::Failure;
use crate::render::text::shown;

/// Where its endpoints lie, each from its issuer's path on.
pub(crate) struct Endpoints {
    /// As it calls itself: `iss` of what comes from there.
    pub(crate) issuer: String,
    pub(crate) authorization: Option<String>,
    pub(crate) device_authorization: Option<String>,
    pub(crate) token: String,
    pub(crate) revocation: Option<String>,
    pub(crate) userinfo: String,
}

impl Endpoints {
    /// Those of a server, which must call itself as it was named (RFC 8414 section 3.3), and have them below that name: what somebody was
    /// not told of gets no code and no token.
    ///
    /// # Errors
    /// When it does not, or says nothing.
    pub(crate) fn of(server: &Issuer, connection: &Connection) -> Result<Endpoints, Failure> {
        let reply = connection.ask(Method::GET, &format!("/.well-known/{OPENID_CONFIGURATION}"), None)?;
        let document = Some(&reply.body[..]).filter(|body| reply.status.is_success() && body.len() <= MAX_DOCUMENT_LEN);
        let Some(metadata) = document.and_then(|body| serde_json::from_slice::<ServerMetadata>(body).ok()) else {
            return Err(Failure::could_not(
                format!("{server} does not say where people sign in"),
                "look at --server, and at what stands before it: Jeton answers at /.well-known/openid-configuration",
            ));
        };
        if metadata.issuer.as_str().trim_end_matches('/') != server.as_str().trim_end_matches('/') {
            let own = shown(metadata.issuer.as_str());
            return Err(Failure::could_not(
                format!("{server} calls itself {own}: it may stand in for somebody else"),
                format!("where it is your server, name it as it calls itself: --server {own}"),
            ));
        }
        let below = |endpoint: Option<String>| endpoint.map(|endpoint| path(server, &endpoint)).transpose();
        let needed =
            |endpoint| below(endpoint)?.ok_or_else(|| Failure::could_not(format!("nobody signs in at {server}"), "look at --server"));
        Ok(Endpoints {
            issuer: metadata.issuer.as_str().to_owned(),
            authorization: below(metadata.authorization_endpoint)?,
            device_authorization: below(metadata.device_authorization_endpoint)?,
            token: needed(metadata.token_endpoint)?,
            revocation: below(metadata.revocation_endpoint)?,
            userinfo: needed(metadata.userinfo_endpoint)?,
        })
    }
}

fn path(server: &Issuer, endpoint: &str) -> Result<String, Failure> {
    let path = endpoint.strip_prefix(server.as_str().trim_end_matches('/')).filter(|path| path.starts_with('/') && is_plain(path));
    path.map(str::to_owned).ok_or_else(|| {
        Failure::could_not(
            format!("{server} sends people elsewhere: {}", shown(endpoint)),
            "sign in where everything lies below the issuer",
        )
    })
}

fn is_plain(path: &str) -> bool {
    path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_lie_below_the_issuer() {
        let server = Issuer::parse("https://a.example/id").unwrap();
        for (endpoint, expected) in [
            ("https://a.example/id/oauth/token", Some("/oauth/token")),
            ("https://a.example/oauth/token", None),
            ("https://a.example/identity/token", None),
            ("https://a.example/id", None),
            ("https://a.example/id/token?x=y", None),
            ("https://a.example/id/\u{1b}[2J", None),
            ("http://a.example/id/token", None),
        ] {
            assert_eq!(path(&server, endpoint).ok().as_deref(), expected, "{endpoint}");
        }
    }
}
