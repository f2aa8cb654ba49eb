//! Revocations, suspensions and resumptions over the management API: of credentials of every kind, and of all that is a subject's; counted by kind.

use http::Method;
use jeton_core::event::CutOffSubject;
use jeton_core::id::Actor;
use jeton_core::why::Why;
use jeton_testkit::World;
use jeton_testkit::world::registered::Registered;
use serde_json::{Value, json};

const ORDERS: &str = "https://orders.example";

fn by_kind(access_tokens: u64, keys: u64, personal_access_tokens: u64, client_secrets: u64) -> Value {
    json!({
        "access_tokens": access_tokens, "keys": keys, "personal_access_tokens": personal_access_tokens, "client_secrets": client_secrets,
        "sessions": 0, "authorization_codes": 0, "refresh_tokens": 0,
    })
}

/// A world with something of every kind: two tokens and a key of `shop`, a key that it handed out, one of `own`, one of a group, one of
/// somebody outside, and a personal access token of `ada`.
struct Filled {
    world: World,
    own: Registered,
    shop: Registered,
    keys: Vec<(&'static str, Value)>,
    tokens: Vec<String>,
}

impl Filled {
    async fn new() -> Filled {
        let world = World::new().await;
        let orders = world.opaque_api("orders").await;
        let (own, shop) = (world.client("own", &[&orders]).await, world.client("shop", &[&orders]).await);
        world.done(Method::POST, "/users", Some(json!({"username": "ada"}))).await;
        world.done(Method::POST, "/groups", Some(json!({"name": "billing"}))).await;
        world.done(Method::POST, "/roles", Some(json!({"audience": ORDERS, "name": "clerk", "scope": "orders:read"}))).await;
        for holder in ["user:ada", "group:billing"] {
            world.done(Method::PUT, &format!("/roles/clerk/assignments/{holder}"), None).await;
        }
        let mut keys = vec![];
        for (name, owner, more) in [
            ("shop", "client:shop", Value::Null),
            ("handed out", "external:a", json!({"client": "shop"})),
            ("own", "client:own", Value::Null),
            ("ada", "user:ada", Value::Null),
            ("billing", "group:billing", Value::Null),
            ("outside", "external:b", Value::Null),
        ] {
            keys.push((name, world.make_key(owner, ORDERS, more).await));
        }
        let tokens = vec![world.token(&shop).await, world.token(&shop).await, world.token(&own).await];
        Filled { world, own, shop, keys, tokens }
    }

    fn key(&self, name: &str) -> &Value {
        &self.keys.iter().find(|(known, _)| *known == name).unwrap().1
    }

    async fn code(&self, name: &str) -> String {
        self.world.key_code(&self.own, self.key(name)["key"].as_str().unwrap()).await
    }

