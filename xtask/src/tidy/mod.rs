//! `cargo xtask tidy`: the rules of the house that no compiler checks.

mod arrows;
mod circles;
mod cited_tests;
mod crate_modules;
mod decisions;
mod finding;
mod fuzz_targets;
mod imports;
mod length;
mod links;
mod lints;
mod manifest;
mod names;
mod places;
mod source;
mod token;
mod tree;
mod words;

use crate::failure::Failure;
use crate::workspace;

use finding::Finding;
use tree::Tree;

pub(crate) const HELP: &str = "\
Checks the rules of the house that no compiler checks, and says for each finding where it is and how to mend it:

  arrows    a crate uses only the crates below it in ARCHITECTURE.md; axum and rusqlite have their own places
  circles   no two files of a crate import each other, and no longer circle of files does
  length    no function over 70 lines, no file over 500, tests at its end not counted
  names     no module named util, common, helpers, types, manager, misc
  lints     the workspace's lints and clippy.toml's bans are there; no #[allow]; each #[expect] has its reason
  words     no paths of one machine, no addresses of registries, no unfinished merges
  links     every relative link of the documentation leads to a file, and to a place on it where it names one
  decisions every decision has a number of its own, and whatever cites one by its number cites one that there is
  tests     every test that a page of docs/security names is there
  fuzz      every fuzz function has a libFuzzer target and a place in the smoke test

Usage: cargo xtask tidy [CHECK…]

Examples:
  cargo xtask tidy                 all of them
  cargo xtask tidy circles length  these two
";

/// A check and the name it is called by.
type Check = (&'static str, fn(&Tree) -> Vec<Finding>);

const CHECKS: &[Check] = &[
    ("arrows", arrows::check),
    ("circles", circles::check),
    ("length", length::check),
    ("names", names::check),
    ("lints", lints::check),
    ("words", words::check),
    ("links", links::check),
    ("decisions", decisions::check),
    ("tests", cited_tests::check),
    ("fuzz", fuzz_targets::check),
];

pub(crate) fn run(wanted: &[String]) -> Result<(), Failure> {
    let known = |name: &String| CHECKS.iter().any(|(check, _)| check == name);
    if let Some(unknown) = wanted.iter().find(|name| !known(name)) {
        let names: Vec<&str> = CHECKS.iter().map(|(name, _)| *name).collect();
        return Err(Failure::usage(format!("There is no check `{unknown}`. There are: {}.", names.join(", "))));
    }
    let tree = Tree::read(&workspace::root())?;
    let mut total = 0;
    for (name, check) in CHECKS {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == name) {
            continue;
        }
        let mut findings = check(&tree);
        findings.sort();
        for finding in &findings {
            println!("{finding} [{name}]");
        }
        total += findings.len();
    }
    if total > 0 {
        return Err(Failure::refused(format!(
            "tidy found {total}. Each line says where and how to mend it; `cargo xtask tidy` runs the check again."
        )));
    }
    println!("tidy: nothing to mend in {} text files", tree.texts().count());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_check_is_a_usage_error() {
        let failure = run(&["circle".to_owned()]).expect_err("there is no such check");
        assert_eq!(failure.exit_code(), 2);
        assert!(failure.to_string().contains("circles"));
    }

    #[test]
    fn help_names_every_check() {
        for (name, _) in CHECKS {
            assert!(HELP.contains(&format!("\n  {name} ")), "{name}");
        }
    }
}
