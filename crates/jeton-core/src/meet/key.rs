//! Keys and secrets: what both rows of one allow.

use super::met::{Met, least};
use crate::api_key::secret::KeptSecret;
use crate::api_key::state::State;
use crate::api_key::uses::Uses;
use crate::api_key::{ApiKey, Repeat};
use crate::client::secret::ClientSecret;
use crate::rate::RateLimit;
use crate::record::{Malformed, Row};

/// A key. What it is called stays as it was. Where it went to somebody else, or no address is in the networks of both, it is stopped.
pub(super) fn api_key(then: &Row, later: &Row) -> Result<Met, Malformed> {
    let (then, later) = (ApiKey::from_row(then)?, ApiKey::from_row(later)?);
    let networks = then.networks.both(&later.networks);
    let whose = |key: &ApiKey| (key.owner.clone(), key.client.clone(), key.api.clone(), key.kind, key.environment);
    let is_stopped = networks.is_none() || whose(&then) != whose(&later);
    let mut met = ApiKey {
        scopes: then.scopes.intersection(&later.scopes),
        networks: networks.unwrap_or_else(|| then.networks.clone()),
        rate: rate(then.rate, later.rate),
        max_uses: least(then.max_uses, later.max_uses),
        state: stricter(&then.state, &later.state),
        active_since: then.active_since.min(later.active_since),
        lifetime_seconds: then.lifetime_seconds.min(later.lifetime_seconds),
        current: still(&then.current, &later),
        previous: then.previous.as_ref().filter(|secret| is_in(secret, &later)).map(|secret| still(secret, &later)),
        generation: then.generation.max(later.generation),
        repeat: repeat(&then, &later),
        answers_from: then.answers_from.max(later.answers_from),
        ..then.clone()
    };
    if met != then {
        met.updated_at = then.updated_at.max(later.updated_at);
    }
    Ok(Met { row: met.row(), is_stopped })
}

fn slots(key: &ApiKey) -> impl Iterator<Item = &KeptSecret> {
    [Some(&key.current), key.previous.as_ref()].into_iter().flatten()
}

fn is_in(secret: &KeptSecret, key: &ApiKey) -> bool {
    slots(key).any(|other| other.hash == secret.hash)
}

/// A secret ends where it ended later; one that was gone by then ended when another took its place.
fn still(secret: &KeptSecret, later: &ApiKey) -> KeptSecret {
    let ends_at = slots(later).find(|other| other.hash == secret.hash).map_or(later.current.created_at, |other| other.expires_at);
    secret.clone().ended(ends_at)
}

fn repeat(then: &ApiKey, later: &ApiKey) -> Option<Repeat> {
    let (then, later) = (then.repeat.as_ref()?, later.repeat.as_ref()?);
    (then.salt == later.salt).then(|| Repeat { until: then.until.min(later.until), ..later.clone() })
}

/// As few as the lesser, over as long as the longer.
fn rate(then: Option<RateLimit>, later: Option<RateLimit>) -> Option<RateLimit> {
    let (Some(one), Some(other)) = (then, later) else { return then.or(later) };
    let count = one.count().min(other.count());
    // Both are within bounds, so this is too.
    RateLimit::new(count.into(), one.period_seconds().max(other.period_seconds()).into()).ok().or(then)
}

/// Of two states, the one that refuses more; of two alike, the later: words may have been taken out of it.
pub(super) fn stricter(then: &State, later: &State) -> State {
    let rank = |state: &State| match state {
        State::Active => 0,
        State::Suspended(_) => 1,
        State::Revoked(_) => 2,
    };
    if rank(later) >= rank(then) { later.clone() } else { then.clone() }
}

/// A client's secret.
pub(super) fn client_secret(then: &Row, later: &Row) -> Result<Met, Malformed> {
    let (then, later) = (ClientSecret::from_row(then)?, ClientSecret::from_row(later)?);
    let is_same = then.hash == later.hash;
    let met = ClientSecret {
        expires_at: if is_same { then.expires_at.min(later.expires_at) } else { then.expires_at.min(then.created_at) },
        state: stricter(&then.state, &later.state),
        active_since: then.active_since.min(later.active_since),
        ..then
    };
    Ok(Met::of(met.row()))
}

/// The uses that were handed out.
pub(super) fn uses(then: &Row, later: &Row) -> Result<Met, Malformed> {
    let (then, later) = (Uses::from_row(then)?, Uses::from_row(later)?);
    Ok(Met::of(Uses { leased: then.leased.max(later.leased), ..then }.row()))
}

#[cfg(test)]
mod tests {
    use jeton_oauth::scope::ScopeSet;
    use jeton_token::{Environment, SecretHash};

    use super::*;
    use crate::api_key::ApiKeyKind;
    use crate::api_key::metadata::Metadata;
    use crate::api_key::state::Ended;
    use crate::id::{Actor, ApiId, ApiKeyId};
    use crate::moment::{Moment, Time};
    use crate::network::Networks;
    use crate::owner::Owner;
    use crate::why::Why;

    /// Chance that is the same each time.
    struct Dice(Moment);

    impl Dice {
        fn below(&mut self, sides: u8) -> u8 {
            let [drawn] = self.0.draw();
            drawn % sides
        }

