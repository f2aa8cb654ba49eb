//! What the owners of a key remember with it: texts under names, which mean nothing here.

use std::collections::BTreeMap;

use crate::name::{is_plain, refuse_credentials};
use crate::refusal::Refusal;

/// Texts under names; at most 16 of them, 4 KiB in all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata(BTreeMap<String, String>);

const PAIRS_MAX: usize = 16;
const NAME_MAX: usize = 40;
const BYTES_MAX: usize = 4_096;

impl Metadata {
    /// Takes the texts over.
    ///
    /// # Errors
    /// `InvalidRequest`, with the rule; `CredentialInText`.
    pub fn new(pairs: BTreeMap<String, String>) -> Result<Metadata, Refusal> {
        pairs.iter().flat_map(|(name, text)| [name, text]).try_for_each(|text| refuse_credentials(text, "metadata"))?;
        let bytes: usize = pairs.iter().map(|(name, text)| name.len() + text.len()).sum();
        let fits = |(name, text): (&String, &String)| (1..=NAME_MAX).contains(&name.chars().count()) && is_plain(name) && is_plain(text);
        if pairs.len() <= PAIRS_MAX && bytes <= BYTES_MAX && pairs.iter().all(fits) {
            return Ok(Metadata(pairs));
        }
        Err(Refusal::invalid(format!(
            "metadata are at most {PAIRS_MAX} texts, each under a name of 1 to {NAME_MAX} characters, {BYTES_MAX} bytes in all, without control characters or marks that change the direction of writing"
        )))
    }

    /// The texts by their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// As a JSON object; `None` where there are none.
    #[must_use]
    pub fn to_json(&self) -> Option<String> {
        if self.0.is_empty() { None } else { serde_json::to_string(&self.0).ok() }
    }

    /// From a JSON object that was kept.
    pub(super) fn from_json(json: &str) -> Option<Metadata> {
        serde_json::from_str(json).ok().map(Metadata)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits() {
        let check = |pairs: &[(&str, &str)], expected: bool| {
            let pairs = pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
            let made = Metadata::new(pairs);
            assert_eq!(made.is_ok(), expected, "{made:?}");
            if let Ok(metadata) = made {
                assert_eq!(metadata.to_json().map_or(Some(Metadata::default()), |json| Metadata::from_json(&json)), Some(metadata));
            }
        };
        check(&[], true);
        check(&[("team", "a"), ("note", "")], true);
        check(&[("", "a")], false);
        check(&[(&"n".repeat(40), &"t".repeat(4_056))], true);
        check(&[("n", &"t".repeat(4_096))], false);
        check(&[(&"n".repeat(41), "t")], false);
        check(&[("n", "t\u{1b}")], false);
        check(&[("n\u{202e}", "t")], false);
        let many: Vec<String> = (0..17).map(|number| number.to_string()).collect();
        let pairs: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "")).collect();
        check(&pairs[1..], true);
        check(&pairs, false);
    }
}
