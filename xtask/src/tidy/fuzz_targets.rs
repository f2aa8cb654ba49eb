//! Every fuzz function is reached by libFuzzer and by the smoke test.

use super::finding::Finding;
use super::source::{Source, functions};
use super::token::{Token, tokens};
use super::tree::Tree;

const SMOKE: &str = "fuzz/tests/smoke.rs";
const TARGETS: &str = "fuzz/fuzz_targets/";
const MANIFEST: &str = "fuzz/Cargo.toml";

/// Public functions of `fuzz/src/*.rs` that nobody runs.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let smoke = tokens(tree.text(SMOKE).unwrap_or_default());
    let targets: Vec<Vec<Token<'_>>> =
        tree.texts_ending(".rs").filter(|(path, _)| path.starts_with(TARGETS)).map(|(_, text)| tokens(text)).collect();
    for (path, text) in tree.texts_ending(".rs") {
        let Some(module) = path.strip_prefix("fuzz/src/").and_then(|name| name.strip_suffix(".rs")) else {
            continue;
        };
        let source = Source::read(text);
        for function in functions(&source.production).into_iter().filter(|function| function.public) {
            let name = function.name;
            let mut report = |message: String| findings.push(Finding::at(path, function.lines.start, message));
            if !mentions(&smoke, module, name) {
                report(format!("`{module}::{name}` is not run by {SMOKE}: add it to TARGETS there"));
            }
            if !targets.iter().any(|target| mentions(target, module, name)) {
                report(format!("`{module}::{name}` has no file in {TARGETS}: add {}", target_file(module, name)));
            }
        }
    }
    findings.extend(targets_cargo_does_not_know(tree));
    findings
}

/// `jose` and `jws` make `jose_jws.rs`; a name that begins with its module says it once.
fn target_file(module: &str, name: &str) -> String {
    if name.starts_with(module) { format!("{TARGETS}{name}.rs") } else { format!("{TARGETS}{module}_{name}.rs") }
}

/// Whether the path `module::name` occurs.
fn mentions(tokens: &[Token<'_>], module: &str, name: &str) -> bool {
    tokens
        .windows(3)
        .any(|path| matches!(path, [first, separator, last] if first.is_word(module) && separator.is_mark("::") && last.is_word(name)))
}

fn targets_cargo_does_not_know(tree: &Tree) -> Vec<Finding> {
    let manifest = tree.text(MANIFEST).unwrap_or_default();
    tree.texts_ending(".rs")
        .filter_map(|(path, _)| path.starts_with(TARGETS).then_some(path))
        .filter(|path| !manifest.contains(&format!("\"{}\"", path.trim_start_matches("fuzz/"))))
        .map(|path| {
            Finding::in_file(path, format!("has no [[bin]] in {MANIFEST}: add one with this path and required-features = [\"libfuzzer\"]"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_files(target: &str, smoke: &str, manifest: &str, expected: usize) {
        let found = check(&Tree::of(&[
            ("fuzz/src/jose.rs", "pub fn jws(data: &[u8]) {}\nfn inner() {}\n#[cfg(test)] mod tests { pub fn x() {} }"),
            ("fuzz/fuzz_targets/jose_jws.rs", target),
            (SMOKE, smoke),
            (MANIFEST, manifest),
        ]));
        assert_eq!(found.len(), expected, "{found:?}");
    }

    #[test]
    fn a_function_that_all_know_passes() {
        check_files("jeton_fuzz::jose::jws(data)", "(\"jose_jws\", jose::jws)", "path = \"fuzz_targets/jose_jws.rs\"", 0);
    }

    #[test]
    fn a_function_that_one_forgot_is_found() {
        let (target, smoke, manifest) = ("jose::jws(data)", "jose::jws", "path = \"fuzz_targets/jose_jws.rs\"");
        check_files("jose::jwk(data)", smoke, manifest, 1);
        check_files(target, "// jose::jws", manifest, 1);
        check_files(target, smoke, "", 1);
    }
}
