//! Clients: registered, changed, removed.

use jeton_core::api::Api;
use jeton_core::client::create::{CreateClient, create};
use jeton_core::client::delete::delete;
use jeton_core::client::update::{UpdateClient, update};
use jeton_core::client::{AuthenticationMethod, Client, GrantType};
use jeton_core::commit::Commit;
use jeton_core::event::Event;
use jeton_jose::Algorithm;
use jeton_jose::jwk::{JwkSet, SigningKey};

use crate::known::{NO_CUT_OFF, NOW, actor, api, client, moment};
use crate::wants::{granted, refused};

fn jwks(algorithm: Algorithm) -> String {
    let key = SigningKey::generate(algorithm).unwrap();
    serde_json::to_string(&JwkSet::new(vec![key.to_jwk().unwrap()])).unwrap()
}

#[track_caller]
fn check(shape: impl FnOnce(&mut CreateClient), expected: Result<fn(&Client) -> bool, &str>) {
    let mut request = CreateClient { name: "worker".to_owned(), ..CreateClient::default() };
    shape(&mut request);
    let (orders, stock) = (api("orders"), api("stock"));
    let outcome = create(&request, &[&orders, &stock], &actor(), &mut moment());
    match expected {
        Ok(holds) => {
            let client = granted(outcome, "+client client.created");
            assert!(holds(&client), "{client:?}");
            assert_eq!(Client::from_row(&client.row()), Ok(client));
        }
        Err(words) => refused(outcome, words),
    }
}

#[test]
fn registered() {
    check(|_| {}, Ok(|client| client.authentication == AuthenticationMethod::SecretBasic && !client.may_introspect));
    check(|_| {}, Ok(|client| client.scopes.as_str() == "read write" && client.apis.len() == 2 && client.jwks.is_none()));
    check(|_| {}, Ok(|client| client.grant_types == [GrantType::ClientCredentials] && client.created_at == NOW));
    // Who introspects asks for no tokens, unless somebody says so.
    check(|request| request.may_introspect = true, Ok(|client| client.may_introspect && client.scopes.is_empty()));
    let both = |request: &mut CreateClient| (request.may_introspect, request.scopes) = (true, Some("read".into()));
    check(both, Ok(|client| client.may_introspect && client.scopes.as_str() == "read"));
    check(|request| request.scopes = Some("write".into()), Ok(|client| client.scopes.as_str() == "write"));
    check(|request| request.scopes = Some(String::new()), Ok(|client| client.scopes.is_empty()));
    check(|request| request.name = "Größe ✓".into(), Ok(|client| &*client.name == "Größe ✓"));
    check(|request| request.name = "a".repeat(100), Ok(|client| client.name.len() == 100));
    for name in ["", " ", "a ", "\ta", "a\nb", "\u{0}", "\u{9b}x", &"a".repeat(101)] {
        check(|request| request.name = name.into(), Err("name"));
    }
    let twice = |request: &mut CreateClient| request.grant_types = vec!["client_credentials".into(), "client_credentials".into()];
    check(twice, Ok(|client| client.grant_types.len() == 1));
    for grant in ["", "password", "implicit"] {
        check(|request| request.grant_types = vec!["client_credentials".into(), grant.into()], Err("client_credentials"));
    }
    for scopes in ["admin", "read admin", " read", "read  write", "é"] {
        check(|request| request.scopes = Some(scopes.into()), Err("scope"));
    }
    check(|request| request.authentication = Some("none".into()), Err("cannot prove who it is"));
    for method in ["", "tls_client_auth", "CLIENT_SECRET_BASIC"] {
        check(|request| request.authentication = Some(method.into()), Err("private_key_jwt"));
    }
}

#[test]
fn keys() {
    let signing = |jwks: Option<String>| {
        move |request: &mut CreateClient| {
            request.authentication = Some("private_key_jwt".into());
            request.jwks = jwks;
        }
    };
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256] {
        check(signing(Some(jwks(algorithm))), Ok(|client| client.jwks.is_some()));
    }
    let private = SigningKey::generate(Algorithm::Es256).unwrap();
    let d = format!(r#"{{"keys":[{{"d":"AAAA",{}]}}"#, serde_json::to_string(&private.to_jwk().unwrap()).unwrap().split_at(1).1);
    for text in ["", "{}", "[]", "null", r#"{"keys":{}}"#, &d] {
        check(signing(Some(text.into())), Err("JWK Set"));
    }
    // A set that nothing can be checked with would lock the client out.
    for text in [
        r#"{"keys":[]}"#,
        r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#,
        r#"{"keys":[{"kty":"EC","crv":"P-256K","x":"AA","y":"AA"}]}"#,
        r#"{"keys":[{"kty":"new"}]}"#,
    ] {
        check(signing(Some(text.into())), Err("JWK Set"));
    }
    check(signing(None), Err("JWK Set"));
    check(|request| request.jwks = Some(jwks(Algorithm::Es256)), Err("private_key_jwt"));
}

/// What is told of a change.
fn told(commit: &Commit) -> String {
    let told = commit.events.iter().map(|event| match event {
        Event::ClientUpdated { changed, .. } => format!("updated({changed})"),
        Event::ClientNarrowed { changed, .. } => format!("narrowed({changed})"),
        Event::ClientWidened { changed, .. } => format!("widened({changed})"),
        event => format!("{event:?}"),
    });
    told.collect::<Vec<_>>().join(" ")
}

