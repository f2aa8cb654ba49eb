//! The arrows between crates, as ARCHITECTURE.md draws them.

use super::finding::Finding;
use super::manifest::{Dependency, Package, packages};
use super::tree::Tree;

/// What a crate may use of this workspace.
enum Allowed {
    These(&'static [&'static str]),
    /// Everything but what is made for tests and chores.
    All,
    /// Everything: tests and chores themselves.
    Free,
}

const ARROWS: &[(&str, Allowed)] = &[
    ("jeton-token", Allowed::These(&[])),
    ("jeton-jose", Allowed::These(&[])),
    ("jeton-oauth", Allowed::These(&["jeton-token"])),
    ("jeton-verify", Allowed::These(&["jeton-jose", "jeton-oauth", "jeton-token"])),
    ("jeton-core", Allowed::These(&["jeton-jose", "jeton-oauth", "jeton-token"])),
    ("jeton-store", Allowed::These(&["jeton-core"])),
    ("jeton-backup", Allowed::These(&["jeton-core", "jeton-store"])),
    ("jeton-store-sqlite", Allowed::These(&["jeton-core", "jeton-store"])),
    ("jeton-service", Allowed::These(&["jeton-core", "jeton-store", "jeton-jose", "jeton-oauth", "jeton-token", "jeton-verify"])),
    ("jeton-http", Allowed::These(&["jeton-core", "jeton-service", "jeton-jose", "jeton-oauth", "jeton-token"])),
    ("jeton", Allowed::All),
    // What others copy stands on what is published.
    ("jeton-example-api", Allowed::These(&["jeton-verify"])),
    ("jeton-example-browser-app", Allowed::These(&["jeton-jose", "jeton-oauth", "jeton-token"])),
    ("jeton-testkit", Allowed::Free),
    ("jeton-bench", Allowed::Free),
    ("jeton-simulate", Allowed::Free),
    ("jeton-crash", Allowed::Free),
    ("jeton-fuzz", Allowed::Free),
    ("xtask", Allowed::Free),
];

/// Crates of other people that only some of ours may use. Chores and tests are free.
const RESERVED: &[(&str, &[&str], &str)] = &[
    ("rusqlite", &["jeton-store-sqlite"], "only an engine uses its driver: go through the `Store` port"),
    ("libsqlite3-sys", &["jeton-store-sqlite"], "only an engine uses its driver: go through the `Store` port"),
    ("age", &["jeton-backup"], "backups alone are sealed with it: it brings a second generation of cryptographic crates"),
    ("object_store", &["jeton-backup"], "backups alone are kept in buckets"),
    (
        "axum",
        &["jeton-http", "jeton", "jeton-example-api", "jeton-example-browser-app"],
        "only the HTTP surface, the wiring and the examples know axum: speak `http` and `tower` instead",
    ),
];

/// Crates of other people that one of ours must never use.
const FORBIDDEN: &[(&str, &[&str], &str)] = &[(
    "jeton-core",
    &["tokio", "axum", "rusqlite", "tracing", "hyper", "rustix", "futures-util"],
    "the core decides and does nothing else: let the service load, wait and log",
)];

/// Dependencies that go against the arrows.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let (packages, mut findings) = packages(tree);
    for package in &packages {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == package.name) else {
            findings.push(Finding::in_file(
                &package.manifest_path(),
                format!(
                    "`{}` has no place in the picture of the crates: add it to ARROWS in xtask/src/tidy/arrows.rs and to ARCHITECTURE.md",
                    package.name
                ),
            ));
            continue;
        };
        for dependency in &package.dependencies {
            let message = between_ours(package, allowed, dependency).or_else(|| of_others(package, allowed, dependency));
            if let Some(message) = message {
                findings.push(Finding::at(&package.manifest_path(), dependency.line, message));
            }
        }
    }
    findings
}

/// Cargo lets a dev-dependency point backwards, and so does the picture: it ships nothing.
fn between_ours(package: &Package, allowed: &Allowed, dependency: &Dependency) -> Option<String> {
    let used = dependency.name.as_str();
    let (_, kind) = ARROWS.iter().find(|(name, _)| *name == used)?;
    let permitted = match allowed {
        Allowed::Free => true,
        Allowed::All => !matches!(kind, Allowed::Free),
        Allowed::These(names) => names.contains(&used),
    };
    if permitted || dependency.for_tests {
        return None;
    }
    Some(format!(
        "`{}` must not depend on `{used}`: {}",
        package.name,
        if matches!(kind, Allowed::Free) {
            "it is made for tests and chores; a dev-dependency may"
        } else {
            "that goes against the arrows of ARCHITECTURE.md; move the code to where both may reach it"
        }
    ))
}

fn of_others(package: &Package, allowed: &Allowed, dependency: &Dependency) -> Option<String> {
    let used = dependency.name.as_str();
    let name = package.name.as_str();
    if let Some((_, _, reason)) = FORBIDDEN.iter().find(|(ours, theirs, _)| *ours == name && theirs.contains(&used)) {
        return Some(format!("`{name}` must not depend on `{used}`: {reason}"));
    }
    let (_, users, reason) = RESERVED.iter().find(|(theirs, _, _)| *theirs == used)?;
    let free = dependency.for_tests || matches!(allowed, Allowed::Free);
    (!free && !users.contains(&name)).then(|| format!("`{name}` must not depend on `{used}`: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_manifest(name: &str, dependencies: &str, expected: usize) {
        let text = format!("[package]\nname = \"{name}\"\n{dependencies}");
        let found = check(&Tree::of(&[("crates/a/Cargo.toml", &text)]));
        assert_eq!(found.len(), expected, "{name}: {dependencies}: {found:?}");
    }

    #[test]
    fn arrows_of_the_picture_pass() {
        check_manifest("jeton-oauth", "[dependencies]\njeton-token.workspace = true", 0);
        check_manifest("jeton", "[dependencies]\njeton-store-sqlite.workspace = true\naxum = \"1\"", 0);
        check_manifest("jeton-testkit", "[dependencies]\njeton.workspace = true\nrusqlite = \"1\"", 0);
        check_manifest("jeton-core", "[dev-dependencies]\njeton-testkit.workspace = true\n", 0);
        check_manifest("jeton-verify", "[dev-dependencies]\naxum = \"1\"", 0);
        check_manifest("jeton-example-api", "[dependencies]\njeton-verify.workspace = true\naxum = \"1\"", 0);
    }

    #[test]
    fn arrows_against_the_picture_are_found() {
        check_manifest("jeton-token", "[dependencies]\njeton-oauth.workspace = true", 1);
        check_manifest("jeton-http", "[dependencies]\njeton-store.workspace = true", 1);
        check_manifest("jeton-service", "[build-dependencies]\njeton-store-sqlite.workspace = true", 1);
        check_manifest("jeton", "[dependencies]\njeton-testkit.workspace = true", 1);
        check_manifest("jeton-example-api", "[dependencies]\njeton-service.workspace = true", 1);
    }

    #[test]
    fn reserved_and_forbidden_crates_are_found() {
        check_manifest("jeton-service", "[dependencies]\nrusqlite = \"1\"\naxum = \"1\"", 2);
        check_manifest("jeton-core", "[target.'cfg(unix)'.dependencies]\ntokio = \"1\"", 1);
        check_manifest("jeton-core", "[dev-dependencies]\ntokio = \"1\"", 1);
        check_manifest("jeton-verify", "[dependencies]\ndatabase = { package = \"rusqlite\" }", 1);
    }

    #[test]
    fn a_crate_outside_the_picture_is_found() {
        check_manifest("jeton-extra", "", 1);
    }
}
