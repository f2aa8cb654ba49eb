//! `/livez` and `/readyz`.

use jeton_testkit::World;

#[tokio::test]
async fn a_node_that_serves_says_so() {
    let world = World::new().await;
    for path in ["/livez", "/readyz"] {
        let answer = world.get(path).await;
        assert_eq!((answer.status, answer.body.len(), answer.header("cache-control")), (200, 0, "no-store"), "{path}");
    }
}

#[tokio::test]
async fn what_is_nowhere_is_not_found() {
    let world = World::new().await;
    for path in
        ["/", "/oauth", "/oauth/", "/oauth/token/", "/oauth//token", "/oauth/../oauth/token", "/OAUTH/TOKEN", "/.well-known", "/api"]
    {
        let answer = world.get(path).await;
        assert_eq!((answer.status, answer.error().as_str()), (404, "invalid_request"), "{path}");
        assert!(answer.shown().contains("/.well-known/oauth-authorization-server"), "{path}");
    }
    // Below it a problem says so, as everywhere there.
    for path in ["/api/v1/nothing", "/api/v1/keys/self/nothing", "/api/v1/keys/verify/"] {
        let answer = world.get(path).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (404, Some("no_such_path")), "{path}");
    }
}
