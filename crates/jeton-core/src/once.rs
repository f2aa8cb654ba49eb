//! Requests that may be sent again. What one made is remembered for a day, in the commit that made it: the repeat of a request whose answer was
//! lost is told the same, with the same secret, and makes nothing. Nothing clear is kept: a secret comes out of its record, a stored salt and
//! the root key.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256, digest};
use jeton_token::SecretBytes;

use crate::commit::Premise;
use crate::id::Actor;
use crate::moment::{Moment, Once};
use crate::outcome::Outcome;
use crate::record::{Class, Column, Key, Malformed, Reader, Row, Table, Value};
use crate::refusal::{Reason, Refusal};
use crate::root_key::EpochKeys;

/// For how long a request may be repeated, in seconds.
pub const REMEMBERED_SECONDS: i64 = 86_400;

/// The most characters of the text that a request is recognised by.
pub const TEXT_MAX: usize = 128;

/// Where it is remembered what requests made, in slices of six hours of `until`.
pub static TABLE: Table = Table {
    name: "idempotency",
    columns: &[Column::bytes("key"), Column::bytes("body"), Column::text("made"), Column::bytes("salt"), Column::int("until")],
    key: 1,
    indexes: &[],
    class: Class::Expiring { slice_seconds: 21_600 },
};

/// How a request is recognised when it comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeatable {
    /// Who sent it where, with which text.
    key: [u8; 32],
    /// What it said.
    body: [u8; 32],
}

/// What a request made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    key: [u8; 32],
    body: [u8; 32],
    /// The id of what it made.
    pub made: Arc<str>,
    /// Where its secrets came from.
    pub salt: [u8; 32],
    /// Until when it is told again, in seconds.
    pub until: i64,
}

impl Repeatable {
    /// The request of an actor to a route (method and path), which sent this text along to be recognised by.
    ///
    /// # Errors
    /// When the text is not 1 to 128 visible ASCII characters.
    pub fn new(text: &[u8], actor: &Actor, route: &str, body: &[u8]) -> Result<Repeatable, Refusal> {
        if !(1..=TEXT_MAX).contains(&text.len()) || !text.iter().all(u8::is_ascii_graphic) {
            return Err(Refusal::invalid("an `Idempotency-Key` has 1 to 128 visible ASCII characters, and no spaces"));
        }
        let mut key = Context::new(&SHA256);
        for part in [actor.as_str().as_bytes(), route.as_bytes(), text] {
            key.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            key.update(part);
        }
        Ok(Repeatable { key: first_32(key.finish().as_ref()), body: first_32(digest(&SHA256, body).as_ref()) })
    }

    /// The key of the row that remembers it.
    #[must_use]
    pub fn row_key(&self) -> Value {
        Value::Hash(self.key)
    }

    /// A moment for this request.
    #[must_use]
    pub fn begin(&self, moment: Moment) -> Moment {
        moment.once(self.key, self.body)
    }

    /// The request of a moment, if it may be repeated.
    #[must_use]
    pub fn of(moment: &Moment) -> Option<Repeatable> {
        moment.repeated().map(|once| Repeatable { key: once.key, body: once.body })
    }
}

impl Remembered {
    /// Whether a request is the one that made it.
    ///
    /// # Errors
    /// When it says something else.
    pub fn check(&self, request: &Repeatable) -> Result<(), Refusal> {
        if self.body == request.body {
            return Ok(());
        }
        Err(Refusal::new(Reason::Repeated, "a request with this `Idempotency-Key` was sent here before, and said something else"))
    }

    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        vec![Value::Hash(self.key), Value::Hash(self.body), Value::Text(self.made.clone()), Value::Hash(self.salt), Value::Int(self.until)]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<Remembered, Malformed> {
        let mut row = Reader::new(&TABLE, row);
        let bytes = |value: &Value| value.as_bytes()?.try_into().ok();
        Ok(Remembered { key: row.read(bytes)?, body: row.read(bytes)?, made: row.text()?, salt: row.read(bytes)?, until: row.int()? })
    }
}

impl<R> Outcome<R> {
    /// The same; where its request may be repeated, with what it made remembered. Of two such commits one is made: each stands on there being
    /// no other.
    #[must_use]
    pub fn remembering(mut self, moment: &Moment, made: impl FnOnce(&R) -> String) -> Outcome<R> {
        let (Ok(reply), Some(Once { key, body, salt, known })) = (&self.verdict, moment.repeated()) else { return self };
        let until = moment.now.seconds().saturating_add(REMEMBERED_SECONDS);
        let remembered = Remembered { key, body, made: made(reply).into(), salt, until };
        self.commit.premises.push(Premise::Row { table: &TABLE, key: Key::from([Value::Hash(key)]), version: known });
        self.commit = self.commit.put(&TABLE, remembered.row());
        self
    }
}

