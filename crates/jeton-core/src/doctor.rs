//! `jeton doctor`: how a deployment keeps to the ten practices, judged from what was observed of it.

mod accepted;
mod client_side;
mod expiration;
mod format;
mod monitoring;
mod observed;
mod recovery;
mod revocation;
mod rotation;
mod rule;
mod scopes;
mod storage;

pub use accepted::Accepted;
pub use observed::{
    ApiUse, BackupsSeen, CanarySeen, CertificateLife, Kept, LinesDropped, Met, MetCredential, MetSubject, Observed, Surroundings, UsesKnown,
};
pub use rule::{Check, Severity, Verdict};
pub use scopes::has_every_scope;

use serde::Serialize;

/// The practices, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Practice {
    /// Every credential ends, and soon enough.
    Expiration,
    /// What is revoked is refused, everywhere.
    Revocation,
    /// Nothing worth stealing lies about.
    Storage,
    /// What a token is made of, and how it travels.
    Format,
    /// What happens is seen.
    Monitoring,
    /// Keys and secrets change in time.
    Rotation,
    /// Nobody may do more than they need.
    Scopes,
    /// Applications in the browser hold no tokens.
    ClientSide,
    /// People know what to do.
    Education,
    /// What was lost can be brought back.
    Recovery,
}

/// When a practice is to be seen to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Today.
    Today,
    /// In the next weeks.
    NextWeeks,
    /// Later.
    Later,
}

/// How well a practice is kept to. What was not observed has no grade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Grade {
    /// All that was looked at is well.
    A,
    /// Something of low severity is not.
    B,
    /// Something of medium severity is not.
    C,
    /// Something of high severity is not.
    D,
    /// Something critical is not.
    F,
}

/// How a deployment keeps to the practices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The worst grade that is known; D at best while a practice for today fails, and B at best while something that is looked at is not
    /// known. `None`: nothing is known.
    pub grade: Option<Grade>,
    /// Each practice, the most urgent first.
    pub practices: Vec<Examined>,
}

/// How a deployment keeps to one practice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Examined {
    /// The practice.
    pub practice: Practice,
    /// When it is to be seen to.
    pub priority: Priority,
    /// Its grade: that of the worst check that failed. `None`: something was not observed, or nothing is looked at yet.
    pub grade: Option<Grade>,
    /// What was looked at.
    pub checks: Vec<Check>,
}

impl Practice {
    /// All of them, the most urgent first.
    pub const ALL: [Practice; 10] = [
        Practice::Expiration,
        Practice::Revocation,
        Practice::Storage,
        Practice::Format,
        Practice::Monitoring,
        Practice::Rotation,
        Practice::Scopes,
        Practice::ClientSide,
        Practice::Education,
        Practice::Recovery,
    ];

    /// When it is to be seen to.
    #[must_use]
    pub fn priority(self) -> Priority {
        match self {
            Practice::Expiration | Practice::Revocation | Practice::Storage | Practice::Format => Priority::Today,
            Practice::Monitoring | Practice::Rotation | Practice::Scopes => Priority::NextWeeks,
            Practice::ClientSide | Practice::Education | Practice::Recovery => Priority::Later,
        }
    }

    fn checks(self, observed: &Observed) -> Vec<Check> {
        match self {
            Practice::Expiration => expiration::checks(observed),
            Practice::Revocation => revocation::checks(observed),
            Practice::Storage => storage::checks(observed),
            Practice::Format => format::checks(observed),
            Practice::Monitoring => monitoring::checks(observed),
            Practice::Rotation => rotation::checks(observed),
            Practice::Scopes => scopes::checks(observed),
            Practice::Recovery => recovery::checks(observed),
            Practice::ClientSide => client_side::checks(observed),
            // What people know is seen nowhere.
            Practice::Education => vec![],
        }
    }
}

impl Grade {
    fn of(severity: Severity) -> Grade {
        match severity {
            Severity::Low => Grade::B,
            Severity::Medium => Grade::C,
            Severity::High => Grade::D,
            Severity::Critical => Grade::F,
        }
    }
}

