//! No two files import each other, and no longer circle of files does.
//!
//! An import is a `use` or a path in code, followed through re-exports to the file that holds the item. A parent's
//! `mod name;` and its `pub use` of a child are the shape of the tree, not imports.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::crate_modules::{Modules, crates};
use super::finding::Finding;
use super::imports::{Import, imports};
use super::manifest::packages;
use super::tree::Tree;

/// The place of a module in its crate.
type Path = Vec<String>;

/// From module to module, and the line of one import that makes the arrow.
type Edges = BTreeMap<Path, BTreeMap<Path, usize>>;

/// How many re-exports are followed; more of them are a circle of their own.
const REEXPORTS: usize = 16;

/// Circles among the files of each crate.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let (packages, _) = packages(tree);
    packages.iter().flat_map(|package| crates(tree, package)).flat_map(|modules| circles(&modules)).collect()
}

fn circles(modules: &Modules<'_>) -> Vec<Finding> {
    let edges = Names::of(modules).edges();
    let mut findings = Vec::new();
    let mut reported = BTreeSet::new();
    for start in edges.keys() {
        if reported.contains(start) {
            continue;
        }
        let Some(circle) = shortest_circle(&edges, start) else {
            continue;
        };
        let file = |path: &Path| modules.get(path).map_or("", |module| module.file.as_str());
        let chain: Vec<&str> = circle.iter().chain([start]).map(file).collect();
        let line = circle.get(1).and_then(|second| edges.get(start)?.get(second)).copied().unwrap_or_default();
        findings.push(Finding::at(
            file(start),
            line,
            format!(
                "files import each other in a circle ({}): move what they share into a file that imports none of them",
                chain.join(" → ")
            ),
        ));
        reported.extend(circle);
    }
    findings
}

/// The modules on the shortest way from `start` back to it, `start` first.
fn shortest_circle(edges: &Edges, start: &Path) -> Option<Vec<Path>> {
    let mut came_from: BTreeMap<&Path, &Path> = BTreeMap::new();
    let mut waiting = VecDeque::from([start]);
    while let Some(here) = waiting.pop_front() {
        for next in edges.get(here).into_iter().flat_map(BTreeMap::keys) {
            if next == start {
                let mut circle = vec![here.clone()];
                let mut step = here;
                while let Some(before) = came_from.get(step) {
                    step = before;
                    circle.insert(0, step.clone());
                }
                return Some(circle);
            }
            if !came_from.contains_key(next) {
                came_from.insert(next, here);
                waiting.push_back(next);
            }
        }
    }
    None
}

/// The names that each module brings in, and the modules themselves.
struct Names<'m> {
    modules: &'m Modules<'m>,
    imports: BTreeMap<&'m Path, Vec<Import>>,
    /// Name to the whole path behind it, for each module.
    bound: BTreeMap<&'m Path, BTreeMap<String, Path>>,
}

impl<'m> Names<'m> {
    fn of(modules: &'m Modules<'m>) -> Self {
        let imports = modules.iter().map(|(path, module)| (path, imports(&module.tokens))).collect();
        let mut names = Self { modules, imports, bound: BTreeMap::new() };
        // Twice: a name may be bound through a module that another `use` of the same file brings in.
        for _ in 0..2 {
            names.bound = names.bindings();
        }
        names
    }

