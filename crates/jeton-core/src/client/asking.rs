//! What is asked of a client and of those who sign in to it, where that differs from what is usual.

use jeton_jose::Algorithm;

use crate::refusal::Refusal;

/// What signs ID tokens where nobody says: every client has it (OpenID Connect Core 1.0 section 15.1).
pub const ID_TOKEN_ALGORITHM: Algorithm = Algorithm::Rs256;
/// What may sign them.
pub const ID_TOKEN_ALGORITHMS: [Algorithm; 3] = [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa];

/// What is said of it; what is left out is as usual, or stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asking {
    /// `required`, or `optional`: its authorization requests need no challenge (RFC 7636).
    pub pkce: Option<String>,
    /// `required`, or `waived`: nobody is asked before it gets what it asks for.
    pub consent: Option<String>,
    /// What signs its ID tokens.
    pub id_token_algorithm: Option<String>,
}

impl Asking {
    /// Whether each of its requests has a challenge; `None`: nobody says.
    pub(super) fn pkce(&self) -> Result<Option<bool>, Refusal> {
        said(self.pkce.as_deref(), "optional", "`pkce` is `required` or `optional`")
    }

    /// Whether people are asked; `None`: nobody says.
    pub(super) fn consent(&self) -> Result<Option<bool>, Refusal> {
        said(self.consent.as_deref(), "waived", "`consent` is `required` or `waived`")
    }

    /// What signs its ID tokens, `None` within where it is what signs everybody's; `None`: nobody says.
    pub(super) fn id_token_algorithm(&self) -> Result<Option<Option<Algorithm>>, Refusal> {
        let Some(name) = self.id_token_algorithm.as_deref() else { return Ok(None) };
        let found = ID_TOKEN_ALGORITHMS.into_iter().find(|algorithm| algorithm.name() == name);
        let algorithm = found.ok_or_else(|| Refusal::invalid("ID tokens are signed with `RS256`, `ES256` or `EdDSA`"))?;
        Ok(Some(Some(algorithm).filter(|algorithm| *algorithm != ID_TOKEN_ALGORITHM)))
    }
}

fn said(word: Option<&str>, not: &str, rule: &'static str) -> Result<Option<bool>, Refusal> {
    match word {
        None => Ok(None),
        Some("required") => Ok(Some(true)),
        Some(word) if word == not => Ok(Some(false)),
        Some(_) => Err(Refusal::invalid(rule)),
    }
}
