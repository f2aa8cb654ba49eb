//! `jeton doctor`: each check sees what it looks for in a deployment that has it, and the grade falls.

mod accepted;
mod client_side;
mod commands;
mod expiration;
mod monitoring;
mod recovery;
mod revocation;
mod rights;
mod rules;
mod surroundings;

use std::time::Duration;

use jeton_core::api::Api;
use jeton_core::client::secret::CreateSecret;
use jeton_core::doctor::{BackupsSeen, Check, Grade, Kept, LinesDropped, Practice, Report, Severity, Surroundings, Verdict, examine};
use jeton_core::policy::CredentialKind;
use jeton_core::policy::set::SetPolicy;
use jeton_service::canary::Sent;
use jeton_testkit::World;
use jeton_testkit::world::follow::Following;
use jeton_testkit::world::manage::administrator;
use jeton_testkit::world::registered::Registered;

const DAY: i64 = 86_400;

/// A deployment that keeps to all that is looked at, until a test breaks it.
struct Deployment {
    world: World,
    around: Surroundings,
    orders: Api,
    worker: Registered,
    following: Following,
}

impl Deployment {
    async fn sound() -> Deployment {
        let world = World::new().await;
        let orders = world.api("orders").await;
        let worker = world.client_with("worker", &[&orders], |request| request.scopes = Some("orders:read".to_owned())).await;
        // Used yesterday, at an API that asked.
        let token = world.token(&worker).await;
        assert!(world.is_active(&worker, &token).await);
        world.service().flush_usage().await.unwrap();
        world.advance(DAY);
        world.service().flush_usage().await.unwrap();
        let mut following = world.follow(&worker, "", None).await.ok().unwrap();
        following.next().await.unwrap();
        let deployment = Deployment { around: around(), world, orders, worker, following };
        let deployment = deployment.hear(0).await;
        deployment.sweep().await;
        deployment
    }

    /// Lets the verifier hear of a revocation so many seconds after it was made, and of the second's checkpoint.
    async fn hear(mut self, seconds: i64) -> Deployment {
        let token = self.world.token(&self.worker).await;
        // Polled once: it waits from now on.
        assert!(tokio::time::timeout(Duration::ZERO, self.following.next()).await.is_err());
        self.world.revoke(&self.worker, &token).await;
        self.world.advance(seconds);
        self.following.next().await.unwrap();
        assert!(tokio::time::timeout(Duration::ZERO, self.following.next()).await.is_err());
        self.world.service().sign_checkpoint(&self.world.moment()).await.unwrap();
        self.following.next().await.unwrap();
        self
    }

    /// Goes over all credentials, with what was used until now.
    async fn sweep(&self) {
        self.world.service().flush_usage().await.unwrap();
        self.world.service().sweep(&self.world.moment()).await.unwrap();
    }

    fn examine(&self) -> Report {
        // A world has no schedules: the canary of this minute was seen refused.
        self.world.service().note_canary(&Sent::Refused, self.world.moment().now);
        self.examine_as_it_is()
    }

    fn examine_as_it_is(&self) -> Report {
        examine(&self.world.service().observe(self.around.clone()))
    }

    async fn set(&self, kind: CredentialKind, request: SetPolicy) {
        let subject = self.world.service().policy_subject(None, None).unwrap();
        self.world.service().set_policy(kind, &subject, request, &administrator(), &self.world.moment()).await.unwrap();
    }

    async fn second_secret(&self) -> String {
        let request = CreateSecret::default();
        let made = self.world.service().create_client_secret(&self.worker.id, request, &administrator(), &self.world.moment()).await;
        made.unwrap().secret.id.to_string()
    }
}

fn around() -> Surroundings {
    let kept = |path: &str, mode| Some(Kept { path: path.to_owned(), mode });
    Surroundings {
        data: kept("data", 0o700),
        root_file: kept("data.root-key", 0o600),
        is_root_file_apart: Some(true),
        may_leave_core: Some(false),
        is_reached_from_elsewhere: Some(false),
        has_tls: Some(false),
        certificate: None,
        has_proxy: Some(false),
        has_access_log: Some(true),
        access_log_dropped: Some(LinesDropped::default()),
        has_metrics_listener: Some(true),
        shows_metrics_elsewhere: Some(false),
        has_password_list: Some(true),
        backups: Some(Some(backups())),
        is_trial: false,
        accepted: vec![],
    }
}

fn backups() -> BackupsSeen {
    BackupsSeen {
        target: "s3://backups".to_owned(),
        is_on_the_same_disk: Some(false),
        recipients: 1,
        every_seconds: DAY,
        newest_at: Some(i64::MAX),
        newest_lost: None,
        shipped_at: i64::MAX,
        away_since: None,
        others: vec![],
        drill_every_seconds: 7 * DAY,
        drilled_at: Some(i64::MAX),
        drill_failed: None,
        proven_at: Some(i64::MAX),
        begun_at: 0,
    }
}

fn found<'a>(report: &'a Report, id: &str) -> &'a Check {
    let mut checks = report.practices.iter().flat_map(|examined| &examined.checks);
    checks.find(|check| check.id == id).unwrap_or_else(|| panic!("there is no check {id}"))
}

fn grade(report: &Report, practice: Practice) -> Option<Grade> {
    report.practices.iter().find(|examined| examined.practice == practice).unwrap().grade
}

/// The check fails, and nothing else of the practice does worse; it says what it saw, and what to do about it.
#[track_caller]
fn fails(deployment: &Deployment, id: &str, severity: Severity, evidence: &str, command: &str) {
    fails_in(&deployment.examine(), id, severity, evidence, command);
}

/// The same of what was examined otherwise.
#[track_caller]
fn fails_in(report: &Report, id: &str, severity: Severity, evidence: &str, command: &str) {
    let check = found(report, id);
    assert_eq!((check.verdict, check.severity), (Verdict::Failed, severity), "{check:?}");
    assert!(check.evidence.contains(evidence) && check.command.contains(command), "{check:?}");
    let grades = [Grade::B, Grade::C, Grade::D, Grade::F];
    let expected = grades[severity as usize];
    let practice =
        Practice::ALL.into_iter().find(|practice| id.replace('_', "").starts_with(&format!("{practice:?}.").to_lowercase())).unwrap();
    assert_eq!(grade(report, practice), Some(expected), "{report:?}");
    assert!(report.grade >= Some(expected) && report.grade > Some(Grade::A));
}

#[tokio::test]
async fn a_sound_deployment_has_an_a_for_all_that_is_looked_at() {
    let report = Deployment::sound().await.examine();
    for examined in &report.practices {
        let expected = (!examined.checks.is_empty()).then_some(Grade::A);
        assert_eq!(examined.grade, expected, "{examined:?}");
    }
    assert_eq!((report.grade, report.failed(Severity::Low).count()), (Some(Grade::A), 0));
}

#[tokio::test]
async fn an_empty_deployment_that_nobody_looked_around_knows_little_and_is_no_a() {
    let world = World::new().await;
    let report = examine(&world.service().observe(Surroundings::default()));
    for practice in [Practice::Revocation, Practice::Storage, Practice::Format, Practice::Monitoring, Practice::Scopes, Practice::Recovery]
    {
        assert_eq!(grade(&report, practice), None, "{practice:?}");
    }
    assert_eq!(report.failed(Severity::Low).count(), 0);
}
