//! What the core reads of requests beside credentials: networks, limits, names, and what a client says of itself.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use jeton_core::api_key::search::Search;
use jeton_core::client::asking::Asking;
use jeton_core::client::create::{CreateClient, create};
use jeton_core::client::{AuthenticationMethod, Client};
use jeton_core::id::{Actor, PasskeyId, ProviderId};
use jeton_core::moment::{Moment, Time};
use jeton_core::network::{Network, Networks};
use jeton_core::once::Repeatable;
use jeton_core::owner::Owner;
use jeton_core::passkey::Passkey;
use jeton_core::passkey::assertion::{self, Asserted};
use jeton_core::passkey::challenge::Challenge;
use jeton_core::passkey::registration::{self, Created, RelyingParty};
use jeton_core::password::hash::{Argon2, Hash, How, TEXT_BYTES_MAX};
use jeton_core::password::parse::parse;
use jeton_core::plain;
use jeton_core::provider::{Provider, id_token};
use jeton_core::rate::RateLimit;
use jeton_core::role::holder::Holder;
use jeton_core::usage::Subject;
use jeton_core::usage::origin::agent_class;
use jeton_jose::json::{self, Limits};
use jeton_jose::jwt::Claims;
use jeton_oauth::Issuer;
use serde_json::{Map, Value};

use crate::jose;

/// [`Networks::parse`]: what is read prints to networks that read the same and admit the same; each holds its own address and its neighbours do
/// not hold more than the wider one.
pub fn networks(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let single: Vec<Network> = text.split_whitespace().filter_map(|one| one.parse().ok()).collect();
    for network in &single {
        assert_eq!(network.to_string().parse().as_ref(), Ok(network));
        let printed = network.to_string();
        let address = printed.split('/').next().and_then(|address| address.parse::<IpAddr>().ok());
        // IPv4 that is written as IPv6 is IPv4, and lies in no network of IPv6.
        assert!(address.is_some_and(|address| network.contains(address) || address.to_canonical() != address));
    }
    let Ok(networks) = Networks::parse(text.split_whitespace()) else { return };
    assert!(networks.iter().count() <= 64);
    let printed = networks.to_string();
    assert_eq!(Networks::parse(printed.split(' ').filter(|one| !one.is_empty())).as_ref(), Ok(&networks));
    assert!(networks.are_within(&networks) && networks.are_within(&Networks::default()));
}

/// [`RateLimit`]: two numbers, of which those are taken that make a limit; it is within itself.
pub fn rate(data: &[u8]) {
    let Some((count, rest)) = data.split_first_chunk::<8>() else { return };
    let Some((period, _)) = rest.split_first_chunk::<8>() else { return };
    let (count, period) = (i64::from_be_bytes(*count), i64::from_be_bytes(*period));
    for (count, period) in [(count, period), (count.rem_euclid(2_000_000), period.rem_euclid(100_000))] {
        if let Ok(limit) = RateLimit::new(count, period) {
            assert!(i64::from(limit.count()) == count && i64::from(limit.period_seconds()) == period && limit.is_within(limit));
        }
    }
}

/// [`parse`]: a hash that is taken is bounded in memory and work, whatever it asks for; one of ours is read as it was written.
pub fn password_hash(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // What words say of it must be said of anything.
    let Ok(hash) = parse(text).inspect_err(|error| assert!(!error.to_string().is_empty())) else { return };
    assert!((16..=64).contains(&hash.hash.0.len()) && text.len() <= TEXT_BYTES_MAX);
    match &hash.how {
        How::Argon2 { variant, cost, salt } => {
            assert!(cost.memory_kib <= 256 * 1024 && cost.passes <= 32 && cost.memory_kib >= 8 * cost.lanes && salt.len() >= 8);
            let again = Hash::argon2id(*cost, salt, &hash.hash.0);
            assert!(*variant != Argon2::Id || parse(&again).as_ref() == Ok(&hash));
        }
        How::Bcrypt { cost, .. } => assert!((4..=15).contains(cost)),
        How::Scrypt { log_n, r, p, .. } => {
            let block = u64::from(*r) << log_n;
            assert!(block * 128 <= 256 << 20 && block * u64::from(*p) <= 1 << 23);
        }
        How::Pbkdf2 { digest, rounds, .. } => assert!((1..=5_000_000).contains(rounds) && hash.hash.0.len() <= digest.bytes()),
    }
}

