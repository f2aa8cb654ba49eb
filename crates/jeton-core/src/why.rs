//! Why something was ended, for now or for ever: a reason that programs know, or somebody's own words.

use std::sync::Arc;

use crate::id::Actor;
use crate::name::{is_plain, refuse_credentials};
use crate::refusal::Refusal;

/// The most bytes of somebody's own words: they stand in an entry of the ledger for ever.
pub const WORDS_BYTES_MAX: usize = 200;

/// A reason that programs know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// Nobody said.
    #[default]
    Unspecified,
    /// Somebody else may know it.
    Leaked,
    /// Another took its place.
    Superseded,
    /// Its owner left.
    OwnerLeft,
    /// Nobody needs it.
    NoLongerNeeded,
    /// Nobody used it for long.
    Idle,
    /// It was made before a cut-off over its owner, its API or everything.
    CutOff,
    /// A policy.
    Policy,
    /// Whoever found it handed it in.
    Reported,
    /// Its owner is gone.
    OwnerGone,
    /// Its API is gone.
    ApiGone,
    /// It was made before a gap that nobody accepted yet.
    Gap,
    /// Its owner, or who handed it out, may not ask for its API.
    NoAccess,
    /// A refresh token that was spent was presented again.
    Reused,
    /// A code that was used was presented again.
    Replayed,
    /// The session that it went with ended.
    SignedOut,
    /// There were too many of the same person and client.
    OverTheCap,
}

impl Why {
    /// All of them.
    pub const ALL: [Why; 17] = [
        Why::Unspecified,
        Why::Leaked,
        Why::Superseded,
        Why::OwnerLeft,
        Why::NoLongerNeeded,
        Why::Idle,
        Why::CutOff,
        Why::Policy,
        Why::Reported,
        Why::OwnerGone,
        Why::ApiGone,
        Why::Gap,
        Why::NoAccess,
        Why::Reused,
        Why::Replayed,
        Why::SignedOut,
        Why::OverTheCap,
    ];

    /// Those that whoever ends a key may give; the others are found out.
    pub const SAID_BY_PEOPLE: [Why; 5] = [Why::Unspecified, Why::Leaked, Why::Superseded, Why::OwnerLeft, Why::NoLongerNeeded];

    /// Its name in requests and rows.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Why::Unspecified => "unspecified",
            Why::Leaked => "leaked",
            Why::Superseded => "superseded",
            Why::OwnerLeft => "owner_left",
            Why::NoLongerNeeded => "no_longer_needed",
            Why::Idle => "idle",
            Why::CutOff => "cut_off",
            Why::Policy => "policy",
            Why::Reported => "reported",
            Why::OwnerGone => "owner_gone",
            Why::ApiGone => "api_gone",
            Why::Gap => "gap",
            Why::NoAccess => "no_access",
            Why::Reused => "reused",
            Why::Replayed => "replayed",
            Why::SignedOut => "signed_out",
            Why::OverTheCap => "over_the_cap",
        }
    }

    /// The reason of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Why> {
        Why::ALL.into_iter().find(|why| why.name() == name)
    }
}

/// Why, as it was said or found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Because {
    /// For a reason that programs know.
    Reason(Why),
    /// In somebody's own words.
    Words(Words),
}

/// Somebody's own words: 1 to 200 bytes that steer nothing, and no name of a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words(Arc<str>);

impl Because {
    /// What whoever ends something says: a reason that people may give, or their own words.
    ///
    /// # Errors
    /// `InvalidRequest`: they are too long, steer a terminal, or are what only Jeton itself finds out; `CredentialInText`.
    pub fn said(text: &str) -> Result<Because, Refusal> {
        refuse_credentials(text, "a reason")?;
        match Because::kept(text) {
            Some(Because::Reason(why)) if !Why::SAID_BY_PEOPLE.contains(&why) => {
                Err(Refusal::invalid(format!("`{text}` is what Jeton itself finds out: say it in your own words")))
            }
            Some(because) => Ok(because),
            None => Err(Refusal::invalid(format!(
                "a reason has 1 to {WORDS_BYTES_MAX} bytes, without control characters, marks that change the direction of writing, or spaces at its ends"
            ))),
        }
    }

    /// As it stands in a row or an entry; `None`: nothing that is written there.
    #[must_use]
    pub fn kept(text: &str) -> Option<Because> {
        if let Some(why) = Why::from_name(text) {
            return Some(Because::Reason(why));
        }
        let are_words = (1..=WORDS_BYTES_MAX).contains(&text.len()) && text.trim() == text && is_plain(text);
        are_words.then(|| Because::Words(Words(Arc::from(text))))
    }

    /// The reason that programs go by; own words give none.
    #[must_use]
    pub fn reason(&self) -> Why {
        match self {
            Because::Reason(why) => *why,
            Because::Words(_) => Why::Unspecified,
        }
    }

    /// As it is kept and shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Because::Reason(why) => why.name(),
            Because::Words(Words(words)) => words,
        }
    }

    /// As an event tells it that says nothing where nobody said why.
    #[must_use]
    pub fn told(&self) -> Option<Arc<str>> {
        (*self != Because::Reason(Why::Unspecified)).then(|| self.as_str().into())
    }
}

impl From<Why> for Because {
    fn from(why: Why) -> Because {
        Because::Reason(why)
    }
}

/// Who says that something ends, and why.
#[derive(Clone, Copy, Debug)]
pub struct Speaker<'a> {
    /// Who.
    pub actor: &'a Actor,
    /// Why, where that is said.
    pub why: Option<&'a Because>,
}

impl<'a> Speaker<'a> {
    /// Why, as an event tells it.
    #[must_use]
    pub fn told(self) -> Option<Arc<str>> {
        self.why.and_then(Because::told)
    }
}

impl<'a> From<&'a Actor> for Speaker<'a> {
    fn from(actor: &'a Actor) -> Speaker<'a> {
        Speaker { actor, why: None }
    }
}

impl<'a> From<(&'a Actor, &'a Because)> for Speaker<'a> {
    fn from((actor, why): (&'a Actor, &'a Because)) -> Speaker<'a> {
        Speaker { actor, why: Some(why) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<Because, &str>) {
        match (Because::said(text), expected) {
            (Ok(because), Ok(expected)) => {
                assert_eq!(because, expected);
                assert_eq!(Because::kept(because.as_str()), Some(because));
            }
            (Err(refusal), Err(expected)) => assert!(refusal.to_string().contains(expected), "{text}: {refusal}"),
            (because, _) => panic!("{text}: {because:?}"),
        }
    }

    #[test]
    fn reasons_and_own_words() {
        let words = |text: &str| Ok(Because::Words(Words(text.into())));
        check("leaked", Ok(Why::Leaked.into()));
        check("unspecified", Ok(Why::Unspecified.into()));
        check("found in a public repository: case 4711", words("found in a public repository: case 4711"));
        check("Büro 7", words("Büro 7"));
        check(&"x".repeat(200), words(&"x".repeat(200)));
        for name in ["idle", "cut_off", "owner_gone"] {
            check(name, Err("itself finds out"));
        }
        for wrong in ["", " ", " a", "a ", "a\u{1b}[31m", "a\nb", "\u{202e}a", "a\u{2066}", &"x".repeat(201), &"ü".repeat(101)] {
            check(wrong, Err("1 to 200 bytes"));
        }
    }
}
