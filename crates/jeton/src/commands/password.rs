//! The password of a person: typed where nobody sees it, or one line of standard input. Never an argument, which every user of the machine can
//! see.

use std::io::{IsTerminal as _, Read as _};

use jeton_token::Secret;
use serde_json::json;
use zeroize::Zeroizing;

use super::failure::Failure;
use super::hidden;
use super::server::Server;

/// The most bytes of a line.
const BYTES_MAX: u64 = 4 * 1024;

/// Reads one: twice where it is typed, since nobody sees what they type.
///
/// # Errors
/// It cannot be read, or was not typed twice alike.
pub(crate) fn typed(user: &str) -> Result<Secret, Failure> {
    let Some(first) = ask(&format!("Password of {user}"))? else { return of_stdin() };
    match ask("The same once more")? {
        Some(second) if first == second => Ok(first),
        _ => Err(Failure::usage("the two are not alike: nothing was changed", "type it again")),
    }
}

fn ask(prompt: &str) -> Result<Option<Secret>, Failure> {
    let line = hidden::line(prompt).map_err(|error| unread(&error))?;
    Ok(line.map(|line| without_end(&Zeroizing::new(line))))
}

/// Reads one line of standard input.
///
/// # Errors
/// It cannot be read, or is not one line.
pub(crate) fn of_stdin() -> Result<Secret, Failure> {
    if std::io::stdin().is_terminal() {
        return Err(Failure::usage("there is no password in standard input", "`jeton user set-password` asks for one"));
    }
    let mut text = Zeroizing::new(String::new());
    std::io::stdin().lock().take(BYTES_MAX + 1).read_to_string(&mut text).map_err(|error| unread(&error))?;
    let password = without_end(&text);
    if password.expose().contains(['\n', '\r']) || text.len() as u64 > BYTES_MAX {
        return Err(Failure::usage("a password is one line of standard input", "`jeton user set-password USER < FILE`"));
    }
    Ok(password)
}

/// Gives it to the person at a path.
///
/// # Errors
/// As the server says.
pub(crate) fn set(server: &Server, path: &str, password: &Secret) -> Result<(), Failure> {
    server.put(&format!("{path}/password"), &json!({ "password": password.expose() })).map(drop)
}

/// The end of the line is not part of it; spaces are.
fn without_end(text: &str) -> Secret {
    let text = text.strip_suffix('\n').unwrap_or(text);
    Secret::from(text.strip_suffix('\r').unwrap_or(text))
}

fn unread(error: &std::io::Error) -> Failure {
    Failure::could_not(format!("the password cannot be read: {error}"), "pipe it to standard input")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_line_is_not_part_of_it() {
        for (text, expected) in [("a b\n", "a b"), ("a\r\n", "a"), (" a ", " a "), ("", ""), ("a\n\n", "a\n")] {
            assert_eq!(without_end(text).expose(), expected, "{text:?}");
        }
    }
}
