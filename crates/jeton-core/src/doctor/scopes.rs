use std::sync::Arc;

use jeton_oauth::ScopeSet;

use super::observed::{MetCredential, Observed};
use super::rule::{Check, Offender, Rule, Severity, word};
use crate::api::Api;
use crate::client::Client;

const ALL: Rule =
    Rule { id: "scopes.all", severity: Severity::Medium, why: "Whoever steals what a client holds may do all that the client may." };

const KEYS: Rule = Rule {
    id: "scopes.keys_all",
    severity: Severity::Medium,
    why: "Whoever finds the key may do all that its API knows, and keys are lost often.",
};
const UNUSED: Rule = Rule { id: "scopes.unused", severity: Severity::Low, why: "What nobody uses helps nobody but whoever steals it." };

const FACTOR: Rule = Rule {
    id: "scopes.administrators_factor",
    severity: Severity::High,
    why: "Whoever guesses or finds the password of an administrator administers.",
};

/// An API with fewer scopes has nothing to leave out.
const TELLING: usize = 2;

pub(super) fn checks(observed: &Observed) -> Vec<Check> {
    vec![factor(observed), all(observed), keys(observed), unused(observed)]
}

fn factor(observed: &Observed) -> Check {
    let Some(alone) = &observed.by_password_alone else { return FACTOR.holds(None, "nobody looked", "") };
    // They set it themselves; until then what they may do can be taken from them, and they go on by a token that is bound to networks.
    let without = |name: &Arc<str>| Offender {
        name: name.to_string(),
        command: format!("ask {} to set one at /account/second-factor; or jeton admin remove {}", word(name), word(name)),
    };
    let offenders: Vec<_> = alone.iter().map(without).collect();
    FACTOR.none(&offenders, "administrators who sign in by a password alone, without a second factor")
}

fn all(observed: &Observed) -> Check {
    if observed.clients.is_empty() {
        return ALL.holds(None, "there is no client yet", "");
    }
    let offenders: Vec<_> = observed.clients.iter().filter(|(client, _)| has_all(client, &observed.apis)).map(offender).collect();
    ALL.none(&offenders, "clients with every scope of an API")
}

/// Whether these are all scopes that an API knows, and more than one.
#[must_use]
pub fn has_every_scope(api: &Api, scopes: &ScopeSet) -> bool {
    api.scopes.len() >= TELLING && api.scope_set().is_subset(scopes)
}

/// A client that was registered without a word about scopes has all of them.
fn has_all(client: &Client, apis: &[Api]) -> bool {
    apis.iter().filter(|api| client.apis.contains(&api.id)).any(|api| has_every_scope(api, &client.scopes))
}

fn keys(observed: &Observed) -> Check {
    let Some(met) = &observed.met else { return KEYS.holds(None, NO_PASS, "") };
    let offenders: Vec<_> = met.unrestricted.iter().map(narrowed).collect();
    KEYS.none(&offenders, "keys with every scope of their API (`jeton usage unused` says what each does not use)")
        .seen_at(met.at, observed.now_seconds)
}

fn unused(observed: &Observed) -> Check {
    let Some(clients) = &observed.unused_clients else { return UNUSED.holds(None, "uses are counted for less than 30 days", "") };
    let Some(met) = &observed.met else { return UNUSED.holds(None, NO_PASS, "") };
    let of_client = |name: &Arc<str>| Offender { name: format!("client {name}"), command: format!("jeton client delete {}", word(name)) };
    let keys = met.unexercised.iter().map(narrowed);
    let offenders: Vec<_> = clients.iter().map(of_client).chain(keys).collect();
    UNUSED
        .none(&offenders, "clients, and scopes of keys, that nobody used for 30 days (`jeton usage unused` has all)")
        .seen_at(met.at, observed.now_seconds)
}

const NO_PASS: &str = "no pass over the keys was made since the server started";

fn narrowed(key: &MetCredential) -> Offender {
    Offender { name: key.named(""), command: format!("jeton key update {} --scope NAME", key.id) }
}

fn offender((client, _): &(Client, Vec<crate::client::secret::ClientSecret>)) -> Offender {
    Offender { name: client.name.to_string(), command: format!("jeton client update {} --scope NAME", word(&client.name)) }
}
