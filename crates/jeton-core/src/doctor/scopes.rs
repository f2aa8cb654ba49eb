use super::observed::Observed;
use super::rule::{Check, Offender, Rule, Severity};
use crate::api::Api;
use crate::client::Client;

const ALL: Rule =
    Rule { id: "scopes.all", severity: Severity::Medium, why: "Whoever steals what a client holds may do all that the client may." };

/// An API with fewer scopes has nothing to leave out.
const TELLING: usize = 2;

pub(super) fn checks(observed: &Observed) -> Vec<Check> {
    if observed.clients.is_empty() {
        return vec![ALL.holds(None, "there is no client yet", "")];
    }
    let offenders: Vec<_> = observed.clients.iter().filter(|(client, _)| has_all(client, &observed.apis)).map(offender).collect();
    vec![ALL.none(&offenders, "clients with every scope of an API")]
}

/// A client that was registered without a word about scopes has all of them.
fn has_all(client: &Client, apis: &[Api]) -> bool {
    let mut its = apis.iter().filter(|api| client.apis.contains(&api.id) && api.scopes.len() >= TELLING);
    its.any(|api| api.scope_set().is_subset(&client.scopes))
}

fn offender((client, _): &(Client, Vec<crate::client::secret::ClientSecret>)) -> Offender {
    Offender { name: client.name.to_string(), command: format!("jeton client update {} --scope NAME", client.name) }
}
