//! The token, key or secret in a text that was pasted with what stood around it: a line of a log, of a configuration, of an answer.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use jeton_token::Finder;

use crate::refusal::Refusal;

/// What a text holds.
#[derive(Debug, PartialEq, Eq)]
pub enum Held<'t> {
    /// Nothing but this.
    Alone(&'t str),
    /// This, with something around it.
    Within(&'t str),
    /// Several, that begin in these lines.
    Several(Vec<usize>),
}

/// What a text holds: what Jeton makes is found wherever it stands, and a JWT; of anything else, a key that was imported, what names it or quotes
/// it is taken away.
#[must_use]
pub fn held(text: &str) -> Held<'_> {
    let text = text.trim();
    let found = found(text);
    let texts: BTreeSet<&str> = found.iter().filter_map(|span| text.get(span.clone())).collect();
    match (texts.first(), texts.len()) {
        (Some(one), 1) if *one == text => Held::Alone(text),
        (Some(one), 1) => Held::Within(one),
        (Some(_), _) => {
            let line = |span: &Range<usize>| text.get(..span.start).map_or(1, |before| before.matches('\n').count() + 1);
            let lines: BTreeSet<usize> = found.iter().map(line).collect();
            Held::Several(lines.into_iter().collect())
        }
        (None, _) => match bare(text) {
            bare if bare == text || bare.is_empty() => Held::Alone(text),
            bare => Held::Within(bare),
        },
    }
}

/// The one token, key or secret in a text; the text itself where there is none to be seen.
///
/// # Errors
/// `InvalidRequest`: there are several, in these lines.
pub fn alone(text: &str) -> Result<&str, Refusal> {
    match held(text) {
        Held::Alone(one) | Held::Within(one) => Ok(one),
        Held::Several(lines) => Err(Refusal::invalid(format!(
            "there are several tokens, keys or secrets in this text, in {}: send one alone",
            in_lines(&lines)
        ))),
    }
}

/// Whether a text may as a whole be a key that was imported, whatever is found in it: a line in which nothing was made by Jeton.
#[must_use]
pub fn may_be_imported(text: &str) -> bool {
    !text.contains(['\n', '\r']) && Finder::any().find(text.as_bytes()).next().is_none()
}

/// The first lines by their numbers.
#[must_use]
pub fn in_lines(lines: &[usize]) -> String {
    const NAMED: usize = 10;
    let named: Vec<String> = lines.iter().take(NAMED).map(ToString::to_string).collect();
    let more = if lines.len() > NAMED { " and more" } else { "" };
    format!("{} {}{more}", if lines.len() == 1 { "line" } else { "lines" }, named.join(", "))
}

/// Whether a text has a token, a key or a secret in it: one that Jeton makes, a JWT, or an identity of age.
#[must_use]
pub fn holds_credential(text: &str) -> bool {
    Finder::any().find(text.as_bytes()).next().is_some() || jwts(text).next().is_some() || identities(text).next().is_some()
}

/// A text as it may be told to anybody: each token, key and secret in it is left out.
#[must_use]
pub fn masked(text: &str) -> Cow<'_, str> {
    let (mut told, mut from) = (String::new(), 0);
    let mut spans = found(text);
    spans.extend(identities(text));
    spans.sort_by_key(|span| span.start);
    for span in spans.into_iter().filter(|span| !span.is_empty()) {
        told.push_str(text.get(from..span.start).unwrap_or_default());
        told.push('…');
        from = from.max(span.end);
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    told.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(told)
}

/// Where tokens, keys and secrets stand, from the left.
fn found(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Finder::any().find(text.as_bytes()).map(|found| found.span).collect();
    found.extend(jwts(text));
    found.sort_by_key(|span| span.start);
    found
}

/// Where identities of age stand: they open backups.
fn identities(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    text.match_indices(IDENTITY).map(|(start, _)| {
        let digits = text.get(start + IDENTITY.len()..).unwrap_or_default();
        let length = digits.bytes().take_while(u8::is_ascii_alphanumeric).count();
        start..start + IDENTITY.len() + length
    })
}