/// What a client may no longer do is told as taken, so that neither a full disk nor a clock that lags keeps it.
#[test]
fn what_is_given_and_what_is_taken_are_told_apart() {
    let (orders, stock) = (api("orders"), api("stock"));
    let check = |before: &Client, request: UpdateClient, apis: &[&Api], expected: &str, is_narrowing: bool| {
        let commit = update(before, &request, apis, &actor(), &mut moment()).commit;
        assert_eq!((told(&commit).as_str(), commit.is_narrowing(), commit.is_made_when_full()), (expected, is_narrowing, is_narrowing));
    };
    let both = [&orders, &stock];
    let wide = client(&both, |request| (request.may_introspect, request.scopes) = (true, Some("read write".into())));
    let narrow = client(&[&orders], |request| request.scopes = Some("read".into()));
    let nothing = UpdateClient::default;
    let scopes = |scopes: &str| UpdateClient { scopes: Some(scopes.into()), ..nothing() };
    check(&wide, nothing(), &[&orders], "narrowed(apis)", true);
    check(&wide, scopes("read"), &[&orders], "narrowed(apis scopes)", true);
    check(&wide, UpdateClient { may_introspect: Some(false), ..nothing() }, &both, "narrowed(may_introspect)", true);
    check(
        &wide,
        UpdateClient { may_introspect: Some(false), name: Some("x".into()), ..nothing() },
        &both,
        "updated(name) narrowed(may_introspect)",
        false,
    );
    check(&narrow, scopes("write"), &[&orders], "narrowed(scopes) widened(scopes)", false);
    check(&narrow, scopes("read"), &both, "widened(apis)", false);
    check(&narrow, nothing(), &[&stock], "narrowed(apis) widened(apis)", false);
}

#[test]
fn changed() {
    let (orders, stock) = (api("orders"), api("stock"));
    let before = client(&[&orders, &stock], |_| {});
    let nothing = UpdateClient::default;
    let check = |request: UpdateClient, expected: &str| {
        let outcome = update(&before, &request, &[&orders, &stock], &actor(), &mut moment());
        assert_eq!(told(&outcome.commit), expected, "{request:?}");
        outcome.verdict.unwrap()
    };
    check(nothing(), "");
    check(UpdateClient { name: Some("worker".into()), may_introspect: Some(false), ..nothing() }, "");
    check(UpdateClient { name: Some("other".into()), ..nothing() }, "updated(name)");
    check(
        UpdateClient { may_introspect: Some(true), scopes: Some("read".into()), ..nothing() },
        "narrowed(scopes) widened(may_introspect)",
    );
    let signing = UpdateClient { authentication: Some("private_key_jwt".into()), jwks: Some(jwks(Algorithm::Es256)), ..nothing() };
    let signer = check(signing, "updated(token_endpoint_auth_method jwks)");
    let back = UpdateClient { authentication: Some("client_secret_post".into()), ..nothing() };
    let after = update(&signer, &back, &[&orders, &stock], &actor(), &mut moment()).verdict.unwrap();
    assert_eq!((after.authentication, after.jwks), (AuthenticationMethod::SecretPost, None), "keys that are of no use any more go");
    let kept = update(&signer, &UpdateClient { name: Some("x".into()), ..nothing() }, &[&orders, &stock], &actor(), &mut moment());
    assert_eq!(kept.verdict.unwrap().jwks, signer.jwks);
    let refuse = |request, words| refused(update(&before, &request, &[&orders, &stock], &actor(), &mut moment()), words);
    refuse(UpdateClient { authentication: Some("private_key_jwt".into()), ..nothing() }, "JWK Set");
    refuse(UpdateClient { jwks: Some(jwks(Algorithm::Es256)), ..nothing() }, "JWK Set");
    refuse(UpdateClient { scopes: Some("admin".into()), ..nothing() }, "`admin`");
    refuse(UpdateClient { name: Some(String::new()), ..nothing() }, "name");
}

#[test]
fn scopes_follow_the_apis() {
    let (orders, stock) = (api("orders"), api("stock"));
    let before = client(&[&orders, &stock], |_| {});
    let after = update(&before, &UpdateClient::default(), &[&orders], &actor(), &mut moment()).verdict.unwrap();
    assert_eq!((after.apis.as_slice(), after.scopes.as_str()), ([orders.id.clone()].as_slice(), "read write"));
    let none = update(&before, &UpdateClient::default(), &[], &actor(), &mut moment()).verdict.unwrap();
    assert!(none.apis.is_empty() && none.scopes.is_empty());
}

#[test]
fn removed() {
    let orders = api("orders");
    for (latest, before) in [(NO_CUT_OFF, NOW + 1), (NOW + 1, NOW + 2)] {
        let outcome = delete(&client(&[&orders], |_| {}), &[], latest, &actor(), &mut moment());
        assert!(outcome.commit.is_narrowing());
        let Some(Event::CutOff { before_seconds, .. }) = outcome.commit.events.last() else { panic!("no cut-off") };
        assert_eq!(*before_seconds, before, "{latest}");
        granted(outcome, "-client +negative client.deleted tokens.cut_off");
    }
}
