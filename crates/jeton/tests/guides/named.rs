//! Commands and requests that the documentation names within its sentences: each of them is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::docs;

/// The pages but for the decisions, which are not rewritten when names change, and the one that is made from code.
fn pages() -> Vec<(PathBuf, String)> {
    let (mut folders, mut found) = (vec![docs()], vec![docs().join("../README.md"), docs().join("../SECURITY.md")]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            match path.is_dir() {
                true if name != "decisions" => folders.push(path),
                false if name.ends_with(".md") && name != "command-line.md" => found.push(path),
                _ => {}
            }
        }
    }
    found.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// What stands between single backticks, blocks left out.
fn quoted(page: &str) -> Vec<String> {
    let mut is_block = false;
    let mut outside = String::new();
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            is_block = !is_block;
        } else if !is_block {
            outside.push_str(line);
            outside.push('\n');
        }
    }
    outside.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn commands_and_their_flags_are_there() {
    let reference = fs::read_to_string(docs().join("reference/command-line.md")).unwrap();
    let commands: BTreeSet<&str> = reference.lines().filter_map(|line| line.split_once("# `jeton ")?.1.strip_suffix('`')).collect();
    let flags: BTreeSet<&str> =
        reference.split('`').skip(1).step_by(2).filter_map(|text| text.split([' ', ',']).find(|word| word.starts_with("--"))).collect();
    assert!(commands.len() > 100 && flags.len() > 100, "{} commands and {} flags", commands.len(), flags.len());
    let (mut wrong, mut seen) = (vec![], 0);
    for (path, page) in pages() {
        for text in quoted(&page).iter().filter(|text| text.starts_with("jeton ")) {
            seen += 1;
            let mut command = String::new();
            for word in text.split_whitespace().skip(1) {
                let longer = if command.is_empty() { word.to_owned() } else { format!("{command} {word}") };
                if !commands.contains(longer.as_str()) {
                    break;
                }
                command = longer;
            }
            let named =
                text.split_whitespace().filter(|word| word.starts_with("--")).map(|word| word.split('=').next().unwrap_or_default());
            let unknown: Vec<&str> = named.filter(|flag| !flags.contains(flag) && !["--help", "--version"].contains(flag)).collect();
            if command.is_empty() || !unknown.is_empty() {
                wrong.push(format!("{}: `{text}` {unknown:?}", path.display()));
            }
        }
    }
    assert!(seen > 50, "only {seen} were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn requests_are_there() {
    let document: serde_json::Value = serde_json::from_str(&fs::read_to_string(docs().join("reference/openapi.json")).unwrap()).unwrap();
    let mut known = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let shape: Vec<&str> = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect();
            known.insert(format!("{} {}", method.to_uppercase(), shape.join("/")));
        }
    }
    let (mut wrong, mut seen) = (vec![], 0);
    for (path, page) in pages() {
        for text in quoted(&page) {
            let Some((method, target)) = text.split_once(' ') else { continue };
            let Some(rest) = target.strip_prefix("/api/v1/").filter(|_| ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method)) else {
                continue;
            };
            seen += 1;
            let target = rest.split(['?', ' ']).next().unwrap_or_default();
            let is_it = |known: &String| {
                let (known_method, shape) = known.split_once(" /").unwrap();
                let parts: Vec<&str> = target.split('/').collect();
                let shape: Vec<&str> = shape.split('/').collect();
                known_method == method
                    && parts.len() == shape.len()
                    && shape.iter().zip(parts).all(|(shape, part)| *shape == "{}" || *shape == part)
            };
            if !known.iter().any(is_it) && target != "openapi.json" {
                wrong.push(format!("{}: `{text}`", path.display()));
            }
        }
    }
    assert!(seen > 50, "only {seen} were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
