//! The tower layer.

use std::convert::Infallible;

use bytes::Bytes;
use http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Request, Response};
use http_body_util::{Empty, Full};
use jeton_verify::{VerifiedToken, VerifyLayer};
use tower::{Layer as _, ServiceExt as _, service_fn};

use crate::fixture::Fixture;
use crate::ledger::revoked;

/// The status, what the handler said or the challenge, for a request with these headers.
async fn answer(layer: &VerifyLayer, uri: &str, headers: &[&str]) -> (u16, String) {
    let service = layer.layer(service_fn(handler));
    let mut request = Request::builder().uri(uri);
    for header in headers {
        request = request.header(AUTHORIZATION, *header);
    }
    let response = service.oneshot(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
    let said = ["x-subject", WWW_AUTHENTICATE.as_str(), RETRY_AFTER.as_str()].iter().find_map(|name| response.headers().get(*name));
    (response.status().as_u16(), said.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default())
}

async fn handler(request: Request<Empty<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let token = request.extensions().get::<VerifiedToken>().unwrap();
    Ok(Response::builder().header("x-subject", token.subject()).body(Full::new(Bytes::from_static(b"orders"))).unwrap())
}

#[tokio::test]
async fn requests() {
    async fn check(layer: &VerifyLayer, uri: &str, headers: &[&str], status: u16, said: &str) {
        assert_eq!(answer(layer, uri, headers).await, (status, said.to_owned()), "{uri} {headers:?}");
    }
    let mut fixture = Fixture::live().await;
    let layer = fixture.verifier.layer().require("orders:read");
    let good = format!("Bearer {}", fixture.ledger.token(1));
    check(&layer, "/orders?page=1", &[&good], 200, "worker").await;
    check(&layer, "/orders", &[&good.replacen("Bearer", "bearer", 1)], 200, "worker").await;
    check(&layer, "/orders", &[], 401, "Bearer").await;
    check(&layer, "/orders", &["Basic YTpi"], 401, "Bearer").await;
    let invalid = "Bearer error=\"invalid_request\", error_description=";
    check(&layer, "/orders", &["Bearer"], 400, &format!("{invalid}\"the bearer token is malformed\"")).await;
    check(&layer, "/orders", &["Bearer a b"], 400, &format!("{invalid}\"the bearer token is malformed\"")).await;
    check(&layer, "/orders", &[&good, &good], 400, &format!("{invalid}\"the request has more than one bearer token\"")).await;
    let in_query = format!("{invalid}\"send the token in the Authorization header, not in the query\"");
    check(&layer, "/orders?access_token=x", &[], 400, &in_query).await;
    check(&layer, "/orders?a=b&access_token=x", &[&good], 400, &in_query).await;
    check(&layer, "/orders", &["Bearer a.b.c"], 401, "Bearer error=\"invalid_token\", error_description=\"the token is not active\"").await;
    let writing = fixture.verifier.layer().require("orders:write orders:read").realm("orders").resource_metadata("https://o.example/m");
    check(
        &writing,
        "/orders",
        &[&good],
        403,
        "Bearer realm=\"orders\", error=\"insufficient_scope\", error_description=\"the token lacks a scope that is needed here\", \
         scope=\"orders:read orders:write\", resource_metadata=\"https://o.example/m\"",
    )
    .await;
    check(&writing, "/orders", &[], 401, "Bearer realm=\"orders\", resource_metadata=\"https://o.example/m\"").await;
    check(&fixture.verifier.layer(), "/orders", &[&good], 200, "worker").await;
    let (status, _) = answer(&fixture.verifier.layer().require("orders:\"read\""), "/orders", &[&good]).await;
    assert_eq!(status, 403, "a scope that is none, nobody has");
    fixture.change(revoked(1)).await;
    check(&layer, "/orders", &[&good], 401, "Bearer error=\"invalid_token\", error_description=\"the token was revoked\"").await;
    fixture.clock.advance(700);
    fixture.issuer.introspection_status(http::StatusCode::BAD_GATEWAY);
    check(&layer, "/orders", &[&format!("Bearer {}", fixture.ledger.token(2))], 503, "1").await;
}
