//! Each member of a request of the management API has a flag of a command, or a reason why it has none.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

/// The command of each request that takes a body.
const COMMANDS: &[(&str, &str)] = &[
    ("POST /apis", "api create"),
    ("PATCH /apis/{api}", "api update"),
    ("DELETE /apis/{api}", "api delete"),
    ("POST /clients", "client create"),
    ("PATCH /clients/{client}", "client update"),
    ("POST /clients/{client}/secrets", "client secret create"),
    ("POST /clients/{client}/secrets/{secret}/suspend", "client secret suspend"),
    ("DELETE /clients/{client}/secrets/{secret}", "client secret revoke"),
    ("POST /users", "user create"),
    ("PATCH /users/{user}", "user update"),
    ("PUT /users/{user}/password", "user set-password"),
    ("POST /users/{user}/invitation", "user invite"),
    ("POST /users/{user}/disable", "user disable"),
    ("DELETE /users/{user}", "user delete"),
    ("POST /users/{user}/erase", "user erase"),
    ("DELETE /sessions/{session}", "session revoke"),
    ("DELETE /grants/{grant}", "grant revoke"),
    ("DELETE /users/{user}/consents/{client}", "consent revoke"),
    ("POST /groups", "group create"),
    ("PATCH /groups/{group}", "group update"),
    ("POST /roles", "role create"),
    ("PATCH /roles/{role}", "role update"),
    ("POST /providers", "provider create"),
    ("PATCH /providers/{provider}", "provider update"),
    ("POST /keys", "key create"),
    ("PATCH /keys/{key}", "key update"),
    ("DELETE /keys/{key}", "key revoke"),
    ("POST /keys/explain", "key explain"),
    ("POST /keys/import", "key import"),
    ("POST /imports/users", "user import"),
    ("POST /exports/users", "user export"),
    ("POST /keys/verify", "key verify"),
    ("POST /keys/{key}/rotate", "key rotate"),
    ("POST /keys/{key}/suspend", "key suspend"),
    ("POST /keys/{key}/transfer", "key transfer"),
    ("POST /tokens", "token issue"),
    ("POST /tokens/{token}/suspend", "token suspend"),
    ("POST /revocations", "revoke"),
    ("POST /suspensions", "suspend"),
    ("POST /resumptions", "resume"),
    ("POST /policies/exceptions", "policy exception create"),
    ("PATCH /policies/{kind}", "policy set"),
    ("PUT /policies/{kind}", "policy set"),
    ("POST /signing-keys/rotate", "signing-key rotate"),
    ("DELETE /signing-keys/{key}", "signing-key revoke"),
    ("POST /administrators", "admin create"),
    ("POST /check", "check"),
    ("POST /backups/receipts", "backup drill"),
];

/// Members whose flag has another name, or which an argument says.
const OTHERWISE: &[(&str, &str, &str)] = &[
    ("POST /clients", "rotates_refresh_tokens", "--rotate-refresh-tokens"),
    ("PATCH /clients/{client}", "rotates_refresh_tokens", "--rotate-refresh-tokens"),
    ("PUT /users/{user}/password", "password", "typed, or standard input"),
    ("POST /keys", "exception", "--exception-owner"),
    ("POST /keys/import", "keys", "the file has them"),
    ("POST /imports/users", "users", "the file has them"),
    ("POST /exports/users", "after", "it asks until all are there"),
    ("POST /keys/verify", "key", "an argument"),
    ("POST /keys/verify", "client_id", "who administers asks here, no client"),
    ("POST /keys/verify", "client_secret", "who administers asks here, no client"),
    ("POST /keys/verify", "client_assertion", "who administers asks here, no client"),
    ("POST /keys/verify", "client_assertion_type", "who administers asks here, no client"),
    ("PATCH /clients/{client}", "require_pushed_authorization_requests", "--par"),
    ("POST /clients", "require_pushed_authorization_requests", "--par"),
    ("POST /policies/exceptions", "client", "an argument"),
    ("POST /policies/exceptions", "secret", "an argument"),
    ("POST /policies/exceptions", "ends_at", "--until"),
    ("POST /revocations", "id", "an argument"),
    ("POST /revocations", "token", "an argument, which is `-` or a file"),
    ("POST /suspensions", "id", "an argument"),
    ("POST /suspensions", "token", "an argument, which is `-` or a file"),
    ("POST /suspensions", "everything", "refused: everything at once is not suspended"),
    ("POST /suspensions", "before", "said where a request is sent again for the other keys of an owner"),
    ("POST /resumptions", "id", "an argument"),
    ("POST /resumptions", "token", "an argument, which is `-` or a file"),
    ("POST /resumptions", "everything", "refused: everything at once is not suspended"),
    ("POST /resumptions", "before", "said where a request is sent again for the other keys of an owner"),
    ("POST /resumptions", "why", "refused: why something is resumed is not kept"),
];

