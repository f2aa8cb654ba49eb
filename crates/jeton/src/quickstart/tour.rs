//! The tour: each step is done, shown with its `curl`, and must come out as it should.

use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use jeton_core::administrator::Administrator;
use jeton_core::api::create::CreateApi;
use jeton_core::client::create::CreateClient;
use jeton_core::client::secret::CreateSecret;
use jeton_core::id::Actor;
use jeton_http::api::Integrity as _;
use jeton_oauth::ScopeSet;
use jeton_oauth::client_authentication::basic_authorization;
use jeton_oauth::form;
use jeton_oauth::token::ReceivedToken;
use jeton_service::Service;
use jeton_service::failure::Failure;
use jeton_token::Secret;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::orders::{self, AUDIENCE, BRIEF_AUDIENCE};
use super::web::{Call, Web};
use crate::config::Config;
use crate::integrity::StoreIntegrity;
use crate::serve::Running;

/// A revocation must have reached the API by then.
const REVOKED_WITHIN: Duration = Duration::from_millis(100);

/// What the steps share.
struct Tour<'a> {
    running: &'a Running,
    web: Web,
    issuer: String,
    api: String,
    client: (String, Secret),
    /// The program and the data folder, as a command begins.
    jeton: String,
}

/// Whether a tour was taken in this data folder: its second API is of no use to anybody else.
pub(super) fn was_taken(service: &Service) -> bool {
    service.find_api(BRIEF_AUDIENCE).is_ok()
}

/// Takes all steps, and leaves the example API running.
///
/// # Errors
/// The first that did not come out as it should, in words for people.
pub(super) async fn take(running: &Running, config: &Config, orders: TcpListener, is_new: bool) -> Result<JoinHandle<()>, String> {
    say("Jeton: a token's life, step by step");
    step(1, if is_new { "an empty folder becomes a token service" } else { "the folder of last time: everything in it is kept" });
    show(&format!("data {}, root key {} (apart from it)", config.data.display(), config.root_key_file.display()));
    let service = &running.service;
    declare_apis(service).await?;
    let verifier = client(service, "orders-api", "orders:read orders:write", true).await?;
    let client = client(service, "orders-app", "orders:read", false).await?;
    let orders_listen = orders.local_addr().map_err(|error| error.to_string())?;
    step(2, "an API with two scopes, and two clients: who calls it, and the API itself");
    let jeton = format!("jeton --data {}", config.data.display());
    show(&format!("{jeton} api create \\"));
    show(&format!("    --audience {AUDIENCE} \\"));
    show("    --scope orders:read='Read orders' --scope orders:write='Write orders' \\");
    show("    --default-scope orders:read");
    show(&format!("→ the API {AUDIENCE}: what a token is for"));
    show(&format!("{jeton} client create --name orders-app \\"));
    show(&format!("    --audience {AUDIENCE} --scope orders:read"));
    show(&format!("→ {}: an application that may only read orders", client.0));
    show(&format!("{jeton} client create --name orders-api \\"));
    show(&format!("    --audience {AUDIENCE} --may-introspect"));
    show(&format!("→ {}: the API, so that it hears what is revoked", verifier.0));
    show(&format!("→ an example of that API listens on http://{orders_listen}, for steps 4 to 7"));
    let issuer = config.issuer.as_str().trim_end_matches('/').to_owned();
    let serving = orders::serve(config.issuer.as_str(), (&verifier.0, &verifier.1), orders).await?;
    let tour = Tour { running, web: Web::new(), issuer, api: format!("http://{orders_listen}"), client, jeton };
    if let Err(failed) = tour.steps().await {
        serving.abort();
        return Err(failed);
    }
    say("\nEverything did what it should.");
    Ok(serving)
}

/// Says how to go on.
pub(super) fn stay(config: &Config) {
    let data = config.data.display();
    say(&format!("\nThe server stays up on {}, and so does the example API.", config.issuer));
    say("To take steps 3 to 7 yourself, in another terminal, with a SECRET of your own:");
    show(&format!("jeton --data {data} client secret create orders-app"));
    say("Stop everything with Ctrl-C. To start the server again, without the tour:");
    show(&format!("jeton --data {data} serve"));
}

