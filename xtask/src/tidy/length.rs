//! No function over 70 lines, no file over 500.

use std::ops::Range;

use super::finding::Finding;
use super::source::{Source, functions};
use super::tree::Tree;

const FUNCTION_LINES: usize = 70;
const FILE_LINES: usize = 500;

/// Long functions and files outside tests; the tests at the end of a file do not count.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts_ending(".rs") {
        if is_test_folder(path) {
            continue;
        }
        let source = Source::read(text);
        let lines = text.lines().take(source.closing_tests.map_or(usize::MAX, |first| first - 1)).filter(|line| !is_name(line)).count();
        if lines > FILE_LINES {
            findings.push(Finding::in_file(
                path,
                format!("has {lines} lines before its tests, {FILE_LINES} are allowed: find the second idea in it and give that a file"),
            ));
        }
        for function in functions(&source.production) {
            let length = steps(text, &function.lines);
            if length > FUNCTION_LINES {
                findings.push(Finding::at(
                    path,
                    function.lines.start,
                    format!("`{}` has {length} lines, {FUNCTION_LINES} are allowed: name its steps and make them functions", function.name),
                ));
            }
        }
    }
    findings
}

/// The lines of a function, but for those that only name another alternative of a pattern: a list that must name every kind of something
/// grows with the kinds, and holds no step.
fn steps(text: &str, lines: &Range<usize>) -> usize {
    let is_step = |line: &&str| !line.trim_start().starts_with("| ") || line.ends_with(['{', ',']);
    text.lines().skip(lines.start - 1).take(lines.len()).filter(is_step).count()
}

/// Whether a line only says how an alternative is written elsewhere: a list of kinds has one for each, and is one idea.
fn is_name(line: &str) -> bool {
    line.trim_start().starts_with("#[serde(rename = \"") && line.ends_with("\")]")
}

/// Folders in which cargo keeps tests, benches and examples, and the fuzz targets.
fn is_test_folder(path: &str) -> bool {
    path.starts_with("fuzz/") || path.split('/').any(|folder| matches!(folder, "tests" | "benches" | "examples"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_text(path: &str, text: &str, expected: &[&str]) {
        let found: Vec<String> = check(&Tree::of(&[(path, text)]))
            .iter()
            .map(|finding| finding.to_string().split(" lines").next().unwrap_or_default().to_owned())
            .collect();
        assert_eq!(found, expected);
    }

    fn function(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "x;\n".repeat(lines - 2))
    }

    #[test]
    fn functions_of_seventy_lines_pass() {
        check_text("a.rs", &function(70), &[]);
        check_text("a.rs", &format!("\n{}", function(71)), &["a.rs:2: `long` has 71"]);
    }

    #[test]
    fn alternatives_are_no_steps() {
        let list = format!("{}        | Event::Last {{ .. }} => return,\n", "        | Event::One { .. }\n".repeat(90));
        check_text("a.rs", &format!("fn long() {{\n{list}{}}}\n", "x;\n".repeat(67)), &[]);
        check_text("a.rs", &format!("fn long() {{\n{list}{}}}\n", "x;\n".repeat(68)), &["a.rs:1: `long` has 71"]);
    }

    #[test]
    fn files_of_five_hundred_lines_pass() {
        check_text("a.rs", &"//\n".repeat(500), &[]);
        check_text("a.rs", &"//\n".repeat(501), &["a.rs: has 501"]);
    }

    #[test]
    fn names_of_alternatives_do_not_count() {
        let list = "    #[serde(rename = \"a.b\")]\n    A,\n".repeat(498);
        check_text("a.rs", &format!("enum Event {{\n{list}}}\n"), &[]);
        check_text("a.rs", &format!("//\nenum Event {{\n{list}}}\n"), &["a.rs: has 501"]);
    }

    #[test]
    fn tests_do_not_count() {
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", function(90));
        check_text("a.rs", &format!("{}{tests}", "//\n".repeat(500)), &[]);
        check_text("libs/a/tests/b.rs", &function(90), &[]);
        check_text("fuzz/src/a.rs", &"//\n".repeat(501), &[]);
        check_text("a.rs", &format!("{tests}{}", "x;\n".repeat(500)), &["a.rs: has 593"]);
    }
}
