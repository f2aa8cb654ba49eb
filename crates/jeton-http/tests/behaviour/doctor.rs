//! `jeton doctor`: each check sees what it looks for in a deployment that has it, and the grade falls.

use std::time::Duration;

use jeton_core::api::Api;
use jeton_core::client::secret::CreateSecret;
use jeton_core::doctor::{
    BackupsSeen, CertificateLife, Check, Grade, Kept, LinesDropped, Practice, Report, Severity, Surroundings, Verdict, examine,
};
use jeton_core::policy::CredentialKind;
use jeton_core::policy::exception::create::CreateException;
use jeton_core::policy::idle::IdleRule;
use jeton_core::policy::set::SetPolicy;
use jeton_service::canary::Sent;
use jeton_testkit::World;
use jeton_testkit::world::follow::Following;
use jeton_testkit::world::manage::administrator;
use jeton_testkit::world::registered::Registered;
use serde_json::json;

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
        backups: Some(Some(backups())),
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
        away_since: None,
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
    let report = deployment.examine();
    let check = found(&report, id);
    assert_eq!((check.verdict, check.severity), (Verdict::Failed, severity), "{check:?}");
    assert!(check.evidence.contains(evidence) && check.command.contains(command), "{check:?}");
    let grades = [Grade::B, Grade::C, Grade::D, Grade::F];
    let expected = grades[severity as usize];
    let practice = Practice::ALL.into_iter().find(|practice| id.starts_with(&format!("{practice:?}.").to_lowercase())).unwrap();
    assert_eq!(grade(&report, practice), Some(expected), "{report:?}");
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

#[tokio::test]
async fn access_tokens_that_live_long() {
    let deployment = Deployment::sound().await;
    let longer = |seconds| move |request: &mut jeton_core::api::create::CreateApi| request.access_token_lifetime_seconds = Some(seconds);
    let stock = deployment.world.api_with("stock", longer(2 * 3_600)).await;
    deployment.world.client_with("gateway", &[&stock], |request| request.may_introspect = true).await;
    fails(&deployment, "expiration.access_tokens_hours", Severity::Medium, "https://stock.example (2h)", "--access-token-lifetime 1h");
    assert_eq!(found(&deployment.examine(), "expiration.access_tokens_day").verdict, Verdict::Passed);
    assert_eq!(deployment.examine().grade, Some(Grade::D), "today's practices count more");
    deployment.world.api_with("lager", longer(24 * 3_600)).await;
    fails(&deployment, "expiration.access_tokens_day", Severity::High, "https://lager.example (1d)", "api update https://lager.example");
    deployment.set(CredentialKind::AccessToken, SetPolicy { max_seconds: Some(3_600), ..SetPolicy::default() }).await;
    assert_eq!(grade(&deployment.examine(), Practice::Expiration), Some(Grade::A), "a policy ends them all the same");
}

#[tokio::test]
async fn policies_that_are_raised_and_exceptions_from_them() {
    let deployment = Deployment::sound().await;
    deployment.set(CredentialKind::ClientSecret, SetPolicy { default_seconds: Some(365 * DAY), ..SetPolicy::default() }).await;
    assert_eq!(found(&deployment.examine(), "expiration.policy_raised").verdict, Verdict::Passed);
    deployment.set(CredentialKind::ClientSecret, SetPolicy { default_seconds: Some(366 * DAY), ..SetPolicy::default() }).await;
    fails(
        &deployment,
        "expiration.policy_raised",
        Severity::Medium,
        "client_secret of the deployment",
        "policy set client_secret --default 180d",
    );
    let deployment = Deployment::sound().await;
    let entry = deployment.world.service().registry().clients.get(&deployment.worker.id).unwrap();
    let request = CreateException { owner: "Ada".to_owned(), reason: "a test".to_owned(), ends_at: deployment.world.now() + 390 * DAY };
    let secret = entry.secrets[0].record.id.to_string();
    let service = deployment.world.service();
    let (by, moment) = (administrator(), deployment.world.moment());
    let made = service.create_policy_exception(&deployment.worker.id, &secret, &request, &by, &moment);
    let id = made.await.unwrap().id.to_string();
    fails(&deployment, "expiration.exceptions", Severity::Medium, "of Ada, 390d left", &format!("policy exception end {id}"));
}

