//! The page of the reference.

use std::collections::BTreeSet;

use jeton_http::api::ROUTES;

/// Paths with their parameters' names left out: a page may call them otherwise.
fn request(method: &str, path: &str) -> String {
    let parts: Vec<&str> = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect();
    format!("{method} {}", parts.join("/"))
}

#[test]
fn every_request_is_documented_and_no_other() {
    let page = include_str!("../../../../docs/reference/management-api.md");
    let documented = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')?.0.split_once(" /api/v1"));
    let documented: BTreeSet<String> = documented.map(|(method, path)| request(method, path)).collect();
    let served = ROUTES.iter().copied().flatten().filter(|row| row.path.starts_with('/'));
    let served: BTreeSet<String> = served.map(|row| request(row.method.name(), row.path)).collect();
    assert_eq!(documented.symmetric_difference(&served).collect::<Vec<_>>(), Vec::<&String>::new());
}
