//! What somebody accepts of a deployment.

use jeton_core::doctor::{Accepted, BackupsSeen, Grade, Practice, Severity, Surroundings, Verdict};

use super::{DAY, Deployment, around, backups, fails, found, grade};

/// What somebody accepts is told, and takes nothing from the grade until its day is over.
#[tokio::test]
async fn what_is_accepted() {
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
