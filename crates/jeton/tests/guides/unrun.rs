//! Which commands in the documentation no test runs: the list of exceptions, each with its reason.

use std::fs;
use std::path::{Path, PathBuf};

use super::docs;

/// Blocks that nobody runs, by page and by how they begin, and why.
pub(super) const UNRUN: [(&str, &str, &str); 17] = [
    ("docs/reference/command-line.md", "", "made from code, where each example is held against the commands (`examples_are_commands`)"),
    ("docs/how-to/tls.md", "export JETON_SERVER=https://id.example.com", "from another machine, by its name; tests/administer.rs asks so"),
    ("README.md", "cargo run --release", "`cargo xtask quickstart` runs it as it is released, and its last step is said of the build"),
    (
        "docs/operations/restore.md",
        "jeton backup restore accept-gap",
        "there is no gap on that page; operations/lost-disk.md has one, and runs it",
    ),
    (
        "docs/operations/restore.md",
        "jeton serve --data restored --trial",
        "tests/backup/incarnations.rs serves a trial, as the answer says to",
    ),
    (
        "docs/operations/upgrade.md",
        "jeton config check --data prod",
        "tests/refused_start.rs runs the page over a folder of an older version",
    ),
    ("docs/operations/upgrade.md", "mkdir -m 700 back", "tests/refused_start.rs runs the page over a folder of an older version"),
    (
        "docs/operations/upgrade.md",
        "jeton backup restore accept-gap",
        "tests/refused_start.rs runs the page over a folder of an older version",
    ),
    ("docs/backup-format.md", "age -d -i recovery.key snapshots", "jeton-backup/tests/stock opens one with what the author of age wrote"),
    ("docs/backup-format.md", "age -d -i recovery.key files", "jeton-backup/tests/stock opens one with what the author of age wrote"),
    ("docs/backup-format.md", "jeton drill", "what a receipt says, which is no command"),
    ("docs/performance.md", "cargo xtask bench", "a quarter of an hour"),
    ("docs/reliability.md", "cargo xtask simulate", "a part of `cargo xtask test`"),
    ("docs/reliability.md", "cargo xtask crash --fault lost", "an hour"),
    ("docs/reliability.md", "cargo xtask crash --rounds 20", "a part of `cargo xtask test`, and hours"),
    ("examples/README.md", "cargo build --workspace", "the programs lie beside `jeton`, as the tests were built"),
    ("CONTRIBUTING.md", "cargo run --release", "`cargo xtask quickstart` and `cargo xtask test` are what is named there"),
];

/// The languages whose blocks are run where they are on a page that a test names.
const SHELL: [&str; 4] = ["sh", "bash", "shell", "console"];

/// What begins a line that somebody types.
const TYPED: [&str; 6] = ["jeton ", "curl ", "cargo ", "$ ", "jq ", "age "];

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
    let (mut blocks, mut open, mut indented): (Vec<Block>, Option<Block>, Option<Block>) = (vec![], None, None);
    for line in page.lines() {
        match (line.trim_start().strip_prefix("```"), &mut open) {
            (Some(language), None) => open = Some(Block { language: language.trim().to_owned(), text: String::new() }),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => {
                block.text.push_str(line.trim_start());
                block.text.push('\n');
            }
            (None, None) => match line.strip_prefix("    ").filter(|_| !line.trim().is_empty()) {
                // What stands four further in is a block too: it goes on while lines do.
                Some(text) => {
                    let language = String::new();
                    let block = indented.get_or_insert_with(|| Block { language, text: String::new() });
                    block.text.push_str(text);
                    block.text.push('\n');
                }
                None => blocks.extend(indented.take()),
            },
        }
    }
    blocks.extend(indented);
    blocks
}

/// Whether nobody runs a block of a page.
pub(super) fn is_unrun(page: &str, block: &str) -> bool {
    UNRUN.iter().any(|(name, begins, _)| *name == page && block.starts_with(begins))
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
