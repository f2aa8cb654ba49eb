//! What is said beside an answer, on standard error: a program that reads the answer is not told of it.

use std::io::Write as _;

use crate::render::fold::fold;
use crate::terminal;

/// Says a sentence, in lines that fit where somebody says how wide they may be.
pub(crate) fn aside(text: &str) {
    let text = match terminal::columns(&std::io::stderr()) {
        Some(columns) => fold(text, columns),
        None => text.to_owned(),
    };
    // There is nowhere left to say that it could not be said.
    let _ = writeln!(anstream::stderr(), "{text}");
}