#[tokio::test]
async fn secrets_that_end_soon_and_secrets_that_are_two_for_long() {
    let deployment = Deployment::sound().await;
    deployment.world.advance(174 * DAY);
    fails(&deployment, "expiration.secrets_ending", Severity::Medium, "worker", "client secret create worker --overlap 7d");
    let younger = deployment.second_secret().await;
    assert_eq!(found(&deployment.examine(), "expiration.secrets_ending").verdict, Verdict::Passed);
    let deployment = Deployment::sound().await;
    let older = deployment.world.service().registry().clients.get(&deployment.worker.id).unwrap().secrets[0].record.id.to_string();
    deployment.world.advance(1);
    deployment.second_secret().await;
    assert_eq!(found(&deployment.examine(), "rotation.two_secrets").verdict, Verdict::Passed);
    deployment.world.advance(8 * DAY);
    fails(&deployment, "rotation.two_secrets", Severity::Medium, "worker", &format!("client secret revoke worker {older}"));
    assert_ne!(younger, older);
}

#[tokio::test]
async fn a_clock_that_is_not_believed() {
    let mut deployment = Deployment::sound().await;
    deployment.world.advance(40 * DAY);
    deployment.world = deployment.world.reopen().await;
    fails(&deployment, "expiration.clock", Severity::High, "the clock jumped", "jeton serve --accept-clock");
}

#[tokio::test]
async fn apis_that_nobody_asks_for() {
    let deployment = Deployment::sound().await;
    let stock = deployment.world.opaque_api("stock").await;
    fails(&deployment, "revocation.verifiers", Severity::High, "https://stock.example", "--may-introspect");
    deployment.world.client("gateway", &[&stock]).await;
    assert_eq!(found(&deployment.examine(), "revocation.verifiers").verdict, Verdict::Passed);
    assert_eq!(found(&deployment.examine(), "revocation.followers").verdict, Verdict::Passed, "an opaque token is asked for");
    deployment.world.advance(2 * DAY);
    fails(
        &deployment,
        "revocation.followers",
        Severity::High,
        "https://orders.example",
        "--audience https://orders.example --may-introspect",
    );
}

#[tokio::test]
async fn after_a_start_verifiers_have_time_to_come_back() {
    let Deployment { world, around, following, .. } = Deployment::sound().await;
    drop(following);
    let world = world.reopen().await;
    let verdict = |world: &World| found(&examine(&world.service().observe(around.clone())), "revocation.followers").verdict;
    assert_eq!(verdict(&world), Verdict::NotKnown);
    world.advance(601);
    assert_eq!(verdict(&world), Verdict::Failed);
}

#[tokio::test]
async fn verifiers_that_hear_late() {
    let deployment = Deployment::sound().await.hear(16).await;
    assert_eq!(found(&deployment.examine(), "revocation.lag").verdict, Verdict::Passed);
    let deployment = deployment.hear(20).await;
    fails(&deployment, "revocation.lag", Severity::High, "1 of 3 revocations", "/metrics");
}

#[tokio::test]
async fn a_disk_that_is_full() {
    let deployment = Deployment::sound().await;
    let mut observed = deployment.world.service().observe(deployment.around.clone());
    // No world has a disk: the engine's own test fills one, and hears it said.
    assert_eq!(observed.is_disk_full, Some(false));
    observed.is_disk_full = Some(true);
    let report = examine(&observed);
    assert_eq!((found(&report, "revocation.full_disk").verdict, report.grade), (Verdict::Failed, Some(Grade::F)));
    assert_eq!(found(&report, "revocation.full_disk").command, "df -h data");
}

