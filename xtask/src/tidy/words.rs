//! Words that have no business in the repository.

use super::finding::Finding;
use super::tree::Tree;

/// A banned piece of text and what to do instead. Each is written in two halves, so that this file passes its own check.
const BANNED: &[(&str, &str)] = &[
    (concat!("/wo", "rk/"), "a path of one machine: make it relative to the tree or take it from the environment"),
    (concat!("/ro", "ot/"), "a path of one machine: make it relative to the tree or take it from the environment"),
    (concat!("/ho", "me/"), "a path of one machine: write `~/` or take it from the environment"),
    (concat!("/Us", "ers/"), "a path of one machine: write `~/` or take it from the environment"),
    (concat!("crates.io", "/api"), "a registry's address: name the package and let its client find it"),
    (concat!("static.cra", "tes.io"), "a registry's address: name the package and let its client find it"),
    (concat!("index.cra", "tes.io"), "a registry's address: name the package and let its client find it"),
    (concat!("py", "pi.org"), "a registry's address: name the package and let its client find it"),
    (concat!("pythonho", "sted.org"), "a registry's address: name the package and let its client find it"),
    (concat!("registry.np", "mjs"), "a registry's address: name the package and let its client find it"),
    (concat!("deb.deb", "ian.org"), "a registry's address: name the package and let its client find it"),
    (concat!("<<<<", "<<< "), "a merge that was not finished: choose a side"),
    (concat!(">>>>", ">>> "), "a merge that was not finished: choose a side"),
    (concat!("FIX", "ME"), "a note to oneself: mend it, or open an issue"),
];

/// Every line of every text that holds a banned word.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts() {
        for (number, line) in text.lines().enumerate() {
            for (banned, advice) in BANNED {
                if line.contains(banned) {
                    findings.push(Finding::at(path, number + 1, format!("`{}` is {advice}", banned.trim())));
                }
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_text(text: &str, expected: &[&str]) {
        let found: Vec<String> = check(&Tree::of(&[("a.md", text)]))
            .iter()
            .map(|finding| finding.to_string().split(" is ").next().unwrap_or_default().to_owned())
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn each_banned_word_is_found_where_it_stands() {
        for (banned, _) in BANNED {
            check_text(&format!("fine\nsee {banned}x"), &[&format!("a.md:2: `{}`", banned.trim())]);
        }
    }

    #[test]
    fn likely_neighbours_pass() {
        check_text("~/jeton ./work crates.io homework/ network/ <<< a registry+https://github.com/rust-lang/crates.io-index", &[]);
    }
}
