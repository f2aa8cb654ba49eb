//! How a bucket is spoken to: hyper, and rustls on the one cryptographic library.

use std::time::Duration;

use async_trait::async_trait;
use http_body_util::BodyExt as _;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector as TcpConnector;
use hyper_util::rt::TokioExecutor;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse, HttpResponseBody, HttpService,
};
use rustls::crypto::aws_lc_rs::default_provider;

/// Connects to a bucket's server.
#[derive(Debug)]
pub(crate) struct Connector {
    patience: Duration,
}

impl Connector {
    /// One that waits this long for a connection.
    pub(crate) fn new(patience: Duration) -> Connector {
        Connector { patience }
    }
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let mut tcp = TcpConnector::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(self.patience));
        let failed = |error| object_store::Error::Generic { store: "S3", source: Box::new(error) };
        let https = HttpsConnectorBuilder::new().with_provider_and_native_roots(default_provider()).map_err(failed)?;
        let https = https.https_or_http().enable_http1().wrap_connector(tcp);
        Ok(HttpClient::new(Requests(Client::builder(TokioExecutor::new()).build(https))))
    }
}

#[derive(Debug)]
struct Requests(Client<HttpsConnector<TcpConnector>, HttpRequestBody>);

#[async_trait]
impl HttpService for Requests {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = self.0.request(request).await.map_err(|error| {
            let kind = if error.is_connect() { HttpErrorKind::Connect } else { HttpErrorKind::Request };
            HttpError::new(kind, error)
        })?;
        Ok(answer.map(|body| HttpResponseBody::new(body.map_err(|error| HttpError::new(HttpErrorKind::Interrupted, error)))))
    }
}