/// Requests without a command of their own, and why.
const NO_COMMAND: &[(&str, &str)] = &[
    ("POST /credentials/revoke", "for whoever finds a credential; who administers has `jeton revoke -`"),
    ("POST /keys/lookup", "`jeton key show -`, by an argument"),
    ("POST /keys/self/rotate", "`jeton key rotate --self`, whose flags are those of `key rotate`"),
    ("POST /tokens/explain", "`jeton token explain`, by an argument"),
    ("POST /tokens/introspect", "`jeton token introspect`, by an argument"),
    ("POST /usage/reports", "verifiers send it"),
];

fn said(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_jeton")).args(arguments).env_clear().env("COLUMNS", "200").output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The requests with a body, and its members.
fn requests(document: &Value) -> Vec<(String, Vec<String>)> {
    let mut found = vec![];
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema") else { continue };
            let schema = match schema["$ref"].as_str() {
                Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
                None => schema,
            };
            let members: Vec<String> = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
            if !members.is_empty() {
                found.push((format!("{} {path}", method.to_uppercase()), members));
            }
        }
    }
    found
}

/// Whether a command says this member: by a flag of its name, of its name without the unit or the plural, or by an argument.
fn has(flags: &BTreeSet<&str>, help: &str, member: &str) -> bool {
    let name = member.trim_end_matches("_seconds").replace('_', "-");
    let singular = name.strip_suffix('s').unwrap_or(&name);
    let ways = [format!("--{name}"), format!("--{singular}"), format!("--{name}-in"), format!("--no-{name}")];
    ways.iter().any(|way| flags.contains(way.as_str()))
        || help.lines().any(|line| line.trim_start().starts_with(&format!("<{}", name.to_uppercase())))
}

#[test]
fn every_member_of_a_request_is_said_by_a_command() {
    let document: Value = serde_json::from_str(&said(&["reference", "openapi"])).unwrap();
    let (mut missing, mut used) = (vec![], BTreeSet::new());
    for (request, members) in requests(&document) {
        if NO_COMMAND.iter().any(|(name, _)| *name == request) {
            used.insert(request);
            continue;
        }
        let Some((_, command)) = COMMANDS.iter().find(|(name, _)| *name == request) else {
            missing.push(format!("{request}: name its command, or say why it has none"));
            continue;
        };
        let help = said(&command.split(' ').chain(["--help"]).collect::<Vec<_>>());
        let flags: BTreeSet<&str> =
            help.split(|letter: char| letter.is_whitespace() || ",[]=<>".contains(letter)).filter(|word| word.starts_with("--")).collect();
        for member in members {
            let otherwise = OTHERWISE.iter().find(|(name, other, _)| *name == request && *other == member);
            match otherwise {
                Some((_, _, way)) if way.starts_with("--") && !flags.contains(way) => missing.push(format!("{command} has no {way}")),
                Some((_, other, _)) => drop(used.insert(format!("{request} {other}"))),
                None if has(&flags, &help, &member) => {}
                None => missing.push(format!("{request}: no flag of `jeton {command}` says `{member}`")),
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    for (request, _) in NO_COMMAND {
        assert!(used.contains(*request), "nothing needs the exception {request} any more");
    }
    for (request, member, _) in OTHERWISE {
        assert!(used.contains(&format!("{request} {member}")), "nothing needs the exception {request} {member} any more");
    }
}
