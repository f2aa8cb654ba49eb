//! Passkeys, as a browser and an authenticator have them: added, shown instead of a password, removed, and reset by an administrator. Whatever an
//! authenticator says otherwise than it should signs nobody in.

use std::sync::Arc;

use http::Method;
use jeton_core::administrator::Administrator;
use jeton_core::id::Actor;
use jeton_core::passkey;
use jeton_core::password::{self, Password};
use jeton_core::permission::Permissions;
use jeton_core::provider::id_token::Said;
use jeton_core::refusal::Reason;
use jeton_jose::Algorithm;
use jeton_service::failure::Failure;
use jeton_testkit::World;
use jeton_testkit::world::authenticator::{Authenticator, Said as Told};
use jeton_testkit::world::browser::{Arrived, Browser, Page};
use jeton_testkit::world::manage::{administrator, claims_of};
use jeton_testkit::world::people::{PASSWORD, asking};
use serde_json::{Value, json};

const ADA: [(&str, &str); 2] = [("username", "ada"), ("password", PASSWORD)];
const IN: &str = "Your account";
const REFUSED: &str = "This passkey does not sign you in here.";

async fn signed_in<'w>(world: &'w World, username: &str) -> Browser<'w> {
    let mut browser = world.browser();
    let page = browser.open("/signin").await.page();
    let filled = [("username", username), ("password", PASSWORD)];
    assert_eq!(browser.submit(&page, "/signin", None, &filled).await.page().heading(), IN);
    browser
}

/// Ada, and the passkey that she added some minutes ago.
async fn with_passkey(world: &World) -> Authenticator {
    world.person("ada").await;
    let authenticator = signed_in(world, "ada").await.add_passkey("Telephone").await;
    world.advance(300);
    authenticator
}

/// Ada, who has a passkey and nothing else.
async fn with_passkey_alone(world: &World) -> Authenticator {
    let authenticator = with_passkey(world).await;
    let person = world.service().find_user("ada").unwrap().record.id.clone();
    let key = vec![jeton_core::record::Value::Text(person.0.clone())];
    let password = Password::from_row(&world.row(&password::TABLE, &key).unwrap()).unwrap();
    world.damage(&password::TABLE, &password.stopped().row());
    authenticator
}

/// What comes of a passkey that is changed in one thing, in a browser that was never here; and whether somebody is signed in then.
async fn shown(world: &World, authenticator: &mut Authenticator, change: impl FnOnce(&mut Told)) -> (Page, bool) {
    let mut browser = world.browser();
    let page = browser.open("/signin").await.page();
    let page = browser.show_passkey_with(&page, authenticator, change).await.page();
    let is_in = browser.cookie("session").is_some();
    assert_eq!(page.heading() == IN, is_in, "{}", page.answer.text());
    (page, is_in)
}

fn told(world: &World, kind: &str) -> Vec<Value> {
    let entries = world.service().store().tail(0, 10_000).unwrap();
    let of_kind = entries.into_iter().filter(|entry| &*entry.kind == kind);
    of_kind.map(|entry| serde_json::from_slice(&entry.content.unwrap().payload).unwrap()).collect()
}

#[tokio::test]
async fn a_passkey_alone_signs_somebody_in_by_two_factors() {
    let world = World::new().await;
    let mut authenticator = with_passkey(&world).await;
    let shop = world.application("shop", &[]).await;
    let mut browser = world.browser();
    let page = browser.open(&asking(&shop, "shop", &[("acr_values", "urn:jeton:2fa")])).await.page();
    assert!(page.answer.text().contains("autocomplete=\"username webauthn\""), "{}", page.answer.text());
    let consent = browser.show_passkey(&page, &mut authenticator).await.page();
    assert_eq!(browser.cookie_names().iter().filter(|name| name.ends_with("_session")).count(), 1);
    let code = browser.submit(&consent, "/oauth/authorize", Some("allow"), &[]).await.parameter("code");
    let answer = world.exchange(&shop, &code).await;
    let claims = claims_of(answer.member("id_token").as_str().unwrap());
    assert_eq!((&claims["acr"], &claims["amr"]), (&json!("urn:jeton:2fa"), &json!(["mfa", "pop", "user"])), "{claims}");
    assert_eq!(claims["auth_time"], world.now());
    let created = told(&world, "session.created");
    assert_eq!(created.last().unwrap()["amr"], "mfa pop user");
    assert_eq!(told(&world, "passkey.added").len(), 1);
    let page = browser.open("/account/passkeys").await.page();
    assert!(page.answer.text().contains("Last used"), "{}", page.answer.text());
}