#[tokio::test]
async fn files_that_others_may_read() {
    let mut deployment = Deployment::sound().await;
    deployment.around.is_root_file_apart = Some(false);
    fails(&deployment, "storage.root_file_apart", Severity::Critical, "lies in the data folder", "root_key_file");
    deployment.around = Surroundings { root_file: Some(Kept { path: "k".to_owned(), mode: 0o640 }), ..around() };
    fails(&deployment, "storage.root_file_private", Severity::Critical, "mode 640", "chmod 600 k");
    deployment.around = Surroundings { data: Some(Kept { path: "d".to_owned(), mode: 0o701 }), ..around() };
    fails(&deployment, "storage.data_private", Severity::Critical, "mode 701", "chmod 700 d");
    deployment.around = Surroundings { may_leave_core: Some(true), ..around() };
    fails(&deployment, "storage.dumps", Severity::Medium, "a core", "ulimit -c 0");
}

#[tokio::test]
async fn how_tokens_are_signed_and_how_they_travel() {
    let mut deployment = Deployment::sound().await;
    deployment.around.is_reached_from_elsewhere = Some(true);
    fails(&deployment, "format.transport", Severity::High, "in the clear", "tls_cert_file");
    deployment.around.has_tls = Some(true);
    assert_eq!(found(&deployment.examine(), "format.certificate").verdict, Verdict::NotKnown);
    deployment.around.certificate = Some(lasting(&deployment, -60, 30));
    assert_eq!(grade(&deployment.examine(), Practice::Format), Some(Grade::A));
    (deployment.around.has_tls, deployment.around.certificate) = (None, None);
    assert_eq!(found(&deployment.examine(), "format.transport").verdict, Verdict::NotKnown);
    deployment.around.has_tls = Some(false);
    fails(&deployment, "format.transport", Severity::High, "in the clear", "trusted_proxies");
    deployment.around.has_proxy = Some(true);
    assert_eq!(grade(&deployment.examine(), Practice::Format), Some(Grade::A));
    deployment.world.api_with("stock", |request| request.signing_algorithm = Some("PS256".to_owned())).await;
    fails(&deployment, "format.algorithm", Severity::High, "https://stock.example (PS256)", "--signing-alg ES256");
}

/// A certificate that begins and ends so many days from now.
fn lasting(deployment: &Deployment, begins: i64, ends: i64) -> CertificateLife {
    let now = deployment.world.moment().now.seconds();
    CertificateLife { begins: now + begins * DAY, ends: now + ends * DAY }
}

#[tokio::test]
async fn a_certificate_that_ends() {
    let mut deployment = Deployment::sound().await;
    deployment.around.has_tls = Some(true);
    deployment.around.certificate = Some(lasting(&deployment, -335, 30));
    assert_eq!(grade(&deployment.examine(), Practice::Format), Some(Grade::A));
    for (begins, ends, severity, evidence) in [
        (-335, 29, Severity::Medium, "ends in 29d"),
        (-335, 14, Severity::Medium, "ends in 14d"),
        (-335, 13, Severity::High, "ends in 13d"),
        (-335, 0, Severity::High, "ends in 0d"),
        (-335, -2, Severity::High, "ended 2d ago"),
        (-5, 1, Severity::Medium, "ends in 1d"),
        (-60, -1, Severity::High, "ended 1d ago"),
    ] {
        deployment.around.certificate = Some(lasting(&deployment, begins, ends));
        fails(&deployment, "format.certificate", severity, evidence, "tls_cert_file");
    }
    for (begins, ends) in [(0, 365), (-4, 2), (-60, 30)] {
        deployment.around.certificate = Some(lasting(&deployment, begins, ends));
        assert_eq!(grade(&deployment.examine(), Practice::Format), Some(Grade::A), "{begins} {ends}");
    }
}

