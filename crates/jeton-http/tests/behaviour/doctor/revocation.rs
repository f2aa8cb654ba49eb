//! What is revoked and accepted, or suspended and left.

use http::Method;
use jeton_core::doctor::{Report, Severity, Verdict, examine};
use jeton_service::canary::Sent;
use jeton_testkit::World;
use serde_json::json;

use super::{DAY, Deployment, fails, fails_in, found};

#[tokio::test]
async fn apis_that_nobody_asks_for() {
    let deployment = Deployment::sound().await;
    let stock = deployment.world.opaque_api("stock").await;
    fails(&deployment, "revocation.verifiers", Severity::High, "https://stock.example", "--may-introspect");
    deployment.world.client("gateway", &[&stock]).await;
    assert_eq!(found(&deployment.examine(), "revocation.verifiers").verdict, Verdict::Passed);
    assert_eq!(found(&deployment.examine(), "revocation.followers").verdict, Verdict::Passed, "an opaque token is asked for");
    deployment.world.advance(2 * DAY);
    fails(
        &deployment,
        "revocation.followers",
        Severity::High,
        "https://orders.example",
        "--audience https://orders.example --may-introspect",
    );
}

#[tokio::test]
async fn userinfo_is_asked_by_nobody_but_applications() {
    let deployment = Deployment::sound().await;
    let web = json!({
        "name": "web", "audiences": ["https://orders.example"], "grant_types": ["authorization_code"],
        "redirect_uris": ["https://web.example/back"],
    });
    deployment.world.done(Method::POST, "/clients", Some(web)).await;
    assert_eq!(found(&deployment.examine(), "revocation.verifiers").verdict, Verdict::Passed);
}

#[tokio::test]
async fn after_a_start_verifiers_have_time_to_come_back() {
    let Deployment { world, around, following, .. } = Deployment::sound().await;
    drop(following);
    let world = world.reopen().await;
    let verdict = |world: &World| found(&examine(&world.service().observe(around.clone())), "revocation.followers").verdict;
    assert_eq!(verdict(&world), Verdict::NotKnown);
    world.advance(601);
    assert_eq!(verdict(&world), Verdict::Failed);
}

#[tokio::test]
async fn verifiers_that_hear_late() {
    let deployment = Deployment::sound().await.hear(16).await;
    assert_eq!(found(&deployment.examine(), "revocation.lag").verdict, Verdict::Passed);
    let deployment = deployment.hear(20).await;
    fails(&deployment, "revocation.lag", Severity::High, "1 of 3 revocations", "/metrics");
}

#[tokio::test]
async fn a_disk_that_is_full() {
    let deployment = Deployment::sound().await;
    let mut observed = deployment.world.service().observe(deployment.around.clone());
    // No world has a disk: the engine's own test fills one, and hears it said.
    assert_eq!(observed.is_disk_full, Some(false));
    observed.is_disk_full = Some(true);
    fails_in(&examine(&observed), "revocation.full_disk", Severity::Critical, "is full", "df -h data");
}

#[tokio::test]
async fn a_revoked_token_that_is_not_seen_refused() {
    let deployment = Deployment::sound().await;
    let (service, canary) = (deployment.world.service(), "revocation.canary");
    assert_eq!(service.send_canary(&deployment.world.moment()).await, Sent::Refused);
    let head = service.store().head().size;
    for _ in 0..3 {
        assert_eq!(service.send_canary(&deployment.world.moment()).await, Sent::Refused);
    }
    assert_eq!(service.store().head().size, head, "the ledger does not grow by it");
    assert!(service.note_canary(&Sent::Refused, deployment.world.moment().now).is_none());
    let verdict = |deployment: &Deployment| found(&deployment.examine_as_it_is(), canary).verdict;
    assert_eq!(verdict(&deployment), Verdict::Passed);
    deployment.world.advance(150);
    assert_eq!(verdict(&deployment), Verdict::Passed);
    deployment.world.advance(1);
    assert_eq!(verdict(&deployment), Verdict::Failed, "a canary that is silent is dead");
    let failed = Sent::Failed("a token that was revoked is accepted".to_owned());
    let now = deployment.world.moment().now;
    assert!(service.note_canary(&failed, now).is_some());
    assert!(service.note_canary(&failed, now).is_none(), "once for each failure");
    fails_in(&deployment.examine_as_it_is(), "revocation.canary", Severity::Critical, "is accepted", "revoke signing keys");
    assert!(service.note_canary(&Sent::NoTurn, now).is_none());
    assert_eq!(verdict(&deployment), Verdict::Failed, "without a turn nothing was seen");
    assert!(service.note_canary(&Sent::Refused, now).is_none());
    assert_eq!((verdict(&deployment), service.canary_failures()), (Verdict::Passed, 2));
    assert!(service.note_canary(&failed, now).is_some());
}

/// A month later verifiers are away, too: that is another rule's.
fn undecided(deployment: &Deployment) -> Report {
    deployment.world.service().note_canary(&Sent::Refused, deployment.world.moment().now);
    let mut observed = deployment.world.service().observe(deployment.around.clone());
    let now = observed.now_seconds;
    observed.followed_at.values_mut().for_each(|at| *at = now);
    examine(&observed)
}

#[tokio::test]
async fn credentials_that_nobody_decided_over() {
    let deployment = Deployment::sound().await;
    let made = deployment.world.make_key(&format!("client:{}", deployment.worker.id), "https://orders.example", json!({})).await;
    let id = made["id"].as_str().unwrap().to_owned();
    deployment.world.done(Method::POST, &format!("/keys/{id}/suspend"), Some(json!({"why": "leaked"}))).await;
    deployment.world.advance(30 * DAY);
    deployment.sweep().await;
    assert_eq!(found(&deployment.examine(), "revocation.undecided").verdict, Verdict::Passed);
    deployment.world.advance(1);
    deployment.sweep().await;
    fails_in(&undecided(&deployment), "revocation.undecided", Severity::Medium, &id, &format!("jeton key revoke {id}"));
    deployment.world.done(Method::DELETE, &format!("/keys/{id}"), Some(json!({"why": "leaked"}))).await;
    deployment.sweep().await;
    assert_eq!(found(&deployment.examine(), "revocation.undecided").verdict, Verdict::Passed);
}

#[tokio::test]
async fn clients_and_people_that_nobody_decided_over() {
    let deployment = Deployment::sound().await;
    let world = &deployment.world;
    world.done(Method::POST, "/users", Some(json!({"username": "ada"}))).await;
    for (body, name, command) in [
        (json!({"client": deployment.worker.id}), "client worker", "jeton client delete worker"),
        (json!({"user": "ada"}), "user ada", "jeton user disable ada"),
    ] {
        world.done(Method::POST, "/suspensions", Some(body.clone())).await;
        world.advance(30 * DAY);
        deployment.sweep().await;
        assert_eq!(found(&deployment.examine(), "revocation.undecided").verdict, Verdict::Passed, "{body}");
        world.advance(1);
        fails_in(&undecided(&deployment), "revocation.undecided", Severity::Medium, name, command);
        world.done(Method::POST, "/resumptions", Some(body.clone())).await;
        assert_eq!(found(&deployment.examine(), "revocation.undecided").verdict, Verdict::Passed, "{body}");
    }
    // Who is disabled has nothing left to decide over.
    world.done(Method::POST, "/suspensions", Some(json!({"user": "ada"}))).await;
    world.done(Method::POST, "/users/ada/disable", Some(json!({}))).await;
    world.advance(31 * DAY);
    assert_eq!(found(&deployment.examine(), "revocation.undecided").verdict, Verdict::Passed);
}