#[tokio::test]
async fn who_signed_in_by_a_password_shows_it_where_an_application_needs_two_factors() {
    let world = World::new().await;
    let mut authenticator = with_passkey(&world).await;
    let shop = world.application("shop", &[]).await;
    let mut browser = signed_in(&world, "ada").await;
    let session = |world: &World| told(world, "session.renewed").len();
    let page = browser.open(&asking(&shop, "shop", &[("acr_values", "urn:jeton:2fa")])).await.page();
    assert_eq!(page.heading(), "Sign in");
    let consent = browser.show_passkey(&page, &mut authenticator).await.page();
    assert_eq!(session(&world), 1, "the same session goes on");
    assert!(!browser.submit(&consent, "/oauth/authorize", Some("allow"), &[]).await.parameter("code").is_empty());
    let quietly = browser.open(&asking(&shop, "shop", &[("acr_values", "urn:jeton:2fa"), ("prompt", "none")])).await;
    assert!(!quietly.parameter("code").is_empty());
    // Somebody else's passkey begins a session of theirs, and raises nobody's.
    world.person("bea").await;
    let mut of_bea = signed_in(&world, "bea").await.add_passkey("Key").await;
    let mut browser = signed_in(&world, "ada").await;
    let page = browser.open(&asking(&shop, "shop", &[("acr_values", "urn:jeton:2fa")])).await.page();
    let consent = browser.show_passkey(&page, &mut of_bea).await.page();
    assert!(consent.answer.text().contains("bea"), "{}", consent.answer.text());
    assert_eq!(session(&world), 1);
}

#[tokio::test]
async fn each_kind_of_key_signs_in_and_who_has_a_second_factor_needs_none_beside_it() {
    let world = World::new().await;
    world.person("ada").await;
    let mut browser = signed_in(&world, "ada").await;
    let _ = browser.set_second_factor(&world).await;
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256] {
        let mut authenticator = Authenticator::new(algorithm);
        let page = browser.add_passkey_with(&mut authenticator, &format!("{algorithm:?}"), |_| {}).await;
        assert!(page.answer.text().contains(&format!("{algorithm:?}")), "{}", page.answer.text());
        assert!(shown(&world, &mut authenticator, |_| {}).await.1, "{algorithm:?}");
    }
    let handles: Vec<Arc<[u8]>> = {
        let person = world.service().find_user("ada").unwrap().record.id.clone();
        let passkeys = world.service().passkeys_of(&person).await.unwrap();
        assert!(passkeys.iter().all(|passkey| passkey.record.handle.len() == 32));
        passkeys.iter().map(|passkey| passkey.record.handle.clone()).collect()
    };
    assert!(handles.len() == 3 && handles.iter().all(|handle| *handle == handles[0]), "authenticators call her the same");
}

