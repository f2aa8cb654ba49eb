//! Files, listeners and certificates.

use jeton_core::doctor::{CertificateLife, Grade, Kept, Practice, Severity, Surroundings, Verdict};

use super::{DAY, Deployment, around, fails, found, grade};

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
async fn passwords_that_others_know() {
    let mut deployment = Deployment::sound().await;
    deployment.around.has_password_list = Some(false);
    assert_eq!(found(&deployment.examine(), "storage.password_list").verdict, Verdict::Passed, "there is nobody yet");
    deployment.world.person("ada").await;
    fails(&deployment, "storage.password_list", Severity::Medium, "whoever else knows them", "password_list_file");
    deployment.around.has_password_list = None;
    assert_eq!(found(&deployment.examine(), "storage.password_list").verdict, Verdict::NotKnown);
    deployment.around.has_password_list = Some(true);
    assert_eq!(found(&deployment.examine(), "storage.password_list").verdict, Verdict::Passed);
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
