//! Words for people: they end in lists and terminals, so they hold nothing that steers one.

use std::sync::Arc;

use crate::pasted::holds_credential;
use crate::plain::steers;
use crate::refusal::{Reason, Refusal};

/// The most characters of a name.
const NAME_MAX: usize = 100;
/// The most characters of a description.
const DESCRIPTION_MAX: usize = 500;

/// Whether a text steers nothing: no control characters, and none that change the direction of writing.
pub(crate) fn is_plain(text: &str) -> bool {
    !text.chars().any(steers)
}

/// Refuses words with a token, a key or a secret in them: they are kept for good, and many read them. The refusal does not repeat it. `what`
/// names the words.
///
/// # Errors
/// `CredentialInText`.
pub(crate) fn refuse_credentials(words: &str, what: &str) -> Result<(), Refusal> {
    if !holds_credential(words) {
        return Ok(());
    }
    Err(Refusal::new(Reason::CredentialInText, format!("there is a token, key or secret in {what}: it would be kept for good, and shown")))
}

/// Words of a person: 1 to 500 characters, plain, no spaces at its ends. `what` names them in the refusal.
///
/// # Errors
/// `InvalidRequest`, with the rule; `CredentialInText`.
pub(crate) fn parse_words(words: &str, what: &str) -> Result<Arc<str>, Refusal> {
    refuse_credentials(words, what)?;
    if (1..=DESCRIPTION_MAX).contains(&words.chars().count()) && words.trim() == words && is_plain(words) {
        return Ok(Arc::from(words));
    }
    Err(Refusal::invalid(format!(
        "{what} has 1 to {DESCRIPTION_MAX} characters, none of which steer a terminal, and no spaces at its ends"
    )))
}

/// What people call something: 1 to 100 characters, plain, no spaces at its ends. `bearer` is what bears it.
///
/// # Errors
/// `InvalidRequest`, with the rule; `CredentialInText`.
pub(crate) fn parse_name(name: &str, bearer: &str) -> Result<Arc<str>, Refusal> {
    refuse_credentials(name, &format!("the name of {bearer}"))?;
    let is_trimmed = name.trim() == name;
    if (1..=NAME_MAX).contains(&name.chars().count()) && is_trimmed && is_plain(name) {
        return Ok(Arc::from(name));
    }
    let rule = format!(
        "{bearer} has a name of 1 to {NAME_MAX} characters, without control characters, marks that change the direction of writing, or spaces at its ends"
    );
    Err(Refusal::invalid(rule))
}

/// What something allows, in words: at most 500 characters, plain.
///
/// # Errors
/// `InvalidRequest`, with the rule; `CredentialInText`.
pub(crate) fn check_description(description: &str) -> Result<(), Refusal> {
    refuse_credentials(description, "a description")?;
    if description.chars().count() <= DESCRIPTION_MAX && is_plain(description) {
        return Ok(());
    }
    Err(Refusal::invalid(format!(
        "a description has at most {DESCRIPTION_MAX} characters, and no control characters or marks that change the direction of writing"
    )))
}

/// What to say of the name of a scope that is not known, where it may be several with the wrong sign between them.
pub(crate) fn spaced(name: &str) -> &'static str {
    if name.contains([',', ';']) { ": names of scopes have spaces between them" } else { "" }
}

/// What something is for, in words, where anybody says: 1 to 500 characters, plain. An empty text says nothing.
///
/// # Errors
/// `InvalidRequest`, with the rule.
pub(crate) fn parse_description(description: Option<&str>) -> Result<Option<Arc<str>>, Refusal> {
    description.filter(|text| !text.is_empty()).map(|text| parse_words(text, "a description")).transpose()
}
