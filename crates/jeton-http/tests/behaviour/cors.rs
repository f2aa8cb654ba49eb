//! What the script of a page from elsewhere may ask and read: endpoints that an application in a browser needs, and no others; never with
//! cookies.

use axum::body::Body;
use http::{Method, Request};
use jeton_testkit::World;
use jeton_testkit::world::answer::Answer;

const ORIGIN: &str = "https://spa.example";

async fn send(world: &World, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("origin", ORIGIN);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    world.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_page_of_elsewhere_asks_what_it_needs_and_nothing_else() {
    let world = World::new().await;
    let preflight = [("access-control-request-method", "POST"), ("access-control-request-headers", "authorization")];
    for path in ["/oauth/token", "/oauth/revoke", "/oauth/userinfo"] {
        let answer = send(&world, Method::OPTIONS, path, &preflight).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, "*"), "{path}: {}", answer.shown());
        assert_eq!(answer.header("access-control-allow-headers"), "authorization, content-type", "{path}");
        assert!(answer.headers.get("access-control-allow-credentials").is_none() && answer.body.is_empty(), "{path}");
        // Also what went wrong can be read.
        let answer = send(&world, Method::POST, path, &[("content-type", "application/x-www-form-urlencoded")]).await;
        assert!(answer.status >= 400, "{path}: {}", answer.shown());
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}: {}", answer.shown());
        assert!(answer.headers.get("access-control-allow-credentials").is_none(), "{path}");
        // Who is no page asks as before.
        let plain = Request::builder().method(Method::OPTIONS).uri(path).body(Body::empty()).unwrap();
        assert_eq!(world.send(plain).await.status, 405, "{path}");
        let plain = world.post(path, None, "").await;
        assert!(plain.headers.get("access-control-allow-origin").is_none(), "{path}: {}", plain.shown());
    }
    for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/.well-known/jwks.json"] {
        let answer = send(&world, Method::GET, path, &[]).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, "*"), "{path}");
    }
    for path in ["/oauth/authorize", "/oauth/par", "/oauth/introspect", "/signin", "/account", "/api/v1/apis"] {
        for (method, headers) in [(Method::OPTIONS, &preflight[..]), (Method::GET, &[]), (Method::POST, &[])] {
            let answer = send(&world, method.clone(), path, headers).await;
            assert!(answer.headers.get("access-control-allow-origin").is_none(), "{method} {path}: {}", answer.shown());
        }
    }
}
