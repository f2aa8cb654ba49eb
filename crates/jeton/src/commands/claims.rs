//! Claims that an API or a client declares beside what is standard.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// A claim and its source, `NAME=SOURCE`; nothing, which stands for no claim at all.
pub(super) type Claim = Option<(String, String)>;

/// Reads `NAME=SOURCE`, or an empty text.
pub(super) fn claim(text: &str) -> Result<Claim, String> {
    match text.split_once('=') {
        None if text.is_empty() => Ok(None),
        Some((name, source)) if !name.is_empty() && !source.is_empty() => Ok(Some((name.to_owned(), source.to_owned()))),
        _ => Err("write NAME=SOURCE, as region=text:eu or groups=groups; '' is none".to_owned()),
    }
}

/// All of them, as the management API takes them; nothing where none is said.
pub(super) fn body(claims: &[Claim]) -> Option<Value> {
    let named: BTreeMap<&str, &str> = claims.iter().flatten().map(|(name, source)| (name.as_str(), source.as_str())).collect();
    (!claims.is_empty()).then(|| json!(named))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(texts: &[&str], expected: Option<Value>) {
        let claims: Result<Vec<Claim>, String> = texts.iter().map(|text| claim(text)).collect();
        assert_eq!(claims.map(|claims| body(&claims)), Ok(expected), "{texts:?}");
    }

    #[test]
    fn claims() {
        check(&[], None);
        check(&[""], Some(json!({})));
        check(&["a=groups", "b=text:x=y"], Some(json!({"a": "groups", "b": "text:x=y"})));
        for text in ["a", "a=", "=groups"] {
            assert!(claim(text).is_err(), "{text}");
        }
    }
}