impl Tour<'_> {
    async fn steps(&self) -> Result<(), String> {
        step(3, "a token, issued over HTTP");
        let token = self.token(AUDIENCE).await?;
        step(4, "the API accepts it");
        self.call_api(Method::GET, "/orders", &token, StatusCode::OK).await?;
        step(5, "the API refuses what its scope does not allow");
        self.call_api(Method::POST, "/orders", &token, StatusCode::FORBIDDEN).await?;
        step(6, "revoked, and refused by the API");
        self.revoke(&token).await?;
        step(7, "a token is refused once it has expired: here, after one second");
        show(&format!("{} api create \\", self.jeton));
        show(&format!("    --audience {BRIEF_AUDIENCE} \\"));
        show("    --scope orders:read='Read orders' --scope orders:write='Write orders' \\");
        show("    --default-scope orders:read --access-token-lifetime 1s");
        show("→ a second API, whose tokens live for one second; both clients have it too");
        self.expire().await?;
        step(8, "the audit log, verified from its first entry");
        self.verify_audit()
    }

    async fn token(&self, audience: &str) -> Result<Secret, String> {
        let url = format!("{}/oauth/token", self.issuer);
        let body = form::encode([("grant_type", "client_credentials"), ("resource", audience)]);
        show(&format!("curl -u '{}:SECRET' \\", self.client.0));
        show("    -d grant_type=client_credentials \\");
        show(&format!("    --data-urlencode resource={audience} \\"));
        show(&format!("    {url}"));
        let authorization = basic_authorization(&self.client.0, &self.client.1);
        let (status, answer) =
            self.web.send(Call { method: Method::POST, url: &url, authorization: Some(&authorization), form: Some(body) }).await?;
        expect("the token endpoint", status, StatusCode::OK)?;
        let received = ReceivedToken::parse(&answer).ok_or("the token endpoint's answer is no token response")?;
        let scope = received.scope.as_ref().map_or("", ScopeSet::as_str);
        answered(status, &format!("a token for `{scope}`, {} s", received.expires_in_seconds.unwrap_or_default()));
        Ok(received.access_token)
    }

    async fn call_api(&self, method: Method, path: &str, token: &Secret, expected: StatusCode) -> Result<(), String> {
        // What curl does by itself is not said: the line fits a terminal.
        let asks = if method == Method::GET { String::new() } else { format!("-X {method} ") };
        show(&format!("curl {asks}-H 'Authorization: Bearer TOKEN' {}{path}", self.api));
        let status = self.ask_api(method, path, token).await?;
        answered(status, "");
        expect("the API", status, expected)
    }

    async fn ask_api(&self, method: Method, path: &str, token: &Secret) -> Result<StatusCode, String> {
        let url = format!("{}{path}", self.api);
        let authorization = Secret::new(format!("Bearer {}", token.expose()));
        Ok(self.web.send(Call { method, url: &url, authorization: Some(&authorization), form: None }).await?.0)
    }

    async fn revoke(&self, token: &Secret) -> Result<(), String> {
        let url = format!("{}/oauth/revoke", self.issuer);
        show(&format!("curl -u '{}:SECRET' -d token=TOKEN \\", self.client.0));
        show(&format!("    {url}"));
        let authorization = basic_authorization(&self.client.0, &self.client.1);
        let body = form::encode([("token", token.expose())]);
        let (status, _) =
            self.web.send(Call { method: Method::POST, url: &url, authorization: Some(&authorization), form: Some(body) }).await?;
        expect("the revocation endpoint", status, StatusCode::OK)?;
        answered(status, "");
        let revoked = instant();
        show("the same call as in step 4:");
        let refused = self.refused_after(revoked, "/orders", token, Duration::from_secs(5)).await?;
        answered(StatusCode::UNAUTHORIZED, &format!("{:.1} ms after the revocation was answered", refused.as_secs_f64() * 1_000.0));
        if refused > REVOKED_WITHIN {
            return Err(format!(
                "the revocation took {} ms to reach the API: more than {}",
                refused.as_millis(),
                REVOKED_WITHIN.as_millis()
            ));
        }
        Ok(())
    }

    async fn expire(&self) -> Result<(), String> {
        let token = self.token(BRIEF_AUDIENCE).await?;
        let issued = instant();
        self.call_api(Method::GET, "/brief/orders", &token, StatusCode::OK).await?;
        show("the same again and again:");
        let refused = self.refused_after(issued, "/brief/orders", &token, Duration::from_secs(10)).await?;
        answered(StatusCode::UNAUTHORIZED, &format!("from {:.1} s on (the API lets clocks differ by 1 s)", refused.as_secs_f64()));
        Ok(())
    }

    /// Asks until the API refuses, and says how long after `since` that was.
    async fn refused_after(&self, since: Instant, path: &str, token: &Secret, at_most: Duration) -> Result<Duration, String> {
        loop {
            let status = self.ask_api(Method::GET, path, token).await?;
            let elapsed = instant().duration_since(since);
            match status {
                StatusCode::UNAUTHORIZED => return Ok(elapsed),
                StatusCode::OK if elapsed < at_most => {}
                StatusCode::OK => return Err(format!("the API still accepts the token after {} s", at_most.as_secs())),
                other => return Err(format!("the API answered {other} where 401 was due")),
            }
        }
    }

    fn verify_audit(&self) -> Result<(), String> {
        show(&format!("{} audit verify", self.jeton));
        let integrity = StoreIntegrity { service: self.running.service.clone(), store: self.running.store.clone() };
        let report = integrity.verify_ledger(&mut |_, _| {})?;
        match report.findings.first() {
            Some(finding) => Err(format!("the audit log does not verify: {}: {}", finding.place, finding.detail)),
            None => {
                show(&format!("→ {} entries, all as they were written", report.entries));
                Ok(())
            }
        }
    }
}

