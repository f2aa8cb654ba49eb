//! What a device asks for that has no browser (RFC 8628): kept while it waits, as hashes alone, and told to nobody. Whoever says yes or no to
//! it writes that down as a [code](crate::grant::code) of the same id, so that it is answered once.

use std::sync::Arc;

use jeton_oauth::device::{DeviceAuthorizationRequest, UserCode};
use jeton_oauth::form;
use jeton_token::{Kind, Prefix, SecretHash};

use crate::api::userinfo;
use crate::client::Client;
use crate::commit::{Commit, Premise};
use crate::grant::code::{self, AuthorizationCode, Sent};
use crate::grant::scopes::{IdentityScopes, ScopesByApi};
use crate::id::{ClientId, CommitId, GrantId};
use crate::moment::Moment;
use crate::outcome::Outcome;
use crate::policy::effective::Policies;
use crate::policy::{CredentialKind, LEEWAY_SECONDS};
use crate::record::{Class, Column, Key, Malformed, Reader, Row, Table, Value};
use crate::refusal::Refusal;
use crate::root_key::RootKeys;
use crate::sender::Sender;
use crate::session::Session;
use crate::token::mint::Clear;
use crate::token::text::make;

/// One question of a device, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRequest {
    /// The id of the grant that it may give.
    pub id: GrantId,
    /// The keyed hash of the device code, and the epoch that it is under.
    pub proof: (SecretHash, u16),
    /// Who asks.
    pub client: ClientId,
    /// For what.
    pub asked: DeviceAuthorizationRequest,
    /// From where: the /24 or /48; `None`: nobody knows.
    pub network: Option<Arc<str>>,
    /// When, in seconds.
    pub asked_at: i64,
    /// Until when somebody may say yes, and the device may come for it, in seconds.
    pub expires_at: i64,
}

/// Where questions of devices are kept, in slices of an hour of `until`.
pub static TABLE: Table = Table {
    name: "device_request",
    columns: &[
        Column::bytes("id"),
        Column::bytes("hash"),
        Column::int("epoch"),
        Column::text("client"),
        Column::text("asked"),
        Column::text("network").or_null(),
        Column::int("asked_at"),
        Column::int("until"),
    ],
    key: 1,
    indexes: &[],
    class: Class::Expiring { slice_seconds: 3_600 },
};

/// Which question a user code is of, found by its keyed hash: a list beside the questions, since those have no index.
pub static USER_CODE: Table = Table {
    name: "user_code",
    columns: &[Column::bytes("hash"), Column::bytes("request"), Column::int("until")],
    key: 1,
    indexes: &[],
    class: Class::Expiring { slice_seconds: 3_600 },
};

/// What a device is told, once its commit is durable.
#[derive(Clone, Debug)]
pub struct Begun {
    /// What it asks with.
    pub device_code: Clear,
    /// What somebody types.
    pub user_code: UserCode,
    /// For how long both are good, in seconds.
    pub lives_seconds: i64,
}

/// Keeps the question of a client, which was checked.
pub fn begin(
    client: &Client,
    asked: &DeviceAuthorizationRequest,
    sender: &Sender,
    policies: &Policies,
    (prefix, root_keys): (&Prefix, &RootKeys),
    moment: &mut Moment,
) -> Outcome<Begun> {
    let mut commit = Commit::new(moment);
    let (id, user_code) = (GrantId::draw(moment), draw(moment));
    let (made, hash) =
        match make(Kind::DeviceCode, id.0, *prefix, root_keys, moment).and_then(|made| Ok((made, hash_of(&user_code, root_keys)?))) {
            Ok(made) => made,
            Err(refusal) => return Outcome::refuse(refusal, commit),
        };
    let lives_seconds = policies.resolve(CredentialKind::DeviceCode, None, Some(&client.id)).default_seconds;
    let asked_at = moment.now.seconds();
    let kept = DeviceRequest {
        id,
        proof: made.proof,
        client: client.id.clone(),
        asked: asked.clone(),
        network: sender.network.clone(),
        asked_at,
        expires_at: asked_at.saturating_add(lives_seconds),
    };
    // Of two devices with one code, somebody would say yes to the wrong one.
    commit.premises.push(Premise::Row { table: &USER_CODE, key: vec![hash.clone()], version: None });
    let line = vec![hash, Value::Id(id.0), Value::Int(kept.expires_at)];
    Outcome::grant(Begun { device_code: made.clear, user_code, lives_seconds }, commit.put(&TABLE, kept.row()).put(&USER_CODE, line))
}

/// Somebody says no: the device is told so, once it asks.
pub fn deny(request: &DeviceRequest, session: &Session, moment: &mut Moment) -> Outcome<()> {
    let mut commit = Commit::new(moment);
    commit.id = CommitId(request.id.0);
    let denied = AuthorizationCode {
        id: request.id,
        proof: request.proof,
        client: request.client.clone(),
        person: session.person.clone(),
        session: session.id,
        sent: Sent::Denied,
        scopes: ScopesByApi::default(),
        identity: IdentityScopes::default(),
        api: userinfo::id(),
        nonce: None,
        authenticated: session.authenticated,
        consent_ends_at: request.expires_at,
        issued_at: moment.now.seconds(),
        expires_at: request.expires_at,
    };
    Outcome::grant((), commit.put(&code::TABLE, denied.row()))
}

/// The keys under which a user code may be found: one for each epoch of the root key.
pub fn keys_of<'k>(user_code: &UserCode, root_keys: &'k RootKeys) -> impl Iterator<Item = Key> + use<'k> {
    let text = user_code.to_text();
    root_keys.numbers().filter_map(move |number| {
        let hash = root_keys.epoch(number)?.hash.hash(text.expose());
        Some(vec![Value::Hash(*hash.as_bytes())])
    })
}

