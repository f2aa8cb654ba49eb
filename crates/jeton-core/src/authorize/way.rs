//! How an answer comes to who asked.

use jeton_oauth::RedirectUri;
use jeton_oauth::pkce::Challenge;

/// The way of an answer, with what binds it to who asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// A browser carries it to an address (RFC 6749 section 4.1.2).
    Address {
        /// Where.
        redirect_uri: RedirectUri,
        /// The hash of what only the application can tell afterwards (RFC 7636 section 4.2); `None`: it need not.
        challenge: Option<Challenge>,
    },
    /// A device comes for it with its own code (RFC 8628 section 3.4).
    Device,
}
