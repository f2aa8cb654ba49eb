//! `/doctor`: how the deployment keeps to the ten practices.

use axum::extract::State;
use jeton_core::doctor::examine;
use jeton_core::permission::Permission;
use schemars::JsonSchema;

use super::answer::{Answer, ok};
use super::blocking::blocking;
use super::management::Management;
use super::route::{About, Access, Repeats, Route, Verb};

const READ: Access = Access::Permission(Permission::ServerRead);

pub(super) static ROUTES: &[Route] = &[Route::new(
    (Verb::Get, "/doctor"),
    READ,
    Repeats::Reads,
    |at| at.on(show),
    About::new("server", "Grades how the deployment keeps to the ten practices.").answers::<Shape>(),
)];

async fn show(State(Management { service, surroundings, .. }): State<Management>) -> Answer {
    let observed = blocking(move || service.observe(surroundings())).await?;
    ok(&examine(&observed))
}

/// The report of the core, which is answered as it is; this is its shape, for the document.
#[derive(JsonSchema)]
#[schemars(rename = "DoctorReport")]
#[expect(dead_code, reason = "only its shape is used")]
struct Shape {
    /// The worst grade that is known; D at best while a practice for today fails, and B at best while something that is looked at is not
    /// known. `null`: nothing is known.
    grade: Option<Grade>,
    /// Each practice, the most urgent first.
    practices: Vec<Practice>,
}

/// How the deployment keeps to one practice.
#[derive(JsonSchema)]
#[schemars(rename = "DoctorPractice")]
#[expect(dead_code, reason = "only its shape is used")]
struct Practice {
    /// Its name.
    practice: String,
    /// When it is to be seen to.
    priority: Priority,
    /// That of the worst check that failed; `null`: something was not observed, or nothing is looked at yet.
    grade: Option<Grade>,
    /// What was looked at.
    checks: Vec<Check>,
}

/// One check, done.
#[derive(JsonSchema)]
#[schemars(rename = "DoctorCheck")]
#[expect(dead_code, reason = "only its shape is used")]
struct Check {
    /// Its name: the practice and what is looked at.
    id: String,
    /// How much it matters.
    severity: Severity,
    /// How it ended.
    verdict: Verdict,
    /// What was seen.
    evidence: String,
    /// Why it matters.
    why: String,
    /// What to run, or to write into the configuration; empty where nothing failed.
    command: String,
}

/// How well a practice is kept to, from the best.
#[derive(JsonSchema)]
#[schemars(rename = "DoctorPriority", rename_all = "snake_case")]
#[expect(dead_code, reason = "only its shape is used")]
enum Priority {
    Today,
    NextWeeks,
    Later,
}

#[derive(JsonSchema)]
#[schemars(rename = "DoctorSeverity", rename_all = "snake_case")]
#[expect(dead_code, reason = "only its shape is used")]
enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

#[derive(JsonSchema)]
#[schemars(rename = "DoctorVerdict", rename_all = "snake_case")]
#[expect(dead_code, reason = "only its shape is used")]
enum Verdict {
    Passed,
    Failed,
    Accepted,
    NotKnown,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its shape is used")]
enum Grade {
    A,
    B,
    C,
    D,
    F,
}
