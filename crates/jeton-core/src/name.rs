//! Words for people: they end in lists and terminals, so they hold nothing that steers one.

use std::sync::Arc;

use crate::refusal::Refusal;

/// The most characters of a name.
const NAME_MAX: usize = 100;
/// The most characters of a description.
const DESCRIPTION_MAX: usize = 500;

/// What people call something: 1 to 100 characters, no control characters, no spaces at its ends. `bearer` is what bears it.
///
/// # Errors
/// `InvalidRequest`, with the rule.
pub(crate) fn parse_name(name: &str, bearer: &str) -> Result<Arc<str>, Refusal> {
    let is_trimmed = name.trim() == name;
    if (1..=NAME_MAX).contains(&name.chars().count()) && is_trimmed && !name.chars().any(char::is_control) {
        return Ok(Arc::from(name));
    }
    let rule = format!("{bearer} has a name of 1 to {NAME_MAX} characters, without control characters or spaces at its ends");
    Err(Refusal::invalid(rule))
}

/// What something allows, in words: at most 500 characters, no control characters.
///
/// # Errors
/// `InvalidRequest`, with the rule.
pub(crate) fn check_description(description: &str) -> Result<(), Refusal> {
    if description.chars().count() <= DESCRIPTION_MAX && !description.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Refusal::invalid(format!("a description has at most {DESCRIPTION_MAX} characters, and no control characters")))
}
