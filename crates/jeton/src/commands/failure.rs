use std::fmt;

use jeton_core::pasted::masked;
use serde_json::{Value, json};

use crate::render::text::lines;

/// Why a command did not do what it was asked to, and what to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    kind: Kind,
    sentence: String,
    hint: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The answer is no.
    No,
    /// The command was given wrongly.
    Usage,
    /// It could not be asked or done.
    CouldNot,
    /// Nobody is signed in.
    SignIn,
}

impl Failure {
    /// The answer is no: exit code 1.
    pub(crate) fn no(sentence: impl Into<String>, hint: impl Into<String>) -> Failure {
        Failure { kind: Kind::No, sentence: sentence.into(), hint: hint.into() }
    }

    /// The command was given wrongly: exit code 2.
    pub(crate) fn usage(sentence: impl Into<String>, hint: impl Into<String>) -> Failure {
        Failure { kind: Kind::Usage, sentence: sentence.into(), hint: hint.into() }
    }

    /// It could not be asked or done: exit code 3.
    pub(crate) fn could_not(sentence: impl Into<String>, hint: impl Into<String>) -> Failure {
        Failure { kind: Kind::CouldNot, sentence: sentence.into(), hint: hint.into() }
    }

    /// Nobody is signed in: exit code 4.
    pub(crate) fn sign_in(sentence: impl Into<String>, hint: impl Into<String>) -> Failure {
        Failure { kind: Kind::SignIn, sentence: sentence.into(), hint: hint.into() }
    }

    /// What a server's answer means, by its status and the `code` of the problem in it. Whatever does not know this question has not said no to it: a path
    /// that is not there, a proxy in between, a rate that is spent.
    pub(crate) fn of_answer(status: u16, code: &str, sentence: impl Into<String>, hint: impl Into<String>) -> Failure {
        let kind = match (status, code) {
            (_, "not_found" | "conflict" | "unauthorized_client") => Kind::No,
            (_, "idempotency_mismatch") => Kind::Usage,
            (400 | 405 | 413 | 415, _) => Kind::Usage,
            (401, _) => Kind::SignIn,
            _ => Kind::CouldNot,
        };
        Failure { kind, sentence: sentence.into(), hint: hint.into() }
    }

    /// Whether the answer is not known: it could not be asked, or not by this one.
    pub(crate) fn is_unasked(&self) -> bool {
        self.kind == Kind::CouldNot
    }

    /// What went wrong, in a sentence.
    pub(crate) fn sentence(&self) -> &str {
        &self.sentence
    }

    /// The same failure, with what was done before it.
    pub(crate) fn after(self, done: &str, hint: &str) -> Failure {
        let hint = if self.hint.is_empty() { hint.to_owned() } else { format!("{}; {hint}", self.hint) };
        Failure { sentence: format!("{}; {done}", self.sentence), hint, ..self }
    }

    /// The same, with the commands in it as this says them.
    pub(crate) fn told(self, told: impl Fn(&str) -> String) -> Failure {
        Failure { sentence: told(&self.sentence), hint: told(&self.hint), ..self }
    }

    /// For programs: what went wrong in the members of RFC 9457, and what the process ends with.
    pub(crate) fn to_json(&self) -> Value {
        json!({ "type": "about:blank", "detail": masked(&self.sentence), "hint": masked(&self.hint), "exit_code": self.exit_code() })
    }

    /// The process's exit code.
    pub(crate) fn exit_code(&self) -> u8 {
        match self.kind {
            Kind::No => 1,
            Kind::Usage => 2,
            Kind::CouldNot => 3,
            Kind::SignIn => 4,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A secret that was given where a file belongs, or a name, is told to nobody.
        let (sentence, hint) = (masked(&self.sentence), masked(&self.hint));
        formatter.write_str(&lines(&sentence))?;
        if hint != self.hint || sentence != self.sentence {
            formatter
                .write_str("\n  → a token, key or secret stood where a name or a file belongs: whoever saw this line knows it, end it")?;
        }
        if self.hint.is_empty() { Ok(()) } else { write!(formatter, "\n  → {}", lines(&hint)) }
    }
}
