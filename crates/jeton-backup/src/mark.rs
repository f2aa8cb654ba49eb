//! What is left on a target at its first use: whose it is. An empty folder on which nothing is mounted has none.

use jeton_core::moment::Time;
use jeton_core::rfc3339;

use crate::object::{from_hexadecimal, hexadecimal};
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
    /// Of this issuer; its number, which tells it from others of the same: an older program gave it none.
    Ours(Option<String>),
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
        let issuer = lines.next()?.strip_prefix("issuer ")?;
        let number = lines.find_map(|line| from_hexadecimal::<16>(line.strip_prefix("number ")?));
        Some((issuer, number))
    });
    match found {
        Some((found, number)) if found == issuer => Ok(Whose::Ours(number.map(|number| hexadecimal(&number)))),
        Some((found, _)) => Ok(Whose::Others(found.chars().filter(|letter| !letter.is_control()).take(200).collect())),
        None => Err(Problem::new(MARK, What::Damaged("it does not say whose target this is: remove it if it is this server's".into()))),
    }
}

/// Leaves the mark.
///
/// # Errors
/// [`Problem`].
pub async fn leave(target: &Target, issuer: &str, number: &str, now: Time) -> Result<(), Problem> {
    let text = format!("{FIRST}\nissuer {issuer}\nbegun {}\nnumber {number}\n", rfc3339::format(now.seconds()));
    target.put(MARK, text.into_bytes()).await
}

/// Gives a mark that has no number one.
///
/// # Errors
/// [`Problem`].
pub async fn number_it(target: &Target, number: &str) -> Result<(), Problem> {
    let mut text = target.get(MARK).await?.to_vec();
    if text.last() != Some(&b'\n') {
        text.push(b'\n');
    }
    text.extend_from_slice(format!("number {number}\n").as_bytes());
    target.put(MARK, text).await
}
