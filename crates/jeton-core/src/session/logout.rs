//! Signing out of an application (OpenID Connect RP-Initiated Logout 1.0): whether somebody is asked, and where they go afterwards.

use jeton_oauth::RedirectUri;

use crate::client::Client;
use crate::id::SessionId;

/// What is done about the session of a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// There is none: nothing ends.
    Nothing,
    /// It ends: who sent them has an ID token of it.
    End,
    /// They are asked: anybody can send somebody here.
    Ask,
}

/// What is done where this session is the browser's, and an ID token named that one.
#[must_use]
pub fn step(here: Option<SessionId>, named: Option<SessionId>) -> Step {
    match here {
        None => Step::Nothing,
        Some(here) if named == Some(here) => Step::End,
        Some(_) => Step::Ask,
    }
}

/// Where somebody goes afterwards who shall go to `asked`: an address that the client registered, byte by byte (section 3). `None`: it
/// registered another.
#[must_use]
pub fn target(client: &Client, asked: &str) -> Option<RedirectUri> {
    client.post_logout_redirect_uris.iter().find(|known| known.as_str() == asked).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_has_an_id_token_of_the_session_ends_it_unasked() {
        let (one, other) = (SessionId([1; 16]), SessionId([2; 16]));
        fn check(here: Option<SessionId>, named: Option<SessionId>, expected: Step) {
            assert_eq!(step(here, named), expected, "{here:?} {named:?}");
        }
        check(None, None, Step::Nothing);
        check(None, Some(one), Step::Nothing);
        check(Some(one), None, Step::Ask);
        check(Some(one), Some(other), Step::Ask);
        check(Some(one), Some(one), Step::End);
    }
}
