use std::io::{BufRead as _, IsTerminal as _, Write as _};

use super::failure::Failure;
use crate::render::fold::fold;
use crate::terminal;

/// Asks a person; where there is none, nothing is done.
///
/// # Errors
/// When the answer is not yes, or nobody can be asked.
pub(crate) fn ask(question: &str) -> Result<(), Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::usage(format!("nobody can be asked: {question}"), "add --yes to do it without asking"));
    }
    let unasked = |error: std::io::Error| Failure::could_not(format!("nobody can be asked: {error}"), "add --yes to do it without asking");
    let mut stderr = anstream::stderr().lock();
    let asked = format!("{question} [y/N]");
    let asked = terminal::columns(&std::io::stderr()).map_or_else(|| asked.clone(), |columns| fold(&asked, columns));
    write!(stderr, "{asked} ").and_then(|()| stderr.flush()).map_err(unasked)?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer).map_err(unasked)?;
    if is_yes(&answer) { Ok(()) } else { Err(Failure::no("nothing was done", "")) }
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_yes() {
        for (answer, expected) in [("y\n", true), ("Yes\n", true), ("\n", false), ("n\n", false), ("yo\n", false), ("", false)] {
            assert_eq!(is_yes(answer), expected, "{answer:?}");
        }
    }
}
