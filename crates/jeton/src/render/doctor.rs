use serde_json::Value;

use super::details::Details;
use super::fold::shell;
use super::table::{Cell, Column, Tone, table};
use super::text::member;
use super::view::View;

/// How a deployment keeps to the practices: the grades, then what failed, the most urgent first, what is accepted, and what is not known and why.
pub(crate) fn report(report: &Value, view: &View) -> String {
    let practices: Vec<&Value> = list(report, "practices").collect();
    let rows: Vec<[Cell; 4]> = practices.iter().map(|practice| row(practice)).collect();
    let columns = [Column::whole("when"), Column::whole("practice"), Column::whole("grade"), Column::flexible("checks")];
    let mut text = format!("Grade: {}\n{}\n{}", grade(report), at_best(report), table(columns, &rows, view));
    for severity in ["critical", "high", "medium", "low"] {
        let checks = practices.iter().flat_map(|practice| list(practice, "checks"));
        for check in checks.filter(|check| is(check, "verdict", "failed") && is(check, "severity", severity)) {
            text.push('\n');
            text.push_str(&failed(check, view));
        }
    }
    let accepted = practices.iter().flat_map(|practice| list(practice, "checks")).filter(|check| is(check, "verdict", "accepted"));
    for check in accepted {
        let told = Details::default()
            .with("accepted", format!("{} ({})", member(check, "id"), member(check, "severity")))
            .with("seen", member(check, "evidence"));
        text.push('\n');
        text.push_str(&told.text(view));
    }
    let unknown = practices.iter().flat_map(|practice| list(practice, "checks")).filter(|check| is(check, "verdict", "not_known"));
    let told =
        Details::default().with_each("not known", unknown.map(|check| format!("{}: {}", member(check, "id"), member(check, "evidence"))));
    let told = told.text(view);
    if !told.is_empty() {
        text.push('\n');
        text.push_str(&told);
    }
    text
}

/// Why it is no A though nothing failed.
fn at_best(report: &Value) -> String {
    let count =
        |verdict: &str| list(report, "practices").flat_map(|of| list(of, "checks")).filter(|check| is(check, "verdict", verdict)).count();
    match (is(report, "grade", "B"), count("failed"), count("not_known")) {
        (true, 0, unknown @ 1..) => {
            format!("Nothing that was seen fails. Checks that know nothing yet, without which there is no A: {unknown}.\n")
        }
        _ => String::new(),
    }
}

/// How many checks of high or critical severity failed.
pub(crate) fn grave(report: &Value) -> usize {
    let checks = list(report, "practices").flat_map(|practice| list(practice, "checks"));
    let is_grave = |check: &&Value| is(check, "severity", "high") || is(check, "severity", "critical");
    checks.filter(is_grave).filter(|check| is(check, "verdict", "failed")).count()
}

fn row(practice: &Value) -> [Cell; 4] {
    let count = |verdict: &str| list(practice, "checks").filter(|check| is(check, "verdict", verdict)).count();
    let told =
        [(count("failed"), "failed"), (count("accepted"), "accepted"), (count("not_known"), "not known"), (count("passed"), "passed")];
    let told: Vec<String> = told.iter().filter(|(count, _)| *count > 0).map(|(count, how)| format!("{count} {how}")).collect();
    let told = if told.is_empty() { "none yet".to_owned() } else { told.join(", ") };
    let grade = grade(practice);
    let tone = match grade.as_str() {
        "A" => Tone::Good,
        "B" | "C" => Tone::Warning,
        "D" | "F" => Tone::Bad,
        _ => Tone::Faint,
    };
    let words = |name: &str| member(practice, name).replace('_', " ");
    [words("priority").into(), words("practice").into(), Cell::toned(grade, tone), told.into()]
}

