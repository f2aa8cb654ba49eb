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

/// What TLS listeners show and sign with. Cloneable: all clones have the same certificate.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ArcSwap<ServerConfig>>,
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
        Ok(Tls { config: Arc::new(ArcSwap::new(config(certificate)?)) })
    }

    /// Shows another certificate from now on. Connections that are open go on; none resumes what was agreed on with the certificate before.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn replace(&self, certificate: Certificate) -> Result<(), rustls::Error> {
        self.config.store(config(certificate)?);
        Ok(())
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
        Ok((TlsTransport::new(stream, self.tls.config.load_full()), peer))
    }
}

fn config(certificate: Certificate) -> Result<Arc<ServerConfig>, rustls::Error> {
    // The cryptography is named: the process may hold a second one, and guessing between them would end it.
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions()?;
    let resolver = SingleCertAndKey::from(certificate.into_key());
    let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Nothing of the key.
impl fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Tls")
    }
}
