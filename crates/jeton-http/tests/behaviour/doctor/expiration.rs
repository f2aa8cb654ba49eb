//! What lives too long, ends too soon, or is never idle.

use http::Method;
use jeton_core::doctor::{Grade, Practice, Severity, Verdict};
use jeton_core::policy::CredentialKind;
use jeton_core::policy::exception::create::CreateException;
use jeton_core::policy::idle::IdleRule;
use jeton_core::policy::set::SetPolicy;
use jeton_testkit::world::manage::administrator;
use serde_json::json;

use super::{DAY, Deployment, fails, found, grade};

#[tokio::test]
async fn access_tokens_that_live_long() {
    let deployment = Deployment::sound().await;
    let longer = |seconds| move |request: &mut jeton_core::api::create::CreateApi| request.access_token_lifetime_seconds = Some(seconds);
    let stock = deployment.world.api_with("stock", longer(2 * 3_600)).await;
    deployment.world.client_with("gateway", &[&stock], |request| request.may_introspect = true).await;
    fails(&deployment, "expiration.access_tokens_hours", Severity::Medium, "https://stock.example (2h)", "--access-token-lifetime 1h");
    assert_eq!(found(&deployment.examine(), "expiration.access_tokens_day").verdict, Verdict::Passed);
    assert_eq!(deployment.examine().grade, Some(Grade::D), "today's practices count more");
    deployment.world.api_with("lager", longer(24 * 3_600)).await;
    fails(&deployment, "expiration.access_tokens_day", Severity::High, "https://lager.example (1d)", "api update https://lager.example");
    deployment.set(CredentialKind::AccessToken, SetPolicy { max_seconds: Some(3_600), ..SetPolicy::default() }).await;
    assert_eq!(grade(&deployment.examine(), Practice::Expiration), Some(Grade::A), "a policy ends them all the same");
}

#[tokio::test]
async fn policies_that_are_raised_and_exceptions_from_them() {
    let deployment = Deployment::sound().await;
    deployment.set(CredentialKind::ClientSecret, SetPolicy { default_seconds: Some(365 * DAY), ..SetPolicy::default() }).await;
    assert_eq!(found(&deployment.examine(), "expiration.policy_raised").verdict, Verdict::Passed);
    deployment.set(CredentialKind::ClientSecret, SetPolicy { default_seconds: Some(366 * DAY), ..SetPolicy::default() }).await;
    fails(
        &deployment,
        "expiration.policy_raised",
        Severity::Medium,
        "client_secret of the deployment",
        "policy set client_secret --default 180d",
    );
    let deployment = Deployment::sound().await;
    let entry = deployment.world.service().registry().clients.get(&deployment.worker.id).unwrap();
    let request = CreateException { owner: "Ada".to_owned(), reason: "a test".to_owned(), ends_at: deployment.world.now() + 390 * DAY };
    let secret = entry.secrets[0].record.id.to_string();
    let service = deployment.world.service();
    let (by, moment) = (administrator(), deployment.world.moment());
    let made = service.create_policy_exception(&deployment.worker.id, &secret, &request, &by, &moment);
    let id = made.await.unwrap().id.to_string();
    fails(&deployment, "expiration.exceptions", Severity::Medium, "of Ada, 390d left", &format!("policy exception end {id}"));
}

#[tokio::test]
async fn secrets_that_end_soon_and_secrets_that_are_two_for_long() {
    let deployment = Deployment::sound().await;
    deployment.world.advance(174 * DAY);
    fails(&deployment, "expiration.secrets_ending", Severity::Medium, "worker", "client secret create worker --overlap 7d");
    let younger = deployment.second_secret().await;
    assert_eq!(found(&deployment.examine(), "expiration.secrets_ending").verdict, Verdict::Passed);
    let deployment = Deployment::sound().await;
    let older = deployment.world.service().registry().clients.get(&deployment.worker.id).unwrap().secrets[0].record.id.to_string();
    deployment.world.advance(1);
    deployment.second_secret().await;
    assert_eq!(found(&deployment.examine(), "rotation.two_secrets").verdict, Verdict::Passed);
    deployment.world.advance(8 * DAY);
    fails(&deployment, "rotation.two_secrets", Severity::Medium, "worker", &format!("client secret revoke worker {older}"));
    assert_ne!(younger, older);
}

