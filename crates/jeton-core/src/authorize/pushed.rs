//! Authorization requests that a client handed in behind its own proof, for a minute (RFC 9126). A person's browser carries nothing of one but
//! where it is kept.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jeton_oauth::pushed::REQUEST_URI_PREFIX;

use crate::client::Client;
use crate::commit::{Commit, Mark, MarkKind};
use crate::id::ClientId;
use crate::moment::{Moment, Time};
use crate::outcome::Outcome;
use crate::policy::effective::Policies;
use crate::policy::{CredentialKind, LEEWAY_SECONDS};
use crate::record::{Class, Column, Malformed, Reader, Row, Table, Value};

/// One request, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The hash of what stands for it.
    pub hash: [u8; 32],
    /// Who handed it in, and may use it.
    pub client: ClientId,
    /// Its parameters, written as a form.
    pub request: Arc<str>,
    /// When it was handed in, in seconds.
    pub pushed_at: i64,
    /// Until when it may be used, in seconds.
    pub until: i64,
}

/// Where requests are kept, in slices of an hour of `until`.
pub static TABLE: Table = Table {
    name: "pushed_request",
    columns: &[Column::bytes("hash"), Column::text("client"), Column::text("request"), Column::int("pushed_at"), Column::int("until")],
    key: 1,
    indexes: &[],
    class: Class::Expiring { slice_seconds: 3_600 },
};

/// What a client sends people with instead of its request.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestUri {
    /// The text.
    pub text: String,
    /// For how long it is good, in seconds.
    pub lives_seconds: i64,
}

/// Keeps the request of a client: checked, and written as a form.
pub fn push(client: &Client, request: &str, policies: &Policies, moment: &mut Moment) -> Outcome<RequestUri> {
    let commit = Commit::new(moment);
    let secret = URL_SAFE_NO_PAD.encode(moment.draw::<32>());
    let lives_seconds = policies.resolve(CredentialKind::PushedRequest, None, Some(&client.id)).default_seconds;
    let pushed_at = moment.now.seconds();
    let until = pushed_at.saturating_add(lives_seconds);
    let kept = Pushed { hash: hash_of(&secret), client: client.id.clone(), request: request.into(), pushed_at, until };
    let commit = commit.put(&TABLE, kept.row());
    Outcome::grant(RequestUri { text: format!("{REQUEST_URI_PREFIX}{secret}"), lives_seconds }, commit)
}

/// The key of the row of a `request_uri`; `None`: it is not one of ours.
#[must_use]
pub fn key_of(request_uri: &str) -> Option<[u8; 32]> {
    let secret = request_uri.strip_prefix(REQUEST_URI_PREFIX)?;
    (secret.len() == SECRET_CHARACTERS).then(|| hash_of(secret))
}

const SECRET_CHARACTERS: usize = 43;

/// There are 256 random bits in it, so that the hash tells nothing of it.
fn hash_of(secret: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, secret.as_bytes()).as_ref());
    hash
}

impl Pushed {
    /// Whether a client may use it now, where it is known since `marks_known_from` which requests were used, in seconds; 0: since ever.
    #[must_use]
    pub fn is_good_for(&self, client: &str, marks_known_from: i64, now: i64) -> bool {
        let is_known = marks_known_from == 0 || self.pushed_at >= marks_known_from.saturating_add(LEEWAY_SECONDS);
        *self.client.0 == *client && is_known && (self.pushed_at..self.until).contains(&now)
    }

    /// What makes it good for one use.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark { kind: MarkKind::PushedRequest, key: self.hash, until: Time::from_seconds(self.until) }
    }

    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        vec![
            Value::Hash(self.hash),
            Value::Text(self.client.0.clone()),
            Value::Text(self.request.clone()),
            Value::Int(self.pushed_at),
            Value::Int(self.until),
        ]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Pushed, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        Ok(Pushed {
            hash: row.read(|value| value.as_bytes()?.try_into().ok())?,
            client: ClientId(row.text()?),
            request: row.text()?,
            pushed_at: row.int()?,
            until: row.int()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again() {
        let client = ClientId::from("client_1");
        let pushed = Pushed { hash: [7; 32], client, request: "response_type=code".into(), pushed_at: 1_000, until: 1_090 };
        assert_eq!(Pushed::from_row(&pushed.row()), Ok(pushed));
    }

    #[test]
    fn it_is_good_for_its_client_and_for_a_while() {
        let client = ClientId::from("client_1");
        let pushed = Pushed { hash: [7; 32], client, request: "response_type=code".into(), pushed_at: 1_000, until: 1_090 };
        for (client, known_from, now, expected) in [
            ("client_1", 0, 1_000, true),
            ("client_1", 0, 1_089, true),
            ("client_1", 0, 1_090, false),
            ("client_1", 0, 999, false),
            ("client_2", 0, 1_000, false),
            // A restored server does not know which were used before.
            ("client_1", 990, 1_000, true),
            ("client_1", 991, 1_000, false),
        ] {
            assert_eq!(pushed.is_good_for(client, known_from, now), expected, "{client} {known_from} {now}");
        }
    }

    #[test]
    fn only_what_is_ours_has_a_key() {
        let secret = "x".repeat(43);
        assert!(key_of(&format!("{REQUEST_URI_PREFIX}{secret}")).is_some());
        for other in ["", "urn:x", REQUEST_URI_PREFIX, &format!("{REQUEST_URI_PREFIX}{secret}x"), &secret] {
            assert_eq!(key_of(other), None, "{other}");
        }
    }
}
