//! All that is narrowed just now: what a verifier starts from.

use serde::{Deserialize, Serialize};

use crate::feed::cursor::Cursor;
use crate::feed::narrowing::Change;
use crate::issuer::Issuer;

/// The most bytes of changes in one part: signed and in base64 it stays below what one event may hold.
const MAX_CHANGES_LEN: usize = 512 * 1024;

/// A part of a snapshot, the payload of a signed JWS; a snapshot is complete when parts 1 to `parts` of one cursor have come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotPart {
    /// Whose ledger.
    pub iss: Issuer,
    /// When it was made, in seconds since 1970.
    pub iat: i64,
    /// The last entry that it covers.
    pub cursor: Cursor,
    /// The number of this part, from 1.
    pub part: u32,
    /// How many parts there are.
    pub parts: u32,
    /// The key that signs the ledger's checkpoints, as text (C2SP `signed-note`): each checkpoint of the feed is checked with it.
    pub ledger_key: String,
    /// What is narrowed.
    pub changes: Vec<Change>,
}

impl SnapshotPart {
    /// The `typ` of the JWS, so that nothing else that the server signs passes for a snapshot.
    pub const TYP: &'static str = "jeton-snapshot+jwt";

    /// The longest text of a ledger key, in bytes.
    pub const MAX_LEDGER_KEY_LEN: usize = 512;

    /// Splits what is narrowed into parts that each fit one event; at least one part, even if there is nothing.
    #[must_use]
    pub fn split(iss: &Issuer, iat: i64, cursor: &Cursor, ledger_key: &str, changes: Vec<Change>) -> Vec<Self> {
        let new_part = || Self {
            iss: iss.clone(),
            iat,
            cursor: cursor.clone(),
            part: 0,
            parts: 0,
            ledger_key: ledger_key.to_owned(),
            changes: Vec::new(),
        };
        let (mut all, mut current, mut len) = (Vec::new(), new_part(), 0);
        for change in changes {
            let change_len = change.json_len_limit();
            if len + change_len > MAX_CHANGES_LEN {
                all.push(std::mem::replace(&mut current, new_part()));
                len = 0;
            }
            len += change_len;
            current.changes.push(change);
        }
        all.push(current);
        let parts = u32::try_from(all.len()).unwrap_or(u32::MAX);
        for (part, number) in all.iter_mut().zip(1..) {
            part.part = number;
            part.parts = parts;
        }
        all
    }

    /// The payload to sign.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Texts, numbers and lists of them always print.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads a payload whose signature was checked. `None`: it is no part of a snapshot, or its numbers do not fit.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let part: Self = serde_json::from_slice(payload).ok()?;
        let key_fits = (1..=Self::MAX_LEDGER_KEY_LEN).contains(&part.ledger_key.len());
        ((1..=part.parts).contains(&part.part) && key_fits).then_some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::narrowing::{Subject, SubjectId};

    fn split(changes: Vec<Change>) -> Vec<SnapshotPart> {
        SnapshotPart::split(&Issuer::parse("https://a").unwrap(), 5, &Cursor::parse("1.9").unwrap(), "id+00+AQ==", changes)
    }

    #[test]
    fn empty_is_one_part() {
        let parts = split(Vec::new());
        assert_eq!(parts.len(), 1);
        assert_eq!(
            parts[0].to_json(),
            br#"{"iss":"https://a","iat":5,"cursor":"1.9","part":1,"parts":1,"ledger_key":"id+00+AQ==","changes":[]}"#
        );
    }

    #[test]
    fn parts_fit_and_lose_nothing() {
        let id = SubjectId::parse(&"\"".repeat(512)).unwrap();
        let change = Change::Cutoff { subject: Subject::Client(id), before_seconds: i64::MIN, until_seconds: i64::MIN };
        let changes = vec![change; 5_000];
        let parts = split(changes.clone());
        assert!(parts.len() > 5, "{}", parts.len());
        for (part, number) in parts.iter().zip(1..) {
            let json = part.to_json();
            assert!(json.len() < 600 * 1024, "{}", json.len());
            assert_eq!((part.part, part.parts), (number, parts.len() as u32));
            assert_eq!(SnapshotPart::parse(&json).as_ref(), Some(part));
        }
        assert_eq!(parts.into_iter().flat_map(|part| part.changes).collect::<Vec<_>>(), changes);
    }

    #[test]
    fn refuses() {
        fn check(part: &str, parts: &str, changes: &str, expected: bool) {
            check_json(
                &format!(
                    r#"{{"ledger_key":"k","iss":"https://a","iat":5,"cursor":"1.9","part":{part},"parts":{parts},"changes":{changes}}}"#
                ),
                expected,
            );
        }
        fn check_key(key: &str, expected: bool) {
            check_json(&format!(r#"{{{key}"iss":"https://a","iat":5,"cursor":"1.9","part":1,"parts":1,"changes":[]}}"#), expected);
        }
        fn check_json(json: &str, expected: bool) {
            assert_eq!(SnapshotPart::parse(json.as_bytes()).is_some(), expected, "{json}");
        }
        check("1", "1", "[]", true);
        check("2", "3", r#"[{"kind":"new"}]"#, true);
        check("0", "1", "[]", false);
        check("2", "1", "[]", false);
        check("0", "0", "[]", false);
        check("-1", "1", "[]", false);
        check("1", "1", "{}", false);
        check("1", "1", r#"[{"kind":"token_revoked"}]"#, false);
        check("1", "1", "[[[[]]]]", false);
        check_key(r#""ledger_key":"k","#, true);
        check_key("", false);
        check_key(r#""ledger_key":"","#, false);
        check_key(r#""ledger_key":7,"#, false);
        check_key(&format!(r#""ledger_key":"{}","#, "k".repeat(513)), false);
    }
}
