//! What a request tells beside its token.

use std::net::IpAddr;

use jeton_oauth::ScopeSet;

/// What a request tells beside its token: what it needs, and where it came from. All of it may be left out.
///
/// The scopes decide whether the token is accepted. The rest is counted alone, cut down to a network and a product with its major version.
#[derive(Clone, Copy, Debug, Default)]
pub struct Presented<'r> {
    pub(crate) scopes: Option<&'r ScopeSet>,
    pub(crate) address: Option<IpAddr>,
    pub(crate) user_agent: Option<&'r str>,
}

impl<'r> Presented<'r> {
    /// The token must have these scopes.
    #[must_use]
    pub const fn scopes(mut self, scopes: &'r ScopeSet) -> Self {
        self.scopes = Some(scopes);
        self
    }

    /// The request came from this address: the client's own, not that of a proxy before the API.
    #[must_use]
    pub const fn address(mut self, address: IpAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// The request's `User-Agent`.
    #[must_use]
    pub const fn user_agent(mut self, user_agent: &'r str) -> Self {
        self.user_agent = Some(user_agent);
        self
    }
}
