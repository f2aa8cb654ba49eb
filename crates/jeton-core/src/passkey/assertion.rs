//! What comes of a page on which somebody shows a passkey (WebAuthn section 7.2).

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};

use super::Passkey;
use super::authenticator_data::AuthenticatorData;
use super::challenge::Challenge;
use super::client_data::{self, Ceremony};
use super::cose::PublicKey;
use super::flaw::Flaw;
use super::registration::RelyingParty;

/// What a browser sends.
#[derive(Clone, Debug)]
pub struct Asserted {
    /// What the authenticator calls the passkey.
    pub credential: Arc<[u8]>,
    /// What it calls the person.
    pub handle: Arc<[u8]>,
    /// What the browser says of the page.
    pub client_data: Arc<[u8]>,
    /// What the authenticator says.
    pub authenticator_data: Arc<[u8]>,
    /// What the passkey signed.
    pub signature: Arc<[u8]>,
}

/// Looks at what was shown on a page that asked for it by this challenge; the passkey with what it says of itself now.
///
/// # Errors
/// [`Flaw`]: it proves nothing.
pub fn check(
    server: RelyingParty<'_>,
    challenge: &Challenge,
    asserted: &Asserted,
    passkey: &Passkey,
    now_seconds: i64,
) -> Result<Passkey, Flaw> {
    verify_slices_are_equal(&asserted.credential, &passkey.credential).map_err(|_| Flaw::OtherPerson)?;
    verify_slices_are_equal(&asserted.handle, &passkey.handle).map_err(|_| Flaw::OtherPerson)?;
    client_data::check(&asserted.client_data, Ceremony::Get, challenge, server.origin)?;
    let data = AuthenticatorData::read(&asserted.authenticator_data, server.id)?;
    if data.made.is_some() {
        return Err(Flaw::Malformed);
    }
    let signed = [&asserted.authenticator_data[..], digest(&SHA256, &asserted.client_data).as_ref()].concat();
    PublicKey::kept(&passkey.public_key)?.verify(&signed, &asserted.signature)?;
    // Section 6.1.1: who counts counts up, and goes on counting.
    if (data.counter, passkey.counter) != (0, 0) && data.counter <= passkey.counter {
        return Err(Flaw::Counter);
    }
    if data.may_be_copied != passkey.may_be_copied {
        return Err(Flaw::Changed);
    }
    Ok(Passkey { counter: data.counter, is_copied: data.is_copied, used_at: Some(now_seconds), ..passkey.clone() })
}