/// The bytes of a new secret: random, or where its request may be repeated such that they come out again. `context` says what the secret is,
/// and whose.
pub fn secret(moment: &mut Moment, keys: &EpochKeys, context: impl FnOnce() -> String) -> SecretBytes {
    match moment.repeated() {
        Some(Once { salt, .. }) => keys.derive_secret(&context(), &salt),
        None => SecretBytes::new(moment.draw()),
    }
}

fn first_32(digest: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = *from);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::Commit;
    use crate::moment::Time;

    fn request(text: &str, actor: &str, route: &str, body: &str) -> Repeatable {
        Repeatable::new(text.as_bytes(), &Actor::from(actor), route, body.as_bytes()).unwrap()
    }

    #[test]
    fn a_request_is_recognised_by_actor_route_and_text() {
        let first = request("a", "unix:0", "POST /keys", "{}");
        assert_eq!(first, request("a", "unix:0", "POST /keys", "{}"));
        for other in [
            request("b", "unix:0", "POST /keys", "{}"),
            request("a", "unix:1", "POST /keys", "{}"),
            request("a", "unix:0", "POST /apis", "{}"),
            request("sa", "unix:0", "POST /key", "{}"),
        ] {
            assert_ne!(first.row_key(), other.row_key());
        }
        let another_body = request("a", "unix:0", "POST /keys", "[]");
        assert_eq!(first.row_key(), another_body.row_key());
        assert_ne!(first, another_body);
    }

    #[test]
    fn texts() {
        let check = |text: &[u8]| Repeatable::new(text, &Actor::from("unix:0"), "POST /keys", b"").is_ok();
        for text in ["a".to_owned(), "~!".to_owned(), "x".repeat(128)] {
            assert!(check(text.as_bytes()), "{text}");
        }
        for text in [&b""[..], b" ", b"a b", b"a\n", b"\x7f", "é".as_bytes(), "x".repeat(129).as_bytes(), "\u{202e}".as_bytes()] {
            assert!(!check(text), "{text:?}");
        }
    }

    #[test]
    fn what_is_made_is_remembered_once() {
        let asked = request("a", "unix:0", "POST /keys", "{}");
        let begun = Moment::new(Time::from_seconds(1_000), [5; 32]);
        let outcome = |moment: &Moment| Outcome::grant("k1", Commit::new(&mut moment.clone())).remembering(moment, |id| (*id).to_owned());
        assert!(outcome(&begun).commit.is_empty());
        let commit = outcome(&asked.begin(begun.clone()).knowing(Some(7))).commit;
        assert_eq!(commit.premises, [Premise::Row { table: &TABLE, key: vec![asked.row_key()], version: Some(7) }]);
        let [crate::commit::Write::Put { row, .. }] = commit.writes.as_slice() else { panic!("{:?}", commit.writes) };
        let remembered = Remembered::from_row(row).unwrap();
        assert_eq!((&*remembered.made, remembered.until), ("k1", 1_000 + 86_400));
        assert_eq!(remembered.row(), *row);
        assert_eq!(remembered.check(&asked), Ok(()));
        assert_eq!(remembered.check(&request("a", "unix:0", "POST /keys", "[]")).unwrap_err().reason, Reason::Repeated);
        let refused = Outcome::<&str>::refuse(Refusal::invalid("no"), Commit::new(&mut begun.clone()));
        assert!(refused.remembering(&asked.begin(begun), |_| String::new()).commit.is_empty());
    }

    #[test]
    fn secrets_come_out_again_from_their_salt_alone() {
        let keys = crate::root_key::RootKeys::new([(1, zeroize::Zeroizing::new([7; 32]))]).unwrap();
        let (_, Some(keys)) = keys.current() else { panic!("no epoch") };
        let asked = request("a", "unix:0", "POST /keys", "{}");
        let begun = || Moment::new(Time::from_seconds(1_000), [5; 32]);
        let draw = |moment: &mut Moment, context: &str| format!("{:?}", expose(&secret(moment, keys, || context.to_owned())));
        let mut once = asked.begin(begun());
        let first = draw(&mut once, "k1");
        assert_eq!(first, draw(&mut once, "k1"));
        assert_ne!(first, draw(&mut once, "k2"));
        let salt = once.repeated().unwrap().salt;
        assert_eq!(first, format!("{:?}", expose(&keys.derive_secret("k1", &salt))));
        let mut plain = begun();
        assert_ne!(draw(&mut plain, "k1"), draw(&mut plain, "k1"));
    }

    /// What nothing else can read: by its hash under a known key.
    fn expose(bytes: &SecretBytes) -> String {
        let label = jeton_token::Label {
            prefix: jeton_token::Prefix::default(),
            environment: jeton_token::Environment::Live,
            kind: jeton_token::Kind::ApiKey,
            epoch: 1,
            id: jeton_token::TokenId::from_bytes([0; 16]),
        };
        label.mint(bytes, &jeton_token::CheckKey::new(&[1; 32])).expose().to_owned()
    }
}
