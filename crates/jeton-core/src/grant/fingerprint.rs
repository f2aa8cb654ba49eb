//! What an access token was asked for: who asks for the same within the window is told the same token.

use aws_lc_rs::digest::{Context, SHA256};

use crate::id::{ApiId, ClientId};

/// A digest of client, scope, API and confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    /// That of a request: `scope` as it was granted, `confirmation` the thumbprint that the token is bound to.
    #[must_use]
    pub fn of(client: &ClientId, scope: &str, api: &ApiId, confirmation: Option<&str>) -> Fingerprint {
        let mut digest = Context::new(&SHA256);
        for part in [client.as_str(), scope, api.as_str(), confirmation.unwrap_or_default()] {
            // Lengths keep the parts apart.
            digest.update(&(part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
        let mut cut = [0; 16];
        cut.iter_mut().zip(digest.finish().as_ref()).for_each(|(to, from)| *to = *from);
        Fingerprint(cut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_request_has_another() {
        let of = |client: &str, scope, api: &str, bound| Fingerprint::of(&ClientId::from(client), scope, &ApiId::from(api), bound);
        let one = of("c", "r", "a", None);
        assert_eq!(one, of("c", "r", "a", None));
        for other in [of("cr", "", "a", None), of("c", "r w", "a", None), of("c", "r", "b", None), of("c", "r", "a", Some("k"))] {
            assert_ne!(one, other);
        }
    }
}