/// The question that a row of [`USER_CODE`] names.
///
/// # Errors
/// When the row is not one of that table.
pub fn named_by(row: &Row) -> Result<GrantId, Malformed> {
    let mut row = Reader::new(&USER_CODE, row);
    row.read(|value| Some(value.as_bytes()?.len()))?;
    row.read(|value| Some(GrantId(value.as_bytes()?.try_into().ok()?)))
}

fn hash_of(user_code: &UserCode, root_keys: &RootKeys) -> Result<Value, Refusal> {
    let keys = root_keys.current().1.ok_or_else(|| Refusal::invalid("the root key holds no epoch"))?;
    Ok(Value::Hash(*keys.hash.hash(user_code.to_text().expose()).as_bytes()))
}

/// A user code by chance: each letter as likely as the others.
fn draw(moment: &mut Moment) -> UserCode {
    const LETTERS: u8 = 20;
    loop {
        // The bytes above are left out, so that no letter comes more often: all 64 of them leave less than eight once in ten to the seventy.
        let fair = moment.draw::<64>().into_iter().filter(|byte| *byte < u8::MAX / LETTERS * LETTERS);
        let mut places = [usize::MAX; UserCode::LETTERS];
        places.iter_mut().zip(fair).for_each(|(place, byte)| *place = usize::from(byte % LETTERS));
        if let Some(code) = UserCode::of_places(places) {
            return code;
        }
    }
}

impl DeviceRequest {
    /// Whether somebody may say yes to it now, where it is known since `marks_known_from` which questions were answered, in seconds; 0: since
    /// ever.
    #[must_use]
    pub fn is_open(&self, marks_known_from: i64, now: i64) -> bool {
        let is_known = marks_known_from == 0 || self.asked_at >= marks_known_from.saturating_add(LEEWAY_SECONDS);
        is_known && now < self.expires_at
    }

    /// As a row.
    #[must_use]
    pub fn row(&self) -> Row {
        let (hash, epoch) = &self.proof;
        let scope = self.asked.scope.as_ref().map(|scope| ("scope", scope.as_str()));
        let resources = self.asked.resources.iter().map(|resource| ("resource", resource.as_str()));
        vec![
            Value::Id(self.id.0),
            Value::Hash(*hash.as_bytes()),
            Value::Int(i64::from(*epoch)),
            Value::Text(self.client.0.clone()),
            Value::text(&form::encode(scope.into_iter().chain(resources))),
            self.network.clone().map_or(Value::Null, Value::Text),
            Value::Int(self.asked_at),
            Value::Int(self.expires_at),
        ]
    }

    /// From a row.
    ///
    /// # Errors
    /// When the row is not one of this table.
    pub fn from_row(row: &Row) -> Result<DeviceRequest, Malformed> {
        let asked = |value: &Value| {
            let form = form::Form::parse_allowing(value.as_text()?.as_bytes(), jeton_oauth::token::REPEATABLE).ok()?;
            DeviceAuthorizationRequest::parse(&form).ok()
        };
        let mut row = Reader::new(&TABLE, row);
        Ok(DeviceRequest {
            id: row.read(|value| Some(GrantId(value.as_bytes()?.try_into().ok()?)))?,
            proof: (
                row.read(|value| Some(SecretHash::from_bytes(value.as_bytes()?.try_into().ok()?)))?,
                row.read(|value| u16::try_from(value.int()?).ok())?,
            ),
            client: ClientId(row.text()?),
            asked: row.read(asked)?,
            network: row.text_or_null()?,
            asked_at: row.int()?,
            expires_at: row.int()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use jeton_oauth::{Resource, ScopeSet};

    use super::*;
    use crate::moment::Time;

    fn request() -> DeviceRequest {
        DeviceRequest {
            id: GrantId([7; 16]),
            proof: (SecretHash::from_bytes([9; 32]), 1),
            client: ClientId::from("client_1"),
            asked: DeviceAuthorizationRequest {
                scope: ScopeSet::parse("a b").ok(),
                resources: vec![Resource::parse("https://orders.example?a=b&c").unwrap(), Resource::parse("urn:x").unwrap()],
            },
            network: Some("192.0.2.0/24".into()),
            asked_at: 1_000,
            expires_at: 1_600,
        }
    }

    #[test]
    fn what_is_kept_is_read_again() {
        let bare = DeviceAuthorizationRequest { scope: None, resources: vec![] };
        for kept in [request(), DeviceRequest { asked: bare, network: None, ..request() }] {
            assert_eq!(DeviceRequest::from_row(&kept.row()), Ok(kept));
        }
    }

    #[test]
    fn it_is_open_for_a_while() {
        for (known_from, now, expected) in [
            (0, 1_000, true),
            (0, 1_599, true),
            (0, 1_600, false),
            // A restored server does not know which were answered before.
            (990, 1_000, true),
            (991, 1_000, false),
        ] {
            assert_eq!(request().is_open(known_from, now), expected, "{known_from} {now}");
        }
    }

    #[test]
    fn every_letter_comes_as_often() {
        let mut moment = Moment::new(Time::from_seconds(1_000), [1; 32]);
        let mut counts = [0_u32; 256];
        for _ in 0..5_000 {
            draw(&mut moment).to_text().expose().bytes().for_each(|letter| counts[usize::from(letter)] += 1);
        }
        for letter in UserCode::ALPHABET {
            let count = counts[usize::from(*letter)];
            assert!((1_800..2_200).contains(&count), "{}: {count}", char::from(*letter));
        }
    }
}
