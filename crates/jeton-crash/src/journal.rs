//! What was acknowledged, and what therefore must hold.

/// A token that was acknowledged.
pub(crate) struct Token {
    /// Its text.
    pub(crate) text: String,
    /// What became of it.
    pub(crate) fate: Fate,
    /// Whether it was made or changed since it was last looked at.
    pub(crate) is_fresh: bool,
}

/// What is known of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It must be active.
    Live,
    /// Its revocation was asked for, and nobody heard what came of it: either is right.
    Asked,
    /// Its revocation was acknowledged: it must never be active again.
    Dead,
}

/// One client with all its tokens.
pub(crate) struct Holder {
    /// The client's id.
    pub(crate) client: String,
    /// Its secret.
    pub(crate) secret: String,
    /// Its tokens.
    pub(crate) tokens: Vec<Token>,
}

/// What was acknowledged, in numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Acknowledged {
    /// Tokens issued.
    pub(crate) issued: u64,
    /// Tokens revoked.
    pub(crate) revoked: u64,
}

impl Holder {
    /// A token was acknowledged.
    pub(crate) fn issued(&mut self, text: String) {
        self.tokens.push(Token { text, fate: Fate::Live, is_fresh: true });
    }

    /// Something happens, or happened, to one token.
    pub(crate) fn set(&mut self, place: usize, fate: Fate) {
        if let Some(token) = self.tokens.get_mut(place) {
            (token.fate, token.is_fresh) = (fate, true);
        }
    }

    /// Of the tokens from a place on, nobody says what those that were not revoked are now.
    pub(crate) fn doubt_from(&mut self, place: usize) {
        for token in self.tokens.iter_mut().skip(place).filter(|token| token.fate == Fate::Live) {
            token.fate = Fate::Asked;
        }
    }

    /// Something happens, or happened, to all tokens that live.
    pub(crate) fn set_all(&mut self, fate: Fate) {
        for token in self.tokens.iter_mut().filter(|token| token.fate != Fate::Dead) {
            (token.fate, token.is_fresh) = (fate, true);
        }
    }
}
