//! What is read from standard input or a file: tokens, keys, claims. Never from an argument, which every user of the machine can see.

use std::fs::File;
use std::io::{IsTerminal as _, Read};
use std::path::Path;

use jeton_core::pasted::{self, Held};
use jeton_token::Secret;

use super::aside::aside;
use super::failure::Failure;
use super::hidden;
use super::options::word;

/// The most bytes that are read.
const BYTES_MAX: u64 = 1024 * 1024;

/// Reads `-`, standard input, or the file of that name.
///
/// # Errors
/// When it cannot be read, is no text, or is larger than 1 MiB.
pub(crate) fn text(source: &Path, what: &str) -> Result<String, Failure> {
    text_within(source, what, BYTES_MAX)
}

/// The same of what may be much: a file of keys.
///
/// # Errors
/// As [`text`], but it may have 64 MiB.
pub(crate) fn large_text(source: &Path, what: &str) -> Result<String, Failure> {
    text_within(source, what, 64 * BYTES_MAX)
}

fn text_within(source: &Path, what: &str, most: u64) -> Result<String, Failure> {
    if source == Path::new("-") {
        let stdin = std::io::stdin();
        if stdin.is_terminal() {
            // To standard error: what is asked is no part of the answer.
            aside(&format!("Type or paste {what}, then Ctrl-D on a line of its own:"));
        }
        return read(stdin.lock(), what, "standard input", most);
    }
    let name = source.display().to_string();
    let file = File::open(source).map_err(|error| {
        Failure::could_not(format!("{what} cannot be read from {name}: {error}"), "name a file, or `-` for standard input")
    })?;
    read(file, what, &name, most)
}

/// A token, key or secret as it was pasted.
#[derive(Debug)]
pub(crate) struct Pasted {
    /// The one in the text, without what stood around it.
    alone: Secret,
    /// All of the text, where a key that was imported may be all of it.
    whole: Option<Secret>,
    has_more: bool,
}

impl Pasted {
    /// The one in the text, without what stood around it.
    pub(crate) fn alone(&self) -> &Secret {
        if self.has_more {
            aside("There is more in this text than a token, key or secret: taken is that alone.");
        }
        &self.alone
    }

    /// For a server that looks itself for what a text has in it, and knows the keys of every form that it took over.
    pub(crate) fn for_server(&self) -> &Secret {
        self.whole.as_ref().unwrap_or_else(|| self.alone())
    }

    /// Asks of the text as it stands, and of what is in it where that `is_unknown`.
    ///
    /// # Errors
    /// As of `ask`.
    pub(crate) fn ask<T>(
        &self,
        ask: impl Fn(&Secret) -> Result<T, Failure>,
        is_unknown: impl Fn(&Result<T, Failure>) -> bool,
    ) -> Result<T, Failure> {
        match self.whole.as_ref().map(&ask) {
            Some(answer) if !is_unknown(&answer) => answer,
            _ => ask(self.alone()),
        }
    }
}

/// Reads a token, key or secret: the one in the text, without what stood around it.
///
/// # Errors
/// As [`text`], and when there is none, or more than one.
pub(crate) fn token(source: &Path) -> Result<Secret, Failure> {
    let pasted = pasted(source)?;
    pasted.alone();
    Ok(pasted.alone)
}

/// The same, with the text as it stands where that may be a key itself.
///
/// # Errors
/// As of [`token`].
pub(crate) fn pasted(source: &Path) -> Result<Pasted, Failure> {
    if looks_like_a_token(&source.to_string_lossy()) && !source.exists() {
        return Err(as_argument("write `-` and let standard input have the token, or name a file that holds it"));
    }
    let unread = |error: std::io::Error| Failure::could_not(format!("the token cannot be read: {error}"), "pipe it to standard input");
    let typed = if source == Path::new("-") { hidden::line("Token").map_err(unread)? } else { None };
    let text = match typed {
        Some(typed) => Secret::new(typed),
        None => Secret::new(text(source, "the token")?),
    };
    match pasted::held(text.expose()) {
        Held::Alone("") => Err(Failure::usage("there is no token in the input", "pipe it: `jeton … - < FILE`")),
        Held::Alone(token) => Ok(Pasted { alone: Secret::from(token), whole: None, has_more: false }),
        Held::Within(token) => {
            let whole = text.expose().trim();
            let whole = pasted::may_be_imported(whole).then(|| Secret::from(whole));
            Ok(Pasted { alone: Secret::from(token), whole, has_more: true })
        }
        Held::Several(lines) => Err(Failure::usage(
            format!("there are several tokens, keys or secrets in this text, in {}", pasted::in_lines(&lines)),
            one_by_one(source, &lines),
        )),
    }
}

/// How several are given one by one: by their lines, where these tell them apart.
fn one_by_one(source: &Path, lines: &[usize]) -> String {
    let file = if source == Path::new("-") { "FILE".to_owned() } else { word(source) };
    match lines {
        [first, .., last] if first != last => format!("give them one by one: `sed -n {first}p {file} | jeton … -` takes line {first}"),
        _ => "give them one by one: `jeton … -` reads one from standard input".to_owned(),
    }
}

