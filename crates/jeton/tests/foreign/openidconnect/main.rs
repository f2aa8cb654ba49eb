//! An application that uses openidconnect.

use std::error::Error;
use std::io::stdin;

use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreUserInfoClaims};
use openidconnect::reqwest::{Certificate, Url, blocking, redirect};
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClientId, ClientSecret, CsrfToken, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge,
    RedirectUrl, Scope, TokenResponse,
};

fn main() -> Result<(), Box<dyn Error>> {
    let settings: serde_json::Value = serde_json::from_slice(&std::fs::read("settings.json")?)?;
    let setting = |name: &str| settings[name].as_str().unwrap_or_default().to_owned();
    let authority = Certificate::from_pem(&std::fs::read(setting("authority"))?)?;
    let http = blocking::Client::builder().redirect(redirect::Policy::none()).add_root_certificate(authority).build()?;

    let metadata = CoreProviderMetadata::discover(&IssuerUrl::new(setting("issuer"))?, &http)?;
    let secret = ClientSecret::new(setting("client_secret"));
    let client = CoreClient::from_provider_metadata(metadata, ClientId::new(setting("client_id")), Some(secret))
        .set_redirect_uri(RedirectUrl::new(setting("redirect_uri"))?);
    println!("did discovery");

    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    // It asks for `openid` by itself.
    let scopes = setting("scope").split(' ').filter(|scope| *scope != "openid").map(|scope| Scope::new(scope.to_owned())).collect::<Vec<_>>();
    let (address, state, nonce) = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
        .add_scopes(scopes)
        .set_pkce_challenge(challenge)
        .url();
    println!("open {address}");
    let mut back = String::new();
    stdin().read_line(&mut back)?;
    let back = Url::parse(back.trim())?;
    let given = |name: &str| back.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned());
    assert_eq!(given("state").as_ref(), Some(state.secret()), "{back}");
    let code = AuthorizationCode::new(given("code").ok_or("no code")?);
    let tokens = client.exchange_code(code)?.set_pkce_verifier(verifier).request(&http)?;
    println!("did code");

    let verifier = client.id_token_verifier();
    let id_token = tokens.id_token().ok_or("no ID token")?;
    let claims = id_token.claims(&verifier, &nonce)?;
    if let Some(expected) = claims.access_token_hash() {
        let hash = AccessTokenHash::from_token(tokens.access_token(), id_token.signing_alg()?, id_token.signing_key(&verifier)?)?;
        assert_eq!(hash, *expected);
    }
    assert!(claims.auth_time().is_some(), "it says when");
    println!("did id_token");

    let person: CoreUserInfoClaims =
        client.user_info(tokens.access_token().clone(), Some(claims.subject().clone()))?.request(&http)?;
    assert_eq!(person.preferred_username().map(|name| name.as_str()), Some("ada"));
    println!("did userinfo");

    let refresh = tokens.refresh_token().ok_or("no refresh token")?;
    let next = client.exchange_refresh_token(refresh)?.request(&http)?;
    assert_ne!(next.access_token().secret(), tokens.access_token().secret());
    println!("did refresh");
    Ok(())
}
