//! Clients and APIs: what both rows of one allow.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::met::Met;
use crate::api::{Api, TokenFormat};
use crate::client::{Application, AuthenticationMethod, Client};
use crate::record::{Malformed, Row};

/// A client. Its name stays as it was: another may have been called so later.
pub(super) fn client(then: &Row, later: &Row) -> Result<Met, Malformed> {
    let (then, later) = (Client::from_row(then)?, Client::from_row(later)?);
    let by_key = |client: &Client| client.authentication == AuthenticationMethod::PrivateKeyJwt;
    let mut met = Client {
        grant_types: then.grant_types.iter().copied().filter(|grant| later.grant_types.contains(grant)).collect(),
        apis: then.apis.iter().filter(|api| later.apis.contains(api)).cloned().collect(),
        scopes: then.scopes.intersection(&later.scopes),
        may_introspect: then.may_introspect && later.may_introspect,
        redirect_uris: then.redirect_uris.iter().filter(|uri| later.redirect_uris.contains(uri)).cloned().collect(),
        application: if later.application == Application::Web { Application::Web } else { then.application },
        rotates: then.rotates || later.rotates,
        refresh_window_seconds: if later.refresh_window() < then.refresh_window() {
            later.refresh_window_seconds
        } else {
            then.refresh_window_seconds
        },
        post_logout_redirect_uris: then
            .post_logout_redirect_uris
            .iter()
            .filter(|uri| later.post_logout_redirect_uris.contains(uri))
            .cloned()
            .collect(),
        needs_pkce: then.needs_pkce || later.needs_pkce,
        asks_consent: then.asks_consent || later.asks_consent,
        needs_pushed_requests: then.needs_pushed_requests || later.needs_pushed_requests,
        claims: then.claims.in_both(&later.claims),
        owner: same(then.owner.as_ref(), later.owner.as_ref()),
        ..then.clone()
    };
    let mut is_stopped = false;
    if by_key(&then) || by_key(&later) {
        // By key alone, and by none of them: nobody proves themselves so.
        met.authentication = AuthenticationMethod::PrivateKeyJwt;
        if then.jwks != later.jwks || by_key(&then) != by_key(&later) {
            met.jwks = in_both(then.jwks.as_deref(), later.jwks.as_deref());
        }
        is_stopped = met.jwks.is_none();
    } else if then.is_public() && !later.is_public() {
        // It has to prove who it is, and had nothing to do so.
        met.authentication = later.authentication;
        is_stopped = true;
    }
    if met != then {
        met.updated_at = then.updated_at.max(later.updated_at);
    }
    Ok(Met { row: met.row(), is_stopped })
}

/// What both say; `None` where they say different things: neither is what both allowed.
fn same<T: Clone + PartialEq>(then: Option<&T>, later: Option<&T>) -> Option<T> {
    then.filter(|then| later == Some(then)).cloned()
}

/// The keys of a JWK Set that are in the other too; `None`: there are none.
fn in_both(then: Option<&str>, later: Option<&str>) -> Option<Arc<str>> {
    let keys = |text: &str| serde_json::from_str::<Value>(text).ok()?.get("keys")?.as_array().cloned();
    let (then, later) = (keys(then?)?, keys(later?)?);
    let both: Vec<Value> = then.into_iter().filter(|key| later.contains(key)).collect();
    (!both.is_empty()).then(|| serde_json::json!({ "keys": both }).to_string().into())
}

/// An API. What signs its tokens stays as it was: those from before are dead.
pub(super) fn api(then: &Row, later: &Row) -> Result<Met, Malformed> {
    let (then, later) = (Api::from_row(then)?, Api::from_row(later)?);
    let known = |(name, _): &(&String, &String)| later.scopes.contains_key(*name);
    let scopes: BTreeMap<String, String> = then.scopes.iter().filter(known).map(|(name, text)| (name.clone(), text.clone())).collect();
    let claims = then.claims.in_both(&later.claims);
    let mut met = Api { scopes: scopes.into(), claims, ..then.clone() };
    let default_scope = match (then.default_scope.is_empty(), later.default_scope.is_empty()) {
        (true, _) => later.default_scope,
        (_, true) => then.default_scope.clone(),
        _ => then.default_scope.intersection(&later.default_scope),
    };
    met.default_scope = default_scope.intersection(&met.scope_set());
    met.access_token_lifetime_seconds = then.access_token_lifetime_seconds.min(later.access_token_lifetime_seconds);
    // An opaque one is asked for each time.
    if later.token_format == TokenFormat::Opaque {
        met.token_format = TokenFormat::Opaque;
    }
    if met != then {
        met.updated_at = then.updated_at.max(later.updated_at);
    }
    Ok(Met::of(met.row()))
}

#[cfg(test)]
mod tests {
    use jeton_oauth::scope::ScopeSet;

    use super::*;
    use crate::claim_rules::ClaimRules;
    use crate::client::GrantType;
    use crate::id::{ApiId, ClientId};

    fn of(authentication: AuthenticationMethod, jwks: Option<&str>, scopes: &str) -> Client {
        Client {
            id: ClientId::from("c"),
            name: "worker".into(),
            grant_types: vec![GrantType::ClientCredentials],
            authentication,
            jwks: jwks.map(Arc::from),
            apis: vec![ApiId::from("a")],
            scopes: ScopeSet::parse(scopes).unwrap(),
            may_introspect: false,
            created_at: 1,
            updated_at: 1,
            contact: None,
            redirect_uris: vec![],
            application: Application::Web,
            rotates: true,
            refresh_window_seconds: None,
            post_logout_redirect_uris: vec![],
            backchannel_logout_uri: None,
            needs_pkce: true,
            asks_consent: true,
            id_token_algorithm: None,
            needs_pushed_requests: false,
            claims: ClaimRules::default(),
            owner: None,
        }
    }

    #[track_caller]
    fn check(then: &Client, later: &Client, expected: &Client, is_stopped: bool) {
        let met = client(&then.row(), &later.row()).unwrap();
        assert_eq!((Client::from_row(&met.row).unwrap(), met.is_stopped), (expected.clone(), is_stopped));
    }

    #[test]
    fn the_keys_that_are_in_both_and_no_others_count() {
        use AuthenticationMethod::{PrivateKeyJwt, SecretBasic};
        let (own, both) = (r#"{"keys":[{"kid":"own"}]}"#, r#"{"keys":[{"kid":"thief"},{"kid":"own"}]}"#);
        let thief = r#"{"keys":[{"kid":"thief"}]}"#;
        let by_key = |jwks| of(PrivateKeyJwt, Some(jwks), "r");
        check(&by_key(own), &by_key(both), &by_key(own), false);
        check(&by_key(both), &by_key(own), &by_key(own), false);
        check(&by_key(own), &by_key(thief), &of(PrivateKeyJwt, None, "r"), true);
        check(&of(SecretBasic, None, "r"), &by_key(thief), &of(PrivateKeyJwt, None, "r"), true);
        check(&by_key(own), &of(SecretBasic, None, "r"), &of(PrivateKeyJwt, None, "r"), true);
        check(&of(SecretBasic, None, "r"), &of(SecretBasic, None, "r w"), &of(SecretBasic, None, "r"), false);
        check(&of(SecretBasic, None, "r w"), &of(SecretBasic, None, "r x"), &of(SecretBasic, None, "r"), false);
    }
}
