//! Applications in browsers, and what they may leave out.

use jeton_core::client::create::CreateClient;
use jeton_core::doctor::{Grade, Practice, Severity, Verdict};

use super::{Deployment, fails, found, grade};

fn signing_in(request: &mut CreateClient) {
    request.grant_types = vec!["authorization_code".to_owned()];
    request.redirect_uris = vec!["https://shop.example/callback".to_owned()];
    request.scopes = Some("orders:read".to_owned());
    request.may_introspect = false;
}

#[tokio::test]
async fn an_application_whose_tokens_lie_in_the_browser() {
    let deployment = Deployment::sound().await;
    assert_eq!(grade(&deployment.examine(), Practice::ClientSide), Some(Grade::A));
    deployment.world.client_with("shop", &[&deployment.orders], signing_in).await;
    let native = |request: &mut CreateClient| {
        signing_in(request);
        (request.authentication, request.application) = (Some("none".to_owned()), Some("native".to_owned()));
        request.redirect_uris = vec!["http://127.0.0.1/callback".to_owned()];
    };
    deployment.world.client_with("terminal", &[&deployment.orders], native).await;
    let report = deployment.examine();
    assert_eq!(found(&report, "client_side.tokens_in_browser").verdict, Verdict::Passed, "a program on a machine is no page");
    let public = |request: &mut CreateClient| {
        signing_in(request);
        request.authentication = Some("none".to_owned());
    };
    deployment.world.client_with("the tab", &[&deployment.orders], public).await;
    fails(
        &deployment,
        "client_side.tokens_in_browser",
        Severity::Low,
        "the tab",
        "client update 'the tab' --token-endpoint-auth-method client_secret_basic",
    );
    assert_eq!(grade(&deployment.examine(), Practice::ClientSide), Some(Grade::B));
}

#[tokio::test]
async fn an_application_that_needs_no_challenge() {
    let deployment = Deployment::sound().await;
    let without = |request: &mut CreateClient| {
        signing_in(request);
        request.asking.pkce = Some("optional".to_owned());
    };
    deployment.world.client_with("shop", &[&deployment.orders], without).await;
    fails(&deployment, "client_side.pkce", Severity::Medium, "shop", "client update shop --pkce required");
}
