//! What every answer to bad input has in common.

use jeton_testkit::Answer;

use super::furnished::Furnished;
use super::right::Right;

/// Looks at answers, and gathers what is wrong with them.
pub(super) struct Judge<'w> {
    furnished: &'w Furnished,
    before: (u64, u64),
    faults: Vec<String>,
}

impl<'w> Judge<'w> {
    pub(super) fn new(furnished: &'w Furnished) -> Judge<'w> {
        Judge { furnished, before: furnished.written(), faults: vec![] }
    }

    /// After a request that is right but for whom it comes from: what authenticating writes is written.
    pub(super) async fn of(furnished: &'w Furnished, right: &Right) -> Judge<'w> {
        furnished.send_right(right, "application/json", b"[".to_vec()).await;
        Judge::new(furnished)
    }

    /// The answer is a problem, or has one of these other statuses; nothing was written, nothing is in it that steers a terminal,
    /// and no credential.
    pub(super) fn refused(&mut self, label: &str, answer: &Answer, others: &[u16]) {
        let mut fault = |what: &str| self.faults.push(format!("{label}: {what}: {:.400}", answer.shown()));
        let is_problem = (400..500).contains(&answer.status) && answer.header("content-type") == "application/problem+json";
        if !is_problem && !others.contains(&answer.status) {
            fault("is not refused");
        }
        if is_problem && !answer.member("code").as_str().is_some_and(|code| !code.is_empty() && code.bytes().all(is_of_a_code)) {
            fault("has no code");
        }
        if is_problem && answer.status == 413 && answer.member("code") != "too_large" {
            fault("is too large by another code");
        }
        if answer.body.len() > 2_048 {
            fault("repeats much of what was sent");
        }
        let told = ["detail", "hint", "title"].map(|name| match is_problem {
            true => answer.member(name).as_str().unwrap_or_default().to_owned(),
            false => String::new(),
        });
        if steers(&answer.text()) || told.iter().any(|text| steers(text)) {
            fault("repeats what steers a terminal");
        }
        if [&self.furnished.key, &self.furnished.token].iter().any(|credential| answer.text().contains(credential.as_str())) {
            fault("repeats a credential");
        }
        if self.furnished.written() != self.before {
            self.before = self.furnished.written();
            self.faults.push(format!("{label}: changed the ledger: {:.400}", answer.shown()));
        }
    }

    /// What was wrong with them.
    pub(super) fn faults(self) -> Vec<String> {
        self.faults
    }
}

/// Fails with all that is wrong.
pub(super) fn none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n\n"));
}

fn is_of_a_code(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte == b'_'
}

/// Whether a text has control characters, or such that change the direction of writing.
fn steers(text: &str) -> bool {
    text.chars().any(|letter| {
        letter.is_control() || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    })
}