#[tokio::test]
async fn whatever_an_authenticator_says_otherwise_signs_nobody_in() {
    let world = World::new().await;
    let mut authenticator = with_passkey(&world).await;
    world.person("bea").await;
    let mut of_bea = signed_in(&world, "bea").await.add_passkey("Key").await;
    assert!(shown(&world, &mut authenticator, |_| {}).await.1);
    let (before, counter) = (world.ledger_size(), authenticator.counter);
    let said = |name: &'static str, value: Value| move |said: &mut Told| drop(said.client_data.insert(name.to_owned(), value));
    macro_rules! refused {
        ($($what:literal: $change:expr),+ $(,)?) => {$(
            let (page, is_in) = shown(&world, &mut authenticator, $change).await;
            assert!(!is_in && page.answer.status == 200, "{}: {}", $what, page.answer.shown());
            assert!(page.answer.text().contains(REFUSED), "{}: {}", $what, page.answer.text());
        )+};
    }
    refused! {
        "another origin": said("origin", json!("https://tokens.example.evil.example")),
        "the same without encryption": said("origin", json!("http://tokens.example")),
        "another port": said("origin", json!("https://tokens.example:8443")),
        "a page within another": said("crossOrigin", json!(true)),
        "a page below another": said("topOrigin", json!("https://evil.example")),
        "another challenge": said("challenge", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
        "no challenge": said("challenge", json!("")),
        "another ceremony": said("type", json!("webauthn.create")),
        "another server": |said| said.server = "evil.example".to_owned(),
        "a wider server": |said| said.server = "example".to_owned(),
        "nobody verified": |said| said.flags = 0x01,
        "nobody present": |said| said.flags = 0x04,
        "it can be copied by now": |said| said.flags |= 0x08,
        "it was copied and cannot be": |said| said.flags |= 0x10,
        "extensions that are none": |said| said.flags |= 0x80,
        "something behind it": |said| said.rest = vec![0],
        "a counter that stays": |said| said.counter = counter,
        "a counter that goes back": |said| said.counter = 1,
        "a counter that is gone": |said| said.counter = 0,
        "another person": |said| said.handle[0] ^= 1,
        "no person": |said| said.handle.clear(),
        "another passkey": |said| said.credential[0] ^= 1,
        "no passkey": |said| said.credential.clear(),
        "somebody else's passkey": |said| said.credential = of_bea.credential.clone(),
        "somebody else's passkey and name": |said| {
            said.credential = of_bea.credential.clone();
            said.handle = of_bea.handle.clone();
        },
        "extensions without an end": |said| {
            said.flags |= 0x80;
            said.rest = vec![0xbf];
        },
    }
    assert_eq!(world.ledger_size(), before, "nothing was written");
    // An extension that is whole is passed over, and the right one signs in still.
    let with_extension = |said: &mut Told| {
        said.flags |= 0x80;
        said.rest = b"\xa1\x61a\xf5".to_vec();
    };
    assert!(shown(&world, &mut authenticator, with_extension).await.1);
    assert!(shown(&world, &mut of_bea, |_| {}).await.1);
}

#[tokio::test]
async fn what_was_signed_counts_once_and_on_the_page_that_asked() {
    let world = World::new().await;
    world.person("ada").await;
    // It does not count how often it signs: the counter does not help.
    let silent = |said: &mut Told| said.counter = 0;
    let mut authenticator = Authenticator::new(Algorithm::Es256);
    let _ = signed_in(&world, "ada").await.add_passkey_with(&mut authenticator, "Telephone", silent).await;
    let (mut browser, mut thief) = (world.browser(), world.browser());
    let page = browser.open("/signin").await.page();
    let of_thief = thief.open("/signin").await.page();
    let fields = authenticator.shown(&page, world.issuer(), silent);
    let filled: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let elsewhere = thief.submit(&of_thief, "/signin/passkey", None, &filled).await.page();
    assert!(elsewhere.answer.text().contains(REFUSED) && thief.cookie("session").is_none(), "{}", elsewhere.answer.text());
    // Also with what was asked, as it stands sealed in the other page.
    let asked = page.form("/signin/passkey").fields.into_iter().find(|(name, _)| name == "asked").unwrap().1;
    let with_asked: Vec<(&str, &str)> = filled.iter().copied().chain([("asked", asked.as_str())]).collect();
    let elsewhere = thief.submit(&of_thief, "/signin/passkey", None, &with_asked).await.page();
    assert!(elsewhere.answer.text().contains(REFUSED) && thief.cookie("session").is_none(), "{}", elsewhere.answer.text());
    // The same browser, sent twice at once: one of them counts.
    let flow = browser.cookie_names().iter().find(|name| name.contains("_flow_")).map(|name| (*name).to_owned()).unwrap();
    let kept = browser.cookie(&flow).unwrap().to_owned();
    let mut twin = world.browser();
    twin.put_cookie(&flow, &kept);
    let (one, other) =
        tokio::join!(browser.submit(&page, "/signin/passkey", None, &filled), twin.submit(&page, "/signin/passkey", None, &filled));
    let mut headings = [one.page().heading(), other.page().heading()];
    headings.sort();
    assert_eq!(headings, ["Sign in", IN]);
    // And never again.
    let mut third = world.browser();
    third.put_cookie(&flow, &kept);
    assert!(third.submit(&page, "/signin/passkey", None, &filled).await.page().answer.text().contains(REFUSED));
    // One that is asked for, and answered an hour later.
    let mut slow = world.browser();
    let page = slow.open("/signin").await.page();
    let fields = authenticator.shown(&page, world.issuer(), silent);
    let filled: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    world.advance(3_600);
    let late = slow.submit(&page, "/signin/passkey", None, &filled).await.page();
    assert!(late.heading() != IN && slow.cookie("session").is_none());
}

#[tokio::test]
async fn a_field_that_is_cut_off_or_is_none_signs_nobody_in() {
    let world = World::new().await;
    let mut authenticator = with_passkey(&world).await;
    let mut browser = world.browser();
    let page = browser.open("/signin").await.page();
    let fields = authenticator.shown(&page, world.issuer(), |_| {});
    let before = world.ledger_size();
    for name in ["credential", "handle", "client_data", "authenticator_data", "signature", "asked"] {
        let right = fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        let right = right.unwrap_or_else(|| page.form("/signin/passkey").fields.iter().find(|(known, _)| known == name).unwrap().1.clone());
        let cut = right[..right.len() / 2].to_owned();
        let long = format!("{right}{}", "A".repeat(4_000));
        for wrong in [String::new(), cut, long, format!("{right}="), "\u{e9}".to_owned(), "*".to_owned()] {
            let filled: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (*name, value.as_str())).filter(|(known, _)| *known != name).collect();
            let filled: Vec<(&str, &str)> = filled.into_iter().chain([(name, wrong.as_str())]).collect();
            let refused = browser.submit(&page, "/signin/passkey", None, &filled).await.page();
            assert!(refused.answer.text().contains(REFUSED), "{name} {wrong:?}: {}", refused.answer.shown());
            assert!(!refused.answer.text().contains(&right[..20]) || name == "asked", "nothing of it stands there again");
        }
    }
    assert_eq!((world.ledger_size(), browser.cookie("session")), (before, None));
    let filled: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(browser.submit(&page, "/signin/passkey", None, &filled).await.page().heading(), IN);
}

