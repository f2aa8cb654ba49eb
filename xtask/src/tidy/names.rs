//! No module is named for not having an idea.

use super::finding::Finding;
use super::source::Source;
use super::tree::Tree;

const EMPTY_NAMES: &[&str] = &["util", "utils", "common", "helper", "helpers", "types", "manager", "misc"];

/// Rust files, folders on the way to them, and modules within them that bear an empty name.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts_ending(".rs") {
        let stem = path.strip_suffix(".rs").unwrap_or(path);
        for name in stem.split('/').filter(|name| is_empty(name)) {
            findings.push(Finding::in_file(path, advice(name)));
        }
        let source = Source::read(text);
        for triple in source.production.windows(3) {
            if let [keyword, name, open] = triple
                && keyword.is_word("mod")
                && open.is_mark("{")
                && is_empty(name.text)
            {
                findings.push(Finding::at(path, name.line, advice(name.text)));
            }
        }
    }
    findings
}

fn is_empty(name: &str) -> bool {
    EMPTY_NAMES.contains(&name)
}

fn advice(name: &str) -> String {
    format!("`{name}` says nothing about what is inside: name it for the one thing it knows, or move the parts to those who use them")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_file(path: &str, text: &str, expected: usize) {
        assert_eq!(check(&Tree::of(&[(path, text)])).len(), expected, "{path}");
    }

    #[test]
    fn empty_names_are_found() {
        check_file("libs/a/src/util.rs", "", 1);
        check_file("libs/a/src/helpers/mod.rs", "", 1);
        check_file("libs/a/src/lib.rs", "mod misc { }", 1);
        check_file("libs/a/tests/common/mod.rs", "", 1);
    }

    #[test]
    fn other_names_pass() {
        check_file("libs/a/src/utility.rs", "mod typesetting { }", 0);
        check_file("libs/a/src/lib.rs", "mod tests { } // mod util { }", 0);
        check_file("docs/common.md", "", 0);
    }
}