#[tokio::test]
async fn what_could_not_be_brought_back() {
    let mut deployment = Deployment::sound().await;
    let now = deployment.world.now();
    let seen = |seen: BackupsSeen| Surroundings { backups: Some(Some(seen)), ..around() };
    deployment.around = Surroundings { backups: Some(None), ..around() };
    fails(&deployment, "recovery.target", Severity::High, "no backups are made", "backup_target");
    deployment.around = seen(BackupsSeen { is_on_the_same_disk: Some(true), ..backups() });
    fails(&deployment, "recovery.target", Severity::High, "the disk of the data", "backup_target");
    deployment.around = seen(BackupsSeen { recipients: 0, ..backups() });
    fails(&deployment, "recovery.recipients", Severity::High, "server itself: 0", "backup_recipients");
    deployment.around = seen(BackupsSeen { newest_at: Some(now - 3 * DAY), ..backups() });
    fails(&deployment, "recovery.newest", Severity::High, "3d old", "jeton backup create");
    deployment.around = seen(BackupsSeen { away_since: Some(now - 7_260), ..backups() });
    fails(&deployment, "recovery.tail", Severity::High, "takes nothing for 2h", "backup list");
    deployment.around = seen(BackupsSeen { drill_failed: Some("part-00001.age is damaged".to_owned()), ..backups() });
    fails(&deployment, "recovery.drill", Severity::High, "part-00001.age is damaged", "jeton backup drill");
    deployment.around = seen(BackupsSeen { drilled_at: Some(now - 8 * DAY - 1), ..backups() });
    fails(&deployment, "recovery.drill", Severity::High, "passed was 8d ago", "jeton backup drill");
    deployment.around = seen(BackupsSeen { drilled_at: None, ..backups() });
    fails(&deployment, "recovery.drill", Severity::High, "no drill ever passed", "jeton backup drill");
    deployment.around = seen(BackupsSeen { proven_at: Some(now - 90 * DAY - 1), ..backups() });
    fails(&deployment, "recovery.identity", Severity::Medium, "90d ago", "backup drill --receipt FILE");
    deployment.around = seen(BackupsSeen { proven_at: None, ..backups() });
    fails(&deployment, "recovery.identity", Severity::Medium, "nobody ever tried", "backup drill --from TARGET --identity FILE");
    deployment.around = seen(BackupsSeen { drilled_at: Some(now - 8 * DAY), proven_at: Some(now - 90 * DAY), ..backups() });
    assert_eq!(grade(&deployment.examine(), Practice::Recovery), Some(Grade::A));
    for (begun, drill, identity) in [
        (now - 8 * DAY, Verdict::NotKnown, Verdict::NotKnown),
        (now - 90 * DAY, Verdict::Failed, Verdict::NotKnown),
        (now - 90 * DAY - 1, Verdict::Failed, Verdict::Failed),
    ] {
        deployment.around = seen(BackupsSeen { drilled_at: None, proven_at: None, begun_at: begun, ..backups() });
        let report = deployment.examine();
        assert_eq!((found(&report, "recovery.drill").verdict, found(&report, "recovery.identity").verdict), (drill, identity));
    }
    deployment.around = seen(BackupsSeen { newest_at: None, begun_at: now - 2 * DAY, ..backups() });
    assert_eq!(grade(&deployment.examine(), Practice::Recovery), None, "there is no backup to see yet");
    deployment.around = seen(BackupsSeen { newest_at: None, begun_at: now - 2 * DAY - 1, ..backups() });
    fails(&deployment, "recovery.newest", Severity::High, "no snapshot was made yet", "jeton backup create");
}

#[tokio::test]
async fn lines_of_the_access_log_that_are_lost() {
    let mut deployment = Deployment::sound().await;
    let lost = |lines, last_at| Surroundings { access_log_dropped: Some(LinesDropped { lines, last_at }), ..around() };
    let now = deployment.world.now();
    deployment.around = lost(7, Some(now - 7 * DAY));
    fails(&deployment, "monitoring.access_log_dropped", Severity::Medium, "7 lines", "access_log");
    deployment.around = lost(7, Some(now - 7 * DAY - 1));
    assert_eq!(found(&deployment.examine(), "monitoring.access_log_dropped").verdict, Verdict::Passed, "that is over");
    deployment.around = Surroundings { access_log_dropped: None, ..around() };
    assert_eq!(found(&deployment.examine(), "monitoring.access_log_dropped").verdict, Verdict::NotKnown);
}

