//! A tower layer that checks the token of each request.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::header::{AUTHORIZATION, HeaderValue, RETRY_AFTER, USER_AGENT, WWW_AUTHENTICATE};
use http::{Request, Response, StatusCode};
use jeton_oauth::bearer::BearerToken;
use jeton_oauth::{Description, ScopeSet};
use tower_layer::Layer;
use tower_service::Service;

use crate::authentication::Authentication;
use crate::presented::Presented;
use crate::refused::Refused;
use crate::token::VerifiedToken;
use crate::verifier::Verifier;

/// Lets requests with an accepted token through, with a [`VerifiedToken`] in their extensions, and answers all others itself
/// (RFC 6750 section 3).
#[derive(Clone, Debug)]
pub struct VerifyLayer {
    verifier: Verifier,
    rules: Rules,
}

#[derive(Clone, Debug, Default)]
struct Rules {
    /// `None`: what was asked for is no scope, so that nobody has it.
    scopes: Option<ScopeSet>,
    authentication: Option<Authentication>,
    realm: Option<Description>,
    resource_metadata: Option<Description>,
}

impl Verifier {
    /// A layer that asks for a token, whatever its scopes.
    #[must_use]
    pub fn layer(&self) -> VerifyLayer {
        let rules = Rules { scopes: Some(ScopeSet::empty()), ..Rules::default() };
        VerifyLayer { verifier: self.clone(), rules }
    }
}

impl VerifyLayer {
    /// Asks for these scopes, separated by spaces. Text that is no scope is one that nobody has, and is logged as an error.
    #[must_use]
    pub fn require(mut self, scopes: &str) -> Self {
        self.rules.scopes = match ScopeSet::parse(scopes) {
            Ok(scopes) => Some(scopes),
            Err(error) => {
                tracing::error!(scopes, %error, "a layer asks for what is no scope: every request will be refused");
                None
            }
        };
        self
    }

    /// Asks for a person who proved who they are like this; others are told to prove it, so that their application asks for it (RFC 9470).
    #[must_use]
    pub fn require_authentication(mut self, needed: Authentication) -> Self {
        self.rules.authentication = Some(needed);
        self
    }

    /// Names what is protected.
    #[must_use]
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.rules.realm = Some(Description::new(realm.into()));
        self
    }

    /// Tells refused clients where the API describes itself (RFC 9728 section 5.1).
    #[must_use]
    pub fn resource_metadata(mut self, url: impl Into<String>) -> Self {
        self.rules.resource_metadata = Some(Description::new(url.into()));
        self
    }
}

impl<S> Layer<S> for VerifyLayer {
    type Service = Verify<S>;

    fn layer(&self, inner: S) -> Verify<S> {
        Verify { inner, verifier: self.verifier.clone(), rules: self.rules.clone() }
    }
}

/// The service that [`VerifyLayer`] puts around another.
#[derive(Clone, Debug)]
pub struct Verify<S> {
    inner: S,
    verifier: Verifier,
    rules: Rules,
}

impl<S, B, R> Service<Request<B>> for Verify<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: Default,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        // The service that said it was ready takes the request; a copy stays for the next.
        let ready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, ready);
        let (verifier, rules) = (self.verifier.clone(), self.rules.clone());
        Box::pin(async move {
            let checking = Checking::of(&request);
            match rules.check(checking, &verifier).await {
                Ok(token) => {
                    request.extensions_mut().insert(token);
                    inner.call(request).await
                }
                Err(refused) => Ok(rules.answer(&refused)),
            }
        })
    }
}

/// The token of a request, on its own, so that no body has to be shared between threads while it is checked.
struct Checking {
    token: Result<String, Refused>,
    user_agent: Option<HeaderValue>,
    address: Option<IpAddr>,
}

/// The address that a request came from: put it into the request's extensions before the layer, and its network is counted. The layer itself
/// does not know which proxies are to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestAddress(pub IpAddr);

impl Checking {
    fn of<B>(request: &Request<B>) -> Self {
        let in_query = |query: &str| query.split('&').any(|pair| pair.split('=').next() == Some("access_token"));
        let token = if request.uri().query().is_some_and(in_query) {
            Err(Refused::InQuery)
        } else {
            let headers = request.headers().get_all(AUTHORIZATION).iter().map(HeaderValue::as_bytes);
            BearerToken::parse(headers).map(|token| token.expose().to_owned()).map_err(Refused::Request)
        };
        let user_agent = request.headers().get(USER_AGENT).cloned();
        let address = request.extensions().get::<RequestAddress>().map(|address| address.0);
        Self { token, user_agent, address }
    }
}

impl Rules {
    async fn check(&self, Checking { token, user_agent, address }: Checking, verifier: &Verifier) -> Result<VerifiedToken, Refused> {
        let user_agent = user_agent.as_ref().and_then(|header| header.to_str().ok());
        let presented = Presented { scopes: self.scopes.as_ref(), address, user_agent };
        let token = verifier.check_presented(&token?, &presented).await?;
        if self.scopes.is_none() {
            return Err(Refused::InsufficientScope(ScopeSet::empty()));
        }
        if let Some(needed) = &self.authentication {
            token.require_authentication(needed, verifier.now_seconds())?;
        }
        Ok(token)
    }

    fn answer<R: Default>(&self, refused: &Refused) -> Response<R> {
        let mut response = Response::new(R::default());
        *response.status_mut() = StatusCode::from_u16(refused.status()).unwrap_or(StatusCode::UNAUTHORIZED);
        match refused.challenge(self.realm.as_ref(), self.resource_metadata.as_ref()) {
            Some(challenge) => {
                if let Ok(challenge) = HeaderValue::from_str(&challenge) {
                    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
                }
            }
            None => {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
        }
        response
    }
}
