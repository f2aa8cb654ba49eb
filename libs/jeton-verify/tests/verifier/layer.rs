//! The tower layer.

use std::convert::Infallible;

use bytes::Bytes;
use http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Request, Response};
use http_body_util::{Empty, Full};
use jeton_verify::{Authentication, VerifiedToken, VerifyLayer};
use tower::{Layer as _, ServiceExt as _, service_fn};

use crate::clock::START;
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
async fn a_person_proves_more_where_more_is_needed() {
    let fixture = Fixture::live().await;
    let two = fixture.verifier.layer().require_authentication(Authentication::by("urn:jeton:2fa phr").and_within_seconds(60));
    let recent = fixture.verifier.layer().require_authentication(Authentication::within_seconds(60));
    let token = |acr: Option<&str>, ago: Option<i64>| {
        let mut claims = fixture.ledger.claims(1);
        claims.authentication_class = acr.map(str::to_owned);
        claims.authenticated_at = ago.map(|seconds| START - seconds);
        format!("Bearer {}", fixture.ledger.sign(&claims))
    };
    let check = async |layer: &VerifyLayer, acr, ago, expected: Result<(), &str>| {
        let found = answer(layer, "/orders", &[&token(acr, ago)]).await;
        let challenge = |asked: &str| {
            format!(
                "Bearer error=\"insufficient_user_authentication\", \
                 error_description=\"the person has to prove once more, or more strongly, who they are\", {asked}"
            )
        };
        assert_eq!(found, expected.map_or_else(|asked| (401, challenge(asked)), |()| (200, "worker".to_owned())), "{acr:?} {ago:?}");
    };
    let (asked, young) = ("acr_values=\"urn:jeton:2fa phr\", max_age=\"60\"", "max_age=\"60\"");
    check(&two, Some("urn:jeton:2fa"), Some(60), Ok(())).await;
    check(&two, Some("phr"), Some(0), Ok(())).await;
    check(&two, Some("urn:jeton:2fa"), Some(61), Err(asked)).await;
    check(&two, Some("urn:jeton:1fa"), Some(5), Err(asked)).await;
    check(&two, None, Some(5), Err(asked)).await;
    check(&two, Some("urn:jeton:2fa"), None, Err(asked)).await;
    check(&recent, None, Some(60), Ok(())).await;
    check(&recent, Some("urn:jeton:1fa"), Some(61), Err(young)).await;
    check(&recent, None, None, Err(young)).await;
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