#[tokio::test]
async fn a_revoked_token_that_is_not_seen_refused() {
    let deployment = Deployment::sound().await;
    let (service, canary) = (deployment.world.service(), "revocation.canary");
    assert_eq!(service.send_canary(&deployment.world.moment()).await, Sent::Refused);
    let head = service.store().head().size;
    for _ in 0..3 {
        assert_eq!(service.send_canary(&deployment.world.moment()).await, Sent::Refused);
    }
    assert_eq!(service.store().head().size, head, "the ledger does not grow by it");
    assert!(service.note_canary(&Sent::Refused, deployment.world.moment().now).is_none());
    let verdict = |deployment: &Deployment| found(&deployment.examine_as_it_is(), canary).verdict;
    assert_eq!(verdict(&deployment), Verdict::Passed);
    deployment.world.advance(300);
    assert_eq!(verdict(&deployment), Verdict::Passed);
    deployment.world.advance(1);
    assert_eq!(verdict(&deployment), Verdict::Failed, "a canary that is silent is dead");
    let failed = Sent::Failed("a token that was revoked is accepted".to_owned());
    let now = deployment.world.moment().now;
    assert!(service.note_canary(&failed, now).is_some());
    assert!(service.note_canary(&failed, now).is_none(), "once for each failure");
    let report = deployment.examine_as_it_is();
    assert!(found(&report, canary).evidence.contains("is accepted"));
    assert_eq!(grade(&report, Practice::Revocation), Some(Grade::F));
    assert!(service.note_canary(&Sent::NoTurn, now).is_none());
    assert_eq!(verdict(&deployment), Verdict::Failed, "without a turn nothing was seen");
    assert!(service.note_canary(&Sent::Refused, now).is_none());
    assert_eq!((verdict(&deployment), service.canary_failures()), (Verdict::Passed, 2));
    assert!(service.note_canary(&failed, now).is_some());
}

#[tokio::test]
async fn what_nobody_watches() {
    let mut deployment = Deployment::sound().await;
    deployment.around = Surroundings { has_metrics_listener: Some(false), ..around() };
    fails(&deployment, "monitoring.metrics", Severity::Low, "socket alone", "metrics_listen");
    deployment.around = Surroundings { has_access_log: Some(false), ..around() };
    fails(&deployment, "monitoring.access_log", Severity::High, "no access log", "access_log");
    deployment.around = around();
    deployment.around.shows_metrics_elsewhere = Some(true);
    fails(&deployment, "monitoring.metrics_in_clear", Severity::Medium, "in the clear", "metrics_listen");
    deployment.around.has_tls = Some(true);
    assert_eq!(found(&deployment.examine(), "monitoring.metrics_in_clear").verdict, Verdict::Passed);
    deployment.around = around();
    deployment.world.advance(8 * DAY);
    fails(&deployment, "monitoring.checkpoint_elsewhere", Severity::Medium, "older than a week", "audit/checkpoint");
    deployment.world = deployment.world.reopen().await;
    let verdict = |deployment: &Deployment| found(&deployment.examine(), "monitoring.checkpoint_elsewhere").verdict;
    assert_eq!(verdict(&deployment), Verdict::NotKnown, "it may lie elsewhere since before the start");
    deployment.world.advance(DAY);
    assert_eq!(verdict(&deployment), Verdict::Failed);
}

#[tokio::test]
async fn signing_keys_that_the_schedule_left() {
    let deployment = Deployment::sound().await;
    // A day has passed already.
    deployment.world.advance(90 * DAY);
    assert_eq!(found(&deployment.examine(), "rotation.signing_keys").verdict, Verdict::Passed);
    deployment.world.advance(1);
    fails(&deployment, "rotation.signing_keys", Severity::High, "signs for 91d", "signing-key rotate --alg ES256");
    deployment.world.service().tend_signing_keys(&deployment.world.moment()).await.unwrap();
    assert_eq!(found(&deployment.examine(), "rotation.signing_keys").verdict, Verdict::Passed);
}

