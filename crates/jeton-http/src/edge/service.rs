use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use axum::body::Body;
use futures_util::FutureExt;
use http::header::{CONNECTION, HOST};
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, Version};
use http_body::Body as _;
use hyper::body::Incoming;
use tower::Service;

use super::body::RequestBody;
use super::browsers;
use super::limits::Limits;
use super::peer::Peer;
use super::progress::{Progress, Wait};
use super::refusal::Refusal;
use super::response_body::ResponseBody;

/// Answers one request: refuses what the edge refuses, hands the rest on, and answers in the handler's place if that panics or takes too long.
pub(super) async fn answer<S>(
    request: Request<Incoming>,
    peer: Peer,
    is_encrypted: bool,
    limits: &Limits,
    progress: &Arc<Progress>,
    service: S,
) -> Result<Response<ResponseBody>, Infallible>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    progress.end(Wait::Header);
    progress.begin(Wait::Request);
    progress.set_unread(!request.body().is_end_stream());
    let mut response = match check(&request, limits) {
        Ok(()) => handle(request, peer, limits, progress, service).await,
        Err(refusal) => refusal.response(request.uri().path()),
    };
    browsers::tell(response.headers_mut(), is_encrypted);
    progress.end(Wait::Request);
    Ok(response.map(|body| ResponseBody::new(body, progress)))
}

fn check(request: &Request<Incoming>, limits: &Limits) -> Result<(), Refusal> {
    check_host(request.headers(), request.version())?;
    if request.method() == Method::CONNECT {
        return Err(Refusal::Connect);
    }
    // The header as a whole is bounded already; the target is measured only if it could be too long.
    if request.uri().path_and_query().is_some_and(|target| target.as_str().len() > limits.target_bytes) {
        return Err(Refusal::TargetTooLong);
    }
    if request.headers().len() > limits.header_lines {
        return Err(Refusal::HeaderTooManyLines);
    }
    if request.body().size_hint().lower() > limits.body_bytes {
        return Err(Refusal::BodyTooLarge);
    }
    Ok(())
}

/// RFC 9112, section 3.2: exactly one Host line in HTTP/1.1, and a valid one. That is all Host is used for: published URLs come from the issuer.
fn check_host(headers: &HeaderMap, version: Version) -> Result<(), Refusal> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(_), Some(_)) => Err(Refusal::HostRepeated),
        (Some(host), None) if is_host(host.as_bytes()) => Ok(()),
        (Some(_), None) => Err(Refusal::HostInvalid),
        (None, _) if version == Version::HTTP_10 => Ok(()),
        (None, _) => Err(Refusal::HostMissing),
    }
}

/// The characters of host and port (RFC 3986, section 3.2.2), in any order: enough to keep out what could be read as more than a host. Empty is
/// allowed: a target without authority has it so.
fn is_host(host: &[u8]) -> bool {
    host.iter().all(|byte| byte.is_ascii_alphanumeric() || b".-_~:[]%!$&'()*+;=".contains(byte))
}

async fn handle<S>(request: Request<Incoming>, peer: Peer, limits: &Limits, progress: &Arc<Progress>, mut service: S) -> Response<Body>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    // hyper states a length for every body but a chunked one.
    let chunked = request.body().size_hint().exact().is_none();
    let mut request = request.map(|body| match body.is_end_stream() {
        true => Body::empty(),
        false => Body::new(RequestBody::new(body, limits.body_bytes, Arc::clone(progress))),
    });
    request.extensions_mut().insert(peer);
    let uri = request.uri().clone();
    let handler = AssertUnwindSafe(async move {
        let ready = poll_fn(|cx| service.poll_ready(cx)).await;
        match ready {
            Ok(()) => service.call(request).await,
            Err(never) => match never {},
        }
    });
    let mut response = within_limit(handler.catch_unwind(), &uri, progress).await;
    // Nothing follows on the connection where others could see the end of this request elsewhere (RFC 9112, section 11.2): after chunks, which front
    // and back could frame differently, and after a body that nobody read.
    if chunked || progress.is_unread() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The handler's response, unless it panics or the driver finds it overdue; the driver's timer wakes this task then.
async fn within_limit<F, P>(handler: F, uri: &Uri, progress: &Progress) -> Response<Body>
where
    F: Future<Output = Result<Result<Response<Body>, Infallible>, P>>,
{
    let mut handler = pin!(handler);
    poll_fn(|cx| match handler.as_mut().poll(cx) {
        Poll::Ready(Ok(Ok(response))) => Poll::Ready(response),
        Poll::Ready(Ok(Err(never))) => match never {},
        Poll::Ready(Err(_)) => {
            tracing::error!("a handler panicked; its request was answered 500");
            Poll::Ready(Refusal::Panicked.response(uri.path()))
        }
        Poll::Pending if progress.is_overdue(Wait::Request) => Poll::Ready(Refusal::Overdue.response(uri.path())),
        Poll::Pending => Poll::Pending,
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(hosts: &[&[u8]], version: Version, expected: Result<(), Refusal>) {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(HOST, HeaderValue::from_bytes(host).unwrap());
        }
        assert_eq!(check_host(&headers, version), expected, "{hosts:?} {version:?}");
    }

    #[test]
    fn host() {
        check(&[b"id.example.com"], Version::HTTP_11, Ok(()));
        check(&[b"127.0.0.1:8420"], Version::HTTP_11, Ok(()));
        check(&[b"[::1]:8420"], Version::HTTP_11, Ok(()));
        check(&[b""], Version::HTTP_11, Ok(()));
        check(&[], Version::HTTP_10, Ok(()));
        check(&[], Version::HTTP_11, Err(Refusal::HostMissing));
        check(&[b"a", b"a"], Version::HTTP_11, Err(Refusal::HostRepeated));
        check(&[b"a", b"b"], Version::HTTP_10, Err(Refusal::HostRepeated));
        for host in [&b"a/b"[..], b"a@b", b"a b", b"a,b", b"a?b", b"a#b", b"<script>", b"\xc3\xa4", b"a\\b"] {
            check(&[host], Version::HTTP_11, Err(Refusal::HostInvalid));
        }
    }
}