/// Where JWTs stand: three parts of base64url with dots between them, also behind a name and at the end of a sentence.
fn jwts(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let is_of_one = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let mut from = 0;
    text.split(move |letter: char| !is_of_one(letter)).flat_map(move |word| {
        let start = text.get(from..).and_then(|rest| rest.find(word)).map_or(from, |at| from + at);
        from = start + word.len();
        jwts_in(word, start)
    })
}

/// Those in a word that begins there. Each part is looked at once, however many may begin in it.
fn jwts_in(word: &str, start: usize) -> Vec<Range<usize>> {
    let mut parts = word.split('.').scan(start, |at, part| {
        let begin = *at;
        *at += part.len() + 1;
        Some((begin, part))
    });
    let mut found = vec![];
    let (Some(mut first), Some(mut second)) = (parts.next(), parts.next()) else { return found };
    while let Some(third) = parts.next() {
        let header = header_in(first.1).filter(|_| second.1.len() > 1 && third.1.len() > 1);
        let (next, after) = match header {
            Some(at) => {
                found.push(first.0 + at..third.0 + third.1.len());
                (parts.next(), parts.next())
            }
            None => (Some(second), Some(third)),
        };
        let (Some(next), Some(after)) = (next, after) else { return found };
        (first, second) = (next, after);
    }
    found
}

/// Where the header of a JWT begins in a part of a word: with it, or behind a sign in it.
fn header_in(part: &str) -> Option<usize> {
    let is_begin = |at: usize| at == 0 || part.as_bytes().get(at - 1).is_some_and(|before| matches!(before, b'-' | b'_'));
    let at = part.match_indices("eyJ").map(|(at, _)| at).find(|at| is_begin(*at))?;
    (part.len() - at >= HEADER_LETTERS).then_some(at)
}

/// Without what names it (`x-api-key: `, `Bearer `, `API_KEY=`), and without quotes. Where there is more than that it is left as it is.
fn bare(text: &str) -> &str {
    let mut rest = text;
    loop {
        let before = rest;
        rest = rest.trim().trim_matches(['"', '\'', '`', ',', ';']);
        rest = rest.strip_prefix("export ").unwrap_or(rest);
        if let Some((_, value)) = rest.split_once(' ').filter(|(name, _)| name.ends_with(':') || is_scheme(name)) {
            rest = value;
        }
        if let Some((_, value)) = rest.split_once('=').filter(|(name, value)| is_name(name) && value.trim_matches('=').len() >= SHORTEST) {
            rest = value;
        }
        if rest == before {
            return if rest.contains(char::is_whitespace) { text } else { rest };
        }
    }
}

/// How identities of age begin.
const IDENTITY: &str = "AGE-SECRET-KEY-1";

/// No shorter header of a JWT names what signed it: a name of a host may begin so.
const HEADER_LETTERS: usize = 14;
/// Nothing shorter behind a `=` is taken for a key.
const SHORTEST: usize = 8;

fn is_scheme(word: &str) -> bool {
    ["bearer", "basic", "apikey", "token"].iter().any(|scheme| word.eq_ignore_ascii_case(scheme))
}

