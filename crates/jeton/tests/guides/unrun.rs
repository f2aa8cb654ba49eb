//! Which commands in the documentation no test runs: the list of exceptions, each with its reason.

use std::fs;
use std::path::{Path, PathBuf};

use super::docs;

/// Blocks that nobody runs, by page and by how they begin, and why.
const UNRUN: [(&str, &str, &str); 4] = [
    ("docs/reference/command-line.md", "", "made from code, where each example is held against the commands (`examples_are_commands`)"),
    ("docs/how-to/tls.md", "export JETON_SERVER=https://id.example.com", "from another machine, by its name; tests/administer.rs asks so"),
    ("examples/README.md", "cargo build --workspace", "the programs lie beside `jeton`, as the tests were built"),
    ("CONTRIBUTING.md", "cargo run --release", "`cargo xtask quickstart` and `cargo xtask test` are what is named there"),
];

/// The languages whose blocks are run where they are on a page that a test names.
const SHELL: [&str; 4] = ["sh", "bash", "shell", "console"];

/// What begins a line that somebody types.
const TYPED: [&str; 5] = ["jeton ", "curl ", "cargo ", "$ ", "jq "];

struct Block {
    language: String,
    text: String,
}

fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pages(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

fn blocks(page: &str) -> Vec<Block> {
    let (mut blocks, mut open): (Vec<Block>, Option<Block>) = (vec![], None);
    for line in page.lines() {
        match (line.trim_start().strip_prefix("```"), &mut open) {
            (Some(language), None) => open = Some(Block { language: language.trim().to_owned(), text: String::new() }),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => {
                block.text.push_str(line.trim_start());
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

/// Whether somebody is meant to type what is in it.
fn is_typed(block: &Block) -> bool {
    let has_command = || block.text.lines().any(|line| TYPED.iter().any(|begin| line.starts_with(begin)));
    SHELL.contains(&block.language.as_str()) || (["", "text"].contains(&block.language.as_str()) && has_command())
}

#[test]
fn every_block_of_commands_is_run_or_excepted() {
    let root = docs().join("..").canonicalize().unwrap();
    let beside = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "libs/jeton-verify/README.md", "examples/README.md"];
    let mut found: Vec<PathBuf> = beside.iter().map(|page| root.join(page)).collect();
    pages(&root.join("docs"), &mut found);
    let tests = include_str!("main.rs");
    let (mut missing, mut used) = (vec![], vec![false; UNRUN.len()]);
    for path in found {
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        let page = name.strip_prefix("docs/").map_or_else(|| format!("../{name}"), str::to_owned);
        let is_run = tests.contains(&format!("(\"{page}\"")) || tests.contains(&format!("\n        \"{page}\""));
        for block in blocks(&fs::read_to_string(&path).unwrap()).iter().filter(|block| is_typed(block)) {
            let excepted = UNRUN.iter().position(|(page, begins, _)| *page == name && block.text.starts_with(begins));
            match excepted {
                Some(place) => used[place] = true,
                // Only blocks of `sh` are run.
                None if is_run && block.language == "sh" => {}
                None => missing.push(format!("{name}: ```{}: {}", block.language, block.text.lines().next().unwrap_or_default())),
            }
        }
    }
    assert!(missing.is_empty(), "no test runs these: make them ```sh and name the page in tests/guides/main.rs\n{}", missing.join("\n"));
    let idle: Vec<_> = UNRUN.iter().zip(used).filter(|(_, used)| !used).map(|(exception, _)| exception).collect();
    assert!(idle.is_empty(), "nothing needs these exceptions any more: {idle:?}");
}
