//! Every rule of the doctor has its line in the reference, and a test that breaks it.

use std::collections::BTreeSet;

use jeton_core::doctor::{Observed, Report, Surroundings, examine};

use super::Deployment;

const PAGE: &str = include_str!("../../../../../docs/reference/doctor.md");
const BREAKING: [&str; 7] = [
    include_str!("expiration.rs"),
    include_str!("revocation.rs"),
    include_str!("surroundings.rs"),
    include_str!("recovery.rs"),
    include_str!("monitoring.rs"),
    include_str!("rights.rs"),
    include_str!("client_side.rs"),
];

fn rules(report: &Report) -> BTreeSet<&str> {
    report.practices.iter().flat_map(|examined| examined.checks.iter().map(|check| check.id)).collect()
}

/// The first text in quotes behind each `fails(` and `fails_in(`.
fn broken() -> BTreeSet<&'static str> {
    let calls = BREAKING.into_iter().flat_map(|tests| tests.split("fails").skip(1));
    let calls = calls.filter(|call| call.starts_with('(') || call.starts_with("_in("));
    calls.filter_map(|call| call.split('"').nth(1)).collect()
}

#[tokio::test]
async fn a_rule_is_looked_at_whatever_there_is_to_see() {
    let nothing = examine(&Observed::default());
    let all = rules(&nothing);
    assert!(all.len() > 40, "{all:?}");
    let deployment = Deployment::sound().await;
    assert_eq!(rules(&deployment.examine()), all);
    let without = Surroundings { backups: Some(None), ..Surroundings::default() };
    assert_eq!(rules(&examine(&Observed { surroundings: without, ..Observed::default() })), all);
}

#[test]
fn the_reference_has_every_rule_and_no_other() {
    let nothing = examine(&Observed::default());
    let cells = PAGE.lines().filter(|line| line.starts_with('|')).filter_map(|line| line.split('|').nth(1));
    let named: BTreeSet<&str> = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    assert_eq!(named, rules(&nothing));
}

#[test]
fn every_rule_is_broken_by_a_test() {
    let nothing = examine(&Observed::default());
    let missing: Vec<&str> = rules(&nothing).difference(&broken()).copied().collect();
    assert!(missing.is_empty(), "write a test in which one of `fails` and `fails_in` sees it fail: {missing:?}");
}
