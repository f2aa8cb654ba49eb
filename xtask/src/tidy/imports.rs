//! What a file refers to: its `use` trees and the paths in its code.

use super::token::{Kind, Token};

/// One path, as written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Import {
    /// `crate`, `self`, `super` or a name, then what follows; a glob ends before its `*`.
    pub(crate) path: Vec<String>,
    pub(crate) line: usize,
    /// The modules within the file around this path.
    pub(crate) inside: Vec<String>,
    /// For a `use`: the name it brings in, `*` for a glob.
    pub(crate) binds: Option<String>,
    /// `pub use`, also `pub(crate) use`.
    pub(crate) reexport: bool,
}

/// Every path of a file that has at least two segments, and every `use`.
pub(crate) fn imports(tokens: &[Token<'_>]) -> Vec<Import> {
    let mut reader = Reader { tokens, at: 0, modules: Vec::new(), depth: 0, found: Vec::new() };
    while reader.at < tokens.len() {
        reader.step();
    }
    reader.found
}

struct Reader<'t, 'a> {
    tokens: &'t [Token<'a>],
    at: usize,
    /// The modules around, each with the depth of the brace that opened it.
    modules: Vec<(String, usize)>,
    depth: usize,
    found: Vec<Import>,
}

impl<'a> Reader<'_, 'a> {
    fn peek(&self, ahead: usize) -> Option<Token<'a>> {
        self.tokens.get(self.at + ahead).copied()
    }

    fn before(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at.checked_sub(1)?).copied()
    }

    fn mark_is(&self, ahead: usize, mark: &str) -> bool {
        self.peek(ahead).is_some_and(|token| token.is_mark(mark))
    }

    fn step(&mut self) {
        let Some(token) = self.peek(0) else {
            return;
        };
        match token.text {
            "{" => self.depth += 1,
            "}" => {
                self.depth = self.depth.saturating_sub(1);
                self.modules.pop_if(|(_, depth)| *depth == self.depth);
            }
            "mod" if self.mark_is(2, "{") => {
                let name = self.peek(1).map_or("", |token| token.text);
                self.modules.push((name.to_owned(), self.depth));
            }
            "use" if token.kind == Kind::Word && !self.mark_is(1, "<") => return self.use_item(),
            _ if token.kind == Kind::Word && self.mark_is(1, "::") => return self.path(),
            _ => {}
        }
        self.at += 1;
    }

    fn use_item(&mut self) {
        let reexport = self.before().is_some_and(|token| token.is_word("pub") || token.is_mark(")"));
        self.at += 1;
        // `use ::name` leads into another crate, whatever our own modules are called.
        let root = self.mark_is(0, "::").then(|| "::".to_owned());
        self.tree(root.as_slice(), reexport);
    }

    /// One branch of a `use` tree, up to the `,`, `}` or `;` behind it.
    fn tree(&mut self, prefix: &[String], reexport: bool) {
        let mut path = prefix.to_vec();
        let mut binds = None;
        while let Some(token) = self.peek(0) {
            match token.text {
                // A trailing comma leaves an empty branch behind.
                "," | "}" | ";" if path.len() == prefix.len() && binds.is_none() => return,
                "," | "}" | ";" => return self.leaf(path, binds, token.line, reexport),
                "{" => {
                    self.branches(&path, reexport);
                    return;
                }
                "*" => binds = Some("*".to_owned()),
                "as" => {
                    self.at += 1;
                    binds = self.peek(0).map(|token| token.text.to_owned());
                }
                word if token.kind == Kind::Word => path.push(word.to_owned()),
                _ => {}
            }
            self.at += 1;
        }
    }

    fn branches(&mut self, path: &[String], reexport: bool) {
        self.at += 1;
        while self.at < self.tokens.len() {
            self.tree(path, reexport);
            let ended = self.mark_is(0, "}");
            self.at += 1;
            if ended {
                return;
            }
        }
    }

    fn leaf(&mut self, mut path: Vec<String>, binds: Option<String>, line: usize, reexport: bool) {
        if path.len() > 1 {
            path.pop_if(|last| last == "self");
        }
        let binds = binds.or_else(|| path.last().cloned());
        self.push(path, binds, line, reexport);
    }

    /// `crate::a::b` in code.
    fn path(&mut self) {
        let line = self.peek(0).map_or(0, |token| token.line);
        let continues = self.before().is_some_and(|token| token.is_mark("::"));
        let mut path = Vec::new();
        while let Some(token) = self.peek(0).filter(|token| token.kind == Kind::Word) {
            path.push(token.text.to_owned());
            self.at += 1;
            if !self.mark_is(0, "::") {
                break;
            }
            self.at += 1;
        }
        // What follows `<T as Trait>::` or a leading `::` is not a path from here.
        if !continues {
            self.push(path, None, line, false);
        }
    }

    fn push(&mut self, path: Vec<String>, binds: Option<String>, line: usize, reexport: bool) {
        self.found.push(Import { path, line, inside: self.modules.iter().map(|(name, _)| name.clone()).collect(), binds, reexport });
    }
}

#[cfg(test)]
mod tests {
    use super::super::token::tokens;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<String> = imports(&tokens(text)).iter().map(shown).collect();
        assert_eq!(found, expected, "{text}");
    }

    fn shown(import: &Import) -> String {
        let inside = if import.inside.is_empty() { String::new() } else { format!("{}/", import.inside.join("/")) };
        let reexport = if import.reexport { "pub " } else { "" };
        let binds = import.binds.as_ref().map_or(String::new(), |name| format!(" as {name}"));
        format!("{inside}{reexport}{}{binds}", import.path.join("::"))
    }

    #[test]
    fn use_trees_are_unfolded() {
        check("use crate::a::B;", &["crate::a::B as B"]);
        check("use crate::{a::{B, C as D}, e,};", &["crate::a::B as B", "crate::a::C as D", "crate::e as e"]);
        check("use super::a::{self, B};", &["super::a as a", "super::a::B as B"]);
        check("use super::*; use a::{b::*, c};", &["super as *", "a::b as *", "a::c as c"]);
        check("pub use a::B; pub(crate) use c::D;", &["pub a::B as B", "pub c::D as D"]);
    }

    #[test]
    fn paths_in_code_are_seen() {
        check("fn f(a: crate::b::C) -> d::E { super::g::h::<u8>(1) }", &["crate::b::C", "d::E", "super::g::h"]);
        check("fn f() -> impl Sized + use<'a> { <T as U>::v() }", &[]);
    }

    #[test]
    fn modules_within_the_file_are_told() {
        check("mod a { use super::B; mod c { fn f() { super::d(); } } } use e::F;", &["a/super::B as B", "a/c/super::d", "e::F as F"]);
    }

    #[test]
    fn text_that_is_cut_off_ends() {
        for text in ["use", "use a::{b", "use a::", "mod a {", "a::", "use {{{"] {
            let _ = imports(&tokens(text));
        }
    }
}
