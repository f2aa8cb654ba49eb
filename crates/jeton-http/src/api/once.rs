//! Requests that make something, and may be sent again where their answer was lost.

use axum::extract::{FromRequest, Request};
use http::HeaderMap;
use jeton_core::id::Actor;
use jeton_core::moment::Moment;
use jeton_core::once::Repeatable;
use jeton_service::Service;
use serde::de::DeserializeOwned;

use super::body::{parse, read};
use super::problem::Problem;

/// How a caller names a request, so that it is recognised when it comes again.
pub(super) const HEADER: &str = "idempotency-key";

/// A request's body, and whether it may be sent again.
pub(super) struct Once<T> {
    pub(super) body: T,
    pub(super) repeat: Repeat,
}

/// Whether a request may be sent again.
pub(super) struct Repeat(Option<Repeatable>);

impl Repeat {
    /// The moment of the request.
    pub(super) fn moment(&self, service: &Service) -> Moment {
        let now = service.moments().now();
        match &self.0 {
            Some(request) => request.begin(now),
            None => now,
        }
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Once<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Once<T>, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read(&parts.headers, body).await?;
        let repeat = match (text(&parts.headers)?, parts.extensions.get::<Actor>()) {
            (Some(text), Some(actor)) => {
                let path = parts.uri.path();
                // The same route, whether or not a listener cut the beginning off.
                let route = format!("{} {}", parts.method, path.strip_prefix("/api/v1").unwrap_or(path));
                Some(Repeatable::new(text, actor, &route, &bytes).map_err(|refusal| Problem::invalid(refusal.detail, HINT))?)
            }
            _ => None,
        };
        Ok(Once { body: parse(&bytes)?, repeat: Repeat(repeat) })
    }
}

const HINT: &str = "send a text that you draw for each request, such as a UUID, in one header `Idempotency-Key`";

fn text(headers: &HeaderMap) -> Result<Option<&[u8]>, Problem> {
    let mut lines = headers.get_all(HEADER).iter();
    match (lines.next(), lines.next()) {
        (_, Some(_)) => Err(Problem::invalid("the header `Idempotency-Key` is there twice", HINT)),
        (line, None) => Ok(line.map(http::HeaderValue::as_bytes)),
    }
}
