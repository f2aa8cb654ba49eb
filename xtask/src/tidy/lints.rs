//! The compiler and clippy hold most rules; this check holds them to it.

use toml::{Table, Value};

use super::finding::Finding;
use super::manifest::packages;
use super::source::{Source, attribute};
use super::token::Token;
use super::tree::Tree;

/// The lints of the workspace that the rules of the house stand on.
const NEEDED_LINTS: &[&str] = &[
    "unwrap_used",
    "expect_used",
    "panic",
    "indexing_slicing",
    "todo",
    "unimplemented",
    "unreachable",
    "allow_attributes",
    "allow_attributes_without_reason",
    "disallowed_methods",
    "disallowed_types",
];

/// The global clock, the global dice and the sleep that `clippy.toml` must ban.
const NEEDED_BANS: &[&str] = &[
    "std::time::SystemTime::now",
    "std::time::Instant::now",
    "std::thread::sleep",
    "aws_lc_rs::rand::fill",
    "aws_lc_rs::rand::SystemRandom",
];

/// Lints that were taken away, crates that do not follow them, and exceptions without a reason.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = workspace_lints(tree);
    findings.extend(clippy_bans(tree));
    findings.extend(crates_that_do_not_follow(tree));
    for (path, text) in tree.texts_ending(".rs") {
        if !path.split('/').any(|folder| matches!(folder, "tests" | "benches")) {
            findings.extend(exceptions(path, &Source::read(text).production));
        }
    }
    findings
}

fn workspace_lints(tree: &Tree) -> Vec<Finding> {
    let path = "Cargo.toml";
    let manifest = table(tree, path);
    let lints = manifest.get("workspace").and_then(|workspace| workspace.get("lints")).and_then(|lints| lints.get("clippy"));
    NEEDED_LINTS
        .iter()
        .filter(|lint| {
            let level = lints.and_then(|lints| lints.get(**lint));
            let level = level.and_then(|value| value.get("level").or(Some(value)));
            level.and_then(Value::as_str).is_none_or(|level| level == "allow")
        })
        .map(|lint| Finding::in_file(path, format!("[workspace.lints.clippy] lacks `{lint} = \"warn\"`: put it back")))
        .collect()
}

fn clippy_bans(tree: &Tree) -> Vec<Finding> {
    let path = "clippy.toml";
    let settings = table(tree, path);
    let banned: Vec<&str> = ["disallowed-methods", "disallowed-types"]
        .iter()
        .filter_map(|list| settings.get(*list)?.as_array())
        .flatten()
        .filter_map(|entry| entry.get("path").unwrap_or(entry).as_str())
        .collect();
    NEEDED_BANS
        .iter()
        .filter(|ban| !banned.contains(ban))
        .map(|ban| Finding::in_file(path, format!("does not ban `{ban}`: time and dice are handed in, put the ban back with its reason")))
        .collect()
}

fn crates_that_do_not_follow(tree: &Tree) -> Vec<Finding> {
    let (packages, _) = packages(tree);
    packages
        .iter()
        .filter(|package| {
            let follows = package.table.get("lints").and_then(|lints| lints.get("workspace"));
            follows.and_then(Value::as_bool) != Some(true)
        })
        .map(|package| {
            Finding::in_file(&package.manifest_path(), "does not follow the lints of the workspace: add `[lints]` with `workspace = true`")
        })
        .collect()
}

fn table(tree: &Tree, path: &str) -> Table {
    tree.text(path).and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// `#[allow]` at all, and `#[expect]` without a reason.
fn exceptions(path: &str, tokens: &[Token<'_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let Some(attribute) = tokens.get(at..).and_then(attribute) else {
            continue;
        };
        if attribute.call("allow").is_some() {
            findings.push(Finding::at(
                path,
                token.line,
                "`#[allow]` stays when its cause is gone: write `#[expect(…, reason = \"…\")]`, or mend the cause",
            ));
        }
        if let Some(arguments) = attribute.call("expect")
            && !arguments.iter().any(|argument| argument.is_word("reason"))
        {
            findings.push(Finding::at(
                path,
                token.line,
                "`#[expect]` without a reason: say `reason = \"…\"`, the invariant that makes it right",
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_exceptions(text: &str, expected: usize) {
        let found = exceptions("a.rs", &Source::read(text).production);
        assert_eq!(found.len(), expected, "{text}");
    }

    #[test]
    fn exceptions_need_a_reason() {
        check_exceptions("#[allow(clippy::panic)] fn f() {}", 1);
        check_exceptions("#![allow(dead_code, reason = \"x\")]", 1);
        check_exceptions("#[cfg_attr(unix, allow(dead_code))] fn f() {}", 1);
        check_exceptions("#[expect(clippy::panic)] fn f() {}", 1);
        check_exceptions("#[expect(clippy::panic, reason = \"x\")] fn f() { a.expect(\"b\"); }", 0);
    }

    #[test]
    fn tests_and_comments_are_let_be() {
        check_exceptions("#[cfg(test)] mod tests { #[allow(dead_code)] fn f() {} }", 0);
        check_exceptions("// #[allow(dead_code)]\nconst A: &str = \"#[allow(x)]\";", 0);
        check_exceptions("fn allow() {} fn f() { allow(1); }", 0);
    }

    #[test]
    fn a_missing_ban_is_found() {
        let bans: Vec<String> = NEEDED_BANS.iter().map(|ban| format!("{{ path = \"{ban}\", reason = \"x\" }}")).collect();
        let all = format!("disallowed-methods = [{}]", bans.join(", "));
        assert_eq!(clippy_bans(&Tree::of(&[("clippy.toml", &all)])), []);
        let one_less = all.replace("std::thread::sleep", "std::thread::park");
        assert_eq!(clippy_bans(&Tree::of(&[("clippy.toml", &one_less)])).len(), 1);
        assert_eq!(clippy_bans(&Tree::of(&[])).len(), NEEDED_BANS.len());
    }

    #[test]
    fn a_missing_or_allowed_lint_is_found() {
        let lints: Vec<String> = NEEDED_LINTS.iter().map(|lint| format!("{lint} = \"warn\"\n")).collect();
        let all = format!("[workspace.lints.clippy]\n{}", lints.concat());
        assert_eq!(workspace_lints(&Tree::of(&[("Cargo.toml", &all)])), []);
        let leveled = all.replace("panic = \"warn\"", "panic = { level = \"deny\" }");
        assert_eq!(workspace_lints(&Tree::of(&[("Cargo.toml", &leveled)])), []);
        let allowed = all.replace("panic = \"warn\"", "panic = \"allow\"");
        assert_eq!(workspace_lints(&Tree::of(&[("Cargo.toml", &allowed)])).len(), 1);
    }

    #[test]
    fn every_crate_follows_the_workspace() {
        let check = |lints: &str, expected: usize| {
            let text = format!("[package]\nname = \"a\"\n{lints}");
            assert_eq!(crates_that_do_not_follow(&Tree::of(&[("libs/a/Cargo.toml", &text)])).len(), expected);
        };
        check("[lints]\nworkspace = true", 0);
        check("[lints]\nworkspace = false", 1);
        check("", 1);
    }
}
