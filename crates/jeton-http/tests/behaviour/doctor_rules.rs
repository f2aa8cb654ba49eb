//! Every rule of the doctor has its line in the reference, and a test that breaks it.

use std::collections::BTreeSet;

use jeton_core::doctor::{Observed, Severity, Verdict, examine};

const PAGE: &str = include_str!("../../../../docs/reference/doctor.md");
const BROKEN: [&str; 2] = [include_str!("doctor.rs"), include_str!("doctor_rules.rs")];

/// The rules, of whatever nobody looked at too.
fn rules() -> BTreeSet<&'static str> {
    examine(&Observed::default()).practices.iter().flat_map(|examined| examined.checks.iter().map(|check| check.id)).collect()
}

#[test]
fn the_reference_has_every_rule_and_no_other() {
    let cells = PAGE.lines().filter(|line| line.starts_with('|')).filter_map(|line| line.split('|').nth(1));
    let named: BTreeSet<&str> = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    assert!(rules().len() > 40, "{:?}", rules());
    assert_eq!(named, rules());
}

/// `fails(…)`, or what was found of it.
#[test]
fn every_rule_is_broken_by_a_test() {
    let is_broken = |rule: &&str| BROKEN.iter().any(|tests| tests.contains(&format!("\"{rule}\"")));
    let missing: Vec<&str> = rules().into_iter().filter(|rule| !is_broken(rule)).collect();
    assert!(missing.is_empty(), "write a test that breaks {missing:?}");
}

#[test]
fn a_gap_that_nobody_accepted() {
    for (has_gap, verdict, command) in [(true, Verdict::Failed, "jeton backup restore accept-gap"), (false, Verdict::Passed, "")] {
        let report = examine(&Observed { has_gap, ..Observed::default() });
        let check = report.practices.iter().flat_map(|examined| &examined.checks).find(|check| check.id == "recovery.gap").unwrap();
        assert_eq!((check.verdict, check.severity, check.command.as_str()), (verdict, Severity::High, command));
    }
}
