use super::observed::Observed;
use super::rule::{Check, Offender, Rule, Severity, word};
use crate::client::{Application, Client, GrantType};

const IN_THE_BROWSER: Rule = Rule {
    id: "client_side.tokens_in_browser",
    severity: Severity::Low,
    why: "Whatever runs in the page reads them: a server of the application's own keeps them, and gives the browser a cookie.",
};
const PKCE: Rule = Rule {
    id: "client_side.pkce",
    severity: Severity::Medium,
    why: "A code that is read on its way back is put into somebody else's session (RFC 9700 section 4.5).",
};

pub(super) fn checks(observed: &Observed) -> Vec<Check> {
    vec![
        check(observed, PKCE, needs_no_challenge, "clients whose authorization requests need no challenge", |name| {
            format!("jeton client update {name} --pkce required")
        }),
        check(observed, IN_THE_BROWSER, holds_tokens_in_a_browser, "applications whose tokens lie in the browser", |name| {
            format!("jeton client update {name} --token-endpoint-auth-method client_secret_basic")
        }),
    ]
}

fn check(observed: &Observed, rule: Rule, is_offender: fn(&Client) -> bool, what: &str, mends: fn(&str) -> String) -> Check {
    let for_people: Vec<&Client> = observed.clients.iter().map(|(client, _)| client).filter(|client| is_for_people(client)).collect();
    if for_people.is_empty() {
        return rule.holds(Some(true), "no application has people sign in", "");
    }
    let offenders = for_people.into_iter().filter(|client| is_offender(client));
    let offenders: Vec<_> =
        offenders.map(|client| Offender { name: client.name.to_string(), command: mends(&word(&client.name)) }).collect();
    rule.none(&offenders, what)
}

fn is_for_people(client: &Client) -> bool {
    client.grant_types.iter().any(|grant| grant.is_of_person())
}

fn needs_no_challenge(client: &Client) -> bool {
    !client.needs_pkce && client.grant_types.contains(&GrantType::AuthorizationCode)
}

/// A page in a browser keeps nothing from who can run something in it; a native application proves nothing either, and is no page.
fn holds_tokens_in_a_browser(client: &Client) -> bool {
    client.is_public() && client.application == Application::Web && client.grant_types.contains(&GrantType::AuthorizationCode)
}
