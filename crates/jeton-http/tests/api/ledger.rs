//! The ledger.

use http::Method;
use serde_json::json;

use crate::asking::Api;

#[tokio::test]
async fn the_ledger_is_read_and_looked_over() {
    let api = Api::with_worker().await;
    let last = api.get("/audit/entries?last=1").await;
    let entry = &last["items"][0];
    assert_eq!((entry["kind"].as_str(), entry["data"]["actor"].as_str()), (Some("client_secret.created"), Some("unix:1000")));
    let size = last["size"].as_u64().unwrap();
    assert_eq!(last.get("next"), None);
    let first = api.get("/audit/entries?from=0&limit=2").await;
    assert_eq!(first["items"][0]["kind"].as_str(), Some("deployment.created"));
    let second = api.get(&format!("/audit/entries?from=0&limit=2&cursor={}", first["next"].as_str().unwrap())).await;
    assert_eq!((&second["items"][0]["sequence"], &second["items"][1]["sequence"]), (&json!(2), &json!(3)));
    let beyond = api.get(&format!("/audit/entries?from={size}")).await;
    assert_eq!((beyond["items"].as_array().unwrap().len(), beyond.get("next"), beyond["size"].as_u64()), (0, None, Some(size)));
    for query in ["from=x", "from=-1", "from=1&from=2", "last=1&from=2", "until=3"] {
        api.refused(Method::GET, &format!("/audit/entries?{query}"), json!({}), 400, "invalid_request").await;
    }
    api.refused(Method::GET, "/audit/checkpoint", json!({}), 404, "not_found").await;
    let service = api.world.service();
    service.sign_checkpoint(&service.moments().now()).await.unwrap();
    let checkpoint = api.get("/audit/checkpoint").await;
    assert!(checkpoint["note"].as_str().unwrap().starts_with("tokens.example\n"), "{checkpoint}");
    let lines = Api::expect(api.ask(Method::POST, "/audit/verify", None).await, 200);
    assert_eq!(
        lines,
        "{\"progress\":{\"done\":1,\"total\":2}}\n{\"report\":{\"entries\":2,\"root\":\"ab\",\"checkpoint_size\":1,\"findings\":[]}}\n"
    );
    let lines = Api::expect(api.ask(Method::POST, "/check", Some(json!({"full": true}))).await, 200);
    assert!(lines.as_str().unwrap_or(&lines.to_string()).contains("page 7"), "{lines}");
    let problem = Api::expect(api.ask(Method::POST, "/check", None).await, 200);
    assert_eq!(problem["problem"]["code"], "storage_failed");
    let statistics = api.get("/statistics").await;
    assert_eq!(
        (statistics["apis"].as_u64(), statistics["clients"].as_u64(), statistics["ledger_size"].as_u64()),
        (Some(1), Some(1), Some(size))
    );
}
