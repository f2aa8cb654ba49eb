//! What is read of requests beside their JSON, and what TLS is given.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, FORWARDED, HeaderName};
use http::{HeaderMap, HeaderValue};
use jeton_core::cursor::{self, Binding};
use jeton_core::moment::Time;
use jeton_core::root_key::RootKeys;
use jeton_core::trusted_device::TrustedDevice;
use jeton_http::api::rfc3339;
use jeton_http::edge::{Certificate, Peer};
use jeton_http::extract::{Bearer, ClientAddress, ContentType, ForwardedHeader, TrustedProxies, content_type};
use jeton_http::pages::foreign;
use jeton_http::upstream;
use jeton_jose::json::{self, Limits};
use jeton_oauth::Issuer;
use zeroize::Zeroizing;

const NOW: Time = Time::from_seconds(1_700_000_000);

/// A cursor leads to where it was written for, and a changed one nowhere.
pub fn cursor(data: &[u8]) {
    let Ok(root_keys) = RootKeys::new([(1, Zeroizing::new([1; 32]))]) else { return };
    let text = String::from_utf8_lossy(data);
    let (path, place) = text.split_once('\n').unwrap_or(("/users", &text));
    let binding = Binding::new(path, std::iter::empty());
    // Without the root key nobody makes one.
    assert!(cursor::read(&text, binding, &root_keys, NOW).is_err(), "{text:?} was taken for a cursor");
    let Some(written) = cursor::write(place, binding, &root_keys, NOW) else { return };
    assert_eq!(cursor::read(&written, binding, &root_keys, NOW).as_deref(), Ok(place));
    let changed: String =
        written.chars().enumerate().map(|(at, letter)| if at == data.len() % written.len() { other(letter) } else { letter }).collect();
    assert!(cursor::read(&changed, binding, &root_keys, NOW).is_err(), "{changed} was changed");
}

fn other(letter: char) -> char {
    if letter == 'A' { 'B' } else { 'A' }
}

/// [`Bearer::of`] and the address of a client: a header is read as one text or not at all, and an address is never made up.
pub fn headers(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        let Ok(value) = HeaderValue::from_bytes(line) else { return };
        for name in [AUTHORIZATION, FORWARDED, HeaderName::from_static("x-forwarded-for"), CONTENT_TYPE] {
            headers.append(name, value.clone());
        }
    }
    if let Bearer::Presented(text) = Bearer::of(&headers) {
        assert!(text.trim() == text && !text.is_empty() && !text.contains(|letter: char| letter.is_control() && letter != '\t'));
        assert_eq!(headers.get_all(AUTHORIZATION).iter().count(), 1);
    }
    let peer = Peer::Tcp(([192, 0, 2, 1], 4711).into());
    let ours = ClientAddress::Network([192, 0, 2, 1].into());
    for header in [ForwardedHeader::XForwardedFor, ForwardedHeader::Forwarded] {
        assert_eq!(TrustedProxies::new(vec![], header).client_address(&peer, &headers), ours);
        if let Ok(network) = "192.0.2.0/24".parse() {
            let told = TrustedProxies::new(vec![network], header).client_address(&peer, &headers);
            assert!(matches!(told, ClientAddress::Network(address) if address.to_canonical() == address));
        }
    }
    assert_eq!(content_type(&headers) == ContentType::Missing, !headers.contains_key(CONTENT_TYPE));
}

/// [`rfc3339::parse`]: what is read prints to a time that reads the same.
pub fn time(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(seconds) = rfc3339::parse(text).filter(|seconds| (0..253_402_300_800).contains(seconds)) {
        assert_eq!(rfc3339::parse(&rfc3339::format(seconds)), Some(seconds));
    }
}

/// [`Certificate::parse`]: PEM as it comes, and DER in PEM, as chain and as key.
pub fn certificate(data: &[u8]) {
    let wrapped = |label: &str| {
        let lines: Vec<String> =
            STANDARD.encode(data).as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
    };
    let chain = wrapped("CERTIFICATE");
    for key in [data, wrapped("PRIVATE KEY").as_bytes(), wrapped("EC PRIVATE KEY").as_bytes()] {
        assert!(Certificate::parse(data, key).is_err(), "nobody has the key of what was made up");
        assert!(Certificate::parse(chain.as_bytes(), key).is_err());
    }
}

/// The cookies of a browser, and what is in that of a session, in front of its tag: one that is read is written as it was.
pub fn session(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some((secret, stamp, tag)) = foreign::session(&text) {
        assert!(stamp >= 0 && text.starts_with(secret));
        let (_, written) = text.rsplit_once('.').unwrap_or_default();
        assert_eq!(URL_SAFE_NO_PAD.decode(written).as_deref(), Ok(&tag[..]));
        let again = format!("{secret}.{stamp}.{}", URL_SAFE_NO_PAD.encode(tag));
        assert_eq!(foreign::session(&again), Some((secret, stamp, tag)));
    }
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        let Ok(value) = HeaderValue::from_bytes(line) else { return };
        headers.append(COOKIE, value);
    }
    for name in ["__Host-jeton_session", "jeton_session", "a"] {
        if let Some(value) = foreign::cookie(&headers, name) {
            assert!(!value.contains(';'), "{value:?}");
            headers.append(COOKIE, HeaderValue::from_static("__Host-jeton_session=2; jeton_session=2; a=2"));
            assert_eq!(foreign::cookie(&headers, name), None, "{name} is there twice");
            return;
        }
    }
}

/// What is sealed in the cookies of a flow and of a device, as if it had been sealed here, and how an address names a flow.
pub fn flow(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some(id) = foreign::flow_id(&text) {
        assert!(id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id:?}");
        assert_eq!(foreign::flow_id(&format!("flow={id}")), Some(id));
    }
    if let Some((written, asked)) = foreign::flow("flow=abcdefgh", data) {
        assert_eq!(foreign::flow("flow=abcdefgh", &written), Some((written.clone(), asked.clone())));
        assert!(asked.is_none() || written == data, "what was asked is kept as it was");
    }
    if let Some(device) = TrustedDevice::from_bytes(data) {
        assert_eq!(TrustedDevice::from_bytes(&device.to_bytes()), Some(device));
    }
}

/// What a provider publishes of itself: whatever it says, people and requests go where nobody listens on the way, or stay with the issuer.
pub fn provider(data: &[u8]) {
    for text in ["https://corp.example", "http://127.0.0.1:9000"] {
        let Ok(issuer) = Issuer::parse(text) else { return };
        for address in upstream::foreign::metadata(data, &issuer).into_iter().flatten() {
            let (scheme, rest) = address.split_once("://").unwrap_or_default();
            let authority = rest.split(['/', '?']).next().unwrap_or_default();
            assert!(scheme == "https" || format!("{scheme}://{authority}") == issuer.origin(), "{address}");
            assert!(!authority.is_empty() && !authority.contains('@') && address.bytes().all(|byte| byte.is_ascii_graphic()), "{address}");
        }
    }
}

/// What a provider answers to a code: a text that is there once, in an object that is JSON.
pub fn provider_answer(data: &[u8]) {
    let Some((id_token, access_token)) = upstream::foreign::given(data) else { return };
    let answer = json::parse_object(data, Limits { length_bytes: 64 * 1024, depth: 8 }).unwrap_or_default();
    assert!(answer.get("id_token").is_some_and(|token| *token == *id_token));
    assert_eq!(answer.get("access_token").and_then(|token| token.as_str()), access_token.as_deref());
}
