//! Rust's tokens, so that checks see code and neither comments nor the inside of strings.

/// What a token is, as far as the checks care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An identifier or keyword; a raw identifier without its `r#`.
    Word,
    /// One punctuation character, or `::`.
    Mark,
    /// A string, character or number.
    Literal,
    /// `'a`
    Lifetime,
}

/// A token and the line it begins on, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
    pub(crate) line: usize,
}

impl Token<'_> {
    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }

    pub(crate) fn is_mark(&self, mark: &str) -> bool {
        self.kind == Kind::Mark && self.text == mark
    }
}

/// Cuts a Rust file into tokens. Text that is not Rust gives some tokens too; it never fails.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let (kind, length) = next(rest, first);
        let (taken, remaining) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if let Some(kind) = kind {
            let text = taken.strip_prefix("r#").unwrap_or(taken);
            let text = if kind == Kind::Word { text } else { taken };
            tokens.push(Token { kind, text, line });
        }
        line += taken.matches('\n').count();
        rest = remaining;
    }
    tokens
}

/// The kind of what `rest` begins with (`None`: nothing a check wants) and its length in bytes.
fn next(rest: &str, first: char) -> (Option<Kind>, usize) {
    if rest.starts_with("//") {
        return (None, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (None, block_comment(rest));
    }
    if let Some(length) = string(rest) {
        return (Some(Kind::Literal), length);
    }
    if let Some(name) = rest.strip_prefix("r#")
        && name.starts_with(starts_word)
    {
        return (Some(Kind::Word), 2 + run_of(name, continues_word));
    }
    if starts_word(first) {
        return (Some(Kind::Word), run_of(rest, continues_word));
    }
    if first.is_ascii_digit() {
        return (Some(Kind::Literal), number(rest));
    }
    if first == '\'' {
        return quote(rest);
    }
    if rest.starts_with("::") {
        return (Some(Kind::Mark), 2);
    }
    let kind = (!first.is_whitespace()).then_some(Kind::Mark);
    (kind, first.len_utf8())
}

fn starts_word(character: char) -> bool {
    character == '_' || character.is_alphabetic()
}

fn continues_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

fn run_of(text: &str, belongs: fn(char) -> bool) -> usize {
    text.find(|character| !belongs(character)).unwrap_or(text.len())
}

/// Block comments nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut skip = false;
    for (at, pair) in rest.as_bytes().windows(2).enumerate() {
        if skip {
            skip = false;
            continue;
        }
        match pair {
            b"/*" => (depth, skip) = (depth + 1, true),
            b"*/" => (depth, skip) = (depth.saturating_sub(1), true),
            _ => {}
        }
        if depth == 0 {
            return at + 2;
        }
    }
    rest.len()
}

/// The length of the string literal that `rest` begins with, if it does.
fn string(rest: &str) -> Option<usize> {
    let after_prefix = rest.trim_start_matches(['b', 'c']);
    if rest.len() - after_prefix.len() > 1 {
        return None;
    }
    if let Some(raw) = after_prefix.strip_prefix('r') {
        let hashes = run_of(raw, |character| character == '#');
        let body = raw.get(hashes..)?.strip_prefix('"')?;
        let closing = format!("\"{}", "#".repeat(hashes));
        let end = body.find(&closing).map_or(body.len(), |at| at + closing.len());
        return Some(rest.len() - body.len() + end);
    }
    let body = after_prefix.strip_prefix('"')?;
    Some(rest.len() - body.len() + until_quote(body, '"'))
}

/// The length of `body` up to and with its closing quote, minding backslashes.
fn until_quote(body: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in body.char_indices() {
        if !escaped && character == quote {
            return at + 1;
        }
        escaped = !escaped && character == '\\';
    }
    body.len()
}

/// Digits, suffix, and one decimal point if a digit follows it: `0..3` and `1.max(2)` are not decimals.
fn number(rest: &str) -> usize {
    let whole = run_of(rest, continues_word);
    let decimals = rest
        .get(whole..)
        .and_then(|rest| rest.strip_prefix('.'))
        .filter(|rest| rest.starts_with(|character: char| character.is_ascii_digit()));
    whole + decimals.map_or(0, |decimals| 1 + run_of(decimals, continues_word))
}

/// `'` begins a character or a lifetime.
fn quote(rest: &str) -> (Option<Kind>, usize) {
    let body = rest.strip_prefix('\'').unwrap_or(rest);
    let mut characters = body.chars();
    let (first, second) = (characters.next(), characters.next());
    if first != Some('\\') && second != Some('\'') && first.is_some_and(starts_word) {
        return (Some(Kind::Lifetime), 1 + run_of(body, continues_word));
    }
    (Some(Kind::Literal), 1 + until_quote(body, '\''))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = tokens(text).iter().map(|token| token.text).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn comments_are_left_out() {
        check("a // b\nc", &["a", "c"]);
        check("a /* b /* c */ d */ e", &["a", "e"]);
        check("a /*/ b */ c", &["a", "c"]);
        check("/// doc `unwrap()`\nfn f", &["fn", "f"]);
        check("a /* never closed", &["a"]);
    }

    #[test]
    fn strings_are_one_token() {
        check(r#"f("a \" // b", c)"#, &["f", "(", r#""a \" // b""#, ",", "c", ")"]);
        check(r##"r#"a " b"# c"##, &[r##"r#"a " b"#"##, "c"]);
        check(r#"b"x" c"y" br"\" z"#, &[r#"b"x""#, r#"c"y""#, r#"br"\""#, "z"]);
        check("\"never closed", &["\"never closed"]);
    }

    #[test]
    fn characters_are_not_lifetimes() {
        check("'a' 'b 'static '\\'' b'x' '('", &["'a'", "'b", "'static", "'\\''", "b", "'x'", "'('"]);
        check("<'a>", &["<", "'a", ">"]);
    }

    #[test]
    fn numbers_and_words() {
        check("0..3 1.5 1.max(2) 0xff_u8 r#type", &["0", ".", ".", "3", "1.5", "1", ".", "max", "(", "2", ")", "0xff_u8", "type"]);
        check("crate::a::B", &["crate", "::", "a", "::", "B"]);
        check("bc rb crb", &["bc", "rb", "crb"]);
    }

    #[test]
    fn lines_are_counted_through_strings_and_comments() {
        let found: Vec<usize> = tokens("a\n/* \n */ b \"\n\" c").iter().map(|token| token.line).collect();
        assert_eq!(found, [1, 3, 3, 4]);
    }

    #[test]
    fn any_text_is_taken_whole() {
        for text in ["é'ü", "'", "'\\", "r#", "b'", "\u{0}", "/*", "\"\\"] {
            let _ = tokens(text);
        }
    }
}