#[tokio::test]
async fn only_what_was_made_as_it_should_is_added() {
    let world = World::new().await;
    let authenticator = with_passkey(&world).await;
    let mut browser = signed_in(&world, "ada").await;
    let before = world.ledger_size();
    let said = |name: &'static str, value: Value| move |said: &mut Told| drop(said.client_data.insert(name.to_owned(), value));
    macro_rules! refused {
        ($($what:literal: $change:expr),+ $(,)?) => {$(
            let page = browser.add_passkey_with(&mut Authenticator::new(Algorithm::Es256), "Another", $change).await;
            assert!(page.answer.text().contains("id=\"problem\""), "{}: {}", $what, page.answer.text());
        )+};
    }
    refused! {
        "another origin": said("origin", json!("https://evil.example")),
        "another challenge": said("challenge", json!("AAAA")),
        "another ceremony": said("type", json!("webauthn.get")),
        "a page within another": said("crossOrigin", json!(true)),
        "another server": |said| said.server = "evil.example".to_owned(),
        "nobody verified": |said| said.flags = 0x41,
        "nobody present": |said| said.flags = 0x44,
        "nothing made": |said| said.flags = 0x05,
        "nothing told": |said| said.rest.clear(),
        "a key that is cut off": |said| said.rest.truncate(90),
        "something behind the key": |said| said.rest.push(0),
        "a short name": |said| said.rest[17] = 15,
        "a point beside the curve": |said| *said.rest.last_mut().unwrap() ^= 1,
    }
    // The same authenticator again, and names that it cannot have.
    let same = authenticator.credential.clone();
    let mut again = Authenticator::new(Algorithm::Es256);
    again.credential = same;
    let page = browser.add_passkey_with(&mut again, "Again", |_| {}).await;
    assert!(page.answer.text().contains("This passkey is there already"), "{}", page.answer.text());
    for name in ["", &"x".repeat(101), "a\u{202e}b"] {
        let page = browser.add_passkey_with(&mut Authenticator::new(Algorithm::Es256), name, |_| {}).await;
        assert!(page.answer.text().contains("It cannot be called so"), "{name:?}: {}", page.answer.text());
    }
    assert_eq!(world.ledger_size(), before, "nothing was written");
    let hostile = "<b>\"'&{passkey}";
    let page = browser.add_passkey_with(&mut Authenticator::new(Algorithm::Es256), hostile, |_| {}).await;
    assert!(!page.answer.text().contains("<b>"), "{}", page.answer.text());
    for count in 2..20 {
        let _ = browser.add_passkey(&format!("number {count}")).await;
    }
    let page = browser.add_passkey_with(&mut Authenticator::new(Algorithm::Es256), "one too many", |_| {}).await;
    assert!(page.answer.text().contains("as many as you may have"), "{}", page.answer.text());
}

