//! What somebody accepts of a deployment, for a reason and until a day.

use std::fmt::Write as _;

use super::rule::{Check, Severity, Verdict};
use crate::name::is_plain;
use crate::rfc3339;

const DAY: i64 = 86_400;

/// Nobody decides for longer: as of exceptions from policies.
const LONGEST_SECONDS: i64 = 400 * DAY;

/// The most characters of a reason.
const REASON_MAX: usize = 200;

/// A finding that somebody accepts. Written `CHECK until 2027-06-30: REASON`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The name of the check.
    pub check: String,
    /// The last day of it, as `2027-06-30`.
    pub until: String,
    /// The second behind that day.
    pub ends_at: i64,
    /// Why.
    pub reason: String,
}

impl Accepted {
    /// Reads the written form.
    ///
    /// # Errors
    /// The rule, in words.
    pub fn parse(text: &str) -> Result<Accepted, String> {
        let rule = || format!("write `CHECK until 2027-06-30: REASON`, the reason with {REASON_MAX} characters at most");
        let (check, rest) = text.split_once(" until ").ok_or_else(rule)?;
        let (until, reason) = rest.split_once(": ").ok_or_else(rule)?;
        let is_check = check.split('.').count() == 2 && check.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'_' | b'.'));
        let is_reason = (1..=REASON_MAX).contains(&reason.trim().chars().count()) && is_plain(reason);
        let begins_at = rfc3339::parse(&format!("{until}T00:00:00Z")).filter(|_| until.len() == "2027-06-30".len());
        match begins_at {
            Some(begins_at) if is_check && is_reason => Ok(Accepted {
                check: check.to_owned(),
                until: until.to_owned(),
                ends_at: begins_at + DAY,
                reason: reason.trim().to_owned(),
            }),
            _ => Err(rule()),
        }
    }

    /// A check that failed, as it stands where somebody accepts that. What is critical is an accident, which nobody accepts.
    fn of(&self, mut check: Check, now_seconds: i64) -> Check {
        let Accepted { until, reason, .. } = self;
        // Writing into memory cannot fail.
        let _ = if check.severity == Severity::Critical {
            write!(check.evidence, "; what is critical is not accepted")
        } else if self.ends_at <= now_seconds {
            write!(check.evidence, "; it was accepted until {until}: {reason}")
        } else if self.ends_at - now_seconds > LONGEST_SECONDS {
            write!(check.evidence, "; it is not accepted until {until}: 400 days ahead at most")
        } else {
            (check.verdict, check.command) = (Verdict::Accepted, String::new());
            write!(check.evidence, "; accepted until {until}: {reason}")
        };
        check
    }
}

/// The checks of a practice with what is accepted of them.
pub(super) fn judged(checks: Vec<Check>, all: &[Accepted], now_seconds: i64) -> Vec<Check> {
    let accepted = |check: &Check| all.iter().find(|accepted| accepted.check == check.id);
    let judge = |check: Check| match accepted(&check) {
        Some(accepted) if check.verdict == Verdict::Failed => accepted.of(check, now_seconds),
        _ => check,
    };
    checks.into_iter().map(judge).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2027-01-01T00:00:00Z.
    const NOW: i64 = 1_798_761_600;

    #[test]
    fn the_written_form() {
        let accepted = Accepted::parse("recovery.target until 2027-01-31: one disk; copied away each night").unwrap();
        assert_eq!((accepted.check.as_str(), accepted.ends_at), ("recovery.target", NOW + 31 * DAY));
        assert_eq!(accepted.reason, "one disk; copied away each night");
        for wrong in [
            "",
            "recovery.target",
            "recovery.target until 2027-01-31",
            "recovery.target until 2027-01-31: ",
            "recovery.target until 2027-02-30: one disk",
            "recovery.target until tomorrow: one disk",
            "recovery until 2027-01-31: one disk",
            "Recovery.target until 2027-01-31: one disk",
            "recovery.target until 2027-01-31: one\u{1b}disk",
        ] {
            assert!(Accepted::parse(wrong).is_err(), "{wrong}");
        }
        assert!(Accepted::parse(&format!("a.b until 2027-01-31: {}", "x".repeat(201))).is_err());
    }

    #[test]
    fn it_is_accepted_for_a_while_and_never_what_is_critical() {
        let check = |until: &str, severity| {
            let failed = Check { id: "a.b", severity, verdict: Verdict::Failed, evidence: "seen".into(), why: "", command: "mend".into() };
            let check = Accepted::parse(&format!("a.b until {until}: why")).unwrap().of(failed, NOW);
            (check.verdict, check.evidence, check.command)
        };
        let failed = |evidence: &str| (Verdict::Failed, evidence.to_owned(), "mend".to_owned());
        assert_eq!(check("2027-01-01", Severity::High), (Verdict::Accepted, "seen; accepted until 2027-01-01: why".into(), String::new()));
        assert_eq!(check("2026-12-31", Severity::High), failed("seen; it was accepted until 2026-12-31: why"));
        assert_eq!(check("2028-03-01", Severity::Low), failed("seen; it is not accepted until 2028-03-01: 400 days ahead at most"));
        assert_eq!(check("2027-01-31", Severity::Critical), failed("seen; what is critical is not accepted"));
    }
}
