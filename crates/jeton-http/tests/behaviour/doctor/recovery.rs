//! What could not be brought back.

use jeton_core::doctor::{BackupsSeen, Grade, Practice, Severity, Surroundings, Verdict, examine};

use super::{DAY, Deployment, around, backups, fails, fails_in, found, grade};

#[tokio::test]
async fn what_could_not_be_brought_back() {
    let mut deployment = Deployment::sound().await;
    let now = deployment.world.now();
    let seen = |seen: BackupsSeen| Surroundings { backups: Some(Some(seen)), ..around() };
    deployment.around = Surroundings { backups: Some(None), ..around() };
    fails(&deployment, "recovery.target", Severity::High, "no backups are made", "backup_target");
    deployment.around = Surroundings { backups: Some(None), is_trial: true, ..around() };
    fails(&deployment, "recovery.target", Severity::High, "this is a trial of a restored folder", "without --trial");
    deployment.around = seen(BackupsSeen { is_on_the_same_disk: Some(true), ..backups() });
    fails(&deployment, "recovery.target", Severity::High, "the disk of the data", "backup_target");
    deployment.around = seen(BackupsSeen { recipients: 0, ..backups() });
    fails(&deployment, "recovery.recipients", Severity::High, "server itself: 0", "backup_recipients");
    deployment.around = seen(BackupsSeen { newest_at: Some(now - 3 * DAY), ..backups() });
    fails(&deployment, "recovery.newest", Severity::High, "3d old", "jeton backup create");
    deployment.around = seen(BackupsSeen { newest_lost: Some("snapshots/1/manifest.age is missing".to_owned()), ..backups() });
    fails(&deployment, "recovery.newest", Severity::High, "manifest.age is missing", "jeton backup create");
    deployment.around = seen(BackupsSeen { shipped_at: now - 61, ..backups() });
    fails(&deployment, "recovery.tail", Severity::High, "nothing was shipped for 61s", "backup list");
    deployment.around = seen(BackupsSeen { shipped_at: now - 60, ..backups() });
    assert_eq!(grade(&deployment.examine(), Practice::Recovery), Some(Grade::A));
    deployment.around = seen(BackupsSeen { away_since: Some(now - 7_260), shipped_at: now - 7_300, ..backups() });
    fails(&deployment, "recovery.tail", Severity::High, "takes nothing for 2h", "backup list");
    deployment.around = seen(BackupsSeen { others: vec!["tail/00".to_owned()], ..backups() });
    fails(&deployment, "recovery.tail", Severity::High, "same target: tail/00", "backup list");
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
async fn a_gap_that_nobody_accepted() {
    let deployment = Deployment::sound().await;
    // A restore leaves one: its own test sees it said.
    let mut observed = deployment.world.service().observe(deployment.around.clone());
    assert!(!observed.has_gap);
    observed.has_gap = true;
    fails_in(&examine(&observed), "recovery.gap", Severity::High, "a restore left a gap", "jeton backup restore accept-gap");
}
