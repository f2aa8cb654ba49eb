//! What the browser says of the page that asked (WebAuthn section 5.8.1), which the authenticator signs the hash of.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::challenge::Challenge;
use super::flaw::Flaw;

/// How long it may be, in bytes.
const BYTES_MAX: usize = 4_096;

/// The two ceremonies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ceremony {
    Create,
    Get,
}

impl Ceremony {
    const fn name(self) -> &'static str {
        match self {
            Ceremony::Create => "webauthn.create",
            Ceremony::Get => "webauthn.get",
        }
    }
}

/// Browsers may say more, and do.
#[derive(Deserialize)]
struct ClientData<'d> {
    #[serde(rename = "type", borrow)]
    ceremony: std::borrow::Cow<'d, str>,
    #[serde(borrow)]
    challenge: std::borrow::Cow<'d, str>,
    #[serde(borrow)]
    origin: std::borrow::Cow<'d, str>,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: bool,
    #[serde(rename = "topOrigin", default)]
    top_origin: Option<std::borrow::Cow<'d, str>>,
}

/// Whether it is of this ceremony, on a page of this origin that stands in no other, and answers this challenge.
pub(super) fn check(bytes: &[u8], ceremony: Ceremony, challenge: &Challenge, origin: &str) -> Result<(), Flaw> {
    if bytes.len() > BYTES_MAX {
        return Err(Flaw::TooLong);
    }
    let said: ClientData<'_> = serde_json::from_slice(bytes).map_err(|_| Flaw::Malformed)?;
    if said.ceremony != ceremony.name() {
        return Err(Flaw::OtherType);
    }
    let given = URL_SAFE_NO_PAD.decode(&*said.challenge).map_err(|_| Flaw::Malformed)?;
    verify_slices_are_equal(&given, &challenge.0).map_err(|_| Flaw::OtherChallenge)?;
    if said.origin != origin || said.cross_origin || said.top_origin.is_some() {
        return Err(Flaw::OtherOrigin);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_this_server_that_answers_what_was_asked() {
        fn checked(text: &str, expected: Result<(), Flaw>) {
            let challenge = Challenge([7; 32]);
            assert_eq!(check(text.as_bytes(), Ceremony::Get, &challenge, "https://id.example"), expected, "{text}");
        }
        let asked = URL_SAFE_NO_PAD.encode([7; 32]);
        let said = |kind: &str, challenge: &str, origin: &str, more: &str| {
            format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}"{more}}}"#)
        };
        let (get, here) = ("webauthn.get", "https://id.example");
        checked(&said(get, &asked, here, ""), Ok(()));
        checked(&said(get, &asked, here, r#","crossOrigin":false,"other_keys_can_be_added_here":{"a":[1]}"#), Ok(()));
        checked(&said(get, &asked, "https:\\/\\/id.example", ""), Ok(()));
        checked(&said("webauthn.create", &asked, here, ""), Err(Flaw::OtherType));
        checked(&said(get, &URL_SAFE_NO_PAD.encode([8; 32]), here, ""), Err(Flaw::OtherChallenge));
        checked(&said(get, "", here, ""), Err(Flaw::OtherChallenge));
        checked(&said(get, &format!("{asked}="), here, ""), Err(Flaw::Malformed));
        for origin in
            ["http://id.example", "https://id.example:8443", "https://evil.example", "https://a.id.example", "https://id.example/", ""]
        {
            checked(&said(get, &asked, origin, ""), Err(Flaw::OtherOrigin));
        }
        checked(&said(get, &asked, here, r#","crossOrigin":true"#), Err(Flaw::OtherOrigin));
        checked(&said(get, &asked, here, r#","topOrigin":"https://id.example""#), Err(Flaw::OtherOrigin));
        checked(&said(get, &asked, here, r#","crossOrigin":"no""#), Err(Flaw::Malformed));
        checked(&said(get, &asked, here, r#","origin":"https://id.example""#), Err(Flaw::Malformed));
        checked(&said(get, &asked, here, &format!(r#","x":"{}""#, "x".repeat(BYTES_MAX))), Err(Flaw::TooLong));
        let good = said(get, &asked, here, "");
        for length in 0..good.len() {
            checked(&good[..length], Err(Flaw::Malformed));
        }
        checked(&format!("\u{feff}{good}"), Err(Flaw::Malformed));
        checked(&format!("{good}{good}"), Err(Flaw::Malformed));
        checked("[]", Err(Flaw::Malformed));
    }
}
