//! What clients and administrators happen to ask for.

use jeton_core::event::CutOffSubject;
use jeton_core::moment::Time;
use jeton_service::revoke::TokenChange;

use crate::request::Request;
use crate::world::{AUDIENCES, World};

/// Kinds of wishes, with how often each comes.
const WISHES: [(u64, Wish); 12] = [
    (30, Wish::Issue),
    (14, Wish::Introspect),
    (14, Wish::Revoke),
    (8, Wish::Suspend),
    (8, Wish::Resume),
    (5, Wish::CutOff),
    (3, Wish::Api),
    (4, Wish::Client),
    (2, Wish::Lifetime),
    (2, Wish::Secret),
    (2, Wish::RotateKey),
    (1, Wish::RevokeKey),
];

#[derive(Clone, Copy)]
enum Wish {
    Issue,
    Introspect,
    Revoke,
    Suspend,
    Resume,
    CutOff,
    Api,
    Client,
    Lifetime,
    Secret,
    RotateKey,
    RevokeKey,
}

impl World {
    /// Asks for something.
    pub(crate) fn wish(&mut self) {
        if !self.is_set_up {
            if self.pending.is_empty() {
                let accepts_clock = self.accepts_clock;
                self.ask(Request::SetUp { accepts_clock });
            }
            return;
        }
        let request = if self.apis.iter().filter(|api| !api.may_be_gone).count() < 2 {
            Some(self.new_api())
        } else if self.clients.iter().filter(|client| !client.may_be_gone).count() < 3 {
            self.new_client()
        } else {
            let wish = self.chance.weighted(&WISHES).unwrap_or(Wish::Issue);
            self.fulfil(wish)
        };
        if let Some(request) = request {
            self.mark(&request);
            self.ask(request);
        }
    }

    fn fulfil(&mut self, wish: Wish) -> Option<Request> {
        match wish {
            Wish::Issue => {
                let client = self.some_client()?;
                let (by, api) = self.clients.get(client).map(|client| (client.credentials.clone(), client.api))?;
                Some(Request::Issue { by, audience: self.apis.get(api)?.audience.clone() })
            }
            Wish::Introspect => {
                let (client, token) = (self.some_client()?, self.some_token()?);
                Some(Request::Introspect { by: self.clients.get(client)?.credentials.clone(), text: self.tokens.get(token)?.text.clone() })
            }
            Wish::Revoke => self.revocation(),
            Wish::Suspend | Wish::Resume => {
                let change = if matches!(wish, Wish::Suspend) { TokenChange::Suspend } else { TokenChange::Resume };
                let place = self.some_token()?;
                Some(Request::ChangeById { id: self.tokens.get(place)?.kept().id, change })
            }
            Wish::CutOff => self.cut_off(),
            Wish::Api => {
                let gone = self.chance.place(self.apis.len())?;
                if self.chance.below(3) > 0 {
                    Some(self.new_api())
                } else {
                    Some(Request::DeleteApi { api: self.apis.get(gone)?.id.clone() })
                }
            }
            Wish::Client => {
                let client = self.some_client()?;
                let client = self.clients.get(client)?.credentials.client.clone();
                if self.chance.once_in(2) { self.new_client() } else { Some(Request::DeleteClient { client }) }
            }
            Wish::Lifetime => {
                let place = self.chance.place(self.apis.len())?;
                let lifetime_seconds = self.some_lifetime();
                Some(Request::ChangeLifetime { api: self.apis.get(place)?.id.clone(), lifetime_seconds })
            }
            Wish::Secret => {
                let client = self.some_client()?;
                Some(Request::CreateSecret { client: self.clients.get(client)?.credentials.client.clone() })
            }
            Wish::RotateKey => Some(Request::RotateKey),
            Wish::RevokeKey => {
                let place = self.some_token()?;
                Some(Request::RevokeKey { key: self.tokens.get(place)?.proven.signing_key.as_deref()?.to_owned() })
            }
        }
    }