#[tokio::test]
async fn clients_that_may_do_all_there_is() {
    let deployment = Deployment::sound().await;
    let all = |request: &mut jeton_core::client::create::CreateClient| request.scopes = Some("orders:read orders:write".to_owned());
    deployment.world.client_with("greedy", &[&deployment.orders], all).await;
    fails(&deployment, "scopes.all", Severity::Medium, "greedy", "client update greedy --scope");
}

#[tokio::test]
async fn credentials_that_are_used_and_end_soon() {
    let deployment = Deployment::sound().await;
    let made = deployment.world.make_key(&format!("client:{}", deployment.worker.id), "https://orders.example", json!({})).await;
    let id = made["id"].as_str().unwrap().to_owned();
    deployment.set(CredentialKind::ApiKey, SetPolicy { max_seconds: Some(20 * DAY), ..SetPolicy::default() }).await;
    deployment.world.advance(12 * DAY);
    assert_eq!(deployment.world.key_code(&deployment.worker, made["key"].as_str().unwrap()).await, "valid");
    deployment.sweep().await;
    assert_eq!(found(&deployment.examine(), "expiration.soon_and_used").verdict, Verdict::Passed);
    deployment.world.advance(2 * DAY);
    deployment.sweep().await;
    fails(&deployment, "expiration.soon_and_used", Severity::High, &format!("({id}; 6d)"), &format!("key rotate {id} --overlap 7d"));
    deployment.world.done(http::Method::POST, &format!("/keys/{id}/rotate"), Some(json!({}))).await;
    deployment.sweep().await;
    assert_eq!(grade(&deployment.examine(), Practice::Expiration), Some(Grade::A));
}

#[tokio::test]
async fn policies_by_which_nothing_is_idle() {
    let deployment = Deployment::sound().await;
    let never = SetPolicy { idle: Some(IdleRule::Never), max_seconds: Some(90 * DAY), ..SetPolicy::default() };
    deployment.set(CredentialKind::ApiKey, never).await;
    fails(&deployment, "expiration.idle_rule", Severity::Medium, "api_key of the deployment", "policy set api_key --idle 30d --max 90d");
    deployment.set(CredentialKind::ApiKey, SetPolicy { idle: Some(IdleRule::After(30 * DAY)), ..never }).await;
    assert_eq!(grade(&deployment.examine(), Practice::Expiration), Some(Grade::A));
}

#[tokio::test]
async fn credentials_that_nobody_decided_over() {
    let deployment = Deployment::sound().await;
    let made = deployment.world.make_key(&format!("client:{}", deployment.worker.id), "https://orders.example", json!({})).await;
    let id = made["id"].as_str().unwrap().to_owned();
    deployment.world.done(http::Method::POST, &format!("/keys/{id}/suspend"), Some(json!({"why": "leaked"}))).await;
    deployment.world.advance(30 * DAY);
    deployment.sweep().await;
    assert_eq!(found(&deployment.examine(), "revocation.undecided").verdict, Verdict::Passed);
    deployment.world.advance(1);
    deployment.sweep().await;
    let report = deployment.examine();
    let check = found(&report, "revocation.undecided");
    assert_eq!((check.verdict, check.severity), (Verdict::Failed, Severity::Medium), "{check:?}");
    assert!(check.evidence.contains(&id) && check.command == format!("jeton key revoke {id}"), "{check:?}");
    deployment.world.done(http::Method::DELETE, &format!("/keys/{id}"), Some(json!({"why": "leaked"}))).await;
    deployment.sweep().await;
    assert_eq!(found(&deployment.examine(), "revocation.undecided").verdict, Verdict::Passed);
}

