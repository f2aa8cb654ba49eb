//! What an organisation knows of somebody, by name: rules of APIs and clients tell it ([`claim_rules`](crate::claim_rules)).

use std::collections::BTreeMap;

use crate::claim_rules::is_name;
use crate::name::{parse_words, refuse_credentials};
use crate::refusal::Refusal;

/// The most of them.
const COUNT_MAX: usize = 32;
/// The most bytes of all of them, as JSON.
const BYTES_MAX: usize = 4_096;

/// What is known with these changes: a text takes the place of the one before, an empty one takes it away, and what is not named stays.
///
/// # Errors
/// `InvalidRequest`, with the rule; `CredentialInText`.
pub(super) fn changed(known: &BTreeMap<String, String>, changes: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Refusal> {
    let mut changed = known.clone();
    for (name, text) in changes {
        if !is_name(name) {
            return Err(Refusal::invalid(
                "the name of an attribute has 1 to 64 of the characters a-z, A-Z, 0-9, `_`, `-`, `.`, `:`, `/` and `~`",
            ));
        }
        refuse_credentials(name, "the name of an attribute")?;
        if text.is_empty() {
            changed.remove(name);
        } else {
            changed.insert(name.clone(), parse_words(text, "an attribute")?.to_string());
        }
    }
    let bytes = serde_json::to_string(&changed).map_or(usize::MAX, |json| json.len());
    if changed.len() <= COUNT_MAX && bytes <= BYTES_MAX {
        return Ok(changed);
    }
    Err(Refusal::invalid(format!("somebody has at most {COUNT_MAX} attributes, {BYTES_MAX} bytes in all, written as JSON")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[(&str, &str)]) -> BTreeMap<String, String> {
        texts.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[track_caller]
    fn check(known: &[(&str, &str)], changes: &[(&str, &str)], expected: Result<&[(&str, &str)], &str>) {
        match (changed(&texts(known), &texts(changes)), expected) {
            (Ok(changed), Ok(expected)) => assert_eq!(changed, texts(expected)),
            (Err(refusal), Err(words)) => assert!(refusal.detail.contains(words), "{refusal:?}"),
            (changed, _) => panic!("{changed:?}"),
        }
    }

    #[test]
    fn what_is_named_changes_and_what_is_not_stays() {
        check(&[], &[], Ok(&[]));
        check(&[("room", "7")], &[("department", "research")], Ok(&[("department", "research"), ("room", "7")]));
        check(&[("room", "7")], &[("room", "Büro 8")], Ok(&[("room", "Büro 8")]));
        check(&[("room", "7"), ("floor", "2")], &[("room", ""), ("wing", "")], Ok(&[("floor", "2")]));
        check(&[("Room", "7")], &[("room", "8")], Ok(&[("Room", "7"), ("room", "8")]));
    }

    #[test]
    fn limits() {
        for name in ["", "a b", "a=b", "a,b", "ä", "a\n", &"x".repeat(65)] {
            check(&[], &[(name, "x")], Err("the name of an attribute"));
        }
        for text in [" ", "a ", "a\u{1b}[31m", "a\u{202e}b", "a\nb", &"x".repeat(501)] {
            check(&[], &[("a", text)], Err("1 to 500 characters"));
        }
        let long = "x".repeat(500);
        check(&[], &[("a", &long)], Ok(&[("a", &long)]));
        let names: Vec<String> = (0..=COUNT_MAX).map(|number| number.to_string()).collect();
        let all: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "x")).collect();
        check(&all[1..], &[], Ok(&all[1..]));
        check(&all[1..], &all[..1], Err("at most 32 attributes, 4096 bytes"));
        let long: Vec<(&str, &str)> = names[..9].iter().map(|name| (name.as_str(), long.as_str())).collect();
        check(&long[..8], &[], Ok(&long[..8]));
        check(&long[..8], &long[8..], Err("at most 32 attributes, 4096 bytes"));
    }
}