#[tokio::test]
async fn a_clock_that_is_not_believed() {
    let mut deployment = Deployment::sound().await;
    deployment.world.advance(40 * DAY);
    deployment.world = deployment.world.reopen().await;
    fails(&deployment, "expiration.clock", Severity::High, "the clock jumped", "jeton serve --accept-clock");
}

#[tokio::test]
async fn credentials_that_are_used_and_end_soon() {
    let deployment = Deployment::sound().await;
    let made = deployment.world.make_key(&format!("client:{}", deployment.worker.id), "https://orders.example", json!({})).await;
    let id = made["id"].as_str().unwrap().to_owned();
    deployment.set(CredentialKind::ApiKey, SetPolicy { max_seconds: Some(20 * DAY), ..SetPolicy::default() }).await;
    deployment.world.advance(12 * DAY);
    assert_eq!(deployment.world.key_code(&deployment.worker, made["key"].as_str().unwrap()).await, "valid");
    deployment.sweep().await;
    assert_eq!(found(&deployment.examine(), "expiration.soon_and_used").verdict, Verdict::Passed);
    deployment.world.advance(2 * DAY);
    deployment.sweep().await;
    fails(&deployment, "expiration.soon_and_used", Severity::High, &format!("({id}; 6d)"), &format!("key rotate {id} --overlap 7d"));
    deployment.world.done(Method::POST, &format!("/keys/{id}/rotate"), Some(json!({}))).await;
    deployment.sweep().await;
    assert_eq!(grade(&deployment.examine(), Practice::Expiration), Some(Grade::A));
}

#[tokio::test]
async fn policies_by_which_nothing_is_idle() {
    let deployment = Deployment::sound().await;
    let never = SetPolicy { idle: Some(IdleRule::Never), max_seconds: Some(90 * DAY), ..SetPolicy::default() };
    deployment.set(CredentialKind::ApiKey, never).await;
    fails(&deployment, "expiration.idle_rule", Severity::Medium, "api_key of the deployment", "policy set api_key --idle 30d --max 90d");
    deployment.set(CredentialKind::ApiKey, SetPolicy { idle: Some(IdleRule::After(30 * DAY)), ..never }).await;
    assert_eq!(grade(&deployment.examine(), Practice::Expiration), Some(Grade::A));
}

#[tokio::test]
async fn uses_that_are_known_for_less_than_the_idle_time() {
    let mut deployment = Deployment::sound().await;
    // A process without a last word: nobody knows what it had heard of.
    deployment.world = deployment.world.reopen().await;
    let verdict = |deployment: &Deployment| found(&deployment.examine(), "expiration.uses_known").verdict;
    deployment.sweep().await;
    fails(&deployment, "expiration.uses_known", Severity::Low, "known for 0d, and credentials may be idle for 30d", "SIGTERM");
    let rule = SetPolicy { idle: Some(IdleRule::After(40 * DAY)), ..SetPolicy::default() };
    deployment.set(CredentialKind::ApiKey, rule).await;
    deployment.world.advance(40 * DAY - 1);
    fails(&deployment, "expiration.uses_known", Severity::Low, "known for 39d, and credentials may be idle for 40d", "SIGTERM");
    deployment.world.advance(1);
    assert_eq!(verdict(&deployment), Verdict::Passed);
    // An end in order forgets nothing.
    deployment.world.api("stock").await;
    deployment.world = deployment.world.end_and_reopen().await;
    deployment.sweep().await;
    assert_eq!(verdict(&deployment), Verdict::Passed);
    let deployment = Deployment::sound().await;
    deployment.world.service().count_no_usage();
    fails(&deployment, "expiration.uses_known", Severity::Medium, "not counted", "usage = \"on\"");
}
