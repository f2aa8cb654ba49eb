use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::rt::{Read, Write};

/// Sends one request over a connection that nothing else uses, and gives the beginning of the answer.
pub(super) async fn exchange<T>(stream: T, request: Request<Full<Bytes>>) -> hyper::Result<Response<Incoming>>
where
    T: Read + Write + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(stream).await?;
    tokio::spawn(connection);
    sender.send_request(request).await
}
