//! What is left on a target at its first use: whose it is. An empty folder on which nothing is mounted has none.

use jeton_core::moment::Time;
use jeton_core::rfc3339;

use crate::problem::{Problem, What};
use crate::target::Target;

/// Its name.
pub const MARK: &str = "target.txt";

const FIRST: &str = "jeton backup target";

/// Whose a target is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Nobody says.
    Nobodys,
    /// Of this issuer.
    Ours,
    /// Of another.
    Others(String),
}

/// Reads the mark of a target.
///
/// # Errors
/// [`Problem`]: the target does not answer, or its mark is none.
pub async fn whose(target: &Target, issuer: &str) -> Result<Whose, Problem> {
    let text = match target.get(MARK).await {
        Err(Problem { what: What::Missing, .. }) => return Ok(Whose::Nobodys),
        got => got?,
    };
    let found = std::str::from_utf8(&text).ok().and_then(|text| {
        let mut lines = text.lines();
        lines.next().filter(|line| *line == FIRST)?;
        lines.next()?.strip_prefix("issuer ")
    });
    match found {
        Some(found) if found == issuer => Ok(Whose::Ours),
        Some(found) => Ok(Whose::Others(found.chars().filter(|letter| !letter.is_control()).take(200).collect())),
        None => Err(Problem::new(MARK, What::Damaged("it does not say whose target this is: remove it if it is this server's".into()))),
    }
}

/// Leaves the mark.
///
/// # Errors
/// [`Problem`].
pub async fn leave(target: &Target, issuer: &str, now: Time) -> Result<(), Problem> {
    let text = format!("{FIRST}\nissuer {issuer}\nbegun {}\n", rfc3339::format(now.seconds()));
    target.put(MARK, text.into_bytes()).await
}
