//! A thief who comes after a time that is restored later: with an administrator's rights they widen, replace keys and rotate what they stole.
//! Nothing that they get by it is accepted by what is restored.

use std::sync::Arc;

use http::Method;
use jeton_core::gap::Known;
use jeton_core::moment::Time;
use jeton_jose::Algorithm;
use jeton_jose::jwk::SigningKey;
use jeton_service::failure::Failure;
use jeton_testkit::world::World;
use jeton_testkit::world::assertion::Assertion;
use jeton_testkit::world::manage::{administrator, jwks_of};
use jeton_testkit::world::people::PASSWORD;
use jeton_testkit::world::registered::Registered;
use jeton_token::Secret;
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::history::{GROUP, History, ORDERS, PEOPLE, ROLES};
use crate::identities::connects;
use crate::kept::{Engine, Kept, Loss};
use crate::tokens::signing_in;
use crate::visits::{begin, code, exchange, is_live, proves};
use crate::ways::id_of;

/// What a thief has that nobody had before.
#[derive(Clone)]
pub(crate) enum Loot {
    Key(String),
    Secret(Registered),
    Token(String),
    Administrator(String),
    /// A client that is taken for the thief by a key of theirs.
    Signer(Registered),
    /// Somebody's password, by their username.
    Password(String, String),
    Session(String),
    /// A refresh token, of an application.
    Refresh(String, Secret),
    /// What a provider calls the thief, who is somebody here by it.
    Identity(String, String),
    /// A link by which somebody's password is set.
    Link(String),
}

impl History {
    /// Does something that a thief would, and keeps what they get by it.
    pub(crate) async fn steal(&mut self) {
        self.made += 1;
        let loot = match self.below(18) {
            0 | 1 => self.rotate_stolen_key().await,
            2 => self.make_secret_of_thief().await,
            3 => self.replace_keys().await,
            4 => self.make_key_of_thief().await,
            5 => self.make_administrator_of_thief().await,
            6 | 7 => self.get_token_of_thief().await,
            8..=10 => self.visit_of_thief().await,
            11 | 12 => self.connect_thief().await,
            13 => self.make_link().await.map(Loot::Link),
            _ => {
                self.widen().await;
                None
            }
        };
        self.loot.extend(loot);
    }

    async fn rotate_stolen_key(&mut self) -> Option<Loot> {
        let id = self.some_key()?;
        let body = json!({"overlap_seconds": self.one_of(&[0, 60, 86_400]).unwrap()});
        let rotated = if self.is_once_in(2) {
            self.tries(Method::POST, &format!("/keys/{id}/rotate"), Some(body)).await?
        } else {
            // The text alone does.
            let bearer = format!("Bearer {}", self.texts[&id].last().unwrap());
            let answer = self.world.manage(Some(&bearer), Method::POST, "/keys/self/rotate", Some(&body)).await;
            if answer.status == 200 { answer.json() } else { return None }
        };
        Some(Loot::Key(rotated["key"].as_str().unwrap().to_owned()))
    }

    fn some_client(&mut self) -> Option<String> {
        let ids: Vec<String> = self.clients.keys().cloned().collect();
        self.one_of(&ids)
    }

    async fn make_secret_of_thief(&mut self) -> Option<Loot> {
        let id = self.some_client()?;
        let body = if self.is_once_in(2) { json!({"overlap_seconds": 0}) } else { json!({}) };
        let made = self.tries(Method::POST, &format!("/clients/{id}/secrets"), Some(body)).await?;
        Some(Loot::Secret(Registered { id, secret: made["client_secret"].as_str().unwrap().to_owned(), key: None }))
    }

    /// A client signs with keys of the thief from now on; one that had secrets, too.
    async fn replace_keys(&mut self) -> Option<Loot> {
        let signers: Vec<String> = self.signers.keys().cloned().collect();
        let id = self.one_of(&signers)?;
        let key = Arc::new(SigningKey::generate(Algorithm::Es256).unwrap());
        let own = self.signers[&id].key.as_ref().unwrap().to_jwk().unwrap();
        let keys = if self.is_once_in(2) { vec![key.to_jwk().unwrap()] } else { vec![own, key.to_jwk().unwrap()] };
        let jwks: Value = serde_json::from_str(&jwks_of(keys)).unwrap();
        self.tries(Method::PATCH, &format!("/clients/{id}"), Some(json!({"jwks": jwks}))).await?;
        Some(Loot::Signer(Registered { id, secret: String::new(), key: Some(key) }))
    }

