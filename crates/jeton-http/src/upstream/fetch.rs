//! Requests to providers, as far as they may go.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{Method, Request};
use http_body_util::Full;
use jeton_core::outgoing::Reach;
use jeton_token::Secret;

use super::endpoint::Endpoint;
use crate::guarded::{AGENT, Guarded};

/// How long a provider may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most bytes of an answer.
const LIMIT_BYTES: usize = 64 * 1024;

/// No usable answer came in time; in words for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoAnswer(Cow<'static, str>);

impl NoAnswer {
    pub(super) const fn because(why: &'static str) -> NoAnswer {
        NoAnswer(Cow::Borrowed(why))
    }
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Asks providers.
#[derive(Default)]
pub(super) struct Fetcher {
    /// At hosts that an administrator named, and at those that a provider did. Made when somebody comes first: it reads whom this machine
    /// trusts.
    within: OnceLock<Result<Guarded, String>>,
    internet: OnceLock<Result<Guarded, String>>,
}

impl Fetcher {
    /// What lies at an address.
    pub(super) async fn get(&self, at: &Endpoint, bearer: Option<&Secret>) -> Result<Bytes, NoAnswer> {
        let authorization = bearer.map(|token| Secret::new(format!("Bearer {}", token.expose())));
        self.fetch(at, Method::GET, authorization.as_ref(), Bytes::new()).await
    }

    /// What a form is answered with.
    pub(super) async fn post(&self, at: &Endpoint, authorization: Option<&Secret>, form: &Secret) -> Result<Bytes, NoAnswer> {
        self.fetch(at, Method::POST, authorization, Bytes::copy_from_slice(form.expose().as_bytes())).await
    }

    async fn fetch(&self, at: &Endpoint, method: Method, authorization: Option<&Secret>, body: Bytes) -> Result<Bytes, NoAnswer> {
        let mut request =
            Request::builder().method(method).uri(at.uri.clone()).header(USER_AGENT, AGENT).header(ACCEPT, "application/json");
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        if let Some(authorization) = authorization {
            let value = HeaderValue::from_str(authorization.expose());
            let mut value = value.map_err(|_| NoAnswer::because("what proves us fits no header"))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let request = request.body(Full::new(body)).map_err(|_| NoAnswer::because("the request cannot be written"))?;
        let guarded = match at.reach {
            Reach::Within => &self.within,
            Reach::Internet | Reach::ThisMachine => &self.internet,
        };
        let guarded = guarded.get_or_init(|| Guarded::new(at.reach, PATIENCE)).as_ref().map_err(|why| NoAnswer(why.clone().into()))?;
        let answer = guarded.fetch(request, LIMIT_BYTES).await;
        answer.map_err(|undelivered| NoAnswer(format!("{}: {undelivered}", at.uri).into()))
    }
}
