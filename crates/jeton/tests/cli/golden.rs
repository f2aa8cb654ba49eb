//! What commands print, held against a file: its words, with whatever differs from run to run made even.

use std::fmt::Write as _;

const GOLDEN: &str = include_str!("said.golden");
const REGENERATE: &str =
    "where this is meant, write it anew:\n  JETON_WRITE_GOLDEN=1 cargo nextest run -p jeton --test cli -E 'test(fits_eighty_columns)'";

/// The nouns whose words are kept. Not there: what tells of the machine and of the hour (doctor, usage, backups, the ledger).
const NOUNS: [&str; 18] = [
    "admin",
    "api",
    "client",
    "consent",
    "diff",
    "grant",
    "group",
    "key",
    "policy",
    "provider",
    "resume",
    "revoke",
    "role",
    "session",
    "suspend",
    "suspension",
    "token",
    "user",
];

/// Everything that was said, command after command.
#[derive(Default)]
pub(crate) struct Sayings(String);

impl Sayings {
    /// Keeps what a command said, where its noun is one that is kept.
    pub(crate) fn keep(&mut self, line: &str, said: &str) {
        let noun = line.split(' ').next().unwrap_or_default();
        if NOUNS.contains(&noun) {
            let _ = writeln!(self.0, "$ jeton {line}");
            self.0.extend(without_uses(said).into_iter().map(|line| format!("{}\n", even(line))));
            self.0.push('\n');
        }
    }

    /// What is not as the file says.
    pub(crate) fn differences(&self) -> Vec<String> {
        if std::env::var_os("JETON_WRITE_GOLDEN").is_some() {
            std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/said.golden"), &self.0).unwrap();
            return vec![];
        }
        let commands = |text: &'static str| -> Vec<&'static str> { text.split("$ jeton ").skip(1).collect() };
        let (kept, said) = (commands(GOLDEN), self.0.split("$ jeton ").skip(1).collect::<Vec<_>>());
        // Where a line breaks, and how far columns are apart, follows from widths that are no matter here.
        let words = |text: &str| {
            let mut words = distances(text.split_whitespace().map(str::to_owned).collect());
            // Whether a use was noted by then, as a cell of a table tells.
            words.retain(|word| word != "AGO");
            words
        };
        let pairs = kept.iter().zip(&said).filter(|(kept, said)| words(kept) != words(said));
        let mut different: Vec<String> =
            pairs.map(|(kept, said)| format!("tests/cli/said.golden has\n{kept}and it says\n{said}")).collect();
        if kept.len() != said.len() {
            different.push(format!("tests/cli/said.golden has {} commands of {}", kept.len(), said.len()));
        }
        different.extend((!different.is_empty()).then(|| REGENERATE.to_owned()));
        different
    }
}

/// Lines without what is known of uses, which are noted each second: whether they are there depends on who is faster.
fn without_uses(said: &str) -> Vec<&str> {
    let of_uses = ["networks ", "used by ", "first used ", "last used ", "last refused "];
    let begins = ["Its uses of the last day", "It was last refused"];
    let (mut kept, mut is_left_out) = (vec![], false);
    for line in said.lines() {
        is_left_out = begins.iter().any(|begin| line.starts_with(begin)) || is_left_out && !line.is_empty();
        if !is_left_out && !of_uses.iter().any(|name| line.starts_with(name)) {
            kept.push(line);
        }
    }
    kept
}

/// A line without what is another in each run: ids, secrets, times, ports, and where a cell that did not fit was cut.
fn even(line: &str) -> String {
    let indent = &line[..line.len() - line.trim_start().len()];
    let cells: Vec<String> = line.trim().split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(even_cell).collect();
    format!("{indent}{}", cells.join("  "))
}

fn even_cell(cell: &str) -> String {
    let cell = match cell.strip_suffix('…') {
        Some(cut) => format!("{}…", cut.chars().take(3).collect::<String>()),
        None => cell.to_owned(),
    };
    if cell == "now" {
        return "AGO".to_owned();
    }
    distances(cell.split(' ').map(even_word).collect()).join(" ")
}