/// Looks at a deployment.
#[must_use]
pub fn examine(observed: &Observed) -> Report {
    let judged = |checks| accepted::judged(checks, &observed.surroundings.accepted, observed.now_seconds);
    report(Practice::ALL.into_iter().map(|practice| (practice, judged(practice.checks(observed)))))
}

fn report(checked: impl Iterator<Item = (Practice, Vec<Check>)>) -> Report {
    let practices: Vec<Examined> =
        checked.map(|(practice, checks)| Examined { practice, priority: practice.priority(), grade: grade(&checks), checks }).collect();
    let fails_today = |examined: &&Examined| examined.priority == Priority::Today && examined.grade >= Some(Grade::C);
    let at_best = practices.iter().find(fails_today).map(|_| Grade::D);
    // Whether all is well cannot be said of what nobody has seen.
    let is_unknown = |examined: &&Examined| examined.grade.is_none() && !examined.checks.is_empty();
    let unknown = practices.iter().find(is_unknown).map(|_| Grade::B);
    let worst = practices.iter().filter_map(|examined| examined.grade).max();
    Report { grade: worst.and_then(|worst| [Some(worst), at_best, unknown].into_iter().max().flatten()), practices }
}

fn grade(checks: &[Check]) -> Option<Grade> {
    let worst = checks.iter().filter(|check| check.verdict == Verdict::Failed).map(|check| check.severity).max();
    let is_known = !checks.is_empty() && checks.iter().all(|check| check.verdict != Verdict::NotKnown);
    worst.map(Grade::of).or(is_known.then_some(Grade::A))
}

impl Report {
    /// The checks that failed and are at least of this severity.
    pub fn failed(&self, at_least: Severity) -> impl Iterator<Item = &Check> {
        let checks = self.practices.iter().flat_map(|examined| &examined.checks);
        checks.filter(move |check| check.verdict == Verdict::Failed && check.severity >= at_least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks as letters: `l`, `m`, `h`, `c` failed with that severity, `.` passed, `?` is not known.
    fn checks(letters: &str) -> Vec<Check> {
        let check = |letter| {
            let (severity, verdict) = match letter {
                'l' => (Severity::Low, Verdict::Failed),
                'm' => (Severity::Medium, Verdict::Failed),
                'h' => (Severity::High, Verdict::Failed),
                'c' => (Severity::Critical, Verdict::Failed),
                '?' => (Severity::Critical, Verdict::NotKnown),
                _ => (Severity::Critical, Verdict::Passed),
            };
            Check { id: "a.b", severity, verdict, evidence: String::new(), why: "", command: String::new() }
        };
        letters.chars().map(check).collect()
    }

    #[track_caller]
    fn check(today: &str, next_weeks: &str, expected: [Option<Grade>; 3]) {
        let report = report([(Practice::Storage, checks(today)), (Practice::Scopes, checks(next_weeks))].into_iter());
        let [storage, scopes] = report.practices.as_slice() else { panic!("two practices") };
        assert_eq!([storage.grade, scopes.grade, report.grade], expected, "{today} {next_weeks}");
    }

    #[test]
    fn a_practice_is_as_good_as_its_worst_check_and_the_whole_as_its_worst_practice() {
        use Grade::{A, B, C, D, F};
        check("..", ".", [Some(A), Some(A), Some(A)]);
        check("", "", [None, None, None]);
        // An A is for what was seen: the whole has none while something is not known.
        check("?.", ".", [None, Some(A), Some(B)]);
        check("", ".", [None, Some(A), Some(A)]);
        check("?", "?", [None, None, None]);
        check("?.", "m", [None, Some(C), Some(C)]);
        check("?l", ".", [Some(B), Some(A), Some(B)]);
        check("..", "m", [Some(A), Some(C), Some(C)]);
        // What fails today is worse than its own grade.
        check("m.", ".", [Some(C), Some(A), Some(D)]);
        check("h?", "l", [Some(D), Some(B), Some(D)]);
        check("m.", "c", [Some(C), Some(F), Some(F)]);
        check("c", "", [Some(F), None, Some(F)]);
    }
}
