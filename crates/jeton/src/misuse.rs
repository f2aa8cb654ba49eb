//! What is tried first by many, and is called otherwise here; and what the parser advises that helps nobody.

use clap::error::{ContextKind, ContextValue};

/// Words of a command line, in their order, and what was meant by them.
const MEANT: &[(&[&str], &str)] = &[
    (&["policy", "unset"], "`jeton policy set KIND --unset` lets a level say nothing"),
    (&["policy", "show", "--api"], "`jeton policy explain KIND --api URI` says what holds for an API"),
    (&["policy", "show", "--client"], "`jeton policy explain KIND --client CLIENT` says what holds for a client"),
    (&["policy", "list"], "`jeton policy show` lists them"),
    (&["suspend", "list"], "`jeton suspension list` lists what is suspended"),
    (&["resume", "--why"], "why something is resumed is not kept: leave --why out"),
    (&["key", "delete"], "what is given out is revoked, and stays listed: `jeton key revoke KEY`"),
];

/// What whoever typed this meant, where that is known.
pub(crate) fn meant(words: &[String]) -> Option<&'static str> {
    let typed = |expected: &[&str]| {
        let mut left = words.iter();
        expected.iter().all(|word| left.any(|typed| typed == word || typed.strip_prefix(word).is_some_and(|rest| rest.starts_with('='))))
    };
    MEANT.iter().find(|(expected, _)| typed(expected)).map(|(_, meant)| *meant)
}

/// Advises what was meant, and never to pass a flag that is not known as if it were a name.
pub(crate) fn advise(misuse: &mut clap::Error, meant: Option<&'static str>) {
    let advised = match misuse.remove(ContextKind::Suggested) {
        Some(ContextValue::StyledStrs(advised)) => advised,
        _ => vec![],
    };
    let helps = advised.into_iter().filter(|advice| !advice.to_string().contains(" as a value, use "));
    let advised: Vec<_> = helps.chain(meant.map(Into::into)).collect();
    if !advised.is_empty() {
        misuse.insert(ContextKind::Suggested, ContextValue::StyledStrs(advised));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant() {
        for (line, expected) in [
            ("policy unset api_key", Some("--unset")),
            ("--json policy show --api=https://orders.example", Some("--api URI")),
            ("policy show", None),
            ("show policy --api x", None),
            ("key delete 4711", Some("key revoke")),
            ("helper", None),
        ] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(meant(&words).is_some(), expected.is_some(), "{line}");
            assert!(meant(&words).unwrap_or_default().contains(expected.unwrap_or_default()), "{line}");
        }
    }
}
