//! What the cases of grants know: a client that people sign in to, a grant with a family, and what is known when it is refreshed.

use jeton_core::api::Api;
use jeton_core::api_key::state::State;
use jeton_core::client::Client;
use jeton_core::commit::{Commit, Write};
use jeton_core::grant::family::Family;
use jeton_core::grant::fingerprint::Fingerprint;
use jeton_core::grant::refresh::{Facts, Refresh, Refreshed, refresh};
use jeton_core::grant::scopes::{IdentityScopes, ScopesByApi};
use jeton_core::grant::{self, Grant, Origin};
use jeton_core::id::{CredentialId, GrantId, PersonId, SessionId};
use jeton_core::moment::{Moment, Time};
use jeton_core::outcome::Outcome;
use jeton_core::policy::effective::Policies;
use jeton_core::record::Row;
use jeton_core::rights::{OwnerStanding, Rights};
use jeton_core::root_key::RootKeys;
use jeton_core::sender::Sender;
use jeton_core::session::proof::Authenticated;
use jeton_core::token::AccessToken;
use jeton_oauth::ScopeSet;
use jeton_token::{Prefix, SecretHash};

use crate::known::{NO_CUT_OFF, NOW, api, client, root_keys};

/// What stands around a grant; whoever has a case changes what it is about.
#[derive(Clone)]
pub(crate) struct Around {
    pub(crate) api: Api,
    pub(crate) asked_api: Option<Api>,
    pub(crate) client: Client,
    pub(crate) grant: Grant,
    pub(crate) is_person_active: bool,
    pub(crate) rights: Rights,
    pub(crate) ended_before_seconds: i64,
    pub(crate) api_ended_before_seconds: i64,
    pub(crate) reauthenticated_at: i64,
    pub(crate) last: Option<AccessToken>,
    pub(crate) window_seconds: i64,
    pub(crate) known_from_seconds: i64,
    pub(crate) scope: Option<ScopeSet>,
    pub(crate) policies: Policies,
    pub(crate) root_keys: RootKeys,
}

/// Whoever has the refresh tokens.
pub(crate) fn owner() -> Sender {
    Sender::of(Some("192.0.2.7".parse().unwrap()), Some("app/3.1"))
}

/// Somebody else.
pub(crate) fn thief() -> Sender {
    Sender::of(Some("203.0.113.9".parse().unwrap()), Some("curl/8"))
}

pub(crate) fn application(api: &Api, authentication: &str) -> Client {
    client(&[api], |request| {
        request.grant_types = vec!["authorization_code".into(), "refresh_token".into()];
        request.authentication = Some(authentication.into());
        request.redirect_uris = vec!["https://app.example/callback".into()];
    })
}

impl Around {
    pub(crate) fn new() -> Around {
        let api = api("orders");
        let client = application(&api, "none");
        let (salt, first) = ([9; 32], CredentialId([1; 16]));
        let moment = Moment::new(Time::from_seconds(NOW), [1; 32]);
        let fingerprint = Fingerprint::of(&client.id, "openid read write", &api.id, None);
        let grant = Grant {
            id: GrantId([7; 16]),
            person: PersonId::from("user_1"),
            client: client.id.clone(),
            session: Some(SessionId([6; 16])),
            origin: Origin::Code,
            scopes: ScopesByApi::parse(&format!(r#"{{"{}":"read write"}}"#, api.id)).unwrap(),
            identity: IdentityScopes::parse("openid").unwrap(),
            api: api.id.clone(),
            redirect_host: Some("app.example".into()),
            proof: Authenticated::by_password(NOW - 5),
            created_at: NOW,
            expires_at: NOW + 90 * 86_400,
            state: State::Active,
            family: Some(Family::begin(3, salt, first, fingerprint, owner(), &moment)),
        };
        Around {
            rights: Rights { scopes: api.scope_set(), standing: OwnerStanding::Stands },
            asked_api: Some(api.clone()),
            api,
            client,
            grant,
            is_person_active: true,
            ended_before_seconds: NO_CUT_OFF,
            api_ended_before_seconds: NO_CUT_OFF,
            reauthenticated_at: NOW - 5,
            last: None,
            window_seconds: 30,
            known_from_seconds: 0,
            scope: None,
            policies: Policies::default(),
            root_keys: root_keys(),
        }
    }

    pub(crate) fn family(&mut self) -> &mut Family {
        self.grant.family.as_mut().unwrap()
    }

    /// What refreshing with the token of this number comes to, by this sender at this second.
    pub(crate) fn refresh(&self, generation: u32, sender: &Sender, moment: &mut Moment) -> Outcome<Refreshed> {
        let prefix = Prefix::default();
        let facts = Facts {
            grant: &self.grant,
            family: self.grant.family.as_ref().unwrap(),
            client: &self.client,
            api: self.asked_api.as_ref(),
            is_person_active: self.is_person_active,
            rights: &self.rights,
            ended_before_seconds: self.ended_before_seconds,
            api_ended_before_seconds: self.api_ended_before_seconds,
            reauthenticated_at: self.reauthenticated_at,
            reauthentication_seconds: 30 * 86_400,
            last: self.last.as_ref(),
            policies: &self.policies,
            window_seconds: self.window_seconds,
            not_before_seconds: NO_CUT_OFF,
            known_from_seconds: self.known_from_seconds,
            prefix: &prefix,
            root_keys: &self.root_keys,
        };
        refresh(&facts, &Refresh { generation, scope: self.scope.as_ref(), confirmation: None, sender }, moment)
    }

    /// Follows what a commit wrote.
    pub(crate) fn apply(&mut self, commit: &Commit) {
        if let Some(grant) = put(commit) {
            self.grant = grant;
        }
        for write in &commit.writes {
            if let Write::Put { table, row } = write
                && table.name == "access_token"
            {
                self.keep(row);
            }
        }
    }

    /// The access token of the current generation stands.
    fn keep(&mut self, row: &Row) {
        let token = AccessToken::from_row(row).unwrap();
        if self.grant.family.as_ref().is_some_and(|family| family.token == token.id) {
            self.last = Some(token);
        }
    }
}

/// The grant that a commit puts.
pub(crate) fn put(commit: &Commit) -> Option<Grant> {
    commit.writes.iter().find_map(|write| match write {
        Write::Put { table, row } if **table == grant::TABLE => Some(Grant::from_row(row).unwrap()),
        _ => None,
    })
}

/// A keyed hash that nothing has.
pub(crate) fn no_hash() -> (SecretHash, u16) {
    (SecretHash::from_bytes([0; 32]), 3)
}
