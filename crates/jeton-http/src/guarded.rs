//! Requests to servers elsewhere: only where this server may send any, never where an answer leads on, and within bounds of time and size.

use std::error::Error;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use std::{fmt, io};

use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, USER_AGENT};
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use jeton_core::outgoing::{Reach, may_reach};
use jeton_core::plain;
use rustls::crypto::aws_lc_rs::default_provider;
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

/// Who is behind a request, as servers elsewhere read it.
pub const AGENT: &str = concat!("jeton/", env!("CARGO_PKG_VERSION"));

/// Asks servers elsewhere.
pub struct Guarded {
    client: Client<HttpsConnector<Reaching>, Full<Bytes>>,
    patience: Duration,
}

/// Why there is no answer that counts.
#[derive(Debug)]
pub enum Undelivered {
    /// It could not be sent, or no whole answer came in time.
    Failed(String),
    /// It was answered by another status.
    Answered(StatusCode),
}

impl fmt::Display for Undelivered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Undelivered::Failed(why) => formatter.write_str(why),
            Undelivered::Answered(status) => write!(formatter, "it was answered {status}"),
        }
    }
}

/// How many names are looked up at the same time: each takes a thread of those that read the store, too, and a resolver may hang.
const LOOKING_MAX: usize = 16;

impl Guarded {
    /// One that goes so far, and waits so long for an answer.
    ///
    /// # Errors
    /// In words for people: whom this machine trusts cannot be read.
    pub fn new(reach: Reach, patience: Duration) -> Result<Guarded, String> {
        let builder = HttpsConnectorBuilder::new().with_provider_and_native_roots(default_provider());
        let builder = builder.map_err(|error| format!("whom this machine trusts cannot be read: {error}"))?;
        let connector =
            builder.https_or_http().enable_http1().wrap_connector(Reaching { reach, looking: Arc::new(Semaphore::new(LOOKING_MAX)) });
        // Each connection is for one request: where an address leads is looked at each time.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Ok(Guarded { client, patience })
    }

    /// Posts a form. A redirect is not followed, and what is answered is not read.
    ///
    /// # Errors
    /// [`Undelivered`]: anything but an answer of 200 to 299 in time.
    pub async fn post(&self, uri: &str, form: String) -> Result<(), Undelivered> {
        let request = Request::post(uri)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(USER_AGENT, AGENT)
            .header(CACHE_CONTROL, "no-store")
            .header(ACCEPT, "*/*")
            .body(Full::from(form))
            .map_err(|error| failed(&error))?;
        let answer = timeout(self.patience, self.client.request(request)).await.map_err(|_| too_late())?;
        // Its body is dropped with the connection, unread.
        let status = answer.map_err(|error| failed(&error))?.status();
        if status.is_success() { Ok(()) } else { Err(Undelivered::Answered(status)) }
    }

    /// What a request is answered with, of at most so many bytes. A redirect is not followed.
    ///
    /// # Errors
    /// [`Undelivered`]: anything but a whole answer of 200 in time.
    pub async fn fetch(&self, request: Request<Full<Bytes>>, limit_bytes: usize) -> Result<Bytes, Undelivered> {
        let whole = async {
            let answer = self.client.request(request).await.map_err(|error| failed(&error))?;
            if answer.status() != StatusCode::OK {
                return Err(Undelivered::Answered(answer.status()));
            }
            let body = Limited::new(answer.into_body(), limit_bytes).collect().await;
            Ok(body.map_err(|error| failed(&*error))?.to_bytes())
        };
        timeout(self.patience, whole).await.unwrap_or_else(|_| Err(too_late()))
    }
}

fn failed(error: &(dyn Error + 'static)) -> Undelivered {
    Undelivered::Failed(cause(error))
}

fn too_late() -> Undelivered {
    Undelivered::Failed("nothing was answered in time".to_owned())
}

/// What lies at the bottom of an error: the layers above say only whose it was.
#[must_use]
pub fn cause(error: &(dyn Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    plain::shown(&error.to_string())
}

/// Connects to a server, if it may be reached.
#[derive(Clone)]
struct Reaching {
    reach: Reach,
    looking: Arc<Semaphore>,
}

impl tower::Service<Uri> for Reaching {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<TcpStream>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (reach, looking) = (self.reach, self.looking.clone());
        Box::pin(async move {
            let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
            let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
            let turn = looking.acquire_owned().await.map_err(io::Error::other)?;
            let (name, (told, found)) = (host.to_owned(), oneshot::channel());
            // It goes on where nobody waits for it any more, and so does its turn.
            tokio::spawn(async move {
                let found = lookup_host((name, port)).await.map(Vec::from_iter);
                drop(turn);
                drop(told.send(found));
            });
            let found = found.await.map_err(io::Error::other)??;
            // What was looked at is what is connected to: a name that is asked once more may lead elsewhere.
            let reached: Vec<SocketAddr> = found.into_iter().filter(|address| may_reach(address.ip(), reach)).collect();
            if reached.is_empty() {
                return Err(io::Error::other("its address is none that this server sends requests to"));
            }
            let stream = TcpStream::connect(&*reached).await?;
            stream.set_nodelay(true)?;
            Ok(TokioIo::new(stream))
        })
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// Posts to somebody who answers so, and then neither goes on nor hangs up.
    async fn check(answer: &'static str, patience: Duration) -> Result<(), String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/", listener.local_addr().unwrap());
        let answering = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4_096];
            assert!(stream.read(&mut request).await.unwrap() > 0);
            stream.write_all(answer.as_bytes()).await.unwrap();
            std::future::pending::<()>().await;
        });
        let posted = Guarded::new(Reach::ThisMachine, patience).unwrap().post(&uri, "a=b".to_owned()).await;
        answering.abort();
        posted.map_err(|undelivered| undelivered.to_string())
    }

    #[tokio::test]
    async fn nobody_is_waited_for_and_no_body_is_read() {
        let (long, short) = (Duration::from_secs(30), Duration::from_millis(50));
        assert_eq!(check("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\nbegins", long).await, Ok(()));
        assert_eq!(check("HTTP/1.1 204 No Content\r\n\r\n", long).await, Ok(()));
        assert!(check("HTTP/1.1 400 Bad Request\r\ncontent-length: 9\r\n\r\n", long).await.unwrap_err().contains("400"));
        assert!(check("HTTP/1.1 302 Found\r\nlocation: /\r\n\r\n", long).await.unwrap_err().contains("302"));
        assert!(check("", short).await.unwrap_err().contains("in time"));
        assert!(check("HTTP/1.1 200 OK\r\nx: ", short).await.unwrap_err().contains("in time"));
        assert!(check("no HTTP\r\n\r\n", long).await.is_err());
    }

    #[tokio::test]
    async fn addresses_are_looked_at_whatever_they_are_called() {
        for uri in [
            "http://127.0.0.1:9/",
            "http://[::1]:9/",
            "http://localhost:9/",
            "https://10.0.0.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://[::ffff:192.168.1.1]/",
            "https://[fd00::1]/",
            "https://0.0.0.0/",
        ] {
            let posted = Guarded::new(Reach::Internet, Duration::from_secs(30)).unwrap().post(uri, String::new()).await;
            let why = posted.unwrap_err().to_string();
            assert!(why.contains("none that this server sends requests to"), "{uri}: {why}");
        }
    }
}
