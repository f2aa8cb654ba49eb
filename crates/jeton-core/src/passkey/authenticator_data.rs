//! What an authenticator says and signs (WebAuthn section 6.1).

use aws_lc_rs::digest::{SHA256, digest};

use super::cbor::Cbor;
use super::cose::PublicKey;
use super::flaw::Flaw;

/// The bits of the flags.
const PRESENT: u8 = 1;
const VERIFIED: u8 = 1 << 2;
const MAY_BE_COPIED: u8 = 1 << 3;
const IS_COPIED: u8 = 1 << 4;
const WITH_CREDENTIAL: u8 = 1 << 6;
const WITH_EXTENSIONS: u8 = 1 << 7;

/// How long it may be, in bytes: a credential and a key of RSA are the most of it.
const BYTES_MAX: usize = 4_096;
/// How long a credential may be, in bytes (section 5.8.3). Less than 16 are no 100 bits of chance.
const CREDENTIAL_BYTES: std::ops::RangeInclusive<usize> = 16..=1_023;

/// What it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AuthenticatorData<'b> {
    /// How often it signed; 0 where it does not count.
    pub(super) counter: u32,
    pub(super) may_be_copied: bool,
    pub(super) is_copied: bool,
    /// What it made, where it made something: what it calls it, and its public key.
    pub(super) made: Option<(&'b [u8], &'b [u8])>,
}

impl<'b> AuthenticatorData<'b> {
    /// Reads it, where it is for this server and the authenticator saw who holds it.
    pub(super) fn read(bytes: &'b [u8], rp_id: &str) -> Result<AuthenticatorData<'b>, Flaw> {
        if bytes.len() > BYTES_MAX {
            return Err(Flaw::TooLong);
        }
        let (server, rest) = bytes.split_first_chunk::<32>().ok_or(Flaw::Malformed)?;
        let (flags, rest) = rest.split_first().ok_or(Flaw::Malformed)?;
        let (counter, rest) = rest.split_first_chunk::<4>().ok_or(Flaw::Malformed)?;
        let has = |bit: u8| flags & bit != 0;
        let mut cbor = Cbor::new(rest);
        let made = if has(WITH_CREDENTIAL) { Some(read_made(&mut cbor)?) } else { None };
        if has(WITH_EXTENSIONS) {
            cbor.skip_map()?;
        }
        if !cbor.rest().is_empty() {
            return Err(Flaw::Malformed);
        }
        if server[..] != *digest(&SHA256, rp_id.as_bytes()).as_ref() {
            return Err(Flaw::OtherServer);
        }
        if !has(PRESENT) {
            return Err(Flaw::NobodyPresent);
        }
        if !has(VERIFIED) {
            return Err(Flaw::NobodyVerified);
        }
        // Section 6.1.3: what cannot leave has not left.
        if has(IS_COPIED) && !has(MAY_BE_COPIED) {
            return Err(Flaw::Malformed);
        }
        let counter = u32::from_be_bytes(*counter);
        Ok(AuthenticatorData { counter, may_be_copied: has(MAY_BE_COPIED), is_copied: has(IS_COPIED), made })
    }
}

/// What was made, behind the model of the authenticator, which without an attestation nobody vouches for.
fn read_made<'b>(cbor: &mut Cbor<'b>) -> Result<(&'b [u8], &'b [u8]), Flaw> {
    let (_model, rest) = cbor.rest().split_first_chunk::<16>().ok_or(Flaw::Malformed)?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or(Flaw::Malformed)?;
    let length = usize::from(u16::from_be_bytes(*length));
    if !CREDENTIAL_BYTES.contains(&length) {
        return Err(Flaw::Malformed);
    }
    let (credential, rest) = rest.split_at_checked(length).ok_or(Flaw::Malformed)?;
    *cbor = Cbor::new(rest);
    PublicKey::read(cbor)?;
    let key = rest.split_at_checked(rest.len() - cbor.rest().len()).ok_or(Flaw::Malformed)?.0;
    Ok((credential, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(flags: u8, rest: &[u8]) -> Vec<u8> {
        [digest(&SHA256, b"id.example").as_ref(), &[flags, 0, 0, 1, 2], rest].concat()
    }

    #[test]
    fn what_is_said_is_read_and_nothing_beside_it() {
        fn check(bytes: &[u8], expected: Result<(u32, bool, bool), Flaw>) {
            let read = AuthenticatorData::read(bytes, "id.example");
            assert_eq!(read.map(|data| (data.counter, data.may_be_copied, data.is_copied)), expected, "{bytes:02x?}");
        }
        check(&written(0x05, &[]), Ok((258, false, false)));
        check(&written(0x0d, &[]), Ok((258, true, false)));
        check(&written(0x1d, &[]), Ok((258, true, true)));
        check(&written(0x85, &[0xa1, 0x61, b'a', 0xf5]), Ok((258, false, false)));
        check(&written(0x04, &[]), Err(Flaw::NobodyPresent));
        check(&written(0x01, &[]), Err(Flaw::NobodyVerified));
        check(&written(0x15, &[]), Err(Flaw::Malformed));
        check(&written(0x05, &[0]), Err(Flaw::Malformed));
        check(&written(0x85, &[]), Err(Flaw::Malformed));
        check(&written(0x85, &[0x61, b'a']), Err(Flaw::Malformed));
        check(&written(0x45, &[]), Err(Flaw::Malformed));
        check(&written(0x85, &[&[0x59, 0x10, 0][..], &[0; 4_096]].concat()), Err(Flaw::TooLong));
        let good = written(0x05, &[]);
        for length in 0..good.len() {
            check(&good[..length], Err(Flaw::Malformed));
        }
        assert_eq!(AuthenticatorData::read(&good, "example"), Err(Flaw::OtherServer));
    }
}
