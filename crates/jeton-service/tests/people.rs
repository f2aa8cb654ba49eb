//! Somebody signs in, an application gets tokens for them, refreshes, and loses all of it: by the services, on the engine in memory.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by them, and prints what it saw")]

use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jeton_core::client::Client;
use jeton_core::client::create::CreateClient;
use jeton_core::event::CutOffSubject;
use jeton_core::explain::rule::Rule;
use jeton_core::id::{Actor, PersonId};
use jeton_core::person::create::CreatePerson;
use jeton_core::record::Versioned;
use jeton_core::refusal::Reason;
use jeton_core::role::create::CreateRole;
use jeton_core::sender::Sender;
use jeton_core::session::Session;
use jeton_core::session::proof::Authenticated;
use jeton_core::token::standing::Standing;
use jeton_core::why::{Because, Why};
use jeton_oauth::authorization::AuthorizationForm;
use jeton_oauth::pkce::Verifier;
use jeton_oauth::token::{AuthorizationCodeRequest, RefreshRequest};
use jeton_oauth::{ClientAuthentication, ScopeSet};
use jeton_service::authorizations::{Destination, NextStep};
use jeton_service::durability::{Durability, Keeps};
use jeton_service::failure::Failure;
use jeton_service::grants::GrantedTokens;
use jeton_service::identify::Identified;
use jeton_service::passwords::{Compared, Hashing, PasswordHashing, Proven};
use jeton_service::sessions::Proof;
use jeton_service::usage::marks::Marks;
use jeton_testkit::World;
use jeton_testkit::world::manage::administrator;
use jeton_token::Secret;
use zeroize::Zeroizing;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const PASSWORD: &str = "correct horse battery";

/// Hashes at once.
struct AtOnce;

impl PasswordHashing for AtOnce {
    fn make(&self, password: Secret, _: [u8; 16]) -> Hashing<String> {
        Box::pin(ready(Some(format!("$test${}", password.expose().len()))))
    }

    fn check(&self, password: Secret, hash: Option<Zeroizing<String>>, _: [u8; 16]) -> Hashing<Compared> {
        let is_it = hash.is_some_and(|hash| *hash == format!("$test${}", password.expose().len()));
        Box::pin(ready(Some(Compared { is_it, anew: None })))
    }

    fn is_known(&self, password: &str) -> std::io::Result<bool> {
        Ok(password == "password1")
    }
}

/// A world with ada, who may read and write orders, and an application that she signs in to.
struct Stage {
    world: World,
    ada: PersonId,
    client: Client,
}

fn owner() -> Sender {
    Sender::of(Some("192.0.2.7".parse().unwrap()), Some("app/3"))
}

fn thief() -> Sender {
    Sender::of(Some("203.0.113.7".parse().unwrap()), Some("curl/8"))
}

impl Stage {
    async fn new() -> Stage {
        let world = World::new().await;
        let service = world.service();
        service.hash_passwords_by(Arc::new(AtOnce));
        let api = world.api("orders").await;
        let by = administrator();
        let request = CreatePerson { username: "ada".to_owned(), ..CreatePerson::default() };
        let ada = service.create_user(&request, &by, &world.moment()).await.unwrap().id;
        let role = CreateRole { name: "clerk".to_owned(), scopes: "orders:read orders:write".to_owned(), ..CreateRole::default() };
        service.create_role(&api.audience, &role, &by, &world.moment()).await.unwrap();
        service.assign_role("clerk", "user:ada", &by, &world.moment()).await.unwrap();
        let request = CreateClient {
            name: "shop".to_owned(),
            grant_types: vec!["authorization_code".to_owned(), "refresh_token".to_owned()],
            authentication: Some("none".to_owned()),
            redirect_uris: vec!["https://shop.example/callback".to_owned()],
            ..CreateClient::default()
        };
        let (client, secret) = service.create_client(&request, &[api.audience.to_string()], &by, &world.moment()).await.unwrap();
        assert!(secret.is_none(), "who cannot keep a secret gets none");
        Stage { world, ada, client }
    }

    async fn sign_in(&self) -> (Secret, Versioned<Session>) {
        let service = self.world.service();
        let authenticated = Authenticated::by_password(self.world.now());
        let begun =
            service.begin_session(&self.ada, Proof { authenticated, by: None }, None, &owner(), &self.world.moment()).await.unwrap();
        let text = Secret::from(begun.clear.0);
        let session = service.session(text.expose(), self.world.now(), &self.world.moment()).await.unwrap().unwrap();
        (text, session)
    }

