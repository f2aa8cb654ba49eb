//! The modules of a crate and the files they lie in, followed from the root by `mod name;`.

use std::collections::BTreeMap;

use super::manifest::Package;
use super::source::Source;
use super::token::Token;
use super::tree::Tree;

/// One file of a crate and its place in it.
pub(crate) struct Module<'a> {
    pub(crate) file: String,
    pub(crate) tokens: Vec<Token<'a>>,
}

/// Module paths (`["grant", "refresh"]`; the root is empty) and their files. Test modules are left out.
pub(crate) type Modules<'a> = BTreeMap<Vec<String>, Module<'a>>;

/// The library and each program of a package: they do not see each other's modules.
pub(crate) fn crates<'a>(tree: &'a Tree, package: &Package) -> Vec<Modules<'a>> {
    let source = format!("{}/src/", package.folder);
    let is_root = |path: &str| {
        path.strip_prefix(&source).is_some_and(|name| {
            matches!(name, "lib.rs" | "main.rs")
                || name.strip_prefix("bin/").is_some_and(|name| !name.contains('/') || name.ends_with("/main.rs"))
        })
    };
    tree.texts_ending(".rs")
        .filter(|(path, _)| is_root(path))
        .map(|(path, _)| {
            let mut modules = Modules::new();
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            follow(tree, path.to_owned(), folder.to_owned(), Vec::new(), &mut modules);
            modules
        })
        .collect()
}

/// Takes in `file` and the modules it declares; their files lie in `folder`.
fn follow<'a>(tree: &'a Tree, file: String, folder: String, path: Vec<String>, modules: &mut Modules<'a>) {
    let Some(text) = tree.text(&file) else {
        return;
    };
    let source = Source::read(text);
    for name in declared(&source.production) {
        let child_folder = format!("{folder}/{name}");
        let beside = format!("{child_folder}.rs");
        let within = format!("{child_folder}/mod.rs");
        let child = if tree.has_file(&beside) { beside } else { within };
        let mut child_path = path.clone();
        child_path.push(name.to_owned());
        follow(tree, child, child_folder, child_path, modules);
    }
    let tokens = source.production;
    modules.insert(path, Module { file, tokens });
}

/// The names of `mod name;`.
fn declared<'a>(tokens: &[Token<'a>]) -> Vec<&'a str> {
    tokens
        .windows(3)
        .filter_map(|triple| match triple {
            [keyword, name, end] if keyword.is_word("mod") && end.is_mark(";") => Some(name.text),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::manifest::packages;
    use super::*;

    #[test]
    fn modules_are_found_beside_and_within() {
        let tree = Tree::of(&[
            ("libs/a/Cargo.toml", "[package]\nname = \"a\""),
            ("libs/a/src/lib.rs", "mod b; pub(crate) mod d; #[cfg(test)] mod stories;"),
            ("libs/a/src/b.rs", "mod c;"),
            ("libs/a/src/b/c.rs", ""),
            ("libs/a/src/d/mod.rs", "mod e;"),
            ("libs/a/src/d/e.rs", ""),
            ("libs/a/src/stories.rs", ""),
            ("libs/a/src/main.rs", "mod f;"),
            ("libs/a/src/f.rs", ""),
        ]);
        let (packages, _) = packages(&tree);
        let crates = crates(&tree, packages.first().expect("the package"));
        let found: Vec<Vec<String>> = crates.iter().map(|modules| modules.keys().map(|path| path.join("::")).collect()).collect();
        assert_eq!(found, [vec!["", "b", "b::c", "d", "d::e"], vec!["", "f"]]);
    }
}
