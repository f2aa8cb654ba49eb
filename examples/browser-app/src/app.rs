//! What the handlers share.

use std::sync::Arc;

use http::HeaderMap;
use http::header::ORIGIN;
use jeton_oauth::{Form, Issuer};
use jeton_token::Secret;

use crate::cookies::{Cookies, Kind};
use crate::outgoing::Outgoing;
use crate::provider::Provider;
use crate::sessions::{Session, Sessions};
use crate::settings::Settings;

/// The application.
pub(crate) struct App {
    pub(crate) provider: Provider,
    pub(crate) outgoing: Arc<Outgoing>,
    pub(crate) sessions: Sessions,
    pub(crate) cookies: Cookies,
    pub(crate) home: Issuer,
    pub(crate) api: Issuer,
}

impl App {
    pub(crate) async fn start(settings: Settings) -> Result<Self, String> {
        // All three are such addresses: https, or http on this machine.
        let place = |name: &str, text: &str| Issuer::parse(text).map_err(|error| format!("the address of the {name}: {error}"));
        let (issuer, home, api) = (place("issuer", &settings.issuer)?, place("application", &settings.home)?, place("API", &settings.api)?);
        let outgoing = Arc::new(Outgoing::new()?);
        let client = (settings.client_id, &settings.client_secret);
        let provider = Provider::discover(issuer, client, home.endpoint("/callback"), outgoing.clone()).await?;
        Ok(Self { provider, outgoing, sessions: Sessions::default(), cookies: Cookies::new(home.as_str())?, home, api })
    }

    /// Who is signed in at a browser.
    pub(crate) fn session(&self, headers: &HeaderMap) -> Option<Arc<Session>> {
        self.sessions.find(self.cookies.get(headers, Kind::Session)?)
    }

    /// Who posts a form of a page of ours. Another site can have a browser post, with our cookie where it ignores `SameSite`; it cannot say
    /// that it is this origin, and does not know what stands in the form.
    pub(crate) fn posted(&self, headers: &HeaderMap, body: &[u8]) -> Option<Arc<Session>> {
        let is_own = headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes() == self.home.origin().as_bytes());
        let session = self.session(headers).filter(|_| is_own)?;
        let form = Form::parse(body).ok()?;
        form.get("form").map(Secret::from).is_some_and(|brought| brought == session.form).then_some(session)
    }
}