    /// The code that ada allows.
    async fn code(&self, session: &Versioned<Session>, scope: &str) -> Secret {
        let challenge = Verifier::parse(VERIFIER).unwrap().challenge();
        let text = format!(
            "client_id={}&response_type=code&scope={scope}&code_challenge={challenge}&code_challenge_method=S256&nonce=n",
            self.client.id
        );
        let form = AuthorizationForm::parse(text.as_bytes()).unwrap();
        let request = form.request().unwrap();
        let service = self.world.service();
        let (_, uri) = service.authorization_target(&form).unwrap();
        let now = self.world.now();
        let asked = service.authorize(&request, Destination::Address(&uri), now, Some(session), None, &self.world.moment()).await.unwrap();
        let new = match asked {
            NextStep::Consent(new, _) => new,
            NextStep::Answer(code) => return code,
            NextStep::SignIn | NextStep::SecondFactor | NextStep::Allowed => panic!("ada is signed in, at an address"),
        };
        match service.authorize(&request, Destination::Address(&uri), now, Some(session), Some(&new), &self.world.moment()).await.unwrap() {
            NextStep::Answer(code) => code,
            step => panic!("{step:?}"),
        }
    }

    fn client(&self) -> Identified {
        let presented = ClientAuthentication::None { client_id: self.client.id.to_string() };
        self.world.service().identify(&presented, &Marks::default(), &self.world.moment()).unwrap()
    }

    async fn exchange(&self, code: &Secret) -> Result<GrantedTokens, Failure> {
        let verifier = Verifier::parse(VERIFIER).ok();
        let request = AuthorizationCodeRequest { code: code.clone(), redirect_uri: None, verifier, resources: vec![] };
        self.world.service().exchange(&self.client(), &request, &owner(), &self.world.moment()).await
    }

    async fn refresh(&self, text: &Secret, sender: &Sender) -> Result<GrantedTokens, Failure> {
        let request = RefreshRequest { refresh_token: text.clone(), scope: None, resources: vec![] };
        self.world.service().refresh(&self.client(), &request, sender, &self.world.moment()).await
    }

    async fn granted(&self, scope: &str) -> GrantedTokens {
        let (_, session) = self.sign_in().await;
        let code = self.code(&session, scope).await;
        self.exchange(&code).await.unwrap()
    }

    async fn stands(&self, token: &Secret) -> Standing {
        let service = self.world.service();
        let proven = service.prove(token.expose()).await.unwrap().unwrap();
        service.stand(&proven, &self.world.moment()).0
    }
}

#[track_caller]
fn refused(found: Result<GrantedTokens, Failure>) {
    match found {
        Err(Failure::Refused(refusal)) => assert_eq!(refusal.reason, Reason::InvalidGrant, "{refusal}"),
        Err(failure) => panic!("{failure}"),
        Ok(granted) => panic!("granted {}", granted.scope),
    }
}

#[tokio::test]
async fn a_code_is_exchanged_once_and_what_it_gave_ends_with_a_replay() {
    let stage = Stage::new().await;
    let (_, session) = stage.sign_in().await;
    let code = stage.code(&session, "openid+orders:read+offline_access").await;
    let granted = stage.exchange(&code).await.unwrap();
    assert_eq!((&*granted.scope, granted.nonce.as_deref()), ("offline_access openid orders:read", Some("n")));
    assert_eq!(stage.stands(&granted.access_token).await, Standing::Active);
    // The second time nobody is asked.
    let entries = stage.world.ledger_size();
    assert!(!stage.code(&session, "openid+orders:read").await.is_empty());
    assert_eq!(stage.world.ledger_size(), entries + 1, "a code has no entry but that it was issued");
    refused(stage.exchange(&code).await);
    assert_eq!(stage.stands(&granted.access_token).await, Standing::Revoked);
    refused(stage.refresh(granted.refresh_token.as_ref().unwrap(), &owner()).await);
}

