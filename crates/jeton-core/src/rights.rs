//! What an owner may do at an API now: a key never does more.

use jeton_oauth::scope::ScopeSet;

use crate::api::Api;
use crate::client::Client;

/// The rights of an owner at one API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    /// The scopes it may have there.
    pub scopes: ScopeSet,
    /// How it stands.
    pub standing: OwnerStanding,
}

/// How an owner stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerStanding {
    /// It may have keys, and use them.
    Stands,
    /// It is disabled: what is its own is refused for now.
    Disabled,
    /// It, or what it asks for, is suspended: what is its own is refused for now.
    Suspended,
    /// It may not ask for this API now: what is its own there is refused for now.
    NoAccess,
    /// It is gone: what is its own is refused for ever.
    Gone,
}

impl Rights {
    /// Those of a client: its scopes, where it may ask for that API. An API that is taken from it may be given back.
    #[must_use]
    pub fn of_client(client: Option<&Client>, api: &Api) -> Rights {
        let nothing = |standing| Rights { scopes: ScopeSet::empty(), standing };
        match client {
            Some(client) if client.apis.contains(&api.id) => {
                Rights { scopes: client.scopes.intersection(&api.scope_set()), standing: OwnerStanding::Stands }
            }
            Some(_) => nothing(OwnerStanding::NoAccess),
            None => nothing(OwnerStanding::Gone),
        }
    }

    /// Those of somebody outside: what the client may have that hands out the key; where an administrator does, all that the API knows.
    #[must_use]
    pub fn of_external(api: &Api, handed_out_by: Option<&Client>) -> Rights {
        match handed_out_by {
            Some(client) => Rights::of_client(Some(client), api),
            None => Rights { scopes: api.scope_set(), standing: OwnerStanding::Stands },
        }
    }
}

/// What is granted: what is requested and the API knows and the client may have and the owner may have and was consented to. Without a
/// client, or where nobody is asked for consent, that part takes nothing away. An owner that does not stand may have nothing.
#[must_use]
pub fn granted(requested: &ScopeSet, api: &ScopeSet, client: Option<&ScopeSet>, owner: &Rights, consent: Option<&ScopeSet>) -> ScopeSet {
    if owner.standing != OwnerStanding::Stands {
        return ScopeSet::empty();
    }
    let always = requested.intersection(api).intersection(&owner.scopes);
    [client, consent].into_iter().flatten().fold(always, |granted, part| granted.intersection(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::{Moment, Time};

    /// A random part of eight names.
    fn draw(moment: &mut Moment) -> ScopeSet {
        let [bits] = moment.draw::<1>();
        let names: Vec<String> = (0..8).filter(|bit| bits & (1 << bit) != 0).map(|bit| format!("scope:{bit}")).collect();
        ScopeSet::parse(&names.join(" ")).unwrap()
    }

    #[test]
    fn granted_is_what_every_part_allows_and_nothing_else() {
        let mut moment = Moment::new(Time::EPOCH, [21; 32]);
        for round in 0..5_000 {
            let [requested, api, client, owner, consent] = [(); 5].map(|()| draw(&mut moment));
            let [choice] = moment.draw::<1>();
            let standing = match choice % 8 {
                0 => OwnerStanding::Disabled,
                1 => OwnerStanding::Gone,
                2 => OwnerStanding::NoAccess,
                _ => OwnerStanding::Stands,
            };
            let client = (choice & 64 != 0).then_some(client);
            let consent = (choice & 128 != 0).then_some(consent);
            let rights = Rights { scopes: owner.clone(), standing };
            let granted = granted(&requested, &api, client.as_ref(), &rights, consent.as_ref());
            for bit in 0..8 {
                let name = format!("scope:{bit}");
                let has = |set: &ScopeSet| set.contains(&name);
                let expected = standing == OwnerStanding::Stands
                    && [&requested, &api, &owner].into_iter().all(has)
                    && [&client, &consent].into_iter().flatten().all(has);
                assert_eq!(has(&granted), expected, "round {round}, {name}: {requested} {api} {client:?} {rights:?} {consent:?}");
            }
        }
    }
}
