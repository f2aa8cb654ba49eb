//! The page where somebody says yes or no: what is new, what they allowed before, and where the answer goes.

use axum::response::Response;
use jeton_core::authorize::Asked;
use jeton_core::authorize::device::DeviceRequest;
use jeton_core::client::{Application, Client};
use jeton_core::consent::needed::NewConsent;
use jeton_core::grant::scopes::{IdentityScopes, ScopesByApi};
use jeton_core::id::ApiId;
use jeton_core::plain;
use jeton_core::policy::CredentialKind;
use jeton_oauth::RedirectUri;
use jeton_oauth::device::UserCode;
use jeton_oauth::scope::ScopeSet;

use super::flow::Flow;
use super::guard::{Door, token};
use super::problem::Problem;
use super::scope_lines;
use super::texts::{Texts, texts};
use super::view::{self, Consent, Line};
use super::visit::{Here, Visit};

/// What somebody is asked.
pub(super) struct Page<'p> {
    pub(super) client: &'p Client,
    pub(super) redirect_uri: &'p RedirectUri,
    pub(super) new: &'p NewConsent,
    pub(super) asked: &'p Asked,
    /// Whether they answered another page.
    pub(super) has_changed: bool,
}

impl Page<'_> {
    /// The page; `shown` is what shows which one it is.
    pub(super) fn reply(&self, visit: &Visit, flow: &Flow, here: &Here, shown: String) -> Result<Response, Problem> {
        let (service, now) = (&visit.service, visit.now());
        let session = &here.session.record;
        let person = service.registry().people.all.get(session.person.as_str()).ok_or(Problem::Flow)?;
        let policies = service.registry().policies();
        let lives = policies.resolve(CredentialKind::Consent, None, Some(&self.client.id)).default_seconds;
        let before = ScopesOf { scopes: self.asked.scopes.clone(), identity: self.asked.identity };
        let new = ScopesOf { scopes: self.new.scopes.clone(), identity: self.new.identity };
        let contact = self.client.contact.as_deref().map(plain::shown);
        let page = Consent {
            action: visit.path_in("/oauth/authorize", flow),
            form: token(service, Door::Consent, &flow.secret, now),
            shown,
            other: (visit.path_in("/signout", flow), token(service, Door::SignOut, here.whose(), now)),
            client: &plain::shown(&self.client.name),
            client_id: self.client.id.as_str(),
            contact: contact.as_deref(),
            person: &plain::shown(&person.record.username),
            asked: new.lines(visit, texts()),
            already: before.without(&new).lines(visit, texts()),
            until: now.saturating_add(lives),
            redirect_uri: self.redirect_uri,
            is_native: self.client.application == Application::Native,
            has_changed: self.has_changed,
        };
        Ok(page.reply(visit.issuer()))
    }
}

/// What somebody is asked for a device.
pub(super) struct OfDevice<'p> {
    pub(super) request: &'p DeviceRequest,
    pub(super) code: &'p UserCode,
    pub(super) new: &'p NewConsent,
    /// Whether they answered another page.
    pub(super) has_changed: bool,
    /// What shows which page it is.
    pub(super) shown: String,
}

/// The page where somebody says yes or no to a device.
pub(super) fn device_page(visit: &Visit, flow: &Flow, here: &Here, client: &Client, of: OfDevice<'_>) -> Result<Response, Problem> {
    let (service, now) = (&visit.service, visit.now());
    let person = service.registry().people.all.get(here.session.record.person.as_str()).ok_or(Problem::Flow)?;
    let lives = service.registry().policies().resolve(CredentialKind::Consent, None, Some(&client.id)).default_seconds;
    let new = ScopesOf { scopes: of.new.scopes.clone(), identity: of.new.identity };
    let contact = client.contact.as_deref().map(plain::shown);
    let page = view::device::Consent {
        action: visit.path_in("/device", flow),
        form: token(service, Door::Device, &flow.secret, now),
        shown: of.shown,
        other: (visit.path_in("/signout", flow), token(service, Door::SignOut, here.whose(), now)),
        client: &plain::shown(&client.name),
        client_id: client.id.as_str(),
        contact: contact.as_deref(),
        person: &plain::shown(&person.record.username),
        code: of.code.to_text().expose().to_owned(),
        network: of.request.network.as_deref(),
        asked: new.lines(visit, texts()),
        until: now.saturating_add(lives),
        has_changed: of.has_changed,
    };
    Ok(page.reply(visit.issuer()))
}

/// What is allowed at once.
struct ScopesOf {
    scopes: ScopesByApi,
    identity: IdentityScopes,
}

impl ScopesOf {
    /// What is left of it without another.
    fn without(&self, other: &ScopesOf) -> ScopesOf {
        let left = |(api, scopes): (&ApiId, &ScopeSet)| {
            let left = other.scopes.of(api).map_or_else(|| scopes.clone(), |gone| scopes.difference(gone));
            (api.clone(), left)
        };
        let scopes = ScopesByApi::new(self.scopes.iter().map(left).collect()).unwrap_or_default();
        ScopesOf { scopes, identity: self.identity.difference(other.identity) }
    }

    /// Each of it in words.
    fn lines(&self, visit: &Visit, texts: &Texts) -> Vec<Line> {
        scope_lines::lines(&visit.service, texts, self.identity, self.scopes.iter())
    }
}
