//! The cookie of a device on which somebody signed in: sealed, and good for whom it names alone. Whoever fails elsewhere locks nobody out here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use jeton_core::id::PersonId;
use jeton_core::moment::Moment;
use jeton_core::trusted_device::{TRUSTED_SECONDS, TrustedDevice};
use jeton_service::Service;

use super::cookies;

const CONTEXT: &str = "device";

/// The device that a browser says it is; `None`: nobody signed in on it, or what it sends was not written here.
pub(super) fn read(service: &Service, headers: &HeaderMap) -> Option<TrustedDevice> {
    let value = cookies::find(headers, &cookies::name(service.issuer(), CONTEXT))?;
    TrustedDevice::from_bytes(&service.open_page_state(&URL_SAFE_NO_PAD.decode(value).ok()?, CONTEXT)?)
}

/// The line that tells a browser that somebody signed in there now. `moment` is of this alone: nothing else draws from it.
pub(super) fn trust(service: &Service, device: Option<TrustedDevice>, person: &PersonId, moment: &mut Moment) -> Option<String> {
    let device = device.unwrap_or_else(|| TrustedDevice::begin(moment)).with(person, moment.now.seconds());
    let value = URL_SAFE_NO_PAD.encode(service.seal_page_state(&device.to_bytes(), CONTEXT, moment)?);
    Some(cookies::set(service.issuer(), &cookies::name(service.issuer(), CONTEXT), &value, TRUSTED_SECONDS))
}