#[tokio::test]
async fn a_refresh_is_one_read_and_no_entry_of_its_own() {
    let stage = Stage::new().await;
    let first = stage.granted("openid+orders:read+offline_access").await;
    stage.world.advance(60);
    let (entries, reads) = (stage.world.ledger_size(), stage.world.reads());
    let second = stage.refresh(first.refresh_token.as_ref().unwrap(), &owner()).await.unwrap();
    assert_eq!(stage.world.ledger_size(), entries + 1, "that a token was issued");
    assert_eq!(stage.world.reads(), reads + 1);
    assert_ne!(second.refresh_token, first.refresh_token);
    // The reply was lost: the same is told again, without a commit.
    let again = stage.refresh(first.refresh_token.as_ref().unwrap(), &owner()).await.unwrap();
    assert_eq!((again.token.id, &again.refresh_token), (second.token.id, &second.refresh_token));
    assert_eq!(stage.world.ledger_size(), entries + 1);
    // A thief comes later, with the old one: nobody is served any more.
    stage.world.advance(120);
    refused(stage.refresh(first.refresh_token.as_ref().unwrap(), &thief()).await);
    refused(stage.refresh(second.refresh_token.as_ref().unwrap(), &owner()).await);
    assert_eq!(stage.stands(&second.access_token).await, Standing::Revoked);
    // And whoever asks why is told.
    let (service, moment) = (stage.world.service(), stage.world.moment());
    let state = service.token_state(second.token.id, &moment).await.unwrap();
    let past = service.token_past(&state, &|| true).unwrap();
    match service.explain_token(&state, past.as_ref(), &moment).rule {
        Rule::CutOff(Some(cut_off)) => {
            assert_eq!((cut_off.subject, &*cut_off.name), (CutOffSubject::Family, second.grant.id.to_string().as_str()));
            assert_eq!(cut_off.said.why, Some(Because::Reason(Why::Reused)));
        }
        rule => panic!("{rule:?}"),
    }
}

/// A target that has heard of the start, and has all that is committed or nothing of it.
struct Target(AtomicBool);

impl Durability for Target {
    fn reached(&self, _: u64) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(ready(self.0.load(Ordering::SeqCst)))
    }

    fn knows_of_start(&self) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(ready(self.0.load(Ordering::SeqCst)))
    }

    fn keeps(&self) -> Keeps {
        if self.0.load(Ordering::SeqCst) { Keeps::Everything } else { Keeps::Nothing }
    }
}

/// A restore must not find current what was spent: nobody hears of a rotation before it is kept, as far as that is asked for.
#[tokio::test]
async fn a_rotation_is_told_once_it_is_kept() {
    for (is_sync, after_the_start) in [(true, false), (false, true)] {
        let stage = Stage::new().await;
        let first = stage.granted("orders:read+offline_access").await.refresh_token.unwrap();
        let target: Arc<Target> = Arc::new(Target(AtomicBool::new(false)));
        let kept: Arc<dyn Durability> = target.clone();
        stage.world.service().narrow_durably(Arc::downgrade(&kept), is_sync);
        stage.world.advance(60);
        // Again, too: it is spent by now, and what took its place is handed to nobody.
        for sender in [owner(), owner(), thief()] {
            assert!(matches!(stage.refresh(&first, &sender).await, Err(Failure::Unshipped)));
        }
        target.0.store(true, Ordering::SeqCst);
        let second = stage.refresh(&first, &owner()).await.unwrap().refresh_token.unwrap();
        assert_ne!(second, first);
        // Once it is known there that this server runs, nobody waits for it but where all is waited for.
        target.0.store(false, Ordering::SeqCst);
        stage.world.advance(60);
        assert_eq!(stage.refresh(&second, &owner()).await.is_ok(), after_the_start);
    }
}

#[tokio::test]
async fn many_at_once_are_one_rotation() {
    let stage = Stage::new().await;
    let first = stage.granted("orders:read+offline_access").await;
    let text = first.refresh_token.unwrap();
    stage.world.advance(60);
    let owner = owner();
    let all = (0..64).map(|_| stage.refresh(&text, &owner)).collect::<Vec<_>>();
    let mut found = Vec::new();
    for refreshed in futures_of(all).await {
        found.push(refreshed.unwrap());
    }
    assert!(found.iter().all(|one| one.token.id == found[0].token.id && one.refresh_token == found[0].refresh_token));
    let family = found[0].grant.family.clone().unwrap();
    let now = stage.world.service().grant(found[0].grant.id).await.unwrap().unwrap().record.family.unwrap();
    assert_eq!((family.generation.min(2), now.generation), (family.generation.min(2), 2));
}

