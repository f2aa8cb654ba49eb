//! The tour's HTTP client: one request, its status and its body.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jeton_token::Secret;

/// A client that keeps its connections.
pub(super) struct Web(Client<HttpConnector, Full<Bytes>>);

/// A request.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    pub(super) url: &'a str,
    pub(super) authorization: Option<&'a Secret>,
    pub(super) form: Option<String>,
}

impl Web {
    pub(super) fn new() -> Web {
        Web(Client::builder(TokioExecutor::new()).build_http())
    }

    /// Sends a request and reads the answer, of 64 KiB at most.
    pub(super) async fn send(&self, call: Call<'_>) -> Result<(StatusCode, Bytes), String> {
        let mut request = Request::builder().method(call.method).uri(call.url);
        if let Some(authorization) = call.authorization {
            request = request.header(AUTHORIZATION, authorization.expose());
        }
        if call.form.is_some() {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let body = Full::new(Bytes::from(call.form.unwrap_or_default()));
        let failed = |error: &dyn std::fmt::Display| format!("{} did not answer: {error}", call.url);
        let request = request.body(body).map_err(|error| failed(&error))?;
        let response = self.0.request(request).await.map_err(|error| failed(&error))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), 64 * 1024).collect().await.map_err(|error| failed(&error))?;
        Ok((status, body.to_bytes()))
    }
}