    fn revocation(&mut self) -> Option<Request> {
        let place = self.some_token()?;
        let token = self.tokens.get(place)?;
        let holder = self.clients.iter().find(|client| client.credentials.client == token.kept().client.as_str())?;
        let (by, text, id) = (holder.credentials.clone(), token.text.clone(), token.kept().id);
        Some(match self.chance.below(3) {
            0 => Request::RevokeOwn { by, text },
            1 => Request::ChangeById { id, change: TokenChange::Revoke },
            _ => Request::ChangeByText { text, change: TokenChange::Revoke },
        })
    }

    fn cut_off(&mut self) -> Option<Request> {
        let client = self.some_client()?;
        let client = self.clients.get(client)?.credentials.client.clone();
        let api = *self.chance.pick(&AUDIENCES)?;
        let before = self.chance.once_in(4).then(|| Time::from_seconds(self.server.clock.now().seconds() - 30));
        Some(match self.chance.below(5) {
            0 => Request::CutOff { subject: CutOffSubject::Everything, name: String::new(), before },
            1 | 2 => Request::CutOff { subject: CutOffSubject::Api, name: api.to_owned(), before },
            _ => Request::CutOff { subject: CutOffSubject::Client, name: client, before },
        })
    }

    fn new_api(&mut self) -> Request {
        let is_taken = |audience: &&str| self.apis.iter().any(|api| !api.may_be_gone && api.audience == **audience);
        let free: Vec<&str> = AUDIENCES.iter().copied().filter(|audience| !is_taken(audience)).collect();
        let audience = self.chance.pick(&free).or(AUDIENCES.first()).copied().unwrap_or_default().to_owned();
        Request::CreateApi { audience, is_opaque: self.chance.once_in(3), lifetime_seconds: self.some_lifetime() }
    }

    fn new_client(&mut self) -> Option<Request> {
        let living: Vec<String> = self.apis.iter().filter(|api| !api.may_be_gone).map(|api| api.id.clone()).collect();
        let api = self.chance.pick(&living)?.clone();
        Some(Request::CreateClient { name: format!("client {}", self.chance.below(12)), apis: vec![api] })
    }

    fn some_lifetime(&mut self) -> i64 {
        self.chance.pick(&[60, 600, 3_600, 86_400]).copied().unwrap_or(3_600)
    }

    fn some_client(&mut self) -> Option<usize> {
        let living: Vec<usize> =
            self.clients.iter().enumerate().filter(|(_, client)| !client.may_be_gone).map(|(place, _)| place).collect();
        self.chance.pick(&living).copied()
    }

    /// Young ones more often: the old have mostly expired.
    fn some_token(&mut self) -> Option<usize> {
        let count = self.tokens.len();
        let among = if self.chance.once_in(3) { count } else { count.min(12) };
        let back = self.chance.place(among)?;
        count.checked_sub(back + 1)
    }

    /// What is no longer certain once it was asked for.
    fn mark(&mut self, request: &Request) {
        match request {
            Request::ChangeById { id, change: TokenChange::Resume } => {
                for token in self.tokens.iter_mut().filter(|token| token.kept().id == *id) {
                    (token.is_suspended, token.resume_asked_at) = (false, Some(self.step));
                }
            }
            Request::ChangeLifetime { api, lifetime_seconds } => {
                for known in self.apis.iter_mut().filter(|known| known.id == *api) {
                    known.shortest_lifetime_seconds = known.shortest_lifetime_seconds.min(*lifetime_seconds);
                }
            }
            Request::DeleteApi { api } => {
                self.apis.iter_mut().filter(|known| known.id == *api).for_each(|known| known.may_be_gone = true);
            }
            Request::DeleteClient { client } => {
                self.clients.iter_mut().filter(|known| known.credentials.client == *client).for_each(|known| known.may_be_gone = true);
            }
            _ => {}
        }
    }
}
