//! Every decision has a number of its own, and whatever cites one by its number, or by its file, cites one that there is.

use std::collections::BTreeMap;

use super::finding::Finding;
use super::tree::Tree;

const FOLDER: &str = "docs/decisions/";

/// Pages without their number, and citations of pages that are not there.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut pages: BTreeMap<u32, &str> = BTreeMap::new();
    for (path, text) in tree.texts_ending(".md") {
        let Some(name) = path.strip_prefix(FOLDER) else { continue };
        let Some(number) = number_of_file(name) else {
            findings.push(Finding::in_file(path, "call it `NNNN-what-was-chosen.md`: decisions are cited by their number"));
            continue;
        };
        if !text.starts_with(&format!("# {number}. ")) {
            findings.push(Finding::at(path, 1, format!("begin with `# {number}. ` and what was chosen: the number is the file's")));
        }
        if let Some(other) = pages.insert(number, path) {
            findings.push(Finding::in_file(path, format!("{other} has the number {number} too: take the next that is free")));
        }
    }
    // What is cited in here is made up.
    let is_read = |path: &str| (path.ends_with(".md") || path.ends_with(".rs")) && !path.ends_with("/tidy/decisions.rs");
    for (path, text) in tree.texts().filter(|(path, _)| is_read(path)) {
        for (line, words) in (1..).zip(text.lines()) {
            let missing = cited(words).into_iter().filter(|number| !pages.contains_key(number));
            findings.extend(missing.map(|number| Finding::at(path, line, format!("there is no decision {number} in {FOLDER}"))));
            let gone = files(words).into_iter().filter(|file| !tree.has_file(&format!("{FOLDER}{file}")));
            findings.extend(gone.map(|file| Finding::at(path, line, format!("there is no {FOLDER}{file}: correct the name"))));
            let other = |(said, meant): (u32, u32)| {
                Finding::at(path, line, format!("what is called {said} leads to decision {meant}: correct one of them"))
            };
            findings.extend(linked(words).into_iter().filter(|(said, meant)| said != meant).map(other));
        }
    }
    findings
}

/// `0007-…` is 7.
fn number_of_file(name: &str) -> Option<u32> {
    let (number, rest) = name.split_at_checked(4)?;
    (number.chars().all(|digit| digit.is_ascii_digit()) && rest.starts_with('-')).then(|| number.parse().ok()).flatten()
}

/// The numbers behind each `decision` and `decisions`: `decision 7`, `decisions 7, 8 and 10`, `decisions 39 to 41`.
fn cited(line: &str) -> Vec<u32> {
    let lower = line.to_lowercase();
    let mut cited = Vec::new();
    for rest in lower.split("decision").skip(1) {
        let mut rest = rest.strip_prefix('s').unwrap_or(rest);
        while let Some((number, after)) = rest.strip_prefix(' ').and_then(leading_number) {
            cited.push(number);
            let joints = [",", " and", " to"];
            let Some(joined) = joints.into_iter().find_map(|joint| after.strip_prefix(joint)) else { break };
            rest = joined;
        }
    }
    cited
}

fn leading_number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    Some((digits.parse().ok()?, rest))
}

/// The files of `decisions/NNNN-….md` wherever a line names one.
fn files(line: &str) -> Vec<&str> {
    let named = line.split("decisions/").skip(1);
    named.filter_map(|rest| rest.get(..rest.find(".md")? + 3)).filter(|file| number_of_file(file).is_some()).collect()
}

/// Of each link to a decision whose text ends with a number: that number, and the file's.
fn linked(line: &str) -> Vec<(u32, u32)> {
    let mut linked = Vec::new();
    let mut parts = line.split("](").peekable();
    while let (Some(before), Some(target)) = (parts.next(), parts.peek()) {
        let said = before.rsplit('[').next().and_then(|text| text.rsplit(' ').next()).and_then(|word| word.parse().ok());
        let file = target.split(')').next().and_then(|target| target.rsplit('/').next()).filter(|file| file.ends_with(".md"));
        linked.extend(said.zip(file.and_then(number_of_file)));
    }
    linked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_text(text: &str, expected: &[&str]) {
        let tree = Tree::of(&[("docs/decisions/0007-one.md", "# 7. One"), ("docs/decisions/0010-ten.md", "# 10. Ten"), ("a.md", text)]);
        let found: Vec<String> = check(&tree).iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), expected.len(), "{text}: {found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn what_there_is_may_be_cited() {
        check_text("Decision 7, (decision 10), decisions 7, 10 and 7, a decision; 4 decisions, docs/decisions/0007-one.md", &[]);
        check_text("[decision 7](docs/decisions/0007-one.md) [10](docs/decisions/0010-ten.md) [why](docs/decisions/0010-ten.md)", &[]);
    }

    #[test]
    fn what_there_is_not_is_found() {
        check_text("so\nsays decision 8", &["a.md:2: there is no decision 8"]);
        check_text("decisions 7 to 9 and 10, 11", &["decision 9", "decision 11"]);
        check_text("docs/decisions/0007-two.md", &["0007-two.md"]);
        check_text("[decision 7](docs/decisions/0010-ten.md)", &["called 7 leads to decision 10"]);
    }

    #[test]
    fn a_number_is_one_page_s() {
        let tree = Tree::of(&[
            ("docs/decisions/0001-a.md", "# 1. A"),
            ("docs/decisions/0001-b.md", "# 1. B"),
            ("docs/decisions/0002-c.md", "# C"),
            ("docs/decisions/three.md", "# 3. D"),
        ]);
        assert_eq!(check(&tree).len(), 3);
    }
}
