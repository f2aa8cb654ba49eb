//! Somebody who signed in from this machine: how they sign in, where that is kept, and the tokens that come of it.

pub(super) mod device;
pub(super) mod discovery;
pub(super) mod fresh;
pub(super) mod kept;
pub(super) mod loopback;
pub(super) mod vault;

/// What is asked for.
pub(super) struct Asked {
    /// The client that asks, by its id: it has no secret.
    pub(super) client: String,
    /// The APIs that tokens shall be for, by audience; the first one is what the first token is for.
    pub(super) audiences: Vec<String>,
    /// The scopes, with spaces between them.
    pub(super) scope: String,
}

impl Asked {
    /// What both flows begin with.
    pub(super) fn parameters(&self) -> Vec<(&str, &str)> {
        let mut parameters = vec![("client_id", self.client.as_str()), ("scope", self.scope.as_str())];
        parameters.extend(self.audiences.iter().map(|audience| ("resource", audience.as_str())));
        parameters
    }

    /// What both end with: whose token, and for what.
    pub(super) fn at_token_endpoint<'a>(&'a self, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let mut parameters = vec![("client_id", self.client.as_str())];
        parameters.extend(self.audiences.first().map(|audience| ("resource", audience.as_str())));
        parameters.extend_from_slice(more);
        parameters
    }
}
