//! What nobody sees.

use http::Method;
use jeton_core::doctor::{Grade, LinesDropped, Practice, Severity, Surroundings, Verdict};
use serde_json::json;

use super::{DAY, Deployment, around, fails, found, grade};

#[tokio::test]
async fn lines_of_the_access_log_that_are_lost() {
    let mut deployment = Deployment::sound().await;
    let lost = |lines, last_at| Surroundings { access_log_dropped: Some(LinesDropped { lines, last_at }), ..around() };
    let now = deployment.world.now();
    deployment.around = lost(7, Some(now - 7 * DAY));
    fails(&deployment, "monitoring.access_log_dropped", Severity::Medium, "7 lines", "access_log");
    deployment.around = lost(7, Some(now - 7 * DAY - 1));
    assert_eq!(found(&deployment.examine(), "monitoring.access_log_dropped").verdict, Verdict::Passed, "that is over");
    deployment.around = Surroundings { access_log_dropped: None, ..around() };
    assert_eq!(found(&deployment.examine(), "monitoring.access_log_dropped").verdict, Verdict::NotKnown);
}

#[tokio::test]
async fn what_nobody_watches() {
    let mut deployment = Deployment::sound().await;
    deployment.around = Surroundings { has_metrics_listener: Some(false), ..around() };
    fails(&deployment, "monitoring.metrics", Severity::Low, "socket alone", "metrics_listen");
    deployment.around = Surroundings { has_access_log: Some(false), ..around() };
    fails(&deployment, "monitoring.access_log", Severity::High, "no access log", "access_log");
    deployment.around = around();
    deployment.around.shows_metrics_elsewhere = Some(true);
    fails(&deployment, "monitoring.metrics_in_clear", Severity::Medium, "in the clear", "metrics_listen");
    deployment.around.has_tls = Some(true);
    assert_eq!(found(&deployment.examine(), "monitoring.metrics_in_clear").verdict, Verdict::Passed);
    deployment.around = around();
    deployment.world.advance(8 * DAY);
    fails(&deployment, "monitoring.checkpoint_elsewhere", Severity::Medium, "older than a week", "audit/checkpoint");
    deployment.world = deployment.world.reopen().await;
    let verdict = |deployment: &Deployment| found(&deployment.examine(), "monitoring.checkpoint_elsewhere").verdict;
    assert_eq!(verdict(&deployment), Verdict::NotKnown, "it may lie elsewhere since before the start");
    deployment.world.advance(DAY);
    assert_eq!(verdict(&deployment), Verdict::Failed);
}

#[tokio::test]
async fn apis_that_report_no_use() {
    let deployment = Deployment::sound().await;
    let world = &deployment.world;
    let stock = world.api("stock").await;
    let clerk = world.client("clerk", &[&stock]).await;
    let token = world.token(&clerk).await;
    world.service().flush_usage().await.unwrap();
    let verdict = || found(&deployment.examine(), "monitoring.apis_report").verdict;
    assert_eq!(verdict(), Verdict::Passed, "whoever got a token today may use it tomorrow");
    world.advance(DAY);
    world.service().flush_usage().await.unwrap();
    fails(&deployment, "monitoring.apis_report", Severity::Medium, "https://stock.example", "jeton usage api:https://stock.example");
    assert!(!world.is_active(&clerk, &token).await, "it is over: presented it was all the same");
    world.service().flush_usage().await.unwrap();
    assert_eq!(verdict(), Verdict::Passed);
}

#[tokio::test]
async fn a_key_that_two_applications_use() {
    let deployment = Deployment::sound().await;
    let world = &deployment.world;
    let made = world.make_key("external:acme", "https://orders.example", json!({"scope": "orders:read"})).await;
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    for _ in 0..2 {
        assert_eq!(found(&deployment.examine(), "monitoring.shared_keys").verdict, Verdict::Passed);
        world.advance(3_600);
        for (address, agent) in [("192.0.2.7", "curl/8.1"), ("2001:db8::1", "x/1")] {
            world.check_key(&deployment.worker, key, json!({"client_ip": address, "user_agent": agent})).await;
        }
        world.service().flush_usage().await.unwrap();
    }
    fails(&deployment, "monitoring.shared_keys", Severity::Medium, id, &format!("jeton key revoke {id}"));
    world.done(Method::DELETE, &format!("/keys/{id}"), None).await;
    assert_eq!(grade(&deployment.examine(), Practice::Monitoring), Some(Grade::A));
}