async fn declare_apis(service: &Service) -> Result<(), String> {
    let scopes =
        [("orders:read", "Read orders"), ("orders:write", "Write orders")].map(|(name, allows)| (name.to_owned(), allows.to_owned()));
    for (audience, lifetime) in [(AUDIENCE, None), (BRIEF_AUDIENCE, Some(1))] {
        let request = CreateApi {
            audience: audience.to_owned(),
            name: Some("orders".to_owned()),
            scopes: scopes.clone().into(),
            default_scope: Some("orders:read".to_owned()),
            access_token_lifetime_seconds: lifetime,
            ..CreateApi::default()
        };
        if service.find_api(audience).is_err() {
            service.create_api(&request, &Actor::system(), &service.moments().now()).await.map_err(|failure| failure.to_string())?;
        }
    }
    Ok(())
}

/// A client with a fresh secret: the one of last time was shown once, and is nowhere.
async fn client(service: &Service, name: &str, scopes: &str, may_introspect: bool) -> Result<(String, Secret), String> {
    let failed = |failure: Failure| failure.to_string();
    let moment = service.moments().now();
    let created = match service.find_client(name) {
        Ok(known) => {
            let request = CreateSecret { overlap_seconds: Some(0), ..CreateSecret::default() };
            let secret = service
                .create_client_secret(name, request, &Administrator::of_everything(Actor::system()), &moment)
                .await
                .map_err(failed)?;
            (known.client.record.id.to_string(), Some(secret))
        }
        Err(_) => {
            let request =
                CreateClient { name: name.to_owned(), scopes: Some(scopes.to_owned()), may_introspect, ..CreateClient::default() };
            let apis = [AUDIENCE.to_owned(), BRIEF_AUDIENCE.to_owned()];
            let (client, secret) =
                service.create_client(&request, &apis, &Administrator::of_everything(Actor::system()), &moment).await.map_err(failed)?;
            (client.id.to_string(), secret)
        }
    };
    let secret = created.1.ok_or("the client has no secret")?;
    Ok((created.0, Secret::from(secret.clear.0)))
}

fn expect(who: &str, status: StatusCode, expected: StatusCode) -> Result<(), String> {
    if status == expected { Ok(()) } else { Err(format!("{who} answered {status} where {expected} was due")) }
}

fn step(number: u8, text: &str) {
    say(&format!("\n{number}. {text}"));
}

fn show(text: &str) {
    say(&format!("   {text}"));
}

fn answered(status: StatusCode, detail: &str) {
    show(format!("→ {status}  {detail}").trim_end());
}

fn say(text: &str) {
    anstream::println!("{text}");
}

#[expect(clippy::disallowed_methods, reason = "the quickstart measures how long a revocation takes, as a person would with a watch")]
fn instant() -> Instant {
    Instant::now()
}