        fn of<'t>(&mut self, all: &[&'t str]) -> Vec<&'t str> {
            all.iter().copied().filter(|_| self.below(2) == 0).collect()
        }

        fn secret(&mut self) -> KeptSecret {
            let number = self.below(3);
            let expires_at = 100 + i64::from(self.below(50));
            KeptSecret { hash: SecretHash::from_bytes([number; 32]), epoch: 1, created_at: i64::from(number), expires_at }
        }

        fn state(&mut self) -> State {
            let ended = Ended { at: 5, by: Actor::from("unix:0"), why: Why::Leaked.into() };
            match self.below(6) {
                0 => State::Revoked(ended),
                1 => State::Suspended(ended),
                _ => State::Active,
            }
        }

        fn key(&mut self) -> ApiKey {
            let scopes = self.of(&["a", "b", "c", "d"]).join(" ");
            let (current, previous) = (self.secret(), self.secret());
            let previous = Some(previous).filter(|previous| previous.hash != current.hash);
            let networks = self.of(&["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32", "192.168.0.0/16", "2001:db8::/32"]);
            ApiKey {
                id: ApiKeyId([7; 16]),
                kind: ApiKeyKind::Key,
                environment: Environment::Live,
                owner: Owner::External(["acme", "acme", "acme", "thief"][usize::from(self.below(4))].into()),
                client: None,
                api: ApiId::from("api"),
                scopes: crate::api::parse_scope_list(&scopes).unwrap(),
                name: "name".into(),
                note: None,
                metadata: Metadata::default(),
                networks: Networks::parse(networks).unwrap(),
                rate: (self.below(2) == 0).then(|| RateLimit::new(1 + i64::from(self.below(9)), 1 + i64::from(self.below(9))).unwrap()),
                max_uses: (self.below(2) == 0).then(|| i64::from(self.below(9))),
                state: self.state(),
                created_at: 0,
                created_by: Actor::from("unix:0"),
                updated_at: i64::from(self.below(9)),
                active_since: i64::from(self.below(9)),
                lifetime_seconds: i64::from(self.below(9)),
                current,
                previous,
                generation: i64::from(self.below(3)),
                repeat: None,
                is_imported: false,
                answers_from: i64::from(self.below(9)),
            }
        }
    }

    /// Until when a secret of this hash is accepted.
    fn accepted_until(key: &ApiKey, number: u8) -> i64 {
        let hash = SecretHash::from_bytes([number; 32]);
        slots(key).filter(|secret| secret.hash == hash).map(|secret| secret.expires_at).max().unwrap_or(0)
    }

    #[track_caller]
    fn allows_no_more(met: &ApiKey, other: &ApiKey) {
        assert!(met.scopes.is_subset(&other.scopes));
        assert!(met.networks.are_within(&other.networks), "{} {}", met.networks, other.networks);
        if let Some(limit) = other.rate {
            assert!(met.rate.unwrap().is_within(limit));
        }
        assert!(other.max_uses.is_none_or(|most| met.max_uses.unwrap() <= most));
        assert!(matches!(met.state, State::Revoked(_)) || !matches!(other.state, State::Revoked(_)));
        assert!(met.state != State::Active || other.state == State::Active);
        assert_eq!((&met.owner, &met.api), (&other.owner, &other.api));
        assert!(met.active_since <= other.active_since && met.answers_from >= other.answers_from);
    }

    #[test]
    fn a_key_allows_nothing_that_it_did_not_both_then_and_later() {
        let mut dice = Dice(Moment::new(Time::EPOCH, [3; 32]));
        let mut stopped = 0;
        for _ in 0..5_000 {
            let (then, later) = (dice.key(), dice.key());
            let Met { row, is_stopped } = api_key(&then.row(), &later.row()).unwrap();
            let met = ApiKey::from_row(&row).unwrap();
            for number in 0..3 {
                let most = accepted_until(&then, number);
                let later_end = accepted_until(&later, number).max(later.current.created_at);
                assert!(accepted_until(&met, number) <= most.min(later_end), "{then:?} {later:?} {met:?}");
            }
            if is_stopped {
                stopped += 1;
            } else {
                allows_no_more(&met, &then);
                allows_no_more(&met, &later);
            }
            let again = api_key(&row, &later.row()).unwrap();
            assert_eq!((again.row, again.is_stopped), (row.clone(), is_stopped), "once more changes nothing");
            assert_eq!(api_key(&row, &row).unwrap(), Met::of(row));
        }
        assert!((1_000..4_000).contains(&stopped), "{stopped}");
    }

    #[test]
    fn what_was_widened_and_then_narrowed_is_neither() {
        let mut dice = Dice(Moment::new(Time::EPOCH, [4; 32]));
        let scopes = |text: &str| ScopeSet::parse(text).unwrap();
        let then = ApiKey { scopes: scopes("r"), networks: Networks::default(), ..dice.key() };
        let within = Networks::parse(["10.0.0.0/8"]).unwrap();
        let later = ApiKey { scopes: scopes("r w"), networks: within.clone(), ..then.clone() };
        let met = api_key(&then.row(), &later.row()).unwrap();
        assert_eq!(met, Met::of(ApiKey { networks: within, ..then }.row()));
    }
}
