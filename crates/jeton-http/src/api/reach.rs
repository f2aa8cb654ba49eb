//! What to do where a client may not have what was asked for in its name.

use jeton_oauth::token::ClientCredentialsRequest;
use jeton_service::Service;
use jeton_service::registry::clients::ClientEntry;

use super::problem::{Problem, ProblemKind};

/// The problem with the command that would mend it. What a change names replaces what the client has: so the command names all of it.
pub(super) fn with_command(problem: Problem, entry: &ClientEntry, request: &ClientCredentialsRequest, service: &Service) -> Problem {
    let client = &entry.client.record;
    let asked = request.scope.iter().flat_map(|scope| scope.iter());
    let scopes = all(client.scopes.iter().map(str::to_owned), asked.map(str::to_owned));
    let apis = client.apis.iter().filter_map(|id| service.registry().api(id.as_str()));
    let audiences = all(apis.map(|api| api.record.audience.to_string()), request.resources.iter().map(|api| api.as_str().to_owned()));
    let command = |flag: &str, values: &[String]| {
        let flags: String = values.iter().map(|value| format!(" --{flag} {value}")).collect();
        format!("(what is named replaces what it has): `jeton client update {}{flags}`", client.id)
    };
    let name = &client.name;
    let target = match (audiences.as_slice(), request.resources.is_empty()) {
        ([], _) => format!("give {name} an API: `jeton client update {} --audience URI`", client.id),
        (known, true) => format!("name the one that it is for: {}", known.join(", ")),
        (all, false) => format!("name another API by its audience, or let {name} ask for {}", command("audience", all)),
    };
    problem
        .advise(ProblemKind::InvalidScope, format!("ask for less, or let {name} have {}", command("scope", &scopes)))
        .advise(ProblemKind::InvalidTarget, target)
}

/// What there is, and what was asked for beside it.
fn all(known: impl Iterator<Item = String>, asked: impl Iterator<Item = String>) -> Vec<String> {
    known.chain(asked).fold(Vec::new(), |mut all, name| {
        if !all.contains(&name) {
            all.push(name);
        }
        all
    })
}