#[tokio::test]
async fn who_finds_a_browser_open_adds_and_removes_none() {
    let world = World::new().await;
    world.person("ada").await;
    let mut browser = signed_in(&world, "ada").await;
    let page = browser.open("/account/passkeys").await.page();
    world.advance(601);
    assert_eq!(browser.open("/account/passkeys").await.page().heading(), "Sign in");
    assert_eq!(browser.submit(&page, "/account/passkeys", None, &[]).await.page().heading(), "Sign in");
    assert!(told(&world, "passkey.added").is_empty());
    // A page that was opened in time is of no use later.
    let mut browser = signed_in(&world, "ada").await;
    let _ = browser.add_passkey("Telephone").await;
    let page = browser.open("/account/passkeys").await.page();
    let id = page.answer.text().split("name=\"remove\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let form = page.form("/account/passkeys").fields.into_iter().find(|(name, _)| name == "form").unwrap().1;
    world.advance(601);
    let body = jeton_oauth::form::encode([("form", form.as_str()), ("remove", id.as_str())]);
    assert_eq!(browser.post("/account/passkeys", &body).await.page().heading(), "Sign in");
    assert!(told(&world, "passkey.removed").is_empty());
    let mut nobody = world.browser();
    assert_eq!(nobody.open("/account/passkeys").await.page().heading(), "Sign in");
}

#[tokio::test]
async fn what_is_removed_signs_nobody_in_and_nobody_removes_their_last_way_in() {
    let world = World::new().await;
    let mut authenticator = with_passkey_alone(&world).await;
    let mut browser = world.browser();
    let page = browser.open("/signin").await.page();
    let account = browser.show_passkey(&page, &mut authenticator).await.page();
    assert_eq!(account.heading(), IN);
    assert!(!account.answer.text().contains("/account/password"), "she has none to change");
    assert_eq!(browser.open("/account/password").await.page().heading(), IN);
    let last = browser.remove_passkey("Telephone").await;
    assert!(last.answer.text().contains("You sign in by this alone"), "{}", last.answer.text());
    assert!(shown(&world, &mut authenticator, |_| {}).await.1, "it is there still");
    // Another browser in which the one that goes signed in, and another passkey that stays.
    let mut elsewhere = world.browser();
    let page = elsewhere.open("/signin").await.page();
    assert_eq!(elsewhere.show_passkey(&page, &mut authenticator).await.page().heading(), IN);
    let mut another = browser.add_passkey("Key").await;
    let done = browser.remove_passkey("Telephone").await;
    assert!(!done.answer.text().contains("id=\"problem\"") && !done.answer.text().contains("Telephone"), "{}", done.answer.text());
    let (page, is_in) = shown(&world, &mut authenticator, |_| {}).await;
    assert!(!is_in && page.answer.text().contains(REFUSED));
    assert_eq!(elsewhere.open("/account").await.page().heading(), "Sign in", "what passkeys began elsewhere ended");
    assert_eq!(browser.open("/account").await.page().heading(), IN);
    assert!(shown(&world, &mut another, |_| {}).await.1);
    let removed = told(&world, "passkey.removed");
    assert!(removed.len() == 1 && removed[0]["by_themselves"] == 1, "{removed:?}");
}

#[tokio::test]
async fn who_is_disabled_or_erased_is_signed_in_by_nothing() {
    let world = World::new().await;
    let mut authenticator = with_passkey(&world).await;
    world.done(Method::POST, "/users/ada/disable", None).await;
    let (page, is_in) = shown(&world, &mut authenticator, |_| {}).await;
    assert!(!is_in && page.answer.text().contains(REFUSED), "{}", page.answer.text());
    world.done(Method::POST, "/users/ada/enable", Some(json!({}))).await;
    assert!(shown(&world, &mut authenticator, |_| {}).await.1);
    world.service().erase_user("ada", &administrator(), &world.moment()).await.unwrap();
    assert!(!shown(&world, &mut authenticator, |_| {}).await.1);
}

#[tokio::test]
async fn one_from_before_a_gap_waits_until_somebody_accepts_it() {
    let world = World::new().await;
    let mut authenticator = with_passkey(&world).await;
    let mut browser = world.browser();
    let early = browser.open("/signin").await.page();
    world.advance(10);
    world.service().go_on_put_back(&Actor::system(), &world.moment()).await.unwrap();
    world.advance(10);
    let arrived: Arrived = browser.show_passkey(&early, &mut authenticator).await;
    assert!(arrived.page().answer.text().contains(REFUSED), "it was asked before, and may have been answered then");
    let (page, is_in) = shown(&world, &mut authenticator, |_| {}).await;
    assert!(!is_in && page.answer.status == 503, "{}", page.answer.shown());
    assert!(page.answer.text().contains("whether your passkey still holds is not known"), "{}", page.answer.text());
    let (page, _) = shown(&world, &mut authenticator, |said| said.flags = 0x01).await;
    assert!(page.answer.text().contains(REFUSED), "who does not have it hears nothing of that");
    assert!(world.service().accept_gap(&Actor::system(), &world.moment()).await.unwrap());
    assert!(shown(&world, &mut authenticator, |_| {}).await.1);
}

#[tokio::test]
async fn an_administrator_resets_them_and_the_owner_hears_of_it() {
    let world = World::new().await;
    let mut authenticator = with_passkey(&world).await;
    let mut browser = world.browser();
    let page = browser.open("/signin").await.page();
    assert_eq!(browser.show_passkey(&page, &mut authenticator).await.page().heading(), IN);
    let listed = world.done(Method::GET, "/users/ada/passkeys", None).await;
    assert_eq!(listed["passkeys"][0]["name"], "Telephone", "{listed}");
    assert!(listed["passkeys"][0]["last_used_at"].is_string(), "{listed}");
    world.done(Method::POST, "/users/ada/reset-passkeys", Some(json!({}))).await;
    assert!(!shown(&world, &mut authenticator, |_| {}).await.1);
    assert_eq!(browser.open("/account").await.page().heading(), "Sign in", "what it began ended");
    let removed = told(&world, "passkey.removed");
    assert!(removed.len() == 1 && removed[0]["by_themselves"] == 0, "{removed:?}");
    let listed = world.done(Method::GET, "/users/ada/passkeys", None).await;
    assert_eq!(listed["passkeys"], json!([]));
    // Her password signs her in still.
    let page = browser.open("/signin").await.page();
    assert_eq!(browser.submit(&page, "/signin", None, &ADA).await.page().heading(), IN);
}

#[tokio::test]
async fn they_go_with_their_person() {
    for (method, path) in [(Method::DELETE, "/users/ada"), (Method::POST, "/users/ada/erase")] {
        let world = World::new().await;
        let authenticator = with_passkey(&world).await;
        let key = passkey::key(&authenticator.credential);
        assert!(world.row(&passkey::TABLE, &key).is_some());
        world.done(method, path, Some(json!({}))).await;
        assert!(world.row(&passkey::TABLE, &key).is_none(), "{path}");
    }
}

#[tokio::test]
async fn who_resets_them_may_what_their_owner_may() {
    let world = World::new().await;
    let mut authenticator = with_passkey(&world).await;
    world.service().assign_role("owner", "user:ada", &administrator(), &world.moment()).await.unwrap();
    let weak = Administrator { permissions: Permissions::default(), ..administrator() };
    let refused = world.service().reset_passkeys("ada", &weak, &world.moment()).await.unwrap_err();
    assert!(matches!(&refused, Failure::Refused(refusal) if refusal.reason == Reason::Forbidden), "{refused:?}");
    assert!(shown(&world, &mut authenticator, |_| {}).await.1);
}

#[tokio::test]
async fn a_provider_is_taken_back_where_a_passkey_signs_in() {
    let world = World::new().await;
    let mut authenticator = with_passkey_alone(&world).await;
    let body = json!({"name": "corp", "issuer": "https://corp.example", "client_id": "x", "client_secret": "y"});
    world.done(Method::POST, "/providers", Some(body)).await;
    let person = world.service().find_user("ada").unwrap().record.id.clone();
    let provider = world.service().find_provider("corp").unwrap();
    let said = Said { subject: "ada at corp".to_owned(), ..Said::default() };
    world.service().connect(&provider, &said, &person, &world.moment()).await.unwrap();
    let mut browser = world.browser();
    let page = browser.open("/signin").await.page();
    assert_eq!(browser.show_passkey(&page, &mut authenticator).await.page().heading(), IN);
    // By the provider she comes in still: the passkey may go, and then the provider may not.
    let id = (provider.record.id.as_str(), "ada at corp");
    world.service().disconnect(id, &person, &world.moment()).await.unwrap();
    assert!(browser.remove_passkey("Telephone").await.answer.text().contains("You sign in by this alone"));
    world.service().connect(&provider, &said, &person, &world.moment()).await.unwrap();
    assert!(!browser.remove_passkey("Telephone").await.answer.text().contains("id=\"problem\""));
    let refused = world.service().disconnect(id, &person, &world.moment()).await.unwrap_err();
    assert!(matches!(&refused, Failure::Refused(refusal) if refusal.reason == Reason::Conflict), "{refused:?}");
}

#[tokio::test]
async fn a_server_that_has_an_address_and_no_name_asks_for_none() {
    for (issuer, is_asked) in [("http://127.0.0.1:8420", false), ("https://10.0.0.1", false), ("http://localhost:8420", true)] {
        let world = World::of(issuer).await;
        let page = world.browser().open("/signin").await.page();
        assert_eq!(page.answer.text().contains("data-passkey="), is_asked, "{issuer}");
        assert_eq!(page.answer.text().contains("webauthn"), is_asked, "{issuer}");
    }
}