    async fn make_key_of_thief(&mut self) -> Option<Loot> {
        let owner = self.one_of(&["external:thief".to_owned(), format!("user:{}", PEOPLE[0]), format!("group:{GROUP}")]).unwrap();
        let mut body = json!({"owner": owner, "audience": ORDERS, "name": "a way back"});
        if owner.starts_with("external:") {
            body["client"] = json!(self.caller.id);
        }
        let made = self.tries(Method::POST, "/keys", Some(body)).await?;
        Some(Loot::Key(made["key"].as_str().unwrap().to_owned()))
    }

    async fn make_administrator_of_thief(&mut self) -> Option<Loot> {
        let role = self.one_of(&["owner", "operator"]).unwrap();
        Some(Loot::Administrator(self.world.administrator_of(&format!("thief-{}", self.made), role).await))
    }

    /// With what they have, or with a secret that they found.
    async fn get_token_of_thief(&mut self) -> Option<Loot> {
        let of_loot = self.loot.iter().filter_map(|loot| match loot {
            Loot::Secret(client) | Loot::Signer(client) => Some(client.clone()),
            _ => None,
        });
        let found: Vec<Registered> = of_loot.chain(self.clients.values().cloned()).collect();
        let client = self.one_of(&found)?;
        let answer = if client.key.is_some() {
            self.world.post("/oauth/token", None, signing_in(&self.signed_by(&self.world, &client))).await
        } else {
            self.world.ask(&client, &[("resource", ORDERS)]).await
        };
        (answer.status == 200).then(|| Loot::Token(answer.json()["access_token"].as_str().unwrap().to_owned()))
    }

    /// Takes somebody's account over: sets a password of their own, signs in by it, and allows an application of theirs something.
    async fn visit_of_thief(&mut self) -> Option<Loot> {
        let (username, password) = (self.some_visitor(), format!("jemmy {} lantern", self.made));
        if !self.put_password(&username, &password).await {
            return None;
        }
        let mut loot = vec![Loot::Password(username.clone(), password.clone())];
        // Whoever is disabled signs in nowhere.
        if let Some(person) = proves(&self.world, &username, &password).await.unwrap()
            && let Some(session) = begin(&self.world, &person, None).await
        {
            loot.push(Loot::Session(session.expose().to_owned()));
            let client = self.one_of(&self.visits.applications.clone())?;
            self.note_consent(&username, &client);
            if let Some(code) = code(&self.world, &client, session.expose(), "orders:read offline_access").await
                && let Ok(tokens) = exchange(&self.world, &client, &code).await
            {
                loot.extend(tokens.refresh_token.map(|text| Loot::Refresh(client, text)));
            }
        }
        self.one_of(&loot)
    }

    /// Somebody is known by what a provider calls the thief: one that was there, or one of theirs.
    async fn connect_thief(&mut self) -> Option<Loot> {
        if self.is_once_in(2) {
            self.make_provider().await;
        }
        let (username, subject) = (self.some_visitor(), format!("thief {}", self.made));
        let (provider, person) = (self.ways.providers.last()?.clone(), id_of(&self.world, &username)?);
        connects(&self.world, &provider, &subject, &person).await.then_some(Loot::Identity(provider, subject))
    }

