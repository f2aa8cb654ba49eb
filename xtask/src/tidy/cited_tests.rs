//! Pages that say which test shows something name tests that there are.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Finding;
use super::source::functions;
use super::token::tokens;
use super::tree::Tree;

const FOLDER: &str = "docs/security/";
/// A name with so many of them reads as a sentence, which only tests do.
const UNDERSCORES: usize = 2;

/// Names of tests, and of files of tests, that are not there.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let pages: Vec<(&str, &str)> = tree.texts_ending(".md").filter(|(path, _)| path.starts_with(FOLDER)).collect();
    if pages.is_empty() {
        return findings;
    }
    let mut places: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (path, text) in tree.texts_ending(".rs") {
        for function in functions(&tokens(text)) {
            places.entry(function.name).or_default().insert(path);
        }
    }
    for (path, text) in pages {
        for (line, words) in (1..).zip(text.lines()) {
            let named = words.split('`').skip(1).step_by(2).filter(|name| is_cited(name));
            let missing = named.filter(|name| !is_there(name, &places));
            findings.extend(missing.map(|name| Finding::at(path, line, format!("there is no test `{name}`: name one that shows it"))));
        }
    }
    findings
}

fn is_cited(name: &str) -> bool {
    let may_stand = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '_' | ':');
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(may_stand)
        && (name.contains("::") || name.matches('_').count() >= UNDERSCORES)
}

/// Whether `file::name` is a function of a file, or of one in a folder, of that name; `file::` stands for any.
fn is_there(cited: &str, places: &BTreeMap<&str, BTreeSet<&str>>) -> bool {
    let mut parts: Vec<&str> = cited.split("::").collect();
    let Some(name) = parts.pop() else { return false };
    // Tests within a file of code are in a module of it.
    let files = || parts.iter().filter(|part| **part != "tests");
    let lies_there = |path: &&str| files().all(|file| path.split(['/', '.']).any(|part| part == *file));
    match name {
        "" => places.values().flatten().any(lies_there),
        name => places.get(name).is_some_and(|paths| paths.iter().any(lies_there)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_page(text: &str, expected: &[&str]) {
        let code = "#[test] fn a_door_is_shut() {}\nmod tests { #[test] fn it_opens() {} }";
        let tree = Tree::of(&[("crates/a/tests/house/door.rs", code), ("docs/security/a.md", text), ("docs/b.md", "`no_such_test`")]);
        let found: Vec<String> = check(&tree).iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), expected.len(), "{text}: {found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn tests_that_there_are_may_be_cited() {
        check_page("`a_door_is_shut`, `door::a_door_is_shut`, `house::door::a_door_is_shut`, `door::tests::it_opens`, `door::`", &[]);
        check_page("`a_word`, `jeton init`, `x/y_z_w.rs`, `urn:a`, `Type::name`, a_b_c outside", &[]);
    }

    #[test]
    fn tests_that_there_are_not_are_found() {
        check_page("so\nsays `a_door_is_open`", &["a.md:2: there is no test `a_door_is_open`"]);
        check_page("`window::a_door_is_shut` `door::it_shuts` `window::`", &["window::a_door", "door::it_shuts", "window::"]);
    }
}
