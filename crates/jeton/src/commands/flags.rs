//! The management API names the members of its JSON; whoever typed a command gave flags.

/// Where a sentence of the API names a member, and the flag that sets it.
const FLAGS: [(&str, &str); 6] = [
    ("name one with `resource`", "name one with --audience"),
    ("name a `scope`", "name one with --scope"),
    ("in `ends_at`", "with --until"),
    ("`alg` names", "--alg names"),
    ("docs/reference/management-api.md says what may be sent", "the command with --help says what may be given"),
    ("needs the client's public keys, a JWK Set", "needs the client's public keys, a JWK Set: name its file with --jwks"),
];

/// A sentence of the API in the words of the command line.
pub(super) fn in_flags(sentence: &str) -> String {
    FLAGS.iter().fold(sentence.to_owned(), |sentence, (member, flag)| sentence.replace(member, flag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_become_flags() {
        for (sentence, expected) in [
            ("several: name one with `resource`", "several: name one with --audience"),
            ("`resource` is no scope of this API", "`resource` is no scope of this API"),
        ] {
            assert_eq!(in_flags(sentence), expected);
        }
    }
}
