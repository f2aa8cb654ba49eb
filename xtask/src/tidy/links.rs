//! Every relative link in the documentation leads to a file of the tree, and to a place of it where the link names one.

use super::finding::Finding;
use super::places;
use super::tree::Tree;

/// Links of `*.md` files to what is not there.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts_ending(".md") {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (line, target) in links(text) {
            if is_elsewhere(target) {
                continue;
            }
            let file = target.split(['#', '?']).next().unwrap_or_default();
            let of_page = if file.is_empty() { Some(path.to_owned()) } else { resolve(folder, file) };
            let Some(resolved) = of_page else {
                findings.push(Finding::at(
                    path,
                    line,
                    format!("the link `{target}` leads out of the repository: name the file instead, or give its full address"),
                ));
                continue;
            };
            if !tree.has_file(&resolved) && !tree.has_folder(&resolved) {
                findings.push(Finding::at(
                    path,
                    line,
                    format!("the link `{target}` leads to `{resolved}`, which does not exist: correct it, or add the file"),
                ));
            }
            let place = target.split_once('#').map_or("", |(_, place)| place);
            let page = tree.text(&resolved).filter(|_| !place.is_empty() && resolved.ends_with(".md"));
            if page.is_some_and(|page| !places::of(page).contains(place)) {
                findings.push(Finding::at(
                    path,
                    line,
                    format!("the link `{target}` leads to no heading of `{resolved}`: correct it, or add the heading or the word"),
                ));
            }
        }
    }
    findings
}

/// An address with a scheme.
fn is_elsewhere(target: &str) -> bool {
    let scheme = target.split_once(':').is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.chars().all(|character| character.is_ascii_alphanumeric() || "+-.".contains(character))
    });
    scheme || target.starts_with("//")
}

/// Follows `target` from `folder`; `None` when it climbs above the root. A leading `/` means the root.
fn resolve(folder: &str, target: &str) -> Option<String> {
    let (start, target) = match target.strip_prefix('/') {
        Some(rest) => ("", rest),
        None => (folder, target),
    };
    let mut parts: Vec<&str> = start.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The line and target of each `[text](target)` and `[name]: target` outside code.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut links = Vec::new();
    let mut fence: Option<&str> = None;
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        let marker = ["```", "~~~"].into_iter().find(|marker| trimmed.starts_with(marker));
        match (fence, marker) {
            (None, Some(opening)) => fence = Some(opening),
            (Some(opening), Some(closing)) if opening == closing => fence = None,
            (Some(_), _) => {}
            (None, None) => links.extend(links_of_line(line).into_iter().map(|target| (number + 1, target))),
        }
    }
    links
}

fn links_of_line(line: &str) -> Vec<&str> {
    if let Some(target) = definition(line) {
        return vec![target];
    }
    let mut targets = Vec::new();
    // Every second piece between backticks is code.
    for prose in line.split('`').step_by(2) {
        let mut rest = prose;
        while let Some((_, after)) = rest.split_once("](") {
            let inside = after.split_once(')').map_or(after, |(inside, _)| inside);
            targets.extend(first_word(inside));
            rest = after;
        }
    }
    targets
}

/// `[name]: target`, but not the footnote `[^1]: words`.
fn definition(line: &str) -> Option<&str> {
    let (name, target) = line.trim_start().strip_prefix('[')?.split_once("]:")?;
    let is_name = !name.starts_with('^') && !name.contains(']');
    is_name.then(|| first_word(target)).flatten()
}

/// A target without its title and angle brackets.
fn first_word(inside: &str) -> Option<&str> {
    let inside = inside.trim();
    if let Some(bracketed) = inside.strip_prefix('<') {
        return bracketed.split('>').next();
    }
    inside.split_whitespace().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_text(text: &str, expected: &[usize]) {
        let tree = Tree::of(&[("docs/a.md", text), ("docs/sub/b.md", "# One, two"), ("README.md", "## Start")]);
        let lines: Vec<usize> = check(&tree)
            .iter()
            .map(|finding| {
                let shown = finding.to_string();
                let number = shown.split(':').nth(1).expect("path:line: message");
                number.parse().expect("a line number")
            })
            .collect();
        assert_eq!(lines, expected, "{text}");
    }

    #[test]
    fn links_to_files_and_folders_pass() {
        check_text("[b](sub/b.md) [r](../README.md#start) [root](/docs) [`b`](./sub/b.md) ![](sub/b.md \"title\")", &[]);
        check_text("[b]: sub/b.md\n[c]: <../README.md>", &[]);
    }

    #[test]
    fn links_to_nothing_are_found() {
        check_text("fine\n[b](b.md)", &[2]);
        check_text("[`b`](b.md) and [c](sub/b.md) and [d](d.md)", &[1, 1]);
        check_text("[b]: b.md", &[1]);
        check_text("[up](../../b.md)", &[1]);
    }

    #[test]
    fn links_to_a_place_that_is_not_there_are_found() {
        check_text("[b](sub/b.md#one-two) [here](#here)\n# Here", &[]);
        check_text("[b](sub/b.md#one) [r](../README.md#start) [here](#there)", &[1, 1]);
    }

    #[test]
    fn other_addresses_and_code_are_let_be() {
        check_text("[a](https://example.com/x) [c](mailto:a@example.com) [^1]: words", &[]);
        check_text("```\n[a](a.md)\n```\n`[b](b.md)`", &[]);
        check_text("~~~\n```\n[a](a.md)\n~~~", &[]);
    }
}
