//! What a verifier tells of the checks that it made by itself.

use http::StatusCode;
use jeton_jose::Algorithm;
use jeton_jose::jwk::SigningKey;
use jeton_oauth::ScopeSet;
use jeton_oauth::usage_report::UsageReport;
use jeton_verify::{Alert, Presented, Refused};

use crate::clock::START;
use crate::fixture::Fixture;
use crate::ledger::{revoked, suspended, token_id};
use crate::revocation::answer;

/// What reads as a JWT and proves nothing.
const NO_TOKEN: &str = "e30.e30.AA";

/// The reports that came, each as `batch dropped: minute subject outcome count scope network agent …`, the minutes counted from the start.
fn came(fixture: &Fixture) -> Vec<String> {
    fixture.issuer.answers.reports.lock().unwrap().iter().map(shown).collect()
}

fn shown(report: &UsageReport) -> String {
    let mut items: Vec<String> = report
        .items
        .iter()
        .map(|item| {
            let cell = &item.cell;
            let told = [
                cell.scope.as_ref().map(ToString::to_string),
                cell.network.map(|network| network.to_string()),
                cell.agent.as_ref().map(|agent| agent.as_str().to_owned()),
            ];
            let told: String = told.into_iter().flatten().map(|told| format!(" {told}")).collect();
            format!("{} {} {} {}{told}", (cell.minute - START) / 60, cell.subject, cell.outcome.name(), item.count)
        })
        .collect();
    items.sort();
    format!("{} {}: {}", report.batch, report.dropped, items.join(", "))
}

#[tokio::test]
async fn what_was_decided_here_is_told_and_what_the_server_was_asked_is_not() {
    let mut fixture = Fixture::live().await;
    let (read, write) = (ScopeSet::parse("orders:read").unwrap(), ScopeSet::parse("orders:write").unwrap());
    let (good, bad, slow) = (fixture.ledger.token(1), fixture.ledger.token(2), fixture.ledger.token(3));
    fixture.issuer.say("opaque", answer(&fixture.ledger, 4));
    for _ in 0..3 {
        assert!(fixture.check(&good).await.is_ok());
        // Asked about once; from then on it is in memory here.
        assert!(fixture.check("opaque").await.is_ok());
    }
    let told = Presented::default().address([192, 0, 2, 77].into()).user_agent("curl/8.5.0 (linux)");
    assert!(fixture.verifier.check_presented(&good, &told.scopes(&read)).await.is_ok());
    let lacking = fixture.verifier.check_presented(&good, &told.scopes(&write)).await;
    assert_eq!(lacking, Err(Refused::InsufficientScope(write)));
    assert!(fixture.check(NO_TOKEN).await.is_err());
    fixture.change(revoked(2)).await;
    fixture.change(suspended(3)).await;
    for dead in [&bad, &slow, &bad] {
        assert!(fixture.check(dead).await.is_err());
    }
    fixture.clock.advance(3_600);
    fixture.beat().await;
    assert!(fixture.check(&good).await.is_err());
    assert!(fixture.verifier.report().await);
    assert_eq!(
        came(&fixture),
        ["1 0: 0 client:worker accepted 1 orders:read 192.0.2.0/24 curl/8, 0 client:worker accepted 5, \
          0 client:worker insufficient_scope 1 orders:write 192.0.2.0/24 curl/8, 0 client:worker revoked 2, \
          0 client:worker suspended 1, 0 unknown invalid 1, 60 client:worker expired 1"]
    );
    let counters = fixture.verifier.status().counters;
    assert_eq!((counters.reported, counters.unreported), (12, 0));
    assert!(fixture.verifier.report().await);
    assert_eq!(came(&fixture).len(), 1, "nothing to tell is not told");
}