#[tokio::test]
async fn clients_and_people_that_nobody_decided_over() {
    let deployment = Deployment::sound().await;
    let world = &deployment.world;
    world.done(http::Method::POST, "/users", Some(json!({"username": "ada"}))).await;
    for (body, name, command) in [
        (json!({"client": deployment.worker.id}), "client worker", "jeton client delete worker"),
        (json!({"user": "ada"}), "user ada", "jeton user disable ada"),
    ] {
        world.done(http::Method::POST, "/suspensions", Some(body.clone())).await;
        world.advance(30 * DAY);
        deployment.sweep().await;
        assert_eq!(found(&deployment.examine(), "revocation.undecided").verdict, Verdict::Passed, "{body}");
        world.advance(1);
        let report = deployment.examine();
        let check = found(&report, "revocation.undecided");
        assert_eq!((check.verdict, check.command.as_str()), (Verdict::Failed, command), "{check:?}");
        assert!(check.evidence.contains(name), "{check:?}");
        world.done(http::Method::POST, "/resumptions", Some(body.clone())).await;
        assert_eq!(found(&deployment.examine(), "revocation.undecided").verdict, Verdict::Passed, "{body}");
    }
    // Who is disabled has nothing left to decide over.
    world.done(http::Method::POST, "/suspensions", Some(json!({"user": "ada"}))).await;
    world.done(http::Method::POST, "/users/ada/disable", Some(json!({}))).await;
    world.advance(31 * DAY);
    assert_eq!(found(&deployment.examine(), "revocation.undecided").verdict, Verdict::Passed);
}

#[tokio::test]
async fn apis_that_report_no_use() {
    let deployment = Deployment::sound().await;
    let world = &deployment.world;
    let stock = world.api("stock").await;
    let clerk = world.client("clerk", &[&stock]).await;
    let token = world.token(&clerk).await;
    world.service().flush_usage().await.unwrap();
    let verdict = || found(&deployment.examine(), "monitoring.apis_report").verdict;
    assert_eq!(verdict(), Verdict::Passed, "whoever got a token today may use it tomorrow");
    world.advance(DAY);
    world.service().flush_usage().await.unwrap();
    fails(&deployment, "monitoring.apis_report", Severity::Medium, "https://stock.example", "jeton usage api:https://stock.example");
    assert!(!world.is_active(&clerk, &token).await, "it is over: presented it was all the same");
    world.service().flush_usage().await.unwrap();
    assert_eq!(verdict(), Verdict::Passed);
}

#[tokio::test]
async fn keys_that_may_do_all_that_their_api_knows() {
    let deployment = Deployment::sound().await;
    let all = json!({"scope": "orders:read orders:write"});
    let made = deployment.world.make_key("external:acme", "https://orders.example", all).await;
    let id = made["id"].as_str().unwrap();
    assert_eq!(grade(&deployment.examine(), Practice::Scopes), Some(Grade::A), "as of the last pass");
    deployment.sweep().await;
    fails(
        &deployment,
        "scopes.keys_all",
        Severity::Medium,
        &format!(" of external:acme ({id}); as of 0 min ago"),
        &format!("key update {id} --scope"),
    );
    deployment.world.done(http::Method::PATCH, &format!("/keys/{id}"), Some(json!({"scope": "orders:read"}))).await;
    deployment.sweep().await;
    assert_eq!(grade(&deployment.examine(), Practice::Scopes), Some(Grade::A));
}