    /// What a client signs that says who it is, once.
    pub(crate) fn signed_by(&self, world: &World, client: &Registered) -> [(&'static str, String); 2] {
        let jti = format!("jti-{}-{}", self.made, self.loot.len());
        Assertion::of(&client.id, client.key.as_ref().unwrap(), world.issuer(), world.now(), &jti).parameters()
    }

    /// Gives more to what was there, for whoever holds it.
    async fn widen(&mut self) {
        let (person, (role, _)) = (self.one_of(&PEOPLE).unwrap(), self.one_of(&ROLES).unwrap());
        let everything =
            json!({"audiences": [ORDERS, "https://mail.example"], "scope": self.scopes().await.join(" "), "may_introspect": true});
        let all = json!({"orders:read": "read orders", "orders:write": "write orders"});
        let (client, key) = (self.some_client(), self.some_key());
        let assignment = format!("/roles/{role}/assignments/user:{person}");
        let (method, path, body) = match (self.below(14), client, key) {
            (0 | 1, Some(client), _) => (Method::PATCH, format!("/clients/{client}"), everything),
            (2, Some(client), _) => (Method::POST, "/resumptions".to_owned(), json!({"client": client})),
            (3 | 4, _, Some(key)) => (Method::PATCH, format!("/keys/{key}"), json!({"scope": "orders:read orders:write", "allow_ip": []})),
            (5, _, Some(key)) => (Method::PATCH, format!("/keys/{key}"), json!({"allow_ip": ["0.0.0.0/0"]})),
            (6, _, Some(key)) => (Method::POST, "/resumptions".to_owned(), json!({"id": key})),
            (7, _, Some(key)) => return self.transfer_to_thief(&key).await,
            (8, ..) => (Method::PATCH, format!("/roles/{role}"), json!({"scope": "orders:read orders:write"})),
            (9, ..) => (Method::PUT, assignment, Value::Null),
            (10, ..) => (Method::POST, format!("/users/{person}/enable"), Value::Null),
            (11, ..) => (Method::PUT, "/policies/api_key".to_owned(), json!({})),
            (12, ..) => {
                (Method::PATCH, format!("/apis/{}", self.apis[0].id), json!({"scopes": all, "access_token_lifetime_seconds": 3_600}))
            }
            _ => (Method::POST, "/resumptions".to_owned(), json!({"group": GROUP})),
        };
        self.tries(method, &path, Some(body).filter(|body| !body.is_null())).await;
    }

    async fn transfer_to_thief(&mut self, id: &str) {
        let (owner, client) = ("external:thief", self.caller.id.clone());
        if self.tries(Method::POST, &format!("/keys/{id}/transfer"), Some(json!({"owner": owner, "client": client}))).await.is_some() {
            self.keys.values_mut().filter(|held| held.id == id).for_each(|held| owner.clone_into(&mut held.of));
            self.transferred.insert(id.to_owned());
        }
    }
}

/// What somebody's password, that of a thief who took the account over since, and that of somebody else are answered with.
async fn answered(world: &World) -> [Result<bool, Failure>; 3] {
    let is_it = async |username, password| proves(world, username, password).await.map(|proven| proven.is_some());
    [is_it("ada", PASSWORD).await, is_it("ada", STOLEN).await, is_it("bea", PASSWORD).await]
}

const STOLEN: &str = "jemmy and lantern";

#[tokio::test]
async fn a_password_that_a_thief_set_after_the_backup_signs_nobody_in() {
    let (no, yes, fenced) = (Ok(false), Ok(true), Err(Failure::Fenced));
    for (loss, known, expected) in [
        // Nothing says that it is a thief's.
        (Loss::Nothing, Known::All, [no.clone(), yes.clone(), yes.clone()]),
        // It may have taken the place of one that a thief knew: neither counts.
        (Loss::UntilThen, Known::UntilThen, [no.clone(), no.clone(), yes.clone()]),
        (Loss::AllOfIt, Known::MayLack, [fenced.clone(), no.clone(), fenced.clone()]),
    ] {
        let world = World::new().await;
        let kept = Kept::new(&world, false, false).await;
        let ada = world.person("ada").await;
        world.person("bea").await;
        let session = begin(&world, &ada, None).await.unwrap();
        world.advance(60);
        kept.snapshot(&world).await;
        world.advance(60);
        let until = (loss == Loss::UntilThen).then(|| Time::from_seconds(world.now() - 1));
        let set = async |world: &World, password: &str| {
            world.service().set_password("ada", &Secret::from(password), &administrator(), &world.moment()).await.unwrap();
        };
        set(&world, STOLEN).await;
        let stolen = begin(&world, &ada, None).await.unwrap();
        kept.ship(true).await;
        kept.lose(&world, loss, &mut Dice(1)).await;
        let made = kept.restore(&world, until, Engine::Memory, None).await;
        made.world.advance(10);
        assert_eq!((made.known, answered(&made.world).await), (known, expected), "{loss:?}");
        assert!(!is_live(&made.world, session.expose()).await, "{loss:?}: it ended with the password, or it is not known whether it did");
        assert_eq!(is_live(&made.world, stolen.expose()).await, loss == Loss::Nothing);
        if loss == Loss::AllOfIt {
            made.world.service().accept_gap(&administrator().actor, &made.world.moment()).await.unwrap();
            assert_eq!(answered(&made.world).await, [yes.clone(), no.clone(), yes.clone()], "nobody knows of the thief");
        }
        // What an administrator sets there counts alone.
        set(&made.world, "another battery staple").await;
        assert_eq!(answered(&made.world).await, [no.clone(), no.clone(), yes.clone()], "{loss:?}");
        assert!(proves(&made.world, "ada", "another battery staple").await.unwrap().is_some());
    }
}
