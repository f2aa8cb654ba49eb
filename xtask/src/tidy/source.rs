//! A Rust file without its tests, and the parts of it that checks ask for.

use std::ops::Range;

use super::token::{Token, tokens};

/// A file's tokens, told apart into production and tests.
pub(crate) struct Source<'a> {
    /// Everything that is not under `#[cfg(test)]` or `#[test]`.
    pub(crate) production: Vec<Token<'a>>,
    /// The first line of the tests that end the file, if they do.
    pub(crate) closing_tests: Option<usize>,
    /// Modules in files of their own that are only tests.
    pub(crate) test_modules: Vec<&'a str>,
}

impl<'a> Source<'a> {
    pub(crate) fn read(text: &'a str) -> Self {
        let all = tokens(text);
        let mut source = Self { production: Vec::with_capacity(all.len()), closing_tests: None, test_modules: Vec::new() };
        let mut rest: &[Token<'a>] = &all;
        while let Some((first, after)) = rest.split_first() {
            let Some(length) = test_item(rest) else {
                source.production.push(*first);
                rest = after;
                continue;
            };
            let (item, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            source.test_modules.extend(module_of_its_own(item));
            if after.is_empty() && item.last().is_some_and(|token| token.is_mark("}")) {
                source.closing_tests = Some(first.line);
            }
            rest = after;
        }
        source
    }
}

/// The length of the item that `tokens` begin with, attributes included, when an attribute makes it a test.
fn test_item(tokens: &[Token<'_>]) -> Option<usize> {
    let mut length = 0;
    let mut is_test = false;
    while let Some(attribute) = attribute(tokens.get(length..)?) {
        if attribute.inner {
            return None;
        }
        is_test |= attribute.is_test();
        length += attribute.length;
    }
    is_test.then(|| length + item_length(tokens.get(length..).unwrap_or_default()))
}

/// `mod name;`
fn module_of_its_own<'a>(item: &[Token<'a>]) -> Option<&'a str> {
    match item {
        [.., keyword, name, end] if keyword.is_word("mod") && end.is_mark(";") => Some(name.text),
        _ => None,
    }
}

/// Up to the `;` that ends the item or the `}` that closes its body.
fn item_length(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            "}" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    // `use a::{b, c};` and `const A: B = B {};` go on to their semicolon.
                    let semicolon = tokens.get(at + 1).is_some_and(|next| next.is_mark(";"));
                    return at + 1 + usize::from(semicolon);
                }
            }
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

/// `#[…]` or `#![…]`.
pub(crate) struct Attribute<'t, 'a> {
    pub(crate) inner: bool,
    /// What is between the square brackets.
    pub(crate) content: &'t [Token<'a>],
    /// In tokens, from `#` to `]`.
    pub(crate) length: usize,
}

impl<'t, 'a> Attribute<'t, 'a> {
    /// `#[test]`, `#[something::test]`, `#[cfg(test)]`, `#[cfg(all(test, …))]`.
    fn is_test(&self) -> bool {
        let conditional = self.content.first().is_some_and(|token| token.is_word("cfg"));
        let named = |word| self.content.iter().any(|token| token.is_word(word));
        if conditional {
            return named("test") && !named("not") && !named("any");
        }
        self.content.iter().take_while(|token| !token.is_mark("(")).last().is_some_and(|token| token.is_word("test"))
    }

    /// The tokens between the brackets of `name(…)`, wherever in the attribute it stands.
    pub(crate) fn call(&self, name: &str) -> Option<&'t [Token<'a>]> {
        let at = self.content.windows(2).position(|pair| matches!(pair, [word, open] if word.is_word(name) && open.is_mark("(")))?;
        let inside = self.content.get(at + 2..)?;
        inside.get(..closing(inside))
    }
}

/// The attribute that `tokens` begin with.
pub(crate) fn attribute<'t, 'a>(tokens: &'t [Token<'a>]) -> Option<Attribute<'t, 'a>> {
    let (inner, start) = match tokens {
        [hash, open, ..] if hash.is_mark("#") && open.is_mark("[") => (false, 2),
        [hash, bang, open, ..] if hash.is_mark("#") && bang.is_mark("!") && open.is_mark("[") => (true, 3),
        _ => return None,
    };
    let inside = tokens.get(start..)?;
    let end = closing(inside);
    Some(Attribute { inner, content: inside.get(..end)?, length: start + end + 1 })
}

