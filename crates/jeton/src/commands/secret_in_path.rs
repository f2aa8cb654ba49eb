//! No secret goes out in the path of a request: proxies and logs keep paths (ASVS 14.2.1).

use jeton_token::{Finder, Kind};

use super::failure::Failure;

/// The least digits behind a kind that are taken for a secret: also one that lost its end.
const DIGITS: usize = 24;

/// Refuses a path, or a question that would be shown, that holds a token, a key or a secret, or the most of one. It is not repeated in what is said.
///
/// # Errors
/// When it does.
pub(super) fn refuse(path: &str) -> Result<(), Failure> {
    if Finder::any().find(path.as_bytes()).next().is_none() && !parts(path).any(looks_like_a_secret) {
        return Ok(());
    }
    Err(Failure::usage(
        "a token, key or secret was given where a name or an id belongs: nothing was sent",
        "take it for read by others: every user of this machine can see arguments. `jeton key show -` and `jeton token show -` read it from standard input, and \
         `jeton revoke -` ends it",
    ))
}

/// What stands between the signs of a path and its query, or the spaces of a question. Where a list goes on is not typed by anybody, and long.
fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split(['/', '?', '&', ' '])
        .filter(|part| !part.starts_with("cursor="))
        .map(|part| part.split_once('=').map_or(part, |(_, value)| value))
}

fn looks_like_a_secret(part: &str) -> bool {
    let is_jwt = part.starts_with("eyJ") && part.matches('.').count() == 2;
    let is_ours = part.rsplit_once('_').is_some_and(|(head, digits)| {
        let is_kind = head.rsplit_once('_').is_some_and(|(_, kind)| Kind::parse(kind).is_some());
        is_kind && digits.len() >= DIGITS && digits.bytes().all(|digit| digit.is_ascii_alphanumeric())
    });
    is_jwt || is_ours
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_from_names() {
        let cut = "jtn_key_0A1b2C3d4E5f6G7h8I9j0K1l2M3n";
        let jwt = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJhIn0.c2ln";
        for (path, expected) in [
            (format!("/api/v1/keys/{cut}/explanation"), true),
            (format!("/api/v1/keys?search={cut}&limit=100"), true),
            (format!("/api/v1/clients/worker/secrets/{}", cut.replace("key", "test_cs")), true),
            (format!("/api/v1/clients/{jwt}"), true),
            (format!("/api/v1/keys?limit=100&cursor={cut}"), false),
            ("/api/v1/keys/0199a2b3c4d57e6f8a9b0c1d2e3f4a5b/explanation".to_owned(), false),
            ("/api/v1/clients/worker/secrets/secret_0123456789abcdefghij".to_owned(), false),
            ("/api/v1/clients/a_very_long_name_of_a_client_that_looks_like_nothing".to_owned(), false),
            ("/api/v1/apis/https%3A%2F%2Forders.example".to_owned(), false),
        ] {
            assert_eq!(refuse(&path).is_err(), expected, "{path}");
        }
        let said = refuse(&format!("/api/v1/keys/{cut}")).unwrap_err();
        assert!(said.exit_code() == 2 && !said.to_string().contains(cut), "{said}");
    }
}