/// A key is known by its id, whoever may use it: from what the server said of it on, checks from memory are its own.
#[tokio::test]
async fn what_was_decided_of_a_key_is_told_by_the_key() {
    let mut fixture = Fixture::live().await;
    for (text, id, kind) in [("key", 4, "api_key"), ("pat", 5, "personal_access_token"), ("other", 6, "made_up_later")] {
        let said = answer(&fixture.ledger, id).replacen('{', &format!(r#"{{"credential":"{kind}","#), 1);
        fixture.issuer.say(text, said);
        for _ in 0..3 {
            assert!(fixture.check(text).await.is_ok());
        }
    }
    let write = ScopeSet::parse("orders:write").unwrap();
    assert!(fixture.verifier.check_presented("key", &Presented::default().scopes(&write)).await.is_err());
    fixture.change(revoked(5)).await;
    assert!(fixture.check("pat").await.is_err());
    assert!(fixture.verifier.report().await);
    let (key, pat) = (token_id(4), token_id(5));
    assert_eq!(
        came(&fixture),
        [format!(
            "1 0: 0 client:worker accepted 2, 0 key:{key} accepted 2, 0 key:{key} insufficient_scope 1 orders:write, 0 key:{pat} accepted 2, \
             0 key:{pat} revoked 1"
        )]
    );
}

#[tokio::test]
async fn a_batch_without_answer_is_sent_again_as_it_was() {
    let fixture = Fixture::live().await;
    let token = fixture.ledger.token(1);
    for status in [StatusCode::SERVICE_UNAVAILABLE, StatusCode::BAD_GATEWAY, StatusCode::UNAUTHORIZED] {
        fixture.issuer.answers.report_statuses.lock().unwrap().push(status);
        assert!(fixture.check(&token).await.is_ok());
        assert!(!fixture.verifier.report().await);
    }
    assert_eq!(fixture.verifier.status().alerts, [Alert::CredentialsRefused]);
    assert!(fixture.verifier.report().await);
    let first = "1 0: 0 client:worker accepted 1";
    assert_eq!(came(&fixture), [first, first, first, first, "2 0: 0 client:worker accepted 2"]);
    let reports = fixture.issuer.answers.reports.lock().unwrap();
    assert!(reports.iter().all(|report| report.verifier == reports[0].verifier));
}

#[tokio::test]
async fn what_the_server_does_not_take_is_dropped_and_told_as_dropped() {
    let fixture = Fixture::live().await;
    let token = fixture.ledger.token(1);
    for (status, alerts) in [(StatusCode::NOT_FOUND, vec![]), (StatusCode::BAD_REQUEST, vec![Alert::ReportRefused])] {
        fixture.issuer.answers.report_statuses.lock().unwrap().push(status);
        assert!(fixture.check(&token).await.is_ok());
        assert!(!fixture.verifier.report().await);
        assert_eq!(fixture.verifier.status().alerts, alerts);
    }
    assert!(fixture.verifier.report().await);
    assert_eq!(came(&fixture), ["1 0: 0 client:worker accepted 1", "2 1: 0 client:worker accepted 1", "3 2: "]);
    assert_eq!(fixture.verifier.status().counters.unreported, 2);
}

#[tokio::test]
async fn much_is_told_in_several_batches() {
    let fixture = Fixture::live().await;
    for number in 0..1_100 {
        let claims = jeton_jose::jwt::AccessTokenClaims { client_id: format!("client_{number}"), ..fixture.ledger.claims(1) };
        assert!(fixture.check(&fixture.ledger.sign(&claims)).await.is_ok());
    }
    assert!(fixture.verifier.report().await);
    let reports = fixture.issuer.answers.reports.lock().unwrap();
    let batches: Vec<_> = reports.iter().map(|report| (report.batch, report.items.len())).collect();
    assert_eq!(batches, [(1, 500), (2, 500), (3, 100)]);
}

#[tokio::test]
async fn who_was_out_of_reach_for_a_day_begins_anew() {
    let mut fixture = Fixture::live().await;
    assert!(fixture.check(NO_TOKEN).await.is_err());
    fixture.issuer.answers.report_statuses.lock().unwrap().push(StatusCode::SERVICE_UNAVAILABLE);
    assert!(!fixture.verifier.report().await);
    fixture.clock.advance(86_400);
    fixture.beat().await;
    assert!(fixture.check(NO_TOKEN).await.is_err());
    assert!(fixture.verifier.report().await);
    assert_eq!(came(&fixture), ["1 0: 0 unknown invalid 1", "1 1: 1440 unknown invalid 1"]);
    let reports = fixture.issuer.answers.reports.lock().unwrap();
    assert_ne!(reports[0].verifier, reports[1].verifier);
}

#[tokio::test]
async fn a_client_that_signs_proves_itself_in_the_report() {
    let fixture = Fixture::live_with_key(SigningKey::generate(Algorithm::Es256).unwrap()).await;
    assert!(fixture.check(NO_TOKEN).await.is_err());
    assert!(fixture.verifier.report().await);
    assert_eq!(came(&fixture), ["1 0: 0 unknown invalid 1"]);
}

#[tokio::test]
async fn it_can_be_switched_off() {
    let fixture = Fixture::live_with(Vec::new(), jeton_verify::Builder::no_reports).await;
    assert!(fixture.check(NO_TOKEN).await.is_err());
    assert!(fixture.verifier.report().await);
    assert!(came(&fixture).is_empty());
}