/// Where the bracket closes that was opened just before `inside`.
fn closing(inside: &[Token<'_>]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in inside.iter().enumerate() {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" if depth == 0 => return at,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
    }
    inside.len()
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function<'a> {
    pub(crate) name: &'a str,
    /// From `fn` to the closing brace, one past the end.
    pub(crate) lines: Range<usize>,
    pub(crate) public: bool,
}

/// Every function with a body, also those inside others.
pub(crate) fn functions<'a>(tokens: &[Token<'a>]) -> Vec<Function<'a>> {
    let mut functions = Vec::new();
    for at in 0..tokens.len() {
        let Some([keyword, name, signature @ ..]) = tokens.get(at..) else {
            continue;
        };
        if !keyword.is_word("fn") || name.kind != super::token::Kind::Word {
            continue;
        }
        let Some(body) = body(signature) else {
            continue;
        };
        let end = closing(body);
        let last_line = body.get(end).map_or(keyword.line, |token| token.line);
        functions.push(Function {
            name: name.text,
            lines: keyword.line..last_line + 1,
            public: is_public(tokens.get(..at).unwrap_or_default()),
        });
    }
    functions
}

/// What follows the `{` of the body; `None` for a declaration.
fn body<'t, 'a>(signature: &'t [Token<'a>]) -> Option<&'t [Token<'a>]> {
    let mut depth = 0_usize;
    for (at, token) in signature.iter().enumerate() {
        match token.text {
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            ";" if depth == 0 => return None,
            "{" if depth == 0 => return signature.get(at + 1..),
            _ => {}
        }
    }
    None
}

/// Whether a plain `pub` stands before the function, other qualifiers between.
fn is_public(before: &[Token<'_>]) -> bool {
    before
        .iter()
        .rev()
        .find(|token| !matches!(token.text, "const" | "async" | "unsafe" | "extern"))
        .is_some_and(|token| token.is_word("pub"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_production(text: &str, expected: &str) {
        let source = Source::read(text);
        let words: Vec<&str> = source.production.iter().map(|token| token.text).collect();
        assert_eq!(words.join(" "), expected, "{text}");
    }

    #[test]
    fn tests_are_set_apart() {
        check_production("a; #[test] fn t() { x } b;", "a ; b ;");
        check_production("#[tokio::test(flavor = \"x\")] #[ignore] async fn t() {} b;", "b ;");
        check_production("#[ignore] #[test] fn t() {} b;", "b ;");
        check_production("#[cfg(test)] use x::{a, b}; c;", "c ;");
        check_production("#[cfg(all(test, unix))] mod t { fn f() {} } c;", "c ;");
    }

    #[test]
    fn what_only_mentions_tests_stays() {
        check_production("#[cfg(not(test))] a;", "# [ cfg ( not ( test ) ) ] a ;");
        check_production("#[cfg(any(test, fuzzing))] a;", "# [ cfg ( any ( test , fuzzing ) ) ] a ;");
        check_production("#[doc = \"test\"] a;", "# [ doc = \"test\" ] a ;");
    }

    #[test]
    fn closing_tests_are_those_at_the_end() {
        let check = |text, expected| assert_eq!(Source::read(text).closing_tests, expected, "{text}");
        check("a;\n#[cfg(test)]\nmod tests {\n}\n", Some(2));
        check("#[cfg(test)]\nmod tests {\n}\na;", None);
        check("a;\n#[cfg(test)]\nmod tests;", None);
    }

    #[test]
    fn test_modules_in_files_of_their_own_are_named() {
        let source = Source::read("mod a;\n#[cfg(test)]\nmod stories;\n#[cfg(test)]\npub(crate) mod world;");
        assert_eq!(source.test_modules, ["stories", "world"]);
    }

    #[test]
    fn functions_have_names_lines_and_publicity() {
        let text = "pub fn a() {\n}\nfn b(f: fn(u8) -> [u8; 3]) -> impl Fn() {\n fn c() {}\n}\ntrait T { fn d(&self); }\npub(crate) const fn e() {}\npub async fn g() {}";
        let found: Vec<(&str, usize, bool)> =
            functions(&tokens(text)).into_iter().map(|function| (function.name, function.lines.len(), function.public)).collect();
        assert_eq!(found, [("a", 2, true), ("b", 3, false), ("c", 1, false), ("e", 1, false), ("g", 1, true)]);
    }
}