/// What names one token.
#[derive(Debug)]
pub(crate) enum Named {
    /// Its id.
    Id(String),
    /// Its text.
    Text(Pasted),
}

/// Takes an id as it stands; anything else is read as [`token`] does.
///
/// # Errors
/// As [`token`], and when it is neither an id nor a file.
pub(crate) fn named(argument: &str) -> Result<Named, Failure> {
    named_or(argument, "give the id (32 hexadecimal digits, the `jti` of a JWT), a file that holds the token, or `-` for standard input")
}

/// The same; `hint` says what to do where it is neither.
///
/// # Errors
/// As of [`named`].
pub(crate) fn named_or(argument: &str, hint: &str) -> Result<Named, Failure> {
    if is_token_id(argument) {
        return Ok(Named::Id(argument.to_owned()));
    }
    let source = Path::new(argument);
    if argument != "-" && !looks_like_a_token(argument) && !source.exists() {
        return Err(Failure::usage(
            format!("{} is no id of a token or key, and no file of that name is here", crate::render::text::shown(argument)),
            hint,
        ));
    }
    pasted(source).map(Named::Text)
}

/// Takes the id of a key, which may be shown and sent in a path; what is none may be the key itself, and is not repeated.
///
/// # Errors
/// When this is no id.
pub(crate) fn key_id(argument: &str) -> Result<&str, Failure> {
    match argument {
        id if is_token_id(id) => Ok(id),
        text if looks_like_a_token(text) => {
            Err(as_argument("name the key by its id: `jeton key show -` tells it; `jeton revoke -` ends the key"))
        }
        _ => Err(Failure::usage(
            "this is no id of a key: one has 32 hexadecimal digits, the letters small",
            "`jeton key list` shows the ids, and `jeton key show -` tells which key a text is",
        )),
    }
}

fn as_argument(hint: &str) -> Failure {
    Failure::usage("a token is not given as an argument: every user of this machine can see those", hint)
}

/// Refuses to read two things from standard input: the second would find nothing.
///
/// # Errors
/// When both sources are `-`.
pub(crate) fn not_both(one: (&Path, &str), other: (&Path, &str)) -> Result<(), Failure> {
    let stdin = Path::new("-");
    if one.0 == stdin && other.0 == stdin {
        return Err(Failure::usage(
            format!("{} and {} are both to come from standard input", one.1, other.1),
            "name a file for one of them",
        ));
    }
    Ok(())
}

pub(crate) fn is_token_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a text is too much like a token to be the name of a file or an id.
fn looks_like_a_token(text: &str) -> bool {
    let is_jwt = text.starts_with("eyJ") && text.matches('.').count() == 2;
    let is_opaque = text.len() > 40 && text.matches('_').count() >= 2 && !text.contains(['/', '.']);
    is_jwt || is_opaque
}

fn read(source: impl Read, what: &str, name: &str, most: u64) -> Result<String, Failure> {
    let mut text = String::new();
    let failed = |error: &dyn std::fmt::Display| {
        Failure::could_not(format!("{what} cannot be read from {name}: {error}"), "it must be text in UTF-8")
    };
    source.take(most + 1).read_to_string(&mut text).map_err(|error| failed(&error))?;
    if text.len() as u64 > most {
        return Err(failed(&format!("it is larger than {} MiB", most >> 20)));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_told_from_names() {
        for (text, expected) in [
            ("eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJhIn0.c2ln", true),
            ("jtn_at_4hDkW0exampleexampleexampleexampleexample", true),
            ("-", false),
            ("token.txt", false),
            ("019967c5a3807d2f8e51b0a4c3d2e1f0", false),
            ("/tmp/a_long_name_of_a_file_that_holds_a_token_and_more", false),
        ] {
            assert_eq!(looks_like_a_token(text), expected, "{text}");
        }
    }

    #[test]
    fn a_token_is_named_by_its_id_or_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.txt");
        std::fs::write(&path, "abc\n").unwrap();
        assert!(matches!(named("019967c5a3807d2f8e51b0a4c3d2e1f0"), Ok(Named::Id(_))));
        assert!(matches!(named(path.to_str().unwrap()), Ok(Named::Text(token)) if token.alone().expose() == "abc"));
        for argument in ["019967C5A3807D2F8E51B0A4C3D2E1F0", "none.txt", "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJhIn0.c2ln"] {
            assert_eq!(named(argument).unwrap_err().exit_code(), 2, "{argument}");
        }
    }

    #[test]
    fn input_is_bounded_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, " abc\n").unwrap();
        assert_eq!(token(&path).unwrap().expose(), "abc");
        for (content, expected) in [(b"\n".to_vec(), 2), (b"\xff".to_vec(), 3), (vec![b'a'; 1_048_577], 3)] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(token(&path).err().unwrap().exit_code(), expected);
        }
        assert_eq!(token(&folder.path().join("none")).err().unwrap().exit_code(), 3);
    }
}
