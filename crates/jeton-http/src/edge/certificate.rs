use std::error::Error;
use std::fmt;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::validity::Validity;

/// A certificate with its chain, and the private key that belongs to it.
pub struct Certificate {
    key: CertifiedKey,
    validity: Validity,
}

/// Why two texts are no certificate and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateError {
    /// The first text holds no certificate.
    NoCertificate,
    /// The first text holds something that is no certificate.
    NotACertificate,
    /// The second text holds no private key.
    NoKey,
    /// The private key needs a passphrase, and nobody is there to type one.
    KeyEncrypted,
    /// The private key cannot be used: neither RSA of 2,048 bits or more, ECDSA P-256, P-384 or P-521, nor Ed25519.
    KeyUnusable,
    /// The private key belongs to another certificate.
    KeyOfAnother,
}

impl Certificate {
    /// Reads a chain in PEM (RFC 7468), the server's own certificate first, and its private key in PEM: PKCS#8, PKCS#1 or SEC 1.
    ///
    /// Whether a client will trust it is not asked: that is the client's to say.
    ///
    /// # Errors
    /// What is wrong with which of the two.
    pub fn parse(chain: &[u8], key: &[u8]) -> Result<Certificate, CertificateError> {
        let chain: Vec<_> =
            CertificateDer::pem_slice_iter(chain).collect::<Result<_, _>>().map_err(|_| CertificateError::NotACertificate)?;
        let own = chain.first().ok_or(CertificateError::NoCertificate)?;
        let validity = Validity::of(own).ok_or(CertificateError::NotACertificate)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| match is_encrypted(key) {
            true => CertificateError::KeyEncrypted,
            false => CertificateError::NoKey,
        })?;
        CertifiedKey::from_der(chain, key, &default_provider()).map(|key| Certificate { key, validity }).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => CertificateError::KeyOfAnother,
            rustls::Error::InvalidCertificate(_) => CertificateError::NotACertificate,
            _ => CertificateError::KeyUnusable,
        })
    }

    /// From when until when the server's own certificate holds.
    #[must_use]
    pub fn validity(&self) -> Validity {
        self.validity
    }

    pub(super) fn into_key(self) -> CertifiedKey {
        self.key
    }
}

fn is_encrypted(key: &[u8]) -> bool {
    let mark = b"ENCRYPTED";
    key.windows(mark.len()).any(|window| window == mark)
}

/// Neither the key nor the certificate: what is inside is for the handshake alone.
impl fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Certificate")
    }
}

impl fmt::Display for CertificateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NoCertificate => "there is no certificate in the certificate's file: it holds PEM, `-----BEGIN CERTIFICATE-----`",
            Self::NotACertificate => "the certificate's file holds something that is no certificate",
            Self::NoKey => "there is no private key in the key's file: it holds PEM, `-----BEGIN PRIVATE KEY-----`",
            Self::KeyEncrypted => "the private key needs a passphrase: write it without one, `openssl pkey -in OLD -out NEW`",
            Self::KeyUnusable => "the private key cannot be used: take ECDSA P-256, Ed25519, or RSA of 2048 bits or more",
            Self::KeyOfAnother => "the private key belongs to another certificate; the server's own certificate stands first in its file",
        })
    }
}

impl Error for CertificateError {}
