//! What every error of an OAuth endpoint must look like (RFC 6749 section 5.2).

use jeton_testkit::Answer;

/// Checks status, code, headers and the characters of the description.
#[track_caller]
pub(crate) fn check_error(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.error().as_str()), (status, code), "{}", answer.shown());
    check_form(answer);
}

/// Checks what all errors have in common.
#[track_caller]
pub(crate) fn check_form(answer: &Answer) {
    let shown = answer.shown();
    assert_eq!(answer.header("content-type"), "application/json", "{shown}");
    assert_eq!(answer.header("cache-control"), "no-store", "{shown}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{shown}");
    let body = answer.json();
    let description = body["error_description"].as_str().unwrap_or_else(|| panic!("no description: {shown}"));
    let may_stand = |character: char| matches!(character, ' '..='!' | '#'..='[' | ']'..='~');
    assert!(description.chars().all(may_stand) && (10..=512).contains(&description.len()), "{shown}");
    assert!(!description.contains(['<', '>']), "markup: {shown}");
    let code = body["error"].as_str().unwrap_or_default();
    assert!(code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') && !code.is_empty(), "{shown}");
}