fn is_name(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use jeton_token::{CheckKey, Environment, Kind, Label, Prefix, SecretBytes, TokenId};

    use super::*;

    const JWT: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJhIn0.c2ln";

    fn key(kind: Kind, id: u8) -> String {
        let label = Label { prefix: Prefix::default(), environment: Environment::Live, kind, epoch: 1, id: TokenId::from_bytes([id; 16]) };
        label.mint(&SecretBytes::new([id; 20]), &CheckKey::new(&[0; 32])).expose().to_owned()
    }

    #[test]
    fn one_is_found_with_what_stood_around_it() {
        let ours = key(Kind::ApiKey, 1);
        for one in [ours.as_str(), JWT, "sk_live_51H0Imported+/="] {
            for around in [
                "\"X\"",
                "'X'",
                "`X`",
                "Bearer X",
                "Authorization: Bearer X",
                "x-api-key: X",
                "API_KEY=X",
                "export API_KEY=\"X\"",
                "\"X\",",
                "Authorization: \"Bearer X\"",
            ] {
                assert_eq!(held(&around.replace('X', one)), Held::Within(one), "{around}");
            }
            for alone in ["X", " X\n", "\n\tX "] {
                assert_eq!(held(&alone.replace('X', one)), Held::Alone(one), "{alone:?}");
            }
        }
        for one in [ours.as_str(), JWT] {
            for around in [
                "{\n  \"id\": \"019967c5a3807d2f8e51b0a4c3d2e1f0\",\n  \"key\": \"X\",\n  \"name\": \"nightly\"\n}",
                "10:03 WARN GET /orders?api_key=X 401 (again: X)",
                "curl -H 'Authorization: Bearer X' https://orders.example",
                "it was X.",
                "it was X...",
            ] {
                assert_eq!(held(&around.replace('X', one)), Held::Within(one), "{around}");
            }
        }
    }

    #[test]
    fn a_jwt_is_found_behind_a_name_and_before_a_full_stop() {
        for around in ["sess.X", "x-X", "v2_X", "v2:X", "a.b.X.", "eyJ.X"] {
            let text = around.replace('X', JWT);
            assert_eq!(held(&text), Held::Within(JWT), "{around}");
            assert!(holds_credential(&text) && masked(&text) == around.replace('X', "…"), "{around}");
        }
        assert_eq!(masked(&format!("{JWT}.{JWT}")), "….…");
        let many = "-eyJhbGciOiJFUzI1NiJ9".repeat(50_000);
        assert!(!holds_credential(&many) && holds_credential(&format!("{many}.e30.c2ln")));
    }

    #[test]
    fn a_line_without_anything_of_ours_may_be_a_key_from_elsewhere() {
        for (text, expected) in [("acct=ABCDEFGH12345678", true), (JWT, true), ("pass word", true), ("a\nb", false)] {
            assert_eq!(may_be_imported(text), expected, "{text}");
        }
        assert!(!may_be_imported(&format!("API_KEY={}", key(Kind::ApiKey, 1))));
    }

    #[test]
    fn several_are_told_by_their_lines() {
        let (one, other) = (key(Kind::ApiKey, 1), key(Kind::ClientSecret, 2));
        assert_eq!(held(&format!("a: {one}\n\nb: {other}\n")), Held::Several(vec![1, 3]));
        assert_eq!(held(&format!("{one} {JWT}")), Held::Several(vec![1]));
    }

    #[test]
    fn what_holds_none_stays_as_it_is() {
        for text in [
            "",
            "abc",
            "abc=",
            "dGVzdA==",
            "a key that was lost",
            "Bearer",
            "a=b",
            "eyJ.a.b.c",
            "eyJob.orders.example",
            "=abcdefghijkl",
            "\"\"",
        ] {
            assert_eq!(held(text), Held::Alone(text), "{text}");
            assert!(!holds_credential(text) && masked(text) == text, "{text}");
        }
    }

    #[test]
    fn what_is_told_leaves_them_out() {
        let ours = key(Kind::ClientSecret, 3);
        for one in [ours.as_str(), JWT] {
            for (text, told) in [("X", "…"), ("no X: a, X", "no …: a, …"), ("`X`,\nX ", "`…`,\n… ")] {
                let text = text.replace('X', one);
                assert!(holds_credential(&text));
                assert_eq!(masked(&text), told, "{text}");
            }
        }
    }

    #[test]
    fn the_one_that_is_alone() {
        let ours = key(Kind::ApiKey, 1);
        assert_eq!(alone(&format!("API_KEY=\"{ours}\"\n")), Ok(ours.as_str()));
        assert_eq!(alone(" sk_live_1 "), Ok("sk_live_1"));
        let refused = alone(&format!("{ours}\n{JWT}")).unwrap_err();
        assert!(refused.detail.contains("in lines 1, 2") && !refused.detail.contains(&ours), "{refused}");
    }
}
