use std::fmt;
use std::io;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::sign::SingleCertAndKey;
use tokio::net::TcpListener;

use super::certificate::Certificate;
use super::listener::Listener;
use super::peer::Peer;
use super::tls_transport::TlsTransport;
use super::validity::Validity;

/// What TLS listeners show and sign with. Cloneable: all clones have the same certificate.
#[derive(Clone)]
pub struct Tls {
    shown: Arc<ArcSwap<Shown>>,
}

struct Shown {
    config: Arc<ServerConfig>,
    validity: Validity,
}

/// A listener whose connections speak TLS 1.2 or 1.3. The handshake is the connection's own: a peer that dawdles holds up nobody else.
#[derive(Debug)]
pub struct TlsListener {
    tcp: TcpListener,
    tls: Tls,
}

impl Tls {
    /// Shows this certificate.
    ///
    /// # Errors
    /// When the cryptography offers neither version of TLS; it does.
    pub fn new(certificate: Certificate) -> Result<Tls, rustls::Error> {
        Ok(Tls { shown: Arc::new(ArcSwap::from_pointee(shown(certificate)?)) })
    }

    /// Shows another certificate from now on. Connections that are open go on; none resumes what was agreed on with the certificate before.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn replace(&self, certificate: Certificate) -> Result<(), rustls::Error> {
        self.shown.store(Arc::new(shown(certificate)?));
        Ok(())
    }

    /// From when until when the certificate holds that is shown now.
    #[must_use]
    pub fn validity(&self) -> Validity {
        self.shown.load().validity
    }
}

impl TlsListener {
    /// TLS on this listener.
    #[must_use]
    pub fn new(tcp: TcpListener, tls: Tls) -> TlsListener {
        TlsListener { tcp, tls }
    }
}

impl Listener for TlsListener {
    type Transport = TlsTransport;

    async fn accept(&self) -> io::Result<(TlsTransport, Peer)> {
        let (stream, peer) = Listener::accept(&self.tcp).await?;
        Ok((TlsTransport::new(stream, self.tls.shown.load().config.clone()), peer))
    }
}

fn shown(certificate: Certificate) -> Result<Shown, rustls::Error> {
    let validity = certificate.validity();
    // The cryptography is named: the process may hold a second one, and guessing between them would end it.
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions()?;
    let resolver = SingleCertAndKey::from(certificate.into_key());
    let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Shown { config: Arc::new(config), validity })
}

/// Nothing of the key.
impl fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Tls")
    }
}
