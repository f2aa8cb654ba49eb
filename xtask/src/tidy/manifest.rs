//! The packages of the workspace, read from their `Cargo.toml`.

use toml::{Table, Value};

use super::finding::Finding;
use super::tree::Tree;

/// A package of the workspace.
pub(crate) struct Package {
    pub(crate) name: String,
    /// Its folder, relative to the root.
    pub(crate) folder: String,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) table: Table,
}

/// One line of a `[dependencies]` table or its relatives.
pub(crate) struct Dependency {
    /// The package's real name, also where it is renamed.
    pub(crate) name: String,
    /// Counted from 1; 0 where it could not be told.
    pub(crate) line: usize,
    /// Only for tests, benches and examples.
    pub(crate) for_tests: bool,
}

impl Package {
    pub(crate) fn manifest_path(&self) -> String {
        format!("{}/Cargo.toml", self.folder)
    }
}

/// All packages, and a finding for each manifest that is not TOML.
pub(crate) fn packages(tree: &Tree) -> (Vec<Package>, Vec<Finding>) {
    let mut packages = Vec::new();
    let mut findings = Vec::new();
    for (path, text) in tree.texts_ending("/Cargo.toml") {
        let table = match text.parse::<Table>() {
            Ok(table) => table,
            Err(error) => {
                findings.push(Finding::in_file(path, format!("is not TOML: {}", error.message())));
                continue;
            }
        };
        let name = table.get("package").and_then(|package| package.get("name")).and_then(Value::as_str);
        if let Some(name) = name {
            packages.push(Package {
                name: name.to_owned(),
                folder: path.trim_end_matches("/Cargo.toml").to_owned(),
                dependencies: dependencies(&table, text),
                table,
            });
        }
    }
    (packages, findings)
}

fn dependencies(table: &Table, text: &str) -> Vec<Dependency> {
    let mut found = dependencies_of(table, text);
    let targets = table.get("target").and_then(Value::as_table);
    for target in targets.into_iter().flat_map(Table::values) {
        if let Some(target) = target.as_table() {
            found.extend(dependencies_of(target, text));
        }
    }
    found
}

fn dependencies_of(table: &Table, text: &str) -> Vec<Dependency> {
    let kinds = [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)];
    let mut found = Vec::new();
    for (kind, for_tests) in kinds {
        let Some(entries) = table.get(kind).and_then(Value::as_table) else {
            continue;
        };
        for (key, value) in entries {
            let name = value.get("package").and_then(Value::as_str).unwrap_or(key);
            found.push(Dependency { name: name.to_owned(), line: line_of(text, kind, key), for_tests });
        }
    }
    found
}

/// The line on which `key` stands in a table whose heading ends with `kind`.
fn line_of(text: &str, kind: &str, key: &str) -> usize {
    let mut inside = false;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(heading) = line.strip_prefix('[') {
            let heading = heading.trim_end_matches(']');
            inside = heading == kind || heading.ends_with(&format!(".{kind}"));
            if heading.ends_with(&format!("{kind}.{key}")) {
                return number + 1;
            }
        } else if inside
            && let Some(rest) = line.trim_start_matches('"').strip_prefix(key)
            && rest.starts_with(['.', ' ', '=', '"'])
        {
            return number + 1;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(dependencies: &str, expected: &[(&str, usize, bool)]) {
        let text = format!("[package]\nname = \"a\"\n{dependencies}");
        let tree = Tree::of(&[("libs/a/Cargo.toml", &text)]);
        let (packages, findings) = packages(&tree);
        assert_eq!(findings, []);
        let package = packages.first().expect("the package");
        assert_eq!((package.name.as_str(), package.folder.as_str()), ("a", "libs/a"));
        let found: Vec<(&str, usize, bool)> =
            package.dependencies.iter().map(|dependency| (dependency.name.as_str(), dependency.line, dependency.for_tests)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn every_way_to_write_a_dependency_is_read() {
        check("[dependencies]\nb.workspace = true\nbc = \"1\"\n", &[("b", 4, false), ("bc", 5, false)]);
        check("[dev-dependencies]\nb = { version = \"1\" }\n", &[("b", 4, true)]);
        check("[dependencies.b]\nversion = \"1\"\n", &[("b", 3, false)]);
        check("[target.'cfg(unix)'.build-dependencies]\nb = \"1\"\n", &[("b", 4, false)]);
        check("[dependencies]\nc = { package = \"b\", version = \"1\" }\n", &[("b", 4, false)]);
    }

    #[test]
    fn a_broken_manifest_is_a_finding() {
        let tree = Tree::of(&[("libs/a/Cargo.toml", "[package")]);
        assert_eq!(packages(&tree).1.len(), 1);
    }
}
