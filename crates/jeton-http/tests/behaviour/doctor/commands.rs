//! The commands of the doctor are copied into a shell.

use std::collections::BTreeSet;
use std::process::Command;

use jeton_core::doctor::{Kept, Severity, Surroundings};
use serde_json::json;

use super::{DAY, Deployment, around, found};

/// What a shell makes of a command: its words, and nothing else happens.
fn words_of_a_shell(command: &str) -> Vec<String> {
    let script = format!("jeton() {{ printf '%s\\n' \"$@\"; }}\nchmod() {{ jeton \"$@\"; }}\n{command}");
    let said = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert!(said.status.success() && said.stderr.is_empty(), "{command}: {said:?}");
    String::from_utf8(said.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// An audience is an address, and those may have letters that mean something to a shell: whoever makes an API must not run what its owner copies.
#[tokio::test]
async fn commands_are_safe_whatever_an_api_is_called() {
    for audience in ["https://a.example/$(id)", "https://a.example/;id", "https://a.example/'x", "https://a.example/?a=1&b=2"] {
        let mut deployment = Deployment::sound().await;
        let hostile = |request: &mut jeton_core::api::create::CreateApi| {
            audience.clone_into(&mut request.audience);
            request.access_token_lifetime_seconds = Some(DAY);
            request.signing_algorithm = Some("PS256".to_owned());
        };
        let api = deployment.world.api_with("stock", hostile).await;
        let idle = deployment.world.client_with("idle", &[&api], |request| request.may_introspect = false).await;
        let _ = deployment.world.token(&idle).await;
        deployment.world.service().flush_usage().await.unwrap();
        deployment.world.advance(2 * DAY);
        deployment.world.service().flush_usage().await.unwrap();
        deployment.world.done(http::Method::POST, "/suspensions", Some(json!({"api": audience}))).await;
        deployment.world.advance(31 * DAY);
        deployment.sweep().await;
        let mut named = BTreeSet::new();
        let path = format!("/srv/{}", &audience["https://a.example/".len()..]);
        deployment.around = Surroundings { data: Some(Kept { path: path.clone(), mode: 0o777 }), ..around() };
        let report = deployment.examine();
        assert_eq!(words_of_a_shell(&found(&report, "storage.data_private").command), ["700", &*path]);
        for check in report.failed(Severity::Low).filter(|check| check.command.contains("a.example")) {
            let words = words_of_a_shell(&check.command);
            assert!(words.iter().any(|word| word == audience || *word == format!("api:{audience}")), "{}: {words:?}", check.command);
            named.insert(check.id);
        }
        for id in ["revocation.undecided", "expiration.access_tokens_day", "format.algorithm"] {
            assert!(named.contains(id), "{id}: {named:?}");
        }
    }
}
