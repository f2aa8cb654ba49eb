//! Names in paths and parameters of queries that are wrong.

use jeton_http::api::Route;
use jeton_testkit::Answer;

use super::furnished::Furnished;

/// Texts, percent-encoded, that name nothing.
fn wrong_names(furnished: &Furnished) -> Vec<(&'static str, String)> {
    let given = [
        ("a zero", "%00"),
        ("a slash", "a%2Fb"),
        ("the folder above", "%2e%2e"),
        ("a newline", "a%0D%0Ax-other:%20b"),
        ("no UTF-8", "%ff"),
        ("half a character", "%E2%80"),
        ("the direction of writing", "a%E2%80%AEb"),
        ("an escape", "%1B%5B2J"),
        ("a C1 control", "%C2%9B2J"),
        ("a percent sign", "%"),
        ("no hexadecimal", "%zz"),
        ("a space", "%20"),
    ];
    let long = [("10 KB", "a".repeat(10_240)), ("10 KB of escapes", "%1B".repeat(3_500))];
    let credentials = [("a key", furnished.key.clone()), ("a token in words", format!("found%20{}%20there", furnished.token))];
    given.into_iter().map(|(what, name)| (what, name.to_owned())).chain(long).chain(credentials).collect()
}

/// Paths of a row with one name wrong.
pub(super) fn wrong_paths(furnished: &Furnished, row: &Route) -> Vec<(String, String)> {
    let parts: Vec<&str> = row.path.split('/').collect();
    let mut paths = vec![];
    for at in (0..parts.len()).filter(|at| parts[*at].starts_with('{')) {
        for (what, name) in wrong_names(furnished).into_iter().chain([("nothing", String::new())]) {
            let with = parts.iter().enumerate().map(|(place, part)| if place == at { name.clone() } else { furnished.filled(row, part) });
            paths.push((format!("{}: {what}", parts[at]), with.collect::<Vec<_>>().join("/")));
        }
    }
    paths
}

/// Queries that are wrong for a row that answers this where a parameter is unknown.
pub(super) fn wrong_queries(furnished: &Furnished, unknown: &Answer) -> Vec<String> {
    let text = unknown.text();
    let hint = text.split_once("\"hint\":\"").and_then(|(_, hint)| hint.split('"').next()).unwrap_or_default();
    let known = hint.split_once("takes the parameters ").map_or("", |(_, known)| known);
    let mut queries: Vec<String> = ["%ff=1", "%E2%80%AE=1", "%1B%5B2J=1", "zz=1&zz=2"].map(str::to_owned).into();
    queries.push(format!("{}=1", "z".repeat(10_240)));
    for name in known.split(", ").filter(|name| !name.is_empty()) {
        queries.push(format!("{name}=1&{name}=2"));
        queries.extend(
            wrong_names(furnished).into_iter().filter(|(what, _)| *what != "a percent sign").map(|(_, text)| format!("{name}={text}")),
        );
        if name == "cursor" {
            queries.extend(["cursor=1", "cursor=AAAA", "cursor=eyJhIjoxfQ", "cursor=-1"].map(str::to_owned));
        }
        if name == "limit" {
            queries.extend(["limit=-1", "limit=1.5", "limit=1e3", "limit=99999999999999999999", "limit=x"].map(str::to_owned));
        }
    }
    queries
}
