//! Who may do more than they need, and keys that sign for too long.

use http::Method;
use jeton_core::doctor::{Grade, Practice, Severity, Verdict};
use jeton_core::policy::CredentialKind;
use jeton_core::policy::idle::IdleRule;
use jeton_core::policy::set::SetPolicy;
use jeton_testkit::world::manage::administrator;
use jeton_testkit::world::people::PASSWORD;
use serde_json::json;

use super::{DAY, Deployment, fails, found, grade};

#[tokio::test]
async fn signing_keys_that_the_schedule_left() {
    let deployment = Deployment::sound().await;
    // A day has passed already.
    deployment.world.advance(90 * DAY);
    assert_eq!(found(&deployment.examine(), "rotation.signing_keys").verdict, Verdict::Passed);
    deployment.world.advance(1);
    fails(&deployment, "rotation.signing_keys", Severity::High, "signs for 91d", "signing-key rotate --alg ES256");
    deployment.world.service().tend_signing_keys(&deployment.world.moment()).await.unwrap();
    assert_eq!(found(&deployment.examine(), "rotation.signing_keys").verdict, Verdict::Passed);
}

#[tokio::test]
async fn administrators_without_a_second_factor() {
    let deployment = Deployment::sound().await;
    let world = &deployment.world;
    let seen = || found(&deployment.examine(), "scopes.administrators_factor").clone();
    // Who has a token alone signs in nowhere, and whoever signs in administers nothing.
    world.administrator_of("eve", "owner").await;
    world.person("ada").await;
    assert_eq!(seen().verdict, Verdict::Passed, "{:?}", seen());
    world.administrator_of("ada", "auditor").await;
    fails(&deployment, "scopes.administrators_factor", Severity::High, "second factor: ada", "jeton admin remove ada");
    let mut browser = world.browser();
    let page = browser.open("/signin").await.page();
    browser.submit(&page, "/signin", None, &[("username", "ada"), ("password", PASSWORD)]).await;
    browser.set_second_factor(world).await;
    assert_eq!(seen().verdict, Verdict::Passed, "{:?}", seen());
    world.service().reset_second_factor("ada", &administrator(), &world.moment()).await.unwrap();
    assert_eq!(seen().verdict, Verdict::Failed, "{:?}", seen());
    // Who is disabled signs in no more.
    world.done(Method::POST, "/users/ada/disable", Some(json!({}))).await;
    assert_eq!(seen().verdict, Verdict::Passed, "{:?}", seen());
}

#[tokio::test]
async fn clients_that_may_do_all_there_is() {
    let deployment = Deployment::sound().await;
    let all = |request: &mut jeton_core::client::create::CreateClient| request.scopes = Some("orders:read orders:write".to_owned());
    deployment.world.client_with("greedy", &[&deployment.orders], all).await;
    fails(&deployment, "scopes.all", Severity::Medium, "greedy", "client update greedy --scope");
}

#[tokio::test]
async fn keys_that_may_do_all_that_their_api_knows() {
    let deployment = Deployment::sound().await;
    let all = json!({"scope": "orders:read orders:write"});
    let made = deployment.world.make_key("external:acme", "https://orders.example", all).await;
    let id = made["id"].as_str().unwrap();
    assert_eq!(grade(&deployment.examine(), Practice::Scopes), Some(Grade::A), "as of the last pass");
    deployment.sweep().await;
    fails(
        &deployment,
        "scopes.keys_all",
        Severity::Medium,
        &format!(" of external:acme ({id}); as of 0 min ago"),
        &format!("key update {id} --scope"),
    );
    deployment.world.done(Method::PATCH, &format!("/keys/{id}"), Some(json!({"scope": "orders:read"}))).await;
    deployment.sweep().await;
    assert_eq!(grade(&deployment.examine(), Practice::Scopes), Some(Grade::A));
}

/// What is revoked asks for nothing any more: nobody waits for the next pass to hear that.
#[tokio::test]
async fn keys_that_were_revoked_since_the_last_pass() {
    let deployment = Deployment::sound().await;
    let all = json!({"scope": "orders:read orders:write"});
    let (one, other) = (
        deployment.world.make_key("external:acme", "https://orders.example", all.clone()).await,
        deployment.world.make_key("external:bolt", "https://orders.example", all).await,
    );
    let id = |made: &serde_json::Value| made["id"].as_str().unwrap().to_owned();
    deployment.sweep().await;
    deployment.world.done(Method::DELETE, &format!("/keys/{}", id(&one)), None).await;
    let told = found(&deployment.examine(), "scopes.keys_all").clone();
    assert!(!told.evidence.contains("acme") && told.evidence.contains("bolt"), "{told:?}");
    assert!(told.command.contains(&id(&other)), "{told:?}");
    deployment.world.done(Method::DELETE, &format!("/keys/{}", id(&other)), None).await;
    assert_eq!(found(&deployment.examine(), "scopes.keys_all").verdict, Verdict::Passed);
}

#[tokio::test]
async fn what_is_granted_and_not_used() {
    let deployment = Deployment::sound().await;
    let world = &deployment.world;
    // A third scope, so that nobody has all there are.
    let third = |request: &mut jeton_core::api::create::CreateApi| drop(request.scopes.insert("stock:delete".to_owned(), String::new()));
    let stock = world.api_with("stock", third).await;
    let clerk = world.client_with("clerk", &[&stock], |request| request.scopes = Some("stock:read".to_owned())).await;
    let introspecting = |request: &mut jeton_core::client::create::CreateClient| {
        (request.may_introspect, request.scopes) = (true, Some("stock:read".to_owned()));
    };
    let shop = world.client_with("shop", &[&stock], introspecting).await;
    deployment
        .set(CredentialKind::ClientSecret, SetPolicy { idle: Some(IdleRule::Never), max_seconds: Some(366 * DAY), ..SetPolicy::default() })
        .await;
    let made = world
        .make_key("external:acme", "https://stock.example", json!({"scope": "stock:read stock:write", "expires_in_seconds": 90 * DAY}))
        .await;
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    world.advance(30 * DAY - 1);
    world.check_key(&shop, key, json!({"scope": "stock:read"})).await;
    world.token(&deployment.worker).await;
    deployment.sweep().await;
    let seen = || found(&deployment.examine(), "scopes.unused").clone();
    assert_eq!(seen().verdict, Verdict::Passed, "none of it is older than thirty days: {:?}", seen());
    world.advance(1);
    deployment.sweep().await;
    fails(&deployment, "scopes.unused", Severity::Low, &format!(" of external:acme ({id}); as of"), "jeton client delete clerk");
    assert!(seen().evidence.contains(": client clerk, key "), "{:?}", seen());
    world.token(&clerk).await;
    deployment.sweep().await;
    assert!(
        seen().evidence.contains(&format!("({id})"))
            && !seen().evidence.contains("clerk")
            && seen().command.starts_with(&format!("jeton key update {id}")),
        "{:?}",
        seen()
    );
    world.check_key(&shop, key, json!({"scope": "stock:write"})).await;
    deployment.sweep().await;
    assert_eq!(seen().verdict, Verdict::Passed, "{:?}", seen());
}
