//! A refresh family: the refresh tokens that came out of one grant, of which the last is current. Each is derived from the family's salt and
//! its own number, so that the same one can be told again and an old one is known for what it is, while none is kept.

use jeton_token::{ClearToken, Environment, Kind, Label, Prefix, Token, TokenId};

use crate::grant::fingerprint::Fingerprint;
use crate::id::{CredentialId, GrantId};
use crate::moment::Moment;
use crate::record::{Malformed, Reader, Value};
use crate::root_key::{EpochKeys, RootKeys};
use crate::sender::Sender;

/// A refresh family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// The number of the current refresh token: the first is 1.
    pub generation: u32,
    /// The epoch of the root key that the current one is derived under.
    pub epoch: u16,
    /// What all of them are derived from.
    pub salt: [u8; 32],
    /// When those before the current one were spent.
    pub spent: Spent,
    /// The access token of the current generation.
    pub token: CredentialId,
    /// What that was asked for.
    pub fingerprint: Fingerprint,
    /// When the current one was made, in seconds.
    pub rotated_at: i64,
    /// When a reply that was lost was told again after its window, in seconds.
    pub recovered_at: Option<i64>,
    /// Who spent the one before: a lost reply is told again to nobody else.
    pub sender: Sender,
}

/// When the generations before the current one were spent, the latest first, in seconds; 0: none was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent([u32; Spent::KEPT]);

impl Spent {
    /// How many are remembered: as many rotate in one window.
    pub const KEPT: usize = 8;

    /// When the one so many before the latest was spent, in seconds; `None`: nobody remembers.
    #[must_use]
    pub fn at(&self, place: usize) -> Option<i64> {
        self.0.get(place).filter(|at| **at != 0).map(|at| i64::from(*at))
    }

    /// Whether the oldest was spent within a window that is not over: one more would be forgotten too early.
    #[must_use]
    pub fn is_full(&self, window_seconds: i64, at: i64) -> bool {
        self.at(Spent::KEPT - 1).is_some_and(|spent| spent.saturating_add(window_seconds) > at)
    }

    /// With one more.
    #[must_use]
    pub fn with(self, at: i64) -> Spent {
        let mut ring = [0; Spent::KEPT];
        let latest = u32::try_from(at).unwrap_or(u32::MAX);
        ring.iter_mut().zip([latest].into_iter().chain(self.0)).for_each(|(to, from)| *to = from);
        Spent(ring)
    }

    fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(self.0.iter().flat_map(|at| at.to_be_bytes())).for_each(|(to, from)| *to = from);
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Spent> {
        let bytes: &[u8; 32] = bytes.try_into().ok()?;
        let mut ring = [0; Spent::KEPT];
        for (to, from) in ring.iter_mut().zip(bytes.as_chunks::<4>().0) {
            *to = u32::from_be_bytes(*from);
        }
        Some(Spent(ring))
    }
}

impl Family {
    /// The first of a grant: its refresh token has the number 1.
    #[must_use]
    pub fn begin(epoch: u16, salt: [u8; 32], token: CredentialId, fingerprint: Fingerprint, sender: Sender, moment: &Moment) -> Family {
        Family {
            generation: 1,
            epoch,
            salt,
            spent: Spent::default(),
            token,
            fingerprint,
            rotated_at: moment.now.seconds(),
            recovered_at: None,
            sender,
        }
    }

    /// The text of the current refresh token; `None`: the root key lacks its epoch.
    #[must_use]
    pub fn current(&self, grant: GrantId, prefix: Prefix, root_keys: &RootKeys) -> Option<ClearToken> {
        let keys = root_keys.epoch(self.epoch)?;
        let label =
            Label { prefix, environment: Environment::Live, kind: Kind::RefreshToken, epoch: self.epoch, id: TokenId::from_bytes(grant.0) };
        Some(label.mint_counted(self.generation, &self.secret(grant, self.generation, keys), &keys.check))
    }

    /// The number of a refresh token that was made here for this grant; `None`: it was not. A current one of another epoch than the family
    /// says was not either.
    #[must_use]
    pub fn generation_of(&self, grant: GrantId, presented: &Token, root_keys: &RootKeys) -> Option<u32> {
        let generation = presented.counter().filter(|generation| *generation > 0)?;
        let keys = root_keys.epoch(presented.epoch())?;
        let is_it = presented.id().to_bytes() == grant.0 && presented.secret_matches(&self.secret(grant, generation, keys));
        (is_it && (generation != self.generation || presented.epoch() == self.epoch)).then_some(generation)
    }