/// Runs them side by side, each as far as it goes.
async fn futures_of<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut found: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    let mut waiting: Vec<_> = futures.into_iter().map(Box::pin).collect();
    std::future::poll_fn(|context| {
        for (future, place) in waiting.iter_mut().zip(&mut found) {
            if place.is_none()
                && let std::task::Poll::Ready(output) = future.as_mut().poll(context)
            {
                *place = Some(output);
            }
        }
        if found.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    found.into_iter().flatten().collect()
}

#[tokio::test]
async fn what_is_taken_from_somebody_is_gone_at_the_next_refresh() {
    let stage = Stage::new().await;
    let first = stage.granted("openid+orders:read+orders:write+offline_access").await;
    let service = stage.world.service();
    let update = jeton_core::role::update::UpdateRole { scopes: Some("orders:read".to_owned()), ..Default::default() };
    service.update_role("clerk", &update, &administrator(), &stage.world.moment()).await.unwrap();
    let second = stage.refresh(first.refresh_token.as_ref().unwrap(), &owner()).await.unwrap();
    assert_eq!(&*second.scope, "offline_access openid orders:read");
    // Who must prove who they are again is refused, and loses nothing.
    stage.world.advance(29 * 86_400);
    let third = stage.refresh(second.refresh_token.as_ref().unwrap(), &owner()).await.unwrap();
    stage.world.advance(2 * 86_400);
    refused(stage.refresh(third.refresh_token.as_ref().unwrap(), &owner()).await);
    stage.sign_in().await;
    let fourth = stage.refresh(third.refresh_token.as_ref().unwrap(), &owner()).await.unwrap();
    assert_eq!(fourth.grant.expires_at, first.grant.expires_at, "the end does not move");
}

#[tokio::test]
async fn nothing_of_somebody_who_is_disabled_is_accepted_and_enabling_brings_nothing_back() {
    let stage = Stage::new().await;
    let granted = stage.granted("orders:read+offline_access").await;
    let (text, session) = stage.sign_in().await;
    let code = stage.code(&session, "orders:read").await;
    let service = stage.world.service();
    service.disable_user("ada", &Actor::from("unix:0"), &stage.world.moment()).await.unwrap();
    for is_enabled in [false, true] {
        if is_enabled {
            service.enable_user("ada", &administrator(), &stage.world.moment()).await.unwrap();
            stage.world.advance(5);
        }
        assert!(service.session(text.expose(), stage.world.now(), &stage.world.moment()).await.unwrap().is_none());
        refused(stage.exchange(&code).await);
        refused(stage.refresh(granted.refresh_token.as_ref().unwrap(), &owner()).await);
        assert_eq!(stage.stands(&granted.access_token).await, Standing::Revoked);
    }
    assert!(stage.granted("orders:read").await.refresh_token.is_some(), "they begin anew");
}

#[tokio::test]
async fn signing_out_ends_what_goes_with_the_session_and_nothing_else() {
    let stage = Stage::new().await;
    let (text, session) = stage.sign_in().await;
    let code = stage.code(&session, "orders:read").await;
    let bound = stage.exchange(&code).await.unwrap();
    let code = stage.code(&session, "orders:read+offline_access").await;
    let offline = stage.exchange(&code).await.unwrap();
    let service = stage.world.service();
    let ended = service.end_session(session.record.id, &Actor::person(&stage.ada), &stage.world.moment()).await.unwrap();
    assert_eq!(ended, 1);
    assert!(service.session(text.expose(), stage.world.now(), &stage.world.moment()).await.unwrap().is_none());
    assert_eq!(stage.stands(&bound.access_token).await, Standing::Revoked);
    refused(stage.refresh(bound.refresh_token.as_ref().unwrap(), &owner()).await);
    assert_eq!(stage.stands(&offline.access_token).await, Standing::Active);
    assert!(stage.refresh(offline.refresh_token.as_ref().unwrap(), &owner()).await.is_ok());
}

#[tokio::test]
async fn a_refresh_token_that_is_handed_in_ends_its_grant() {
    let stage = Stage::new().await;
    let granted = stage.granted("orders:read+offline_access").await;
    let text = granted.refresh_token.clone().unwrap();
    let other = stage.world.client("other", &[]).await;
    let _ = other;
    stage.world.service().revoke_own(&stage.client(), text.expose(), &stage.world.moment()).await.unwrap();
    refused(stage.refresh(&text, &owner()).await);
    assert_eq!(stage.stands(&granted.access_token).await, Standing::Revoked);
    // Once more changes nothing, and an unknown one is no error.
    let entries = stage.world.ledger_size();
    for text in [text.expose(), "jtn_rt_unknown"] {
        stage.world.service().revoke_own(&stage.client(), text, &stage.world.moment()).await.unwrap();
    }
    assert_eq!(stage.world.ledger_size(), entries);
}

#[tokio::test]
async fn a_password_says_who_somebody_is() {
    let stage = Stage::new().await;
    let service = stage.world.service();
    let proves = async |username: &str, password: &str| {
        let from = (&Sender::default(), None);
        let proven = service.prove_password(username, &Secret::from(password), from, &stage.world.moment()).await.unwrap();
        matches!(proven, Proven::Somebody(..))
    };
    assert!(!proves("ada", PASSWORD).await, "she has none yet");
    let by = administrator();
    for weak in ["short", "password1", "ada"] {
        assert!(service.set_password("ada", &Secret::from(weak), &by, &stage.world.moment()).await.is_err(), "{weak}");
    }
    service.set_password("ada", &Secret::from(PASSWORD), &by, &stage.world.moment()).await.unwrap();
    // Whoever was signed in by another password is so no longer.
    let (text, _) = stage.sign_in().await;
    assert!(service.session(text.expose(), stage.world.now(), &stage.world.moment()).await.unwrap().is_some());
    service.set_password("ada", &Secret::from(PASSWORD), &by, &stage.world.moment()).await.unwrap();
    assert!(service.session(text.expose(), stage.world.now(), &stage.world.moment()).await.unwrap().is_none());
    for (username, password, expected) in
        [("ada", PASSWORD, true), (" ADA ", PASSWORD, true), ("ada", "wrong", false), ("nobody", PASSWORD, false), ("", "", false)]
    {
        assert_eq!(proves(username, password).await, expected, "{username}");
    }
    service.disable_user("ada", &Actor::from("unix:0"), &stage.world.moment()).await.unwrap();
    assert!(!proves("ada", PASSWORD).await);
}

#[tokio::test]
async fn what_ended_a_month_ago_leaves_and_what_lives_stays() {
    let stage = Stage::new().await;
    let (_, session) = stage.sign_in().await;
    let code = stage.code(&session, "orders:read").await;
    stage.exchange(&code).await.unwrap();
    let offline = stage.granted("orders:read+offline_access").await;
    let service = stage.world.service();
    let count = |table: &'static jeton_core::record::Table| {
        let mut count = 0;
        service
            .store()
            .view()
            .unwrap()
            .scan(table, &mut |_| {
                count += 1;
                true
            })
            .unwrap();
        count
    };
    let tables =
        [&jeton_core::session::TABLE, &jeton_core::grant::TABLE, &jeton_core::grant::of_person::TABLE, &jeton_core::consent::TABLE];
    // Two sessions, of which one ends; the grant that went with it is known for a month.
    service.end_session(session.record.id, &Actor::person(&stage.ada), &stage.world.moment()).await.unwrap();
    assert_eq!(tables.map(count), [1, 2, 1, 2]);
    stage.world.advance(29 * 86_400);
    stage.refresh(offline.refresh_token.as_ref().unwrap(), &owner()).await.unwrap();
    service.sweep(&stage.world.moment()).await.unwrap();
    assert_eq!(tables.map(count), [1, 2, 1, 2]);
    stage.world.advance(86_400);
    let swept = service.sweep(&stage.world.moment()).await.unwrap().unwrap();
    assert_eq!((tables.map(count), swept.removed), ([1, 1, 1, 2], 1));
    stage.world.advance(60 * 86_400);
    service.sweep(&stage.world.moment()).await.unwrap();
    assert_eq!(tables.map(count), [0, 0, 0, 2], "a consent of a year stays");
}

#[tokio::test]
async fn somebody_who_is_erased_leaves_nothing_to_sign_in_with() {
    let stage = Stage::new().await;
    let service = stage.world.service();
    service.set_password("ada", &Secret::from(PASSWORD), &administrator(), &stage.world.moment()).await.unwrap();
    let granted = stage.granted("openid+orders:read+offline_access").await;
    service.erase_user("ada", &administrator(), &stage.world.moment()).await.unwrap();
    refused(stage.refresh(granted.refresh_token.as_ref().unwrap(), &owner()).await);
    let view = service.store().view().unwrap();
    use jeton_core::schema::{TABLES, TABLES_SINCE_VERSION_15, TABLES_SINCE_VERSION_16};
    let is_theirs = |name: &str| TABLES_SINCE_VERSION_15.iter().chain(TABLES_SINCE_VERSION_16).any(|table| table.name == name);
    for table in TABLES.iter().filter(|table| is_theirs(table.name) && !table.is_sliced()) {
        view.scan(table, &mut |row| panic!("{}: {row:?}", table.name)).unwrap();
    }
    assert!(ScopeSet::parse(&granted.scope).is_ok());
}
