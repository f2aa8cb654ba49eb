//! What comes of a page on which somebody makes a passkey (WebAuthn section 7.1). Who made the authenticator is not asked: what it says of that
//! is not looked at, as the attestation that is asked for is `none`.

use std::sync::Arc;

use super::authenticator_data::AuthenticatorData;
use super::cbor::Cbor;
use super::challenge::Challenge;
use super::client_data::{self, Ceremony};
use super::flaw::Flaw;

pub use super::cose::ALGORITHMS;

/// How long an attestation may be, in bytes.
const ATTESTATION_BYTES_MAX: usize = 8_192;

/// Which server this is to authenticators.
#[derive(Clone, Copy, Debug)]
pub struct RelyingParty<'a> {
    /// The host of the issuer.
    pub id: &'a str,
    /// Scheme, host and port of the issuer.
    pub origin: &'a str,
}

/// What a browser sends.
#[derive(Clone, Copy, Debug)]
pub struct Created<'a> {
    /// What it says of the page.
    pub client_data: &'a [u8],
    /// What the authenticator says, and says of itself.
    pub attestation: &'a [u8],
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// What the authenticator calls it.
    pub credential: Arc<[u8]>,
    /// Its public key, as it was written.
    pub public_key: Arc<[u8]>,
    /// How often it signed.
    pub counter: u32,
    /// Whether it may leave the authenticator.
    pub may_be_copied: bool,
    /// Whether it did.
    pub is_copied: bool,
}

/// Reads what was made on a page that asked for it by this challenge.
///
/// # Errors
/// [`Flaw`]: it was not made so.
pub fn read(server: RelyingParty<'_>, challenge: &Challenge, created: Created<'_>) -> Result<Made, Flaw> {
    client_data::check(created.client_data, Ceremony::Create, challenge, server.origin)?;
    let data = AuthenticatorData::read(authenticator_data(created.attestation)?, server.id)?;
    let (credential, public_key) = data.made.ok_or(Flaw::Malformed)?;
    Ok(Made {
        credential: Arc::from(credential),
        public_key: Arc::from(public_key),
        counter: data.counter,
        may_be_copied: data.may_be_copied,
        is_copied: data.is_copied,
    })
}

/// The part of an attestation that is looked at (section 6.5.4): of three members, in whatever order, as not every browser has that of CTAP2.
fn authenticator_data(attestation: &[u8]) -> Result<&[u8], Flaw> {
    if attestation.len() > ATTESTATION_BYTES_MAX {
        return Err(Flaw::TooLong);
    }
    let mut cbor = Cbor::new(attestation);
    let (mut format, mut statement, mut data) = (None, None, None);
    if cbor.map()? != 3 {
        return Err(Flaw::Malformed);
    }
    // A member that is there twice leaves none for another.
    for _ in 0..3 {
        match cbor.text()? {
            "fmt" => format = Some(cbor.text()?),
            "attStmt" => statement = Some(cbor.skip_map()?),
            "authData" => data = Some(cbor.bytes()?),
            _ => return Err(Flaw::Malformed),
        }
    }
    match (format, statement, data) {
        (Some(_), Some(()), Some(data)) if cbor.rest().is_empty() => Ok(data),
        _ => Err(Flaw::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attestation_has_three_members_each_once() {
        fn check(attestation: &[&[u8]], expected: Result<&[u8], Flaw>) {
            let attestation = attestation.concat();
            assert_eq!(authenticator_data(&attestation), expected, "{attestation:02x?}");
        }
        let (format, statement, data): (&[u8], &[u8], &[u8]) = (b"\x63fmt\x64none", b"\x67attStmt\xa0", b"\x68authData\x42ab");
        let of_itself = b"\x67attStmt\xa2\x63alg\x26\x63sig\x41x";
        check(&[b"\xa3", format, statement, data], Ok(b"ab"));
        check(&[b"\xa3", data, format, statement], Ok(b"ab"));
        check(&[b"\xa3", b"\x63fmt\x66packed", of_itself, data], Ok(b"ab"));
        for wrong in [
            &[b"\xa3", format, statement, statement][..],
            &[b"\xa3", data, statement, data],
            &[b"\xa2", format, statement],
            &[b"\xa4", format, statement, data, b"\x61x\x01"],
            &[b"\xa3", format, statement, data, b"\x00"],
            &[b"\xa3", format, b"\x67attStmt\x01", data],
            &[b"\xa3", format, statement, b"\x68authData\x62ab"],
            &[b"\xa3", b"\x63fmt\x01", statement, data],
            &[b"\xbf", format, statement, data, b"\xff"],
            &[b"\x83", format, statement, data],
        ] {
            check(wrong, Err(Flaw::Malformed));
        }
        let good = [b"\xa3", format, statement, data].concat();
        for length in 0..good.len() {
            check(&[&good[..length]], Err(Flaw::Malformed));
        }
        check(&[&[0xa3; ATTESTATION_BYTES_MAX + 1]], Err(Flaw::TooLong));
    }
}
