use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Serialize;

/// How much it matters that a check fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Untidy.
    Low,
    /// Makes an accident worse.
    Medium,
    /// Makes an accident likely.
    High,
    /// Is an accident.
    Critical,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All is well.
    Passed,
    /// Not all is.
    Failed,
    /// Not all is, and somebody accepts that, for a reason and until a day.
    Accepted,
    /// Nobody looked, or there is nothing to see yet.
    NotKnown,
}

/// One check, done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its name: `practice.what`.
    pub id: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// How it ended.
    pub verdict: Verdict,
    /// What was seen.
    pub evidence: String,
    /// Why it matters.
    pub why: &'static str,
    /// What to run, or to write into the configuration; empty where nothing failed.
    pub command: String,
}

/// What a check looks for.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    pub(super) id: &'static str,
    pub(super) severity: Severity,
    pub(super) why: &'static str,
}

/// How many names an evidence spells out.
const NAMED: usize = 3;

impl Rule {
    /// It holds where `holds`; what was not observed is not known.
    pub(super) fn holds(self, holds: Option<bool>, seen: &str, command: &str) -> Check {
        let verdict = match holds {
            Some(true) => Verdict::Passed,
            Some(false) => Verdict::Failed,
            None => Verdict::NotKnown,
        };
        let command = if verdict == Verdict::Failed { command.to_owned() } else { String::new() };
        Check { id: self.id, severity: self.severity, verdict, evidence: seen.to_owned(), why: self.why, command }
    }

    /// It holds where nobody is an offender: `what` says what they do. The command is for the first of them.
    pub(super) fn none(self, offenders: &[Offender], what: &str) -> Check {
        let Some(first) = offenders.first() else { return self.holds(Some(true), &format!("none: {what}"), "") };
        let names: Vec<&str> = offenders.iter().take(NAMED).map(|offender| offender.name.as_str()).collect();
        let mut seen = format!("{what}: {}", names.join(", "));
        if offenders.len() > NAMED {
            let _ = write!(seen, " and {} more", offenders.len() - NAMED);
        }
        self.holds(Some(false), &seen, &first.command)
    }
}

impl Check {
    /// The same check, with when that was seen which is looked at now and then.
    pub(super) fn seen_at(mut self, at: Option<i64>, now_seconds: i64) -> Check {
        if let Some(at) = at {
            let _ = write!(self.evidence, "; as of {} min ago", now_seconds.saturating_sub(at).max(0) / 60);
        }
        self
    }
}

/// What brings a change of the configuration about.
pub(super) const RESTART: &str = "restart the server, which reads jeton.toml at its start";

/// A name as a word of a command, as a shell reads it.
pub(super) fn word(name: &str) -> Cow<'_, str> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:@+=%".contains(letter);
    match !name.is_empty() && name.chars().all(is_plain) && !name.starts_with('-') {
        true => Cow::Borrowed(name),
        false => Cow::Owned(format!("'{}'", name.replace('\'', "'\\''"))),
    }
}

/// Something that does not keep to a rule, and what would make it.
pub(super) struct Offender {
    pub(super) name: String,
    pub(super) command: String,
}

/// A length of time, as it is shown.
pub(super) fn shown(seconds: i64) -> String {
    match seconds {
        seconds if seconds % 86_400 == 0 => format!("{}d", seconds / 86_400),
        seconds if seconds % 3_600 == 0 => format!("{}h", seconds / 3_600),
        seconds if seconds > 172_800 => format!("{}d", seconds / 86_400),
        seconds if seconds > 7_200 => format!("{}h", seconds / 3_600),
        seconds => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule { id: "a.b", severity: Severity::Low, why: "" };

    #[test]
    fn the_first_offenders_are_named_and_the_others_counted() {
        let offenders = |count: usize| -> Vec<Offender> {
            (0..count).map(|number| Offender { name: format!("n{number}"), command: format!("mend n{number}") }).collect()
        };
        for (count, verdict, evidence, command) in [
            (0, Verdict::Passed, "none: late", ""),
            (1, Verdict::Failed, "late: n0", "mend n0"),
            (3, Verdict::Failed, "late: n0, n1, n2", "mend n0"),
            (5, Verdict::Failed, "late: n0, n1, n2 and 2 more", "mend n0"),
        ] {
            let check = RULE.none(&offenders(count), "late");
            assert_eq!((check.verdict, check.evidence.as_str(), check.command.as_str()), (verdict, evidence, command));
        }
    }

    #[test]
    fn names_are_words_of_a_shell() {
        for (name, expected) in [
            ("nightly", "nightly"),
            ("https://orders.example", "https://orders.example"),
            ("the night shift", "'the night shift'"),
            ("it's; rm -rf ~", r"'it'\''s; rm -rf ~'"),
            ("--all", "'--all'"),
            ("", "''"),
        ] {
            assert_eq!(word(name), expected);
        }
    }

    #[test]
    fn what_is_looked_at_now_and_then_says_when() {
        let check = || RULE.holds(Some(true), "none", "");
        assert_eq!(check().seen_at(Some(1_000), 1_000 + 720).evidence, "none; as of 12 min ago");
        assert_eq!(check().seen_at(None, 1_000).evidence, "none");
    }

    #[test]
    fn what_was_not_observed_is_not_known_and_asks_for_nothing() {
        let check = RULE.holds(None, "nobody looked", "mend");
        assert_eq!((check.verdict, check.command.as_str()), (Verdict::NotKnown, ""));
    }

    #[test]
    fn lengths_are_shown_short() {
        for (seconds, text) in [(86_400, "1d"), (43_200, "12h"), (90_000, "25h"), (200_000, "2d"), (3_601, "3601s"), (7_260, "2h")] {
            assert_eq!(shown(seconds), text);
        }
    }
}