#[tokio::test]
async fn what_is_granted_and_not_used() {
    let deployment = Deployment::sound().await;
    let world = &deployment.world;
    // A third scope, so that nobody has all there are.
    let third = |request: &mut jeton_core::api::create::CreateApi| drop(request.scopes.insert("stock:delete".to_owned(), String::new()));
    let stock = world.api_with("stock", third).await;
    let clerk = world.client_with("clerk", &[&stock], |request| request.scopes = Some("stock:read".to_owned())).await;
    let introspecting = |request: &mut jeton_core::client::create::CreateClient| {
        (request.may_introspect, request.scopes) = (true, Some("stock:read".to_owned()));
    };
    let shop = world.client_with("shop", &[&stock], introspecting).await;
    deployment
        .set(CredentialKind::ClientSecret, SetPolicy { idle: Some(IdleRule::Never), max_seconds: Some(366 * DAY), ..SetPolicy::default() })
        .await;
    let made = world
        .make_key("external:acme", "https://stock.example", json!({"scope": "stock:read stock:write", "expires_in_seconds": 90 * DAY}))
        .await;
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    world.advance(30 * DAY - 1);
    world.check_key(&shop, key, json!({"scope": "stock:read"})).await;
    world.token(&deployment.worker).await;
    deployment.sweep().await;
    let seen = || found(&deployment.examine(), "scopes.unused").clone();
    assert_eq!(seen().verdict, Verdict::Passed, "none of it is older than thirty days: {:?}", seen());
    world.advance(1);
    deployment.sweep().await;
    let check = seen();
    assert_eq!((check.verdict, check.severity), (Verdict::Failed, Severity::Low), "{check:?}");
    assert!(
        check.evidence.contains(&format!(" of external:acme ({id}); as of"))
            && check.evidence.contains(": client clerk, key ")
            && check.command == "jeton client delete clerk",
        "{check:?}"
    );
    world.token(&clerk).await;
    deployment.sweep().await;
    assert!(
        seen().evidence.contains(&format!("({id})"))
            && !seen().evidence.contains("clerk")
            && seen().command.starts_with(&format!("jeton key update {id}")),
        "{:?}",
        seen()
    );
    world.check_key(&shop, key, json!({"scope": "stock:write"})).await;
    deployment.sweep().await;
    assert_eq!(seen().verdict, Verdict::Passed, "{:?}", seen());
}

#[tokio::test]
async fn a_key_that_two_applications_use() {
    let deployment = Deployment::sound().await;
    let world = &deployment.world;
    let made = world.make_key("external:acme", "https://orders.example", json!({"scope": "orders:read"})).await;
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    for _ in 0..2 {
        assert_eq!(found(&deployment.examine(), "monitoring.shared_keys").verdict, Verdict::Passed);
        world.advance(3_600);
        for (address, agent) in [("192.0.2.7", "curl/8.1"), ("2001:db8::1", "x/1")] {
            world.check_key(&deployment.worker, key, json!({"client_ip": address, "user_agent": agent})).await;
        }
        world.service().flush_usage().await.unwrap();
    }
    fails(&deployment, "monitoring.shared_keys", Severity::Medium, id, &format!("jeton key revoke {id}"));
    world.done(http::Method::DELETE, &format!("/keys/{id}"), None).await;
    assert_eq!(grade(&deployment.examine(), Practice::Monitoring), Some(Grade::A));
}

/// What somebody accepts is told, and takes nothing from the grade until its day is over.
#[tokio::test]
async fn what_is_accepted() {
    use jeton_core::doctor::Accepted;
    let mut deployment = Deployment::sound().await;
    let backups = BackupsSeen { is_on_the_same_disk: Some(true), ..backups() };
    deployment.around = Surroundings { backups: Some(Some(backups.clone())), ..around() };
    fails(&deployment, "recovery.target", Severity::High, "lies on the disk", "backup_target");
    let day = |days: i64| jeton_http::api::rfc3339::format(deployment.world.now() + days * DAY)[.."2026-01-31".len()].to_owned();
    let accept = |until: String| vec![Accepted::parse(&format!("recovery.target until {until}: one disk")).unwrap()];
    let accepted = Surroundings { accepted: accept(day(30)), backups: Some(Some(backups.clone())), ..around() };
    let over = Surroundings { accepted: accept(day(-2)), backups: Some(Some(backups)), ..around() };
    deployment.around = accepted;
    let report = deployment.examine();
    let check = found(&report, "recovery.target");
    assert_eq!((check.verdict, check.command.as_str()), (Verdict::Accepted, ""));
    assert!(check.evidence.ends_with(": one disk") && check.evidence.contains("accepted until"), "{check:?}");
    assert_eq!(grade(&report, Practice::Recovery), Some(Grade::A));
    deployment.around = over;
    fails(&deployment, "recovery.target", Severity::High, "it was accepted until", "backup_target");
}