/// [`Owner`], [`Holder`] and [`Subject`]: what is read prints as it was; and what else is read of a line.
pub fn names(data: &[u8]) {
    // A request is recognised by its text, whatever its body says.
    if let Ok(once) = Repeatable::new(data, &Actor::system(), "POST /x", data) {
        let again = Repeatable::new(data, &Actor::system(), "POST /x", b"");
        assert!(again.is_ok_and(|again| again.row_key() == once.row_key()));
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(owner) = Owner::parse(text) {
        assert_eq!(owner.to_string(), text);
        assert!(!text.chars().any(plain::steers));
    }
    if let Some(holder) = Holder::parse(text) {
        assert_eq!(holder.to_string(), text);
    }
    if let Some(subject) = Subject::parse(text) {
        assert_eq!(subject.to_string(), text);
    }
    if let Ok(search) = Search::parse(text) {
        assert!(!search.word().is_empty());
        assert!(search.ids().is_none_or(|(least, greatest)| least <= greatest));
    }
    let class = agent_class(text);
    assert!(class.len() <= 29 && !class.chars().any(plain::steers) && agent_class(&class) == class);
}

/// [`create`] of a client: what is registered steers nothing and is read again from its row; one that signs has keys.
pub fn client(data: &[u8]) {
    const LIMITS: Limits = Limits { length_bytes: 16 * 1024, depth: 16 };
    let Ok(members) = json::parse_object(data, LIMITS) else { return };
    let mut moment = Moment::new(Time::from_seconds(1_700_000_000), [7; 32]);
    let Ok(client) = create(&request(&members), &[], &Actor::system(), &mut moment).verdict else { return };
    assert!(!client.name.chars().any(plain::steers) && client.contact.as_deref().is_none_or(|text| !text.chars().any(plain::steers)));
    assert_eq!(client.jwks.is_some(), client.authentication == AuthenticationMethod::PrivateKeyJwt);
    assert!(Client::from_row(&client.row()).is_ok_and(|again| again == client));
}

/// [`id_token::check`] and [`id_token::said`]: what counts is of the provider, for this server and this request, and says somebody; what fills it in
/// is of the same one, and an address is theirs in one word alone.
pub fn provider_claims(data: &[u8]) {
    const LIMITS: Limits = Limits { length_bytes: 16 * 1024, depth: 16 };
    let object = json::parse_object(data, LIMITS).unwrap_or_default();
    let is_true = |name: &str| object.get(name) == Some(&Value::Bool(true));
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let Some(provider) = corp() else { return };
    let Some(verified) = jose::signed(data) else { return };
    if let Ok(claims) = id_token::check(&verified, &provider, "n", 1_700_000_000) {
        assert_eq!((text("iss"), text("nonce")), (Some("https://corp.example"), Some("n")));
        assert!(
            claims.expires_at.is_some_and(|end| end > 1_700_000_000 - 61) && claims.audience.is_some_and(|names| names.contains("jeton"))
        );
    }
    let Ok(claims) = Claims::parse(br#"{"sub":"7"}"#) else { return };
    if let Ok(said) = id_token::said(&claims, Some(&object), Some("groups")) {
        assert!(said.subject == "7" && text("sub") == Some("7") && said.email.as_deref() == text("email"));
        assert!(!said.email_verified || is_true("email_verified"));
    }
}

fn corp() -> Option<Provider> {
    Some(Provider {
        id: ProviderId::from("provider_1"),
        name: "corp".into(),
        title: "Corp".into(),
        issuer: Issuer::parse("https://corp.example").ok()?,
        client_id: "jeton".into(),
        sealed: [].into(),
        epoch: 1,
        domains: BTreeSet::new(),
        creates_users: true,
        role_claim: None,
        roles: BTreeMap::new(),
        created_at: 0,
        updated_at: 0,
    })
}

/// What authenticators and browsers say of passkeys: whatever is read of what was made is written so that it verifies nothing by itself, and an
/// answer that nobody signed is never taken.
pub fn passkey(data: &[u8]) {
    let server = RelyingParty { id: "id.example", origin: "https://id.example" };
    let challenge = Challenge([7; 32]);
    let client_data: &[u8] =
        br#"{"type":"webauthn.create","challenge":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc","origin":"https://id.example"}"#;
    // As it comes; as what an authenticator says, from what it made on; and from the key of that on.
    let said = [&ID_EXAMPLE[..], &[0x45, 0, 0, 0, 1]].concat();
    let made = [&said[..], &[0; 16], &[0, 32], &[3; 32]].concat();
    for attestation in [data.to_vec(), attestation(&[&said, data].concat()), attestation(&[&made, data].concat())] {
        if let Ok(made) = registration::read(server, &challenge, Created { client_data, attestation: &attestation }) {
            assert!((16..=1_023).contains(&made.credential.len()) && made.public_key.len() < 1_024);
            assert!(made.may_be_copied || !made.is_copied);
        }
    }
    assert!(registration::read(server, &challenge, Created { client_data: data, attestation: data }).is_err());
    let passkey = Passkey {
        id: PasskeyId([1; 16]),
        person: "user_1".into(),
        handle: Arc::from([2; 32]),
        credential: Arc::from([3; 32]),
        public_key: Arc::from(data),
        counter: 0,
        name: "Telephone".into(),
        added_at: 1,
        used_at: None,
        may_be_copied: false,
        is_copied: false,
    };
    let asserted = Asserted {
        credential: passkey.credential.clone(),
        handle: passkey.handle.clone(),
        client_data: Arc::from(&client_data.to_vec()[..]),
        authenticator_data: Arc::from(data),
        signature: Arc::from(data),
    };
    assert!(assertion::check(server, &challenge, &asserted, &passkey, 2).is_err());
}

/// An attestation of what an authenticator says.
fn attestation(said: &[u8]) -> Vec<u8> {
    let length = u16::try_from(said.len()).unwrap_or(u16::MAX).to_be_bytes();
    let head = if let [0, short] = length { vec![0x58, short] } else { [&[0x59], &length[..]].concat() };
    [&b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData"[..], &head, said].concat()
}

/// The SHA-256 of `id.example`.
const ID_EXAMPLE: [u8; 32] = [
    0x6f, 0xbf, 0xc2, 0x1b, 0x8d, 0xe0, 0xb5, 0xd3, 0x8d, 0x2b, 0xf6, 0xfe, 0xc0, 0x42, 0x69, 0x0d, 0xf0, 0xcb, 0xae, 0xa8, 0xf4, 0x9b,
    0xf2, 0xd3, 0x98, 0x99, 0x95, 0x89, 0x9e, 0x81, 0xc1, 0x30,
];

/// A text as it is; anything else as JSON has it.
fn unquoted(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn request(members: &Map<String, Value>) -> CreateClient {
    let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
    let list = |name: &str| members.get(name).and_then(Value::as_array).into_iter().flatten().map(unquoted).collect();
    let claims = members.get("claims").and_then(Value::as_object).into_iter().flatten();
    CreateClient {
        name: text("name").unwrap_or_default(),
        grant_types: list("grant_types"),
        authentication: text("token_endpoint_auth_method"),
        jwks: members.get("jwks").map(Value::to_string),
        scopes: text("scope"),
        may_introspect: members.contains_key("may_introspect"),
        contact: text("contact"),
        redirect_uris: list("redirect_uris"),
        post_logout_redirect_uris: list("post_logout_redirect_uris"),
        backchannel_logout_uri: text("backchannel_logout_uri"),
        application: text("application_type"),
        keeps_refresh_tokens: members.get("rotates_refresh_tokens") == Some(&Value::Bool(false)),
        refresh_window_seconds: members.get("refresh_window_seconds").and_then(Value::as_i64),
        needs_pushed_requests: members.contains_key("require_pushed_authorization_requests"),
        asking: Asking { pkce: text("pkce"), consent: text("consent"), id_token_algorithm: text("id_token_signed_response_alg") },
        owner: None,
        claims: claims.map(|(name, source)| (name.clone(), unquoted(source))).collect(),
    }
}
