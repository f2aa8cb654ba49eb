//! Connections to servers elsewhere over TLS: whom they trust, and why one failed.

use std::error::Error;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// How long connecting may take: the handshake of TLS comes on top.
const CONNECT: Duration = Duration::from_secs(10);

/// More certificates than any machine trusts.
const AUTHORITIES_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Connects over TCP, for plain HTTP or as what TLS stands on.
pub(crate) fn tcp(is_plain: bool) -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT));
    connector.enforce_http(is_plain);
    connector
}

/// Trusts whom this machine trusts, or the authority in this file and nobody else. The cryptography is named: the process may hold a second
/// one.
///
/// # Errors
/// In words for people: what cannot be read.
pub(crate) fn connector(ca_file: Option<&Path>) -> Result<HttpsConnector<HttpConnector>, String> {
    let builder = match ca_file {
        Some(file) => {
            let versions = ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
            let versions = versions.map_err(|error| format!("TLS cannot be spoken: {error}"))?;
            let config = versions.with_root_certificates(authorities(file)?).with_no_client_auth();
            HttpsConnectorBuilder::new().with_tls_config(config)
        }
        None => HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(default_provider())
            .map_err(|error| format!("whom this machine trusts cannot be read: {error}"))?,
    };
    Ok(builder.https_only().enable_http1().wrap_connector(tcp(false)))
}

fn authorities(file: &Path) -> Result<RootCertStore, String> {
    let shown = file.display();
    let wrong = |what: &dyn fmt::Display| format!("{shown} holds no certificate of an authority: {what}");
    let length = fs::metadata(file).map_err(|error| wrong(&error))?.len();
    if length > AUTHORITIES_BYTES_MAX {
        return Err(wrong(&"it is too large"));
    }
    let text = fs::read(file).map_err(|error| wrong(&error))?;
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        store.add(certificate.map_err(|_| wrong(&"it is no PEM"))?).map_err(|_| wrong(&"one in it is none"))?;
    }
    if store.is_empty() { Err(wrong(&"there is none in it")) } else { Ok(store) }
}

/// What TLS has to say about a connection that failed: wrapped by those who carried it.
pub(crate) fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // An I/O error gives as its source that of what it wraps.
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}
