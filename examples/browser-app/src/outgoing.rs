//! Requests to Jeton and to the API: bounded in time and size, and no redirect is followed.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jeton_token::Secret;

const PATIENCE: Duration = Duration::from_secs(10);
const LIMIT_BYTES: usize = 256 * 1024;

/// A client that keeps its connections.
pub(crate) struct Outgoing(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

/// No usable answer came in time; in words for the page.
#[derive(Debug)]
pub(crate) struct NoAnswer(pub(crate) String);

impl Outgoing {
    pub(crate) fn new() -> Result<Self, String> {
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::aws_lc_rs::default_provider())
            .map_err(|error| format!("the certificates that this machine trusts cannot be read: {error}"))?;
        Ok(Self(Client::builder(TokioExecutor::new()).build(connector.https_or_http().enable_http1().build())))
    }

    pub(crate) async fn get(&self, url: &str) -> Result<Response<Bytes>, NoAnswer> {
        self.send(Method::GET, url, None, None).await
    }

    /// A form, in the name of whoever the header proves.
    pub(crate) async fn post(&self, url: &str, authorization: &Secret, form: &Secret) -> Result<Response<Bytes>, NoAnswer> {
        self.send(Method::POST, url, Some(authorization), Some(form)).await
    }

    /// A request with an access token.
    pub(crate) async fn with_token(&self, method: Method, url: &str, token: &Secret) -> Result<Response<Bytes>, NoAnswer> {
        self.send(method, url, Some(&Secret::new(format!("Bearer {}", token.expose()))), None).await
    }

    async fn send(
        &self,
        method: Method,
        url: &str,
        authorization: Option<&Secret>,
        form: Option<&Secret>,
    ) -> Result<Response<Bytes>, NoAnswer> {
        let failed = |error: &dyn std::fmt::Display| NoAnswer(format!("{url} does not answer: {error}"));
        let mut request = Request::builder().method(method).uri(url);
        if let Some(authorization) = authorization {
            let mut value = HeaderValue::from_str(authorization.expose()).map_err(|error| failed(&error))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        if form.is_some() {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let body = form.map(|form| Bytes::copy_from_slice(form.expose().as_bytes())).unwrap_or_default();
        let request = request.body(Full::new(body)).map_err(|error| failed(&error))?;
        let whole = async {
            let (head, body) = self.0.request(request).await.map_err(|error| failed(&error))?.into_parts();
            let body = Limited::new(body, LIMIT_BYTES).collect().await.map_err(|error| failed(&error))?.to_bytes();
            Ok(Response::from_parts(head, body))
        };
        tokio::time::timeout(PATIENCE, whole).await.unwrap_or_else(|_| Err(failed(&"it takes too long")))
    }
}