    /// The keys that are not accepted, and with which code.
    async fn refused(&self) -> Vec<(&'static str, String)> {
        let mut refused = vec![];
        for (name, _) in &self.keys {
            refused.push((*name, self.code(name).await));
        }
        refused.retain(|(_, code)| code != "valid");
        refused
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.world.done(Method::POST, path, Some(body)).await
    }
}

#[tokio::test]
async fn one_credential_of_any_kind_ends_by_its_text_or_id() {
    let filled = Filled::new().await;
    let world = &filled.world;
    let text = |name: &str| filled.key(name)["key"].clone();
    for (body, expected) in [
        (json!({"token": filled.tokens[0]}), by_kind(1, 0, 0, 0)),
        (json!({"token": text("shop")}), by_kind(0, 1, 0, 0)),
        (json!({"token": text("ada")}), by_kind(0, 0, 1, 0)),
        (json!({"key": filled.key("billing")["id"]}), by_kind(0, 1, 0, 0)),
        (json!({"id": filled.key("outside")["id"]}), by_kind(0, 1, 0, 0)),
        (json!({"token": filled.shop.secret}), by_kind(0, 0, 0, 1)),
    ] {
        let mut dry = body.clone();
        dry["dry_run"] = true.into();
        let size = world.ledger_size();
        assert_eq!(filled.post("/revocations", dry).await["fell"], expected, "{body}");
        assert_eq!(world.ledger_size(), size, "{body}");
        assert_eq!(filled.post("/revocations", body.clone()).await["fell"], expected, "{body}");
        let size = world.ledger_size();
        assert_eq!(filled.post("/revocations", body.clone()).await["fell"], by_kind(0, 0, 0, 0), "{body}: it was over already");
        assert_eq!(world.ledger_size(), size, "{body}: a repetition writes nothing");
    }
    let revoked = |name| (name, "revoked".to_owned());
    assert_eq!(filled.refused().await, [revoked("shop"), revoked("ada"), revoked("billing"), revoked("outside")]);
    assert!(!world.is_active(&filled.own, &filled.tokens[0]).await && world.is_active(&filled.own, &filled.tokens[2]).await);
    assert_eq!(world.ask(&filled.shop, &[]).await.status, 401, "its secret has ended");
    for junk in ["", "x", "jtn_key_x", "a.b.c"] {
        let answer = world.administer(Method::POST, "/revocations", Some(json!({"token": junk}))).await;
        assert_eq!(answer.status, 404, "{junk}");
    }
}

#[tokio::test]
async fn all_of_a_subject_falls_and_is_counted_by_kind() {
    let revoked = |names: &[&'static str]| names.iter().map(|name| (*name, "revoked".to_owned())).collect::<Vec<_>>();
    for (body, expected, fallen) in [
        (json!({"client": "shop"}), by_kind(2, 2, 0, 0), revoked(&["shop", "handed out"])),
        (json!({"user": "ada"}), by_kind(0, 0, 1, 0), revoked(&["ada"])),
        (json!({"group": "billing"}), by_kind(0, 1, 0, 0), revoked(&["billing"])),
        (json!({"api": ORDERS}), by_kind(3, 5, 1, 0), revoked(&["shop", "handed out", "own", "ada", "billing", "outside"])),
        (json!({"everything": true}), by_kind(3, 5, 1, 0), revoked(&["shop", "handed out", "own", "ada", "billing", "outside"])),
    ] {
        let filled = Filled::new().await;
        let mut earlier = body.clone();
        earlier["before"] = (filled.world.now() - 60).into();
        assert_eq!(filled.post("/revocations", earlier).await["fell"], by_kind(0, 0, 0, 0), "{body}: nothing is so old");
        let mut dry = body.clone();
        dry["dry_run"] = true.into();
        assert_eq!(filled.post("/revocations", dry).await["fell"], expected, "{body}");
        assert_eq!(filled.refused().await, [], "{body}: only counted");
        assert_eq!(filled.post("/revocations", body.clone()).await["fell"], expected, "{body}");
        assert_eq!(filled.refused().await, fallen, "{body}");
        assert_eq!(filled.post("/revocations", body.clone()).await["fell"], by_kind(0, 0, 0, 0), "{body}: it was over already");
        // What ended them stands in lists, with by whom, once that is written; verifiers heard of it before.
        let noted = filled.world.service().note_cut_offs().await.unwrap();
        assert_eq!(noted, fallen.len() as u64, "{body}");
        assert_eq!(filled.world.service().note_cut_offs().await, Ok(0), "{body}");
        for (name, _) in &fallen {
            let shown = filled.world.done(Method::GET, &format!("/keys/{}", filled.key(name)["id"].as_str().unwrap()), None).await;
            assert_eq!(
                (&shown["state"], &shown["why"], &shown["ended_by"]),
                (&json!("revoked"), &json!(Why::CutOff.name()), &json!("unix:1000")),
                "{body}: {name}"
            );
        }
        let world = filled.world.reopen().await;
        assert_eq!(world.ask(&filled.shop, &[]).await.status, 200, "{body}: the secrets of clients go on");
    }
}

/// What a cut-off reaches is read in steps: more keys than one of them has, beside others that it leaves alone.
#[tokio::test]
async fn a_cut_off_of_many_keys_is_counted_and_written_step_by_step() {
    let filled = Filled::new().await;
    for number in 0..520 {
        filled.world.make_key(&format!("external:{number}"), ORDERS, json!({"client": "shop"})).await;
    }
    assert_eq!(filled.post("/revocations", json!({"client": "own"})).await["fell"], by_kind(1, 1, 0, 0));
    assert_eq!(filled.post("/revocations", json!({"everything": true, "dry_run": true})).await["fell"], by_kind(2, 524, 1, 0));
    assert_eq!(filled.post("/revocations", json!({"client": "shop"})).await["fell"], by_kind(2, 522, 0, 0));
    assert_eq!(filled.world.service().note_cut_offs().await, Ok(523));
    assert_eq!(filled.world.service().note_cut_offs().await, Ok(0));
}

/// The job may be quicker than who counts.
#[tokio::test]
async fn what_fell_is_counted_also_once_it_is_written_down() {
    let filled = Filled::new().await;
    let service = filled.world.service();
    let survey = service.survey(CutOffSubject::Client, "shop").unwrap();
    let moment = filled.world.moment();
    let before = service.cut_off(CutOffSubject::Client, "shop", None, &Actor::system(), &moment).await.unwrap();
    assert_eq!(service.note_cut_offs().await, Ok(2));
    let fell = service.count_fallen(&survey, before, &moment, || true).unwrap().unwrap();
    assert_eq!((fell.access_tokens, fell.keys), (2, 2));
    assert_eq!(service.count_fallen(&survey, before, &moment, || false), Ok(None), "nobody waits for it any more");
}

/// A process that is about to end leaves the rest of such a job to the next one.
#[tokio::test]
async fn jobs_stop_where_they_are_when_the_process_ends() {
    let filled = Filled::new().await;
    filled.post("/revocations", json!({"user": "ada"})).await;
    filled.world.service().begin_to_end();
    assert_eq!(filled.world.service().note_cut_offs().await, Ok(0));
    let world = filled.world.reopen().await;
    assert_eq!(world.service().note_cut_offs().await, Ok(1));
}

/// A process that ended between a cut-off and its writing down goes on with it.
#[tokio::test]
async fn a_cut_off_is_written_at_keys_after_a_restart_too() {
    let filled = Filled::new().await;
    filled.post("/revocations", json!({"user": "ada"})).await;
    let id = filled.key("ada")["id"].as_str().unwrap().to_owned();
    let world = filled.world.reopen().await;
    assert_eq!(world.service().note_cut_offs().await, Ok(1));
    assert_eq!(world.done(Method::GET, &format!("/keys/{id}"), None).await["ended_by"], "unix:1000");
}

#[tokio::test]
async fn what_is_suspended_is_refused_gets_nothing_new_and_comes_back() {
    let suspended = |names: &[&'static str]| names.iter().map(|name| (*name, "suspended".to_owned())).collect::<Vec<_>>();
    for (body, expected, reached) in [
        (json!({"client": "shop"}), by_kind(2, 2, 0, 1), suspended(&["shop", "handed out"])),
        (json!({"user": "ada"}), by_kind(0, 0, 1, 0), suspended(&["ada"])),
        (json!({"group": "billing"}), by_kind(0, 1, 0, 0), suspended(&["billing"])),
    ] {
        let filled = Filled::new().await;
        let mut dry = body.clone();
        dry["dry_run"] = true.into();
        assert_eq!(filled.post("/suspensions", dry.clone()).await["suspended"], expected, "{body}");
        assert_eq!(filled.post("/resumptions", dry.clone()).await["resumed"], by_kind(0, 0, 0, 0), "{body}");
        assert_eq!(filled.refused().await, [], "{body}: only counted");
        let first = filled.post("/suspensions", body.clone()).await;
        assert_eq!((&first["suspended"], &first["changed"]), (&expected, &json!(true)), "{body}");
        let again = filled.post("/suspensions", body.clone()).await;
        assert_eq!((&again["suspended"], &again["changed"]), (&by_kind(0, 0, 0, 0), &json!(false)), "{body}: it was already");
        assert_eq!(filled.refused().await, reached, "{body}");
        let is_client = body.get("client").is_some();
        assert_eq!(filled.world.is_active(&filled.own, &filled.tokens[0]).await, !is_client, "{body}");
        assert_eq!(filled.world.ask(&filled.shop, &[]).await.status, if is_client { 401 } else { 200 }, "{body}");
        let (kind, name) = body.as_object().unwrap().iter().next().unwrap();
        let make = json!({"owner": format!("{kind}:{}", name.as_str().unwrap()), "audience": ORDERS, "name": "new"});
        let answer = filled.world.administer(Method::POST, "/keys", Some(make.clone())).await;
        assert_eq!(answer.status, 409, "{body}: {}", answer.shown());
        let id = filled.key(reached[0].0)["id"].as_str().unwrap();
        for (path, change) in [("rotate", json!({})), ("transfer", json!({"to": "external:b"}))] {
            let answer = filled.world.administer(Method::POST, &format!("/keys/{id}/{path}"), Some(change)).await;
            assert!((400..410).contains(&answer.status), "{body}: {path} {}", answer.shown());
        }
        let Filled { world, own, shop, keys, tokens } = filled;
        let filled = Filled { world: world.reopen().await, own, shop, keys, tokens };
        assert_eq!(filled.refused().await, reached, "{body}: after a restart");
        assert_eq!(filled.post("/resumptions", dry).await["resumed"], expected, "{body}");
        assert_eq!(filled.post("/resumptions", body.clone()).await["resumed"], expected, "{body}");
        assert_eq!(filled.refused().await, [], "{body}");
        assert!(filled.world.is_active(&filled.own, &filled.tokens[0]).await, "{body}");
        filled.post("/keys", make).await;
        // A revocation is final, also of what is suspended.
        filled.post("/suspensions", body.clone()).await;
        filled.post("/revocations", body.clone()).await;
        filled.post("/resumptions", body.clone()).await;
        let revoked: Vec<_> = reached.iter().map(|(name, _)| (*name, "revoked".to_owned())).collect();
        assert_eq!(filled.refused().await, revoked, "{body}");
    }
}

#[tokio::test]
async fn a_suspended_api_is_asked_for_in_vain() {
    let filled = Filled::new().await;
    let reached = filled.post("/suspensions", json!({"api": ORDERS})).await;
    assert_eq!(reached["suspended"], by_kind(3, 5, 1, 0));
    assert!(filled.refused().await.iter().all(|(_, code)| code == "suspended"));
    let answer = filled.world.ask(&filled.shop, &[]).await;
    assert_eq!((answer.status, answer.error()), (400, "invalid_target".to_owned()));
    filled.post("/resumptions", json!({"api": ORDERS})).await;
    assert_eq!((filled.refused().await, filled.world.ask(&filled.shop, &[]).await.status), (vec![], 200));
}

#[tokio::test]
async fn one_token_or_key_is_suspended_and_resumed() {
    let filled = Filled::new().await;
    let (token, key) = (json!({"token": filled.tokens[0]}), json!({"token": filled.key("ada")["key"]}));
    for (body, expected) in
        [(token.clone(), by_kind(1, 0, 0, 0)), (key, by_kind(0, 0, 1, 0)), (json!({"id": filled.key("own")["id"]}), by_kind(0, 1, 0, 0))]
    {
        for (path, member) in [("/suspensions", "suspended"), ("/resumptions", "resumed"), ("/suspensions", "suspended")] {
            assert_eq!(filled.post(path, body.clone()).await[member], expected, "{body} {path}");
            assert_eq!(filled.post(path, body.clone()).await[member], by_kind(0, 0, 0, 0), "{body} {path} again");
        }
    }
    assert!(!filled.world.is_active(&filled.own, &filled.tokens[0]).await);
    assert_eq!(filled.refused().await.len(), 2);
    // By itself and with its client: to resume the one leaves the other.
    filled.post("/suspensions", json!({"client": "shop"})).await;
    filled.post("/resumptions", json!({"client": "shop"})).await;
    assert!(!filled.world.is_active(&filled.own, &filled.tokens[0]).await);
    assert!(filled.world.is_active(&filled.own, &filled.tokens[1]).await);
    filled.post("/suspensions", json!({"client": "shop"})).await;
    assert_eq!(filled.post("/resumptions", token.clone()).await["resumed"], by_kind(0, 0, 0, 0), "nothing is accepted again by that");
    let answer = filled.world.administer(Method::POST, "/resumptions", Some(token)).await;
    assert_eq!(answer.status, 409, "{}", answer.shown());
    assert!(!filled.world.is_active(&filled.own, &filled.tokens[0]).await);
    filled.post("/resumptions", json!({"client": "shop"})).await;
    assert!(filled.world.is_active(&filled.own, &filled.tokens[0]).await);
    for (path, body, status) in [
        ("/suspensions", json!({"everything": true}), 400),
        ("/suspensions", json!({"client": "shop", "before": "now"}), 400),
        ("/suspensions", json!({"client": "nobody"}), 404),
        ("/suspensions", json!({"session": "s"}), 404),
        ("/suspensions", json!({}), 400),
        ("/suspensions", json!({"client": 7}), 400),
        ("/suspensions", json!({"client": "shop", "more": 1}), 400),
        ("/suspensions", json!({"client": "\u{202e}shop\u{7}"}), 404),
        ("/resumptions", json!({"client": "a", "api": "b"}), 400),
        ("/resumptions", json!({"token": "x".repeat(60_000)}), 404),
    ] {
        let answer = filled.world.administer(Method::POST, path, Some(body.clone())).await;
        assert_eq!(answer.status, status, "{path} {body}: {}", answer.shown());
        assert!(!answer.text().contains(['\u{202e}', '\u{7}']), "{}", answer.shown());
    }
}

/// What is for an API ends with it: told before and after, and why at each key.
#[tokio::test]
async fn what_falls_with_an_api_is_counted() {
    let filled = Filled::new().await;
    let world = &filled.world;
    let api = world.done(Method::GET, "/apis", None).await["items"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/apis/{api}");
    let (size, all) = (world.ledger_size(), by_kind(3, 5, 1, 0));
    let asked = world.done(Method::DELETE, &path, Some(json!({"dry_run": true}))).await;
    assert_eq!(asked, json!({"fell": all, "dry_run": true}));
    assert_eq!((world.ledger_size(), filled.code("outside").await), (size, "valid".to_owned()), "only asked");
    let removed = world.done(Method::DELETE, &path, None).await;
    assert_eq!(removed, json!({"fell": all, "dry_run": false}));
    for (name, key) in &filled.keys {
        let shown = world.done(Method::GET, &format!("/keys/{}", key["id"].as_str().unwrap()), None).await;
        assert_eq!((&shown["state"], &shown["why"]), (&json!("revoked"), &json!("api_gone")), "{name}: {shown}");
    }
    // The management API falls for nobody, not even in question.
    let management = "/apis/https%3A%2F%2Ftokens.example%2Fapi%2Fv1";
    assert_eq!(world.administer(Method::DELETE, management, Some(json!({"dry_run": true}))).await.status, 409);
    assert_eq!(world.administer(Method::DELETE, &path, Some(json!({"dry_run": true}))).await.status, 404);
}

#[tokio::test]
async fn what_is_suspended_shows_with_since_when_by_whom_and_why() {
    let filled = Filled::new().await;
    let world = &filled.world;
    let at = jeton_http::api::rfc3339::format(world.now());
    let orders = "/apis/https%3A%2F%2Forders.example";
    for (body, path, list, secrets) in [
        (json!({"client": "shop"}), "/clients/shop", "/clients", Some("/clients/shop/secrets")),
        (json!({"api": ORDERS}), orders, "/apis", None),
        (json!({"user": "ada"}), "/users/ada", "/users", None),
        (json!({"group": "billing"}), "/groups/billing", "/groups", None),
    ] {
        let get = async |path: &str| world.done(Method::GET, path, None).await;
        let id = |shown: &Value| shown.get("client_id").or_else(|| shown.get("id")).cloned();
        let listed = async |of: &Value| {
            let all = get(list).await;
            all["items"].as_array().unwrap().iter().find(|item| id(item) == id(of)).unwrap().clone()
        };
        let before = get(path).await;
        assert_eq!((&before["state"], before.get("suspended_at")), (&json!("active"), None), "{path}");
        let mut suspend = body.clone();
        suspend["why"] = "odd traffic".into();
        filled.post("/suspensions", suspend).await;
        let during = get(path).await;
        for shown in [&during, &listed(&during).await] {
            assert_eq!(
                (&shown["state"], &shown["suspended_at"], &shown["suspended_by"], &shown["why"]),
                (&json!("suspended"), &json!(at), &json!("unix:1000"), &json!("odd traffic")),
                "{path}: {shown}"
            );
        }
        if let Some(secrets) = secrets {
            let secret = &get(secrets).await["items"][0];
            assert_eq!((&secret["state"], &secret["is_live"]), (&json!("suspended"), &json!(false)));
        }
        filled.post("/resumptions", body).await;
        for shown in [&get(path).await, &listed(&before).await] {
            assert_eq!((&shown["state"], shown.get("suspended_at"), shown.get("why")), (&json!("active"), None, None), "{path}");
        }
    }
}

#[tokio::test]
async fn a_text_with_more_than_a_credential_ends_the_credential() {
    let filled = Filled::new().await;
    let line = format!("x-api-key: {}", filled.key("shop")["key"].as_str().unwrap());
    let answer = filled.world.administer(Method::POST, "/revocations", Some(json!({"token": line}))).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let path = format!("/keys/{}", filled.key("shop")["id"].as_str().unwrap());
    assert_eq!(filled.world.done(Method::GET, &path, None).await["state"], "revoked");
}