    fn bindings(&self) -> BTreeMap<&'m Path, BTreeMap<String, Path>> {
        let mut bound: BTreeMap<&Path, BTreeMap<String, Path>> = BTreeMap::new();
        for (module, imports) in &self.imports {
            let names = bound.entry(module).or_default();
            for import in imports.iter().filter(|import| import.inside.is_empty()) {
                if let Some(name) = &import.binds
                    && let Some(whole) = self.whole(module, import)
                {
                    names.insert(name.clone(), whole);
                }
            }
        }
        bound
    }

    fn edges(&self) -> Edges {
        let mut edges = Edges::new();
        for (module, imports) in &self.imports {
            let from = edges.entry((*module).clone()).or_default();
            for import in imports {
                let Some(to) = self.whole(module, import).map(|whole| self.file_of(whole, REEXPORTS)) else {
                    continue;
                };
                let child = to.len() > module.len() && to.starts_with(module);
                if to != **module && !(import.reexport && child) {
                    from.entry(to).or_insert(import.line);
                }
            }
        }
        edges
    }

    /// The path from the root of the crate; `None` when it leads into another crate.
    fn whole(&self, module: &Path, import: &Import) -> Option<Path> {
        let mut here = module.clone();
        here.extend(import.inside.iter().cloned());
        let (first, rest) = import.path.split_first()?;
        let mut whole = match first.as_str() {
            "crate" => Path::new(),
            "self" => here,
            "super" => {
                here.pop();
                here
            }
            name => {
                here.push(name.to_owned());
                if self.modules.contains_key(&here) {
                    here
                } else {
                    // The name a `use` brings in must not be sought behind itself.
                    self.bound.get(module)?.get(name).filter(|_| import.binds.as_deref() != Some(name))?.clone()
                }
            }
        };
        for segment in rest {
            if segment == "super" {
                whole.pop();
            } else {
                whole.push(segment.clone());
            }
        }
        Some(whole)
    }

    /// The module whose file holds the item at this path.
    fn file_of(&self, whole: Path, reexports_left: usize) -> Path {
        let mut module = Path::new();
        let mut rest = whole.iter();
        for segment in rest.by_ref() {
            module.push(segment.clone());
            if self.modules.contains_key(&module) {
                continue;
            }
            module.pop();
            let behind = self.bound.get(&module).and_then(|names| names.get(segment));
            if let Some(behind) = behind.filter(|behind| reexports_left > 0 && **behind != whole) {
                let mut followed = behind.clone();
                followed.extend(rest.cloned());
                return self.file_of(followed, reexports_left - 1);
            }
            break;
        }
        module
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files by the name of their module, `lib` for the root; expects the lines of the findings.
    #[track_caller]
    fn check_files(files: &[(&str, &str)], expected: &[&str]) {
        let named: Vec<(String, &str)> = files
            .iter()
            .map(|(name, text)| (format!("libs/a/src/{name}.rs"), *text))
            .chain([("libs/a/Cargo.toml".to_owned(), "[package]\nname = \"a\"")])
            .collect();
        let files: Vec<(&str, &str)> = named.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        let found: Vec<String> = check(&Tree::of(&files))
            .iter()
            .map(|finding| {
                let shown = finding.to_string().replace("libs/a/src/", "");
                let (place, chain) = shown.split_once(": ").expect("place: message");
                let chain = chain.split(['(', ')']).nth(1).expect("the chain in brackets");
                format!("{place} {chain}")
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn arrows_one_way_pass() {
        check_files(&[("lib", "mod b; mod c; pub use b::B;"), ("b", "use crate::c::C;"), ("c", "use std::fmt;")], &[]);
    }

    #[test]
    fn two_files_that_import_each_other_are_found() {
        let lib = ("lib", "mod b;\nmod c;");
        check_files(&[lib, ("b", "\nuse crate::c::C;"), ("c", "use super::b::B;")], &["b.rs:2 b.rs → c.rs → b.rs"]);
        check_files(&[lib, ("b", "fn f() { crate::c::g() }"), ("c", "use crate::{b::{B}};")], &["b.rs:1 b.rs → c.rs → b.rs"]);
    }

    #[test]
    fn longer_circles_are_found_once() {
        check_files(
            &[("lib", "mod b; mod c; mod d;"), ("b", "use crate::c::C;"), ("c", "use crate::d::D;"), ("d", "use crate::b::B;")],
            &["b.rs:1 b.rs → c.rs → d.rs → b.rs"],
        );
    }

    #[test]
    fn a_circle_through_a_reexport_is_found() {
        check_files(
            &[("lib", "mod b; mod c; pub use b::B; pub use c::C;"), ("b", "use crate::C;"), ("c", "use crate::B;")],
            &["b.rs:1 b.rs → c.rs → b.rs"],
        );
        check_files(&[("lib", "mod b; mod c; pub use b::B;"), ("b", ""), ("c", "use crate::B;")], &[]);
    }

    #[test]
    fn parent_and_child() {
        // The child builds on its parent, which only shows it: fine.
        check_files(&[("lib", "mod b; pub use b::B; struct A;"), ("b", "use super::A;")], &[]);
        // The parent builds on its child and the child on the parent: a circle.
        check_files(&[("lib", "mod b; use b::B; struct A;"), ("b", "use super::A;")], &["lib.rs:1 lib.rs → b.rs → lib.rs"]);
        check_files(&[("lib", "mod b; fn f() { b::g() } struct A;"), ("b", "use crate::A;")], &["lib.rs:1 lib.rs → b.rs → lib.rs"]);
        // The child sees through its parent's private import.
        check_files(&[("lib", "mod b; mod c; use c::C; use b::B;"), ("b", "use super::C;"), ("c", "")], &[]);
    }

    #[test]
    fn siblings_below_a_parent() {
        let files = [("lib", "mod b;"), ("b", "mod c; mod d; pub use c::C;"), ("b/c", "use super::d::D;")];
        check_files(&[&files[..], &[("b/d", "use super::C;")]].concat(), &["b/c.rs:1 b/c.rs → b/d.rs → b/c.rs"]);
        check_files(&[&files[..], &[("b/d", "")]].concat(), &[]);
    }

    #[test]
    fn tests_comments_and_other_crates_make_no_arrows() {
        check_files(
            &[
                ("lib", "mod b; mod c;"),
                ("b", "use crate::c::C;"),
                ("c", "// use crate::b::B;\n#[cfg(test)] mod tests { use crate::b::B; }"),
            ],
            &[],
        );
        check_files(&[("lib", "mod b; mod serde;"), ("b", "use ::serde::S; use toml::b;"), ("serde", "use crate::b::B;")], &[]);
    }

    #[test]
    fn a_module_by_its_short_name_is_followed() {
        check_files(
            &[("lib", "mod b; mod c;"), ("b", "use crate::c; fn f() { c::g() }"), ("c", "use crate::b; fn g() { b::f() }")],
            &["b.rs:1 b.rs → c.rs → b.rs"],
        );
    }

    #[test]
    fn reexports_in_a_circle_end() {
        check_files(
            &[("lib", "mod b; mod c;"), ("b", "pub use crate::c::X;"), ("c", "pub use crate::b::X;")],
            &["b.rs:1 b.rs → c.rs → b.rs"],
        );
    }
}
