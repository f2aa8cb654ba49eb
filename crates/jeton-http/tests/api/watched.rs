//! What an administrator watches: the doctor and the metrics.

use axum::body::Body;
use http::{Request, StatusCode};
use jeton_http::edge::Peer;
use serde_json::{Value, json};

use crate::asking::Api;

#[tokio::test]
async fn the_doctor_tells_grades_and_what_failed() {
    let api = Api::with_worker().await;
    let report = api.get("/doctor").await;
    assert_eq!(report["grade"], "D");
    let practice = |name: &str| report["practices"].as_array().unwrap().iter().find(|one| one["practice"] == name).unwrap();
    let monitoring = practice("monitoring");
    assert_eq!((&monitoring["priority"], &monitoring["grade"]), (&json!("next_weeks"), &json!("D")));
    assert_eq!(
        monitoring["checks"][0],
        json!({"id": "monitoring.access_log", "severity": "high", "verdict": "failed", "evidence": "no access log is written",
            "why": "After an accident nobody can say who asked for what, and from where.",
            "command": "write `access_log = \"access.log\"` into jeton.toml, and restart the server, which reads jeton.toml at its start"})
    );
    assert_eq!((&practice("storage")["grade"], &practice("education")["grade"]), (&Value::Null, &Value::Null));
    // Whoever takes a checkpoint away has it elsewhere.
    assert_eq!(monitoring["checks"][2]["verdict"], "not_known");
    api.world.service().sign_checkpoint(&api.world.moment()).await.unwrap();
    api.get("/audit/checkpoint").await;
    let report = api.get("/doctor").await;
    assert_eq!(report["practices"][4]["checks"][2]["verdict"], "passed");
}

#[tokio::test]
async fn metrics_are_for_administrators_alone_and_count_their_requests() {
    let api = Api::with_worker().await;
    let ask = async |peer: Peer| {
        let request = Request::get("/metrics").extension(peer).body(Body::empty()).unwrap();
        api.send(request).await
    };
    let (status, _) = ask(Peer::Unix { uid: 1001, pid: None }).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(ask(Peer::Tcp(([127, 0, 0, 1], 1).into())).await.0, StatusCode::UNAUTHORIZED);
    let (status, page) = ask(Peer::Unix { uid: 0, pid: None }).await;
    assert_eq!(status, StatusCode::OK);
    for line in [
        "jeton_http_requests_total{endpoint=\"management\",status=\"2xx\"} 2\n",
        "jeton_http_requests_total{endpoint=\"management\",status=\"4xx\"} 2\n",
        "jeton_registered{kind=\"client\"} 1\n",
    ] {
        assert!(page.contains(line), "{page}");
    }
}