fn failed(check: &Value, view: &View) -> String {
    let told = Details::default()
        .with("check", format!("{} ({})", member(check, "id"), member(check, "severity")))
        .with("seen", member(check, "evidence"))
        .with("why", member(check, "why"));
    let command = member(check, "command");
    if !PROGRAMS.iter().any(|program| command.starts_with(program)) {
        return told.with("to do", command).text(view);
    }
    match shell(&command, view.width.saturating_sub(INDENT)).as_slice() {
        [line] => told.with_each("command", [line.to_owned()]).text(view),
        lines => {
            let lines: String = lines.iter().map(|line| format!("  {line}\n")).collect();
            format!("{}command\n{lines}", told.text(view))
        }
    }
}

/// What commands begin with; anything else is said in words.
const PROGRAMS: [&str; 3] = ["jeton ", "chmod ", "ulimit "];

/// How far in a command stands beside its name.
const INDENT: usize = "command  ".len();

/// A grade, or that there is none.
pub(crate) fn grade(of: &Value) -> String {
    Some(member(of, "grade")).filter(|grade| !grade.is_empty()).unwrap_or_else(|| "not known".to_owned())
}

fn list<'a>(of: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    of.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn is(of: &Value, name: &str, text: &str) -> bool {
    of.get(name).and_then(Value::as_str) == Some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn grades_first_then_what_failed_the_worst_first() {
        let check = |id: &str, severity: &str, verdict: &str| {
            json!({"id": id, "severity": severity, "verdict": verdict,
                "evidence": "APIs whose access tokens live longer than 12 h: https://orders.example (24h), https://stock.example (20h) and 2 more",
                "why": "A stolen access token works until it expires: nobody should have it for a day.",
                "command": "jeton api update https://orders.example --access-token-lifetime 1h"})
        };
        let value = json!({"grade": "D", "practices": [
            {"practice": "expiration", "priority": "today", "grade": "D",
                "checks": [check("expiration.b", "medium", "failed"), check("expiration.a", "high", "failed"), check("expiration.c", "low", "passed")]},
            {"practice": "scopes", "priority": "next_weeks", "grade": null, "checks": [check("scopes.all", "high", "not_known")]},
            {"practice": "client_side", "priority": "later", "grade": null, "checks": []},
        ]});
        let text = anstream::adapter::strip_str(&report(&value, &View { now_seconds: 0, width: 80 })).to_string();
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        insta::assert_snapshot!(text, @"
        Grade: D

        WHEN        PRACTICE     GRADE      CHECKS
        today       expiration   D          2 failed, 1 passed
        next weeks  scopes       not known  1 not known
        later       client side  not known  none yet

        check    expiration.a (high)
        seen     APIs whose access tokens live longer than 12 h: https://orders.example
                 (24h), https://stock.example (20h) and 2 more
        why      A stolen access token works until it expires: nobody should have it for
                 a day.
        command  jeton api update https://orders.example --access-token-lifetime 1h

        check    expiration.b (medium)
        seen     APIs whose access tokens live longer than 12 h: https://orders.example
                 (24h), https://stock.example (20h) and 2 more
        why      A stolen access token works until it expires: nobody should have it for
                 a day.
        command  jeton api update https://orders.example --access-token-lifetime 1h

        not known  scopes.all: APIs whose access tokens live longer than 12 h:
                   https://orders.example (24h), https://stock.example (20h) and 2 more
        ");
        assert_eq!(grave(&value), 1);
    }

    #[test]
    fn a_grade_without_a_failure_says_what_it_waits_for() {
        let check =
            |verdict: &str| json!({"id": "recovery.drill", "severity": "high", "verdict": verdict, "evidence": "there was no drill yet"});
        let value = |grade: &str, verdicts: &[&str]| {
            let checks: Vec<Value> = verdicts.iter().map(|verdict| check(verdict)).collect();
            json!({"grade": grade, "practices": [{"practice": "recovery", "priority": "later", "grade": null, "checks": checks}]})
        };
        for (value, is_told) in [
            (value("B", &["not_known", "passed"]), true),
            (value("B", &["not_known", "failed"]), false),
            (value("B", &["failed"]), false),
            (value("A", &["passed"]), false),
            (value("D", &["not_known", "failed"]), false),
        ] {
            let text = report(&value, &View { now_seconds: 0, width: 80 });
            assert_eq!(text.contains("without which there is no A: 1"), is_told, "{text}");
        }
    }
}
