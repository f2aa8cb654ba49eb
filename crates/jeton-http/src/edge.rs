//! The connection edge: accepts connections, keeps them within their limits, and ends them in order when the server stops.
//!
//! HTTP/1.1 by hyper (RFC 9110, RFC 9112), one task a connection, over TCP, TLS or a Unix socket. What a request costs here is kept to flags: a
//! connection owns one timer, which is set for the nearest time that *any* limit could end and is looked at when it rings, so a request that
//! arrives whole and is answered at once arms nothing and reads no clock.
//!
//! | a peer that | is |
//! |---|---|
//! | sends its request line or header slowly | answered 408 and closed after [`Limits::header_read`] |
//! | dawdles over the handshake of TLS | closed after [`Limits::header_read`], from its first byte on |
//! | speaks plain HTTP where TLS is spoken | answered 400 and closed |
//! | sends its body slowly, sized or chunked | refused by [`BodyError::TooSlow`], answered 408, closed after [`Limits::body_read`] |
//! | does not read its answer | reset after [`Limits::write`] |
//! | stays silent between requests | closed after [`Limits::idle`] |
//! | sends too much | answered 413, 414 or 431 and closed |
//! | is one too many | answered 503 and closed |

mod accept;
mod admission;
mod body;
mod browsers;
mod certificate;
mod connection;
mod deadline;
mod draining;
mod limits;
mod listener;
mod open_files;
mod panic_hook;
mod peer;
mod progress;
mod refusal;
mod response_body;
mod service;
mod stop;
mod stream;
mod timer;
mod tls_listener;
mod tls_transport;
mod validity;

pub use accept::{Drained, serve};
pub use body::{BodyError, RequestBody};
pub use certificate::{Certificate, CertificateError};
pub use draining::Draining;
pub use limits::Limits;
pub use listener::{Listener, Transport, listen_tcp};
pub use open_files::raise_open_file_limit;
pub use panic_hook::quiet_panics;
pub use peer::Peer;
pub use tls_listener::{Tls, TlsListener};
pub use tls_transport::TlsTransport;
pub use validity::Validity;