    fn secret(&self, grant: GrantId, generation: u32, keys: &EpochKeys) -> [u8; 16] {
        keys.derive_id(&format!("refresh_token {grant} {generation}"), &self.salt)
    }

    /// As the columns from `generation` on, all null without a family.
    pub(crate) fn values(family: Option<&Family>) -> [Value; 10] {
        let Some(family) = family else { return [const { Value::Null }; 10] };
        let text = |text: &Option<std::sync::Arc<str>>| text.clone().map_or(Value::Null, Value::Text);
        [
            Value::Int(i64::from(family.generation)),
            Value::Int(i64::from(family.epoch)),
            Value::Hash(family.salt),
            Value::Hash(family.spent.to_bytes()),
            Value::Id(family.token.0),
            Value::Id(family.fingerprint.0),
            Value::Int(family.rotated_at),
            family.recovered_at.map_or(Value::Null, Value::Int),
            text(&family.sender.network),
            text(&family.sender.agent),
        ]
    }

    /// From those columns.
    pub(crate) fn read(row: &mut Reader<'_>) -> Result<Option<Family>, Malformed> {
        let Some(generation) = row.int_or_null()? else { return Ok(None) };
        let number = |value: &Value| u16::try_from(value.int()?).ok();
        Ok(Some(Family {
            generation: u32::try_from(generation).map_err(|_| Malformed { table: "grant", column: "generation" })?,
            epoch: row.read(number)?,
            salt: row.read(|value| value.as_bytes()?.try_into().ok())?,
            spent: row.read(|value| Spent::from_bytes(value.as_bytes()?))?,
            token: row.read(|value| Some(CredentialId(value.as_bytes()?.try_into().ok()?)))?,
            fingerprint: row.read(|value| Some(Fingerprint(value.as_bytes()?.try_into().ok()?)))?,
            rotated_at: row.int()?,
            recovered_at: row.int_or_null()?,
            sender: Sender { network: row.text_or_null()?, agent: row.text_or_null()? },
        }))
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::moment::Time;

    fn family() -> Family {
        let moment = Moment::new(Time::from_seconds(1_000), [1; 32]);
        Family::begin(3, [1; 32], CredentialId([4; 16]), Fingerprint([5; 16]), Sender::default(), &moment)
    }

    fn root_keys(epochs: &[u16]) -> RootKeys {
        RootKeys::new(epochs.iter().map(|epoch| (*epoch, Zeroizing::new([u8::try_from(*epoch).unwrap(); 32])))).unwrap()
    }

    #[test]
    fn a_refresh_token_is_told_again_and_known_by_its_number() {
        let (grant, prefix, keys, first) = (GrantId([7; 16]), Prefix::default(), root_keys(&[3, 4]), family());
        let second = Family { generation: 2, epoch: 4, ..first.clone() };
        let text = |family: &Family| family.current(grant, prefix, &keys).unwrap();
        assert_eq!(text(&first).expose(), text(&first).expose());
        assert_ne!(text(&first).expose(), text(&second).expose());
        let presented = |family: &Family| Token::parse(text(family).expose(), &prefix).unwrap();
        assert_eq!(second.generation_of(grant, &presented(&first), &keys), Some(1));
        assert_eq!(second.generation_of(grant, &presented(&second), &keys), Some(2));
        assert_eq!(first.generation_of(grant, &presented(&second), &keys), Some(2), "one that is ahead was made here too");
        // Of another grant, of another salt, under a root key that lacks the epoch, or current under an older epoch.
        assert_eq!(second.generation_of(GrantId([8; 16]), &presented(&second), &keys), None);
        assert_eq!(Family { salt: [9; 32], ..second.clone() }.generation_of(grant, &presented(&second), &keys), None);
        assert_eq!(second.generation_of(grant, &presented(&second), &root_keys(&[3])), None);
        assert_eq!(Family { epoch: 4, ..first.clone() }.generation_of(grant, &presented(&first), &keys), None);
    }

    #[test]
    fn the_last_eight_are_remembered() {
        let spent = (1..=9).fold(Spent::default(), |spent, at| spent.with(1_000 + at));
        assert_eq!((spent.at(0), spent.at(7), spent.at(8)), (Some(1_009), Some(1_002), None));
        assert_eq!(Spent::from_bytes(&spent.to_bytes()), Some(spent));
        assert!(spent.is_full(30, 1_031) && !spent.is_full(30, 1_032) && !spent.is_full(0, 1_002));
        assert_eq!(Spent::default().at(0), None);
    }
}