/// Words without how far a time is away.
fn distances(words: Vec<String>) -> Vec<String> {
    let mut text = vec![];
    let mut rest = &words[..];
    while let [first, more @ ..] = rest {
        rest = match more {
            [unit, ago, left @ ..] if is_number(first) && is_unit(unit) && ago.starts_with("ago") => {
                text.push(format!("{}AGO{}", begin(first), &ago["ago".len()..]));
                left
            }
            // What the server writes by itself comes between.
            [number, left @ ..] if first == "entry" && is_number(number.trim_end_matches([')', ',', '.'])) => {
                text.extend([first.clone(), format!("N{}", number.trim_start_matches(|letter: char| letter.is_ascii_digit()))]);
                left
            }
            [number, unit, left @ ..] if first.ends_with("in") && is_number(number) && is_unit(unit) => {
                text.extend([first.clone(), format!("TIME{}", unit.trim_start_matches(char::is_alphabetic))]);
                left
            }
            more => {
                text.push(first.replace("(now)", "(AGO)"));
                more
            }
        };
    }
    text
}

fn begin(word: &str) -> &str {
    if word.starts_with('(') { "(" } else { "" }
}

fn is_number(word: &str) -> bool {
    let digits = word.trim_start_matches('(');
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_unit(word: &str) -> bool {
    ["s", "min", "h", "d"].contains(&word.trim_end_matches([')', ',', '.', ';', ':']))
}

fn even_word(word: &str) -> String {
    // Each run of letters and digits by itself, so that what stands around it stays.
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
    let (mut text, mut rest) = (String::new(), word);
    if let Some(place) = rest.find("127.0.0.1:") {
        text.push_str(&rest[..place]);
        text.push_str("127.0.0.1:PORT");
        rest = rest[place + "127.0.0.1:".len()..].trim_start_matches(|letter: char| letter.is_ascii_digit());
    }
    if let Some(at) = time(rest) {
        return format!("{text}{}TIME{}", &rest[..at.0], &rest[at.1..]);
    }
    while !rest.is_empty() {
        let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        text.push_str(&even_part(&rest[..end]));
        let next = rest[end..].chars().next().map_or(rest.len(), |letter| end + letter.len_utf8());
        text.push_str(&rest[end..next]);
        rest = &rest[next..];
    }
    match text.strip_prefix("unix:") {
        Some(_) => format!("unix:UID{}", text["unix:".len()..].trim_start_matches(|letter: char| letter.is_ascii_digit())),
        None => text,
    }
}

/// Where a time stands: `2026-11-28T05:12:13Z`, or to the minute, or a day.
fn time(word: &str) -> Option<(usize, usize)> {
    let start = word.find(|letter: char| letter.is_ascii_digit())?;
    let is_day = |text: &str| {
        let shape: String = text.chars().map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).collect();
        shape == "0000-00-00"
    };
    word.get(start..start + 10).filter(|day| is_day(day))?;
    let rest = &word[start + 10..];
    let end = rest.find(|letter: char| !(letter.is_ascii_digit() || "T:Z".contains(letter))).unwrap_or(rest.len());
    Some((start, start + 10 + end))
}

/// What ids begin with; the rest may be letters alone.
const KINDS: [&str; 9] = ["api", "client", "exception", "group", "identity", "provider", "role", "secret", "user"];

fn even_part(part: &str) -> String {
    let is_hex = |text: &str| text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match part.split_once('_') {
        Some(("jtn", rest)) => format!("jtn_{}_SECRET", rest.split('_').next().unwrap_or_default()),
        Some((kind, id)) if id.len() == 20 && KINDS.contains(&kind) => {
            format!("{kind}_ID")
        }
        _ if is_hex(part) => "ID".to_owned(),
        _ if part.len() >= 43 || part.starts_with("eyJ") => "TEXT".to_owned(),
        _ => part.to_owned(),
    }
}

#[test]
fn what_differs_from_run_to_run_is_made_even() {
    for (line, expected) in [
        ("name     worker", "name  worker"),
        ("id  0199a2b3c4d57e6f8a9b0c1d2e3f4a5b", "id  ID"),
        ("since    2026-11-28T05:12:13Z (12 s ago), by unix:1000", "since  TIME (AGO), by unix:UID"),
        ("  client_0123456789abcdefghij  in 90 d   3 min ago", "  client_ID  in TIME  AGO"),
        ("Augusta Ada Ki…  active", "Aug…  active"),
        ("http://127.0.0.1:39219/invitation?x=jtn_inv_4hDkW0example", "http://127.0.0.1:PORT/invitation?x=jtn_inv_SECRET"),
        ("suspended after 30 d, revoked after 60 d", "suspended after 30 d, revoked after 60 d"),
    ] {
        assert_eq!(even(line), expected);
    }
}
