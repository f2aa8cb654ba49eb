//! Introspection (RFC 7662): what is active, for whom, and that everything else is told in the same words.

use insta::assert_snapshot;
use jeton_core::api::Api;
use jeton_core::api::update::UpdateApi;
use jeton_core::event::CutOffSubject;
use jeton_jose::jws::Signer;
use jeton_service::revoke::TokenChange;
use jeton_testkit::world::manage::{administrator, claims_of};
use jeton_testkit::{Registered, World};
use serde_json::json;

use crate::errors::check_error;

const FORMATS: [&str; 2] = ["jwt", "opaque"];

async fn declared(world: &World, name: &str, format: &str) -> Api {
    world.api_with(name, |request| request.token_format = Some(format.to_owned())).await
}

#[tokio::test]
async fn an_active_token_is_described() {
    let world = World::new().await;
    let (orders, stock) = (world.api("orders").await, world.opaque_api("stock").await);
    let (worker, picker) = (world.client("worker", &[&orders]).await, world.client("picker", &[&stock]).await);
    let token = world.token(&worker).await;
    assert_snapshot!(world.introspect(&worker, &token).await.shown(), @r#"
    200
    cache-control: no-store
    content-type: application/json
    x-content-type-options: nosniff

    {"active":true,"scope":"orders:read","client_id":"[client]","token_type":"Bearer","exp":1800003600,"iat":1800000000,"sub":"[client]","aud":"https://orders.example","iss":"https://tokens.example","jti":"[id]","ver":1}
    "#);
    assert_eq!(world.introspect(&worker, &token).await.member("jti"), claims_of(&token)["jti"]);
    let token = world.token(&picker).await;
    assert_snapshot!(world.introspect(&picker, &token).await.shown(), @r#"
    200
    cache-control: no-store
    content-type: application/json
    x-content-type-options: nosniff

    {"active":true,"scope":"stock:read","client_id":"[client]","token_type":"Bearer","exp":1800003600,"iat":1800000000,"sub":"[client]","aud":"https://stock.example","iss":"https://tokens.example","jti":"[id]","ver":1}
    "#);
}

#[tokio::test]
async fn every_way_to_be_inactive_reads_the_same() {
    for format in FORMATS {
        let world = World::new().await;
        let api = declared(&world, "orders", format).await;
        let worker = world.client("worker", &[&api]).await;
        let gone = world.client("gone", &[&api]).await;
        let judge = world.client("judge", &[&api]).await;
        let inactive = async |token: &str, why: &str| assert!(!world.is_active(&judge, token).await, "{format}: {why}");
        let fresh = async || {
            let token = world.token(&worker).await;
            assert!(world.is_active(&judge, &token).await, "{format}");
            token
        };

        let token = fresh().await;
        for junk in [
            "x",
            "jtn_at_",
            ".",
            "..",
            "a.b.c",
            "é",
            "\0",
            "null",
            &token[1..],
            &token[..token.len() - 1],
            &format!("{token} "),
            &token.to_uppercase(),
        ] {
            inactive(junk, junk).await;
        }
        assert_eq!(world.revoke(&worker, &token).await.status, 200);
        inactive(&token, "revoked").await;

        let token = fresh().await;
        world.change(&token, TokenChange::Suspend).await.unwrap();
        inactive(&token, "suspended").await;
        world.change(&token, TokenChange::Resume).await.unwrap();
        assert!(world.is_active(&judge, &token).await, "{format}: resumed");

        let token = fresh().await;
        world.cut_off(CutOffSubject::Client, &worker.id).await;
        inactive(&token, "cut off by its client").await;
        world.advance(2);
        let token = fresh().await;
        world.cut_off(CutOffSubject::Api, "https://orders.example").await;
        inactive(&token, "cut off by its API").await;
        world.advance(2);
        let token = fresh().await;
        world.cut_off(CutOffSubject::Everything, "").await;
        inactive(&token, "cut off with everything").await;
        world.advance(2);

        let token = fresh().await;
        world.advance(3_599);
        assert!(world.is_active(&judge, &token).await);
        world.advance(1);
        inactive(&token, "expired").await;

        let token = world.token(&gone).await;
        world.service().delete_client(&gone.id, &administrator(), &world.moment()).await.unwrap();
        inactive(&token, "its client is gone").await;

        let token = fresh().await;
        let request = UpdateApi { access_token_lifetime_seconds: Some(60), ..UpdateApi::default() };
        world.service().update_api("https://orders.example", &request, &administrator(), &world.moment()).await.unwrap();
        assert_eq!(world.introspect(&judge, &token).await.member("exp"), world.now() + 60);
        world.advance(60);
        inactive(&token, "older than its API allows now").await;

        let token = fresh().await;
        world.service().delete_api("https://orders.example", &administrator(), &world.moment()).await.unwrap();
        inactive(&token, "its API is gone").await;
        declared(&world, "orders", format).await;
        inactive(&token, "another API of the same audience").await;
    }
}

/// A lifetime that is raised again brings nothing back, and what is told of the end is true.
#[tokio::test]
async fn a_lowered_lifetime_stays_lowered_for_what_was_out() {
    for format in FORMATS {
        let world = World::new().await;
        let api = declared(&world, "orders", format).await;
        let worker = world.client("worker", &[&api]).await;
        let token = world.token(&worker).await;
        for seconds in [60, 3_600] {
            let request = UpdateApi { access_token_lifetime_seconds: Some(seconds), ..UpdateApi::default() };
            world.service().update_api("https://orders.example", &request, &administrator(), &world.moment()).await.unwrap();
        }
        let world = world.reopen().await;
        assert_eq!(world.introspect(&worker, &token).await.member("exp"), world.now() + 60, "{format}");
        world.advance(60);
        assert!(!world.is_active(&worker, &token).await, "{format}");
        let later = world.token(&worker).await;
        world.advance(3_599);
        assert!(world.is_active(&worker, &later).await, "{format}");
    }
}

#[tokio::test]
async fn a_version_that_nobody_knows_is_refused() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let mut claims = claims_of(&world.token(&worker).await);
    let signer = Signer::new(world.stolen_key(orders.signing_algorithm), "at+jwt");
    for (version, is_active) in
        [(json!(1), true), (json!(2), false), (json!(0), false), (json!(-1), false), (json!("1"), false), (json!(null), false)]
    {
        claims["ver"] = version.clone();
        let token = signer.sign(claims.to_string().as_bytes()).unwrap();
        assert_eq!(world.is_active(&worker, &token).await, is_active, "{version}");
    }
    claims.as_object_mut().unwrap().remove("ver");
    assert!(!world.is_active(&worker, &signer.sign(claims.to_string().as_bytes()).unwrap()).await);
}

#[tokio::test]
async fn a_token_of_another_deployment_is_none_of_ours() {
    let (world, foreign) = (World::new().await, World::of("https://other.example").await);
    for name in ["orders", "stock"] {
        for world in [&world, &foreign] {
            let shape = |request: &mut jeton_core::api::create::CreateApi| {
                request.token_format = Some(if name == "stock" { "opaque" } else { "jwt" }.to_owned());
            };
            let api = world.api_with(name, shape).await;
            world.client(name, &[&api]).await;
        }
    }
    for name in ["orders", "stock"] {
        let secretless = |world: &World| world.service().find_client(name).unwrap().client.record.id.to_string();
        let created = async |world: &World| {
            let request = jeton_core::client::secret::CreateSecret::default();
            let made = world.service().create_client_secret(name, request, &administrator(), &world.moment()).await.unwrap();
            Registered { id: secretless(world), secret: made.clear.0.expose().to_owned(), key: None }
        };
        let (here, there) = (created(&world).await, created(&foreign).await);
        let token = foreign.token(&there).await;
        assert!(foreign.is_active(&there, &token).await);
        assert!(!world.is_active(&here, &token).await, "{name}");
    }
}

#[tokio::test]
async fn who_may_learn() {
    for format in FORMATS {
        let world = World::new().await;
        let (orders, stock) = (declared(&world, "orders", format).await, declared(&world, "stock", format).await);
        let worker = world.client("worker", &[&orders]).await;
        let silent = world.client_with("silent", &[&orders], |request| request.may_introspect = false).await;
        let beside = world.client("beside", &[&stock]).await;
        let judge = world.client("judge", &[&orders, &stock]).await;
        let token = world.token(&worker).await;
        for (name, caller, may) in
            [("itself", &worker, true), ("the API", &judge, true), ("silent", &silent, false), ("beside", &beside, false)]
        {
            assert_eq!(world.is_active(caller, &token).await, may, "{format}: {name}");
        }
        // Not even of its own.
        assert!(!world.is_active(&silent, &world.token(&silent).await).await, "{format}");
    }
}

#[tokio::test]
async fn nobody_learns_anything_without_proof() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    let token = world.token(&worker).await;
    let body = format!("token={token}");
    check_error(&world.post("/oauth/introspect", None, body.clone()).await, 401, "invalid_client");
    check_error(&world.post("/oauth/introspect", None, format!("{body}&client_id={}", worker.id)).await, 401, "invalid_client");
    check_error(&world.post("/oauth/introspect", Some(&worker.with_secret("x").basic()), body.clone()).await, 401, "invalid_client");
    check_error(&world.post("/oauth/introspect", Some(&format!("Bearer {token}")), body).await, 401, "invalid_client");
    check_error(&world.post_as(&worker, "/oauth/introspect", &[]).await, 400, "invalid_request");
    check_error(&world.post_as(&worker, "/oauth/introspect", &[("token", "")]).await, 400, "invalid_request");
}

#[tokio::test]
async fn a_hint_changes_nothing() {
    for format in FORMATS {
        let world = World::new().await;
        let api = declared(&world, "orders", format).await;
        let worker = world.client("worker", &[&api]).await;
        let token = world.token(&worker).await;
        for hint in ["access_token", "refresh_token", "id_token", "<b>", ""] {
            let answer = world.post_as(&worker, "/oauth/introspect", &[("token", &token), ("token_type_hint", hint)]).await;
            assert_eq!(answer.member("active"), true, "{format} {hint}: {}", answer.shown());
        }
    }
}

#[tokio::test]
async fn other_kinds_of_token_are_no_access_tokens() {
    let world = World::new().await;
    let orders = world.api("orders").await;
    let worker = world.client("worker", &[&orders]).await;
    assert!(!world.is_active(&worker, &worker.secret).await);
    let answer = world.revoke(&worker, &worker.secret).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, ""));
    assert_eq!(world.ask(&worker, &[]).await.status, 200, "a client secret is not revoked as if it were a token");
}
