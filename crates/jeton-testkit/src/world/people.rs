//! People of a world, and applications that they sign in to.

use jeton_core::api::Api;
use jeton_core::client::create::CreateClient;
use jeton_core::id::PersonId;
use jeton_core::person::create::CreatePerson;
use jeton_core::role::create::CreateRole;
use jeton_oauth::form;
use jeton_token::Secret;

use super::World;
use super::answer::Answer;
use super::browser::Arrived;
use super::manage::administrator;
use super::registered::Registered;

/// The password of everybody here.
pub const PASSWORD: &str = "correct horse battery";
/// What applications keep to themselves (RFC 7636 appendix B).
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// What they send ahead.
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

impl World {
    /// Somebody with a password, a name and an address.
    pub async fn person(&self, username: &str) -> PersonId {
        let request = CreatePerson {
            username: username.to_owned(),
            name: Some(format!("{username} Example")),
            email: Some(format!("{username}@example.com")),
            ..CreatePerson::default()
        };
        let person = self.service.create_user(&request, &administrator(), &self.moment()).await.expect("a person");
        let set = self.service.set_password(username, &Secret::from(PASSWORD), &administrator(), &self.moment()).await;
        set.expect("a password");
        person.id
    }

    /// Lets somebody have scopes of an API.
    pub async fn allow(&self, username: &str, api: &Api, scopes: &str) {
        let name = format!("role-of-{username}");
        let request = CreateRole { name: name.clone(), scopes: scopes.to_owned(), ..CreateRole::default() };
        self.service.create_role(&api.audience, &request, &administrator(), &self.moment()).await.expect("a role");
        let assigned = self.service.assign_role(&name, &format!("user:{username}"), &administrator(), &self.moment()).await;
        assigned.expect("a role that somebody holds");
    }

    /// An application that people sign in to, at `https://NAME.example/callback`; it has refresh tokens.
    pub async fn application(&self, name: &str, apis: &[&Api]) -> Registered {
        self.application_with(name, apis, |_| {}).await
    }

    /// The same, with a word about it.
    pub async fn application_with(&self, name: &str, apis: &[&Api], shape: impl FnOnce(&mut CreateClient)) -> Registered {
        self.client_with(name, apis, |request| {
            request.may_introspect = false;
            request.grant_types = ["authorization_code", "refresh_token"].map(str::to_owned).to_vec();
            request.redirect_uris = vec![format!("https://{name}.example/callback")];
            shape(request);
        })
        .await
    }

    /// The code that an application gets for a person who signs in and allows what it asks for: `address` is of [`asking`].
    pub async fn code_for(&self, username: &str, address: &str) -> String {
        let mut browser = self.browser();
        let page = browser.open(address).await.page();
        let filled = [("username", username), ("password", PASSWORD)];
        match browser.submit(&page, "/signin", None, &filled).await {
            Arrived::Page(consent) => browser.submit(&consent, "/oauth/authorize", Some("allow"), &[]).await,
            away @ Arrived::Away(_) => away,
        }
        .parameter("code")
    }

    /// Exchanges a code.
    pub async fn exchange(&self, application: &Registered, code: &str) -> Answer {
        let parameters = [("grant_type", "authorization_code"), ("code", code), ("code_verifier", VERIFIER)];
        self.post_as(application, "/oauth/token", &parameters).await
    }

    /// Spends a refresh token.
    pub async fn refresh(&self, application: &Registered, refresh_token: &str) -> Answer {
        self.post_as(application, "/oauth/token", &[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
    }

    /// Asks who somebody is.
    pub async fn userinfo(&self, token: &str) -> Answer {
        let request = http::Request::get("/oauth/userinfo").header("authorization", format!("Bearer {token}"));
        self.send(request.body(axum::body::Body::empty()).expect("a request")).await
    }
}

/// The address that an application sends people to, with more parameters, or others: an empty one is left out.
#[must_use]
pub fn asking(application: &Registered, name: &str, more: &[(&str, &str)]) -> String {
    let redirect_uri = format!("https://{name}.example/callback");
    let mut parameters = vec![
        ("client_id", application.id.as_str()),
        ("redirect_uri", &redirect_uri),
        ("response_type", "code"),
        ("scope", "openid"),
        ("state", "a state"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in more {
        match parameters.iter_mut().find(|(known, _)| known == name) {
            Some(known) => known.1 = value,
            None => parameters.push((name, value)),
        }
    }
    let said = parameters.into_iter().filter(|(_, value)| !value.is_empty());
    format!("/oauth/authorize?{}", form::encode(said))
}
